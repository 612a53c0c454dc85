"""What is read from Heat's database: plain values, JSON decoded, secrets still closed, times in epoch seconds.

Ids of resources and templates are Heat's own numbers. A `Tree` is a root stack with everything that belongs to it.
"""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A template with its environment and files."""

    id: int
    template: Any
    environment: dict[str, Any]
    files: dict[str, str]
    created_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A value with the method by which it is encrypted; None: it is not."""

    method: str | None
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Resource:
    """A resource. `properties` None: it never had any; `encrypted`: each of them is a method and a text.

    `attributes`: what was last read of it, by Heat's own keys.
    """

    id: int
    uuid: str
    stack_id: str
    name: str
    physical_id: str | None
    action: str
    status: str
    reason: str
    metadata: Any
    properties: dict[str, Any] | None
    encrypted: bool
    attributes: dict[str, Any]
    data: dict[str, Secret]
    requires: list[int]
    replaces: int | None
    replaced_by: int | None
    template_id: int | None
    created_at: float
    updated_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Stack:
    """A stack. `timeout`: minutes."""

    id: str
    name: str
    project_id: str
    username: str | None
    template_id: int
    previous_template_id: int | None
    credentials_id: int | None
    owner_id: str | None
    owner_resource_name: str | None
    action: str
    status: str
    reason: str
    timeout: int | None
    disable_rollback: bool
    user_project_id: str | None
    is_backup: bool
    convergence: bool
    created_at: float
    updated_at: float | None
    tags: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """How Heat acts for a stack's owner."""

    id: int
    trust: Secret | None
    trustor_user_id: str | None
    auth_url: str | None
    created_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """An event of a stack."""

    uuid: str
    stack_id: str
    resource_name: str
    resource_type: str
    physical_id: str | None
    action: str
    status: str
    reason: str
    properties: dict[str, Any] | None
    encrypted: bool
    at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot; `data` is the document of the stack."""

    id: str
    stack_id: str
    name: str | None
    action: str
    status: str
    reason: str | None
    data: dict[str, Any] | None
    created_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """A software config. `body`: its text or map, inputs, outputs and options."""

    id: str
    project_id: str
    name: str | None
    group: str | None
    body: dict[str, Any]
    created_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a config to a server."""

    id: str
    project_id: str
    user_project_id: str | None
    config_id: str
    server_id: str
    action: str | None
    status: str | None
    reason: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    created_at: float
    updated_at: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A root stack and all that is nested in it, owners before what they own."""

    stacks: list[Stack]
    resources: dict[str, list[Resource]]
    templates: dict[int, Template]
    credentials: dict[int, Credentials]
    snapshots: list[Snapshot]
    configs: list[Config]
    deployments: dict[str, Deployment]

    @property
    def root(self) -> Stack:
        """The stack that is not nested."""
        return self.stacks[0]
