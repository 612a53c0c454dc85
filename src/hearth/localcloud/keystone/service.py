"""The identity service: its parts put together, version documents, and its form of errors."""

from typing import Any

from hearth.localcloud.core import cloud, errors
from hearth.localcloud.core.service import Call, Reply, Route, Service
from hearth.localcloud.keystone import (
    authentication,
    catalog,
    credentials,
    delegation,
    directory,
    projects,
    roles,
    seed,
    tokens,
    users,
)


class Keystone(Service):
    """Keystone v3 at /identity."""

    name = "keystone"
    service_type = "identity"
    prefix = "/identity"
    catalog_path = "/identity/v3"

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.directory = directory.Directory(owner.state)
        self.tokens = tokens.Tokens(owner, self.directory)
        self.authentication = authentication.Authentication(self)
        self.domains = projects.Domains(self)
        self.projects = projects.Projects(self)
        self.users = users.Users(self)
        self.groups = users.Groups(self)
        self.roles = roles.Roles(self)
        self.assignments = roles.Assignments(self)
        self.regions = catalog.Regions(self)
        self.services = catalog.Services(self)
        self.endpoints = catalog.Endpoints(self)
        self.application_credentials = delegation.ApplicationCredentials(self)
        self.trusts = delegation.Trusts(self)
        self.credentials = credentials.Credentials(self)
        self.ec2 = credentials.Ec2(self)
        owner.authenticate = self.tokens.authenticate

    def routes(self) -> list[Route]:
        parts: list[Any] = [
            self.authentication,
            self.domains,
            self.projects,
            self.users,
            self.groups,
            self.roles,
            self.assignments,
            self.regions,
            self.services,
            self.endpoints,
            self.application_credentials,
            self.trusts,
            self.credentials,
            self.ec2,
        ]
        result = [
            Route("GET", "/", self.versions, public=True),
            Route("GET", "/v3", self.version, public=True),
        ]
        for part in parts:
            result += part.routes()
        return result

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        return {"error": {"code": error.status, "message": error.message, "title": error.title}}

    def seed(self) -> None:
        self.tokens.purge()
        seed.people(self.directory)
        catalog.seed(self)

    def domain_of_call(self, call: Call) -> str:
        """Where users and projects go that name no domain."""
        return call.identity.domain_id or call.identity.project_domain_id or "default"

    def _version(self) -> dict[str, Any]:
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": self.url("/v3/")}],
            "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
        }

    def versions(self, call: Call) -> Any:
        """All versions there are."""
        return Reply(300, {"versions": {"values": [self._version()]}}, {"Location": self.url("/v3/")})

    def version(self, call: Call) -> Any:
        """The one version there is."""
        return {"version": self._version()}
