"""What does an image look like? Its fields as JSON schema, served to clients and used to check what they send."""

import re
from typing import Any

from hearth.localcloud.core import errors

_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
CONTAINER_FORMATS = (None, "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
DISK_FORMATS = (None, "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
VISIBILITIES = ("community", "public", "private", "shared")
STATUSES = (
    "queued",
    "saving",
    "active",
    "killed",
    "deleted",
    "uploading",
    "importing",
    "pending_delete",
    "deactivated",
)


def _field(kind: Any, description: str, *, read_only: bool = False, **rules: Any) -> dict[str, Any]:
    field: dict[str, Any] = {"type": kind, "description": description, **rules}
    if read_only:
        field["readOnly"] = True
    return field


_TEXT, _MAYBE_TEXT, _MAYBE_NUMBER = "string", ["null", "string"], ["null", "integer"]

#: Every field that is not a free property.
FIELDS: dict[str, dict[str, Any]] = {
    "id": _field(_TEXT, "The image's UUID", pattern=_UUID),
    "name": _field(_MAYBE_TEXT, "A name for people", maxLength=255),
    "status": _field(_TEXT, "Where in its life the image is", read_only=True, enum=list(STATUSES)),
    "visibility": _field(_TEXT, "Who may use the image", enum=list(VISIBILITIES)),
    "protected": _field("boolean", "Refuse deletion"),
    "os_hidden": _field("boolean", "Leave the image out of ordinary lists"),
    "checksum": _field(_MAYBE_TEXT, "MD5 of the data", read_only=True, maxLength=32),
    "os_hash_algo": _field(_MAYBE_TEXT, "Algorithm of os_hash_value", read_only=True, maxLength=64),
    "os_hash_value": _field(_MAYBE_TEXT, "Digest of the data", read_only=True, maxLength=128),
    "owner": _field(_MAYBE_TEXT, "The owning project", maxLength=255),
    "size": _field(_MAYBE_NUMBER, "Bytes of data", read_only=True),
    "virtual_size": _field(_MAYBE_NUMBER, "Bytes of the disk in the data", read_only=True),
    "container_format": _field(_MAYBE_TEXT, "What the data is wrapped in", enum=list(CONTAINER_FORMATS)),
    "disk_format": _field(_MAYBE_TEXT, "What kind of disk the data is", enum=list(DISK_FORMATS)),
    "created_at": _field(_TEXT, "When the image was registered", read_only=True),
    "updated_at": _field(_TEXT, "When the image was changed", read_only=True),
    "tags": _field("array", "Words to find the image by", items={"type": "string", "maxLength": 255}),
    "direct_url": _field(_TEXT, "Where the store has the data", read_only=True),
    "min_ram": _field("integer", "Megabytes of memory a server needs"),
    "min_disk": _field("integer", "Gigabytes of disk a server needs"),
    "self": _field(_TEXT, "Path of the image", read_only=True),
    "file": _field(_TEXT, "Path of the image's data", read_only=True),
    "stores": _field(_TEXT, "Which stores have the data", read_only=True),
    "schema": _field(_TEXT, "Path of this schema", read_only=True),
    "locations": _field("array", "URLs of the data", items={"type": "object"}),
}

IMAGE = {
    "name": "image",
    "properties": FIELDS,
    "additionalProperties": {"type": "string"},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ],
}
MEMBER = {
    "name": "member",
    "properties": {
        "member_id": _field(_TEXT, "The project the image is shared with"),
        "image_id": _field(_TEXT, "The shared image", pattern=_UUID),
        "created_at": _field(_TEXT, "When it was shared"),
        "updated_at": _field(_TEXT, "When the membership was changed"),
        "status": _field(_TEXT, "What the project says to it", enum=["pending", "accepted", "rejected"]),
        "schema": _field(_TEXT, "Path of this schema", read_only=True),
    },
}


def collection(name: str, member: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {
        "name": name,
        "properties": {
            name: {"type": "array", "items": member},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [{"rel": "first", "href": "{first}"}, {"rel": "describedby", "href": "{schema}"}],
    }


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "null": (type(None),),
    "object": (dict,),
}


def check(name: str, value: Any) -> None:
    """Is the value one that this field, or a free property of this name, may have? Raises ApiError 400 or 403."""
    field = FIELDS.get(name, {"type": "string"})
    if field.get("readOnly"):
        raise errors.ApiError(403, f"Attribute '{name}' is read-only.")
    kinds = [field["type"]] if isinstance(field["type"], str) else field["type"]
    allowed = tuple(each for kind in kinds for each in _TYPES[kind])
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise _refused(f"{value!r} is not of type {' or '.join(kinds)}", name)
    if "enum" in field and value not in field["enum"]:
        raise _refused(f"{value!r} is not one of {field['enum']}", name)
    if isinstance(value, str) and len(value) > field.get("maxLength", 65535):
        raise _refused(f"{value[:40]!r}... is longer than {field.get('maxLength', 65535)} characters", name)
    if isinstance(value, str) and not re.search(field.get("pattern", ""), value):
        raise _refused(f"{value!r} does not match {field['pattern']!r}", name)
    if isinstance(value, int) and value < 0:
        raise _refused(f"{value} is less than 0", name)
    for item in value if isinstance(value, list) else ():
        if name == "tags" and (not isinstance(item, str) or len(item) > 255):
            raise _refused(f"tag {item!r} is not a text of at most 255 characters", name)


def _refused(reason: str, name: str) -> errors.ApiError:
    return errors.ApiError(400, f"Provided object does not match schema 'image': {reason} (field '{name}')")
