"""The form of specimens, and the pieces that many of them are made of.

Texts like `{it}` in requests stand for physical ids of the specimen's resources, `{it}` being the specimen itself.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any


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
    """One small example of a type; what is regular about it follows from the declaration (`specimens.derived`)."""

    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    around: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What else is in the stack: `{name: of(type, ...)}`, referred to by `ref(name)`."""
    _: dataclasses.KW_ONLY
    updates: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further properties that are changed in place: `{property: new value}`."""
    replaces: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Properties whose change replaces the object, where the derived ones do not do."""
    changes: Mapping[str, Request] = dataclasses.field(default_factory=dict)
    """How somebody changes further properties of the object behind Hearth's back: `{property: request}`."""
    removal: Request | None = None
    """How somebody removes the object; None: the regular way."""
    unchanged: tuple[str, ...] = ()
    """Regular properties that the service does not let anybody change."""
    user: str = "demo"
    """Who may make it: demo or admin."""
    given: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Properties of an example that whoever deploys it gives, with what they are: `{property: description}`."""
    note: str = ""
    """What the reference says above the example, where it does not work everywhere as it stands."""


def ref(name: str) -> dict[str, str]:
    """A reference to another resource of the specimen."""
    return {"get_resource": name}


def of(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource, as templates state it."""
    return {"type": kind, "properties": properties}


def neutron(method: str, path: str, body: Any = None) -> Request:
    """A request to the network service."""
    return Request("network", method, f"/v2.0/{path}", body)


def nova(method: str, path: str, body: Any = None, version: str | None = None) -> Request:
    """A request to the compute service."""
    return Request("compute", method, path, body, microversion=version)


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDv8ezFNqc3EPdxCcLHaWrGQ9D/Ww5ooPAoKqlZKqra9 someone@example"
IMAGE, FLAVOR = "cirros", "m1.tiny"
NET = of("OS::Neutron::Net")
SUBNET = of("OS::Neutron::Subnet", network=ref("net"), cidr="10.9.0.0/24")
PORT = of("OS::Neutron::Port", network=ref("net"), fixed_ips=[{"subnet": ref("subnet")}])
ROUTER = of("OS::Neutron::Router", external_gateway_info={"network": "public"})
INTERFACE = of("OS::Neutron::RouterInterface", router=ref("router"), subnet=ref("subnet"))
REACHED = {"net": NET, "subnet": SUBNET, "router": ROUTER, "interface": INTERFACE}
SERVER = of("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"network": ref("net")}])
VOLUME = of("OS::Cinder::Volume", size=1)
KEYSTONE = {
    kind.lower(): of(f"OS::Keystone::{kind}") for kind in ("Project", "User", "Group", "Role", "Region", "Domain")
}
