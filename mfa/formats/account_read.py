"""The table of an account, read back from a file that it was written to."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Place, Problem
from mfa.formats.files import TOO_LARGE, refuse
from mfa.workbook.guard import require_file

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

NUMBERS = ("input", "input_sd", "value", "sd", "lower", "upper", "adjustment")
COLUMNS = (
    "id", "kind", "source", "target", "material", "layer", "period", "region", "input",
    "input_sd", "value", "sd", "lower", "upper", "unit", "status", "adjustment",
)  # fmt: skip
MAX_BYTES = 400_000_000
LONGEST_HEADER = 10_000
NUMBER_BYTES = 8 * len(NUMBERS)
"""How many bytes the numbers of one cell of the dataset take: a file that claims more lies."""
_DAMAGED = (ValueError, LookupError, TypeError, OSError, RecursionError, OverflowError)
_INFINITE = {"∞": "inf", "-∞": "-inf", "Infinity": "inf", "-Infinity": "-inf"}


def read_account_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return what `mfa.Account.table` was when the account was written to `path`.

    Parameters
    ----------
    path
        A file of `mfa.Account.to_csv`, ``to_excel``, ``to_parquet`` or ``to_netcdf``, a ``.json``
        of ``mfa balance``, a folder of ``to_csv``, or a workbook with results in it.

    Returns
    -------
    DataFrame
        The same columns, rows and values (a workbook of ``to_excel`` keeps 16 digits).

    Raises
    ------
    InputError
        The suffix is unknown, the file cannot be read, or holds no account.
    FileNotFoundError
        There is no such file.
    """
    file = Path(path) / "quantities.csv" if Path(path).is_dir() else Path(path)
    read = _READERS.get(file.suffix.lower())
    if read is None:
        raise InputError(
            [
                Problem(
                    "account-suffix-read",
                    "“{name}” cannot be read as an account. The name must end in one of "
                    "{suffixes}.",
                    {"name": file.name, "suffixes": ", ".join(_READERS)},
                )
            ]
        )
    require_file(file)
    if file.stat().st_size > MAX_BYTES:
        values = {"size": file.stat().st_size // 1_000_000, "limit": MAX_BYTES // 1_000_000}
        refuse("file-too-large", TOO_LARGE, file.name, **values)
    try:
        frame = read(file)
    except (FileNotFoundError, InputError):
        raise
    except _DAMAGED as cause:
        raise _no_account(file) from cause
    if not set(COLUMNS) <= set(frame.columns):
        raise _no_account(file)
    return _typed(frame[list(COLUMNS)])


def _no_account(file: Path) -> InputError:
    message = "The file holds no account that mfa has written, or is damaged."
    return InputError([Problem("no-account", message, {}, Place(file=file.name))])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with numbers as floats (infinite ones included) and texts without NaN."""
    import pandas as pd

    out = {
        name: pd.to_numeric(column.replace(_INFINITE)).astype(float)
        if name in NUMBERS
        else column.astype(object).where(column.notna(), "").astype(str)
        for name, column in frame.items()
    }
    return pd.DataFrame(out).reset_index(drop=True)


def _csv(file: Path) -> pd.DataFrame:
    import pandas as pd

    with file.open(encoding="utf-8-sig") as stream:
        titles = stream.readline(LONGEST_HEADER).rstrip("\r\n").split(",")
    if not set(COLUMNS) <= set(titles):
        raise _no_account(file)
    frame = pd.read_csv(
        file, dtype=str, keep_default_na=False, encoding="utf-8-sig", usecols=list(COLUMNS)
    )
    numbers = [name for name in NUMBERS if name in frame]
    return frame.assign(**{name: _parsed(frame[name]) for name in numbers})


def _parsed(texts: pd.Series) -> pd.Series:
    """Return numbers exactly as they were written: pandas' own parser may be off by a digit."""
    return texts.map(lambda text: float(text) if text else float("nan"))


def _json(file: Path) -> pd.DataFrame:
    import pandas as pd

    with file.open(encoding="utf-8") as stream:
        rows = json.load(stream)["quantities"]
    if any(not set(COLUMNS) <= set(row) for row in rows):
        raise _no_account(file)
    return pd.DataFrame([[row[name] for name in COLUMNS] for row in rows], columns=COLUMNS)


def _parquet(file: Path) -> pd.DataFrame:
    from mfa.formats.parquet import read_parquet

    return read_parquet(file, COLUMNS.__contains__)


def _netcdf(file: Path) -> pd.DataFrame:
    import xarray as xr

    with file.open("rb") as stream:
        if stream.read(4) == b"\x89HDF":  # netCDF 4, as xarray writes it by default
            _refuse_without_netcdf4(file)
            with xr.open_dataset(file, engine="netcdf4") as dataset:
                frame = _flat(dataset, file)
        else:
            stream.seek(0)
            with xr.open_dataset(stream, engine="scipy") as dataset:
                frame = _flat(dataset, file)
    frame = frame.rename(columns={"quantity": "id"}).set_index("row")
    return frame[frame.index >= 0].sort_index()


def _flat(dataset: xr.Dataset, file: Path) -> pd.DataFrame:
    """Return the variables of an account, a row a cell; other dimensions would multiply them."""
    dims = ("quantity", "period", "region")
    cells = math.prod(dataset.sizes.values())
    if set(dataset.sizes) != set(dims) or cells * NUMBER_BYTES > file.stat().st_size:
        raise _no_account(file)
    known = {*COLUMNS, "row", *dims}
    others = [name for name in dataset.variables if name not in known]
    return dataset.drop_vars(others).load().to_dataframe().reset_index()


def _refuse_without_netcdf4(file: Path) -> None:
    from importlib.util import find_spec

    if find_spec("netCDF4") is None:
        raise InputError(
            [
                Problem(
                    "netcdf4-missing",
                    "The file is netCDF 4, which needs the package netCDF4. Write it with "
                    "to_netcdf of the account instead, which is netCDF 3, or install it with: "
                    "{command}",
                    {"command": "pip install netCDF4"},
                    Place(file=file.name),
                )
            ]
        )


def _xlsx(file: Path) -> pd.DataFrame:
    import pandas as pd

    from mfa.workbook.guard import Package
    from mfa.workbook.xlsx import Book

    with Package(file) as package:
        book = Book(package)
        for info in book.sheets:
            cells = book.cells(info).cells
            head, first = _headers(cells)
            if set(COLUMNS) <= set(head.values()):
                rows = [
                    {name: line[c].value if c in line else None for c, name in head.items()}
                    for row, line in sorted(cells.items())
                    if row >= first
                ]
                return pd.DataFrame(rows, columns=list(head.values()))
    raise _no_account(file)


def _headers(cells: dict[int, dict[int, Any]]) -> tuple[dict[int, str], int]:
    """Return column number → name, and the first row of data, of either kind of workbook."""
    second = {c: str(found.value) for c, found in cells.get(2, {}).items()}
    if "result_account_id" in second.values():
        short = {c: n.removeprefix("result_") for c, n in second.items()}
        return {c: "id" if n == "account_id" else n for c, n in short.items()}, 3
    return {c: str(found.value) for c, found in cells.get(1, {}).items()}, 2


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _csv,
    ".json": _json,
    ".nc": _netcdf,
    ".parquet": _parquet,
    ".xlsx": _xlsx,
    ".xlsm": _xlsx,
}
