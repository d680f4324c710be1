"""From words and data-quality scores to σ.

The score functions are those of Laner et al. (2016), recalled and internally consistent but not
re-read in the paper (tag M in ``data/data_quality.csv``): a coefficient of variation per indicator,
``CV = a·exp(1.105·(s − 1))``, combined as the root of the sum of squares.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

Z95 = 1.959963984540054  # σ that the 95 % interval of a normal quantity reaches to either side
INDICATORS = ("reliability", "completeness", "temporal", "spatial", "other")
NUMBER = r"[-+−]?[\d.,\s\u00a0\u202f]*\d(?:[eE][-+]?\d+)?"


@lru_cache(maxsize=1)
def score_table() -> dict[tuple[str, str, int], float]:
    """Return (indicator group, sensitivity, score) → CV as a share, from the shipped table."""
    path = files("mfa.data").joinpath("data_quality.csv")
    with path.open(encoding="utf-8") as stream:
        return {
            (row["indicator"], row["sensitivity"], int(row["score"])): float(row["cv_percent"])
            / 100
            for row in csv.DictReader(stream)
        }


def default_cv() -> float:
    """Return the coefficient of variation of a value of which nothing is said (0.30)."""
    return score_table()["none", "any", 0]


def cv_from_scores(scores: Mapping[str, int | None], sensitivity: str = "medium") -> float | None:
    """Return the coefficient of variation that the scores stand for; None when none is given.

    Parameters
    ----------
    scores
        Indicator (`INDICATORS`) → score 1 (best) to 4 (worst); missing ones count nothing.
    sensitivity
        How strongly the quantity varies with the indicator: ``high``, ``medium`` or ``low``.

    Examples
    --------
    >>> round(cv_from_scores({"reliability": 2, "temporal": 3, "spatial": 1}), 4)
    0.0962
    """
    table = score_table()
    parts = [
        table[
            ("reliability", "any", score)
            if name == "reliability"
            else ("other", sensitivity, score)
        ]
        for name, score in scores.items()
        if score is not None
    ]
    return math.sqrt(sum(cv * cv for cv in parts)) if parts else None


@dataclass(frozen=True)
class Spread:
    """A stated uncertainty: its distribution and 1 σ in ``unit`` ("" = the value's own).

    ``low`` and ``high`` are the limits of an interval in the same unit, NaN for the others.
    """

    sd: float
    unit: str = ""
    distribution: str = "normal"
    low: float = math.nan
    high: float = math.nan


_FORMS = (
    ("factor", re.compile(rf"^(?:\*/|×/|x/|\*÷|×÷)\s*(?P<a>{NUMBER})$")),
    ("half", re.compile(rf"^(?:±|\+/-|\+-)\s*(?P<a>{NUMBER})\s*(?P<u>[^\d].*)?$")),
    ("interval", re.compile(rf"^\[\s*(?P<a>{NUMBER})\s*[;|]\s*(?P<b>{NUMBER})\s*\]\s*(?P<u>.*)$")),
    ("sigma", re.compile(rf"^(?P<a>{NUMBER})\s*(?P<u>[^\d].*)?$")),
)


def parse_spread(text: str, value: float, decimal: str | None = ".") -> Spread:
    """Read a stated uncertainty of `value`.

    Accepted: ``5`` or ``5 kt/year`` (1 σ), ``10 %`` (1 σ, relative), ``± 5`` and ``± 10 %`` (95 %
    half-width, σ = half-width / 1.96), ``*/ 1.5`` (95 % factor of a log-normal, σ of ln = ln 1.5 /
    1.96), ``[90; 110]`` (uniform between the limits, σ = width / √12), ``0`` (exact).

    Parameters
    ----------
    decimal
        The decimal mark of numbers in `text`; None refuses ambiguous ones.

    Raises
    ------
    ValueError
        The text is none of these, or an uncertainty is negative.

    Examples
    --------
    >>> parse_spread("10 %", 42.0).sd, round(parse_spread("± 9.8", 100.0).sd, 3)
    (4.2, 5.0)
    >>> parse_spread("[90; 110]", 100.0).distribution
    'uniform'
    """
    form, amount, upper, unit = _read_spread(text, decimal)
    if form == "interval":
        return Spread((upper - amount) / math.sqrt(12), unit, "uniform", amount, upper)
    if form == "factor":
        sigma_ln = math.log(amount) / 1.96
        return Spread(abs(value) * math.sqrt(math.expm1(sigma_ln**2)), "", "lognormal")
    if unit == "%":
        amount, unit = abs(value) * amount / 100, ""
    return Spread(amount / 1.96 if form == "half" else amount, unit)


@lru_cache(maxsize=4096)  # a table repeats the same few texts
def _read_spread(text: str, decimal: str | None) -> tuple[str, float, float, str]:
    """Return form, amount, upper limit (of an interval) and unit of a stated uncertainty."""
    from mfa.units import parse_number

    clean = unicodedata.normalize("NFC", text).strip()
    matches = ((form, pattern.match(clean)) for form, pattern in _FORMS)
    form, match = next(((form, found) for form, found in matches if found), ("", None))
    if match is None:
        raise ValueError(f"{text!r} is not an uncertainty")
    amount, upper = parse_number(match["a"], decimal), math.nan
    if form == "interval":
        upper = parse_number(match["b"], decimal)
        if upper < amount:
            raise ValueError(f"{text!r}: the lower limit is above the upper one")
    elif amount < 0:
        raise ValueError(f"{text!r}: an uncertainty cannot be negative")
    elif form == "factor" and amount < 1:
        raise ValueError(f"{text!r}: a factor is at least 1")
    return form, amount, upper, (match.groupdict().get("u") or "").strip()
