"""Types that have a user in the stack's own project, for what acts from inside a server.

The user is made with the resource, shut out while the resource is suspended, and removed with it.
"""

import secrets
from typing import ClassVar

from hearth.cloud import errors
from hearth.model.states import Action
from hearth.resources import base, failures
from hearth.resources.contract import Call, Gone, Observed, Permanent, StackUser, StackUsers

#: Keys of private data.
USER = "user_id"
PASSWORD = "password"
ACCESS = "access_key"
SECRET = "secret_key"


class WithUser(base.Base):
    """A type with a stack user; its physical id is the user's id."""

    secret_data: ClassVar[tuple[str, ...]] = (PASSWORD, SECRET)

    external = True
    supports_check = True

    async def find(self, call: Call) -> str | None:
        """The user of an interrupted create, to be removed; a create that is repeated gives it a new password."""
        if call.action is Action.DELETE and call.users is not None:
            with failures.sorted_out():
                return await call.users.find(call.physical_name)
        return None

    async def make_user(self, call: Call, password: str | None = None) -> StackUser:
        """Make the resource's user, or take over the one that a lost attempt made."""
        password = password or new_password()
        with failures.sorted_out(creating=True):
            user = await users_of(call).create(call.physical_name, password)
        call.data |= {USER: user.id, PASSWORD: password}
        return user

    async def delete(self, call: Call) -> None:
        """Remove the user."""
        if USER in call.data or call.physical_id != call.physical_name:
            with failures.sorted_out():
                await users_of(call).delete(call.data.get(USER) or str(call.physical_id))

    async def observe(self, call: Call) -> Observed | None:
        """The user, who has nothing to show; another way of signalling makes none."""
        user_id = call.data.get(USER)
        if user_id is not None:
            with failures.sorted_out():
                if not await users_of(call).exists(user_id):
                    raise Gone(f"there is no user {user_id}")
        return {}

    async def suspend(self, call: Call) -> None:
        """Keep the user out."""
        await self._enable(call, False)

    async def resume(self, call: Call) -> None:
        """Let the user in again."""
        await self._enable(call, True)

    async def _enable(self, call: Call, enabled: bool) -> None:
        if USER in call.data:
            with failures.sorted_out():
                await users_of(call).enable(call.data[USER], enabled)


def users_of(call: Call) -> StackUsers:
    """Where the users are made. Raises Permanent when this is not configured."""
    if call.users is None:
        raise Permanent(
            "it needs a user of its own, and no domain for such users is configured: set stack_user_domain_name, "
            "stack_domain_admin and stack_domain_admin_password",
            kind="Error",
        )
    return call.users


def new_password() -> str:
    """A password that meets usual rules: upper and lower case, digit, sign."""
    return secrets.token_urlsafe(24) + "-aZ7!"


def signal_url(call: Call, project_id: str) -> str:
    """The address that signals to the resource are posted to, for users of a project."""
    try:
        endpoint = call.cloud.endpoint("orchestration")
    except errors.NoService as error:
        raise Permanent(f"it cannot be signalled: {error.message}", kind="NoService") from error
    base_url = endpoint.partition("/v1")[0]
    stack = call.stack
    return f"{base_url}/v1/{project_id}/stacks/{stack.name}/{stack.id}/resources/{call.name}/signal"
