"""Notices to agents: at most one for a server, none lost, no two that work on the same."""

import pytest

from hearth.store import notices

HOLD = 60.0


@pytest.fixture
def connection(book):
    return book.connection


def taken(connection, now=100.0):
    return notices.take(connection, now, HOLD, 10)


def test_a_change_is_told_once(connection):
    for _ in range(3):
        notices.announce(connection, "server")
    (one,) = taken(connection)
    assert one.server_id == "server"
    notices.done(connection, one)
    assert taken(connection) == []
    assert notices.next_due(connection) is None


def test_nobody_else_takes_what_is_held(connection):
    notices.announce(connection, "server")
    taken(connection)
    assert taken(connection, 159.0) == []
    assert notices.next_due(connection) == 160.0
    assert len(taken(connection, 160.0)) == 1, "whoever held it has died"


def test_a_change_meanwhile_is_told_after_it(connection):
    notices.announce(connection, "server")
    (one,) = taken(connection)
    notices.announce(connection, "server")
    assert taken(connection) == [], "not beside the first"
    notices.done(connection, one)
    (again,) = taken(connection)
    assert again.version == one.version + 1


def test_what_cannot_be_told_comes_later(connection):
    notices.announce(connection, "server")
    (one,) = taken(connection)
    notices.postpone(connection, one, 130.0)
    assert taken(connection, 129.0) == []
    (again,) = taken(connection, 130.0)
    assert again.tries == 1
    notices.announce(connection, "server")
    notices.give_back(connection, ["server"])
    (fresh,) = taken(connection, 131.0)
    assert fresh.tries == 0, "a change is a new beginning"


def test_an_engine_that_stops_gives_back_its_own(connection):
    for name in ("one", "other"):
        notices.announce(connection, name)
    taken(connection)
    notices.give_back(connection, ["one"])
    assert [one.server_id for one in taken(connection)] == ["one"]
    notices.give_back(connection)
    assert {one.server_id for one in taken(connection)} == {"one", "other"}
