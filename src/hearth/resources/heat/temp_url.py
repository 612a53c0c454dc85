"""Signals that are put into the object store through a signed URL, and read from there.

Each handle has a container of its own, with a signing key of its own, that keeps every version of one object: what was
put first is not lost when the next signal comes. The container's name is the handle's physical name.

Spec: https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html and
https://docs.openstack.org/swift/latest/api/object_versioning.html
"""

import hmac
import json
import secrets
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from hearth.resources import failures
from hearth.resources.contract import Call, Gone
from hearth.resources.heat import wait_signals

OBJECT = "signal"
_SERVICE = "object-store"
_EXPIRES = 2**31 - 1  # the last second that every implementation understands
_PAGE = 10_000
_KEYS = ("id", "data", "reason", "status")


async def create(call: Call) -> str:
    """Make the container, with a key that is new each time; the URL to put signals to."""
    key = secrets.token_hex(32)
    container = quote(call.physical_name, "")
    headers = {"X-Container-Meta-Temp-Url-Key": key, "X-Versions-Location": container}
    with failures.sorted_out(creating=True):
        await call.cloud.put(_SERVICE, f"/{container}", headers=headers)
    parts = urlsplit(f"{call.cloud.endpoint(_SERVICE)}/{container}/{OBJECT}")
    text = f"PUT\n{_EXPIRES}\n{unquote(parts.path)}"
    signature = hmac.digest(key.encode(), text.encode(), "sha256").hex()
    return f"{parts.scheme}://{parts.netloc}{parts.path}?temp_url_sig={signature}&temp_url_expires={_EXPIRES}"


def container_of(url: str) -> str:
    """The container that a URL of `create` puts into; empty when it is no such URL."""
    steps = urlsplit(url).path.split("/")
    return unquote(steps[-2]) if len(steps) > 2 and steps[-1] == OBJECT else ""


async def count(call: Call, container: str) -> int:
    """How many signals were put so far. Raises Gone."""
    with failures.sorted_out():
        return len(await _names(call, container))


async def bodies(call: Call, container: str, skip: int = 0) -> list[Any]:
    """What was put, in order, without the first `skip`; what is no JSON stands as text. Raises Gone."""
    found = []
    with failures.sorted_out():
        for name in (await _names(call, container))[skip:]:
            answer = await call.cloud.get(_SERVICE, f"/{quote(container, '')}/{quote(name)}")
            found.append(_decoded(answer.body))
    return found


def as_signal(body: Any, number: int) -> dict[str, Any]:
    """A body as a signal with an id, so that taking it again changes nothing. One that is no map brings no data."""
    entry = {key: value for key, value in body.items() if key in _KEYS} if isinstance(body, dict) else {}
    status = entry.get("status", wait_signals.SUCCESS)
    if status not in (wait_signals.SUCCESS, wait_signals.FAILURE):
        entry |= {"status": wait_signals.FAILURE, "reason": f"Signal {number} has the status {status!r}"}
    return {
        "status": wait_signals.SUCCESS,
        "reason": f"Signal {number} received",
        "data": None,
        "id": number,
        **entry,
    }


async def look(call: Call, container: str) -> None:
    """Make sure that a container is there. Raises Gone."""
    with failures.sorted_out():
        await call.cloud.request(_SERVICE, "HEAD", f"/{quote(container, '')}")


async def delete(call: Call) -> None:
    """Remove the container with everything in it. One that is gone is no error."""
    container = quote(call.physical_name, "")
    try:
        with failures.sorted_out():
            # Otherwise each deletion would bring back an older version.
            await call.cloud.post(_SERVICE, f"/{container}", headers={"X-Remove-Versions-Location": "x"})
            while names := await _names(call, call.physical_name):
                for name in names:
                    await call.cloud.delete(_SERVICE, f"/{container}/{quote(name)}")
            await call.cloud.delete(_SERVICE, f"/{container}")
    except Gone:
        return


async def _names(call: Call, container: str) -> list[str]:
    """Names of all versions, the oldest first: archived ones are named by their times."""
    answer = await call.cloud.get(
        _SERVICE, f"/{quote(container, '')}", params={"format": "json", "limit": _PAGE, "prefix": None}
    )
    names = [one["name"] for one in answer.body or ()]
    return sorted(name for name in names if name != OBJECT) + [name for name in names if name == OBJECT]


def _decoded(body: Any) -> Any:
    if isinstance(body, (str, bytes)):
        try:
            return json.loads(body)
        except ValueError:
            return body if isinstance(body, str) else body.decode(errors="replace")
    return body
