"""How to open each kind of database: driver, isolation, time limits, types of columns.

`store` asks it. SQLite has one writer at a time by itself; PostgreSQL, MariaDB and MySQL are shared by many processes.
All others see only a SQLAlchemy engine.
"""

import contextlib
import pathlib
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from hearth.model.errors import HearthError
from hearth.store import connections
from hearth.store.connections import USUAL, Connections

#: What an operator may write, and the driver it means.
_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS: Final = {"psycopg": "postgresql", "pymysql": "mariadb"}
#: Seconds that a database may stay silent: a network that swallows everything must not hold a process for good.
_CONNECT_TIMEOUT: Final = 10
_SILENCE: Final = 60
_CONNECT: Final[Mapping[str, Mapping[str, Any]]] = {
    "postgresql": {
        "connect_timeout": _CONNECT_TIMEOUT,
        "keepalives_idle": _SILENCE // 4,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": _SILENCE * 1000,
    },
    "mysql": {
        "connect_timeout": _CONNECT_TIMEOUT,
        "read_timeout": _SILENCE,
        "write_timeout": _SILENCE,
        "charset": "utf8mb4",
    },
}
#: Of MySQL's protocol, CLIENT_MULTI_STATEMENTS: one request may hold several statements.
_SEVERAL_STATEMENTS: Final = 1 << 16
#: Characters of one request at the most; servers refuse requests beyond a limit of megabytes (max_allowed_packet).
_REQUEST: Final = 1_000_000
_HERE: Final = pathlib.Path(__file__).parent
#: Callers that a statement names.
_CALLERS: Final = 3
#: Any number that nobody else uses.
_SCHEMA_LOCK: Final = 4158297


class UnknownDatabase(HearthError):
    """A database cannot be used as its URL stands."""

    kind = "ConfigurationError"
    status = 500


def is_shared(engine: sa.Engine) -> bool:
    """Whether other processes may write at the same time."""
    return engine.dialect.name != "sqlite"


def open_engine(
    url: str,
    *,
    writes: bool,
    pool_size: int,
    standstill: float | None = None,
    wanted: Connections = USUAL,
) -> sa.Engine:
    """Connections to a database, for units of work that write, or for queries on a consistent snapshot.

    `pool_size`: how many are kept open, unless the operator `wanted` another number of those that read.
    `standstill`: seconds that a transaction may do nothing before a shared database undoes it; None: as it is set up.

    Raises:
        UnknownDatabase: its kind is not supported, its driver not installed, or it cannot do what is wanted.
    """
    address = _address(url)
    pool = _pool(wanted, pool_size, writes=writes)
    if address.get_backend_name() == "sqlite":
        engine = _sqlite(address, "BEGIN IMMEDIATE" if writes else "BEGIN", pool)
    else:
        # Units of work lock what they rely on, and must see what others have committed when they get the lock.
        engine = _server(address, "READ COMMITTED" if writes else "REPEATABLE READ", pool, writes=writes)
        if standstill is not None:
            _limit_standstill(engine, standstill)
    if wanted.mysql_wsrep_sync_wait is not None:
        _wait_for_cluster(engine, wanted.mysql_wsrep_sync_wait)
    if wanted.connection_trace:
        sa.event.listen(engine, "before_cursor_execute", _with_callers, retval=True)
    return engine


def _pool(wanted: Connections, pool_size: int, *, writes: bool) -> dict[str, Any]:
    """The pool as SQLAlchemy takes it. One thread writes, so wishes for a number are about reading."""
    size = None if writes else wanted.max_pool_size
    overflow = None if writes else wanted.max_overflow
    return {
        "pool_size": pool_size if size is None else size,
        "max_overflow": connections.OVERFLOW if overflow is None else overflow,
        "pool_timeout": wanted.pool_timeout,
        "pool_recycle": wanted.connection_recycle_time,
    }


def open_foreign(url: str) -> sa.Engine:
    """Connections to somebody else's database, which is only read.

    Raises:
        UnknownDatabase: its kind is not supported, its driver not installed, or it is a file that is not there.
    """
    address = _address(url)
    if address.get_backend_name() != "sqlite":
        return _server(address, "REPEATABLE READ", {"pool_size": 2, "max_overflow": connections.OVERFLOW})
    file = pathlib.Path(address.database or "")
    if not file.is_file():
        raise UnknownDatabase(f"There is no file {file}.")
    read_only = address.set(database=f"file:{file.absolute()}", query={"mode": "ro", "uri": "true"})
    return sa.create_engine(read_only, hide_parameters=True)


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise UnknownDatabase(
            "The URL of the database cannot be read: it has the form sqlite:////path/file or "
            "postgresql://user:password@host/database."
        ) from None
    return address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))


def _server(
    address: sa.URL,
    isolation: Literal["READ COMMITTED", "REPEATABLE READ"],
    pool: Mapping[str, Any],
    *,
    writes: bool = False,
) -> sa.Engine:
    kind = "mysql" if address.get_backend_name() == "mariadb" else address.get_backend_name()
    if kind not in _CONNECT:
        raise UnknownDatabase(
            f"Databases of the kind {address.get_backend_name()!r} are not supported: "
            "use sqlite, postgresql, mariadb or mysql."
        )
    arguments = dict(_CONNECT[kind])
    if kind == "mysql" and writes:
        arguments["client_flag"] = _SEVERAL_STATEMENTS
    try:
        engine = sa.create_engine(
            address,
            **pool,
            hide_parameters=True,  # which hold what users keep secret, while errors are logged and shown
            connect_args=arguments,
            isolation_level=isolation,
        )
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "")
        advice = f" It comes with 'pip install hearth[{extra}]'." if extra else ""
        raise UnknownDatabase(f"The driver {error.name!r} of the database is not installed.{advice}") from None
    except sa.exc.NoSuchModuleError:
        raise UnknownDatabase(f"There is no driver {address.drivername!r}.") from None
    if kind == "mysql" and writes:
        sa.event.listen(engine, "do_executemany", _in_one_request)
    return engine


def _in_one_request(cursor: Any, statement: str, rows: Sequence[Any], _context: Any) -> bool:
    """Change many rows of MySQL or MariaDB by one request: its driver waits for the answer to each, but for inserts.

    Nobody's text can add a statement: the driver puts each value in quotes as it does in a request of its own.
    """
    if statement.startswith("INSERT"):
        return False
    changed, request, length = 0, list[str](), 0
    for row in rows:
        one = cursor.mogrify(statement, row)
        if request and length + len(one) > _REQUEST:
            changed += _rows_changed(cursor, request)
            request, length = [], 0
        request.append(one)
        length += len(one) + 1
    cursor.rowcount = changed + _rows_changed(cursor, request)
    return True


def _rows_changed(cursor: Any, request: Sequence[str]) -> int:
    cursor.execute(";".join(request))
    changed: int = cursor.rowcount
    while cursor.nextset():
        changed += cursor.rowcount
    return changed


def _limit_standstill(engine: sa.Engine, seconds: float) -> None:
    """Let the server undo transactions that do nothing, and drop connections whose other end has gone without a word.

    Their locks would keep every other process from the same stacks: a process may be paused at any moment, or lose its
    network.
    """

    @sa.event.listens_for(engine, "connect")
    def limit(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            if engine.dialect.name == "postgresql":
                cursor.execute(f"SET idle_in_transaction_session_timeout = {int(1000 * seconds)}")
                cursor.execute("SET tcp_keepalives_idle = 15")
                cursor.execute("SET tcp_keepalives_interval = 5")
                cursor.execute("SET tcp_keepalives_count = 3")
            elif getattr(engine.dialect, "is_mariadb", False):  # MySQL has no such limit
                cursor.execute(f"SET SESSION idle_transaction_timeout = {max(1, round(seconds))}")
        connection.commit()


def _wait_for_cluster(engine: sa.Engine, kinds: int) -> None:
    """Let a node of a Galera cluster answer only when it has all that was committed on the others."""
    if engine.dialect.name not in ("mysql", "mariadb"):
        raise UnknownDatabase(
            f"[database] mysql_wsrep_sync_wait is for clusters of MariaDB and MySQL, and the database is "
            f"{engine.dialect.name}: leave it out."
        )

    @sa.event.listens_for(engine, "connect")
    def wait(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION wsrep_sync_wait = {kinds}")
        connection.commit()


def _with_callers(
    _connection: sa.Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """The statement with a comment that says who asks. It stands at the end, as the beginning tells what is asked."""
    callers: list[str] = []
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and len(callers) < _CALLERS:
        file = pathlib.Path(frame.f_code.co_filename)
        if _HERE.parent in file.parents and file != pathlib.Path(__file__):
            callers.append(f"{file.relative_to(_HERE.parent)}:{frame.f_lineno} {frame.f_code.co_name.strip('<>')}")
        frame = frame.f_back
    return f"{statement} /* {', '.join(callers)} */", parameters


def _sqlite(url: sa.URL, begin: str, pool: Mapping[str, Any]) -> sa.Engine:
    engine = sa.create_engine(url, **pool, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling knows no savepoints; ours begins explicitly below.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # a lost record would orphan a cloud resource
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA cache_size=-32000")

    @sa.event.listens_for(engine, "begin")
    def begin_explicitly(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def by_id(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """A query that locks rows of a table by many ids, and no others.

    To MySQL and MariaDB the whole table looks cheaper soon, and is locked then, rows of others included.
    """
    for kind in ("mysql", "mariadb"):
        query = query.with_hint(table, "FORCE INDEX (PRIMARY)", kind)
    return query.with_for_update()


@contextlib.contextmanager
def schema_lock(connection: sa.Connection) -> Iterator[None]:
    """Keep other processes, which start at the same time, from changing the schema."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql(f"SELECT GET_LOCK('hearth.{_SCHEMA_LOCK}', 600)")
    yield
    if connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql(f"SELECT RELEASE_LOCK('hearth.{_SCHEMA_LOCK}')")


def settle_collation(connection: sa.Connection) -> None:
    """Let MySQL and MariaDB tell names apart as all others do: "Web" is not "web". Safe to repeat."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return
    others = connection.exec_driver_sql(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_collation <> 'utf8mb4_bin'"
    )
    for (name,) in others.fetchall():
        quoted = connection.dialect.identifier_preparer.quote(name)
        connection.exec_driver_sql(f"ALTER TABLE {quoted} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")


class Words(sa.types.TypeDecorator[str]):
    """Text, whoever wrote it. PostgreSQL cannot keep the character NUL: it becomes U+FFFD there."""

    impl = sa.String
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        """See SQLAlchemy; None costs nothing."""
        return _without_nul if dialect.name == "postgresql" else None


class Text(Words):
    """Words without a limit."""

    impl = sa.Text
    cache_ok = True


def _without_nul(value: str | None) -> str | None:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value is not None and "\0" in value else value


# MySQL's plain TEXT and BLOB end at 64 KiB; a template may have 512, and a node of a large stack more dependents.
@compiles(sa.Text, "mysql", "mariadb")
def _long_text(_type: Any, _compiler: Any, **_options: Any) -> str:
    return "LONGTEXT"


@compiles(sa.LargeBinary, "mysql", "mariadb")
def _long_blob(_type: Any, _compiler: Any, **_options: Any) -> str:
    return "LONGBLOB"
