"""URLs in answers: built from the address the client used, so that they lead back the same way."""

import dataclasses
import re
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

from hearth.model import names

#: Takes what stands in a URL as it is, which nearly all names do: asking is cheaper than quoting.
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


@dataclasses.dataclass(frozen=True, slots=True)
class Links:
    """Makes the URLs of one answer. `base`: the API's address without the version and a slash at the end."""

    base: str
    #: Those of stacks that were made: a list has thousands of things of few stacks.
    _stacks: dict[names.StackIdentity, str] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def stack(self, identity: names.StackIdentity) -> str:
        """URL of a stack (or of what the identity's path names in it)."""
        url = self._stacks.get(identity)
        if url is None:
            url = self._stacks[identity] = f"{self.base}/v1/{identity.url_path()}"
        return url


def resource(stack: str, name: str) -> str:
    """URL of a resource of the stack at a URL."""
    return f"{stack}/resources/{_quoted(name)}"


def event(resource: str, event_id: str) -> str:
    """URL of an event of the resource at a URL."""
    return f"{resource}/events/{_quoted(event_id)}"


def _quoted(part: str) -> str:
    return part if _PLAIN.fullmatch(part) else quote(part, "")


def link(rel: str, href: str) -> dict[str, str]:
    """A link object."""
    return {"href": href, "rel": rel}


def base_url(scope: Scope) -> str:
    """The address of this application as the request came for it."""
    headers = Headers(scope=scope)
    scheme = scope.get("scheme", "http")
    server = scope.get("server") or ("localhost", None)
    host = headers.get("host") or (f"{server[0]}:{server[1]}" if server[1] else server[0])
    root = scope.get("root_path", "")
    return f"{scheme}://{host}{root.rstrip('/')}"
