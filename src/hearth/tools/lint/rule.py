"""What a rule is: its metadata, for listings and documentation, and one check that yields hits."""

import dataclasses
import enum
import re
from collections.abc import Callable, Iterator
from typing import Final

from hearth.model.diagnostics import Place
from hearth.tools.lint import subject


class Level(enum.StrEnum):
    """How bad a hit is; the names are SARIF's."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """Something a rule objects to."""

    place: Place
    message: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `bad` and `good` are whole templates: the first has a hit of this rule, the second has none."""

    id: str
    name: str
    title: str
    level: Level
    why: str
    bad: str
    good: str
    check: Callable[[subject.Subject], Iterator[Hit]]

    def is_called(self, word: str) -> bool:
        """Whether a word of the user means this rule: its id, the beginning of its id, or its name."""
        return word == self.name or self.id.startswith(word.upper())


#: Names under which people keep secrets.
SECRET_NAME: Final = re.compile(
    r"(?i)(^|[_\-])(password|passwd|passphrase|pass|pwd|secret|token|private_?key|api_?key|credentials?)([_\-]|$)"
    r"|admin_?pass|(password|secret|token)$"
)
