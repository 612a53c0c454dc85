"""Servers of the embedded cloud through HTTP: creation, life, actions, lists."""

from typing import Any

import pytest

ABSENT = "11111111-1111-1111-1111-111111111111"


def test_a_server_is_built_runs_and_goes(nova: Any) -> None:
    server = nova.boot(wait=False, metadata={"a": "b"})
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("BUILD", "spawning")
    nova.wait()
    server = nova.show(server["id"])
    assert (server["status"], server["OS-EXT-STS:power_state"], server["metadata"]) == ("ACTIVE", 1, {"a": "b"})
    assert server["flavor"]["original_name"] == "m1.tiny"
    (port,) = nova.ports(server)
    (address,) = server["addresses"]["private"]
    assert address["addr"] == port["fixed_ips"][0]["ip_address"]
    assert server["security_groups"] == [{"name": "default"}]
    nova.call("DELETE", f"/servers/{server['id']}", status=204)
    assert nova.show(server["id"])["OS-EXT-STS:task_state"] == "deleting"
    assert nova.client.get(f"/network/v2.0/ports/{port['id']}").status == 404
    nova.wait()
    nova.call("GET", f"/servers/{server['id']}", status=404)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"name": None}, 400, "name"),
        ({"name": ""}, 400, "non-empty"),
        ({"networks": None}, 400, "networks"),
        ({"flavorRef": "nope"}, 400, "Flavor nope"),
        ({"imageRef": ABSENT}, 400, "image"),
        ({"imageRef": "cirros"}, 400, "imageRef"),
        ({"imageRef": None}, 400, "imageRef"),
        ({"key_name": "nope"}, 400, "key_name"),
        ({"networks": [{"uuid": ABSENT}]}, 400, ABSENT),
        ({"networks": [{"port": ABSENT}]}, 400, ABSENT),
        ({"security_groups": [{"name": "nope"}]}, 400, "nope"),
        ({"availability_zone": "moon"}, 400, "zone"),
        ({"min_count": 3, "max_count": 2}, 400, "min_count"),
        ({"bogus": 1}, 400, "bogus"),
        ({"max_count": 11, "min_count": 11}, 403, "instances"),
        ({"flavorRef": "5", "min_count": 3}, 403, "cores"),
    ],
)
def test_bad_requests_create_nothing(nova: Any, fields: Any, status: int, words: str) -> None:
    assert words in nova.refused("POST", "/servers", nova.wanted(**fields), status)
    assert nova.call("GET", "/servers")["servers"] == []


def test_the_only_usable_network_is_taken_and_two_are_ambiguous(nova: Any) -> None:
    assert list(nova.at("2.1").boot(networks=None)["addresses"]) == ["private"]
    assert list(nova.boot(networks="auto")["addresses"]) == ["private"]
    assert nova.boot(networks="none")["addresses"] == {}
    nova.client.post("/network/v2.0/networks", {"network": {"name": "other"}})
    nova.at("2.1").call("POST", "/servers", nova.wanted(networks=None), 409)


def test_a_port_belongs_to_one_server_and_outlives_it(nova: Any) -> None:
    body = {"port": {"network_id": nova.network(), "name": "mine"}}
    port = nova.client.post("/network/v2.0/ports", body).json()["port"]
    server = nova.boot(networks=[{"port": port["id"]}])
    nova.call("POST", "/servers", nova.wanted(networks=[{"port": port["id"]}]), 409)
    nova.call("DELETE", f"/servers/{server['id']}", status=204)
    assert nova.client.get(f"/network/v2.0/ports/{port['id']}").json()["port"]["device_id"] == ""


def test_a_fixed_ip_is_taken_and_one_from_elsewhere_ends_in_error(nova: Any) -> None:
    own = nova.client.post("/network/v2.0/networks", {"network": {"name": "own"}}).json()["network"]
    subnet = {"network_id": own["id"], "ip_version": 4, "cidr": "192.168.7.0/24"}
    nova.client.post("/network/v2.0/subnets", {"subnet": subnet})
    server = nova.boot(networks=[{"uuid": own["id"], "fixed_ip": "192.168.7.77"}])
    assert server["addresses"]["own"][0]["addr"] == "192.168.7.77"
    failed = nova.boot(networks=[{"uuid": own["id"], "fixed_ip": "1.2.3.4"}])
    assert failed["status"] == "ERROR"
    assert failed["fault"]["code"] == 500
    assert nova.ports(failed) == []


def test_a_fault_ends_the_build_with_its_message(nova: Any) -> None:
    rule = {"service": "nova", "kind": "server_error", "match": "^web$", "message": "disk on fire", "count": 1}
    nova.client.cloud.faults.add(rule)
    server = nova.boot()
    assert (server["status"], server["fault"]["message"]) == ("ERROR", "disk on fire")
    assert nova.boot()["status"] == "ACTIVE"


def test_a_full_cloud_has_no_valid_host(open_client: Any, nova: Any) -> None:
    small = type(nova)(open_client(hosts=1, host_memory_mb=1024).log_in("demo", "demo"))
    assert [small.boot()["status"] for _ in range(3)] == ["ACTIVE", "ACTIVE", "ERROR"]
    first = small.call("GET", "/servers?status=ACTIVE")["servers"][0]
    small.call("DELETE", f"/servers/{first['id']}", status=204)
    assert small.boot()["status"] == "ACTIVE"


def test_groups_keep_servers_apart_or_together(open_client: Any, nova: Any) -> None:
    cloud = type(nova)(open_client(hosts=2).log_in("demo", "demo"))
    admin = cloud.as_admin()

    def hosts(policy: str, count: int) -> list[str]:
        group = cloud.call("POST", "/os-server-groups", {"server_group": {"name": policy, "policy": policy}})
        id = group["server_group"]["id"]
        servers = [cloud.boot(hints={"group": id}) for _ in range(count)]
        assert servers[0]["server_groups"] == [id]
        members = cloud.call("GET", f"/os-server-groups/{id}")["server_group"]["members"]
        assert members == [server["id"] for server in servers]
        return [admin.show(server["id"])["OS-EXT-SRV-ATTR:host"] for server in servers]

    apart = hosts("anti-affinity", 3)
    assert len(set(apart[:2])) == 2
    assert apart[2] == ""
    assert len(set(hosts("affinity", 3))) == 1


ACTIONS = [
    ("os-stop", None, "powering-off", "SHUTOFF"),
    ("suspend", None, "suspending", "SUSPENDED"),
    ("pause", None, "pausing", "PAUSED"),
    ("shelve", None, "shelving", "SHELVED_OFFLOADED"),
    ("rescue", {}, "rescuing", "RESCUE"),
    ("reboot", {"type": "SOFT"}, "rebooting", "ACTIVE"),
    ("reboot", {"type": "HARD"}, "rebooting_hard", "ACTIVE"),
    ("changePassword", {"adminPass": "x"}, "updating_password", "ACTIVE"),
    ("resize", {"flavorRef": "2"}, "resize_prep", "VERIFY_RESIZE"),
]
BACK = {
    "SHUTOFF": "os-start",
    "SUSPENDED": "resume",
    "PAUSED": "unpause",
    "SHELVED_OFFLOADED": "unshelve",
    "RESCUE": "unrescue",
    "VERIFY_RESIZE": "revertResize",
}


@pytest.mark.parametrize(("action", "given", "task", "status"), ACTIONS)
def test_actions_take_their_time_and_lead_back(nova: Any, action: str, given: Any, task: str, status: str) -> None:
    server = nova.boot()
    nova.act(server, {action: given}, 200 if action == "rescue" else 202)
    assert nova.show(server["id"])["OS-EXT-STS:task_state"] == task
    nova.wait()
    assert nova.show(server["id"])["status"] == status
    if status in BACK:
        nova.act(server, {BACK[status]: None})
        nova.wait()
        back = nova.show(server["id"])
        assert (back["status"], back["flavor"]["original_name"]) == ("ACTIVE", "m1.tiny")


@pytest.mark.parametrize("action", ["os-start", "unpause", "resume", "confirmResize", "unshelve", "unrescue"])
def test_actions_that_do_not_fit_the_state_conflict(nova: Any, action: str) -> None:
    message = nova.refused("POST", f"/servers/{nova.boot()['id']}/action", {action: None}, 409)
    assert "vm_state active" in message


def test_a_confirmed_resize_keeps_the_new_flavor_and_counts_it(nova: Any) -> None:
    server = nova.boot()
    nova.act(server, {"resize": {"flavorRef": "1"}}, 400)
    nova.act(server, {"resize": {"flavorRef": "2"}})
    nova.wait()
    nova.act(server, {"confirmResize": None}, 204)
    assert nova.show(server["id"])["status"] == "VERIFY_RESIZE", "the old host is not done yet"
    nova.act(server, {"confirmResize": None}, 400)
    nova.act(server, {"revertResize": None}, 400)
    nova.wait()
    shown = nova.show(server["id"])
    assert (shown["status"], shown["flavor"]["ram"]) == ("ACTIVE", 2048)
    assert nova.call("GET", "/limits")["limits"]["absolute"]["totalRAMUsed"] == 2048
    nova.call("DELETE", f"/servers/{server['id']}")
    absolute = nova.call("GET", "/limits")["limits"]["absolute"]
    assert (absolute["totalRAMUsed"], absolute["totalInstancesUsed"]) == (0, 0)
    load = nova.as_admin().at("2.1").call("GET", "/os-hypervisors/statistics")["hypervisor_statistics"]
    assert (load["memory_mb_used"], load["running_vms"], load["vcpus_used"]) == (0, 0, 0)


def test_a_locked_server_is_left_alone(nova: Any) -> None:
    server = nova.boot()
    nova.act(server, {"lock": {"locked_reason": "mine"}})
    assert nova.show(server["id"])["locked_reason"] == "mine"
    nova.act(server, {"os-stop": None}, 409)
    nova.call("DELETE", f"/servers/{server['id']}", status=409)
    nova.act(server, {"unlock": None})
    nova.act(server, {"os-stop": None})


def test_a_rebuild_keeps_the_server_and_its_addresses(nova: Any) -> None:
    server = nova.boot()
    shown = nova.act(server, {"rebuild": {"imageRef": nova.image(), "name": "again"}})["server"]
    assert (shown["status"], shown["name"]) == ("REBUILD", "again")
    nova.wait()
    again = nova.show(server["id"])
    assert (again["status"], again["addresses"]) == ("ACTIVE", server["addresses"])


def test_a_snapshot_of_a_server_is_an_image(nova: Any) -> None:
    server = nova.boot()
    made = nova.act(server, {"createImage": {"name": "copy", "metadata": {"k": "v"}}})
    image = nova.client.get(f"/image/v2/images/{made['image_id']}").json()
    assert (image["status"], image["instance_uuid"], image["k"]) == ("active", server["id"], "v")
    nova.wait()
    assert nova.boot(imageRef=made["image_id"])["status"] == "ACTIVE"


def test_a_volume_is_in_use_while_a_server_holds_it(nova: Any) -> None:
    server, volume = nova.boot(), nova.volume()
    path = f"/servers/{server['id']}/os-volume_attachments"
    held = nova.call("POST", path, {"volumeAttachment": {"volumeId": volume["id"]}})["volumeAttachment"]
    assert held["device"] == "/dev/vdb"
    now = nova.volume_now(volume["id"])
    assert (now["status"], now["attachments"][0]["server_id"]) == ("in-use", server["id"])
    nova.call("POST", path, {"volumeAttachment": {"volumeId": volume["id"]}}, 400)
    assert nova.show(server["id"])["os-extended-volumes:volumes_attached"][0]["id"] == volume["id"]
    nova.call("DELETE", f"{path}/{volume['id']}", status=202)
    assert nova.volume_now(volume["id"])["status"] == "available"
    nova.call("GET", f"{path}/{volume['id']}", status=404)
    nova.call("POST", path, {"volumeAttachment": {"volumeId": volume["id"]}})
    nova.call("DELETE", f"/servers/{server['id']}")
    assert nova.volume_now(volume["id"])["status"] == "available"


@pytest.mark.parametrize("keep", [True, False])
def test_a_server_boots_from_a_new_volume(nova: Any, keep: bool) -> None:
    disk = {"uuid": nova.image(), "source_type": "image", "destination_type": "volume", "boot_index": 0}
    disk |= {"volume_size": 2, "delete_on_termination": not keep}
    server = nova.boot(imageRef="", block_device_mapping_v2=[disk])
    assert (server["status"], server["image"]) == ("ACTIVE", "")
    (held,) = server["os-extended-volumes:volumes_attached"]
    volume = nova.volume_now(held["id"])
    assert (volume["status"], volume["size"], volume["bootable"]) == ("in-use", 2, "true")
    nova.call("DELETE", f"/servers/{server['id']}")
    nova.wait()
    left = nova.volume_now(held["id"])
    assert (left["status"] == "available") if keep else (left is None)


def test_a_server_boots_from_a_volume_in_the_old_form(nova: Any) -> None:
    volume = nova.volume(imageRef=nova.image())
    old = [{"device_name": "vda", "volume_id": volume["id"], "delete_on_termination": "0"}]
    server = nova.boot(imageRef=None, block_device_mapping=old)
    assert nova.volume_now(volume["id"])["attachments"][0]["server_id"] == server["id"]


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        ({"source_type": "volume", "uuid": ABSENT, "boot_index": 0}, "failed to get volume"),
        ({"source_type": "image", "destination_type": "volume", "boot_index": 0}, "uuid"),
        ({"source_type": "blank", "destination_type": "volume", "volume_size": 1}, "Boot sequence"),
    ],
)
def test_impossible_disks_are_refused(nova: Any, disk: Any, words: str) -> None:
    body = nova.wanted(imageRef="", block_device_mapping_v2=[disk])
    assert words in nova.refused("POST", "/servers", body, 400)


def test_an_interface_comes_and_goes(nova: Any) -> None:
    server = nova.boot()
    path = f"/servers/{server['id']}/os-interface"
    made = nova.call("POST", path, {"interfaceAttachment": {"net_id": nova.network()}})["interfaceAttachment"]
    assert len(nova.call("GET", path)["interfaceAttachments"]) == 2
    assert len(nova.show(server["id"])["addresses"]["private"]) == 2
    nova.call("DELETE", f"{path}/{made['port_id']}", status=202)
    assert len(nova.ports(server)) == 1
    nova.call("POST", path, {"interfaceAttachment": {"port_id": ABSENT}}, 404)


def test_security_groups_are_put_on_all_ports(nova: Any) -> None:
    nova.client.post("/network/v2.0/security-groups", {"security_group": {"name": "web"}})
    server = nova.boot(security_groups=[{"name": "web"}])
    assert server["security_groups"] == [{"name": "web"}]
    nova.act(server, {"addSecurityGroup": {"name": "nope"}}, 404)
    nova.act(server, {"addSecurityGroup": {"name": "default"}})
    assert {group["name"] for group in nova.show(server["id"])["security_groups"]} == {"web", "default"}
    nova.act(server, {"removeSecurityGroup": {"name": "web"}})
    assert nova.show(server["id"])["security_groups"] == [{"name": "default"}]


def test_a_floating_ip_shows_among_the_addresses(nova: Any) -> None:
    server = nova.boot()
    wanted = {"floatingip": {"floating_network_id": nova.network("public")}}
    floating = nova.client.post("/network/v2.0/floatingips", wanted).json()["floatingip"]
    old = nova.at("2.1")
    old.act(server, {"addFloatingIp": {"address": floating["floating_ip_address"]}})
    kinds = [address["OS-EXT-IPS:type"] for address in nova.show(server["id"])["addresses"]["private"]]
    assert kinds == ["fixed", "floating"]
    old.act(server, {"removeFloatingIp": {"address": floating["floating_ip_address"]}})
    assert len(nova.show(server["id"])["addresses"]["private"]) == 1
    nova.act(server, {"addFloatingIp": {"address": floating["floating_ip_address"]}}, 404)


def test_metadata_and_tags(nova: Any) -> None:
    server = nova.boot(tags=["one"])
    path = f"/servers/{server['id']}"
    nova.call("POST", path + "/metadata", {"metadata": {"k": "v"}})
    assert nova.call("PUT", path + "/metadata/k", {"meta": {"k": "w"}}) == {"meta": {"k": "w"}}
    nova.call("PUT", path + "/metadata/k", {"meta": {"x": "w"}}, 400)
    nova.call("DELETE", path + "/metadata/k", status=204)
    nova.call("PUT", path + "/tags/two", status=201)
    nova.call("PUT", path + "/tags/two", status=204)
    assert nova.show(server["id"])["tags"] == ["one", "two"]
    nova.call("DELETE", path + "/tags/one", status=204)
    nova.call("GET", path + "/tags/one", status=404)
    assert [each["id"] for each in nova.call("GET", "/servers?tags=two")["servers"]] == [server["id"]]


def test_lists_are_filtered_and_cut_into_pages(nova: Any) -> None:
    nova.boot(name="db", min_count=1)
    nova.call("POST", "/servers", nova.wanted(name="web", min_count=3, max_count=3), 202)
    nova.wait()

    def names(query: str) -> list[str]:
        return [server["name"] for server in nova.call("GET", f"/servers/detail{query}")["servers"]]

    assert names("") == ["web-3", "web-2", "web-1", "db"]
    assert names("?name=^web-[12]") == ["web-2", "web-1"]
    assert names("?sort_key=display_name&sort_dir=asc&limit=2") == ["db", "web-1"]
    assert names("?status=ACTIVE&limit=1") == ["web-3"]
    assert names("?status=ERROR") == []
    assert names("?flavor=2") == []
    assert len(names("?ip=10.0.")) == 4
    page = nova.call("GET", "/servers?limit=3")
    rest = nova.call("GET", "/servers?" + page["servers_links"][0]["href"].partition("?")[2])
    assert [server["name"] for server in rest["servers"]] == ["db"]
    nova.call("GET", "/servers?marker=nope", status=400)
    nova.call("GET", "/servers?sort_key=bogus", status=400)
    nova.call("GET", "/servers?all_tenants=1", status=403)
    admin = nova.as_admin()
    assert admin.call("GET", "/servers")["servers"] == []
    assert len(admin.call("GET", "/servers?all_tenants=1")["servers"]) == 4


def test_the_history_tells_what_was_done(nova: Any) -> None:
    server = nova.boot()
    nova.act(server, {"os-stop": None})
    found = nova.call("GET", f"/servers/{server['id']}/os-instance-actions")["instanceActions"]
    assert [each["action"] for each in found] == ["stop", "create"]
    one = nova.call("GET", f"/servers/{server['id']}/os-instance-actions/{found[1]['request_id']}")
    assert one["instanceAction"]["events"][0]["result"] == "Success"


FIELDS_SINCE = [
    ("2.9", "locked"),
    ("2.19", "description"),
    ("2.26", "tags"),
    ("2.63", "trusted_image_certificates"),
    ("2.71", "server_groups"),
    ("2.73", "locked_reason"),
    ("2.90", "OS-EXT-SRV-ATTR:hostname"),
]


@pytest.mark.parametrize(("version", "field"), FIELDS_SINCE)
def test_fields_come_with_their_microversion(nova: Any, version: str, field: str) -> None:
    id = nova.boot(wait=False)["id"]
    before = f"2.{int(version.partition('.')[2]) - 1}"
    assert field in nova.at(version).show(id)
    assert field not in nova.at(before).show(id)


def test_servers_survive_a_restart(open_client: Any, nova: Any, tmp_path: Any) -> None:
    first = open_client(tmp_path)
    server = type(nova)(first.log_in("demo", "demo")).boot(wait=False)
    first.cloud.close()
    again = type(nova)(open_client(tmp_path).log_in("demo", "demo"))
    again.wait()
    assert again.show(server["id"])["status"] == "ACTIVE"
