"""What is wrong with an input, where, and what to do: a value, never an exception.

Every check collects diagnostics; a face shows all of them at once. `Place` is where in which file; `Diagnostic` is
one finding; `Findings` is the list under construction that checks append to.
"""

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hearth.model import spelling

Path = tuple[str | int, ...]


class Severity(enum.StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A position in a source. Line and column count from 1; 0 means that the source has no positions (a JSON body)."""

    source: str = "template"
    line: int = 0
    column: int = 0
    path: Path = ()

    def path_text(self) -> str:
        """The path as `resources.server.networks[0].port`."""
        text = ""
        for step in self.path:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
        return text

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{where} {self.path_text()}".rstrip()


#: A place for whoever may have something to say of it: places in JSON texts are searched when one is wanted.
Where = Callable[[], Place]


#: Sections in which a message begins with its path.
_PLACED = frozenset({"resources", "outputs", "conditions", "parameter_groups", "Resources", "Outputs", "Conditions"})


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of an input.

    `kind` is the error type that clients see (`StackValidationFailed`, `InvalidTemplateVersion`, ...), `label` the
    prefix that Heat's clients know ("Property error", ...; empty when there is none), `message` what is wrong with
    the value and the limit named, `advice` what to do next (may be empty).
    """

    message: str
    place: Place = Place()
    kind: str = "StackValidationFailed"
    label: str = ""
    advice: str = ""
    severity: Severity = Severity.ERROR
    text: str = ""
    """The whole line, where clients compare it with one that is composed in another way."""

    def as_text(self) -> str:
        """One line in the form clients of Heat know: `<label>: : <path>: : <message>`, the parts that exist.

        Messages about parameters, types and the document as a whole stand for themselves there.
        """
        if self.text:
            return self.text
        path = self.place.path
        placed = bool(path) and path[0] in _PLACED and path[-1] != "type"
        parts = [self.label, self.place.path_text() if placed else "", self.message]
        return ": : ".join(part for part in parts if part)

    def to_wire(self) -> dict[str, Any]:
        """The diagnostic as the API's added field shows it."""
        return {
            "severity": self.severity.value,
            "type": self.kind,
            "source": self.place.source,
            "line": self.place.line or None,
            "column": self.place.column or None,
            "path": self.place.path_text(),
            "message": self.message,
            "advice": self.advice or None,
        }


#: Problems that get advice about spelling.
_MOST_ADVISED = 200


class Findings:
    """Diagnostics collected by checks, in the order found; iterate it sorted by place."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self._found: list[Diagnostic] = list(found)

    def add(
        self,
        message: str,
        place: Place = Place(),
        *,
        kind: str = "StackValidationFailed",
        label: str = "",
        advice: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note one problem."""
        self._found.append(Diagnostic(message, place, kind, label, advice, severity))

    def extend(self, more: Iterable[Diagnostic]) -> None:
        """Take over the findings of another check."""
        self._found.extend(more)

    def nearest(self, wrong: str, known: Iterable[str]) -> str:
        """See `nearest`; only for the first hundreds of problems, since nobody reads the advice to the others."""
        return nearest(wrong, known) if len(self._found) < _MOST_ADVISED else ""

    @property
    def errors(self) -> list[Diagnostic]:
        """The findings that make the input invalid, sorted by place."""
        return [one for one in self if one.severity is Severity.ERROR]

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found, key=lambda one: (one.place.source, one.place.line, one.place.column)))

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Advice naming the closest known spelling, or the known ones when they are few, or nothing."""
    known = tuple(known)
    close = spelling.closest(wrong, known)
    if close is not None:
        return f"Did you mean {close!r}?"
    if 0 < len(known) <= 12:
        return "Known: " + ", ".join(sorted(known)) + "."
    return ""
