"""Compares the plan that a preview showed with what the update then did."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.world import Stack

#: What else can have come of a judgement that was not certain.
_OTHERWISE = {"update": {"keep", "replace"}, "replace": {"keep", "update"}, "keep": {"update", "replace"}}


class Promise:
    """A plan, and what there was when it was made."""

    def __init__(self, stack: "Stack", lists: dict[str, list[dict[str, Any]]]) -> None:
        self._stack = stack
        rows = stack.world.database.look("SELECT id, name, physical_id FROM resource WHERE stack_id = ?", stack.id)
        ids = {(name, physical_id or ""): row_id for row_id, name, physical_id in rows}
        self._seq = stack.world.database.look("SELECT max(seq) FROM event")[0][0] or 0
        self._told = {
            (one["resource_name"], one["physical_resource_id"]): one["change"]
            for entries in lists.values()
            for one in entries
        }
        #: The rows that the plan is about.
        self._before = {key[0]: ids[key] for key, change in self._told.items() if key in ids and not _goes(change)}

    def broken_by(self) -> list[str]:
        """Where it came otherwise, in sentences."""
        if len(self._events(self._stack.identity.name, "UPDATE", "IN_PROGRESS")) != 1:
            return []  # somebody else's update came in between
        now = _rows(self._stack)
        wrong = []
        for (name, _), change in self._told.items():
            told = change["verdict"]
            came = self._what_became_of(name, now)
            allowed = {told} if change["certain"] else {told} | _OTHERWISE.get(told, set())
            if told == "delete" and name in now:
                continue  # an older object of a name that is wanted still
            if came not in allowed:
                wrong.append(f"{name} should {told} ({change['reason']}), and did {came}")
        names = {name for name, _ in self._told}
        wrong += [f"the plan did not tell of {name}" for name in now.keys() - names]
        return wrong

    def _what_became_of(self, name: str, now: dict[str, str]) -> str:
        if name not in now:
            return "delete"
        if name not in self._before:
            return "create" if self._was_made(name) else "keep"
        if now[name] != self._before[name]:
            return "replace" if self._was_made(name) else "create"
        return "update" if self._events(name, "UPDATE") else "create" if self._was_made(name) else "keep"

    def _was_made(self, name: str) -> bool:
        return bool(self._events(name, "CREATE"))

    def _events(self, name: str, action: str, status: str = "%") -> list[Any]:
        query = (
            "SELECT 1 FROM event WHERE stack_id = ? AND resource_name = ? AND action = ? AND status LIKE ? AND seq > ?"
        )
        return self._stack.world.database.look(query, self._stack.id, name, action, status, self._seq)


def _goes(change: dict[str, Any]) -> bool:
    return bool(change["verdict"] == "delete")


def _rows(stack: "Stack") -> dict[str, str]:
    """The present row of every name."""
    query = (
        "SELECT name, id FROM resource WHERE stack_id = ? AND replaced_by IS NULL "
        "AND NOT (action = 'DELETE' AND status = 'COMPLETE')"
    )
    return dict(stack.world.database.look(query, stack.id))
