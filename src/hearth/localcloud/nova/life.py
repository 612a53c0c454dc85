"""The life of a server: its states, the tasks that lead from one to the next, and which actions each state allows.

All of it is data. A server has a `vm_state` (what it is) and a `task_state` (what is being done to it, None when
nothing). An action puts it into a task; when the task's time is over (see cinder.lapse) the server is in the state
that `TASKS` names. The status that users see follows from the two.
"""

import dataclasses
from typing import Any

from hearth.localcloud.cinder import lapse, refusals
from hearth.localcloud.core import state

#: What power_state numbers mean.
NOSTATE, RUNNING, PAUSED, SHUTDOWN, SUSPENDED = 0, 1, 3, 4, 7

ACTIVE, BUILDING, STOPPED, RESIZED, ERROR = "active", "building", "stopped", "resized", "error"
IS_PAUSED, IS_SUSPENDED, RESCUED, SHELVED, OFFLOADED = "paused", "suspended", "rescued", "shelved", "shelved_offloaded"

_POWER = {
    ACTIVE: RUNNING,
    RESIZED: RUNNING,
    RESCUED: RUNNING,
    STOPPED: SHUTDOWN,
    IS_PAUSED: PAUSED,
    IS_SUSPENDED: SHUTDOWN,
    SHELVED: SHUTDOWN,
    OFFLOADED: SHUTDOWN,
    ERROR: NOSTATE,
}
#: Status of a vm_state without a task that shows.
_STATUS = {
    ACTIVE: "ACTIVE",
    BUILDING: "BUILD",
    STOPPED: "SHUTOFF",
    RESIZED: "VERIFY_RESIZE",
    IS_PAUSED: "PAUSED",
    IS_SUSPENDED: "SUSPENDED",
    RESCUED: "RESCUE",
    ERROR: "ERROR",
    SHELVED: "SHELVED",
    OFFLOADED: "SHELVED_OFFLOADED",
    "deleted": "DELETED",
    "soft-delete": "SOFT_DELETED",
}
#: Status that a task gives to a server in one of these vm_states.
_TASK_STATUS = {
    "rebooting": ("REBOOT", (ACTIVE, STOPPED, IS_PAUSED, IS_SUSPENDED, ERROR)),
    "rebooting_hard": ("HARD_REBOOT", (ACTIVE, STOPPED, IS_PAUSED, IS_SUSPENDED, ERROR)),
    "updating_password": ("PASSWORD", (ACTIVE,)),
    "rebuilding": ("REBUILD", (ACTIVE, STOPPED, ERROR)),
    "migrating": ("MIGRATING", (ACTIVE, IS_PAUSED)),
    "resize_prep": ("RESIZE", (ACTIVE, STOPPED)),
    "resize_reverting": ("REVERT_RESIZE", (RESIZED,)),
}


@dataclasses.dataclass(frozen=True)
class Action:
    """What one action needs and does. `task`: the task it starts; `ends`: the vm_state after it, None: as before."""

    #: Name in refusals.
    name: str
    #: vm_states in which it is allowed.
    allowed: tuple[str, ...]
    task: str | None = None
    ends: str | None = None
    #: Tasks during which it is allowed all the same.
    during: tuple[str, ...] = ()


_ANY = tuple(_STATUS)
START = Action("start", (STOPPED,), "powering-on", ACTIVE)
STOP = Action("stop", (ACTIVE, RESCUED, ERROR), "powering-off", STOPPED)
SOFT_REBOOT = Action("reboot", (ACTIVE,), "rebooting", ACTIVE)
HARD_REBOOT = Action(
    "reboot",
    (ACTIVE, STOPPED, IS_PAUSED, IS_SUSPENDED, ERROR),
    "rebooting_hard",
    ACTIVE,
    during=(
        "rebooting",
        "rebooting_hard",
        "powering-off",
        "powering-on",
        "pausing",
        "unpausing",
        "suspending",
        "resuming",
    ),
)
SUSPEND = Action("suspend", (ACTIVE,), "suspending", IS_SUSPENDED)
RESUME = Action("resume", (IS_SUSPENDED,), "resuming", ACTIVE)
PAUSE = Action("pause", (ACTIVE,), "pausing", IS_PAUSED)
UNPAUSE = Action("unpause", (IS_PAUSED,), "unpausing", ACTIVE)
RESIZE = Action("resize", (ACTIVE, STOPPED), "resize_prep", RESIZED)
CONFIRM_RESIZE = Action("confirmResize", (RESIZED,))
REVERT_RESIZE = Action("revertResize", (RESIZED,), "resize_reverting", ACTIVE)
MIGRATE = Action("migrate", (ACTIVE, STOPPED), "resize_prep", RESIZED)
LIVE_MIGRATE = Action("os-migrateLive", (ACTIVE, IS_PAUSED), "migrating")
REBUILD = Action("rebuild", (ACTIVE, STOPPED, ERROR), "rebuilding")
CREATE_IMAGE = Action("createImage", (ACTIVE, STOPPED, IS_PAUSED, IS_SUSPENDED), "image_snapshot")
SHELVE = Action("shelve", (ACTIVE, STOPPED, IS_PAUSED, IS_SUSPENDED), "shelving", OFFLOADED)
SHELVE_OFFLOAD = Action("shelveOffload", (SHELVED,), "shelving_offloading", OFFLOADED)
UNSHELVE = Action("unshelve", (SHELVED, OFFLOADED), "unshelving", ACTIVE)
RESCUE = Action("rescue", (ACTIVE, STOPPED, ERROR), "rescuing", RESCUED)
UNRESCUE = Action("unrescue", (RESCUED,), "unrescuing", ACTIVE)
CHANGE_PASSWORD = Action("changePassword", (ACTIVE,), "updating_password")
EVACUATE = Action("evacuate", (ACTIVE, STOPPED, ERROR), "rebuilding", ACTIVE)
ATTACH_VOLUME = Action(
    "attach_volume", (ACTIVE, IS_PAUSED, STOPPED, RESIZED, SHELVED, OFFLOADED), during=("image_snapshot",)
)
DETACH_VOLUME = Action(
    "detach_volume", (ACTIVE, IS_PAUSED, STOPPED, RESIZED, SHELVED, OFFLOADED), during=("image_snapshot",)
)
ATTACH_INTERFACE = Action("attach_interface", (ACTIVE, IS_PAUSED, STOPPED))
DETACH_INTERFACE = Action("detach_interface", (ACTIVE, IS_PAUSED, STOPPED))
CONSOLE = Action("get_vnc_console", (ACTIVE, STOPPED, IS_PAUSED, RESCUED, RESIZED, ERROR), during=_ANY)


def status(server: state.Document) -> str:
    """The status users see."""
    shown = _TASK_STATUS.get(server["task_state"] or "")
    if shown is not None and server["vm_state"] in shown[1]:
        return shown[0]
    return _STATUS[server["vm_state"]]


def statuses() -> frozenset[str]:
    """Every status there is."""
    return frozenset(_STATUS.values()) | {shown for shown, _ in _TASK_STATUS.values()}


def power(vm_state: str) -> int:
    """The power_state that goes with a vm_state."""
    return _POWER.get(vm_state, NOSTATE)


def check(server: state.Document, action: Action, *, is_admin: bool) -> None:
    """Raises ApiError 409 when the server is locked or its state does not allow the action."""
    if server["locked"] and not is_admin:
        raise refusals.conflict(f"Instance {server['id']} is locked")
    if server["vm_state"] not in action.allowed:
        what = f"vm_state {server['vm_state']}"
    elif server["task_state"] is not None and server["task_state"] not in action.during:
        what = f"task_state {server['task_state']}"
    else:
        return
    raise refusals.conflict(f"Cannot '{action.name}' instance {server['id']} while it is in {what}")


def begin(server: state.Document, action: Action, now: float, seconds: float, **then: Any) -> dict[str, Any]:
    """The changes that start an action's task, to end after `seconds`; `then` are further changes at its end."""
    ends = action.ends or server["vm_state"]
    change = {"vm_state": ends, "task_state": None, "power_state": power(ends), **then}
    return {"task_state": action.task, "updated_at": now, **lapse.later(now + seconds, change)}
