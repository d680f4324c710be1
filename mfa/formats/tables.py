"""A folder of CSV files, one a table: the same input as the workbook, for review and for diffs.

The files are UTF-8 with a header row of machine names and ``.`` as decimal sign. Readers also
take titles in either language, semicolons or tabs between cells, and UTF-16 with a byte-order mark,
because that is what spreadsheets save.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mfa.errors import InputError, Place, Problem
from mfa.files import replace_files
from mfa.locale import N_
from mfa.workbook.cells import Found
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import RawTables, Value
from mfa.workbook.rows import Grid, Where, read_rows
from mfa.workbook.schema import SHEETS, Sheet, find_column, find_sheet
from mfa.workbook.text import nearest

MAX_BYTES = 200_000_000
LONGEST_LINE = 10_000_000
"""How many characters may go by without the end of a line."""
MOST_PARQUET_CELLS = 4_000_000
"""How many cells of a Parquet file are made into cells with places."""
MOST_COLUMNS = 200_000
"""How many filled cells a row may have: more would take seconds to be told one by one."""
MOST_TITLES = 1_000
"""How many titles are looked at for the separator."""
SUFFIXES = (".csv", ".parquet")
_DELIMITERS = (",", ";", "\t")
_LIVE = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula when it opens a CSV file; apostrophes before it double."""
_FILLED_LINE = re.compile(r"[^\r\n]*[^\s][^\r\n]*")


def read_tables(folder: str | os.PathLike[str], only: Collection[str] = ()) -> RawTables:
    """Read ``<table>.csv`` or ``<table>.parquet`` for every table in `folder`.

    Numbers in text are read with a decimal point, whatever the case table declares: that setting is
    about the workbook. A file that is not there is an empty table.

    Parameters
    ----------
    folder
        The folder; its files are named after the tables (``flows.csv``) or sheets (``Dòng.csv``).
    only
        The tables to read; default: all.

    Returns
    -------
    RawTables
        Everything read, with a problem for everything that could not be.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    path = Path(folder)
    tables = RawTables(decimal=".", source=path.name)
    files: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        if file.suffix.lower() not in SUFFIXES or not file.is_file():
            continue
        found = find_sheet(file.stem)
        if found is None:
            tables.problems += _unknown_file(file)
        elif found.name in files:
            tables.problems.append(_double_file(file, files[found.name]))
        else:
            files[found.name] = file
    for sheet in SHEETS:
        if sheet.name in files and (sheet.name in only or not only):
            _read_file(sheet, files[sheet.name], tables)
    if not files:
        message = N_("The folder “{folder}” holds no table. Files such as flows.csv are expected.")
        place = Place(file=path.name)
        tables.problems.append(error("no-tables", message, place, folder=path.name))
    return tables


def write_tables(
    tables: RawTables | Mapping[str, Sequence[Mapping[str, Value]]], folder: str | os.PathLike[str]
) -> list[Path]:
    """Write `tables` as ``<table>.csv`` into `folder` and return the paths written.

    Columns stand in the order of the schema and only those with a value anywhere, besides the
    required ones; numbers with a decimal point; lines end in a line feed. A text that a spreadsheet
    would evaluate is led by an apostrophe, which is taken away in reading. The same tables give the
    same bytes.
    """
    plain = tables.plain() if isinstance(tables, RawTables) else tables
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    contents = {
        path / f"{sheet.name}.csv": _csv_text(sheet, rows).encode("utf-8")
        for sheet in SHEETS
        if (rows := plain.get(sheet.name))
    }
    replace_files(contents)
    return list(contents)


def _csv_text(sheet: Sheet, rows: Sequence[Mapping[str, Value]]) -> str:
    used = {name for row in rows for name, value in row.items() if value not in ("", None)}
    names = [c.name for c in sheet.columns if c.required or c.name in used]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(row.get(name)) for name in names])
    return out.getvalue()


def _csv_cell(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _LIVE.match(value) and not is_number(value) else value
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def is_number(text: str) -> bool:
    """Return whether a spreadsheet takes a text for a number, not for a formula."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def unguarded(text: str) -> str:
    """Return the text of a CSV cell without the apostrophe that keeps it from being a formula.

    Examples
    --------
    >>> unguarded("'=1+1"), unguarded("'t Hart")
    ('=1+1', "'t Hart")
    """
    return text[1:] if text.startswith("'") and _LIVE.match(text) else text


def _read_file(sheet: Sheet, file: Path, tables: RawTables) -> None:
    try:
        grid, problem = _content(sheet, file)
    except InputError as refusal:
        tables.problems += refusal.problems
        return
    if problem:
        tables.problems.append(problem)
        return
    rows, problems = read_rows(sheet, grid, Where(file.name), ".")
    tables.rows[sheet.name] = rows
    tables.problems += problems
    if sheet.keys:
        tables.set_blanks_aside()


def _content(sheet: Sheet, file: Path) -> tuple[Grid, Problem | None]:
    """Return the cells of a file, or what is wrong with it."""
    if file.suffix.lower() == ".parquet":
        return _parquet_grid(sheet, file), None
    text, problem = _decode(file)
    return ({}, problem) if problem else _grid(text, sheet, file)


def _parquet_grid(sheet: Sheet, file: Path) -> Grid:
    """Return the cells of a Parquet file, its titles as the first line."""
    from mfa.formats.parquet import read_parquet

    frame = read_parquet(file, lambda t: find_column(sheet, t) is not None, MOST_PARQUET_CELLS)
    grid = {1: {n: Found(str(title)) for n, title in enumerate(frame.columns, start=1)}}
    for number, title in enumerate(frame.columns, start=1):
        for line, value in enumerate(frame[title].tolist(), start=2):
            if value is not None and value == value and str(value).strip():
                known = isinstance(value, str | bool)
                number_like = isinstance(value, int | float)
                cell = value if known else float(value) if number_like else str(value)
                grid.setdefault(line, {})[number] = Found(cell)
    return dict(sorted(grid.items()))


def _decode(file: Path) -> tuple[str, Problem | None]:
    """Return the text of `file`, by its byte-order mark, else as UTF-8."""
    size = file.stat().st_size
    if size > MAX_BYTES:
        message = N_("The file has {size} MB; at most {limit} MB are read.")
        limits = {"size": size // 1_000_000, "limit": MAX_BYTES // 1_000_000}
        return "", error("file-too-large", message, Place(file=file.name), **limits)
    data = file.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as cause:
        line = data[: cause.start].count(b"\n") + 1
        message = N_("The file is not UTF-8 text from line {line} on. Save it as “CSV UTF-8”.")
        return "", error("not-utf-8", message, Place(file=file.name, row=line), line=line)
    if "\x00" in text:
        message = N_("The file is not text. Save the table as “CSV UTF-8”.")
        line = text[: text.index("\x00")].count("\n") + 1
        return "", error("not-text", message, Place(file=file.name, row=line))
    return text, None


def _grid(text: str, sheet: Sheet, file: Path) -> tuple[Grid, Problem | None]:
    """Return line number → column number → cell."""
    grid: dict[int, dict[int, Found]] = {}
    line = 1
    try:
        _check_lines(text)
        delimiter = _delimiter(text, sheet)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cells in reader:
            if len(cells) > MOST_COLUMNS and sum(map(bool, cells)) > MOST_COLUMNS:
                message = N_("A row has more than {limit} cells, which is not read.")
                place = Place(file=file.name, row=line)
                return {}, error("too-many-columns", message, place, limit=MOST_COLUMNS)
            filled = {n: Found(unguarded(c)) for n, c in enumerate(cells, start=1) if c.strip()}
            if filled:
                grid[line] = filled
            line = reader.line_num + 1
    except csv.Error:
        message = N_(
            "The file cannot be read as CSV from line {line} on: a quotation mark is not closed, "
            "or a cell is too long."
        )
        place = Place(file=file.name, row=line)
        return {}, error("csv-unreadable", message, place, line=line)
    return grid, None


def _check_lines(text: str) -> None:
    """Refuse a line that is longer than any table has before it is copied again.

    Raises
    ------
    csv.Error
        There is one.
    """
    for start in range(0, len(text) - LONGEST_LINE, LONGEST_LINE):
        end = start + LONGEST_LINE
        if text.find("\n", start, end) < 0 and text.find("\r", start, end) < 0:
            raise csv.Error("line too long")


def _delimiter(text: str, sheet: Sheet) -> str:
    """Return the separator that makes the most known titles out of the first filled line."""
    found = _FILLED_LINE.search(text)
    first = found[0] if found else ""

    def known(delimiter: str) -> int:
        try:
            titles = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:  # a title that is too long with this separator
            return -1
        return sum(find_column(sheet, title) is not None for title in titles[:MOST_TITLES])

    return max(_DELIMITERS, key=known)


def _unknown_file(file: Path) -> list[Problem]:
    meant = nearest(file.stem, [sheet.name for sheet in SHEETS])
    if meant is None:
        return []
    message = N_("The table “{title}” is not known and is not read. Did you mean “{meant}”?")
    values = {"title": file.stem, "meant": meant}
    return [warning("unknown-table", message, Place(file=file.name), **values)]


def _double_file(file: Path, other: Path) -> Problem:
    message = N_("“{title}” and “{other}” are the same table; remove one of them.")
    values = {"title": file.name, "other": other.name}
    return error("double-table", message, Place(file=file.name), **values)
