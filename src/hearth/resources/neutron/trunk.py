"""OS::Neutron::Trunk: several networks through one port, told apart by VLAN.

Spec: https://docs.openstack.org/api-ref/network/v2/#trunk-networking
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base, only_one
from hearth.resources.contract import Call, Change, Issue, Values
from hearth.resources.neutron import network_resource, topology
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_UP = "admin_state_up"


@base.resource("OS::Neutron::Trunk", since="9.0.0")
class Trunk(only_one.OnlyOne, network_resource.NetworkResource):
    """A port that carries the traffic of several networks.

    The service changes subports, and deletes trunks, only while the trunk is up.
    """

    extension = "trunk"
    remote = network_resource.collection(
        "trunk",
        readiness=network_resource.ON_EVERY,
    )
    place, noun = "port", "trunk"

    name = Property(str, "Name of the trunk.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the trunk.", updatable=True, cleared="")
    port = Property(
        str, "Port that all traffic goes through.", required=True, immutable=True, refers="neutron.port", wire="port_id"
    )
    sub_ports = Property(
        list,
        "Ports of the networks behind it.",
        updatable=True,
        cleared=[],
        items=Property(
            dict,
            fields={
                "port": Property(str, "A port.", required=True, refers="neutron.port", wire="port_id"),
                "segmentation_type": Property(str, "What tells traffic apart.", required=True, allowed=("vlan",)),
                "segmentation_id": Property(int, "Number of the VLAN.", required=True, minimum=1, maximum=4094),
            },
        ),
    )
    admin_state_up = Property(bool, "Whether it carries traffic.", updatable=True, cleared=True)

    attributes = {"port_id": Attribute(str, "Port that all traffic goes through.")}

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A port is in a trunk once, and so is a VLAN."""
        yield from super().validate(properties)
        ports, vlans = {properties.get("port")} - {UNKNOWN}, set()
        for at, sub in enumerate(topology.items(properties.get("sub_ports"))):
            port, vlan = sub.get("port"), sub.get("segmentation_id")
            if port in ports:
                yield Issue(("sub_ports", at, "port"), f"The port {port!r} is in the trunk twice.", "Use another one.")
            if vlan in vlans:
                yield Issue(
                    ("sub_ports", at, "segmentation_id"), f"VLAN {vlan} is there twice.", "Give each port its own."
                )
            ports |= {port} - {UNKNOWN}
            vlans |= {vlan} - {UNKNOWN}

    async def update(self, call: Call, change: Change) -> str | None:
        """Subports by verbs of their own, then the fields: a trunk that shall be down goes down last."""
        if "sub_ports" in change.properties:
            await self._switch_on(call)
            await self._set_subports(call)
            rest = {key: value for key, value in change.properties.items() if key != "sub_ports"}
            if not call.properties.get(_UP, True):
                rest[_UP] = False
            change = Change(rest)
        return await super().update(call, change)

    async def delete(self, call: Call) -> None:
        """One that is down is switched on first."""
        await self._switch_on(call)
        await super().delete(call)

    async def _switch_on(self, call: Call) -> None:
        """Have the trunk up."""
        observed = await self.observe(call) or {}
        if not observed.get(_UP):
            await self.request(call, "PUT", self.path(call), {"trunk": {_UP: True}})

    async def _set_subports(self, call: Call) -> None:
        """Bring the subports to what is wanted. First those go whose VLAN or port another one may need."""
        observed = await self.observe(call) or {}
        present = {_key(one): one for one in observed.get("sub_ports") or ()}
        wanted = {_key(one): one for one in self.body(call).get("sub_ports") or ()}
        gone = [{"port_id": present[key]["port_id"]} for key in present if key not in wanted]
        new = [wanted[key] for key in wanted if key not in present]
        for verb, several in (("remove", gone), ("add", new)):
            if several:
                await self.request(call, "PUT", f"{self.path(call)}/{verb}_subports", {"sub_ports": several})


def _key(subport: Mapping[str, Any]) -> tuple[Any, ...]:
    return subport["port_id"], subport["segmentation_type"], subport["segmentation_id"]
