"""What the live tree knows and shows."""

import io
from typing import Any

import rich.console

from hearth.cli import progress, tree


def resource(name: str, status: str, stack: str = "root", nested: str = "", reason: str = "") -> dict[str, Any]:
    links = [{"rel": "stack", "href": f"http://h/v1/p/stacks/s/{stack}"}]
    if nested:
        links.append({"rel": "nested", "href": f"http://h/v1/p/stacks/n/{nested}"})
    return {
        "resource_name": name,
        "resource_type": "OS::Heat::TestResource",
        "resource_status": status,
        "resource_status_reason": reason,
        "links": links,
    }


def text(known: progress.Progress, now: float, height: int = 40) -> str:
    console = rich.console.Console(file=io.StringIO(), width=120)
    console.print(tree.draw(known, "web", "CREATE_IN_PROGRESS", now, height=height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_elapsed_time_runs_while_in_progress_and_then_stands() -> None:
    known = progress.Progress("root")
    known.observe([resource("a", "CREATE_IN_PROGRESS")], 10)
    [row] = known.rows()
    assert row.elapsed(12.5) == 2.5
    known.observe([resource("a", "CREATE_COMPLETE")], 13)
    assert row.elapsed(99) == 3
    assert "a OS::Heat::TestResource CREATE_COMPLETE 3.0s" in text(known, 99)


def test_what_was_complete_before_has_no_elapsed_time() -> None:
    known = progress.Progress("root")
    known.observe([resource("a", "CREATE_COMPLETE")], 10)
    assert known.rows()[0].elapsed(20) is None


def test_resources_that_vanish_were_deleted() -> None:
    known = progress.Progress("root")
    known.observe([resource("a", "DELETE_IN_PROGRESS"), resource("b", "CREATE_COMPLETE")], 1)
    known.observe([resource("b", "CREATE_COMPLETE")], 3)
    assert {row.name: row.state for row in known.rows()} == {"a": "DELETE_COMPLETE", "b": "CREATE_COMPLETE"}


def test_nested_stacks_are_branches_and_failures_give_their_reason() -> None:
    known = progress.Progress("root")
    known.observe(
        [
            resource("group", "CREATE_IN_PROGRESS", nested="inner"),
            resource("0", "CREATE_FAILED", stack="inner", reason="No valid host was found."),
        ],
        1,
    )
    lines = [line.rstrip() for line in text(known, 1).splitlines()]
    assert lines[1].startswith("└── ● group")
    assert lines[2].startswith("    └── ✘ 0")
    assert "No valid host was found." in lines[3]


def test_a_long_stack_shows_what_matters_and_counts_the_rest() -> None:
    known = progress.Progress("root")
    known.observe([resource(f"r{i}", "CREATE_FAILED" if i == 77 else "CREATE_COMPLETE") for i in range(100)], 1)
    shown = text(known, 1, height=12)
    assert "r77" in shown
    assert "… 90 more" in shown
    assert len(shown.splitlines()) <= 13
