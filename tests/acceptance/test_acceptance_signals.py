"""Signals by every way that needs no guest, and hooks by the stock commands."""

import json
import time
from collections.abc import Callable
from typing import Any

import requests
from acceptance_hearth import TEMPLATES, Hearth

SIGNALS = str(TEMPLATES / "signals.yaml")
HOOKS = (str(TEMPLATES / "hooks.yaml"), "-e", str(TEMPLATES / "hooks_env.yaml"))
SECONDS = 60


def outputs(hearth: Hearth, name: str) -> dict[str, Any]:
    shown = hearth.get("orchestration", f"/stacks/{name}")["stack"]
    return {one["output_key"]: one["output_value"] for one in shown["outputs"]}


def until(hearth: Hearth, name: str, status: str) -> None:
    end = time.monotonic() + SECONDS
    while (now := hearth.get("orchestration", f"/stacks/{name}")["stack"]["stack_status"]) != status:
        assert now.endswith("IN_PROGRESS") and time.monotonic() < end, now


def until_given(hearth: Hearth, name: str, *keys: str) -> dict[str, Any]:
    end = time.monotonic() + SECONDS
    while not all((found := outputs(hearth, name))[key] for key in keys):
        assert time.monotonic() < end, found
    return found


def sign_in(means: dict[str, Any]) -> requests.Response:
    identity = {"methods": ["password"], "password": {"user": {"id": means["user_id"], "password": means["password"]}}}
    body: Any = {"auth": {"identity": identity, "scope": {"project": {"id": means["project_id"]}}}}
    return requests.post(means["auth_url"].rstrip("/") + "/auth/tokens", json=body, timeout=30)


def test_every_way_of_signalling_reaches_its_condition(hearth: Hearth, clean: Callable[[], None]) -> None:
    hearth.openstack("stack", "create", "-t", SIGNALS, "signals")
    given = until_given(hearth, "signals", "endpoint", "token", "user", "url", "swift")

    by_token = {"X-Auth-Token": given["token"]}
    assert requests.post(given["endpoint"], json={"data": "t"}, headers=by_token, timeout=30).status_code == 200
    means = json.loads(given["user"])
    as_user = {"X-Auth-Token": sign_in(means).headers["X-Subject-Token"]}
    assert requests.post(means["alarm_url"], json={"data": "u"}, headers=as_user, timeout=30).status_code == 200
    for url in (json.loads(given["url"])["alarm_url"], given["swift"]):
        for data in ("1st", "2nd"):
            assert requests.put(url, data=json.dumps({"data": data}), timeout=30).status_code == 201

    until(hearth, "signals", "CREATE_COMPLETE")
    brought = {key: json.loads(value) for key, value in outputs(hearth, "signals").items() if key.endswith("_data")}
    assert brought == {
        "token_data": {"1": "t"},
        "user_data": {"1": "u"},
        "url_data": {"1": "1st", "2": "2nd"},
        "swift_data": {"1": "1st", "2": "2nd"},
    }

    # Such a user reaches the signals and the metadata of its own resource, and nothing else.
    resource = means["alarm_url"].removesuffix("/signal")
    stack = resource.partition("/resources")[0]
    refused = [
        requests.post(f"{stack}/resources/token_handle/signal", json={}, headers=as_user, timeout=30),
        requests.get(f"{stack}/resources/token_handle/metadata", headers=as_user, timeout=30),
        requests.get(resource, headers=as_user, timeout=30),
        requests.get(stack, headers=as_user, timeout=30),
        requests.delete(stack, headers=as_user, timeout=30),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert requests.get(f"{resource}/metadata", headers=as_user, timeout=30).json()["metadata"]["1"]["data"] == "u"

    # While the stack is suspended the user is kept out; when it is gone, so is the user.
    hearth.openstack("stack", "suspend", "--wait", "signals")
    assert sign_in(means).status_code == 401
    hearth.openstack("stack", "resume", "--wait", "signals")
    assert sign_in(means).status_code == 201
    hearth.openstack("stack", "delete", "--wait", "--yes", "signals", fmt=False)
    assert sign_in(means).status_code == 401


def test_the_stock_commands_find_and_clear_hooks(hearth: Hearth, clean: Callable[[], None]) -> None:
    hearth.openstack("stack", "create", "-t", *HOOKS, "hooked")
    assert poll(hearth) == [("first", "CREATE paused until Hook pre-create is cleared")]
    hearth.openstack("stack", "hook", "clear", "hooked", "first", fmt=False)
    until(hearth, "hooked", "CREATE_COMPLETE")
    hearth.openstack("stack", "delete", "--yes", "hooked", fmt=False)
    assert poll(hearth) == [("first", "DELETE paused until Hook pre-delete is cleared")]
    hearth.openstack("stack", "hook", "clear", "hooked", "first", fmt=False)
    end = time.monotonic() + SECONDS
    while "hooked" in hearth.stacks():
        assert time.monotonic() < end


def poll(hearth: Hearth) -> list[tuple[str, str]]:
    """The hooks that the stock command finds; the first may take a moment."""
    end = time.monotonic() + SECONDS
    while not (found := hearth.openstack("stack", "hook", "poll", "hooked")):
        assert time.monotonic() < end
    return [(one["Resource Name"], one["Resource Status Reason"]) for one in found]
