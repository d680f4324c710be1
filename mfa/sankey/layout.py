"""From a graph to a drawing: no ordering by hand, nothing cut, nothing overprinted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from mfa.sankey.arrange import (
    LEAST_WIDTH,
    NODE_WIDTH,
    Arrangement,
    Block,
    extent,
    gap_needs,
)
from mfa.sankey.colours import OPACITY
from mfa.sankey.drawing import Arrow, Box, Drawing, Gap, Ribbon, Stub
from mfa.sankey.fit import STYLES, UNDER, Fitting, Manner, Page, throughputs
from mfa.sankey.graph import SankeyGraph, SankeyLink
from mfa.sankey.labels import (
    LabelStyle,
    place_amounts,
    place_labels,
)
from mfa.sankey.positions import Positions, keep_positions
from mfa.sankey.route import gap_places, route_links, stub_places
from mfa.sankey.skeleton import build_skeleton
from mfa.sankey.texts import (
    Scale,
    choose_scale,
    describe,
    interval_text,
    link_text,
    node_text,
)

# Width, height in px, and whether the height is the paper's or may follow the content.
PAGES = {
    "screen": (1400.0, 800.0, False),
    "a4": (1123.0, 794.0, True),
    "a3": (1587.0, 1123.0, True),
    "16:9": (1280.0, 720.0, True),
}
LEAST, MOST = 300.0, 20_000.0  # px that a page may be wide or high
UNCERTAINTY = ("none", "opacity", "text")
"""How a drawing shows σ: not at all, by paler links, or as a number beside the value."""
GREY = "#9a9a9a"
_THIN = 3.0  # px below which a link is drawn in fuller colour
_LARGEST = 20  # times its paper that a page may become


def page_size(size: str | tuple[float, float]) -> tuple[float, float, bool]:
    """Return width, height and whether the height is fixed.

    Raises
    ------
    ValueError
        `size` is neither a known page nor two lengths from 300 to 20,000 px.

    Examples
    --------
    >>> page_size("a4"), page_size("1200x700")
    ((1123.0, 794.0, True), (1200.0, 700.0, True))
    """
    if isinstance(size, str) and size.lower() in PAGES:
        return PAGES[size.lower()]
    lengths = size
    if isinstance(size, str):
        parts = re.fullmatch(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", size.strip().lower())
        lengths = (float(parts[1]), float(parts[2])) if parts else ()
    if len(lengths) == 2 and all(LEAST <= length <= MOST for length in lengths):
        return float(lengths[0]), float(lengths[1]), True
    raise ValueError(
        f"size is {size!r}, expected {', '.join(PAGES)} or (width, height) of {LEAST:.0f} to "
        f"{MOST:.0f} px each"
    )


def layout(
    graph: SankeyGraph,
    size: str | tuple[float, float] = "screen",
    *,
    uncertainty: str = "none",
    like: Positions | None = None,
    ruler: tuple[Scale, float | None] | None = None,
    panel: bool = False,
) -> Drawing:
    """Lay a graph out.

    Parameters
    ----------
    graph
        What to draw.
    size
        ``"screen"`` (1400 px wide, the height follows the content), ``"a4"``, ``"a3"`` (landscape),
        ``"16:9"``, or (width, height) in px, also as text: ``"1200x700"``.
    uncertainty
        ``"opacity"``: links are the paler the larger their relative σ; ``"text"``: values carry
        their ± 1 σ; or ``"none"``.
    like
        Where nodes stand, from `mfa.sankey.positions`; others find a place among them.
    ruler
        The unit of numbers, and the px per unit of the graph (None: what fits best).
    panel
        Draw the title small, and neither legend nor scale: one of several pictures on a page.

    Raises
    ------
    ValueError
        The graph has no links, or the size or the kind of uncertainty is unknown.
    """
    if not graph.links:
        raise ValueError("the graph has no links: there is nothing to draw")
    if uncertainty not in UNCERTAINTY:
        raise ValueError(f"uncertainty is {uncertainty!r}, expected {', '.join(UNCERTAINTY)}")
    page = paper = Page(*page_size(size))
    skeleton = build_skeleton(keep_positions(graph, like) if like else graph)
    scale, px = ruler or (ruler_unit(skeleton.graph), None)
    manner = Manner(scale, px, uncertainty, panel)
    run = _Layout(skeleton, page, manner)
    while run.style is None and page.height < _LARGEST * paper.height:
        page = page.grown(max(1.05, run.crowding))
        run = _Layout(skeleton, page, manner)
    drawing = run.draw(zoom=page.width / paper.width)
    # Where columns are too narrow for a label, all is drawn on a larger page, and shown smaller.
    while len(drawing.labels) < run.spoken and page.width < _LARGEST * paper.width:
        page = replace(page, width=1.2 * page.width, height=1.2 * page.height)
        run = _Layout(skeleton, page, manner)
        drawing = run.draw(zoom=page.width / paper.width)
    return drawing


def ruler_unit(*graphs: SankeyGraph) -> Scale:
    """Return the unit in which the numbers of the graphs, all in one unit, are easiest to read."""
    sizes = [size for graph in graphs for size in throughputs(graph.split_ends())]
    return choose_scale(sizes, graphs[0].unit, graphs[0].language)


class _Layout(Fitting):
    """One run: what fits the page, then its shapes and texts."""

    def draw(self, zoom: float) -> Drawing:
        """Return the drawing in the largest style that fits."""
        style = self.style or STYLES[-1]
        plan, blocks = self.arrange(style)
        low, high = extent(plan, blocks)
        shift = self.top - low
        if self.page.fixed:
            shift += max(self.room - (high - low), 0.0) / 2
        plan.top = {item: top + shift for item, top in plan.top.items()}
        plan.lanes = {number: lane + shift for number, lane in plan.lanes.items()}
        end = self.top + self.room if self.page.fixed else high + shift
        return self._drawing(plan, blocks, style, max(end, high + shift) + UNDER, zoom)

    # --------------------------------------------------------------------------------- drawing

    def _drawing(
        self,
        plan: Arrangement,
        blocks: Mapping[int, Block],
        style: LabelStyle,
        end: float,
        zoom: float,
    ) -> Drawing:
        page = (4.0, self.top - 6, self.page.width - 4, end - 3)
        head, foot = self.header(), self.footer(end, plan.scale)
        titles = {node.id: node.title for node in self.graph.nodes}
        routes = sorted(route_links(plan), key=lambda r: (-r.width, r.link.id))
        ribbons = tuple(
            Ribbon(
                r.link,
                r.path,
                r.width,
                r.filled,
                self._colour(r.link),
                self._opacity(r.link, r.width),
                link_text(r.link, self.graph, self.scale, titles),
            )
            for r in routes
        )
        labels = place_labels(plan, self.texts, blocks, style, page, gap_needs(plan))
        arrows = tuple(Arrow(path) for route in routes for path in route.arrows)
        taken = [label.box for label in labels] + [arrow.box for arrow in arrows]
        return Drawing(
            graph=self.graph,
            width=self.page.width,
            height=self.page.height if self.page.fixed else math.ceil(foot.bottom),
            zoom=zoom,
            description=describe(self.graph, self.scale, titles),
            scale=plan.scale,
            ribbons=ribbons,
            arrows=arrows,
            boxes=self._boxes(plan),
            stubs=tuple(Stub(*mark) for mark in stub_places(plan).values()),
            gaps=tuple(Gap(*mark) for mark in gap_places(plan)),
            labels=tuple(labels),
            amounts=tuple(place_amounts(plan, taken, self._link_amounts(), style, page)),
            swatches=tuple(foot.swatches),
            bars=tuple(foot.bars),
            texts=tuple(head.texts + foot.texts),
        )

    def _link_amounts(self) -> dict[str, str]:
        """Return the text of every link, unless the label of its target says the same."""
        several = Counter(link.target for link in self.graph.links)
        said = {n.id: self.texts[i].amount for i, n in enumerate(self.graph.nodes)}
        amounts = {link.id: self._link_amount(link) for link in self.graph.links}
        return {
            link.id: amounts[link.id]
            for link in self.graph.links
            if several[link.target] > 1 or amounts[link.id] != said[link.target]
        }

    def _link_amount(self, link: SankeyLink) -> str:
        if link.gone:
            known = math.isfinite(link.usual)
            former = self.scale.number(link.usual, link.sd) if known else "?"
            return f"−{former}"
        if not link.known:
            return interval_text(link.lower, link.upper, self.scale)
        amount = self.amount(link.value, link.sd)
        return f"{amount} ({link.remark})" if link.remark else amount

    def _colour(self, link: SankeyLink) -> str:
        category = self.graph.categories.get(link.category)
        return category.colour if category else GREY

    def _opacity(self, link: SankeyLink, width: float) -> float:
        """Return full colour up to 5 % relative σ, a third of it from 50 %.

        Where σ is not shown so, thin links are the fuller, lest pale colours vanish on white.
        """
        spoken = self.manner.uncertainty == "opacity"
        if not spoken or not link.known or not math.isfinite(link.sd):
            thin = min(max((_THIN - width) / (_THIN - LEAST_WIDTH), 0.0), 1.0)
            return round(OPACITY + thin * (0.95 - OPACITY), 3)
        relative = link.sd / link.value if link.value else 1.0
        share = min(max((relative - 0.05) / 0.45, 0.0), 1.0)
        return round(OPACITY * (1.2 - 0.8 * share), 3)

    def _boxes(self, plan: Arrangement) -> tuple[Box, ...]:
        return tuple(
            Box(
                node,
                plan.left[self.skeleton.columns[i]],
                plan.top[i],
                NODE_WIDTH,
                plan.height[i],
                node_text(node, self.texts[i].amount, self.scale),
            )
            for i, node in enumerate(self.graph.nodes)
        )
