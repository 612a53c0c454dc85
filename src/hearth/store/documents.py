"""Templates, environments and file maps: immutable, stored once, named by what they hold."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from hearth.model import names
from hearth.store import tables
from hearth.store.codec import Codec, digest, encode

_t = tables.document


def put(connection: sa.Connection, codec: Codec, value: Any, *, secret: bool = False) -> str:
    """Store a value and return its name. The same plain value is stored once; a secret one always anew."""
    body = encode(value)
    if secret:
        name = names.new_id()
        body = codec.sealed(value) or body
    else:
        name = digest(body)
        if connection.execute(sa.select(_t.c.id).where(_t.c.id == name)).first():
            return name
    try:
        with connection.begin_nested():
            connection.execute(_t.insert().values(id=name, body=body, encrypted=secret))
    except exc.IntegrityError:
        pass  # another engine stored the same text meanwhile
    return name


def get(connection: sa.Connection, codec: Codec, name: str) -> Any:
    """The value of that name. Raises KeyError when there is none."""
    body = connection.execute(sa.select(_t.c.body).where(_t.c.id == name)).scalar()
    if body is None:
        raise KeyError(name)
    return codec.read(body)
