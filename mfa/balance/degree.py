"""An elimination order with little fill: approximate minimum degree, by numba.

Source of the method: Amestoy, Davis & Duff (1996), SIAM J. Matrix Anal. Appl. 17, 886–905. The
graph of what is left to eliminate is never written out: a *variable* (a set of rows that look alike)
has a list of the *elements* (eliminated pivots) and then of the variables next to it; an element has
a list of its variables, which form a clique. Import this module only where numba is wanted.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _link(node, degree, head, later, earlier):
    """Put a variable at the head of the list of its degree."""
    other = head[degree]
    later[node], earlier[node] = other, -1
    if other >= 0:
        earlier[other] = node
    head[degree] = node


@njit(cache=True)
def _unlink(node, degree, head, later, earlier):
    """Take a variable out of the list of its degree."""
    if earlier[node] >= 0:
        later[earlier[node]] = later[node]
    else:
        head[degree] = later[node]
    if later[node] >= 0:
        earlier[later[node]] = earlier[node]


@njit(cache=True)
def _append(node, other, following, last):
    """Append the rows that `other` stands for to those of `node`."""
    following[last[node]] = other
    last[node] = last[other]


@njit(cache=True)
def _lists(indptr, indices, dense):
    """Return start, length and entries of the neighbours of each row, without dense ones."""
    n = len(indptr) - 1
    start, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
    entries = np.empty(len(indices) + n + 16, np.int32)
    free = 0
    for i in range(n):
        start[i] = free
        if not dense[i]:
            for p in range(indptr[i], indptr[i + 1]):
                j = indices[p]
                if j != i and not dense[j]:
                    entries[free] = j
                    free += 1
        length[i] = free - start[i]
    return start, length, entries, free


@njit(cache=True)
def _compress(start, length, weight, alive, entries):
    """Close the gaps between the lists still in use; return where free space starts."""
    old = entries.copy()
    free = 0
    for i in range(len(start)):
        if weight[i] > 0 or alive[i]:
            begin = start[i]
            start[i] = free
            for p in range(begin, begin + length[i]):
                entries[free] = old[p]
                free += 1
    return free


@njit(cache=True)
def _gather(me, start, length, elements, weight, alive, seen, entries, free):
    """Write the variables next to pivot `me` (directly or through elements) from `free` on.

    The elements next to it are absorbed. Returns the end of the list.
    """
    for q in range(start[me], start[me] + length[me]):
        node = entries[q]
        if q >= start[me] + elements[me]:
            if weight[node] > 0 and seen[node] != me:
                seen[node] = me
                entries[free] = node
                free += 1
        elif alive[node]:
            alive[node] = False
            for p in range(start[node], start[node] + length[node]):
                j = entries[p]
                if weight[j] > 0 and seen[j] != me:
                    seen[j] = me
                    entries[free] = j
                    free += 1
    return free


@njit(cache=True)
def _prune(i, me, start, length, elements, weight, alive, seen, outside, entries):
    """Shorten the list of variable `i` now that `me` covers part of it, and add `me` to it.

    Returns the degree outside the element `me` (−1: nothing is left outside) and a key that is the
    same for variables with the same list.
    """
    begin, end = start[i], start[i] + length[i]
    free, degree, key = begin, 0, 0
    for p in range(begin, begin + elements[i]):
        e = entries[p]
        if alive[e]:
            if outside[e] > 0:
                degree += outside[e]
                key += e
                entries[free] = e
                free += 1
            else:
                alive[e] = False  # lies wholly in `me`
    border = free
    for p in range(begin + elements[i], end):
        j = entries[p]
        if weight[j] > 0 and seen[j] != me:
            degree += weight[j]
            key += j
            entries[free] = j
            free += 1
    if free == begin:
        return -1, 0
    # The list lost `me` itself or an absorbed element, hence there is room for one entry.
    entries[free] = entries[border]
    entries[border] = me
    elements[i] = border + 1 - begin
    length[i] = free + 1 - begin
    return degree, key


@njit(cache=True)
def _merge_alike(first, chain, start, length, elements, weight, noted, entries, following, last):
    """Merge variables of one chain which have the same list: they will be eliminated together."""
    a = first
    while a >= 0:
        for p in range(start[a], start[a] + length[a]):
            noted[entries[p]] = a
        before, b = a, chain[a]
        while b >= 0:
            same = length[a] == length[b] and elements[a] == elements[b]
            p, end = start[b], start[b] + length[b]
            while same and p < end:
                same = noted[entries[p]] == a
                p += 1
            if same:
                weight[a] += weight[b]
                weight[b] = 0
                _append(a, b, following, last)
                chain[before] = chain[b]
            else:
                before = b
            b = chain[b]
        # What was noted for a must not be found again when a comes back in a later step.
        for p in range(start[a], start[a] + length[a]):
            noted[entries[p]] = -1
        a = chain[a]


@njit(cache=True)
def _sequence(pivots, dense, following):
    """Return all rows: those of each pivot in turn, then the dense ones."""
    order = np.empty(len(dense), np.int64)
    done = 0
    for me in pivots:
        node = me
        while node >= 0:
            order[done] = node
            done += 1
            node = following[node]
    for i in range(len(dense)):
        if dense[i]:
            order[done] = i
            done += 1
    return order


@njit(cache=True)
def minimum_degree(indptr, indices):
    """Return the order of elimination: entry k is the row eliminated k-th.

    Rows with more than 10 √n neighbours come last and do not count in the degrees of others.
    """
    n = len(indptr) - 1
    dense = np.diff(indptr) > max(16.0, 10.0 * np.sqrt(n))
    start, length, entries, free = _lists(indptr, indices, dense)
    elements, degree = np.zeros(n, np.int64), length.copy()
    weight = np.where(dense, 0, 1)
    alive = np.zeros(n, np.bool_)
    seen, noted = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    outside, measured = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    head, later, earlier = np.full(n + 1, -1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    bucket, chain, keys = np.full(n, -1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    following, last = np.full(n, -1, np.int64), np.arange(n)
    pivots = np.empty(n, np.int64)
    steps, left, lowest = 0, weight.sum(), 0
    for i in range(n - 1, -1, -1):
        if weight[i] > 0:
            _link(i, degree[i], head, later, earlier)
    while left > 0:
        while head[lowest] < 0:
            lowest += 1
        me = head[lowest]
        _unlink(me, lowest, head, later, earlier)
        if free + min(left, n) > len(entries):
            free = _compress(start, length, weight, alive, entries)
        left -= weight[me]
        weight[me] = 0
        pivots[steps] = me
        steps += 1
        begin = free
        free = _gather(me, start, length, elements, weight, alive, seen, entries, free)
        size = 0
        for p in range(begin, free):
            i = entries[p]
            size += weight[i]
            _unlink(i, degree[i], head, later, earlier)
            for q in range(start[i], start[i] + elements[i]):
                e = entries[q]
                if alive[e]:
                    if measured[e] != me:
                        measured[e] = me
                        outside[e] = degree[e]
                    outside[e] -= weight[i]
        for p in range(begin, free):
            i = entries[p]
            beyond, key = _prune(
                i, me, start, length, elements, weight, alive, seen, outside, entries
            )
            if beyond < 0:
                # All its neighbours are in `me`: eliminating it now causes no fill.
                left -= weight[i]
                size -= weight[i]
                weight[i] = 0
                _append(me, i, following, last)
            else:
                degree[i] = min(degree[i], beyond)
                keys[i] = key % n
                chain[i] = bucket[keys[i]]
                bucket[keys[i]] = i
        end = begin
        for p in range(begin, free):
            i = entries[p]
            if weight[i] > 0 and bucket[keys[i]] >= 0:
                _merge_alike(
                    bucket[keys[i]], chain, start, length, elements, weight, noted, entries,
                    following, last,
                )  # fmt: skip
                bucket[keys[i]] = -1
        for p in range(begin, free):
            i = entries[p]
            if weight[i] > 0:
                degree[i] = min(degree[i] + size, left) - weight[i]
                _link(i, degree[i], head, later, earlier)
                lowest = min(lowest, degree[i])
                entries[end] = i
                end += 1
        start[me], length[me], degree[me] = begin, end - begin, size
        alive[me] = end > begin
        free = end
    return _sequence(pivots[:steps], dense, following)
