"""Plans of what requests ask for, made on one moment's state of the whole tree of stacks. Nothing is stored here."""

import dataclasses
from collections.abc import Mapping

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import actions, context, definitions, drifting, plan_tree, survey, treating, wishes
from hearth.engine.plan_tree import PlanTree
from hearth.engine.requests import StackRequest
from hearth.model import waivers
from hearth.model.errors import NotFound
from hearth.model.states import Action
from hearth.store import fingerprints
from hearth.store.fingerprints import Fingerprint
from hearth.store.rows import StackRow


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """A plan with what it was made of: the wish (None: a deletion), and what there was, in short.

    `decided`: about drift, together with the update, by stack.
    """

    tree: PlanTree
    wish: wishes.Wish | None
    fingerprint: Fingerprint
    decided: Mapping[str, treating.Decided] = dataclasses.field(default_factory=dict)


class Planning:
    """Plans creations, updates and deletions with everything that follows in nested stacks."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        understanding: wishes.Wishes,
        reality: drifting.Drifting,
    ) -> None:
        self._drifting = reality
        self._store = surroundings.store
        self._wishes = understanding
        self._growing = plan_tree.Growing(surroundings, kept)

    async def new(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> Drawn:
        """The plan of a creation."""
        wish = await self._wishes.of_new(caller, tenant, request)
        tree = await self._growing.tree(survey.EMPTY, wish.stack, wish.action, wish.built, wish.definition_id)
        return Drawn(tree, wish, Fingerprint({}, {}))

    async def update(
        self,
        caller: tokens.Caller,
        stack: StackRow,
        request: StackRequest,
        *,
        patch: bool,
        fingerprint: bool = False,
    ) -> Drawn:
        """The plan of an update. `fingerprint`: of what it is made on, for a plan that is kept."""
        decided = await self._drifting.for_update(stack, request)
        surveyed, taken = await self._survey(stack, fingerprint)
        surveyed = surveyed.facing(decided, converge=self._drifting.converges(request))
        wish = await self._wishes.of_update(caller, surveyed.stacks[stack.id], request, patch=patch)
        tree = await self._growing.tree(
            surveyed, wish.stack, wish.action, wish.built, wish.definition_id, before=wish.before
        )
        return Drawn(tree, wish, taken, decided)

    async def require_part(self, wish: wishes.Wish) -> None:
        """Find out whether the part that a wish is for is there, where that shows in nested stacks only.

        Raises:
            BadRequest: it is not.
        """
        if not wish.built.part.goes_inside:
            return
        surveyed = survey.EMPTY if wish.before is None else (await self._survey(wish.stack, False))[0]
        await self._growing.tree(surveyed, wish.stack, wish.action, wish.built, wish.definition_id, before=wish.before)

    async def delete(
        self, stack: StackRow, waived: waivers.Waivers = waivers.NONE, *, fingerprint: bool = False
    ) -> Drawn:
        """The plan of a deletion; see `update`. `waived`: what it leaves where it is."""
        surveyed, taken = await self._survey(stack, fingerprint)
        present = surveyed.stacks[stack.id]
        tree = await self._growing.tree(surveyed, present, Action.DELETE, None, actions.NOTHING, waived=waived)
        return Drawn(tree, None, taken)

    async def _survey(self, stack: StackRow, fingerprint: bool) -> tuple[survey.Survey, Fingerprint]:
        codec = self._store.codec

        def query(connection: sa.Connection) -> tuple[survey.Survey, Fingerprint]:
            taken = fingerprints.take(connection, stack.root_id) if fingerprint else Fingerprint({}, {})
            return survey.take(connection, codec, stack.root_id), taken

        surveyed, taken = await self._store.read(query)
        if stack.id not in surveyed.stacks:
            raise NotFound("Stack", stack.name)
        return surveyed, taken
