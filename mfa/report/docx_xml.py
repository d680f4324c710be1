"""Pieces of WordprocessingML as text: runs, links, fields, bookmarks. All text is escaped here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape, quoteattr

from mfa.report.document import Rich, Strong
from mfa.report.paged import COLOURS, Part, clean, web_address
from mfa.report.tables import Badge, Ref

NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
}
EMU = 12_700  # to a point
TWIPS = 20  # to a point
BOLD = "<w:b/><w:bCs/>"


def text(content: str) -> str:
    """Return the element of a text, as it is given."""
    return f'<w:t xml:space="preserve">{escape(content)}</w:t>'


def run(content: str, properties: str = "") -> str:
    """Return a run; `properties` are the elements of its formatting."""
    look = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f"<w:r>{look}{text(content)}</w:r>" if content else ""


def field(instruction: str, shown: str, properties: str = "") -> str:
    """Return a field with what it shows until it is updated."""
    name = quoteattr(f" {instruction} ")
    return f"<w:fldSimple w:instr={name}>{run(shown, properties)}</w:fldSimple>"


def paragraph(style: str, content: str, properties: str = "") -> str:
    """Return a paragraph; `properties` come after its style, in the order of the schema."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{content}</w:p>'


class Marks:
    """Bookmarks: short names and numbers for the anchors that something leads to.

    Parameters
    ----------
    linked
        Anchors that exist and are linked to; others get no bookmark.
    first
        The first number; those of a client's template come before.
    """

    def __init__(self, linked: Iterable[str], first: int = 1) -> None:
        self.names = {anchor: f"_m{n}" for n, anchor in enumerate(sorted(linked), start=1)}
        self.next = first

    def named(self, name: str, content: str = "") -> str:
        """Return `content` under a bookmark called `name`."""
        number, self.next = self.next, self.next + 1
        start = f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>'
        return f'{start}{content}<w:bookmarkEnd w:id="{number}"/>'

    def at(self, anchor: str) -> str:
        """Return an empty bookmark for an anchor, nothing where no link leads to."""
        return self.named(self.names[anchor]) if anchor in self.names else ""


class Texts:
    """Turns sentences into runs and links.

    Parameters
    ----------
    marks
        Where links inside the document lead.
    relate
        Returns the relationship of a web address.
    style
        Returns the id of a style by its name.
    """

    def __init__(
        self, marks: Marks, relate: Callable[[str], str], style: Callable[[str], str]
    ) -> None:
        self.marks, self.relate = marks, relate
        self.link_style = f'<w:rStyle w:val="{style("Hyperlink")}"/>'

    def rich(
        self,
        rich: Rich | Iterable[Part],
        look: str = "",
        cut: Callable[[str], str] = lambda text: text,
    ) -> str:
        """Return the runs of a sentence; `look` formats all of them, `cut` marks where to break."""
        if isinstance(rich, str):
            rich = (rich,)
        return "".join(self._part(part, look, cut) for part in rich)

    def _part(self, part: Part, look: str, cut: Callable[[str], str]) -> str:
        content = cut(clean(part if isinstance(part, str) else part.text))
        match part:
            case Ref(_, href):
                return self.link(href, run(content, self.link_style + look)) or run(content, look)
            case Strong():
                return run(content, look if BOLD in look else BOLD + look)
            case Badge(key) if key in COLOURS:
                fill, colour = COLOURS[key]
                return run(f"\u00a0{content}\u00a0", badge_look(fill, colour))
        return run(content, look)

    def link(self, href: str, content: str) -> str:
        """Return `content` as a link; nothing when `href` leads nowhere."""
        if href.startswith("#"):
            name = self.marks.names.get(href[1:])
            return (
                f'<w:hyperlink w:anchor="{name}" w:history="1">{content}</w:hyperlink>'
                if name
                else ""
            )
        address = web_address(href)
        if address is None:
            return ""
        return f'<w:hyperlink r:id="{self.relate(address)}" w:history="1">{content}</w:hyperlink>'


def badge_look(fill: str, colour: str) -> str:
    """Return the formatting of a word on a coloured ground."""
    return f'<w:color w:val="{colour}"/><w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>'


def picture(relation: str, number: int, name: str, alt: str, size: tuple[float, float]) -> str:
    """Return a run with an inline picture, `size` in points."""
    width, height = (round(side * EMU) for side in size)
    named = f'id="{number}" name={quoteattr(name)} descr={quoteattr(alt)}'
    return (
        f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{width}" cy="{height}"/><wp:docPr {named}/>'
        '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f"<pic:pic><pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr>"
        f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch>'
        f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/>'
        '</a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
