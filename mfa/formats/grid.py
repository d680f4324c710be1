"""Tables in the sheets of strangers' workbooks: headers found, cells with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from mfa.errors import Place
from mfa.formats.converted import LossLog
from mfa.formats.files import finite
from mfa.formats.naming import label
from mfa.locale import N_
from mfa.workbook.cells import Found
from mfa.workbook.rows import letters
from mfa.workbook.text import tidy

Grid = Mapping[int, Mapping[int, Found]]
HEADER_DEPTH = 15


@dataclass(frozen=True)
class GridRow:
    """One row of a table: kind of column → cell, and other headers → cell."""

    number: int
    cells: Mapping[str, tuple[Found, Place]]
    others: Mapping[str, tuple[Found, Place]] = field(default_factory=dict)
    place: Place | None = None

    def text(self, name: str) -> str:
        """Return the text of a cell, numbers as people write them; empty when there is none."""
        return text_of(self.cells[name][0]) if name in self.cells else ""

    def place_of(self, name: str) -> Place | None:
        """Return where a cell stands."""
        return self.cells[name][1] if name in self.cells else self.place

    def number_of(self, name: str, log: LossLog) -> float | None:
        """Return the number in a cell; one that is none is reported and None."""
        if name not in self.cells:
            return None
        found, place = self.cells[name]
        value = number_in(found)
        if value is None and text_of(found):
            message = N_("Cells that hold no number where one belongs ({n}): {items}.")
            log.add("no-number", message, text_of(found), place)
        return value


def text_of(found: Found) -> str:
    """Return the content of a cell as text, empty for errors and blanks."""
    if found.error or found.value is None:
        return ""
    value = found.value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return label(value)
    return tidy(str(value))


def number_in(found: Found) -> float | None:
    """Return the number a cell holds, also where it is written as text with a decimal comma."""
    if found.error:
        return None
    if isinstance(found.value, bool):
        return float(found.value)
    if isinstance(found.value, str):
        text = tidy(found.value).replace("\u202f", "").replace(" ", "")
        percent = text.endswith("%")
        if "," in text and "." not in text and text.count(",") == 1:
            text = text.replace(",", ".")
        value = finite(text.rstrip("%"))
        return value / 100 if percent and value is not None else value
    return finite(found.value)


def table_rows(
    grid: Grid, name: str, file: str, kind_of: Callable[[str], str], needed: tuple[str, ...]
) -> Iterator[GridRow]:
    """Yield the rows below the header, which is the first row that has the `needed` columns.

    Parameters
    ----------
    grid
        Row number → column number → cell.
    name, file
        Sheet and file, for places.
    kind_of
        Header → kind of column, empty for one that is not known.
    needed
        Kinds of column that a header row must have.
    """
    top = sorted(grid)[:HEADER_DEPTH]
    for start in top:
        columns, others = _columns(grid[start], kind_of)
        if all(kind in columns.values() for kind in needed):
            break
    else:
        return
    for number in sorted(row for row in grid if row > start):
        cells = grid[number]
        found = _pick(cells, columns, number, name, file)
        rest = _pick(cells, others, number, name, file)
        if found or rest:
            yield GridRow(number, found, rest, Place(name, f"A{number}", file, number))


def _columns(
    header: Mapping[int, Found], kind_of: Callable[[str], str]
) -> tuple[dict[int, str], dict[int, str]]:
    """Return column number → kind, and column number → title for the others."""
    columns: dict[int, str] = {}
    others: dict[int, str] = {}
    for number, found in sorted(header.items()):
        title = text_of(found)
        kind = kind_of(title) if title else ""
        if kind and kind not in columns.values():
            columns[number] = kind
        elif title:
            others[number] = title
    return columns, others


def _pick(
    cells: Mapping[int, Found], columns: Mapping[int, str], row: int, sheet: str, file: str
) -> dict[str, tuple[Found, Place]]:
    return {
        kind: (cells[number], Place(sheet, f"{letters(number)}{row}", file, row))
        for number, kind in columns.items()
        if number in cells
    }


@dataclass(frozen=True)
class Mark:
    """A filled crossing of a matrix."""

    row: str
    column: str
    value: float | None
    place: Place


def matrices(grid: Grid, name: str, file: str) -> list[list[Mark]]:
    """Return the matrices of a sheet that stand below each other, each as its filled crossings.

    A matrix has a row of names above and a column of names at its left; crossings hold a number or
    an ``x``. A blank row ends it; the next may go without names above, and then has the same.
    """
    blocks: list[list[Mark]] = []
    header: dict[int, str] = {}
    last = 0
    numbers = sorted(grid)
    for position, number in enumerate(numbers):
        cells = {c: f for c, f in sorted(grid[number].items()) if text_of(f)}
        below = grid[numbers[position + 1]] if position + 1 < len(numbers) else {}
        if not cells:
            continue
        if _is_header(cells, below):
            header = {c: text_of(f) for c, f in cells.items()}
            blocks.append([])
        elif header:
            if number - last > 1 and last and blocks[-1]:
                blocks.append([])
            blocks[-1] += _marks(cells, header, number, name, file)
        last = number
    return [block for block in blocks if block]


def _is_header(cells: Mapping[int, Found], below: Mapping[int, Found]) -> bool:
    """Return whether a row names columns: texts only, and the row below begins further left."""
    if any(_is_mark(found) for found in cells.values()):
        return False
    filled = [c for c, found in below.items() if text_of(found)]
    return len(cells) > 1 or (bool(filled) and min(filled) < min(cells))


def _is_mark(found: Found) -> bool:
    return text_of(found) in ("x", "X") or not isinstance(found.value, str)


def _marks(
    cells: Mapping[int, Found], header: Mapping[int, str], number: int, name: str, file: str
) -> list[Mark]:
    first = min(cells)
    title = text_of(cells[first])
    out = []
    for column, found in cells.items():
        value = number_in(found)
        if column != first and column in header and _is_mark(found) and value != 0:
            place = Place(name, f"{letters(column)}{number}", file, number)
            out.append(Mark(title, header[column], value, place))
    return out
