"""sympy expressions over quantities, written in the language of the user's formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

_PLAIN = re.compile(r"[^\W\d][\w.]*(\[[\w, ]+\])?")
_SHORT = 7  # a coefficient with more decimals is written as a fraction
Name = Callable[[str], str]


def number(value: float) -> sympy.Expr:
    """Return the simple fraction that `value` is, else its decimals to 12 digits.

    Examples
    --------
    >>> number(0.1), number(-2.0), number(8 / 3)
    (1/10, -2, 8/3)
    """
    import sympy

    near = Fraction(value).limit_denominator(1000)
    if float(near) == value:
        return sympy.Rational(near.numerator, near.denominator)
    return sympy.Rational(f"{value:.12g}")


def written(expression: sympy.Expr, names: Mapping[str, str]) -> str:
    """Return the expression as formula text; `names` gives the name of each symbol.

    Examples
    --------
    >>> import sympy
    >>> a, b = sympy.symbols("q0 q1")
    >>> written(a / 4 - b**2 / (a + 1), {"q0": "rice", "q1": "cà phê sữa"})
    '0.25 * rice - `cà phê sữa`^2 / (rice + 1)'
    """

    def name(symbol: str) -> str:
        text = names[symbol]
        return text if _PLAIN.fullmatch(text) else f"`{text}`"

    return _sum(expression, name)


def _sum(expression: Any, name: Name) -> str:
    """Write a sum: positive terms first, each group in the order of its text."""
    terms = [(t.could_extract_minus_sign(), t) for t in expression.as_ordered_terms()]
    parts = [(minus, bool(t.is_number), _product(-t if minus else t, name)) for minus, t in terms]
    text = ""
    for minus, _, part in sorted(parts):
        text += (" - " if minus else " + ") if text else ("-" if minus else "")
        text += part
    return text


def _product(expression: Any, name: Name) -> str:
    """Write a product whose sign is positive."""
    coefficient, rest = expression.as_coeff_Mul()
    above, below = _coefficient(coefficient)
    for factor in rest.as_ordered_factors() if rest != 1 else ():
        base, power = factor.as_base_exp()
        if power.could_extract_minus_sign():
            below.append(_factor(base**-power, name))
        else:
            above.append(_factor(factor, name))
    return " / ".join([" * ".join(above) or "1", *below])


def _coefficient(value: Any) -> tuple[list[str], list[str]]:
    """Return what stands above and below the line for a rational (or other) number."""
    if value == 1:
        return [], []
    decimal = f"{float(value):.12g}"
    long = len(decimal.partition(".")[2]) > _SHORT
    if value.is_Rational and long and value.q < 1000:
        return ([str(value.p)] if value.p != 1 else []), [str(value.q)]
    return [decimal], []


def _factor(expression: Any, name: Name) -> str:
    """Write one factor, in parentheses unless it binds closely."""
    if expression.is_Symbol:
        return name(expression.name)
    if expression.is_Pow:
        base, power = expression.as_base_exp()
        if power.is_number and 2 * power == 1:
            return f"sqrt({_sum(base, name)})"
        return f"{_atom(base, name)}^{_atom(power, name)}"
    return _atom(expression, name)


def _atom(expression: Any, name: Name) -> str:
    text = _sum(expression, name)
    return text if expression.is_Symbol or re.fullmatch(r"[\d.]+", text) else f"({text})"
