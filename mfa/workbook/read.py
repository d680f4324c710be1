"""Read a workbook into raw tables, in either language and in whatever order people left it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mfa.errors import InputError, Place
from mfa.locale import N_
from mfa.workbook.guard import Package
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import RawTables
from mfa.workbook.rows import ALIKE, Where, read_rows
from mfa.workbook.schema import SHEETS, TEMPLATE_VERSION, Sheet, find_sheet
from mfa.workbook.text import key_of, nearest
from mfa.workbook.xlsx import Book, SheetCells, SheetInfo


def read_workbook(path: str | os.PathLike[str]) -> RawTables:
    """Read every known sheet of the workbook at `path`.

    Sheets and columns are known by their title in either language or by their machine name, in any
    order; sheets and columns of the user's own are left alone. Nothing is evaluated: of a formula
    the stored result is read.

    Parameters
    ----------
    path
        An ``.xlsx`` or ``.xlsm`` file.

    Returns
    -------
    RawTables
        The tables, and a problem for everything wrong in the file. A file that cannot be read at
        all gives no tables and one problem.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    try:
        with Package(path) as package, _without_collection():
            return _read_book(Book(package))
    except InputError as refusal:
        return RawTables(problems=list(refusal.problems), source=Path(path).name)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Suspend the search for cycles: there are none in a million cells, and it takes a third."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read_book(book: Book) -> RawTables:
    tables = RawTables(source=book.package.name)
    chosen = _known_sheets(book, tables)
    if not chosen:
        names = ", ".join(f"{s.title_vi} ({s.title_en})" for s in SHEETS[:5])
        message = N_(
            "The workbook has none of the expected sheets, such as {names}. Start from a template."
        )
        place = Place(file=tables.source)
        tables.problems.append(error("no-known-sheet", message, place, names=names))
    titles = {key_of(sheet.title_vi) for sheet in SHEETS}
    vietnamese = sum(key_of(info.name) in titles for info in chosen.values())
    tables.language = "vi" if vietnamese * 2 > len(chosen) else "en"
    for sheet in SHEETS:  # the case first: it declares the decimal sign
        if sheet.name in chosen:
            _read_sheet(sheet, chosen[sheet.name], book, tables)
            if sheet.keys:
                _read_settings(tables)
    return tables


def _known_sheets(book: Book, tables: RawTables) -> dict[str, SheetInfo]:
    """Return table name → sheet, reporting doubles, near misses and hidden sheets."""
    chosen: dict[str, SheetInfo] = {}
    unknown = []
    for info in book.sheets:
        sheet = find_sheet(info.name)
        if sheet is None:
            unknown.append(info)
            continue
        place = Place(info.name, "A1", tables.source)
        if sheet.name in chosen:
            message = N_("“{title}” and “{other}” are the same table; remove one of them.")
            other = chosen[sheet.name].name
            problem = error("double-table", message, place, title=info.name, other=other)
            tables.problems.append(problem)
            continue
        chosen[sheet.name] = info
        if info.hidden:
            message = N_("The sheet “{title}” is hidden, but it is read.")
            tables.problems.append(warning("hidden-sheet", message, place, title=info.name))
    _report_unknown([info for info in unknown if not info.hidden], chosen, tables)
    return chosen


def _report_unknown(
    unknown: list[SheetInfo], chosen: dict[str, SheetInfo], tables: RawTables
) -> None:
    """Report sheets whose name is nearly that of an absent one; others are the user's own."""
    absent = [sheet for sheet in SHEETS if sheet.name not in chosen]
    titles = [t for s in absent for t in (s.title_vi, s.title_en, s.name)]
    for info in unknown:
        meant = nearest(info.name, titles, ALIKE)
        if meant:
            message = N_(
                "The table “{title}” is not known and is not read. Did you mean “{meant}”?"
            )
            place = Place(info.name, "A1", tables.source)
            values = {"title": info.name, "meant": meant}
            tables.problems.append(warning("unknown-table", message, place, **values))


def _read_sheet(sheet: Sheet, info: SheetInfo, book: Book, tables: RawTables) -> None:
    found: SheetCells = book.cells(info)
    where = Where(tables.source, info.name)
    tables.rows[sheet.name], problems = read_rows(sheet, found.cells, where, tables.decimal)
    tables.problems += problems
    for area in found.merged[:100]:
        _report_merged(area, sheet, info, tables)


def _report_merged(area: str, sheet: Sheet, info: SheetInfo, tables: RawTables) -> None:
    """Warn of merged cells that touch the table: only their first cell holds a value."""
    first = area.split(":")[0]
    row = int("".join(filter(str.isdecimal, first)) or 0)
    rows = [r.place.row for r in tables.rows[sheet.name] if r.place.row]
    if rows and min(rows) <= row <= max(rows):
        message = N_(
            "The cells {area} are merged; the value counts for the first of them only. Unmerge "
            "them and fill in each."
        )
        place = Place(info.name, first, tables.source, row)
        tables.problems.append(warning("merged-cells", message, place, area=area))


def _read_settings(tables: RawTables) -> None:
    """Take the decimal sign from the case table, and take out the version of the template."""
    tables.set_blanks_aside()
    settings = tables.settings()
    declared = settings["decimal"].text("value") if "decimal" in settings else ""
    tables.decimal = declared if declared in (",", ".") else None
    row = settings.get("template")
    tables.rows["case"] = [r for r in tables["case"] if r is not row]
    version = row.text("value") if row else ""
    if row and version.isdecimal() and int(version) > int(TEMPLATE_VERSION):
        message = N_(
            "The workbook was made from template version {version}; this program knows up to "
            "{known}. Some sheets or columns may not be read."
        )
        values = {"version": version, "known": TEMPLATE_VERSION}
        tables.problems.append(warning("newer-template", message, row.at("value"), **values))
