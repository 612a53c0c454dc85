"""What clients can ask of stacks: the service layer that the faces call.

Every method takes the caller and answers in plain data, or raises a `HearthError`. Input is checked whole before
anything is stored or made; what is accepted is one transaction, after which the engine goes on by itself.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hearth
from hearth.cloud import tokens
from hearth.engine import (
    acceptance,
    actions,
    adoption,
    authority,
    availability,
    context,
    definitions,
    feed,
    following,
    inputs,
    lite_alarms,
    orphans,
    plan_service,
    preview,
    reading,
    scaling,
    signals,
    software,
    typeinfo,
    views,
)
from hearth.engine.requests import DriftRequest, StackRequest
from hearth.model.diagnostics import Findings
from hearth.model.errors import (
    Invalid,
    NotFound,
)
from hearth.model.holds import Change
from hearth.model.names import StackIdentity
from hearth.resources.blueprint import Surroundings
from hearth.store import engines
from hearth.template import versions


class StackService(plan_service.PlanService):
    """The orchestration service of one process."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        may_use_type: Callable[[tokens.Caller, str], bool],
    ) -> None:
        """`may_use_type`: the operator's policy for resource types."""
        available = availability.Availability(lambda: surroundings.now())
        accepting = acceptance.Acceptance(surroundings, kept, owners, may_use_type, available)
        super().__init__(surroundings, kept, owners, accepting)
        self._reading = reading.Reading(surroundings, kept, owners)
        self._scaling = scaling.Scaling(surroundings, kept)
        self._signals = signals.Signals(surroundings, kept, self._scaling.groups_of, owners)
        self._types = typeinfo.TypeInfo(surroundings, owners, available)
        self._available = available
        self._feed = feed.Feed(surroundings)
        #: Objects that were let go, which belong to projects rather than to stacks.
        self.orphans = orphans.Orphans(surroundings, kept, owners)
        #: Software configs and deployments, which belong to projects rather than to stacks.
        self.software = software.Software(surroundings, owners)
        #: Alarms that Hearth watches over by itself.
        self.lite_alarms = lite_alarms.LiteAlarms(surroundings)

    # ---- holds ----

    async def pause(self, caller: tokens.Caller, identity: StackIdentity, reason: str = "") -> None:
        """Let nothing more of the running action begin, in the whole tree."""
        await self._holding.pause(caller, await self._stack(caller, identity), reason)

    async def unpause(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Let a paused action go on."""
        await self._holding.unpause(caller, await self._stack(caller, identity))
        await self._announce()

    async def protect(self, caller: tokens.Caller, identity: StackIdentity, reason: str = "") -> None:
        """Keep the stack from being deleted."""
        await self._holding.protect(caller, await self._stack(caller, identity), reason)

    async def unprotect(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Let the stack be deleted again."""
        await self._holding.unprotect(caller, await self._stack(caller, identity))

    async def lock(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        reason: str = "",
        seconds: int | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Keep everybody else from changing the stack for a while. `force`: take over another's lock."""
        await self._holding.lock(caller, await self._stack(caller, identity), reason, seconds, force=force)

    async def unlock(self, caller: tokens.Caller, identity: StackIdentity, *, force: bool = False) -> None:
        """Let others change the stack again. `force`: although the lock is another's."""
        await self._holding.unlock(caller, await self._stack(caller, identity), force=force)

    # ---- snapshots ----

    async def create_snapshot(self, caller: tokens.Caller, identity: StackIdentity, name: str | None) -> dict[str, Any]:
        """Begin to take a snapshot of a stack that is at rest."""

        async def attempt() -> dict[str, Any]:
            stack = await self._changeable(caller, identity)
            write = functools.partial(self._holding.change, caller, stack, Change.ALTER)
            return await self._snapshots.take(stack, name, write, limited=not caller.is_admin)

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
        await self._snapshots.remove(await self._changeable(caller, identity), snapshot_id)
        await self._announce()

    async def export_stack(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """The document by which the stack can be adopted elsewhere. It holds secrets."""
        self._need_abandon()
        stack = await self._stack(caller, identity)
        codec = self._store.codec
        return await self._store.read(lambda connection: adoption.document(connection, codec, stack.id))

    # ---- drift ----

    async def look_at(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Look at the live objects of a stack and all nested in it."""
        await self._drifting.observing.tree(await self._stack(caller, identity))

    async def drift(self, caller: tokens.Caller, identity: StackIdentity, *, everything: bool) -> dict[str, Any]:
        """What differed between a stack's resources and their live objects when they were looked at last.

        `everything`: also what is as expected, and what cannot be seen.
        """
        return await self._drifting.shown(await self._stack(caller, identity), everything=everything)

    async def decide_drift(self, caller: tokens.Caller, identity: StackIdentity, request: DriftRequest) -> None:
        """Accept, ignore or revert what has drifted, or take that back; the next update goes by it."""
        await self._drifting.decide(caller, await self._stack(caller, identity), request)

    # ---- reading ----

    async def show_stack(
        self, caller: tokens.Caller, identity: StackIdentity, resolve_outputs: bool = True
    ) -> dict[str, Any]:
        """A stack with parameters and, if wanted, its outputs."""
        return await self._reading.stack(self._finder(caller, identity, live=False), resolve_outputs)

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
        find = self._finder(caller, identity, live=False)
        return await self._reading.resources(
            find, nested_depth=nested_depth, with_detail=with_detail, filters=filters or {}
        )

    async def show_resource(
        self, caller: tokens.Caller, identity: StackIdentity, name: str, with_attr: Sequence[str] = ()
    ) -> dict[str, Any]:
        """One resource with its attributes, read live."""
        return await self._reading.resource(await self._stack(caller, identity), name, with_attr)

    async def resource_metadata(self, caller: tokens.Caller, identity: StackIdentity, name: str) -> dict[str, Any]:
        """The metadata of a resource."""
        stack = await self._stack(caller, identity)
        await self._signals.check_reach(caller, stack, await self._reading.row(stack, name))
        return await self._reading.metadata(stack, name)

    async def signal(self, caller: tokens.Caller, identity: StackIdentity, name: str, body: Any) -> None:
        """Pass a signal to a resource, or clear a hook at which it stopped; done when it returns."""
        stack = await self._stack(caller, identity)
        if isinstance(body, dict) and signals.UNSET_HOOK in body:
            await self._holding.require(caller, stack, Change.CONTROL)
        await self._signals.deliver(caller, stack, await self._reading.rows(stack, name), body)
        await self._announce()

    async def mark_unhealthy(
        self, caller: tokens.Caller, identity: StackIdentity, name: str, unhealthy: bool, reason: str | None
    ) -> None:
        """Mark a resource as failed or well; the next update replaces a failed one."""
        await self._reading.mark(await self._changeable(caller, identity), name, unhealthy, reason)

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
        return await self._reading.events(
            self._finder(caller, identity, live=False),
            resource_name=resource_name,
            nested_depth=nested_depth,
            limit=limit,
            marker=marker,
            sort_keys=sort_keys,
            sort_dir=sort_dir,
            filters=filters or {},
        )

    async def follow_events(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        *,
        resource_name: str | None = None,
        nested_depth: int = 0,
        filters: Mapping[str, Sequence[str]] | None = None,
        after: str | None = None,
        replay: bool = True,
    ) -> feed.Follower:
        """A place in the live feed of a stack's events; see `Feed.follow`."""
        stack = await self._stack(caller, identity, live=False)
        columns = reading.event_columns(filters or {}, resource_name)
        return await self._feed.follow(following.Selection(stack, nested_depth, columns), after, replay=replay)

    def close_streams(self) -> None:
        """Let those who follow events come to their end: the process is about to stop."""
        self._feed.close()

    async def stop(self) -> None:
        """Let go of what goes on beside requests."""
        await self._feed.stop()

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
        request = await self._acceptance.completed(caller, request)
        environment = inputs.environment_of(request, self._store.codec)
        material = definitions.Material(inputs.template_of(request), environment.to_wire(), dict(request.files))
        where = Surroundings(self._context.new_id(), "validated", caller.project_id or "", None, 0)

        def look(given: definitions.Material) -> tuple[preview.Tree, tuple[dict[str, Any] | None, Findings]]:
            tree = preview.Tree(self._definitions.builder, self._context.settings)
            return tree, tree.describe(given, environment, where, show_nested=show_nested)

        _, tree, (answer, findings) = await self._acceptance.with_remote_files(material, look)
        if tree.needs_services and preview.UNAVAILABLE not in ignore_errors:
            session = await self._authority.caller_session(caller)
            await self._available.check(session, tree.needs_services, findings)
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

    def resource_type_name(self, name: str) -> str:
        """The name of the type that a name or an alias stands for; the same for what is none."""
        return self._types.name_of(name)

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
        told = self._context.settings.revision
        revision = hearth.__version__ if told == "unknown" else told
        return {"api": {"revision": revision}, "engine": {"revision": revision}}
