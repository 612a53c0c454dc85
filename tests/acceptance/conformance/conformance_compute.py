"""A life in Nova: flavors, key pairs, groups, and a server from its build to its end, with volumes and addresses."""

from typing import Any

from conformance_stage import Stage

UNKNOWN = "11111111-2222-3333-4444-555555555555"
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGYWF7yUPfUFBT5B2B4X6bQCzVfRXZbBcMZV4TkDg5vL conformance\n"


def live(stage: Stage) -> None:
    """Run it."""
    _flavors(stage)
    _keys_and_groups(stage)
    _prepare(stage)
    _server(stage)
    _attach(stage)
    _actions(stage)
    _refusals(stage)
    _quota(stage)
    _end(stage)


def _flavors(stage: Stage) -> None:
    stage.cli("flavor list --long")
    stage.cli("flavor show m1.tiny")
    stage.cli("flavor show cf-missing")
    stage.cli(
        "flavor create --ram 128 --disk 2 --vcpus 1 --ephemeral 1 --swap 64 --property a:b=c cf-flavor", admin=True
    )
    stage.cli("flavor create --ram 128 --disk 2 --vcpus 1 cf-flavor", admin=True)
    stage.cli("flavor set --property d:e=f cf-flavor", admin=True)
    stage.cli("flavor unset --property a:b cf-flavor", admin=True)
    stage.cli("flavor show cf-flavor", admin=True)
    stage.cli("flavor create --ram 128 --vcpus 1 --private cf-hidden", admin=True)
    stage.cli("flavor show cf-hidden")
    stage.cli("flavor set --project conformance cf-hidden", admin=True)
    stage.cli("flavor show cf-hidden")
    stage.cli("flavor delete cf-hidden", admin=True)
    stage.cli("flavor create --ram 128 --vcpus 1 cf-of-mine")
    stage.api("flavor of no memory", "POST compute /flavors",
              {"flavor": {"name": "cf-bad", "ram": 0, "vcpus": 1, "disk": 0}}, admin=True)  # fmt: skip


def _keys_and_groups(stage: Stage) -> None:
    key = stage.file("key.pub", PUBLIC_KEY)
    stage.cli(f"keypair create --public-key {key} cf-key")
    stage.cli(f"keypair create --public-key {key} cf-key")
    stage.cli("keypair create cf-made")
    stage.cli("keypair show cf-key")
    stage.cli("keypair list")
    stage.cli("keypair delete cf-made")
    stage.cli("keypair delete cf-made")
    stage.cli("keypair show cf-made")
    stage.api("key of nonsense", "POST compute /os-keypairs", {"keypair": {"name": "cf-bad", "public_key": "nonsense"}})
    stage.api("key of a bad name", "POST compute /os-keypairs", {"keypair": {"name": "a/b"}})
    stage.cli("server group create --policy affinity cf-group")
    stage.cli("server group show cf-group")
    stage.cli("server group list --long")
    stage.api("group of an unknown policy", "POST compute /os-server-groups",
              {"server_group": {"name": "cf-bad", "policies": ["nonsense"]}})  # fmt: skip


def _prepare(stage: Stage) -> None:
    """What servers need; recorded by the other lives."""
    stage.image("cf-disk")
    network = stage.member.network
    net = network.create_network(name="cf-net")
    subnet = network.create_subnet(network_id=net.id, name="cf-subnet", ip_version=4, cidr="10.77.0.0/24")
    network.create_network(name="cf-dry")
    other = network.create_network(name="cf-other")
    network.create_subnet(network_id=other.id, name="cf-other", ip_version=4, cidr="10.78.0.0/24")
    outside = network.find_network("public").id
    router = network.create_router(name="cf-router", external_gateway_info={"network_id": outside})
    network.add_interface_to_router(router, subnet_id=subnet.id)
    network.create_security_group(name="cf-secure")
    stage.member.block_storage.create_volume(size=1, name="cf-volume")
    stage.until(lambda: stage.member.block_storage.find_volume("cf-volume"), "available")


def _find(stage: Stage, name: str = "cf-server") -> Any:
    found = stage.member.compute.find_server(name)
    return stage.member.compute.get_server(found.id) if found else None


def _until(stage: Stage, wanted: str, name: str = "cf-server") -> None:
    def settled() -> Any:
        server = _find(stage, name)
        if server is not None and server.task_state:
            server.status = "BUSY"
        return server

    stage.until(settled, wanted)


def _server(stage: Stage) -> None:
    group = stage.member.compute.find_server_group("cf-group").id
    stage.cli("server create --image cf-disk --flavor m1.tiny --network cf-net --key-name cf-key --security-group "
              f"default --property color=red --hint group={group} --wait cf-server")  # fmt: skip
    stage.cli("server show cf-server")
    stage.cli("server show cf-server", admin=True)
    stage.cli("server list --long")
    stage.cli("server list --name cf-server --status ACTIVE")
    stage.cli("server group show cf-group")
    stage.cli("server set --property size=big --name cf-server --tag one cf-server")
    stage.cli("server unset --property color cf-server")
    stage.cli("server set --description second cf-server")
    stage.cli("server list --tags one --os-compute-api-version 2.26")
    one = f"/servers/{_find(stage).id}"
    for version in ("2.1", "2.19", "2.47", "2.73", "2.96", "latest"):
        stage.api(f"server at {version}", f"GET compute {one}", headers=_version(version))
        stage.api(
            f"server for administrators at {version}", f"GET compute {one}", headers=_version(version), admin=True
        )
    stage.api("servers in brief", "GET compute /servers")
    stage.api("servers by page", "GET compute /servers?limit=1")
    stage.api("servers of a bad limit", "GET compute /servers?limit=-1")
    stage.api("servers of a bad marker", f"GET compute /servers?marker={UNKNOWN}")
    stage.api("addresses", f"GET compute {one}/ips")
    stage.api("addresses of a network", f"GET compute {one}/ips/cf-net")
    stage.api("metadata", f"GET compute {one}/metadata")
    stage.api("metadata of a name", f"GET compute {one}/metadata/size")
    stage.api("metadata of no name", f"GET compute {one}/metadata/missing")
    stage.api("metadata is set", f"PUT compute {one}/metadata/size", {"meta": {"size": "small"}})
    stage.api("metadata is replaced", f"PUT compute {one}/metadata", {"metadata": {"a": "b"}})
    stage.api("metadata of a bad kind", f"POST compute {one}/metadata", {"metadata": {"a": 1}})
    stage.api("tags", f"GET compute {one}/tags", headers=_version("2.26"))
    stage.api("diagnostics", f"GET compute {one}/diagnostics")
    stage.api("security groups", f"GET compute {one}/os-security-groups")
    stage.api("actions", f"GET compute {one}/os-instance-actions")
    stage.api("topology", f"GET compute {one}/topology", headers=_version("2.78"))
    stage.api("group at 2.64", f"GET compute /os-server-groups/{group}", headers=_version("2.64"))


def _version(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


def _attach(stage: Stage) -> None:
    stage.cli("server add volume cf-server cf-volume")
    stage.until(lambda: stage.member.block_storage.find_volume("cf-volume"), "in-use")
    stage.cli("server volume list cf-server")
    stage.cli("volume show cf-volume")
    stage.cli("volume delete cf-volume")
    stage.cli("server add volume cf-server cf-volume")
    stage.cli("server remove volume cf-server cf-volume")
    stage.until(lambda: stage.member.block_storage.find_volume("cf-volume"), "available")
    stage.cli("server remove volume cf-server cf-volume")
    address = stage.member.network.create_ip(floating_network_id=stage.member.network.find_network("public").id)
    given = address.floating_ip_address
    stage.recorder.mask(given)
    stage.cli(f"server add floating ip cf-server {given}")
    stage.cli("server show cf-server")
    stage.cli(f"server remove floating ip cf-server {given}")
    stage.cli("server add network cf-server cf-other")
    stage.cli("server add network cf-server cf-dry")
    stage.cli("server show cf-server")
    stage.cli("port list --server cf-server --long")
    stage.cli("server remove network cf-server cf-other")
    stage.cli("port create --network cf-net cf-port")
    stage.cli("server add port cf-server cf-port")
    stage.until(lambda: stage.member.network.find_port("cf-port"), "active")
    stage.cli("port show cf-port")
    stage.cli("server add port cf-server cf-port")
    one = f"/servers/{_find(stage).id}"
    stage.api("interfaces", f"GET compute {one}/os-interface")
    stage.cli("server remove port cf-server cf-port")
    stage.until(lambda: _gone_from(stage, "cf-port"), "gone")
    stage.cli("port show cf-port")
    stage.cli("server add security group cf-server cf-secure")
    stage.cli("server show cf-server")
    stage.cli("server remove security group cf-server cf-secure")
    stage.cli("server remove security group cf-server cf-secure")


def _gone_from(stage: Stage, name: str) -> Any:
    port = stage.member.network.find_port(name)
    return port if port is not None and port.device_id else None


def _actions(stage: Stage) -> None:
    simple = (
        ("stop", "SHUTOFF"), ("start", "ACTIVE"), ("pause", "PAUSED"), ("unpause", "ACTIVE"),
        ("suspend", "SUSPENDED"), ("resume", "ACTIVE"), ("rescue", "RESCUE"), ("unrescue", "ACTIVE"),
        ("lock", "ACTIVE"), ("unlock", "ACTIVE"), ("shelve", "SHELVED_OFFLOADED"), ("unshelve", "ACTIVE"),
    )  # fmt: skip
    for verb, state in simple:
        stage.cli(f"server {verb} cf-server")
        _until(stage, state)
        stage.cli("server show cf-server")
        stage.cli(f"server {verb} cf-server")
    stage.cli("server reboot --wait cf-server")
    stage.cli("server reboot --hard --wait cf-server")
    _until(stage, "ACTIVE")
    stage.cli("server resize --flavor m1.small --wait cf-server")
    _until(stage, "VERIFY_RESIZE")
    stage.cli("server show cf-server")
    stage.cli("server stop cf-server --all-projects")
    stage.cli("server resize confirm cf-server")
    _until(stage, "ACTIVE")
    stage.cli("server resize confirm cf-server")
    stage.cli("server resize --flavor m1.medium --wait cf-server")
    stage.cli("server resize revert cf-server")
    _until(stage, "ACTIVE")
    stage.cli("server migration list --server cf-server", admin=True)
    stage.cli("server rebuild --image cf-disk --wait cf-server")
    _until(stage, "ACTIVE")
    stage.cli("server image create --name cf-snapshot --wait cf-server")
    _until(stage, "ACTIVE")
    stage.cli("image show cf-snapshot")
    stage.cli("console log show cf-server")
    stage.cli("console url show cf-server")
    stage.cli("server event list cf-server")
    stage.cli("server event list --long cf-server")


def _refusals(stage: Stage) -> None:
    image = stage.member.image.find_image("cf-disk").id
    tiny, small = (stage.member.compute.find_flavor(name).id for name in ("m1.tiny", "m1.small"))
    net = stage.member.network.find_network("cf-net").id
    dry = stage.member.network.find_network("cf-dry").id
    good: dict[str, Any] = {"name": "cf-bad", "imageRef": image, "flavorRef": tiny, "networks": [{"uuid": net}]}
    cases: dict[str, dict[str, Any]] = {
        "of an unknown image": {"imageRef": UNKNOWN},
        "of a bad image": {"imageRef": "nonsense"},
        "of no image": {"imageRef": ""},
        "of an unknown flavor": {"flavorRef": "cf-missing"},
        "of an unknown network": {"networks": [{"uuid": UNKNOWN}]},
        "of a network without subnet": {"networks": [{"uuid": dry}]},
        "of an unknown port": {"networks": [{"port": UNKNOWN}]},
        "of an address outside": {"networks": [{"uuid": net, "fixed_ip": "10.99.0.1"}]},
        "of a bad address": {"networks": [{"uuid": net, "fixed_ip": "nonsense"}]},
        "of an unknown key": {"key_name": "cf-missing"},
        "of an unknown group": {"security_groups": [{"name": "cf-missing"}]},
        "of an unknown zone": {"availability_zone": "cf-zone"},
        "of an unknown field": {"colour": "red"},
        "of an empty name": {"name": ""},
        "of a long name": {"name": "n" * 256},
        "of bad user data": {"user_data": "not base64!"},
        "of a bad count": {"min_count": 3, "max_count": 2},
        "of many with a port": {"min_count": 2, "max_count": 2, "networks": [{"port": UNKNOWN}]},
        "of an unknown volume": {"block_device_mapping_v2": [
            {"uuid": UNKNOWN, "source_type": "volume", "destination_type": "volume", "boot_index": 0}]},
        "of bad metadata": {"metadata": {"a": {"b": "c"}}},
        "of networks: auto at 2.1": {"networks": "auto"},
    }  # fmt: skip
    for label, changes in cases.items():
        stage.api(f"server {label}", "POST compute /servers", {"server": {**good, **changes}})
    stage.api("server of no flavor", "POST compute /servers", {"server": {"name": "cf-bad"}})
    bare = {"name": "cf-bad", "imageRef": image, "flavorRef": tiny}
    stage.api("no networks at 2.37", "POST compute /servers", {"server": bare}, headers=_version("2.37"))
    stage.api("no body", "POST compute /servers", {})
    stage.api("broken JSON", "POST compute /servers", data=b"{", headers={"Content-Type": "application/json"})
    stage.api("unknown server", f"GET compute /servers/{UNKNOWN}")
    stage.api("unknown server is deleted", f"DELETE compute /servers/{UNKNOWN}")
    stage.api("action on an unknown server", f"POST compute /servers/{UNKNOWN}/action", {"os-stop": None})
    one = f"/servers/{_find(stage).id}"
    stage.api("unknown action", f"POST compute {one}/action", {"nonsense": None})
    stage.api("reboot of a bad kind", f"POST compute {one}/action", {"reboot": {"type": "WARM"}})
    stage.api("start of a running server", f"POST compute {one}/action", {"os-start": None})
    stage.api("resize to the same", f"POST compute {one}/action", {"resize": {"flavorRef": small}})
    stage.api("resize to an unknown flavor", f"POST compute {one}/action", {"resize": {"flavorRef": "cf-missing"}})
    stage.api("rebuild from an unknown image", f"POST compute {one}/action", {"rebuild": {"imageRef": UNKNOWN}})
    stage.api("reset by a member", f"POST compute {one}/action", {"os-resetState": {"state": "error"}})
    stage.api("volume of an unknown id", f"POST compute {one}/os-volume_attachments",
              {"volumeAttachment": {"volumeId": UNKNOWN}})  # fmt: skip
    stage.api("unknown attachment", f"DELETE compute {one}/os-volume_attachments/{UNKNOWN}")
    stage.api("unknown interface", f"DELETE compute {one}/os-interface/{UNKNOWN}")
    stage.api("version beyond", f"GET compute {one}", headers=_version("2.999"))
    stage.api("version of nonsense", f"GET compute {one}", headers=_version("x"))
    stage.api("unknown path", "GET compute /nothings")
    stage.api("wrong method", "PATCH compute /servers")
    stage.api("bad token", "GET compute /servers", token="nonsense")
    stage.api("all projects", "GET compute /servers?all_tenants=1")
    stage.api("hypervisors by a member", "GET compute /os-hypervisors")
    stage.cli("availability zone list --compute")
    stage.cli("compute service list", admin=True)
    stage.cli("aggregate list", admin=True)
    stage.cli("versions show --service compute")
    stage.cli("server create --image cf-missing --flavor m1.tiny --network cf-net cf-bad")
    stage.cli("server create --image cf-disk --flavor cf-missing --network cf-net cf-bad")
    stage.cli("server show cf-missing")
    stage.cli("server delete cf-missing")


def _quota(stage: Stage) -> None:
    quota = f"/os-quota-sets/{stage.project.id}"
    stage.api("quota", f"GET compute {quota}")
    stage.api("quota at 2.57", f"GET compute {quota}", headers=_version("2.57"))
    stage.api("quota with usage", f"GET compute {quota}/detail")
    stage.api("quota is set", f"PUT compute {quota}", {"quota_set": {"instances": 0, "force": True}}, admin=True)
    stage.cli("server create --image cf-disk --flavor m1.tiny --network cf-net cf-too-many")
    stage.api("quota by a member", f"PUT compute {quota}", {"quota_set": {"instances": 1}})
    stage.api("quota of a bad value", f"PUT compute {quota}", {"quota_set": {"instances": -2}}, admin=True)
    stage.api("limits", "GET compute /limits")
    stage.api("quota is forgotten", f"DELETE compute {quota}", admin=True)


def _end(stage: Stage) -> None:
    stage.cli("server create --image cf-disk --flavor m1.tiny --port cf-port --wait cf-twice")
    stage.cli("server create --flavor m1.tiny --image cf-disk --boot-from-volume 1 --network cf-net --wait cf-twice")
    stage.cli("server show cf-twice")
    stage.cli("network delete cf-net")
    stage.cli("port delete cf-port")
    port = stage.member.network.find_port("cf-port")
    stage.cli("keypair delete cf-key")
    stage.cli("server delete --wait cf-server")
    for server in list(stage.member.compute.servers()):
        stage.member.compute.delete_server(server)
    stage.until(lambda: next(iter(stage.member.compute.servers()), None), "gone")
    stage.cli("server show cf-server")
    stage.api("a port of one's own stays", f"GET network /v2.0/ports/{port.id}")
    stage.cli("server group delete cf-group")
    stage.cli("server group show cf-group")
    stage.cli("flavor delete cf-flavor", admin=True)
    stage.cli("flavor delete cf-flavor", admin=True)
