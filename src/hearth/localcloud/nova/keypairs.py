"""Key pairs of a user: imported, or generated here and the private key shown once."""

import base64
import binascii
import hashlib
import re
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from hearth.localcloud.cinder import paging, refusals, rules, times, versions
from hearth.localcloud.core import service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book

_OLD_NAME = rules.text(1, 255, pattern=r"[_\- a-zA-Z0-9]+")
_NAME = rules.text(1, 255, pattern=r"[@._\- a-zA-Z0-9]+")
_KEY = rules.text(1, 16384)


class Keypairs:
    """The /os-keypairs collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/os-keypairs/{name}"
        return [
            Route("GET", "/os-keypairs", self.index),
            Route("POST", "/os-keypairs", self.create),
            Route("GET", one, self.show),
            Route("DELETE", one, self.delete),
        ]

    def index(self, call: service.Call) -> Any:
        """GET /os-keypairs."""
        found = self._book.keypairs.select(user_id=self._user(call))
        found = sorted(found, key=lambda each: str(each["name"]))
        body: dict[str, Any] = {}
        if versions.at_least(call, 2, 35):
            named = [{**each, "id": each["name"]} for each in found]
            page = paging.cut(named, call.query, refusals.bad(f"marker [{call.query.get('marker')}] not found"))
            found = page.items
            if links := paging.next_link(call.service.url("/v2.1/os-keypairs"), call.query.multi_items(), page):
                body["keypairs_links"] = links
        return {"keypairs": [{"keypair": _brief(call, each)} for each in found], **body}

    def create(self, call: service.Call) -> Reply:
        """POST /os-keypairs."""
        fields: dict[str, rules.Rule] = {"name": _NAME if versions.at_least(call, 2, 92) else _OLD_NAME}
        fields["public_key"] = _KEY
        required = ["name"]
        if versions.at_least(call, 2, 2):
            fields["type"] = rules.one_of("ssh", "x509")
        if versions.at_least(call, 2, 10):
            fields["user_id"] = rules.text(1, 255)
        if versions.at_least(call, 2, 92):
            required.append("public_key")
        wanted = rules.read(call.body, "keypair", rules.Shape(fields, required=required))
        name, kind = wanted["name"], wanted.get("type", "ssh")
        user = wanted.get("user_id", call.identity.user_id)
        if user != call.identity.user_id:
            refusals.admin_only(call, "os_compute_api:os-keypairs:create")
        if self._book.keypair(user, name) is not None:
            raise refusals.conflict(f"Key pair '{name}' already exists.")
        limit = self._book.quotas.limits(call.identity.project_id)["key_pairs"]
        if 0 <= limit <= len(self._book.keypairs.select(user_id=user)) and call.cloud.settings.enforce_quotas:
            raise refusals.forbidden("Quota exceeded, too many key pairs.")
        private = None
        public = wanted.get("public_key")
        if public is None:
            if kind != "ssh":
                raise refusals.bad("A key pair of type x509 can only be imported: give 'public_key'.")
            private, public = generate()
        made = self.insert(user, name, public, kind)
        body = {**_brief(call, made), "user_id": user}
        if private is not None:
            body = {"private_key": private, **body}
        return Reply(201 if versions.at_least(call, 2, 2) else 200, {"keypair": body})

    def show(self, call: service.Call) -> Any:
        """GET /os-keypairs/{name}."""
        found = self._of(call)
        body = _brief(call, found) | {
            "user_id": found["user_id"],
            "created_at": times.stamp(found["created_at"]),
            "deleted": False,
            "deleted_at": None,
            "id": found["number"],
            "updated_at": None,
        }
        return {"keypair": body}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /os-keypairs/{name}."""
        self._book.keypairs.delete(self._of(call)["id"])
        return Reply(204 if versions.at_least(call, 2, 2) else 202)

    def insert(self, user_id: str, name: str, public_key: str, kind: str = "ssh") -> state.Document:
        """Keep a key pair. Raises ApiError 400 when the public key is none."""
        fingerprint = ssh_fingerprint(public_key) if kind == "ssh" else _certificate_fingerprint(public_key)
        return self._book.keypairs.insert(
            {
                "id": f"{user_id}/{name}",
                "number": self._book.number("keypair"),
                "user_id": user_id,
                "name": name,
                "type": kind,
                "public_key": public_key,
                "fingerprint": fingerprint,
                "created_at": self._book.now(),
            }
        )

    def _user(self, call: service.Call) -> str:
        user = call.query.get("user_id") if versions.at_least(call, 2, 10) else None
        if user is None or user == call.identity.user_id:
            return call.identity.user_id
        refusals.admin_only(call, "os_compute_api:os-keypairs:index")
        return user

    def _of(self, call: service.Call) -> state.Document:
        user, name = self._user(call), call.params["name"]
        found = self._book.keypair(user, name)
        if found is None:
            raise refusals.not_found(f"Keypair {name} not found for user {user}")
        return found


def generate() -> tuple[str, str]:
    """A new RSA key pair: private key in PEM, public key in OpenSSH's form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), f"{public.decode()} Generated-by-Nova"


def public_key(comment: str) -> str:
    """The public half, in OpenSSH's form, of a new Ed25519 key; its private half is forgotten. Much faster than RSA."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    public = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return f"{public.decode()} {comment}"


def ssh_fingerprint(public_key: str) -> str:
    """MD5 of an OpenSSH public key, in pairs of digits. Raises ApiError 400."""
    words = public_key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
        # The blob begins with its own name of the algorithm.
        if len(blob) < 5 or blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii") != words[0]:
            raise ValueError
    except (IndexError, ValueError, binascii.Error):
        raise refusals.bad("Keypair data is invalid: failed to generate fingerprint") from None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(re.findall("..", digest))


def _certificate_fingerprint(pem: str) -> str:
    try:
        digest = x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1())
    except ValueError:
        raise refusals.bad("Keypair data is invalid: failed to generate X509 fingerprint") from None
    return ":".join(re.findall("..", digest.hex()))


def _brief(call: service.Call, found: state.Document) -> dict[str, Any]:
    body = {"name": found["name"], "public_key": found["public_key"], "fingerprint": found["fingerprint"]}
    return {**body, "type": found["type"]} if versions.at_least(call, 2, 2) else body
