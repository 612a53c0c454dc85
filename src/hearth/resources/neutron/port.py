"""OS::Neutron::Port: a connection point of a network.

Spec: https://docs.openstack.org/api-ref/network/v2/#ports
"""

from typing import Any

from hearth.cloud import errors
from hearth.resources import base, blockers, finders, live, rules
from hearth.resources.contract import (
    Call,
    Change,
    Decision,
    Neighbour,
    Neighbours,
    Observed,
    Permanent,
    Values,
    Verdict,
    Wait,
)
from hearth.resources.neutron import network_resource, port_properties, port_turns, topology
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property

_EXTRA = port_properties.extra()


@base.resource("OS::Neutron::Port")
class Port(network_resource.NetworkResource):
    """A port of a network.

    Has addresses, security groups, and the device that uses it.
    """

    remote = network_resource.collection("port", readiness=network_resource.ON_CHANGE)
    used_by = (blockers.DEVICE,)
    takes_turns = True

    network = Property(
        str, "Network of the port.", required=True, refers="neutron.network", wire="network_id", since="2014.2"
    )
    network_id = Property(
        str,
        "Older name of network.",
        constraint="neutron.network",
        moved_to="network",
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )
    name = Property(str, "Name of the port.", default=PHYSICAL_NAME, updatable=True)
    fixed_ips = Property(
        list,
        "Addresses of the port.",
        updatable=True,
        cleared=ABSENT,
        items=Property(
            dict,
            fields={
                "subnet": Property(
                    str, "Subnet the address is from.", refers="neutron.subnet", wire="subnet_id", since="2014.2"
                ),
                "subnet_id": Property(
                    str,
                    "Older name of subnet.",
                    constraint="neutron.subnet",
                    moved_to="subnet",
                    support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
                ),
                "ip_address": Property(str, "The address.", constraint="ip_addr"),
            },
        ),
    )
    security_groups = Property(
        list, "Security groups.", updatable=True, translates="neutron.security_group", cleared=ABSENT
    )
    device_id = Property(str, "What uses the port.", default="", updatable=True, live=live.when_given("device_id"))
    device_owner = Property(
        str, "Which service uses the port.", default="", updatable=True, live=live.when_given("device_owner")
    )
    dns_name = Property(str, "DNS name.", updatable=True, constraint="dns_name", cleared="", since="7.0.0")
    tags = Property(list, "Tags of the port.", updatable=True, items=Property(str), since="9.0.0")
    replacement_policy = Property(
        str,
        "Whether every change replaces the port.",
        default="AUTO",
        updatable=True,
        wire=None,
        live=None,
        allowed=("REPLACE_ALWAYS", "AUTO"),
        support=(("HIDDEN", "9.0.0"), ("DEPRECATED", "6.0.0"), ("SUPPORTED", "2014.2")),
    )
    admin_state_up = _EXTRA["admin_state_up"]
    allowed_address_pairs = _EXTRA["allowed_address_pairs"]
    vnic_type = _EXTRA["binding:vnic_type"]
    mac_address = _EXTRA["mac_address"]
    no_fixed_ips = _EXTRA["no_fixed_ips"]
    port_security_enabled = _EXTRA["port_security_enabled"]
    propagate_uplink_status = _EXTRA["propagate_uplink_status"]
    qos_policy = _EXTRA["qos_policy"]
    value_specs = _EXTRA["value_specs"]

    checks = (rules.forbidden_when("fixed_ips", no_fixed_ips=(True,)),)

    attributes = {
        "name": Attribute(str, "Name of the port."),
        "status": Attribute(str, "Status of the port."),
        "admin_state_up": Attribute(str, "Whether the port carries traffic."),
        "tenant_id": Attribute(str, "Project that owns it."),
        "network_id": Attribute(str, "Network of the port."),
        "network": Attribute(dict, "The network of the port as its service shows it.", since="11.0.0"),
        "subnets": Attribute(list, "The subnets of its addresses as their service shows them."),
        "fixed_ips": Attribute(list, "Addresses of the port."),
        "mac_address": Attribute(str, "MAC address."),
        "device_id": Attribute(str, "What uses the port."),
        "device_owner": Attribute(str, "Which service uses the port."),
        "security_groups": Attribute(list, "Ids of the security groups."),
        "allowed_address_pairs": Attribute(list, "Further addresses the port may use."),
        "port_security_enabled": Attribute(bool, "Whether port security is on.", since="5.0.0"),
        "qos_policy_id": Attribute(str, "QoS policy.", since="6.0.0"),
        "dns_assignment": Attribute(dict, "DNS names of the addresses.", since="7.0.0"),
        "propagate_uplink_status": Attribute(bool, "Whether the uplink's state shows.", since="15.0.0"),
    }

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The subnets of the network: a port made before them gets no address from them."""
        return topology.subnets_of(others, [me.properties.get("network")])

    def decide(self, change: Change, call: Call) -> Decision:
        """The older replacement policy beats everything."""
        if (call.previous or {}).get("replacement_policy") == "REPLACE_ALWAYS":
            return Decision(Verdict.REPLACE, "replacement_policy is REPLACE_ALWAYS", tuple(change.properties))
        return super().decide(change, call)

    def body(self, call: Call) -> dict[str, Any]:
        """No addresses at all is an empty list in the request."""
        body = super().body(call)
        if call.properties.get("no_fixed_ips"):
            body["fixed_ips"] = []
        return body

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """No addresses at all is an empty list in the request."""
        changed = super().changes(call, change)
        if change.properties.get("no_fixed_ips"):
            changed["fixed_ips"] = []
        return changed

    async def update(self, call: Call, change: Change) -> str | None:
        """Without security groups of its own the port goes back to the project's default one."""
        if change.properties.get("security_groups", ()) is None:
            with_default = [await finders.require(call.cloud, "neutron.security_group", "default")]
            change = Change({**change.properties, "security_groups": with_default})
        return await super().update(call, change)

    def collides(self, properties: Values, wanted: Values) -> str:
        """Addresses and MAC addresses are there once in a network."""
        return port_turns.collision(properties, wanted)

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Give up what the other port is to have."""
        observed = await self.observe(call) or {}
        to_note = port_turns.fields_to_note(call, observed, wanted)
        if to_note:
            port_turns.note(call, to_note)
            return Wait(0)
        await self._set(call, port_turns.without(call, observed, wanted))
        return None

    async def take_back(self, call: Call) -> Wait | None:
        """Have again what it had."""
        await self._set(call, port_turns.given_up(call))
        return None

    async def _set(self, call: Call, fields: dict[str, Any]) -> None:
        if not fields:
            return
        try:
            await self.request(call, "PUT", self.path(call), {"port": fields})
        except Permanent as refusal:
            if "mac_address" not in fields or not isinstance(refusal.__cause__, errors.Forbidden):
                raise
            raise Permanent(
                f"port {call.physical_id} has the MAC address that another one is to have, and only an administrator "
                "may change it: leave mac_address out, or remove the port in an update of its own",
                kind="Forbidden",
            ) from refusal

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Network and subnets are objects of their own."""
        if name not in ("network", "subnets"):
            return await super().attribute(call, name, observed)
        port = observed if observed is not None else await self.observe(call)
        assert port is not None
        if name == "network":
            return await network_resource.show(call, f"/v2.0/networks/{port['network_id']}", "network")
        ids = dict.fromkeys(ip["subnet_id"] for ip in port.get("fixed_ips", ()))
        return [await network_resource.show(call, f"/v2.0/subnets/{one}", "subnet") for one in ids]
