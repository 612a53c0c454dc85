from typing import Any

import pytest

from hearth.model.values import UNKNOWN
from hearth.template import environment, parameters, template


def loaded(declarations: str) -> template.Template:
    found, findings = template.load(f"heat_template_version: 2018-08-31\nparameters:\n{declarations}")
    assert found is not None
    assert not findings, [str(one) for one in findings]
    return found


def one(declaration: str) -> template.ParameterSchema:
    return loaded(f"  p: {{{declaration}}}\n").parameters["p"]


@pytest.mark.parametrize(
    ("declaration", "given", "native"),
    [
        ("type: string", "a", "a"),
        ("type: string", 1, "1"),
        ("type: string", True, "True"),
        ("type: string", "", ""),
        ("type: number", "3", 3),
        ("type: number", "3.5", 3.5),
        ("type: number", "1e3", 1000.0),
        ("type: number", -2, -2),
        ("type: boolean", "Yes", True),
        ("type: boolean", "off", False),
        ("type: boolean", 1, True),
        ("type: boolean", False, False),
        ("type: comma_delimited_list", "a,b, c", ["a", "b", " c"]),
        ("type: comma_delimited_list", "", []),
        ("type: comma_delimited_list", ["a", 1], ["a", "1"]),
        ("type: json", {"a": 1}, {"a": 1}),
        ("type: json", '[1, "x"]', [1, "x"]),
        ("type: json", "", ""),
        ("type: string, constraints: [{allowed_values: [1, 2]}]", "1", "1"),
        ("type: boolean, constraints: [{allowed_values: ['on']}]", True, True),
        ("type: comma_delimited_list, constraints: [{allowed_values: [a, b]}]", "b,a", ["b", "a"]),
        ("type: json, constraints: [{length: {max: 1}}]", {"a": 1}, {"a": 1}),
    ],
)
def test_values_become_native(declaration: str, given: Any, native: Any) -> None:
    value, problems = one(declaration).check(given)
    assert problems == []
    assert (value, type(value)) == (native, type(native))


@pytest.mark.parametrize(
    ("declaration", "given", "words"),
    [
        ("type: string", ["a"], "is not text"),
        ("type: number", "x", "'x' is not a number"),
        ("type: number", True, "is not a number"),
        ("type: number", "nan", "is not a number"),
        ("type: number", "9" * 5000, "is not a number"),
        ("type: boolean", "maybe", "'maybe' is not a boolean"),
        ("type: comma_delimited_list", 5, "neither a list nor"),
        ("type: json", "{", "neither a map or list nor JSON"),
        ("type: json", "[" * 100_000, "neither a map or list nor JSON"),
        ("type: number, constraints: [{range: {max: 3}}]", "4", "4 is out of range"),
        ("type: number, constraints: [{modulo: {step: 2, offset: 1}}]", "4", "remainder 1"),
        ("type: comma_delimited_list, constraints: [{allowed_values: [a, b]}]", "b,c", "'c' is not an allowed value"),
        ("type: string, constraints: [{allowed_pattern: '[a-z]'}]", "ab", "does not match"),
        ("type: string, constraints: [{length: {min: 3}, description: too short}]", "ab", "too short"),
    ],
)
def test_wrong_values_are_explained(declaration: str, given: Any, words: str) -> None:
    _, problems = one(declaration).check(given)
    assert len(problems) == 1
    assert words in problems[0]


def test_hidden_values_are_never_shown() -> None:
    schema = one("type: number, hidden: true")
    _, problems = schema.check("hunter2")
    assert "hunter2" not in problems[0]


def build(
    declarations: str, env: dict[str, Any], *, strict: bool = True
) -> tuple[parameters.ParameterValues, list[tuple[str, str, str]]]:
    parsed, findings = environment.parse(env, "env.yaml")
    assert not findings
    values, found = parameters.ParameterValues.build(loaded(declarations), parsed, strict=strict)
    return values, [(one.kind, f"{one.message} {one.advice}", str(one.place)) for one in found]


DECLARED = """
  given: {type: string, default: template}
  defaulted: {type: string, default: template}
  own: {type: number, default: "4"}
  needed: {type: string}
"""


def test_the_nearest_value_wins() -> None:
    values, found = build(
        DECLARED,
        {
            "parameters": {"given": "user", "needed": "n"},
            "parameter_defaults": {"given": "default", "defaulted": "default", "unrelated": 1},
        },
    )
    assert found == []
    assert values.native() == {"given": "user", "defaulted": "default", "own": 4, "needed": "n"}


def test_missing_and_unknown_parameters() -> None:
    values, found = build(DECLARED, {"parameters": {"gven": 1, "own": None}})
    assert [kind for kind, _, _ in found] == ["UnknownUserParameter", "UserParameterMissing"]
    assert "(gven)" in found[0][1]
    assert "Did you mean 'given'?" in found[0][1]
    assert found[0][2] == "env.yaml parameters.gven"
    assert "(needed)" in found[1][1]
    assert values.value("needed") is UNKNOWN
    assert values.value("own") == 4


def test_neither_matters_when_not_strict() -> None:
    assert build(DECLARED, {"parameters": {"gven": 1}}, strict=False)[1] == []


def test_what_a_stack_shows() -> None:
    values, _ = build(
        """
  text: {type: string, default: x}
  number: {type: number, default: "3"}
  list: {type: comma_delimited_list, default: [a, b]}
  data: {type: json, default: {a: [1]}}
  word: {type: json, default: '"x"'}
  flag: {type: boolean, default: "on"}
  secret: {type: string, default: s, hidden: true}
""",
        {},
    )
    assert values.to_wire(parameters.PseudoValues("an-id", "a-name", "a-project")) == {
        "OS::stack_id": "an-id",
        "OS::stack_name": "a-name",
        "OS::project_id": "a-project",
        "text": "x",
        "number": "3",
        "list": "a,b",
        "data": '{"a": [1]}',
        "word": '"x"',
        "flag": "True",
        "secret": "******",
    }


def test_custom_constraints_are_left_to_the_caller() -> None:
    values, _ = build(
        """
  flavor: {type: string, default: m1.tiny, constraints: [{custom_constraint: nova.flavor}]}
  nets: {type: comma_delimited_list, constraints: [{custom_constraint: neutron.network}]}
""",
        {"parameters": {"nets": "a,b"}},
    )
    assert [(name, value, where().path_text()) for name, value, where in values.custom_checks()] == [
        ("nova.flavor", "m1.tiny", "parameters.flavor"),
        ("neutron.network", "a", "parameters.nets"),
        ("neutron.network", "b", "parameters.nets"),
    ]


def test_values_not_known_yet_pass_unchecked() -> None:
    parsed = environment.Environment(parameters={"p": UNKNOWN})
    found = loaded("  p: {type: number, constraints: [{range: {max: 3}}]}\n")
    values, findings = parameters.ParameterValues.build(found, parsed)
    assert not findings
    assert values.value("p") is UNKNOWN
    assert values.to_wire() == {}
