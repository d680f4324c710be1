"""``mfa report``: the report of one case, or of many, here or on a Dask cluster."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mfa.cli_errors import (
    INPUT_HAS_ERRORS,
    explain_os_error,
    spoken,
    wrong,
)
from mfa.cli_help import Command
from mfa.cli_options import FORMAT_LIST, LANGUAGE_LIST, LETTERHEAD, open_named
from mfa.cli_text import counting, problem_lines, say_written, step
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.cases import CaseReport

Words = tuple[str, ...] | None


@click.command(cls=Command)
@click.argument("cases", metavar="CASE...", nargs=-1, required=True)
@click.option("-o", "output", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for the report (default: reports/<case>).")  # fmt: skip
@click.option("--language", "languages", type=LANGUAGE_LIST,
              help="Languages of the report (default: those of the case).")  # fmt: skip
@click.option("--format", "formats", type=FORMAT_LIST, help="Formats (default: all).")
@click.option("--template", type=LETTERHEAD, metavar="FILE",
              help="A letterhead for the Word files: a client’s .docx or .dotx.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on a Dask cluster: tcp://HOST:PORT, or local (this machine).")  # fmt: skip
def report(
    cases: tuple[str, ...],
    output: Path | None,
    languages: Words,
    formats: Words,
    template: Path | None,
    scheduler: str | None,
) -> None:
    """Write the report: web pages, Word, PDF, and a workbook of all tables.

    Several cases, or a folder with cases below it, are reported one by one, each into its own
    folder; the errors of one do not stop the others.
    """
    from mfa.cases import find_all

    found = find_all(cases)
    alone = len(cases) == 1 and found[0][1] is None
    if alone and scheduler is None:
        _report_one(cases[0], output, languages, formats, template)
        return
    _speak(found[0][0])
    if template:
        _check_template(template, formats)
    done = _report_many(cases, alone, output, languages, formats, template, scheduler)
    for item in done:
        _tell(item)
    if len(done) > 1:
        _ = translator(spoken())
        right = sum(item.error is None for item in done)
        click.echo(_("{n} of {all} cases reported.", n=right, all=len(done)))
    if any(item.error is not None for item in done):
        click.get_current_context().exit(INPUT_HAS_ERRORS)


def _speak(path: Path | str) -> None:
    """Let the language of messages be the environment's, else that of a case if it has one."""
    from mfa.errors import MFAError

    with suppress(MFAError, OSError):
        open_named(path)


def _report_one(
    case: str, output: Path | None, languages: Words, formats: Words, template: Path | None
) -> None:
    from mfa.threads import one_thread

    opened = open_named(case)
    _ = translator(spoken())
    if template:
        _check_template(template, formats)
    with one_thread():
        with step(_("Balancing…")):
            opened.balance()
        with step(_("Writing the report…")):
            written = opened.report(output, languages, formats, template)
    say_written(written)


def _report_many(
    cases: tuple[str, ...],
    alone: bool,
    output: Path | None,
    languages: Words,
    formats: Words,
    template: Path | None,
    scheduler: str | None,
) -> list[CaseReport]:
    """Report every case into its folder; a case that is alone may get the folder itself."""
    from mfa.cases import Options, folders_of, report_into

    folders = folders_of(cases, output or Path("reports"))
    if alone and output:
        folders = dict.fromkeys(folders, output)
    _ = translator(spoken())
    options = Options.of(languages, formats, template)
    with counting(_("Reported: {done} of {all}…"), len(folders)) as progress:
        return report_into(folders, options, scheduler, progress)


def _tell(item: CaseReport) -> None:
    """Print what was written, or why nothing was."""
    from mfa.errors import MFAError

    language, error = spoken(), item.error
    if error is None:
        say_written(item.written)
        return
    if isinstance(error, OSError):
        lines = [explain_os_error(error, language)]
    elif isinstance(error, MFAError):
        lines = problem_lines(getattr(error, "problems", ()), language)
    else:
        lines = [str(error)]
    _ = translator(language)
    click.echo(_("No report of {case}:", case=item.path), err=True)
    click.echo("\n".join(f"  {line}".rstrip() for line in lines), err=True)


def _check_template(template: Path, formats: Words) -> None:
    """Refuse a letterhead that is none, or that nothing would use, before anything is computed."""
    from mfa.report.docx_package import read_template

    if formats and "docx" not in formats:
        _ = translator(spoken())
        raise wrong(_("--template is for Word files: add docx to --format."))
    read_template(template)
