"""Which addresses does a port get? Reads the port's wishes, picks from the subnets, keeps the book of what is in use.

The book is a table, so it is undone with the transaction that wrote it. Only the place where the search goes on is
kept in memory: it is a hint, and losing it costs one walk over the subnet's used addresses.
"""

from collections.abc import Iterable, Sequence

from hearth.localcloud.core import errors, state
from hearth.localcloud.neutron import ipam, refusals, tables

Fixed = dict[str, str]

_AUTO_MODES = ("slaac", "dhcpv6-stateless")


class Addresses:
    """The address book of all subnets."""

    def __init__(self, data: tables.Tables) -> None:
        self._data = data
        #: subnet id -> the address given out last.
        self._last: dict[str, int] = {}

    # -- choosing ----------------------------------------------------------------------------------------------------

    def choose(self, network_id: str, port: state.Document, wishes: Sequence[Fixed] | None) -> list[Fixed]:
        """Addresses for a port. `wishes`: [{"subnet_id"?, "ip_address"?}]; None: one of each family.

        Nothing is written. `port` tells id, mac_address, device_owner and the addresses that it has already.
        """
        nets = self._data.subnets.select(network_id=network_id)
        owned_by_router = port["device_owner"].startswith("network:router")
        held = {_key(fixed["subnet_id"], ipam.number(fixed["ip_address"])) for fixed in port["fixed_ips"]}
        chosen: list[Fixed] = []
        if wishes is None:
            for version in (4, 6):
                candidates = [
                    net for net in nets if net["ip_version"] == version and (owned_by_router or not _automatic(net))
                ]
                candidates = _suited(candidates, port["device_owner"])
                if candidates:
                    chosen.append(self._from_any(network_id, candidates, held))
        else:
            kept = {wish["subnet_id"]: wish for wish in port["fixed_ips"]}
            for wish in wishes:
                chosen.append(self._granted(network_id, nets, wish, port, held, kept, chosen))
        if not owned_by_router:
            for net in nets:
                if _automatic(net) and all(fixed["subnet_id"] != net["id"] for fixed in chosen):
                    own = ipam.eui64(ipam.network(net["cidr"]), port["mac_address"])
                    chosen.append({"subnet_id": net["id"], "ip_address": ipam.text(own, 6)})
        return chosen

    def _granted(
        self,
        network_id: str,
        nets: Sequence[state.Document],
        wish: Fixed,
        port: state.Document,
        held: set[str],
        kept: dict[str, Fixed],
        chosen: Sequence[Fixed],
    ) -> Fixed:
        """One address as wished for. Raises ApiError when it is not to be had."""
        subnet_id, address = wish.get("subnet_id"), wish.get("ip_address")
        if not subnet_id and not address:
            raise refusals.invalid("An entry of fixed_ips needs a subnet_id or an ip_address.")
        if subnet_id:
            net = self._data.subnets.get(subnet_id)
            if net is None:
                raise refusals.missing("SubnetNotFound", "Subnet", subnet_id)
            if net["network_id"] != network_id:
                raise refusals.invalid(f"fixed_ips: subnet {subnet_id} is not on network {network_id}.")
        else:
            assert address is not None
            found = next((each for each in nets if _fits(each, address)), None)
            if found is None:
                raise errors.ApiError(
                    400, f"{address} is an address of no subnet of network {network_id}.", kind="InvalidIpForNetwork"
                )
            net = found
        if address is None:
            if _automatic(net) and not port["device_owner"].startswith("network:router"):
                own = ipam.eui64(ipam.network(net["cidr"]), port["mac_address"])
                return {"subnet_id": net["id"], "ip_address": ipam.text(own, 6)}
            if net["id"] in kept and kept[net["id"]] not in chosen:
                return dict(kept[net["id"]])
            return self._from_any(network_id, [net], held, chosen)
        if not _fits(net, address):
            raise errors.ApiError(
                400, f"{address} is no usable address of subnet {net['id']} ({net['cidr']}).", kind="InvalidIpForSubnet"
            )
        key = _key(net["id"], ipam.number(address))
        if key in self._data.allocations and key not in held:
            raise refusals.conflict(
                "IpAddressAlreadyAllocated", f"Address {address} of subnet {net['id']} is in use by another port."
            )
        return {"subnet_id": net["id"], "ip_address": address}

    def _from_any(
        self, network_id: str, nets: Iterable[state.Document], held: set[str], chosen: Sequence[Fixed] = ()
    ) -> Fixed:
        """The next free address of the first subnet that has one."""
        mine = {_key(fixed["subnet_id"], ipam.number(fixed["ip_address"])) for fixed in chosen}
        allocations = self._data.allocations
        for net in nets:
            id = net["id"]
            pools = [
                ipam.Interval(ipam.number(pool["start"]), ipam.number(pool["end"])) for pool in net["allocation_pools"]
            ]

            def taken(address: int, id: str = id) -> bool:
                key = f"{id}/{address}"
                return key in allocations or key in mine

            address = ipam.next_free(pools, taken, self._last.get(id))
            if address is not None:
                self._last[id] = address
                return {"subnet_id": id, "ip_address": ipam.text(address, net["ip_version"])}
        raise refusals.conflict(
            "IpAddressGenerationFailure",
            f"Network {network_id} has no free address left; add a subnet or widen an allocation pool.",
        )

    # -- the book ----------------------------------------------------------------------------------------------------

    def book(self, port: state.Document, before: Sequence[Fixed] = ()) -> None:
        """Write down a port's addresses in place of those it had before."""
        inner = port["device_owner"] in tables.ROUTER_INTERFACES
        for fixed in before:
            self._data.allocations.delete(_key(fixed["subnet_id"], ipam.number(fixed["ip_address"])))
        for fixed in port["fixed_ips"]:
            key = _key(fixed["subnet_id"], ipam.number(fixed["ip_address"]))
            if key in self._data.allocations:
                raise refusals.conflict(
                    "IpAddressAlreadyAllocated",
                    f"Address {fixed['ip_address']} of subnet {fixed['subnet_id']} is in use.",
                )
            self._data.allocations.insert(
                {
                    "id": key,
                    "subnet_id": fixed["subnet_id"],
                    "port_id": port["id"],
                    "leg_on": fixed["subnet_id"] if inner else None,
                }
            )

    def release(self, port: state.Document) -> None:
        """Give all addresses of a port back."""
        for fixed in port["fixed_ips"]:
            self._data.allocations.delete(_key(fixed["subnet_id"], ipam.number(fixed["ip_address"])))

    def forget(self, subnet: state.Document) -> None:
        """A subnet goes: drop what is left of it from the book and from the ports."""
        for allocation in self._data.allocations.select(subnet_id=subnet["id"]):
            self._data.allocations.delete(allocation["id"])
            port = self._data.ports.get(allocation["port_id"])
            if port is not None:
                left = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] != subnet["id"]]
                self._data.ports.update(port["id"], fixed_ips=left)
        self._last.pop(subnet["id"], None)

    def automatic(self, subnet: state.Document, port: state.Document) -> bool:
        """Did the port give itself its address on this subnet? Such addresses go with the subnet."""
        return _automatic(subnet) and not port["device_owner"].startswith("network:router")


def _automatic(subnet: state.Document) -> bool:
    return subnet["ipv6_address_mode"] in _AUTO_MODES


def _fits(subnet: state.Document, address: str) -> bool:
    if (":" in address) != (subnet["ip_version"] == 6):
        return False
    network, number = ipam.network(subnet["cidr"]), ipam.number(address)
    # The routers' anycast address is a usual gateway of IPv6, so ports may have it.
    return number in ipam.hosts(network) or (subnet["ip_version"] == 6 and number == int(network.network_address))


def _suited(nets: list[state.Document], owner: str) -> list[state.Document]:
    """Subnets meant for this kind of device; else those meant for any."""
    special = [net for net in nets if owner and owner in net["service_types"]]
    return special or [net for net in nets if not net["service_types"]]


def _key(subnet_id: str, address: int) -> str:
    return f"{subnet_id}/{address}"
