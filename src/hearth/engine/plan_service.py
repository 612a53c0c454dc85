"""Plans for clients: made, kept if that is wanted, shown again, applied, dropped."""

import dataclasses

from hearth.cloud import tokens
from hearth.engine import (
    acceptance,
    actions,
    authority,
    changing,
    context,
    definitions,
    mending,
    plan_keeping,
    plan_view,
)
from hearth.engine.planning import Drawn
from hearth.engine.requests import StackRequest
from hearth.model.names import StackIdentity
from hearth.model.plan_document import PlanDocument
from hearth.model.waivers import Waiver
from hearth.store.plans import PlanRow


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A plan; `row` is None when it is not kept."""

    row: PlanRow | None
    document: PlanDocument


class PlanService(changing.Changing):
    """The part of the service that makes and applies plans."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        accepting: acceptance.Acceptance,
    ) -> None:
        super().__init__(surroundings, kept, owners, accepting)
        self._plans = plan_keeping.PlanKeeping(surroundings, kept, owners, accepting, self._holding)

    async def plan_create(
        self, caller: tokens.Caller, tenant: str, request: StackRequest, *, keep: bool = False
    ) -> Shown:
        """The plan of `create_stack`."""
        return await self._shown(caller, await self._planning.new(caller, tenant, request), keep)

    async def plan_update(
        self, caller: tokens.Caller, identity: StackIdentity, request: StackRequest, *, patch: bool, keep: bool = False
    ) -> Shown:
        """The plan of `update_stack`."""
        stack = await self._stack(caller, identity)
        drawn = await self._planning.update(caller, stack, request, patch=patch, fingerprint=keep)
        return await self._shown(caller, drawn, keep)

    async def plan_delete(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        wanted: mending.Wanted | None = None,
        *,
        force: bool = False,
        keep: bool = False,
    ) -> Shown:
        """The plan of `delete_stack`; `wanted`: resources by what is to be left undone for them."""
        stack = await self._stack(caller, identity)
        waived = await self._mending.of_deletion(stack, wanted or {}, force=force)
        return await self._shown(caller, await self._planning.delete(stack, waived, fingerprint=keep), keep)

    async def _shown(self, caller: tokens.Caller, drawn: Drawn, keep: bool) -> Shown:
        document = plan_view.document(drawn.tree)
        return Shown(await self._plans.keep(caller, drawn, document) if keep else None, document)

    async def list_plans(self, caller: tokens.Caller, tenant: str, stack_name: str | None = None) -> list[PlanRow]:
        """The kept plans of a project, newest first; of one stack, if its name or id is given."""
        return await self._plans.listed(caller, tenant, stack_name)

    async def show_plan(self, caller: tokens.Caller, tenant: str, plan_id: str) -> Shown:
        """A kept plan."""
        return Shown(*await self._plans.show(caller, tenant, plan_id))

    async def find_plan(self, caller: tokens.Caller, tenant: str, plan_id: str) -> PlanRow:
        """A kept plan without what is in it."""
        return await self._plans.find(caller, tenant, plan_id)

    async def waived_by(self, plan: PlanRow) -> frozenset[Waiver]:
        """What a kept plan leaves undone for resources."""
        return await self._plans.waived(plan)

    async def apply_plan(self, caller: tokens.Caller, plan: PlanRow, digest: str | None = None) -> StackIdentity:
        """Begin exactly what a plan says, or refuse with what has moved since."""
        identity = await actions.until_stored(lambda: self._plans.apply(caller, plan, digest))
        await self._announce()
        return identity

    async def forget_plan(self, caller: tokens.Caller, tenant: str, plan_id: str) -> None:
        """Drop a kept plan."""
        await self._plans.forget(caller, tenant, plan_id)
