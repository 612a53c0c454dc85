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
from hearth.bus import addresses, contract, memory
from hearth.cfn import app as cfn_app
from hearth.cfn import cloudwatch as cloudwatch_app
from hearth.cfn import face
from hearth.cloud import config, credentials, ec2, passwords, tokens
from hearth.dashboard import app as dashboard
from hearth.engine import (
    alarm_rounds,
    alarm_signals,
    announcing,
    authority,
    context,
    definitions,
    relaying,
    runner,
    scaling,
    service,
    settings,
    signals,
    sinking,
)
from hearth.model import pacing
from hearth.process import broker, forwarding, health, notifications, origins
from hearth.resources import blueprint, registry, template_types
from hearth.store import Connections, NoReplica, Store, UnknownDatabase, news, open_store
from hearth.telemetry import requests

_KEY_BYTES = 32
_LEAST_KEY_BYTES = 16
#: Options of [database] about a start without an answer; each has a meaning with the other only.
_AT_START = ("max_retries", "retry_interval")
#: Options that resource types name.
_OF_TYPES = (
    "default_deployment_signal_transport",
    "default_software_config_transport",
    "default_user_data_format",
    "enable_cloud_watch_lite",
    "max_server_name_length",
)


class Orchestration:
    """API and engine over one store. `start` and `stop` in the same event loop."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        *,
        api: bool = True,
        cfn: bool = True,
        cloudwatch: bool = True,
        engine: bool = True,
        alone: bool = False,
    ) -> None:
        """Build the parts; nothing runs yet.

        Args:
            api, cfn, cloudwatch, engine: which of them this process has.
            alone: no other process uses the store, so what a former engine held is taken over at once.
        """
        self._conf = conf
        chosen = engine_settings(conf)
        # A process that stands still must not cost others their leases.
        self.store = _store(conf, standstill=0.8 * chosen.engine_lease)
        self._bus = bus(conf)
        self._connector = credentials.Connector(config.cloud_settings(conf))
        self._validator_connector = credentials.Connector(config.validator_settings(conf))
        kept = known_definitions(conf, self.store, chosen)
        surroundings = context.Context(
            self.store, self._bus, self._connector, kept.builder.types, chosen, now=self.store.clock.now
        )
        owners = authority.Authority(surroundings)
        self._engine = runner.Engine(surroundings, kept, owners)
        self._announcer = announcing.Announcer(surroundings, [news.ALARMS, news.EVENTS, news.NOTIFICATIONS, news.SINKS])
        sender = notifications.sender(conf) if engine else None
        self._relay = relaying.Relay(surroundings, sender, self._engine.id) if sender is not None else None
        self._listeners = notifications.listeners(conf, self._engine.id, self._engine.heard) if engine else ()
        self._sinking = sinking.Sinking(surroundings, owners, self._engine.id)
        taking = signals.Signals(surroundings, kept, scaling.Scaling(surroundings, kept).groups_of, owners)
        sending = alarm_signals.AlarmSignals(surroundings, kept, taking)
        watches = engine and conf.enable_cloud_watch_lite
        self._alarms = alarm_rounds.AlarmRounds(surroundings, sending, self._engine.id) if watches else None
        self._runs_engine = engine
        self._alone = alone
        self.api: ASGIApp | None = None
        self.cfn: ASGIApp | None = None
        self.cloudwatch: ASGIApp | None = None
        self._service: service.StackService | None = None
        if not (api or cfn or cloudwatch):
            return
        rules = policy.Policy(conf)
        served = self._service = service.StackService(surroundings, kept, owners, rules.allows_type)
        pace = pacing.Pace(conf.rate_limit.reads_per_minute, conf.rate_limit.writes_per_minute)
        if api:
            validator = tokens.TokenValidator(self._validator_connector, config.token_rules(conf))
            self.api = _public(
                conf,
                api_app.create_app(
                    service=served,
                    validator=validator,
                    policy=rules,
                    settings=api_settings.from_conf(conf),
                    pace=pace,
                    password_checker=self._password_checker(validator),
                ),
            )
        checker = ec2.SignatureChecker(self._validator_connector)
        limits = face.FaceSettings(conf.max_json_body_size, chosen.max_template_size, chosen.fetch_rules)
        if cfn:
            made = cfn_app.CfnApi(served, checker, rules.require, limits, pace)
            self.cfn = _public(conf, requests.Watched(made, "cfn"))
        if cloudwatch:
            watching = cloudwatch_app.CloudWatchApi(served, checker, rules.require, limits, pace)
            self.cloudwatch = _public(conf, requests.Watched(watching, "cloudwatch"))

    def _password_checker(self, validator: tokens.TokenValidator) -> passwords.PasswordChecker | None:
        """Who checks passwords; None where requests may not carry any."""
        rules = config.password_rules(self._conf)
        return passwords.PasswordChecker(self._validator_connector, validator, rules) if rules.enabled else None

    def dashboard(self, api: str) -> ASGIApp:
        """The pages for browsers. `api`: where they find the API, as seen from them."""
        connector = self._validator_connector
        return forwarding.believed(dashboard.create_app(connector.wire, connector.settings.auth_url, api), self._conf)

    async def start(self) -> None:
        """Begin to work."""
        self._announcer.start()
        if self._runs_engine:
            await self._engine.start(alone=self._alone)
            self._sinking.start()
        if self._alarms is not None:
            self._alarms.start()
        if self._relay is not None:
            self._relay.start()
        for listener in self._listeners:
            listener.start()

    def checks(self) -> dict[str, health.Check]:
        """What has to be well for it to serve."""
        checks: dict[str, health.Check] = {
            "database": self.store.check,
            "bus": self._check_bus,
            "cloud": self._check_cloud,
        }
        return checks | ({"engine": self._engine.check} if self._runs_engine else {})

    async def _check_bus(self) -> str:
        """Never raises: without its bus a process still finds its work, a little later."""
        try:
            await self._bus.check()
        except ConnectionError as error:
            return f"{error}; work is found by looking for it"
        return type(self._bus).__name__

    async def _check_cloud(self) -> str:
        """Never raises: what a service of the cloud lacks is no fault of this process, and others may work."""
        return "; ".join(self._connector.wire.troubles()) or "no service is left alone"

    async def drain(self) -> None:
        """Begin nothing more and finish what is under way; requests that would go on for ever come to their end."""
        if self._service is not None:
            self._service.close_streams()
        if self._runs_engine:
            await self._engine.drain()

    async def stop(self) -> None:
        """Hand over what is under way and let go of everything."""
        if self._service is not None:
            await self._service.stop()
        for listener in self._listeners:
            await listener.stop()
        if self._relay is not None:
            await self._relay.stop()
        if self._alarms is not None:
            await self._alarms.stop()
        if self._runs_engine:
            await self._sinking.stop()
            await self._engine.stop()
        await self._announcer.stop()
        await self._bus.close()
        await self._connector.close()
        await self._validator_connector.close()
        self.store.close()


def _store(conf: cfg.ConfigOpts, standstill: float) -> Store:
    replica_url: str | None = conf.database.slave_connection
    if replica_url:
        replica_url = _with_parameters(replica_url, conf)
    try:
        return open_store(
            database_url(conf),
            encryption_keys(conf),
            standstill=standstill,
            replica_url=replica_url,
            wanted=connections(conf),
        )
    except NoReplica as error:
        raise config.ConfigError(f"[database] slave_connection: {error}") from error
    except UnknownDatabase as error:
        raise config.ConfigError(error.message) from error


def connections(conf: cfg.ConfigOpts) -> Connections:
    """What the operator wants of the connections to the database; what the configuration does not say is Hearth's."""
    given = {
        name: conf.database[name]
        for name in (field.name for field in dataclasses.fields(Connections))
        if config.is_set(conf, "database", name)
    }
    if given.keys() & _AT_START:
        given |= {name: conf.database[name] for name in _AT_START}  # one of them alone: the other's usual value
    return Connections(**given)


def _with_parameters(url: str, conf: cfg.ConfigOpts) -> str:
    """The URL of a database with the parameters that stand apart from it."""
    parameters = conf.database.connection_parameters
    return f"{url}{'&' if '?' in url else '?'}{parameters}" if parameters else url


def known_definitions(conf: cfg.ConfigOpts, store: Store, chosen: settings.EngineSettings) -> definitions.Definitions:
    """Definitions of a store, with the types and the operator's environment that the configuration names."""
    types = registry.TypeRegistry(
        [pathlib.Path(one) for one in conf.plugin_dirs],
        entry_points=True,
        operator={"backups_enabled": conf.volumes.backups_enabled, **{name: conf[name] for name in _OF_TYPES}},
    )
    builder = blueprint.Builder(
        types,
        chosen.max_template_size,
        _operator(conf),
        chosen.yaql_limits,
        sealed=chosen.encrypt_parameters_and_properties,
    )
    return definitions.Definitions(store, builder)


def _public(conf: cfg.ConfigOpts, app: ASGIApp) -> ASGIApp:
    """A face as clients reach it: behind a proxy, from web pages."""
    return forwarding.believed(origins.opened(app, conf), conf)


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
        "report_interval": conf.periodic_interval,
        "lost_call_wait": conf.lost_call_wait if conf.lost_call_wait >= 0 else 1.5 * conf.clients.request_timeout,
        "outage_wait": conf.clients.outage_wait,
        "revision": conf.revision.heat_revision,
        "notifies": notifications.driver(conf) is not None,
    }
    for field in dataclasses.fields(settings.EngineSettings):
        # Sections are in it as well, and one bears the name of a field: revision.
        if field.name in conf and field.name not in known:
            value = conf[field.name]
            known[field.name] = tuple(value) if isinstance(value, list) else value
    return settings.EngineSettings(**known)


def encryption_keys(conf: cfg.ConfigOpts) -> list[bytes]:
    """The keys of stored secrets, the newest first, in the form that Fernet wants: 32 bytes each.

    A shorter key is repeated and a longer one cut, as Heat does.

    Raises:
        config.ConfigError: one is too short.
    """
    given = [("auth_encryption_key", conf.auth_encryption_key)]
    given += [("former_encryption_keys", key) for key in conf.former_encryption_keys]
    keys = []
    for option, text in given:
        key = text.encode()
        if len(key) < _LEAST_KEY_BYTES:
            raise config.ConfigError(f"[DEFAULT] {option}: a key has {len(key)} bytes; it needs {_KEY_BYTES}")
        keys.append(base64.urlsafe_b64encode((key * 2)[:_KEY_BYTES]))
    return keys


def bus(conf: cfg.ConfigOpts) -> contract.Bus:
    """What carries wake-ups to other processes.

    Raises:
        config.ConfigError: the broker's address cannot be used.
    """
    if addresses.is_in_memory(conf.transport_url):
        return memory.MemoryBus()
    with broker.configured("DEFAULT"):
        from hearth.bus import rabbit

        return rabbit.RabbitBus(conf.transport_url, tls=broker.tls(conf))


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
    return _with_parameters(url, conf)
