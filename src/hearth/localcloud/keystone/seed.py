"""Domains, projects, users and roles of a fresh cloud; what is there already stays as it is."""

from hearth.localcloud.core import ids, state
from hearth.localcloud.keystone import directory

PASSWORD = "secret"
#: Role -> is it one of the immutable roles of every Keystone?
_ROLES = {
    "admin": True,
    "manager": True,
    "member": True,
    "reader": True,
    "service": True,
    "heat_stack_owner": False,
    "heat_stack_user": False,
}
_IMPLIES = (("admin", "manager"), ("manager", "member"), ("member", "reader"))
_PROJECTS = ("admin", "demo", "service")
#: User -> project -> roles.
_USERS: dict[str, dict[str, tuple[str, ...]]] = {
    "admin": {"admin": ("admin", "heat_stack_owner"), "demo": ("admin",)},
    "demo": {"demo": ("member", "heat_stack_owner")},
    "heat": {"service": ("admin", "service")},
}
STACK_DOMAIN = "heat"
STACK_DOMAIN_ADMIN = "heat_domain_admin"


def people(names: directory.Directory) -> None:
    """Make what is missing."""
    roles = {name: _role(names, name, immutable=immutable) for name, immutable in _ROLES.items()}
    for prior, implied in _IMPLIES:
        id = f"{roles[prior]}:{roles[implied]}"
        if id not in names.implications:
            names.implications.insert({"id": id, "prior_id": roles[prior], "implied_id": roles[implied]})
    default = _domain(names, "Default", "default", "The default domain")
    projects = {name: _project(names, name, default) for name in _PROJECTS}
    for name, grants in _USERS.items():
        user = _user(names, name, default)
        for project, held in grants.items():
            for role in held:
                names.grant("user", user, ("project", projects[project]), roles[role])
    admin = names.in_domain(names.users, "admin", default)
    assert admin is not None
    names.grant("user", admin["id"], ("system", "all"), roles["admin"])
    stack_domain = _domain(names, STACK_DOMAIN, ids.new_hex(), "Users and projects that stacks make")
    names.grant("user", _user(names, STACK_DOMAIN_ADMIN, stack_domain), ("domain", stack_domain), roles["admin"])


def _role(names: directory.Directory, name: str, *, immutable: bool) -> str:
    found = names.role_by_name(name)
    if found is None:
        options: state.Document = {"immutable": True} if immutable else {}
        found = {"id": ids.new_hex(), "name": name, "domain_id": None, "description": None, "options": options}
        names.roles.insert(found)
    return str(found["id"])


def _domain(names: directory.Directory, name: str, id: str, description: str) -> str:
    found = names.domain_by_name(name)
    if found is None:
        found = {"id": id, "name": name, "description": description, "enabled": True, "tags": [], "options": {}}
        names.domains.insert(found)
    return str(found["id"])


def _project(names: directory.Directory, name: str, domain_id: str) -> str:
    found = names.in_domain(names.projects, name, domain_id)
    return str((found or names.projects.insert(directory.new_project(name, domain_id)))["id"])


def _user(names: directory.Directory, name: str, domain_id: str) -> str:
    found = names.in_domain(names.users, name, domain_id)
    if found is None:
        found = names.users.insert(directory.new_user(name, domain_id))
        names.set_secret(found["id"], PASSWORD)
    return str(found["id"])
