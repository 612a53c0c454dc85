"""Does the cloud have a thing of this name or id, and what is its id?

One row a kind says where to ask. Called with the `Lookup`s that `hearth.resources.checking.lookups` gives: by the
engine when a request is validated (everything must exist) and just before a resource is made (names become ids).
Answers are kept on the session for a minute, so that one list serves many names and many resources.
"""

import dataclasses
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.cloud import errors, session
from hearth.model.diagnostics import nearest
from hearth.resources import checking, failures
from hearth.resources.contract import Issue, Permanent, Values

_KEPT_SECONDS: Final = 60.0
#: A list younger than this is not fetched again for a name that it does not have.
_FRESH_SECONDS: Final = 2.0
_PAGE: Final = 1000
_CANDIDATES_SHOWN: Final = 5
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class NotFoundName(Exception):
    """Nothing has this name or id. The message names the kind and what comes close."""


class Ambiguous(Exception):
    """Several things have this name. The message lists their ids."""


@dataclasses.dataclass(frozen=True)
class Finder:
    """Where things of a kind are looked up."""

    noun: str
    service: str
    path: str
    plural: str
    by_name: str = "name"
    """The query key that filters by name; empty: the list is fetched whole."""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    identity: str = "id"
    """The field that is the id."""
    inner: str = ""
    """The envelope around each object of a list."""
    pages: str = ""
    """How the list is cut into pages: "marker", "next" (the answer names the next one), or not at all."""


def _network(noun: str, plural: str) -> Finder:
    return Finder(noun, "network", f"/v2.0/{plural.replace('_', '-')}", plural, params={"fields": ["id", "name"]})


FINDERS: Final[Mapping[str, Finder]] = {
    "neutron.network": _network("network", "networks"),
    "neutron.subnet": _network("subnet", "subnets"),
    "neutron.port": _network("port", "ports"),
    "neutron.router": _network("router", "routers"),
    "neutron.security_group": _network("security group", "security_groups"),
    "neutron.qos_policy": Finder("QoS policy", "network", "/v2.0/qos/policies", "policies"),
    "neutron.subnetpool": _network("subnet pool", "subnetpools"),
    "neutron.address_scope": _network("address scope", "address_scopes"),
    "neutron.segment": _network("segment", "segments"),
    "nova.flavor": Finder(
        "flavor", "compute", "/flavors", "flavors", by_name="", params={"is_public": "None"}, pages="marker"
    ),
    "nova.keypair": Finder(
        "key pair", "compute", "/os-keypairs", "keypairs", by_name="", identity="name", inner="keypair"
    ),
    "nova.server": Finder("server", "compute", "/servers", "servers"),
    "glance.image": Finder("image", "image", "/v2/images", "images"),
    "cinder.volume": Finder("volume", "volume", "/volumes", "volumes"),
    "cinder.snapshot": Finder("snapshot", "volume", "/snapshots", "snapshots"),
    "cinder.vtype": Finder("volume type", "volume", "/types", "volume_types", by_name=""),
    "cinder.backup": Finder("backup", "volume", "/backups", "backups"),
    "keystone.user": Finder("user", "identity", "/v3/users", "users"),
    "keystone.project": Finder("project", "identity", "/v3/projects", "projects"),
    "keystone.role": Finder("role", "identity", "/v3/roles", "roles"),
    "keystone.domain": Finder("domain", "identity", "/v3/domains", "domains"),
}


async def find(cloud: session.Session, kind: str, value: str) -> str:
    """The id of the thing that has this id or name.

    Raises:
        NotFoundName, Ambiguous: there is none, or more than one.
        CloudError: the service cannot be asked.
    """
    finder = FINDERS[kind]
    if finder.by_name:
        key = ("finders", kind, value)
        ids: list[str] = _kept(cloud, key) or []
        if not ids:
            ids = await _ask(cloud, finder, value)
            if ids:
                cloud.memo[key] = (time.monotonic(), ids)
        known: Iterable[str] = ()
    else:
        things = await _everything(cloud, kind, finder, value)
        ids = [value] if value in things.ids else [one for name, one in things.names if name == value]
        known = [name for name, _ in things.names]
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise NotFoundName(f"There is no {finder.noun} with the name or id {value!r}. {nearest(value, known)}".rstrip())
    shown = ", ".join(ids[:_CANDIDATES_SHOWN]) + (", ..." if len(ids) > _CANDIDATES_SHOWN else "")
    raise Ambiguous(f"{len(ids)} {finder.noun}s have the name {value!r}; use one of their ids: {shown}.")


async def require(cloud: session.Session, kind: str, value: str) -> str:
    """As `find`, for a verb: raises the contract's failures."""
    try:
        with failures.sorted_out(creating=True):
            return await find(cloud, kind, value)
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
    """Ask for everything; what does not exist, as problems. Raises the contract's failures when a service is away."""
    issues: list[Issue] = []
    for one in found:
        if is_known(one.kind):
            try:
                with failures.sorted_out(creating=True):
                    await find(cloud, one.kind, one.value)
            except (NotFoundName, Ambiguous) as error:
                issues.append(Issue(one.path, str(error)))
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
                found_id = await find(cloud, one.kind, one.value)
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


async def _ask(cloud: session.Session, finder: Finder, value: str) -> list[str]:
    """Ids of the things with this id, or else with this name."""
    if looks_like_id(value):
        try:
            await cloud.get(finder.service, f"{finder.path}/{value}")
        except (errors.NotFound, errors.BadRequest):
            pass
        else:
            return [value]
    answer = await cloud.get(finder.service, finder.path, params={**finder.params, finder.by_name: value})
    # Some services take the filter for a pattern, so what they give is compared again.
    return [str(one[finder.identity]) for one in answer.body[finder.plural] if one.get("name") == value]


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


async def _pairs(cloud: session.Session, finder: Finder) -> Any:
    last: str | None = None
    while True:
        params = dict(finder.params)
        if finder.pages:
            params |= {"limit": _PAGE, "marker": last}
        answer = await cloud.get(finder.service, finder.path, params=params)
        page = [one[finder.inner] if finder.inner else one for one in answer.body[finder.plural]]
        for one in page:
            yield str(one["name"]), str(one[finder.identity])
        if not finder.pages or len(page) < _PAGE:
            return
        last = str(page[-1][finder.identity])
