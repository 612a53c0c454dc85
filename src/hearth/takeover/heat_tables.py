"""The tables of Heat's database, 2023.1 and later, as far as a take-over reads them.

JSON columns are text here: what is in them is decoded where it is understood. Times are UTC without a zone.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

_Id = sa.String(36)
_Name = sa.String(255)

stack = sa.Table(
    "stack",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("name", _Name),
    sa.Column("raw_template_id", sa.Integer),
    sa.Column("prev_raw_template_id", sa.Integer),
    sa.Column("user_creds_id", sa.Integer),
    sa.Column("username", sa.String(256)),
    sa.Column("owner_id", _Id),
    sa.Column("parent_resource_name", _Name),
    sa.Column("action", _Name),
    sa.Column("status", _Name),
    sa.Column("status_reason", sa.Text),
    sa.Column("timeout", sa.Integer),
    sa.Column("tenant", sa.String(256)),
    sa.Column("disable_rollback", sa.Boolean),
    sa.Column("stack_user_project_id", sa.String(64)),
    sa.Column("backup", sa.Boolean),
    sa.Column("convergence", sa.Boolean),
    sa.Column("created_at", sa.DateTime),
    sa.Column("updated_at", sa.DateTime),
    sa.Column("deleted_at", sa.DateTime),
)

raw_template = sa.Table(
    "raw_template",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("template", sa.Text),
    sa.Column("files", sa.Text),
    sa.Column("environment", sa.Text),
    sa.Column("files_id", sa.Integer),
    sa.Column("created_at", sa.DateTime),
)

raw_template_files = sa.Table(
    "raw_template_files",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("files", sa.Text),
)

resource = sa.Table(
    "resource",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", _Id),
    sa.Column("nova_instance", _Name),
    sa.Column("name", _Name),
    sa.Column("action", _Name),
    sa.Column("status", _Name),
    sa.Column("status_reason", sa.Text),
    sa.Column("stack_id", _Id),
    sa.Column("rsrc_metadata", sa.Text),
    sa.Column("properties_data", sa.Text),
    sa.Column("properties_data_encrypted", sa.Boolean),
    sa.Column("requires", sa.Text),
    sa.Column("replaces", sa.Integer),
    sa.Column("replaced_by", sa.Integer),
    sa.Column("current_template_id", sa.Integer),
    sa.Column("rsrc_prop_data_id", sa.Integer),
    sa.Column("attr_data_id", sa.Integer),
    sa.Column("created_at", sa.DateTime),
    sa.Column("updated_at", sa.DateTime),
)

resource_properties_data = sa.Table(
    "resource_properties_data",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("data", sa.Text),
    sa.Column("encrypted", sa.Boolean),
)

resource_data = sa.Table(
    "resource_data",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", _Name),
    sa.Column("value", sa.Text),
    sa.Column("decrypt_method", sa.String(64)),
    sa.Column("resource_id", sa.Integer),
)

user_creds = sa.Table(
    "user_creds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("decrypt_method", sa.String(64)),
    sa.Column("auth_url", sa.Text),
    sa.Column("trust_id", _Name),
    sa.Column("trustor_user_id", sa.String(64)),
    sa.Column("created_at", sa.DateTime),
)

stack_tag = sa.Table(
    "stack_tag",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tag", sa.String(80)),
    sa.Column("stack_id", _Id),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", _Id),
    sa.Column("stack_id", _Id),
    sa.Column("created_at", sa.DateTime),
    sa.Column("resource_action", _Name),
    sa.Column("resource_status", _Name),
    sa.Column("resource_name", _Name),
    sa.Column("physical_resource_id", _Name),
    sa.Column("resource_status_reason", _Name),
    sa.Column("resource_type", _Name),
    sa.Column("rsrc_prop_data_id", sa.Integer),
)

snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("stack_id", _Id),
    sa.Column("name", _Name),
    sa.Column("created_at", sa.DateTime),
    sa.Column("status", _Name),
    sa.Column("status_reason", _Name),
    sa.Column("action", _Name),
    sa.Column("data", sa.Text),
)

#: Younger than 2023.1: what each resource gave to a snapshot. Before, it stood in the snapshot itself.
resource_snapshot = sa.Table(
    "resource_snapshot",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("snapshot_id", _Id),
    sa.Column("resource_name", _Name),
    sa.Column("data", sa.Text),
)

software_config = sa.Table(
    "software_config",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("created_at", sa.DateTime),
    sa.Column("name", _Name),
    sa.Column("group", _Name),
    sa.Column("config", sa.Text),
    sa.Column("tenant", sa.String(64)),
)

software_deployment = sa.Table(
    "software_deployment",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("created_at", sa.DateTime),
    sa.Column("updated_at", sa.DateTime),
    sa.Column("server_id", _Id),
    sa.Column("config_id", _Id),
    sa.Column("input_values", sa.Text),
    sa.Column("output_values", sa.Text),
    sa.Column("action", _Name),
    sa.Column("status", _Name),
    sa.Column("status_reason", sa.Text),
    sa.Column("tenant", sa.String(64)),
    sa.Column("stack_user_project_id", sa.String(64)),
)

#: Tables that a database may lack.
OPTIONAL = frozenset({resource_snapshot.name})
