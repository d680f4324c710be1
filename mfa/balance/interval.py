"""How far a quantity can go: feasible ranges by linear programming (HiGHS)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from mfa.balance.equations import Equations
from mfa.balance.reconcile import Solution

Z95 = 1.959963984540054
LIMIT = 1e12


def feasible_ranges(
    equations: Equations, solution: Solution, sd: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Return lower and upper limits of undetermined quantities, shape (len(wanted), 2).

    What the data determine may move within its own 95 % interval, everything within its bounds, and
    all relations (linearised at the solution) hold. ``inf`` means that nothing limits it.

    Parameters
    ----------
    sd
        Posterior σ of all quantities, NaN where free; (n,).
    """
    unfixed = solution.unfixed
    J, scale = solution.jacobian, solution.kkt.column_scale if solution.kkt else np.ones(0)
    assert J is not None
    x, spread = solution.x[unfixed], sd[unfixed]
    slack = np.where(np.isnan(spread), np.inf, Z95 * np.nan_to_num(spread) + 1e-9 * scale)
    low = np.maximum(equations.lower[unfixed] - x, -slack) / scale
    high = np.minimum(equations.upper[unfixed] - x, slack) / scale
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    A, rows = _free_part(J, scale, np.isnan(spread))
    position = {int(index): k for k, index in enumerate(unfixed)}
    out = np.zeros((len(wanted), 2))
    for number, index in enumerate(wanted):
        k = position[int(index)]
        for side, sign in ((0, 1.0), (1, -1.0)):
            reach = _reach(A[rows], low, high, k, sign)
            out[number, side] = x[k] + reach * scale[k]
    return out


def _free_part(
    J: sp.csr_array, scale: np.ndarray, free: np.ndarray
) -> tuple[sp.csr_array, np.ndarray]:
    """Return the scaled Jacobian and the rows in which something is free."""
    scaled = (J @ sp.diags_array(scale)).tocsr()
    rows = np.flatnonzero(abs(scaled)[:, np.flatnonzero(free)].sum(axis=1) > 0)
    return scaled, rows


def _reach(A: sp.csr_array, low: np.ndarray, high: np.ndarray, k: int, sign: float) -> float:
    """Return the extreme scaled step of quantity k (minimum for sign 1, maximum for −1)."""
    cost = np.zeros(A.shape[1])
    cost[k] = sign
    bounds = np.stack([low, high], axis=1)
    size = 1.0 / np.maximum(np.abs(A).max(axis=1).toarray().ravel(), 1e-300)
    result = linprog(
        cost,
        A_eq=sp.diags_array(size) @ A,
        b_eq=np.zeros(A.shape[0]),
        bounds=bounds,
        method="highs",
    )
    if result.status == 3 or (result.status == 0 and abs(result.x[k]) > LIMIT):
        return -sign * np.inf
    return float(result.x[k]) if result.status == 0 else 0.0
