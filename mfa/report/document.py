"""The report as a tree of plain blocks, which every output format renders in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mfa.report.tables import Badge, Ref, Table


@dataclass(frozen=True)
class Strong:
    """A piece of a sentence that stands out."""

    text: str


Rich = tuple[str | Ref | Strong, ...]


def plain(rich: Rich | str) -> str:
    """Return a sentence without its links and emphasis.

    Examples
    --------
    >>> plain(("About ", Strong("five"), " of ", Ref("rice", "#f-rice")))
    'About five of rice'
    """
    if isinstance(rich, str):
        return rich
    return "".join(part if isinstance(part, str) else part.text for part in rich)


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; ``kind`` is ``""``, ``"lead"`` or ``"note"`` (a boxed remark)."""

    text: Rich
    kind: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[Rich, ...]


@dataclass(frozen=True)
class Definitions:
    """Terms with what they mean."""

    items: tuple[tuple[str | Badge, Rich], ...]


@dataclass(frozen=True)
class Card:
    """A key figure: its name, number, unit, interval, a remark and where it comes from."""

    key: str
    label: str
    value: str
    unit: str
    interval: str
    remark: str
    href: str


@dataclass(frozen=True)
class Cards:
    """Key figures side by side."""

    items: tuple[Card, ...]


@dataclass(frozen=True)
class Figure:
    """A picture (SVG text), its caption, and in words what it shows for those who cannot see it.

    ``reading`` helps to read it, ``on_screen`` says what a screen offers beyond that. ``redraw``
    draws the picture again for paper, at a width and at most a height in px; without it the same
    picture stands everywhere. A ``wide`` one gets a page across of its own. ``label`` (“Figure 3”)
    is set when the document is composed.
    ``view`` is the id of the view it shows, for pages that lead to the explorer.
    """

    id: str
    svg: str
    caption: str
    alt: str
    reading: str = ""
    on_screen: str = ""
    redraw: Callable[[float, float], str] | None = None
    wide: bool = False
    label: str = ""
    view: str = ""


@dataclass(frozen=True)
class Section:
    """A titled part of a chapter (or a chapter itself), holding blocks and further sections.

    ``number`` (“4.2”, “B”) is set when the document is composed.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    number: str = ""


Block = Paragraph | Bullets | Definitions | Cards | Figure | Table | Section


@dataclass(frozen=True)
class Document:
    """A whole report in one language."""

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    chapters: tuple[Section, ...]
    footer: str
    author: str = ""

    def tables(self) -> tuple[Table, ...]:
        """Return all tables in reading order."""
        return tuple(b for c in self.chapters for b in _walk(c.blocks) if isinstance(b, Table))

    def figures(self) -> tuple[Figure, ...]:
        """Return all figures in reading order."""
        return tuple(b for c in self.chapters for b in _walk(c.blocks) if isinstance(b, Figure))


def _walk(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Section):
            yield from _walk(block.blocks)
