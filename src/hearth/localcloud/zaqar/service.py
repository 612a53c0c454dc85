"""The messaging service: queues, their messages and claims on them, subscriptions, signed URLs. API v2.

Queues come into being when something is put into them. What subscribers would be told is kept, and nobody is called:
the embedded cloud opens no connections. Flavors, pools and the websocket are not here.

Spec: https://docs.openstack.org/api-ref/message/
"""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hearth.localcloud.core import cloud, errors, ids, state
from hearth.localcloud.core.service import Call, Reply, Route, Service
from hearth.localcloud.keystone import delegation
from hearth.localcloud.zaqar import access, messages

_MOST_LISTED, _LISTED = 20, 10
_MOST_METADATA = 65_536
_NAME_LIMIT = 64
_RESERVED: Mapping[str, Any] = {
    "_max_messages_post_size": 1_048_576,
    "_default_message_ttl": messages.DEFAULT_TTL,
    "_default_message_delay": 0,
    "_dead_letter_queue": None,
    "_dead_letter_queue_messages_ttl": None,
    "_max_claim_count": None,
    "_enable_encrypt_messages": False,
}
_SUBSCRIBERS = ("http://", "https://", "mailto:", "trust+http://", "trust+https://")
_PATCH = "application/openstack-messaging-v2.0-json-patch"
_SIGNED_FOR = 86_400


class Zaqar(Service):
    """Zaqar v2 at /messaging."""

    name = "zaqar"
    service_type = "messaging"
    prefix = "/messaging"
    catalog_path = "/messaging"

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.queues = owner.state.table("zaqar.queues", index=("project_id",))
        self.subscriptions = owner.state.table("zaqar.subscriptions", index=("queue",))
        self.messages = messages.Messages(owner)
        self._keys = owner.state.table("zaqar.keys")

    def seed(self) -> None:
        """The key of signed URLs."""
        if "signing" not in self._keys:
            self._keys.insert({"id": "signing", "key": secrets.token_hex(32)})

    @property
    def signing_key(self) -> str:
        """The key of signed URLs."""
        document = self._keys.get("signing")
        assert document is not None
        return str(document["key"])

    def routes(self) -> list[Route]:
        queue = "/v2/queues/{queue}"
        own = (
            ("GET", "/v2/queues", self.list_queues),
            ("PUT", queue, self.create_queue),
            ("GET", queue, self.show_queue),
            ("PATCH", queue, self.change_queue),
            ("DELETE", queue, self.delete_queue),
            ("GET", queue + "/stats", self.stats),
            ("POST", queue + "/purge", self.purge),
            ("POST", queue + "/share", self.share),
            ("POST", queue + "/messages", self.post_messages),
            ("GET", queue + "/messages", self.list_messages),
            ("DELETE", queue + "/messages", self.delete_messages),
            ("GET", queue + "/messages/{id}", self.show_message),
            ("DELETE", queue + "/messages/{id}", self.delete_message),
            ("POST", queue + "/claims", self.claim),
            ("GET", queue + "/claims/{id}", self.show_claim),
            ("PATCH", queue + "/claims/{id}", self.renew_claim),
            ("DELETE", queue + "/claims/{id}", self.release_claim),
            ("POST", queue + "/subscriptions", self.subscribe),
            ("GET", queue + "/subscriptions", self.list_subscriptions),
            ("GET", queue + "/subscriptions/{id}", self.show_subscription),
            ("PATCH", queue + "/subscriptions/{id}", self.change_subscription),
            ("DELETE", queue + "/subscriptions/{id}", self.unsubscribe),
        )
        # Not told apart here: a signature stands in the place of a token, and `access` asks for one of them.
        several = [Route(method, path, handler, public=True) for method, path, handler in own]
        return [
            Route("GET", "/", self.versions, public=True),
            Route("GET", "/v2", self.home),
            Route("GET", "/v2/ping", self.ping, public=True),
            *several,
        ]

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        return {"title": error.title, "description": error.message}

    # -- versions ----------------------------------------------------------------------------------------------------

    def versions(self, call: Call) -> Any:
        """The one version there is."""
        kinds = [{"base": "application/json", "type": "application/vnd.openstack.messaging-v2+json"}]
        links = [{"href": "/v2/", "rel": "self"}]
        version = {"id": "2", "status": "CURRENT", "updated": "2014-9-24T04:06:47Z", "media-types": kinds}
        return Reply(300, {"versions": [version | {"links": links}]})

    def home(self, call: Call) -> Any:
        """Where things are."""
        access.client(call)
        return {"resources": {"rel/queues": {"href-template": "/v2/queues{?marker,limit,detailed}"}}}

    def ping(self, call: Call) -> Any:
        """Alive."""
        return Reply(204)

    # -- queues ------------------------------------------------------------------------------------------------------

    def list_queues(self, call: Call) -> Any:
        """The queues of the project by name, those after the marker."""
        project_id, limit = access.project(call), _limit(call)
        marker, detailed = call.query.get("marker", ""), _is_on(call, "detailed")
        mine = sorted(self.queues.select(project_id=project_id), key=lambda one: one["name"])
        page = [one for one in mine if one["name"] > marker][:limit]
        shown = []
        for one in page:
            brief = {"name": one["name"], "href": f"/v2/queues/{one['name']}"}
            shown.append(brief | {"metadata": {**_RESERVED, **one["metadata"]}} if detailed else brief)
        body: dict[str, Any] = {"queues": shown, "links": _next(call, page[-1]["name"] if page else None)}
        return body | {"count": len(mine)} if _is_on(call, "with_count") else body

    def create_queue(self, call: Call) -> Any:
        """Make a queue; one that is there keeps its metadata."""
        project_id, name = access.project(call), self._name(call)
        metadata = _metadata(call.body if call.body is not None else {})
        key = _key(project_id, name)
        location = {"Location": f"/v2/queues/{name}"}
        if key in self.queues:
            return Reply(204, None, location)
        self.queues.insert({"id": key, "project_id": project_id, "name": name, "metadata": metadata})
        return Reply(201, None, location)

    def show_queue(self, call: Call) -> Any:
        """A queue's metadata; one that is not there looks like an empty one."""
        found = self.queues.get(self._queue(call))
        return {**_RESERVED, **(found["metadata"] if found is not None else {})}

    def change_queue(self, call: Call) -> Any:
        """Change metadata by a JSON patch."""
        kind = call.headers.get("content-type", "")
        if kind.partition(";")[0].strip() != _PATCH:
            raise errors.ApiError(415, f"Content type {kind!r} is not supported; send {_PATCH}.")
        key = self._queue(call)
        found = self.queues.get(key)
        if found is None:
            raise errors.ApiError(404, f"Queue {call.params['queue']} does not exist.", kind="Not found")
        metadata = {**_RESERVED, **found["metadata"]}
        for step in call.body if isinstance(call.body, list) else ():
            op, path = step.get("op"), str(step.get("path", ""))
            field = path.removeprefix("/metadata/").replace("~1", "/").replace("~0", "~")
            if op != "add" and field not in metadata and field not in _RESERVED:
                raise errors.ApiError(409, f"Can't {op} non-existent object {field}.", kind="Resource conflict")
            if op == "remove":
                metadata.pop(field, None)
            else:
                metadata[field] = step.get("value")
        own = {name: value for name, value in metadata.items() if _RESERVED.get(name, self) != value}
        self.queues.update(key, metadata=_metadata(own))
        return {**_RESERVED, **own}

    def delete_queue(self, call: Call) -> Any:
        """Remove a queue with all that is in it. One that is gone is no error."""
        key = self._queue(call)
        self.messages.purge(key)
        for one in self.subscriptions.select(queue=key):
            self.subscriptions.delete(one["id"])
        if key in self.queues:
            self.queues.delete(key)
        return Reply(204)

    def stats(self, call: Call) -> Any:
        """How many messages there are."""
        found = self.messages.all(self._queue(call))
        claimed = sum(1 for one in found if self.messages.claim_of(one) is not None)
        return {"messages": {"claimed": claimed, "free": len(found) - claimed, "total": len(found)}}

    def purge(self, call: Call) -> Any:
        """Empty a queue."""
        self.messages.purge(self._queue(call))
        return Reply(204)

    def share(self, call: Call) -> Any:
        """Sign what others may do with a queue."""
        project_id, name = access.project(call), self._name(call)
        body = call.body or {}
        methods, paths = body.get("methods") or ["GET"], body.get("paths") or ["messages"]
        allowed = (*access.METHODS, *access.PATHS)
        if wrong := [one for one in (*methods, *paths) if one not in allowed]:
            raise _refused(f"{wrong[0]} cannot be signed.")
        full = [f"/v2/queues/{name}/{path}" for path in paths]
        expires = body.get("expires") or access.moment(self.cloud.clock.now() + _SIGNED_FOR)
        return {
            "paths": full,
            "methods": methods,
            "project": project_id,
            "expires": expires,
            "signature": access.signature(self.signing_key, project_id, methods, full, expires),
        }

    # -- messages ----------------------------------------------------------------------------------------------------

    def post_messages(self, call: Call) -> Any:
        """Put messages into a queue, which is made if it is not there."""
        key = self._queue(call)
        given = call.body.get("messages") if isinstance(call.body, dict) else None
        if not isinstance(given, list) or not given:
            raise _refused('Missing "messages" field.')
        several = []
        for one in given:
            if not isinstance(one, dict) or "body" not in one:
                raise _refused('Missing "body" field.')
            several.append((one["body"], _ttl(one.get("ttl", messages.DEFAULT_TTL))))
        if key not in self.queues:
            project_id, name = key.split(":", 1)
            self.queues.insert({"id": key, "project_id": project_id, "name": name, "metadata": {}})
        made = self.messages.post(key, access.client(call), several)
        path = f"/v2/queues/{call.params['queue']}/messages"
        location = {"Location": f"{path}?ids={','.join(made)}"}
        return Reply(201, {"resources": [f"{path}/{one}" for one in made]}, location)

    def list_messages(self, call: Call) -> Any:
        """Messages of a queue, the oldest first: those of others unless `echo`, free ones unless `include_claimed`."""
        key = self._queue(call)
        if wanted := call.query.get("ids"):
            found = [one for one in self.messages.all(key) if one["id"] in wanted.split(",")]
            return {"messages": [self._shown(call, one) for one in found]}
        selection = messages.Selection(
            _limit(call),
            call.query.get("marker"),
            _is_on(call, "include_claimed"),
            None if _is_on(call, "echo") else access.client(call),
        )
        found = self.messages.select(key, selection)
        links = _next(call, found[-1]["id"] if found else None)
        return {"messages": [self._shown(call, one) for one in found], "links": links}

    def show_message(self, call: Call) -> Any:
        """One message."""
        return self._shown(call, self._message(call))

    def delete_messages(self, call: Call) -> Any:
        """Delete messages by their ids, or take so many out (`pop`)."""
        key, count = self._queue(call), call.query.get("pop")
        if count is not None:
            if not count.isdecimal() or not 1 <= int(count) <= _MOST_LISTED:
                raise _refused(f"Pop value must be at least 1 and may not be greater than {_MOST_LISTED}.")
            return {"messages": [self._popped(one) for one in self.messages.pop(key, int(count))]}
        wanted = call.query.get("ids", "").split(",")
        if not any(wanted):
            raise _refused("Give the ids of messages, or how many to pop.")
        for one in self.messages.all(key):
            if one["id"] in wanted:
                self.messages.table.delete(one["id"])
        return Reply(204)

    def delete_message(self, call: Call) -> Any:
        """Delete one message; one that is claimed by whoever has the claim."""
        found = next((one for one in self.messages.all(self._queue(call)) if one["id"] == call.params["id"]), None)
        if found is None:
            return Reply(204)
        claim = self.messages.claim_of(found)
        if claim is not None and call.query.get("claim_id") != claim["id"]:
            raise errors.ApiError(403, "A claim was specified, or is needed, for this message.", kind="Forbidden")
        self.messages.table.delete(found["id"])
        return Reply(204)

    def _message(self, call: Call) -> state.Document:
        for one in self.messages.all(self._queue(call)):
            if one["id"] == call.params["id"]:
                return one
        raise errors.ApiError(404, f"Message {call.params['id']} does not exist.", kind="Not found")

    def _shown(self, call: Call, message: state.Document) -> dict[str, Any]:
        claim = self.messages.claim_of(message)
        href = f"/v2/queues/{call.params['queue']}/messages/{message['id']}"
        return {
            "id": message["id"],
            "href": f"{href}?claim_id={claim['id']}" if claim is not None else href,
            "ttl": message["ttl"],
            "age": self._age(message),
            "body": message["body"],
        }

    def _popped(self, message: state.Document) -> dict[str, Any]:
        brief = {name: message[name] for name in ("id", "ttl", "body", "claim_count")}
        return {**brief, "age": self._age(message), "claim_id": None}

    def _age(self, document: state.Document) -> float:
        return float(max(0.0, self.cloud.clock.now() - document["created"]))

    # -- claims ------------------------------------------------------------------------------------------------------

    def claim(self, call: Call) -> Any:
        """Claim free messages; nothing when there are none."""
        key, body = self._queue(call), call.body or {}
        ttl, grace = _ttl(body.get("ttl", messages.DEFAULT_CLAIM_TTL)), _ttl(body.get("grace", messages.DEFAULT_GRACE))
        claim_id, found = self.messages.claim(key, _limit(call), ttl, grace)
        if not found:
            return Reply(204)
        location = {"Location": f"/v2/queues/{call.params['queue']}/claims/{claim_id}"}
        return Reply(201, {"messages": [self._shown(call, one) for one in found]}, location)

    def show_claim(self, call: Call) -> Any:
        """A claim and what it holds."""
        found = self._claim(call)
        held = [self._shown(call, one) for one in self.messages.claimed(found["id"])]
        return {"age": self._age(found), "ttl": found["ttl"], "messages": held}

    def renew_claim(self, call: Call) -> Any:
        """Prolong a claim."""
        found, now = self._claim(call), self.cloud.clock.now()
        ttl = _ttl((call.body or {}).get("ttl", messages.DEFAULT_CLAIM_TTL))
        self.messages.claims.update(found["id"], ttl=ttl, created=now, ends=now + ttl)
        return Reply(204)

    def release_claim(self, call: Call) -> Any:
        """Let go of a claim."""
        key = self._queue(call)
        found = self.messages.claims.get(call.params["id"])
        if found is not None and found["queue"] == key:
            self.messages.claims.delete(found["id"])
        return Reply(204)

    def _claim(self, call: Call) -> state.Document:
        found = self.messages.claims.get(call.params["id"])
        if found is None or found["queue"] != self._queue(call) or found["ends"] <= self.cloud.clock.now():
            raise errors.ApiError(404, f"Claim {call.params['id']} does not exist.", kind="Not found")
        return found

    # -- subscriptions -----------------------------------------------------------------------------------------------

    def subscribe(self, call: Call) -> Any:
        """Subscribe to a queue; the same subscriber again changes its subscription."""
        key, given = self._queue(call), self._subscription_fields(call.body or {})
        if not given.get("subscriber"):
            raise _refused("Subscriber must be given.")
        if str(given["subscriber"]).startswith("trust+"):
            delegation.require(call, 503)
        now = self.cloud.clock.now()
        lasting = {"ttl": given.get("ttl", messages.DEFAULT_TTL), "options": given.get("options", {})}
        for one in self.subscriptions.select(queue=key):
            if one["subscriber"] == given["subscriber"]:
                self.subscriptions.update(one["id"], **lasting, created=now)
                return Reply(201, {"subscription_id": one["id"]}, {"Location": call.path})
        made = {
            "id": ids.new_id(),
            "queue": key,
            "subscriber": given["subscriber"],
            **lasting,
            "created": now,
            "confirmed": False,
        }
        self.subscriptions.insert(made)
        return Reply(201, {"subscription_id": made["id"]}, {"Location": call.path})

    def list_subscriptions(self, call: Call) -> Any:
        """The subscriptions of a queue."""
        key, limit, marker = self._queue(call), _limit(call), call.query.get("marker", "")
        alive = [one for one in self.subscriptions.select(queue=key) if self._lives(one)]
        page = [one for one in sorted(alive, key=lambda one: str(one["id"])) if one["id"] > marker][:limit]
        links = _next(call, page[-1]["id"] if page else None)
        return {"subscriptions": [self._shown_subscription(one) for one in page], "links": links}

    def show_subscription(self, call: Call) -> Any:
        """One subscription."""
        return self._shown_subscription(self._subscription(call))

    def change_subscription(self, call: Call) -> Any:
        """Change a subscription."""
        found, given = self._subscription(call), self._subscription_fields(call.body or {})
        if not given:
            raise _refused("Nothing to change.")
        # Also its own subscriber counts as taken.
        if given.get("subscriber") in [one["subscriber"] for one in self.subscriptions.select(queue=found["queue"])]:
            raise errors.ApiError(409, "Such subscription already exists.", kind="Subscriptions already exist")
        self.subscriptions.update(found["id"], **given, created=self.cloud.clock.now())
        return Reply(204)

    def unsubscribe(self, call: Call) -> Any:
        """End a subscription. One that is gone is no error."""
        key = self._queue(call)
        found = self.subscriptions.get(call.params["id"])
        if found is not None and found["queue"] == key:
            self.subscriptions.delete(found["id"])
        return Reply(204)

    def _subscription_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: body[name] for name in ("subscriber", "ttl", "options") if name in body}
        subscriber = given.get("subscriber")
        if subscriber is not None and not str(subscriber).startswith(_SUBSCRIBERS):
            raise _refused("The subscriber type of subscription must be supported in the list: http, https, mailto.")
        if "options" in given and not isinstance(given["options"], dict):
            raise _refused("Options must be a dict.")
        if "ttl" in given and (not isinstance(given["ttl"], int) or given["ttl"] < messages.SHORTEST_TTL):
            raise _refused(f"The TTL for a subscription must be at least {messages.SHORTEST_TTL} seconds long.")
        return given

    def _subscription(self, call: Call) -> state.Document:
        found = self.subscriptions.get(call.params["id"])
        if found is None or found["queue"] != self._queue(call) or not self._lives(found):
            raise errors.ApiError(404, f"Subscription {call.params['id']} does not exist.", kind="Not found")
        return found

    def _lives(self, subscription: state.Document) -> bool:
        return bool(subscription["created"] + subscription["ttl"] > self.cloud.clock.now())

    def _shown_subscription(self, subscription: state.Document) -> dict[str, Any]:
        copied = ("id", "subscriber", "ttl", "options", "confirmed")
        shown = {name: subscription[name] for name in copied}
        return {**shown, "age": self._age(subscription), "source": subscription["queue"].split(":", 1)[1]}

    # -- steps -------------------------------------------------------------------------------------------------------

    def _queue(self, call: Call) -> str:
        return _key(access.project(call), self._name(call))

    @staticmethod
    def _name(call: Call) -> str:
        name = call.params["queue"]
        if len(name) > _NAME_LIMIT or not name.replace("-", "").replace("_", "").isalnum():
            raise errors.ApiError(
                400,
                f"Queue names are more than 0 and at most {_NAME_LIMIT} letters, digits, underscores and hyphens.",
                kind="Invalid queue identification",
            )
        return name


def _key(project_id: str, name: str) -> str:
    return f"{project_id}:{name}"


def _metadata(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _refused("Queue metadata is a JSON object.")
    if len(str(given)) > _MOST_METADATA:
        raise _refused(f"Queue metadata is too large. Max size: {_MOST_METADATA}")
    return given


def _ttl(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(f"A time to live is a number of seconds, not {value!r}.")
    if not messages.SHORTEST_TTL <= value <= messages.LONGEST_TTL:
        raise _refused(
            f"The TTL can not exceed {messages.LONGEST_TTL} seconds, and must be at least "
            f"{messages.SHORTEST_TTL} seconds long."
        )
    return value


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(_LISTED))
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_LISTED:
        raise _refused(f"Limit must be at least 1 and may not be greater than {_MOST_LISTED}.")
    return int(text)


def _is_on(call: Call, name: str) -> bool:
    return call.query.get(name, "").lower() in ("true", "1", "yes")


def _next(call: Call, marker: str | None) -> list[dict[str, str]]:
    """The link to the page after an element; none after an empty page."""
    if marker is None:
        return []
    kept = [(name, value) for name, value in call.query.multi_items() if name != "marker"]
    return [{"rel": "next", "href": f"{call.path}?{urlencode([*kept, ('marker', marker)])}"}]


def _refused(message: str) -> errors.ApiError:
    return errors.ApiError(400, message, kind="Invalid API request")
