"""The files of `deploy/` start what there is: commands, options, files and extras that exist."""

import configparser
import pathlib
import shlex
import tomllib
from typing import Any

import pytest
import yaml

from hearth.cloud import config
from hearth.process import serve

PROJECT = pathlib.Path(__file__).parents[3]
DEPLOY = PROJECT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").iterdir())


def commands() -> dict[str, str]:
    found = {name: one["command"] for name, one in COMPOSE["services"].items() if "command" in one}
    for unit in UNITS:
        parser = configparser.ConfigParser(strict=False)
        parser.read(unit)
        found[unit.name] = parser["Service"]["ExecStart"].removeprefix("/usr/bin/hearth ")
    return found


@pytest.mark.parametrize("name", commands())
def test_a_service_starts_what_there_is(name: str, tmp_path: pathlib.Path) -> None:
    configuration = tmp_path / "heat.conf"
    configuration.touch()
    first, *arguments = shlex.split(commands()[name].replace("/etc/hearth/heat.conf", str(configuration)))
    assert first == "serve"
    chosen = serve.command.make_context("serve", arguments).params
    assert set(chosen["parts"]) == {name.removeprefix("hearth-").removesuffix(".service")}
    assert chosen["config_files"] == (configuration,)


def test_the_example_configuration_can_be_read() -> None:
    conf = config.load([str(DEPLOY / "heat.conf.example")], {})
    services = COMPOSE["services"]
    assert conf.database.connection.startswith("postgresql://") and "@db/" in conf.database.connection
    assert "@mq:" in conf.transport_url
    assert {"db", "mq"} <= services.keys()
    assert set(services["engine"]["depends_on"]) == {"db", "mq"}


def test_the_image_has_what_the_services_need() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = (DEPLOY / "Dockerfile").read_text()
    wanted = text.split("'.[")[1].split("]'")[0].split(",")
    assert set(wanted) <= extras.keys()
    for line in text.splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (PROJECT / source).exists(), source


def test_units_are_told_to_stop_once() -> None:
    """The keeper passes the signal on; a second one would cut off what is under way."""
    for unit in UNITS:
        assert "KillMode=mixed" in unit.read_text().splitlines(), unit.name
