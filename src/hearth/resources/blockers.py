"""What keeps an object from being deleted: where a service lists those who use it. A row a kind of user.

Types state their rows in `used_by`; `RemoteResource.blockers` asks by them when a deletion is refused. What cannot be
asked is left out: an explanation that is not complete is better than none.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from hearth.cloud import errors
from hearth.resources.contract import Blocker, Call, Observed

#: Ports that the network service makes and removes by itself.
_OWN_PORTS: Final = ("network:dhcp", "network:distributed", "network:floatingip_agent_gateway", "network:ha_router")
#: Users that are asked for at most: a reason is read by people.
_MOST: Final = 20

Thing = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Users:
    """One kind of users, and where they are listed.

    `params`: of the list request; `{id}` stands for the object. `key`: of the answer's list; empty: the answer is it.
    `inside`: instead of a request, the field of the object itself that lists them, as objects or ids.
    `where`: whether one of the list counts. `device`: the fields with the kind and the id of what stands behind a user.
    `remove`: the command by which a user is taken away; `{id}` stands for the user, `{device}` for what is behind it.
    `removals`: other commands, by the beginning of the device's kind.
    """

    noun: str
    service: str = ""
    path: str = ""
    key: str = ""
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    inside: str = ""
    identity: str = "id"
    name: str = "name"
    where: Callable[[Thing, Call], bool] = lambda thing, call: True
    device: tuple[str, str] | None = None
    remove: str = ""
    removals: Mapping[str, str] = dataclasses.field(default_factory=dict)

    async def asked(self, call: Call, values: Mapping[str, str], observed: Observed | None) -> list[Blocker]:
        """Those who use the object of a call. `values`: for the placeholders. Nothing where it cannot be asked."""
        found = [thing for thing in await self._things(call, values, observed) if self.where(thing, call)]
        return [self._blocker(thing) for thing in found[:_MOST]]

    async def _things(self, call: Call, values: Mapping[str, str], observed: Observed | None) -> list[Thing]:
        if self.inside:
            listed = (observed or {}).get(self.inside) or ()
            return [one if isinstance(one, Mapping) else {self.identity: one} for one in listed]
        params = {key: text.format_map(values) for key, text in self.params.items()}
        try:
            answer = await call.cloud.get(self.service, self.path.format_map(values), params=params)
        except errors.CloudError:
            return []
        body: Any = answer.body or {}
        return list(body.get(self.key, ())) if self.key else list(body)

    def _blocker(self, thing: Thing) -> Blocker:
        kind, device = (str(thing.get(field) or "") for field in self.device) if self.device else ("", "")
        its_id = str(thing.get(self.identity) or "")
        remove = next((text for start, text in self.removals.items() if kind.startswith(start)), self.remove)
        command = remove.format_map({"id": its_id, "device": device})
        return Blocker(self.noun, its_id, str(thing.get(self.name) or ""), kind, device, command)


def _counts(port: Thing, call: Call) -> bool:
    return port.get("device_owner") not in _OWN_PORTS


def ports(**params: str) -> Users:
    """The ports with these filters."""
    return Users(
        noun="port",
        service="network",
        path="/v2.0/ports",
        key="ports",
        params=params,
        where=_counts,
        device=("device_owner", "device_id"),
        remove="openstack port delete {id}",
        removals={
            "network:router_gateway": "openstack router unset --external-gateway {device}",
            "network:router": "openstack router remove port {device} {id}",
            "compute:": "openstack server remove port {device} {id}",
        },
    )


def listed(noun: str, path: str, key: str, *, command: str | None = None, **params: str) -> Users:
    """The things of the network service with these filters.

    `command`: what the client calls them where that is not the noun; empty when it has no such command.
    """
    words = noun if command is None else command
    remove = f"openstack {words} delete {{id}}" if words else ""
    return Users(noun=noun, service="network", path=path, key=key, params=params, remove=remove)


#: Ports that a security group is on. Where the service does not know the filter, it gives all ports.
GROUPED_PORTS: Final = dataclasses.replace(
    ports(security_groups="{id}"), where=lambda port, call: call.physical_id in (port.get("security_groups") or ())
)
#: What a port itself belongs to.
DEVICE: Final = Users(
    noun="device",
    service="network",
    path="/v2.0/ports",
    key="ports",
    params={"id": "{id}"},
    where=lambda port, call: bool(port.get("device_id")),
    identity="device_id",
    name="device_owner",
)
#: Floating addresses that a router serves.
FLOATING_IPS: Final = Users(
    noun="floating IP",
    service="network",
    path="/v2.0/floatingips",
    key="floatingips",
    params={"router_id": "{router}"},
    name="floating_ip_address",
    remove="openstack floating ip unset --port {id}",
)
ATTACHED_SERVERS: Final = Users(
    noun="server", inside="attachments", identity="server_id", name="device", remove="openstack server delete {id}"
)
VOLUME_SNAPSHOTS: Final = Users(
    noun="volume snapshot",
    service="volume",
    path="/snapshots",
    key="snapshots",
    params={"volume_id": "{id}"},
    remove="openstack volume snapshot delete {id}",
)
VOLUMES_OF_TYPE: Final = Users(
    noun="volume",
    service="volume",
    path="/volumes",
    key="volumes",
    params={"volume_type_id": "{id}", "all_tenants": "1"},
    remove="openstack volume delete {id}",
)
QOS_TYPES: Final = Users(
    noun="volume type",
    service="volume",
    path="/qos-specs/{id}/associations",
    key="qos_associations",
    remove="openstack volume qos disassociate --volume-type {id} QOS_SPECS",
)
GROUP_MEMBERS: Final = Users(noun="server", inside="members", remove="openstack server delete {id}")
OBJECTS: Final = Users(
    noun="object",
    service="object-store",
    path="/{id}",
    params={"format": "json", "limit": str(_MOST)},
    identity="name",
    name="",
)


def servers(**params: str) -> Users:
    """The servers with these filters."""
    return Users(
        noun="server",
        service="compute",
        path="/servers",
        key="servers",
        params=params,
        remove="openstack server delete {id}",
    )
