"""Begins an action: plans it, and turns the plan into rows and nodes for the store.

`planned` is pure but for reading the blueprint; `new_traversal` gives new rows their ids. The same plan object is what
preview shows and what is stored as nodes.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

from hearth.engine import hooks, judge, lookups, run, scope
from hearth.model import plan
from hearth.model.errors import BadRequest
from hearth.model.part import WHOLE
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import checking
from hearth.resources.blueprint import Member
from hearth.store.rows import ResourceRow
from hearth.store.traversals import NewNode, NewTraversal
from hearth.template import template

_CREATE = plan.Decision(plan.Verdict.CREATE, "is not there yet")
_SKIPPED = plan.Decision(plan.Verdict.KEEP, "is skipped by request")


def planned(
    action: Action,
    working: run.Run,
    rows: Sequence[ResourceRow],
    busy: Collection[str] = (),
    quiet: Collection[str] = (),
    *,
    stirred: bool = False,
) -> plan.Plan:
    """Plan an action on the stack of `working`, whose blueprint is what is wanted (None: nothing).

    `quiet`: names of nested stacks in which nothing will change, so that what is read of them stays. `stirred`: the
    stack is nested, and objects that it is given change in place.
    """
    working.note(rows)
    blueprint = working.blueprint
    requires = blueprint.requires if blueprint else {}
    by_id = {row.id: row for row in rows}
    busy = _with_rivals(busy, working, rows)
    is_first = not rows

    def ruled(name: str, row: plan.Row | None, effects: Mapping[str, plan.Effect]) -> plan.Judgement:
        assert blueprint is not None
        member = blueprint.members[name]
        values, metadata = member.values, member.definition.metadata
        if not (member.constant or is_first):
            seen = scope.RowScope(working.row_of, working.type_of, working.call, effects=effects)
            values, _ = checking.check(member.type, template.resolve(member.definition.properties, seen))
            metadata = template.resolve(metadata, seen)
        if row is None:
            return plan.Judgement(_CREATE, plan.Effect.IDENTITY, after=values)
        stored = by_id[row.id]
        if working.waiver(stored) is Waiver.SKIP:
            return plan.Judgement(_SKIPPED, plan.Effect.NONE, attended=True)
        reality = working.reality(stored).facing(values)
        working.lapsed += reality.lapsed(values)
        values = reality.effective(values)
        call = working.call(stored, member.type, previous=judge.previous(stored), properties=values)
        judgement = judge.rule(
            member,
            stored,
            working.type_of_row(stored),
            values,
            metadata,
            call,
            working.restricted(name),
            reality,
            resumed=working.traversal.waivers.resumed,
            refills=action is Action.RESTORE,
        ).judgement
        if action is Action.UPDATE and blueprint.environment.registry.hooks(name) & hooks.ON_UPDATE:
            judgement = dataclasses.replace(judgement, attended=True)  # it is to stop in any case
        if scope.unread(stored, member.type, member.reads) or lookups.UNTRANSLATED in stored.data:
            judgement = dataclasses.replace(judgement, attended=True)  # what others now read of it is not stored yet
        if judgement.decision.verdict is plan.Verdict.KEEP and scope.follows(member.type, member.reads):
            effect = max((effects[one] for one in member.requires), default=plan.Effect.NONE)
            judgement = dataclasses.replace(judgement, effect=min(effect, plan.Effect.ATTRIBUTES))
            if stirred:  # what changes around its stack may be what it uses
                judgement = dataclasses.replace(judgement, effect=plan.Effect.ATTRIBUTES, attended=True)
        if name in quiet:
            judgement = dataclasses.replace(judgement, effect=plan.Effect.NONE)
        return judgement

    part = blueprint.part if blueprint is not None and action is not Action.ROLLBACK else WHOLE
    untouched = part.own_excludes
    target = working.traversal.definition_id
    made = plan.make(action, requires, rows, ruled, definition_id=target, busy=busy, untouched=untouched)
    for name, step in plan.stranded(made, rows, untouched):
        raise BadRequest(
            f"{part.above}{name} is left out, but it uses {step.name}, which is to go or may be replaced "
            f"({step.judgement.decision.reason}): leave {step.name} out as well, or do not leave out {name}."
        )
    return made


def _with_rivals(busy: Collection[str], working: run.Run, rows: Sequence[ResourceRow]) -> set[str]:
    """The busy rows, and those that may have to give up something for one of them, or have it back."""
    names = {row.name for row in rows if row.id in busy}
    return {row.id for row in rows if row.id in busy or (row.name in names and _takes_turns(working, row.name))}


def _takes_turns(working: run.Run, name: str) -> bool:
    member = working.member(name)
    return member is not None and member.type.takes_turns


def new_traversal(
    made: plan.Plan,
    working: run.Run,
    rows: Sequence[ResourceRow],
    *,
    previous: int | None,
    new_id: Callable[[], str],
) -> NewTraversal:
    """The records by which the engine will carry out a plan."""
    stack, blueprint, draft = working.stack, working.blueprint, working.traversal
    definition_id, now = draft.definition_id, draft.created_at
    new_rows: list[ResourceRow] = []
    replaced: dict[str, str | None] = {}
    row_ids: dict[str, str] = {}
    were_replaced = {row.id for row in rows if row.replaced_by is not None}
    visited = {node.row_id for node in made.nodes if node.work is plan.Work.VISIT}
    for step in made.steps:
        # What may not be replaced after all gets its new row when that is known.
        is_replaced = step.verdict is plan.Verdict.REPLACE and step.judgement.certain
        if is_replaced or (step.verdict is plan.Verdict.CREATE and step.row_id is None):
            assert blueprint is not None
            member = blueprint.members[step.name]
            row = new_row(new_id(), stack.id, member, definition_id, now)
            row.deletion_policy = member.definition.deletion_policy
            row.replaces = step.row_id
            new_rows.append(row)
            row_ids[step.name] = row.id
            if step.row_id is not None:
                replaced[step.row_id] = row.id
        elif step.row_id in were_replaced - visited and step.verdict is not plan.Verdict.DELETE:
            replaced[str(step.row_id)] = None  # it is the present one again, and what had replaced it goes
    by_name: dict[str, list[str]] = {}
    for one in rows:
        by_name.setdefault(one.name, []).append(one.id)
    nodes = []
    for node in made.nodes:
        row_id, rivals = node.row_id, list[str]()
        if node.work is plan.Work.CONVERGE:
            row_id = row_ids.get(node.name, row_id)
            if _takes_turns(working, node.name):
                rivals = [one for one in by_name.get(node.name, ()) if one != row_id]
        assert row_id is not None
        nodes.append(NewNode(row_id, node.work, node.needs, rivals))
    return NewTraversal(
        stack_id=stack.id,
        action=made.action,
        definition_id=definition_id,
        nodes=nodes,
        new_rows=new_rows,
        known=frozenset(row.id for row in rows),
        previous=previous,
        deadline=draft.deadline,
        secret=bool(blueprint and blueprint.has_secrets),
        replaced=replaced,
        waivers=working.traversal.waivers,
        trail=draft.trail,
    )


def made_as(member: Member) -> str | None:
    """What makes the object of a resource, where that is not the type that its template names."""
    made_by = member.type.made_as or member.type.type_name
    return made_by if made_by != member.definition.type else None


def new_row(row_id: str, stack_id: str, member: Member, definition_id: str, now: float) -> ResourceRow:
    """A resource that is about to be made."""
    return ResourceRow(
        id=row_id,
        stack_id=stack_id,
        name=member.definition.name,
        type=member.definition.type,
        made_as=made_as(member),
        action=Action.INIT,
        status=Status.COMPLETE,
        reason="",
        physical_id=None,
        definition_id=definition_id,
        requires=list(member.requires),
        deletion_policy="Delete",
        properties=None,
        frozen=None,
        metadata=None,
        data={},
        attributes={},
        observed=None,
        replaces=None,
        replaced_by=None,
        created_at=now,
        updated_at=now,
    )
