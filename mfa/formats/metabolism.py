"""Write balanced flows and stocks as rows for the data hub of Metabolism of Cities.

The hub knows columns by their position only, and amounts instead of rates: a flow of 12 t/year in a
month is written as 1 t. Material codes, units and spaces must exist there before the upload.
"""

from __future__ import annotations

import calendar
import datetime
import math
import os
import re
from typing import TYPE_CHECKING, Any

from mfa.files import replace_files
from mfa.formats import write_paths
from mfa.formats.converted import LossLog, WriteOptions, Written
from mfa.formats.flow_list import csv_bytes, number
from mfa.locale import N_
from mfa.model.quantity import material_codes
from mfa.units import convert, parse_unit

if TYPE_CHECKING:
    from mfa.account import Account

FLOWS = (
    "Period", "Start", "End", "Material name", "Material code", "Quantity", "Unit", "Space",
    "Comment", "Segment", "Origin process", "Destination process",
)  # fmt: skip
STOCKS = (
    "Date", "Material name", "Material code", "Quantity", "Unit", "Space", "Comment", "Segment",
)  # fmt: skip
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})[-/.]?(?:m|M)?(\d{1,2})")
_QUARTER = re.compile(r"(\d{4})[-/. ]?[qQ]([1-4])")
_SEASON = re.compile(r"(\d{4})[-/](\d{2}|\d{4})")


def write_metabolism(
    account: Account, path: str | os.PathLike[str], options: WriteOptions | None = None
) -> Written:
    """Write ``<name>.csv`` with the flows and, when there are stocks, ``<name>-stock.csv``.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    options = options or WriteOptions()
    log = LossLog()
    writer = _Writer(account, options.language, log)
    target, beside = write_paths(path, "metabolism")
    contents = {target: csv_bytes(FLOWS, writer.flows(), log)}
    stocks = writer.stocks()
    if stocks:
        contents[beside] = csv_bytes(STOCKS, stocks, log)
    replace_files(contents)
    writer.report()
    return Written(list(contents), log.losses)


def span(period: str) -> tuple[datetime.date, datetime.date] | None:
    """Return the first and last day of a period, None when its label is no year, month or quarter.

    Examples
    --------
    >>> [day.isoformat() for day in span("2023-Q2")]
    ['2023-04-01', '2023-06-30']
    >>> span("dry season") is None
    True
    """
    if found := _YEAR.fullmatch(period):
        first, last = (int(found[1]), 1), (int(found[1]), 12)
    elif found := _QUARTER.fullmatch(period):
        end = 3 * int(found[2])
        first, last = (int(found[1]), end - 2), (int(found[1]), end)
    elif (found := _SEASON.fullmatch(period)) and int(found[2]) % 100 == (int(found[1]) + 1) % 100:
        first, last = (int(found[1]), 7), (int(found[1]) + 1, 6)
    elif (found := _MONTH.fullmatch(period)) and 1 <= int(found[2]) <= 12:
        first = last = (int(found[1]), int(found[2]))
    else:
        return None
    if not 1 <= first[0] < 9999:
        return None
    days = calendar.monthrange(*last)[1]
    return datetime.date(*first, 1), datetime.date(*last, days)


def amount_unit(rate: str) -> str:
    """Return the unit of the amount that a rate adds up to.

    Examples
    --------
    >>> amount_unit("t/year"), amount_unit("kt/day"), amount_unit("t")
    ('t', 'kt', 't')
    """
    per_time = parse_unit(rate).dimension.get("time", 0) < 0
    return rate.rpartition("/")[0].strip() if per_time and "/" in rate else rate


class _Writer:
    """One account on its way into rows."""

    def __init__(self, account: Account, language: str, log: LossLog) -> None:
        self.account, self.language, self.log = account, language, log
        self.system = account.system
        self.codes = material_codes(self.system.materials)
        self.left = 0

    def flows(self) -> list[list[str]]:
        """Return a row for every flow that the data settle."""
        table = self.account.table
        rows = []
        for row in table[table["kind"] == "flow"].to_dict("records"):
            if not math.isfinite(row["value"]):
                message = N_("Flows that the data do not settle ({n}): {items}.")
                self.log.add("free-flows", message, row["id"])
                continue
            days = self._span(row["period"])
            amount, unit = self._amount(row["value"], row["unit"], row["period"])
            start, end = ("", "") if days is None else (day.isoformat() for day in days)
            rows.append(
                [
                    row["period"], start, end, *self._material(row), number(amount), unit,
                    row["region"], self._comment(row), "", self._process(row["source"]),
                    self._process(row["target"]),
                ]
            )  # fmt: skip
        return rows

    def stocks(self) -> list[list[str]]:
        """Return a row for every level of a stock that the data settle."""
        table = self.account.table
        rows = []
        for row in table[table["kind"] == "stock"].to_dict("records"):
            if math.isfinite(row["value"]):
                days = self._span(row["period"])
                date = days[1].isoformat() if days else ""
                rows.append(
                    [
                        date, *self._material(row), number(row["value"]), row["unit"],
                        row["region"], self._comment(row), "",
                    ]
                )  # fmt: skip
        return rows

    def _span(self, period: str) -> tuple[datetime.date, datetime.date] | None:
        days = span(period)
        if days is None:
            message = N_("Dates of periods that are no year, quarter or month ({n}): {items}.")
            self.log.add("no-dates", message, period or "–")
        return days

    def _amount(self, value: float, rate: str, period: str) -> tuple[float, str]:
        """Return the amount of a period, and its unit."""
        unit = amount_unit(rate)
        if unit == rate:
            return value, rate
        days = span(period)
        whole = days is None or (days[1] - days[0]).days >= 364
        years = 1.0 if whole else ((days[1] - days[0]).days + 1) / 365.0
        return float(convert(value, rate, f"{unit}/year")) * years, unit

    def _material(self, row: dict[str, Any]) -> tuple[str, str]:
        material = row["material"]
        if material not in self.system.materials:
            message = N_("Materials without a name ({n}): {items}. The hub wants one.")
            self.log.add("no-material", message, row["id"])
            return "", ""
        code = self.codes.get(material, "")
        if not code:
            message = N_("Codes of materials that have none ({n}): {items}. The hub wants one.")
            self.log.add("no-code", message, material)
        return self.system.materials[material].name(self.language), code

    def _process(self, name: str) -> str:
        return self.system.processes[name].name(self.language)

    def _comment(self, row: dict[str, Any]) -> str:
        """Return status and σ: the hub has no columns for them."""
        spread = f"; sd {number(row['sd'])} {row['unit']}" if row["sd"] > 0 else ""
        return f"{row['id']}; {row['status']}{spread}"

    def report(self) -> None:
        """Say what the rows cannot hold."""
        counts = self.account.table["kind"].value_counts()
        for kind, message in (
            ("stock_change", N_("Changes of stocks ({n}).")),
            ("parameter", N_("Parameters ({n}).")),
        ):
            if counts.get(kind, 0):
                self.log.add(f"no-{kind}", message, n=int(counts[kind]))
        if self.system.regions == ("",):
            message = N_("The column Space is empty: fill in the city as the hub calls it.")
            self.log.add("no-space", message)
        message = N_("Standard deviations and status stand in the column Comment.")
        self.log.add("comment", message, assumed=True)
