"""What the formats with pages (Word, PDF) share: paper, safe text, links, which way a page lies."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Any
from urllib.parse import quote, urlsplit

from mfa.report.document import Block, Card, Document, Figure, Paragraph, Section, Strong, plain
from mfa.report.html import tidy
from mfa.report.tables import Badge, Bar, Cell, Num, Range, Ref, Table
from mfa.sankey.font import text_width

MM = 72 / 25.4  # points
PAGE = (210 * MM, 297 * MM)  # A4
MARGINS = (22 * MM, 18 * MM, 20 * MM, 18 * MM)  # top, right, bottom, left
TALLEST, TALLEST_ACROSS = 0.66, 0.78  # of the type area's height: what a figure may take
PX = 0.68  # points a px of a picture that is drawn for paper: its labels are 6 to 9 points high
REGIONS = {"vi": "vi-VN", "en": "en-GB"}
COLOURS = {  # those of the page's style sheet
    "status-reconciled": ("dcefe0", "1f5a2e"),
    "status-measured": ("e0ecf7", "1c4a75"),
    "status-determined": ("eee8f6", "52337f"),
    "status-free": ("fde9d2", "7a3f00"),
    "status-fixed": ("e8edef", "39474f"),
    "bad": ("f8dcd7", "86210f"),
    "good": ("e3f1e5", "245b31"),
    "fair": ("fdf0cf", "694a00"),
    "higher": ("fde3d2", "7c3400"),
    "lower": ("dbeaf6", "0b4a78"),
}
HEAT = {1: "e6f0f2", 2: "c3dde2", 3: "8fc0c9", 4: "5aa2ae"}
MANY_COLUMNS = 8
BROAD = ((MANY_COLUMNS, 60), (12, 8))  # columns, rows: a table with as many lies across the page
TEXT_SIZE, LINE, CAPTION = 10.0, 1.65, 5.0  # points; em; lines of a heading and a caption
FULL = 0.9  # of the type area's height: what stays together may take
LIGHT_CHAPTER = 30  # rows of tables
SHORT_REPORT = 120  # rows of tables up to which chapters follow each other on the same page

Part = str | Ref | Strong | Badge

# Control characters and lone surrogates: no document can hold them.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANK = re.compile("[ \t\r\n\x85\u2028\u2029]+")
_NUMBERED = re.compile(r"^(?P<word>.*?)\s*(?P<number>\d+)$")


@lru_cache(maxsize=16_384)  # the same names stand in many tables
def clean(text: str) -> str:
    r"""Return `text` on one line, without characters that a document cannot hold.

    Examples
    --------
    >>> clean("a\x07b\n c")
    'ab c'
    """
    return tidy(_BLANK.sub(" ", _FORBIDDEN.sub("", text)))


def cell_parts(cell: Cell, language: str) -> tuple[Part, ...]:
    """Return what a cell says as pieces of text, links and badges; nothing for a bar."""
    if isinstance(cell, tuple):
        return cell
    if isinstance(cell, Num | Range):
        return (cell.text(language).replace(" ", "\u00a0"),)
    if isinstance(cell, Bar):
        return ()
    return (cell,)


def cell_text(cell: Cell, language: str) -> str:
    """Return what a cell says as plain text, with the room that a badge takes more."""
    if isinstance(cell, Badge) and cell.key:
        return clean(cell.text) + "\u00a0\u00a0"
    parts = cell_parts(cell, language)
    return clean("".join(part if isinstance(part, str) else part.text for part in parts))


def split_label(label: str) -> tuple[str, int]:
    """Return the word and the number of ``Table 3``.

    Examples
    --------
    >>> split_label("Bảng 12")
    ('Bảng', 12)
    """
    found = _NUMBERED.match(label)
    if found is None:
        raise ValueError(f"label {label!r} does not end in a number")
    return found["word"], int(found["number"])


def web_address(href: str) -> str | None:
    """Return a web address that every program accepts, or None if `href` is none.

    Examples
    --------
    >>> web_address("https://hue.gov.vn/số liệu?a=1&b=%20")
    'https://hue.gov.vn/s%E1%BB%91%20li%E1%BB%87u?a=1&b=%20'
    >>> web_address("javascript:alert(1)"), web_address("#summary"), web_address("http://[x")
    (None, None, None)
    """
    try:
        parts = urlsplit(_FORBIDDEN.sub("", href).strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    fragment = "#" + quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?") if parts.fragment else ""
    return f"{parts.scheme.lower()}://{host}{port}{path}{query}{fragment}"


def linked_anchors(document: Document) -> frozenset[str]:
    """Return the anchors that exist in the report and that something in it leads to."""
    known: set[str] = set()
    used: set[str] = set()
    for item in _everything(document):
        if isinstance(item, Section | Table | Figure):
            known.add(item.id)
        if isinstance(item, Table):
            known.update(row.anchor for row in item.rows if row.anchor)
        if isinstance(item, Ref | Card) and item.href.startswith("#"):
            used.add(item.href[1:])
    return frozenset(known & used)


def _everything(item: Any) -> Iterator[Any]:
    """Yield every part of the document tree, in any order."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif not isinstance(part, str | Num | Range | Bar | Badge) and is_dataclass(part):
            yield part
            waiting += vars(part).values()


def lies_across(chapter: Section) -> bool:
    """Return whether a chapter's tables are so wide and long that its pages lie across."""
    return any(
        lies_across(block)
        if isinstance(block, Section)
        else isinstance(block, Table)
        and any(
            len(block.columns) >= columns and len(block.rows) >= rows for columns, rows in BROAD
        )
        for block in chapter.blocks
    )


def is_plate(section: Section) -> bool:
    """Return whether a section is nothing but a wide picture: its heading lies across as well."""
    return bool(section.blocks) and all(isinstance(b, Figure) and b.wide for b in section.blocks)


def paper_order(section: Section) -> tuple[Block, ...]:
    """Return the blocks of a section, those that get a page across after all others.

    Where the paper is turned, the page before ends: better behind the section than within.
    """
    if is_plate(section):
        return section.blocks
    wide = [isinstance(block, Figure) and block.wide for block in section.blocks]
    pairs = list(zip(section.blocks, wide, strict=True))
    return (*(b for b, across in pairs if not across), *(b for b, across in pairs if across))


def kept_together(section: Section, area: tuple[float, float]) -> int:
    """Return how many blocks stay with the heading: sentences up to a picture, if a page holds it.

    Otherwise a page would end in white because the picture did not fit below its sentences.
    """
    sentences = list(takewhile(lambda block: isinstance(block, Paragraph), section.blocks))
    picture = next(iter(section.blocks[len(sentences) :]), None)
    if not isinstance(picture, Figure) or picture.wide:
        return 0
    widths = [text_width(plain(sentence.text), TEXT_SIZE) for sentence in sentences]
    lines = CAPTION + sum(math.ceil(width / area[0]) + 0.6 for width in widths)
    high = paper_picture(picture, area).height + lines * TEXT_SIZE * LINE
    return len(sentences) + 1 if high < FULL * area[1] else 0


def type_area(across: bool) -> tuple[float, float]:
    """Return width and height of the type area in points."""
    width, height = reversed(PAGE) if across else PAGE
    top, right, bottom, left = MARGINS
    return width - left - right, height - top - bottom


def fresh_pages(document: Document) -> tuple[bool, ...]:
    """Return which chapters begin a new page: not the light ones after light ones."""
    if sum(len(table.rows) for table in document.tables()) <= SHORT_REPORT:
        return (False,) * len(document.chapters)
    light = [False, *map(_is_light, document.chapters)]
    return tuple(not (here and before) for before, here in pairwise(light))


def _is_light(chapter: Section) -> bool:
    """Return whether a chapter is about a page long: no picture, few rows."""
    parts = [part for part in _everything(chapter) if isinstance(part, Figure | Table)]
    rows = sum(len(part.rows) for part in parts if isinstance(part, Table))
    return all(isinstance(part, Table) for part in parts) and rows <= LIGHT_CHAPTER


@dataclass(frozen=True)
class Picture:
    """A picture as it is on paper: SVG text, width and height in points."""

    svg: str
    width: float
    height: float


@lru_cache(maxsize=64)  # Word and PDF show the same pictures
def paper_picture(figure: Figure, area: tuple[float, float]) -> Picture:
    """Return a figure's picture as wide as the type area, but not too tall for its caption.

    Raises
    ------
    ValueError
        The picture does not state its size.
    """
    tallest = (TALLEST_ACROSS if figure.wide else TALLEST) * area[1]
    svg = figure.svg
    if figure.redraw is not None:
        svg = figure.redraw(area[0] / PX, tallest / PX)
    wide, tall = _drawn_size(figure.id, svg)
    scale = min(area[0] / wide, tallest / tall)
    return Picture(svg, wide * scale, tall * scale)


def _drawn_size(name: str, svg: str) -> tuple[float, float]:
    head = svg[svg.index("<svg") :]
    found = re.search(r'viewBox="([-\d.eE]+) ([-\d.eE]+) ([\d.eE+]+) ([\d.eE+]+)"', head)
    if found is None:
        raise ValueError(f"figure {name} has no viewBox")
    return float(found[3]), float(found[4])
