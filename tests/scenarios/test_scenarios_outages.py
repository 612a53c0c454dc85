"""A cloud that does not work for all, or asks for patience: stacks wait, say why, and go on by themselves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from living import Living, Stack, running, signed_in

from hearth.cloud import errors

#: A service is left alone after three failures, for as long as steps pause before their next attempt.
IMPATIENT = """
[DEFAULT]
temporary_retry_limit = 2
[clients]
failures_until_rest = 3
shortest_rest = 3
longest_rest = 3
request_timeout = 2
"""
SERVERS = {
    "heat_template_version": "2018-08-31",
    "resources": {
        f"server{n}": {
            "type": "OS::Nova::Server",
            "properties": {"image": "cirros", "flavor": "m1.tiny", "networks": [{"network": "private"}]},
        }
        for n in range(6)
    },
}
PAIR = {
    "heat_template_version": "2018-08-31",
    "resources": {"key": {"type": "OS::Nova::KeyPair", "properties": {"name": "pair"}}},
}


class Cloud:
    """Hearth, and how its cloud is made to fail."""

    def __init__(self, url: str, living: Living) -> None:
        self.url = url
        self.living = living

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept": "application/json"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, self.url + path, json=body) as answer,
        ):
            return json.loads(await answer.text() or "null")

    async def fails(self, **how: Any) -> None:
        await self._ask("POST", "/admin/faults", {"service": "nova", **how})

    async def works(self) -> None:
        await self._ask("DELETE", "/admin/faults")

    async def health(self) -> str:
        reasons = (await self._ask("GET", "/healthcheck"))["reasons"]
        return str({one["class"]: one["details"] for one in reasons}["cloud"])

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/metrics") as answer:
            return await answer.text()

    async def reasons(self, stack: Stack) -> list[str]:
        resources = (await self.living.api("GET", f"{stack.path}/resources"))["resources"]
        return [one["resource_status_reason"] for one in resources]


@contextlib.asynccontextmanager
async def hearth(folder: Any, configuration: str) -> AsyncIterator[Cloud]:
    async with running(folder, configuration) as url, signed_in(url, "demo") as living:
        yield Cloud(url, living)


async def until_told(cloud: Cloud, stack: Stack, text: str) -> None:
    async with asyncio.timeout(20):
        while not any(text in reason for reason in await cloud.reasons(stack)):  # noqa: ASYNC110 - in the store
            await asyncio.sleep(0.02)


async def test_stacks_wait_for_a_service_that_fails_for_all(tmp_path: Any) -> None:
    async with hearth(tmp_path, IMPATIENT + "[metrics]\nenabled = true\n") as cloud:
        await cloud.fails(method="POST", path="/servers$", status=503)
        stack = await cloud.living.begin("web", SERVERS)
        await until_told(cloud, stack, "it is left alone for a while, as all calls fail since")
        assert "the compute service at" in await cloud.health()
        assert 'hearth_cloud_left_alone{service="compute"} 1.0' in await cloud.metrics()
        assert (await stack.show())["stack_status"] == "CREATE_IN_PROGRESS"
        await cloud.works()
        await stack.until("CREATE_COMPLETE")
        assert await cloud.health() == "no service is left alone"
        servers = (await cloud.living.cloud.request("compute", "GET", "/servers")).body["servers"]
        assert len(servers) == len(SERVERS["resources"])


async def test_an_outage_that_lasts_fails_with_its_reason(tmp_path: Any) -> None:
    async with hearth(tmp_path, IMPATIENT + "outage_wait = 0\n") as cloud:
        await cloud.fails(method="POST", path="/servers$", status=503, message="nobody is at home")
        stack = await cloud.living.begin("web", SERVERS)
        shown = await stack.until("CREATE_FAILED")
        assert "nobody is at home" in shown["stack_status_reason"]


@pytest.mark.parametrize(
    "how",
    [
        {"status": 429, "retry_after": 1, "count": 1},
        {"status": 503, "retry_after": 1, "count": 1},
        {"silent": True, "count": 1},
        {"status": 401, "count": 1},
    ],
    ids=["told to wait", "away and told to wait", "no answer", "token refused midway"],
)
async def test_what_passes_is_waited_for(tmp_path: Any, how: dict[str, Any]) -> None:
    async with hearth(tmp_path, IMPATIENT) as cloud:
        await cloud.fails(method="POST", path="/os-keypairs$", **how)
        stack = await cloud.living.create("keys", PAIR)
        assert await stack.physical_id("key") == "pair"


async def test_a_request_that_needs_a_service_which_is_away_is_told_so(tmp_path: Any) -> None:
    async with hearth(tmp_path, IMPATIENT) as cloud:
        await cloud.fails(method="GET", status=503, message="nobody is at home")
        with pytest.raises(errors.Unavailable, match="nobody is at home") as refused:
            await cloud.living.begin("web", SERVERS)
        assert refused.value.status == 503
