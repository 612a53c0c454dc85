"""What does this token stand for? Issues tokens, keeps them, turns them into identities and token bodies.

The store knows tokens by their digest only. What a token allows is worked out anew when users, projects, roles, trusts
or application credentials change, so a removed role, user or trust takes its tokens along.
Expiry is in real time: clients compare it with their own clock.
"""

import base64
import hashlib
import os
import time
from typing import Any

from hearth.localcloud.core import clock, cloud, errors, state
from hearth.localcloud.core.service import Identity
from hearth.localcloud.keystone import directory

_PURGE_EVERY = 1000


class Tokens:
    """All tokens of the cloud."""

    def __init__(self, owner: cloud.Cloud, names: directory.Directory) -> None:
        self._cloud = owner
        self._names = names
        self._table = owner.state.table("keystone.tokens", index=("user_id",))
        self._known: dict[str, tuple[int, Identity]] = {}
        self._issued = 0

    def issue(
        self,
        user_id: str,
        methods: list[str],
        scope: directory.Target | None,
        *,
        trust_id: str | None = None,
        application_credential_id: str | None = None,
        parent: state.Document | None = None,
    ) -> tuple[str, state.Document]:
        """A new token and its record. `parent`: the token it was made from, whose expiry it keeps."""
        self._issued += 1
        if self._issued % _PURGE_EVERY == 0:
            self.purge()
        text = "gAAAAAB" + base64.urlsafe_b64encode(os.urandom(48)).decode()
        now = float(int(time.time()))
        record: state.Document = {
            "id": _digest(text),
            "user_id": user_id,
            "methods": sorted({*methods, *(parent["methods"] if parent else ())}),
            "scope": list(scope) if scope else None,
            "trust_id": trust_id,
            "application_credential_id": application_credential_id,
            "issued_at": now,
            "expires_at": parent["expires_at"] if parent else now + self._cloud.settings.token_seconds,
            "audit_ids": [_audit_id(), *(parent["audit_ids"][-1:] if parent else ())],
        }
        self._table.insert(record)
        return text, record

    def find(self, text: str, *, allow_expired: bool = False) -> state.Document | None:
        """The record of a valid token; None for unknown and void ones, and expired ones unless they are allowed."""
        record = self._table.get(_digest(text)) if text else None
        if record is None or (record["expires_at"] <= time.time() and not allow_expired):
            return None
        try:
            self.identity_of(record, text)
        except errors.ApiError:
            return None
        return record

    def authenticate(self, text: str) -> Identity:
        """Who a token stands for. Raises ApiError 401."""
        version = self._names.version
        known = self._known.get(text)
        if known is not None and known[0] == version and known[1].expires_at > time.time():
            return known[1]
        record = self._table.get(_digest(text)) if text else None
        if record is None or record["expires_at"] <= time.time():
            raise unauthorized()
        identity = self.identity_of(record, text)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[text] = (version, identity)
        return identity

    def revoke(self, text: str) -> None:
        """Make a token void."""
        self._table.delete(_digest(text))
        self._known.pop(text, None)

    def revoke_others(self, user_id: str) -> None:
        """Make all tokens of a user void, as a changed password does."""
        for record in self._table.select(user_id=user_id):
            self._table.delete(record["id"])
        self._known.clear()

    def purge(self) -> None:
        """Forget expired tokens."""
        now = time.time()
        for record in self._table:
            if record["expires_at"] <= now:
                self._table.delete(record["id"])

    # -- what a token allows -----------------------------------------------------------------------------------------

    def identity_of(self, record: state.Document, text: str) -> Identity:
        """Work out who a record stands for now. Raises ApiError 401 when user, scope, trust or roles are gone."""
        names = self._names
        user = self._enabled_user(record["user_id"])
        domain = names.domains.get(user["domain_id"])
        assert domain is not None
        scope = tuple(record["scope"]) if record["scope"] else None
        role_ids = self.role_ids(record)
        if scope and not role_ids:
            raise unauthorized()
        roles = tuple(role["name"] for role in map(names.roles.get, role_ids) if role)
        identity: dict[str, Any] = {}
        if scope and scope[0] == "project":
            project = names.projects.get(scope[1])
            if project is None or not project["enabled"]:
                raise unauthorized()
            home = names.domains.get(project["domain_id"])
            if home is None or not home["enabled"]:
                raise unauthorized()
            identity = {
                "project_id": project["id"],
                "project_name": project["name"],
                "project_domain_id": home["id"],
                "project_domain_name": home["name"],
            }
        elif scope and scope[0] == "domain":
            target = names.domains.get(scope[1])
            if target is None or not target["enabled"]:
                raise unauthorized()
            identity = {"domain_id": scope[1]}
        return Identity(
            token_id=text,
            user_id=user["id"],
            user_name=user["name"],
            user_domain_id=domain["id"],
            user_domain_name=domain["name"],
            system=bool(scope and scope[0] == "system"),
            roles=roles,
            is_admin="admin" in roles,
            trust_id=record["trust_id"],
            application_credential_id=record["application_credential_id"],
            expires_at=record["expires_at"],
            **identity,
        )

    def role_ids(self, record: state.Document) -> list[str]:
        """Ids of the roles a record has now. Raises ApiError 401 when its trust or application credential is gone."""
        names = self._names
        if record["trust_id"]:
            trust = names.trusts.get(record["trust_id"])
            if trust is None or _expired(trust):
                raise unauthorized()
            self._enabled_user(trust["trustor_user_id"])
            self._enabled_user(trust["trustee_user_id"])
            held = set(names.roles_on(trust["trustor_user_id"], ("project", trust["project_id"])))
            if not set(trust["role_ids"]) <= held:
                raise unauthorized()
            return names.with_implied(trust["role_ids"])
        if record["application_credential_id"]:
            credential = names.application_credentials.get(record["application_credential_id"])
            if credential is None or _expired(credential):
                raise unauthorized()
            held = set(names.roles_on(credential["user_id"], ("project", credential["project_id"])))
            return [role_id for role_id in credential["role_ids"] if role_id in held]
        if not record["scope"]:
            return []
        return names.roles_on(record["user_id"], tuple(record["scope"]))

    def _enabled_user(self, id: str) -> state.Document:
        user = self._names.users.get(id)
        if user is None or not user["enabled"]:
            raise unauthorized()
        domain = self._names.domains.get(user["domain_id"])
        if domain is None or not domain["enabled"]:
            raise unauthorized()
        return user

    def body(self, record: state.Document, catalog: list[Any] | None) -> state.Document:
        """The token as its holder sees it. `catalog`: None leaves it out."""
        names = self._names
        user = names.users.get(record["user_id"])
        assert user is not None
        token: state.Document = {
            "methods": record["methods"],
            "user": {**names.named(names.users, user["id"]), "password_expires_at": None},
            "audit_ids": record["audit_ids"],
            "expires_at": moment(record["expires_at"]),
            "issued_at": moment(record["issued_at"]),
        }
        if record["trust_id"]:
            trust = names.trusts.get(record["trust_id"])
            assert trust is not None
            token["OS-TRUST:trust"] = {
                "id": trust["id"],
                "trustor_user": {"id": trust["trustor_user_id"]},
                "trustee_user": {"id": trust["trustee_user_id"]},
                "impersonation": trust["impersonation"],
            }
        if not record["scope"]:
            return token
        kind, target = record["scope"]
        if kind == "project":
            token["project"] = names.named(names.projects, target)
            if not record["trust_id"]:
                token["is_domain"] = False
        elif kind == "domain":
            token["domain"] = names.named(names.domains, target)
        if record["trust_id"]:
            # A trust's roles are shown whole.
            token["roles"] = [names.roles.get(role_id) for role_id in self.role_ids(record)]
        else:
            token["roles"] = [names.named(names.roles, role_id) for role_id in self.role_ids(record)]
        if kind == "system":
            token["system"] = {"all": True}
        if record["application_credential_id"]:
            credential = names.application_credentials.get(record["application_credential_id"])
            assert credential is not None
            token["application_credential"] = {
                "id": credential["id"],
                "name": credential["name"],
                "restricted": not credential["unrestricted"],
            }
        if catalog is not None:
            token["catalog"] = catalog
        return token


def unauthorized() -> errors.ApiError:
    """The 401 that says no more than it must."""
    return errors.ApiError(401, "The request you have made requires authentication.")


def moment(seconds: float) -> str:
    """A time as keystone writes it."""
    return clock.iso_precise(seconds) + "Z"


def _expired(document: state.Document) -> bool:
    return document.get("expires") is not None and document["expires"] <= time.time()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _audit_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
