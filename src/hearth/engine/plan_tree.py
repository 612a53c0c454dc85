"""A plan with the plans of all nested stacks: the same ones that the engine makes when it gets there.

A nested stack's plan is made of what its owner will be given, as far as that is known before the action. Where what is
in it depends on values that are not known yet, the tree says so. Nested stacks in which nothing will change are found
out first, so that whoever reads from them is not taken for uncertain; plans are made anew until no more are found.
"""

import dataclasses

from hearth.engine import actions, contents, context, definitions, launch, nesting, preview, staging
from hearth.engine.run import Run
from hearth.engine.survey import Survey
from hearth.model import plan, waivers
from hearth.model.errors import BadRequest
from hearth.model.states import Action
from hearth.resources import contract, partial
from hearth.resources.blueprint import Blueprint, Member, Surroundings
from hearth.store.rows import ResourceRow, StackRow


@dataclasses.dataclass(slots=True)
class Inside:
    """What happens in the nested stack of a step. `removed`: in the one that goes with a replaced resource."""

    made: "PlanTree | None" = None
    removed: "PlanTree | None" = None
    unknown: str | None = None


@dataclasses.dataclass(slots=True)
class PlanTree:
    """One stack's plan, and by place in its steps what follows in nested stacks.

    `before` and `wanted`: what the stack was and is to be made of; None where there is nothing.
    """

    prepared: actions.Prepared
    before: Blueprint | None
    wanted: Blueprint | None
    new_ids: dict[str, str]  # the row ids that what is to be made will have, by name
    inside: dict[int, Inside] = dataclasses.field(default_factory=dict)
    course: staging.Course | None = None
    is_stirred: bool = False  # whether objects that it is given change in place
    changed_first: frozenset[str] = frozenset()  # names that are changed in a batch, and removed in a later one

    @property
    def made(self) -> plan.Plan:
        return self.prepared.plan

    @property
    def stack(self) -> StackRow:
        return self.prepared.stack

    @property
    def run(self) -> Run:
        return self.prepared.run

    @property
    def is_quiet(self) -> bool:
        """Whether nothing that can be seen of the stack changes."""
        return (
            not (self.changes or self._tells_more)
            and self.before is not None
            and _same_outputs(self.before, self.wanted)
        )

    @property
    def _tells_more(self) -> bool:
        """Whether what stays as it is may tell something else, as objects outside change."""
        for number, step in enumerate(self.made.steps):
            if number not in self.inside and step.judgement.effect is not plan.Effect.NONE:
                return True
        return any(one.made is not None and one.made._tells_more for one in self.inside.values())

    @property
    def changes(self) -> bool:
        """Whether anything in the stack changes, or may."""
        if self.course is not None and self.course.temporary:
            return True
        return any(self.changes_at(number, step) for number, step in enumerate(self.made.steps))

    @property
    def is_there(self) -> bool:
        """Whether the stack exists."""
        return self.before is not None or self.made.action is Action.DELETE

    def changes_at(self, number: int, step: plan.Step) -> bool:
        """Whether a step changes anything, or may; the owner of a nested stack is gone through in any case."""
        if number in self.inside and step.verdict is plan.Verdict.UPDATE:
            inside = self.inside[number]
            return inside.made is None or inside.made.changes
        return step.verdict is not plan.Verdict.KEEP or not step.judgement.certain


class Growing:
    """Makes plan trees."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._definitions = kept
        self._actions = actions.Actions(surroundings, kept)

    async def tree(
        self,
        survey: Survey,
        stack: StackRow,
        action: Action,
        wanted: Blueprint | None,
        definition_id: str,
        *,
        before: Blueprint | None = None,
        waived: waivers.Waivers = waivers.NONE,
        stirred: bool = False,
    ) -> PlanTree:
        """Plan an action on a stack of the survey, or on a new one, with everything nested in it.

        `stirred`: see `launch.planned`.
        """
        ground = survey.grounds.get(stack.id, actions.Ground())
        quiet: frozenset[str] = frozenset()
        former: PlanTree | None = None
        while True:
            prepared = self._actions.planned(
                ground, stack, action, wanted, definition_id, quiet=quiet, waived=waived, stirred=stirred
            )
            new_ids = {row.name: row.id for row in prepared.traversal.new_rows}
            grown = PlanTree(prepared, before, wanted, new_ids, is_stirred=stirred)
            await self._grow(survey, grown, former)
            found = _quiet(grown) - quiet
            if not _is_read(wanted, found):
                return grown
            quiet |= found
            former = grown

    async def _grow(self, survey: Survey, owner: PlanTree, former: PlanTree | None) -> None:
        """Add what is inside; `former`: the same as planned before more was known."""
        for number, step in enumerate(owner.made.steps):
            row = owner.run.rows.get(step.row_id) if step.row_id else None
            existing = survey.owned.get(row.id) if row is not None else None
            member = owner.wanted.members.get(step.name) if owner.wanted else None
            nests = step.verdict is not plan.Verdict.DELETE and member is not None and member.type.nests
            if existing is None and not nests:
                continue
            if former is not None and number in former.inside and _is_alike(former.made.steps[number], step):
                owner.inside[number] = former.inside[number]
                continue
            inside = owner.inside[number] = Inside()
            if existing is not None and step.verdict in (plan.Verdict.DELETE, plan.Verdict.REPLACE):
                waived = owner.run.traversal.waivers.inside(existing.owner_resource_id or "")
                inside.removed = await self._removed(survey, existing, waived)
            if nests and member is not None:
                kept = None if step.verdict is plan.Verdict.REPLACE else existing
                await self._follow(survey, owner, member, step, kept, inside)

    async def _removed(self, survey: Survey, stack: StackRow, waived: waivers.Waivers) -> PlanTree:
        return await self.tree(survey, stack, Action.DELETE, None, actions.NOTHING, waived=waived)

    async def _follow(
        self,
        survey: Survey,
        owner: PlanTree,
        member: Member,
        step: plan.Step,
        existing: StackRow | None,
        inside: Inside,
    ) -> None:
        assert owner.wanted is not None
        part = owner.wanted.part_inside(step.name)
        if step.verdict is plan.Verdict.REPLACE and not part.is_whole:
            raise BadRequest(partial.goes_as_a_whole(part))
        view = await self._view(survey, existing) if existing is not None and member.type.looks_inside else None
        call = self._call(owner, member, step, existing is None, view)
        try:
            course = staging.follow(member.type, call)
            made = await self._made(survey, owner, member, call, course, existing)
        except (contract.NotKnownYet, contract.Unfetched) as later:
            if not part.is_whole:
                raise BadRequest(partial.shows_later(part, str(later))) from later
            inside.unknown = f"{later}; what is in it shows when that is there"
            return
        except contract.Permanent as failure:
            inside.unknown = f"it fails: {failure}"
            return
        if len(course.stages) > 1:
            made.course = course
            before = staging.resources_of(contract.ChildStack(view.template)) if view is not None else {}
            made.changed_first = frozenset(course.changed(before)) - course.stages[-1].keys()
        inside.made = made

    def _call(
        self, owner: PlanTree, member: Member, step: plan.Step, is_new: bool, view: contract.ChildView | None
    ) -> contract.Call:
        """What the engine will ask the type with."""
        name = step.name
        row = owner.run.rows.get(step.row_id or "")
        if row is None or step.verdict is plan.Verdict.REPLACE:
            row_id = owner.new_ids.get(name) or self._context.new_id()
            definition_id, now = owner.run.traversal.definition_id, self._context.now()
            row = launch.new_row(row_id, owner.stack.id, member, definition_id, now)
        values = dict(step.judgement.after or member.values)
        action = Action.CREATE if is_new else Action.UPDATE
        return owner.run.call(row, member.type, properties=values, action=action, data=dict(row.data), child=view)

    async def _made(
        self,
        survey: Survey,
        owner: PlanTree,
        member: Member,
        call: contract.Call,
        course: staging.Course,
        existing: StackRow | None,
    ) -> PlanTree:
        assert owner.wanted is not None
        end, name, now = course.end, member.definition.name, self._context.now()
        stack = existing or nesting.new_stack(
            self._context.new_id(), owner.stack, call.resource_id, name, call.physical_name, now
        )
        where = Surroundings(
            stack.id, stack.name, stack.project_id, None, owner.stack.depth + 1, preview.facade_of(member)
        )
        origin = owner.wanted.origin(name)
        environment = origin.child_environment(name, end)
        files = origin.files if end.files is None else end.files
        built, findings = self._definitions.builder.build(end.template, environment, files, where, name=end.source)
        if built is None:
            raise contract.Permanent(findings.errors[0].as_text())
        before = await self._definitions.blueprint(existing.definition_id, existing) if existing else None
        part = owner.wanted.part_inside(name)
        if not part.is_whole:
            built, _ = partial.applied(built, before, part)
        action = Action.UPDATE if existing else Action.CREATE
        used = owner.wanted.members[name].requires
        changed = any(one.judgement.effect is not plan.Effect.NONE for one in owner.made.steps if one.name in used)
        stirred = existing is not None and (owner.is_stirred or changed)
        return await self.tree(survey, stack, action, built, self._context.new_id(), before=before, stirred=stirred)

    async def _view(self, survey: Survey, stack: StackRow) -> contents.StackContents:
        rows = survey.grounds[stack.id].rows
        working = await self._definitions.reading_run(stack, rows, self._context)

        async def contents_of(row: ResourceRow) -> contract.ChildView | None:
            inner = survey.owned.get(row.id)
            return await self._view(survey, inner) if inner is not None else None

        return contents.StackContents(working, rows, contents_of)


def _quiet(grown: PlanTree) -> frozenset[str]:
    """Names of nested stacks in which nothing changes."""
    return frozenset(
        step.name
        for number, step in enumerate(grown.made.steps)
        if step.verdict is plan.Verdict.UPDATE
        and (inside := grown.inside.get(number)) is not None
        and inside.made is not None
        and inside.made.is_quiet
    )


def _is_read(wanted: Blueprint | None, names: frozenset[str]) -> bool:
    return bool(names) and any(
        not names.isdisjoint(member.requires) for member in (wanted.members.values() if wanted else ())
    )


def _is_alike(one: plan.Step, other: plan.Step) -> bool:
    return (one.row_id, one.verdict, one.judgement.after) == (other.row_id, other.verdict, other.judgement.after)


def _same_outputs(before: Blueprint, after: Blueprint | None) -> bool:
    if after is None:
        return False
    old, new = (dict(one.template.raw.get(one.template.key("outputs")) or {}) for one in (before, after))
    if old != new:
        return False
    return not old or (before.parameters.native() == after.parameters.native() and before.files == after.files)
