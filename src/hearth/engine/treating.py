"""What users decide about drift: which property of which resource they mean, and what becomes of the stored rows.

`resolve` turns the targets of a request into one `Decided` for each stack of the tree; the same object tells the plan
what will hold and stores it, in the transaction in which the update begins or in one of its own. Nothing is looked at
here: accepting and reverting go by the last sighting.

An acceptance makes the live value the stored one; what the template says is kept with it, so that the acceptance ends
when the template says something else, and can be undone.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.engine import observing
from hearth.engine.requests import DriftRequest, DriftTarget
from hearth.model import drift
from hearth.model.diagnostics import nearest
from hearth.model.drift import Difference, Treated, Treatment
from hearth.model.errors import BadRequest, NotFound
from hearth.store import drift as drift_rows
from hearth.store import resources
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, StackRow

#: Separates the names of nested stacks' owners in the path of a resource.
SEPARATOR = "/"

TreatmentsByName = Mapping[str, drift.Treatments]


@dataclasses.dataclass(slots=True)
class Decided:
    """What is decided about the resources of one stack. `columns`: `{row id: {column: new value}}`."""

    treated: dict[tuple[str, str], Treated] = dataclasses.field(default_factory=dict)
    undone: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    columns: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "treated": [dataclasses.asdict(one) for one in self.treated.values()],
            "undone": sorted(self.undone),
            "columns": self.columns,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "Decided":
        """Of what `to_wire` gave."""
        several = [
            Treated(**{**one, "treatment": Treatment(one["treatment"]), "before": tuple(one["before"])})
            for one in data["treated"]
        ]
        treated = {(one.name, one.property): one for one in several}
        return cls(treated, {(name, property_name) for name, property_name in data["undone"]}, data["columns"])

    def outdated(self, rows: Iterable[ResourceRow]) -> Iterator[str]:
        """What was accepted and is something else by now, as far as the last look saw."""
        for row in rows:
            sighting = observing.seen_of(row)
            if row.id not in self.columns or sighting is None:
                continue
            for name, one in sighting.differences.items():
                accepted = self.treated.get((row.name, name))
                if accepted is not None and accepted.treatment is Treatment.ACCEPT and accepted.value != one.actual:
                    yield f"resource {row.name}: the live value of {name} is another one now"

    def over(self, stored: TreatmentsByName) -> dict[str, dict[str, Treated]]:
        """The decisions that will hold, over those that are stored."""
        merged = {name: dict(several) for name, several in stored.items()}
        for name, property_name in self.undone:
            merged.get(name, {}).pop(property_name, None)
        for one in self.treated.values():
            merged.setdefault(one.name, {})[one.property] = one
        return merged

    def apply(self, rows: Iterable[ResourceRow]) -> None:
        """Change rows in memory as `store` will change them."""
        for row in rows:
            for column, value in self.columns.get(row.id, {}).items():
                setattr(row, column, value)

    def store(self, connection: sa.Connection, codec: Codec, stack_id: str, now: float, *, secret: bool) -> None:
        """Make it last."""
        for name, property_name in self.undone:
            drift_rows.undo(connection, stack_id, name, property_name)
        drift_rows.decide(connection, codec, stack_id, self.treated.values(), now)
        resources.update(connection, codec, [(row_id, new, secret) for row_id, new in self.columns.items()])


@dataclasses.dataclass(slots=True)
class Scene:
    """One stack of a tree as decisions find it. `path`: names of the owners from the root's resource down."""

    stack: StackRow
    path: tuple[str, ...]
    rows: Sequence[ResourceRow]
    treatments: TreatmentsByName

    def named(self, name: str) -> ResourceRow | None:
        """The present row of a name."""
        return next((row for row in observing.present(self.rows) if row.name == name), None)


def scenes(connection: sa.Connection, codec: Codec, stack: StackRow) -> list[Scene]:
    """A stack and all nested in it, owners first."""
    tree = observing.below(connection, stack)
    rows: dict[str, list[ResourceRow]] = {one.id: [] for one in tree}
    for row in resources.by_stacks(connection, codec, [one.id for one in tree]):
        rows[row.stack_id].append(row)
    decided = drift_rows.treatments(connection, codec, [one.id for one in tree])
    paths: dict[str, tuple[str, ...]] = {stack.id: ()}
    for one in tree[1:]:
        paths[one.id] = (*paths[one.owner_id or ""], one.owner_resource_name or "")
    return [Scene(one, paths[one.id], rows[one.id], decided.get(one.id, {})) for one in tree]


def paths_inside(several: Iterable[Scene]) -> list[str]:
    """The paths of what is in nested stacks."""
    return [
        SEPARATOR.join((*scene.path, row.name))
        for scene in several
        if scene.path
        for row in observing.present(scene.rows)
    ]


def resolve(several: Sequence[Scene], request: DriftRequest) -> dict[str, Decided]:
    """What a request decides: `{stack id: decisions}`.

    Raises:
        NotFound: there is no such resource.
        BadRequest: there is nothing to accept, revert or undo.
    """
    decided: dict[str, Decided] = {}
    by_path = {scene.path: scene for scene in several}

    def taker(scene: Scene) -> _Taker:
        return _Taker(scene, decided.setdefault(scene.stack.id, Decided()))

    for treatment, targets in request.targets():
        for target in targets:
            scene, row = _find(by_path, target)
            taker(scene).treat(row, target, treatment)
    for treatment in request.everything():
        for scene in several:
            for row in observing.present(scene.rows):
                taker(scene).treat_all(row, treatment)
    return {stack_id: one for stack_id, one in decided.items() if one.treated or one.undone}


def _find(by_path: Mapping[tuple[str, ...], Scene], target: DriftTarget) -> tuple[Scene, ResourceRow]:
    *owners, name = target.resource.split(SEPARATOR)
    scene = by_path.get(tuple(owners))
    row = scene.named(name) if scene is not None else None
    if scene is None or row is None:
        known = [SEPARATOR.join((*path, row.name)) for path, one in by_path.items() for row in one.rows]
        error = NotFound("Resource", target.resource, kind="ResourceNotFound")
        error.message = f"{error.message} {nearest(target.resource, known)}".rstrip()
        raise error
    return scene, row


class _Taker:
    """Takes decisions about one stack's resources."""

    def __init__(self, scene: Scene, decided: Decided) -> None:
        self._scene = scene
        self._decided = decided

    def treat(self, row: ResourceRow, target: DriftTarget, treatment: Treatment | None) -> None:
        """Decide about a target; `treatment` None takes a decision back."""
        name = target.property
        if treatment is None:
            self._undo(row, target)
            return
        sighting = observing.seen_of(row)
        differences = sighting.differences if sighting is not None else {}
        if name is None:
            if not self.treat_all(row, treatment):
                raise BadRequest(
                    f"{target.resource}: there is no drift to {treatment}, as far as the last look saw. Look again."
                )
        elif treatment is Treatment.IGNORE:
            self._note(row, Treated(row.name, name, treatment))
        elif name not in differences:
            advice = f"What differs is {', '.join(sorted(differences))}." if differences else "Look again."
            raise BadRequest(
                f"{target.resource}.{name} does not differ from what is expected, so there is nothing to {treatment}, "
                f"as far as the last look saw. {advice}"
            )
        else:
            self._decide(row, name, differences[name], treatment)

    def treat_all(self, row: ResourceRow, treatment: Treatment) -> bool:
        """Decide about all that has drifted and that nothing is decided about yet; whether there was anything."""
        sighting = observing.seen_of(row)
        if sighting is None:
            return False
        before = len(self._decided.treated)
        known = self._scene.treatments.get(row.name, {})
        if sighting.condition in drift.LOST and treatment is Treatment.REVERT:
            self._note(row, Treated(row.name, drift.OBJECT, treatment))
        for name, one in sighting.differences.items():
            ignored = name in known and known[name].treatment is Treatment.IGNORE
            if not ignored and (row.name, name) not in self._decided.treated:
                self._decide(row, name, one, treatment)
        return len(self._decided.treated) > before

    def _decide(self, row: ResourceRow, name: str, one: Difference, treatment: Treatment) -> None:
        if treatment is not Treatment.ACCEPT:
            self._note(row, Treated(row.name, name, treatment))
            return
        known = self._scene.treatments.get(row.name, {}).get(name)
        is_again = known is not None and known.treatment is Treatment.ACCEPT
        before = known.before if known is not None and is_again else drift.said(row.properties or {}, name)
        self._note(row, Treated(row.name, name, treatment, before, one.actual))
        self._change(row, name, (one.actual,), None)

    def _undo(self, row: ResourceRow, target: DriftTarget) -> None:
        known = self._scene.treatments.get(row.name, {})
        wanted = list(known) if target.property is None else [target.property] if target.property in known else []
        if not wanted:
            about = target.resource if target.property is None else f"{target.resource}.{target.property}"
            raise BadRequest(f"{about}: nothing has been decided about it that could be undone.")
        for name in wanted:
            one = known[name]
            self._decided.undone.add((row.name, name))
            if one.treatment is Treatment.ACCEPT and drift.said(row.properties or {}, name) == (one.value,):
                again = Difference(one.before[0] if one.before else None, one.value)
                self._change(row, name, one.before, again)

    def _note(self, row: ResourceRow, treated: Treated) -> None:
        self._decided.undone.discard((row.name, treated.property))
        self._decided.treated[row.name, treated.property] = treated

    def _change(self, row: ResourceRow, name: str, said: tuple[Any, ...], again: Difference | None) -> None:
        """Let a row say something else of a property, which then differs from its object `again`, or no more."""
        columns = self._decided.columns.setdefault(row.id, {})
        columns["properties"] = drift.with_value(columns.get("properties", row.properties), name, said)
        if row.frozen is not None:
            columns["frozen"] = drift.with_value(columns.get("frozen", row.frozen), name, said)
        sighting = drift.from_row(columns.get("drift", row.drift))
        if sighting is not None:
            now = sighting.without([name]) if again is None else sighting.with_difference(name, again)
            columns["drift"] = now.to_row()
