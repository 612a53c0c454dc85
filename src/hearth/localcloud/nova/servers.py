"""Servers: list, show, update, delete, and their metadata, tags and history."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from starlette.datastructures import QueryParams

from hearth.localcloud.cinder import lapse, paging, refusals, rules, times, versions
from hearth.localcloud.core import service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book, disks, life, networking, wire

_TAG = rules.text(1, 60, pattern=r"[^,/]+")
#: Sort key of the query -> field of the document.
_SORT_KEYS = {
    "access_ip_v4": "access_ip_v4",
    "access_ip_v6": "access_ip_v6",
    "availability_zone": "zone",
    "config_drive": "config_drive",
    "created_at": "created_at",
    "display_description": "description",
    "display_name": "name",
    "hostname": "hostname",
    "image_ref": "image_id",
    "instance_type_id": "number",
    "key_name": "key_name",
    "launch_index": "launch_index",
    "launched_at": "launched_at",
    "power_state": "power_state",
    "progress": "progress",
    "project_id": "project_id",
    "task_state": "task_state",
    "updated_at": "updated_at",
    "user_id": "user_id",
    "uuid": "id",
    "vm_state": "vm_state",
    "host": "host",
    "node": "host",
}
#: Filters by equality that everybody may use, and those that only count for admins.
_PUBLIC_FILTERS = {"reservation_id": "reservation_id", "image": "image_id", "image_ref": "image_id"}
_ADMIN_FILTERS = {
    "host": "host",
    "node": "host",
    "user_id": "user_id",
    "uuid": "id",
    "vm_state": "vm_state",
    "task_state": "task_state",
    "power_state": "power_state",
    "key_name": "key_name",
    "availability_zone": "zone",
    "hostname": "hostname",
    "launch_index": "launch_index",
    "config_drive": "config_drive",
}


class Servers:
    """The /servers collection."""

    def __init__(self, records: book.Book, networks: networking.Networking, bodies: wire.Wire) -> None:
        self._book = records
        self._networking = networks
        self._wire = bodies

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/servers/{server_id}"
        return [
            Route("GET", "/servers", self.index),
            Route("GET", "/servers/detail", self.detail),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("GET", one + "/metadata", self.metadata),
            Route("POST", one + "/metadata", self.add_metadata),
            Route("PUT", one + "/metadata", self.replace_metadata),
            Route("GET", one + "/metadata/{key}", self.metadata_item),
            Route("PUT", one + "/metadata/{key}", self.put_metadata_item),
            Route("DELETE", one + "/metadata/{key}", self.delete_metadata_item),
            Route("GET", one + "/tags", self.tags),
            Route("PUT", one + "/tags", self.replace_tags),
            Route("DELETE", one + "/tags", self.delete_tags),
            Route("GET", one + "/tags/{tag}", self.has_tag),
            Route("PUT", one + "/tags/{tag}", self.add_tag),
            Route("DELETE", one + "/tags/{tag}", self.delete_tag),
            Route("GET", one + "/os-instance-actions", self.history),
            Route("GET", one + "/os-instance-actions/{request_id}", self.history_item),
        ]

    # ---- servers

    def index(self, call: service.Call) -> Any:
        """GET /servers."""
        return self._listing(call, "/servers", lambda server: self._wire.brief(call, server))

    def detail(self, call: service.Call) -> Any:
        """GET /servers/detail."""
        return self._listing(call, "/servers/detail", lambda server: self._wire.full(call, server))

    def show(self, call: service.Call) -> Any:
        """GET /servers/{id}."""
        return {"server": self._wire.full(call, self._of(call), shown=True)}

    def update(self, call: service.Call) -> Any:
        """PUT /servers/{id}."""
        fields: dict[str, rules.Rule] = {
            "name": rules.name,
            "accessIPv4": rules.text(0, 64),
            "accessIPv6": rules.text(0, 64),
            "OS-DCF:diskConfig": rules.one_of("AUTO", "MANUAL"),
        }
        if versions.at_least(call, 2, 19):
            fields["description"] = rules.optional(rules.text(0, 255))
        if versions.at_least(call, 2, 90):
            fields["hostname"] = rules.text(1, 255)
        wanted = rules.read(call.body, "server", rules.Shape(fields))
        names = {"accessIPv4": "access_ip_v4", "accessIPv6": "access_ip_v6", "OS-DCF:diskConfig": "disk_config"}
        changes = {names.get(key, key): value for key, value in wanted.items()}
        server = self._book.servers.update(self._of(call)["id"], updated_at=self._book.now(), **changes)
        return {"server": self._wire.changed(call, server)}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}."""
        server = self._of(call)
        if server["locked"] and not call.identity.is_admin:
            raise refusals.conflict(f"Instance {server['id']} is locked")
        self.remove(call, server)
        return Reply(204)

    def remove(self, call: service.Call, server: state.Document) -> None:
        """Start the end of a server: ports and volumes are released now, the server is gone a little later."""
        if server["task_state"] == "deleting":
            return
        self._networking.release(server["nics"])
        # Ports that others bound to this server by hand.
        self._networking.release({"port_id": port["id"], "created": False} for port in self._networking.ports(server))
        disks.release(self._book, server["volumes"])
        self._book.hold(server, server["flavor"], -1)
        if server["old_flavor"]:
            # Amid a resize the other side of it is held too.
            self._book.count_host(server["old_host"], server["old_flavor"], -1)
        group = self._book.groups.get(server["group_id"] or "")
        if group is not None:
            members = [member for member in group["members"] if member != server["id"]]
            self._book.groups.update(group["id"], members=members)
        now = self._book.now()
        self._book.record(call, server, "delete")
        due = now + self._book.cloud.settings.delete_seconds
        gone = {"task_state": "deleting", "nics": [], "volumes": [], "host": "", "updated_at": now}
        self._book.servers.update(server["id"], **gone, **lapse.later(due, None))

    # ---- metadata

    def metadata(self, call: service.Call) -> Any:
        """GET /servers/{id}/metadata."""
        return {"metadata": self._of(call)["metadata"]}

    def add_metadata(self, call: service.Call) -> Any:
        """POST /servers/{id}/metadata."""
        server = self._of(call)
        return {"metadata": self._set_metadata(call, server, {**server["metadata"], **_metadata_of(call.body)})}

    def replace_metadata(self, call: service.Call) -> Any:
        """PUT /servers/{id}/metadata."""
        return {"metadata": self._set_metadata(call, self._of(call), _metadata_of(call.body))}

    def metadata_item(self, call: service.Call) -> Any:
        """GET /servers/{id}/metadata/{key}."""
        key = call.params["key"]
        return {"meta": {key: _item(self._of(call), key)}}

    def put_metadata_item(self, call: service.Call) -> Any:
        """PUT /servers/{id}/metadata/{key}."""
        server, key = self._of(call), call.params["key"]
        meta = rules.read(call.body, "meta", rules.Shape({}, open=True))
        if list(meta) != [key] or rules.texts(meta):
            raise refusals.bad("Request body and URI mismatch")
        self._set_metadata(call, server, {**server["metadata"], **meta})
        return {"meta": meta}

    def delete_metadata_item(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}/metadata/{key}."""
        server, key = self._of(call), call.params["key"]
        _item(server, key)
        self._set_metadata(call, server, rules.without(server["metadata"], {key}))
        return Reply(204)

    # ---- tags (2.26)

    def tags(self, call: service.Call) -> Any:
        """GET /servers/{id}/tags."""
        return {"tags": self._tagged(call)["tags"]}

    def replace_tags(self, call: service.Call) -> Any:
        """PUT /servers/{id}/tags."""
        server = self._tagged(call)
        wanted = call.body.get("tags") if isinstance(call.body, dict) else None
        if problem := rules.list_of(_TAG, maximum=50)(wanted):
            raise rules.invalid("tags", wanted, problem)
        tags = sorted(set(wanted or []))
        self._book.servers.update(server["id"], tags=tags)
        return {"tags": tags}

    def delete_tags(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}/tags."""
        self._book.servers.update(self._tagged(call)["id"], tags=[])
        return Reply(204)

    def has_tag(self, call: service.Call) -> Reply:
        """GET /servers/{id}/tags/{tag}."""
        server, tag = self._tagged(call), call.params["tag"]
        if tag not in server["tags"]:
            raise refusals.not_found(f"Server {server['id']} has no tag '{tag}'")
        return Reply(204)

    def add_tag(self, call: service.Call) -> Reply:
        """PUT /servers/{id}/tags/{tag}."""
        server, tag = self._tagged(call), call.params["tag"]
        if tag in server["tags"]:
            return Reply(204)
        if problem := _TAG(tag):
            raise refusals.bad(f"Tag '{tag}' is invalid. {problem}")
        if len(server["tags"]) >= 50:
            raise refusals.bad("The number of tags exceeded the per-server limit 50")
        self._book.servers.update(server["id"], tags=[*server["tags"], tag])
        return Reply(201, None, {"Location": call.service.url(f"/v2.1/servers/{server['id']}/tags/{tag}")})

    def delete_tag(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}/tags/{tag}."""
        self.has_tag(call)
        server = self._of(call)
        self._book.servers.update(server["id"], tags=[tag for tag in server["tags"] if tag != call.params["tag"]])
        return Reply(204)

    # ---- history

    def history(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-instance-actions."""
        found = self._book.actions.select(server_id=self._of(call)["id"])
        return {"instanceActions": [_action(call, each) for each in reversed(found)]}

    def history_item(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-instance-actions/{request id}."""
        server, wanted = self._of(call), call.params["request_id"]
        found = [each for each in self._book.actions.select(server_id=server["id"]) if each["request_id"] == wanted]
        if not found:
            raise refusals.not_found(f"Action for request_id {wanted} on instance {server['id']} not found")
        body = _action(call, found[0])
        if versions.at_least(call, 2, 51) or call.identity.is_admin:
            event = {
                "event": f"compute_{found[0]['action']}",
                "start_time": times.stamp(found[0]["start"]),
                "finish_time": times.stamp(server["updated_at"]),
                "result": "Error" if server["vm_state"] == life.ERROR else "Success",
            }
            if versions.at_least(call, 2, 62):
                event["hostId"] = book.host_id(server["project_id"], server["host"])
            if call.identity.is_admin:
                event["traceback"] = None
            body["events"] = [event]
        return {"instanceAction": body}

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        return self._book.server(call.identity, call.params["server_id"])

    def _tagged(self, call: service.Call) -> state.Document:
        versions.require(call, 2, 26)
        return self._of(call)

    def _set_metadata(self, call: service.Call, server: state.Document, metadata: dict[str, str]) -> dict[str, str]:
        limit = self._book.quotas.limits(server["project_id"])["metadata_items"]
        if 0 <= limit < len(metadata) and call.cloud.settings.enforce_quotas:
            raise refusals.forbidden(f"Maximum number of metadata items exceeds {limit}")
        self._book.servers.update(server["id"], metadata=metadata, updated_at=self._book.now())
        return metadata

    def _listing(self, call: service.Call, path: str, view: Any) -> Any:
        query = call.query
        found = paging.arrange(self._filtered(call), _order(query))
        page = paging.cut(found, query, refusals.bad(f"marker [{query.get('marker')}] not found"))
        body: dict[str, Any] = {"servers": [view(server) for server in page.items]}
        if links := paging.next_link(call.service.url(f"/v2.1{path}"), query.multi_items(), page):
            body["servers_links"] = links
        return body

    def _filtered(self, call: service.Call) -> Iterable[state.Document]:
        identity, query, table = call.identity, call.query, self._book.servers
        everyone = "all_tenants" in query and rules.truth(query["all_tenants"] or "1")
        if everyone:
            refusals.admin_only(call, "os_compute_api:servers:index:get_all_tenants")
        project = query.get("project_id", query.get("tenant_id")) if everyone else identity.project_id
        if identity.is_admin and rules.truth(query.get("deleted", "false")):
            return []
        found: Iterable[state.Document] = table.select(project_id=project) if project else table
        found = self._book.settled(found)
        filters = _PUBLIC_FILTERS
        if identity.is_admin or versions.at_least(call, 2, 83):
            filters = filters | _ADMIN_FILTERS
        if not identity.is_admin:
            filters = rules.without(filters, {"host", "node", "user_id"})
        for key, field in filters.items():
            if key in query:
                found = [each for each in found if str(each[field]) == query[key]]
        return self._by_content(call, query, list(found))

    def _by_content(self, call: service.Call, query: QueryParams, found: list[state.Document]) -> list[state.Document]:
        if "name" in query:
            pattern = _pattern("name", query["name"])
            found = [each for each in found if pattern.search(each["name"])]
        if statuses := {value.upper() for value in query.getlist("status")}:
            found = [each for each in found if life.status(each) in statuses]
        if "flavor" in query:
            flavor = query["flavor"].rpartition("/")[2]
            found = [each for each in found if each["flavor"]["id"] == flavor]
        if "locked" in query and versions.at_least(call, 2, 73):
            found = [each for each in found if each["locked"] == rules.truth(query["locked"])]
        if "description" in query and call.identity.is_admin:
            found = [each for each in found if query["description"] in (each["description"] or "")]
        if "changes-since" in query:
            since = _moment(query["changes-since"])
            found = [each for each in found if (times.zulu(each["updated_at"]) or "") >= since]
        if "changes-before" in query and versions.at_least(call, 2, 66):
            before = _moment(query["changes-before"])
            found = [each for each in found if (times.zulu(each["updated_at"]) or "") <= before]
        for key, test in _TAG_FILTERS.items():
            if key in query and versions.at_least(call, 2, 26):
                tags = set(query[key].split(","))
                found = [each for each in found if test(tags, set(each["tags"]))]
        for key in ("ip", "ip6"):
            if key in query:
                pattern = _pattern(key, query[key])
                found = [each for each in found if any(map(pattern.search, self._fixed(each, key == "ip6")))]
        return found

    def _fixed(self, server: state.Document, six: bool) -> list[str]:
        ports = self._networking.ports(server)
        found = (fixed["ip_address"] for port in ports for fixed in port["fixed_ips"])
        return [address for address in found if (":" in address) == six]


_TAG_FILTERS: dict[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda wanted, has: wanted <= has,
    "tags-any": lambda wanted, has: bool(wanted & has),
    "not-tags": lambda wanted, has: not wanted <= has,
    "not-tags-any": lambda wanted, has: not wanted & has,
}


def _order(query: QueryParams) -> list[tuple[str, str]]:
    keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
    order = []
    for place, key in enumerate(keys):
        if key not in _SORT_KEYS:
            known = ", ".join(sorted(_SORT_KEYS))
            raise refusals.bad(f"Invalid input for query parameters sort_key. Value: {key}. It is one of: {known}")
        direction = directions[place] if place < len(directions) else "desc"
        if direction not in ("asc", "desc"):
            raise refusals.bad(f"Invalid input for query parameters sort_dir. Value: {direction}. It is asc or desc")
        order.append((_SORT_KEYS[key], direction))
    # Launched together, listed by place: the last one first, like everything else here.
    return order or [("created_at", "desc"), ("number", "desc")]


def _pattern(name: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise refusals.bad(f"Invalid filter {name}: {text!r} is no regular expression ({error})") from error


def _moment(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?", text):
        raise refusals.bad(f"Invalid input for query parameters changes-since. Value: {text}. It is no date and time")
    return text.replace(" ", "T")[:19]


def _item(server: state.Document, key: str) -> str:
    if key not in server["metadata"]:
        raise refusals.not_found("Metadata item was not found")
    return str(server["metadata"][key])


def _metadata_of(body: Any) -> dict[str, str]:
    metadata = rules.read(body, "metadata", rules.Shape({}, open=True))
    if problem := rules.texts(metadata):
        raise rules.invalid("metadata", metadata, problem)
    return metadata


def _action(call: service.Call, found: state.Document) -> dict[str, Any]:
    body = {
        "action": found["action"],
        "instance_uuid": found["server_id"],
        "request_id": found["request_id"],
        "user_id": found["user_id"],
        "project_id": found["project_id"],
        "start_time": times.stamp(found["start"]),
        "message": None,
    }
    if versions.at_least(call, 2, 58):
        body["updated_at"] = times.stamp(found["start"])
    return body
