"""A starting point for the iteration: data, then what follows from them, then plain guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from mfa.balance.equations import Equations, rough
from mfa.balance.kkt import KKT

if TYPE_CHECKING:
    from mfa.balance.division import Division

ROUNDS = 60
GOLDEN = 0.6180339887498949


def starting_point(
    e: Equations,
    mean: np.ndarray,
    W: sp.csr_array,
    g0: np.ndarray,
    fixed: np.ndarray,
    division: Division | None = None,
) -> np.ndarray:
    """Return starting values of all quantities, (n,).

    Parameters
    ----------
    mean
        Observed values, NaN where there is none; (n,).
    W, g0
        Weights and ``Hᵀ V⁻¹ z`` of the observations.
    fixed
        Whether each quantity is a constant.
    division
        Blocks of the system, see `mfa.balance.kkt.KKT`.
    """
    known = np.where(np.isnan(mean), e.start, mean)
    x = propagate(e, known)
    missing = np.isnan(x)
    typical = typical_sizes(e, known)
    if missing.any():
        x = _inside(e, np.where(missing, typical * _apart(len(x)), x), fixed)
        filled = _fill(e, x, missing, W, g0, fixed, division)
        x = np.where(missing, filled, x)
    return _off_poles(e, _inside(e, x, fixed), typical, fixed)


def _apart(count: int) -> np.ndarray:
    """Return factors between 0.9 and 1.1 that differ from quantity to quantity.

    Equal guesses are often singular: at x = y the sum and the product of x and y change alike.
    """
    return 0.9 + 0.2 * np.modf(GOLDEN * np.arange(1, count + 1))[0]


def _off_poles(e: Equations, x: np.ndarray, typical: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Move quantities away from where a term has no value or slope: 0 below a line, 0 ^ 0.5.

    Those at 0 or below go to a hundredth of a typical size first, then to that size, then all.
    """
    for part, limit in ((0.01, 0.0), (1.0, 0.0), (1.0, np.inf)):
        members = [block.quantities[rough(block, x)].ravel() for block in e.blocks]
        at = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *members]))
        at = at[~fixed[at] & (x[at] <= limit)]
        if not len(at):
            continue
        x = x.copy()
        x[at] = np.clip(part * typical[at], e.lower[at], e.upper[at])
    return x


def plain_start(
    e: Equations, mean: np.ndarray, fixed: np.ndarray, typical: np.ndarray
) -> np.ndarray:
    """Return data where there are any, else typical sizes: enough if all is linear; (n,)."""
    known = np.where(np.isnan(mean), e.start, mean)
    return _inside(e, np.where(np.isnan(known), typical, known), fixed)


def _inside(e: Equations, x: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    return np.where(fixed, x, np.clip(x, e.lower, e.upper))


def propagate(e: Equations, known: np.ndarray) -> np.ndarray:
    """Settle unknowns one after the other from rows in which only one is left; NaN stays unknown.

    Each round takes all rows with a single unknown that stands in them linearly, and reads it off.
    """
    x = known.copy()
    if not e.A.shape[0]:
        return x
    stands = pattern(e)
    for _ in range(ROUNDS):
        unknown = np.isnan(x)
        if not unknown.any():
            break
        left = stands @ unknown.astype(float)
        rows = np.flatnonzero(left == 1)
        if not len(rows):
            break
        part = stands[rows].tocoo()
        here = unknown[part.col]
        column = np.full(len(rows), -1, dtype=np.int64)
        column[part.row[here]] = part.col[here]
        value = _read_off(e, x, rows, column)
        value = np.where((value < e.lower[column]) | (value > e.upper[column]), np.nan, value)
        use = np.isfinite(value)
        if not use.any():
            break
        x[column[use][::-1]] = value[use][::-1]
    return x


def pattern(e: Equations) -> sp.csr_array:
    """Return which quantity stands in which row, m × n of ones."""
    linear = e.A.tocoo()
    keep = linear.data != 0
    rows, columns = [linear.row[keep]], [linear.col[keep]]
    for block in e.blocks:
        rows.append(np.repeat(block.rows, block.quantities.shape[1]))
        columns.append(block.quantities.ravel())
    i, j = np.concatenate(rows), np.concatenate(columns)
    pattern = sp.csr_array(sp.coo_array((np.ones(len(i)), (i, j)), shape=e.A.shape))
    pattern.sum_duplicates()
    pattern.data[:] = 1.0
    return pattern


def _read_off(e: Equations, x: np.ndarray, rows: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the root of each row in its single unknown, NaN where it is not linear in it."""
    filled = np.where(np.isnan(x), 1.0, x)
    at = []
    for value in (0.0, 1.0, 2.0):
        filled[column] = value
        with np.errstate(all="ignore"):
            at.append(e.residual(filled)[rows])
    slope, again = at[1] - at[0], at[2] - at[1]
    size = np.abs(slope) + np.abs(again)
    straight = (slope != 0) & (np.abs(again - slope) <= 1e-9 * size + 1e-12 * np.abs(at[0]))
    with np.errstate(all="ignore"):
        return np.where(straight, -at[0] / slope, np.nan)


def typical_sizes(e: Equations, known: np.ndarray) -> np.ndarray:
    """Return plain guesses: middle of a closed range, else the median size of the same kind."""
    closed = np.isfinite(e.lower) & np.isfinite(e.upper)
    middle = (np.where(closed, e.lower, 0.0) + np.where(closed, e.upper, 0.0)) / 2
    hidden = len(known) - e.quantities.visible
    kinds = np.concatenate([e.quantities.kinds, np.full(hidden, 4)])
    layers = np.concatenate([e.quantities.layers, np.full(hidden, -1)])
    out, sizes = np.ones(len(known)), np.abs(known)
    seen = np.isfinite(known) & (sizes > 0)
    for kind in (0, 1, 2):
        of_kind = kinds == kind
        if not of_kind.any():
            continue
        for layer in np.flatnonzero(np.bincount(layers[of_kind] + 1)) - 1:
            group = of_kind & (layers == layer)
            out[group] = _median(sizes[group & seen])
    return np.where(closed, middle, out)


def _median(values: np.ndarray) -> float:
    """Return the median of values, 1 of none."""
    if not len(values):
        return 1.0
    half, ordered = len(values) // 2, np.sort(values)
    return float(ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _fill(
    e: Equations,
    x: np.ndarray,
    missing: np.ndarray,
    W: sp.csr_array,
    g0: np.ndarray,
    fixed: np.ndarray,
    division: Division | None,
) -> np.ndarray:
    """Return values that satisfy the linear rows, moving the missing ones most."""
    linear = np.ones(e.A.shape[0], dtype=bool)
    for block in e.blocks:
        linear[block.rows] = False
    A, free = e.A[linear], np.flatnonzero(~fixed)
    y = x[free]
    size = np.maximum(np.abs(y), 1e-6 * (np.abs(y).max(initial=0.0) or 1.0))
    wide = sp.diags_array(np.where(missing[free], 1e-4, 1e2) / size**2)
    part = division.of(free, linear) if division is not None else None
    kkt = KKT((W[free][:, free] + wide).tocsr(), A[:, free].tocsr(), size, division=part)
    step, _, _ = kkt.solve(g0[free] - W[free][:, free] @ y, e.b[linear] - A @ x, sweeps=4)
    out = x.copy()
    out[free] = y + np.where(np.isfinite(step), step, 0.0)
    return out
