"""The report as a Word document that people go on writing in.

Headings, captions, lists and tables have Word's own styles; numbers of chapters, tables and figures
are fields and lists that follow when something is inserted. See `docx_package` for the file around.
"""

from __future__ import annotations

import copy
import io
import re
from datetime import UTC
from typing import TYPE_CHECKING

from mfa.locale import translator
from mfa.report.document import (
    Block,
    Bullets,
    Cards,
    Definitions,
    Document,
    Figure,
    Paragraph,
    Section,
)
from mfa.report.docx_contents import bookmark, contents, sections
from mfa.report.docx_package import (
    W,
    frozen,
    own_package,
    parsed,
    room_for_report,
    serialised,
    update_fields,
)
from mfa.report.docx_styles import Styles, add_numbering
from mfa.report.docx_tables import Tables
from mfa.report.docx_xml import (
    TWIPS,
    Marks,
    Texts,
    field,
    paragraph,
    picture,
    run,
)
from mfa.report.paged import (
    MARGINS,
    PAGE,
    REGIONS,
    Picture,
    clean,
    fresh_pages,
    is_plate,
    kept_together,
    lies_across,
    linked_anchors,
    paper_order,
    paper_picture,
    split_label,
    type_area,
)
from mfa.report.tables import Table
from mfa.report.typesetting import typeset_pictures
from mfa.report.xlsx import CREATED

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element

DPI = 220  # of pictures, as Word itself keeps them: 1,510 px across an A4 page
CHAPTERS, ANNEXES, BULLETS = 1, 2, 3  # lists in templates/word/numbering.xml
TURN = "\0"  # in the text of a chapter: here the paper is turned; no text can hold it


def render_docx(document: Document, template: bytes | None = None) -> bytes:
    """Return the report as a Word file.

    Parameters
    ----------
    document
        The report.
    template
        A client's letterhead, from `mfa.report.docx_package.read_template`: its styles, headers,
        footers, paper and margins are used. Its text goes, unless it holds a paragraph
        ``{{report}}``, which the report replaces.
    """
    import docx

    package = own_package(document.language) if template is None else template
    word = docx.Document(io.BytesIO(package))
    return _Writer(document, word, template is None).write()


class _Writer:
    """Writes a report into an empty document or a client's template."""

    def __init__(self, document: Document, word: WordDocument, own: bool) -> None:
        self.document, self.word, self.own = document, word, own
        self.tr = translator(document.language)
        self.lists = {n: n for n in (CHAPTERS, ANNEXES, BULLETS)} if own else add_numbering(word)
        self.style = Styles(word, self.lists)
        self.numbered = {level: self.style.numbers(f"Heading {level}") for level in (1, 2, 3)}
        self.marks = Marks(linked_anchors(document), _highest_bookmark(word))
        self.addresses: dict[str, str] = {}
        self.texts = Texts(self.marks, self._relate, self.style)
        self.pictures: dict[str, tuple[bytes, Picture]] = {}
        self.headings: list[tuple[int, Section]] = []
        self.annex = False

    def write(self) -> bytes:
        """Return the file."""
        if self.own:
            self._head_and_foot()
        else:
            update_fields(self.word)
        before, section, followed = room_for_report(self.word)
        self.paper = copy.deepcopy(section)
        self._draw()
        groups = self._groups()
        content = []
        for number, (across, text) in enumerate(groups):
            content.append(text)
            if number < len(groups) - 1 or (followed and across):
                paper = serialised(self._section(across, number == 0))
                content.append(paragraph(self.style("Table End"), "", paper))
        if len(groups) > 1:
            last = self._section(groups[-1][0] and not followed, False)
            section.getparent().replace(section, last)
            before = last if before is section else before
        self._properties()
        return frozen(self.word, before, "".join(content))

    # ------------------------------------------------------------------------------------ sections

    def _groups(self) -> list[tuple[bool, str]]:
        """Return the text in groups of pages that lie the same way."""
        fresh_ones = fresh_pages(self.document)
        groups: list[tuple[bool, list[str]]] = [(False, [self._front()])]
        for number, chapter in enumerate(self.document.chapters):
            across = lies_across(chapter)
            fresh = across == groups[-1][0] and (number == 0 or fresh_ones[number])
            for turns, text in enumerate(self._chapter(chapter, across, fresh).split(TURN)):
                lying = across if turns % 2 == 0 else not across
                if text and lying != groups[-1][0]:
                    groups.append((lying, []))
                groups[-1][1].append(text)
        return [(across, "".join(parts)) for across, parts in groups]

    def _section(self, across: bool, first: bool) -> _Element:
        """Return the properties of a section: the template's paper, turned if need be."""
        made = copy.deepcopy(self.paper)
        size = made.find(f"{W}pgSz")
        if size is not None and across and int(size.get(f"{W}w")) < int(size.get(f"{W}h")):
            wide, tall = size.get(f"{W}h"), size.get(f"{W}w")
            size.set(f"{W}w", wide)
            size.set(f"{W}h", tall)
            size.set(f"{W}orient", "landscape")
        if not first:
            for tag in ("titlePg", "pgNumType", "type"):
                for item in made.findall(W + tag):
                    made.remove(item)
        return made

    def _area(self, across: bool) -> tuple[float, float]:
        """Return width and height of the type area in points."""
        section = self._section(across, False)
        size, margins = section.find(f"{W}pgSz"), section.find(f"{W}pgMar")

        def points(item: _Element | None, name: str, default: float) -> float:
            given = None if item is None else item.get(W + name)
            return default if given is None else abs(int(given)) / TWIPS

        width, height = points(size, "w", PAGE[0]), points(size, "h", PAGE[1])
        top, right, bottom, left = (
            points(margins, side, default)
            for side, default in zip(("top", "right", "bottom", "left"), MARGINS, strict=True)
        )
        area = width - left - right, height - top - bottom
        # Word counts in twentieths of a point. On our own paper the area is that of the PDF, so
        # that its tables are measured and its pictures drawn once for both.
        same = all(abs(a - b) < 0.5 for a, b in zip(area, type_area(across), strict=True))
        return type_area(across) if same else area

    # ---------------------------------------------------------------------------------- front page

    def _front(self) -> str:
        """Return title, facts about the study, and the table of contents."""
        document, style = self.document, self.style
        down = f'<w:spacing w:before="{3600 if self.own else 600}"/>'
        parts = [
            paragraph(style("Subtitle"), run(clean(document.subtitle)), down),
            paragraph(style("Title"), run(clean(document.title))),
        ]
        muted = '<w:color w:val="51626C"/>'
        for name, value in document.facts:
            content = run(clean(name), muted) + "<w:r><w:tab/></w:r>" + run(clean(value))
            parts.append(paragraph(style("Report Fact"), content))
        footer = run(clean(document.footer))
        parts.append(paragraph(style("Report Small"), footer, '<w:spacing w:before="600"/>'))
        return "".join(parts) + contents(document, style)

    # -------------------------------------------------------------------------------------- blocks

    def _chapter(self, chapter: Section, across: bool, fresh: bool) -> str:
        """Return a chapter; a fresh one starts a new page."""
        self.area, self.across = self._area(across), across
        self.tables = Tables(self.texts, self.style, self.document.language, self.area)
        self.annex = not chapter.number.isdigit()
        return self._section_text(chapter, 1, fresh)

    def _section_text(self, section: Section, level: int, fresh: bool = False) -> str:
        level = min(level, 3)
        marks = self.marks.named(bookmark(section), run(clean(section.title)))
        page = "<w:pageBreakBefore/>" if fresh else ""
        heading = paragraph(
            self.style(f"Heading {level}"),
            self.marks.at(section.id) + marks,
            page + self._numbering(level),
        )
        kept = 0 if self.across else kept_together(section, self.area)
        blocks = (
            self._block(block, level, number < kept)
            for number, block in enumerate(paper_order(section))
        )
        return heading + "".join(blocks)

    def _plate(self, section: Section, level: int) -> str:
        """Return a section that lies across."""
        self.across = True
        made = self._section_text(section, level)
        self.across = False
        return f"{TURN}{made}{TURN}"

    def _numbering(self, level: int) -> str:
        """Return the list a heading is numbered by, unless its style says so."""
        if self.numbered[level] and not self.annex:
            return ""
        number = self.lists[ANNEXES if self.annex else CHAPTERS]
        return f'<w:numPr><w:ilvl w:val="{level - 1}"/><w:numId w:val="{number}"/></w:numPr>'

    def _block(self, block: Block, level: int, kept: bool = False) -> str:
        """Return a block; one that is kept stays on the page of what follows."""
        style, rich = self.style, self.texts.rich
        match block:
            case Section() if is_plate(block) and not self.across:
                return self._plate(block, level + 1)
            case Section():
                return self._section_text(block, level + 1)
            case Paragraph(text, kind):
                keep = "<w:keepNext/>" if kept else ""
                return paragraph(style(PARAGRAPHS.get(kind, "Normal")), rich(text), keep)
            case Bullets(items):
                return "".join(paragraph(style("List Bullet"), rich(item)) for item in items)
            case Definitions(items):
                return "".join(
                    paragraph(
                        style("Report Term"), f"{rich((term,))}<w:r><w:tab/></w:r>{rich(text)}"
                    )
                    for term, text in items
                )
            case Cards():
                return self.tables.cards(block) + paragraph(style("Table End"), "")
            case Figure():
                return self._figure(block)
        return self._table(block)

    def _table(self, table: Table) -> str:
        caption = self._caption(table.id, table.label, table.title, "<w:keepNext/>")
        note = run(clean(table.note))
        end = paragraph(self.style("Table Note" if note else "Table End"), note)
        return caption + self.tables.table(table) + end

    def _draw(self) -> None:
        """Draw the pictures of all figures, each as large as its page allows."""
        shown = {
            figure.id: paper_picture(figure, self._area(figure.wide or lies_across(chapter)))
            for chapter in self.document.chapters
            for _, section in sections((chapter,), 1)
            for figure in section.blocks
            if isinstance(figure, Figure)
        }
        images = typeset_pictures(list(shown.values()), DPI)
        self.pictures = {
            name: (image, picture)
            for (name, picture), image in zip(shown.items(), images, strict=True)
        }

    def _figure(self, figure: Figure) -> str:
        image, drawn = self.pictures[figure.id]
        relation, _image = self.word.part.get_or_add_image(io.BytesIO(image))
        _, number = split_label(figure.label)
        shown = picture(
            relation, number, clean(figure.label), clean(figure.alt), (drawn.width, drawn.height)
        )
        caption = self._caption(
            figure.id, figure.label, figure.caption, "<w:keepNext/>" if figure.reading else ""
        )
        reading = run(clean(figure.reading))
        made = (
            paragraph(self.style("Report Figure"), shown)
            + caption
            + (paragraph(self.style("Table Note"), reading) if reading else "")
        )
        return f"{TURN}{made}{TURN}" if figure.wide and not self.across else made

    def _caption(self, id: str, label: str, title: str, keep: str) -> str:
        """Return a caption numbered by a field."""
        word, number = split_label(label)
        counter = re.sub(r"\W", "", word)
        content = (
            self.marks.at(id)
            + run(f"{word} ")
            + field(f"SEQ {counter} \\* ARABIC", str(number))
            + run(f"\u2002{clean(title)}")
        )
        return paragraph(self.style("Caption"), content, keep)

    # ------------------------------------------------------------------------------------ the rest

    def _relate(self, address: str) -> str:
        from docx.opc.constants import RELATIONSHIP_TYPE

        if address not in self.addresses:
            self.addresses[address] = self.word.part.relate_to(
                address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True
            )
        return self.addresses[address]

    def _head_and_foot(self) -> None:
        """Write the running title and the number of the page."""
        _, section = self.tr, self.word.sections[0]
        sentence = _("Page {n} of {all}", n="\x01", all="\x02")
        fields = {"\x01": field("PAGE", "1"), "\x02": field("NUMPAGES", "1")}
        foot = "".join(fields.get(part) or run(part) for part in re.split("([\x01\x02])", sentence))
        head = run(clean(self.document.title))
        for place, style, content in (
            (section.header, "Header", head),
            (section.footer, "Footer", foot),
        ):
            old = place.paragraphs[0]._p
            old.getparent().replace(old, parsed(paragraph(self.style(style), content)))

    def _properties(self) -> None:
        document, core = self.document, self.word.core_properties
        when = CREATED.replace(tzinfo=UTC)
        core.title, core.subject = clean(document.title)[:255], clean(document.subtitle)[:255]
        core.author = core.last_modified_by = clean(document.author)[:255]
        core.language = REGIONS[document.language]
        core.created = core.modified = when
        core.last_printed = when
        core.comments, core.keywords, core.category, core.version = "", "", "", ""
        core.revision = 1


PARAGRAPHS = {"lead": "Report Lead", "note": "Report Note", "small": "Report Small"}


def _highest_bookmark(word: WordDocument) -> int:
    return 1 + max(
        (int(item.get(f"{W}id")) for item in word.element.iter(f"{W}bookmarkStart")), default=0
    )
