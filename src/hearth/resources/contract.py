"""What the engine asks of a resource type, and what it hands to it. Every type derives from `Resource`.

A type is one stateless object: everything about one resource comes in as a `Call` of plain values, and goes out as
return values and changes of `call.data`. A type never reaches for the stack, the engine or the store.

How the engine drives an action of one resource (each arrow is a commit, and a process may die at any of them):

    intend ──► start: create / update / delete ──► settle, settle, ... ──► COMPLETE
       │                                              ▲
       └── after a crash: find, then start or settle ─┘

* `start` verbs return as soon as the remote side has accepted the work; they may run again after a crash, so a
  repeat must be harmless (`create` is preceded by `find`).
* `settle` looks at what was observed and says whether the action is done (`None`), goes on (`Wait`), or raises.
* Errors: raise `Permanent` (the action fails), `InError` (so does the object: a creation begins anew with another),
  `Temporary` (tried again by the engine's policy), `Gone` (the object does not exist; success for a delete),
  `NeedsReplacement` (only from update). Anything else fails the resource and is logged as a defect of the type.
"""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from hearth.cloud import session as cloud_session
from hearth.model.diagnostics import Path
from hearth.model.drift import Difference
from hearth.model.plan import Decision, Verdict
from hearth.model.states import Action, Status
from hearth.resources.raised import (
    BrokenAttribute,
    Conflict,
    Gone,
    InError,
    NeedsReplacement,
    NothingToDo,
    NotKnownYet,
    Permanent,
    ResourceFailure,
    Temporary,
    Unfetched,
    Unwell,
)
from hearth.resources.schema import Attribute, Property, Support

__all__ = [
    "Adjustment",
    "Blocker",
    "BrokenAttribute",
    "Call",
    "Change",
    "ChildResource",
    "ChildStack",
    "ChildView",
    "Conflict",
    "Decision",
    "Drift",
    "Gone",
    "InError",
    "Issue",
    "NeedsReplacement",
    "Neighbour",
    "Neighbours",
    "NotKnownYet",
    "NothingToDo",
    "Observed",
    "Permanent",
    "Reference",
    "Resource",
    "ResourceFailure",
    "Software",
    "SoftwareConfig",
    "SoftwareDeployment",
    "StackUser",
    "StackUsers",
    "StackView",
    "Temporary",
    "Unfetched",
    "Unwell",
    "Values",
    "Verdict",
    "Wait",
]

#: How the texts begin by which an object made for a row can be recognised in the cloud.
MARKER = "hearth:"

Values = dict[str, Any]
#: What a service answered about an object: its JSON body without the envelope.
Observed = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Not done yet: look again after this many seconds (None: the engine's usual interval)."""

    after: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Blocker:
    """What uses an object, so that it cannot be deleted. Texts that are not known are empty.

    `device_kind` and `device_id`: what stands behind it, as the server that has a port. `remove`: the command that
    takes it away.
    """

    noun: str
    id: str
    name: str = ""
    device_kind: str = ""
    device_id: str = ""
    remove: str = ""

    def words(self) -> str:
        """How a reason names it."""
        text = (
            f"{self.noun} {self.name} ({self.id})" if self.name and self.name != self.id else f"{self.noun} {self.id}"
        )
        return f"{text} for {self.device_kind or 'device'} {self.device_id}" if self.device_id else text


@dataclasses.dataclass(frozen=True, slots=True)
class StackView:
    """What a type may know of the stack it is in. `region` is the service region of the stack's cloud.

    `user_project_id`: where the stack's own users are, None before there was one.
    """

    id: str
    name: str
    project_id: str
    region: str | None = None
    user_project_id: str | None = None


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

    async def key(self, user_id: str) -> AccessKey:
        """A new key pair of the user; former ones are taken away."""

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


class Groups(Protocol):
    """The groups of a stack whose size signals change."""

    async def adjust(self, reference: str, adjustment: Adjustment) -> None:
        """Begin to change the size of the group with that reference id.

        Raises:
            NothingToDo: it stays as it is: it is changing, or cools down, or has that size.
            Permanent: there is no such group.
        """


@dataclasses.dataclass(slots=True)
class Call:
    """One verb on one resource.

    `properties`: resolved, checked, defaults filled in, names translated to ids; a property that was not given and
    has no default is absent. `previous`: the same as of the last successful action (None before it).
    `data`: private values kept with the row (`{key: text}`), encrypted at rest; verbs may change it in place.
    `child`: for types that own a nested stack, what is in it; None before it exists and for all other types.
    `now`: seconds since the epoch. `update_policy`: checked as properties are. `timeout`: seconds that the stack's
    action may take as a whole; both for types that own a nested stack. `files`: those that came with the template.
    `snapshot_name`: for the snapshot verbs, the name of the copy: the same at every repeat, and of no other copy.
    `users`: makes users for the resource. `heard`: the metadata of the resource that `Resource.hears` refers to.
    `silent`: signals to that one need not be waited for.
    `groups`: for the signal verb, the groups of the stack. `software`: keeps software configs and deployments.
    """

    name: str
    resource_id: str
    physical_name: str
    physical_id: str | None
    properties: Values
    stack: StackView
    cloud: "cloud_session.Session"
    now: float
    previous: Values | None = None
    metadata: Any = None
    data: dict[str, str] = dataclasses.field(default_factory=dict)
    child: "ChildView | None" = None
    action: Action = Action.CREATE
    snapshot_name: str = ""
    update_policy: Values = dataclasses.field(default_factory=dict)
    timeout: float | None = None
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    users: "StackUsers | None" = None
    groups: "Groups | None" = None
    software: "Software | None" = None
    heard: Any = None
    silent: bool = False

    @property
    def marker(self) -> str:
        """The text by which an object made for this row can be recognised in the cloud."""
        return f"{MARKER}{self.resource_id}"


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What differs in an update. `properties` holds the new value of each changed key (None: removed).

    A value that is only known after other resources have changed is `hearth.model.values.UNKNOWN` (in plans only).
    """

    properties: Mapping[str, Any]
    metadata: bool = False
    update_policy: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """What an object has that is not as expected. `unseen`: why properties could not be compared, by name."""

    differences: dict[str, Difference]
    unseen: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Issue:
    """A problem a type found in its properties: where below `properties`, what, and what to do."""

    path: Path
    message: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Neighbour:
    """Another resource of the same stack, for implicit dependencies.

    `properties` are as far as they are known; references to resources of the stack stand as `Reference`.
    """

    name: str
    type: type["Resource"]
    properties: Mapping[str, Any]
    needs: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """Stands for the reference id of a resource of the stack that does not exist yet."""

    resource: str


class Neighbours(dict[str, Neighbour]):
    """All resources of a stack by name, with look-ups that do not walk through all of them each time."""

    def __init__(self, several: Mapping[str, Neighbour]) -> None:
        super().__init__(several)
        self._by_type: dict[str, list[Neighbour]] = {}
        for one in several.values():
            self._by_type.setdefault(one.type.type_name, []).append(one)
        self._by_value: dict[tuple[str, str], dict[Any, list[Neighbour]]] = {}

    def of_type(self, name: str) -> list[Neighbour]:
        """Those of a type."""
        return self._by_type.get(name, [])

    def with_value(self, type_name: str, key: str, value: Any) -> list[Neighbour]:
        """Those of a type whose property has this value."""
        index = self._by_value.get((type_name, key))
        if index is None:
            index = self._by_value[type_name, key] = {}
            for one in self.of_type(type_name):
                found = one.properties.get(key)
                if isinstance(found, Hashable):
                    index.setdefault(found, []).append(one)
        return index.get(value, []) if isinstance(value, Hashable) else []


class ChildResource(Protocol):
    """A resource of a nested stack, as the type that owns the stack sees it."""

    @property
    def name(self) -> str:
        """Its logical name."""

    @property
    def type(self) -> str:
        """Its type, as its template names it."""

    @property
    def action(self) -> Action:
        """Its last action."""

    @property
    def status(self) -> Status:
        """How far that got."""

    @property
    def created_at(self) -> float:
        """When it was made, seconds since the epoch."""

    def reference(self) -> Any:
        """What get_resource gives for it."""

    async def attribute(self, path: Sequence[Any]) -> Any:
        """What get_attr gives for it; None when it cannot be read."""


class ChildView(Protocol):
    """The nested stack a resource owns."""

    @property
    def stack_id(self) -> str:
        """The stack's id."""

    @property
    def arn(self) -> str:
        """The stack's ARN."""

    @property
    def resources(self) -> Mapping[str, ChildResource]:
        """Its current resources by logical name."""

    @property
    def template(self) -> Mapping[str, Any]:
        """The template it was last given, as plain data."""

    def output(self, name: str) -> Any:
        """The value of one output. Raises KeyError for an unknown one."""

    @property
    def output_names(self) -> Iterable[str]:
        """The outputs it has."""


@dataclasses.dataclass(frozen=True, slots=True)
class ChildStack:
    """The nested stack a type wants: its template (as plain data or text) and the values of its parameters.

    `files` None: those of the owning stack. `resource_name_path` narrows the environment's per-resource part as for
    a template resource. `own_type`: the registry entry to leave out against recursion.
    """

    template: Any
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] | None = None
    source: str = "nested"
    own_type: str | None = None


class Resource:
    """Behaviour of one resource type; see the module's text for how the verbs are called."""

    #: The name templates use. Set by the `@resource` decorator.
    type_name: ClassVar[str] = ""
    #: What rows remember of types that are made as they are needed, since their names may come to mean others.
    made_as: ClassVar[str] = ""
    properties: ClassVar[Mapping[str, Property]] = {}
    attributes: ClassVar[Mapping[str, Attribute]] = {}
    #: Support statuses and the version each began in, the present one first.
    support: ClassVar[Support] = ()
    #: Whether no property of the type matters: what is written in them is neither computed nor checked.
    indifferent: ClassVar[bool] = False
    #: Service types, one of which the catalog must hold for this type to be available; empty: always available.
    services: ClassVar[tuple[str, ...]] = ()
    #: Longest physical name the service takes.
    name_limit: ClassVar[int] = 255
    #: Whether `create` makes something outside the store, so that its intent has to be recorded before.
    external: ClassVar[bool] = False
    #: Actions after whose start the engine calls `settle` until it returns None.
    waits_on: ClassVar[frozenset[Action]] = frozenset()
    #: What get_resource gives before the resource exists: the logical name, or None where this is False.
    named_before_create: ClassVar[bool] = True
    #: Schema of the `update_policy` section.
    update_policy: ClassVar[Mapping[str, Property]] = {}
    #: Whether the type owns a nested stack (then it derives from `hearth.resources.nested.NestedStack`).
    nests: ClassVar[bool] = False
    #: Whether `find` can tell an object this row made from all others.
    findable: ClassVar[bool] = True
    #: Whether `child` looks at `call.child`; reading it costs.
    looks_inside: ClassVar[bool] = True
    #: Whether what is in its nested stack is all of one kind, so that one says what all take.
    members_alike: ClassVar[bool] = False
    #: Whether the type is a group whose size signals change.
    scales: ClassVar[bool] = False
    #: Whether the resource takes signals; then its metadata holds what they brought.
    takes_signals: ClassVar[bool] = False
    #: The property that holds the reference of a resource of the same stack for whose signals this type waits.
    hears: ClassVar[str | None] = None
    #: Whether the resource has a software deployment, and waits for the signals to itself that tell how it went.
    deploys: ClassVar[bool] = False
    #: Whether `confirm` has something to ask before a stack is accepted.
    confirms: ClassVar[bool] = False
    #: Whether the resource is replaced at every update.
    renewed: ClassVar[bool] = False
    #: Whether there is something that a check can look at.
    supports_check: ClassVar[bool] = False
    #: Whether a resource whose last action failed is kept by an update if its object turns out to be well.
    survives_failure: ClassVar[bool] = False
    #: Properties at whose change `update` may raise NeedsReplacement, which only it can find out.
    may_replace: ClassVar[frozenset[str]] = frozenset()
    #: Keys of `call.data` whose values are secrets, which may get into properties of others by attributes.
    secret_data: ClassVar[tuple[str, ...]] = ()
    #: Whether the type can copy its object: it has the snapshot verbs, and `waits_on` has SNAPSHOT.
    supports_snapshot: ClassVar[bool] = False
    #: Whether such a copy can be left behind when the object is deleted.
    snapshot_deletion_policy: ClassVar[bool] = False

    # ---- pure: validation, dependencies, decisions ----

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Problems beyond the schema. Values not known yet are `UNKNOWN`; absent properties are absent."""
        return ()

    def learns_of_deployments(self, properties: Mapping[str, Any]) -> bool:
        """Whether an agent in the object finds its software deployments in the resource's metadata."""
        return False

    async def confirm(self, call: Call) -> Iterable[Issue]:
        """Problems of known properties that only a service can tell, asked before anything is stored or made."""
        return ()

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """Names of resources that must exist before this one though no function says so."""
        return set()

    def wishes(self, me: Neighbour, others: Neighbours) -> set[str]:
        """Names of resources that had better exist before this one; left out where they would close a circle."""
        return set()

    def decide(self, change: Change, call: Call) -> Decision:
        """What a change of properties means. The default follows the declaration of each property.

        In plans values may be `UNKNOWN`: then the answer is the gravest that may come.
        """
        raise NotImplementedError  # given by hearth.resources.base.Base

    def reference(self, call: Call) -> Any:
        """What get_resource gives for an existing resource."""
        return call.physical_id

    def may_exist(self, data: Mapping[str, str]) -> bool:
        """Whether an object of which no id is known may be there, by the private values of a creation that failed."""
        return True

    # ---- remote: each may be repeated after a crash ----

    async def find(self, call: Call) -> str | None:
        """The physical id of the object that a lost `create` of this very row made; None when there is none."""
        return None

    async def create(self, call: Call) -> str | None:
        """Make the object; its physical id."""
        return call.physical_name

    async def update(self, call: Call, change: Change) -> str | None:
        """Change the object in place. Returns a new physical id, or None when it stays."""
        return None

    async def delete(self, call: Call) -> None:
        """Remove the object (`call.physical_id` is set). Raises Gone when it is not there: that is success."""

    async def blockers(self, call: Call) -> Sequence[Blocker]:
        """Who uses the object, asked when its deletion is refused."""
        return ()

    async def observe(self, call: Call) -> Observed | None:
        """What the service says of the object now; None for types without a remote object. Raises Gone."""
        return None

    async def observe_many(self, calls: Sequence[Call]) -> dict[str, Observed | None]:
        """Look at several resources of this type and project at once: `{resource_id: observed}`, None when gone."""
        seen: dict[str, Observed | None] = {}
        for call in calls:
            try:
                seen[call.resource_id] = await self.observe(call)
            except Gone:
                seen[call.resource_id] = None
        return seen

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Whether `call.action` is done (None) or goes on; may take the next remote step of a longer action.

        `observed` is None when the object is gone (a success for DELETE, which the engine handles) or has no remote.
        """
        return None

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The value of one declared attribute, without a path. `observed` is the last observation, if there is one."""
        return None

    def has_attribute(self, name: str) -> bool:
        """Whether get_attr may ask for this name."""
        return name in self.attributes

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """For types that own a nested stack: the value of a whole attribute path, from `call.child`."""
        raise NotImplementedError(f"{self.type_name} owns no nested stack")

    # ---- reality: is the object there and well, and is it what the properties say? ----

    async def check(self, call: Call) -> Observed | None:
        """Make sure that the object is there and well; what was observed. May begin a check that `settle` waits for.

        Raises:
            Unwell: it is not.
        """
        return None

    def ailment(self, call: Call, observed: Observed) -> Unwell | None:
        """What is wrong with an object that was observed; None when it is well."""
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The observation together with what further requests tell, as far as the properties ask for it.

        Raises Gone when that tells that the object is not there after all.
        """
        return observed

    async def drift(self, call: Call, observed: Observed | None) -> Drift:
        """Where the object is not what the properties say. The default follows the declaration of each property."""
        return Drift({}, {})

    def adopted(self, call: Call, observed: Observed) -> None:
        """Note in `call.data` what an adopted object has that would otherwise be taken for drift."""

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What makes the object the one it is: rows of the same identity stand for one and the same object."""
        return physical_id

    async def suspend(self, call: Call) -> None:
        """Begin to suspend the object."""

    async def resume(self, call: Call) -> None:
        """Begin to resume the object."""

    # ---- snapshots: copies of the object in its service ----

    def worth_snapshot(self, action: Action, status: Status) -> bool:
        """Whether an object in this state is worth a copy before it is deleted."""
        return status is not Status.FAILED or action not in (Action.CREATE, Action.UPDATE)

    async def snapshot(self, call: Call) -> None:
        """Begin to make the copy `call.snapshot_name`, unless there is one; `settle` waits for it (action SNAPSHOT).

        What `restored` needs of it is noted in `call.data`.
        """

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Take the removal of the copy `call.snapshot_name` on; None once there is none. Repeated until then."""
        return None

    def restored(self, properties: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
        """The properties of a definition, functions in them unresolved, with which the copy noted in `data` is used."""
        return dict(properties)

    # ---- signals ----

    async def signal(self, call: Call, details: Any) -> str:
        """Take a signal: change `call.metadata`, whose new value is stored; the text of the event. May be repeated.

        Raises:
            Permanent: the signal is not understood; nothing is stored.
        """
        raise NotImplementedError(f"{self.type_name} takes no signals")

    async def collect(self, call: Call) -> list[Any]:
        """Signals that arrived elsewhere, at a place that is looked at now and then, and were not taken yet."""
        return []

    def collects(self, call: Call) -> bool:
        """Whether signals to this resource arrive at such a place."""
        return False

    def is_silent(self, call: Call) -> bool:
        """Whether nobody need wait for signals to this resource, though it takes them."""
        return False

    # ---- types that own a nested stack ----

    def child(self, call: Call) -> ChildStack:
        """The nested stack wanted for these properties. `call.child` shows the present one, if any.

        Raises:
            NotKnownYet: while a template is validated, when too much of the properties is `UNKNOWN`.
            Unfetched: its template has to be fetched first; asked again with it among `call.files`.
        """
        raise NotImplementedError(f"{self.type_name} owns no nested stack")

    def wanted_members(self, properties: Values) -> int | None:
        """For groups: how many members these properties ask for, before `child` writes them down; None: not known."""
        return None

    def adjusted(self, call: Call, adjustment: Adjustment) -> ChildStack:
        """For types that scale: the nested stack after a change of size. Raises NothingToDo."""
        raise NotImplementedError(f"{self.type_name} does not scale")

    def cools_for(self, call: Call) -> float | None:
        """For types that scale: seconds after a change of size in which there is no other."""
        return None

    def further(self, call: Call) -> Wait | None:
        """Whether `child` has more to bring now that the nested stack's action ended well: None when it has not.

        Otherwise after how many seconds `child` is to be asked again. Asked once more when they have passed.
        """
        return None
