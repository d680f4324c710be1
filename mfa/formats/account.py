"""The account as a file: for a spreadsheet, for R or Python, for a web page."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Problem
from mfa.files import replace_file, replace_files
from mfa.vocabulary import STATUSES

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter import Workbook

    from mfa.account import Account

CREATED = datetime.datetime(2025, 1, 1)  # constant, so that the same account has the same bytes
WIDEST = 48


def write_account(account: Account, path: str | os.PathLike[str]) -> Path:
    """Write `account` to `path`, in the format that its suffix names.

    ``.csv`` holds the table of quantities, ``.parquet`` too; ``.xlsx`` also the observations, the
    balances and the summary, a sheet each; ``.json`` all of that for programs; ``.nc`` is the
    dataset over (quantity, period, region) as netCDF 3.

    Parameters
    ----------
    account
        The balanced account.
    path
        The file. It is replaced when the new one is complete, never half.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The suffix is none of `SUFFIXES`, or the package that writes it is not installed.
    OSError
        The file cannot be written.
    """
    target = Path(path)
    render = _RENDERERS.get(target.suffix.lower())
    if render is None:
        raise InputError([_bad_suffix(target)])
    replace_file(target, render(account))
    return target


def _bad_suffix(path: Path) -> Problem:
    return Problem(
        "account-suffix",
        "An account cannot be written as “{name}”. The name must end in one of {suffixes}.",
        {"name": path.name, "suffixes": ", ".join(SUFFIXES)},
    )


def summary(account: Account) -> dict[str, Any]:
    """Return what the account was made of and how it fits: plain numbers and texts.

    Keys: ``title``, ``unit``, ``stamp`` (version, input hashes, counts), ``status`` (how many
    quantities of each), ``chi2``, ``degrees_of_freedom``, ``p_value``, ``suspects``.
    """
    test = account.test
    counts = account.table["status"].value_counts()
    return {
        "title": account.system.title("en"),
        "unit": account.system.unit,
        "stamp": account.stamp,
        "status": {status: int(counts[status]) for status in STATUSES if status in counts},
        "chi2": test.chi2,
        "degrees_of_freedom": test.dof,
        "p_value": test.p_value,
        "suspects": list(test.suspects),
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `frame` as JSON holds them: what is no finite number becomes None."""
    return [{key: plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def plain(value: Any) -> Any:
    """Return `value` as JSON holds it: Python's own numbers, None for what is not finite."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(account: Account) -> bytes:
    return account.table.to_csv(index=False, lineterminator="\n").encode("utf-8")


def write_folder(account: Account, folder: str | os.PathLike[str]) -> list[Path]:
    """Write ``quantities.csv``, ``observations.csv`` and ``balances.csv`` into `folder`.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    frames = {
        "quantities": account.table,
        "observations": account.observations,
        "balances": account.residuals,
    }
    contents = {
        Path(folder) / f"{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
        for name, frame in frames.items()
    }
    replace_files(contents)
    return list(contents)


def _json(account: Account) -> bytes:
    import json

    content = {key: plain(value) for key, value in summary(account).items()} | {
        "quantities": [_with_infinity(row) for row in account.table.to_dict("records")],
        "observations": records(account.observations),
        "balances": records(account.residuals),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _with_infinity(row: dict[Any, Any]) -> dict[Any, Any]:
    """Return a row as JSON holds it, with “no upper limit” as the text ``Infinity``.

    JSON has no such number, and null says that a value is not known.
    """
    infinite = {k: "Infinity" if v > 0 else "-Infinity" for k, v in row.items() if _is_infinite(v)}
    return {key: plain(value) for key, value in row.items()} | infinite


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


def _netcdf(account: Account) -> bytes:
    # Through scipy: netCDF 3 asks for no library beyond those the account itself needs.
    return bytes(account.dataset.to_netcdf(engine="scipy"))


def refuse_without_pyarrow() -> None:
    """Raise `InputError` with what to install when Parquet files cannot be handled."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise InputError(
            [
                Problem(
                    "pyarrow-missing",
                    "Files ending in .parquet need the package pyarrow. Install it with: {command}",
                    {"command": "pip install 'city-mfa[parquet]'"},
                )
            ]
        )


def _parquet(account: Account) -> bytes:
    refuse_without_pyarrow()
    stream = BytesIO()
    account.table.to_parquet(stream, index=False, engine="pyarrow")
    return stream.getvalue()


def _xlsx(account: Account) -> bytes:
    from xlsxwriter import Workbook

    stream = BytesIO()
    with Workbook(stream, {"in_memory": True, "strings_to_urls": False}) as book:
        book.set_properties({"created": CREATED, "title": account.system.title("en")})
        _write_summary(book, summary(account))
        _write_frame(book, "quantities", account.table)
        _write_frame(book, "observations", account.observations)
        _write_frame(book, "balances", account.residuals)
    return stream.getvalue()


def _write_summary(book: Workbook, content: dict[str, Any]) -> None:
    sheet = book.add_worksheet("summary")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 72)
    for row, (key, value) in enumerate(_flat(content)):
        sheet.write_string(row, 0, key)
        value = plain(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(row, 1, value)
        else:
            sheet.write_string(row, 1, "" if value is None else str(value))


def _flat(content: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return nested keys joined by dots, lists joined by commas."""
    out: list[tuple[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            out += _flat(value, f"{before}{key}.")
        else:
            out.append((before + key, ", ".join(value) if isinstance(value, list) else value))
    return out


def _write_frame(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bottom": 1})
    for column, title in enumerate(frame.columns):
        sheet.write_string(0, column, str(title), head)
        values = [
            ("∞" if value > 0 else "-∞") if _is_infinite(value) else plain(value)
            for value in frame[title].tolist()
        ]
        for row, value in enumerate(values, start=1):
            if isinstance(value, bool):
                sheet.write_boolean(row, column, value)
            elif isinstance(value, int | float):
                sheet.write_number(row, column, value)
            elif value not in (None, ""):
                sheet.write_string(row, column, str(value))
        texts = [len(value) for value in values if isinstance(value, str)]
        sheet.set_column(column, column, min(WIDEST, max([11, len(str(title)) + 2, *texts])))
    sheet.freeze_panes(1, 1)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


_RENDERERS: dict[str, Callable[[Account], bytes]] = {
    ".xlsx": _xlsx,
    ".csv": _csv,
    ".nc": _netcdf,
    ".parquet": _parquet,
    ".json": _json,
}
SUFFIXES = tuple(_RENDERERS)
"""What the name of an account's file may end in."""
