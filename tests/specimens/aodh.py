"""Specimens of the alarms."""

from collections.abc import Mapping
from typing import Any

from specimens.form import Specimen, of, ref

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
NEW_TIMES = {"time_constraints": []}


def specimen(common: Mapping[str, Any], around: Mapping[str, Any] | None = None, **properties: Any) -> Specimen:
    updates = {key: value for key, value in UPDATES.items() if key in common}
    if "resource_type" in properties and "query" in properties:
        updates["query"] = '{"=": {"server_group": "db"}}'
    return Specimen({**common, **properties}, {**QUEUE, **(around or {})}, updates=updates, replaces=NEW_TIMES)


SPECIMENS: Mapping[str, Specimen] = {
    "OS::Aodh::Alarm": specimen(
        LASTING,
        meter_name="cpu_util",
        statistic="avg",
        period=60,
        query=[{"field": "resource_id", "op": "eq", "value": "one"}],
        matching_metadata={"stack": "mine"},
    ),
    "OS::Aodh::GnocchiResourcesAlarm": specimen(GNOCCHI, metric="cpu", resource_id="one", resource_type="instance"),
    "OS::Aodh::GnocchiAggregationByMetricsAlarm": specimen(GNOCCHI, metrics=["a", "b"]),
    "OS::Aodh::GnocchiAggregationByResourcesAlarm": specimen(
        GNOCCHI, metric="cpu", query='{"=": {"server_group": "web"}}', resource_type="instance"
    ),
    "OS::Aodh::EventAlarm": specimen(
        COMMON,
        event_type="compute.instance.*",
        query=[{"field": "traits.state", "op": "eq", "value": "error"}],
    ),
    "OS::Aodh::CompositeAlarm": specimen(
        COMMON,
        composite_rule={
            "operator": "or",
            "rules": [
                {
                    "type": "gnocchi_aggregation_by_metrics_threshold",
                    "metrics": ["a"],
                    "aggregation_method": "mean",
                    "threshold": 1,
                },
                {"operator": "and", "rules": [{"type": "prometheus", "query": name, "threshold": 1} for name in "bc"]},
            ],
        },
    ),
    "OS::Aodh::LBMemberHealthAlarm": specimen(
        COMMON,
        {
            "net": of("OS::Neutron::Net"),
            "subnet": of("OS::Neutron::Subnet", network=ref("net"), cidr="10.9.0.0/24"),
            "balancer": of("OS::Octavia::LoadBalancer", vip_subnet=ref("subnet")),
            "pool": of("OS::Octavia::Pool", loadbalancer=ref("balancer"), protocol="HTTP", lb_algorithm="ROUND_ROBIN"),
        },
        pool=ref("pool"),
        stack="a stack",
        autoscaling_group_id="a group",
    ),
    "OS::Aodh::PrometheusAlarm": specimen(MEASURED, query="up"),
}
