"""Who asks the query APIs: key pairs of users, of strangers, and of what acts inside a stack's servers."""

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit


@dataclasses.dataclass(frozen=True)
class Pair:
    """A key pair, to ask with."""

    hearth: Any
    access: str
    secret: str

    def signed(self, method: str, path: str, params: Mapping[str, str]) -> str:
        """The address of a request, signed by version 2."""
        given = {
            **params,
            "AWSAccessKeyId": self.access,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
        }
        query = "&".join(f"{name}={quote(given[name], safe='-_~.')}" for name in sorted(given))
        text = "\n".join((method, urlsplit(self.hearth.url).netloc, path, query))
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        spelled = quote(path, safe="/")
        return f"{self.hearth.url}{spelled}?{query}&Signature={quote(base64.b64encode(digest).decode(), safe='')}"

    async def act(self, action: str, service: str = "cloudformation", **params: str) -> tuple[int, str]:
        """Status and text of the answer to an action of a query API."""
        url = self.signed("GET", f"/{service}/v1/", {"Action": action, **params})
        status, said = await self.hearth.send("GET", url)
        return status, str(said)


async def pair_of(hearth: Any) -> Pair:
    """A key pair of whoever is logged in."""
    path = f"/users/{hearth.user}/credentials/OS-EC2"
    status, made = await hearth.identity("POST", path, {"tenant_id": hearth.project})
    assert status == 201, made
    return Pair(hearth, made["credential"]["access"], made["credential"]["secret"])


async def stranger_of(hearth: Any) -> Any:
    """A member of a project of its own."""
    admin = await hearth.log_in("admin")
    _, project = await admin.identity("POST", "/projects", {"project": {"name": "stranger"}})
    _, user = await admin.identity("POST", "/users", {"user": {"name": "stranger", "password": "secret"}})
    _, roles = await admin.identity("GET", "/roles?name=member")
    granted = f"/projects/{project['project']['id']}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}"
    assert (await admin.identity("PUT", granted))[0] == 204
    return await hearth.log_in("stranger")


async def stack_user_of(hearth: Any, told: Mapping[str, str]) -> Any:
    """The user of a wait handle, in the project of the stack's users."""
    identity = {"methods": ["password"], "password": {"user": {"id": told["user_id"], "password": told["password"]}}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": told["project_id"]}}}}
    async with hearth.http.post(f"{hearth.url}/identity/v3/auth/tokens", json=body) as answer:
        assert answer.status == 201
        token = answer.headers["X-Subject-Token"]
    return dataclasses.replace(hearth, token=token, project=told["project_id"], user=told["user_id"])
