"""What is purged goes with all that belongs to it, in pieces, and nothing else goes."""

import pytest
import sqlalchemy as sa
from store_rows import CODEC, resource_row, stack_row

from hearth.model import holds as model
from hearth.model.states import Action, Status
from hearth.store import documents, engines, events, holds, purging, resources, stacks, tables
from hearth.store.rows import DefinitionRow, EventRow

SHARED = {"the same": "files"}


def event(stack_id, number):
    return EventRow(stack_id, "r", "T", None, Action.CREATE, Status.COMPLETE, "", 1.0, f"{stack_id}-{number}")


def define(connection, definition_id, stack_id, text, at=1.0):
    """A definition whose template is its own and whose files are everybody's."""
    template, shared = documents.put(connection, CODEC, text), documents.put(connection, CODEC, SHARED)
    stacks.insert_definition(connection, DefinitionRow(definition_id, stack_id, template, shared, shared), at)


def stack(connection, stack_id, *, deleted_at=None, count=3, **given):
    """A stack with a bit of everything."""
    stacks.insert(connection, stack_row(stack_id, definition_id=f"{stack_id}-d", **given))
    define(connection, f"{stack_id}-d", stack_id, {"only of": stack_id})
    events.insert(connection, CODEC, [event(stack_id, number) for number in range(count)])
    resources.insert(connection, CODEC, [resource_row("a", stack_id)])
    holds.put(connection, stack_id, model.Hold(model.Kind.PROTECTION, "u", "demo", "", 1.0))
    if deleted_at is not None:
        stacks.mark_deleted(connection, stack_id, deleted_at)


def left(connection, table):
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


EVERYTHING = (tables.stack, tables.event, tables.resource, tables.definition, tables.document, tables.hold)


@pytest.fixture
def connection(book):
    """A database with one live stack of the book, which nothing here may touch."""
    return book.connection


def test_stacks_deleted_before_a_moment_are_found_oldest_first(connection):
    for name, at in (("new", 30.0), ("old", 10.0), ("older", 5.0), ("live", None)):
        stack(connection, name, deleted_at=at)
    assert purging.deleted(connection, 20.0, None, 10) == ["older", "old"]
    assert purging.deleted(connection, 20.0, None, 1) == ["older"]


def test_stacks_of_one_project_are_found(connection):
    stack(connection, "mine", deleted_at=1.0, project_id="a")
    stack(connection, "theirs", deleted_at=1.0, project_id="b")
    assert purging.deleted(connection, 2.0, "a", 10) == ["mine"]


def test_a_removed_stack_leaves_nothing_and_takes_nothing_of_others(connection):
    stack(connection, "live")
    before = {table.name: left(connection, table) for table in EVERYTHING}
    stack(connection, "gone", deleted_at=1.0)
    assert purging.remove_stack(connection, "gone", 500)
    assert {table.name: left(connection, table) for table in EVERYTHING} == before
    row = stacks.definition(connection, "live-d")
    assert documents.get(connection, CODEC, row.files_id) == SHARED


def test_a_large_stack_goes_in_pieces(connection):
    stack(connection, "gone", deleted_at=1.0, count=25)
    pieces = 0
    while not purging.remove_stack(connection, "gone", 10):
        pieces += 1
        assert stacks.by_id(connection, "gone") is not None
    assert pieces == 2
    assert stacks.by_id(connection, "gone") is None
    assert left(connection, tables.event) == 0


def test_what_is_gone_already_is_no_trouble(connection):
    assert purging.remove_stack(connection, "never there", 10)


def test_a_credential_stays_while_a_stack_uses_it(connection):
    stacks.insert_credential(connection, CODEC, "c", {"trust": "t"}, 1.0)
    stack(connection, "one", deleted_at=1.0, credential_id="c")
    stack(connection, "two", deleted_at=1.0, credential_id="c")
    assert purging.remove_stack(connection, "one", 500)
    assert stacks.credential(connection, CODEC, "c") == {"trust": "t"}
    assert purging.remove_stack(connection, "two", 500)
    assert stacks.credential(connection, CODEC, "c") is None


def test_definitions_that_nothing_refers_to_any_more_go(connection):
    stack(connection, "live", previous_definition_id="before")
    resources.insert(connection, CODEC, [resource_row("kept", "live", definition_id="of a row")])
    for name in ("before", "of a row", "outdated"):
        define(connection, name, "live", {"text": name})
    define(connection, "young", "live", {"text": "young"}, at=9.0)
    documents_before = left(connection, tables.document)
    after = ""
    while after is not None:
        after = purging.remove_outdated_definitions(connection, 5.0, after, 2)
    ids = set(connection.execute(sa.select(tables.definition.c.id)).scalars())
    assert ids == {"live-d", "before", "of a row", "young"}
    assert left(connection, tables.document) == documents_before - 1


def test_engines_that_died_long_ago_go(connection):
    engines.register(connection, "dead", "h", "h", 1, 1.0)
    engines.register(connection, "alive", "h", "h", 1, 100.0)
    assert purging.remove_engines(connection, 50.0) == 1
    assert [one["id"] for one in engines.listed(connection)] == ["alive"]


@pytest.mark.parametrize(
    ("count", "keep", "most", "units", "kept"), [(10, 4, 100, 0, 4), (10, 4, 2, 2, 4), (3, 4, 2, 0, 3)]
)
def test_events_are_kept_up_to_a_number(connection, count, keep, most, units, kept):
    stack(connection, "live", count=count)
    stack(connection, "other", count=2)
    assert events.too_many(connection, ["live", "other"], keep) == (["live"] if count > keep else [])
    more = 0
    while events.trim(connection, "live", keep, most):
        more += 1
    assert more == units
    found = events.listed(connection, ["live"], filters={}, ascending=True)
    assert [one.id for one in found] == [f"live-{number}" for number in range(count - kept, count)]
    assert len(events.listed(connection, ["other"], filters={})) == 2
