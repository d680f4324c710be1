"""Many small symmetric systems of one pattern, factorised and solved side by side, by numba.

Import this module only where numba is wanted; `mfa.balance.lanes` says what the arrays hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mfa.balance.kernel_numba import FAST, INNER, OUTER

Array = np.ndarray
Pattern = Any


# The number of lanes reaches the inner loops as a variable: a constant would be unrolled into
# single operations before they could be joined to vectors.


@njit(fastmath=FAST, error_model="numpy", **INNER)
def _fetch(goal: Array, source: Array, first: int) -> None:
    """Copy the columns from `first` on; the last one fills what is left over."""
    lanes, have = goal.shape[1], min(goal.shape[1], source.shape[1] - first)
    for i in range(len(goal)):
        for s in range(have):
            goal[i, s] = source[i, first + s]
        for s in range(have, lanes):
            goal[i, s] = source[i, first + have - 1]


@njit(fastmath=FAST, error_model="numpy", **INNER)
def _held(free: Array, some: Array) -> None:
    """Note which rows are held in any lane."""
    for i in range(len(free)):
        some[i] = False
        for s in range(free.shape[1]):
            some[i] |= free[i, s] == 0.0


@njit(fastmath=FAST, error_model="numpy", **INNER)
def _load(entries: Array, values: Array, free: Array, some: Array, L: Array) -> None:
    """Add entries (place in L, row, column) where neither row nor column is held."""
    lanes, same = L.shape[1], values.shape[1] == 1
    for e in range(len(entries)):
        at, i, j = entries[e, 0], entries[e, 1], entries[e, 2]
        if same:
            value = values[e, 0]
            for s in range(lanes):
                L[at, s] += value
        else:
            for s in range(lanes):
                L[at, s] += values[e, s]
        if some[i] or some[j]:
            for s in range(lanes):
                L[at, s] *= free[i, s] * free[j, s]


@njit(fastmath=FAST, error_model="numpy", **INNER)
def _factorise(start: Array, target: Array, L: Array, part: Array, negative: Array) -> None:
    """Replace the lower triangles by L and 1/d of L D Lᵀ, column by column; count d < 0."""
    t, lanes = 0, L.shape[1]
    for j in range(len(start) - 1):
        begin, end = start[j], start[j + 1]
        for s in range(lanes):
            negative[s] += L[begin, s] < 0.0
            L[begin, s] = 1.0 / L[begin, s]
        for a in range(begin + 1, end):
            for s in range(lanes):
                part[s] = L[a, s] * L[begin, s]
            for b in range(a, end):
                goal = target[t]
                for s in range(lanes):
                    L[goal, s] -= part[s] * L[b, s]
                t += 1
            for s in range(lanes):
                L[a, s] = part[s]


@njit(fastmath=FAST, error_model="numpy", **INNER)
def _substitute(start: Array, row: Array, L: Array, y: Array, part: Array) -> None:
    """Solve L D Lᵀ y = b in place of b."""
    n, lanes = len(start) - 1, L.shape[1]
    for j in range(n):
        part[:] = y[j]
        for a in range(start[j] + 1, start[j + 1]):
            i = row[a]
            for s in range(lanes):
                y[i, s] -= L[a, s] * part[s]
    for j in range(n - 1, -1, -1):
        begin = start[j]
        for s in range(lanes):
            part[s] = y[j, s] * L[begin, s]
        for a in range(begin + 1, start[j + 1]):
            i = row[a]
            for s in range(lanes):
                part[s] -= L[a, s] * y[i, s]
        y[j] = part


@njit(fastmath=FAST, error_model="numpy", **OUTER)
def solve_lanes(
    pattern: Pattern,
    base: Array,
    moving: Array,
    free: Array,
    right: Array,
    negative: Array,
    lanes: int,
) -> None:
    """Solve each draw's system in place of its right-hand side (rows × draws).

    ``pattern`` is `Lanes.pattern`; ``negative`` takes the number of negative pivots of each.
    """
    start, row, target, order, steady, loose = pattern
    n, draws = right.shape
    L, y, b = np.empty((start[-1], lanes)), np.empty((n, lanes)), np.empty((n, lanes))
    loads, open_ = np.empty((len(loose), lanes)), np.empty((n, lanes))
    part, count, some = np.empty(lanes), np.empty(lanes, np.int64), np.empty(n, np.bool_)
    for first in range(0, draws, lanes):
        L[:], count[:] = 0.0, 0
        _fetch(open_, free, first)
        _fetch(loads, moving, first)
        _fetch(b, right, first)
        _held(open_, some)
        _load(steady, base, open_, some, L)
        _load(loose, loads, open_, some, L)
        for k in range(n):
            i, at = order[k], start[k]
            for s in range(lanes):
                y[k, s] = b[i, s] * open_[i, s]
                L[at, s] += 1.0 - open_[i, s]
        _factorise(start, target, L, part, count)
        _substitute(start, row, L, y, part)
        have = min(lanes, draws - first)
        for k in range(n):
            i = order[k]
            for s in range(have):
                right[i, first + s] = y[k, s]
        for s in range(have):
            negative[first + s] = count[s]
