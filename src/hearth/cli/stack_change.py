"""`hearth stack create|update|delete|plan|validate`: the commands that take a template or change something."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from hearth.cli import bundle, client, connection, drift_choice, follow, options, plan_draw, problems, render

Record = client.Record


def template_options(*, required: bool) -> Callable[[options.Command], options.Command]:
    """The options that say what a stack is to be."""

    def decorate(command: options.Command) -> options.Command:
        for option in reversed(
            (
                click.option("-t", "--template", metavar="FILE", required=required, help="Template: a file or a URL."),
                click.option(
                    "-e",
                    "--environment",
                    "environments",
                    metavar="FILE",
                    multiple=True,
                    help="Environment; later ones win.",
                ),
                click.option(
                    "-P",
                    "--parameter",
                    "parameters",
                    metavar="KEY=VALUE",
                    multiple=True,
                    help="A parameter; wins over files.",
                ),
                click.option(
                    "--parameter-file",
                    "parameter_files",
                    metavar="KEY=FILE",
                    multiple=True,
                    help="A parameter's value in a file.",
                ),
            )
        ):
            command = option(command)
        return command

    return decorate


def part_options(command: options.Command) -> options.Command:
    """The options that say for which part of a stack a definition is to hold."""
    target = click.option(
        "--target",
        "targets",
        metavar="RESOURCE",
        multiple=True,
        help="Only this and what it needs, such as group/0/server; may be repeated.",
    )
    exclude = click.option(
        "--exclude",
        "excludes",
        metavar="RESOURCE",
        multiple=True,
        help="All but this, such as group/1; may be repeated.",
    )
    return target(exclude(command))


def part(targets: Sequence[str], excludes: Sequence[str]) -> Record:
    """What they say, for a request."""
    return {name: list(several) for name, several in (("targets", targets), ("excludes", excludes)) if several}


def _stack_options(command: options.Command) -> options.Command:
    for option in reversed(
        (
            click.option("--timeout", type=click.IntRange(min=1), metavar="MINUTES", help="Give up after so long."),
            click.option("--tags", metavar="TAG,TAG", help="Tags of the stack."),
            click.option("--wait/--no-wait", default=True, show_default=True, help="Watch until it is done."),
        )
    ):
        command = option(command)
    return command


@click.command()
@template_options(required=True)
@_stack_options
@click.option(
    "--rollback/--no-rollback",
    "--enable-rollback/--disable-rollback",
    "rollback",
    default=False,
    show_default=True,
    help="Remove everything again when something fails.",
)
@click.option("--protect", is_flag=True, help="Refuse to delete the stack until `unprotect`.")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and make nothing.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def create(
    name: str,
    template: str,
    environments: Sequence[str],
    parameters: Sequence[str],
    parameter_files: Sequence[str],
    timeout: int | None,
    tags: str | None,
    wait: bool,
    rollback: bool,
    protect: bool,
    dry_run: bool,
    output_format: str,
) -> None:
    """Create the stack NAME from a template and watch it grow.

    \b
    Examples:
      hearth stack create -t web.yaml web
      hearth stack create -t web.yaml -e production.yaml --parameter count=5 web
      hearth stack create -t https://example.org/web.yaml --parameter-file motd=motd.txt --no-wait web
    """
    collected = bundle.collect(template, environments, given_parameters(parameters, parameter_files))
    body = {"stack_name": name, **collected.to_wire(), "disable_rollback": not rollback}
    body |= _given(timeout_mins=timeout, tags=tags, deletion_protection=True if protect else None)
    api = connection.connect()
    with explained(collected):
        if dry_run:
            plan_draw.show(api.plan_new(body, keep=False), output_format)
            return
        stack = api.create(body)
    finish(api, stack, "CREATE", follow.Mark(), wait, output_format)


@click.command()
@template_options(required=False)
@_stack_options
@click.option("--existing", is_flag=True, help="Keep the template, parameters and environment that are not given.")
@click.option("--clear-parameter", "cleared", multiple=True, metavar="KEY", help="With --existing: forget a parameter.")
@click.option("--converge", is_flag=True, help="Look at the live resources first and repair what differs.")
@drift_choice.choices()
@click.option(
    "--rollback/--no-rollback",
    "--enable-rollback/--disable-rollback",
    "rollback",
    default=None,
    help="On failure, go back to the state before; as the stack has it, if not given.",
)
@click.option("--protect/--no-protect", "protect", default=None, help="Refuse to delete the stack, or allow it again.")
@part_options
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def update(
    name: str,
    template: str | None,
    environments: Sequence[str],
    parameters: Sequence[str],
    parameter_files: Sequence[str],
    timeout: int | None,
    tags: str | None,
    wait: bool,
    existing: bool,
    cleared: Sequence[str],
    converge: bool,
    rollback: bool | None,
    protect: bool | None,
    targets: Sequence[str],
    excludes: Sequence[str],
    dry_run: bool,
    output_format: str,
    **drift: Any,
) -> None:
    """Change the stack NAME to what a template and parameters say now.

    \b
    Examples:
      hearth stack update -t web.yaml --parameter count=7 web
      hearth stack update --existing --parameter count=7 web      the rest stays as it is
      hearth stack update -t web.yaml --target db web             only the database and what it needs
      hearth stack update -t web.yaml --dry-run web               what would change?
    """
    if template is None and not existing:
        raise click.UsageError("Give the new template with -t FILE, or --existing to keep the present one.")
    if cleared and not existing:
        raise click.UsageError("--clear-parameter works with --existing only: otherwise no old parameter is kept.")
    collected = bundle.collect(template, environments, given_parameters(parameters, parameter_files))
    body = collected.to_wire() | _given(timeout_mins=timeout, tags=tags, deletion_protection=protect)
    body |= part(targets, excludes)
    if cleared:
        body["clear_parameters"] = list(cleared)
    if converge:
        body["converge"] = True
    if rollback is not None:
        body["disable_rollback"] = not rollback
    api = connection.connect()
    stack = api.find(name)
    if decisions := drift_choice.body(api, stack, drift):
        body["drift"] = decisions
    with explained(collected):
        if dry_run:
            plan_draw.show(api.plan_update(stack, {**body, "existing": existing}, keep=False), output_format)
            return
        before = follow.mark(api, stack) if wait else follow.Mark()
        api.update(stack, body, existing=existing)
    finish(api, stack, "UPDATE", before, wait, output_format)


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Watch until they are gone.")
@click.option(
    "--retain", multiple=True, metavar="RESOURCE", help="Leave this object where it is (group/0: a nested one)."
)
@click.option("--force", is_flag=True, help="Leave what cannot be deleted; `hearth stack orphans` lists it.")
@options.credentials(listed=False)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def delete(names: Sequence[str], yes: bool, wait: bool, retain: Sequence[str], force: bool) -> None:
    """Delete stacks with everything in them.

    \b
    Examples:
      hearth stack delete web
      hearth stack delete --yes --no-wait web db
      hearth stack delete --retain data --retain group/0 web
      hearth stack delete --force web
    """
    if retain and len(names) > 1:
        raise click.UsageError("--retain names resources of one stack: delete the stacks one by one.")
    api = connection.connect()
    stacks = [api.find(name) for name in names]
    if not yes:
        what = f"all resources but {', '.join(retain)}" if retain else "all resources"
        click.confirm(f"Delete {', '.join(stack.name for stack in stacks)} with {what}?", abort=True, err=True)
    marks = [follow.mark(api, stack) if wait else follow.Mark() for stack in stacks]
    for stack in stacks:
        api.delete(stack, retain=retain, force=force)
    if not wait:
        return
    for stack, before in zip(stacks, marks, strict=True):
        left = follow.watch(api, stack, "DELETE", before)
        if left is not None:
            raise failure(left)
        click.echo(f"{stack.name}: DELETE_COMPLETE", err=True)


@click.command()
@template_options(required=True)
@options.output_format
@options.credentials(listed=False)
def validate(
    template: str,
    environments: Sequence[str],
    parameters: Sequence[str],
    parameter_files: Sequence[str],
    output_format: str,
) -> None:
    """Check a template with its files; every problem is shown with its place. Prints the parameters it takes.

    \b
    Examples:
      hearth stack validate -t web.yaml
      hearth stack validate -t web.yaml -e production.yaml -f yaml
    """
    collected = bundle.collect(template, environments, given_parameters(parameters, parameter_files))
    api = connection.connect()
    with explained(collected):
        answer = api.validate(collected.to_wire())
    if output_format != "table":
        render.document(answer, output_format)
        return
    click.echo(f"The template is valid: {answer.get('Description') or 'no description'}", err=True)
    rows = [
        {"name": name, "type": one.get("Type"), "default": one.get("Default"), "description": one.get("Description")}
        for name, one in answer.get("Parameters", {}).items()
    ]
    if rows:
        headings = {"name": "Parameter", "type": "Type", "default": "Default", "description": "Description"}
        render.records(rows, headings, output_format)


# ---- shared


def given_parameters(pairs: Sequence[str], files: Sequence[str], option: str = "--parameter") -> dict[str, str]:
    """The values of --parameter and --parameter-file."""
    found = dict(_pair(pair, option) for pair in pairs)
    for pair in files:
        key, path = _pair(pair, "--parameter-file")
        try:
            found[key] = pathlib.Path(path).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise problems.CliError(f"Cannot read {path} for the parameter {key}: {error}.") from error
    return found


def _pair(text: str, option: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise click.UsageError(f"{option} {text!r} is not KEY=VALUE.")
    return key, value


def _given(**fields: Any) -> Record:
    return {key: value for key, value in fields.items() if value is not None}


@contextlib.contextmanager
def explained(collected: bundle.Bundle) -> Iterator[None]:
    """Let the API's diagnostics be drawn with the lines of the files that were sent."""
    try:
        yield
    except problems.ApiProblem as problem:
        problem.sources = collected.sources
        raise


def finish(
    api: client.Client, stack: client.StackRef, action: str, before: follow.Mark, wait: bool, output_format: str
) -> None:
    """Watch an action to its end, if that is wanted, and print what came of it."""
    if not wait:
        render.record({"stack_name": stack.name, "id": stack.id}, output_format)
        return
    ended = follow.watch(api, stack, action, before)
    if ended is None or ended["stack_status"] != f"{action}_COMPLETE":
        if ended is not None and action != "ROLLBACK" and ended["stack_status"].startswith("ROLLBACK"):
            raise _undone(ended, action, follow.cause(api, stack, before))
        raise failure(ended or {"stack_name": stack.name, "stack_status": "DELETE_COMPLETE"})
    stack_now = api.show(stack)
    outputs = {one["output_key"]: one.get("output_value") for one in stack_now.get("outputs", ())}
    if output_format == "table":
        click.echo(f"{stack.name}: {ended['stack_status']}", err=True)
        if outputs:
            render.record(outputs, output_format)
    else:
        kept = {key: stack_now[key] for key in ("id", "stack_name", "stack_status")}
        render.record({**kept, "outputs": outputs}, output_format)


def failure(record: Record) -> problems.CliError:
    """What to say of a stack whose action failed."""
    reason = record.get("stack_status_reason") or "no reason was given"
    name = record["stack_name"]
    return problems.CliError(
        f"{name}: {record['stack_status']}: {reason}",
        f"`hearth stack resources {name}` and `hearth stack events {name}` say more.{_way_on(record)}",
    )


def _undone(record: Record, action: str, cause: str | None) -> problems.CliError:
    """What to say of an action that was rolled back; `cause`: why it failed, None: somebody asked for the way back."""
    name, state = record["stack_name"], record["stack_status"]
    if state != "ROLLBACK_COMPLETE":
        told = failure(record)
        return problems.CliError(
            f"{told.message}; before, {action} failed: {cause}" if cause else told.message, told.advice
        )
    # What there is to say of the way back beyond that it came to its end.
    more = str(record.get("stack_status_reason") or "").partition(" completed successfully: ")[2]
    undone = "" if more else " and undone" if cause is None else " and was undone"
    what = f"{action} was cancelled{undone}" if cause is None else f"{action} failed{undone}: {cause}"
    if more:
        what += f"; {more}"
    advice = f"`hearth stack events {name}` tells each step. Try again by `hearth stack update -t FILE {name}`"
    if more or action in ("CREATE", "ADOPT"):
        advice += f", or remove the empty stack by `hearth stack delete {name}`"
    return problems.CliError(f"{name}: {state}: {what}", f"{advice}.")


def _way_on(record: Record) -> str:
    """How a failed action goes on; nothing for what was undone already."""
    if not record["stack_status"].endswith("_FAILED"):
        return ""
    name, state = record["stack_name"], record["stack_status"]
    if state == "CHECK_FAILED":
        return (
            f" `hearth stack drift {name}` tells what differs, `hearth stack update --existing {name}` makes it well."
        )
    again = f" Go on by `hearth stack retry {name}`"
    if state.startswith(("SUSPEND", "RESUME", "SNAPSHOT")):
        return f"{again}."
    return f"{again}, or without what stands in the way by `hearth stack continue {name} --skip RESOURCE`."
