"""Networks, subnets, subnet pools, sharing, tags, lists."""

from typing import Any

import pytest

NOWHERE = "4f5d1e5e-0000-4bcd-b152-6d0b18807b71"


def test_fresh_cloud_has_a_public_and_a_shared_network(net: Any) -> None:
    found = {each["name"]: each for each in net.get("networks")}
    assert found["public"]["router:external"]
    assert found["private"]["shared"]
    subnet = net.get(f"subnets/{found['public']['subnets'][0]}")
    assert (subnet["cidr"], subnet["enable_dhcp"]) == ("172.24.4.0/24", False)


def test_provider_side_is_for_administrators(net: Any, admin: Any) -> None:
    made = net.make("network", name="n")
    assert not [name for name in made if name.startswith("provider:")]
    assert admin.get(f"networks/{made['id']}")["provider:network_type"] == "vxlan"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": 1}, (400, "HTTPBadRequest")),
        ({"name": "x" * 256}, (400, "HTTPBadRequest")),
        ({"unknown": 1}, (400, "HTTPBadRequest")),
        ({"shared": True}, (403, "PolicyNotAuthorized")),
        ({"router:external": True}, (403, "PolicyNotAuthorized")),
        ({"project_id": "another"}, (400, "HTTPBadRequest")),
        ({"qos_policy_id": NOWHERE}, (404, "QosPolicyNotFound")),
    ],
)
def test_refused_networks(net: Any, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    assert net.refused("POST", "networks", {"network": fields}) == expected


def test_defaults_of_administrators_fields_may_be_given(net: Any) -> None:
    assert net.make("network", shared=False, **{"router:external": False})["shared"] is False


def test_provider_networks_take_their_number_once(admin: Any) -> None:
    vlan = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 77,
    }
    made = admin.make("network", **vlan)
    assert made["mtu"] == 1500
    assert admin.refused("POST", "networks", {"network": vlan}) == (409, "VlanIdInUse")
    assert admin.delete("network", made["id"]) == 204
    admin.make("network", **vlan)


def test_bulk_is_all_or_nothing(net: Any) -> None:
    before = len(net.get("networks"))
    bad = {"networks": [{"name": "a"}, {"wrong": "b"}]}
    assert net.refused("POST", "networks", bad)[0] == 400
    assert len(net.get("networks")) == before
    status, body = net.ask("POST", "networks", {"networks": [{"name": "a"}, {"name": "b"}]})
    assert (status, [each["name"] for each in body["networks"]]) == (201, ["a", "b"])


def test_network_with_ports_stays(net: Any) -> None:
    network, subnet = net.network()
    port = net.make("port", network_id=network)
    assert net.refused("DELETE", f"networks/{network}") == (409, "NetworkInUse")
    assert net.refused("DELETE", f"subnets/{subnet}") == (409, "SubnetInUse")
    assert net.delete("port", port["id"]) == 204
    assert net.delete("network", network) == 204
    assert net.refused("GET", f"subnets/{subnet}") == (404, "SubnetNotFound")


def test_cidr_with_host_bits_is_normalised(net: Any) -> None:
    network = net.make("network")["id"]
    subnet = net.make("subnet", network_id=network, ip_version=4, cidr="182.168.1.1/24")
    assert subnet["cidr"] == "182.168.1.0/24"
    assert subnet["gateway_ip"] == "182.168.1.1"
    assert subnet["allocation_pools"] == [{"start": "182.168.1.2", "end": "182.168.1.254"}]
    assert net.get(f"networks/{network}")["subnets"] == [subnet["id"]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cidr": "10.1.0.0/33"}, (400, "InvalidInput")),
        ({"cidr": "10.1.0.0/32"}, (400, "InvalidInput")),
        ({"cidr": "10.50.0.128/25"}, (400, "InvalidInput")),
        ({"cidr": "224.0.0.0/24"}, (400, "InvalidInput")),
        ({"ip_version": 6}, (400, "InvalidInput")),
        ({"ip_version": 5}, (400, "HTTPBadRequest")),
        ({"cidr": None}, (400, "BadRequest")),
        ({"gateway_ip": "10.1.0.255"}, (400, "InvalidInput")),
        ({"gateway_ip": "fe80::1"}, (400, "InvalidInput")),
        ({"allocation_pools": [{"start": "10.1.0.9", "end": "10.1.0.2"}]}, (400, "InvalidAllocationPool")),
        ({"allocation_pools": [{"start": "10.2.0.1", "end": "10.2.0.2"}]}, (400, "OutOfBoundsAllocationPool")),
        ({"allocation_pools": [{"start": "10.1.0.1", "end": "10.1.0.2"}]}, (409, "GatewayConflictWithAllocationPools")),
        ({"dns_nameservers": ["8.8.8.8", "8.8.8.8"]}, (400, "HTTPBadRequest")),
        ({"dns_nameservers": [f"1.1.1.{n}" for n in range(6)]}, (400, "DNSNameServersExhausted")),
        ({"host_routes": [{"destination": "::/0", "nexthop": "10.1.0.1"}]}, (400, "InvalidInput")),
        ({"host_routes": [{"destination": "10.9.0.0/24"}]}, (400, "HTTPBadRequest")),
        ({"ipv6_ra_mode": "slaac"}, (400, "InvalidInput")),
        ({"subnetpool_id": NOWHERE}, (404, "SubnetPoolNotFound")),
        ({"service_types": ["x"]}, (400, "InvalidSubnetServiceType")),
        ({"network_id": NOWHERE}, (404, "NetworkNotFound")),
    ],
)
def test_refused_subnets(net: Any, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    network, _ = net.network()
    body = {"network_id": network, "ip_version": 4, "cidr": "10.1.0.0/24", **fields}
    assert net.refused("POST", "subnets", {"subnet": body}) == expected


def test_subnet_on_someone_elses_network_is_refused(net: Any) -> None:
    body = {"network_id": net.public(), "ip_version": 4, "cidr": "10.1.0.0/24"}
    assert net.refused("POST", "subnets", {"subnet": body}) == (403, "PolicyNotAuthorized")


def test_subnet_changes(net: Any) -> None:
    _, subnet = net.network(gateway_ip=None)
    pools = [{"start": "10.50.0.10", "end": "10.50.0.20"}]
    assert net.put("subnet", subnet, allocation_pools=pools)["allocation_pools"] == pools
    inside = {"subnet": {"gateway_ip": "10.50.0.15"}}
    assert net.refused("PUT", f"subnets/{subnet}", inside) == (409, "GatewayConflictWithAllocationPools")
    assert net.put("subnet", subnet, gateway_ip="10.50.0.1")["gateway_ip"] == "10.50.0.1"
    assert net.refused("PUT", f"subnets/{subnet}", {"subnet": {"cidr": "10.1.0.0/24"}}) == (400, "HTTPBadRequest")


def test_subnets_from_a_pool(net: Any) -> None:
    pool = net.make("subnetpool", name="p", prefixes=["10.100.0.0/16", "10.101.0.0/16"], default_prefixlen=26)
    assert pool["prefixes"] == ["10.100.0.0/15"]
    network = net.make("network")["id"]
    same = {"network_id": network, "ip_version": 4, "subnetpool_id": pool["id"]}
    assert net.make("subnet", **same)["cidr"] == "10.100.0.0/26"
    assert net.make("subnet", **same, prefixlen=24)["cidr"] == "10.100.1.0/24"
    assert net.make("subnet", **same, cidr="10.100.9.0/24")["cidr"] == "10.100.9.0/24"
    again = {"subnet": {**same, "cidr": "10.100.9.0/25"}}
    assert net.refused("POST", "subnets", again) == (409, "SubnetAllocationError")
    stranger = {"subnet": {"network_id": network, "ip_version": 4, "cidr": "10.7.0.0/24"}}
    assert net.refused("POST", "subnets", stranger) == (400, "NetworkSubnetPoolAffinityError")
    assert net.refused("DELETE", f"subnetpools/{pool['id']}") == (400, "SubnetPoolDeleteError")
    net.delete("network", network)
    assert net.delete("subnetpool", pool["id"]) == 204


def test_pools_of_one_address_scope_do_not_overlap(net: Any) -> None:
    scope = net.make("address_scope", name="s", ip_version=4)["id"]
    net.make("subnetpool", prefixes=["10.100.0.0/16"], address_scope_id=scope)
    other = {"subnetpool": {"prefixes": ["10.100.5.0/24"], "address_scope_id": scope}}
    assert net.refused("POST", "subnetpools", other) == (409, "AddressScopePrefixConflict")
    assert net.refused("DELETE", f"address-scopes/{scope}") == (409, "AddressScopeInUse")


def test_sharing_with_one_project(net: Any, admin: Any) -> None:
    project = net.make("network")["project_id"]
    network = admin.make("network", name="mine")["id"]
    subnet = admin.make("subnet", network_id=network, ip_version=4, cidr="10.8.0.0/24")["id"]
    assert net.refused("GET", f"networks/{network}") == (404, "NetworkNotFound")
    shared = {"object_type": "network", "object_id": network, "action": "access_as_shared"}
    policy = admin.make("rbac_policy", **shared, target_tenant=project)["id"]
    assert net.get(f"networks/{network}")["shared"]
    assert net.get(f"subnets/{subnet}")["cidr"] == "10.8.0.0/24"
    port = net.make("port", network_id=network)["id"]
    picky = {"port": {"network_id": network, "fixed_ips": [{"ip_address": "10.8.0.9"}]}}
    assert net.refused("POST", "ports", picky) == (403, "PolicyNotAuthorized")
    assert admin.refused("DELETE", f"rbac-policies/{policy}") == (409, "RbacPolicyInUse")
    net.delete("port", port)
    assert admin.delete("rbac_policy", policy) == 204
    assert net.refused("GET", f"networks/{network}") == (404, "NetworkNotFound")


def test_only_administrators_share_with_everybody(net: Any) -> None:
    network = net.make("network")["id"]
    body = {"object_type": "network", "object_id": network, "action": "access_as_shared", "target_tenant": "*"}
    assert net.refused("POST", "rbac-policies", {"rbac_policy": body}) == (403, "PolicyNotAuthorized")


def test_tags(net: Any) -> None:
    path = f"networks/{net.make('network', name='tagged')['id']}/tags"
    assert net.ask("PUT", path, {"tags": ["red", "blue"]}) == (200, {"tags": ["red", "blue"]})
    assert net.ask("PUT", f"{path}/green") == (201, None)
    assert net.ask("GET", f"{path}/green") == (204, None)
    assert net.ask("DELETE", f"{path}/blue") == (204, None)
    assert net.refused("DELETE", f"{path}/blue") == (404, "TagNotFound")
    assert net.get(path) == ["green", "red"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=a&name=b", ["a", "b"]),
        ("tags=red", ["a"]),
        ("tags=red,blue", []),
        ("tags-any=red,blue", ["a", "b"]),
        ("not-tags=red&shared=False&router:external=false", ["b"]),
        ("router:external=true", ["public"]),
        ("sort_key=name&sort_dir=desc&shared=false&router:external=0", ["b", "a"]),
        ("limit=1&name=a&name=b", ["a"]),
    ],
)
def test_lists(net: Any, query: str, names: list[str]) -> None:
    for name, tag in (("a", "red"), ("b", "blue")):
        net.ask("PUT", f"networks/{net.make('network', name=name)['id']}/tags", {"tags": [tag]})
    assert [each["name"] for each in net.get(f"networks?{query}&fields=name")] == names


@pytest.mark.parametrize(
    "query", ["bogus=1", "sort_key=bogus&sort_dir=asc", "limit=x", "shared=maybe", "sort_key=name"]
)
def test_refused_lists(net: Any, query: str) -> None:
    assert net.refused("GET", f"networks?{query}")[0] == 400


def test_changes_count_revisions_and_may_depend_on_them(net: Any) -> None:
    made = net.make("network", name="n")
    after = net.put("network", made["id"], name="m")
    assert after["revision_number"] == made["revision_number"] + 1
    late = {"If-Match": f"revision_number={made['revision_number']}"}
    answer = net.client.put(f"/network/v2.0/networks/{made['id']}", {"network": {"name": "x"}}, headers=late)
    assert (answer.status, answer.json()["NeutronError"]["type"]) == (412, "RevisionNumberConstraintFailed")


def test_quotas(net: Any, admin: Any) -> None:
    project = net.make("network")["project_id"]
    admin.verb(f"quotas/{project}", quota={"network": 2})
    net.make("network")
    assert net.refused("POST", "networks", {"network": {}}) == (409, "OverQuota")
    assert net.get(f"quotas/{project}/details")["network"] == {"limit": 2, "used": 2, "reserved": 0}
    assert net.refused("PUT", f"quotas/{project}", {"quota": {"network": 9}}) == (403, "PolicyNotAuthorized")
    assert admin.refused("PUT", f"quotas/{project}", {"quota": {"bogus": 9}}) == (400, "HTTPBadRequest")
    assert admin.delete("quota", project) == 204
    net.make("network")


def test_discovery_needs_no_token(net: Any) -> None:
    net.client.token = None
    assert net.client.get("/network/").json()["versions"][0]["id"] == "v2.0"
    assert net.client.get("/network/v2.0/").status == 200
    assert net.client.get("/network/v2.0/networks").json()["error"]["code"] == 401


def test_restart_keeps_everything(open_net: Any, tmp_path: Any) -> None:
    first = open_net(tmp_path)
    network, _ = first.network()
    before = first.make("port", network_id=network)
    first.client.cloud.close()
    second = open_net(tmp_path)
    assert second.get(f"ports/{before['id']}") == before
    after = second.make("port", network_id=network)
    assert after["fixed_ips"] != before["fixed_ips"]
    assert [each["name"] for each in second.get("networks?name=public")] == ["public"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("networks", None),
        ("networks", {"network": []}),
        ("networks", {"networks": [1]}),
        ("networks", {"network": {"segments": [{"provider:network_type": []}]}}),
        ("subnetpools", {"subnetpool": {"prefixes": [None]}}),
        ("subnets", {"subnet": {"network_id": "x", "ip_version": [], "cidr": {}}}),
        ("ports", {"port": {"network_id": None, "fixed_ips": [[]]}}),
        ("routers", {"router": {"external_gateway_info": "x"}}),
        ("trunks", {"trunk": {"port_id": {}}}),
    ],
)
def test_malformed_bodies_are_the_callers_fault(admin: Any, path: str, body: Any) -> None:
    assert admin.refused("POST", path, body)[0] == 400
