"""The hidden sheet with the drop-down lists, each a defined name ``dd_…``.

Defined names survive Excel, LibreOffice and openpyxl alike; lists that point to another sheet
directly do not. Lists of ids (``dd_processes``) mirror what is typed on the sheets, so that a new
process can be chosen at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mfa.workbook.choices import options
from mfa.workbook.raw import Value
from mfa.workbook.rows import letters
from mfa.workbook.schema import SHEETS, sheet

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET_NAME = "lists"
MIRRORED, SPARE = 500, 200
"""How many ids of a sheet its drop-down list offers at least, and how many empty ones."""
ALWAYS: dict[str, tuple[str, ...]] = {
    "processes": ("import", "export", "environment"),
    "layers": ("goods",),
    "sources": ("assumption",),
}
"""Ids that exist without being typed."""
_UNIT_ORDER = ("rate", "mass", "volume", "energy", "area", "count", "money", "share")


def write_lists(
    book: Workbook, language: str, tables: Mapping[str, Sequence[Mapping[str, Value]]]
) -> None:
    """Add the hidden sheet of lists to `book` and define a name for each."""
    page = book.add_worksheet(SHEET_NAME)
    page.hide()
    column = 0
    for name in _choice_lists():
        _fixed(book, page, column, f"dd_{name}", list(options(name, language).values()))
        column += 1
    _fixed(book, page, column, "dd_unit", _units())
    for name in _referred_sheets():
        column += 1
        ids = [str(row.get("id", "")) for row in tables.get(name, [])]
        _mirror(book, page, column, name, language, ids)


def _choice_lists() -> list[str]:
    """Return the names of the closed and open word lists that columns use, in order."""
    columns = [c for table in SHEETS for c in (*table.columns, *table.keys)]
    names = [c.choices for c in columns if c.kind == "choice" and c.choices != "case_key"]
    return list(dict.fromkeys(names))


def _referred_sheets() -> list[str]:
    columns = [c for table in SHEETS for c in (*table.columns, *table.keys)]
    kinds = ("reference", "quantity")
    return list(dict.fromkeys(c.choices for c in columns if c.kind in kinds))


def _units() -> list[str]:
    from mfa.units import UNIT_LISTS

    order = [name for name in _UNIT_ORDER if name in UNIT_LISTS]
    order += [name for name in UNIT_LISTS if name not in order]
    return list(dict.fromkeys(unit for name in order for unit in UNIT_LISTS[name]))


def _fixed(book: Workbook, page: Worksheet, column: int, name: str, words: Sequence[str]) -> None:
    page.write_string(0, column, name)
    for row, word in enumerate(words, start=1):
        page.write_string(row, column, word)
    letter = letters(column + 1)
    book.define_name(name, f"={SHEET_NAME}!${letter}$2:${letter}${len(words) + 1}")


def _mirror(
    book: Workbook, page: Worksheet, column: int, name: str, language: str, ids: Sequence[str]
) -> None:
    """Write the ids that always exist, then formulas that repeat the ids typed on the sheet.

    INDEX is asked by count, not by cell, so that deleting rows of the sheet breaks nothing; words
    with a colon are the example row and stay empty.
    """
    always = ALWAYS.get(name, ())
    count = max(MIRRORED, len(ids) + SPARE)
    typed = f"'{sheet(name).title(language)}'!$A$3:$A${count + 2}"
    letter = letters(column + 1)
    page.write_string(0, column, f"dd_{name}")
    for row, word in enumerate(always, start=1):
        page.write_string(row, column, word)
    first = len(always) + 2
    for index in range(count):
        item = f"INDEX({typed},ROWS({letter}${first}:{letter}{first + index}))"
        formula = f'=IFERROR(IF(ISNUMBER(FIND(":",{item})),"",{item}&""),"")'
        word = ids[index] if index < len(ids) and ":" not in ids[index] else ""
        page.write_formula(first - 1 + index, column, formula, None, word)
    whole = f"{SHEET_NAME}!${letter}$2:${letter}${count + len(always) + 1}"
    last = f'SUMPRODUCT(MAX(({whole}<>"")*(ROW({whole})-1)))'
    top = f"{SHEET_NAME}!${letter}$2"
    book.define_name(f"dd_{name}", f"={top}:INDEX({whole},MAX(1,{last}))")
