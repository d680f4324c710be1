"""What stands around a diagram: title, legend, scale, small print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from mfa.locale import translator
from mfa.locale.numbers import format_number
from mfa.sankey.drawing import LINE_HEIGHT, ScaleBar, Swatch, Text
from mfa.sankey.font import text_width, wrap
from mfa.sankey.graph import SankeyGraph
from mfa.sankey.texts import Scale

MARGIN = 24.0
_TITLE, _SUBTITLE, _LEGEND, _NOTE, _PANEL = 21.0, 13.5, 12.5, 11.5, 15.0
_SWATCH = 12.0
_BAR = 34.0  # greatest height of the scale bar


@dataclass
class Furniture:
    """Shapes and texts of the header or of the footer, and where they end."""

    bottom: float
    texts: list[Text] = field(default_factory=list)
    swatches: list[Swatch] = field(default_factory=list)
    bars: list[ScaleBar] = field(default_factory=list)


def header(graph: SankeyGraph, scale: Scale, width: float) -> Furniture:
    """Return title and subtitle (with the unit of all numbers), wrapped to the page."""
    _ = translator(graph.language)
    room = width - 2 * MARGIN
    done = Furniture(MARGIN)
    for line in wrap(graph.title, room, _TITLE, "semibold", lines=2):
        _write(done, line, _TITLE, "semibold", "title")
    unit = _("Unit: {unit}", unit=scale.unit) if scale.unit else ""
    subtitle = " · ".join(part for part in (graph.subtitle, unit) if part)
    for line in wrap(subtitle, room, _SUBTITLE, lines=2):
        _write(done, line, _SUBTITLE, "regular", "subtitle")
    return done


def panel_title(title: str, width: float) -> Furniture:
    """Return the small title of one of several pictures on a page."""
    done = Furniture(4.0)
    for line in wrap(title, width - 2 * MARGIN, _PANEL, "semibold", lines=2):
        _write(done, line, _PANEL, "semibold", "title")
    return done


def footer(
    graphs: Sequence[SankeyGraph], scale: Scale, width: float, top: float, px: float
) -> Furniture:
    """Return legend, scale bar (`px` per unit of the graphs) and notes, from `top` down."""
    done = Furniture(top)
    _legend(done, graphs, width)
    _scale_bar(done, graphs[0], scale, px)
    note = " ".join(dict.fromkeys(graph.note for graph in graphs if graph.note))
    for line in wrap(note, width - 2 * MARGIN, _NOTE, lines=4):
        _write(done, line, _NOTE, "regular", "note")
    done.bottom += MARGIN - 8
    return done


def _write(done: Furniture, line: str, size: float, weight: str, role: str) -> None:
    done.texts.append(Text(MARGIN, done.bottom + 0.82 * size, line, size, weight, role=role))
    done.bottom += 1.32 * size


def _legend(done: Furniture, graphs: Sequence[SankeyGraph], width: float) -> None:
    _ = translator(graphs[0].language)
    links = [link for graph in graphs for link in graph.links]
    used = {link.category for link in links}
    categories = {key: value for graph in graphs for key, value in graph.categories.items()}
    entries = [
        (category.label, category.colour, False)
        for key, category in categories.items()
        if key in used and category.label
    ]
    if any(not link.known for link in links):
        entries.append(
            (_("Known only as an interval; drawn as wide as its lower limit"), "#666666", True)
        )
    x, step = MARGIN, LINE_HEIGHT * _LEGEND + 5
    for label, colour, hatched in entries:
        label = wrap(label, width - 2 * MARGIN - 20, _LEGEND, lines=1)[0]
        wide = _SWATCH + 6 + text_width(label, _LEGEND)
        if x > MARGIN and x + wide > width - MARGIN:
            x, done.bottom = MARGIN, done.bottom + step
        done.swatches.append(Swatch(x, done.bottom, _SWATCH, colour, hatched))
        y = done.bottom + 0.84 * _SWATCH
        done.texts.append(Text(x + _SWATCH + 6, y, label, _LEGEND, role="legend"))
        x += wide + 22
    done.bottom += step + 4 if entries else 0.0


def _scale_bar(done: Furniture, graph: SankeyGraph, scale: Scale, px: float) -> None:
    if px <= 0:
        return
    _ = translator(graph.language)
    shown = _round_below(_BAR / px * scale.factor)
    height = shown / scale.factor * px
    done.bars.append(ScaleBar(MARGIN, done.bottom, height))
    text = _(
        "{amount} {unit}: the width of a flow is proportional to its value.",
        amount=format_number(shown, max(0, -math.floor(math.log10(shown))), graph.language),
        unit=scale.unit,
    )
    baseline = done.bottom + height / 2 + 0.36 * _NOTE
    done.texts.append(Text(MARGIN + 18, baseline, text, _NOTE, role="note"))
    done.bottom += max(height, _NOTE) + 8


def _round_below(value: float) -> float:
    """Return the largest 1, 2 or 5 × 10ⁿ that is not above `value`.

    Examples
    --------
    >>> _round_below(780.0), _round_below(0.03)
    (500.0, 0.02)
    """
    power = 10.0 ** math.floor(math.log10(value))
    step = next(s for s in (5, 2, 1) if s * power <= value * (1 + 1e-9) or s == 1)
    return float(f"{step * power:.6g}")
