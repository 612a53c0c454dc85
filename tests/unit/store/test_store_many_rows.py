"""Many rows changed in one go: each gets its own values, whatever they hold, or none of them changes."""

import pytest
import sqlalchemy as sa
from store_rows import CODEC, STACK, resource_row

from hearth.store import resources

#: What a statement could be ended or continued by, and more than one request to a server holds.
ODD = ["it's; DELETE FROM resource", "%s %(reason)s %", "back\\", '";--', "/*", "\U0001f525 ä", "x" * 700_000, ""]


def names(count):
    return [f"r{number}" for number in range(count)]


def insert(connection, count):
    resources.insert(connection, CODEC, [resource_row(name, properties={"is": "new"}) for name in names(count)])


def stored(connection):
    return {row.name: row for row in resources.by_stack(connection, CODEC, STACK)}


def test_each_row_gets_what_is_meant_for_it(book):
    insert(book.connection, 400)
    texts = {name: ODD[number % 8] if number < 16 else f"reason {number}" for number, name in enumerate(names(400))}
    resources.update(
        book.connection,
        CODEC,
        [(f"{STACK}-{name}", {"reason": text, "properties": {"is": text}}, False) for name, text in texts.items()],
    )
    found = stored(book.connection)
    assert {name: row.reason for name, row in found.items()} == texts
    assert {name: row.properties["is"] for name, row in found.items()} == texts


def test_rows_that_are_not_there_are_passed_over(book):
    insert(book.connection, 2)
    resources.update(book.connection, CODEC, [(f"{STACK}-{name}", {"reason": name}, False) for name in names(4)])
    assert {name: row.reason for name, row in stored(book.connection).items()} == {"r0": "r0", "r1": "r1"}
    resources.delete(book.connection, [f"{STACK}-r9", f"{STACK}-r1"])
    assert stored(book.connection).keys() == {"r0"}


def test_one_that_cannot_be_stored_undoes_all_and_leaves_the_connection_usable(book):
    insert(book.connection, 5)
    reasons = ["a", "b", None, "d", "e"]
    with pytest.raises(sa.exc.IntegrityError), book.connection.begin_nested():
        resources.update(
            book.connection,
            CODEC,
            [(f"{STACK}-{name}", {"reason": one}, False) for name, one in zip(names(5), reasons, strict=True)],
        )
    assert {row.reason for row in stored(book.connection).values()} == {""}
    resources.update(book.connection, CODEC, [(f"{STACK}-r2", {"reason": "c"}, False)])
    assert stored(book.connection)["r2"].reason == "c"
