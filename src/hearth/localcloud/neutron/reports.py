"""What can only be read: address use of networks, and lists that are empty in a cloud without agents."""

from typing import Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.neutron import ipam, refusals, tables

_DETAILS = (
    "total_ips_in_subnet", "total_ips_in_allocation_pool", "used_ips_in_subnet", "used_ips_in_allocation_pool"
)  # fmt: skip


def empty(name: str) -> service.Handler:
    """A list without members."""
    return lambda call: {name: []}


def service_providers(call: service.Call) -> Any:
    """GET /v2.0/service-providers."""
    return {"service_providers": [{"service_type": "L3_ROUTER_NAT", "name": "single_node", "default": True}]}


class Availabilities:
    """/v2.0/network-ip-availabilities, for administrators."""

    def __init__(self, data: tables.Tables) -> None:
        self._data = data

    def listing(self, call: service.Call) -> Any:
        """All networks, or those of the filters."""
        if not call.identity.is_admin:
            return {"network_ip_availabilities": []}
        names = {"network_id": "id", "network_name": "name", "project_id": "project_id", "tenant_id": "project_id"}
        found = [
            self._of(network, call.query.get("ip_version"))
            for network in self._data.networks
            if all(network[field] in call.query.getlist(name) for name, field in names.items() if name in call.query)
        ]
        return {"network_ip_availabilities": found}

    def show(self, call: service.Call) -> Any:
        """One network's."""
        network = self._data.networks.get(call.params["id"])
        if network is None or not call.identity.is_admin:
            raise refusals.missing("NetworkNotFound", "Network", call.params["id"])
        return {"network_ip_availability": self._of(network, None)}

    def _of(self, network: state.Document, version: str | None) -> dict[str, Any]:
        nets = []
        for subnet in self._data.subnets.select(network_id=network["id"]):
            if version in (None, str(subnet["ip_version"])):
                pools = [
                    ipam.Interval(ipam.number(pool["start"]), ipam.number(pool["end"]))
                    for pool in subnet["allocation_pools"]
                ]
                used = [
                    int(each["id"].rpartition("/")[2]) for each in self._data.allocations.select(subnet_id=subnet["id"])
                ]
                hosts, total = ipam.hosts(ipam.network(subnet["cidr"])), sum(pool.size for pool in pools)
                nets.append(
                    {
                        "subnet_id": subnet["id"],
                        "subnet_name": subnet["name"],
                        "ip_version": subnet["ip_version"],
                        "cidr": subnet["cidr"],
                        "used_ips": len(used),
                        "total_ips": total,
                        "ip_availability_details": {
                            "total_ips_in_subnet": hosts.size,
                            "total_ips_in_allocation_pool": total,
                            "used_ips_in_subnet": len(used),
                            "used_ips_in_allocation_pool": sum(any(each in pool for pool in pools) for each in used),
                        },
                    }
                )
        return {
            "network_id": network["id"],
            "network_name": network["name"],
            "project_id": network["project_id"],
            "tenant_id": network["tenant_id"],
            "subnet_ip_availability": nets,
            "used_ips": sum(net["used_ips"] for net in nets),
            "total_ips": sum(net["total_ips"] for net in nets),
            "ip_availability_details": {
                name: sum(net["ip_availability_details"][name] for net in nets) for name in _DETAILS
            },
        }


def default_rules(call: service.Call) -> Any:
    """GET /v2.0/default-security-group-rules: what a new group starts with. The ids are fixed, the rules too."""
    shown: list[dict[str, Any]] = []
    for direction, remote in (("egress", None), ("ingress", "PARENT")):
        for ethertype in ("IPv4", "IPv6"):
            number = len(shown) + 1
            shown.append(
                {
                    "id": f"00000000-0000-4000-8000-{number:012d}",
                    "ethertype": ethertype,
                    "direction": direction,
                    "protocol": None,
                    "port_range_min": None,
                    "port_range_max": None,
                    "remote_ip_prefix": None,
                    "remote_address_group_id": None,
                    "remote_group_id": remote,
                    "description": f"{direction.capitalize()} traffic of new groups",
                    "used_in_default_sg": True,
                    "used_in_non_default_sg": direction == "egress",
                }
            )
    return {"default_security_group_rules": shown}


def auto_allocated(call: service.Call) -> Any:
    """GET /v2.0/auto-allocated-topology/{project_id}: not set up in this cloud."""
    raise errors.ApiError(
        409, "There is no default subnet pool to allocate a network from.", kind="AutoAllocationFailure"
    )
