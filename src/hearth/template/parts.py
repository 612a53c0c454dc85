"""One resource or output of a template: from what was written to its definition, with what is wrong with it.

Called by `hearth.template.loading`, which has every part read once for its problems. The definitions are not kept: the
trees of a large template weigh as much as its data and are wanted only once more, to be bound. So `Parts` reads a part
again whenever it is asked for.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from hearth.model.diagnostics import Findings, Path, Severity
from hearth.model.values import UNKNOWN
from hearth.template import reader, versions
from hearth.template.definitions import OutputDefinition, ResourceDefinition, key_of
from hearth.template.functions import base
from hearth.template.source import Source

OUTPUT_LABEL = "Output validation error"

Part = TypeVar("Part")


class Parts(Mapping[str, Part], Generic[Part]):
    """The parts of a section in its order, each made when it is asked for. All of the entries given can be read."""

    def __init__(self, entries: Mapping[str, Any], read: Callable[[str, Any], Part]) -> None:
        self._entries = entries
        self._read = read

    def __getitem__(self, name: str) -> Part:
        return self._read(name, self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


class PartReader:
    """Reads parts of one template. `resources` and `conditions`: the names that there are."""

    def __init__(
        self,
        rules: versions.Version,
        source: Source,
        findings: Findings,
        resources: frozenset[str],
        conditions: Mapping[str, Any],
    ) -> None:
        self.trees = reader.TreeReader(rules, source, findings, resources, conditions)
        self._rules = rules
        self._source = source
        self._findings = findings
        self._resources = resources
        self._conditions = conditions

    # -- sections --

    def resources(self, key: str, section: Mapping[str, Any]) -> Parts[ResourceDefinition]:
        """The definitions of the resources section, every problem in them noted."""
        good = {name: raw for name, raw in section.items() if self._check_resource(name, raw, (key, name))}
        return Parts(
            section if len(good) == len(section) else good,
            lambda name, raw: self._quiet()._resource(name, raw, (key, name)),
        )

    def outputs(self, key: str, section: Mapping[str, Any]) -> Parts[OutputDefinition]:
        """The definitions of the outputs section, every problem in them noted."""
        good = {name: raw for name, raw in section.items() if self._check_output(name, raw, (key, name))}
        return Parts(
            section if len(good) == len(section) else good,
            lambda name, raw: self._quiet()._output(name, raw, (key, name)),
        )

    def _quiet(self) -> "PartReader":
        """The same reader for parts whose problems are known."""
        return PartReader(self._rules, self._source, Findings(), self._resources, self._conditions)

    # -- one part --

    def _check_resource(self, name: str, raw: Any, path: Path) -> bool:
        """Note what is wrong with a resource; whether there is a definition of it all the same."""
        if "/" in name:
            self.wrong(f"the resource name {name!r} must not contain '/'", path)
        if not name:
            self.wrong("a resource name must not be empty", path)
        if "\0" in name:
            self.wrong("a resource name must not hold a NUL character", path)
        if not isinstance(raw, dict):
            self.wrong(f"a resource must be a map with a type, not {base.kind_of(raw)}", path)
            return False
        for key, value in raw.items():
            if key not in self._rules.resource_keys:
                if self._rules.kind == "hot":
                    advice = self._findings.nearest(key, self._rules.resource_keys)
                    self.wrong(f"{key!r} is no key of a resource", (*path, key), advice=advice)
            elif value is None:
                self.wrong(f"{key} is empty (null)", (*path, key), advice="Give it a value or leave it out.")
        resource_type = raw.get(key_of(self._rules, "type"))
        if not isinstance(resource_type, str) or not resource_type:
            what = f"has {base.kind_of(resource_type)} as its type" if resource_type else "has no type"
            self.wrong(f"resource {name!r} {what}", path, advice="Give it a type, for instance OS::Nova::Server.")
            return False
        self._resource(name, raw, path)
        return True

    def _resource(self, name: str, raw: Mapping[str, Any], path: Path) -> ResourceDefinition:
        read = _Keys(self, self._rules, {key: value for key, value in raw.items() if value is not None}, path)
        return ResourceDefinition(
            name,
            read.raw("type"),
            path,
            properties=read.map("properties"),
            metadata=read.map("metadata"),
            depends_on=read.names("depends_on"),
            deletion_policy=read.tree("deletion_policy"),
            update_policy=read.map("update_policy"),
            description=read.strict_text("description"),
            external_id=read.tree("external_id") if "external_id" in self._rules.resource_keys else None,
            condition=read.condition(),
        )

    def _check_output(self, name: str, raw: Any, path: Path) -> bool:
        """Note what is wrong with an output; whether there is a definition of it all the same."""
        if not isinstance(raw, dict):
            self.wrong(f"an output must be a map with a value, not {base.kind_of(raw)}", path, label=OUTPUT_LABEL)
            return False
        if self._rules.kind == "hot":
            for unknown in raw.keys() - self._rules.output_keys:
                self.doubt(
                    f"{unknown!r} is no key of an output and does nothing",
                    (*path, unknown),
                    label=OUTPUT_LABEL,
                    advice=self._findings.nearest(unknown, self._rules.output_keys),
                )
        value_key = key_of(self._rules, "value")
        if value_key not in raw:
            self.wrong(f"output {name!r} has no {value_key}", path, label=OUTPUT_LABEL)
            return False
        self._output(name, raw, path)
        return True

    def _output(self, name: str, raw: Mapping[str, Any], path: Path) -> OutputDefinition:
        read = _Keys(self, self._rules, raw, path)
        return OutputDefinition(name, path, read.tree("value"), read.text("description"), read.condition())

    def text(self, raw: Any, path: Path) -> str:
        """A description. What is no text is only worth a warning: nothing depends on it."""
        if isinstance(raw, (dict, list)):
            self.doubt(f"{path[-1]} should be text, not {base.kind_of(raw)}", path)
            return json.dumps(raw)
        return "" if raw is None else str(raw)

    # -- findings --

    def wrong(self, message: str, path: Path, *, label: str = "", advice: str = "") -> None:
        """Note an error."""
        self._findings.add(message, self._source.place(path), label=label, advice=advice)

    def doubt(self, message: str, path: Path, *, label: str = "", advice: str = "") -> None:
        """Note what does no harm."""
        self._findings.add(message, self._source.place(path), label=label, advice=advice, severity=Severity.WARNING)


class _Keys:
    """The entries of one resource or output, by HOT's names."""

    def __init__(self, parts: PartReader, rules: versions.Version, raw: Mapping[str, Any], path: Path) -> None:
        self._parts = parts
        self._rules = rules
        self._raw = raw
        self._path = path

    def _where(self, name: str) -> Path:
        return (*self._path, key_of(self._rules, name))

    def raw(self, name: str) -> Any:
        return self._raw.get(key_of(self._rules, name))

    def text(self, name: str) -> str:
        return self._parts.text(self.raw(name), self._where(name))

    def strict_text(self, name: str) -> str:
        raw = self.raw(name)
        if raw is not None and not isinstance(raw, str):
            self._parts.wrong(f"{self._where(name)[-1]} must be text, not {base.kind_of(raw)}", self._where(name))
            return ""
        return raw or ""

    def tree(self, name: str) -> Any:
        return self._parts.trees.read(self.raw(name), self._where(name))

    def map(self, name: str) -> Any:
        tree = self.tree(name)
        if tree is None:
            return {}
        if not isinstance(tree, (dict, base.Function)) and tree is not UNKNOWN:
            self._parts.wrong(f"{self._where(name)[-1]} must be a map, not {base.kind_of(tree)}", self._where(name))
            return {}
        return tree

    def names(self, name: str) -> tuple[str, ...]:
        raw = self.raw(name)
        if raw is None:
            return ()
        names = [raw] if isinstance(raw, str) else raw
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            self._parts.wrong(
                f"{self._where(name)[-1]} must be the name of a resource or a list of names", self._where(name)
            )
            return ()
        return tuple(names)

    def condition(self) -> Any:
        key = key_of(self._rules, "condition")
        if key not in self._raw or not self._rules.has_conditions:
            return True
        return self._parts.trees.read_condition(self._raw[key], self._where("condition"))
