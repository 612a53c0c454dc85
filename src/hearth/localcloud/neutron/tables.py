"""The tables of the network service, with the indexes that its questions need, and the few joins that all ask for."""

from typing import Any

from hearth.localcloud.core import ids, state
from hearth.localcloud.neutron import topology

#: Owners of a router's inner ports.
ROUTER_INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
ROUTER_GATEWAY = "network:router_gateway"
FLOATING_IP = "network:floatingip"
#: Ports that the service made itself and that go with their network.
AUTOMATIC = ("network:dhcp", "network:distributed")


class Tables:
    """Every table of the service. Indexes: see each line."""

    def __init__(self, store: state.State) -> None:
        def table(name: str, *index: str) -> state.Table:
            return store.table(f"neutron.{name}", index=index)

        self.networks = table("networks", "project_id")
        self.segments = table("segments", "network_id", "slot")
        self.subnets = table("subnets", "project_id", "network_id", "subnetpool_id")
        self.subnetpools = table("subnetpools", "project_id", "address_scope_id")
        self.address_scopes = table("address_scopes", "project_id")
        self.address_groups = table("address_groups", "project_id")
        self.ports = table("ports", "project_id", "network_id", "device_id", "mac_address")
        #: "<subnet>/<address as integer>": each address in use; `leg_on`: the subnet again, for routers' own.
        self.allocations = table("allocations", "subnet_id", "leg_on")
        self.routers = table("routers", "project_id", "_external_network")
        self.floatingips = table("floatingips", "project_id", "port_id", "router_id")
        self.port_forwardings = table("port_forwardings", "floatingip_id", "internal_port_id")
        self.security_groups = table("security_groups", "project_id")
        self.security_group_rules = table("security_group_rules", "project_id", "security_group_id")
        #: project id -> its default group.
        self.default_groups = table("default_security_groups")
        self.rbac_policies = table("rbac_policies", "project_id", "object_id", "target_tenant")
        self.trunks = table("trunks", "project_id", "port_id")
        #: port id -> the trunk that it is a subport of.
        self.subports = table("subports", "trunk_id")
        self.policies = table("policies", "project_id")
        self.policy_rules = table("policy_rules", "policy_id")
        self.metering_labels = table("metering_labels", "project_id")
        self.l2_gateways = table("l2_gateways")
        self.metering_label_rules = table("metering_label_rules", "metering_label_id")

    # -- sharing -----------------------------------------------------------------------------------------------------

    def granted(self, object_id: str, project_id: str, action: str = "access_as_shared") -> bool:
        """Is an object open to a project, by a policy for it or for everybody?"""
        return any(
            each["action"] == action and each["target_tenant"] in ("*", project_id)
            for each in self.rbac_policies.select(object_id=object_id)
        )

    def granted_to(self, project_id: str, object_type: str) -> set[str]:
        """Ids of all objects of a type that policies open to a project in any way."""
        found = self.rbac_policies.select(target_tenant="*")
        found += self.rbac_policies.select(target_tenant=project_id)
        return {each["object_id"] for each in found if each["object_type"] == object_type}

    def open_to_all(self, document: state.Document, object_type: str, action: str, wanted: bool) -> None:
        """Make the policy that opens an object to everybody be there, or not."""
        existing = [
            each
            for each in self.rbac_policies.select(object_id=document["id"], target_tenant="*")
            if each["action"] == action
        ]
        if wanted and not existing:
            self.rbac_policies.insert(
                {
                    "id": ids.new_id(),
                    "project_id": document["project_id"],
                    "tenant_id": document["project_id"],
                    "object_type": object_type,
                    "object_id": document["id"],
                    "action": action,
                    "target_tenant": "*",
                }
            )
        for each in existing if not wanted else ():
            self.rbac_policies.delete(each["id"])

    def is_external(self, network_id: str) -> bool:
        """Is a network one that routers may have their gateway on?"""
        return any(each["action"] == "access_as_external" for each in self.rbac_policies.select(object_id=network_id))

    # -- routers -----------------------------------------------------------------------------------------------------

    def legs(self, router_id: str) -> list[topology.Leg]:
        """Every address of a router."""
        return [leg for port in self.ports.select(device_id=router_id) for leg in self.port_legs(port)]

    def port_legs(self, port: state.Document) -> list[topology.Leg]:
        """The addresses of one of a router's ports; none for a port of something else."""
        external = port["device_owner"] == ROUTER_GATEWAY
        if not external and port["device_owner"] not in ROUTER_INTERFACES:
            return []
        result = []
        for fixed in port["fixed_ips"]:
            subnet = self.subnets.get(fixed["subnet_id"])
            if subnet is not None:
                result.append(
                    topology.Leg(port["device_id"], subnet["id"], subnet["cidr"], fixed["ip_address"], external)
                )
        return result

    def inner_legs_on(self, subnet_id: str) -> list[topology.Leg]:
        """The routers' inner legs on a subnet."""
        result = []
        for allocation in self.allocations.select(leg_on=subnet_id):
            port = self.ports.get(allocation["port_id"])
            if port is not None:
                result += [leg for leg in self.port_legs(port) if leg.subnet_id == subnet_id and not leg.external]
        return result

    # -- what hangs on a port ----------------------------------------------------------------------------------------

    def floating_ips_of(self, port_id: str) -> list[state.Document]:
        """Floating IPs that lead to a port."""
        return self.floatingips.select(port_id=port_id)

    def trunk_under(self, port_id: str) -> str | None:
        """Id of the trunk that has this port as its parent."""
        found = self.trunks.select(port_id=port_id)
        return found[0]["id"] if found else None


def touched(document: state.Document, now: str) -> dict[str, Any]:
    """The bookkeeping that goes with each change of a document."""
    return {"updated_at": now, "revision_number": document["revision_number"] + 1}
