"""From a graph to a drawing: no ordering by hand, nothing cut, nothing overprinted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mfa.sankey import furniture
from mfa.sankey.arrange import (
    NODE_WIDTH,
    Arrangement,
    Block,
    choose_sides,
    extent,
    gap_needs,
    lay_lanes,
    layer_gaps,
    measure_nodes,
    place_items,
    set_columns,
)
from mfa.sankey.colours import OPACITY
from mfa.sankey.drawing import Arrow, Box, Drawing, Gap, Ribbon, Stub
from mfa.sankey.graph import SankeyGraph, SankeyLink
from mfa.sankey.labels import (
    GAP,
    LabelStyle,
    NodeText,
    label_side,
    make_block,
    place_amounts,
    place_labels,
)
from mfa.sankey.positions import Positions, keep_positions
from mfa.sankey.route import gap_places, route_links, stub_places
from mfa.sankey.skeleton import Skeleton, build_skeleton
from mfa.sankey.texts import (
    Scale,
    choose_scale,
    describe,
    imbalance_text,
    interval_text,
    link_text,
    node_text,
    stock_text,
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
_TALLEST = 0.6  # share of the diagram's height one node may take
_STYLES = (
    LabelStyle(13.0),
    LabelStyle(12.0),
    LabelStyle(11.0),
    LabelStyle(11.0, inline=True),
    LabelStyle(10.0, inline=True),
    LabelStyle(9.0, inline=True),
    LabelStyle(9.0, 4, inline=True),
    LabelStyle(9.0, 2, inline=True),
)
_UPRIGHTS = 0.4  # share of the gaps between columns that loops may take
_LARGEST = 20  # times its paper that a page may become
_FULL = 0.85  # share of the diagram's height that labels, gaps and lanes may take


@dataclass(frozen=True)
class _Page:
    width: float
    height: float
    fixed: bool

    def grown(self, factor: float) -> _Page:
        """Return a larger page: higher, and as much wider where the shape is fixed."""
        return _Page(self.width * (factor if self.fixed else 1), self.height * factor, self.fixed)


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
    page = paper = _Page(*page_size(size))
    skeleton = build_skeleton(keep_positions(graph, like) if like else graph)
    scale, px = ruler or (ruler_unit(skeleton.graph), None)
    manner = _Manner(scale, px, uncertainty, panel)
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
    sizes = [size for graph in graphs for size in _sizes(graph.split_ends())]
    return choose_scale(sizes, graphs[0].unit, graphs[0].language)


@dataclass(frozen=True)
class _Manner:
    """How to draw: unit of numbers, px per unit where it is given, σ, and whether as a panel."""

    scale: Scale
    px: float | None
    uncertainty: str
    panel: bool


def _sizes(graph: SankeyGraph) -> list[float]:
    """Return the throughput of every node: what comes in or goes out, without self-loops."""
    ins = dict.fromkeys((node.id for node in graph.nodes), 0.0)
    outs = dict(ins)
    for link in graph.links:
        if link.source != link.target:
            outs[link.source] += link.least
            ins[link.target] += link.least
    sizes = []
    for node in graph.nodes:
        change = node.stock_change or 0.0
        left, right = ins[node.id] + max(-change, 0.0), outs[node.id] + max(change, 0.0)
        sizes.append(max(left, right))
    return sizes


class _Layout:
    """One run: the page, the label style in turn, the scale that fills the page."""

    def __init__(self, skeleton: Skeleton, page: _Page, manner: _Manner) -> None:
        self.skeleton = skeleton
        self.graph = skeleton.graph
        self.layers = skeleton.layers
        self.page = page
        self.scale = manner.scale
        self.manner = manner
        self.sizes = _sizes(self.graph)
        self.texts = self._node_texts()
        self.spoken = sum(bool(text.title or text.amount) for text in self.texts.values())
        self.top = self._header().bottom + 12
        below = 0.0 if manner.panel else self._footer(0.0, 0.0).bottom + 48
        self.room = page.height - self.top - below - 14
        self.crowding = 1.0
        self.hairlines = 0.0
        self.style = self._choose_style()

    def draw(self, zoom: float) -> Drawing:
        """Return the drawing in the largest style that fits."""
        style = self.style or _STYLES[-1]
        plan, blocks = self._arrange(style)
        low, high = extent(plan, blocks)
        shift = self.top - low
        if self.page.fixed:
            shift += max(self.room - (high - low), 0.0) / 2
        plan.top = {item: top + shift for item, top in plan.top.items()}
        plan.lanes = {number: lane + shift for number, lane in plan.lanes.items()}
        end = self.top + self.room if self.page.fixed else high + shift
        return self._drawing(plan, blocks, style, max(end, high + shift) + 14, zoom)

    # ------------------------------------------------------------------------------- arranging

    def _header(self) -> furniture.Furniture:
        if self.manner.panel:
            return furniture.panel_title(self.graph.title, self.page.width)
        return furniture.header(self.graph, self.scale, self.page.width)

    def _footer(self, top: float, px: float) -> furniture.Furniture:
        if self.manner.panel:
            return furniture.Furniture(top)
        return furniture.footer([self.graph], self.scale, self.page.width, top, px)

    def _node_texts(self) -> dict[int, NodeText]:
        vague = {
            end for link in self.graph.links if not link.known for end in (link.source, link.target)
        }
        texts = {}
        for i, node in enumerate(self.graph.nodes):
            amount = self._amount(self.sizes[i], node.total_sd) if self.sizes[i] else ""
            if node.id in vague:
                amount = f"≥ {amount}" if amount else "?"
            remarks = (stock_text(node, self.scale), imbalance_text(node, self.scale))
            texts[i] = NodeText(node.title, amount, tuple(text for text in remarks if text))
        return texts

    def _amount(self, value: float, sd: float) -> str:
        if self.manner.uncertainty == "text":
            return self.scale.estimate(value, sd)
        return self.scale.number(value)

    def _arrange(self, style: LabelStyle) -> tuple[Arrangement, dict[int, Block]]:
        """Return the arrangement at the largest scale that fits the page."""
        scale, above, lanes = self._fit(style)
        rounds = 24 if len(self.skeleton.pair_of_dummy) < 500 else 12
        return self._attempt(scale, style, above, lanes, rounds)

    def _choose_style(self) -> LabelStyle | None:
        """Return the largest style whose labels fit the page, if possible without cutting names."""
        fitting = []
        for style in _STYLES:
            plan, blocks = self._attempt(0.0, style, set(), {}, rounds=1)
            self.hairlines = plan.breadth
            low, high = extent(plan, blocks)
            if high - low < _FULL * self.room:
                if all(block.whole for block in blocks.values()):
                    return style
                fitting.append(style)
            self.crowding = (high - low) / (_FULL * self.room)
        return fitting[0] if fitting else None

    def _fit(self, style: LabelStyle) -> tuple[float, set[int], dict[int, float]]:
        """Return the largest scale that fits, which loops run above, and the lanes of all."""
        given = self.manner.px
        scale = given or _TALLEST * self.room / (max(self.sizes) or 1.0)
        above: set[int] = set()
        lanes: dict[int, float] = {}
        best = 0.0
        for turn in range(6):
            plan, blocks = self._attempt(scale, style, above, lanes, rounds=6)
            low, high = extent(plan, blocks)
            if turn == 0:
                choose_sides(plan)
            above, lanes = plan.above, plan.lanes
            if given:
                best = given
                if turn == 2:
                    break
                continue
            if turn and high - low <= self.room and plan.breadth <= 1.3 * self._for_loops(plan):
                best = max(best, scale)
                if high - low > 0.97 * self.room:
                    break
            following = self._next_scale(plan, high - low, scale)
            if turn and abs(following - scale) < 0.005 * scale:
                break
            scale = following
        return best or scale, above, lanes

    def _next_scale(self, plan: Arrangement, height: float, scale: float) -> float:
        """Return a scale nearer to filling the page: part of the height grows with it."""
        tallest = _TALLEST * self.room / (max(self.sizes) or 1.0)
        growing = max(sum(plan.height[item] for item in layer) for layer in self.layers)
        growing += sum(plan.pair_width(p) for p in self.skeleton.pairs if p.kind == "back")
        fixed = max(height - growing, 0.0)
        factor = (self.room * 0.99 - fixed) / max(growing, 1.0)
        room = self._for_loops(plan) / plan.breadth if plan.breadth else 2.0
        return min(scale * min(max(min(factor, room), 0.3), 2.0), tallest)

    def _for_loops(self, plan: Arrangement) -> float:
        """Return how much of the gaps between columns loops may take: columns must stay apart.

        Where many loops take more even as hairlines, they may take a little more than that.
        """
        return max(_UPRIGHTS * plan.spread, 1.2 * self.hairlines)

    def _attempt(
        self,
        scale: float,
        style: LabelStyle,
        above: set[int],
        lanes: dict[int, float],
        rounds: int,
    ) -> tuple[Arrangement, dict[int, Block]]:
        plan = Arrangement(self.skeleton, scale, above=set(above), lanes=dict(lanes))
        measure_nodes(plan)
        blocks = self._columns(plan, style)
        pad = min(16.0, max(3.0, 0.35 * self.room / max(len(x) for x in self.layers)))
        gaps = layer_gaps(plan, blocks, pad)
        loops = sum(plan.pair_width(p) + 6 for p in self.skeleton.pairs if p.kind == "back")
        place_items(plan, gaps, max(self.room - loops, 0.3 * self.room), rounds)
        lay_lanes(plan, blocks)
        return plan, blocks

    def _columns(self, plan: Arrangement, style: LabelStyle) -> dict[int, Block]:
        """Set the columns between the outer labels; return the room of every label."""
        needs = gap_needs(plan)
        count = len(self.layers)
        outer = min(170.0, 0.14 * self.page.width)
        blocks = {
            v: make_block(text, style, outer, label_side(self.skeleton, v))
            for v, text in self.texts.items()
        }
        margin = furniture.MARGIN
        left = max((blocks[v].width for v in self.layers[0] if v in blocks), default=0.0)
        right = max((blocks[v].width for v in self.layers[-1] if v in blocks), default=0.0)
        marks = 20.0 if plan.stubs else 0.0
        start = margin + left + GAP + max(needs[1][0], marks)
        end = self.page.width - margin - right - GAP - max(needs[0][-1], marks)
        set_columns(plan, start, end, needs, self._wants(blocks, style))
        for v in blocks:
            column = self.skeleton.columns[v]
            if 0 < column < count - 1:
                gap = plan.left[column + 1] - plan.right(column) - 2 * GAP
                gap -= 19.0 if (self.graph.nodes[v].stock_change or 0.0) > 0 else 0.0
                width = min(max(gap, 7 * style.size), 200.0)
                blocks[v] = make_block(self.texts[v], style, width, blocks[v].side)
        return blocks

    def _wants(self, blocks: Mapping[int, Block], style: LabelStyle) -> list[float]:
        """Return the width each gap wants: for the labels in it, and for curves to swing."""
        wants = [6.0 * style.size] * len(self.layers)
        for v, block in blocks.items():
            column = self.skeleton.columns[v]
            if column > 0 or block.side == "right":
                mark = 19.0 if (self.graph.nodes[v].stock_change or 0.0) > 0 else 0.0
                wants[column] = max(wants[column], block.width + mark + 3 * GAP)
        return wants

    # --------------------------------------------------------------------------------- drawing

    def _drawing(
        self,
        plan: Arrangement,
        blocks: Mapping[int, Block],
        style: LabelStyle,
        end: float,
        zoom: float,
    ) -> Drawing:
        page = (4.0, self.top - 6, self.page.width - 4, end)
        head, foot = self._header(), self._footer(end, plan.scale)
        titles = {node.id: node.title for node in self.graph.nodes}
        routes = sorted(route_links(plan), key=lambda r: (-r.width, r.link.id))
        ribbons = tuple(
            Ribbon(
                r.link,
                r.path,
                r.width,
                r.filled,
                self._colour(r.link),
                self._opacity(r.link),
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
        """Return the text of every link that may carry one."""
        several = Counter(link.target for link in self.graph.links)
        return {
            link.id: self._link_amount(link)
            for link in self.graph.links
            if not link.known or several[link.target] > 1 or link.remark
        }

    def _link_amount(self, link: SankeyLink) -> str:
        if not link.known:
            return interval_text(link.lower, link.upper, self.scale)
        amount = self._amount(link.value, link.sd)
        return f"{amount} ({link.remark})" if link.remark else amount

    def _colour(self, link: SankeyLink) -> str:
        category = self.graph.categories.get(link.category)
        return category.colour if category else GREY

    def _opacity(self, link: SankeyLink) -> float:
        """Return full colour up to 5 % relative σ, a third of it from 50 %."""
        spoken = self.manner.uncertainty == "opacity"
        if not spoken or not link.known or not math.isfinite(link.sd):
            return OPACITY
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
