"""What all sheets of a workbook share: parsing a part within limits, formats, strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from mfa.errors import InputError, Place
from mfa.locale import N_
from mfa.workbook.guard import Package
from mfa.workbook.problems import error

MAX_CELLS = 2_000_000
"""How many filled cells a sheet may have: 100,000 observations with every column filled in."""
MARKS_PER_CELL = 5
MAX_MARKS = 1_250_000
"""How many tags a part may have beyond those that its cells or strings need."""
MAX_HELD = 60_000_000
_UNITS = (b"<c ", b":c ", b"<si>", b":si>")
"""How a cell or a shared string begins; the tags inside are allowed for."""
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLANK_CELL = re.compile(rb'<c r="[A-Z]+[0-9]+"[^<>]*(?:/>|></c>)')
_BLANK_ROW = re.compile(rb'<row r="[0-9]+"[^<>]*(?:/>|>\s*</row>)')
Attributes = dict[str, str]


def parse_part(
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


def without_blanks(data: bytes) -> bytes:
    """Drop cells and rows that have a format and nothing else: a million of them cost seconds."""
    return _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", data))


def local(name: str) -> str:
    """Return the name of an element without its prefix."""
    return name.rpartition(":")[2]


def named_parser(
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """Return a parser that gives names without their prefix."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(local(name), attributes)
    if end:
        parser.EndElementHandler = lambda name: end(local(name))
    if text:
        parser.CharacterDataHandler = text
    return parser


def formats_of(package: Package, part: str | None) -> tuple[set[int], set[int]]:
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
        parse_part(package, str(part), named_parser(start, end))
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


def shared_strings(package: Package, part: str | None) -> list[str]:
    """Return the shared strings by number, without phonetic readings; none without the part."""
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
        parse_part(package, str(part), named_parser(start, end, text))
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
