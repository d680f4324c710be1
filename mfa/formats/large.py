"""A folder of large tables as a case: read, checked and built by whole columns.

The same rules as for small tables, each tried once on every distinct value; what is wrong is named
with its file and row, at most `MOST_REPORTED` rows of one kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import InputError, Place, Problem
from mfa.formats.bulk import MOST_REPORTED, SUFFIXES, read_frames, system_of
from mfa.formats.tables import read_tables
from mfa.locale import N_
from mfa.workbook.build_views import add_views
from mfa.workbook.case_settings import split_periods
from mfa.workbook.checks import Checked, check_cell
from mfa.workbook.lists import ALWAYS
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Cell, RawTables, Row
from mfa.workbook.schema import SHEETS, Column, find_sheet

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.system import System

LARGE = 10_000_000
"""From how many bytes of CSV on a folder is read by columns."""
_REFERRED = ("processes", "layers", "materials", "sources", "parameters", "flows", "stocks")


def is_large(folder: str | os.PathLike[str]) -> bool:
    """Return whether the tables of a folder are read by columns: large ones, and Parquet.

    Examples
    --------
    >>> import tempfile
    >>> is_large(tempfile.mkdtemp())
    False
    """
    files = [
        file
        for file in Path(folder).iterdir()
        if file.suffix.lower() in SUFFIXES and find_sheet(file.stem)
    ]
    parquet = any(file.suffix.lower() == ".parquet" for file in files)
    return parquet or sum(file.stat().st_size for file in files) >= LARGE


def build_large(folder: str | os.PathLike[str]) -> tuple[System, list[Problem]]:
    """Read, check and build the tables of `folder`.

    Returns
    -------
    System
        Empty when there are errors.
    list of Problem
        Errors and doubts, each with file and row.
    """
    from mfa.model.system import System

    try:
        frames = read_frames(folder)
    except InputError as refusal:
        return System(), list(refusal.problems)
    checked = _checked(frames)
    problems = [p for name, frame in frames.items() for p in _table_problems(checked, name, frame)]
    if any(p.severity == "error" for p in problems):
        return System(), problems
    try:
        system = system_of(frames)
    except InputError as refusal:
        return System(), [*problems, *refusal.problems]
    if "views" in frames:
        checked.tables = read_tables(folder, only=("views",))
        add_views(checked, system)
        problems += checked.problems
    return system, [*problems, *system.check()]


def _checked(frames: Mapping[str, pd.DataFrame]) -> Checked:
    """Return what the rules of single cells need to know: ids, periods, settings."""
    case = frames["case"].to_dict("records") if "case" in frames else []
    here = Place(file="case.csv")
    rows = [Row({str(k): Cell(v, here) for k, v in row.items() if v != ""}, here) for row in case]
    given = {str(row["key"]): str(row["value"]) for row in case}
    checked = Checked(RawTables({"case": rows}, decimal="."))
    checked.periods = tuple(split_periods(given.get("periods", "")))
    for name in _REFERRED:
        ids = frames[name]["id"].tolist() if name in frames and "id" in frames[name] else []
        checked.know(name, [*ALWAYS.get(name, ()), *ids])
    if "processes" not in frames and "flows" in frames:
        ends = (frames["flows"][end].tolist() for end in ("source", "target"))
        checked.know("processes", [*ALWAYS["processes"], *(e for column in ends for e in column)])
    return checked


def _table_problems(checked: Checked, name: str, frame: pd.DataFrame) -> Iterator[Problem]:
    table = next(sheet for sheet in SHEETS if sheet.name == name)
    if table.keys or not len(frame):
        return
    for column in table.columns:
        if column.name in frame and column.kind not in ("text", "region"):
            if column.kind == "reference" and column.choices not in checked_tables(checked):
                continue
            yield from _column_problems(checked, frame, column)
    if name == "observations":
        yield from _double_ids(frame)
        yield from _missing_sources(frame)


def checked_tables(checked: Checked) -> set[str]:
    """Return the tables whose ids a reference is held against: those that are filled in."""
    return {name for name in _REFERRED if len(checked.ids(name)) > len(ALWAYS.get(name, ()))}


def _column_problems(checked: Checked, frame: pd.DataFrame, column: Column) -> Iterator[Problem]:
    """Try the rules of a column once on each distinct value."""
    import pandas as pd

    codes, values = pd.factorize(frame[column.name], use_na_sentinel=True)
    empty, wrong = codes < 0, 0
    for code, value in enumerate(values.tolist()):
        if value == "":
            empty |= codes == code
            continue
        row = Row({column.name: Cell(value, Place())}, Place())
        before = len(checked.problems)
        if not check_cell(checked, row, column, column.name):
            (problem,) = checked.problems[before:]
            rows = np.flatnonzero(codes == code)
            yield from _at(frame, rows, problem)
            wrong += 1
            if wrong == MOST_REPORTED:
                message = N_("Only the first wrong values of this column are listed.")
                yield from _at(frame, rows[:1], error(problem.code, message))
                break
        checked.forget(before)
    if column.required and not column.numeric:
        message = N_("A value is missing in column “{column}”.")
        problem = error("missing-value", message, column=column.name)
        yield from _at(frame, np.flatnonzero(empty), problem)


def _double_ids(frame: pd.DataFrame) -> Iterator[Problem]:
    if "id" not in frame:
        return
    message = N_("The id “{id}” stands twice. Ids must be unique.")
    for row in np.flatnonzero(frame["id"].duplicated().to_numpy())[:MOST_REPORTED]:
        problem = error("id-duplicate", message, id=frame["id"].iloc[row])
        yield from _at(frame, np.array([row]), problem)


def _missing_sources(frame: pd.DataFrame) -> Iterator[Problem]:
    given = frame["source"].to_numpy() != "" if "source" in frame else np.zeros(len(frame), bool)
    if "uncertainty" in frame:
        given |= frame["uncertainty"].to_numpy() == "0"
    count = int((~given).sum())
    if count:
        message = N_("{n} values have no source; the first stands here.")
        problem = warning("missing-source", message, n=count)
        yield from _at(frame, np.flatnonzero(~given)[:1], problem)


def _at(frame: pd.DataFrame, rows: np.ndarray, problem: Problem) -> Iterator[Problem]:
    """Yield a problem for the first of `rows`, with file and line."""
    lines = frame.attrs["lines"]
    for row in rows[:MOST_REPORTED]:
        yield replace(problem, place=Place(file=frame.attrs["file"], row=int(lines[row])))
