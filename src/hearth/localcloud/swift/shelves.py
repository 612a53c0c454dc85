"""What is stored: accounts, containers and objects as documents, their bodies, and the counts kept with them.

Who may do what, and how it looks on the wire, is not decided here.
"""

import math
from typing import Any

from hearth.localcloud.core import blobs, cloud, errors, ids, state


class Shelves:
    """All accounts of a cloud. Ids: "AUTH_p", "AUTH_p/container", "AUTH_p/container/object/name"."""

    def __init__(self, owner: cloud.Cloud) -> None:
        self._cloud = owner
        #: {"id", "created", "metadata": {"Temp-Url-Key": "..."}}
        self.accounts = owner.state.table("swift.accounts")
        #: {"id", "account", "name", "created", "modified", "metadata", "headers", "count", "bytes"}
        self.containers = owner.state.table("swift.containers", index=("account",))
        #: {"id", "container", "name", "size", "etag", "content_type", "modified", "metadata", "headers", "blob",
        #: "delete_at"}
        self.objects = owner.state.table("swift.objects", index=("container",))
        self.data = blobs.Blobs(owner.data_dir / "objects" if owner.data_dir else None)

    def now(self) -> float:
        """Virtual time, to the hundred-thousandth as Swift has it."""
        return math.floor(self._cloud.clock.now() * 100_000) / 100_000

    def account(self, id: str) -> state.Document:
        """An account; made when somebody asks for it."""
        found = self.accounts.get(id)
        if found is None:
            found = self.accounts.insert({"id": id, "created": self.now(), "metadata": {}})
        return found

    def container(self, account: str, name: str) -> state.Document:
        """A container. Raises ApiError 404."""
        found = self.containers.get(f"{account}/{name}")
        if found is None:
            raise errors.ApiError(404, "The resource could not be found.")
        return found

    def object(self, container: state.Document, name: str) -> state.Document:
        """An object that has not expired. Raises ApiError 404."""
        found = self.find_object(container, name)
        if found is None:
            raise errors.ApiError(404, "The resource could not be found.")
        return found

    def find_object(self, container: state.Document, name: str) -> state.Document | None:
        """An object that has not expired, or None."""
        found = self.objects.get(f"{container['id']}/{name}")
        return found if found is not None and self.lives(found) else None

    def lives(self, found: state.Document) -> bool:
        """Has the object not expired?"""
        return found["delete_at"] is None or found["delete_at"] > self._cloud.clock.now()

    def objects_of(self, container: state.Document) -> list[state.Document]:
        """Objects of a container that have not expired."""
        return [each for each in self.objects.select(container=container["id"]) if self.lives(each)]

    def add_container(self, account: str, name: str) -> state.Document:
        """A new container."""
        now = self.now()
        return self.containers.insert(
            {
                "id": f"{account}/{name}",
                "account": account,
                "name": name,
                "created": now,
                "modified": now,
                "metadata": {},
                "headers": {},
                "count": 0,
                "bytes": 0,
            }
        )

    def put_object(self, container: state.Document, name: str, **fields: Any) -> state.Document:
        """Store an object's document; what had the name before is archived where the container is versioned."""
        id = f"{container['id']}/{name}"
        old = self.objects.get(id)
        if old is not None:
            if self.lives(old):
                self._archive(container, old)
            self.remove_object(old)
        document = {"id": id, "container": container["id"], "name": name, "modified": self.now(), **fields}
        self._count(container["id"], 1, document["size"])
        return self.objects.insert(document)

    def remove_object(self, found: state.Document) -> None:
        """Take an object and its body away."""
        self._count(found["container"], -1, -found["size"])
        self.objects.delete(found["id"])
        self.data.delete(found["blob"])

    def delete_object(self, container: state.Document, found: state.Document) -> None:
        """Delete an object; where the container is versioned the version before comes back."""
        place = self._versions(container, "X-History-Location")
        if place is not None:
            self._archive(container, found)
        self.remove_object(found)
        place = self._versions(container, "X-Versions-Location")
        if place is None:
            return
        prefix = _version_prefix(found["name"])
        versions = [each for each in self.objects_of(place) if each["name"].startswith(prefix)]
        if versions:
            last = max(versions, key=lambda each: str(each["name"]))
            self.copy_object(last, container, found["name"])
            self.remove_object(last)

    def copy_object(
        self, source: state.Document, container: state.Document, name: str, **changes: Any
    ) -> state.Document:
        """Store a copy of an object."""
        blob = ids.new_hex()
        self.data.copy(source["blob"], blob)
        kept = ("size", "etag", "content_type", "metadata", "headers", "delete_at")
        fields = {**{field: source[field] for field in kept}, **changes, "blob": blob}
        current = self.containers.get(container["id"]) or container
        return self.put_object(current, name, **fields)

    def _versions(self, container: state.Document, header: str) -> state.Document | None:
        name = container["headers"].get(header)
        return self.containers.get(f"{container['account']}/{name}") if name else None

    def _archive(self, container: state.Document, old: state.Document) -> None:
        for header in ("X-Versions-Location", "X-History-Location"):
            place = self._versions(container, header)
            if place is not None:
                self.copy_object(old, place, f"{_version_prefix(old['name'])}{old['modified']:016.5f}")

    def _count(self, container_id: str, objects: int, size: int) -> None:
        container = self.containers.get(container_id)
        if container is not None:
            count, used = container["count"] + objects, container["bytes"] + size
            self.containers.update(container_id, count=count, bytes=used)


def _version_prefix(name: str) -> str:
    """How names of archived versions begin. Spec: https://docs.openstack.org/swift/latest/api/object_versioning.html"""
    return f"{len(name):03x}{name}/"
