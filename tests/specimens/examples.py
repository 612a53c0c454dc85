"""The specimens as templates: the examples that the reference shows, and that the test suite deploys.

An example is a specimen and what is around it. Things that no template makes become parameters, with the names that the
embedded cloud has them under as defaults. What is there for later changes of a specimen only is left out.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from hearth.resources.schema import Property
from hearth.tools import validation
from specimens import EXAMPLES
from specimens.derived import TYPES
from specimens.form import Specimen, of

VERSION = "2021-04-16"
#: Things that templates take from outside: `{finder: (parameter, what it is)}`.
OUTSIDE: Mapping[str, tuple[str, str]] = {
    "cinder.vtype": ("volume_type", "Volume type."),
    "glance.image": ("image", "Image that servers boot from."),
    "ironic.node": ("node", "Bare metal node."),
    "keystone.project": ("project", "Project."),
    "manila.share_type": ("share_type", "Share type."),
    "neutron.network": ("external_network", "Network that leads outside."),
    "nova.flavor": ("flavor", "Flavor of servers."),
    "trove.flavor": ("flavor", "Flavor of servers."),
}


@dataclasses.dataclass(frozen=True)
class Example:
    """A template that is deployed as it stands."""

    text: str
    #: Secret parameters, which whoever deploys it gives: `{name: a value that does}`.
    secrets: Mapping[str, str]
    #: Other parameters without a default.
    given: tuple[str, ...]
    #: Who may deploy it: demo or admin.
    user: str


@functools.cache
def example(type_name: str) -> Example:
    """The example of a type that is in `EXAMPLES`."""
    specimen = EXAMPLES[type_name]
    own = _own_name(type_name, specimen)
    parameters = _Parameters(specimen.given)
    resources = {
        name: parameters.put_into(one)
        for name, one in {**_needed(specimen), own: of(type_name, **specimen.properties)}.items()
    }
    template = {
        "heat_template_version": VERSION,
        "description": f"An example of {type_name}.",
        **({"parameters": parameters.described} if parameters.described else {}),
        "resources": resources,
    }
    waits = _unreached(template, own)
    if waits:
        resources[own] = {"type": type_name, "depends_on": waits, **resources[own]}
    return Example(_text(template), parameters.secrets, tuple(map(_words, specimen.given)), specimen.user)


def references(value: Any) -> set[str]:
    """The resources that a value refers to."""
    if isinstance(value, dict):
        if len(value) == 1 and (at := value.get("get_resource")):
            return {at}
        if len(value) == 1 and isinstance(at := value.get("get_attr"), list):
            return {at[0]}
        return {one for inner in value.values() for one in references(inner)}
    return {one for inner in value for one in references(inner)} if isinstance(value, list) else set()


def _words(name: str) -> str:
    """`FloatingIP` is `floating_ip`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _own_name(type_name: str, specimen: Specimen) -> str:
    """`OS::Neutron::FloatingIP` is `floating_ip`, unless something around it has that name."""
    words = _words(type_name.rpartition("::")[2])
    return f"the_{words}" if words in specimen.around else words


def _reached(around: Mapping[str, Any], value: Any) -> set[str]:
    """What a value refers to, what that refers to, and so on."""
    found: set[str] = set()
    left = references(value)
    while left:
        found |= left
        left = {one for name in left for one in references(around[name])} - found
    return found


def _needed(specimen: Specimen) -> dict[str, Any]:
    """What is around it, without that which only later changes refer to."""
    around = specimen.around
    kept = _reached(around, specimen.properties)
    bodies = " ".join(f"{one.path} {one.body}" for one in specimen.changes.values())
    later = references([specimen.updates, specimen.replaces]) | {one for one in around if f"{{{one}}}" in bodies}
    dropped = later - kept
    return {name: one for name, one in around.items() if not _reached(around, {"get_resource": name}) & dropped}


class _Parameters:
    """The parameters of an example, found in its resources."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.described: dict[str, Any] = {}
        self.secrets: dict[str, str] = {}

    def put_into(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The resource with parameters in the place of what is made elsewhere, and of secrets."""
        declared = TYPES.get(body["type"]).properties
        properties = {name: self._put(one, declared.get(name)) for name, one in body.get("properties", {}).items()}
        rest = {name: one for name, one in body.items() if name != "properties"}
        return {**rest, **({"properties": properties} if properties else {})}

    def _put(self, value: Any, declared: Property | None) -> Any:
        if declared is None:
            return value
        if isinstance(value, dict):
            return {name: self._put(one, declared.fields.get(name)) for name, one in value.items()}
        if isinstance(value, list):
            return [self._put(one, declared.items) for one in value]
        if not isinstance(value, str):
            return value
        if declared.name in self._given:
            limits = [{"length": {"min": 1}}]
            name, description, more = _words(declared.name), self._given[declared.name], {"constraints": limits}
        elif declared.lookup in OUTSIDE:
            name, description = OUTSIDE[declared.lookup]
            limits = [{"custom_constraint": declared.lookup}]
            more = {"default": value, "constraints": limits}
        elif declared.secret:
            name, description, more = declared.name, "A secret of your own.", {"hidden": True}
            self.secrets[name] = value
        else:
            return value
        self.described[name] = {"type": "string", "description": description, **more}
        return {"get_param": name}


def _unreached(template: Mapping[str, Any], own: str) -> list[str]:
    """Around it, what it needs without saying so: neither by a reference nor by a rule of its type."""
    resources = template["resources"]
    implied = validation.check(_text(template), TYPES).implied
    needs = {name: references(one) | implied.get(name, frozenset()) for name, one in resources.items()}

    def closure(names: set[str]) -> set[str]:
        return names | {deeper for one in names for deeper in closure(needs[one])}

    left = [name for name in resources if name not in closure({own})]
    return [one for one in left if not any(one in closure(needs[other]) for other in left)]


class _Dumper(yaml.SafeDumper):
    """Templates as people write them: no anchors, functions in one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _mapping(dumper: _Dumper, value: dict[str, Any]) -> yaml.Node:
    short = len(value) == 1 and next(iter(value)) in ("get_resource", "get_param", "get_attr", "custom_constraint")
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=short)


def _sequence(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    short = not any(isinstance(one, dict | list) for one in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)


def _string(dumper: _Dumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(str, _string)


def _text(template: Mapping[str, Any]) -> str:
    lines = list(_lines(yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=110)))
    return "\n".join(lines) + "\n"


def _lines(text: str) -> Iterator[str]:
    """An empty line before each section, as in the project's own examples."""
    for line in text.rstrip().splitlines():
        if line.split(":")[0] in ("parameters", "resources"):
            yield ""
        yield line.replace("'", "") if line.startswith("heat_template_version") else line
