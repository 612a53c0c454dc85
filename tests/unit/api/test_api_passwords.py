"""Requests with X-Auth-User and X-Auth-Key in place of a token: who gets in, and which Keystone is asked."""

import asyncio
import dataclasses
import logging
import re
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

STANDALONE = {"paste_deploy": {"flavor": "standalone"}}
#: What no log and no answer may hold.
WRONG = "c4n4ry-passw0rd"


@pytest.fixture
def options() -> Mapping[str, Any]:
    return STANDALONE


async def ask(client: Any, path: str = "stacks", **headers: str | None) -> tuple[int, Any, Any]:
    """The answer to a request with a password, that of demo unless a test says otherwise."""
    sent = {"X_Auth_User": "demo", "X_Auth_Key": "secret", "X_Auth_Token": "", **headers}
    found: tuple[int, Any, Any] = await client.call("GET", path, **{k: v for k, v in sent.items() if v is not None})
    return found


async def test_a_user_with_a_password_works_like_one_with_a_token(demo: Any) -> None:
    template = {"heat_template_version": "2021-04-16", "resources": {"one": {"type": "OS::Heat::RandomString"}}}
    body = {"stack_name": "web", "template": template}
    headers = {"X_Auth_User": "demo", "X_Auth_Key": "secret", "X_Auth_Token": ""}
    status, made, _ = await demo.call("POST", "stacks", body, **headers)
    assert status == 201, made
    status, found, _ = await ask(demo)
    assert (status, [one["stack_name"] for one in found["stacks"]]) == (200, ["web"])
    assert (await demo.call("GET", "stacks"))[1]["stacks"][0]["id"] == made["stack"]["id"]
    assert (await ask(demo, X_User_Domain_Id="default"))[0] == 200


REFUSED: list[tuple[str, dict[str, str | None]]] = [
    ("a wrong password", {"X_Auth_Key": WRONG}),
    ("no password", {"X_Auth_Key": None}),
    ("an unknown user", {"X_Auth_User": "nobody", "X_Auth_Key": WRONG}),
    ("an empty user", {"X_Auth_User": "", "X_Auth_Key": WRONG}),
    ("a user of another domain", {"X_User_Domain_Id": "heat", "X_Auth_Key": WRONG}),
    ("a password that is too long", {"X_Auth_Key": WRONG * 300}),
]


@pytest.mark.parametrize("headers", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_who_cannot_sign_in_gets_401_and_no_line_holds_the_password(
    demo: Any, headers: dict[str, str | None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert (await ask(demo))[0] == 200  # what is remembered of the right one helps nobody
    status, body, answered = await ask(demo, **headers)
    assert (status, body["code"], body["error"]["type"]) == (401, 401, "HTTPUnauthorized")
    assert answered["WWW-Authenticate"].startswith('Keystone uri="http')
    assert WRONG not in str(body) + caplog.text


async def test_the_project_of_the_url_is_one_that_the_user_has_a_role_in(demo: Any, admin: Any) -> None:
    status, body, _ = await ask(demo, f"/v1/{admin.tenant}/stacks")
    assert (status, body["error"]["type"]) == (401, "HTTPUnauthorized")


async def test_a_token_beside_a_password_is_what_counts(demo: Any) -> None:
    assert (await ask(demo, X_Auth_Token=demo.token, X_Auth_Key=WRONG))[0] == 200
    assert (await ask(demo, X_Auth_Token="nonsense"))[0] == 401


@pytest.mark.parametrize("options", [{}, {"paste_deploy": {"flavor": "keystone"}}])
async def test_passwords_are_not_taken_unless_the_operator_says_so(demo: Any) -> None:
    status, body, _ = await ask(demo)
    assert (status, body["error"]["message"]) == (401, "There is no token: send one in the header X-Auth-Token.")


async def test_a_new_password_is_known_at_once(demo: Any, admin: Any) -> None:
    assert (await ask(demo))[0] == 200
    root, headers = admin.base.removesuffix("/orchestration"), {"X-Auth-Token": admin.token}
    async with admin.http.get(f"{root}/identity/v3/users?name=demo", headers=headers) as answer:
        url = f"{root}/identity/v3/users/{(await answer.json())['users'][0]['id']}"
    async with admin.http.patch(url, json={"user": {"password": "another"}}, headers=headers) as answer:
        assert answer.status == 200
    assert (await ask(demo, X_Auth_Key="another"))[0] == 200


@dataclasses.dataclass
class Other:
    """Another address: of a server that says yes to everything, or of the one at `port`. `heard`: its requests."""

    url: str = ""
    port: int = 0
    heard: list[bytes] = dataclasses.field(default_factory=list)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        asked = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", asked.lower())[1])  # type: ignore[index]
        asked += await reader.readexactly(length)
        self.heard.append(asked)
        writer.write(await self._passed_on(asked) if self.port else YES)
        await writer.drain()
        writer.close()

    async def _passed_on(self, asked: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answer = await reader.read()
        writer.close()
        return answer


_BODY = b'{"token": {"expires_at": "2999-01-01T00:00:00Z"}}'
YES = (
    b"HTTP/1.1 201 Created\r\nX-Subject-Token: made-up\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY


class TestMultiCloud:
    """A request names the Keystone that it is signed in at."""

    @pytest.fixture
    async def other(self) -> AsyncIterator[Other]:
        found = Other()
        server = await asyncio.start_server(found.hear, sock=socket.create_server(("127.0.0.1", 0)))
        async with server:
            found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield found

    @pytest.fixture
    def allowed(self) -> list[str]:
        return ["https://keystone.example.org/v3"]

    @pytest.fixture
    def options(self, other: Other, allowed: list[str]) -> Mapping[str, Any]:
        uris = [f"{other.url}/identity/v3" if one == "other" else one for one in allowed]
        return {**STANDALONE, "auth_password": {"multi_cloud": True, "allowed_auth_uris": uris}}

    async def test_one_that_is_not_allowed_is_never_called(self, demo: Any, other: Other) -> None:
        url = other.url
        root = demo.base.removesuffix("/orchestration")
        for named in (url, f"{url}/v3", f"{root}/identity/v3", f"https://keystone.example.org/v3@{url}", "nonsense"):
            status, body, _ = await ask(demo, X_Auth_Url=named)
            assert (status, body["error"]["type"]) == (401, "HTTPUnauthorized")
        assert other.heard == []

    async def test_a_request_has_to_name_one(self, demo: Any) -> None:
        status, body, _ = await ask(demo)
        assert (status, "X-Auth-Url" in body["error"]["message"]) == (400, True)

    @pytest.mark.parametrize("allowed", [["other"]])
    async def test_one_whose_tokens_ours_does_not_know_lets_nobody_in(self, demo: Any, other: Other) -> None:
        status, body, _ = await ask(demo, X_Auth_Url=f"{other.url}/identity/v3")
        assert (status, body["error"]["type"]) == (401, "HTTPUnauthorized")
        assert len(other.heard) == 1

    @pytest.mark.parametrize("allowed", [["https://keystone.example.org/v3", "other"]])
    async def test_an_allowed_one_signs_in_once_for_many_requests(self, demo: Any, other: Other, hearth: str) -> None:
        other.port = int(hearth.rpartition(":")[2])
        named = f"{other.url}/identity/v3/"
        answers = await asyncio.gather(*(ask(demo, X_Auth_Url=named) for _ in range(5)))
        assert [status for status, _, _ in answers] == [200] * 5
        assert (await ask(demo, X_Auth_Url=named))[0] == 200
        assert len(other.heard) == 1
        assert (await ask(demo, X_Auth_Url=named, X_Auth_Key=WRONG))[0] == 401
        assert len(other.heard) == 2

    async def test_tokens_need_none(self, demo: Any) -> None:
        assert (await demo.call("GET", "stacks"))[0] == 200
