import pytest

from hearth.template import describe, environment, parameters, template, versions


def test_versions_are_listed_cloudformation_first() -> None:
    listed = versions.listed_versions()
    assert [one["version"] for one in listed[:3]] == [
        "AWSTemplateFormatVersion.2010-09-09",
        "HeatTemplateFormatVersion.2012-12-12",
        "heat_template_version.2013-05-23",
    ]
    assert listed[-1] == {
        "version": "heat_template_version.2021-04-16",
        "type": "hot",
        "aliases": ["heat_template_version.wallaby"],
    }
    assert len(listed) == 13


@pytest.mark.parametrize(
    ("version", "with_conditions", "has", "has_not"),
    [
        ("heat_template_version.2013-05-23", False, "Fn::Join", "repeat"),
        ("heat_template_version.2014-10-16", False, "Fn::Select", "Fn::Join"),
        ("heat_template_version.rocky", False, "make_url", "equals"),
        ("heat_template_version.rocky", True, "equals", "Fn::If"),
        ("AWSTemplateFormatVersion.2010-09-09", True, "Fn::And", "get_param"),
        ("AWSTemplateFormatVersion.2010-09-09", False, "Fn::If", "Fn::And"),
    ],
)
def test_functions_of_a_version(version: str, with_conditions: bool, has: str, has_not: str) -> None:
    listed = versions.listed_functions(version, with_conditions)
    assert listed is not None
    described = {one["functions"]: one["description"] for one in listed}
    assert described[has]
    assert has_not not in described


def test_every_function_is_described() -> None:
    for version in versions.VERSIONS:
        assert all(one["description"] for one in versions.listed_functions(str(version), True) or ())


def test_an_unknown_version_has_no_functions() -> None:
    assert versions.listed_functions("heat_template_version.2000-01-01") is None
    assert versions.listed_functions("nonsense") is None


def test_a_template_described() -> None:
    loaded, _ = template.load(
        """
heat_template_version: 2018-08-31
parameters:
  n:
    type: number
    default: "3"
    label: N
    constraints:
      - {range: {min: 1, max: 5}, description: small}
      - {modulo: {step: 2, offset: 1}, description: odd}
  names: {type: comma_delimited_list, default: "a, b", tags: [x], hidden: true}
  text:
    type: string
    description: any
    constraints: [{length: {min: 1}}, {allowed_pattern: "[a-z]+"}, {allowed_values: [a]}, {custom_constraint: x.y}]
  flag: {type: boolean}
parameter_groups: [{label: g, parameters: [n]}]
"""
    )
    assert loaded is not None
    env, _ = environment.parse({"parameters": {"text": "a"}, "parameter_defaults": {"flag": "yes"}})
    assert describe.describe(loaded, env) == {
        "Description": "No description",
        "Parameters": {
            "n": {
                "Type": "Number",
                "Description": "",
                "NoEcho": "false",
                "Label": "N",
                "Default": "3",
                "MinValue": 1,
                "MaxValue": 5,
                "Step": 2,
                "Offset": 1,
                "ConstraintDescription": "small odd",
            },
            "names": {
                "Type": "CommaDelimitedList",
                "Description": "",
                "NoEcho": "true",
                "Label": "names",
                "Default": "a, b",
                "Tags": ["x"],
            },
            "text": {
                "Type": "String",
                "Description": "any",
                "NoEcho": "false",
                "Label": "text",
                "Value": "a",
                "MinLength": 1,
                "AllowedPattern": "[a-z]+",
                "AllowedValues": ["a"],
                "CustomConstraint": "x.y",
            },
            "flag": {"Type": "Boolean", "Description": "", "NoEcho": "false", "Label": "flag", "Default": "yes"},
        },
        "ParameterGroups": [{"label": "g", "parameters": ["n"]}],
        "Environment": {
            "resource_registry": {"resources": {}},
            "parameters": {"text": "a"},
            "parameter_defaults": {"flag": "yes"},
            "event_sinks": [],
        },
    }


@pytest.mark.parametrize(
    ("parameter", "shown"),
    [
        ("{type: string, constraints: [{allowed_values: [log, off, 1]}]}", {"AllowedValues": ["log", False, 1]}),
        ("{type: number, constraints: [{allowed_values: ['1', 2]}]}", {"AllowedValues": ["1", 2]}),
        ("{type: boolean, constraints: [{allowed_values: ['yes']}]}", {"AllowedValues": ["yes"]}),
        (
            "{type: string, constraints: [{length: {min: 1}, description: x}, {length: {max: 3}, description: x}]}",
            {"MinLength": 1, "MaxLength": 3, "ConstraintDescription": "x x"},
        ),
    ],
)
def test_constraints_are_shown_as_written(parameter: str, shown: dict[str, object]) -> None:
    loaded, _ = template.load(f"heat_template_version: 2018-08-31\nparameters: {{p: {parameter}}}\n")
    assert loaded is not None
    described = describe.describe(loaded, environment.Environment())["Parameters"]["p"]
    assert {key: value for key, value in described.items() if key in shown} == shown


def test_a_declared_pseudo_parameter_is_the_templates_own_and_not_asked_for() -> None:
    loaded, _ = template.load(
        "heat_template_version: 2018-08-31\nparameters: {'OS::stack_name': {type: string, default: x}}\n"
        "outputs: {o: {value: {get_param: 'OS::stack_name'}}}\n"
    )
    assert loaded is not None
    values, _ = parameters.ParameterValues.build(loaded, environment.Environment())
    bound, findings = template.bind(loaded, values, stack=template.PseudoValues(stack_name="y"))
    assert not findings
    assert bound.outputs["o"].value == "x"
    assert describe.describe(loaded, environment.Environment())["Parameters"] == {}
