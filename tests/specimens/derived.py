"""What is regular about a specimen, from the declaration of its type.

Every property that the service shows under its own name and takes in an update can be changed in place, by us and by
others; the first one of a simple type that cannot makes a replacement.
"""

from collections.abc import Iterator
from typing import Any

from hearth.model import constraints
from hearth.resources import registry, schema
from hearth.resources.base import Base
from hearth.resources.patched import Patched
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import Property
from specimens import SPECIMENS
from specimens.form import Request, Specimen

TYPES = registry.TypeRegistry()
#: In which version services know all fields, where others do not.
NEWEST = {"baremetal": "1.53"}


def _present(kind: Base, specimen: Specimen) -> Iterator[Property]:
    """The properties that have a value, so that another one is a change."""
    for one in kind.properties.values():
        given = one.name in specimen.properties or one.has_default or one.default is schema.PHYSICAL_NAME
        if given and one.implemented and one.moved_to is None and one.name not in specimen.unchanged:
            yield one


def another(declared: Property, present: Any) -> Any:
    """Another value that the declaration takes; ABSENT when none follows from it."""
    if declared.lookup or declared.kind not in (str, int, bool):
        return schema.ABSENT
    for limit in declared.constraints:
        if isinstance(limit, constraints.AllowedValues):
            return next((one for one in limit.allowed if one != present), schema.ABSENT)
    if declared.kind is bool:
        return not present
    value = "changed" if declared.kind is str else (present if isinstance(present, int) else 0) + 1
    return schema.ABSENT if any(limit.check(value) for limit in declared.constraints) else value


def updates(name: str) -> dict[str, Any]:
    """What is changed in place, all at once: `{property: new value}`."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    found = dict(specimen.updates)
    for one in _present(kind, specimen):
        if one.updatable and one.name not in found:
            value = another(one, specimen.properties.get(one.name, one.default))
            if value is not schema.ABSENT:
                found[one.name] = value
    return found


def replaces(name: str) -> dict[str, Any]:
    """A change that makes a replacement; empty when there is none."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    if specimen.replaces:
        return dict(specimen.replaces)
    for one in _present(kind, specimen):
        if not one.updatable and not one.immutable:
            value = another(one, specimen.properties.get(one.name, one.default))
            if value is not schema.ABSENT:
                return {one.name: value}
    return {}


def changes(name: str) -> dict[str, Request]:
    """How others change the specimen: the table's ways, and those that follow from the declaration."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    found = dict(specimen.changes)
    if not isinstance(kind, RemoteResource) or kind.remote.update_method != "PUT":
        return found
    if not kind.remote.envelope and not isinstance(kind, Patched):
        return found
    for one in _present(kind, specimen):
        if one.name in found or not one.updatable or one.live != schema.SAME or one.wire_name is None:
            continue
        value = another(one, specimen.properties.get(one.name, one.default))
        if value is not schema.ABSENT:
            found[one.name] = _change(kind, one.wire_name, value)
    return found


def _change(kind: RemoteResource, field: str, value: Any) -> Request:
    """A request that gives a field another value."""
    path = f"{kind.remote.path}/{{it}}"
    if isinstance(kind, Patched):
        patch = [{"op": "replace", "path": f"/{field}", "value": value}]
        return Request(kind.remote.service, "PATCH", path, patch, microversion=NEWEST.get(kind.remote.service))
    return Request(kind.remote.service, "PUT", path, {kind.remote.envelope: {field: value}})


def removal(name: str) -> Request:
    """How others remove the object."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    if specimen.removal is not None:
        return specimen.removal
    assert isinstance(kind, RemoteResource)
    return Request(kind.remote.service, "DELETE", f"{kind.remote.path}/{{it}}")
