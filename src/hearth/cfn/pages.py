"""Long answers in pages: what is left is asked for by the token that comes with a page.

A token says where a page ended. It is no secret and nothing is trusted in it: whoever makes one up sees a part of
what they may see. What comes and goes between two pages does not shift the others.
"""

import base64
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from hearth.cfn import problems

One = TypeVar("One")
Position = TypeVar("Position", bound=tuple[Any, Any])

_LONGEST = 2048
#: What every database takes for a place.
_MOST = 2**63


def page(
    name: str,
    found: Sequence[One],
    most: int,
    shown: Callable[[One], Mapping[str, Any]],
    where: Callable[[One], tuple[Any, Any]],
) -> dict[str, Any]:
    """A list under its name, with a token if more was found than a page takes. `where`: the position of an entry."""
    result: dict[str, Any] = {name: [shown(one) for one in found[:most]]}
    if len(found) > most:
        position = msgspec.json.encode(where(found[most - 1]))
        result["NextToken"] = base64.urlsafe_b64encode(position).decode()
    return result


def position(params: Mapping[str, str], code: str, kind: type[Position]) -> Position | None:
    """Where the page before ended, as the token says; None: it is the first page. Raises Problem with that code."""
    token = params.get("NextToken")
    if not token:
        return None
    read: Position | None = None
    with contextlib.suppress(ValueError, msgspec.DecodeError):
        read = msgspec.json.decode(base64.urlsafe_b64decode(token[:_LONGEST].encode()), type=kind)
    if read is None or not all(map(_is_place, read)):
        raise problems.Problem(code, "NextToken is none that an answer gave.")
    return read


def _is_place(one: Any) -> bool:
    """Whether a database can compare with it."""
    return "\0" not in one if isinstance(one, str) else abs(one) < _MOST
