"""Pictures of a report: Sankeys by `mfa.sankey`, and plain bar charts, as SVG text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from mfa.locale import translator
from mfa.locale.numbers import format_number
from mfa.report.document import Figure
from mfa.report.pictures import whole_view
from mfa.report.tables import given_decimals
from mfa.sankey.colours import class_colour

if TYPE_CHECKING:
    from mfa.report.text import Writer
    from mfa.sankey.drawing import Drawing
    from mfa.sankey.graph import SankeyGraph

INK, MUTED, RULE = "#1d2b33", "#51626c", "#d5dde1"
OVERALL = "sankey-overall"
PAPER = (200.0, 22.0)  # px: height of a Sankey on paper, and what a node adds
WIDE = 16  # nodes; a Sankey of more gets a page across on paper
FONT = "Noto Sans, DejaVu Sans, sans-serif"
CLASS_COLOURS = {key: class_colour(key) for key in ("MF.1", "MF.2", "MF.3", "MF.4", "other")}


@dataclass(frozen=True)
class StackedBar:
    """One bar: parts by key (negative ones left of zero), perhaps with an interval of the sum."""

    label: str
    parts: Mapping[str, float]
    lower: float = math.nan
    upper: float = math.nan


def sankey_figure(w: Writer, view: str | None, identifier: str) -> Figure | None:
    """Return the Sankey of a view (None: all processes) as a figure; None when it has no flows."""
    _, facts = w.tr, w.facts
    chosen = facts.system.views[view] if view else whole_view(facts.system, "goods")
    image = facts.pictures.draw(chosen, w.language, facts.period, facts.region)
    if image is None:
        return None
    title = chosen.name(w.language) if view else facts.system.title(w.language)
    return Figure(
        identifier,
        image.svg,
        _("{title} ({unit})", title=title, unit=shown_unit(image.graph)),
        _(
            "Sankey diagram: {title}. The flows stand in the tables of this chapter and in the "
            "annex.",
            title=title,
        ),
        _reading(w, identifier),
        _("Point at a band for its value and uncertainty."),
        partial(redrawn, image.graph),
        len(image.graph.nodes) > WIDE,
        view=chosen.id,
    )


def _reading(w: Writer, identifier: str) -> str:
    """Return how to read a Sankey, under that of the summary only."""
    _ = w.tr
    if identifier != OVERALL:
        return ""
    return _(
        "Read from left to right. A band is as wide as its flow is large; hatched bands are known "
        "as an interval only. The bar at the right of a node is what stays in stock."
    )


def redrawn(graph: SankeyGraph, width: float, tallest: float) -> str:
    """Return a Sankey for paper: without the title which its caption repeats, nor its margins."""
    from mfa.sankey.furniture import MARGIN
    from mfa.sankey.layout import layout
    from mfa.sankey.svg import render_svg

    _ = translator(graph.language)
    note = _("Flows between processes of the same node are not drawn.") if graph.note else ""
    height = min(tallest, max(PAPER[0] + PAPER[1] * len(graph.nodes), 300.0))
    size = (width + 2 * MARGIN, height + MARGIN)
    drawing = layout(replace(graph, title="", subtitle="", note=note), size)
    return cropped(render_svg(drawing), *_content(drawing, MARGIN))


def _content(drawing: Drawing, margin: float) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is drawn, at least as wide as the type area."""
    boxes = [item.box for item in (*drawing.labels, *drawing.amounts, *drawing.texts)]
    boxes += [(b.x, b.y, b.x, b.y + b.height) for b in (*drawing.boxes, *drawing.bars)]
    boxes += [(s.x, s.y, s.x, s.y + s.size) for s in drawing.swatches]
    boxes.append((margin, drawing.height / 2, drawing.width - margin, drawing.height / 2))
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def cropped(svg: str, left: float, top: float, right: float, bottom: float) -> str:
    """Return a picture that shows only this part of the original.

    Examples
    --------
    >>> cropped('<svg viewBox="0 0 40 30" width="40" height="30">', 4, 5, 36, 25.04)
    '<svg viewBox="4 5 32 20" width="32" height="20">'
    """
    x, y, wide, tall = (
        f"{n:.1f}".removesuffix(".0") for n in (left, top, right - left, bottom - top)
    )
    head = svg.index("<svg")
    end = svg.index(">", head)
    shown = re.sub(r'viewBox="[^"]*"', f'viewBox="{x} {y} {wide} {tall}"', svg[head:end])
    shown = re.sub(r'\swidth="[^"]*"', f' width="{wide}"', shown)
    shown = re.sub(r'\sheight="[^"]*"', f' height="{tall}"', shown)
    return svg[:head] + shown + svg[end:]


def shown_unit(graph: SankeyGraph) -> str:
    """Return the unit in which the drawing gives its numbers."""
    from mfa.sankey.texts import choose_scale

    graph = graph.split_ends()
    through = {}
    for node in graph.nodes:
        change = node.stock_change or 0.0
        through[node.id] = [max(-change, 0.0), max(change, 0.0)]
    for link in graph.links:
        if link.known:
            through[link.source][1] += link.value
            through[link.target][0] += link.value
    sizes = [max(ends) for ends in through.values()]
    return choose_scale(sizes, graph.unit, graph.language).unit


def stacked_bars(
    bars: Sequence[StackedBar],
    labels: Mapping[str, tuple[str, str]],
    unit: str,
    language: str,
    title: str,
) -> str:
    """Return a chart of horizontal stacked bars.

    Parameters
    ----------
    bars
        From top to bottom.
    labels
        Key of a part → (name, colour); gives the order of stacking and the legend.
    unit
        In words, written at the axis.
    language
        Of the numbers at the axis.
    title
        For those who cannot see the picture.
    """
    return _Chart(bars, labels, unit, language, title).svg()


def nice_step(span: float, steps: int = 5) -> float:
    """Return a round step (1, 2, 2.5 or 5 × a power of ten) that cuts `span` in about `steps`.

    Examples
    --------
    >>> nice_step(4200.0), nice_step(0.93), nice_step(100.0)
    (1000.0, 0.2, 20.0)
    """
    raw = span / steps
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw * 0.999)


class _Chart:
    """Geometry of one chart of stacked bars."""

    WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860, 250, 24, 34, 24, 14

    def __init__(
        self,
        bars: Sequence[StackedBar],
        labels: Mapping[str, tuple[str, str]],
        unit: str,
        language: str,
        title: str,
    ) -> None:
        self.bars, self.labels, self.unit = bars, labels, unit
        self.language, self.title = language, title
        ends = [self._ends(bar) for bar in bars]
        low, high = min([0.0, *(e[0] for e in ends)]), max([0.0, *(e[1] for e in ends)])
        self.step = nice_step(max(high - low, 1e-12))
        self.low = math.floor(low / self.step + 1e-9) * self.step
        self.high = math.ceil(high / self.step - 1e-9) * self.step or self.step
        self.used = [key for key in labels if any(bar.parts.get(key) for bar in bars)]

    @staticmethod
    def _ends(bar: StackedBar) -> tuple[float, float]:
        plus = sum(v for v in bar.parts.values() if v > 0)
        minus = sum(v for v in bar.parts.values() if v < 0)
        finite = [v for v in (bar.lower, bar.upper) if math.isfinite(v)]
        return min([minus, *finite]), max([plus, *finite])

    def _x(self, value: float) -> float:
        inner = self.WIDTH - self.LEFT - self.RIGHT
        return self.LEFT + inner * (value - self.low) / (self.high - self.low)

    def svg(self) -> str:
        """Return the chart."""
        bottom = self.TOP + len(self.bars) * (self.BAR + self.GAP)
        legend, height = self._legend(bottom + 44)
        body = self._grid(bottom) + [
            p for k, bar in enumerate(self.bars) for p in self._bar(k, bar)
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {height}" '
            f'width="{self.WIDTH}" height="{height}" role="img" font-family="{FONT}" '
            f'font-size="13" fill="{INK}"><title>{escape(self.title)}</title>'
            + "".join(body + legend)
            + "</svg>"
        )

    def _grid(self, bottom: float) -> list[str]:
        decimals = given_decimals(self.step, 3)
        parts = []
        for k in range(round((self.high - self.low) / self.step) + 1):
            value = self.low + k * self.step
            x = self._x(value)
            strong = INK if abs(value) < self.step / 1e6 else RULE
            text = format_number(value, decimals, self.language)
            parts.append(
                f'<path d="M{x:.1f} {self.TOP - 8}V{bottom}" stroke="{strong}"/>'
                f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="{MUTED}">'
                f"{text}</text>"
            )
        parts.append(
            f'<text x="{self.WIDTH - self.RIGHT}" y="{self.TOP - 16}" text-anchor="end" '
            f'fill="{MUTED}">{escape(self.unit)}</text>'
        )
        return parts

    def _bar(self, number: int, bar: StackedBar) -> list[str]:
        y = self.TOP + number * (self.BAR + self.GAP)
        middle = y + self.BAR / 2
        parts = [
            f'<text x="{self.LEFT - 12}" y="{middle + 4.5:.1f}" text-anchor="end">'
            f"{escape(bar.label)}</text>"
        ]
        plus = minus = 0.0
        for key in self.used:
            value = bar.parts.get(key, 0.0)
            if not value:
                continue
            start = plus if value > 0 else minus
            left, right = sorted((self._x(start), self._x(start + value)))
            name, colour = self.labels[key]
            shown = format_number(value, self._decimals(value), self.language)
            parts.append(
                f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 0.6):.1f}" '
                f'height="{self.BAR}" fill="{colour}" fill-opacity=".8">'
                f"<title>{escape(f'{bar.label} – {name}: {shown} {self.unit}')}</title></rect>"
            )
            plus, minus = (plus + value, minus) if value > 0 else (plus, minus + value)
        return parts + self._whisker(bar, middle)

    def _decimals(self, value: float) -> int:
        return max(0, 2 - math.floor(math.log10(abs(value))))

    def _whisker(self, bar: StackedBar, y: float) -> list[str]:
        """Return the interval of the sum: a line with ends; without an upper limit, an arrow."""
        if math.isnan(bar.lower) or math.isinf(bar.lower):
            return []
        left = self._x(bar.lower)
        if math.isinf(bar.upper):
            right = self.WIDTH - self.RIGHT
            end = f"M{right - 6} {y - 4}l6 4l-6 4"
        else:
            right = self._x(bar.upper)
            end = f"M{right:.1f} {y - 5}v10"
        path = f"M{left:.1f} {y - 5}v10M{left:.1f} {y}H{right:.1f}{end}"
        # A pale outline keeps the line readable over dark parts.
        return [
            f'<path d="{path}" fill="none" stroke="#fff" stroke-width="3.4" opacity=".75"/>'
            f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.4"/>'
        ]

    def _legend(self, y: float) -> tuple[list[str], int]:
        from mfa.sankey.font import text_width

        parts, x = [], float(self.LEFT)
        for key in self.used:
            name, colour = self.labels[key]
            width = 22 + text_width(name, 13) + 22
            if x + width > self.WIDTH and x > self.LEFT:
                x, y = float(self.LEFT), y + 22
            parts.append(
                f'<rect x="{x:.1f}" y="{y - 11}" width="14" height="14" fill="{colour}" '
                f'fill-opacity=".8"/>'
                f'<text x="{x + 20:.1f}" y="{y + 1}">{escape(name)}</text>'
            )
            x += width
        return parts, int(y + 16)
