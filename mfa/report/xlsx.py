"""All tables of a report as one workbook, in one or two languages side by side.

Headings stand in every language; text that differs between languages gets a column for each, short
words share a cell. Links lead from flows to their figures and on to the sources. Nothing a case
says becomes a formula: every text is written as a string.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mfa.locale import N_, translator
from mfa.locale.numbers import significant_decimals
from mfa.report.charts import CHART_ROWS, CHARTS
from mfa.report.document import Document, plain
from mfa.report.tables import Badge, Bar, Cell, Num, Range, Ref, Table

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

CREATED = datetime.datetime(2024, 1, 1)  # constant, so that the same report has the same bytes
SHORT = 24  # characters; texts up to this share a cell in two languages
WIDEST = 60
HEADING = 20  # characters of a heading in one line
LONGEST = 32_000  # characters a cell may hold, with a margin
CONTENTS = N_("Contents")


@dataclass(frozen=True)
class Lane:
    """One column of the sheet: which column of the table it shows, and which part or language.

    ``part`` is ``""``, ``"lower"`` or ``"upper"``; ``language`` the index of the document whose
    text it holds, or None when all share it.
    """

    column: int
    part: str = ""
    language: int | None = None


@dataclass(frozen=True)
class Placed:
    """A table with its worksheet, its first row (of the title) and its lanes."""

    tables: tuple[Table, ...]
    sheet: str
    top: int
    lanes: tuple[Lane, ...]

    @property
    def head(self) -> int:
        """Row of the headings."""
        return self.top + 1

    def row(self, number: int) -> int:
        """Row of the sheet that holds a row of the table."""
        return self.head + 1 + number


def render_xlsx(documents: Sequence[Document]) -> bytes:
    """Return the tables of one report, given in one or several languages, as a workbook.

    Parameters
    ----------
    documents
        The same report in each language; the first one names the sheets.

    Raises
    ------
    ValueError
        There is no document.
    """
    if not documents:
        raise ValueError("no document to write")
    from xlsxwriter import Workbook

    stream = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(stream, options | {"in_memory": True}) as workbook:
        _Writer(workbook, documents).write()
    return stream.getvalue()


def place(documents: Sequence[Document]) -> list[Placed]:
    """Return every table with its place; tables of one sheet stand below each other."""
    names: dict[str, str] = {}
    next_row: dict[str, int] = {}
    placed = []
    for tables in zip(*(document.tables() for document in documents), strict=True):
        key = tables[0].sheet
        if key not in names:
            names[key] = _sheet_name(key, set(names.values()))
        sheet = names[key]
        top = next_row.get(sheet, 0)
        placed.append(Placed(tables, sheet, top, tuple(_lanes(tables))))
        room = CHART_ROWS if tables[0].id in CHARTS else 0
        next_row[sheet] = top + 2 + len(tables[0].rows) + 2 + room
    return placed


def _sheet_name(title: str, taken: set[str]) -> str:
    """Return a name that spreadsheets accept and that is not taken, capitals aside."""
    base = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:28] or "Sheet"
    lower, name, number = {n.lower() for n in taken}, base, 2
    while name.lower() in lower:
        name, number = f"{base} {number}", number + 1
    return name


def _lanes(tables: Sequence[Table]) -> Iterator[Lane]:
    for index, column in enumerate(tables[0].columns):
        if column.kind == "range":
            yield Lane(index, "lower")
            yield Lane(index, "upper")
        elif column.kind in ("text", "short") and _differs(tables, index):
            yield from (Lane(index, "", language) for language in range(len(tables)))
        else:
            yield Lane(index)


def _differs(tables: Sequence[Table], index: int) -> bool:
    """Return whether a text column has longer texts that differ between the languages."""
    for rows in zip(*(table.rows for table in tables), strict=True):
        texts = [_text(row.cells[index]) for row in rows]
        if len(set(texts)) > 1 and max(map(len, texts)) > SHORT:
            return True
    return False


def _text(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return plain(cell)
    if isinstance(cell, Ref | Badge):
        return cell.text
    return cell if isinstance(cell, str) else ""


class _Writer:
    """Writes placed tables into a workbook."""

    def __init__(self, workbook: Workbook, documents: Sequence[Document]) -> None:
        self.workbook, self.documents = workbook, documents
        self.placed = place(documents)
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.widths: dict[tuple[str, int], int] = {}
        self.sheets: dict[str, Worksheet] = {}
        self.anchors = {
            row.anchor: f"internal:'{p.sheet}'!A{p.row(number) + 1}"
            for p in self.placed
            for number, row in enumerate(p.tables[0].rows)
            if row.anchor
        }
        self.anchors |= {p.tables[0].id: f"internal:'{p.sheet}'!A{p.top + 1}" for p in self.placed}

    def write(self) -> None:
        """Write all sheets."""
        first = self.documents[0]
        self.workbook.set_properties(
            {"title": first.title, "subject": first.subtitle, "created": CREATED}
        )
        self._contents()
        for placed in self.placed:
            if placed.sheet not in self.sheets:
                self.sheets[placed.sheet] = self.workbook.add_worksheet(placed.sheet)
            self._table(self.sheets[placed.sheet], placed)
        for (sheet, column), width in self.widths.items():
            self.sheets[sheet].set_column(column, column, min(width + 2, WIDEST))
        for sheet in self.sheets.values():
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)

    def _format(self, **look: Any) -> Any:
        base = {"font_name": "Calibri", "font_size": 11, "valign": "top"} | look
        key = tuple(sorted(base.items()))
        if key not in self.formats:
            self.formats[key] = self.workbook.add_format(base)
        return self.formats[key]

    # ---------------------------------------------------------------------------------- contents

    def _contents(self) -> None:
        name = _sheet_name(self._both(CONTENTS), {p.sheet for p in self.placed})
        sheet = self.workbook.add_worksheet(name)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, len(self.documents), 70)
        for index, document in enumerate(self.documents):
            look = self._format(bold=True, font_size=16)
            sheet.write_string(index, 0, _safe(document.title), look)
            sheet.set_row(index, 24)
        row = self._about(sheet, len(self.documents) + 1) + 1
        for placed in self.placed:
            target = f"internal:'{placed.sheet}'!A{placed.top + 1}"
            sheet.write_string(row, 0, _join([table.label for table in placed.tables]))
            for index, table in enumerate(placed.tables):
                sheet.write_url(row, 1 + index, target, self._link(), _safe(table.title))
            row += 1
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)

    def _about(self, sheet: Worksheet, row: int) -> int:
        """Write boundary, period, author… and return the row below."""
        wrap = self._format(text_wrap=True)
        for facts in zip(*(document.facts for document in self.documents), strict=True):
            names = _join([name for name, _ in facts])
            sheet.write_string(row, 0, names, self._format(bold=True, text_wrap=True))
            for index, (_, value) in enumerate(facts):
                sheet.write_string(row, 1 + index, _safe(value), wrap)
            sheet.set_row(row, 16 * max(-(-len(value) // 60) for _, value in facts))
            row += 1
        return row

    def _both(self, message: str) -> str:
        return _join([translator(d.language)(message) for d in self.documents])

    def _link(self) -> Any:
        return self._format(font_color="#0B5563", underline=1)

    # ------------------------------------------------------------------------------------ tables

    def _table(self, sheet: Worksheet, placed: Placed) -> None:
        title = " – ".join(dict.fromkeys(t.title for t in placed.tables))
        sheet.write_string(placed.top, 0, _safe(title), self._format(bold=True, font_size=13))
        head = self._format(
            bold=True, text_wrap=True, bottom=2, bg_color="#E3EFF1", valign="bottom"
        )
        for position, lane in enumerate(placed.lanes):
            heading = self._heading(placed, lane)
            sheet.write_string(placed.head, position, heading, head)
            self._widen(placed.sheet, position, min(HEADING, max(map(len, heading.split("\n")))))
        sheet.set_row(placed.head, 18 * self._heading_lines(placed))
        for number in range(len(placed.tables[0].rows)):
            for position, lane in enumerate(placed.lanes):
                self._cell(sheet, placed, number, position, lane)
        notes = " – ".join(dict.fromkeys(t.note for t in placed.tables if t.note))
        if notes:
            bottom = placed.row(len(placed.tables[0].rows))
            sheet.write_string(
                bottom, 0, _safe(notes), self._format(italic=True, font_color="#51626C")
            )
        self._finish(sheet, placed)

    def _finish(self, sheet: Worksheet, placed: Placed) -> None:
        """Freeze and filter a table alone on its sheet; add bars and charts."""
        rows = len(placed.tables[0].rows)
        alone = sum(p.sheet == placed.sheet for p in self.placed) == 1
        if alone and rows:
            sheet.freeze_panes(placed.head + 1, 1)
            sheet.autofilter(placed.head, 0, placed.row(rows - 1), len(placed.lanes) - 1)
        for position, lane in enumerate(placed.lanes):
            if placed.tables[0].columns[lane.column].kind == "bar" and rows:
                sheet.conditional_format(
                    placed.row(0),
                    position,
                    placed.row(rows - 1),
                    position,
                    {
                        "type": "data_bar",
                        "bar_color": "#3B8FB0",
                        "bar_only": True,
                        "bar_negative_color": "#C8703A",
                    },
                )
        chart = CHARTS.get(placed.tables[0].id)
        if chart and rows:
            chart(self.workbook, sheet, placed)

    def _heading(self, placed: Placed, lane: Lane) -> str:
        chosen = [
            table.columns[lane.column]
            for index, table in enumerate(placed.tables)
            if lane.language in (None, index)
        ]
        end = {"lower": " ≥", "upper": " ≤", "": ""}[lane.part]
        texts = [
            f"{c.title}{end} ({c.unit})" if c.unit and c.unit not in c.title else f"{c.title}{end}"
            for c in chosen
        ]
        return "\n".join(dict.fromkeys(texts))

    def _heading_lines(self, placed: Placed) -> int:
        """Return how many lines the tallest heading takes once it is wrapped."""
        headings = (self._heading(placed, lane).split("\n") for lane in placed.lanes)
        return max(sum(-(-len(line) // HEADING) for line in lines) for lines in headings)

    def _widen(self, sheet: str, column: int, width: int) -> None:
        key = (sheet, column)
        self.widths[key] = max(self.widths.get(key, 8), width)

    def _cell(
        self, sheet: Worksheet, placed: Placed, number: int, position: int, lane: Lane
    ) -> None:
        rows = [table.rows[number] for table in placed.tables]
        cells = [row.cells[lane.column] for row in rows]
        look: dict[str, Any] = {}
        if rows[0].kind in ("total", "group"):
            look = {"bold": True, "bg_color": "#F3F6F7"}
        at = (placed.row(number), position)
        if isinstance(cells[0], Num | Range | Bar):
            self._number(sheet, at, cells, lane, look, placed.sheet)
        else:
            self._string(sheet, at, cells, lane, look, placed.sheet)

    def _number(
        self,
        sheet: Worksheet,
        at: tuple[int, int],
        cells: Sequence[Cell],
        lane: Lane,
        look: dict[str, Any],
        name: str,
    ) -> None:
        cell = cells[0]
        value, decimals = _value(cell, lane.part)
        if math.isfinite(value):
            shape = "#,##0" + ("." + "0" * min(decimals, 12) if decimals > 0 else "")
            prefix = cell.prefix if isinstance(cell, Num) else ""
            pattern = f'"{prefix}"{shape};"{prefix}"-{shape}' if prefix else shape
            sheet.write_number(*at, value, self._format(num_format=pattern, **look))
            self._widen(name, at[1], len(f"{value:,.{max(decimals, 0)}f}"))
        else:
            missing = [c.missing for c in cells] if isinstance(cell, Num) else []
            text = "∞" if math.isinf(value) and value > 0 else _join(missing)
            sheet.write_string(*at, text, self._format(align="right", **look))

    def _string(
        self,
        sheet: Worksheet,
        at: tuple[int, int],
        cells: Sequence[Cell],
        lane: Lane,
        look: dict[str, Any],
        name: str,
    ) -> None:
        if lane.language is not None:
            cells = [cells[lane.language]]
        text = _join([_text(cell) for cell in cells])
        if not text:
            sheet.write_blank(*at, None, self._format(**look))
            return
        self._widen(name, at[1], min(len(text), WIDEST))
        target = self._target(cells[0])
        if target:
            link = self._format(font_color="#0B5563", underline=1, **look)
            sheet.write_url(*at, target, link, text)
        else:
            wrap = len(text) > WIDEST
            sheet.write_string(*at, text, self._format(text_wrap=wrap, **look))

    def _target(self, cell: Cell) -> str:
        """Return where a cell leads: its own link, or the only one in its text."""
        parts = cell if isinstance(cell, tuple) else (cell,)
        links = [part for part in parts if isinstance(part, Ref)]
        if not links:
            return ""
        href = links[0].href
        if href.startswith("#"):
            return self.anchors.get(href[1:], "")
        return href if href.startswith(("http://", "https://")) and len(href) <= 2000 else ""


def _value(cell: Cell, part: str) -> tuple[float, int]:
    """Return the number of a cell (one end of a range) and how many decimals to show."""
    if isinstance(cell, Bar):
        return cell.value, 2
    if isinstance(cell, Range):
        value = cell.lower if part == "lower" else cell.upper
        span = cell.sd or (cell.upper - cell.lower if math.isfinite(cell.upper) else None)
        return value, significant_decimals(value, span)
    assert isinstance(cell, Num)
    decimals = cell.decimals
    return cell.value, significant_decimals(cell.value, cell.sd) if decimals is None else decimals


def _join(texts: Sequence[str]) -> str:
    """Return different texts with a stroke between them, equal ones once."""
    return _safe(" / ".join(dict.fromkeys(text for text in texts if text)))


def _safe(text: str) -> str:
    """Return text without characters a workbook cannot hold."""
    kept = "".join(c for c in text if c >= " " or c in "\n\t")
    return kept if len(kept) <= LONGEST else kept[:LONGEST] + "…"
