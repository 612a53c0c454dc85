"""Results of the engine as the API shows them: times as text, identities as links. Pure functions.

The engine's results are already in the words of the API; they hold times as epoch seconds and identities as
`StackIdentity`, which are turned into text and links here.
"""

import datetime
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.api import links
from hearth.model import names

Wire = dict[str, Any]

_TIMES = frozenset(("creation_time", "updated_time", "deletion_time", "event_time", "orphaned_time", "observed_time"))
_SERVICE_TIMES = ("created_at", "updated_at", "deleted_at")

#: Sections of templates after the version, in lower case.
_SECTIONS = ("", "description", "parameter_groups", "parameters", "mappings", "conditions", "resources", "outputs")

#: Fields of a stack in lists, in the order clients are used to.
_LISTED = (
    "stack_name",
    "description",
    "stack_status",
    "stack_status_reason",
    "creation_time",
    "updated_time",
    "deletion_time",
    "stack_owner",
    "parent",
    "stack_user_project_id",
    "tags",
)


def time_text(value: float | None) -> str | None:
    """Epoch seconds as `YYYY-MM-DDTHH:MM:SSZ`."""
    return None if value is None else _second_text(math.floor(value))


@functools.lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    """What many things of a list bear that were made at once."""
    return datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def raw(value: Any) -> Any:
    """A copy of any result with its times as text and its identities as objects, at every depth."""
    if isinstance(value, names.StackIdentity):
        return value.to_wire()
    if isinstance(value, Mapping):
        return {
            key: time_text(inner) if key in _TIMES and isinstance(inner, (int, float)) else raw(inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [raw(inner) for inner in value]
    return value


def template(found: Mapping[str, Any]) -> Wire:
    """A template with its sections in the order in which people write them; clients print them as they come."""
    return {key: found[key] for key in sorted(found, key=lambda key: (_place(key), key))}


def _place(section: str) -> int:
    name = section.lower()
    return _SECTIONS.index(name) if name in _SECTIONS else 0 if name.endswith("version") else len(_SECTIONS)


def created(identity: names.StackIdentity, to: links.Links) -> Wire:
    """The answer of create."""
    return {"stack": {"id": identity.id, "links": [links.link("self", to.stack(identity))]}}


def stack(found: Mapping[str, Any], to: links.Links) -> Wire:
    """A whole stack. Values of parameters and outputs stay as they are."""
    identity = found.get("identity")
    shown: Wire = {}
    if isinstance(identity, names.StackIdentity):
        shown = {"id": identity.id, "links": [links.link("self", to.stack(identity))]}
    return {**shown, **_flat(found, skip=shown), **_holds(found)}


def listed_stack(found: Mapping[str, Any], to: links.Links, *, with_project: bool) -> Wire:
    """A stack in a list. `with_project`: for those who see all projects."""
    identity: names.StackIdentity = found["identity"]
    shown: Wire = {"id": identity.id, "links": [links.link("self", to.stack(identity))]}
    if with_project:
        shown["project"] = identity.tenant
    for name in _LISTED:
        value = found.get(name)
        shown[name] = time_text(value) if name in _TIMES else value
    shown.update(_holds(found))
    # Lists never told descriptions; clients take the text from here all the same.
    shown["description"] = ""
    return shown


def _holds(found: Mapping[str, Any]) -> Wire:
    """What holds a stack, with its times as text."""
    held = {name: found[name] for name in ("paused", "protected", "locked") if name in found}
    return {
        name: {key: time_text(value) if key in ("since", "until") else value for key, value in hold.items()}
        for name, hold in held.items()
    }


def resource(found: Mapping[str, Any], to: links.Links) -> Wire:
    """A resource, in a list or alone."""
    shown = dict(found)
    stack, nested = to.stack(shown.pop("identity")), shown.pop("nested_identity")
    related = [links.link("self", links.resource(stack, shown["resource_name"])), links.link("stack", stack)]
    if nested is not None:
        related.append(links.link("nested", to.stack(nested)))
    shown["creation_time"] = time_text(shown["creation_time"])
    shown["updated_time"] = time_text(shown["updated_time"]) or shown["creation_time"]
    shown["links"] = related
    return shown


def event(found: Mapping[str, Any], to: links.Links, root: names.StackIdentity | None = None) -> Wire:
    """An event. `root`: the stack that was asked for when events of nested stacks are wanted too."""
    shown = dict(found)
    stack, its_root = to.stack(shown.pop("identity")), shown.pop("root_identity", None)
    resource = links.resource(stack, shown["resource_name"])
    related = [
        links.link("self", links.event(resource, shown["id"])),
        links.link("resource", resource),
        links.link("stack", stack),
    ]
    if root is not None:
        related.append(links.link("root_stack", to.stack(its_root or root)))
    shown["event_time"] = time_text(shown["event_time"])
    shown["links"] = related
    return shown


def snapshot(found: Mapping[str, Any]) -> Wire:
    """A snapshot. The stack's document in it stays as it is."""
    return _flat(found)


def listed_config(found: Mapping[str, Any], *, with_project: bool) -> Wire:
    """A software config in a list. `with_project`: for those who see all projects."""
    return {name: value for name, value in software(found).items() if with_project or name != "project"}


def software(found: Mapping[str, Any]) -> Wire:
    """A software config or deployment. What users put into it stays as it is."""
    return _flat(found)


def drift(found: Mapping[str, Any]) -> Wire:
    """What has drifted. Values of properties stay as they are."""
    entries = [{**one, "stack_identity": one["stack_identity"].to_wire()} for one in found["resources"]]
    return {**found, "resources": [_flat(one) for one in entries]}


def service(found: Mapping[str, Any]) -> Wire:
    """An engine in the service list, whose times have another form than all others."""
    shown = dict(found)
    for name in _SERVICE_TIMES:
        value = shown.get(name)
        if isinstance(value, (int, float)):
            moment = datetime.datetime.fromtimestamp(value, datetime.UTC).replace(tzinfo=None)
            shown[name] = moment.isoformat(timespec="microseconds")
    return shown


def _flat(found: Mapping[str, Any], skip: Iterable[str] = ()) -> Wire:
    return {
        name: time_text(value) if name in _TIMES and isinstance(value, (int, float)) else value
        for name, value in found.items()
        if name != "identity" and name not in skip
    }
