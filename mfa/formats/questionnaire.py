"""Read workbooks of the EW-MFA questionnaire: material codes in a column, a column a year.

One sheet a table, named by its letter: A extraction, B imports, D exports, F processed output,
G balancing items. A colon is a missing value; letters behind a number, or in the column behind it,
are flags.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mfa.errors import Place
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.ewmfa import Accounts, Figure, accounts_tables, material_code
from mfa.formats.files import refuse
from mfa.formats.grid import Grid, number_in, text_of
from mfa.locale import N_
from mfa.workbook.cells import Found
from mfa.workbook.guard import Package
from mfa.workbook.rows import letters
from mfa.workbook.text import bare
from mfa.workbook.xlsx import Book

TABLES = {"A": "DE", "B": "IMP", "D": "EXP", "F": "DPO", "G": "BI"}
"""Letter of a table → indicator; C and E (trade beyond the union), H and I follow or are models."""
MISSING = (":", "-", "..", "n/a", "na")
HEADER_DEPTH = 40
_TITLE = re.compile(r"(?:tab(?:le|elle|leau)?|bang)?[ _.-]*([a-i])(?:[ _.:-].*|\d?)")
_VALUE = re.compile(r"([-+]?[\d.,\s]*\d)\s*([a-z]{1,4})?", re.IGNORECASE)
_FLAG = re.compile(r"[a-z]{1,4}", re.IGNORECASE)
_UNITS = (
    (re.compile(r"\b(1[ ,.]?000 ?t(onnes?)?|thousand tonnes?|kt|nghin tan)\b"), "kt/year"),
    (re.compile(r"\b(tonnes?|tons?|tan)\b"), "t/year"),
)


@dataclass(frozen=True)
class _Layout:
    """Where things stand in a sheet: the header row, the column of codes, years by column."""

    header: int
    code: int
    years: Mapping[int, str]
    unit: str


def read_questionnaire(
    path: str | os.PathLike[str], options: ReadOptions | None = None
) -> Converted:
    """Read a filled-in or downloaded questionnaire.

    Parameters
    ----------
    path
        An ``.xlsx`` file.
    options
        Year to read (``period``; empty: all) and unit, where no sheet names it (default kt/year).

    Returns
    -------
    Converted
        Tables A, B, D, F and G as flows of the economy.

    Raises
    ------
    InputError
        The file is damaged or holds no such table.
    """
    name = Path(path).name
    log = LossLog()
    accounts = Accounts("", "EW-MFA questionnaire")
    with Package(path) as package:
        book = Book(package)
        for info in book.sheets:
            letter = table_letter(info.name)
            if letter:
                _read_sheet(accounts, book.cells(info).cells, info.name, letter, name, log)
    if not accounts.figures:
        message = N_("The workbook holds no table of material codes by years, such as “Table A”.")
        refuse("not-questionnaire", message, name)
    accounts.unit = accounts.unit or "kt/year"
    return accounts_tables(accounts, name, options or ReadOptions(), log)


def table_letter(title: str) -> str:
    """Return the letter of the table that a sheet's name says, empty when it says none.

    Examples
    --------
    >>> table_letter("Table A"), table_letter("B_Imports"), table_letter("Cover")
    ('A', 'B', '')
    """
    match = _TITLE.fullmatch(bare(title))
    return match[1].upper() if match else ""


def looks_like(book: Book) -> bool:
    """Return whether a workbook has a sheet with material codes and years."""
    return any(
        table_letter(info.name) in TABLES and _layout(book.cells(info).cells) is not None
        for info in book.sheets
    )


def _read_sheet(
    accounts: Accounts, grid: Grid, sheet: str, letter: str, file: str, log: LossLog
) -> None:
    if letter not in TABLES:
        message = N_("Tables that are not read: they follow from others or are models ({n}): "
                     "{items}.")  # fmt: skip
        log.add("other-tables", message, sheet)
        return
    layout = _layout(grid)
    if layout is None:
        message = N_("Sheets without material codes and years ({n}): {items}.")
        log.add("no-layout", message, sheet)
        return
    if accounts.unit and layout.unit and layout.unit != accounts.unit:
        message = N_("Sheets in another unit ({n}): {items}.")
        log.add("other-unit-sheets", message, sheet)
        return
    accounts.unit = accounts.unit or layout.unit
    for number in sorted(row for row in grid if row > layout.header):
        code = material_code(text_of(grid[number].get(layout.code, _EMPTY)))
        if code:
            name = _name(grid[number], layout)
            accounts.materials.setdefault(code, (name or code, code))
            indicator = _indicator(letter, code)
            for column, found, flag in _values(grid[number], layout):
                place = Place(sheet, f"{letters(column)}{number}", file, number)
                value, mark = _value(found)
                if value is not None:
                    figure = Figure(indicator, code, "", layout.years[column], value,
                                    mark + flag, place)  # fmt: skip
                    accounts.figures.append(figure)


_EMPTY = Found(None)


def _indicator(letter: str, code: str) -> str:
    """Return the indicator of a row: balancing items are inputs (8.1) or outputs (8.2)."""
    if letter != "G":
        return TABLES[letter]
    return "BI_IN" if code.startswith("MF.8.1") else "BI_OUT"


def _layout(grid: Grid) -> _Layout | None:
    """Find the row of years and the column of codes."""
    top = sorted(grid)[:HEADER_DEPTH]
    for row in top:
        years = {c: y for c, found in grid[row].items() if (y := _year(found))}
        if len(years) >= 2:
            code = _code_column(grid, row, min(years))
            if code:
                texts = (text_of(f) for r in top if r <= row for f in grid[r].values())
                return _Layout(row, code, years, _unit(" ".join(texts)))
    return None


def _year(found: Found) -> str:
    text = text_of(found)
    return text if text.isdecimal() and 1900 <= int(text[:4]) <= 2100 and len(text) == 4 else ""


def _code_column(grid: Grid, header: int, first: int) -> int:
    """Return the column left of the years with most codes below the header, 0 when none has two."""
    counts: dict[int, int] = {}
    for row, cells in grid.items():
        if row > header:
            for column, found in cells.items():
                if column < first and material_code(text_of(found)):
                    counts[column] = counts.get(column, 0) + 1
    best = max(counts, key=lambda c: (counts[c], -c), default=0)
    return best if counts.get(best, 0) >= 2 else 0


def _unit(text: str) -> str:
    plain = bare(text)
    return next((unit for pattern, unit in _UNITS if pattern.search(plain)), "")


def _name(cells: Mapping[int, Found], layout: _Layout) -> str:
    """Return the longest text between the code and the years."""
    texts = [
        text_of(found)
        for column, found in cells.items()
        if column != layout.code and column < min(layout.years) and isinstance(found.value, str)
    ]
    return max(texts, key=len, default="")


def _values(cells: Mapping[int, Found], layout: _Layout) -> Iterator[tuple[int, Found, str]]:
    """Yield (column, cell, flag in the column behind it)."""
    for column in layout.years:
        if column in cells:
            beside = (
                text_of(cells.get(column + 1, _EMPTY)) if column + 1 not in layout.years else ""
            )
            yield column, cells[column], beside if _FLAG.fullmatch(beside) else ""


def _value(found: Found) -> tuple[float | None, str]:
    """Return the number in a cell and the flag behind it; a colon is no number."""
    if isinstance(found.value, str):
        match = _VALUE.fullmatch(text_of(found)[:60])
        if text_of(found).casefold() in MISSING or not match:
            return None, ""
        return number_in(Found(match[1])), match[2] or ""
    return number_in(found), ""
