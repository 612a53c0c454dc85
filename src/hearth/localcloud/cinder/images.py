"""The little that nova and cinder need of glance: find an image the caller may use, and store a new one.

Glance is called as plain Python in the transaction that is open; HTTP is not involved.
"""

from typing import Any, cast

from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import service, state
from hearth.localcloud.glance import service as glance

#: Fields of every image; what else a document has are properties that users gave it.
_FIELDS = frozenset(
    {
        *("id", "name", "status", "visibility", "owner", "size", "virtual_size", "checksum", "stores", "import"),
        *("disk_format", "container_format", "min_disk", "min_ram", "protected", "tags", "file", "schema", "self"),
        *("created_at", "updated_at", "os_hidden", "os_hash_algo", "os_hash_value"),
    }
)


def find(cloud: clouds.Cloud, identity: service.Identity, image_id: str) -> state.Document | None:
    """An image the caller may use; None when there is none."""
    return _glance(cloud).images.usable(identity, image_id)


def properties(image: state.Document) -> dict[str, str]:
    """The properties that users gave an image."""
    return {key: str(value) for key, value in image.items() if key not in _FIELDS}


def create(
    cloud: clouds.Cloud,
    identity: service.Identity,
    *,
    name: str,
    disk_format: str,
    container_format: str,
    visibility: str,
    min_disk: int,
    properties: dict[str, Any],
) -> str:
    """Store an active image with a few bytes; its id. Raises ApiError as glance does."""
    given = {
        **properties,
        "name": name,
        "disk_format": disk_format,
        "container_format": container_format,
        "visibility": visibility,
        "min_disk": min_disk,
    }
    content = f"{name}\n".encode()
    return str(_glance(cloud).images.store(identity, given, content)["id"])


def _glance(cloud: clouds.Cloud) -> glance.Glance:
    return cast("glance.Glance", cloud.service("glance"))
