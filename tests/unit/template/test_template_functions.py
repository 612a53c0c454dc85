import re
from collections.abc import Mapping
from typing import Any

import pytest
from function_cases import CASES, CONDITIONS, PARAMETERS, Wrong

from hearth.model.diagnostics import Findings, Severity
from hearth.model.values import UNKNOWN
from hearth.template import environment, parameters, template

STACK = template.PseudoValues(stack_id="an-id", stack_name="a-name", project_id="a-project")


def bound(
    text: str | Mapping[str, Any],
    *,
    values: Mapping[str, Any] | None = None,
    stack: template.PseudoValues = STACK,
    files: Mapping[str, str] | None = None,
    doubts: bool = True,
) -> tuple[template.Bound, list[str]]:
    """The bound template and the texts of its errors; of its warnings too, with `doubts`."""
    loaded, findings = template.load(text, files=files or {})
    assert loaded is not None, [str(one) for one in findings]
    env, more = environment.parse({"parameters": dict(values or {})})
    chosen, still_more = parameters.ParameterValues.build(loaded, env)
    result, last = template.bind(loaded, chosen, stack=stack)
    everything = Findings([*findings, *more, *still_more, *last])
    return result, [f"{one.as_text()} {one.advice}" for one in everything if doubts or one.severity is Severity.ERROR]


def document(version: str, call: str) -> str:
    conditions = f"conditions:{CONDITIONS}" if version >= "2016-10-14" else ""
    return (
        f"heat_template_version: {version}\nparameters:{PARAMETERS}{conditions}\noutputs:\n  out:\n    value: {call}\n"
    )


@pytest.mark.parametrize(("version", "call", "expected"), CASES)
def test_call(version: str, call: str, expected: Any) -> None:
    files = {"the_file": "content of {get_param: text}"}
    result, errors = bound(document(version, call), files=files, doubts=isinstance(expected, Wrong))
    if isinstance(expected, Wrong):
        assert len(errors) == 1, errors
        assert re.search(re.escape(expected.words), errors[0])
        assert "outputs.out.value" in errors[0]
    else:
        assert errors == []
        assert result.outputs["out"].value == expected
        assert type(result.outputs["out"].value) is type(expected)


AWS = """
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Text: {Type: String, Default: hello}
  Zone: {Type: String, Default: b}
Mappings:
  Zones: {a: {name: north}, b: {name: south}}
Conditions:
  IsHello: !Equals [!Ref Text, hello]
  South: {Fn::Equals: [{Fn::FindInMap: [Zones, {Ref: Zone}, name]}, south]}
  Both: {Fn::And: [IsHello, {Fn::Not: [{Fn::Not: [South]}]}]}
Resources:
  Server: {Type: AWS::EC2::Instance}
Outputs:
  Out: {Value: %s}
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("!Ref Text", "hello"),
        ("!FindInMap [Zones, !Ref Zone, name]", "south"),
        ("{Fn::FindInMap: [Zones, c, name]}", Wrong("'c'")),
        ("{Fn::FindInMap: [Zones, c]}", Wrong("three")),
        ("!If [Both, 1, 2]", 1),
        ("{Fn::If: [{Fn::Or: [{Fn::Not: [South]}, {Fn::Not: [IsHello]}]}, 1, 2]}", 2),
        ("{Fn::If: [{Fn::Not: South}, 1, 2]}", Wrong("exactly one")),
        ("{Fn::If: [{Ref: Server}, 1, 2]}", Wrong("Server")),
        ("!Ref AWS::StackName", "a-name"),
        ("!Ref AWS::StackId", "arn:openstack:heat::a-project:stacks/a-name/an-id"),
        ("!Ref AWS::Region", "ap-southeast-1"),
        ("!Join [':', [a, !Select [0, [b]]]]", "a:b"),
        ("!Ref Nope", Wrong("Nope")),
        ("!GetAtt [Server]", Wrong("2")),
        ("!GetAtt Nope.x", Wrong("Nope")),
        ("{get_param: Text}", Wrong("heat_template_version")),
        ("{Fn::ResourceFacade: metadata}", Wrong("Metadata")),
    ],
)
def test_cloudformation_call(call: str, expected: Any) -> None:
    result, errors = bound(AWS % call, doubts=isinstance(expected, Wrong))
    if isinstance(expected, Wrong):
        assert errors
        assert any(expected.words in one for one in errors)
    else:
        assert (errors, result.outputs["Out"].value) == ([], expected)


class Resources:
    """A scope with one finished resource `a` and one that does not exist yet, `b`."""

    def reference(self, resource: str) -> Any:
        return "id-of-a" if resource == "a" else UNKNOWN

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        if resource != "a":
            return UNKNOWN
        value: Any = {"list": ["x", "y"], "name": "list", "map": {"k": [1]}, "number": 7}
        for step in path:
            value = value[step]
        return value


@pytest.mark.parametrize(
    ("version", "call", "expected"),
    [
        ("2018-08-31", "{get_resource: a}", "id-of-a"),
        ("2018-08-31", "{get_resource: b}", UNKNOWN),
        ("2018-08-31", "{get_resource: {get_param: which}}", "id-of-a"),
        ("2018-08-31", "{get_attr: [a, map, k, 0]}", 1),
        ("2013-05-23", "{get_attr: [a, map, k, 0]}", 1),
        ("2013-05-23", "{get_attr: [a, map, nope, 0]}", None),
        ("2013-05-23", "{get_attr: [a, list, '0']}", None),
        ("2018-08-31", "{get_attr: [a]}", {"list": ["x", "y"], "name": "list", "map": {"k": [1]}, "number": 7}),
        ("2018-08-31", "{get_attr: [a, {get_attr: [a, name]}]}", ["x", "y"]),
        ("2018-08-31", "{list_join: ['-', {get_attr: [a, list]}, [{get_resource: a}]]}", "x-y-id-of-a"),
        ("2018-08-31", "{list_join: ['-', {get_attr: [a, list]}, [{get_resource: b}]]}", UNKNOWN),
        ("2018-08-31", "[{get_resource: a}, {get_resource: b}]", ["id-of-a", UNKNOWN]),
        ("2018-08-31", "{get_param: [data, {get_attr: [a, name]}]}", "found"),
        ("2018-08-31", "{repeat: {template: v, for_each: {v: {get_attr: [a, list]}}}}", ["x", "y"]),
        ("2018-08-31", "{yaql: {expression: '$.data.len()', data: {get_attr: [a, list]}}}", 2),
        ("2018-08-31", "{str_replace: {template: 'is $n', params: {$n: {get_attr: [a, number]}}}}", "is 7"),
    ],
)
def test_what_waits_for_resources(version: str, call: str, expected: Any) -> None:
    result, errors = bound(
        f"""
heat_template_version: {version}
parameters: {{which: {{type: string, default: a}}, data: {{type: json, default: {{list: found}}}}}}
resources: {{a: {{type: X}}, b: {{type: X}}}}
outputs: {{out: {{value: {call}}}}}
"""
    )
    assert errors == []
    assert template.resolve(result.outputs["out"].value, Resources()) == expected


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("{list_join: ['-', [{get_attr: [a, number]}]]}", "list_join joins text, not a number"),
        ("{str_split: [',', {get_attr: [a, list]}]}", "text"),
        ("{digest: [{get_attr: [a, name]}, x]}", "digest algorithm"),
    ],
)
def test_errors_found_late_name_the_call(call: str, words: str) -> None:
    result, errors = bound(
        f"heat_template_version: 2018-08-31\nresources: {{a: {{type: X, properties: {{p: {call}}}}}}}\n"
    )
    assert errors == []
    with pytest.raises(template.FunctionError, match=words) as caught:
        template.resolve(result.resources["a"].properties, Resources())
    assert caught.value.path[:4] == ("resources", "a", "properties", "p")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("{get_attr: [a, [x]]}", "a key or an index, not a list"),
        ("{get_attr: [a, x, {k: v}]}", "a key or an index, not a map"),
        ("{get_attr: [a, 5]}", "the attribute of get_attr must be text"),
        ("{get_attr: [a, null]}", "the attribute of get_attr must be text"),
        ("{get_attr: [[a], x]}", "the resource of get_attr must be text"),
        ("{get_attr: a}", "must be a list"),
        ("{get_attr: []}", "at least 1"),
        ("{get_attr: [nope, x]}", "no resource named 'nope'"),
        ("{get_resource: [a]}", "must be text"),
        ("{get_resource: nope}", "no resource named 'nope'"),
    ],
)
@pytest.mark.parametrize("version", ["2018-08-31", "2015-10-15"])
def test_wrong_references(version: str, call: str, words: str) -> None:
    _, errors = bound(
        f"heat_template_version: {version}\nresources: {{a: {{type: X}}, b: {{type: X, properties: {{p: {call}}}}}}}\n"
    )
    assert len(errors) == 1
    assert words in errors[0]


@pytest.mark.parametrize(
    ("limits", "expression", "words"),
    [
        ((7, 10_000), "range(0, 8).toList()", "more than 7 items"),
        ((200, 500), "range(0, 100).toList()", "more than 500 bytes"),
    ],
)
def test_the_operator_limits_yaql(limits: tuple[int, int], expression: str, words: str) -> None:
    stack = template.PseudoValues(yaql_limits=limits)
    head = "heat_template_version: 2018-08-31\nresources: {a: {type: X}}\n"
    _, errors = bound(f"{head}outputs: {{now: {{value: {{yaql: {{expression: '{expression}'}}}}}}}}", stack=stack)
    assert len(errors) == 1
    assert words in errors[0]
    later = f"{{yaql: {{expression: '{expression}', data: {{get_attr: [a, list]}}}}}}"
    result, errors = bound(f"{head}outputs: {{later: {{value: {later}}}}}", stack=stack)
    assert errors == []
    with pytest.raises(template.FunctionError, match=words):
        template.resolve(result.outputs["later"].value, Resources())


def test_values_of_parameters_stay_out_of_function_errors() -> None:
    _, errors = bound(
        "heat_template_version: 2018-08-31\n"
        "parameters: {secret: {type: string, hidden: true}}\n"
        "outputs: {out: {value: {list_concat: [{get_param: secret}]}}, two: {value: {get_param: x}}}\n",
        values={"secret": "hunter2"},
    )
    assert len(errors) == 2
    assert not any("hunter2" in error for error in errors)


@pytest.mark.parametrize(
    "call",
    [
        "{repeat: {template: a%b%c%, for_each: {a: L, b: L, c: L}}}",
        "{str_replace: {template: {get_param: big}, params: {x: {get_param: big}}}}",
        "{list_join: [{get_param: big}, {str_split: [x, {get_param: big}]}]}",
        "{yaql: {expression: 'range(0,190).select(range(0,190).select(range(0,190).sum()).sum()).sum()'}}",
        '{yaql: {expression: \'regex("(a+)+b").matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")\'}}',
        "{yaql: {expression: '$.data =~ \"a*a*a*b\"', data: {list_join: [a, {str_split: ['', M]}]}}}",
        "{yaql: {expression: 'regex(\"a*a*a*b\").searchAll($.data)', data: M}}",
        "{yaql: {expression: 'regex(\"a*a*a*b\").replaceBy($.data, x)', data: M}}",
        "{yaql: {expression: 'range(0, 150).aggregate($1 * $1, 7)'}}",
        "{yaql: {expression: 'pow(9, 999999999)'}}",
    ],
)
def test_gigantic_results_are_refused(call: str) -> None:
    call = call.replace("L", str([f"i{n}" for n in range(60)])).replace("M", "a" * 2000)
    _, errors = bound(
        "heat_template_version: 2018-08-31\nparameters: {big: {type: string}}\n"
        + f"outputs: {{o: {{value: {call}}}}}\n",
        values={"big": "x" * 100_000},
    )
    assert len(errors) == 1


@pytest.mark.parametrize(
    "call",
    [
        "{list_join: ['', [{get_param: text}]]}",
        "{list_join: ['', [{get_param: data}]]}",
        "{list_concat: [{get_param: list}]}",
        "{list_concat_unique: [{get_param: list}]}",
        "{str_split: [x, {get_param: text}]}",
        "{str_replace: {template: ab, params: {a: {get_param: text}}}}",
        "{str_replace: {template: ab, params: {a: {get_param: data}}}}",
        "{repeat: {template: {a: []}, for_each: {i: {get_param: list}}}}",
        "{repeat: {template: i, for_each: {i: [{get_param: text}]}}}",
    ],
)
def test_many_calls_may_not_make_too_much_together(call: str) -> None:
    values = {"text": "x" * 5_000, "list": ["i"] * 500, "data": {f"k{number}": "x" for number in range(100)}}
    head = "heat_template_version: 2018-08-31\nparameters: {text: {type: string}, list: {type: comma_delimited_list}, "
    head += "data: {type: json}}\nresources:\n"
    for times, wrong in ((1, False), (100, True)):
        resources = "".join(f"  r{number}: {{type: X, properties: {{p: {call}}}}}\n" for number in range(times))
        stack = template.PseudoValues(allowance=template.Allowance(400_000))
        _, errors = bound(head + resources, values=values, stack=stack)
        assert bool(errors) is wrong
        assert all("400000 characters altogether" in error for error in errors)


def test_many_yaql_expressions_may_not_call_too_much_together() -> None:
    call = "{yaql: {expression: 'range(0, 190).select(range(0, 25).sum()).sum()'}}"
    outputs = "".join(f"  o{number}: {{value: {call}}}\n" for number in range(25))
    _, errors = bound(f"heat_template_version: 2018-08-31\noutputs:\n{outputs}")
    assert 0 < len(errors) < 25
    assert all("50000 calls altogether" in error for error in errors)
