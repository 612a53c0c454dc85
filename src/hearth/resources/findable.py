"""Which kinds of things of the cloud can be named in a template, and where each service tells of them?

One row a kind, under the name of its custom constraint; `hearth.resources.finders` asks. Nothing is asked here.
Constraints on the value alone are in `hearth.resources.checks`.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any, Final

#: `Finder.pages`: pages as long as the service likes, until an empty one.
UNTIL_EMPTY: Final = "until empty"


@dataclasses.dataclass(frozen=True)
class Finder:
    """Where things of a kind are looked up."""

    noun: str
    service: str
    path: str
    plural: str
    """The envelope of the list."""
    by_name: str = "name"
    """The query key that filters by name; empty: the list is fetched whole."""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    identity: str = "id"
    """The field that is the id."""
    name: str = "name"
    """The field that is the name."""
    known_by: str = "name or id"
    """What a template may give, in words."""
    shown_in: str | None = None
    """For a service that shows one thing under any text that may be its id or name: the envelope of that answer,
    empty when it has none. None: one thing is asked for only when the text has the form of an id."""
    by_reference: bool = False
    """Whether things are known by their URL only, which ends in the id."""
    inner: str = ""
    """The envelope around each object of a list."""
    within: str = ""
    """The field of each listed object that holds the things; they go by its name."""
    pages: str = ""
    """How the list is cut into pages: "marker", UNTIL_EMPTY, or not at all."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    microversion: str = ""

    @property
    def nouns(self) -> str:
        """Several of them."""
        return f"{self.noun[:-1]}ies" if self.noun.endswith(("cy", "ty")) else f"{self.noun}s"


def _network(noun: str, plural: str, under: str = "") -> Finder:
    path = f"/v2.0/{under}{plural if under else plural.replace('_', '-')}"
    return Finder(noun, "network", path, plural, params={"fields": ["id", "name"]})


def _balancing(noun: str, plural: str) -> Finder:
    return Finder(noun, "load-balancer", f"/v2/lbaas/{plural}", plural)


def _identity(noun: str) -> Finder:
    # Ids of users and groups may come from a directory, and the first domain's is "default": no form tells them.
    return Finder(noun, "identity", f"/v3/{noun}s", f"{noun}s", shown_in=noun)


def _key(noun: str, plural: str, identity: str) -> Finder:
    return Finder(
        noun,
        "key-manager",
        f"/v1/{plural}",
        plural,
        by_name="",
        identity=identity,
        known_by="reference",
        shown_in="",
        by_reference=True,
    )


FINDERS: Final[Mapping[str, Finder]] = {
    "barbican.container": _key("secret container", "containers", "container_ref"),
    "barbican.secret": _key("secret", "secrets", "secret_ref"),
    "blazar.reservation": Finder(
        "reservation", "reservation", "/v1/leases", "leases", by_name="", within="reservations"
    ),
    "cinder.backup": Finder("backup", "volume", "/backups", "backups"),
    "cinder.qos_specs": Finder("QoS specs", "volume", "/qos-specs", "qos_specs", by_name="", pages="marker"),
    "cinder.snapshot": Finder("snapshot", "volume", "/snapshots", "snapshots"),
    "cinder.volume": Finder("volume", "volume", "/volumes", "volumes"),
    "cinder.vtype": Finder("volume type", "volume", "/types", "volume_types", by_name=""),
    "designate.zone": Finder("zone", "dns", "/v2/zones", "zones"),
    "glance.image": Finder("image", "image", "/v2/images", "images"),
    "ironic.node": Finder(
        "bare metal node",
        "baremetal",
        "/v1/nodes",
        "nodes",
        by_name="",
        identity="uuid",
        shown_in="",
        pages=UNTIL_EMPTY,
        microversion="1.5",
    ),
    "ironic.portgroup": Finder(
        "port group",
        "baremetal",
        "/v1/portgroups",
        "portgroups",
        by_name="",
        identity="uuid",
        shown_in="",
        pages=UNTIL_EMPTY,
        microversion="1.23",
    ),
    "keystone.domain": _identity("domain"),
    "keystone.group": _identity("group"),
    "keystone.project": _identity("project"),
    "keystone.region": Finder("region", "identity", "/v3/regions", "regions", by_name="", name="id", known_by="id"),
    "keystone.role": _identity("role"),
    "keystone.service": Finder("service", "identity", "/v3/services", "services", by_name=""),
    "keystone.user": _identity("user"),
    "magnum.cluster_template": Finder(
        "cluster template",
        "container-infrastructure-management",
        "/v1/clustertemplates",
        "clustertemplates",
        by_name="",
        identity="uuid",
        shown_in="",
        pages=UNTIL_EMPTY,
    ),
    "manila.share_network": Finder("share network", "shared-file-system", "/share-networks", "share_networks"),
    "manila.share_snapshot": Finder("share snapshot", "shared-file-system", "/snapshots", "snapshots"),
    "manila.share_type": Finder("share type", "shared-file-system", "/types", "share_types", by_name=""),
    "mistral.workflow": Finder("workflow", "workflow", "/v2/workflows", "workflows", shown_in=""),
    "neutron.address_scope": _network("address scope", "address_scopes"),
    "neutron.flow_classifier": _network("flow classifier", "flow_classifiers", "sfc/"),
    "neutron.lbaas.listener": _network("listener", "listeners", "lbaas/"),
    "neutron.lbaas.loadbalancer": _network("load balancer", "loadbalancers", "lbaas/"),
    "neutron.lbaas.pool": _network("pool", "pools", "lbaas/"),
    "neutron.lbaas.provider": Finder(
        "load balancer provider",
        "network",
        "/v2.0/service-providers",
        "service_providers",
        by_name="",
        params={"service_type": "LOADBALANCERV2"},
        identity="name",
        known_by="name",
    ),
    "neutron.network": _network("network", "networks"),
    "neutron.port": _network("port", "ports"),
    "neutron.port_pair": _network("port pair", "port_pairs", "sfc/"),
    "neutron.port_pair_group": _network("port pair group", "port_pair_groups", "sfc/"),
    "neutron.qos_policy": Finder("QoS policy", "network", "/v2.0/qos/policies", "policies"),
    "neutron.router": _network("router", "routers"),
    "neutron.security_group": _network("security group", "security_groups"),
    "neutron.segment": _network("segment", "segments"),
    "neutron.subnet": _network("subnet", "subnets"),
    "neutron.subnetpool": _network("subnet pool", "subnetpools"),
    "neutron.taas.tap_flow": _network("tap flow", "tap_flows", "taas/"),
    "neutron.taas.tap_service": _network("tap service", "tap_services", "taas/"),
    "nova.flavor": Finder(
        "flavor", "compute", "/flavors", "flavors", by_name="", params={"is_public": "None"}, pages="marker"
    ),
    "nova.host": Finder(
        "compute host",
        "compute",
        "/os-services",
        "services",
        by_name="",
        params={"binary": "nova-compute"},
        identity="host",
        name="host",
        known_by="name",
    ),
    "nova.keypair": Finder(
        "key pair",
        "compute",
        "/os-keypairs",
        "keypairs",
        by_name="",
        identity="name",
        known_by="name",
        inner="keypair",
    ),
    "nova.server": Finder("server", "compute", "/servers", "servers"),
    "octavia.availabilityzone": Finder(
        "availability zone",
        "load-balancer",
        "/v2/lbaas/availabilityzones",
        "availability_zones",
        by_name="",
        identity="name",
        known_by="name",
    ),
    "octavia.availabilityzoneprofile": Finder(
        "availability zone profile",
        "load-balancer",
        "/v2/lbaas/availabilityzoneprofiles",
        "availability_zone_profiles",
    ),
    "octavia.flavor": _balancing("load balancer flavor", "flavors"),
    "octavia.flavorprofile": _balancing("flavor profile", "flavorprofiles"),
    "octavia.l7policy": _balancing("L7 policy", "l7policies"),
    "octavia.listener": _balancing("listener", "listeners"),
    "octavia.loadbalancer": _balancing("load balancer", "loadbalancers"),
    "octavia.pool": _balancing("pool", "pools"),
    "trove.flavor": Finder("database flavor", "database", "/flavors", "flavors", by_name="", identity="str_id"),
    "zaqar.queue": Finder(
        "queue",
        "message",
        "/v2/queues",
        "queues",
        by_name="",
        identity="name",
        known_by="name",
        pages=UNTIL_EMPTY,
        # Zaqar refuses a request without the id of a client; any will do for a list.
        headers={"Client-ID": str(uuid.uuid4())},
    ),
}
