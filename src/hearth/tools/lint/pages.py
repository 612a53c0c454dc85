"""The reference pages of the rules, made from their metadata.

Write them with `python -m hearth.tools.lint.pages docs/reference/lint`.
"""

import sys
from pathlib import Path

from hearth.tools.lint import linting, rules
from hearth.tools.lint.rule import Rule

_LEVELS = {"error": "error", "warning": "warning", "note": "note (does not fail the command)"}


def pages() -> dict[str, str]:
    """`{file name: Markdown}` of all rules and their index."""
    return {"index.md": _index(), **{f"{rule.name}.md": page(rule) for rule in rules.RULES}}


def page(rule: Rule) -> str:
    """The page of one rule."""
    return f"""# {rule.id} {rule.name}

{rule.title}. Severity: {_LEVELS[rule.level.value]}.

{rule.why}

## Reported

```yaml
{rule.bad}```

## Better

```yaml
{rule.good}```

## Silence it

Add `# hearth: ignore[{rule.name}]` to the line, or `# hearth: ignore-file[{rule.name}]` anywhere for the whole file.
"""


def _index() -> str:
    rows = "\n".join(
        f"| {rule.id} | [{rule.name}]({rule.name}.md) | {rule.level.value} | {rule.title} |" for rule in rules.RULES
    )
    return f"""# Lint rules

`hearth template lint FILE` checks templates against these rules. {linting.INVALID} stands for what makes a template
invalid; it cannot be silenced. See [how to use the tools](../../how-to/templates.md).

| Id | Name | Severity | What it reports |
|---|---|---|---|
{rows}
"""


def write(directory: Path) -> None:
    """Write all pages into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
