"""AWS::CloudWatch::Alarm: an alarm of the alarming service about a metric of some resources.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from hearth.model.values import is_known
from hearth.resources import base, cloudwatch, nested
from hearth.resources.contract import Call, ChildStack, Issue, NotKnownYet, Values
from hearth.resources.schema import Property

_COMPARISONS: Final = {
    "GreaterThanOrEqualToThreshold": "ge",
    "GreaterThanThreshold": "gt",
    "LessThanThreshold": "lt",
    "LessThanOrEqualToThreshold": "le",
}
_STATISTICS: Final = {"SampleCount": "count", "Average": "mean", "Sum": "sum", "Minimum": "min", "Maximum": "max"}
_ACTIONS: Final = {
    "AlarmActions": "alarm_actions",
    "OKActions": "ok_actions",
    "InsufficientDataActions": "insufficient_data_actions",
}


def _required(description: str, **more: Any) -> Property:
    return Property(str, description, required=True, updatable=True, **more)


def _list(description: str) -> Property:
    return Property(list, description, updatable=True, convertible=True)


@base.resource("AWS::CloudWatch::Alarm")
class Alarm(nested.NestedStack):
    """An alarm about a metric of the stack's servers.

    A nested stack with an OS::Aodh::GnocchiAggregationByResourcesAlarm about the servers of the stack.

    Dimensions say about which; the unit takes no effect.
    """

    AlarmActions = _list("Addresses that are posted to when the alarm is raised.")
    AlarmDescription = Property(str, "Description of the alarm.", updatable=True)
    ComparisonOperator = _required("How the statistic is compared with the threshold.", allowed=tuple(_COMPARISONS))
    Dimensions = _list("What the resources have: maps of Name and Value.")
    EvaluationPeriods = _required("How many periods in a row count.")
    InsufficientDataActions = _list("Addresses that are posted to when there are no data.")
    MetricName = _required("The metric.")
    Namespace = Property(str, "Takes no effect.", updatable=True)
    OKActions = _list("Addresses that are posted to when all is well again.")
    Period = _required("Length of a period in seconds.")
    Statistic = _required("How the values of a period become one.", allowed=tuple(_STATISTICS))
    Threshold = _required("What is compared with.")
    Units = Property(str, "Takes no effect.", updatable=True, allowed=(*cloudwatch.UNITS, "None"))

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Numbers are numbers, dimensions have names and values."""
        yield from super().validate(properties)
        yield from cloudwatch.issues(properties)

    def child(self, call: Call) -> ChildStack:
        """The alarm."""
        given = call.properties
        if not is_known(given):
            raise NotKnownYet(f"the alarm of {call.name} depends on other resources")
        properties = {
            "description": given.get("AlarmDescription", "An alarm"),
            "metric": given["MetricName"],
            "aggregation_method": _STATISTICS[given["Statistic"]],
            "granularity": int(given["Period"]),
            "evaluation_periods": int(given["EvaluationPeriods"]),
            "threshold": float(given["Threshold"]),
            "comparison_operator": _COMPARISONS[given["ComparisonOperator"]],
            "resource_type": "instance",
            "query": json.dumps(_query(call)),
            **{ours: given[name] for name, ours in _ACTIONS.items() if given.get(name)},
        }
        alarm = {"type": "OS::Aodh::GnocchiAggregationByResourcesAlarm", "properties": properties}
        template = {"heat_template_version": "2018-08-31", "resources": {"alarm": alarm}}
        return ChildStack(template, source=call.name)

    def reference(self, call: Call) -> Any:
        """The ARN of the nested stack."""
        return nested.arn(call)


def _query(call: Call) -> dict[str, Any]:
    """Which resources: those with the dimensions, else the servers of the stack."""
    several = [{"=": {one["Name"]: one["Value"]}} for one in call.properties.get("Dimensions") or ()]
    if not several:
        return {"=": {"server_group": call.stack.id}}
    return several[0] if len(several) == 1 else {"and": several}
