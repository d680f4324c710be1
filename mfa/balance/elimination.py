"""Loops over the entries of a sparse symmetric matrix: plain Python, which numba can compile.

Each function stands alone (none calls another), takes arrays and returns arrays. `symbolic` runs
them, compiled or not. A matrix is given by the columns of its symmetric pattern (``indptr``,
``indices``), the ``order`` in which its rows are eliminated and the inverse ``rank`` of that order.
A tree is given by the ``parent`` of each node, −1 for a root, a child before its parent; or by
``child`` and ``sibling``: the first child of each node, the next child of the same parent.

Sources of the methods: elimination tree and postorder, Liu (1990), SIAM J. Matrix Anal. Appl. 11,
134–172; column counts, Gilbert, Ng & Peyton (1994), ibid. 15, 1075–1091; supernodes and their
relaxation, Ashcraft & Grimes (1989), ACM TOMS 15, 291–309; order of the children, Liu (1986), ACM
TOMS 12, 127–148.
"""

from __future__ import annotations

import numpy as np


def elimination_tree(
    indptr: np.ndarray, indices: np.ndarray, order: np.ndarray, rank: np.ndarray
) -> np.ndarray:
    """Return the parent of each column: the row of the first entry below the diagonal of L."""
    n = len(order)
    parent = np.full(n, -1, np.int64)
    ancestor = np.full(n, -1, np.int64)
    for k in range(n):
        column = order[k]
        for p in range(indptr[column], indptr[column + 1]):
            node = rank[indices[p]]
            while node < k:
                above = ancestor[node]
                ancestor[node] = k
                if above < 0:
                    parent[node] = k
                    break
                node = above
    return parent


def children(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first child of each node and the next sibling, both ascending."""
    n = len(parent)
    child = np.full(n, -1, np.int64)
    sibling = np.full(n, -1, np.int64)
    for node in range(n - 1, -1, -1):
        above = parent[node]
        if above >= 0:
            sibling[node] = child[above]
            child[above] = node
    return child, sibling


def postorder(parent: np.ndarray, child: np.ndarray, sibling: np.ndarray) -> np.ndarray:
    """Return the nodes so that each one follows all of its descendants, and these directly."""
    n = len(parent)
    post = np.empty(n, np.int64)
    done = 0
    for root in range(n):
        if parent[root] >= 0:
            continue
        node = root
        while child[node] >= 0:
            node = child[node]
        while True:
            post[done] = node
            done += 1
            if node == root:
                break
            if sibling[node] >= 0:
                node = sibling[node]
                while child[node] >= 0:
                    node = child[node]
            else:
                node = parent[node]
    return post


def column_counts(
    indptr: np.ndarray,
    indices: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
    parent: np.ndarray,
) -> np.ndarray:
    """Return the number of entries in each column of L, diagonal included.

    `order` must be a postorder. Row i of L is a subtree of the elimination tree with root i: it
    counts +1 at its leaves, −1 where two neighbouring leaves meet and −1 above i; the sum over the
    descendants of j is then 1 exactly where l_ij ≠ 0.
    """
    n = len(order)
    first = np.arange(n)  # first descendant in postorder
    count = np.ones(n, np.int64)  # a leaf of the tree starts its own row
    for node in range(n):
        above = parent[node]
        if above >= 0:
            first[above] = min(first[above], first[node])
            count[above] = 0
    highest = np.full(n, -1, np.int64)
    leaf = np.full(n, -1, np.int64)
    ancestor = np.arange(n)
    for j in range(n):
        if parent[j] >= 0:
            count[parent[j]] -= 1
        for p in range(indptr[order[j]], indptr[order[j] + 1]):
            i = rank[indices[p]]
            if i <= j or first[j] <= highest[i]:
                continue
            highest[i] = j
            count[j] += 1
            if leaf[i] >= 0:
                meet = leaf[i]
                while meet != ancestor[meet]:
                    ancestor[meet] = ancestor[ancestor[meet]]
                    meet = ancestor[meet]
                count[meet] -= 1
            leaf[i] = j
        if parent[j] >= 0:
            ancestor[j] = parent[j]
    for j in range(n):
        if parent[j] >= 0:
            count[parent[j]] += count[j]
    return count


def supernodes(parent: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the supernode of each column: runs of columns with the same rows below them."""
    label = np.zeros(len(parent), np.int64)
    for j in range(1, len(parent)):
        same = parent[j - 1] == j and count[j - 1] == count[j] + 1
        label[j] = label[j - 1] + (0 if same else 1)
    return label


def amalgamate(
    child: np.ndarray,
    sibling: np.ndarray,
    width: np.ndarray,
    size: np.ndarray,
    columns: np.ndarray,
    share: np.ndarray,
) -> np.ndarray:
    """Return into which supernode each one is merged (itself: none) and widen these in place.

    Parameters
    ----------
    child, sibling
        The tree of supernodes; a child before its parent.
    width, size
        Columns and rows of each front; become those of the merged fronts.
    columns, share
        A merger to at most ``columns[k]`` columns may hold the share ``share[k]`` of zeros; one to
        more columns the last share.
    """
    into = np.arange(len(width))
    zeros = np.zeros(len(width), np.int64)
    for top in range(len(width)):
        node = child[top]
        while node >= 0:
            wide, high = width[node] + width[top], width[node] + size[top]
            panel = wide * high - wide * (wide - 1) // 2
            filled = width[node] * size[node] - width[node] * (width[node] - 1) // 2 - zeros[node]
            filled += width[top] * size[top] - width[top] * (width[top] - 1) // 2 - zeros[top]
            k = 0
            while k < len(columns) and wide > columns[k]:
                k += 1
            if panel - filled <= share[k] * panel:
                into[node] = top
                width[top], size[top], zeros[top] = wide, high, panel - filled
            node = sibling[node]
    return into


def largest_first(child: np.ndarray, sibling: np.ndarray, below: np.ndarray) -> None:
    """Move the child whose subtree needs the most work space to the head of each list, in place."""
    n = len(child)
    peak = np.zeros(n, np.int64)
    for top in range(n):
        best, before, last, gain = -1, -1, -1, -1
        node = child[top]
        while node >= 0:
            if peak[node] - below[node] ** 2 > gain:
                best, before, gain = node, last, peak[node] - below[node] ** 2
            last, node = node, sibling[node]
        if before >= 0:
            sibling[before] = sibling[best]
            sibling[best] = child[top]
            child[top] = best
        held = 0
        node = child[top]
        while node >= 0:
            peak[top] = max(peak[top], held + peak[node])
            held += below[node] ** 2
            node = sibling[node]
        peak[top] = max(peak[top], held + below[top] ** 2)


def fill_in(
    indptr: np.ndarray,
    indices: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
    first: np.ndarray,
    row_at: np.ndarray,
    child: np.ndarray,
    sibling: np.ndarray,
) -> np.ndarray:
    """Return the rows below each supernode, in any order: those of its columns and children."""
    rows = np.empty(row_at[-1], np.int32)
    seen = np.full(len(order), -1, np.int64)
    for s in range(len(first) - 1):
        end, last = row_at[s], first[s + 1]
        for j in range(first[s], last):
            for p in range(indptr[order[j]], indptr[order[j] + 1]):
                i = rank[indices[p]]
                if i >= last and seen[i] != s:
                    seen[i] = s
                    rows[end] = i
                    end += 1
        node = child[s]
        while node >= 0:
            for p in range(row_at[node], row_at[node + 1]):
                i = rows[p]
                if i >= last and seen[i] != s:
                    seen[i] = s
                    rows[end] = i
                    end += 1
            node = sibling[node]
    return rows


def places(
    indptr: np.ndarray,
    indices: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
    first: np.ndarray,
    row_at: np.ndarray,
    panel_at: np.ndarray,
    child: np.ndarray,
    sibling: np.ndarray,
    rows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return where rows of children stand in the parent's front, and entries of N in the panels.

    The latter by supernode: where its entries start, their numbers in N (those on and below the
    diagonal), their places.
    """
    within = np.empty(len(rows), np.int32)
    entry_at = np.zeros(len(first), np.int64)
    entry = np.empty(len(indices), np.int64)
    slot = np.empty(len(indices), np.int64)
    place = np.zeros(len(order), np.int64)
    count = 0
    for s in range(len(first) - 1):
        begin, last = first[s], first[s + 1]
        height = last - begin + row_at[s + 1] - row_at[s]
        for j in range(begin, last):
            place[j] = j - begin
        for p in range(row_at[s], row_at[s + 1]):
            place[rows[p]] = last - begin + p - row_at[s]
        for j in range(begin, last):
            for p in range(indptr[order[j]], indptr[order[j] + 1]):
                i = rank[indices[p]]
                if i >= j:
                    entry[count] = p
                    slot[count] = panel_at[s] + (j - begin) * height + place[i]
                    count += 1
        entry_at[s + 1] = count
        node = child[s]
        while node >= 0:
            for p in range(row_at[node], row_at[node + 1]):
                within[p] = place[rows[p]]
            node = sibling[node]
    return within, entry_at, entry[:count].copy(), slot[:count].copy()


def stack_places(
    parent: np.ndarray, child: np.ndarray, sibling: np.ndarray, below: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return where each update matrix stands in the work space, and how long that must be.

    There are two stacks, for supernodes at even and at odd depth, so that a front is built straight
    on its final place while its children still stand on the other stack.
    """
    n = len(parent)
    side = np.zeros(n, np.int64)
    for node in range(n - 1, -1, -1):
        if parent[node] >= 0:
            side[node] = 1 - side[parent[node]]
    at = np.empty(n, np.int64)
    top = np.zeros(2, np.int64)
    peak = np.zeros(2, np.int64)
    for s in range(n):
        node = child[s]
        while node >= 0:
            top[side[node]] -= below[node] ** 2
            node = sibling[node]
        at[s] = top[side[s]]
        top[side[s]] += below[s] ** 2
        peak[side[s]] = max(peak[side[s]], top[side[s]])
    for s in range(n):
        if side[s] == 1:
            at[s] += peak[0]
    return at, peak[0] + peak[1]
