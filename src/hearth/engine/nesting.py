"""Nested stacks: begins their actions for the resources that own them, and stores what these show of them."""

import asyncio
import dataclasses
import functools
from typing import Any

import sqlalchemy as sa

from hearth.cloud import session as cloud_session
from hearth.engine import (
    actions,
    adoption,
    committer,
    contents,
    context,
    definitions,
    ending,
    inputs,
    observing,
    run,
    scope,
)
from hearth.engine.step import Step
from hearth.model import plan
from hearth.model.errors import BadRequest, LimitExceeded
from hearth.model.part import Part
from hearth.model.states import Action, Status
from hearth.resources import contract, partial
from hearth.resources.blueprint import Blueprint, Surroundings
from hearth.store import endings, resources, stacks, traversals
from hearth.store.rows import ResourceRow, StackRow


class Nesting:
    """Nested stacks for one engine."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        looking: observing.Observing,
        host: ending.Host,
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._observing = looking
        self._host = host
        self._actions = actions.Actions(surroundings, kept)

    async def begin(self, step: Step, move: traversals.Move, removing: bool) -> None:
        """Store the parked step and begin its nested stack's action, in one transaction.

        Raises:
            contract.Permanent: the nested stack's definition is not valid.
            committer.LeaseLost: the step is not ours any more.
        """

        async def attempt() -> None:
            existing = None
            if step.row.physical_id is not None:  # it was stored together with the nested stack
                existing = await self._context.store.read(lambda c: stacks.child_of(c, step.row.id))
            data = dict(step.row.data)
            prepared, material = await self._prepare(step, existing, removing, data)
            if move.changes is not None and data != step.row.data:
                move.changes["data"] = data
            # The step may be cut off meanwhile; what the transaction claims for this engine is handed over even so.
            return await asyncio.shield(self._begun(step, move, prepared, material, data, is_new=existing is None))

        await actions.until_stored(attempt)

    async def _begun(
        self,
        step: Step,
        move: traversals.Move,
        prepared: actions.Prepared | None,
        material: definitions.Material | None,
        data: dict[str, str],
        *,
        is_new: bool,
    ) -> None:
        advanced = await self._context.store.write(
            lambda connection: self._store(connection, step, move, prepared, material, is_new=is_new),
            [step.node.stack_id],
        )
        if advanced.lost:
            self._host.hand_over(advanced)  # others may have waited for the end of this one
            raise committer.LeaseLost
        step.row.data = data
        if prepared is not None and move.then is traversals.Then.PARK:
            step.row.physical_id = prepared.stack.id
            self._host.adopt(prepared.run)
        self._host.hand_over(advanced)

    async def _prepare(
        self, step: Step, existing: StackRow | None, removing: bool, data: dict[str, str]
    ) -> tuple[actions.Prepared | None, definitions.Material | None]:
        shared: dict[str, Any] = {
            "seconds": await self._time_left(step.run),
            "waived": step.run.traversal.waivers.inside(step.row.id),
        }
        if removing:
            if existing is None:
                return None, None
            return await self._actions.prepare(existing, Action.DELETE, None, actions.NOTHING, **shared), None
        if step.node.work is plan.Work.VISIT:
            if existing is None:
                raise contract.Permanent("its nested stack is gone", "NotFound")
            present = await self._definitions.blueprint(existing.definition_id, existing)
            target = existing.definition_id
            return await self._actions.prepare(existing, step.action, present, target, **shared), None
        parent, kind = step.run, step.kind
        assert kind is not None and parent.blueprint is not None and step.values is not None
        call = parent.call(
            step.row,
            kind,
            properties=step.values,
            action=step.action,
            data=data,
            child=await self._view(existing, parent.access) if existing and kind.looks_inside else None,
        )
        size, most = kind.wanted_members(step.values), self._context.settings.most_members
        if size is not None and size > most:
            raise LimitExceeded(f"The group {step.row.name} asks for {size} members; at most {most} are allowed.")
        wanted = await self._child(kind, call)
        adopted = adoption.nested_document(step.row) if existing is None else None
        is_update = parent.action is Action.UPDATE
        if existing is not None and is_update:
            await self._observing.for_update(existing, converge=parent.traversal.converge)
        if adopted is not None:
            # Members of a group are named as they were.
            wanted = dataclasses.replace(wanted, template=adopted["template"])
        depth = parent.stack.depth + 1
        limit = self._context.settings.max_nested_stack_depth
        if depth > limit:
            raise LimitExceeded(f"Recursion depth exceeds {limit}.")
        stack = existing or new_stack(
            self._context.new_id(), parent.stack, step.row.id, step.row.name, call.physical_name, self._context.now()
        )
        definition_id = self._context.new_id()
        where = Surroundings(stack.id, stack.name, stack.project_id, None, depth, _facade_of(step))
        blueprint, material = await built(
            self._context, self._definitions, parent.blueprint, step.row.name, wanted, where
        )
        part = parent.blueprint.part_inside(step.row.name)
        if not part.is_whole:
            blueprint, material = await self._partly(step, existing, blueprint, material, part)
        stack.description = blueprint.template.description
        prepared = await self._actions.prepare(
            stack,
            self._action_of(step) if existing is not None else Action.CREATE if adopted is None else Action.ADOPT,
            blueprint,
            definition_id,
            is_new=existing is None,
            converge=is_update and parent.traversal.converge,
            stirred=existing is not None and await self._is_stirred(step, blueprint),
            **shared,
        )
        self._bind(step, prepared)
        if adopted is not None:
            adoption.fill(prepared.traversal.new_rows, adopted, blueprint)
        self._definitions.keep(definition_id, blueprint)
        return prepared, material

    async def _partly(
        self,
        step: Step,
        existing: StackRow | None,
        wanted: Blueprint,
        material: definitions.Material,
        part: Part,
    ) -> tuple[Blueprint, definitions.Material]:
        """A definition of which a part is left out: that keeps what the nested stack has, or had when it goes back."""
        if existing is None and step.row.replaces is not None:
            raise contract.Permanent(partial.goes_as_a_whole(part), "BadRequest")
        owner_id, base_id = step.run.traversal.definition_id, None
        if existing is not None:
            base_id, nested_id = existing.definition_id, existing.id
            if step.run.action is Action.ROLLBACK:
                query = functools.partial(stacks.definition_for, stack_id=nested_id, owner_definition_id=owner_id)
                base_id = await self._context.store.read(query) or base_id
        former = await self._definitions.blueprint(base_id, existing) if existing and base_id else None
        try:
            blueprint, out = partial.applied(wanted, former, part)
        except BadRequest as error:
            raise contract.Permanent(error.message, error.kind) from error
        return blueprint, material.layered(base_id, out, part, owner_id)

    async def _is_stirred(self, step: Step, blueprint: Blueprint) -> bool:
        """Whether objects that the step's nested stack is given have changed, where that matters to anything in it."""
        if not any(scope.follows(one.type, one.reads) for one in blueprint.members.values()):
            return False
        return await self._context.store.read(lambda connection: self._has_changed_around(connection, step.row.id))

    def _has_changed_around(self, connection: sa.Connection, owner_resource_id: str) -> bool:
        codec, wanted = self._context.store.codec, owner_resource_id
        while (row := resources.by_ids(connection, codec, [wanted]).get(wanted)) is not None:
            stack = stacks.by_id(connection, row.stack_id)
            if stack is None or stack.traversal_id is None:
                return False
            present = traversals.by_id(connection, stack.traversal_id)
            if present is None:
                return False
            # An older action may have changed them and not have come to the nested stack.
            since = present.created_at if row.status is Status.IN_PROGRESS else min(row.updated_at, present.created_at)
            used = resources.by_names(connection, codec, stack.id, row.requires) if row.requires else []
            if any(one.updated_at >= since for one in used):
                return True
            if stack.owner_resource_id is None:
                return False
            wanted = stack.owner_resource_id
        return False

    @staticmethod
    def _bind(step: Step, prepared: actions.Prepared) -> None:
        """Hold the nested stack to the plan that its owner's stack is held to."""
        owner, name = step.run, step.row.name
        inside = owner.bounds.inside.get(name) if owner.bounds is not None else None
        if inside is None or owner.traversal.plan_id is None:
            return  # no plan, or one that could not know
        deviations = inside.deviations(prepared.plan)
        if deviations:
            raise contract.Permanent("; ".join(deviations), "PlanDeviation")
        path = "/".join(filter(None, (owner.traversal.plan_path, name)))
        prepared.bind(owner.traversal.plan_id, path, inside)

    async def _child(self, kind: contract.Resource, call: contract.Call) -> contract.ChildStack:
        try:
            return kind.child(call)
        except contract.Unfetched as missing:
            settings = self._context.settings
            found = await inputs.fetched({missing.url}, settings.fetch_rules, settings.max_template_size)
            call.files = {**call.files, **found}
            return kind.child(call)

    @staticmethod
    def _action_of(step: Step) -> Action:
        return Action.ROLLBACK if step.run.action is Action.ROLLBACK else Action.UPDATE

    async def _time_left(self, parent: run.Run) -> float | None:
        """Seconds until the owner's action has to end, by the store: a pause may have moved that."""
        present = await self._context.store.read(lambda c: traversals.by_id(c, parent.traversal.id))
        deadline = present.deadline if present is not None else parent.traversal.deadline
        return None if deadline is None else max(1.0, deadline - self._context.now())

    def _store(
        self,
        connection: sa.Connection,
        step: Step,
        move: traversals.Move,
        prepared: actions.Prepared | None,
        material: definitions.Material | None,
        *,
        is_new: bool,
    ) -> traversals.Advanced:
        codec, now = self._context.store.codec, self._context.now()
        if prepared is not None and move.changes is not None and is_new:
            move.changes["physical_id"] = prepared.stack.id
        capacity = self._host.capacity()
        advanced = traversals.advance(connection, codec, [move], self._host.id, capacity)
        if advanced.lost:
            return advanced
        if move.then is not traversals.Then.PARK:  # superseded: the newer action begins its own
            if is_new:
                resources.update(connection, codec, [(step.row.id, {"physical_id": None}, False)])
            return advanced
        endings.take_over(connection, step.row.id, step.node.traversal_id)
        if prepared is None:
            traversals.unpark(connection, step.row.id, self._host.id, capacity, advanced)
            return advanced
        columns: dict[str, Any] = {}
        if material is not None:
            stack, definition_id = prepared.stack, prepared.run.traversal.definition_id
            if is_new:
                stack.definition_id = definition_id
                stacks.insert(connection, stack)
            definitions.put(
                connection,
                codec,
                definition_id,
                stack.id,
                material,
                now,
                secret=prepared.traversal.secret,
                generated=True,
            )
            columns = {"definition_id": definition_id, "description": stack.description}
        if not is_new:
            columns["updated_at"] = now
        traversal_id = self._actions.begin(connection, prepared, **columns)
        traversals.claim_of(connection, traversal_id, self._host.id, capacity, advanced)
        advanced.ended += endings.ended(connection, [prepared.stack.id])
        return advanced

    async def show_again(self, resource_id: str) -> None:
        """Store anew what a resource shows of its nested stack, which changed without it; and so on upwards."""
        codec = self._context.store.codec

        def query(connection: sa.Connection) -> tuple[ResourceRow | None, StackRow | None, StackRow | None]:
            row = resources.by_ids(connection, codec, [resource_id]).get(resource_id)
            stack = stacks.by_id(connection, row.stack_id) if row is not None else None
            return row, stack, stacks.child_of(connection, resource_id)

        row, stack, child = await self._context.store.read(query)
        if row is None or stack is None or child is None or row.status is not Status.COMPLETE:
            return
        await self._show(row, stack, child)
        if stack.owner_resource_id is not None:
            await self.show_again(stack.owner_resource_id)

    async def _show(self, row: ResourceRow, stack: StackRow, child: StackRow) -> None:
        codec = self._context.store.codec
        working = await self._definitions.reading_run(stack, [row], self._context)
        member, kind = working.member(row.name), working.type_of_row(row)
        if member is None or kind is None or not kind.nests:
            return
        call = working.call(row, kind, child=await self._view(child, None))
        kept = {
            scope.attribute_key(path, dynamic=True): await scope.nested_attribute(kind, call, path)
            for path in member.reads
            if path
        }
        secret = bool(working.blueprint and working.blueprint.has_secrets)
        changes = [(row.id, {"attributes": kept}, secret)]
        await self._context.store.write(lambda connection: resources.update(connection, codec, changes))

    async def state(self, step: Step) -> tuple[Status, str] | None:
        """How the last action of the step's nested stack ended; None when there is none."""
        child = await self._context.store.read(lambda c: stacks.child_of(c, step.row.id))
        return (child.status, child.reason) if child is not None else None

    async def view(self, step: Step) -> contract.ChildView | None:
        """What is in the step's nested stack."""
        child = await self._context.store.read(lambda c: stacks.child_of(c, step.row.id))
        return await self._view(child, step.run.access) if child is not None else None

    async def _view(self, child: StackRow, access: cloud_session.Session | None) -> contract.ChildView:
        return await contents.load(self._context, self._definitions, child, access)


def _facade_of(step: Step) -> dict[str, Any]:
    """What the nested template may read of the resource that it stands behind."""
    member = step.run.member(step.row.name)
    policy = member.definition.update_policy if member is not None else {}
    return {
        "metadata": step.metadata if step.metadata is not None else step.row.metadata,
        "deletion_policy": step.row.deletion_policy,
        "update_policy": step.run.resolve(policy),
    }


async def built(
    surroundings: context.Context,
    kept: definitions.Definitions,
    owner: Blueprint,
    name: str,
    wanted: contract.ChildStack,
    where: Surroundings,
) -> tuple[Blueprint, definitions.Material]:
    """The definition of a resource's nested stack, ready to be carried out.

    Raises:
        contract.Permanent: it is not valid.
    """
    owner = owner.origin(name)
    environment = owner.child_environment(name, wanted)
    files = owner.files if wanted.files is None else wanted.files
    unfetched: set[str] = set()
    made, findings = kept.builder.build(
        wanted.template, environment, files, where, name=wanted.source, unfetched=unfetched
    )
    if unfetched:  # only now known to be needed: what named them depended on other resources
        settings = surroundings.settings
        files = {**files, **await inputs.fetched(unfetched, settings.fetch_rules, settings.max_template_size)}
        made, findings = kept.builder.build(wanted.template, environment, files, where, name=wanted.source)
    if made is None:
        first = findings.errors[0]
        raise contract.Permanent(first.as_text(), first.kind)
    return made, definitions.Material(wanted.template, environment.to_wire(), files)


def new_stack(
    stack_id: str, parent: StackRow, owner_resource_id: str, owner_name: str, name: str, now: float
) -> StackRow:
    """A nested stack about to be made: it shares its root's owner, credentials and time."""
    return StackRow(
        id=stack_id,
        name=name,
        project_id=parent.project_id,
        user_id=parent.user_id,
        username=parent.username,
        credential_id=parent.credential_id,
        owner_id=parent.id,
        owner_resource_id=owner_resource_id,
        owner_resource_name=owner_name,
        root_id=parent.root_id,
        depth=parent.depth + 1,
        action=Action.CREATE,
        status=Status.IN_PROGRESS,
        reason="",
        created_at=now,
        updated_at=None,
        deleted_at=None,
        timeout_mins=parent.timeout_mins,
        disable_rollback=True,
        tags=parent.tags,
        description="",
        definition_id="",
        previous_definition_id=None,
        traversal_id=None,
        stack_user_project_id=parent.stack_user_project_id,
        convergence=parent.convergence,
    )
