"""Queues of the messaging service that belong to one resource of a stack: made, written to, read and removed.

A queue is in the project of the stack's users and named like its resource. Everything is done as the resource's own
user, who needs no role but that of such users; what acts in a server comes with the same credentials. Used by what is
signalled through a queue, and by servers whose agent reads one.

Spec: https://docs.openstack.org/api-ref/message/
"""

import dataclasses
import json
from typing import Any

from hearth.cloud import session
from hearth.resources import failures
from hearth.resources.contract import Call, Gone
from hearth.resources.heat import stack_user
from hearth.resources.zaqar import client

#: How long a message lies there, in seconds; more than a server takes to start.
_KEPT_FOR = 3600
#: Messages in one answer: the most that the service gives.
_PAGE = 20
#: Key of private data: ids of messages that were taken, as JSON. Deleted ones do not come again, so a few are enough.
_TAKEN = "taken_messages"
_REMEMBERED = 5 * _PAGE


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A message and its id, by which it can be deleted."""

    id: str
    body: Any


async def create(call: Call) -> str:
    """Make the resource's queue; its name. Its user must be there. Making one that is there changes nothing."""
    await _request(call, "PUT", "", {}, creating=True)
    return call.physical_name


async def post(call: Call, body: Any) -> None:
    """Put a message into the queue."""
    await _request(call, "POST", "/messages", {"messages": [{"body": body, "ttl": _KEPT_FOR}]}, creating=True)


async def messages(call: Call) -> list[Message]:
    """The first messages of the queue, which stay there, the oldest first. Raises Gone."""
    params = {"echo": True, "include_claimed": True, "limit": _PAGE}
    answer = await _request(call, "GET", "/messages", params=params)
    listed = answer.body.get("messages", ()) if isinstance(answer.body, dict) else ()
    return [Message(one.get("id") or one["href"].rpartition("/")[2], one["body"]) for one in listed]


async def untaken(call: Call) -> list[Message]:
    """Messages that were not taken so far; those that were are deleted, since that is stored by now."""
    taken = _taken(call)
    found = await messages(call)
    await drop(call, [one.id for one in found if one.id in taken])
    return [one for one in found if one.id not in taken]


def take(call: Call, message_id: str) -> None:
    """Note that a message was taken; what it brought is stored together with this, so it counts once."""
    call.data[_TAKEN] = json.dumps([*_taken(call), message_id][-_REMEMBERED:])


def _taken(call: Call) -> list[str]:
    taken: list[str] = json.loads(call.data.get(_TAKEN, "[]"))
    return taken


async def drop(call: Call, ids: list[str]) -> None:
    """Delete messages. Those that are gone are no error."""
    if ids:
        await _request(call, "DELETE", "/messages", params={"ids": ",".join(ids)})


async def empty(call: Call) -> None:
    """Delete all messages that are there now."""
    while found := await messages(call):
        await drop(call, [one.id for one in found])


async def look(call: Call) -> None:
    """Make sure that the queue is there. Raises Gone."""
    # Asked for itself, a queue that is not there looks like an empty one. The list is sorted by name.
    answer = await _asked(call, "GET", client.QUEUES, params={"marker": call.physical_name[:-1], "limit": 1})
    if call.physical_name not in [one["name"] for one in answer.body["queues"]]:
        raise Gone(f"there is no queue {call.physical_name}")


async def delete(call: Call) -> None:
    """Remove the queue. One that is gone is no error."""
    if stack_user.USER not in call.data or stack_user.PASSWORD not in call.data:
        # Of what a lost creation made nobody knows the password.
        password = stack_user.new_password()
        with failures.sorted_out(creating=True):
            user = await stack_user.users_of(call).create(call.physical_name, password)
        call.data |= {stack_user.USER: user.id, stack_user.PASSWORD: password}
    try:
        await _request(call, "DELETE", "")
    except Gone:
        return


async def _request(
    call: Call, method: str, path: str, body: Any = None, *, creating: bool = False, params: Any = None
) -> session.Response:
    """A request about the resource's queue."""
    target = f"{client.queue_path(call.physical_name)}{path}"
    return await _asked(call, method, target, body, creating=creating, params=params)


async def _asked(
    call: Call, method: str, path: str, body: Any = None, *, creating: bool = False, params: Any = None
) -> session.Response:
    user_id, password = call.data[stack_user.USER], call.data[stack_user.PASSWORD]
    with failures.sorted_out(creating=creating):
        access = await stack_user.users_of(call).access(user_id, password)
        return await access.request(client.SERVICE, method, path, json=body, params=params, headers=client.HEADERS)
