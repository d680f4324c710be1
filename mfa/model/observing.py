"""From what somebody wrote down to a value and its σ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mfa.errors import InputError, Place, Problem, UnitError
from mfa.model.quality import INDICATORS, Spread, cv_from_scores, default_cv, parse_spread


def observed_value(
    value: float | str, unit: str | None, decimal: str | None, place: Place | None
) -> tuple[float, str | None]:
    """Return value and unit of a number or of text such as ``"42 kt/year"``.

    Raises
    ------
    InputError
        The text is no number, or an ambiguous one.

    Examples
    --------
    >>> observed_value("42 kt/year", None, ".", None)
    (42.0, 'kt/year')
    """
    from mfa.units import parse_number

    if not isinstance(value, str):
        return float(value), unit
    own = unit_part(value)
    try:
        number = parse_number(value[: len(value) - len(own)].strip(), decimal)
    except InputError as error:
        raise InputError(at_place(error.problems, place)) from error
    return number, own or unit


def observed_spread(
    quantity: str,
    value: float,
    sd: float | None,
    uncertainty: str,
    scores: Mapping[str, object],
    unit: Callable[[], str],
    decimal: str | None,
    place: Place | None,
) -> tuple[Spread, str]:
    """Return σ of a value and where it is from: ``given``, ``scores`` or ``default``.

    Parameters
    ----------
    unit
        Gives the unit of the value, when an uncertainty with a unit of its own needs it.

    Raises
    ------
    InputError
        The value is not finite, or the uncertainty negative or unreadable.
    """
    if not math.isfinite(value):
        raise InputError(
            [
                Problem(
                    "value-not-finite",
                    "The value of “{quantity}” is {value}; a finite number is expected.",
                    {"quantity": quantity, "value": value},
                    place,
                )
            ]
        )
    if sd is not None:
        spread, origin = Spread(float(sd)), "given"
    elif uncertainty:
        spread, origin = _stated(uncertainty, value, unit, decimal, place), "given"
    else:
        given = {name: scores.get(name) for name in INDICATORS}
        cv = cv_from_scores(given)  # type: ignore[arg-type]
        origin = "scores" if cv is not None else "default"
        spread = Spread((default_cv() if cv is None else cv) * abs(value))
    if not (math.isfinite(spread.sd) and spread.sd >= 0):
        raise InputError(
            [
                Problem(
                    "sd-negative",
                    "The uncertainty of “{quantity}” is {sd}; a number of 0 or more is expected.",
                    {"quantity": quantity, "sd": spread.sd},
                    place,
                )
            ]
        )
    return spread, origin


def _stated(
    text: str, value: float, unit: Callable[[], str], decimal: str | None, place: Place | None
) -> Spread:
    from mfa.units import convert

    try:
        spread = parse_spread(text, value, decimal)
        if spread.unit:
            return replace(spread, sd=float(convert(spread.sd, spread.unit, unit())))
    except UnitError as error:
        raise InputError(at_place(error.problems, place)) from error
    except ValueError as error:
        raise InputError(
            [
                Problem(
                    "uncertainty-unreadable",
                    "The uncertainty “{text}” cannot be read. Write for example “10 %”, “5”, "
                    "“± 5 %”, “*/ 1.5” or “[90; 110]”.",
                    {"text": text},
                    place,
                )
            ]
        ) from error
    return spread


def unit_part(text: str) -> str:
    """Return the unit behind the number of a text ("" when there is none).

    Examples
    --------
    >>> unit_part("42 kt/year"), unit_part("1.5e3 t"), unit_part("7")
    ('kt/year', 't', '')
    """
    stripped = text.strip().lstrip("+-−")
    for index, char in enumerate(stripped):
        exponent = char in "eE" and stripped[index + 1 : index + 3].lstrip("+-")[:1].isdigit()
        sign = char in "+-" and index and stripped[index - 1] in "eE"
        if not (char.isdigit() or char in ".,   " or exponent or sign):
            return stripped[index:].strip()
    return ""


def at_place(problems: Iterable[Problem], place: Place | None) -> list[Problem]:
    """Return the problems moved to `place`."""
    return [replace(problem, place=place) for problem in problems]
