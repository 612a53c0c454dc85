"""Which parts a process is made of: everything behind one port (`hearth up`), or some of it (`hearth serve`).

Returns one application for `hearth.process.serving`; starting and stopping the parts is tied to the server's life.
"""

import contextlib
import logging
import pathlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from oslo_config import cfg
from starlette.applications import Starlette
from starlette.types import ASGIApp

from hearth.cli import problems
from hearth.cloud import config
from hearth.localcloud import app as localcloud
from hearth.localcloud.core import cloud as clouds
from hearth.process import home as homes
from hearth.process import orchestration, serving

ORCHESTRATION = "/orchestration"
CLOUDFORMATION = "/cloudformation"
#: Who tries a template out wants to see the failure of a server within seconds, not after a minute of attempts.
_TRIES_AGAIN = 1
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send the process's log to standard error."""
    logging.basicConfig(stream=sys.stderr, level=level, format=_LOG_FORMAT)
    for chatty in ("alembic", "keystoneauth", "urllib3", "stevedore", "aiosqlite", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def everything(
    home: homes.Home,
    url: str,
    *,
    cloud_settings: Mapping[str, Any],
    config_files: Sequence[pathlib.Path],
    overrides: Mapping[str, Any],
) -> Starlette:
    """Embedded cloud, API and engine at `url`, with everything they keep in the home folder."""
    cloud = localcloud.open_cloud(home.cloud_data, clouds.Settings(**cloud_settings), url)
    conf = configuration(config_files, home_options(home, url, overrides))
    conf.set_default("action_retry_limit", _TRIES_AGAIN)
    # The folder is locked for this process, and the store is in it.
    parts = _orchestration(conf, alone=True)
    mounts: dict[str, ASGIApp] = {"": localcloud.create_app(cloud)}
    if parts.api is not None:
        mounts[ORCHESTRATION] = parts.api
    if parts.cfn is not None:
        mounts[CLOUDFORMATION] = parts.cfn
    return serving.combine(mounts, _running(parts, cloud))


def services(
    conf: cfg.ConfigOpts | None,
    cloud_data: pathlib.Path | None,
    url: str,
    *,
    api: bool = False,
    cfn: bool = False,
    engine: bool = False,
    cloud: bool = False,
) -> Starlette:
    """Some of the parts, as `hearth serve` was asked for. `conf` is needed for `api`, `cfn` and `engine`."""
    mounts: dict[str, ASGIApp] = {}
    parts = _orchestration(conf, api=api, cfn=cfn, engine=engine) if conf is not None else None
    opened = localcloud.open_cloud(cloud_data, clouds.Settings(), url) if cloud else None
    if opened is not None:
        mounts[""] = localcloud.create_app(opened)
    if parts is not None and parts.api is not None:
        # Beside the cloud, as in `up`; alone, at the root, where a catalog's endpoint of port 8004 points to.
        mounts[ORCHESTRATION if cloud else ""] = parts.api
    if parts is not None and parts.cfn is not None:
        # Alone at the root too, where a catalog's endpoint of port 8000 points to.
        mounts[CLOUDFORMATION if cloud or api else ""] = parts.cfn
    return serving.combine(mounts, _running(parts, opened))


def configuration(config_files: Sequence[pathlib.Path], overrides: Mapping[str, Mapping[str, Any]]) -> cfg.ConfigOpts:
    """Read the configuration.

    Raises:
        problems.CliError: it cannot be used; the message names section and option.
    """
    try:
        return config.load([str(path) for path in config_files], overrides)
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error


def _orchestration(
    conf: cfg.ConfigOpts, *, api: bool = True, cfn: bool = True, engine: bool = True, alone: bool = False
) -> orchestration.Orchestration:
    try:
        return orchestration.Orchestration(conf, api=api, cfn=cfn, engine=engine, alone=alone)
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


def _running(
    parts: orchestration.Orchestration | None, cloud: clouds.Cloud | None
) -> Callable[[], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        try:
            if parts is not None:
                await parts.start()
            yield
        finally:
            # The engine first: its last calls still go to the cloud.
            if parts is not None:
                await parts.stop()
            if cloud is not None:
                cloud.close()

    return running
