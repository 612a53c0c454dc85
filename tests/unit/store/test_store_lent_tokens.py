"""Tokens of users: the last one, not after its end, and no longer than something goes on."""

import pytest
import sqlalchemy as sa
from store_rows import CODEC, stack_row

from hearth.model.states import Status
from hearth.store import lent_tokens, stacks, tables


@pytest.fixture
def connection(book):
    return book.connection


def lent(connection, now=100.0):
    return lent_tokens.of(connection, CODEC, "mine", now)


def test_the_last_one_counts_until_it_ends(connection):
    assert lent(connection) is None
    lent_tokens.put(connection, CODEC, "mine", "first", 50.0, 500.0)
    lent_tokens.put(connection, CODEC, "mine", "last", 60.0, 600.0)
    assert lent(connection, 599.0) == "last"
    assert lent(connection, 600.0) is None


def test_it_is_not_readable_in_the_database(connection):
    lent_tokens.put(connection, CODEC, "mine", "open-sesame", 50.0, 500.0)
    (row,) = connection.execute(sa.select(tables.lent_token))
    assert b"open-sesame" not in bytes(row.token)


@pytest.mark.parametrize(
    ("status", "now", "stays"),
    [
        (Status.IN_PROGRESS, 400.0, True),
        (Status.IN_PROGRESS, 500.0, False),
        (Status.COMPLETE, 400.0, False),
        (Status.FAILED, 400.0, False),
        (None, 400.0, False),
        (None, 99.0, True),
    ],
)
def test_it_is_forgotten_when_nothing_goes_on(connection, status, now, stays):
    """No stack: it is about to be stored, or never was."""
    if status is not None:
        stacks.insert(connection, stack_row("owned", credential_id="mine", status=status))
    lent_tokens.put(connection, CODEC, "mine", "word", 50.0, 500.0)
    lent_tokens.forget_idle(connection, now, now - 60.0)
    assert (lent(connection, 99.0) == "word") is stays


def test_it_goes_with_what_was_delegated(connection):
    lent_tokens.put(connection, CODEC, "mine", "word", 50.0, 500.0)
    stacks.delete_credential(connection, "mine")
    assert lent(connection) is None
