"""Builds the orchestration service of one process from its configuration: store, bus, cloud access, engine, API.

The one place where these meet; called by `hearth.process.wiring`. Holds no behaviour of its own.
"""

import base64
import dataclasses
import pathlib
from typing import Any

from oslo_config import cfg
from starlette.types import ASGIApp

from hearth.api import app as api_app
from hearth.api import policy
from hearth.api import settings as api_settings
from hearth.bus import memory
from hearth.cfn import app as cfn_app
from hearth.cloud import config, credentials, ec2, tokens
from hearth.engine import authority, context, definitions, runner, service, settings
from hearth.resources import blueprint, registry, template_types
from hearth.store import open_store

_KEY_BYTES = 32


class Orchestration:
    """API and engine over one store. `start` and `stop` in the same event loop."""

    def __init__(
        self, conf: cfg.ConfigOpts, *, api: bool = True, cfn: bool = True, engine: bool = True, alone: bool = False
    ) -> None:
        """Build the parts; nothing runs yet.

        Args:
            api, cfn, engine: which of them this process has.
            alone: no other process uses the store, so what a former engine held is taken over at once.
        """
        chosen = engine_settings(conf)
        self._store = open_store(database_url(conf), [encryption_key(conf)])
        self._bus = memory.MemoryBus()
        self._connector = credentials.Connector(config.cloud_settings(conf))
        self._validator_connector = credentials.Connector(config.validator_settings(conf))
        types = registry.TypeRegistry([pathlib.Path(one) for one in conf.plugin_dirs], entry_points=True)
        surroundings = context.Context(self._store, self._bus, self._connector, types, chosen)
        builder = blueprint.Builder(
            types,
            chosen.max_template_size,
            _operator(conf),
            chosen.yaql_limits,
            sealed=chosen.encrypt_parameters_and_properties,
        )
        kept = definitions.Definitions(self._store, builder)
        owners = authority.Authority(surroundings)
        self._engine = runner.Engine(surroundings, kept, owners)
        self._runs_engine = engine
        self._alone = alone
        self.api: ASGIApp | None = None
        self.cfn: ASGIApp | None = None
        if not (api or cfn):
            return
        rules = policy.Policy(conf)
        served = service.StackService(surroundings, kept, owners, rules.allows_type)
        if api:
            self.api = api_app.create_app(
                service=served,
                validator=tokens.TokenValidator(self._validator_connector, config.token_rules(conf)),
                policy=rules,
                settings=api_settings.from_conf(conf),
            )
        if cfn:
            checker = ec2.SignatureChecker(self._validator_connector)
            limits = cfn_app.CfnSettings(conf.max_json_body_size, chosen.max_template_size, chosen.fetch_rules)
            self.cfn = cfn_app.CfnApi(served, checker, rules.require, limits)

    async def start(self) -> None:
        """Begin to work."""
        if self._runs_engine:
            await self._engine.start(alone=self._alone)

    async def stop(self) -> None:
        """Hand over what is under way and let go of everything."""
        if self._runs_engine:
            await self._engine.stop()
        await self._bus.close()
        await self._connector.close()
        await self._validator_connector.close()
        self._store.close()


def _operator(conf: cfg.ConfigOpts) -> template_types.Operator:
    try:
        return template_types.load_operator(pathlib.Path(conf.environment_dir))
    except ValueError as error:
        raise config.ConfigError(f"[DEFAULT] {error}") from error


def engine_settings(conf: cfg.ConfigOpts) -> settings.EngineSettings:
    """The engine's settings: every field that the configuration has an option for, the default for the others."""
    known: dict[str, Any] = {
        "fetch_rules": config.fetch_rules(conf),
        "yaql_limits": (conf.yaql.limit_iterators, conf.yaql.memory_quota),
    }
    for field in dataclasses.fields(settings.EngineSettings):
        if field.name in conf:
            value = conf[field.name]
            known[field.name] = tuple(value) if isinstance(value, list) else value
    return settings.EngineSettings(**known)


def encryption_key(conf: cfg.ConfigOpts) -> bytes:
    """The key of stored secrets, in the form that Fernet wants: the option's first 32 characters.

    Raises:
        config.ConfigError: it is shorter.
    """
    key = conf.auth_encryption_key.encode()
    if len(key) < _KEY_BYTES:
        raise config.ConfigError(f"[DEFAULT] auth_encryption_key has {len(key)} bytes; it needs {_KEY_BYTES}")
    return base64.urlsafe_b64encode(key[:_KEY_BYTES])


def database_url(conf: cfg.ConfigOpts) -> str:
    """Where the database is.

    Raises:
        config.ConfigError: the configuration does not say.
    """
    url: str | None = conf.database.connection
    if not url:
        raise config.ConfigError(
            "[database] connection is not set, for example sqlite:////var/lib/hearth/hearth.sqlite"
        )
    return url
