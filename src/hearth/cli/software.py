"""The `hearth software` group: software configs and deployments. The table of its commands."""

import click

from hearth.cli import lazy, options

CONFIG_COMMANDS = {
    "create": lazy.Target("hearth.cli.software_config:create", "Keep a config."),
    "list": lazy.Target("hearth.cli.software_config:list_", "List the project's configs."),
    "show": lazy.Target("hearth.cli.software_config:show", "Show a config, or only its text."),
    "delete": lazy.Target("hearth.cli.software_config:delete", "Delete configs that no deployment uses."),
}
DEPLOYMENT_COMMANDS = {
    "create": lazy.Target("hearth.cli.software_deployment:create", "Give a server a config."),
    "list": lazy.Target("hearth.cli.software_deployment:list_", "List deployments, of one server or of all."),
    "show": lazy.Target("hearth.cli.software_deployment:show", "Show a deployment with what came of it."),
    "delete": lazy.Target("hearth.cli.software_deployment:delete", "Delete deployments."),
    "metadata": lazy.Target("hearth.cli.software_deployment:metadata", "Print what a server is told to do."),
}


@click.group("config", cls=lazy.LazyGroup, targets=CONFIG_COMMANDS)
@options.credentials(listed=True)
def config() -> None:
    """Work with software configs: scripts and settings for what runs inside servers.

    \b
    Example:
      hearth software config create install --file install.sh --group script
    """


@click.group("deployment", cls=lazy.LazyGroup, targets=DEPLOYMENT_COMMANDS)
@options.credentials(listed=True)
def deployment() -> None:
    """Work with software deployments: configs on their way to servers.

    \b
    Example:
      hearth software deployment list --server 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1
    """


COMMANDS = {
    "config": lazy.Target("hearth.cli.software:config", "Scripts and settings for servers."),
    "deployment": lazy.Target("hearth.cli.software:deployment", "Configs on their way to servers."),
}


@click.group("software", cls=lazy.LazyGroup, targets=COMMANDS)
@options.credentials(listed=True)
def group() -> None:
    """Work with software configs and deployments.

    \b
    Examples:
      hearth software config create install --file install.sh --group script
      hearth software deployment create --config ID --server ID --input who=world
    """
