"""Which flows of a network data settle: spanning trees instead of algebra, by numba.

Where every quantity stands in at most two rows, rows are nodes, quantities are edges, and the world
outside is one more node. With rows multiplied by suitable factors both entries of a column are
opposite, so that rows add up along paths. Then unmeasured flows are settled exactly where they are
*bridges* of the unmeasured edges (a circle could carry any amount), and a measured one is checked
exactly where it joins two parts that unmeasured edges do not. Import this module only where numba
is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray
Sparse = Any
OUTER = {"cache": True, "no_cfunc_wrapper": True}
INNER = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

SAME = 1e-12  # how far entries of a column may be from opposite


@njit(**OUTER)
def edges_of(by_column: Sparse, m: int) -> tuple[bool, Array, Array]:
    """Return whether no column has more than two entries, and the rows and entries of each, (n, 2).

    Row m stands for the world outside. Entries that are zero do not count.
    """
    first, row, value = by_column
    n = len(first) - 1
    ends, entries = np.full((n, 2), m, np.int32), np.zeros((n, 2))
    for j in range(n):
        k = 0
        for p in range(first[j], first[j + 1]):
            if value[p] != 0.0:
                if k == 2:
                    return False, ends, entries
                ends[j, k], entries[j, k] = row[p], value[p]
                k += 1
    return True, ends, entries


@njit(**INNER)
def _neighbours(ends: Array, use: Array, nodes: int) -> tuple[Array, Array]:
    """Return where the edges of each node start, and the edges of one after the other."""
    start = np.zeros(nodes + 1, np.int64)
    for j in range(len(ends)):
        if use[j] and ends[j, 0] != ends[j, 1]:
            start[ends[j, 0] + 1] += 1
            start[ends[j, 1] + 1] += 1
    for i in range(nodes):
        start[i + 1] += start[i]
    place, edge = start[:-1].copy(), np.empty(start[nodes], np.int32)
    for j in range(len(ends)):
        if use[j] and ends[j, 0] != ends[j, 1]:
            for k in range(2):
                edge[place[ends[j, k]]] = j
                place[ends[j, k]] += 1
    return start, edge


@njit(**INNER)
def _forest(ends: Array, use: Array, nodes: int) -> tuple[Array, Array, Array]:
    """Return the nodes in the order of a search from the last one, the edge to each, its part."""
    start, edge = _neighbours(ends, use, nodes)
    order, above = np.empty(nodes, np.int32), np.full(nodes, -1, np.int32)
    part, count = np.full(nodes, -1, np.int32), 0
    for root in range(nodes - 1, -1, -1):
        if part[root] >= 0:
            continue
        part[root], order[count] = root, root
        at, count = count, count + 1
        while at < count:
            i = order[at]
            at += 1
            for p in range(start[i], start[i + 1]):
                j = edge[p]
                other = ends[j, 0] + ends[j, 1] - i
                if part[other] < 0:
                    part[other], above[other] = root, j
                    order[count] = other
                    count += 1
    return order, above, part


@njit(**OUTER)
def opposite(ends: Array, entries: Array, m: int) -> bool:
    """Return whether rows have factors with which both entries of every column are opposite."""
    inner = np.empty(len(ends), np.bool_)
    for j in range(len(ends)):
        inner[j] = ends[j, 0] < m and ends[j, 1] < m
    order, above, _ = _forest(ends, inner, m + 1)
    factor = np.ones(m + 1)
    for i in order:
        j = above[i]
        if j >= 0:
            k = 0 if ends[j, 0] == i else 1
            factor[i] = -factor[ends[j, 1 - k]] * entries[j, 1 - k] / entries[j, k]
    for j in range(len(ends)):
        if inner[j]:
            one, two = factor[ends[j, 0]] * entries[j, 0], factor[ends[j, 1]] * entries[j, 1]
            if not abs(one + two) <= SAME * abs(one):
                return False
    return True


@njit(**OUTER)
def circulations(
    ends: Array, entries: Array, unmeasured: Array, marks: Array, values: Array, m: int
) -> tuple[Array, Array]:
    """Let random amounts run round every circle of unmeasured edges, in place of `values`.

    Parameters
    ----------
    marks
        A random number of 64 bits for each edge; (n,).
    values
        Random amounts for each edge, (n, k): those of the edges that close a circle stay, the
        others become what balances every row; 0 for measured edges.

    Returns
    -------
    round_, part
        Which unmeasured edges lie on a circle, (n,), and a label of the part of each row, (m + 1,).
    """
    order, above, part = _forest(ends, unmeasured, m + 1)
    n, k = values.shape
    round_ = unmeasured.copy()
    for i in order:
        if above[i] >= 0:
            round_[above[i]] = False
    open_, mark = np.zeros((m + 1, k)), np.zeros(m + 1, np.uint64)
    for j in range(n):
        if not round_[j]:
            values[j] = 0.0
        elif ends[j, 0] != ends[j, 1]:
            for e in range(2):
                open_[ends[j, e]] += entries[j, e] * values[j]
                mark[ends[j, e]] ^= marks[j]
    for at in range(m, -1, -1):
        i = order[at]
        j = above[i]
        # An edge to which the marks of all circles below cancel lies on none of them.
        if j < 0 or mark[i] == 0:
            continue
        e = 0 if ends[j, 0] == i else 1
        up = ends[j, 1 - e]
        values[j] = -open_[i] / entries[j, e]
        open_[up] += entries[j, 1 - e] * values[j]
        mark[up] ^= mark[i]
        round_[j] = True
    return round_, part
