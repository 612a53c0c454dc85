"""Which values a parameter or a property takes: the constraints that both kinds of schema share.

A constraint is a frozen value with one question, `check(value)`: None when the value is fine, else what is wrong in
one sentence. Template parameters and resource property schemas declare them; `to_wire` gives the form the resource
schema API shows. Values arrive in their native type; converting text is the schema's work, and so is asking the cloud
about a `Custom` constraint, which is only a name here.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from hearth.model import patterns

SECRET_SHOWN = "******"
_SHOWN_LENGTH = 120


def shown(value: Any, secret: bool = False) -> str:
    """The value as messages name it: quoted text, long values cut, secrets hidden."""
    if secret:
        return SECRET_SHOWN
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."


class Constraint(Protocol):
    """What schemas rely on. `key` is the constraint's name in templates."""

    key: ClassVar[str]

    @property
    def description(self) -> str:
        """The author's own words for the rule; empty when there are none. They replace the message."""

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """What is wrong with the value; None when nothing is. `secret` keeps the value out of the message."""

    def to_wire(self) -> dict[str, Any]:
        """The constraint as an entry of a schema's `constraints` list."""


def _as_wire(constraint: Constraint, rule: Any) -> dict[str, Any]:
    wire = {constraint.key: rule}
    if constraint.description:
        wire["description"] = constraint.description
    return wire


def _present(**limits: Any) -> dict[str, Any]:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _between(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return f"at least {minimum}"
    if minimum is None:
        return f"at most {maximum}"
    return f"between {minimum} and {maximum}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclasses.dataclass(frozen=True, slots=True)
class Length:
    """Size of a text (characters), list (items) or map (entries); both limits inclusive."""

    key: ClassVar[str] = "length"
    min: int | None = None
    max: int | None = None
    description: str = ""

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        if not isinstance(value, (str, list, tuple, Mapping)):
            return f"{shown(value, secret)} has no length; text, a list or a map is needed"
        size = len(value)
        if (self.min is None or size >= self.min) and (self.max is None or size <= self.max):
            return None
        return (
            self.description or f"{shown(value, secret)} has length {size}; it must be {_between(self.min, self.max)}"
        )

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, _present(min=self.min, max=self.max))


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """Limits of a number, both inclusive."""

    key: ClassVar[str] = "range"
    min: float | None = None
    max: float | None = None
    description: str = ""

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        if not _is_number(value):
            return f"{shown(value, secret)} is not a number"
        if (self.min is None or value >= self.min) and (self.max is None or value <= self.max):
            return None
        return self.description or f"{shown(value, secret)} is out of range; it must be {_between(self.min, self.max)}"

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, _present(min=self.min, max=self.max))


@dataclasses.dataclass(frozen=True, slots=True)
class Modulo:
    """Only numbers `offset + n * step`. The declaration must have a step other than 0 and |offset| below |step|."""

    key: ClassVar[str] = "modulo"
    step: int
    offset: int = 0
    description: str = ""

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        if not _is_number(value):
            return f"{shown(value, secret)} is not a number"
        if value % self.step == self.offset:
            return None
        return (
            self.description
            or f"{shown(value, secret)} does not fit; divided by {self.step} it must leave the remainder {self.offset}"
        )

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, {"step": self.step, "offset": self.offset})


@dataclasses.dataclass(frozen=True)
class AllowedValues:
    """One of the listed values; of a list every item has to be one. `1` and `True` are different values here.

    `written`: the values as their author wrote them, where that may be another spelling (`off` for the text "False").
    """

    key: ClassVar[str] = "allowed_values"
    allowed: tuple[Any, ...]
    description: str = ""
    written: tuple[Any, ...] = ()

    def __init__(self, allowed: Iterable[Any], description: str = "", written: Iterable[Any] | None = None) -> None:
        object.__setattr__(self, "allowed", tuple(allowed))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "written", self.allowed if written is None else tuple(written))

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if not any(item == one and isinstance(item, bool) == isinstance(one, bool) for one in self.allowed):
                listed = ", ".join(map(shown, self.allowed))
                return self.description or f"{shown(item, secret)} is not an allowed value; allowed: {listed}"
        return None

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, list(self.allowed))


@dataclasses.dataclass(frozen=True)
class AllowedPattern:
    """Text that a regular expression matches from its first to its last character.

    No pattern can stall the process: see `hearth.model.patterns` for how the time is bounded.
    """

    key: ClassVar[str] = "allowed_pattern"
    pattern: str
    description: str = ""
    _compiled: patterns.Pattern = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError for text that is no usable regular expression."""
        try:
            object.__setattr__(self, "_compiled", patterns.Pattern(self.pattern))
        except (re.error, ValueError) as error:
            raise ValueError(f"{shown(self.pattern)} cannot be used as a regular expression: {error}") from error

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        if not isinstance(value, str):
            return f"{shown(value, secret)} is not text"
        try:
            if self._compiled.matches(value):
                return None
        except ValueError as error:
            return f"the value cannot be checked against the pattern {shown(self.pattern)}: {error}"
        return self.description or f"{shown(value, secret)} does not match the pattern {shown(self.pattern)}"

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, self.pattern)


@dataclasses.dataclass(frozen=True, slots=True)
class Custom:
    """A rule known by name ("nova.flavor") that only the cloud can check; `check` therefore accepts everything."""

    key: ClassVar[str] = "custom_constraint"
    name: str
    description: str = ""

    def check(self, value: Any, *, secret: bool = False) -> str | None:
        """See `Constraint.check`."""
        return None

    def to_wire(self) -> dict[str, Any]:
        """See `Constraint.to_wire`."""
        return _as_wire(self, self.name)
