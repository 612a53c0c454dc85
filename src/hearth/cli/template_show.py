"""`hearth template graph` and `hearth template explain`: the commands that show what is in a template."""

import inspect
import pathlib
from collections.abc import Sequence
from typing import Any

import click

from hearth.cli import problems, template_input
from hearth.model.diagnostics import nearest
from hearth.resources import registry, schema
from hearth.tools import drawing, explaining, graphing, validation

_WRITERS = {"dot": graphing.dot, "mermaid": graphing.mermaid, "svg": drawing.svg}


@click.command()
@click.argument("file", required=False)
@click.option("--stdin", is_flag=True, help="Read the template from standard input.")
@template_input.environment_options
@click.option("-f", "--format", "output", type=click.Choice(tuple(_WRITERS)), default="dot", show_default=True)
@click.option("--reduce", is_flag=True, help="Leave out edges that longer ways imply.")
def graph(
    file: str | None,
    stdin: bool,
    environments: Sequence[str],
    parameters: Sequence[str],
    output: str,
    reduce: bool,
) -> None:
    """Draw the resources of a template and what needs what; nested templates and groups are boxes.

    Solid: a reference. Dashed: only depends_on. Dotted: a rule of the type, such as a floating IP after the router.

    \b
    Examples:
      hearth template graph web.yaml | dot -Tpng > web.png
      hearth template graph -f mermaid web.yaml
      hearth template graph -f svg --reduce web.yaml > web.svg
    """
    (one,) = template_input.read([file] if file else [], stdin)
    checked = _right(one, template_input.settings(environments, parameters))
    found = graphing.of(checked, checked.implied, title=one.name, reduce=reduce)
    click.echo(_WRITERS[output](found), nl=False)


@click.command()
@click.argument("subject")
@template_input.environment_options
def explain(subject: str, environments: Sequence[str], parameters: Sequence[str]) -> None:
    """Say what a template file makes, or what a resource type, property or function is.

    \b
    Examples:
      hearth template explain web.yaml
      hearth template explain OS::Nova::Server
      hearth template explain OS::Nova::Server.networks.port
      hearth template explain str_replace
    """
    if pathlib.Path(subject).is_file():
        (one,) = template_input.read([subject])
        checked = _right(one, template_input.settings(environments, parameters))
        lines = list(explaining.template(checked, _Documentation()))
    else:
        lines = _help(subject)
    for line in lines:
        click.echo(line)


def _help(subject: str) -> list[str]:
    function = explaining.functions().get(subject)
    if function is not None:
        return list(explaining.function_help(subject, function))
    types = registry.installed()
    name, *steps = subject.split(".")
    kind = types.find(name)
    if kind is None:
        raise problems.CliError(
            f"{subject!r} is neither a file, nor a resource type, nor a function.",
            nearest(subject, explaining.names(types)),
        )
    if not steps:
        return list(explaining.type_help(kind, inspect.cleandoc(kind.__doc__ or "")))
    declared = explaining.find_property(kind, steps)
    if declared is not None:
        return list(explaining.property_help(subject, declared))
    attribute = kind.attributes.get(steps[0])
    if attribute is not None:
        return [f"{subject}: {attribute.type_name}, an attribute", "", attribute.description]
    raise problems.CliError(
        f"{name} has no property or attribute {'.'.join(steps)!r}.",
        nearest(steps[0], [*schema.visible(kind.properties), *kind.attributes]),
    )


class _Documentation(dict[str, str]):
    """What each type is, looked up when it is asked for."""

    def get(self, key: str, default: Any = "") -> Any:
        kind = registry.installed().find(key)
        return default if kind is None else inspect.cleandoc(kind.__doc__ or "")


def _right(one: template_input.Input, given: template_input.Settings) -> validation.Checked:
    """A checked input. Raises ApiProblem with every problem when it is not valid."""
    checked = template_input.check(one, given)
    wrong = [*given.problems.errors, *checked.findings.errors]
    if wrong:
        error = problems.ApiProblem(400, "StackValidationFailed", "The template is not valid.", [])
        error.diagnostics = [each.to_wire() for each in wrong]
        names = [each.place.source for each in wrong]
        error.sources = template_input.sources(one, lambda: iter(names), given)
        raise error
    return checked
