"""The configuration: Heat's option names, read from an operator's files into a private `ConfigOpts`.

The process's entry point calls `load` once, then `cloud_settings` and the like to get frozen values that are passed
down; nothing below reads the configuration itself. Options that Hearth does not know are left alone, so that a
heat.conf can be used as it is; `hearth.cloud.config_check` tells of them.
"""

import dataclasses
import logging
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keystoneauth1.exceptions
import keystoneauth1.loading
import oslo_policy.opts
from oslo_config import cfg
from oslo_log import log as oslo_log

from hearth.cloud import addresses, breaker, catalog, microversions, options, passwords, settings, tokens, transport


class ConfigError(Exception):
    """A configuration that cannot be used; the message names section and option."""


def load(
    config_files: Sequence[str] | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> cfg.ConfigOpts:
    """Read configuration files; `overrides`: {section: {option: value}}, stronger than the files.

    Raises ConfigError for a missing or malformed file, a wrong value, an unknown option in `overrides`.
    """
    conf = cfg.ConfigOpts()
    for group, declared in options.DECLARED.items():
        conf.register_opts(declared, group=None if group == "DEFAULT" else group)
    for kind in options.CLIENT_SECTIONS:
        conf.register_opts(options.client_options(kind), group=f"clients_{kind}")
    _register_logging(conf)
    for group in ("keystone_authtoken", "trustee"):
        keystoneauth1.loading.register_auth_conf_options(conf, group)
    oslo_policy.opts.set_defaults(conf, "policy.yaml", enforce_new_defaults=False, enforce_scope=False)
    conf.set_default("host", socket.gethostname())
    try:
        conf(args=[], project="hearth", default_config_files=list(config_files or ()), default_config_dirs=[])
        for group, values in (overrides or {}).items():
            _register_auth(conf, group, str(values.get("auth_type") or ""))
            for name, value in values.items():
                try:
                    conf.set_override(name, value, group=None if group == "DEFAULT" else group)
                except ValueError as error:
                    raise ConfigError(f"[{group}] {name}: {error}") from error
        _check(conf)
    except (cfg.Error, ValueError) as error:
        raise ConfigError(str(error)) from error
    return conf


def sections(conf: cfg.ConfigOpts) -> list[str]:
    """The names of all sections."""
    return ["DEFAULT", *conf]


def every_option(conf: cfg.ConfigOpts) -> Iterator[tuple[str, Any]]:
    """All options there are, by section and name; those of an authentication plugin as its section names it."""
    for group in ("keystone_authtoken", "trustee"):
        _register_auth(conf, group, conf[group].auth_type)
    for info in sorted(conf._opts.values(), key=lambda one: str(one["opt"].name)):
        yield "DEFAULT", info["opt"]
    for name, group_of in sorted(conf._groups.items()):
        for info in sorted(group_of._opts.values(), key=lambda one: str(one["opt"].name)):
            yield name, info["opt"]


def value(conf: cfg.ConfigOpts, section: str, option: Any) -> Any:
    """The value of an option that is in effect."""
    return conf[option.dest] if section == "DEFAULT" else conf[section][option.dest]


def origin(conf: cfg.ConfigOpts, section: str, option: Any) -> str:
    """Where a value comes from: `file`, `environment`, `program` or `default`."""
    location = conf.get_location(option.dest, None if section == "DEFAULT" else section)
    if location is None:
        return "default"
    return _ORIGINS.get(location.location, "default")


def is_set(conf: cfg.ConfigOpts, section: str, name: str) -> bool:
    """Whether somebody has chosen the value of an option, be it the default."""
    location = conf.get_location(name, None if section == "DEFAULT" else section)
    return location is not None and location.location in _ORIGINS


_ORIGINS = {
    cfg.Locations.user: "file",
    cfg.Locations.environment: "environment",
    cfg.Locations.command_line: "program",
    cfg.Locations.set_override: "program",
}


def _register_logging(conf: cfg.ConfigOpts) -> None:
    """Declare the options of the log, without the handler that the library installs by the way."""
    handlers = logging.getLogger().handlers
    before = list(handlers)
    oslo_log.register_options(conf)
    handlers[:] = before


def _register_auth(conf: cfg.ConfigOpts, group: str, auth_type: str | None) -> None:
    """Make the options of an authentication plugin known, which depend on its type."""
    if group in ("keystone_authtoken", "trustee") and auth_type:
        conf.register_opts(_plugin_options(auth_type, group), group=group)


def _plugin_options(auth_type: str, group: str) -> Iterable[Any]:
    try:
        return keystoneauth1.loading.get_auth_plugin_conf_options(auth_type)
    except keystoneauth1.exceptions.NoMatchingPlugin as error:
        raise ConfigError(f"[{group}] auth_type: there is no authentication plugin {auth_type!r}") from error


def _check(conf: cfg.ConfigOpts) -> None:
    """Read every value once: oslo.config finds a wrong one only when it is read."""
    for group, declared in options.DECLARED.items():
        for option in declared:
            try:
                _ = conf[option.dest] if group == "DEFAULT" else conf[group][option.dest]
            except (cfg.Error, ValueError) as error:
                raise ConfigError(f"[{group}] {option.name}: {_plain(error)}") from error


def _plain(error: Exception) -> str:
    """The library's sentence with the place of the value as a file's name."""
    return re.sub(r"LocationInfo\(location=.*?detail='(.*?)'\)", r"\1", str(error))


def auth_section(conf: cfg.ConfigOpts, group: str) -> settings.AuthSection | None:
    """The authentication plugin that a section configures; None when it configures none."""
    group = conf[group].auth_section or group
    if group not in conf:
        keystoneauth1.loading.register_auth_conf_options(conf, group)
    auth_type = conf[group].auth_type
    if not auth_type:
        return None
    declared = list(_plugin_options(auth_type, group))
    conf.register_opts(declared, group=group)
    values = {option.dest: conf[group][option.dest] for option in declared}
    if not values.get("auth_url"):
        raise ConfigError(f"[{group}] auth_url is not set: the URL of Keystone, as http://controller:5000/v3")
    return settings.AuthSection(auth_type, {name: value for name, value in values.items() if value is not None})


def cloud_settings(conf: cfg.ConfigOpts) -> settings.CloudSettings:
    """How the engine reaches the cloud's services. Raises ConfigError when no service user is configured."""
    service = _service(conf)
    common = _tls("clients", conf.clients, settings.Tls())
    interfaces: dict[str, str] = {}
    tls: dict[str, settings.Tls] = {}
    overrides: dict[str, str] = {}
    connections: dict[str, int] = {}
    logged: set[str] = set()
    for name, service_type in options.CLIENT_SECTIONS.items():
        section = conf[f"clients_{name}"]
        kind = catalog.official(service_type)
        if section.endpoint_type:
            interfaces[kind] = _interface(section.endpoint_type)
        own = _tls(f"clients_{name}", section, common)
        if own != common:
            tls[kind] = own
        if section.connections_per_host:
            connections[kind] = section.connections_per_host
        if section.http_log_debug:
            logged.add(kind)
        if name == "heat" and section.url:
            overrides[kind] = section.url
    if conf.heat_waitcondition_server_url:
        overrides["cloudformation"] = _signals_base(conf.heat_waitcondition_server_url)
    elif conf.heat_metadata_server_url:
        overrides["cloudformation"] = f"{conf.heat_metadata_server_url.rstrip('/').removesuffix('/v1')}/v1"
    if conf.heat_watch_server_url:
        overrides["cloudwatch"] = conf.heat_watch_server_url
    return settings.CloudSettings(
        auth_url=conf.clients_keystone.auth_uri or service.auth_url,
        service=service,
        trustee=auth_section(conf, "trustee"),
        stack_domain=_stack_domain(conf),
        server_interface=conf.server_keystone_endpoint_type,
        region=conf.region_name_for_services,
        regions=_shared_regions(conf),
        interface=_interface(conf.clients.endpoint_type),
        interfaces=interfaces,
        tls=common,
        tls_by_service=tls,
        endpoint_overrides=overrides,
        metadata_server=_metadata_server(conf),
        trusts_delegated_roles=tuple(conf.trusts_delegated_roles),
        allow_trusts_redelegation=conf.allow_trusts_redelegation,
        request_timeout=conf.clients.request_timeout,
        connect_timeout=conf.clients.connect_timeout,
        retries=conf.client_retry_limit,
        connections_per_host=conf.clients.connections_per_host,
        connections_by_service=connections,
        highest_microversions=_highest_microversions(conf),
        logged=frozenset(logged),
        rests=_breaker(conf),
        outward=fetch_rules(conf),
    )


def _highest_microversions(conf: cfg.ConfigOpts) -> dict[str, microversions.Cap]:
    """The highest microversions; 2.latest, as clients of services write it, is no limit."""
    found = {}
    for kind, name in options.MICROVERSIONS.items():
        version = conf[name]
        if version and not version.endswith(".latest"):
            found[catalog.official(kind)] = microversions.Cap(f"[DEFAULT] {name}", version)
    return found


def _breaker(conf: cfg.ConfigOpts) -> breaker.Rules:
    clients = conf.clients
    return breaker.Rules(
        clients.failures_until_rest,
        clients.shortest_rest,
        max(clients.shortest_rest, clients.longest_rest),
        clients.retry_budget,
    )


def _metadata_server(conf: cfg.ConfigOpts) -> str | None:
    """The CloudFormation API for servers; the option names it without its version."""
    url: str | None = conf.heat_metadata_server_url
    return f"{url.rstrip('/').removesuffix('/v1')}/v1" if url else None


def _signals_base(url: str) -> str:
    """The address of the CloudFormation API, of which signed URLs are made, from that of its wait conditions."""
    base, found, rest = url.rstrip("/").rpartition("/waitcondition")
    if not found or rest:
        raise ConfigError(
            f"[DEFAULT] heat_waitcondition_server_url is {url}; it ends in /waitcondition, "
            "as http://controller:8000/v1/waitcondition"
        )
    return base


def _stack_domain(conf: cfg.ConfigOpts) -> settings.StackDomain | None:
    """The domain of stack users; None when none is configured."""
    id, name = conf.stack_user_domain_id, conf.stack_user_domain_name
    if not (id or name):
        return None
    if not (conf.stack_domain_admin and conf.stack_domain_admin_password):
        raise ConfigError(
            "[DEFAULT] stack_domain_admin and stack_domain_admin_password must be set when a domain of stack users is"
        )
    return settings.StackDomain(
        id or None, name or None, conf.stack_domain_admin, conf.stack_domain_admin_password, conf.heat_stack_user_role
    )


def validator_settings(conf: cfg.ConfigOpts) -> settings.CloudSettings:
    """How the APIs reach Keystone to check tokens: the options of [keystone_authtoken] alone."""
    section = conf.keystone_authtoken
    service = _service(conf)
    return settings.CloudSettings(
        auth_url=service.auth_url,
        service=service,
        region=section.region_name,
        interface=_interface(section.interface),
        tls=_readable(
            "keystone_authtoken",
            settings.Tls(section.cafile, section.certfile, section.keyfile, section.insecure),
        ),
        connect_timeout=section.http_connect_timeout or conf.clients.connect_timeout,
        request_timeout=conf.clients.request_timeout,
        retries=1,  # the validator itself asks again too, http_request_max_retries times
        connections_per_host=conf.clients.connections_per_host,
        rests=breaker.Rules(failures=0, budget=0),  # each request is to be answered as well as can be
    )


def token_rules(conf: cfg.ConfigOpts) -> tokens.TokenRules:
    """How tokens are checked."""
    section = conf.keystone_authtoken
    values = {field.name: section[field.name] for field in dataclasses.fields(tokens.TokenRules)}
    values["service_token_roles"] = tuple(section.service_token_roles)
    values["www_authenticate_uri"] = section.www_authenticate_uri or _service(conf).auth_url
    return tokens.TokenRules(**values)


def password_rules(conf: cfg.ConfigOpts) -> passwords.PasswordRules:
    """Whether requests may carry passwords. Only `standalone` among Heat's pipelines has them."""
    section = conf.auth_password
    return passwords.PasswordRules(
        conf.paste_deploy.flavor == "standalone", section.multi_cloud, tuple(section.allowed_auth_uris)
    )


def fetch_rules(conf: cfg.ConfigOpts) -> addresses.FetchRules:
    """What users may have fetched by URL."""
    lists = {}
    for name in ("template_fetch_allowed_networks", "template_fetch_denied_networks"):
        try:
            lists[name] = addresses.networks(conf[name])
        except ValueError as error:
            raise ConfigError(f"[DEFAULT] {name}: {error}; write networks as 10.0.0.0/8") from error
    return addresses.FetchRules(conf.template_fetch_timeout, *lists.values())


def _service(conf: cfg.ConfigOpts) -> settings.AuthSection:
    found = auth_section(conf, "keystone_authtoken")
    if found is None:
        raise ConfigError(
            "[keystone_authtoken] auth_type is not set: Hearth needs a service user "
            "(auth_type, auth_url, username, password, project_name, user_domain_name, project_domain_name)"
        )
    return found


def _shared_regions(conf: cfg.ConfigOpts) -> dict[str, str]:
    region = conf.region_name_for_shared_services
    return {catalog.official(kind): region for kind in conf.shared_services_types} if region else {}


def _tls(group: str, section: Any, common: settings.Tls) -> settings.Tls:
    """The TLS options of a section, unset ones taken from the common ones."""
    own = settings.Tls(
        section.ca_file or common.ca_file,
        section.cert_file or common.cert_file,
        section.key_file or common.key_file,
        common.insecure if section.insecure is None else section.insecure,
    )
    return own if own == common else _readable(group, own)


def _readable(group: str, tls: settings.Tls) -> settings.Tls:
    """The same, once its files are known to be usable: better said at the start than at the first call."""
    try:
        transport.ssl_context(tls)
    except OSError as error:
        names = ", ".join(name for name in (tls.ca_file, tls.cert_file, tls.key_file) if name)
        raise ConfigError(f"[{group}] the certificates {names} cannot be used: {error}") from error
    return tls


def _interface(name: str) -> str:
    return name.removesuffix("URL")
