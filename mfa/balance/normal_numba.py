"""N = J H Jᵀ + δI with ascending rows, and sums over columns of J, by numba.

J (m × n) is given by rows and Jᵀ by rows, each as ``indptr``, ``indices``, ``values`` of a CSR
array; N, being symmetric, by columns or rows alike. Import this module only where numba is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray
Sparse = Any
OUTER = {"cache": True, "no_cfunc_wrapper": True}


@njit(**OUTER)
def normal_pattern(by_row: Sparse, by_column: Sparse) -> tuple[Array, Array]:
    """Return ``indptr`` and ascending ``indices`` of N, the whole diagonal included."""
    start, column, _ = by_row
    first, row, _ = by_column
    m, most = len(start) - 1, len(start)
    for j in range(len(first) - 1):
        most += (first[j + 1] - first[j]) ** 2
    seen, indices = np.full(m, -1, np.int32), np.empty(most, np.int32)
    indptr = np.zeros(m + 1, np.int32)
    at = 0
    for i in range(m):
        begin = at
        seen[i] = i
        indices[at] = i
        at += 1
        for p in range(start[i], start[i + 1]):
            for q in range(first[column[p]], first[column[p] + 1]):
                if seen[row[q]] != i:
                    seen[row[q]] = i
                    indices[at] = row[q]
                    at += 1
        _sort(indices[begin:at])
        indptr[i + 1] = at
    return indptr, indices[:at].copy()


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _sort(part: Array) -> None:
    """Sort in place; short parts by insertion, which is faster there."""
    if len(part) > 32:
        part.sort()
        return
    for i in range(1, len(part)):
        value, k = part[i], i - 1
        while k >= 0 and part[k] > value:
            part[k + 1] = part[k]
            k -= 1
        part[k + 1] = value


@njit(**OUTER)
def normal_values(
    by_row: Sparse, by_column: Sparse, h: Array, delta: float, indptr: Array, indices: Array
) -> Array:
    """Return the values of N on a pattern that holds all of its entries."""
    start, column, value = by_row
    first, row, other = by_column
    work = np.zeros(len(start) - 1)
    out = np.empty(len(indices))
    for i in range(len(work)):
        work[i] = delta
        for p in range(start[i], start[i + 1]):
            j = column[p]
            weight = value[p] * h[j]
            for q in range(first[j], first[j + 1]):
                work[row[q]] += weight * other[q]
        for p in range(indptr[i], indptr[i + 1]):
            out[p] = work[indices[p]]
            work[indices[p]] = 0.0
    return out


@njit(**OUTER)
def diagonal_sums(by_column: Sparse, Z: Sparse) -> Array:
    """Return jᵀ Z j for each column j of J; NaN where Z has not all the entries that takes."""
    first, row, value = by_column
    start, index, entry = Z
    out = np.zeros(len(first) - 1)
    for j in range(len(out)):
        for p in range(first[j], first[j + 1]):
            out[j] += value[p] ** 2 * _entry(start, index, entry, row[p], row[p])
            for q in range(first[j], p):
                out[j] += 2.0 * value[p] * value[q] * _entry(start, index, entry, row[p], row[q])
    return out


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _entry(start: Array, index: Array, entry: Array, i: int, j: int) -> float:
    """Return one entry of a matrix with ascending indices, looked up in the shorter line."""
    if start[i + 1] - start[i] > start[j + 1] - start[j]:
        i, j = j, i
    low, high = start[i], start[i + 1]
    while low < high:
        middle = (low + high) // 2
        if index[middle] < j:
            low = middle + 1
        else:
            high = middle
    return entry[low] if low < start[i + 1] and index[low] == j else np.nan
