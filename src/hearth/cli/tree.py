"""The live tree: a stack's resources with state, elapsed time and reason, nested stacks as branches.

Shows what matters first (failed, running) and counts the rest when the terminal is too short.
`hearth.cli.follow` owns the terminal; this only draws.
"""

from rich.text import Text
from rich.tree import Tree

from hearth.cli import progress, render

_MARKS = {"IN_PROGRESS": "●", "COMPLETE": "✔", "FAILED": "✘"}


def draw(known: progress.Progress, title: str, state: str, now: float, *, height: int) -> Tree:
    """The tree of a stack; at most about `height` lines."""
    root = Tree(Text.assemble((title, "bold"), "  ", render.state(state)), guide_style="dim")
    _fill(root, known, known.stack_id, now, max(height - 2, 4))
    return root


def _fill(branch: Tree, known: progress.Progress, stack_id: str, now: float, room: int) -> int:
    """Add a stack's rows to a branch; the lines used."""
    rows = known.rows(stack_id)
    shown = set(map(id, sorted(rows, key=_weight)[:room]))
    used = 0
    for row in rows:
        if id(row) not in shown:
            continue
        used += 1
        twig = branch.add(_line(row, now))
        if row.nested and (row.running or row.failed or len(rows) <= room // 4):
            used += _fill(twig, known, row.nested, now, max(room - used - len(shown), 2))
    if len(rows) > len(shown):
        branch.add(Text(f"… {len(rows) - len(shown)} more", style="dim"))
        used += 1
    return used


def _weight(row: progress.Row) -> int:
    return 0 if row.failed else 1 if row.running else 2


def _line(row: progress.Row, now: float) -> Text:
    status = next((ending for ending in _MARKS if row.state.endswith(ending)), "")
    colour = render.COLOURS.get(row.state.rpartition("_")[2], "dim")
    text = Text.assemble(
        (_MARKS.get(status, "○"), colour), " ", row.name, " ", (row.type, "dim"), " ", (row.state, colour)
    )
    elapsed = row.elapsed(now)
    if elapsed is not None:
        text.append(f" {elapsed:.1f}s", style="dim")
    if row.failed and row.reason:
        text.append(f"\n{row.reason}", style="red")
    elif row.running and row.reason not in ("", "state changed"):
        text.append(f"\n{row.reason}", style="yellow")
    return text
