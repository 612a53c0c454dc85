"""What ties together all that one request causes: the ids under which the logs of every service tell of it.

A face opens a trail for each request. It is stored with the traversal that the request begins, so that whichever engine
carries that out goes on with it, and it goes along with each call to the cloud. Whoever writes a log line need not
know of it: the process stamps every line with the present one.
"""

import contextlib
import contextvars
import dataclasses
import re
import uuid
from collections.abc import Iterator

import msgspec

from hearth.telemetry import spans

#: The header that carries an id between services; of an answer it is the id of the request itself.
HEADER = "X-Openstack-Request-Id"

_ID = re.compile(r"req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclasses.dataclass(frozen=True, slots=True)
class Trail:
    """`request_id`: what Hearth calls the request; `global_id`: the id that all services know it under."""

    request_id: str
    global_id: str
    #: Who asked, as soon as that is known.
    user_id: str | None = None
    project_id: str | None = None
    #: The span of the action that it leads through, and the span in which that began; see `spans`.
    traceparent: str | None = None
    parent: str | None = None

    def to_text(self) -> str:
        """The form that is stored with a traversal."""
        return msgspec.json.encode(self).decode()


_current: contextvars.ContextVar[Trail | None] = contextvars.ContextVar("trail", default=None)


def new_request_id() -> str:
    """A request id as the services accept it."""
    return f"req-{uuid.uuid4()}"


def opened(given: str = "") -> Trail:
    """The trail of a new request. `given`: the id that its client named; anything but an id is not taken over."""
    request_id = new_request_id()
    return Trail(request_id, given if _ID.fullmatch(given) else request_id)


def from_text(text: str | None) -> Trail | None:
    """What `to_text` gave."""
    return msgspec.json.decode(text, type=Trail) if text else None


def current() -> Trail | None:
    """The trail that is followed now; None: what happens is nobody's request."""
    return _current.get()


def follow(trail: Trail | None) -> None:
    """Follow a trail for the rest of this task."""
    _current.set(trail)


def branch() -> Trail | None:
    """The present trail as that of an action which begins now."""
    present = _current.get()
    if present is None:
        return None
    traceparent, parent = spans.reserve()
    return present if traceparent is None else dataclasses.replace(present, traceparent=traceparent, parent=parent)


def named(user_id: str, project_id: str | None) -> None:
    """It is known now who asked."""
    if (present := _current.get()) is not None:
        _current.set(dataclasses.replace(present, user_id=user_id, project_id=project_id))


@contextlib.contextmanager
def following(trail: Trail | None) -> Iterator[None]:
    """Follow a trail for a while."""
    token = _current.set(trail)
    try:
        yield
    finally:
        _current.reset(token)


def apart() -> contextvars.Context:
    """A context for a task that goes on beyond whatever starts it, and is not part of that."""
    context = contextvars.copy_context()
    context.run(_current.set, None)
    context.run(spans.here.set, None)
    return context
