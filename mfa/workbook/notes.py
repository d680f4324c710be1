"""Add to the comments of a sheet; what people wrote there stays."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mfa.workbook.marks import Spot
from mfa.workbook.parts import OFFICE, Parts
from mfa.workbook.rows import letters
from mfa.workbook.splice import Edit, Tag, appended, hollow, spliced, tags, xml_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
AUTHOR = "mfa"
MARK = "— mfa —"
"""First line of what is added to a comment: on the next check all from here on is replaced."""

_COMMENTS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<comments xmlns="{MAIN}"><authors></authors><commentList></commentList></comments>'
)
_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"></xml>'
)
_SHAPE_TYPE = (
    '<v:shapetype xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" id="_x0000_t202" coordsize="21600,21600" '
    'o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
# What stands after the drawing of the comments in a sheet; it must come before these.
_AFTER_DRAWING = {
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
}


def add_notes(parts: Parts, sheet: str, notes: Mapping[Spot, str]) -> None:
    """Add `notes` (row and column → text) to the comments of the part `sheet`."""
    existing = parts.related(sheet, "comments")
    name = existing[0] if existing else _new_comments(parts, sheet)
    data, fresh = _with_notes(parts[name], notes)
    parts[name] = data
    if fresh:
        _draw(parts, sheet, fresh)


def forget_notes(data: bytes) -> tuple[bytes, list[str]]:
    """Return comments without what an earlier check added, and the cells concerned."""
    edits: list[Edit] = []
    cells: list[str] = []
    mark = MARK.encode()
    for comment in tags(data, {"comment"}):
        if mark in data[comment.start : comment.end]:
            cells.append(comment.attributes.get("ref", ""))
    for text in tags(data, {"t"}):
        if not text.empty and mark in data[text.stop : text.end]:
            at = data.index(mark, text.stop)
            edits.append((at, data.rindex(b"<", at, text.end), b""))
    return spliced(data, edits), cells


def _new_comments(parts: Parts, sheet: str) -> str:
    name = parts.free_name("xl/mfaComments{}.xml")
    parts[name] = _COMMENTS.encode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
    parts.declare(name, kind)
    parts.relate(sheet, "comments", name)
    return name


def _with_notes(data: bytes, notes: Mapping[Spot, str]) -> tuple[bytes, list[Spot]]:
    """Return the comments with `notes` added, and the cells which had no comment before."""
    found = tags(data, {"authors", "author", "commentList", "comment", "text"})
    authors = next(tag for tag in found if tag.name == "authors")
    listed = next(tag for tag in found if tag.name == "commentList")
    count = sum(tag.name == "author" for tag in found)
    old: dict[str, Tag] = {}
    reference = ""
    for tag in found:
        if tag.name == "comment":
            reference = tag.attributes.get("ref", "")
        elif tag.name == "text":
            old[reference] = tag
    edits: list[Edit] = []
    fresh: list[tuple[Spot, str]] = []
    for spot, text in sorted(notes.items()):
        cell = f"{letters(spot[1])}{spot[0]}"
        run = _run(f"\n{MARK}\n{text}", listed.prefix)
        if cell in old:
            edits.append(appended(data, old[cell], run.encode()))
        else:
            fresh.append((spot, _comment(cell, count, f"{MARK}\n{text}", listed.prefix)))
    if fresh:
        author = _element("author", listed.prefix, AUTHOR)
        edits.append(appended(data, authors, author.encode()))
        edits.append(appended(data, listed, "".join(xml for _, xml in fresh).encode()))
    return spliced(data, edits), [spot for spot, _ in fresh]


def _element(name: str, prefix: str, inner: str, attributes: str = "") -> str:
    full = f"{prefix}:{name}" if prefix else name
    return f"<{full}{attributes}>{inner}</{full}>"


def _run(text: str, prefix: str) -> str:
    properties = '<{0}rPr><{0}sz val="9"/><{0}rFont val="Arial"/></{0}rPr>'
    inner = properties.format(f"{prefix}:" if prefix else "")
    preserved = _element("t", prefix, xml_text(text), ' xml:space="preserve"')
    return _element("r", prefix, inner + preserved)


def _comment(cell: str, author: int, text: str, prefix: str) -> str:
    inner = _element("text", prefix, _run(text, prefix))
    return _element("comment", prefix, inner, f' ref="{cell}" authorId="{author}"')


def _draw(parts: Parts, sheet: str, spots: list[Spot]) -> None:
    """Add the boxes in which the comments are shown; without them Excel calls the file damaged."""
    outline, _, _ = hollow(parts[sheet], "sheetData")
    identifiers = {_identifier(tag) for tag in tags(outline, {"legacyDrawing"})}
    drawings = [t for i, k, t in parts.relations(sheet) if k == "vmlDrawing" and i in identifiers]
    name = drawings[0] if drawings else None
    if name is None:
        name = parts.free_name("xl/drawings/mfaNotes{}.vml")
        parts[name] = _DRAWING.encode()
        parts.declare_ending("vml", "application/vnd.openxmlformats-officedocument.vmlDrawing")
        _refer(parts, sheet, parts.relate(sheet, "vmlDrawing", name))
    data = parts[name]
    root = tags(data, {"xml"})[0]
    used = [int(n) for n in re.findall(rb"_x0000_s(\d+)", data)]
    first = max(used, default=1024) + 1
    shapes = "".join(_shape(first + index, spot) for index, spot in enumerate(spots))
    kind = "" if b'id="_x0000_t202"' in data else _SHAPE_TYPE
    parts[name] = spliced(data, [appended(data, root, (kind + shapes).encode())])


def _identifier(tag: Tag) -> str:
    """Return the relation a tag names (``r:id``, whatever the prefix)."""
    found = [v for name, v in tag.attributes.items() if name.rpartition(":")[2] == "id"]
    return found[0] if found else ""


def _refer(parts: Parts, sheet: str, identifier: str) -> None:
    """Make the sheet show the drawing of its comments."""
    data = parts[sheet]
    outline, start, length = hollow(data, "sheetData")
    found = tags(outline, {"worksheet", *_AFTER_DRAWING})
    root = found[0]
    followers = [tag.start for tag in found[1:] if tag.parent == "worksheet"]
    name = f"{root.prefix}:legacyDrawing" if root.prefix else "legacyDrawing"
    new = f'<{name} xmlns:r="{OFFICE}" r:id="{identifier}"/>'.encode()
    at = min(followers) if followers else appended(outline, root, b"")[0]
    at += length if at >= start else 0
    parts[sheet] = spliced(data, [(at, at, new)])


def _shape(number: int, spot: Spot) -> str:
    row, column = spot[0] - 1, spot[1] - 1
    anchor = f"{column + 1}, 15, {max(row - 1, 0)}, 10, {column + 5}, 15, {row + 6}, 4"
    return (
        f'<v:shape xmlns:v="urn:schemas-microsoft-com:vml" '
        f'xmlns:o="urn:schemas-microsoft-com:office:office" '
        f'xmlns:x="urn:schemas-microsoft-com:office:excel" id="_x0000_s{number}" '
        'type="#_x0000_t202" style="position:absolute;width:240pt;height:96pt;z-index:1;'
        'visibility:hidden" fillcolor="#fff8e1" o:insetmode="auto"><v:fill color2="#fff8e1"/>'
        '<v:shadow color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
        '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row>"
        f"<x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
