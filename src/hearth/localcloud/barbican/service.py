"""The key manager: secrets of API v1, their payloads, and version documents; containers and orders are beside it.

Spec: https://docs.openstack.org/barbican/latest/api/reference/secrets.html
"""

import base64
import binascii
import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hearth.localcloud.barbican import containers, orders
from hearth.localcloud.core import cloud, errors, ids, state
from hearth.localcloud.core.service import Call, Reply, Route, Service

_TYPES = ("symmetric", "passphrase", "private", "public", "certificate", "opaque")
_TEXT, _BINARY = "text/plain", "application/octet-stream"
#: Fields of a secret as given, with their JSON types; others are overlooked, as Barbican does.
_FIELDS: Mapping[str, type] = {
    "name": str,
    "algorithm": str,
    "mode": str,
    "bit_length": int,
    "expiration": str,
    "payload": str,
    "payload_content_type": str,
    "payload_content_encoding": str,
}
_DEFAULT_LIMIT, _MAX_LIMIT = 10, 100


class Barbican(Service):
    """Barbican v1 at /key-manager."""

    name = "barbican"
    service_type = "key-manager"
    prefix = "/key-manager"
    catalog_path = "/key-manager"

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.secrets = owner.state.table("barbican.secrets", index=("project_id",))
        self.containers = containers.Containers(self)
        self._orders = orders.Orders(self)

    def routes(self) -> list[Route]:
        one = "/v1/secrets/{id}"
        return [
            Route("GET", "/", self.versions, public=True),
            Route("GET", "/v1", self.version, public=True),
            Route("GET", "/v1/secrets", self.listing),
            Route("POST", "/v1/secrets", self.create),
            Route("GET", one, self.show),
            Route("PUT", one, self.fill, stream=True),
            Route("DELETE", one, self.delete),
            Route("GET", one + "/payload", self.payload),
            *self.containers.routes(),
            *self._orders.routes(),
        ]

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        return {"code": error.status, "title": errors.TITLES.get(error.status, "Error"), "description": error.message}

    def negotiate(self, call: Call) -> dict[str, str]:
        """There is one version."""
        return {"OpenStack-API-Version": "key-manager 1.0", "Vary": "OpenStack-API-Version"}

    # -- versions ----------------------------------------------------------------------------------------------------

    def _version(self) -> dict[str, Any]:
        return {
            "id": "v1",
            "status": "stable",
            "links": [
                {"rel": "self", "href": self.url("/v1/")},
                {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            ],
            "media-types": [
                {"base": "application/json", "type": "application/vnd.openstack.key-manager-v1+json"},
            ],
        }

    def versions(self, call: Call) -> Any:
        """All versions there are."""
        return Reply(300, {"versions": {"values": [self._version()]}})

    def version(self, call: Call) -> Any:
        """The one version there is."""
        return {"version": self._version()}

    # -- secrets -----------------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Any:
        """A new secret, with its payload or to be filled later."""
        given = self._checked(call.body)
        payload = given.pop("payload", None)
        kind = given.pop("payload_content_type", None)
        encoding = given.pop("payload_content_encoding", None)
        reference = self.put(
            call,
            {
                **given,
                "content_type": None if payload is None else _plain_type(kind),
                "payload": None if payload is None else _encoded(payload, encoding),
            },
        )
        return Reply(201, {"secret_ref": reference}, {"Location": reference})

    def put(self, call: Call, given: Mapping[str, Any]) -> str:
        """Store a secret; its reference."""
        now = self.now()
        who = {"project_id": call.identity.project_id, "creator_id": call.identity.user_id}
        secret = {"id": ids.new_id(), **who, "created": now, "updated": now, **given}
        return self._reference(self.secrets.insert(secret))

    def secret_at(self, call: Call, reference: str) -> state.Document | None:
        """The secret of a reference, if the caller sees it."""
        found = self.secrets.get(reference.rpartition("/")[2])
        return found if found is not None and call.identity.sees(found["project_id"]) else None

    def _checked(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise _wrong(f"{body!r} is not of type 'object'", "None")
        given: dict[str, Any] = {}
        for name, kind in _FIELDS.items():
            value = body.get(name)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                wanted = {str: "string", int: "integer"}[kind]
                raise _wrong(f"{value!r} is not of type '{wanted}'", name)
            given[name] = value
        given["secret_type"] = body.get("secret_type") or "opaque"
        if given["secret_type"] not in _TYPES:
            raise _wrong(f"{given['secret_type']!r} is not one of {list(_TYPES)}", "secret_type")
        if given["expiration"] is not None:
            given["expiration"] = self._expiration(given["expiration"])
        if given["payload"] is not None:
            self._check_payload(given)
        return given

    def _expiration(self, text: str) -> str:
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise _wrong("Invalid date for 'expiration'", "expiration") from None
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
        if moment.replace(tzinfo=datetime.UTC).timestamp() <= self.cloud.clock.now():
            raise _wrong("'expiration' is before current time", "expiration")
        return moment.isoformat()

    def _check_payload(self, given: Mapping[str, Any]) -> None:
        kind, encoding = given["payload_content_type"], given["payload_content_encoding"]
        if not given["payload"]:
            raise _wrong("If 'payload' specified, must be non empty.", "payload")
        if kind is None:
            message = "If 'payload' is supplied, 'payload_content_type' must also be supplied."
            raise _wrong(message, "payload_content_type")
        if _plain_type(kind) not in (_TEXT, _BINARY):
            raise _wrong(f"payload_content_type is not one of {[_TEXT, _BINARY]}", "payload_content_type")
        if encoding not in (None, "base64") or (_plain_type(kind) == _TEXT and encoding is not None):
            raise _wrong("payload_content_encoding does not go with the type", "payload_content_encoding")
        if _plain_type(kind) == _BINARY and encoding is None:
            raise _wrong("payload_content_encoding must be specified", "payload_content_encoding")

    def show(self, call: Call) -> Any:
        """What is known of a secret, without what it holds; its payload for those who ask for text."""
        secret = self._find(call)
        if call.headers.get("accept", "").startswith(_TEXT):
            return self.payload(call)
        return self._shown(secret)

    def listing(self, call: Call) -> Any:
        """The project's secrets, oldest first."""
        found = [
            secret
            for secret in self.secrets.select(project_id=call.identity.project_id)
            if self._is_alive(secret) and all(_passes(secret, key, value) for key, value in call.query.items())
        ]
        return self.page(call, "secrets", [self._shown(secret) for secret in found])

    def page(self, call: Call, plural: str, found: list[dict[str, Any]]) -> Any:
        """A page of a list, with links to those beside it."""
        offset = _number(call.query.get("offset"), 0)
        limit = min(_number(call.query.get("limit"), _DEFAULT_LIMIT), _MAX_LIMIT)
        answer: dict[str, Any] = {plural: found[offset : offset + limit], "total": len(found)}
        if offset + limit < len(found):
            answer["next"] = self._page(plural, limit, offset + limit)
        if offset:
            answer["previous"] = self._page(plural, limit, max(0, offset - limit))
        return answer

    def payload(self, call: Call) -> Any:
        """What a secret holds."""
        secret = self._find(call)
        if secret["project_id"] != call.identity.project_id:
            raise errors.ApiError(
                403, "Secret payload retrieval attempt not allowed - please review your user/project privileges"
            )
        if secret["payload"] is None:
            raise errors.ApiError(404, "Not Found. Sorry but your secret has no payload.")
        asked = call.headers.get("accept") or "*/*"
        if not asked.startswith((_TEXT, _BINARY, "*/*")):
            raise errors.ApiError(406, "Secret payload retrieval issue seen - Wrong payload content-type.")
        kind = f"{_TEXT}; charset=UTF-8" if asked.startswith(_TEXT) else asked.partition(",")[0]
        return Reply(200, base64.b64decode(secret["payload"]), {"Content-Type": kind})

    async def fill(self, call: Call) -> Any:
        """Give a secret without payload what it is to hold."""
        kind = _plain_type(call.headers.get("content-type", ""))
        raw = b"".join([chunk async for chunk in call.chunks()])
        with self.cloud.state.transaction():
            secret = self._find(call)
            if kind not in (_TEXT, _BINARY):
                expected = [_BINARY, _TEXT]
                raise errors.ApiError(415, f"Unexpected content type. Expected content types are: {expected}")
            if secret["payload"] is not None:
                raise errors.ApiError(409, "Secret already has data, cannot modify it.")
            if not raw:
                raise errors.ApiError(400, "No payload was given for the secret.")
            if call.headers.get("content-encoding") == "base64":
                raw = base64.b64decode(_encoded(raw.decode(errors="replace"), "base64"))
            payload = base64.b64encode(raw).decode()
            self.secrets.update(secret["id"], payload=payload, content_type=kind, updated=self.now())
        return Reply(204)

    def delete(self, call: Call) -> Any:
        """Remove a secret."""
        self.secrets.delete(self._find(call)["id"])
        return Reply(204)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _find(self, call: Call) -> state.Document:
        secret = self.secrets.get(call.params["id"])
        if secret is None or not call.identity.sees(secret["project_id"]) or not self._is_alive(secret):
            raise errors.ApiError(404, "Secret not found.")
        return secret

    def _is_alive(self, secret: state.Document) -> bool:
        expiration = secret["expiration"]
        return expiration is None or expiration > self.now()

    def now(self) -> str:
        """The time as the service writes it."""
        return self.cloud.clock.iso().removesuffix("Z")

    def _reference(self, secret: state.Document) -> str:
        return self.url(f"/v1/secrets/{secret['id']}")

    def _page(self, plural: str, limit: int, offset: int) -> str:
        return self.url(f"/v1/{plural}?" + urlencode({"limit": limit, "offset": offset}))

    def _shown(self, secret: state.Document) -> dict[str, Any]:
        copied = ("created", "updated", "name", "secret_type", "expiration", "algorithm", "bit_length", "mode")
        shown = {
            "status": "ACTIVE",
            **{name: secret[name] for name in (*copied, "creator_id")},
            "secret_ref": self._reference(secret),
        }
        if secret["content_type"] is not None:
            shown["content_types"] = {"default": secret["content_type"]}
        return shown


def _plain_type(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _encoded(payload: str, encoding: str | None) -> str:
    """The bytes of a payload in base64, as they are kept."""
    if encoding is None:
        return base64.b64encode(payload.encode()).decode()
    try:
        base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("Invalid payload for payload_content_encoding", "payload") from None
    return payload


def _passes(secret: state.Document, key: str, value: str) -> bool:
    """Whether a secret passes one filter of a list; other parameters are overlooked."""
    field = {"name": "name", "alg": "algorithm", "mode": "mode", "bits": "bit_length", "secret_type": "secret_type"}
    return key not in field or str(secret[field[key]]) == value


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _wrong(message: str, property_name: str) -> errors.ApiError:
    return errors.ApiError(
        400, f"Provided object does not match schema 'Secret': {message}. Invalid property: '{property_name}'"
    )
