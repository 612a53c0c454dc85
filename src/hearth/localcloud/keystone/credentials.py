"""Credentials kept for users (/v3/credentials, EC2 pairs), and the EC2 and S3 ways to a token.

EC2 secrets are stored readable: a signature can only be checked with the secret itself.
"""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from hearth.localcloud.core import errors, ids, service, state
from hearth.localcloud.core.collection import Field
from hearth.localcloud.keystone import directory, resource, signatures, tokens

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone


class Credentials(resource.Resource):
    """/v3/credentials"""

    singular, plural, path = "credential", "credentials", "/v3/credentials"
    index: ClassVar[tuple[str, ...]] = ("user_id", "project_id")
    open_to_all = True
    fields = (
        Field("user_id", nullable=True),
        Field("project_id", nullable=True),
        Field("type", required=True),
        Field("blob", required=True),
    )

    def permit(self, call: service.Call, action: str, *, allowed: bool = False) -> None:
        """Everybody may use it; each one sees the own credentials only."""

    def visible(self, call: service.Call, document: state.Document) -> bool:
        return call.identity.is_admin or document["user_id"] == call.identity.user_id

    def prepare(self, call: service.Call, document: state.Document) -> None:
        document["user_id"] = document["user_id"] or call.identity.user_id
        if not self.visible(call, document):
            raise resource.not_permitted("create_credential")
        document["id"] = ids.new_hex()
        if document["type"] == "ec2":
            blob = _blob(document)
            if blob is None or not isinstance(blob.get("access"), str):
                raise errors.ApiError(400, "Invalid blob in credential")
            if not document["project_id"]:
                raise errors.ApiError(400, "Invalid input for field 'project_id': an ec2 credential needs a project.")
            document["id"] = ec2_id(blob["access"])
            if document["id"] in self.table:
                raise self.duplicate(f"ID {document['id']}")


class Ec2:
    """EC2 pairs of a user (/v3/users/{user_id}/credentials/OS-EC2), /v3/ec2tokens and /v3/s3tokens."""

    def __init__(self, keystone: "Keystone") -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory

    def routes(self) -> list[service.Route]:
        """Pairs, and the check of signatures."""
        path = "/v3/users/{user_id}/credentials/OS-EC2"
        return [
            service.Route("GET", path, self.listing),
            service.Route("POST", path, self.create),
            service.Route("GET", path + "/{access}", self.show),
            service.Route("DELETE", path + "/{access}", self.delete),
            service.Route("POST", "/v3/ec2tokens", self.ec2_token),
            service.Route("POST", "/v3/s3tokens", self.s3_token),
        ]

    def _permit(self, call: service.Call, action: str) -> str:
        user_id = call.params["user_id"]
        if user_id != call.identity.user_id and not call.identity.is_admin:
            raise resource.not_permitted(action)
        if user_id not in self._names.users:
            raise directory.could_not_find("user", user_id)
        return user_id

    def _find(self, call: service.Call, action: str) -> state.Document:
        user_id = self._permit(call, action)
        found = self._names.credentials.get(ec2_id(call.params["access"]))
        if found is None or found["user_id"] != user_id or found["type"] != "ec2":
            raise directory.could_not_find("credential", call.params["access"])
        return found

    def _view(self, document: state.Document) -> state.Document:
        blob = _blob(document) or {}
        user_id, access = document["user_id"], blob.get("access", "")
        return {
            "user_id": user_id,
            "tenant_id": document["project_id"],
            "access": access,
            "secret": blob.get("secret", ""),
            "trust_id": blob.get("trust_id"),
            "links": {"self": self._keystone.url(f"/v3/users/{user_id}/credentials/OS-EC2/{access}")},
        }

    def listing(self, call: service.Call) -> Any:
        """All pairs of a user."""
        user_id = self._permit(call, "ec2_list_credentials")
        found = self._names.credentials.select(user_id=user_id)
        return resource.envelope(call, "credentials", [self._view(each) for each in found if each["type"] == "ec2"])

    def show(self, call: service.Call) -> Any:
        """One pair of a user."""
        return {"credential": self._view(self._find(call, "ec2_get_credential"))}

    def delete(self, call: service.Call) -> Any:
        """Take a pair away."""
        self._names.credentials.delete(self._find(call, "ec2_delete_credential")["id"])
        return service.Reply(204)

    def create(self, call: service.Call) -> Any:
        """Make a pair for a project."""
        user_id = self._permit(call, "ec2_create_credential")
        body = call.body if isinstance(call.body, dict) else {}
        project_id = body.get("tenant_id") or body.get("project_id")
        if not isinstance(project_id, str) or project_id not in self._names.projects:
            raise directory.could_not_find("project", str(project_id))
        blob = {"access": ids.new_hex(), "secret": ids.new_hex(), "trust_id": call.identity.trust_id}
        document = self._names.credentials.insert(
            {
                "id": ec2_id(blob["access"] or ""),
                "user_id": user_id,
                "project_id": project_id,
                "type": "ec2",
                "blob": msgspec.json.encode(blob).decode(),
            }
        )
        return service.Reply(201, {"credential": self._view(document)})

    def ec2_token(self, call: service.Call) -> Any:
        """A token for whoever signed a request, asked for by the service that received it."""
        self._permit_service(call, "ec2tokens_validate")
        body = call.body if isinstance(call.body, dict) else {}
        reported = body.get("credentials") or body.get("ec2Credentials") or body.get("credential")
        if not isinstance(reported, dict) or not isinstance(reported.get("access"), str):
            raise tokens.unauthorized()
        document, blob = self._pair(reported["access"])
        if not signatures.matches(str(blob.get("secret", "")), reported):
            raise tokens.unauthorized()
        return self._token(document, blob)

    def s3_token(self, call: service.Call) -> Any:
        """A token for whoever signed an S3 request: HMAC of the text the S3 service reports."""
        self._permit_service(call, "s3tokens_validate")
        body = call.body if isinstance(call.body, dict) else {}
        reported = body.get("credentials")
        if not isinstance(reported, dict) or not isinstance(reported.get("access"), str):
            raise tokens.unauthorized()
        document, blob = self._pair(reported["access"])
        try:
            text = base64.urlsafe_b64decode(str(reported.get("token") or ""))
        except ValueError:
            raise errors.ApiError(400, "Invalid base64 in token") from None
        key = str(blob.get("secret", "")).encode()
        made = base64.b64encode(hmac.digest(key, text, "sha1")).decode()
        if not hmac.compare_digest(made.encode(), str(reported.get("signature") or "").encode()):
            raise tokens.unauthorized()
        return self._token(document, blob)

    def _permit_service(self, call: service.Call, action: str) -> None:
        if not call.identity.is_admin and "service" not in call.identity.roles:
            raise resource.not_permitted(action)

    def _pair(self, access: str) -> tuple[state.Document, state.Document]:
        document = self._names.credentials.get(ec2_id(access))
        blob = _blob(document) if document is not None and document["type"] == "ec2" else None
        if document is None or blob is None:
            raise tokens.unauthorized()
        return document, blob

    def _token(self, document: state.Document, blob: state.Document) -> service.Reply:
        issued: service.Reply = self._keystone.authentication.issue(
            document["user_id"],
            ["ec2credential"],
            ("project", document["project_id"]),
            trust_id=blob.get("trust_id"),
        )
        issued.status = 200
        return issued


def ec2_id(access: str) -> str:
    """The id under which an EC2 pair is kept among the credentials."""
    return hashlib.sha256(access.encode()).hexdigest()


def _blob(document: state.Document) -> state.Document | None:
    try:
        found = msgspec.json.decode(document["blob"])
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None
