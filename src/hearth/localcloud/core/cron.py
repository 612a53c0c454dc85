"""When does a cron expression come round? Pure.

Five fields: minute, hour, day, month, weekday (0 and 7 are Sunday), each `*` or a list of numbers, names, ranges and
steps; `?` is `*`, and the day `l` the last of the month. Where day and weekday are both given, either will do. A sixth
field, of seconds, says nothing here.

Spec: https://man7.org/linux/man-pages/man5/crontab.5.html
"""

import dataclasses
import datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Of each field: its least and greatest number, and the names that stand for numbers, from the least up.
_FIELDS: Final[tuple[tuple[int, int, tuple[str, ...]], ...]] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 7, _DAYS),
    (0, 59, ()),
)
_LONGEST: Final = 255
#: No date is rarer than 29 February on a given weekday, where a century leaves out a leap day.
_RAREST: Final = datetime.timedelta(days=40 * 366)


@dataclasses.dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression: which numbers each field allows, and whether both kinds of days are restricted."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    last_day: bool = False

    def following(self, after: datetime.datetime) -> datetime.datetime | None:
        """The first time it comes round after a moment; None: there is no such date."""
        day, end = after.date(), after.date() + _RAREST
        while day <= end:
            if day.month not in self.months:
                day = (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
                continue
            if self._is_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = datetime.datetime.combine(day, datetime.time(hour, minute), after.tzinfo)
                        if found > after:
                            return found
            day += datetime.timedelta(days=1)
        return None

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
        of_week = day.isoweekday() % 7 in self.weekdays
        of_month = day.day in self.days or (self.last_day and (day + datetime.timedelta(days=1)).day == 1)
        return day.month in self.months and ((of_month or of_week) if self.either else (of_month and of_week))


def parse(expression: str) -> Cron:
    """Read an expression. Raises ValueError that says what is wrong with it."""
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression has {len(expression)} characters; the limit is {_LONGEST}")
    fields = expression.lower().split()
    if len(fields) not in (5, 6):
        raise ValueError(f"{expression!r} has {len(fields)} fields, not 5 or 6")
    days = fields[2].split(",")
    parts = [field.split(",") for field in fields]
    parts[2] = [part for part in days if part != "l"]
    minutes, hours, of_month, months, weekdays, *_ = (
        frozenset(number for part in several for number in _numbers(part, *limits))
        for several, limits in zip(parts, _FIELDS, strict=False)
    )
    either = not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?"))
    return Cron(minutes, hours, of_month, months, frozenset(one % 7 for one in weekdays), either, "l" in days)


def _numbers(part: str, least: int, most: int, names: tuple[str, ...]) -> range:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step)):
        raise ValueError(f"the step of {part!r} is not a number above 0")
    if span in ("*", "?"):
        return range(least, most + 1, int(step or 1))
    first, _, last = span.partition("-")
    start = _number(first, least, names)
    end = _number(last, least, names) if last else most if step else start
    if not least <= start <= end <= most:
        raise ValueError(f"{part!r} is not from {least} to {most}")
    return range(start, end + 1, int(step or 1))


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + least
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a number" + (f" or one of {', '.join(names)}" if names else ""))
    return int(text)
