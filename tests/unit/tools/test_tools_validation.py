"""Validation on this machine: types, properties, attributes, nested files, group members, circles."""

import pathlib

import pytest

from hearth.resources import registry
from hearth.template import environment as environments
from hearth.tools import local_files, validation

HEAD = "heat_template_version: 2021-04-16\nresources:\n"

CASES = {
    "types": ("  a: {type: OS::Nova::Sever}\n", "Resource Type (OS::Nova::Sever) could not be found", 3),
    "properties": ("  a: {type: OS::Neutron::Net, properties: {nam: x}}\n", "no property 'nam'", 3),
    "values": (
        "  a:\n    type: OS::Cinder::Volume\n    properties:\n      size: much\n",
        "'much' is not an integer",
        6,
    ),
    "attributes": (
        "  a: {type: OS::Heat::None}\n  b: {type: OS::Heat::Value, properties: {value: {get_attr: [c, nme]}}}\n"
        "  c: {type: OS::Neutron::Net}\n",
        "Referenced Attribute (c nme) is incorrect",
        4,
    ),
    "circles": (
        "  a: {type: OS::Heat::None, depends_on: b}\n  b: {type: OS::Heat::None, depends_on: a}\n",
        "Circular Dependency Found",
        3,
    ),
    "members of groups": (
        "  g:\n    type: OS::Heat::ResourceGroup\n    properties:\n      resource_def:\n"
        "        type: OS::Neutron::Net\n"
        "        properties: {nam: x}\n",
        "no property 'nam'",
        8,
    ),
    "deletion policies": (
        "  a: {type: OS::Neutron::Net, deletion_policy: Snapshot}\n",
        "deletion policy Snapshot is not supported",
        3,
    ),
}


@pytest.mark.parametrize(("text", "message", "line"), CASES.values(), ids=CASES)
def test_problems_have_their_place(text: str, message: str, line: int, types: registry.TypeRegistry) -> None:
    (found,) = validation.check(HEAD + text, types).findings
    assert message in found.message
    assert found.place.line == line


def test_members_are_checked_with_their_number(types: registry.TypeRegistry) -> None:
    text = (
        "  g:\n    type: OS::Heat::ResourceGroup\n    properties:\n      resource_def:\n"
        "        type: OS::Neutron::Port\n"
        "        properties: {network: n, fixed_ips: [{ip_address: 192.0.2.%index%}]}\n"
    )
    assert not validation.check(HEAD + text, types).findings


@pytest.fixture
def nested(tmp_path: pathlib.Path) -> local_files.LocalFiles:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "member.yaml").write_text(
        "heat_template_version: 2021-04-16\nparameters: {name: {type: string}}\n"
        "resources: {leaf: {type: leaf.yaml}}\noutputs: {id: {value: x}}\n"
    )
    (tmp_path / "inner" / "leaf.yaml").write_text("heat_template_version: 2021-04-16\nresources: {x: {type: Nope}}\n")
    (tmp_path / "self.yaml").write_text("heat_template_version: 2021-04-16\nresources: {x: {type: self.yaml}}\n")
    return local_files.LocalFiles(tmp_path)


def test_nested_files_are_found_from_the_file_that_names_them(
    nested: local_files.LocalFiles, types: registry.TypeRegistry
) -> None:
    text = HEAD + "  a: {type: inner/member.yaml, properties: {nam: x}}\n  b: {type: inner/member.yaml}\n"
    checked = validation.check(text, types, files=nested)
    assert [(one.place.source, one.message) for one in checked.findings.errors] == [
        ("leaf.yaml", "The Resource Type (Nope) could not be found."),
        ("template", "The property 'name' is required."),
        ("template", "There is no property 'nam'."),
        ("template", "The property 'name' is required."),
    ]


def test_a_template_nested_in_itself_is_refused(nested: local_files.LocalFiles, types: registry.TypeRegistry) -> None:
    (found,) = validation.check(HEAD + "  a: {type: self.yaml}\n", types, files=nested).findings
    assert "nested in itself" in found.message


def test_parameters_may_be_unknown_unless_the_caller_wants_them(types: registry.TypeRegistry) -> None:
    text = (
        "heat_template_version: 2021-04-16\nparameters: {size: {type: number}}\n"
        "resources: {a: {type: OS::Cinder::Volume, properties: {size: {get_param: size}}}}\n"
    )
    assert not validation.check(text, types).findings
    (found,) = validation.check(text, types, complete=True).findings
    assert found.kind == "UserParameterMissing"


def test_templates_behind_urls_are_left_alone(types: registry.TypeRegistry) -> None:
    assert not validation.check(HEAD + "  a: {type: https://example.org/a.yaml}\n", types).findings


def test_a_value_for_no_parameter_is_a_problem_complete_or_not(types: registry.TypeRegistry) -> None:
    text = "heat_template_version: 2021-04-16\nparameters: {flavor: {type: string}}\n"
    given, _ = environments.parse("parameters: {flavour: m1.tiny}\n", "env.yaml")
    (found,) = validation.check(text, types, environment=given).findings
    assert (found.place.source, found.advice) == ("env.yaml", "Did you mean 'flavor'?")
