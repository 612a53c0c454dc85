"""Signals to resources: taken for whoever sent them, and heard by resources that wait for them.

A signal changes the metadata of the resource that takes it. That change, the event that tells of it, what other
resources show because of it, and the end of the pauses of all that wait for it are one transaction: nobody polls. Two
signals at the same time are taken one after the other; the metadata that the type saw is compared before it is stored.

`Signals.deliver` serves requests, `Signals.hear` the steps of resources that listen.
"""

import asyncio
import copy
import dataclasses
import json
import logging
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import authority, context, definitions, hooks, judge, keeping, run
from hearth.model.errors import Forbidden, HearthError, LimitExceeded, NotSupported
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.resources.aws import iam
from hearth.resources.blueprint import Blueprint
from hearth.resources.heat import access_policy
from hearth.store import events, resources, traversals
from hearth.store.rows import EventRow, ResourceRow, StackRow
from hearth.template import template

log = logging.getLogger(__name__)

#: The key of a hook's name in the body of a signal that clears it.
UNSET_HOOK = "unset_hook"
#: The key of private data that names the stack user of a resource.
USER = "user_id"
#: How often a place that is not ours is looked at for signals, in seconds.
LOOK_AFTER = 2.0
_REFUSED_DURING = (Action.INIT, Action.SUSPEND, Action.DELETE)
_ATTEMPTS = 50
_KEPT_FOLLOWERS = 64


class NoSignals(HearthError):
    """The type takes no signals."""

    kind = "ResourceActionNotSupported"
    status = 400


class BadSignal(HearthError):
    """The signal is not what the type understands."""

    kind = "InvalidSignal"
    status = 400


class _Changed(Exception):
    """Somebody else changed the metadata meanwhile."""


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """What was signalled to a resource so far. `look_after`: seconds until its signals are to be collected again.

    `silent`: nobody need wait for them.
    """

    row_id: str | None
    metadata: Any
    look_after: float | None = None
    silent: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Followers:
    """Who shows something else after a signal. `listening`: `{signalled name: names that listen to it}`."""

    listening: Mapping[str, Sequence[str]]
    moving: Sequence[str]


class Signals:
    """Takes signals, in a service process or an engine."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        groups_of: Callable[[StackRow], contract.Groups] | None = None,
        owners: authority.Authority | None = None,
    ) -> None:
        """`groups_of`: the groups of a stack whose size signals may change; None: they may not.

        `owners`: whose access signals act with on the cloud; None: they cannot.
        """
        self._groups_of = groups_of
        self._owners = owners
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._followers: dict[str, _Followers] = {}

    async def check_reach(self, caller: tokens.Caller, stack: StackRow, row: ResourceRow) -> None:
        """A stack's own user reaches only the resource it was made for, and those that its policies name.

        Raises:
            Forbidden: it is another's.
        """
        if caller.project_id == stack.project_id or caller.project_id != stack.stack_user_project_id:
            return
        if row.data.get(USER) == caller.user_id:
            return
        codec = self._store.codec
        rows = await self._store.read(lambda c: resources.by_stack(c, codec, stack.id))
        if row.name not in _opened(caller.user_id, rows):
            raise Forbidden(f"User {caller.user_name} may not reach resource {row.name}.")

    async def deliver(self, caller: tokens.Caller, stack: StackRow, rows: Sequence[ResourceRow], body: Any) -> None:
        """Pass a request's signal to a resource; `rows` are those of its name, the current one first.

        Raises:
            Forbidden, hooks.InvalidHook, NoSignals, NotSupported, BadSignal.
        """
        row = rows[0]
        await self.check_reach(caller, stack, row)
        if isinstance(body, dict) and UNSET_HOOK in body:
            codec, now, hook = self._store.codec, self._context.now(), str(body[UNSET_HOOK])
            await self._store.write(
                lambda connection: hooks.clear(connection, codec, stack, rows, hook, now), [stack.id]
            )
            return
        await self.pass_on(stack, row, body)

    async def pass_on(self, stack: StackRow, row: ResourceRow, body: Any) -> None:
        """Have a resource take a signal, if its type takes any and nothing goes on that forbids it.

        Raises:
            NoSignals, NotSupported, BadSignal.
        """
        kind = (await self._definitions.reading_run(stack, [row], self._context)).type_of_row(row)
        if kind is None or not kind.takes_signals:
            raise NoSignals(f"Resource {row.name} of type {row.type} takes no signals.")
        for action in (row.action, stack.action):
            if action in _REFUSED_DURING and not kind.deploys:
                await self._tell(row, f"Cannot signal resource during {action}")
                raise NotSupported(f"Signal resource during {action}")
        try:
            await self.take(stack, row.id, body)
        except contract.ResourceFailure as failure:
            raise BadSignal(f"Resource {row.name} does not take this signal: {failure}") from failure

    async def _tell(self, row: ResourceRow, reason: str) -> None:
        codec, now = self._store.codec, self._context.now()
        told = EventRow(
            row.stack_id, row.name, row.type, row.physical_id, row.action, row.status, reason, now, new_id()
        )
        await self._store.write(lambda connection: events.insert(connection, codec, [told]), [row.stack_id])

    async def take(self, stack: StackRow, row_id: str, details: Any) -> None:
        """Have a resource take a signal.

        Raises:
            contract.ResourceFailure: its type does not.
        """
        lock = self._locks.get(row_id)
        if lock is None:
            lock = self._locks[row_id] = asyncio.Lock()
        async with lock:
            for _ in range(_ATTEMPTS):
                try:
                    await self._take(stack, row_id, details)
                except _Changed:
                    continue
                return
        raise LimitExceeded("The resource changes faster than its signals can be taken; send it again.")

    async def _take(self, stack: StackRow, row_id: str, details: Any) -> None:
        codec = self._store.codec
        row = (await self._store.read(lambda c: resources.by_ids(c, codec, [row_id]))).get(row_id)
        if row is None:
            raise contract.Permanent("the resource is gone", "ResourceNotFound")
        working = await self._definitions.reading_run(stack, [row], self._context)
        kind = working.type_of_row(row)
        if kind is None:
            raise contract.Permanent(f"its type {row.type} is not known any more", "EntityNotFound")
        if kind.signals_cloud and self._owners is not None:
            working.access = await self._owners.session_of(stack)
        seen = row.metadata
        call = working.call(row, kind, metadata=copy.deepcopy(seen) if seen else {}, data=dict(row.data))
        if self._groups_of is not None:
            call.groups = self._groups_of(stack)
        try:
            said = await kind.signal(call, details)
        except contract.NothingToDo as why:
            log.debug("A signal to %s changes nothing: %s", row.name, why)
            return
        reason = reason_of(said, details)
        call.data.setdefault(judge.DECLARED, json.dumps(seen))
        signalled = dataclasses.replace(row, metadata=call.metadata, data=call.data)
        following = {} if kind.deploys else await self._following(working, signalled)
        secret = bool(working.blueprint and working.blueprint.has_secrets)
        writes = keeping.writes_of(call)
        now, settings = self._context.now(), self._context.settings
        told = EventRow(row.stack_id, row.name, row.type, row.physical_id, "SIGNAL", row.status, reason, now, new_id())

        def store(connection: sa.Connection) -> None:
            present = resources.locked(connection, codec, row.id)
            if present is None or present.metadata != seen or present.data != row.data:
                raise _Changed
            changes = {row.id: {"metadata": call.metadata, "data": call.data}, **following}
            resources.update(connection, codec, [(one, columns, secret) for one, columns in changes.items()])
            for write in writes:
                write(connection)
            events.insert(connection, codec, [told])
            if settings.max_events_per_stack > 0:  # alarms go on and on while no action ends
                events.trim(connection, row.stack_id, settings.max_events_per_stack, settings.event_purge_batch_size)
            traversals.signalled(connection, row.id)

        await self._store.write(store, [stack.id])

    # ---- what others show because of a signal ----

    async def _following(self, working: run.Run, signalled: ResourceRow) -> dict[str, dict[str, Any]]:
        """`{row id: changed columns}` of resources whose attributes or metadata the signal changes."""
        if working.blueprint is None:
            return {}
        known = self._followers_of(working)
        listening = known.listening.get(signalled.name, ())
        names = {*listening, *known.moving} - {signalled.name}
        if not names:
            return {}
        members = working.blueprint.members
        needed = names.union(*(members[name].requires for name in names)) - {signalled.name}
        codec = self._store.codec
        working.note(await self._store.read(lambda c: resources.by_names(c, codec, working.stack.id, needed)))
        working.note([signalled])
        changes: dict[str, dict[str, Any]] = {}
        for name in listening:
            row, kind = working.row_of(name), members[name].type
            if row is None or row.status is not Status.COMPLETE or not row.attributes:
                continue
            call = working.call(row, kind, heard=signalled.metadata)
            row.attributes = {key: await kind.attribute(call, key, None) for key in row.attributes}
            changes.setdefault(row.id, {})["attributes"] = row.attributes
        for name in known.moving:
            row = working.row_of(name)
            if row is None or row.status is not Status.COMPLETE or row.action in (Action.INIT, Action.DELETE):
                continue
            metadata = working.resolve(members[name].definition.metadata)
            if judge.DECLARED not in row.data and metadata != row.metadata:
                changes.setdefault(row.id, {})["metadata"] = metadata
        return changes

    def _followers_of(self, working: run.Run) -> _Followers:
        assert working.blueprint is not None
        definition_id = working.stack.definition_id
        known = self._followers.get(definition_id)
        if known is None:
            known = self._followers[definition_id] = _followers(working.blueprint)
            while len(self._followers) > _KEPT_FOLLOWERS:
                self._followers.pop(next(iter(self._followers)))
        return known

    # ---- hearing ----

    async def hear(self, working: run.Run, row: ResourceRow, call: contract.Call | None) -> Heard:
        """What was signalled to the resource that another one listens to; collects what lies elsewhere first.

        Raises:
            contract.Permanent: there is no such resource in the stack.
        """
        kind = working.type_of_row(row)
        if kind is not None and kind.deploys:
            return await self._hear_deployment(working, row, kind)
        if kind is None or kind.hears is None:
            return Heard(None, None)
        properties = call.properties if call is not None else row.frozen or row.properties or {}
        wanted = properties.get(kind.hears)
        found = await self._signalled_row(working, row, wanted)
        if found is None:
            if row.action is Action.DELETE:
                return Heard(None, None)
            raise contract.Permanent(
                f"{kind.hears}: no resource of the stack that takes signals has the reference {wanted!r}; "
                "give it with get_resource",
                "StackValidationFailed",
            )
        one, teller = found
        its_call = working.call(one, teller)
        if not teller.collects(its_call):
            return Heard(one.id, one.metadata, silent=teller.is_silent(its_call))
        for details in await teller.collect(its_call):
            await self.take(working.stack, one.id, details)
        codec = self._store.codec
        fresh = (await self._store.read(lambda c: resources.by_ids(c, codec, [one.id]))).get(one.id)
        return Heard(one.id, fresh.metadata if fresh else None, LOOK_AFTER)

    async def _hear_deployment(self, working: run.Run, row: ResourceRow, kind: contract.Resource) -> Heard:
        call = working.call(row, kind, action=row.action)
        if not kind.collects(call):
            return Heard(row.id, row.metadata)
        for details in await kind.collect(call):
            await self.take(working.stack, row.id, details)
        return Heard(row.id, row.metadata, LOOK_AFTER)

    async def _signalled_row(
        self, working: run.Run, row: ResourceRow, wanted: Any
    ) -> tuple[ResourceRow, contract.Resource] | None:
        member, codec = working.member(row.name), self._store.codec
        names = set(row.requires).union(member.requires if member is not None else ())
        rows = await self._store.read(lambda c: resources.by_names(c, codec, working.stack.id, names))
        if not any(one.physical_id == wanted for one in rows):
            rows += await self._store.read(lambda c: resources.by_physical_id(c, codec, working.stack.id, str(wanted)))
        for one in rows:
            kind = working.type_of_row(one)
            if kind is not None and kind.takes_signals and kind.reference(working.call(one, kind)) == wanted:
                return one, kind
        return None


def _followers(built: Blueprint) -> _Followers:
    listening: dict[str, list[str]] = {}
    moving = []
    for name, member in built.members.items():
        if member.type.hears is not None:
            for needed in member.requires:
                listening.setdefault(needed, []).append(name)
        if not member.constant and any(True for _ in template.references(member.definition.metadata)):
            moving.append(name)
    return _Followers(listening, moving)


def _opened(user_id: str, rows: Iterable[ResourceRow]) -> set[str]:
    """Names of the resources that the policies of a stack's user name."""
    several = [row for row in rows if row.action is not Action.DELETE]
    policies: set[str] = set()
    for row in several:
        if row.type == iam.USER_TYPE and row.data.get(USER) == user_id:
            policies.update(map(str, (row.properties or {}).get("Policies") or ()))
    allowed = [row for row in several if row.type == access_policy.TYPE and row.name in policies]
    return {str(name) for row in allowed for name in (row.properties or {}).get(access_policy.RESOURCES) or ()}


def reason_of(text: str, details: Any) -> str:
    """The text of a signal's event. Spec: lifecycle facts, section 2."""
    if text:
        return f"Signal: {text}"
    if details is None:
        return "No signal details provided"
    if isinstance(details, str):
        return details
    if isinstance(details, dict) and {"previous", "current", "reason"} <= details.keys():
        return f"alarm state changed from {details['previous']} to {details['current']} ({details['reason']})"
    return "Unknown"
