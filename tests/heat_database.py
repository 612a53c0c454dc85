"""A database as a Heat keeps it, in a file or on a server, filled row by row. The schema is that of 2026.2."""

import base64
import datetime
import json
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from hearth.store import databases

KEY = "heat's key, 32 characters long ."
PROJECT = "a0b1c2d3e4f5460798a9b0c1d2e3f405"
TRUSTOR = "u1"
USERS = "54e1d3e6cce54b01ab3c012929ea54fa"
_AT = datetime.datetime(2026, 11, 27, 21, 4, 9)

_FLAGS = {"disable_rollback", "backup", "convergence", "redact", "encrypted", "properties_data_encrypted"}
_NUMBERS = {
    *("files_id", "raw_template_id", "prev_raw_template_id", "user_creds_id", "timeout", "nested_depth", "atomic_key"),
    *("replaces", "replaced_by", "current_template_id", "rsrc_prop_data_id", "attr_data_id", "resource_id"),
}

#: Columns by table, the key first: a number unless it begins with `=`.
_SCHEMA = {
    "alembic_version": "=version_num",
    "raw_template": "id created_at updated_at template files environment files_id",
    "raw_template_files": "id files created_at updated_at",
    "user_creds": "id created_at updated_at username password region_name decrypt_method tenant auth_url tenant_id "
    "trust_id trustor_user_id",
    "stack": "=id created_at updated_at deleted_at name raw_template_id prev_raw_template_id user_creds_id username "
    "owner_id action status status_reason timeout tenant disable_rollback stack_user_project_id backup nested_depth "
    "convergence current_traversal current_deps parent_resource_name",
    "stack_tag": "id created_at updated_at tag stack_id",
    "resource_properties_data": "id data encrypted created_at updated_at",
    "resource": "id uuid nova_instance name created_at updated_at action status status_reason stack_id rsrc_metadata "
    "properties_data engine_id atomic_key needed_by requires replaces replaced_by current_template_id "
    "properties_data_encrypted root_stack_id rsrc_prop_data_id attr_data_id",
    "resource_data": "id created_at updated_at key value redact decrypt_method resource_id",
    "event": "id uuid stack_id created_at updated_at resource_action resource_status resource_name "
    "physical_resource_id resource_status_reason resource_type resource_properties rsrc_prop_data_id",
    "snapshot": "=id stack_id name created_at updated_at status status_reason data tenant action",
    "resource_snapshot": "=id snapshot_id resource_name created_at updated_at data",
    "software_config": "=id created_at updated_at name group config tenant",
    "software_deployment": "=id created_at updated_at server_id config_id input_values output_values action status "
    "status_reason tenant stack_user_project_id",
}


def _column(name: str, is_first: bool) -> sa.Column[Any]:
    if name.startswith("="):
        return sa.Column(name[1:], sa.String(64), primary_key=True)
    if is_first:
        return sa.Column(name, sa.Integer, primary_key=True)
    if name.endswith("_at"):
        return sa.Column(name, sa.DateTime)
    return sa.Column(name, sa.Boolean if name in _FLAGS else sa.Integer if name in _NUMBERS else sa.Text)


class HeatDatabase:
    """Adds rows as Heat would write them."""

    def __init__(self, place: pathlib.Path | str, *, without: tuple[str, ...] = ()) -> None:
        """`place`: a file, or the URL of an empty database."""
        self.url = place if isinstance(place, str) else f"sqlite:///{place}"
        self._engine = databases.open_engine(self.url, writes=True, pool_size=1)
        metadata = sa.MetaData()
        self._tables = {
            name: sa.Table(name, metadata, *(_column(one, at == 0) for at, one in enumerate(columns.split())))
            for name, columns in _SCHEMA.items()
            if name not in without
        }
        metadata.create_all(self._engine)
        self._templates: dict[str, int] = {}

    def add(self, table: str, **values: Any) -> Any:
        """Add a row; its key."""
        columns = self._tables[table].c
        given = {"created_at": _AT, **values} if "created_at" in columns else values
        given = {key: json.dumps(one) if isinstance(one, dict | list) else one for key, one in given.items()}
        with self._engine.begin() as connection:
            return connection.execute(self._tables[table].insert(), given).inserted_primary_key[0]

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def change(self, table: str, key: Any, **values: Any) -> None:
        """Change a row."""
        one = self._tables[table]
        with self._engine.begin() as connection:
            connection.execute(one.update().where(next(iter(one.primary_key)) == key), values)

    def template(self, template: Any, environment: Mapping[str, Any] | None = None, **files: str) -> int:
        """A template with its environment."""
        sections = {"parameters": {}, "parameter_defaults": {}, "resource_registry": {"resources": {}}}
        kept = self.add("raw_template_files", files=files) if files else None
        environment = {**sections, "event_sinks": [], **(environment or {})}
        return self.add("raw_template", template=template, environment=environment, files_id=kept)

    def stack(
        self, name: str, template: int, *, owner: int | None = None, inside: str | None = None, **values: Any
    ) -> str:
        """A stack; `owner`: the resource of the stack `inside` that it is nested in."""
        stack_id = str(uuid.uuid4())
        trust = values.pop("trust", "trust-1")
        given = {
            "action": "CREATE",
            "status": "COMPLETE",
            "status_reason": "Stack CREATE completed successfully",
            "tenant": PROJECT,
            "username": "demo",
            "disable_rollback": True,
            "backup": False,
            "nested_depth": 0 if owner is None else 1,
            "convergence": True,
            "owner_id": inside,
            "stack_user_project_id": USERS,
            "user_creds_id": self.add(
                "user_creds",
                decrypt_method="cryptography_decrypt_v1",
                trust_id=sealed(trust),
                trustor_user_id=TRUSTOR,
                tenant_id=PROJECT,
                auth_url="http://127.0.0.1/identity/v3",
            ),
        }
        self.add("stack", id=stack_id, name=name, raw_template_id=template, **(given | values))
        self._templates[stack_id] = template
        if owner is not None:
            self.change("resource", owner, nova_instance=stack_id)
        return stack_id

    def resource(
        self,
        stack_id: str,
        name: str,
        physical_id: str | None,
        properties: Mapping[str, Any] | None = None,
        *,
        data: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        attributes: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> int:
        """A resource with its data; `secrets` are encrypted."""
        given = {
            "action": "CREATE",
            "status": "COMPLETE",
            "status_reason": "state changed",
            "rsrc_metadata": {},
            "requires": [],
            "needed_by": [],
            "current_template_id": self._templates[stack_id],
        }
        if properties is not None:
            given["rsrc_prop_data_id"] = self.add("resource_properties_data", data=properties, encrypted=False)
        if attributes is not None:
            given["attr_data_id"] = self.add("resource_properties_data", data=attributes, encrypted=False)
        given = {"uuid": str(uuid.uuid4()), "stack_id": stack_id, "name": name, "nova_instance": physical_id, **given}
        number: int = self.add("resource", **(given | values))
        for key, value in (data or {}).items():
            self.add("resource_data", key=key, value=value, redact=False, decrypt_method="", resource_id=number)
        for key, value in (secrets or {}).items():
            method = "cryptography_decrypt_v1"
            kept = sealed(value)
            self.add("resource_data", key=key, value=kept, redact=True, decrypt_method=method, resource_id=number)
        return number

    def event(self, stack_id: str, name: str, status: str, **values: Any) -> str:
        """An event of a resource."""
        event_id = str(uuid.uuid4())
        given = {"resource_action": "CREATE", "resource_status_reason": "state changed", "resource_type": "T"}
        kept = {"uuid": event_id, "stack_id": stack_id, "resource_name": name, "resource_status": status}
        self.add("event", **(given | kept | values))
        return event_id


def sealed(text: str, key: str = KEY) -> str:
    """A text as Heat encrypts it."""
    return Fernet(base64.b64encode(key.encode())).encrypt(text.encode()).decode()
