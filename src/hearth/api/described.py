"""What each operation of the API takes and answers, for the API's own description (`hearth.api.openapi`).

A table beside the routes: a handler without a row here is an error of the program. Checking input is not done by it
but by `hearth.api.inputs`, whose names of filters and sort keys are used here.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.api import (
    catalogue,
    drift,
    event_stream,
    inputs,
    orphans,
    plans,
    resources,
    snapshots,
    software,
    stacks,
)

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
SWITCH: Schema = {"type": "string", "enum": ["true", "false"]}
OBJECT: Schema = {"type": "object"}
LIST: Schema = {"type": "array"}
NULL: Schema = {"type": "null"}
BOOLEAN: Schema = {"anyOf": [{"type": "boolean"}, SWITCH]}


def choice(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


def several(schema: Schema = TEXT) -> Schema:
    """A parameter that may be repeated."""
    return {"type": "array", "items": schema}


def having(**fields: Schema) -> Schema:
    """An object with at least these fields."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def taking(needed: str = "", /, **fields: Schema) -> Schema:
    """An object that may have these fields; the `needed` ones it must."""
    return {"type": "object", "properties": fields, **({"required": needed.split()} if needed else {})}


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """`answers`: the body's schema by status; None: there is none. `media`: of the body of a success."""

    answers: Mapping[int, Schema | None]
    query: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    body: Schema | None = None
    needs_body: bool = True
    media: str = "application/json"


def answer(schema: Schema, status: int = 200, **more: Any) -> Described:
    """One JSON document."""
    return Described({status: schema}, **more)


def text(status: int, **more: Any) -> Described:
    """A sentence for people."""
    return Described({status: TEXT}, media="text/plain", **more)


_NOTHING: Mapping[int, Schema | None] = {204: None}
_SOURCE: Mapping[str, Schema] = {
    "template": {"type": ["object", "string", "null"]},
    "template_url": {"type": ["string", "null"]},
    "environment": {"type": ["object", "string", "null"]},
    "environment_files": {"type": ["array", "null"], "items": TEXT},
    "files": {"type": ["object", "null"], "additionalProperties": TEXT},
    "files_container": {"type": ["string", "null"]},
    "parameters": {"type": ["object", "null"]},
}
_WISH: Mapping[str, Schema] = {
    **_SOURCE,
    "timeout_mins": {"type": ["integer", "null"], "minimum": 0},
    "disable_rollback": {"type": ["boolean", "null"]},
    "tags": {"type": ["string", "null"]},
    "deletion_protection": {"type": ["boolean", "null"]},
    "targets": several(),
    "excludes": several(),
}
_NEW = taking("stack_name", stack_name=TEXT, adopt_stack_data={"type": ["string", "null"]}, **_WISH)
_CHANGE = taking(
    existing=BOOLEAN,
    clear_parameters={"type": ["array", "null"], "items": TEXT},
    converge=BOOLEAN,
    drift=OBJECT,
    **_WISH,
)
_STACK_QUERY: Mapping[str, Schema] = {
    "limit": WHOLE,
    "marker": TEXT,
    "sort_keys": several(choice(*inputs.STACK_SORT_KEYS)),
    "sort_dir": choice("asc", "desc"),
    **dict.fromkeys(("show_deleted", "show_nested", "show_hidden", "with_count", "global_tenant"), SWITCH),
    **dict.fromkeys(("tags", "tags_any", "not_tags", "not_tags_any"), TEXT),
    **dict.fromkeys(inputs.STACK_FILTERS, several()),
}
_EVENT_FILTERS: Mapping[str, Schema] = dict.fromkeys(inputs.EVENT_FILTERS, several())
_STACKS = having(stacks=several(having(id=TEXT, stack_name=TEXT, stack_status=TEXT, links=LIST)))
_NESTED: Mapping[str, Schema] = {"show_nested": SWITCH}
_CONFIG = having(software_config=having(id=TEXT))
_DEPLOYMENT = having(software_deployment=having(id=TEXT))
_DEPLOYMENT_BODY: Mapping[str, Schema] = {
    "config_id": TEXT,
    "server_id": TEXT,
    "action": {"type": ["string", "null"]},
    "status": {"type": ["string", "null"]},
    "status_reason": {"type": ["string", "null"]},
    "input_values": {"type": ["object", "null"]},
}

DESCRIBED: Mapping[Any, Described] = {
    stacks.index: answer(_STACKS, query=_STACK_QUERY),
    stacks.detail: answer(_STACKS),
    stacks.create: answer(having(stack=having(id=TEXT, links=LIST)), 201, body=_NEW),
    stacks.preview: answer(having(stack=OBJECT), body=_NEW),
    stacks.validate: answer(
        having(Description=TEXT, Parameters=OBJECT),
        query={**_NESTED, "ignore_errors": TEXT},
        body=taking(**_SOURCE),
    ),
    stacks.lookup: text(302),
    stacks.show: answer(having(stack=OBJECT), query={"resolve_outputs": SWITCH}),
    stacks.update: text(202, body=_CHANGE),
    stacks.update_patch: text(202, body=_CHANGE, needs_body=False),
    stacks.preview_update: answer(having(resource_changes=OBJECT), query=_NESTED, body=_CHANGE),
    stacks.preview_update_patch: answer(having(resource_changes=OBJECT), query=_NESTED, body=_CHANGE, needs_body=False),
    stacks.delete: Described(_NOTHING, query={"retain": several(), "force": SWITCH}),
    stacks.template: answer(OBJECT),
    stacks.environment: answer(OBJECT),
    stacks.files: answer(OBJECT),
    stacks.list_outputs: answer(having(outputs=LIST)),
    stacks.show_output: answer(having(output=OBJECT)),
    stacks.action: answer(NULL, body={"type": "object", "minProperties": 1, "maxProperties": 1}),
    plans.index: answer(having(plans=LIST), query={"stack": TEXT}),
    plans.create: Described(dict.fromkeys((200, 201), having(plan=OBJECT)), query={"keep": SWITCH}, body=_NEW),
    plans.create_for_stack: Described(
        dict.fromkeys((200, 201), having(plan=OBJECT)),
        query={"keep": SWITCH},
        body={**_CHANGE, "properties": {**_CHANGE["properties"], "action": choice("update", "delete")}},
        needs_body=False,
    ),
    plans.show: answer(having(plan=OBJECT)),
    plans.apply: answer(having(stack=OBJECT), 202, body=taking(digest=TEXT), needs_body=False),
    plans.delete: Described(_NOTHING),
    drift.show: answer(having(drift=OBJECT), query={"detail": SWITCH}),
    drift.look: answer(having(drift=OBJECT), query={"detail": SWITCH}, body=taking(refresh=BOOLEAN), needs_body=False),
    snapshots.index: answer(having(snapshots=LIST)),
    snapshots.create: answer(having(id=TEXT, status=TEXT), body=taking(name={"type": ["string", "null"]})),
    snapshots.show: answer(having(snapshot=OBJECT)),
    snapshots.delete: Described(_NOTHING),
    snapshots.restore: text(202),
    snapshots.export: answer(OBJECT),
    snapshots.abandon: answer(OBJECT),
    resources.index: answer(
        having(resources=LIST),
        query={"nested_depth": WHOLE, "with_detail": SWITCH, **dict.fromkeys(inputs.RESOURCE_FILTERS, several())},
    ),
    resources.show: answer(having(resource=OBJECT), query={"with_attr": several()}),
    resources.metadata: answer(having(metadata=OBJECT)),
    resources.signal: answer(NULL, body=OBJECT, needs_body=False),
    resources.mark_unhealthy: answer(
        NULL,
        body=taking("mark_unhealthy", mark_unhealthy=BOOLEAN, resource_status_reason={"type": ["string", "null"]}),
    ),
    resources.list_events: answer(
        having(events=LIST),
        query={
            "limit": WHOLE,
            "marker": TEXT,
            "sort_keys": several(choice(*inputs.EVENT_SORT_KEYS)),
            "sort_dir": choice("asc", "desc"),
            "nested_depth": WHOLE,
            **_EVENT_FILTERS,
        },
    ),
    resources.show_event: answer(having(event=OBJECT)),
    event_stream.follow: Described(
        {200: TEXT, 204: None},
        query={"nested_depth": WHOLE, "marker": TEXT, "replay": SWITCH, **_EVENT_FILTERS},
        media="text/event-stream",
    ),
    orphans.index: answer(having(orphans=LIST), query={"global_tenant": SWITCH}),
    orphans.forget: Described(_NOTHING),
    orphans.delete: Described({204: None, 202: TEXT}, media="text/plain"),
    catalogue.list_types: answer(
        having(resource_types=LIST),
        query={
            "support_status": choice("UNKNOWN", "SUPPORTED", "DEPRECATED", "UNSUPPORTED", "HIDDEN"),
            "name": TEXT,
            "version": TEXT,
            "with_description": SWITCH,
        },
    ),
    # Clients send it; what is described is always told.
    catalogue.show_type: answer(
        having(resource_type=TEXT, properties=OBJECT, attributes=OBJECT), query={"with_description": SWITCH}
    ),
    catalogue.type_template: answer(OBJECT, query={"template_type": choice("cfn", "hot")}),
    catalogue.list_versions: answer(having(template_versions=LIST)),
    catalogue.list_functions: answer(having(template_functions=LIST), query={"with_condition_func": SWITCH}),
    catalogue.build_info: answer(having(api=OBJECT, engine=OBJECT)),
    catalogue.list_services: answer(having(services=LIST)),
    software.list_configs: answer(
        having(software_configs=LIST), query={"limit": WHOLE, "marker": TEXT, "global_tenant": SWITCH}
    ),
    software.create_config: answer(
        _CONFIG,
        body=taking(
            name={"type": ["string", "null"]},
            group={"type": ["string", "null"]},
            config={"type": ["string", "object", "null"]},
            inputs={"type": ["array", "null"]},
            outputs={"type": ["array", "null"]},
            options={"type": ["object", "null"]},
        ),
    ),
    software.show_config: answer(_CONFIG),
    software.delete_config: Described(_NOTHING),
    software.list_deployments: answer(having(software_deployments=LIST), query={"server_id": TEXT}),
    software.server_metadata: answer(having(metadata=LIST)),
    software.create_deployment: answer(
        _DEPLOYMENT,
        body=taking("config_id server_id", **_DEPLOYMENT_BODY, stack_user_project_id={"type": ["string", "null"]}),
    ),
    software.show_deployment: answer(_DEPLOYMENT),
    software.update_deployment: answer(
        _DEPLOYMENT, body=taking(**_DEPLOYMENT_BODY, output_values={"type": ["object", "null"]})
    ),
    software.delete_deployment: Described(_NOTHING),
}

_VERSIONS = answer(having(versions=several(having(id=TEXT, status=TEXT, links=LIST))), 300)
#: What everybody may GET beside the routes, with a summary: answered before there is a token or a project.
OPEN: Mapping[str, tuple[str, Described]] = {
    "/": ("Versions of the API.", _VERSIONS),
    "/versions": ("Versions of the API.", _VERSIONS),
    "/healthcheck": ("Whether the process can serve.", Described({200: TEXT, 503: TEXT}, media="text/plain")),
}
