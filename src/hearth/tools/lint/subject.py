"""What rules look at: one checked template, its calls of functions, and what they refer to.

Calls are found in the data as written, so that branches not taken and templates with errors are seen too.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from hearth.model.diagnostics import Path, Place
from hearth.resources import contract, registry
from hearth.template import template as templates
from hearth.tools import validation

_PARAMETER = frozenset({"get_param", "Ref"})
_RESOURCE = frozenset({"get_resource", "Ref"})
_ATTRIBUTE = frozenset({"get_attr", "Fn::GetAtt"})
_CHOICE = frozenset({"if", "Fn::If"})


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A call of a function as written; `path` leads to the map that holds it."""

    name: str
    args: Any
    path: Path


class Subject:
    """One template under lint."""

    def __init__(self, template: templates.Template, checked: validation.Checked, types: registry.TypeRegistry) -> None:
        self.template = template
        self.checked = checked
        self.types = types

    def place(self, path: Path) -> Place:
        """The place of a path of the template."""
        return self.template.place(path)

    def section(self, name: str) -> Mapping[str, Any]:
        """A section by HOT's name; empty when it is missing or no map."""
        found = self.template.raw.get(self.template.key(name))
        return found if isinstance(found, dict) else {}

    def entries(self, name: str) -> Iterator[tuple[str, Mapping[str, Any], Path]]:
        """The entries of a section that are maps: name, body, path."""
        for one, body in self.section(name).items():
            if isinstance(body, dict):
                yield one, body, (self.template.key(name), one)

    def properties(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The properties of a resource's body as written."""
        found = body.get(self.template.key("properties"))
        return found if isinstance(found, dict) else {}

    def type_of(self, name: str) -> contract.Resource | None:
        """The type of a resource; None when it is not known."""
        return self.checked.types.get(name)

    def written_type(self, body: Mapping[str, Any]) -> str:
        """The name of a resource's type as written; "" without one."""
        found = body.get(self.template.key("type"))
        return found if isinstance(found, str) else ""

    @functools.cached_property
    def calls(self) -> list[Call]:
        """Every call in conditions, resources and outputs."""
        found: list[Call] = []
        functions = {*self.template.rules.functions, *self.template.rules.condition_functions}
        for section in ("conditions", "resources", "outputs"):
            key = self.template.key(section)
            found.extend(_calls(self.template.raw.get(key), (key,), functions))
        return found

    def calls_of(self, *names: str) -> Iterator[Call]:
        """The calls of functions of these names."""
        return (call for call in self.calls if call.name in names)

    @functools.cached_property
    def parameters_used(self) -> dict[str, list[Call]]:
        """Which parameters are asked for, and where."""
        return self._named(_PARAMETER)

    @functools.cached_property
    def resources_used(self) -> dict[str, list[Call]]:
        """Which resources (or, with Ref, parameters) are referred to, attributes included, and where."""
        found = self._named(_RESOURCE)
        for name, calls in self.attributes_used.items():
            found.setdefault(name, []).extend(calls)
        return found

    @functools.cached_property
    def attributes_used(self) -> dict[str, list[Call]]:
        """The resources whose attributes are asked for, and where."""
        return self._named(_ATTRIBUTE)

    @functools.cached_property
    def conditions_used(self) -> set[str]:
        """The names of conditions that something asks for."""
        names: set[str] = set()
        for call in self.calls:
            if call.name in _CHOICE and isinstance(call.args, list) and call.args:
                names.update(_texts(call.args[0]))
            elif call.name in self.template.rules.condition_functions or call.name == "Condition":
                names.update(_texts(call.args))
        for section in ("resources", "outputs"):
            for _, body, _ in self.entries(section):
                names.update(_texts(body.get(self.template.key("condition"))))
        return names

    def _named(self, functions: frozenset[str]) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            if call.name in functions:
                name = call.args[0] if isinstance(call.args, list) and call.args else call.args
                if isinstance(name, str):
                    # CloudFormation allows "resource.attribute" in one text.
                    name = name.partition(".")[0] if call.name == "Fn::GetAtt" else name
                    found.setdefault(name, []).append(call)
        return found


def _calls(value: Any, path: Path, functions: set[str]) -> Iterator[Call]:
    waiting: list[tuple[Any, Path]] = [(value, path)]
    while waiting:
        here, at = waiting.pop()
        if isinstance(here, dict):
            if len(here) == 1:
                ((key, args),) = here.items()
                if key in functions or key == "Condition":
                    yield Call(key, args, at)
            waiting.extend((item, (*at, key)) for key, item in here.items())
        elif isinstance(here, list):
            waiting.extend((item, (*at, index)) for index, item in enumerate(here))


def _texts(value: Any) -> Iterator[str]:
    return (text for text, _ in texts(value, ()))


def texts(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """Every text in a value, with its path; keys do not count."""
    waiting: list[tuple[Any, Path]] = [(value, path)]
    while waiting:
        here, at = waiting.pop()
        if isinstance(here, str):
            yield here, at
        elif isinstance(here, dict):
            waiting.extend((item, (*at, key)) for key, item in here.items())
        elif isinstance(here, list):
            waiting.extend((item, (*at, index)) for index, item in enumerate(here))
