"""What groups share whose members come and go by themselves: names, who leaves first, sizes, rolling updates.

Members have names that say nothing; the nested stack's template holds their definitions, so how far a rolling update
has come is read from there. Only the size that it is to end with is kept with the resource, as the group may grow
meanwhile.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hearth.model.states import Action
from hearth.resources import nested
from hearth.resources.contract import Adjustment, Call, ChildStack, NothingToDo, Wait
from hearth.resources.heat import members, rolling

_TARGET = "target_size"
_NAME_LENGTH = 12

Definition = dict[str, Any]


class ScalingGroup(nested.NestedStack):
    """A group whose size is a number between two others."""

    members_alike = True

    #: Under which key the nested template keeps its resources.
    section: ClassVar[str] = "resources"

    # ---- what kinds of groups differ in ----

    def limits(self, call: Call) -> tuple[int, int]:
        """The least and the greatest size."""
        raise NotImplementedError

    def wanted_size(self, call: Call) -> int | None:
        """The size the template asks for; None: the present one."""
        raise NotImplementedError

    def definition(self, call: Call) -> Definition:
        """What each member is. Raises NotKnownYet."""
        raise NotImplementedError

    def policy(self, call: Call) -> rolling.Policy | None:
        """How members are changed; None: all at once."""
        raise NotImplementedError

    def template(self, call: Call, several: Mapping[str, Definition]) -> dict[str, Any]:
        """The nested template of some members."""
        raise NotImplementedError

    def members_of(self, template: Mapping[str, Any]) -> dict[str, Definition]:
        """The members in a nested template."""
        return dict(template.get(self.section) or {})

    # ---- verbs ----

    def child(self, call: Call) -> ChildStack:
        """A template with the members, after the next batch where they are changed in batches."""
        return self._with(call, self._stage(call, self._target(call)))

    def further(self, call: Call) -> Wait | None:
        """Whether there is another batch."""
        stage = self._stage(call, self._target(call))
        policy = self.policy(call)
        if policy is not None and stage != self._present(call):
            return rolling.pause(call, policy.pause_time)
        rolling.forget_pause(call)
        call.data.pop(_TARGET, None)
        return None

    def adjusted(self, call: Call, adjustment: Adjustment) -> ChildStack:
        """The nested stack after a change of size.

        Raises:
            NothingToDo: the size stays as it is.
        """
        present = self._present(call)
        minimum, maximum = self.limits(call)
        size = rolling.resized(
            len(present), adjustment.amount, adjustment.kind, minimum=minimum, maximum=maximum, step=adjustment.step
        )
        if size == len(present):
            raise NothingToDo(f"the group has {size} members already")
        return self._with(call, self._all(call, size))

    def capacity(self, template: Mapping[str, Any]) -> int:
        """See `Resource.capacity`."""
        return len(self.members_of(template))

    # ---- members ----

    def _present(self, call: Call) -> dict[str, Definition]:
        return self.members_of(call.child.template) if call.child is not None else {}

    def _with(self, call: Call, several: Mapping[str, Definition]) -> ChildStack:
        return ChildStack(self.template(call, several), source=call.name)

    def _target(self, call: Call) -> int:
        """The size to end with; the one that a rolling update began with is kept until its end."""
        wanted = self.wanted_size(call)
        minimum, maximum = self.limits(call)
        if wanted is None:
            kept = call.data.get(_TARGET)
            wanted = minimum if call.child is None else int(kept or len(self._present(call)))
        size = max(minimum, min(maximum, wanted))
        if call.child is not None:
            call.data[_TARGET] = str(size)
        return size

    def _stage(self, call: Call, target: int) -> dict[str, Definition]:
        policy = self.policy(call)
        present = self._present(call)
        wanted = members.as_stored(self.definition(call))
        outdated = [name for name, one in present.items() if one != wanted]
        if policy is None or call.action is Action.CREATE or not outdated:
            return self._all(call, target)
        done = len(present) - len(outdated)
        batch = rolling.next_batch(len(present), target, done, policy)
        if batch is None:
            return self._all(call, target)
        count = sum(1 for _ in rolling.batches(len(present), target, done, policy, surplus_counts=True))
        rolling.check_time(count, policy, call.timeout)
        kept = _staying(call, present, wanted, batch.size)
        made = _new_names(call, present, batch.size - len(kept))
        changed = [name for name in kept if present[name] != wanted][: batch.changed - len(made)]
        renewed = {*changed, *members.ailing(call.child)}
        stage = {name: wanted if name in renewed else present[name] for name in kept}
        return stage | dict.fromkeys(made, wanted)

    def _all(self, call: Call, size: int) -> dict[str, Definition]:
        """Every member as wanted."""
        members.need_possible(size, call.name)
        wanted = members.as_stored(self.definition(call))
        present = self._present(call)
        kept = _staying(call, present, wanted, size)
        return dict.fromkeys([*kept, *_new_names(call, present, size - len(kept))], wanted)


def _staying(call: Call, present: Mapping[str, Definition], wanted: Definition, size: int) -> list[str]:
    """The members that stay when so many are wanted: failed ones leave first, then outdated, then the oldest."""
    rows = call.child.resources if call.child is not None else {}

    def worth(name: str) -> tuple[bool, bool, tuple[float, str]]:
        row = rows.get(name)
        well = row is not None and members.is_well(row)
        return well, present[name] == wanted, members.age(row) if row is not None else (0.0, name)

    ordered = sorted(present, key=worth)
    return ordered[max(0, len(ordered) - size) :]


def _new_names(call: Call, present: Mapping[str, Any], count: int) -> Sequence[str]:
    found: list[str] = []
    names = _names(call.name, present)
    while len(found) < count:
        name = next(names)
        if name not in present:
            found.append(name)
    return found


def _names(group: str, present: Iterable[str]) -> Iterator[str]:
    """Names that say nothing, but are the same whenever the same members are there: so a plan can tell them."""
    before = "/".join([group, *sorted(present)])
    number = 0
    while True:
        digest = hashlib.sha256(f"{before}/{number}".encode()).digest()
        yield base64.b32encode(digest).decode().lower()[:_NAME_LENGTH]
        number += 1
