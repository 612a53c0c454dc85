"""The stack that is put to the test, in three versions, and what the cloud must hold for each."""

import copy
from typing import Any

from reliability.client import Client, dump

#: Types that stand for something in a connection of others, without an object of their own in a list.
_CONNECTIONS = ("OS::Neutron::RouterInterface", "OS::Cinder::VolumeAttachment")
_COLLECTION = {
    "OS::Neutron::Net": "networks",
    "OS::Neutron::Subnet": "subnets",
    "OS::Neutron::Router": "routers",
    "OS::Neutron::Port": "ports",
    "OS::Neutron::FloatingIP": "floatingips",
    "OS::Neutron::SecurityGroup": "security_groups",
    "OS::Nova::Server": "servers",
    "OS::Cinder::Volume": "volumes",
}


def _resource(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"type": f"OS::{type_name}", "properties": properties}


def _of(name: str) -> dict[str, str]:
    return {"get_resource": name}


def first(named: str | None = None) -> dict[str, Any]:
    """Every kind of thing. `named`: the name that all of them have (None: names of Hearth's making)."""
    port = {"get_resource": "port"}
    image, flavor = "cirros", "m1.tiny"
    resources = {
        "net": _resource("Neutron::Net"),
        "subnet": _resource("Neutron::Subnet", network=_of("net"), cidr="10.77.0.0/24"),
        "router": _resource("Neutron::Router", external_gateway_info={"network": "public"}),
        "interface": _resource("Neutron::RouterInterface", router=_of("router"), subnet=_of("subnet")),
        "group": _resource(
            "Neutron::SecurityGroup", rules=[{"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}]
        ),
        "other_group": _resource("Neutron::SecurityGroup", description="given", rules=[{"protocol": "icmp"}]),
        "port": _resource("Neutron::Port", network=_of("net"), security_groups=[_of("group"), _of("other_group")]),
        "floating": _resource("Neutron::FloatingIP", floating_network="public", port_id=port),
        "one": _resource("Nova::Server", image=image, flavor=flavor, networks=[{"port": port}]),
        "two": _resource("Nova::Server", image=image, flavor=flavor, networks=[{"subnet": _of("subnet")}]),
        "volume": _resource("Cinder::Volume", size=1),
        "attachment": _resource("Cinder::VolumeAttachment", instance_uuid=_of("two"), volume_id=_of("volume")),
    }
    if named is not None:
        for name in ("net", "subnet", "router", "group", "other_group", "port", "one", "two", "volume"):
            resources[name]["properties"]["name"] = named
    return {"heat_template_version": "2018-08-31", "resources": resources}


def changed(template: dict[str, Any]) -> dict[str, Any]:
    """The same things, changed in place."""
    made = copy.deepcopy(template)
    resources = made["resources"]
    resources["subnet"]["properties"]["dns_nameservers"] = ["192.0.2.1"]
    resources["group"]["properties"]["rules"].append({"protocol": "udp", "port_range_min": 53, "port_range_max": 53})
    resources["port"]["properties"]["security_groups"] = [_of("group")]
    resources["one"]["properties"]["metadata"] = {"role": "web"}
    resources["two"]["properties"]["flavor"] = "m1.small"
    resources["volume"]["properties"]["metadata"] = {"role": "data"}
    return made


def replaced(template: dict[str, Any]) -> dict[str, Any]:
    """A server and a volume that have to be made anew, one thing less, one more."""
    made = copy.deepcopy(template)
    resources = made["resources"]
    resources["two"]["properties"]["user_data"] = "#!/bin/sh\n"
    resources["volume"]["properties"]["availability_zone"] = "nova"
    del resources["floating"]
    resources["more"] = _resource(
        "Neutron::Net", **({"name": "same"} if "name" in resources["net"]["properties"] else {})
    )
    return made


def check(world: Client, stack: str, before: dict[str, dict[str, Any]], template: dict[str, Any] | None) -> None:
    """The cloud holds exactly what the template says and the store knows, beside what was there before."""
    assert world.nodes_left() == 0
    if template is None:
        assert world.show(stack) is None
        check_contents(world, before)
        return
    new = _new(world, before)

    rows = world.resources(stack)
    assert rows.keys() == template["resources"].keys()
    for name, row in rows.items():
        assert row["resource_status"].endswith("_COMPLETE"), (name, row["resource_status"])
    known: dict[str, set[str]] = {key: set() for key in new}
    for name, stated in template["resources"].items():
        if stated["type"] not in _CONNECTIONS:
            known[_COLLECTION[stated["type"]]].add(rows[name]["physical_resource_id"])
    servers = {rows[name]["physical_resource_id"] for name in ("one", "two")}
    own_ports = {
        port["id"]: port
        for port in new["ports"].values()
        if port["id"] != rows["port"]["physical_resource_id"] and not port["device_owner"].startswith("network:dhcp")
    }
    known["ports"] |= own_ports.keys() | {
        one for one, port in new["ports"].items() if port["device_owner"].startswith("network:dhcp")
    }
    known["security_group_rules"] = {
        rule["id"] for group in new["security_groups"].values() for rule in group["security_group_rules"]
    }
    for key, several in new.items():
        assert several.keys() == known[key], f"{key}: the cloud has {dump(several)}, the store {known[key]}"
    _check_connections(template, rows, new, own_ports, servers)


def check_contents(world: Client, before: dict[str, dict[str, Any]]) -> None:
    """The cloud holds what was there before, and nothing else."""
    left = {key: several for key, several in _new(world, before).items() if several}
    assert not left, f"orphans: {dump(left)}"


def _new(world: Client, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What has come since; what was there before must be there."""
    now = world.contents()
    gone = {key: before[key].keys() - now[key].keys() for key in now if before[key].keys() - now[key].keys()}
    assert not gone, f"things of others are gone: {gone}"
    return {key: {one: now[key][one] for one in now[key].keys() - before[key].keys()} for key in now}


def _check_connections(
    template: dict[str, Any],
    rows: dict[str, dict[str, Any]],
    new: dict[str, dict[str, Any]],
    own_ports: dict[str, Any],
    servers: set[str],
) -> None:
    """Ports nobody named: one for the router, one for the second server. Everything is connected once."""
    router, two = rows["router"]["physical_resource_id"], rows["two"]["physical_resource_id"]
    owners = sorted(port["device_id"] for port in own_ports.values())
    assert owners == sorted([router, two]), dump(own_ports)
    port = new["ports"][rows["port"]["physical_resource_id"]]
    assert port["device_id"] == rows["one"]["physical_resource_id"]
    assert all(server["status"] == "ACTIVE" for server in new["servers"].values())
    [volume] = new["volumes"].values()
    assert [one["server_id"] for one in volume["attachments"]] == [two], dump(volume)
    attached = [len(server["os-extended-volumes:volumes_attached"]) for server in new["servers"].values()]
    assert sum(attached) == 1
    for name in ("group", "other_group"):
        given = len(template["resources"][name]["properties"]["rules"])
        group = new["security_groups"][rows[name]["physical_resource_id"]]
        assert len(group["security_group_rules"]) == given + 2, dump(group)  # and the two for the way out
    assert new["security_groups"][rows["other_group"]["physical_resource_id"]]["description"] == "given"
    for floating in new["floatingips"].values():
        assert floating["port_id"] == port["id"]
    assert {rows[name]["physical_resource_id"] for name in ("one", "two")} == servers
