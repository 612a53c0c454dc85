"""Traces: what was done within what, over processes and services. Nothing is recorded until a tracer is installed.

    request of a client ─► stack action ─► step ─► call to a service
                              └─► step of a nested stack's owner ─► stack action ─► ...

A span knows its parent by a `traceparent` (W3C Trace Context), which is a text: it comes with a request's headers, is
stored with a traversal as part of its trail, and goes along with calls. A stack action may begin in one process and end
in another, so its span is told at the end, under an id that was reserved at the beginning.

Spec: https://www.w3.org/TR/trace-context/
"""

import contextvars
import enum
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

HEADER = "traceparent"

Attributes = Mapping[str, str | int]


class Kind(enum.Enum):
    """Which part of an exchange a span is."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class Span(Protocol):
    """A span that goes on."""

    def note(self, name: str, value: str | int) -> None:
        """Add an attribute."""


class Tracer(Protocol):
    """Where spans go."""

    def span(self, name: str, kind: Kind, parent: str | None, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span around something; it is the present one meanwhile."""

    def reserve(self, parent: str | None) -> str:
        """The `traceparent` of a span that is told later."""

    def tell(
        self,
        reserved: str,
        parent: str | None,
        name: str,
        began: float,
        ended: float,
        attributes: Attributes,
        *,
        failed: bool,
    ) -> None:
        """Tell a span whose id was reserved; times are seconds since the epoch."""


class _Untold:
    def note(self, name: str, value: str | int) -> None:
        """Nobody listens."""


_UNTOLD: AbstractContextManager[Span] = nullcontext(_Untold())
_tracer: Tracer | None = None
#: The `traceparent` of the present span.
here: contextvars.ContextVar[str | None] = contextvars.ContextVar("span", default=None)


def install(tracer: Tracer | None) -> None:
    """Send spans to a tracer from now on. Called by the process's entry point."""
    global _tracer
    _tracer = tracer


def is_told() -> bool:
    """Whether somebody listens; where there are many spans, they need not be described for nobody."""
    return _tracer is not None


def span(
    name: str, kind: Kind = Kind.INTERNAL, parent: str | None = None, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """A span around something. `parent`: its `traceparent`; None: the present span."""
    if _tracer is None:
        return _UNTOLD
    return _tracer.span(name, kind, parent or here.get(), attributes or {})


def reserve() -> tuple[str | None, str | None]:
    """The `traceparent` of a span that is told later, and of its parent, which is the present one."""
    parent = here.get()
    return (None, None) if _tracer is None else (_tracer.reserve(parent), parent)


def tell(
    reserved: str | None,
    parent: str | None,
    name: str,
    began: float,
    ended: float,
    attributes: Attributes,
    *,
    failed: bool,
) -> None:
    """Tell a span whose id was reserved, if one was."""
    if _tracer is not None and reserved is not None:
        _tracer.tell(reserved, parent, name, began, ended, attributes, failed=failed)
