"""The account in the user's own workbook: columns beside the inputs, sheets behind them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place
from mfa.locale import N_, translator
from mfa.workbook.check_sheet import append_sheet
from mfa.workbook.fill import Content, extend_filter, fill_cells, widen
from mfa.workbook.guard import Package, editing
from mfa.workbook.marks import Formats, Spot
from mfa.workbook.parts import Parts
from mfa.workbook.problems import error
from mfa.workbook.raw import RawTables
from mfa.workbook.result_columns import MARK, TITLES, Group, Results, number_code
from mfa.workbook.result_sheets import SHEETS, ResultSheet, Style, result_sheet_of
from mfa.workbook.schema import find_sheet
from mfa.workbook.style import COMPUTED, GREY, INK, MACHINE
from mfa.workbook.xlsx import Book, SheetInfo

if TYPE_CHECKING:
    from mfa.account import Account

TABLES = ("flows", "stocks", "parameters", "observations")
"""The sheets that get result columns."""
WIDTHS = {"unit": 14.0, "status": 24.0}
_FONT = '<sz val="{size}"/><color rgb="FF{colour}"/><name val="Arial"/>'


def write_results(
    path: str | os.PathLike[str],
    account: Account,
    tables: RawTables,
    out: str | os.PathLike[str],
) -> Path:
    """Write a copy of a workbook with the results of its balance in it.

    On the sheets Flows, Stocks, Parameters and Observations, columns to the right of everything
    else show the balanced value, σ, the 95 % interval, unit, status and adjustment of each row;
    behind the other sheets stand the account, the balances and the tests. Everything else is
    copied byte for byte: formulas, formats, comments, lists, sheets of the user's own. Results of
    an earlier balance are replaced. Readers pass over all of it, so the copy is the same input.

    Parameters
    ----------
    path
        The workbook that was read.
    account
        The account of its system.
    tables
        The tables as they were read from `path`, with their places.
    out
        Where to write the copy; `path` itself is allowed. It is replaced at once, never half.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The file does not pass the guard, or has macros while `out` is named ``.xlsx``.
    """
    _refuse_macros(Path(path), Path(out))
    with Package(path) as package:
        book = Book(package)
        earlier = {
            sheet.name: info for info in book.sheets if (sheet := result_sheet_of(book, info))
        }
        chosen: dict[str, SheetInfo] = {}
        for info in book.sheets:
            found = find_sheet(info.name)
            if found and found.name in TABLES:
                chosen.setdefault(found.name, info)
        layouts = {name: _Layout(book, info) for name, info in chosen.items()}
        workbook, styles = book.part, book.styles
    with editing(Path(path).name):
        parts = Parts(path)
        formats = CellStyles(Formats(parts[styles] if styles else b""))
        results = Results(account, tables, tables.language)
        for name, layout in layouts.items():
            _fill(parts, layout, results, name, formats)
        for sheet in SHEETS:
            _add_sheet(parts, workbook, sheet, account, formats, earlier.get(sheet.name), tables)
        if styles:
            parts[styles] = formats.formats.finish()
    return parts.save(out)


def _refuse_macros(path: Path, out: Path) -> None:
    if path.suffix.lower() == ".xlsm" and out.suffix.lower() != ".xlsm":
        message = N_("The workbook has macros. Give the result a name that ends in .xlsm, too.")
        raise InputError([error("macros", message, Place(file=path.name))])


class CellStyles:
    """Formats of result cells by name, made when first used."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats
        self._made: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        """Return the number of the style `name`."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> int:
        ink = _FONT.format(size=10, colour=INK[1:])
        colour = f"FF{COMPUTED[1:]}"
        if name == "head":
            return self.formats.styled(f"<b/>{ink}", colour=colour)
        if name == "machine":
            small = _FONT.format(size=8, colour=GREY[1:])
            return self.formats.styled(small, wrap=False, colour=f"FF{MACHINE[1:]}")
        if name.startswith("plain "):
            return self.formats.styled(ink, wrap=False, code=name.removeprefix("plain "))
        if name == "text":
            return self.formats.styled(ink, wrap=False, code="@")
        code = name if name != "word" else "@"
        return self.formats.styled(ink, wrap=False, colour=colour, code=code)


class _Layout:
    """Where on a sheet the headers stand, and which columns hold earlier results."""

    def __init__(self, book: Book, info: SheetInfo) -> None:
        self.info = info
        cells = book.cells(info).cells
        self.columns: dict[str, int] = {}
        self.used: list[Spot] = []
        self.last = 0
        for row, line in sorted(cells.items()):
            for column, found in line.items():
                if isinstance(found.value, str) and found.value.startswith(MARK) and row < 30:
                    self.columns.setdefault(found.value, column)
        old = set(self.columns.values())
        for row, line in cells.items():
            self.used += [(row, column) for column in line if column in old]
            self.last = max([self.last, *(c for c in line if c not in old)])

    def place(self, names: list[str]) -> dict[str, int]:
        """Return machine name → column: where it stood before, else to the right of all."""
        column = max([self.last, *self.columns.values()])
        for name in names:
            if name not in self.columns:
                self.columns[name] = column = column + 1
        return {name: self.columns[name] for name in names}


def _fill(parts: Parts, layout: _Layout, results: Results, table: str, styles: Style) -> None:
    """Write the result columns of one sheet, and empty what an earlier balance left there."""
    rows = [(row.line or row.place.row or 0, values) for row, values in results.rows(table)]
    groups = list(dict.fromkeys(group for _, values in rows for group in values))
    columns = layout.place([name for group in groups for name in group.names()])
    cells = {spot: Content(None) for spot in layout.used}
    first = results.tables[table][0].header if results.tables[table] else 1
    for group in groups:
        for name, title in zip(group.names(), group.titles(results.language), strict=True):
            cells[first, columns[name]] = Content(title, styles("head"))
            cells[first + 1, columns[name]] = Content(name, styles("machine"))
    for number, values in rows:
        for group in values:
            cells |= _cells(number, group, values[group], columns, styles)
    data = fill_cells(parts[layout.info.part], cells)
    if columns:
        widths = [WIDTHS.get(name.rpartition("_")[2], 13.0) for name in columns]
        data = extend_filter(widen(data, min(columns.values()), widths), max(columns.values()))
    parts[layout.info.part] = data


def _cells(
    row: int, group: Group, values: Mapping[str, object], columns: Mapping[str, int], styles: Style
) -> dict[Spot, Content]:
    shown = {"adjustment": "0.00", "unit": "word", "status": "word"}
    usual = number_code(*(values[key] for key in ("sd", "value", "upper", "lower")))
    cells = {}
    for key, name in zip(TITLES, group.names(), strict=True):
        value = values[key]
        if isinstance(value, float) and math.isinf(value):
            value = "∞" if value > 0 else "-∞"
        cells[row, columns[name]] = Content(value, styles(shown.get(key, usual)))
    return cells


def _add_sheet(
    parts: Parts,
    workbook: str,
    sheet: ResultSheet,
    account: Account,
    styles: Style,
    earlier: SheetInfo | None,
    tables: RawTables,
) -> None:
    """Write a result sheet anew where it stands, or behind all others."""
    content = sheet.xml(account, styles, tables.language).encode()
    if earlier is not None:
        parts[earlier.part] = content
        return
    append_sheet(parts, workbook, content, translator(tables.language)(sheet.title))
