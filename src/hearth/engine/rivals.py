"""Lets objects of one resource that cannot be there at once take turns: what one has, the other needs.

A replacement is made before what it replaces is removed. Where both are to have the same - an address, a name, a port -
the one that is there gives it up first, and notes what it was; a row that is kept after all has it back. Rivals of a
row are all others of its name, so what a failed or a superseded action left half done is covered too.

    B replaces A    B intended, awaits its place ──► note in A ──► A gives up ──► B awaits no more ──► B is made
    back to A       A's update intended ──► note in B ──► B gives up ──► A takes back ──► A's note goes

Each arrow is a commit or precedes one, and all calls may be repeated: after a crash the step goes on from the notes.
Used by `converging`. What collides, and how something is given up, is known to the types.
"""

import logging

from hearth.engine import context, doubting, judge
from hearth.engine.recording import Recorder
from hearth.engine.step import Step
from hearth.model import plan
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import resources
from hearth.store.rows import Phase, ResourceRow
from hearth.store.traversals import Move, Then

log = logging.getLogger(__name__)


class Rivals:
    """Makes rivals give way for one engine's steps."""

    def __init__(self, surroundings: context.Context, record: Recorder) -> None:
        self._context = surroundings
        self._record = record

    async def announce(self, step: Step) -> None:
        """Note, before an object is intended, that it has to await its place."""
        if await self._in_the_way(step):
            step.pending["data"] = {**step.row.data, judge.AWAITS_PLACE: "true"}

    async def clear(self, step: Step) -> Move | None:
        """Have the place cleared in which an object is to be made. None: it is; else the move that pauses the step."""
        if judge.AWAITS_PLACE not in step.row.data:
            return None
        paused = await self._make_way(step)
        if paused is None:
            step.pending["data"] = {key: text for key, text in step.row.data.items() if key != judge.AWAITS_PLACE}
            await self._record.commit(step, Phase.INTENDED)
        return paused

    async def take_back(self, step: Step) -> Move | None:
        """Let the step's object have again what it gave up, if it did. None: it has; else the move that pauses.

        Raises Gone when there is no such object.
        """
        if contract.GIVEN_UP not in step.row.data:
            return None
        paused = await self._make_way(step)
        if paused is not None:
            return paused
        call = self._record.call(step, data=dict(step.row.data), properties=judge.previous(step.row) or {})
        while (wait := await step.known_kind.take_back(call)) is not None:
            if call.data != step.row.data:
                step.pending["data"] = dict(call.data)
                await self._record.commit(step, Phase.INTENDED)
            if wait.after != 0:
                return self._pause(step, wait)
        call.data.pop(contract.GIVEN_UP, None)
        step.pending["data"] = call.data
        await self._record.commit(step, Phase.INTENDED)
        return None

    async def _make_way(self, step: Step) -> Move | None:
        for rival in await self._in_the_way(step):
            call = step.run.call(
                rival, step.known_kind, data=dict(rival.data), action=Action.UPDATE, retained=_is_retained(rival)
            )
            wait = await self._give_up(step, rival, call)
            if wait is not None:
                return self._pause(step, wait)
        return None

    async def _give_up(self, step: Step, rival: ResourceRow, call: contract.Call) -> contract.Wait | None:
        """Let one rival give up what the step's object is to have; None once it has."""
        kind = step.known_kind
        if call.physical_id is None:
            # A create whose answer never came may have made it all the same.
            call.action = Action.DELETE
            call.physical_id = await kind.find(call) if kind.findable else None
            if call.physical_id is None:
                self._unless_it_may_come(rival)
                return None
        log.info("Resource %s: %s makes way for another object", rival.name, call.physical_id)
        while True:
            try:
                wait = await kind.make_way(call, self._wanted(step))
            except contract.Gone:
                return None
            if (call.data, call.physical_id) != (rival.data, rival.physical_id):
                rival.data, rival.physical_id = dict(call.data), call.physical_id
                changes = {"data": rival.data, "physical_id": rival.physical_id}
                await self._record.commit(step, step.node.phase, {rival.id: changes})
            if wait is None or wait.after != 0:
                return wait

    def _unless_it_may_come(self, rival: ResourceRow) -> None:
        """Raises InDoubt while the object of a rival, which was not found, may still come."""
        doubt = doubting.doubt(rival.data, self._context.now(), self._context.settings)
        if doubt is not None:
            raise doubting.InDoubt(f"its place may be taken by another object for it: {doubt}", doubt.after, doubt.kind)

    async def _in_the_way(self, step: Step) -> list[ResourceRow]:
        """The rivals whose objects have, or may have, what the step's object is to have; the oldest first."""
        kind, store, row = step.known_kind, self._context.store, step.row
        if not kind.takes_turns:
            return []
        found = await store.read(lambda c: resources.by_names(c, store.codec, row.stack_id, {row.name}))
        wanted = self._wanted(step)
        return sorted(
            (
                one
                for one in found
                if one.id != row.id
                and one.action is not Action.INIT
                and not plan.is_deleted(one)
                and judge.AWAITS_PLACE not in one.data
                and judge.EXTERNAL not in one.data
                and type(step.run.type_of_row(one)) is type(kind)
                and kind.collides(one.frozen or one.properties or {}, wanted)
            ),
            key=lambda one: one.created_at,
        )

    @staticmethod
    def _wanted(step: Step) -> contract.Values:
        """What the step's object is to be: as it is made, or as it was before it gave up anything."""
        if step.action is Action.UPDATE:
            return judge.previous(step.row) or {}
        return step.frozen if step.frozen is not None else step.values or {}

    def _pause(self, step: Step, wait: contract.Wait) -> Move:
        step.pause = 1.0 if wait.after is None else wait.after
        return self._record.move(step, Then.STAY, Phase.INTENDED)


def _is_retained(rival: ResourceRow) -> bool:
    """Whether a rival's object must not be deleted to make way. What never was complete is worth nothing to anybody."""
    return rival.deletion_policy == "Retain" and (rival.action, rival.status) != (Action.CREATE, Status.FAILED)
