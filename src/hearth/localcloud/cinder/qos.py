"""QoS specs, for admins: named sets of limits that volume types may carry."""

from typing import Any

from hearth.localcloud.cinder import book, refusals, rules
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply, Route

_POLICY = "volume_extension:qos_specs_manage:{}"
_CONSUMER = rules.one_of("front-end", "back-end", "both")


class QosSpecs:
    """The /qos-specs collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/qos-specs/{qos_id}"
        return [
            Route("GET", "/qos-specs", self.index),
            Route("POST", "/qos-specs", self.create),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("PUT", one + "/delete_keys", self.delete_keys),
            Route("GET", one + "/associations", self.associations),
            # These three change things by GET, as the real service has it.
            Route("GET", one + "/associate", self.associate),
            Route("GET", one + "/disassociate", self.disassociate),
            Route("GET", one + "/disassociate_all", self.disassociate_all),
        ]

    def index(self, call: service.Call) -> Any:
        """GET /qos-specs."""
        refusals.admin_only(call, _POLICY.format("get_all"))
        return {"qos_specs": [_view(each) for each in self._book.qos.select()[::-1]]}

    def create(self, call: service.Call) -> Any:
        """POST /qos-specs."""
        refusals.admin_only(call, _POLICY.format("create"))
        wanted = rules.read(call.body, "qos_specs", rules.Shape({"name": rules.name}, required=("name",), open=True))
        consumer = wanted.get("consumer", "back-end")
        if problem := _CONSUMER(consumer):
            raise rules.invalid("consumer", consumer, problem)
        if self._book.qos.select(name=wanted["name"]):
            raise refusals.conflict(f"QoS Specs {wanted['name']} already exists.")
        specs = {key: str(value) for key, value in rules.without(wanted, {"name", "consumer"}).items()}
        made = self._book.qos.insert({"id": ids.new_id(), "name": wanted["name"], "consumer": consumer, "specs": specs})
        return self._shown(call, made)

    def show(self, call: service.Call) -> Any:
        """GET /qos-specs/{id}."""
        return self._shown(call, self._of(call, "get"))

    def update(self, call: service.Call) -> Any:
        """PUT /qos-specs/{id}: add or change keys."""
        found = self._of(call, "update")
        wanted = rules.read(call.body, "qos_specs", rules.Shape({"consumer": _CONSUMER}, open=True))
        specs = {**found["specs"], **{key: str(value) for key, value in wanted.items() if key != "consumer"}}
        self._book.qos.update(found["id"], specs=specs, consumer=wanted.get("consumer", found["consumer"]))
        return {"qos_specs": wanted}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /qos-specs/{id}."""
        found = self._of(call, "delete")
        using = self._using(found)
        if using and not rules.truth(call.query.get("force", "false")):
            raise refusals.bad("Qos specs still in use.")
        self._carry(using, None)
        self._book.qos.delete(found["id"])
        return Reply(202)

    def delete_keys(self, call: service.Call) -> Reply:
        """PUT /qos-specs/{id}/delete_keys."""
        found = self._of(call, "delete")
        keys = call.body.get("keys") if isinstance(call.body, dict) else None
        if not isinstance(keys, list):
            raise refusals.bad("'keys' is a required property")
        for key in keys:
            if key not in found["specs"]:
                raise refusals.bad(f"QoS spec {found['id']} has no spec with key {key}.")
        self._book.qos.update(found["id"], specs=rules.without(found["specs"], set(keys)))
        return Reply(202)

    def associations(self, call: service.Call) -> Any:
        """GET /qos-specs/{id}/associations."""
        using = self._using(self._of(call, "get"))
        rows = [{"association_type": "volume_type", "name": each["name"], "id": each["id"]} for each in using]
        return {"qos_associations": rows}

    def associate(self, call: service.Call) -> Reply:
        """GET /qos-specs/{id}/associate?vol_type_id=."""
        found, chosen = self._of(call, "update"), self._type(call)
        if chosen["qos_specs_id"] not in (None, found["id"]):
            raise refusals.bad(
                f"Invalid volume type: Type {chosen['id']} is already associated with another qos specs."
            )
        self._carry([chosen], found["id"])
        return Reply(202)

    def disassociate(self, call: service.Call) -> Reply:
        """GET /qos-specs/{id}/disassociate?vol_type_id=."""
        self._of(call, "update")
        self._carry([self._type(call)], None)
        return Reply(202)

    def disassociate_all(self, call: service.Call) -> Reply:
        """GET /qos-specs/{id}/disassociate_all."""
        self._carry(self._using(self._of(call, "update")), None)
        return Reply(202)

    def _of(self, call: service.Call, verb: str) -> state.Document:
        refusals.admin_only(call, _POLICY.format(verb))
        found = self._book.qos.get(call.params["qos_id"])
        if found is None:
            raise refusals.not_found(f"No such QoS spec {call.params['qos_id']}.")
        return found

    def _type(self, call: service.Call) -> state.Document:
        wanted = call.query.get("vol_type_id")
        if not wanted:
            raise refusals.bad("Volume Type id must not be None.")
        return self._book.volume_type(call.identity, wanted)

    def _using(self, found: state.Document) -> list[state.Document]:
        return [each for each in self._book.types if each["qos_specs_id"] == found["id"]]

    def _carry(self, types: list[state.Document], qos_id: str | None) -> None:
        for each in types:
            self._book.types.update(each["id"], qos_specs_id=qos_id)

    def _shown(self, call: service.Call, found: state.Document) -> Any:
        href = f"/v3/{call.params['project_id']}/qos-specs/{found['id']}"
        links = [
            {"rel": "self", "href": call.service.url(href)},
            {"rel": "bookmark", "href": call.service.url(href.removeprefix("/v3"))},
        ]
        return {"qos_specs": _view(found), "links": links}


def _view(found: state.Document) -> dict[str, Any]:
    return {"id": found["id"], "name": found["name"], "consumer": found["consumer"], "specs": found["specs"]}
