"""Large tables as columns: a million rows of CSV or Parquet in seconds, no row a Python object.

`mfa.formats.tables` reads the same files row by row, every value with its place, and suggests what
was meant; here problems name the table, the row and the column.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.errors import InputError, Place, Problem, Word
from mfa.formats.tables import unguarded
from mfa.locale import N_
from mfa.workbook.cells import Found, interpret
from mfa.workbook.columns import Column, Sheet
from mfa.workbook.problems import error
from mfa.workbook.rows import EXAMPLE_MARKS
from mfa.workbook.schema import SHEETS, find_column, find_sheet, sheet
from mfa.workbook.text import bare

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.system import System

SUFFIXES = (".csv", ".parquet")
MOST_REPORTED = 20
"""How many bad cells of one column are listed."""
_DELIMITERS = (",", ";", "\t")
_INFO = ("boundary_en", "boundary_vi", "description_en", "description_vi", "population", "grdp",
         "author", "version", "sao_region")  # fmt: skip


def read_frames(folder: str | os.PathLike[str]) -> dict[str, pd.DataFrame]:
    """Read ``<table>.csv`` or ``<table>.parquet`` for every table in `folder`.

    Columns may have machine names or titles in either language; those of the user's own are left
    out. Texts are tidied and words of a list made machine words, numbers are floats (NaN where the
    cell is empty). CSV is UTF-8 with a decimal point.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    dict
        Table name → DataFrame, as `mfa.System.from_tables` takes them (``case`` and ``views``
        apart).

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    InputError
        A table cannot be read, lacks a column, or has cells that are no numbers: all at once.
    """
    path = Path(folder)
    problems: list[Problem] = []
    frames: dict[str, pd.DataFrame] = {}
    for file in sorted(path.iterdir()):
        table = find_sheet(file.stem) if file.suffix.lower() in SUFFIXES else None
        if table is None:
            continue
        if table.name in frames:
            message = N_("The table “{table}” stands in two files; remove one of them.")
            place = Place(file=file.name)
            problems.append(error("double-table", message, place, table=table.name))
            continue
        try:
            frames[table.name] = _tidy(_raw(file, table), table, file.name, problems)
        except (ValueError, csv.Error) as cause:  # pandas' and pyarrow's errors are among them
            if isinstance(cause, InputError):
                raise
            message = N_("The table cannot be read: {reason}.")
            reason = _reason(cause)
            place = Place(file=file.name)
            problems.append(error("table-unreadable", message, place, reason=reason))
    if problems:
        raise InputError(problems)
    return {table.name: frames[table.name] for table in SHEETS if table.name in frames}


def read_system(folder: str | os.PathLike[str]) -> System:
    r"""Read the tables in `folder` as columns and build their system.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    InputError
        See `read_frames` and `mfa.System.from_tables`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "flows.csv").write_text("id,source,target\nrice,import,export\n")
    ...     list(read_system(folder).flows)
    ['rice']
    """
    return system_of(read_frames(folder))


def _reason(cause: Exception) -> Word:
    """Return in words why pandas could not read a table."""
    from pandas.errors import EmptyDataError, ParserError

    if isinstance(cause, EmptyDataError):
        return Word(N_("it is empty"))
    if isinstance(cause, UnicodeError):
        return Word(N_("it is not UTF-8 text; save it as “CSV UTF-8”"))
    if isinstance(cause, ParserError | csv.Error):
        return Word(N_("a row has more cells than the titles, or a quotation mark is not closed"))
    return Word(N_("its content is not that of a table"))


def system_of(frames: Mapping[str, pd.DataFrame]) -> System:
    """Return the system of tables from `read_frames`; views are left out.

    Raises
    ------
    InputError
        See `mfa.System.from_tables`.
    """
    from mfa.model.system import System
    from mfa.workbook.case_settings import split_periods

    frames = dict(frames)
    case = frames.pop("case", None)
    frames.pop("views", None)
    given = {} if case is None else dict(zip(case["key"], case["value"], strict=True))
    info = {key: given[key] for key in ("title_en", "title_vi", *_INFO) if given.get(key)}
    return System.from_tables(
        str(given.get("title_en", "")),
        str(given.get("unit") or "t/year"),
        periods=split_periods(str(given.get("periods", ""))),
        regions=_regions(str(given.get("regions", ""))),
        info=info,
        **{name: _as_records(frame, name) for name, frame in frames.items()},
    )


def _regions(text: str) -> dict[str, list[str]] | list[str]:
    """Return regions side by side, or parent → children (``Hue: A, B; …``)."""
    from mfa.workbook.case_settings import split_list

    groups = [group for group in text.replace("\n", ";").split(";") if group.strip()]
    if not any(":" in group for group in groups):
        return [name for group in groups for name in split_list(group)]
    parts = [group.partition(":") for group in groups]
    return {parent.strip(): split_list(children) for parent, _, children in parts}


def _as_records(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table with the columns and types of the model's records."""
    if name == "processes" and "balance" in frame:
        frame = frame.assign(balance=frame["balance"].to_numpy(dtype=object) != "no")
    texts = [c for c in frame if frame[c].dtype.kind not in "fib"]
    # An empty cell stands for the default of its record, which is not always an empty text.
    frame = frame.assign(**{c: frame[c].where(frame[c] != "", None) for c in texts})
    if name == "observations":
        return frame.drop(columns=["layer"], errors="ignore")
    return frame


def _raw(file: Path, table: Sheet) -> pd.DataFrame:
    """Return the file as it is: texts, or for Parquet what it holds."""
    import pandas as pd

    if file.suffix.lower() == ".parquet":
        from mfa.formats.parquet import read_parquet

        return read_parquet(file, lambda title: find_column(table, title) is not None)
    return pd.read_csv(
        file,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        sep=_delimiter(file, table),
        skip_blank_lines=False,
    )


def _delimiter(file: Path, table: Sheet) -> str:
    """Return the separator that makes the most known titles out of the first line."""
    with file.open(encoding="utf-8-sig") as stream:
        first = stream.readline(100_000)

    def known(delimiter: str) -> int:
        titles = next(csv.reader([first], delimiter=delimiter), [])
        return sum(find_column(table, title) is not None for title in titles)

    return max(_DELIMITERS, key=known)


def _tidy(raw: pd.DataFrame, table: Sheet, name: str, problems: list[Problem]) -> pd.DataFrame:
    """Return the known columns of a table, each as its kind wants it, without blank rows."""
    import pandas as pd

    found = {title: find_column(table, str(title)) for title in raw.columns}
    known = {column.name: title for title, column in found.items() if column}
    for column in table.columns:
        if column.required and column.name not in known:
            message = N_("The column “{column}” is missing. Add it, or start from a new template.")
            place = Place(file=name, row=1)
            problems.append(error("missing-column", message, place, column=column.name))
    columns = {
        n: _column(raw[title], table.column(n), name, problems) for n, title in known.items()
    }
    frame = pd.DataFrame(columns, index=raw.index)
    if not len(frame):
        return frame
    counted = _counted(frame, table)
    kept = frame[counted].reset_index(drop=True)
    kept.attrs |= {"file": name, "lines": np.flatnonzero(counted) + 2}
    return kept


def _counted(frame: pd.DataFrame, table: Sheet) -> np.ndarray:
    """Return which rows count: those that are not blank and no example."""
    blank = np.ones(len(frame), dtype=bool)
    for name in frame:
        blank &= frame[name].isna().to_numpy() | (frame[name] == "").to_numpy()
        if not blank.any():
            break
    first = frame.columns[0]
    head = frame[first].iloc[:12] if first == table.columns[0].name else frame[first].iloc[:0]
    for row, text in enumerate(head):
        blank[row] |= isinstance(text, str) and bare(text).startswith(EXAMPLE_MARKS)
    return ~blank


def _column(column: pd.Series, meant: Column, name: str, problems: list[Problem]) -> np.ndarray:
    """Return a column as numbers or tidied texts; every distinct cell is looked at once."""
    import pandas as pd

    if meant.numeric and pd.api.types.is_numeric_dtype(column.dtype):
        return _finite(column.to_numpy(dtype=float), meant, name, problems)
    if meant.numeric:
        # Nearly all cells are plain numbers; the rest is read as in a workbook.
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, copy=True)
        rest = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
        rest = rest[column.iloc[rest].astype(str).str.strip().to_numpy() != ""]
        for row, text in zip(rest[:10_000], column.iloc[rest[:10_000]], strict=True):
            numbers[row] = _cell(str(text), meant, name, int(row), problems)
        return _finite(numbers, meant, name, problems, rest)
    codes, words = pd.factorize(column, use_na_sentinel=True)
    tidied = np.empty(len(words) + 1, dtype=object)
    tidied[-1] = ""
    for number, word in enumerate(words):
        found = Found(unguarded(word) if isinstance(word, str) else _number_or_text(word))
        tidied[number] = interpret(found, meant, ".")[0] or ""
    return tidied[codes]


def _number_or_text(word: Any) -> float | str:
    value = word.item() if hasattr(word, "item") else word
    return float(value) if isinstance(value, int | float) else str(value)


def _cell(text: str, meant: Column, name: str, row: int, problems: list[Problem]) -> float:
    value, problem = interpret(Found(text), meant, ".")
    if problem and sum(p.code == problem.code for p in problems) < MOST_REPORTED:
        place = Place(file=name, row=row + 2)
        problems.append(Problem(problem.code, problem.message, problem.values, place))
    return value if isinstance(value, float) else float("nan")


def _finite(
    numbers: np.ndarray, meant: Column, name: str, problems: list[Problem], rest: Any = ()
) -> np.ndarray:
    """Return the numbers, after reporting infinite ones."""
    for row in np.flatnonzero(np.isinf(numbers))[:MOST_REPORTED]:
        message = N_("The cell in column “{column}” holds {value}, which is no finite number.")
        values = {"column": meant.name, "value": float(numbers[row])}
        problems.append(error("not-finite", message, Place(file=name, row=int(row) + 2), **values))
    if meant.required and meant is sheet("observations").column("value"):
        blank = np.flatnonzero(np.isnan(numbers))
        for row in blank[~np.isin(blank, rest)][:MOST_REPORTED]:
            message = N_("A value is missing in column “{column}”.")
            place = Place(file=name, row=int(row) + 2)
            problems.append(error("missing-value", message, place, column=meant.name))
    return numbers
