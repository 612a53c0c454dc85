"""The alarms that are not about measures of Gnocchi: events, other alarms, members of a pool, Prometheus.

Spec: https://docs.openstack.org/aodh/latest/webapi/v2.html
"""

from collections.abc import Mapping
from typing import Any

from hearth.resources import base
from hearth.resources.aodh import alarm
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import Property


@base.resource("OS::Aodh::EventAlarm", since="8.0.0")
class EventAlarm(alarm.Alarm):
    """An alarm about events.

    Goes off with each event of a kind.
    """

    kind, rule_field = "event", "event_rule"

    event_type = Property(str, "Type of the event; * stands for any text.", default="*", updatable=True)
    query = alarm.query()


def _composed(given: Any) -> Any:
    """A composite rule as the service has it: the operator is the key of its rules."""
    if isinstance(given, Mapping) and {"operator", "rules"} <= given.keys():
        return {given["operator"]: [_composed(one) for one in given["rules"]]}
    return given


def _composite(call: Call, observed: Observed) -> Any:
    """The rule as it was given, if that is what the service has."""
    given, shown = call.properties["composite_rule"], observed.get("composite_rule")
    return given if _contained(_composed(given), shown) else shown


def _contained(given: Any, shown: Any) -> bool:
    if isinstance(given, Mapping) and isinstance(shown, Mapping):
        return all(key in shown and _contained(value, shown[key]) for key, value in given.items())
    if isinstance(given, list) and isinstance(shown, list):
        return len(given) == len(shown) and all(map(_contained, given, shown))
    return bool(given == shown)


@base.resource("OS::Aodh::CompositeAlarm", since="8.0.0")
class CompositeAlarm(alarm.Alarm):
    """An alarm made of several rules.

    Goes off when several rules hold together, or one of them.
    """

    kind, rule_field = "composite", "composite_rule"

    composite_rule = Property(
        dict,
        "The rules.",
        required=True,
        updatable=True,
        live=_composite,
        fields={
            "operator": Property(str, "Whether all must hold, or one.", required=True, allowed=("or", "and")),
            "rules": Property(list, "Rules of other kinds, or composite ones.", required=True, length=(2, None)),
        },
    )

    def rule(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        """The operator is a key."""
        composed: dict[str, Any] = _composed(given["composite_rule"])
        return composed


@base.resource("OS::Aodh::LBMemberHealthAlarm", since="13.0.0")
class MemberHealthAlarm(alarm.Alarm):
    """An alarm about the health of members of a load balancer's pool.

    Goes off when a member of a pool that is of a group is not well.
    """

    kind, rule_field = "loadbalancer_member_health", "loadbalancer_member_health_rule"

    pool = Property(str, "The pool.", required=True, updatable=True, translates="octavia.pool", wire="pool_id")
    stack = Property(str, "Stack of the group.", required=True, wire="stack_id")
    autoscaling_group_id = Property(str, "The group.", required=True, updatable=True)


@base.resource("OS::Aodh::PrometheusAlarm", since="22.0.0")
class PrometheusAlarm(alarm.Measured):
    """An alarm about what Prometheus answers to a query."""

    kind, rule_field = "prometheus", "prometheus_rule"

    query = Property(str, "The query, in PromQL.", required=True, updatable=True)
