"""The commands as a user calls them, against an API that answers from a script, and without any API."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from hearth.cli import client, follow, problems, software, stack_change, stack_hold
from hearth.process import main

ERROR = {"code": 400, "title": "Bad Request", "error": {"type": "StackValidationFailed", "message": "no good"}}


class ScriptedApi:
    """The wire: answers in order, the last one for ever."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    def __call__(self, method: str, path: str, *, json: Any = None, params: Any = None) -> tuple[int, bytes]:
        self.asked.append((method, path))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return status, _encode(body)


def _encode(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def stack(status: str, updated: str | None = None) -> dict[str, Any]:
    return {"stack": {"id": "1", "stack_name": "web", "stack_status": status, "updated_time": updated}}


def event(number: int, status: str) -> dict[str, Any]:
    return {
        "id": str(number),
        "resource_name": "web",
        "physical_resource_id": "1",
        "resource_status": status,
        "resource_status_reason": f"Stack {status}",
        "event_time": "2026-01-01T00:00:00Z",
        "links": [],
    }


def events(*found: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(found)}


REF = client.StackRef("web", "1")
FROM_THE_START = follow.Mark()


def run(api: ScriptedApi, action: str, since: follow.Mark = FROM_THE_START) -> client.Record | None:
    pauses: list[float] = []
    return follow.follow(
        client.Client(api), REF, action, follow.Lines(REF), since, pause=pauses.append, clock=lambda: 0.0
    )


def test_create_is_followed_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi(
        (200, stack("CREATE_IN_PROGRESS")),
        (200, events(event(1, "CREATE_IN_PROGRESS"))),
        (200, stack("CREATE_COMPLETE")),
        (200, events(event(2, "CREATE_COMPLETE"))),
    )
    ended = run(api, "CREATE")
    assert ended is not None
    assert ended["stack_status"] == "CREATE_COMPLETE"
    assert capsys.readouterr().err.splitlines() == [
        "2026-01-01T00:00:00Z [web]: CREATE_IN_PROGRESS  Stack CREATE_IN_PROGRESS",
        "2026-01-01T00:00:00Z [web]: CREATE_COMPLETE  Stack CREATE_COMPLETE",
    ]


@pytest.mark.parametrize(
    ("status", "says", "not_says"),
    [
        ("UPDATE_FAILED", "hearth stack continue web --skip RESOURCE", "drift"),
        ("SUSPEND_FAILED", "hearth stack retry web", "continue"),
        ("CHECK_FAILED", "hearth stack update --existing web", "retry"),
    ],
)
def test_what_failed_comes_with_the_way_on_that_there_is(status: str, says: str, not_says: str) -> None:
    advice = stack_change.failure({"stack_name": "web", "stack_status": status}).advice
    assert advice is not None
    assert says in advice
    assert not_says not in advice


def test_an_update_is_not_over_because_the_one_before_was() -> None:
    api = ScriptedApi(
        (200, stack("UPDATE_COMPLETE", "t1")),
        (200, events()),
        (200, stack("UPDATE_IN_PROGRESS", "t1")),
        (200, events(event(8, "UPDATE_IN_PROGRESS"))),
        (200, stack("UPDATE_FAILED", "t2")),
        (200, events(event(9, "UPDATE_FAILED"))),
    )
    ended = run(api, "UPDATE", follow.Mark("7", "t1"))
    assert ended is not None
    assert ended["stack_status"] == "UPDATE_FAILED"


def told(event_: dict[str, Any], reason: str) -> dict[str, Any]:
    return {**event_, "resource_status_reason": reason}


@pytest.mark.parametrize(
    ("action", "found", "says"),
    [
        (
            "UPDATE",
            [told(event(2, "UPDATE_FAILED"), "Resource UPDATE failed: resources.a: no room")],
            "web: ROLLBACK_COMPLETE: UPDATE failed and was undone: Resource UPDATE failed: resources.a: no room",
        ),
        ("UPDATE", [event(2, "UPDATE_IN_PROGRESS")], "web: ROLLBACK_COMPLETE: UPDATE was cancelled and undone"),
    ],
)
def test_what_was_rolled_back_is_told_with_its_cause(action: str, found: list[dict[str, Any]], says: str) -> None:
    own = events(*found, event(3, "ROLLBACK_IN_PROGRESS"), event(4, "ROLLBACK_COMPLETE"))
    api = ScriptedApi((200, stack("ROLLBACK_COMPLETE", "t2")), (200, own), (200, own))
    with pytest.raises(problems.CliError) as caught:
        stack_change.finish(client.Client(api), REF, action, follow.Mark("1", "t1"), True, "table")
    assert caught.value.message == says
    assert "hearth stack update -t FILE web" in caught.value.advice


def test_what_was_rolled_back_to_nothing_is_told_so() -> None:
    cause = "Resource UPDATE failed: resources.a: no room"
    own = events(
        told(event(2, "UPDATE_FAILED"), cause), event(3, "ROLLBACK_IN_PROGRESS"), event(4, "ROLLBACK_COMPLETE")
    )
    ended = stack("ROLLBACK_COMPLETE", "t2")
    ended["stack"]["stack_status_reason"] = "Stack ROLLBACK completed successfully: there was nothing to go back to"
    api = ScriptedApi((200, ended), (200, own), (200, own))
    with pytest.raises(problems.CliError) as caught:
        stack_change.finish(client.Client(api), REF, "UPDATE", follow.Mark("1", "t1"), True, "table")
    assert caught.value.message == f"web: ROLLBACK_COMPLETE: UPDATE failed: {cause}; there was nothing to go back to"
    assert "remove the empty stack by `hearth stack delete web`" in caught.value.advice


@pytest.mark.parametrize("gone", [(404, ERROR), (200, stack("DELETE_COMPLETE"))])
def test_a_deleted_stack_is_gone(gone: tuple[int, Any]) -> None:
    api = ScriptedApi((200, stack("DELETE_IN_PROGRESS")), (404, ERROR), gone, (404, ERROR))
    assert run(api, "DELETE") is None


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, ERROR, "no good"),
        (413, {"code": 413, "title": "Too large", "explanation": "5 MB are too much"}, "5 MB are too much"),
        (500, None, "answered 500"),
        (502, ["what"], "answered 502"),
    ],
)
def test_errors_become_one_message(status: int, body: Any, message: str) -> None:
    with pytest.raises(problems.ApiProblem, match=message):
        client.Client(ScriptedApi((status, body))).show(REF)


def test_all_pages_of_a_list_are_read() -> None:
    first = {"stacks": [{"id": "1"}], "links": [{"rel": "next", "href": "http://elsewhere/v1/p/stacks?marker=1"}]}
    api = ScriptedApi((200, first), (200, {"stacks": [{"id": "2"}]}))
    assert [one["id"] for one in client.Client(api).stacks([])] == ["1", "2"]
    assert api.asked[1] == ("GET", "/stacks?marker=1")


def hearth(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner(env={"OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml", **environment}).invoke(
        main.root, list(arguments), prog_name="hearth"
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "arguments",
    [
        *[(command,) for command in main.COMMANDS],
        *[("stack", command) for command in ("create", "update", "delete", "plan", "validate")],
        *[("stack", command) for command in ("list", "show", "resources", "events", "outputs", "template")],
        *[("stack", command) for command in ("retry", "continue", "orphans")],
        *[("software", "config", command) for command in software.CONFIG_COMMANDS],
        *[("software", "deployment", command) for command in software.DEPLOYMENT_COMMANDS],
        *[("cloud", "fault", command) for command in ("add", "list", "remove")],
        ("cloud", "clock"),
        ("cloud", "settings"),
    ],
)
def test_every_command_has_help_with_an_example(arguments: tuple[str, ...]) -> None:
    status, output = hearth(*arguments, "--help")
    assert status == 0
    assert output.startswith(f"Usage: hearth {' '.join(arguments)}")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("stack", "list"), 1, "OS_CLOUD"),
        (("stack", "list", "--os-cloud", "nowhere"), 1, "nowhere"),
        (("stack", "--os-cloud", "nowhere", "list"), 1, "nowhere"),
        (("stack", "create", "-t", "nope.yaml", "x"), 1, "No such file"),
        (("stack", "create", "x"), 2, "--template"),
        (("stack", "update", "x"), 2, "--existing"),
        (("stack", "update", "-t", "x.yaml", "--clear-parameter", "p", "x"), 2, "--existing"),
        (("stack", "create", "-t", "x", "--parameter", "novalue", "x"), 2, "KEY=VALUE"),
        (("stack", "frobnicate"), 2, "frobnicate"),
        (("stack", "delete", "--retain", "net", "x", "y"), 2, "one by one"),
        (("software", "config", "create", "--file", "nope.sh", "x"), 1, "No such file"),
        (("software", "config", "create", "--definition", "list", "x"), 1, "inputs, outputs, options"),
        (("software", "deployment", "create", "--config", "c"), 2, "--server"),
        (("software", "deployment", "create", "--config", "c", "--server", "s", "--input", "x"), 2, "--input 'x'"),
        (("cloud", "fault", "add", "--service", "nova"), 2, "--status"),
        (("cloud", "clock", "--url", "http://127.0.0.1:1/admin"), 1, "hearth up"),
    ],
)
def test_mistakes_get_one_clear_line(arguments: tuple[str, ...], status: int, says: str) -> None:
    (pathlib.Path.cwd() / "x").write_text("{}")
    (pathlib.Path.cwd() / "list").write_text("[]")
    found, output = hearth(*arguments)
    assert found == status
    assert says in output
    assert "Traceback" not in output


@pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # openstacksdk warns about itself
def test_nobody_listening_is_said_plainly() -> None:
    status, output = hearth(
        "stack", "list", OS_AUTH_URL="http://127.0.0.1:1/v3", OS_USERNAME="u", OS_PASSWORD="hidden", OS_PROJECT_NAME="p"
    )
    assert status == 1
    assert "Cannot connect at http://127.0.0.1:1/v3" in output
    assert "hidden" not in output


def test_help_loads_no_client_library() -> None:
    code = "import sys; from hearth.process import main; main.root(['--help'], standalone_mode=False); "
    code += "sys.exit(bool({'openstack', 'keystoneauth1', 'sqlalchemy', 'starlette'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d", 86400)]
)
def test_durations_are_understood(text: str, seconds: int) -> None:
    assert stack_hold.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["soon", "5", "2x", "h", "1h 5m"])
def test_what_is_no_duration_is_told(text: str) -> None:
    result = CliRunner().invoke(main.root, ["stack", "lock", "web", "--for", text])
    assert result.exit_code == 2
    assert "is not a duration such as 90s" in result.output


@pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # which openstacksdk tells everybody
@pytest.mark.parametrize(
    ("options", "told"), [([], "Elsewhere"), (["--os-region-name", "Two"], "Cannot connect at http://127.0.0.1:9")]
)
def test_the_region_of_the_environment_counts_beside_a_cloud_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, options: list[str], told: str
) -> None:
    auth = {"auth_url": "http://127.0.0.1:9", "username": "u", "password": "p", "project_name": "p"}
    clouds = {"clouds": {"mine": {"auth": auth, "regions": ["One", "Two"]}}}
    (tmp_path / "clouds.yaml").write_text(json.dumps(clouds))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setenv("OS_CLOUD", "mine")
    monkeypatch.setenv("OS_REGION_NAME", "Elsewhere")
    done = CliRunner().invoke(main.root, ["stack", "list", *options])
    assert done.exit_code == 1
    assert told in done.output
