import pathlib
import shutil

import pytest

from hearth.localcloud.core import state


def names(table: state.Table, **equal: object) -> list[str]:
    return [document["id"] for document in table.select(**equal)]


def filled(path: pathlib.Path | None = None) -> tuple[state.State, state.Table]:
    store = state.State(path)
    table = store.table("t.things", index=("color",))
    with store.transaction():
        for id, color in (("a", "red"), ("b", "blue"), ("c", "red")):
            table.insert({"id": id, "color": color, "size": 1})
    return store, table


@pytest.mark.parametrize(
    ("equal", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"color": "red"}, ["a", "c"]),
        ({"color": "red", "size": 1}, ["a", "c"]),
        ({"color": "red", "size": 2}, []),
        ({"size": 1}, ["a", "b", "c"]),
        ({"color": "green"}, []),
        ({"color": None}, []),
    ],
)
def test_select_finds_equal_documents_in_insertion_order(equal: dict[str, object], expected: list[str]) -> None:
    _, table = filled()
    assert names(table, **equal) == expected


def test_an_update_moves_a_document_between_index_entries_but_not_in_the_order() -> None:
    store, table = filled()
    with store.transaction():
        table.update("b", color="red")
        table.update("a", color="blue")
        table.update("a", color="red")
    assert names(table, color="red") == ["a", "b", "c"]
    assert names(table, color="blue") == []


def test_a_failed_transaction_leaves_everything_as_it_was() -> None:
    store, table = filled()
    before = list(table)
    with pytest.raises(ZeroDivisionError), store.transaction():
        table.update("a", color="green")
        table.delete("b")
        table.insert({"id": "d", "color": "red"})
        with store.transaction():
            table.update("d", color="blue")
        table.delete("c")
        table.insert({"id": "c", "color": "new"})
        raise ZeroDivisionError
    assert list(table) == before
    assert names(table, color="red") == ["a", "c"]
    assert names(table, color="new") == []


def test_an_inner_transaction_that_fails_and_is_caught_goes_with_the_outer_one() -> None:
    store, table = filled()
    with store.transaction():
        table.insert({"id": "d", "color": "red"})
    assert len(table) == 4 and "d" in table


def test_what_was_committed_is_there_after_reopening(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cloud.sqlite"
    store, table = filled(path)
    with store.transaction():
        table.delete("a")
        table.update("c", color="gold")
        table.insert({"id": "a", "color": "back"})
    with pytest.raises(ZeroDivisionError), store.transaction():
        table.delete("b")
        raise ZeroDivisionError
    # Taken without closing: a killed process would not have closed it either.
    killed = tmp_path / "killed"
    killed.mkdir()
    for file in tmp_path.glob("cloud.sqlite*"):
        shutil.copy(file, killed)
    again = state.State(killed / "cloud.sqlite")
    reopened = again.table("t.things", index=("color",))
    assert list(reopened) == [
        {"id": "b", "color": "blue", "size": 1},
        {"id": "c", "color": "gold", "size": 1},
        {"id": "a", "color": "back"},
    ]
    assert names(reopened, color="gold") == ["c"]
    with again.transaction():
        reopened.insert({"id": "e", "color": "x"})
    assert names(reopened) == ["b", "c", "a", "e"]
    again.close()
    store.close()


def test_a_file_serves_one_cloud_at_a_time(tmp_path: pathlib.Path) -> None:
    store, _ = filled(tmp_path / "cloud.sqlite")
    with pytest.raises(state.StateInUse, match=r"cloud\.sqlite"):
        state.State(tmp_path / "cloud.sqlite")
    store.close()
    state.State(tmp_path / "cloud.sqlite").close()


def test_ids_are_unique_and_writes_need_a_transaction() -> None:
    store, table = filled()
    with pytest.raises(state.DuplicateId), store.transaction():
        table.insert({"id": "a"})
    with pytest.raises(RuntimeError, match=r"t\.things"):
        table.delete("a")
    assert "a" in table


def test_the_version_of_a_table_tells_changes_from_quiet() -> None:
    store, table = filled()
    version = table.version
    table.select(color="red")
    assert table.version == version
    with store.transaction():
        table.update("a", size=2)
    assert table.version > version
