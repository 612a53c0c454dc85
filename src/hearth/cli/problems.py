"""Errors a user sees: one clear line, what to do next, an exit status. Never a traceback.

`CliError` is for everything that has a message; `ApiProblem` is an answer of the API and may carry diagnostics, which
`hearth.cli.findings` draws with the lines of the user's own files.
"""

from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

from hearth.cli import findings


class CliError(click.ClickException):
    """A failure with advice. Exit status 1."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Error: {self.message}", err=True)
        if self.advice:
            click.echo(f"  {self.advice}", err=True)


class Interrupted(CliError):
    """The user stopped watching; what was asked for goes on."""

    exit_code = 130


class ApiProblem(CliError):
    """The API refused a request. `sources` are the local texts by the name the API knows them under."""

    def __init__(self, status: int, kind: str, message: str, diagnostics: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.diagnostics = diagnostics
        self.sources: Mapping[str, findings.Source] = {}
        #: Of a plan that is outdated: what is not as it was.
        self.moved: Sequence[str] = ()

    def show(self, file: IO[Any] | None = None) -> None:
        if self.moved:
            click.echo("Error: The plan is outdated, and nothing was done. Since it was made:", err=True)
            for one in self.moved:
                click.echo(f"  - {one}", err=True)
            click.echo("  Make a new plan.", err=True)
            return
        if not self.diagnostics:
            super().show(file)
            return
        for line in findings.draw(self.diagnostics, self.sources):
            click.echo(line, err=True)
