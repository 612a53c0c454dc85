"""Who and what is there, and which roles does whom have where? Tables and look-ups behind all of keystone's API.

Requests, bodies and permissions are not here.
"""

from collections.abc import Iterable
from typing import Any

from hearth.localcloud.core import errors, ids, state
from hearth.localcloud.keystone import passwords

#: Targets of assignments: ("project", id), ("domain", id), ("system", "all").
Target = tuple[str, str]


class Directory:
    """The tables of keystone."""

    def __init__(self, store: state.State) -> None:
        self.domains = store.table("keystone.domains", index=("name",))
        self.projects = store.table("keystone.projects", index=("name", "domain_id", "parent_id"))
        self.users = store.table("keystone.users", index=("name", "domain_id"))
        self.groups = store.table("keystone.groups", index=("name", "domain_id"))
        #: {"id": "<group>:<user>", "group_id", "user_id"}
        self.memberships = store.table("keystone.memberships", index=("group_id", "user_id"))
        self.roles = store.table("keystone.roles", index=("name",))
        #: {"id": "<prior>:<implied>", "prior_id", "implied_id"}
        self.implications = store.table("keystone.implications", index=("prior_id", "implied_id"))
        #: {"id", "actor" ("user"|"group"), "actor_id", "target", "target_id", "role_id", "inherited"}
        self.assignments = store.table("keystone.assignments", index=("actor_id", "target_id", "role_id"))
        #: {"id": user or application credential, "digest"}
        self.secrets = store.table("keystone.secrets")
        self.application_credentials = store.table("keystone.application_credentials", index=("user_id", "project_id"))
        self.trusts = store.table("keystone.trusts", index=("trustor_user_id", "trustee_user_id", "project_id"))
        self.credentials = store.table("keystone.credentials", index=("user_id", "project_id"))
        self.passwords = passwords.Passwords()
        self._derived_from = (
            self.domains,
            self.projects,
            self.users,
            self.memberships,
            self.roles,
            self.implications,
            self.assignments,
            self.application_credentials,
            self.trusts,
        )

    @property
    def version(self) -> int:
        """Grows whenever something changes that decides about identities."""
        return sum(table.version for table in self._derived_from)

    # -- finding -----------------------------------------------------------------------------------------------------

    def domain_by_name(self, name: str) -> state.Document | None:
        """The domain of this name; names of domains ignore case."""
        return next((each for each in self.domains if each["name"].lower() == name.lower()), None)

    def in_domain(self, table: state.Table, name: str, domain_id: str) -> state.Document | None:
        """The user, project or group of this name in a domain; names ignore case."""
        exact = table.select(name=name, domain_id=domain_id)
        if exact:
            return exact[0]
        lowered = name.lower()
        return next((each for each in table.select(domain_id=domain_id) if each["name"].lower() == lowered), None)

    def role_by_name(self, name: str, domain_id: str | None = None) -> state.Document | None:
        """The role of this name: one for every domain, or that of a domain."""
        return next((each for each in self.roles.select(name=name) if each.get("domain_id") == domain_id), None)

    def named(self, table: state.Table, id: str) -> state.Document:
        """{"id", "name"} of a document, with its domain where it has one; for tokens and assignments."""
        document = table.get(id)
        if document is None:
            return {"id": id, "name": ""}
        result: state.Document = {"id": id, "name": document["name"]}
        if document.get("domain_id"):
            domain = self.domains.get(document["domain_id"])
            result["domain"] = {"id": document["domain_id"], "name": domain["name"] if domain else ""}
        return result

    # -- roles -------------------------------------------------------------------------------------------------------

    def grant(self, actor: str, actor_id: str, target: Target, role_id: str, *, inherited: bool = False) -> None:
        """Assign a role; nothing when it is assigned already."""
        id = self.assignment_id(actor, actor_id, target, role_id, inherited=inherited)
        if id not in self.assignments:
            document = {"id": id, "actor": actor, "actor_id": actor_id, "target": target[0], "target_id": target[1]}
            self.assignments.insert({**document, "role_id": role_id, "inherited": inherited})

    @staticmethod
    def assignment_id(actor: str, actor_id: str, target: Target, role_id: str, *, inherited: bool) -> str:
        """The key of an assignment."""
        return ":".join((actor, actor_id, *target, role_id, "inherited" if inherited else "direct"))

    def groups_of(self, user_id: str) -> list[str]:
        """Ids of the groups a user is in."""
        return [each["group_id"] for each in self.memberships.select(user_id=user_id)]

    def assignments_of(self, user_id: str) -> list[state.Document]:
        """Assignments of a user, own ones and those of the user's groups."""
        found = self.assignments.select(actor_id=user_id)
        for group_id in self.groups_of(user_id):
            found.extend(self.assignments.select(actor_id=group_id))
        return found

    def applies(self, assignment: state.Document, target: Target) -> bool:
        """Does an assignment count on a target, directly or inherited from a domain or parent project?"""
        place = (assignment["target"], assignment["target_id"])
        if not assignment["inherited"]:
            return place == target
        return target[0] == "project" and place in self._above(target[1])

    def _above(self, project_id: str) -> list[Target]:
        result: list[Target] = []
        project = self.projects.get(project_id)
        while project is not None:
            parent = project.get("parent_id")
            if not parent or parent == project["domain_id"]:
                result.append(("domain", project["domain_id"]))
                break
            result.append(("project", parent))
            project = self.projects.get(parent)
        return result

    def roles_on(self, user_id: str, target: Target) -> list[str]:
        """Ids of the roles a user has on a target, implied ones included."""
        direct = [each["role_id"] for each in self.assignments_of(user_id) if self.applies(each, target)]
        return self.with_implied(direct)

    def with_implied(self, role_ids: Iterable[str]) -> list[str]:
        """Role ids and all that they imply, each once."""
        result: dict[str, None] = {}
        waiting = list(role_ids)
        while waiting:
            role_id = waiting.pop(0)
            if role_id not in result and role_id in self.roles:
                result[role_id] = None
                waiting.extend(each["implied_id"] for each in self.implications.select(prior_id=role_id))
        return list(result)

    def projects_of(self, user_id: str) -> list[state.Document]:
        """Enabled projects on which a user has a role."""
        held = self.assignments_of(user_id)
        found: dict[str, state.Document] = {}
        for assignment in held:
            if assignment["target"] == "project" and not assignment["inherited"]:
                project = self.projects.get(assignment["target_id"])
                if project is not None:
                    found[project["id"]] = project
        if any(assignment["inherited"] for assignment in held):
            for project in self.projects:
                if any(self.applies(assignment, ("project", project["id"])) for assignment in held):
                    found[project["id"]] = project
        return [project for project in found.values() if project["enabled"]]

    def domains_of(self, user_id: str) -> list[state.Document]:
        """Enabled domains on which a user has a role."""
        named = {
            each["target_id"]
            for each in self.assignments_of(user_id)
            if each["target"] == "domain" and not each["inherited"]
        }
        return [domain for domain in self.domains if domain["id"] in named and domain["enabled"]]

    # -- making and removing -----------------------------------------------------------------------------------------

    def set_secret(self, id: str, secret: str) -> None:
        """Store the digest of a user's password or of an application credential's secret."""
        if id in self.secrets:
            self.secrets.delete(id)
        self.secrets.insert({"id": id, "digest": self.passwords.digest(secret)})

    def secret_matches(self, id: str, secret: Any) -> bool:
        """Is this the password or secret?"""
        stored = self.secrets.get(id)
        return stored is not None and isinstance(secret, str) and self.passwords.matches(secret, stored["digest"])

    def remove_user(self, id: str) -> None:
        """Take a user and everything that hangs on it away."""
        for table, field in (
            (self.memberships, "user_id"),
            (self.assignments, "actor_id"),
            (self.credentials, "user_id"),
            (self.trusts, "trustor_user_id"),
            (self.trusts, "trustee_user_id"),
        ):
            _delete_all(table, **{field: id})
        for each in self.application_credentials.select(user_id=id):
            self.remove_application_credential(each["id"])
        if id in self.secrets:
            self.secrets.delete(id)
        self.users.delete(id)

    def remove_application_credential(self, id: str) -> None:
        """Take an application credential and its secret away."""
        if id in self.secrets:
            self.secrets.delete(id)
        self.application_credentials.delete(id)

    def remove_project(self, id: str) -> None:
        """Take a project and everything that hangs on it away."""
        _delete_all(self.assignments, target_id=id)
        _delete_all(self.credentials, project_id=id)
        _delete_all(self.trusts, project_id=id)
        for each in self.application_credentials.select(project_id=id):
            self.remove_application_credential(each["id"])
        self.projects.delete(id)

    def remove_group(self, id: str) -> None:
        """Take a group, its memberships and assignments away."""
        _delete_all(self.memberships, group_id=id)
        _delete_all(self.assignments, actor_id=id)
        self.groups.delete(id)

    def remove_role(self, id: str) -> None:
        """Take a role, its assignments and implications away."""
        _delete_all(self.assignments, role_id=id)
        _delete_all(self.implications, prior_id=id)
        _delete_all(self.implications, implied_id=id)
        self.roles.delete(id)

    def remove_domain(self, id: str) -> None:
        """Take a domain and all its users, groups and projects away."""
        for user in self.users.select(domain_id=id):
            self.remove_user(user["id"])
        for group in self.groups.select(domain_id=id):
            self.remove_group(group["id"])
        for project in self.projects.select(domain_id=id):
            self.remove_project(project["id"])
        _delete_all(self.assignments, target_id=id)
        self.domains.delete(id)


def _delete_all(table: state.Table, **equal: str) -> None:
    for document in table.select(**equal):
        table.delete(document["id"])


def could_not_find(kind: str, id: str) -> errors.ApiError:
    """The 404 of every kind of thing."""
    return errors.ApiError(404, f"Could not find {kind}: {id}.")


def new_project(name: str, domain_id: str, description: str = "") -> state.Document:
    """A project's document with all defaults."""
    return {
        "id": ids.new_hex(),
        "name": name,
        "domain_id": domain_id,
        "description": description,
        "enabled": True,
        "parent_id": domain_id,
        "is_domain": False,
        "tags": [],
        "options": {},
    }


def new_user(name: str, domain_id: str) -> state.Document:
    """A user's document with all defaults."""
    return {
        "id": ids.new_hex(),
        "name": name,
        "domain_id": domain_id,
        "enabled": True,
        "password_expires_at": None,
        "options": {},
    }
