from typing import Any

import pytest

from hearth.template import environment, registry
from hearth.template.registry import Registry, Target


def parsed(text: Any, name: str = "env.yaml") -> environment.Environment:
    found, findings = environment.parse(text, name)
    assert not findings, [str(one) for one in findings]
    return found


@pytest.mark.parametrize("text", ["", "{}", "--- {}", None, {}])
def test_an_empty_environment(text: Any) -> None:
    assert parsed(text).to_wire() == {
        "parameters": {},
        "parameter_defaults": {},
        "resource_registry": {"resources": {}},
        "event_sinks": [],
        "encrypted_param_names": [],
    }


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("paramters: {}", "StackValidationFailed", "Did you mean 'parameters'?"),
        ("parameters:", "StackValidationFailed", "must be a map, not null"),
        ("parameters: [a]", "StackValidationFailed", "must be a map, not a list"),
        ("event_sinks: {}", "StackValidationFailed", "must be a list"),
        ("event_sinks: [{type: mail}]", "StackValidationFailed", "zaqar-queue"),
        ("just text", "StackValidationFailed", "map of sections"),
        ("a: [", "StackValidationFailed", "not valid YAML"),
        ("resource_registry: {'My::Type': {a: b}}", "StackValidationFailed", "'My::Type' must name a type"),
        ("resource_registry: {resources: [a]}", "StackValidationFailed", "map of resource names"),
        ("resource_registry: {resources: {a: {hooks: pre-create2}}}", "InvalidBreakPointHook", "'pre-create'"),
        ("resource_registry: {resources: {a: {b: {hooks: [x]}}}}", "InvalidBreakPointHook", "Known: post-create"),
        ("resource_registry: {resources: {a: {restricted_actions: delete}}}", "InvalidRestrictedAction", "'delete'"),
    ],
)
def test_wrong_environments(text: str, kind: str, words: str) -> None:
    _, findings = environment.parse(text, "env.yaml")
    (found,) = findings
    assert found.kind == kind
    assert words in f"{found.message} {found.advice}"
    assert found.place.line in (1, 2)


def test_dates_stay_text() -> None:
    assert parsed("parameters: {day: 2020-01-01}\n").to_wire()["parameters"] == {"day": "2020-01-01"}


STRATEGIES = "parameter_merge_strategies: {default: %s}\n"


@pytest.mark.parametrize(
    ("strategy", "type_name", "first", "second", "merged"),
    [
        ("overwrite", "json", {"a": 1}, {"b": 2}, {"b": 2}),
        ("merge", "json", {"a": {"x": 1}, "b": 1}, {"a": {"y": 2}}, {"a": {"y": 2}, "b": 1}),
        (
            "deep_merge",
            "json",
            {"a": {"x": 1}, "l": [1], "s": "p", "n": 1, "k": 1},
            {"a": {"y": 2}, "l": [2], "s": "q", "n": 3, "k": None},
            {"a": {"x": 1, "y": 2}, "l": [1, 2], "s": "pq", "n": 3, "k": 1},
        ),
        ("merge", "string", "a", "b", "ab"),
        ("merge", "comma_delimited_list", "a,b", "c", "a,b,c"),
        ("merge", "comma_delimited_list", ["a"], ["b"], ["a", "b"]),
    ],
)
def test_merge_strategies(strategy: str, type_name: str, first: Any, second: Any, merged: Any) -> None:
    files = [
        parsed({"parameters": {"p": value}, "parameter_merge_strategies": {"default": strategy}})
        for value in (first, second)
    ]
    found, findings = environment.merge(files, {"p": type_name})
    assert not findings
    assert found.parameters == {"p": merged}


@pytest.mark.parametrize(
    ("strategies", "kinds", "value"),
    [
        # a file without strategies overwrites; its word counts as the first use of the name
        ([None, None], [], "b"),
        ([{"p": "merge"}, {"p": "merge"}], [], "ab"),
        ([{"p": "merge"}, {"default": "overwrite"}], [], "ab"),
        ([None, {"default": "merge"}], [], "b"),
        ([None, {"p": "merge"}], ["ConflictingMergeStrategyForParam"], "ab"),
        ([{"p": "merge"}, None], ["ConflictingMergeStrategyForParam"], "b"),
        ([{"p": "nonsense"}, {"p": "nonsense"}], [], "b"),
    ],
)
def test_whose_strategy_counts(strategies: list[Any], kinds: list[str], value: str) -> None:
    files = [
        parsed({"parameters": {"p": given}} | ({"parameter_merge_strategies": one} if one else {}))
        for given, one in zip("ab", strategies, strict=True)
    ]
    found, findings = environment.merge(files, {"p": "string"})
    assert [one.kind for one in findings] == kinds
    assert found.parameters == {"p": value}


def test_numbers_cannot_be_merged() -> None:
    files = [parsed("parameters: {n: 1}\nparameter_merge_strategies: {n: merge}\n")] * 2
    _, findings = environment.merge(files, {"n": "number"})
    assert [one.kind for one in findings] == ["InvalidMergeStrategyForParam"]


def test_merged_files_keep_places_and_replace_resources() -> None:
    first = parsed(
        "parameters: {a: 1}\nresource_registry: {A: a.yaml, resources: {x: {hooks: pre-create}}}\n", "1.yaml"
    )
    second = parsed(
        "parameters:\n  b: 2\nresource_registry: {B: b.yaml, resources: {y: {hooks: pre-update}}}\n", "2.yaml"
    )
    merged, _ = environment.merge([first, second])
    assert str(merged.place("a")) == "1.yaml:1:14 parameters.a"
    assert str(merged.place("b")) == "2.yaml:2:3 parameters.b"
    assert merged.registry.to_wire() == {
        "A": "a.yaml",
        "B": "b.yaml",
        "resources": {"y": {"hooks": "pre-update"}},
    }


def test_a_patch_update_lays_the_new_over_the_stored() -> None:
    stored = parsed(
        {
            "parameters": {"a": 1, "b": 1},
            "resource_registry": {"A": "a.yaml", "Gone": "g.yaml", "resources": {"x": {"hooks": "pre-create"}}},
            "event_sinks": [{"type": "zaqar-queue", "target": "one"}],
        }
    )
    newer = parsed(
        {
            "parameters": {"b": 2},
            "resource_registry": {"Gone": None, "resources": {"y": {"hooks": "pre-update"}}},
            "event_sinks": [{"type": "zaqar-queue", "target": "two"}],
        }
    )
    both = stored.with_overlay(newer)
    assert both.parameters == {"a": 1, "b": 2}
    assert [sink["target"] for sink in both.event_sinks] == ["one", "two"]
    assert both.registry.to_wire() == {
        "A": "a.yaml",
        "resources": {"x": {"hooks": "pre-create"}, "y": {"hooks": "pre-update"}},
    }


KNOWN = {"OS::Neutron::Net", "OS::Neutron::FloatingIP", "OS::Nova::Server", "OS::Heat::None"}
OPERATOR = Registry({"OS::Quantum*": "OS::Neutron*", "Shared": "file:///shared.yaml", "Mine": "theirs.yaml"})


@pytest.mark.parametrize(
    ("entries", "asked", "resource", "target"),
    [
        ({}, "OS::Nova::Server", None, Target("OS::Nova::Server")),
        ({}, "No::Such", None, None),
        ({}, "nested.yaml", None, Target("nested.yaml", True)),
        ({}, "http://x/y.template", None, Target("http://x/y.template", True)),
        ({}, "nested.yml", None, None),
        ({}, "OS::Quantum::Net", None, Target("OS::Neutron::Net")),
        ({}, "Shared", None, Target("file:///shared.yaml", True, True)),
        ({"Mine": "mine.yaml"}, "Mine", None, Target("mine.yaml", True)),
        ({"Mine": None}, "Mine", None, Target("theirs.yaml", True, True)),
        ({"My::Net": "OS::Neutron::Net"}, "My::Net", None, Target("OS::Neutron::Net")),
        ({"A": "B", "B": "C", "C": "c.yaml"}, "A", None, Target("c.yaml", True)),
        ({"A": "B", "B": "A"}, "A", None, None),
        ({"OS::Nova::Server": "OS::Nova::Server"}, "OS::Nova::Server", None, Target("OS::Nova::Server")),
        (
            {"OS::Networking::*": "OS::Neutron::*"},
            "OS::Networking::FloatingIP",
            None,
            Target("OS::Neutron::FloatingIP"),
        ),
        ({"OS::*": "OS::Heat::None"}, "OS::Nova::Server", None, Target("OS::Heat::None")),
        ({"OS::*": "OS::Heat::None"}, "OS::Heat::None", None, Target("OS::Heat::None")),
        ({"OS::*": "OS::Heat::None", "OS::Nova::Server": "s.yaml"}, "OS::Nova::Server", None, Target("s.yaml", True)),
        ({"OS::Nova::Server": "No::Such"}, "OS::Nova::Server", None, Target("OS::Nova::Server")),
        (
            {"T": "t.yaml", "resources": {"db": {"T": "db.yaml"}, "d*": {"T": "d.yaml"}}},
            "T",
            "db",
            Target("db.yaml", True),
        ),
        ({"T": "t.yaml", "resources": {"db": {"T": "db.yaml"}}}, "T", "web", Target("t.yaml", True)),
    ],
)
def test_what_a_type_name_stands_for(
    entries: dict[str, Any], asked: str, resource: str | None, target: Target | None
) -> None:
    assert Registry(entries, OPERATOR).resolve(asked, resource, KNOWN.__contains__) == target


def test_a_null_wildcard_removes_all_entries_below_it() -> None:
    assert Registry({"A::B": "b.yaml", "A::C": "c.yaml", "A::*": None}).to_wire() == {"resources": {}}


def test_nested_stacks_get_their_part() -> None:
    whole = Registry(
        {
            "My::Nested": "nested.yaml",
            "My::Other": "other.yaml",
            "resources": {
                "nested": {"hooks": "pre-create", "inner": {"hooks": "pre-update"}},
                "nes*": {"inner": {"restricted_actions": "replace"}, "deep": {"deeper": {"hooks": "pre-delete"}}},
            },
        }
    )
    child = whole.for_child("nested", "nested.yaml")
    assert child.to_wire() == {
        "My::Other": "other.yaml",
        "resources": {
            "inner": {"restricted_actions": "replace", "hooks": "pre-update"},
            "deep": {"deeper": {"hooks": "pre-delete"}},
        },
    }
    assert child.for_child("deep").hooks("deeper") == {"pre-delete"}


def test_hooks_and_restrictions_match_by_pattern() -> None:
    found = Registry(
        {
            "resources": {
                "*_server": {"hooks": "pre-create"},
                "a_server": {"hooks": ["pre-update", "post-create"], "restricted_actions": ["update", "replace"]},
            }
        }
    )
    assert found.hooks("a_server") == {"pre-create", "pre-update", "post-create"}
    assert found.hooks("b_server") == {"pre-create"}
    assert found.hooks("B_SERVER") == frozenset()
    assert found.restricted_actions("a_server") == {"update", "replace"}
    assert registry.is_template_name("a.yaml")
