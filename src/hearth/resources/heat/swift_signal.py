"""OS::Heat::SwiftSignalHandle and OS::Heat::SwiftSignal: waiting for what is put to a signed URL of the object store.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SwiftSignal
"""

import json
from collections.abc import Iterable
from typing import Any

from hearth.model.constraints import shown
from hearth.model.states import Action
from hearth.model.values import is_known
from hearth.resources import base
from hearth.resources.contract import Call, Issue, Observed, Permanent, Values, Wait
from hearth.resources.heat import temp_url, wait_signals, waiting
from hearth.resources.schema import Attribute, Property

_LONGEST = 43200
_MOST = 1000
_URL = "url"


@base.resource("OS::Heat::SwiftSignalHandle", since="2014.2")
class SwiftSignalHandle(base.Base):
    """The place in the object store that servers put their signals to.

    A signed URL; its reference is the URL.
    """

    secret_data = (_URL,)

    attributes = {
        "token": Attribute(str, "Empty: the URL needs no token.", cached=False),
        "endpoint": Attribute(str, "The URL that signals are put to.", cached=False),
        "curl_cli": Attribute(str, "A curl command that sends a signal; append --data-binary and a map.", cached=False),
    }
    services = ("object-store",)
    external = True
    supports_check = True

    def reference(self, call: Call) -> Any:
        """The URL."""
        return call.data.get(_URL)

    async def find(self, call: Call) -> str | None:
        """A container that a lost create made, to be removed; a create that is repeated signs anew."""
        return call.physical_name if call.action is Action.DELETE else None

    async def create(self, call: Call) -> str | None:
        """Make the container and sign the URL."""
        call.data[_URL] = await temp_url.create(call)
        return call.physical_name

    async def observe(self, call: Call) -> Observed | None:
        """The container, which has nothing to show."""
        await temp_url.look(call, str(call.physical_id))
        return {}

    async def delete(self, call: Call) -> None:
        """Remove the container and the signals in it."""
        await temp_url.delete(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What a sender needs."""
        url = call.data.get(_URL)
        return {"token": "", "endpoint": url, "curl_cli": f"curl -i -X PUT '{url}'"}.get(name)


@base.resource("OS::Heat::SwiftSignal", since="2014.2")
class SwiftSignal(base.Base):
    """Holds up what depends on it until signals have been put into the object store.

    Complete when enough good signals were put; failed when a bad one was, or the time is over.
    """

    handle = Property(str, "The URL of the handle, given with get_resource.", required=True)
    timeout = Property(float, "Seconds to wait for the signals.", required=True, minimum=1, maximum=_LONGEST)
    count = Property(int, "Number of good signals to wait for.", default=1, minimum=1, maximum=_MOST)

    attributes = {"data": Attribute(str, "JSON text of what the signals brought, by their ids.")}
    services = ("object-store",)
    external = True
    supports_check = True
    findable = False
    waits_on = frozenset({Action.CREATE})

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The handle must be a URL of a handle."""
        yield from super().validate(properties)
        handle = properties.get("handle")
        if is_known(handle) and not temp_url.container_of(str(handle)):
            yield Issue(
                ("handle",), f"{shown(handle)} is no URL of an OS::Heat::SwiftSignalHandle", "Use get_resource."
            )

    async def create(self, call: Call) -> str | None:
        """Begin to wait."""
        waiting.begin(call, float(call.properties["timeout"]))
        return call.physical_name

    async def observe(self, call: Call) -> Observed | None:
        """The signals that were put, by their ids."""
        put = await temp_url.bodies(call, temp_url.container_of(call.properties["handle"]))
        signals = (temp_url.as_signal(body, number) for number, body in enumerate(put, 1))
        return {str(one["id"]): one for one in signals}

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """See `Resource.settle`."""
        failed = wait_signals.with_status(observed, wait_signals.FAILURE)
        if failed:
            raise Permanent(wait_signals.reasons(failed), kind="SwiftSignalFailure")
        good = wait_signals.with_status(observed, wait_signals.SUCCESS)
        count = int(call.properties["count"])
        if len(good) >= count:
            waiting.begin(call, 0)
            return None
        if waiting.remaining(call) is None:
            raise Permanent(wait_signals.too_few(good, count), kind="SwiftSignalTimeout")
        return Wait()

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The data of all signals."""
        if name != "data":
            return None
        seen = observed if observed is not None else await self.observe(call)
        return json.dumps({one: entry["data"] for one, entry in (seen or {}).items()})
