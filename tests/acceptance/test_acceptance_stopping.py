"""A process that is told to stop finishes what it is at, hands over the rest, and leaves in order."""

import pathlib
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from acceptance_services import Deployment, Service, deployed

SERVERS: Any = {
    "heat_template_version": "2018-08-31",
    "resources": {
        f"server{n}": {
            "type": "OS::Nova::Server",
            "properties": {"image": "cirros", "flavor": "m1.tiny", "networks": [{"network": "private"}]},
        }
        for n in range(3)
    },
}
SECONDS = 60


def until_called(deployment: Deployment, api: Service) -> None:
    """Wait until the engine is at the servers."""
    end = time.monotonic() + SECONDS
    while {one["resource_status"] for one in deployment.resources(api, "web").values()} != {"CREATE_IN_PROGRESS"}:
        assert time.monotonic() < end


def begin(deployment: Deployment, api: Service) -> None:
    made = deployment.call(api, "POST", "/stacks", {"stack_name": "web", "template": SERVERS})
    assert made.status_code == 201, made.text


def test_calls_under_way_are_finished_and_another_engine_goes_on(tmp_path: pathlib.Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.fault(service="nova", method="POST", path="/servers$", latency=3)
        api, first = deployment.start("api"), deployment.start("engine")
        begin(deployment, api)
        until_called(deployment, api)
        first.signal()
        assert first.ended() == 0
        # It had the answers of its calls, and they are stored.
        made = {one["id"] for one in deployment.in_cloud("compute", "/servers")["servers"]}
        assert len(made) == 3
        known = {one["physical_resource_id"] for one in deployment.resources(api, "web").values()}
        assert known == made
        second = deployment.start("engine")
        deployment.until(api, "web", "CREATE_COMPLETE")
        assert {one["id"] for one in deployment.in_cloud("compute", "/servers")["servers"]} == made
        assert "silent" not in second.log  # nothing had to be taken over: it was given back


def test_a_second_signal_cuts_off_and_nothing_is_made_twice(tmp_path: pathlib.Path) -> None:
    with deployed(tmp_path) as deployment:
        # The servers are made, and nobody is told so.
        deployment.fault(service="nova", method="POST", path="/servers$", silent=True, after_work=True)
        api, first = deployment.start("api"), deployment.start("engine")
        begin(deployment, api)
        until_called(deployment, api)
        first.signal()
        first.until("pieces of work under way are being finished")
        assert first.process.poll() is None
        first.signal()
        assert first.ended() == 0
        assert "cut off" in first.log
        deployment.forget_faults()
        deployment.start("engine")
        deployment.until(api, "web", "CREATE_COMPLETE")
        assert len(deployment.in_cloud("compute", "/servers")["servers"]) == 3


@pytest.mark.parametrize("part", ["api", "all"])
def test_a_request_under_way_is_answered(tmp_path: pathlib.Path, part: str) -> None:
    with deployed(tmp_path) as deployment:
        api = deployment.start(part)
        address = urlsplit(deployment.url(api, "/validate"))
        body = b'{"template": {"heat_template_version": "2018-08-31"}}'
        head = (
            f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
            f"X-Auth-Token: {deployment.users['demo'].get_token()}\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), timeout=SECONDS) as connection:
            connection.sendall(head.encode())
            assert b"100 Continue" in connection.recv(4096)  # it is being worked on
            api.signal()
            api.until("Stopping")
            connection.sendall(body)
            answer = b""
            while part_of_it := connection.recv(4096):
                answer += part_of_it
        assert answer.startswith(b"HTTP/1.1 200 OK"), answer
        assert api.ended() == 0
        with pytest.raises(OSError):
            socket.create_connection((address.hostname, address.port), timeout=5)
