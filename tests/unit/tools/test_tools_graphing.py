"""Graphs: edges, reduction, clusters, and the three forms they are written in."""

import pathlib
import xml.etree.ElementTree

import pytest

from hearth.resources import registry
from hearth.tools import drawing, graphing, local_files, validation

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def demo(types: registry.TypeRegistry) -> validation.Checked:
    files = local_files.LocalFiles(EXAMPLES)
    return validation.check((EXAMPLES / "demo.yaml").read_text(), types, files=files)


def test_edges_say_where_they_come_from(demo: validation.Checked) -> None:
    edges = {(one.source, one.target): one for one in graphing.of(demo, {"router": ["network", "subnet"]}).edges}
    assert not edges["network", "subnet"].stated
    assert edges["interface", "web"].stated
    assert edges["network", "router"].implicit
    assert not edges["subnet", "interface"].implicit


def test_longer_ways_imply_edges(demo: validation.Checked) -> None:
    edges = {(one.source, one.target) for one in graphing.of(demo, reduce=True).edges}
    assert edges == {("network", "subnet"), ("subnet", "interface"), ("router", "interface"), ("interface", "web")}


def test_groups_are_clusters(demo: validation.Checked) -> None:
    inside = graphing.of(demo).clusters["web"]
    assert [one.id for one in inside.nodes] == ["web/port", "web/server", "web/floating_ip"]


def test_members_that_are_no_templates_are_clusters_too(types: registry.TypeRegistry) -> None:
    text = (
        "heat_template_version: 2021-04-16\nresources:\n  g:\n    type: OS::Heat::ResourceGroup\n"
        "    properties: {resource_def: {type: OS::Neutron::Net}}\n"
    )
    inside = graphing.of(validation.check(text, types)).clusters["g"]
    assert [one.type for one in inside.nodes] == ["OS::Neutron::Net"]


@pytest.mark.parametrize("write", [graphing.dot, graphing.mermaid, drawing.svg])
def test_every_form_shows_every_resource(write: object, demo: validation.Checked) -> None:
    assert callable(write)
    text = write(graphing.of(demo))
    for name in ("network", "subnet", "router", "interface", "web", "port", "server", "floating_ip"):
        assert name in text
        assert "OS::Neutron::Subnet" in text


def test_marks_in_names_do_not_break_the_form() -> None:
    nodes = (graphing.Node('a"<&>\\', 'a"<&>\\', "T"),)
    graph = graphing.Graph(nodes, (), {}, 'x"<&>')
    assert '"a\\"<&>\\\\"' in graphing.dot(graph)
    assert "a#34;#60;" in graphing.mermaid(graph)
    xml.etree.ElementTree.fromstring(drawing.svg(graph))


def test_svg_puts_resources_below_what_they_need(demo: validation.Checked) -> None:
    root = xml.etree.ElementTree.fromstring(drawing.svg(graphing.of(demo)))
    space = "{http://www.w3.org/2000/svg}"
    top = {one.text: float(one.get("y", "0")) for one in root.iter(f"{space}text") if one.get("class") == "name"}
    assert top["network"] < top["subnet"] < top["interface"] < top["web"]
    boxes = [
        (float(one.get("x", "")), float(one.get("y", "")), float(one.get("width", "")))
        for one in root.find(f"{space}g") or ()
        if one.get("class") == "box"
    ]
    for x, y, width in boxes:
        assert all(
            other == (x, y, width) or other[1] != y or other[0] >= x + width or x >= other[0] + other[2]
            for other in boxes
        )


@pytest.mark.parametrize("write", [graphing.dot, graphing.mermaid, drawing.svg])
def test_an_empty_template_is_an_empty_picture(write: object) -> None:
    assert callable(write)
    assert write(graphing.Graph((), (), {}))
