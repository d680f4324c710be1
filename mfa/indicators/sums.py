"""Weighted sums over the account, with what of them is known and what is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfa.account import Account, Estimate

ROUNDING = 1e-9  # a sum below this share of its terms is zero…
CANCELLED = 1e-6  # …when its σ is below this share of theirs


@dataclass(frozen=True)
class Total:
    """A weighted sum of flows and stock changes, with what of it is known.

    Attributes
    ----------
    key, category
        Which sum of which group (of materials, sectors…; ``"total"`` for all).
    weights
        Quantity id → weight, of everything that belongs to it.
    estimate
        The sum, or the sum of its known parts when some are unknown; None when nothing is known.
    unknown
        Ids of the quantities left out because the data say nothing but an interval about them.
    lower, upper
        95 % interval of the whole, the unknown parts at the ends of their own intervals.
    floor
        Whether the unknown parts can only add, so that the known rest is a lower limit.
    unit
        Of all these numbers.
    """

    key: str
    category: str
    weights: Mapping[str, float]
    estimate: Estimate | None
    unknown: tuple[str, ...] = ()
    lower: float = math.nan
    upper: float = math.nan
    floor: bool = False
    unit: str = ""

    @property
    def complete(self) -> bool:
        """Whether all parts are known."""
        return self.estimate is not None and not self.unknown


def scaled(estimate: Estimate, unit: str) -> Estimate:
    """Return `estimate` in `unit`.

    Raises
    ------
    UnitError
        The two units have different dimensions.
    """
    if estimate.unit == unit:
        return estimate
    from mfa.units import convert

    numbers = (estimate.value, estimate.sd, estimate.lower, estimate.upper)
    value, sd, lower, upper = (float(convert(n, estimate.unit, unit)) for n in numbers)
    return replace(estimate, value=value, sd=sd, lower=lower, upper=upper, unit=unit)


def formula(weights: Mapping[str, float]) -> str:
    """Return the sum as a formula; ids in quotes, as they may hold any character.

    Examples
    --------
    >>> formula({"rice": 1.0, "husk": -1.0, "bran": 0.5})
    '"rice" - "husk" + 0.5 * "bran"'
    """
    parts = []
    for identifier, weight in weights.items():
        sign = "-" if weight < 0 else "+"
        size = "" if abs(weight) == 1 else f"{abs(weight):g} * "
        parts.append(f'{sign} {size}"{identifier}"')
    return " ".join(parts).removeprefix("+ ")


class Reader:
    """Sums over one period and region of an account, in one unit.

    Parameters
    ----------
    account
        The balanced account.
    period, region
        Labels as in ``account.table``.
    unit
        Of all sums.
    """

    def __init__(self, account: Account, period: str, region: str, unit: str) -> None:
        self.account, self.period, self.region, self.unit = account, period, region, unit
        table = account.table
        # A parameter without period or region holds everywhere.
        here = table[table["period"].isin(("", period)) & table["region"].isin(("", region))]
        self.rows = {row["id"]: row for row in here.to_dict("records")}

    def known(self, identifier: str) -> bool:
        """Return whether the quantity exists here and more than an interval is known of it."""
        return identifier in self.rows and self.rows[identifier]["status"] != "free"

    def total(self, key: str, category: str, weights: Mapping[str, float]) -> Total:
        """Return the weighted sum of those quantities that exist in this period and region."""
        weights = {i: w for i, w in weights.items() if i in self.rows}
        if not weights:
            return Total(key, category, {}, None, unit=self.unit)
        whole = self._tidy(self.linear(weights), weights)
        if math.isfinite(whole.value):
            ends = whole.lower, whole.upper
            return Total(key, category, weights, whole, (), *ends, unit=self.unit)
        unknown = tuple(i for i in weights if not self.known(i))
        known = {i: w for i, w in weights.items() if i not in unknown}
        estimate = self._tidy(self.linear(known), known) if known else None
        ends = [self._bounds(i, weights[i]) for i in unknown]
        lower = (estimate.lower if estimate else 0.0) + sum(low for low, _ in ends)
        upper = (estimate.upper if estimate else 0.0) + sum(high for _, high in ends)
        floor = all(low > -1e-9 for low, _ in ends)
        return Total(key, category, weights, estimate, unknown, lower, upper, floor, self.unit)

    def _tidy(self, found: Estimate, weights: Mapping[str, float]) -> Estimate:
        """Return a sum without the rounding errors of terms that cancel."""
        if not math.isfinite(found.value):
            return found
        value, sd = (
            sum(abs(w) * max(self._amount(i, n) for n in names) for i, w in weights.items())
            for names in (("value", "input"), ("sd", "input_sd"))
        )
        exact = not sd or not found.sd > CANCELLED * sd
        if exact and abs(found.value) <= ROUNDING * value:
            return replace(found, value=0.0, sd=0.0, lower=0.0, upper=0.0)
        return found

    def _amount(self, identifier: str, name: str) -> float:
        """Return the size of a number of the table, in the unit of the sums; 0 without any."""
        from mfa.units import convert

        row = self.rows[identifier]
        size = abs(float(convert(row[name], row["unit"], self.unit)))
        return size if math.isfinite(size) else 0.0

    def linear(self, weights: Mapping[str, float]) -> Estimate:
        """Return Σ weight × quantity with its σ, covariance included."""
        result = self.account.linear(dict(weights), period=self.period, region=self.region)
        return scaled(result, self.unit)

    def evaluate(self, text: str, unit: str) -> Estimate | None:
        """Return the value of a formula with its σ to first order; None if too long to parse."""
        from mfa.model.relation import MAX_LENGTH

        if len(text) > MAX_LENGTH:
            return None
        return self.account.evaluate(text, unit=unit, period=self.period, region=self.region)

    def _bounds(self, identifier: str, weight: float) -> tuple[float, float]:
        """Return weight × interval of one quantity, in the unit of the sums."""
        from mfa.units import convert

        row = self.rows[identifier]
        ends = [weight * float(convert(row[e], row["unit"], self.unit)) for e in ("lower", "upper")]
        return min(ends), max(ends)
