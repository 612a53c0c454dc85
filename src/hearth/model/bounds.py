"""What an applied plan allows: the engine asks before it does anything to a resource, and does nothing else.

A plan that was shown and then applied is a promise. Where its values were not known it named what could come; where the
world turns out otherwise, the resource is stopped with the reason instead of being changed in another way.
"""

import dataclasses
from collections.abc import Collection, Mapping

from hearth.model.plan import Plan, Verdict
from hearth.model.plan_document import StackChanges

_CHANGES = frozenset({Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE})
_ANYTHING = frozenset(Verdict)
_MAKES = frozenset({Verdict.CREATE, Verdict.REPLACE})
#: What making can take when it is tried again.
_MAKING = _MAKES | {Verdict.UPDATE}


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What may happen in one stack: verdicts by resource name, resources that may go, and the same for nested stacks.

    `inside` has None where nobody could know, so anything may happen there.
    """

    allowed: Mapping[str, frozenset[Verdict]]
    removed: frozenset[str]
    inside: Mapping[str, "Bounds | None"]

    def resumed(self) -> "Bounds":
        """What may happen when the plan goes on where it failed.

        What is done is kept; an object whose making failed is made anew, and what was made with it follows.
        """
        allowed = {
            name: verdicts | {Verdict.KEEP} | (_MAKING if not _MAKES.isdisjoint(verdicts) else frozenset())
            for name, verdicts in self.allowed.items()
        }
        inside = {name: one.resumed() if one is not None else None for name, one in self.inside.items()}
        return Bounds(allowed, self.removed, inside)

    def deviation(self, name: str, verdict: Verdict, reason: str) -> str | None:
        """Why a resource may not come to a verdict, for the user who applied the plan; None: it may."""
        allowed = self.allowed.get(name, frozenset())
        if verdict in allowed or verdict is Verdict.REFUSE:
            return None
        said = " or ".join(one.value for one in Verdict if one in allowed) or "nothing of it"
        return f"the applied plan says {said}, but it has come to {verdict}: {reason}. Make a new plan"

    def deviations(self, made: Plan) -> list[str]:
        """The same for a nested stack's plan as it has come to be made; empty: it is within the bounds."""
        found = []
        for step in made.steps:
            if step.verdict is Verdict.DELETE:
                if step.name not in self.removed and Verdict.REPLACE not in self.allowed.get(step.name, ()):
                    found.append(f"{step.name}: the applied plan does not delete it. Make a new plan")
            elif self.allowed.get(step.name, frozenset()).isdisjoint(step.judgement.allowed):
                text = self.deviation(step.name, step.verdict, step.judgement.decision.reason)
                if text is not None:
                    found.append(f"{step.name}: {text}")
        return found


def of(changes: StackChanges) -> Bounds:
    """The bounds of a stack as its plan says."""
    allowed: dict[str, frozenset[Verdict]] = {}
    removed: set[str] = set()
    inside: dict[str, Bounds | None] = {}
    for one in changes.resources:
        if one.change is Verdict.DELETE:
            removed.add(one.name)
            continue
        allowed[one.name] = frozenset({one.change, *one.may_be})
        if one.nested is not None:
            inside[one.name] = of(one.nested)
        elif one.nested_unknown is not None:
            inside[one.name] = None
    if changes.batches is not None:
        _widen(allowed, removed, changes.batches.temporary, changes.batches.changed_first)
    return Bounds(allowed, frozenset(removed), inside)


def _widen(
    allowed: dict[str, frozenset[Verdict]],
    removed: set[str],
    temporary: Collection[str],
    changed_first: Collection[str],
) -> None:
    """Each batch by itself keeps what other batches change, and makes what a later one takes away."""
    for name, verdicts in allowed.items():
        allowed[name] = verdicts | {Verdict.KEEP}
    for name in temporary:
        allowed[name] = _ANYTHING
        removed.add(name)
    for name in removed:
        allowed.setdefault(name, _CHANGES if name in changed_first else frozenset({Verdict.KEEP}))
