"""When does a cron expression come round? Pure.

Five fields: minute, hour, day, month, weekday (0 and 7 are Sunday), each `*` or a list of numbers, names, ranges and
steps. Where day and weekday are both given, either will do. A sixth field, of seconds, says nothing here.

Spec: https://man7.org/linux/man-pages/man5/crontab.5.html
"""

import dataclasses
import datetime
from typing import Final

_RANGES: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: Final = {
    name: number for names, first in ((_MONTHS, 1), (_DAYS, 0)) for number, name in enumerate(names, first)
}


@dataclasses.dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression: which numbers each field allows, and whether both kinds of days are restricted."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def last(self, until: datetime.datetime, since: datetime.datetime) -> datetime.datetime | None:
        """The last time it came round, after `since` and not after `until`; None if it did not."""
        day = until.date()
        while day >= since.date():
            if self._is_on(day):
                for hour in sorted(self.hours, reverse=True):
                    for minute in sorted(self.minutes, reverse=True):
                        found = datetime.datetime.combine(day, datetime.time(hour, minute), until.tzinfo)
                        if since < found <= until:
                            return found
            day -= datetime.timedelta(days=1)
        return None

    def _is_on(self, day: datetime.date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((of_month or of_week) if self.either else (of_month and of_week))


def parse(expression: str) -> Cron:
    """Read an expression. Raises ValueError."""
    fields = expression.lower().split()
    if len(fields) not in (5, 6):
        raise ValueError(f"{expression!r} has {len(fields)} fields, not 5 or 6")
    minutes, hours, days, months, weekdays = (
        frozenset(number for part in field.split(",") for number in _numbers(part, *limits))
        for field, limits in zip(fields, _RANGES, strict=False)
    )
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    return Cron(minutes, hours, days, months, frozenset(one % 7 for one in weekdays), either)


def _numbers(part: str, least: int, most: int) -> range:
    span, _, step = part.partition("/")
    first, _, last = (span if span != "*" else f"{least}-{most}").partition("-")
    start = _number(first)
    end = _number(last) if last else most if step else start
    if not least <= start <= end <= most:
        raise ValueError(f"{part!r} is not from {least} to {most}")
    return range(start, end + 1, int(step or 1))


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)
