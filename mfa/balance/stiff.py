"""The saddle-point system where σ differ by many orders of magnitude, solved in a good basis.

Squaring such a matrix (``J W⁻¹ Jᵀ``) loses what the precise data say. Here the relations are solved
for as many quantities as there are independent relations, the *basis*: unmeasured ones first, then
those of large σ. With ``x_B = J_B⁻¹ (d − J_N x_N)`` each quantity of the basis depends on more
precise ones only, so that ``D_B⁻¹ J_B⁻¹ J_N D_N`` (D: the σ) has no large entries and the least
squares problem that remains in x_N is as well-conditioned as the relations, whatever the σ are.
The relations close because x_B is computed from them.

Sources: Stewart (1989), "On scaled projections and pseudoinverses", Linear Algebra Appl. 112 (the
bound); Knuth (1985), "Semi-optimal bases for linear dependencies", Linear Multilinear Algebra 17
(exchanging columns while an entry is large).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp

EXACT = 1e-7  # of its σ: how far a quantity that cannot vary is taken to
VANISHED = 1e-11  # of the largest terms that made up an entry: what rounding leaves of a zero
LARGEST = 4.0  # entry of the scaled tableau beyond which the basis is exchanged
WORK = 3e8  # rows² × quantities up to which a dense tableau takes about a second
UNEVEN = 1e-3  # smallest share of a row's largest entry that its square still shows


def uneven(J: sp.csr_array) -> bool:
    """Return whether rows scaled to a largest entry of 1 have entries whose squares get lost."""
    size = np.abs(J.data)
    return bool(((size > 0) & (size < UNEVEN)).any())


def affordable(J: sp.csr_array) -> bool:
    """Return whether a dense tableau of these rows is cheap."""
    return J.shape[0] ** 2 * J.shape[1] <= WORK


class Basis:
    """The unregularised factor of ``[W Jᵀ; J 0]``, with the face of `kkt.Schur`.

    Parameters
    ----------
    W, J
        Scaled weights (n × n; 1 or 0 on the diagonal but for correlations) and Jacobian (m × n).
    column_scale
        Units of the columns of J: σ of the measured; (n,).
    free
        Which quantities are not held, (n,) of bool.
    """

    def __init__(
        self, W: sp.csr_array, J: sp.csr_array, column_scale: np.ndarray, free: np.ndarray
    ) -> None:
        self.n, self.m = J.shape[1], J.shape[0]
        self.W = W.toarray()
        measured = free & (W.diagonal() > 0)
        tableau = _Tableau(J.toarray(), column_scale, measured, free)
        self.rows, self.basic = tableau.basis()
        outside = measured.copy()
        outside[self.basic] = False
        self.others = np.flatnonzero(outside)
        # Z: how every quantity moves with those outside of the basis.
        self.Z = np.zeros((self.n, len(self.others)))
        self.Z[self.others, np.arange(len(self.others))] = 1.0
        self.Z[self.basic] = -tableau.share(self.basic, self.others)
        self.reduced = la.cho_factor(self.Z.T @ self.W @ self.Z) if len(self.others) else None
        inner = J[self.rows][:, self.basic].toarray()
        # Rows and columns of size one: their units differ by as much as the σ do.
        self.column = 1.0 / np.maximum(np.abs(inner).max(axis=0, initial=0.0), 1e-300)
        inner = inner * self.column
        self.row = 1.0 / np.maximum(np.abs(inner).max(axis=1, initial=0.0), 1e-300)
        self.inner = la.lu_factor(self.row[:, None] * inner) if len(self.rows) else None

    @cached_property
    def spans(self) -> np.ndarray:
        """How far the relations let each quantity vary, in its σ: between `EXACT` and 1; (n,)."""
        if self.reduced is None:
            return np.full(self.n, EXACT)
        spread = np.sqrt((self.Z.T * la.cho_solve(self.reduced, self.Z.T)).sum(axis=0))
        return np.clip(spread, EXACT, 1.0)

    def covariance_columns(self, weights: np.ndarray) -> np.ndarray:
        """Return ``Z (Zᵀ W Z)⁻¹ Zᵀ`` times each column of `weights`, n × k."""
        if self.reduced is None:
            return np.zeros(weights.shape)
        return self.Z @ la.cho_solve(self.reduced, self.Z.T @ weights)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve for stacked (quantities, rows) right-hand sides, (n + m,) or (n + m) × k."""
        if right.ndim == 1:
            return self.solve(right[:, None])[:, 0]
        top, low = right[: self.n], right[self.n :]
        x, multipliers = np.zeros(top.shape), np.zeros(low.shape)
        if self.inner is not None:
            within = la.lu_solve(self.inner, self.row[:, None] * low[self.rows])
            x[self.basic] = self.column[:, None] * within
        if self.reduced is not None:
            x += self.Z @ la.cho_solve(self.reduced, self.Z.T @ (top - self.W @ x))
        if self.inner is not None:
            pull = (top - self.W @ x)[self.basic]
            solved = la.lu_solve(self.inner, self.column[:, None] * pull, trans=1)
            multipliers[self.rows] = self.row[:, None] * solved
        return np.concatenate([x, multipliers])


class _Tableau:
    """Rows solved for one quantity after the other (Gauss–Jordan); what cancels becomes 0."""

    def __init__(
        self, J: np.ndarray, scale: np.ndarray, measured: np.ndarray, free: np.ndarray
    ) -> None:
        self.scale, self.measured, self.free = scale, measured, free
        plain = J / scale
        largest = np.abs(plain).max(axis=1, initial=0.0)
        self.T = plain / np.where(largest > 0, largest, 1.0)[:, None]
        self.size = np.abs(self.T)
        self.owner = np.full(len(J), -1)  # the quantity for which each row is solved

    def basis(self) -> tuple[np.ndarray, np.ndarray]:
        """Return independent rows and the quantities for which they can be solved."""
        order = np.lexsort((-self.scale, self.measured))
        for j in order[self.free[order]]:
            at = np.where(self.owner < 0, np.abs(self.T[:, j]), 0.0)
            row = int(at.argmax()) if len(at) else 0
            if len(at) and at[row] > 0:
                self._pivot(row, int(j))
        self._exchange()
        rows = np.flatnonzero(self.owner >= 0)
        return rows, self.owner[rows]

    def share(self, basic: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return ``D_B⁻¹ J_B⁻¹ J_N D_N``, basic × others."""
        rows = np.flatnonzero(self.owner >= 0)
        factor = self.scale[others] / self.scale[basic][:, None]
        return self.T[np.ix_(rows, others)] * factor

    def _exchange(self) -> None:
        """Exchange columns while one depends strongly on a quantity of small σ."""
        for _ in range(2 * len(self.owner)):
            rows = np.flatnonzero(self.owner >= 0)
            rows = rows[self.measured[self.owner[rows]]]
            outside = self.measured.copy()
            outside[self.owner[self.owner >= 0]] = False
            others = np.flatnonzero(outside)
            if not len(rows) or not len(others):
                return
            factor = self.scale[others] / self.scale[self.owner[rows]][:, None]
            entries = np.abs(self.T[np.ix_(rows, others)]) * factor
            k, j = np.unravel_index(int(entries.argmax()), entries.shape)
            if entries[k, j] <= LARGEST:
                return
            self._pivot(int(rows[k]), int(others[j]))

    def _pivot(self, row: int, column: int) -> None:
        T, size = self.T, self.size
        pivot = T[row, column]
        size[row] /= abs(pivot)
        T[row] /= pivot
        rows = np.flatnonzero(T[:, column])
        rows = rows[rows != row]
        columns = np.flatnonzero(T[row])
        at = np.ix_(rows, columns)
        change = T[rows, column][:, None] * T[row, columns]
        most = np.maximum(size[at], np.abs(T[rows, column])[:, None] * size[row, columns])
        new = T[at] - change
        T[at] = np.where(np.abs(new) <= VANISHED * most, 0.0, new)
        size[at] = most
        T[rows, column] = 0.0
        T[row, column] = 1.0
        self.owner[row] = column
