"""From what a cell holds to what its column expects: one spelling for every way of typing it."""

from __future__ import annotations

import datetime
import math
import re
from functools import lru_cache
from typing import NamedTuple

from mfa.errors import InputError, Problem
from mfa.locale import N_
from mfa.workbook.choices import canonical
from mfa.workbook.columns import Column
from mfa.workbook.problems import error
from mfa.workbook.raw import Value
from mfa.workbook.text import key_of, tidy

Date = datetime.date | datetime.datetime | datetime.time

_NUMBER = re.compile(r"(?<![\w.,])[-+\u2212]?\d(?:[\d.,\u00a0\u202f]*\d)?(?:[eE][-+]?\d+)?")
_RANGE = re.compile(r"(\d[\d.,]*)\s*[-–—]\s*(\d[\d.,]*)")
ASSUMPTIONS = ("assumption", "giả định")
_FORMULA_NUMBER = re.compile(r"(\[[^\]]*\])|(?<![\w.,])(\d+),(\d+)(?![\w.,])")


class Found(NamedTuple):
    """What stands in a cell of a file before its column is known.

    Attributes
    ----------
    value
        Text, number, truth value or date; None for a formula without a result.
    error
        Whether the value is the text of an error, such as ``#N/A``.
    formula
        Whether the value is the result of a formula.
    percent
        Whether the number is shown with a percent sign (10 % is stored as 0.1).
    """

    value: str | float | bool | Date | None
    error: bool = False
    formula: bool = False
    percent: bool = False


def interpret(
    found: Found, column: Column, decimal: str | None
) -> tuple[Value | None, Problem | None]:
    """Return the value of a cell as its column wants it, and what is wrong with it.

    An empty value is returned as ``""``; None means unusable, and a problem says why.
    """
    value = found.value
    if found.error:
        message = N_(
            "The cell in column “{column}” holds the error {value}. Mend its formula or type the "
            "value."
        )
        return _unusable("cell-error", message, column, value)
    if value is None:
        message = N_(
            "The formula in column “{column}” has no stored result. Open the workbook in Excel or "
            "LibreOffice, save it, and try again."
        )
        return _unusable("formula-without-value", message, column, value)
    if isinstance(value, Date):
        return _date(value, column)
    if isinstance(value, bool):
        return _truth(value, column)
    if isinstance(value, str):
        return _text(value, column, decimal)
    return _number(float(value), column, found.percent)


def _unusable(code: str, message: str, column: Column, value: object) -> tuple[None, Problem]:
    return None, error(code, message, column=column.titled, value=value)


def _date(value: Date, column: Column) -> tuple[Value | None, Problem | None]:
    shown = value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else str(value)
    shown = shown.removesuffix(" 00:00:00")
    if column.kind == "text":
        return shown, None
    message = N_(
        "The cell in column “{column}” holds the date {value}, perhaps because Excel changed what "
        "was typed. Format the cell as text or number and type the value again."
    )
    return _unusable("date-in-cell", message, column, shown)


def _truth(value: bool, column: Column) -> tuple[Value | None, Problem | None]:
    if column.choices == "yes_no":
        return ("yes" if value else "no"), None
    if column.kind == "text":
        return str(value).upper(), None
    message = N_(
        "The cell in column “{column}” holds the truth value {value}; that cannot stand here."
    )
    return _unusable("truth-in-cell", message, column, str(value).upper())


def _number(value: float, column: Column, percent: bool) -> tuple[Value | None, Problem | None]:
    if not math.isfinite(value):
        message = N_("The cell in column “{column}” holds {value}, which is no finite number.")
        return _unusable("not-finite", message, column, value)
    if column.numeric:
        return value, None
    if column.kind == "uncertainty" and percent:
        return f"{number_text(value * 100)} %", None
    if column.kind == "choice":
        return canonical(column.choices, number_text(value)), None
    return number_text(value), None


def number_text(value: float) -> str:
    """Return the shortest text that reads back as `value`, with a decimal point.

    Examples
    --------
    >>> number_text(2023.0), number_text(0.1), number_text(13.000000000000002)
    ('2023', '0.1', '13')
    """
    # Fifteen digits are what Excel keeps; beyond them 13 % would print as 13.000000000000002 %.
    shown = float(f"{value:.15g}")
    return str(int(shown)) if shown.is_integer() and abs(shown) < 1e15 else repr(shown)


def _text(value: str, column: Column, decimal: str | None) -> tuple[Value | None, Problem | None]:
    text = tidy(value)
    if not text:
        return "", None
    if column.kind == "choice":
        return canonical(column.choices, text), None
    if column.numeric:
        return _number_in_text(text, column, decimal)
    if column.kind == "uncertainty":
        return _with_points(text, decimal)
    if column.choices == "sources" and key_of(text) in ASSUMPTIONS:
        return ASSUMPTIONS[0], None
    if column.kind in ("formula", "quantity") and decimal == ",":
        return _FORMULA_NUMBER.sub(lambda m: m[1] or f"{m[2]}.{m[3]}", text), None
    return text, None


def _number_in_text(
    text: str, column: Column, decimal: str | None
) -> tuple[Value | None, Problem | None]:
    from mfa.units import parse_number

    share = column.kind == "share" and text.endswith("%")
    try:
        number = float(parse_number(text.rstrip("% ") if share else text, decimal))
    except InputError as refusal:
        if column.kind == "score":
            return text, None  # the check of scores says what is expected
        return None, _range(text, decimal) or refusal.problems[0]
    return number / 100 if share else number, None


def _range(text: str, decimal: str | None) -> Problem | None:
    """Return what to do with “1.000–1.200” in a cell for one number; None when it is no range."""
    from mfa.units import parse_number

    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    try:
        low, high = (float(parse_number(part, decimal)) for part in found.groups())
    except InputError:
        return None
    message = N_(
        "“{text}” is a range. Write one value, such as {middle}, and the range as its uncertainty: "
        "[{low}; {high}]."
    )
    values = {"middle": f"{(low + high) / 2:.6g}", "low": found[1], "high": found[2]}
    return error("range-as-number", message, text=text, **values) if low < high else None


@lru_cache(maxsize=4096)  # a sheet repeats the same few
def _with_points(text: str, decimal: str | None) -> tuple[Value | None, Problem | None]:
    """Return an uncertainty with its numbers written with a decimal point."""
    from mfa.units import parse_number

    def rewrite(match: re.Match[str]) -> str:
        return number_text(float(parse_number(match.group(), decimal)))

    try:
        return _NUMBER.sub(rewrite, text), None
    except InputError as refusal:
        return None, refusal.problems[0]
