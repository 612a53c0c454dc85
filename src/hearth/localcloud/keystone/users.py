"""Users and groups: /v3/users, password changes, /v3/groups and who is in them."""

from typing import Any, ClassVar

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.core.collection import Field
from hearth.localcloud.keystone import resource, tokens


class Users(resource.Resource):
    """/v3/users"""

    singular, plural, path = "user", "users", "/v3/users"
    index: ClassVar[tuple[str, ...]] = ("name", "domain_id")
    free_fields = True
    fields = (
        Field("name", required=True, check=resource.name()),
        Field("domain_id", nullable=True),
        Field("enabled", bool, default=True),
        Field("password", nullable=True),
        Field("password_expires_at", nullable=True, create=False, update=False),
        Field("options", dict, default={}),
    )

    def routes(self) -> list[service.Route]:
        return [*super().routes(), service.Route("POST", "/v3/users/{id}/password", self.change_password, public=True)]

    def may_show(self, call: service.Call, id: str) -> bool:
        return id == call.identity.user_id

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        document["domain_id"] = document["domain_id"] or self.keystone.domain_of_call(call)
        if document["domain_id"] not in self.names.domains:
            raise self.keystone.domains.not_found(document["domain_id"])
        self._check_name(document["name"], document["domain_id"])
        password = document.pop("password")
        if password is not None:
            self.names.set_secret(document["id"], password)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if changes.get("domain_id", document["domain_id"]) != document["domain_id"]:
            raise errors.ApiError(400, "The domain of a user cannot change.")
        if changes.get("name", document["name"]) != document["name"]:
            self._check_name(changes["name"], document["domain_id"])
        password = changes.pop("password", None)
        if password is not None:
            self.names.set_secret(document["id"], password)
            self.keystone.tokens.revoke_others(document["id"])

    def _check_name(self, name: str, domain_id: str) -> None:
        if self.names.in_domain(self.table, name, domain_id):
            raise self.duplicate(f"name {name} at domain ID {domain_id}")

    def delete(self, call: service.Call) -> Any:
        self.permit(call, "delete_user")
        self.names.remove_user(self.find(call, call.params["id"])["id"])
        return service.Reply(204)

    def change_password(self, call: service.Call) -> Any:
        """A user's own change: the original password stands for the token."""
        given = self.given(call)
        original, password = given.get("original_password"), given.get("password")
        if not isinstance(original, str) or not isinstance(password, str):
            raise self.refuse("'original_password' and 'password' are required properties")
        id = call.params["id"]
        if id not in self.table or not self.names.secret_matches(id, original):
            raise tokens.unauthorized()
        self.names.set_secret(id, password)
        self.keystone.tokens.revoke_others(id)
        return service.Reply(204)


class Groups(resource.Resource):
    """/v3/groups"""

    singular, plural, path = "group", "groups", "/v3/groups"
    index: ClassVar[tuple[str, ...]] = ("name", "domain_id")
    free_fields = True
    fields = (
        Field("name", required=True, check=resource.name()),
        Field("domain_id", nullable=True),
        Field("description", nullable=True, default=""),
    )

    def routes(self) -> list[service.Route]:
        member = "/v3/groups/{id}/users/{user_id}"
        return [
            *super().routes(),
            service.Route("GET", "/v3/groups/{id}/users", self.members),
            service.Route("GET", "/v3/users/{user_id}/groups", self.of_user),
            service.Route("PUT", member, self.join),
            service.Route("HEAD", member, self.contains),
            service.Route("DELETE", member, self.leave),
        ]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        super().prepare(call, document)
        document["domain_id"] = document["domain_id"] or self.keystone.domain_of_call(call)
        if document["domain_id"] not in self.names.domains:
            raise self.keystone.domains.not_found(document["domain_id"])
        document["description"] = document["description"] or ""
        if self.names.in_domain(self.table, document["name"], document["domain_id"]):
            raise self.duplicate(f"name {document['name']} at domain ID {document['domain_id']}")

    def delete(self, call: service.Call) -> Any:
        self.permit(call, "delete_group")
        self.names.remove_group(self.find(call, call.params["id"])["id"])
        return service.Reply(204)

    def members(self, call: service.Call) -> Any:
        """Users of a group."""
        self.permit(call, "list_users_in_group")
        group = self.find(call, call.params["id"])
        found = [self.names.users.get(each["user_id"]) for each in self.names.memberships.select(group_id=group["id"])]
        users = self.keystone.users
        return resource.envelope(call, users.plural, [users.view(call, user) for user in found if user])

    def of_user(self, call: service.Call) -> Any:
        """Groups of a user."""
        user_id = call.params["user_id"]
        self.permit(call, "list_groups_for_user", allowed=user_id == call.identity.user_id)
        found = [self.table.get(id) for id in self.names.groups_of(user_id)]
        return resource.envelope(call, self.plural, [self.view(call, group) for group in found if group])

    def _membership(self, call: service.Call, action: str) -> state.Document:
        self.permit(call, action)
        group_id, user_id = call.params["id"], call.params["user_id"]
        self.find(call, group_id)
        if user_id not in self.names.users:
            raise self.keystone.users.not_found(user_id)
        return {"id": f"{group_id}:{user_id}", "group_id": group_id, "user_id": user_id}

    def join(self, call: service.Call) -> Any:
        """Put a user into a group."""
        membership = self._membership(call, "add_user_to_group")
        if membership["id"] not in self.names.memberships:
            self.names.memberships.insert(membership)
        return service.Reply(204)

    def contains(self, call: service.Call) -> Any:
        """Is a user in a group?"""
        membership = self._membership(call, "check_user_in_group")
        if membership["id"] not in self.names.memberships:
            raise errors.ApiError(404, f"User {membership['user_id']} is not in group {membership['group_id']}.")
        return service.Reply(204)

    def leave(self, call: service.Call) -> Any:
        """Take a user out of a group."""
        membership = self._membership(call, "remove_user_from_group")
        if membership["id"] not in self.names.memberships:
            raise errors.ApiError(404, f"User {membership['user_id']} is not in group {membership['group_id']}.")
        self.names.memberships.delete(membership["id"])
        return service.Reply(204)
