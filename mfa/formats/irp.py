"""Read the CSV export of the global material-flow database of the International Resource Panel."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mfa.errors import Place
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.ewmfa import Accounts, Figure, accounts_tables, check_country
from mfa.formats.files import MAX_XML, finite, read_text, refuse
from mfa.locale import N_
from mfa.workbook.text import bare

NEEDED = ("country", "category", "flow code", "flow unit")
INDICATORS = {
    "de": "DE", "domestic extraction": "DE",
    "imp": "IMP", "imports": "IMP",
    "exp": "EXP", "exports": "EXP",
}  # fmt: skip
"""Code or name of a flow, lower case → our indicator; all others follow from these."""
CODES = {
    "biomass": "MF.1",
    "crops": "MF.1.1",
    "crop residues": "MF.1.2.1",
    "grazed biomass and fodder crops": "MF.1.2.2",
    "wood": "MF.1.3",
    "wild catch and harvest": "MF.1.4",
    "metal ores": "MF.2",
    "ferrous ores": "MF.2.1",
    "non-ferrous ores": "MF.2.2",
    "non-metallic minerals": "MF.3",
    "fossil fuels": "MF.4",
    "coal": "MF.4.1",
    "petroleum": "MF.4.2",
    "natural gas": "MF.4.2",
    "oil shale and tar sands": "MF.4.2",
}
"""Name of a group without accents → EW-MFA code; minerals of either use have the code of their
whole, since their split is not that of the accounts."""
SOURCE = "Global Material Flows Database, UNEP International Resource Panel"
LONGEST_ROW = 200_000
MOST_YEARS = 300
MOST_FIGURES = 300_000


def read_irp(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read an export of 4 or 13 material groups.

    Parameters
    ----------
    path
        The CSV file.
    options
        Country (``region``) and year (``period``): the whole file has more than 200 countries.

    Returns
    -------
    Converted
        Extraction, imports and exports as flows of the economy.

    Raises
    ------
    InputError
        The file is no such table, or the country is not in it.
    """
    name = Path(path).name
    options = options or ReadOptions()
    log = LossLog()
    accounts = _accounts(read_text(path, MAX_XML), name, options, log)
    return accounts_tables(accounts, name, options, log)


def is_irp(text: str) -> bool:
    """Return whether the first line of a CSV text names the columns of that database.

    Examples
    --------
    >>> is_irp("Country,Category,Flow name,Flow code,Flow unit,1970,1971")
    True
    """
    return set(NEEDED) <= {title.casefold() for title in _header(text)}


def _header(text: str) -> list[str]:
    line = text.replace("\r", "\n").partition("\n")[0][:LONGEST_ROW]
    try:
        return [title.strip() for title in next(csv.reader([line]), [])]
    except csv.Error:
        return []


def _accounts(text: str, name: str, options: ReadOptions, log: LossLog) -> Accounts:
    header = _header(text)
    columns = {title.casefold(): k for k, title in enumerate(header)}
    years = {k: title for k, title in enumerate(header) if len(title) == 4 and title.isdecimal()}
    if not set(NEEDED) <= set(columns) or not years:
        message = N_("The table does not have the columns Country, Category, Flow code, Flow unit "
                     "and the years.")  # fmt: skip
        refuse("not-irp", message, name)
    if len(years) > MOST_YEARS:
        message = N_("The table has more than {limit} years, which is not read.")
        refuse("too-many-years", message, name, limit=MOST_YEARS)
    rows = _rows(text, name, len(header))
    country = columns["country"]
    check_country(dict.fromkeys(cells[country].strip() for _, cells in rows), name, options)
    accounts = Accounts("t/year", SOURCE)
    for line, cells in _rows(text, name, len(header)):
        if not options.region or cells[country].strip() == options.region:
            _take_row(accounts, cells, columns, years, Place(file=name, row=line), log)
        if len(accounts.figures) > MOST_FIGURES:
            message = N_("The file holds more than {limit} values, which is not read.")
            refuse("too-many-values", message, name, line, limit=MOST_FIGURES)
    return accounts


def _rows(text: str, name: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of the rows below the header that have all their cells."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        next(reader, None)
        for cells in reader:
            if len(cells) == width:
                yield reader.line_num, cells
    except csv.Error:
        message = N_("The file cannot be read as CSV from line {line} on.")
        refuse("csv-broken", message, name, reader.line_num, line=reader.line_num)


def _take_row(
    accounts: Accounts,
    cells: list[str],
    columns: Mapping[str, int],
    years: Mapping[int, str],
    place: Place,
    log: LossLog,
) -> None:
    """Add the figures of one row."""
    country = cells[columns["country"]].strip()
    category = cells[columns["category"]].strip()
    code = cells[columns["flow code"]].strip()
    indicator = INDICATORS.get(code.casefold(), code)
    unit = bare(cells[columns["flow unit"]])
    if unit not in ("t", "tonnes", "tonne", "metric tonnes"):
        log.add("other-units", N_("Values in other units ({n}): {items}."), unit)
        return
    if category not in accounts.materials:
        accounts.materials[category] = (category, CODES.get(bare(category), ""))
    for column, year in years.items():
        value = finite(cells[column])
        if value is not None:
            accounts.figures.append(Figure(indicator, category, country, year, value, place=place))
