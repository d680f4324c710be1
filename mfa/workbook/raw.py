"""Tables as they were read: every value with its place, nothing interpreted beyond its column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mfa.errors import Place, Problem

Value = str | float


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell.

    Attributes
    ----------
    value
        Text or number; None when the cell holds something unusable (an error, a date where a
        number belongs) about which a problem has been reported already.
    place
        Where it stands.
    """

    value: Value | None
    place: Place

    @property
    def broken(self) -> bool:
        """Whether a problem about this cell has been reported already."""
        return self.value is None


@dataclass(frozen=True)
class Row:
    """One row of a table: machine column name → cell, filled cells only.

    Attributes
    ----------
    cells
        The filled cells.
    place
        Its first cell (workbook) or its line (CSV).
    layout
        Machine column name → letter of the column in the sheet; empty for CSV.
    header
        Row of the titles above it.
    line
        Row in which its results are written, when that is not where it was read.
    """

    cells: Mapping[str, Cell]
    place: Place
    layout: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    header: int = field(default=1, compare=False, repr=False)
    line: int | None = field(default=None, compare=False, repr=False)

    def get(self, column: str) -> Value | None:
        """Return the value in `column`, or None when the cell is empty or broken."""
        cell = self.cells.get(column)
        return cell.value if cell else None

    def text(self, column: str) -> str:
        """Return the value in `column` as text, empty when there is none."""
        value = self.get(column)
        return "" if value is None else str(value)

    def broken(self, column: str) -> bool:
        """Return whether the cell in `column` holds something unusable."""
        return column in self.cells and self.cells[column].broken

    def at(self, column: str) -> Place:
        """Return the place of the cell in `column`, filled or not."""
        if column in self.cells:
            return self.cells[column].place
        letter = self.layout.get(column)
        if letter is None or self.place.row is None:
            return self.place
        here = self.place
        return Place(here.sheet, f"{letter}{here.row}", here.file, here.row)

    def values(self) -> dict[str, Value]:
        """Return machine column name → value."""
        return {name: c.value for name, c in self.cells.items() if c.value is not None}


@dataclass
class RawTables(Mapping[str, list[Row]]):
    """Every table of a case by machine name, with what was found wrong in reading.

    Attributes
    ----------
    rows
        Table name → rows.
    problems
        What was wrong or doubtful in the file itself.
    decimal
        Decimal sign by which numbers in text were read; None when none was declared.
    language
        Language of the headers.
    source
        Name of the file or folder.
    blank
        Settings of the case that stand there without a value → the empty cell.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    decimal: str | None = None
    language: str = "en"
    source: str = ""
    blank: dict[str, Place] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[Row]:
        return self.rows.get(name, [])

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def plain(self) -> dict[str, list[dict[str, Value]]]:
        """Return the values alone, without places, leaving out tables without rows.

        Examples
        --------
        >>> place = Place("Flows", "A3")
        >>> RawTables({"flows": [Row({"id": Cell("rice", place)}, place)]}).plain()
        {'flows': [{'id': 'rice'}]}
        """
        return {name: [row.values() for row in rows] for name, rows in self.rows.items() if rows}

    def set_blanks_aside(self) -> None:
        """Take the settings without a value out of the case table, and remember where they are."""
        if "case" in self.rows:
            empty = [row for row in self["case"] if row.cells.keys() <= {"key"}]
            self.rows["case"] = [row for row in self["case"] if row not in empty]
            self.blank = {row.text("key"): row.at("value") for row in empty}

    def settings(self) -> dict[str, Row]:
        """Return the rows of the case table by their key."""
        return {row.text("key"): row for row in self["case"] if row.text("key")}
