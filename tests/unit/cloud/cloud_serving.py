"""An ASGI application on a socket, while a test runs."""

import asyncio
import contextlib
import pathlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn


@contextlib.asynccontextmanager
async def served(
    application: Any, listener: socket.socket, certificate: tuple[pathlib.Path, pathlib.Path] | None = None
) -> AsyncIterator[None]:
    """Serve an ASGI application while the block runs; over TLS with the files of a certificate and its key."""
    config = uvicorn.Config(application, log_config=None, lifespan="off", ws="none", access_log=False)
    if certificate is not None:
        config.ssl_certfile, config.ssl_keyfile = map(str, certificate)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()
