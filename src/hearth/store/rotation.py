"""Sealing stored secrets anew, with the newest key: a batch of rows at a time, repeatable, beside running engines.

Every binary column of every table is looked at, so a new one is never forgotten. A value is replaced only if it is
still the one that was read: what an engine stores meanwhile stays. Called by `hearth.process.database`.
"""

import dataclasses
from typing import Any

import sqlalchemy as sa

from hearth.store import tables
from hearth.store.codec import SEALED, SEALED_END, Codec


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """`last`: the key of the last row looked at, None at the end; `renewed`, `current`: how many values."""

    last: Any
    renewed: int
    current: int


def places() -> list[tuple[sa.Table, list[sa.Column[Any]]]]:
    """The tables that may hold secrets, with the columns that may."""
    found = []
    for table in tables.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, sa.LargeBinary)]
        if columns:
            found.append((table, columns))
    return found


def renew(
    connection: sa.Connection, codec: Codec, table: sa.Table, columns: list[sa.Column[Any]], after: Any, most: int
) -> Batch:
    """Seal secrets of up to `most` rows after a key (None: from the first) anew.

    Raises:
        InvalidEncryptionKey: one was sealed with a key that is not configured.
    """
    (key,) = table.primary_key.columns
    query = sa.select(key, *columns).where(sa.or_(*(_is_sealed(column) for column in columns)))
    if after is not None:
        query = query.where(key > after)
    last, renewed, current = None, 0, 0
    for row in connection.execute(query.order_by(key).limit(most)).all():
        last = row[0]
        for column, value in zip(columns, row[1:], strict=True):
            if value is None or not value.startswith(SEALED):
                continue
            fresh = codec.renewed(value)
            if fresh is None:
                current += 1
                continue
            changed = table.update().where(key == last, column == value).values({column: fresh})
            renewed += connection.execute(changed).rowcount
    return Batch(last, renewed, current)


def _is_sealed(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(column >= SEALED, column < SEALED_END)
