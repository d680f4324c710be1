"""The input of a case, be it a workbook or a folder of tables: find, read, hash, turn over."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfa.workbook.raw import RawTables

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")


def holds_tables(folder: Path) -> bool:
    """Return whether a folder has a file that is named like one of the tables of a case."""
    from mfa.workbook.schema import find_sheet

    suffixes = (".csv", ".parquet")
    return any(p.suffix.lower() in suffixes and find_sheet(p.stem) for p in folder.iterdir())


def read_input(path: str | os.PathLike[str]) -> RawTables:
    """Read a workbook or a folder of tables.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    """
    if Path(path).is_dir():
        from mfa.formats.tables import read_tables

        return read_tables(path)
    from mfa.workbook.read import read_workbook

    return read_workbook(path)


def as_workbook(tables: RawTables, folder: Path, language: str) -> tuple[Path, RawTables]:
    """Write tables as a workbook; return it, and the same rows with where they stand in it."""
    from mfa.workbook.template import FIRST_ROW, write_template

    path = write_template(folder / "tables.xlsx", language, tables)
    rows = {
        name: [replace(row, line=FIRST_ROW + number) for number, row in enumerate(rows)]
        for name, rows in tables.items()
    }
    return path, replace(tables, rows=rows, language=language)


def input_hashes(path: Path) -> dict[str, str]:
    """Return file name → SHA-256 of the workbook, or of every table of a folder."""
    files = [path] if path.is_file() else sorted([*path.glob("*.csv"), *path.glob("*.parquet")])
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
