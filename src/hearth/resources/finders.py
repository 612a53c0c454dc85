"""Does the cloud have a thing of this name or id, and what is its id?

`hearth.resources.findable` says of each kind where to ask. Called with the `Lookup`s that
`hearth.resources.checking.lookups` gives, and with the custom constraints of parameters: by the engine when a request
is validated (everything must exist) and just before a resource is made (names become ids).
Answers are kept on the session for a minute, so that one list serves many names and many resources.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from hearth.cloud import errors, session
from hearth.model.diagnostics import nearest
from hearth.resources import checking, failures
from hearth.resources.contract import Issue, Permanent, Values
from hearth.resources.findable import FINDERS, UNTIL_EMPTY, Finder

_KEPT_SECONDS: Final = 60.0
#: A list younger than this is not fetched again for a name that it does not have.
_FRESH_SECONDS: Final = 2.0
_PAGE: Final = 1000
_CANDIDATES_SHOWN: Final = 5
#: Values that are no step of a path.
_NO_STEP: Final = ("", ".", "..")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class NotFoundName(Exception):
    """Nothing has this name or id. The message names the kind and what comes close."""


class Ambiguous(Exception):
    """Several things have this name. The message lists their ids."""


async def find(cloud: session.Session, kind: str, value: str, *, advise: bool = False) -> str:
    """The id of the thing that has this id or name.

    `advise`: ask once more for the names there are when there is no such thing.

    Raises:
        NotFoundName, Ambiguous: there is none, or more than one.
        CloudError: the service cannot be asked.
    """
    finder = FINDERS[kind]
    known: list[str] = []
    key = ("finders", kind, value)
    ids: list[str] = _kept(cloud, key) or []
    if not ids:
        ids = await _itself(cloud, finder, value)
        if not ids and finder.by_name:
            ids = await _named(cloud, finder, value)
        if ids:
            cloud.memo[key] = (time.monotonic(), ids)
    if not ids and not finder.by_name and not finder.by_reference:
        things = await _everything(cloud, kind, finder, value)
        ids = [value] if value in things.ids else [one for name, one in things.names if name == value]
        known = sorted({name for name, _ in things.names if name})
    if len(ids) == 1:
        return ids[0]
    if not ids:
        if advise and finder.by_name:
            known = await _candidates(cloud, kind, finder)
        message = f"There is no {finder.noun} with the {finder.known_by} {value!r}. {nearest(value, known)}"
        raise NotFoundName(message.rstrip())
    shown = ", ".join(ids[:_CANDIDATES_SHOWN]) + (", ..." if len(ids) > _CANDIDATES_SHOWN else "")
    raise Ambiguous(f"{len(ids)} {finder.nouns} have the name {value!r}; use one of their ids: {shown}.")


async def require(cloud: session.Session, kind: str, value: str) -> str:
    """As `find`, for a verb: raises the contract's failures."""
    try:
        with failures.sorted_out(creating=True):
            return await find(cloud, kind, value, advise=True)
    except (NotFoundName, Ambiguous) as error:
        raise Permanent(str(error), kind="EntityNotFound") from error


def is_known(kind: str) -> bool:
    """Whether there is a finder for this kind."""
    return kind in FINDERS


def forget(cloud: session.Session) -> None:
    """Ask again, whatever was asked before."""
    for key in [one for one in cloud.memo if isinstance(one, tuple) and one[:1] == ("finders",)]:
        del cloud.memo[key]


def looks_like_id(value: str) -> bool:
    """Whether the value has the form of the ids that services make, so that there is no need to translate it."""
    return _UUID.fullmatch(value) is not None


async def confirm(cloud: session.Session, found: Sequence[checking.Lookup]) -> list[Issue]:
    """Ask for everything; what does not exist or may not be asked for, as problems.

    Raises the contract's failures when a service is away for the moment.
    """
    issues: list[Issue] = []
    for one in found:
        if is_known(one.kind):
            try:
                with failures.sorted_out(creating=True):
                    await find(cloud, one.kind, one.value, advise=True)
            except (NotFoundName, Ambiguous) as error:
                issues.append(Issue(one.path, str(error)))
            except Permanent as error:
                noun = FINDERS[one.kind].noun
                issues.append(Issue(one.path, f"The {noun} {one.value!r} cannot be looked up: {error}"))
    return issues


async def translate(
    cloud: session.Session, values: Values, found: Sequence[checking.Lookup]
) -> tuple[Values, list[Issue]]:
    """The values with ids in the place of names, and the names that stand for nothing or for several things.

    What has the form of an id is taken as it is: the service itself refuses a wrong one.
    """
    issues: list[Issue] = []
    translated = values
    for one in found:
        if not one.translate or not is_known(one.kind) or looks_like_id(one.value):
            continue
        try:
            with failures.sorted_out(creating=True):
                found_id = await find(cloud, one.kind, one.value, advise=True)
        except (NotFoundName, Ambiguous) as error:
            issues.append(Issue(one.path, str(error)))
            continue
        if found_id != one.value:
            translated = _with_value(translated, one.path, found_id)
    return translated, issues


def _with_value(tree: Any, path: Sequence[Any], value: Any) -> Any:
    """A copy of the tree with the value at the path; what is not on the path is shared."""
    if not path:
        return value
    changed = list(tree) if isinstance(tree, list) else dict(tree)
    changed[path[0]] = _with_value(changed[path[0]], path[1:], value)
    return changed


def _kept(cloud: session.Session, key: Any) -> Any:
    entry = cloud.memo.get(key)
    return entry[1] if entry is not None and time.monotonic() - entry[0] < _KEPT_SECONDS else None


async def _itself(cloud: session.Session, finder: Finder, value: str) -> list[str]:
    """The id of the thing that the service shows under this id, name or reference."""
    at = value
    if finder.by_reference:
        before, slash, at = value.rpartition("/")
        if not looks_like_id(at) or (slash and not before.endswith(f"/{finder.plural}")):
            return []
    elif finder.shown_in is None and not (finder.by_name and looks_like_id(value)):
        return []
    if at in _NO_STEP:
        return []
    try:
        answer = await _get(cloud, finder, f"{finder.path}/{quote(at, safe='')}")
    except (errors.NotFound, errors.BadRequest):
        return []
    except (errors.Forbidden, errors.Conflict):
        if finder.shown_in is None:
            raise
        return []  # the list says what may be seen, and which share the name
    if finder.shown_in is None:
        return [value]
    return [str((answer.body[finder.shown_in] if finder.shown_in else answer.body)[finder.identity])]


async def _named(cloud: session.Session, finder: Finder, value: str) -> list[str]:
    """Ids of the things with this name."""
    answer = await _list(cloud, finder, {finder.by_name: value})
    # Some services take the filter for a pattern, so what they give is compared again.
    return [one for name, one in _named_ids(finder, answer) if name == value]


async def _candidates(cloud: session.Session, kind: str, finder: Finder) -> list[str]:
    """Names to suggest, of the first page; none when the service does not list them."""
    key = ("finders", kind, None)
    entry = cloud.memo.get(key)
    if entry is None or time.monotonic() - entry[0] >= _FRESH_SECONDS:
        try:
            listed = _named_ids(finder, await _list(cloud, finder, {"limit": _PAGE}))
            names = sorted({name for name, _ in listed if name})
        except errors.CloudError:
            names = []
        cloud.memo[key] = entry = (time.monotonic(), names)
    found: list[str] = entry[1]
    return found


async def _list(cloud: session.Session, finder: Finder, params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The things in an answer."""
    try:
        answer = await _get(cloud, finder, finder.path, {**finder.params, **params})
    except errors.NoService:
        raise
    except errors.NotFound as error:
        message = f"the {finder.service} service of this cloud has no {finder.nouns}"
        raise errors.NotFound(error.status, error.service, message, error.request_id) from error
    listed = answer.body[finder.plural]
    if finder.within:
        return [{**one, "name": outer.get("name")} for outer in listed for one in outer[finder.within]]
    return [one[finder.inner] if finder.inner else one for one in listed]


async def _get(
    cloud: session.Session, finder: Finder, path: str, params: Mapping[str, Any] | None = None
) -> session.Response:
    return await cloud.get(
        finder.service, path, params=params, headers=finder.headers, microversion=finder.microversion or None
    )


def _named_ids(finder: Finder, things: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(str(one.get(finder.name) or ""), str(one[finder.identity])) for one in things]


class _Things:
    """A whole list: `names` as (name, id) pairs."""

    def __init__(self, names: list[tuple[str, str]]) -> None:
        self.names = names
        self.ids = {one for _, one in names}


async def _everything(cloud: session.Session, kind: str, finder: Finder, value: str) -> _Things:
    """The whole list, kept; fetched again for a value that an older one does not have."""
    key = ("finders", kind)
    entry = cloud.memo.get(key)
    if entry is not None:
        age = time.monotonic() - entry[0]
        things: _Things = entry[1]
        has = value in things.ids or any(name == value for name, _ in things.names)
        if age < _FRESH_SECONDS or (has and age < _KEPT_SECONDS):
            return things
    things = _Things([pair async for pair in _pairs(cloud, finder)])
    cloud.memo[key] = (time.monotonic(), things)
    return things


async def _pairs(cloud: session.Session, finder: Finder) -> AsyncIterator[tuple[str, str]]:
    params: dict[str, Any] = {"limit": _PAGE} if finder.pages and finder.pages != UNTIL_EMPTY else {}
    while True:
        page = _named_ids(finder, await _list(cloud, finder, params))
        for one in page:
            yield one
        if not finder.pages or not page or (finder.pages != UNTIL_EMPTY and len(page) < _PAGE):
            return
        params["marker"] = page[-1][1]
