"""In which state is an alarm? Pure: rules, measures and the time in, a state with its reason out.

Numbers are made of the measures of each period, the newest period ending now. A rule about several periods needs as
many with measures. When some are beyond the threshold and some are not, the state stays as it was.
"""

import dataclasses
import datetime
import fnmatch
import json
import operator
import statistics
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.localcloud.core import cron

OK, ALARM, UNKNOWN = "ok", "alarm", "insufficient data"
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    name: getattr(operator, name) for name in ("lt", "le", "eq", "ne", "ge", "gt")
}
_AGGREGATE: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "avg": statistics.fmean,
    "mean": statistics.fmean,
    "sum": sum,
    "min": min,
    "max": max,
    "count": len,
    "median": statistics.median,
    "last": lambda values: values[-1],
    "first": lambda values: values[0],
}
_PERIOD = 60
#: How old the last answer to a query may be.
_FRESH = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """One number of a metric, known by name or id, of a resource, at a time in seconds. `metadata`: of the resource."""

    metric: str
    resource: str
    time: float
    value: float
    metadata: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What an alarm says. `data`: the reason for programs."""

    name: str
    reason: str
    data: Mapping[str, Any]


def evaluate(kind: str, rule: Mapping[str, Any], measures: Sequence[Measure], before: str, now: float) -> State | None:
    """The state of an alarm; None for kinds that only events change."""
    if kind == "composite":
        return _composite(rule, measures, before, now)
    if kind == "prometheus":
        recent = [one for one in measures if one.metric == rule.get("query") and now - one.time <= _FRESH]
        return _judge(rule, [recent[-1].value] if recent else [], 1, before)
    if kind in ("event", "loadbalancer_member_health"):
        return None
    chosen = [one for one in measures if _counts(kind, rule, one)]
    seconds = float(rule.get("period") or rule.get("granularity") or _PERIOD)
    aggregate = _AGGREGATE.get(rule.get("statistic") or rule.get("aggregation_method") or "avg", statistics.fmean)
    periods = int(rule.get("evaluation_periods") or 1)
    values = list(_windows(chosen, aggregate, seconds, periods + 1, now))[:periods]
    return _judge(rule, values, periods, before)


def is_time(constraints: Sequence[Mapping[str, Any]], now: float) -> bool:
    """Whether an alarm counts now: always, or in one of the times that are given."""
    return not constraints or any(_lasts(one, now) for one in constraints)


def check_times(constraints: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The times as they are. Raises ValueError for what is none."""
    for one in constraints:
        cron.parse(str(one.get("start")))
        if not isinstance(one.get("duration"), int) or not one.get("name"):
            raise ValueError("a time needs name, start and duration")
        _zone(one)
    return constraints


def _lasts(one: Mapping[str, Any], now: float) -> bool:
    until = datetime.datetime.fromtimestamp(now, _zone(one))
    since = until - datetime.timedelta(seconds=one["duration"])
    return cron.parse(one["start"]).last(until, since) is not None


def _zone(one: Mapping[str, Any]) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(one.get("timezone") or "UTC")
    except zoneinfo.ZoneInfoNotFoundError:
        raise ValueError(f"there is no time zone {one['timezone']!r}") from None


def knows(aggregation: Any) -> bool:
    """Whether numbers can be made so."""
    return aggregation is None or aggregation in _AGGREGATE


def _windows(
    measures: Iterable[Measure], aggregate: Callable[[Sequence[float]], float], seconds: float, most: int, now: float
) -> Iterable[float]:
    """One number for each period that has measures, the newest first."""
    found: dict[int, list[float]] = {}
    for one in measures:
        age = max(0.0, now - one.time)
        if age < seconds * most:
            found.setdefault(int(age // seconds), []).append(one.value)
    return (aggregate(found[number]) for number in sorted(found))


def _judge(rule: Mapping[str, Any], values: Sequence[float], needed: int, before: str) -> State:
    if len(values) < needed or "threshold" not in rule:
        data = {"type": "threshold", "disposition": "unknown", "count": needed, "most_recent": None}
        return State(UNKNOWN, f"{needed} datapoints are unknown", data)
    beyond = [_COMPARE[rule.get("comparison_operator") or "eq"](one, float(rule["threshold"])) for one in values]
    recent = values[0]
    if all(beyond) or not any(beyond) or before == UNKNOWN:
        name, place = (ALARM, "outside") if beyond[0] else (OK, "inside")
    else:
        name, place = before, "outside" if before == ALARM else "inside"
    verb = "Remaining as" if name == before else "Transition to"
    reason = f"{verb} {name} due to {len(values)} samples {place} threshold, most recent: {recent}"
    data = {"type": "threshold", "disposition": place, "count": len(values), "most_recent": recent}
    return State(name, reason, data)


def _composite(rule: Mapping[str, Any], measures: Sequence[Measure], before: str, now: float) -> State:
    names = [_part(one, measures, before, now) for one in rule.get("and") or rule.get("or") or ()]
    decides = ALARM if "or" in rule else OK
    if decides in names:
        name = decides
    elif UNKNOWN in names or not names:
        name = UNKNOWN
    else:
        name = names[0]
    verb = "Remaining as" if name == before else "Transition to"
    return State(name, f"{verb} {name} due to the states {', '.join(names)}", {"type": "composite"})


def _part(rule: Mapping[str, Any], measures: Sequence[Measure], before: str, now: float) -> str:
    if "and" in rule or "or" in rule:
        return _composite(rule, measures, before, now).name
    state = evaluate(str(rule.get("type", "threshold")), rule, measures, before, now)
    return state.name if state is not None else UNKNOWN


# ---- which measures count ----


def _counts(kind: str, rule: Mapping[str, Any], one: Measure) -> bool:
    if kind == "gnocchi_aggregation_by_metrics_threshold":
        return one.metric in (rule.get("metrics") or ())
    if kind == "gnocchi_resources_threshold":
        return one.metric == rule.get("metric") and one.resource == rule.get("resource_id")
    if kind == "gnocchi_aggregation_by_resources_threshold":
        return one.metric == rule.get("metric") and _holds(as_query(rule.get("query")), one)
    return one.metric == rule.get("meter_name") and all(_passes(wanted, one) for wanted in rule.get("query") or ())


def as_query(given: Any) -> Any:
    """A query about resources, which may come as JSON. Raises ValueError."""
    return json.loads(given) if isinstance(given, str) else given


def _holds(query: Any, one: Measure) -> bool:
    """A query of Gnocchi about a resource, such as {"=": {"server_group": "web"}}."""
    if not isinstance(query, Mapping) or not query:
        return True
    ((word, inner),) = list(query.items())[:1]
    if word == "and":
        return all(_holds(each, one) for each in inner)
    if word == "or":
        return any(_holds(each, one) for each in inner)
    if word == "not":
        return not _holds(inner, one)
    ((field, value),) = list(inner.items())[:1]
    actual = one.resource if field in ("id", "resource_id") else one.metadata.get(field)
    if word in ("like",):
        return fnmatch.fnmatchcase(str(actual), str(value).replace("%", "*"))
    if word in ("in",):
        return bool(actual in value)
    return bool(actual == value) != (word in ("!=", "ne"))


def _passes(wanted: Mapping[str, Any], one: Measure) -> bool:
    """A condition of a sample's query, such as {"field": "metadata.metering.stack", "op": "eq", "value": "x"}."""
    field = str(wanted.get("field"))
    if field in ("resource_id", "resource"):
        actual: Any = one.resource
    else:
        actual = _deep(one.metadata, field.removeprefix("metadata."))
    return matches(actual, wanted)


def _deep(metadata: Mapping[str, Any], name: str) -> Any:
    if name in metadata:
        return metadata[name]
    first, _, rest = name.partition(".")
    inner = metadata.get(first)
    if isinstance(inner, Mapping) and rest:
        return _deep(inner, rest)
    return metadata.get(rest) if first == "metering" else None


def matches(actual: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether a field is as a condition says."""
    value = wanted.get("value")
    kind = wanted.get("type") or "string"
    try:
        if kind in ("integer", "float"):
            actual, value = float(actual), float(str(value))
        else:
            actual, value = str(actual), str(value)
    except (TypeError, ValueError):
        return False
    return bool(_COMPARE[wanted.get("op") or "eq"](actual, value))


def goes_off(rule: Mapping[str, Any], kind: str, traits: Mapping[str, Any]) -> bool:
    """Whether an event sets off an alarm about events."""
    if not fnmatch.fnmatchcase(kind, rule.get("event_type") or "*"):
        return False
    conditions = rule.get("query") or ()
    return all(matches(traits.get(str(one.get("field")).removeprefix("traits.")), one) for one in conditions)
