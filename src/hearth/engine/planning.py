"""Plans of what requests ask for, made on one moment's state of the whole tree of stacks. Nothing is stored here."""

from hearth.cloud import tokens
from hearth.engine import actions, context, definitions, plan_tree, survey, wishes
from hearth.engine.plan_tree import PlanTree
from hearth.engine.requests import StackRequest
from hearth.model.errors import NotFound
from hearth.model.states import Action
from hearth.store.rows import StackRow


class Planning:
    """Plans creations, updates and deletions with everything that follows in nested stacks."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, understanding: wishes.Wishes
    ) -> None:
        self._store = surroundings.store
        self._wishes = understanding
        self._growing = plan_tree.Growing(surroundings, kept)

    async def new(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> PlanTree:
        """The plan of a creation."""
        wish = await self._wishes.of_new(caller, tenant, request)
        return await self._growing.tree(survey.EMPTY, wish.stack, wish.action, wish.built, wish.definition_id)

    async def update(self, caller: tokens.Caller, stack: StackRow, request: StackRequest, *, patch: bool) -> PlanTree:
        """The plan of an update."""
        surveyed = await self._survey(stack)
        wish = await self._wishes.of_update(caller, surveyed.stacks[stack.id], request, patch=patch)
        return await self._growing.tree(
            surveyed, wish.stack, wish.action, wish.built, wish.definition_id, before=wish.before
        )

    async def delete(self, stack: StackRow) -> PlanTree:
        """The plan of a deletion."""
        surveyed = await self._survey(stack)
        return await self._growing.tree(surveyed, surveyed.stacks[stack.id], Action.DELETE, None, actions.NOTHING)

    async def _survey(self, stack: StackRow) -> survey.Survey:
        codec = self._store.codec
        surveyed = await self._store.read(lambda connection: survey.take(connection, codec, stack.root_id))
        if stack.id not in surveyed.stacks:
            raise NotFound("Stack", stack.name)
        return surveyed
