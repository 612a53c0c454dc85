"""`hearth stack retry|continue|orphans`: going on with what failed, and what was let go on the way."""

import time
from collections.abc import Sequence

import click

from hearth.cli import client, connection, follow, options, problems, render, stack_change

#: Seconds between two questions whether an object is gone.
_PAUSE = 1.0
_HEADINGS = {
    "id": "Id",
    "resource_type": "Type",
    "service": "Service",
    "physical_resource_id": "Physical id",
    "stack_name": "Stack",
    "resource_path": "Resource",
    "cause": "Cause",
    "reason": "Reason",
    "orphaned_time": "Since",
}


@click.command()
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def retry(name: str, wait: bool, output_format: str) -> None:
    """Do the failed action of the stack NAME again, from where it stopped. What succeeded is not done again.

    \b
    Example:
      hearth stack retry web
    """
    _go_on(name, "retry", {}, wait, output_format)


@click.command("continue")
@click.option("--skip", multiple=True, metavar="RESOURCE", help="Leave it as it is and go on as if it were done.")
@click.option("--retain", multiple=True, metavar="RESOURCE", help="Where it is to be removed, leave the object.")
@click.option("--force", multiple=True, metavar="RESOURCE", help="Leave the object if it cannot be deleted.")
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def continue_(
    name: str, skip: Sequence[str], retain: Sequence[str], force: Sequence[str], wait: bool, output_format: str
) -> None:
    """Go on with the failed update, rollback or deletion of the stack NAME without what stands in the way.

    A RESOURCE of a nested stack is named with its owner: group/0. Objects that stay become orphans.

    \b
    Examples:
      hearth stack continue web --skip server
      hearth stack continue web --retain network --force group/0
    """
    given = {"skip": skip, "retain": retain, "force": force}
    _go_on(name, "continue", {kind: list(names) for kind, names in given.items() if names}, wait, output_format)


def _go_on(name: str, action: str, given: client.Record, wait: bool, output_format: str) -> None:
    api = connection.connect()
    stack = api.find(name)
    state = str(api.show(stack, outputs=False)["stack_status"])
    before = follow.mark(api, stack) if wait else follow.Mark()
    api.act(stack, action, given)
    failed = state.removesuffix("_FAILED")
    if not wait or failed != "DELETE":
        stack_change.finish(api, stack, failed, before, wait, output_format)
        return
    left = follow.watch(api, stack, failed, before)
    if left is not None:
        raise stack_change.failure(left)
    click.echo(f"{stack.name}: DELETE_COMPLETE", err=True)


@click.command()
@click.option("--all", "everywhere", is_flag=True, help="Of all projects; for administrators.")
@click.option("--forget", "forgotten", multiple=True, metavar="ID", help="Drop the record and leave the object.")
@click.option("--delete", "unwanted", multiple=True, metavar="ID", help="Delete the object after all.")
@options.output_format
@options.credentials(listed=False)
def orphans(everywhere: bool, forgotten: Sequence[str], unwanted: Sequence[str], output_format: str) -> None:
    """List the objects that Hearth made and then let go: retained, skipped, forced, abandoned, or lost.

    \b
    Examples:
      hearth stack orphans
      hearth stack orphans --delete 6f1c... --forget 0b7e...
    """
    api = connection.connect()
    for orphan_id in forgotten:
        api.forget_orphan(orphan_id)
    for orphan_id in unwanted:
        _delete(api, orphan_id)
    if not (forgotten or unwanted):
        found = api.orphans(all_projects=everywhere)
        told = {**_HEADINGS, "unknown": "Not known"} if any(one.get("unknown") for one in found) else _HEADINGS
        render.records(found, told, output_format)


def _delete(api: client.Client, orphan_id: str) -> None:
    try:
        while not api.delete_orphan(orphan_id):
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        raise problems.Interrupted(
            f"Stopped waiting; the deletion of {orphan_id} goes on.",
            f"`hearth stack orphans --delete {orphan_id}` looks again.",
        ) from None
