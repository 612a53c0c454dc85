"""Services that, to go on later, have that delegated to them by who asks; Keystone allows nobody that by a trust."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import running, signed_in

from hearth.cloud import credentials, settings
from hearth.process import home

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PERIOD = {"start_date": "2099-01-01 08:00", "end_date": "2099-01-02 08:00"}
_HOSTS = {"resource_type": "physical:host", "min": 1, "max": 1, "hypervisor_properties": "", "resource_properties": ""}
#: What delegates: `{what: (type, properties)}`.
DELEGATING: dict[str, tuple[str, dict[str, Any]]] = {
    "an alarm": ("OS::Aodh::EventAlarm", {"event_type": "busy", "alarm_actions": ["trust+http://127.0.0.1:9/"]}),
    "a subscription": (
        "OS::Zaqar::Subscription",
        {"queue_name": {"get_resource": "news"}, "subscriber": "trust+http://127.0.0.1:9/"},
    ),
    "a trigger": ("OS::Mistral::CronTrigger", {"pattern": "0 0 1 1 *", "workflow": {"name": {"get_resource": "flow"}}}),
    "a lease": ("OS::Blazar::Lease", {"name": "mine", **_PERIOD, "reservations": [_HOSTS]}),
}
NEEDED: dict[str, Any] = {
    "flow": {
        "type": "OS::Mistral::Workflow",
        "properties": {"type": "direct", "tasks": [{"name": "only", "action": "std.noop"}]},
    },
    "news": {"type": "OS::Zaqar::Queue", "properties": {"name": "news"}},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def template(what: str) -> dict[str, Any]:
    kind, properties = DELEGATING[what]
    resources = {**NEEDED, "it": {"type": kind, "properties": properties}}
    return {"heat_template_version": "2018-08-31", "resources": resources}


@pytest.mark.parametrize("what", DELEGATING)
async def test_they_are_asked_in_the_name_of_who_sent_the_request(hearth_url: str, what: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("delegating", template(what))
        assert await stack.physical_id("it")
        await stack.delete()


async def test_also_in_nested_stacks_and_in_later_updates(hearth_url: str) -> None:
    def grouped(severity: str) -> dict[str, Any]:
        kind, properties = DELEGATING["an alarm"]
        member = {"type": kind, "properties": {**properties, "severity": severity}}
        group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": member}}
        return {"heat_template_version": "2018-08-31", "resources": {"group": group}}

    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("nested", grouped("low"))
        await stack.update(template=grouped("critical"))
        alarms = (await living.cloud.get("alarming", "/v2/alarms")).body
        assert [one["severity"] for one in alarms] == ["critical", "critical"]
        await stack.delete()


async def test_an_operator_may_have_no_token_kept(tmp_path: Any) -> None:
    async with (
        running(tmp_path, "[DEFAULT]\nreauthentication_auth_method = trusts\n", temporary_retry_limit=0) as url,
        signed_in(url, "demo") as living,
    ):
        stack = await living.begin("delegating", template("an alarm"))
        await stack.until("CREATE_FAILED")
        assert "does not allow redelegation" in (await stack.resource("it"))["resource_status_reason"]


async def test_a_request_that_may_do_less_uses_no_token_of_an_earlier_one(tmp_path: Any) -> None:
    """It comes by a trust, in the name of the same user."""
    async with running(tmp_path, temporary_retry_limit=0) as url, signed_in(url, "demo") as living:
        stack = await living.create("delegating", template("a subscription"))
        user = {"auth_url": f"{url}/identity/v3", "password": home.PASSWORD, "user_domain_name": "Default"}
        scope = {"project_name": "demo", "project_domain_name": "Default"}
        connector = credentials.Connector(
            settings.CloudSettings(
                auth_url=f"{url}/identity/v3",
                service=settings.AuthSection("password", user | scope | {"username": "demo"}),
                trustee=settings.AuthSection("password", user | {"username": "heat"}),
            )
        )
        trust = credentials.Trust(await connector.create_trust(living.cloud))
        acting = await connector.session(trust)
        await acting.request("orchestration", "PATCH", stack.path, json={"template": template("an alarm")})
        await stack.until("UPDATE_FAILED")
        assert "does not allow redelegation" in (await stack.resource("it"))["resource_status_reason"]
        await connector.close()
