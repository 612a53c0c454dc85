"""`hearth stack plan|apply|plans`: what would be done, and doing exactly that.

A plan file holds what the service keeps of the plan to be read, with its id and digest. It cannot be changed into
another plan: the service applies what it has kept itself, and only if the digest is of that.
"""

import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from hearth.cli import bundle, client, connection, drift_choice, follow, options, plan_draw, problems, render
from hearth.cli.stack_change import explained, failure, finish, given_parameters, part, part_options, template_options

_FILE_FORMAT = 1


@click.command()
@template_options(required=False)
@click.option("--existing", is_flag=True, help="Of an existing stack, keep what is not given.")
@click.option("--clear-parameter", "cleared", multiple=True, metavar="KEY", help="With --existing: forget a parameter.")
@click.option("--converge", is_flag=True, help="Look at the live resources first.")
@drift_choice.choices()
@part_options
@click.option("--delete", "deletes", is_flag=True, help="Plan the deletion of the stack.")
@click.option("--retain", multiple=True, metavar="RESOURCE", help="With --delete: leave the object where it is.")
@click.option("--force", multiple=True, metavar="RESOURCE", help="With --delete: leave it if it cannot be deleted.")
@click.option("--force-all", is_flag=True, help="With --delete: leave whatever cannot be deleted.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="Keep the plan, to apply the file."
)
@click.option("--all", "everything", is_flag=True, help="Show what is kept, too.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def plan(
    name: str,
    template: str | None,
    environments: Sequence[str],
    parameters: Sequence[str],
    parameter_files: Sequence[str],
    existing: bool,
    cleared: Sequence[str],
    converge: bool,
    targets: Sequence[str],
    excludes: Sequence[str],
    deletes: bool,
    retain: Sequence[str],
    force: Sequence[str],
    force_all: bool,
    out: pathlib.Path | None,
    everything: bool,
    output_format: str,
    **drift: Any,
) -> None:
    """Show what creating, updating or deleting the stack NAME would do. Nothing is done.

    \b
    Examples:
      hearth stack plan -t web.yaml web
      hearth stack plan --existing --parameter count=9 --out web.plan web
      hearth stack apply web.plan
      hearth stack plan --delete --retain data --force group/0 web
    """
    if deletes and (template is not None or existing or targets or excludes):
        raise click.UsageError("--delete stands alone: it plans the end of the whole stack as it is.")
    if (retain or force or force_all) and not deletes:
        raise click.UsageError("--retain, --force and --force-all go with --delete.")
    if template is None and not existing and not deletes:
        raise click.UsageError("Give the template with -t FILE, --existing to keep the present one, or --delete.")
    collected = bundle.collect(template, environments, given_parameters(parameters, parameter_files))
    api = connection.connect()
    stack = _found(api, name, needed=existing or deletes)
    body: dict[str, Any] = {"action": "delete"} if deletes else {**collected.to_wire(), "existing": existing}
    body |= part(targets, excludes)
    if retain:
        body["retain"] = list(retain)
    if force or force_all:
        body["force"] = True if force_all else list(force)
    if cleared:
        body["clear_parameters"] = list(cleared)
    if converge:
        body["converge"] = True
    if stack is not None and (decisions := drift_choice.body(api, stack, drift)):
        body["drift"] = decisions
    with explained(collected):
        if stack is None:
            del body["existing"]
            made = api.plan_new({"stack_name": name, **body}, keep=out is not None)
        else:
            made = api.plan_update(stack, body, keep=out is not None)
    plan_draw.show(made, output_format, everything=everything)
    if out is not None:
        _write(out, made)
        click.echo(f"Kept until {made['expiration_time']}: hearth stack apply {out}", err=True)


@click.command()
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
def apply(file: pathlib.Path, wait: bool, output_format: str) -> None:
    """Do exactly what the plan in FILE says, or nothing if anything has moved since it was made.

    \b
    Examples:
      hearth stack apply web.plan
      hearth stack apply --no-wait web.plan
    """
    made = _read(file)
    action = made["document"]["action"]
    api = connection.connect()
    before = follow.Mark()
    if wait and action not in ("CREATE", "ADOPT"):
        stack = _found(api, made["stack_id"], needed=False)
        before = follow.mark(api, stack) if stack is not None else before
    stack = api.apply(made["id"], made["digest"])
    if action != "DELETE":
        finish(api, stack, action, before, wait, output_format)
        return
    left = follow.watch(api, stack, action, before) if wait else None
    if left is not None:
        raise failure(left)
    if wait:
        click.echo(f"{stack.name}: DELETE_COMPLETE", err=True)


@click.command()
@click.option("--stack", metavar="NAME", help="Those of one stack only.")
@click.option("--drop", metavar="PLAN", multiple=True, help="Forget a plan, by its id.")
@options.output_format
@options.credentials(listed=False)
def plans(stack: str | None, drop: Sequence[str], output_format: str) -> None:
    """List the plans that are kept, newest first.

    \b
    Examples:
      hearth stack plans
      hearth stack plans --drop 3f0c9a4e-6d1b-4c7e-9b0a-2f5d8c1e7a66
    """
    api = connection.connect()
    for plan_id in drop:
        api.forget_plan(plan_id)
    if drop:
        return
    headings = {
        "id": "Id",
        "stack_name": "Stack",
        "action": "Action",
        "creation_time": "Made",
        "expiration_time": "Until",
        "application_time": "Applied",
    }
    render.records(api.plans(stack), headings, output_format)


def _found(api: client.Client, name: str, *, needed: bool) -> client.StackRef | None:
    try:
        return api.find(name)
    except problems.ApiProblem as problem:
        if problem.status == 404 and not needed:
            return None
        raise


def _write(path: pathlib.Path, made: client.Record) -> None:
    text = msgspec.json.format(msgspec.json.encode({"hearth_plan": _FILE_FORMAT, "plan": made}))
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise problems.CliError(f"Cannot write the plan to {path}: {error}.", "`hearth stack plans` has it.") from error


def _read(path: pathlib.Path) -> client.Record:
    """The plan of a file, if it is as it was written."""
    try:
        data = msgspec.json.decode(path.read_bytes())
        made: client.Record = data["plan"]
        is_known = data["hearth_plan"] == _FILE_FORMAT
        same = made["digest"] == _digest(made["document"])
    except OSError as error:
        raise problems.CliError(f"Cannot read {path}: {error}.") from error
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise problems.CliError(f"{path} is not a plan.", "Make one with `hearth stack plan --out FILE`.") from error
    if not is_known:
        raise problems.CliError(f"{path} is of another version of Hearth.", "Make a new plan.")
    if not same:
        raise problems.CliError(f"{path} was changed after it was written.", "Make a new plan.")
    return made


def _digest(document: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
