"""A click group that loads a command's module only when the command is used, so that `hearth --help` is quick.

The table holds the one line of help too; listing the commands therefore loads nothing.
"""

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

import click


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where a command lives, `package.module:attribute`, and its line in the list of commands."""

    where: str
    summary: str


def load(where: str) -> Any:
    """What `package.module:attribute` names; the module is imported now."""
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)


class LazyGroup(click.Group):
    """A group over a table `{command name: Target}`."""

    def __init__(self, *args: Any, targets: Mapping[str, Target], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = targets

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self.targets.get(cmd_name)
        if target is None:
            return None
        command = load(target.where)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target.where} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, target.summary) for name, target in self.targets.items()])
