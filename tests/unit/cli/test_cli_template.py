"""`hearth template ...` as a user calls it: files in, text out, exit statuses."""

import json
import pathlib
import xml.etree.ElementTree

import pytest
from click.testing import CliRunner, Result

from hearth.process import main
from hearth.template import template as templates

GOOD = "heat_template_version: 2021-04-16\n\nresources:\n  a:\n    type: OS::Heat::None\n"
BAD = "heat_template_version: 2021-04-16\n\nresources:\n  a:\n    type: OS::Heat::Nome\n"
UNTIDY = "resources: {}\nheat_template_version: 2021-04-16 # newest\n"
TIDY = "heat_template_version: 2021-04-16  # newest\n\nresources: {}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("good.yaml", GOOD), ("bad.yaml", BAD), ("untidy.yaml", UNTIDY)):
        (tmp_path / name).write_text(text)
    return tmp_path


def hearth(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main.root, ["template", *words], input=given)


def test_the_group_lists_its_commands() -> None:
    shown = hearth("--help").output
    for command in ("validate", "lint", "format", "graph", "convert", "explain"):
        assert f"  {command} " in shown


def test_validate_draws_the_line_and_what_to_do() -> None:
    result = hearth("validate", "good.yaml", "bad.yaml")
    assert result.exit_code == 1
    assert "good.yaml: no problems" in result.output
    assert "bad.yaml:5:5  resources.a.type\n  5 |     type: OS::Heat::Nome\n    |     ^\n" in result.output
    assert "Did you mean 'OS::Heat::None'?" in result.output


def test_validate_reads_standard_input_beside_a_file(here: pathlib.Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "member.yaml").write_text(GOOD)
    text = GOOD.replace("OS::Heat::None", "member.yaml")
    assert hearth("validate", "--stdin", given=text).exit_code == 1
    assert hearth("validate", "--stdin", "--stdin-name", "sub/web.yaml", given=text).exit_code == 0


def test_validate_shows_the_lines_of_nested_templates(here: pathlib.Path) -> None:
    (here / "web.yaml").write_text(GOOD.replace("OS::Heat::None", "bad.yaml"))
    result = hearth("validate", "web.yaml")
    assert result.exit_code == 1
    assert "bad.yaml:5:5" in result.output
    assert "type: OS::Heat::Nome" in result.output


def test_validate_takes_environments_and_parameters(here: pathlib.Path) -> None:
    (here / "web.yaml").write_text(
        "heat_template_version: 2021-04-16\nparameters: {size: {type: number}}\n"
        "resources:\n  a: {type: My::Own}\n  v: {type: OS::Heat::Value, properties: {value: {get_param: size}}}\n"
    )
    (here / "env.yaml").write_text("resource_registry: {'My::Own': good.yaml}\n")
    assert hearth("validate", "web.yaml").exit_code == 1
    assert hearth("validate", "web.yaml", "-e", "env.yaml").exit_code == 0
    assert hearth("validate", "web.yaml", "-e", "env.yaml", "--complete").exit_code == 1
    assert hearth("validate", "web.yaml", "-e", "env.yaml", "--complete", "-P", "size=3").exit_code == 0
    wrong = hearth("validate", "web.yaml", "-e", "env.yaml", "-P", "size=much")
    assert wrong.exit_code == 1
    assert "'much' is not a number" in wrong.output


def test_validate_in_json() -> None:
    result = hearth("validate", "-f", "json", "bad.yaml")
    (found,) = json.loads(result.stdout)
    assert (found["source"], found["line"], found["severity"]) == ("bad.yaml", 5, "error")


@pytest.mark.parametrize(
    "words", [("validate",), ("validate", "--stdin", "good.yaml"), ("lint", "-P", "x", "good.yaml")]
)
def test_wrong_usage_is_status_2(words: tuple[str, ...]) -> None:
    assert hearth(*words).exit_code == 2


def test_files_that_cannot_be_read_are_named(here: pathlib.Path) -> None:
    (here / "binary.yaml").write_bytes(b"\xff\xfe")
    assert "Cannot read lost.yaml" in hearth("lint", "lost.yaml").stderr
    assert "binary.yaml is not UTF-8" in hearth("lint", "binary.yaml").stderr


VOLUME = "heat_template_version: 2021-04-16\nparameters:\n  x: {type: boolean, description: X}\nresources: {}\n"


def test_lint_fails_from_a_level_on() -> None:
    result = hearth("lint", "--stdin", given=VOLUME)
    assert result.exit_code == 1
    assert "warning[HL101 unused-parameter]" in result.output
    assert hearth("lint", "--stdin", "--fail-on", "error", given=VOLUME).exit_code == 0
    assert hearth("lint", "--stdin", "--ignore", "HL101", given=VOLUME).exit_code == 0
    assert hearth("lint", "--stdin", "--select", "HL4,HL5", given=VOLUME).exit_code == 0
    assert hearth("lint", "--stdin", given=VOLUME.replace("X}", "X}  # hearth: ignore[HL101]")).exit_code == 0


def test_lint_in_json_and_sarif() -> None:
    (found,) = json.loads(hearth("lint", "--stdin", "-f", "json", given=VOLUME).stdout)
    assert (found["rule"], found["source"], found["line"]) == ("HL101", "<stdin>", 3)
    log = json.loads(hearth("lint", "-f", "sarif", "bad.yaml").stdout)
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "HL000"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bad.yaml"


def test_lint_lists_rules_and_refuses_unknown_ones() -> None:
    assert "HL301  error    plain-text-secret" in hearth("lint", "--list-rules").output
    wrong = hearth("lint", "--select", "plain-text-secrt", "good.yaml")
    assert wrong.exit_code == 2
    assert "Did you mean 'plain-text-secret'?" in wrong.stderr


def test_format_changes_files_in_place(here: pathlib.Path) -> None:
    (here / "untidy.yaml").chmod(0o640)
    result = hearth("format", "untidy.yaml", "good.yaml")
    assert result.exit_code == 0
    assert (here / "untidy.yaml").read_text() == TIDY
    assert (here / "untidy.yaml").stat().st_mode & 0o777 == 0o640
    assert (here / "good.yaml").read_text() == GOOD
    assert sorted(path.name for path in here.iterdir()) == ["bad.yaml", "good.yaml", "untidy.yaml"]


def test_format_check_and_diff_change_nothing(here: pathlib.Path) -> None:
    assert hearth("format", "--check", "good.yaml").exit_code == 0
    result = hearth("format", "--check", "--diff", "untidy.yaml")
    assert result.exit_code == 1
    assert "+heat_template_version: 2021-04-16  # newest\n" in result.stdout
    assert hearth("format", "--diff", "untidy.yaml").exit_code == 0
    assert (here / "untidy.yaml").read_text() == UNTIDY


def test_format_of_standard_input_goes_to_standard_output() -> None:
    assert hearth("format", "--stdin", given=UNTIDY).stdout == TIDY


def test_format_leaves_what_it_cannot_format(here: pathlib.Path) -> None:
    (here / "broken.yaml").write_text("a: [\n")
    result = hearth("format", "broken.yaml", "untidy.yaml")
    assert result.exit_code == 1
    assert "broken.yaml:2:1" in result.stderr
    assert (here / "broken.yaml").read_text() == "a: [\n"
    assert (here / "untidy.yaml").read_text() == TIDY


def test_graph_in_every_form() -> None:
    assert hearth("graph", "good.yaml").stdout.startswith("digraph")
    assert hearth("graph", "-f", "mermaid", "good.yaml").stdout.startswith("flowchart")
    xml.etree.ElementTree.fromstring(hearth("graph", "-f", "svg", "good.yaml").stdout)
    assert hearth("graph", "bad.yaml").exit_code == 1


def test_graph_shows_what_rules_of_types_imply() -> None:
    text = (
        "heat_template_version: 2021-04-16\nresources:\n"
        "  net: {type: OS::Neutron::Net}\n"
        "  sub: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 192.0.2.0/24}}\n"
        "  port: {type: OS::Neutron::Port, properties: {network: {get_resource: net}}}\n"
    )
    assert '"sub" -> "port" [style=dotted];' in hearth("graph", "--stdin", given=text).stdout


def test_convert_says_what_it_could_not_keep(here: pathlib.Path) -> None:
    (here / "old.template").write_text(
        '{"AWSTemplateFormatVersion": "2010-09-09",\n "Resources": {"a": {"Type": "OS::Heat::Value",\n'
        '  "Properties": {"value": {"Ref": "AWS::Region"}}}}}\n'
    )
    result = hearth("convert", "old.template", "-o", "new.yaml")
    assert result.exit_code == 0
    assert "old.template:3:" in result.stderr
    template, findings = templates.load((here / "new.yaml").read_text())
    assert template is not None
    assert not findings.errors
    again = hearth("convert", "new.yaml")
    assert again.exit_code == 1
    assert "HOT template already" in again.stderr


def test_explain_tells_of_files_types_properties_and_functions() -> None:
    assert "It makes 1 resource" in hearth("explain", "good.yaml").output
    assert "flavor: String, required" in hearth("explain", "OS::Nova::Server").output
    assert "Each item has:" in hearth("explain", "OS::Nova::Server.networks").output
    assert "Splits a text" in hearth("explain", "str_split").output
    wrong = hearth("explain", "OS::Nova::Server.flavour")
    assert wrong.exit_code == 1
    assert "Did you mean 'flavor'?" in wrong.stderr
    assert "Did you mean 'OS::Nova::Server'?" in hearth("explain", "OS::Nova::Servr").stderr
    assert hearth("explain", "bad.yaml").exit_code == 1
