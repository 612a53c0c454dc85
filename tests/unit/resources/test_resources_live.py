"""Reading the actual values of properties, and comparing them by what they mean."""

from typing import Any

import pytest

from hearth.resources import live, registry, schema
from hearth.resources.contract import Call
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import ABSENT, NEVER_SHOWN, Property, Unseen

TYPES = registry.TypeRegistry()
ADDRESS = Property(str, constraint="ip_addr")
ROUTE = Property(
    dict,
    fields={
        "to": Property(str, wire="destination", constraint="net_cidr"),
        "via": Property(str, wire="nexthop", constraint="ip_addr"),
    },
)


@pytest.mark.parametrize(
    ("declared", "expected", "actual", "is_same"),
    [
        (Property(str), "a", "a", True),
        (Property(str), "a", "A", False),
        (Property(str), "", None, True),
        (Property(str), "1.10", "1.1", False),
        (Property(str), "6", 6, True),
        (Property(int), 4, "4", True),
        (Property(int), 4, 5, False),
        (Property(float), 1.0, 1, True),
        (Property(bool), True, "True", True),
        (Property(bool), False, True, False),
        (ADDRESS, "2001:db8::1", "2001:DB8:0::1", True),
        (ADDRESS, "10.0.0.1", "10.0.0.2", False),
        (ADDRESS, "10.0.0.1", None, False),
        (Property(str, constraint="net_cidr"), "10.1.2.3/24", "10.1.2.0/24", True),
        (Property(str, constraint="mac_addr"), "FA-16-3E-00-00-01", "fa:16:3e:00:00:01", True),
        (Property(str, constraint="dns_domain"), "Example.org.", "example.org", True),
        (Property(list), ["a", "b"], ["b", "a"], True),
        (Property(list), ["a", "a"], ["a", "b"], False),
        (Property(list), ["a"], ["a", "b"], False),
        (Property(list), [], None, True),
        (Property(list, ordered=True), ["a", "b"], ["b", "a"], False),
        (Property(list, items=ROUTE), [{"to": "10.1.0.0/16"}], [{"to": "10.1.0.0/16", "via": "10.0.0.1"}], True),
        (Property(list, items=ROUTE), [{"to": "10.1.0.0/16"}], [{"to": "10.2.0.0/16"}], False),
        (Property(dict), {"a": "1"}, {"a": 1}, True),
        (Property(dict), {"a": "1"}, {"a": "1", "b": "2"}, False),
        (Property(dict), {"a": "1"}, {}, False),
    ],
)
def test_values_are_compared_by_what_they_mean(declared: Property, expected: Any, actual: Any, is_same: bool) -> None:
    assert live.same(declared, expected, actual) is is_same


@pytest.mark.parametrize(
    ("declared", "observed", "read"),
    [
        (Property(str, name="colour"), {"colour": "red"}, "red"),
        (Property(str, name="colour", wire="paint"), {"paint": "red"}, "red"),
        (Property(str, name="colour", wire=None, live="paint.name"), {"paint": {"name": "red"}}, "red"),
        (Property(str, name="colour", live=lambda call, seen: seen["paint"].lower()), {"paint": "RED"}, "red"),
        (Property(int, name="size"), {"size": "3"}, 3),
        (Property(list, name="routes", items=ROUTE), {"routes": [{"nexthop": "10.0.0.1"}]}, [{"via": "10.0.0.1"}]),
        (Property(str, name="colour"), {}, Unseen(live.NOT_SHOWN)),
        (Property(str, name="colour", wire=None), {"colour": "red"}, Unseen(live.NOT_STATED)),
        (Property(str, name="password", live=NEVER_SHOWN), {"password": "x"}, NEVER_SHOWN),
        (Property(str, name="policy", wire=None, live=None), {"policy": "x"}, ABSENT),
    ],
)
def test_the_actual_value_is_read_where_the_declaration_says(
    make_call: Any, declared: Property, observed: dict[str, Any], read: Any
) -> None:
    assert live.read(declared, make_call(), observed) == read


def test_only_what_is_expected_is_compared(make_call: Any) -> None:
    properties = schema.Schema(
        [
            Property(str, name="name", default=schema.PHYSICAL_NAME),
            Property(str, name="given"),
            Property(str, name="not_given"),
            Property(str, name="secret", live=NEVER_SHOWN),
            Property(str, name="empty_secret", default="", live=NEVER_SHOWN),
        ]
    )
    call: Call = make_call(properties={"given": "one", "secret": "x", "empty_secret": ""})
    found = live.compare(properties, call, {"name": "other", "given": "two", "not_given": "three"})
    differences = {name: (one.expected, one.actual) for name, one in found.differences.items()}
    assert differences == {"name": (call.physical_name, "other"), "given": ("one", "two")}
    assert found.unseen == {"secret": NEVER_SHOWN.reason}


def test_a_property_that_is_not_understood_hides_no_other(make_call: Any) -> None:
    odd = Property(str, name="odd", live=lambda call, seen: seen["never"]["there"])
    properties = schema.Schema([odd, Property(str, name="given")])
    found = live.compare(properties, make_call(properties={"odd": "x", "given": "one"}), {"given": "two"})
    assert (set(found.differences), set(found.unseen)) == ({"given"}, {"odd"})


@pytest.mark.parametrize("name", [name for name in TYPES.names() if isinstance(TYPES.get(name), RemoteResource)])
def test_every_property_of_a_remote_type_says_how_it_is_seen(name: str) -> None:
    unsaid = [
        one.name
        for one in TYPES.get(name).properties.values()
        if one.moved_to is None and one.wire_name is None and one.live == schema.SAME
    ]
    assert unsaid == []
