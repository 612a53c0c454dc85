"""`hearth keystone setup`: puts Hearth into a Keystone, or says what that would take."""

import dataclasses
import os
import pathlib
import secrets
from collections.abc import Mapping
from typing import Any

import click

from hearth.cli import connection, keystone_setup, options, problems, render

_NOTHING_DONE = {"there": "is there", "made": "would be made", "changed": "would be changed"}


@click.group("keystone")
@options.credentials(listed=False)
def group() -> None:
    """What Keystone has to know of Hearth."""


@group.command()
@options.credentials(listed=True)
@click.option("--url", required=True, metavar="URL", help="The orchestration API as clients reach it, without /v1.")
@click.option("--internal-url", metavar="URL", help="The same as services reach it. Default: --url.")
@click.option("--admin-url", metavar="URL", help="The same for administrators. Default: --internal-url.")
@click.option(
    "--cfn-url", metavar="URL", help="The CloudFormation API as servers reach it. Default: --url with /cloudformation."
)
@click.option("--region", help="Region of the endpoints. Default: that of the credentials, else RegionOne.")
@click.option("--service-name", help="Name of the orchestration service. Default: the one there is, else heat.")
@click.option(
    "--cfn-service-name", help="Name of the CloudFormation service. Default: the one there is, else heat-cfn."
)
@click.option("--domain", default="Default", show_default=True, help="Domain of the service user.")
@click.option("--project", default="service", show_default=True, help="Project of the service user.")
@click.option("--user", default="heat", show_default=True, help="The service user.")
@click.option(
    "--password", envvar="HEARTH_SERVICE_PASSWORD", show_envvar=True, help="Its password. Default: a random one."
)
@click.option("--stack-domain", default="heat", show_default=True, help="Domain of stack users.")
@click.option("--domain-admin", default="heat_domain_admin", show_default=True, help="Administrator of that domain.")
@click.option(
    "--domain-admin-password",
    envvar="HEARTH_DOMAIN_ADMIN_PASSWORD",
    show_envvar=True,
    help="Its password. Default: a random one.",
)
@click.option("--owner-role", default="heat_stack_owner", show_default=True, help="Role of those who own stacks.")
@click.option("--user-role", default="heat_stack_user", show_default=True, help="Role of stack users.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--write",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="Write the configuration to this new file, which only its owner can read, and do not print it.",
)
@options.output_format
def setup(
    url: str,
    internal_url: str | None,
    admin_url: str | None,
    cfn_url: str | None,
    region: str | None,
    service_name: str | None,
    cfn_service_name: str | None,
    dry_run: bool,
    write: pathlib.Path | None,
    output_format: str,
    **names: str | None,
) -> None:
    """Make what Hearth needs in Keystone, and print the configuration that goes with it.

    Roles, service user, domain of stack users with its administrator, services and endpoints: what is there is left
    alone, except an endpoint with another URL in this region and the password of a user if you give one. It may be
    repeated. The credentials must be an administrator's.

    \b
    Examples:
      hearth keystone setup --url http://controller:8004 --dry-run
      hearth keystone setup --url https://heat.example.org --internal-url http://10.0.0.5:8004 --write heat.conf
    """
    if write is not None and write.exists():
        raise problems.CliError(f"{write} is there already.", "Name a new file with --write.")
    cloud = connection.identity()
    inner = internal_url or url
    wanted = keystone_setup.Wanted(
        region=region or cloud.region or "RegionOne",
        endpoints=_endpoints(url, inner, admin_url or inner, path="/v1/%(tenant_id)s"),
        cfn_endpoints=_endpoints(*(cfn_url or _beside(one) for one in (url, inner, admin_url or inner)), path="/v1"),
        service=service_name,
        cfn_service=cfn_service_name,
        **{name: value for name, value in names.items() if value is not None},
    )
    doing = keystone_setup.Setup(cloud, wanted, dry_run)
    doing.run()
    _print(doing, output_format)
    if doing.lacking:
        click.echo(
            f"Region {wanted.region} has no other services. Stacks look for theirs there: "
            "make the endpoints of those they use in this region, too.",
            err=True,
        )
    if dry_run:
        return
    text = keystone_setup.snippet(doing, cloud.auth_url, secrets.token_hex(16))
    if write is None:
        click.echo(f"\n{text}", nl=False)
        return
    with os.fdopen(os.open(write, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"The configuration is in {write}.", err=True)


def _beside(url: str) -> str:
    """Where `hearth serve all` has the CloudFormation API."""
    return f"{url.rstrip('/')}/cloudformation"


def _endpoints(*urls: str, path: str) -> Mapping[str, str]:
    """`{interface: URL}` of the three addresses."""
    interfaces = zip(("public", "internal", "admin"), urls, strict=True)
    return {interface: f"{url.rstrip('/').removesuffix('/v1')}{path}" for interface, url in interfaces}


def _print(doing: keystone_setup.Setup, output_format: str) -> None:
    rows: list[dict[str, Any]] = [dataclasses.asdict(deed) for deed in doing.deeds]
    if doing.dry_run:
        rows = [{**row, "done": _NOTHING_DONE[row["done"]]} for row in rows]
    render.records(rows, {"kind": "Kind", "name": "Name", "done": "Done"}, output_format)
