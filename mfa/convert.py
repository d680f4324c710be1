"""From any format that can be read to any that can be written, with what was lost on the way.

Our own inputs change shape without loss: a workbook as CSV tables, CSV tables as a workbook. Files
of other tools become tables; accounts and systems become files of other tools (`mfa.formats`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.case import Case, open_case
from mfa.errors import InputError, Word, has_errors
from mfa.formats import (
    FORMATS,
    Format,
    detect,
    format_for,
    read_foreign,
    write_foreign,
    write_paths,
)
from mfa.formats.converted import (
    Converted,
    Loss,
    LossLog,
    ReadOptions,
    WriteOptions,
    Written,
)
from mfa.formats.diagram import choose
from mfa.locale import N_
from mfa.model.names import unknown
from mfa.workbook.raw import RawTables, Value

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System

Tables = Mapping[str, Sequence[Mapping[str, Value]]]
VIEWED = "sankeymatic"
"""The format that a view can be written in."""
WITHOUT_NUMBERS = Loss(
    "structure-only",
    N_("All numbers, limits, relations, sources and notes: only the structure was asked for."),
)


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what it did not carry over.

    Attributes
    ----------
    paths
        The files written.
    losses
        Everything lost in reading and in writing, and what was assumed.
    language
        The language of the input.
    """

    paths: list[Path]
    losses: list[Loss] = field(default_factory=list)
    language: str = "en"


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    to: str = "",
    language: str | None = None,
    overwrite: bool = False,
    only_structure: bool = False,
    view: str = "",
    reading: ReadOptions | None = None,
    writing: WriteOptions | None = None,
) -> Conversion:
    """Convert a case, or a file of another tool, into another format.

    Diagrams and lists (`Format.takes` is ``account``) hold balanced values: the system is balanced
    first. Models hold the observations.

    Parameters
    ----------
    source
        A case, or a file in one of `mfa.formats.FORMATS` that can be read.
    target
        The file, or the folder of tables, to write.
    to
        Name of its format; default: by its suffix.
    language
        Language of headers and names; default: the first of the case, or that of the file.
    overwrite
        Whether what is there may be replaced.
    only_structure
        Leave out all numbers and sources; only for formats of our own.
    view
        Id of a view whose groups and colours are written; only for SankeyMATIC. Default: every
        process by itself.
    reading, writing
        What the file does not say, and which part is written.

    Raises
    ------
    InputError
        The source is in no known format, has errors, or lacks the part asked for.
    InfeasibleError, ConvergenceError
        The system cannot be balanced.
    ValueError
        `to` or the suffix of `target` is unknown, such a format cannot be written, or not with
        these options.
    FileExistsError
        There is something already, and `overwrite` is not set.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "mill.txt").write_text("Farm [10] Market")
    >>> done = convert(folder / "mill.txt", folder / "tables")
    >>> [path.name for path in done.paths]
    ['case.csv', 'processes.csv', 'flows.csv', 'observations.csv']
    >>> done.losses[0].text()[:39]
    'No unit: the numbers are taken as t/yea'
    """
    found = target_format(target, to)
    if view and found.name != VIEWED:
        raise ValueError(f"{found.name} has no views")
    path = Path(target)
    given = _Source(Path(source), reading or ReadOptions())
    language = language or given.language
    if found.takes == "tables":
        book = found.name == "workbook"
        paths = _write_own(given.tables, path, language, overwrite, only_structure, book=book)
        left = [WITHOUT_NUMBERS] if only_structure else []
        return Conversion(paths, [*given.losses, *left], given.language)
    if only_structure:
        raise ValueError(f"{found.name} cannot be written without numbers")
    for file in write_paths(path, found.name):
        _refuse_existing(file, overwrite)
    options = replace(writing or WriteOptions(), language=language)
    if view:
        written = write_view(given.account(), path, view, options)
    else:
        model: System | Account = given.system() if found.takes == "system" else given.account()
        written = write_foreign(model, path, found.name, options)
    losses = [*given.losses, *written.losses]
    return Conversion(written.paths, sorted(losses, key=lambda loss: loss.assumed), given.language)


def write_view(
    account: Account,
    path: str | os.PathLike[str],
    view: str | None = None,
    options: WriteOptions | None = None,
) -> Written:
    """Write a view of `account` as SankeyMATIC text, grouped and coloured as it says.

    Parameters
    ----------
    account
        The balanced account.
    path
        The text file; it is replaced when the new one is complete.
    view
        Id of the view; default: the first, or every process by itself where there is none.
    options
        Language, period and region.

    Returns
    -------
    Written
        The file, and what the text cannot hold.

    Raises
    ------
    InputError
        There is no such view, period or region.
    OSError
        The file cannot be written.
    """
    from mfa.formats.sankeymatic_view import write_sankeymatic_view
    from mfa.sankey.view import weave

    options, log = options or WriteOptions(), LossLog()
    views = account.system.views
    name = view if view is not None else next(iter(views), None)
    if name is not None and name not in views:
        raise InputError([unknown("unknown-view", Word("view"), name, views, None)])
    period, region = choose(account.system, options, log)
    chosen = views[name] if name is not None else None
    graph = weave(account, chosen, language=options.language, period=period, region=region)
    written = write_sankeymatic_view(graph, path, options.language)
    return replace(written, losses=[*log.losses, *written.losses])


def target_format(target: str | os.PathLike[str], to: str = "") -> Format:
    """Return the format in which `target` is written.

    Raises
    ------
    ValueError
        It is unknown, or cannot be written.

    Examples
    --------
    >>> target_format("hue.json").name, target_format("rows.csv", "metabolism").name
    ('opensankey', 'metabolism')
    """
    found = FORMATS.get(to) if to else format_for(target)
    if found is None or not found.takes:
        raise ValueError(f"{to or Path(target).name!r} is no format that can be written")
    suffix = "" if Path(target).is_dir() else Path(target).suffix.lower()
    if suffix not in (found.suffixes or ("",)):
        expected = ", ".join(found.suffixes) or "no suffix"
        raise ValueError(f"{Path(target).name!r} does not end as {to} does ({expected})")
    return found


class _Source:
    """What is converted: a case of ours, or a file of another tool."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.case: Case | None = None
        self.read: Converted | None = None
        name = "tables" if path.suffix == ".toml" else detect(path).name
        if name in ("workbook", "tables"):
            self.case = open_case(path)
        else:
            self.read = read_foreign(path, name, options)

    @property
    def language(self) -> str:
        """The language to write in unless told otherwise."""
        return self.case.languages[0] if self.case else self.tables.language

    @property
    def losses(self) -> list[Loss]:
        """What reading lost."""
        return list(self.read.losses) if self.read else []

    @property
    def tables(self) -> RawTables:
        """The tables; for a case, refused when they could not be read without errors."""
        if self.read:
            return self.read.tables
        assert self.case is not None
        if has_errors(self.case.tables.problems):
            raise InputError(self.case.tables.problems)
        return self.case.tables

    def system(self) -> System:
        """Return the system, or raise all errors of the input at once."""
        if self.read:
            return self.read.system()
        assert self.case is not None
        errors = [p for p in self.case.problems if p.severity == "error"]
        if errors:
            raise InputError(errors)
        return self.case.system

    def account(self) -> Account:
        """Balance the system."""
        return self.case.balance() if self.case else self.system().balance()


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
    chosen = language or case.languages[0]
    book = bool(path.suffix) and not path.is_dir()
    return _write_own(case.tables, path, chosen, overwrite, only_structure, book=book)


def _write_own(
    raw: RawTables,
    path: Path,
    language: str,
    overwrite: bool,
    only_structure: bool,
    *,
    book: bool,
) -> list[Path]:
    """Write a workbook or a folder of tables."""
    _refuse_existing(path, overwrite)
    tables: Tables = raw.plain()
    if only_structure:
        from mfa.frameworks import structure

        tables = structure(tables)
    if book:
        from mfa.workbook.template import write_template

        path.parent.mkdir(parents=True, exist_ok=True)
        return [write_template(path, language, tables)]
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
