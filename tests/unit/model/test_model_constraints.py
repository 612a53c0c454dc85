import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.model import constraints, patterns
from hearth.model.constraints import AllowedPattern, AllowedValues, Custom, Length, Modulo, Range


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        (Length(1, 3), "abc"),
        (Length(min=1), [1]),
        (Length(max=1), {"a": 1}),
        (Range(1, 10), 1),
        (Range(max=10), -3.5),
        (Range(min=0.5), 0.5),
        (Modulo(2, 1), 7),
        (Modulo(-3, -1), -4),
        (AllowedValues(["a", "b"]), "a"),
        (AllowedValues(["a", "b"]), ["b", "a", "b"]),
        (AllowedValues([1, 2]), 1.0),
        (AllowedValues([["x"]]), [["x"]]),
        (AllowedPattern("[a-z]+"), "abc"),
        (Custom("nova.flavor"), "anything"),
    ],
)
def test_accepts(constraint: constraints.Constraint, value: Any) -> None:
    assert constraint.check(value) is None


@pytest.mark.parametrize(
    ("constraint", "value", "words"),
    [
        (Length(2, 3), "abcd", ["'abcd'", "4", "2", "3"]),
        (Length(max=1), {"a": 1, "b": 2}, ["2", "at most 1"]),
        (Length(1), 5, ["5", "no length"]),
        (Range(1, 10), 11, ["11", "1", "10"]),
        (Range(min=1), 0, ["0", "at least 1"]),
        (Range(1, 2), "1", ["'1'", "not a number"]),
        (Range(0, 2), True, ["True", "not a number"]),
        (Modulo(2, 1), 4, ["4", "2", "1"]),
        (Modulo(2), "x", ["'x'"]),
        (AllowedValues(["a", "b"]), "c", ["'c'", "'a'", "'b'"]),
        (AllowedValues(["a"]), ["a", "z"], ["'z'", "'a'"]),
        (AllowedValues([1]), True, ["True"]),
        (AllowedPattern("[a-z]+"), "abc1", ["'abc1'", "[a-z]+"]),
        (AllowedPattern("a"), 1, ["1", "not text"]),
    ],
)
def test_refuses_naming_value_and_limit(constraint: constraints.Constraint, value: Any, words: list[str]) -> None:
    problem = constraint.check(value)
    assert problem is not None
    for word in words:
        assert word in problem


@pytest.mark.parametrize(
    "constraint",
    [Length(9, description="Nine!"), Range(9, description="Nine!"), AllowedValues(["x"], "Nine!")],
)
def test_description_replaces_the_message(constraint: constraints.Constraint) -> None:
    value: Any = 1 if isinstance(constraint, Range) else "1"
    assert constraint.check(value) == "Nine!"


@pytest.mark.parametrize("constraint", [Length(9), AllowedValues(["x"]), AllowedPattern("x")])
def test_secrets_stay_out_of_messages(constraint: constraints.Constraint) -> None:
    problem = constraint.check("hunter2", secret=True)
    assert problem is not None
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("constraint", "wire"),
    [
        (Length(1, 3), {"length": {"min": 1, "max": 3}}),
        (Length(max=3), {"length": {"max": 3}}),
        (Range(1, description="one up"), {"range": {"min": 1}, "description": "one up"}),
        (Modulo(2, 1), {"modulo": {"step": 2, "offset": 1}}),
        (AllowedValues("ab"), {"allowed_values": ["a", "b"]}),
        (AllowedPattern("x+"), {"allowed_pattern": "x+"}),
        (Custom("nova.flavor"), {"custom_constraint": "nova.flavor"}),
    ],
)
def test_wire_form(constraint: constraints.Constraint, wire: dict[str, Any]) -> None:
    assert constraint.to_wire() == wire


@pytest.mark.parametrize("pattern", ["(", "*", "a" * 5000, "(?P<x"])
def test_unusable_patterns_say_so(pattern: str) -> None:
    with pytest.raises(ValueError, match="regular expression"):
        AllowedPattern(pattern)


HOSTILE = ["(a+)+b", "(a|a)*b", "(a|aa)+$x", "([a-z]+)*[0-9]", "(a?){30}a{30}b", "(.*a){40}b", "((?=a*a*a*b).)*c"]


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize("length", [30, 3000, 60_000, 70_000])
def test_hostile_patterns_end(pattern: str, length: int) -> None:
    assert AllowedPattern(pattern).check("a" * length) is not None


def test_a_back_reference_is_only_refused_where_it_could_stall() -> None:
    constraint = AllowedPattern(r"(a+)+\1")
    assert constraint.check("aaaa") is None
    assert "groupref" in str(constraint.check("a" * 5000))


PATTERNS = [
    "a+b",
    r"(a|b)*?[^a-z\d]x",
    r"(?=.*\d)(?=.*[a-z]).{2,4}",
    "(?i:a)b",
    ".a{2,3}",
    "[^x]+",
    "(?<!ab)c|abc",
    "(a|aa)+$",
    "^$",
    r"\bab\b.*",
    "(a?){3}a{3}",
    r"(?!ab)\w*",
    r"\Ba\B|b",
    "(?m)^a$\n^b$",
    "(?s).+",
    "(?:a*)*b?",
    "(?i)[^a]b",
    "a(?<=a)b*",
    r"\A\s*\Z",
    "(?a)\\w+\\W*",
    "[^\\S\n]*",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_automaton_agrees_with_the_library(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_MAX_BACKTRACKING", -1)
    ours, library = patterns.Pattern(pattern), re.compile(pattern)
    for length in range(5):
        for letters in itertools.product("abX1\n é", repeat=length):
            text = "".join(letters)
            assert ours.matches(text) is (library.fullmatch(text) is not None), text


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_as_pattern_ends_in_a_verdict(pattern: str, text: str) -> None:
    try:
        constraint = AllowedPattern(pattern)
    except ValueError:
        return
    assert constraint.check(text) in (None, constraint.check(text))
