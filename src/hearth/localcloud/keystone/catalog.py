"""Where are the services? The catalog's tables and the collections `services`, `endpoints` and `regions`.

Seeded endpoints hold `%(base_url)s`, filled in when they are read: the cloud may listen on another port next time.
"""

import re
from typing import TYPE_CHECKING, Any, ClassVar

from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.collection import Field
from hearth.localcloud.keystone import resource

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone

REGION = "RegionOne"
INTERFACES = ("public", "internal", "admin")

_URL = re.compile("^[a-zA-Z0-9+.-]+:.+")
_VOLUME = ("block-storage", "volumev3")
#: Served behind the same port by somebody else.
OUTSIDE = (
    ("heat", "orchestration", "/orchestration/v1/%(project_id)s"),
    ("heat", "cloudformation", "/cloudformation/v1"),
)


def _url(value: Any) -> Any:
    """A check that a text is a URL, as far as keystone looks."""
    if not _URL.match(value):
        raise ValueError(f"{value!r} does not match {_URL.pattern!r}")
    return value


class Regions(resource.Resource):
    """/v3/regions"""

    singular, plural, path = "region", "regions", "/v3/regions"
    index: ClassVar[tuple[str, ...]] = ()
    open_to_all = True
    free_fields = True
    fields = (
        Field("id"),
        Field("description", default=""),
        Field("parent_region_id", nullable=True),
    )


class Services(resource.Resource):
    """/v3/services"""

    singular, plural, path = "service", "services", "/v3/services"
    index: ClassVar[tuple[str, ...]] = ("type",)
    free_fields = True
    fields = (
        Field("name"),
        Field("type", required=True),
        Field("enabled", bool, default=True),
        Field("description", nullable=True),
    )

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        for endpoint in self.keystone.endpoints.table.select(service_id=document["id"]):
            self.keystone.endpoints.table.delete(endpoint["id"])

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        for field in ("name", "description"):
            if shown.get(field) is None:
                shown.pop(field, None)
        return shown


class Endpoints(resource.Resource):
    """/v3/endpoints"""

    singular, plural, path = "endpoint", "endpoints", "/v3/endpoints"
    index: ClassVar[tuple[str, ...]] = ("service_id",)
    free_fields = True
    fields = (
        Field("interface", required=True, check=resource.one_of(*INTERFACES)),
        Field("region_id", nullable=True),
        Field("region", nullable=True),
        Field("service_id", required=True),
        Field("url", required=True, check=_url),
        Field("enabled", bool, default=True),
    )

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        self._check(document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self._check(changes)

    def _check(self, given: state.Document) -> None:
        if "service_id" in given and given["service_id"] not in self.keystone.services.table:
            raise self.keystone.services.not_found(given["service_id"])
        region = given.get("region_id") or given.get("region")
        if region:
            given["region_id"] = given["region"] = region
            if region not in self.keystone.regions.table:
                self.keystone.regions.table.insert({"id": region, "description": "", "parent_region_id": None})

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        shown["url"] = shown["url"].replace("%(base_url)s", self.cloud.base_url)
        shown["region"] = shown["region_id"]
        return shown


def build(keystone: "Keystone", project_id: str) -> list[state.Document]:
    """The catalog as tokens carry it, for a scope; endpoints that need a project are left out without one."""
    base_url: str = keystone.cloud.base_url
    result = []
    for each in keystone.services.table:
        if not each["enabled"]:
            continue
        endpoints = []
        for endpoint in keystone.endpoints.table.select(service_id=each["id"]):
            url = endpoint["url"].replace("$(", "%(").replace("%(tenant_id)s", "%(project_id)s")
            if not endpoint["enabled"] or ("%(project_id)s" in url and not project_id):
                continue
            endpoints.append(
                {
                    "id": endpoint["id"],
                    "interface": endpoint["interface"],
                    "region_id": endpoint["region_id"],
                    "url": url.replace("%(base_url)s", base_url).replace("%(project_id)s", project_id),
                    "region": endpoint["region_id"],
                }
            )
        result.append({"endpoints": endpoints, "id": each["id"], "type": each["type"], "name": each["name"] or ""})
    return result


def seed(keystone: "Keystone") -> None:
    """Register every service of the cloud, and those served by others."""
    if REGION not in keystone.regions.table:
        keystone.regions.table.insert({"id": REGION, "description": "", "parent_region_id": None})
    wanted = [
        (each.name, each.service_type, each.catalog_path)
        for each in keystone.cloud.services.values()
        if each.service_type
    ]
    for name, kind, path in (*wanted, *OUTSIDE):
        # Both names of the volume service are in use by clients.
        for alias in _VOLUME if kind in _VOLUME else (kind,):
            if keystone.services.table.select(type=alias):
                continue
            made = {"id": ids.new_hex(), "name": name, "type": alias, "enabled": True, "description": None}
            keystone.services.table.insert(made)
            for interface in INTERFACES:
                keystone.endpoints.table.insert(
                    {
                        "id": ids.new_hex(),
                        "interface": interface,
                        "region_id": REGION,
                        "region": REGION,
                        "service_id": made["id"],
                        "url": "%(base_url)s" + path,
                        "enabled": True,
                    }
                )
