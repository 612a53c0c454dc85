"""What clients can ask of stacks: the service layer that the faces call.

Every method takes the caller and answers in plain data, or raises a `HearthError`. Input is checked whole before
anything is stored or made; what is accepted is one transaction, after which the engine goes on by itself.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

import hearth
from hearth.bus import contract as bus
from hearth.cloud import errors as cloud_errors
from hearth.cloud import tokens
from hearth.engine import (
    actions,
    adoption,
    authority,
    context,
    definitions,
    ending,
    inputs,
    lookups,
    nested_preview,
    preview,
    reading,
    runner,
    scaling,
    signals,
    snapshots,
    typeinfo,
    views,
)
from hearth.engine.queries import StackQuery
from hearth.engine.requests import StackRequest
from hearth.model import names
from hearth.model.diagnostics import Findings
from hearth.model.errors import (
    ActionInProgress,
    Forbidden,
    HearthError,
    Invalid,
    LimitExceeded,
    NotFound,
    NotSupported,
    StackExists,
)
from hearth.model.names import StackIdentity
from hearth.model.states import UPDATE_REFUSED_DURING, Action, Status, to_wire
from hearth.resources import contract
from hearth.resources.blueprint import Blueprint, Surroundings
from hearth.store import engines, stacks
from hearth.store import snapshots as snapshot_rows
from hearth.store.rows import StackRow
from hearth.template import versions

R = TypeVar("R")

#: Templates of more resources than this are checked in a thread, so that other requests go on.
LARGE = 200


class StackService:
    """The orchestration service of one process."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        may_use_type: Callable[[tokens.Caller, str], bool],
    ) -> None:
        """`may_use_type`: the operator's policy for resource types."""
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners
        self._may_use_type = may_use_type
        self._actions = actions.Actions(surroundings, kept)
        self._nested_preview = nested_preview.NestedPreview(surroundings, kept)
        self._reading = reading.Reading(surroundings, kept, owners)
        self._scaling = scaling.Scaling(surroundings, kept)
        self._signals = signals.Signals(surroundings, kept, self._scaling.groups_of)
        self._types = typeinfo.TypeInfo(surroundings, owners)
        self._snapshots = snapshots.Snapshots(surroundings, kept)

    # ---- finding stacks ----

    async def identify(self, caller: tokens.Caller, tenant: str, text: str) -> StackIdentity:
        """The identity of a stack given by name, id or ARN."""
        wanted = text.rpartition("/")[2] if text.startswith("arn:") else text

        def query(connection: sa.Connection) -> StackRow | None:
            return stacks.by_name(connection, tenant, wanted) or stacks.by_id(connection, wanted)

        stack = await self._store.read(query)
        if stack is None or not self._may_see(caller, stack, tenant):
            raise NotFound("Stack", text)
        return views.identity_of(stack)

    async def _stack(self, caller: tokens.Caller, identity: StackIdentity, *, live: bool = True) -> StackRow:
        """The stack of an identity, if it is the caller's; its name and id must belong together."""
        stack = await self._store.read(lambda connection: stacks.by_id(connection, identity.id))
        if (
            stack is None
            or stack.name != identity.name
            or not self._may_see(caller, stack, identity.tenant)
            or (live and stack.deleted_at is not None)
        ):
            raise NotFound("Stack", identity.name)
        return stack

    @staticmethod
    def _may_see(caller: tokens.Caller, stack: StackRow, tenant: str) -> bool:
        if caller.is_admin and tenant != caller.project_id:
            return stack.project_id == tenant
        return stack.project_id == caller.project_id or stack.stack_user_project_id == caller.project_id

    def _selection(self, caller: tokens.Caller, query: StackQuery) -> stacks.Selection:
        filters: dict[str, Sequence[Any]] = {}
        states: list[tuple[str, str]] = []
        for name, values in query.filters.items():
            if name in ("status", "stack_status"):
                states += [_state(value) for value in values]
            elif name == "disable_rollback":
                filters[name] = [str(value).lower() == "true" for value in values]
            elif name in stacks.FILTERS:
                filters[name] = values
        return stacks.Selection(
            project_id=None if query.global_tenant else caller.project_id,
            show_deleted=query.show_deleted,
            show_nested=query.show_nested,
            filters=filters,
            states=states,
            tags=frozenset(query.tags),
            tags_any=frozenset(query.tags_any),
            not_tags=frozenset(query.not_tags),
            not_tags_any=frozenset(query.not_tags_any),
            hidden_tags=frozenset() if query.show_hidden else frozenset(self._context.settings.hidden_stack_tags),
        )

    async def list_stacks(self, caller: tokens.Caller, query: StackQuery) -> list[dict[str, Any]]:
        """Stacks of the caller's project, newest first unless sorted otherwise."""
        selection = self._selection(caller, query)
        descending = query.sort_dir == "desc" if query.sort_dir or query.sort_keys else True
        rows = await self._store.read(
            lambda connection: stacks.listed(
                connection,
                selection,
                sort_keys=query.sort_keys,
                descending=descending,
                limit=query.limit or None,
                marker=query.marker,
            )
        )
        return [views.listed_stack(row) for row in rows]

    async def count_stacks(self, caller: tokens.Caller, query: StackQuery) -> int:
        """How many stacks the list would have without pages."""
        selection = self._selection(caller, query)
        return await self._store.read(lambda connection: stacks.count(connection, selection))

    # ---- creating ----

    async def create_stack(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> StackIdentity:
        """Accept a new stack; the answer comes once it is stored and its creation has begun."""
        request, document = self._adopting(request)
        stack, material, built = await self._new_stack(caller, tenant, request)
        if self._needs_cloud(built):
            stack.credential_id = await self._authority.delegate(caller)
        action = Action.CREATE if document is None else Action.ADOPT
        prepared = await self._actions.prepare(stack, action, built, stack.definition_id, is_new=True)
        if document is not None:
            adoption.fill(prepared.traversal.new_rows, document, built)
        self._definitions.keep(stack.definition_id, built)
        try:
            await self._store.write(lambda connection: self._store_new(connection, prepared, material))
        except HearthError:
            # Another request took the name meanwhile: what was delegated for this one is taken back.
            await self._authority.revoke(stack)
            raise
        await self._announce()
        return views.identity_of(stack)

    def _adopting(self, request: StackRequest) -> tuple[StackRequest, Mapping[str, Any] | None]:
        """The request completed by the document that it adopts, if it adopts one."""
        if request.adopt_stack_data is None:
            return request, None
        if not self._context.settings.enable_stack_adopt:
            raise NotSupported("Stack Adopt")
        document = adoption.read(request.adopt_stack_data)
        return adoption.request_of(request, document), document

    async def _new_stack(
        self, caller: tokens.Caller, tenant: str, request: StackRequest
    ) -> tuple[StackRow, definitions.Material, Blueprint]:
        """Check everything about a wanted stack. Nothing is stored."""
        name = request.stack_name or ""
        project_id = caller.project_id if not caller.is_admin else tenant
        if project_id is None:
            raise Forbidden("The token has no project: stacks belong to projects.")
        if not names.STACK_NAME.fullmatch(name):
            findings = Findings()
            findings.add(
                f"Invalid stack name {name}: must start with a letter, contain letters, digits, '_', '.' and '-' only, "
                "and have at most 255 characters"
            )
            raise Invalid(findings)
        request = await self._completed(caller, request)
        environment = inputs.environment_of(request)
        template = inputs.template_of(request)
        material = definitions.Material(template, environment.to_wire(), dict(request.files))
        stack_id, now = names.new_id(), self._context.now()
        # What adopted objects were once made of need not be there any more.
        is_new = request.adopt_stack_data is None
        where = Surroundings(stack_id, name, project_id, None, 0)
        built = await self._checked(caller, material, where, look_up=is_new)
        material = dataclasses.replace(material, template=built.template.raw, files=built.files)
        await self._check_quota(caller, project_id, name)
        stack = StackRow(
            id=stack_id,
            name=name,
            project_id=project_id,
            user_id=caller.user_id,
            username=caller.user_name,
            credential_id=None,
            owner_id=None,
            owner_resource_id=None,
            owner_resource_name=None,
            root_id=stack_id,
            depth=0,
            action=Action.CREATE,
            status=Status.IN_PROGRESS,
            reason="",
            created_at=now,
            updated_at=None,
            deleted_at=None,
            timeout_mins=request.timeout_mins or None,
            disable_rollback=True if request.disable_rollback is None else request.disable_rollback,
            tags=list(request.tags or ()),
            description=built.template.description,
            definition_id=names.new_id(),
            previous_definition_id=None,
            traversal_id=None,
            stack_user_project_id=None,
        )
        return stack, material, built

    async def _check_quota(self, caller: tokens.Caller, project_id: str, name: str) -> None:
        limit = self._context.settings.max_stacks_per_tenant

        def query(connection: sa.Connection) -> tuple[StackRow | None, int]:
            selection = stacks.Selection(project_id)
            return stacks.by_name(connection, project_id, name), stacks.count(connection, selection)

        existing, count = await self._store.read(query)
        if existing is not None:
            raise StackExists(name)
        if limit >= 0 and count >= limit and not caller.is_admin:
            raise LimitExceeded(f"You have reached the maximum stacks per tenant, {limit}. Please delete some stacks.")

    def _store_new(self, connection: sa.Connection, prepared: actions.Prepared, material: definitions.Material) -> None:
        stack, codec = prepared.stack, self._store.codec
        definitions.put(
            connection,
            codec,
            stack.definition_id,
            stack.id,
            material,
            stack.created_at,
            secret=prepared.traversal.secret,
        )
        stacks.insert(connection, stack)
        self._actions.begin(connection, prepared)

    async def _checked(
        self, caller: tokens.Caller, material: definitions.Material, where: Surroundings, *, look_up: bool = True
    ) -> Blueprint:
        """The blueprint of a definition in which nothing is wrong, here and in the cloud; nested ones included.

        `look_up`: whether what it refers to must be in the cloud.

        Raises:
            Invalid: with every problem found.
        """

        def look(given: definitions.Material) -> tuple[preview.Tree, tuple[Blueprint | None, Findings]]:
            tree = preview.Tree(self._definitions.builder, self._context.settings)
            return tree, tree.check(given, where)

        _, tree, (built, findings) = await self._with_remote_files(material, look)
        if tree.checks and look_up:
            await self._confirm(caller, tree, findings)
        if tree.needs_services:
            session = await self._authority.caller_session(caller)
            tree.check_services(session, findings)
        if built is None or findings.errors:
            raise Invalid(findings.errors)
        self._need_types(caller, tree.types)
        return built

    async def _confirm(self, caller: tokens.Caller, tree: preview.Tree, findings: Findings) -> None:
        """Note what the cloud does not know. A cloud that cannot be asked hides no problem found without it."""
        try:
            session = await self._authority.caller_session(caller)
            await lookups.confirm(session, tree.checks, findings)
        except (cloud_errors.CloudError, contract.ResourceFailure):
            if not findings.errors:
                raise

    async def _completed(self, caller: tokens.Caller, request: StackRequest) -> StackRequest:
        """The request with the files of its container."""
        if not request.files_container:
            return request
        return await inputs.with_container(request, await self._authority.caller_session(caller))

    async def _with_remote_files(
        self,
        material: definitions.Material,
        look: Callable[[definitions.Material], tuple[preview.Tree, R]],
    ) -> tuple[definitions.Material, preview.Tree, R]:
        """What a look gives once all templates it names by URL are among the files; each is fetched once."""
        settings = self._context.settings
        while True:
            given = material
            tree, result = await self._off_loop(given, lambda: look(given))  # noqa: B023 - called at once
            missing = tree.unfetched - material.files.keys()
            if not missing:
                return material, tree, result
            texts = await inputs.fetched(missing, settings.fetch_rules, settings.max_template_size)
            material = dataclasses.replace(material, files={**material.files, **texts})

    def _need_types(self, caller: tokens.Caller, type_names: Iterable[str]) -> None:
        refused = sorted(name for name in set(type_names) if not self._may_use_type(caller, name))
        if refused:
            raise Forbidden(f"You are not authorized to use resource type {', '.join(refused)}.")

    async def _off_loop(self, material: definitions.Material, work: Callable[[], R]) -> R:
        template = material.template
        size = len(template) if isinstance(template, str) else 200 * len(template.get("resources") or ())
        if size > 200 * LARGE:
            return await asyncio.to_thread(work)
        return work()

    @staticmethod
    def _needs_cloud(built: Blueprint) -> bool:
        return any(member.type.external or member.type.nests for member in built.members.values())

    async def preview_create(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> dict[str, Any]:
        """What `create_stack` would do, with nothing stored."""
        request, _ = self._adopting(request)
        stack, _, built = await self._new_stack(caller, tenant, request)
        prepared = await self._actions.prepare(stack, Action.CREATE, built, stack.definition_id, is_new=True)
        shown = views.shown_stack(stack, built.shown_parameters, None)
        for key in ("stack_status", "stack_status_reason"):
            del shown[key]
        shown["id"] = "None"
        shown["resources"] = preview.resources_of(prepared, built)
        return shown

    # ---- changing ----

    async def update_stack(
        self, caller: tokens.Caller, identity: StackIdentity, request: StackRequest, *, patch: bool
    ) -> None:
        """Accept a new definition; a running create or update is superseded by it."""
        stack = await self._stack(caller, identity)
        if stack.action in UPDATE_REFUSED_DURING:
            raise NotSupported(f"Updating a stack when it is in {stack.action}_{stack.status} state")

        async def attempt() -> None:
            present = await self._stack(caller, identity)
            prepared, material, columns = await self._updated(caller, present, request, patch or request.existing)
            await self._store.write(lambda connection: self._store_update(connection, prepared, material, columns))

        await actions.until_stored(attempt)
        await self._announce()

    async def _updated(
        self, caller: tokens.Caller, stack: StackRow, request: StackRequest, patch: bool
    ) -> tuple[actions.Prepared, definitions.Material, dict[str, Any]]:
        codec = self._store.codec
        request = await self._completed(caller, request)
        if patch:
            stored = await self._store.read(lambda c: definitions.get(c, codec, stack.definition_id))
            material = inputs.patched(request, stored)
        else:
            environment = inputs.environment_of(request)
            material = definitions.Material(inputs.template_of(request), environment.to_wire(), dict(request.files))
        built = await self._checked(caller, material, definitions.surroundings(stack))
        material = dataclasses.replace(material, template=built.template.raw, files=built.files)
        before = await self._definitions.blueprint(stack.definition_id, stack)
        preview.check_immutable(before, built)
        definition_id = names.new_id()
        stack.description = built.template.description
        columns: dict[str, Any] = {"definition_id": definition_id, "description": stack.description}
        if request.timeout_mins:
            stack.timeout_mins = columns["timeout_mins"] = request.timeout_mins
        if request.disable_rollback is not None:
            columns["disable_rollback"] = request.disable_rollback
        if request.tags is not None or not patch:
            columns["tags"] = list(request.tags or ())
        if stack.status is Status.COMPLETE and stack.action is not Action.DELETE:
            columns["previous_definition_id"] = stack.definition_id
        if stack.credential_id is None and self._needs_cloud(built):
            columns["credential_id"] = stack.credential_id = await self._authority.delegate(caller)
        columns["updated_at"] = self._context.now()
        prepared = await self._actions.prepare(stack, Action.UPDATE, built, definition_id)
        self._definitions.keep(definition_id, built)
        return prepared, material, columns

    def _store_update(
        self,
        connection: sa.Connection,
        prepared: actions.Prepared,
        material: definitions.Material,
        columns: Mapping[str, Any],
    ) -> None:
        definitions.put(
            connection,
            self._store.codec,
            columns["definition_id"],
            prepared.stack.id,
            material,
            columns["updated_at"],
            secret=prepared.traversal.secret,
        )
        self._actions.begin(connection, prepared, **columns)

    async def preview_update(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        request: StackRequest,
        *,
        patch: bool,
        show_nested: bool,
    ) -> dict[str, Any]:
        """The plan of an update in the form of Heat's preview."""
        stack = await self._stack(caller, identity)
        if stack.action in UPDATE_REFUSED_DURING:
            raise NotSupported(f"Updating a stack when it is in {stack.action}_{stack.status} state")
        codec = self._store.codec
        request = await self._completed(caller, request)
        if patch or request.existing:
            stored = await self._store.read(lambda c: definitions.get(c, codec, stack.definition_id))
            material = inputs.patched(request, stored)
        else:
            environment = inputs.environment_of(request)
            material = definitions.Material(inputs.template_of(request), environment.to_wire(), dict(request.files))
        built = await self._checked(caller, material, definitions.surroundings(stack))
        before = await self._definitions.blueprint(stack.definition_id, stack)
        preview.check_immutable(before, built)
        prepared = await self._actions.prepare(stack, Action.UPDATE, built, names.new_id())
        lists = views.changes(prepared.plan, stack, prepared.run.rows, before, built)
        if show_nested:
            await self._nested_preview.add(lists, prepared, built)
        return lists

    async def delete_stack(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Begin to delete a stack, whatever it is doing."""
        stack = await self._stack(caller, identity, live=False)
        if stack.deleted_at is not None:
            raise NotFound("Stack", identity.name)
        if stack.action is Action.DELETE and stack.status is Status.IN_PROGRESS:
            return

        async def attempt() -> None:
            prepared = await self._actions.prepare(stack, Action.DELETE, None, actions.NOTHING)
            self._need_types(caller, (row.type for row in prepared.run.rows.values()))
            at = self._context.now()
            await self._store.write(lambda connection: self._actions.begin(connection, prepared, updated_at=at))

        await actions.until_stored(attempt)
        await self._announce()

    async def action(self, caller: tokens.Caller, identity: StackIdentity, action: str) -> None:
        """Begin an action on the stack as it is: suspend, resume, check, cancel_update, cancel_without_rollback."""
        stack = await self._stack(caller, identity)
        match action:
            case "suspend" | "resume" | "check":
                await self._visit(caller, identity, Action(action.upper()))
            case "cancel_update":
                if (stack.action, stack.status) != (Action.UPDATE, Status.IN_PROGRESS):
                    raise NotSupported(f"Cancelling update when stack is {to_wire(stack.action, stack.status)}")
                await self._roll_back(caller, identity)
            case "cancel_without_rollback":
                if stack.status is not Status.IN_PROGRESS or stack.action not in (Action.CREATE, Action.UPDATE):
                    raise NotSupported(f"Cancelling {stack.action} when stack is {to_wire(stack.action, stack.status)}")
                await self._cancel(stack)
            case _:
                raise NotSupported(f"Stack action {action}")

    async def _visit(self, caller: tokens.Caller, identity: StackIdentity, action: Action) -> None:
        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            if action is not Action.CHECK and (stack.action, stack.status) == (action, Status.COMPLETE):
                return
            built = await self._definitions.blueprint(stack.definition_id, stack)
            self._need_types(caller, (member.type.type_name for member in built.members.values()))
            prepared = await self._actions.prepare(stack, action, built, stack.definition_id)
            at = self._context.now()
            await self._store.write(lambda connection: self._actions.begin(connection, prepared, updated_at=at))

        await actions.until_stored(attempt)
        await self._announce()

    # ---- snapshots ----

    async def create_snapshot(self, caller: tokens.Caller, identity: StackIdentity, name: str | None) -> dict[str, Any]:
        """Begin to take a snapshot of a stack that is at rest."""

        async def attempt() -> dict[str, Any]:
            stack = await self._stack(caller, identity)
            return await self._snapshots.take(stack, name, limited=not caller.is_admin)

        taken = await actions.until_stored(attempt)
        await self._announce()
        return taken

    async def list_snapshots(self, caller: tokens.Caller, identity: StackIdentity) -> list[dict[str, Any]]:
        """The snapshots of a stack, oldest first."""
        return await self._snapshots.listed(await self._stack(caller, identity))

    async def show_snapshot(self, caller: tokens.Caller, identity: StackIdentity, snapshot_id: str) -> dict[str, Any]:
        """One snapshot."""
        return await self._snapshots.show(await self._stack(caller, identity), snapshot_id)

    async def delete_snapshot(self, caller: tokens.Caller, identity: StackIdentity, snapshot_id: str) -> None:
        """Begin to remove a snapshot with the copies it is made of."""
        await self._snapshots.remove(await self._stack(caller, identity), snapshot_id)
        await self._announce()

    async def restore_snapshot(self, caller: tokens.Caller, identity: StackIdentity, snapshot_id: str) -> None:
        """Begin to bring a stack back to what it was when a snapshot was taken."""

        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            material = await self._snapshots.restoring(stack, snapshot_id)
            built = await self._checked(caller, material, definitions.surroundings(stack))
            material = dataclasses.replace(material, template=built.template.raw, files=built.files)
            definition_id, stack.description = names.new_id(), built.template.description
            columns = {"definition_id": definition_id, "description": stack.description}
            if stack.status is Status.COMPLETE:
                columns["previous_definition_id"] = stack.definition_id
            prepared = await self._actions.prepare(stack, Action.RESTORE, built, definition_id)
            self._definitions.keep(definition_id, built)
            more = {**columns, "updated_at": self._context.now()}
            await self._store.write(lambda connection: self._store_update(connection, prepared, material, more))

        await actions.until_stored(attempt)
        await self._announce()

    # ---- giving a stack away ----

    async def export_stack(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """The document by which the stack can be adopted elsewhere. It holds secrets."""
        self._need_abandon()
        stack = await self._stack(caller, identity)
        codec = self._store.codec
        return await self._store.read(lambda connection: adoption.document(connection, codec, stack.id))

    async def abandon_stack(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """Forget a stack and leave everything it made where it is; the document by which it can be adopted.

        Raises:
            ActionInProgress: it, or a stack in it, is busy, so nobody can say what there is.
        """
        self._need_abandon()

        async def attempt() -> dict[str, Any]:
            stack = await self._stack(caller, identity)
            prepared = await self._actions.prepare(stack, Action.DELETE, None, actions.NOTHING)
            at = self._context.now()
            return await self._store.write(lambda connection: self._store_abandoned(connection, prepared, at))

        document = await actions.until_stored(attempt)
        await self._announce()
        return document

    def _need_abandon(self) -> None:
        if not self._context.settings.enable_stack_abandon:
            raise NotSupported("Stack Abandon")

    def _store_abandoned(self, connection: sa.Connection, prepared: actions.Prepared, at: float) -> dict[str, Any]:
        codec, stack = self._store.codec, prepared.stack
        busy = adoption.busy_in_tree(connection, stack)
        if busy is not None:
            raise ActionInProgress(busy.name, busy.action)
        document = adoption.document(connection, codec, stack.id)
        snapshot_rows.forget(connection, stack.id)
        adoption.let_go(connection, codec, stack)
        self._actions.begin(connection, prepared, updated_at=at)
        return document

    async def _roll_back(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Supersede a running update by the way back."""

        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            target = stack.previous_definition_id or actions.NOTHING
            built = await self._definitions.blueprint(target, stack) if target != actions.NOTHING else None
            prepared = await self._actions.prepare(stack, Action.ROLLBACK, built, target)
            await self._store.write(lambda connection: self._actions.begin(connection, prepared))

        await actions.until_stored(attempt)
        await self._announce()

    async def _cancel(self, stack: StackRow) -> None:
        codec, now, reason = self._store.codec, self._context.now(), ending.cancelled(stack.action)
        await self._store.write(
            lambda connection: ending.stop_tree(connection, codec, stack, reason, "user triggered cancel", now)
        )
        await self._announce()

    # ---- reading ----

    async def show_stack(
        self, caller: tokens.Caller, identity: StackIdentity, resolve_outputs: bool = True
    ) -> dict[str, Any]:
        """A stack with parameters and, if wanted, its outputs."""
        stack = await self._stack(caller, identity, live=False)
        return await self._reading.stack(stack, resolve_outputs and stack.deleted_at is None)

    async def template(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """The stack's template as plain data."""
        material = await self._material(caller, identity)
        return dict(material.template)

    async def environment(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """The stack's environment; hidden values masked."""
        stack = await self._stack(caller, identity, live=False)
        return await self._reading.environment(stack)

    async def files(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, str]:
        """The stack's files."""
        material = await self._material(caller, identity)
        return dict(material.files)

    async def _material(self, caller: tokens.Caller, identity: StackIdentity) -> definitions.Material:
        stack = await self._stack(caller, identity, live=False)
        codec = self._store.codec
        return await self._store.read(lambda c: definitions.get(c, codec, stack.definition_id))

    async def list_outputs(self, caller: tokens.Caller, identity: StackIdentity) -> list[dict[str, Any]]:
        """Names and descriptions of the outputs."""
        return await self._reading.outputs(await self._stack(caller, identity))

    async def show_output(self, caller: tokens.Caller, identity: StackIdentity, key: str) -> dict[str, Any]:
        """One output with its value."""
        return await self._reading.output(await self._stack(caller, identity), key)

    async def list_resources(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        *,
        nested_depth: int = 0,
        with_detail: bool = False,
        filters: Mapping[str, Sequence[str]] | None = None,
    ) -> list[dict[str, Any]]:
        """Resources, those of nested stacks down to a depth."""
        stack = await self._stack(caller, identity, live=False)
        return await self._reading.resources(
            stack, nested_depth=nested_depth, with_detail=with_detail, filters=filters or {}
        )

    async def show_resource(
        self, caller: tokens.Caller, identity: StackIdentity, name: str, with_attr: Sequence[str] = ()
    ) -> dict[str, Any]:
        """One resource with its attributes, read live."""
        return await self._reading.resource(await self._stack(caller, identity), name, with_attr)

    async def resource_metadata(self, caller: tokens.Caller, identity: StackIdentity, name: str) -> dict[str, Any]:
        """The metadata of a resource."""
        stack = await self._stack(caller, identity)
        signals.check_reach(caller, stack, await self._reading.row(stack, name))
        return await self._reading.metadata(stack, name)

    async def signal(self, caller: tokens.Caller, identity: StackIdentity, name: str, body: Any) -> None:
        """Pass a signal to a resource, or clear a hook at which it stopped; done when it returns."""
        stack = await self._stack(caller, identity)
        await self._signals.deliver(caller, stack, await self._reading.rows(stack, name), body)
        await self._announce()

    async def mark_unhealthy(
        self, caller: tokens.Caller, identity: StackIdentity, name: str, unhealthy: bool, reason: str | None
    ) -> None:
        """Mark a resource as failed or well; the next update replaces a failed one."""
        await self._reading.mark(await self._stack(caller, identity), name, unhealthy, reason)

    async def list_events(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        *,
        resource_name: str | None = None,
        nested_depth: int = 0,
        limit: int | None = None,
        marker: str | None = None,
        sort_keys: Sequence[str] = (),
        sort_dir: str | None = None,
        filters: Mapping[str, Sequence[str]] | None = None,
    ) -> list[dict[str, Any]]:
        """Events, newest first unless sorted otherwise."""
        stack = await self._stack(caller, identity, live=False)
        return await self._reading.events(
            stack,
            resource_name=resource_name,
            nested_depth=nested_depth,
            limit=limit,
            marker=marker,
            sort_keys=sort_keys,
            sort_dir=sort_dir,
            filters=filters or {},
        )

    async def show_event(
        self, caller: tokens.Caller, identity: StackIdentity, resource_name: str, event_id: str
    ) -> dict[str, Any]:
        """One event."""
        return await self._reading.event(await self._stack(caller, identity, live=False), resource_name, event_id)

    # ---- templates and types ----

    async def validate(
        self,
        caller: tokens.Caller,
        request: StackRequest,
        *,
        show_nested: bool = False,
        ignore_errors: Sequence[str] = (),
    ) -> dict[str, Any]:
        """What a template asks for. Missing parameter values are no error here.

        Raises:
            Invalid: with every problem found.
        """
        request = await self._completed(caller, request)
        environment = inputs.environment_of(request)
        material = definitions.Material(inputs.template_of(request), environment.to_wire(), dict(request.files))
        where = Surroundings(names.new_id(), "validated", caller.project_id or "", None, 0)

        def look(given: definitions.Material) -> tuple[preview.Tree, tuple[dict[str, Any] | None, Findings]]:
            tree = preview.Tree(self._definitions.builder, self._context.settings)
            return tree, tree.describe(given, environment, where, show_nested=show_nested)

        _, tree, (answer, findings) = await self._with_remote_files(material, look)
        if tree.needs_services and preview.UNAVAILABLE not in ignore_errors:
            tree.check_services(await self._authority.caller_session(caller), findings)
        if answer is None or findings.errors:
            raise Invalid(findings.errors)
        return answer

    async def list_resource_types(
        self,
        caller: tokens.Caller,
        *,
        support_status: str | None = None,
        name: str | None = None,
        version: str | None = None,
        with_description: bool = False,
    ) -> list[Any]:
        """Types whose service the caller's catalog has."""
        return await self._types.listed(
            caller, support_status=support_status, name=name, version=version, with_description=with_description
        )

    async def resource_schema(self, caller: tokens.Caller, type_name: str) -> dict[str, Any]:
        """Properties and attributes of a type."""
        return await self._types.schema(caller, type_name)

    async def resource_template(self, caller: tokens.Caller, type_name: str, template_type: str) -> dict[str, Any]:
        """A template with the type's properties as parameters and its attributes as outputs."""
        return await self._types.template(caller, type_name, template_type)

    async def list_template_versions(self) -> list[dict[str, Any]]:
        """The template versions there are."""
        return versions.listed_versions()

    async def list_template_functions(self, version: str, with_condition_func: bool = False) -> list[dict[str, str]]:
        """The functions of a template version."""
        functions = versions.listed_functions(version, with_condition_func)
        if functions is None:
            raise NotFound("Template with version", version, kind="NotFound")
        return functions

    # ---- the service itself ----

    async def services(self) -> list[dict[str, Any]]:
        """The engines that have registered."""
        return views.services(await self._store.read(engines.listed), self._context.now())

    async def build_info(self) -> dict[str, Any]:
        """The versions at work."""
        return {"api": {"revision": hearth.__version__}, "engine": {"revision": hearth.__version__}}

    async def healthy(self) -> bool:
        """Whether the database answers."""
        await self._store.read(lambda connection: connection.execute(sa.select(1)).scalar())
        return True

    async def _announce(self) -> None:
        message: bus.Message = {}
        await self._context.wakeups.publish(runner.WAKE_TOPIC, message)


def _state(text: str) -> tuple[str, str]:
    """A state filter: `CREATE_COMPLETE`, or a bare status, which then matches no action."""
    action, _, status = text.partition("_")
    return action, status
