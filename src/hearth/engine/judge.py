"""What becomes of one resource: the decision that the plan shows and the step executes, made in one place.

Pure: values in, judgement out. The plan asks with what is known before the action, the step with what is known then.
"""

import dataclasses
import json
from collections.abc import Collection, Mapping
from typing import Any

from hearth.model import drift, plan
from hearth.model.constraints import shown
from hearth.model.states import Action, Status
from hearth.model.values import UNKNOWN, is_known
from hearth.resources import blueprint, contract
from hearth.store.rows import ResourceRow


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """A judgement together with the change that an update would carry out."""

    judgement: plan.Judgement
    change: contract.Change

    @property
    def verdict(self) -> plan.Verdict:
        return self.judgement.decision.verdict


#: Marks in a row's private data that its object was not made by Hearth.
EXTERNAL = "external"
#: Keeps in a row's private data what properties were before an update that is not done yet (JSON; null: not there).
UNFINISHED = "unfinished_update"
#: Marks in a row's private data that its object waits until others have given up what it needs; there is none yet.
AWAITS_PLACE = "awaits_place"
#: Keeps in a row's private data the template's metadata once signals have changed the metadata (JSON).
DECLARED = "declared_metadata"

_NO_CHANGE = contract.Change({})
_UNSEEN = drift.Reality()


def rule(
    member: blueprint.Member,
    row: ResourceRow | None,
    old_type: contract.Resource | None,
    values: contract.Values,
    metadata: Any,
    call: contract.Call,
    restricted: Collection[str] = (),
    reality: drift.Reality | None = None,
    *,
    resumed: bool = False,
    refills: bool = False,
    well: bool | None = None,
) -> Ruling:
    """Decide about a wanted resource; `restricted` actions of it are refused.

    Args:
        reality: what was seen of its object, and what is to be done about that; None: nothing.
        resumed: the action goes on where it failed before.
        refills: what the object was filled from last fills it again: the action brings its content back.
        well: whether the object of a resource in doubt is there and well; None: that has not been looked at.
    """
    asked = member, row, old_type, values, metadata, call, reality or _UNSEEN
    ruling = _rule(*asked, resumed=resumed, refills=refills, well=well)
    may_be_well = well is None and row is not None and (in_doubt(row, member.type) or _is_leaving(row, member.type))
    if may_be_well and ruling.verdict is plan.Verdict.REPLACE:
        ruling = _unless_well(ruling, _rule(*asked, resumed=resumed, refills=refills, well=True))
    if row is not None and plan.Verdict.REPLACE in ruling.judgement.allowed:
        ruling = _with_collision(ruling, row, old_type, member.type, values)
    if reality is not None and reality.in_force:
        ruling = _with_acceptances(ruling, member.type, reality)
    if ruling.verdict in restricted and row is not None:
        decision = plan.Decision(
            plan.Verdict.REFUSE,
            f"{ruling.verdict} is restricted for resource {row.name}: {ruling.judgement.decision.reason}",
            ruling.judgement.decision.keys,
            error="ResourceActionRestricted",
        )
        allowed = ruling.judgement.others.difference(restricted)
        judgement = dataclasses.replace(ruling.judgement, decision=decision, effect=plan.Effect.NONE, others=allowed)
        return dataclasses.replace(ruling, judgement=judgement)
    return ruling


def _rule(
    member: blueprint.Member,
    row: ResourceRow | None,
    old_type: contract.Resource | None,
    values: contract.Values,
    metadata: Any,
    call: contract.Call,
    reality: drift.Reality,
    *,
    resumed: bool,
    refills: bool,
    well: bool | None,
) -> Ruling:
    """The decision by the rules of the lifecycle.

    Args:
        row: its present row, None when there is none; `old_type` is the type that made it.
        values: the wanted properties, checked, parts that are not known yet `UNKNOWN`.
        call: for the type's own rules, `previous` being what is stored.
    """
    if row is None or row.action is Action.INIT:
        return _ruling(plan.Verdict.CREATE, "is not there yet", effect=plan.Effect.IDENTITY, after=values)
    if old_type is None or not _same_implementation(old_type, member.type):
        reason = f"the type changes from {row.type} to {member.definition.type}"
        return _replace(row, values, reason, ())
    external_id = member.definition.external_id
    if external_id is not None or (row.data or {}).get(EXTERNAL):
        return _external(row, external_id, values)
    if resumed and (row.action, row.status) == (Action.ADOPT, Status.FAILED):
        return _ruling(plan.Verdict.CREATE, "is adopted again", effect=plan.Effect.IDENTITY, after=values)
    # A copy that could not be made says nothing about the object itself, and an update that is resumed is made again.
    alive = well is True and (in_doubt(row, member.type) or _is_leaving(row, member.type))
    spared = alive or row.action is Action.SNAPSHOT or (resumed and row.action is Action.UPDATE)
    if row.status is Status.FAILED and not spared and not member.type.nests:
        return _replace(row, values, f"its last action, {row.action}, failed", ())
    if member.type.renewed:
        return _replace(row, values, "it is made anew by every update", ())
    leaving = row.action is Action.DELETE or (row.action is Action.ROLLBACK and row.status is not Status.COMPLETE)
    if leaving and not alive:
        return _replace(row, values, "it was being deleted", ())
    if not member.type.nests and (lost := reality.lost()) is not None:
        return _replace(row, values, lost, ())

    repairs = {} if member.type.nests else reality.repairs()
    stored = row.properties or {}
    before = {**stored, **{key: one.actual for key, one in repairs.items()}}
    changed = _changed(before, values) | {key: values.get(key) for key in _unfinished(row)}
    had = frozenset() if refills else _had(member.type, row, changed)
    changed = {key: value for key, value in changed.items() if key not in had}
    change = contract.Change(changed, metadata=not same_metadata(row, metadata), former=before)
    if member.type.nests and not (changed and member.type.decide(change, call).verdict is plan.Verdict.REPLACE):
        return _nested(row, changed, change, values)
    again = resumed and row.status is Status.FAILED
    takes_back = contract.GIVEN_UP in row.data
    same_policy = row.deletion_policy == member.definition.deletion_policy
    as_it_was = not changed and not had and not change.metadata and same_policy and before == stored
    if as_it_was and not again and not takes_back:
        reason = "its object is well" if alive else "nothing changes"
        return _ruling(plan.Verdict.KEEP, reason, before=before, after=values)
    if changed:
        call = dataclasses.replace(call, previous=with_actual(call.previous, repairs))
        decision = _with_drift(member.type.decide(change, call), member.type, repairs, changed)
    elif before != stored:
        decision = plan.Decision(plan.Verdict.UPDATE, "its object is already what the template says")
    else:
        reason = "its last update failed" if again else "metadata or deletion policy changes"
        reason = "it takes back what it had given up" if takes_back and as_it_was else reason
        reason = "its object was filled from that already" if had else reason
        decision = plan.Decision(plan.Verdict.UPDATE, reason)
    effect = plan.Effect.IDENTITY if decision.verdict is plan.Verdict.REPLACE else plan.Effect.ATTRIBUTES
    others: frozenset[plan.Verdict] = frozenset()
    if not is_known([*changed.values(), metadata]):
        in_any_case = takes_back or not same_policy
        others = plan.lighter(decision.verdict, _lightest(member.type, change, call, metadata, in_any_case))
    if decision.verdict is plan.Verdict.UPDATE and not member.type.may_replace.isdisjoint(changed):
        others, effect = others | {plan.Verdict.REPLACE}, plan.Effect.IDENTITY
    return Ruling(plan.Judgement(decision, effect, others, before, values), change)


def in_doubt(row: ResourceRow, kind: contract.Resource) -> bool:
    """Whether its last action failed, and only a look at the object tells whether it has to be replaced.

    Spec: lifecycle facts, section 5, rule 3. Who marks a resource or finds it unwell by a check wants it replaced.
    """
    failed = row.status is Status.FAILED and row.action not in (Action.CHECK, Action.INIT)
    return failed and kind.survives_failure and row.physical_id is not None


def may_be_there(row: ResourceRow, kind: contract.Resource | None) -> bool:
    """Whether a creation without an id may have made the object: it was intended, and not refused for certain."""
    intended = row.properties is not None and AWAITS_PLACE not in row.data
    return intended and (kind is None or (kind.external and kind.may_exist(row.data)))


def _is_leaving(row: ResourceRow, kind: contract.Resource) -> bool:
    """Whether its removal is under way; should it fail, the resource is in doubt."""
    leaving = row.action is Action.DELETE and row.status is Status.IN_PROGRESS
    return leaving and kind.survives_failure and row.physical_id is not None


def _unless_well(replaced: Ruling, kept: Ruling) -> Ruling:
    """The replacement of a resource in doubt, which becomes something milder if its object is well."""
    milder = kept.judgement.allowed - {plan.Verdict.REPLACE}
    if not milder:
        return replaced
    decision = replaced.judgement.decision
    decision = dataclasses.replace(decision, reason=f"{decision.reason}; it stays if its object is well")
    return dataclasses.replace(
        replaced, judgement=dataclasses.replace(replaced.judgement, decision=decision, others=milder)
    )


def _with_collision(
    ruling: Ruling,
    row: ResourceRow,
    old_type: contract.Resource | None,
    kind: contract.Resource,
    wanted: contract.Values,
) -> Ruling:
    """A replacement that tells what the present object gives up before there is another."""
    if not kind.takes_turns or type(old_type) is not type(kind):
        return ruling
    if row.physical_id is None and not may_be_there(row, kind):
        return ruling  # it was never made
    gives_up = kind.collides(row.properties or {}, wanted)
    return dataclasses.replace(ruling, judgement=dataclasses.replace(ruling.judgement, gives_up=gives_up))


def with_actual(values: Mapping[str, Any] | None, repairs: Mapping[str, drift.Difference]) -> contract.Values:
    """Stored properties, with what the object really has of those that are put right."""
    return {**(values or {}), **{key: one.actual for key, one in repairs.items()}}


def _with_drift(
    decision: plan.Decision,
    kind: contract.Resource,
    repairs: Mapping[str, drift.Difference],
    changed: Mapping[str, Any],
) -> plan.Decision:
    """A decision that tells which of the changes only put right what has drifted."""
    drifted = sorted(key for key in repairs if key in changed)
    if not drifted:
        return decision
    reason = "; ".join(_drifted(kind, key, repairs[key]) for key in drifted)
    if decision.verdict is plan.Verdict.REFUSE or any(key not in drifted for key in changed):
        reason = f"{decision.reason}; {reason}"
    return dataclasses.replace(decision, reason=reason)


def _drifted(kind: contract.Resource, key: str, one: drift.Difference) -> str:
    secret = _is_secret(kind, key)
    return f"{key} drifted: expected {shown(one.expected, secret)}, is {shown(one.actual, secret)}"


def _is_secret(kind: contract.Resource, key: str) -> bool:
    return key in kind.properties and kind.properties[key].secret


def _with_acceptances(ruling: Ruling, kind: contract.Resource, reality: drift.Reality) -> Ruling:
    """A ruling that tells where the template's values do not count."""
    notes = [
        f"{one.property} stays {shown(one.value, secret)} as accepted, "
        + (f"the template says {shown(one.before[0], secret)}" if one.before else "the template does not say it")
        for one in reality.in_force
        for secret in [_is_secret(kind, one.property)]
    ]
    decision = ruling.judgement.decision
    decision = dataclasses.replace(decision, reason="; ".join([decision.reason, *notes]))
    return dataclasses.replace(ruling, judgement=dataclasses.replace(ruling.judgement, decision=decision))


def _lightest(
    kind: contract.Resource, change: contract.Change, call: contract.Call, metadata: Any, in_any_case: bool
) -> plan.Verdict:
    """What a change comes to if everything that is not known turns out to be as it was.

    `in_any_case`: there is an update whatever becomes of properties and metadata.
    """
    known = {key: value for key, value in change.properties.items() if is_known(value)}
    metadata_changes = change.metadata and is_known(metadata)
    if not known:
        return plan.Verdict.UPDATE if metadata_changes or in_any_case else plan.Verdict.KEEP
    before = {key: value for key, value in (call.previous or {}).items() if key not in known}
    properties = {key: value for key, value in call.properties.items() if is_known(value)}
    call = dataclasses.replace(call, properties=before | properties)
    return kind.decide(contract.Change(known, metadata=metadata_changes), call).verdict


def _nested(row: ResourceRow, changed: Mapping[str, Any], change: contract.Change, values: contract.Values) -> Ruling:
    """What can be changed in place is the nested stack's to decide; a child marked unhealthy is made anew."""
    if row.action is Action.CHECK and row.status is Status.FAILED:
        return _replace(row, values, "it was marked unhealthy", ())
    if row.physical_id is None:
        return _ruling(plan.Verdict.CREATE, "its stack is not there yet", effect=plan.Effect.IDENTITY, after=values)
    decision = plan.Decision(plan.Verdict.UPDATE, "its nested stack is brought up to date", tuple(changed))
    judgement = plan.Judgement(decision, plan.Effect.ATTRIBUTES, before=row.properties or {}, after=values)
    return Ruling(judgement, change)


def _had(kind: contract.Resource, row: ResourceRow, changed: Mapping[str, Any]) -> frozenset[str]:
    """Changes that name what the object was filled from last.

    An update that no longer named it has left the object as it was. To fill it once more would undo what was written
    since, and what it was filled from may be gone.
    """
    filled = kind.filled(row.data)
    return frozenset(key for key, value in changed.items() if key in filled and filled[key] == value)


def _external(row: ResourceRow, external_id: str | None, values: contract.Values) -> Ruling:
    """What somebody else made is only referred to: it cannot begin, change or cease to be external."""
    if external_id == row.physical_id and row.data.get(EXTERNAL):
        return _ruling(plan.Verdict.KEEP, "is kept by somebody else", before=row.properties or {}, after=values)
    return _ruling(plan.Verdict.REFUSE, "Update to property external_id of " + row.name, before=row.properties or {})


def _same_implementation(old: contract.Resource, new: contract.Resource) -> bool:
    return type(old) is type(new) or (old.nests and new.nests and type(old).__mro__[1] is type(new).__mro__[1])


def _replace(row: ResourceRow, values: contract.Values, reason: str, keys: tuple[str, ...]) -> Ruling:
    return _ruling(
        plan.Verdict.REPLACE, reason, effect=plan.Effect.IDENTITY, before=row.properties or {}, after=values, keys=keys
    )


def _ruling(
    verdict: plan.Verdict,
    reason: str,
    *,
    effect: plan.Effect = plan.Effect.NONE,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    keys: tuple[str, ...] = (),
) -> Ruling:
    judgement = plan.Judgement(plan.Decision(verdict, reason, keys), effect, before=before, after=after)
    return Ruling(judgement, _NO_CHANGE)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`{key: new value}` of all keys that differ; None for those that are gone. Unknown values differ."""
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    changed.update((key, None) for key in before if key not in after)
    return changed


def same_metadata(row: ResourceRow, metadata: Any) -> bool:
    """Whether the template's metadata is what it was, whatever signals have made of it since."""
    before = json.loads(row.data[DECLARED]) if DECLARED in row.data else row.metadata
    return bool(_plain(before) == _plain(metadata))


def note_unfinished(data: dict[str, str], previous: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Keep what the changed properties of an update were until it is done: if it fails, they count as changed still."""
    data[UNFINISHED] = json.dumps({key: previous.get(key) for key in changed})


def previous(row: ResourceRow) -> contract.Values | None:
    """The properties as of the last update that was done, names translated."""
    stored = row.frozen if row.frozen is not None else row.properties
    unfinished = _unfinished(row)
    if not unfinished or stored is None:
        return stored
    found = {key: value for key, value in stored.items() if key not in unfinished}
    return found | {key: value for key, value in unfinished.items() if value is not None}


def _unfinished(row: ResourceRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.data[UNFINISHED]) if UNFINISHED in row.data else {}
    return found


def _plain(metadata: Any) -> Any:
    return metadata if metadata is UNKNOWN else metadata or None
