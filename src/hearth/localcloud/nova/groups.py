"""Server groups: servers that shall run together or apart."""

from typing import Any

from hearth.localcloud.cinder import paging, refusals, rules, versions
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book

_POLICY = rules.one_of("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
_OLD_POLICY = rules.one_of("anti-affinity", "affinity")


def _one_policy(rule: rules.Rule) -> rules.Rule:
    def check(value: Any) -> str | None:
        if not isinstance(value, list) or len(value) != 1:
            return f"{value!r} is not a list of one policy"
        return rule(value[0])

    return check


class Groups:
    """The /os-server-groups collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/os-server-groups/{group_id}"
        return [
            Route("GET", "/os-server-groups", self.index),
            Route("POST", "/os-server-groups", self.create),
            Route("GET", one, self.show),
            Route("DELETE", one, self.delete),
        ]

    def index(self, call: service.Call) -> Any:
        """GET /os-server-groups."""
        if call.identity.is_admin and "all_projects" in call.query:
            found = self._book.groups.select()
        else:
            found = self._book.groups.select(project_id=call.identity.project_id)
        page = paging.cut(found, call.query, refusals.bad(f"marker [{call.query.get('marker')}] not found"))
        return {"server_groups": [self._view(call, each) for each in page.items]}

    def create(self, call: service.Call) -> Any:
        """POST /os-server-groups."""
        if versions.at_least(call, 2, 64):
            limits = rules.Shape({"max_server_per_host": rules.integer(1)})
            fields: dict[str, rules.Rule] = {"name": rules.name, "policy": _POLICY, "rules": limits}
            wanted = rules.read(call.body, "server_group", rules.Shape(fields, required=("name", "policy")))
            policy, limit = wanted["policy"], wanted.get("rules") or {}
            if limit and policy != "anti-affinity":
                raise refusals.bad("Only anti-affinity policy supports rules.")
        else:
            old = _one_policy(_POLICY if versions.at_least(call, 2, 15) else _OLD_POLICY)
            fields = {"name": rules.name, "policies": old}
            wanted = rules.read(call.body, "server_group", rules.Shape(fields, required=("name", "policies")))
            policy, limit = wanted["policies"][0], {}
        project = call.identity.project_id
        self._book.quotas.check(project, "server_groups")
        self._book.count(project, server_groups=1)
        made = self._book.groups.insert(
            {
                "id": ids.new_id(),
                "project_id": project,
                "user_id": call.identity.user_id,
                "name": wanted["name"],
                "policy": policy,
                "rules": {key: int(value) for key, value in limit.items()},
                "members": [],
            }
        )
        return {"server_group": self._view(call, made)}

    def show(self, call: service.Call) -> Any:
        """GET /os-server-groups/{id}."""
        return {"server_group": self._view(call, self._of(call))}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /os-server-groups/{id}; its servers stay."""
        found = self._of(call)
        self._book.groups.delete(found["id"])
        self._book.count(found["project_id"], server_groups=-1)
        return Reply(204)

    def _of(self, call: service.Call) -> state.Document:
        id = call.params["group_id"]
        found = self._book.group(call.identity, id)
        if found is None:
            raise refusals.not_found(f"Instance group {id} could not be found.")
        return found

    def _view(self, call: service.Call, group: state.Document) -> dict[str, Any]:
        body: dict[str, Any] = {"id": group["id"], "name": group["name"]}
        if versions.at_least(call, 2, 64):
            body |= {"policy": group["policy"], "rules": group["rules"]}
        else:
            body |= {"policies": [group["policy"]], "metadata": {}}
        body["members"] = [member["id"] for member in self._book.members(group)]
        if versions.at_least(call, 2, 13):
            body |= {"project_id": group["project_id"], "user_id": group["user_id"]}
        return body
