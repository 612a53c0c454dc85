"""Clusters for containers at /container-infra: templates and clusters. No server is made for them.

Spec: https://docs.openstack.org/api-ref/container-infrastructure-management/
"""

from collections.abc import Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, ids, patching, service, staged, state
from hearth.localcloud.core.staged import Field, between, one_of, read_only
from hearth.localcloud.keystone import delegation

_TEXTS = (
    "image_id",
    "keypair_id",
    "external_network_id",
    "fixed_network",
    "fixed_subnet",
    "dns_nameserver",
    "flavor_id",
    "master_flavor_id",
    "network_driver",
    "volume_driver",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "cluster_distro",
)


class Kept(patching.Patched):
    """What templates and clusters share."""

    def refuse(self, message: str) -> errors.ApiError:
        return errors.ApiError(400, message)

    def not_found(self, id: str) -> errors.ApiError:
        noun = {"clustertemplate": "ClusterTemplate"}.get(self.singular, "Cluster")
        return errors.ApiError(404, f"{noun} {id} could not be found.")

    @property
    def magnum(self) -> "Magnum":
        return cast("Magnum", self.service)


class Templates(Kept):
    """What clusters are made like."""

    singular, plural, path = "clustertemplate", "clustertemplates", "/v1/clustertemplates"
    fields = (
        Field("name", nullable=True),
        Field("coe", required=True, check=one_of("kubernetes", "swarm", "swarm-mode", "mesos")),
        *(Field(name, nullable=True) for name in _TEXTS),
        Field("docker_volume_size", int, nullable=True, check=between(1)),
        Field("docker_storage_driver", nullable=True),
        Field("server_type", default="vm", nullable=True),
        Field("labels", dict, default={}),
        *(
            Field(name, bool, default=value)
            for name, value in (
                ("tls_disabled", False),
                ("public", False),
                ("registry_enabled", False),
                ("hidden", False),
                ("floating_ip_enabled", True),
                ("master_lb_enabled", False),
            )
        ),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if not document["image_id"]:
            raise self.refuse("Mandatory field image_id missing.")

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if set(changes) - {"public", "hidden", "name"} and self._users(document):
            raise self.refuse(f"ClusterTemplate {document['id']} is referenced by one or multiple clusters.")

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        if self._users(document):
            raise self.refuse(f"ClusterTemplate {document['id']} is referenced by one or multiple clusters.")

    def _users(self, document: state.Document) -> list[state.Document]:
        return self.magnum.clusters.table.select(cluster_template_id=document["id"])

    def visible(self, call: service.Call, document: state.Document) -> bool:
        return document["public"] or super().visible(call, document)


class Clusters(Kept):
    """Clusters."""

    singular, plural, path = "cluster", "clusters", "/v1/clusters"
    creation = ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    updating = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    deletion = ("DELETE_IN_PROGRESS", None)
    broken = "CREATE_FAILED"
    create_status, update_status = 202, 202
    fields = (
        Field("name", nullable=True, update=False),
        Field("cluster_template_id", required=True, update=False),
        Field("keypair", nullable=True, update=False),
        Field("node_count", int, default=1, check=between(0)),
        Field("master_count", int, default=1, check=between(1)),
        Field("create_timeout", int, default=60, nullable=True, check=between(0)),
        Field("discovery_url", nullable=True),
        Field("labels", dict, default={}, update=False),
        read_only("status_reason"),
        read_only("stack_id"),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        template = self.magnum.templates.find(call, document["cluster_template_id"])
        delegation.require(call, 500)
        keypair = document["keypair"] or template["keypair_id"]
        document |= {"cluster_template_id": template["id"], "keypair": keypair, "stack_id": ids.new_id()}
        document |= {"coe_version": "v1.30.0", "container_version": "1.7.0"}
        document["discovery_url"] = document["discovery_url"] or "https://discovery.example.org/" + ids.new_hex()

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        nodes = [f"10.252.1.{number + 1}" for number in range(document["node_count"])]
        masters = [f"10.252.0.{number + 1}" for number in range(document["master_count"])]
        is_there = document["status"].endswith("_COMPLETE")
        shown = {"node_addresses": nodes, "master_addresses": masters, "api_address": "https://10.252.0.1:6443"}
        return super().view(call, document) | (shown if is_there else {"api_address": None})

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        return document

    def create(self, call: service.Call) -> Any:
        """Only the id is answered."""
        reply = super().create(call)
        return service.Reply(reply.status, {"uuid": reply.body["uuid"]})


class Magnum(staged.StagedService):
    """API v1."""

    name = "magnum"
    service_type = "container-infra"
    prefix = "/container-infra"
    catalog_path = "/container-infra/v1"
    version = "/v1"

    def build(self) -> Sequence[staged.Staged]:
        self.templates = Templates(self)
        self.clusters = Clusters(self)
        return (self.templates, self.clusters)

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        title = errors.TITLES.get(error.status, "Error")
        one = {"status": error.status, "code": "client", "title": title, "detail": error.message, "links": []}
        return {"errors": [{**one, "request_id": call.request_id}]}
