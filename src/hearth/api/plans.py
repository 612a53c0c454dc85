"""Handlers of plans: made, and kept if that is wanted; listed, shown, applied, dropped. Heat has none of these.

What a plan would do is asked of the policy twice: for the plan, and when it is applied for the action itself.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from hearth.api import inputs, links, stacks, views
from hearth.api.call import Call
from hearth.engine.plan_service import Shown
from hearth.model import errors
from hearth.model.states import Action
from hearth.model.waivers import Waiver
from hearth.store.plans import PlanRow

#: The rule by which a caller may do what a plan says.
_RULES: Mapping[str, str] = {
    Action.CREATE: "stacks:create",
    Action.ADOPT: "stacks:create",
    Action.UPDATE: "stacks:update",
    Action.DELETE: "stacks:delete",
}

#: The rules by which a deletion may leave objects where they are.
_LEAVING_RULES: Mapping[Waiver, str] = {
    Waiver.RETAIN: "stacks:delete_retaining",
    Waiver.FORCE: "stacks:delete_forced",
}


async def create(call: Call) -> Response:
    """Plan a new stack."""
    request = await stacks.fetched(call, inputs.new_stack_request(call.needed_body()))
    return _made(call, await call.service.plan_create(call.caller, call.tenant, request, keep=_keep(call)))


async def create_for_stack(call: Call) -> Response:
    """Plan an update or the deletion of a stack."""
    body = call.needed_body()
    action = inputs.one_of("action", body.get("action", "update"), ("update", "delete"))
    if action == "delete":
        return await _create_deletion(call, body)
    request, patch = await stacks.update_request(call, patch=False)
    shown = await call.service.plan_update(call.caller, call.identity, request, patch=patch, keep=_keep(call))
    return _made(call, shown)


async def _create_deletion(call: Call, body: Mapping[str, Any]) -> Response:
    """Plan the deletion of a stack, some of whose resources may be left where they are."""
    wanted, force_all = inputs.deletion_waivers(body)
    _require_leaving(call, {*wanted, *([Waiver.FORCE] if force_all else ())})
    shown = await call.service.plan_delete(call.caller, call.identity, wanted, force=force_all, keep=_keep(call))
    return _made(call, shown)


def _require_leaving(call: Call, waivers: Collection[Waiver]) -> None:
    for waiver in _LEAVING_RULES.keys() & waivers:
        call.policy.require(call.caller, _LEAVING_RULES[waiver])


async def index(call: Call) -> Response:
    """List the kept plans of the project, newest first."""
    found = await call.service.list_plans(call.caller, call.params["tenant_id"], call.query.get("stack"))
    return call.json({"plans": [_row(one) for one in found]})


async def show(call: Call) -> Response:
    """Show a kept plan."""
    shown = await call.service.show_plan(call.caller, call.params["tenant_id"], call.params["plan_id"])
    return call.json({"plan": _plan(shown)})


async def apply(call: Call) -> Response:
    """Do exactly what a plan says."""
    digest = (call.body or {}).get("digest")
    if digest is not None and not isinstance(digest, str):
        raise errors.BadRequest("digest: text is needed, as the plan has it.")
    plan = await call.service.find_plan(call.caller, call.params["tenant_id"], call.params["plan_id"])
    call.policy.require(call.caller, _RULES[plan.action])
    _require_leaving(call, await call.service.waived_by(plan))
    identity = await call.service.apply_plan(call.caller, plan, digest)
    url = call.links.stack(identity)
    stack = {"id": identity.id, "stack_name": identity.name, "links": [links.link("self", url)]}
    return call.json({"stack": stack}, 202, {"Location": url})


async def delete(call: Call) -> Response:
    """Drop a kept plan."""
    await call.service.forget_plan(call.caller, call.params["tenant_id"], call.params["plan_id"])
    return Response(status_code=204)


def _keep(call: Call) -> bool:
    return inputs.boolean("keep", call.query.get("keep"), default=True)


def _made(call: Call, shown: Shown) -> Response:
    return call.json({"plan": _plan(shown)}, 201 if shown.row is not None else 200)


def _plan(shown: Shown) -> dict[str, Any]:
    document = msgspec.to_builtins(shown.document)
    return {**(_row(shown.row) if shown.row is not None else {}), "document": document}


def _row(row: PlanRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "digest": row.digest,
        "action": row.action,
        "stack_name": row.stack_name,
        "stack_id": row.stack_id,
        "user_name": row.username,
        "creation_time": views.time_text(row.created_at),
        "expiration_time": views.time_text(row.expires_at),
        "application_time": views.time_text(row.applied_at),
    }
