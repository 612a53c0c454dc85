"""A node at work, and what steps need of the engine around them. Values and a protocol; nothing is decided here."""

import dataclasses
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

from hearth.engine import run, signals
from hearth.model import drift
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store.rows import EventRow, Node, OrphanRow, ResourceRow
from hearth.store.traversals import Move
from hearth.telemetry import spans

#: The reason of a state that came about as it should.
CHANGED = "state changed"


@dataclasses.dataclass(slots=True)
class Step:
    """A node at work. `row` follows the committed state; `action` is the resource action under way."""

    node: Node
    run: run.Run
    row: ResourceRow
    kind: contract.Resource | None
    action: Action = Action.CREATE
    call: contract.Call | None = None
    values: contract.Values | None = None
    frozen: contract.Values | None = None
    reality: drift.Reality | None = None
    metadata: Any = None
    pending: dict[str, Any] = dataclasses.field(default_factory=dict)  # changes not yet stored
    events: list[EventRow] = dataclasses.field(default_factory=list)  # events not yet stored
    orphans: list[OrphanRow] = dataclasses.field(default_factory=list)  # not yet stored
    new_row: ResourceRow | None = None  # not yet stored
    also: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)  # changes of other rows, by id; as well
    past_hook: bool = False  # whether the hook before its work was cleared
    making: bool = False  # whether the call that makes its object, or a copy, was sent, and not answered well
    noted: bool = False  # whether its reason tells what keeps it waiting
    refused_since: float | None = None  # when looks at its object began to be refused for good
    claimed_at: float = dataclasses.field(default_factory=time.monotonic)  # to tell how long it took
    pause: float = 0.0  # seconds until it is performed again, after a move that keeps the node

    @property
    def known_kind(self) -> contract.Resource:
        """Its type, where it has been found out."""
        assert self.kind is not None
        return self.kind

    def span(self) -> AbstractContextManager[spans.Span]:
        """The span of a piece of work on it, within that of its stack's action."""
        if not spans.is_told():
            return spans.span("step")
        row = self.row
        attributes = {"hearth.stack": row.stack_id, "hearth.resource": row.name, "hearth.type": row.type}
        return spans.span(f"step {self.node.work.value}", parent=self.run.trail.traceparent, attributes=attributes)


class Waiting(Protocol):
    """Where steps go that wait."""

    def watch(self, step: Step, after: float | None) -> None:
        """Look at the remote object until the step is settled."""

    def again(self, step: Step, after: float) -> None:
        """Perform the step again after a pause."""

    async def connect(self, step: Step) -> None:
        """Make sure that the step's stack has access to the cloud."""

    async def nest(self, step: Step, move: Move, removing: bool) -> None:
        """Store the move that parks the step, and begin the action of its nested stack, in one transaction."""

    async def child(self, step: Step) -> contract.ChildView | None:
        """The nested stack of a step's resource."""

    async def hooks(self, step: Step) -> frozenset[str]:
        """The hooks that the environment sets for the step's resource."""

    async def hear(self, step: Step) -> signals.Heard:
        """What was signalled to the resource that the step's resource listens to."""

    async def is_taken_over(self, step: Step) -> bool:
        """Whether another row of the resource has the very same object and lives on."""

    async def is_superseded(self, step: Step) -> bool:
        """Whether a newer action of the step's stack has begun."""

    async def child_state(self, step: Step) -> tuple[Status, str] | None:
        """How the last action of the nested stack ended; None when there is no such stack (any more)."""
