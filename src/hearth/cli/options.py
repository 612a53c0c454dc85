"""Options that many commands share: credentials as OpenStack's clients take them, and the output format.

Credential options are noted in the context's `meta`, which a group and its commands share: they may stand before or
after the command's name, the later one wins. `hearth.cli.connection` reads them.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_META = "hearth.cli.credentials"

#: option -> help; each also has its environment variable (OS_CLOUD, ...), which openstacksdk reads.
CREDENTIALS = {
    "os-cloud": "Cloud of clouds.yaml to use (OS_CLOUD).",
    "os-auth-url": "URL of Keystone (OS_AUTH_URL).",
    "os-auth-type": "Way to authenticate: password, token, v3applicationcredential, ... (OS_AUTH_TYPE).",
    "os-username": "User name (OS_USERNAME).",
    "os-user-id": "User id (OS_USER_ID).",
    "os-password": "Password (OS_PASSWORD); the environment is the safer place.",
    "os-token": "Token instead of a password (OS_TOKEN).",
    "os-application-credential-id": "Application credential (OS_APPLICATION_CREDENTIAL_ID).",
    "os-application-credential-name": "Application credential by name (OS_APPLICATION_CREDENTIAL_NAME).",
    "os-application-credential-secret": "Its secret (OS_APPLICATION_CREDENTIAL_SECRET).",
    "os-project-name": "Project name (OS_PROJECT_NAME).",
    "os-project-id": "Project id (OS_PROJECT_ID).",
    "os-user-domain-name": "Domain of the user (OS_USER_DOMAIN_NAME).",
    "os-user-domain-id": "Domain of the user by id (OS_USER_DOMAIN_ID).",
    "os-project-domain-name": "Domain of the project (OS_PROJECT_DOMAIN_NAME).",
    "os-project-domain-id": "Domain of the project by id (OS_PROJECT_DOMAIN_ID).",
    "os-region-name": "Region (OS_REGION_NAME).",
    "os-interface": "Endpoint interface: public, internal or admin (OS_INTERFACE).",
    "os-cacert": "CA certificates to trust (OS_CACERT).",
}


def _note(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and param.name is not None:
        ctx.meta.setdefault(_META, {})[param.name] = value


def credentials(*, listed: bool) -> Callable[[Command], Command]:
    """Add the credential options; `listed` says whether the help shows all of them or only `--os-cloud`."""

    def decorate(command: Command) -> Command:
        for name, text in reversed(CREDENTIALS.items()):
            command = click.option(
                f"--{name}",
                help=text,
                hidden=not listed and name != "os-cloud",
                expose_value=False,
                callback=_note,
                metavar="TEXT",
            )(command)
        return command

    return decorate


def given_credentials() -> Mapping[str, str]:
    """The credential options of the running command, by parameter name (`os_cloud`)."""
    context = click.get_current_context()
    found: Mapping[str, str] = context.meta.get(_META, {})
    return found


def output_format(command: Command) -> Command:
    """Add `-f/--format`; the command gets it as `output_format`."""
    return click.option(
        "-f",
        "--format",
        "output_format",
        type=click.Choice(("table", "json", "yaml", "value")),
        default="table",
        show_default=True,
        help="How to print the data.",
    )(command)


#: Whether a command stays until what it asked for is done.
wait = click.option("--wait/--no-wait", default=True, show_default=True, help="Watch until it is done.")
