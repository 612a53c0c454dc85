"""OS::Heat::MultipartMime: several configs or texts as the one text that cloud-init takes apart again.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::MultipartMime
"""

import email
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Gone, Permanent, SoftwareConfig
from hearth.resources.heat.software_config import UNGROUPED, Config, keeper
from hearth.resources.schema import Property

_MULTIPART = "multipart"


@base.resource("OS::Heat::MultipartMime", since="2014.1")
class MultipartMime(Config):
    """A multi-part MIME document."""

    group = Property(str, "The tool that reads the config.", default=UNGROUPED, since="14.0.0")
    parts = Property(
        list,
        "The parts.",
        default=[],
        items=Property(
            dict,
            fields={
                "config": Property(str, "The id of a config, or a text.", required=True),
                "filename": Property(str, "The name of the part."),
                "subtype": Property(str, "The text's kind, such as x-shellscript or cloud-config."),
                "type": Property(
                    str,
                    "Whether the part is a text, or parts of its own that are added.",
                    default="text",
                    allowed=("text", _MULTIPART),
                ),
            },
        ),
    )

    async def wanted(self, call: Call) -> SoftwareConfig:
        """The parts as one text."""
        texts = [await _text(call, part["config"]) for part in call.properties["parts"]]
        boundary = "===============" + hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
        whole = MIMEMultipart(boundary=boundary)
        for part, text in zip(call.properties["parts"], texts, strict=True):
            for message in _messages(part, text):
                whole.attach(message)
        return SoftwareConfig("", call.physical_name, call.properties["group"], whole.as_string())


async def _text(call: Call, config: str) -> str:
    """The text of the config of that id; a text that is no id stands for itself."""
    try:
        uuid.UUID(config)
        kept = await keeper(call).config(config)
    except (ValueError, Gone):
        return config
    if kept.config is not None and not isinstance(kept.config, str):
        raise Permanent(f"the config {config} is a map; only texts can be parts")
    return kept.config or ""


def _messages(part: Mapping[str, Any], text: str) -> Iterable[Message]:
    if part["type"] != _MULTIPART:
        yield _named(MIMEText(text, part.get("subtype") or "plain", _charset(text)), part)
        return
    inner = email.message_from_string(text).get_payload()
    if not isinstance(inner, list):
        raise Permanent("a part of the type multipart has no parts")
    for message in inner:
        assert isinstance(message, Message)
        yield _named(message, part)


def _charset(text: str) -> str:
    return "us-ascii" if text.isascii() else "utf-8"


def _named(message: Message, part: Mapping[str, Any]) -> Message:
    if part.get("filename"):
        del message["Content-Disposition"]
        message.add_header("Content-Disposition", "attachment", filename=part["filename"])
    return message
