"""Who may see a resource type, by which of its names."""

import pathlib
from collections.abc import Mapping
from typing import Any

import pytest

RULES = '"resource_types:OS::Neutron::Net": "rule:context_is_admin"\n'
#: Its own name, and the one of older templates.
NAMES = ("OS::Neutron::Net", "OS::Quantum::Net")
PARTS = ("", "/template")


@pytest.fixture
def options(tmp_path: pathlib.Path) -> Mapping[str, Mapping[str, Any]]:
    file = tmp_path / "policy.yaml"
    file.write_text(RULES)
    return {"oslo_policy": {"policy_file": str(file)}}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NAMES)
async def test_an_alias_is_refused_to_whom_the_type_is(demo: Any, name: str, part: str) -> None:
    status, answer, _ = await demo.call("GET", f"resource_types/{name}{part}")
    assert (status, answer["error"]["type"]) == (403, "Forbidden")
    assert NAMES[0] in answer["error"]["message"]
    assert (await demo.call("GET", f"resource_types/OS::Quantum::Port{part}"))[0] == 200


@pytest.mark.parametrize("name", NAMES)
async def test_who_may_use_the_type_sees_it_by_its_alias(admin: Any, name: str) -> None:
    status, answer, _ = await admin.call("GET", f"resource_types/{name}")
    assert (status, answer["resource_type"]) == (200, name)


async def test_a_template_does_not_get_round_the_rule_by_an_alias(demo: Any) -> None:
    template = {"heat_template_version": "2018-08-31", "resources": {"net": {"type": NAMES[1]}}}
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "net", "template": template})
    assert (status, answer["error"]["type"]) == (403, "Forbidden")
