"""What is written beside the inputs: the columns, and the values of each row."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa.locale import N_, translator
from mfa.model.quality import Z95
from mfa.vocabulary import label
from mfa.workbook.raw import RawTables, Row
from mfa.workbook.rows import RESULT as MARK

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account

MOST_LABELS = 12
"""For how many periods and regions a row shows results side by side."""
TITLES = {
    "value": N_("Balanced value"),
    "sd": N_("Balanced value: 1 σ"),
    "lower": N_("95 % from"),
    "upper": N_("95 % to"),
    "unit": N_("Unit of the result"),
    "status": N_("Status of the result"),
    "adjustment": N_("Adjustment in σ"),
}
CHANGE = N_("Stock change")
SUSPECT = N_("all other data speak against it")
AGREES = N_("checked by other data")
ALONE = N_("no other data check it")


@dataclass(frozen=True)
class Group:
    """One set of result columns: of the row's quantity, its change, or one period and region."""

    name: str = ""
    title: str = ""

    def names(self) -> list[str]:
        """Return the machine names of its columns."""
        middle = f"{self.name}_" if self.name else ""
        return [f"{MARK}{middle}{key}" for key in TITLES]

    def titles(self, language: str) -> list[str]:
        """Return the headers of its columns."""
        _ = translator(language)
        after = f" · {_(self.title)}" if self.title else ""
        return [_(title) + after for title in TITLES.values()]


Values = dict[Group, Mapping[str, Any]]
"""Group of columns → value, sd, lower, upper, unit, status, adjustment."""


class Results:
    """The results of an account, to be asked for by the rows of the input.

    Parameters
    ----------
    account
        The balanced account.
    tables
        The tables it was made from, with the places of their rows.
    language
        Language of the status words.
    """

    def __init__(self, account: Account, tables: RawTables, language: str) -> None:
        self.tables, self.language = tables, language
        self.several = [
            sum(map(bool, labels)) > 1
            for labels in (account.system.periods, account.system.regions)
        ]
        self._quantities: dict[str, list[dict[str, Any]]] = {}
        names = ["id", "period", "region", *TITLES]
        for record in _records(account.table, names):
            self._quantities.setdefault(record["id"], []).append(record)
        frame = account.observations
        self._observed = {
            record["place"]: record for record in _records(frame, _OBSERVED) if record["place"]
        }

    def rows(self, table: str) -> Iterator[tuple[Row, Values]]:
        """Yield each row of an input table that has results, with them."""
        for row in self.tables[table]:
            values = self._observation(row) if table == "observations" else self._of(table, row)
            if values:
                yield row, values

    def _observation(self, row: Row) -> Values:
        found = self._observed.get(str(row.at("value")))
        if found is None:
            return {}
        value, sd = found["reconciled"], found["reconciled_sd"]
        _ = translator(self.language)
        status = SUSPECT if found["suspect"] else AGREES if found["testable"] else ALONE
        return {
            Group(): {
                "value": value,
                "sd": sd,
                "lower": value - Z95 * sd,
                "upper": value + Z95 * sd,
                "unit": found["unit"],
                "status": _(status),
                "adjustment": found["adjustment"],
            }
        }

    def _of(self, table: str, row: Row) -> Values:
        name = row.text("id")
        values = self._grouped(name, row, "")
        if table == "stocks":
            values |= self._grouped(f"{name}.change", row, "change")
        return values

    def _grouped(self, name: str, row: Row, prefix: str) -> Values:
        """Return the results of one quantity: alone, or one group a period and region."""
        wanted = {key: row.text(key) for key in ("period", "region")}
        found = [
            record
            for record in self._quantities.get(name, ())
            if all(not w or record[key] in ("", w) for key, w in wanted.items())
        ]
        if len(found) > MOST_LABELS:
            return {}
        return {self._group(record, prefix): self._worded(record) for record in found}

    def _group(self, record: Mapping[str, Any], prefix: str) -> Group:
        labels = [
            record[key]
            for key, several in zip(("period", "region"), self.several, strict=True)
            if several and record[key]
        ]
        name = "_".join([prefix, *labels] if prefix else labels)
        title = ", ".join(labels)
        if not prefix:
            return Group(name, title)
        change = translator(self.language)(CHANGE)
        return Group(name, f"{change}, {title}" if title else change)

    def _worded(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**record, "status": label("status", record["status"], self.language)}


_OBSERVED = ("place", "reconciled", "reconciled_sd", "unit", "adjustment", "testable", "suspect")


def _records(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[Hashable, Any]]:
    return frame[list(names)].to_dict("records")


def number_code(*sizes: Any, digits: int = 2) -> str:
    """Return how a number is shown: with the first `digits` digits of the first of `sizes` known.

    Examples
    --------
    >>> number_code(0.25, 1234.5), number_code(250.0, 1234.5), number_code(float("nan"), 0.5)
    ('#,##0.00', '#,##0', '#,##0.00')
    """
    known = [abs(size) for size in sizes if size and math.isfinite(size)]
    decimals = digits - 1 - math.floor(math.log10(known[0])) if known else 0
    return "#,##0" + ("." + "0" * min(decimals, 9) if decimals > 0 else "")
