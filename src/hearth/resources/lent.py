"""What the engine lends to verbs of resource types: users of the stack, software in servers, its groups, lite alarms.

Part of the contract between types and engine, and imported from there (`hearth.resources.contract`). Here stands only
what a type may ask for; how the engine does it is its own affair.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hearth.cloud import session as cloud_session
from hearth.model import lite_alarms
from hearth.model.states import Status


@dataclasses.dataclass(frozen=True, slots=True)
class StackUser:
    """A user in the stack's own project of the stack users' domain. `password` is known to whoever made it."""

    id: str
    name: str
    project_id: str
    domain_id: str
    auth_url: str


@dataclasses.dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair with which a user signs requests."""

    access: str
    secret: str = dataclasses.field(repr=False)


class StackUsers(Protocol):
    """The users that resources of a stack need for what happens inside servers. All calls may be repeated."""

    async def create(self, name: str, password: str) -> StackUser:
        """Make the user, who may signal and read metadata only; one of that name gets the password."""

    async def token(self, user_id: str, password: str) -> str:
        """A token of the user."""

    async def access(self, user_id: str, password: str) -> "cloud_session.Session":
        """Access as the user."""

    async def key(self, user_id: str, pair: AccessKey | None = None) -> AccessKey:
        """Make a key pair of the user, a new one or this; others are taken away."""

    async def drop_key(self, user_id: str, access: str) -> None:
        """Take a key pair of the user away. One that is gone is no error."""

    async def enable(self, user_id: str, enabled: bool) -> None:
        """Let the user in, or keep the user out."""

    async def delete(self, user_id: str) -> None:
        """Remove the user. One that is gone is no error."""

    async def find(self, name: str) -> str | None:
        """The id of the user of that name; None when there is none."""

    async def exists(self, user_id: str) -> bool:
        """Whether there is such a user."""


@dataclasses.dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of a group's size. `step`: the least change of a percentage. `cooldown`: seconds; None: the group's."""

    kind: str
    amount: float
    step: int | None = None
    cooldown: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SoftwareConfig:
    """What is to be done in servers. `config`: a text or a map, `inputs` and `outputs`: maps with a name each."""

    id: str
    name: str | None
    group: str | None
    config: Any
    inputs: Sequence[Mapping[str, Any]] = ()
    outputs: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    created_at: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class SoftwareDeployment:
    """A software config on its way to a server. `outputs`: what came back, None before. `action`: why it is done."""

    config_id: str
    server_id: str
    action: str
    status: Status
    reason: str
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    outputs: Mapping[str, Any] | None = None
    user_project_id: str | None = None
    id: str = ""
    created_at: float = 0.0
    updated_at: float | None = None


class Software(Protocol):
    """Software configs of the stack's project, and the one deployment that a resource may have.

    What a verb keeps and drops is stored together with what becomes of its resource, or not at all.
    """

    async def config(self, config_id: str) -> SoftwareConfig:
        """A config of the project. Raises Gone."""

    async def is_used(self, config_id: str) -> bool:
        """Whether a deployment uses the config."""

    async def keep(self, config: SoftwareConfig) -> str:
        """Keep a new config; its id is made here. Raises Permanent when the project has too many."""

    def drop(self, config_id: str) -> None:
        """Drop a config, unless a deployment uses it. One that is gone is no error."""

    async def deployment(self) -> SoftwareDeployment:
        """The resource's deployment. Raises Gone."""

    async def deploy(self, deployment: SoftwareDeployment) -> str:
        """Make the resource's deployment, or make this of it; its id, the same each time."""

    def withdraw(self) -> None:
        """Drop the resource's deployment. One that is gone is no error."""

    def announce(self, server_id: str) -> None:
        """What an agent in the server reads has changed: it is told once that is stored; see `Resource.tell`."""


@dataclasses.dataclass(frozen=True, slots=True)
class LiteAlarm:
    """How an alarm is that Hearth watches over. `changed_at`: since when, seconds since the epoch."""

    name: str
    state: lite_alarms.State
    reason: str
    changed_at: float


class LiteAlarms(Protocol):
    """The alarm that a resource may be, which Hearth watches over by itself. All calls may be repeated.

    What a verb does is stored together with what becomes of its resource, or not at all.
    """

    async def keep(self, name: str, rule: lite_alarms.Rule) -> None:
        """Watch by this rule from now on. Raises Permanent when the project has too many."""

    def suspend(self) -> None:
        """Watch no more."""

    def resume(self) -> None:
        """Watch again, as if anew."""

    def drop(self) -> None:
        """Forget it. One that is gone is no error."""

    async def look(self) -> LiteAlarm:
        """How it is. Raises Gone."""


class Groups(Protocol):
    """The groups of a stack whose size signals change."""

    async def adjust(self, reference: str, adjustment: Adjustment) -> None:
        """Begin to change the size of the group with that reference id.

        Raises:
            NothingToDo: it stays as it is: it is changing, or cools down, or has that size.
            Permanent: there is no such group.
        """
