"""Containers at /container, as records: nothing runs in them.

Spec: https://docs.openstack.org/api-ref/application-container/
"""

from collections.abc import Sequence
from typing import Any

from hearth.localcloud.core import errors, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field, one_of, read_only

_STEADY = ("Running", "Stopped", "Created", "Error", "Paused")


class Containers(staged.Staged):
    """Containers."""

    singular, plural, path = "container", "containers", "/v1/containers"
    bare = True
    identity = "uuid"
    creation, deletion = ("Creating", "Running"), ("Deleting", None)
    broken = "Error"
    create_status = 202
    update_method = "PATCH"
    index = ("project_id",)
    fields = (
        Field("name", nullable=True, update=False),
        Field("image", required=True, update=False),
        Field("command", (list, str), nullable=True, update=False),
        Field("cpu", (float, int), nullable=True),
        Field("memory", (str, int), nullable=True),
        Field("environment", dict, default={}, nullable=True, update=False),
        Field("labels", dict, default={}, nullable=True, update=False),
        Field("workdir", nullable=True, update=False),
        Field("image_pull_policy", nullable=True, update=False, check=one_of("ifnotpresent", "always", "never")),
        Field("image_driver", default="docker", nullable=True, update=False),
        Field("restart_policy", dict, default={}, nullable=True, update=False),
        Field("interactive", bool, default=False, update=False),
        Field("tty", bool, default=False, update=False),
        Field("hostname", nullable=True, update=False),
        Field("hints", dict, default={}, nullable=True, update=False),
        Field("security_groups", list, default=[], nullable=True, update=False),
        Field("mounts", list, default=[], nullable=True, update=False),
        Field("nets", list, default=[], nullable=True, update=False),
        read_only("status_reason"),
        read_only("host", default="embedded"),
    )

    def refuse(self, message: str) -> errors.ApiError:
        return errors.ApiError(400, message)

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"Container {id} could not be found.")

    def complete(self, call: service.Call, document: state.Document) -> None:
        addresses: dict[str, list[dict[str, Any]]] = {}
        for number, net in enumerate(document.pop("nets") or ()):
            its_id = net.get("network") or f"net-of-{net.get('port')}"
            address = net.get("v4-fixed-ip") or f"10.251.0.{number + 2}"
            addresses[its_id] = [{"addr": address, "version": 4, "port": net.get("port"), "preserve_on_delete": False}]
        document["addresses"] = addresses

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        stopping = "stop" in call.query or "force" in call.query
        if document["status"] not in _STEADY or (document["status"] == "Running" and not stopping):
            raise errors.ApiError(409, f"Cannot delete container {document['id']} in {document['status']} state.")

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> state.Document:
        return {"containers": shown, "next": None}

    def routes(self) -> list[Route]:
        one = self.path + "/{id}"
        return [
            *super().routes(),
            Route("POST", one + "/rename", self.rename),
            Route("POST", one + "/network_attach", self.attach),
            Route("POST", one + "/network_detach", self.detach),
        ]

    def rename(self, call: service.Call) -> Any:
        """Give it another name."""
        changed = self.table.update(self.mine(call)["id"], name=call.query.get("name"))
        return self.view(call, changed)

    def attach(self, call: service.Call) -> Any:
        """Connect it to a network."""
        container = self.mine(call)
        its_id = call.query.get("network") or f"net-of-{call.query.get('port')}"
        number = len(container["addresses"]) + 2
        address = call.query.get("fixed_ip") or f"10.251.0.{number}"
        entry = {"addr": address, "version": 4, "port": call.query.get("port"), "preserve_on_delete": False}
        self.table.update(container["id"], addresses={**container["addresses"], its_id: [entry]})
        return Reply(202)

    def detach(self, call: service.Call) -> Any:
        """Disconnect it."""
        container = self.mine(call)
        its_id = call.query.get("network") or f"net-of-{call.query.get('port')}"
        left = {name: value for name, value in container["addresses"].items() if name != its_id}
        self.table.update(container["id"], addresses=left)
        return Reply(202)


class Zun(staged.StagedService):
    """API v1."""

    name = "zun"
    service_type = "container"
    prefix = "/container"
    catalog_path = "/container/v1"
    version = "/v1"

    def build(self) -> Sequence[staged.Staged]:
        return (Containers(self),)

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        title = errors.TITLES.get(error.status, "Error")
        one = {"status": error.status, "code": "", "title": title, "detail": error.message, "links": []}
        return {"errors": [{**one, "request_id": call.request_id}]}
