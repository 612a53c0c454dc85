"""What is recorded of an object that Hearth lets go: an orphan, with everything that its deletion would need.

Pure. Used where resources are removed without their objects (`removing`, `failing`, `ending`), and where a creation may
have made an object that nobody can find (`converging`).
"""

from collections.abc import Callable

from hearth.engine import judge
from hearth.model import names
from hearth.model.waivers import Waiver
from hearth.resources import contract
from hearth.store.rows import OrphanRow, ResourceRow, StackRow

#: Causes beside those that waivers are.
RETAINED = "retained"
LOST = "lost"

CAUSES = {Waiver.SKIP: "skipped", Waiver.RETAIN: RETAINED, Waiver.FORCE: "forced", Waiver.ABANDON: "abandoned"}
#: Before the type of what a snapshot has copied: the type of the copy.
COPY_OF = "copy of "
#: Why a resource of an abandoned stack, or a copy of one, is let go.
ABANDONED = "its stack was abandoned"


def orphan(
    stack: StackRow,
    row: ResourceRow,
    kind: contract.Resource | None,
    cause: str,
    reason: str,
    region: str | None,
    now: float,
    new_id: Callable[[], str],
) -> OrphanRow | None:
    """The orphan that a resource leaves behind; None when it leaves nothing, or what it had was not made by Hearth."""
    if row.data.get(judge.EXTERNAL):
        return None
    if kind is not None and not (kind.external or kind.nests):
        return None
    if not may_leave(row, kind):
        return None
    return OrphanRow(
        id=new_id(),
        project_id=stack.project_id,
        stack_id=stack.id,
        stack_name=stack.name,
        path=row.name,
        type=row.type,
        physical_id=row.physical_id,
        physical_name=names.physical_name(stack.name, row.name, row.id, kind.name_limit if kind is not None else 255),
        cause=cause,
        reason=reason,
        region=region,
        at=now,
        secret={"row_id": row.id, "data": row.data, "properties": row.frozen or row.properties or {}},
    )


def may_leave(row: ResourceRow, kind: contract.Resource | None) -> bool:
    """Whether a resource has an object, or may have one, that stays when the resource is let go."""
    return row.physical_id is not None or judge.may_be_there(row, kind)
