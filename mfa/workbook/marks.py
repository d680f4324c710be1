"""Colour cells of a sheet, keeping all else of their format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from xml.sax.saxutils import quoteattr

from mfa.workbook.rows import letters
from mfa.workbook.splice import Edit, Tag, appended, spliced, tags, with_attributes
from mfa.workbook.xlsx import column_number

ERROR, WARNING = "FFFFC7CE", "FFFFEB9C"
"""Fill colours, as alpha, red, green, blue."""
_NUMBERS = ("styleSheet", "numFmts", "numFmt")
Spot = tuple[int, int]
"""Row and column, from 1."""


class Formats:
    """The formats of a workbook (``styles.xml``), to which clones in other colours are added.

    Parameters
    ----------
    data
        The part as it is; empty when the workbook has none, and then nothing is coloured.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._made: dict[tuple[int, str], int] = {}
        self._new: dict[str, list[bytes]] = {"fonts": [], "fills": [], "cellXfs": []}
        self._codes: dict[str, int] = {}
        found = tags(data, {"fonts", "fills", "cellXfs", "xf", *_NUMBERS}) if data else []
        self._lists = {tag.name: tag for tag in found if tag.name in self._new}
        self._formats = [tag for tag in found if tag.name == "xf" and tag.parent == "cellXfs"]
        self._fills: dict[str, int] = {}
        self._outer = [tag for tag in found if tag.name in _NUMBERS]

    def coloured(self, base: int, colour: str) -> int:
        """Return the number of the format `base` with the fill `colour` (none when empty)."""
        if not self._formats:
            return base
        key = (base, colour)
        if key not in self._made:
            fill = self._fill(colour) if colour else 0
            self._made[key] = self._clone(base, fillId=str(fill), applyFill="1")
        return self._made[key]

    def styled(self, font: str, *, wrap: bool = True, colour: str = "", code: str = "") -> int:
        """Return a new format: `font` is what stands inside ``<font>``, `colour` the fill.

        `code` is how numbers are shown, such as ``#,##0.0``.
        """
        if not self._formats:
            return 0
        shown = self._number_format(code) if code else 0
        number = self._append("fonts", f"<font>{font}</font>")
        fill = self._fill(colour) if colour else 0
        wrapped = '<alignment vertical="top" wrapText="1"/>' if wrap else ""
        return self._append(
            "cellXfs",
            f'<xf numFmtId="{shown}" fontId="{number}" fillId="{fill}" borderId="0" xfId="0" '
            f'applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1" '
            f'applyProtection="1">{wrapped}<protection locked="0"/></xf>',
        )

    def _number_format(self, code: str) -> int:
        """Return the number of a number format, which is added when it is new."""
        if code not in self._codes:
            listed = [t.attributes.get("numFmtId", 0) for t in self._outer if t.name == "numFmt"]
            self._codes[code] = max([163, *map(int, listed), *self._codes.values()]) + 1
        return self._codes[code]

    def _number_formats(self) -> list[Edit]:
        """Return the edit that adds the new number formats, before the fonts as Excel wants."""
        if not self._codes:
            return []
        root = next(tag for tag in self._outer if tag.name == "styleSheet")
        listed = next((tag for tag in self._outer if tag.name == "numFmts"), None)
        prefix = f"{root.prefix}:" if root.prefix else ""
        inner = "".join(
            f'<{prefix}numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>'
            for code, number in self._codes.items()
        )
        if listed is None:
            whole = f'<{prefix}numFmts count="{len(self._codes)}">{inner}</{prefix}numFmts>'
            return [(root.stop, root.stop, whole.encode())]
        count = str(len(self._codes) + sum(tag.name == "numFmt" for tag in self._outer))
        start = with_attributes(self._data[listed.start : listed.stop], count=count)
        return [(listed.start, listed.stop, start), appended(self._data, listed, inner.encode())]

    def finish(self) -> bytes:
        """Return the part with everything added."""
        edits: list[Edit] = self._number_formats()
        for name, new in self._new.items():
            if not new:
                continue
            tag = self._lists[name]
            start = with_attributes(self._data[tag.start : tag.stop], count=str(self._count(name)))
            edits.append((tag.start, tag.stop, start))
            edits.append(appended(self._data, tag, b"".join(new)))
        return spliced(self._data, edits)

    def _fill(self, colour: str) -> int:
        if colour not in self._fills:
            self._fills[colour] = self._append(
                "fills",
                f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/>'
                '<bgColor indexed="64"/></patternFill></fill>',
            )
        return self._fills[colour]

    def _clone(self, base: int, **attributes: str) -> int:
        tag = self._formats[base if base < len(self._formats) else 0]
        start = with_attributes(self._data[tag.start : tag.stop], **attributes)
        return self._add("cellXfs", start + self._data[tag.stop : tag.end])

    def _append(self, name: str, xml: str) -> int:
        prefix = self._lists[name].prefix
        if prefix:
            xml = xml.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        return self._add(name, xml.encode())

    def _add(self, name: str, xml: bytes) -> int:
        self._new[name].append(xml)
        return self._count(name) - 1

    def _count(self, name: str) -> int:
        tag = self._lists[name]
        old = len(self._formats) if name == "cellXfs" else int(tag.attributes.get("count", 0))
        return old + len(self._new[name])


def mark_cells(data: bytes, spots: Mapping[Spot, str], formats: Callable[[int, str], int]) -> bytes:
    """Return the sheet with the cells `spots` (row and column → colour) coloured.

    Cells and rows that are not there yet are added, with the format of their row or column.
    """
    needed = Needed({row for row, _ in spots})
    found = tags(data, {"sheetData", "row", "c", "col"}, needed)
    sheet_data = next(tag for tag in found if tag.name == "sheetData")
    columns = [tag.attributes for tag in found if tag.name == "col"]
    rows = rows_of(found)
    edits: list[Edit] = []
    new_rows: dict[int, bytes] = {}
    wanted: dict[int, dict[int, str]] = {}
    for (row, column), colour in sorted(spots.items()):
        wanted.setdefault(row, {})[column] = colour
    for number, cells in wanted.items():
        if number in rows:
            edits += _mark_row(data, number, rows[number], cells, columns, formats)
        else:
            new_rows[number] = _new_row(number, cells, columns, formats, sheet_data.prefix)
    edits += insert_rows(data, sheet_data, rows, new_rows)
    return spliced(data, edits)


class Needed:
    """Says which elements of a sheet are needed: wanted rows, their cells, and the rows after."""

    def __init__(self, rows: set[int]) -> None:
        self.missing = sorted(rows, reverse=True)
        self.row = 0
        self.wanted = False

    def __call__(self, name: str, attributes: dict[str, str]) -> bool:
        """Return whether the element `name` is needed; rows without a number get theirs."""
        if name == "c":
            return self.wanted
        if name != "row":
            return True
        self.row = int(attributes.get("r") or self.row + 1)
        attributes["r"] = str(self.row)
        follows = False
        while self.missing and self.missing[-1] < self.row:
            self.missing.pop()
            follows = True
        self.wanted = bool(self.missing) and self.missing[-1] == self.row
        if self.wanted:
            self.missing.pop()
        return self.wanted or follows


Line = tuple[Tag, dict[int, Tag]]
"""A row and its cells by column."""


def rows_of(found: list[Tag]) -> dict[int, Line]:
    """Return row number → the row and its cells by column, of the tags of a sheet."""
    rows: dict[int, Line] = {}
    number = column = 0
    for tag in found:
        if tag.name == "row":
            number = int(tag.attributes["r"])
            column = 0
            rows[number] = (tag, {})
        elif tag.name == "c":
            reference = tag.attributes.get("r", "").rstrip("0123456789")
            column = column_number(reference) if reference else column + 1
            rows[number][1][column] = tag
    return rows


def _mark_row(
    data: bytes,
    number: int,
    row: Line,
    wanted: Mapping[int, str],
    columns: list[dict[str, str]],
    formats: Callable[[int, str], int],
) -> list[Edit]:
    tag, cells = row
    edits: list[Edit] = []
    added: dict[int, bytes] = {}
    for column, colour in wanted.items():
        if column in cells:
            cell = cells[column]
            style = formats(int(cell.attributes.get("s", 0)), colour)
            start = with_attributes(data[cell.start : cell.stop], s=str(style))
            edits.append((cell.start, cell.stop, start))
        else:
            base = int(tag.attributes.get("s") or _column_style(columns, column))
            added[column] = _new_cell(number, column, formats(base, colour), tag.prefix)
    if not added:
        return edits
    later: list[bytes] = []
    for column, new in added.items():
        follower = min((c for c in cells if c > column), default=None)
        if follower is None:
            later.append(new)
        else:
            edits.append((cells[follower].start, cells[follower].start, new))
    if later:
        edits.append(appended(data, tag, b"".join(later)))
    return edits


def _column_style(columns: list[dict[str, str]], column: int) -> int:
    for entry in columns:
        if int(entry.get("min", 0)) <= column <= int(entry.get("max", 0)):
            return int(entry.get("style", 0))
    return 0


def _new_cell(row: int, column: int, style: int, prefix: str) -> bytes:
    name = f"{prefix}:c" if prefix else "c"
    return f'<{name} r="{letters(column)}{row}" s="{style}"/>'.encode()


def _new_row(
    number: int,
    wanted: Mapping[int, str],
    columns: list[dict[str, str]],
    formats: Callable[[int, str], int],
    prefix: str,
) -> bytes:
    cells = b"".join(
        _new_cell(number, column, formats(_column_style(columns, column), colour), prefix)
        for column, colour in sorted(wanted.items())
    )
    name = f"{prefix}:row" if prefix else "row"
    return f'<{name} r="{number}">'.encode() + cells + f"</{name}>".encode()


def insert_rows(
    data: bytes, sheet_data: Tag, rows: Mapping[int, Line], new_rows: Mapping[int, bytes]
) -> list[Edit]:
    """Return the edits that put new rows between those of a sheet."""
    edits: list[Edit] = []
    last: list[bytes] = []
    for number, new in sorted(new_rows.items()):
        follower = min((n for n in rows if n > number), default=None)
        if follower is None:
            last.append(new)
        else:
            start = rows[follower][0].start
            edits.append((start, start, new))
    return [*edits, appended(data, sheet_data, b"".join(last))] if last else edits
