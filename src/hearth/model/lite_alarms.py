"""Alarms that Hearth watches over by itself: what they are, and the one function that says in which state one is.

Metrics come as datapoints, each a time and a value. Those of one period become one value by the alarm's statistic, and
that is compared with the threshold. Pure: the time is an argument.

Spec: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import dataclasses
import enum
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

#: Longest time that an alarm may look back, in seconds: its periods together.
LONGEST: Final = 86400

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_COUNT: Final = "SampleCount"
STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    _COUNT: len,
    "Average": statistics.fmean,
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
}


class State(enum.StrEnum):
    """In which state an alarm is. One that is suspended takes no datapoints and does nothing."""

    NODATA = "NODATA"
    NORMAL = "NORMAL"
    ALARM = "ALARM"
    SUSPENDED = "SUSPENDED"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm is about. `period`: seconds; `periods`: how many in a row count. `unit` takes no effect.

    `statistic` and `comparison` are names of the tables above. `actions`: what is signalled, by the state come to:
    addresses for signals, or references of resources of the alarm's stack.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    comparison: str
    threshold: float
    period: int
    periods: int
    description: str | None = None
    unit: str | None = None
    actions: Mapping[State, Sequence[str]] = dataclasses.field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Seconds after which a datapoint counts no more."""
        return self.period * self.periods

    def is_about(self, namespace: str, metric: str, dimensions: Mapping[str, str]) -> bool:
        """Whether a datapoint is one of the alarm's metric: it has all dimensions that the alarm names."""
        return (self.namespace, self.metric) == (namespace, metric) and self.dimensions.items() <= dimensions.items()


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """The state of an alarm at one time, and why, in words."""

    state: State
    reason: str


def judge(rule: Rule, points: Sequence[tuple[float, float]], since: float, now: float) -> Verdict:
    """In which state an alarm is: ALARM when the value of each of its last periods is beyond the threshold.

    NODATA when the last period has no value. A period without datapoints has none, but for their count, which is 0 as
    soon as the alarm has watched for a whole period.

    Args:
        points: `(time, value)`, in any order; what is older than the alarm's horizon does not count.
        since: when the alarm began to watch.
    """
    several: list[list[float]] = [[] for _ in range(rule.periods)]
    for at, value in points:
        # A datapoint of an engine whose clock is ahead is one of now.
        number = int(max(now - at, 0.0) // rule.period)
        if number < rule.periods:
            several[number].append(value)
    values = [_value(rule, one, watched=now - (at + 1) * rule.period >= since) for at, one in enumerate(several)]
    newest = values[0]
    if newest is None:
        return Verdict(State.NODATA, f"There are no datapoints of the last {rule.period} s.")
    are_beyond = COMPARISONS[rule.comparison]
    if all(one is not None and are_beyond(one, rule.threshold) for one in values):
        told = ", ".join(f"{one:g}" for one in values if one is not None)
        return Verdict(State.ALARM, f"{rule.statistic} {told}: {rule.comparison} {rule.threshold:g}.")
    return Verdict(
        State.NORMAL,
        f"{rule.statistic} {newest:g}: not {rule.comparison} {rule.threshold:g} in each of the last {rule.periods} "
        f"periods of {rule.period} s.",
    )


def asked_for(rule: Rule, former: State, state: State) -> Sequence[str]:
    """What is to be signalled after a judgement: the actions of a state come to; those of ALARM as long as it lasts.

    A group grows step by step until its alarm is over.
    """
    return rule.actions.get(state, ()) if state is not former or state is State.ALARM else ()


def _value(rule: Rule, values: Sequence[float], *, watched: bool) -> float | None:
    if values or (rule.statistic == _COUNT and watched):
        return float(STATISTICS[rule.statistic](values))
    return None
