"""Marks that writers leave with each commit, by which lost answers are looked up and replicas measured."""

import sqlalchemy as sa

from hearth.store import tables

_t = tables.mark
_PUT = (
    _t.update()
    .where(_t.c.id == sa.bindparam("writer_id"))
    .values(commits=sa.bindparam("number"), at=sa.bindparam("time"))
)


def put(connection: sa.Connection, writer_id: str, commits: int, at: float) -> None:
    """Mark the commit that a writer is about to make as its `commits`-th."""
    if connection.execute(_PUT, {"writer_id": writer_id, "number": commits, "time": at}).rowcount == 0:
        connection.execute(_t.insert().values(id=writer_id, commits=commits, at=at))


def last(connection: sa.Connection, writer_id: str) -> int | None:
    """The number of the last commit of a writer that was done; None: there was none."""
    return connection.execute(sa.select(_t.c.commits).where(_t.c.id == writer_id)).scalar()


def every(connection: sa.Connection) -> dict[str, int]:
    """The number of the last commit of each writer."""
    return {row.id: row.commits for row in connection.execute(sa.select(_t.c.id, _t.c.commits))}


def forget(connection: sa.Connection, before: float) -> None:
    """Drop the marks of writers that have written nothing since a time: they are gone."""
    connection.execute(_t.delete().where(_t.c.at < before))
