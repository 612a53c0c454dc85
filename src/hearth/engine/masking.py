"""What must not be shown of a stack's values: secrets, wherever they have got to.

Used where values are shown that people may pass on: plans. A value is secret because its property is declared so,
because the template makes it of a hidden parameter, or because the text of a hidden parameter, or of a secret that a
resource made, stands in it. Nested stacks inherit what is secret above them.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hearth.engine import run
from hearth.model.values import UNKNOWN
from hearth.resources.blueprint import Blueprint
from hearth.resources.schema import Property
from hearth.template.template import BoundResource

MASK: Final = "******"
KNOWN_LATER: Final = "(known after apply)"


@dataclasses.dataclass(frozen=True, slots=True)
class Mask:
    """The secrets of a stack: texts, and by resource name the properties that are made of hidden parameters."""

    texts: frozenset[str] = frozenset()
    properties: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    def value(self, value: Any, declared: Property | None = None) -> Any:
        """A value to be shown; what is not known yet is told."""
        if value is UNKNOWN:
            return KNOWN_LATER
        if declared is not None and declared.secret and value is not None:
            return MASK
        if isinstance(value, Mapping):
            fields = (declared.fields if declared is not None else None) or {}
            return {key: self.value(one, fields.get(key)) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            items = declared.items if declared is not None else None
            return [self.value(one, items) for one in value]
        if self.texts and isinstance(value, str) and any(one in value for one in self.texts):
            return MASK
        return value

    def is_secret(self, resource: str, key: str, declared: Property | None) -> bool:
        """Whether nothing of a property may be shown."""
        return (declared is not None and declared.secret) or key in self.properties.get(resource, ())

    def text(self, text: str) -> str:
        """A sentence with what is secret in it masked."""
        for one in self.texts:
            text = text.replace(one, MASK)
        return text


def of(working: run.Run, *blueprints: Blueprint | None, above: Mask | None = None) -> Mask:
    """The mask of a stack that goes from one blueprint to another; `above`: that of the stack it is nested in."""
    texts = set(above.texts if above is not None else ())
    properties: dict[str, frozenset[str]] = {}
    layers = [one for built in blueprints if built is not None for one in (built, *built.origins.values())]
    for built in layers:
        hidden = built.parameters.hidden_names() if built is not None else ()
        if built is None or not hidden:
            continue
        native = built.parameters.native()
        texts.update(one for name in hidden for one in _texts(native.get(name)))
        for name, member in built.members.items():
            if found := frozenset(_made_of(_as_written(member.definition), hidden)):
                properties[name] = properties.get(name, frozenset()) | found
    for row in working.rows.values():
        kind = working.type_of_row(row)
        if kind is not None:
            texts.update(row.data.get(key, "") for key in kind.secret_data)
    return Mask(frozenset(texts - {""}), properties)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _as_written(definition: BoundResource) -> Any:
    """The properties as the template has them."""
    template = definition.template
    return template.raw[template.key("resources")][definition.name].get(template.key("properties"))


def _made_of(properties: Any, hidden: Iterable[str]) -> Iterator[str]:
    """The keys of properties, as the template writes them, in which a hidden parameter is used."""
    if isinstance(properties, Mapping):
        yield from (key for key, tree in properties.items() if any(_uses(tree, name) for name in hidden))


def _uses(tree: Any, name: str) -> bool:
    if isinstance(tree, str):
        return "${" + name in tree
    if isinstance(tree, Mapping):
        for key, one in tree.items():
            if key in ("get_param", "Ref") and (one == name or (isinstance(one, list) and one[:1] == [name])):
                return True
            if _uses(one, name):
                return True
        return False
    return isinstance(tree, list) and any(_uses(one, name) for one in tree)
