"""A small reader of .xlsx: the filled cells of one sheet, in one pass, in little memory.

A general library builds an object for every styled cell and needs a second pass to tell a formula
without a result from a blank; a sheet whose columns were coloured to the bottom then takes minutes.
This reads what a table needs: values, errors, dates, percent formats, formulas without a
result, merged ranges. Nothing is evaluated.
"""

from __future__ import annotations

import datetime
import posixpath
from dataclasses import dataclass, field
from functools import cache
from xml.parsers import expat

from mfa.errors import InputError, Place
from mfa.locale import N_
from mfa.workbook.cells import Date, Found
from mfa.workbook.guard import Package
from mfa.workbook.problems import error
from mfa.workbook.shared import (
    Attributes,
    formats_of,
    local,
    named_parser,
    parse_part,
    shared_strings,
    unescape,
    without_blanks,
)

MAX_SHEETS = 1_000


@dataclass
class SheetInfo:
    """A sheet of the book: its name, the part that holds it, and whether it is hidden."""

    name: str
    part: str
    hidden: bool = False


@dataclass
class SheetCells:
    """The filled cells of a sheet (row → column → cell) and its merged ranges."""

    cells: dict[int, dict[int, Found]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)


class Book:
    """The sheets of a vetted workbook.

    Parameters
    ----------
    package
        The opened file.

    Attributes
    ----------
    sheets
        Its worksheets in order.
    part, styles
        Names of the parts that hold the workbook and its formats (None when there are none).

    Raises
    ------
    InputError
        The archive holds no workbook.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self.part = _workbook_part(package)
        self._relations = _relations(package, self.part)
        self.sheets: list[SheetInfo] = []
        self._epoch = datetime.datetime(1899, 12, 30)
        self._read_workbook(self.part)
        if len(self.sheets) > MAX_SHEETS:
            message = N_("The workbook has more than {limit} sheets, which is not read.")
            place = Place(file=package.name)
            raise InputError([error("too-many-sheets", message, place, limit=MAX_SHEETS)])
        self.styles = self._related("styles")
        self._dates, self._percents = formats_of(package, self.styles)
        self._strings: list[str] | None = None

    def cells(self, sheet: SheetInfo) -> SheetCells:
        """Return the filled cells of `sheet`.

        Raises
        ------
        InputError
            The sheet is damaged or holds too many cells.
        """
        reader = _SheetReader(self)
        parse_part(self.package, sheet.part, reader.parser, without_blanks)
        return reader.out

    def string(self, index: str) -> str:
        """Return a shared string by its number."""
        if self._strings is None:
            self._strings = shared_strings(self.package, self._related("sharedStrings"))
        try:
            return self._strings[int(index)]
        except (ValueError, IndexError):
            return ""

    def number(self, text: str, style: int) -> Found:
        """Return a stored number, as a date or per cent where its format says so."""
        try:
            value = float(text)
        except ValueError:
            return Found(text)
        if style in self._dates:
            return Found(self._date(value))
        return Found(value, percent=True) if style in self._percents else Found(value)

    def _date(self, serial: float) -> Date | float:
        try:
            moment = self._epoch + datetime.timedelta(days=serial)
        except (OverflowError, ValueError):
            return serial
        whole = moment.replace(microsecond=0)
        return whole.time() if 0 <= serial < 1 else whole

    def _related(self, kind: str) -> str | None:
        return next((part for k, part in self._relations.values() if k == kind), None)

    def _read_workbook(self, part: str) -> None:
        def start(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                key = next((v for k, v in attributes.items() if local(k) == "id"), "")
                kind, target = self._relations.get(key, ("", ""))
                if kind == "worksheet":
                    hidden = attributes.get("state", "visible") != "visible"
                    self.sheets.append(SheetInfo(attributes.get("name", ""), target, hidden))
            elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = datetime.datetime(1904, 1, 1)

        parse_part(self.package, part, named_parser(start))


def _relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Return relation id → (kind, part) of what `part` refers to."""
    folder, name = posixpath.split(part)
    file = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    if file in package.parts:
        parse_part(package, file, named_parser(start))
    return found


def _workbook_part(package: Package) -> str:
    parts = [part for kind, part in _relations(package, "").values() if kind == "officeDocument"]
    if parts and parts[0] in package.parts and parts[0].endswith(".xml"):
        return parts[0]
    message = N_(
        "The file is an archive but no .xlsx workbook. Open it in Excel or LibreOffice and save it "
        "as .xlsx."
    )
    raise InputError([error("not-xlsx", message, Place(file=package.name))])


@cache
def column_number(letters: str) -> int:
    """Return the number of a column, from 1, by its letters; 0 when it is none.

    Examples
    --------
    >>> column_number("C"), column_number("XFD"), column_number("?")
    (3, 16384, 0)
    """
    number = 0
    for char in letters:
        if not "A" <= char <= "Z" or number > 16_384:
            return 0
        number = number * 26 + ord(char) - 64
    return number


class _SheetReader:
    """Handlers of the parser for one sheet."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.out = SheetCells()
        self.row = self.column = 0
        self.cell: Attributes | None = None
        self.value: list[str] = []
        self.has_formula = self.has_value = self.phonetic = False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        self.parser = parser

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name) if ":" in name else name
        if name == "c":
            self.cell = attributes
            self.has_formula = self.has_value = False
            self.value.clear()
            reference = attributes.get("r")
            self.column = (
                column_number(reference.rstrip("0123456789")) if reference else self.column + 1
            )
        elif name == "row":
            number = attributes.get("r", "")
            self.row = int(number) if number.isdecimal() else self.row + 1
            self.column = 0
        elif name == "v" or (name == "t" and not self.phonetic):
            self.has_value = True
            self.parser.CharacterDataHandler = self.value.append
        elif name == "f":
            self.has_formula = True
        elif name == "rPh":
            self.phonetic = True
        elif name == "mergeCell":
            self.out.merged.append(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        name = local(name) if ":" in name else name
        if name in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif name == "c":
            if self.has_value or self.has_formula:
                self._finish()
            self.cell = None
        elif name == "rPh":
            self.phonetic = False

    def _finish(self) -> None:
        found = self._found(self.cell or {}, "".join(self.value))
        if found is not None and self.row and self.column:
            self.out.cells.setdefault(self.row, {})[self.column] = found

    def _found(self, cell: Attributes, text: str) -> Found | None:
        kind = cell.get("t", "n")
        if kind == "s":
            return _filled(self.book.string(text))
        if kind in ("str", "inlineStr"):
            return _filled(unescape(text))
        if text == "":
            return Found(None, formula=True) if self.has_formula else None
        if kind == "e":
            return Found(text, error=True)
        if kind == "b":
            return Found(text.strip() in ("1", "true"))
        if kind == "d":
            return _iso_date(text)
        style = cell.get("s", "0")
        return self.book.number(text, int(style) if style.isdecimal() else 0)


def _filled(text: str) -> Found | None:
    return Found(text) if text.strip() else None


def _iso_date(text: str) -> Found:
    try:
        return Found(datetime.datetime.fromisoformat(text))
    except ValueError:
        return Found(text)
