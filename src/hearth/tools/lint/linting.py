"""Run rules over a template: which ones, what the template's own comments silence, and what came out.

The problems that make a template invalid come out too, under the id HL000; they cannot be silenced.
"""

import dataclasses
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from hearth.model.diagnostics import Place, Severity, nearest
from hearth.resources import registry
from hearth.tools import validation
from hearth.tools.lint import rules, subject
from hearth.tools.lint.rule import Level, Rule

INVALID: Final = "HL000"

_COMMENT: Final = re.compile(r"(?:^|\s)#\s*hearth:\s*(ignore-file|ignore)\b\s*(?:\[([^\]]*)\])?")


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One finding of a rule, or (rule INVALID) of validation."""

    rule: str
    name: str
    level: Level
    message: str
    place: Place
    advice: str = ""

    def to_wire(self) -> dict[str, Any]:
        """The report as JSON output shows it."""
        return {
            "rule": self.rule,
            "name": self.name,
            "severity": self.level.value,
            "source": self.place.source,
            "line": self.place.line or None,
            "column": self.place.column or None,
            "path": self.place.path_text(),
            "message": self.message,
            "advice": self.advice or None,
        }


def choose(select: Collection[str] = (), ignore: Collection[str] = ()) -> list[Rule]:
    """The rules that words (ids, beginnings of ids, names) select. Raises ValueError for a word that names none."""
    for word in (*select, *ignore):
        if not any(rule.is_called(word) for rule in rules.RULES):
            advice = nearest(word, [rule.name for rule in rules.RULES])
            raise ValueError(f"There is no lint rule {word!r}. {advice}".rstrip())
    return [
        rule
        for rule in rules.RULES
        if (not select or any(map(rule.is_called, select))) and not any(map(rule.is_called, ignore))
    ]


def lint(
    checked: validation.Checked, types: registry.TypeRegistry, chosen: Sequence[Rule] = rules.RULES
) -> list[Report]:
    """All reports on a checked template, by place."""
    found = [
        Report(
            INVALID,
            "invalid",
            Level.ERROR if one.severity is Severity.ERROR else Level.WARNING,
            one.message,
            one.place,
            one.advice,
        )
        for one in checked.findings
    ]
    template = checked.template
    if template is not None:
        looked_at = subject.Subject(template, checked, types)
        silenced = _Silenced(template.source.lines)
        for rule in chosen:
            found.extend(
                Report(rule.id, rule.name, rule.level, hit.message, hit.place, hit.advice)
                for hit in dict.fromkeys(rule.check(looked_at))
                if not silenced.covers(rule, hit.place.line)
            )
    return sorted(found, key=lambda one: (one.place.source, one.place.line, one.place.column, one.rule))


class _Silenced:
    """What comments of a template silence: the file, their own line, or the next one when they stand alone.

    A comment without brackets silences every rule.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: dict[int, list[str]] = {}
        self._file: list[str] = []
        waiting: list[str] = []
        for number, line in enumerate(lines, 1):
            found = _COMMENT.search(line) if "#" in line else None
            words = (
                []
                if found is None
                else [one.strip() for one in ("HL" if found[2] is None else found[2]).split(",") if one.strip()]
            )
            if found is not None and found[1] == "ignore-file":
                self._file += words
            elif found is not None and not line[: found.start()].strip():
                waiting += words
            elif line.strip() and not line.lstrip().startswith("#"):
                self._lines[number] = [*waiting, *words]
                waiting = []

    def covers(self, rule: Rule, line: int) -> bool:
        """Whether hits of a rule on a line are silenced."""
        return any(map(rule.is_called, (*self._file, *self._lines.get(line, ()))))
