"""Which observations the balance cannot tell apart, and which one's removal would settle things."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance.equations import Observations
from mfa.balance.solution import Solution
from mfa.balance.tests import Tests

PROBES = 4
SAME = 1e-6


def inseparable(observations: Observations, solution: Solution, tests: Tests) -> list[list[int]]:
    """Return groups of observations whose normalised adjustments are always equal.

    The residuals r = x̂ − z of two observations then lie in one direction: their covariance
    S = V − H C Hᵀ has the correlation ±1, and no test can say which of the two is wrong. Seen
    through a few random vectors ξ, S ξ / √S_ii is the same for both but for the sign.

    Returns
    -------
    list of list of int
        Positions of the observations; only groups of two and more, in the order of the data.
    """
    rows = np.flatnonzero(tests.testable)
    if len(rows) < 2:
        return []
    index, uncertain = observations.index, solution.data.uncertain
    place = np.full(len(index), -1)
    place[uncertain] = np.arange(len(uncertain))
    xi = np.random.default_rng(11).standard_normal((len(uncertain), PROBES))
    xi /= observations.sd[uncertain][:, None]
    seen = covariance(observations, uncertain) @ xi
    seen -= _posterior_part(observations, solution, xi)
    weight = solution.weights if len(solution.weights) else np.ones(len(index))
    after = observations.sd**2 * weight * (1 - tests.detectability**2)
    variance = (observations.sd**2 - after)[rows]
    unit = seen[place[rows]] / np.sqrt(variance)[:, None]
    unit *= np.where(unit[:, :1] < 0, -1.0, 1.0)
    label = _labels(unit)
    order = np.argsort(label, kind="stable")
    parts = np.split(rows[order], np.flatnonzero(np.diff(label[order])) + 1)
    return sorted(part.tolist() for part in parts if len(part) > 1)


def covariance(observations: Observations, rows: np.ndarray) -> sp.csr_array:
    """Return V of the observations in `rows`; len(rows) × len(rows)."""
    count = len(rows)
    place = np.full(len(observations.sd), -1)
    place[rows] = np.arange(count)
    i, j, v = [np.arange(count)], [np.arange(count)], [observations.sd[rows] ** 2]
    for one, two, value in observations.covariance:
        if place[one] >= 0 and place[two] >= 0:
            i.append(place[[one, two]])
            j.append(place[[two, one]])
            v.append(np.array([value, value]))
    entries = (np.concatenate(v), (np.concatenate(i), np.concatenate(j)))
    return sp.csr_array(sp.coo_array(entries, shape=(count, count)))


def _posterior_part(observations: Observations, solution: Solution, xi: np.ndarray) -> np.ndarray:
    """Return H C Hᵀ ξ over the uncertain observations."""
    assert solution.kkt is not None
    at = observations.index[solution.data.uncertain]
    position = np.full(len(solution.x), -1)
    position[solution.unfixed] = np.arange(len(solution.unfixed))
    inside = position[at] >= 0
    weights = np.zeros((len(solution.unfixed), xi.shape[1]))
    np.add.at(weights, position[at[inside]], xi[inside])
    out = np.zeros_like(xi)
    out[inside] = solution.kkt.covariance_columns(weights)[position[at[inside]]]
    return out


def _labels(unit: np.ndarray) -> np.ndarray:
    """Return equal labels for rows that agree in every column, whatever the order of the rows."""
    label = np.zeros(len(unit), dtype=np.int64)
    for column in unit.T:
        order = np.lexsort((column, label))
        jump = (np.diff(label[order]) != 0) | (np.diff(column[order]) > SAME)
        label[order] = np.concatenate([[0], np.cumsum(jump)])
    return label


def relief(observations: Observations, solution: Solution, tests: Tests) -> np.ndarray:
    """Return by how much χ² would fall without each observation; 0 where it is not testable; (k,).

    ``(V⁻¹ r)_i² / (V⁻¹ − V⁻¹ H C Hᵀ V⁻¹)_ii``, which is the square of the normalised adjustment
    where data are not correlated. Exact for linear relations without active bounds.
    """
    out = np.nan_to_num(tests.normalised) ** 2
    uncertain, inverse = solution.data.uncertain, solution.data.inverse
    pull = inverse @ (solution.x[observations.index] - observations.value)[uncertain]
    correlated = np.flatnonzero(np.diff(inverse.indptr) > 1)
    for column in correlated[tests.testable[uncertain[correlated]]]:
        own = inverse[:, [int(column)]].toarray()
        seen = inverse @ _posterior_part(observations, solution, own)
        left = own[column, 0] - seen[column, 0]
        out[uncertain[column]] = pull[column] ** 2 / left if left > 1e-10 * own[column, 0] else 0.0
    return out
