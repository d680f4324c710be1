"""Back end of `kernel` for large systems: own multifrontal Cholesky, compiled by numba."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance import kernel_numba, solve_numba
from mfa.balance.factor import Factor, check_definite
from mfa.balance.symbolic import Symbolic


class FrontFactor(Factor):
    """Supernodal Cholesky factor L Lᵀ of a canonical CSC matrix."""

    def __init__(self, N: sp.csc_array, symbolic: Symbolic, tolerance: float) -> None:
        self.symbolic = symbolic
        s = symbolic.supernodes
        self._shape = (
            s.first, s.row_at, s.panel_at, s.child, s.sibling, s.within, s.stack_at,
            s.entry_at, s.entry, s.slot,
        )  # fmt: skip
        self._panels = np.empty(s.panel_at[-1])
        self._largest = int((np.diff(s.first) + np.diff(s.row_at)).max(initial=0))
        self._pivots, lowest = kernel_numba.factor_fronts(
            self._shape, N.data, N.diagonal()[s.order], tolerance, self._panels,
            np.empty(s.stack_size),
        )  # fmt: skip
        check_definite(lowest)
        self.dropped = np.sort(s.order[self._pivots == 0])

    def _solve(self, B: np.ndarray) -> np.ndarray:
        s = self.symbolic.supernodes
        shape = s.first, s.row_at, s.panel_at, s.rows
        X = np.ascontiguousarray(B[s.order])
        if B.ndim == 1:
            buffer = np.empty(self._largest)
            solve_numba.solve_vector(shape, self._panels, self._pivots, X, buffer)
        else:
            same = np.arange(self.n, dtype=np.int32)
            solve_numba.solve_block(shape, self._panels, self._pivots, X, same)
        out = np.empty_like(X)
        out[s.order] = X
        return out

    def _invert(self) -> np.ndarray:
        s = self.symbolic.supernodes
        out = np.empty(len(self.symbolic.pattern.indices))
        kernel_numba.invert_fronts(
            self._shape, s.twin, self._panels, self._pivots, np.empty(s.stack_size),
            self._largest, out,
        )  # fmt: skip
        return out
