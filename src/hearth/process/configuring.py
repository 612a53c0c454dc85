"""`hearth config show|check`: what a configuration comes to, and what is wrong with its files.

Neither needs a running service, a database or a cloud. What is known of options stands in `hearth.cloud.options` and
`hearth.cloud.unheeded`.
"""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import click
from oslo_config import cfg

from hearth.cli import options, problems, render
from hearth.cloud import config, config_check
from hearth.process import home as homes
from hearth.process import wiring

_MASK = "******"
_NOWHERE = "http://127.0.0.1"  # where the embedded cloud is does not matter here
_FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)


@click.group("config")
def group() -> None:
    """Look at configurations: what they come to, and what is wrong with them."""


@group.command()
@click.option(
    "--config-file", "config_files", type=_FILE, multiple=True, help="heat.conf and its like; later ones win."
)
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="The folder that `up` was given.")
@click.option("--all", "everything", is_flag=True, help="Also options that nobody has set.")
@click.option("--section", "sections", multiple=True, help="Only this section; may be repeated.")
@options.output_format
def show(
    config_files: Sequence[pathlib.Path],
    data_dir: pathlib.Path | None,
    everything: bool,
    sections: Sequence[str],
    output_format: str,
) -> None:
    """Print the values that are in effect, and where each comes from; secrets are masked.

    Without --config-file it is the configuration of `hearth up`.

    \b
    Examples:
      hearth config show --config-file /etc/heat/heat.conf
      hearth config show --all --section clients -f json
    """
    home = homes.Home((data_dir or homes.default()).absolute())
    overrides = {} if config_files or not home.folder.exists() else wiring.home_options(home, _NOWHERE, {})
    conf = wiring.configuration(config_files, overrides)
    unknown = sorted(set(sections) - set(config.sections(conf)))
    if unknown:
        raise problems.CliError(
            f"There is no section {', '.join(unknown)}.", f"There are: {', '.join(sorted(config.sections(conf)))}."
        )
    rows = [
        row
        for row in _rows(conf, [str(path) for path in config_files])
        if (everything or row["from"] != "default") and (not sections or row["section"] in sections)
    ]
    columns = {"section": "Section", "option": "Option", "value": "Value", "from": "From", "note": "Note"}
    render.records(rows, columns, output_format)


def _rows(conf: cfg.ConfigOpts, files: Sequence[str]) -> Iterator[dict[str, Any]]:
    lines = {
        (one.section, one.name.replace("-", "_")): f"{one.file}:{one.line}"
        for file in files
        for one in config_check.assignments(file)
    }
    for section, option in config.every_option(conf):
        where = config.origin(conf, section, option)
        names = (option.dest, *(former.name for former in option.deprecated_opts if former.name))
        placed = next((lines[section, name] for name in names if (section, name) in lines), None)
        why = config_check.effect(section, option.dest)
        yield {
            "section": section,
            "option": option.dest,
            "value": _shown(option, config.value(conf, section, option)),
            "from": placed if where == "file" and placed else where,
            "note": "" if why is None else f"no effect: {why}",
        }


def _shown(option: Any, value: Any) -> Any:
    if value is None:
        return ""
    return _MASK if option.secret else value


@group.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--strict", is_flag=True, help="Fail also for options that have no effect.")
def check(files: Sequence[pathlib.Path], strict: bool) -> None:
    """Say what is wrong with configuration FILES, with file and line; exit status 1 when something is.

    The files are read one after the other, as services read them. Options of Heat that have no effect here are told
    too, with the reason or what takes their place.

    \b
    Example:
      hearth config check /etc/heat/heat.conf
    """
    found = config_check.check([str(path) for path in files])
    for one in found:
        click.echo(f"{one.file}:{one.line}: {'error' if one.is_error else 'note'}: {one.message}")
    errors = sum(one.is_error for one in found)
    if not errors:
        _usable(files)
    if errors or (strict and found):
        raise problems.CliError(f"{errors} errors and {len(found) - errors} notes were found.")
    click.echo("The configuration can be used.", err=True)


def _usable(files: Sequence[pathlib.Path]) -> None:
    """Find what no single line is wrong with, such as a section that is missing."""
    conf = wiring.configuration(files, {})
    readers: Sequence[Any] = (config.cloud_settings, config.validator_settings, config.token_rules, config.fetch_rules)
    for read in readers:
        try:
            read(conf)
        except config.ConfigError as error:
            raise problems.CliError(f"Configuration: {error}") from error
