"""Does a type's declaration say what its published facts say? Lists what differs, in sentences.

Facts are plain data in the form of the files under `tests/facts/resource_types`: names, types, defaults, constraints,
update behaviour, support status and attributes of one type. Used by the tests, by `hearth resource-types verify`, and
by whoever compares the types with the schemas of a running orchestration service. Behaviour is not looked at.
"""

import dataclasses
import fnmatch
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hearth.resources import registry
from hearth.resources.base import Base
from hearth.resources.schema import Attribute, Property, Schema, Support

Facts = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Reasons:
    """Why declarations may differ from the facts: by type and sentence, and by patterns that hold for every type."""

    everywhere: Mapping[str, str] = dataclasses.field(default_factory=dict)
    types: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)

    def cover(self, type_name: str, sentence: str) -> bool:
        """Whether there is a reason for a difference."""
        if sentence in self.types.get(type_name, {}):
            return True
        return any(fnmatch.fnmatchcase(sentence, pattern) for pattern in self.everywhere)


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of the published types. `unexplained`: `{type name: sentences}`, likewise `explained`."""

    there: tuple[str, ...]
    missing: tuple[str, ...]
    unexplained: Mapping[str, list[str]]
    explained: Mapping[str, list[str]]


def compare(types: registry.TypeRegistry, folder: Path, reasons: Reasons) -> Report:
    """Compare every published type of a folder of facts with its declaration."""
    there, missing = [], []
    unexplained: dict[str, list[str]] = {}
    explained: dict[str, list[str]] = {}
    known = set(types.names())
    for path in sorted(folder.glob("*.json")):
        facts = json.loads(path.read_text())
        name = facts["resource_type"]
        if name not in known:
            missing.append(name)
            continue
        there.append(name)
        for sentence in differences(types.get(name), facts):
            chosen = explained if reasons.cover(name, sentence) else unexplained
            chosen.setdefault(name, []).append(sentence)
    return Report(tuple(there), tuple(missing), unexplained, explained)


def differences(kind: Base, facts: Facts) -> list[str]:
    """What the declaration and the facts say differently; empty when they agree."""
    return list(_differences(kind, facts))


def _differences(kind: Base, facts: Facts) -> Iterator[str]:
    yield from _unequal("support", _support(kind.support), _support_of(facts))
    services = (facts.get("service") or {}).get("service_types", [])
    yield from _unequal("has a service", bool(kind.services), bool(services))
    if "network" in services:
        yield from _unequal("extension", kind.extension, facts.get("required_extension", ""))
    yield from _unequal("name limit", kind.name_limit, facts.get("physical_name_limit", 255))
    yield from _unequal(
        "snapshot deletion policy", kind.snapshot_deletion_policy, facts.get("snapshot_deletion_policy", False)
    )
    survives = "may_survive_failed_state" in facts.get("flags", ())
    yield from _unequal("survives failure", kind.survives_failure, survives)
    yield from _of_properties("properties", kind.properties, facts.get("properties", {}), top=True)
    yield from _of_properties("update_policy", kind.update_policy, facts.get("update_policy", {}), top=False)
    yield from _of_attributes(kind.attributes, facts.get("attributes", {}))
    yield from _of_translations(kind.properties, facts.get("property_translation", []))


def _unequal(what: str, declared: Any, fact: Any) -> Iterator[str]:
    if declared != fact or type(declared) is not type(fact):
        yield f"{what}: declared {declared!r}, published {fact!r}"


def _names(what: str, declared: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    yield from (f"{what}.{name}: not published" for name in declared.keys() - facts.keys())
    yield from (f"{what}.{name}: not declared" for name in facts.keys() - declared.keys())


def _of_properties(what: str, declared: Mapping[str, Property], facts: Facts, *, top: bool) -> Iterator[str]:
    yield from _names(what, declared, facts)
    for name in declared.keys() & facts.keys():
        yield from _of_property(f"{what}.{name}", declared[name], facts[name], top=top)


def _of_property(what: str, declared: Property, fact: Facts, *, top: bool) -> Iterator[str]:
    yield from _unequal(f"{what} type", declared.type_name, fact["type"])
    yield from _unequal(f"{what} required", declared.required, fact.get("required", False))
    yield from _unequal(f"{what} has default", declared.has_default, "default" in fact)
    if declared.has_default and "default" in fact:
        yield from _unequal(f"{what} default", _number(declared.default), _number(fact["default"]))
    if top:
        update = "immutable" if declared.immutable else "in-place" if declared.updatable else "replace"
        yield from _unequal(f"{what} update", update, fact["update"])
    constraints = [_constraint(one.to_wire()) for one in declared.constraints]
    published = [dict(one) for one in fact.get("constraints", [])]
    yield from _unequal(f"{what} constraints", constraints, published)
    yield from _unequal(f"{what} support", _support(declared.support), _support_of(fact))
    items = fact.get("items")
    if (declared.items is None) != (items is None):
        yield f"{what} items: {'not declared' if declared.items is None else 'not published'}"
    elif declared.items is not None and items is not None:
        yield from _of_property(f"{what}[]", declared.items, items, top=False)
    yield from _of_properties(what, declared.fields, fact.get("properties", {}), top=False)


def _number(value: Any) -> Any:
    """Numbers of the same value are the same default, whole or not."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _constraint(wire: dict[str, Any]) -> dict[str, Any]:
    if "custom_constraint" in wire:
        wire["custom"] = wire.pop("custom_constraint")
    return wire


def _support(history: Support) -> list[tuple[str, str | None]]:
    return list(history) or [("SUPPORTED", None)]


def _support_of(facts: Facts) -> list[tuple[str, str | None]]:
    history = facts.get("support") or [{"status": "SUPPORTED"}]
    return [(one["status"], one["since"].strip() if "since" in one else None) for one in history]


def _of_attributes(declared: Mapping[str, Attribute], facts: Facts) -> Iterator[str]:
    yield from _names("attributes", declared, facts)
    for name in declared.keys() & facts.keys():
        what, one, fact = f"attributes.{name}", declared[name], facts[name]
        yield from _unequal(f"{what} type", one.type_name, fact["type"])
        yield from _unequal(f"{what} cached", one.cached, fact.get("cached", True))
        yield from _unequal(f"{what} support", _support(one.history), _support_of(fact))


def _of_translations(declared: Mapping[str, Property], facts: Any) -> Iterator[str]:
    here = set(_translations(declared, ""))
    there = {(one["property"], one.get("from") or one.get("of")) for one in facts}
    yield from (f"{name} is translated by {what}: not published" for name, what in here - there)
    yield from (f"{name} is translated by {what}: not declared" for name, what in there - here)


def _translations(declared: Mapping[str, Property], prefix: str) -> Iterator[tuple[str, str]]:
    for name, one in declared.items():
        path = prefix + name
        if one.moved_to is not None:
            yield prefix + one.moved_to, path
        for translated in (one, one.items):
            finder = translated and (translated.refers or translated.translates)
            if finder:
                yield path, finder
        fields = one.items.fields if one.items is not None else one.fields
        yield from _translations(fields if isinstance(fields, Schema) else Schema(fields), f"{path}.")
