"""The same inputs in the other shape: a workbook as CSV tables, CSV tables as a workbook."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mfa.case import Case, has_errors
from mfa.errors import InputError
from mfa.workbook.raw import Value

Tables = Mapping[str, Sequence[Mapping[str, Value]]]


def convert_case(
    case: Case,
    target: str | os.PathLike[str],
    *,
    language: str | None = None,
    overwrite: bool = False,
    only_structure: bool = False,
) -> list[Path]:
    """Write the inputs of `case` as a workbook or as a folder of CSV tables, without loss.

    What a user added of their own beside the tables (sheets, columns, colours) is not part of them
    and stays behind.

    Parameters
    ----------
    case
        Opened by `mfa.open_case`.
    target
        A file name ending in ``.xlsx``, or a folder.
    language
        Language of a workbook's headers; default: the first of the case.
    overwrite
        Whether an existing workbook, or tables in the folder, may be replaced.
    only_structure
        Leave out all numbers and sources, for another city to start from.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        The input cannot be read without errors.
    ValueError
        `target` has another suffix.
    FileExistsError
        There is something already, and `overwrite` is not set.
    """
    path = Path(target)
    if not known_target(path):
        raise ValueError(f"{path.name!r} is neither a workbook (.xlsx) nor a folder")
    if has_errors(case.tables.problems):
        raise InputError(case.tables.problems)
    _refuse_existing(path, overwrite)
    tables: Tables = case.tables.plain()
    if only_structure:
        from mfa.frameworks import structure

        tables = structure(tables)
    if path.suffix and not path.is_dir():
        from mfa.workbook.template import write_template

        path.parent.mkdir(parents=True, exist_ok=True)
        return [write_template(path, language or case.languages[0], tables)]
    return _write_folder(tables, path)


def known_target(target: str | os.PathLike[str]) -> bool:
    """Return whether `target` can be written: an ``.xlsx`` file, or a folder.

    Examples
    --------
    >>> known_target("hue.xlsx"), known_target("tables"), known_target("hue.ods")
    (True, True, False)
    """
    path = Path(target)
    return path.is_dir() or path.suffix.lower() in ("", ".xlsx")


def _tables_in(folder: Path) -> list[Path]:
    from mfa.workbook.schema import find_sheet

    files = folder.iterdir() if folder.is_dir() else []
    return [p for p in sorted(files) if p.suffix.lower() == ".csv" and find_sheet(p.stem)]


def _refuse_existing(path: Path, overwrite: bool) -> None:
    existing = path.is_file() or bool(_tables_in(path))
    if existing and not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _write_folder(tables: Tables, folder: Path) -> list[Path]:
    """Write the tables and remove those that are no longer filled: they would be read again."""
    from mfa.formats.tables import write_tables

    before = _tables_in(folder)
    written = write_tables(tables, folder)
    for file in before:
        if file not in written:
            file.unlink()
    return written
