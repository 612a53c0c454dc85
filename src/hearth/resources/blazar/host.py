"""OS::Blazar::Host: a compute host that can be leased. Admin only.

Spec: https://docs.openstack.org/api-ref/reservation/v1/#hosts
"""

from typing import Any

from hearth.resources import base
from hearth.resources.blazar import lease
from hearth.resources.contract import Call, Observed
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import Attribute, Property


def _extra(call: Call, observed: Observed) -> Any:
    """The capabilities that were given."""
    given = call.properties.get("extra_capability") or {}
    return {key: observed.get(key) for key in given}


@base.resource("OS::Blazar::Host", since="12.0.0")
class Host(RemoteResource):
    """A compute host that can be reserved.

    It is taken from the hosts of ordinary servers.
    """

    remote = Remote(service=lease.SERVICE, path="/v1/os-hosts", envelope="host")

    name = Property(str, "Name of the host.", required=True, live="hypervisor_hostname")
    extra_capability = Property(dict, "Further capabilities.", wire=None, live=_extra)

    attributes = {
        "cpu_info": Attribute(dict, "Its processors."),
        "created_at": Attribute(str, "When it was made."),
        "extra_capability": Attribute(dict, "Further capabilities."),
        "hypervisor_hostname": Attribute(str, "Name of the host."),
        "hypervisor_type": Attribute(str, "What runs servers."),
        "hypervisor_version": Attribute(int, "Version of that."),
        "local_gb": Attribute(int, "Disk in GiB."),
        "memory_mb": Attribute(int, "Memory in MiB."),
        "reservable": Attribute(bool, "Whether it can be leased."),
        "service_name": Attribute(str, "Name of its compute service."),
        "status": Attribute(str, "Status of the host."),
        "trust_id": Attribute(str, "Trust by which the service acts."),
        "updated_at": Attribute(str, "When it was changed last."),
        "vcpus": Attribute(int, "Virtual CPUs."),
    }

    def enveloped(self, body: Any) -> Any:
        """Requests are bare."""
        return body

    def body(self, call: Call) -> dict[str, Any]:
        """Capabilities stand beside the name."""
        return {**super().body(call), **(call.properties.get("extra_capability") or {})}

    async def locate(self, call: Call) -> str | None:
        """The one of the name."""
        name = call.properties["name"]
        found = (one for one in await self.listed(call, {}) if one["hypervisor_hostname"] == name)
        return next((str(one["id"]) for one in found), None)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The capabilities that were given, and processors as a map."""
        observed = await self.observe(call) if observed is None else observed
        if name == "extra_capability":
            return _extra(call, observed or {})
        return await super().attribute(call, name, observed)
