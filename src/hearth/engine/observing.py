"""Looks at the live objects of stacks, and stores with each resource what it saw.

Called by requests that want to know of drift, by an update that repairs it before it is planned, and for nested stacks
when their turn comes. Nothing is changed but the sightings. What cannot be looked at is `UNKNOWN` with the reason; an
update goes on as if it were as expected.

Resources of a type are observed together, with as few requests as the type can; what needs more of one object is asked
for several objects at a time.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import authority, context, definitions, judge, lookups, run, stack_users
from hearth.model import drift, plan
from hearth.model.drift import Condition, Sighting
from hearth.model.errors import HearthError
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import drift as drift_rows
from hearth.store import resources, stacks
from hearth.store.rows import ResourceRow, StackRow

#: Objects that are asked about at the same time.
AT_ONCE = 20
_NOTHING = contract.Drift({}, {})


async def sighting(
    kind: contract.Resource, call: contract.Call, observed: contract.Observed | None, *, ours: bool = True
) -> Sighting:
    """What an observed object is like, beside what is expected of it. `ours`: False for one that is only referred to,
    of which nothing is expected but that it is there.
    """
    try:
        ailment = kind.ailment(call, observed) if observed is not None else None
        if ailment is not None and ailment.condition is Condition.GONE:
            raise ailment
        found = await kind.drift(call, observed) if ours else _NOTHING
    except contract.Gone as gone:
        return Sighting(call.now, Condition.GONE, str(gone))
    except contract.Unwell as ill:
        return Sighting(call.now, ill.condition, str(ill))
    except (contract.ResourceFailure, cloud_errors.CloudError, HearthError) as failure:
        return Sighting(call.now, Condition.UNKNOWN, str(failure))
    if ailment is not None:
        return Sighting(call.now, ailment.condition, str(ailment), found.differences, found.unseen)
    condition = Condition.DRIFTED if found.differences else Condition.SAME
    return Sighting(call.now, condition, "", found.differences, found.unseen)


def nothing_to_see(now: float) -> Sighting:
    """Of a resource that has nothing outside the store."""
    return Sighting(now, Condition.SAME)


class Observing:
    """Looks at stacks for one process."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._authority = owners
        self._users = stack_users.StackUsers(surroundings)

    async def tree(self, stack: StackRow) -> None:
        """Look at everything in a stack and the stacks nested in it."""
        for one in await self._context.store.read(lambda connection: below(connection, stack)):
            await self.stack(one)

    async def for_update(self, stack: StackRow, *, converge: bool) -> None:
        """Look at what an update of a stack is to put right: everything, or what was decided to be reverted."""
        if converge:
            await self.stack(stack)
            return
        codec = self._context.store.codec
        found = await self._context.store.read(lambda c: drift_rows.treatments(c, codec, [stack.id]))
        names = by_decision(found.get(stack.id, {}))
        if names:
            await self.stack(stack, names)

    async def stack(self, stack: StackRow, names: Collection[str] | None = None) -> None:
        """Look at the resources of a stack; `names`: at these only."""
        codec = self._context.store.codec
        rows = await self._context.store.read(lambda connection: resources.by_stack(connection, codec, stack.id))
        chosen = [row for row in present(rows) if names is None or row.name in names]
        if not chosen:
            return
        working = await self._definitions.reading_run(stack, rows, self._context)
        seen = await self._look(working, stack, chosen)
        secret = bool(working.blueprint and working.blueprint.has_secrets)
        await self._context.store.write(lambda connection: drift_rows.note(connection, codec, seen, secret=secret))

    async def _look(
        self, working: run.Run, stack: StackRow, rows: Sequence[ResourceRow]
    ) -> list[tuple[ResourceRow, Sighting]]:
        by_type: dict[type[contract.Resource], list[tuple[ResourceRow, contract.Resource, contract.Call]]] = {}
        seen: list[tuple[ResourceRow, Sighting]] = []
        now = self._context.now()
        for row in rows:
            kind = working.type_of_row(row)
            if kind is None:
                seen.append((row, Sighting(now, Condition.UNKNOWN, f"the type {row.type} is not known any more")))
            elif kind.nests:
                seen.append((row, await self._nested(row)))
            elif not kind.supports_check:
                seen.append((row, nothing_to_see(now)))
            elif not kind.external:
                seen.append((row, await _in_store(kind, working.call(row, kind, action=Action.CHECK))))
            else:
                call = working.call(row, kind, action=Action.CHECK)
                by_type.setdefault(type(kind), []).append((row, kind, call))
        if by_type:
            try:
                await self._connect(working, stack, [call for group in by_type.values() for _, _, call in group])
            except (cloud_errors.CloudError, HearthError) as error:
                away = Sighting(now, Condition.UNKNOWN, str(error))
                return seen + [(row, away) for group in by_type.values() for row, _, _ in group]
        for group in by_type.values():
            for row, kind, call in group:
                if await lookups.complete(row, kind, working):
                    call.properties, call.data = row.frozen or row.properties or {}, row.data
            seen += await self._look_at_group(group)
        return seen

    async def _connect(self, working: run.Run, stack: StackRow, calls: Sequence[contract.Call]) -> None:
        working.access = await self._authority.session_of(stack)
        working.users = self._users.of(stack)
        for call in calls:
            call.cloud, call.users = working.access, working.users

    async def _nested(self, row: ResourceRow) -> Sighting:
        child = await self._context.store.read(lambda connection: stacks.child_of(connection, row.id))
        if child is None:
            return Sighting(self._context.now(), Condition.GONE, "its nested stack is not there any more")
        return Sighting(self._context.now(), Condition.SAME)

    async def _look_at_group(
        self, group: Sequence[tuple[ResourceRow, contract.Resource, contract.Call]]
    ) -> list[tuple[ResourceRow, Sighting]]:
        kind = group[0][1]
        now = self._context.now()
        try:
            observed = await kind.observe_many([call for _, _, call in group])
        except (contract.ResourceFailure, cloud_errors.CloudError) as failure:
            away = Sighting(now, Condition.UNKNOWN, str(failure))
            return [(row, away) for row, _, _ in group]
        slots = asyncio.Semaphore(AT_ONCE)

        async def look(row: ResourceRow, call: contract.Call) -> tuple[ResourceRow, Sighting]:
            one = observed.get(row.id)
            if one is None:
                return row, Sighting(now, Condition.GONE, f"there is no object {row.physical_id}")
            async with slots:
                return row, await sighting(kind, call, one, ours=judge.EXTERNAL not in row.data)

        return list(await asyncio.gather(*(look(row, call) for row, _, call in group)))


async def _in_store(kind: contract.Resource, call: contract.Call) -> Sighting:
    """What is kept in the store itself is there, or not."""
    try:
        await kind.check(call)
    except contract.Unwell as ill:
        return Sighting(call.now, ill.condition, str(ill))
    return nothing_to_see(call.now)


def present(rows: Sequence[ResourceRow]) -> list[ResourceRow]:
    """The rows whose objects can be looked at: one of each name, made and not on its way."""
    by_name: dict[str, list[ResourceRow]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    chosen = (plan.best(several, None) for several in by_name.values())
    return [row for row in chosen if row is not None and is_there(row)]


def is_there(row: ResourceRow) -> bool:
    """Whether a row has an object that nobody is changing."""
    return (
        row.physical_id is not None
        and row.status is not Status.IN_PROGRESS
        and row.action not in (Action.INIT, Action.DELETE)
    )


def below(connection: sa.Connection, stack: StackRow) -> list[StackRow]:
    """A stack and all nested in it, owners first."""
    found, inside = [], {stack.id}
    for one in stacks.tree(connection, stack.root_id):
        if one.id == stack.id or one.owner_id in inside:
            inside.add(one.id)
            found.append(one)
    return found


def seen_of(row: ResourceRow) -> Sighting | None:
    """The last sighting of a row's object."""
    return drift.from_row(row.drift)


def by_decision(treatments: Mapping[str, drift.Treatments]) -> set[str]:
    """Names of resources that the next update is to put right."""
    return {
        name
        for name, several in treatments.items()
        if any(one.treatment is drift.Treatment.REVERT for one in several.values())
    }
