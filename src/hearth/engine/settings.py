"""What an operator decides about the engine. Read once at start, passed down; option names are Heat's."""

import dataclasses
import socket

from hearth.cloud import addresses

#: Members of one group where the operator set no limit: more than anybody has, fewer than hurt.
_MOST_MEMBERS = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class EngineSettings:
    """Limits and habits of an engine; times in seconds."""

    max_stacks_per_tenant: int = 512
    """Live root stacks a project may have; -1: no limit."""
    max_resources_per_stack: int = 1000
    """Resources in a whole tree of stacks; -1: no limit."""
    max_snapshots_per_stack: int = 32
    """Snapshots a stack may have; -1: no limit."""
    max_software_configs_per_tenant: int = 4096
    """Software configs a project may have; -1: no limit."""
    max_software_deployments_per_tenant: int = 4096
    """Software deployments a project may have; -1: no limit."""
    max_lite_alarms_per_tenant: int = 512
    """Alarms that Hearth watches over by itself, of a project; -1: no limit."""
    max_datapoints_per_tenant: int = 20_000
    """Datapoints that are kept for these, of a project; -1: no limit."""
    enable_stack_adopt: bool = False
    """Whether stacks can be made of the documents of abandoned ones."""
    enable_stack_abandon: bool = False
    """Whether stacks can be abandoned and exported."""
    max_nested_stack_depth: int = 5
    """How deep stacks may be nested below the root."""
    max_template_size: int = 524288
    """Bytes of one template text."""
    stack_action_timeout: int = 3600
    """How long an action may take when the request gives no `timeout_mins`."""
    max_events_per_stack: int = 1000
    """Events kept per stack; 0: all."""
    notifies: bool = False
    """Whether other services are notified of what happens to stacks."""
    default_notification_level: str = "INFO"
    """Level of notifications that tell of no failure."""
    max_event_streams: int = 500
    """Event streams that one process serves at a time; -1: no limit."""
    max_event_streams_per_tenant: int = 100
    """Event streams of one project that one process serves at a time; -1: no limit."""
    event_purge_batch_size: int = 200
    """Events that one transaction drops at the most."""
    plan_expires_after: int = 86400
    """How long a kept plan may be applied, and is shown."""
    max_plans_per_tenant: int = 100
    """Kept plans of a project that wait to be applied; -1: no limit."""
    purge_deleted_after: int = 90
    """Days after which a deleted stack is removed for good; 0: never."""
    purge_interval: int = 3600
    """Seconds between two looks for deleted stacks to remove."""
    observe_on_update: bool = False
    """Whether every update looks at the real resources first and repairs what has drifted."""
    action_retry_limit: int = 5
    """How often an object that came out in error is deleted and made again; see `retrying` for conflicts."""
    temporary_retry_limit: int = 5
    """How often a step is tried again after a failure that may pass; see `retrying`."""
    lost_call_wait: float = 0.0
    """How long after it was sent a creation without an answer may still come to something; see `doubting`."""
    outage_wait: float = 300.0
    """How long a service may fail for all before that counts as a step's own failure; see `retrying`."""
    stack_scheduler_hints: bool = False
    """Whether the schedulers of servers and volumes are told of which stack they are."""
    slow_call: float = 10.0
    """How long a service may leave a call without an answer before the resource's reason tells of it."""
    convergence_engine: bool = True
    """Whether new stacks are spread over all engines, and a newer action supersedes a running one."""
    error_wait_time: int = 240
    """How long what has begun may go on after a failure, in stacks of the legacy mode."""
    hidden_stack_tags: tuple[str, ...] = ("data-processing-cluster",)
    """Stacks with one of these tags are listed only on request."""
    host: str = dataclasses.field(default_factory=socket.gethostname)
    """The name of this host, as shown in the service list."""
    revision: str = "unknown"
    """What the operator calls what is installed, as `build_info` shows it; unknown: the version."""
    metadata_put_timeout: float = 60.0
    """How long it may take to put a server's metadata where its agent reads it."""
    report_interval: int = 60
    """How often an engine writes that it lives, as shown in the service list."""
    engine_lease: float = 10.0
    """How long after its last sign of life an engine's work is taken over."""
    max_steps: int = 200
    """Steps with remote calls that one engine runs at the same time."""
    max_claimed: int = 2000
    """Nodes one engine holds at the same time, waiting ones included."""
    encrypt_parameters_and_properties: bool = False
    """Whether hidden parameters and all stored properties are encrypted; private data and credentials always are."""
    deferred_auth_method: str = "trusts"
    """How work goes on after the request's token has expired: `trusts` or `application_credentials`."""
    reauthentication_auth_method: str = ""
    """`trusts`: tokens of users are not kept, not even for services that delegate further; see `authority`."""
    unused_delegation: float = 900.0
    """How long after its delegation what no stack uses is taken back; longer than any request takes."""
    trusts_delegated_roles: tuple[str, ...] = ()
    """Roles a trust passes on; empty: all the user has."""
    region_name_for_services: str | None = None
    """Region of the services used; None: the only one of the catalog."""
    yaql_limits: tuple[int, int] = (200, 10_000)
    """Most items a yaql expression may walk over, and most bytes it may take."""
    fetch_rules: addresses.FetchRules = dataclasses.field(default_factory=addresses.FetchRules)
    """Where URLs of templates may point to."""

    @property
    def most_members(self) -> int:
        """How many members any group may have."""
        return self.max_resources_per_stack if self.max_resources_per_stack >= 0 else _MOST_MEMBERS
