"""Which parts a process is made of: everything behind one port (`hearth up`), or some of it (`hearth serve`).

Returns one application for `hearth.process.serving`; starting and stopping the parts is tied to the server's life.
"""

import asyncio
import contextlib
import logging
import pathlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from oslo_config import cfg
from oslo_log import log as oslo_log
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hearth.cli import problems
from hearth.cloud import config, config_check
from hearth.localcloud import app as localcloud
from hearth.localcloud.core import cloud as clouds
from hearth.process import exposing, health, logs, orchestration, serving, stopping, traces
from hearth.process import home as homes

_log = logging.getLogger(__name__)

ORCHESTRATION = "/orchestration"
CLOUDFORMATION = "/cloudformation"
CLOUDWATCH = "/cloudwatch"
DASHBOARD = "/dashboard"
#: Who tries a template out wants to see the failure of a server within seconds, not after a minute of attempts.
_TRIES_AGAIN = 1
#: Who stops a Hearth on the own machine waits for it.
_STOP_SECONDS = 10


def everything(
    home: homes.Home,
    url: str,
    *,
    cloud_settings: Mapping[str, Any],
    config_files: Sequence[pathlib.Path],
    overrides: Mapping[str, Any],
    own_log: bool = False,
) -> Starlette:
    """Embedded cloud, API and engine at `url`, with everything they keep in the home folder.

    `own_log`: the process's log goes where the configuration says.
    """
    conf = configuration(config_files, home_options(home, url, overrides))
    if own_log:
        log(conf)
    cloud = localcloud.open_cloud(home.cloud_data, clouds.Settings(**cloud_settings), url)
    conf.set_default("action_retry_limit", _TRIES_AGAIN)
    conf.set_default("lost_call_wait", 0)  # whoever kills this process kills the cloud with it
    conf.set_default("graceful_shutdown_timeout", _STOP_SECONDS)
    conf.set_default("detailed", True, "healthcheck")  # for who runs it, on the own machine
    conf.set_default("enabled", True, "dashboard")
    conf.set_default("enable_cloud_watch_lite", True)  # the embedded cloud has no service for such metrics
    # The folder is locked for this process, and the store is in it.
    parts = _orchestration(conf, alone=True)
    mounts: dict[str, ASGIApp] = {"": localcloud.create_app(cloud)}
    if parts.api is not None:
        mounts[ORCHESTRATION] = parts.api
    if parts.cfn is not None:
        mounts[CLOUDFORMATION] = parts.cfn
    if parts.cloudwatch is not None:
        mounts[CLOUDWATCH] = parts.cloudwatch
    mounts |= _dashboard(conf, parts, ORCHESTRATION)
    return _combined(mounts, conf, parts, cloud, exposing.listener(conf))


def services(
    conf: cfg.ConfigOpts | None,
    cloud_data: pathlib.Path | None,
    url: str,
    metrics: socket.socket | None = None,
    *,
    api: bool = False,
    cfn: bool = False,
    cloudwatch: bool = False,
    engine: bool = False,
    cloud: bool = False,
) -> Starlette:
    """Some of the parts, as `hearth serve` was asked for. `conf` is needed for all but `cloud`.

    `metrics`: where the page of metrics is served, if not at the service's address.
    """
    mounts: dict[str, ASGIApp] = {}
    parts = _orchestration(conf, api=api, cfn=cfn, cloudwatch=cloudwatch, engine=engine) if conf is not None else None
    opened = localcloud.open_cloud(cloud_data, clouds.Settings(), url) if cloud else None
    if opened is not None:
        mounts[""] = localcloud.create_app(opened)
    if parts is not None and parts.api is not None:
        # Beside the cloud, as in `up`; alone, at the root, where a catalog's endpoint of port 8004 points to.
        prefix = ORCHESTRATION if cloud else ""
        mounts[prefix] = parts.api
        mounts |= _dashboard(conf, parts, prefix)
    if parts is not None and parts.cfn is not None:
        # Alone at the root too, where a catalog's endpoint of port 8000 points to.
        mounts[CLOUDFORMATION if cloud or api or cloudwatch else ""] = parts.cfn
    if parts is not None and parts.cloudwatch is not None:
        mounts[CLOUDWATCH if cloud or api or cfn else ""] = parts.cloudwatch
    return _combined(mounts, conf, parts, opened, metrics)


def _dashboard(conf: cfg.ConfigOpts | None, parts: orchestration.Orchestration, api: str) -> dict[str, ASGIApp]:
    """The dashboard beside the API at the path `api`, where the configuration wants it."""
    if conf is None or not conf.dashboard.enabled:
        return {}
    return {DASHBOARD: parts.dashboard(f"..{api}")}


def _combined(
    mounts: Mapping[str, ASGIApp],
    conf: cfg.ConfigOpts | None,
    parts: orchestration.Orchestration | None,
    cloud: clouds.Cloud | None,
    listener: socket.socket | None,
) -> Starlette:
    stop = stopping.Stop(_STOP_SECONDS if conf is None else conf.graceful_shutdown_timeout)
    try:
        chosen = health.HealthSettings() if conf is None else health.from_conf(conf)
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error
    healthy = health.Health({} if parts is None else parts.checks(), stop, chosen)
    exposed = exposing.Exposed(parts.store if parts is not None else None)
    at_service = conf is not None and exposing.is_at_service(conf)
    routes = [Route("/metrics", exposed.answer)] if at_service else []
    if DASHBOARD in mounts:
        routes.append(Route(DASHBOARD, _to_dashboard))
    tracing = traces.tracer(conf)

    @contextlib.asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        async with traces.told(tracing), exposing.apart(listener, exposed.answer):
            yield

    running = _running(parts, cloud, stop, beside)
    return serving.combine(mounts, running, stop, healthy, routes)


async def _to_dashboard(_request: Request) -> Response:
    return RedirectResponse(f"{DASHBOARD.removeprefix('/')}/")


def log(conf: cfg.ConfigOpts) -> None:
    """Let the process's log go where the configuration says.

    Raises:
        problems.CliError: a file of it cannot be written.
    """
    try:
        logs.setup(conf)
    except (OSError, ValueError, TypeError, oslo_log.LogConfigError) as error:
        raise problems.CliError(f"Configuration: the log cannot be written as it says: {error}") from error
    for one in config_check.check(conf.config_file or ()):
        _log.warning("%s", one)


def configuration(config_files: Sequence[pathlib.Path], overrides: Mapping[str, Mapping[str, Any]]) -> cfg.ConfigOpts:
    """Read the configuration.

    Raises:
        problems.CliError: it cannot be used; the message names section and option.
    """
    try:
        return config.load([str(path) for path in config_files], overrides)
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error


def _orchestration(conf: cfg.ConfigOpts, **parts: bool) -> orchestration.Orchestration:
    try:
        return orchestration.Orchestration(conf, **parts)
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error


def home_options(home: homes.Home, url: str, overrides: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The options that make an engine work on the embedded cloud at `url`."""
    heat = {
        "auth_type": "password",
        "auth_url": f"{url}/identity/v3",
        "username": "heat",
        "password": homes.PASSWORD,
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    return {
        "DEFAULT": {
            "auth_encryption_key": home.key().decode(),
            "enable_stack_abandon": True,
            "enable_stack_adopt": True,
            "stack_user_domain_name": "heat",
            "stack_domain_admin": "heat_domain_admin",
            "stack_domain_admin_password": homes.PASSWORD,
            **overrides,
        },
        "database": {"connection": f"sqlite:///{home.database}"},
        "keystone_authtoken": {**heat, "www_authenticate_uri": f"{url}/identity"},
    }


async def _drain(parts: orchestration.Orchestration | None, stop: stopping.Stop) -> None:
    await stop.wait()
    _log.info("Stopping: what is under way has %g s; a second signal cuts it off", stop.seconds)
    if parts is not None:
        await parts.drain()


def _running(
    parts: orchestration.Orchestration | None,
    cloud: clouds.Cloud | None,
    stop: stopping.Stop,
    beside: Callable[[], AbstractAsyncContextManager[None]],
) -> Callable[[], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        # While requests under way are finished, steps are too.
        draining = asyncio.create_task(_drain(parts, stop))
        async with beside():
            try:
                if parts is not None:
                    await parts.start()
                yield
            finally:
                # The engine first: its last calls still go to the cloud.
                if not await stop.wait_for(draining) and stop.asked:
                    _log.warning("Work under way was cut off; another engine finds out what came of it")
                if parts is not None:
                    await parts.stop()
                if cloud is not None:
                    cloud.close()

    return running
