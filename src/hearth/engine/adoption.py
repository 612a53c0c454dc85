"""The document of a stack: what abandon, export and snapshots give away, and what adopt takes in.

It holds everything that makes the stack: template, environment and files as they are stored, and for every resource
the id of its object with its private data. The document of a nested stack stands in the place of its resource.

A resource to be adopted is a row that has its physical id (or, if it owns a nested stack, that stack's document)
before anything was done for it. So adoption goes on after a crash, and also when an update supersedes it.

Spec: lifecycle facts, section 10.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.engine import definitions, inputs
from hearth.engine.requests import StackRequest
from hearth.model import plan
from hearth.model.diagnostics import Findings
from hearth.model.errors import BadRequest, Invalid
from hearth.model.states import Action, Status
from hearth.resources.blueprint import Blueprint
from hearth.store import resources, stacks
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, StackRow
from hearth.template import environment as environments
from hearth.template import source

#: The private value under which a row keeps the document that its nested stack is to be made of.
DOCUMENT = "adopted_document"
_ALWAYS_TOLD = frozenset(("parameters", "parameter_defaults", "resource_registry", "event_sinks"))
_ENVIRONMENT = (*sorted(_ALWAYS_TOLD), "encrypted_param_names")
_SOURCE = "adopt_stack_data"
#: Its size is bounded by that of the request's body; the template in it has its own limit.
_LIMITS = dataclasses.replace(source.USUAL_LIMITS, bytes=2**26)


# ---- giving away ----


def document(connection: sa.Connection, codec: Codec, stack_id: str, *, with_resources: bool = True) -> dict[str, Any]:
    """The document of a stack as it is now, nested stacks included. It holds secrets."""
    stack = stacks.by_id(connection, stack_id)
    assert stack is not None
    material = definitions.get(connection, codec, stack.definition_id)
    return {
        "name": stack.name,
        "id": stack.id,
        "action": stack.action.value,
        "status": stack.status.value,
        "template": material.template,
        "environment": _told(material.environment),
        "files": dict(material.files),
        "resources": _resources(connection, codec, stack) if with_resources else {},
        "project_id": stack.project_id,
        "stack_user_project_id": stack.stack_user_project_id or None,
        "tags": stack.tags,
    }


def _told(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of an environment; encrypted_param_names only where there are some."""
    wanted = (key for key in _ENVIRONMENT if environment.get(key) or key in _ALWAYS_TOLD)
    return {key: environment[key] for key in wanted if key in environment}


def _resources(connection: sa.Connection, codec: Codec, stack: StackRow) -> dict[str, Any]:
    nested = {child.owner_resource_id: child for child in stacks.children(connection, stack.id)}
    by_name: dict[str, list[ResourceRow]] = {}
    for row in resources.by_stack(connection, codec, stack.id):
        by_name.setdefault(row.name, []).append(row)
    found: dict[str, Any] = {}
    for name, several in by_name.items():
        present = plan.best(several, stack.definition_id)
        if present is None:
            continue
        child = nested.get(present.id)
        found[name] = document(connection, codec, child.id) if child is not None else _entry(present)
    return found


def _entry(row: ResourceRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "resource_id": row.physical_id,
        "type": row.type,
        "action": row.action.value,
        "status": row.status.value,
        "metadata": row.metadata or {},
        "resource_data": row.data,
    }


def busy_in_tree(connection: sa.Connection, stack: StackRow) -> StackRow | None:
    """A stack of the tree below a stack, itself included, that an action is changing; None when all is at rest."""
    running = {one.id for one in stacks.in_progress(connection)}
    return next((one for one in _tree(connection, stack) if one.id in running), None)


def _tree(connection: sa.Connection, stack: StackRow) -> list[StackRow]:
    found, below = [], {stack.id}
    for one in stacks.tree(connection, stack.root_id):
        if one.id == stack.id or one.owner_id in below:
            below.add(one.id)
            found.append(one)
    return found


# ---- taking in ----


def read(text: str) -> Mapping[str, Any]:
    """The document in a request.

    Raises:
        BadRequest: it is not one.
        Invalid: it is no JSON or YAML.
    """
    data, _ = source.parse(text, _SOURCE, limits=_LIMITS)
    if not isinstance(data, Mapping):
        raise BadRequest(f"{_SOURCE}: {type(data).__name__} was given, the document of an abandoned stack is needed.")
    for key in ("template", "resources"):
        if not isinstance(data.get(key), Mapping):
            raise BadRequest(f"{_SOURCE} has no {key!r}: give the document that abandon or export answered with.")
    return data


def request_of(request: StackRequest, given: Mapping[str, Any], codec: Codec) -> StackRequest:
    """The request that creates the stack of a document: its template and files, the request's values on top.

    Raises:
        Invalid: an environment is wrong.
    """
    return dataclasses.replace(
        request,
        template=given["template"],
        environment=_environment(given).with_overlay(inputs.environment_of(request, codec)).to_wire(),
        environment_files=None,
        parameters={},
        files={**material_of(given).files, **request.files},
        tags=request.tags if request.tags is not None else given.get("tags") or None,
    )


def material_of(given: Mapping[str, Any]) -> definitions.Material:
    """The definition in a document."""
    return definitions.Material(given["template"], _environment(given).to_wire(), dict(given.get("files") or {}))


def _environment(given: Mapping[str, Any]) -> environments.Environment:
    stored = given.get("environment") or {}
    if not isinstance(stored, Mapping):
        raise BadRequest(f"{_SOURCE}: environment is {type(stored).__name__}, a map of its sections is needed.")
    # Documents of other orchestrators hold sections that are of no use here.
    found, findings = environments.parse({key: stored[key] for key in _ENVIRONMENT if stored.get(key)}, _SOURCE)
    _raise(findings)
    return found


def _raise(findings: Findings) -> None:
    if findings.errors:
        raise Invalid(findings.errors)


def fill(rows: Iterable[ResourceRow], given: Mapping[str, Any], built: Blueprint) -> None:
    """Give rows about to be stored what the document says of their objects; what is not in it stays without."""
    entries = given.get("resources") or {}
    for row in rows:
        entry = entries.get(row.name)
        if not isinstance(entry, Mapping):
            continue
        if built.members[row.name].type.nests:
            if isinstance(entry.get("resources"), Mapping):
                row.data = {DOCUMENT: msgspec.json.encode(entry).decode()}
        elif entry.get("resource_id"):
            row.physical_id = str(entry["resource_id"])
            row.data = {str(key): str(value) for key, value in (entry.get("resource_data") or {}).items()}
            row.metadata = entry.get("metadata") or None


def is_due(row: ResourceRow, *, resumed: bool = False) -> bool:
    """Whether a row stands for an object that is there already and has not been taken over yet.

    `resumed`: an adoption that failed is tried again.
    """
    waits = row.action is Action.INIT or (resumed and (row.action, row.status) == (Action.ADOPT, Status.FAILED))
    return waits and (row.physical_id is not None or DOCUMENT in row.data)


def nested_document(row: ResourceRow) -> Mapping[str, Any] | None:
    """The document that a row's nested stack is to be made of."""
    text = row.data.get(DOCUMENT)
    return msgspec.json.decode(text) if text else None
