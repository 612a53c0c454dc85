"""OS::Manila::ShareNetwork: where the servers of shares are.

Spec: https://docs.openstack.org/api-ref/shared-file-system/#share-networks
"""

from typing import Any

from hearth.resources import base, rules
from hearth.resources.contract import Call, Change, Observed
from hearth.resources.manila import kept
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_SERVICES = "security_services"


@base.resource("OS::Manila::ShareNetwork", since="5.0.0")
class ShareNetwork(kept.Kept):
    """A network with its subnet, and the directories that know the users."""

    remote = kept.collection("share_network")

    name = Property(str, "Name of the share network.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the share network.", updatable=True, cleared="")
    neutron_network = Property(str, "The network.", updatable=True, refers="neutron.network", wire="neutron_net_id")
    neutron_subnet = Property(str, "The subnet.", updatable=True, refers="neutron.subnet", wire="neutron_subnet_id")
    nova_network = Property(
        str,
        "A network of a time when Nova had some.",
        updatable=True,
        support=(("HIDDEN", "21.0.0"),),
        wire="nova_net_id",
    )
    security_services = Property(
        list,
        "Ids of security services.",
        default=[],
        updatable=True,
        wire=None,
        live="security_services",
        items=Property(str),
    )

    attributes = {
        "cidr": Attribute(str, "The addresses."),
        "ip_version": Attribute(str, "4 or 6."),
        "network_type": Attribute(str, "What kind of network."),
        "segmentation_id": Attribute(str, "Number of the VLAN or tunnel."),
    }

    checks = (
        rules.at_most_one("neutron_network", "nova_network"),
        rules.together("neutron_subnet", "neutron_network"),
        rules.together("neutron_network", "neutron_subnet"),
    )

    async def finish(self, call: Call) -> None:
        """Add the security services."""
        if call.properties[_SERVICES]:
            await self._set_services(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields, then security services."""
        await super().update(call, change)
        if _SERVICES in change.properties:
            await self._set_services(call)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Security services are listed by themselves."""
        return {**observed, _SERVICES: await self._services(call)}

    async def _services(self, call: Call) -> list[str]:
        params = {"share_network_id": call.physical_id}
        answer = await self.request(call, "GET", "/security-services/detail", params=params)
        return [one["id"] for one in answer.body[_SERVICES]]

    async def _set_services(self, call: Call) -> None:
        present, wanted = set(await self._services(call)), set(call.properties[_SERVICES])
        for verb, several in (("remove", present - wanted), ("add", wanted - present)):
            for one in sorted(several):
                body: dict[str, Any] = {f"{verb}_security_service": {"security_service_id": one}}
                await self.request(call, "POST", f"{self.path(call)}/action", body, creating=True)
