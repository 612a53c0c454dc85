import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.model.errors import Invalid
from hearth.template import environment, parameters, source, template
from hearth.template.source import Limits


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 1\nb: [x, 2.5, true, null, ~, yes, 'yes', 0o7, 010, 0x1f, 1_000]", None),
        ("a: 2013-05-23", {"a": "2013-05-23"}),
        ("a: 2001-12-14t21:59:43.10-05:00", {"a": "2001-12-14t21:59:43.10-05:00"}),
        ("a: =", {"a": "="}),
        ("a: !!str 1\nb: !!int '2'", {"a": "1", "b": 2}),
        ("a: 1:30\nb: 0b11\nc: 1e3\nd: 1.0e+3", {"a": 90, "b": 3, "c": "1e3", "d": 1000.0}),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
        ("a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}", {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}),
        ("a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {k: 0, <<: [*x, *y]}", None),
        ("a: !Ref x\nb: !GetAtt r.a.b\nc: !Join [',', [!Sub2x]]", Invalid),
        ("a: !GetAtt r.a.b\nb: !If [c, 1, 2]", {"a": {"Fn::GetAtt": ["r", "a.b"]}, "b": {"Fn::If": ["c", 1, 2]}}),
        ('{"a": [1, 2.5, true, null, "\\u00e9"]}', {"a": [1, 2.5, True, None, "é"]}),
        ('{\n\t"a": 1\n}', {"a": 1}),
        ("{a: 1}", {"a": 1}),
        ("", None),
        ("text", "text"),
    ],
)
def test_reads_what_the_usual_loader_reads(text: str, data: Any) -> None:
    if data is Invalid:
        with pytest.raises(Invalid):
            source.parse(text)
        return
    found, _ = source.parse(text)
    assert found == (usual(text) if data is None else data)


def usual(text: str) -> Any:
    return yaml.safe_load(text)


def bomb(levels: int, width: int = 9) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (bomb(12), "more than 300000 values"),
        ("[" * 5000, "nested deeper than 100"),
        ("{" * 5000, "nested deeper than 100"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "nested deeper than 100"),
        ("- " * 5000, "nested deeper than 100"),
        ("a: &x [*x]", "inside of what it repeats"),
        ("x" * 600_000, "600000 bytes; the limit is 524288"),
        ("é" * 300_000, "600000 bytes"),
        ("a: " + "9" * 5000, "number of 5000 characters"),
        ('{"a": ' + "9" * 5000 + "}", "number of 5000 characters"),
        ("a: 0x" + "f" * 5000, "number of 5002 characters"),
        ("a: [" + "*b," * 20 + "]", "no anchor"),
        ("a: &a x\nb: [" + "*a," * 10_001 + "]", "10000 aliases"),
        ("[" + "1," * 300_001 + "]", "524288"),
        ("[" + "1,x," * 100_000, "not valid YAML"),
        ("a: 1\na: 2", "stands twice"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("1: a", "must be text"),
        ("[a]: b", "a list or map"),
        ("{a: b}: c", "a list or map"),
        ("a: !!python/name:os.system x", "not allowed"),
        ("a: !!binary aGk=", "not allowed"),
        ("a: !!set {x}", "not allowed"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a\x00b", "not valid YAML"),
        ("\ud800", "half a character"),
        ('a: "\\ud800"', "not valid YAML"),
        ('{"a": "\\ud800"}', "half a character"),
        ("<<: 1", "merge key"),
        ("a:\n\t- b", "not valid YAML"),
        ("%YAML 9.9\n---\na: 1", "not valid YAML"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_could_hurt_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        source.parse(text)
    assert words in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1: 2}, "must be text"),
        ({"a": {("b",): 1}}, "must be text"),
        ({"a": object()}, "object"),
        ({"a": b"x"}, "bytes"),
        ({"a": "\ud800"}, "half a character"),
        ({"\ud800": 1}, "half a character"),
    ],
)
def test_wrong_objects(value: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        source.parse(value)


def test_a_deep_object_is_refused() -> None:
    value: Any = {}
    for _ in range(5000):
        value = {"a": [value]}
    with pytest.raises(Invalid, match="deeper"):
        source.parse(value)


def test_limits_are_the_callers() -> None:
    assert source.parse("x" * 600_000, limits=Limits(bytes=1_000_000))[0]
    with pytest.raises(Invalid, match="deeper than 2"):
        source.parse("a: {b: {c: {d: 1}}}", limits=Limits(depth=2))


YAML = """\
first: 1
second:
  list:
    - a
    - b: &shared {deep: x}
  "quoted key": *shared
merged: {<<: *shared, own: 2}
"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("second",), 2, 1),
        (("second", "list", 1), 5, 7),
        (("second", "list", 1, "b", "deep"), 5, 19),
        (("second", "quoted key"), 6, 3),
        (("second", "quoted key", "deep"), 5, 19),
        (("merged", "deep"), 5, 19),
        (("merged", "own"), 7, 23),
        (("second", "list", 9), 3, 3),
        (("second", "list", "x", "y"), 3, 3),
        (("nope", "deeper"), 1, 1),
    ],
)
def test_places(path: tuple[str | int, ...], line: int, column: int) -> None:
    _, origin = source.parse(YAML, "file.yaml")
    place = origin.place(path)
    assert (place.source, place.line, place.column, place.path) == ("file.yaml", line, column, path)


CALLS = """\
parts: !Join
  - ','
  - [!GetAtt server.ip, !Ref name]
both: {<<: [&one {a: 1, c: {d: 2}}, &two {a: 3, b: [x, y]}], c: {e: 4}}
again:
  - *one
  - *two
  - {<<: *one, <<: *two}
"""


@pytest.mark.parametrize(
    ("path", "line", "there"),
    [
        (("parts", "Fn::Join"), 1, "!Join"),
        (("parts", "Fn::Join", 1, 0), 3, "!GetAtt"),
        (("parts", "Fn::Join", 1, 0, "Fn::GetAtt", 1), 3, "!GetAtt"),
        (("parts", "Fn::Join", 1, 1, "Ref"), 3, "!Ref"),
        (("both", "a"), 4, "a: 1"),
        (("both", "b", 1), 4, "y]"),
        (("both", "c", "e"), 4, "e: 4"),
        (("again", 0, "c", "d"), 4, "d: 2"),
        (("again", 1, "b", 0), 4, "x, y"),
        (("again", 2, "b", 1), 4, "y]"),
        (("again", 2, "c", "d"), 4, "d: 2"),
    ],
)
def test_places_in_calls_and_merged_maps(path: tuple[str | int, ...], line: int, there: str) -> None:
    _, origin = source.parse(CALLS)
    place = origin.place(path)
    assert place.line == line
    assert origin.lines[line - 1][place.column - 1 :].startswith(there)


def test_places_in_a_wide_map() -> None:
    _, origin = source.parse("".join(f"k{number}: {{inner: [a, b]}}\n" for number in range(1000)))
    places = [origin.place((f"k{number}", "inner", 1)) for number in (0, 31, 32, 33, 999)]
    assert [place.line for place in places] == [1, 32, 33, 34, 1000]
    assert origin.place(("missing",)).line == origin.place((7,)).line == 1


def test_every_key_that_stands_twice_is_told() -> None:
    with pytest.raises(Invalid) as caught:
        source.parse("a: 1\nb: 2\na: {x: 1}\na: 4\nb: 5\n<<: {c: 1}")
    assert [one.message for one in caught.value.diagnostics] == [
        "key 'a' stands twice in this map, first in line 1",
        "key 'a' stands twice in this map, first in line 3",
        "key 'b' stands twice in this map, first in line 2",
    ]


def test_json_has_places_when_it_can_be_read_as_yaml() -> None:
    _, origin = source.parse('{\n  "a": {\n    "b": 1}}')
    assert (origin.place(("a", "b")).line, origin.place(("a", "b")).column) == (3, 5)
    assert origin.lines[2] == '    "b": 1}}'


# --- whatever comes in, only diagnostics come out --------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "heat_template_version: 2018-08-31\n",
        "resources:\n",
        "  a:\n    type: X\n    properties: ",
        "outputs: {o: {value: ",
        "parameters: {p: {type: number, default: ",
        "conditions: {c: ",
        "{get_param: ",
        "{if: [c, ",
        "{repeat: {template: x, for_each: ",
        "{list_join: [',', ",
        "{str_replace: {template: a, params: ",
        "&a ",
        "*a",
        "<<: ",
        "!Ref ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "- ",
        "\n",
        "  ",
        "'",
        '"',
        "|\n",
        "1",
        "null",
        "x",
        "é",
        "\ud83d",
        "\x07",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))

NAMES = st.sampled_from(
    """
    get_param get_resource get_attr get_file str_replace list_join repeat digest str_split map_merge map_replace yaql
    if filter contains make_url list_concat list_concat_unique str_replace_strict equals and or not template params
    for_each keys values expression data permutations Ref Fn::Join Fn::If Fn::Select Fn::FindInMap Fn::GetAtt type
    default constraints properties metadata depends_on condition value description range min
    """.split()  # noqa: SIM905 (shorter to read)
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.sampled_from(["", "p", "r", "c", "$.data", "md5", "x-y", "string", "json", "X", "-"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)


def used_up(text_or_object: Any) -> None:
    """Everything a caller may do with a template."""
    loaded, findings = template.load(text_or_object)
    for found in findings:
        json.dumps(found.to_wire())
    if loaded is None:
        return
    json.dumps(loaded.raw)
    for strict in (True, False):
        values, _ = parameters.ParameterValues.build(loaded, environment.Environment(), strict=strict)
        values.to_wire()
        bound, found_late = template.bind(loaded, values, stack=template.PseudoValues("i", "n", "p"))
        for one in found_late:
            assert one.place.source == "template"
        for resource in bound.resources.values():
            resolved_or_refused((resource.properties, resource.metadata, resource.update_policy))
        for output in bound.outputs.values():
            resolved_or_refused((output.value,))


class Anything:
    def reference(self, resource: str) -> Any:
        return resource

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        return {"a": [1, "b", None]}


def resolved_or_refused(trees: tuple[Any, ...]) -> None:
    for tree in trees:
        template.attributes_used(tree)
        try:
            template.resolve(tree, Anything())
        except template.FunctionError as error:
            assert error.path


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_gives_diagnostics_or_a_template(text: str) -> None:
    used_up(text)
    environment.parse(text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["2013-05-23", "2016-10-14", "2021-04-16"]),
    VALUES,
    VALUES,
    VALUES,
    st.dictionaries(NAMES, VALUES, max_size=4),
)
def test_any_values_in_a_template_give_diagnostics(
    version: str, first: Any, second: Any, third: Any, resource: dict[str, Any]
) -> None:
    used_up(
        {
            "heat_template_version": version,
            "parameters": {"p": {"type": "json", "default": first}, "q": second},
            "conditions": {"c": second, "d": third},
            "resources": {"r": {"type": "X", "properties": {"p": third}, "condition": "c"}, "s": resource},
            "outputs": {"o": {"value": first}, "u": {"value": {"list_join": [",", {"get_attr": ["r", third]}]}}},
        }
    )


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES, VALUES)
def test_any_values_in_a_cloudformation_template_give_diagnostics(first: Any, second: Any, third: Any) -> None:
    used_up(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": {"p": {"Type": "Json", "Default": first}, "q": second},
            "Mappings": {"m": first},
            "Conditions": {"c": second, "d": third},
            "Resources": {"r": {"Type": "X", "Properties": {"p": third}, "Condition": "c"}},
            "Outputs": {"o": {"Value": first}, "u": third},
        }
    )


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES | st.sampled_from(["parameters", "resource_registry", "resources", "hooks"]), VALUES))
def test_any_environment_gives_diagnostics(value: dict[str, Any]) -> None:
    for given_value in (value, {"resource_registry": value}, {"parameters": value, "event_sinks": [value]}):
        found, findings = environment.parse(given_value)
        json.dumps(found.to_wire())
        if not findings:
            found.registry.resolve("p", "r")
            found.registry.hooks("r")
            found.registry.for_child("r", "p")
