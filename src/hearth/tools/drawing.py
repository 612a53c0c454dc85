"""A graph of `graphing` as SVG: layers from top to bottom, each resource below all it needs.

Longest-path layers, then a few sweeps that move nodes towards the middle of their neighbours. Clusters are drawn beside
each other below the graph they belong to. Good for the graphs templates have; no dependency needed.
"""

import dataclasses
import html
from collections.abc import Iterator

from hearth.graph import dag
from hearth.tools import graphing

_CHARACTER = 7.2
_BOX_HEIGHT = 44.0
_COLUMN_GAP = 28.0
_ROW_GAP = 46.0
_MARGIN = 20.0
_TITLE = 24.0
_SWEEPS = 6

_STYLE = (
    ".box{fill:#fff;stroke:#c2410c;stroke-width:1.5}.name{font:600 13px sans-serif;fill:#1c1917}"
    ".type{font:11px sans-serif;fill:#78716c}.edge{fill:none;stroke:#57534e;stroke-width:1.3}"
    ".stated{stroke-dasharray:6 4}.implicit{stroke-dasharray:2 4}"
    ".cluster{fill:#fff7ed;stroke:#fdba74}.title{font:600 12px sans-serif;fill:#9a3412}"
)


@dataclasses.dataclass(slots=True)
class _Picture:
    """A drawn graph: its size and its elements, relative to its own corner."""

    width: float
    height: float
    elements: list[str]


def svg(graph: graphing.Graph) -> str:
    """The graph as an SVG document."""
    picture = _picture(graph)
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
            f' width="{width:.0f}" height="{height:.0f}" role="img">',
            f"<title>{html.escape(graph.title or 'Resources and what they need')}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8"'
            ' orient="auto"><path d="M0 0L8 4L0 8z" fill="#57534e"/></marker></defs>',
            f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
            *picture.elements,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _picture(graph: graphing.Graph) -> _Picture:
    own = _layered(graph)
    clusters = [(inside, _picture(inside)) for inside in graph.clusters.values() if inside.nodes]
    if not clusters:
        return own
    elements = list(own.elements)
    left, top, lowest = 0.0, own.height + _ROW_GAP / 2 if own.height else 0.0, own.height
    for inside, picture in clusters:
        width = max(picture.width, len(inside.title) * _CHARACTER) + 2 * _MARGIN
        height = picture.height + 2 * _MARGIN + _TITLE
        elements += [
            f'<g transform="translate({left:.1f} {top:.1f})">',
            f'<rect class="cluster" width="{width:.1f}" height="{height:.1f}" rx="8"/>',
            f'<text class="title" x="{_MARGIN:.1f}" y="{_TITLE:.1f}">{html.escape(inside.title)}</text>',
            f'<g transform="translate({_MARGIN:.1f} {_MARGIN + _TITLE:.1f})">',
            *picture.elements,
            "</g></g>",
        ]
        left += width + _COLUMN_GAP
        lowest = max(lowest, top + height)
    return _Picture(max(own.width, left - _COLUMN_GAP), lowest, elements)


def _layered(graph: graphing.Graph) -> _Picture:
    rows = _rows(graph)
    widths = {node.id: max(len(node.name), len(node.type)) * _CHARACTER + 24 for node in graph.nodes}
    total = max((sum(widths[one] for one in row) + _COLUMN_GAP * (len(row) - 1) for row in rows), default=0.0)
    corners: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        left = (total - sum(widths[one] for one in row) - _COLUMN_GAP * (len(row) - 1)) / 2
        for one in row:
            corners[one] = (left, number * (_BOX_HEIGHT + _ROW_GAP))
            left += widths[one] + _COLUMN_GAP
    height = len(rows) * (_BOX_HEIGHT + _ROW_GAP) - _ROW_GAP if rows else 0.0
    elements = [_line(edge, corners, widths) for edge in graph.edges]
    for node in graph.nodes:
        elements += _box(node, *corners[node.id], widths[node.id])
    return _Picture(total, height, elements)


def _rows(graph: graphing.Graph) -> list[list[str]]:
    """The ids of the nodes by layers, in an order with few crossings."""
    above: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    below: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        above[edge.target].append(edge.source)
        below[edge.source].append(edge.target)
    try:
        order = dag.order(above)
    except dag.CycleError:
        return [[node.id] for node in graph.nodes]
    layer: dict[str, int] = {}
    for one in order:
        layer[one] = max((layer[other] + 1 for other in above[one]), default=0)
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in graph.nodes:
        rows[layer[node.id]].append(node.id)
    for sweep in range(_SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        position = {one: index / len(row) for row in rows for index, one in enumerate(row)}
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda one: _mean([position[other] for other in neighbours[one]], position[one]))
            position.update({one: index / len(row) for index, one in enumerate(row)})
    return rows


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _line(edge: graphing.Edge, corners: dict[str, tuple[float, float]], widths: dict[str, float]) -> str:
    x1, y1 = corners[edge.source][0] + widths[edge.source] / 2, corners[edge.source][1] + _BOX_HEIGHT
    x2, y2 = corners[edge.target][0] + widths[edge.target] / 2, corners[edge.target][1]
    bend = (y2 - y1) / 2
    kind = " stated" if edge.stated else " implicit" if edge.implicit else ""
    return (
        f'<path class="edge{kind}" marker-end="url(#arrow)"'
        f' d="M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"/>'
    )


def _box(node: graphing.Node, left: float, top: float, width: float) -> Iterator[str]:
    middle = left + width / 2
    yield f'<rect class="box" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_BOX_HEIGHT:.1f}" rx="6"/>'
    for kind, text, offset in (("name", node.name, 18), ("type", node.type, 34)):
        yield (
            f'<text class="{kind}" x="{middle:.1f}" y="{top + offset:.1f}" text-anchor="middle">'
            f"{html.escape(text)}</text>"
        )
