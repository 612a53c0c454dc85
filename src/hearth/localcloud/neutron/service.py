"""The network service as a whole: its collections, wired in one place, its routes, what it starts with, and the Python
interface that the compute service uses in its own transactions.
"""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hearth.localcloud.core import cloud, errors, state
from hearth.localcloud.core import service as services
from hearth.localcloud.neutron import (
    addons,
    addresses,
    addressgroups,
    extensions,
    floatingips,
    limits,
    metering,
    networkgateways,
    networks,
    ports,
    qos,
    rbac,
    reports,
    resource,
    routers,
    securitygroups,
    segments,
    subnetpools,
    subnets,
    tables,
    tags,
    trunks,
)

_SYSTEM = services.Identity(
    token_id="",
    user_id="",
    user_name="neutron",
    user_domain_id="default",
    user_domain_name="Default",
    roles=("admin",),
    is_admin=True,
)
_COLLECTIONS = ("networks", "subnets", "ports", "routers", "floatingips", "security-groups")


class Neutron(services.Service):
    """OpenStack's network service."""

    name = "neutron"
    service_type = "network"
    prefix = "/network"
    catalog_path = "/network"

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.data = data = tables.Tables(owner.state)
        self.limits = limits.Limits(owner, data)
        quotas = self.limits.quotas
        plan = addresses.Addresses(data)
        # Later ones use earlier ones.
        self.segments = segments.Segments(self, data, quotas)
        self.security_groups = securitygroups.SecurityGroups(self, data, quotas)
        self.rules = securitygroups.SecurityGroupRules(self, data, quotas, self.security_groups)
        self.subnets = subnets.Subnets(self, data, quotas, plan)
        self.ports = ports.Ports(self, data, quotas, plan, self.security_groups)
        self.networks = networks.Networks(
            self, data, quotas, self.segments, self.subnets, self.ports, self.security_groups
        )
        self.routers = routers.Routers(self, data, quotas, self.ports, self.subnets)
        self.floatingips = floatingips.FloatingIps(self, data, quotas, self.ports)
        policies = qos.Policies(self, data, quotas)
        labels = metering.Labels(self, data, quotas)
        self.collections: tuple[resource.Resource, ...] = (
            self.networks,
            self.segments,
            self.subnets,
            subnetpools.SubnetPools(self, data, quotas),
            subnetpools.AddressScopes(self, data, quotas),
            addressgroups.AddressGroups(self, data, quotas),
            self.ports,
            self.routers,
            self.floatingips,
            floatingips.PortForwardings(self, data, quotas, self.floatingips, self.ports),
            self.security_groups,
            self.rules,
            rbac.RbacPolicies(self, data, quotas, self.networks),
            trunks.Trunks(self, data, quotas, self.ports),
            policies,
            *(qos.Rules(self, data, quotas, policies, kind) for kind in qos.KINDS),
            labels,
            metering.Rules(self, data, quotas, labels),
            networkgateways.NetworkGateways(self, data, quotas, self.ports),
            *(addons.Addons(self, data, quotas, kind) for kind in addons.KINDS),
        )

    def routes(self) -> list[services.Route]:
        """Every collection's routes, tags, quotas, and what can only be read."""
        found = [
            services.Route("GET", "/", self._versions, public=True),
            services.Route("GET", "/v2.0", self._resources, public=True),
            services.Route("GET", "/v2.0/extensions", extensions.listing),
            services.Route("GET", "/v2.0/extensions/{alias}", extensions.show),
            services.Route("GET", "/v2.0/agents", reports.empty("agents")),
            services.Route("GET", "/v2.0/availability_zones", reports.empty("availability_zones")),
            services.Route("GET", "/v2.0/flavors", reports.empty("flavors")),
            services.Route("GET", "/v2.0/service-providers", reports.service_providers),
            services.Route("GET", "/v2.0/default-security-group-rules", reports.default_rules),
            services.Route("GET", "/v2.0/auto-allocated-topology/{project_id}", reports.auto_allocated),
            services.Route("GET", "/v2.0/floatingip_pools", lambda call: floatingips.pools(call, self.data)),
            services.Route("GET", "/v2.0/qos/rule-types", qos.rule_types),
            services.Route("GET", "/v2.0/qos/rule-types/{name}", qos.rule_type),
        ]
        use = reports.Availabilities(self.data)
        found.append(services.Route("GET", "/v2.0/network-ip-availabilities", use.listing))
        found.append(services.Route("GET", "/v2.0/network-ip-availabilities/{id}", use.show))
        found += self.limits.routes()
        for each in self.collections:
            found += each.routes()
            if each.taggable:
                found += tags.routes(each)
        return found

    def error_body(self, error: errors.ApiError, call: services.Call) -> Any:
        """The service's own shape; refusals of the token come from the identity service's filter in its shape."""
        if error.status == 401:
            return super().error_body(error, call)
        kind = error.kind or "HTTP" + error.title.replace(" ", "")
        return {"NeutronError": {"type": kind, "message": error.message, "detail": ""}}

    def seed(self) -> None:
        """An external network, a shared one, and a router between them."""
        if len(self.data.networks):
            return
        call = self._call(dataclasses.replace(_SYSTEM, project_id=self._admin_project()))
        public = self.networks.add(
            call,
            {
                "name": "public",
                "router:external": True,
                "is_default": True,
                "provider:network_type": "flat",
                "provider:physical_network": "public",
            },
        )
        self.subnets.add(
            call,
            {
                "name": "public-subnet",
                "network_id": public["id"],
                "ip_version": 4,
                "cidr": "172.24.4.0/24",
                "gateway_ip": "172.24.4.1",
                "allocation_pools": [{"start": "172.24.4.2", "end": "172.24.4.254"}],
                "enable_dhcp": False,
            },
        )
        private = self.networks.add(call, {"name": "private", "shared": True})
        subnet = self.subnets.add(
            call,
            {
                "name": "private-subnet",
                "network_id": private["id"],
                "ip_version": 4,
                "cidr": "10.0.0.0/20",
                "gateway_ip": "10.0.0.1",
            },
        )
        router = self.routers.add(call, {"name": "router1", "external_gateway_info": {"network_id": public["id"]}})
        call.params, call.body = {"id": router["id"]}, {"subnet_id": subnet["id"]}
        self.routers.add_interface(call)

    # -- for the compute service, inside its own transactions --------------------------------------------------------

    def create_port(self, owner: services.Identity | str, body: state.Document) -> state.Document:
        """Make a port for an identity, or (with all rights) in a project. `body`: as inside the API's "port".

        Raises ApiError as the API would.
        """
        call = self._call(self._identity(owner))
        return self.ports.view(call, self.ports.add(call, body))

    def update_port(self, port_id: str, body: state.Document) -> state.Document:
        """Change a port with all rights. Raises ApiError 404 and whatever the API would."""
        call = self._call(_SYSTEM)
        return self.ports.view(call, self.ports.modify(call, self.ports.find(call, port_id), body))

    def delete_port(self, port_id: str) -> None:
        """Delete a port; nothing when it is gone already."""
        port = self.data.ports.get(port_id)
        if port is not None:
            self.ports.remove(self._call(_SYSTEM), port)

    def get_port(self, port_id: str, owner: services.Identity | str | None = None) -> state.Document:
        """A port as an identity (None: an administrator) sees it. Raises ApiError 404."""
        call = self._call(_SYSTEM if owner is None else self._identity(owner))
        return self.ports.view(call, self.ports.find(call, port_id))

    def bind_port(self, port_id: str, host: str, device_id: str, device_owner: str, az: str = "") -> state.Document:
        """Put a port on a host for a device: it becomes ACTIVE. `az` completes an owner given as "compute"."""
        port_owner = f"{device_owner}:{az}" if az and ":" not in device_owner else device_owner
        return self.update_port(port_id, {"binding:host_id": host, "device_id": device_id, "device_owner": port_owner})

    def unbind_port(self, port_id: str) -> None:
        """Take a port off its host and device: it becomes DOWN; nothing when it is gone."""
        if port_id in self.data.ports:
            self.update_port(port_id, {"binding:host_id": "", "device_id": "", "device_owner": ""})

    def ports_of_device(self, device_id: str) -> list[state.Document]:
        """All ports of a device, as an administrator sees them, in the order they were made."""
        call = self._call(_SYSTEM)
        return [self.ports.view(call, port) for port in self.data.ports.select(device_id=device_id)]

    def find_network(self, id_or_name: str, identity: services.Identity | str) -> state.Document | None:
        """A network that an identity sees, by id or name; None when there is none."""
        call = self._call(self._identity(identity))
        found = self.networks.by_name_or_id(call, id_or_name)
        return None if found is None else self.networks.view(call, found)

    def list_networks(self, identity: services.Identity | str) -> list[state.Document]:
        """Networks that an identity may put servers on without naming one: its own and those shared with it."""
        who = self._identity(identity)
        call = self._call(dataclasses.replace(who, is_admin=False))
        return [
            self.networks.view(call, each)
            for each in self.networks.candidates(call)
            if each["project_id"] == who.project_id or self.data.granted(each["id"], who.project_id)
        ]

    def find_security_groups(self, names: Sequence[str], identity: services.Identity | str) -> list[str]:
        """Ids of security groups by id or name. Raises ApiError 404, and 409 for a name that several groups have."""
        call = self._call(self._identity(identity))
        result = []
        for name in names:
            group = self.data.security_groups.get(name)
            if group is not None and self.security_groups.visible(call, group):
                result.append(group["id"])
                continue
            own = call.identity.project_id
            same = [
                each
                for each in self.security_groups.candidates(call)
                if each["name"] == name and (each["project_id"] == own or not call.identity.is_admin)
            ]
            if not same:
                raise self.security_groups.not_found(name)
            if len(same) > 1:
                raise errors.ApiError(
                    409, f"Several security groups are called {name}; give an id.", kind="NoUniqueMatch"
                )
            result.append(same[0]["id"])
        return result

    def floating_ips_of_port(self, port_id: str) -> list[state.Document]:
        """Floating IPs that lead to a port: documents with floating_ip_address and fixed_ip_address."""
        return self.data.floating_ips_of(port_id)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _identity(self, owner: services.Identity | str) -> services.Identity:
        return dataclasses.replace(_SYSTEM, project_id=owner) if isinstance(owner, str) else owner

    def _call(self, identity: services.Identity) -> services.Call:
        """A call that comes from inside."""
        call = services.Call(
            self.cloud,
            self,
            {"method": "POST", "headers": [], "query_string": b""},
            "/",
            "req-internal",
            _nothing,
        )
        call.identity = identity
        return call

    def _admin_project(self) -> str:
        """The project of the administrators, as the identity service has it; empty without one."""
        for project in self.cloud.state.table("keystone.projects"):
            if project.get("name") == "admin":
                return str(project["id"])
        return ""

    def _versions(self, call: services.Call) -> Any:
        link = {"rel": "self", "href": self.url("/v2.0/")}
        return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}

    def _resources(self, call: services.Call) -> Any:
        return {
            "resources": [
                {
                    "name": name.rstrip("s").replace("-", "_"),
                    "collection": name,
                    "links": [{"rel": "self", "href": self.url(f"/v2.0/{name}")}],
                }
                for name in _COLLECTIONS
            ]
        }


async def _nothing() -> AsyncIterator[bytes]:
    for nothing in (b"",):
        yield nothing
