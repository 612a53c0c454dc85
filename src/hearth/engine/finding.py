"""Finds stacks for a caller: by name, id or ARN, alone or as lists. What is not the caller's is not found."""

from collections.abc import Sequence
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
from hearth.model.names import StackIdentity
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
            return stacks.by_name(connection, tenant, wanted) or stacks.by_id(connection, wanted)

        stack = await self._store.read(query)
        if stack is None or not self._may_see(caller, stack, tenant):
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
        now = self._context.now()
        held = await self._store.read(lambda c: holds.of_roots(c, {row.root_id for row in rows}, now))
        return [views.listed_stack(row) | views.holds(held.get(row.root_id, {})) for row in rows]

    async def _held(self, stack: StackRow) -> dict[str, Any]:
        """What holds a stack, as clients see it."""
        now = self._context.now()
        return views.holds(await self._store.read(lambda connection: holds.of_root(connection, stack.root_id, now)))

    async def count_stacks(self, caller: tokens.Caller, query: StackQuery) -> int:
        """How many stacks the list would have without pages."""
        selection = self._selection(caller, query)
        return await self._store.read(lambda connection: stacks.count(connection, selection))

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


def _state(text: str) -> tuple[str, str]:
    """A state filter: `CREATE_COMPLETE`, or a bare status, which then matches no action."""
    action, _, status = text.partition("_")
    return action, status
