"""One HTTP server for several applications behind one port, told apart by path.

Called by up and serve. The socket is bound before anything starts, so that an engine may call the cloud on the same
port while the server is still coming up: such calls wait in the socket's queue.
"""

import asyncio
import contextlib
import dataclasses
import gc
import math
import re
import signal
import socket
import ssl
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from hearth.cli import problems
from hearth.process import health, stopping

#: Seconds for what is under way where nobody decided.
_GRACE = 10
#: Seconds between two looks, at the end, for connections whose client says no goodbye.
_FAREWELL = 1.0
#: Connections that may wait to be accepted where nobody decided.
BACKLOG = 4096
_CIPHERS = "DEFAULT"
#: Names of [ssl] version that mean just one.
_VERSIONS = {"TLSv1_2": ssl.TLSVersion.TLSv1_2, "TLSv1_3": ssl.TLSVersion.TLSv1_3}


def bind(host: str, port: int, backlog: int = BACKLOG) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        problems.CliError: the address is in use, is not ours, or needs rights we lack.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise problems.CliError(
            f"Cannot listen on {host} port {port}: {error.strerror}.", "Choose another address with --host and --port."
        ) from error
    return listener


def address(listener: socket.socket, scheme: str = "http") -> str:
    """The URL under which clients on this machine reach a socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def combine(
    mounts: Mapping[str, ASGIApp],
    running: Callable[[], AbstractAsyncContextManager[None]],
    stop: stopping.Stop | None = None,
    healthy: health.Health | None = None,
    routes: Sequence[Route] = (),
) -> Starlette:
    """One application: `routes` of the process, then `mounts` by path prefix, longest first.

    `running` surrounds the server's life.

    `stop` is asked when the end begins, before requests under way are waited for.
    """
    stop = stop or stopping.Stop(_GRACE)
    checked = healthy or health.Health({}, stop, health.HealthSettings())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running():
            yield

    found: list[Any] = [*routes]
    for prefix in sorted({"", *mounts}, key=len):
        for path in checked.paths:
            found += [Route(f"{prefix}{path}", checked.ready), Route(f"{prefix}{path}/live", checked.live)]
    found += [_Below(prefix, mounts[prefix]) for prefix in sorted(mounts, key=len, reverse=True)]
    app = Starlette(routes=found, lifespan=lifespan)
    app.state.stop = stop
    return app


class _Below(Mount):
    """All below a prefix, line breaks in the path included: what is served there answers in its own way."""

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        super().__init__(prefix, app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class Tls:
    """How a server speaks TLS. `ca_file`: clients have to show a certificate that these vouch for.

    `ciphers`: those of TLS 1.2, as OpenSSL names them; `version`: as [ssl] version names it. None: what OpenSSL takes.
    """

    cert_file: str
    key_file: str | None = None
    ca_file: str | None = None
    ciphers: str | None = None
    version: str | None = None


def check_tls(tls: Tls) -> None:
    """Find out whether a server can be started with these files.

    Raises:
        problems.CliError: they cannot be read, are none, or do not fit together.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.ca_file)
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except (OSError, ValueError) as error:
        names = ", ".join(name for name in (tls.cert_file, tls.key_file, tls.ca_file) if name)
        raise problems.CliError(
            f"TLS cannot be served with {names}: {error}.", "PEM files are needed, and a key without a passphrase."
        ) from error
    try:
        context.set_ciphers(tls.ciphers or _CIPHERS)
    except ssl.SSLError as error:
        raise problems.CliError(f"[ssl] ciphers: OpenSSL knows none of {tls.ciphers!r}.") from error


def run(
    app: Starlette,
    listener: socket.socket,
    on_ready: Callable[[], None],
    tls: Tls | None = None,
    backlog: int = BACKLOG,
) -> bool:
    """Serve until SIGTERM or SIGINT; False when the start failed (it was logged).

    What is under way is finished as long as the application's `Stop` has time; a second signal cuts it off.
    """
    stop: stopping.Stop = app.state.stop
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=math.ceil(stop.seconds),
        timeout_keep_alive=75,
        server_header=False,
        proxy_headers=False,  # `forwarding` believes them, when the operator says so
        ssl_certfile=tls.cert_file if tls else None,
        ssl_keyfile=tls.key_file if tls else None,
        ssl_ca_certs=tls.ca_file if tls else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls and tls.ca_file else ssl.CERT_NONE,
        ssl_ciphers=(tls and tls.ciphers) or _CIPHERS,
        backlog=backlog,  # the event loop tells the system again
    )
    config.load()
    if config.ssl is not None:
        _limit(config.ssl, tls.version if tls else None)
    server = _Server(config, on_ready, stop)
    _collect_seldom()
    # The server ends a failed start by leaving the process; what that means is the caller's decision.
    with listener, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner, contextlib.suppress(SystemExit):
        runner.run(server.serve(sockets=[listener]))
    return server.started


def _limit(context: ssl.SSLContext, version: str | None) -> None:
    """Let a server speak the version that was chosen alone, or else those that are safe."""
    chosen = _VERSIONS.get(version or "")
    context.minimum_version = chosen or ssl.TLSVersion.TLSv1_2
    if chosen is not None:
        context.maximum_version = chosen


def _collect_seldom() -> None:
    """Let the garbage collector look seldom, and never at what lives as long as the process.

    An engine holds a large stack's rows in some hundred thousand objects, nearly all freed by reference counts. Walking
    them every 700 allocations took half of the CPU of a 10,000-resource creation (docs/benchmarks.md).
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Server(uvicorn.Server):
    """Tells when it accepts requests, and ends by a signal as by any other end: in order, with exit status 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], stop: stopping.Stop) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The inherited one raises the signal again after the shutdown, which kills the process before its own cleanup.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: types.FrameType | None) -> None:
        self._stop.ask()
        self.should_exit = True
        self.force_exit = self._stop.is_cut

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        leaving = asyncio.create_task(self._cut_silent(), name="serving:farewell")
        try:
            await super().shutdown(sockets)
        finally:
            leaving.cancel()
        if self.force_exit:
            # The inherited one leaves at once; what is cut off is given back all the same.
            for task in self.server_state.tasks:
                task.cancel()
            await self.lifespan.shutdown()

    async def _cut_silent(self) -> None:
        """Cut connections that are closed on our side and have nothing more to send.

        By TLS both sides take leave. Many clients do not, and the event loop would wait half a minute for each.
        """
        while True:
            await asyncio.sleep(_FAREWELL)
            for connection in list(self.server_state.connections):
                way = connection.transport
                if way.is_closing() and not way.get_write_buffer_size():
                    way.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()
