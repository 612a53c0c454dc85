import pathlib
import re

import pytest

from hearth.model.diagnostics import Findings
from hearth.template import environment, parameters, template

HERE = pathlib.Path(__file__).parent
STACK = template.PseudoValues("an-id", "a-name", "a-project")


def everything_found(text: str) -> tuple[template.Bound | None, Findings]:
    loaded, findings = template.load(text)
    if loaded is None:
        return None, findings
    values, more = parameters.ParameterValues.build(loaded, environment.Environment(), strict=False)
    bound, last = template.bind(loaded, values, stack=STACK)
    return bound, Findings([*findings, *more, *last])


@pytest.mark.parametrize("path", sorted((HERE / "bad").iterdir()), ids=lambda path: path.name)
def test_bad_template_gives_exactly_these_findings(path: pathlib.Path) -> None:
    text = path.read_text()
    expected = sorted(re.findall(r"^#! (\d+:\d+) (\w+) \| (.*)$", text, re.MULTILINE))
    _, findings = everything_found(text)
    found = sorted(
        (f"{one.place.line}:{one.place.column}", one.kind, f"{one.as_text()} {one.advice}") for one in findings
    )
    assert [one[:2] for one in found] == [one[:2] for one in expected], found
    for (place, _, text_found), (_, _, words) in zip(found, expected, strict=True):
        assert words in text_found, place


@pytest.mark.parametrize("path", sorted((HERE / "good").iterdir()), ids=lambda path: path.name)
def test_good_template_gives_no_findings(path: pathlib.Path) -> None:
    bound, findings = everything_found(path.read_text())
    assert [str(one) for one in findings] == []
    assert bound is not None


def test_what_a_template_says() -> None:
    loaded, _ = template.load((HERE / "good" / "everything.yaml").read_text(), source="main.yaml")
    assert loaded is not None
    assert (loaded.kind, loaded.version, loaded.rules.name) == ("hot", "wallaby", "2021-04-16")
    assert loaded.description.startswith("Uses every section")
    since = loaded.parameters["since"]
    assert (since.type, since.default, since.immutable, since.has_default) == ("string", "2014-10-16", True, True)
    assert loaded.parameters["env"].tags == ("a", "b")
    assert loaded.parameter_groups == [{"label": "only", "description": "group", "parameters": ["env"]}]
    assert loaded.raw["resources"]["more"]["properties"] == {"type": "string", "value": {"get_attr": ["base", "value"]}}


def test_what_is_bound() -> None:
    bound, _ = everything_found((HERE / "good" / "everything.yaml").read_text())
    assert bound is not None
    assert list(bound.resources) == ["base", "more", "adopted"]
    more = bound.resources["more"]
    assert more.depends_on == {"base"}
    assert more.requires == {"base"}
    assert template.attributes_used(more.properties) == {("base", ("value",))}
    assert (more.deletion_policy, more.update_policy) == ("Retain", {"a": 1})
    assert (more.place(("properties", "value")).line, more.place(("properties", "value")).column) == (19, 35)
    assert [(use.resource, use.path, use.place.line) for use in more.uses] == [("base", ("value",), 19)]
    adopted = bound.resources["adopted"]
    assert (adopted.external_id, adopted.deletion_policy) == ("abc", "Retain")
    assert (bound.outputs["absent"].enabled, bound.outputs["absent"].value) == (False, None)
    assert template.attributes_used(bound.outputs["shown"].value) == {("more", ("value",))}


def test_dependencies_in_branches_not_taken_do_not_count() -> None:
    bound, findings = everything_found(
        """
heat_template_version: 2018-08-31
parameters: {shared: {type: boolean, default: true}}
conditions: {shared: {get_param: shared}}
resources:
  a: {type: X}
  b: {type: X}
  c: {type: X, properties: {p: {if: [shared, {get_resource: a}, {get_attr: [b, x]}]}}}
"""
    )
    assert not findings
    assert bound is not None
    assert bound.resources["c"].requires == {"a"}
    assert template.attributes_used(bound.resources["c"].properties) == set()


def test_cloudformation_becomes_the_same_definitions() -> None:
    bound, _ = everything_found((HERE / "good" / "amazon.json").read_text())
    assert bound is not None
    assert bound.resources["Server"].properties == {"KeyName": "k", "X": 1}
    other = bound.resources["Other"]
    assert (other.requires, other.deletion_policy, other.metadata) == ({"Server"}, "Retain", {"m": "c"})
    # JSON has places too, found when somebody asks
    assert bound.resources["Server"].place(("properties", "X")).path_text() == "Resources.Server.Properties.X"
    assert template.attributes_used(bound.outputs["Ip"].value) == {("Server", ("PublicIp",))}


def test_an_object_is_a_template_without_positions() -> None:
    loaded, findings = template.load({"heat_template_version": "2018-08-31", "resources": {"a": {"typ": "X"}}})
    assert loaded is not None
    assert [(one.place.line, one.place.path_text()) for one in findings] == [(0, "resources.a.typ"), (0, "resources.a")]


def test_values_not_known_yet_are_unknown() -> None:
    loaded, _ = template.load(
        """
heat_template_version: 2018-08-31
parameters: {given: {type: string}}
resources:
  a:
    type: X
    properties: {id: {get_param: 'OS::stack_id'}, name: {list_join: ['-', [a, {get_param: given}]]}, rest: 1}
"""
    )
    assert loaded is not None
    values, _ = parameters.ParameterValues.build(loaded, environment.Environment(), strict=False)
    bound, findings = template.bind(loaded, values, stack=template.PseudoValues())
    assert not findings
    assert repr(bound.resources["a"].properties) == "{'id': UNKNOWN, 'name': UNKNOWN, 'rest': 1}"


def test_a_nested_template_sees_the_resource_it_stands_for() -> None:
    loaded, _ = template.load(
        """
heat_template_version: 2018-08-31
outputs:
  m: {value: {resource_facade: metadata}}
  d: {value: {resource_facade: deletion_policy}}
  u: {value: {resource_facade: update_policy}}
"""
    )
    assert loaded is not None
    values, _ = parameters.ParameterValues.build(loaded, environment.Environment())
    bound, findings = template.bind(loaded, values, stack=template.PseudoValues(resource_facade={"metadata": {"a": 1}}))
    assert not findings
    assert [bound.outputs[name].value for name in "mdu"] == [{"a": 1}, "Delete", {}]


def test_a_chain_of_conditions_may_be_long() -> None:
    conditions = {f"c{number}": {"not": f"c{number + 1}"} for number in range(4000)} | {"c4000": True}
    loaded, findings = template.load(
        {
            "heat_template_version": "2018-08-31",
            "conditions": conditions,
            "resources": {"on": {"type": "X", "condition": "c0"}, "off": {"type": "X", "condition": "c1"}},
        }
    )
    assert loaded is not None and not findings
    values, _ = parameters.ParameterValues.build(loaded, environment.Environment())
    bound, findings = template.bind(loaded, values, stack=STACK)
    assert not findings
    assert list(bound.resources) == ["on"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("get_parm", "get_param"),
        ("get_atr", "get_attr"),
        ("str_replac", "str_replace"),
        ("list_jion", "list_join"),
        ("my_map", None),
        ("get", None),
        ("network_id", None),
    ],
)
def test_a_function_with_a_typo_is_doubted(key: str, meant: str | None) -> None:
    _, findings = template.load(
        {"heat_template_version": "2021-04-16", "outputs": {"o": {"value": {"inside": {key: ["a"]}, "more": 1}}}}
    )
    assert not findings.errors
    assert [(one.place.path_text(), one.advice) for one in findings] == (
        [(f"outputs.o.value.inside.{key}", f"Did you mean {meant!r}?")] if meant else []
    )
