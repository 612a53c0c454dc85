"""Letting time pass in types without a remote object: the moment an action may end stands in the resource's data.

Used by types whose only work is to wait. A repeat after a crash starts the waiting anew.
"""

from hearth.resources.contract import Call, Wait

_UNTIL = "until"


def begin(call: Call, seconds: float) -> None:
    """Note that the running action ends after this many seconds."""
    if seconds > 0:
        call.data[_UNTIL] = repr(call.now + seconds)
    else:
        call.data.pop(_UNTIL, None)


def remaining(call: Call) -> Wait | None:
    """How long to wait still; None when the time has come."""
    until = call.data.get(_UNTIL)
    if until is None:
        return None
    seconds = float(until) - call.now
    if seconds > 0:
        return Wait(seconds)
    del call.data[_UNTIL]
    return None
