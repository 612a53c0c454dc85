"""The CloudWatch API by signed requests: of users, of what acts inside servers, and of those who may not."""

import asyncio
import dataclasses
import gzip
import json
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from cfn_callers import Pair, pair_of, stack_user_of, stranger_of

from hearth.cfn import alarm_actions
from hearth.engine import rounds

NOT_SERVED = {
    "DeleteAlarms",
    "DescribeAlarmHistory",
    "DescribeAlarmsForMetric",
    "DisableAlarmActions",
    "EnableAlarmActions",
    "GetMetricStatistics",
    "PutMetricAlarm",
}
ALARM = {
    "type": "OS::Heat::CWLiteAlarm",
    "properties": {
        "AlarmDescription": "too <much>",
        "MetricName": "cpu",
        "Namespace": "servers",
        "Statistic": "Average",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": "50",
        "Period": "3600",
        "EvaluationPeriods": "2",
        "Units": "Percent",
        "Dimensions": [{"Name": "role", "Value": "web"}],
        "AlarmActions": [{"get_resource": "grow"}],
    },
}
TEMPLATE: dict[str, Any] = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "group": {
            "type": "OS::Heat::AutoScalingGroup",
            "properties": {"min_size": 1, "max_size": 2, "resource": {"type": "OS::Heat::TestResource"}},
        },
        "grow": {
            "type": "OS::Heat::ScalingPolicy",
            "properties": {
                "auto_scaling_group_id": {"get_resource": "group"},
                "adjustment_type": "change_in_capacity",
                "scaling_adjustment": 1,
            },
        },
        "alarm": ALARM,
        "inside": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}},
    },
    "outputs": {
        "size": {"value": {"get_attr": ["group", "current_size"]}},
        "name": {"value": {"get_resource": "alarm"}},
        "inside": {"value": {"get_attr": ["inside", "signal"]}},
    },
}


def watching(**properties: Any) -> dict[str, Any]:
    """The template with an alarm of other properties."""
    alarm = {**ALARM, "properties": {**ALARM["properties"], **properties}}  # type: ignore[dict-item]
    return {**TEMPLATE, "resources": {**TEMPLATE["resources"], "alarm": alarm}}


@pytest.fixture(autouse=True)
def rounds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "SWEEP", 0.05)


async def act(pair: Pair, action: str, **params: str) -> tuple[int, str]:
    return await pair.act(action, "cloudwatch", **{name.replace("__", "."): value for name, value in params.items()})


async def done(pair: Pair, action: str, **params: str) -> ElementTree.Element:
    """The result of an action that is answered."""
    status, said = await act(pair, action, **params)
    assert status == 200, said
    root = ElementTree.fromstring(said)
    assert root.tag == f"{action}Response"
    (result,) = root
    assert result.tag == f"{action}Result"
    return result


async def refused(pair: Pair, action: str, **params: str) -> tuple[int, str, str]:
    """Status, code and message of an error."""
    status, said = await act(pair, action, **params)
    error = ElementTree.fromstring(said).find("Error")
    assert error is not None, said
    return status, error.findtext("Code") or "", error.findtext("Message") or ""


def plain(element: ElementTree.Element) -> Any:
    """Text, list or map."""
    if not len(element):
        return element.text
    if all(one.tag == "member" for one in element):
        return [plain(one) for one in element]
    return {one.tag: plain(one) for one in element}


async def alarms(pair: Pair, **params: str) -> list[dict[str, Any]]:
    return (plain(await done(pair, "DescribeAlarms", **params)) or {"MetricAlarms": []})["MetricAlarms"] or []


async def metrics(pair: Pair, **params: str) -> list[dict[str, Any]]:
    found = plain(await done(pair, "ListMetrics", **params))
    return [{**one, **{pair["Name"]: pair["Value"] for pair in one["Dimensions"]}} for one in found["Metrics"] or []]


def datum(number: int = 1, value: str = "80", metric: str = "cpu", **dimensions: str) -> dict[str, str]:
    member = f"MetricData.member.{number}"
    given = {f"{member}.MetricName": metric, f"{member}.Value": value, f"{member}.Unit": "Percent"}
    for at, (name, one) in enumerate(dimensions.items(), 1):
        given |= {f"{member}.Dimensions.member.{at}.Name": name, f"{member}.Dimensions.member.{at}.Value": one}
    return given


async def put(pair: Pair, *several: dict[str, str], namespace: str = "servers") -> None:
    told = {name: value for one in several for name, value in one.items()}
    result = await done(pair, "PutMetricData", Namespace=namespace, **told)
    assert plain(result) == {"ResponseMetadata": "None"}


async def inside(hearth: Any, path: str) -> Pair:
    """What acts inside a server of the stack."""
    return await pair_of(await stack_user_of(hearth, json.loads((await hearth.outputs(path))["inside"])))


async def test_an_alarm_is_described(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    (shown,) = await alarms(pair)
    name = (await hearth.outputs(path))["name"]
    assert name.startswith("web-alarm-")
    assert shown["AlarmName"] == name
    told = {"AlarmDescription": "too <much>", "MetricName": "cpu", "Namespace": "servers", "Statistic": "Average"}
    told |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": "50.0", "Period": "3600", "Unit": "Percent"}
    told |= {"EvaluationPeriods": "2", "StateValue": "INSUFFICIENT_DATA", "ActionsEnabled": "true"}
    assert {key: shown[key] for key in told} == told
    assert shown["Dimensions"] == [
        {"Name": "role", "Value": "web"},
        {"Name": "StackId", "Value": path.rpartition("/")[2]},
    ]
    assert len(shown["AlarmActions"]) == 1
    assert shown["OKActions"] is None
    assert shown["StateUpdatedTimestamp"].endswith("Z")
    assert await alarms(pair, AlarmName=name) == [shown]
    status, code, message = await refused(pair, "DescribeAlarms", AlarmName="another")
    assert (status, code, message) == (400, "InvalidParameterValue", "The Alarm (another) could not be found.")


async def sent_as(
    pair: Pair, body: Callable[[bytes], bytes], encoding: str, *several: dict[str, str]
) -> tuple[int, str]:
    """The answer to datapoints that are sent as a form of that encoding."""
    told = {name: value for one in several for name, value in one.items()}
    url = pair.signed("POST", "/cloudwatch/v1/", {"Action": "PutMetricData", "Namespace": "servers", **told})
    address, _, form = url.partition("?")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": encoding}
    status, said = await pair.hearth.send("POST", address, data=body(form.encode()), headers=headers)
    return status, str(said)


async def test_long_forms_may_be_compressed_as_aws_clients_do(hearth: Any) -> None:
    await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    many = [datum(number, role="web") for number in range(1, 201)]
    status, said = await sent_as(pair, gzip.compress, "gzip", *many)
    assert status == 200, said
    assert len(await metrics(pair)) == 200


@pytest.mark.parametrize(
    ("body", "encoding", "told"),
    [
        (lambda form: form, "gzip", "is no gzip"),
        (lambda form: gzip.compress(form)[:-12], "gzip", "its end is missing"),
        (lambda form: gzip.compress(bytes(20_000_000)), "gzip", "larger than the"),
        (lambda form: form, "br", "Content-Encoding 'br' is not taken; gzip is."),
    ],
)
async def test_what_cannot_be_unpacked_is_refused(
    hearth: Any, body: Callable[[bytes], bytes], encoding: str, told: str
) -> None:
    status, said = await sent_as(await pair_of(hearth), body, encoding, datum())
    assert status in (400, 413)
    assert told in said


async def test_datapoints_go_to_the_alarms_that_are_about_them(hearth: Any) -> None:
    await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    await put(pair, datum(value="1", role="web", host="a"), datum(2, value="2.5", role="web"))
    await put(pair, datum(value="3", role="db"), datum(2, value="4"), datum(3, "5", "memory", role="web"))
    await put(pair, datum(value="6", role="web"), namespace="elsewhere")
    found = await metrics(pair)
    assert [one["Value"] for one in found] == ["1.0", "2.5"]
    assert found[0]["Dimensions"] == [{"Name": "host", "Value": "a"}, {"Name": "role", "Value": "web"}]
    assert {(one["MetricName"], one["Namespace"], one["Unit"]) for one in found} == {("cpu", "servers", "Percent")}
    assert await metrics(pair, MetricName="memory") == await metrics(pair, Namespace="elsewhere") == []
    assert await metrics(pair, MetricName="cpu", Namespace="servers") == found


async def test_a_datapoint_may_name_its_alarm(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    pair, name = await pair_of(hearth), (await hearth.outputs(path))["name"]
    await put(pair, datum(AlarmName=name, host="a"), namespace="whatever")
    (one,) = await metrics(pair)
    assert (one["AlarmName"], one["Dimensions"]) == (name, [{"Name": "host", "Value": "a"}])
    for dimensions, metric, told in (
        ({"AlarmName": "another"}, "cpu", "The Alarm (another) could not be found."),
        ({"AlarmName": name}, "memory", f"The alarm {name} is about the metric cpu, not about memory."),
    ):
        wrong = datum(metric=metric, **dimensions)
        answer = await refused(pair, "PutMetricData", Namespace="n", **datum(2, AlarmName=name), **wrong)
        assert answer == (400, "InvalidParameterValue", told)
    assert len(await metrics(pair)) == 1, "all datapoints of a request are kept or none"


@pytest.mark.parametrize(
    ("params", "code", "told"),
    [
        ({"Namespace": ""}, "MissingParameter", "The parameter Namespace is missing."),
        ({}, "MissingParameter", "Give the datapoints as MetricData.member.1.MetricName and so on."),
        (
            {"MetricData.member.1.Value": "1"},
            "MissingParameter",
            "The parameter MetricData.member.1.MetricName is missing.",
        ),
        (
            {"MetricData.member.2.MetricName": "m"},
            "MissingParameter",
            "The parameter MetricData.member.2.Value is missing.",
        ),
        (datum(value="nan"), "InvalidParameterValue", "MetricData.member.1.Value: 'nan' is not a number."),
        (datum(value="much"), "InvalidParameterValue", "MetricData.member.1.Value: 'much' is not a number."),
    ],
)
async def test_wrong_datapoints_are_refused(hearth: Any, params: dict[str, str], code: str, told: str) -> None:
    pair = await pair_of(hearth)
    assert await refused(pair, "PutMetricData", **{"Namespace": "n", **params}) == (400, code, told)


@pytest.mark.parametrize("configuration", ["[DEFAULT]\nmax_datapoints_per_tenant = 2\n"])
async def test_a_project_keeps_no_more_datapoints_than_it_may(hearth: Any) -> None:
    await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    await put(pair, datum(role="web"))
    several = {**datum(role="web"), **datum(2, role="web")}
    status, code, message = await refused(pair, "PutMetricData", Namespace="servers", **several)
    assert (status, code) == (400, "RequestLimitExceeded")
    assert "2 datapoints of alarms" in message
    assert "max_datapoints_per_tenant" in message
    assert len(await metrics(pair)) == 1


@pytest.mark.parametrize("configuration", ["[DEFAULT]\nmax_lite_alarms_per_tenant = 0\n"])
async def test_a_project_has_no_more_alarms_than_it_may(hearth: Any) -> None:
    with pytest.raises(AssertionError, match="the project has 0 lite alarms, which is the most allowed"):
        await hearth.create(TEMPLATE)


async def until_size(hearth: Any, path: str, wanted: int) -> AsyncIterator[None]:
    """Goes on until the group has a size."""
    async with asyncio.timeout(30):
        while (await hearth.outputs(path))["size"] != wanted:
            yield
            await asyncio.sleep(0.05)


async def test_measures_from_inside_a_server_have_the_group_grow(hearth: Any) -> None:
    path = await hearth.create(watching(Period="1", EvaluationPeriods="1"))
    measured = await inside(hearth, path)
    async for _ in until_size(hearth, path, 2):
        await put(measured, datum(role="web", host="a"))
    (shown,) = await alarms(await pair_of(hearth))
    assert shown["StateValue"] in ("ALARM", "INSUFFICIENT_DATA")


async def test_a_state_that_is_set_signals_once(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    pair, name = await pair_of(hearth), (await hearth.outputs(path))["name"]
    for _ in range(2):
        await done(pair, "SetAlarmState", AlarmName=name, StateValue="ALARM", StateReason="a drill")
    async for _ in until_size(hearth, path, 2):
        pass
    (shown,) = await alarms(pair)
    assert (shown["StateValue"], shown["StateReason"]) == ("ALARM", "a drill")
    events = (await hearth.api("GET", f"{path}/resources/grow/events"))[1]["events"]
    told = [one["resource_status_reason"] for one in events if one["resource_status"].startswith("SIGNAL")]
    assert told == [f"alarm {name}: a drill"]
    for word, state in (("OK", "OK"), ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA")):
        await done(pair, "SetAlarmState", AlarmName=name, StateValue=word)
        assert (await alarms(pair))[0]["StateValue"] == state


async def test_wrong_states_are_refused(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    pair, name = await pair_of(hearth), (await hearth.outputs(path))["name"]
    assert await refused(pair, "SetAlarmState", AlarmName=name, StateValue="BAD") == (
        400,
        "InvalidParameterValue",
        "StateValue: 'BAD' is none of OK, ALARM, INSUFFICIENT_DATA.",
    )
    assert (await refused(pair, "SetAlarmState", StateValue="OK"))[:2] == (400, "MissingParameter")
    assert (await refused(pair, "SetAlarmState", AlarmName="no", StateValue="OK"))[:2] == (400, "InvalidParameterValue")
    assert (await hearth.api("POST", f"{path}/actions", {"suspend": None}))[0] == 200
    await hearth.until(path, "SUSPEND_COMPLETE")
    status, code, message = await refused(pair, "SetAlarmState", AlarmName=name, StateValue="OK")
    assert (status, code) == (400, "InvalidParameterValue")
    assert "is suspended with its stack" in message
    assert (await alarms(pair))[0]["ActionsEnabled"] == "false"
    await put(pair, datum(role="web"))
    assert await metrics(pair) == []


async def test_what_is_not_served_says_so(hearth: Any) -> None:
    pair = await pair_of(hearth)
    assert alarm_actions.ACTIONS.keys() - NOT_SERVED == {
        "DescribeAlarms",
        "ListMetrics",
        "PutMetricData",
        "SetAlarmState",
    }
    for action in sorted(NOT_SERVED):
        status, code, message = await refused(pair, action, AlarmName="one")
        assert (status, code) == (500, "APINotImplemented")
        assert message.startswith(f"The action {action} is not served")
    status, code, message = await refused(pair, "ListStacks")
    assert (status, code) == (400, "InvalidAction")
    assert "PutMetricData" in message


async def test_answers_in_json_and_by_form(hearth: Any) -> None:
    await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    url = pair.signed("GET", "/cloudwatch/v1/", {"Action": "DescribeAlarms", "ContentType": "JSON"})
    status, said = await hearth.send("GET", url)
    assert status == 200
    assert said["DescribeAlarmsResponse"]["DescribeAlarmsResult"]["MetricAlarms"][0]["Threshold"] == 50.0
    assert (await hearth.send("GET", f"{hearth.url}/cloudwatch/"))[1]["versions"][0]["id"] == "v1.0"
    assert (await hearth.send("PUT", pair.signed("PUT", "/cloudwatch/v1/", {"Action": "ListMetrics"})))[0] == 405
    assert (await hearth.send("GET", f"{hearth.url}/cloudwatch/v2/"))[0] == 404


# ---- those who may not ----


async def test_another_project_sees_and_changes_nothing(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    name = (await hearth.outputs(path))["name"]
    pair = await pair_of(hearth)
    await put(pair, datum(role="web"))
    before = await alarms(pair), await metrics(pair)
    stranger = await pair_of(await stranger_of(hearth))
    assert await alarms(stranger) == await metrics(stranger) == []
    await put(stranger, datum(role="web"))
    named = {"Namespace": "servers", **datum(AlarmName=name)}
    for action, params in (
        ("DescribeAlarms", {"AlarmName": name}),
        ("SetAlarmState", {"AlarmName": name, "StateValue": "ALARM"}),
        ("PutMetricData", named),
    ):
        status, code, message = await refused(stranger, action, **params)
        assert (status, code, message) == (400, "InvalidParameterValue", f"The Alarm ({name}) could not be found.")
    assert (await alarms(pair), await metrics(pair)) == before


async def test_what_acts_inside_a_server_feeds_the_alarms_of_its_stack_and_no_more(hearth: Any) -> None:
    path, other = await hearth.create(TEMPLATE), await hearth.create(TEMPLATE, "other")
    pair = await pair_of(hearth)
    measured = await inside(hearth, path)
    for action in alarm_actions.ACTIONS:
        if action != "PutMetricData":
            assert (await refused(measured, action, AlarmName="any", StateValue="OK"))[:2] == (403, "AccessDenied")
    await put(measured, datum(role="web"))
    name, strange = [(await hearth.outputs(one))["name"] for one in (path, other)]
    assert [one["AlarmName"] for one in await metrics(pair)] == [name]
    answer = await refused(measured, "PutMetricData", Namespace="servers", **datum(AlarmName=strange))
    assert answer[:2] == (400, "InvalidParameterValue")


@pytest.mark.parametrize("configuration", ["[oslo_policy]\nenforce_new_defaults = true\n"])
async def test_a_reader_looks_only_and_a_server_still_measures(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    admin = await hearth.log_in("admin")
    _, user = await admin.identity("POST", "/users", {"user": {"name": "reader", "password": "secret"}})
    _, roles = await admin.identity("GET", "/roles?name=reader")
    granted = f"/projects/{hearth.project}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}"
    assert (await admin.identity("PUT", granted))[0] == 204
    pair = await pair_of(await hearth.log_in("reader", "demo"))
    assert len(await alarms(pair)) == 1
    assert await metrics(pair) == []
    for action in ("PutMetricData", "SetAlarmState", "DeleteAlarms", "PutMetricAlarm"):
        assert (await refused(pair, action))[:2] == (403, "AccessDenied")
    await put(await inside(hearth, path), datum(role="web"))


@pytest.mark.parametrize("secret", [None, "another"])
async def test_without_a_good_signature_nothing_is_done(hearth: Any, secret: str | None) -> None:
    await hearth.create(TEMPLATE)
    pair = await pair_of(hearth)
    wrong = dataclasses.replace(pair, secret=secret or "")
    for action in alarm_actions.ACTIONS:
        if secret is None:
            status, said = await hearth.send("GET", f"{hearth.url}/cloudwatch/v1/?Action={action}")
            assert (status, "<Code>IncompleteSignature</Code>" in said) == (400, True)
        else:
            status, code, _ = await refused(wrong, action, AlarmName="any")
            assert (status, code) == (403, "AccessDenied")
    assert await metrics(pair) == []


@pytest.mark.parametrize("configuration", ["[DEFAULT]\nenable_cloud_watch_lite = false\n"])
async def test_the_type_is_there_only_where_it_is_wanted(hearth: Any, tmp_path: pathlib.Path) -> None:
    body = {"stack_name": "web", "template": TEMPLATE}
    status, said = await hearth.api("POST", "/stacks", body)
    assert status == 400
    assert "OS::Heat::CWLiteAlarm" in said["error"]["message"]
    assert await alarms(await pair_of(hearth)) == []
