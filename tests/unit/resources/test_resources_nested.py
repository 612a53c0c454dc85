"""Types that own a nested stack: what they put into it, and what they read from it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from hearth.model import values
from hearth.model.states import Action, Status
from hearth.model.values import UNKNOWN
from hearth.resources import checking, nested, registry
from hearth.resources.contract import Call, NotKnownYet, Values
from hearth.template import environment, parameters, template

CallMaker = Callable[..., Call]
TYPES = registry.TypeRegistry()
GROUP = TYPES.get("OS::Heat::ResourceGroup")


@dataclasses.dataclass
class Member:
    """A resource of a nested stack, as plain values."""

    name: str
    id: str
    attributes: dict[str, Any]
    type: str = "OS::Heat::TestResource"
    action: Action = Action.CREATE
    status: Status = Status.COMPLETE
    created_at: float = 0.0

    def reference(self) -> Any:
        return self.id

    async def attribute(self, path: Sequence[Any]) -> Any:
        return values.walk(self.attributes, path)


@dataclasses.dataclass
class Contents:
    """A nested stack, as plain values."""

    members: list[Member] = dataclasses.field(default_factory=list)
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    stack_id: str = "id"
    arn: str = "arn:nested"

    @property
    def resources(self) -> Mapping[str, Member]:
        return {one.name: one for one in self.members}

    def output(self, name: str) -> Any:
        return self.outputs[name]

    @property
    def output_names(self) -> list[str]:
        return list(self.outputs)


def group(count: int, **more: Any) -> Values:
    given = {"count": count, "resource_def": {"type": "OS::Heat::None", "properties": {"a": "x-%index%"}}, **more}
    values, issues = checking.check(GROUP, given)
    assert issues == []
    return values


def contents(*names: str, removed: Sequence[str] = ()) -> Contents:
    members = [Member(name, f"id-{name}", {"ip": f"10.0.0.{name}", "map": {"k": name}}) for name in names]
    return Contents(members, {"removed_rsrc_list": list(removed)})


def test_group_is_a_template_of_its_members(make_call: CallMaker) -> None:
    values = group(2, resource_def={"type": "T", "properties": {"a": "x-%index%", "b": ["%index%"], "c": None}})
    child = GROUP.child(make_call(properties=values))
    assert child.template == {
        "heat_template_version": "2015-04-30",
        "resources": {
            "0": {"type": "T", "properties": {"a": "x-0", "b": ["0"]}},
            "1": {"type": "T", "properties": {"a": "x-1", "b": ["1"]}},
        },
        "outputs": {"removed_rsrc_list": {"value": []}},
    }


def test_group_template_is_a_valid_template(make_call: CallMaker) -> None:
    for count in (0, 3):
        child = GROUP.child(make_call(properties=group(count)))
        parsed, findings = template.load(child.template)
        assert parsed is not None and not findings.errors
        assert list(parsed.resources) == [str(number) for number in range(count)]


@pytest.mark.parametrize(
    ("more", "present", "names", "removed"),
    [
        ({}, None, ["0", "1"], []),
        ({"removal_policies": [{"resource_list": [0, "7", "x"]}]}, None, ["1", "2"], ["0", "7", "x"]),
        ({"removal_policies": [{"resource_list": ["0"]}]}, contents("0", "1"), ["1", "2"], ["0"]),
        ({"removal_policies": [{"resource_list": [0]}]}, contents("0", "1"), ["1", "2"], ["0"]),
        ({"removal_policies": [{"resource_list": ["id-1"]}]}, contents("0", "1"), ["0", "2"], ["1"]),
        ({"removal_policies": [{"resource_list": ["7"]}]}, contents("0", "1"), ["0", "1"], []),
        ({}, contents("1", "2", removed=["0"]), ["1", "2"], ["0"]),
        ({"removal_policies": [{"resource_list": ["0"]}]}, contents("1", "2", removed=["0"]), ["1", "2"], ["0"]),
        ({"removal_policies": [{"resource_list": ["1"]}]}, contents("1", "2", removed=["0"]), ["2", "3"], ["0", "1"]),
        (
            {"removal_policies": [{"resource_list": ["1"]}], "removal_policies_mode": "update"},
            contents("1", "2", removed=["0"]),
            ["0", "2"],
            ["1"],
        ),
    ],
)
def test_removed_names_are_not_used_again(
    make_call: CallMaker, more: dict[str, Any], present: Contents | None, names: list[str], removed: list[str]
) -> None:
    child = GROUP.child(make_call(properties=group(2, **more), child=present))
    assert list(child.template["resources"]) == names
    assert child.template["outputs"]["removed_rsrc_list"]["value"] == removed


def test_group_of_what_is_not_known_waits(make_call: CallMaker) -> None:
    with pytest.raises(NotKnownYet):
        GROUP.child(make_call(properties=group(UNKNOWN)))  # type: ignore[arg-type]


def test_what_members_do_not_know_yet_is_a_parameter(make_call: CallMaker) -> None:
    values = group(1, resource_def={"type": "OS::Heat::Value", "properties": {"value": [UNKNOWN, "%index%"]}})
    child = GROUP.child(make_call(properties=values))
    parsed, findings = template.load(child.template)
    assert parsed is not None and not findings.errors
    given = environment.Environment(parameters=dict(child.parameters))
    chosen, findings = parameters.ParameterValues.build(parsed, given)
    assert not findings.errors
    bound, findings = template.bind(parsed, chosen, stack=template.PseudoValues("id", "stack", "project"))
    assert not findings.errors
    assert bound.resources["0"].properties["value"] == [UNKNOWN, "0"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("refs",), ["id-2", "id-10"]),
        (("refs", 1), "id-10"),
        (("refs_map",), {"2": "id-2", "10": "id-10"}),
        (("refs_map", "2"), "id-2"),
        (("ip",), ["10.0.0.2", "10.0.0.10"]),
        (("map", "k"), ["2", "10"]),
        (("attributes", "ip"), {"2": "10.0.0.2", "10": "10.0.0.10"}),
        (("attributes", "map", "k"), {"2": "2", "10": "10"}),
        (("resource.2",), "id-2"),
        (("resource.2.ip",), "10.0.0.2"),
        (("resource.2", "map", "k"), "2"),
        (("resource.2.map", "k"), "2"),
        (("resource.3",), None),
        (("removed_rsrc_list",), ["0"]),
    ],
)
async def test_group_attributes(make_call: CallMaker, path: tuple[Any, ...], expected: Any) -> None:
    call = make_call(properties=group(2), child=contents("10", "2", removed=["0"]))
    assert await GROUP.attribute_path(call, path) == expected
    assert GROUP.has_attribute(str(path[0]))


TEMPLATE = """
heat_template_version: 2018-08-31
description: What it is for.
parameters:
  text: {type: string, default: x}
  count: {type: number, constraints: [{range: {min: 1}}]}
  words: {type: comma_delimited_list}
  data: {type: json}
  key: {type: string, hidden: true}
resources: {}
outputs:
  one: {value: 1}
"""


def template_resource() -> nested.TemplateResource:
    parsed, findings = template.load(TEMPLATE, source="my.yaml")
    assert parsed is not None and not findings.errors
    return nested.template_type("my.yaml", parsed)()


def test_a_template_makes_a_type() -> None:
    kind = template_resource()
    values, issues = checking.check(kind, {"count": "3", "words": "a,b", "data": '{"a": 1}'})
    assert issues == []
    assert values == {"count": 3, "words": ["a", "b"], "data": '{"a": 1}'}
    assert [one.path for one in checking.check(kind, {"count": 0, "wrods": "a"})[1]] == [("count",), ("wrods",)]
    assert kind.has_attribute("one") and not kind.has_attribute("two")


async def test_template_resource_hands_over_its_properties(make_call: CallMaker) -> None:
    kind = template_resource()
    child = kind.child(make_call(properties={"count": 3}))
    assert child.template == TEMPLATE
    assert child.parameters == {"count": 3}
    assert child.own_type == "my.yaml"


async def test_template_resource_is_known_by_arn_or_output(make_call: CallMaker) -> None:
    kind = template_resource()
    assert kind.reference(make_call(child=Contents())) == "arn:nested"
    assert kind.reference(make_call(child=Contents(outputs={"OS::stack_id": "server-1"}))) == "server-1"
    call = make_call(physical_id="some-id")
    assert kind.reference(call) == f"arn:openstack:heat::project:stacks/{call.physical_name}/some-id"
    call = make_call(child=Contents([Member("a", "id-a", {"b": [7]})], {"one": {"k": [1]}}))
    assert await kind.attribute_path(call, ("one", "k", 0)) == 1
    assert await kind.attribute_path(call, ("resource.a", "b", 0)) == 7
    assert await kind.attribute_path(call, ("missing",)) is None
