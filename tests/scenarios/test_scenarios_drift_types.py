"""Resource types of every kind in a whole Hearth: what somebody changes or removes behind its back is seen, and healed.

Each walk goes through the REST API only, with a whole Hearth in this process. Every type of the cloud's services is led
through its verbs in tests/unit/resources/test_resources_every_type.py; here are those that need an engine, and the odd.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import Living, Stack, running, signed_in

from hearth.cloud import errors
from specimens import SPECIMENS
from specimens.derived import changes, removal
from specimens.form import Request

# One Hearth serves all walks, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with physical ids in the place of `{resource}`."""
    if isinstance(value, str) and "{" in value:
        return value.format(**ids)
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    return {key: filled(one, ids) for key, one in value.items()} if isinstance(value, dict) else value


async def do(living: Living, request: Request, ids: dict[str, str]) -> None:
    """Change something in the cloud directly."""
    cloud = living.domain_admin if request.service == "identity" else living.cloud
    await cloud.request(
        request.service,
        request.method,
        filled(request.path, ids),
        json=filled(request.body, ids),
        headers=request.headers,
        microversion=request.microversion,
    )


async def ids_of(stack: Stack, living: Living) -> dict[str, str]:
    listed = (await living.api("GET", f"{stack.path}/resources"))["resources"]
    ids = {one["resource_name"]: str(one["physical_resource_id"]) for one in listed}
    with contextlib.suppress(errors.CloudError, KeyError):
        ids["it_name"] = (await living.api("GET", f"/stacks/{ids['it']}"))["stack"]["stack_name"]
    return ids


async def until_gone(stack: Stack, seconds: float = 20) -> dict[str, Any]:
    """Look until the specimen's object is gone; what was seen of it then."""
    async with asyncio.timeout(seconds):
        while True:
            seen = await stack.look()
            if seen.condition("it") == "gone":
                assert seen.drifted
                return dict(seen.resources["it"])
            await asyncio.sleep(0.05)


#: Types of the cloud's services whose life is odd.
ODD = (
    "OS::Cinder::Volume",
    "OS::Cinder::VolumeAttachment",
    "OS::Glance::WebImage",
    "OS::Neutron::ExtraRouteSet",
    "OS::Neutron::FloatingIPAssociation",
    "OS::Neutron::Net",
    "OS::Neutron::Port",
    "OS::Neutron::RouterInterface",
    "OS::Neutron::SecurityGroup",
    "OS::Neutron::Trunk",
    "OS::Nova::Flavor",
    "OS::Nova::KeyPair",
    "OS::Nova::Server",
    "OS::Swift::Container",
    "OS::Zaqar::Subscription",
)
#: Types that need more than their verbs.
WITH_ENGINE = tuple(name for name in SPECIMENS if name.startswith(("OS::Heat::", "AWS::CloudFormation::")))


@pytest.mark.parametrize(
    "type_name", [*ODD, *(name for name in SPECIMENS if "::Heat::" in name or "AWS::CloudFormation::" in name)]
)
async def test_changes_behind_its_back_are_seen_and_healed(hearth_url: str, type_name: str) -> None:
    specimen = SPECIMENS[type_name]
    name = "".join(letter for letter in type_name if letter.isalnum())
    template = {
        "heat_template_version": "2018-08-31",
        "resources": {**specimen.around, "it": {"type": type_name, "properties": dict(specimen.properties)}},
    }
    async with signed_in(hearth_url, specimen.user) as living:
        stack = await living.create(name, template)
        ids = await ids_of(stack, living)
        seen = await stack.look()
        assert seen.open() == {}, "what was just made is as expected"
        assert not seen.drifted

        wanted = changes(type_name)
        if wanted:
            for request in wanted.values():
                await do(living, request, ids)
            seen = await stack.look()
            assert (seen.condition("it"), set(seen.differences("it"))) == ("drifted", set(wanted)), seen.open()
            assert seen.drifted
            assert (await stack.drift()).differences("it") == seen.differences("it"), "what was seen is kept"
            assert (await stack.plan())["it"]["verdict"] in ("keep", "update"), "nobody asked for repair"
            planned = (await stack.plan(converge=True))["it"]
            assert planned["verdict"] in ("update", "replace")
            assert all(f"{one} drifted: expected" in planned["reason"] for one in wanted), planned["reason"]
            await stack.update(converge=True)
            seen = await stack.look()
            assert seen.open() == {}, "all of it is put back"

        ids = await ids_of(stack, living)
        await do(living, removal(type_name), ids)
        assert (await until_gone(stack))["reason"]
        planned = (await stack.plan(converge=True))["it"]
        # Another look, which the service answers in its own words, or leaves the object out of a list.
        assert planned["verdict"] == "replace" and planned["reason"].startswith("drifted: ")
        await stack.update(converge=True)
        assert (await stack.look()).open() == {}, "there is a new one"
        await stack.check("CHECK_COMPLETE")
        await stack.delete()
