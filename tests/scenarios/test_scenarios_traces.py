"""A stack's life as one trace: request, actions, steps, calls; over engines and down into nested stacks."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from living import Living, running, signed_in
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from templates import hot, thing

from hearth.telemetry import spans, trail
from hearth.telemetry.tracing import Tracing

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = 0x0AF7651916CD43DD8448EB211C80319C
INNER = "{heat_template_version: 2018-08-31, resources: {inside: {type: OS::Heat::TestResource}}}"


class Seen:
    """Spans that have ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def all(self) -> list[Any]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str, **attributes: str) -> list[Any]:
        wanted = {f"hearth.{key}": value for key, value in attributes.items()}
        return [one for one in self.all() if one.name == name and wanted.items() <= dict(one.attributes).items()]

    async def until(self, count: int, name: str) -> None:
        """Wait for so many spans of a name: those of actions end just after their stacks show it."""
        async with asyncio.timeout(20):
            while len(self.named(name)) < count:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.01)

    def path(self, one: Any) -> list[str]:
        """Names from a span up to where its trace begins."""
        by_id = {each.context.span_id: each for each in self.all()}
        names = []
        while one is not None:
            names.append(one.name)
            one = by_id.get(one.parent.span_id) if one.parent is not None else None
        return names


@pytest.fixture
def seen() -> Iterator[Seen]:
    found = Seen()
    tracing = Tracing(SimpleSpanProcessor(found.exporter))
    spans.install(tracing)
    yield found
    spans.install(None)
    tracing.close()


async def test_an_engine_that_starts_later_goes_on_with_the_trace(new_world, seen):
    world = new_world()
    world.plans_first = False
    template = hot({"outer": thing(), "nest": {"type": "inner.yaml"}})
    with spans.span("request", spans.Kind.SERVER, GIVEN), trail.following(trail.opened()):
        stack = await world.create(template, files={"inner.yaml": INNER})
    await world.start_engine()
    await world.until(stack, "CREATE_COMPLETE")
    await seen.until(2, "stack CREATE")
    await world.close()
    assert {one.context.trace_id for one in seen.all()} == {TRACE}
    [outer] = seen.named("step converge", resource="outer")
    assert seen.path(outer) == ["step converge", "stack CREATE", "request"]
    [inside] = seen.named("step converge", resource="inside")
    assert seen.path(inside) == ["step converge", "stack CREATE", "step converge", "stack CREATE", "request"]
    for action in seen.named("stack CREATE"):
        assert action.end_time >= action.start_time
        assert action.status.is_ok is not False


async def test_a_failure_and_its_rollback_are_in_it(new_world, seen):
    world = new_world()
    world.plans_first = False
    await world.start_engine()
    with spans.span("request", spans.Kind.SERVER), trail.following(trail.opened()):
        stack = await world.create(hot({"bad": thing(fail=True)}), disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    await seen.until(1, "stack ROLLBACK")
    await world.close()
    [created], [rolled_back] = seen.named("stack CREATE"), seen.named("stack ROLLBACK")
    assert created.status.status_code.name == "ERROR"
    assert rolled_back.context.trace_id == created.context.trace_id
    assert "stack CREATE" in seen.path(rolled_back)


@pytest.mark.parametrize("given", ["", "garbage", GIVEN.replace("b7ad6b7169203331", "0" * 16)])
async def test_what_is_no_traceparent_begins_a_trace_of_its_own(seen, given):
    with spans.span("request", spans.Kind.SERVER, given):
        assert spans.here.get() is not None
    [one] = seen.all()
    assert one.parent is None
    assert one.context.trace_id != TRACE


async def test_what_its_beginner_does_not_record_is_not_recorded(seen):
    with spans.span("request", spans.Kind.SERVER, GIVEN[:-1] + "0"):
        assert str(spans.here.get()).endswith("-00")  # and services are told so
    assert seen.all() == []


async def test_requests_and_calls_are_in_it(tmp_path, seen):
    async with running(tmp_path) as url, signed_in(url, "demo") as living:
        assert isinstance(living, Living)
        await living.create("traced", hot({"net": {"type": "OS::Neutron::Net"}}))
    calls = [one for one in seen.named("POST network") if "stack CREATE" in seen.path(one)]
    assert seen.path(calls[0])[:4] == ["POST network", "step converge", "stack CREATE", "api POST"]
    # The request itself is the client's call: the test's own client is traced as well.
    [asked] = [one for one in seen.named("api POST") if one.attributes["http.route"] == "/v1/{tenant_id}/stacks"]
    assert asked.attributes["http.response.status_code"] == 201
    assert seen.path(asked) == ["api POST", "POST orchestration"]


def test_nothing_is_done_while_nobody_listens():
    assert spans.span("one") is spans.span("two")
    assert spans.reserve() == (None, None)
    assert spans.here.get() is None
