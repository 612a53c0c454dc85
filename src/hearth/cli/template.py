"""The `hearth template` group: the table of its commands."""

import click

from hearth.cli import lazy

COMMANDS = {
    "validate": lazy.Target("hearth.cli.template_check:validate", "Check templates: every problem, with its place."),
    "lint": lazy.Target("hearth.cli.template_check:lint", "Find what is valid and still likely wrong or risky."),
    "format": lazy.Target("hearth.cli.template_edit:format_", "Lay templates out in the usual way; comments stay."),
    "convert": lazy.Target("hearth.cli.template_edit:convert", "Turn a CloudFormation template into HOT."),
    "graph": lazy.Target("hearth.cli.template_show:graph", "Draw what needs what: DOT, Mermaid or SVG."),
    "explain": lazy.Target("hearth.cli.template_show:explain", "Say what a template makes, or what a type is."),
}


@click.group("template", cls=lazy.LazyGroup, targets=COMMANDS)
def group() -> None:
    """Work with template files; no server and no cloud needed.

    \b
    Examples:
      hearth template validate web.yaml -e production.yaml
      hearth template lint *.yaml
      hearth template format --diff web.yaml
      hearth template graph -f svg web.yaml > web.svg
      hearth template explain OS::Neutron::Port.fixed_ips

    Exit status: 0 when all is well, 1 when problems were found (or `format --check` would change something), 2 when the
    command was called wrongly.
    """
