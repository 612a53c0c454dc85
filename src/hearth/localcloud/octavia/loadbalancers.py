"""Load balancers themselves: their address, which is a port of the network service, and what keeps them from changes.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#load-balancers
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.core.staged import Field, read_only
from hearth.localcloud.octavia import balanced

_OWNER = "Octavia"


class LoadBalancers(balanced.Part):
    """One address each."""

    singular, plural, path = "loadbalancer", "loadbalancers", "/v2/lbaas/loadbalancers"
    quota = "load_balancer"
    index = ("project_id",)
    fields = (
        balanced.NAME,
        balanced.DESCRIPTION,
        balanced.UP,
        balanced.TAGS,
        balanced.PROJECT,
        balanced.OPERATING,
        Field("vip_subnet_id", nullable=True, update=False),
        Field("vip_network_id", nullable=True, update=False),
        Field("vip_port_id", nullable=True, update=False),
        Field("vip_address", nullable=True, update=False),
        Field("vip_qos_policy_id", nullable=True),
        Field("vip_sg_ids", list, default=[], nullable=True),
        Field("flavor_id", nullable=True, update=False),
        Field("availability_zone", nullable=True, update=False),
        Field("provider", default="amphora", nullable=True, update=False),
        read_only("vip_vnic_type", default="normal"),
    )

    #: The load balancer of which one request changes several parts.
    _filled: str | None = None

    def lock(self, id: str) -> None:
        """Begin a change of a load balancer. Raises 409 while it takes none."""
        if id == self._filled:
            return
        balancer = self.table.get(id)
        if balancer is None or balancer["provisioning_status"] != "ACTIVE":
            raise errors.ApiError(409, f"Load Balancer {id} is immutable and cannot be updated.")
        self.begin(id, self.updating)

    def complete(self, call: service.Call, document: state.Document) -> None:
        document["provider"] = document["provider"] or "amphora"
        document["_lb"] = document["id"]
        if document["flavor_id"]:
            flavor = self.named(self.octavia.flavors.table, document["flavor_id"], "Flavor")
            if not flavor["enabled"]:
                raise self.refuse(f"The selected Flavor is not allowed in this deployment: {flavor['id']}")
        if document["availability_zone"]:
            self.named(self.octavia.zones.table, document["availability_zone"], "Availability zone")
        if document["vip_port_id"]:
            port = self.octavia.neutron.get_port(document["vip_port_id"])
        else:
            port = self._port(document)
            document["_own_port"] = True
        first = port["fixed_ips"][0] if port["fixed_ips"] else {}
        document |= {
            "vip_port_id": port["id"],
            "vip_network_id": port["network_id"],
            "vip_subnet_id": first.get("subnet_id"),
            "vip_address": first.get("ip_address"),
        }

    def add(self, call: service.Call, given: state.Document) -> state.Document:
        """Alone, or together with its listeners, their pools, the members and health monitors of those."""
        pools, listeners = self._apart(given)
        alone = {name: value for name, value in given.items() if name not in ("listeners", "pools")}
        document = super().add(call, alone)
        inside = {"loadbalancer_id": document["id"]}
        with self.filling(document["id"]):
            ids = {pool.get("name"): self._add_pool(call, {**pool, **inside}) for pool in pools}
            for listener in listeners:
                if name := listener.pop("default_pool", None):
                    listener["default_pool_id"] = ids[name]
                self.octavia.listeners.add(call, listener | inside)
        return document

    def _apart(self, given: state.Document) -> tuple[list[state.Document], list[state.Document]]:
        """The pools, and the listeners with the name of their pool as `default_pool`. Raises 400."""
        pools, listeners = list(given.get("pools") or ()), []
        meant = set()
        for listener in given.get("listeners") or ():
            pool = listener.get("default_pool")
            if not pool:
                listeners.append(dict(listener))
                continue
            if not pool.get("name"):
                raise self.refuse("Pools must be named when creating a fully populated loadbalancer.")
            if pool.keys() == {"name"}:
                meant.add(pool["name"])
            else:
                pools.append(pool)
            listeners.append({**listener, "default_pool": pool["name"]})
        names = [pool.get("name") for pool in pools]
        if len(set(names)) < len(names):
            raise self.refuse("Pool names must be unique when creating a fully populated loadbalancer.")
        for name in sorted(meant.difference(names)):
            raise self.refuse(f"Pool '{name}' was referenced but no full definition was found.")
        return pools, listeners

    @contextlib.contextmanager
    def filling(self, id: str) -> Iterator[None]:
        """Let one request change several parts of a load balancer, which it has locked or is making."""
        self._filled = id
        try:
            yield
        finally:
            self._filled = None

    def _add_pool(self, call: service.Call, given: state.Document) -> str:
        members, monitor = given.pop("members", None) or (), given.pop("healthmonitor", None)
        pool = self.octavia.pools.add(call, given)
        for member in members:
            self.octavia.members.add_to(call, pool["id"], member)
        if monitor is not None:
            self.octavia.monitors.add(call, {**monitor, "pool_id": pool["id"]})
        return str(pool["id"])

    def _port(self, document: state.Document) -> state.Document:
        fixed = {
            name: document[f"vip_{field}"] for name, field in (("subnet_id", "subnet_id"), ("ip_address", "address"))
        }
        if document["vip_subnet_id"]:
            network = self.octavia.subnet(document["vip_subnet_id"])["network_id"]
        elif document["vip_network_id"]:
            network = document["vip_network_id"]
        else:
            raise self.refuse("VIP must contain one of: port_id, network_id, subnet_id")
        body = {
            "name": f"octavia-lb-{document['id']}",
            "network_id": network,
            "device_id": f"lb-{document['id']}",
            "device_owner": _OWNER,
            "admin_state_up": True,
        }
        given: dict[str, Any] = {name: value for name, value in fixed.items() if value}
        if document["vip_sg_ids"]:
            body["security_groups"] = document["vip_sg_ids"]
        return self.octavia.neutron.create_port(
            document["project_id"], body | ({"fixed_ips": [given]} if given else {})
        )

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self.lock(document["id"])
        if "vip_sg_ids" in changes:
            groups = changes["vip_sg_ids"] = changes["vip_sg_ids"] or []
            self.octavia.neutron.update_port(document["vip_port_id"], {"security_groups": groups})

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        if document["provisioning_status"] not in ("ACTIVE", "ERROR"):
            raise errors.ApiError(
                409, f"Invalid state {document['provisioning_status']} of loadbalancer resource {document['id']}"
            )
        inside = [part for part in self.octavia.inside if part.table.select(_lb=document["id"])]
        if inside and call.query.get("cascade", "").lower() != "true":
            raise self.refuse(f"Cannot delete Load Balancer {document['id']} - it has children")

    def vanish(self, document: state.Document) -> None:
        for part in self.octavia.inside:
            for one in part.table.select(_lb=document["id"]):
                part.table.delete(one["id"])
        if document.get("_own_port"):
            self.octavia.drop_port(document["vip_port_id"])
        super().vanish(document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        several = ((name, part.table.select(_lb=document["id"])) for name, part in (
            ("listeners", self.octavia.listeners), ("pools", self.octavia.pools)))  # fmt: skip
        inside = {name: [{"id": one["id"]} for one in found] for name, found in several}
        return super().view(call, document) | inside | {"additional_vips": []}
