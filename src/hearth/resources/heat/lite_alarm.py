"""OS::Heat::CWLiteAlarm: an alarm that Hearth watches over by itself, fed by the CloudWatch API.

It stands in the store, and signals resources of its project when it comes to a state; see `hearth.engine.alarm_rounds`.
An environment may map AWS::CloudWatch::Alarm to it, whose properties are the same.

Spec: https://docs.openstack.org/heat/queens/template_guide/unsupported.html#OS::Heat::CWLiteAlarm
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from hearth.model.lite_alarms import COMPARISONS, LONGEST, STATISTICS, Rule, State
from hearth.resources import base, cloudwatch
from hearth.resources.contract import Call, Change, Issue, LiteAlarms, Observed, Values
from hearth.resources.heat import signed_url
from hearth.resources.schema import DEPRECATED, HIDDEN, Property

#: {property: the state that its actions are for}
_ACTIONS: Final = {
    "AlarmActions": State.ALARM,
    "OKActions": State.NORMAL,
    "InsufficientDataActions": State.NODATA,
}


def _actions(description: str) -> Property:
    told = f"{description} Addresses for signals, or references of the stack's resources."
    return Property(list, told, updatable=True)


@base.resource("OS::Heat::CWLiteAlarm", support=((HIDDEN, "5.0.0"), (DEPRECATED, "2014.2")))
class LiteAlarm(base.Base):
    """An alarm about a metric that is sent to the CloudWatch API.

    It is there where the operator sets enable_cloud_watch_lite. It is judged once in each of its periods. As long as it
    is in the state ALARM the alarm actions are signalled each time, those of the other states once.

    A period without datapoints has no value, but SampleCount is 0 there: so heartbeats can be watched.
    """

    supports_check = True
    enabled_by = "enable_cloud_watch_lite"

    AlarmActions = _actions("What is signalled in the state ALARM.")
    AlarmDescription = Property(str, "Description of the alarm.", updatable=True)
    ComparisonOperator = Property(
        str, "How the statistic is compared with the threshold.", required=True, updatable=True, allowed=COMPARISONS
    )
    Dimensions = Property(list, "What datapoints must have to count: maps of Name and Value.")
    EvaluationPeriods = Property(
        str, "How many periods in a row must be beyond the threshold.", required=True, updatable=True
    )
    InsufficientDataActions = _actions("What is signalled when there are no data any more.")
    MetricName = Property(str, "The metric.", required=True)
    Namespace = Property(str, "The namespace of the metric.", required=True)
    OKActions = _actions("What is signalled when all is well again.")
    Period = Property(str, "Length of a period in seconds.", required=True, updatable=True)
    Statistic = Property(
        str, "How the values of a period become one.", required=True, updatable=True, allowed=STATISTICS
    )
    Threshold = Property(str, "What is compared with.", required=True, updatable=True)
    Units = Property(str, "Takes no effect.", updatable=True, allowed=(*cloudwatch.UNITS, None))

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Numbers are in their bounds, and actions are something that can be signalled."""
        yield from super().validate(properties)
        wrong = list(cloudwatch.issues(properties))
        yield from wrong
        if not wrong:
            yield from _out_of_bounds(properties)
        for name in _ACTIONS:
            given = properties.get(name)
            for at, one in enumerate(given if isinstance(given, list) else ()):
                if isinstance(one, str) and "://" in one and signed_url.signalled(one) is None:
                    yield Issue(
                        (name, at),
                        "The address is not one for signals to a resource.",
                        "Give the alarm_url or the reference of a resource that takes signals.",
                    )

    async def create(self, call: Call) -> str | None:
        """Watch."""
        await _alarms(call).keep(call.physical_name, _rule(call.properties))
        return call.physical_name

    async def update(self, call: Call, change: Change) -> str | None:
        """Watch by other rules; the state stays until the next judgement."""
        await _alarms(call).keep(str(call.physical_id), _rule(call.properties))
        return None

    async def delete(self, call: Call) -> None:
        """Forget it, with its datapoints."""
        _alarms(call).drop()

    async def suspend(self, call: Call) -> None:
        """Watch no more, and take no datapoints."""
        _alarms(call).suspend()

    async def resume(self, call: Call) -> None:
        """Watch again, as if it were new."""
        _alarms(call).resume()

    async def observe(self, call: Call) -> Observed | None:
        """How the alarm is."""
        seen = await _alarms(call).look()
        return {"AlarmName": seen.name, "State": str(seen.state), "StateReason": seen.reason}

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """How the alarm is now, as `show`."""
        return await self.observe(call)


def _alarms(call: Call) -> LiteAlarms:
    assert call.alarms is not None, "the engine gives it to every verb"
    return call.alarms


def _out_of_bounds(properties: Values) -> Iterator[Issue]:
    """What is wrong with numbers that are numbers."""
    given = [properties.get(name) for name in ("Period", "EvaluationPeriods")]
    if not all(isinstance(one, str) for one in given):
        return
    period, periods = (int(str(one)) for one in given)
    for name, value in (("Period", period), ("EvaluationPeriods", periods)):
        if value < 1:
            yield Issue((name,), f"{name} {value} is less than 1.", "Give a number above 0.")
    if period * periods > LONGEST:
        yield Issue(
            ("EvaluationPeriods",),
            f"{periods} periods of {period} s are longer than the {LONGEST} s that an alarm may look back.",
            "Take fewer or shorter periods.",
        )


def _rule(given: Values) -> Rule:
    return Rule(
        namespace=given["Namespace"],
        metric=given["MetricName"],
        dimensions=cloudwatch.dimensions(given.get("Dimensions")),
        statistic=given["Statistic"],
        comparison=given["ComparisonOperator"],
        threshold=float(given["Threshold"]),
        period=int(given["Period"]),
        periods=int(given["EvaluationPeriods"]),
        description=given.get("AlarmDescription"),
        unit=given.get("Units"),
        actions={state: [str(one) for one in given.get(name) or () if one] for name, state in _ACTIONS.items()},
    )
