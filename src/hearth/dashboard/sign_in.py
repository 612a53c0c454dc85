"""From a user's name and password to a token of one project, asked of Keystone for a browser.

The browser cannot ask by itself: Keystone's address is another one than that of the page, or is not reached from
outside. Nothing is kept here; the token goes to the page, which lets go of it when its tab is closed.
Spec: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
"""

import dataclasses
from typing import Any

from hearth.cloud import answers, errors, transport

_LONGEST = 8192


class Refused(Exception):
    """Keystone does not let the user in, or what was sent is no request. `status`: of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """Who wants to sign in, and where to. Either name and password, or a token that another project is wanted with."""

    user: str
    user_domain: str
    password: str = dataclasses.field(repr=False)
    token: str = dataclasses.field(repr=False)
    project_id: str

    @classmethod
    def from_wire(cls, given: Any) -> "Request":
        """Read what the page sends: an object of texts. Raises Refused."""
        fields = [one.name for one in dataclasses.fields(cls)]
        if not isinstance(given, dict):
            raise Refused(400, f"An object with {', '.join(fields)} is expected.")
        values = {name: given.get(name, "") for name in fields}
        for name, value in values.items():
            if not isinstance(value, str) or len(value) > _LONGEST:
                raise Refused(400, f"{name}: a text of at most {_LONGEST} characters is expected.")
        if not values["token"] and not (values["user"] and values["password"]):
            raise Refused(400, "Give a user name and a password.")
        if not values["token"].isascii() or not values["token"].isprintable():
            raise Refused(400, "token: this is none.")
        return cls(**values)

    def to_identity(self) -> dict[str, Any]:
        """The identity as Keystone wants it."""
        if self.token:
            return {"methods": ["token"], "token": {"id": self.token}}
        user = {"name": self.user, "domain": {"name": self.user_domain or "Default"}, "password": self.password}
        return {"methods": ["password"], "password": {"user": user}}


class Door:
    """Lets users in. One per process."""

    def __init__(self, wire: transport.Transport, auth_url: str) -> None:
        self._wire = wire
        base = auth_url.rstrip("/")
        self._url = base if base.endswith("/v3") else f"{base}/v3"

    async def enter(self, request: Request) -> dict[str, Any]:
        """A token of the project that is wanted, or of the user's only one; else the projects there are to choose from.

        Raises:
            Refused: wrong credentials, no project, or Keystone cannot be asked.
        """
        if request.project_id:
            return await self._scoped(request.to_identity(), request.project_id)
        answer = await self._ask("POST", "/auth/tokens", {"identity": request.to_identity(), "scope": "unscoped"})
        token = answer.headers.get("X-Subject-Token", "")
        found = (await self._ask("GET", "/auth/projects", token=token)).body["projects"]
        projects = sorted(
            ({"id": one["id"], "name": one["name"]} for one in found if one.get("enabled", True)),
            key=lambda one: one["name"],
        )
        if not projects:
            raise Refused(403, "You have a role in no project. Ask your administrator for one.")
        if len(projects) == 1:
            return await self._scoped({"methods": ["token"], "token": {"id": token}}, projects[0]["id"])
        return {"token": token, "projects": projects}

    async def _scoped(self, identity: dict[str, Any], project_id: str) -> dict[str, Any]:
        scope = {"project": {"id": project_id}}
        answer = await self._ask("POST", "/auth/tokens", {"identity": identity, "scope": scope})
        granted = answer.body["token"]
        return {
            "token": answer.headers.get("X-Subject-Token", ""),
            "expires_at": granted["expires_at"],
            "user": granted["user"]["name"],
            "project": {"id": granted["project"]["id"], "name": granted["project"]["name"]},
        }

    async def leave(self, token: str) -> None:
        """Let Keystone forget a token. Raises Refused."""
        await self._ask("DELETE", "/auth/tokens", token=token, subject=token)

    async def _ask(
        self, method: str, path: str, auth: Any = None, *, token: str = "", subject: str = ""
    ) -> answers.Response:
        headers = {"X-Auth-Token": token} if token else {}
        if subject:
            headers["X-Subject-Token"] = subject
        body = {"auth": auth} if auth is not None else None
        try:
            return await self._wire.exchange("identity", method, self._url + path, headers, json=body)
        except errors.Unavailable as error:
            raise Refused(503, f"Keystone cannot be asked: {error.message}") from error
        except (errors.Unauthorized, errors.Forbidden, errors.NotFound) as error:
            raise Refused(401, "Keystone refuses these credentials. Check user name, password and domain.") from error
        except errors.CloudError as error:
            raise Refused(502, f"Keystone does not take the request: {error.message}") from error
