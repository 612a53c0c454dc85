"""Watches over lite alarms: judges those that are due, and has signalled what their new states ask for.

One engine of all does this. Each alarm is judged once in each of its periods, by `model.lite_alarms.judge`; its state
and the signals to be sent are stored in one transaction, and a signal is taken before it is sent. So two engines that
both think that it is their turn neither judge an alarm twice nor send a signal twice. Only an engine that dies while it
sends one leaves it to be sent once more, as nobody knows whether it arrived.
"""

import asyncio
import functools
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import alarm_signals, complaints, context, rounds
from hearth.engine.rounds import Next
from hearth.model import lite_alarms as rules
from hearth.model.errors import LimitExceeded
from hearth.store import Unavailable, lite_alarms

log = logging.getLogger(__name__)

#: Alarms that one transaction judges, and signals that are sent at the same time.
_JUDGED, _SENT = 50, 20
#: Seconds that a signal may take, and for which nobody else takes it.
PATIENCE, HOLD = 30.0, 60.0
#: Seconds before a signal is tried again, which double each time; how often it is tried.
FIRST_PAUSE, TRIES = 2.0, 5


class AlarmRounds:
    """The rounds of one engine."""

    def __init__(self, surroundings: context.Context, signals: alarm_signals.AlarmSignals, engine_id: str) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._signals = signals
        topics = [alarm_signals.TOPIC]
        self._rounds = rounds.Rounds(surroundings, engine_id, "lite alarms", topics, self.work)

    def start(self) -> None:
        """Begin."""
        self._rounds.start()

    async def stop(self) -> None:
        """Watch no more; another engine goes on."""
        await self._rounds.stop()

    async def work(self) -> Next:
        """One round: some of what is due."""
        judged = await self._judge()
        sent = await self._send()
        return Next.NOW if judged == _JUDGED or sent == _SENT else Next.WOKEN

    # ---- judging ----

    async def _judge(self) -> int:
        """Judge alarms that are due; how many."""
        now, codec = self._context.now(), self._store.codec
        found = await self._store.read(lambda c: lite_alarms.due(c, codec, now, _JUDGED))
        if found:
            await self._store.write(functools.partial(self._settle, rows=found, now=now))
        return len(found)

    def _settle(self, connection: sa.Connection, rows: Sequence[lite_alarms.AlarmRow], now: float) -> None:
        codec = self._store.codec
        for row in rows:
            if lite_alarms.is_left_behind(connection, row):
                lite_alarms.drop(connection, row.id)
                continue
            verdict, actions = rules.Verdict(row.state, row.reason), tuple[str, ...]()
            if row.state is not rules.State.SUSPENDED:
                points = lite_alarms.values(connection, row.id, now - row.rule.horizon)
                verdict = rules.judge(row.rule, points, row.watched_since, now)
                actions = tuple(rules.asked_for(row.rule, row.state, verdict.state))
            # The next judgement keeps to the alarm's pace, unless that has passed already.
            upcoming = row.due_at + row.rule.period
            due_at = upcoming if upcoming > now else now + row.rule.period
            lite_alarms.settle(connection, codec, row, verdict, actions, now, due_at)

    # ---- signalling ----

    async def _send(self) -> int:
        """Send signals that are due; how many."""
        now, codec = self._context.now(), self._store.codec
        if not await self._store.read(lambda c: lite_alarms.has_actions(c, now)):
            return 0
        taken = await self._store.write(lambda c: lite_alarms.take_actions(c, codec, now, HOLD, _SENT))
        await asyncio.gather(*map(self._send_one, taken))
        return len(taken)

    async def _send_one(self, action: lite_alarms.ActionRow) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._signals.send(action)
        except alarm_signals.Refused as refused:
            await self._give_up(action, str(refused))
        except Unavailable:
            raise  # when it is there again, the signal is sent after the time for which it is held
        except (TimeoutError, LimitExceeded, cloud_errors.CloudError) as error:
            await self._put_off(action, str(error) or f"no answer within {PATIENCE:.0f} s")
        except Exception as error:  # the border of a signal: its defect is no affair of the others
            complaints.tell(log, f"A signal of the lite alarm {action.alarm_id} cannot be sent", error)
            await self._put_off(action, f"{type(error).__name__}")
        else:
            await self._store.write(functools.partial(lite_alarms.end_action, action=action))

    async def _put_off(self, action: lite_alarms.ActionRow, why: str) -> None:
        if action.tries + 1 >= TRIES:
            await self._give_up(action, why)
            return
        due_at = self._context.now() + FIRST_PAUSE * 2**action.tries
        await self._store.write(functools.partial(lite_alarms.postpone_action, action=action, due_at=due_at))

    async def _give_up(self, action: lite_alarms.ActionRow, why: str) -> None:
        log.warning("A signal of the lite alarm %s is not sent: %s", action.alarm_id, why)
        await self._store.write(functools.partial(lite_alarms.end_action, action=action, failure=why))
