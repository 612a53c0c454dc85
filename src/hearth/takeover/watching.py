"""Lite alarms (`OS::Heat::CWLiteAlarm`), which Heat itself gave up in 2018: they are watched over again from now on.

Since then the type is a placeholder in Heat, and the tables of its rules and datapoints are gone. What is left is a
resource, one that was made before without a physical id, one that was made afterwards without properties. So the
template says what the alarm is about, and it begins anew: without datapoints, and in the state NODATA.
"""

from collections.abc import Sequence
from typing import Any

from hearth.engine import keeping
from hearth.engine.run import Run
from hearth.model.states import Action
from hearth.resources import checking, contract
from hearth.resources.blueprint import Member
from hearth.resources.heat import lite_alarm
from hearth.store.rows import ResourceRow
from hearth.takeover.report import LeftOut

#: What to do when the project has too many alarms for those of a stack to come along.
NO_ROOM = "Raise max_lite_alarms_per_tenant, or delete alarms."
_LONGEST = 255


def is_alarm(kind: contract.Resource | None) -> bool:
    """Whether a type is the one of lite alarms."""
    return isinstance(kind, lite_alarm.LiteAlarm)


def name_of(stack_name: str, resource_name: str) -> str:
    """The name by which an alarm without physical id was known, also to those that measure."""
    return f"{stack_name}-{resource_name}"[:_LONGEST]


async def watch(row: ResourceRow, member: Member, working: Run, notes: list[str]) -> Sequence[keeping.Write]:
    """What has to be stored so that an alarm is watched over; nothing, with a note, where its properties are wrong.

    Raises:
        LeftOut: the project has too many alarms already.
    """
    kind = member.type
    if row.action in (Action.INIT, Action.DELETE):
        return ()
    if not row.properties:
        row.properties, _ = checking.check(kind, working.resolve(member.definition.properties))
    values: dict[str, Any] = row.properties
    _, issues = checking.check(kind, values)
    wrong = [one.message for one in issues] or [one.message for one in kind.validate(values)]
    if wrong:
        notes.append(f"{row.name}: it is not watched over: {wrong[0]}")
        return ()
    call = working.call(row, kind)
    try:
        await kind.update(call, contract.Change({}))
    except contract.Permanent as error:
        raise LeftOut([str(error)], advice=NO_ROOM) from error
    if row.action is Action.SUSPEND:
        await kind.suspend(call)
    return keeping.writes_of(call)
