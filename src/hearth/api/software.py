"""Handlers of software configs and deployments."""

from starlette.responses import Response

from hearth.api import inputs, views
from hearth.api.call import Call

# ---- configs ----


async def list_configs(call: Call) -> Response:
    """Configs of the project, the newest first."""
    everywhere = inputs.boolean("global_tenant", call.query.get("global_tenant"))
    if everywhere:
        call.policy.require(call.caller, "software_configs:global_index")
    found = await call.service.software.list_configs(
        call.caller,
        limit=inputs.whole("limit", call.query.get("limit")),
        marker=call.query.get("marker"),
        everywhere=everywhere,
    )
    with_project = call.caller.is_admin or everywhere
    return call.json({"software_configs": [views.listed_config(one, with_project=with_project) for one in found]})


async def create_config(call: Call) -> Response:
    """Keep a config."""
    new = inputs.software_config(call.needed_body())
    return call.json({"software_config": views.software(await call.service.software.create_config(call.caller, new))})


async def show_config(call: Call) -> Response:
    """Show a config."""
    found = await call.service.software.show_config(call.caller, call.params["config_id"])
    return call.json({"software_config": views.software(found)})


async def delete_config(call: Call) -> Response:
    """Drop a config that no deployment uses."""
    await call.service.software.delete_config(call.caller, call.params["config_id"])
    return Response(status_code=204)


# ---- deployments ----


async def list_deployments(call: Call) -> Response:
    """Deployments of the project, or of one server."""
    found = await call.service.software.list_deployments(call.caller, call.query.get("server_id"))
    return call.json({"software_deployments": [views.software(one) for one in found]})


async def server_metadata(call: Call) -> Response:
    """What an agent in a server has to do: the configs of the server's deployments."""
    found = await call.service.software.server_metadata(call.caller, call.params["server_id"])
    return call.json({"metadata": [views.software(one) for one in found]})


async def create_deployment(call: Call) -> Response:
    """Keep a deployment."""
    new = inputs.software_deployment(call.needed_body())
    found = await call.service.software.create_deployment(call.caller, new)
    return call.json({"software_deployment": views.software(found)})


async def show_deployment(call: Call) -> Response:
    """Show a deployment."""
    found = await call.service.software.show_deployment(call.caller, call.params["deployment_id"])
    return call.json({"software_deployment": views.software(found)})


async def update_deployment(call: Call) -> Response:
    """Change a deployment; what is not given, or null, stays as it is."""
    changes = inputs.deployment_changes(call.needed_body())
    found = await call.service.software.update_deployment(call.caller, call.params["deployment_id"], changes)
    return call.json({"software_deployment": views.software(found)})


async def delete_deployment(call: Call) -> Response:
    """Drop a deployment."""
    await call.service.software.delete_deployment(call.caller, call.params["deployment_id"])
    return Response(status_code=204)
