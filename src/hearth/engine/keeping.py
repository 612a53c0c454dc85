"""What verbs keep in the store: it gathers, and is stored by the move or the signal that the verb belongs to.

So it is one transaction with what becomes of the resource: nothing is left behind by a process that dies in between.
The operator's limits are looked at twice: when a verb asks, so that it fails at once (`ask`), and in the transaction,
so that resources which are made at the same moment do not go beyond them together.
"""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from hearth.resources import contract
from hearth.store import Store, quotas

Write = Callable[[sa.Connection], None]


class Keeper:
    """Gathers what a verb wants stored."""

    def __init__(self) -> None:
        self._writes: list[Write] = []

    def taken(self) -> Sequence[Write]:
        """What is to be stored, once: the next call gives nothing more."""
        writes, self._writes = self._writes, []
        return writes


def writes_of(call: contract.Call | None) -> Sequence[Write]:
    """What a verb wants stored along with its outcome."""
    lent: Sequence[object] = (call.software, call.alarms) if call is not None else ()
    return [write for one in lent if isinstance(one, Keeper) for write in one.taken()]


async def ask(store: Store, limit: quotas.Limit, project_id: str) -> None:
    """Whether a project has room for one more, as it looks now. Raises contract.Permanent."""
    try:
        await store.read(lambda connection: limit.check(connection, project_id))
    except quotas.NoRoom as error:
        raise contract.Permanent(str(error), error.kind) from None
