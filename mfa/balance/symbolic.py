"""The structure of a sparse Cholesky factor: order, supernodes and the places of all entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spilu

from mfa.balance import elimination

# A child is merged into its parent when the panel of both holds at most this share of zeros, by the
# number of columns of both (the last share holds beyond the last number).
MERGE_COLUMNS = np.array([4, 16, 48])
MERGE_ZEROS = np.array([0.5, 0.2, 0.1, 0.05])
# Every elimination next to a row runs through its neighbours, with SuperLU's minimum degree through
# theirs too, which can take minutes: rows with more neighbours than this come last.
FILL_HUB, DEGREE_HUB = 300, 100


@dataclass(frozen=True, eq=False)
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
    child, sibling
        The tree of supernodes: first child, next child of the same parent, or −1.
    stack_at, stack_size
        Where the update matrix of each supernode stands in the work space, and its length.
    entry_at, entry, twin, slot
        For the stored entries of N on and below the diagonal, by supernode: where they start, their
        numbers in N, those of their mirror images, and their places in the panels.
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
    entry_at: np.ndarray
    entry: np.ndarray
    twin: np.ndarray
    slot: np.ndarray


@dataclass(frozen=True, eq=False)
class Symbolic:
    """What the factors of all matrices with one pattern have in common.

    Attributes
    ----------
    backend
        ``"splu"`` or ``"numba"``.
    pattern
        Canonical CSC matrix; only its pattern counts.
    order
        Original index of the row eliminated k-th.
    """

    backend: str
    pattern: sp.csc_array
    order: np.ndarray

    @cached_property
    def supernodes(self) -> Supernodes:
        """The supernodes of L, in an order with the same fill as ``order``."""
        return analyse(self.pattern, self.order, compiled=self.backend == "numba")

    @cached_property
    def entries(self) -> sp.csc_array:
        """Numbers (from 1) of the stored entries of N where ``order`` puts them; see `permuted`."""
        return permuted(self.pattern, self.order)

    def fits(self, N: sp.csc_array) -> bool:
        """Return whether a canonical matrix has the same pattern."""
        return np.array_equal(N.indptr, self.pattern.indptr) and np.array_equal(
            N.indices, self.pattern.indices
        )


def symbolic_of(pattern: sp.csc_array, backend: str) -> Symbolic:
    """Return the order and what depends on it for a canonical symmetric `pattern`."""
    order = minimum_fill(pattern) if backend == "numba" else minimum_degree(pattern)
    return Symbolic(backend, pattern, order)


def permuted(pattern: sp.csc_array, order: np.ndarray) -> sp.csc_array:
    """Return the numbers of the stored entries, from 1, with rows and columns in `order`.

    The whole diagonal is stored; where `pattern` has none, the number is one beyond the last.
    """
    n, rank, count = len(order), inverse(order), len(pattern.indices)
    column = np.repeat(np.arange(n), np.diff(pattern.indptr))
    missing = np.ones(n, bool)
    missing[column[column == pattern.indices]] = False
    bare = np.flatnonzero(missing)
    rows, columns = np.concatenate([pattern.indices, bare]), np.concatenate([column, bare])
    numbers = np.concatenate([np.arange(1, count + 1), np.full(len(bare), count + 1)])
    return sp.csc_array((numbers, (rank[rows], rank[columns])), shape=(n, n))


def minimum_fill(pattern: sp.csc_array) -> np.ndarray:
    """Return an order of approximately minimum fill (`ordering`): entry k is eliminated k-th.

    Needs numba. Rows with many neighbours come last.
    """
    from mfa.balance import ordering

    rest, hubs = _hubs(pattern, FILL_HUB)
    part = _restricted(pattern, rest) if len(hubs) else pattern
    indptr, indices = part.indptr.astype(np.int64), part.indices.astype(np.int32)
    none, same = np.full(len(rest), -1, np.int32), np.arange(len(rest), dtype=np.int32)
    return np.concatenate([rest[ordering.minimum_fill(indptr, indices, none, same)], hubs])


def minimum_degree(pattern: sp.csc_array) -> np.ndarray:
    """Return SuperLU's minimum-degree order of a symmetric `pattern`: entry k is eliminated k-th.

    It comes from an incomplete factorisation of a matrix with this pattern which drops everything
    outside the diagonal, so that nearly all its time goes into the ordering (Liu 1985, ACM TOMS 11,
    141–153, as built into SuperLU). Rows with many neighbours come last.
    """
    rest, hubs = _hubs(pattern, DEGREE_HUB)
    if not len(rest):
        return hubs
    # A stored 1 on the whole diagonal, next to nothing elsewhere.
    part = _restricted(pattern, rest)
    part.data[:] = 1e-9
    factor = spilu(
        (part + sp.eye_array(len(rest))).tocsc(),
        drop_tol=1.0,
        fill_factor=1.0,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.concatenate([rest[inverse(factor.perm_c)], hubs])


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
    twin = mirrored(pattern)
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
    rows = _ascending(run(elimination.fill_in)(*columns, *tree), row_at)
    within, entry_at, entry, slot = run(elimination.places)(*columns, panel_at, *tree, rows)
    stack_at, stack_size = run(elimination.stack_places)(parent, *tree, below)
    return Supernodes(
        order, first, row_at, panel_at, rows, within, *tree, stack_at, int(stack_size),
        entry_at, entry, twin[entry], slot,
    )  # fmt: skip


def mirrored(pattern: sp.csc_array) -> np.ndarray:
    """Return for each stored entry of a canonical `pattern` the number of its mirror image.

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


def _hubs(pattern: sp.csc_array, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with at most `limit` neighbours (or ten times the mean) and the others."""
    degree = np.diff(pattern.indptr)
    hub = degree > max(limit, 10 * len(pattern.indices) // max(len(degree), 1))
    return np.flatnonzero(~hub), np.flatnonzero(hub)


def _restricted(pattern: sp.csc_array, rows: np.ndarray) -> sp.csc_array:
    """Return the part of the pattern in these rows and columns."""
    numbers = np.ones(len(pattern.indices))
    whole = sp.csc_array((numbers, pattern.indices, pattern.indptr), shape=pattern.shape)
    return whole[rows][:, rows].tocsc()


def _ascending(rows: np.ndarray, row_at: np.ndarray) -> np.ndarray:
    """Return the rows of each supernode in ascending order."""
    shape = len(row_at) - 1, int(rows.max(initial=0)) + 1
    lists = sp.csr_array((np.zeros(len(rows), np.int8), rows, row_at), shape=shape)
    lists.sort_indices()
    return lists.indices.astype(np.int32)


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

    return njit(cache=True, no_cfunc_wrapper=True)(function)
