"""Compares the plan that a preview showed with what the update then did."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.world import Stack

#: What else can have come of a judgement that was not certain.
_OTHERWISE = {"update": {"keep", "replace"}, "replace": {"keep", "update"}, "keep": {"update", "replace"}}


class Promise:
    """A plan of a tree of stacks, and what there was when it was made."""

    def __init__(self, stack: "Stack", lists: dict[str, list[dict[str, Any]]]) -> None:
        self._stack = stack
        database = stack.world.database
        self._seq = database.look("SELECT max(seq) FROM event")[0][0] or 0
        #: Whether something else than the update changes what is nested, as a signal does that lets a group grow.
        self.is_disturbed = False
        self._told: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        for entries in lists.values():
            for one in entries:
                told = self._told.setdefault(one["stack_identity"]["stack_id"], {})
                told[one["resource_name"], one["physical_resource_id"]] = one["change"]
        #: The rows that the plan is about, by stack. What is nested and does not exist yet comes as its owner does.
        self._before = {
            stack_id: {key[0]: ids[key] for key, change in told.items() if key in ids and not _goes(change)}
            for stack_id, told in self._told.items()
            if (ids := self._ids(stack_id)) or stack_id == stack.id
        }

    def _ids(self, stack_id: str) -> dict[tuple[str, str], str]:
        query = "SELECT id, name, physical_id FROM resource WHERE stack_id = ?"
        rows = self._stack.world.database.look(query, stack_id)
        return {(name, physical_id or ""): row_id for row_id, name, physical_id in rows}

    def broken_by(self) -> list[str]:
        """Where it came otherwise, in sentences."""
        if len(self._events(self._stack.id, self._stack.identity.name, "UPDATE", "IN_PROGRESS")) != 1:
            return []  # somebody else's update came in between
        ids = [one for one in self._before if one == self._stack.id or not self.is_disturbed]
        return [sentence for stack_id in ids for sentence in self._broken_in(stack_id)]

    def _broken_in(self, stack_id: str) -> list[str]:
        now, told_of = self._rows(stack_id), self._told[stack_id]
        wrong = []
        for (name, _), change in told_of.items():
            told = change["verdict"]
            came = self._what_became_of(stack_id, name, now)
            allowed = {told} if change["certain"] else {told} | _OTHERWISE.get(told, set())
            if told == "delete" and name in now:
                continue  # an older object of a name that is wanted still
            if came not in allowed:
                wrong.append(f"{name} should {told} ({change['reason']}), and did {came}")
        names = {name for name, _ in told_of}
        wrong += [f"the plan did not tell of {name}" for name in now.keys() - names]
        return wrong

    def _what_became_of(self, stack_id: str, name: str, now: dict[str, str]) -> str:
        before = self._before[stack_id]
        was_made = bool(self._events(stack_id, name, "CREATE"))
        if name not in now:
            return "delete"
        if name not in before:
            return "create" if was_made else "keep"
        if now[name] != before[name]:
            return "replace" if was_made else "create"
        return "update" if self._events(stack_id, name, "UPDATE") else "create" if was_made else "keep"

    def _rows(self, stack_id: str) -> dict[str, str]:
        """The present row of every name."""
        query = (
            "SELECT name, id FROM resource WHERE stack_id = ? AND replaced_by IS NULL "
            "AND NOT (action = 'DELETE' AND status = 'COMPLETE')"
        )
        return dict(self._stack.world.database.look(query, stack_id))

    def _events(self, stack_id: str, name: str, action: str, status: str = "%") -> list[Any]:
        query = (
            "SELECT 1 FROM event WHERE stack_id = ? AND resource_name = ? AND action = ? AND status LIKE ? AND seq > ?"
        )
        return self._stack.world.database.look(query, stack_id, name, action, status, self._seq)


def _goes(change: dict[str, Any]) -> bool:
    return bool(change["verdict"] == "delete")
