"""The examples of the reference: what a page shows is deployed as it stands, in a whole Hearth, through its API.

The examples of a service are deployed side by side.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from living import LOOK_AGAIN, Living, Stack, running, signed_in

from specimens import EXAMPLES
from specimens.examples import example

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Stacks at a time.
SIDE_BY_SIDE = 6
#: Types that wait for a signal to the resource `handle` or its signed URL, and what a server would tell there.
WAITING = {
    "OS::Heat::WaitCondition": {"status": "SUCCESS", "id": "one"},
    "OS::Heat::SwiftSignal": {"status": "SUCCESS", "id": "one"},
    "AWS::CloudFormation::WaitCondition": {"Status": "SUCCESS", "UniqueId": "one", "Data": "done", "Reason": "done"},
}
#: Types whose servers are in the only network of a project, so that no other example may have one meanwhile.
ALONE = ("OS::Heat::InstanceGroup",)
#: What parameters stand for that whoever deploys an example gives: URLs, and what is found there.
FOUND = {
    "template_url": {
        "heat_template_version": "2021-04-16",
        "parameters": {"Word": {"type": "string"}},
        "resources": {"said": {"type": "OS::Heat::Value", "properties": {"value": {"get_param": "Word"}}}},
    }
}
SERVICES = sorted({name.rpartition("::")[0] for name in EXAMPLES})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


@pytest.mark.parametrize("service", SERVICES)
async def test_examples_are_deployed_as_they_stand(hearth_url: str, service: str) -> None:
    async with signed_in(hearth_url, "demo") as demo, signed_in(hearth_url, "admin") as admin:
        users = {"demo": demo, "admin": admin}
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def deploy(type_name: str) -> None:
            async with places:
                await _deploy(users[example(type_name).user], type_name)

        names = [name for name in EXAMPLES if name.rpartition("::")[0] == service and name not in ALONE]
        ended = await asyncio.gather(*map(deploy, names), return_exceptions=True)
    assert {name: one for name, one in zip(names, ended, strict=True) if one is not None} == {}


@pytest.mark.parametrize("type_name", ALONE)
async def test_examples_that_need_the_project_for_themselves_are_deployed(hearth_url: str, type_name: str) -> None:
    async with signed_in(hearth_url, "demo") as demo:
        await _deploy(demo, type_name)


async def _deploy(living: Living, type_name: str) -> None:
    shown = example(type_name)
    name = type_name.replace("::", "-")
    urls = {one: f"http://templates.example/{one}" for one in shown.given}
    stack = await living.begin(
        name,
        shown.text,
        parameters={**shown.secrets, **urls},
        files={url: json.dumps(FOUND[one]) for one, url in urls.items()},
    )
    if type_name in WAITING:
        await _signal(stack, WAITING[type_name])
    await stack.until("CREATE_COMPLETE")
    await stack.delete()


async def _signal(stack: Stack, told: dict[str, str]) -> None:
    async with asyncio.timeout(30):
        while True:
            handle = await stack.resource("handle")
            if handle["resource_status"] == "CREATE_COMPLETE":
                break
            await asyncio.sleep(LOOK_AGAIN)
    if handle["resource_type"] == "OS::Heat::SwiftSignalHandle":
        async with aiohttp.ClientSession(raise_for_status=True) as nobody:
            await nobody.put(handle["attributes"]["endpoint"], json=told)
        return
    await stack.living.api("POST", f"{stack.path}/resources/handle/signal", told)
