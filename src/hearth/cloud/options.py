"""The options of the configuration file: Heat's names and defaults, our words. A table; `hearth.cloud.config` reads it.

Sections of libraries ([oslo_policy], the plugin options of [keystone_authtoken] and [trustee]) are declared by these.
"""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

_TRANSPORTS = ["POLL_SERVER_CFN", "POLL_SERVER_HEAT", "POLL_TEMP_URL", "ZAQAR_MESSAGE"]
_SIGNALS = ["CFN_SIGNAL", "TEMP_URL_SIGNAL", "HEAT_SIGNAL", "ZAQAR_SIGNAL"]
#: As oslo.service names them, and OpenSSL's method by which Python knows the best of both sides.
_TLS_VERSIONS = ["SSLv23", "TLSv1_2", "TLSv1_3", "SSLv2", "SSLv3", "TLSv1", "TLSv1_1"]
_INTERFACES = ["publicURL", "internalURL", "adminURL", "public", "internal", "admin"]

#: [clients_<name>] and the service type it is about.
CLIENT_SECTIONS: Mapping[str, str] = {
    "aodh": "alarming",
    "barbican": "key-manager",
    "cinder": "block-storage",
    "designate": "dns",
    "glance": "image",
    "heat": "orchestration",
    "keystone": "identity",
    "magnum": "container-infra",
    "manila": "shared-file-system",
    "mistral": "workflow",
    "neutron": "network",
    "nova": "compute",
    "octavia": "load-balancer",
    "swift": "object-store",
    "trove": "database",
    "zaqar": "messaging",
}
#: Service types whose highest microversion can be set, and the option.
MICROVERSIONS: Mapping[str, str] = {
    "block-storage": "max_cinder_api_microversion",
    "baremetal": "max_ironic_api_microversion",
    "compute": "max_nova_api_microversion",
}
_MICROVERSION = r"\d+\.(\d+|latest)"


def _text(name: str, default: Any, help_text: str, **more: Any) -> Any:
    return cfg.StrOpt(name, default=default, help=help_text, **more)


def _number(name: str, default: int | None, help_text: str, **more: Any) -> Any:
    return cfg.IntOpt(name, default=default, help=help_text, **more)


def _seconds(name: str, default: float, help_text: str, **more: Any) -> Any:
    return cfg.FloatOpt(name, default=default, help=f"{help_text} (seconds)", **more)


def _switch(name: str, default: bool | None, help_text: str, **more: Any) -> Any:
    return cfg.BoolOpt(name, default=default, help=help_text, **more)


def _list(name: str, default: list[str], help_text: str, **more: Any) -> Any:
    return cfg.ListOpt(name, default=default, help=help_text, **more)


def _tls() -> list[Any]:
    return [
        _text("ca_file", None, "Certificates of the authorities that vouch for the services."),
        _text("cert_file", None, "Our own certificate, for services that ask for one."),
        _text("key_file", None, "The private key of cert_file."),
    ]


def _served(part: str) -> list[Any]:
    return [
        _number("workers", None, f"Processes of `hearth serve {part}`; unset or 0: one.", min=0),
        _number("backlog", 4096, "Connections that may wait to be accepted; the system has a limit too.", min=1),
        _text("cert_file", None, "Certificate (PEM) to serve TLS with, in place of that of [ssl]."),
        _text("key_file", None, "The private key of cert_file, if it is not in the same file."),
    ]


def client_options(name: str) -> list[Any]:
    """The options of [clients_<name>]; unset ones are taken from [clients]."""
    extra = {
        "heat": [cfg.URIOpt("url", help="URL of the orchestration API, in place of the catalog's.")],
        "keystone": [cfg.URIOpt("auth_uri", help="URL of Keystone, in place of [keystone_authtoken] auth_url.")],
    }
    return [
        *_tls(),
        _text("endpoint_type", None, "Which of the service's endpoints to call.", choices=_INTERFACES),
        _switch("insecure", None, "Do not check the service's certificate."),
        _switch("http_log_debug", False, "Log requests to the service and its answers, at the level DEBUG."),
        _number("connections_per_host", None, "Calls to the service at a time, of each process.", min=1),
        *extra.get(name, ()),
    ]


def _cache(default: int, subject: str) -> list[Any]:
    return [
        _switch("caching", True, f"Remember {subject}."),
        _number("expiration_time", default, f"How long to remember {subject} (seconds)."),
    ]


#: {section: options}
DECLARED: Mapping[str, list[Any]] = {
    "DEFAULT": [
        _number(
            "action_retry_limit",
            5,
            "Further attempts after a conflict, and further objects in the place of one that came out in error.",
        ),
        _switch("allow_trusts_redelegation", False, "Let the trusts we are given be passed on."),
        _text("auth_encryption_key", "notgood but just long enough i t", "Key of stored secrets.", secret=True),
        _number(
            "client_retry_limit",
            2,
            "Further attempts of a call whose connection was lost before it can have changed anything.",
            min=0,
        ),
        _text("control_exchange", "heat", "Exchange that notifications are sent to."),
        _switch(
            "convergence_engine",
            True,
            "Spread each new stack over all engines; false: one engine at a time, one action at a time.",
        ),
        _text("default_deployment_signal_transport", "CFN_SIGNAL", "How servers report deployments.", choices=_SIGNALS),
        _text("default_notification_level", "INFO", "Priority of notifications."),
        _text("default_publisher_id", None, "Sender of notifications."),
        _text(
            "default_software_config_transport", "POLL_SERVER_CFN", "How servers fetch metadata.", choices=_TRANSPORTS
        ),
        _text(
            "default_user_data_format",
            "HEAT_CFNTOOLS",
            "How the user data of a server is wrapped unless its template says.",
            choices=["HEAT_CFNTOOLS", "RAW", "SOFTWARE_CONFIG"],
        ),
        _text(
            "deferred_auth_method",
            "trusts",
            "How the engine acts for a user later: by trusts, or by application credentials.",
            choices=["password", "trusts", "application_credentials"],
        ),
        _list(
            "former_encryption_keys",
            [],
            "Former values of auth_encryption_key, which still open stored secrets until these are sealed anew.",
            secret=True,
        ),
        _switch(
            "enable_cloud_watch_lite",
            False,
            "Offer OS::Heat::CWLiteAlarm, whose alarms Hearth watches over; `hearth up` does.",
        ),
        _switch("enable_stack_abandon", False, "Allow stack abandon and export."),
        _switch("enable_stack_adopt", False, "Allow stack adopt."),
        _switch("encrypt_parameters_and_properties", False, "Encrypt hidden parameters and stored properties."),
        _number("engine_life_check_timeout", 2, "How long another engine may take to answer (seconds)."),
        _text("environment_dir", "/etc/heat/environment.d", "Folder of the global environment files."),
        _number(
            "error_wait_time", 240, "How long others may go on after a resource of a legacy stack failed (seconds)."
        ),
        _number("event_purge_batch_size", 200, "How many old events are dropped at a time.", min=1),
        _number(
            "graceful_shutdown_timeout",
            60,
            "How long requests and steps under way may take to end after a signal to stop (seconds).",
            min=0,
        ),
        cfg.URIOpt("heat_metadata_server_url", help="URL of the CloudFormation API as servers reach it."),
        _text("heat_stack_user_role", "heat_stack_user", "Role of users that stacks create for their servers."),
        cfg.URIOpt("heat_waitcondition_server_url", help="URL of wait conditions as servers reach it."),
        cfg.URIOpt("heat_watch_server_url", help="URL of the CloudWatch API as servers reach it."),
        _list("hidden_stack_tags", [], "Stacks with one of these tags are not listed unless asked for."),
        _text("host", None, "Name of this host in the service list. Default: the host name."),
        _text("loadbalancer_template", None, "Template of AWS::ElasticLoadBalancing::LoadBalancer."),
        _text(
            "max_cinder_api_microversion", None, "Highest microversion to ask Cinder for, as 2.60.", regex=_MICROVERSION
        ),
        _number("max_event_streams", 500, "Event streams that one process serves at a time; -1: no limit."),
        _number(
            "max_event_streams_per_tenant",
            100,
            "Event streams of a project that one process serves at a time; -1: no limit.",
        ),
        _number("max_events_per_stack", 1000, "Events kept of a stack; 0: all."),
        _number("max_interface_check_attempts", 10, "Checks of a server's interface after attaching it.", min=1),
        _number("max_datapoints_per_tenant", 20000, "Datapoints kept for lite alarms of a project; -1: no limit."),
        _text(
            "max_ironic_api_microversion", None, "Highest microversion to ask Ironic for, as 2.60.", regex=_MICROVERSION
        ),
        _number("max_json_body_size", 1048576, "Largest request body (bytes)."),
        _number("max_lite_alarms_per_tenant", 512, "Lite alarms of a project; -1: no limit."),
        _number("max_nested_stack_depth", 5, "How deep stacks may be nested; the root has depth 0."),
        _text("max_nova_api_microversion", None, "Highest microversion to ask Nova for, as 2.60.", regex=_MICROVERSION),
        _number("max_plans_per_tenant", 100, "Kept plans of a project that wait to be applied; -1: no limit."),
        _number("max_resources_per_stack", 1000, "Resources of a stack with all that is nested in it; -1: no limit."),
        _number("max_server_name_length", 53, "Longest name given to a server.", min=4, max=53),
        _number("max_snapshots_per_stack", 32, "Snapshots of a stack; -1: no limit."),
        _number(
            "max_software_configs_per_tenant",
            4096,
            "Software configs of a project; -1: no limit. Not for administrators.",
        ),
        _number(
            "max_software_deployments_per_tenant",
            4096,
            "Software deployments of a project; -1: no limit. Not for administrators.",
        ),
        _number("max_stacks_per_tenant", 512, "Stacks of a project; -1: no limit. Not for administrators."),
        _number("max_template_size", 524288, "Largest template (bytes)."),
        _seconds("metadata_put_timeout", 60, "Limit of storing metadata at a temporary URL", min=0),
        _number("num_engine_workers", None, "Processes of `hearth serve engine`; unset: one.", min=1),
        _number("plan_expires_after", 86400, "How long a kept plan may be applied (seconds).", min=1),
        _number("purge_deleted_after", 90, "Days after which a deleted stack is removed for good; 0: never.", min=0),
        _number("purge_interval", 3600, "Time between looks for deleted stacks to remove (seconds).", min=1),
        _switch("observe_on_update", False, "Compare with the real resources on every update."),
        _number("periodic_interval", 60, "Time between signs of life of an engine (seconds)."),
        _list("plugin_dirs", [], "Folders with resource types of your own."),
        _text(
            "reauthentication_auth_method",
            "",
            "'trusts': the engine keeps no token of a user, also not for services that delegate further.",
            choices=["", "trusts"],
        ),
        _text("region_name_for_services", None, "Region of the services to call."),
        _text("region_name_for_shared_services", None, "Region of the services in shared_services_types."),
        _text(
            "server_keystone_endpoint_type",
            "",
            "Which endpoint of Keystone servers are given.",
            choices=["", "public", "internal", "admin"],
        ),
        _list("shared_services_types", ["image", "volumev3"], "Services that regions share."),
        _number("temporary_retry_limit", 5, "Further attempts after a failure that may pass: no answer, 429, 5xx."),
        _number("stack_action_timeout", 3600, "Limit of a stack's action unless the stack says (seconds)."),
        _text("stack_domain_admin", None, "User who manages stack users."),
        _text("stack_domain_admin_password", None, "Password of stack_domain_admin.", secret=True),
        _switch("stack_scheduler_hints", False, "Tell the schedulers which stack a server or volume is of."),
        _text("stack_user_domain_id", None, "Domain of stack users."),
        _text("stack_user_domain_name", None, "Domain of stack users, by name."),
        _text("template_dir", "/etc/heat/templates", "Folder of templates that types are built from."),
        _seconds("template_fetch_timeout", 60, "Limit of fetching a template_url", min=0),
        _list(
            "template_fetch_allowed_networks",
            [],
            "Networks (CIDR) that a template_url may point to although they are loopback, link-local or multicast.",
        ),
        _list(
            "template_fetch_denied_networks",
            [],
            "Further networks (CIDR) that a template_url, or another cloud that a stack names, may not be in.",
        ),
        _text(
            "transport_url",
            None,
            "The message broker that wakes other processes; none: each looks for work.",
            secret=True,
        ),
        _number(
            "lost_call_wait",
            -1,
            "Seconds after it was sent in which a creation without an answer may still come to something, so that the "
            "object is looked for before another is made; -1: one and a half times [clients] request_timeout.",
            min=-1,
        ),
        _seconds("engine_lease", 10.0, "How long after its last sign of life an engine's work is taken over", min=1),
        _number("unused_delegation", 900, "Seconds after which a trust that no stack uses is taken back."),
        _list("trusts_delegated_roles", [], "Roles a trust delegates; none: all the user has."),
    ],
    "auth_password": [
        _list("allowed_auth_uris", [], "The Keystones that a request may name."),
        _switch(
            "multi_cloud",
            False,
            "A request with a password names the Keystone it is checked by, in X-Auth-Url; that of "
            "[keystone_authtoken] has to know its tokens.",
        ),
    ],
    "clients": [
        *_tls(),
        _text("endpoint_type", "public", "Which endpoints of the services to call.", choices=_INTERFACES),
        _switch("insecure", False, "Do not check the services' certificates."),
        _seconds("request_timeout", 120, "Limit of one call to a service", min=0.1),
        _seconds("connect_timeout", 10, "Limit of opening a connection to a service", min=0.1),
        _number("connections_per_host", 32, "Calls to one service at a time, of each process.", min=1),
        _number(
            "failures_until_rest",
            10,
            "Failures one after the other (no answer, 500, 502, 503, 504) after which a service is left alone for a "
            "while, and then asked by one call whether it works; 0: never.",
            min=0,
        ),
        _seconds(
            "shortest_rest", 5, "How long a failing service is left alone at first; twice as long each time", min=0.1
        ),
        _seconds("longest_rest", 60, "How long a failing service is left alone at most", min=0.1),
        _seconds(
            "outage_wait",
            300,
            "How long steps wait for a service that fails for all before it counts as their own failure",
            min=0,
        ),
        _number(
            "retry_budget",
            100,
            "Further attempts of failed steps that a service gets at once; a twentieth of it comes back each second. "
            "0: any number.",
            min=0,
        ),
    ],
    "cloud_notifications": [
        cfg.MultiStrOpt(
            "transport_url",
            default=[],
            help="The broker on which the cloud's services publish; once for each virtual host. None: nobody listens.",
            secret=True,
        ),
        _list(
            "exchanges",
            ["openstack", "nova", "neutron", "cinder", "octavia", "manila", "trove", "magnum", "glance", "heat"],
            "The control_exchange of each service. Those that are not there are passed over until they are.",
        ),
        _list("topics", ["notifications", "versioned_notifications"], "Topics that the services publish to."),
    ],
    "constraint_validation_cache": _cache(60, "whether a constraint was met"),
    "resource_finder_cache": _cache(3600, "the ids of names"),
    "service_extension_cache": _cache(3600, "the extensions of services"),
    "cors": [
        _list("allowed_origin", [], "Web pages from here (https://host) may call the APIs; *: from anywhere."),
        _switch("allow_credentials", True, "They may send credentials of the browser."),
        _list("expose_headers", ["X-OpenStack-Request-ID"], "Headers of answers that they may read."),
        _number("max_age", 3600, "How long browsers may remember what is allowed (seconds)."),
        _list("allow_methods", ["GET", "PUT", "POST", "DELETE", "PATCH"], "Methods that they may use."),
        _list(
            "allow_headers",
            ["X-Auth-Token", "X-Service-Token", "X-OpenStack-Request-ID", "Content-Type"],
            "Headers of requests that they may set.",
        ),
    ],
    "database": [
        _text("connection", None, "URL of the database.", secret=True),
        _text(
            "slave_connection",
            None,
            "URL of a read-only replica, which answers lists once it has all that was there when they were asked for.",
            secret=True,
        ),
        _text("connection_parameters", "", "Parameters for the URLs, as name=value&name=value.", secret=True),
        _number(
            "max_pool_size", 5, "Connections kept open for reading, of each process; 0: any number. Unset: 4.", min=0
        ),
        _number("max_overflow", 50, "Further ones when all are busy; -1: any number. Unset: 4.", min=-1),
        _number("pool_timeout", None, "How long to wait for a connection (seconds). Unset: 30.", min=1),
        _number(
            "connection_recycle_time",
            3600,
            "Age at which a connection is replaced (seconds); -1: none. Unset: none.",
            min=-1,
            deprecated_name="idle_timeout",
        ),
        _number(
            "max_retries",
            10,
            "How often a database that does not answer at the start is asked again; -1: for ever. Unset, as is "
            "retry_interval: not at all.",
            min=-1,
        ),
        _number("retry_interval", 10, "The time between these attempts (seconds).", min=0),
        _number("connection_debug", 0, "From 50 on, statements are logged, without their values.", min=0, max=100),
        _switch("connection_trace", False, "Statements say in a comment which part of the program asks."),
        _number(
            "mysql_wsrep_sync_wait",
            None,
            "What a node of a Galera cluster waits for before it answers, as MariaDB numbers it.",
            min=0,
            max=15,
        ),
    ],
    "ec2authtoken": [
        _text("auth_uri", None, "URL of Keystone that checks EC2 signatures."),
        _list("allowed_auth_uris", [], "Keystones that a request may name."),
        _switch("multi_cloud", False, "Ask several Keystones."),
    ],
    "heat_api": [
        _text("bind_host", "127.0.0.1", "Address that `hearth serve` listens on, but for cfn and cloudwatch alone."),
        cfg.PortOpt("bind_port", default=8004, help="Its port."),
        *_served("api"),
    ],
    "heat_api_cfn": [
        _text("bind_host", "127.0.0.1", "Address that `hearth serve cfn` listens on."),
        cfg.PortOpt("bind_port", default=8000, help="Its port."),
        *_served("cfn"),
    ],
    "heat_api_cloudwatch": [
        _text("bind_host", "127.0.0.1", "Address that `hearth serve cloudwatch` listens on."),
        cfg.PortOpt("bind_port", default=8003, help="Its port."),
        *_served("cloudwatch"),
    ],
    "healthcheck": [
        _switch("detailed", False, "Tell in answers of /healthcheck what is wrong; the texts may name hosts."),
        _text("disable_by_file_path", None, "While this file is there, /healthcheck says that we are not ready."),
        _text("path", "/healthcheck", "Where the same is answered besides /healthcheck.", regex=r"(/[\w.~-]+)+"),
        _list("allowed_source_ranges", [], "Networks (CIDR) of clients that are answered; none: all."),
        _switch("ignore_proxied_requests", False, "Do not answer what a proxy passed on."),
    ],
    "keystone_authtoken": [
        _text("www_authenticate_uri", None, "URL of Keystone shown to clients.", deprecated_name="auth_uri"),
        _switch("delay_auth_decision", False, "Leave requests without a good token to the application."),
        _text("interface", "internal", "Which endpoint of Keystone to ask."),
        _text("region_name", None, "Region of the Keystone to ask."),
        _text("cafile", None, "Certificates of the authorities that vouch for Keystone."),
        _text("certfile", None, "Our own certificate, if Keystone asks for one."),
        _text("keyfile", None, "The private key of certfile."),
        _switch("insecure", False, "Do not check Keystone's certificate."),
        _number("http_connect_timeout", None, "Limit of opening a connection to Keystone (seconds)."),
        _number("http_request_max_retries", 3, "Further attempts to ask Keystone.", min=0),
        _number("token_cache_time", 300, "How long an answer about a token is remembered (seconds); -1: not."),
        _text("service_type", "orchestration", "The service that access rules of application credentials name."),
        _list("service_token_roles", ["service"], "Roles of services whose token keeps an expired one alive."),
        _switch("service_token_roles_required", False, "Refuse service tokens without one of these roles."),
    ],
    "oslo_middleware": [
        _switch(
            "enable_proxy_headers_parsing",
            False,
            "Believe X-Forwarded-* and Forwarded headers: only behind a proxy that sets them.",
        ),
        _text("secure_proxy_ssl_header", "X-Forwarded-Proto", "The header by which a proxy says http or https."),
    ],
    "oslo_messaging_notifications": [
        cfg.MultiStrOpt(
            "driver",
            default=[],
            help="How notifications are sent: messagingv2, messaging (the former form), or noop: not. None: not.",
            deprecated_name="notification_driver",
            deprecated_group="DEFAULT",
        ),
        _text("transport_url", None, "The message broker for them. Default: [DEFAULT] transport_url.", secret=True),
        _list(
            "topics",
            ["notifications"],
            "Topics they are sent to.",
            deprecated_name="notification_topics",
            deprecated_group="DEFAULT",
        ),
    ],
    "oslo_messaging_rabbit": [
        _switch("ssl", False, "Speak TLS with the message broker."),
        _text("ssl_ca_file", None, "Certificates of the authorities that vouch for it; none: those of the system."),
        _text("ssl_cert_file", None, "Our own certificate, if it asks for one."),
        _text("ssl_key_file", None, "The private key of ssl_cert_file."),
        _switch("amqp_durable_queues", False, "Make queues and exchanges of notifications durable."),
        _switch("rabbit_quorum_queue", False, "Make queues of notifications quorum queues, which are durable."),
    ],
    "paste_deploy": [
        _text(
            "flavor",
            None,
            "standalone: requests may carry X-Auth-User and X-Auth-Key (a password) in place of a token.",
        ),
    ],
    "metrics": [
        _switch("enabled", False, "Serve metrics for Prometheus at /metrics."),
        cfg.PortOpt("port", help="A port of their own for them; unset: that of the service."),
        _text("host", "127.0.0.1", "Address of the port of their own."),
    ],
    "dashboard": [
        _switch("enabled", False, "Serve a web dashboard at /dashboard, beside the orchestration API."),
    ],
    "rate_limit": [
        _number("reads_per_minute", 0, "Requests of a project a minute that change nothing; 0: no limit.", min=0),
        _number("writes_per_minute", 0, "Other requests of a project a minute; 0: no limit.", min=0),
    ],
    "tracing": [
        _switch("enabled", False, "Send traces to a collector by OpenTelemetry (pip install hearth[tracing])."),
        cfg.URIOpt("otlp_endpoint", help="URL of the collector, as http://collector:4318/v1/traces."),
        _text("service_name", "hearth", "What the service is called in traces."),
        cfg.FloatOpt("sample_ratio", default=1.0, min=0, max=1, help="The share of traces that is kept."),
    ],
    "ssl": [
        _text("cert_file", None, "Certificate (PEM) to serve TLS with."),
        _text("key_file", None, "The private key of cert_file, if it is not in the same file."),
        _text("ca_file", None, "Clients have to show a certificate that these authorities vouch for."),
        _text("ciphers", None, "Ciphers of TLS 1.2 to offer, as OpenSSL names them; none: its own choice."),
        _text(
            "version",
            None,
            "TLSv1_2 or TLSv1_3: that version alone; SSLv23, or none: the best that both sides speak, 1.2 at least.",
            choices=[None, *_TLS_VERSIONS],
        ),
    ],
    "revision": [_text("heat_revision", "unknown", "What build_info shows.")],
    "volumes": [_switch("backups_enabled", True, "Cinder backups are available.")],
    "yaql": [
        _number("limit_iterators", 200, "Items a yaql expression may walk over."),
        _number("memory_quota", 10000, "Memory a yaql expression may take (bytes)."),
    ],
}
