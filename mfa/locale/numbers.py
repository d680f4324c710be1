"""Numbers as a reader of the language writes them, with digits that follow the uncertainty."""

from __future__ import annotations

import math
from functools import lru_cache

ROUNDING = 1e-9
"""Share of σ below which a value is zero but for the rounding of the computer."""


def significant_decimals(value: float, sd: float | None = None, digits: int = 3) -> int:
    """Return how many decimals to print (negative: round to tens, hundreds…).

    With an uncertainty, the last digit printed is the first digit of σ (the first two when it
    starts with 1: GUM 7.2.6); without one, `digits` significant digits of the value.

    Examples
    --------
    >>> significant_decimals(1234.567, 23.0), significant_decimals(1234.567, 0.15)
    (-1, 2)
    >>> significant_decimals(0.012345)
    4
    """
    if sd is not None and math.isfinite(sd) and sd > 0:
        exponent = math.floor(math.log10(sd))
        decimals = -exponent + (1 if sd / 10.0**exponent < 1.95 else 0)
        # A σ larger than the value must not print it as 0, unless it is 0 but for rounding.
        if math.isfinite(value) and abs(value) > ROUNDING * sd:
            decimals = max(decimals, -math.floor(math.log10(abs(value))))
        return decimals
    if not value or not math.isfinite(value):
        return 0
    return digits - 1 - math.floor(math.log10(abs(value)))


@lru_cache(maxsize=32_768)  # a report writes each number several times
def format_number(value: float, decimals: int = 0, language: str = "en") -> str:
    """Return `value` with thousands groups and `decimals` decimals in the style of `language`.

    Examples
    --------
    >>> format_number(1245.6, 1, "vi"), format_number(1245.6, 1, "en")
    ('1.245,6', '1,245.6')
    >>> format_number(1234.5, -2), format_number(-0.04, 1)
    ('1,200', '0.0')
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    from babel.numbers import format_decimal

    shown = round(value, decimals) + 0.0
    pattern = "#,##0" + ("." + "0" * decimals if decimals > 0 else "")
    return format_decimal(shown, format=pattern, locale=language).replace("-", "−")


def format_value(
    value: float, sd: float | None = None, *, language: str = "en", digits: int = 3
) -> str:
    """Return `value` rounded as its uncertainty `sd` allows, without the uncertainty.

    Examples
    --------
    >>> format_value(334747.2, 6700, language="vi"), format_value(0.38969, 0.01736)
    ('335.000', '0.390')
    """
    return format_number(value, significant_decimals(value, sd, digits), language)


def format_p(p: float, language: str = "en") -> str:
    """Return what follows “p” in a sentence: a probability is never printed as zero.

    Examples
    --------
    >>> format_p(0.0421), format_p(1e-40, "vi")
    ('= 0.042', '< 0,001')
    """
    least = 0.001
    sign = "<" if p < least else "="
    return f"{sign} {format_number(max(p, least), 3, language)}"


def format_estimate(value: float, sd: float, *, language: str = "en") -> str:
    """Return ``value ± sd`` (1 σ) rounded alike.

    Examples
    --------
    >>> format_estimate(334747.2, 6700, language="vi")
    '335.000 ± 7.000'
    """
    decimals = significant_decimals(value, sd)
    return f"{format_number(value, decimals, language)} ± {format_number(sd, decimals, language)}"
