"""The `hearth` command: its table of commands. A command's module is loaded when it is used."""

import click

import hearth
from hearth.cli import lazy

COMMANDS = {
    "up": lazy.Target("hearth.process.up:command", "Start everything here: embedded cloud, API and engine."),
    "down": lazy.Target("hearth.process.down:command", "Stop what `up` started."),
    "status": lazy.Target("hearth.process.status:command", "Say what runs, and where."),
    "demo": lazy.Target("hearth.process.demo:command", "Watch an example become a running stack."),
    "stack": lazy.Target("hearth.cli.stack:group", "Create, change, look at and delete stacks."),
    "software": lazy.Target("hearth.cli.software:group", "Software configs and deployments of servers."),
    "template": lazy.Target("hearth.cli.template:group", "Check, lint, format, draw, convert and explain templates."),
    "resource-types": lazy.Target("hearth.cli.resource_types:group", "Begin a type; compare all with facts."),
    "lsp": lazy.Target("hearth.lsp.command:command", "Serve editors: the language server for templates."),
    "cloud": lazy.Target("hearth.cli.cloud:group", "Faults, clock and settings of the embedded cloud."),
    "keystone": lazy.Target("hearth.cli.keystone:group", "Put Hearth into Keystone: users, domain, catalog."),
    "config": lazy.Target("hearth.process.configuring:group", "Show and check configurations."),
    "db": lazy.Target("hearth.process.database:group", "Look after the database: upgrade, version, purge, keys."),
    "takeover": lazy.Target("hearth.process.takeover:group", "Take stacks over from a Heat."),
    "serve": lazy.Target("hearth.process.serve:command", "Run API, engine or cloud as services of a deployment."),
}


@click.group(cls=lazy.LazyGroup, targets=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hearth.__version__, prog_name="hearth")
def root() -> None:
    """Hearth turns templates into living OpenStack stacks.

    \b
    Try it on this machine, nothing else needed:
      hearth demo
    Or step by step:
      hearth up --detach
      export OS_CLIENT_CONFIG_FILE=~/.local/share/hearth/clouds.yaml OS_CLOUD=hearth
      hearth stack create -t examples/demo.yaml demo
      openstack server list
      hearth down
    """


def main() -> None:
    """Run the command line."""
    root(prog_name="hearth")
