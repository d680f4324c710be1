"""Statistical tests of the data: global χ² and the normalised adjustment of each observation.

Narasimhan & Jordache (2000): with r = z − x̂ and posterior covariance C, Var r = V − H C Hᵀ; the
global statistic is χ²-distributed with as many degrees of freedom as there are independent checks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfa.balance.classify import RECONCILED, Classification
from mfa.balance.equations import Observations
from mfa.balance.reconcile import Solution

SIGNIFICANCE = 0.05


@dataclass
class Tests:
    """Results for the observations in their order.

    Attributes
    ----------
    chi2, dof, p_value
        Global test (p NaN without degrees of freedom).
    raw, normalised
        Adjustment in σ of the observation, and in σ of the adjustment itself (NaN: not testable).
    testable, suspect
        Whether anything checks the observation; whether it exceeds the critical value.
    critical
        Two-sided critical value at 5 % over all testable observations together (Šidák).
    """

    chi2: float
    dof: int
    p_value: float
    raw: np.ndarray
    normalised: np.ndarray
    testable: np.ndarray
    suspect: np.ndarray
    critical: float

    __test__ = False  # not a test class, whatever a test runner thinks of its name


def examine(
    observations: Observations, solution: Solution, classification: Classification, sd: np.ndarray
) -> Tests:
    """Test every observation against the balanced account; `sd` in internal units, (n,)."""
    from scipy.stats import chi2 as chi2_distribution
    from scipy.stats import norm

    index, sigma = observations.index, observations.sd
    count = len(index)
    residual = solution.x[index] - observations.value
    uncertain = np.zeros(count, dtype=bool)
    uncertain[solution.data.uncertain] = True
    safe = np.where(uncertain, sigma, 1.0)
    variance = sigma**2 - np.nan_to_num(sd[index]) ** 2
    testable = (
        uncertain & (classification.status[index] == RECONCILED) & (variance > 1e-10 * safe**2)
    )
    raw = np.where(uncertain, residual / safe, 0.0)
    normalised = np.full(count, np.nan)
    normalised[testable] = np.abs(residual[testable]) / np.sqrt(variance[testable])
    tested = max(int(testable.sum()), 1)
    critical = float(norm.ppf(1 - (1 - (1 - SIGNIFICANCE) ** (1 / tested)) / 2))
    dof = _degrees(observations, solution, sd)
    p_value = float(chi2_distribution.sf(solution.chi2, dof)) if dof else float("nan")
    suspect = testable & (np.nan_to_num(normalised) > critical)
    return Tests(solution.chi2, dof, p_value, raw, normalised, testable, suspect, critical)


def _degrees(observations: Observations, solution: Solution, sd: np.ndarray) -> int:
    """Return the number of independent checks: trace of I − V⁻¹ H C Hᵀ, whole in theory."""
    rows = solution.data.uncertain
    index = observations.index[rows]
    position = np.full(len(solution.x), -1)
    position[solution.unfixed] = np.arange(len(solution.unfixed))
    inverse = solution.data.inverse.tocoo()
    on = inverse.row == inverse.col
    own = sd[index]
    trace = float((inverse.data[on] * own[inverse.row[on]] ** 2).sum())
    pairs = np.flatnonzero(~on)
    if len(pairs) and solution.kkt is not None:
        for column in np.unique(inverse.col[pairs]):
            at = position[index[column]]
            if at < 0:
                continue
            unit = np.zeros((len(solution.unfixed), 1))
            unit[at] = 1.0
            covariance = solution.kkt.covariance_columns(unit)[:, 0]
            use = pairs[inverse.col[pairs] == column]
            others = position[index[inverse.row[use]]]
            trace += float(
                (inverse.data[use] * np.where(others >= 0, covariance[others], 0.0)).sum()
            )
    fixed = position[index] < 0
    return round(len(rows) - trace) if len(rows) else int(fixed.sum())
