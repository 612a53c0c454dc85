"""Rows as the engine works with them: plain records, JSON decoded on the way in. `from_row`/`to_row` are the border."""

import dataclasses
import enum
from typing import Any

from hearth.model.plan import Work
from hearth.model.states import Action, Status
from hearth.model.waivers import NONE, Waivers
from hearth.telemetry.trail import Trail


class NodeState(enum.IntEnum):
    WAITING = 0  # for other nodes
    READY = 1  # anybody may claim it
    CLAIMED = 2  # an engine works on it, or watches a remote object for it
    PARKED = 3  # something else will make it ready: the end of a nested stack


class Phase(enum.IntEnum):
    """How far the present step of a node got, for whoever has to go on after a crash."""

    NONE = 0
    INTENDED = 1  # the remote call may or may not have been made
    STARTED = 2  # the remote side has accepted it
    DISCARDING = 3  # what was made came out in error: it goes, and another is made


#: Bits of a node id that count the nodes of one traversal.
NODE_BITS = 24
MOST_NODES = 1 << NODE_BITS


@dataclasses.dataclass(slots=True)
class Node:
    """A claimed node. `token` is the fencing token of this claim."""

    id: int
    traversal_id: int
    stack_id: str
    resource_id: str
    work: Work
    phase: Phase
    dependents: list[int]
    attempt: int
    token: int
    tries: int = 0  # how often the present part of its work was tried again
    project_id: str | None = None  # whose it is, where it was taken from the work list


@dataclasses.dataclass(slots=True)
class ResourceSummary:
    """How a resource stands: what lists tell of it, and nothing of what it holds."""

    id: str
    stack_id: str
    name: str
    type: str
    action: Action
    status: Status
    reason: str
    physical_id: str | None
    requires: list[str]
    replaces: str | None
    replaced_by: str | None
    created_at: float
    updated_at: float


@dataclasses.dataclass(slots=True)
class ResourceRow(ResourceSummary):
    """One resource as stored. `properties` are resolved, `frozen` has names translated to ids (None: the same)."""

    definition_id: str | None
    deletion_policy: str
    properties: dict[str, Any] | None
    frozen: dict[str, Any] | None
    metadata: Any
    data: dict[str, str]
    attributes: dict[str, Any]
    observed: Any
    drift: dict[str, Any] | None = None
    made_as: str | None = None  # what made the object, where it is not `type`: the environment maps types


@dataclasses.dataclass(slots=True)
class StackRow:
    """One stack as stored."""

    id: str
    name: str
    project_id: str
    user_id: str | None
    username: str | None
    credential_id: str | None
    owner_id: str | None
    owner_resource_id: str | None
    owner_resource_name: str | None
    root_id: str
    depth: int
    action: Action
    status: Status
    reason: str
    created_at: float
    updated_at: float | None
    deleted_at: float | None
    timeout_mins: int | None
    disable_rollback: bool
    tags: list[str]
    description: str
    definition_id: str
    previous_definition_id: str | None
    traversal_id: int | None
    stack_user_project_id: str | None
    convergence: bool = True  # False: it is in the legacy mode, as its whole tree is


@dataclasses.dataclass(slots=True, frozen=True)
class DefinitionRow:
    """What a stack is wanted to be: plain template and environment, files by key.

    `left_out`: names that keep the definition `base_id`, or are not there where that is None. `part`: for which part of
    the stack it holds; None: all of it. `owner_id`, of a part of a nested stack: the definition of its owner's stack
    that it is for.
    """

    id: str
    stack_id: str
    template_id: str
    environment_id: str
    files_id: str
    base_id: str | None = None
    left_out: tuple[str, ...] = ()
    part: dict[str, Any] | None = None
    owner_id: str | None = None


@dataclasses.dataclass(slots=True, frozen=True)
class TraversalRow:
    """One run of an action. `plan_id`: the plan that is applied; `plan_path`: the stack's place in it."""

    id: int
    stack_id: str
    action: Action
    definition_id: str
    failure: str | None
    deadline: float | None
    created_at: float
    waivers: Waivers = NONE
    plan_id: str | None = None
    plan_path: str = ""
    converge: bool = False
    trail: Trail | None = None


@dataclasses.dataclass(slots=True, frozen=True)
class OrphanRow:
    """An object that Hearth made and let go. To be stored with the stack it was in and `path` its resource's name.

    `cause`: retained, skipped, forced, abandoned, lost. `physical_id` None: nobody knows whether it is there.
    `secret`: what its deletion needs to know.
    """

    id: str
    project_id: str
    stack_id: str
    stack_name: str
    path: str
    type: str
    physical_id: str | None
    physical_name: str
    cause: str
    reason: str
    region: str | None
    at: float
    secret: dict[str, Any]


@dataclasses.dataclass(slots=True)
class EventRow:
    """One event to be written, or read back (then `seq` is set)."""

    stack_id: str
    resource_name: str
    resource_type: str
    physical_id: str | None
    action: str
    status: str
    reason: str
    at: float
    id: str
    properties: Any = None
    seq: int = 0


@dataclasses.dataclass(slots=True, frozen=True)
class NotificationRow:
    """What other services are told of a stack. `level`: INFO, ERROR, ...; `seq` is set once it is stored."""

    id: str
    event_type: str
    level: str
    payload: dict[str, Any]
    at: float
    seq: int = 0
