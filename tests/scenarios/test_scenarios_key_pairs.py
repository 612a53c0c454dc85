"""Key pairs whose creation had no answer, and names that somebody else has already, on the embedded cloud."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from living import Living, Stack, running, signed_in

from hearth.cloud import errors
from specimens.form import KEY, of

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Two ways to lose the answer of a creation that was carried out, and one in which nothing was.
DONE = ({"after_work": True, "status": 500}, {"after_work": True, "drop": True})
NOT_DONE = {"status": 503}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def pair(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "heat_template_version": "2018-08-31",
        "resources": {"key": of("OS::Nova::KeyPair", name=name, **properties)},
        "outputs": {"private": {"value": {"get_attr": ["key", "private_key"]}}},
    }


async def answers_get_lost(hearth_url: str, **how: Any) -> None:
    """Let the next creation of a key pair go without its answer."""
    rule = {"service": "nova", "method": "POST", "path": "/os-keypairs$", "count": 1, **how}
    async with aiohttp.ClientSession() as http, http.post(f"{hearth_url}/admin/faults", json=rule) as answer:
        assert answer.status == 201


async def shown(living: Living, name: str) -> Any:
    """The pair of a name, None when there is none."""
    try:
        return (await living.cloud.request("compute", "GET", f"/os-keypairs/{name}")).body["keypair"]
    except errors.NotFound:
        return None


async def somebody_else_s(living: Living, name: str, **fields: Any) -> Any:
    """A pair that no stack has made."""
    await living.cloud.request("compute", "POST", "/os-keypairs", json={"keypair": {"name": name, **fields}})
    return await shown(living, name)


def public_half(private_key: str) -> str:
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(*form).decode()


@pytest.mark.parametrize("how", DONE, ids=["error", "dropped"])
async def test_the_private_key_is_there_though_the_answer_was_lost(hearth_url: str, how: dict[str, Any]) -> None:
    async with signed_in(hearth_url, "demo") as living:
        await answers_get_lost(hearth_url, **how)
        stack = await living.create("lost", pair("lost", save_private_key=True))
        private = (await stack.show())["outputs"][0]["output_value"]
        assert (await shown(living, "lost"))["public_key"].startswith(public_half(private))
        await stack.delete()
        assert await shown(living, "lost") is None


async def refused(living: Living, name: str, template: Any) -> Stack:
    """A stack that cannot have the name of its key pair, and says what to do."""
    stack = await living.begin(name, template)
    reason = (await stack.until("CREATE_FAILED"))["stack_status_reason"]
    assert f"openstack keypair delete {name}" in reason
    assert (await shown(living, name))["fingerprint"] in reason
    return stack


@pytest.mark.parametrize(
    "properties", [{"save_private_key": True}, {}, {"public_key": KEY}], ids=["saved", "made", "given"]
)
async def test_somebody_else_s_pair_is_left_alone(hearth_url: str, properties: dict[str, Any]) -> None:
    async with signed_in(hearth_url, "demo") as living:
        theirs = await somebody_else_s(living, "taken", public_key=KEY)
        stack = await refused(living, "taken", pair("taken", **properties))
        await stack.delete()
        assert await shown(living, "taken") == theirs
        await living.cloud.request("compute", "DELETE", "/os-keypairs/taken")


@pytest.mark.parametrize("properties", [{"save_private_key": True}, {}], ids=["saved", "made"])
async def test_it_is_not_taken_for_what_a_lost_call_made(hearth_url: str, properties: dict[str, Any]) -> None:
    async with signed_in(hearth_url, "demo") as living:
        theirs = await somebody_else_s(living, "theirs")
        await answers_get_lost(hearth_url, **NOT_DONE)
        stack = await refused(living, "theirs", pair("theirs", **properties))
        await stack.delete()
        assert await shown(living, "theirs") == theirs
        await living.cloud.request("compute", "DELETE", "/os-keypairs/theirs")


async def test_with_the_name_free_again_the_next_update_makes_the_pair(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        await somebody_else_s(living, "freed")
        template = pair("freed", save_private_key=True)
        stack = await refused(living, "freed", template)
        await living.cloud.request("compute", "DELETE", "/os-keypairs/freed")
        await stack.update(template=template)
        private = (await stack.show())["outputs"][0]["output_value"]
        assert (await shown(living, "freed"))["public_key"].startswith(public_half(private))
        await stack.delete()
