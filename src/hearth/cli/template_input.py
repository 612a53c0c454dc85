"""What the `hearth template` commands read: files or standard input, environments, and the resource types.

Nothing here talks to a server. Files a template names are read where they lie.
"""

import dataclasses
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import click

from hearth.cli import bundle, findings, options, problems
from hearth.model.diagnostics import Findings
from hearth.resources import registry
from hearth.template import environment as environments
from hearth.tools import local_files, validation

STDIN_NAME = "<stdin>"


@dataclasses.dataclass(frozen=True)
class Input:
    """One text to work on. `path` is None for standard input."""

    name: str
    text: str
    path: pathlib.Path | None
    directory: pathlib.Path


def files_argument(command: options.Command) -> options.Command:
    """Add FILE..., `--stdin` and `--stdin-name`; the command gets `files`, `stdin` and `stdin_name`."""
    command = click.option(
        "--stdin-name", metavar="FILE", help="The file that standard input stands for, to name and find its neighbours."
    )(command)
    command = click.option("--stdin", is_flag=True, help="Read the template from standard input.")(command)
    return click.argument("files", nargs=-1, metavar="FILE...")(command)


def environment_options(command: options.Command) -> options.Command:
    """Add `-e` and `-P`; the command gets `environments` and `parameters`."""
    command = click.option(
        "-P", "--parameter", "parameters", metavar="KEY=VALUE", multiple=True, help="A parameter; wins over files."
    )(command)
    return click.option(
        "-e", "--environment", "environments", metavar="FILE", multiple=True, help="Environment; later ones win."
    )(command)


def read(names: Sequence[str], stdin: bool = False, stdin_name: str | None = None) -> Iterator[Input]:
    """The inputs of a command. Raises CliError when one cannot be read, UsageError when none is given."""
    if stdin == bool(names):
        raise click.UsageError("Give one or more files, or --stdin.")
    if stdin:
        name = stdin_name or STDIN_NAME
        directory = pathlib.Path(stdin_name).parent if stdin_name else pathlib.Path()
        yield Input(name, _decoded(sys.stdin.buffer.read(), name), None, directory)
    for name in names:
        path = pathlib.Path(name)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise problems.CliError(f"Cannot read {name}: {error.strerror}.") from error
        yield Input(name, _decoded(raw, name), path, path.parent)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise problems.CliError(
            f"{name} is not UTF-8 text (byte {error.start}).", "Templates are UTF-8 YAML or JSON."
        ) from error


@dataclasses.dataclass(frozen=True)
class Settings:
    """The environment of a command, and the texts it was read from."""

    environment: environments.Environment
    files: Mapping[str, str]
    sources: Mapping[str, findings.Source]
    problems: Findings


def settings(environment_files: Sequence[str], parameters: Sequence[str]) -> Settings:
    """The environment that options give. Raises CliError for what cannot be read, UsageError for a bad parameter."""
    given = {}
    for one in parameters:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--parameter {one!r} is not of the form KEY=VALUE.")
        given[name] = value
    collected = bundle.collect(None, environment_files)
    found = Findings()
    several = []
    for url in collected.environment_files:
        parsed, wrong = environments.parse(collected.files[url], url)
        several.append(parsed)
        found.extend(wrong)
    merged, wrong = environments.merge(several)
    found.extend(wrong)
    return Settings(merged.with_parameters(given, "--parameter"), collected.files, collected.sources, found)


def check(one: Input, with_settings: Settings | None = None, *, complete: bool = False) -> validation.Checked:
    """Check an input with its environment."""
    given = with_settings or Settings(environments.Environment(), {}, {}, Findings())
    return validation.check(
        one.text,
        registry.installed(),
        name=one.name,
        files=local_files.LocalFiles(one.directory, given.files),
        environment=given.environment,
        complete=complete,
    )


def sources(
    one: Input, found: Callable[[], Iterator[str]], given: Settings | None = None
) -> dict[str, findings.Source]:
    """The texts behind findings, by the names that findings use: the input, nested templates, environments."""
    known = dict(given.sources) if given is not None else {}
    known[one.name] = findings.Source(one.name, one.text)
    files = local_files.LocalFiles(one.directory, given.files if given is not None else {})
    for name in found():
        if name not in known and name in files:
            known[name] = findings.Source(str(files.path(name) or name), files[name])
    return known
