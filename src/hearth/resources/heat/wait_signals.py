"""What wait handles and wait conditions share: signals as they stand in a handle's metadata, and when there are enough.

`{id: {status, reason, data}}`; keys are spelled as the family of the handle does (`status` or `Status`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.model.constraints import shown
from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Change, Observed, Permanent, Wait
from hearth.resources.heat import waiting

SUCCESS = "SUCCESS"
FAILURE = "FAILURE"


def received(metadata: Any, key: str = "status") -> dict[str, Mapping[str, Any]]:
    """The signals in a handle's metadata."""
    entries = (metadata or {}).items()
    return {name: one for name, one in entries if isinstance(one, Mapping) and _field(one, key) in (SUCCESS, FAILURE)}


def _field(entry: Mapping[str, Any], key: str) -> Any:
    """A field in either spelling, for a condition may wait for a handle of the other family."""
    return entry.get(key.lower(), entry.get(key.capitalize()))


def with_status(metadata: Any, status: str) -> list[Mapping[str, Any]]:
    """The signals that said so."""
    return [one for one in received(metadata).values() if _field(one, "status") == status]


def reasons(entries: Iterable[Mapping[str, Any]]) -> str:
    """The reasons of signals, in one text."""
    return ";".join(str(_field(one, "reason")) for one in entries)


def too_few(good: Sequence[Mapping[str, Any]], count: int) -> str:
    """What is said when the time is up."""
    said = f" - {reasons(good)}" if good else ""
    return f"{len(good)} of {count} received{said}"


def check_keys(details: Any, allowed: Iterable[str], *, all_of_them: bool) -> dict[str, Any]:
    """A signal's body as a map. Raises Permanent for wrong keys."""
    known = tuple(allowed)
    if details is None and not all_of_them:
        return {}
    if not isinstance(details, dict):
        raise Permanent(f"the body is {shown(details)}, not a map with the keys {', '.join(known)}")
    unknown = sorted(str(key) for key in details if key not in known)
    if unknown:
        raise Permanent(f"it has the unknown keys {', '.join(unknown)}; known are {', '.join(known)}")
    missing = [key for key in known if key not in details]
    if all_of_them and missing:
        raise Permanent(f"it lacks the keys {', '.join(missing)}")
    return details


def check_status(status: Any) -> str:
    """A signal's status. Raises Permanent."""
    if status not in (SUCCESS, FAILURE):
        raise Permanent(f"its status is {shown(status)}, neither {SUCCESS} nor {FAILURE}")
    return str(status)


class Condition(base.Base):
    """Waits until a handle has got enough good signals, any bad one, or the time is over."""

    count_key = "count"
    timeout_key = "timeout"
    data_key = "data"

    waits_on = frozenset({Action.CREATE, Action.UPDATE})

    async def create(self, call: Call) -> str | None:
        """Begin to wait."""
        waiting.begin(call, float(call.properties[self.timeout_key]))
        return call.physical_name

    async def update(self, call: Call, change: Change) -> str | None:
        """Begin to wait anew."""
        waiting.begin(call, float(call.properties[self.timeout_key]))
        return None

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """See `Resource.settle`: by what was heard."""
        failed = with_status(call.heard, FAILURE)
        if failed:
            raise Permanent(reasons(failed), kind="WaitConditionFailure")
        if call.silent:
            waiting.begin(call, 0)
            return None
        good = with_status(call.heard, SUCCESS)
        count = int(call.properties[self.count_key])
        if len(good) >= count:
            waiting.begin(call, 0)
            return None
        left = waiting.remaining(call)
        if left is None:
            raise Permanent(too_few(good, count), kind="WaitConditionTimeout")
        return left

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The data of all signals, as JSON text `{id: data}`."""
        if name != self.data_key:
            return None
        signals = received(call.heard)
        return json.dumps({one: _field(signals[one], "data") for one in signals})
