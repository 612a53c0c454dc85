"""Reads stacks for clients: stacks with outputs, resources, events, metadata. Changes nothing but a health mark."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import (
    authority,
    contents,
    context,
    current,
    definitions,
    masking,
    run,
    signals,
    telling,
    views,
)
from hearth.model.errors import ActionInProgress, HearthError, NotFound
from hearth.model.holds import Holds
from hearth.model.names import new_id
from hearth.model.part import SEPARATOR
from hearth.model.states import Action, Status, to_wire
from hearth.resources import contract
from hearth.resources.blueprint import Blueprint
from hearth.store import events, holds, resources, stacks
from hearth.store.rows import EventRow, ResourceRow, ResourceSummary, StackRow
from hearth.template import template

#: Finds the stack that is asked about, if the caller may see it; the first part of a query.
Finder = Callable[[sa.Connection], StackRow]


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

    async def stack(self, find: Finder, resolve_outputs: bool) -> dict[str, Any]:
        """A stack as show gives it; one that was deleted has no outputs any more."""
        now = self._context.now()

        def query(connection: sa.Connection) -> tuple[StackRow, Holds]:
            stack = find(connection)
            return stack, holds.of_root(connection, stack.root_id, now)

        stack, held = await self._store.read(query)
        built = await self._definitions.blueprint(stack.definition_id, stack)
        outputs = None
        if resolve_outputs and stack.deleted_at is None:
            working = await self._run(stack, built, built.bound.outputs) if built.bound.outputs else None
            outputs = [self._output(built, working, key) for key in built.bound.outputs]
        shown = views.shown_stack(stack, built.shown_parameters, outputs)
        left_out = sorted(await self._left_out(stack, built))
        return shown | ({"left_out": left_out} if left_out else {}) | views.holds(held)

    async def _left_out(self, stack: StackRow, built: Blueprint) -> list[str]:
        """Paths of what keeps a former definition though the template has another."""
        found = list(built.left_out)
        if built.is_whole:
            return found
        owners = {name for name in built.members if not built.part_inside(name).is_whole}
        if not owners:
            return found
        for child in await self._store.read(lambda connection: stacks.children(connection, stack.id)):
            name = child.owner_resource_name or ""
            if name in owners:
                inside = await self._left_out(child, await self._definitions.blueprint(child.definition_id, child))
                found += [f"{name}{SEPARATOR}{path}" for path in inside]
        return found

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
        return views.outputs_of(await self._definitions.blueprint(stack.definition_id, stack))

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
        find: Finder,
        *,
        nested_depth: int,
        with_detail: bool,
        filters: Mapping[str, Sequence[str]],
    ) -> list[dict[str, Any]]:
        """Resources of a stack and, down to a depth, of those nested in it."""
        codec = self._store.codec
        most = min(nested_depth, self._context.settings.max_nested_stack_depth)

        def query(
            connection: sa.Connection,
        ) -> tuple[list[StackRow], list[ResourceSummary], dict[str, ResourceRow]]:
            stack = find(connection)
            depth = stack.depth + most
            below = {stack.id: stack}
            for one in stacks.tree(connection, stack.root_id, live=stack.deleted_at is None, depth=depth + 1):
                if one.owner_id in below:
                    below[one.id] = one
            shown = [one.id for one in below.values() if one.depth <= depth]
            rows = resources.summaries(connection, shown)
            whole = resources.by_ids(connection, codec, [row.id for row in rows]) if with_detail else {}
            return list(below.values()), rows, whole

        tree, rows, whole = await self._store.read_aside(query)
        owned = {one.owner_resource_id: views.identity_of(one) for one in tree if one.owner_resource_id}
        by_stack: dict[str, list[ResourceSummary]] = {one.id: [] for one in tree}
        for row in rows:
            by_stack[row.stack_id].append(row)
        answer = []
        for stack in tree:
            identity, of_it = views.identity_of(stack), by_stack[stack.id]
            users = views.required_by(of_it)
            for row in current.rows(of_it):
                if _matches(row, filters):
                    shown = views.resource(
                        row,
                        identity,
                        parent=stack.owner_resource_name,
                        required_by=users.get(row.name, []),
                        nested=owned.get(row.id),
                    )
                    if with_detail:
                        shown |= await self._detail(stack, whole[row.id])
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
        shown = views.resource(
            row,
            views.identity_of(stack),
            parent=stack.owner_resource_name,
            required_by=views.required_by(rows).get(name, []),
            nested=views.identity_of(nested) if nested else None,
        )
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
                call.child = await contents.load(self._context, self._definitions, child, access)
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
        working = await self._definitions.reading_run(stack, [row], self._context)
        return await telling.told(self._context, working, row)

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

        await self._store.write(mark, [stack.id])

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
        find: Finder,
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
        columns = event_columns(filters, resource_name)
        ascending = sort_dir == "asc" if sort_dir else bool(sort_keys)

        def query(connection: sa.Connection) -> tuple[list[StackRow], list[EventRow]]:
            stack = find(connection)
            below = {stack.id: stack}
            if nested_depth > 0:
                for one in stacks.tree(connection, stack.root_id, live=False, depth=stack.depth + nested_depth):
                    if one.owner_id in below:
                        below[one.id] = one
            rows = events.listed(
                connection,
                list(below),
                filters=columns,
                limit=limit,
                marker=marker,
                sort_by_type="resource_type" in sort_keys,
                ascending=ascending,
            )
            return list(below.values()), rows

        seen, rows = await self._store.read_aside(query)
        identities = {one.id: views.identity_of(one) for one in seen}
        # After a marker there is only no more, which ends a walk through the pages.
        if resource_name is not None and not rows and marker is None:
            raise NotFound("Resource", resource_name, kind="ResourceNotFound")
        root = identities[seen[0].id] if nested_depth > 0 else None
        return [views.event(row, identities[row.stack_id], root) for row in rows]

    async def event(self, stack: StackRow, resource_name: str, event_id: str) -> dict[str, Any]:
        """One event with the type and properties of its resource."""
        codec = self._store.codec
        row = await self._store.read(lambda c: events.one(c, codec, stack.id, event_id))
        if row is None or row.resource_name != resource_name:
            raise NotFound("Event", event_id)
        return views.event(row, views.identity_of(stack)) | {
            "resource_type": row.resource_type,
            "resource_properties": row.properties or {},
        }


def _matches(row: ResourceSummary, filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether a row passes the filters of a resource list; a type matches when it contains the wanted text."""
    if not filters:
        return True
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


def event_columns(filters: Mapping[str, Sequence[str]], resource_name: str | None) -> dict[str, list[str]]:
    """Filters of events as columns; a status like CREATE_COMPLETE is taken apart."""
    columns: dict[str, list[str]] = {}
    for name, values in filters.items():
        if name == "resource_status":
            columns["status"] = [_status(value) for value in values]
        elif name == "resource_action":
            columns["action"] = list(values)
        elif name in ("resource_name", "resource_type"):
            columns[name] = list(values)
    if resource_name is not None:
        columns["resource_name"] = [resource_name]
    return columns


def _status(text: str) -> str:
    return next((status.value for status in Status if text.endswith(status.value)), text)
