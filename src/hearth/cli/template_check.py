"""`hearth template validate` and `hearth template lint`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

import hearth
from hearth.cli import findings, template_input
from hearth.model.diagnostics import Severity
from hearth.resources import registry
from hearth.tools.lint import linting, rules, sarif

_LEVELS = ("error", "warning", "note")


@click.command()
@template_input.files_argument
@template_input.environment_options
@click.option("--complete", is_flag=True, help="Parameters without a value or default are errors.")
@click.option("-f", "--format", "output", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def validate(
    ctx: click.Context,
    files: Sequence[str],
    stdin: bool,
    stdin_name: str | None,
    environments: Sequence[str],
    parameters: Sequence[str],
    complete: bool,
    output: str,
) -> None:
    """Check templates and all that is nested in them: syntax, types, properties, references.

    The cloud is not asked: whether an image or a network exists is checked by `hearth stack validate` and `create`.

    \b
    Examples:
      hearth template validate web.yaml
      hearth template validate web.yaml -e production.yaml --complete
      git show HEAD:web.yaml | hearth template validate --stdin --stdin-name web.yaml
    """
    given = template_input.settings(environments, parameters)
    found: list[dict[str, Any]] = []
    wrong = 0
    for one in template_input.read(files, stdin, stdin_name):
        checked = template_input.check(one, given, complete=complete)
        diagnostics = [*given.problems, *checked.findings]
        wrong += sum(each.severity is Severity.ERROR for each in diagnostics)
        wires = [each.to_wire() for each in diagnostics]
        found += wires
        if output == "text":
            _print(one, wires, given)
    if output == "json":
        click.echo(_json(found))
    ctx.exit(1 if wrong else 0)


@click.command()
@template_input.files_argument
@template_input.environment_options
@click.option("--select", metavar="RULE,...", multiple=True, help="Only these rules: ids, beginnings of ids or names.")
@click.option("--ignore", metavar="RULE,...", multiple=True, help="Not these rules; wins over --select.")
@click.option(
    "--fail-on", type=click.Choice(_LEVELS), default="warning", show_default=True, help="What makes the exit status 1."
)
@click.option(
    "-f", "--format", "output", type=click.Choice(("text", "json", "sarif")), default="text", show_default=True
)
@click.option("--list-rules", is_flag=True, help="Show all rules and stop.")
@click.pass_context
def lint(
    ctx: click.Context,
    files: Sequence[str],
    stdin: bool,
    stdin_name: str | None,
    environments: Sequence[str],
    parameters: Sequence[str],
    select: Sequence[str],
    ignore: Sequence[str],
    fail_on: str,
    output: str,
    list_rules: bool,
) -> None:
    """Find what is valid in a template and still likely wrong, risky or hard to keep.

    A comment silences rules: `# hearth: ignore[RULE, ...]` on the line (or alone on the line above), or
    `# hearth: ignore-file[RULE, ...]` for the whole file.

    \b
    Exit status: 0 nothing (or only what is below --fail-on), 1 findings, 2 wrong usage.

    \b
    Examples:
      hearth template lint web.yaml
      hearth template lint --ignore HL5 *.yaml
      hearth template lint --select plain-text-secret -f sarif web.yaml > lint.sarif
    """
    if list_rules:
        for rule in rules.RULES:
            click.echo(f"{rule.id}  {rule.level.value:<7}  {rule.name:<26}  {rule.title}")
        return
    try:
        chosen = linting.choose(_words(select), _words(ignore))
    except ValueError as error:
        raise click.UsageError(f"{error} See --list-rules.") from error
    given = template_input.settings(environments, parameters)
    found: list[linting.Report] = []
    for one in template_input.read(files, stdin, stdin_name):
        checked = template_input.check(one, given)
        reports = linting.lint(checked, registry.installed(), chosen)
        found += reports
        if output == "text":
            _print(one, [_shown(each) for each in reports], given)
    if output == "json":
        click.echo(_json([each.to_wire() for each in found]))
    elif output == "sarif":
        click.echo(_json(sarif.log(found, hearth.__version__)))
    failing = _LEVELS[: _LEVELS.index(fail_on) + 1]
    ctx.exit(1 if any(each.level.value in failing for each in found) else 0)


def _words(options: Iterable[str]) -> list[str]:
    return [word.strip() for option in options for word in option.split(",") if word.strip()]


def _json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _shown(report: linting.Report) -> dict[str, Any]:
    """A report in the form that findings are drawn from."""
    wire = report.to_wire()
    return {
        **wire,
        "severity": "error",
        "message": f"{report.level.value}[{report.rule} {report.name}]: {report.message}",
    }


def _print(one: template_input.Input, wires: Sequence[Mapping[str, Any]], given: template_input.Settings) -> None:
    def names() -> Iterator[str]:
        return (str(wire.get("source")) for wire in wires)

    known = template_input.sources(one, names, given)
    if not wires:
        click.echo(f"{one.name}: no problems")
    for wire in wires:
        for line in findings.draw_one(wire, known):
            click.echo(line)
        click.echo()
