"""Watch a stack's action to its end: a live tree on a terminal, a line for each event elsewhere.

Events come by the server's stream, and where it has none by asking for them again and again. Both views go to standard
error. Only reads the API, so interrupting it harms nothing. The stack's end is known by its own record together with
its events: right after a request the record may still show the state before it.
"""

import contextlib
import dataclasses
import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar

import click
import rich.console
import rich.live

from hearth.cli import client, event_stream, problems, progress, tree

#: Seconds between two looks: at least the first, and never more than a fifth of the time goes into asking.
_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
#: Seconds of a silent stream after which the stack is looked at all the same.
_SILENCE = 30.0

#: Lines of the tree that stays on the terminal at the end.
_LAST_HEIGHT = 100

_NESTED = (("nested_depth", str(client.NESTED_DEPTH)),)

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """Where a stack's record stood before an action: its newest event and time of update."""

    event: str | None = None
    updated: str | None = None


class View(Protocol):
    """Something that shows how an action goes."""

    #: Whether `resources` wants to be called.
    wants_resources: bool

    def state(self, text: str) -> None: ...
    def events(self, found: list[client.Record]) -> None: ...
    def resources(self, found: list[client.Record]) -> None: ...


def mark(api: client.Client, stack: client.StackRef) -> Mark:
    """Remember where a stack stands, before asking for an action."""
    newest = api.events(stack, [("limit", "1"), *_NESTED])
    return Mark(newest[0]["id"] if newest else None, api.show(stack, outputs=False).get("updated_time"))


def follow(
    api: client.Client,
    stack: client.StackRef,
    action: str,
    view: View,
    since: Mark = Mark(),
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> client.Record | None:
    """Watch until `action` (CREATE, UPDATE, DELETE) or the rollback after it ended.

    Returns the stack's record, or None when it is gone.
    """
    watched = _Watched(api, stack, action, view, since)
    if api.streams_events():
        opening = functools.partial(api.event_lines, stack, [*_NESTED])
        stream = event_stream.Stream(opening, since.event)
        try:
            _by_stream(watched, stream, clock)
        finally:
            stream.leave()
    while not watched.is_over:
        began = clock()
        watched.look(ask=True)
        if not watched.is_over:
            pause(_pause(clock() - began))
    return watched.left


def _by_stream(watched: "_Watched", stream: event_stream.Stream, clock: Callable[[], float]) -> None:
    """Watch by what the server tells, until the action is over or there is no stream."""
    fresh: list[client.Record] | None = []
    is_silent, due, is_stale = True, clock(), watched.view.wants_resources
    while fresh is not None and not watched.is_over:
        watched.tell(fresh)
        is_stale = is_stale or (bool(fresh) and watched.view.wants_resources)
        # The record says whether it is over; it is asked for when the stack's own event came, and in long silence.
        if is_silent or watched.has_own(fresh):
            watched.look(ask=False)
        if is_stale and (watched.is_over or clock() >= due):
            began = clock()
            watched.list_resources()
            due, is_stale = clock() + _pause(clock() - began), False
        if not watched.is_over:
            fresh = stream.take(max(due - clock(), 0.0) if is_stale else _SILENCE)
            is_silent = not fresh and not is_stale


def _pause(asked: float) -> float:
    """Seconds to wait after asking took so long."""
    return min(max(_PAUSE, 4 * asked), _LONGEST_PAUSE)


class _Watched:
    """A stack under an action, as far as it is known."""

    def __init__(self, api: client.Client, stack: client.StackRef, action: str, view: View, since: Mark) -> None:
        self.view = view
        self.is_over = False
        self.left: client.Record | None = None
        self._api = api
        self._stack = stack
        self._action = action
        self._since = since
        self._last = since.event
        self._ended = ""

    def look(self, *, ask: bool) -> None:
        """Look at the stack's record; `ask`: and for events and resources."""
        record = _existing(self._api.show, self._stack, outputs=False)
        if ask and record is not None:
            self._ask_for_events()
        if ask and self.view.wants_resources:
            self.list_resources() if record is not None else self.view.resources([])
        if record is not None:
            self.view.state(record["stack_status"])
        if not _is_over(record, self._action, self._ended, self._since):
            return
        if not ask:  # the record may be ahead of what was told
            self._ask_for_events()
        self.is_over = True
        if record is None or record["stack_status"] == "DELETE_COMPLETE":
            self.view.state("DELETE_COMPLETE")
        else:
            self.left = record

    def _ask_for_events(self) -> None:
        self.tell(_existing(self._api.events, self._stack, _after(self._last)) or [])

    def tell(self, fresh: list[client.Record]) -> None:
        """Show new events."""
        if fresh:
            self._last = fresh[-1]["id"]
            self.view.events(fresh)
            self._ended = _stack_state(fresh, self._stack) or self._ended

    def has_own(self, fresh: list[client.Record]) -> bool:
        """Whether one of some events is the stack's own."""
        return bool(_stack_state(fresh, self._stack))

    def list_resources(self) -> None:
        """Show the resources as they are."""
        self.view.resources(_existing(self._api.resources, self._stack, _NESTED) or [])


def _existing(ask: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs) -> Answer | None:
    """The answer, or None when the stack is gone (or its last events are)."""
    try:
        return ask(*args, **kwargs)
    except problems.ApiProblem as problem:
        if problem.status == 404:
            return None
        raise


def _after(event: str | None) -> list[tuple[str, str]]:
    params = [*_NESTED, ("sort_keys", "event_time"), ("sort_dir", "asc")]
    return [*params, ("marker", event)] if event else params


def _stack_state(events: list[client.Record], stack: client.StackRef) -> str:
    """The newest state of the stack itself among events, or nothing."""
    own = [one["resource_status"] for one in events if one.get("physical_resource_id") == stack.id]
    return str(own[-1]) if own else ""


def _is_over(record: client.Record | None, action: str, last_state: str, since: Mark) -> bool:
    if record is None:
        return action == "DELETE"
    state = str(record["stack_status"])
    if state.endswith("_IN_PROGRESS"):
        return False
    if not state.startswith((action, "ROLLBACK")):
        return False
    return action in ("CREATE", "ADOPT") or last_state == state or record.get("updated_time") != since.updated


def cause(api: client.Client, stack: client.StackRef, since: Mark) -> str | None:
    """Why the stack's action failed before it was undone, in its own words; None: it did not fail."""
    own = [one for one in _existing(api.events, stack, _after(since.event)) or [] if _tells_failure(one, stack)]
    return str(own[-1].get("resource_status_reason") or "") or None if own else None


def _tells_failure(event: client.Record, stack: client.StackRef) -> bool:
    status = str(event["resource_status"])
    is_own = event.get("physical_resource_id") == stack.id
    return is_own and status.endswith("_FAILED") and not status.startswith("ROLLBACK")


class Lines:
    """One line for each event."""

    wants_resources = False

    def __init__(self, stack: client.StackRef) -> None:
        self._stack = stack

    def state(self, text: str) -> None:
        """The stack's own events say it already."""

    def resources(self, found: list[client.Record]) -> None:
        """Events say it already."""

    def events(self, found: list[client.Record]) -> None:
        for event in found:
            click.echo(event_line(event, self._stack.name), err=True)


def event_line(event: Mapping[str, Any], stack_name: str) -> str:
    """An event as `time [stack.resource]: STATE  reason`."""
    names = {link["rel"]: link["href"] for link in event.get("links", ())}
    parts = names.get("stack", "").rstrip("/").split("/")
    owner = parts[-2] if len(parts) > 1 else stack_name
    name = event["resource_name"]
    subject = owner if name == owner else f"{owner}.{name}"
    reason = event.get("resource_status_reason") or ""
    told = f"  {reason}" if reason and reason != "state changed" else ""
    return f"{event['event_time']} [{subject}]: {event['resource_status']}{told}"


class LiveTree:
    """The tree, redrawn in place."""

    wants_resources = True

    def __init__(self, stack: client.StackRef, console: rich.console.Console) -> None:
        self._stack = stack
        self._console = console
        self._state = ""
        self._known = progress.Progress(stack.id)
        self._ended = False

    def state(self, text: str) -> None:
        self._state = text

    def events(self, found: list[client.Record]) -> None:
        """The resources say it already."""

    def resources(self, found: list[client.Record]) -> None:
        self._known.observe(found, time.monotonic())

    def end(self) -> None:
        """The next drawing is the last one; it may be longer than the terminal."""
        self._ended = True

    def draw(self) -> rich.console.RenderableType:
        """The tree as of now."""
        height = _LAST_HEIGHT if self._ended else self._console.size.height
        return tree.draw(self._known, self._stack.name, self._state, time.monotonic(), height=height)


@contextlib.contextmanager
def shown(stack: client.StackRef) -> Iterator[View]:
    """The view that fits standard error: a live tree on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines(stack)
        return
    console = rich.console.Console(stderr=True)
    view = LiveTree(stack, console)
    with rich.live.Live(get_renderable=view.draw, console=console, refresh_per_second=8):
        yield view
        view.end()


def watch(api: client.Client, stack: client.StackRef, action: str, since: Mark = Mark()) -> client.Record | None:
    """Show an action to its end. An interrupt leaves the stack going and says so.

    Raises:
        problems.Interrupted: by the user.
    """
    try:
        with shown(stack) as view:
            return follow(api, stack, action, view, since)
    except KeyboardInterrupt:
        raise problems.Interrupted(
            f"Stopped watching; the stack {stack.name} goes on.",
            f"Look with `hearth stack show {stack.name}` or `hearth stack events {stack.name}`.",
        ) from None
