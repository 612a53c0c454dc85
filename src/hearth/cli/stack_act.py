"""`hearth stack suspend|resume|check|cancel|migrate`: actions on a stack as it is."""

from collections.abc import Sequence

import click

from hearth.cli import connection, follow, options, stack_change


@click.command()
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def suspend(name: str, wait: bool, output_format: str) -> None:
    """Suspend the servers of the stack NAME and whatever else can be suspended, users before what they use.

    \b
    Example:
      hearth stack suspend web
    """
    _act(name, "suspend", wait, output_format)


@click.command()
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def resume(name: str, wait: bool, output_format: str) -> None:
    """Resume what was suspended of the stack NAME.

    \b
    Example:
      hearth stack resume web
    """
    _act(name, "resume", wait, output_format)


@click.command()
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def check(name: str, wait: bool, output_format: str) -> None:
    """See whether the objects of the stack NAME are there and well. What is not is replaced by the next update.

    \b
    Example:
      hearth stack check web
    """
    _act(name, "check", wait, output_format)


def _act(name: str, action: str, wait: bool, output_format: str) -> None:
    api = connection.connect()
    stack = api.find(name)
    action_name = action.upper()
    if action != "check" and api.show(stack, outputs=False)["stack_status"] == f"{action_name}_COMPLETE":
        click.echo(f"{stack.name}: {action_name}_COMPLETE already", err=True)
        return
    before = follow.mark(api, stack) if wait else follow.Mark()
    api.act(stack, action)
    stack_change.finish(api, stack, action_name, before, wait, output_format)


@click.command()
@click.option("--rollback/--no-rollback", default=True, show_default=True, help="Whether to go back to what was.")
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def cancel(name: str, rollback: bool, wait: bool, output_format: str) -> None:
    """Cancel the update (without rollback: also the creation) that runs on the stack NAME.

    \b
    Examples:
      hearth stack cancel web
      hearth stack cancel --no-rollback web
    """
    api = connection.connect()
    stack = api.find(name)
    before = follow.mark(api, stack) if wait else follow.Mark()
    api.act(stack, "cancel_update" if rollback else "cancel_without_rollback")
    if rollback:
        stack_change.finish(api, stack, "ROLLBACK", before, wait, output_format)
    else:
        state = api.show(stack, outputs=False)
        click.echo(f"{stack.name}: {state['stack_status']}: {state['stack_status_reason']}", err=True)


@click.command()
@options.credentials(listed=False)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def migrate(names: Sequence[str]) -> None:
    """Take stacks, with all that is nested in them, out of the legacy mode (`convergence_engine = false`).

    From then on all engines work on them, and a newer update takes the place of a running one. Nothing else changes.
    Stacks in which something runs are refused; stacks of the other mode stay as they are.

    \b
    Example:
      hearth stack migrate web db
    """
    api = connection.connect()
    for stack in [api.find(name) for name in names]:
        api.act(stack, "migrate")
        click.echo(f"{stack.name} is not in the legacy mode.", err=True)
