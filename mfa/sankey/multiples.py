"""Several diagrams on one page: the same scale, the same places, one legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mfa.sankey import furniture
from mfa.sankey.colours import PALETTE
from mfa.sankey.drawing import Drawing, ScaleBar, Swatch, Text
from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode
from mfa.sankey.layout import layout, page_size, ruler_unit
from mfa.sankey.positions import Positions, positions_of
from mfa.sankey.texts import Scale

LEAST_WIDTH, LEAST_HEIGHT = 560.0, 330.0  # px of a panel, where the page may grow
_GAP = 14.0  # between panels
_TRIES = 12
_SIDES, _COLUMN = (
    200.0,
    75.0,
)  # px that outer labels and each column need; else all is drawn smaller


@dataclass(frozen=True)
class Sheet:
    """Panels laid out on a page; lengths in px, as in `Drawing`.

    Attributes
    ----------
    title, language
        Of the page.
    zoom
        How much smaller than drawn it is shown.
    panels
        Left edge, upper edge and drawing of every panel.
    swatches, bars, texts
        Title, legend, scale and notes of the page.
    """

    title: str
    language: str
    width: float
    height: float
    zoom: float
    panels: tuple[tuple[float, float, Drawing], ...]
    swatches: tuple[Swatch, ...]
    bars: tuple[ScaleBar, ...]
    texts: tuple[Text, ...]


def lay_out(
    panels: Sequence[tuple[str, SankeyGraph]],
    size: str | tuple[float, float],
    *,
    title: str | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
) -> Sheet:
    """Lay panels out in a grid; see `mfa.sankey.draw_graphs`."""
    graphs = _alike(panels)
    scale = ruler_unit(*graphs)
    first = graphs[0]
    page = replace(first, title=first.title if title is None else title,
                   subtitle=_common_subtitle(graphs))  # fmt: skip
    width, height, fixed = page_size(size)
    columns = _columns(len(graphs), width, height, fixed)
    rows = math.ceil(len(graphs) / columns)
    head = furniture.header(page, scale, width).bottom + 8
    foot = furniture.footer(graphs, scale, width, 0.0, 1.0).bottom + 48
    room = (width - (columns + 1) * _GAP) / columns
    high = (height - head - foot - (rows - 1) * _GAP) / rows
    if not fixed:
        high = max(high, 0.62 * room)
    high = max(high, LEAST_HEIGHT)
    named = [
        replace(graph, title=name, note="") for (name, _), graph in zip(panels, graphs, strict=True)
    ]
    drawings = _draw_alike(named, (max(room, 300.0), high), scale, uncertainty, like)
    paper = (width, height if fixed else 0.0)
    return _compose(page, graphs, drawings, columns, scale, paper)


def _alike(panels: Sequence[tuple[str, SankeyGraph]]) -> list[SankeyGraph]:
    """Return the graphs with the same colour for the same category, and no colour twice."""
    if not panels:
        raise ValueError("there are no panels to draw")
    graphs = [graph for _, graph in panels]
    if len({(graph.unit, graph.language) for graph in graphs}) > 1:
        raise ValueError("the panels differ in unit or language")
    colours: dict[str, Category] = {}
    for graph in graphs:
        for key, category in graph.categories.items():
            if key not in colours:
                taken = {c.colour for c in colours.values()}
                free = [hue for hue in (category.colour, *PALETTE) if hue not in taken]
                colours[key] = Category(category.label, free[0] if free else category.colour)
    return [replace(graph, categories=colours) for graph in graphs]


def _common_subtitle(graphs: Sequence[SankeyGraph]) -> str:
    """Return the parts of the second line that all panels share."""
    parts = [graph.subtitle.split(" · ") for graph in graphs]
    return " · ".join(part for part in parts[0] if all(part in other for other in parts))


def _columns(count: int, width: float, height: float, fixed: bool) -> int:
    """Return how many panels stand in a row: as near to 3 : 2 as can be, and not too narrow."""
    most = max(1, min(count, int(width // LEAST_WIDTH)))
    if not fixed:
        return most if count != 4 else min(most, 2)

    def stretch(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(width / columns / (height / rows) / 1.5))

    return min(range(1, count + 1), key=lambda columns: (stretch(columns), columns))


def _draw_alike(
    graphs: Sequence[SankeyGraph],
    size: tuple[float, float],
    scale: Scale,
    uncertainty: str,
    like: Positions | None,
) -> list[Drawing]:
    """Return the drawings with nodes in the same places and widths to the same scale."""
    together = union_of(graphs)
    union = layout(together, size, like=like, ruler=(scale, None), panel=True)
    columns = len({box.x for box in union.boxes})
    if (tight := (_SIDES + _COLUMN * columns) / size[0]) > 1.0:
        size = (size[0] * tight, size[1] * tight)
        union = layout(together, size, like=like, ruler=(scale, None), panel=True)
    where = positions_of(union)
    for _ in range(_TRIES):
        free = [
            layout(graph, size, uncertainty=uncertainty, like=where, panel=True) for graph in graphs
        ]
        ruler = (scale, min(drawing.scale for drawing in free))
        done = [
            layout(graph, size, uncertainty=uncertainty, like=where, ruler=ruler, panel=True)
            for graph in graphs
        ]
        # A panel whose labels want more room makes all of them larger.
        zoom = max(drawing.zoom for drawing in [*free, *done])
        if zoom <= 1.0:
            break
        size = (size[0] * zoom, size[1] * zoom)
    return done


def union_of(graphs: Sequence[SankeyGraph]) -> SankeyGraph:
    """Return all nodes and links of the graphs, each link at its mean size."""
    cut = [graph.split_ends() for graph in graphs]
    nodes: dict[str, SankeyNode] = {}
    links: dict[str, list[SankeyLink]] = {}
    for graph in cut:
        for node in graph.nodes:
            nodes.setdefault(node.id, node)
        for link in graph.links:
            links.setdefault(link.id, []).append(link)
    mean = tuple(
        replace(found[0], value=sum(link.least for link in found) / len(found), usual=math.nan)
        for found in links.values()
    )
    return replace(cut[0], nodes=tuple(nodes.values()), links=mean)


def _compose(
    page: SankeyGraph,
    graphs: Sequence[SankeyGraph],
    drawings: Sequence[Drawing],
    columns: int,
    scale: Scale,
    paper: tuple[float, float],
) -> Sheet:
    """Return the sheet: the panels in rows under the title, legend and scale below.

    `paper` is how wide and high the sheet is shown; 0: as high as the content.
    """
    wide = columns * (drawings[0].width + _GAP) + _GAP
    rows = [drawings[start : start + columns] for start in range(0, len(drawings), columns)]
    tall = sum(row[0].height + _GAP for row in rows)
    head = furniture.header(page, scale, wide).bottom + 8
    below = furniture.footer(graphs, scale, wide, 0.0, drawings[0].scale).bottom + 4
    zoom = max(wide / paper[0], (head + tall + below) / paper[1] if paper[1] else 0.0)
    width, height = zoom * paper[0], zoom * paper[1] or math.ceil(head + tall + below)
    left, top = (width - wide) / 2 + _GAP, head + (height - head - tall - below) / 2
    foot = furniture.footer(graphs, scale, width, height - below + 4, drawings[0].scale)
    return Sheet(
        title=page.title,
        language=page.language,
        width=width,
        height=height,
        zoom=zoom,
        panels=tuple(
            (left + i * (drawing.width + _GAP), top + r * (drawing.height + _GAP), drawing)
            for r, row in enumerate(rows)
            for i, drawing in enumerate(row)
        ),
        swatches=tuple(foot.swatches),
        bars=tuple(foot.bars),
        texts=(*furniture.header(page, scale, width).texts, *foot.texts),
    )
