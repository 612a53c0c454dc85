"""The actions of the CloudWatch query API: each takes a signed request's parameters and gives its result.

Answered are those that Heat answered, as long as it had this API; the others of `ACTIONS` are named and refused.

Spec: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

import dataclasses
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from hearth.cfn import pages, problems, timestamps
from hearth.cloud import tokens
from hearth.engine import lite_alarms as services
from hearth.model.lite_alarms import State
from hearth.store import lite_alarms

Result = dict[str, Any]

_MEMBER: Final = re.compile(
    r"MetricData\.member\.(\d{1,9})\.(?:(MetricName|Unit|Value)|Dimensions\.member\.(\d{1,9})\.(Name|Value))"
)
#: The dimension that names the alarm which a datapoint is for, and those that answers have beside the user's.
_ALARM_NAME, _STACK_ID = "AlarmName", "StackId"
#: {our state: CloudWatch's}; one that is suspended has no actions enabled.
_STATES: Final = {
    State.NORMAL: "OK",
    State.ALARM: "ALARM",
    State.NODATA: "INSUFFICIENT_DATA",
    State.SUSPENDED: "INSUFFICIENT_DATA",
}
_BY_WORD: Final = {"OK": State.NORMAL, "ALARM": State.ALARM, "INSUFFICIENT_DATA": State.NODATA}
#: Characters of a reason that a request may give, as in CloudWatch.
_LONGEST_REASON: Final = 1023
#: Entries of a page, as in CloudWatch.
_MOST_ALARMS, _MOST_METRICS = 100, 500


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One request for an action."""

    service: services.LiteAlarms
    caller: tokens.Caller
    params: Mapping[str, str]

    def needed(self, name: str) -> str:
        """A parameter. Raises Problem when it is not given."""
        value = self.params.get(name)
        if not value:
            raise problems.Problem("MissingParameter", f"The parameter {name} is missing.")
        return value


async def describe_alarms(action: Action) -> Result:
    """Alarms, or the one of a name."""
    most = _most_records(action.params.get("MaxRecords"))
    found = await action.service.alarms(
        action.caller,
        action.params.get(_ALARM_NAME) or None,
        after=pages.position(action.params, "InvalidNextToken", tuple[str, str]),
        most=most + 1,
    )
    return pages.page("MetricAlarms", found, most, _alarm, lambda one: (one.name, one.id))


def _most_records(text: str | None) -> int:
    if not text:
        return _MOST_ALARMS
    if not (text.isdecimal() and len(text) < 4 and 0 < int(text) <= _MOST_ALARMS):
        raise problems.Problem("InvalidParameterValue", f"MaxRecords: {text!r} is not from 1 to {_MOST_ALARMS}.")
    return int(text)


def _alarm(row: lite_alarms.AlarmRow) -> Result:
    rule = row.rule
    return {
        "AlarmName": row.name,
        "AlarmArn": None,
        "AlarmDescription": rule.description,
        "AlarmConfigurationUpdatedTimestamp": timestamps.shown(row.configured_at),
        "ActionsEnabled": "false" if row.state is State.SUSPENDED else "true",
        "AlarmActions": list(rule.actions.get(State.ALARM, ())),
        "OKActions": list(rule.actions.get(State.NORMAL, ())),
        "InsufficientDataActions": list(rule.actions.get(State.NODATA, ())),
        "ComparisonOperator": rule.comparison,
        "Dimensions": _pairs({**rule.dimensions, _STACK_ID: row.stack_id}),
        "EvaluationPeriods": rule.periods,
        "MetricName": rule.metric,
        "Namespace": rule.namespace,
        "Period": rule.period,
        "StateReason": row.reason,
        "StateReasonData": None,
        "StateUpdatedTimestamp": timestamps.shown(row.changed_at),
        "StateValue": _STATES[row.state],
        "Statistic": rule.statistic,
        "Threshold": rule.threshold,
        "Unit": rule.unit,
    }


async def list_metrics(action: Action) -> Result:
    """The datapoints that are kept, each as an entry of its own."""
    found = await action.service.datapoints(
        action.caller,
        namespace=action.params.get("Namespace") or None,
        metric=action.params.get("MetricName") or None,
        after=pages.position(action.params, "InvalidParameterValue", tuple[float, int]),
        most=_MOST_METRICS + 1,
    )
    return pages.page("Metrics", found, _MOST_METRICS, _metric, lambda one: (one[1].at, one[1].seq))


def _metric(found: tuple[lite_alarms.AlarmRow, lite_alarms.Datapoint]) -> Result:
    alarm, point = found
    stored = {
        _ALARM_NAME: alarm.name,
        "Timestamp": timestamps.shown(point.at),
        "Unit": point.unit,
        "Value": point.value,
        "Dimensions": _pairs(point.dimensions),
    }
    return {"MetricName": alarm.rule.metric, "Namespace": alarm.rule.namespace, "Dimensions": _pairs(stored)}


def _pairs(values: Mapping[str, Any]) -> list[Result]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


async def put_metric_data(action: Action) -> Result:
    """Take datapoints; a dimension AlarmName says for which alarm one is, else it is for all that are about it."""
    samples = list(_samples(action.params, action.needed("Namespace")))
    if not samples:
        raise problems.Problem("MissingParameter", "Give the datapoints as MetricData.member.1.MetricName and so on.")
    await action.service.put(action.caller, samples)
    return {"ResponseMetadata": "None"}


def _samples(params: Mapping[str, str], namespace: str) -> Iterator[services.Sample]:
    members: dict[int, dict[str, str]] = {}
    dimensions: dict[int, dict[int, dict[str, str]]] = {}
    for name, value in params.items():
        if found := _MEMBER.fullmatch(name):
            number = int(found[1])
            given = members.setdefault(number, {})
            if found[2]:
                given[found[2]] = value
            else:
                dimensions.setdefault(number, {}).setdefault(int(found[3]), {})[found[4]] = value
    for number, given in sorted(members.items()):
        pairs = {one["Name"]: one.get("Value", "") for one in dimensions.get(number, {}).values() if "Name" in one}
        alarm = pairs.pop(_ALARM_NAME, None)
        yield services.Sample(
            namespace,
            _of_member(given, number, "MetricName"),
            _number(_of_member(given, number, "Value"), number),
            given.get("Unit"),
            pairs,
            alarm,
        )


def _of_member(given: Mapping[str, str], number: int, name: str) -> str:
    value = given.get(name)
    if not value:
        raise problems.Problem("MissingParameter", f"The parameter MetricData.member.{number}.{name} is missing.")
    return value


def _number(text: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise problems.Problem("InvalidParameterValue", f"MetricData.member.{number}.Value: {text!r} is not a number.")
    return value


async def set_alarm_state(action: Action) -> Result:
    """Put an alarm into a state until it is judged again."""
    name, word = action.needed(_ALARM_NAME), action.needed("StateValue")
    state = _BY_WORD.get(word)
    if state is None:
        raise problems.Problem("InvalidParameterValue", f"StateValue: {word!r} is none of {', '.join(_BY_WORD)}.")
    reason = action.params.get("StateReason", "")[:_LONGEST_REASON]
    await action.service.set_state(action.caller, name, state, reason)
    return {}


async def not_served(action: Action) -> Result:
    """An action that there is in CloudWatch."""
    name = action.params["Action"]
    raise problems.Problem(
        "APINotImplemented", f"The action {name} is not served; alarms are made and changed by templates."
    )


#: {name of the action: how it is done}; the policy rule is `cloudwatch:<name>`.
ACTIONS: Mapping[str, Callable[[Action], Awaitable[Result]]] = {
    "DescribeAlarms": describe_alarms,
    "ListMetrics": list_metrics,
    "PutMetricData": put_metric_data,
    "SetAlarmState": set_alarm_state,
    "DeleteAlarms": not_served,
    "DescribeAlarmHistory": not_served,
    "DescribeAlarmsForMetric": not_served,
    "DisableAlarmActions": not_served,
    "EnableAlarmActions": not_served,
    "GetMetricStatistics": not_served,
    "PutMetricAlarm": not_served,
}
