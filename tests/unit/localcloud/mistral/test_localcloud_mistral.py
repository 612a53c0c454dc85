"""Workflows of the embedded cloud that run by themselves, and what a run may be at most."""

import datetime
import json
from typing import Any

import pytest

WORKFLOWS, EXECUTIONS = "/workflow/v2/workflows", "/workflow/v2/executions"
TRIGGERS = "/workflow/v2/cron_triggers"
TEXT = {"content-type": "text/plain"}
#: A Wednesday, beyond the time at which the tests run.
BEGIN = datetime.datetime(2098, 7, 16, 10, 30, 20, tzinfo=datetime.UTC)


def definition(name: str = "greet", action: str = "std.noop", output: Any = None) -> bytes:
    spec = {"input": ["word"], "output": output or {"said": "<% $.word %>"}, "tasks": {"only": {"action": action}}}
    return json.dumps({"version": "2.0", name: spec}).encode()


@pytest.fixture
def client(cloud_client: Any) -> Any:
    clock = cloud_client.cloud.clock
    clock.advance(BEGIN.timestamp() - clock.now())
    assert cloud_client.post(WORKFLOWS, data=definition(), headers=TEXT).status == 201
    return cloud_client


def trigger(client: Any, **fields: Any) -> Any:
    given = {"name": "often", "workflow_name": "greet", "workflow_input": {"word": "hello"}, **fields}
    answer = client.post(TRIGGERS, given)
    assert answer.status == 201, answer.body
    return answer.json()


def later(client: Any, **duration: float) -> list[Any]:
    """The executions after a while."""
    client.cloud.clock.advance(datetime.timedelta(**duration).total_seconds())
    found: list[Any] = client.get(EXECUTIONS).json()["executions"]
    return found


def test_a_pattern_begins_executions_with_the_input_when_their_time_has_come(client: Any) -> None:
    assert trigger(client, pattern="*/10 * * * *")["next_execution_time"] == "2098-07-16 10:40:00"
    assert later(client, minutes=9) == []
    (one,) = later(client, minutes=1)
    assert (one["workflow_name"], one["created_at"]) == ("greet", "2098-07-16T10:40:00Z")
    assert (json.loads(one["input"]), one["state"]) == ({"word": "hello"}, "SUCCESS")
    assert json.loads(one["output"]) == {"said": "hello"}
    assert json.loads(one["description"])["triggered_by"]["name"] == "often"
    shown = client.get(f"{TRIGGERS}/often").json()
    assert (shown["next_execution_time"], shown["remaining_executions"]) == ("2098-07-16 10:50:00", None)
    assert [one["created_at"][11:16] for one in later(client, minutes=25)] == ["10:40", "10:50", "11:00"]


def test_a_count_says_how_many_times(client: Any) -> None:
    trigger(client, pattern="* * * * *", remaining_executions=3)
    assert len(later(client, minutes=2)) == 2
    assert client.get(f"{TRIGGERS}/often").json()["remaining_executions"] == 1
    assert len(later(client, hours=1)) == 3
    assert client.get(f"{TRIGGERS}/often").status == 404, "it has nothing to do any more"


def test_the_first_time_may_be_the_only_one(client: Any) -> None:
    shown = trigger(client, first_execution_time="2098-07-16 12:05")
    assert (shown["next_execution_time"], shown["remaining_executions"]) == ("2098-07-16 12:05:00", 1)
    assert later(client, minutes=90) == []
    assert [one["created_at"] for one in later(client, days=2)] == ["2098-07-16T12:05:00Z"]
    assert client.get(TRIGGERS).json()["cron_triggers"] == []


def test_a_pattern_begins_with_the_first_time(client: Any) -> None:
    trigger(client, first_execution_time="2098-07-16 12:05", pattern="0 * * * *")
    assert [one["created_at"][11:16] for one in later(client, hours=3)] == ["12:05", "13:00"]


def test_what_begins_may_fail(client: Any) -> None:
    assert client.post(WORKFLOWS, data=definition("fail", "std.fail"), headers=TEXT).status == 201
    trigger(client, workflow_name="fail", pattern="* * * * *", remaining_executions=1)
    (one,) = later(client, minutes=2)
    assert (one["state"], one["output"]) == ("ERROR", "{}")


def test_nothing_begins_without_trigger_or_workflow(client: Any) -> None:
    trigger(client, pattern="* * * * *")
    trigger(client, name="other", pattern="* * * * *")
    assert client.delete(f"{TRIGGERS}/often").status == 204
    assert len(later(client, minutes=1)) == 1
    assert client.delete(f"{WORKFLOWS}/greet").status == 204
    assert len(later(client, minutes=5)) == 1


def test_a_long_time_begins_only_so_many(client: Any) -> None:
    trigger(client, pattern="* * * * *")
    trigger(client, name="once", first_execution_time="2099-01-01 00:00")
    assert len(later(client, days=3650)) == 200
    assert client.get(f"{TRIGGERS}/often").json()["next_execution_time"] == "2108-07-14 10:31:00"
    begun = later(client, minutes=1)
    assert len(begun) == 200, "the newest are kept"
    assert begun[-1]["created_at"] == "2108-07-14T10:31:00Z"
    assert "2099-01-01T00:00:00Z" in [one["created_at"] for one in begun], "none that comes once is left out"


def test_executions_go_on_after_a_restart(open_client: Any, tmp_path: Any) -> None:
    first = open_client(tmp_path).log_in("demo", "demo")
    clock = first.cloud.clock
    clock.advance(BEGIN.timestamp() - clock.now())
    assert first.post(WORKFLOWS, data=definition(), headers=TEXT).status == 201
    trigger(first, pattern="*/10 * * * *")
    first.cloud.close()
    assert len(later(open_client(tmp_path).log_in("demo", "demo"), minutes=20)) == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"pattern": "61 * * * *"}, "'61' is not from 0 to 59"),
        ({"pattern": "* * *"}, "3 fields"),
        ({"pattern": "*/0 * * * *"}, "the step of"),
        ({"pattern": "0 0 31 2 *"}, "there is no date for the pattern"),
        ({"pattern": "0," * 10_000 + "0 * * * *"}, "the limit is 255"),
        ({"pattern": 5}, "not a valid string"),
        ({"pattern": "* * * * *", "remaining_executions": 0}, "from 1"),
        ({"pattern": "* * * * *", "remaining_executions": 10**30}, "from 1"),
        ({"pattern": "* * * * *", "workflow_input": "[]"}, "workflow_input is not a map"),
        ({"pattern": "* * * * *", "workflow_input": "{"}, "workflow_input is not a map"),
        ({"pattern": "* * * * *", "workflow_input": {"word": "x" * 70_000}}, "the limit is 65535"),
        ({"pattern": "* * * * *", "name": "x" * 256}, "the limit is 255"),
        ({}, "must be specified"),
        ({"first_execution_time": "tomorrow"}, "is not a time such as"),
        ({"first_execution_time": "2098-07-16 10:31"}, "less than a minute"),
        ({"first_execution_time": "2000-01-01 00:00"}, "less than a minute"),
        ({"first_execution_time": "2098-07-16 12:00", "remaining_executions": 2}, "needs a pattern"),
    ],
)
def test_what_cannot_be_is_refused(client: Any, fields: dict[str, Any], reason: str) -> None:
    answer = client.post(TRIGGERS, {"name": "often", "workflow_name": "greet", **fields})
    assert answer.status == 400
    assert reason in answer.json()["faultstring"]
    assert client.get(TRIGGERS).json()["cron_triggers"] == []


def test_a_trigger_cannot_be_changed(client: Any) -> None:
    trigger(client, pattern="* * * * *")
    assert client.put(f"{TRIGGERS}/often", {"pattern": "0 * * * *"}).status in (404, 405)


@pytest.mark.parametrize(
    "output",
    [
        "{" + ", ".join(f"o{number}: 'it says <% $.word %>'" for number in range(3000)) + "}",
        "{a: &a [<% $.word %>, x], b: &b [*a, *a, *a, *a], c: &c [*b, *b, *b, *b], d: [*c, *c, *c, *c, *c, *c]}",
        "{a: &a [*a]}",
    ],
)
def test_an_output_beyond_all_bounds_is_an_error(client: Any, output: str) -> None:
    text = f"version: '2.0'\nbig:\n  input: [word]\n  output: {output}\n  tasks: {{only: {{action: std.noop}}}}\n"
    assert client.post(WORKFLOWS, data=text.encode(), headers=TEXT).status == 201
    assert client.post(EXECUTIONS, {"workflow_name": "big", "input": {"word": "x" * 20_000}}).status == 201
    (one,) = later(client, minutes=1)
    assert (one["state"], one["output"], "larger" in one["state_info"]) == ("ERROR", "{}", True)
