"""`hearth software deployment create|list|show|delete|metadata`."""

from collections.abc import Mapping, Sequence

import click

from hearth.cli import client, connection, options, problems, render, stack_change

_HEADINGS = {
    "id": "Id",
    "config_id": "Config",
    "server_id": "Server",
    "action": "Action",
    "status": "Status",
    "status_reason": "Reason",
}


@click.command()
@click.option("--config", "config_id", required=True, metavar="ID", help="The config.")
@click.option("--server", "server_id", required=True, metavar="ID", help="The server.")
@click.option("--action", default="UPDATE", show_default=True, help="What it is told to the server as.")
@click.option("--input", "pairs", multiple=True, metavar="KEY=VALUE", help="A value for an input (repeat for more).")
@options.output_format
@options.credentials(listed=False)
def create(config_id: str, server_id: str, action: str, pairs: Sequence[str], output_format: str) -> None:
    """Give a server a copy of a config with values for its inputs. Its agent finds it; nobody waits for an answer.

    \b
    Example:
      hearth software deployment create --config ID --server ID --input who=world
    """
    given = stack_change.given_parameters(pairs, (), "--input")
    api = connection.connect()
    made = api.create_config(_filled(api.config(config_id), given, server_id, action))
    body: client.Record = {
        "config_id": made["id"],
        "server_id": server_id,
        "action": action,
        "input_values": given,
        "status": "COMPLETE",
        "status_reason": "Not waiting for a signal",
    }
    render.record(api.create_deployment(body), output_format)


def _filled(config: client.Record, given: Mapping[str, str], server_id: str, action: str) -> client.Record:
    """A config with the values of its inputs, and those that every server is told."""
    declared = {one["name"] for one in config["inputs"]}
    unknown = sorted(given.keys() - declared)
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise problems.CliError(f"The config has no input {', '.join(unknown)}.", f"It has: {known}.")
    inputs = [{**one, "value": given.get(one["name"], one.get("default"))} for one in config["inputs"]]
    told = {"deploy_server_id": server_id, "deploy_action": action, "deploy_signal_transport": "NO_SIGNAL"}
    inputs += ({"name": name, "value": value} for name, value in told.items())
    kept = ("name", "group", "config", "outputs", "options")
    return {**{name: config[name] for name in kept}, "inputs": inputs}


@click.command("list")
@click.option("--server", metavar="ID", help="Only of this server.")
@options.output_format
@options.credentials(listed=False)
def list_(server: str | None, output_format: str) -> None:
    """List the project's deployments, oldest first.

    \b
    Example:
      hearth software deployment list --server 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1
    """
    params = [("server_id", server)] if server else []
    render.records(connection.connect().deployments(params), _HEADINGS, output_format)


@click.command()
@click.option("--output", metavar="NAME", help="Print the value of this output only.")
@options.output_format
@options.credentials(listed=False)
@click.argument("deployment")
def show(deployment: str, output: str | None, output_format: str) -> None:
    """Show the DEPLOYMENT of that id with its outputs.

    \b
    Examples:
      hearth software deployment show 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1
      hearth software deployment show 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1 --output deploy_stdout
    """
    found = connection.connect().deployment(deployment)
    if output is None:
        render.record(found, output_format)
        return
    values = found["output_values"] or {}
    if output not in values:
        known = ", ".join(sorted(values)) or "none"
        raise problems.CliError(f"The deployment {deployment} has no output {output}.", f"It has: {known}.")
    click.echo(render.scalar(values[output]))


@click.command()
@options.credentials(listed=False)
@click.argument("deployments", nargs=-1, required=True)
def delete(deployments: Sequence[str]) -> None:
    """Delete the DEPLOYMENTS of these ids with the copies of configs that were made for them.

    \b
    Example:
      hearth software deployment delete 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1
    """
    api = connection.connect()
    for one in deployments:
        config_id = api.deployment(one)["config_id"]
        api.delete_deployment(one)
        try:
            api.delete_config(config_id)
        except problems.ApiProblem as problem:
            if problem.status not in (404, 409):  # gone, or another deployment uses it
                raise


@click.command()
@click.option("-f", "--format", "output_format", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@options.credentials(listed=False)
@click.argument("server")
def metadata(server: str, output_format: str) -> None:
    """Print what the SERVER of that id is told to do: the configs of its deployments.

    \b
    Example:
      hearth software deployment metadata 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1 -f json
    """
    render.document(connection.connect().server_configs(server), output_format)
