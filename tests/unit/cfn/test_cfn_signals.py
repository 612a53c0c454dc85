"""Signed URLs: each is good for one kind of signal to one resource, until that resource is gone."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

CFN_HANDLE = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "CFN_SIGNAL"}}
AWS_HANDLE = {"type": "AWS::CloudFormation::WaitConditionHandle"}
AWS_BODY = {"Status": "SUCCESS", "UniqueId": "1", "Data": "d", "Reason": "r"}


def hot(resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    shown = {name: {"value": value} for name, value in outputs.items()}
    return {"heat_template_version": "2018-08-31", "resources": resources, "outputs": shown}


def waiting(of: str, **more: Any) -> dict[str, Any]:
    given = {"handle": {"get_resource": of}, "timeout": 600, **more}
    return {"type": "OS::Heat::WaitCondition", "properties": given}


def reference(name: str) -> dict[str, str]:
    return {"get_resource": name}


async def handles(hearth: Any) -> tuple[str, dict[str, str]]:
    """A stack with two handles, and their URLs."""
    template = hot(
        {"a": CFN_HANDLE, "b": CFN_HANDLE, "aws": AWS_HANDLE},
        a={"get_attr": ["a", "signal"]},
        b={"get_attr": ["b", "signal"]},
        aws=reference("aws"),
    )
    path = await hearth.create(template)
    given = await hearth.outputs(path)
    return path, {
        "a": json.loads(given["a"])["alarm_url"],
        "b": json.loads(given["b"])["alarm_url"],
        "aws": given["aws"],
    }


async def metadata(hearth: Any, path: str, name: str) -> Any:
    return (await hearth.api("GET", f"{path}/resources/{name}/metadata"))[1]["metadata"]


async def test_a_condition_goes_on_by_signals_to_signed_urls(hearth: Any) -> None:
    template = hot(
        {"handle": CFN_HANDLE, "wait": waiting("handle", count=2)},
        signal={"get_attr": ["handle", "signal"]},
        data={"get_attr": ["wait", "data"]},
    )
    path = await hearth.create(template, wanted="CREATE_IN_PROGRESS")
    url = await signal_of(hearth, path)
    assert await hearth.send("PUT", url, json={"data": "one"}) == (200, "<resource>handle</resource>")
    # curl calls what it sends a form unless it is told otherwise.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await hearth.send("PUT", url, data=b'{"data": "two"}', headers=form))[0] == 200
    await hearth.until(path, "CREATE_COMPLETE")
    assert json.loads((await hearth.outputs(path))["data"]) == {"1": "one", "2": "two"}


async def signal_of(hearth: Any, path: str) -> str:
    while (given := (await hearth.outputs(path))["signal"]) is None:
        pass
    url: str = json.loads(given)["alarm_url"]
    return url


async def test_the_reference_of_an_aws_handle_is_its_url(hearth: Any) -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Handle": AWS_HANDLE | {"Type": AWS_HANDLE["type"]},
            "Wait": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600"},
            },
        },
        "Outputs": {"url": {"Value": {"Ref": "Handle"}}, "data": {"Value": {"Fn::GetAtt": ["Wait", "Data"]}}},
    }
    del template["Resources"]["Handle"]["type"]  # type: ignore[index]
    path = await hearth.create(template, wanted="CREATE_IN_PROGRESS")
    while not str(url := (await hearth.outputs(path))["url"]).startswith("http"):
        pass
    assert (await hearth.send("PUT", url, json=AWS_BODY))[0] == 200
    await hearth.until(path, "CREATE_COMPLETE")
    assert (await hearth.outputs(path))["data"] == '{"1": "d"}'


async def test_the_url_says_what_clients_expect(hearth: Any) -> None:
    path, urls = await handles(hearth)
    parts = urlsplit(urls["aws"])
    arn = f"arn%3Aopenstack%3Aheat%3A%3A{hearth.project}%3Astacks/web/{path.rpartition('/')[2]}/resources/aws"
    assert parts.path == f"/cloudformation/v1/waitcondition/{arn}"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query.keys() == {"AWSAccessKeyId", "SignatureMethod", "SignatureVersion", "Signature"}
    assert (query["SignatureMethod"], query["SignatureVersion"]) == ("HmacSHA256", "2")


async def test_a_policy_is_signalled_by_its_alarm_url(hearth: Any) -> None:
    group = {
        "type": "OS::Heat::AutoScalingGroup",
        "properties": {"min_size": 1, "max_size": 5, "resource": {"type": "OS::Heat::RandomString"}},
    }
    policy = {
        "type": "OS::Heat::ScalingPolicy",
        "properties": {
            "auto_scaling_group_id": reference("group"),
            "adjustment_type": "change_in_capacity",
            "scaling_adjustment": 2,
        },
    }
    path = await hearth.create(hot({"group": group, "policy": policy}, url={"get_attr": ["policy", "alarm_url"]}))
    url = (await hearth.outputs(path))["url"]
    assert "/cloudformation/v1/signal/arn%3A" in url
    assert await hearth.send("POST", url) == (200, "")
    nested = (await hearth.api("GET", f"{path}/resources/group"))[1]["resource"]["physical_resource_id"]
    _, listed = await hearth.api("GET", f"/stacks?show_nested=true&id={nested}")
    inner = f"/stacks/{listed['stacks'][0]['stack_name']}/{nested}"
    await hearth.until(inner, "UPDATE_COMPLETE")
    assert len((await hearth.api("GET", f"{inner}/resources"))[1]["resources"]) == 3


async def test_a_deployment_is_answered_by_its_signed_url(hearth: Any) -> None:
    template = hot(
        {
            "config": {"type": "OS::Heat::SoftwareConfig", "properties": {"config": "#!/bin/sh", "group": "script"}},
            "server": {
                "type": "OS::Nova::Server",
                "properties": {
                    "image": "cirros",
                    "flavor": "m1.tiny",
                    "networks": [{"network": "private"}],
                    "user_data_format": "SOFTWARE_CONFIG",
                },
            },
            "deployment": {
                "type": "OS::Heat::SoftwareDeployment",
                "properties": {"config": reference("config"), "server": reference("server")},
            },
        },
        said={"get_attr": ["deployment", "deploy_stdout"]},
    )
    path = await hearth.create(template, wanted="CREATE_IN_PROGRESS")
    while not (found := (await hearth.api("GET", "/software_deployments"))[1]["software_deployments"]):
        pass
    _, config = await hearth.api("GET", f"/software_configs/{found[0]['config_id']}")
    means = {one["name"]: one["value"] for one in config["software_config"]["inputs"]}
    assert (means["deploy_signal_transport"], means["deploy_signal_verb"]) == ("CFN_SIGNAL", "POST")
    said = {"deploy_stdout": "done", "deploy_status_code": 0}
    assert (await hearth.send("POST", means["deploy_signal_id"], json=said))[0] == 200
    await hearth.until(path, "CREATE_COMPLETE")
    assert (await hearth.outputs(path))["said"] == "done"


# ---- what a URL does not allow ----


def swapped(url: str, other: str) -> str:
    """The path of one URL with the signature of another."""
    return urlsplit(url)._replace(query=urlsplit(other).query).geturl()


TAMPERED = {
    "another resource": lambda urls: ("PUT", swapped(urls["b"], urls["a"])),
    "another method": lambda urls: ("POST", urls["a"].replace("/waitcondition/", "/signal/")),
    "another parameter": lambda urls: ("PUT", urls["a"] + "&ContentType=JSON"),
    "another signature": lambda urls: ("PUT", urls["a"][:-6] + "AAA%3D"),
    "another key": lambda urls: ("PUT", urls["a"].replace("AWSAccessKeyId=", "AWSAccessKeyId=0")),
    "another host": lambda urls: ("PUT", urls["a"].replace("127.0.0.1", "localhost")),
    "the query API": lambda urls: ("GET", swapped(urls["a"].partition("waitcondition")[0], urls["a"])),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_a_url_is_good_for_nothing_else(hearth: Any, what: str) -> None:
    path, urls = await handles(hearth)
    method, url = TAMPERED[what](urls)
    status, body = await hearth.send(method, url, json={} if method != "GET" else None)
    assert status in (403, 404, 405)
    if status == 403:
        assert "AccessDenied" in str(body)
    assert [await metadata(hearth, path, name) for name in ("a", "b", "aws")] == [{}, {}, {}]
    assert (await hearth.send("PUT", urls["a"], json={}))[0] == 200


async def test_a_url_ends_with_its_resource(hearth: Any) -> None:
    path, urls = await handles(hearth)
    body = {"template": hot({"b": CFN_HANDLE})}
    assert (await hearth.api("PUT", path, body))[0] == 202
    await hearth.until(path, "UPDATE_COMPLETE")
    assert (await hearth.send("PUT", urls["a"], json={}))[0] == 403
    assert (await hearth.send("PUT", urls["b"], json={}))[0] == 200
    assert (await hearth.api("DELETE", path))[0] == 204
    await hearth.until(path, "DELETE_COMPLETE")
    assert (await hearth.send("PUT", urls["b"], json={}))[0] == 403


async def test_a_url_is_shut_while_its_stack_is_suspended(hearth: Any) -> None:
    path, urls = await handles(hearth)
    for action, wanted, status in (("suspend", "SUSPEND_COMPLETE", 403), ("resume", "RESUME_COMPLETE", 200)):
        await hearth.api("POST", f"{path}/actions", {action: None})
        await hearth.until(path, wanted)
        assert (await hearth.send("PUT", urls["a"], json={}))[0] == status


# ---- bad requests ----


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": b"nonsense"}, "is not valid JSON"),
        ({"json": {"statsu": "SUCCESS"}}, "statsu"),
        ({"json": {"Status": "SUCCESS", "Data": "d", "Reason": "r"}}, "UniqueId"),
        ({"json": ["a list"]}, "not a map"),
        ({"data": b"[" * 100_000}, "JSON"),
    ],
)
async def test_a_signal_that_is_not_understood_is_refused(hearth: Any, given: dict[str, Any], said: str) -> None:
    path, urls = await handles(hearth)
    status, body = await hearth.send("PUT", urls["aws"], **given)
    assert status == 400
    assert "<Code>InvalidParameterValue</Code>" in body
    assert said in body
    assert await metadata(hearth, path, "aws") == {}


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("PUT", "/v1/waitcondition/arn%3Ax", 400, "<Code>IncompleteSignature</Code>"),
        ("PUT", "/v1/waitcondition/arn%3Ax?Signature=x", 403, "<Code>MissingAuthenticationToken</Code>"),
        ("PUT", "/v1/waitcondition/arn%3Ax?Signature=x&AWSAccessKeyId=y", 403, "<Code>AccessDenied</Code>"),
        ("GET", "/v1/signal/arn%3Ax", 405, "takes POST"),
        ("GET", "/v1/nothing", 404, "nothing at this address"),
        ("GET", "/", 300, "v1.0"),
        ("GET", "/healthcheck", 200, "OK"),
    ],
)
async def test_what_is_not_signed_or_not_there_is_told(
    hearth: Any, method: str, path: str, status: int, said: str
) -> None:
    answered, body = await hearth.send(method, f"{hearth.url}/cloudformation{path}")
    assert answered == status
    assert said in str(body)
