"""Which part of a list does the caller want? Sorting, marker, limit and next link, for nova and cinder."""

import dataclasses
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.localcloud.core import errors, state

#: Most items in one answer, as both services have it by default.
MAXIMUM = 1000


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of a list; `more` says whether the caller should be told where to go on."""

    items: list[state.Document]
    more: bool


def limit_of(query: Mapping[str, str]) -> int:
    """The page size asked for, at most MAXIMUM. Raises ApiError 400."""
    given = query.get("limit")
    if given is None:
        return MAXIMUM
    if not given.isdigit():
        problem = (
            "limit param must be positive" if given.startswith("-") else f"limit param must be an integer: {given}"
        )
        raise errors.ApiError(400, problem)
    return min(int(given), MAXIMUM)


def offset_of(query: Mapping[str, str]) -> int:
    """How many items to leave out at the start. Raises ApiError 400."""
    given = query.get("offset", "0")
    if not given.isdigit():
        raise errors.ApiError(400, f"offset param must be an integer of 0 or more: {given}")
    return int(given)


def cut(items: Sequence[state.Document], query: Mapping[str, str], missing: errors.ApiError) -> Page:
    """The page that `limit`, `offset` and `marker` ask for. Raises `missing` when the marker is not in the list."""
    limit = limit_of(query)
    start = offset_of(query)
    marker = query.get("marker")
    if marker:
        places = (place for place, item in enumerate(items) if item["id"] == marker)
        found = next(places, None)
        if found is None:
            raise missing
        start += found + 1
    page = list(items[start : start + limit])
    return Page(page, more=("limit" in query and 0 < limit == len(page)) or start + len(page) < len(items))


def arrange(items: Iterable[state.Document], order: Sequence[tuple[str, str]]) -> list[state.Document]:
    """The documents sorted by these fields, each "asc" or "desc"; None stands last when ascending."""
    result = list(items)
    for field, direction in reversed(order):
        result.sort(key=lambda item: _rank(item.get(field)), reverse=direction == "desc")
    return result


def next_link(url: str, query: Iterable[tuple[str, str]], page: Page) -> list[dict[str, str]]:
    """The `..._links` of a list that goes on; empty when it does not."""
    if not page.more or not page.items:
        return []
    pairs = [(key, value) for key, value in query if key != "marker"] + [("marker", page.items[-1]["id"])]
    return [{"rel": "next", "href": f"{url}?{urllib.parse.urlencode(pairs)}"}]


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (2, "")
    return (0, value) if isinstance(value, int | float) else (1, str(value))
