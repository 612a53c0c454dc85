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


def template(word: str, source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    volume = {"type": "OS::Cinder::Volume", "properties": {"size": 1, **(source or {})}}
    return hot({"volume": volume, "slow": after(thing(word, **more), "volume")})


async def kept(stack: Stack) -> str:
    """Take a snapshot; its id."""
    taken = await stack.living.api("POST", f"{stack.path}/snapshots", {})
    await stack.until("SNAPSHOT_COMPLETE")
    return str(taken["id"])


async def restored(stack: Stack) -> str:
    """Take a snapshot and bring the stack back to it; the snapshot's id."""
    taken = await kept(stack)
    await stack.living.api("POST", f"{stack.path}/snapshots/{taken}/restore")
    await stack.until("RESTORE_COMPLETE")
    return taken


async def removed(stack: Stack, snapshot_id: str) -> None:
    await stack.living.api("DELETE", f"{stack.path}/snapshots/{snapshot_id}")
    async with asyncio.timeout(20):
        while snapshot_id in await snapshots(stack):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(LOOK_AGAIN)


async def snapshots(stack: Stack) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in (await stack.living.api("GET", f"{stack.path}/snapshots"))["snapshots"]}


async def backup_in(stack: Stack, snapshot_id: str) -> str:
    """The id of the volume's copy in a snapshot."""
    return str((await snapshots(stack))[snapshot_id]["data"]["resources"]["volume"]["resource_data"]["backup_id"])


async def goes_back(stack: Stack, wanted: Any) -> None:
    """Begin an update that does not end soon, and cancel it."""
    await stack.living.api("PATCH", stack.path, {"template": wanted})
    async with asyncio.timeout(20):
        while (await stack.resource("slow"))["resource_status"] != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_AGAIN)
    await stack.living.api("POST", f"{stack.path}/actions", {"cancel_update": None})
    await stack.until("ROLLBACK_COMPLETE")


async def volume_of(stack: Stack) -> dict[str, Any]:
    """The volume as the service shows it."""
    answer = await stack.living.cloud.get("volume", f"/volumes/{await stack.physical_id('volume')}")
    shown: dict[str, Any] = answer.body["volume"]
    return shown


async def test_a_way_back_does_not_need_a_copy_that_was_used_already(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("web", template("1"))
        await removed(stack, await restored(stack))
        volume = await stack.physical_id("volume")
        await goes_back(stack, template("2", wait_secs=2))
        assert await stack.physical_id("volume") == volume
        assert "backup_id" in (await living.api("GET", f"{stack.path}/template"))["resources"]["volume"]["properties"]
        await stack.update(parameters={})  # what has come back is what the stack is
        await stack.delete()


async def test_a_way_back_fills_no_volume_again_of_which_there_is_a_later_copy(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("later", template("1"))
        first = await restored(stack)
        await kept(stack)
        await removed(stack, first)
        before = await volume_of(stack)
        await goes_back(stack, template("2", wait_secs=2))
        assert await volume_of(stack) == before
        await stack.delete()


async def test_a_volume_is_filled_by_an_update_that_names_another_source_than_the_last(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("sources", template("1"))
        first = await backup_in(stack, await restored(stack))
        await stack.update(template=template("1"))
        second = await backup_in(stack, await kept(stack))
        before = await volume_of(stack)
        same = template("1", {"backup_id": first})
        assert (await stack.plan(template=same))["volume"]["reason"] == "its object was filled from that already"
        await stack.update(template=same)
        assert await volume_of(stack) == before
        await stack.update(template=template("1", {"backup_id": second}))
        filled = await volume_of(stack)
        assert (filled["id"], filled["metadata"]["src_backup_id"]) == (before["id"], second)
        await stack.delete()


async def test_a_volume_made_of_a_backup_holds_it(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        origin = await living.create("origin", template("1"))
        backup = await backup_in(origin, await kept(origin))
        stack = await living.create("copy", template("1", {"backup_id": backup}))
        await kept(stack)
        before = await volume_of(stack)
        await goes_back(stack, template("2", wait_secs=2))
        assert await volume_of(stack) == before
        await stack.delete()
        await origin.delete()


async def test_a_volume_is_brought_back_as_often_as_asked(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("again", template("1"))
        snapshot = await restored(stack)
        await stack.update(template=template("1"))
        before = await volume_of(stack)
        await living.api("POST", f"{stack.path}/snapshots/{snapshot}/restore")
        await stack.until("RESTORE_COMPLETE")
        again = await volume_of(stack)
        assert again["id"] == before["id"]
        assert again["updated_at"] > before["updated_at"]
        await stack.delete()
