"""A process that is killed while it makes something in Keystone leaves nothing there that nobody uses."""

import contextlib
import pathlib
import threading
import time
from collections.abc import Callable
from typing import Any

from reliability import lives
from reliability.client import LOST
from reliability.world import World

ONE_NETWORK = {"heat_template_version": "2018-08-31", "resources": {"net": {"type": "OS::Neutron::Net"}}}
WITH_USERS = {"heat_template_version": "2018-08-31", "resources": {"handle": {"type": "OS::Heat::WaitConditionHandle"}}}
_SECONDS = 30


def admin_lists(world: World, path: str, key: str) -> list[dict[str, Any]]:
    """What Keystone has, as its administrator sees it."""
    domain = {"name": "Default"}
    user = {"name": "admin", "password": "secret", "domain": domain}
    scope = {"project": {"name": "admin", "domain": domain}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    _, _, headers = lives.call(f"{world.cloud_url}/identity/v3/auth/tokens", "POST", body=body)
    answer = lives.call(f"{world.cloud_url}/identity/v3{path}", "GET", headers["X-Subject-Token"])[1]
    return list(answer[key])


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def killed_while(world: World, template: Any, is_made: Callable[[], bool]) -> None:
    """Ask for a stack, and kill the process once what it makes is there and before the answer to that has come."""

    def ask() -> None:
        with contextlib.suppress(*LOST):
            world.send("POST", "stack", template)

    asking = threading.Thread(target=ask)
    asking.start()
    until(is_made)
    world.kill()
    asking.join()


def test_a_trust_without_a_stack_is_taken_back(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, options={"unused_delegation": 1})
    try:
        world.fault(service="keystone", method="POST", path="/OS-TRUST/trusts$", after_work=True, silent=True)
        killed_while(world, ONE_NETWORK, lambda: bool(admin_lists(world, "/OS-TRUST/trusts", "trusts")))
        world.start()
        assert world.show("stack") is None
        until(lambda: not admin_lists(world, "/OS-TRUST/trusts", "trusts"))
        # A stack that is there keeps its own.
        world.no_faults()
        assert world.act([], "POST", "stack", ONE_NETWORK) == "CREATE_COMPLETE"
        assert len(admin_lists(world, "/OS-TRUST/trusts", "trusts")) == 1
        assert world.act([], "DELETE", "stack") == "DELETE_COMPLETE"
        assert admin_lists(world, "/OS-TRUST/trusts", "trusts") == []
    finally:
        world.close()


def test_the_project_of_a_stack_s_users_goes_with_a_stack_that_never_knew_it(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, split=True)
    try:
        before = {one["id"] for one in admin_lists(world, "/projects", "projects")}

        def is_made() -> bool:
            return {one["id"] for one in admin_lists(world, "/projects", "projects")} > before

        world.fault(service="keystone", method="POST", path="/projects$", after_work=True, silent=True)
        killed_while(world, WITH_USERS, is_made)
        world.no_faults()
        world.fault(service="keystone", method="POST", path="/projects$", status=403)
        world.start()
        assert world.until_ended("stack").startswith("CREATE_FAILED")
        world.send("DELETE", "stack")
        assert world.until_ended("stack") == "DELETE_COMPLETE"
        assert {one["id"] for one in admin_lists(world, "/projects", "projects")} == before
    finally:
        world.close()
