"""Volumes, snapshots, backups, attachments and types of the embedded cloud, through HTTP."""

import json
from typing import Any

import pytest

ABSENT = "11111111-1111-1111-1111-111111111111"
LATEST = {"OpenStack-API-Version": "volume 3.71"}


class Cinder:
    """Requests below one project, in one microversion; bodies are unwrapped."""

    def __init__(self, client: Any) -> None:
        self.client = client
        listed = client.get("/identity/v3/auth/tokens", headers={"x-subject-token": client.token})
        self.project = listed.json()["token"]["project"]["id"]

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        answer = self.client.request(method, f"/volume/v3/{self.project}{path}", body, headers=LATEST)
        if status is not None:
            assert answer.status == status, answer.body
        else:
            assert answer.status < 300, answer.body
        return json.loads(answer.body) if answer.body else None

    def make(self, kind: str = "volume", **fields: Any) -> Any:
        return self.call("POST", f"/{kind}s", {kind: fields})[kind]

    def show(self, id: str, kind: str = "volume") -> Any:
        return self.call("GET", f"/{kind}s/{id}")[kind]

    def act(self, id: str, body: Any, status: int = 202) -> Any:
        return self.call("POST", f"/volumes/{id}/action", body, status)

    def wait(self) -> None:
        self.client.cloud.clock.advance(60)


@pytest.fixture
def cinder(cloud_client: Any) -> Cinder:
    return Cinder(cloud_client)


@pytest.fixture
def volume(cinder: Cinder) -> Any:
    made = cinder.make(size=2, name="data", metadata={"a": "b"})
    cinder.wait()
    return cinder.show(made["id"])


def test_a_volume_is_created_becomes_available_and_goes(cinder: Cinder) -> None:
    made = cinder.make(size=1, name="data")
    assert (made["status"], made["volume_type"], made["bootable"]) == ("creating", "__DEFAULT__", "false")
    cinder.wait()
    assert cinder.show(made["id"])["status"] == "available"
    cinder.call("DELETE", f"/volumes/{made['id']}", status=202)
    assert cinder.show(made["id"])["status"] == "deleting"
    cinder.wait()
    cinder.call("GET", f"/volumes/{made['id']}", status=404)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 400, "size"),
        ({"size": 0}, 400, "minimum of 1"),
        ({"size": "abc"}, 400, "abc"),
        ({"size": 1, "volume_type": "nope"}, 404, "nope"),
        ({"size": 1, "imageRef": ABSENT}, 400, "image"),
        ({"size": 1, "snapshot_id": ABSENT}, 404, ABSENT),
        ({"size": 1, "source_volid": ABSENT}, 404, ABSENT),
        ({"size": 1, "availability_zone": "moon"}, 400, "moon"),
        ({"size": 1001}, 413, "gigabytes"),
    ],
)
def test_bad_requests_are_refused(cinder: Cinder, fields: Any, status: int, words: str) -> None:
    refused = cinder.call("POST", "/volumes", {"volume": fields}, status)
    (error,) = refused.values()
    assert error["code"] == status
    assert words in error["message"]
    assert cinder.call("GET", "/volumes")["volumes"] == []


def test_the_quota_counts_volumes_and_forgets_deleted_ones(cinder: Cinder) -> None:
    made = [cinder.make(size=1) for _ in range(10)]
    assert "overLimit" in cinder.call("POST", "/volumes", {"volume": {"size": 1}}, 413)
    cinder.wait()
    cinder.call("DELETE", f"/volumes/{made[0]['id']}")
    cinder.make(size=1)
    absolute = cinder.call("GET", "/limits")["limits"]["absolute"]
    assert (absolute["totalVolumesUsed"], absolute["totalGigabytesUsed"]) == (10, 10)


def test_a_volume_from_an_image_is_bootable_and_remembers_it(cinder: Cinder) -> None:
    (image,) = cinder.client.get("/image/v2/images?name=cirros").json()["images"]
    made = cinder.make(size=1, imageRef=image["id"])
    assert made["bootable"] == "false"
    cinder.wait()
    shown = cinder.show(made["id"])
    assert shown["bootable"] == "true"
    assert shown["volume_image_metadata"]["image_name"] == "cirros"


def test_snapshots_keep_their_volume_and_make_new_ones(cinder: Cinder, volume: Any) -> None:
    snapshot = cinder.make("snapshot", volume_id=volume["id"], name="s")
    cinder.wait()
    assert cinder.show(snapshot["id"], "snapshot")["status"] == "available"
    refused = cinder.call("DELETE", f"/volumes/{volume['id']}", status=400)
    assert "have snapshots" in refused["badRequest"]["message"]
    assert "smaller" in str(
        cinder.call("POST", "/volumes", {"volume": {"snapshot_id": snapshot["id"], "size": 1}}, 400)
    )
    assert cinder.make(snapshot_id=snapshot["id"])["size"] == 2
    cinder.call("DELETE", f"/volumes/{volume['id']}?cascade=true", status=202)
    cinder.call("GET", f"/snapshots/{snapshot['id']}", status=404)


def test_backups_are_restored_and_incremental_ones_hold_their_parent(cinder: Cinder, volume: Any) -> None:
    full = cinder.make("backup", volume_id=volume["id"], name="full")
    assert cinder.show(volume["id"])["status"] == "backing-up"
    cinder.wait()
    assert cinder.show(volume["id"])["status"] == "available"
    part = cinder.make("backup", volume_id=volume["id"], incremental=True)
    cinder.wait()
    assert cinder.show(part["id"], "backup")["is_incremental"]
    cinder.call("DELETE", f"/backups/{full['id']}", status=400)
    restored = cinder.call("POST", f"/backups/{full['id']}/restore", {"restore": {"name": "again"}}, 202)["restore"]
    assert cinder.show(restored["volume_id"])["status"] == "restoring-backup"
    cinder.wait()
    assert cinder.show(restored["volume_id"])["status"] == "available"


def test_volumes_grow_but_do_not_shrink(cinder: Cinder, volume: Any) -> None:
    cinder.act(volume["id"], {"os-extend": {"new_size": 2}}, 400)
    cinder.act(volume["id"], {"os-extend": {"new_size": 5}})
    assert cinder.show(volume["id"])["status"] == "extending"
    cinder.wait()
    shown = cinder.show(volume["id"])
    assert (shown["size"], shown["status"]) == (5, "available")


def test_a_retype_changes_the_type_after_a_while(cinder: Cinder, volume: Any) -> None:
    cinder.act(volume["id"], {"os-retype": {"new_type": "__DEFAULT__"}}, 400)
    cinder.act(volume["id"], {"os-retype": {"new_type": "standard"}})
    cinder.wait()
    assert cinder.show(volume["id"])["volume_type"] == "standard"


def test_an_attachment_makes_the_volume_in_use_until_it_ends(cinder: Cinder, volume: Any) -> None:
    wanted = {"attachment": {"volume_uuid": volume["id"], "instance_uuid": ABSENT}}
    held = cinder.call("POST", "/attachments", wanted)["attachment"]
    assert cinder.show(volume["id"])["status"] == "reserved"
    cinder.call("POST", "/attachments", wanted, 400)
    cinder.call("PUT", f"/attachments/{held['id']}", {"attachment": {"connector": {"host": "here"}}})
    cinder.call("POST", f"/attachments/{held['id']}/action", {"os-complete": None}, 204)
    shown = cinder.show(volume["id"])
    assert (shown["status"], shown["attachments"][0]["server_id"]) == ("in-use", ABSENT)
    cinder.call("DELETE", f"/volumes/{volume['id']}", status=400)
    cinder.call("DELETE", f"/attachments/{held['id']}")
    assert cinder.show(volume["id"])["status"] == "available"


def test_a_volume_in_use_attaches_twice_only_when_its_type_says_so(cinder: Cinder) -> None:
    admin = Cinder(cinder.client.as_admin())
    admin.call("POST", "/types", {"volume_type": {"name": "many", "extra_specs": {"multiattach": "<is> True"}}})
    made = cinder.make(size=1, volume_type="many")
    cinder.wait()
    for _ in range(2):
        cinder.call("POST", "/attachments", {"attachment": {"volume_uuid": made["id"]}})


def test_only_a_type_lets_several_servers_attach_a_volume(cinder: Cinder) -> None:
    refused = cinder.call("POST", "/volumes", {"volume": {"size": 1, "multiattach": True}}, 400)
    assert "multiattach volume type" in refused["badRequest"]["message"]
    assert cinder.make(size=1, multiattach=False)["multiattach"] is False


def test_metadata_and_the_readonly_flag_are_apart(cinder: Cinder, volume: Any) -> None:
    path = f"/volumes/{volume['id']}/metadata"
    cinder.act(volume["id"], {"os-update_readonly_flag": {"readonly": True}})
    assert cinder.call("PUT", path, {"metadata": {"x": "y"}}) == {"metadata": {"x": "y"}}
    assert cinder.show(volume["id"])["metadata"] == {"x": "y", "readonly": "True"}
    cinder.call("DELETE", path + "/nope", status=404)


def test_lists_are_filtered_sorted_and_cut_into_pages(cinder: Cinder) -> None:
    names = ["a", "b", "c"]
    for name in names:
        cinder.make(size=1, name=name, metadata={"of": name})
    cinder.wait()
    seen, url = [], "/volumes/detail?limit=2&sort=name:asc"
    while url:
        page = cinder.call("GET", url)
        seen += [volume["name"] for volume in page["volumes"]]
        links = page.get("volumes_links")
        url = links[0]["href"].partition(cinder.project)[2] if links else ""
    assert seen == names
    assert [each["name"] for each in cinder.call("GET", "/volumes?name=b")["volumes"]] == ["b"]
    assert [each["name"] for each in cinder.call("GET", "/volumes?metadata={'of':'c'}")["volumes"]] == ["c"]
    assert cinder.call("GET", "/volumes/summary")["volume-summary"]["total_count"] == 3
    cinder.call("GET", "/volumes?sort=bogus:asc", status=400)
    cinder.call("GET", f"/volumes?marker={ABSENT}", status=404)


def test_projects_do_not_see_each_other(cinder: Cinder, volume: Any) -> None:
    admin = Cinder(cinder.client.as_admin())
    assert admin.call("GET", "/volumes")["volumes"] == []
    assert [each["id"] for each in admin.call("GET", "/volumes?all_tenants=1")["volumes"]] == [volume["id"]]
    answer = cinder.client.get(f"/volume/v3/{admin.project}/volumes")
    assert answer.status == 400


def test_types_are_for_admins_to_manage_and_private_ones_for_those_let_in(cinder: Cinder) -> None:
    cinder.call("POST", "/types", {"volume_type": {"name": "mine"}}, 403)
    admin = Cinder(cinder.client.as_admin())
    private = {"name": "mine", "os-volume-type-access:is_public": False}
    made = admin.call("POST", "/types", {"volume_type": private})["volume_type"]
    admin.call("POST", "/types", {"volume_type": private}, 409)
    cinder.call("GET", f"/types/{made['id']}", status=404)
    admin.call("POST", f"/types/{made['id']}/action", {"addProjectAccess": {"project": cinder.project}}, 202)
    assert cinder.call("GET", f"/types/{made['id']}")["volume_type"]["name"] == "mine"
    encryption = {"provider": "luks", "control_location": "front-end", "cipher": None, "key_size": 256}
    admin.call("POST", f"/types/{made['id']}/encryption", {"encryption": encryption})
    assert cinder.make(size=1, volume_type="mine")["encrypted"]
    admin.call("DELETE", f"/types/{made['id']}", status=400)


def test_qos_specs_in_use_stay(cinder: Cinder) -> None:
    admin = Cinder(cinder.client.as_admin())
    qos = admin.call("POST", "/qos-specs", {"qos_specs": {"name": "fast", "iops": "9"}})["qos_specs"]
    chosen = admin.call("GET", "/types")["volume_types"][0]
    admin.call("GET", f"/qos-specs/{qos['id']}/associate?vol_type_id={chosen['id']}", status=202)
    admin.call("DELETE", f"/qos-specs/{qos['id']}", status=400)
    admin.call("GET", f"/qos-specs/{qos['id']}/disassociate?vol_type_id={chosen['id']}", status=202)
    admin.call("DELETE", f"/qos-specs/{qos['id']}", status=202)


def test_a_transfer_hands_a_volume_to_whoever_has_the_key(cinder: Cinder, volume: Any) -> None:
    admin = Cinder(cinder.client.as_admin())
    offer = cinder.call("POST", "/volume-transfers", {"transfer": {"volume_id": volume["id"]}}, 202)["transfer"]
    assert cinder.show(volume["id"])["status"] == "awaiting-transfer"
    admin.call("POST", f"/volume-transfers/{offer['id']}/accept", {"accept": {"auth_key": "wrong"}}, 400)
    key = {"accept": {"auth_key": offer["auth_key"]}}
    admin.call("POST", f"/volume-transfers/{offer['id']}/accept", key, 202)
    cinder.call("GET", f"/volumes/{volume['id']}", status=404)
    assert admin.show(volume["id"])["status"] == "available"


def test_a_volume_becomes_an_image(cinder: Cinder, volume: Any) -> None:
    body = cinder.act(volume["id"], {"os-volume_upload_image": {"image_name": "made"}})
    image = cinder.client.get(f"/image/v2/images/{body['os-volume_upload_image']['image_id']}").json()
    assert (image["name"], image["status"], image["min_disk"]) == ("made", "active", 2)


def test_a_fault_makes_a_volume_end_in_error(cinder: Cinder) -> None:
    cinder.client.cloud.faults.add({"service": "cinder", "kind": "volume_error", "match": "^bad"})
    made = cinder.make(size=1, name="bad one")
    cinder.wait()
    assert cinder.show(made["id"])["status"] == "error"


@pytest.mark.parametrize(
    ("version", "status"), [("3.0", 200), ("latest", 200), ("3.72", 406), ("2.0", 406), ("x", 400)]
)
def test_microversions_are_negotiated(cinder: Cinder, version: str, status: int) -> None:
    headers = {"OpenStack-API-Version": f"volume {version}"}
    answer = cinder.client.get(f"/volume/v3/{cinder.project}/limits", headers=headers)
    assert answer.status == status
    if status == 200:
        expected = "3.71" if version == "latest" else version
        assert answer.headers["openstack-api-version"] == f"volume {expected}"


def test_volumes_survive_a_restart(open_client: Any, tmp_path: Any) -> None:
    first = open_client(tmp_path)
    made = Cinder(first.log_in("demo", "demo")).make(size=1, name="kept")
    first.cloud.close()
    again = open_client(tmp_path).log_in("demo", "demo")
    cinder = Cinder(again)
    cinder.wait()
    assert cinder.show(made["id"])["status"] == "available"
