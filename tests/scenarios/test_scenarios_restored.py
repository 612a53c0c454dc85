"""What was restored from a snapshot that is gone since, on the embedded cloud."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import LOOK_AGAIN, Stack, running, signed_in
from templates import after, hot, thing

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def template(word: str, **more: Any) -> dict[str, Any]:
    volume = {"type": "OS::Cinder::Volume", "properties": {"size": 1}}
    return hot({"volume": volume, "slow": after(thing(word, **more), "volume")})


async def restored(stack: Stack) -> str:
    """Take a snapshot and bring the stack back to it; the snapshot's id."""
    taken = await stack.living.api("POST", f"{stack.path}/snapshots", {})
    await stack.until("SNAPSHOT_COMPLETE")
    await stack.living.api("POST", f"{stack.path}/snapshots/{taken['id']}/restore")
    await stack.until("RESTORE_COMPLETE")
    return str(taken["id"])


async def removed(stack: Stack, snapshot_id: str) -> None:
    await stack.living.api("DELETE", f"{stack.path}/snapshots/{snapshot_id}")
    async with asyncio.timeout(20):
        while (await stack.living.api("GET", f"{stack.path}/snapshots"))["snapshots"]:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(LOOK_AGAIN)


async def test_a_way_back_does_not_need_a_copy_that_was_used_already(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("web", template("1"))
        await removed(stack, await restored(stack))
        volume = await stack.physical_id("volume")
        await living.api("PATCH", stack.path, {"template": template("2", wait_secs=2)})
        async with asyncio.timeout(20):
            while (await stack.resource("slow"))["resource_status"] != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - as above
                await asyncio.sleep(LOOK_AGAIN)
        await living.api("POST", f"{stack.path}/actions", {"cancel_update": None})
        await stack.until("ROLLBACK_COMPLETE")
        assert await stack.physical_id("volume") == volume
        assert "backup_id" in (await living.api("GET", f"{stack.path}/template"))["resources"]["volume"]["properties"]
        await stack.update(parameters={})  # what has come back is what the stack is
        await stack.delete()
