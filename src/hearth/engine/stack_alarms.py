"""Lite alarms as the resources of a stack keep them. Types use `OfResource` through `Call.alarms`."""

import dataclasses

from hearth.engine import context, keeping
from hearth.model.lite_alarms import Rule, State
from hearth.resources import contract
from hearth.store import lite_alarms, quotas
from hearth.store.rows import StackRow


@dataclasses.dataclass(frozen=True, slots=True)
class StackAlarms:
    """The lite alarms of one stack; `of` hands out what a verb gets."""

    surroundings: context.Context
    stack: StackRow

    def of(self, row_id: str) -> "OfResource":
        """The alarm that a resource may be, for one verb."""
        return OfResource(self.surroundings, self.stack, row_id)


class OfResource(keeping.Keeper):
    """See `contract.LiteAlarms`."""

    def __init__(self, surroundings: context.Context, stack: StackRow, row_id: str) -> None:
        super().__init__()
        self._context = surroundings
        self._stack = stack
        self._row_id = row_id

    async def keep(self, name: str, rule: Rule) -> None:
        """See `contract.LiteAlarms`. Its datapoints have a whole period to come before it is judged."""
        store, now = self._context.store, self._context.now()
        most = self._context.settings.max_lite_alarms_per_tenant
        limit = quotas.Limit("lite alarms", lite_alarms.count, most)
        if await self._stored() is None:
            await keeping.ask(store, limit, self._stack.project_id)
        row = lite_alarms.AlarmRow(
            id=self._row_id,
            stack_id=self._stack.id,
            project_id=self._stack.project_id,
            name=name,
            state=State.NODATA,
            reason="It has not been judged yet.",
            rule=rule,
            watched_since=now,
            configured_at=now,
            changed_at=now,
            due_at=now + rule.period,
        )
        self._writes.append(lambda connection: lite_alarms.keep(connection, store.codec, row, limit))

    def suspend(self) -> None:
        """See `contract.LiteAlarms`."""
        now = self._context.now()
        self._writes.append(lambda connection: lite_alarms.suspend(connection, self._row_id, now))

    def resume(self) -> None:
        """See `contract.LiteAlarms`."""
        now, codec = self._context.now(), self._context.store.codec
        self._writes.append(lambda connection: lite_alarms.resume(connection, codec, self._row_id, now))

    def drop(self) -> None:
        """See `contract.LiteAlarms`."""
        self._writes.append(lambda connection: lite_alarms.drop(connection, self._row_id))

    async def look(self) -> contract.LiteAlarm:
        """See `contract.LiteAlarms`."""
        row = await self._stored()
        if row is None:
            raise contract.Gone("its alarm is not there")
        return contract.LiteAlarm(row.name, row.state, row.reason, row.changed_at)

    async def _stored(self) -> lite_alarms.AlarmRow | None:
        codec = self._context.store.codec
        return await self._context.store.read(lambda c: lite_alarms.by_id(c, codec, self._row_id))
