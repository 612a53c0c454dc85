"""`hearth db rotate-keys`: whatever is sealed opens with the newest key alone, and no secret lies in clear."""

import asyncio
import contextlib
import json
import pathlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
import uvicorn
from click.testing import CliRunner

from hearth.process import home as homes
from hearth.process import main, orchestration, wiring
from hearth.store import codec, rotation

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
WORD, CODE, INPUT = (f"c4n4ry-{secrets.token_hex(8)}" for _ in range(3))
TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string", "hidden": True}},
    "resources": {
        "text": {"type": "OS::Heat::RandomString"},
        "thing": {"type": "OS::Heat::TestResource", "properties": {"value": {"get_param": "word"}}},
        "handle": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}},
        "net": {"type": "OS::Neutron::Net"},
    },
    "outputs": {
        "text": {"value": {"get_resource": "text"}},
        "how": {"value": {"get_attr": ["handle", "signal"]}},
    },
}


class Hearth:
    """A running service, as the user demo."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url
        self.token = self.project = ""

    async def log_in(self) -> None:
        domain = {"name": "Default"}
        user = {"name": "demo", "domain": domain, "password": homes.PASSWORD}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "demo", "domain": domain}},
            }
        }
        async with self.http.post(f"{self.url}/identity/v3/auth/tokens", json=body) as answer:
            self.project, self.token = (
                (await answer.json())["token"]["project"]["id"],
                answer.headers["X-Subject-Token"],
            )

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.url}/orchestration/v1/{self.project}/{path}"
        async with self.http.request(method, url, json=body, headers={"X-Auth-Token": self.token}) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if "json" in answer.headers.get("Content-Type", "") else None

    async def settled(self, path: str) -> Any:
        async with asyncio.timeout(30):
            while True:
                seen = (await self.call("GET", path))["stack"]
                if not seen["stack_status"].endswith("IN_PROGRESS"):
                    return seen
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(folder: pathlib.Path) -> AsyncIterator[Hearth]:
    """Everything, on keys of which the older one is still the one to seal with."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    home = homes.Home(folder)
    home.prepare()
    keys = {"auth_encryption_key": OLD, "former_encryption_keys": [NEW]}
    app = wiring.everything(home, url, cloud_settings={}, config_files=[], overrides=keys)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110 - the server does not say
            await asyncio.sleep(0.01)
    async with aiohttp.ClientSession() as http:
        hearth = Hearth(http, url)
        await hearth.log_in()
        yield hearth
    server.should_exit = True
    await task
    listener.close()


def configured(folder: pathlib.Path, newest: str, *former: str) -> str:
    path = folder / f"{newest[0]}.conf"
    path.write_text(
        f"[DEFAULT]\nauth_encryption_key = {newest}\nformer_encryption_keys = {','.join(former)}\n"
        f"[database]\nconnection = sqlite:///{homes.Home(folder).database}\n"
    )
    return str(path)


def rotate(path: str, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(main.root, ["db", "rotate-keys", "--config-file", path, *more])
    return result.exit_code, result.output


def sealed_values(folder: pathlib.Path) -> dict[str, list[bytes]]:
    """All sealed values, by table and column."""
    found: dict[str, list[bytes]] = {}
    engine = sa.create_engine(f"sqlite:///{homes.Home(folder).database}")
    with engine.connect() as connection:
        for _, columns in rotation.places():
            for column in columns:
                values = connection.execute(sa.select(column)).scalars()
                sealed = [value for value in values if value is not None and value.startswith(codec.SEALED)]
                if sealed:
                    found[str(column)] = sealed
    engine.dispose()
    return found


def bytes_at_rest(folder: pathlib.Path) -> bytes:
    """The files of the database as they lie on the disk."""
    return b"".join(file.read_bytes() for file in folder.glob(f"{homes.Home(folder).database.name}*"))


def opener(key: str, folder: pathlib.Path) -> codec.Codec:
    return codec.Codec(orchestration.encryption_keys(wiring.configuration([pathlib.Path(configured(folder, key))], {})))


async def test_secrets_are_sealed_anew_while_the_service_runs(tmp_path: pathlib.Path) -> None:
    async with running(tmp_path) as hearth:
        body = {"stack_name": "web", "template": TEMPLATE, "parameters": {"word": WORD}}
        path = f"stacks/web/{(await hearth.call('POST', 'stacks', body))['stack']['id']}"
        stack = await hearth.settled(path)
        assert stack["stack_status"] == "CREATE_COMPLETE"
        outputs = {one["output_key"]: one["output_value"] for one in stack["outputs"]}
        password = json.loads(outputs["how"])["password"]
        await hearth.call("POST", f"{path}/snapshots", {"name": "one"})
        await hearth.settled(path)
        await hearth.call("POST", f"{path}/plans", {"template": TEMPLATE, "parameters": {"word": f"{WORD}2"}})
        config = (await hearth.call("POST", "software_configs", {"config": CODE}))["software_config"]
        sent = {"config_id": config["id"], "server_id": "s", "input_values": {"word": INPUT}}
        await hearth.call("POST", "software_deployments", sent)

        held = sealed_values(tmp_path)
        assert held.keys() >= {
            "credential.secret",
            "document.body",
            "plan.basis",
            "plan.document",
            "resource.data",
            "resource.properties",
            "snapshot.data",
            "software_config.body",
            "software_deployment.inputs",
        }
        count = sum(map(len, held.values()))
        new = opener(NEW, tmp_path)
        with pytest.raises(codec.InvalidEncryptionKey):
            new.read(held["credential.secret"][0])

        given = configured(tmp_path, NEW, OLD)
        status, said = await asyncio.to_thread(rotate, given, "--batch", "2")
        assert (status, f"Sealed {count} secrets anew; 0 " in said) == (0, True), said
        for values in sealed_values(tmp_path).values():
            for value in values:
                new.read(value)
        status, said = await asyncio.to_thread(rotate, given)
        assert (status, f"Sealed 0 secrets anew; {count} " in said) == (0, True), said

        # What was sealed anew is used by the service, which goes on sealing with its own key.
        assert (await hearth.call("GET", f"software_configs/{config['id']}"))["software_config"]["config"] == CODE
        await hearth.call("PATCH", path, {"parameters": {"word": f"{WORD}3"}})
        assert (await hearth.settled(path))["stack_status"] == "UPDATE_COMPLETE"
        status, said = await asyncio.to_thread(rotate, given)
        assert (status, "Sealed 0 " in said) == (0, False)
        await hearth.call("DELETE", path)
        assert (await hearth.settled(path))["stack_status"] == "DELETE_COMPLETE"

    at_rest = bytes_at_rest(tmp_path)
    for secret in (WORD, CODE, INPUT, password, outputs["text"]):
        assert secret.encode() not in at_rest


async def test_a_key_that_is_missing_is_told_and_nothing_is_lost(tmp_path: pathlib.Path) -> None:
    async with running(tmp_path) as hearth:
        await hearth.call("POST", "software_configs", {"config": CODE})
        before = sealed_values(tmp_path)
        status, said = await asyncio.to_thread(rotate, configured(tmp_path, NEW, OTHER))
        assert (status, "former_encryption_keys" in said) == (1, True)
        assert sealed_values(tmp_path) == before


@pytest.mark.parametrize(("key", "is_good"), [("k" * 15, False), ("k" * 16, True), ("k" * 24, True), ("k" * 40, True)])
def test_keys_are_as_long_as_heat_takes_them(tmp_path: pathlib.Path, key: str, is_good: bool) -> None:
    status, said = rotate(configured(tmp_path, key))
    assert ("auth_encryption_key: a key has 15 bytes" in said) is not is_good
    assert status == 1  # there is no schema yet
