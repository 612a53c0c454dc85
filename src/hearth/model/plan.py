"""From (what is, what is wanted) to a plan: one pure function, shown by preview and executed by the engine.

Theory, in three rules:

* A name that is wanted gets one *present* row or none; what becomes of it is a judgement (create, update, replace,
  keep), made in dependency order, because a judgement may need values of resources that this very action changes.
  Such values are `UNKNOWN` then, the judgement names the `others` that it may come to instead, and the engine makes it
  again at the moment when they are known, by the same function.
* Whatever depends, directly or not, on something that changes gets a node too, even if it will most likely be kept.
  What has no changed ancestor has no node: the cost of an update is that of what it touches.
* Rows that are not wanted (any more) are removed after everything that used them has let go: dependents first, in
  reverse order, and after the update of whoever used the old object.

                 net' (replace)                    converge(net) ──► converge(port) ──► converge(server)
    net ◄─ port ◄─ server              nodes:                            │                   │
                                                                          └──► remove(old net) ◄┘
"""

import dataclasses
import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from hearth.graph import dag
from hearth.model.states import Action, Status


class Verdict(enum.StrEnum):
    """What an update means for a resource."""

    KEEP = "keep"
    UPDATE = "update"
    REPLACE = "replace"
    REFUSE = "refuse"
    CREATE = "create"
    DELETE = "delete"


#: What can become of what is there, the gravest last.
GRAVITY = (Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE, Verdict.REFUSE)


def lighter(than: Verdict, lightest: Verdict) -> frozenset[Verdict]:
    """The verdicts from the lightest up to, and without, the one given."""
    return frozenset(GRAVITY[GRAVITY.index(lightest) : GRAVITY.index(than)])


class Work(enum.StrEnum):
    """What a node of a traversal is there to do."""

    CONVERGE = "converge"  # bring a resource to the definition: create, update, replace or keep
    REMOVE = "remove"  # delete what is no longer wanted
    TIDY = "tidy"  # delete it if it turned out to need a replacement
    VISIT = "visit"  # suspend, resume or check what is there, as the traversal's action says


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the reason a user reads in the plan, and the property keys that led to it.

    `error` is the error type by which a refusal is known.
    """

    verdict: Verdict
    reason: str = ""
    keys: tuple[str, ...] = ()
    error: str = "NotSupported"


class Row(Protocol):
    """A resource as the store has it, as far as a plan needs to know it."""

    id: str
    name: str
    action: Action
    status: Status
    requires: list[str]
    definition_id: str | None
    replaced_by: str | None
    created_at: float


R = TypeVar("R", bound=Row)


class Effect(enum.IntEnum):
    """What an action does to what others can see of a resource."""

    NONE = 0  # reference and attributes stay as they are
    ATTRIBUTES = 1  # attributes may change
    IDENTITY = 2  # the reference changes too


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """What one wanted resource will meet. `before` and `after` are properties by key, `after` maybe with `UNKNOWN`.

    `others`: what it may come to instead, once everything is known. The decision is the gravest, but for an update that
    finds only when it is made that another object is needed.
    `attended`: it is looked at during the action even if it is kept.
    `gives_up`: if it is replaced, what the present object gives up before there is another, in words; empty: nothing.
    """

    decision: Decision
    effect: Effect
    others: frozenset[Verdict] = frozenset()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    attended: bool = False
    gives_up: str = ""

    @property
    def certain(self) -> bool:
        """Whether nothing else can come."""
        return not self.others

    @property
    def allowed(self) -> frozenset[Verdict]:
        """All that can come."""
        return self.others | {self.decision.verdict}


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One resource in the plan. `row_id` is the present row, None when there is none yet."""

    name: str
    row_id: str | None
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        return self.judgement.decision.verdict


@dataclasses.dataclass(frozen=True, slots=True)
class PlanNode:
    """One piece of work. `row_id` None: the row that `name` gets when the traversal begins. `needs`: node numbers."""

    name: str
    row_id: str | None
    work: Work
    needs: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Everything an action will do, in an order in which it can be done."""

    action: Action
    steps: tuple[Step, ...]
    nodes: tuple[PlanNode, ...]

    def named(self, verdict: Verdict) -> list[Step]:
        """The steps with that verdict."""
        return [step for step in self.steps if step.verdict is verdict]


#: Judges one wanted name against its present row, given the effects of all it depends on.
Judge = Callable[[str, Row | None, Mapping[str, Effect]], Judgement]

_REMOVAL = Decision(Verdict.DELETE, "no longer in the template")
_END = Decision(Verdict.DELETE, "the stack is deleted")
_LEFTOVER = Decision(Verdict.DELETE, "was replaced")
_MAKING = frozenset({Verdict.CREATE, Verdict.REPLACE})
_KEEPING = frozenset({Verdict.KEEP, Verdict.UPDATE})
_UNTOUCHED = Decision(Verdict.KEEP, "it is left out")
#: What a running traversal can still make of a row.
_IN_FLIGHT = frozenset({Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE, Verdict.CREATE})


def make(
    action: Action,
    requires: Mapping[str, Collection[str]],
    rows: Sequence[Row],
    judge: Judge,
    *,
    definition_id: str | None = None,
    busy: Collection[str] = (),
    untouched: Collection[str] = (),
) -> Plan:
    """Plan an action.

    Args:
        requires: what is wanted: `{resource name: names it needs}`, needs among the names, without circles.
        rows: what is.
        definition_id: of the definition wanted; rows already made for it are preferred.
        busy: ids of rows that a running traversal may still change.
        untouched: names of which nothing is to be done, whatever happens around them.
    """
    present, leftover = _choose(rows, requires, definition_id)
    kept_back = _kept_back(leftover, requires, busy)
    steps: list[Step] = []
    effects: dict[str, Effect] = {}
    touched: set[str] = set()
    for name in dag.order(requires):
        row = present.get(name)
        if row is not None and name in untouched:
            steps.append(Step(name, row.id, Judgement(_UNTOUCHED, Effect.NONE)))
            effects[name] = Effect.NONE
            continue
        judgement = judge(name, row, effects)
        if judgement.decision.verdict in _MAKING:
            for former in kept_back.get(name, ()):
                again = judge(name, former, effects)
                if _is_kept(former, again, judgement):
                    leftover.remove(former)
                    leftover += [row] if row is not None else []
                    leftover.sort(key=lambda one: one.created_at)
                    present[name] = row = former
                    # Others have what they read from the row that was to take its place.
                    judgement = dataclasses.replace(again, effect=Effect.IDENTITY, attended=True)
                    break
        if row is not None and row.id in busy:
            # How it comes out of what is under way decides, and so do the values that others read of it.
            others = _IN_FLIGHT - {judgement.decision.verdict}
            judgement = dataclasses.replace(judgement, effect=Effect.IDENTITY, others=others, attended=True)
        steps.append(Step(name, row.id if row else None, judgement))
        effects[name] = judgement.effect
        if (
            judgement.decision.verdict is not Verdict.KEEP
            or not judgement.certain
            or judgement.attended
            or (row is not None and set(row.requires) != set(requires[name]))
            or any(one in touched for one in requires[name])
        ):
            touched.add(name)
    nodes = _nodes(steps, touched, requires, present, leftover)
    removals = [
        Step(row.name, row.id, Judgement(_removal(action, row, requires), Effect.IDENTITY))
        for row in reversed(leftover)
        if not is_deleted(row)
    ]
    return Plan(action, (*steps, *removals), tuple(nodes))


def _kept_back(leftover: Sequence[Row], wanted: Collection[str], busy: Collection[str]) -> dict[str, list[Row]]:
    """Rows by name whose objects are still there, the newest first: they need not be made again.

    They were replaced by an action that did not come to its end, or their removal failed or may be failing. A subnet
    that could not be removed, for one, stands in the way of another with the same addresses.
    """
    found: dict[str, list[Row]] = {}
    for row in reversed(leftover):
        is_leaving = row.action is Action.DELETE and row.status is Status.IN_PROGRESS and row.id in busy
        if row.name in wanted and (is_leaving or _removal_failed(row) or _is_at_rest(row)):
            found.setdefault(row.name, []).append(row)
    return found


def _removal_failed(row: Row) -> bool:
    return (row.action, row.status) == (Action.DELETE, Status.FAILED)


def _is_at_rest(row: Row) -> bool:
    return row.status is Status.COMPLETE and row.action not in (Action.DELETE, Action.INIT)


def _is_kept(former: Row, again: Judgement, instead: Judgement) -> bool:
    """Whether a former row is used, by what becomes of it, instead of making another object."""
    if former.action is Action.DELETE:
        return bool(again.allowed & _KEEPING)
    return instead.certain and again.decision.verdict in _KEEPING


def stranded(made: Plan, rows: Sequence[Row], untouched: Collection[str]) -> list[tuple[str, Step]]:
    """What nothing is to be done of, with the step by which the object that it uses goes, or may go."""
    going = {
        step.name: step
        for step in made.steps
        if not step.judgement.allowed.isdisjoint((Verdict.REPLACE, Verdict.DELETE))
    }
    return [
        (row.name, going[one])
        for row in rows
        if row.name in untouched and not is_deleted(row)
        for one in row.requires
        if one in going
    ]


def _removal(action: Action, row: Row, wanted: Collection[str]) -> Decision:
    if row.name in wanted:
        return _LEFTOVER
    return _END if action is Action.DELETE else _REMOVAL


#: Actions that go from users to used, as a deletion does.
REVERSED = frozenset({Action.SUSPEND})


def visit(action: Action, rows: Sequence[Row]) -> Plan:
    """Plan an action that takes every resource as it is: suspend, resume, check."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    chosen = ((name, best(several, None)) for name, several in by_name.items())
    present = {name: row for name, row in chosen if row is not None}
    needs = {name: [one for one in row.requires if one in present and one != name] for name, row in present.items()}
    if action in REVERSED:
        needs = dag.dependents(needs)
    numbers: dict[str, int] = {}
    nodes: list[PlanNode] = []
    for name in dag.order(needs):
        numbers[name] = len(nodes)
        nodes.append(PlanNode(name, present[name].id, Work.VISIT, tuple(numbers[one] for one in needs[name])))
    steps = tuple(
        Step(node.name, node.row_id, Judgement(Decision(Verdict.UPDATE, action.lower()), Effect.ATTRIBUTES))
        for node in nodes
    )
    return Plan(action, steps, tuple(nodes))


def _choose(
    rows: Sequence[Row], wanted: Collection[str], definition_id: str | None
) -> tuple[dict[str, Row], list[Row]]:
    """The row to use for each wanted name, and all others, oldest first."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if row.name in wanted:
            by_name.setdefault(row.name, []).append(row)
    chosen_rows = ((name, best(several, definition_id)) for name, several in by_name.items())
    present = {name: row for name, row in chosen_rows if row is not None}
    chosen = {row.id for row in present.values()}
    leftover = [row for row in rows if row.id not in chosen]
    leftover.sort(key=lambda row: row.created_at)
    return present, leftover


def best(rows: Iterable[R], definition_id: str | None) -> R | None:
    """The row to use for a name that has several, None when all are deleted."""
    alive = [row for row in rows if not is_deleted(row)]
    return max(alive, key=lambda row: _worth(row, definition_id), default=None)


def is_deleted(row: Row) -> bool:
    """Whether its object is gone, and only the row is left."""
    return row.action is Action.DELETE and row.status is Status.COMPLETE


def _worth(row: Row, definition_id: str | None) -> tuple[bool, bool, bool, bool, float]:
    """Spec: lifecycle facts, "which row is used for a name with several rows"."""
    return (
        row.status is not Status.FAILED,
        row.action is not Action.DELETE,
        definition_id is not None and row.definition_id == definition_id,
        row.replaced_by is None,
        row.created_at,
    )


def _nodes(
    steps: Sequence[Step],
    touched: Collection[str],
    requires: Mapping[str, Collection[str]],
    present: Mapping[str, Row],
    leftover: Sequence[Row],
) -> list[PlanNode]:
    nodes: list[PlanNode] = []
    converge: dict[str, int] = {}
    for step in steps:
        if step.name in touched:
            needs = tuple(converge[one] for one in requires[step.name] if one in converge)
            converge[step.name] = len(nodes)
            nodes.append(PlanNode(step.name, step.row_id, Work.CONVERGE, needs))

    # Rows that go, or may have to go: a touched row that exists may turn out to need a replacement.
    unwanted = {row.id for row in leftover}
    going = list(leftover) + [present[step.name] for step in steps if step.name in touched and step.name in present]
    users: dict[str, list[Row]] = {row.name: [] for row in going}  # {name: going rows that use it}
    for row in going:
        for one in row.requires:
            if one in users and one != row.name:
                users[one].append(row)
    used_by_new: dict[str, list[int]] = {name: [] for name in users}
    for name, number in converge.items():
        for one in requires[name]:
            if one in used_by_new:
                used_by_new[one].append(number)

    rows_of: dict[str, list[Row]] = {}
    for row in going:
        rows_of.setdefault(row.name, []).append(row)
    numbers = {row.id: len(nodes) + offset for offset, row in enumerate(going)}
    for row in going:
        needed: set[int] = {numbers[user.id] for user in users[row.name]}
        needed.update(converge[user.name] for user in users[row.name] if user.name in converge)
        needed.update(used_by_new[row.name])
        if row.name in converge:
            needed.add(converge[row.name])
        # A replacement that is itself in the way goes before what it replaced.
        needed.update(numbers[one.id] for one in rows_of[row.name] if one.created_at > row.created_at)
        work = Work.REMOVE if row.id in unwanted else Work.TIDY
        nodes.append(PlanNode(row.name, row.id, work, tuple(sorted(needed))))
    return _without_circles(nodes)


def _without_circles(nodes: list[PlanNode]) -> list[PlanNode]:
    """Rows of different definitions can need each other, if an action failed half-way; then one removal goes first."""
    while True:
        try:
            dag.order({number: node.needs for number, node in enumerate(nodes)})
        except dag.CycleError as circle:
            first, second = circle.nodes[0], circle.nodes[1]
            assert isinstance(first, int)
            kept = tuple(one for one in nodes[first].needs if one != second)
            nodes[first] = dataclasses.replace(nodes[first], needs=kept)
        else:
            return nodes
