"""What a type's name leads to, however long the way."""

import pytest

from hearth.template import registry


def chain(length: int) -> dict[str, str]:
    return {f"A::B{number}": f"A::B{number + 1}" for number in range(length)}


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (chain(10), "A::B10"),
        ({**chain(5000), "A::B5000": "A::B10"}, "A::B10"),
        ({"A::*": "A::A::*"}, None),
        ({"A*": "A1*", "A1*": "A*", "A::B0": "A::C"}, None),
        ({f"{'A::B0'[:number]}*": f"{'x' * number}*" for number in range(5)} | {"x*": "A*", "*": "A::B0y*"}, None),
        ({"A::B0": "A::B0"}, None),
        ({"A::B0": "A::C", "A::C": "A::B0"}, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_names_that_lead_on_and_on_come_to_an_end(entries: dict[str, str], found: str | None) -> None:
    target = registry.Registry(entries).resolve("A::B0", None, lambda name: name == "A::B10")
    assert (target.name if target else None) == found
