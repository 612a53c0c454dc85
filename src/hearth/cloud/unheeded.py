"""Options of Heat's configuration that have no effect here, and why: those of today, and those of former releases.

A table for `hearth.cloud.config_check`, which tells an operator who sets one. An option that comes to be heeded leaves
this table. `EVERY` stands for all options of a section, but for those with an empty text: they are heeded.
"""

from collections.abc import Mapping

EVERY = "*"

_ONE_KEYSTONE = "requests are checked by the Keystone of [keystone_authtoken], with its service user"
_NO_PASTE = "there is no Paste pipeline; `hearth serve` builds the services"
_LOOKED_UP = "names and constraints are looked up anew for each request, and nothing is remembered"
_OWN_RETRIES = (
    "what stood in another's way is done again at once, and engines go on by themselves after the database was away"
)
_NO_RPC = "services meet in the database; only wake-ups go over a message bus, as transport_url says"
_NO_INSTANCE_USER = "cloud images have users of their own"

_SERVER = {
    "max_header_line": "a header may have 64 KiB",
    "tcp_keepidle": "connections that are idle are closed by the server",
}

#: {section: {option: why it has no effect, or what takes its place}}
UNHEEDED: Mapping[str, Mapping[str, str]] = {
    "DEFAULT": {
        "cloud_backend": "there is one way to reach the cloud",
        "engine_life_check_timeout": "engines renew a lease in the database; nobody has to be asked whether it lives",
        "instance_connection_https_validate_certificates": "no agent of that kind is set up in servers",
        "instance_connection_is_secure": "no agent of that kind is set up in servers",
        "keystone_backend": "there is one way to reach Keystone",
        "loadbalancer_template": "load balancers are made by Octavia, not by a server of a template",
        "max_interface_check_attempts": "interfaces are looked at until the action's timeout",
        "template_dir": "no type is built from the operator's templates",
        # of oslo.messaging and oslo.service
        "executor_thread_pool_size": _NO_RPC,
        "rpc_conn_pool_size": _NO_RPC,
        "rpc_response_timeout": _NO_RPC,
        "backdoor_port": "there is no back door",
        "run_external_periodic_tasks": "periodic work is the engine's own",
        # of former releases
        "auth_plugin": "auth_type in the section itself",
        "db_backend": "[database] connection names it",
        "enable_stack_owner_role": "trusts_delegated_roles says what is delegated",
        "heat_stack_owner_role": "trusts_delegated_roles says what is delegated",
        "instance_driver": _NO_INSTANCE_USER,
        "instance_user": _NO_INSTANCE_USER,
        "onready": "the service manager sees that the address answers /healthcheck",
        "rpc_backend": _NO_RPC,
        "sql_connection": "[database] connection",
        "stack_user_domain": "stack_user_domain_id",
        "use_syslog_rfc_format": "use_syslog",
        "verbose": "debug",
    },
    "cache": {EVERY: _LOOKED_UP},
    "constraint_validation_cache": {EVERY: _LOOKED_UP},
    "resource_finder_cache": {EVERY: _LOOKED_UP},
    "service_extension_cache": {EVERY: _LOOKED_UP},
    "database": {
        "asyncio_connection": "connection",
        "asyncio_slave_connection": "slave_connection",
        "backend": "connection names it",
        "db_inc_retry_interval": _OWN_RETRIES,
        "db_max_retries": _OWN_RETRIES,
        "db_max_retry_interval": _OWN_RETRIES,
        "db_retry_interval": _OWN_RETRIES,
        "min_pool_size": "connections are opened when they are needed",
        "mysql_sql_mode": "the store sets what it needs",
        "sqlite_synchronous": "what was answered is on the disk, always",
        "synchronous_reader": "readers see what was answered, always",
        "use_db_reconnect": _OWN_RETRIES,
    },
    "ec2authtoken": {EVERY: _ONE_KEYSTONE},
    "eventlet_opts": {EVERY: "there are no green threads"},
    "healthcheck": {
        "backends": "database, bus and engine are always asked",
        "disable_by_file_paths": "disable_by_file_path",
        "enable_by_file_paths": "disable_by_file_path, which says the contrary",
    },
    "heat_all": {EVERY: "`hearth serve all` is that service"},
    "heat_api": _SERVER,
    "heat_api_cfn": _SERVER,
    "heat_api_cloudwatch": _SERVER,
    "keystone_authtoken": {
        "admin_password": "password, with auth_type = password",
        "admin_tenant_name": "project_name, with auth_type = password",
        "admin_token": "auth_type = password and a service user; a shared token is no longer safe",
        "admin_user": "username, with auth_type = password",
        "auth_host": "auth_url",
        "auth_port": "auth_url",
        "auth_protocol": "auth_url",
        "auth_version": "version 3 is spoken",
        "cache": "each process remembers by itself, for token_cache_time",
        "check_revocations_for_cached": "an answer is remembered for token_cache_time at the most; make that shorter",
        "delay_auth_decision": "all but the list of versions and /healthcheck needs a token",
        "enforce_token_bind": "Keystone knows no bound tokens any more",
        "hash_algorithms": "tokens are not hashed",
        "identity_uri": "auth_url",
        "include_service_catalog": "the catalog is not asked for",
        "memcache_password": "each process remembers by itself, for token_cache_time",
        "memcache_pool_conn_get_timeout": "each process remembers by itself, for token_cache_time",
        "memcache_pool_dead_retry": "each process remembers by itself, for token_cache_time",
        "memcache_pool_maxsize": "each process remembers by itself, for token_cache_time",
        "memcache_pool_socket_timeout": "each process remembers by itself, for token_cache_time",
        "memcache_pool_unused_timeout": "each process remembers by itself, for token_cache_time",
        "memcache_sasl_enabled": "each process remembers by itself, for token_cache_time",
        "memcache_secret_key": "tokens are remembered in the process alone and never leave it",
        "memcache_security_strategy": "tokens are remembered in the process alone and never leave it",
        "memcache_tls_enabled": "each process remembers by itself, for token_cache_time",
        "memcache_use_advanced_pool": "each process remembers by itself, for token_cache_time",
        "memcached_servers": (
            "each process remembers by itself, for token_cache_time, and asks once for a token at most at a time"
        ),
        "revocation_cache_time": "token_cache_time",
        "signing_dir": "tokens are checked by Keystone",
        "token_cache_time_jitter": "token_cache_time",
    },
    "noauth": {EVERY: "every request is checked by Keystone"},
    "oslo_concurrency": {EVERY: "nothing is locked by files"},
    "oslo_limit": {EVERY: "limits are options of this file (max_stacks_per_tenant and its like)"},
    "oslo_messaging_amqp": {EVERY: _NO_RPC},
    "oslo_messaging_kafka": {EVERY: _NO_RPC},
    "oslo_messaging_notifications": {"retry": "notifications are kept until the broker has them"},
    "oslo_messaging_rabbit": {
        **dict.fromkeys(("amqp_durable_queues", "rabbit_quorum_queue"), ""),
        **dict.fromkeys(("ssl", "ssl_ca_file", "ssl_cert_file", "ssl_key_file"), ""),
        EVERY: _NO_RPC,
    },
    "oslo_reports": {EVERY: "there are no reports of that kind"},
    "oslo_versionedobjects": {EVERY: _NO_RPC},
    "paste_deploy": {"api_paste_config": _NO_PASTE},
    "profiler": {EVERY: "requests are not profiled"},
}

_OLD_TLS = "it is no longer safe; the best version that both sides speak is taken, TLS 1.2 at least"

#: Values without effect of options that have one: {section: {option: {value: why}}}.
UNHEEDED_VALUES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "paste_deploy": {
        "flavor": {
            "noauth": "every request is checked by Keystone",
            "custombackend": "every request is checked by Keystone; no other backend can be plugged in",
        }
    },
    "ssl": {"version": dict.fromkeys(("SSLv2", "SSLv3", "TLSv1", "TLSv1_1"), _OLD_TLS)},
}
