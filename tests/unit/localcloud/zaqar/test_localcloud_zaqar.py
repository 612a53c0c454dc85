"""Queues by requests: messages, claims, subscriptions and signed URLs of the embedded Zaqar."""

import pathlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest

QUEUES = "/messaging/v2/queues"
QUEUE = f"{QUEUES}/one"
PATCH = {"content-type": "application/openstack-messaging-v2.0-json-patch"}
MINE = {"client-id": str(uuid.uuid4())}
OTHER = {"client-id": str(uuid.uuid4())}


def post(client: Any, *bodies: Any, ttl: int = 300, headers: dict[str, str] = MINE) -> list[str]:
    answer = client.post(
        f"{QUEUE}/messages", {"messages": [{"body": one, "ttl": ttl} for one in bodies]}, headers=headers
    )
    assert answer.status == 201, answer.body
    return [one.rpartition("/")[2] for one in answer.json()["resources"]]


def seen(client: Any, query: str = "echo=true") -> list[Any]:
    answer = client.get(f"{QUEUE}/messages?{query}", headers=MINE)
    assert answer.status == 200, answer.body
    return [one["body"] for one in answer.json()["messages"]]


def test_queues_are_made_listed_and_removed(cloud_client: Any) -> None:
    for name in ("b", "a", "c"):
        assert cloud_client.put(f"{QUEUES}/{name}", {"k": name}, headers=MINE).status == 201
    assert cloud_client.put(f"{QUEUES}/a", {"k": "new"}, headers=MINE).status == 204
    page = cloud_client.get(f"{QUEUES}?limit=2", headers=MINE).json()
    assert [one["name"] for one in page["queues"]] == ["a", "b"]
    further = cloud_client.get("/messaging" + page["links"][0]["href"], headers=MINE).json()
    assert [one["name"] for one in further["queues"]] == ["c"]
    shown = cloud_client.get(f"{QUEUES}/a", headers=MINE).json()
    assert (shown["k"], shown["_default_message_ttl"]) == ("a", 3600), "to make it once more changes nothing"
    for _ in range(2):
        assert cloud_client.delete(f"{QUEUES}/a", headers=MINE).status == 204
    names = [one["name"] for one in cloud_client.get(QUEUES, headers=MINE).json()["queues"]]
    assert names == ["b", "c"]


def test_metadata_are_changed_by_patches(cloud_client: Any) -> None:
    cloud_client.put(QUEUE, {"a": 1, "b": 2}, headers=MINE)
    steps = [
        {"op": "replace", "path": "/metadata/a", "value": 3},
        {"op": "remove", "path": "/metadata/b"},
        {"op": "add", "path": "/metadata/_default_message_ttl", "value": 60},
        {"op": "add", "path": "/metadata/c~1d", "value": 4},
    ]
    assert cloud_client.patch(QUEUE, steps, headers=MINE).status == 415
    assert cloud_client.patch(QUEUE, steps, headers=MINE | PATCH).status == 200
    shown = cloud_client.get(QUEUE, headers=MINE).json()
    assert (shown["a"], "b" in shown, shown["_default_message_ttl"], shown["c/d"]) == (3, False, 60, 4)
    assert cloud_client.patch(f"{QUEUES}/none", steps, headers=MINE | PATCH).status == 404


@pytest.mark.parametrize("op", ["replace", "remove"])
def test_metadata_that_are_not_there_are_neither_replaced_nor_removed(cloud_client: Any, op: str) -> None:
    cloud_client.put(QUEUE, {"a": 1}, headers=MINE)
    answer = cloud_client.patch(QUEUE, [{"op": op, "path": "/metadata/b", "value": 2}], headers=MINE | PATCH)
    assert (answer.status, answer.json()["description"]) == (409, f"Can't {op} non-existent object b.")


def test_messages_come_in_their_order_and_end(cloud_client: Any) -> None:
    post(cloud_client, "one", {"two": 2})
    post(cloud_client, "short", ttl=60)
    assert seen(cloud_client) == ["one", {"two": 2}, "short"]
    assert seen(cloud_client, "limit=20") == [], "one's own are shown on request only"
    cloud_client.cloud.clock.advance(61)
    assert seen(cloud_client) == ["one", {"two": 2}]


def test_a_popped_message_is_gone(cloud_client: Any) -> None:
    post(cloud_client, "one", "two", "three")
    for expected in (["one", "two"], ["three"], []):
        answer = cloud_client.delete(f"{QUEUE}/messages?pop=2", headers=OTHER)
        assert [one["body"] for one in answer.json()["messages"]] == expected


def test_messages_are_deleted_by_their_ids(cloud_client: Any) -> None:
    first, _, third = post(cloud_client, "one", "two", "three")
    for _ in range(2):
        assert cloud_client.delete(f"{QUEUE}/messages?ids={first},{third}", headers=MINE).status == 204
    assert seen(cloud_client) == ["two"]


def test_a_claim_keeps_messages_from_others_until_it_ends(cloud_client: Any) -> None:
    post(cloud_client, "one", "two")
    claimed = cloud_client.post(f"{QUEUE}/claims?limit=1", {"ttl": 60, "grace": 60}, headers=OTHER)
    assert claimed.status == 201
    (held,) = claimed.json()["messages"]
    assert held["body"] == "one"
    assert seen(cloud_client) == ["two"]
    assert seen(cloud_client, "echo=true&include_claimed=true") == ["one", "two"]
    own = held["href"].partition("?")[0]
    assert cloud_client.delete(f"/messaging{own}", headers=OTHER).status == 403
    claim = "/messaging" + claimed.headers["location"]
    assert [one["body"] for one in cloud_client.get(claim, headers=OTHER).json()["messages"]] == ["one"]
    cloud_client.cloud.clock.advance(61)
    assert cloud_client.get(claim, headers=OTHER).status == 404
    assert seen(cloud_client) == ["one", "two"]
    again = cloud_client.post(f"{QUEUE}/claims", {"ttl": 60, "grace": 60}, headers=OTHER).json()["messages"]
    assert cloud_client.delete(f"/messaging{again[0]['href']}", headers=OTHER).status == 204
    assert cloud_client.get(f"{QUEUE}/stats", headers=MINE).json()["messages"] == {
        "claimed": 1,
        "free": 0,
        "total": 1,
    }


def test_nothing_to_claim_is_no_error(cloud_client: Any) -> None:
    assert cloud_client.post(f"{QUEUE}/claims", {"ttl": 60, "grace": 60}, headers=MINE).status == 204


def test_subscriptions_live_with_their_queue(cloud_client: Any) -> None:
    path, body = f"{QUEUE}/subscriptions", {"subscriber": "http://there/x", "ttl": 600, "options": {"a": "b"}}
    made = cloud_client.post(path, body, headers=MINE).json()["subscription_id"]
    assert cloud_client.post(path, body, headers=MINE).json()["subscription_id"] == made
    assert cloud_client.request("PATCH", f"{path}/{made}", {"ttl": 900}, headers=MINE).status == 204
    shown = cloud_client.get(f"{path}/{made}", headers=MINE).json()
    assert (shown["subscriber"], shown["ttl"], shown["source"]) == ("http://there/x", 900, "one")
    assert cloud_client.delete(QUEUE, headers=MINE).status == 204
    assert cloud_client.get(path, headers=MINE).json()["subscriptions"] == []


def test_a_signature_allows_what_was_signed_and_no_more(cloud_client: Any) -> None:
    post(cloud_client, "one")
    given = cloud_client.post(f"{QUEUE}/share", {"paths": ["messages"], "methods": ["GET"]}, headers=MINE).json()
    headers = {
        **OTHER,
        "url-signature": given["signature"],
        "url-expires": given["expires"],
        "url-methods": ",".join(given["methods"]),
        "url-paths": ",".join(given["paths"]),
        "x-project-id": given["project"],
    }
    nobody = cloud_client.as_nobody()
    assert [one["body"] for one in nobody.get(f"{QUEUE}/messages", headers=headers).json()["messages"]] == ["one"]
    assert nobody.delete(f"{QUEUE}/messages?pop=1", headers=headers).status == 404
    assert nobody.get(f"{QUEUE}/claims/x", headers=headers).status == 404
    assert nobody.get(f"{QUEUES}/other/messages", headers=headers).status == 404
    forged = {**headers, "url-methods": "GET,DELETE"}
    assert nobody.delete(f"{QUEUE}/messages?pop=1", headers=forged).status == 404
    cloud_client.cloud.clock.advance(86_401)
    assert nobody.get(f"{QUEUE}/messages", headers=headers).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", QUEUES, None, {}, 400),
        ("GET", QUEUES, None, {"client-id": "me"}, 400),
        ("PUT", f"{QUEUES}/{'x' * 65}", {}, MINE, 400),
        ("PUT", f"{QUEUES}/a.b", {}, MINE, 400),
        ("PUT", QUEUE, [], MINE, 400),
        ("POST", f"{QUEUE}/messages", {"messages": []}, MINE, 400),
        ("POST", f"{QUEUE}/messages", {"messages": [{"ttl": 300}]}, MINE, 400),
        ("POST", f"{QUEUE}/messages", {"messages": [{"body": 1, "ttl": 1}]}, MINE, 400),
        ("GET", f"{QUEUE}/messages?limit=21", None, MINE, 400),
        ("DELETE", f"{QUEUE}/messages?pop=0", None, MINE, 400),
        ("DELETE", f"{QUEUE}/messages", None, MINE, 400),
        ("GET", f"{QUEUE}/messages/none", None, MINE, 404),
        ("POST", f"{QUEUE}/share", {"methods": ["TRACE"]}, MINE, 400),
        ("POST", f"{QUEUE}/subscriptions", {"subscriber": "ftp://x"}, MINE, 400),
        ("GET", f"{QUEUE}/subscriptions/none", None, MINE, 404),
    ],
)
def test_wrong_requests_are_refused(
    cloud_client: Any, method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = cloud_client.request(method, path, body, headers=headers)
    assert answer.status == status, answer.body
    assert {"title", "description"} == set(answer.json())


def test_others_do_not_see_a_queue(cloud_client: Any) -> None:
    post(cloud_client, "one")
    admin = cloud_client.as_admin()
    assert admin.get(QUEUES, headers=MINE).json()["queues"] == []
    assert admin.get(f"{QUEUE}/messages", headers=MINE).json()["messages"] == []
    assert cloud_client.as_nobody().get(f"{QUEUE}/messages", headers=MINE).status == 401


def test_messages_survive_a_restart(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path).log_in("demo", "demo")
    post(client, "one")
    client.cloud.close()
    assert seen(open_client(tmp_path).log_in("demo", "demo")) == ["one"]
