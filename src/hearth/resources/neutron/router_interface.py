"""OS::Neutron::RouterInterface: the connection of a router with a subnet.

Spec: https://docs.openstack.org/api-ref/network/v2/#add-interface-to-router
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hearth.resources import base, blockers, rules
from hearth.resources.contract import Call, Gone, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.remote import remember_request
from hearth.resources.schema import Property

_OLD = (("HIDDEN", "6.0.0"), ("DEPRECATED", "2015.1"))


def _subnet(call: Call, observed: Observed) -> Any:
    """The subnet that is wanted, if the router's port has an address of it."""
    wanted, present = call.properties["subnet"], [ip["subnet_id"] for ip in observed.get("fixed_ips") or ()]
    return wanted if wanted in present else next(iter(present), None)


@base.resource("OS::Neutron::RouterInterface")
class RouterInterface(network_resource.NetworkResource):
    """Connects a router with a subnet or a port.

    Has no id of its own: the physical id is `<router>:subnet_id=<subnet>` or `<router>:port_id=<port>`.
    """

    extension = "router"
    remote = network_resource.collection("port", marker="", batch="")
    used_by = (blockers.FLOATING_IPS,)

    router = Property(str, "The router.", required=True, refers="neutron.router", live="device_id")
    router_id = Property(
        str,
        "Older name of router.",
        constraint="neutron.router",
        moved_to="router",
        support=(*_OLD, ("SUPPORTED", "2013.1")),
    )
    subnet = Property(
        str, "The subnet; its gateway address becomes the router's.", refers="neutron.subnet", live=_subnet
    )
    subnet_id = Property(
        str,
        "Older name of subnet.",
        constraint="neutron.subnet",
        moved_to="subnet",
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )
    port = Property(str, "A port to give to the router.", refers="neutron.port", live="id", since="2015.1")
    port_id = Property(
        str,
        "Older name of port.",
        constraint="neutron.port",
        moved_to="port",
        support=(*_OLD, ("SUPPORTED", "2014.1")),
    )

    checks = (rules.exactly_one("subnet", "port"),)

    def placeholders(self, call: Call) -> Mapping[str, str]:
        """The router, whose floating addresses need the interface."""
        return {"router": _parts(call.physical_id or "")[0]}

    def bears_mark(self, call: Call) -> bool:
        """The service makes or takes a port, and nothing can be said to it of whose the interface is."""
        return False

    async def alike(self, call: Call) -> Sequence[str]:
        """The router's ports there; a second connection of the same two cannot be made."""
        return [str(one["id"]) for one in await self._ports(call, _identity(call))]

    async def locate(self, call: Call) -> str | None:
        """By what it connects, and by not having been there before."""
        return _identity(call) if await self.newcomer(call) is not None else None

    async def create(self, call: Call) -> str | None:
        """Connect them."""
        _, key, value = _parts(_identity(call))
        path = f"/v2.0/routers/{call.properties['router']}/add_router_interface"
        remember_request(call, await self.request(call, "PUT", path, {key: value}, creating=True))
        return _identity(call)

    async def delete(self, call: Call) -> None:
        """Separate them."""
        router, key, value = _parts(call.physical_id or "")
        await self.request(call, "PUT", f"/v2.0/routers/{router}/remove_router_interface", {key: value})

    async def observe(self, call: Call) -> Observed | None:
        """The router's port on the subnet."""
        found = await self._ports(call, call.physical_id or "")
        if not found:
            router, key, value = _parts(call.physical_id or "")
            raise Gone(f"router {router} has no interface with {key} {value}")
        return found[0]

    async def _ports(self, call: Call, identity: str) -> list[dict[str, Any]]:
        router, key, value = _parts(identity)
        if key == "port_id":
            return await network_resource.listing(call, self.remote.path, "ports", id=value, device_id=router)
        ports = await network_resource.listing(call, self.remote.path, "ports", device_id=router)
        return [
            one
            for one in ports
            if str(one.get("device_owner", "")).startswith("network:router_interface")
            or one.get("device_owner") == "network:ha_router_replicated_interface"
            if any(ip["subnet_id"] == value for ip in one["fixed_ips"])
        ]


def _identity(call: Call) -> str:
    given = call.properties
    what = f"subnet_id={given['subnet']}" if "subnet" in given else f"port_id={given['port']}"
    return f"{given['router']}:{what}"


def _parts(identity: str) -> tuple[str, str, str]:
    router, _, what = identity.partition(":")
    key, _, value = what.partition("=")
    return router, key, value
