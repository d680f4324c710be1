"""Triangular solves over the supernodal panels of `kernel_numba`, by numba.

``shape`` is ``first``, ``row_at``, ``panel_at`` and ``rows`` of `Supernodes`; ``pivots`` holds
1/l_jj, and 0 for a dropped row, whose solution is 0. Import this module only where numba is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mfa.balance.kernel_numba import FAST, INNER, OUTER, clear, one_column, scale

Array = np.ndarray
Shape = Any


@njit(fastmath=FAST | {"reassoc"}, **OUTER)
def solve_vector(shape: Shape, panels: Array, pivots: Array, x: Array, buffer: Array) -> None:
    """Solve L Lᵀ x = b in place of b; ``buffer`` is as long as the longest column of L."""
    first, row_at, panel_at, rows = shape
    for s in range(len(first) - 1):
        begin, width, at = first[s], first[s + 1] - first[s], panel_at[s]
        row, below = row_at[s], row_at[s + 1] - row_at[s]
        height = width + below
        for j in range(width):
            value = x[begin + j] * pivots[begin + j]
            x[begin + j] = value
            for i in range(j + 1, width):
                x[begin + i] -= panels[at + j * height + i] * value
        clear(buffer, 0, below)
        one_column(buffer, 0, panels, at + width, height, x, begin, 1, below, width)
        for i in range(below):
            x[rows[row + i]] += buffer[i]
    for s in range(len(first) - 2, -1, -1):
        begin, width, at = first[s], first[s + 1] - first[s], panel_at[s]
        row, below = row_at[s], row_at[s + 1] - row_at[s]
        height = width + below
        for i in range(below):
            buffer[i] = x[rows[row + i]]
        for j in range(width - 1, -1, -1):
            value = x[begin + j]
            for i in range(j + 1, width):
                value -= panels[at + j * height + i] * x[begin + i]
            column = panels[at + j * height + width : at + (j + 1) * height]
            for i in range(below):
                value -= column[i] * buffer[i]
            x[begin + j] = value * pivots[begin + j]


@njit(fastmath=FAST, **INNER)
def _subtract_rows(goal: Array, X: Array, rows: Array, panels: Array, at: int, step: int) -> None:
    """Subtract from ``goal`` these rows of X times the values at ``at``, ``at + step``, and on."""
    count, sides = len(rows), len(goal)
    for i in range(0, count - 3, 4):
        a, b, c, d = X[rows[i]], X[rows[i + 1]], X[rows[i + 2]], X[rows[i + 3]]
        p = at + i * step
        e, f, g, h = panels[p], panels[p + step], panels[p + 2 * step], panels[p + 3 * step]
        for k in range(sides):
            goal[k] -= e * a[k] + f * b[k] + g * c[k] + h * d[k]
    for i in range(count - count % 4, count):
        a, e = X[rows[i]], panels[at + i * step]
        for k in range(sides):
            goal[k] -= e * a[k]


@njit(**OUTER)
def solve_block(shape: Shape, panels: Array, pivots: Array, X: Array, same: Array) -> None:
    """Solve L Lᵀ X = B in place of B, whose right-hand sides lie side by side.

    ``same`` holds the number of each row.
    """
    first, row_at, panel_at, rows = shape
    sides = X.shape[1]
    for s in range(len(first) - 1):
        begin, end, at = first[s], first[s + 1], panel_at[s]
        below = rows[row_at[s] : row_at[s + 1]]
        width, height = end - begin, end - begin + len(below)
        for i in range(height):
            row = begin + i if i < width else below[i - width]
            _subtract_rows(X[row], X, same[begin : min(begin + i, end)], panels, at + i, height)
            if i < width:
                scale(X[row], 0, sides, pivots[row])
    for s in range(len(first) - 2, -1, -1):
        begin, end = first[s], first[s + 1]
        below = rows[row_at[s] : row_at[s + 1]]
        width, height = end - begin, end - begin + len(below)
        for j in range(width - 1, -1, -1):
            at = panel_at[s] + j * height
            _subtract_rows(X[begin + j], X, below, panels, at + width, 1)
            _subtract_rows(X[begin + j], X, same[begin + j + 1 : end], panels, at + j + 1, 1)
            scale(X[begin + j], 0, sides, pivots[begin + j])
