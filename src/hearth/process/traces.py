"""Sends traces where the section [tracing] says, for the life of a process. OpenTelemetry is loaded only then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from oslo_config import cfg

from hearth.cli import lazy, problems
from hearth.telemetry import spans


class Tracing(spans.Tracer, Protocol):
    """A tracer that can be closed."""

    def close(self) -> None:
        """Send what has not been sent yet."""


def tracer(conf: cfg.ConfigOpts | None) -> Tracing | None:
    """The tracer that the configuration asks for; None: none.

    Raises:
        problems.CliError: what is needed for that is not installed.
    """
    if conf is None or not conf.tracing.enabled:
        return None
    try:
        to_collector = lazy.load("hearth.telemetry.tracing:to_collector")
    except ModuleNotFoundError as error:
        raise problems.CliError(
            f"[tracing] enabled: the package {error.name} is not installed.", "pip install 'hearth[tracing]'"
        ) from error
    options = conf.tracing
    made: Tracing = to_collector(options.otlp_endpoint, service=options.service_name, ratio=options.sample_ratio)
    return made


@contextlib.asynccontextmanager
async def told(tracing: Tracing | None) -> AsyncIterator[None]:
    """Tell spans for a while."""
    if tracing is None:
        yield
        return
    spans.install(tracing)
    try:
        yield
    finally:
        spans.install(None)
        await asyncio.to_thread(tracing.close)  # which sends what is left
