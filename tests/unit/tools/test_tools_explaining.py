"""Explanations: what a template makes, types, properties, functions, parameters."""

import pathlib

import pytest

from hearth.resources import registry
from hearth.tools import explaining, local_files, validation

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"


def test_a_template_is_told_from_parameters_to_outputs(types: registry.TypeRegistry) -> None:
    files = local_files.LocalFiles(EXAMPLES)
    checked = validation.check((EXAMPLES / "demo.yaml").read_text(), types, files=files)
    text = "\n".join(explaining.template(checked, {"OS::Neutron::Net": "A network. More."}))
    assert text.startswith("A network with a router")
    assert "default 3, range: min 0 and max 50" in text
    assert "It makes 8 resources" in text
    assert "      A network\n" in text
    assert text.index("  subnet: OS::Neutron::Subnet, after network") < text.index("  web: OS::Heat::ResourceGroup")
    assert "      server: OS::Nova::Server, after port" in text
    assert "The floating IP of each server" in text


def test_defaults_of_hidden_parameters_stay_hidden(types: registry.TypeRegistry) -> None:
    text = (
        "heat_template_version: 2021-04-16\n"
        "parameters: {p: {type: string, default: correct-horse, hidden: true}}\nresources: {}\n"
    )
    checked = validation.check(text, types)
    assert checked.template is not None
    told = [*explaining.template(checked, {}), *explaining.parameter_help(checked.template.parameters["p"])]
    assert "correct-horse" not in "\n".join(told)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("flavor", ["flavor: String, required", "names an existing nova flavor", "changed in place"]),
        ("networks", ["List of Map", "  port: String"]),
        ("networks.allocate_network", ["one of none, auto"]),
        ("key_name", ["a change replaces the resource"]),
    ],
)
def test_properties(path: str, expected: list[str], types: registry.TypeRegistry) -> None:
    server = types.find("OS::Nova::Server")
    assert server is not None
    declared = explaining.find_property(server, path.split("."))
    assert declared is not None
    text = "\n".join(explaining.property_help(path, declared))
    assert [one for one in expected if one not in text] == []


def test_types_list_required_properties_first_and_no_hidden_ones(types: registry.TypeRegistry) -> None:
    server = types.find("OS::Nova::Server")
    assert server is not None
    lines = list(explaining.type_help(server, "A machine."))
    assert lines[:3] == ["OS::Nova::Server", "", "A machine."]
    assert lines[lines.index("Properties:") + 1].startswith("  flavor: String, required")
    inside = explaining.find_property(server, ["networks"])
    assert inside is not None
    assert not any("uuid" in line for line in explaining.property_help("networks", inside))


@pytest.mark.parametrize("name", sorted(explaining.functions()))
def test_every_function_says_what_it_is_and_which_versions_have_it(name: str) -> None:
    lines = list(explaining.function_help(name, explaining.functions()[name]))
    assert lines[0] == name
    assert lines[2].endswith(".")
    assert any("ersions: " in line or "In conditions: " in line for line in lines)
