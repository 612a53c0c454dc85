"""Types for administrators in the embedded cloud: what they change in place, and what they leave behind."""

from typing import Any

import pytest

from hearth.model import plan
from hearth.resources.contract import Change, Conflict, Permanent

Driver = Any  # the class of the fixtures in conftest


async def test_host_aggregate_changes_hosts_zone_and_metadata(admin: Driver) -> None:
    it = await admin.make(
        "OS::Nova::HostAggregate",
        name="fast",
        availability_zone="here",
        hosts=["hearth-compute-1"],
        metadata={"disk": "ssd", "count": 3},
    )
    seen = await it.observe()
    assert seen["hosts"] == ["hearth-compute-1"]
    assert {"availability_zone": "here", "disk": "ssd", "count": "3"}.items() <= seen["metadata"].items()
    assert await it.find_again() == it.id
    await it.update(name="faster", availability_zone=None, metadata={"disk": "nvme"}, hosts=None)
    seen = await it.observe()
    assert (seen["name"], seen["availability_zone"], seen["hosts"]) == ("faster", None, [])
    assert seen["metadata"]["disk"] == "nvme" and "count" not in seen["metadata"]
    await it.update(hosts=["hearth-compute-1"])
    await it.delete()
    assert await it.observe() is None, "hosts left it first"


async def test_aggregate_of_somebody_else_is_not_taken_for_a_lost_one(admin: Driver) -> None:
    other = await admin.make("OS::Nova::HostAggregate", name="mine", metadata={"a": "b"})
    wanted = await admin.prepare("OS::Nova::HostAggregate", name="mine")
    assert await wanted.kind.find(wanted.call) is None
    with pytest.raises(Conflict):
        await wanted.kind.create(wanted.call)
    assert await other.observe() is not None


@pytest.mark.parametrize(
    ("type_name", "service", "one", "other"),
    [("OS::Nova::Quota", "compute", "cores", "ram"), ("OS::Cinder::Quota", "volume", "volumes", "gigabytes")],
)
async def test_quotas_go_back_to_the_defaults(
    admin: Driver, type_name: str, service: str, one: str, other: str
) -> None:
    project = await admin.make("OS::Keystone::Project", name="limited")

    async def limits(further: str = "") -> Any:
        return (await admin.cloud.get(service, f"/os-quota-sets/{project.id}{further}")).body["quota_set"]

    defaults = await limits("/defaults")
    it = await admin.make(type_name, project="limited", **{one: 7, other: 8})
    assert await it.find_again() == project.id
    assert ((await limits())[one], (await limits())[other]) == (7, 8)
    await it.update(**{one: 9, other: None})
    assert ((await limits())[one], (await limits())[other]) == (9, defaults[other])
    await it.delete()
    assert await limits() | {"id": ""} == defaults | {"id": ""}


async def test_quota_below_what_is_used_is_refused(admin: Driver) -> None:
    await admin.make("OS::Cinder::Volume", size=1)
    wanted = await admin.prepare("OS::Cinder::Quota", project="admin", volumes=0, gigabytes=1, snapshots=0)
    told = [issue.message for issue in await wanted.kind.confirm(wanted.call)]
    assert told == ["volumes: the quota 0 is below the 1 that the project has."]


async def test_qos_specs_lose_keys_and_keep_their_consumer(admin: Driver) -> None:
    it = await admin.make("OS::Cinder::QoSSpecs", specs={"consumer": "both", "total_iops_sec": 500, "old": "x"})
    assert await it.find_again() == it.id
    await it.update(specs={"total_iops_sec": 600})
    seen = await it.observe()
    assert (seen["consumer"], seen["specs"]) == ("back-end", {"total_iops_sec": "600"})


async def test_a_type_is_passed_on_between_qos_specs(admin: Driver) -> None:
    kinds = [await admin.make("OS::Cinder::VolumeType", name=name) for name in ("one", "two")]
    specs = [await admin.make("OS::Cinder::QoSSpecs", specs={"read_iops_sec": n}) for n in (1, 2)]
    it = await admin.make("OS::Cinder::QoSAssociation", qos_specs=specs[0].id, volume_types=["one"])
    await it.update(volume_types=["one", "two"])
    other = await admin.prepare("OS::Cinder::QoSAssociation", qos_specs=specs[1].id, volume_types=["two"])
    with pytest.raises(Permanent):
        await other.kind.create(other.call)
    assert "two" not in it.kind.collides(it.call.properties, {"volume_types": ["unrelated"]})
    assert kinds[1].id in it.kind.collides(it.call.properties, other.call.properties)
    while await it.kind.make_way(it.call, other.call.properties) is not None:
        pass
    other.call.physical_id = await other.kind.create(other.call)
    assert (await other.observe())["volume_types"] == [kinds[1].id]
    assert (await it.observe())["volume_types"] == [kinds[0].id]
    await it.delete()
    assert (await other.observe())["volume_types"] == [kinds[1].id], "what was passed on is left alone"


async def test_user_of_keystone_joins_leaves_and_signs_in(admin: Driver) -> None:
    group = await admin.make("OS::Keystone::Group", "group", name="staff")
    project = await admin.make("OS::Keystone::Project", "project", name="office")
    domain = await admin.make("OS::Keystone::Domain", "domain", name="elsewhere")
    roles = [{"role": "member", "project": "office"}, {"role": "reader", "domain": domain.id}]
    it = await admin.make("OS::Keystone::User", name="mary", password="first", groups=["staff"], roles=roles)

    async def granted() -> set[str]:
        answer = await admin.cloud.get("identity", "/v3/role_assignments", params={"user.id": it.id})
        return {next(iter(one["scope"])) for one in answer.body["role_assignments"]}

    assert await it.find_again() == it.id
    assert await granted() == {"project", "domain"}
    await it.update(groups=None, roles=roles[:1], default_project="office")
    assert await granted() == {"project"}
    answer = await admin.cloud.get("identity", f"/v3/groups/{group.id}/users")
    assert answer.body["users"] == []
    assert await it.attribute("default_project_id") == project.id
    decision = it.kind.decide(Change({"domain": domain.id}), it.call)
    assert decision.verdict is plan.Verdict.REPLACE, "nobody moves to another domain"
    other = await admin.prepare("OS::Keystone::User", name="mary")
    assert await other.kind.find(other.call) is None, "it is another row's"
    await domain.delete()
    assert await domain.observe() is None, "it was disabled first"


async def test_a_domain_has_roles_of_names_that_others_have(admin: Driver) -> None:
    domain = await admin.make("OS::Keystone::Domain", "domain", name="elsewhere")
    one = await admin.make("OS::Keystone::Role", "one", name="keeper")
    other = await admin.make("OS::Keystone::Role", "other", name="keeper", domain="elsewhere")
    assert (await one.find_again(), await other.find_again()) == (one.id, other.id)
    again = await admin.prepare("OS::Keystone::Role", "again", name="keeper", domain=domain.id)
    with pytest.raises(Conflict):
        await again.kind.create(again.call)


async def test_deleted_project_leaves_no_security_group(admin: Driver) -> None:
    project = await admin.make("OS::Keystone::Project")
    params = {"project_id": project.id}
    body = {"security_group": {"name": "default-maker", "project_id": project.id}}
    made = await admin.cloud.post("network", "/v2.0/security-groups", json=body)
    await admin.cloud.request("network", "DELETE", f"/v2.0/security-groups/{made.body['security_group']['id']}")
    listed = await admin.cloud.get("network", "/v2.0/security-groups", params=params)
    assert [one["name"] for one in listed.body["security_groups"]] == ["default"]
    await project.delete()
    listed = await admin.cloud.get("network", "/v2.0/security-groups", params=params)
    assert listed.body["security_groups"] == []


async def test_old_floating_ip_leads_to_a_server(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", "net")
    subnet = await demo.make("OS::Neutron::Subnet", "subnet", network=net.id, cidr="10.9.0.0/24")
    router = await demo.make("OS::Neutron::Router", "router", external_gateway_info={"network": "public"})
    await demo.make("OS::Neutron::RouterInterface", router=router.id, subnet=subnet.id)
    server = await demo.make("OS::Nova::Server", image="cirros", flavor="m1.tiny", networks=[{"network": net.id}])
    one = await demo.make("OS::Nova::FloatingIP", pool="public")
    other = await demo.make("OS::Nova::FloatingIP")
    assert await one.find_again() == one.id
    assert (await one.attribute("pool"), await one.attribute("ip")) == (
        "public",
        (await one.observe())["floating_ip_address"],
    )
    it = await demo.make("OS::Nova::FloatingIPAssociation", server_id=server.id, floating_ip=one.id)
    assert (await one.observe())["port_id"] is not None
    assert await it.find_again() == one.id
    await it.update(floating_ip=other.id)
    assert ((await one.observe())["port_id"], it.id) == (None, other.id)
    await it.delete()
    assert (await other.observe())["port_id"] is None
