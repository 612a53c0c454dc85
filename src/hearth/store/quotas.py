"""The turn of a project: whoever counts what a project has, to add to it, counts alone.

What SQLite grants by itself - one transaction at a time - needs a lock in databases that several processes write: a
count sees nothing of what another transaction is about to add.
"""

import sqlalchemy as sa

from hearth.store import tables

_t = tables.quota
_TOUCH = _t.update().where(_t.c.project_id == sa.bindparam("project")).values(turns=_t.c.turns + 1)


def take_turn(connection: sa.Connection, project_id: str) -> None:
    """Wait until no other transaction counts what the project has; the turn ends with this transaction."""
    if connection.dialect.name == "sqlite":
        return
    if connection.execute(_TOUCH, {"project": project_id}).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(_t.insert().values(project_id=project_id, turns=1))
    except sa.exc.IntegrityError:  # another one was first, and has ended by now
        connection.execute(_TOUCH, {"project": project_id})
