"""Containers of secrets: which belong together, and as what.

Spec: https://docs.openstack.org/barbican/latest/api/reference/containers.html
"""

from typing import TYPE_CHECKING, Any

from hearth.localcloud.core import errors, ids, state
from hearth.localcloud.core.service import Call, Reply, Route

if TYPE_CHECKING:
    from hearth.localcloud.barbican.service import Barbican

_CERTIFICATE = ("certificate", "private_key", "private_key_passphrase", "intermediates")
#: By type: the names that secrets may have in it (empty: any), and those that must be there.
_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "generic": ((), ()),
    "rsa": (("public_key", "private_key", "private_key_passphrase"), ("public_key", "private_key")),
    "certificate": (_CERTIFICATE, ("certificate",)),
}


class Containers:
    """The routes of containers."""

    def __init__(self, owner: "Barbican") -> None:
        self._barbican = owner
        self.table = owner.cloud.state.table("barbican.containers", index=("project_id",))

    def routes(self) -> list[Route]:
        """List, create, show, delete, and who uses one."""
        one = "/v1/containers/{id}"
        return [
            Route("GET", "/v1/containers", self.listing),
            Route("POST", "/v1/containers", self.create),
            Route("GET", one, self.show),
            Route("DELETE", one, self.delete),
            Route("GET", one + "/consumers", self.consumers),
        ]

    def create(self, call: Call) -> Any:
        """A new container."""
        body = call.body if isinstance(call.body, dict) else {}
        kind = body.get("type")
        if kind not in _NAMES:
            raise _wrong(f"{kind!r} is not one of {list(_NAMES)}", "type")
        refs = body.get("secret_refs") or []
        self._check(call, str(kind), refs)
        made = self.put(call, str(kind), body.get("name"), refs)
        return Reply(201, {"container_ref": self.reference(made)}, {"Location": self.reference(made)})

    def put(self, call: Call, kind: str, name: str | None, refs: list[dict[str, Any]]) -> state.Document:
        """Store a container."""
        now = self._barbican.now()
        return self.table.insert(
            {
                "id": ids.new_id(),
                "project_id": call.identity.project_id,
                "creator_id": call.identity.user_id,
                "type": kind,
                "name": name,
                "secret_refs": [{"name": one.get("name"), "secret_ref": one["secret_ref"]} for one in refs],
                "created": now,
                "updated": now,
            }
        )

    def _check(self, call: Call, kind: str, refs: list[dict[str, Any]]) -> None:
        allowed, needed = _NAMES[kind]
        names = [one.get("name") for one in refs]
        if len(set(names)) < len(names):
            raise _wrong("Duplicate reference names are not allowed", "secret_refs")
        for name in names:
            if allowed and name not in allowed:
                raise _wrong(f"only {', '.join(allowed)} names are allowed for {kind} type", "secret_refs")
        for name in needed:
            if name not in names:
                raise _wrong(f"The minimum required reference name is {name!r} for {kind} type", "secret_refs")
        for one in refs:
            if self._barbican.secret_at(call, str(one.get("secret_ref"))) is None:
                raise errors.ApiError(404, f"Secret provided for '{one.get('name')}' doesn't exist.")

    def show(self, call: Call) -> Any:
        """One container."""
        return self._shown(self._find(call))

    def listing(self, call: Call) -> Any:
        """The project's containers."""
        found = self.table.select(project_id=call.identity.project_id)
        for field in ("name", "type"):
            if field in call.query:
                found = [one for one in found if one[field] == call.query[field]]
        return self._barbican.page(call, "containers", [self._shown(one) for one in found])

    def consumers(self, call: Call) -> Any:
        """Nobody registers here."""
        self._find(call)
        return {"consumers": [], "total": 0}

    def delete(self, call: Call) -> Any:
        """Remove a container; its secrets stay."""
        self.table.delete(self._find(call)["id"])
        return Reply(204)

    def reference(self, container: state.Document) -> str:
        """The URL by which it is known."""
        return self._barbican.url(f"/v1/containers/{container['id']}")

    def _find(self, call: Call) -> state.Document:
        found = self.table.get(call.params["id"])
        if found is None or not call.identity.sees(found["project_id"]):
            raise errors.ApiError(404, "Not Found. Sorry but your container is in another castle.")
        return found

    def _shown(self, container: state.Document) -> dict[str, Any]:
        copied = ("type", "name", "secret_refs", "created", "updated", "creator_id")
        shown = {name: container[name] for name in copied}
        return shown | {"status": "ACTIVE", "consumers": [], "container_ref": self.reference(container)}


def _wrong(message: str, property_name: str) -> errors.ApiError:
    return errors.ApiError(
        400, f"Provided object does not match schema 'Container': {message}. Invalid property: '{property_name}'"
    )
