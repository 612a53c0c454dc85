"""The users of a stack: its project in the stack users' domain, made when the first user is needed, kept by the root.

Types use `OfStack` through `Call.users`; the end of a stack's deletion uses `StackUsers.forget`.
"""

import asyncio
import weakref

import sqlalchemy as sa

from hearth.cloud import session as cloud_session
from hearth.cloud import stack_users
from hearth.engine import context
from hearth.resources import contract
from hearth.store import stacks
from hearth.store.rows import StackRow

#: In the place of a project's id: the project may have been made, and is found by its name.
_INTENDED = ""


class StackUsers:
    """Projects and users of all stacks, for one process."""

    def __init__(self, surroundings: context.Context) -> None:
        self._store = surroundings.store
        self._domain = stack_users.StackUserDomain(surroundings.connector)
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def of(self, stack: StackRow) -> "OfStack | None":
        """The users of a stack; None where no domain for them is configured."""
        return OfStack(self, self._domain, stack) if self._domain.is_configured else None

    async def project(self, stack: StackRow) -> str:
        """The project of a stack's users, the same for the whole tree. A repeat after a crash finds it by its name."""
        if stack.stack_user_project_id:
            return stack.stack_user_project_id
        lock = self._locks.get(stack.root_id)
        if lock is None:
            lock = self._locks[stack.root_id] = asyncio.Lock()
        async with lock:
            root = await self._store.read(lambda connection: stacks.by_id(connection, stack.root_id))
            assert root is not None
            project_id = root.stack_user_project_id
            if not project_id:
                if project_id is None:
                    await self._store.write(
                        lambda connection: stacks.update(connection, root.id, stack_user_project_id=_INTENDED)
                    )
                project_id = await self._domain.make_project(_name(root), "Users of an orchestration stack")
            found = project_id
            await self._store.write(lambda connection: _note(connection, root.id, found), [root.id])
        stack.stack_user_project_id = project_id
        return project_id

    async def forget(self, stack: StackRow) -> None:
        """Remove the project of a root stack that is deleted. Raises CloudError."""
        if stack.stack_user_project_id is None or not self._domain.is_configured:
            return
        project_id = stack.stack_user_project_id or await self._domain.find_project(_name(stack))
        if project_id is not None:
            await self._domain.delete_project(project_id)


def _name(root: StackRow) -> str:
    return f"{root.project_id}-{root.id}"


def _note(connection: sa.Connection, root_id: str, project_id: str) -> None:
    for one in stacks.tree(connection, root_id, live=True):
        if not one.stack_user_project_id:
            stacks.update(connection, one.id, stack_user_project_id=project_id)


class OfStack:
    """See `contract.StackUsers`."""

    def __init__(self, several: StackUsers, domain: stack_users.StackUserDomain, stack: StackRow) -> None:
        self._several = several
        self._domain = domain
        self._stack = stack

    async def create(self, name: str, password: str) -> contract.StackUser:
        """See `contract.StackUsers`."""
        project_id = await self._several.project(self._stack)
        user_id = await self._domain.make_user(name, password, project_id)
        where = await self._domain.auth_url()
        return contract.StackUser(user_id, name, project_id, await self._domain.id(), where)

    async def token(self, user_id: str, password: str) -> str:
        """See `contract.StackUsers`."""
        return await self._domain.token(user_id, password, await self._several.project(self._stack))

    async def access(self, user_id: str, password: str) -> cloud_session.Session:
        """See `contract.StackUsers`."""
        return await self._domain.access(user_id, password, await self._several.project(self._stack))

    async def key(self, user_id: str, pair: contract.AccessKey | None = None) -> contract.AccessKey:
        """See `contract.StackUsers`."""
        project_id = await self._several.project(self._stack)
        wanted = (pair.access, pair.secret) if pair is not None else None
        return contract.AccessKey(*await self._domain.make_key(user_id, project_id, wanted))

    async def drop_key(self, user_id: str, access: str) -> None:
        """See `contract.StackUsers`."""
        await self._domain.drop_keys(user_id, access)

    async def enable(self, user_id: str, enabled: bool) -> None:
        """See `contract.StackUsers`."""
        await self._domain.enable_user(user_id, enabled)

    async def delete(self, user_id: str) -> None:
        """See `contract.StackUsers`."""
        await self._domain.delete_user(user_id)

    async def find(self, name: str) -> str | None:
        """See `contract.StackUsers`."""
        return await self._domain.find_user(name)

    async def exists(self, user_id: str) -> bool:
        """See `contract.StackUsers`."""
        return await self._domain.has_user(user_id)
