"""What is known about a stack's resources while an action runs: a tree by stack, with states and elapsed times.

Fed with resource lists of the API by `hearth.cli.follow`, drawn by `hearth.cli.tree`. Pure: time is an argument.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


@dataclasses.dataclass
class Row:
    """One resource. `started` and `ended` are the caller's clock, None when not seen."""

    name: str
    type: str
    state: str
    reason: str = ""
    nested: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def running(self) -> bool:
        return self.state.endswith("_IN_PROGRESS")

    @property
    def failed(self) -> bool:
        return self.state.endswith("_FAILED")

    def elapsed(self, now: float) -> float | None:
        """Seconds in the present or last action, as far as it was watched."""
        if self.started is None:
            return None
        return (self.ended if self.ended is not None else now) - self.started


class Progress:
    """The resources of one stack and of the stacks nested in it."""

    def __init__(self, stack_id: str) -> None:
        self.stack_id = stack_id
        self._stacks: dict[str, dict[str, Row]] = {stack_id: {}}

    def observe(self, resources: Iterable[Mapping[str, Any]], now: float) -> None:
        """Take a resource list (with nested ones). Rows that are gone count as deleted."""
        seen: set[tuple[str, str]] = set()
        for resource in resources:
            links = {link["rel"]: last_segment(link["href"]) for link in resource.get("links", ())}
            stack, name = links.get("stack", self.stack_id), resource["resource_name"]
            seen.add((stack, name))
            rows = self._stacks.setdefault(stack, {})
            row = rows.get(name)
            if row is None:
                row = rows[name] = Row(name, resource["resource_type"], "")
                first = True
            else:
                first = False
            row.type = resource["resource_type"]
            row.nested = links.get("nested", "")
            row.reason = resource.get("resource_status_reason") or ""
            _move(row, resource["resource_status"], now, watched=not first)
        for stack, rows in self._stacks.items():
            for row in rows.values():
                if (stack, row.name) not in seen and row.state != "DELETE_COMPLETE":
                    row.reason = ""
                    _move(row, "DELETE_COMPLETE", now, watched=True)

    def rows(self, stack_id: str | None = None) -> list[Row]:
        """The resources of one stack (the root by default), as the API ordered them."""
        return list(self._stacks.get(stack_id or self.stack_id, {}).values())

    def walk(self) -> Iterator[Row]:
        """Every row."""
        for rows in self._stacks.values():
            yield from rows.values()


def _move(row: Row, state: str, now: float, *, watched: bool) -> None:
    if state == row.state:
        return
    row.state = state
    if row.running:
        row.started, row.ended = now, None
    elif watched:
        # Begun and ended between two looks: a zero would be a lie, so only what was seen to start has a duration.
        row.ended = now


def last_segment(href: str) -> str:
    """The id at the end of a stack's URL."""
    return href.rstrip("/").rpartition("/")[2]
