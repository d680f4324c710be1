"""What is drawn: shapes and texts with coordinates, ready to be written as SVG."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from mfa.sankey.font import text_width
from mfa.sankey.graph import SankeyGraph, SankeyLink, SankeyNode

LINE_HEIGHT = 1.22


@dataclass(frozen=True)
class Text:
    """One line of text; `x` is its start, middle or end as `anchor` says, `y` its baseline."""

    x: float
    y: float
    text: str
    size: float
    weight: str = "regular"
    anchor: str = "start"
    role: str = "label"

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the line."""
        width = text_width(self.text, self.size, self.weight)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return (left, self.y - 0.95 * self.size, left + width, self.y + 0.27 * self.size)


@dataclass(frozen=True)
class Ribbon:
    """A link: a filled band, or a stroke of `width` where `filled` is False."""

    link: SankeyLink
    path: str
    width: float
    filled: bool
    colour: str
    opacity: float
    tooltip: str


@dataclass(frozen=True)
class Arrow:
    """A small triangle that says which way a loop runs."""

    path: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", self.path)]
        xs, ys = numbers[::2], numbers[1::2]
        return (min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True)
class Box:
    """The bar of a node."""

    node: SankeyNode
    x: float
    y: float
    width: float
    height: float
    tooltip: str


@dataclass(frozen=True)
class Stub:
    """A stock addition (right of a node) or withdrawal (left of it), as wide as a link."""

    x: float
    y: float
    width: float
    height: float
    cap_x: float


@dataclass(frozen=True)
class Gap:
    """What a node's balance leaves over: a dashed frame at the side that lacks it."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Label:
    """The lines beside a node."""

    node: SankeyNode
    lines: tuple[Text, ...]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all lines."""
        boxes = [line.box for line in self.lines]
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return (min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True)
class Swatch:
    """A colour of the legend."""

    x: float
    y: float
    size: float
    colour: str
    hatched: bool = False


@dataclass(frozen=True)
class ScaleBar:
    """An upright bar as wide as a link of a round value."""

    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """A laid-out diagram; all lengths in px of the page.

    Attributes
    ----------
    graph
        What is drawn, with its ends cut.
    width, height
        Of the page.
    zoom
        How much smaller than drawn it is shown, where a fixed page was too small.
    description
        The picture in words.
    scale
        px per unit of the graph.
    """

    graph: SankeyGraph
    width: float
    height: float
    zoom: float
    description: str
    scale: float
    ribbons: tuple[Ribbon, ...]
    arrows: tuple[Arrow, ...]
    boxes: tuple[Box, ...]
    stubs: tuple[Stub, ...]
    gaps: tuple[Gap, ...]
    labels: tuple[Label, ...]
    amounts: tuple[Text, ...]
    swatches: tuple[Swatch, ...]
    bars: tuple[ScaleBar, ...]
    texts: tuple[Text, ...]
