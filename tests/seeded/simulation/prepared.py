"""Runs SQLAlchemy's statements at the speed of the driver.

What SQLAlchemy does around each statement costs ten times what SQLite takes to run it, and would be half the time of a
story. So each statement that comes a second time is compiled once, by SQLAlchemy, and from then on only its values go
to the driver. Statements that are made anew each time go SQLAlchemy's usual way.
"""

import collections
import contextlib
import functools
import operator
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

Values = Mapping[str, Any]
#: Gives the values of a statement, in the order of its text.
_Binder = Callable[[Values], Sequence[Any]]
#: Types whose values the driver takes and gives as they are; SQLAlchemy converts them for others.
_AS_THEY_ARE = (sa.Float, sa.LargeBinary)


class Result:
    """The rows of a statement, as far as the store asks for them in SQLAlchemy's words."""

    __slots__ = ("_lastrowid", "_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int = -1, lastrowid: int | None = None) -> None:
        self._rows = rows
        self.rowcount = rowcount
        self._lastrowid = lastrowid

    @property
    def inserted_primary_key(self) -> tuple[int | None]:
        """The number of the row that was inserted."""
        return (self._lastrowid,)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """All rows."""
        return self._rows

    fetchall = all

    def first(self) -> Any:
        """The first row, if there is any."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """The only row."""
        [row] = self._rows
        return row

    def scalar(self) -> Any:
        """The first value of the first row, if there is any."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def scalars(self) -> "Result":
        """The first values of the rows."""
        return Result([row[0] for row in self._rows])


class _Plan:
    """A compiled statement, for values of some names and lengths."""

    def __init__(self, statement: Any, dialect: sa.Dialect, values: Values) -> None:
        """Raises ValueError for one that only SQLAlchemy can run."""
        keys = list(values) if statement.is_dml else None
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        fixed = compiled.construct_params(values, escape_names=False)
        expanded = compiled._process_parameters_for_postcompile(fixed) if _has_lists(compiled) else None
        self.text = str(expanded.statement if expanded else compiled)
        self.bind = _binder(compiled, fixed, expanded, values)
        self.reads = bool(compiled._result_columns)
        if self.reads:
            names = [one.keyname for one in compiled._result_columns]
            if len(set(names)) != len(names) or any(name.startswith("_") for name in names):
                raise ValueError(names)
            self._row: Any = collections.namedtuple("Row", names, rename=True)
            self._make = functools.partial(tuple.__new__, self._row)
            kinds = [
                None if isinstance(one.type, _AS_THEY_ARE) else one.type._cached_result_processor(dialect, None)
                for one in compiled._result_columns
            ]
            self._kinds = [(place, kind) for place, kind in enumerate(kinds) if kind is not None]

    def rows(self, raw: list[Any]) -> list[Any]:
        """Rows by name of those of the driver."""
        make = self._make
        if not self._kinds:
            return list(map(make, raw))
        made = []
        for one in raw:
            cells = list(one)
            for place, kind in self._kinds:
                cells[place] = kind(cells[place])
            made.append(make(cells))
        return made


def _has_lists(compiled: Any) -> bool:
    return bool(compiled.post_compile_params or compiled.literal_execute_params)


def _binder(compiled: Any, fixed: Values, expanded: Any, given: Values) -> _Binder:
    """What puts values of the same names as the `given` ones into their order. Raises ValueError like `_Plan`."""
    order = list((expanded.positiontup if expanded else compiled.positiontup) or ())
    converters = {**compiled._bind_processors, **(expanded.processors if expanded else {})}
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError("it has defaults")
    sources: dict[str, tuple[str, int]] = {}
    if expanded:
        fixed = {**fixed, **expanded.additional_parameters}
        for name, several in expanded.parameter_expansion.items():
            sources |= {one: (name, place) for place, one in enumerate(several)}
    steps = []
    for name in order:
        whole, place = sources.get(name, (name, -1))
        parameter = compiled.binds[whole]
        is_part = parameter.unique or parameter.key not in given  # of the statement
        convert = None if isinstance(parameter.type, _AS_THEY_ARE) else converters.get(name)
        constant = convert(fixed[name]) if convert else fixed[name]
        steps.append((parameter.key, None if is_part else place, convert, constant))

    lists = sum(place == 0 for _, place, _, _ in steps)
    if lists < 2 and all(convert is None for _, place, convert, _ in steps if place is not None):
        return _quick_binder(steps)

    def bind(values: Values) -> list[Any]:
        bound = []
        for key, place, convert, constant in steps:
            if place is None:
                bound.append(constant)
                continue
            value = values[key] if place < 0 else values[key][place]
            bound.append(convert(value) if convert else value)
        return bound

    return bind


def _quick_binder(steps: Sequence[tuple[str, int | None, Any, Any]]) -> _Binder:
    """The same where nothing is converted, and one list at the most is taken apart."""
    constants = {number: constant for number, (_, place, _, constant) in enumerate(steps) if place is None}
    names = [number if place is None else name for number, (name, place, _, _) in enumerate(steps)]
    listed = [number for number, (_, place, _, _) in enumerate(steps) if place is not None and place >= 0]
    if listed:  # the values of one list, next to each other
        before, several, after = _getter(names[: listed[0]]), names[listed[0]], _getter(names[listed[-1] + 1 :])

        def bind(values: Values) -> Sequence[Any]:
            known = {**constants, **values}
            return (*before(known), *known[several], *after(known))

        return bind
    get = _getter(names)
    return (lambda values: get({**constants, **values})) if constants else get


def _getter(names: Sequence[Any]) -> Callable[[Mapping[Any, Any]], Sequence[Any]]:
    """What gives the values of some names."""
    if len(names) < 2:  # of which `itemgetter` would make no tuple
        return lambda values: [values[name] for name in names]
    return operator.itemgetter(*names)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


class _Family:
    """The plans of a statement for values of some names: one for each length of the lists among them."""

    def __init__(self, names: tuple[str, ...], values: Values) -> None:
        self._lists = [name for name in names if _is_list(values[name])]
        self._plans: dict[tuple[int, ...], _Plan | None] = {}
        self.only: _Plan | None = None  # where there are no lists

    def plan(self, statement: Any, dialect: sa.Dialect, values: Values) -> _Plan | None:
        """That for some values; None: only SQLAlchemy can run it."""
        lengths = tuple(len(values[name]) for name in self._lists) if self._lists else ()
        try:
            return self._plans[lengths]
        except KeyError:
            pass
        try:
            made: _Plan | None = _Plan(statement, dialect, values)
        except ValueError:
            made = None
        self._plans[lengths] = made
        if not self._lists:
            self.only = made
        return made


class Connection:
    """A connection of SQLAlchemy on SQLite, made quick."""

    def __init__(self, slow: sa.Connection) -> None:
        self._slow = slow
        self._driver: Any = slow.connection.driver_connection
        self.dialect = slow.dialect
        self.info = slow.info
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()  # statements that came once
        self._plans: dict[Any, dict[tuple[str, ...], _Family]] = {}  # of those that came again
        self._savepoints = 0

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """See `sa.Connection.execute`."""
        plans = self._plans.get(statement)
        if plans is None:
            if statement not in self._seen:
                self._seen.add(statement)
                return self._slow.execute(statement, parameters)
            plans = self._plans[statement] = {}
        several = isinstance(parameters, list)
        values: Values = (parameters[0] if parameters else {}) if several else parameters or {}
        names = tuple(values)
        family = plans.get(names)
        if family is None:
            family = plans[names] = _Family(names, values)
        plan = family.only or family.plan(statement, self.dialect, values)
        if plan is None:
            return self._slow.execute(statement, parameters)
        if several:
            return self._run_all(plan, parameters)
        try:
            cursor = self._driver.execute(plan.text, plan.bind(values))
        except sqlite3.Error as error:
            raise _as_usual(error, plan, parameters) from error
        if plan.reads:
            return Result(plan.rows(cursor.fetchall()))
        return Result([], cursor.rowcount, cursor.lastrowid)

    def _run_all(self, plan: _Plan, parameters: Sequence[Values]) -> Result:
        try:
            cursor = self._driver.executemany(plan.text, map(plan.bind, parameters))
        except sqlite3.Error as error:
            raise _as_usual(error, plan, parameters) from error
        return Result([], cursor.rowcount)

    @contextlib.contextmanager
    def begin_nested(self) -> Iterator[None]:
        """See `sa.Connection.begin_nested`."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        if not self._driver.in_transaction:  # else it would be one by itself
            self._driver.execute("BEGIN")
        self._driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._driver.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self._driver.execute(f"RELEASE {name}")
            self._savepoints -= 1


def _as_usual(error: sqlite3.Error, plan: _Plan, parameters: Any) -> exc.DBAPIError:
    """The exception that SQLAlchemy makes of one of the driver."""
    return exc.DBAPIError.instance(plan.text, parameters, error, sqlite3.Error)  # type: ignore[return-value]
