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

    async def auth_url(self) -> str:
        """Where its users sign in: from servers, which may reach Keystone elsewhere than we do."""
        own, interface = self._connector.settings.auth_url, self._connector.settings.server_interface
        told = (await self._admin()).endpoint_for("identity", interface) if interface else None
        return catalog.identity_url(told or own) + "/"

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

    async def find_project(self, name: str) -> str | None:
        """The id of the project of that name."""
        return await _named(await self._admin(), "projects", name[:PROJECT_NAME_LIMIT], await self.id())

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

    async def make_key(self, user_id: str, project_id: str, pair: tuple[str, str] | None = None) -> tuple[str, str]:
        """A pair (access, secret) with which a user signs requests in a project, a new one or the one given.

        Former pairs are taken away.
        """
        admin = await self._admin()
        await self.drop_keys(user_id)
        access, secret = pair if pair is not None else (uuid.uuid4().hex, secrets.token_hex(32))
        blob = json.dumps({"access": access, "secret": secret})
        body = {"type": "ec2", "user_id": user_id, "project_id": project_id, "blob": blob}
        await admin.post("identity", "/v3/credentials", json={"credential": body})
        return access, secret

    async def drop_keys(self, user_id: str, access: str | None = None) -> None:
        """Take the pairs of a user away: all of them, or that with this access part."""
        admin = await self._admin()
        answer = await admin.get("identity", "/v3/credentials", params={"user_id": user_id, "type": "ec2"})
        for one in answer.body["credentials"]:
            if access is None or json.loads(one["blob"]).get("access") == access:
                await _delete(admin, f"/v3/credentials/{one['id']}")

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

    async def access(self, user_id: str, password: str, project_id: str) -> session.Session:
        """Access as a user in a project."""
        return await self._connector.session(credentials.StackUser(user_id, password, project_id))

    async def token(self, user_id: str, password: str, project_id: str) -> str:
        """A token of a user in a project."""
        return await (await self.access(user_id, password, project_id)).token()

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
