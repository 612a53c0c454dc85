"""The compute service of the embedded cloud at /compute/v2.1: its parts put together.

Speaks microversions 2.1 to 2.96. It works with neutron (ports), cinder (volumes) and glance (images) as plain
Python, inside the transaction of the request.

Spec: https://docs.openstack.org/api-ref/compute/
"""

import dataclasses
from typing import Any

from hearth.localcloud.cinder import refusals, versions
from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import errors, service
from hearth.localcloud.core.service import Route
from hearth.localcloud.nova import (
    actions,
    attaching,
    book,
    building,
    estate,
    flavors,
    groups,
    keypairs,
    networking,
    servers,
    wire,
)

RANGE = versions.Range("compute", (2, 1), (2, 96), "X-OpenStack-Nova-API-Version")


class Nova(service.Service):
    """Compute."""

    name = "nova"
    service_type = "compute"
    prefix = "/compute"
    catalog_path = "/compute/v2.1"
    request_id_headers = ("X-Compute-Request-Id",)

    def __init__(self, cloud: clouds.Cloud) -> None:
        super().__init__(cloud)
        self.book = book.Book(cloud)
        networks = networking.Networking(cloud)
        bodies = wire.Wire(self.book, networks)
        collection = servers.Servers(self.book, networks, bodies)
        self._building = building.Building(self.book, networks)
        self._flavors = flavors.Flavors(self.book)
        self._keypairs = keypairs.Keypairs(self.book)
        self._parts = (
            collection,
            actions.Actions(self.book, networks, bodies, collection),
            attaching.Attaching(self.book, networks),
            self._flavors,
            self._keypairs,
            groups.Groups(self.book),
            estate.Estate(self.book),
        )

    def routes(self) -> list[Route]:
        """Version documents, then every part's routes."""
        found = [
            Route("GET", "/", self._versions, public=True),
            Route("GET", "/v2.1", self._version, public=True),
            Route("POST", "/v2.1/servers", self._building.create),
        ]
        for part in self._parts:
            found += [dataclasses.replace(route, path="/v2.1" + route.path) for route in part.routes()]
        return found

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        """Nova's shape of an error."""
        return refusals.body(error)

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """Microversions 2.1 to 2.96."""
        return RANGE.negotiate(call)

    def seed(self) -> None:
        """The flavors, and the key pair dxl-key of user demo; nothing when there are flavors already."""
        if len(self.book.flavors):
            return
        self._flavors.seed()
        for user in self.cloud.state.table("keystone.users").select(name="demo"):
            # Nobody needs the private half: no guest here lets anybody log in.
            self._keypairs.insert(user["id"], SEED_KEY, keypairs.public_key(SEED_KEY))

    def _versions(self, call: service.Call) -> Any:
        return {"versions": [self._about(media_types=False)]}

    def _version(self, call: service.Call) -> Any:
        return {"version": self._about(media_types=True)}

    def _about(self, *, media_types: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": "v2.1",
            "status": "CURRENT",
            "version": versions.written(RANGE.maximum),
            "min_version": versions.written(RANGE.minimum),
            "updated": "2013-07-23T11:33:21Z",
            "links": [{"rel": "self", "href": self.url("/v2.1/")}],
        }
        if media_types:
            body["links"].append({"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
            kind = "application/vnd.openstack.compute+json;version=2.1"
            body["media-types"] = [{"base": "application/json", "type": kind}]
        return body


SEED_KEY = "dxl-key"
