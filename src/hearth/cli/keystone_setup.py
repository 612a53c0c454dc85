"""What Keystone must hold for Hearth, and making what of it is missing. Repeatable: what is there is left alone.

`Setup.run` goes through the objects in the order in which they need one another and notes a `Deed` for each; with
`dry_run` it only looks. Used by `hearth keystone setup`, which speaks to the user.
"""

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from hearth.cli import problems


class Identity(Protocol):
    """Sends one request to Keystone as an administrator; `path` is below /v3."""

    def __call__(self, method: str, path: str, *, json: Any = None) -> tuple[int, Any]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What there is to be. `*_service` None: whatever service of the type there is, else one of the usual name.

    `*_password` None: a new user gets a random one, and one that is there keeps its own.
    """

    region: str
    #: {interface: URL}
    endpoints: Mapping[str, str]
    cfn_endpoints: Mapping[str, str]
    service: str | None = None
    cfn_service: str | None = None
    domain: str = "Default"
    project: str = "service"
    user: str = "heat"
    password: str | None = dataclasses.field(default=None, repr=False)
    stack_domain: str = "heat"
    domain_admin: str = "heat_domain_admin"
    domain_admin_password: str | None = dataclasses.field(default=None, repr=False)
    owner_role: str = "heat_stack_owner"
    user_role: str = "heat_stack_user"


@dataclasses.dataclass(frozen=True, slots=True)
class Deed:
    """What was done, or would be, about one object: `there`, `made` or `changed`."""

    kind: str
    name: str
    done: str


@dataclasses.dataclass
class Setup:
    """One run."""

    ask: Identity
    wanted: Wanted
    dry_run: bool
    deeds: list[Deed] = dataclasses.field(default_factory=list)
    #: Passwords that are known now: given, or made here.
    password: str | None = dataclasses.field(default=None, repr=False)
    domain_admin_password: str | None = dataclasses.field(default=None, repr=False)
    #: No service that stacks use has an endpoint in the region.
    lacking: bool = False

    def run(self) -> None:
        """Look at everything, and make what is missing. Raises CliError when Keystone refuses something."""
        wanted = self.wanted
        domain = self._find("domains", name=wanted.domain)
        if domain is None:
            raise problems.CliError(
                f"There is no domain {wanted.domain}, where the service user is to be.", "Name another with --domain."
            )
        roles = {
            name: self._thing("role", "roles", {"name": name})
            for name in ("admin", "service", wanted.owner_role, wanted.user_role)
        }
        project = self._thing(
            "project", "projects", {"name": wanted.project, "domain_id": domain["id"]}, ("name", "domain_id")
        )
        user, self.password = self._user(wanted.user, str(domain["id"]), wanted.password)
        for role in ("admin", "service"):
            self._grant(f"{role} to {wanted.user} in {wanted.project}", "projects", project, user, roles[role])
        users = self._thing("domain", "domains", {"name": wanted.stack_domain, "description": "Users of stacks"})
        admin, self.domain_admin_password = self._user(wanted.domain_admin, users, wanted.domain_admin_password)
        self._grant(
            f"admin to {wanted.domain_admin} in domain {wanted.stack_domain}", "domains", users, admin, roles["admin"]
        )
        self._service("orchestration", wanted.service, "heat", wanted.endpoints)
        self._service("cloudformation", wanted.cfn_service, "heat-cfn", wanted.cfn_endpoints)
        self.lacking = not self._others()

    def _note(self, kind: str, name: str, done: str) -> None:
        self.deeds.append(Deed(kind, name, done))

    def _call(self, method: str, path: str, body: Any = None, *, may: tuple[int, ...] = ()) -> tuple[int, Any]:
        status, answer = self.ask(method, path, json=body)
        if status >= 300 and status not in may:
            told = answer.get("error", {}).get("message", "") if isinstance(answer, dict) else ""
            raise problems.CliError(
                f"Keystone refused {method} {path}: {status} {told}".rstrip(), "It takes the role admin."
            )
        return status, answer

    def _find(self, collection: str, **query: str) -> dict[str, Any] | None:
        text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        found = self._call("GET", f"/{collection}?{text}")[1][collection]
        return found[0] if found else None

    def _thing(
        self, kind: str, collection: str, body: Mapping[str, Any], known_by: tuple[str, ...] = ("name",)
    ) -> str | None:
        """The id of an object, which is made if it is missing; None: it would be made."""
        found = self._find(collection, **{name: str(body[name]) for name in known_by})
        if found is not None:
            self._note(kind, body["name"], "there")
            return str(found["id"])
        return self._make(kind, str(body["name"]), collection, body)

    def _make(self, kind: str, name: str, collection: str, body: Mapping[str, Any]) -> str | None:
        self._note(kind, name, "made")
        if self.dry_run:
            return None
        singular = collection.removesuffix("s")
        return str(self._call("POST", f"/{collection}", {singular: body})[1][singular]["id"])

    def _user(self, name: str, domain_id: str | None, password: str | None) -> tuple[str | None, str | None]:
        """A user's id, and the password if it is known."""
        found = None if domain_id is None else self._find("users", name=name, domain_id=domain_id)
        if found is None:
            password = password or secrets.token_urlsafe(24)
            made = self._make("user", name, "users", {"name": name, "domain_id": domain_id, "password": password})
            return made, password
        user_id = str(found["id"])
        if password is None or self._signs_in(user_id, password):
            self._note("user", name, "there")
        else:
            self._note("user", name, "changed")
            if not self.dry_run:
                self._call("PATCH", f"/users/{user_id}", {"user": {"password": password}})
        return user_id, password

    def _signs_in(self, user_id: str, password: str) -> bool:
        identity = {"methods": ["password"], "password": {"user": {"id": user_id, "password": password}}}
        body = {"auth": {"identity": identity, "scope": "unscoped"}}
        return self._call("POST", "/auth/tokens", body, may=(401,))[0] == 201

    def _grant(self, name: str, kind: str, where: str | None, user: str | None, role: str | None) -> None:
        path = f"/{kind}/{where}/users/{user}/roles/{role}"
        known = None not in (where, user, role)
        if known and self._call("HEAD", path, may=(404,))[0] != 404:
            self._note("role assignment", name, "there")
            return
        self._note("role assignment", name, "made")
        if not self.dry_run:
            self._call("PUT", path)

    def _service(self, kind: str, name: str | None, usual: str, endpoints: Mapping[str, str]) -> None:
        known = self._call("GET", f"/services?type={kind}")[1]["services"]
        fitting = [one for one in known if name in (None, one.get("name"))]
        if len(fitting) > 1:
            names = ", ".join(str(one.get("name")) for one in fitting)
            raise problems.CliError(f"There are several services of type {kind}: {names}.", "Choose one by name.")
        shown = f"{(fitting[0].get('name') if fitting else name) or usual} ({kind})"
        if fitting:
            self._note("service", shown, "there")
            service_id: str | None = str(fitting[0]["id"])
        else:
            service_id = self._make("service", shown, "services", {"name": name or usual, "type": kind})
        present: dict[str, Any] = {}
        if service_id is not None:
            path = f"/endpoints?service_id={service_id}&region_id={quote(self.wanted.region, safe='')}"
            present = {one["interface"]: one for one in self._call("GET", path)[1]["endpoints"]}
        for interface, url in endpoints.items():
            self._endpoint(kind, service_id, interface, url, present.get(interface))

    def _others(self) -> set[str]:
        """Types of the other services in the region."""
        types = {one["id"]: str(one["type"]) for one in self._call("GET", "/services")[1]["services"]}
        path = f"/endpoints?region_id={quote(self.wanted.region, safe='')}"
        found = {types.get(one["service_id"], "") for one in self._call("GET", path)[1]["endpoints"]}
        return found - {"orchestration", "cloudformation", "identity"}

    def _endpoint(self, kind: str, service_id: str | None, interface: str, url: str, present: Any) -> None:
        region = self.wanted.region
        name = f"{kind} {interface} in {region}: {url}"
        if present is None:
            # A region that is not there yet is made with its first endpoint.
            if not self.dry_run and self._call("GET", f"/regions/{quote(region, safe='')}", may=(404,))[0] == 404:
                self._call("POST", "/regions", {"region": {"id": region}})
            body = {"service_id": service_id, "interface": interface, "url": url, "region_id": region}
            self._make("endpoint", name, "endpoints", body)
        elif present["url"] == url and present.get("enabled", True):
            self._note("endpoint", name, "there")
        else:
            self._note("endpoint", f"{name} (it was {present['url']})", "changed")
            if not self.dry_run:
                self._call("PATCH", f"/endpoints/{present['id']}", {"endpoint": {"url": url, "enabled": True}})


def snippet(setup: Setup, auth_url: str, key: str) -> str:
    """The part of a configuration file that goes with what was made. It holds secrets."""
    wanted = setup.wanted
    kept = "# the user was there and keeps its password: write it here"
    url = auth_url.rstrip("/")
    url = url if url.endswith("/v3") else f"{url}/v3"
    lines = [
        "[DEFAULT]",
        f"auth_encryption_key = {key}",
        f"stack_user_domain_name = {wanted.stack_domain}",
        f"stack_domain_admin = {wanted.domain_admin}",
        f"stack_domain_admin_password = {setup.domain_admin_password or ''}",
        *(() if setup.domain_admin_password else (kept,)),
        *(() if wanted.user_role == "heat_stack_user" else (f"heat_stack_user_role = {wanted.user_role}",)),
        f"region_name_for_services = {wanted.region}",
        "",
        "[database]",
        "connection = sqlite:////var/lib/hearth/hearth.sqlite",
        "",
        "[keystone_authtoken]",
        "auth_type = password",
        f"auth_url = {url}",
        f"www_authenticate_uri = {url}",
        f"username = {wanted.user}",
        f"password = {setup.password or ''}",
        *(() if setup.password else (kept,)),
        f"project_name = {wanted.project}",
        f"user_domain_name = {wanted.domain}",
        f"project_domain_name = {wanted.domain}",
    ]
    return "\n".join(lines) + "\n"
