"""`hearth config`: values with their origin and without secrets; problems with their place and an exit status."""

import json
import pathlib

from click.testing import CliRunner

from hearth.process.main import root

CONF = """[DEFAULT]
max_stacks_per_tenant = 7
auth_encryption_key = c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry32
engine_life_check_timeout = 9
[database]
connection = sqlite:////tmp/c4n4ry.sqlite
[keystone_authtoken]
auth_type = password
auth_url = http://keystone:5000/v3
username = heat
password = c4n4ry
project_name = service
user_domain_name = Default
project_domain_name = Default
"""


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(root, ["config", *args])
    return result.exit_code, result.output


def written(folder: pathlib.Path, text: str) -> str:
    path = folder / "heat.conf"
    path.write_text(text)
    return str(path)


def test_values_are_shown_with_their_origin_and_without_secrets(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, CONF)
    status, text = run("show", "--config-file", path, "-f", "json")
    assert (status, "c4n4ry" in text) == (0, False)
    rows = (
        {(row["Section"], row["Option"]): row for row in json.loads(text)}
        if "Section" in text
        else {(row["section"], row["option"]): row for row in json.loads(text)}
    )
    limit = rows["DEFAULT", "max_stacks_per_tenant"]
    assert (limit["value"], limit["from"]) == (7, f"{path}:2")
    assert rows["keystone_authtoken", "password"]["value"] == "******"
    assert rows["keystone_authtoken", "username"]["value"] == "heat"
    assert rows["DEFAULT", "engine_life_check_timeout"]["note"].startswith("no effect: ")
    assert ("DEFAULT", "max_template_size") not in rows


def test_all_options_of_a_section_are_shown(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, CONF)
    status, text = run("show", "--config-file", path, "--all", "--section", "clients", "-f", "json")
    rows = json.loads(text)
    assert (status, {row["section"] for row in rows}, {row["from"] for row in rows}) == (0, {"clients"}, {"default"})
    status, text = run("show", "--config-file", path, "--section", "client")
    assert status == 1
    assert "There is no section client." in text


def test_a_good_configuration_passes(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, CONF)
    status, text = run("check", path)
    assert status == 0
    assert f"{path}:4: note: [DEFAULT] engine_life_check_timeout has no effect: " in text
    assert "The configuration can be used." in text
    assert run("check", "--strict", path)[0] == 1


def test_a_bad_one_does_not(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, CONF.replace("max_stacks_per_tenant = 7", "max_stacks_per_tenant = many"))
    status, text = run("check", path)
    assert status == 1
    assert f"{path}:2: error: [DEFAULT] max_stacks_per_tenant: 'many' cannot be used" in text
    status, text = run("check", written(tmp_path, "[DEFAULT]\n"))
    assert status == 1
    assert "auth_type is not set" in text
