"""Templates, environments and file maps: immutable, stored once, named by what they hold."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from hearth.model import names
from hearth.store import tables
from hearth.store.codec import Codec, digest, encode

_t = tables.document
_d = tables.definition
_INSERT = _t.insert()
_LOCKED = sa.select(_t.c.id).where(_t.c.id == sa.bindparam("name")).with_for_update(read=True)
_BODY = sa.select(_t.c.body).where(_t.c.id == sa.bindparam("name"))


def put(connection: sa.Connection, codec: Codec, value: Any, *, secret: bool = False) -> str:
    """Store a value and return its name. The same plain value is stored once; a secret one always anew."""
    body = encode(value)
    if secret:
        name = names.new_id()
        body = codec.sealed(value) or body
    else:
        name = digest(body)
        # Locked, so that it is not dropped as unused before the definition that is about to use it is stored.
        if connection.execute(_LOCKED, {"name": name}).first():
            return name
    try:
        with connection.begin_nested():
            connection.execute(_INSERT, {"id": name, "body": body, "encrypted": secret})
    except exc.IntegrityError:
        pass  # another engine stored the same text meanwhile
    return name


def get(connection: sa.Connection, codec: Codec, name: str) -> Any:
    """The value of that name. Raises KeyError when there is none."""
    body = connection.execute(_BODY, {"name": name}).scalar()
    if body is None:
        raise KeyError(name)
    return codec.read(body)


def drop_unused(connection: sa.Connection, names: Collection[str]) -> None:
    """Remove those of some documents that no definition holds."""
    unused = set(names) - _in_use(connection, names)
    if not unused:
        return
    # Who puts the same text at this moment holds its row, and is waited for here; then it is looked at again.
    held = sa.select(_t.c.id).where(_t.c.id.in_(sorted(unused))).with_for_update()
    present = set(connection.execute(held).scalars())
    unused = present - _in_use(connection, present)
    connection.execute(_t.delete().where(_t.c.id.in_(sorted(unused))))


def _in_use(connection: sa.Connection, names: Collection[str]) -> set[str]:
    wanted = sorted(names)
    found: set[str] = set()
    for column in (_d.c.template, _d.c.environment, _d.c.files):
        query = sa.select(column).where(column.in_(wanted)).with_for_update(read=True)
        found.update(connection.execute(query).scalars())
    return found
