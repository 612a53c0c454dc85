"""OS::Glance::WebImage: an image that the service fetches from a URL by itself.

Spec: https://docs.openstack.org/api-ref/image/v2/
"""

from collections.abc import Iterable
from typing import Any

from hearth.model.states import Action
from hearth.resources import base, blockers
from hearth.resources.contract import Call, Change, InError, Issue, Observed, Values, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource, remember_request
from hearth.resources.schema import PHYSICAL_NAME, USED_ONCE, Property

_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_CONTAINERS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker")
_DISKS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")


def _extra_properties(call: Call, observed: Observed) -> Any:
    """Those that are wanted; further ones may be the service's own."""
    given = call.properties.get("extra_properties") or {}
    return {key: observed[key] for key in given if key in observed}


def _is_active(call: Call, observed: Observed) -> Any:
    return observed.get("status") == "active"


@base.resource("OS::Glance::WebImage", since="12.0.0")
class WebImage(RemoteResource):
    """An image that the image service fetches from a URL.

    Its id is chosen here, so that a lost answer leaves no doubt.
    """

    remote = Remote(
        service="image",
        path="/v2/images",
        envelope="image",
        update_method="PATCH",
        readiness=Readiness(
            ready=("active", "deactivated"),
            failed=("killed", "deleted", "pending_delete"),
            on=frozenset({Action.CREATE, Action.UPDATE}),
        ),
        sparse=True,
    )

    used_by = (blockers.servers(image="{id}"),)

    name = Property(str, "Name of the image.", default=PHYSICAL_NAME)
    id = Property(str, "Id of the image; made if it is not given.")
    location = Property(str, "URL to fetch it from.", required=True, wire=None, live=USED_ONCE)
    container_format = Property(str, "What is around the disk.", required=True, allowed=_CONTAINERS)
    disk_format = Property(str, "Form of the disk.", required=True, allowed=_DISKS)
    visibility = Property(
        str,
        "Who may see it.",
        default="private",
        updatable=True,
        allowed=("public", "private", "community", "shared"),
    )
    protected = Property(bool, "Whether it cannot be deleted.", default=False, updatable=True)
    min_disk = Property(int, "Smallest disk for it in GiB.", default=0, minimum=0)
    min_ram = Property(int, "Smallest memory for it in MiB.", default=0, minimum=0)
    tags = Property(list, "Tags of the image.", updatable=True, cleared=[])
    architecture = Property(str, "Architecture of its programs.", updatable=True)
    kernel_id = Property(str, "Image of its kernel.", updatable=True, pattern=_UUID)
    ramdisk_id = Property(str, "Image of its RAM disk.", updatable=True, pattern=_UUID)
    os_distro = Property(str, "Name of the distribution.", updatable=True)
    os_version = Property(str, "Version of the distribution.", updatable=True)
    owner = Property(str, "Project that owns it.", updatable=True)
    extra_properties = Property(
        dict, "Further properties.", default={}, updatable=True, wire=None, live=_extra_properties, since="17.0.0"
    )
    members = Property(
        list,
        "Projects it is shared with.",
        updatable=True,
        wire=None,
        live="members",
        items=Property(str),
        since="16.0.0",
    )
    active = Property(
        bool, "Whether it can be used.", default=True, updatable=True, wire=None, live=_is_active, since="16.0.0"
    )

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The formats of Amazon's images belong together."""
        yield from super().validate(properties)
        disk, container = properties.get("disk_format"), properties.get("container_format")
        amazon = ("ami", "ari", "aki")
        if disk in amazon and isinstance(container, str) and container != disk:
            message = f"disk_format {disk!r} needs the same container_format, not {container!r}."
            yield Issue(("container_format",), message, f"Use {disk!r}.")
        if (
            properties.get("members")
            and properties.get("visibility") not in ("shared", None)
            and isinstance(properties["visibility"], str)
        ):
            yield Issue(("members",), "Only an image whose visibility is 'shared' has members.", "Use 'shared'.")

    def body(self, call: Call) -> dict[str, Any]:
        """All in one map, the id among it."""
        return {**super().body(call), "id": _image_id(call), **(call.properties.get("extra_properties") or {})}

    async def locate(self, call: Call) -> str | None:
        """The id says it."""
        return await self.existing(call, _image_id(call))

    async def create(self, call: Call) -> str | None:
        """Make the record, then have the data fetched."""
        answer = await self.request(call, "POST", self.remote.path, self.body(call), creating=True)
        call.physical_id = str(answer.body["id"])
        remember_request(call, answer)
        await self.finish(call)
        return call.physical_id

    async def finish(self, call: Call) -> None:
        """Have the data fetched unless that has begun; set the members."""
        observed = await self.observe(call) or {}
        if observed.get("status") == "queued" and not observed.get("os_glance_importing_to_stores"):
            method = {"name": "web-download", "uri": call.properties["location"]}
            await self.request(call, "POST", f"{self.path(call)}/import", {"method": method})
        if call.properties.get("members"):
            await self._set_members(call)

    async def observe(self, call: Call) -> Observed | None:
        """The image stands in the answer without an envelope."""
        observed: Observed = (await self.request(call, "GET", self.path(call))).body
        return observed

    async def update(self, call: Call, change: Change) -> str | None:
        """Change the fields by a JSON patch, and the members."""
        changed = self.changes(call, change)
        if "extra_properties" in change.properties:
            before = (call.previous or {}).get("extra_properties") or {}
            after = change.properties["extra_properties"] or {}
            changed |= dict.fromkeys(before.keys() - after.keys()) | after
        observed = await self.observe(call) or {}
        patch = list(_patch(changed, observed))
        if patch:
            await self.request(call, "PATCH", self.path(call), patch, headers=_PATCH)
        if "members" in change.properties:
            await self._set_members(call)
        return None

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Fetched; then active or not, as wanted."""
        if observed is not None and observed.get("os_glance_failed_import") and observed.get("status") == "queued":
            raise InError(f"the image could not be fetched from {call.properties['location']}")
        wait = await super().settle(call, observed)
        if wait is not None or observed is None:
            return wait
        wanted = "active" if call.properties["active"] else "deactivated"
        if observed.get("status") == wanted:
            return None
        action = "reactivate" if wanted == "active" else "deactivate"
        await self.request(call, "POST", f"{self.path(call)}/actions/{action}")
        return Wait()

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Members are a collection of their own."""
        return {**observed, "members": await self._members(call)} if "members" in call.properties else observed

    async def _members(self, call: Call) -> list[str]:
        answer = await self.request(call, "GET", f"{self.path(call)}/members")
        return [one["member_id"] for one in answer.body["members"]]

    async def _set_members(self, call: Call) -> None:
        path = f"{self.path(call)}/members"
        present = set(await self._members(call))
        wanted = set(call.properties.get("members") or ())
        for member in sorted(present - wanted):
            await self.request(call, "DELETE", f"{path}/{member}")
        for member in sorted(wanted - present):
            await self.request(call, "POST", path, {"member": member})


def _image_id(call: Call) -> str:
    return call.properties.get("id") or call.resource_id


def _patch(changed: dict[str, Any], observed: Observed) -> Iterable[dict[str, Any]]:
    for key, value in changed.items():
        path = "/" + key.replace("~", "~0").replace("/", "~1")
        if value is not None:
            yield {"op": "replace" if key in observed else "add", "path": path, "value": value}
        elif key in observed:
            yield {"op": "remove", "path": path}
