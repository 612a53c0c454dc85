"""What an error means for a step: another attempt after a pause, another object, or a failure with its reason.

Which failures are tried again is decided in `retrying`. Another attempt holds nothing meanwhile: the node goes back to
the work list with its time, and its resource tells why it waits.
"""

import asyncio
import dataclasses
import json
import logging
from typing import Any

from hearth.cloud import errors as cloud_errors
from hearth.engine import blocking, context, doubting, parting, retrying
from hearth.engine.recording import Recorder
from hearth.engine.step import Step
from hearth.model import plan
from hearth.model.errors import HearthError
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import contract, failures
from hearth.store import Unavailable
from hearth.store.rows import Phase
from hearth.store.traversals import Move, Then
from hearth.template import template

log = logging.getLogger(__name__)

#: The private value that tells, while a removal waits for another attempt, how it was refused: JSON, kind and words.
REFUSED_TO_GO = "refused_to_go"


class Failing:
    """The policy for errors of one engine's steps."""

    def __init__(self, surroundings: context.Context, record: Recorder) -> None:
        self._context = surroundings
        self._record = record
        self._blocking = blocking.Blocking(surroundings)

    async def outcome(self, step: Step, error: BaseException) -> Move | None:
        """What an error means for the step: tried again, or failed."""
        failure = await self._blocking.explained(step, as_failure(error))
        forced = step.run.waiver(step.row) is Waiver.FORCE
        retry = retrying.decide(failure, step.node.tries, self._context.settings, self._context.jitter(), forced=forced)
        return self._failed(step, failure) if retry is None else self._again(step, failure, retry)

    def broken(self, step: Step, error: Exception) -> Move:
        """The failure of a step of which nothing can be used that it gathered: maybe that cannot be stored."""
        step.pending, step.events, step.orphans, step.new_row, step.call = {}, [], [], None, None
        step.also = {}
        step.making = False
        return self._failed(step, as_failure(error))

    def no_room(self, step: Step, error: Exception) -> Move:
        """A step for whose software the project has no room, found out when it was to be stored: nothing of it is."""
        step.pending.pop("physical_id", None)
        step.events = [one for one in step.events if one.status is Status.IN_PROGRESS]
        return self._failed(step, contract.Permanent(str(error), getattr(error, "kind", "ResourceFailure")))

    def _again(self, step: Step, failure: Exception, retry: retrying.Retry) -> Move:
        """Give the step back until it is tried again, unless a newer action waits for its end: see `_instead`."""
        reason = f"{self.reason(step, failure).removesuffix('.')}; {retry.words()}"
        log.info("Resource %s: %s", step.row.name, reason)
        instead = self._instead(step, failure)
        # The attempt begins with what is stored. What this one gathered is void, but for the object that it made.
        step.pending, step.events, step.orphans = self._made(step), [], []
        self._note_lost(step, failure)
        if step.making and not doubting.may_come(failure):
            step.pending["data"] = self._settled(step)
        if step.action is Action.DELETE and isinstance(failure, contract.Conflict):
            step.pending["data"] = {**step.row.data, REFUSED_TO_GO: json.dumps([failure.kind, str(failure)])}
        if step.row.status is Status.IN_PROGRESS or step.row.action is Action.INIT:
            step.pending["reason"] = reason
        is_news = step.node.tries == 0 or (retry.looks and str(failure) not in step.row.reason)
        has_begun = step.row.status is Status.IN_PROGRESS and step.row.action is step.action
        if has_begun and is_news:  # a beginning that is not stored is told when it is
            step.events.append(self._record.event(step, Status.IN_PROGRESS, reason))
        step.node.tries, step.pause = retry.number, retry.pause
        move = self._record.move(step, Then.RETRY, step.node.phase)
        move.due_at = self._context.now() + retry.pause
        move.instead = instead
        return move

    def _instead(self, step: Step, failure: Exception) -> Move | None:
        """What is stored instead of another attempt when a newer action waits for the end of this one.

        Whatever failed is replaced by the newer action. So a change that may be half done is tried again all the same
        (None), and a check that could not be made says nothing about its resource.
        """
        as_it_is = dataclasses.replace(
            step,
            row=dataclasses.replace(step.row),
            pending=dict(step.pending),
            events=list(step.events),
            orphans=list(step.orphans),
        )
        if step.node.phase is Phase.NONE:  # it has not begun
            as_it_is.pending, as_it_is.events, as_it_is.orphans, as_it_is.new_row = {}, [], [], None
            as_it_is.also = {}
            return self._record.done(as_it_is)
        if step.action is Action.CHECK:
            reason = f"not checked, as a newer action has begun; before: {self.reason(step, failure)}"
            as_it_is.pending = {"action": Action.CHECK, "status": Status.COMPLETE, "reason": reason}
            as_it_is.events = [self._record.event(as_it_is, Status.COMPLETE, reason)]
            return self._record.done(as_it_is)
        if step.action in (Action.UPDATE, Action.SUSPEND, Action.RESUME):
            return None
        return self._failed(as_it_is, failure)

    @staticmethod
    def _is_let_go(step: Step) -> bool:
        """Whether the failure is that of a removal which need not succeed. A nested stack's own resources are."""
        removes = step.node.work in (plan.Work.REMOVE, plan.Work.TIDY)
        nests = step.kind is not None and step.kind.nests
        return removes and not nests and step.run.waiver(step.row) is Waiver.FORCE

    @staticmethod
    def _made(step: Step) -> dict[str, Any]:
        """The object that was made before something else of its creation failed: it must be found again."""
        if step.call is None or step.action is Action.DELETE or step.row.physical_id is not None:
            return {}
        if step.call.physical_id is None:
            return {}
        return {"physical_id": step.call.physical_id, "data": step.call.data}

    @staticmethod
    def _settled(step: Step) -> dict[str, str]:
        """The private data of a row, of which a call is known to make nothing."""
        copy = step.call.snapshot_name if step.call is not None else ""
        data = step.pending.get("data", step.row.data)
        if step.call is not None and contract.REFUSED in step.call.data:
            data = {**data, contract.REFUSED: step.call.data[contract.REFUSED]}
        return doubting.settled(data, copy)

    @staticmethod
    def reason(step: Step, failure: Exception) -> str:
        """How a failure is told, with the way to the resource."""
        if isinstance(failure, NestedFailure):
            return failure.reason(step.row.name)
        return _storable(f"{getattr(failure, 'kind', 'ResourceFailure')}: {in_path(step.row.name)}: {failure}")

    def _note_lost(self, step: Step, failure: Exception) -> None:
        """Another object will be made, though the lost call may have made one that cannot be found."""
        cause = failure.__cause__
        maybe_done = isinstance(cause, cloud_errors.Unavailable) and cause.maybe_done
        creating = step.action is Action.CREATE and step.node.phase is Phase.INTENDED and not step.pending
        if maybe_done and creating and step.kind is not None and not step.kind.findable:
            self._record.part(step, parting.LOST, f"its creation had no answer: {failure}")

    def _failed(self, step: Step, failure: Exception) -> Move:
        settings, reason = self._context.settings, self.reason(step, failure)
        if self._is_let_go(step):
            log.warning("Resource %s is let go: %s", step.row.name, reason)
            step.pending, step.events = {}, []
            return self._record.let_go(step, parting.CAUSES[Waiver.FORCE], reason, f"let go by force: {reason}")
        creating = step.action is Action.CREATE and step.node.phase is Phase.STARTED
        if isinstance(failure, contract.InError) and creating and step.node.attempt < settings.action_retry_limit:
            return self._make_another(step, reason)
        if step.node.phase is Phase.DISCARDING:
            reason = _storable(f"{step.row.reason}; it could not be removed to make another: {failure}")
        if not isinstance(failure, (contract.ResourceFailure, NestedFailure)):
            log.error("Resource %s failed by a defect", step.row.name, exc_info=failure)
        if isinstance(failure, Refused):
            return self._refuse(step, failure, reason)
        began = (
            step.node.work is plan.Work.VISIT
            or step.row.action is not Action.INIT
            or step.pending.get("action") is not None
        )
        action = step.action if began else Action.CREATE
        step.action = action
        if step.call is not None and action is not Action.DELETE:
            step.pending["data"] = step.call.data
            step.pending |= self._made(step)
        if step.making and not doubting.may_come(failure):
            step.pending["data"] = self._settled(step)
        step.pending |= {"action": action, "status": Status.FAILED, "reason": reason}
        if step.kind is not None and action is Action.UPDATE:
            step.pending.pop("properties", None)
            step.pending.pop("frozen", None)
        step.events.append(self._record.event(step, Status.FAILED, reason))
        if step.node.work is plan.Work.VISIT and action is Action.CHECK:
            # A check tells of everything that is wrong, so it goes on with whatever does not depend on this.
            move = self._record.move(step, Then.SKIP, step.node.phase)
            move.failure = f"{step.row.name}: {reason}"
            return move
        move = self._record.move(step, Then.FAIL, step.node.phase)
        move.failure = f"Resource {action} failed: {reason}"
        return move

    def _refuse(self, step: Step, failure: "Refused", reason: str) -> Move:
        """The action fails, and the resource stays what it was: nothing has been tried on it."""
        step.pending, step.events = {}, []
        if failure.told:
            step.events.append(self._record.event(step, Status.FAILED, reason))
        move = self._record.move(step, Then.FAIL, step.node.phase)
        move.failure = f"Resource {step.action} failed: {reason}"
        return move

    def _make_another(self, step: Step, reason: str) -> Move:
        """The object is in error: tell so, and go on with discarding it."""
        limit = self._context.settings.action_retry_limit
        step.node.attempt += 1
        step.node.tries = 0
        log.warning("Resource %s: %s; making another, %d of %d", step.row.name, reason, step.node.attempt, limit)
        step.events.append(self._record.event(step, Status.FAILED, reason))
        step.pending |= {"reason": reason}
        step.pause = 0.0
        return self._record.move(step, Then.STAY, Phase.DISCARDING)


class Refused(contract.Permanent):
    """Something that a resource is not to go through. `told`: whether the resource has an event of it."""

    def __init__(self, message: str, kind: str, *, told: bool = False) -> None:
        super().__init__(message, kind)
        self.told = told


def _storable(text: str) -> str:
    """A text of anybody's without what databases do not take: half characters, and the one of number 0."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def in_path(name: str) -> str:
    """A resource as a part of the path in a reason; members of groups count as items of a list."""
    return f"resources[{name}]" if name.isdigit() else f"resources.{name}"


class NestedFailure(Exception):
    """A nested stack failed; the path to the cause grows by the owner's name."""

    def __init__(self, child_reason: str) -> None:
        super().__init__(child_reason)
        self.child_reason = child_reason

    def reason(self, name: str) -> str:
        """The reason as the owner's: `Kind: resources.owner.resources.inner: ...`."""
        text = nested_reason(self.child_reason)
        kind, _, rest = text.partition(": ")
        if rest.startswith(("resources.", "resources[")):
            return f"{kind}: {in_path(name)}.{rest}"
        return f"ResourceFailure: {in_path(name)}: {text}"


def nested_reason(reason: str) -> str:
    """A stack's reason without the words before the cause."""
    _, found, rest = reason.partition(" failed: ")
    return rest if found else reason


def as_failure(error: BaseException) -> Exception:
    """An error of a library as one of the contract's, so that one policy decides."""
    if isinstance(error, asyncio.CancelledError):  # a library's; the call may have been carried out
        lost = cloud_errors.Unavailable(0, "cloud", "a call was broken off before its answer", maybe_done=True)
        lost.__cause__ = error
        error = lost
    assert isinstance(error, Exception)
    if isinstance(error, cloud_errors.CloudError):
        try:
            with failures.sorted_out(creating=True):
                raise error
        except contract.ResourceFailure as failure:
            return failure
    if isinstance(error, Unavailable):
        return retrying.StoreTrouble(str(error))
    if isinstance(error, (template.FunctionError, HearthError)):
        return contract.Permanent(str(error), getattr(error, "kind", "StackValidationFailed"))
    return error
