"""What an error of a database means: try again, come again later, or somebody's mistake. Pure.

The writer asks it, and whoever reads. Databases tell their troubles in different ways: SQLite by numbers of its own,
PostgreSQL by SQLSTATE, MySQL and MariaDB by numbers that are part of their protocol.

Spec: https://www.sqlite.org/rescode.html, https://www.postgresql.org/docs/15/errcodes-appendix.html,
https://mariadb.com/kb/en/mariadb-error-code-reference/
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import exc

#: SQLite tells a full disk and a wrong statement by the same exception; these codes are troubles that may pass:
#: busy, locked, no memory, read-only, I/O error, full, cannot open.
_SQLITE: Final = frozenset({5, 6, 7, 8, 10, 13, 14})
#: Classes of SQLSTATE: connection, rolled back by the server, resources (disk, memory, connections), not in the
#: prerequisite state, operator's intervention, system error; and the codes of a read-only server and of a transaction
#: that did nothing for too long.
_POSTGRESQL: Final = frozenset({"08", "40", "53", "55", "57", "58"})
_POSTGRESQL_CODES: Final = frozenset({"25006", "25P03"})
#: Disk full, too many connections, table full, interrupted, lock time over, deadlock, read-only, and the client's own
#: "cannot connect", "gone away", "lost".
_MYSQL: Final = frozenset({1021, 1040, 1041, 1053, 1114, 1158, 1159, 1160, 1161, 1205, 1213, 1290, 1317, 1927})
_MYSQL_CLIENT: Final = frozenset({0, 2002, 2003, 2006, 2013, 2055})
#: Two transactions stood in each other's way; the server undid this one.
_CONFLICTS: Final = frozenset({"40001", "40P01", 1205, 1213})


def will_pass(error: BaseException) -> bool:
    """Whether the same work may succeed later.

    A database that undoes the whole transaction by itself makes the error seen that of a savepoint which is no longer
    there; the true one stands behind it.
    """
    return any(_passes(one) for one in _behind(error))


def is_conflict(error: BaseException) -> bool:
    """Whether another transaction was in the way: the same work, done again at once, will probably succeed."""
    return any(_code(one) in _CONFLICTS for one in _behind(error))


def is_disconnect(error: BaseException) -> bool:
    """Whether the connection has gone."""
    return any(one.connection_invalidated for one in _behind(error))


def words(error: BaseException) -> str:
    """What the database said, on one line, without the statement and the driver's advice."""
    found = list(_behind(error))
    if not found:
        return str(error)
    arguments = getattr(found[-1].orig, "args", ())
    lines = str(arguments[-1] if arguments else found[-1].orig).strip().splitlines()
    return lines[0] if lines else type(found[-1].orig).__name__


def _behind(error: BaseException) -> Iterator[exc.DBAPIError]:
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, exc.DBAPIError):
            yield behind
        behind = behind.__context__


def _passes(error: exc.DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = _code(error)
    if hasattr(error.orig, "sqlite_errorcode"):
        return code in _SQLITE
    if isinstance(code, str):
        return code[:2] in _POSTGRESQL or code in _POSTGRESQL_CODES
    if isinstance(code, int):
        return code in _MYSQL or code in _MYSQL_CLIENT
    return isinstance(error, exc.OperationalError)


def _code(error: exc.DBAPIError) -> str | int | None:
    """The database's own name for an error."""
    orig: Any = error.orig
    for name in ("sqlite_errorcode", "sqlstate"):
        code = getattr(orig, name, None)
        if code is not None:
            return code & 0xFF if isinstance(code, int) else str(code)
    arguments = getattr(orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
