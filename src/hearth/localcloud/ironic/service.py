"""Bare metal at /baremetal: nodes, port groups and ports, as records. Only administrators may use it.

Spec: https://docs.openstack.org/api-ref/baremetal/
"""

import json
from collections.abc import Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, ids, patching, service, staged, state
from hearth.localcloud.core.staged import Field, read_only


class Metal(patching.Patched):
    """What all collections share."""

    admin_writes = shared = True
    index = ()

    @property
    def ironic(self) -> "Ironic":
        return cast("Ironic", self.service)

    def candidates(self, call: service.Call) -> Any:
        if not call.identity.is_admin:
            raise self.forbidden("Access was denied to the bare metal service.")
        return super().candidates(call)

    def visible(self, call: service.Call, document: state.Document) -> bool:
        return call.identity.is_admin

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"{self.singular.capitalize()} {id} could not be found.")

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        return name not in self._by_name or super().matches(call, document, name, values)


class Nodes(Metal):
    """Machines."""

    singular, plural, path = "node", "nodes", "/v1/nodes"
    fields = (
        Field("name", nullable=True),
        Field("driver", default="fake-hardware"),
        Field("extra", dict, default={}),
        Field("properties", dict, default={}),
        Field("driver_info", dict, default={}),
        read_only("provision_state", default="enroll"),
    )

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        for several in (self.ironic.ports, self.ironic.groups):
            for one in several.table.select(node_uuid=document["id"]):
                several.vanish(one)


class Groups(Metal):
    """Ports that act as one."""

    singular, plural, path = "portgroup", "portgroups", "/v1/portgroups"
    fields = (
        Field("name", nullable=True),
        Field("node_uuid", required=True),
        Field("address", nullable=True),
        Field("extra", dict, default={}),
    )


class Ports(Metal):
    """Network cards."""

    singular, plural, path = "port", "ports", "/v1/ports"
    fields = (
        Field("address", required=True, check=str.lower),
        Field("node_uuid", required=True),
        Field("portgroup_uuid", nullable=True),
        Field("local_link_connection", dict, default={}),
        Field("pxe_enabled", bool, default=True),
        Field("physical_network", nullable=True),
        Field("is_smartnic", bool, default=False),
        Field("extra", dict, default={}),
        read_only("internal_info", dict, default={}),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        self._check(call, document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self._check(call, {**document, **changes})

    def _check(self, call: service.Call, document: state.Document) -> None:
        for one in self.table.select(address=document["address"]):
            if one["id"] != document["id"]:
                raise errors.ApiError(409, f"A port with MAC address {document['address']} already exists.")
        if document["node_uuid"] not in self.ironic.nodes.table:
            raise self.refuse(f"Node {document['node_uuid']} could not be found.")
        if document["portgroup_uuid"] and document["portgroup_uuid"] not in self.ironic.groups.table:
            raise self.refuse(f"Portgroup {document['portgroup_uuid']} could not be found.")


class Ironic(staged.StagedService):
    """API v1, microversions up to 1.53."""

    name = "ironic"
    service_type = "baremetal"
    prefix = "/baremetal"
    catalog_path = "/baremetal"
    version = "/v1"

    def build(self) -> Sequence[staged.Staged]:
        self.nodes = Nodes(self)
        self.groups = Groups(self)
        self.ports = Ports(self)
        return (self.nodes, self.groups, self.ports)

    def seed(self) -> None:
        """One node, for ports to be of."""
        if not len(self.nodes.table):
            node: state.Document = {field.name: field.default for field in self.nodes.fields}
            node |= {"id": ids.new_id(), "name": "metal", "created_at": self.cloud.clock.iso(), "updated_at": None}
            self.nodes.table.insert(node)

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        fault = {"faultcode": "Client", "faultstring": error.message, "debuginfo": None}
        return {"error_message": json.dumps(fault)}

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """One microversion answers to all that are asked for."""
        super().negotiate(call)
        names = ("Version", "Minimum-Version", "Maximum-Version")
        asked = call.headers.get("x-openstack-ironic-api-version", "1.53")
        return {
            f"X-OpenStack-Ironic-API-{name}": value for name, value in zip(names, (asked, "1.1", "1.53"), strict=True)
        }
