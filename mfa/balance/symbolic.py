"""The structure of a sparse Cholesky factor: order, elimination tree, supernodes, row patterns.

The loops over entries are plain Python that numba can compile; `analyse` runs them either way, so
the structure is the same with and without the ``[scale]`` extra.

Sources of the methods: elimination tree and postorder, Liu (1990), SIAM J. Matrix Anal. Appl. 11,
134–172; column counts, Gilbert, Ng & Peyton (1994), ibid. 15, 1075–1091; supernodes and their
relaxation, Ashcraft & Grimes (1989), ACM TOMS 15, 291–309; minimum degree, Liu (1985), ACM TOMS 11,
141–153 (as built into SuperLU).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spilu


@dataclass(frozen=True)
class Supernodes:
    """The supernodal structure of L in its final order; supernodes stand in postorder.

    Supernode s owns the columns ``first[s]:first[s+1]`` and, below them, the rows
    ``rows[row_at[s]:row_at[s+1]]``; its dense panel (columns × all its rows, column after column)
    starts at ``panel_at[s]``.

    Attributes
    ----------
    order
        Original index of each row of the permuted matrix.
    first, row_at, panel_at
        Where columns, rows and panels start; one longer than the supernodes.
    rows
        Row indices below each supernode, ascending.
    within
        For each of ``rows``: its place in the parent's front (own columns, then own rows).
    child, sibling
        First child of each supernode and the next one of the same parent; −1 ends the list.
    stack_at
        Where the update matrix of each supernode stands in the work space.
    stack_size
        Length of the work space.
    slot
        For each stored entry of N: its place in the panels (mirrored where above the diagonal).
    """

    order: np.ndarray
    first: np.ndarray
    row_at: np.ndarray
    panel_at: np.ndarray
    rows: np.ndarray
    within: np.ndarray
    child: np.ndarray
    sibling: np.ndarray
    stack_at: np.ndarray
    stack_size: int
    slot: np.ndarray


def minimum_degree(pattern: sp.csc_array) -> np.ndarray:
    """Return SuperLU's minimum-degree order of a symmetric `pattern`: row k is eliminated k-th.

    The order comes from an incomplete factorisation of a matrix with this pattern which drops
    everything outside the diagonal, so that nearly all its time goes into the ordering.
    """
    n = pattern.shape[0]
    data = np.full(len(pattern.indices), 1e-9)
    column = np.repeat(np.arange(n), np.diff(pattern.indptr))
    data[column == pattern.indices] = 1.0
    matrix = sp.csc_array((data, pattern.indices, pattern.indptr), shape=(n, n))
    factor = spilu(
        matrix,
        drop_tol=1.0,
        fill_factor=1.0,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.argsort(factor.perm_c).astype(np.int64)


def analyse(pattern: sp.csc_array, order: np.ndarray, *, compiled: bool) -> Supernodes:
    """Return the supernodes of the Cholesky factor of a symmetric `pattern` in this `order`.

    `compiled` runs the loops through numba.
    """
    run = _compiled if compiled else _plain
    indptr, indices = pattern.indptr.astype(np.int64), pattern.indices
    n = len(order)
    parent = run(elimination_tree)(indptr, indices, order, _inverse(order))
    post = run(postorder)(parent)
    order, parent = order[post], _relabel(parent, post)
    rank = _inverse(order)
    count = run(column_counts)(indptr, indices, order, rank, parent)
    label, size, width = run(amalgamate)(parent, count)
    # Renumber: supernodes in the postorder of their own tree, columns as they came within each.
    first_child, sibling, post = run(supernode_tree)(parent, label, width, size)
    place = _inverse(post)
    columns = np.argsort(place[label], kind="stable")
    order = order[columns]
    rank = _inverse(order)
    width, size = width[post], size[post]
    ...
