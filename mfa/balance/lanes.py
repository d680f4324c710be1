"""Many small symmetric systems of one pattern, one for each draw, solved side by side.

The pattern is ordered and its factor L D Lᵀ laid out once; then every operation of the elimination
is done for many draws in step, which the processor's vector units are made for. The matrices are
saddle points with a little regularisation, factorised without pivoting (Vanderbei 1995); the number
of negative pivots tells whether a draw stands at a minimum (Sylvester's law of inertia).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance.symbolic import inverse, minimum_degree

MOST = 2_000_000  # products in one factorisation beyond which other ways are better
TALLEST = 30_000
WIDTH = 16  # draws that go through the arithmetic in step


class Lanes:
    """The factor of one pattern, laid out for many matrices at once.

    Parameters
    ----------
    size
        Rows of each matrix.
    steady
        Places (row, column) of entries that are the same in all matrices, k × 2, in the lower or
        upper triangle, the whole diagonal among them.
    loose
        Places of what is added to that in each, l × 2; places may repeat.

    Attributes
    ----------
    pattern
        What the compiled code wants to know; None where the factor would be too large.
    """

    def __init__(self, size: int, steady: np.ndarray, loose: np.ndarray) -> None:
        both = np.concatenate([steady, loose])
        ones = np.ones(2 * len(both))
        places = (
            np.concatenate([both[:, 0], both[:, 1]]),
            np.concatenate([both[:, 1], both[:, 0]]),
        )
        whole = sp.csc_array(sp.coo_array((ones, places), shape=(size, size)))
        self.size, self.order = size, np.asarray(minimum_degree(whole), dtype=np.int64)
        self.rank = inverse(self.order)
        self.pattern: tuple[np.ndarray, ...] | None = None
        columns = _filled(whole, self.order, self.rank)
        if columns is not None:
            lengths = np.array([len(rows) for rows in columns], dtype=np.int64)
            self.start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            self.row = np.concatenate([np.zeros(0, dtype=np.int64), *columns])
            self._key = np.repeat(np.arange(size), lengths) * size + self.row
            self.pattern = self._pattern(steady, loose)

    def _pattern(self, steady: np.ndarray, loose: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what `lanes_numba.solve_lanes` wants to know."""
        return (
            self.start,
            self.row,
            self._targets(),
            self.order,
            self._entries(steady),
            self._entries(loose),
        )

    def _entries(self, places: np.ndarray) -> np.ndarray:
        """Return place in L, row and column of entries, k × 3."""
        i, j = self.rank[places[:, 0]], self.rank[places[:, 1]]
        at = self._find(np.maximum(i, j), np.minimum(i, j))
        return np.stack([at, places[:, 0], places[:, 1]], axis=1).astype(np.int64)

    def _find(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the places of entries in L."""
        return np.searchsorted(self._key, column * self.size + row)

    def _targets(self) -> np.ndarray:
        """Return where the products of each column's entries go, in the order they are made."""
        parts = [np.zeros(0, dtype=np.int64)]
        for j in range(self.size):
            below = self.row[self.start[j] + 1 : self.start[j + 1]]
            a, b = np.triu_indices(len(below))
            parts.append(self._find(below[b], below[a]))
        return np.concatenate(parts)

    def solve(
        self, base: np.ndarray, moving: np.ndarray, free: np.ndarray, right: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each draw's solution, and the number of negative pivots of its matrix.

        Parameters
        ----------
        base, moving
            Values of the steady (k,) and the loose entries (l × draws).
        free
            1, or 0 for what is held: there the solution is 0; rows × draws.
        right
            Right-hand sides, rows × draws.
        """
        from mfa.balance.lanes_numba import solve_lanes

        assert self.pattern is not None
        out, negative = np.array(right, order="C"), np.zeros(right.shape[1], dtype=np.int64)
        solve_lanes(
            self.pattern, base[:, None], np.ascontiguousarray(moving), free, out, negative, WIDTH
        )
        return out, negative


def _filled(whole: sp.csc_array, order: np.ndarray, rank: np.ndarray) -> list[np.ndarray] | None:
    """Return the rows of each column of L in ascending order, the diagonal first.

    None where that takes more than `MOST` products, or there are more than `TALLEST` columns.
    """
    out: list[np.ndarray] = []
    products = 0
    if len(order) > TALLEST:
        return None
    waiting: list[list[np.ndarray]] = [[] for _ in range(len(order))]
    for j, original in enumerate(order):
        own = rank[whole.indices[whole.indptr[original] : whole.indptr[original + 1]]]
        rows = np.unique(np.concatenate([[j], own[own > j], *waiting[j]]))
        out.append(rows)
        products += len(rows) * (len(rows) - 1) // 2
        if products > MOST:
            return None
        waiting[j] = []
        if len(rows) > 1:
            waiting[rows[1]].append(rows[1:])
    return out
