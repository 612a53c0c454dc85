"""OS::Zaqar::SignedQueueURL: what lets others do some things with a queue, without a token, for a time.

Nothing can take a signature back before its end, so deleting it only forgets it.

Spec: https://docs.openstack.org/api-ref/message/#pre-signed-queue
"""

import datetime
import json
from typing import Any
from urllib.parse import urlencode

from hearth.resources import base, failures
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import Attribute, Property
from hearth.resources.zaqar import client

#: Key of private data: what the service answered, as JSON.
_SIGNED = "signed"
_METHODS = ("GET", "DELETE", "PATCH", "POST", "PUT")
_PARTS = ("expires", "methods", "paths", "project", "signature")


@base.resource("OS::Zaqar::SignedQueueURL", since="8.0.0")
class SignedQueueURL(base.Base):
    """Signed access to a queue, for those without a user.

    Its parts are attributes; `query_str` has them all.
    """

    secret_data = (_SIGNED,)
    services = (client.SERVICE,)
    external = True

    queue = Property(str, "Name of the queue.", required=True)
    paths = Property(list, "What of the queue may be used: messages, subscriptions, claims.")
    ttl = Property(int, "Seconds for which it holds; left out: as long as the service likes.")
    methods = Property(list, "What may be done.", items=Property(str, allowed=_METHODS))

    attributes = {
        "signature": Attribute(object, "The signature."),
        "expires": Attribute(object, "When it ends."),
        "paths": Attribute(object, "The paths that may be used."),
        "methods": Attribute(object, "The methods that may be used."),
        "project": Attribute(object, "Id of the queue's project."),
        "query_str": Attribute(object, "All of it as the query of a URL."),
    }

    async def create(self, call: Call) -> str | None:
        """Have it signed."""
        given = call.properties
        body = {name: given[name] for name in ("paths", "methods") if given.get(name)}
        if given.get("ttl"):
            end = datetime.datetime.fromtimestamp(call.now + given["ttl"], datetime.UTC)
            body["expires"] = end.strftime("%Y-%m-%dT%H:%M:%S")
        path = f"{client.queue_path(given['queue'])}/share"
        with failures.sorted_out(creating=True):
            answer = await call.cloud.post(client.SERVICE, path, json=body, headers=client.HEADERS)
        call.data[_SIGNED] = json.dumps(answer.body)
        return call.physical_name

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """A part of it."""
        signed = json.loads(call.data.get(_SIGNED, "{}"))
        if name != "query_str":
            return signed.get(name) if name in _PARTS else None
        return urlencode(
            {
                "signature": signed["signature"],
                "expires": signed["expires"],
                "paths": ",".join(signed["paths"]),
                "methods": ",".join(signed["methods"]),
                "project_id": signed["project"],
                "queue_name": call.properties["queue"],
            }
        )
