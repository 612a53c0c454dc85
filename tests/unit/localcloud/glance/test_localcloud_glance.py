"""Images by requests: their life, their data, who sees them, and lists."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

IMAGES = "/image/v2/images"
PATCH = {"content-type": "application/openstack-images-v2.1-json-patch"}
BINARY = {"content-type": "application/octet-stream"}
FORMATS = {"disk_format": "raw", "container_format": "bare"}


def create(client: Any, **given: Any) -> dict[str, Any]:
    answer = client.post(IMAGES, {**FORMATS, **given})
    assert answer.status == 201, answer.body
    image: dict[str, Any] = answer.json()
    return image


def upload(client: Any, id: str, content: bytes) -> int:
    status: int = client.put(f"{IMAGES}/{id}/file", data=content, headers=BINARY).status
    return status


def patch(client: Any, id: str, *operations: dict[str, Any]) -> Any:
    return client.patch(f"{IMAGES}/{id}", list(operations), headers=PATCH)


def listed(client: Any, query: str = "") -> list[str]:
    return [image["name"] for image in client.get(f"{IMAGES}?{query}").json()["images"]]


def test_a_fresh_cloud_has_two_public_images_ready_for_use(cloud_client: Any) -> None:
    images = cloud_client.get(IMAGES + "?visibility=public").json()["images"]
    assert {(each["name"], each["status"], each["disk_format"]) for each in images} == {
        ("cirros", "active", "qcow2"),
        ("cirros-0.3.5", "active", "qcow2"),
    }


def test_an_image_gets_its_data_once_and_gives_it_back(cloud_client: Any) -> None:
    image = create(cloud_client, name="disk", arch="x86")
    assert (image["status"], image["size"], image["arch"], image["visibility"]) == ("queued", None, "x86", "shared")
    path = f"{IMAGES}/{image['id']}/file"
    assert cloud_client.get(path).status == 204
    assert upload(cloud_client, image["id"], b"hello") == 204
    shown = cloud_client.get(f"{IMAGES}/{image['id']}").json()
    assert (shown["status"], shown["size"], shown["checksum"]) == ("active", 5, "5d41402abc4b2a76b9719d911017c592")
    whole, part = cloud_client.get(path), cloud_client.get(path, headers={"range": "bytes=1-2"})
    assert (whole.status, whole.body) == (200, b"hello")
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"el", "bytes 1-2/5")
    assert upload(cloud_client, image["id"], b"again") == 409
    assert cloud_client.delete(f"{IMAGES}/{image['id']}").status == 204
    assert cloud_client.get(path).status == 404


def test_data_survives_a_restart(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path).log_in("demo", "demo")
    id = create(client, name="disk")["id"]
    upload(client, id, b"x" * 1_000_000)
    client.cloud.close()
    again = open_client(tmp_path).log_in("demo", "demo")
    assert again.get(f"{IMAGES}/{id}/file").body == b"x" * 1_000_000
    assert again.delete(f"{IMAGES}/{id}").status == 204
    assert not (tmp_path / "images" / id).exists()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"id": "not-a-uuid"}, 400),
        ({"disk_format": "floppy"}, 400),
        ({"min_ram": -1}, 400),
        ({"min_ram": "many"}, 400),
        ({"free": 1}, 400),
        ({"name": "n" * 256}, 400),
        ({"tags": [1]}, 400),
        ({"status": "active"}, 403),
        ({"visibility": "public"}, 403),
        ({"owner": "somebody"}, 403),
        ({"name": None}, 201),
    ],
)
def test_what_images_may_be_created_with(cloud_client: Any, given: dict[str, Any], status: int) -> None:
    answer = cloud_client.post(IMAGES, given)
    assert answer.status == status
    if status != 201:
        assert answer.headers["content-type"].startswith("text/html") and f"{status} ".encode() in answer.body


def test_a_chosen_id_is_used_and_cannot_be_used_twice(cloud_client: Any) -> None:
    id = "6341fdeb-d2df-4891-8665-5ad50a2275fd"
    assert create(cloud_client, id=id)["id"] == id
    assert cloud_client.post(IMAGES, {"id": id}).status == 409


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "replace", "path": "/name", "value": "new"}, 200),
        ({"op": "add", "path": "/fresh", "value": "v"}, 200),
        ({"op": "remove", "path": "/arch"}, 200),
        ({"op": "remove", "path": "/fresh"}, 409),
        ({"op": "replace", "path": "/fresh", "value": "v"}, 409),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "replace", "path": "/min_disk", "value": "big"}, 400),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "move", "path": "/name"}, 400),
        ({"op": "replace", "path": "/name"}, 400),
    ],
)
def test_patches(cloud_client: Any, operation: dict[str, Any], status: int) -> None:
    image = create(cloud_client, name="old", arch="x86")
    answer = patch(cloud_client, image["id"], operation)
    assert answer.status == status
    shown = cloud_client.get(f"{IMAGES}/{image['id']}").json()
    if status == 200:
        assert shown.get(operation["path"][1:]) == operation.get("value")
    else:
        assert (shown["name"], shown["arch"]) == ("old", "x86")


def test_patches_need_their_content_type(cloud_client: Any) -> None:
    assert cloud_client.patch(f"{IMAGES}/{create(cloud_client)['id']}", []).status == 415


def test_protected_images_stay(cloud_client: Any) -> None:
    id = create(cloud_client, protected=True)["id"]
    assert cloud_client.delete(f"{IMAGES}/{id}").status == 403
    patch(cloud_client, id, {"op": "replace", "path": "/protected", "value": False})
    assert cloud_client.delete(f"{IMAGES}/{id}").status == 204


def test_a_web_download_takes_its_time(open_client: Callable[..., Any]) -> None:
    client = open_client(image_seconds=10).log_in("demo", "demo")
    id = create(client, name="web")["id"]
    path = f"{IMAGES}/{id}"
    method = {"name": "web-download", "uri": "https://images.test/disk.img"}
    assert client.post(f"{path}/import", {"method": {**method, "uri": "file:///etc/passwd"}}).status == 400
    assert client.post(f"{path}/import", {"method": method}).status == 202
    assert client.get(path).json()["status"] == "importing"
    assert client.post(f"{path}/import", {"method": method}).status == 409
    client.cloud.clock.advance(11)
    shown = client.get(path).json()
    assert shown["status"] == "active" and shown["size"] > 0 and "import" not in shown


def test_a_failed_import_leaves_the_image_queued(cloud_client: Any) -> None:
    cloud_client.post("/admin/faults", {"service": "glance", "kind": "import_error", "match": "^bad"})
    id = create(cloud_client, name="bad disk")["id"]
    cloud_client.post(f"{IMAGES}/{id}/import", {"method": {"name": "web-download", "uri": "http://x.test/"}})
    cloud_client.cloud.clock.advance(60)
    shown = cloud_client.get(f"{IMAGES}/{id}").json()
    assert (shown["status"], shown["os_glance_failed_import"]) == ("queued", "file")


def test_staged_data_is_imported(cloud_client: Any) -> None:
    id = create(cloud_client)["id"]
    assert cloud_client.post(f"{IMAGES}/{id}/import", {"method": {"name": "glance-direct"}}).status == 409
    assert cloud_client.put(f"{IMAGES}/{id}/stage", data=b"staged", headers=BINARY).status == 204
    assert cloud_client.get(f"{IMAGES}/{id}").json()["status"] == "uploading"
    assert cloud_client.post(f"{IMAGES}/{id}/import", {"method": {"name": "glance-direct"}}).status == 202
    cloud_client.cloud.clock.advance(60)
    assert cloud_client.get(f"{IMAGES}/{id}/file").body == b"staged"


def test_data_needs_formats_first(cloud_client: Any) -> None:
    id = cloud_client.post(IMAGES, {"name": "bare"}).json()["id"]
    assert upload(cloud_client, id, b"x") == 400


def test_others_see_what_is_public_or_shared_with_them(cloud_client: Any) -> None:
    other = cloud_client.as_admin()
    made = other.post("/identity/v3/users", {"user": {"name": "u1", "password": "pw"}}).json()["user"]
    project = other.post("/identity/v3/projects", {"project": {"name": "p1"}}).json()["project"]
    role = other.get("/identity/v3/roles?name=member").json()["roles"][0]
    other.put(f"/identity/v3/projects/{project['id']}/users/{made['id']}/roles/{role['id']}")
    stranger = cloud_client.log_in("u1", "p1", "pw")
    id = create(cloud_client, name="shared")["id"]
    path, members = f"{IMAGES}/{id}", f"{IMAGES}/{id}/members"
    assert stranger.get(path).status == 404
    assert cloud_client.post(members, {"member": project["id"]}).json()["status"] == "pending"
    assert cloud_client.post(members, {"member": project["id"]}).status == 409
    assert stranger.get(path).status == 200 and "shared" not in listed(stranger)
    assert cloud_client.put(f"{members}/{project['id']}", {"status": "accepted"}).status == 403
    assert stranger.put(f"{members}/{project['id']}", {"status": "accepted"}).status == 200
    assert "shared" in listed(stranger)
    assert stranger.delete(path).status == 403
    assert patch(stranger, id, {"op": "replace", "path": "/name", "value": "mine"}).status == 403
    assert cloud_client.delete(f"{members}/{project['id']}").status == 204
    assert stranger.get(path).status == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=b", ["b"]),
        ("name=in:a,c&sort=name:asc", ["a", "c"]),
        ("tag=t1&sort=name:asc", ["a", "b"]),
        ("tag=t1&tag=t2", ["b"]),
        ("color=red", ["a"]),
        ("status=active&owner=nobody", []),
        ("visibility=private", ["c"]),
        ("size_min=1000", []),
        ("sort_key=name&sort_dir=asc&limit=2", ["a", "b"]),
        ("sort=name:desc&visibility=shared", ["b", "a"]),
        ("protected=true", ["c"]),
        ("os_hidden=true", ["hidden"]),
    ],
)
def test_lists(cloud_client: Any, query: str, expected: list[str]) -> None:
    create(cloud_client, name="a", tags=["t1"], color="red")
    create(cloud_client, name="b", tags=["t2", "t1"])
    create(cloud_client, name="c", visibility="private", protected=True)
    create(cloud_client, name="hidden", os_hidden=True)
    assert listed(cloud_client, query) == expected


@pytest.mark.parametrize("query", ["visibility=bogus", "sort=nonsense:asc", "limit=x", "marker=nowhere", "size_min=x"])
def test_wrong_list_queries(cloud_client: Any, query: str) -> None:
    assert cloud_client.get(f"{IMAGES}?{query}").status == 400


def test_pages_lead_through_all_images(cloud_client: Any) -> None:
    for number in range(5):
        create(cloud_client, name=f"i{number}")
    url, seen = f"{IMAGES}?limit=2&visibility=shared", []
    while url:
        body = cloud_client.get(url).json()
        seen += [image["name"] for image in body["images"]]
        url = "/image" + body["next"] if "next" in body else ""
    assert sorted(seen) == [f"i{number}" for number in range(5)]


def test_tags(cloud_client: Any) -> None:
    id = create(cloud_client)["id"]
    assert cloud_client.put(f"{IMAGES}/{id}/tags/t1").status == 204
    assert cloud_client.get(f"{IMAGES}/{id}").json()["tags"] == ["t1"]
    assert cloud_client.delete(f"{IMAGES}/{id}/tags/t1").status == 204
    assert cloud_client.delete(f"{IMAGES}/{id}/tags/t1").status == 404


def test_deactivated_images_keep_their_data_to_themselves(cloud_client: Any) -> None:
    id = create(cloud_client)["id"]
    upload(cloud_client, id, b"x")
    assert cloud_client.post(f"{IMAGES}/{id}/actions/deactivate").status == 204
    assert cloud_client.get(f"{IMAGES}/{id}/file").status == 403
    assert cloud_client.post(f"{IMAGES}/{id}/actions/reactivate").status == 204
    assert cloud_client.get(f"{IMAGES}/{id}/file").body == b"x"


def test_what_clients_ask_first(cloud_client: Any) -> None:
    assert cloud_client.get("/image/").status == 300
    assert cloud_client.get("/image/versions").json()["versions"][0]["status"] == "CURRENT"
    assert "web-download" in cloud_client.get("/image/v2/info/import").json()["import-methods"]["value"]
    assert cloud_client.get("/image/v2/info/stores").json()["stores"][0]["id"] == "file"
    assert cloud_client.get("/image/v2/schemas/image").json()["name"] == "image"
    assert cloud_client.get("/image/v2/tasks").status == 403
