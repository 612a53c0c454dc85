"""Whether programs of the version before can go on while a migration is made, and after it: what it breaks for them.

They name every column that they write and read, so new tables are nothing to them, and so are new columns that need no
value. What they know must stay.
"""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import alembic.command
import sqlalchemy as sa
from alembic import script

from hearth.store import store

#: Revisions that take something away that programs of the version before last have used, and raise the floor.
CONTRACTIONS: frozenset[str] = frozenset()

#: `{table: {column: whether a row needs a value for it}}`, and what must differ: `{table: {columns}}`.
Schema = tuple[Mapping[str, Mapping[str, bool]], Mapping[str, set[tuple[str, ...]]]]


def schema(connection: sa.Connection) -> Schema:
    """What there is."""
    seen = sa.inspect(connection)
    columns = {
        table: {one["name"]: not one["nullable"] and one["default"] is None for one in seen.get_columns(table)}
        for table in seen.get_table_names()
    }
    unique = {table: {tuple(one["column_names"]) for one in _unique(seen, table)} for table in columns}
    return columns, unique


def _unique(seen: Any, table: str) -> list[Any]:
    return [*seen.get_unique_constraints(table), *(one for one in seen.get_indexes(table) if one["unique"])]


def breaks(before: Schema, after: Schema) -> list[str]:
    """What programs for the schema `before` cannot live with."""
    found = []
    for table, columns in before[0].items():
        present = after[0].get(table)
        if present is None:
            found.append(f"table {table} is gone")
            continue
        found += [f"column {table}.{one} is gone" for one in columns if one not in present]
        found += [
            f"column {table}.{one} must be given" for one, needed in present.items() if needed and one not in columns
        ]
        more = after[1][table] - before[1][table]
        found += [f"{table}.{', '.join(one)} must differ now" for one in sorted(more)]
    return found


def walk(file: pathlib.Path, since: str) -> Iterator[tuple[str, list[str]]]:
    """Make every migration after one, each with what it breaks."""
    config = store._migrations()
    engine = sa.create_engine(f"sqlite:///{file}")
    revisions = [one.revision for one in script.ScriptDirectory.from_config(config).walk_revisions()][::-1]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        before: Schema | None = None
        for revision in revisions[revisions.index(since) :]:
            alembic.command.upgrade(config, revision)
            after = schema(connection)
            if before is not None:
                yield revision, breaks(before, after)
            before = after
    engine.dispose()
