"""Many cases at once: each balanced and reported by itself, here or on a Dask cluster.

A case travels to a worker as the bytes of its inputs, and its report travels back as the bytes of
its files: workers need neither a common disk nor the same folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mfa.case import Case, CaseError, open_case
from mfa.cluster import run_somewhere
from mfa.errors import InputError, MFAError, Problem
from mfa.files import replace_files
from mfa.settings import SETTINGS, find_cases

if TYPE_CHECKING:
    from mfa.cluster import Progress, Where


@dataclass(frozen=True)
class CaseReport:
    """What became of one case.

    Attributes
    ----------
    path
        The case, as it was asked for or found.
    folder
        Where its report is.
    written
        The files of the report.
    error
        Why there is none: an `MFAError` with its problems, an `OSError`, or a RuntimeError for what
        should not happen; None when all went well.
    """

    path: Path
    folder: Path
    written: tuple[Path, ...] = ()
    error: Exception | None = None


def report_cases(
    cases: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out_dir: str | os.PathLike[str] | None = None,
    languages: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    template: str | os.PathLike[str] | None = None,
    *,
    client: Where = None,
    progress: Progress | None = None,
) -> list[CaseReport]:
    """Balance and report several cases; the errors of one do not stop the others.

    Parameters
    ----------
    cases
        Cases as for `open_case`, or folders below which there are cases.
    out_dir
        Where the folders of the reports go, one a case, named as the case or by its place below the
        folder in which it was found. Default: ``reports``.
    languages, formats, template
        As for `Case.report`.
    client
        A Dask cluster that does the work: a client, a scheduler's address or ``"local"``
        (`mfa.cluster.connected`). Default: one case after the other, here. The files are the same.
    progress
        Called with the numbers of finished and of all cases.

    Returns
    -------
    list of CaseReport
        In the order of the cases.

    Raises
    ------
    InputError
        Two cases would be reported into one folder, or the template is no Word document.
    OSError
        The template cannot be read.
    ClusterError
        The cluster cannot be reached, or cannot do the work.
    ValueError
        A language or format is unknown, or there is a template but no Word file to write.
    """
    top = Path("reports" if out_dir is None else out_dir)
    given = [cases] if isinstance(cases, str | os.PathLike) else list(cases)
    options = Options.of(languages, formats, template)
    return report_into(folders_of(given, top), options, client, progress)


@dataclass(frozen=True)
class Options:
    """How reports are to be: languages and formats (None: the case's, all), and a letterhead."""

    languages: tuple[str, ...] | None
    formats: tuple[str, ...] | None
    template: bytes | None

    @classmethod
    def of(
        cls,
        languages: Sequence[str] | None,
        formats: Sequence[str] | None,
        template: str | os.PathLike[str] | None,
    ) -> Options:
        """Check the options of a report before there is any work.

        Raises
        ------
        ValueError, InputError, OSError
            See `report_cases`.
        """
        from mfa.report import FORMATS, check_options

        letterhead = check_options(
            languages or (), formats or FORMATS, None if template is None else Path(template)
        )
        return cls(
            None if languages is None else tuple(languages),
            None if formats is None else tuple(formats),
            letterhead,
        )


def find_all(given: Iterable[str | os.PathLike[str]]) -> list[tuple[Path, Path | None]]:
    """Return (case, folder in which it was found): None for a case that was itself asked for."""
    found: list[tuple[Path, Path | None]] = []
    for path in map(Path, given):
        below = [] if _is_case(path) else [Path(c["folder"]) for c in find_cases(path)]
        found += [(case, path) for case in below] or [(path, None)]
    return list(dict.fromkeys(found))


def _is_case(path: Path) -> bool:
    if not path.is_dir() or (path / SETTINGS).is_file():
        return True
    try:
        open_case(path)
    except CaseError:
        return False
    return True


def folders_of(given: Iterable[str | os.PathLike[str]], top: Path) -> dict[Path, Path]:
    """Return case → folder of its report below `top`.

    Raises
    ------
    InputError
        Two have the same.
    """
    taken: dict[str, Path] = {}
    folders: dict[Path, Path] = {}
    for path, below in find_all(given):
        name = Path(_id(path)) if below is None else path.relative_to(below)
        other = taken.setdefault(os.path.normcase(name), path)  # folders of Windows: any case
        if other != path:
            raise InputError(
                [
                    Problem(
                        "reports-same-folder",
                        "“{first}” and “{second}” would both be reported into “{folder}”. Rename "
                        "one of them, or report them one at a time.",
                        {"first": other, "second": path, "folder": name},
                    )
                ]
            )
        folders[path] = top / name
    return folders


def _id(path: Path) -> str:
    """Return the name of a case, also of one that cannot be opened."""
    try:
        return open_case(path).id
    except (MFAError, OSError):
        return path.resolve().stem


def report_into(
    folders: dict[Path, Path],
    options: Options,
    client: Where = None,
    progress: Progress | None = None,
) -> list[CaseReport]:
    """Report each case into its folder; as `report_cases`, from case → folder."""
    done: dict[Path, CaseReport] = {}
    packed: dict[Path, Packed] = {}
    for path, folder in folders.items():
        try:
            packed[path] = Packed.of(open_case(path))
        except (MFAError, OSError) as error:
            done[path] = CaseReport(path, folder, error=error)
    paths = list(packed)
    cases = [packed[path] for path in paths]
    somewhere = client if cases else None
    for number, result in run_somewhere(somewhere, report_packed, options, cases, progress):
        path = paths[number]
        done[path] = _unpacked(path, folders[path], result)
    return [done[path] for path in folders]


def _unpacked(path: Path, folder: Path, result: dict[str, bytes] | Exception) -> CaseReport:
    """Write the files of a report to where they belong."""
    if isinstance(result, Exception):
        return CaseReport(path, folder, error=result)
    contents = {folder / name: content for name, content in result.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_files(contents)
    except OSError as error:
        return CaseReport(path, folder, error=error)
    return CaseReport(path, folder, tuple(contents))


@dataclass(frozen=True)
class Packed:
    """A case as it travels: what its settings say, and its input files as bytes.

    Attributes
    ----------
    id, input
        Of the case; the name of the workbook, or of the folder of tables.
    settings
        As read from ``case.toml``.
    files
        Name → content: the workbook alone, or every table.
    workbook
        Whether the input is a workbook.
    """

    id: str
    input: str
    settings: Any
    files: dict[str, bytes]
    workbook: bool

    @classmethod
    def of(cls, case: Case) -> Packed:
        """Read the inputs of a case.

        Raises
        ------
        OSError
            They cannot be read.
        """
        source = case.input
        files = [source] if case.is_workbook else [p for p in source.iterdir() if p.is_file()]
        kept = sorted(p for p in files if case.is_workbook or p.suffix.lower() == ".csv")
        content = {p.name: p.read_bytes() for p in kept}
        return cls(case.id, source.resolve().name, case.settings, content, case.is_workbook)

    def unpack(self, folder: Path) -> Case:
        """Write the inputs into an empty folder and return the case there."""
        source = folder / self.input
        holder = folder if self.workbook else source
        holder.mkdir(exist_ok=True)
        for name, content in self.files.items():
            (holder / name).write_bytes(content)
        return Case(self.id, folder, replace(self.settings, input=source))


def report_packed(options: Options, packed: Packed) -> dict[str, bytes] | Exception:
    """Balance and report one case; return its files by name, or why there are none."""
    with TemporaryDirectory() as place:
        top = Path(place)
        inputs, output = top / "inputs", top / "report"
        inputs.mkdir()
        template = None if options.template is None else top / "letterhead.docx"
        try:
            if template is not None and options.template is not None:
                template.write_bytes(options.template)
            case = packed.unpack(inputs)
            written = case.report(output, options.languages, options.formats, template)
            return {path.name: path.read_bytes() for path in written}
        except (MFAError, OSError) as error:
            return error
        except Exception as error:  # whatever it is, it is this case's, not that of the others
            return RuntimeError(f"{type(error).__name__}: {error}")
