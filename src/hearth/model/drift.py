"""What the live objects are unlike what is expected of them, and what users decide about it: pure values.

A *sighting* is what one look at a resource's object saw. A *difference* is a property whose live value is not the
expected one. A *treatment* is a user's decision about one property of one resource:

    ACCEPT   the live value is the expected one now, as long as the template says what it said then
    IGNORE   differences of this property are neither reported nor repaired; the template's own changes still count
    REVERT   the next update puts back what the template says

`Reality` puts both together for one resource: what an update has to repair, and which values count. The plan and the
step ask it the same questions. Nothing here looks at anything; sightings are made by `hearth.engine.observing`.
"""

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.model.values import is_known

#: Stands for the object itself where a property is named: one that is lost is made anew.
OBJECT: Final = ""


class Condition(enum.StrEnum):
    """What a look found."""

    SAME = "same"  # all that can be seen is as expected
    DRIFTED = "drifted"  # it is there, and properties differ
    GONE = "gone"  # there is no object
    FAILED = "failed"  # its service calls it broken
    UNREADY = "unready"  # it is there, in a state that is not expected
    UNKNOWN = "unknown"  # nobody has looked since its last change, or the look failed


#: Conditions that a new object heals.
LOST: Final = frozenset({Condition.GONE, Condition.FAILED})


class Treatment(enum.StrEnum):
    """What a user decided about a property; see the module's text."""

    ACCEPT = "accept"
    IGNORE = "ignore"
    REVERT = "revert"


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A property that is not what it should be; names are given as ids in both."""

    expected: Any
    actual: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Sighting:
    """One look at a resource. `at`: seconds since the epoch. `unseen`: why properties could not be seen, by name."""

    at: float
    condition: Condition
    reason: str = ""
    differences: Mapping[str, Difference] = dataclasses.field(default_factory=dict)
    unseen: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def without(self, names: Iterable[str]) -> "Sighting":
        """The same look, some differences being none any more."""
        gone = set(names)
        return self._with({name: one for name, one in self.differences.items() if name not in gone})

    def with_difference(self, name: str, difference: Difference) -> "Sighting":
        """The same look, with one difference more."""
        return self._with({**self.differences, name: difference})

    def _with(self, left: Mapping[str, Difference]) -> "Sighting":
        condition = self.condition
        if condition in (Condition.SAME, Condition.DRIFTED):
            condition = Condition.DRIFTED if left else Condition.SAME
        return dataclasses.replace(self, condition=condition, differences=left)

    def to_row(self) -> dict[str, Any]:
        """As it is stored: plain data, empty parts left out."""
        stored: dict[str, Any] = {"at": self.at, "condition": self.condition.value}
        if self.reason:
            stored["reason"] = self.reason
        if self.differences:
            stored["differences"] = {name: [one.expected, one.actual] for name, one in self.differences.items()}
        if self.unseen:
            stored["unseen"] = dict(self.unseen)
        return stored


def from_row(stored: Mapping[str, Any] | None) -> Sighting | None:
    """A stored sighting; None when nobody has looked."""
    if not stored:
        return None
    return Sighting(
        stored["at"],
        Condition(stored["condition"]),
        stored.get("reason", ""),
        {name: Difference(expected, actual) for name, (expected, actual) in stored.get("differences", {}).items()},
        stored.get("unseen", {}),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Treated:
    """A decision about a property (or the object itself, `OBJECT`) of the resource of that name.

    `before`: for an acceptance, `[what the template said]`, empty when it did not say anything.
    `value`: for an acceptance, the live value.
    """

    name: str
    property: str
    treatment: Treatment
    before: tuple[Any, ...] = ()
    value: Any = None


#: `{property: decision}` of one resource.
Treatments = Mapping[str, Treated]


@dataclasses.dataclass(frozen=True, slots=True)
class Reality:
    """What is known of a resource's object, with what is decided about it. `converge`: an update repairs all drift."""

    sighting: Sighting | None = None
    treatments: Treatments = dataclasses.field(default_factory=dict)
    converge: bool = False
    reverts: bool = False
    in_force: tuple[Treated, ...] = ()
    """The acceptances that hold against the template; see `facing`."""

    def lost(self) -> str | None:
        """Why a new object is to be made; None when that is not wanted."""
        seen = self.sighting
        if seen is None or seen.condition not in LOST or not self._is_wanted(OBJECT):
            return None
        return f"drifted: {seen.reason or seen.condition.value}"

    def repairs(self) -> dict[str, Difference]:
        """The differences that an update puts right."""
        differences = self.sighting.differences if self.sighting is not None else {}
        return {name: one for name, one in differences.items() if self._is_wanted(name)}

    def _is_wanted(self, name: str) -> bool:
        treated = self.treatments.get(name)
        if treated is not None and treated.treatment is Treatment.REVERT:
            return self.reverts or self.converge
        return self.converge and treated is None

    def facing(self, values: Mapping[str, Any]) -> "Reality":
        """The same, knowing what the template says: acceptances hold while it says what it said."""
        held = tuple(one for one in self._acceptances() if one.before == said(values, one.property))
        return dataclasses.replace(self, in_force=held) if held else self

    def effective(self, values: dict[str, Any]) -> dict[str, Any]:
        """The template's values, those that are accepted in the place of its own."""
        return {**values, **{one.property: one.value for one in self.in_force}} if self.in_force else values

    def lapsed(self, values: Mapping[str, Any]) -> list[Treated]:
        """Acceptances that hold no more: the template says something else than it did."""
        return [one for one in self._acceptances() if is_known(now := said(values, one.property)) and one.before != now]

    def _acceptances(self) -> list[Treated]:
        return [one for one in self.treatments.values() if one.treatment is Treatment.ACCEPT]


def said(values: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """What properties say about one of them: `(value,)`, or nothing."""
    return (values[name],) if name in values else ()


def with_value(values: Mapping[str, Any] | None, name: str, said_of_it: tuple[Any, ...]) -> dict[str, Any]:
    """Properties that say something else about one of them."""
    changed = {key: value for key, value in (values or {}).items() if key != name}
    return {**changed, name: said_of_it[0]} if said_of_it else changed
