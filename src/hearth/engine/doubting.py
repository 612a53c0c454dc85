"""How long a creation, or a copy, of which nobody knows the outcome may still come to something. Pure.

A call that was cut off - no answer in time, a lost connection, a killed engine - may be on its way at the service,
which then makes the object after Hearth has looked for it and found nothing. So when such a call was sent is kept with
the row until its outcome is known, and for `lost_call_wait` seconds from then on the object is looked for: before
another is made (`converging`), and before a removal takes it for gone (`removing`, `orphans`). Only an answer to the
call itself, or finding the object, makes the outcome known: a look that fails does not.

The same goes for the copies that are made of objects, each known by its name (`settling`, `snapshot_removal`).
"""

import datetime
import json
from collections.abc import Mapping

from hearth.cloud import errors
from hearth.engine import settings
from hearth.resources import contract

#: Keeps in a row's private data when the call that makes its object was sent (seconds since the epoch).
SENT = "create_sent"
#: Keeps there when calls that make copies of the object were sent (JSON, by the copies' names).
COPIES_SENT = "copies_sent"

#: Answers behind which a call may go on: none at all, and that of a gateway that did not wait any longer.
_UNKNOWN_OUTCOMES = (0, 504)
#: Seconds between two looks.
_SHORTEST, _LONGEST = 1.0, 15.0


class InDoubt(contract.Temporary):
    """The object may still come; `after`: when to look again."""


def noted(data: Mapping[str, str], now: float) -> dict[str, str]:
    """Private data that tell of a call that is sent now."""
    return {**unrefused(data), SENT: repr(now)}


def found(data: Mapping[str, str]) -> dict[str, str]:
    """Private data of a row whose object is known: nothing has to be told from it any more."""
    return {name: text for name, text in settled(data).items() if name != contract.THERE_BEFORE}


def unrefused(data: Mapping[str, str]) -> dict[str, str]:
    """Private data without what became of earlier calls that were refused: it does not hold for the next one."""
    return {name: text for name, text in data.items() if name != contract.REFUSED}


def settled(data: Mapping[str, str], copy: str = "") -> dict[str, str]:
    """Private data of a row whose call has a known outcome: that for its object, or for the copy of a name."""
    if copy:
        return _with_copies(data, {name: sent for name, sent in _copies(data).items() if name != copy})
    return {name: text for name, text in data.items() if name != SENT}


def of_gone(data: Mapping[str, str]) -> dict[str, str]:
    """Private data of a row whose object is gone: copies of it may still come, to be removed with their snapshot."""
    return {name: text for name, text in data.items() if name == COPIES_SENT}


def copy_noted(data: Mapping[str, str], copy: str, now: float, chosen: settings.EngineSettings) -> dict[str, str]:
    """Private data that tell of a call that is sent now and makes a copy; what cannot come any more is left out."""
    may_come = {name: sent for name, sent in _copies(data).items() if now < sent + chosen.lost_call_wait}
    return _with_copies(data, {**may_come, copy: now})


def is_copy_sent(data: Mapping[str, str], copy: str) -> bool:
    """Whether a call was sent that makes the copy, and whose outcome nobody knows."""
    return copy in _copies(data)


def _copies(data: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = json.loads(data.get(COPIES_SENT, "{}"))
    return found


def _with_copies(data: Mapping[str, str], sent: Mapping[str, float]) -> dict[str, str]:
    others = {name: text for name, text in data.items() if name != COPIES_SENT}
    return {**others, COPIES_SENT: json.dumps(sent)} if sent else others


def may_come(failure: Exception) -> bool:
    """Whether a creation that failed so may be carried out all the same, later."""
    cause = failure.__cause__
    return isinstance(cause, errors.Unavailable) and cause.maybe_done and cause.status in _UNKNOWN_OUTCOMES


def doubt(data: Mapping[str, str], now: float, chosen: settings.EngineSettings) -> InDoubt | None:
    """What to raise for an object that was looked for and not found; None: it does not come any more."""
    return _doubt(float(data[SENT]), "its creation", now, chosen) if SENT in data else None


def copy_doubt(data: Mapping[str, str], copy: str, now: float, chosen: settings.EngineSettings) -> InDoubt | None:
    """The same for a copy."""
    sent = _copies(data).get(copy)
    return _doubt(sent, f"the call for its copy {copy}", now, chosen) if sent is not None else None


def _doubt(sent: float, what: str, now: float, chosen: settings.EngineSettings) -> InDoubt | None:
    until = sent + chosen.lost_call_wait
    if now >= until:
        return None
    after = min(max(_SHORTEST, (now - sent) / 4), _LONGEST, until - now)
    end = datetime.datetime.fromtimestamp(until, datetime.UTC)
    return InDoubt(
        f"{what} had no answer and may still come to something; it is looked for until {end:%H:%M:%S} UTC",
        after,
        "NoAnswer",
    )
