"""Spans by OpenTelemetry's SDK, sent to a collector. Loaded only where tracing is switched on: the SDK is an extra."""

import contextlib
import contextvars
import re
from collections.abc import Iterator

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, TraceIdRatioBased

import hearth
from hearth.telemetry import spans

_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS = {
    spans.Kind.SERVER: trace.SpanKind.SERVER,
    spans.Kind.CLIENT: trace.SpanKind.CLIENT,
    spans.Kind.INTERNAL: trace.SpanKind.INTERNAL,
}
_NANO = 1_000_000_000


class Tracing:
    """The tracer of a process. `processor`: what becomes of spans that have ended."""

    def __init__(self, processor: SpanProcessor, *, service: str = "hearth", ratio: float = 1.0) -> None:
        """`ratio`: how many of the traces that begin here are recorded; others are as their beginner decided."""
        self._ids = _Ids()
        self._sampler = ParentBased(TraceIdRatioBased(ratio))
        self._provider = TracerProvider(
            sampler=self._sampler,
            resource=Resource.create({"service.name": service, "service.version": hearth.__version__}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("hearth", hearth.__version__)

    @contextlib.contextmanager
    def span(
        self, name: str, kind: spans.Kind, parent: str | None, attributes: spans.Attributes
    ) -> Iterator[spans.Span]:
        """See `spans.Tracer`."""
        began = self._tracer.start_span(name, _within(parent), _KINDS[kind], dict(attributes))
        token = spans.here.set(_text(began.get_span_context()))
        try:
            yield _Going(began)
        except BaseException as error:
            # Without the error's own text, which may hold what users keep secret.
            began.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            spans.here.reset(token)
            began.end()

    def reserve(self, parent: str | None) -> str:
        """See `spans.Tracer`."""
        above = _read(parent)
        if above is not None:
            trace_id, flags = above.trace_id, above.trace_flags
        else:
            trace_id = self._ids.generate_trace_id()
            decided = self._sampler.should_sample(None, trace_id, "")
            flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if decided.decision is Decision.RECORD_AND_SAMPLE else 0)
        return _text(trace.SpanContext(trace_id, self._ids.generate_span_id(), False, flags))

    def tell(
        self,
        reserved: str,
        parent: str | None,
        name: str,
        began: float,
        ended: float,
        attributes: spans.Attributes,
        *,
        failed: bool,
    ) -> None:
        """See `spans.Tracer`."""
        own = _read(reserved)
        if own is None:
            return
        with self._ids.being(own.trace_id, own.span_id):
            told = self._tracer.start_span(
                name, _within(parent), attributes=dict(attributes), start_time=int(began * _NANO)
            )
        if failed:
            told.set_status(trace.StatusCode.ERROR)
        told.end(int(ended * _NANO))

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


def to_collector(endpoint: str | None, *, service: str, ratio: float) -> Tracing:
    """Spans go to a collector by OTLP over HTTP. `endpoint`: None: as OTEL_EXPORTER_OTLP_* say, else localhost."""
    return Tracing(BatchSpanProcessor(OTLPSpanExporter(endpoint)), service=service, ratio=ratio)


class _Going:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: str | int) -> None:
        """See `spans.Span`."""
        self._span.set_attribute(name, value)


class _Ids(RandomIdGenerator):
    """Random ids, or those that were reserved for the span that is about to start."""

    def __init__(self) -> None:
        self._reserved: contextvars.ContextVar[tuple[int, int] | None] = contextvars.ContextVar(
            "reserved", default=None
        )

    @contextlib.contextmanager
    def being(self, trace_id: int, span_id: int) -> Iterator[None]:
        """Give out these ids meanwhile."""
        token = self._reserved.set((trace_id, span_id))
        try:
            yield
        finally:
            self._reserved.reset(token)

    def generate_trace_id(self) -> int:
        """See the SDK."""
        reserved = self._reserved.get()
        return reserved[0] if reserved else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """See the SDK."""
        reserved = self._reserved.get()
        return reserved[1] if reserved else super().generate_span_id()


def _text(of: trace.SpanContext) -> str:
    return f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}"


def _read(traceparent: str | None) -> trace.SpanContext | None:
    found = _FORM.fullmatch(traceparent or "")
    if found is None:
        return None
    flags = trace.TraceFlags(int(found[3], 16) & trace.TraceFlags.SAMPLED)
    return trace.SpanContext(int(found[1], 16), int(found[2], 16), True, flags)


def _within(parent: str | None) -> context.Context:
    """The SDK's idea of a parent; what is no `traceparent` is none."""
    above, nothing = _read(parent), context.Context()
    return nothing if above is None else trace.set_span_in_context(trace.NonRecordingSpan(above), nothing)
