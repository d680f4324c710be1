"""Styles and lists of a Word file: looked up by their names, and added where a client has none.

The ids of styles differ with the language of the Word that wrote them; their names do not.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mfa.report.docx_package import TYPES, W, template_part

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element


class Styles:
    """The styles of a document, by their names.

    Parameters
    ----------
    document
        The document.
    lists
        Number of a list in our numbering → its number in the document. A client's document gets
        the styles it lacks.
    """

    def __init__(self, document: WordDocument, lists: Mapping[int, int]) -> None:
        self.root = document.styles.element
        self.ids = {
            item.find(f"{W}name").get(f"{W}val").lower(): item.get(f"{W}styleId")
            for item in self.root.iter(f"{W}style")
            if item.find(f"{W}name") is not None
        }
        self.lists = lists
        self.spare: dict[str, _Element] = {}

    def __call__(self, name: str) -> str:
        """Return the id of a style, which is added if the document lacks it."""
        key = name.lower()
        if key not in self.ids:
            self._add(key)
        return self.ids[key]

    def numbers(self, name: str) -> bool:
        """Return whether a paragraph style numbers its paragraphs."""
        wanted = self(name)
        found = (s for s in self.root.iter(f"{W}style") if s.get(f"{W}styleId") == wanted)
        return any(s.find(f"{W}pPr/{W}numPr") is not None for s in found)

    def _add(self, key: str) -> None:
        self.spare = self.spare or _spare_styles()
        item = copy.deepcopy(self.spare[key])
        wanted = item.get(f"{W}styleId")
        taken = set(self.ids.values())
        chosen = wanted if wanted not in taken else f"Mfa{wanted}"
        item.set(f"{W}styleId", chosen)
        self.ids[key] = chosen
        for number in item.iter(f"{W}numId"):
            number.set(f"{W}val", str(self.lists[int(number.get(f"{W}val"))]))
        by_id = {s.get(f"{W}styleId"): name for name, s in self.spare.items()}
        for tag in ("basedOn", "next"):
            link = item.find(f"{W}{tag}")
            if link is not None:
                link.set(f"{W}val", self(by_id[link.get(f"{W}val")]))
        self.root.append(item)


def _spare_styles() -> dict[str, _Element]:
    """Return our styles by name."""
    from docx.oxml import parse_xml

    root = parse_xml(template_part("styles.xml").replace("TOCWIDTH", "9026").encode("utf-8"))
    return {s.find(f"{W}name").get(f"{W}val").lower(): s for s in root.iter(f"{W}style")}


def add_numbering(document: WordDocument) -> dict[int, int]:
    """Give a client's document our three lists and return our number of a list → its number."""
    from docx.oxml import parse_xml

    ours = parse_xml(template_part("numbering.xml").encode("utf-8"))
    theirs = _numbering(document)
    abstract = _highest(theirs, "abstractNum", "abstractNumId")
    number = _highest(theirs, "num", "numId")
    for item in ours.iter(f"{W}abstractNum"):
        item.set(f"{W}abstractNumId", str(abstract + int(item.get(f"{W}abstractNumId"))))
        for linked in list(item.iter(f"{W}pStyle")):
            linked.getparent().remove(linked)
    lists = {}
    for item in ours.iter(f"{W}num"):
        mine = int(item.get(f"{W}numId"))
        lists[mine] = number + mine
        item.set(f"{W}numId", str(lists[mine]))
        kind = item.find(f"{W}abstractNumId")
        kind.set(f"{W}val", str(abstract + int(kind.get(f"{W}val"))))
    first = next(theirs.iter(f"{W}num"), None)
    for item in list(ours):
        if item.tag == f"{W}abstractNum" and first is not None:
            first.addprevious(item)
        else:
            theirs.append(item)
    return lists


def _highest(root: _Element, tag: str, attribute: str) -> int:
    return max((int(item.get(W + attribute)) for item in root.iter(W + tag)), default=0)


def _numbering(document: WordDocument) -> _Element:
    """Return the root of the document's lists, made if it has none."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.oxml import parse_xml
    from docx.parts.numbering import NumberingPart

    part = document.part
    try:
        return part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element
    except KeyError:
        empty = f'<w:numbering xmlns:w="{W[1:-1]}"/>'
        made = NumberingPart(
            PackURI("/word/numbering.xml"),
            TYPES["word/numbering.xml"],
            parse_xml(empty.encode("utf-8")),
            part.package,
        )
        part.relate_to(made, RELATIONSHIP_TYPE.NUMBERING)
        return made.element
