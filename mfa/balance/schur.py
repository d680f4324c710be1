"""The saddle-point matrix condensed to its rows: ``N = J H Jᵀ + δI`` with diagonal H ≈ W⁻¹."""

from __future__ import annotations

import contextlib

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU, splu

from mfa.balance import kernel
from mfa.balance.factor import Factor

# The kernel drops what rounding leaves of a redundant row's pivot, so its rows need little more.
VANISHED = 1e-13
NOTHING = 1e-200  # inverse weight of a held quantity: no number, but a place in the pattern


def symmetric_lu(matrix: sp.csc_array) -> SuperLU:
    """Return SuperLU's factor of a symmetric (quasi-)definite matrix, pivots on the diagonal."""
    return splu(
        sp.csc_matrix(matrix),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        # Factors of city networks are so sparse that panels of several columns only cost time.
        panel_size=1 if matrix.shape[0] < kernel.LARGE else None,
        options={"SymmetricMode": True},
    )


def dense_columns(J: sp.csr_array) -> bool:
    """Whether quantities stand in so many rows that they would fill J Jᵀ."""
    rows = np.bincount(J.indices, minlength=J.shape[1]).astype(float)
    return float(rows @ rows) > 30.0 * J.nnz + 1e5


def lines_of(matrix: sp.csr_array | sp.csc_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``indptr, indices, data``, as compiled loops take a sparse matrix."""
    return matrix.indptr, matrix.indices, matrix.data


def scaled(matrix: sp.csr_array, rows: np.ndarray | None, columns: np.ndarray) -> sp.csr_array:
    """Return ``diag(rows) · matrix · diag(columns)`` on the same pattern (no rows: ones)."""
    values = matrix.data * columns[matrix.indices]
    if rows is not None:
        values *= np.repeat(rows, np.diff(matrix.indptr))
    return sp.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


class Schur:
    """The regularised saddle-point matrix, condensed to the rows: ``N = J H Jᵀ + δI``, H ≈ W⁻¹.

    Five times cheaper than the full matrix (measured at 50,000 quantities); needs diagonal weights.
    From `kernel.LARGE` rows on the factor is the kernel's, whose structure is reused for other
    numbers on the same pattern.

    Parameters
    ----------
    h
        Inverse weights, (n,); tiny for a quantity that is held.
    J, JT
        The rows and their transpose, both by rows.
    like
        An earlier factor whose structure may fit.
    exact
        Whether entries of the inverse will be wanted: then the factor is always the kernel's.
    """

    def __init__(
        self,
        h: np.ndarray,
        J: sp.csr_array,
        JT: sp.csr_array,
        delta: float,
        like: Schur | None = None,
        exact: bool = False,
    ) -> None:
        self.J, self.JT, self.h = J, JT, h
        self.factor: SuperLU | Factor | None = None
        if J.shape[0] and kernel.compiled(J.shape[0]):
            self.factor = self._compiled_factor(delta, like)
        elif J.shape[0]:
            N = _normal(J, JT, h, delta)
            if exact or J.shape[0] >= kernel.LARGE:
                self.factor = _factor_like(N, like)
            else:
                self.factor = symmetric_lu(N)

    def _compiled_factor(self, delta: float, like: Schur | None) -> Factor:
        """Form N in one pass, on the pattern of an earlier one where J has kept its own."""
        from mfa.balance.normal_numba import normal_pattern, normal_values

        by_row, by_column = lines_of(self.J), lines_of(self.JT)
        symbolic = None
        if like is not None and isinstance(like.factor, Factor) and _same_lines(self.J, like.J):
            symbolic = like.factor.symbolic
            indptr, indices = symbolic.pattern.indptr, symbolic.pattern.indices
        else:
            indptr, indices = normal_pattern(by_row, by_column)
        values = normal_values(by_row, by_column, self.h, delta, indptr, indices)
        N = sp.csc_array((values, indices, indptr), shape=(self.J.shape[0],) * 2)
        N.has_canonical_format = True
        return kernel.factorise_canonical(N, symbolic, tolerance=VANISHED)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve for stacked (quantities, rows) right-hand sides, (n + m,) or (n + m) × k."""
        n = len(self.h)
        h = self.h if right.ndim == 1 else self.h[:, None]
        top, low = h * right[:n], right[n:]
        if self.factor is None:
            return top
        multipliers = self.factor.solve(self.J @ top - low)
        return np.concatenate([top - h * (self.JT @ multipliers), multipliers])

    def diagonal(self) -> np.ndarray:
        """Return jᵀ N⁻¹ j for each column j of J, by one selected inversion; (n,)."""
        assert isinstance(self.factor, Factor)
        if self.factor.backend != "numba":
            return kernel.diagonal_of(self.J, self.factor)
        from mfa.balance.normal_numba import diagonal_sums

        return diagonal_sums(lines_of(self.JT), lines_of(self.factor.selected_inverse()))


def _normal(J: sp.csr_array, JT: sp.csr_array, h: np.ndarray, delta: float) -> sp.csc_array:
    """Return ``J diag(h) Jᵀ + δI``, symmetric: its rows serve as its columns."""
    product = scaled(J, None, h) @ JT
    own = product.indices == np.repeat(np.arange(J.shape[0]), np.diff(product.indptr))
    if np.count_nonzero(own) < J.shape[0]:  # a row without entries
        return sp.csc_array(product + delta * sp.eye_array(J.shape[0]))
    product.data[own] += delta
    return sp.csc_array((product.data, product.indices, product.indptr), shape=product.shape)


def _same_lines(one: sp.csr_array, other: sp.csr_array) -> bool:
    """Return whether two matrices have the same pattern."""
    if one.indices is other.indices and one.indptr is other.indptr:
        return True
    return np.array_equal(one.indptr, other.indptr) and np.array_equal(one.indices, other.indices)


def _factor_like(N: sp.csc_array, like: Schur | None) -> Factor:
    """Return the kernel's factor of N, with the structure of an earlier one where that fits."""
    if like is not None and isinstance(like.factor, Factor):
        with contextlib.suppress(ValueError):
            return kernel.factorise(N, like.factor.symbolic, tolerance=VANISHED)
    return kernel.factorise(N, tolerance=VANISHED)
