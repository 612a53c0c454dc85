"""Names and identifiers: stack name rule, physical names, ARNs.

Spec: lifecycle facts, section "Names and identifiers"; REST identity.
"""

import base64
import dataclasses
import functools
import re
import uuid
from urllib.parse import quote, unquote

_ARN = re.compile(r"arn:openstack:heat::([^:/]*):stacks/([^/]+)/([^/]+)((?:/.*)?)")
STACK_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,254}")


def new_id() -> str:
    """A random UUID as text."""
    return str(uuid.uuid4())


@functools.lru_cache(maxsize=4096)  # each call of the cloud for a resource needs that of its row
def short_id(row_id: str) -> str:
    """The 12 characters that name a resource row: base32 of the 60 random time bits of its UUIDv4, lower case."""
    number = uuid.UUID(row_id)
    # Version-4 UUIDs hold 60 random bits in the time fields; the version nibble itself is left out.
    bits = number.time & ((1 << 60) - 1)
    return base64.b32encode((bits << 4).to_bytes(8, "big"))[:12].decode().lower()


def physical_name(stack_name: str, resource_name: str, row_id: str, limit: int = 255) -> str:
    """The name a resource gets in the cloud when its template gives none: `<stack>-<resource>-<12 characters>`.

    Longer than `limit`: the first two characters, a dash, and the end, so that the random part always stays.
    """
    name = f"{stack_name.rstrip('*')}-{resource_name}-{short_id(row_id)}"
    if len(name) <= limit:
        return name
    return f"{name[:2]}-{name[-(limit - 3) :]}"


@dataclasses.dataclass(frozen=True, slots=True)
class StackIdentity:
    """What names a stack, or a thing in it, in the APIs. `path` starts with a slash or is empty."""

    tenant: str
    name: str
    id: str
    path: str = ""

    def arn(self) -> str:
        """The identity as `arn:openstack:heat::<tenant>:stacks/<name>/<id><path>`."""
        return f"arn:openstack:heat::{quote(self.tenant, '')}:{self._rest()}"

    @classmethod
    def from_arn(cls, text: str) -> "StackIdentity | None":
        """The identity that an ARN names; None: it is no ARN of ours."""
        found = _ARN.fullmatch(text)
        return cls(*(unquote(part) for part in found.groups())) if found else None

    def url_path(self) -> str:
        """The identity as the tail of a URL: `<tenant>/stacks/<name>/<id><path>`."""
        return f"{quote(self.tenant, '')}/{self._rest()}"

    def _rest(self) -> str:
        return f"stacks/{quote(self.name, '')}/{quote(self.id, '')}{quote(self.path)}"

    def to_wire(self) -> dict[str, str]:
        """The identity as an object of the REST API."""
        return {"tenant": self.tenant, "stack_name": self.name, "stack_id": self.id, "path": self.path}
