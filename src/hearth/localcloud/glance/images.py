"""Images themselves: who sees them, what may be changed, their data, and how an import goes on.

The documents are the images as clients see them, plus `import` while one runs: {"due": virtual time, "uri": source}.
An import takes its time on the virtual clock and then holds a few bytes that name their source: nothing is fetched, so
that what runs on this cloud depends on no other server. A fault of kind "import_error" makes one fail.

Nova and cinder call `usable`, `store` and `get` on `Cloud.service("glance").images`, inside their own transaction.
"""

from typing import Any

from hearth.localcloud.core import blobs, cloud, errors, ids, state
from hearth.localcloud.core.service import Identity
from hearth.localcloud.glance import schema

#: Fields that only the service sets, whatever a free property is called.
_INTERNAL = frozenset({"import"})


class Images:
    """The images of a cloud."""

    def __init__(self, owner: cloud.Cloud) -> None:
        self._cloud = owner
        self.table = owner.state.table("glance.images", index=("owner", "visibility", "name"))
        #: {"id": "<image>:<project>", "image_id", "member_id", "status", "created_at", "updated_at"}
        self.members = owner.state.table("glance.members", index=("image_id", "member_id"))
        self.data = blobs.Blobs(owner.data_dir / "images" if owner.data_dir else None)

    # -- finding -----------------------------------------------------------------------------------------------------

    def get(self, id: str) -> state.Document | None:
        """An image brought up to date, whoever asks."""
        image = self.table.get(id)
        return self.current(image) if image is not None else None

    def usable(self, identity: Identity, id: str) -> state.Document | None:
        """An image by its id that this caller sees, or None."""
        image = self.get(id)
        return image if image is not None and self.visible(identity, image) else None

    def find(self, identity: Identity, id: str) -> state.Document:
        """An image that this caller sees. Raises ApiError 404."""
        image = self.usable(identity, id)
        if image is None:
            raise errors.ApiError(404, f"No image found with ID {id}")
        return image

    def owned(self, identity: Identity, id: str, action: str) -> state.Document:
        """An image that this caller may change. Raises ApiError 404 or 403."""
        image = self.find(identity, id)
        if not identity.sees(image["owner"]):
            raise errors.ApiError(403, f"You are not authorized to complete {action} action.")
        return image

    def visible(self, identity: Identity, image: state.Document) -> bool:
        """Does the caller see the image, when asking for it by id?"""
        if identity.sees(image["owner"]) or image["visibility"] in ("public", "community"):
            return True
        return image["visibility"] == "shared" and f"{image['id']}:{identity.project_id}" in self.members

    # -- making and changing -----------------------------------------------------------------------------------------

    def create(self, identity: Identity, given: dict[str, Any]) -> state.Document:
        """Register an image without data."""
        for name, value in given.items():
            schema.check(name, value)
        self._check_rights(identity, given)
        id = given.get("id") or ids.new_id()
        if id in self.table:
            raise errors.ApiError(409, f"Image ID {id} already exists!")
        now = self._cloud.clock.iso()
        image: state.Document = {
            "name": None,
            "disk_format": None,
            "container_format": None,
            "visibility": "shared",
            "size": None,
            "virtual_size": None,
            "status": "queued",
            "checksum": None,
            "protected": False,
            "min_ram": 0,
            "min_disk": 0,
            "owner": identity.project_id,
            "os_hidden": False,
            "os_hash_algo": None,
            "os_hash_value": None,
            **given,
            "id": id,
            "created_at": now,
            "updated_at": now,
            "tags": sorted(set(given.get("tags", ()))),
        }
        return self.table.insert(image)

    def store(self, identity: Identity, given: dict[str, Any], content: bytes) -> state.Document:
        """Register an image with its data, as a snapshot of a server or a copy of a volume is."""
        return self.fill(self.create(identity, given), content)

    def fill(self, image: state.Document, content: bytes) -> state.Document:
        """Give an image its data; it is active afterwards."""
        return self.filled(image, self.data.put(image["id"], content))

    def filled(self, image: state.Document, digest: blobs.Digest) -> state.Document:
        """The data is there: the image is active."""
        return self.table.update(
            image["id"],
            status="active",
            size=digest.size,
            # Only of a raw disk does the length say how big the disk is; nobody looks into the others.
            virtual_size=(digest.size or None) if image["disk_format"] == "raw" else None,
            checksum=digest.md5,
            os_hash_algo="sha512",
            os_hash_value=digest.sha512,
            stores="file",
            updated_at=self._cloud.clock.iso(),
            **{"import": None},
        )

    def patch(self, identity: Identity, id: str, operations: Any) -> state.Document:
        """Apply JSON-patch operations. Spec: https://docs.openstack.org/api-ref/image/v2/#update-image"""
        image = self.owned(identity, id, "modify_image")
        if not isinstance(operations, list):
            raise errors.ApiError(400, "Request body must be a JSON array of operation objects.")
        changed = dict(image)
        for operation in operations:
            _apply(changed, operation)
        changes = {name: value for name, value in changed.items() if name not in image or image[name] != value}
        self._check_rights(identity, changes)
        if "tags" in changes:
            changed["tags"] = sorted(set(changed["tags"]))
        changed["updated_at"] = self._cloud.clock.iso()
        return self.table.replace(changed)

    def delete(self, identity: Identity, id: str) -> None:
        """Remove an image, its data and its members."""
        image = self.owned(identity, id, "delete_image")
        if image["protected"]:
            raise errors.ApiError(403, f"Image {id} is protected and cannot be deleted.")
        for member in self.members.select(image_id=id):
            self.members.delete(member["id"])
        self.table.delete(id)
        self.data.delete(id)

    def _check_rights(self, identity: Identity, given: dict[str, Any]) -> None:
        if given.get("visibility") == "public" and not identity.is_admin:
            raise errors.ApiError(403, "You are not authorized to complete publicize_image action.")
        if given.get("owner") not in (None, identity.project_id) and not identity.is_admin:
            raise errors.ApiError(403, "You are not permitted to create images owned by another project.")
        if "locations" in given:
            raise errors.ApiError(403, "Locations are not shown by this cloud and cannot be set.")

    # -- data --------------------------------------------------------------------------------------------------------

    def check_upload(self, identity: Identity, id: str, status: str) -> state.Document:
        """May data be sent to this image now? `status`: what it would become."""
        image = self.owned(identity, id, "upload_image")
        if image["status"] not in ("queued", "uploading"):
            raise errors.ApiError(409, f"Image status transition from {image['status']} to {status} is not allowed")
        missing = [name for name in ("disk_format", "container_format") if not image[name]]
        if missing:
            raise errors.ApiError(400, f"Properties {', '.join(missing)} must be set prior to saving data.")
        return image

    def start_import(self, identity: Identity, id: str, method: dict[str, Any]) -> None:
        """Begin an import: `web-download` with a `uri`, or `glance-direct` of staged data."""
        image = self.owned(identity, id, "import_image")
        name = method.get("name")
        if name not in ("web-download", "glance-direct"):
            raise errors.ApiError(400, f"Unknown import method name '{name}'.")
        wanted = "queued" if name == "web-download" else "uploading"
        if image["status"] != wanted:
            raise errors.ApiError(409, f"Image with status {image['status']} cannot be target for import")
        missing = [field for field in ("container_format", "disk_format") if not image[field]]
        if missing:
            raise errors.ApiError(400, f"'{missing[0]}' needs to be set before import")
        uri = method.get("uri")
        if name == "web-download" and (not isinstance(uri, str) or not uri.startswith(("http://", "https://"))):
            raise errors.ApiError(400, f"URI for web-download does not pass filtering: {uri}")
        due = self._cloud.clock.now() + self._cloud.settings.image_seconds
        self.table.update(id, status="importing", **{"import": {"due": due, "uri": uri}})

    def current(self, image: state.Document) -> state.Document:
        """The image as it is now: an import may have come to its end."""
        running = image.get("import")
        if image["status"] != "importing" or not running or running["due"] > self._cloud.clock.now():
            return image
        with self._cloud.state.transaction():
            if self._cloud.faults.outcome("glance", "import_error", image["name"] or ""):
                failed = {"os_glance_failed_import": "file", "import": None}
                return self.table.update(image["id"], status="queued", **failed)
            if running["uri"]:
                return self.fill(image, f"{running['uri']}\n".encode())
            return self.fill(image, self.data.get(image["id"]))


def shown(image: state.Document) -> state.Document:
    """An image as clients see it."""
    path = f"/v2/images/{image['id']}"
    visible = {name: value for name, value in image.items() if name not in _INTERNAL}
    stores = visible.pop("stores", None)
    visible.update({"self": path, "file": f"{path}/file", "schema": "/v2/schemas/image"})
    if stores:
        visible["stores"] = stores
    return visible


def _apply(image: state.Document, operation: Any) -> None:
    """One operation on a copy of an image. Raises ApiError 400, 403, 409."""
    if not isinstance(operation, dict):
        raise errors.ApiError(400, "Operations must be JSON objects.")
    verb = operation.get("op") or next((each for each in ("add", "replace", "remove") if each in operation), None)
    path = operation.get("path") or operation.get(str(verb))
    if verb not in ("add", "replace", "remove") or not isinstance(path, str) or not path.startswith("/"):
        raise errors.ApiError(
            400, f"Operation {operation!r} needs 'op' (add, replace, remove) and a 'path' like '/name'."
        )
    name, _, rest = path[1:].replace("~1", "/").replace("~0", "~").partition("/")
    if rest or not name:
        raise errors.ApiError(400, f"Invalid path {path!r}: only whole properties can change.")
    if name in ("id", "import", "locations") or schema.FIELDS.get(name, {}).get("readOnly"):
        raise errors.ApiError(403, f"Attribute '{name}' is read-only.")
    if verb == "remove":
        if name in schema.FIELDS:
            raise errors.ApiError(403, f"Property {name} may not be removed.")
        if name not in image:
            raise _no_property(name)
        del image[name]
        return
    if "value" not in operation:
        raise errors.ApiError(400, f"Operation {operation!r} needs a 'value'.")
    if verb == "replace" and name not in image:
        raise _no_property(name)
    schema.check(name, operation["value"])
    image[name] = operation["value"]


def _no_property(name: str) -> errors.ApiError:
    return errors.ApiError(409, f"Property {name} does not exist.")
