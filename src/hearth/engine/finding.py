"""Finds stacks for a caller: by name, id or ARN, alone or as lists. What is not the caller's is not found."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import (
    context,
    views,
)
from hearth.engine.queries import StackQuery
from hearth.model.errors import (
    NotFound,
)
from hearth.model.holds import Holds
from hearth.model.names import StackIdentity
from hearth.model.states import Status
from hearth.store import holds, resources, stacks
from hearth.store.rows import StackRow


class Finding:
    """The part of the service that finds stacks."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._store = surroundings.store

    async def identify(self, caller: tokens.Caller, tenant: str, text: str) -> StackIdentity:
        """The identity of a stack given by name, id or ARN."""
        wanted = text.rpartition("/")[2] if text.startswith("arn:") else text

        def query(connection: sa.Connection) -> StackRow | None:
            return (
                stacks.by_name(connection, tenant, wanted)
                or stacks.by_id(connection, wanted)
                or stacks.by_name_for_users(connection, tenant, wanted)
            )

        stack = await self._store.read(query)
        # An administrator is led from an id to any project's stack, at that project's address.
        if stack is None or not self._may_see(caller, stack, stack.project_id if caller.is_admin else tenant):
            raise NotFound("Stack", text)
        return views.identity_of(stack)

    async def identify_by_resource(self, caller: tokens.Caller, physical_id: str) -> StackIdentity:
        """The identity of the stack that has a resource with that physical id."""

        def query(connection: sa.Connection) -> list[StackRow]:
            ids = resources.stacks_with(connection, physical_id)
            return [stack for one in ids if (stack := stacks.by_id(connection, one)) is not None]

        for stack in await self._store.read(query):
            if stack.deleted_at is None and self._may_see(caller, stack, caller.project_id or ""):
                return views.identity_of(stack)
        raise NotFound("PhysicalResource", physical_id)

    async def _stack(self, caller: tokens.Caller, identity: StackIdentity, *, live: bool = True) -> StackRow:
        """The stack of an identity, if it is the caller's; its name and id must belong together."""
        return await self._store.read(self._finder(caller, identity, live=live))

    def _finder(
        self, caller: tokens.Caller, identity: StackIdentity, *, live: bool = True
    ) -> Callable[[sa.Connection], StackRow]:
        """What `_stack` asks the store, as the beginning of a query for more about the stack."""

        def found(connection: sa.Connection) -> StackRow:
            stack = stacks.by_id(connection, identity.id)
            if (
                stack is None
                or stack.name != identity.name
                or not self._may_see(caller, stack, identity.tenant)
                or (live and stack.deleted_at is not None)
            ):
                raise NotFound("Stack", identity.name)
            return stack

        return found

    @staticmethod
    def _may_see(caller: tokens.Caller, stack: StackRow, tenant: str) -> bool:
        if caller.is_admin and tenant != caller.project_id:
            return stack.project_id == tenant
        return caller.project_id is not None and caller.project_id in (stack.project_id, stack.stack_user_project_id)

    async def list_stacks(self, caller: tokens.Caller, query: StackQuery) -> list[dict[str, Any]]:
        """Stacks of the caller's project, newest first unless sorted otherwise."""
        selection = self._selection(caller, query)
        descending = query.sort_dir == "desc" if query.sort_dir or query.sort_keys else True
        now = self._context.now()

        def listed(connection: sa.Connection) -> tuple[list[StackRow], dict[str, Holds]]:
            rows = stacks.listed(
                connection,
                selection,
                sort_keys=query.sort_keys,
                descending=descending,
                limit=query.limit or None,
                marker=query.marker,
            )
            return rows, holds.of_roots(connection, {row.root_id for row in rows}, now)

        rows, held = await self._store.read_aside(listed)
        return [views.listed_stack(row) | views.holds(held.get(row.root_id, {})) for row in rows]

    async def count_stacks(self, caller: tokens.Caller, query: StackQuery) -> int:
        """How many stacks the list would have without pages."""
        selection = self._selection(caller, query)
        return await self._store.read_aside(lambda connection: stacks.count(connection, selection))

    def _selection(self, caller: tokens.Caller, query: StackQuery) -> stacks.Selection:
        filters: dict[str, Sequence[Any]] = {}
        states: list[tuple[str | None, str]] = []
        for name, values in query.filters.items():
            if name in ("status", "stack_status"):
                states += [_state(value) for value in values]
            elif name == "disable_rollback":
                filters[name] = [str(value).lower() == "true" for value in values]
            elif name in stacks.FILTERS:
                filters[name] = values
        return stacks.Selection(
            project_id=None if query.global_tenant or caller.is_admin else caller.project_id,
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


def _state(text: str) -> tuple[str | None, str]:
    """A state filter: `CREATE_COMPLETE`, or a bare status, which any action may have."""
    if text in frozenset(Status):
        return None, text
    action, _, status = text.partition("_")
    return action, status
