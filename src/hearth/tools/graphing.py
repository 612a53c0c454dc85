"""A template as a picture of what needs what: the graph, and how DOT and Mermaid write it (SVG is in `drawing`).

An edge goes from what is made first to what needs it. Templates nested in a resource are clusters.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping

from hearth.graph import dag
from hearth.tools import validation


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """One resource. `id` is unique in the picture."""

    id: str
    name: str
    type: str


@dataclasses.dataclass(frozen=True, slots=True)
class Edge:
    """`target` needs `source`. `stated`: only by depends_on; `implicit`: only by a rule of the type."""

    source: str
    target: str
    stated: bool = False
    implicit: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """The resources of one template, `clusters` by the id of the resource that holds them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    clusters: "Mapping[str, Graph]"
    title: str = ""


def of(
    checked: validation.Checked,
    implied: Mapping[str, Collection[str]] | None = None,
    *,
    title: str = "",
    prefix: str = "",
    reduce: bool = False,
) -> Graph:
    """The graph of a checked template.

    Args:
        implied: `{resource: resources it needs by a rule of its type}`.
        reduce: whether to leave out edges that longer ways imply.
    """
    if checked.bound is None:
        return Graph((), (), {}, title)
    resources = checked.bound.resources
    nodes = tuple(Node(prefix + name, name, one.type) for name, one in resources.items())
    edges = []
    for name, one in resources.items():
        used = {use.resource for use in one.uses}
        needed = {other: Edge(prefix + other, prefix + name, stated=other not in used) for other in one.requires}
        for other in (implied or {}).get(name, ()):
            needed.setdefault(other, Edge(prefix + other, prefix + name, implicit=True))
        edges += [needed[other] for other in sorted(needed) if other in resources and other != name]
    clusters = {
        prefix + name: of(inside, title=f"{name} ({resources[name].type})", prefix=f"{prefix}{name}/", reduce=reduce)
        for name, inside in checked.nested.items()
        if name in resources
    }
    for name, member in checked.members.items():
        if name in resources:
            inner = (Node(f"{prefix}{name}/member", "each member", member),)
            clusters[prefix + name] = Graph(inner, (), {}, f"{name} ({resources[name].type})")
    return Graph(nodes, tuple(_reduced(edges) if reduce else edges), clusters, title)


def _reduced(edges: list[Edge]) -> list[Edge]:
    """Without the edges whose ends are joined by a longer way."""
    forward: dict[str, set[str]] = {}
    for edge in edges:
        forward.setdefault(edge.source, set()).add(edge.target)
        forward.setdefault(edge.target, set())
    return [edge for edge in edges if edge.target not in dag.reachable(forward[edge.source] - {edge.target}, forward)]


# --- DOT -------------------------------------------------------------------------------------------------------------


def dot(graph: Graph) -> str:
    """The graph in the language of Graphviz."""
    lines = ["digraph template {", "  rankdir=TB;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines += _dot_body(graph, "  ")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_body(graph: Graph, indent: str) -> Iterator[str]:
    for node in graph.nodes:
        label = f"{node.name}\n{node.type}"
        yield f"{indent}{_quoted(node.id)} [label={_quoted(label)}];"
    for edge in graph.edges:
        style = " [style=dashed]" if edge.stated else " [style=dotted]" if edge.implicit else ""
        yield f"{indent}{_quoted(edge.source)} -> {_quoted(edge.target)}{style};"
    for owner, inside in graph.clusters.items():
        if not inside.nodes:
            continue
        yield f"{indent}subgraph {_quoted('cluster_' + owner)} {{"
        yield f"{indent}  label={_quoted(inside.title)};"
        yield from _dot_body(inside, indent + "  ")
        yield f"{indent}}}"
        yield f"{indent}{_quoted(owner)} -> {_quoted(inside.nodes[0].id)} [style=dotted, arrowhead=none];"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# --- Mermaid ---------------------------------------------------------------------------------------------------------


def mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart, which code hosts draw in Markdown."""
    ids: dict[str, str] = {}
    return "\n".join(["flowchart TD", *_mermaid_body(graph, "  ", ids)]) + "\n"


def _mermaid_body(graph: Graph, indent: str, ids: dict[str, str]) -> Iterator[str]:
    for node in graph.nodes:
        ids[node.id] = f"n{len(ids)}"
        yield f'{indent}{ids[node.id]}["{_entities(node.name)}<br/><small>{_entities(node.type)}</small>"]'
    for edge in graph.edges:
        arrow = "-.->" if edge.stated or edge.implicit else "-->"
        yield f"{indent}{ids[edge.source]} {arrow} {ids[edge.target]}"
    for owner, inside in graph.clusters.items():
        if not inside.nodes:
            continue
        cluster = f"c{ids[owner]}"
        yield f'{indent}subgraph {cluster}["{_entities(inside.title)}"]'
        yield from _mermaid_body(inside, indent + "  ", ids)
        yield f"{indent}end"
        yield f"{indent}{ids[owner]} -.- {cluster}"


def _entities(text: str) -> str:
    """Text in a Mermaid label; its marks are written as entities."""
    return "".join(char if char.isalnum() or char in " _-.:/" else f"#{ord(char)};" for char in text)
