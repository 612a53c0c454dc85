"""Where does the cloud keep what it holds? Documents in memory, written through to one SQLite file.

Every service reads and writes through `State.table(name)`. Reads never touch the disk. A transaction collects its
writes and puts them into SQLite in one commit when the outermost `with` ends; if it ends with an exception, memory is
put back as it was and the disk never hears of it. WAL with synchronous=NORMAL: a killed process loses nothing it had
answered (the operating system has the pages); only a machine that loses power may lose the last moments.

One thread uses a State, and no transaction spans an `await`: so there are no locks.
"""

import pathlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    "table" TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY ("table", id)
) WITHOUT ROWID
"""
_LOAD = 'SELECT "table", id, sequence, body FROM documents ORDER BY sequence'
_PUT = 'INSERT OR REPLACE INTO documents ("table", id, sequence, body) VALUES (?, ?, ?, ?)'
_DROP = 'DELETE FROM documents WHERE "table" = ? AND id = ?'


class DuplicateId(ValueError):
    """A document with this id is in the table already."""


class StateInUse(RuntimeError):
    """The file of a State is held by another process, or cannot be written."""


class Table:
    """Documents keyed by their "id", in insertion order, with hash indexes on the fields asked for.

    Documents handed out are the stored ones: treat them as immutable and change them through `update`.
    Indexed fields hold scalars or lists of scalars (a list is indexed as a whole).
    """

    def __init__(self, name: str, log: Callable[["Table", str, Document | None, int], None]) -> None:
        self.name = name
        #: Grows with every change; what was derived from the table is good as long as this stays.
        self.version = 0
        self._log = log
        self._documents: dict[str, Document] = {}
        self._sequences: dict[str, int] = {}
        self._next = 0
        self._indexes: dict[str, dict[Any, dict[str, None]]] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        # A copy, so that callers may delete while they go through.
        return iter(list(self._documents.values()))

    def __contains__(self, id: object) -> bool:
        return id in self._documents

    def get(self, id: str) -> Document | None:
        """The document, or None."""
        return self._documents.get(id)

    def insert(self, document: Document) -> Document:
        """Add a document. Raises DuplicateId."""
        id = document["id"]
        if id in self._documents:
            raise DuplicateId(f"{self.name}: {id} exists")
        self._next += 1
        self._log(self, id, None, self._next)
        self._place(id, document, self._next)
        return document

    def update(self, id: str, **changes: Any) -> Document:
        """Replace fields of a document; returns the new one. Raises KeyError when there is none."""
        return self.replace({**self._documents[id], **changes, "id": id})

    def replace(self, document: Document) -> Document:
        """Put a document in the place of the one with its id, fields left out being gone. Raises KeyError."""
        id = document["id"]
        old = self._documents[id]
        self._log(self, id, old, self._sequences[id])
        for field, index in self._indexes.items():
            before, after = _key(old.get(field)), _key(document.get(field))
            if before != after:
                _remove(index, before, id)
                index.setdefault(after, {})[id] = None
        self._documents[id] = document
        self.version += 1
        return document

    def delete(self, id: str) -> None:
        """Remove a document. Raises KeyError when there is none."""
        self._log(self, id, self._documents[id], self._sequences[id])
        self._displace(id)

    def select(self, **equal: Any) -> list[Document]:
        """Documents whose fields equal the values given, in insertion order; uses the indexes there are."""
        buckets: list[dict[str, None]] = [
            self._indexes[field].get(_key(value), {}) for field, value in equal.items() if field in self._indexes
        ]
        if buckets:
            smallest = min(buckets, key=len)
            ids = sorted(smallest, key=self._sequences.__getitem__)
            found = [self._documents[id] for id in ids]
        else:
            found = list(self._documents.values())
        rest = equal.items() if len(equal) > len(buckets) or len(buckets) > 1 else ()
        for field, value in rest:
            found = [document for document in found if document.get(field) == value]
        return found

    def add_index(self, field: str) -> None:
        """Index a field from now on; nothing when it is indexed already."""
        if field not in self._indexes:
            index: dict[Any, dict[str, None]] = {}
            for id, document in self._documents.items():
                index.setdefault(_key(document.get(field)), {})[id] = None
            self._indexes[field] = index

    def restore(self, id: str, document: Document | None, sequence: int) -> None:
        """Put one document back as it was before a failed transaction, its place in the order included."""
        if id in self._documents:
            self._displace(id)
        if document is None:
            return
        last = next(reversed(self._documents), None)
        self._place(id, document, sequence)
        if last is not None and self._sequences[last] > sequence:
            self._documents = {key: self._documents[key] for key in sorted(self._documents, key=self._sequences.get)}  # type: ignore[arg-type]

    def load(self, id: str, document: Document, sequence: int) -> None:
        """Take in one stored document at start."""
        self._next = max(self._next, sequence)
        self._place(id, document, sequence)

    def sequence(self, id: str) -> int:
        """The place of a document in the insertion order."""
        return self._sequences[id]

    def _place(self, id: str, document: Document, sequence: int) -> None:
        self.version += 1
        self._documents[id] = document
        self._sequences[id] = sequence
        for field, index in self._indexes.items():
            index.setdefault(_key(document.get(field)), {})[id] = None

    def _displace(self, id: str) -> None:
        self.version += 1
        document = self._documents.pop(id)
        del self._sequences[id]
        for field, index in self._indexes.items():
            _remove(index, _key(document.get(field)), id)


class State:
    """All tables of the cloud. `path`: the SQLite file; None keeps everything in memory only. Raises StateInUse."""

    def __init__(self, path: pathlib.Path | None) -> None:
        self._tables: dict[str, Table] = {}
        self._depth = 0
        # (table, id) -> what it was before the running transaction: document (None: not there), sequence.
        self._before: dict[tuple[Table, str], tuple[Document | None, int]] = {}
        self._encode = msgspec.json.Encoder().encode
        self._database = None if path is None else self._open(path)

    def _open(self, path: pathlib.Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The cloud may be opened in one thread and served in another; never in two at a time.
        database = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        try:
            # What another process wrote would be unknown to the memory of this one: one at a time.
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(_SCHEMA)
        except sqlite3.OperationalError as error:
            database.close()
            raise StateInUse(f"{path} cannot be opened: {error}. Does another process serve this cloud?") from None
        for name, id, sequence, body in database.execute(_LOAD):
            self.table(name).load(id, msgspec.json.decode(body), sequence)
        return database

    def table(self, name: str, *, index: Sequence[str] = ()) -> Table:
        """The table of this name ("neutron.networks"), the same object at each call, with these fields indexed."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(name, self._record)
        for field in index:
            table.add_index(field)
        return table

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in memory and on disk. Inner transactions join the outer one."""
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self._commit()
        except BaseException:
            if self._depth == 1:
                self._roll_back()
            raise
        finally:
            self._depth -= 1

    def clear(self) -> None:
        """Forget every document, in one transaction."""
        with self.transaction():
            for table in self._tables.values():
                for document in table:
                    table.delete(document["id"])

    def close(self) -> None:
        """Close the file; the State is not to be used afterwards."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _record(self, table: Table, id: str, document: Document | None, sequence: int) -> None:
        if not self._depth:
            raise RuntimeError(f"write to {table.name} outside of a transaction")
        self._before.setdefault((table, id), (document, sequence))

    def _commit(self) -> None:
        if self._database is not None and self._before:
            puts, drops = [], []
            for table, id in self._before:
                document = table.get(id)
                if document is None:
                    drops.append((table.name, id))
                else:
                    puts.append((table.name, id, table.sequence(id), self._encode(document)))
            self._database.execute("BEGIN IMMEDIATE")
            try:
                if drops:
                    self._database.executemany(_DROP, drops)
                if puts:
                    self._database.executemany(_PUT, puts)
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
        self._before.clear()

    def _roll_back(self) -> None:
        for (table, id), (document, sequence) in reversed(self._before.items()):
            table.restore(id, document, sequence)
        self._before.clear()


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _remove(index: dict[Any, dict[str, None]], key: Any, id: str) -> None:
    bucket = index[key]
    del bucket[id]
    if not bucket:
        del index[key]
