"""A cloud that fails: what passes is tried again, what was done is not done twice, what fails says why."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from reliability import estate
from reliability.world import World

NO_HOST = "No valid host was found."
#: Each request that makes something in the test's stack: (service, method, path).
MAKING = (
    ("neutron", "POST", "/networks$"),
    ("neutron", "POST", "/subnets$"),
    ("neutron", "POST", "/routers$"),
    ("neutron", "PUT", "/add_router_interface$"),
    ("neutron", "POST", "/security-groups$"),
    ("neutron", "POST", "/security-group-rules$"),
    ("neutron", "POST", "/ports$"),
    ("neutron", "POST", "/floatingips$"),
    ("nova", "POST", "/servers$"),
    ("nova", "POST", "/os-volume_attachments$"),
    ("cinder", "POST", "/volumes$"),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("faults"))
    yield made
    made.close()


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The shared world, its faults taken away and its cloud as empty as before at the end."""
    before = shared.contents()
    yield shared
    shared.no_faults()
    shared.act([], "DELETE", "stack")
    assert shared.contents() == before


def one_server(name: str = "web") -> dict[str, Any]:
    properties = {"name": name, "image": "cirros", "flavor": "m1.tiny", "networks": [{"network": "private"}]}
    return {
        "heat_template_version": "2018-08-31",
        "resources": {"web": {"type": "OS::Nova::Server", "properties": properties}},
    }


def servers(world: World) -> int:
    return len(world.contents()["servers"])


def test_a_server_that_came_out_in_error_is_made_again(world: World) -> None:
    world.fault(service="nova", kind="server_error", message=NO_HOST, count=1)
    assert world.act([], "POST", "stack", one_server()) == "CREATE_COMPLETE"
    assert servers(world) == 1
    told = [(one["resource_status"], one["resource_status_reason"]) for one in world.events("stack", "web")]
    assert [status for status, _ in told] == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    assert NO_HOST in told[1][1]
    assert world.resources("stack")["web"]["resource_status_reason"] == "state changed"


@pytest.mark.parametrize("moment", [0.35, 0.6, 1.2])
def test_making_a_server_again_goes_on_after_a_kill(world: World, moment: float) -> None:
    world.fault(service="nova", kind="server_error", message=NO_HOST, count=1)
    assert world.act([moment, 0.05], "POST", "stack", one_server()) == "CREATE_COMPLETE"
    assert servers(world) == 1
    assert world.nodes_left() == 0


def test_a_server_that_fails_every_time_fails_with_the_reason_of_the_service(world: World) -> None:
    world.fault(service="nova", kind="server_error", message=NO_HOST)
    ended = world.act([], "POST", "stack", one_server())
    assert ended.startswith("CREATE_FAILED: Resource CREATE failed: ResourceInError: resources.web: ")
    reason = world.resources("stack")["web"]["resource_status_reason"]
    assert NO_HOST in reason
    assert "req-" in reason
    assert servers(world) == 1


def test_a_failed_creation_is_undone_when_asked(world: World) -> None:
    before = world.contents()
    world.fault(service="nova", kind="server_error", match="^web$", message=NO_HOST)
    template = one_server()
    template["resources"] |= estate.first()["resources"]
    ended = world.act([], "POST", "stack", template, disable_rollback=False)
    assert ended == "ROLLBACK_COMPLETE"
    assert world.contents() == before
    assert world.nodes_left() == 0


def test_what_was_done_without_an_answer_is_not_done_twice(world: World) -> None:
    before = world.contents()
    for number, (service, method, path) in enumerate(MAKING):
        lost = {"drop": True} if number % 2 else {"status": 500}
        world.fault(service=service, method=method, path=path, after_work=True, count=1, **lost)
    template = estate.first("same")
    assert world.act([], "POST", "stack", template) == "CREATE_COMPLETE"
    estate.check(world, "stack", before, template)
    for path in ("/servers/", "/os-volume_attachments/", "/volumes/", "/networks/", "/floatingips/", "/ports/"):
        world.fault(method="DELETE", path=path, after_work=True, count=1, status=504)
    world.fault(method="PUT", path="/remove_router_interface$", after_work=True, count=1, drop=True)
    assert world.act([], "DELETE", "stack") == "DELETE_COMPLETE"


def test_a_volume_that_moves_is_attached_once_though_answers_are_lost(world: World) -> None:
    before = world.contents()
    template = estate.first()
    assert world.act([], "POST", "stack", template) == "CREATE_COMPLETE"
    world.fault(service="nova", method="DELETE", path="/os-volume_attachments/", after_work=True, count=1, status=500)
    world.fault(service="nova", method="POST", path="/os-volume_attachments$", after_work=True, count=1, drop=True)
    template = estate.replaced(template)
    assert world.act([], "PUT", "stack", template) == "UPDATE_COMPLETE"
    estate.check(world, "stack", before, template)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "count": 2},
        {"status": 429, "count": 1},
        {"status": 409, "count": 1},
        {"status": 401, "count": 1},  # a token that ended early is fetched anew
        {"drop": True, "count": 1},
    ],
    ids=lambda fault: str(fault.get("status", "no answer")),
)
def test_what_may_pass_is_tried_again(world: World, fault: dict[str, Any]) -> None:
    world.fault(service="nova", method="POST", path="/servers$", message="Not now", **fault)
    assert world.act([], "POST", "stack", one_server()) == "CREATE_COMPLETE"
    assert servers(world) == 1


def test_tokens_that_end_at_once_hold_nothing_up(tmp_path: pathlib.Path) -> None:
    own = World(tmp_path / "own", token_seconds=3.0)
    try:
        before = own.contents()
        template = estate.first()
        assert own.act([], "POST", "stack", template) == "CREATE_COMPLETE"
        own.log_in()
        estate.check(own, "stack", before, template)
        assert own.act([], "DELETE", "stack") == "DELETE_COMPLETE"
    finally:
        own.close()


def test_a_server_that_is_made_after_its_call_was_cut_off_is_the_only_one(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, options={"lost_call_wait": 30})
    try:
        world.fault(service="nova", method="POST", path="/servers$", late=3, count=1)
        assert world.act([], "POST", "stack", one_server()) == "CREATE_COMPLETE"
        assert servers(world) == 1
        reasons = [one["resource_status_reason"] for one in world.events("stack", "web")]
        assert any("its creation had no answer and may still come to something" in one for one in reasons)
        # Nor does one stay behind of a stack that is deleted meanwhile.
        world.fault(service="nova", method="POST", path="/servers$", late=5, count=1)
        world.send("POST", "other", one_server("other"))
        while "may still come" not in world.resources("other")["web"]["resource_status_reason"]:
            pass
        assert world.act([], "DELETE", "other") == "DELETE_COMPLETE"
        assert world.act([], "DELETE", "stack") == "DELETE_COMPLETE"
        assert servers(world) == 0
    finally:
        world.close()
