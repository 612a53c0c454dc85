"""Who is told that an alarm has another state: addresses are called, queues get a message.

Calls go out from threads and are made once; whether they were taken is only logged. Actions that begin with "trust+"
are called without a token.
"""

import asyncio
import json
import logging
import urllib.request
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from hearth.localcloud.core import cloud, state
from hearth.localcloud.zaqar import service as zaqar

_log = logging.getLogger(__name__)
_SECONDS = 20
_TTL = 3600
#: What an action may begin with.
SCHEMES = ("http", "https", "log", "test", "trust+http", "trust+https", "zaqar", "trust+zaqar", "trust+heat")
_running: set[asyncio.Task[None]] = set()


def tell(owner: cloud.Cloud, alarm: state.Document, body: dict[str, Any]) -> None:
    """Do the actions of the state that an alarm has now. Inside a transaction, and an event loop."""
    field = "insufficient_data_actions" if alarm["state"] == "insufficient data" else f"{alarm['state']}_actions"
    for action in alarm.get(field) or ():
        scheme, _, rest = str(action).removeprefix("trust+").partition(":")
        if scheme == "zaqar":
            _post(owner, alarm["project_id"], action, body)
        elif scheme in ("http", "https"):
            task = asyncio.get_running_loop().create_task(asyncio.to_thread(_call, f"{scheme}:{rest}", body))
            _running.add(task)
            task.add_done_callback(_running.discard)


def _post(owner: cloud.Cloud, project_id: str, action: str, body: dict[str, Any]) -> None:
    name = parse_qs(urlsplit(action).query).get("queue_name", [""])[0]
    queues = cast("zaqar.Zaqar", owner.service("zaqar"))
    key = f"{project_id}:{name}"
    if key not in queues.queues:
        queues.queues.insert({"id": key, "project_id": project_id, "name": name, "metadata": {}})
    queues.messages.post(key, "aodh", [({"body": body}, _TTL)])


def _call(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            _log.info("The action %s of alarm %s: %s", url.partition("?")[0], body["alarm_id"], answer.status)
    except (OSError, ValueError) as error:
        _log.warning("The action %s of alarm %s: %s", url.partition("?")[0], body["alarm_id"], error)
