"""Projects and domains: /v3/projects and /v3/domains."""

from typing import Any, ClassVar

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.core.collection import Field
from hearth.localcloud.keystone import resource


class Projects(resource.Resource):
    """/v3/projects"""

    singular, plural, path = "project", "projects", "/v3/projects"
    index: ClassVar[tuple[str, ...]] = ("name", "domain_id", "parent_id")
    free_fields = True
    fields = (
        Field("name", required=True, check=resource.name(64)),
        Field("domain_id", nullable=True),
        Field("description", nullable=True, default=""),
        Field("enabled", bool, default=True),
        Field("parent_id", nullable=True, update=False),
        Field("is_domain", bool, default=False, update=False),
        Field("tags", list, default=[]),
        Field("options", dict, default={}),
    )

    def routes(self) -> list[service.Route]:
        return [
            *super().routes(),
            service.Route("GET", "/v3/users/{user_id}/projects", self.of_user),
            service.Route("GET", "/v3/auth/projects", self.mine),
        ]

    def may_show(self, call: service.Call, id: str) -> bool:
        if id == call.identity.project_id:
            return True
        return any(project["id"] == id for project in self.names.projects_of(call.identity.user_id))

    def of_user(self, call: service.Call) -> Any:
        """Projects on which a user has a role."""
        user_id = call.params["user_id"]
        self.permit(call, "list_user_projects", allowed=user_id == call.identity.user_id)
        if user_id not in self.names.users:
            raise self.keystone.users.not_found(user_id)
        found = [each for each in self.names.projects_of(user_id) if self._passes(call, each)]
        return resource.envelope(call, self.plural, [self.view(call, each) for each in found])

    def mine(self, call: service.Call) -> Any:
        """Projects that the caller's token can be scoped to."""
        found = self.names.projects_of(call.identity.user_id)
        return resource.envelope(call, self.plural, [self.view(call, each) for each in found])

    def _passes(self, call: service.Call, document: state.Document) -> bool:
        return all(self.matches(call, document, name, [value]) for name, value in call.query.multi_items())

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        parent = document["parent_id"]
        if document["is_domain"]:
            raise errors.ApiError(400, "Projects that act as domains are made as domains, at /v3/domains.")
        if not document["domain_id"]:
            document["domain_id"] = (
                self.names.projects.get(parent) or {"domain_id": parent}  # a domain may be named as the parent
            )["domain_id"] or self.keystone.domain_of_call(call)
        if document["domain_id"] not in self.names.domains:
            raise self.keystone.domains.not_found(document["domain_id"])
        if parent and parent not in self.names.projects and parent not in self.names.domains:
            raise self.not_found(parent)
        document["parent_id"] = parent or document["domain_id"]
        document["description"] = document["description"] or ""
        self._check_name(document["name"], document["domain_id"])

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if changes.get("domain_id", document["domain_id"]) != document["domain_id"]:
            raise errors.ApiError(400, "The domain of a project cannot change.")
        if changes.get("name", document["name"]) != document["name"]:
            self._check_name(changes["name"], document["domain_id"])

    def _check_name(self, name: str, domain_id: str) -> None:
        if self.names.in_domain(self.table, name, domain_id):
            raise self.duplicate(f"name {name} at domain ID {domain_id}")

    def delete(self, call: service.Call) -> Any:
        self.permit(call, "delete_project")
        project = self.find(call, call.params["id"])
        if self.table.select(parent_id=project["id"]):
            raise errors.ApiError(403, f"Project {project['id']} has child projects; delete them first.")
        self.names.remove_project(project["id"])
        return service.Reply(204)


class Domains(resource.Resource):
    """/v3/domains"""

    singular, plural, path = "domain", "domains", "/v3/domains"
    index: ClassVar[tuple[str, ...]] = ("name",)
    free_fields = True
    fields = (
        Field("name", required=True, check=resource.name(64)),
        Field("description", nullable=True, default=""),
        Field("enabled", bool, default=True),
        Field("tags", list, default=[]),
        Field("options", dict, default={}),
    )

    def routes(self) -> list[service.Route]:
        return [*super().routes(), service.Route("GET", "/v3/auth/domains", self.mine)]

    def may_show(self, call: service.Call, id: str) -> bool:
        return id in (call.identity.project_domain_id, call.identity.domain_id, call.identity.user_domain_id)

    def mine(self, call: service.Call) -> Any:
        """Domains that the caller's token can be scoped to."""
        found = self.names.domains_of(call.identity.user_id)
        return resource.envelope(call, self.plural, [self.view(call, each) for each in found])

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        document["description"] = document["description"] or ""
        if self.names.domain_by_name(document["name"]):
            raise self.duplicate(f"name {document['name']}")

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        other = self.names.domain_by_name(changes["name"]) if "name" in changes else None
        if other and other["id"] != document["id"]:
            raise self.duplicate(f"name {changes['name']}")

    def delete(self, call: service.Call) -> Any:
        self.permit(call, "delete_domain")
        domain = self.find(call, call.params["id"])
        if domain["enabled"]:
            raise errors.ApiError(403, "Cannot delete a domain that is enabled, please disable it first.")
        self.names.remove_domain(domain["id"])
        return service.Reply(204)
