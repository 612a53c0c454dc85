"""Orders: keys that the service makes itself. They are PENDING for a while; then there is a secret or a container.

What is made has the form of a key, and is none: nobody should encrypt anything with it. Certificates are not issued.

Spec: https://docs.openstack.org/barbican/latest/api/reference/orders.html
"""

import base64
import secrets
from typing import TYPE_CHECKING, Any

from hearth.localcloud.core import errors, ids, state
from hearth.localcloud.core.service import Call, Reply, Route

if TYPE_CHECKING:
    from hearth.localcloud.barbican.service import Barbican

_TYPES = ("key", "asymmetric", "certificate")
_BINARY = "application/octet-stream"


class Orders:
    """The routes of orders."""

    def __init__(self, owner: "Barbican") -> None:
        self._barbican = owner
        self.table = owner.cloud.state.table("barbican.orders", index=("project_id",))

    def routes(self) -> list[Route]:
        """List, create, show, delete."""
        one = "/v1/orders/{id}"
        return [
            Route("GET", "/v1/orders", self.listing),
            Route("POST", "/v1/orders", self.create),
            Route("GET", one, self.show),
            Route("DELETE", one, self.delete),
        ]

    def create(self, call: Call) -> Any:
        """A new order."""
        body = call.body if isinstance(call.body, dict) else {}
        kind, meta = body.get("type"), body.get("meta")
        if kind not in _TYPES:
            raise _wrong(f"{kind!r} is not one of {list(_TYPES)}", "type")
        if not isinstance(meta, dict):
            raise _wrong("'meta' is a required property", "meta")
        if kind == "certificate":
            raise errors.ApiError(400, "The embedded cloud issues no certificates.")
        bits = meta.get("bit_length")
        if not isinstance(bits, int) or isinstance(bits, bool) or bits <= 0 or bits % 8:
            raise _wrong("Must be a positive whole number of bytes", "bit_length")
        if not meta.get("algorithm"):
            raise _wrong("'algorithm' is a required property", "algorithm")
        now = self._barbican.now()
        order = self.table.insert(
            {
                "id": ids.new_id(),
                "project_id": call.identity.project_id,
                "creator_id": call.identity.user_id,
                "type": kind,
                "meta": meta,
                "made": {},
                "due": self._barbican.cloud.clock.now() + self._barbican.cloud.settings.service_seconds,
                "created": now,
                "updated": now,
            }
        )
        return Reply(202, {"order_ref": self._reference(order)}, {"Location": self._reference(order)})

    def show(self, call: Call) -> Any:
        """One order; what was ordered is made when it is first seen after its time."""
        return self._shown(self._ready(call, self._find(call)))

    def listing(self, call: Call) -> Any:
        """The project's orders."""
        found = self.table.select(project_id=call.identity.project_id)
        return self._barbican.page(call, "orders", [self._shown(self._ready(call, one)) for one in found])

    def delete(self, call: Call) -> Any:
        """Remove an order; what it made stays."""
        self.table.delete(self._find(call)["id"])
        return Reply(204)

    def _ready(self, call: Call, order: state.Document) -> state.Document:
        if order["made"] or order["due"] > self._barbican.cloud.clock.now():
            return order
        meta = order["meta"]
        if order["type"] == "key":
            made = {"secret_ref": self._secret(call, meta, "symmetric", meta["bit_length"] // 8)}
        else:
            names = {"public_key": "public", "private_key": "private"}
            if meta.get("pass_phrase"):
                names["private_key_passphrase"] = "passphrase"
            refs = [
                {"name": name, "secret_ref": self._secret(call, meta, kind, meta["bit_length"] // 8)}
                for name, kind in names.items()
            ]
            container = self._barbican.containers.put(call, "rsa", meta.get("name"), refs)
            made = {"container_ref": self._barbican.containers.reference(container)}
        return self.table.update(order["id"], made=made, updated=self._barbican.now())

    def _secret(self, call: Call, meta: dict[str, Any], kind: str, size: int) -> str:
        payload = secrets.token_bytes(size)
        fields = {name: meta.get(name) for name in ("name", "algorithm", "mode", "bit_length", "expiration")}
        kept = {"content_type": _BINARY, "payload": base64.b64encode(payload).decode()}
        return self._barbican.put(call, {**fields, "secret_type": kind, **kept})

    def _reference(self, order: state.Document) -> str:
        return self._barbican.url(f"/v1/orders/{order['id']}")

    def _find(self, call: Call) -> state.Document:
        found = self.table.get(call.params["id"])
        if found is None or not call.identity.sees(found["project_id"]):
            raise errors.ApiError(404, "Order not found.")
        return found

    def _shown(self, order: state.Document) -> dict[str, Any]:
        shown = {name: order[name] for name in ("type", "meta", "created", "updated", "creator_id")}
        status = "ACTIVE" if order["made"] else "PENDING"
        return shown | {"status": status, "order_ref": self._reference(order), **order["made"]}


def _wrong(message: str, property_name: str) -> errors.ApiError:
    return errors.ApiError(
        400, f"Provided object does not match schema 'Order': {message}. Invalid property: '{property_name}'"
    )
