"""The table of contents of a Word file, and the bookmarks it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mfa.locale import translator
from mfa.report.document import Block, Document, Section
from mfa.report.docx_styles import Styles
from mfa.report.docx_xml import paragraph, run
from mfa.report.paged import clean

DEPTH = 2


def contents(document: Document, style: Styles) -> str:
    """Return the field of the table of contents with what it shows until it is updated.

    Only Word knows on which pages its chapters are: the numbers come with the update.
    """
    _ = translator(document.language)
    title = paragraph(style("TOC Heading"), run(_("Contents")), "<w:pageBreakBefore/>")
    instruction = f' TOC \\o "1-{DEPTH}" \\h \\z \\u '
    start = (
        _switch("begin")
        + f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
        + _switch("separate")
    )
    entries = []
    for level, section in sections(document.chapters, 1):
        if level <= DEPTH:
            words = run(section.number) + "<w:r><w:tab/></w:r>" + run(clean(section.title))
            name = bookmark(section)
            link = f'<w:hyperlink w:anchor="{name}" w:history="1">{words}</w:hyperlink>'
            entries.append(paragraph(style(f"TOC {level}"), start + link))
            start = ""
    end = paragraph(style("Table End"), start + _switch("end"))
    return (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        "<w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent>"
        f"{title}{''.join(entries)}{end}</w:sdtContent></w:sdt>"
    )


def sections(blocks: Sequence[Block], level: int) -> Iterator[tuple[int, Section]]:
    """Yield every section in reading order with its level."""
    for block in blocks:
        if isinstance(block, Section):
            yield level, block
            yield from sections(block.blocks, level + 1)


def bookmark(section: Section) -> str:
    """Return the name by which the table of contents leads to a section."""
    return "_Toc" + section.number.replace(".", "_")


def _switch(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
