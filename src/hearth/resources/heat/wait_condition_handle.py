"""OS::Heat::WaitConditionHandle: what is signalled, and by what way.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::WaitConditionHandle
"""

import json
from typing import Any

from hearth.resources import base, failures
from hearth.resources.contract import Call, Observed
from hearth.resources.heat import queues, signed_url, stack_user, temp_url, transports, wait_signals
from hearth.resources.schema import Attribute, Property

_KEYS = ("id", "data", "reason", "status")
#: Keys of private data.
_TOKEN = "token"
_ENDPOINT = "endpoint"
_SIGNAL = "signal"
#: How many signals were collected; beside its own keys a collected signal has its number under this one.
_TAKEN = "taken"
#: Or, of one that lay in a queue, the id of its message.
_MESSAGE = "message"


@base.resource("OS::Heat::WaitConditionHandle", since="2014.2")
class WaitConditionHandle(stack_user.WithUser):
    """The place that servers send their signals to.

    Keeps the signals it gets in its metadata, by their ids.
    """

    secret_data = (*stack_user.WithUser.secret_data, _TOKEN)

    signal_transport = Property(
        str,
        "How signals come: by a token, a user's password, a signed URL, one of the object store, a queue; "
        "NO_SIGNAL: none is waited for.",
        default=transports.TOKEN,
        allowed=transports.HANDLES,
        live=None,
        since="6.0.0",
    )

    attributes = {
        "token": Attribute(str, "A token that may send signals (TOKEN_SIGNAL).", cached=False),
        "endpoint": Attribute(str, "The address signals are posted to (TOKEN_SIGNAL).", cached=False),
        "curl_cli": Attribute(
            str, "A curl command that sends a signal; append --data-binary and a JSON map.", cached=False
        ),
        "signal": Attribute(str, "JSON text of what a sender needs with the other transports.", cached=False),
    }
    takes_signals = True

    async def create(self, call: Call) -> str | None:
        """Make what the transport needs."""
        match call.properties["signal_transport"]:
            case transports.NONE:
                call.data[_SIGNAL] = "{}"
            case transports.TEMP_URL:
                url = await temp_url.create(call)
                call.data[_SIGNAL] = json.dumps({"alarm_url": url})
            case transports.CFN:
                user = await self.make_user(call)
                url = await signed_url.create(call, signed_url.Kind.WAIT_CONDITION)
                call.data[_SIGNAL] = json.dumps({"alarm_url": url})
                return user.id
            case transport:
                return await self._with_user(call, transport)
        return call.physical_name

    async def _with_user(self, call: Call, transport: str) -> str:
        user = await self.make_user(call)
        url = stack_user.signal_url(call, user.project_id)
        password = call.data[stack_user.PASSWORD]
        if transport == transports.TOKEN:
            with failures.sorted_out(creating=True):
                token = await stack_user.users_of(call).token(user.id, password)
            call.data |= {_TOKEN: token, _ENDPOINT: url, _SIGNAL: "null"}
        else:
            if transport == transports.ZAQAR:
                await queues.create(call)
            means = {
                "auth_url": user.auth_url,
                "username": user.name,
                "user_id": user.id,
                "password": password,
                "project_id": user.project_id,
                "domain_id": user.domain_id,
                "region_name": call.cloud.region,
                **({"queue_id": call.physical_name} if transport == transports.ZAQAR else {"alarm_url": url}),
            }
            call.data[_SIGNAL] = json.dumps(means)
        return user.id

    async def delete(self, call: Call) -> None:
        """Remove what the transport needed."""
        transport = call.properties.get("signal_transport")
        if transport == transports.TEMP_URL:
            await temp_url.delete(call)
        elif transport == transports.ZAQAR:
            await queues.delete(call)
        await super().delete(call)

    async def observe(self, call: Call) -> Observed | None:
        """What the transport needs is there."""
        transport = call.properties.get("signal_transport")
        if transport == transports.TEMP_URL:
            await temp_url.look(call, str(call.physical_id))
        elif transport == transports.ZAQAR:
            await queues.look(call)
        return await super().observe(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What a sender needs."""
        if name == "curl_cli":
            return _curl(call.data[_TOKEN], call.data[_ENDPOINT]) if _TOKEN in call.data else None
        return call.data.get(name) if name in (_TOKEN, _ENDPOINT, _SIGNAL) else None

    async def signal(self, call: Call, details: Any) -> str:
        """Note a signal; one without an id gets the next number."""
        known = (*_KEYS, _TAKEN, _MESSAGE) if self.collects(call) else _KEYS
        given = wait_signals.check_keys(details, known, all_of_them=False)
        number = len(wait_signals.received(call.metadata)) + 1
        status = wait_signals.check_status(given.get("status", wait_signals.SUCCESS))
        reason = given.get("reason", f"Signal {number} received")
        entry = {"data": given.get("data"), "reason": reason, "status": status}
        call.metadata = {**call.metadata, str(given.get("id", number)): entry}
        if _TAKEN in given:
            call.data[_TAKEN] = str(given[_TAKEN])
        if _MESSAGE in given:
            queues.take(call, given[_MESSAGE])
        return f"status:{status} reason:{reason}"

    def collects(self, call: Call) -> bool:
        """Signals to a temporary URL lie in the object store, others in a queue."""
        return call.properties.get("signal_transport") in (transports.TEMP_URL, transports.ZAQAR)

    def is_silent(self, call: Call) -> bool:
        """Conditions pass at once where no signal is to come."""
        return call.properties.get("signal_transport") == transports.NONE

    async def collect(self, call: Call) -> list[Any]:
        """Those that were not taken yet, numbered in the order of their coming."""
        if call.properties.get("signal_transport") == transports.ZAQAR:
            first = len(wait_signals.received(call.metadata)) + 1
            lying = await queues.untaken(call)
            return [{**temp_url.as_signal(one.body, first + at), _MESSAGE: one.id} for at, one in enumerate(lying)]
        taken = int(call.data.get(_TAKEN, 0))
        put = await temp_url.bodies(call, call.physical_name, skip=taken)
        return [{**temp_url.as_signal(body, number), _TAKEN: number} for number, body in enumerate(put, taken + 1)]


def _curl(token: str, url: str) -> str:
    headers = (f"X-Auth-Token: {token}", "Content-Type: application/json", "Accept: application/json")
    return " ".join(["curl -i -X POST", *(f"-H '{header}'" for header in headers), url])
