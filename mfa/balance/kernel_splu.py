"""Back end of `kernel` which needs scipy only: SuperLU factorises and solves, numpy inverts."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU, splu

from mfa.balance.factor import Factor, check_definite
from mfa.balance.symbolic import Supernodes, Symbolic, permuted

# Shares of the diagonals added to them to find the pivots that vanish: far above their rounding.
NUDGES = 1e-13, 1e-12


class SpluFactor(Factor):
    """SuperLU factor L D Lᵀ of a canonical CSC matrix, pivots on the diagonal."""

    def __init__(self, N: sp.csc_array, symbolic: Symbolic, tolerance: float) -> None:
        self.symbolic = symbolic
        self._values = np.append(N.data, 0.0)
        self._diagonal = N.diagonal()[symbolic.order]
        check_definite(np.where(self._diagonal < 0, -np.inf, 0.0).min(initial=0.0))
        self._keep = self._diagonal > 0
        self._lu = self._factorise(tolerance)
        self.dropped = np.sort(symbolic.order[~self._keep])

    def _factorise(self, tolerance: float) -> SuperLU | None:
        """Factorise, dropping rows until no pivot vanishes."""
        limit = tolerance * self._diagonal
        while self.n:
            lu, pivots = self._try(0.0)
            if lu is not None and np.all(pivots[self._keep] > limit[self._keep]):
                return lu
            pivots = self._extrapolated()
            relative = np.where(self._keep, pivots / np.where(self._keep, self._diagonal, 1.0), 1.0)
            check_definite(relative.min())
            found = self._keep & (relative <= tolerance)
            self._keep &= ~found if found.any() else np.arange(self.n) != np.argmin(relative)
        return None

    def _extrapolated(self) -> np.ndarray:
        """Return the pivots as they would be but for the garbage behind one that vanishes.

        With nudged diagonals no pivot vanishes entirely, and none that nearly does spoils those
        behind it. Each grows in proportion to the nudge, which two of them show and undo.
        """
        (low, high), (small, large) = NUDGES, (self._try(nudge)[1] for nudge in NUDGES)
        return small - (large - small) * low / (high - low)

    def _try(self, nudge: float) -> tuple[SuperLU | None, np.ndarray]:
        """Factorise what is kept; all pivots count as vanished where SuperLU gives up."""
        M = self._matrix(self.symbolic.entries, self._keep)
        M.setdiag(M.diagonal() + np.where(self._keep, nudge * self._diagonal, 0.0))
        try:
            lu = _superlu(M)
        except RuntimeError:  # exactly singular
            return None, np.zeros(self.n)
        if np.array_equal(lu.perm_r, np.arange(self.n)):
            return lu, lu.U.diagonal()
        return None, np.zeros(self.n)

    def _matrix(self, entries: sp.csc_array, keep: np.ndarray) -> sp.csc_array:
        """Return the permuted N, with the dropped rows and columns those of the identity."""
        values = self._values[entries.data - 1]
        if not keep.all():
            column = np.repeat(np.arange(self.n), np.diff(entries.indptr))
            values = values * (keep[entries.indices] & keep[column])
            values[(entries.indices == column) & ~keep[column]] = 1.0
        return sp.csc_array((values, entries.indices, entries.indptr), shape=entries.shape)

    def _solve(self, B: np.ndarray) -> np.ndarray:
        order, out = self.symbolic.order, np.zeros(B.shape)
        if self._lu is not None:
            keep = self._keep if B.ndim == 1 else self._keep[:, None]
            out[order] = self._lu.solve(np.where(keep, B[order], 0.0)) * keep
        return out

    def _invert(self) -> np.ndarray:
        s = self.symbolic.supernodes
        out = np.zeros(len(self._values) - 1)
        if not self.n:
            return out
        keep = np.zeros(self.n, bool)
        keep[self.symbolic.order] = self._keep
        keep = keep[s.order]
        lu = _superlu(self._matrix(permuted(self.symbolic.pattern, s.order), keep))
        inverse = takahashi(s, panels(s, lu.L), np.where(keep, 1.0 / lu.U.diagonal(), 0.0))
        out[s.entry] = out[s.twin] = inverse[s.slot]
        return out


def _superlu(M: sp.csc_array) -> SuperLU:
    """Factorise in the given order with pivots on the diagonal."""
    return splu(M, permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def panels(s: Supernodes, L: sp.csc_array) -> np.ndarray:
    """Return the entries of L in the dense panels of its supernodes."""
    L = L.tocoo()
    n, supernode = len(s.order), np.repeat(np.arange(len(s.first) - 1), np.diff(s.first))
    owner = supernode[L.col]
    width = np.diff(s.first)[owner]
    # Rows below are ascending within each supernode, hence the pairs (supernode, row) ascend.
    pairs = np.repeat(np.arange(len(s.first) - 1), np.diff(s.row_at)) * n + s.rows
    below = width + np.searchsorted(pairs, owner * n + L.row) - s.row_at[owner]
    place = np.where(L.row < s.first[owner + 1], L.row - s.first[owner], below)
    height = width + np.diff(s.row_at)[owner]
    out = np.zeros(s.panel_at[-1])
    out[s.panel_at[owner] + (L.col - s.first[owner]) * height + place] = L.data
    return out


def takahashi(s: Supernodes, panels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return N⁻¹ = (L D Lᵀ)⁻¹ in the places of L, from the last supernode to the first.

    With L₁₁ and L₂₁ the blocks of a supernode's panel and Z₂₂ the inverse in its rows below:
    Y = L₂₁ L₁₁⁻¹, Z₂₁ = −Z₂₂ Y, Z₁₁ = L₁₁⁻ᵀ D₁⁻¹ L₁₁⁻¹ − Yᵀ Z₂₁ (Takahashi, Fagan & Chin 1973).

    Parameters
    ----------
    panels
        L with unit diagonal in dense panels.
    weights
        1/d of each row, 0 for a dropped one.
    """
    out = np.empty_like(panels)
    handed: dict[int, np.ndarray] = {}
    for k in range(len(s.first) - 2, -1, -1):
        own = slice(s.first[k], s.first[k + 1])
        width = s.first[k + 1] - s.first[k]
        at = slice(s.panel_at[k], s.panel_at[k + 1])
        panel = panels[at].reshape(width, -1).T
        below = handed.pop(k, np.empty((0, 0)))
        inverse = np.linalg.inv(panel[:width])
        Y = panel[width:] @ inverse
        corner = -below @ Y
        top = inverse.T @ (weights[own, None] * inverse) - Y.T @ corner
        front = np.block([[top, corner.T], [corner, below]])
        out[at] = front[:, :width].T.ravel()
        child = s.child[k]
        while child >= 0:
            rows = s.within[s.row_at[child] : s.row_at[child + 1]]
            handed[child] = front[np.ix_(rows, rows)]
            child = s.sibling[child]
    return out
