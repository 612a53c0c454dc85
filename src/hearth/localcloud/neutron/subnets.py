"""Subnets: /v2.0/subnets. Address plans are checked here; the arithmetic is in ipam and prefixes."""

from collections.abc import Iterable
from typing import Any

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import addresses, checks, ipam, prefixes, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field

_MODES = checks.one_of("slaac", "dhcpv6-stateful", "dhcpv6-stateless")
_POOL = checks.list_of(checks.mapping({"start": checks.ip, "end": checks.ip}))
_MAX_NAMESERVERS = 5
_MAX_ROUTES = 20


class Subnets(resource.Resource):
    """Subnets of networks."""

    singular, plural, path = "subnet", "subnets", "/v2.0/subnets"
    missing_kind, noun = "SubnetNotFound", "Subnet"
    counted_as = "subnet"
    index = ("project_id", "network_id", "subnetpool_id")
    private = frozenset({"segment_id"})
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        Field("network_id", str, required=True, update=False, check=checks.uuid),
        Field("ip_version", int, required=True, update=False, check=checks.one_of(4, 6)),
        Field("cidr", str, nullable=True, update=False),
        Field("prefixlen", int, nullable=True, update=False),
        Field("subnetpool_id", str, nullable=True, update=False),
        Field("use_default_subnetpool", bool, default=False, update=False),
        # Unset and null differ: null means no gateway at all.
        Field("gateway_ip", str, default="", nullable=True, check=checks.ip),
        Field("allocation_pools", list, nullable=True, check=_POOL),
        Field("enable_dhcp", bool, default=True),
        Field("dns_nameservers", list, default=[], nullable=True, check=checks.list_of(checks.ip)),
        Field("host_routes", list, default=[], nullable=True, check=checks.routes),
        Field("ipv6_ra_mode", str, nullable=True, update=False, check=_MODES),
        Field("ipv6_address_mode", str, nullable=True, update=False, check=_MODES),
        Field("service_types", list, default=[]),
        Field("dns_publish_fixed_ip", bool, default=False),
        Field("segment_id", str, nullable=True, admin=True, check=checks.uuid),
    )
    filters = frozenset({"shared", "router:external"})

    def __init__(
        self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, plan: addresses.Addresses
    ) -> None:
        super().__init__(owner, data, quotas)
        self._plan = plan

    # -- who sees it -------------------------------------------------------------------------------------------------

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Own ones, and those of the networks that the caller sees."""
        identity = call.identity
        if identity.sees(document["project_id"]):
            return True
        network = document["network_id"]
        return any(
            self.data.granted(network, identity.project_id, action)
            for action in ("access_as_shared", "access_as_external")
        )

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        """Own ones and those on networks that are shared with the project."""
        found = super().candidates(call)
        if call.identity.is_admin or any(name in call.query for name in self.index):
            return found
        shared = self.data.granted_to(call.identity.project_id, "network")
        others = [subnet for id in shared for subnet in self.table.select(network_id=id)]
        return {each["id"]: each for each in [*found, *others]}.values()

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With a word on whether its network is external."""
        shown = super().view(call, document)
        shown["router:external"] = self.data.is_external(document["network_id"])
        return shown

    def value(self, call: service.Call, document: state.Document, name: str) -> Any:
        """Computed fields for filters."""
        if name == "router:external":
            return self.data.is_external(document["network_id"])
        if name == "shared":
            return self.data.granted(document["network_id"], call.identity.project_id)
        return document.get(name)

    # -- writing -----------------------------------------------------------------------------------------------------

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Complete the address plan from what was given, and refuse what does not fit together."""
        network = self._network(call, document)
        cidr = self._cidr(call, document)
        subnet = ipam.network(cidr)
        document["cidr"] = cidr
        self._check_modes(document, subnet)
        self._check_dhcp(document, subnet)
        for other in self.table.select(network_id=network["id"]):
            if ipam.network(other["cidr"]).overlaps(subnet):
                raise refusals.invalid(
                    f"CIDR {cidr} overlaps {other['cidr']} of subnet {other['id']} on the same network {network['id']}."
                )
        for name in ("dns_nameservers", "host_routes"):
            document[name] = document[name] or []
        if document["gateway_ip"] == "":
            document["gateway_ip"] = ipam.text(ipam.default_gateway(subnet), subnet.version)
        _check_gateway(document["gateway_ip"], document, subnet)
        if document["allocation_pools"] is None:
            gateway = None if document["gateway_ip"] is None else ipam.number(document["gateway_ip"])
            pools = ipam.default_pools(subnet, gateway)
            document["allocation_pools"] = [
                {"start": ipam.text(pool.first, subnet.version), "end": ipam.text(pool.last, subnet.version)}
                for pool in pools
            ]
        _check_pools(document["allocation_pools"], document["gateway_ip"], subnet)
        _check_lists(document, subnet.version)
        if document["segment_id"] is not None and document["segment_id"] not in self.data.segments:
            raise refusals.missing("SegmentNotFound", "Segment", document["segment_id"])

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        """The network's revision counts its subnets' comings and goings."""
        self._touch_network(document)
        return document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Check the new plan as a whole."""
        subnet = ipam.network(document["cidr"])
        after = {**document, **changes}
        for name in ("dns_nameservers", "host_routes"):
            if name in changes:
                changes[name] = changes[name] or []
        _check_lists({**document, **changes}, subnet.version)
        if changes.get("allocation_pools", ()) is None:
            raise self.refuse("allocation_pools must be a list.")
        if "gateway_ip" in changes:
            _check_gateway(after["gateway_ip"], after, subnet)
            old = document["gateway_ip"]
            if (
                old != after["gateway_ip"]
                and old
                and any(leg.address == old for leg in self.data.inner_legs_on(document["id"]))
            ):
                raise refusals.conflict(
                    "GatewayIpInUse", f"Gateway {old} of subnet {document['id']} is in use by a router's port."
                )
        if "gateway_ip" in changes or "allocation_pools" in changes:
            _check_pools(after["allocation_pools"], after["gateway_ip"], subnet)
        if "enable_dhcp" in changes:
            self._check_dhcp(after, subnet)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No ports but those that go by themselves."""
        for allocation in self.data.allocations.select(subnet_id=document["id"]):
            port = self.data.ports.get(allocation["port_id"])
            if port is None or port["device_owner"] in tables.AUTOMATIC or self._plan.automatic(document, port):
                continue
            raise refusals.conflict(
                "SubnetInUse",
                f"Subnet {document['id']} still has addresses in use, such as one of port {port['id']}; "
                "delete the ports first.",
            )
        self._plan.forget(document)
        self._touch_network(document)

    def discard(self, document: state.Document) -> None:
        """Delete together with the network."""
        self._plan.forget(document)
        self.table.delete(document["id"])

    # -- the parts of the plan ---------------------------------------------------------------------------------------

    def _network(self, call: service.Call, document: state.Document) -> state.Document:
        network = self.data.networks.get(document["network_id"])
        if network is None:
            raise refusals.missing("NetworkNotFound", "Network", document["network_id"])
        if not call.identity.sees(network["project_id"]):
            if any(
                self.data.granted(network["id"], call.identity.project_id, action)
                for action in ("access_as_shared", "access_as_external")
            ):
                raise refusals.denied(f"create a subnet on network {network['id']}")
            raise refusals.missing("NetworkNotFound", "Network", network["id"])
        return network

    def _cidr(self, call: service.Call, document: state.Document) -> str:
        """The subnet's CIDR: the one given, or the next free one of its pool."""
        given, length, version = document["cidr"], document.pop("prefixlen"), document["ip_version"]
        use_default = document.pop("use_default_subnetpool")
        if given is not None:
            if length is not None:
                raise refusals.bad_request("Give either cidr or prefixlen, not both.")
            try:
                given = str(ipam.network(checks.cidr(given)))
            except ValueError:
                raise refusals.invalid(f"cidr {given!r} is not a network such as 10.0.0.0/24.") from None
            if ipam.network(given).version != version:
                raise refusals.invalid(f"cidr {given} is not of ip_version {version}.")
        if use_default:
            if document["subnetpool_id"]:
                raise refusals.bad_request("Give either subnetpool_id or use_default_subnetpool, not both.")
            pool = next(
                (
                    each
                    for each in self.data.subnetpools
                    if each["is_default"] and each["ip_version"] == version and self._sees_pool(call, each)
                ),
                None,
            )
            if pool is None:
                raise refusals.bad_request(f"There is no default subnet pool for IPv{version}.")
            document["subnetpool_id"] = pool["id"]
        if document["subnetpool_id"] == "prefix_delegation":
            raise refusals.bad_request("Prefix delegation is not supported; name a subnet pool or give a cidr.")
        document["subnetpool_id"] = document["subnetpool_id"] or None
        if document["subnetpool_id"] is None and given is None:
            raise refusals.bad_request("Without a cidr a subnet needs a subnetpool_id.")
        if document["subnetpool_id"] is None:
            self._check_affinity(document)
            return str(given)
        pool = self.data.subnetpools.get(document["subnetpool_id"])
        if pool is None or not self._sees_pool(call, pool):
            raise refusals.missing("SubnetPoolNotFound", "Subnet pool", document["subnetpool_id"])
        self._check_affinity(document)
        return self._from_pool(pool, given, length, version)

    def _from_pool(self, pool: state.Document, given: str | None, length: int | None, version: int) -> str:
        if pool["ip_version"] != version:
            raise refusals.bad_request(f"Subnet pool {pool['id']} is of IPv{pool['ip_version']}, not IPv{version}.")
        wanted = int(given.partition("/")[2]) if given else length or int(pool["default_prefixlen"])
        low, high = int(pool["min_prefixlen"]), int(pool["max_prefixlen"])
        if wanted < low:
            raise errors.ApiError(
                400, f"Prefix length {wanted} is below the pool's minimum {low}.", kind="MinPrefixSubnetAllocationError"
            )
        if wanted > high:
            raise errors.ApiError(
                400,
                f"Prefix length {wanted} is above the pool's maximum {high}.",
                kind="MaxPrefixSubnetAllocationError",
            )
        taken = [each["cidr"] for each in self.table.select(subnetpool_id=pool["id"])]
        if given is None:
            found = prefixes.first_free(pool["prefixes"], taken, wanted)
        else:
            free = prefixes.covers(pool["prefixes"], given) and not prefixes.overlaps([given], taken)
            found = given if free else None
        if found is None:
            # The real service answers 500 here; a pool that is used up is no fault of the server's.
            raise refusals.conflict(
                "SubnetAllocationError",
                f"Subnet pool {pool['id']} has no room for {given or f'another /{wanted}'}.",
            )
        return found

    def _sees_pool(self, call: service.Call, pool: state.Document) -> bool:
        identity = call.identity
        return identity.sees(pool["project_id"]) or self.data.granted(pool["id"], identity.project_id)

    def _check_affinity(self, document: state.Document) -> None:
        for other in self.table.select(network_id=document["network_id"]):
            if other["ip_version"] == document["ip_version"] and other["subnetpool_id"] != document["subnetpool_id"]:
                raise errors.ApiError(
                    400,
                    f"The other IPv{other['ip_version']} subnets of network {document['network_id']} come from "
                    f"{other['subnetpool_id'] or 'no subnet pool'}; this one has to come from there too.",
                    kind="NetworkSubnetPoolAffinityError",
                )

    def _check_modes(self, document: state.Document, subnet: ipam.Network) -> None:
        ra, mode = document["ipv6_ra_mode"], document["ipv6_address_mode"]
        if ra is None and mode is None:
            return
        if subnet.version == 4:
            raise refusals.invalid("ipv6_ra_mode and ipv6_address_mode are for ip_version 6 only.")
        if not document["enable_dhcp"]:
            raise refusals.invalid("ipv6_ra_mode and ipv6_address_mode need enable_dhcp.")
        if ra and mode and ra != mode:
            raise refusals.invalid(f"ipv6_ra_mode {ra} and ipv6_address_mode {mode} must be the same.")
        if mode in ("slaac", "dhcpv6-stateless") and subnet.prefixlen != 64:
            raise refusals.invalid(f"ipv6_address_mode {mode} needs a /64, not {subnet}.")

    def _check_dhcp(self, document: state.Document, subnet: ipam.Network) -> None:
        if not document["enable_dhcp"]:
            return
        if subnet.prefixlen > subnet.max_prefixlen - (2 if subnet.version == 4 else 1):
            raise refusals.invalid(f"{subnet} is too small for DHCP; set enable_dhcp to false.")
        if subnet.is_multicast or subnet.is_loopback or int(subnet.network_address) == 0:
            raise refusals.invalid(f"DHCP does not work on {subnet}; set enable_dhcp to false.")

    def _touch_network(self, document: state.Document) -> None:
        network = self.data.networks.get(document["network_id"])
        if network is not None:
            self.data.networks.update(network["id"], **tables.touched(network, self.cloud.clock.iso()))


def _check_gateway(gateway: str | None, document: state.Document, subnet: ipam.Network) -> None:
    if gateway is None:
        return
    address = ipam.number(gateway)
    if (":" in gateway) != (subnet.version == 6):
        raise refusals.invalid(f"gateway_ip {gateway} is not of ip_version {subnet.version}.")
    if subnet.version == 4 and subnet.prefixlen < 31:
        inner = ipam.hosts(subnet)
        if address in (inner.first - 1, inner.last + 1):
            raise refusals.invalid(f"gateway_ip {gateway} is the network or broadcast address of {subnet}.")


def _check_pools(given: list[dict[str, str]], gateway: str | None, subnet: ipam.Network) -> None:
    pools = []
    inner = ipam.hosts(subnet)
    for each in given:
        name = f"{each['start']}-{each['end']}"
        pool = ipam.Interval(ipam.number(each["start"]), ipam.number(each["end"]))
        foreign = any((":" in end) != (subnet.version == 6) for end in each.values())
        if foreign or pool.first > pool.last:
            raise errors.ApiError(
                400,
                f"Allocation pool {name} is no range of IPv{subnet.version} addresses.",
                kind="InvalidAllocationPool",
            )
        if pool.first not in inner or pool.last not in inner:
            raise errors.ApiError(
                400, f"Allocation pool {name} reaches beyond subnet {subnet}.", kind="OutOfBoundsAllocationPool"
            )
        if gateway is not None and ipam.number(gateway) in pool:
            raise refusals.conflict(
                "GatewayConflictWithAllocationPools", f"Gateway {gateway} lies in allocation pool {name}."
            )
        pools.append(pool)
    if ipam.overlap(pools):
        raise refusals.conflict("OverlappingAllocationPools", f"Allocation pools of subnet {subnet} overlap.")


def _check_lists(document: state.Document, version: int) -> None:
    servers, routes = document["dns_nameservers"], document["host_routes"]
    if len(servers) > _MAX_NAMESERVERS:
        raise errors.ApiError(
            400, f"{len(servers)} DNS name servers are more than {_MAX_NAMESERVERS}.", kind="DNSNameServersExhausted"
        )
    if len(routes) > _MAX_ROUTES:
        raise errors.ApiError(
            400, f"{len(routes)} host routes are more than {_MAX_ROUTES}.", kind="HostRoutesExhausted"
        )
    for address in [*servers, *(text for route in routes for text in route.values())]:
        if (":" in address) != (version == 6):
            raise refusals.invalid(f"{address} is not of the subnet's ip_version {version}.")
    for owner in document["service_types"]:
        known = isinstance(owner, str) and (owner.startswith(("network:", "compute:", "baremetal:", "trunk:")))
        if not known:
            raise errors.ApiError(400, f"Service type {owner!r} is no device owner.", kind="InvalidSubnetServiceType")
