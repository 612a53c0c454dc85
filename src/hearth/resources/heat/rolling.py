"""How many members of a group change at a time: the arithmetic of rolling updates and of creation in batches.

Used by all groups. Pure: numbers in, numbers out; which members these are is the group's own business.

A group has C members and wants T, U of which are as wanted already. A batch makes or changes up to B members, while M
stay as they are. Where M is high, the group grows above T for a while, so that enough members are left alone.

Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#update-policy
"""

import dataclasses
import math
import re
from collections.abc import Iterator

from hearth.resources.contract import Call, Permanent, Wait

#: The longest pause of an AWS type, seconds.
LONGEST_ISO_PAUSE = 3600
_ISO = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", re.ASCII)
_NEXT = "next_batch_at"


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What a template asks for: members in a batch, members left alone meanwhile, seconds between two batches."""

    max_batch_size: int = 1
    min_in_service: int = 0
    pause_time: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """One batch: the group's size after it, and how many members it makes or changes."""

    size: int
    changed: int


def next_batch(current: int, target: int, done: int, policy: Policy) -> Batch | None:
    """The next batch of a group; None when it is as wanted. `done`: members that are as wanted already."""
    if done >= current == target:
        return None
    left_alone = min(policy.min_in_service, target, current)
    changed = min(policy.max_batch_size, max(target - done, 0))
    return Batch(changed + max(min(current, target - changed), left_alone), changed)


def batches(current: int, target: int, done: int, policy: Policy, *, surplus_counts: bool = False) -> Iterator[Batch]:
    """All batches to come. `surplus_counts`: whether members above the target may be among those that stay."""
    while (batch := next_batch(current, target, done, policy)) is not None:
        yield batch
        surplus = 0 if surplus_counts else max(batch.size - max(current, target), 0)
        done += batch.changed - surplus
        current = batch.size


def check_time(count: int, policy: Policy, timeout: float | None) -> None:
    """Refuse pauses that do not fit into the time of the stack's action.

    Raises:
        Permanent: they do not.
    """
    pauses = policy.pause_time * (count - 1)
    if timeout is not None and pauses >= timeout > 0:
        raise Permanent(
            f"{count} batches with pauses of {policy.pause_time:g} s between them do not fit into the stack's timeout "
            f"of {timeout:g} s: take larger batches, shorter pauses or a longer timeout",
            "ValueError",
        )


def pause(call: Call, seconds: float) -> Wait:
    """How long to wait still before the next batch; its time is kept with the resource, so that it outlives a crash."""
    if seconds > 0 and _NEXT not in call.data:
        call.data[_NEXT] = repr(call.now + seconds)
    left = float(call.data.get(_NEXT, call.now)) - call.now
    if left > 0:
        return Wait(left)
    forget_pause(call)
    return Wait(0)


def forget_pause(call: Call) -> None:
    """A pause that was begun is over, or not wanted any more."""
    call.data.pop(_NEXT, None)


def seconds_of(text: str) -> int:
    """The seconds of a period such as `PT1M30S`.

    Raises:
        ValueError: it is none, or too long.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no period; write hours, minutes and seconds as in PT1M30S")
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > LONGEST_ISO_PAUSE:
        raise ValueError(f"{text!r} is {total} seconds; at most {LONGEST_ISO_PAUSE} (PT1H) are allowed")
    return total


def resized(current: int, adjustment: float, kind: str, *, minimum: int, maximum: int, step: int | None = None) -> int:
    """The size of a group after an adjustment, within its limits.

    Args:
        kind: `change_in_capacity`, `exact_capacity` or `percent_change_in_capacity`.
        step: the least change that a percentage makes.
    """
    match kind:
        case "change_in_capacity":
            wanted = current + int(adjustment)
        case "exact_capacity":
            wanted = int(adjustment)
        case "percent_change_in_capacity":
            change = current * adjustment / 100.0
            # Less than one member is one member; more is cut to whole ones.
            whole = int(math.copysign(math.ceil(abs(change)), change)) if abs(change) < 1 else int(change)
            if step is not None and abs(whole) < step:
                whole = int(math.copysign(step, change))
            wanted = current + whole
        case _:
            raise ValueError(f"{kind!r} is no kind of adjustment")
    return max(minimum, min(maximum, wanted))
