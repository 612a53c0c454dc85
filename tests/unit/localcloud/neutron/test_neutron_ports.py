"""Ports and security groups."""

from typing import Any

import pytest

NOWHERE = "4f5d1e5e-0000-4bcd-b152-6d0b18807b71"


def _addresses(port: Any) -> list[str]:
    return [fixed["ip_address"] for fixed in port["fixed_ips"]]


def test_a_port_gets_what_it_needs(net: Any) -> None:
    network, subnet = net.network()
    port = net.make("port", network_id=network)
    default = net.get("security-groups?name=default")[0]["id"]
    assert port["fixed_ips"] == [{"subnet_id": subnet, "ip_address": "10.50.0.2"}]
    assert port["mac_address"].startswith("fa:16:3e:")
    assert port["security_groups"] == [default]
    assert port["status"] == "DOWN"
    assert port["dns_assignment"][0]["hostname"] == "host-10-50-0-2"
    assert "binding:host_id" not in port


def test_one_address_of_each_family(net: Any) -> None:
    network, _ = net.network()
    six = {"network_id": network, "ip_version": 6}
    net.make("subnet", network_id=network, ip_version=4, cidr="10.51.0.0/24")
    net.make("subnet", **six, cidr="fd00:1::/64")
    net.make("subnet", **six, cidr="fd00:2::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    addresses = _addresses(net.make("port", network_id=network))
    assert addresses[:2] == ["10.50.0.2", "fd00:1::1"]
    assert addresses[2].startswith("fd00:2::f816:3eff:fe")
    assert len(addresses) == 3


@pytest.mark.parametrize(
    ("wish", "addresses"),
    [
        ([], []),
        ([{"ip_address": "10.50.0.77"}], ["10.50.0.77"]),
        ([{"subnet_id": "SUBNET"}, {"subnet_id": "SUBNET"}], ["10.50.0.2", "10.50.0.3"]),
        ([{"subnet_id": "SUBNET", "ip_address": "10.50.0.1"}], ["10.50.0.1"]),
    ],
)
def test_wished_addresses(net: Any, wish: list[dict[str, str]], addresses: list[str]) -> None:
    network, subnet = net.network()
    wish = [{name: value.replace("SUBNET", subnet) for name, value in each.items()} for each in wish]
    assert _addresses(net.make("port", network_id=network, fixed_ips=wish)) == addresses


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"fixed_ips": [{"ip_address": "10.50.0.9"}]}, (409, "IpAddressAlreadyAllocated")),
        ({"fixed_ips": [{"ip_address": "9.9.9.9"}]}, (400, "InvalidIpForNetwork")),
        ({"fixed_ips": [{"ip_address": "10.50.0.255"}]}, (400, "InvalidIpForNetwork")),
        ({"fixed_ips": [{"subnet_id": NOWHERE}]}, (404, "SubnetNotFound")),
        ({"fixed_ips": [{}]}, (400, "InvalidInput")),
        ({"fixed_ips": [{"ip_address": "x"}]}, (400, "HTTPBadRequest")),
        ({"mac_address": "aa:bb:cc:dd:ee:09"}, (409, "MacAddressInUse")),
        ({"mac_address": "zz"}, (400, "HTTPBadRequest")),
        ({"security_groups": [NOWHERE]}, (404, "SecurityGroupNotFound")),
        (
            {"port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "1.2.3.4"}]},
            (409, "AddressPairAndPortSecurityRequired"),
        ),
        ({"allowed_address_pairs": [{"ip_address": "1.2.3.4"}] * 2}, (400, "DuplicateAddressPairInRequest")),
        ({"allowed_address_pairs": [{}]}, (400, "AllowedAddressPairsMissingIP")),
        ({"binding:host_id": "h"}, (403, "PolicyNotAuthorized")),
        ({"binding:vnic_type": "bogus"}, (400, "HTTPBadRequest")),
        ({"dns_name": "bad_name!"}, (400, "HTTPBadRequest")),
        ({"extra_dhcp_opts": [{"opt_name": "x"}]}, (400, "InvalidInput")),
        ({"network_id": NOWHERE}, (404, "NetworkNotFound")),
    ],
)
def test_refused_ports(net: Any, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    network, _ = net.network()
    net.make("port", network_id=network, mac_address="AA-BB-CC-DD-EE-09", fixed_ips=[{"ip_address": "10.50.0.9"}])
    body = {"port": {"network_id": network, **fields}}
    assert net.refused("POST", "ports", body) == expected
    assert len(net.get(f"ports?network_id={network}")) == 1


def test_full_subnet_has_no_address_left_until_one_is_given_back(net: Any) -> None:
    network, _ = net.network("10.1.4.0/29")
    ports = [net.make("port", network_id=network) for _ in range(5)]
    assert len({_addresses(port)[0] for port in ports}) == 5
    assert net.refused("POST", "ports", {"port": {"network_id": network}}) == (409, "IpAddressGenerationFailure")
    net.delete("port", ports[2]["id"])
    assert _addresses(net.make("port", network_id=network)) == _addresses(ports[2])


def test_refused_creation_takes_no_address(net: Any) -> None:
    network, _ = net.network("10.1.4.0/30")
    bad = {"ports": [{"network_id": network}, {"network_id": network}]}
    assert net.refused("POST", "ports", bad)[0] == 409
    net.make("port", network_id=network)


def test_changed_addresses(net: Any) -> None:
    network, subnet = net.network()
    port = net.make("port", network_id=network, fixed_ips=[{"ip_address": "10.50.0.9"}])
    kept = net.put(
        "port", port["id"], fixed_ips=[{"subnet_id": subnet, "ip_address": "10.50.0.9"}, {"subnet_id": subnet}]
    )
    assert _addresses(kept)[0] == "10.50.0.9"
    assert len(_addresses(kept)) == 2
    assert _addresses(net.put("port", port["id"], fixed_ips=[])) == []
    assert _addresses(net.make("port", network_id=network, fixed_ips=[{"ip_address": "10.50.0.9"}])) == ["10.50.0.9"]


def test_bound_port_is_active(net: Any, admin: Any) -> None:
    network, _ = net.network()
    port = net.make("port", network_id=network)["id"]
    bound = admin.put("port", port, **{"binding:host_id": "host-1"})
    assert (bound["status"], bound["binding:vif_type"]) == ("ACTIVE", "ovs")
    assert net.get(f"ports/{port}")["status"] == "ACTIVE"
    assert admin.put("port", port, **{"binding:host_id": ""})["status"] == "DOWN"


def test_compute_service_uses_ports_directly(net: Any) -> None:
    network, _ = net.network()
    neutron = net.client.cloud.service("neutron")
    project = net.get(f"networks/{network}")["project_id"]
    with net.client.cloud.state.transaction():
        port = neutron.create_port(project, {"network_id": network})
        bound = neutron.bind_port(port["id"], "host-1", "server-1", "compute", "nova")
        assert (bound["status"], bound["device_owner"]) == ("ACTIVE", "compute:nova")
        assert [each["id"] for each in neutron.ports_of_device("server-1")] == [port["id"]]
        assert neutron.find_network("net", project)["id"] == network
        assert neutron.find_network("absent", project) is None
    assert net.refused("DELETE", f"ports/{port['id']}") == (403, "PolicyNotAuthorized")
    with net.client.cloud.state.transaction():
        neutron.unbind_port(port["id"])
    assert net.get(f"ports/{port['id']}")["device_id"] == ""
    with net.client.cloud.state.transaction():
        neutron.delete_port(port["id"])
        neutron.delete_port(port["id"])
    assert net.refused("GET", f"ports/{port['id']}") == (404, "PortNotFound")


def test_dhcp_options_are_merged(net: Any) -> None:
    network, _ = net.network()
    options = [{"opt_name": "a", "opt_value": "1"}, {"opt_name": "b", "opt_value": "2"}]
    port = net.make("port", network_id=network, extra_dhcp_opts=options)["id"]
    change = [{"opt_name": "a", "opt_value": None}, {"opt_name": "b", "opt_value": "3"}]
    after = net.put("port", port, extra_dhcp_opts=change)["extra_dhcp_opts"]
    assert after == [{"opt_name": "b", "opt_value": "3", "ip_version": 4}]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("fixed_ips=ip_address%3D10.50.0.2", 1),
        ("fixed_ips=ip_address_substr%3D10.50", 2),
        ("fixed_ips=ip_address%3D10.50.0.99", 0),
        ("device_id=d&device_owner=o", 1),
        ("name=p&name=q", 2),
    ],
)
def test_port_lists(net: Any, query: str, count: int) -> None:
    network, _ = net.network()
    net.make("port", network_id=network, name="p", device_id="d", device_owner="o")
    net.make("port", network_id=network, name="q")
    assert len(net.get(f"ports?{query}")) == count


def test_trunk(net: Any) -> None:
    network, _ = net.network()
    parent, child, other = (net.make("port", network_id=network)["id"] for _ in range(3))
    vlan = {"segmentation_type": "vlan", "segmentation_id": 100}
    trunk = net.make("trunk", port_id=parent, sub_ports=[{"port_id": child, **vlan}])["id"]
    assert net.get(f"ports/{parent}")["trunk_details"]["sub_ports"][0]["port_id"] == child
    assert net.refused("DELETE", f"ports/{parent}") == (409, "PortInUseAsTrunkParent")
    assert net.refused("DELETE", f"ports/{child}") == (409, "PortInUseAsSubPort")
    path = f"trunks/{trunk}/add_subports"
    assert net.refused("PUT", path, {"sub_ports": [{"port_id": other, **vlan}]}) == (409, "DuplicateSubPort")
    net.verb(f"trunks/{trunk}/remove_subports", sub_ports=[{"port_id": child}])
    assert net.delete("port", child) == 204
    net.verb(path, sub_ports=[{"port_id": other, **vlan}])
    assert net.delete("trunk", trunk) == 204
    assert net.delete("port", parent) == 204


def test_new_group_lets_everything_out(net: Any) -> None:
    group = net.make("security_group", name="g")
    assert sorted((rule["direction"], rule["ethertype"]) for rule in group["security_group_rules"]) == [
        ("egress", "IPv4"),
        ("egress", "IPv6"),
    ]


def test_default_group(net: Any, admin: Any) -> None:
    group = net.get("security-groups")[0]
    assert (group["name"], len(group["security_group_rules"])) == ("default", 4)
    path = f"security-groups/{group['id']}"
    assert net.refused("PUT", path, {"security_group": {"name": "x"}}) == (409, "SecurityGroupCannotUpdateDefault")
    assert net.refused("DELETE", path) == (409, "SecurityGroupCannotRemoveDefault")
    same = {"security_group": {"name": "default"}}
    assert net.refused("POST", "security-groups", same) == (409, "SecurityGroupDefaultAlreadyExists")


def test_group_in_use_stays(net: Any) -> None:
    network, _ = net.network()
    group = net.make("security_group", name="g")["id"]
    port = net.make("port", network_id=network, security_groups=[group])["id"]
    assert net.refused("DELETE", f"security-groups/{group}") == (409, "SecurityGroupInUse")
    net.put("port", port, security_groups=[])
    assert net.delete("security_group", group) == 204


SSH = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (SSH, (409, "SecurityGroupRuleExists")),
        ({**SSH, "protocol": 6, "remote_ip_prefix": "0.0.0.0/0"}, (409, "SecurityGroupRuleExists")),
        ({"protocol": "tcp", "port_range_min": 23}, (400, "SecurityGroupInvalidPortRange")),
        ({"protocol": "tcp", "port_range_min": 3, "port_range_max": 2}, (400, "SecurityGroupInvalidPortRange")),
        ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 2}, (400, "SecurityGroupInvalidPortValue")),
        ({"port_range_min": 3, "port_range_max": 3}, (400, "SecurityGroupProtocolRequiredWithPorts")),
        ({"protocol": "icmp", "port_range_min": 300}, (400, "SecurityGroupInvalidIcmpValue")),
        ({"protocol": "icmp", "port_range_max": 0}, (400, "SecurityGroupMissingIcmpType")),
        ({"protocol": "bogus"}, (400, "SecurityGroupRuleInvalidProtocol")),
        ({"protocol": "256"}, (400, "SecurityGroupRuleInvalidProtocol")),
        ({"protocol": "icmpv6"}, (400, "SecurityGroupEthertypeConflictWithProtocol")),
        ({"protocol": "112", "port_range_min": 1, "port_range_max": 2}, (400, "SecurityGroupInvalidProtocolForPort")),
        ({"ethertype": "IPv5"}, (400, "SecurityGroupRuleInvalidEtherType")),
        ({"direction": "inward"}, (400, "HTTPBadRequest")),
        ({"remote_ip_prefix": "x"}, (400, "InvalidCIDR")),
        ({"remote_ip_prefix": "fe80::/64"}, (400, "SecurityGroupRuleParameterConflict")),
        ({"remote_group_id": NOWHERE}, (404, "SecurityGroupNotFound")),
        ({"security_group_id": NOWHERE}, (404, "SecurityGroupNotFound")),
    ],
)
def test_refused_rules(net: Any, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    group = net.make("security_group", name="g")["id"]
    base = {"security_group_id": group, "direction": "ingress"}
    net.make("security_group_rule", **base, **SSH)
    body = {"security_group_rule": {**base, **fields}}
    assert net.refused("POST", "security-group-rules", body) == expected


def test_rules_are_normalised(net: Any) -> None:
    group = net.make("security_group", name="g")["id"]
    base = {"security_group_id": group, "direction": "ingress"}
    rule = net.make("security_group_rule", **base, remote_ip_prefix="10.0.0.7/24")
    assert rule["normalized_cidr"] == "10.0.0.0/24"
    assert net.make("security_group_rule", **base, ethertype="ipv6", protocol="icmp")["protocol"] == "ipv6-icmp"


def test_address_group_in_a_rule(net: Any) -> None:
    addresses = net.make("address_group", addresses=["10.0.0.0/24"])["id"]
    group = net.make("security_group", name="g")["id"]
    rule = {"security_group_id": group, "direction": "ingress", "remote_address_group_id": addresses}
    net.make("security_group_rule", **rule)
    assert net.refused("DELETE", f"address-groups/{addresses}") == (409, "AddressGroupInUse")
    net.delete("security_group", group)
    assert net.delete("address_group", addresses) == 204


def test_quality_of_service(net: Any, admin: Any) -> None:
    assert net.refused("POST", "qos/policies", {"policy": {}}) == (403, "PolicyNotAuthorized")
    policy = admin.make("policy", name="q", shared=True)["id"]
    path = f"qos/policies/{policy}/bandwidth_limit_rules"
    assert admin.ask("POST", path, {"bandwidth_limit_rule": {"max_kbps": 1000}})[0] == 201
    assert admin.refused("POST", path, {"bandwidth_limit_rule": {"max_kbps": 1}}) == (409, "QoSRulesConflict")
    assert net.get(f"qos/policies/{policy}")["rules"][0]["type"] == "bandwidth_limit"
    network, _ = net.network()
    port = net.make("port", network_id=network, qos_policy_id=policy)["id"]
    assert admin.refused("DELETE", f"qos/policies/{policy}") == (409, "QosPolicyInUse")
    net.delete("port", port)
    assert admin.delete("policy", policy) == 204
