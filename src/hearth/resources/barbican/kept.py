"""What types of the key manager share: things are known by their references, which are URLs that end in the id.

Nothing of them can be changed: every change makes another one.

Spec: https://docs.openstack.org/barbican/latest/api/
"""

import base64
import datetime
from collections.abc import Sequence
from typing import Any, ClassVar

from hearth.resources.contract import Call, Observed
from hearth.resources.remote import Readiness, Remote, RemoteResource

SERVICE = "key-manager"
_PAGE = 100


def collection(noun: str, *, waits: bool = True) -> Remote:
    """The collection of one kind of things."""
    readiness = Readiness(ready=("ACTIVE",), reason="error_reason") if waits else None
    return Remote(
        service=SERVICE,
        path=f"/v1/{noun}s",
        envelope="",
        plural=f"{noun}s",
        identity=f"{noun}_ref",
        readiness=readiness,
        sparse=True,
    )


class Kept(RemoteResource):
    """A thing whose physical id is its reference."""

    #: Where the name stands in an answer: a field, or one within another.
    name_at: ClassVar[str] = "name"

    def path(self, call: Call) -> str:
        """The path at the end of the reference: it may name the service as others reach it."""
        return f"{self.remote.path}/{str(call.physical_id).rpartition('/')[2]}"

    def bears_mark(self, call: Call) -> bool:
        """A name that is made from the row; nothing else of a thing can be chosen freely."""
        return "name" not in call.properties

    async def alike(self, call: Call) -> Sequence[str]:
        """Those of the name and type. Not all lists can be filtered."""
        body = self.body(call)
        wanted = read(body, self.name_at)
        found: list[str] = []
        offset = 0
        while True:
            page = await self.listed(call, {"limit": _PAGE, "offset": offset})
            found += [
                str(one[self.remote.identity])
                for one in page
                if read(one, self.name_at) == wanted
                and all(one.get(key) == body.get(key) for key in ("type", "secret_type"))
            ]
            if len(page) < _PAGE:
                return found
            offset += _PAGE

    async def locate(self, call: Call) -> str | None:
        """By its name, and by not having been there before."""
        return await self.newcomer(call)


def read(thing: Observed, path: str) -> Any:
    """A field of an object; a dot goes a level down."""
    for step in path.split("."):
        thing = thing.get(step) or {}
    return thing or None


def references(shown: Observed) -> dict[str, str]:
    """The secrets of a container: `{name: reference}`."""
    return {str(one.get("name")): str(one["secret_ref"]) for one in shown.get("secret_refs") or ()}


def until(call: Call, observed: Observed) -> Any:
    """Reads when a thing ends: as it was given, if that is the same moment. The service writes no zone."""
    given = call.properties.get("expiration")
    shown = read(observed, "expiration") or read(observed, "meta.expiration")
    try:
        same = _moment(str(given)) == _moment(str(shown))
    except ValueError:
        same = False
    return given if same else shown


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


async def payload(kind: RemoteResource, call: Call, reference: str) -> str | None:
    """What a secret holds: as text, or in base64 where it is none; None without a payload."""
    path = f"/v1/secrets/{reference.rpartition('/')[2]}"
    content = (await kind.request(call, "GET", path)).body.get("content_types")
    if not content:
        return None
    answer = await kind.request(call, "GET", f"{path}/payload", headers={"Accept": content["default"]})
    try:
        return answer.raw.decode()
    except UnicodeDecodeError:
        return base64.b64encode(answer.raw).decode()
