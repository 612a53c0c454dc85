"""Long answers of the CloudWatch API, page by page, as the real client of CloudWatch takes them."""

import asyncio
import base64
import json
from typing import Any

import pytest
from cfn_callers import pair_of, stranger_of

session = pytest.importorskip("botocore.session")
exceptions = pytest.importorskip("botocore.exceptions")


def watching(alarms: int) -> dict[str, Any]:
    properties = {
        "MetricName": "cpu",
        "Namespace": "servers",
        "Statistic": "Average",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": "50",
        "Period": "3600",
        "EvaluationPeriods": "1",
    }
    alarm = {"type": "OS::Heat::CWLiteAlarm", "properties": properties}
    return {"heat_template_version": "2018-08-31", "resources": {f"a{number}": alarm for number in range(alarms)}}


async def client_of(hearth: Any) -> Any:
    """The client with a key pair of whoever is logged in. Its usual protocol is a newer one than the query API."""
    pair = await pair_of(hearth)
    known = session.get_session()
    model = known.get_component("data_loader").load_service_model("cloudwatch", "service-2")
    model["metadata"] |= {"protocol": "query", "protocols": ["query"]}
    return known.create_client(
        "cloudwatch",
        region_name="RegionOne",
        endpoint_url=f"{hearth.url}/cloudwatch/v1/",
        aws_access_key_id=pair.access,
        aws_secret_access_key=pair.secret,
    )


async def call(client: Any, method: str, **given: Any) -> Any:
    return await asyncio.to_thread(getattr(client, method), **given)


async def pages(client: Any, method: str, **given: Any) -> list[Any]:
    paginator = client.get_paginator(method)
    return await asyncio.to_thread(lambda: list(paginator.paginate(**given)))


async def put(client: Any, first: int, last: int) -> None:
    data = [{"MetricName": "cpu", "Value": float(number)} for number in range(first, last)]
    await call(client, "put_metric_data", Namespace="servers", MetricData=data)


def values(found: Any) -> list[int]:
    told = [{pair["Name"]: pair["Value"] for pair in one["Dimensions"]} for one in found["Metrics"]]
    return [int(float(one["Value"])) for one in told]


async def test_metrics_come_500_at_a_time(hearth: Any) -> None:
    await hearth.create(watching(1))
    client = await client_of(hearth)
    await put(client, 0, 400)
    (only,) = await pages(client, "list_metrics")
    assert values(only) == list(range(400))
    await put(client, 400, 500)
    assert [len(one["Metrics"]) for one in await pages(client, "list_metrics")] == [500]
    await put(client, 500, 1001)
    several = await pages(client, "list_metrics", Namespace="servers", MetricName="cpu")
    assert [len(one["Metrics"]) for one in several] == [500, 500, 1]
    assert [value for one in several for value in values(one)] == list(range(1001))
    assert await pages(client, "list_metrics", Namespace="elsewhere") != []


async def test_what_comes_meanwhile_shifts_no_page(hearth: Any) -> None:
    await hearth.create(watching(1))
    client = await client_of(hearth)
    await put(client, 0, 501)
    first = await call(client, "list_metrics")
    await put(client, 501, 510)
    second = await call(client, "list_metrics", NextToken=first["NextToken"])
    assert values(first) + values(second) == list(range(510))
    assert "NextToken" not in second


async def test_alarms_come_as_many_at_a_time_as_are_asked_for(hearth: Any) -> None:
    await hearth.create(watching(101))
    client = await client_of(hearth)
    by_hundred = await pages(client, "describe_alarms")
    assert [len(one["MetricAlarms"]) for one in by_hundred] == [100, 1]
    by_forty = [await call(client, "describe_alarms", MaxRecords=40)]
    while token := by_forty[-1].get("NextToken"):
        by_forty.append(await call(client, "describe_alarms", MaxRecords=40, NextToken=token))
    assert [len(one["MetricAlarms"]) for one in by_forty] == [40, 40, 21]
    names = [alarm["AlarmName"] for one in by_forty for alarm in one["MetricAlarms"]]
    assert names == [alarm["AlarmName"] for one in by_hundred for alarm in one["MetricAlarms"]]
    assert len(set(names)) == 101


async def test_a_token_shows_nothing_of_others(hearth: Any) -> None:
    await hearth.create(watching(2))
    client = await client_of(hearth)
    await put(client, 0, 300)
    token = (await call(client, "describe_alarms", MaxRecords=1))["NextToken"]
    stranger = await client_of(await stranger_of(hearth))
    assert (await call(stranger, "describe_alarms", NextToken=token))["MetricAlarms"] == []
    assert (await call(stranger, "list_metrics", NextToken=made_up([0.0, 0])))["Metrics"] == []


def made_up(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


@pytest.mark.parametrize(
    "token",
    ["x", "é", "x" * 5000, made_up(["a"]), made_up({"a": 1}), made_up(["a\0", "b"]), made_up([1, "b"])],
)
async def test_a_token_that_is_none_is_refused(hearth: Any, token: str) -> None:
    client = await client_of(hearth)
    for method, code in (("describe_alarms", "InvalidNextToken"), ("list_metrics", "InvalidParameterValue")):
        with pytest.raises(exceptions.ClientError) as caught:
            await call(client, method, NextToken=token)
        assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    "position", ["[1e999, 1]", "[NaN, 1]", "[1, 9223372036854775808]", "[1, 1.5]", '["\\ud800", 1]']
)
async def test_a_token_of_no_number_is_refused(hearth: Any, position: str) -> None:
    client = await client_of(hearth)
    with pytest.raises(exceptions.ClientError, match="NextToken is none"):
        await call(client, "list_metrics", NextToken=base64.urlsafe_b64encode(position.encode()).decode())


@pytest.mark.parametrize("most", ["0", "101", "-1", "many", "1" * 5000])
async def test_pages_of_no_size_are_refused(hearth: Any, most: str) -> None:
    pair = await pair_of(hearth)
    status, said = await pair.act("DescribeAlarms", "cloudwatch", MaxRecords=most)
    assert (status, "is not from 1 to 100" in said) == (400, True)
