"""The first sheet of an annotated workbook: every problem, with a link to its cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mfa.errors import Problem
from mfa.locale import LANGUAGES, N_, translator
from mfa.workbook.marks import ERROR, WARNING, Formats
from mfa.workbook.notes import MAIN
from mfa.workbook.parts import OFFICE, Parts
from mfa.workbook.splice import Edit, Tag, appended, spliced, tags, with_attributes, xml_text
from mfa.workbook.xlsx import Book, SheetInfo

TITLE = N_("Check")
HEADING = N_("What was found in this workbook")
_SELECTED = re.compile(rb"""(<(?:\w+:)?sheetView\b[^>]*?)\s+tabSelected=["'](?:1|true)["']""")
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


@dataclass(frozen=True)
class Finding:
    """A problem with what stands in its cell.

    Attributes
    ----------
    problem
        The problem.
    found
        What the cell holds, as text.
    linked
        Whether the cell exists in the workbook.
    """

    problem: Problem
    found: str
    linked: bool


def is_check_sheet(book: Book, info: SheetInfo) -> bool:
    """Return whether a sheet is the list that an earlier check wrote."""
    words = [translator(language) for language in LANGUAGES]
    if not any(info.name.startswith(_(TITLE)) for _ in words):
        return False
    first = book.cells(info).cells.get(1, {}).get(1)
    return first is not None and first.value in [_(HEADING) for _ in words]


def add_check_sheet(
    parts: Parts,
    workbook: str,
    findings: Sequence[Finding],
    formats: Formats,
    language: str,
    earlier: SheetInfo | None = None,
) -> None:
    """Put the sheet with all `findings` before the others and make it the one that is shown.

    A sheet that an `earlier` check wrote is written anew where it stands.
    """
    content = _sheet(findings, formats, language).encode()
    if earlier is not None:
        parts[earlier.part] = content
        parts[workbook] = _shown(parts[workbook], earlier.name)
        return
    name = parts.free_name("xl/worksheets/mfaCheck{}.xml")
    parts[name] = content
    parts.declare(name, _SHEET_TYPE)
    identifier = parts.relate(workbook, "worksheet", name)
    parts[workbook] = _listed(parts[workbook], identifier, language)


def _shown(data: bytes, title: str) -> bytes:
    """Return the workbook part with the sheet called `title` in front."""
    found = tags(data, {"sheet", "workbookView"})
    titles = [tag.attributes.get("name") for tag in found if tag.parent == "sheets"]
    active = str(titles.index(title))
    edits = []
    for tag in found:
        if tag.name == "workbookView":
            start = data[tag.start : tag.stop]
            shown = with_attributes(start, activeTab=active, firstSheet=None)
            edits.append((tag.start, tag.stop, shown))
    return spliced(data, edits)


def _listed(data: bytes, identifier: str, language: str) -> bytes:
    """Return the workbook part with the new sheet first."""
    found = tags(data, {"sheets", "sheet", "definedName", "workbookView"})
    sheets = next(tag for tag in found if tag.name == "sheets")
    listed = [tag for tag in found if tag.name == "sheet" and tag.parent == "sheets"]
    new = _entry(sheets.prefix, listed, identifier, translator(language)(TITLE))
    edits: list[Edit] = [(sheets.stop, sheets.stop, new)]
    for tag in found:
        start = data[tag.start : tag.stop]
        local = tag.attributes.get("localSheetId")
        if tag.name == "definedName" and local is not None:
            # Names of one sheet point to it by its place in the order, which moves by one.
            moved = with_attributes(start, localSheetId=str(int(local) + 1))
            edits.append((tag.start, tag.stop, moved))
        elif tag.name == "workbookView":
            shown = with_attributes(start, activeTab="0", firstSheet=None)
            edits.append((tag.start, tag.stop, shown))
    return spliced(data, edits)


def append_sheet(parts: Parts, workbook: str, content: bytes, title: str) -> None:
    """Put a sheet behind all others under `title`, or with a number after it when that is taken."""
    name = parts.free_name("xl/worksheets/mfaResult{}.xml")
    parts[name] = content
    parts.declare(name, _SHEET_TYPE)
    identifier = parts.relate(workbook, "worksheet", name)
    data = parts[workbook]
    found = tags(data, {"sheets", "sheet"})
    sheets = next(tag for tag in found if tag.name == "sheets")
    listed = [tag for tag in found if tag.name == "sheet" and tag.parent == "sheets"]
    new = _entry(sheets.prefix, listed, identifier, title)
    parts[workbook] = spliced(data, [appended(data, sheets, new)])


def _entry(prefix: str, listed: Sequence[Tag], identifier: str, title: str) -> bytes:
    """Return the entry of a new sheet in the list of sheets."""
    number = max((int(tag.attributes.get("sheetId", 0)) for tag in listed), default=0) + 1
    free = _free_title(title, [tag.attributes.get("name", "") for tag in listed])
    name = f"{prefix}:sheet" if prefix else "sheet"
    return (
        f'<{name} xmlns:r="{OFFICE}" name="{xml_text(free)}" sheetId="{number}" '
        f'r:id="{identifier}"/>'
    ).encode()


def _free_title(wanted: str, taken: Sequence[str]) -> str:
    known = {title.casefold() for title in taken}
    number, title = 1, wanted
    while title.casefold() in known:
        number += 1
        title = f"{wanted} {number}"
    return title


def unselected(data: bytes) -> bytes:
    """Return a sheet that is not the selected one: two selected sheets would be edited together."""
    end = data.find(b"sheetData")
    return _SELECTED.sub(rb"\1", data[:end]) + data[end:] if end > 0 else data


def _sheet(findings: Sequence[Finding], formats: Formats, language: str) -> str:
    _ = translator(language)
    font = '<sz val="10"/><name val="Arial"/>'
    bold = formats.styled('<b/><sz val="10"/><name val="Arial"/>')
    large = formats.styled('<b/><sz val="14"/><name val="Arial"/>', wrap=False)
    plain = formats.styled(font)
    link = formats.styled('<u/><sz val="10"/><color rgb="FF0B5D5E"/><name val="Arial"/>')
    colours = {
        "error": formats.styled(font, colour=ERROR),
        "warning": formats.styled(font, colour=WARNING),
    }
    roots = [f.problem for f in findings if f.problem.cause is None]
    errors = sum(problem.severity == "error" for problem in roots)
    summary = _(
        "{errors} errors, {warnings} warnings. Mend them in your own workbook, or here and check "
        "this copy again.",
        errors=errors,
        warnings=len(roots) - errors,
    )
    rows = [_row(1, [(large, _(HEADING))]), _row(2, [(large, "")])]
    rows.append(_row(3, [(0, summary)]))
    titles = (_("Kind"), _("Cell"), _("What is wrong and what to do"), _("What stands there"))
    rows.append(_row(5, [(bold, title) for title in titles]))
    links = []
    for number, finding in enumerate(_in_order(findings), start=6):
        problem = finding.problem
        kind = _("Error") if problem.severity == "error" else _("Warning")
        if problem.cause is not None:
            kind = _("Because of {cell}", cell=problem.cause)
        where = str(problem.place or "")
        said = problem.sentence(language)
        style = link if finding.linked else plain
        cells = [(colours[problem.severity], kind), (style, where), (plain, said)]
        lines = max(-(-len(said) // 95), -(-min(len(finding.found), 400) // 40), 1)
        rows.append(_row(number, [*cells, (plain, finding.found)], lines))
        if finding.linked:
            links.append(_link(number, finding))
    return _page(rows, links)


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with each that follows from another right behind that one."""
    behind: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.problem.cause is not None:
            behind.setdefault(str(finding.problem.cause), []).append(finding)
    ordered = []
    for finding in findings:
        if finding.problem.cause is None:
            ordered += [finding, *behind.pop(str(finding.problem.place), [])]
    return ordered


def _row(number: int, cells: Sequence[tuple[int, str]], lines: int = 1) -> str:
    # Inline text: whatever was quoted from the file is text and never a formula.
    inner = "".join(
        f'<c r="{letter}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        f"{xml_text(text[:32_000])}</t></is></c>"
        for letter, (style, text) in zip("ABCD", cells, strict=False)
    )
    # Not every program makes room for wrapped text when it opens a file.
    height = f' ht="{13.5 * lines}" customHeight="1"' if lines > 1 else ""
    return f'<row r="{number}"{height}>{inner}</row>'


def _link(number: int, finding: Finding) -> str:
    place = finding.problem.place
    assert place is not None
    sheet = place.sheet.replace("'", "''")
    target = xml_text(f"'{sheet}'!{place.cell}").replace('"', "&quot;")
    return f'<hyperlink ref="B{number}" location="{target}"/>'


def _page(rows: Sequence[str], links: Sequence[str]) -> str:
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>'
        for n, w in enumerate((12, 24, 90, 40), start=1)
    )
    hyperlinks = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0" '
        'showGridLines="0"><pane ySplit="5" topLeftCell="A6" activePane="bottomLeft" '
        f'state="frozen"/></sheetView></sheetViews><cols>{widths}</cols>'
        f"<sheetData>{''.join(rows)}</sheetData>{hyperlinks}"
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )
