"""Alarms at /alarming: kept, looked at whenever measures come in or somebody asks, and told of.

Beside Aodh's API there are the two places where Ceilometer took what alarms look at: `POST /v2/meters/{name}` takes
samples, `POST /v2/events` events. Measures for Gnocchi's alarms go to the metric service (metrics.py). Outside of the
times in which an alarm counts (time_constraints) measures do not change it; events do.

Spec: https://docs.openstack.org/aodh/latest/webapi/v2.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from hearth.localcloud.aodh import evaluation, metrics, telling
from hearth.localcloud.core import errors, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field, one_of, read_only
from hearth.localcloud.keystone import delegation

_STATES = (evaluation.OK, evaluation.ALARM, evaluation.UNKNOWN)
#: Fields that a rule of each kind must have.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "threshold": ("meter_name", "threshold"),
    "gnocchi_resources_threshold": ("aggregation_method", "metric", "resource_id", "resource_type", "threshold"),
    "gnocchi_aggregation_by_metrics_threshold": ("aggregation_method", "metrics", "threshold"),
    "gnocchi_aggregation_by_resources_threshold": (
        "aggregation_method",
        "metric",
        "query",
        "resource_type",
        "threshold",
    ),
    "event": (),
    "composite": (),
    "loadbalancer_member_health": ("pool_id", "stack_id", "autoscaling_group_id"),
    "prometheus": ("query", "threshold"),
}
#: What is done when an alarm enters a state.
_ACTIONS = ("ok_actions", "alarm_actions", "insufficient_data_actions")
#: Seconds before an action is repeated.
_AGAIN = 60


def _actions(value: list[Any]) -> list[Any]:
    for one in value:
        if str(one).partition(":")[0] not in telling.SCHEMES:
            raise ValueError(f"Unsupported action {one}")
    return list(dict.fromkeys(value))


class Alarms(staged.Staged):
    """The alarms."""

    singular, plural, path = "alarm", "alarms", "/v2/alarms"
    bare = True
    identity = "alarm_id"
    stamps = ("timestamp", "state_timestamp")
    index = ("project_id",)
    fields = (
        Field("name", required=True),
        Field("type", required=True, check=one_of(*_NEEDED)),
        Field("enabled", bool, default=True),
        Field("description", default=""),
        Field("severity", default="low", check=one_of("low", "moderate", "critical")),
        Field("state", default=evaluation.UNKNOWN, check=one_of(*_STATES)),
        Field("repeat_actions", bool, default=False),
        Field("time_constraints", list, default=[], check=evaluation.check_times),
        *(Field(name, list, default=[], check=_actions) for name in _ACTIONS),
        *(Field(f"{kind}_rule", dict) for kind in _NEEDED),
        read_only("state_reason", default="Not evaluated yet"),
    )
    update_method = "PUT"

    def refuse(self, message: str) -> errors.ApiError:
        return errors.ApiError(400, f"Invalid input: {message}")

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"Alarm {id} not found")

    def checked(self, call: service.Call, given: Any, *, creating: bool) -> state.Document:
        """What the service itself sets is taken and overlooked, as in all that a client sends back."""
        ours = (
            "alarm_id",
            "timestamp",
            "state_timestamp",
            "state_reason",
            "evaluate_timestamp",
            "user_id",
            "project_id",
        )
        sent = {name: value for name, value in given.items() if name not in ours and value is not None}
        values = super().checked(call, sent, creating=creating)
        self._check_rule(values)
        if any(str(one).startswith("trust+") for name in _ACTIONS for one in values.get(name) or ()):
            delegation.require(call, 500)
        return values

    def _check_rule(self, values: state.Document) -> None:
        kind = values.get("type")
        if kind is None:
            raise self.refuse("type: mandatory field missing.")
        rule = values.get(f"{kind}_rule")
        if rule is None:
            raise self.refuse(f"{kind}_rule must be set for {kind} type alarm")
        self._check(kind, rule)

    def _check(self, kind: str, rule: Mapping[str, Any]) -> None:
        """Whether a rule, or a part of a composite one, can be evaluated. Raises 400."""
        if kind == "composite":
            parts = rule.get("and") or rule.get("or")
            if not isinstance(parts, list) or len(rule) != 1 or not all(isinstance(one, Mapping) for one in parts):
                raise self.refuse(f"Invalid rule: {dict(rule)}")
            for part in parts:
                inner = "composite" if {"and", "or"} & part.keys() else part.get("type")
                if inner not in _NEEDED:
                    raise self.refuse(f"Unsupported sub-rule type :{inner} in composite rule")
                self._check(inner, part)
            return
        for name in _NEEDED[kind]:
            if name not in rule:
                raise self.refuse(f"Invalid input for field/attribute {name}. Value: 'None'. Mandatory field missing.")
        threshold = rule.get("threshold", 0)
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise self.refuse(f"threshold: {threshold!r} is not a number.")
        if kind == "gnocchi_aggregation_by_resources_threshold":
            try:
                evaluation.as_query(rule["query"])
            except ValueError:
                raise self.refuse(f"query: {rule['query']!r} is not JSON.") from None
        aggregation = rule.get("statistic") or rule.get("aggregation_method")
        if not evaluation.knows(aggregation):
            raise self.refuse(f"aggregation_method {aggregation!r} is not supported.")

    def complete(self, call: service.Call, document: state.Document) -> None:
        document["user_id"] = call.identity.user_id
        document["state_timestamp"] = document["timestamp"]

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> Any:
        return shown

    def select(self, call: service.Call) -> list[state.Document]:
        """Filters come as q.field, q.op and q.value."""
        found = list(self.candidates(call))
        names, values = call.query.getlist("q.field"), call.query.getlist("q.value")
        for name, value in zip(names, values, strict=False):
            found = [one for one in found if str(one.get(name)) == value]
        return [one for one in found if self.visible(call, one)]

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        return {name: value for name, value in shown.items() if value is not None or not name.endswith("_rule")}

    def routes(self) -> list[Route]:
        one = self.path + "/{id}"
        return [
            *super().routes(),
            Route("GET", one + "/state", lambda call: self.find(call, call.params["id"])["state"]),
            Route("PUT", one + "/state", self.set_state),
        ]

    def set_state(self, call: service.Call) -> Any:
        """Say which state an alarm has; nobody is told."""
        document = self.mine(call)
        if call.body not in _STATES:
            raise self.refuse(f"state: {call.body!r} is not one of {', '.join(_STATES)}.")
        self.table.update(
            document["id"], state=call.body, state_timestamp=self.now(), state_reason="Manually set via API"
        )
        return call.body

    def enter(self, alarm: state.Document, found: evaluation.State) -> None:
        """What was found: a new state is told of, the same one now and then if that is wanted."""
        now = self.cloud.clock.now()
        is_new = found.name != alarm["state"]
        if not is_new and not (alarm["repeat_actions"] and now - alarm.get("_told", 0) >= _AGAIN):
            return
        changes: dict[str, Any] = {"_told": now}
        if is_new:
            changes |= {"state": found.name, "state_timestamp": self.now(), "state_reason": found.reason}
        after = self.table.update(alarm["id"], **changes)
        body = {
            "alarm_id": alarm["id"],
            "alarm_name": alarm["name"],
            "severity": alarm["severity"],
            "previous": alarm["state"],
            "current": found.name,
            "reason": found.reason,
            "reason_data": dict(found.data),
        }
        telling.tell(self.cloud, after, body)


class Aodh(staged.StagedService):
    """API v2."""

    name = "aodh"
    service_type = "alarming"
    prefix = "/alarming"
    catalog_path = "/alarming"
    version = "/v2"

    def build(self) -> Sequence[staged.Staged]:
        self.alarms = Alarms(self)
        return (self.alarms,)

    def routes(self) -> list[Route]:
        return [
            *super().routes(),
            Route("POST", "/v2/meters/{name}", self.take_samples),
            Route("POST", "/v2/events", self.take_events),
        ]

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        return {"error_message": {"debuginfo": None, "faultcode": "Client", "faultstring": error.message}}

    def catch_up(self) -> None:
        """Alarms change by time alone, too."""
        super().catch_up()
        self.evaluate()

    def evaluate(self) -> None:
        """Look at all alarms."""
        known: dict[str, Sequence[evaluation.Measure]] = {}
        now = self.cloud.clock.now()
        for alarm in self.alarms.table:
            if not alarm["enabled"] or not evaluation.is_time(alarm["time_constraints"], now):
                continue
            project = alarm["project_id"]
            if project not in known:
                known[project] = self.gnocchi.measures(project)
            kind = alarm["type"]
            found = evaluation.evaluate(kind, alarm[f"{kind}_rule"], known[project], alarm["state"], now)
            if found is not None:
                self.alarms.enter(alarm, found)

    @property
    def gnocchi(self) -> "metrics.Gnocchi":
        """Where measures are kept."""
        return cast("metrics.Gnocchi", self.cloud.service("gnocchi"))

    def take_samples(self, call: service.Call) -> Any:
        """Samples of a meter: [{"counter_volume", "resource_id", "resource_metadata", "timestamp"}]."""
        for one in call.body if isinstance(call.body, list) else ():
            value = one.get("counter_volume") if isinstance(one, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise errors.ApiError(400, f"Invalid input: counter_volume {value!r} is not a number.")
            resource, metadata = str(one.get("resource_id")), one.get("resource_metadata") or {}
            self.gnocchi.put(call, call.params["name"], resource, value, one.get("timestamp"), metadata)
        self.evaluate()
        return Reply(201, call.body)

    def take_events(self, call: service.Call) -> Any:
        """Events: [{"event_type", "traits": {name: value}}]. An alarm goes off with each that it is about."""
        for one in call.body if isinstance(call.body, list) else ():
            kind, traits = str(one.get("event_type")), one.get("traits") or {}
            for alarm in self.alarms.table.select(project_id=call.identity.project_id):
                if alarm["type"] != "event" or not alarm["enabled"]:
                    continue
                if evaluation.goes_off(alarm["event_rule"], kind, traits):
                    reason = f"Event {kind} hits the query of the alarm"
                    self.alarms.enter(
                        alarm, evaluation.State(evaluation.ALARM, reason, {"type": "event", "event": one})
                    )
        return Reply(202)
