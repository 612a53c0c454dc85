"""Specimens of the alarms."""

from collections.abc import Mapping
from typing import Any

from specimens.form import Request, Specimen, of, ref

COMMON: dict[str, Any] = {
    "description": "mine",
    "alarm_actions": ["http://there/alarm"],
    "alarm_queues": [ref("told")],
    "ok_actions": ["http://there/ok"],
    "time_constraints": [{"name": "night", "start": "0 23 * * *", "duration": 3600}],
}
MEASURED: dict[str, Any] = {**COMMON, "threshold": 50, "comparison_operator": "gt"}
LASTING: dict[str, Any] = {**MEASURED, "evaluation_periods": 2}
GNOCCHI: dict[str, Any] = {**LASTING, "granularity": 60, "aggregation_method": "mean"}
QUEUE = {"told": of("OS::Zaqar::Queue", name="told")}
UPDATES = {"alarm_actions": ["http://there/other"], "alarm_queues": [], "threshold": 60, "aggregation_method": "max"}
MEASURED_RULE = {
    "type": "gnocchi_aggregation_by_metrics_threshold",
    "metrics": ["a"],
    "aggregation_method": "mean",
    "threshold": 1,
}
PROMETHEUS_RULES = [{"type": "prometheus", "query": name, "threshold": 1} for name in "bc"]
NEW_TIMES = {"time_constraints": []}


def specimen(
    kind: str,
    common: Mapping[str, Any],
    around: Mapping[str, Any] | None = None,
    rule: Mapping[str, Any] | None = None,
    **properties: Any,
) -> Specimen:
    """`kind`: what the service calls it; `rule`: what its rule has there in another form, None for nothing."""
    updates = {key: value for key, value in UPDATES.items() if key in common}
    if "resource_type" in properties and "query" in properties:
        updates["query"] = '{"=": {"server_group": "db"}}'
    whole = {**{key: value for key, value in {**common, **properties}.items() if key not in COMMON}, **(rule or {})}
    return Specimen(
        {**common, **properties},
        {**QUEUE, **(around or {})},
        updates=updates,
        replaces=NEW_TIMES,
        changes={"severity": graver(kind, {key: value for key, value in whole.items() if value is not None})},
    )


def graver(kind: str, rule: Mapping[str, Any]) -> Request:
    """Somebody else finds an alarm critical: the service wants to have all of it."""
    alarm = {
        "name": "theirs",
        "type": kind,
        "description": "mine",
        "severity": "critical",
        "repeat_actions": True,
        "alarm_actions": ["http://there/alarm", "trust+zaqar://?queue_name=told"],
        "ok_actions": ["http://there/ok"],
        "time_constraints": COMMON["time_constraints"],
        f"{kind}_rule": rule,
    }
    return Request("alarming", "PUT", "/v2/alarms/{it}", alarm)


SPECIMENS: Mapping[str, Specimen] = {
    "OS::Aodh::Alarm": specimen(
        "threshold",
        LASTING,
        rule={
            "query": [
                {"field": "resource_id", "op": "eq", "value": "one", "type": "string"},
                {"field": "metadata.metering.stack", "op": "eq", "value": "mine"},
            ],
            "matching_metadata": None,
        },
        meter_name="cpu_util",
        statistic="avg",
        period=60,
        query=[{"field": "resource_id", "op": "eq", "value": "one"}],
        matching_metadata={"stack": "mine"},
    ),
    "OS::Aodh::GnocchiResourcesAlarm": specimen(
        "gnocchi_resources_threshold", GNOCCHI, metric="cpu", resource_id="one", resource_type="instance"
    ),
    "OS::Aodh::GnocchiAggregationByMetricsAlarm": specimen(
        "gnocchi_aggregation_by_metrics_threshold", GNOCCHI, metrics=["a", "b"]
    ),
    "OS::Aodh::GnocchiAggregationByResourcesAlarm": specimen(
        "gnocchi_aggregation_by_resources_threshold",
        GNOCCHI,
        rule={"query": '{{"=": {{"server_group": "web"}}}}'},
        metric="cpu",
        query='{"=": {"server_group": "web"}}',
        resource_type="instance",
    ),
    "OS::Aodh::EventAlarm": specimen(
        "event",
        COMMON,
        rule={"query": [{"field": "traits.state", "op": "eq", "value": "error", "type": "string"}]},
        event_type="compute.instance.*",
        query=[{"field": "traits.state", "op": "eq", "value": "error"}],
    ),
    "OS::Aodh::CompositeAlarm": specimen(
        "composite",
        COMMON,
        rule={"composite_rule": None, "or": [MEASURED_RULE, {"and": PROMETHEUS_RULES}]},
        composite_rule={
            "operator": "or",
            "rules": [MEASURED_RULE, {"operator": "and", "rules": PROMETHEUS_RULES}],
        },
    ),
    "OS::Aodh::LBMemberHealthAlarm": specimen(
        "loadbalancer_member_health",
        COMMON,
        {
            "net": of("OS::Neutron::Net"),
            "subnet": of("OS::Neutron::Subnet", network=ref("net"), cidr="10.9.0.0/24"),
            "balancer": of("OS::Octavia::LoadBalancer", vip_subnet=ref("subnet")),
            "pool": of("OS::Octavia::Pool", loadbalancer=ref("balancer"), protocol="HTTP", lb_algorithm="ROUND_ROBIN"),
        },
        rule={"pool": None, "pool_id": "{pool}", "stack": None, "stack_id": "a stack"},
        pool=ref("pool"),
        stack="a stack",
        autoscaling_group_id="a group",
    ),
    "OS::Aodh::PrometheusAlarm": specimen("prometheus", MEASURED, query="up"),
}
