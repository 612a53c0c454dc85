"""One specimen of each resource type: how it is made, how somebody changes its object behind Hearth's back, and how
somebody removes it.

What is regular about a type is generated from its declaration: every property that the service shows under its own name
and takes in an update is changed. What is odd stands in the table. Texts like `{it}` stand for physical ids of the
stack's resources, `{it}` being the specimen.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.resources import registry, schema
from hearth.resources.remote import RemoteResource

TYPES = registry.TypeRegistry()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDv8ezFNqc3EPdxCcLHaWrGQ9D/Ww5ooPAoKqlZKqra9 someone@example"
IMAGE, FLAVOR, OTHER_FLAVOR = "cirros", "m1.tiny", "m1.small"


@dataclasses.dataclass(frozen=True)
class Request:
    """A request to a service."""

    service: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    microversion: str | None = None


@dataclasses.dataclass(frozen=True)
class Specimen:
    """See the module's text. `around`: what else is in the stack. `changes`: `{property: request}`.

    `removal` None: the regular one. `user`: who may make it.
    """

    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    around: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    changes: Mapping[str, Request] = dataclasses.field(default_factory=dict)
    removal: Request | None = None
    user: str = "demo"
    unchanged: tuple[str, ...] = ()
    """Regular properties that the service does not let anybody change."""


def ref(name: str) -> dict[str, str]:
    return {"get_resource": name}


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "properties": properties}


NET = of("OS::Neutron::Net")
SUBNET = of("OS::Neutron::Subnet", network=ref("net"), cidr="10.9.0.0/24")
PORT = of("OS::Neutron::Port", network=ref("net"), fixed_ips=[{"subnet": ref("subnet")}])
ROUTER = of("OS::Neutron::Router", external_gateway_info={"network": "public"})
INTERFACE = of("OS::Neutron::RouterInterface", router=ref("router"), subnet=ref("subnet"))
FLOATING = of("OS::Neutron::FloatingIP", floating_network="public")
REACHED = {"net": NET, "subnet": SUBNET, "router": ROUTER, "interface": INTERFACE}
SERVER = of("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"network": ref("net")}])
VOLUME = of("OS::Cinder::Volume", size=1)
WEB_RULE = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80, "remote_ip_prefix": "0.0.0.0/0"}
INNER = {"heat_template_version": "2018-08-31", "resources": {"one": of("OS::Heat::Value", value="x")}}


def neutron(method: str, path: str, body: Any = None) -> Request:
    return Request("network", method, f"/v2.0/{path}", body)


def nova(method: str, path: str, body: Any = None, version: str | None = None) -> Request:
    return Request("compute", method, path, body, microversion=version)


USER = Request("identity", "DELETE", "/v3/users/{it}")

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Neutron::Net": Specimen(
        {"tags": ["a"], "value_specs": {"mtu": 1400}},
        changes={
            "tags": neutron("PUT", "networks/{it}/tags", {"tags": ["a", "b"]}),
            "value_specs": neutron("PUT", "networks/{it}", {"network": {"mtu": 1300}}),
        },
        # Only administrators share networks.
        unchanged=("shared",),
    ),
    "OS::Neutron::Subnet": Specimen(
        {
            "network": ref("net"),
            "cidr": "10.9.0.0/24",
            "gateway_ip": None,
            "dns_nameservers": ["10.9.0.2", "10.9.0.3"],
            "host_routes": [{"destination": "10.10.0.0/16", "nexthop": "10.9.0.9"}],
            "allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.20"}],
        },
        {"net": NET},
        {
            "gateway_ip": neutron("PUT", "subnets/{it}", {"subnet": {"gateway_ip": "10.9.0.1"}}),
            "dns_nameservers": neutron(
                "PUT", "subnets/{it}", {"subnet": {"dns_nameservers": ["10.9.0.3", "10.9.0.2"]}}
            ),
            "host_routes": neutron("PUT", "subnets/{it}", {"subnet": {"host_routes": []}}),
            "allocation_pools": neutron(
                "PUT", "subnets/{it}", {"subnet": {"allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.30"}]}}
            ),
        },
    ),
    "OS::Neutron::Port": Specimen(
        {
            "network": ref("net"),
            "fixed_ips": [{"subnet": ref("subnet"), "ip_address": "10.9.0.77"}],
            "security_groups": [ref("group")],
            "allowed_address_pairs": [{"ip_address": "10.9.0.99"}],
        },
        {"net": NET, "subnet": SUBNET, "group": of("OS::Neutron::SecurityGroup")},
        {
            "fixed_ips": neutron("PUT", "ports/{it}", {"port": {"fixed_ips": [{"ip_address": "10.9.0.78"}]}}),
            "security_groups": neutron("PUT", "ports/{it}", {"port": {"security_groups": []}}),
            "allowed_address_pairs": neutron("PUT", "ports/{it}", {"port": {"allowed_address_pairs": []}}),
        },
        # Security groups need it.
        unchanged=("port_security_enabled",),
    ),
    "OS::Neutron::Router": Specimen(
        {"external_gateway_info": {"network": "public"}, "tags": ["a"]},
        changes={
            "external_gateway_info": neutron("PUT", "routers/{it}", {"router": {"external_gateway_info": {}}}),
            "tags": neutron("PUT", "routers/{it}/tags", {"tags": []}),
        },
    ),
    "OS::Neutron::RouterGateway": Specimen(
        {"router_id": ref("router"), "network": "public"},
        {"router": of("OS::Neutron::Router")},
        removal=neutron("PUT", "routers/{router}", {"router": {"external_gateway_info": {}}}),
    ),
    "OS::Neutron::RouterInterface": Specimen(
        {"router": ref("router"), "subnet": ref("subnet")},
        {"net": NET, "subnet": SUBNET, "router": ROUTER},
        removal=neutron("PUT", "routers/{router}/remove_router_interface", {"subnet_id": "{subnet}"}),
    ),
    "OS::Neutron::FloatingIP": Specimen(
        {"floating_network": "public", "port_id": ref("port")},
        {**REACHED, "port": PORT},
        {"port_id": neutron("PUT", "floatingips/{it}", {"floatingip": {"port_id": None}})},
    ),
    "OS::Neutron::FloatingIPAssociation": Specimen(
        {"floatingip_id": ref("floating"), "port_id": ref("port")},
        {**REACHED, "port": PORT, "floating": FLOATING},
        removal=neutron("PUT", "floatingips/{floating}", {"floatingip": {"port_id": None}}),
    ),
    "OS::Neutron::SecurityGroup": Specimen(
        {"description": "mine", "rules": [WEB_RULE, {"remote_mode": "remote_group_id"}]},
        changes={
            "rules": neutron(
                "POST",
                "security-group-rules",
                {"security_group_rule": {"security_group_id": "{it}", "direction": "ingress", "protocol": "icmp"}},
            )
        },
    ),
    "OS::Neutron::SecurityGroupRule": Specimen(
        {"security_group": ref("group"), **WEB_RULE}, {"group": of("OS::Neutron::SecurityGroup")}
    ),
    "OS::Nova::Server": Specimen(
        {
            "image": IMAGE,
            "flavor": FLAVOR,
            "networks": [{"network": ref("net")}],
            "metadata": {"role": "web", "count": 3},
            "tags": ["a"],
            "user_data": "#!/bin/sh",
            "user_data_format": "RAW",
        },
        {"net": NET, "subnet": SUBNET},
        {
            "metadata": nova("POST", "/servers/{it}/metadata", {"metadata": {"role": "db"}}),
            "tags": nova("PUT", "/servers/{it}/tags", {"tags": []}, "2.26"),
            "networks": nova("POST", "/servers/{it}/os-interface", {"interfaceAttachment": {"net_id": "{net}"}}),
        },
    ),
    "OS::Nova::KeyPair": Specimen({"name": "specimen", "public_key": KEY}),
    "OS::Nova::Flavor": Specimen(
        {"ram": 64, "vcpus": 1, "extra_specs": {"hw:pinned": True}},
        changes={
            "extra_specs": nova("POST", "/flavors/{it}/os-extra_specs", {"extra_specs": {"hw:pinned": "False"}}),
        },
        user="admin",
    ),
    "OS::Nova::ServerGroup": Specimen(),
    "OS::Cinder::Volume": Specimen(
        {"size": 1, "metadata": {"role": "web"}, "read_only": True},
        changes={
            "metadata": Request("volume", "PUT", "/volumes/{it}/metadata", {"metadata": {"role": "db"}}),
            "read_only": Request(
                "volume", "POST", "/volumes/{it}/action", {"os-update_readonly_flag": {"readonly": False}}
            ),
        },
    ),
    "OS::Cinder::VolumeAttachment": Specimen(
        {"instance_uuid": ref("server"), "volume_id": ref("volume")},
        {"net": NET, "subnet": SUBNET, "server": SERVER, "volume": VOLUME},
        removal=nova("DELETE", "/servers/{server}/os-volume_attachments/{volume}"),
    ),
    "OS::Glance::WebImage": Specimen(
        {
            "location": "http://example.org/image",
            "container_format": "bare",
            "disk_format": "raw",
            "os_distro": "debian",
            "extra_properties": {"colour": "red"},
        },
        changes={
            "os_distro": Request(
                "image",
                "PATCH",
                "/v2/images/{it}",
                [{"op": "remove", "path": "/os_distro"}],
                {"Content-Type": "application/openstack-images-v2.1-json-patch"},
            ),
            "extra_properties": Request(
                "image",
                "PATCH",
                "/v2/images/{it}",
                [{"op": "replace", "path": "/colour", "value": "blue"}],
                {"Content-Type": "application/openstack-images-v2.1-json-patch"},
            ),
            "active": Request("image", "POST", "/v2/images/{it}/actions/deactivate"),
        },
        user="admin",
    ),
    "OS::Swift::Container": Specimen(
        {"name": "specimen", "X-Container-Read": ".r:*", "X-Container-Meta": {"Colour": "red"}},
        changes={
            "X-Container-Read": Request("object-store", "POST", "/{it}", headers={"X-Container-Read": ""}),
            "X-Container-Meta": Request("object-store", "POST", "/{it}", headers={"X-Container-Meta-Colour": "blue"}),
        },
        removal=Request("object-store", "DELETE", "/{it}"),
    ),
    "OS::Heat::Stack": Specimen(
        {"template": "heat_template_version: 2018-08-31", "parameters": {}},
        changes={
            "template": Request("orchestration", "PUT", "/stacks/{it_name}/{it}", {"template": INNER}),
        },
        removal=Request("orchestration", "DELETE", "/stacks/{it_name}/{it}"),
    ),
    **{
        f"OS::Heat::{name}": Specimen(removal=Request("orchestration", "DELETE", "/software_configs/{it}"))
        for name in ("SoftwareConfig", "StructuredConfig", "CloudConfig", "MultipartMime")
    },
    "OS::Heat::SoftwareComponent": Specimen(
        {"configs": [{"actions": ["CREATE"], "config": "true", "tool": "script"}]},
        removal=Request("orchestration", "DELETE", "/software_configs/{it}"),
    ),
    **{
        f"OS::Heat::{name}": Specimen(
            {"server": "somewhere", "signal_transport": "NO_SIGNAL"},
            removal=Request("orchestration", "DELETE", "/software_deployments/{it}"),
        )
        for name in ("SoftwareDeployment", "StructuredDeployment")
    },
    "OS::Heat::WaitConditionHandle": Specimen(removal=USER),
    "AWS::CloudFormation::WaitConditionHandle": Specimen(removal=USER),
    "OS::Heat::ScalingPolicy": Specimen(
        {"auto_scaling_group_id": "none", "scaling_adjustment": 1, "adjustment_type": "change_in_capacity"},
        removal=USER,
    ),
    "OS::Heat::SwiftSignalHandle": Specimen(removal=Request("object-store", "DELETE", "/{it}")),
}

#: Types without a specimen, and why.
NOT_SHOWN: Mapping[str, str] = {
    "OS::Heat::UpdateWaitConditionHandle": "is made anew by every update",
    "OS::Heat::SwiftSignal": "is there when it was signalled; what it reads is its handle's",
    **{
        name: "has nothing outside the store"
        for name in TYPES.names()
        if not TYPES.get(name).nests and (not TYPES.get(name).supports_check or name == "OS::Heat::TestResource")
    },
    **{name: "is what its nested stack is" for name in TYPES.names() if TYPES.get(name).nests},
}


def changes(name: str) -> dict[str, Request]:
    """All changes of a type's specimen: the table's, and those that follow from the declaration."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    found = dict(specimen.changes)
    if not isinstance(kind, RemoteResource) or not kind.remote.envelope or kind.remote.update_method != "PUT":
        return found
    for one in kind.properties.values():
        is_expected = one.name in specimen.properties or one.has_default or one.default is schema.PHYSICAL_NAME
        if one.name in (*found, *specimen.unchanged) or not is_expected or not one.updatable:
            continue
        if one.live != schema.SAME or one.wire_name is None or one.lookup or one.constraints or one.kind not in _OTHERS:
            continue
        present = specimen.properties.get(one.name, one.default)
        body = {kind.remote.envelope: {one.wire_name: _OTHERS[one.kind](present)}}
        found[one.name] = Request(kind.remote.service, "PUT", f"{kind.remote.path}/{{it}}", body)
    return found


#: How a value becomes another.
_OTHERS: Mapping[type, Any] = {str: lambda value: "changed", bool: lambda value: not value}


def removal(name: str) -> Request:
    """How the object is removed."""
    kind, specimen = TYPES.get(name), SPECIMENS[name]
    if specimen.removal is not None:
        return specimen.removal
    assert isinstance(kind, RemoteResource)
    return Request(kind.remote.service, "DELETE", f"{kind.remote.path}/{{it}}")
