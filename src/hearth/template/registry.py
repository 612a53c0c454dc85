"""What stands behind a resource type's name for this user, and which resources have hooks or restrictions.

The registry is the `resource_registry` section of environments: a user's over the operator's. It maps type names to
other names or to templates, for all resources or for one, and is narrowed for each nested stack. Whether a template
exists and what a type does is for the callers to know.

Spec: https://docs.openstack.org/heat/latest/template_guide/environment.html
"""

import dataclasses
import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hearth.model.constraints import shown
from hearth.model.diagnostics import Findings, nearest
from hearth.template.source import Source

HOOKS: Final = ("pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete")
RESTRICTED_ACTIONS: Final = ("update", "replace")
_TEMPLATE_ENDINGS: Final = (".yaml", ".template")
_RESOURCES: Final = "resources"
_BASE_URL: Final = "base_url"
#: Names that one name may lead to; wildcards can make ever longer ones.
_MOST_NAMES: Final = 32
#: Keys of a resource's entry that are no type names: what they may hold, and the error's name.
_SETTINGS: Final = {
    "hooks": (HOOKS, "InvalidBreakPointHook"),
    "restricted_actions": (RESTRICTED_ACTIONS, "InvalidRestrictedAction"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What a type name stands for: a final type, or (`is_template`) the key or URL of a template.

    `by_operator`: the entry came from the operator's environment, so file: URLs are allowed.
    """

    name: str
    is_template: bool = False
    by_operator: bool = False


def is_template_name(name: str) -> bool:
    """Whether a type name is the key or URL of a template."""
    return name.endswith(_TEMPLATE_ENDINGS)


class Registry:
    """One level of registry. `entries` is the section as written; `operator` the operator's registry below it."""

    def __init__(self, entries: Mapping[str, Any] | None = None, operator: "Registry | None" = None) -> None:
        self._entries: dict[str, Any] = {}
        self._resources: dict[str, Any] = {}
        self._operator = operator
        for name, value in (entries or {}).items():
            self._register(name, value)

    def _register(self, name: str, value: Any) -> None:
        if name == _RESOURCES:
            self._resources = dict(value or {})
        elif value is not None:
            self._entries[name] = value
        elif name.endswith("*"):
            for known in [known for known in self._entries if known.startswith(name[:-1])]:
                del self._entries[known]
        else:
            self._entries.pop(name, None)

    def overlaid(self, entries: Mapping[str, Any]) -> "Registry":
        """This registry with more entries on top; a null removes one, `resources` merges by resource."""
        changed = Registry(self._entries | {_RESOURCES: self._resources}, self._operator)
        for name, value in entries.items():
            if name == _RESOURCES:
                value = {**changed._resources, **(value or {})}
            changed._register(name, value)
        return changed

    def below(self, operator: "Registry | None") -> "Registry":
        """This registry over the operator's."""
        return Registry(self._entries | {_RESOURCES: self._resources}, operator)

    def to_wire(self) -> dict[str, Any]:
        """The user's entries, as an environment shows them."""
        return {**self._entries, _RESOURCES: dict(self._resources)}

    # -- types --

    def resolve(
        self, type_name: str, resource_name: str | None = None, is_known: Callable[[str], bool] | None = None
    ) -> Target | None:
        """What a type name stands for; None when nothing that `is_known` (types) or is a template is found.

        Entries for the resource come before those for the type, those before wildcards, the user's before the
        operator's. A candidate that leads nowhere is skipped. Without `is_known` every name counts as known.
        """
        known = is_known or (lambda _: True)
        seen = {type_name}
        path = [(type_name, self._candidates(type_name, resource_name))]
        while path:
            name, candidates = path[-1]
            for target, by_operator in candidates:
                if is_template_name(target):
                    return Target(target, True, by_operator)
                if target not in seen and len(seen) < _MOST_NAMES:
                    seen.add(target)
                    path.append((target, self._candidates(target, resource_name)))
                    break
            else:  # nothing behind the name: is it something itself?
                if is_template_name(name):
                    return Target(name, True)
                if known(name):
                    return Target(name)
                path.pop()
        return None

    def _candidates(self, type_name: str, resource_name: str | None) -> Iterator[tuple[str, bool]]:
        """The targets of matching entries, best first."""
        if resource_name is not None:
            for entries in self._entries_of(resource_name):
                yield from ((target, False) for target in _matches(entries, type_name))
        yield from ((target, False) for target in _matches(self._entries, type_name))
        if self._operator is not None:
            yield from ((target, True) for target, _ in self._operator._candidates(type_name, resource_name))

    def _entries_of(self, resource_name: str) -> Iterator[Mapping[str, Any]]:
        """The maps given for a resource: under its own name first, then under patterns that match it."""
        exact = self._resources.get(resource_name)
        if isinstance(exact, dict):
            yield exact
        for pattern in sorted(self._resources):
            entries = self._resources[pattern]
            if pattern != resource_name and isinstance(entries, dict) and fnmatch.fnmatchcase(resource_name, pattern):
                yield entries

    # -- nested stacks --

    def for_child(self, resource_name: str, template_key: str | None = None) -> "Registry":
        """The registry of the stack nested in a resource, narrowed to its name.

        Without the entries that lead to `template_key`, the nested stack's own template: inside, the name that the
        template stands in for means the type itself, so a template may wrap what it replaces.
        """
        entries = {
            name: value for name, value in self._entries.items() if template_key is None or value != template_key
        }
        narrowed: dict[str, Any] = {}
        for one in reversed(list(self._entries_of(resource_name))):
            for name, value in one.items():
                if isinstance(value, dict):
                    narrowed[name] = {**narrowed.get(name, {}), **value}
        return Registry(entries | {_RESOURCES: narrowed}, self._operator)

    # -- hooks and restrictions --

    def hooks(self, resource_name: str) -> frozenset[str]:
        """The hooks that stop a resource."""
        return self._settings(resource_name, "hooks")

    def restricted_actions(self, resource_name: str) -> frozenset[str]:
        """The actions (update, replace) that a resource must not undergo."""
        return self._settings(resource_name, "restricted_actions")

    def _settings(self, resource_name: str, key: str) -> frozenset[str]:
        found: set[str] = set()
        for entries in self._entries_of(resource_name):
            given = entries.get(key)
            if isinstance(given, str):
                found.add(given)
            elif isinstance(given, list):
                found.update(given)
        if self._operator is not None:
            found |= self._operator._settings(resource_name, key)
        return frozenset(found)


def _matches(entries: Mapping[str, Any], type_name: str) -> Iterator[str]:
    """The targets that a map of entries has for a type: its own entry, then wildcards in alphabetical order."""
    target = entries.get(type_name)
    if isinstance(target, str):
        yield target
    for name in sorted(entries):
        target = entries[name]
        if not name.endswith("*") or not isinstance(target, str) or not type_name.startswith(name[:-1]):
            continue
        if target.endswith("*"):
            target = target[:-1] + type_name[len(name) - 1 :]
        if target != type_name:
            yield target


def check(raw: Mapping[str, Any], source: Source, findings: Findings) -> None:
    """Note what is wrong in a resource_registry section."""
    for name, value in raw.items():
        path = ("resource_registry", name)
        if name == _RESOURCES:
            if value is not None and not isinstance(value, dict):
                findings.add(f"resources must be a map of resource names, not {shown(value)}", source.place(path))
                continue
            for resource, entries in (value or {}).items():
                _check_resource(entries, (*path, resource), source, findings)
        elif value is not None and not isinstance(value, str):
            findings.add(
                f"{name!r} must name a type or a template, not {shown(value)}",
                source.place(path),
                advice="Entries for one resource belong under 'resources'.",
            )


def _check_resource(entries: Any, path: tuple[str, ...], source: Source, findings: Findings) -> None:
    if not isinstance(entries, dict):
        findings.add(f"{path[-1]!r} must be a map, not {shown(entries)}", source.place(path))
        return
    for name, value in entries.items():
        if name in _SETTINGS:
            known, kind = _SETTINGS[name]
            for one in value if isinstance(value, list) else [value]:
                if one not in known:
                    findings.add(
                        f"{name} cannot have the value {shown(one)}",
                        source.place((*path, name)),
                        kind=kind,
                        advice=nearest(str(one), known) or f"Known: {', '.join(known)}.",
                    )
        elif isinstance(value, dict):
            _check_resource(value, (*path, name), source, findings)
        elif value is not None and not isinstance(value, str):
            findings.add(f"{name!r} must name a type or a template, not {shown(value)}", source.place((*path, name)))
