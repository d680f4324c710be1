"""Scales of unmeasured quantities on large systems, by numba: what the relations leave of them.

What a row leaves of one of its quantities is no more than the largest of the others. Applied until
nothing changes (a queue of rows whose quantities became smaller), that gives each quantity the
least of these bounds along all rows, as shortest paths do. Import this module only where numba is
wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray
Sparse = Any

SETTLED = 0.5  # lowered by less than this, a scale counts as what it was


@njit(cache=True, no_cfunc_wrapper=True)
def spread_scales(by_row: Sparse, by_column: Sparse, scale: Array) -> None:
    """Lower scales in place to what the rows leave of them; infinite ones stand for the unmeasured.

    Unmeasured quantities that no row reaches alone (they stand in circles) get the largest finite
    scale beside them, one after the other; 0 where there is none.

    Parameters
    ----------
    by_row, by_column
        The rows (m × n) and their transpose, as ``indptr``, ``indices``, ``values`` of CSR arrays.
    scale
        σ of the measured quantities, infinite for the others; (n,).
    """
    start, column, value = by_row
    first, row, _ = by_column
    m, n = len(start) - 1, len(scale)
    queue, waiting = np.arange(m), np.ones(m, np.bool_)
    head, count, unknown = 0, m, 0
    while True:
        while count > 0:
            i = queue[head]
            head = (head + 1) % m
            count -= 1
            waiting[i] = False
            one, two, at = -1.0, -1.0, -1
            for p in range(start[i], start[i + 1]):
                if value[p] != 0.0:
                    size = abs(value[p]) * scale[column[p]]
                    if size > one:
                        one, two, at = size, one, p
                    elif size > two:
                        two = size
            # Only the largest can be more than the others leave of it.
            if not 0.0 < two < SETTLED * one:
                continue
            j = column[at]
            scale[j] = two / abs(value[at])
            for q in range(first[j], first[j + 1]):
                if row[q] != i and not waiting[row[q]]:
                    waiting[row[q]] = True
                    queue[(head + count) % m] = row[q]
                    count += 1
        while unknown < n and np.isfinite(scale[unknown]):
            unknown += 1
        if unknown == n:
            return
        scale[unknown] = _beside(unknown, by_row, by_column, scale)
        for q in range(first[unknown], first[unknown + 1]):
            if not waiting[row[q]]:
                waiting[row[q]] = True
                queue[(head + count) % m] = row[q]
                count += 1


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _beside(j: int, by_row: Sparse, by_column: Sparse, scale: Array) -> float:
    """Return the largest scale that the finite others of a row leave of quantity `j`."""
    start, column, value = by_row
    first, row, other = by_column
    largest = 0.0
    for q in range(first[j], first[j + 1]):
        for p in range(start[row[q]], start[row[q] + 1]):
            size = abs(value[p]) * scale[column[p]]
            if np.isfinite(size) and other[q] != 0.0:
                largest = max(largest, size / abs(other[q]))
    return largest
