"""Reads stacks for clients: stacks with outputs, resources, events, metadata. Changes nothing but a health mark."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import (
    authority,
    context,
    current,
    definitions,
    masking,
    nesting,
    run,
    signals,
    stack_software,
    views,
)
from hearth.model.errors import ActionInProgress, HearthError, NotFound
from hearth.model.names import new_id
from hearth.model.states import Action, Status, to_wire
from hearth.resources import contract
from hearth.resources.blueprint import Blueprint
from hearth.store import events, resources, stacks
from hearth.store.rows import EventRow, ResourceRow, StackRow
from hearth.template import template


class Reading:
    """Answers questions about stacks."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners
        self._signals = signals.Signals(surroundings, kept)

    # ---- stacks ----

    async def stack(self, stack: StackRow, resolve_outputs: bool) -> dict[str, Any]:
        """A stack as show gives it."""
        built = await self._definitions.blueprint(stack.definition_id, stack)
        outputs = None
        if resolve_outputs:
            working = await self._run(stack, built, built.bound.outputs) if built.bound.outputs else None
            outputs = [self._output(built, working, key) for key in built.bound.outputs]
        shown = views.shown_stack(stack, built.shown_parameters, outputs)
        return shown | {"left_out": list(built.left_out)} if built.left_out else shown

    async def environment(self, stack: StackRow) -> dict[str, Any]:
        """The stored environment, hidden values masked."""
        codec = self._store.codec
        material = await self._store.read(lambda c: definitions.get(c, codec, stack.definition_id))
        built = await self._definitions.blueprint(stack.definition_id, stack)
        hidden = {*built.parameters.hidden_names(), *built.environment.encrypted_param_names}
        shown = dict(material.environment)
        for section in ("parameters", "parameter_defaults"):
            values = shown.get(section) or {}
            shown[section] = {name: masking.MASK if name in hidden else value for name, value in values.items()}
        return shown

    async def outputs(self, stack: StackRow) -> list[dict[str, Any]]:
        """Outputs without values."""
        built = await self._definitions.blueprint(stack.definition_id, stack)
        return [
            {"output_key": key, "description": output.description or views.NO_OUTPUT_DESCRIPTION}
            for key, output in built.bound.outputs.items()
        ]

    async def output(self, stack: StackRow, key: str) -> dict[str, Any]:
        """One output."""
        built = await self._definitions.blueprint(stack.definition_id, stack)
        if key not in built.bound.outputs:
            raise NotFound("Output", key, kind="NotFound")
        return self._output(built, await self._run(stack, built, [key]), key)

    def _output(self, built: Blueprint, working: run.Run | None, key: str) -> dict[str, Any]:
        output = built.bound.outputs[key]
        shown: dict[str, Any] = {
            "output_key": key,
            "description": output.description or views.NO_OUTPUT_DESCRIPTION,
            "output_value": None,
        }
        if output.enabled and working is not None:
            try:
                shown["output_value"] = template.resolve(output.value, working.scope)
            except (template.FunctionError, HearthError) as error:
                shown["output_error"] = str(error)
        return shown

    async def _run(self, stack: StackRow, built: Blueprint, outputs: Iterable[str]) -> run.Run:
        """What some outputs read, and no more: a stack may have ten thousand other resources."""
        codec = self._store.codec
        names = {use.resource for key in outputs for use in built.bound.outputs[key].uses}
        rows = await self._store.read(lambda c: resources.by_names(c, codec, stack.id, names))
        return await self._definitions.reading_run(stack, rows, self._context)

    # ---- resources ----

    async def resources(
        self,
        stack: StackRow,
        *,
        nested_depth: int,
        with_detail: bool,
        filters: Mapping[str, Sequence[str]],
    ) -> list[dict[str, Any]]:
        """Resources of a stack and, down to a depth, of those nested in it."""
        codec = self._store.codec
        depth = stack.depth + min(nested_depth, self._context.settings.max_nested_stack_depth)

        def query(connection: sa.Connection) -> tuple[list[StackRow], list[ResourceRow]]:
            tree = stacks.tree(connection, stack.root_id, live=stack.deleted_at is None)
            wanted = [one for one in tree if one.depth <= depth + 1]
            below = {stack.id}
            for one in wanted:
                if one.owner_id in below:
                    below.add(one.id)
            seen = [one for one in wanted if one.id in below] or [stack]
            shown = [one.id for one in seen if one.depth <= depth]
            return seen, resources.by_stacks(connection, codec, shown)

        tree, rows = await self._store.read(query)
        by_id = {one.id: one for one in tree} | {stack.id: stack}
        owned = {one.owner_resource_id: one for one in tree if one.owner_resource_id}
        by_stack: dict[str, list[ResourceRow]] = {}
        for row in rows:
            by_stack.setdefault(row.stack_id, []).append(row)
        answer = []
        for stack_id, of_it in by_stack.items():
            users = views.required_by(of_it)
            for row in current.rows(of_it):
                if _matches(row, filters):
                    shown = views.resource(
                        row, by_id[stack_id], required_by=users.get(row.name, []), nested=owned.get(row.id)
                    )
                    if with_detail:
                        shown |= await self._detail(by_id[stack_id], row)
                    answer.append(shown)
        return answer

    async def resource(self, stack: StackRow, name: str, with_attr: Sequence[str]) -> dict[str, Any]:
        """One resource with live attributes."""
        codec = self._store.codec
        rows = await self._store.read(lambda c: resources.by_stack(c, codec, stack.id))
        row = next((one for one in current.rows(rows) if one.name == name), None)
        if row is None:
            raise NotFound("Resource", name, kind="ResourceNotFound")
        nested = await self._store.read(lambda c: stacks.child_of(c, row.id))
        shown = views.resource(row, stack, required_by=views.required_by(rows).get(name, []), nested=nested)
        shown |= await self._detail(stack, row, with_attr)
        return shown

    async def _detail(self, stack: StackRow, row: ResourceRow, with_attr: Sequence[str] = ()) -> dict[str, Any]:
        built = await self._definitions.blueprint(stack.definition_id, stack)
        member = built.members.get(row.name)
        description = member.definition.description if member else ""
        return {
            "description": description or "",
            "attributes": await self._attributes(stack, built, row, with_attr),
        }

    async def _attributes(
        self, stack: StackRow, built: Blueprint, row: ResourceRow, with_attr: Sequence[str]
    ) -> dict[str, Any]:
        """Attributes read from the cloud now; None for one that cannot be read."""
        working = await self._definitions.reading_run(stack, [row], self._context)
        kind = working.type_of_row(row)
        if kind is None or row.physical_id is None or row.action in (Action.INIT, Action.DELETE):
            return {}
        call = working.call(row, kind)
        if kind.hears is not None:
            call.heard = (await self._signals.hear(working, row, call)).metadata
        observed: contract.Observed | None = None
        if kind.nests:
            child = await self._store.read(lambda c: stacks.child_of(c, row.id))
            if child is not None:
                access = await self._authority.session_of(stack) if stack.credential_id else None
                call.child = await nesting.load_view(self._context, self._definitions, child, access)
        elif kind.external:
            working.access = await self._authority.session_of(stack)
            call.cloud = working.access
            try:
                observed = await kind.observe(call)
            except (contract.ResourceFailure, cloud_errors.CloudError):
                observed = None
        values: dict[str, Any] = {}
        for name in (*kind.attributes, *with_attr):
            if name not in values:
                values[name] = await self._attribute(kind, call, name, observed)
        raw = values.pop("show", None)
        if isinstance(raw, Mapping):
            return dict(raw) | {name: values.get(name) for name in with_attr}
        return values

    @staticmethod
    async def _attribute(
        kind: contract.Resource, call: contract.Call, name: str, observed: contract.Observed | None
    ) -> Any:
        try:
            if kind.nests:
                return await kind.attribute_path(call, (name,))
            return await kind.attribute(call, name, observed)
        except (contract.ResourceFailure, cloud_errors.CloudError, KeyError):
            return None

    async def row(self, stack: StackRow, name: str) -> ResourceRow:
        """The current row of a resource."""
        return (await self.rows(stack, name))[0]

    async def rows(self, stack: StackRow, name: str) -> list[ResourceRow]:
        """All rows of a resource, the current one first."""
        codec = self._store.codec
        rows = await self._store.read(lambda c: resources.by_names(c, codec, stack.id, [name]))
        if not rows:
            raise NotFound("Resource", name, kind="ResourceNotFound")
        first = current.rows(rows)[0]
        return [first, *(row for row in rows if row is not first)]

    async def metadata(self, stack: StackRow, name: str) -> dict[str, Any]:
        """The metadata of a resource."""
        row = await self.row(stack, name)
        metadata = dict(row.metadata or {})
        kind = (await self._definitions.reading_run(stack, [row], self._context)).type_of_row(row)
        if kind is not None and row.physical_id and kind.learns_of_deployments(row.properties or {}):
            metadata["deployments"] = await stack_software.deployed(self._context, stack, row.physical_id)
        return metadata

    async def mark(self, stack: StackRow, name: str, unhealthy: bool, reason: str | None) -> None:
        """Set or take away a resource's CHECK_FAILED."""
        if stack.status is Status.IN_PROGRESS:
            raise ActionInProgress(stack.name, stack.action)
        row = await self._row_by_any(stack, name)
        text = reason or "state changed by resource_mark_unhealthy api"
        if unhealthy:
            if row.action is Action.DELETE:
                return
            status = Status.FAILED
        elif row.action is Action.CHECK and row.status is Status.FAILED:
            status = Status.COMPLETE
        else:
            return
        codec, now = self._store.codec, self._context.now()
        told = EventRow(stack.id, row.name, row.type, row.physical_id, Action.CHECK, status, text, now, new_id())
        is_news = (row.action, row.status) != (Action.CHECK, status)

        def mark(connection: sa.Connection) -> None:
            changes = {"action": Action.CHECK, "status": status, "reason": text, "updated_at": now}
            resources.update(connection, codec, [(row.id, changes, False)])
            events.insert(connection, codec, [told] if is_news else [])

        await self._store.write(mark)

    async def _row_by_any(self, stack: StackRow, name: str) -> ResourceRow:
        """A resource by logical name or physical id."""
        codec = self._store.codec
        rows = current.rows(await self._store.read(lambda c: resources.by_stack(c, codec, stack.id)))
        found = [row for row in rows if row.name == name] or [row for row in rows if row.physical_id == name]
        if not found:
            raise NotFound("Resource", name, kind="ResourceNotFound")
        if len(found) > 1:
            raise HearthError(
                f"Multiple resources were found with the physical ID ({name}).",
                kind="PhysicalResourceIDAmbiguity",
                status=400,
            )
        return found[0]

    # ---- events ----

    async def events(
        self,
        stack: StackRow,
        *,
        resource_name: str | None,
        nested_depth: int,
        limit: int | None,
        marker: str | None,
        sort_keys: Sequence[str],
        sort_dir: str | None,
        filters: Mapping[str, Sequence[str]],
    ) -> list[dict[str, Any]]:
        """Events of a stack and, down to a depth, of those nested in it."""
        codec = self._store.codec
        columns = _event_filters(filters)
        if resource_name is not None:
            columns["resource_name"] = [resource_name]
        ascending = sort_dir == "asc" if sort_dir else bool(sort_keys)

        def query(connection: sa.Connection) -> tuple[list[StackRow], list[EventRow]]:
            seen = [stack]
            if nested_depth > 0:
                below = {stack.id}
                for one in stacks.tree(connection, stack.root_id, live=False):
                    if one.owner_id in below and one.depth <= stack.depth + nested_depth:
                        below.add(one.id)
                        seen.append(one)
            rows = events.listed(
                connection,
                codec,
                [one.id for one in seen],
                filters=columns,
                limit=limit,
                marker=marker,
                sort_by_type="resource_type" in sort_keys,
                ascending=ascending,
            )
            return seen, rows

        seen, rows = await self._store.read(query)
        by_id = {one.id: one for one in seen}
        if resource_name is not None and not rows:
            raise NotFound("Resource", resource_name, kind="ResourceNotFound")
        root = stack if nested_depth > 0 else None
        return [views.event(row, by_id[row.stack_id], root) for row in rows]

    async def event(self, stack: StackRow, resource_name: str, event_id: str) -> dict[str, Any]:
        """One event with the type and properties of its resource."""
        codec = self._store.codec
        row = await self._store.read(lambda c: events.one(c, codec, stack.id, event_id))
        if row is None or row.resource_name != resource_name:
            raise NotFound("Event", event_id)
        return views.event(row, stack) | {
            "resource_type": row.resource_type,
            "resource_properties": row.properties or {},
        }


def _matches(row: ResourceRow, filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether a row passes the filters of a resource list; a type matches when it contains the wanted text."""
    seen = {
        "name": row.name,
        "status": row.status.value,
        "action": row.action.value,
        "id": row.id,
        "physical_resource_id": row.physical_id or "",
    }
    for name, wanted in filters.items():
        if name == "type":
            if not any(text in row.type for text in wanted):
                return False
        elif name == "status":
            if row.status.value not in wanted and to_wire(row.action, row.status) not in wanted:
                return False
        elif seen.get(name) not in wanted:
            return False
    return True


def _event_filters(filters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Filters of an event list as columns; a status like CREATE_COMPLETE is taken apart."""
    columns: dict[str, list[str]] = {}
    for name, values in filters.items():
        if name == "resource_status":
            columns["status"] = [_status(value) for value in values]
        elif name == "resource_action":
            columns["action"] = list(values)
        elif name in ("resource_name", "resource_type"):
            columns[name] = list(values)
    return columns


def _status(text: str) -> str:
    return next((status.value for status in Status if text.endswith(status.value)), text)
