"""Sums and formulas over the quantities of an account, with σ to first order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.gradient import differentiate
from mfa.balance.quantities import PARAMETER
from mfa.balance.spread import combination_sd
from mfa.balance.target import result_unit
from mfa.model.dimension import expression_dimension
from mfa.model.quality import Z95
from mfa.model.relation import parse_expression
from mfa.result import Estimate
from mfa.units import parse_unit

if TYPE_CHECKING:
    from mfa.account import Account


def linear(
    account: Account, weights: Mapping[str, float], period: str, region: str, unit: str | None
) -> Estimate:
    """Return ``Σ weight × quantity``; see `Account.linear`."""
    q = account.equations.quantities
    labels = tuple(label for label in (period, region) if label)
    vector = np.zeros(q.count)
    first: str | None = unit
    for name, weight in weights.items():
        index = account._index(name, labels if q.kinds[q.cells(name).max()] != PARAMETER else ())
        vector[index] += weight
        first = first if first is not None else (q.unit[index] or "")
    return estimate(account, float(vector @ account.solution.x), vector, first or "")


def evaluate(
    account: Account, formula: str, unit: str | None, period: str, region: str
) -> Estimate:
    """Return the value of a formula; see `Account.evaluate`."""
    node = parse_expression(formula)
    dimension = expression_dimension(account.system, node, formula)
    value, weights = differentiate(account, node, period, region)
    return estimate(account, value, weights, result_unit(account.system, dimension, unit, formula))


def estimate(account: Account, value: float, weights: np.ndarray, unit: str) -> Estimate:
    """Return a value with the σ, interval and status that its gradient gives it.

    Parameters
    ----------
    value, weights
        Value and gradient (n,), in internal units.
    unit
        Unit of the result; empty: a plain number.
    """
    factor = account.equations.quantities.internal.factor(parse_unit(unit)) if unit else 1.0
    if not account.classification.determines(weights):
        low, high = account._feasible.range_of(weights)
        return Estimate(np.nan, np.nan, low / factor, high / factor, unit, "free")
    sd = float(combination_sd(account.solution, weights[:, None])[0]) / factor
    value /= factor
    return Estimate(value, sd, value - Z95 * sd, value + Z95 * sd, unit, "determined")
