"""What an error means for a step: another try after a pause, another object, or a failure with its reason."""

import logging

from hearth.cloud import errors as cloud_errors
from hearth.engine import context
from hearth.engine.recording import Recorder
from hearth.engine.step import Step, Waiting
from hearth.model import plan
from hearth.model.errors import HearthError
from hearth.model.states import Action, Status
from hearth.resources import contract, failures
from hearth.store.rows import Phase
from hearth.store.traversals import Move, Then
from hearth.template import template

log = logging.getLogger(__name__)


class Failing:
    """The policy for errors of one engine's steps."""

    def __init__(self, surroundings: context.Context, record: Recorder, waiting: Waiting) -> None:
        self._context = surroundings
        self._record = record
        self._waiting = waiting

    def outcome(self, step: Step, error: Exception) -> Move | None:
        """What an error means for the step: tried again, or failed."""
        failure = as_failure(error)
        settings = self._context.settings
        if isinstance(failure, contract.Temporary) and step.attempt < settings.temporary_retry_limit:
            step.attempt += 1
            pause = failure.after if failure.after is not None else self._record.backoff(step.attempt)
            log.info("Resource %s: %s; trying again in %.1f s", step.row.name, failure, pause)
            step.pending, step.events = {}, []
            self._waiting.again(step, pause)
            return None
        kind = getattr(failure, "kind", "ResourceFailure")
        if isinstance(failure, NestedFailure):
            reason = failure.reason(step.row.name)
        else:
            reason = f"{kind}: resources.{step.row.name}: {failure}"
        creating = step.action is Action.CREATE and step.node.phase is Phase.STARTED
        if isinstance(failure, contract.InError) and creating and step.node.attempt < settings.action_retry_limit:
            return self._make_another(step, reason)
        if step.node.phase is Phase.DISCARDING:
            reason = f"{step.row.reason}; it could not be removed to make another: {failure}"
        if not isinstance(failure, (contract.ResourceFailure, NestedFailure)):
            log.error("Resource %s failed by a defect", step.row.name, exc_info=error)
        began = (
            step.node.work is plan.Work.VISIT
            or step.row.action is not Action.INIT
            or step.pending.get("action") is not None
        )
        action = step.action if began else Action.CREATE
        step.action = action
        if step.call is not None and action is not Action.DELETE:
            step.pending["data"] = step.call.data
            if step.call.physical_id is not None and step.row.physical_id is None:
                # The object was made before something else of its creation failed: it must be found again.
                step.pending["physical_id"] = step.call.physical_id
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

    def _make_another(self, step: Step, reason: str) -> Move:
        """The object is in error: tell so, and go on with discarding it."""
        limit = self._context.settings.action_retry_limit
        step.node.attempt += 1
        log.warning("Resource %s: %s; making another, %d of %d", step.row.name, reason, step.node.attempt, limit)
        step.events.append(self._record.event(step, Status.FAILED, reason))
        step.pending |= {"reason": reason}
        step.pause = 0.0
        return self._record.move(step, Then.STAY, Phase.DISCARDING)


class NestedFailure(Exception):
    """A nested stack failed; the path to the cause grows by the owner's name."""

    def __init__(self, child_reason: str) -> None:
        super().__init__(child_reason)
        self.child_reason = child_reason

    def reason(self, name: str) -> str:
        """The reason as the owner's: `Kind: resources.owner.resources.inner: ...`."""
        text = nested_reason(self.child_reason)
        kind, _, rest = text.partition(": ")
        if rest.startswith("resources."):
            return f"{kind}: resources.{name}.{rest}"
        return f"ResourceFailure: resources.{name}: {text}"


def nested_reason(reason: str) -> str:
    """A stack's reason without the words before the cause."""
    _, found, rest = reason.partition(" failed: ")
    return rest if found else reason


def as_failure(error: Exception) -> Exception:
    """An error of a library as one of the contract's, so that one policy decides."""
    if isinstance(error, cloud_errors.CloudError):
        try:
            with failures.sorted_out(creating=True):
                raise error
        except contract.ResourceFailure as failure:
            return failure
    if isinstance(error, (template.FunctionError, HearthError)):
        return contract.Permanent(str(error), getattr(error, "kind", "StackValidationFailed"))
    return error
