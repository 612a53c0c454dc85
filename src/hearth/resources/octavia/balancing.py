"""What types of the load balancing service share: a load balancer takes one change at a time.

While anything of it changes, the service answers 409 to every other change of the same load balancer; that passes, so
it is tried again as long as the action may take. A load balancer in error takes no changes at all: that fails at once.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/
"""

import re
from typing import Any, Final

from hearth.cloud import errors, session
from hearth.model.states import Action
from hearth.resources import failures
from hearth.resources.contract import Busy, Call, Conflict, Observed, Permanent, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource

SERVICE = "load-balancer"
_STATUS = "provisioning_status"
_WAITING: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
#: How the service says that something is in the midst of a change, or in error.
_LOCKED = re.compile(r"immutable|Invalid state \w+ of loadbalancer")
#: The thing that it says it of, and where such things are.
_THING = re.compile(
    r"(?i)\b(load ?balancer|listener|pool|l7 ?policy|health ?monitor)(?: resource)? ([0-9a-f]{8}-[0-9a-f-]{27})"
)
_PLURALS = {
    "loadbalancer": "loadbalancers",
    "listener": "listeners",
    "pool": "pools",
    "l7policy": "l7policies",
    "healthmonitor": "healthmonitors",
}


def collection(
    envelope: str,
    *,
    plural: str = "",
    path: str = "",
    marker: str = "",
    waits: bool = True,
    identity: str = "id",
    further: frozenset[Action] = frozenset(),
) -> Remote:
    """A collection of the service. `further`: actions that are waited for beside the usual ones."""
    plural = plural or f"{envelope}s"
    readiness = Readiness(ready=("ACTIVE",), field=_STATUS, on=_WAITING | further)
    return Remote(
        service=SERVICE,
        path=f"/v2/lbaas/{path or plural}",
        envelope=envelope,
        plural=plural,
        marker=marker,
        identity=identity,
        readiness=readiness if waits else None,
    )


class Balanced(RemoteResource):
    """A type whose objects are of a load balancer."""

    async def request(
        self, call: Call, method: str, path: str, body: Any = None, *, creating: bool = False, **options: Any
    ) -> session.Response:
        """Refusals because of another change are busyness."""
        try:
            return await super().request(call, method, path, body, creating=creating, **options)
        except Conflict as conflict:
            if _LOCKED.search(str(conflict)):
                await self._fail_if_broken(call, str(conflict))
                raise Busy(str(conflict)) from conflict.__cause__
            raise

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Older services show deleted objects for a while."""
        if call.action is Action.DELETE and observed is not None and observed.get(_STATUS) == "DELETED":
            return None
        return await super().settle(call, observed)

    def goes(self, observed: Observed) -> bool:
        """See `OnlyOne.goes`."""
        return observed.get(_STATUS) in ("PENDING_DELETE", "DELETED")

    async def _fail_if_broken(self, call: Call, message: str) -> None:
        """What is in error is freed by nobody."""
        found = _THING.search(message)
        if found is None:
            return
        kind, its_id = found[1].lower().replace(" ", ""), found[2]
        with failures.sorted_out(creating=True):
            try:
                answer = await call.cloud.get(SERVICE, f"/v2/lbaas/{_PLURALS[kind]}/{its_id}")
            except errors.NotFound:
                return
        if answer.body[kind].get(_STATUS) == "ERROR":
            raise Permanent(
                f"{found[1].lower()} {its_id} is in error, and takes no changes: have its load balancer repaired "
                "(openstack loadbalancer failover) or replace it",
                kind="ResourceInError",
            )


def first(field: str) -> Any:
    """Reads the id of the only one of a list of objects."""

    def read(call: Call, observed: Observed) -> Any:
        listed = observed.get(field) or ()
        return listed[0]["id"] if listed else None

    return read
