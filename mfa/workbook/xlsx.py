"""A small reader of .xlsx: the filled cells of one sheet, in one pass, in little memory.

A general library builds an object for every styled cell and needs a second pass to tell a formula
without a result from a blank; a sheet whose columns were coloured to the bottom then takes minutes.
This reads what a table needs: values, errors, dates, percent formats, formulas without a
result, merged ranges. Nothing is evaluated.
"""

from __future__ import annotations

import datetime
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from xml.parsers import expat

from mfa.errors import InputError, Place
from mfa.locale import N_
from mfa.workbook.cells import Date, Found
from mfa.workbook.guard import Package
from mfa.workbook.problems import error

MAX_CELLS = 2_000_000
"""How many filled cells a sheet may have: 100,000 observations with every column filled in."""
MARKS_PER_CELL = 5
MAX_SHEETS = 1_000
MAX_MARKS = 1_250_000
"""How many tags a part may have beyond those that its cells or strings need."""
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLANK_CELL = re.compile(rb'<c r="[A-Z]+[0-9]+"[^<>]*(?:/>|></c>)')
_BLANK_ROW = re.compile(rb'<row r="[0-9]+"[^<>]*(?:/>|>\s*</row>)')
MAX_HELD = 60_000_000
_UNITS = (b"<c ", b":c ", b"<si>", b":si>")
"""How a cell or a shared string begins; the tags inside are allowed for."""
Attributes = dict[str, str]


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
        self._dates, self._percents = _formats(package, self.styles)
        self._strings: list[str] | None = None

    def cells(self, sheet: SheetInfo) -> SheetCells:
        """Return the filled cells of `sheet`.

        Raises
        ------
        InputError
            The sheet is damaged or holds too many cells.
        """
        reader = _SheetReader(self)
        _parse(self.package, sheet.part, reader.parser, _without_blanks)
        return reader.out

    def string(self, index: str) -> str:
        """Return a shared string by its number."""
        if self._strings is None:
            self._strings = _shared_strings(self.package, self._related("sharedStrings"))
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
                key = next((v for k, v in attributes.items() if _local(k) == "id"), "")
                kind, target = self._relations.get(key, ("", ""))
                if kind == "worksheet":
                    hidden = attributes.get("state", "visible") != "visible"
                    self.sheets.append(SheetInfo(attributes.get("name", ""), target, hidden))
            elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = datetime.datetime(1904, 1, 1)

        _parse(self.package, part, _parser(start))


def _parse(
    package: Package, part: str, parser: expat.XMLParserType, thin: Callable[[bytes], bytes] = bytes
) -> None:
    """Parse what `thin` leaves of `part`; refuse beforehand what would take too long.

    A large part is unpacked twice rather than held in memory.
    """
    cells = marks = size = 0
    held: list[bytes] = []
    for piece in package.pieces(part):
        thinned = thin(piece)
        size += len(thinned)
        if size <= MAX_HELD:
            held.append(thinned)
        cells += sum(map(thinned.count, _UNITS))
        marks += thinned.count(b"<")
        if cells > MAX_CELLS or marks > MAX_MARKS + cells * MARKS_PER_CELL:
            message = N_(
                "A sheet has more than {limit} filled cells. Put large tables into CSV files."
            )
            place = Place(file=package.name)
            raise InputError([error("too-many-cells", message, place, limit=MAX_CELLS)])
    package.parse(held if size <= MAX_HELD else map(thin, package.pieces(part)), parser)


def _without_blanks(data: bytes) -> bytes:
    """Drop cells and rows that have a format and nothing else: a million of them cost seconds."""
    return _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", data))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parser(
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """Return a parser that gives names without their prefix."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    if end:
        parser.EndElementHandler = lambda name: end(_local(name))
    if text:
        parser.CharacterDataHandler = text
    return parser


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
        _parse(package, file, _parser(start))
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


def _formats(package: Package, part: str | None) -> tuple[set[int], set[int]]:
    """Return the style numbers that show dates, and those that show per cent."""
    dates, percents = set(_DATE_FORMATS), {9, 10}
    styles: list[int] = []
    inside = [False]

    def start(name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            code = _NOT_FORMAT.sub("", attributes.get("formatCode", ""))
            number = int(attributes.get("numFmtId", 0))
            _sort_format(number, code, dates, percents)
        elif name == "cellXfs":
            inside[0] = True
        elif name == "xf" and inside[0]:
            styles.append(int(attributes.get("numFmtId", 0)))

    def end(name: str) -> None:
        if name == "cellXfs":
            inside[0] = False

    if part in package.parts:
        _parse(package, str(part), _parser(start, end))
    return (
        {index for index, number in enumerate(styles) if number in dates},
        {index for index, number in enumerate(styles) if number in percents},
    )


def _sort_format(number: int, code: str, dates: set[int], percents: set[int]) -> None:
    """File a number format under dates or per cents; it may redefine a built-in number."""
    dates.discard(number)
    percents.discard(number)
    if "%" in code:
        percents.add(number)
    elif re.search(r"[dmyhs]", code, re.IGNORECASE) and "general" not in code.casefold():
        dates.add(number)


def _shared_strings(package: Package, part: str | None) -> list[str]:
    strings: list[str] = []
    pieces: list[str] = []
    state = {"text": False, "phonetic": False}

    def start(name: str, _: Attributes) -> None:
        if name == "si":
            pieces.clear()
        elif name == "rPh":
            state["phonetic"] = True
        elif name == "t":
            state["text"] = not state["phonetic"]

    def end(name: str) -> None:
        if name == "si":
            strings.append(unescape("".join(pieces)))
        elif name == "rPh":
            state["phonetic"] = False
        elif name == "t":
            state["text"] = False

    def text(data: str) -> None:
        if state["text"]:
            pieces.append(data)

    if part in package.parts:
        _parse(package, str(part), _parser(start, end, text))
    return strings


def unescape(text: str) -> str:
    r"""Return `text` with the escapes of control characters (``_x000D_``) undone.

    Examples
    --------
    >>> unescape("a_x0009_b")
    'a\tb'
    """
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


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
        name = _local(name) if ":" in name else name
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
        name = _local(name) if ":" in name else name
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
