"""`/metrics`: what was counted in this process, and what is in the database, in the form that Prometheus reads.

Served below the address of the service, or on a port of its own. Where several processes share one address,
PROMETHEUS_MULTIPROC_DIR makes the library gather the counts of them all; what is in the database is the same for all.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

import prometheus_client
import sqlalchemy as sa
import uvicorn
from oslo_config import cfg
from prometheus_client import core, exposition, multiprocess
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import hearth
from hearth.process import serving
from hearth.store import Store, tallies

Tally = tuple[dict[tuple[str, str], int], dict[str, int]]


class Exposed:
    """The metrics of one process. `store`: whose contents are told of; None: there is none."""

    def __init__(self, store: Store | None) -> None:
        self._store = store

    async def answer(self, request: Request) -> Response:
        """The page."""
        counted: Iterable[core.Metric] = ()
        if self._store is not None:
            counted = _families(*await self._store.read(_tally))
        encode, content_type = exposition.choose_encoder(request.headers.get("accept", ""))
        body = await asyncio.to_thread(encode, _Page(counted))
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _tally(connection: sa.Connection) -> Tally:
    return tallies.stacks_by_state(connection), tallies.nodes_by_state(connection)


def _families(stacks: dict[tuple[str, str], int], nodes: dict[str, int]) -> Iterator[core.Metric]:
    by_state = core.GaugeMetricFamily("hearth_stacks", "Live root stacks.", labels=["action", "status"])
    for labels, number in sorted(stacks.items()):
        by_state.add_metric(labels, number)
    yield by_state
    listed = core.GaugeMetricFamily("hearth_nodes", "Nodes of the work list: what is to be done.", labels=["state"])
    for state, number in nodes.items():
        listed.add_metric([state], number)
    yield listed
    yield core.InfoMetricFamily("hearth_build", "The program.", value={"version": hearth.__version__})


class _Page(prometheus_client.registry.Collector):
    """All metrics of one answer."""

    def __init__(self, further: Iterable[core.Metric]) -> None:
        self._further = further

    def collect(self) -> Iterator[core.Metric]:
        """What the library asks for."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            yield from registry.collect()
        else:
            yield from prometheus_client.REGISTRY.collect()
        yield from self._further


def is_at_service(conf: cfg.ConfigOpts) -> bool:
    """Whether the page is served at the service's own address."""
    return bool(conf.metrics.enabled and conf.metrics.port is None)


def listener(conf: cfg.ConfigOpts | None) -> socket.socket | None:
    """The port of its own that the configuration gives the page; None: it has none.

    Raises:
        problems.CliError: the port cannot be had.
    """
    if conf is None or not conf.metrics.enabled or conf.metrics.port is None:
        return None
    return serving.bind(conf.metrics.host, conf.metrics.port)


@contextlib.asynccontextmanager
async def apart(
    listener: socket.socket | None, answer: Callable[[Request], Awaitable[Response]]
) -> AsyncIterator[None]:
    """Serve the page on a port of its own for a while, if it has one."""
    if listener is None:
        yield
        return
    app = Starlette(routes=[Route("/metrics", answer)])
    server = _Beside(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Beside(uvicorn.Server):
    """A server beside the process's main one, which takes the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
