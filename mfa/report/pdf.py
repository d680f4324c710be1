"""The report as PDF, set by typst.

The template is fixed; the report reaches it as JSON, so nothing a case says becomes markup. Only
the shipped fonts are used. The date of creation is constant: the same report has the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mfa.locale import translator
from mfa.report.columns import Fit, breakable, fit_table, heading
from mfa.report.document import (
    Block,
    Bullets,
    Cards,
    Definitions,
    Document,
    Figure,
    Paragraph,
    Rich,
    Section,
    Strong,
)
from mfa.report.paged import (
    COLOURS,
    HEAT,
    MARGINS,
    PAGE,
    TEXT_SIZE,
    Part,
    cell_parts,
    clean,
    fresh_pages,
    is_plate,
    kept_together,
    lies_across,
    linked_anchors,
    paper_order,
    paper_picture,
    split_label,
    type_area,
    web_address,
)
from mfa.report.tables import Badge, Bar, Cell, Num, Ref, Row, Table
from mfa.report.text import source_anchor
from mfa.report.typesetting import typeset_pdf
from mfa.report.xlsx import CREATED
from mfa.sankey.font import FAMILY

SOURCE = source_anchor("")  # how the anchors of sources begin
INDENT = 24.0  # points: a list or a box takes that much of the width
UNBROKEN = 12  # lines; only higher rows may go on to the next page
_PLAIN = re.compile("[A-Za-z0-9_-]+")  # places are named in plain letters
TOGETHER = 0.45  # of a page; lower tables stand on one page


def render_pdf(document: Document) -> bytes:
    """Return the report as PDF.

    Raises
    ------
    RuntimeError
        typst cannot set it, or has doubts; the message is typst's.
    """
    return typeset_pdf(*setting(document))


def setting(document: Document) -> tuple[str, dict[str, Any]]:
    """Return the template and everything it shows: what `mfa.report.typesetting` makes a PDF of."""
    return "report.typ", _report(document)


def _report(document: Document) -> dict[str, Any]:
    """Return everything the template shows."""
    _ = translator(document.language)
    top, right, bottom, left = (round(side, 2) for side in MARGINS)
    number, total = "\x01", "\x02"
    page = _("Page {n} of {all}", n=number, all=total)
    setter = _Setter(document)
    return {
        "language": document.language,
        "font": FAMILY,
        "paper": {"width": PAGE[0], "height": PAGE[1], "top": top, "right": right,
                  "bottom": bottom, "left": left},
        "title": clean(document.title),
        "subtitle": clean(document.subtitle),
        "author": clean(document.author),
        "created": [CREATED.year, CREATED.month, CREATED.day],
        "facts": [[clean(name), clean(value)] for name, value in document.facts],
        "footer": clean(document.footer),
        "contents": _("Contents"),
        "page": re.split(f"([{number}{total}])", page),
        "colours": COLOURS,
        "chapters": [
            setter.chapter(chapter, fresh)
            for chapter, fresh in zip(document.chapters, fresh_pages(document), strict=True)
        ],
    }  # fmt: skip


class _Setter:
    """Turns blocks into what the template reads."""

    def __init__(self, document: Document) -> None:
        self.language = document.language
        self.names = _place_names(linked_anchors(document))
        self.area, self.across = type_area(False), False
        self.annex = False

    def chapter(self, chapter: Section, fresh: bool) -> dict[str, Any]:
        """Return a chapter with the way its pages lie."""
        across = lies_across(chapter)
        self.area, self.across = type_area(across), across
        self.annex = not chapter.number.isdigit()
        return self._section(chapter) | {"across": across, "new_page": across or fresh}

    def _section(self, section: Section) -> dict[str, Any]:
        return {
            "kind": "section",
            "title": clean(section.title),
            "number": section.number,
            "anchor": self._anchor(section.id),
            "kept": 0 if self.across else kept_together(section, self.area),
            "blocks": [self._block(block) for block in paper_order(section)],
        }

    def _plate(self, section: Section) -> dict[str, Any]:
        """Return a section that lies across."""
        self.area, self.across = type_area(True), True
        made = self._section(section) | {"across": True}
        self.area, self.across = type_area(False), False
        return made

    def _block(self, block: Block) -> dict[str, Any]:
        match block:
            case Section() if is_plate(block) and not self.across:
                return self._plate(block)
            case Section():
                return self._section(block) | {"across": False}
            case Paragraph(text, kind):
                return {"kind": "paragraph", "style": kind, "text": self._sentence(text)}
            case Bullets(items):
                return {"kind": "bullets", "items": [self._sentence(item) for item in items]}
            case Definitions(items):
                pairs = [[self._rich((term,)), self._rich(text)] for term, text in items]
                return {"kind": "definitions", "items": pairs}
            case Cards():
                return self._cards(block)
            case Figure():
                return self._figure(block)
        return self._table(block)

    def _cards(self, cards: Cards) -> dict[str, Any]:
        names = ("label", "value", "unit", "interval", "remark")
        items = [
            {name: clean(getattr(card, name)) for name in names} | self._link(card.href)
            for card in cards.items
        ]
        return {"kind": "cards", "items": items}

    def _figure(self, figure: Figure) -> dict[str, Any]:
        across = figure.wide and not self.across
        shown = paper_picture(figure, type_area(True) if across else self.area)
        return self._captioned(figure.id, figure.label, figure.caption) | {
            "kind": "figure",
            "svg": shown.svg,
            "width": shown.width,
            "height": shown.height,
            "across": across,
            "alt": clean(figure.alt),
            "reading": clean(figure.reading),
        }

    def _captioned(self, id: str, label: str, title: str) -> dict[str, Any]:
        word, number = split_label(label)
        return {
            "word": word,
            "number": str(number),
            "caption": clean(title),
            "anchor": self._anchor(id),
        }

    # ------------------------------------------------------------------------------------ tables

    def _table(self, table: Table) -> dict[str, Any]:
        fit = fit_table(table, self.language, self.area[0])
        numbers = [column.kind not in ("text", "short") for column in table.columns]
        return self._captioned(table.id, table.label, table.title) | {
            "kind": "table",
            "size": fit.size,
            "widths": fit.widths,
            "numbers": numbers,
            "head": [
                breakable(heading(column, table), width, fit.size)
                for column, width in zip(table.columns, fit.widths, strict=True)
            ],
            "rows": [
                self._row(row, fit, lines) for row, lines in zip(table.rows, fit.lines, strict=True)
            ],
            "note": clean(table.note),
            "together": fit.height() < TOGETHER * self.area[1],
        }

    def _row(self, row: Row, fit: Fit, lines: int) -> dict[str, Any]:
        cells = [
            self._cell(cell, width, fit.size)
            for cell, width in zip(row.cells, fit.widths, strict=True)
        ]
        shades = [HEAT.get(cell.heat or 0) if isinstance(cell, Num) else None for cell in row.cells]
        return {
            "cells": cells,
            "style": row.kind,
            "anchor": self._anchor(row.anchor),
            "breakable": lines > UNBROKEN,
            "shades": shades if any(shades) else None,
        }

    def _cell(self, cell: Cell, width: float, size: float) -> Any:
        if isinstance(cell, Bar):
            return [{"bar": cell.value / cell.scale if cell.scale else 0.0}]
        return self._rich(cell_parts(cell, self.language), width, size)

    # -------------------------------------------------------------------------------------- text

    def _rich(self, rich: Rich | Iterable[Part], width: float = 0.0, size: float = 0.0) -> Any:
        """Return a sentence as one text, or as a list of texts, links and emphasis."""
        if isinstance(rich, str):
            rich = (rich,)
        parts = [self._part(part, width, size) for part in rich]
        if all(isinstance(part, str) for part in parts):
            return "".join(parts)
        return parts

    def _sentence(self, rich: Rich) -> Any:
        """Return a sentence whose words fit the page."""
        return self._rich(rich, self.area[0] - INDENT, TEXT_SIZE)

    def _part(self, part: Part, width: float, size: float) -> Any:
        text = part if isinstance(part, str) else part.text
        text = breakable(clean(text), width, size) if width else clean(text)
        match part:
            case Ref(_, href):
                link = self._link(href)
                return {"text": text} | link if link else text
            case Strong():
                return {"text": text, "strong": True}
            case Badge(key):
                return {"text": text, "badge": key} if key in COLOURS else text
        return text

    def _link(self, href: str) -> dict[str, str]:
        """Return where a link leads; nothing if that is not in the report or no web address.

        In the annexes only sources and web addresses are links: each of the thousands of links
        between their rows would take typst a millisecond.
        """
        if href.startswith("#"):
            wanted = not self.annex or href.startswith(f"#{SOURCE}")
            name = self._anchor(href[1:])
            return {"to": name} if wanted and name else {}
        address = web_address(href)
        return {"url": address} if address else {}

    def _anchor(self, name: str) -> str:
        return self.names.get(name, "")


def _place_names(anchors: Iterable[str]) -> dict[str, str]:
    """Return anchor → name of the place in the PDF: itself, or a number if it is not plain."""
    return {
        anchor: anchor if _PLAIN.fullmatch(anchor) else f".{number}"
        for number, anchor in enumerate(sorted(anchors))
    }
