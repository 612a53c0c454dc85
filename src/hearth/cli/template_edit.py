"""`hearth template format` and `hearth template convert`: the commands that write templates."""

import difflib
import pathlib
import sys
from collections.abc import Sequence

import click

from hearth.cli import findings, problems, template_input
from hearth.model.diagnostics import Findings
from hearth.model.errors import Invalid
from hearth.template import template as templates
from hearth.tools import conversion, formatting


@click.command("format")
@template_input.files_argument
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 when something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
@click.pass_context
def format_(
    ctx: click.Context, files: Sequence[str], stdin: bool, stdin_name: str | None, check: bool, diff: bool
) -> None:
    """Lay templates out in the usual way: sections and keys in order, two spaces a level. Comments stay.

    Files are changed in place; from standard input, the result goes to standard output. A template is only written
    when the new text means exactly what the old one meant.

    \b
    Exit status: 0 done, 1 a file cannot be formatted or (with --check) would change, 2 wrong usage.

    \b
    Examples:
      hearth template format web.yaml
      hearth template format --check --diff *.yaml
    """
    changed = failed = 0
    for one in template_input.read(files, stdin, stdin_name):
        try:
            formatted = formatting.format_text(one.text, one.name)
        except (formatting.CannotFormat, Invalid) as error:
            failed += 1
            _complain(one, error)
            continue
        differs = formatted != one.text
        changed += differs
        if differs and diff:
            _show_difference(one, formatted)
        if one.path is None and not check and not diff:
            click.echo(formatted, nl=False)
        elif differs and one.path is not None:
            if not check and not diff:
                _write(one.path, formatted)
            if not diff:
                click.echo(f"{'would change' if check else 'changed'}: {one.name}", err=True)
    ctx.exit(1 if failed or (check and changed) else 0)


def _complain(one: template_input.Input, error: Exception) -> None:
    if not isinstance(error, Invalid):
        click.echo(f"{one.name}: {error}", err=True)
        return
    known = {one.name: findings.Source(one.name, one.text)}
    for diagnostic in error.diagnostics:
        for line in findings.draw_one(diagnostic.to_wire(), known):
            click.echo(line, err=True)


def _show_difference(one: template_input.Input, formatted: str) -> None:
    lines = difflib.unified_diff(
        one.text.splitlines(keepends=True),
        formatted.splitlines(keepends=True),
        one.name,
        f"{one.name} (formatted)",
    )
    for line in lines:
        click.echo(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n", nl=False)


def _write(path: pathlib.Path, text: str) -> None:
    """Write a file as a whole: a crash leaves the old or the new text, never half of it."""
    beside = path.with_name(f".{path.name}.hearth")
    try:
        beside.write_text(text)
        beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path.resolve())
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise problems.CliError(f"Cannot write {path}: {error.strerror}.") from error


@click.command()
@click.argument("file", required=False)
@click.option("--stdin", is_flag=True, help="Read the template from standard input.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write there, not to the terminal."
)
def convert(file: str | None, stdin: bool, output: str | None) -> None:
    """Turn a CloudFormation template into HOT.

    What has no counterpart is replaced by the nearest thing and listed on standard error, with its place. Comments of
    the template are not carried over.

    \b
    Example:
      hearth template convert old.template -o new.yaml
    """
    (one,) = template_input.read([file] if file else [], stdin)
    template, problems_found = templates.load(one.text, source=one.name)
    known = {one.name: findings.Source(one.name, one.text)}
    if template is None:
        raise _refused(problems_found, known)
    try:
        text, notes = conversion.convert(template)
    except (ValueError, formatting.CannotFormat) as error:
        raise problems.CliError(str(error)) from error
    except Invalid as invalid:
        raise _refused(Findings(invalid.diagnostics), {}) from invalid
    for note in notes:
        for line in findings.draw_one(note.to_wire(), known):
            click.echo(line, err=True)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        pathlib.Path(output).write_text(text)
    except OSError as error:
        raise problems.CliError(f"Cannot write {output}: {error.strerror}.") from error


def _refused(found: Findings, known: dict[str, findings.Source]) -> problems.CliError:
    error = problems.ApiProblem(400, "StackValidationFailed", "The template is not valid.", [])
    error.diagnostics = [one.to_wire() for one in found]
    error.sources = known
    return error
