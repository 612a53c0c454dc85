"""Checking values against declarations: conversion, defaults, older names, and what is reported."""

import math
from typing import Any

import pytest

from hearth.model.values import UNKNOWN
from hearth.resources import base, checking, checks, rules, schema
from hearth.resources.contract import Issue, Reference
from hearth.resources.schema import Property


@base.resource("Test::Thing")
class Thing(base.Base):
    """One property of every kind."""

    network = Property(str, refers="neutron.network")
    network_id = Property(str, moved_to="network", support=(("HIDDEN", "5.0.0"),))
    size = Property(int, default=3, minimum=1, maximum=10)
    factor = Property(float)
    on = Property(bool)
    words = Property(list, allowed=("a", "b"))
    anything = Property(object)
    address = Property(str, constraint="ip_addr")
    gateway = Property(str, null="")
    protocol = Property(str, allowed=(*range(256), "tcp"))
    password = Property(str, length=(None, 3), secret=True)
    parts = Property(
        list,
        items=Property(
            dict,
            fields={
                "name": Property(str, required=True),
                "flavor": Property(str, constraint="nova.flavor"),
                "mode": Property(str, default="fast"),
            },
        ),
    )
    new = Property(str, implemented=False)

    checks = (rules.at_most_one("factor", "on"),)


DEFAULTS = {"size": 3}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"size": "5"}, {"size": 5}),
        ({"size": 5.0}, {"size": 5}),
        ({"size": None}, {}),
        ({"factor": "1.5"}, {"factor": 1.5}),
        ({"factor": "2"}, {"factor": 2}),
        ({"on": "True"}, {"on": True}),
        ({"on": "false"}, {"on": False}),
        ({"network": 7}, {"network": "7"}),
        ({"network": True}, {"network": "True"}),
        ({"gateway": None}, {"gateway": ""}),
        ({"network_id": "n"}, {"network": "n"}),
        ({"network_id": "n", "network": None}, {"network": "n"}),
        ({"network_id": None}, {}),
        ({"protocol": "6"}, {"protocol": "6"}),
        ({"protocol": 6}, {"protocol": "6"}),
        ({"parts": [{"name": 1}]}, {"parts": [{"name": "1", "mode": "fast"}]}),
        ({"size": UNKNOWN, "words": ["a", UNKNOWN]}, {"size": UNKNOWN, "words": ["a", UNKNOWN]}),
        ({"network": Reference("net")}, {"network": Reference("net")}),
        ({"anything": {"a": [None]}}, {"anything": {"a": [None]}}),
    ],
)
def test_values_take_their_declared_form(given: dict[str, Any], expected: dict[str, Any]) -> None:
    values, issues = checking.check(Thing, given)
    assert issues == []
    assert values == {**DEFAULTS, **expected}


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"sise": 1}, ("sise",), "no property 'sise'"),
        ({"size": "x"}, ("size",), "'x' is not an integer"),
        ({"size": True}, ("size",), "True is not an integer"),
        ({"size": 11}, ("size",), "between 1 and 10"),
        ({"factor": "nan"}, ("factor",), "not a number"),
        ({"factor": "inf"}, ("factor",), "not a number"),
        ({"on": 1}, ("on",), "true or false"),
        ({"words": "a"}, ("words",), "not a list"),
        ({"words": ["a", "c"]}, ("words",), "'c' is not an allowed value"),
        ({"network": ["n"]}, ("network",), "not text"),
        ({"network": "a", "network_id": "b"}, ("network_id",), "both have a value"),
        ({"address": "1.2.3"}, ("address",), "not an IP address"),
        ({"protocol": "256"}, ("protocol",), "not an allowed value"),
        ({"parts": [{}]}, ("parts", 0), "'name' is required"),
        ({"parts": [{"name": "x", "nam": 1}]}, ("parts", 0, "nam"), "no property 'nam'"),
        ({"parts": ["x"]}, ("parts", 0), "not a map"),
        ({"new": "x"}, ("new",), "not implemented"),
    ],
)
def test_each_problem_is_reported_with_its_path(given: dict[str, Any], path: tuple[Any, ...], words: str) -> None:
    _, issues = checking.check(Thing, given)
    assert [issue.path for issue in issues] == [path]
    assert words in issues[0].message


def test_all_problems_are_reported_at_once() -> None:
    _, issues = checking.check(Thing, {"size": 0, "address": "x", "colour": "red", "parts": [{}, {}]})
    assert len(issues) == 5


def test_unknown_property_names_the_nearest_one() -> None:
    _, issues = checking.check(Thing, {"netwerk": "x"})
    assert "'network'" in issues[0].advice


def test_secrets_stay_out_of_messages() -> None:
    _, issues = checking.check(Thing, {"password": "hunter2"})
    assert "hunter2" not in issues[0].message


def test_defaults_are_not_shared() -> None:
    @base.resource("Test::Mutable")
    class Mutable(base.Base):
        things = Property(dict, default={})

    first, _ = checking.check(Mutable, {})
    first["things"]["x"] = 1
    assert checking.check(Mutable, {})[0] == {"things": {}}


def test_what_no_one_knows_yet_is_an_error_only_when_all_is_resolved() -> None:
    class Function:
        pass

    function = Function()
    assert checking.check(Thing, {"size": function}, known=False) == ({"size": function}, [])
    assert checking.check(Thing, {"size": function}, known=True)[1]


def test_lookups_name_what_the_cloud_must_be_asked() -> None:
    values, _ = checking.check(
        Thing,
        {
            "network": "net1",
            "address": "10.0.0.1",
            "parts": [{"name": "x", "flavor": "m1"}, {"name": "y", "flavor": UNKNOWN}],
        },
    )
    assert checking.lookups(Thing, values) == [
        checking.Lookup(("network",), "neutron.network", "net1", True),
        checking.Lookup(("parts", 0, "flavor"), "nova.flavor", "m1", False),
    ]


def test_declared_rules_are_run_by_validate() -> None:
    assert [*Thing().validate({"factor": 1.0})] == []
    issues = [*Thing().validate({"factor": 1.0, "on": True})]
    assert [issue.path for issue in issues] == [("on",)]


@pytest.mark.parametrize(
    ("rule", "values", "count"),
    [
        (rules.required_when("a", b=("x",)), {"b": "x"}, 1),
        (rules.required_when("a", b=("x",)), {"b": "y"}, 0),
        (rules.required_when("a", b=("x",)), {"b": UNKNOWN}, 0),
        (rules.required_when("a", b=("x",)), {"a": 1, "b": "x"}, 0),
        (rules.forbidden_when("a", b=("x",)), {"a": 1, "b": "x"}, 1),
        (rules.forbidden_when("a", b=("x",)), {"b": "x"}, 0),
        (rules.exactly_one("a", "b"), {}, 1),
        (rules.exactly_one("a", "b"), {"a": 1}, 0),
        (rules.exactly_one("a", "b"), {"a": 1, "b": 1}, 1),
        (rules.at_least_one("a", "b"), {}, 1),
        (rules.at_least_one("a", "b"), {"a": 1, "b": 2}, 0),
        (rules.together("a", "b"), {"a": 1}, 1),
        (rules.together("a", "b"), {"a": 1, "b": 1}, 0),
    ],
)
def test_rules(rule: rules.Rule, values: dict[str, Any], count: int) -> None:
    issues: list[Issue] = [*rule(values)]
    assert len(issues) == count


def test_schema_on_the_wire() -> None:
    wire = schema.property_to_wire(Thing.properties["parts"])
    assert wire["type"] == "list"
    inner = wire["schema"]["*"]["schema"]
    assert inner["mode"] == {
        "type": "string",
        "required": False,
        "update_allowed": False,
        "immutable": False,
        "default": "fast",
    }
    assert inner["flavor"]["constraints"] == [{"custom_constraint": "nova.flavor"}]
    assert schema.property_to_wire(Thing.properties["size"])["constraints"] == [{"range": {"min": 1, "max": 10}}]


def test_support_on_the_wire() -> None:
    assert schema.support_to_wire((("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2"))) == {
        "status": "HIDDEN",
        "message": None,
        "version": "5.0.0",
        "previous_status": {"status": "DEPRECATED", "message": None, "version": "2014.2", "previous_status": None},
    }


def test_number_is_never_infinite() -> None:
    values, _ = checking.check(Thing, {"factor": "1e3"})
    assert math.isfinite(values["factor"])


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ("fa:16:3e:00:00:01", True),
        ("FA-16-3E-00-00-01", True),
        ("fa:16-3e:00:00:01", False),
        ("fa:16:3e:00:00", False),
        ("fa:16:3e:00:00:0g", False),
        ("-fa:16:3e:00:00:01", False),
    ],
)
def test_mac_addresses_have_colons_or_hyphens(value: str, is_right: bool) -> None:
    assert (checks.mac_addr(value) is None) is is_right
