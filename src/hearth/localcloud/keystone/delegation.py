"""Acting for somebody: application credentials and trusts, made by a user for programs and for other users."""

import datetime
import secrets
from typing import TYPE_CHECKING, Any, cast

from hearth.localcloud.core import errors, ids, service, state
from hearth.localcloud.keystone import directory, resource, tokens

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone


def require(call: service.Call, status: int) -> None:
    """Let the caller delegate to a service what this is to do later; nothing is kept of it.

    Raises ApiError with the status by which the real service passes Keystone's refusal on.
    """
    keystone = cast("Keystone", call.cloud.service("keystone"))
    try:
        keystone.trusts.may_delegate(call)
    except errors.ApiError as refusal:
        raise errors.ApiError(status, f"{refusal.message} (HTTP {refusal.status})") from None


class ApplicationCredentials:
    """/v3/users/{user_id}/application_credentials"""

    def __init__(self, keystone: "Keystone") -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory

    def routes(self) -> list[service.Route]:
        """List, create, show, delete."""
        path = "/v3/users/{user_id}/application_credentials"
        return [
            service.Route("GET", path, self.listing),
            service.Route("POST", path, self.create),
            service.Route("GET", path + "/{id}", self.show),
            service.Route("DELETE", path + "/{id}", self.delete),
        ]

    def _permit(self, call: service.Call, action: str) -> str:
        user_id = call.params["user_id"]
        if user_id != call.identity.user_id and not call.identity.is_admin:
            raise resource.not_permitted(action)
        return user_id

    def _find(self, call: service.Call, action: str) -> state.Document:
        user_id = self._permit(call, action)
        found = self._names.application_credentials.get(call.params["id"])
        if found is None or found["user_id"] != user_id:
            raise directory.could_not_find("application credential", call.params["id"])
        return found

    def _view(self, document: state.Document) -> state.Document:
        shown = {key: value for key, value in document.items() if key not in ("role_ids", "expires")}
        shown["roles"] = [_role(self._names, role_id) for role_id in document["role_ids"]]
        shown["links"] = {"self": self._keystone.url(f"/v3/application_credentials/{document['id']}")}
        return shown

    def listing(self, call: service.Call) -> Any:
        """All of a user."""
        found = self._names.application_credentials.select(user_id=self._permit(call, "list_application_credentials"))
        name = call.query.get("name")
        shown = [self._view(each) for each in found if name in (None, each["name"])]
        return resource.envelope(call, "application_credentials", shown)

    def show(self, call: service.Call) -> Any:
        """One of a user."""
        return {"application_credential": self._view(self._find(call, "get_application_credential"))}

    def delete(self, call: service.Call) -> Any:
        """Take one away; tokens made with it are void."""
        document = self._find(call, "delete_application_credential")
        _check_unrestricted(self._names, call)
        self._names.remove_application_credential(document["id"])
        return service.Reply(204)

    def create(self, call: service.Call) -> Any:
        """Make one for the project of the caller's token. The secret is shown this once."""
        identity = call.identity
        if call.params["user_id"] != identity.user_id or not identity.project_id:
            raise resource.not_permitted("create_application_credential")
        _check_unrestricted(self._names, call)
        given = _inner(call, "application_credential")
        name = given.get("name")
        if not isinstance(name, str) or not name.strip():
            raise errors.ApiError(400, "'name' is a required property")
        if any(each["name"] == name for each in self._names.application_credentials.select(user_id=identity.user_id)):
            raise errors.ApiError(
                409,
                "Conflict occurred attempting to store application_credential - "
                f"Duplicate entry found with name {name}.",
            )
        held = [role for role in map(self._names.role_by_name, identity.roles) if role]
        role_ids = [each["id"] for each in held]
        if given.get("roles"):
            _check_roles(given["roles"])
            role_ids = [_chosen(self._names, each, role_ids, 400) for each in given["roles"]]
        secret = given.get("secret") or secrets.token_urlsafe(64)
        if not isinstance(secret, str):
            raise errors.ApiError(400, "'secret' is not a text")
        document = self._names.application_credentials.insert(
            {
                "id": ids.new_hex(),
                "name": name,
                "description": given.get("description"),
                "user_id": identity.user_id,
                "project_id": identity.project_id,
                "system": None,
                "expires_at": given.get("expires_at"),
                "expires": _expiry(given.get("expires_at")),
                "unrestricted": given.get("unrestricted"),
                "role_ids": role_ids,
            }
        )
        self._names.set_secret(document["id"], secret)
        shown = self._view(document)
        links = shown.pop("links")
        return service.Reply(201, {"application_credential": {**shown, "secret": secret, "links": links}})


def _check_unrestricted(names: directory.Directory, call: service.Call) -> None:
    used = names.application_credentials.get(call.identity.application_credential_id or "")
    if used is not None and not used["unrestricted"]:
        raise resource.not_permitted("manage_application_credentials")


class Trusts:
    """/v3/OS-TRUST/trusts"""

    def __init__(self, keystone: "Keystone") -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory

    def routes(self) -> list[service.Route]:
        """List, create, show, delete, and a trust's roles."""
        path = "/v3/OS-TRUST/trusts"
        return [
            service.Route("GET", path, self.listing),
            service.Route("POST", path, self.create),
            service.Route("GET", path + "/{id}", self.show),
            service.Route("DELETE", path + "/{id}", self.delete),
            service.Route("GET", path + "/{id}/roles", self.roles),
            service.Route("GET", path + "/{id}/roles/{role_id}", self.role),
        ]

    def _find(self, call: service.Call) -> state.Document:
        found = self._names.trusts.get(call.params["id"])
        identity = call.identity
        if found is None:
            raise directory.could_not_find("trust", call.params["id"])
        if not identity.is_admin and identity.user_id not in (found["trustor_user_id"], found["trustee_user_id"]):
            raise resource.not_permitted("get_trust")
        return found

    def _brief(self, trust: state.Document) -> state.Document:
        shown = {key: value for key, value in trust.items() if key not in ("role_ids", "expires")}
        shown["links"] = {"self": self._keystone.url(f"/v3/OS-TRUST/trusts/{trust['id']}")}
        return shown

    def _view(self, call: service.Call, trust: state.Document) -> state.Document:
        return {"roles": self._roles(call, trust), **self._brief(trust), "roles_links": self._roles_links(trust)}

    def _roles(self, call: service.Call, trust: state.Document) -> list[state.Document]:
        roles = self._keystone.roles
        return [roles.view(call, role) for role in map(self._names.roles.get, trust["role_ids"]) if role]

    def _roles_links(self, trust: state.Document) -> state.Document:
        address = self._keystone.url(f"/v3/OS-TRUST/trusts/{trust['id']}/roles")
        return {"self": address, "next": None, "previous": None}

    def listing(self, call: service.Call) -> Any:
        """All trusts for administrators; given or received ones for their users."""
        query, identity = call.query, call.identity
        own = identity.user_id in (query.get("trustor_user_id"), query.get("trustee_user_id"))
        if not (identity.is_admin or own):
            raise resource.not_permitted("list_trusts")
        wanted = {key: query[key] for key in ("trustor_user_id", "trustee_user_id") if key in query}
        found = self._names.trusts.select(**wanted)
        return resource.envelope(call, "trusts", [self._brief(each) for each in found])

    def show(self, call: service.Call) -> Any:
        """One trust with its roles."""
        return {"trust": self._view(call, self._find(call))}

    def roles(self, call: service.Call) -> Any:
        """The roles a trust hands on."""
        trust = self._find(call)
        return {"roles": self._roles(call, trust), "links": self._roles_links(trust)}

    def role(self, call: service.Call) -> Any:
        """One of the roles a trust hands on."""
        found = [each for each in self._roles(call, self._find(call)) if each["id"] == call.params["role_id"]]
        if not found:
            raise directory.could_not_find("role", call.params["role_id"])
        return {"role": found[0]}

    def delete(self, call: service.Call) -> Any:
        """End a trust; its tokens are void."""
        trust = self._find(call)
        if not call.identity.is_admin and call.identity.user_id != trust["trustor_user_id"]:
            raise resource.not_permitted("delete_trust")
        self._names.trusts.delete(trust["id"])
        return service.Reply(204)

    def create(self, call: service.Call) -> Any:
        """The caller lets another user act on one project, with some of the caller's roles."""
        given, identity, names = _inner(call, "trust"), call.identity, self._names
        for field in ("trustor_user_id", "trustee_user_id"):
            if not isinstance(given.get(field), str):
                raise errors.ApiError(400, f"'{field}' is a required property")
        if not isinstance(given.get("impersonation"), bool):
            raise errors.ApiError(400, "'impersonation' is a required property")
        if given["trustor_user_id"] != identity.user_id:
            raise resource.not_permitted("create_trust")
        redelegated = self.may_delegate(call)
        if given["trustee_user_id"] not in names.users:
            raise directory.could_not_find("user", given["trustee_user_id"])
        project_id = given.get("project_id") or None
        role_ids: list[str] = []
        if project_id:
            if not isinstance(project_id, str) or project_id not in names.projects:
                raise directory.could_not_find("project", str(project_id))
            held = names.roles_on(identity.user_id, ("project", project_id))
            if redelegated:
                held = [role_id for role_id in held if role_id in redelegated["role_ids"]]
            if not given.get("roles"):
                raise errors.ApiError(403, "At least one role should be specified")
            _check_roles(given["roles"])
            # A name is looked up among the trustor's roles only.
            role_ids = [_chosen(names, each, held, 403 if "id" in each else 404) for each in given["roles"]]
        uses = given.get("remaining_uses")
        if uses is not None and (not isinstance(uses, int) or uses < 1):
            raise errors.ApiError(400, f"remaining_uses {uses!r} is not a whole number from 1 up.")
        trust = names.trusts.insert(
            {
                "id": ids.new_hex(),
                "trustor_user_id": identity.user_id,
                "trustee_user_id": given["trustee_user_id"],
                "project_id": project_id,
                "impersonation": given["impersonation"],
                "expires_at": given.get("expires_at"),
                "expires": _expiry(given.get("expires_at")),
                "remaining_uses": uses,
                "deleted_at": None,
                "redelegated_trust_id": redelegated["id"] if redelegated else None,
                "redelegation_count": self._redelegations(given, redelegated),
                "role_ids": role_ids,
            }
        )
        return service.Reply(201, {"trust": self._view(call, trust)})

    def may_delegate(self, call: service.Call) -> state.Document | None:
        """The trust that the caller acts by and hands on, if there is one; it must allow that."""
        _check_unrestricted(self._names, call)
        if call.identity.trust_id is None:
            return None
        trust = self._names.trusts.get(call.identity.trust_id)
        if trust is None or trust["redelegation_count"] < 1:
            raise errors.ApiError(403, "The trust of this token does not allow redelegation.")
        return trust

    @staticmethod
    def _redelegations(given: state.Document, redelegated: state.Document | None) -> int:
        if redelegated is not None:
            return int(redelegated["redelegation_count"]) - 1
        count = given.get("redelegation_count")
        if count is None:
            return 3 if given.get("allow_redelegation") else 0
        if not isinstance(count, int) or not 0 <= count <= 3:
            raise errors.ApiError(403, f"redelegation_count {count!r} is not between 0 and 3.")
        return count


def _inner(call: service.Call, name: str) -> state.Document:
    body = call.body
    if not isinstance(body, dict) or not isinstance(body.get(name), dict):
        raise errors.ApiError(400, f"'{name}' is a required property")
    inner: state.Document = body[name]
    return inner


def _role(names: directory.Directory, role_id: str) -> state.Document:
    return names.roles.get(role_id) or {"id": role_id}


def _chosen(names: directory.Directory, wanted: Any, held: list[str], status: int) -> str:
    """The id of a role given by id or name; refused when the caller does not have it."""
    named = (wanted.get("id") or wanted.get("name")) if isinstance(wanted, dict) else None
    if not isinstance(named, str):
        raise errors.ApiError(400, "a role needs 'id' or 'name'")
    role = names.roles.get(wanted["id"]) if wanted.get("id") else names.role_by_name(wanted["name"])
    if role is None:
        raise directory.could_not_find("role", wanted.get("id") or wanted["name"])
    if role["id"] not in held:
        raise errors.ApiError(status, f"The caller does not have role {role['name']} and cannot hand it on.")
    return str(role["id"])


def _check_roles(wanted: Any) -> None:
    if not isinstance(wanted, list) or not all(isinstance(each, dict) for each in wanted):
        raise errors.ApiError(400, "'roles' is not a list of objects")


def _expiry(text: Any) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise errors.ApiError(400, f"expires_at {text!r} is not a time like 2030-01-02T03:04:05.000000Z.") from None
    seconds = moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()
    if tokens.moment(seconds) <= tokens.moment(datetime.datetime.now(datetime.UTC).timestamp()):
        raise errors.ApiError(400, f"expires_at {text} has passed already.")
    return seconds
