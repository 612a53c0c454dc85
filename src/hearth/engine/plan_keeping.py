"""Plans that are kept: shown again, and applied exactly as they are, or refused with what has moved since.

A kept plan holds what it was made on: the state of the whole tree of stacks, in short, and what names stood for in the
cloud. All of it is compared in the transaction that begins the action; the rows and nodes stored there come from the
plan itself. What could not be known when the plan was made is decided later, within what the plan allows
(`model.bounds`).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import (
    acceptance,
    actions,
    adoption,
    authority,
    context,
    definitions,
    holding,
    lookups,
    masking,
    plan_view,
    survey,
    treating,
)
from hearth.engine.planning import Drawn
from hearth.model import bounds, plan, waivers
from hearth.model.drift import Treated, Treatment
from hearth.model.errors import BadRequest, HearthError, LimitExceeded, NotFound, StackExists
from hearth.model.holds import Change
from hearth.model.names import StackIdentity
from hearth.model.plan import Decision, Effect, Judgement, PlanNode, Step, Verdict, Work
from hearth.model.plan_document import PlanDocument
from hearth.model.states import Action, Status
from hearth.resources import findable, finders
from hearth.store import Store, fingerprints, plans, purging, stacks
from hearth.store.codec import digest, encode
from hearth.store.fingerprints import Fingerprint
from hearth.store.plans import PlanRow
from hearth.store.rows import StackRow, TraversalRow

#: How many things that have moved are told.
MOST_TOLD = 50


class PlanOutdated(HearthError):
    """What a plan was made on has moved."""

    kind = "PlanOutdated"
    status = 409

    def __init__(self, plan_id: str, moved: Sequence[str]) -> None:
        told = list(moved[:MOST_TOLD])
        if len(moved) > MOST_TOLD:
            told.append(f"and {len(moved) - MOST_TOLD} more")
        super().__init__(f"Plan {plan_id} is outdated: {'; '.join(told)}. Make a new plan.")
        self.moved = told


class PlanUnusable(HearthError):
    """A plan that cannot be applied, whatever there is now."""

    kind = "PlanUnusable"
    status = 409


@dataclasses.dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made on, and what it is carried out by; see `store.plans`.

    `steps`: name, row id, verdict, whether it is certain. `nodes`: name, row id, work, needs. `names`: kind, name, id,
    and the name as it may be shown. `refused`: what the plan itself says cannot be. `converge`: it puts right what had
    drifted when the plan was made. `decided`: about drift together with it, by stack; `lapsed`: decisions about
    the root's resources that end. `waived`: what it leaves undone.
    """

    root_id: str
    steps: list[tuple[str, str | None, str, bool]]
    nodes: list[tuple[str, str | None, str, list[int]]]
    fingerprint: Fingerprint
    stack: dict[str, Any] | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    protection: bool | None = None
    adopted: dict[str, Any] | None = None
    names: list[tuple[str, str, str, str]] = dataclasses.field(default_factory=list)
    types: list[str] = dataclasses.field(default_factory=list)
    refused: list[str] = dataclasses.field(default_factory=list)
    converge: bool = False
    decided: dict[str, Any] = dataclasses.field(default_factory=dict)
    lapsed: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    waived: dict[str, Any] | None = None


class PlanDeviation(HearthError):
    """What failed would go on in another way than its plan says."""

    kind = "PlanDeviation"
    status = 409


async def bounds_of(store: Store, traversal: TraversalRow, *, resumed: bool = False) -> bounds.Bounds | None:
    """What the plan that a traversal carries out allows; None: anything. `resumed`: to a traversal that goes on."""
    plan_id = traversal.plan_id
    if plan_id is None:
        return None
    shown = await store.read(lambda connection: plans.document(connection, store.codec, plan_id))
    if shown is None:
        return None
    found: bounds.Bounds | None = bounds.of(msgspec.convert(shown, PlanDocument).stack)
    for name in filter(None, traversal.plan_path.split("/")):
        found = found.inside.get(name) if found is not None else None
    return found.resumed() if found is not None and (resumed or traversal.waivers.resumed) else found


async def bind_again(store: Store, prepared: actions.Prepared, former: TraversalRow) -> None:
    """Hold an action that goes on where it failed to the plan that it was begun by, if there is one still.

    Raises:
        PlanDeviation: it would do something else by now.
    """
    allowed = await bounds_of(store, former, resumed=True)
    if allowed is None or former.plan_id is None:
        return
    deviations = allowed.deviations(prepared.plan)
    if deviations:
        raise PlanDeviation(
            f"It cannot go on with plan {former.plan_id}: {'; '.join(deviations[:MOST_TOLD])}. "
            f"Or go on without the plan: `hearth stack plans --drop {former.plan_id}`, then try again."
        )
    prepared.bind(former.plan_id, former.plan_path, allowed)


class PlanKeeping:
    """Keeps plans and applies them."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        accepting: acceptance.Acceptance,
        holds: holding.Holding,
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners
        self._acceptance = accepting
        self._holding = holds
        self._actions = actions.Actions(surroundings, kept)

    # ---- keeping

    async def keep(self, caller: tokens.Caller, drawn: Drawn, document: PlanDocument) -> PlanRow:
        """Keep a plan for a while.

        Raises:
            LimitExceeded: the project has too many of them.
        """
        stack, wish, now = drawn.tree.stack, drawn.wish, self._context.now()
        row = PlanRow(
            id=self._context.new_id(),
            project_id=stack.project_id,
            user_id=caller.user_id,
            username=caller.user_name,
            stack_id=stack.id,
            stack_name=stack.name,
            action=drawn.tree.made.action.value,
            definition_id=wish.definition_id if wish is not None else actions.NOTHING,
            digest=digest(encode(msgspec.to_builtins(document))),
            created_at=now,
            expires_at=now + self._context.settings.plan_expires_after,
        )
        basis = await self._basis(caller, drawn, document)
        codec = self._store.codec

        def store(connection: sa.Connection) -> None:
            limit = self._context.settings.max_plans_per_tenant
            if 0 <= limit <= plans.count(connection, row.project_id, now) and not caller.is_admin:
                raise LimitExceeded(f"The project has {limit} plans that wait to be applied, the most allowed.")
            if wish is not None:
                secret = wish.built.has_secrets
                definitions.put(connection, codec, row.definition_id, stack.id, wish.material, now, secret=secret)
            plans.insert(connection, codec, row, document, basis)

        await self._store.write(store)
        return row

    async def _basis(self, caller: tokens.Caller, drawn: Drawn, document: PlanDocument) -> Basis:
        tree, wish = drawn.tree, drawn.wish
        made, is_new = tree.made, not drawn.fingerprint.stacks
        names: list[tuple[str, str, str, str]] = []
        types = {row.type for row in tree.run.rows.values()} if wish is None else wish.accepted.types
        if wish is not None and wish.accepted.checks:
            mask = masking.of(tree.run, tree.before, tree.wanted)
            session = await self._authority.caller_session(caller)
            asked = [(one.kind, str(one.value)) for one in wish.accepted.checks]
            found = await lookups.identify(session, asked)
            names = [(*pair, one, mask.value(pair[1])) for pair, one in found.items() if one is not None]
        return Basis(
            root_id=tree.stack.root_id,
            steps=[(one.name, one.row_id, one.verdict.value, one.judgement.certain) for one in made.steps],
            nodes=[(one.name, one.row_id, one.work.value, list(one.needs)) for one in made.nodes],
            fingerprint=drawn.fingerprint,
            stack=_stack_to_wire(tree.stack) if is_new else None,
            columns=wish.columns if wish is not None else {},
            protection=wish.protection if wish is not None else None,
            adopted=dict(wish.adopted) if wish is not None and wish.adopted is not None else None,
            names=names,
            types=sorted(types),
            refused=plan_view.refusals(document.stack),
            converge=tree.run.traversal.converge,
            decided={stack_id: one.to_wire() for stack_id, one in drawn.decided.items()},
            lapsed=[(one.name, one.property) for one in tree.run.lapsed],
            waived=tree.run.traversal.waivers.to_wire(),
        )

    async def show(self, caller: tokens.Caller, tenant: str, plan_id: str) -> tuple[PlanRow, PlanDocument]:
        """A kept plan of the project."""
        codec = self._store.codec

        def query(connection: sa.Connection) -> tuple[PlanRow | None, Any]:
            return plans.by_id(connection, plan_id), plans.document(connection, codec, plan_id)

        row, document = await self._store.read(query)
        row = self._own(caller, tenant, plan_id, row)
        return row, msgspec.convert(document, PlanDocument)

    async def listed(self, caller: tokens.Caller, tenant: str, stack: str | None = None) -> list[PlanRow]:
        """The kept plans of a project, or of one stack (its name or id), newest first."""
        now, project = self._context.now(), self._project(caller, tenant)
        return await self._store.read(lambda connection: plans.listed(connection, project, now, stack))

    async def forget(self, caller: tokens.Caller, tenant: str, plan_id: str) -> None:
        """Drop a kept plan; what it has begun goes on.

        Raises:
            PlanUnusable: it is being carried out.
        """
        row = await self._store.read(lambda connection: plans.by_id(connection, plan_id))
        row = self._own(caller, tenant, plan_id, row, outdated=True)

        def store(connection: sa.Connection) -> None:
            if plans.is_carried_out(connection, row.id):
                raise PlanUnusable(f"Plan {row.id} is being carried out; it can be dropped when that has ended.")
            purging.remove_plan(connection, row.id, row.definition_id)

        await self._store.write(store)

    async def find(self, caller: tokens.Caller, tenant: str, plan_id: str) -> PlanRow:
        """A kept plan of the project, without what is in it."""
        return self._own(
            caller, tenant, plan_id, await self._store.read(lambda connection: plans.by_id(connection, plan_id))
        )

    async def waived(self, row: PlanRow) -> frozenset[waivers.Waiver]:
        """What a plan leaves undone for resources."""
        codec = self._store.codec
        stored = await self._store.read(lambda connection: plans.basis(connection, codec, row.id))
        asked = waivers.Waivers.from_wire((stored or {}).get("waived"))
        return frozenset({*asked.of_rows.values(), *filter(None, [asked.of_all])})

    def _own(
        self, caller: tokens.Caller, tenant: str, plan_id: str, row: PlanRow | None, *, outdated: bool = False
    ) -> PlanRow:
        """`outdated`: also one whose time is over, by which a failed action may still go."""
        is_over = row is not None and row.expires_at <= self._context.now() and not outdated
        if row is None or is_over or row.project_id != self._project(caller, tenant):
            raise NotFound("Plan", plan_id)
        return row

    @staticmethod
    def _project(caller: tokens.Caller, tenant: str) -> str:
        return tenant if caller.is_admin else caller.project_id or ""

    # ---- applying

    async def apply(self, caller: tokens.Caller, row: PlanRow, expected: str | None) -> StackIdentity:
        """Begin exactly what a plan says. `expected`: the digest of the plan that the caller has seen.

        Raises:
            BadRequest: that is another plan.
            PlanUnusable: it was applied already, or says itself that it cannot be carried out.
            PlanOutdated: with everything that is not as it was.
        """
        if expected is not None and expected != row.digest:
            raise BadRequest(f"digest: plan {row.id} is not the plan that was given; it has the digest {row.digest}.")
        codec = self._store.codec

        def query(connection: sa.Connection) -> tuple[PlanRow | None, Any, Any]:
            present = plans.by_id(connection, row.id)
            return present, plans.basis(connection, codec, row.id), plans.document(connection, codec, row.id)

        present, stored, shown = await self._store.read(query)
        if present is None:
            raise NotFound("Plan", row.id)
        if present.applied_at is not None:
            raise self._applied(row)
        basis = msgspec.convert(stored, Basis)
        if basis.refused:
            raise PlanUnusable(f"Plan {row.id} cannot be carried out: {'; '.join(basis.refused)}.")
        self._acceptance.need_types(caller, basis.types)
        await self._compare_names(caller, row, basis)
        document = msgspec.convert(shown, PlanDocument)
        if basis.stack is not None:
            return await self._apply_new(caller, row, basis, document)
        return await self._apply_to(caller, row, basis, document)

    @staticmethod
    def _applied(row: PlanRow) -> PlanUnusable:
        return PlanUnusable(f"Plan {row.id} was applied already; what it changed has to be planned anew.")

    async def _compare_names(self, caller: tokens.Caller, row: PlanRow, basis: Basis) -> None:
        """Whether the names in the definition stand for the same things as when the plan was made."""
        if not basis.names:
            return
        session = await self._authority.caller_session(caller)
        finders.forget(session)
        found = await lookups.identify(session, [(kind, name) for kind, name, _, _ in basis.names])
        moved = []
        for kind, name, was, shown in basis.names:
            present = found.get((kind, name))
            if present != was:
                noun = findable.FINDERS[kind].noun
                moved.append(f"{noun} {shown} was {was}, is {present or 'nothing, or several'}")
        if moved:
            raise PlanOutdated(row.id, moved)

    async def _apply_new(
        self, caller: tokens.Caller, row: PlanRow, basis: Basis, document: PlanDocument
    ) -> StackIdentity:
        assert basis.stack is not None
        now = self._context.now()
        stack = _stack_from_wire(basis.stack, caller, now)
        prepared = await self._prepared(stack, row, basis, document, survey.EMPTY)
        blueprint = prepared.run.blueprint
        assert blueprint is not None
        if basis.adopted is not None:
            adoption.fill(prepared.traversal.new_rows, basis.adopted, blueprint)
        if self._acceptance.needs_cloud(blueprint):
            stack.credential_id = await self._authority.delegate(caller)

        def store(connection: sa.Connection) -> None:
            self._take(connection, row, now)
            self._acceptance.require_room(connection, caller, stack.project_id)
            stacks.insert(connection, stack)
            if basis.protection:
                holding.protect(connection, stack.id, caller, "", now)
            self._actions.begin(connection, prepared)

        try:
            await self._acceptance.check_quota(caller, stack.project_id, stack.name)
            await self._store.write(store)
        except StackExists as taken:
            await self._authority.revoke(stack)
            raise PlanOutdated(row.id, [f"there is a stack named {taken.name} now"]) from taken
        except HearthError:
            await self._authority.revoke(stack)
            raise
        return StackIdentity(stack.project_id, stack.name, stack.id)

    async def _apply_to(
        self, caller: tokens.Caller, row: PlanRow, basis: Basis, document: PlanDocument
    ) -> StackIdentity:
        codec, now = self._store.codec, self._context.now()

        def query(connection: sa.Connection) -> tuple[survey.Survey, Fingerprint]:
            return survey.take(connection, codec, basis.root_id), fingerprints.take(connection, basis.root_id)

        surveyed, present = await self._store.read(query)
        self._compare(row, basis, present)
        decided = {stack_id: treating.Decided.from_wire(one) for stack_id, one in basis.decided.items()}
        looked_again = [told for key, one in decided.items() for told in one.outdated(surveyed.grounds[key].rows)]
        if looked_again:
            raise PlanOutdated(row.id, looked_again)
        stack = surveyed.stacks[row.stack_id]
        deletes = row.action == Action.DELETE
        change = Change.ALTER if not deletes else Change.DELETE if stack.owner_id is None else Change.TAKE_AWAY
        await self._holding.require(caller, stack, change)
        columns = {**basis.columns, "updated_at": now}
        stack.description = columns.get("description", stack.description)
        stack.timeout_mins = columns.get("timeout_mins", stack.timeout_mins)
        surveyed = surveyed.facing(decided, converge=basis.converge)
        prepared = await self._prepared(stack, row, basis, document, surveyed)
        prepared.run.lapsed = [Treated(*one, Treatment.ACCEPT) for one in basis.lapsed]
        blueprint = prepared.run.blueprint
        if stack.credential_id is None and blueprint is not None and self._acceptance.needs_cloud(blueprint):
            columns["credential_id"] = stack.credential_id = await self._authority.delegate(caller)
        await self._authority.take_over(caller, stack)

        def store(connection: sa.Connection) -> None:
            self._take(connection, row, now)
            self._compare(row, basis, fingerprints.take(connection, basis.root_id, hold=True))
            if not deletes:
                self._holding.set_protection(connection, caller, stack, basis.protection)
                if holding.leaves_nothing(prepared.plan):
                    self._holding.check(connection, caller, stack, Change.TAKE_AWAY)
            for stack_id, one in decided.items():
                one.store(connection, codec, stack_id, now, secret=prepared.traversal.secret)
            self._actions.begin(connection, prepared, **columns)

        await self._holding.change(caller, stack, change, store)
        return StackIdentity(stack.project_id, stack.name, stack.id)

    def _take(self, connection: sa.Connection, row: PlanRow, now: float) -> None:
        if not plans.take(connection, row.id, now):
            raise self._applied(row)

    @staticmethod
    def _compare(row: PlanRow, basis: Basis, present: Fingerprint) -> None:
        moved = fingerprints.moved(basis.fingerprint, present)
        if moved:
            raise PlanOutdated(row.id, moved)

    async def _prepared(
        self, stack: StackRow, row: PlanRow, basis: Basis, document: PlanDocument, surveyed: survey.Survey
    ) -> actions.Prepared:
        """The stored plan, ready to be begun."""
        made, ground = _plan_of(row, basis), surveyed.grounds.get(stack.id, actions.Ground())
        blueprint = None
        if row.definition_id != actions.NOTHING:
            blueprint = await self._definitions.blueprint(row.definition_id, stack)
        waived = waivers.Waivers.from_wire(basis.waived)
        prepared = self._actions.ready(ground, stack, made, blueprint, row.definition_id, waived)
        prepared.bind(row.id, "", bounds.of(document.stack))
        return prepared


#: An uncertain step may come to anything here: the bounds say what it may come to.
_OPEN = frozenset({Verdict.KEEP})


def _plan_of(row: PlanRow, basis: Basis) -> plan.Plan:
    steps = [
        Step(name, row_id, Judgement(Decision(Verdict(verdict)), Effect.NONE, frozenset() if certain else _OPEN))
        for name, row_id, verdict, certain in basis.steps
    ]
    nodes = [PlanNode(name, row_id, Work(work), tuple(needs)) for name, row_id, work, needs in basis.nodes]
    return plan.Plan(Action(row.action), tuple(steps), tuple(nodes))


#: What a new stack gets when it is made, not when it was planned.
_LATER = ("user_id", "username", "credential_id", "created_at", "action", "status")


def _stack_to_wire(stack: StackRow) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(stack).items() if name not in _LATER}


def _stack_from_wire(data: Mapping[str, Any], caller: tokens.Caller, now: float) -> StackRow:
    return StackRow(
        **data,
        user_id=caller.user_id,
        username=caller.user_name,
        credential_id=None,
        created_at=now,
        action=Action.CREATE,
        status=Status.IN_PROGRESS,
    )
