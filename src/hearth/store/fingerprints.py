"""What a tree of stacks is, in short: enough to say later whether it is still the same, and what in it has moved.

Columns are taken as they are stored, so nothing is decoded or decrypted for it. A value that was written again counts
as moved even if it is equal; nothing is written again without an action, a signal or a user. A resource that an action
only looked at has not moved.
"""

import dataclasses
import hashlib
from typing import Any

import sqlalchemy as sa

from hearth.store import tables

_r = tables.resource
_s = tables.stack
_DIGESTED = ("properties", "frozen", "metadata", "attributes", "data")
_PLAIN = ("action", "status", "physical_id", "definition_id", "requires", "deletion_policy", "replaced_by")

#: Which definition a resource was last brought to moves with every action that comes by, even if it is kept as it is.
_PASSING = 1 + _PLAIN.index("definition_id")

#: What users call the parts of a resource that may move.
_WORDS = {
    "physical_id": "its object",
    "requires": "what it depends on",
    "deletion_policy": "its deletion policy",
    "replaced_by": "what it is replaced by",
    "properties": "its properties",
    "frozen": "the ids in its properties",
    "metadata": "its metadata",
    "attributes": "its attributes",
    "data": "its private data",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """`stacks`: id to path, traversal, definition, state. `rows`: id to path and the columns of `_PLAIN`, `_DIGESTED`.

    Paths are names of owning resources with slashes; the root's is empty.
    """

    stacks: dict[str, list[Any]]
    rows: dict[str, list[Any]]


def take(connection: sa.Connection, root_id: str, *, hold: bool = False) -> Fingerprint:
    """The fingerprint of a tree. `hold`: nobody may change it until the transaction ends."""
    query = sa.select(_s).where(_s.c.root_id == root_id, _s.c.live_name.is_not(None)).order_by(_s.c.depth, _s.c.id)
    tree = list(connection.execute(query))
    columns = [_r.c.id, _r.c.stack_id, _r.c.name, *(_r.c[name] for name in (*_PLAIN, *_DIGESTED))]
    rows_query = sa.select(*columns).where(_r.c.stack_id.in_(sa.select(_s.c.id).where(_s.c.root_id == root_id)))
    if hold:
        rows_query = rows_query.order_by(_r.c.id).with_for_update()
    rows = list(connection.execute(rows_query))
    paths = _paths(tree, {row.id: (row.stack_id, row.name) for row in rows})
    stacks = {
        one.id: [paths[one.id], one.traversal_id, one.definition_id, f"{one.action}_{one.status}"] for one in tree
    }
    found = {}
    for row in rows:
        if row.stack_id not in paths:
            continue  # of a nested stack that is gone
        digests = [None if value is None else _digest(value) for value in row[-len(_DIGESTED) :]]
        path = "/".join(filter(None, (paths[row.stack_id], row.name)))
        found[row.id] = [path, *row[3 : 3 + len(_PLAIN)], *digests]
    return Fingerprint(stacks, found)


def _paths(tree: list[Any], owners: dict[str, tuple[str, str]]) -> dict[str, str]:
    paths: dict[str, str] = {}
    for one in tree:  # the root first, each after its owner
        stack_id, name = owners.get(one.owner_resource_id, ("", ""))
        paths[one.id] = "/".join(filter(None, (paths.get(stack_id, ""), name)))
    return paths


def _digest(value: bytes) -> str:
    return hashlib.blake2b(value, digest_size=8).hexdigest()


def moved(before: Fingerprint, now: Fingerprint) -> list[str]:
    """What is not as it was, in words."""
    found = []
    for stack_id, (path, traversal_id, definition_id, state) in _sorted(before.stacks):
        name = f"nested stack {path}" if path else "the stack"
        present = now.stacks.get(stack_id)
        if present is None:
            found.append(f"{name} is gone")
        elif present[2] != definition_id:
            found.append(f"{name} has another definition: it was updated")
        elif present[3] != state:
            found.append(f"{name} was {state}, is {present[3]}")
        elif present[1] != traversal_id:
            found.append(f"{name} has gone through another action")
    found += [f"nested stack {one[0]} is new" for key, one in now.stacks.items() if key not in before.stacks]
    changed: list[str] = []
    for row_id, row in _sorted(before.rows):
        path, *rest = row
        present_row = now.rows.get(row_id)
        if present_row is None:
            changed.append(f"resource {path} is gone")
        elif _lasting(present_row) != _lasting(row):
            changed.append(f"resource {path}: {_difference(rest, present_row[1:])}")
    changed += [f"resource {row[0]} is new" for row_id, row in now.rows.items() if row_id not in before.rows]
    if found and not changed:
        changed.append("no resource has changed")
    return found + changed


def _lasting(row: list[Any]) -> list[Any]:
    return [*row[:_PASSING], *row[_PASSING + 1 :]]


def _sorted(several: dict[str, list[Any]]) -> list[tuple[str, list[Any]]]:
    """By path: the root first, and what is nested after its owner."""
    return sorted(several.items(), key=lambda one: str(one[1][0]).split("/"))


def _difference(before: list[Any], now: list[Any]) -> str:
    if before[:2] != now[:2]:
        return f"it was {before[0]}_{before[1]}, is {now[0]}_{now[1]}"
    names = (*_PLAIN, *_DIGESTED)
    pairs = zip(names, before, now, strict=True)
    return ", ".join(f"{_WORDS[name]} changed" for name, old, new in pairs if old != new and name in _WORDS)
