"""Other starts for a nonlinear iteration that found no solution from the first.

Relations of material flows are mostly products and ratios of positive quantities, nearly linear in
their logarithms. From each start Levenberg–Marquardt steps are taken there, ``x ← x · exp(step)``
(``x + step`` for quantities that may be negative), until the relations hold nearly, with the data
as weak springs. Starts differ by fixed factors, so that the same input gives the same account.

Source: Nocedal & Wright (2006), Numerical Optimization, ch. 10.3 and 11.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from mfa.balance.equations import Equations
from mfa.balance.schur import symmetric_lu
from mfa.balance.start import pattern, propagate

STARTS = 7
STEPS = 60
STIFF = 1e-4
LARGEST_STEP = 2.0
HOLDS = 1e-8
INFEASIBLE = 2  # of linprog
OPEN = 1e-6  # of the terms of a relation: far above what rounding leaves


def other_starts(e: Equations, x: np.ndarray, data: tuple, fixed: np.ndarray) -> Iterator:
    """Yield points that satisfy the relations nearly, the first from x itself.

    Parameters
    ----------
    x
        The first start, (n,).
    data
        Weights W (n × n) and ``Hᵀ V⁻¹ z`` (n,) of the observations.
    fixed
        Whether each quantity is a constant, (n,).
    """
    measured = data[0].diagonal() > 0
    rng = np.random.default_rng(31)
    for k in range(STARTS):
        spread = 0.0 if k == 0 else 0.5 * k
        factor = np.exp(spread * rng.uniform(-1, 1, len(x)))
        begin = np.where(measured | fixed, x, np.clip(x * factor, e.lower, e.upper))
        found = _Descent(e, data, fixed, begin).run()
        if np.isfinite(found).all() and e.smooth(found):
            yield found


def linear_rows_hold(e: Equations, fixed: np.ndarray, x: np.ndarray) -> bool:
    """Return whether the linear relations, bounds and constants can hold together at all.

    Parameters
    ----------
    fixed
        Whether each quantity is a constant, whose value stands in x; (n,).
    """
    linear = np.ones(e.A.shape[0], dtype=bool)
    for block in e.blocks:
        linear[block.rows] = False
    free, rows = np.flatnonzero(~fixed), np.flatnonzero(linear)
    if not len(rows) or not len(free):
        return True
    size = np.maximum(np.abs(x[free]), 1e-6 * max(float(np.abs(x).max(initial=1.0)), 1e-300))
    A = (e.A[rows][:, free] @ sp.diags_array(size)).tocsr()
    right = e.b[rows] - e.A[rows][:, np.flatnonzero(fixed)] @ x[fixed]
    largest = np.abs(A).max(axis=1).toarray().ravel()
    scale = 1.0 / np.where(largest > 0, largest, 1.0)
    result = linprog(
        np.zeros(len(free)),
        A_eq=(sp.diags_array(scale) @ A).tocsr(),
        b_eq=scale * right,
        bounds=np.stack([e.lower[free] / size, e.upper[free] / size], axis=1),
        method="highs",
    )
    return bool(result.status != INFEASIBLE)


def settled_by_constants(
    e: Equations, fixed: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return x with what follows from the constants alone, (n,), and the rows so settled.

    Parameters
    ----------
    fixed
        Whether each quantity is a constant, whose value stands in x; (n,).
    """
    settled = propagate(e, np.where(fixed, x, np.nan))
    unknown = np.isnan(settled)
    whole = np.flatnonzero(pattern(e) @ unknown.astype(float) == 0)
    return np.where(unknown, x, settled), whole


def constants_agree(e: Equations, fixed: np.ndarray, x: np.ndarray) -> bool:
    """Return whether every relation holds of which the constants settle all quantities.

    Where one does not, no start helps.

    Parameters
    ----------
    fixed
        Whether each quantity is a constant, whose value stands in x; (n,).
    """
    filled, whole = settled_by_constants(e, fixed, x)
    with np.errstate(all="ignore"):
        residual, size = np.abs(e.residual(filled)), e.magnitude(filled)
    return not bool((residual[whole] > OPEN * size[whole]).any())


class _Descent:
    """Levenberg–Marquardt steps from one start."""

    def __init__(self, e: Equations, data: tuple, fixed: np.ndarray, x: np.ndarray) -> None:
        self.e, (self.W, self.g0), self.x = e, data, x
        self.free = np.flatnonzero(~fixed)
        self.positive = (e.lower >= 0)[self.free]
        size = np.abs(x[self.free])
        self.least = 1e-6 * np.where(size > 0, size, 1.0)

    def run(self) -> np.ndarray:
        """Return where the relations hold nearly, or where no step helps any more."""
        damping, value = 1e-3, self._value(self.x)
        for _ in range(STEPS):
            if damping > 1e6 or np.abs(self._relative(self.x)).max(initial=0.0) < HOLDS:
                break
            trial = self._moved(damping)
            now = self._value(trial)
            if now < value:
                self.x, value, damping = trial, now, max(damping / 5, 1e-8)
            else:
                damping *= 4
        return self.x

    def _relative(self, x: np.ndarray) -> np.ndarray:
        """Return the residual of each row as a share of its terms."""
        return self.e.residual(x) / np.maximum(self.e.magnitude(x), 1e-300)

    def _value(self, x: np.ndarray) -> float:
        r = self._relative(x)
        y = x - self.x
        pull = self.g0 - self.W @ self.x
        value = float(0.5 * y @ (self.W @ y) - pull @ y + 0.5 * (r @ r) / STIFF**2)
        return value if np.isfinite(value) and self.e.smooth(x) else np.inf

    def _moved(self, damping: float) -> np.ndarray:
        """Return x after the step with this damping."""
        e, x, free = self.e, self.x, self.free
        size = np.maximum(np.abs(x[free]), self.least)
        D = sp.diags_array(size)
        R = sp.diags_array(1.0 / np.maximum(e.magnitude(x), 1e-300))
        J = (R @ e.jacobian(x)[:, free] @ D).tocsr()
        W = (D @ self.W[free][:, free] @ D).tocsr()
        n, m = len(free), J.shape[0]
        matrix = sp.block_array(
            [[W + damping * sp.eye_array(n), J.T], [J, -(STIFF**2) * sp.eye_array(m)]],
            format="csc",
        )
        right = np.concatenate([size * (self.g0 - self.W @ x)[free], -self._relative(x)])
        try:
            step = symmetric_lu(matrix).solve(right)[:n]
        except RuntimeError:
            return x
        step = np.clip(np.nan_to_num(step), -LARGEST_STEP, LARGEST_STEP)
        out = x.copy()
        out[free] = np.where(self.positive, size * np.exp(step), x[free] + size * step)
        return np.clip(out, e.lower, e.upper)
