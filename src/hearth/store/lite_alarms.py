"""Alarms that Hearth watches over by itself: their rules and states, datapoints, and the signals they have to send.

An alarm has the id of the resource it is. Whatever changes one compares its version, so that of two engines that judge
it at the same time one wins; the signals that a judgement asks for are stored with it, each to be taken by one engine.
Rules and actions are sealed: an action may be an address that authorises whoever has it.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.model.lite_alarms import Rule, State, Verdict
from hearth.store import news, quotas, tables
from hearth.store.codec import Codec

_a = tables.lite_alarm
_d = tables.lite_alarm_datapoint
_t = tables.lite_alarm_action
_s = tables.stack
_r = tables.resource


@dataclasses.dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm. Times are seconds since the epoch; `changed_at`: when it came to its state."""

    id: str
    stack_id: str
    project_id: str
    name: str
    state: State
    reason: str
    rule: Rule
    watched_since: float
    configured_at: float
    changed_at: float
    due_at: float
    version: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Datapoint:
    """One value of a metric, kept for an alarm."""

    alarm_id: str
    project_id: str
    at: float
    value: float
    unit: str | None
    dimensions: Mapping[str, str]
    #: Its place among those that are kept; 0 before it is stored.
    seq: int = dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class ActionRow:
    """A signal to be sent. `action`: where to, as the rule says; `tries`: how often it failed."""

    seq: int
    alarm_id: str
    action: str
    reason: str
    tries: int


# ---- what resources do ----


def count(connection: sa.Connection, project_id: str) -> int:
    """How many alarms a project has."""
    return _count(connection, _a, project_id)


def keep(connection: sa.Connection, codec: Codec, row: AlarmRow, limit: quotas.Limit) -> None:
    """Store an alarm, or give the one of that id another rule; its state stays then. May be repeated.

    Raises:
        quotas.NoRoom: the project has too many already.
    """
    changed = {
        "rule": codec.sealed(dataclasses.asdict(row.rule)),
        "configured_at": row.configured_at,
        "due_at": row.due_at,
    }
    if _change(connection, row.id, **changed):
        return
    limit.hold(connection, row.project_id)
    columns = {name: getattr(row, name) for name in AlarmRow.__dataclass_fields__}
    connection.execute(_a.insert().values(columns | changed))


def suspend(connection: sa.Connection, alarm_id: str, now: float) -> None:
    """Watch no more."""
    _change(connection, alarm_id, state=State.SUSPENDED, reason="The stack is suspended.", changed_at=now)


def resume(connection: sa.Connection, codec: Codec, alarm_id: str, now: float) -> None:
    """Watch again, as if it had been made now. One that is not suspended stays as it is."""
    row = by_id(connection, codec, alarm_id)
    if row is None or row.state is not State.SUSPENDED:
        return
    anew = {"watched_since": now, "changed_at": now, "due_at": now + row.rule.period}
    _change(connection, alarm_id, state=State.NODATA, reason="It has just been resumed.", **anew)


def drop(connection: sa.Connection, alarm_id: str) -> None:
    """Forget an alarm with all that was kept for it. Repeatable."""
    connection.execute(_a.delete().where(_a.c.id == alarm_id))  # first: whoever adds to it has it locked
    connection.execute(_t.delete().where(_t.c.alarm_id == alarm_id))
    connection.execute(_d.delete().where(_d.c.alarm_id == alarm_id))


def by_id(connection: sa.Connection, codec: Codec, alarm_id: str) -> AlarmRow | None:
    """An alarm."""
    row = connection.execute(sa.select(_a).where(_a.c.id == alarm_id)).first()
    return _alarm(codec, row) if row is not None else None


def _change(connection: sa.Connection, alarm_id: str, *conditions: sa.ColumnElement[bool], **columns: Any) -> bool:
    changed = _a.update().where(_a.c.id == alarm_id, *conditions).values(version=_a.c.version + 1, **columns)
    return connection.execute(changed).rowcount == 1


# ---- what clients do ----


def seen_by(
    connection: sa.Connection,
    codec: Codec,
    project_id: str,
    name: str | None = None,
    *,
    after: tuple[str, str] | None = None,
    most: int | None = None,
) -> list[AlarmRow]:
    """The alarms that users of a project see, by name: of its stacks, or of those whose own users are in it.

    `after`: name and id of the alarm before the first one; it need not be there any more.
    """
    mine = sa.or_(_s.c.project_id == project_id, _s.c.stack_user_project_id == project_id)
    query = sa.select(_a).join(_s, _s.c.id == _a.c.stack_id).where(mine, _s.c.deleted_at.is_(None))
    if name is not None:
        query = query.where(_a.c.name == name)
    if after is not None:
        query = query.where(sa.or_(_a.c.name > after[0], sa.and_(_a.c.name == after[0], _a.c.id > after[1])))
    return [_alarm(codec, row) for row in connection.execute(query.order_by(_a.c.name, _a.c.id).limit(most))]


def count_datapoints(connection: sa.Connection, project_id: str) -> int:
    """How many datapoints are kept for the alarms of a project."""
    return _count(connection, _d, project_id)


def _count(connection: sa.Connection, table: sa.Table, project_id: str) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def add_datapoints(
    connection: sa.Connection, codec: Codec, points: Sequence[Datapoint], limit: quotas.Limit, now: float
) -> None:
    """Store datapoints of alarms that are still there; who judges alarms is told if one of theirs is due.

    Raises:
        quotas.NoRoom: a project has too many then.
    """
    if limit.most >= 0:
        for project_id in sorted({one.project_id for one in points}):
            limit.hold(connection, project_id, sum(one.project_id == project_id for one in points))
    there = _locked(connection, {one.alarm_id for one in points})
    kept = [one for one in points if one.alarm_id in there]
    if kept:
        connection.execute(
            _d.insert(),
            [
                {
                    "alarm_id": one.alarm_id,
                    "project_id": one.project_id,
                    "at": one.at,
                    "value": one.value,
                    "body": codec.plain({"unit": one.unit, "dimensions": one.dimensions}),
                }
                for one in kept
            ],
        )
    if any(due_at <= now for due_at in there.values()):
        news.note(connection, news.ALARMS)


def _locked(connection: sa.Connection, alarm_ids: Collection[str]) -> dict[str, float]:
    """Those of some alarms that are there, and stay until this transaction ends, with when they are due."""
    query = sa.select(_a.c.id, _a.c.due_at).where(_a.c.id.in_(list(alarm_ids))).order_by(_a.c.id)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    return {row.id: row.due_at for row in connection.execute(query)}


def datapoints(
    connection: sa.Connection,
    codec: Codec,
    alarm_ids: Sequence[str],
    *,
    after: tuple[float, int] | None = None,
    most: int | None = None,
) -> list[Datapoint]:
    """The datapoints that are kept for some alarms, the oldest first.

    `after`: time and place of the datapoint before the first one; it need not be there any more.
    """
    query = sa.select(_d).where(_d.c.alarm_id.in_(alarm_ids)).order_by(_d.c.at, _d.c.seq).limit(most)
    if after is not None:
        query = query.where(sa.or_(_d.c.at > after[0], sa.and_(_d.c.at == after[0], _d.c.seq > after[1])))
    return [
        Datapoint(row.alarm_id, row.project_id, row.at, row.value, **codec.read(row.body), seq=row.seq)
        for row in connection.execute(query)
    ]


# ---- what engines do ----


def due(connection: sa.Connection, codec: Codec, now: float, most: int) -> list[AlarmRow]:
    """Alarms that are to be judged now, those that wait longest first."""
    query = sa.select(_a).where(_a.c.due_at <= now).order_by(_a.c.due_at, _a.c.id).limit(most)
    return [_alarm(codec, row) for row in connection.execute(query)]


def values(connection: sa.Connection, alarm_id: str, after: float) -> list[tuple[float, float]]:
    """Time and value of an alarm's datapoints after a time."""
    query = sa.select(_d.c.at, _d.c.value).where(_d.c.alarm_id == alarm_id, _d.c.at > after)
    return [(row.at, row.value) for row in connection.execute(query)]


def is_left_behind(connection: sa.Connection, row: AlarmRow) -> bool:
    """Whether the resource that an alarm is has gone without it, as with a stack that was abandoned."""
    living = sa.select(_r.c.id).join(_s, _s.c.id == _r.c.stack_id)
    query = living.where(_r.c.id == row.id, _s.c.deleted_at.is_(None))
    return connection.execute(query).first() is None


def settle(
    connection: sa.Connection,
    codec: Codec,
    row: AlarmRow,
    verdict: Verdict,
    actions: Iterable[str],
    now: float,
    due_at: float,
) -> bool:
    """Store what an alarm was judged to be, with the signals that it has to send now; False: it was another's turn.

    A signal that could not be sent yet is not joined by another one of the same state.
    """
    columns: dict[str, Any] = {"reason": verdict.reason, "due_at": due_at}
    if verdict.state is not row.state:
        columns |= {"state": verdict.state, "changed_at": now}
    if not _change(connection, row.id, _a.c.version == row.version, **columns):
        return False
    connection.execute(_d.delete().where(_d.c.alarm_id == row.id, _d.c.at <= now - row.rule.horizon))
    if verdict.state is row.state:
        waits = connection.execute(sa.select(_t.c.seq).where(_t.c.alarm_id == row.id).limit(1)).first()
        actions = actions if waits is None else ()
    told = [
        {"alarm_id": row.id, "action": codec.sealed(one), "reason": verdict.reason, "tries": 0, "due_at": now}
        for one in actions
    ]
    if told:
        connection.execute(_t.insert(), told)
        news.note(connection, news.ALARMS)
    return True


def has_actions(connection: sa.Connection, now: float) -> bool:
    """Whether there are signals to be sent now."""
    return connection.execute(sa.select(_t.c.seq).where(_t.c.due_at <= now).limit(1)).first() is not None


def take_actions(connection: sa.Connection, codec: Codec, now: float, hold: float, most: int) -> list[ActionRow]:
    """Take signals that are to be sent now; nobody else gets them within `hold` seconds."""
    query = sa.select(_t).where(_t.c.due_at <= now).order_by(_t.c.seq).limit(most)
    taken = []
    for row in connection.execute(query).all():
        mine = _t.update().where(_t.c.seq == row.seq, _t.c.due_at == row.due_at).values(due_at=now + hold)
        if connection.execute(mine).rowcount == 1:
            taken.append(ActionRow(row.seq, row.alarm_id, codec.read(row.action), row.reason, row.tries))
    return taken


def postpone_action(connection: sa.Connection, action: ActionRow, due_at: float) -> None:
    """A signal could not be sent; try again at a time."""
    connection.execute(_t.update().where(_t.c.seq == action.seq).values(tries=_t.c.tries + 1, due_at=due_at))


def end_action(connection: sa.Connection, action: ActionRow, failure: str | None = None) -> None:
    """A signal was sent, or is given up because of a failure, which the alarm's reason tells then. Repeatable."""
    if connection.execute(_t.delete().where(_t.c.seq == action.seq)).rowcount and failure is not None:
        mine = _a.update().where(_a.c.id == action.alarm_id)
        connection.execute(mine.values(reason=f"{action.reason} An action failed: {failure}"))


def _alarm(codec: Codec, row: Any) -> AlarmRow:
    fields = {name: getattr(row, name) for name in AlarmRow.__dataclass_fields__}
    rule = msgspec.convert(codec.read(row.rule), Rule)
    return AlarmRow(**(fields | {"state": State(row.state), "rule": rule}))
