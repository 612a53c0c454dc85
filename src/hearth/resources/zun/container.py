"""OS::Zun::Container: a container.

Spec: https://docs.openstack.org/api-ref/application-container/
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.states import Action
from hearth.model.values import is_known
from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Permanent, Values, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource, remember_request
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, USED_ONCE, Attribute, Property


def _command(call: Call, observed: Observed) -> Any:
    """The command as it was given, if that is what runs."""
    given, shown = call.properties.get("command"), observed.get("command")
    if given is not None and shown in (given, shlex.split(given)):
        return given
    return shlex.join(shown) if isinstance(shown, list) else shown


def _memory(call: Call, observed: Observed) -> Any:
    """MiB; the service may write a unit behind them."""
    shown = observed.get("memory")
    return int(str(shown).rstrip("MmBbi")) if shown not in (None, "") else None


def _restarts(call: Call, observed: Observed) -> Any:
    shown = observed.get("restart_policy") or {}
    count = shown.get("MaximumRetryCount")
    return f"{shown.get('Name')}:{count}" if count not in (None, "", "0", 0) else shown.get("Name")


@base.resource("OS::Zun::Container", since="9.0.0")
class Container(RemoteResource):
    """A container.

    It is started when it is made.
    """

    # The first version that takes a terminal.
    remote = Remote(
        service="container",
        path="/v1/containers",
        envelope="",
        plural="containers",
        identity="uuid",
        microversion="1.36",
        update_method="PATCH",
        readiness=Readiness(
            ready=("Running", "Stopped"),
            failed=("Error", "Dead"),
            on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}),
            reason="status_reason",
        ),
    )

    name = Property(str, "Name of the container.", updatable=True, default=PHYSICAL_NAME)
    image = Property(str, "Name or id of the image.", required=True)
    command = Property(str, "What runs in it.", live=_command)
    cpu = Property(float, "How many CPUs.", updatable=True, cleared=ABSENT)
    memory = Property(int, "Memory in MiB.", updatable=True, live=_memory, cleared=ABSENT)
    environment = Property(dict, "Variables of the environment.")
    workdir = Property(str, "Folder that the command runs in.")
    labels = Property(dict, "Texts to keep with it.")
    image_pull_policy = Property(
        str, "When the image is fetched.", allowed=("ifnotpresent", "always", "never"), live=USED_ONCE
    )
    image_driver = Property(str, "Where the image is from.", allowed=("docker", "glance"))
    restart_policy = Property(
        str, "When it is started again: no, always, unless-stopped or on-failure:COUNT.", live=_restarts
    )
    interactive = Property(bool, "Whether its input is open.")
    tty = Property(bool, "Whether it has a terminal.", since="14.0.0")
    hostname = Property(str, "Its host name.", since="10.0.0")
    hints = Property(dict, "Wishes about the place.", since="10.0.0", live=USED_ONCE)
    security_groups = Property(list, "Its security groups.", default=[], since="10.0.0", live=USED_ONCE)
    mounts = Property(
        list,
        "Volumes in it.",
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "mount_path": Property(str, "Where it is in the container.", required=True),
                "volume_id": Property(str, "The volume.", constraint="cinder.volume"),
                "volume_size": Property(int, "Size of a new volume in GiB."),
            },
        ),
    )
    networks = Property(
        list,
        "Networks that it is on.",
        updatable=True,
        since="11.0.0",
        wire=None,
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "fixed_ip": Property(str, "An address.", constraint="ip_addr"),
                "network": Property(str, "The network.", refers="neutron.network"),
                "port": Property(str, "The port.", refers="neutron.port"),
            },
        ),
    )

    attributes = {
        "addresses": Attribute(dict, "Its addresses, by network."),
        "name": Attribute(str, "Name of the container."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A network or a port; a volume or its size."""
        yield from super().validate(properties)
        for field, one, other in (("networks", "network", "port"), ("mounts", "volume_id", "volume_size")):
            given = properties.get(field)
            for at, each in enumerate(given if isinstance(given, list) else ()):
                if not isinstance(each, Mapping) or not is_known(each.get(one)) or not is_known(each.get(other)):
                    continue
                if field == "mounts" and (one in each) == (other in each):
                    yield Issue((field, at), f"A mount needs one of {one!r} and {other!r}.", "Give one of them.")
                if field == "networks" and one not in each and other not in each:
                    yield Issue((field, at), f"A network needs {one!r} or {other!r}.", "Give one of them.")

    def body(self, call: Call) -> dict[str, Any]:
        """In the service's words."""
        body = super().body(call)
        if "command" in body:
            body["command"] = shlex.split(body["command"])
        if policy := body.pop("restart_policy", None):
            name, _, count = policy.partition(":")
            body["restart_policy"] = {"Name": name, **({"MaximumRetryCount": count} if count else {})}
        if "memory" in body:
            body["memory"] = str(body["memory"])
        if not body["security_groups"]:
            del body["security_groups"]
        if mounts := body.pop("mounts", None):
            body["mounts"] = [_mount(one) for one in mounts]
        if networks := call.properties.get("networks"):
            body["nets"] = [_net(one) for one in networks]
        return body

    async def create(self, call: Call) -> str | None:
        """Make and start it."""
        body = self.mark(self.body(call), call)
        answer = await self.request(call, "POST", self.remote.path, body, creating=True, params={"run": "true"})
        call.physical_id = str(answer.body["uuid"])
        remember_request(call, answer)
        return call.physical_id

    async def locate(self, call: Call) -> str | None:
        """The one of the name and image."""
        body = self.body(call)
        listed = await self.listed(call, {"name": body["name"]})
        return next((str(one["uuid"]) for one in listed if one["name"] == body["name"]), None)

    async def update(self, call: Call, change: Change) -> str | None:
        """The name, the size and networks are three things."""
        fields = self.changes(call, change)
        name = fields.pop("name", None)
        if name is not None:
            await self.request(call, "POST", f"{self.path(call)}/rename", params={"name": name})
        if "memory" in fields:
            fields["memory"] = str(fields["memory"])
        if fields:
            remember_request(call, await self.request(call, "PATCH", self.path(call), fields))
        if "networks" in change.properties:
            await self._set_networks(call, (call.previous or {}).get("networks") or [])
        return None

    async def _set_networks(self, call: Call, before: list[Any]) -> None:
        wanted = call.properties.get("networks") or []
        for verb, several in (
            ("detach", [one for one in before if one not in wanted]),
            ("attach", [one for one in wanted if one not in before]),
        ):
            for one in several:
                params = {key: value for key, value in one.items() if key in ("network", "port", "fixed_ip")}
                if verb == "detach":
                    params.pop("fixed_ip", None)
                await self.request(call, "POST", f"{self.path(call)}/network_{verb}", params=params)

    async def delete(self, call: Call) -> None:
        """Stop and delete it, unless that has begun."""
        observed = await self.observe(call) or {}
        if observed.get("status") not in ("Deleting", "Deleted"):
            await self.request(call, "DELETE", self.path(call), params={"stop": "true"})

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """A container that has ended has run."""
        if observed is not None and call.action is Action.DELETE and observed.get("status") == "Deleted":
            raise Gone("it is deleted")
        if observed is not None and call.action is Action.CREATE and observed.get("status") == "Unknown":
            raise Permanent(self.failure(call, observed))
        return await super().settle(call, observed)


def _mount(given: Mapping[str, Any]) -> dict[str, Any]:
    source = {"source": given["volume_id"]} if "volume_id" in given else {"size": str(given["volume_size"])}
    return {**source, "destination": given["mount_path"]}


def _net(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"network": "network", "port": "port", "fixed_ip": "v4-fixed-ip"}
    return {names[key]: value for key, value in given.items() if key in names}
