"""What network types say about several properties at once, and about names whose kind another property tells."""

from typing import Any

import pytest

from hearth.resources import checking, registry

TYPES = registry.TypeRegistry()
Driver = Any  # the class of the fixtures in conftest
SEGMENT = {"network": "n"}
SHARE = {"object_id": "o", "target_tenant": "*"}
GATEWAY = {"devices": [{"id": "d", "interface_name": "eth0"}]}


@pytest.mark.parametrize(
    ("name", "given", "path", "words"),
    [
        ("Segment", {**SEGMENT, "network_type": "vlan", "segmentation_id": 5}, (), "'physical_network' is required"),
        ("Segment", {**SEGMENT, "network_type": "flat", "physical_network": "p"}, None, ""),
        ("Segment", {**SEGMENT, "network_type": "vxlan", "physical_network": "p"}, ("physical_network",), "vxlan"),
        ("ProviderNet", {"network_type": "flat", "segmentation_id": "5"}, ("segmentation_id",), "cannot be used"),
        (
            "SubnetPool",
            {"prefixes": ["10.0.0.0/8"], "min_prefixlen": 28, "max_prefixlen": 24},
            ("min_prefixlen",),
            "min_prefixlen 28 is above max_prefixlen 24",
        ),
        (
            "RBACPolicy",
            {**SHARE, "object_type": "qos_policy", "action": "access_as_external"},
            ("action",),
            "'action' can be 'access_as_external' only while 'object_type' is 'network'",
        ),
        ("RBACPolicy", {**SHARE, "object_type": "network", "action": "access_as_external"}, None, ""),
        ("FirewallRule", {"protocol": "icmp", "source_port": "80"}, ("source_port",), "cannot be used"),
        ("ExtraRoute", {"router_id": "r", "destination": "x", "nexthop": "10.0.0.1"}, ("destination",), "CIDR"),
        (
            "NetworkGateway",
            {**GATEWAY, "connections": [{"network": "n", "segmentation_type": "vlan"}]},
            ("connections", 0),
            "needs its number",
        ),
        (
            "NetworkGateway",
            {**GATEWAY, "connections": [{"network": "n", "segmentation_id": 7}]},
            ("connections", 0, "segmentation_id"),
            "flat connection has no VLAN 7",
        ),
    ],
)
def test_properties_that_do_not_go_together(
    name: str, given: dict[str, Any], path: tuple[Any, ...] | None, words: str
) -> None:
    kind = TYPES.get(f"OS::Neutron::{name}")
    values, issues = checking.check(kind, given)
    found = [*issues, *kind.validate(values)]
    assert [one.path for one in found] == ([] if path is None else [path])
    assert all(words in one.message for one in found)


async def test_an_object_to_share_is_looked_up_by_the_kind_that_is_named(demo: Driver) -> None:
    given = {"object_type": "security_group", "action": "access_as_shared", "target_tenant": "*"}
    one, other = [await demo.make("OS::Neutron::SecurityGroup", at, name="twin") for at in ("one", "other")]
    expected = {
        "twni": "There is no security group with the name or id 'twni'.",
        "twin": "2 security groups have the name 'twin'; use one of their ids: ",
        one.id: "",
    }
    for value, words in expected.items():
        asked = await demo.prepare("OS::Neutron::RBACPolicy", object_id=value, **given)
        issues = list(await asked.kind.confirm(asked.call))
        assert [issue.path for issue in issues] == ([("object_id",)] if words else [])
        assert all(issue.message.startswith(words) for issue in issues)
    await other.delete()
    given["target_tenant"] = "1" * 32
    by_name = await demo.make("OS::Neutron::RBACPolicy", object_id="twin", **given)
    assert await by_name.find_again() == by_name.id
    assert (await by_name.drift()).differences == {}, "a name and its id are the same"


async def test_a_rule_for_every_protocol_has_none_in_the_service(demo: Driver) -> None:
    rule = await demo.make("OS::Neutron::FirewallRule")
    assert (await rule.observe())["protocol"] is None
    await rule.update(protocol="tcp", destination_port="80:90")
    assert (await rule.observe())["protocol"] == "tcp"
    await rule.update(protocol="any", destination_port=None)
    seen = await rule.observe()
    assert (seen["protocol"], seen["destination_port"]) == (None, None)


@pytest.mark.parametrize("name", ["LoadBalancer", "LBaaS::Listener", "Pool"])
def test_load_balancing_of_the_network_service_is_read_and_hidden(name: str) -> None:
    kind = TYPES.get(f"OS::Neutron::{name}")
    assert checking.check(kind, {"whatever": 1})[1] == []
    assert kind.type_name not in [one.type_name for one in TYPES.listed()]
