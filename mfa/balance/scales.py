"""Typical magnitudes: what quantities and rows are scaled by before anything is factorised."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance import kernel
from mfa.balance.schur import lines_of

ROUNDS = 12
TINY = 1e-8  # of its size: a scale below that comes from a degenerate row, not from knowledge


def column_scales(
    J: sp.csr_array, JT: sp.csr_array, precision: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """Return a typical magnitude of each quantity's uncertainty.

    Parameters
    ----------
    J, JT
        Jacobian, m × n, and its transpose, both by rows.
    precision
        1/σ² of the measured quantities, 0 of the others; shape (n,).
    size
        Fallback magnitudes for quantities that no measured one reaches; shape (n,).

    Returns
    -------
    numpy.ndarray
        σ of the measured; of the others the smallest that one of their rows suggests, spread from
        row to row until nothing changes.
    """
    measured = precision > 0
    known = np.where(measured, 1.0 / np.sqrt(np.where(measured, precision, 1.0)), 0.0)
    scale = (
        _spread(J, JT, known) if kernel.compiled(J.shape[0]) else _spread_in_rounds(J, JT, known)
    )
    fallback = np.where(size > 0, size, 1.0)
    return np.where(
        measured, known, np.maximum(np.where(scale > 0, scale, fallback), TINY * fallback)
    )


def _spread(J: sp.csr_array, JT: sp.csr_array, known: np.ndarray) -> np.ndarray:
    """Return the scales that `scales_numba` finds; 0 for what nothing measured reaches."""
    from mfa.balance.scales_numba import spread_scales

    scale = np.where(known > 0, known, np.inf)
    spread_scales(lines_of(J), lines_of(JT), scale)
    return scale


def _spread_in_rounds(J: sp.csr_array, JT: sp.csr_array, known: np.ndarray) -> np.ndarray:
    """Return the smallest scale that a row of each suggests, spread from row to row."""
    scale = known.copy()
    weight, weightT = np.abs(J.data), np.abs(JT.data)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(ROUNDS):
            open_ = scale == 0
            if not open_.any():
                break
            reach = largest_of_rows(J, weight * scale[J.indices])
            seen = reach[JT.indices]
            # Where the quotient is no number (nothing reaches the row, or a zero coefficient),
            # the row suggests nothing.
            guess = largest_of_rows(JT, np.where(seen > 0, weightT / seen, 0.0))
            found = open_ & (guess > 0)
            if not found.any():
                break
            scale[found] = 1.0 / guess[found]
    return scale


def largest_of_rows(matrix: sp.csr_array, values: np.ndarray) -> np.ndarray:
    """Return the largest of the non-negative values in each row of a pattern, 0 in empty rows."""
    filled = np.flatnonzero(np.diff(matrix.indptr))
    out = np.zeros(matrix.shape[0])
    if len(filled):
        out[filled] = np.maximum.reduceat(values, matrix.indptr[filled])
    return out
