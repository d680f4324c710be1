"""Write values into cells of a sheet; all else in it stays byte for byte."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mfa.workbook.marks import Needed, Spot, insert_rows, rows_of
from mfa.workbook.rows import letters
from mfa.workbook.splice import (
    Edit,
    Tag,
    appended,
    hollow,
    spliced,
    tags,
    with_attributes,
    xml_text,
)
from mfa.workbook.xlsx import column_number

LONGEST = 32_000
_FILTER = re.compile(rb'(<(?:\w+:)?autoFilter\b[^>]*?ref=")([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\b[^>]*/>")


@dataclass(frozen=True)
class Content:
    """What a cell shall hold: a text, a number or nothing, in the format number `style`."""

    value: str | float | None
    style: int = 0

    def xml(self, reference: str, prefix: str = "") -> bytes:
        """Return the cell as XML. Text is inline text: it is never taken for a formula."""
        p = f"{prefix}:" if prefix else ""
        head = f'<{p}c r="{reference}" s="{self.style}"'
        value = self.value
        if isinstance(value, float) and not math.isfinite(value):
            value = None if math.isnan(value) else ("∞" if value > 0 else "-∞")
        if value is None or value == "":
            return f"{head}/>".encode()
        if isinstance(value, str):
            text = f'<{p}t xml:space="preserve">{xml_text(value[:LONGEST])}</{p}t>'
            return f'{head} t="inlineStr"><{p}is>{text}</{p}is></{p}c>'.encode()
        return f"{head}><{p}v>{float(value)!r}</{p}v></{p}c>".encode()


def fill_cells(data: bytes, cells: Mapping[Spot, Content]) -> bytes:
    """Return a sheet with `cells` (row and column → content) written, whatever they held before.

    Rows and cells that are not there yet are added.
    """
    wanted: dict[int, dict[int, Content]] = {}
    for (row, column), content in sorted(cells.items(), key=lambda item: item[0]):
        wanted.setdefault(row, {})[column] = content
    found = tags(data, {"sheetData", "row", "c"}, Needed(set(wanted)))
    sheet_data = next(tag for tag in found if tag.name == "sheetData")
    rows = rows_of(found)
    edits: list[Edit] = []
    new_rows: dict[int, bytes] = {}
    for number, line in wanted.items():
        if number in rows:
            edits += _fill_row(data, number, *rows[number], line)
        else:
            new_rows[number] = _new_row(number, line, sheet_data.prefix)
    edits += insert_rows(data, sheet_data, rows, new_rows)
    return spliced(_DIMENSION.sub(_blanked, data, count=1), edits)


def _blanked(found: re.Match[bytes]) -> bytes:
    """Blank out the extent of the sheet, which grows; readers do without it."""
    return b" " * len(found[0])


def _fill_row(
    data: bytes, number: int, tag: Tag, cells: Mapping[int, Tag], wanted: Mapping[int, Content]
) -> list[Edit]:
    edits: list[Edit] = []
    later: list[bytes] = []
    for column, content in wanted.items():
        new = content.xml(f"{letters(column)}{number}", tag.prefix)
        if column in cells:
            edits.append((cells[column].start, cells[column].end, new))
            continue
        follower = min((c for c in cells if c > column), default=None)
        if follower is None:
            later.append(new)
        else:
            edits.append((cells[follower].start, cells[follower].start, new))
    if tag.empty:
        return [_opened_row(data, tag, b"".join(later))]
    if "spans" in tag.attributes:
        start = with_attributes(data[tag.start : tag.stop], spans=None)
        edits.append((tag.start, tag.stop, start))
    if later:
        edits.append(appended(data, tag, b"".join(later)))
    return edits


def _opened_row(data: bytes, tag: Tag, inner: bytes) -> Edit:
    """Return the edit that gives a row without cells its first ones."""
    start, stop, new = appended(data, tag, inner)
    close = new.index(b">") + 1
    return start, stop, with_attributes(new[:close], spans=None) + new[close:]


def _new_row(number: int, cells: Mapping[int, Content], prefix: str) -> bytes:
    name = f"{prefix}:row" if prefix else "row"
    inner = b"".join(
        content.xml(f"{letters(column)}{number}", prefix) for column, content in cells.items()
    )
    return f'<{name} r="{number}">'.encode() + inner + f"</{name}>".encode()


def widen(data: bytes, first: int, widths: Sequence[float]) -> bytes:
    """Return a sheet whose columns from `first` on have `widths`, unless they have one already."""
    outline = hollow(data, "sheetData")[0]
    found = tags(outline, {"cols", "col", "sheetData"})
    sheet_data = next(tag for tag in found if tag.name == "sheetData")
    taken = [
        (int(tag.attributes.get("min", 0)), int(tag.attributes.get("max", 0)))
        for tag in found
        if tag.name == "col"
    ]
    prefix = f"{sheet_data.prefix}:" if sheet_data.prefix else ""
    new = "".join(
        f'<{prefix}col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
        for n, width in enumerate(widths, start=first)
        if all(not low <= n <= high for low, high in taken)
    )
    if not new or any(low > first for low, _ in taken):
        return data
    cols = next((tag for tag in found if tag.name == "cols"), None)
    if cols is not None:
        return spliced(data, [appended(outline, cols, new.encode())])
    whole = f"<{prefix}cols>{new}</{prefix}cols>".encode()
    return spliced(data, [(sheet_data.start, sheet_data.start, whole)])


def extend_filter(data: bytes, last: int) -> bytes:
    """Return a sheet whose filter reaches to the column `last`: sorting must move whole rows."""

    def longer(found: re.Match[bytes]) -> bytes:
        column = max(last, column_number(found[4].decode()))
        return found[1] + found[2] + found[3] + b":" + letters(column).encode() + found[5] + b'"'

    return _FILTER.sub(longer, data, count=1)
