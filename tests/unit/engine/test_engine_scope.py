"""What get_resource and get_attr give from rows."""

from typing import Any

import pytest

from hearth.engine import scope
from hearth.model.plan import Effect
from hearth.model.states import Action, Status
from hearth.model.values import UNKNOWN
from hearth.resources import contract, registry
from hearth.store.rows import ResourceRow

TYPES = registry.TypeRegistry()


def row(**given: Any) -> ResourceRow:
    fields = dict.fromkeys(ResourceRow.__dataclass_fields__)
    fields |= {"id": "r", "stack_id": "s", "name": "r", "type": "OS::Neutron::Net", "reason": "", "requires": []}
    fields |= {"action": Action.CREATE, "status": Status.COMPLETE, "physical_id": "id-1", "data": {}}
    return ResourceRow(**(fields | {"attributes": {"subnets": ["a", {"b": 1}], "name": "n", "show": {"x": 1}}} | given))


def made(present: ResourceRow | None, type_name: str = "OS::Neutron::Net", effects: Any = None) -> scope.RowScope:
    kind = TYPES.get(type_name)
    assert kind is not None
    view = contract.StackView("s", "s", "p")

    def call(one: ResourceRow, _: Any) -> contract.Call:
        return contract.Call("r", "r", "r", one.physical_id, {}, view, cloud=None, now=0.0)  # type: ignore[arg-type]

    return scope.RowScope(lambda name: present, lambda name: kind, call, effects=effects)


@pytest.mark.parametrize(
    ("present", "type_name", "reference"),
    [
        (row(), "OS::Neutron::Net", "id-1"),
        (None, "OS::Neutron::Net", None),  # the network service's types have no name before they exist
        (None, "OS::Heat::TestResource", "r"),
        (row(action=Action.INIT), "OS::Heat::TestResource", "r"),
        (row(physical_id=None), "OS::Heat::TestResource", "r"),
    ],
)
def test_references(present, type_name, reference):
    assert made(present, type_name).reference("r") == reference


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "n"),
        (("subnets", 0), "a"),
        (("subnets", 1, "b"), 1),
        (("subnets", 9), None),
        (("subnets", "b"), None),
        (("subnets", "0"), None),
        (("subnets", -1, "b"), 1),
        (("name", "x"), None),
        (("absent",), None),
        ((), {"subnets": ["a", {"b": 1}], "name": "n"}),
    ],
)
def test_attributes(path, value):
    assert made(row()).attribute("r", path) == value


@pytest.mark.parametrize("present", [None, row(action=Action.DELETE), row(action=Action.INIT)])
def test_what_is_not_there_has_no_attributes(present):
    assert made(present).attribute("r", ("name",)) is None


@pytest.mark.parametrize(
    ("effects", "reference", "attribute"),
    [
        ({}, UNKNOWN, UNKNOWN),
        ({"r": Effect.IDENTITY}, UNKNOWN, UNKNOWN),
        ({"r": Effect.ATTRIBUTES}, "id-1", UNKNOWN),
        ({"r": Effect.NONE}, "id-1", "n"),
    ],
)
def test_a_plan_knows_only_what_stays(effects, reference, attribute):
    planned = made(row(), effects=effects)
    assert (planned.reference("r"), planned.attribute("r", ("name",))) == (reference, attribute)
