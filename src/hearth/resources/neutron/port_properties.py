"""Properties of a port that a template may give: to OS::Neutron::Port, and to the ports of a server's networks.

Each use gets its own declarations, because a declaration knows its name.
"""

from typing import Any

from hearth.resources import live
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import ABSENT, Property, Schema

VNIC_TYPES = ("normal", "direct", "macvtap", "direct-physical", "baremetal", "virtio-forwarder", "smart-nic")


def _has_no_address(call: Call, observed: Observed) -> Any:
    return not observed.get("fixed_ips") if call.properties.get("no_fixed_ips") else ABSENT


def extra() -> Schema:
    """The properties that both have, by name."""
    named = {
        "admin_state_up": Property(bool, "Whether the port carries traffic.", default=True, updatable=True),
        "allowed_address_pairs": Property(
            list,
            "Further addresses the port may use.",
            updatable=True,
            cleared=[],
            items=Property(
                dict,
                fields={
                    "mac_address": Property(str, "MAC address; that of the port if not given.", constraint="mac_addr"),
                    "ip_address": Property(str, "Address or network.", required=True, constraint="ip_or_cidr"),
                },
            ),
        ),
        "binding:vnic_type": Property(
            str, "Kind of virtual interface.", default="normal", updatable=True, allowed=VNIC_TYPES, since="2015.1"
        ),
        "mac_address": Property(str, "MAC address.", constraint="mac_addr"),
        "no_fixed_ips": Property(
            bool,
            "Whether the port has no address.",
            default=False,
            updatable=True,
            wire=None,
            live=_has_no_address,
            since="16.0.0",
        ),
        "port_security_enabled": Property(
            bool, "Whether port security is on.", updatable=True, cleared=True, since="5.0.0"
        ),
        "propagate_uplink_status": Property(
            bool, "Whether the state of the uplink shows at the port.", updatable=True, cleared=ABSENT, since="15.0.0"
        ),
        "qos_policy": Property(
            str, "QoS policy.", updatable=True, refers="neutron.qos_policy", wire="qos_policy_id", since="6.0.0"
        ),
        "value_specs": Property(dict, "Further fields of the request.", default={}, updatable=True, live=live.extras()),
    }
    return Schema(named)
