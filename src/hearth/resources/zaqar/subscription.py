"""OS::Zaqar::Subscription and OS::Zaqar::MistralTrigger: who is told of messages in a queue.

Spec: https://docs.openstack.org/api-ref/message/#subscriptions-subscriptions
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from hearth.cloud import errors
from hearth.model.values import is_known
from hearth.resources import base
from hearth.resources.contract import Call, Change, Issue, Observed, Permanent, Values
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import Property
from hearth.resources.zaqar import client

_KINDS: Final = ("http", "https", "mailto", "trust+http", "trust+https")
#: What stands for the message in what a workflow is given.
_MESSAGE = "$zaqar_message$"


def _options_of_trigger(key: str) -> Any:
    """Reads what a workflow is given from the options of its subscription."""

    def read(call: Call, observed: Observed) -> Any:
        sent = json.loads((observed.get("options") or {}).get("post_data") or "{}")
        value = dict(sent.get(key) or {})
        if key == "params":
            environment = {name: one for name, one in (value.pop("env", None) or {}).items() if name != "notification"}
            return value | ({"env": environment} if environment else {})
        return value

    return read


class Subscriber(RemoteResource):
    """What subscriptions of both types do."""

    remote = Remote(service=client.SERVICE, path="", envelope="")

    queue_name = Property(str, "Name of the queue.", required=True, constraint="zaqar.queue", wire=None, live="source")
    ttl = Property(
        int,
        "Seconds for which it holds.",
        default=client.ENDLESS,
        minimum=60,
        updatable=True,
        wire="ttl",
    )

    def path(self, call: Call) -> str:
        """The subscription's path."""
        return f"{self._all(call)}/{call.physical_id}"

    @staticmethod
    def _all(call: Call) -> str:
        return f"{client.queue_path(call.properties['queue_name'])}/subscriptions"

    def subscriber_of(self, call: Call) -> str:
        """Who is told."""
        raise NotImplementedError

    def options_of(self, call: Call) -> Mapping[str, Any]:
        """What the service is to know about telling."""
        raise NotImplementedError

    def body(self, call: Call) -> dict[str, Any]:
        """The subscription as it is sent."""
        options = dict(self.options_of(call))
        return {"subscriber": self.subscriber_of(call), "ttl": call.properties["ttl"], "options": options}

    async def create(self, call: Call) -> str | None:
        """Subscribe; the same subscriber of the same queue has one subscription, so a repeat finds the first."""
        answer = await self.request(
            call, "POST", self._all(call), self.body(call), creating=True, headers=client.HEADERS
        )
        call.physical_id = str(answer.body["subscription_id"])
        return call.physical_id

    async def locate(self, call: Call) -> str | None:
        """The one with the subscriber."""
        wanted, marker = self.subscriber_of(call), None
        while True:
            answer = await self.request(
                call, "GET", self._all(call), params={"marker": marker, "limit": 20}, headers=client.HEADERS
            )
            page = answer.body["subscriptions"] if isinstance(answer.body, dict) else []
            for one in page:
                if one["subscriber"] == wanted:
                    return str(one["id"])
            if not page or page[-1]["id"] == marker:
                return None
            marker = page[-1]["id"]

    async def update(self, call: Call, change: Change) -> str | None:
        """Change all of it, but for a subscriber that stays: the service would say that there is one already."""
        body, present = self.body(call), await self.observe(call) or {}
        if body.get("subscriber") == present.get("subscriber"):
            del body["subscriber"]
        await self.request(call, "PATCH", self.path(call), body, headers=client.HEADERS)
        return None

    async def delete(self, call: Call) -> None:
        """Unsubscribe."""
        await self.request(call, "DELETE", self.path(call), headers=client.HEADERS)

    async def observe(self, call: Call) -> Observed | None:
        """The subscription."""
        answer = await self.request(call, "GET", self.path(call), headers=client.HEADERS)
        observed: Observed = answer.body
        return observed


@base.resource("OS::Zaqar::Subscription", since="8.0.0")
class Subscription(Subscriber):
    """Sends the messages of a queue on to an address.

    Messages go to an address.
    """

    subscriber = Property(str, "Where messages go: a URL, or mailto: and an address.", required=True, updatable=True)
    options = Property(dict, "What the service is to know about sending.", updatable=True)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The service knows some ways of telling."""
        yield from super().validate(properties)
        given = properties.get("subscriber")
        if is_known(given) and str(given).partition(":")[0] not in _KINDS:
            yield Issue(
                ("subscriber",), f"{given!r} begins with none of {', '.join(_KINDS)}.", "Give a URL, or mailto:address."
            )

    def subscriber_of(self, call: Call) -> str:
        """The address."""
        return str(call.properties["subscriber"])

    def options_of(self, call: Call) -> Mapping[str, Any]:
        """As given."""
        return call.properties.get("options") or {}


@base.resource("OS::Zaqar::MistralTrigger", since="8.0.0")
class MistralTrigger(Subscriber):
    """Starts a workflow for messages of a queue.

    Each message starts a workflow; the workflow finds it as `notification` in its environment.
    """

    #: The service starts it for whoever subscribed, by a trust of its own.
    services: ClassVar[tuple[str, ...]] = (client.SERVICE, "workflow")

    workflow_id = Property(
        str,
        "Id of the workflow.",
        required=True,
        updatable=True,
        constraint="mistral.workflow",
        wire=None,
        live=lambda call, observed: json.loads(observed["options"].get("post_data") or "{}").get("workflow_id"),
    )
    input = Property(
        dict, "Input of the workflow.", default={}, updatable=True, wire=None, live=_options_of_trigger("input")
    )
    params = Property(
        dict,
        "Parameters of its execution.",
        default={},
        updatable=True,
        wire=None,
        live=_options_of_trigger("params"),
    )

    def subscriber_of(self, call: Call) -> str:
        """Where executions begin."""
        try:
            endpoint = call.cloud.endpoint("workflow").rstrip("/")
        except errors.NoService as error:
            raise Permanent(f"no workflow can be started: {error.message}", kind="NoService") from error
        return f"trust+{endpoint}/executions"

    def options_of(self, call: Call) -> Mapping[str, Any]:
        """The execution that begins with each message."""
        given = call.properties
        params = dict(given["params"])
        params["env"] = {**(params.get("env") or {}), "notification": _MESSAGE}
        sent = {"workflow_id": given["workflow_id"], "input": given["input"], "params": params}
        return {"post_data": json.dumps(sent)}
