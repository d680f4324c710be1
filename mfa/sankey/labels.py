"""The lines beside the nodes: what they say, how they wrap, where they find room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from mfa.sankey.arrange import GAP_FRAME, NODE_WIDTH, RING_HOLE, STUB, Arrangement, Block
from mfa.sankey.drawing import LINE_HEIGHT, Label, Text
from mfa.sankey.font import text_width, wrap
from mfa.sankey.graph import SankeyLink
from mfa.sankey.route import gap_places, stub_places
from mfa.sankey.skeleton import Pair, Skeleton

Rectangle = tuple[float, float, float, float]
GAP = 6.0  # between a bar and its label


@dataclass(frozen=True)
class LabelStyle:
    """Font size, greatest number of lines of a name, and whether the amount joins its last line."""

    size: float
    lines: int = 3
    inline: bool = False


@dataclass(frozen=True)
class NodeText:
    """What a label says: the name, the amount, and what happens to stock and balance."""

    title: str
    amount: str
    remarks: tuple[str, ...] = ()


Line = tuple[str, float, str]  # text, size, weight


@lru_cache(maxsize=16_384)  # a label tries the same widths at many places
def label_lines(text: NodeText, style: LabelStyle, width: float) -> list[list[Line]]:
    """Return the lines of a label, each a list of pieces, wrapped to `width`."""
    for size in (style.size, 0.92 * style.size, 0.84 * style.size):
        names = wrap(text.title, width, size, "semibold", style.lines)
        if not names or not names[-1].endswith("…"):
            break
    small = 0.94 * size
    lines: list[list[Line]] = [[(name, size, "semibold")] for name in names]
    amount: Line = (text.amount, small, "regular")
    if style.inline and lines and text.amount:
        joined = text_width(names[-1] + " ", size, "semibold") + text_width(text.amount, small)
        if joined <= width:
            lines[-1].append(amount)
        else:
            lines.append([amount])
    elif text.amount:
        lines.append([amount])
    for remark in text.remarks:
        lines += [[(part, small, "regular")] for part in wrap(remark, width, small, lines=2)]
    return lines


def block_size(lines: Sequence[Sequence[Line]]) -> tuple[float, float]:
    """Return width and height of the lines of a label."""
    widths = [sum(text_width(t, s, w) for t, s, w in line) + _spaces(line) for line in lines]
    return max(widths, default=0.0), sum(LINE_HEIGHT * line[0][1] for line in lines)


def _spaces(line: Sequence[Line]) -> float:
    return 0.35 * line[0][1] * (len(line) - 1)


def make_block(text: NodeText, style: LabelStyle, room: float, side: str) -> Block:
    """Return the block a label takes when it is wrapped to `room`."""
    lines = label_lines(text, style, room)
    width, height = block_size(lines)
    return Block(width, height, side, room, is_whole(text, lines))


def is_whole(text: NodeText, lines: Sequence[Sequence[Line]]) -> bool:
    """Return whether nothing of a label had to be cut off."""
    cut = any(name.endswith("…") for line in lines for name, _, _ in line)
    return not cut or text.title.endswith("…")


def label_side(skeleton: Skeleton, node: int) -> str:
    """Return where a node's label belongs: outside in the outer columns, else on the right."""
    return "left" if skeleton.columns[node] == 0 and len(skeleton.layers) > 1 else "right"


def set_lines(lines: Sequence[Sequence[Line]], x: float, middle: float, anchor: str) -> list[Text]:
    """Return the texts of a label whose block is centred on `middle`."""
    _, height = block_size(lines)
    y = middle - height / 2
    texts = []
    for line in lines:
        step = LINE_HEIGHT * line[0][1]
        baseline = y + 0.8 * step
        at = x
        if anchor == "middle":
            line_width, _ = block_size([line])
            at -= line_width / 2
        start = "end" if anchor == "end" else "start"
        for text, size, weight in line[::-1] if anchor == "end" else line:
            texts.append(Text(at, baseline, text, size, weight, start))
            move = text_width(text, size, weight) + 0.35 * line[0][1]
            at += -move if anchor == "end" else move
        y += step
    return texts


def place_labels(
    plan: Arrangement,
    texts: Mapping[int, NodeText],
    blocks: Mapping[int, Block],
    style: LabelStyle,
    page: Rectangle,
    keep_out: tuple[Sequence[float], Sequence[float]],
) -> list[Label]:
    """Return the labels, none over another, a bar, a mark or the edge of the page.

    Each node tries its own side, the other side, small moves up and down, and smaller type; a
    label that fits nowhere is left out (its tooltip stays). Tall nodes choose first.

    Parameters
    ----------
    keep_out
        Room right and left of each column that uprights of loops take: labels of the outer columns
        stand beyond it.
    """
    bars = {v: _bar(plan, v) for v in range(plan.skeleton.node_count)}
    frames = [*stub_places(plan).values(), *gap_places(plan)]
    marks = [(x, y, x + wide, y + high) for x, y, wide, high, *_ in frames]
    labels: dict[int, Label] = {}
    spoken = [v for v, text in texts.items() if text.title or text.amount]
    tall_first = sorted(spoken, key=lambda v: (-plan.height[v], v))
    # Every label tries its best place before any looks for another.
    for first in (True, False):
        for node in [v for v in tall_first if v not in labels]:
            taken = [label.box for label in labels.values()]
            taken += [bar for v, bar in bars.items() if v != node] + marks
            tries = _candidates(plan, node, texts[node], blocks[node], style, keep_out)
            for lines in islice(tries, 1) if first else tries:
                label = Label(plan.skeleton.graph.nodes[node], tuple(lines))
                if _inside(label.box, page) and not any(_meet(label.box, o) for o in taken):
                    labels[node] = label
                    break
    return [labels[node] for node in sorted(labels)]


def _candidates(
    plan: Arrangement,
    node: int,
    text: NodeText,
    block: Block,
    style: LabelStyle,
    keep_out: tuple[Sequence[float], Sequence[float]],
) -> Iterator[list[Text]]:
    """Yield where the label of a node may stand, best first.

    Beside its bar it stands on the node's own flows; above or below the bar, often on those of
    others: smaller type and narrower lines come first. A name is cut only where nothing else fits.
    """
    sides = (block.side, "left" if block.side == "right" else "right")
    large, small = (1.0, 0.92, 0.84), (0.76, 0.68)
    for cut, (shares, places) in product(
        (False, True), ((large, sides), (large, ("",)), (small, (*sides, "")))
    ):
        for share, room in product(shares, (block.room, 0.7 * block.room, 1.5 * block.room)):
            smaller = LabelStyle(share * style.size, style.lines, style.inline)
            lines = label_lines(text, smaller, room)
            if cut != is_whole(text, lines):
                for side in places:
                    yield from _settings(plan, node, lines, side, keep_out)


def _settings(
    plan: Arrangement,
    node: int,
    lines: Sequence[Sequence[Line]],
    side: str,
    keep_out: tuple[Sequence[float], Sequence[float]],
) -> Iterator[list[Text]]:
    """Yield the lines at a side of a bar, moved a little; without a side, above and below it."""
    top, bottom = plan.top[node], plan.top[node] + plan.height[node]
    if side:
        x, anchor = _anchor(plan, node, side, keep_out)
        step = LINE_HEIGHT * lines[0][0][1] / 2
        for shift in (0.0, -step, step, -2 * step, 2 * step):
            yield set_lines(lines, x, (top + bottom) / 2 + shift, anchor)
        return
    bar = plan.left[plan.skeleton.columns[node]] + NODE_WIDTH / 2
    _, height = block_size(lines)
    headroom = plan.headroom.get(node, 0.0)
    for middle in (top - headroom - height / 2 - 2, bottom + height / 2 + 3):
        yield set_lines(lines, bar, middle, "middle")


def place_amounts(
    plan: Arrangement,
    occupied: Sequence[Rectangle],
    amounts: Mapping[str, str],
    style: LabelStyle,
    page: Rectangle,
) -> list[Text]:
    """Return the values of links: into the broad ones before their target, intervals anywhere.

    Left out where another text stands. A link that is known only as an interval tries every place
    along its way, in the band, above and below; bars are in the way of its text. A thin loop tries
    the places above and below its lane, where no other runs.

    Parameters
    ----------
    occupied
        Where labels and arrows stand.
    amounts
        Id of a link → what to write.
    """
    taken = list(occupied)
    bars = [_bar(plan, v) for v in range(plan.skeleton.node_count)]
    size = 0.85 * style.size
    texts: list[Text] = []
    lanes = _lanes(plan)
    ways = [way for pair in enumerate(plan.skeleton.pairs) for way in _ways(plan, *pair)]
    ways = [way for way in ways if amounts.get(way.link.id)]
    for way in sorted(ways, key=lambda way: way.rank(size)):
        others = taken if way.rank(size) == 1 else taken + bars
        others = others + lanes if way.rank(size) == 2 else others
        for x, y, anchor in way.tries(size):
            role = "amount" if way.link.known else "interval"
            text = Text(x, y + 0.36 * size, amounts[way.link.id], size, anchor=anchor, role=role)
            if _inside(text.box, page) and not any(_meet(text.box, o) for o in others):
                texts.append(text)
                taken.append(text.box)
                break
    return texts


def _lanes(plan: Arrangement) -> list[Rectangle]:
    """Return where loops run from right to left."""
    found = []
    for number, lane in plan.lanes.items():
        pair = plan.skeleton.pairs[number]
        half = plan.pair_width(pair) / 2
        first, last = plan.skeleton.columns[pair.target], plan.skeleton.columns[pair.source]
        found.append((plan.left[first], lane - half, plan.right(last), lane + half))
    return found


Spot = tuple[float, float, str]  # x, y of the middle of the band, anchor


@dataclass(frozen=True)
class _Way:
    """A link, its width, and where along it a text may stand, best first.

    The last of these `spots` of a forward link is that beside the source, where its label stands.
    """

    link: SankeyLink
    kind: str
    width: float
    spots: list[Spot]

    def rank(self, size: float) -> int:
        """Return 0 for an interval or what is gone, 1 for a band as broad as text, 2 for others."""
        if self.link.gone or not self.link.known:
            return 0
        return 1 if self.width >= 1.25 * size else 2

    def tries(self, size: float) -> Iterator[Spot]:
        """Yield where text may stand: in a broad band, in and beside others, beside thin loops."""
        rank = self.rank(size)
        above, below = -self.width / 2 - 0.5 * size, self.width / 2 + 0.62 * size
        shifts: tuple[float, ...] = ((0.0, above, below), (0.0,), (above, below))[rank]
        shifts = (above, below) if self.link.gone else shifts
        spots = self.spots[:-1] if rank and self.kind == "forward" else self.spots
        if rank == 2 and self.kind not in ("back", "self"):
            return
        for (x, y, anchor), shift in product(spots, (0.0,) if self.kind == "self" else shifts):
            yield x, y + shift, anchor


def _ways(plan: Arrangement, number: int, pair: Pair) -> Iterator[_Way]:
    """Yield every link of a pair with its way."""
    offset = 0.0
    for link in pair.links:
        width = plan.link_width(link)
        middle, offset = offset + width / 2, offset + width
        yield _Way(link, pair.kind, width, _spots(plan, number, pair, middle))


def _spots(plan: Arrangement, number: int, pair: Pair, middle: float) -> list[Spot]:
    columns = plan.skeleton.columns
    first, last = columns[pair.source], columns[pair.target]
    if pair.kind == "self":
        x = plan.left[first] + NODE_WIDTH / 2 + RING_HOLE + plan.ring(pair) + 3
        return [(x, plan.top[pair.source] - RING_HOLE - plan.ring(pair), "start")]
    start = plan.top[pair.source] + plan.ports[number, "out"] + middle
    end = plan.top[pair.target] + plan.ports[number, "in"] + middle
    if pair.kind == "back":
        start, end = plan.right(first), plan.left[last]
        return [(start + share * (end - start), plan.lanes[number], "middle")
                for share in (0.5, 0.4, 0.6, 0.25, 0.75, 0.1, 0.9)]  # fmt: skip
    if pair.kind == "same":
        return [(plan.right(first) + 5, (start + end) / 2, "start"), (plan.right(first) + 5, start,
                "start")]  # fmt: skip
    passed = [
        (plan.left[first + i + 1] + NODE_WIDTH / 2, plan.top[item] + middle, "middle")
        for i, item in enumerate(pair.chain[1:-1])
    ]
    return [(plan.left[last] - 5, end, "end"), *passed, (plan.right(first) + 5, start, "start")]


def _anchor(
    plan: Arrangement, node: int, side: str, keep_out: tuple[Sequence[float], Sequence[float]]
) -> tuple[float, str]:
    column = plan.skeleton.columns[node]
    mark = _mark(plan, node, side)
    if side == "left":
        clear = keep_out[1][column] if column == 0 else 0.0
        return plan.left[column] - GAP - max(clear, mark), "end"
    last = column == len(plan.skeleton.layers) - 1
    clear = keep_out[0][column] if last else 0.0
    return plan.left[column] + NODE_WIDTH + GAP + max(clear, mark), "start"


def _mark(plan: Arrangement, node: int, side: str) -> float:
    """Return how far the marks of stock and imbalance stand out from a side of a bar."""
    change = plan.skeleton.graph.nodes[node].stock_change or 0.0
    if change > 0 if side == "right" else change < 0:
        return STUB + 3
    return GAP_FRAME if plan.missing.get(node, ("",))[0] == side else 0.0


def _bar(plan: Arrangement, node: int) -> Rectangle:
    x = plan.left[plan.skeleton.columns[node]]
    return (x, plan.top[node], x + NODE_WIDTH, plan.top[node] + plan.height[node])


def _inside(box: Rectangle, page: Rectangle) -> bool:
    return (
        box[0] >= page[0] and box[1] >= page[1] and box[2] <= page[2] and box[3] <= page[3]
    )  # fmt: skip


def _meet(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
