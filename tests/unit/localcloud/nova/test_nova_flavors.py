"""Flavors, key pairs, quotas, aggregates and hosts of the embedded cloud through HTTP."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization


def test_the_seeded_flavors_are_there(nova: Any) -> None:
    found = {each["name"]: each for each in nova.call("GET", "/flavors/detail")["flavors"]}
    assert found["m1.xlarge"]["ram"] == 16384
    assert found["m1.nano"]["id"] == "42"
    assert nova.at("2.1").call("GET", "/flavors/1")["flavor"]["swap"] == ""


def test_flavors_are_for_admins_to_manage(nova: Any) -> None:
    wanted = {"flavor": {"name": "own", "id": "own", "ram": 10, "vcpus": 1, "disk": 1}}
    nova.call("POST", "/flavors", wanted, 403)
    admin = nova.as_admin()
    admin.call("POST", "/flavors", wanted)
    assert "own" in admin.refused("POST", "/flavors", wanted, 409)
    admin.call("POST", "/flavors", {"flavor": {"name": "x", "ram": 1, "vcpus": 1}}, 400)
    admin.call("POST", "/flavors/own/os-extra_specs", {"extra_specs": {"a": "1"}})
    assert nova.call("GET", "/flavors/own")["flavor"]["extra_specs"] == {"a": "1"}
    admin.call("DELETE", "/flavors/own", status=202)
    nova.call("GET", "/flavors/own", status=404)


def test_a_private_flavor_is_for_those_let_in(nova: Any) -> None:
    admin = nova.as_admin()
    private = {"name": "p", "id": "p", "ram": 10, "vcpus": 1, "disk": 1, "os-flavor-access:is_public": False}
    admin.call("POST", "/flavors", {"flavor": private})
    nova.call("GET", "/flavors/p", status=404)
    access = {"addTenantAccess": {"tenant": nova.project}}
    admin.call("POST", "/flavors/p/action", access)
    admin.call("POST", "/flavors/p/action", access, 409)
    assert nova.boot(flavorRef="p")["status"] == "ACTIVE"
    admin.call("POST", "/flavors/p/action", {"removeTenantAccess": {"tenant": nova.project}})
    nova.call("GET", "/flavors/p", status=404)


def test_a_generated_key_pair_is_a_real_one(nova: Any) -> None:
    made = nova.at("2.1").call("POST", "/os-keypairs", {"keypair": {"name": "k"}})["keypair"]
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    form = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert made["public_key"].startswith(private.public_key().public_bytes(*form).decode())
    shown = nova.call("GET", "/os-keypairs/k")["keypair"]
    assert (shown["type"], shown["fingerprint"]) == ("ssh", made["fingerprint"])
    assert "private_key" not in shown
    assert nova.boot(key_name="k")["key_name"] == "k"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "k"}, 400),
        ({"name": "k", "public_key": "junk"}, 400),
        ({"name": "k/k", "public_key": "junk"}, 400),
        ({"name": "dxl-key", "public_key": "ssh-rsa AAAA"}, 409),
    ],
)
def test_wrong_key_pairs_are_refused(nova: Any, fields: Any, status: int) -> None:
    nova.call("POST", "/os-keypairs", {"keypair": fields}, status)


def test_the_seeded_key_pair_is_the_users_own(nova: Any) -> None:
    names = [each["keypair"]["name"] for each in nova.call("GET", "/os-keypairs")["keypairs"]]
    assert names == ["dxl-key"]
    assert nova.as_admin().call("GET", "/os-keypairs")["keypairs"] == []
    nova.call("DELETE", "/os-keypairs/dxl-key", status=204)
    nova.call("GET", "/os-keypairs/dxl-key", status=404)


def test_quotas_are_set_by_admins_and_reset(nova: Any) -> None:
    path = f"/os-quota-sets/{nova.project}"
    nova.call("PUT", path, {"quota_set": {"instances": 1}}, 403)
    admin = nova.as_admin()
    admin.call("PUT", path, {"quota_set": {"instances": 1}})
    nova.boot()
    nova.call("POST", "/servers", nova.wanted(), 403)
    assert nova.call("GET", path + "/detail")["quota_set"]["instances"] == {"limit": 1, "in_use": 1, "reserved": 0}
    admin.call("DELETE", path, status=202)
    nova.boot()


def test_a_server_group_has_one_known_policy(nova: Any) -> None:
    nova.call("POST", "/os-server-groups", {"server_group": {"name": "g", "policy": "bad"}}, 400)
    old = nova.at("2.1")
    made = old.call("POST", "/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}})
    assert made["server_group"]["policies"] == ["affinity"]
    shown = nova.call("GET", f"/os-server-groups/{made['server_group']['id']}")["server_group"]
    assert (shown["policy"], shown["rules"], shown["members"]) == ("affinity", {}, [])
    nova.call("DELETE", f"/os-server-groups/{shown['id']}", status=204)
    nova.call("GET", f"/os-server-groups/{shown['id']}", status=404)


def test_aggregates_and_their_zones(nova: Any) -> None:
    admin = nova.as_admin()
    wanted = {"aggregate": {"name": "racks", "availability_zone": "east"}}
    made = admin.call("POST", "/os-aggregates", wanted)["aggregate"]
    admin.call("POST", "/os-aggregates", wanted, 409)
    (host,) = admin.call("GET", "/os-hypervisors")["hypervisors"]
    path = f"/os-aggregates/{made['id']}"
    admin.call("POST", path + "/action", {"add_host": {"host": host["hypervisor_hostname"]}})
    zones = [each["zoneName"] for each in nova.call("GET", "/os-availability-zone")["availabilityZoneInfo"]]
    assert zones == ["nova", "east"]
    admin.call("DELETE", path, status=400)
    admin.call("POST", path + "/action", {"remove_host": {"host": host["hypervisor_hostname"]}})
    admin.call("DELETE", path, status=200)
    nova.call("GET", "/os-aggregates", status=403)


@pytest.mark.parametrize(
    ("version", "status"), [("2.1", 200), ("latest", 200), ("2.97", 406), ("1.0", 406), ("x", 400)]
)
def test_microversions_are_negotiated(nova: Any, version: str, status: int) -> None:
    answer = nova.client.get("/compute/v2.1/flavors", headers={"X-OpenStack-Nova-API-Version": version})
    assert answer.status == status
    if status == 200:
        expected = "2.96" if version == "latest" else version
        assert answer.headers["openstack-api-version"] == f"compute {expected}"
