"""Statistical tests of the data: global χ² and the normalised adjustment of each observation.

Narasimhan & Jordache (2000): with r = x̂ − z and posterior covariance C, Var r = V − H C Hᵀ; the
global statistic is χ²-distributed with as many degrees of freedom as there are independent checks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfa.balance.classify import FIXED, RECONCILED, Classification
from mfa.balance.equations import Observations
from mfa.balance.solution import Solution

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
    p_values
        Two-sided probability of such an adjustment, of each observation alone; NaN: not testable.
    detectability
        √(1 − σ²_after / σ²): the share of an error of the datum that its adjustment shows; 0 to 1.
    adjustability
        1 − σ_after / σ: what the balance adds to the precision of the datum; 0 to 1.
    """

    chi2: float
    dof: int
    p_value: float
    raw: np.ndarray
    normalised: np.ndarray
    testable: np.ndarray
    suspect: np.ndarray
    critical: float
    p_values: np.ndarray
    detectability: np.ndarray
    adjustability: np.ndarray

    __test__ = False

    @property
    def consistent(self) -> bool:
        """Whether neither the global nor a single test rejects at 5 %."""
        return not self.suspect.any() and not self.p_value < SIGNIFICANCE


def examine(
    observations: Observations, solution: Solution, classification: Classification, sd: np.ndarray
) -> Tests:
    """Test every observation against the balanced account.

    After a robust balance an observation of weight w has σ/√w in `observations`; it is tested with
    the σ it was given: Var r ≤ σ² + (1 − 2w) σ²_after.

    Parameters
    ----------
    sd
        Posterior σ of all quantities in internal units, NaN where free; (n,).
    """
    # scipy.stats would give the same, but takes longer to import than a small city to balance.
    from scipy.special import chdtrc, ndtr

    index, count = observations.index, len(observations.index)
    weight = solution.weights if len(solution.weights) else np.ones(count)
    sigma = observations.sd * np.sqrt(weight)
    residual = solution.x[index] - observations.value
    uncertain = np.zeros(count, dtype=bool)
    uncertain[solution.data.uncertain] = True
    safe = np.where(uncertain, sigma, 1.0)
    after = np.nan_to_num(sd[index])
    variance = sigma**2 + (1 - 2 * weight) * after**2
    checked = np.isin(classification.status[index], (RECONCILED, FIXED))
    testable = uncertain & checked & (variance > 1e-10 * safe**2)
    raw = np.where(uncertain, residual / safe, 0.0)
    normalised = np.full(count, np.nan)
    normalised[testable] = np.abs(residual[testable]) / np.sqrt(variance[testable])
    critical = critical_value(int(testable.sum()))
    dof = _degrees(observations, solution, sd)
    p_value = float(chdtrc(dof, solution.chi2)) if dof else float("nan")
    suspect = testable & (np.nan_to_num(normalised) > critical)
    ratio = np.where(uncertain, np.minimum(after / safe, 1.0), np.nan)
    return Tests(
        solution.chi2,
        dof,
        p_value,
        raw,
        normalised,
        testable,
        suspect,
        critical,
        2 * ndtr(-normalised),
        np.where(testable | ~uncertain, np.sqrt(1 - ratio**2), 0.0),
        np.where(testable | ~uncertain, 1 - ratio, 0.0),
    )


def critical_value(count: int) -> float:
    """Return the two-sided critical value at 5 % over `count` normal statistics together (Šidák).

    Examples
    --------
    >>> round(critical_value(1), 2), round(critical_value(100), 2)
    (1.96, 3.47)
    """
    from scipy.special import ndtri

    alone = 1 - (1 - SIGNIFICANCE) ** (1 / max(count, 1))
    return float(-ndtri(alone / 2))


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
