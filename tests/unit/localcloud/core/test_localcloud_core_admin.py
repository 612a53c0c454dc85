"""Dispatch, faults, clock, settings and reset, as requests see them."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest


def test_unknown_services_paths_and_methods_are_told_apart(cloud_client: Any) -> None:
    nowhere = cloud_client.get("/nowhere/v1")
    assert nowhere.status == 404 and "/identity" in nowhere.json()["error"]["message"]
    assert cloud_client.get("/identity/v3/nowhere").status == 404
    wrong = cloud_client.delete("/identity/v3/users")
    assert wrong.status == 405 and wrong.headers["allow"] == "GET, POST"


def test_every_answer_has_a_request_id_of_its_own(cloud_client: Any) -> None:
    first, second = (cloud_client.get("/identity/v3").headers["x-openstack-request-id"] for _ in range(2))
    assert first.startswith("req-") and first != second


def test_without_a_valid_token_nobody_gets_in(open_client: Callable[..., Any]) -> None:
    client = open_client()
    for answer in (
        client.get("/network/v2.0/networks"),
        client.get("/network/v2.0/networks", headers={"x-auth-token": "made-up"}),
    ):
        assert answer.status == 401
        assert answer.json()["error"]["code"] == 401
        assert answer.headers["www-authenticate"] == 'Keystone uri="http://cloud.test/identity/v3"'


def test_broken_json_is_the_clients_fault(cloud_client: Any) -> None:
    answer = cloud_client.request("POST", "/identity/v3/auth/tokens", data=b'{"auth": ')
    assert answer.status == 400 and "JSON" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ({"service": "glance", "status": 503}, [503, 503, 503]),
        ({"service": "glance", "status": 503, "count": 2}, [503, 503, 200]),
        ({"service": "glance", "status": 500, "path": "/v2/images$", "method": "get"}, [500, 500, 500]),
        ({"service": "glance", "status": 503, "path": "/nothing"}, [200, 200, 200]),
        ({"service": "nova", "status": 503}, [200, 200, 200]),
        ({"status": 503, "probability": 0}, [200, 200, 200]),
        ({"service": "glance", "latency": 0.001}, [200, 200, 200]),
    ],
)
def test_faults_hit_the_requests_they_describe(cloud_client: Any, fault: dict[str, Any], statuses: list[int]) -> None:
    assert cloud_client.post("/admin/faults", fault).status == 201
    assert [cloud_client.get("/image/v2/images").status for _ in statuses] == statuses


def test_a_fault_after_the_work_loses_the_answer_only(cloud_client: Any) -> None:
    cloud_client.post("/admin/faults", {"service": "glance", "method": "POST", "status": 500, "after_work": True})
    assert cloud_client.post("/image/v2/images", {"name": "made"}).status == 500
    cloud_client.delete("/admin/faults")
    assert [image["name"] for image in cloud_client.get("/image/v2/images?name=made").json()["images"]] == ["made"]


def test_a_dropped_answer_is_shorter_than_announced(cloud_client: Any) -> None:
    cloud_client.post("/admin/faults", {"service": "glance", "drop": True})
    answer = cloud_client.get("/image/v2/images")
    assert answer.headers["content-length"] == "1" and answer.body == b""


@pytest.mark.parametrize(("after_work", "made"), [(False, []), (True, ["made"])])
def test_a_silent_service_takes_a_request_and_never_answers(
    cloud_client: Any, after_work: bool, made: list[str]
) -> None:
    fault = {"service": "glance", "method": "POST", "silent": True, "after_work": after_work}
    cloud_client.post("/admin/faults", fault)
    assert cloud_client.post("/image/v2/images", {"name": "made"}).status == 0
    assert [image["name"] for image in cloud_client.get("/image/v2/images?name=made").json()["images"]] == made


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"status": 200}, "status"),
        ({"status": "503"}, "status"),
        ({"path": "("}, "path"),
        ({"probability": 2}, "probability"),
        ({"latency": -1}, "latency"),
        ({"late": 4000}, "late"),
    ],
)
def test_wrong_faults_are_refused_by_name(cloud_client: Any, fault: dict[str, Any], named: str) -> None:
    answer = cloud_client.post("/admin/faults", fault)
    assert answer.status == 400 and named in answer.json()["error"]["message"]


def test_faults_survive_a_restart_until_taken_back(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    first = open_client(tmp_path)
    id = first.post("/admin/faults", {"service": "glance", "status": 503}).json()["fault"]["id"]
    first.cloud.close()
    again = open_client(tmp_path)
    assert [fault["id"] for fault in again.get("/admin/faults").json()["faults"]] == [id]
    assert again.delete(f"/admin/faults/{id}").status == 204
    assert again.delete(f"/admin/faults/{id}").status == 404


def test_the_clock_can_be_sped_up_and_moved(cloud_client: Any) -> None:
    before = cloud_client.get("/admin/clock").json()["clock"]
    after = cloud_client.put("/admin/clock", {"rate": 5, "advance": 3600}).json()["clock"]
    assert after["rate"] == 5 and after["epoch"] >= before["epoch"] + 3600
    for wrong in ({"rate": 0}, {"advance": -1}, {"speed": 1}, {"rate": "fast"}):
        assert cloud_client.put("/admin/clock", wrong).status == 400


def test_settings_are_checked_and_take_effect(cloud_client: Any) -> None:
    changed = cloud_client.put("/admin/settings", {"build_seconds": 7, "enforce_quotas": False})
    assert changed.json()["settings"]["build_seconds"] == 7
    assert cloud_client.cloud.settings.enforce_quotas is False
    for wrong in ({"latency": -1}, {"hosts": 1.5}, {"enforce_quotas": 1}, {"unknown": 1}, {"clock_rate": 0}):
        answer = cloud_client.put("/admin/settings", wrong)
        assert answer.status == 400 and next(iter(wrong)).replace("_", " ") in answer.json()["error"][
            "message"
        ].replace("_", " ")


def test_only_this_machine_may_use_the_admin_api(cloud_client: Any) -> None:
    assert cloud_client.get("/admin/faults", client="192.0.2.7").status == 403
    assert cloud_client.get("/admin/faults", client="::1").status == 200


def test_reset_makes_a_fresh_cloud(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path)
    demo = client.log_in("demo", "demo")
    demo.post("/image/v2/images", {"name": "made"})
    client.cloud.clock.advance(5000)
    late = client.cloud.clock.now()
    assert client.post("/admin/reset").status == 204
    assert demo.get("/image/v2/images").status == 401
    fresh = client.log_in("demo", "demo")
    assert sorted(image["name"] for image in fresh.get("/image/v2/images").json()["images"]) == [
        "cirros",
        "cirros-0.3.5",
    ]
    assert client.cloud.clock.now() >= late
