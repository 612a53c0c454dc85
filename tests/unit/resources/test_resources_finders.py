"""Custom constraints: every published one is known, and each looks where its service tells of such things."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hearth.cloud import credentials, session, settings
from hearth.engine import lookups
from hearth.resources import blueprint, checking, checks, findable, finders, registry
from hearth.template import environment as environments

Driver = Any  # the class of the fixtures in conftest

PUBLISHED = json.loads((Path(__file__).parents[2] / "facts" / "custom_constraints.json").read_text())
ID = "11111111-2222-3333-4444-555555555555"
OTHER_ID = "66666666-2222-3333-4444-555555555555"


def test_every_published_constraint_is_known() -> None:
    assert {*checks.CHECKS, *findable.FINDERS} == set(PUBLISHED)


def test_a_constraint_is_about_the_value_or_about_the_cloud() -> None:
    assert not checks.CHECKS.keys() & findable.FINDERS.keys()


async def _problem(cloud: session.Session, kind: str, value: str) -> str | None:
    issues = await finders.confirm(cloud, [checking.Lookup((), kind, value, translate=False)])
    return issues[0].message if issues else None


#: Constraint, a value that exists in the fresh embedded cloud, what is said of another one.
EMBEDDED = [
    ("nova.flavor", "m1.tiny", "There is no flavor with the name or id 'nonsense'. Known: .*m1.tiny"),
    ("nova.host", None, "There is no compute host with the name 'nonsense'. Known: "),
    ("glance.image", "cirros", "There is no image with the name or id 'nonsense'. Known: .*cirros"),
    ("neutron.network", "private", "There is no network with the name or id 'nonsense'. Known: .*private, public"),
    ("cinder.qos_specs", None, "There is no QoS specs with the name or id 'nonsense'"),
    ("keystone.user", "demo", "There is no user with the name or id 'nonsense'. Known: .*demo"),
    ("keystone.project", "demo", "There is no project with the name or id 'nonsense'. Known: .*demo"),
    ("keystone.role", "admin", "There is no role with the name or id 'nonsense'. Known: .*admin"),
    ("keystone.domain", "default", "There is no domain with the name or id 'nonsense'. Known: .*Default"),
    ("keystone.domain", "Default", "There is no domain with the name or id 'nonsense'. Known: .*Default"),
    ("keystone.region", "RegionOne", "There is no region with the id 'nonsense'. Known: RegionOne"),
    ("keystone.service", "nova", "There is no service with the name or id 'nonsense'"),
    ("keystone.group", None, "There is no group with the name or id 'nonsense'"),
    ("barbican.secret", None, "There is no secret with the reference 'nonsense'"),
    ("barbican.container", None, "There is no secret container with the reference 'nonsense'"),
    ("designate.zone", None, "There is no zone with the name or id 'nonsense'"),
    ("octavia.availabilityzone", None, "There is no availability zone with the name 'nonsense'"),
    ("octavia.availabilityzoneprofile", None, "There is no availability zone profile with the name or id 'nonsense'"),
    ("octavia.flavor", None, "There is no load balancer flavor with the name or id 'nonsense'"),
    ("octavia.flavorprofile", None, "There is no flavor profile with the name or id 'nonsense'"),
    ("octavia.l7policy", None, "There is no L7 policy with the name or id 'nonsense'"),
    ("octavia.listener", None, "There is no listener with the name or id 'nonsense'"),
    ("octavia.loadbalancer", None, "There is no load balancer with the name or id 'nonsense'"),
    ("octavia.pool", None, "There is no pool with the name or id 'nonsense'"),
    ("manila.share_network", None, "There is no share network with the name or id 'nonsense'"),
    ("manila.share_snapshot", None, "There is no share snapshot with the name or id 'nonsense'"),
    ("manila.share_type", "default", "There is no share type with the name or id 'nonsense'"),
    ("mistral.workflow", None, "There is no workflow with the name or id 'nonsense'"),
    ("trove.flavor", "m1.tiny", "There is no database flavor with the name or id 'nonsense'"),
    ("magnum.cluster_template", None, "There is no cluster template with the name or id 'nonsense'"),
    ("blazar.reservation", None, "There is no reservation with the name or id 'nonsense'"),
    ("ironic.node", "metal", "There is no bare metal node with the name or id 'nonsense'"),
    ("ironic.portgroup", None, "There is no port group with the name or id 'nonsense'"),
    ("neutron.port_pair", None, "There is no port pair with the name or id 'nonsense'"),
    ("neutron.lbaas.pool", None, "The pool 'nonsense' cannot be looked up: .*network service .* no pools"),
]


async def test_values_are_judged_against_the_cloud(admin: Driver) -> None:
    wrong = []
    for kind, existing, message in EMBEDDED:
        if existing is not None and (said := await _problem(admin.cloud, kind, existing)):
            wrong.append((kind, existing, said))
        said = await _problem(admin.cloud, kind, "nonsense") or ""
        if not re.match(message, said):
            wrong.append((kind, message, said))
    assert wrong == []


async def test_what_the_caller_may_not_see_is_a_problem_of_the_value(demo: Driver) -> None:
    said = await _problem(demo.cloud, "nova.host", "anywhere")
    assert said is not None
    assert said.startswith("The compute host 'anywhere' cannot be looked up: compute: ")


async def test_a_secret_is_known_by_its_reference(demo: Driver) -> None:
    answer = await demo.cloud.post("key-manager", "/v1/secrets", json={"name": "mine", "payload": "x",
                                   "payload_content_type": "text/plain"})  # fmt: skip
    reference = answer.body["secret_ref"]
    elsewhere = reference.replace("/secrets/", "/containers/")
    for value in (reference, reference.rpartition("/")[2]):
        assert await finders.find(demo.cloud, "barbican.secret", value) == reference
    for value in ("mine", elsewhere, f"{reference[:-36]}{ID}"):
        assert await _problem(demo.cloud, "barbican.secret", value) is not None


#: Services that the embedded cloud does not have, as their interfaces are published: path, answer of the list.
LISTS: dict[str, dict[str, Any]] = {
    "/v1/leases": {"leases": [{"id": "l", "name": "lease", "reservations": [{"id": ID}]},
                              {"id": "m", "name": "both", "reservations": [{"id": "r1"}, {"id": "r2"}]}]},
    "/v2/zones": {"zones": [{"id": ID, "name": "example.com."}]},
    "/v1/nodes": {"nodes": [{"uuid": ID, "name": "metal"}, {"uuid": OTHER_ID, "name": None}]},
    "/v1/portgroups": {"portgroups": [{"uuid": ID, "name": "bond"}]},
    "/v1/clustertemplates": {"clustertemplates": [{"uuid": ID, "name": "k8s"}]},
    "/v2/share-networks": {"share_networks": [{"id": ID, "name": "nets"}]},
    "/v2/snapshots": {"snapshots": [{"id": ID, "name": "snap"}]},
    "/v2/types": {"volume_types": [], "share_types": [{"id": ID, "name": "gold"}]},
    "/v2/workflows": {"workflows": [{"id": ID, "name": "flow"}]},
    "/v2/lbaas/loadbalancers": {"loadbalancers": [{"id": ID, "name": "lb"}]},
    "/v2/lbaas/listeners": {"listeners": [{"id": ID, "name": "http"}]},
    "/v2/lbaas/pools": {"pools": [{"id": ID, "name": "web"}]},
    "/v2/lbaas/l7policies": {"l7policies": [{"id": ID, "name": "api"}]},
    "/v2/lbaas/flavors": {"flavors": [{"id": ID, "name": "small"}]},
    "/v2/lbaas/flavorprofiles": {"flavorprofiles": [{"id": ID, "name": "amphora"}]},
    "/v2/lbaas/availabilityzones": {"availability_zones": [{"name": "az1", "availability_zone_profile_id": ID}]},
    "/v2/lbaas/availabilityzoneprofiles": {"availability_zone_profiles": [{"id": ID, "name": "zones"}]},
    "/v1.0/p/flavors": {"flavors": [{"id": None, "str_id": ID, "name": "db"},
                                    {"id": 7, "str_id": "7", "name": "tiny"}]},
    "/v2/queues": {"queues": [{"name": "jobs", "href": "/v2/queues/jobs"}]},
    "/v2.0/sfc/flow_classifiers": {"flow_classifiers": [{"id": ID, "name": "flows"}]},
    "/v2.0/sfc/port_pairs": {"port_pairs": [{"id": ID, "name": "pair"}]},
    "/v2.0/sfc/port_pair_groups": {"port_pair_groups": [{"id": ID, "name": "group"}]},
    "/v2.0/taas/tap_flows": {"tap_flows": [{"id": ID, "name": "tf"}]},
    "/v2.0/taas/tap_services": {"tap_services": [{"id": ID, "name": "ts"}]},
    "/v2.0/lbaas/loadbalancers": {"loadbalancers": [{"id": ID, "name": "lb"}]},
    "/v2.0/lbaas/listeners": {"listeners": [{"id": ID, "name": "http"}]},
    "/v2.0/lbaas/pools": {"pools": [{"id": ID, "name": "web"}]},
    "/v2.0/service-providers": {"service_providers": [{"service_type": "LOADBALANCERV2", "name": "haproxy"}]},
}  # fmt: skip
#: Constraint, name, id.
ELSEWHERE = [
    ("blazar.reservation", "lease", ID),
    ("designate.zone", "example.com.", ID),
    ("ironic.node", "metal", ID),
    ("ironic.node", OTHER_ID, OTHER_ID),
    ("ironic.portgroup", "bond", ID),
    ("magnum.cluster_template", "k8s", ID),
    ("manila.share_network", "nets", ID),
    ("manila.share_snapshot", "snap", ID),
    ("manila.share_type", "gold", ID),
    ("mistral.workflow", "flow", ID),
    ("neutron.flow_classifier", "flows", ID),
    ("neutron.lbaas.listener", "http", ID),
    ("neutron.lbaas.loadbalancer", "lb", ID),
    ("neutron.lbaas.pool", "web", ID),
    ("neutron.lbaas.provider", "haproxy", "haproxy"),
    ("neutron.port_pair", "pair", ID),
    ("neutron.port_pair_group", "group", ID),
    ("neutron.taas.tap_flow", "tf", ID),
    ("neutron.taas.tap_service", "ts", ID),
    ("octavia.availabilityzone", "az1", "az1"),
    ("octavia.availabilityzoneprofile", "zones", ID),
    ("octavia.flavor", "small", ID),
    ("octavia.flavorprofile", "amphora", ID),
    ("octavia.l7policy", "api", ID),
    ("octavia.listener", "http", ID),
    ("octavia.loadbalancer", "lb", ID),
    ("octavia.pool", "web", ID),
    ("trove.flavor", "db", ID),
    ("trove.flavor", "tiny", "7"),
    ("zaqar.queue", "jobs", "jobs"),
]


async def _answer(request: Request) -> JSONResponse:
    """The published answer of one of the services; Zaqar's and Ironic's rules on headers are theirs."""
    _, service, path = request.url.path.split("/", 2)
    path = "/" + path
    if service == "message" and "client-id" not in request.headers:
        return JSONResponse({"title": "Client-ID is needed"}, 400)
    if (listed := LISTS.get(path)) is not None:
        if "marker" in request.query_params:
            listed = {key: [] for key in listed}
        elif service == "baremetal" and "x-openstack-ironic-api-version" not in request.headers:
            listed = {key: [{"uuid": one["uuid"]} for one in several] for key, several in listed.items()}
        return JSONResponse(listed)
    above, _, last = path.rpartition("/")
    for several in LISTS.get(above, {}).values():
        for one in several:
            if last in (one.get("id"), one.get("uuid"), one["name"] if service in ("baremetal", "workflow") else None):
                return JSONResponse(one)
    return JSONResponse({"message": "not found"}, 404)


@pytest.fixture
async def services(cloud_url: str) -> AsyncIterator[session.Session]:
    """A session of a cloud with all the services of LISTS."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=[Route("/{path:path}", _answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    versioned = {"shared-file-system": "/v2", "database": "/v1.0/p"}
    kinds = {finder.service for finder in findable.FINDERS.values()} - {"identity"}
    auth_url = f"{cloud_url}/identity/v3"
    options = {"auth_url": auth_url, "username": "admin", "password": "secret", "user_domain_name": "Default",
               "project_name": "admin", "project_domain_name": "Default"}  # fmt: skip
    connector = credentials.Connector(
        settings.CloudSettings(
            auth_url=auth_url,
            service=settings.AuthSection("password", options),
            endpoint_overrides={kind: f"{url}/{kind}{versioned.get(kind, '')}" for kind in kinds},
        )
    )
    yield await connector.session(credentials.ServiceUser())
    await connector.close()
    server.should_exit = True
    await task
    listener.close()


async def test_services_are_asked_as_they_publish(services: session.Session) -> None:
    found = {}
    for kind, name, identity in ELSEWHERE:
        for value in (name, identity):
            try:
                found[kind, value] = await finders.find(services, kind, value)
            except (finders.NotFoundName, finders.Ambiguous) as error:
                found[kind, value] = str(error)
    assert found == {(kind, value): one for kind, name, one in ELSEWHERE for value in (name, one)}
    for kind in sorted({kind for kind, *_ in ELSEWHERE}):
        said = await _problem(services, kind, "un/known")
        assert said is not None
        assert said.startswith(f"There is no {findable.FINDERS[kind].noun} with the "), said


async def test_several_reservations_of_a_lease_are_ambiguous(services: session.Session) -> None:
    assert await _problem(services, "blazar.reservation", "both") == (
        "2 reservations have the name 'both'; use one of their ids: r1, r2."
    )


CONSTRAINED = """
heat_template_version: 2018-08-31
parameters:
  image: {type: string, constraints: [{custom_constraint: glance.image}]}
  document: {type: string, constraints: [{custom_constraint: json_string}]}
  size: {type: number, constraints: [{custom_constraint: nova.flavor}]}
  private_image: {type: string, hidden: true, constraints: [{custom_constraint: glance.image}]}
  private_document: {type: string, hidden: true, constraints: [{custom_constraint: json_string}]}
  private_name: {type: string, hidden: true}
resources:
  server:
    type: OS::Nova::Server
    properties: {flavor: m1.tiny, image: {get_param: private_name}, networks: [{network: private}]}
"""


async def test_problems_name_the_parameter_and_hide_what_is_hidden(demo: Driver) -> None:
    given = {"image": "cirrus", "document": "{", "size": 77, "private_image": "swordfish",
             "private_document": "{swordfish", "private_name": "swordfish"}  # fmt: skip
    environment, problems = environments.parse({"parameters": given})
    assert not problems
    builder = blueprint.Builder(registry.TypeRegistry(), 100_000)
    built, findings = builder.examine(CONSTRAINED, environment, {}, blueprint.Surroundings.nowhere())
    assert built is not None
    await lookups.confirm(demo.cloud, built.checks, findings)
    told = {one.place.path_text(): one.message for one in findings}
    hidden = "the hidden value does not satisfy '{}', or that cannot be told"
    assert told.pop("parameters.document").startswith("Parameter 'document' is invalid: '{' is not JSON: ")
    assert told.pop("parameters.size").startswith("Parameter 'size' is invalid: There is no flavor ")
    assert told == {
        "parameters.image": "Parameter 'image' is invalid: There is no image with the name or id 'cirrus'. "
        "Did you mean 'cirros'?",
        "parameters.private_image": "Parameter 'private_image' is invalid: " + hidden.format("glance.image"),
        "parameters.private_document": "Parameter 'private_document' is invalid: " + hidden.format("json_string"),
        "resources.server.properties.image": hidden.format("glance.image"),
    }
