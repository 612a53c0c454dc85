"""The request that makes a server, apart from its networks: pure, from properties to fields.

Used by `server` (create) and `server_steps` (rebuild).
"""

import base64
import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hearth.resources.contract import Call, Conflict, Gone, Permanent
from hearth.resources.heat import agent
from hearth.resources.nova import server_user_data
from hearth.resources.remote import METADATA_KEY, texts

#: How the service says that it cannot choose.
#: What the CloudWatch API is called where heat_watch_server_url says where servers reach it.
_WATCH: Final = "cloudwatch"
_SEVERAL_NETWORKS: Final = "Multiple possible networks"
_GONE_WITH_SERVER = {"boot_index": -1, "delete_on_termination": True}


def body(regular: dict[str, Any], call: Call) -> dict[str, Any]:
    """The fields of a server, `regular` being those that stand as given."""
    given = call.properties
    wanted = {key: value for key, value in regular.items() if value is not None and value != ""}
    wanted["metadata"] = texts(given.get("metadata") or {})
    wanted.pop("user_data", None)  # is made apart: it may hold what is made for the server
    if given.get("personality"):
        wanted["personality"] = [
            {"path": path, "contents": encoded(str(content))} for path, content in given["personality"].items()
        ]
    if given.get("security_groups"):
        wanted["security_groups"] = [{"name": group} for group in given["security_groups"]]
    if given.get("tags"):
        wanted["tags"] = given["tags"]
    disks = _disks(given)
    if disks:
        wanted["block_device_mapping_v2"] = disks
    return wanted


@contextlib.contextmanager
def network_chosen() -> Iterator[None]:
    """A refusal because nobody said which of several networks to use does not pass: only the template can say it."""
    try:
        yield
    except Conflict as conflict:
        if _SEVERAL_NETWORKS not in str(conflict):
            raise
        raise Permanent(
            f"{conflict}; the template names no network and there are several: name the network or subnet to be in",
            kind="NetworkAmbiguous",
        ) from conflict


def encoded(text: str) -> str:
    """The text as the service wants contents."""
    return base64.b64encode(text.encode()).decode()


async def user_data(call: Call) -> str:
    """The text for cloud-init, in the form that the template wants."""
    form = call.properties["user_data_format"]
    told = call.metadata or {}
    if form == server_user_data.SOFTWARE_CONFIG:
        told = agent.metadata(told, (), call)
    api = None
    if form == server_user_data.CFNTOOLS:
        with contextlib.suppress(Permanent):
            api = agent.metadata_url(call)
    watch = call.cloud.endpoint(_WATCH) if call.cloud.has_service(_WATCH) else None
    return server_user_data.built(form, await _given_user_data(call), told, api, watch)


async def _given_user_data(call: Call) -> str:
    """What the template says; the id of a software config stands for the text of that config."""
    text = str(call.properties.get("user_data") or "")
    try:
        uuid.UUID(text)
    except ValueError:
        return text
    if call.software is None:
        return text
    try:
        config = (await call.software.config(text)).config
    except Gone:
        return text
    return config if isinstance(config, str) else json.dumps(config)


def metadata_of(call: Call) -> dict[str, str]:
    """All metadata a server is to have, the mark of the row among it."""
    return {**texts(call.properties.get("metadata") or {}), METADATA_KEY: call.resource_id}


def microversion(server: Mapping[str, Any]) -> tuple[str | None, str]:
    """The lowest version that understands the request, and what needs it; newer ones drop fields that templates use."""
    if any("volume_type" in disk for disk in server.get("block_device_mapping_v2", ())):
        version, purpose = "2.67", "a disk with a volume type"
    elif "tags" in server:
        version, purpose = "2.52", "a server with tags"
    else:
        networks = server.get("networks")
        if isinstance(networks, str):
            return "2.37", f"a server with allocate_network {networks!r}"
        tagged = isinstance(networks, list) and any("tag" in one for one in networks)
        return ("2.42", "a network with a tag") if tagged else (None, "")
    # From 2.37 on a server must say which networks it has; before, the only one there was is what it got.
    if isinstance(server, dict):
        server.setdefault("networks", "auto")
    return version, purpose


def _disks(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    image = given.get("image")
    disks = [_disk(mapping, at, image) for at, mapping in enumerate(given.get("block_device_mapping_v2") or ())]
    for at, mapping in enumerate(given.get("block_device_mapping") or ()):
        disk = _volume(mapping)
        disk.setdefault("boot_index", 0 if at == 0 and not disks and not image else -1)
        disks.append(disk)
    if disks and image and not any(disk.get("boot_index") == 0 for disk in disks):
        root = {
            "uuid": image,
            "source_type": "image",
            "destination_type": "local",
            "boot_index": 0,
            "delete_on_termination": True,
        }
        disks.insert(0, root)
    return disks


def _disk(mapping: Mapping[str, Any], at: int, image: str | None) -> dict[str, Any]:
    if "swap_size" in mapping:
        return {
            "source_type": "blank",
            "destination_type": "local",
            "guest_format": "swap",
            "volume_size": mapping["swap_size"],
            **_GONE_WITH_SERVER,
        }
    if "ephemeral_size" in mapping or "ephemeral_format" in mapping:
        disk = {"source_type": "blank", "destination_type": "local", **_GONE_WITH_SERVER}
        if "ephemeral_size" in mapping:
            disk["volume_size"] = mapping["ephemeral_size"]
        if "ephemeral_format" in mapping:
            disk["guest_format"] = mapping["ephemeral_format"]
    else:
        disk = _volume(mapping)
        disk.setdefault("boot_index", 0 if at == 0 and not image else -1)
    for key in ("device_type", "disk_bus", "volume_type"):
        if key in mapping:
            disk[key] = mapping[key]
    return disk


def _volume(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A disk that is a volume: an existing one, or one made from a snapshot or an image."""
    disk: dict[str, Any] = {"destination_type": "volume"}
    for key, source in (("volume_id", "volume"), ("snapshot_id", "snapshot"), ("image", "image")):
        if key in mapping:
            disk |= {"source_type": source, "uuid": mapping[key]}
            break
    else:
        disk["source_type"] = "blank"
    for key in ("device_name", "volume_size", "boot_index"):
        if key in mapping:
            disk[key] = mapping[key]
    disk["delete_on_termination"] = bool(mapping.get("delete_on_termination"))
    return disk
