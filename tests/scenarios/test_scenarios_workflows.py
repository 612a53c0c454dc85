"""Workflows of the embedded cloud: signals run them, and resources are made of what they do."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from living import running, signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def workflow(*inputs: str, action: str = "std.noop", **output: str) -> dict[str, Any]:
    return {
        "type": "OS::Mistral::Workflow",
        "properties": {
            "type": "direct",
            "input": dict.fromkeys(inputs, "nothing"),
            "output": output,
            "tasks": [{"name": "only", "action": action}],
        },
    }


def template(**resources: Any) -> dict[str, Any]:
    return {"heat_template_version": "2018-08-31", "resources": resources}


async def test_a_signal_runs_a_workflow_with_what_it_brings(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("signalled", template(it=workflow("word", said="<% $.word %>")))
        signal = f"{stack.path}/resources/it/signal"
        await living.api("POST", signal, {"input": {"word": "hello"}})
        executions = (await living.cloud.get("workflow", "/v2/executions")).body["executions"]
        assert [one["input"] for one in executions if one["workflow_name"] == await stack.physical_id("it")] == [
            '{"word": "hello"}'
        ]
        await stack.delete()
        executions = (await living.cloud.get("workflow", "/v2/executions")).body["executions"]
        assert executions == [], "what signals began goes with the workflow"


async def test_a_trigger_runs_a_workflow_as_often_as_it_is_to(hearth_url: str) -> None:
    named = {"name": {"get_resource": "it"}, "input": {"word": "tick"}}
    properties = {"pattern": "* * * * *", "count": 3, "workflow": named}
    whole = template(it=workflow("word"), often={"type": "OS::Mistral::CronTrigger", "properties": properties})
    async with signed_in(hearth_url, "demo") as living, aiohttp.ClientSession() as client:
        stack = await living.create("triggered", whole)
        async with client.put(f"{hearth_url}/admin/clock", json={"advance": 3600}) as answer:
            assert answer.status == 200
        executions = (await living.cloud.get("workflow", "/v2/executions")).body["executions"]
        name = await stack.physical_id("it")
        assert [one["input"] for one in executions if one["workflow_name"] == name] == ['{"word": "tick"}'] * 3
        assert (await living.cloud.get("workflow", "/v2/cron_triggers")).body["cron_triggers"] == []
        await stack.check("CHECK_COMPLETE")
        await stack.update(converge=True)
        after = (await living.cloud.get("workflow", "/v2/executions")).body["executions"]
        assert len(after) == len(executions), "what has ended as it was to is not begun anew"
        assert (await living.cloud.get("workflow", "/v2/cron_triggers")).body["cron_triggers"] == []
        await stack.delete()


async def test_a_resource_is_what_workflows_make_of_it(hearth_url: str) -> None:
    made = workflow("name", resource_id="<% $.name %>", colour="red")
    broken = workflow("name", action="std.fail")
    actions = {one: {"workflow": {"get_resource": "make"}} for one in ("CREATE", "UPDATE", "DELETE")}
    it = {"type": "OS::Mistral::ExternalResource", "properties": {"actions": actions, "input": {"name": "thing"}}}
    whole = template(make=made, it=it)
    whole["outputs"] = {
        "colour": {"value": {"get_attr": ["it", "output", "colour"]}},
        "reference": {"value": {"get_resource": "it"}},
    }
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("external", whole)
        told = {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}
        assert told == {"colour": "red", "reference": "thing"}
        it["properties"]["input"] = {"name": "other"}
        await stack.update(template=whole)
        await stack.delete()
        executions = (await living.cloud.get("workflow", "/v2/executions")).body["executions"]
        ran = [one for one in executions if "colour" in one["output"]]
        assert len(ran) == 3, "one to make it, one to change it, one to remove it"

        it["properties"]["actions"] = {"CREATE": {"workflow": {"get_resource": "make"}}}
        failing = await living.begin("failing", template(make=broken, it=it))
        shown = await failing.until("CREATE_FAILED", seconds=60)
        assert "failed: A task has failed." in shown["stack_status_reason"]
        await failing.delete()
