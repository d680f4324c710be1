"""A copy of the workbook in which every problem is marked where it stands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mfa.errors import Problem
from mfa.locale import translator
from mfa.workbook.cells import Found, number_text
from mfa.workbook.check_sheet import Finding, add_check_sheet, is_check_sheet, unselected
from mfa.workbook.coarse_sheet import Balance, add_coarse_sheet, is_coarse_sheet
from mfa.workbook.guard import Package, editing
from mfa.workbook.marks import ERROR, WARNING, Formats, Spot, mark_cells
from mfa.workbook.notes import add_notes, forget_notes
from mfa.workbook.parts import Parts
from mfa.workbook.results import CellStyles
from mfa.workbook.xlsx import Book, SheetInfo, column_number


def annotate(
    path: str | os.PathLike[str],
    problems: Sequence[Problem],
    out: str | os.PathLike[str],
    language: str = "vi",
    balances: Sequence[Balance] = (),
) -> Path:
    """Write a copy of a workbook with its doubtful cells coloured, commented and listed.

    Everything else in the file is copied byte for byte: formulas with their results, lists,
    charts, sheets of the user's own. Existing comments stay and are added to. What an earlier
    check had marked is cleared first. A first sheet “Check” links to each cell.

    Parameters
    ----------
    path
        The workbook that was read.
    problems
        From `mfa.workbook.build.build_system`; those without a cell are only listed.
    out
        Where to write the copy; it is replaced at once, never half.
    language
        Language of the comments and of the list.
    balances
        The coarse balance of the processes; it gets a sheet of its own behind the others.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The file does not pass the guard.
    """
    with Package(path) as package:
        book = Book(package)
        sheets = {info.name: info for info in book.sheets}
        cells = {info.part: book.cells(info).cells for info in _concerned(sheets, problems)}
        earlier = next((i for i in book.sheets if is_check_sheet(book, i)), None)
        coarse = next((i for i in book.sheets if is_coarse_sheet(book, i)), None)
        workbook, styles = book.part, book.styles
    with editing(Path(path).name):
        findings = [_finding(problem, sheets, cells) for problem in problems]
        parts = Parts(path)
        formats = Formats(parts[styles] if styles else b"")
        for info in sheets.values():
            here = [f.problem for f in findings if f.linked and f.problem.place.sheet == info.name]
            _annotate_sheet(parts, info, here, formats, language)
        add_check_sheet(parts, workbook, findings, formats, language, earlier)
        if balances or coarse:
            add_coarse_sheet(parts, workbook, balances, CellStyles(formats), language, coarse)
        if styles:
            parts[styles] = formats.finish()
    return parts.save(out)


def _concerned(sheets: dict[str, SheetInfo], problems: Sequence[Problem]) -> list[SheetInfo]:
    names = dict.fromkeys(p.place.sheet for p in problems if p.place)
    return [sheets[name] for name in names if name in sheets]


def _spot(problem: Problem) -> Spot | None:
    """Return row and column of the cell a problem is about."""
    cell = problem.place.cell if problem.place else ""
    letters = cell.rstrip("0123456789")
    row, column = cell[len(letters) :], column_number(letters)
    return (int(row), column) if row and column else None


def _finding(
    problem: Problem,
    sheets: dict[str, SheetInfo],
    cells: dict[str, dict[int, dict[int, Found]]],
) -> Finding:
    spot = _spot(problem)
    info = sheets.get(problem.place.sheet) if problem.place else None
    if spot is None or info is None:
        return Finding(problem, "", False)
    found = cells[info.part].get(spot[0], {}).get(spot[1])
    return Finding(problem, _shown(found), True)


def _shown(found: Found | None) -> str:
    if found is None or found.value is None:
        return ""
    if isinstance(found.value, float):
        return number_text(found.value)
    return str(found.value)


def _annotate_sheet(
    parts: Parts, info: SheetInfo, problems: list[Problem], formats: Formats, language: str
) -> None:
    colours: dict[Spot, str] = _cleared(parts, info)
    texts: dict[Spot, list[str]] = {}
    _ = translator(language)
    for problem in problems:
        spot = _spot(problem)
        if spot is None:
            continue
        serious = problem.severity == "error"
        if serious or colours.get(spot) != ERROR:
            colours[spot] = ERROR if serious else WARNING
        kind = _("Error") if serious else _("Warning")
        if problem.cause is not None:
            kind = _("Because of {cell}", cell=problem.cause)
        texts.setdefault(spot, []).append(f"{kind}: {problem.sentence(language)}")
    data = unselected(parts[info.part])
    if colours:
        data = mark_cells(data, colours, formats.coloured)
    parts[info.part] = data
    if texts:
        add_notes(parts, info.part, {spot: "\n".join(lines) for spot, lines in texts.items()})


def _cleared(parts: Parts, info: SheetInfo) -> dict[Spot, str]:
    """Take back the comments of an earlier check; return its cells, to lose their colour."""
    spots: dict[Spot, str] = {}
    for name in parts.related(info.part, "comments"):
        parts[name], cells = forget_notes(parts[name])
        for cell in cells:
            letters = cell.rstrip("0123456789")
            spots[int(cell[len(letters) :] or 0), column_number(letters)] = ""
    return spots
