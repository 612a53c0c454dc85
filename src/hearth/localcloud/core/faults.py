"""What shall go wrong? Rules set through the admin API: failing or slow requests, and outcomes that turn out badly.

A request rule has conditions (service, method, path, probability, count) and an effect (status, latency); it is looked
up before each request, and once more after the work for rules with `after_work` (the work is done, the answer lost).
An outcome rule (`kind` set: "server_error") is asked for by the service concerned: a server whose name matches ends in
ERROR. Rules are kept in the state and survive a restart; `count` counts down to 0, where the rule is spent.
"""

import random
import re
from collections.abc import Mapping
from typing import Any

from hearth.localcloud.core import errors, ids, state

#: Field -> (accepted types, default).
_FIELDS: Mapping[str, tuple[tuple[type, ...], Any]] = {
    "service": ((str,), ""),
    "kind": ((str,), ""),
    "match": ((str,), ""),
    "method": ((str,), ""),
    "path": ((str,), ""),
    "status": ((int,), 0),
    "message": ((str,), ""),
    "retry_after": ((int,), 0),
    "latency": ((int, float), 0.0),
    "probability": ((int, float), 1.0),
    "count": ((int, type(None)), None),
    "after_work": ((bool,), False),
    "drop": ((bool,), False),
    "silent": ((bool,), False),
    "late": ((int, float), 0.0),
}


class Faults:
    """The rules in force."""

    def __init__(self, store: state.State) -> None:
        self._store = store
        self._table = store.table("core.faults")
        self._random = random.Random()

    def add(self, rule: Mapping[str, Any]) -> state.Document:
        """Put a rule in force; returns it with its id. Raises ApiError 400 naming the field that is wrong.

        `service`, `method`: exact, empty means any. `path`: regular expression searched in the path below the
        service's prefix. `status` 400-599: the answer; 0 leaves the answer alone (latency only). `drop`: close the
        connection instead of an answer. `silent`: keep the connection open and never answer. `latency`: real seconds.
        `retry_after`: seconds that an answer with a status asks to wait; 0: it does not say.
        `late`: cut the request off at once and do its work so many real seconds later.
        `count`: how many more times; null for ever.
        """
        document: state.Document = {"id": ids.new_id()}
        unknown = set(rule) - set(_FIELDS) - {"id"}
        if unknown:
            raise errors.ApiError(400, f"unknown fault field {min(unknown)!r}; there are: {', '.join(sorted(_FIELDS))}")
        for field, (types, default) in _FIELDS.items():
            value = rule.get(field, default)
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise errors.ApiError(400, f"fault field {field}: {value!r} has the wrong type")
            document[field] = value
        for field in ("path", "match"):
            try:
                re.compile(document[field])
            except re.error as error:
                raise errors.ApiError(400, f"fault field {field}: {error}") from None
        if document["status"] and not 400 <= document["status"] <= 599:
            raise errors.ApiError(400, f"fault field status: {document['status']} is not between 400 and 599")
        if not 0 <= document["probability"] <= 1:
            raise errors.ApiError(400, f"fault field probability: {document['probability']} is not between 0 and 1")
        for field in ("latency", "late", "retry_after"):
            if not 0 <= document[field] <= 3600:
                raise errors.ApiError(400, f"fault field {field}: {document[field]} is not between 0 and 3600 seconds")
        document["method"] = document["method"].upper()
        with self._store.transaction():
            return self._table.insert(document)

    def list(self) -> list[state.Document]:
        """All rules, oldest first."""
        return self._table.select()

    def remove(self, id: str) -> bool:
        """Take a rule out of force; False when there is none of this id."""
        if id not in self._table:
            return False
        with self._store.transaction():
            self._table.delete(id)
        return True

    def clear(self) -> None:
        """Take every rule out of force."""
        with self._store.transaction():
            for rule in self._table:
                self._table.delete(rule["id"])

    def for_request(self, service: str, method: str, path: str) -> state.Document | None:
        """The first rule that hits this request, counted down; None in a healthy cloud."""
        for rule in self._table if len(self._table) else ():
            if rule["kind"] or (rule["service"] and rule["service"] != service):
                continue
            if rule["method"] and rule["method"] != method:
                continue
            if rule["path"] and not re.search(rule["path"], path):
                continue
            if self._take(rule):
                return rule
        return None

    def outcome(self, service: str, kind: str, name: str) -> state.Document | None:
        """The first rule for things of this name ("nova", "server_error", "web-1"), counted down."""
        for rule in self._table if len(self._table) else ():
            if rule["kind"] != kind or (rule["service"] and rule["service"] != service):
                continue
            if rule["match"] and not re.search(rule["match"], name):
                continue
            if self._take(rule):
                return rule
        return None

    def _take(self, rule: state.Document) -> bool:
        if rule["count"] == 0 or (rule["probability"] < 1 and self._random.random() >= rule["probability"]):
            return False
        if rule["count"] is not None:
            with self._store.transaction():
                self._table.update(rule["id"], count=rule["count"] - 1)
        return True
