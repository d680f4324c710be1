"""Sizes and places of nodes, dummies and the ports where links meet them, for one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mfa.sankey.graph import SankeyLink
from mfa.sankey.place import place_layers
from mfa.sankey.skeleton import Pair, Skeleton

NODE_WIDTH = 13.0
LEAST_WIDTH = 1.2  # of a link
LEAST_NODE = 4.0  # height
FREE_WIDTH = 5.0  # of a link that has no value, unless its interval says more or less
LANE_GAP = 6.0  # between loops
BEND = 7.0  # inner radius of a loop's corners
_UPPER = 0.7  # sum of how far down both ends of a loop stand (0 to 1) up to which it runs above
STUB = 16.0  # length of a stock mark
GAP_FRAME = 9.0  # width of the frame where a balance does not close
RING = 10.0  # greatest width of a self-loop, a ring on top of its node
RING_HOLE = 4.5  # radius of its hole


@dataclass
class Block:
    """What a node's label takes: `width` × `height`, on the ``"left"`` or ``"right"``.

    ``room`` is the width its lines were wrapped to, ``whole`` whether nothing had to be cut off.
    """

    width: float
    height: float
    side: str
    room: float
    whole: bool


@dataclass
class Arrangement:
    """Where everything stands.

    Attributes
    ----------
    scale
        px per unit of the graph.
    left
        Left edge of the bars of each column.
    top, height
        Of every item.
    ports
        (pair number, ``"out"`` or ``"in"``) → distance of the pair's upper edge from its node's
        top.
    stubs
        Node → distance of its stock mark from its top, and the height of the mark.
    above
        Numbers of the back pairs that run above the diagram; the others run below.
    lanes
        Pair number → middle of its lane (back pairs).
    headroom
        Node → height of the ring on top of it.
    missing
        Node → side of its bar (``"left"`` or ``"right"``) that its balance leaves open, distance of
        the gap from its top, and the height of the gap.
    breadth, spread
        What the upright parts of loops take of the gaps between columns, and all these gaps.
    """

    skeleton: Skeleton
    scale: float
    left: list[float] = field(default_factory=list)
    top: dict[int, float] = field(default_factory=dict)
    height: dict[int, float] = field(default_factory=dict)
    ports: dict[tuple[int, str], float] = field(default_factory=dict)
    stubs: dict[int, tuple[float, float]] = field(default_factory=dict)
    above: set[int] = field(default_factory=set)
    lanes: dict[int, float] = field(default_factory=dict)
    headroom: dict[int, float] = field(default_factory=dict)
    missing: dict[int, tuple[str, float, float]] = field(default_factory=dict)
    breadth: float = 0.0
    spread: float = 0.0

    def link_width(self, link: SankeyLink) -> float:
        """Return the width of a link in px."""
        if not link.known:
            most = link.upper * self.scale if math.isfinite(link.upper) else FREE_WIDTH
            return max(link.least * self.scale, min(FREE_WIDTH, max(most, 2 * LEAST_WIDTH)))
        return max(link.value * self.scale, LEAST_WIDTH)

    def pair_width(self, pair: Pair) -> float:
        """Return the width of all links of a pair together."""
        return sum(self.link_width(link) for link in pair.links)

    def ring(self, pair: Pair) -> float:
        """Return the width of a self-loop: to scale while it stays a small ring."""
        return min(self.pair_width(pair), RING)

    def right(self, column: int) -> float:
        """Return the right edge of the bars of a column."""
        return self.left[column] + NODE_WIDTH


def measure_nodes(plan: Arrangement) -> None:
    """Stack the ports of every node in order, and set heights and the room for rings above."""
    skeleton = plan.skeleton
    rank = {item: i for layer in skeleton.layers for i, item in enumerate(layer)}
    outs: dict[int, list[tuple[tuple[float, ...], int]]] = {}
    ins: dict[int, list[tuple[tuple[float, ...], int]]] = {}
    for number, pair in enumerate(skeleton.pairs):
        if pair.kind == "self":
            plan.headroom[pair.source] = 2 * (RING_HOLE + plan.ring(pair))
            continue
        out_key, in_key = _port_keys(plan, rank, number, pair)
        outs.setdefault(pair.source, []).append((out_key, number))
        ins.setdefault(pair.target, []).append((in_key, number))
        if pair.kind == "same":
            # Links within a column leave and arrive on the right.
            ins[pair.target].pop()
            outs.setdefault(pair.target, []).append((in_key, -number - 1))
    for node in range(skeleton.node_count):
        change = skeleton.graph.nodes[node].stock_change or 0.0
        right = _stack(plan, sorted(outs.get(node, ())), node, max(change, 0.0), "out")
        left = _stack(plan, sorted(ins.get(node, ())), node, max(-change, 0.0), "in")
        plan.height[node] = max(left, right, LEAST_NODE)
        over = skeleton.graph.nodes[node].imbalance
        if over:
            side, filled = ("right", right) if over > 0 else ("left", left)
            gap = max(abs(over) * plan.scale, LEAST_WIDTH)
            plan.missing[node] = (side, filled, gap)
            plan.height[node] = max(plan.height[node], filled + gap)
    for dummy, pair in skeleton.pair_of_dummy.items():
        plan.height[dummy] = plan.pair_width(pair)


def _port_keys(
    plan: Arrangement, rank: Mapping[int, int], number: int, pair: Pair
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return where a pair stands in the order of ports at its source and at its target.

    Loops above first, then links up the column, forward links in the order of where they go,
    (stock, key 4,) links down the column, loops below: the longest loop in the middle, so that
    shorter ones nest inside it.
    """
    if pair.kind == "forward":
        return (3.0, rank[pair.chain[1]], number), (3.0, rank[pair.chain[-2]], number)
    if pair.kind == "same":
        down = rank[pair.target] > rank[pair.source]
        first, second = (5.0, 2.0) if down else (2.0, 5.0)
        distance = abs(rank[pair.target] - rank[pair.source])
        return (first, -distance, number), (second, distance, number)
    key = (1.0 if number in plan.above else 6.0, -plan.lanes.get(number, 0.0), number)
    return key, key


def _stack(
    plan: Arrangement,
    ports: Sequence[tuple[tuple[float, ...], int]],
    node: int,
    change: float,
    side: str,
) -> float:
    """Give every port of one side of a node its place; return the height they take."""
    at, mark = 0.0, max(change * plan.scale, LEAST_WIDTH) if change else 0.0
    for key, number in ports:
        if mark and key[0] > 4.0:
            plan.stubs[node] = (at, mark)
            at, mark = at + mark, 0.0
        owner = number if number >= 0 else -number - 1
        plan.ports[owner, side if number >= 0 else "in"] = at
        at += plan.pair_width(plan.skeleton.pairs[owner])
    if mark:
        plan.stubs[node] = (at, mark)
    return at + mark


def gap_needs(plan: Arrangement) -> tuple[list[float], list[float]]:
    """Return the width the upright parts of loops need right and left of each column."""
    count = len(plan.skeleton.layers)
    right = {(c, s): 0.0 for c in range(count) for s in (True, False)}
    left = dict(right)
    for number, pair in enumerate(plan.skeleton.pairs):
        width = plan.pair_width(pair) + LANE_GAP
        source, target = plan.skeleton.columns[pair.source], plan.skeleton.columns[pair.target]
        if pair.kind == "back":
            right[source, number in plan.above] += width
            left[target, number in plan.above] += width
        elif pair.kind == "same":
            right[source, False] += width
    pad = BEND + LANE_GAP
    rights = [max(right[c, True], right[c, False]) for c in range(count)]
    lefts = [max(left[c, True], left[c, False]) for c in range(count)]
    return [n + pad if n else 0.0 for n in rights], [n + pad if n else 0.0 for n in lefts]


def set_columns(
    plan: Arrangement,
    start: float,
    end: float,
    needs: tuple[list[float], list[float]],
    wants: Sequence[float],
) -> None:
    """Spread the columns from `start` to `end`.

    Every gap gets the room its loops need (`needs`); the rest goes by the width that labels want
    there (`wants`), and what is then left over equally.
    """
    rights, lefts = needs
    count = len(plan.skeleton.layers)
    extra = [rights[c] + lefts[c + 1] for c in range(count - 1)]
    free = end - start - count * NODE_WIDTH - sum(extra)
    wished = sum(wants[: count - 1])
    share = min(free / wished, 1.0) if wished else 0.0
    rest = (free - share * wished) / max(count - 1, 1)
    plan.breadth = sum(extra)
    plan.spread = end - start - count * NODE_WIDTH
    plan.left = [start]
    for c in range(count - 1):
        gap = extra[c] + share * wants[c] + rest
        plan.left.append(plan.left[-1] + NODE_WIDTH + gap)


def layer_gaps(plan: Arrangement, blocks: Mapping[int, Block], pad: float) -> list[list[float]]:
    """Return the least distance between neighbours in each layer.

    Bars keep `pad`, dummies less; labels on the same side of two bars must not touch, whatever
    stands between them.
    """
    count = plan.skeleton.node_count
    gaps = []
    for layer in plan.skeleton.layers:
        gap = []
        for a, b in pairwise(layer):
            bars = (a < count) + (b < count)
            gap.append(pad * (0.3, 0.7, 1.0)[bars] + plan.headroom.get(b, 0.0))
        last: dict[str, int] = {}
        for i, item in enumerate(layer):
            if item in blocks:
                block = blocks[item]
                if block.side in last:
                    _part(plan, blocks, layer, gap, last[block.side], i)
                last[block.side] = i
        gaps.append(gap)
    return gaps


def _part(
    plan: Arrangement,
    blocks: Mapping[int, Block],
    layer: Sequence[int],
    gap: list[float],
    i: int,
    j: int,
) -> None:
    """Widen the gaps between items i and j of a layer until their labels clear each other."""
    a, b = layer[i], layer[j]
    labels = (blocks[a].height + blocks[b].height) / 2 + 3.0
    have = (plan.height[a] + plan.height[b]) / 2 + sum(gap[i:j])
    have += sum(plan.height[item] for item in layer[i + 1 : j])
    if labels > have:
        for k in range(i, j):
            gap[k] += (labels - have) / (j - i)


def place_items(
    plan: Arrangement, gaps: Sequence[Sequence[float]], room: float, rounds: int
) -> None:
    """Find the vertical place of every item in so many rounds of relaxation."""
    skeleton = plan.skeleton
    ties: dict[int, list[tuple[int, float, float, float]]] = {}
    for number, pair in enumerate(skeleton.pairs):
        if pair.kind != "forward":
            continue
        width = plan.pair_width(pair)
        count = skeleton.node_count
        for a, b in pairwise(pair.chain):
            port_a = (plan.ports[number, "out"] if a < count else 0.0) + width / 2
            port_b = (plan.ports[number, "in"] if b < count else 0.0) + width / 2
            # Long links are worth more straightness where they pass between nodes.
            weight = width * (1.0, 2.0, 4.0)[(a >= count) + (b >= count)]
            ties.setdefault(a, []).append((b, port_a, port_b, weight))
            ties.setdefault(b, []).append((a, port_b, port_a, weight))
    plan.top = place_layers(skeleton.layers, plan.height, gaps, ties, room, rounds)


def lay_lanes(plan: Arrangement, blocks: Mapping[int, Block]) -> None:
    """Stack the lanes of loops under (or above) what they pass, the shortest loop innermost."""
    skeleton = plan.skeleton
    count = len(skeleton.layers)
    floor, ceiling = [0.0] * count, [0.0] * count
    for c, layer in enumerate(skeleton.layers):
        edges = [_reach(plan, blocks, item) for item in layer]
        ceiling[c] = min((top for top, _ in edges), default=0.0) - LANE_GAP - 4
        floor[c] = max((bottom for _, bottom in edges), default=0.0) + LANE_GAP + 4
    backs = [(n, p) for n, p in enumerate(skeleton.pairs) if p.kind == "back"]

    def span(entry: tuple[int, Pair]) -> tuple[float, ...]:
        number, pair = entry
        source, target = skeleton.columns[pair.source], skeleton.columns[pair.target]
        return (source - target, plan.pair_width(pair), number)

    for number, pair in sorted(backs, key=span):
        columns = range(skeleton.columns[pair.target], skeleton.columns[pair.source] + 1)
        width = plan.pair_width(pair)
        if number in plan.above:
            edge = min(ceiling[c] for c in columns)
            plan.lanes[number] = edge - width / 2
            for c in columns:
                ceiling[c] = edge - width - LANE_GAP
        else:
            edge = max(floor[c] for c in columns)
            plan.lanes[number] = edge + width / 2
            for c in columns:
                floor[c] = edge + width + LANE_GAP


def _reach(plan: Arrangement, blocks: Mapping[int, Block], item: int) -> tuple[float, float]:
    """Return top and bottom of an item with its label and ring."""
    top, bottom = plan.top[item], plan.top[item] + plan.height[item]
    middle = (top + bottom) / 2
    half = blocks[item].height / 2 if item in blocks else 0.0
    return min(top - plan.headroom.get(item, 0.0), middle - half), max(bottom, middle + half)


def choose_sides(plan: Arrangement) -> None:
    """Send each loop above the diagram where its ends stand near the top, else below.

    Only the order of the nodes counts, not their sizes: a picture of another period bends alike.
    """
    count = plan.skeleton.node_count
    depth: dict[int, float] = {}
    for layer in plan.skeleton.layers:
        nodes = [item for item in layer if item < count]
        depth |= {node: (i + 0.5) / len(nodes) for i, node in enumerate(nodes)}
    for number, pair in enumerate(plan.skeleton.pairs):
        if pair.kind == "back" and depth[pair.source] + depth[pair.target] < _UPPER:
            plan.above.add(number)


def extent(plan: Arrangement, blocks: Mapping[int, Block]) -> tuple[float, float]:
    """Return the top and bottom of all that is arranged."""
    edges = [_reach(plan, blocks, item) for layer in plan.skeleton.layers for item in layer]
    tops, bottoms = [t for t, _ in edges], [b for _, b in edges]
    for number, lane in plan.lanes.items():
        half = plan.pair_width(plan.skeleton.pairs[number]) / 2
        tops.append(lane - half)
        bottoms.append(lane + half)
    return min(tops, default=0.0), max(bottoms, default=0.0)
