"""Lists of links as tables: which column is what, and its rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from mfa.errors import Place
from mfa.formats.converted import LossLog
from mfa.formats.files import refuse
from mfa.formats.grid import number_in, text_of
from mfa.formats.links import Links, Row
from mfa.formats.naming import label
from mfa.locale import N_
from mfa.workbook.cells import Found
from mfa.workbook.text import bare

TITLES = {
    "from": ("from", "origin", "origine", "tu", "diem dau"),
    "source": ("source", "src", "source node", "start node", "nguon"),
    "to": ("to", "destination", "dest", "den", "diem cuoi"),
    "target": ("target", "tgt", "target node", "end node", "dich", "cible"),
    "from_name": ("from name", "source name"),
    "to_name": ("to name", "target name"),
    "value": ("value", "amount", "quantity", "weight", "count", "mass", "valeur", "gia tri",
              "so luong", "khoi luong"),
    "material": ("material", "type", "product", "vat lieu", "materiau"),
    "material_name": ("material name",),
    "name": ("name",),
    "layer": ("layer",),
    "unit": ("unit", "units", "unite", "don vi"),
    "sd": ("sd", "sigma", "std", "stdev", "standard deviation"),
    "period": ("period", "year", "time", "annee", "nam", "ky"),
    "region": ("region", "vung"),
}  # fmt: skip
"""What a column may hold → how its title may read, without accents and signs."""
CALCULATED = {"flow", "lower", "upper", "status"}
"""Columns of our own lists that say nothing new."""
LONGEST_ROW = 100_000
MOST_ROWS = 100_000
_KIND = {title: kind for kind, titles in TITLES.items() for title in titles}
_SIGNS = re.compile(r"[\W_]+")


def is_link_table(text: str) -> bool:
    """Return whether the first line of a CSV text names two ends and a value.

    Examples
    --------
    >>> is_link_table("source;target;value"), is_link_table("source,year,value")
    (True, False)
    """
    columns = _columns(_header(text))
    return _ends(columns) is not None and "value" in columns


def table_links(text: str, name: str, log: LossLog) -> Links:
    """Return the rows of a CSV table of links.

    Raises
    ------
    InputError
        It has no such columns, is no CSV or has too many rows.
    """
    header = _header(text)
    columns = _columns(header)
    ends = _ends(columns)
    if ends is None or "value" not in columns:
        message = N_("The table has no columns for the source, the target and the value of a flow.")
        refuse("not-links", message, name)
    if ends[0] == "from" and "source" in columns:
        columns["origin"] = columns.pop("source")
    columns["source"], columns["target"] = columns.pop(ends[0]), columns.pop(ends[1])
    own = "flow" in header and "status" in header
    known = set(columns.values())
    for number, title in enumerate(header):
        if title and number not in known and not (own and title in CALCULATED):
            log.add("columns", N_("Columns that are not read ({n}): {items}."), title)
    links = Links()
    for line, cells in _rows(text, name):
        _take(links, {k: cells[n] for k, n in columns.items() if n < len(cells)},
              Place(file=name, row=line), log)  # fmt: skip
    return links


def _take(links: Links, cells: Mapping[str, str], place: Place, log: LossLog) -> None:
    """Add one row."""
    text = {key: text_of(Found(cell)) for key, cell in cells.items()}
    source, target = text["source"], text.get("target", "")
    if not source or not target:
        log.add("no-ends", N_("Rows without a source or a target ({n})."), place=place)
        return
    if text.get("layer", "goods") not in ("", "goods"):
        log.add("other-layers", N_("Flows of other layers ({n}): {items}."), text["layer"], place)
        return
    for key, name in (("source", "from_name"), ("target", "to_name")):
        if text.get(name):
            links.names[text[key]] = text[name]
    material = text.get("material", "")
    if material:
        links.materials.setdefault(material, text.get("material_name") or material)
    links.rows.append(
        Row(
            source,
            target,
            _number(text.get("value", ""), place, log),
            place,
            material=material,
            name=text.get("name", ""),
            unit=text.get("unit", ""),
            sigma=_number(text.get("sd", ""), place, log),
            period=label(text.get("period", "")),
            region=label(text.get("region", "")),
            origin=text.get("origin", ""),
        )
    )


def _number(text: str, place: Place, log: LossLog) -> float | None:
    value = number_in(Found(text)) if text else None
    if value is None and text and bare(text) not in ("nan", "na", "n/a"):
        message = N_("Cells that hold no number where one belongs ({n}): {items}.")
        log.add("no-number", message, text, place)
    return value


def _header(text: str) -> list[str]:
    """Return the titles in the first filled line."""
    line = text.lstrip("\r\n")[: LONGEST_ROW + 1].replace("\r", "\n").partition("\n")[0]
    if len(line) > LONGEST_ROW:
        return []
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _columns(header: list[str]) -> dict[str, int]:
    """Return kind of column → its number; of several of one kind the first."""
    found: dict[str, int] = {}
    for number, title in enumerate(header):
        kind = _KIND.get(" ".join(_SIGNS.sub(" ", bare(title)).split()))
        if kind:
            found.setdefault(kind, number)
    return found


def _ends(columns: Mapping[str, int]) -> tuple[str, str] | None:
    """Return the kinds of the two columns that hold the ends; None where there are none."""
    pairs = [(a, b) for a in ("from", "source") for b in ("to", "target")]
    return next((pair for pair in pairs if pair[0] in columns and pair[1] in columns), None)


def _delimiter(line: str) -> str:
    return max((",", ";", "\t"), key=line.count)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of the filled rows below the header."""
    line = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(line))
    header, count = True, 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                yield reader.line_num, cells
            header, count = False, count + 1
            if count > MOST_ROWS:
                message = N_("The file has more than {limit} rows, which is not read.")
                refuse("too-many-rows", message, name, limit=MOST_ROWS)
    except csv.Error:
        message = N_("The file cannot be read as CSV from line {line} on.")
        refuse("csv-broken", message, name, reader.line_num, line=reader.line_num)
