"""A call with everything a verb may look at, for types that reach no cloud."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from hearth.cloud import session
from hearth.model import names
from hearth.resources.contract import Call, StackView


@pytest.fixture
def make_call() -> Callable[..., Call]:
    """Makes a `Call` of the resource `thing`; keywords replace its fields."""

    def make(**fields: Any) -> Call:
        row = names.new_id()
        given: dict[str, Any] = {
            "name": "thing",
            "resource_id": row,
            "physical_name": names.physical_name("stack", "thing", row),
            "physical_id": None,
            "properties": {},
            "stack": StackView(names.new_id(), "stack", "project"),
            "cloud": cast("session.Session", None),  # no cloud is asked here
            "now": 1000.0,
        }
        return Call(**(given | fields))

    return make
