"""OS::Aodh::Alarm: an alarm about samples of a meter, as Ceilometer kept them.

Spec: https://docs.openstack.org/aodh/latest/webapi/v2.html
"""

from typing import Any

from hearth.resources import base
from hearth.resources.aodh import alarm
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import DEPRECATED, SUPPORTED, Property

_METADATA = "metadata."


def _metadata(call: Call, observed: Observed) -> Any:
    """What samples have to have in their metadata, under the names that were given."""
    shown = {one["field"]: one["value"] for one in observed.get("query") or () if one["field"].startswith(_METADATA)}
    given = call.properties.get("matching_metadata") or {}
    names = {_field(name): name for name in given}
    return {names.get(field, field): value for field, value in shown.items()}


def _query(call: Call, observed: Observed) -> Any:
    """What else samples have to have."""
    given = [one.get("field") for one in call.properties.get("query") or ()]
    return [
        one for one in observed.get("query") or () if not one["field"].startswith(_METADATA) or one["field"] in given
    ]


def _field(name: str) -> str:
    return name if name.startswith(_METADATA) else f"{_METADATA}metering.{name}"


@base.resource("OS::Aodh::Alarm", support=((DEPRECATED, "10.0.0"), (SUPPORTED, "2014.1")))
class ThresholdAlarm(alarm.Lasting):
    """An alarm about a meter of the old telemetry service.

    Newer services do not have this kind any more: use one of the Gnocchi or Prometheus alarms there.
    """

    kind, rule_field = "threshold", "threshold_rule"

    meter_name = Property(str, "The meter.", required=True)
    statistic = Property(
        str, "What is made of the samples of a period.", updatable=True, allowed=("count", "avg", "sum", "min", "max")
    )
    period = Property(int, "Seconds of a period.", updatable=True)
    query = alarm.query(since="2015.1", type_since="8.0.0", live=_query)
    matching_metadata = Property(
        dict, "What samples have in their metadata.", default={}, updatable=True, live=_metadata
    )

    def rule(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        """Metadata are a part of the query."""
        matching = given.pop("matching_metadata", None) or {}
        wanted = [{"field": _field(key), "op": "eq", "value": str(value)} for key, value in matching.items()]
        return {**given, "query": [*(given.get("query") or ()), *wanted]}
