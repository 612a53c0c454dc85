"""`hearth lsp`: the command that editors start."""

import importlib
import importlib.util

import click


@click.command()
def command() -> None:
    """Serve editors over standard input and output (Language Server Protocol).

    Editors start this themselves; set it as the language server for YAML files, see docs/how-to/templates.md.
    """
    if importlib.util.find_spec("pygls") is None:
        raise click.ClickException("The language server needs pygls. Install it with: pip install 'hearth[lsp]'.")
    # Loaded by name: only this command may need the optional package.
    importlib.import_module("hearth.lsp.server").serve()
