"""The tables of the store. Times are seconds since the epoch, UTC, as floats; JSON columns hold text.

Nothing outside `hearth.store` imports this. Names that several databases must share are kept to what all of them
take: no partial indexes (a live name is a column that is emptied on deletion), no enum types.
"""

import sqlalchemy as sa

from hearth.store.databases import Text, Words

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.String(36)
Name = Words(255)
Time = sa.Double
Blob = sa.LargeBinary

#: Texts that never change, named by their digest (or a random id when encrypted): templates, environments, files.
document = sa.Table(
    "document",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("body", Blob, nullable=False),
    sa.Column("encrypted", sa.Boolean, nullable=False),
)

#: What a stack is wanted to be at one time: template, environment, files. Immutable.
definition = sa.Table(
    "definition",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("stack_id", Id, nullable=False, index=True),
    sa.Column("template", sa.String(64), nullable=False, index=True),
    sa.Column("environment", sa.String(64), nullable=False, index=True),
    sa.Column("files", sa.String(64), nullable=False, index=True),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("base_id", Id, index=True),  # the definition that what is left out keeps
    sa.Column("left_out", Blob),  # JSON list of resource names
    sa.Column("part", Blob),  # JSON of `model.part.Part`; null: it holds for the whole stack
    sa.Column("owner_id", Id, index=True),  # of a part of a nested stack: its owner's definition
)

#: How to act for a stack's owner when no request is at hand. `secret` is encrypted JSON.
credential = sa.Table(
    "credential",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("secret", Blob, nullable=False),
    sa.Column("created_at", Time, nullable=False),
)

#: The token of the user who began what is going on, beside that user's credential. `token` is encrypted.
lent_token = sa.Table(
    "lent_token",
    metadata,
    sa.Column("credential_id", Id, primary_key=True),
    sa.Column("token", Blob, nullable=False),
    sa.Column("lent_at", Time, nullable=False),
    sa.Column("ends_at", Time, nullable=False),
)

stack = sa.Table(
    "stack",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", Name, nullable=False),
    # The name while the stack lives, empty (NULL) once it is deleted: unique per project.
    sa.Column("live_name", Name),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64)),
    sa.Column("username", Name),
    sa.Column("credential_id", Id, index=True),
    sa.Column("owner_id", Id, index=True),  # the stack this one is nested in
    sa.Column("owner_resource_id", Id, index=True),  # the resource of that stack which owns this one
    sa.Column("owner_resource_name", Name),
    sa.Column("root_id", Id, nullable=False, index=True),
    sa.Column("depth", sa.Integer, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("updated_at", Time),
    sa.Column("deleted_at", Time, index=True),
    sa.Column("timeout_mins", sa.Integer),
    sa.Column("disable_rollback", sa.Boolean, nullable=False),
    sa.Column("tags", Text),
    sa.Column("description", Text, nullable=False),
    sa.Column("definition_id", Id, nullable=False),
    sa.Column("previous_definition_id", Id),
    sa.Column("traversal_id", sa.BigInteger),
    sa.Column("stack_user_project_id", sa.String(64)),
    sa.Column("convergence", sa.Boolean),  # false: one engine at a time works on its tree; NULL is true
    sa.UniqueConstraint("project_id", "live_name"),
)
sa.Index("ix_stack_project_created", stack.c.project_id, stack.c.created_at)
# Engines look every second for those that something is to end of; few are in progress, and deleted ones are kept.
sa.Index("ix_stack_status", stack.c.status)
sa.Index("ix_stack_user_project", stack.c.stack_user_project_id)

resource = sa.Table(
    "resource",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("stack_id", Id, nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("type", Name, nullable=False),
    sa.Column("made_as", Name),  # the type that made the object, where the environment maps `type` to another
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("physical_id", Name),
    sa.Column("definition_id", Id),  # the definition it was last brought to, or is being brought to
    sa.Column("requires", Text, nullable=False),  # JSON list of resource names
    sa.Column("deletion_policy", sa.String(16), nullable=False),
    sa.Column("properties", Blob),  # JSON, resolved, names as the template has them; maybe encrypted
    sa.Column("frozen", Blob),  # the same with names translated to ids; NULL when equal
    sa.Column("metadata", Blob),
    sa.Column("data", Blob),  # private values of the type, encrypted
    sa.Column("attributes", Blob),  # JSON: attributes others use, as of the last completion
    sa.Column("observed", Blob),  # JSON: what the service last answered
    sa.Column("drift", Blob),  # JSON: what the last look saw that is not as expected; NULL since the last change
    sa.Column("replaces", Id),
    sa.Column("replaced_by", Id),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("updated_at", Time, nullable=False),
)
sa.Index("ix_resource_stack_name", resource.c.stack_id, resource.c.name)
sa.Index("ix_resource_physical", resource.c.physical_id)

#: What users decided about the drift of single properties, by resource name so that it outlives replacements.
drift_treatment = sa.Table(
    "drift_treatment",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # the digest of stack, name and property
    sa.Column("stack_id", Id, nullable=False, index=True),
    sa.Column("name", Name, nullable=False),
    sa.Column("property", Name, nullable=False),  # empty: the object itself
    sa.Column("treatment", sa.String(16), nullable=False),
    sa.Column("body", Blob),  # of an acceptance: what the template said, and the accepted value; encrypted
    sa.Column("created_at", Time, nullable=False),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", Id, nullable=False, index=True),
    sa.Column("stack_id", Id, nullable=False),
    sa.Column("resource_name", Name, nullable=False),
    sa.Column("resource_type", Name, nullable=False),
    sa.Column("physical_id", Name),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("properties", Blob),
    sa.Column("at", Time, nullable=False),
)
sa.Index("ix_event_stack", event.c.stack_id, event.c.seq)

#: One run of a stack action. Its nodes are the work list.
traversal = sa.Table(
    "traversal",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("stack_id", Id, nullable=False, index=True),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("definition_id", Id, nullable=False),
    sa.Column("failure", Text),  # why it stops starting nodes; the first failure stays
    sa.Column("deadline", Time),
    sa.Column("waivers", Blob),  # JSON: what it leaves undone for some resources; NULL: nothing
    sa.Column("created_at", Time, nullable=False),
    # The plan that is applied, and where in it the stack stands: the names of owning resources, with slashes.
    sa.Column("plan_id", Id),
    sa.Column("plan_path", Text),
    sa.Column("converge", sa.Boolean),  # whether it repairs what has drifted; NULL is no
    sa.Column("trail", sa.Text),  # JSON: the request that began it; NULL: nobody's
    sqlite_autoincrement=True,
)

#: One step of a traversal: `id` is `traversal_id << 24 | number`, so that dependents are small numbers.
node = sa.Table(
    "node",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("traversal_id", sa.BigInteger, nullable=False),
    sa.Column("stack_id", Id, nullable=False),
    sa.Column("resource_id", Id, nullable=False, index=True),
    sa.Column("work", sa.String(16), nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("phase", sa.SmallInteger, nullable=False),
    sa.Column("unmet", sa.Integer, nullable=False),
    sa.Column("dependents", Text, nullable=False),  # JSON list of node ids
    sa.Column("due_at", Time, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("owner", Id),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("waits_for", Id, index=True),  # the resource whose signals the node waits for
)
sa.Index("ix_node_work_list", node.c.state, node.c.due_at)
sa.Index("ix_node_traversal", node.c.traversal_id, node.c.state)

#: Plans that were kept, to be applied exactly or refused. `document` and `basis` are sealed JSON: what a plan shows,
#: and what it was made on and is carried out by.
plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64)),
    sa.Column("username", Name),
    sa.Column("stack_id", Id, nullable=False, index=True),  # the one it has, or will have
    sa.Column("stack_name", Name, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("definition_id", Id, nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False),  # of the document
    sa.Column("document", Blob, nullable=False),
    sa.Column("basis", Blob, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("applied_at", Time),
)
sa.Index("ix_plan_listed", plan.c.project_id, plan.c.created_at)
sa.Index("ix_plan_expires", plan.c.expires_at)

#: Engines and their leases: what a row here no longer covers is taken over by others.
engine = sa.Table(
    "engine",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("host", Name, nullable=False),
    sa.Column("hostname", Name, nullable=False),
    sa.Column("report_interval", sa.Integer, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("updated_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
)

#: Objects that Hearth made and then let go.
orphan = sa.Table(
    "orphan",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("stack_id", Id, nullable=False),  # the root stack it came from, and its name then
    sa.Column("stack_name", Name, nullable=False),
    sa.Column("path", Text, nullable=False),  # names of resources from the root down: "group/0/net"
    sa.Column("type", Name, nullable=False),
    sa.Column("physical_id", Name, index=True),  # NULL: nobody knows whether it was made
    sa.Column("physical_name", Name, nullable=False),
    sa.Column("cause", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("region", Name),
    sa.Column("at", Time, nullable=False),
    sa.Column("secret", Blob),  # JSON: what a deletion needs to know, encrypted
)

#: Snapshots of stacks. While one is removed it is work for an engine, whose id is `owner`.
snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("stack_id", Id, nullable=False, index=True),
    sa.Column("name", Name),
    sa.Column("action", sa.String(16), nullable=False),  # CREATE or DELETE
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", Text),
    sa.Column("traversal_id", sa.BigInteger, nullable=False),  # the run that takes it
    sa.Column("members", Blob, nullable=False),  # JSON: the resources of which copies are made
    sa.Column("data", Blob),  # the stack's document, encrypted
    sa.Column("owner", Id),
    sa.Column("created_at", Time, nullable=False),
)
sa.Index("ix_snapshot_work", snapshot.c.action, snapshot.c.status)

#: What is to be installed in servers: immutable records of a project. `body` is encrypted: inputs bring passwords.
software_config = sa.Table(
    "software_config",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", Name),
    sa.Column("tool", Name),  # the API's `group`, which is a word of SQL
    sa.Column("body", Blob),
    sa.Column("created_at", Time, nullable=False),
)
sa.Index("ix_software_config_listed", software_config.c.project_id, software_config.c.created_at)

#: A software config on its way to a server. Inputs and outputs are encrypted.
software_deployment = sa.Table(
    "software_deployment",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_project_id", sa.String(64)),  # whose users may read it from inside the server
    sa.Column("config_id", Id, nullable=False, index=True),
    sa.Column("server_id", Name, nullable=False, index=True),
    sa.Column("action", Name),
    sa.Column("status", Name),
    sa.Column("reason", Text),
    sa.Column("inputs", Blob),
    sa.Column("outputs", Blob),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("updated_at", Time),
)
sa.Index("ix_software_deployment_listed", software_deployment.c.project_id, software_deployment.c.created_at)

#: Servers whose agents are to be told of a change, each with the number of changes since it was told last.
agent_notice = sa.Table(
    "agent_notice",
    metadata,
    sa.Column("server_id", Name, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Time, nullable=False),
    sa.Column("held_until", Time, nullable=False),
)

#: Where the events of whole trees of stacks are to be brought, and how far that has come.
event_sink = sa.Table(
    "event_sink",
    metadata,
    sa.Column("stack_id", Id, primary_key=True),
    sa.Column("sinks", Blob, nullable=False),  # JSON, as the environment has them
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Time, nullable=False),
)

#: What holds root stacks against changes; `kind` is one of `model.holds.Kind`.
hold = sa.Table(
    "hold",
    metadata,
    sa.Column("stack_id", Id, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("username", Name, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time),
)

#: Trees of stacks of the legacy mode in which something runs, and the engine that works on each; empty: none yet.
stack_lock = sa.Table(
    "stack_lock",
    metadata,
    sa.Column("root_id", Id, primary_key=True),
    sa.Column("engine_id", Id, nullable=False),
)

#: Projects whose things are being counted, see `hearth.store.quotas`.
quota = sa.Table(
    "quota",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("turns", sa.BigInteger, nullable=False),
)

#: The last commit of each process that writes, see `hearth.store.marks`.
mark = sa.Table(
    "mark",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("commits", sa.BigInteger, nullable=False),
    sa.Column("at", Time, nullable=False, index=True),
)

#: Notifications that no broker has confirmed yet.
notification = sa.Table(
    "notification",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", Id, nullable=False),
    sa.Column("event_type", Name, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("payload", Blob, nullable=False),  # JSON
    sa.Column("at", Time, nullable=False),
)

#: One row: programs that need an older schema than this version must not work on this database any more. A migration
#: that takes something away raises it; see docs/how-to/scale-out.md.
schema_floor = sa.Table("schema_floor", metadata, sa.Column("version", sa.String(32), nullable=False))

#: Alarms that Hearth watches over by itself. `id` is that of the resource they are; a version is raised by each change.
lite_alarm = sa.Table(
    "lite_alarm",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("stack_id", Id, nullable=False, index=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", Name, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("rule", Blob, nullable=False),  # JSON of `model.lite_alarms.Rule`, encrypted: actions may be signed URLs
    sa.Column("watched_since", Time, nullable=False),
    sa.Column("configured_at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),  # when it came to its state
    sa.Column("due_at", Time, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
)

#: Datapoints of metrics, each with the alarm that looks at it; what is too old for the alarm goes.
lite_alarm_datapoint = sa.Table(
    "lite_alarm_datapoint",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("alarm_id", Id, nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("body", Blob, nullable=False),  # JSON: its unit and dimensions
)
sa.Index("ix_lite_alarm_datapoint_read", lite_alarm_datapoint.c.alarm_id, lite_alarm_datapoint.c.at)

#: What alarms have to signal because they came to a state, each row once.
lite_alarm_action = sa.Table(
    "lite_alarm_action",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("alarm_id", Id, nullable=False, index=True),
    sa.Column("action", Blob, nullable=False),  # JSON text, encrypted
    sa.Column("reason", Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Time, nullable=False, index=True),
)
