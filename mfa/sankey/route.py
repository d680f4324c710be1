"""The paths of links: bands from left to right, loops as rounded strokes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mfa.sankey.arrange import (
    BEND,
    GAP_FRAME,
    LANE_GAP,
    NODE_WIDTH,
    RING_HOLE,
    STUB,
    Arrangement,
)
from mfa.sankey.graph import SankeyLink
from mfa.sankey.skeleton import Pair

_THIN = 5.0  # up to this width a stroke looks better than a band, which thins where it is steep
_BREADTH = 0.5
Point = tuple[float, float]


@dataclass(frozen=True)
class Route:
    """The way of one link: path data, whether it is a filled band, and its arrows."""

    link: SankeyLink
    path: str
    width: float
    filled: bool
    arrows: tuple[str, ...] = ()


def number_text(value: float) -> str:
    """Return `value` with at most two decimals and no idle zeros.

    Examples
    --------
    >>> number_text(12.3401), number_text(-0.001), number_text(40.0)
    ('12.34', '0', '40')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def route_links(plan: Arrangement) -> list[Route]:
    """Return the routes of all links."""
    uprights = _uprights(plan)
    routes = []
    for number, pair in enumerate(plan.skeleton.pairs):
        if pair.kind == "self":
            routes += _ring(plan, pair)
            continue
        offset = 0.0
        for link in pair.links:
            width = plan.link_width(link)
            middle = offset + width / 2
            if pair.kind == "forward":
                whole = plan.pair_width(pair)
                share = (offset / whole, (offset + width) / whole)
                stations = list(_stations(plan, number, pair, middle))
                routes.append(_band(link, stations, width, share, whole))
            else:
                points = _loop(plan, number, pair, middle, uprights[number])
                # Concentric corners: the way out to the upright, less what leads to its middle.
                radius = points[1][0] - points[0][0]
                radius -= uprights[number][0] - BEND - plan.pair_width(pair) / 2
                arrows = tuple(_arrows(pair, points, width))
                routes.append(Route(link, rounded(points, radius), width, False, arrows))
            offset += width
    return routes


def _stations(
    plan: Arrangement, number: int, pair: Pair, middle: float
) -> Iterator[tuple[float, float, float]]:
    """Yield (left, right, y of the link's middle) of every item the pair passes."""
    columns = plan.skeleton.columns
    for i, item in enumerate(pair.chain):
        left = plan.left[columns[pair.source] + i]
        y = plan.top[item] + middle
        if i == 0:
            yield left + NODE_WIDTH, left + NODE_WIDTH, y + plan.ports[number, "out"]
        elif i == len(pair.chain) - 1:
            yield left, left, y + plan.ports[number, "in"]
        else:
            yield left, left + NODE_WIDTH, y


def _band(
    link: SankeyLink,
    stations: Sequence[tuple[float, float, float]],
    width: float,
    share: tuple[float, float],
    whole: float,
) -> Route:
    """Return the band of one link; `share` is where its edges lie in its pair, 0 to 1."""
    if width <= _THIN:
        return Route(link, _curve(stations, 0.0), width, False)
    back = [(right, left, y) for left, right, y in reversed(stations)]
    upper = _curve(stations, -width / 2, whole * (0.5 - share[0]))
    lower = _curve(back, width / 2, whole * (0.5 - share[1]), start="L")
    return Route(link, f"{upper}{lower}Z", width, True)


def _curve(
    stations: Sequence[tuple[float, float, float]],
    shift: float,
    lean: float = 0.0,
    start: str = "M",
) -> str:
    """Return S-curves through the stations, level where they leave and arrive.

    `lean` is how far the edge lies above the middle of its pair: where a band falls, its upper edge
    swings later and its lower edge earlier, so that the band stays broad where it is steep.
    """
    n = number_text
    parts = []
    last_x = last_y = 0.0
    for i, (enter, leave, middle) in enumerate(stations):
        y = middle + shift
        if i == 0:
            parts.append(f"{start}{n(enter)},{n(y)}")
        elif abs(y - last_y) < 0.005:
            parts.append(f"H{n(enter)}")
        else:
            half = (last_x + enter) / 2 + _swing(enter - last_x, y - last_y, lean)
            parts.append(f"C{n(half)},{n(last_y)} {n(half)},{n(y)} {n(enter)},{n(y)}")
        if leave != enter:
            parts.append(f"H{n(leave)}")
        last_x, last_y = leave, y
    return "".join(parts)


def _swing(dx: float, dy: float, lean: float) -> float:
    """Return how far right the middle of an edge moves.

    A cubic with both handles at half way has slope 2·dy/dx = tan θ there; a band of width w keeps
    it, measured across, when its edges part by w·tan(θ/2), of which a handle moves the curve by
    three quarters. Half of that is taken: bands side by side must share the room.
    """
    slope = math.atan(2 * dy / dx)
    most = 0.35 * abs(dx)
    return min(max(_BREADTH * lean * math.tan(slope / 2) / 0.75, -most), most)


def _uprights(plan: Arrangement) -> dict[int, tuple[float, float]]:
    """Return, for every loop, how far its upright parts stand from the bars right and left.

    The deeper the lane, the further out, so that loops nest.
    """
    columns = plan.skeleton.columns
    away: dict[int, list[float]] = {}
    used: dict[tuple[str, int, bool], float] = {}
    order = sorted(
        (n for n, p in enumerate(plan.skeleton.pairs) if p.kind in ("back", "same")),
        key=lambda n: _depth(plan, n),
    )
    for number in order:
        pair = plan.skeleton.pairs[number]
        width = plan.pair_width(pair)
        slots = [("right", columns[pair.source])]
        slots += [("left", columns[pair.target])] if pair.kind == "back" else []
        for side, column in slots:
            key = (side, column, number in plan.above)
            at = used.get(key, BEND)
            away.setdefault(number, []).append(at + width / 2)
            used[key] = at + width + LANE_GAP
    return {n: (places[0], places[-1]) for n, places in away.items()}


def _depth(plan: Arrangement, number: int) -> tuple[float, int]:
    """Return how far out a loop's lane lies; links within a column come first."""
    pair = plan.skeleton.pairs[number]
    if pair.kind == "same":
        return (-1e9 + abs(plan.top[pair.source] - plan.top[pair.target]), number)
    lane = plan.lanes[number]
    return (-lane if number in plan.above else lane, number)


def _loop(
    plan: Arrangement, number: int, pair: Pair, middle: float, away: tuple[float, float]
) -> list[Point]:
    """Return the corners of a loop's middle line.

    `middle` is the distance of the link from the upper edge of its pair; within the pair the links
    nest, so that the same one is outermost all the way.
    """
    columns = plan.skeleton.columns
    inward = middle - plan.pair_width(pair) / 2
    start = (plan.right(columns[pair.source]), _port(plan, number, pair, "out") + middle)
    if pair.kind == "same":
        down = plan.top[pair.target] > plan.top[pair.source]
        x = start[0] + away[0] + (-inward if down else inward)
        # Mirrored at the arrival, so that links of a pair do not cross.
        arrive = _port(plan, number, pair, "in") + plan.pair_width(pair) - middle
        return [start, (x, start[1]), (x, arrive), (start[0], arrive)]
    end = (plan.left[columns[pair.target]], _port(plan, number, pair, "in") + middle)
    lane = plan.lanes[number] - inward
    turn = inward if number in plan.above else -inward
    x1, x2 = start[0] + away[0] + turn, end[0] - away[1] - turn
    return [start, (x1, start[1]), (x1, lane), (x2, lane), (x2, end[1]), end]


def _ring(plan: Arrangement, pair: Pair) -> Iterator[Route]:
    """Yield the links of a self-loop as concentric rings that sit on their node."""
    n = number_text
    whole, ring = plan.pair_width(pair), plan.ring(pair)
    x = plan.left[plan.skeleton.columns[pair.source]] + NODE_WIDTH / 2
    y = plan.top[pair.source] - RING_HOLE - ring
    radius = RING_HOLE
    for i, link in enumerate(pair.links):
        width = plan.link_width(link) * ring / whole
        r = n(radius + width / 2)
        bottom, top = n(y + radius + width / 2), n(y - radius - width / 2)
        path = f"M{n(x)},{bottom}A{r},{r} 0 0 0 {n(x)},{top}A{r},{r} 0 0 0 {n(x)},{bottom}"
        arrow = _triangle((x, y - RING_HOLE - ring / 2), 3.2)
        yield Route(link, path, width, False, (arrow,) if i == 0 else ())
        radius += width


def _port(plan: Arrangement, number: int, pair: Pair, side: str) -> float:
    node = pair.source if side == "out" else pair.target
    return plan.top[node] + plan.ports[number, side]


def rounded(points: Sequence[Point], radius: float) -> str:
    """Return the path along axis-parallel `points` with corners rounded by up to `radius`.

    Examples
    --------
    >>> rounded([(0, 0), (10, 0), (10, 10)], 4)
    'M0,0L6,0A4,4 0 0 1 10,4L10,10'
    """
    n = number_text
    path = f"M{n(points[0][0])},{n(points[0][1])}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first, second = _length(before, corner), _length(corner, after)
        # The outer pieces end at a bar: they may be used up wholly, inner ones by half.
        reach = min(
            radius,
            first if before is points[0] else first / 2,
            second if after is points[-1] else second / 2,
        )
        enter, leave = _along(corner, before, reach), _along(corner, after, reach)
        cross = (corner[0] - before[0]) * (after[1] - corner[1])
        cross -= (corner[1] - before[1]) * (after[0] - corner[0])
        path += f"L{n(enter[0])},{n(enter[1])}"
        path += f"A{n(reach)},{n(reach)} 0 0 {int(cross > 0)} {n(leave[0])},{n(leave[1])}"
    return path + f"L{n(points[-1][0])},{n(points[-1][1])}"


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _along(start: Point, towards: Point, distance: float) -> Point:
    length = _length(start, towards)
    if length == 0:
        return start
    share = distance / length
    return (
        start[0] + (towards[0] - start[0]) * share,
        start[1] + (towards[1] - start[1]) * share,
    )


def _arrows(pair: Pair, points: Sequence[Point], width: float) -> Iterator[str]:
    """Yield triangles that say which way a loop runs: one every 300 px of its lane."""
    size = min(max(0.45 * width, 3.2), 8.0)
    if pair.kind == "same":
        yield _triangle((points[-1][0] + size, points[-1][1]), size)
        return
    first, last = points[2][0], points[3][0]
    count = max(1, round((first - last) / 300)) if pair.kind == "back" else 1
    for i in range(count):
        yield _triangle((first + (last - first) * (i + 0.5) / count, points[2][1]), size)


def _triangle(middle: Point, size: float) -> str:
    """Return a triangle that points left."""
    n = number_text
    x, y = middle
    return f"M{n(x - size)},{n(y)}L{n(x + size)},{n(y - size)}L{n(x + size)},{n(y + size)}Z"


def stub_places(plan: Arrangement) -> dict[int, tuple[float, float, float, float, float]]:
    """Return, for every node with a stock mark, its x, y, width, height and the x of its cap."""
    marks = {}
    for node, (offset, height) in plan.stubs.items():
        column = plan.skeleton.columns[node]
        y = plan.top[node] + offset
        if (plan.skeleton.graph.nodes[node].stock_change or 0.0) > 0:
            x = plan.right(column)
            marks[node] = (x, y, STUB, height, x + STUB - 3)
        else:
            x = plan.left[column] - STUB
            marks[node] = (x, y, STUB, height, x)
    return marks


def gap_places(plan: Arrangement) -> list[tuple[float, float, float, float]]:
    """Return x, y, width and height of the frames where balances do not close."""
    places = []
    for node, (side, offset, height) in sorted(plan.missing.items()):
        column = plan.skeleton.columns[node]
        x = plan.right(column) if side == "right" else plan.left[column] - GAP_FRAME
        places.append((x, plan.top[node] + offset, GAP_FRAME, height))
    return places
