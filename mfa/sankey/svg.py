"""Drawings as SVG text: no scripts, no references, every string escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from mfa.sankey.drawing import Box, Drawing, Gap, Label, Ribbon, Swatch, Text
from mfa.sankey.font import FALLBACK
from mfa.sankey.route import number_text as _n

if TYPE_CHECKING:
    from mfa.sankey.multiples import Sheet

# What XML 1.0 does not allow in a document, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INK, _FADED, _ALARM = "#1b1f23", "#5c646b", "#b00020"
_BARS = {
    "process": "#2f3b46",
    "import": "#7d8790",
    "export": "#7d8790",
    "environment": "#6b8f71",
    "elsewhere": "#b3bac0",
}
# Parts neighbours of the same colour.
_HAIRLINE = 'stroke="#ffffff" stroke-width="0.7" stroke-opacity="0.7"'
# Hatching shines through what is enough on plain colour.
_HALOS = {
    "amount": 'stroke-width="2.5" stroke-opacity="0.75"',
    "interval": 'stroke-width="5" stroke-opacity="0.9"',
}
_TEXT_COLOURS = {"subtitle": _FADED, "note": _FADED}


def render_svg(drawing: Drawing) -> str:
    """Return a drawing as a complete SVG document.

    Links are paths of class ``mfa-link`` with ``data-id``, ``data-source``, ``data-target`` and
    ``data-flows``; nodes are groups of class ``mfa-node`` with ``data-id``; both carry a tooltip
    as ``<title>``.
    """
    return "\n".join(_document(drawing)) + "\n"


def clean(text: str) -> str:
    """Return `text` composed (NFC), without control characters, escaped for XML.

    Examples
    --------
    >>> clean('<b a="1">' + chr(7) + "&")
    '&lt;b a=&quot;1&quot;&gt;&amp;'
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return escape(_FORBIDDEN.sub("", text), quote=True)


def render_sheet(sheet: Sheet) -> str:
    """Return several drawings on one page as a complete SVG document.

    Each is a group of class ``mfa-panel``; else it is as `render_svg` writes it.
    """
    return "\n".join(_sheet(sheet)) + "\n"


def _document(drawing: Drawing) -> Iterator[str]:
    yield _root(drawing, drawing.graph.language)
    yield f"<title>{clean(drawing.graph.title)}</title>"
    yield f"<desc>{clean(drawing.description)}</desc>"
    hatches = _hatches([drawing], drawing.swatches)
    yield from _ground(drawing, hatches)
    yield from _diagram(drawing, hatches)
    yield '<g class="mfa-furniture">'
    yield from _furniture(drawing, hatches)
    yield "</g>"
    yield "</svg>"


def _sheet(sheet: Sheet) -> Iterator[str]:
    drawings = [drawing for _, _, drawing in sheet.panels]
    yield _root(sheet, sheet.language)
    yield f"<title>{clean(sheet.title)}</title>"
    described = " ".join(f"{d.graph.title}: {d.description}" for d in drawings)
    yield f"<desc>{clean(described)}</desc>"
    hatches = _hatches(drawings, sheet.swatches)
    yield from _ground(sheet, hatches)
    for x, y, drawing in sheet.panels:
        yield f'<g class="mfa-panel" transform="translate({_n(x)},{_n(y)})">'
        yield f"<title>{clean(drawing.graph.title)}</title>"
        yield from _diagram(drawing, hatches)
        for text in drawing.texts:
            yield _text(text)
        yield "</g>"
    yield '<g class="mfa-furniture">'
    yield from _furniture(sheet, hatches)
    yield "</g>"
    yield "</svg>"


def _root(page: Drawing | Sheet, language: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mfa-sankey" role="img" '
        f'lang="{clean(language)}" width="{_n(page.width / page.zoom)}" '
        f'height="{_n(page.height / page.zoom)}" '
        f'viewBox="0 0 {_n(page.width)} {_n(page.height)}" '
        f'font-family="{clean(FALLBACK)}" fill="{_INK}">'
    )


def _ground(page: Drawing | Sheet, hatches: dict[str, str]) -> Iterator[str]:
    if hatches:
        yield "<defs>"
        for colour, name in hatches.items():
            yield _pattern(name, colour)
        yield "</defs>"
    yield f'<rect width="{_n(page.width)}" height="{_n(page.height)}" fill="#ffffff"/>'


def _diagram(drawing: Drawing, hatches: dict[str, str]) -> Iterator[str]:
    yield '<g class="mfa-links">'
    for ribbon in drawing.ribbons:
        yield _ribbon(ribbon, hatches)
    yield "</g>"
    if drawing.arrows:
        path = "".join(arrow.path for arrow in drawing.arrows)
        yield f'<path class="mfa-arrows" d="{path}" fill="{_INK}" fill-opacity="0.7"/>'
    yield '<g class="mfa-nodes">'
    yield from _stubs(drawing)
    for box in drawing.boxes:
        yield _box(box)
    for gap in drawing.gaps:
        yield _gap(gap)
    yield "</g>"
    yield '<g class="mfa-labels" paint-order="stroke" stroke="#ffffff" stroke-linejoin="round">'
    for label in drawing.labels:
        yield _label(label)
    for text in drawing.amounts:
        yield _text(text, f' class="mfa-amount" {_HALOS[text.role]}')
    yield "</g>"


def _hatches(drawings: Sequence[Drawing], swatches: Sequence[Swatch]) -> dict[str, str]:
    """Return colour → id of its hatching, for links and swatches that need one."""
    colours = [r.colour for drawing in drawings for r in drawing.ribbons if not r.link.known]
    colours += [s.colour for s in swatches if s.hatched]
    return {c: f"mfa-hatch-{c.lstrip('#').lower()}" for c in sorted(set(colours))}


def _pattern(name: str, colour: str) -> str:
    return (
        f'<pattern id="{clean(name)}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{clean(colour)}" '
        f'fill-opacity="0.16"/><rect width="2" height="5" fill="{clean(colour)}"/></pattern>'
    )


def _ribbon(ribbon: Ribbon, hatches: dict[str, str]) -> str:
    link = ribbon.link
    paint = clean(ribbon.colour) if link.known else f"url(#{clean(hatches[ribbon.colour])})"
    opacity = _n(ribbon.opacity if link.known else 1.0)
    if ribbon.filled:
        look = f'fill="{paint}" fill-opacity="{opacity}" {_HAIRLINE}'
    else:
        look = (
            f'fill="none" stroke="{paint}" stroke-opacity="{opacity}" '
            f'stroke-width="{_n(ribbon.width)}"'
        ) + (' stroke-dasharray="6 4"' if link.gone else "")
    return (
        f'<path class="mfa-link mfa-{clean(link.status)}" data-id="{clean(link.id)}" '
        f'data-source="{clean(link.source)}" data-target="{clean(link.target)}" '
        f'data-flows="{clean(" ".join(link.flows))}" d="{ribbon.path}" {look}>'
        f"<title>{clean(ribbon.tooltip)}</title></path>"
    )


def _stubs(drawing: Drawing) -> Iterator[str]:
    for stub in drawing.stubs:
        x, y, width, height = _n(stub.x), _n(stub.y), _n(stub.width), _n(stub.height)
        yield (
            f'<path class="mfa-stock" d="M{x},{y}h{width}v{height}h-{width}Z" fill="{_INK}" '
            f'fill-opacity="0.3"/>'
        )
        low = _n(stub.y - 2)
        yield f'<rect x="{_n(stub.cap_x)}" y="{low}" width="3" height="{_n(stub.height + 4)}"/>'


def _gap(gap: Gap) -> str:
    return (
        f'<rect class="mfa-imbalance" x="{_n(gap.x)}" y="{_n(gap.y)}" width="{_n(gap.width)}" '
        f'height="{_n(gap.height)}" fill="#ffffff" stroke="{_ALARM}" stroke-width="1.4" '
        f'stroke-dasharray="3 2"/>'
    )


def _box(box: Box) -> str:
    return (
        f'<g class="mfa-node mfa-{clean(box.node.kind)}" data-id="{clean(box.node.id)}">'
        f"<title>{clean(box.tooltip)}</title>"
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}" fill="{_BARS[box.node.kind]}"/></g>'
    )


def _label(label: Label) -> str:
    lines = "".join(_text(line, ' stroke-width="4" stroke-opacity="0.85"') for line in label.lines)
    return f'<g class="mfa-label" data-id="{clean(label.node.id)}">{lines}</g>'


def _text(text: Text, more: str = "") -> str:
    weight = ' font-weight="600"' if text.weight == "semibold" else ""
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    colour = _TEXT_COLOURS.get(text.role)
    fill = f' fill="{colour}"' if colour else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}"{weight}{anchor}'
        f"{fill}{more}>{clean(text.text)}</text>"
    )


def _furniture(drawing: Drawing | Sheet, hatches: dict[str, str]) -> Iterator[str]:
    for swatch in drawing.swatches:
        hatched = f"url(#{clean(hatches[swatch.colour])})" if swatch.hatched else ""
        yield (
            f'<rect x="{_n(swatch.x)}" y="{_n(swatch.y)}" width="{_n(swatch.size)}" '
            f'height="{_n(swatch.size)}" fill="{hatched or clean(swatch.colour)}" '
            f'fill-opacity="{1 if hatched else 0.75}"/>'
        )
    for bar in drawing.bars:
        x, y = _n(bar.x), _n(bar.y)
        yield (
            f'<path d="M{x},{y}h10M{x},{_n(bar.y + bar.height)}h10M{_n(bar.x + 5)},{y}'
            f'v{_n(bar.height)}" fill="none" stroke="{_FADED}" stroke-width="1.5"/>'
        )
    for text in drawing.texts:
        yield _text(text)
