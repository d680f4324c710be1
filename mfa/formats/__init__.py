"""Other ways in and out: a folder of CSV tables, accounts as files, and other tools' files.

`FORMATS` lists what is known; `detect` finds out what a file is, `read_foreign` reads it, and
`write_foreign` writes it. Each bridge is a module of its own, imported when it is used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place, Problem

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.formats.converted import Converted, ReadOptions, WriteOptions, Written
    from mfa.model.system import System

__all__ = [
    "FORMATS",
    "Format",
    "detect",
    "format_for",
    "read_foreign",
    "write_foreign",
    "write_paths",
]


@dataclass(frozen=True)
class Format:
    """A format that can be read or written.

    Attributes
    ----------
    name
        Word for the command line.
    suffixes
        What the names of its files end in; empty for a folder.
    reads
        Whether files of it can be read.
    takes
        What is written: ``tables`` (the inputs, without loss), ``system`` (the model with its
        observations), ``account`` (the balanced values), or empty when it cannot be written.
    default
        Whether the suffix alone chooses it for writing.
    """

    name: str
    suffixes: tuple[str, ...]
    reads: bool = True
    takes: str = ""
    default: bool = False


FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        Format("workbook", (".xlsx",), True, "tables", True),
        Format("tables", (), True, "tables", True),
        Format("sankeymatic", (".txt",), True, "account", True),
        Format("opensankey", (".json",), True, "account", True),
        Format("opensankey-workbook", (".xlsx",), True, "system"),
        Format("stan", (".smfa", ".zmfa")),
        Format("eurostat", (".json",)),
        Format("ew-mfa", (".xlsx",)),
        Format("irp", (".csv",)),
        Format("flow-list", (".csv",), True, "account", True),
        Format("metabolism", (".csv",), False, "account"),
    )
}
"""Name → format."""


def detect(path: str | os.PathLike[str]) -> Format:
    """Return what a file or folder is, by its content.

    Raises
    ------
    InputError
        It is none of the formats that can be read; the message lists them.
    OSError
        It cannot be read.
    """
    from mfa.formats.sniff import detect_name

    file = Path(path)
    name = detect_name(file)
    if name is None:
        raise InputError([_unknown_format(file)])
    return FORMATS[name]


def _unknown_format(file: Path) -> Problem:
    known = ", ".join(f.name for f in FORMATS.values() if f.reads)
    if file.suffix.lower() in (".csv", ".tsv"):
        return Problem(
            "unknown-table-format",
            "The table is in no format that can be read. A list of flows has columns titled "
            "source, target and value; those that can be read: {formats}.",
            {"formats": known},
            Place(file=file.name),
        )
    return Problem(
        "unknown-format",
        "The file is in no format that can be read. Those that can: {formats}.",
        {"formats": known},
        Place(file=file.name),
    )


def format_for(path: str | os.PathLike[str]) -> Format | None:
    """Return the format that a file of this name is written in; None when the suffix is unknown.

    Examples
    --------
    >>> format_for("hue.txt").name, format_for("tables").name, format_for("hue.pdf")
    ('sankeymatic', 'tables', None)
    """
    file = Path(path)
    suffix = "" if file.is_dir() else file.suffix.lower()
    if not suffix:
        return FORMATS["tables"]
    return next((f for f in FORMATS.values() if f.default and suffix in f.suffixes), None)


def read_foreign(
    path: str | os.PathLike[str], name: str, options: ReadOptions | None = None
) -> Converted:
    """Read a file of another tool.

    Parameters
    ----------
    path
        The file.
    name
        Name of its format, one of `FORMATS` that are read but not our own.
    options
        What the file does not say.

    Raises
    ------
    InputError
        The file is damaged, too large or not in that format.
    ValueError
        There is no reader of that name.
    """
    match name:
        case "sankeymatic":
            from mfa.formats.sankeymatic import read_sankeymatic as read
        case "opensankey":
            from mfa.formats.opensankey import read_opensankey as read
        case "opensankey-workbook":
            from mfa.formats.sep import read_sep as read
        case "stan":
            from mfa.formats.stan import read_stan as read
        case "eurostat":
            from mfa.formats.eurostat import read_eurostat as read
        case "ew-mfa":
            from mfa.formats.questionnaire import read_questionnaire as read
        case "irp":
            from mfa.formats.irp import read_irp as read
        case "flow-list":
            from mfa.formats.links import read_links as read
        case _:
            raise ValueError(f"no reader of {name!r}")
    return read(path, options)


def write_paths(path: str | os.PathLike[str], name: str) -> list[Path]:
    """Return the files that writing `path` in a format may write.

    Examples
    --------
    >>> [file.name for file in write_paths("hue.csv", "metabolism")]
    ['hue.csv', 'hue-stock.csv']
    """
    file = Path(path)
    beside = [file.with_name(f"{file.stem}-stock{file.suffix}")] if name == "metabolism" else []
    return [file, *beside]


def write_foreign(
    model: System | Account,
    path: str | os.PathLike[str],
    name: str,
    options: WriteOptions | None = None,
) -> Written:
    """Write a file for another tool.

    Parameters
    ----------
    model
        The system for formats that take one, else the account.
    path
        The file; it is replaced when the new one is complete.
    name
        Name of a format that takes a system or an account.
    options
        Language, and which part is written.

    Raises
    ------
    InputError
        There is no such layer, period or region.
    ValueError
        There is no writer of that name.
    """
    match name:
        case "sankeymatic":
            from mfa.formats.sankeymatic_write import write_sankeymatic as write
        case "opensankey":
            from mfa.formats.opensankey_write import write_opensankey as write
        case "opensankey-workbook":
            from mfa.formats.sep_write import write_sep as write
        case "flow-list":
            from mfa.formats.flow_list import write_flow_list as write
        case "metabolism":
            from mfa.formats.metabolism import write_metabolism as write
        case _:
            raise ValueError(f"no writer of {name!r}")
    return write(model, path, options)  # type: ignore[arg-type]
