"""From credentials to a token: POST /v3/auth/tokens, validation, revocation, and the catalog of the caller."""

from typing import TYPE_CHECKING, Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.keystone import catalog, directory, resource, tokens

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone


class Authentication:
    """/v3/auth"""

    def __init__(self, keystone: "Keystone") -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory
        self._tokens: tokens.Tokens = keystone.tokens

    def routes(self) -> list[service.Route]:
        """Tokens, catalog, system."""
        return [
            service.Route("POST", "/v3/auth/tokens", self.log_in, public=True),
            service.Route("GET", "/v3/auth/tokens", self.validate),
            service.Route("DELETE", "/v3/auth/tokens", self.revoke),
            service.Route("GET", "/v3/auth/catalog", self.catalog),
            service.Route("GET", "/v3/auth/system", self.system),
        ]

    # -- a new token -------------------------------------------------------------------------------------------------

    def log_in(self, call: service.Call) -> Any:
        """Check what the caller knows, and give a token for the scope asked for."""
        auth = _section(call.body, "auth")
        identity = _section(auth, "identity")
        methods = identity.get("methods")
        if methods == []:
            raise tokens.unauthorized()
        if not isinstance(methods, list) or not all(isinstance(each, str) for each in methods):
            raise errors.ApiError(400, "'methods' is a required property")
        user_id, options = "", {}
        for method in methods:
            check = {
                "password": self._by_password,
                "token": self._by_token,
                "application_credential": self._by_application_credential,
            }.get(method)
            if check is None:
                raise tokens.unauthorized()
            found, extra = check(_section(identity, method))
            if user_id and found != user_id:
                raise tokens.unauthorized()
            user_id = found
            options.update(extra)
        scope, trust_id = self._scope(auth.get("scope"), user_id, options)
        if trust_id:
            user_id, scope = self._use_trust(trust_id, user_id)
        return self.issue(
            user_id, methods, scope, trust_id=trust_id, with_catalog="nocatalog" not in call.query, **options
        )

    def issue(
        self,
        user_id: str,
        methods: list[str],
        scope: directory.Target | None,
        *,
        with_catalog: bool = True,
        trust_id: str | None = None,
        application_credential_id: str | None = None,
        parent: state.Document | None = None,
    ) -> service.Reply:
        """The 201 with a new token. Raises ApiError 401 when user and scope do not go together."""
        text, record = self._tokens.issue(
            user_id,
            methods,
            scope,
            trust_id=trust_id,
            application_credential_id=application_credential_id,
            parent=parent,
        )
        self._tokens.identity_of(record, text)
        body = self._body(record, with_catalog=with_catalog)
        return service.Reply(201, body, {"X-Subject-Token": text, "Vary": "X-Auth-Token"})

    def _body(self, record: state.Document, *, with_catalog: bool) -> state.Document:
        entries = None
        if with_catalog and record["scope"]:
            kind, target = record["scope"]
            entries = catalog.build(self._keystone, target if kind == "project" else "")
        return {"token": self._tokens.body(record, entries)}

    def _by_password(self, given: state.Document) -> tuple[str, dict[str, Any]]:
        user = _section(given, "user")
        found = self._user(user)
        if found is None or not self._names.secret_matches(found["id"], user.get("password")):
            raise tokens.unauthorized()
        return found["id"], {}

    def _by_token(self, given: state.Document) -> tuple[str, dict[str, Any]]:
        text = given.get("id")
        record = self._tokens.find(text) if isinstance(text, str) else None
        if record is None:
            raise tokens.unauthorized()
        if record["trust_id"] or record["application_credential_id"]:
            raise errors.ApiError(403, "A token made by a trust or an application credential cannot be exchanged.")
        return record["user_id"], {"parent": record}

    def _by_application_credential(self, given: state.Document) -> tuple[str, dict[str, Any]]:
        names = self._names
        found = None
        if isinstance(given.get("id"), str):
            found = names.application_credentials.get(given["id"])
        elif isinstance(given.get("name"), str):
            user = self._user(_section(given, "user"))
            owned = names.application_credentials.select(user_id=user["id"]) if user else []
            found = next((each for each in owned if each["name"] == given["name"]), None)
        if found is None or not names.secret_matches(found["id"], given.get("secret")):
            raise tokens.unauthorized()
        return found["user_id"], {"application_credential_id": found["id"]}

    def _user(self, given: state.Document) -> state.Document | None:
        id, name = given.get("id"), given.get("name")
        if isinstance(id, str):
            return self._names.users.get(id)
        if not isinstance(name, str):
            raise errors.ApiError(400, "a user needs 'id', or 'name' and 'domain'")
        domain = self._domain(given.get("domain"))
        return self._names.in_domain(self._names.users, name, domain["id"]) if domain else None

    def _domain(self, given: Any) -> state.Document | None:
        if not isinstance(given, dict):
            raise errors.ApiError(400, "a name needs a 'domain' with 'id' or 'name'")
        if isinstance(given.get("id"), str):
            return self._names.domains.get(given["id"])
        if isinstance(given.get("name"), str):
            return self._names.domain_by_name(given["name"])
        raise errors.ApiError(400, "a domain needs 'id' or 'name'")

    # -- scope -------------------------------------------------------------------------------------------------------

    def _scope(self, given: Any, user_id: str, options: dict[str, Any]) -> tuple[directory.Target | None, str | None]:
        """The target asked for, and the id of a trust."""
        credential = self._names.application_credentials.get(options.get("application_credential_id") or "")
        if credential is not None:
            if given is not None:
                raise tokens.unauthorized()
            return ("project", credential["project_id"]), None
        if given == "unscoped":
            return None, None
        if given is None:
            return self._default_scope(user_id), None
        if not isinstance(given, dict) or len(given) != 1:
            raise errors.ApiError(400, "the scope needs exactly one of project, domain, system, OS-TRUST:trust")
        kind = next(iter(given))
        wanted = _section(given, kind)
        if kind == "OS-TRUST:trust":
            return None, str(wanted.get("id"))
        if kind == "system":
            return ("system", "all"), None
        if kind == "domain":
            domain = self._domain(wanted)
            if domain is None:
                raise tokens.unauthorized()
            return ("domain", domain["id"]), None
        if kind == "project":
            return ("project", self._project(wanted)), None
        raise errors.ApiError(400, f"{kind!r} is not a scope")

    def _project(self, wanted: state.Document) -> str:
        if isinstance(wanted.get("id"), str):
            project = self._names.projects.get(wanted["id"])
        elif isinstance(wanted.get("name"), str):
            domain = self._domain(wanted.get("domain"))
            project = self._names.in_domain(self._names.projects, wanted["name"], domain["id"]) if domain else None
        else:
            raise errors.ApiError(400, "a project scope needs 'id', or 'name' and 'domain'")
        if project is None:
            raise tokens.unauthorized()
        return str(project["id"])

    def _default_scope(self, user_id: str) -> directory.Target | None:
        """A user's default project, where the user has a role."""
        user = self._names.users.get(user_id)
        project_id = user.get("default_project_id") if user else None
        if project_id and project_id in self._names.projects and self._names.roles_on(user_id, ("project", project_id)):
            return ("project", project_id)
        return None

    def _use_trust(self, trust_id: str, user_id: str) -> tuple[str, directory.Target | None]:
        """Who a token by a trust stands for, and where. Counts the use."""
        trust = self._names.trusts.get(trust_id)
        if trust is None:
            raise tokens.unauthorized()
        if trust["trustee_user_id"] != user_id:
            raise errors.ApiError(403, "User is not a trustee.")
        if trust["remaining_uses"] is not None:
            if trust["remaining_uses"] < 1:
                raise errors.ApiError(403, f"Trust {trust_id} has no uses left.")
            self._names.trusts.update(trust_id, remaining_uses=trust["remaining_uses"] - 1)
        user_id = trust["trustor_user_id"] if trust["impersonation"] else trust["trustee_user_id"]
        return user_id, ("project", trust["project_id"]) if trust["project_id"] else None

    # -- existing tokens ---------------------------------------------------------------------------------------------

    def _subject(self, call: service.Call, action: str) -> tuple[str, state.Document]:
        text = call.headers.get("x-subject-token", "")
        identity = call.identity
        allow_expired = call.query.get("allow_expired") in ("1", "true", "True")
        record = self._tokens.find(text, allow_expired=allow_expired)
        # Who acts by a trust is not taken for the user that he acts as.
        own = record is not None and record["user_id"] == identity.user_id and not record.get("trust_id")
        if record is not None and not (own or identity.is_admin or "service" in identity.roles):
            raise resource.not_permitted(action)
        if record is None:
            raise errors.ApiError(404, "Could not recognize token")
        return text, record

    def validate(self, call: service.Call) -> Any:
        """Show a token to those who may know: its owner, administrators, services."""
        text, record = self._subject(call, "validate_token")
        body = self._body(record, with_catalog="nocatalog" not in call.query)
        return service.Reply(200, body, {"X-Subject-Token": text, "Vary": "X-Auth-Token"})

    def revoke(self, call: service.Call) -> Any:
        """Make a token void."""
        text, _ = self._subject(call, "revoke_token")
        self._tokens.revoke(text)
        return service.Reply(204)

    def catalog(self, call: service.Call) -> Any:
        """The catalog of the caller's scope."""
        identity = call.identity
        if not (identity.project_id or identity.domain_id or identity.system):
            raise resource.not_permitted("get_auth_catalog")
        entries = catalog.build(self._keystone, identity.project_id)
        return {"catalog": entries, "links": {"self": call.service.url(call.path)}}

    def system(self, call: service.Call) -> Any:
        """Can the caller have a system scope?"""
        held = self._names.roles_on(call.identity.user_id, ("system", "all"))
        return {"system": [{"all": True}] if held else [], "links": {"self": call.service.url(call.path)}}


def _section(given: Any, name: str) -> state.Document:
    if not isinstance(given, dict) or not isinstance(given.get(name), dict):
        raise errors.ApiError(400, f"'{name}' is a required property")
    section: state.Document = given[name]
    return section
