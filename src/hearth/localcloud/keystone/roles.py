"""Roles, what they imply, and who has them where: /v3/roles, implications, grants and /v3/role_assignments."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.core.collection import Field
from hearth.localcloud.keystone import directory, resource

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone


class Roles(resource.Resource):
    """/v3/roles"""

    singular, plural, path = "role", "roles", "/v3/roles"
    index: ClassVar[tuple[str, ...]] = ("name",)
    free_fields = True
    fields = (
        Field("name", required=True, check=resource.name()),
        Field("domain_id", nullable=True),
        Field("description", nullable=True),
        Field("options", dict, default={}),
    )

    def routes(self) -> list[service.Route]:
        implied = "/v3/roles/{id}/implies/{implied_id}"
        return [
            *super().routes(),
            service.Route("GET", "/v3/role_inferences", self.inferences),
            service.Route("GET", "/v3/roles/{id}/implies", self.implications),
            service.Route("PUT", implied, self.imply),
            service.Route("GET", implied, self.show_implied),
            service.Route("DELETE", implied, self.imply_no_more),
        ]

    def may_show(self, call: service.Call, id: str) -> bool:
        """Everybody is told that there is no such role."""
        return id not in self.table

    def candidates(self, call: service.Call) -> Sequence[state.Document]:
        found = super().candidates(call)
        # Those of a domain are shown to who asks for them.
        return found if "domain_id" in call.query else [each for each in found if not each.get("domain_id")]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        if self.names.role_by_name(document["name"], document["domain_id"]):
            raise self.duplicate(f"name {document['name']}")

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self._check_mutable(document)
        other = self.names.role_by_name(changes["name"], document["domain_id"]) if "name" in changes else None
        if other and other["id"] != document["id"]:
            raise self.duplicate(f"name {changes['name']}")

    def delete(self, call: service.Call) -> Any:
        self.permit(call, "delete_role")
        role = self.find(call, call.params["id"])
        self._check_mutable(role)
        self.names.remove_role(role["id"])
        return service.Reply(204)

    def _check_mutable(self, role: state.Document) -> None:
        if role["options"].get("immutable"):
            raise errors.ApiError(403, f"Role {role['name']} is immutable; set its option first.")

    def short(self, role_id: str) -> state.Document:
        """{"id", "name", "links"} of a role."""
        role = self.table.get(role_id) or {"name": ""}
        return {"id": role_id, "links": {"self": self.service.url(f"{self.path}/{role_id}")}, "name": role["name"]}

    def inferences(self, call: service.Call) -> Any:
        """All implications."""
        self.permit(call, "list_role_inference_rules")
        implied: dict[str, list[str]] = {}
        for each in self.names.implications:
            implied.setdefault(each["prior_id"], []).append(each["implied_id"])
        return {"role_inferences": [self._inference(prior, ids) for prior, ids in implied.items()]}

    def _inference(self, prior_id: str, implied_ids: list[str]) -> state.Document:
        return {"prior_role": self.short(prior_id), "implies": [self.short(id) for id in implied_ids]}

    def implications(self, call: service.Call) -> Any:
        """What one role implies."""
        self.permit(call, "list_implied_roles")
        role = self.find(call, call.params["id"])
        found = [each["implied_id"] for each in self.names.implications.select(prior_id=role["id"])]
        return {"role_inference": self._inference(role["id"], found), "links": {"self": self.service.url(call.path)}}

    def imply(self, call: service.Call) -> Any:
        """Let one role imply another."""
        self.permit(call, "create_implied_role")
        prior, implied = self.find(call, call.params["id"]), self.find(call, call.params["implied_id"])
        id = f"{prior['id']}:{implied['id']}"
        if id not in self.names.implications:
            self.names.implications.insert({"id": id, "prior_id": prior["id"], "implied_id": implied["id"]})
        return service.Reply(201, self._one(prior["id"], implied["id"]))

    def _one(self, prior_id: str, implied_id: str) -> state.Document:
        return {"role_inference": {"prior_role": self.short(prior_id), "implies": self.short(implied_id)}}

    def _implication(self, call: service.Call) -> str:
        id = f"{call.params['id']}:{call.params['implied_id']}"
        if id not in self.names.implications:
            raise errors.ApiError(404, f"{call.params['id']} does not imply {call.params['implied_id']}.")
        return id

    def show_implied(self, call: service.Call) -> Any:
        """Does one role imply another?"""
        self.permit(call, "get_implied_role")
        self._implication(call)
        return self._one(call.params["id"], call.params["implied_id"])

    def imply_no_more(self, call: service.Call) -> Any:
        """End an implication."""
        self.permit(call, "delete_implied_role")
        self.names.implications.delete(self._implication(call))
        return service.Reply(204)


class Assignments:
    """Grants on projects, domains and the system, and the list of all of them."""

    def __init__(self, keystone: "Keystone") -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory

    def routes(self) -> list[service.Route]:
        """Grants for users and groups on every kind of target."""
        result = [service.Route("GET", "/v3/role_assignments", self.listing)]
        for target, many in (
            ("project", "projects/{target_id}"),
            ("domain", "domains/{target_id}"),
            ("system", "system"),
        ):
            for actor, actors in (("user", "users"), ("group", "groups")):
                for prefix, suffix, inherited in (
                    ("/v3/", "", False),
                    ("/v3/OS-INHERIT/", "/inherited_to_projects", True),
                ):
                    held = f"{prefix}{many}/{actors}/{{actor_id}}/roles"
                    one = f"{held}/{{role_id}}{suffix}"
                    grant = _Grants(self._keystone, actor, target, inherited)
                    result += [
                        service.Route("GET", held + suffix, grant.held),
                        service.Route("PUT", one, grant.add),
                        service.Route("HEAD", one, grant.check),
                        service.Route("GET", one, grant.check),
                        service.Route("DELETE", one, grant.remove),
                    ]
        return result

    def listing(self, call: service.Call) -> Any:
        """GET /v3/role_assignments with its filters; `effective` expands groups, inheritance and implied roles."""
        query, identity = call.query, call.identity
        own = query.get("user.id") == identity.user_id
        if not (identity.is_admin or own):
            raise resource.not_permitted("list_role_assignments")
        named, effective = _flag(query.get("include_names")), _flag(query.get("effective"))
        found = [
            self._shown(each, named) for each in self._expanded(effective, query.get("user.id")) if _passes(each, query)
        ]
        return resource.envelope(call, "role_assignments", found)

    def _expanded(self, effective: bool, user_id: str | None) -> Iterator[state.Document]:
        for each in self._assignments(effective, user_id):
            yield each
            if effective:
                for role_id in self._names.with_implied([each["role_id"]])[1:]:
                    yield {**each, "role_id": role_id, "prior_role": each["role_id"]}

    def _assignments(self, effective: bool, user_id: str | None) -> Iterator[state.Document]:
        if not effective:
            yield from self._names.assignments.select(actor_id=user_id) if user_id else self._names.assignments
            return
        for each in self._names.assignments_of(user_id) if user_id else self._names.assignments:
            if each["actor"] == "group":
                members = [one["user_id"] for one in self._names.memberships.select(group_id=each["actor_id"])]
                actors = [{"actor": "user", "actor_id": member} for member in members if user_id in (None, member)]
            else:
                actors = [{}]
            places: list[state.Document] = [{}]
            if each["inherited"]:
                places = [
                    {"target": "project", "target_id": project["id"], "inherited": False}
                    for project in self._names.projects
                    if self._names.applies(each, ("project", project["id"]))
                ]
            for actor in actors:
                for place in places:
                    yield {**each, **actor, **place}

    def _shown(self, assignment: state.Document, named: bool) -> state.Document:
        target, target_id = assignment["target"], assignment["target_id"]
        actor, actor_id = assignment["actor"], assignment["actor_id"]
        names = self._names
        tables = {"user": names.users, "group": names.groups, "project": names.projects, "domain": names.domains}

        def entry(kind: str, id: str) -> state.Document:
            return names.named(tables[kind], id) if named else {"id": id}

        place = "system" if target == "system" else f"{target}s/{target_id}"
        prefix = "/v3/OS-INHERIT/" if assignment["inherited"] else "/v3/"
        suffix = "/inherited_to_projects" if assignment["inherited"] else ""
        prior = assignment.get("prior_role", assignment["role_id"])
        links = {"assignment": self._keystone.url(f"{prefix}{place}/{actor}s/{actor_id}/roles/{prior}{suffix}")}
        if "prior_role" in assignment:
            links["prior_role"] = self._keystone.url(f"/v3/roles/{prior}")
        scope: state.Document = {"system": {"all": True}} if target == "system" else {target: entry(target, target_id)}
        if assignment["inherited"]:
            scope["OS-INHERIT:inherited_to"] = "projects"
        role_id = assignment["role_id"]
        role = names.named(names.roles, role_id) if named else {"id": role_id}
        return {"links": links, "scope": scope, actor: entry(actor, actor_id), "role": role}


class _Grants:
    """The grants of one kind of actor on one kind of target."""

    def __init__(self, keystone: "Keystone", actor: str, target: str, inherited: bool) -> None:
        self._keystone = keystone
        self._names: directory.Directory = keystone.directory
        self._actor, self._kind, self._inherited = actor, target, inherited

    def _resolve(self, call: service.Call, action: str) -> tuple[str, directory.Target]:
        keystone = self._keystone
        keystone.roles.permit(call, action)
        actors = keystone.users if self._actor == "user" else keystone.groups
        actor_id: str = actors.find(call, call.params["actor_id"])["id"]
        if self._kind == "system":
            return actor_id, ("system", "all")
        targets = keystone.projects if self._kind == "project" else keystone.domains
        return actor_id, (self._kind, targets.find(call, call.params["target_id"])["id"])

    def _id(self, call: service.Call, action: str) -> str:
        actor_id, target = self._resolve(call, action)
        role_id = call.params["role_id"]
        self._keystone.roles.find(call, role_id)
        return self._names.assignment_id(self._actor, actor_id, target, role_id, inherited=self._inherited)

    def held(self, call: service.Call) -> Any:
        """Roles granted directly."""
        actor_id, target = self._resolve(call, "list_grants")
        roles = self._keystone.roles
        found = [
            roles.view(call, role)
            for each in self._names.assignments.select(actor_id=actor_id)
            if (each["target"], each["target_id"], each["inherited"]) == (*target, self._inherited)
            and (role := self._names.roles.get(each["role_id"]))
        ]
        return resource.envelope(call, "roles", found)

    def add(self, call: service.Call) -> Any:
        """Grant a role."""
        actor_id, target = self._resolve(call, "create_grant")
        role = self._keystone.roles.find(call, call.params["role_id"])
        self._names.grant(self._actor, actor_id, target, role["id"], inherited=self._inherited)
        return service.Reply(204)

    def check(self, call: service.Call) -> Any:
        """Is a role granted directly?"""
        self._existing(call, "check_grant")
        return service.Reply(204)

    def remove(self, call: service.Call) -> Any:
        """End a grant."""
        self._names.assignments.delete(self._existing(call, "revoke_grant"))
        return service.Reply(204)

    def _existing(self, call: service.Call, action: str) -> str:
        id = self._id(call, action)
        if id not in self._names.assignments:
            params = call.params
            raise errors.ApiError(
                404,
                f"Could not find role assignment with role: {params['role_id']}, user or group: {params['actor_id']}, "
                f"project, domain, or system: {params.get('target_id', 'all')}.",
            )
        return id


def _flag(value: str | None) -> bool:
    # Keystone takes the bare name for true, and everything but a zero.
    return value is not None and value.lower() not in ("0", "false")


def _passes(assignment: state.Document, query: Any) -> bool:
    wanted = (
        ("user.id", "user"),
        ("group.id", "group"),
        ("scope.project.id", "project"),
        ("scope.domain.id", "domain"),
    )
    for parameter, kind in wanted:
        if parameter in query:
            field = "actor" if kind in ("user", "group") else "target"
            if (assignment[field], assignment[f"{field}_id"]) != (kind, query[parameter]):
                return False
    if "scope.system" in query and assignment["target"] != "system":
        return False
    if "scope.OS-INHERIT:inherited_to" in query and not assignment["inherited"]:
        return False
    return "role.id" not in query or bool(assignment["role_id"] == query["role.id"])
