"""Routers: /v2.0/routers, their gateway, their interfaces and their extra routes. The rules are in `topology`."""

from typing import Any

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import checks, ipam, ports, refusals, resource, subnets, tables, topology
from hearth.localcloud.neutron.resource import Field, read_only

_FIXED = checks.list_of(checks.mapping({}, {"subnet_id": checks.uuid, "ip_address": checks.ip}))
_GATEWAY = checks.mapping(
    {"network_id": checks.maybe(checks.uuid)},
    {"enable_snat": checks.flag, "external_fixed_ips": _FIXED, "qos_policy_id": checks.maybe(checks.uuid)},
)
_ADMIN_GATEWAY = ("enable_snat", "external_fixed_ips", "qos_policy_id")


def _gateway(value: dict[str, Any]) -> dict[str, Any]:
    return _GATEWAY(value) if value else {}


class Routers(resource.Resource):
    """Routers."""

    singular, plural, path = "router", "routers", "/v2.0/routers"
    missing_kind, noun = "RouterNotFound", "Router"
    counted_as = "router"
    index = ("project_id", "_external_network")
    private = frozenset({"distributed", "ha"})
    hidden = frozenset({"_external_network", "_gateway_port"})
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.UP,
        read_only("status", default="ACTIVE"),
        Field("external_gateway_info", dict, nullable=True, check=_gateway),
        Field("distributed", bool, default=False, admin=True),
        Field("ha", bool, default=False, admin=True),
        Field("routes", list, default=[], nullable=True, create=False, check=checks.routes),
        Field("flavor_id", str, nullable=True, update=False),
        Field("availability_zone_hints", list, default=[], update=False),
        read_only("availability_zones", list, default=[]),
        read_only("conntrack_helpers", list, default=[]),
        read_only("_external_network"),
        read_only("_gateway_port"),
    )

    def __init__(
        self,
        owner: service.Service,
        data: tables.Tables,
        quotas: quota.Quotas,
        plugs: ports.Ports,
        nets: subnets.Subnets,
    ) -> None:
        super().__init__(owner, data, quotas)
        self._ports = plugs
        self._subnets = nets

    def routes(self) -> list[service.Route]:
        """The regular routes and the verbs."""
        verbs = {
            "add_router_interface": self.add_interface,
            "remove_router_interface": self.remove_interface,
            "add_extraroutes": self.add_routes,
            "remove_extraroutes": self.remove_routes,
        }
        return [
            *super().routes(),
            *(service.Route("PUT", f"{self.path}/{{id}}/{verb}", handler) for verb, handler in verbs.items()),
        ]

    # -- the router itself -------------------------------------------------------------------------------------------

    def restrict(self, call: service.Call, document: state.Document | None, given: state.Document) -> None:
        """The finer points of a gateway are for administrators."""
        gateway = given.get("external_gateway_info") or {}
        wrong = next((name for name in _ADMIN_GATEWAY if name in gateway), None)
        if wrong and not call.identity.is_admin:
            # A client that sends back what it was shown changes nothing.
            now = (document or {}).get("external_gateway_info") or {}
            if any(gateway.get(name) != now.get(name) for name in _ADMIN_GATEWAY if name in gateway):
                raise refusals.denied(f"set {wrong} of a router's gateway")

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Refuse what there is not; then connect the outside."""
        if document["availability_zone_hints"]:
            zone = document["availability_zone_hints"][0]
            raise refusals.missing("AvailabilityZoneNotFound", "Availability zone", str(zone))
        if document["flavor_id"] is not None:
            raise refusals.missing("FlavorNotFound", "Flavor", document["flavor_id"])
        document.update(self._connected(call, document, document["external_gateway_info"] or {}))

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Move the gateway, check the routes."""
        if "external_gateway_info" in changes:
            changes.update(self._moved(call, document, changes["external_gateway_info"] or {}))
        if "routes" in changes:
            changes["routes"] = changes["routes"] or []
            self._check_routes(document["id"], changes["routes"])

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No interfaces left; the gateway goes too."""
        left = [
            port["id"]
            for port in self.data.ports.select(device_id=document["id"])
            if port["device_owner"] in tables.ROUTER_INTERFACES
        ]
        if left:
            raise refusals.conflict(
                "RouterInUse",
                f"Router {document['id']} still has {len(left)} interface(s), such as port {left[0]}; remove them.",
            )
        self._drop_gateway(document)

    # -- gateway -----------------------------------------------------------------------------------------------------

    def _connected(self, call: service.Call, document: state.Document, wanted: dict[str, Any]) -> state.Document:
        """The fields of a router with a gateway as wanted; makes the gateway's port."""
        network_id = wanted.get("network_id")
        if not network_id:
            return {"external_gateway_info": None, "_external_network": None, "_gateway_port": None}
        network = self.data.networks.get(network_id)
        if network is None or not self._sees_network(call, network):
            raise refusals.missing("NetworkNotFound", "Network", network_id)
        if not self.data.is_external(network_id):
            raise refusals.bad_request(
                f"Network {network_id} is not external; routers cannot have their gateway on it."
            )
        if not self.data.subnets.select(network_id=network_id):
            raise refusals.bad_request(f"External network {network_id} has no subnet to take a gateway address from.")
        for subnet in self.data.subnets.select(network_id=network_id):
            self._check_clash(document["id"], subnet)
        port = self._ports.install(
            call, "", network_id, tables.ROUTER_GATEWAY, document["id"], wanted.get("external_fixed_ips")
        )
        return self._gateway_fields(network_id, port, wanted)

    def _gateway_fields(self, network_id: str, port: state.Document, wanted: dict[str, Any]) -> state.Document:
        info = {
            "network_id": network_id,
            "external_fixed_ips": [dict(fixed) for fixed in port["fixed_ips"]],
            "enable_snat": wanted.get("enable_snat", True),
        }
        if wanted.get("qos_policy_id"):
            info["qos_policy_id"] = wanted["qos_policy_id"]
        return {"external_gateway_info": info, "_external_network": network_id, "_gateway_port": port["id"]}

    def _moved(self, call: service.Call, document: state.Document, wanted: dict[str, Any]) -> state.Document:
        """The fields of a router whose gateway changes; a port on the same network is kept."""
        now = document["external_gateway_info"] or {}
        network_id = wanted.get("network_id")
        if network_id and network_id == now.get("network_id"):
            port = self.data.ports.get(document["_gateway_port"])
            assert port is not None
            wishes = wanted.get("external_fixed_ips")
            if wishes is not None and wishes != now["external_fixed_ips"]:
                port = self._ports.modify(call, port, {"fixed_ips": wishes})
            # The gateway is replaced as a whole: what is not named goes back to its default.
            return self._gateway_fields(network_id, port, wanted)
        if now:
            for floating in self.data.floatingips.select(router_id=document["id"]):
                raise refusals.conflict(
                    "RouterExternalGatewayInUseByFloatingIp",
                    f"Floating IP {floating['floating_ip_address']} needs the gateway of router {document['id']}; "
                    "disassociate it first.",
                )
        self._drop_gateway(document)
        return self._connected(call, document, wanted)

    def _drop_gateway(self, document: state.Document) -> None:
        port = self.data.ports.get(document["_gateway_port"]) if document["_gateway_port"] else None
        if port is not None:
            self._ports.discard(port)

    def _sees_network(self, call: service.Call, network: state.Document) -> bool:
        identity = call.identity
        return identity.sees(network["project_id"]) or any(
            self.data.granted(network["id"], identity.project_id, action)
            for action in ("access_as_shared", "access_as_external")
        )

    # -- interfaces --------------------------------------------------------------------------------------------------

    def add_interface(self, call: service.Call) -> Any:
        """Connect a subnet, at its gateway address or by a port made before."""
        router = self.action(call)
        subnet_id, port_id = _interface(call.body)
        if port_id is not None:
            port, nets = self._adopt(call, router, port_id)
        else:
            assert subnet_id is not None
            port, nets = self._connect(call, router, subnet_id)
        self.touch(router["id"])
        return _shown(router, port, nets)

    def _connect(self, call: service.Call, router: state.Document, subnet_id: str) -> tuple[state.Document, list[str]]:
        subnet = self._subnets.find(call, subnet_id)
        network = self.data.networks.get(subnet["network_id"])
        assert network is not None
        if not call.identity.sees(subnet["project_id"]) and not self.data.granted(
            network["id"], call.identity.project_id
        ):
            raise refusals.bad_request(
                f"Subnet {subnet_id} belongs to another project and is not shared with this one."
            )
        if not subnet["gateway_ip"]:
            raise refusals.bad_request(f"Subnet {subnet_id} has no gateway_ip; connect it by a port instead.")
        self._check_clash(router["id"], subnet)
        wish = {"subnet_id": subnet_id, "ip_address": subnet["gateway_ip"]}
        if subnet["ip_version"] == 6:
            for port in self.data.ports.select(device_id=router["id"]):
                if port["network_id"] == network["id"] and _all_v6(port):
                    grown = self._ports.modify(call, port, {"fixed_ips": [*port["fixed_ips"], wish]})
                    return grown, [subnet_id]
        port = self._ports.install(
            call, router["project_id"], network["id"], tables.ROUTER_INTERFACES[0], router["id"], [wish]
        )
        return port, [subnet_id]

    def _adopt(self, call: service.Call, router: state.Document, port_id: str) -> tuple[state.Document, list[str]]:
        port = self._ports.find(call, port_id)
        if port["device_id"]:
            raise refusals.conflict("PortInUse", f"Port {port_id} is attached to {port['device_id']} already.")
        if not port["fixed_ips"]:
            raise refusals.bad_request(f"Port {port_id} has no fixed IP; a router's interface needs one.")
        if sum(":" not in fixed["ip_address"] for fixed in port["fixed_ips"]) > 1:
            raise refusals.bad_request(f"Port {port_id} has several IPv4 addresses; a router's interface has one.")
        nets = []
        for fixed in port["fixed_ips"]:
            subnet = self.data.subnets.get(fixed["subnet_id"])
            assert subnet is not None
            self._check_clash(router["id"], subnet)
            nets.append(subnet["id"])
        changed = self._ports.modify(
            call, port, {"device_id": router["id"], "device_owner": tables.ROUTER_INTERFACES[0]}
        )
        return changed, nets

    def remove_interface(self, call: service.Call) -> Any:
        """Disconnect a subnet or a port; the port is deleted."""
        router = self.action(call)
        subnet_id, port_id = _interface(call.body, both=True)
        inner = [
            port
            for port in self.data.ports.select(device_id=router["id"])
            if port["device_owner"] in tables.ROUTER_INTERFACES
        ]
        if port_id is not None:
            port = next((each for each in inner if each["id"] == port_id), None)
            if port is None:
                raise errors.ApiError(
                    404, f"Router {router['id']} has no interface {port_id}.", kind="RouterInterfaceNotFound"
                )
            nets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
            if subnet_id is not None and subnet_id not in nets:
                raise refusals.conflict("SubnetMismatchForPort", f"Port {port_id} is not on subnet {subnet_id}.")
        else:
            assert subnet_id is not None
            self._subnets.find(call, subnet_id)
            port = next((each for each in inner if any(f["subnet_id"] == subnet_id for f in each["fixed_ips"])), None)
            if port is None:
                raise errors.ApiError(
                    404,
                    f"Router {router['id']} has no interface on subnet {subnet_id}.",
                    kind="RouterInterfaceNotFoundForSubnet",
                )
            nets = [subnet_id]
        for each in nets:
            self._check_unused(router, each)
        left = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] not in nets]
        if left:
            self._ports.modify(call, port, {"fixed_ips": left})
        else:
            self._ports.discard(port)
        self.touch(router["id"])
        return _shown(router, port, nets)

    def _check_clash(self, router_id: str, subnet: state.Document) -> None:
        legs = self.data.legs(router_id)
        if any(leg.subnet_id == subnet["id"] and not leg.external for leg in legs):
            raise refusals.bad_request(f"Router {router_id} has an interface on subnet {subnet['id']} already.")
        leg = topology.clash(subnet["cidr"], (leg for leg in legs if leg.subnet_id != subnet["id"]))
        if leg is not None:
            raise refusals.bad_request(
                f"CIDR {subnet['cidr']} of subnet {subnet['id']} overlaps {leg.cidr} of subnet {leg.subnet_id}, "
                f"which router {router_id} is connected to."
            )

    def _check_unused(self, router: state.Document, subnet_id: str) -> None:
        subnet = self.data.subnets.get(subnet_id)
        assert subnet is not None
        legs = self.data.legs(router["id"])
        leg = next(each for each in legs if each.subnet_id == subnet_id)
        others = [each for each in legs if each != leg]
        if topology.leans_on((route["nexthop"] for route in router["routes"]), leg, others):
            raise refusals.conflict(
                "RouterInterfaceInUseByRoute", f"Routes of router {router['id']} lead through subnet {subnet_id}."
            )
        cidr = ipam.network(subnet["cidr"])
        low, high = int(cidr.network_address), int(cidr.broadcast_address)
        for floating in self.data.floatingips.select(router_id=router["id"]):
            address = floating["fixed_ip_address"]
            if address and low <= ipam.number(address) <= high:
                raise refusals.conflict(
                    "RouterInterfaceInUseByFloatingIP",
                    f"Floating IP {floating['floating_ip_address']} leads through router {router['id']} to subnet "
                    f"{subnet_id}; disassociate it first.",
                )

    # -- routes ------------------------------------------------------------------------------------------------------

    def add_routes(self, call: service.Call) -> Any:
        """Add routes to those there are."""
        router = self.action(call)
        added = self._given_routes(call)
        routes = [*router["routes"], *(route for route in added if route not in router["routes"])]
        return {self.singular: self.view(call, self.modify(call, router, {"routes": routes}))}

    def remove_routes(self, call: service.Call) -> Any:
        """Remove routes; those that are not there do not matter."""
        router = self.action(call)
        removed = self._given_routes(call)
        routes = [route for route in router["routes"] if route not in removed]
        return {self.singular: self.view(call, self.modify(call, router, {"routes": routes}))}

    def _given_routes(self, call: service.Call) -> list[dict[str, str]]:
        given = self.given(call).get("routes")
        if not isinstance(given, list):
            raise self.refuse("router must hold a list 'routes'.")
        result: list[dict[str, str]] = self.checked(call, {"routes": given}, creating=False)["routes"]
        return result

    def _check_routes(self, router_id: str, routes: list[dict[str, str]]) -> None:
        project = self.table.get(router_id)
        limit = self.quotas.limits(project["project_id"] if project else "")["router_route"]
        if 0 <= limit < len(routes):
            raise errors.ApiError(
                400, f"{len(routes)} routes are more than the {limit} allowed.", kind="RoutesExhausted"
            )
        legs = self.data.legs(router_id)
        for route in routes:
            why = topology.unreachable(route["nexthop"], legs)
            if why:
                raise errors.ApiError(
                    400,
                    f"Next hop {route['nexthop']} does not work for router {router_id}: {why}.",
                    kind="InvalidRoutes",
                )


def _interface(body: Any, both: bool = False) -> tuple[str | None, str | None]:
    """subnet_id and port_id of a request on interfaces."""
    given = body if isinstance(body, dict) else {}
    found = {name: given.get(name) for name in ("subnet_id", "port_id") if given.get(name) is not None}
    if not found:
        raise refusals.bad_request("Give a subnet_id or a port_id.")
    if len(found) > 1 and not both:
        raise refusals.bad_request("Give either subnet_id or port_id, not both.")
    for name, value in found.items():
        try:
            checks.uuid(value)
        except ValueError as error:
            raise refusals.bad_request(f"{name}: {error}.") from None
    return found.get("subnet_id"), found.get("port_id")


def _shown(router: state.Document, port: state.Document, nets: list[str]) -> dict[str, Any]:
    return {
        "id": router["id"],
        "project_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": nets[0],
        "subnet_ids": nets,
    }


def _all_v6(port: state.Document) -> bool:
    return port["device_owner"] in tables.ROUTER_INTERFACES and all(
        ":" in fixed["ip_address"] for fixed in port["fixed_ips"]
    )
