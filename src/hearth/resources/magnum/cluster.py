"""OS::Magnum::Cluster: servers that run containers.

Spec: https://docs.openstack.org/api-ref/container-infrastructure-management/#manage-cluster
"""

from hearth.model.states import Action
from hearth.resources import base, patched
from hearth.resources.magnum import cluster_template
from hearth.resources.remote import Readiness, Remote
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Magnum::Cluster", since="9.0.0")
class Cluster(patched.Patched):
    """A cluster of containers.

    Grows and shrinks in place.
    """

    remote = Remote(
        service=cluster_template.SERVICE,
        path="/v1/clusters",
        envelope="",
        plural="clusters",
        identity="uuid",
        readiness=Readiness(
            ready=("CREATE_COMPLETE", "UPDATE_COMPLETE", "CHECK_COMPLETE", "RESUME_COMPLETE"),
            failed=("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"),
            on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}),
            reason="status_reason",
        ),
    )

    name = Property(str, "Name of the cluster.", default=PHYSICAL_NAME)
    cluster_template = Property(
        str, "What it is made like.", required=True, refers="magnum.cluster_template", wire="cluster_template_id"
    )
    keypair = Property(str, "Key pair of the servers.", constraint="nova.keypair")
    node_count = Property(int, "How many nodes.", default=1, updatable=True, minimum=1, cleared=1)
    master_count = Property(int, "How many masters.", default=1, updatable=True, minimum=1, cleared=1)
    create_timeout = Property(
        int, "Minutes that making it may take.", default=60, updatable=True, minimum=0, cleared=60
    )
    discovery_url = Property(str, "Where nodes find one another.", updatable=True, cleared=ABSENT)

    attributes = {
        "api_address": Attribute(str, "Address of its API."),
        "cluster_template_id": Attribute(str, "What it is made like."),
        "coe_version": Attribute(str, "Version of what runs containers."),
        "container_version": Attribute(str, "Version of the container engine."),
        "create_timeout": Attribute(int, "Minutes that making it may take."),
        "discovery_url": Attribute(str, "Where nodes find one another."),
        "keypair": Attribute(str, "Key pair of the servers."),
        "master_addresses": Attribute(list, "Addresses of the masters."),
        "master_count": Attribute(int, "How many masters."),
        "name": Attribute(str, "Name of the cluster."),
        "node_addresses": Attribute(list, "Addresses of the nodes."),
        "node_count": Attribute(int, "How many nodes."),
        "stack_id": Attribute(str, "Stack that has its servers."),
        "status": Attribute(str, "Status of the cluster."),
        "status_reason": Attribute(str, "Why it has this status."),
    }
