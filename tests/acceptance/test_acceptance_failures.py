"""A cloud that fails, and a process that is killed: the stack reaches a clear end, the cloud holds no orphan."""

import pathlib
from collections.abc import Callable, Iterator

import pytest
from acceptance_hearth import TEMPLATES, Hearth

SERVER = str(TEMPLATES / "server_with_output.yaml")


@pytest.fixture
def no_faults(hearth: Hearth) -> Iterator[None]:
    yield
    assert hearth.run("hearth", "cloud", "fault", "remove", "--all").returncode == 0


def fail_servers(hearth: Hearth) -> None:
    reason = "No valid host was found."
    hearth.hearth("cloud", "fault", "add", "--service", "nova", "--server-error", "^doomed", "--message", reason)


def test_a_failing_server_fails_the_stack_with_its_reason(
    hearth: Hearth, clean: Callable[[], None], no_faults: None
) -> None:
    fail_servers(hearth)
    failed = hearth.run("hearth", "stack", "create", "-t", SERVER, "-P", "server_name=doomed", "doomed")
    assert failed.returncode == 1
    assert "CREATE_FAILED" in failed.stderr
    [server] = hearth.hearth("stack", "resources", "doomed")
    assert server["resource_status"] == "CREATE_FAILED"
    assert "No valid host was found." in server["resource_status_reason"]
    assert hearth.run("hearth", "stack", "delete", "--yes", "doomed").returncode == 0


def test_a_failing_server_is_rolled_back_when_asked(hearth: Hearth, clean: Callable[[], None], no_faults: None) -> None:
    before = hearth.contents()
    fail_servers(hearth)
    arguments = ["-t", SERVER, "-P", "server_name=doomed", "--enable-rollback"]
    failed = hearth.run("hearth", "stack", "create", *arguments, "back")
    assert failed.returncode == 1
    said = failed.stderr[failed.stderr.index("Error: ") :]
    assert "back: ROLLBACK_COMPLETE: CREATE failed and was undone" in said
    assert "resources.server: " in said
    assert "No valid host was found." in said
    assert "hearth stack delete back" in said
    assert hearth.contents() == before
    assert hearth.run("hearth", "stack", "delete", "--yes", "back").returncode == 0


def test_a_refused_request_is_told_with_the_service_s_reason(
    hearth: Hearth, clean: Callable[[], None], no_faults: None
) -> None:
    fault = [
        "--service",
        "nova",
        "--method",
        "POST",
        "--path",
        "/servers$",
        "--status",
        "403",
        "--message",
        "Not today",
    ]
    hearth.hearth("cloud", "fault", "add", *fault)
    failed = hearth.run("hearth", "stack", "create", "-t", SERVER, "-P", "server_name=x", "refused")
    assert failed.returncode == 1
    assert "Not today" in failed.stderr
    assert "req-" in failed.stderr
    assert hearth.run("hearth", "stack", "delete", "--yes", "refused").returncode == 0


def test_a_killed_process_goes_on_where_it_was(tmp_path: pathlib.Path) -> None:
    own = Hearth(tmp_path / "own", "--build-seconds", "1.5")
    own.up()
    try:
        before = own.contents()
        own.hearth("stack", "create", "--no-wait", "-t", "examples/demo.yaml", "lives")
        own.kill()
        own.up()
        ended = own.run("hearth", "stack", "events", "lives", "--follow")
        assert ended.returncode == 0
        assert own.get("orchestration", "/stacks/lives")["stack"]["stack_status"] == "CREATE_COMPLETE"
        now = own.contents()
        made = {key: len(now[key] - before[key]) for key in now}
        # One server, port and floating IP for each of three; the router's ports are the cloud's own affair.
        assert (made["servers"], made["floatingips"], made["networks"], made["routers"]) == (3, 3, 1, 1)

        own.run("hearth", "stack", "delete", "--yes", "--no-wait", "lives")
        own.kill()
        own.up()
        own.run("hearth", "stack", "events", "lives", "--follow")
        assert own.stacks() == []
        assert own.contents() == before
    finally:
        own.run("hearth", "down", "--data-dir", str(own.folder))
