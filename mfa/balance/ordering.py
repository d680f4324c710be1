"""An elimination order with little fill: approximate minimum mean fill, by numba.

Sources of the methods: quotient graph and approximate degrees, Amestoy, Davis & Duff (1996), SIAM
J. Matrix Anal. Appl. 17, 886–905; choosing by approximate mean fill instead of degree, Rothberg &
Eisenstat (1998), ibid. 19, 682–695. On networks of cities that saves much of the arithmetic, and
unlike with exact degrees hubs with many neighbours do not hold it up.

What is left of the graph is never written out: a *variable* (rows that look alike) has a list of
the *elements* (eliminated pivots) and then of the variables next to it; an element has a list of
its variables, which form a clique. The arrays of such a graph travel together as ``graph``:
``start``, ``length`` and number of leading ``elements`` of each list, ``weight`` (rows a variable
stands for, 0 once it is gone), ``degree``, ``alive`` (of elements), and the ``entries`` of all
lists. The ``queue`` holds the variables by score: ``head`` of each list, ``later`` and ``earlier``
in it, ``scores``. Import this module only where numba is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Only what Python calls needs a way in from there: the others compile in less time without.
INNER = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
OUTER = {"cache": True, "no_cfunc_wrapper": True}

Graph = Any
Queue = Any
Array = np.ndarray


@njit(**INNER)
def _quotient_graph(indptr: Array, indices: Array, none: Array) -> tuple[Graph, int]:
    """Return the graph before any elimination, and where free space starts."""
    n = len(none)
    start, length, elements, weight = none.copy(), none.copy(), none.copy(), none.copy()
    entries = np.empty(len(indices) + n + 16, np.int32)
    free = 0
    for i in range(n):
        start[i], elements[i], weight[i] = free, 0, 1
        for p in range(indptr[i], indptr[i + 1]):
            if indices[p] != i:
                entries[free] = indices[p]
                free += 1
        length[i] = free - start[i]
    return (start, length, elements, weight, length.copy(), none > 0, entries), free


@njit(**INNER)
def _compress(graph: Graph) -> int:
    """Close the gaps between the lists still in use; return where free space starts."""
    start, length, _, weight, _, alive, entries = graph
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


@njit(**INNER)
def _gather(me: int, graph: Graph, seen: Array, free: int) -> int:
    """Write the variables next to pivot `me`, directly or through elements, from `free` on.

    The elements next to it are absorbed. Returns the end of the list.
    """
    start, length, elements, weight, _, alive, entries = graph
    seen[me] = me
    for q in range(start[me], start[me] + length[me]):
        node = entries[q]
        direct = q >= start[me] + elements[me]
        if not direct and not alive[node]:
            continue
        begin, end = (q, q + 1) if direct else (start[node], start[node] + length[node])
        if not direct:
            alive[node] = False
        for p in range(begin, end):
            j = entries[p]
            if weight[j] > 0 and seen[j] != me:
                seen[j] = me
                entries[free] = j
                free += 1
    return free


@njit(**INNER)
def _measure(me: int, begin: int, end: int, graph: Graph, outside: Array, measured: Array) -> int:
    """Write how many rows of each element lie outside the new element; return the rows of this."""
    start, _, elements, weight, degree, alive, entries = graph
    size = 0
    for p in range(begin, end):
        i = entries[p]
        size += weight[i]
        for q in range(start[i], start[i] + elements[i]):
            e = entries[q]
            if alive[e]:
                if measured[e] != me:
                    measured[e] = me
                    outside[e] = degree[e]
                outside[e] -= weight[i]
    return size


@njit(**INNER)
def _prune(i: int, me: int, graph: Graph, seen: Array, outside: Array) -> tuple[int, int]:
    """Shorten the list of variable `i` now that `me` covers part of it, and add `me` to it.

    Returns the degree outside the element `me` (−1: nothing is left outside) and a key that is the
    same for variables with the same list.
    """
    start, length, elements, weight, _, alive, entries = graph
    begin = start[i]
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
                alive[e] = False  # it lies wholly in `me`
    border = free
    for p in range(begin + elements[i], begin + length[i]):
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


@njit(**INNER)
def _merge_alike(
    node: int, chain: Array, graph: Graph, noted: Array, following: Array, last: Array
) -> None:
    """Merge variables of one chain which have the same list: they will be eliminated together."""
    start, length, elements, weight, _, _, entries = graph
    while chain[node] >= 0:
        for p in range(start[node], start[node] + length[node]):
            noted[entries[p]] = node
        before, other = node, chain[node]
        while other >= 0:
            same = length[node] == length[other] and elements[node] == elements[other]
            p, end = start[other], start[other] + length[other]
            while same and p < end:
                same = noted[entries[p]] == node
                p += 1
            if same:
                weight[node] += weight[other]
                weight[other] = 0
                following[last[node]] = other
                last[node] = last[other]
                chain[before] = chain[other]
            else:
                before = other
            other = chain[other]
        # These notes must not be found when `node` comes back in a later step.
        for p in range(start[node], start[node] + length[node]):
            noted[entries[p]] = -1
        if chain[node] < 0:
            break
        node = chain[node]


@njit(**INNER)
def _push(i: int, score: int, queue: Queue) -> None:
    """Put a variable at the head of the list of its score."""
    head, later, earlier, scores = queue
    other = head[score]
    later[i], earlier[i], scores[i] = other, -1, score
    if other >= 0:
        earlier[other] = i
    head[score] = i


@njit(**INNER)
def _remove(i: int, queue: Queue) -> None:
    """Take a variable out of the list of its score."""
    head, later, earlier, scores = queue
    if earlier[i] >= 0:
        later[earlier[i]] = later[i]
    else:
        head[scores[i]] = later[i]
    if later[i] >= 0:
        earlier[later[i]] = earlier[i]


@njit(**INNER)
def _score(degree: int, inside: int, weight: int, highest: int) -> int:
    """Return √(2 × fill per row) of eliminating a variable, `inside` the last element no fill."""
    fill = (degree * degree - inside * inside) / weight
    return min(highest, int(np.sqrt(max(fill, 0.0))))


@njit(**INNER)
def _requeue(
    me: int, begin: int, end: int, size: int, left: int, graph: Graph, queue: Queue
) -> int:
    """Put the variables of the new element back into the queue; return the lowest score among them.

    The element's list is left with what still stands for rows.
    """
    start, length, _, weight, degree, alive, entries = graph
    kept, lowest = begin, len(weight) - 1
    for p in range(begin, end):
        i = entries[p]
        if weight[i] > 0:
            degree[i] = min(degree[i] + size, left) - weight[i]
            score = _score(degree[i], size - weight[i], weight[i], len(weight) - 1)
            _push(i, score, queue)
            lowest = min(lowest, score)
            entries[kept] = i
            kept += 1
    start[me], length[me], degree[me] = begin, kept - begin, size
    alive[me] = kept > begin
    return lowest


@njit(**INNER)
def _sequence(pivots: Array, steps: int, following: Array) -> Array:
    """Return all rows: those of each pivot in turn."""
    order = np.empty(len(pivots), np.int64)
    done = 0
    for k in range(steps):
        node = pivots[k]
        while node >= 0:
            order[done] = node
            done += 1
            node = following[node]
    return order


@njit(**OUTER)
def minimum_fill(indptr: Array, indices: Array, none: Array, same: Array) -> Array:
    """Return the order of elimination: entry k is the row eliminated k-th.

    ``none`` and ``same`` hold −1 and the own number for each row.
    """
    n = len(none)
    graph, free = _quotient_graph(indptr, indices, none)
    start, length, _, weight, degree, _, entries = graph
    queue = none.copy(), none.copy(), none.copy(), none.copy()
    for i in range(n - 1, -1, -1):
        _push(i, _score(degree[i], 0, 1, n - 1), queue)
    seen, noted, measured, outside = none.copy(), none.copy(), none.copy(), none.copy()
    bucket, chain, keys = none.copy(), none.copy(), none.copy()
    following, last = none.copy(), same.copy()
    pivots, steps = none.copy(), 0
    left, lowest = n, 0
    while left > 0:
        while queue[0][lowest] < 0:
            lowest += 1
        me = queue[0][lowest]
        _remove(me, queue)
        if free + left > len(entries):
            free = _compress(graph)
        left -= weight[me]
        weight[me] = 0
        pivots[steps] = me
        steps += 1
        end = _gather(me, graph, seen, free)
        size = _measure(me, free, end, graph, outside, measured)
        for p in range(free, end):
            i = entries[p]
            _remove(i, queue)
            beyond, key = _prune(i, me, graph, seen, outside)
            if beyond < 0:
                # All its neighbours are in `me`: eliminating it now causes no fill.
                left -= weight[i]
                size -= weight[i]
                weight[i] = 0
                following[last[me]] = i
                last[me] = last[i]
            else:
                degree[i] = min(degree[i], beyond)
                keys[i] = key % n
                chain[i] = bucket[keys[i]]
                bucket[keys[i]] = i
        for p in range(free, end):
            i = entries[p]
            if weight[i] > 0 and bucket[keys[i]] >= 0:
                _merge_alike(bucket[keys[i]], chain, graph, noted, following, last)
                bucket[keys[i]] = -1
        lowest = min(lowest, _requeue(me, free, end, size, left, graph, queue))
        free = start[me] + length[me]
    return _sequence(pivots, steps, following)
