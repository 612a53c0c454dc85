"""The block storage service of the embedded cloud at /volume/v3/{project_id}: its parts put together.

Speaks microversions 3.0 to 3.71. Nova uses the parts as plain Python inside its own transaction: `volumes.make`,
`attachments.reserve`, `snapshots.make` and the look-ups of `book`.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/
"""

import dataclasses
from typing import Any

from hearth.localcloud.cinder import (
    actions,
    attachments,
    backups,
    book,
    estate,
    qos,
    refusals,
    snapshots,
    transfers,
    types,
    versions,
    volumes,
)
from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import errors, service
from hearth.localcloud.core.service import Reply, Route

RANGE = versions.Range("volume", (3, 0), (3, 71))


class Cinder(service.Service):
    """Block storage."""

    name = "cinder"
    service_type = "volumev3"
    prefix = "/volume"
    catalog_path = "/volume/v3/%(project_id)s"
    request_id_headers = ("X-Compute-Request-Id",)

    def __init__(self, cloud: clouds.Cloud) -> None:
        super().__init__(cloud)
        self.book = book.Book(cloud)
        self.volumes = volumes.Volumes(self.book)
        self.attachments = attachments.Attachments(self.book)
        self.snapshots = snapshots.Snapshots(self.book)
        self._types = types.Types(self.book)
        self._parts = (
            self.volumes,
            actions.Actions(self.book, self.volumes, self.attachments),
            self.attachments,
            self.snapshots,
            backups.Backups(self.book, self.volumes),
            self._types,
            qos.QosSpecs(self.book),
            transfers.Transfers(self.book),
            estate.Estate(self.book),
        )

    def routes(self) -> list[Route]:
        """Version documents, then every part's routes below the project."""
        found = [
            Route("GET", "/", self._versions, public=True),
            Route("GET", "/v3", self._versions, public=True),
        ]
        for part in self._parts:
            for route in part.routes():
                handler = _in_project(route.handler)
                found.append(dataclasses.replace(route, path="/v3/{project_id}" + route.path, handler=handler))
        return found

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        """Cinder's shape of an error."""
        return refusals.body(error)

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """Microversions 3.0 to 3.71."""
        return RANGE.negotiate(call)

    def seed(self) -> None:
        """The default types."""
        self._types.seed()

    def _versions(self, call: service.Call) -> Reply:
        version = {
            "id": "v3.0",
            "status": "CURRENT",
            "version": versions.written(RANGE.maximum),
            "min_version": versions.written(RANGE.minimum),
            "updated": "2023-08-31T00:00:00Z",
            "links": [
                {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
                {"rel": "self", "href": self.url("/v3/")},
            ],
            "media-types": [
                {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"},
            ],
        }
        return Reply(300 if call.path == "/" else 200, {"versions": [version]})


def _in_project(handler: service.Handler) -> service.Handler:
    """The handler, after checking that the URL's project is the token's."""

    def checked(call: service.Call) -> Any:
        if call.params["project_id"] != call.identity.project_id:
            raise refusals.bad("Malformed request url")
        return handler(call)

    return checked
