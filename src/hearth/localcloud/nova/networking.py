"""How do servers get onto networks? Requests for interfaces checked, ports made and bound in neutron, addresses read
back.

Neutron is called as plain Python inside the transaction that is open. What a user asked for becomes a list of `Nic`;
ports that nova made itself go away with the server, ports that came from the user are only let go.
"""

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, cast

from hearth.localcloud.cinder import refusals, rules
from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import errors, service, state
from hearth.localcloud.neutron import service as neutron
from hearth.localcloud.nova import book

OWNER = f"compute:{book.ZONE}"


@dataclasses.dataclass(frozen=True)
class Nic:
    """One interface to be: an existing port, or a new port on a network."""

    network: state.Document
    port: state.Document | None = None
    fixed_ip: str | None = None
    tag: str | None = None


class Unusable(Exception):
    """The server cannot have this network; it ends in ERROR with the message."""


class Networking:
    """Nova's side of neutron."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        self._cloud = cloud

    @property
    def neutron(self) -> neutron.Neutron:
        """The network service."""
        return cast("neutron.Neutron", self._cloud.service("neutron"))

    # ---- what was asked for

    def plan(self, identity: service.Identity, wanted: Any, *, count: int) -> list[Nic]:
        """The interfaces that `networks` of a request means. Raises ApiError 400 and 409."""
        if wanted == "none":
            return []
        if wanted is None or wanted == "auto" or wanted == []:
            return self._automatic(identity, required=wanted == "auto")
        nics = [self.nic(identity, each) for each in wanted]
        if count > 1 and any(nic.port or nic.fixed_ip for nic in nics):
            raise refusals.bad("Unable to launch multiple instances with a single configured port ID or fixed IP.")
        return nics

    def nic(self, identity: service.Identity, wanted: Mapping[str, Any], *, missing: int = 400) -> Nic:
        """One interface. Raises ApiError `missing` for a network or port that is not there, 409 for a port in use."""
        port_id, network_id = wanted.get("port"), wanted.get("uuid")
        if port_id:
            port = self.neutron.data.ports.get(port_id)
            if port is None or not identity.sees(port["project_id"]):
                raise errors.ApiError(missing, f"Port id {port_id} could not be found.")
            if port["device_id"]:
                raise refusals.conflict(f"Port {port_id} is still in use.")
            network = self.neutron.data.networks.get(port["network_id"])
            if network is None or not port["fixed_ips"]:
                raise refusals.bad(f"Port {port_id} requires a FixedIP in order to be used.")
            return Nic(network, port=port, tag=wanted.get("tag"))
        if not network_id:
            raise refusals.bad("Bad networks format: network uuid is not in proper format ()")
        network = self.neutron.find_network(network_id, identity)
        if network is None:
            raise errors.ApiError(missing, f"Network {network_id} could not be found.")
        if not self._has_subnet(network):
            raise refusals.bad(f"Network {network['id']} requires a subnet in order to boot instances on.")
        return Nic(network, fixed_ip=wanted.get("fixed_ip"), tag=wanted.get("tag"))

    def group_ids(self, identity: service.Identity, names: Iterable[str]) -> list[str]:
        """Ids of security groups given by name or id; none for "default" alone. Raises ApiError 400 and 409."""
        wanted = list(dict.fromkeys(names))
        # A port without groups gets the default one anyway.
        return [] if wanted == ["default"] else [self.group_id(identity, name) for name in wanted]

    def group_id(self, identity: service.Identity, name: str) -> str:
        """Id of the project's security group of this name or id. Raises ApiError 400 and 409."""
        if name == "default":
            return str(self.neutron.security_groups.default_of(identity.project_id)["id"])
        try:
            return str(self.neutron.find_security_groups([name], identity)[0])
        except errors.ApiError as error:
            if error.status == 404:
                raise refusals.bad(f"Unable to find security_group with name or id '{name}'") from error
            raise refusals.conflict(
                f"Multiple security groups found matching '{name}'. Use an ID to be more specific."
            ) from error

    # ---- ports

    def connect(
        self, identity: service.Identity, server: state.Document, nics: Iterable[Nic], groups: list[str]
    ) -> list[dict[str, Any]]:
        """Make and bind the ports of a new server: [{"port_id", "created", "tag"}]. Raises Unusable, ApiError 403."""
        made: list[dict[str, Any]] = []
        try:
            for nic in nics:
                made.append(self.plug(identity, server, nic, groups))
        except Unusable:
            self.release(made)
            raise
        return made

    def plug(self, identity: service.Identity, server: state.Document, nic: Nic, groups: list[str]) -> dict[str, Any]:
        """Make or take one port and bind it to the server. Raises Unusable, ApiError 403."""
        port = nic.port or self._create(identity, nic, groups)
        self.neutron.bind_port(port["id"], server["host"], server["id"], OWNER, book.ZONE)
        return {"port_id": port["id"], "created": nic.port is None, "tag": nic.tag}

    def release(self, held: Iterable[Mapping[str, Any]]) -> None:
        """Let the ports of a server go: delete what nova made, unbind what users brought."""
        for each in held:
            if each["port_id"] not in self.neutron.data.ports:
                continue
            # Unbound first: neutron refuses to delete what a device holds in some roles.
            self.neutron.unbind_port(each["port_id"])
            if each["created"]:
                self.neutron.delete_port(each["port_id"])

    def ports(self, server: state.Document) -> list[state.Document]:
        """Ports of a server, in the order they were attached."""
        order = {each["port_id"]: place for place, each in enumerate(server["nics"])}
        found = self.neutron.data.ports.select(device_id=server["id"])
        return sorted(found, key=lambda port: order.get(port["id"], len(order)))

    def set_groups(self, port: state.Document, groups: list[str]) -> None:
        """Give a port these security groups."""
        self.neutron.update_port(port["id"], {"security_groups": groups})

    # ---- floating IPs

    def floating(self, identity: service.Identity, address: str) -> state.Document:
        """The caller's floating IP of this address. Raises ApiError 404."""
        for found in self.neutron.data.floatingips.select(project_id=identity.project_id):
            if found["floating_ip_address"] == address:
                return found
        raise refusals.not_found("floating IP not found")

    def associate(
        self, call: service.Call, floating: state.Document, port_id: str | None, fixed_ip: str | None
    ) -> None:
        """Point a floating IP to a port, or to nothing. Raises ApiError as neutron does."""
        self.neutron.floatingips.modify(call, floating, {"port_id": port_id, "fixed_ip_address": fixed_ip})

    # ---- what is there

    def addresses(self, ports: Iterable[state.Document], *, details: bool = True) -> dict[str, list[dict[str, Any]]]:
        """Addresses by network name, floating ones after the fixed ones of their port."""
        found: dict[str, list[dict[str, Any]]] = {}
        for port in ports:
            network = self.neutron.data.networks.get(port["network_id"])
            entries = found.setdefault(network["name"] if network else port["network_id"], [])
            mac = port["mac_address"]
            for fixed in port["fixed_ips"]:
                entries.append(_address(fixed["ip_address"], "fixed", mac, details))
            for floating in self.neutron.floating_ips_of_port(port["id"]):
                entries.append(_address(floating["floating_ip_address"], "floating", mac, details))
        return found

    def groups(self, ports: Iterable[state.Document]) -> list[state.Document]:
        """Security groups of the ports, each once."""
        table = self.neutron.data.security_groups
        wanted = dict.fromkeys(id for port in ports for id in port["security_groups"])
        return [group for id in wanted if (group := table.get(id))]

    # ---- helpers

    def _automatic(self, identity: service.Identity, *, required: bool) -> list[Nic]:
        usable = [each for each in self.neutron.list_networks(identity) if each["admin_state_up"]]
        if len(usable) > 1:
            raise refusals.conflict("Multiple possible networks found, use a Network ID to be more specific.")
        if not usable:
            if required:
                raise refusals.bad("Unable to automatically allocate a network: the project has no usable network.")
            return []
        return [Nic(usable[0])] if self._has_subnet(usable[0]) or required else []

    def _has_subnet(self, network: state.Document) -> bool:
        return bool(self.neutron.data.subnets.select(network_id=network["id"]))

    def _create(self, identity: service.Identity, nic: Nic, groups: list[str]) -> state.Document:
        network = nic.network
        own = identity.is_admin or network["project_id"] == identity.project_id
        if not own and not self.neutron.data.granted(network["id"], identity.project_id):
            # The external networks: to be seen by all, to be used through routers only.
            raise Unusable("Failed to allocate the network(s), not rescheduling.")
        body: dict[str, Any] = {"network_id": network["id"], "project_id": identity.project_id, "admin_state_up": True}
        if nic.fixed_ip:
            body["fixed_ips"] = [{"ip_address": nic.fixed_ip}]
        if groups:
            body["security_groups"] = groups
        try:
            return self.neutron.create_port(identity, body)
        except errors.ApiError as error:
            if error.kind == "OverQuota":
                raise refusals.forbidden("Maximum number of ports exceeded") from error
            raise Unusable(f"Failed to allocate the network(s): {error.message}") from error


def _address(address: str, kind: str, mac: str, details: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"version": 6 if ":" in address else 4, "addr": address}
    if details:
        entry |= {"OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": mac}
    return entry


def _ip(value: Any) -> str | None:
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        return f"{value!r} is not a valid IPv4 or IPv6 address"
    return None


#: One interface in a request.
NIC = rules.Shape(
    {
        "uuid": rules.optional(rules.uuid),
        "port": rules.optional(rules.uuid),
        "fixed_ip": rules.optional(_ip),
        "tag": rules.optional(rules.text(1, 60)),
    }
)
