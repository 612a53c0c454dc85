"""One HTTP server for several applications behind one port, told apart by path.

Called by up and serve. The socket is bound before anything starts, so that an engine may call the cloud on the same
port while the server is still coming up: such calls wait in the socket's queue.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from hearth.cli import problems

#: How long a stopping server waits for requests that are being answered, in seconds.
_GRACE = 10


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        problems.CliError: the address is in use, is not ours, or needs rights we lack.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise problems.CliError(
            f"Cannot listen on {host} port {port}: {error.strerror}.", "Choose another address with --host and --port."
        ) from error
    return listener


def address(listener: socket.socket) -> str:
    """The URL under which clients on this machine reach a socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def combine(mounts: Mapping[str, ASGIApp], running: Callable[[], AbstractAsyncContextManager[None]]) -> Starlette:
    """One application: `mounts` by path prefix, longest first; `running` surrounds the server's life."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running():
            yield

    async def healthy(_request: Any) -> Response:
        return PlainTextResponse("OK")

    routes: list[Any] = [Route("/healthcheck", healthy)]
    routes += [Mount(prefix, mounts[prefix]) for prefix in sorted(mounts, key=len, reverse=True)]
    return Starlette(routes=routes, lifespan=lifespan)


def run(app: Starlette, listener: socket.socket, on_ready: Callable[[], None]) -> bool:
    """Serve until SIGTERM or SIGINT; requests under way are finished. False when the start failed (it was logged)."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=75,
        server_header=False,
    )
    server = _Server(config, on_ready)
    _collect_seldom()
    # The server ends a failed start by leaving the process; what that means is the caller's decision.
    with listener, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner, contextlib.suppress(SystemExit):
        runner.run(server.serve(sockets=[listener]))
    return server.started


def _collect_seldom() -> None:
    """Let the garbage collector look seldom, and never at what lives as long as the process.

    An engine holds a large stack's rows in some hundred thousand objects, nearly all freed by reference counts. Walking
    them every 700 allocations took half of the CPU of a 10,000-resource creation (docs/benchmarks.md).
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Server(uvicorn.Server):
    """Tells when it accepts requests, and ends by a signal as by any other end: in order, with exit status 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The inherited one raises the signal again after the shutdown, which kills the process before its own cleanup.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()
