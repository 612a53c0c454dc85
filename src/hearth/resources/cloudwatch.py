"""What the types have in common that state alarms in the words of CloudWatch: their words, and checks of their values.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hearth.model.values import UNKNOWN
from hearth.resources.contract import Issue, Values

_SIZES: Final = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS: Final = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
UNITS: Final = (
    "Seconds",
    "Microseconds",
    "Milliseconds",
    *_SIZES,
    *_BITS,
    "Percent",
    "Count",
    *(f"{one}/Second" for one in (*_SIZES, *_BITS, "Count")),
)
_WHOLE: Final = ("EvaluationPeriods", "Period")
_THRESHOLD: Final = "Threshold"


def issues(properties: Values) -> Iterator[Issue]:
    """Numbers are numbers, dimensions have names and values."""
    for name in (*_WHOLE, _THRESHOLD):
        given = properties.get(name)
        if isinstance(given, str) and not _is_number(given, whole=name in _WHOLE):
            yield Issue((name,), f"{name} {given!r} is no number.", "Give a number.")
    dimensions = properties.get("Dimensions")
    for at, one in enumerate(dimensions if isinstance(dimensions, list) else ()):
        if one is not UNKNOWN and not (isinstance(one, Mapping) and {"Name", "Value"} <= one.keys()):
            yield Issue(("Dimensions", at), "The dimension has no Name and Value.", "Give both.")


def dimensions(given: Any) -> dict[str, str]:
    """Dimensions by name, as they are given: maps of Name and Value."""
    return {str(one["Name"]): str(one["Value"]) for one in given or ()}


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        return math.isfinite((int if whole else float)(text))
    except (ValueError, OverflowError):
        return False
