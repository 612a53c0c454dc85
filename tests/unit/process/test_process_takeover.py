"""`hearth takeover heat` as an operator calls it: what it prints, how it ends, and what it refuses."""

import json
import pathlib

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from hearth.process import main
from heat_database import KEY, PROJECT, HeatDatabase

NET = {"heat_template_version": "2018-08-31", "resources": {"text": {"type": "OS::Heat::RandomString"}}}
ODD = {"heat_template_version": "2018-08-31", "resources": {"odd": {"type": "Our::Own::Thing"}}}
CONFIG = """
[DEFAULT]
auth_encryption_key = 0123456789abcdef0123456789abcdef
[database]
connection = sqlite:///{folder}/hearth.sqlite
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = heat
password = secret
"""


@pytest.fixture
def config(tmp_path: pathlib.Path) -> str:
    file = tmp_path / "heat.conf"
    file.write_text(CONFIG.format(folder=tmp_path))
    assert CliRunner().invoke(main.root, ["db", "upgrade", "--config-file", str(file)]).exit_code == 0
    return str(file)


@pytest.fixture
def heat(tmp_path: pathlib.Path) -> HeatDatabase:
    made = HeatDatabase(tmp_path / "theirs.sqlite")
    for name, template in (("web", NET), ("odd", ODD)):
        stack_id = made.stack(name, made.template(template))
        made.resource(stack_id, next(iter(template["resources"])), "physical", {}, secrets={"value": "s3cret"})
    return made


def take(url: str, config: str, *arguments: str) -> Result:
    whole = ["takeover", "heat", "--database", url, "--config-file", config, *arguments]
    return CliRunner().invoke(main.root, whole)


def outcomes(result: Result) -> dict[str, str]:
    return {one["name"]: one["outcome"] for one in json.loads(result.stdout)}


def test_it_says_what_it_would_take_and_names_types_that_are_not_there(heat: HeatDatabase, config: str) -> None:
    result = take(heat.url, config, "--encryption-key", KEY, "--dry-run", "-f", "json")
    assert result.exit_code == 1
    assert outcomes(result) == {"web": "would be taken", "odd": "left out"}
    (odd,) = (one for one in json.loads(result.stdout) if one["name"] == "odd")
    assert odd["unknown_types"] == ["Our::Own::Thing"]


def test_what_was_taken_is_there_already(heat: HeatDatabase, config: str) -> None:
    chosen = ("--encryption-key", KEY, "--stack", "web")
    first = take(heat.url, config, *chosen)
    assert (first.exit_code, "1 taken." in first.stderr.lower()) == (0, True)
    assert outcomes(take(heat.url, config, *chosen, "-f", "json")) == {"web": "there already"}


def test_projects_can_be_chosen(heat: HeatDatabase, config: str) -> None:
    result = take(heat.url, config, "--project", "another", "-f", "json")
    assert (result.exit_code, outcomes(result)) == (0, {})
    assert set(outcomes(take(heat.url, config, "--project", PROJECT, "--dry-run", "-f", "json"))) == {"web", "odd"}


def test_configs_of_no_stack_come_along(heat: HeatDatabase, config: str) -> None:
    heat.add("software_config", id="c1", name="c", group="script", config={"config": "echo"}, tenant=PROJECT)
    assert "1 software configs" in take(heat.url, config, "--encryption-key", KEY).stderr
    assert "software configs" not in take(heat.url, config, "--encryption-key", KEY).stderr


def test_heats_database_is_only_read(heat: HeatDatabase, config: str, tmp_path: pathlib.Path) -> None:
    before = (tmp_path / "theirs.sqlite").read_bytes()
    take(heat.url, config, "--encryption-key", KEY)
    assert (tmp_path / "theirs.sqlite").read_bytes() == before


def without_column(path: pathlib.Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE resource DROP COLUMN attr_data_id")
    engine.dispose()


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda path: path.unlink(), "There is no file"),
        (lambda path: sa.create_engine(f"sqlite:///{path}").connect().close() or path.write_bytes(b""), "no table"),
        (without_column, "no column 'attr_data_id'"),
    ],
)
def test_other_databases_are_refused(heat: HeatDatabase, config: str, tmp_path, prepare, told) -> None:
    prepare(tmp_path / "theirs.sqlite")
    result = take(heat.url, config)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
