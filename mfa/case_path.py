"""Which case a path leads to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from mfa.errors import InputError, Problem
from mfa.formats.inputs import WORKBOOK_SUFFIXES, holds_tables
from mfa.settings import SETTINGS, Settings, read_settings


class CaseError(InputError):
    """The path leads to nothing that could be opened as a case."""


def locate_case(given: Path) -> tuple[str, Path, Settings]:
    """Return the short name, the folder and the settings of the case at a path.

    Raises
    ------
    FileNotFoundError, CaseError, InputError
        See `mfa.open_case`.
    """
    if not given.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(given))
    if given.name == SETTINGS and given.is_file():
        given = given.parent
    if given.is_dir():
        return _in_folder(given)
    if given.suffix.lower() not in WORKBOOK_SUFFIXES:
        raise CaseError(
            [
                Problem(
                    "no-case",
                    "“{path}” is no case. A case is a folder with case.toml, a workbook (.xlsx) "
                    "or a folder of tables (.csv).",
                    {"path": given},
                )
            ]
        )
    if (given.parent / SETTINGS).is_file():
        settings = read_settings(given.parent)
        if settings.input.exists() and settings.input.samefile(given):
            return _name(given.parent), given.parent, settings
    return given.stem, given.parent, Settings(given)


def _in_folder(folder: Path) -> tuple[str, Path, Settings]:
    if (folder / SETTINGS).is_file():
        return _name(folder), folder, read_settings(folder)
    if holds_tables(folder):
        named = folder.resolve().parent if folder.resolve().name == "tables" else folder
        return _name(named), folder, Settings(folder)
    books = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in WORKBOOK_SUFFIXES)
    if books:
        raise CaseError(
            [
                Problem(
                    "no-settings",
                    "The folder “{path}” has no case.toml. Name the workbook itself: {file}",
                    {"path": folder, "file": folder / books[0]},
                )
            ]
        )
    raise CaseError(
        [
            Problem(
                "no-case-folder",
                "The folder “{path}” holds no case: neither case.toml nor tables such as "
                "flows.csv. “mfa new” makes one.",
                {"path": folder},
            )
        ]
    )


def _name(folder: Path) -> str:
    return folder.resolve().name
