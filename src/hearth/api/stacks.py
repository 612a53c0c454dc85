"""Handlers of stacks as a whole: create, list, show, update, preview, delete, outputs, actions."""

import dataclasses
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from hearth.api import inputs, links, problems, views
from hearth.api.call import Call
from hearth.cloud import fetch
from hearth.engine import requests
from hearth.model import errors

#: What keeps its own error type in the answer of validate.
_TOLD_BY_VALIDATE = (
    "InvalidTemplateVersion",
    "UnknownUserParameter",
    "InvalidBreakPointHook",
    "InvalidRestrictedAction",
    "InvalidSchemaError",
    "InvalidTemplateReference",
    "CircularDependencyException",
)


async def index(call: Call) -> Response:
    """List stacks."""
    query = inputs.stack_query(call.query)
    if query.global_tenant:
        call.policy.require(call.caller, "stacks:global_index")
    found = await call.service.list_stacks(call.caller, query)
    with_project = call.caller.is_admin or query.global_tenant
    body: views.Wire = {"stacks": [views.listed_stack(one, call.links, with_project=with_project) for one in found]}
    if query.limit and len(found) == query.limit:
        body["links"] = [links.link("next", _next_page(call, found[-1]["identity"].id))]
    if inputs.boolean("with_count", call.query.get("with_count")):
        body["count"] = await call.service.count_stacks(
            call.caller, dataclasses.replace(query, limit=None, marker=None)
        )
    return call.json(body)


def _next_page(call: Call, marker: str) -> str:
    kept = [(name, value) for name, value in call.query.multi_items() if name != "marker"]
    return f"{urlsplit(call.url)._replace(query='').geturl()}?{urlencode([*kept, ('marker', marker)])}"


async def detail(call: Call) -> Response:
    """List all stacks; filters and pages do not apply."""
    found = await call.service.list_stacks(call.caller, inputs.stack_query(type(call.query)()))
    with_project = call.caller.is_admin
    return call.json({"stacks": [views.listed_stack(one, call.links, with_project=with_project) for one in found]})


async def create(call: Call) -> Response:
    """Start the creation of a stack."""
    request = await fetched(call, inputs.new_stack_request(call.needed_body()))
    identity = await call.service.create_stack(call.caller, call.tenant, request)
    return call.json(views.created(identity, call.links), 201, {"Location": call.links.stack(identity)})


async def preview(call: Call) -> Response:
    """What create would make."""
    request = await fetched(call, inputs.new_stack_request(call.needed_body()))
    found = await call.service.preview_create(call.caller, call.tenant, request)
    # What would be made has no id; clients have always been told this text for it.
    unborn = dataclasses.replace(found["identity"], id="None")
    shown = views.stack({**found, "identity": unborn}, call.links)
    return call.json({"stack": {**shown, "resources": views.raw(found.get("resources", []))}})


async def lookup(call: Call) -> Response:
    """Lead from a name, an id or an ARN to the stack's own URL, whatever the method."""
    asked = call.params["stack_name"]
    identity = await call.service.identify(call.caller, call.params["tenant_id"], asked)
    url = call.links.stack(identity)
    if path := call.params.get("path"):
        url += f"/{path}"
    if query := urlsplit(call.url).query:
        url += f"?{query}"
    return problems.as_text(f"The stack is at {url}\n", 302, {"Location": url})


async def show(call: Call) -> Response:
    """Show a stack."""
    resolve = inputs.boolean("resolve_outputs", call.query.get("resolve_outputs"), default=True)
    found = await call.service.show_stack(call.caller, call.identity, resolve)
    return call.json({"stack": views.stack(found, call.links)})


async def template(call: Call) -> Response:
    """The stored template."""
    return call.json(views.template(await call.service.template(call.caller, call.identity)))


async def environment(call: Call) -> Response:
    """The stored environment."""
    return call.json(await call.service.environment(call.caller, call.identity))


async def files(call: Call) -> Response:
    """The stored files."""
    return call.json(await call.service.files(call.caller, call.identity))


async def update(call: Call) -> Response:
    """Start an update that says everything anew."""
    return await _update(call, patch=False)


async def update_patch(call: Call) -> Response:
    """Start an update that keeps what it does not name."""
    return await _update(call, patch=True)


async def _update(call: Call, *, patch: bool) -> Response:
    request, patch = await update_request(call, patch=patch)
    await call.service.update_stack(call.caller, call.identity, request, patch=patch)
    return problems.as_text("The update was accepted.\n", 202)


async def preview_update(call: Call) -> Response:
    """What an update would change."""
    return await _preview_update(call, patch=False)


async def preview_update_patch(call: Call) -> Response:
    """What an update that keeps what it does not name would change."""
    return await _preview_update(call, patch=True)


async def _preview_update(call: Call, *, patch: bool) -> Response:
    nested = inputs.boolean("show_nested", call.query.get("show_nested"))
    request, patch = await update_request(call, patch=patch)
    found = await call.service.preview_update(call.caller, call.identity, request, patch=patch, show_nested=nested)
    return call.json({"resource_changes": views.raw(found)})


async def update_request(call: Call, *, patch: bool) -> tuple[requests.StackRequest, bool]:
    """What an update asks for, and whether what it does not name stays."""
    request = inputs.stack_request((call.body or {}) if patch else call.needed_body())
    patch = patch or request.existing
    if not patch:
        inputs.require_template(request)
    return await fetched(call, request), patch


async def fetched(call: Call, request: requests.StackRequest) -> requests.StackRequest:
    """The request with the text behind its template_url in place."""
    limit = call.settings.max_template_size
    if request.template is None and request.template_url is not None:
        text = await fetch.fetch(request.template_url, call.settings.fetch_rules, limit)
        return dataclasses.replace(request, template=text)
    if isinstance(request.template, str) and (size := len(request.template.encode())) > limit:
        raise errors.LimitExceeded(f"The template is {size} bytes long; {limit} are allowed (max_template_size).")
    return request


async def delete(call: Call) -> Response:
    """Start the deletion of a stack; `retain` and `force` are Hearth's own."""
    retained = [name for text in call.query.getlist("retain") for name in text.split(",") if name]
    force = inputs.boolean("force", call.query.get("force"))
    if retained:
        call.policy.require(call.caller, "stacks:delete_retaining")
    if force:
        call.policy.require(call.caller, "stacks:delete_forced")
    await call.service.delete_stack(call.caller, call.identity, retain=retained, force=force)
    return Response(status_code=204)


async def validate(call: Call) -> Response:
    """Check a template and tell its parameters."""
    nested = inputs.boolean("show_nested", call.query.get("show_nested"))
    ignored = inputs.ignored_errors(call.query.get("ignore_errors"))
    request = inputs.stack_request(call.needed_body())
    inputs.require_template(request)
    request = await fetched(call, request)
    try:
        found = await call.service.validate(call.caller, request, show_nested=nested, ignore_errors=ignored)
    except errors.Invalid as invalid:
        # Here alone a wrong template is a wrong request to clients; its diagnostics keep their own types.
        if invalid.kind not in _TOLD_BY_VALIDATE:
            invalid.kind = errors.BadRequest.kind
        raise
    return call.json(found)


async def list_outputs(call: Call) -> Response:
    """Names and descriptions of the outputs."""
    return call.json({"outputs": await call.service.list_outputs(call.caller, call.identity)})


async def show_output(call: Call) -> Response:
    """An output with its value."""
    found = await call.service.show_output(call.caller, call.identity, call.params["output_key"])
    return call.json({"output": found})


async def action(call: Call) -> Response:
    """Suspend, resume, check, cancel, hold, go on with what failed; each has a policy rule of its own."""
    name, given = inputs.action(call.body)
    call.policy.require(call.caller, f"actions:{name}")
    hold, waivers = inputs.hold(name, given), inputs.waivers(name, given)
    if waivers is not None:
        await call.service.continue_action(call.caller, call.identity, waivers)
    elif hold is None:
        await call.service.action(call.caller, call.identity, name)
    else:
        await _hold(call, name, hold)
    return call.json(None)


async def _hold(call: Call, name: str, asked: inputs.HoldRequest) -> None:
    if asked.force:
        call.policy.require(call.caller, "actions:force_lock")
    service, caller, identity = call.service, call.caller, call.identity
    match name:
        case "pause":
            await service.pause(caller, identity, asked.reason)
        case "unpause":
            await service.unpause(caller, identity)
        case "protect":
            await service.protect(caller, identity, asked.reason)
        case "unprotect":
            await service.unprotect(caller, identity)
        case "lock":
            await service.lock(caller, identity, asked.reason, asked.seconds, force=asked.force)
        case "unlock":
            await service.unlock(caller, identity, force=asked.force)
