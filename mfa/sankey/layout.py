"""From a graph to a drawing: no ordering by hand, nothing cut, nothing overprinted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

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
from mfa.sankey.drawing import Arrow, Box, Drawing, Ribbon, Stub
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
from mfa.sankey.route import route_links, stub_places
from mfa.sankey.skeleton import Skeleton, build_skeleton
from mfa.sankey.texts import Scale, choose_scale, describe, link_text, node_text, stock_text

# Width, height in px, and whether the height is the paper's or may follow the content.
PAGES = {
    "screen": (1400.0, 800.0, False),
    "a4": (1123.0, 794.0, True),
    "a3": (1587.0, 1123.0, True),
}
GREY = "#9a9a9a"
_OPACITY = 0.62
_TALLEST = 0.5  # share of the diagram's height one node may take
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
        `size` is neither a known page nor two positive numbers.

    Examples
    --------
    >>> page_size("a4")
    (1123.0, 794.0, True)
    """
    if isinstance(size, str) and size in PAGES:
        return PAGES[size]
    if not isinstance(size, str) and len(size) == 2 and min(size) >= 300:
        return float(size[0]), float(size[1]), True
    raise ValueError(
        f"size is {size!r}, expected {', '.join(PAGES)} or (width, height) of at least 300 px each"
    )


def layout(
    graph: SankeyGraph,
    size: str | tuple[float, float] = "screen",
    *,
    show_uncertainty: bool = False,
) -> Drawing:
    """Lay a graph out.

    Parameters
    ----------
    graph
        What to draw.
    size
        ``"screen"`` (1400 px wide, the height follows the content), ``"a4"`` or ``"a3"``
        (landscape), or (width, height) in px.
    show_uncertainty
        Draw links the paler the larger their relative uncertainty.

    Raises
    ------
    ValueError
        The graph has no links, or the size is unknown.
    """
    if not graph.links:
        raise ValueError("the graph has no links: there is nothing to draw")
    page = paper = _Page(*page_size(size))
    skeleton = build_skeleton(graph)
    scale = choose_scale(_sizes(skeleton), graph.unit, graph.language)
    run = _Layout(skeleton, page, scale, show_uncertainty)
    while run.style is None and page.height < 20 * paper.height:
        page = page.grown(max(1.05, run.crowding))
        run = _Layout(skeleton, page, scale, show_uncertainty)
    return run.draw(zoom=page.width / paper.width)


def _sizes(skeleton: Skeleton) -> list[float]:
    """Return the throughput of every node: what comes in or goes out, without self-loops."""
    graph = skeleton.graph
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

    def __init__(
        self, skeleton: Skeleton, page: _Page, scale: Scale, show_uncertainty: bool
    ) -> None:
        self.skeleton = skeleton
        self.graph = skeleton.graph
        self.layers = skeleton.layers
        self.page = page
        self.scale = scale
        self.show_uncertainty = show_uncertainty
        self.sizes = _sizes(skeleton)
        self.texts = self._node_texts()
        self.top = furniture.header(self.graph, scale, page.width).bottom + 12
        below = furniture.footer(self.graph, scale, page.width, 0.0, 0.0).bottom + 48
        self.room = page.height - self.top - below - 14
        self.crowding = 1.0
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

    def _node_texts(self) -> dict[int, NodeText]:
        vague = {
            end for link in self.graph.links if not link.known for end in (link.source, link.target)
        }
        texts = {}
        for i, node in enumerate(self.graph.nodes):
            amount = self.scale.number(self.sizes[i]) if self.sizes[i] else ""
            if node.id in vague:
                amount = f"≥ {amount}" if amount else "?"
            texts[i] = NodeText(node.title, amount, stock_text(node, self.scale))
        return texts

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
            low, high = extent(plan, blocks)
            if high - low < _FULL * self.room:
                if all(block.whole for block in blocks.values()):
                    return style
                fitting.append(style)
            self.crowding = (high - low) / (_FULL * self.room)
        return fitting[0] if fitting else None

    def _fit(self, style: LabelStyle) -> tuple[float, set[int], dict[int, float]]:
        """Return the largest scale that fits, which loops run above, and the lanes of all."""
        scale = _TALLEST * self.room / (max(self.sizes) or 1.0)
        above: set[int] = set()
        lanes: dict[int, float] = {}
        best = 0.0
        for turn in range(6):
            plan, blocks = self._attempt(scale, style, above, lanes, rounds=6)
            low, high = extent(plan, blocks)
            if turn == 0:
                choose_sides(plan, high)
            above, lanes = plan.above, plan.lanes
            if turn and high - low <= self.room:
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
        return min(scale * min(max(factor, 0.3), 2.0), tallest)

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
        head = furniture.header(self.graph, self.scale, self.page.width)
        foot = furniture.footer(self.graph, self.scale, self.page.width, end, plan.scale)
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
        return Drawing(
            graph=self.graph,
            width=self.page.width,
            height=self.page.height if self.page.fixed else math.ceil(foot.bottom),
            zoom=zoom,
            description=describe(self.graph, self.scale, titles),
            scale=plan.scale,
            ribbons=ribbons,
            arrows=tuple(Arrow(path) for r in routes for path in r.arrows),
            boxes=self._boxes(plan),
            stubs=tuple(Stub(*mark) for mark in stub_places(plan).values()),
            labels=tuple(labels),
            amounts=tuple(place_amounts(plan, labels, self.scale, 0.85 * style.size)),
            swatches=tuple(foot.swatches),
            bars=tuple(foot.bars),
            texts=tuple(head.texts + foot.texts),
        )

    def _colour(self, link: SankeyLink) -> str:
        category = self.graph.categories.get(link.category)
        return category.colour if category else GREY

    def _opacity(self, link: SankeyLink) -> float:
        """Return full colour up to 5 % relative σ, a third of it from 50 %."""
        if not self.show_uncertainty or not link.known or not math.isfinite(link.sd):
            return _OPACITY
        relative = link.sd / link.value if link.value else 1.0
        share = min(max((relative - 0.05) / 0.45, 0.0), 1.0)
        return round(_OPACITY * (1.2 - 0.8 * share), 3)

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
