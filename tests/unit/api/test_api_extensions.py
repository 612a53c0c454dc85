"""Types that need an extension of their service: told, hidden and refused where it is not there."""

import pathlib
from collections.abc import Mapping
from typing import Any

import pytest

PLUGIN = '''
from hearth.resources import base
from hearth.resources.neutron import network_resource


@base.resource("Test::Neutron::Teleport")
class Teleport(network_resource.NetworkResource):
    """Needs what no cloud has."""

    extension = "teleport"
    remote = network_resource.collection("teleport")
'''
TEMPLATE = {"heat_template_version": "2018-08-31", "resources": {"one": {"type": "Test::Neutron::Teleport"}}}
REFUSAL = (
    "HEAT-E99001 Service network is not available for resource type Test::Neutron::Teleport, "
    "reason: it does not have the extension 'teleport'"
)


@pytest.fixture
def options(tmp_path: pathlib.Path) -> Mapping[str, Mapping[str, Any]]:
    (tmp_path / "teleport.py").write_text(PLUGIN)
    return {"DEFAULT": {"plugin_dirs": [str(tmp_path)]}}


async def test_a_type_without_its_extension_is_hidden_and_refused_with_the_reason(demo: Any) -> None:
    status, answer, _ = await demo.call("GET", "resource_types")
    assert status == 200
    assert "OS::Neutron::VPNService" in answer["resource_types"], "the embedded cloud has its extension"
    assert "Test::Neutron::Teleport" not in answer["resource_types"]
    status, answer, _ = await demo.call("GET", "resource_types/Test::Neutron::Teleport")
    assert (status, answer["error"]["type"]) == (400, "ResourceTypeUnavailable")
    assert REFUSAL in answer["error"]["message"]
    for path, body in (("stacks", {"stack_name": "one", "template": TEMPLATE}), ("validate", {"template": TEMPLATE})):
        status, answer, _ = await demo.call("POST", path, body)
        assert status == 400
        assert REFUSAL in answer["error"]["message"]
