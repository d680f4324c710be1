"""The structure of a sparse Cholesky factor: its order, supernodes and the places of all entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spilu

from mfa.balance import elimination

# A child is merged into its parent when the panel of both holds at most this share of zeros,
# by the number of columns of both (the last share holds beyond the last number).
MERGE_COLUMNS = np.array([4, 16, 48])
MERGE_ZEROS = np.array([0.8, 0.3, 0.1, 0.05])


@dataclass(frozen=True)
class Supernodes:
    """The supernodal structure of L in its final order; supernodes stand in postorder.

    Supernode s owns the columns ``first[s]:first[s+1]`` and, below them, the rows
    ``rows[row_at[s]:row_at[s+1]]``. Its dense panel (its columns one after the other, each with all
    rows of the front, own columns first) starts at ``panel_at[s]``.

    Attributes
    ----------
    order
        Original index of each row of the permuted matrix.
    first, row_at, panel_at
        Where columns, rows and panels start; one longer than the number of supernodes.
    rows
        Row indices below each supernode, ascending.
    within
        For each of ``rows``: its place in the front of the parent.
    parent, child, sibling
        The tree of supernodes: parent, first child and next child of the same parent, or −1.
    stack_at, stack_size
        Where the update matrix of each supernode stands in the work space, and its length.
    slot
        For each stored entry of N its place in the panels (of its mirror above the diagonal).
    """

    order: np.ndarray
    first: np.ndarray
    row_at: np.ndarray
    panel_at: np.ndarray
    rows: np.ndarray
    within: np.ndarray
    parent: np.ndarray
    child: np.ndarray
    sibling: np.ndarray
    stack_at: np.ndarray
    stack_size: int
    slot: np.ndarray


def minimum_degree(pattern: sp.csc_array) -> np.ndarray:
    """Return SuperLU's minimum-degree order of a symmetric `pattern`: entry k is eliminated k-th.

    It comes from an incomplete factorisation of a matrix with this pattern which drops everything
    outside the diagonal, so that nearly all its time goes into the ordering (Liu 1985, ACM TOMS 11,
    141–153, as built into SuperLU).
    """
    n = pattern.shape[0]
    column = np.repeat(np.arange(n), np.diff(pattern.indptr))
    data = np.where(column == pattern.indices, 1.0, 1e-9)
    factor = spilu(
        sp.csc_array((data, pattern.indices, pattern.indptr), shape=(n, n)),
        drop_tol=1.0,
        fill_factor=1.0,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return inverse(factor.perm_c)


def analyse(pattern: sp.csc_array, order: np.ndarray, *, compiled: bool) -> Supernodes:
    """Return the supernodes of the Cholesky factor of a symmetric `pattern` eliminated in `order`.

    Parameters
    ----------
    pattern
        Canonical CSC matrix with symmetric pattern; its values do not matter.
    order
        Original index of the row eliminated k-th; the result may differ from it without more fill.
    compiled
        Run the loops through numba.
    """
    run = _compiled if compiled else _plain
    columns = pattern.indptr.astype(np.int64), pattern.indices
    order = order.astype(np.int64)
    parent = run(elimination.elimination_tree)(*columns, order, inverse(order))
    post = run(elimination.postorder)(parent, *run(elimination.children)(parent))
    order, parent = order[post], _renumber(parent, post)
    count = run(elimination.column_counts)(*columns, order, inverse(order), parent)
    label, parent, width, below = _fronts(run, parent, count)
    tree = run(elimination.children)(parent)
    run(elimination.largest_first)(*tree, below)
    post = run(elimination.postorder)(parent, *tree)
    order = order[np.argsort(inverse(post)[label], kind="stable")]
    parent, width, below = _renumber(parent, post), width[post], below[post]
    tree = run(elimination.children)(parent)
    first, row_at, panel_at = _starts(width), _starts(below), _starts(width * (width + below))
    columns = *columns, order, inverse(order), first, row_at
    rows = run(elimination.fill_in)(*columns, *tree)
    within, slot = run(elimination.places)(*columns, panel_at, *tree, rows)
    stack_at, stack_size = run(elimination.stack_places)(parent, *tree, below)
    slot = np.maximum(slot, slot[mirrored(pattern)])
    return Supernodes(
        order, first, row_at, panel_at, rows, within, parent, *tree, stack_at, stack_size, slot
    )


def mirrored(pattern: sp.csc_array) -> np.ndarray:
    """Return for each stored entry of a canonical `pattern` the place of its mirror image.

    Raises
    ------
    ValueError
        The pattern is not symmetric.
    """
    numbers = np.arange(len(pattern.indices))
    turned = sp.csc_array((numbers, pattern.indices, pattern.indptr), shape=pattern.shape).tocsr()
    same = np.array_equal(turned.indptr, pattern.indptr)
    if not same or not np.array_equal(turned.indices, pattern.indices):
        raise ValueError("The pattern of the matrix is not symmetric.")
    return turned.data


def inverse(order: np.ndarray) -> np.ndarray:
    """Return the inverse permutation.

    Examples
    --------
    >>> inverse(np.array([2, 0, 1]))
    array([1, 2, 0])
    """
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _fronts(
    run: Callable, parent: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return for the merged supernodes: label of each column, parent, columns, rows below."""
    label = run(elimination.supernodes)(parent, count)
    width = np.bincount(label)
    last = np.cumsum(width) - 1
    parent = _lookup(label, parent[last])
    size = count[last] + width - 1
    tree = run(elimination.children)(parent)
    into = run(elimination.amalgamate)(*tree, width, size, MERGE_COLUMNS, MERGE_ZEROS)
    while np.any(into != into[into]):
        into = into[into]
    kept = np.flatnonzero(into == np.arange(len(into)))
    number = np.cumsum(into == np.arange(len(into))) - 1
    parent = _lookup(number[into], parent[kept])
    return number[into][label], parent, width[kept], (size - width)[kept]


def _renumber(parent: np.ndarray, post: np.ndarray) -> np.ndarray:
    """Return the parents when node ``post[k]`` becomes node k."""
    return _lookup(inverse(post), parent[post])


def _lookup(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return ``table[index]``, −1 where the index is −1."""
    return np.where(index >= 0, table[index], -1)


def _starts(lengths: np.ndarray) -> np.ndarray:
    """Return where consecutive blocks of these lengths start, and the end of the last."""
    return np.concatenate([[0], np.cumsum(lengths)])


def _plain(function: Callable) -> Callable:
    return function


@cache
def _compiled(function: Callable) -> Callable:
    from numba import njit

    return njit(cache=True)(function)
