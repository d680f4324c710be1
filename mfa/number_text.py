"""Numbers as people type them, in Vietnamese or English style, never guessed."""

from __future__ import annotations

import math
import re
import unicodedata

from mfa.errors import InputError, Problem
from mfa.locale import N_
from mfa.unit_text import tidy

LONGEST = 60
_MINUS = str.maketrans("−–‐", "---")
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,4})?"
_SHAPE = re.compile(rf"([+-]?)([0-9][0-9.,]*|[.,][0-9]+)({_EXPONENT})")
_GROUPED = r"[1-9][0-9]{{0,2}}(\{}[0-9]{{3}})+"
_SPACED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?=[.,eE]|$)")

NOT_A_NUMBER = N_(
    "“{text}” is not a number. Write digits only; the unit, “%” included, has its own column."
)
OTHER_STYLE = N_(
    "“{text}” is not a number with “{decimal}” as the decimal mark. Write digits only; the "
    "unit, “%” included, has its own column."
)
TWO_READINGS = N_(
    "“{text}” can be read as {large} (the mark groups thousands) or as {small} (the mark is the "
    "decimal one). Declare the decimal mark on the case sheet."
)


def parse_number(text: str, decimal: str | None = None) -> float:
    """Read a number such as ``1.234,5``, ``1,234.5``, ``1 234,5`` or ``−0,5e3``.

    Parameters
    ----------
    decimal
        The decimal mark the text is written with, ``"."`` or ``","``; the other one then only
        groups thousands. None: either mark, as long as the text leaves no doubt (``1.234`` does).

    Raises
    ------
    InputError
        (a ValueError) The text is no finite number, breaks the declared style, or can be read in
        two ways; the message then gives both.

    Examples
    --------
    >>> parse_number("1.234,5"), parse_number("1,234.5"), parse_number("1.234", ",")
    (1234.5, 1234.5, 1234.0)
    """
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal is {decimal!r}, expected '.', ',' or None")
    sign, digits, exponent, spaced = _shape(text)
    mark = decimal or _mark(text, digits, exponent, spaced)
    group = "." if mark == "," else ","
    whole, _, fraction = digits.partition(mark)
    if mark in digits and not fraction.isdigit():
        raise _bad(text, decimal)
    if group in whole and (spaced or not re.fullmatch(_GROUPED.format(group), whole)):
        raise _bad(text, decimal)
    number = float(f"{sign}{whole.replace(group, '') or '0'}.{fraction or '0'}{exponent}")
    if not math.isfinite(number) or (number == 0 and digits.strip("0.,")):
        raise _bad(text, decimal)
    return number


def _shape(text: str) -> tuple[str, str, str, bool]:
    """Return sign, digits with their marks, exponent, and whether spaces grouped the digits."""
    # NFKC would read 5² as 52 and ½ as 1/2.
    if len(text) > LONGEST or any(unicodedata.category(c) == "No" for c in text):
        raise _bad(text)
    plain = " ".join(unicodedata.normalize("NFKC", tidy(text)).translate(_MINUS).split())
    head = plain[:1] if plain[:1] in ("+", "-") else ""
    body = plain[len(head) :].lstrip()
    spaced = bool(_SPACED.match(body))
    match = _SHAPE.fullmatch(head + (_SPACED.sub(_join, body, count=1) if spaced else body))
    if not match:
        raise _bad(text)
    return match[1], match[2], match[3], spaced


def _join(match: re.Match[str]) -> str:
    return match[0].replace(" ", "")


def _mark(text: str, digits: str, exponent: str, spaced: bool) -> str:
    """Return the decimal mark a text can only mean; refuse one that leaves a doubt."""
    marks = re.findall("[.,]", digits)
    if len(set(marks)) == 2:
        return marks[-1]
    if not marks:
        return "."
    other = "," if marks[0] == "." else "."
    if len(marks) > 1:
        return other
    whole, part = digits.split(marks[0])
    grouping = re.fullmatch("[1-9][0-9]{0,2}", whole) and len(part) == 3
    if grouping and not exponent and not spaced:
        values = {"text": tidy(text), "large": whole + part, "small": f"{whole} + {part}/1000"}
        raise InputError([Problem("ambiguous-number", TWO_READINGS, values)])
    return marks[0]


def _bad(text: str, decimal: str | None = None) -> InputError:
    shown = tidy(text[:LONGEST]) + ("…" if len(text) > LONGEST else "")
    message = OTHER_STYLE if decimal else NOT_A_NUMBER
    return InputError([Problem("bad-number", message, {"text": shown, "decimal": decimal})])
