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
from typing import Any, ClassVar

from hearth.cloud import session as cloud_session
from hearth.model.diagnostics import Path
from hearth.model.drift import Difference
from hearth.model.plan import Decision, Verdict
from hearth.model.states import Action, Status
from hearth.resources.around import ChildResource, ChildStack, ChildView, Neighbour, Neighbours, Reference
from hearth.resources.lent import (
    AccessKey,
    Adjustment,
    Groups,
    LiteAlarm,
    LiteAlarms,
    Software,
    SoftwareConfig,
    SoftwareDeployment,
    StackUser,
    StackUsers,
)
from hearth.resources.raised import (
    BrokenAttribute,
    Busy,
    Conflict,
    Gone,
    InError,
    NeedsReplacement,
    NothingToDo,
    NotKnownYet,
    Permanent,
    PutOff,
    ResourceFailure,
    Temporary,
    Unfetched,
    Unwell,
)
from hearth.resources.schema import Attribute, Property, Support

__all__ = [
    "REFUSED",
    "AccessKey",
    "Adjustment",
    "Blocker",
    "BrokenAttribute",
    "Busy",
    "Call",
    "Change",
    "ChildResource",
    "ChildStack",
    "ChildView",
    "Conflict",
    "Decision",
    "Drift",
    "Gone",
    "Groups",
    "InError",
    "Issue",
    "Lineage",
    "LiteAlarm",
    "LiteAlarms",
    "NeedsReplacement",
    "Neighbour",
    "Neighbours",
    "NotKnownYet",
    "NothingToDo",
    "Observed",
    "Permanent",
    "PutOff",
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

#: Keeps in private data that the last request to make the object was refused for certain: it made nothing.
REFUSED = "refused"
#: Keeps in private data what was there already, when its object was to be made, that could be taken for it.
THERE_BEFORE = "there_before"
#: Under which key of `call.data` a type notes what an object gave up for another one of its resource.
GIVEN_UP = "given_up"
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

    `user_project_id`: where the stack's own users are, None before there was one. `lineage`: what schedulers are told
    of the stacks above it, if the operator wants that.
    """

    id: str
    name: str
    project_id: str
    region: str | None = None
    user_project_id: str | None = None
    lineage: "Lineage | None" = None


@dataclasses.dataclass(frozen=True, slots=True)
class Lineage:
    """Where a stack stands in its tree. `path`: the root's name, then `resource,stack` for each level below it."""

    root_id: str
    path: tuple[str, ...]


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
    `referred`: what the resources tell that the properties of `Resource.reads` refer to, by property; for a property
    that is a list, a list of what each of those tells that are there.
    `silent`: signals to that one need not be waited for. `retained`: the object must not be deleted to make way.
    `groups`: for the signal verb, the groups of the stack. `software`: keeps software configs and deployments.
    `alarms`: watches over the resource if it is a lite alarm.
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
    alarms: "LiteAlarms | None" = None
    heard: Any = None
    referred: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    silent: bool = False
    retained: bool = False

    @property
    def marker(self) -> str:
        """The text by which an object made for this row can be recognised in the cloud."""
        return f"{MARKER}{self.resource_id}"


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What differs in an update. `properties` holds the new value of each changed key (None: removed), `former` the
    present one as it was written, with names where `Call.previous` has the ids that were found for them.

    A value that is only known after other resources have changed is `hearth.model.values.UNKNOWN` (in plans only).
    """

    properties: Mapping[str, Any]
    metadata: bool = False
    update_policy: bool = False
    former: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """What an object has that is not as expected. `unseen`: why properties could not be compared, by name."""

    differences: dict[str, Difference]
    unseen: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Issue:
    """A problem a type found in its properties: where below `properties`, what, and what to do.

    `kind`: the error type on the wire.
    """

    path: Path
    message: str
    advice: str = ""
    kind: str = "StackValidationFailed"


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
    #: Extension that the service must have for this type to be available; empty: none.
    extension: ClassVar[str] = ""
    #: Longest physical name the service takes.
    name_limit: ClassVar[int] = 255
    #: The option without which the type is not there; empty: it always is.
    enabled_by: ClassVar[str] = ""
    #: Which of these statements an operator may make differently: `{attribute: option}`.
    operated: ClassVar[Mapping[str, str]] = {}
    #: Whether `create` makes something outside the store, so that its intent has to be recorded before.
    external: ClassVar[bool] = False
    #: Actions after whose start the engine calls `settle` until it returns None.
    waits_on: ClassVar[frozenset[Action]] = frozenset()
    #: What get_resource gives before the resource exists: the logical name, or None where this is False.
    named_before_create: ClassVar[bool] = True
    #: Whether get_resource always gives the logical name, whichever object the resource has.
    named_for_good: ClassVar[bool] = False
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
    #: Whether `signal` acts on the cloud, with the access of the stack's owner.
    signals_cloud: ClassVar[bool] = False
    #: The property that holds the reference of a resource of the same stack for whose signals this type waits.
    hears: ClassVar[str | None] = None
    #: Properties that hold the reference of a resource of the same stack, or a list of them, with the type of that;
    #: see `told`.
    reads: ClassVar[Mapping[str, str]] = {}
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
    #: The service that keeps the copies, and the private value with the id of the newest.
    copies_in: ClassVar[str] = ""
    copy_id: ClassVar[str] = ""
    #: Whether such a copy can be left behind when the object is deleted.
    snapshot_deletion_policy: ClassVar[bool] = False
    #: Whether the operator lets templates ask for such a copy.
    snapshot_deletion_allowed: ClassVar[bool] = True
    #: Whether two objects of one resource may be unable to be there at once: the type has the verbs of taking turns.
    takes_turns: ClassVar[bool] = False

    #: Whether those who use an object can keep it from being deleted: `blockers` tells of them.
    can_be_in_use: ClassVar[bool] = False

    # ---- pure: validation, dependencies, decisions ----

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Problems beyond the schema. Values not known yet are `UNKNOWN`; absent properties are absent."""
        return ()

    def learns_of_deployments(self, properties: Mapping[str, Any]) -> bool:
        """Whether an agent in the object finds its software deployments in the resource's metadata."""
        return False

    def agent_settings(self, call: Call) -> dict[str, Any]:
        """What the resource's metadata tells such an agent of how it gets at them: further keys of the metadata."""
        return {}

    async def confirm(self, call: Call) -> Iterable[Issue]:
        """Problems of known properties that only a service can tell, asked before anything is stored or made."""
        return ()

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """Problems that the resource has because of others of the stack."""
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

    def told(self, call: Call) -> Values:
        """What those are told of an existing resource who refer to it by a property of their `reads`."""
        return call.properties

    def may_exist(self, data: Mapping[str, str]) -> bool:
        """Whether an object of which no id is known may be there, by the private values of a creation that failed."""
        return True

    def bears_mark(self, call: Call) -> bool:
        """Whether an object that `find` finds says itself that it was made for the row.

        Else it is known by what it is, and by not having been there before (`survey`). That is told to the user.
        """
        return True

    # ---- remote: each may be repeated after a crash ----

    async def survey(self, call: Call) -> None:
        """Note in `call.data` what is there already that `find` could take for the object that is about to be made."""

    async def intend(self, call: Call) -> None:
        """Note in `call.data` what must be known whatever comes of the creation or change that is about to begin.

        Secrets that the object will hold, for instance: no later look at it tells them. Pure but for chance; what takes
        the processor for long is for a thread.
        """

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

    # ---- taking turns: what two objects of one resource cannot both have ----

    def collides(self, properties: Values, wanted: Values) -> str:
        """What an object of `properties` has that one of `wanted` is to have, in words; empty: both can be there.

        Pure. In plans values may be `UNKNOWN`: then the answer is the gravest that may come.
        """
        return ""

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Give up what an object of `wanted` is to have, so that it can be made; None once that is done.

        Called again until then, and after a crash. What `take_back` needs is noted under `GIVEN_UP` in `call.data`
        before anything is given up: return `Wait(0)` to have a note stored first. A note that is there stays. Raises
        Gone when the object is not there: then nothing is in the way. Raises Permanent when only its deletion would do
        and the object is to be `retained`.
        """
        return None

    async def take_back(self, call: Call) -> Wait | None:
        """Have again what `make_way` noted, as the object stays after all; None once that is done.

        Called again until then, and after a crash; the engine removes the note. Raises Gone.
        """
        return None

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

    async def is_copied(self, call: Call) -> bool:
        """Whether the copy `call.snapshot_name` is there, or `snapshot` makes none; asked after a lost `snapshot`."""
        return True

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Take the removal of the copy `call.snapshot_name` on; None once there is none. Repeated until then."""
        return None

    def restored(self, properties: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
        """The properties of a definition, functions in them unresolved, with which the copy noted in `data` is used."""
        return dict(properties)

    def filled(self, data: Mapping[str, str]) -> Mapping[str, Any]:
        """What its object was filled from last, by what is noted in `data`: `{property that says so: value}`."""
        return {}

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

    # ---- agents in servers ----

    async def tell(self, call: Call, metadata: Mapping[str, Any]) -> None:
        """Put what an agent in the object is to read where it looks for it, unless that is the API."""

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

    def capacity(self, template: Mapping[str, Any]) -> int:
        """For types that scale: how many members a nested template has."""
        raise NotImplementedError(f"{self.type_name} does not scale")

    def cools_for(self, call: Call) -> float | None:
        """For types that scale: seconds after a change of size in which there is no other."""
        return None

    def further(self, call: Call) -> Wait | None:
        """Whether `child` has more to bring now that the nested stack's action ended well: None when it has not.

        Otherwise after how many seconds `child` is to be asked again. Asked once more when they have passed.
        """
        return None
