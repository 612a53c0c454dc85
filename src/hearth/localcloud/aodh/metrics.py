"""Measures at /metric: what Gnocchi takes, as far as alarms need it. They are kept for a day of the cloud's time.

A metric is known by its id, or by its name and resource. Resources need not be made before measures come for them.

Spec: https://gnocchi.osci.io/rest.html
"""

import datetime
from collections.abc import Sequence
from typing import Any, Protocol, cast

from hearth.localcloud.aodh import evaluation
from hearth.localcloud.core import cloud, errors, ids, service, state
from hearth.localcloud.core.service import Reply, Route

_KEPT = 86_400


class Evaluates(Protocol):
    """What measures need of the alarm service, which itself reads measures."""

    def evaluate(self) -> None:
        """Look at all alarms."""


class Gnocchi(service.Service):
    """Measures, metrics and resources of API v1."""

    name = "gnocchi"
    service_type = "metric"
    prefix = "/metric"
    catalog_path = "/metric"

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self._measures = owner.state.table("gnocchi.measures", index=("project_id",))
        self._metrics = owner.state.table("gnocchi.metrics", index=("project_id",))
        self._resources = owner.state.table("gnocchi.resources", index=("project_id",))

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.versions, public=True),
            Route("POST", "/v1/metric", self.create_metric),
            Route("GET", "/v1/metric/{id}", lambda call: self._shown(self._metric(call))),
            Route("DELETE", "/v1/metric/{id}", self.delete_metric),
            Route("GET", "/v1/metric/{id}/measures", self.list_measures),
            Route("POST", "/v1/metric/{id}/measures", self.take_measures),
            Route("POST", "/v1/batch/metrics/measures", self.take_by_metric),
            Route("POST", "/v1/batch/resources/metrics/measures", self.take_by_resource),
            Route("POST", "/v1/resource/{type}", self.create_resource),
            Route("GET", "/v1/resource/{type}/{id}", lambda call: self._shown(self._resource(call))),
            Route("DELETE", "/v1/resource/{type}/{id}", self.delete_resource),
        ]

    def versions(self, call: service.Call) -> Any:
        """The one version there is."""
        return {"versions": [{"id": "v1.0", "status": "CURRENT", "links": [{"rel": "self", "href": self.url("/v1/")}]}]}

    # -- for alarms --------------------------------------------------------------------------------------------------

    def measures(self, project_id: str) -> Sequence[evaluation.Measure]:
        """All measures of a project, the oldest first."""
        attributes = {one["id"]: one["attributes"] for one in self._resources.select(project_id=project_id)}
        found = [
            evaluation.Measure(
                one["metric"],
                one["resource"],
                one["time"],
                one["value"],
                {**attributes.get(one["resource"], {}), **one["metadata"]},
            )
            for one in self._measures.select(project_id=project_id)
        ]
        return sorted(found, key=lambda one: one.time)

    def put(
        self, call: service.Call, metric: str, resource: str, value: float, time: Any, metadata: dict[str, Any]
    ) -> None:
        """Keep a measure; those that are older than a day are dropped."""
        now, project = self.cloud.clock.now(), call.identity.project_id
        for one in self._measures.select(project_id=project):
            if now - one["time"] <= _KEPT:
                break
            self._measures.delete(one["id"])
        self._measures.insert(
            {
                "id": ids.new_id(),
                "project_id": project,
                "metric": metric,
                "resource": resource,
                "time": now if time is None else _moment(time),
                "value": float(value),
                "metadata": metadata,
            }
        )

    def _take(self, call: service.Call, metric: str, resource: str, measures: Any) -> None:
        if isinstance(measures, dict):
            measures = measures.get("measures")
        if not isinstance(measures, list):
            raise errors.ApiError(400, "Invalid input: expected a list of measures")
        for one in measures:
            value = one.get("value") if isinstance(one, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise errors.ApiError(400, f"Invalid input: value {value!r} is not a number")
            self.put(call, metric, resource, value, one.get("timestamp"), {})

    def _evaluated(self) -> Reply:
        cast("Evaluates", self.cloud.service("aodh")).evaluate()
        return Reply(202)

    # -- routes ------------------------------------------------------------------------------------------------------

    def take_measures(self, call: service.Call) -> Any:
        """Measures of one metric."""
        metric = self._metric(call)
        self._take(call, metric["id"], metric.get("resource_id") or "", call.body)
        return self._evaluated()

    def take_by_metric(self, call: service.Call) -> Any:
        """{metric id: measures}."""
        for metric, measures in (call.body if isinstance(call.body, dict) else {}).items():
            self._take(call, metric, "", measures)
        return self._evaluated()

    def take_by_resource(self, call: service.Call) -> Any:
        """{resource id: {metric name: measures}}."""
        for resource, several in (call.body if isinstance(call.body, dict) else {}).items():
            for metric, measures in several.items():
                self._take(call, metric, resource, measures)
        return self._evaluated()

    def list_measures(self, call: service.Call) -> Any:
        """[[time, seconds of the period, value]]."""
        its_id = self._metric(call)["id"]
        found = [one for one in self.measures(call.identity.project_id) if one.metric == its_id]
        return [[self.cloud.clock.iso(one.time), 1.0, one.value] for one in found]

    def create_metric(self, call: service.Call) -> Any:
        """A new metric."""
        body = call.body if isinstance(call.body, dict) else {}
        made: state.Document = {"id": ids.new_id(), "project_id": call.identity.project_id}
        made |= {name: body.get(name) for name in ("name", "resource_id", "unit", "archive_policy_name")}
        return Reply(201, self._shown(self._metrics.insert(made)))

    def delete_metric(self, call: service.Call) -> Any:
        """Remove a metric."""
        self._metrics.delete(self._metric(call)["id"])
        return Reply(204)

    def create_resource(self, call: service.Call) -> Any:
        """A new resource: its attributes are what queries look at."""
        body = dict(call.body) if isinstance(call.body, dict) else {}
        its_id = str(body.pop("id", "") or ids.new_id())
        if its_id in self._resources:
            raise errors.ApiError(409, f"Resource {its_id} already exists")
        body.pop("metrics", None)
        made = {"id": its_id, "project_id": call.identity.project_id, "type": call.params["type"], "attributes": body}
        return Reply(201, self._shown(self._resources.insert(made)))

    def delete_resource(self, call: service.Call) -> Any:
        """Remove a resource."""
        self._resources.delete(self._resource(call)["id"])
        return Reply(204)

    def _metric(self, call: service.Call) -> state.Document:
        return _found(call, self._metrics.get(call.params["id"]), "Metric")

    def _resource(self, call: service.Call) -> state.Document:
        return _found(call, self._resources.get(call.params["id"]), "Resource")

    def _shown(self, document: state.Document) -> dict[str, Any]:
        shown = dict(document)
        return {**shown.pop("attributes", {}), **shown}


def _found(call: service.Call, document: state.Document | None, what: str) -> state.Document:
    if document is None or not call.identity.sees(document["project_id"]):
        raise errors.ApiError(404, f"{what} {call.params['id']} does not exist")
    return document


def _moment(time: Any) -> float:
    if isinstance(time, int | float):
        return float(time)
    try:
        moment = datetime.datetime.fromisoformat(str(time))
    except ValueError:
        raise errors.ApiError(400, f"Invalid input: {time!r} is not a time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()
