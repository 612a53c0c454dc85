"""The domain of stack users: projects and users that stacks make for what happens inside their servers.

Everything is done by the domain's administrator, who is configured (`stack_domain_admin`). Calls may be repeated after
a crash: what is there under the name is taken, and what is gone counts as deleted. Which stack needs a project or a
user is decided by the caller.
"""

import json
import secrets
import uuid
from typing import Any

from hearth.cloud import catalog, credentials, errors, session

#: Keystone's limits.
PROJECT_NAME_LIMIT = 64
USER_NAME_LIMIT = 255

#: What keeps a user that no person ever signs in as from being locked out by rules for people.
_OPTIONS = {
    "ignore_change_password_upon_first_use": True,
    "ignore_password_expiry": True,
    "ignore_lockout_failure_attempts": True,
}


class StackUserDomain:
    """The domain, as its administrator sees it."""

    def __init__(self, connector: credentials.Connector) -> None:
        self._connector = connector
        self._role_id: str | None = None

    @property
    def is_configured(self) -> bool:
        """Whether there is such a domain."""
        return self._connector.settings.stack_domain is not None

    @property
    def auth_url(self) -> str:
        """Where its users sign in."""
        return catalog.identity_url(self._connector.settings.auth_url) + "/"

    async def id(self) -> str:
        """The domain's id."""
        configured = self._connector.settings.stack_domain
        assert configured is not None
        return configured.id or (await self._admin()).domain_id or ""

    async def _admin(self) -> session.Session:
        return await self._connector.session(credentials.StackDomainAdmin())

    async def make_project(self, name: str, description: str) -> str:
        """The id of the project of that name, which is made if it is not there."""
        admin, domain_id, name = await self._admin(), await self.id(), name[:PROJECT_NAME_LIMIT]
        body = {"name": name, "domain_id": domain_id, "description": description}
        try:
            answer = await admin.post("identity", "/v3/projects", json={"project": body})
        except errors.Conflict:
            found = await _named(admin, "projects", name, domain_id)
            if found is None:
                raise
            return found
        return str(answer.body["project"]["id"])

    async def delete_project(self, project_id: str) -> None:
        """Remove a project and the users whose own project it is."""
        admin = await self._admin()
        await _delete(admin, f"/v3/projects/{project_id}")

    async def make_user(self, name: str, password: str, project_id: str) -> str:
        """The id of a user who may do in the project what stack users may; one of that name gets the password."""
        admin, domain_id, name = await self._admin(), await self.id(), name[-USER_NAME_LIMIT:]
        body: dict[str, Any] = {
            "name": name,
            "password": password,
            "domain_id": domain_id,
            "default_project_id": project_id,
            "options": _OPTIONS,
        }
        try:
            answer = await admin.post("identity", "/v3/users", json={"user": body})
            user_id = str(answer.body["user"]["id"])
        except errors.Conflict:
            known = await _named(admin, "users", name, domain_id)
            if known is None:
                raise
            user_id = known
            await admin.patch("identity", f"/v3/users/{user_id}", json={"user": {"password": password}})
        role_id = await self._role(admin)
        await admin.put("identity", f"/v3/projects/{project_id}/users/{user_id}/roles/{role_id}")
        return user_id

    async def make_key(self, user_id: str, project_id: str) -> tuple[str, str]:
        """A new pair (access, secret) with which a user signs requests in a project; former pairs are taken away."""
        admin = await self._admin()
        answer = await admin.get("identity", "/v3/credentials", params={"user_id": user_id, "type": "ec2"})
        for one in answer.body["credentials"]:
            await _delete(admin, f"/v3/credentials/{one['id']}")
        access, secret = uuid.uuid4().hex, secrets.token_hex(32)
        blob = json.dumps({"access": access, "secret": secret})
        body = {"type": "ec2", "user_id": user_id, "project_id": project_id, "blob": blob}
        await admin.post("identity", "/v3/credentials", json={"credential": body})
        return access, secret

    async def find_user(self, name: str) -> str | None:
        """The id of the user of that name."""
        return await _named(await self._admin(), "users", name[-USER_NAME_LIMIT:], await self.id())

    async def has_user(self, user_id: str) -> bool:
        """Whether there is a user of that id."""
        try:
            await (await self._admin()).get("identity", f"/v3/users/{user_id}")
        except errors.NotFound:
            return False
        return True

    async def enable_user(self, user_id: str, enabled: bool) -> None:
        """Let a user in, or keep the user out."""
        admin = await self._admin()
        await admin.patch("identity", f"/v3/users/{user_id}", json={"user": {"enabled": enabled}})

    async def delete_user(self, user_id: str) -> None:
        """Remove a user."""
        await _delete(await self._admin(), f"/v3/users/{user_id}")

    async def token(self, user_id: str, password: str, project_id: str) -> str:
        """A token of a user in a project."""
        opened = await self._connector.session(credentials.StackUser(user_id, password, project_id))
        return await opened.token()

    async def _role(self, admin: session.Session) -> str:
        if self._role_id is None:
            configured = self._connector.settings.stack_domain
            assert configured is not None
            answer = await admin.get("identity", "/v3/roles", params={"name": configured.user_role})
            roles = answer.body["roles"]
            if not roles:
                raise errors.NotFound(
                    404, "identity", f"there is no role {configured.user_role}, which heat_stack_user_role names"
                )
            self._role_id = str(roles[0]["id"])
        return self._role_id


async def _named(admin: session.Session, kind: str, name: str, domain_id: str) -> str | None:
    answer = await admin.get("identity", f"/v3/{kind}", params={"name": name, "domain_id": domain_id})
    return next((str(one["id"]) for one in answer.body[kind]), None)


async def _delete(admin: session.Session, path: str) -> None:
    try:
        await admin.delete("identity", path)
    except errors.NotFound:
        return
