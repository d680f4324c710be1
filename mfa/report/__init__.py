"""Reports: an account as one HTML page a language, and as a workbook of all its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.locale import LANGUAGES

if TYPE_CHECKING:
    from mfa.account import Account

__all__ = ["FORMATS", "write_report"]

FORMATS = ("html", "explorer", "xlsx")


def write_report(
    account: Account,
    out_dir: str | Path,
    *,
    languages: Sequence[str] = ("vi", "en"),
    formats: Sequence[str] = FORMATS,
    case_id: str = "",
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
        ``"html"`` gives ``report.<language>.html``, ``"explorer"`` one page to look through the
        account in all languages, ``explorer.html``, ``"xlsx"`` gives ``report.xlsx``.
    case_id
        Name of the case, for the manifest.

    Returns
    -------
    list of Path
        The files written. Each replaces an older one only when it is complete.

    Raises
    ------
    ValueError
        A language or format is unknown.
    """
    _refuse_unknown("language", languages, LANGUAGES)
    _refuse_unknown("format", formats, FORMATS)
    from mfa.report.chapters import compose
    from mfa.report.collect import collect

    facts = collect(account, case_id)
    documents = {language: compose(facts, language) for language in languages}
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if "html" in formats:
        from mfa.report.html import render_html

        names = {language: f"report.{language}.html" for language in documents}
        for language, document in documents.items():
            others = {key: name for key, name in names.items() if key != language}
            page = render_html(document, others)
            written.append(
                _replace(
                    folder / names[language],
                    lambda path, page=page: path.write_text(page, encoding="utf-8", newline="\n"),
                )
            )
    if "explorer" in formats:
        from mfa.report.explorer import render_explorer

        explorer = render_explorer(account, languages)
        written.append(
            _replace(
                folder / "explorer.html",
                lambda path: path.write_text(explorer, encoding="utf-8", newline="\n"),
            )
        )
    if "xlsx" in formats:
        from mfa.report.xlsx import write_xlsx

        written.append(
            _replace(
                folder / "report.xlsx",
                lambda path: write_xlsx(list(documents.values()), str(path)),
            )
        )
    return written


def _refuse_unknown(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{what} is {name!r}, expected one of {', '.join(known)}")


def _replace(path: Path, write: Callable[[Path], object]) -> Path:
    """Write beside `path`, then put it in its place: nobody ever sees half a file."""
    beside = path.with_name(f".{path.name}.part")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
