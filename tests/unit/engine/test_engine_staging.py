"""Groups that change in batches see their members as they will be, whichever language their templates are in."""

from typing import Any

import pytest

from hearth.engine import staging
from hearth.resources import base
from hearth.resources.contract import Call, ChildStack, Wait


@pytest.mark.parametrize(("section", "key"), [("resources", "type"), ("Resources", "Type")])
def test_a_group_sees_the_types_of_members_to_come(section: str, key: str) -> None:
    seen: list[str] = []

    class Group(base.Base):
        def child(self, call: Call) -> ChildStack:
            return ChildStack({section: {"one": {key: "OS::Nova::Server"}}})

        def further(self, call: Call) -> Wait | None:
            assert call.child is not None
            seen.extend(one.type for one in call.child.resources.values())
            return None

    nothing: Any = None  # no stack, no cloud: nothing is asked
    call = Call("group", "row", "group", None, {}, nothing, nothing, 0.0)
    staging.follow(Group(), call)
    assert seen == ["OS::Nova::Server"]
