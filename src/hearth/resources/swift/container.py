"""OS::Swift::Container: a container of the object store.

Spec: https://docs.openstack.org/api-ref/object-store/
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from hearth.cloud import session
from hearth.resources import base, blockers
from hearth.resources.contract import Call, Gone, Observed
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_PAGE = 1000
_ACCOUNT = "X-Account-Meta"


def _shown_metadata(prefix: str) -> Callable[[Call, Observed], Any]:
    """Reads metadata from headers, whose names have no case; what others keep in the account is not the resource's."""

    def read(call: Call, observed: Observed) -> Any:
        given = {str(key).lower(): (key, value) for key, value in (call.properties.get(prefix) or {}).items()}
        start = f"{prefix.lower()}-"
        found = {}
        for header, value in observed.items():
            name = header.removeprefix(start)
            if name == header or (name not in given and prefix == _ACCOUNT):
                continue
            key, wanted = given.get(name, (name, value))
            found[key] = wanted if str(wanted) == value else value
        return found

    return read


class Stored(RemoteResource):
    """A container, whose name is its id. Everything about it travels in headers."""

    remote = Remote(service="object-store", path="", envelope="", sparse=True)
    used_by = (blockers.OBJECTS,)

    def headers(self, call: Call) -> dict[str, str]:
        """The headers of the request that makes it."""
        return {}

    def path(self, call: Call) -> str:
        """The container's path."""
        return f"/{quote(call.physical_id or '', '')}"

    async def locate(self, call: Call) -> str | None:
        """The name says it."""
        return await self.existing(call, _name(call))

    async def create(self, call: Call) -> str | None:
        """Make it; making one that is there changes its headers only."""
        call.physical_id = _name(call)
        await self.request(call, "PUT", self.path(call), creating=True, headers=self.headers(call))
        await self.finish(call)
        return call.physical_id

    async def observe(self, call: Call) -> Observed | None:
        """The headers, names in lower case."""
        answer = await self.request(call, "HEAD", self.path(call))
        return _lowered(answer)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """URLs come from the catalog."""
        url = call.cloud.endpoint(self.remote.service)
        parts = urlsplit(url)
        if name == "DomainName":
            return parts.hostname
        if name == "RootURL":
            return f"{parts.scheme}://{parts.netloc}{parts.path}"
        if name == "WebsiteURL":
            return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{self.path(call)}"
        return await super().attribute(call, name, observed)


@base.resource("OS::Swift::Container")
class Container(Stored):
    """A container of the object store.

    With what it says of itself, and what the account says.
    """

    name = Property(str, "Name of the container.", default=PHYSICAL_NAME, live=lambda call, observed: call.physical_id)
    read = Property(str, "Who may read.", name="X-Container-Read", live="x-container-read")
    write = Property(str, "Who may write.", name="X-Container-Write", live="x-container-write")
    metadata = Property(
        dict,
        "Metadata of the container.",
        name="X-Container-Meta",
        default={},
        live=_shown_metadata("X-Container-Meta"),
    )
    account_metadata = Property(
        dict, "Metadata of the account.", name="X-Account-Meta", default={}, live=_shown_metadata("X-Account-Meta")
    )
    purge = Property(
        bool,
        "Whether the objects in it are deleted with it.",
        name="PurgeOnDelete",
        default=False,
        live=None,
        since="2015.1",
    )

    attributes = {
        "DomainName": Attribute(str, "Host of the object store."),
        "WebsiteURL": Attribute(str, "URL of the container as a web site."),
        "RootURL": Attribute(str, "URL of the account."),
        "ObjectCount": Attribute(int, "Objects in it.", source=lambda shown: int(shown["x-container-object-count"])),
        "BytesUsed": Attribute(int, "Bytes in it.", source=lambda shown: int(shown["x-container-bytes-used"])),
        "HeadContainer": Attribute(dict, "The headers of the container.", source=dict),
    }

    def headers(self, call: Call) -> dict[str, str]:
        """Access and metadata."""
        given = call.properties
        headers: dict[str, str] = {key: given[key] for key in ("X-Container-Read", "X-Container-Write") if key in given}
        return headers | _metadata("X-Container-Meta", given)

    async def finish(self, call: Call) -> None:
        """Set the account's metadata."""
        headers = _metadata("X-Account-Meta", call.properties)
        if headers:
            await self.request(call, "POST", "", headers=headers)

    async def delete(self, call: Call) -> None:
        """Delete it, after the objects in it if that is wanted."""
        if call.properties.get("PurgeOnDelete"):
            await self._purge(call)
        await self.request(call, "DELETE", self.path(call))

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The account has its metadata for itself."""
        if not call.properties.get(_ACCOUNT):
            return observed
        account = _lowered(await self.request(call, "HEAD", ""))
        return {**observed, **{key: value for key, value in account.items() if key.startswith(_ACCOUNT.lower())}}

    async def _purge(self, call: Call) -> None:
        while True:
            params = {"format": "json", "limit": _PAGE}
            objects = (await self.request(call, "GET", self.path(call), params=params)).body
            if not objects:
                return
            for one in objects:
                try:
                    await self.request(call, "DELETE", f"{self.path(call)}/{quote(one['name'])}")
                except Gone:
                    continue


def _lowered(answer: session.Response) -> dict[str, str]:
    return {key.lower(): value for key, value in answer.headers.items()}


def _name(call: Call) -> str:
    return call.properties.get("name") or call.physical_name


def _metadata(prefix: str, given: Mapping[str, Any]) -> dict[str, str]:
    return {f"{prefix}-{key}": str(value) for key, value in (given.get(prefix) or {}).items()}
