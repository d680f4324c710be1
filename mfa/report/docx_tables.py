"""Tables and key figures of the report in Word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from xml.sax.saxutils import quoteattr

from mfa.report.columns import Fit, breakable, fit_table, heading
from mfa.report.document import Card, Cards
from mfa.report.docx_xml import BOLD, TWIPS, Texts, paragraph, run
from mfa.report.paged import HEAT, cell_parts, clean
from mfa.report.tables import Bar, Cell, Num, Row, Table

ACROSS = 4  # key figures side by side
GAP = 6.0  # points between key figures
UNBROKEN = 12  # lines; only higher rows may go on to the next page
TOGETHER = 0.45  # of a page; lower tables stand on one page
GROUND = {"total": "E3EFF1", "group": "F3F6F7"}
BARS = ("C8703A", "3B8FB0")  # to the left, to the right


class Tables:
    """Makes tables for a type area of a certain size.

    Parameters
    ----------
    texts
        Makes runs and links.
    style
        Returns the id of a style by its name.
    language
        Language of numbers.
    area
        Width and height of the type area in points.
    """

    def __init__(
        self, texts: Texts, style: Callable[[str], str], language: str, area: tuple[float, float]
    ) -> None:
        self.texts, self.style, self.language, self.area = texts, style, language, area

    # ------------------------------------------------------------------------------------- tables

    def table(self, table: Table) -> str:
        """Return the table without its caption."""
        fit = fit_table(table, self.language, self.area[0])
        together = fit.height() < TOGETHER * self.area[1]
        last = len(table.rows) - (0 if table.note else 1)
        grid = [part for i, width in enumerate(fit.widths) for part in _grid(table, i, width)]
        rows = [
            self._row(table, row, fit, fit.lines[n], n < last and (together or row.kind == "group"))
            for n, row in enumerate(table.rows)
        ]
        return _table(
            self.style("Report Table"), grid, [self._head(table, fit), *rows], _described(table)
        )

    def _head(self, table: Table, fit: Fit) -> str:
        cells = []
        for column, width in zip(table.columns, fit.widths, strict=True):
            words = breakable(heading(column, table), width, fit.size)
            name = "Head" if column.kind in ("text", "short") else "Head Number"
            span = '<w:gridSpan w:val="2"/>' if column.kind == "bar" else ""
            content = paragraph(self._style(fit, name), run(words))
            cells.append(_cell(width, content, span))
        return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"

    def _style(self, fit: Fit, name: str) -> str:
        return self.style(f"Table Small {name}" if fit.small else f"Table {name}")

    def _row(self, table: Table, row: Row, fit: Fit, lines: int, keep: bool) -> str:
        look = BOLD if row.kind in GROUND else ""
        look += '<w:color w:val="51626C"/>' if row.kind == "weak" else ""
        marks = self.texts.marks.at(row.anchor)
        cells = []
        for column, cell, width in zip(table.columns, row.cells, fit.widths, strict=True):
            if isinstance(cell, Bar):
                cells.append(self._bar(cell, width, fit, row.kind))
                continue
            name = "Text" if column.kind in ("text", "short") else "Number"
            cut = partial(breakable, width=width, size=fit.size)
            runs = self.texts.rich(cell_parts(cell, self.language), look, cut)
            content = paragraph(
                self._style(fit, name), marks + runs, "<w:keepNext/>" if keep else ""
            )
            cells.append(_cell(width, content, _ground(row, cell)))
            marks = ""
        split = "" if lines > UNBROKEN else "<w:trPr><w:cantSplit/></w:trPr>"
        return f"<w:tr>{split}{''.join(cells)}</w:tr>"

    def _bar(self, bar: Bar, width: float, fit: Fit, kind: str) -> str:
        """Return two cells, one on each side of zero, one of them with a bar as its ground."""
        half = width / 2
        empty = half * (1 - min(abs(bar.value) / bar.scale, 1.0)) if bar.scale else half
        cells = []
        for side, filled in enumerate((bar.value < 0, bar.value > 0)):
            shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{BARS[side]}"/>' if filled else ""
            way = "right" if side else "left"
            room = f'<w:ind w:{way}="{round(empty * TWIPS)}"/>' if filled else ""
            content = paragraph(self._style(fit, "Text"), "", shade + room)
            border = f'<w:tcBorders><w:{("right", "left")[side]} w:val="single" w:sz="4" w:space="0" w:color="8B989F"/></w:tcBorders>'  # noqa: E501
            ground = (
                f'<w:shd w:val="clear" w:color="auto" w:fill="{GROUND[kind]}"/>'
                if kind in GROUND
                else ""
            )
            margin = (
                '<w:tcMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tcMar>'
            )
            cells.append(_cell(half, content, border + ground + margin))
        return "".join(cells)

    # ---------------------------------------------------------------------------------- key figures

    def cards(self, cards: Cards) -> str:
        """Return key figures side by side, in as many rows as needed."""
        width = (self.area[0] - GAP * (ACROSS - 1)) / ACROSS
        grid = [width, *[part for _ in range(ACROSS - 1) for part in (GAP, width)]]
        items = cards.items
        rows = [items[i : i + ACROSS] for i in range(0, len(items), ACROSS)]
        return _table(
            self.style("Report Cards"), grid, [self._cards(row, width) for row in rows], ""
        )

    def _cards(self, row: Sequence[Card], width: float) -> str:
        cells = []
        for n in range(ACROSS):
            cells += [_cell(GAP, paragraph(self.style("Card Small"), ""))] if n else []
            content = self._card(row[n]) if n < len(row) else ""
            border = CARD_BORDER if content else ""
            cells.append(_cell(width, content or paragraph(self.style("Card Small"), ""), border))
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(cells)}</w:tr>"

    def _card(self, card: Card) -> str:
        label = run(clean(card.label))
        parts = [
            ("Card Label", self.texts.link(card.href, label) or label),
            ("Card Value", run(clean(card.value))),
            ("Card Label", run(clean(card.unit))),
            ("Card Small", run(clean(card.interval))),
            ("Card Small", run(clean(card.remark), '<w:color w:val="8A4B00"/>')),
        ]
        return "".join(paragraph(self.style(name), content) for name, content in parts if content)


CARD_BORDER = (
    "<w:tcBorders>"
    '<w:top w:val="single" w:sz="18" w:space="0" w:color="0B5563"/>'
    + "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="D5DDE1"/>'
        for side in ("left", "bottom", "right")
    )
    + "</w:tcBorders>"
)


def _grid(table: Table, index: int, width: float) -> tuple[float, ...]:
    """Return the widths of the cells under a heading: a bar has one on each side of zero."""
    return (width / 2, width / 2) if table.columns[index].kind == "bar" else (width,)


def _described(table: Table) -> str:
    return f"<w:tblCaption w:val={quoteattr(clean(f'{table.label} {table.title}'))}/>"


def _ground(row: Row, cell: Cell) -> str:
    heat = HEAT.get(cell.heat or 0) if isinstance(cell, Num) else None
    fill = heat or GROUND.get(row.kind)
    return f'<w:shd w:val="clear" w:color="auto" w:fill="{fill.upper()}"/>' if fill else ""


def _cell(width: float, content: str, properties: str = "") -> str:
    size = f'<w:tcW w:w="{round(width * TWIPS)}" w:type="dxa"/>'
    return f"<w:tc><w:tcPr>{size}{properties}</w:tcPr>{content}</w:tc>"


def _table(style: str, grid: Sequence[float], rows: Sequence[str], described: str) -> str:
    columns = "".join(f'<w:gridCol w:w="{round(width * TWIPS)}"/>' for width in grid)
    whole = sum(round(width * TWIPS) for width in grid)
    look = (
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="1" w:noVBand="1"/>'
    )
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/><w:tblW w:w="{whole}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/>{look}{described}</w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
