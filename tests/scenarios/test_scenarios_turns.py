"""Replacements that need what the present object has - an address, a name, a port - on the embedded cloud."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from living import Living, Stack, running, signed_in

from specimens.derived import removal
from specimens.form import FLAVOR, IMAGE, KEY, of, ref

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDRESS = "10.77.0.10"
NET = {
    "net": of("OS::Neutron::Net"),
    "subnet": of("OS::Neutron::Subnet", network=ref("net"), cidr="10.77.0.0/24", enable_dhcp=False),
}
OTHER_KEY = KEY.replace("KqlZKqra9", "KqlZKqra8")
#: What fails after everything else has been done.
BAD = {"bad": {**of("OS::Heat::TestResource", fail=True), "depends_on": ["it"]}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def hot(**resources: Any) -> dict[str, Any]:
    return {"heat_template_version": "2018-08-31", "resources": resources}


def port(mac: str, **more: Any) -> dict[str, Any]:
    wanted = {"network": ref("net"), "fixed_ips": [{"subnet": ref("subnet"), "ip_address": ADDRESS}], **more}
    return of("OS::Neutron::Port", mac_address=mac, **wanted)


def server(**properties: Any) -> dict[str, Any]:
    return of("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, **properties)


async def fails(stack: Stack, template: Mapping[str, Any], *ended: str, rollback: bool) -> None:
    """Update to the template and something that fails."""
    bad = {**template, "resources": {**template["resources"], **BAD}}
    await stack.update(*ended, template=bad, disable_rollback=not rollback)


async def seen(living: Living, service: str, path: str) -> Any:
    return (await living.cloud.request(service, "GET", path)).body


async def addresses(living: Living, port_id: str) -> list[str]:
    shown = (await seen(living, "network", f"/v2.0/ports/{port_id}"))["port"]
    return [one["ip_address"] for one in shown["fixed_ips"]]


async def device(living: Living, port_id: str) -> str:
    return str((await seen(living, "network", f"/v2.0/ports/{port_id}"))["port"]["device_id"])


async def key(living: Living, name: str) -> str:
    return str((await seen(living, "compute", f"/os-keypairs/{name}"))["keypair"]["public_key"])


async def test_a_port_with_another_mac_address_keeps_its_fixed_address(hearth_url: str) -> None:
    before, after = (hot(**NET, it=port(mac)) for mac in ("fa:16:3e:00:00:01", "fa-16-3e-00-00-02"))
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("mac", before)
        former = await stack.physical_id("it")
        planned = (await stack.plan(template=after))["it"]
        assert planned["verdict"] == "replace"
        assert planned["reason"].endswith(f"; the present one first gives up address {ADDRESS}")
        await stack.update(template=after)
        present = await stack.physical_id("it")
        assert present != former
        assert await addresses(living, present) == [ADDRESS]
        await stack.delete()


async def test_a_port_that_was_never_made_gives_nothing_up(hearth_url: str) -> None:
    """The service refused it: its network has no such address."""
    addresses = [{"subnet": ref("subnet"), "ip_address": one} for one in (ADDRESS, "10.9.9.9")]
    before = hot(**NET, it=port("fa:16:3e:00:00:01", fixed_ips=addresses))
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.begin("never", before)
        await stack.until("CREATE_FAILED")
        planned = (await stack.plan(template=hot(**NET, it=port("fa:16:3e:00:00:01"))))["it"]
        assert planned["verdict"] == "replace"
        assert "gives up" not in planned["reason"]
        await stack.delete()


async def test_a_port_has_its_address_back_after_a_rollback(hearth_url: str) -> None:
    user = {"server": server(networks=[{"port": ref("it")}])}
    before, after = (hot(**NET, it=port(mac), **user) for mac in ("fa:16:3e:00:00:01", "fa:16:3e:00:00:02"))
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("back", before)
        former, its_server = await stack.physical_id("it"), await stack.physical_id("server")
        await fails(stack, after, "ROLLBACK_COMPLETE", rollback=True)
        assert await stack.physical_id("it") == former
        assert await addresses(living, former) == [ADDRESS]
        assert await stack.physical_id("server") == its_server
        assert await device(living, former) == its_server
        assert (await stack.look()).open() == {}
        await stack.delete()


async def test_a_port_has_its_address_back_when_a_later_update_keeps_it(hearth_url: str) -> None:
    before = hot(**NET, it=port("fa:16:3e:00:00:01"))
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("later", before)
        former = await stack.physical_id("it")
        # The new port cannot be made: its network has no such address.
        taken = {"fixed_ips": [{"subnet": ref("subnet"), "ip_address": one} for one in (ADDRESS, "10.9.9.9")]}
        await stack.update("UPDATE_FAILED", template=hot(**NET, it=port("fa:16:3e:00:00:02", **taken)))
        assert await addresses(living, former) == []
        answer = await living.api("PATCH", f"{stack.path}/preview", {"template": before})
        planned = [one["change"] for one in answer["resource_changes"]["updated"]]
        assert [one["reason"] for one in planned] == ["it takes back what it had given up"]
        await stack.update(template=before)
        assert await stack.physical_id("it") == former
        assert await addresses(living, former) == [ADDRESS]
        await stack.delete()


async def test_only_an_administrator_lets_another_port_have_the_same_mac_address(hearth_url: str) -> None:
    template = hot(**NET, it=port("fa:16:3e:00:00:01", replacement_policy="REPLACE_ALWAYS"))
    changed = hot(**NET, it=port("fa:16:3e:00:00:01", replacement_policy="REPLACE_ALWAYS", name="other"))
    for user, ended in (("demo", "ROLLBACK_COMPLETE"), ("admin", "UPDATE_COMPLETE")):
        async with signed_in(hearth_url, user) as living:
            stack = await living.create("same", template)
            await stack.update(ended, template=changed, disable_rollback=False)
            present = await stack.physical_id("it")
            assert await addresses(living, present) == [ADDRESS]
            told = [
                one["resource_status_reason"] for one in (await living.api("GET", f"{stack.path}/events"))["events"]
            ]
            assert any("only an administrator may change it" in one for one in told) is (user == "demo")
            await stack.delete()


async def test_a_key_pair_of_the_same_name_is_replaced_and_comes_back(hearth_url: str) -> None:
    one, other = (hot(it=of("OS::Nova::KeyPair", name="turns", public_key=text)) for text in (KEY, OTHER_KEY))
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("key", one)
        assert "first gives up the name turns" in (await stack.plan(template=other))["it"]["reason"]
        await fails(stack, other, "ROLLBACK_COMPLETE", rollback=True)
        assert await key(living, "turns") == KEY
        await stack.update(template=other)
        assert await key(living, "turns") == OTHER_KEY
        await fails(stack, one, "UPDATE_FAILED", rollback=False)
        await stack.update(template=other)
        assert await key(living, "turns") == OTHER_KEY
        await stack.delete()


async def test_a_pair_made_by_the_service_comes_back_with_its_public_half(hearth_url: str) -> None:
    made = hot(it=of("OS::Nova::KeyPair", name="made", save_private_key=True))
    made["outputs"] = {"private": {"value": {"get_attr": ["it", "private_key"]}}}
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("made", made)
        public, private = await key(living, "made"), (await stack.show())["outputs"][0]["output_value"]
        await fails(
            stack, hot(it=of("OS::Nova::KeyPair", name="made", public_key=KEY)), "ROLLBACK_COMPLETE", rollback=True
        )
        assert await key(living, "made") == public
        assert (await stack.show())["outputs"][0]["output_value"] == private
        await stack.delete()


CONNECTIONS = {
    "a port of the template": [{"port": ref("port")}],
    "an address": [{"network": ref("net"), "fixed_ip": ADDRESS}],
    "a port made here": [{"network": ref("net"), "subnet": ref("subnet"), "fixed_ip": ADDRESS}],
}


@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_a_server_gives_up_its_connection_and_has_it_back(hearth_url: str, kind: str) -> None:
    around = {**NET, "port": of("OS::Neutron::Port", network=ref("net"), fixed_ips=[{"ip_address": "10.77.0.11"}])}
    before = hot(**around, it=server(networks=CONNECTIONS[kind]))
    after = hot(**around, it=server(networks=CONNECTIONS[kind], config_drive=True))
    wanted = "10.77.0.11" if "template" in kind else ADDRESS
    async with signed_in(hearth_url, "demo") as living:

        async def reached() -> list[str]:
            its = (await seen(living, "network", f"/v2.0/ports?device_id={await stack.physical_id('it')}"))["ports"]
            return [ip["ip_address"] for one in its for ip in one["fixed_ips"]]

        stack = await living.create("server", before)
        former = await stack.physical_id("it")
        await fails(stack, after, "ROLLBACK_COMPLETE", rollback=True)
        assert await stack.physical_id("it") == former
        assert await reached() == [wanted]
        assert (await stack.look()).open() == {}
        assert "the present one first gives up" in (await stack.plan(template=after))["it"]["reason"]
        await stack.update(template=after)
        assert await stack.physical_id("it") != former
        assert await reached() == [wanted]
        await stack.delete()
        assert (await seen(living, "network", "/v2.0/ports?fixed_ips=ip_address%3D" + wanted))["ports"] == []


async def breaks(hearth_url: str, server_id: str) -> None:
    """Let a server be in error, as after the failure of its host."""
    async with signed_in(hearth_url, "admin") as admin:
        body = {"os-resetState": {"state": "error"}}
        await admin.cloud.request("compute", "POST", f"/servers/{server_id}/action", json=body)


async def test_a_server_in_error_that_is_to_be_retained_is_not_deleted_for_its_port(hearth_url: str) -> None:
    around = {**NET, "port": of("OS::Neutron::Port", network=ref("net"))}
    before, after = (
        hot(**around, it={**server(networks=[{"port": ref("port")}], config_drive=drive), "deletion_policy": "Retain"})
        for drive in (False, True)
    )
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("retained", before)
        former, port_id = await stack.physical_id("it"), await stack.physical_id("port")
        await breaks(hearth_url, former)
        await stack.update("UPDATE_FAILED", template=after)
        reason = (await stack.show())["stack_status_reason"]
        assert f"openstack server delete {former}" in reason
        assert "deletion_policy is Retain" in reason
        assert await device(living, port_id) == former
        # The way on that the reason names.
        await living.cloud.request("compute", "DELETE", f"/servers/{former}")
        await stack.update(template=after)
        present = await stack.physical_id("it")
        assert await device(living, port_id) == present
        await living.cloud.request("compute", "DELETE", f"/servers/{present}")
        await stack.delete()


async def test_a_new_server_that_came_out_in_error_gives_the_port_back(hearth_url: str) -> None:
    around = {**NET, "port": of("OS::Neutron::Port", network=ref("net"))}
    before, after = (
        hot(**around, it={**server(networks=[{"port": ref("port")}], **more), "deletion_policy": "Retain"})
        for more in ({}, {"name": "unlucky"})
    )
    after["resources"]["it"]["properties"]["config_drive"] = True
    rule = {"service": "nova", "kind": "server_error", "match": "^unlucky$", "message": "no host"}
    async with signed_in(hearth_url, "demo") as living, aiohttp.ClientSession() as http:
        stack = await living.create("unlucky", before)
        former, port_id = await stack.physical_id("it"), await stack.physical_id("port")
        async with http.post(f"{hearth_url}/admin/faults", json=rule) as answer:
            assert answer.status == 201
        await stack.update("ROLLBACK_COMPLETE", template=after, disable_rollback=False)
        assert await stack.physical_id("it") == former
        assert await device(living, port_id) == former
        await living.cloud.request("compute", "DELETE", f"/servers/{former}")
        await stack.delete()


def routed(*numbers: int) -> dict[str, Any]:
    routes = [{"destination": f"10.30.{one}.0/24", "nexthop": f"10.77.0.{one}"} for one in numbers]
    template = hot(
        **NET,
        router=of("OS::Neutron::Router"),
        interface=of("OS::Neutron::RouterInterface", router=ref("router"), subnet=ref("subnet")),
        it=of("OS::Neutron::ExtraRouteSet", router=ref("router"), routes=routes),
    )
    return {**template, "outputs": {"routes": {"value": {"get_attr": ["it", "show", "routes"]}}}}


async def test_routes_are_replaced_by_others_on_the_same_router(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("routes", routed(11, 12))
        router = await stack.physical_id("router")

        async def routes() -> list[str]:
            shown = (await seen(living, "network", f"/v2.0/routers/{router}"))["router"]
            return sorted(one["nexthop"] for one in shown["routes"])

        await living.api("PATCH", f"{stack.path}/resources/it", {"mark_unhealthy": True})
        await fails(stack, routed(12, 13), "ROLLBACK_COMPLETE", rollback=True)
        assert await routes() == ["10.77.0.11", "10.77.0.12"], "they are back"
        await living.api("PATCH", f"{stack.path}/resources/it", {"mark_unhealthy": True})
        await stack.update(template=routed(12, 13))
        assert await routes() == ["10.77.0.12", "10.77.0.13"]
        told = (await stack.show())["outputs"][0]["output_value"]
        assert sorted(one["nexthop"] for one in told) == ["10.77.0.12", "10.77.0.13"], "not those of the former set"
        await stack.delete()


@pytest.mark.parametrize("type_name", ["OS::Neutron::Trunk", "OS::Cinder::EncryptedVolumeType"])
async def test_the_only_one_of_its_owner_is_replaced(hearth_url: str, type_name: str) -> None:
    around = {**NET, "port": of("OS::Neutron::Port", network=ref("net"))} if "Trunk" in type_name else {}
    owner = {"port": ref("port")} if around else {"volume_type": "__DEFAULT__", "provider": "luks"}
    template = hot(**around, it=of(type_name, **owner))
    async with signed_in(hearth_url, "admin") as living:
        stack = await living.create(type_name.replace("::", "-"), template)
        for ended, rollback in (("ROLLBACK_COMPLETE", True), ("UPDATE_COMPLETE", False)):
            await living.api("PATCH", f"{stack.path}/resources/it", {"mark_unhealthy": True})
            if rollback:
                await fails(stack, template, ended, rollback=True)
            else:
                await stack.update(template=template)
            assert (await stack.look()).open() == {}, ended
        retained = hot(**around, it={**of(type_name, **owner), "deletion_policy": "Retain"})
        await stack.update(template=retained)
        present = await stack.physical_id("it")
        await living.api("PATCH", f"{stack.path}/resources/it", {"mark_unhealthy": True})
        await stack.update("UPDATE_FAILED", template=retained, disable_rollback=True)
        assert "deletion_policy is Retain" in (await stack.show())["stack_status_reason"]
        # The way on that the reason names.
        away = removal(type_name)
        await living.cloud.request(away.service, away.method, away.path.format(it=present))
        await stack.update(template=template)
        assert (await stack.look()).open() == {}
        await stack.delete()
