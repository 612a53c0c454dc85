"""`hearth stack pause|unpause|protect|unprotect|lock|unlock`: setting and lifting what holds a stack.

Not to be mistaken for `suspend` and `resume` of the API, which are actions on the objects in the cloud.
"""

import re
from collections.abc import Sequence

import click

from hearth.cli import connection, options

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)([smhd])")

_reason = click.option("--reason", default="", metavar="TEXT", help="Why, for those who will wonder.")
_force = click.option("--force", is_flag=True, help="Although the lock is somebody else's; for administrators.")


def seconds_of(text: str) -> int:
    """The seconds of `90s`, `30m`, `2h`, `1d` and their sums (`1h30m`). Raises ValueError."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 90s, 30m, 2h, 1d or 1h30m.")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _seconds(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@_reason
@options.credentials(listed=False)
@click.argument("name")
def pause(name: str, reason: str) -> None:
    """Let nothing more of the action begin that runs on the stack NAME; what has begun goes on to its end.

    The stack stays in its state, such as UPDATE_IN_PROGRESS, and its time limit stands still until `unpause`. A paused
    action can be cancelled, and the stack deleted. Stacks nested in it are paused with it.

    \b
    Example:
      hearth stack pause web --reason "the load balancer looks wrong"
    """
    api = connection.connect()
    stack = api.find(name)
    api.act(stack, "pause", {"reason": reason})
    click.echo(f"{stack.name} is paused; `hearth stack unpause {stack.name}` lets it go on.", err=True)


@click.command()
@options.credentials(listed=False)
@click.argument("name")
def unpause(name: str) -> None:
    """Let the paused action of the stack NAME go on.

    \b
    Example:
      hearth stack unpause web
    """
    api = connection.connect()
    api.act(api.find(name), "unpause")


@click.command()
@_reason
@options.credentials(listed=False)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def protect(names: Sequence[str], reason: str) -> None:
    """Refuse to delete or abandon stacks, to empty them, and to undo their creation, until `unprotect`.

    \b
    Example:
      hearth stack protect web db --reason production
    """
    api = connection.connect()
    for stack in [api.find(name) for name in names]:
        api.act(stack, "protect", {"reason": reason})


@click.command()
@options.credentials(listed=False)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def unprotect(names: Sequence[str]) -> None:
    """Let stacks be deleted again.

    \b
    Example:
      hearth stack unprotect web
    """
    api = connection.connect()
    for stack in [api.find(name) for name in names]:
        api.act(stack, "unprotect")


@click.command()
@_reason
@click.option("--for", "seconds", callback=_seconds, default="1h", show_default=True, help="How long, at most 30d.")
@_force
@options.credentials(listed=False)
@click.argument("name")
def lock(name: str, reason: str, seconds: int, force: bool) -> None:
    """Let nobody but yourself change the stack NAME for a while. Locking it again sets time and reason anew.

    What runs goes on, signals are taken; groups do not change their size by signals while the lock holds.

    \b
    Example:
      hearth stack lock web --reason "database migration" --for 2h
    """
    api = connection.connect()
    stack = api.find(name)
    api.act(stack, "lock", {"reason": reason, "seconds": seconds, **({"force": True} if force else {})})
    until = api.show(stack, outputs=False).get("locked", {}).get("until")
    click.echo(f"{stack.name} is locked until {until}; `hearth stack unlock {stack.name}` lifts it earlier.", err=True)


@click.command()
@_force
@options.credentials(listed=False)
@click.argument("name")
def unlock(name: str, force: bool) -> None:
    """Let others change the stack NAME again.

    \b
    Example:
      hearth stack unlock web
    """
    api = connection.connect()
    api.act(api.find(name), "unlock", {"force": True} if force else None)
