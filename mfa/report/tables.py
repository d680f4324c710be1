"""Tables as plain structures: the HTML page and the workbook are made from the same ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mfa.locale.numbers import format_number, significant_decimals


def given_decimals(value: float, digits: int = 9) -> int:
    """Return how many decimals show `value` as it was given, at most `digits` significant ones.

    Examples
    --------
    >>> given_decimals(334747.0), given_decimals(0.286), given_decimals(1 / 3, 4)
    (0, 3, 4)
    """
    most = significant_decimals(value, None, digits)
    return next((d for d in range(max(most, 0)) if round(value, d) == value), max(most, 0))


@dataclass(frozen=True)
class Num:
    """A number with the uncertainty that decides how many digits are shown.

    ``decimals`` overrides that; ``missing`` is shown where the value is not a number;
    ``heat`` (0 to 4) shades the cell; ``prefix`` marks a lower limit (``≥``).
    """

    value: float
    sd: float | None = None
    decimals: int | None = None
    missing: str = "–"
    heat: int | None = None
    prefix: str = ""

    def text(self, language: str) -> str:
        """Return the number as a reader of `language` writes it."""
        if math.isnan(self.value):
            return self.missing
        decimals = self.decimals
        if decimals is None:
            decimals = significant_decimals(self.value, self.sd)
        return self.prefix + format_number(self.value, decimals, language)


@dataclass(frozen=True)
class Range:
    """An interval from `lower` to `upper` (infinite: no limit), rounded as `sd` allows."""

    lower: float
    upper: float
    sd: float | None = None

    def text(self, language: str) -> str:
        """Return ``a … b``; ``≥ a`` or ``≤ b`` with one limit, nothing without any."""
        if math.isnan(self.lower) and math.isnan(self.upper):
            return "–"
        if math.isinf(self.lower):
            return "" if math.isinf(self.upper) else f"≤ {self._end(self.upper, self.sd, language)}"
        span = self.sd or (self.upper - self.lower if math.isfinite(self.upper) else None) or None
        low, high = (self._end(end, span, language) for end in (self.lower, self.upper))
        if math.isinf(self.upper):
            return f"≥ {low}"
        return f"{low} … {high}"

    @staticmethod
    def _end(value: float, span: float | None, language: str) -> str:
        return format_number(value, significant_decimals(value, span), language)


@dataclass(frozen=True)
class Ref:
    """A text that leads somewhere: ``#anchor`` in the report, another file, or a web address."""

    text: str
    href: str


@dataclass(frozen=True)
class Badge:
    """A short word of a closed list, coloured by `key` (``status-free``…)."""

    key: str
    text: str


@dataclass(frozen=True)
class Bar:
    """A signed number drawn as a bar against the largest of its column, `scale`."""

    value: float
    scale: float


Cell = str | Num | Range | Ref | Badge | Bar | tuple[str | Ref, ...]


@dataclass(frozen=True)
class Column:
    """A column: heading, unit in words, and what it holds.

    ``kind`` is ``"text"``, ``"short"`` (text that is not broken into lines), ``"number"``,
    ``"range"`` or ``"bar"``; ``key`` names the column for the charts of the workbook.
    """

    title: str
    kind: str = "text"
    unit: str = ""
    key: str = ""


@dataclass(frozen=True)
class Row:
    """A row; ``kind`` is ``""``, ``"total"``, ``"group"`` or ``"weak"``; ``anchor`` its HTML id."""

    cells: tuple[Cell, ...]
    kind: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Attributes
    ----------
    id
        HTML anchor, the same in every language.
    sheet
        Name of its worksheet; tables of one name stand below each other.
    title, note
        Caption above, reading help below.
    searchable
        Long: the page offers a filter.
    label
        ``Table 3``; set when the document is composed.
    """

    id: str
    sheet: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    searchable: bool = False
    label: str = ""

    def filled(self) -> Table:
        """Return the table without the columns of texts in which nothing stands."""
        cells = zip(*(row.cells for row in self.rows), strict=True)
        kept = [
            number
            for number, (column, texts) in enumerate(zip(self.columns, cells, strict=False))
            if column.kind not in ("text", "short") or any(text not in ("", ()) for text in texts)
        ]
        if not self.rows or len(kept) == len(self.columns):
            return self
        rows = [replace(row, cells=tuple(row.cells[n] for n in kept)) for row in self.rows]
        return replace(self, columns=tuple(self.columns[n] for n in kept), rows=tuple(rows))

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the columns.

        Raises
        ------
        ValueError
            A row has more or fewer cells than there are columns.
        """
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table {self.id}: {len(row.cells)} cells for {len(self.columns)} columns"
                )
