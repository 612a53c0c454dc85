"""Answers what has drifted in a stack and everything nested in it, and takes what users decide about it.

Used by the service. Looking is `observing`'s work, finding out what a decision means `treating`'s; what is shown here
is what was seen last, with secrets masked.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import adoption, authority, context, definitions, holding, masking, observing, treating, views
from hearth.engine.requests import DriftRequest, StackRequest
from hearth.model import drift
from hearth.model.drift import Condition, Treatment
from hearth.model.errors import ActionInProgress
from hearth.model.holds import Change
from hearth.resources import contract
from hearth.store import drift as drift_rows
from hearth.store.rows import ResourceRow, StackRow


class Drifting:
    """Drift of stacks, for requests."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        holds: holding.Holding,
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._holding = holds
        self.observing = observing.Observing(surroundings, kept, owners)

    async def shown(self, stack: StackRow, *, everything: bool) -> dict[str, Any]:
        """What was seen last. `everything`: also resources that are as expected, and what cannot be seen of them."""
        counts: Counter[str] = Counter()
        shown: list[dict[str, Any]] = []
        masks: dict[str, masking.Mask] = {}
        for scene in await self._scenes(stack):
            working = await self._definitions.reading_run(scene.stack, scene.rows, self._context)
            built = working.blueprint
            assert built is not None
            masks[scene.stack.id] = mask = masking.of(working, built, above=masks.get(scene.stack.owner_id or ""))
            for row in observing.present(scene.rows):
                entry = _entry(scene, row, working.type_of_row(row), mask)
                counts[entry["condition"]] += 1
                if everything or entry["condition"] != Condition.SAME or entry["ignored"] or entry["accepted"]:
                    shown.append(_listed(entry, everything=everything))
        drifted = sum(count for name, count in counts.items() if name not in (Condition.SAME, Condition.UNKNOWN))
        return {
            "stack_name": stack.name,
            "stack_id": stack.id,
            "drifted": drifted > 0,
            "counts": {one.value: counts[one.value] for one in Condition},
            "resources": shown,
        }

    async def decide(self, caller: tokens.Caller, stack: StackRow, request: DriftRequest) -> None:
        """Take decisions by what was seen last.

        Raises:
            NotFound, BadRequest: there is nothing that they could be about.
            ActionInProgress: an action is at work, which goes by the decisions that it found.
        """
        codec, now = self._context.store.codec, self._context.now()
        secret = {one.stack.id: await self._is_secret(one.stack) for one in await self._scenes(stack)}

        def store(connection: sa.Connection) -> None:
            busy = adoption.busy_in_tree(connection, stack)
            if busy is not None:
                raise ActionInProgress(busy.name, busy.action)
            decided = treating.resolve(treating.scenes(connection, codec, stack), request)
            for stack_id, one in decided.items():
                one.store(connection, codec, stack_id, now, secret=secret.get(stack_id, True))

        await self._holding.change(caller, stack, Change.ALTER, store)

    async def for_update(self, stack: StackRow, request: StackRequest) -> dict[str, treating.Decided]:
        """Look at what an update is to put right, and find out what the request decides: `{stack id: decisions}`."""
        if self.converges(request) or request.drift.accept_all or request.drift.revert_all:
            await self.observing.tree(stack)
        else:
            await self._look_at_named(stack, request.drift)
        if not request.drift:
            return {}
        return treating.resolve(await self._scenes(stack), request.drift)

    async def _look_at_named(self, stack: StackRow, request: DriftRequest) -> None:
        """Look at what was decided to be reverted, and at what the request names; at nothing else."""
        wanted = await self._context.store.read(lambda connection: drift_rows.to_revert(connection, stack.root_id))
        if not wanted and not request:
            return
        for scene in await self._scenes(stack):
            names = wanted.get(scene.stack.id, set()) | _named(scene, request)
            if names:
                await self.observing.stack(scene.stack, names)

    def converges(self, request: StackRequest) -> bool:
        """Whether an update repairs all that has drifted."""
        return request.converge or self._context.settings.observe_on_update

    def store(self, connection: sa.Connection, decided: Mapping[str, treating.Decided], *, secret: bool) -> None:
        """Make the decisions of an update last, in the transaction in which it begins."""
        for stack_id, one in decided.items():
            one.store(connection, self._context.store.codec, stack_id, self._context.now(), secret=secret)

    async def _scenes(self, stack: StackRow) -> list[treating.Scene]:
        codec = self._context.store.codec
        return await self._context.store.read(lambda connection: treating.scenes(connection, codec, stack))

    async def _is_secret(self, stack: StackRow) -> bool:
        return (await self._definitions.blueprint(stack.definition_id, stack)).has_secrets


def _named(scene: treating.Scene, request: DriftRequest) -> set[str]:
    """Names of a stack's resources whose last sighting a request decides by."""
    paths = (target.resource.split(treating.SEPARATOR) for target in (*request.accept, *request.revert))
    return {path[-1] for path in paths if tuple(path[:-1]) == scene.path}


def _entry(
    scene: treating.Scene, row: ResourceRow, kind: contract.Resource | None, mask: masking.Mask
) -> dict[str, Any]:
    """One resource, everything that is known of it."""
    treatments = scene.treatments.get(row.name, {})
    sighting = observing.seen_of(row)
    differences = dict(sighting.differences) if sighting is not None else {}
    ignored = [name for name, one in treatments.items() if one.treatment is Treatment.IGNORE]
    open_ = {name: one for name, one in differences.items() if name not in ignored}
    condition = sighting.condition if sighting is not None else Condition.UNKNOWN
    if condition is Condition.DRIFTED and not open_:
        condition = Condition.SAME
    return {
        "resource_name": row.name,
        "resource_path": treating.SEPARATOR.join((*scene.path, row.name)),
        "resource_type": row.type,
        "physical_resource_id": row.physical_id or "",
        "stack_identity": views.identity_of(scene.stack),
        "condition": condition.value,
        "reason": sighting.reason if sighting is not None else "nobody has looked since its last change",
        "observed_time": sighting.at if sighting is not None else None,
        "revert": drift.OBJECT in treatments and treatments[drift.OBJECT].treatment is Treatment.REVERT,
        "properties": [
            {
                "property": name,
                "expected": expected,
                "actual": actual,
                "update": _update_of(kind, name),
                "revert": name in treatments and treatments[name].treatment is Treatment.REVERT,
            }
            for name, one in open_.items()
            for expected, actual in [_masked(mask, row, kind, name, one.expected, one.actual)]
        ],
        "ignored": sorted(ignored),
        "accepted": [
            {"property": one.property, "template": template, "accepted": value}
            for one in treatments.values()
            if one.treatment is Treatment.ACCEPT
            for before in [one.before[0] if one.before else None]
            for template, value in [_masked(mask, row, kind, one.property, before, one.value)]
        ],
        "unseen": dict(sighting.unseen) if sighting is not None else {},
    }


def _masked(
    mask: masking.Mask, row: ResourceRow, kind: contract.Resource | None, name: str, one: Any, other: Any
) -> tuple[Any, Any]:
    """Two values of a property. What is in the place of a secret may be one too: a password that was changed."""
    declared = kind.properties.get(name) if kind is not None else None
    if mask.is_secret(row.name, name, declared):
        first, second = (None if value is None else masking.MASK for value in (one, other))
        return first, second
    return mask.value(one, declared), mask.value(other, declared)


def _listed(entry: dict[str, Any], *, everything: bool) -> dict[str, Any]:
    return entry if everything else {name: value for name, value in entry.items() if name != "unseen"}


def _update_of(kind: contract.Resource | None, name: str) -> str:
    """How an update puts a property back: in place, with a new object, or not at all."""
    declared = kind.properties.get(name) if kind is not None else None
    if declared is None or declared.updatable:
        return "update"
    return "refuse" if declared.immutable else "replace"
