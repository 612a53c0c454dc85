"""The table of the API: path, method, policy rule, handler; and finding the row for a request.

A part `{name}` of a path takes anything up to the next slash, `{name:pattern}` what the pattern takes; the first path
that fits is taken. Paths are matched as they were sent, before %-sequences are decoded, so a name may hold a slash.

Spec: https://docs.openstack.org/api-ref/orchestration/v1/
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from starlette.responses import Response

from hearth.api import catalogue, drift, event_stream, orphans, plans, resources, snapshots, software, stacks
from hearth.api.call import Call

Handler = Callable[[Call], Awaitable[Response]]


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """What a method does at a path. `rule`: the policy rule, or None when the handler asks for one itself."""

    handler: Handler
    rule: str | None


def _same(operation: Operation, methods: str) -> dict[str, Operation]:
    return dict.fromkeys(methods.split(), operation)


_LOOKUP = Operation(stacks.lookup, "stacks:lookup")
_STACKS = "/v1/{tenant_id}/stacks"
_PLANS = "/v1/{tenant_id}/plans"
_STACK = _STACKS + "/{stack_name}/{stack_id}"
_RESOURCE = _STACK + "/resources/{resource_name}"
_SNAPSHOT = _STACK + "/snapshots/{snapshot_id}"
_TYPES = "/v1/{tenant_id}/resource_types"
_ORPHANS = "/v1/{tenant_id}/orphans"
_CONFIGS = "/v1/{tenant_id}/software_configs"
_DEPLOYMENTS = "/v1/{tenant_id}/software_deployments"

ROUTES: Mapping[str, Mapping[str, Operation]] = {
    _STACKS: {
        "GET": Operation(stacks.index, "stacks:index"),
        "POST": Operation(stacks.create, "stacks:create"),
    },
    "/v1/{tenant_id}/validate": {"POST": Operation(stacks.validate, "stacks:validate_template")},
    # Stacks may be named by these words: what is not asked of the word itself is asked of the stack.
    _STACKS + "/{stack_name:preview}": {
        **_same(_LOOKUP, "GET PUT PATCH DELETE"),
        "POST": Operation(stacks.preview, "stacks:preview"),
    },
    _STACKS + "/{stack_name:detail}": {
        **_same(_LOOKUP, "POST PUT PATCH DELETE"),
        "GET": Operation(stacks.detail, "stacks:detail"),
    },
    # An ARN holds slashes, and no stack name holds a colon.
    _STACKS + r"/{stack_name:arn(?::|%3[Aa]).*}": _same(_LOOKUP, "GET POST PUT PATCH DELETE"),
    _STACKS + "/{stack_name}": _same(_LOOKUP, "GET POST PUT PATCH DELETE"),
    # These words are no ids, so they come before the stack's own URL.
    _STACKS + "/{stack_name}/{path:resources|events|template|actions}": _same(_LOOKUP, "GET POST"),
    _STACKS + "/{stack_name}/{path:environment|files}": _same(_LOOKUP, "GET"),
    _STACK: {
        "GET": Operation(stacks.show, "stacks:show"),
        "PUT": Operation(stacks.update, "stacks:update"),
        "PATCH": Operation(stacks.update_patch, "stacks:update_patch"),
        "DELETE": Operation(stacks.delete, "stacks:delete"),
    },
    _STACK + "/preview": {
        "PUT": Operation(stacks.preview_update, "stacks:preview_update"),
        "PATCH": Operation(stacks.preview_update_patch, "stacks:preview_update_patch"),
    },
    # Plans are an extension: none of these paths means anything to Heat.
    _STACK + "/plans": {"POST": Operation(plans.create_for_stack, "plans:create")},
    _PLANS: {"GET": Operation(plans.index, "plans:index"), "POST": Operation(plans.create, "plans:create")},
    _PLANS + "/{plan_id}": {
        "GET": Operation(plans.show, "plans:show"),
        "DELETE": Operation(plans.delete, "plans:delete"),
    },
    _PLANS + "/{plan_id}/apply": {"POST": Operation(plans.apply, "plans:apply")},
    _STACK + "/template": {"GET": Operation(stacks.template, "stacks:template")},
    _STACK + "/environment": {"GET": Operation(stacks.environment, "stacks:environment")},
    _STACK + "/files": {"GET": Operation(stacks.files, "stacks:files")},
    _STACK + "/drift": {
        "GET": Operation(drift.show, "stacks:drift"),
        "POST": Operation(drift.look, "stacks:drift"),
    },
    _STACK + "/abandon": {"DELETE": Operation(snapshots.abandon, "stacks:abandon")},
    _STACK + "/export": {"GET": Operation(snapshots.export, "stacks:export")},
    _STACK + "/snapshots": {
        "GET": Operation(snapshots.index, "stacks:list_snapshots"),
        "POST": Operation(snapshots.create, "stacks:snapshot"),
    },
    _SNAPSHOT: {
        "GET": Operation(snapshots.show, "stacks:show_snapshot"),
        "DELETE": Operation(snapshots.delete, "stacks:delete_snapshot"),
    },
    _SNAPSHOT + "/restore": {"POST": Operation(snapshots.restore, "stacks:restore_snapshot")},
    _STACK + "/outputs": {"GET": Operation(stacks.list_outputs, "stacks:list_outputs")},
    _STACK + "/outputs/{output_key}": {"GET": Operation(stacks.show_output, "stacks:show_output")},
    _STACK + "/actions": {"POST": Operation(stacks.action, None)},
    _STACK + "/resources": {"GET": Operation(resources.index, "resource:index")},
    _RESOURCE: {
        "GET": Operation(resources.show, "resource:show"),
        "PATCH": Operation(resources.mark_unhealthy, "resource:mark_unhealthy"),
    },
    _RESOURCE + "/metadata": {"GET": Operation(resources.metadata, "resource:metadata")},
    _RESOURCE + "/signal": {"POST": Operation(resources.signal, "resource:signal")},
    _STACK + "/events": {"GET": Operation(resources.list_events, "events:index")},
    _STACK + "/events/stream": {"GET": Operation(event_stream.follow, "events:index")},
    _RESOURCE + "/events": {"GET": Operation(resources.list_events, "events:index")},
    _RESOURCE + "/events/{event_id}": {"GET": Operation(resources.show_event, "events:show")},
    _ORPHANS: {"GET": Operation(orphans.index, "orphans:index")},
    _ORPHANS + "/{orphan_id}": {"DELETE": Operation(orphans.forget, "orphans:forget")},
    _ORPHANS + "/{orphan_id}/object": {"DELETE": Operation(orphans.delete, "orphans:delete")},
    _TYPES: {"GET": Operation(catalogue.list_types, "stacks:list_resource_types")},
    _TYPES + "/{type_name}": {"GET": Operation(catalogue.show_type, "stacks:resource_schema")},
    _TYPES + "/{type_name}/template": {"GET": Operation(catalogue.type_template, "stacks:generate_template")},
    "/v1/{tenant_id}/template_versions": {"GET": Operation(catalogue.list_versions, "stacks:list_template_versions")},
    "/v1/{tenant_id}/template_versions/{template_version}/functions": {
        "GET": Operation(catalogue.list_functions, "stacks:list_template_functions")
    },
    _CONFIGS: {
        "GET": Operation(software.list_configs, "software_configs:index"),
        "POST": Operation(software.create_config, "software_configs:create"),
    },
    _CONFIGS + "/{config_id}": {
        "GET": Operation(software.show_config, "software_configs:show"),
        "DELETE": Operation(software.delete_config, "software_configs:delete"),
    },
    _DEPLOYMENTS: {
        "GET": Operation(software.list_deployments, "software_deployments:index"),
        "POST": Operation(software.create_deployment, "software_deployments:create"),
    },
    _DEPLOYMENTS + "/metadata/{server_id}": {
        "GET": Operation(software.server_metadata, "software_deployments:metadata"),
    },
    _DEPLOYMENTS + "/{deployment_id}": {
        "GET": Operation(software.show_deployment, "software_deployments:show"),
        "PUT": Operation(software.update_deployment, "software_deployments:update"),
        "DELETE": Operation(software.delete_deployment, "software_deployments:delete"),
    },
    "/v1/{tenant_id}/build_info": {"GET": Operation(catalogue.build_info, "build_info:build_info")},
    "/v1/{tenant_id}/services": {"GET": Operation(catalogue.list_services, "service:index")},
}


def find(path: str) -> tuple[str, Mapping[str, Operation], dict[str, str]] | None:
    """The route of a path (%-encoded): its template, its operations by method, the path's variable parts.

    None: there is no such path.
    """
    for route, pattern, operations in _COMPILED:
        if match := pattern.fullmatch(path):
            return route, operations, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def _compiled(path: str) -> re.Pattern[str]:
    # Odd pieces are the variable parts.
    pieces = re.split(r"\{(.*?)\}", path)
    for at in range(1, len(pieces), 2):
        name, _, pattern = pieces[at].partition(":")
        pieces[at] = f"(?P<{name}>{pattern or '[^/]+'})"
    return re.compile("".join(pieces))


_COMPILED = [(path, _compiled(path), operations) for path, operations in ROUTES.items()]
