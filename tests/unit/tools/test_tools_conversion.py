"""CloudFormation to HOT: the converted template gives the same values, and what is lost is said."""

from typing import Any

import pytest

from hearth.model.values import UNKNOWN
from hearth.template import environment as environments
from hearth.template import parameters as template_parameters
from hearth.template import template as templates
from hearth.tools import conversion

HEAD = """\
AWSTemplateFormatVersion: 2010-09-09
Description: A test
Parameters:
  Size: {Type: String, Default: small, AllowedValues: [small, large], ConstraintDescription: pick one}
  Count: {Type: Number, Default: "2", MinValue: "1", MaxValue: "9"}
  Names: {Type: CommaDelimitedList, Default: "a,b,c"}
  Secret: {Type: String, Default: hush, NoEcho: "true"}
Mappings:
  Sizes:
    small: {length: 8}
    large: {length: 64}
Conditions:
  Large: {"Fn::Equals": [{Ref: Size}, large]}
  NotLarge: {"Fn::Not": [Large]}
  Either: {"Fn::Or": [Large, {"Fn::Equals": [{Ref: Count}, 2]}]}
Resources:
  Base: {Type: "OS::Heat::RandomString", DeletionPolicy: Retain, Metadata: {a: {Ref: Size}}}
  Only: {Type: "OS::Heat::None", Condition: Large, DependsOn: Base}
Outputs:
  Out:
    Description: It
    Value: %s
"""

VALUES = {
    "parameter": "{Ref: Size}",
    "list": "{Ref: Names}",
    "reference": "{Ref: Base}",
    "stack name": '{Ref: "AWS::StackName"}',
    "attribute": '{"Fn::GetAtt": [Base, value]}',
    "attribute in one word": "!GetAtt Base.value",
    "join": '{"Fn::Join": ["-", [a, {Ref: Size}, {Ref: Secret}]]}',
    "join of a list": '{"Fn::Join": [",", {Ref: Names}]}',
    "split": '{"Fn::Split": [",", "a,b"]}',
    "select of a parameter": '{"Fn::Select": [1, {Ref: Names}]}',
    "select of literals": '{"Fn::Select": ["1", [x, {Ref: Size}]]}',
    "select of split": '{"Fn::Select": [1, {"Fn::Split": ["-", "x-y"]}]}',
    "select of anything": '{"Fn::Select": [1, {"Fn::If": [Large, {Ref: Names}, [k, l]]}]}',
    "select of a map": '{"Fn::Select": [k, {k: v}]}',
    "mapping": '{"Fn::FindInMap": [Sizes, {Ref: Size}, length]}',
    "choice": '{"Fn::If": [NotLarge, {Ref: Size}, no]}',
    "choice of or": '{"Fn::If": [Either, yes, no]}',
    "replacement": '{"Fn::Replace": [{"$a": {Ref: Size}}, "is $a"]}',
    "encoding": '{"Fn::Base64": {"Fn::Join": ["\\n", ["#!/bin/sh", "echo"]]}}',
    "plain data": '{a: [1, 2.5, true, null, "2012-01-01", "yes", "a: b"]}',
}


class Names:
    """Resources give their own names."""

    def reference(self, resource: str) -> Any:
        return f"ref {resource}"

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        return f"{path} of {resource}"


def output(text: str, **given: Any) -> tuple[Any, list[str]]:
    """The value of the output of a template, and its enabled resources."""
    template, findings = templates.load(text)
    assert template is not None
    assert [str(one) for one in findings.errors] == []
    environment = environments.Environment(parameters=given)
    values, problems = template_parameters.ParameterValues.build(template, environment)
    assert not problems.errors
    stack = template_parameters.PseudoValues(stack_name="web", stack_id="1", project_id="p")
    bound, problems = templates.bind(template, values, stack=stack)
    assert [str(one) for one in problems] == []
    value = templates.resolve(bound.outputs["Out"].value, Names())
    assert value is not UNKNOWN
    return value, list(bound.resources)


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_are_the_same(value: str, size: str) -> None:
    original = HEAD % value
    template, _ = templates.load(original)
    assert template is not None
    converted, notes = conversion.convert(template)
    assert list(notes) == []
    assert output(converted, Size=size) == output(original, Size=size)


def test_definitions_keep_what_they_say() -> None:
    template, _ = templates.load(HEAD % "x")
    assert template is not None
    converted, findings = templates.load(conversion.convert(template)[0])
    assert converted is not None
    assert not findings.errors
    assert converted.description == "A test"
    assert converted.parameters["Secret"].hidden
    assert converted.parameters["Count"].check(10)[1]
    assert converted.parameters["Size"].check("medium")[1] == ["pick one"]
    assert converted.resources["Base"].deletion_policy == "Retain"
    assert converted.resources["Only"].depends_on == ("Base",)
    assert converted.outputs["Out"].description == "It"


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ('{"Ref": "AWS::Region"}', "aws_region"),
        ('{"Fn::GetAZs": ""}', "availability_zones"),
        ('{"Fn::MemberListToMap": [a, b, [".member.0.a=x", ".member.0.b=y"]]}', "Fn::MemberListToMap"),
        ('{"Fn::FindInMap": [{Ref: Size}, a, b]}', "Fn::FindInMap"),
        ('{"Fn::Sub": "x"}', "Fn::Sub"),
    ],
)
def test_what_is_lost_is_said_with_its_place(value: str, note: str) -> None:
    template, _ = templates.load(HEAD % value)
    assert template is not None
    _, notes = conversion.convert(template)
    (found,) = notes
    assert note in found.message
    assert found.place.line == 22


def test_branches_that_vanish() -> None:
    text = HEAD % '[{"Fn::If": [Large, x, {Ref: "AWS::NoValue"}]}, {"Fn::If": [Large, {Ref: "AWS::NoValue"}, y]}]'
    template, _ = templates.load(text)
    assert template is not None
    converted, notes = conversion.convert(template)
    assert not notes
    assert output(converted, Size="large")[0] == ["x"]
    assert output(converted, Size="small")[0] == ["y"]


def test_names_of_mappings_give_way_to_others() -> None:
    text = (HEAD % '{"Fn::FindInMap": [Sizes, small, length]}').replace("Only:", "Sizes:")
    template, _ = templates.load(text)
    assert template is not None
    assert output(conversion.convert(template)[0])[0] == 8


def test_hot_is_not_converted() -> None:
    template, _ = templates.load("heat_template_version: 2021-04-16\nresources: {}\n")
    assert template is not None
    with pytest.raises(ValueError, match="HOT template already"):
        conversion.convert(template)
