"""Lite alarms as clients of the CloudWatch API see them: looked at, fed with datapoints, put into a state.

A caller sees the alarms of the stacks of its project; a stack's own user, those of its stack. They are made by
resources only, see `hearth.engine.stack_alarms`.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

from hearth.cloud import tokens
from hearth.engine import context
from hearth.model import lite_alarms as rules
from hearth.model.errors import BadRequest, Forbidden, LimitExceeded, NotFound
from hearth.store import lite_alarms, quotas

_ATTEMPTS = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric. `alarm`: the name of the alarm it is for; None: for all that are about it."""

    namespace: str
    metric: str
    value: float
    unit: str | None = None
    dimensions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    alarm: str | None = None


class LiteAlarms:
    """The lite alarms of all projects."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._store = surroundings.store

    async def alarms(
        self,
        caller: tokens.Caller,
        name: str | None = None,
        *,
        after: tuple[str, str] | None = None,
        most: int | None = None,
    ) -> list[lite_alarms.AlarmRow]:
        """The alarms that a caller sees, by name, or the one of a name. `after`: name and id of the one before.

        Raises:
            NotFound: there is none of that name.
        """
        codec, project = self._store.codec, _project(caller)
        found = await self._store.read(lambda c: lite_alarms.seen_by(c, codec, project, name, after=after, most=most))
        if name is not None and after is None and not found:
            raise NotFound("Alarm", name)
        return found

    async def datapoints(
        self,
        caller: tokens.Caller,
        *,
        namespace: str | None,
        metric: str | None,
        after: tuple[float, int] | None = None,
        most: int | None = None,
    ) -> list[tuple[lite_alarms.AlarmRow, lite_alarms.Datapoint]]:
        """What is kept for the alarms that a caller sees, the oldest first; of a namespace or a metric, if given.

        `after`: time and place of the one before.
        """
        seen = {
            one.id: one
            for one in await self.alarms(caller)
            if namespace in (None, one.rule.namespace) and metric in (None, one.rule.metric)
        }
        codec = self._store.codec
        found = await self._store.read(lambda c: lite_alarms.datapoints(c, codec, list(seen), after=after, most=most))
        return [(seen[one.alarm_id], one) for one in found]

    async def put(self, caller: tokens.Caller, samples: Sequence[Sample]) -> None:
        """Keep values for the alarms that are about them; all of them or none. They are of the time of their arrival.

        Raises:
            NotFound: there is no alarm of a name.
            BadRequest: that one is about another metric.
            LimitExceeded: too much is kept already.
        """
        seen, now = await self.alarms(caller), self._context.now()
        points = [
            lite_alarms.Datapoint(alarm.id, alarm.project_id, now, one.value, one.unit, one.dimensions)
            for one in samples
            for alarm in _meant(one, seen)
            if alarm.state is not rules.State.SUSPENDED
        ]
        if not points:
            return
        most, codec = self._context.settings.max_datapoints_per_tenant, self._store.codec
        advice = "send fewer, or have alarms look back less far"
        limit = quotas.Limit("datapoints of alarms", lite_alarms.count_datapoints, most, advice)
        try:
            await self._store.write(lambda c: lite_alarms.add_datapoints(c, codec, points, limit, now))
        except quotas.NoRoom as error:
            raise LimitExceeded(f"No datapoint was kept: {error} (max_datapoints_per_tenant).") from None

    async def set_state(self, caller: tokens.Caller, name: str, state: rules.State, reason: str | None) -> None:
        """Put an alarm into a state, with what that signals; it stays there until it is judged again.

        Raises:
            NotFound: there is no such alarm.
            BadRequest: it is suspended.
        """
        codec, verdict = self._store.codec, rules.Verdict(state, reason or "It was set by a request.")
        for _ in range(_ATTEMPTS):
            (row, *_) = await self.alarms(caller, name)
            if row.state is rules.State.SUSPENDED:
                raise BadRequest(f"The alarm {name} is suspended with its stack; resume that first.")
            actions = row.rule.actions.get(state, ()) if state is not row.state else ()
            put = functools.partial(
                lite_alarms.settle,
                codec=codec,
                row=row,
                verdict=verdict,
                actions=actions,
                now=self._context.now(),
                due_at=row.due_at,
            )
            if await self._store.write(put):
                return
        raise LimitExceeded("The alarm changes faster than its state can be set; ask again.")


def _project(caller: tokens.Caller) -> str:
    if caller.project_id is None:
        raise Forbidden("Alarms belong to projects; ask as a user of one.")
    return caller.project_id


def _meant(sample: Sample, seen: Sequence[lite_alarms.AlarmRow]) -> list[lite_alarms.AlarmRow]:
    """The alarms that a sample is for."""
    if sample.alarm is None:
        return [one for one in seen if one.rule.is_about(sample.namespace, sample.metric, sample.dimensions)]
    named = [one for one in seen if one.name == sample.alarm]
    if not named:
        raise NotFound("Alarm", sample.alarm)
    for one in named:
        if one.rule.metric != sample.metric:
            raise BadRequest(f"The alarm {one.name} is about the metric {one.rule.metric}, not about {sample.metric}.")
    return named
