"""The actions of the query API, asked by the real client of CloudFormation."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

session = pytest.importorskip("botocore.session")
exceptions = pytest.importorskip("botocore.exceptions")

TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "a word",
    "Parameters": {"Word": {"Type": "String", "Default": "hello", "Description": "what to say"}},
    "Resources": {"Said": {"Type": "OS::Heat::TestResource", "Properties": {"value": {"Ref": "Word"}}}},
    "Outputs": {"Echo": {"Value": {"Fn::GetAtt": ["Said", "output"]}, "Description": "what was said"}},
}
BODY = json.dumps(TEMPLATE)


@pytest.fixture
async def ask(hearth: Any) -> Callable[..., Any]:
    """Calls a method of the client with the key pair of the user demo."""
    path = f"/users/{hearth.user}/credentials/OS-EC2"
    status, made = await hearth.identity("POST", path, {"tenant_id": hearth.project})
    assert status == 201
    pair = made["credential"]
    client = session.get_session().create_client(
        "cloudformation",
        region_name="RegionOne",
        endpoint_url=f"{hearth.url}/cloudformation/v1/",
        aws_access_key_id=pair["access"],
        aws_secret_access_key=pair["secret"],
    )

    async def call(method: str, **given: Any) -> Any:
        return await asyncio.to_thread(getattr(client, method), **given)

    return call


async def made(hearth: Any, ask: Any, **given: Any) -> str:
    """A stack made by the client; its id."""
    arn: str = (await ask("create_stack", StackName="web", TemplateBody=BODY, **given))["StackId"]
    await hearth.until(f"/stacks/web/{arn.rpartition('/')[2]}", "CREATE_COMPLETE")
    return arn


async def test_a_life_by_the_client(hearth: Any, ask: Any) -> None:
    arn = await made(hearth, ask, Parameters=[{"ParameterKey": "Word", "ParameterValue": "one"}], TimeoutInMinutes=5)
    assert arn.startswith(f"arn:openstack:heat::{hearth.project}:stacks/web/")
    (shown,) = (await ask("describe_stacks", StackName="web"))["Stacks"]
    assert (shown["StackId"], shown["StackStatus"], shown["Description"]) == (arn, "CREATE_COMPLETE", "a word")
    assert shown["Outputs"] == [{"OutputKey": "Echo", "OutputValue": "one", "Description": "what was said"}]
    assert {"ParameterKey": "Word", "ParameterValue": "one"} in shown["Parameters"]
    assert (shown["TimeoutInMinutes"], shown["DisableRollback"]) == (5, True)
    await ask("update_stack", StackName=arn, TemplateBody=BODY)
    await hearth.until(f"/stacks/web/{arn.rpartition('/')[2]}", "UPDATE_COMPLETE")
    (shown,) = (await ask("describe_stacks"))["Stacks"]
    assert shown["Outputs"][0]["OutputValue"] == "hello"
    assert shown["LastUpdatedTime"] >= shown["CreationTime"]
    await ask("delete_stack", StackName="web")
    await hearth.until(f"/stacks/web/{arn.rpartition('/')[2]}", "DELETE_COMPLETE")
    assert (await ask("describe_stacks"))["Stacks"] == []


async def test_stacks_and_what_is_in_them_are_listed(hearth: Any, ask: Any) -> None:
    arn = await made(hearth, ask)
    (summary,) = (await ask("list_stacks"))["StackSummaries"]
    assert (summary["StackName"], summary["StackStatus"]) == ("web", "CREATE_COMPLETE")
    (brief,) = (await ask("list_stack_resources", StackName="web"))["StackResourceSummaries"]
    assert (brief["LogicalResourceId"], brief["ResourceType"]) == ("Said", "OS::Heat::TestResource")
    physical_id = brief["PhysicalResourceId"]
    for given in ({"StackName": "web"}, {"StackName": arn}, {"PhysicalResourceId": physical_id}):
        (found,) = (await ask("describe_stack_resources", **given))["StackResources"]
        assert (found["PhysicalResourceId"], found["ResourceStatus"]) == (physical_id, "CREATE_COMPLETE")
    detail = (await ask("describe_stack_resource", StackName="web", LogicalResourceId="Said"))["StackResourceDetail"]
    assert json.loads(detail["Metadata"]) == {}
    events = (await ask("describe_stack_events", StackName="web"))["StackEvents"]
    assert [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(events)] == [
        ("web", "CREATE_IN_PROGRESS"),
        ("Said", "CREATE_IN_PROGRESS"),
        ("Said", "CREATE_COMPLETE"),
        ("web", "CREATE_COMPLETE"),
    ]


async def test_templates_are_shown_and_judged(hearth: Any, ask: Any) -> None:
    await made(hearth, ask)
    shown = (await ask("get_template", StackName="web"))["TemplateBody"]
    assert (json.loads(shown) if isinstance(shown, str) else shown) == TEMPLATE
    judged = await ask("validate_template", TemplateBody=BODY)
    assert judged["Description"] == "a word"
    (parameter,) = judged["Parameters"]
    assert (parameter["ParameterKey"], parameter["DefaultValue"], parameter["NoEcho"]) == ("Word", "hello", False)
    assert (await ask("estimate_template_cost", TemplateBody=BODY))["Url"].startswith("https://")


@pytest.mark.parametrize(
    ("method", "given", "code", "said"),
    [
        ("describe_stacks", {"StackName": "nobody"}, "InvalidParameterValue", "nobody"),
        ("create_stack", {"StackName": "web", "TemplateBody": BODY}, "AlreadyExists", "already exists"),
        ("create_stack", {"StackName": "b", "TemplateBody": "{"}, "InvalidParameterValue", ""),
        ("create_stack", {"StackName": "b"}, "MissingParameter", "TemplateBody or TemplateURL"),
        (
            "create_stack",
            {"StackName": "b", "TemplateBody": BODY, "OnFailure": "DELETE", "DisableRollback": True},
            "InvalidParameterCombination",
            "not both",
        ),
        (
            "describe_stack_resources",
            {"StackName": "web", "PhysicalResourceId": "x"},
            "InvalidParameterCombination",
            "not both",
        ),
        ("cancel_update_stack", {"StackName": "web"}, "InvalidParameterValue", "CREATE_COMPLETE"),
        ("list_exports", {}, "InvalidAction", "ListExports"),
    ],
)
async def test_what_cannot_be_is_told_by_a_code(
    hearth: Any, ask: Any, method: str, given: dict[str, Any], code: str, said: str
) -> None:
    await made(hearth, ask)
    with pytest.raises(exceptions.ClientError) as refused:
        await ask(method, **given)
    error = refused.value.response["Error"]
    assert error["Code"] == code
    assert said in error["Message"]


async def test_a_failed_creation_is_undone_where_the_client_says_so(hearth: Any, ask: Any) -> None:
    failing = json.dumps(
        TEMPLATE
        | {"Resources": {"Said": {"Type": "OS::Heat::TestResource", "Properties": {"fail": True}}}, "Outputs": {}}
    )
    arn = (await ask("create_stack", StackName="web", TemplateBody=failing, OnFailure="ROLLBACK"))["StackId"]
    await hearth.until(f"/stacks/web/{arn.rpartition('/')[2]}", "ROLLBACK_COMPLETE")


async def test_answers_are_json_for_those_who_ask(hearth: Any, ask: Any) -> None:
    status, body = await hearth.send("GET", f"{hearth.url}/cloudformation/v1/?Action=ListStacks&ContentType=JSON")
    assert (status, body["ErrorResponse"]["Error"]["Code"]) == (400, "IncompleteSignature")
