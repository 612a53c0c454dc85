"""`hearth stack` in everyday use: suspending, looking after single resources, hooks, what a stack was made of."""

import pathlib
from collections.abc import Callable

import pytest
from acceptance_hearth import TEMPLATES, Hearth

HOOKS = ("-t", str(TEMPLATES / "hooks.yaml"), "-e", str(TEMPLATES / "hooks_env.yaml"))

GROUP = """
heat_template_version: 2018-08-31
parameters: {fail: {type: boolean, default: false}}
resources:
  members:
    type: OS::Heat::ResourceGroup
    properties:
      count: 2
      resource_def: {type: OS::Heat::TestResource, properties: {fail: {get_param: fail}}}
  ready: {type: OS::Heat::WaitConditionHandle, properties: {signal_transport: TOKEN_SIGNAL}}
"""


@pytest.fixture
def template(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "group.yaml"
    path.write_text(GROUP)
    return str(path)


def ok(hearth: Hearth, *command: str) -> str:
    done = hearth.run("hearth", "stack", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_at(hearth: Hearth, hook: str) -> None:
    while hook not in ok(hearth, "hooks", "hooked", "-f", "json"):
        pass


def test_a_stack_is_suspended_resumed_and_checked(hearth: Hearth, clean: Callable[[], None], template: str) -> None:
    ok(hearth, "create", "-t", template, "everyday")
    for command, state in (("suspend", "SUSPEND"), ("resume", "RESUME"), ("check", "CHECK")):
        assert f"{state}_COMPLETE" in ok(hearth, command, "everyday", "-f", "json")
    ok(hearth, "delete", "--yes", "everyday")


def test_single_resources_are_signalled_marked_and_healed(
    hearth: Hearth, clean: Callable[[], None], template: str
) -> None:
    ok(hearth, "create", "-t", template, "single")
    ok(hearth, "signal", "single", "ready", "--data", '{"id": "7", "data": "seven"}')
    assert '"seven"' in ok(hearth, "metadata", "single", "ready")
    refused = hearth.run("hearth", "stack", "signal", "single", "ready", "--data", "{")
    assert refused.returncode == 2 and "no JSON" in refused.stderr

    ok(hearth, "mark", "single", "members", "--reason", "looks bad")
    listed = ok(hearth, "failures", "single")
    assert "members" in listed and "looks bad" in listed
    ok(hearth, "update", "--existing", "single")
    assert "FAILED" not in ok(hearth, "resources", "single", "--depth", "1")
    ok(hearth, "delete", "--yes", "single")


def test_what_failed_is_listed_with_its_path(hearth: Hearth, clean: Callable[[], None], template: str) -> None:
    failed = hearth.run("hearth", "stack", "create", "-t", template, "--parameter", "fail=true", "bad")
    assert failed.returncode == 1
    assert "members/0" in ok(hearth, "failures", "bad", "-f", "json")
    ok(hearth, "delete", "--yes", "bad")


def test_hooks_are_listed_and_cleared(hearth: Hearth, clean: Callable[[], None]) -> None:
    ok(hearth, "create", "--no-wait", *HOOKS, "hooked")
    wait_at(hearth, "pre-create")
    wrong = hearth.run("hearth", "stack", "hooks", "hooked", "--clear", "nobody")
    assert wrong.returncode == 2 and "nobody does not wait" in wrong.stderr
    assert "resource_registry" in ok(hearth, "environment", "hooked")
    ok(hearth, "hooks", "hooked", "--clear", "first")
    assert "first" in ok(hearth, "events", "hooked", "--follow")
    ok(hearth, "delete", "--yes", "--no-wait", "hooked")
    wait_at(hearth, "pre-delete")
    ok(hearth, "hooks", "hooked", "--clear", "first", "--hook", "pre-delete")
    while hearth.run("hearth", "stack", "show", "hooked").returncode == 0:
        pass
