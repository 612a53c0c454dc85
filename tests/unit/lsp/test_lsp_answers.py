"""What the language server knows: places in broken text, proposals, documentation, navigation."""

import pathlib

import hypothesis
import pytest
from hypothesis import strategies

from hearth.lsp import analysis, completion, cursor, hover, navigation, outline

TEXT = """\
heat_template_version: 2021-04-16
parameters:
  flavor: {type: string, description: Size of the server}
  key:
    type: string
conditions:
  big: {equals: [{get_param: flavor}, large]}
resources:
  net: {type: OS::Neutron::Net}
  port:
    type: OS::Neutron::Port
    properties:
      network: {get_resource: net}
  server:
    type: OS::Nova::Server
    depends_on:
    - port
    properties:
      flavor: {get_param: flavor}
      user_data: |
        type: not a key
      networks:
        - port: {get_resource: port}
          fixed_ip: x
%s
outputs:
  address:
    value: {get_attr: [server, first_address]}
"""


def at(added: str, text: str = TEXT) -> tuple[analysis.Document, cursor.Cursor]:
    """A document with lines added at its %s; the cursor is where | stands."""
    whole = text % added if "%s" in text else text + added
    before, _, after = whole.replace("user_data: |", "user_data: >").partition("|")
    document = analysis.Document(before + after)
    line = before.count("\n")
    return document, cursor.at(document.lines, line, len(before) - (before.rfind("\n") + 1))


def labels(added: str, text: str = TEXT) -> set[str]:
    return {one.label for one in completion.proposals(*at(added, text))}


COMPLETIONS = {
    "sections": ("|", {"outputs", "resources", "conditions"}, {"Outputs", "type"}),
    "resource keys": ("  x:\n    |", {"type", "properties", "depends_on"}, {"outputs"}),
    "types": ("  x:\n    type: OS::|", {"OS::Nova::Server", "OS::Heat::ResourceGroup"}, set()),
    "properties": (
        "  x:\n    type: OS::Neutron::Port\n    properties:\n      fix|",
        {"fixed_ips", "network"},
        {"flavor"},
    ),
    "nested properties": (
        "  x:\n    type: OS::Neutron::Port\n    properties:\n      fixed_ips:\n        - |",
        {"subnet", "ip_address"},
        {"network"},
    ),
    "nested properties in a flow map": (
        "  x:\n    type: OS::Neutron::Port\n    properties:\n      fixed_ips: [{sub|",
        {"subnet", "ip_address"},
        {"network"},
    ),
    "allowed values": (
        "  x:\n    type: OS::Nova::Server\n    properties:\n      flavor_update_policy: |",
        {"RESIZE", "REPLACE"},
        set(),
    ),
    "booleans": ("  x:\n    type: OS::Neutron::Net\n    properties:\n      shared: |", {"true", "false"}, set()),
    "parameters": ("  x:\n    properties:\n      a: {get_param: |", {"flavor", "key", "OS::stack_name"}, {"net"}),
    "parameters in block": ("  x:\n    properties:\n      a:\n        get_param: k|", {"flavor", "key"}, {"net"}),
    "resources": ("  x:\n    properties:\n      a: {get_resource: |", {"net", "port", "server"}, {"flavor"}),
    "resources of attributes": ("  x:\n    properties:\n      a: {get_attr: [|", {"net", "server"}, {"flavor"}),
    "attributes": (
        "  x:\n    properties:\n      a: {get_attr: [server, |",
        {"addresses", "show"},
        {"net", "first_address"},
    ),
    "attributes in block": (
        "  x:\n    properties:\n      a:\n        get_attr:\n          - server\n          - |",
        {"addresses"},
        {"net"},
    ),
    "functions": ("  x:\n    properties:\n      a: {|", {"get_param", "str_replace", "yaql"}, {"Ref"}),
    "dependencies": ("  x:\n    depends_on: [net, |", {"port", "server"}, {"flavor"}),
    "dependencies in block": ("  x:\n    depends_on:\n      - |", {"port", "server"}, {"flavor"}),
    "conditions": ("  x:\n    condition: |", {"big"}, {"net"}),
    "conditions of a choice": ("  x:\n    properties:\n      a: {if: [|", {"big"}, {"net"}),
    "deletion policies": ("  x:\n    deletion_policy: |", {"Delete", "Retain"}, {"net"}),
    "members of groups": (
        "  x:\n    type: OS::Heat::ResourceGroup\n    properties:\n      resource_def:\n        type: |",
        {"OS::Nova::Server"},
        set(),
    ),
}


@pytest.mark.parametrize(("added", "there", "not_there"), COMPLETIONS.values(), ids=COMPLETIONS)
def test_proposals(added: str, there: set[str], not_there: set[str]) -> None:
    found = labels(added)
    assert there <= found
    assert not found & not_there


def test_hidden_properties_are_not_proposed() -> None:
    found = labels("  x:\n    type: OS::Nova::Server\n    properties:\n      networks:\n        - |")
    assert "network" in found
    assert "uuid" not in found


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("heat_template_version: |", "2021-04-16"),
        ("heat_template_version: 2021-04-16\nparameters:\n  a:\n    type: |", "comma_delimited_list"),
        ("heat_template_version: 2021-04-16\nparameters:\n  a:\n    |", "constraints"),
        ("AWSTemplateFormatVersion: 2010-09-09\nResources:\n  a:\n    |", "Properties"),
        ("AWSTemplateFormatVersion: 2010-09-09\nParameters:\n  p: {Type: String}\nOutputs:\n  a: {Value: {Ref: |", "p"),
    ],
)
def test_proposals_in_other_templates(text: str, there: str) -> None:
    assert there in labels("", text)


def test_functions_are_those_of_the_version() -> None:
    old = labels("", "heat_template_version: 2014-10-16\nresources:\n  a:\n    properties:\n      b: {|")
    assert "get_param" in old
    assert "yaql" not in old


def test_yaml_that_is_no_template_is_left_alone() -> None:
    document, place = at("", "hosts: |")
    assert completion.proposals(document, place) == []
    assert hover.documentation(document, place) == ""
    assert document.reports() == []


HOVERS = {
    "a type": ("  x:\n    type: OS::Neu|tron::Net", "OS::Neutron::Net\n"),
    "a property": ("  x:\n    type: OS::Nova::Server\n    properties:\n      key_na|me: k", "key_name: String"),
    "a nested property": (
        "  x:\n    type: OS::Neutron::Port\n    properties:\n      fixed_ips:\n        - sub|net: k",
        "subnet: String",
    ),
    "a function": ("  x:\n    properties:\n      a: {str_re|place: {}}", "Puts values into a text"),
    "a parameter": ("  x:\n    properties:\n      a: {get_param: fla|vor}", "Size of the server"),
    "a resource": ("  x:\n    properties:\n      a: {get_resource: ne|t}", "net: OS::Neutron::Net"),
    "an attribute": ("  x:\n    properties:\n      a: {get_attr: [server, first_add|ress]}", "first_address: any"),
}


@pytest.mark.parametrize(("added", "expected"), HOVERS.values(), ids=HOVERS)
def test_documentation(added: str, expected: str) -> None:
    assert expected in hover.documentation(*at(added))


@pytest.mark.parametrize(
    ("added", "line"),
    [
        ("  x:\n    properties:\n      a: {get_param: ke|y}", 3),
        ("  x:\n    properties:\n      a: {get_resource: serv|er}", 13),
        ("  x:\n    properties:\n      a: {get_attr: [po|rt, show]}", 9),
        ("  x:\n    depends_on: ne|t", 8),
        ("  x:\n    depends_on:\n      - ne|t", 8),
        ("  x:\n    condition: bi|g", 6),
    ],
)
def test_definitions(added: str, line: int) -> None:
    target = navigation.definition(*at(added))
    assert target is not None
    assert target.line == line


def test_the_definition_of_a_template_type_is_its_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "member.yaml").write_text("")
    text = "heat_template_version: 2021-04-16\nresources:\n  a:\n    type: member.yaml\n"
    document = analysis.Document(text, tmp_path / "web.yaml")
    target = navigation.definition(document, cursor.at(document.lines, 3, 12))
    assert target is not None
    assert target.path == tmp_path / "member.yaml"


def test_symbols_are_sections_with_what_they_declare() -> None:
    document, _ = at("")
    found = {one.entry.path[0]: [child.entry.path[1] for child in one.children] for one in navigation.symbols(document)}
    assert found["resources"] == ["net", "port", "server"]
    assert found["parameters"] == ["flavor", "key"]
    (resources,) = [one for one in navigation.symbols(document) if one.entry.path == ("resources",)]
    assert [child.detail for child in resources.children] == [
        "OS::Neutron::Net",
        "OS::Neutron::Port",
        "OS::Nova::Server",
    ]


def test_texts_are_no_keys() -> None:
    document, _ = at("")
    assert not any("not a key" in entry.value for entry in document.outline.entries)


def test_reports_of_nested_files_do_not_show_up_here(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bad.yaml").write_text("heat_template_version: 2021-04-16\nresources: {x: {type: Nope}}\n")
    text = "heat_template_version: 2021-04-16\nresources:\n  a:\n    type: bad.yaml\n"
    assert analysis.Document(text, tmp_path / "web.yaml").reports() == []


def test_environments_are_checked_too() -> None:
    (found,) = analysis.Document("parameter_defaults: []\n").reports()
    assert found.place.line == 1


@hypothesis.settings(deadline=None, max_examples=100)
@hypothesis.given(strategies.text(alphabet="ab:- \n{}[]|>\"'#,&*!%\t", max_size=80), strategies.integers(0, 80))
def test_nothing_that_is_typed_breaks_it(text: str, place: int) -> None:
    for whole in (text, "heat_template_version: 2021-04-16\nresources:\n  a:\n    properties:\n      " + text):
        document = analysis.Document(whole)
        for line in range(len(document.lines)):
            spot = cursor.at(document.lines, line, min(place, len(document.lines[line])))
            completion.proposals(document, spot)
            hover.documentation(document, spot)
            navigation.definition(document, spot)
        navigation.symbols(document)
        assert outline.Outline(document.lines).entries is not None
