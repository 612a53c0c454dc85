"""Accounts, containers and objects by requests."""

import hmac
import pathlib
import time
from collections.abc import Callable
from typing import Any

import pytest

HELLO = "5d41402abc4b2a76b9719d911017c592"


def account(client: Any) -> str:
    token = client.get("/identity/v3/auth/tokens", headers={"x-subject-token": client.token}).json()["token"]
    return f"/object-store/v1/AUTH_{token['project']['id']}"


@pytest.fixture
def url(cloud_client: Any) -> str:
    """A container of demo, holding nothing."""
    place = account(cloud_client) + "/box"
    assert cloud_client.put(place).status == 201
    return place


def put(client: Any, url: str, content: bytes = b"hello", **headers: str) -> Any:
    return client.put(url, data=content, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_accounts_make_themselves_and_count_what_they_hold(cloud_client: Any) -> None:
    place = account(cloud_client)
    assert cloud_client.get(place).status == 204
    cloud_client.put(f"{place}/b")
    cloud_client.put(f"{place}/a")
    put(cloud_client, f"{place}/a/x")
    answer = cloud_client.get(place)
    assert (answer.status, answer.body) == (200, b"a\nb\n")
    assert answer.headers["x-account-container-count"] == "2"
    assert (answer.headers["x-account-object-count"], answer.headers["x-account-bytes-used"]) == ("1", "5")
    entries = cloud_client.get(f"{place}?format=json").json()
    assert [(each["name"], each["count"], each["bytes"]) for each in entries] == [("a", 1, 5), ("b", 0, 0)]


def test_containers(cloud_client: Any, url: str) -> None:
    assert cloud_client.put(url).status == 202
    put(cloud_client, f"{url}/x")
    assert cloud_client.delete(url).status == 409
    cloud_client.delete(f"{url}/x")
    assert cloud_client.request("HEAD", url).headers["x-container-object-count"] == "0"
    assert cloud_client.delete(url).status == 204
    assert cloud_client.delete(url).status == 404
    answer = cloud_client.get(url)
    assert answer.status == 404 and answer.body.startswith(b"<html><h1>Not Found</h1>")


def test_metadata_of_containers_is_set_and_removed_one_by_one(cloud_client: Any, url: str) -> None:
    cloud_client.post(url, headers={"x-container-meta-color": "red", "x-container-meta-size": "big"})
    cloud_client.post(url, headers={"x-remove-container-meta-size": "x", "x-container-read": ".r:*"})
    headers = cloud_client.request("HEAD", url).headers
    assert headers["x-container-meta-color"] == "red" and "x-container-meta-size" not in headers
    assert headers["x-container-read"] == ".r:*"
    cloud_client.post(url, headers={"x-container-meta-color": "", "x-remove-container-read": "x"})
    headers = cloud_client.request("HEAD", url).headers
    assert "x-container-meta-color" not in headers and "x-container-read" not in headers


def test_objects(cloud_client: Any, url: str) -> None:
    place = f"{url}/a/b//c.txt"
    answer = put(cloud_client, place, x_object_meta_color="red", content_encoding="none")
    assert (answer.status, answer.headers["etag"]) == (201, HELLO)
    shown = cloud_client.get(place)
    assert (shown.status, shown.body, shown.headers["content-type"]) == (200, b"hello", "text/plain")
    assert (shown.headers["x-object-meta-color"], shown.headers["content-encoding"]) == ("red", "none")
    head = cloud_client.request("HEAD", place)
    assert (head.status, head.headers["content-length"], head.body) == (200, "5", b"")
    assert cloud_client.post(place, headers={"x-object-meta-shape": "round"}).status == 202
    headers = cloud_client.request("HEAD", place).headers
    assert headers["x-object-meta-shape"] == "round" and "x-object-meta-color" not in headers
    assert cloud_client.delete(place).status == 204
    assert cloud_client.delete(place).status == 404
    assert put(cloud_client, f"{account(cloud_client)}/nowhere/x").status == 404


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=1-2", 206, b"el"),
        ("bytes=3-", 206, b"lo"),
        ("bytes=-2", 206, b"lo"),
        ("bytes=-99", 206, b"hello"),
        ("bytes=2-99", 206, b"llo"),
        ("nonsense", 200, b"hello"),
    ],
)
def test_ranges(cloud_client: Any, url: str, asked: str, status: int, content: bytes) -> None:
    put(cloud_client, f"{url}/x")
    answer = cloud_client.get(f"{url}/x", headers={"range": asked})
    assert (answer.status, answer.body) == (status, content)


def test_a_range_beyond_the_end(cloud_client: Any, url: str) -> None:
    put(cloud_client, f"{url}/x")
    answer = cloud_client.get(f"{url}/x", headers={"range": "bytes=5-9"})
    assert answer.status == 416 and answer.headers["content-range"] == "bytes */5"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-match": HELLO}, 200),
        ({"if-match": "other"}, 412),
        ({"if-none-match": f'"{HELLO}"'}, 304),
        ({"if-none-match": "other"}, 200),
    ],
)
def test_conditions(cloud_client: Any, url: str, headers: dict[str, str], status: int) -> None:
    put(cloud_client, f"{url}/x")
    assert cloud_client.get(f"{url}/x", headers=headers).status == status


def test_uploads_are_checked(cloud_client: Any, url: str) -> None:
    assert put(cloud_client, f"{url}/x", etag="wrong").status == 422
    assert cloud_client.get(f"{url}/x").status == 404
    assert put(cloud_client, f"{url}/x", etag=HELLO).status == 201
    assert put(cloud_client, f"{url}/x", if_none_match="*").status == 412
    assert put(cloud_client, f"{url}/{'n' * 1025}").status == 400
    assert put(cloud_client, f"{url}/y", x_object_meta_long="v" * 257).status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b/1", "b/2", "c/d/1", "c/d/2"]),
        ("prefix=b", ["b/1", "b/2"]),
        ("delimiter=/", ["a", "b/", "c/"]),
        ("delimiter=/&prefix=c/", ["c/d/"]),
        ("limit=2", ["a", "b/1"]),
        ("limit=2&marker=b/1", ["b/2", "c/d/1"]),
        ("end_marker=b/2", ["a", "b/1"]),
        ("reverse=true&limit=1", ["c/d/2"]),
        ("path=b", ["b/1", "b/2"]),
        ("delimiter=/&marker=b/", ["c/"]),
    ],
)
def test_listings(cloud_client: Any, url: str, query: str, expected: list[str]) -> None:
    for name in ("c/d/2", "b/1", "a", "b/2", "c/d/1"):
        put(cloud_client, f"{url}/{name}")
    assert cloud_client.get(f"{url}?{query}").body.decode().split() == expected
    entries = cloud_client.get(f"{url}?{query}&format=json").json()
    assert [each.get("name", each.get("subdir")) for each in entries] == expected
    assert cloud_client.get(f"{url}?{query}&format=xml").body.count(b"<name>") == len(expected)


def test_a_limit_beyond_the_servers(cloud_client: Any, url: str) -> None:
    assert cloud_client.get(f"{url}?limit=10001").status == 412


def test_copies_take_metadata_along(cloud_client: Any, url: str) -> None:
    put(cloud_client, f"{url}/x", x_object_meta_color="red")
    answer = cloud_client.request("COPY", f"{url}/x", headers={"destination": "/box/y"})
    assert (answer.status, answer.headers["x-copied-from"]) == (201, "box/x")
    assert put(cloud_client, f"{url}/z", b"", x_copy_from="/box/x", x_object_meta_color="blue").status == 201
    cloud_client.delete(f"{url}/x")
    shown = [cloud_client.get(f"{url}/{name}") for name in "yz"]
    assert [(each.body, each.headers["x-object-meta-color"]) for each in shown] == [
        (b"hello", "red"),
        (b"hello", "blue"),
    ]
    assert cloud_client.request("COPY", f"{url}/nope", headers={"destination": "box/y"}).status == 404
    assert cloud_client.request("COPY", f"{url}/y", headers={"destination": "box"}).status == 412


def test_versions_come_back_when_the_newest_is_deleted(cloud_client: Any, url: str) -> None:
    place = account(cloud_client)
    cloud_client.put(f"{place}/old")
    cloud_client.post(url, headers={"x-versions-location": "old"})
    for content in (b"one", b"two", b"three"):
        put(cloud_client, f"{url}/x", content)
        cloud_client.cloud.clock.advance(1)
    names = cloud_client.get(f"{place}/old").body.decode().split()
    assert len(names) == 2 and all(name.startswith("001x/") for name in names)
    assert cloud_client.get(f"{url}/x").body == b"three"
    cloud_client.delete(f"{url}/x")
    assert cloud_client.get(f"{url}/x").body == b"two"
    cloud_client.delete(f"{url}/x")
    assert cloud_client.get(f"{url}/x").body == b"one"
    cloud_client.delete(f"{url}/x")
    assert cloud_client.get(f"{url}/x").status == 404
    assert cloud_client.get(f"{place}/old").status == 204


def test_objects_expire(cloud_client: Any, url: str) -> None:
    put(cloud_client, f"{url}/x", x_delete_after="60")
    assert cloud_client.get(f"{url}/x").status == 200
    cloud_client.cloud.clock.advance(61)
    assert cloud_client.get(f"{url}/x").status == 404
    assert cloud_client.get(url).status == 204
    assert cloud_client.delete(url).status == 204


def test_strangers_get_in_by_access_lists_only(cloud_client: Any, url: str) -> None:
    put(cloud_client, f"{url}/x")
    stranger = cloud_client.log_in("heat", "service")
    cloud_client.token, token = None, cloud_client.token
    assert cloud_client.get(f"{url}/x").status == 401
    assert stranger.get(f"{url}/x").status == 403
    owner = {"x-auth-token": token}
    cloud_client.post(url, headers={**owner, "x-container-read": ".r:*"})
    assert cloud_client.get(f"{url}/x").body == b"hello"
    assert cloud_client.get(url).status == 401, "listing needs .rlistings"
    assert cloud_client.delete(f"{url}/x").status == 401
    project = stranger.get("/identity/v3/auth/projects").json()["projects"][0]["id"]
    lists = {"x-container-read": f"{project}:*", "x-container-write": f"{project}:heat"}
    cloud_client.post(url, headers={**owner, **lists})
    assert cloud_client.get(f"{url}/x").status == 401
    assert stranger.get(url).body == b"x\n"
    assert stranger.put(f"{url}/y", data=b"y").status == 201
    assert stranger.delete(url).status == 403, "the container stays the owner's"


def signed(url: str, method: str, key: str, expires: int, digest: str = "sha256", place: str = "") -> str:
    path = place or url.removeprefix("/object-store")
    signature = hmac.new(key.encode(), f"{method}\n{expires}\n{path}".encode(), digest).hexdigest()
    return f"{url}?temp_url_sig={signature}&temp_url_expires={expires}"


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_signed_urls_work_without_a_token(cloud_client: Any, url: str, digest: str) -> None:
    cloud_client.post(account(cloud_client), headers={"x-account-meta-temp-url-key": "key"})
    put(cloud_client, f"{url}/x")
    cloud_client.token = None
    later = int(time.time()) + 600
    good = signed(f"{url}/x", "GET", "key", later, digest)
    assert cloud_client.get(good).body == b"hello"
    assert cloud_client.request("HEAD", good).status == 200
    assert cloud_client.put(signed(f"{url}/y", "PUT", "key", later, digest), data=b"y").status == 201
    whole = signed(f"{url}/x", "GET", "key", later, digest, place=f"{url}/x")
    assert cloud_client.get(whole).status == 200, "signed with the place where the service is mounted"


@pytest.mark.parametrize(
    ("method", "key", "expires_in"), [("GET", "wrong", 600), ("GET", "key", -1), ("PUT", "key", 600)]
)
def test_wrongly_signed_urls_are_refused(cloud_client: Any, url: str, method: str, key: str, expires_in: int) -> None:
    cloud_client.post(account(cloud_client), headers={"x-account-meta-temp-url-key": "key"})
    put(cloud_client, f"{url}/x")
    cloud_client.token = None
    assert cloud_client.get(signed(f"{url}/x", method, key, int(time.time()) + expires_in)).status == 401


def test_bodies_survive_a_restart_and_go_with_objects(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path).log_in("demo", "demo")
    url = account(client) + "/box"
    client.put(url)
    put(client, f"{url}/big", b"x" * 1_000_000)
    client.request("COPY", f"{url}/big", headers={"destination": "box/copy"})
    put(client, f"{url}/big", b"small")
    client.cloud.close()
    again = open_client(tmp_path).log_in("demo", "demo")
    assert again.get(f"{url}/big").body == b"small"
    assert again.get(f"{url}/copy", headers={"range": "bytes=999998-"}).body == b"xx"
    assert again.delete(f"{url}/copy").status == 204
    assert again.delete(f"{url}/big").status == 204
    assert list((tmp_path / "objects").iterdir()) == []


def test_info_tells_the_limits_without_a_token(open_client: Callable[..., Any]) -> None:
    assert open_client().get("/object-store/info").json()["swift"]["container_listing_limit"] == 10_000
