"""OS::Zaqar::Queue: a queue of messages.

Spec: https://docs.openstack.org/api-ref/message/#queues-queues
"""

from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Observed
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import ABSENT, DEPRECATED, HIDDEN, PHYSICAL_NAME, SUPPORTED, Attribute, Property
from hearth.resources.zaqar import client

#: Other metadata are given by a patch; a queue that is there keeps its own when it is made once more.
_PATCH = "application/openstack-messaging-v2.0-json-patch"
_WAS_THERE = 204


def _pointer(key: str) -> str:
    """Where a patch finds a key of the metadata."""
    return "/metadata/" + key.replace("~", "~0").replace("/", "~1")


def _live_metadata(call: Call, observed: Observed) -> Any:
    """The metadata without what the service itself adds."""
    given = call.properties.get("metadata")
    own = {key: value for key, value in observed["metadata"].items() if not key.startswith("_") or key in (given or {})}
    return own or ABSENT if given is None else own


@base.resource("OS::Zaqar::Queue", since="2014.2")
class Queue(RemoteResource):
    """A message queue.

    Its name is its id.
    """

    remote = Remote(service=client.SERVICE, path=client.QUEUES, envelope="", sparse=True)
    name_limit = 64

    name = Property(
        str,
        "Name of the queue.",
        default=PHYSICAL_NAME,
        length=(None, 64),
        live=lambda call, observed: call.physical_id,
    )
    metadata = Property(dict, "Metadata of the queue.", updatable=True, live=_live_metadata)

    attributes = {
        "href": Attribute(object, "Address of the queue."),
        "queue_id": Attribute(
            object,
            "Name of the queue.",
            cached=False,
            support=((HIDDEN, "6.0.0"), (DEPRECATED, "2015.1"), (SUPPORTED, "2014.1")),
        ),
    }

    def path(self, call: Call) -> str:
        """The queue's path."""
        return client.queue_path(call.physical_id or "")

    async def locate(self, call: Call) -> str | None:
        """The name says it."""
        return await self.existing(call, call.properties.get("name") or call.physical_name)

    async def create(self, call: Call) -> str | None:
        """Make it; one that is there gets the metadata."""
        call.physical_id = call.properties.get("name") or call.physical_name
        metadata = call.properties.get("metadata") or {}
        answer = await self.request(call, "PUT", self.path(call), metadata, creating=True, headers=client.HEADERS)
        if answer.status == _WAS_THERE:
            await self._change(call)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Give it other metadata."""
        await self._change(call)
        return None

    async def _change(self, call: Call) -> None:
        """Make its metadata those of the properties. What the service itself adds stays, unless it was given before."""
        wanted, before = (values.get("metadata") or {} for values in (call.properties, call.previous or {}))
        present = (await self.observe(call))["metadata"]
        steps = [
            {"op": "remove", "path": _pointer(key)}
            for key in present
            if key not in wanted and (key in before or not key.startswith("_"))
        ]
        steps += [
            {"op": "add", "path": _pointer(key), "value": value}
            for key, value in wanted.items()
            if key not in present or present[key] != value
        ]
        if steps:
            headers = {**client.HEADERS, "Content-Type": _PATCH}
            await self.request(call, "PATCH", self.path(call), steps, headers=headers)

    async def delete(self, call: Call) -> None:
        """Remove it with all that is in it."""
        await self.request(call, "DELETE", self.path(call), headers=client.HEADERS)

    async def observe(self, call: Call) -> Observed:
        """Its metadata. Asked for itself, a queue that is not there looks like an empty one; the list knows."""
        name = call.physical_id or ""
        params = {"marker": name[:-1], "limit": 1, "detailed": True}
        answer = await self.request(call, "GET", client.QUEUES, params=params, headers=client.HEADERS)
        for one in answer.body["queues"]:
            if one["name"] == name:
                return {"metadata": one.get("metadata") or {}}
        raise Gone(f"there is no queue {name}")

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The address comes from the catalog."""
        if name == "href":
            return f"{call.cloud.endpoint(client.SERVICE).rstrip('/').removesuffix('/v2')}{self.path(call)}"
        return call.physical_id if name == "queue_id" else await super().attribute(call, name, observed)
