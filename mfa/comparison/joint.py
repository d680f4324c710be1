"""Rows of a comparison of results that are made of several quantities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.comparison.changes import NOTHING
from mfa.comparison.shared import SharedData, share_data

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.result import Estimate

Gradient = tuple[float, np.ndarray]
"""A result and its gradient by the quantities of its account, in internal units."""


class Joint:
    """σ of differences between two accounts that are the same, or share data.

    The rows are made first and their σ filled in together, by one solve for all of them.
    """

    def __init__(self, a: Account, b: Account) -> None:
        self.a, self.b = a, b
        self.same, self.shared = a is b, share_data(a, b)
        self._ends: list[tuple[dict, Gradient, Gradient]] = []

    def __bool__(self) -> bool:
        return self.same or self.shared

    def row(
        self, key: str, region: str, a: Estimate, b: Estimate, ends: list[Gradient] | None = None
    ) -> dict:
        """Return one row before judging; without `ends` both sides are independent."""
        row: dict = {"kind": "indicator", "id": key, "layer": "goods", "region": region}
        row["unit"] = a.unit
        for side, estimate in (("a", a), ("b", b)):
            row |= {side: estimate.value, f"{side}_sd": estimate.sd}
            row |= {f"{side}_lower": estimate.lower, f"{side}_upper": estimate.upper}
            row[f"{side}_status"] = estimate.status
        row["difference"] = b.value - a.value
        if self.shared and abs(row["difference"]) <= NOTHING * min(a.sd, b.sd):
            row["difference"] = 0.0
        row |= {"difference_sd": math.hypot(a.sd, b.sd), "comparable": True}
        if ends is not None:
            self._ends.append((row, *ends))
        return row

    def fill(self) -> None:
        """Write σ of the difference, covariance included, into all rows given with their ends."""
        from mfa.units import parse_unit

        if not self._ends:
            return
        before, after = (np.column_stack([e[k][1] for e in self._ends]) for k in (1, 2))
        if self.same:
            spread = combination_sd(self.a.solution, after - before)
        else:
            spread = SharedData(self.a, self.b).difference_sd(before, after)
        internal = self.a.equations.quantities.internal
        for (row, *_), sd in zip(self._ends, spread, strict=True):
            row["difference_sd"] = float(sd) / internal.factor(parse_unit(row["unit"]))


def combination(
    account: Account, weights: Mapping[str, float], period: str, region: str
) -> Gradient:
    """Return a sum of quantities and its gradient."""
    vector = np.zeros(account.equations.quantities.count)
    for name, weight in weights.items():
        try:
            index = account._index(name, tuple(x for x in (period, region) if x))
        except KeyError:  # a parameter that holds everywhere has no labels
            index = account._index(name)
        vector[index] += weight
    return float(vector @ account.solution.x), vector
