"""Handlers of what Hearth knows: resource types, template versions and functions, builds, engines."""

from starlette.responses import Response

from hearth.api import inputs, views
from hearth.api.call import Call

_SUPPORT = ("UNKNOWN", "SUPPORTED", "DEPRECATED", "UNSUPPORTED", "HIDDEN")


async def list_types(call: Call) -> Response:
    """Names of the resource types the caller may use."""
    found = await call.service.list_resource_types(
        call.caller,
        support_status=inputs.one_of("support_status", call.query.get("support_status"), _SUPPORT),
        name=call.query.get("name"),
        version=call.query.get("version"),
        with_description=inputs.boolean("with_description", call.query.get("with_description")),
    )
    allowed = [
        one
        for one in found
        if call.policy.allows_type(call.caller, one if isinstance(one, str) else one["resource_type"])
    ]
    return call.json({"resource_types": allowed})


async def show_type(call: Call) -> Response:
    """Schema of a resource type."""
    name = _permitted_type(call)
    return call.json(await call.service.resource_schema(call.caller, name))


async def type_template(call: Call) -> Response:
    """A template with one resource of the type."""
    name = _permitted_type(call)
    form = inputs.one_of("template_type", call.query.get("template_type"), ("cfn", "hot"))
    return call.json(await call.service.resource_template(call.caller, name, form or "cfn"))


def _permitted_type(call: Call) -> str:
    """The name asked for; the rules are those of the type that it stands for."""
    name = str(call.params["type_name"])
    call.policy.require_type(call.caller, call.service.resource_type_name(name))
    return name


async def list_versions(call: Call) -> Response:
    """Template versions."""
    return call.json({"template_versions": await call.service.list_template_versions()})


async def list_functions(call: Call) -> Response:
    """Functions of a template version."""
    conditions = inputs.boolean("with_condition_func", call.query.get("with_condition_func"))
    found = await call.service.list_template_functions(call.params["template_version"], conditions)
    return call.json({"template_functions": found})


async def build_info(call: Call) -> Response:
    """Which build answers."""
    return call.json(await call.service.build_info())


async def list_services(call: Call) -> Response:
    """The engines and whether they live."""
    return call.json({"services": [views.service(one) for one in await call.service.services()]})
