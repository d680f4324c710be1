"""Where nodes stand in one drawing, given to the next: the same node in the same place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

from mfa.errors import InputError, Problem
from mfa.sankey.drawing import Drawing
from mfa.sankey.graph import SankeyGraph

Positions = Mapping[str, tuple[int, float]]
"""Id of a node → its column from the left, and how far down it stands."""

_NODE = re.compile(
    r'<g class="mfa-node [^"]*" data-id="([^"]*)">.*?<rect x="([-\d.]+)" y="([-\d.]+)"', re.DOTALL
)
_PANEL = '<g class="mfa-panel"'


def positions_of(drawing: Drawing) -> dict[str, tuple[int, float]]:
    """Return the place of every node of a drawing."""
    return _columns({box.node.id: (box.x, box.y) for box in drawing.boxes})


def read_positions(svg: str) -> dict[str, tuple[int, float]]:
    """Return the place of every node of an SVG that was written here; of several panels, the first.

    Raises
    ------
    ValueError
        The text holds no node.
    """
    if _PANEL in svg:
        svg = svg.split(_PANEL)[1]
    found = {unescape(name): (float(x), float(y)) for name, x, y in _NODE.findall(svg)}
    if not found:
        raise ValueError("the text is no Sankey diagram written by mfa")
    return _columns(found)


def load_positions(path: str | Path) -> dict[str, tuple[int, float]]:
    """Return `read_positions` of a file ``.svg`` or ``.html``.

    Raises
    ------
    InputError
        The file is no Sankey diagram of ours.
    OSError
        It cannot be read.
    """
    path = Path(path)
    try:
        return read_positions(path.read_text(encoding="utf-8"))
    except ValueError:
        problem = Problem(
            "no-sankey",
            "“{name}” is no Sankey diagram written by mfa as .svg or .html: there are no positions "
            "to take from it.",
            {"name": path.name},
        )
        raise InputError([problem]) from None


def keep_positions(graph: SankeyGraph, positions: Positions) -> SankeyGraph:
    """Return the graph with its nodes where `positions` has them.

    Ends keep their order only: whether they stand left or right follows from their flows. Nodes
    that `positions` does not know find their own place among the others.

    Examples
    --------
    >>> from mfa.sankey import SankeyLink, SankeyNode
    >>> nodes = (SankeyNode("a", "A"), SankeyNode("b", "B"))
    >>> graph = SankeyGraph("", nodes, (SankeyLink("x", "a", "b", 1.0),))
    >>> [node.column for node in keep_positions(graph, {"a": (3, 10.0)}).nodes]
    [3, None]
    """
    nodes = []
    for node in graph.split_ends().nodes:
        if node.id in positions:
            column, order = positions[node.id]
            kept = column if node.kind == "process" else node.column
            node = replace(node, column=kept, order=order)
        nodes.append(node)
    return replace(graph.split_ends(), nodes=tuple(nodes))


def _columns(places: Mapping[str, tuple[float, float]]) -> dict[str, tuple[int, float]]:
    lefts = sorted({math.floor(x) for x, _ in places.values()})
    return {name: (lefts.index(math.floor(x)), y) for name, (x, y) in places.items()}
