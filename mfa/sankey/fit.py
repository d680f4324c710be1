"""How large a graph can be drawn on a page: the size of the type, the columns, the scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mfa.sankey import furniture
from mfa.sankey.arrange import (
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
from mfa.sankey.graph import SankeyGraph
from mfa.sankey.labels import GAP, LabelStyle, NodeText, label_side, make_block
from mfa.sankey.skeleton import Skeleton
from mfa.sankey.texts import Scale, imbalance_text, stock_text

UNDER = 18.0  # px between the lowest lane and the legend: room for the value of a loop
_TALLEST = 0.6  # share of the diagram's height one node may take
STYLES = (
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
_FULL = 0.85  # share of the diagram's height that labels, gaps and lanes may take


@dataclass(frozen=True)
class Page:
    """Size of a page in px, and whether its height is fixed."""

    width: float
    height: float
    fixed: bool

    def grown(self, factor: float) -> Page:
        """Return a larger page: higher, and as much wider where the shape is fixed."""
        return Page(self.width * (factor if self.fixed else 1), self.height * factor, self.fixed)


@dataclass(frozen=True)
class Manner:
    """How to draw: unit of numbers, px per unit where it is given, σ, and whether as a panel."""

    scale: Scale
    px: float | None
    uncertainty: str
    panel: bool


def throughputs(graph: SankeyGraph) -> list[float]:
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


class Fitting:
    """The largest label style whose labels fit a page, and the scale that fills it."""

    def __init__(self, skeleton: Skeleton, page: Page, manner: Manner) -> None:
        self.skeleton = skeleton
        self.graph = skeleton.graph
        self.layers = skeleton.layers
        self.page = page
        self.scale = manner.scale
        self.manner = manner
        self.sizes = throughputs(self.graph)
        self.texts = self._node_texts()
        self.spoken = sum(bool(text.title or text.amount) for text in self.texts.values())
        self.top = self.header().bottom + 12
        below = 0.0 if manner.panel else self.footer(0.0, 0.0).bottom + 48
        self.room = page.height - self.top - below - UNDER
        self.crowding = 1.0
        self.hairlines = 0.0
        self.style = self._choose_style()

    def header(self) -> furniture.Furniture:
        """Return the title and what stands below it."""
        if self.manner.panel:
            return furniture.panel_title(self.graph.title, self.page.width)
        return furniture.header(self.graph, self.scale, self.page.width)

    def footer(self, top: float, px: float) -> furniture.Furniture:
        """Return legend, scale (`px` per unit) and notes, from `top` down."""
        if self.manner.panel:
            return furniture.Furniture(top)
        return furniture.footer([self.graph], self.scale, self.page.width, top, px)

    def _node_texts(self) -> dict[int, NodeText]:
        vague = {
            end for link in self.graph.links if not link.known for end in (link.source, link.target)
        }
        texts = {}
        for i, node in enumerate(self.graph.nodes):
            amount = self.amount(self.sizes[i], node.total_sd) if self.sizes[i] else ""
            if node.id in vague:
                amount = f"≥ {amount}" if amount else "?"
            with_sd = self.manner.uncertainty == "text"
            remarks = (
                stock_text(node, self.scale, with_sd=with_sd),
                imbalance_text(node, self.scale),
            )
            texts[i] = NodeText(node.title, amount, tuple(text for text in remarks if text))
        return texts

    def amount(self, value: float, sd: float) -> str:
        """Return a value as the drawing writes it."""
        if self.manner.uncertainty == "text":
            return self.scale.estimate(value, sd)
        return self.scale.number(value, sd)

    def arrange(self, style: LabelStyle) -> tuple[Arrangement, dict[int, Block]]:
        """Return the arrangement at the largest scale that fits the page."""
        scale, above, lanes = self._fit(style)
        rounds = 24 if len(self.skeleton.pair_of_dummy) < 500 else 12
        return self._attempt(scale, style, above, lanes, rounds)

    def _choose_style(self) -> LabelStyle | None:
        """Return the largest style whose labels fit the page, if possible without cutting names."""
        fitting = []
        for style in STYLES:
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
