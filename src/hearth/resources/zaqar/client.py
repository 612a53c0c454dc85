"""What every request to the messaging service needs.

Spec: https://docs.openstack.org/api-ref/message/
"""

import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

#: The service wants to know its client by an id. All of Hearth is one client, whatever process asks.
HEADERS: Final[Mapping[str, str]] = {"Client-ID": str(uuid.uuid5(uuid.NAMESPACE_DNS, "hearth"))}
SERVICE: Final = "messaging"
QUEUES: Final = "/v2/queues"
#: The longest time to live that a property may state: for ever.
ENDLESS: Final = 220_367_260_800


def queue_path(name: str) -> str:
    """The path of a queue."""
    return f"{QUEUES}/{quote(name, '')}"
