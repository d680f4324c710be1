"""Reports: an account as web pages, as documents to edit and to print, as a workbook of all tables.

Every format shows the same document: the same chapters, tables, figures and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.files import replace_files
from mfa.locale import LANGUAGES

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.report.document import Document
    from mfa.report.facts import Facts

__all__ = ["FORMATS", "write_report"]

EXPLORER = "explorer.html"
FORMATS = ("html", "explorer", "docx", "pdf", "xlsx")


def write_report(
    account: Account,
    out_dir: str | Path,
    *,
    languages: Sequence[str] = ("vi", "en"),
    formats: Sequence[str] = FORMATS,
    case_id: str = "",
    template: str | Path | None = None,
) -> list[Path]:
    """Write the report of an account.

    Parameters
    ----------
    account
        The balanced account.
    out_dir
        Folder for the files; made if need be.
    languages
        ``"vi"``, ``"en"``; one page for each, and the order of languages in the workbook.
    formats
        ``"html"``, ``"docx"`` and ``"pdf"`` give ``report.<language>.<format>``, ``"explorer"``
        one page to look through the account in all languages, ``explorer.html``, ``"xlsx"`` gives
        ``report.xlsx``.
    case_id
        Name of the case, for the manifest.
    template
        A client's letterhead (.docx, .dotx) for the Word files; see `mfa.report.docx`.

    Returns
    -------
    list of Path
        The files written. Older ones are replaced only when all are complete.

    Raises
    ------
    ValueError
        A language or format is unknown, or there is a template but no Word file to write.
    InputError
        The template is no Word document.
    """
    letterhead = check_options(languages, formats, template)
    from mfa.report.chapters import compose
    from mfa.report.collect import collect

    facts = collect(account, case_id)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    # typst works outside of Python's lock: PDFs are set and pictures for Word are drawn while the
    # other languages are composed and the other files are written.
    with ThreadPoolExecutor(2 * len(languages) or 1) as pool:
        documents: dict[str, Document] = {}
        papers: dict[str, Future[bytes]] = {}
        for language in languages:
            documents[language] = compose(facts, language)
            for name, make in _papers(documents[language], formats, letterhead):
                papers[name] = pool.submit(make)
        files = [
            *_pages(facts, documents, formats),
            *_workbook(documents, formats),
            *((name, papers[name].result) for name in papers),
        ]
        made = {name: make() for name, make in files}
    contents = {folder / name: made[name] for name in sorted(made, key=_place)}
    replace_files(contents)
    return list(contents)


def check_options(
    languages: Sequence[str], formats: Sequence[str], template: str | Path | None
) -> bytes | None:
    """Check what a report is asked to be; return the letterhead, if there is one.

    Raises
    ------
    ValueError, InputError, OSError
        See `write_report`; or the template cannot be read.
    """
    _refuse_unknown("language", languages, LANGUAGES)
    _refuse_unknown("format", formats, FORMATS)
    return None if template is None else _letterhead(Path(template), formats)


def _place(name: str) -> int:
    """Return where a file stands in the list of what was written: by its format."""
    suffix = "explorer" if name == EXPLORER else name.rpartition(".")[2]
    return FORMATS.index(suffix)


Make = Callable[[], bytes]
"""What returns the content of a file."""


def _pages(
    facts: Facts, documents: Mapping[str, Document], formats: Sequence[str]
) -> Iterator[tuple[str, Make]]:
    """Yield name and maker of every web page."""
    names = {language: f"report.{language}.html" for language in documents}
    explored = EXPLORER if "explorer" in formats else ""
    if "html" in formats:
        from mfa.report.html import render_html

        for language, document in documents.items():
            others = {key: name for key, name in names.items() if key != language}
            page = partial(render_html, document, others, explored)
            yield names[language], lambda page=page: page().encode("utf-8")
    if "explorer" in formats:
        from mfa.report.explorer import render_explorer

        explorer = partial(
            render_explorer,
            facts.account,
            tuple(documents),
            pictures=facts.pictures,
            reports=names if "html" in formats else {},
        )
        yield EXPLORER, lambda: explorer().encode("utf-8")


def _papers(
    document: Document, formats: Sequence[str], letterhead: bytes | None
) -> Iterator[tuple[str, Make]]:
    """Yield name and maker of PDF and Word file.

    Tables are measured and pictures drawn on the way, once for both.
    """
    if "pdf" in formats:
        from mfa.report.pdf import setting
        from mfa.report.typesetting import typeset_pdf

        yield f"report.{document.language}.pdf", partial(typeset_pdf, *setting(document))
    if "docx" in formats:
        from mfa.report.docx import render_docx

        yield f"report.{document.language}.docx", partial(render_docx, document, letterhead)


def _workbook(
    documents: Mapping[str, Document], formats: Sequence[str]
) -> Iterator[tuple[str, Make]]:
    """Yield name and maker of the workbook."""
    if "xlsx" in formats:
        from mfa.report.xlsx import render_xlsx

        yield "report.xlsx", partial(render_xlsx, list(documents.values()))


def _letterhead(template: Path, formats: Sequence[str]) -> bytes:
    if "docx" not in formats:
        raise ValueError("a template is for the Word file, and docx is not among the formats")
    from mfa.report.docx_package import read_template

    return read_template(template)


def _refuse_unknown(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{what} is {name!r}, expected one of {', '.join(known)}")
