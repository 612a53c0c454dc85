"""Signals that lite alarms send: to resources of their own project, which the actions of an alarm name.

An action is an address for signals, signed or not, or the reference of a resource of the alarm's stack. The signal is
taken here, as one of a request would be; nothing is posted to anybody.
"""

from hearth.engine import context, definitions, runner, signals
from hearth.model import errors
from hearth.resources.heat import signed_url
from hearth.store import lite_alarms, news, resources, stacks
from hearth.store.rows import ResourceRow, StackRow

#: Who sends is woken by this.
TOPIC = news.ALARMS
_RESOURCE = "/resources/"


class Refused(Exception):
    """The signal cannot be sent, however often it is tried; the text holds no address."""


class AlarmSignals:
    """Sends the signals of one engine."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions, taking: signals.Signals) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._signals = taking

    async def send(self, action: lite_alarms.ActionRow) -> None:
        """Have the resource that an action names take its signal. An alarm that is gone sends none.

        Raises:
            Refused: there is no such resource, or it does not take it.
            LimitExceeded, CloudError: it may take it later.
        """
        codec = self._store.codec
        alarm = await self._store.read(lambda c: lite_alarms.by_id(c, codec, action.alarm_id))
        if alarm is None:
            return
        stack, row = await self._target(alarm, action.action)
        # A text, not a map: what is signalled acts in whichever state the template has it signalled.
        text = f"alarm {alarm.name}: {action.reason}"
        try:
            await self._signals.pass_on(stack, row, text)
        except (signals.NoSignals, signals.BadSignal, errors.NotSupported) as refused:
            raise Refused(refused.message) from refused
        await self._context.wakeups.publish(runner.WAKE_TOPIC, {})

    async def _target(self, alarm: lite_alarms.AlarmRow, action: str) -> tuple[StackRow, ResourceRow]:
        address = signed_url.signalled(action)
        stack_id = address.id if address is not None else alarm.stack_id
        stack = await self._store.read(lambda c: stacks.by_id(c, stack_id))
        if stack is None or stack.deleted_at is not None or stack.project_id != alarm.project_id:
            raise Refused("the address is of no stack of the project")
        codec = self._store.codec
        rows = await self._store.read(lambda c: resources.by_stack(c, codec, stack.id))
        working = await self._definitions.reading_run(stack, rows, self._context)
        if address is not None:
            name = address.path.removeprefix(_RESOURCE)
            row = working.row_of(name)
            if row is None:
                raise Refused(f"the stack {stack.name} has no resource {name}")
            return stack, row
        for row in rows:
            kind = working.type_of_row(row)
            if kind is not None and kind.takes_signals and kind.reference(working.call(row, kind)) == action:
                return stack, row
        raise Refused(f"no resource of the stack that takes signals has the reference {action!r}")
