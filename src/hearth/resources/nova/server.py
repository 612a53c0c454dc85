"""OS::Nova::Server: a server.

The request is made in `server_request`, its ports in `server_ports`, and longer changes in `server_steps`.

Spec: https://docs.openstack.org/api-ref/compute/#servers-servers
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.model.states import Action, Status
from hearth.model.values import UNKNOWN
from hearth.resources import base, scheduler_hints
from hearth.resources.contract import (
    Call,
    Change,
    Decision,
    Gone,
    InError,
    Issue,
    Neighbour,
    Neighbours,
    Observed,
    Permanent,
    Values,
    Verdict,
    Wait,
)
from hearth.resources.heat import agent
from hearth.resources.neutron import port_properties, topology
from hearth.resources.nova import (
    server_attributes,
    server_drift,
    server_images,
    server_ports,
    server_request,
    server_rules,
    server_steps,
    server_turns,
    server_user_data,
)
from hearth.resources.remote import Readiness, Remote, RemoteResource, own_metadata, remember_request
from hearth.resources.schema import NEVER_SHOWN, PHYSICAL_NAME, USED_ONCE, Attribute, Property, Unseen

_WAITING = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.SNAPSHOT})
#: What a server is when each action is done.
_DONE = {
    Action.CREATE: "ACTIVE",
    Action.SUSPEND: "SUSPENDED",
    Action.RESUME: "ACTIVE",
}
#: Where the agent in a server looks, after what the cloud itself tells.
_COLLECTORS = ("ec2", "{}", "local")
_USER_DATA = Unseen("the service shows it to administrators only")
_BUS = ("ide", "lame_bus", "sata", "scsi", "usb", "virtio")


@base.resource("OS::Nova::Server")
class Server(RemoteResource):
    """A virtual or bare machine with its disks and network connections."""

    remote = Remote(
        service="compute",
        path="/servers",
        envelope="server",
        marker="metadata",
        batch="detail",
        readiness=Readiness(ready=("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"), on=_WAITING, reason="fault.message"),
    )
    name_limit = 53
    operated = {"name_limit": "max_server_name_length"}
    supports_snapshot = True
    copies_in = "image"
    copy_id = server_images.ID
    snapshot_deletion_policy = True
    survives_failure = True
    takes_turns = True
    secret_data = agent.SECRETS

    name = Property(str, "Name of the server.", default=PHYSICAL_NAME, updatable=True)
    image = Property(
        str,
        "Image it boots from.",
        updatable=True,
        refers="glance.image",
        wire="imageRef",
        live=server_drift.image,
    )
    flavor = Property(
        str,
        "Size of the server.",
        required=True,
        updatable=True,
        refers="nova.flavor",
        wire="flavorRef",
        live="flavor.id",
    )
    flavor_update_policy = Property(
        str,
        "What another flavor does.",
        default="RESIZE",
        updatable=True,
        wire=None,
        live=None,
        allowed=("RESIZE", "REPLACE"),
    )
    image_update_policy = Property(
        str,
        "What another image does.",
        default="REBUILD",
        updatable=True,
        wire=None,
        live=None,
        allowed=("REBUILD", "REPLACE", "REBUILD_PRESERVE_EPHEMERAL"),
    )
    key_name = Property(str, "Key pair that is let in.", constraint="nova.keypair")
    availability_zone = Property(str, "Availability zone it runs in.", live=server_drift.availability_zone)
    security_groups = Property(
        list,
        "Security groups of the ports that are made for it.",
        default=[],
        wire=None,
        live=server_drift.security_groups,
        translates="neutron.security_group",
    )
    networks = Property(
        list,
        "Its connections, in order.",
        updatable=True,
        wire=None,
        live=server_drift.networks,
        ordered=True,
        items=Property(
            dict,
            fields={
                "network": Property(str, "Network to connect to.", refers="neutron.network"),
                "uuid": Property(
                    str,
                    "Older name of network.",
                    constraint="neutron.network",
                    moved_to="network",
                    support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.1")),
                ),
                "port": Property(str, "Port to use.", refers="neutron.port"),
                "subnet": Property(str, "Subnet of the address.", translates="neutron.subnet", since="5.0.0"),
                "fixed_ip": Property(str, "Address to have.", constraint="ip_addr"),
                "floating_ip": Property(str, "Id of a floating address to have.", since="6.0.0"),
                "tag": Property(str, "Tag of the device.", since="9.0.0"),
                "allocate_network": Property(
                    str,
                    "Let the service choose: a network made for the project, or none.",
                    updatable=True,
                    allowed=("none", "auto"),
                    since="9.0.0",
                ),
                "port_extra_properties": Property(
                    dict,
                    "Further properties of the port that is made.",
                    updatable=True,
                    fields=port_properties.extra(),
                    since="6.0.0",
                ),
            },
        ),
    )
    block_device_mapping = Property(
        list,
        "Volumes it has; older form of block_device_mapping_v2.",
        wire=None,
        live=server_drift.disks("block_device_mapping"),
        items=Property(
            dict,
            fields={
                "device_name": Property(str, "Name of the device, such as vda.", required=True),
                "volume_id": Property(str, "Volume to use.", refers="cinder.volume"),
                "snapshot_id": Property(str, "Snapshot to make a volume from.", refers="cinder.snapshot"),
                "volume_size": Property(int, "Size of that volume in GiB."),
                "delete_on_termination": Property(bool, "Whether the volume goes with the server."),
            },
        ),
    )
    block_device_mapping_v2 = Property(
        list,
        "Its disks.",
        wire=None,
        live=server_drift.disks("block_device_mapping_v2"),
        since="2015.1",
        items=Property(
            dict,
            fields={
                "device_name": Property(str, "Name of the device, such as vda."),
                "volume_id": Property(str, "Volume to use.", refers="cinder.volume"),
                "image": Property(str, "Image to make a volume from.", refers="glance.image", since="7.0.0"),
                "image_id": Property(
                    str,
                    "Older name of image.",
                    constraint="glance.image",
                    moved_to="image",
                    support=(("HIDDEN", "9.0.0"), ("DEPRECATED", "7.0.0"), ("SUPPORTED", "5.0.0")),
                ),
                "snapshot_id": Property(str, "Snapshot to make a volume from.", refers="cinder.snapshot"),
                "swap_size": Property(int, "Size of a swap disk in MiB."),
                "ephemeral_size": Property(int, "Size of an ephemeral disk in GiB.", minimum=1, since="8.0.0"),
                "ephemeral_format": Property(
                    str,
                    "File system of the ephemeral disk.",
                    allowed=("ext2", "ext3", "ext4", "xfs", "ntfs"),
                    since="8.0.0",
                ),
                "device_type": Property(str, "Kind of device.", allowed=("cdrom", "disk")),
                "disk_bus": Property(str, "Bus of the device.", allowed=_BUS),
                "boot_index": Property(int, "Place in the boot order; below 0 for not at all."),
                "volume_size": Property(int, "Size of the volume in GiB."),
                "volume_type": Property(str, "Type of the volume.", constraint="cinder.vtype", since="26.0.0"),
                "delete_on_termination": Property(bool, "Whether the volume goes with the server."),
            },
        ),
    )
    scheduler_hints = Property(dict, "Wishes about the host.", wire=None, live=USED_ONCE)
    metadata = Property(
        dict, "Texts to keep with the server.", default={}, updatable=True, wire=None, live=own_metadata()
    )
    user_data = Property(
        str,
        "Data for the server's first start.",
        default="",
        updatable=True,
        wire=None,
        live=_USER_DATA,
        secret=True,
    )
    user_data_format = Property(
        str,
        "How user_data is passed on.",
        default=server_user_data.CFNTOOLS,
        option="default_user_data_format",
        wire=None,
        live=None,
        allowed=server_user_data.FORMATS,
    )
    user_data_update_policy = Property(
        str,
        "What other user_data does.",
        default="REPLACE",
        updatable=True,
        wire=None,
        live=None,
        allowed=("REPLACE", "IGNORE", "REBUILD"),
        since="6.0.0",
    )
    software_config_transport = agent.transport_property()
    deployment_swift_data = agent.swift_property()
    config_drive = Property(bool, "Whether it gets a disk with its metadata.", live=server_drift.config_drive)
    diskConfig = Property(
        str, "Whether the service fits the partition to the disk.", wire="OS-DCF:diskConfig", allowed=("AUTO", "MANUAL")
    )
    personality = Property(
        dict,
        "Files to put into the server: path and content.",
        default={},
        wire=None,
        live=USED_ONCE,
        support=(("DEPRECATED", "12.0.0"),),
    )
    admin_pass = Property(
        str, "Password of the administrator.", updatable=True, wire="adminPass", live=NEVER_SHOWN, secret=True
    )
    admin_user = Property(
        str,
        "Takes no effect.",
        wire=None,
        live=None,
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.1"), ("SUPPORTED", "2013.2")),
    )
    reservation_id = Property(str, "Takes no effect.", wire=None, live=None)
    tags = Property(
        list, "Tags of the server.", updatable=True, items=Property(str), wire=None, live="tags", since="8.0.0"
    )

    attributes = {
        "name": Attribute(str, "Name of the server."),
        "addresses": Attribute(
            dict,
            "Addresses by network, name and id, each with its port and kind.",
            follows=True,
            support=(("SUPPORTED", "11.0.0"), ("SUPPORTED", None)),
        ),
        "networks": Attribute(dict, "IP addresses by network, name and id.", follows=True),
        "first_address": Attribute(
            object,
            "The first IP address.",
            source=server_attributes.first_address,
            follows=True,
            support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2"), ("SUPPORTED", "2013.2")),
        ),
        "instance_name": Attribute(
            str, "Name the hypervisor knows it by.", source=lambda shown: shown.get("OS-EXT-SRV-ATTR:instance_name")
        ),
        "accessIPv4": Attribute(
            str, "IPv4 address said to be the one to use.", support=(("DEPRECATED", "14.0.0"), ("SUPPORTED", "2015.1"))
        ),
        "accessIPv6": Attribute(
            str, "IPv6 address said to be the one to use.", support=(("DEPRECATED", "14.0.0"), ("SUPPORTED", "2015.1"))
        ),
        "console_urls": Attribute(dict, "URLs of its consoles by kind.", since="2015.1"),
        "os_collect_config": Attribute(dict, "How it learns of its configuration.", cached=False, since="9.0.0"),
        "tags": Attribute(list, "Tags of the server.", since="8.0.0"),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """See `server_rules`."""
        yield from super().validate(properties)
        yield from server_rules.check(properties)

    def learns_of_deployments(self, properties: Mapping[str, Any]) -> bool:
        """Where its template says that it has an agent."""
        return properties.get("user_data_format") == server_user_data.SOFTWARE_CONFIG

    def agent_settings(self, call: Call) -> dict[str, Any]:
        """See `agent.settings`."""
        return agent.settings(call)

    async def tell(self, call: Call, metadata: Mapping[str, Any]) -> None:
        """See `agent.tell`."""
        await agent.tell(call, metadata)

    async def intend(self, call: Call) -> None:
        """The agent's credentials stand in the server's user data."""
        if self.learns_of_deployments(call.properties):
            agent.intend(call)

    async def _prepare_agent(self, call: Call) -> None:
        await agent.prepare(call, collectors=_COLLECTORS)
        await agent.tell(call, agent.metadata(call.metadata, (), call))

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """Subnets of its networks, and those whose network nobody knows yet: a port needs them for an address."""
        networks = [entry.get("network") for entry in topology.items(me.properties.get("networks"))]
        unknown = {
            one.name
            for one in topology.of_type(others, "OS::Neutron::Subnet")
            if one.properties.get("network") is UNKNOWN
        }
        return topology.subnets_of(others, networks) | unknown

    def decide(self, change: Change, call: Call) -> Decision:
        """The update policies say what another image, flavor or user_data does."""
        decision = super().decide(change, call)
        if decision.verdict is not Verdict.UPDATE:
            return decision
        keys = tuple(server_rules.replacing(change, call))
        if not keys:
            return decision
        return Decision(Verdict.REPLACE, "; ".join(self._difference(key, change, call) for key in keys), keys)

    def body(self, call: Call) -> dict[str, Any]:
        """The server without its networks."""
        return server_request.body(super().body(call), call)

    async def find(self, call: Call) -> str | None:
        """The server by its metadata; what was made for one that never came is removed."""
        found = await super().find(call)
        if found is None:
            await self._clear(call)
        return found

    async def finish(self, call: Call) -> None:
        """Of a server that was found: what its agent needs is there, and known."""
        if self.learns_of_deployments(call.properties):
            await agent.prepare(call, collectors=_COLLECTORS)

    async def _clear(self, call: Call) -> None:
        """Remove what was made for a server that is gone, or never came."""
        await server_ports.remove_all(call)
        await agent.remove(call)

    async def create(self, call: Call) -> str | None:
        """Make ports that need to be made here, then the server."""
        body = self.mark(self.body(call), call)
        if self.learns_of_deployments(call.properties):
            await self._prepare_agent(call)
        if text := await server_request.user_data(call):
            body["user_data"] = server_request.encoded(text)
        request: dict[str, Any] = {"server": body}
        if hints := scheduler_hints.of(call):
            request["os:scheduler_hints"] = hints
        try:
            networks = await server_ports.connections(call)
            if networks is not None:
                body["networks"] = networks
            version, purpose = server_request.microversion(body)
            with server_request.network_chosen():
                answer = await self.request(
                    call, "POST", self.remote.path, request, creating=True, microversion=version, purpose=purpose
                )
        except Permanent:
            await self._clear(call)
            raise
        call.physical_id = str(answer.body["server"]["id"])
        remember_request(call, answer)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Change what can be at once; note the longer steps for `settle`."""
        await server_steps.begin(self, call, change)
        if self.learns_of_deployments(call.properties) and call.software is not None:
            if agent.is_changed(change):
                await agent.prepare(call, collectors=_COLLECTORS)
            if agent.is_changed(change) or change.metadata:
                call.software.announce(str(call.physical_id))
        return None

    async def delete(self, call: Call) -> None:
        """Delete the server; what was made for it goes after it, see `observe_many`."""
        try:
            await super().delete(call)
        except Gone:
            await self._clear(call)
            raise

    async def observe_many(self, calls: Sequence[Call]) -> dict[str, Observed | None]:
        """A deleted server is gone when its own ports are too; while they are bound no user may delete them."""
        seen = await super().observe_many(calls)
        for call in calls:
            if call.action is Action.DELETE and seen[call.resource_id] is None:
                await self._clear(call)
        return seen

    def collides(self, properties: Values, wanted: Values) -> str:
        """A port serves one server."""
        return server_turns.collision(properties, wanted)

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Be detached from what the other one is to have."""
        return await server_turns.make_way(self, call, wanted)

    async def take_back(self, call: Call) -> Wait | None:
        """Be attached to it again."""
        return await server_turns.take_back(self, call)

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Ports and tags are collections of their own."""
        return await server_drift.examine(self, call, observed)

    async def suspend(self, call: Call) -> None:
        """Begin to suspend it, unless it is."""
        await self._turn(call, "ACTIVE", "suspend")

    async def resume(self, call: Call) -> None:
        """Begin to resume it, unless it runs."""
        await self._turn(call, "SUSPENDED", "resume")

    async def _turn(self, call: Call, when: str, action: str) -> None:
        observed = await self.observe(call)
        if observed is not None and observed.get("status") == when:
            remember_request(call, await self.request(call, "POST", f"{self.path(call)}/action", {action: None}))

    def worth_snapshot(self, action: Action, status: Status) -> bool:
        """A failed server is not; one whose deletion failed may still be."""
        return status is not Status.FAILED or action is Action.DELETE

    async def snapshot(self, call: Call) -> None:
        """Begin an image of it."""
        await server_images.begin(self, call)

    async def is_copied(self, call: Call) -> bool:
        """Whether the image is there."""
        return await server_images.is_there(call)

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Delete the image."""
        return await server_images.remove(self, call)

    def restored(self, properties: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
        """Made from the image; a server that boots from a volume keeps doing that, with what the volume holds."""
        if server_images.ID not in data or "image" not in properties:
            return dict(properties)
        return {**properties, "image": data[server_images.ID]}

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Wait for the state that the action leads to, or take the next step of an update."""
        if observed is None or call.action is Action.DELETE:
            # A server in ERROR takes its time to go as any other; one that cannot go ends in the stack's timeout.
            deleted = observed is None or observed.get("status") == "SOFT_DELETED"
            return None if call.action is Action.DELETE and deleted else Wait()
        if call.action is Action.UPDATE and not server_steps.are_left(call):
            return None  # all of it was done at once, which a server in ERROR takes too
        if observed.get("status") == "ERROR":
            raise InError(self.failure(call, observed))
        if call.action is Action.SNAPSHOT:
            return await server_images.settle(self, call, observed)
        if call.action is Action.UPDATE:
            return await server_steps.go_on(self, call, observed)
        if observed.get("status") != _DONE[call.action]:
            return Wait()
        if call.action is Action.CREATE:
            await server_ports.associate_floating_ips(call)
        return None

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Networks, addresses, tags and consoles are asked for on their own."""
        if name == agent.ATTRIBUTE:
            return agent.settings(call).get(agent.SETTINGS)
        more = server_attributes.MORE.get(name)
        if more is None and not self.attributes[name].follows:
            return await super().attribute(call, name, observed)
        seen = observed if observed is not None else await self.observe(call)
        if more is None:
            return await super().attribute(call, name, await server_attributes.up_to_date(call, seen or {}))
        return await more(self, call, seen or {})
