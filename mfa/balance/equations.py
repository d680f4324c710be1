"""The equations of a system: linear rows, nonlinear terms, bounds and observations as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from mfa.balance.quantities import CHANGE, FLOW, Quantities
from mfa.balance.terms import compile_shape

BALANCE, CARRY, PARENT, RELATION, DEFINITION, TRANSFER = range(6)


@dataclass
class TermBlock:
    """All nonlinear terms of one shape: row, coefficient, quantities (T × k), constants (T × c)."""

    shape: str
    rows: np.ndarray
    coefficients: np.ndarray
    quantities: np.ndarray
    constants: np.ndarray


@dataclass
class Observations:
    """Observations as arrays, in internal units: ``x[index] ≈ value ± sd``; ``row`` in the table.

    ``covariance`` holds (i, j, value) of correlated pairs, i and j being positions here; ``shape``
    the distribution's code (`mfa.balance.distribution`), None when all are normal; ``limits`` (k,
    2) the ends of a uniform or triangular distribution, NaN where σ alone says how far it goes.
    """

    index: np.ndarray
    value: np.ndarray
    sd: np.ndarray
    row: np.ndarray
    covariance: list[tuple[int, int, float]] = field(default_factory=list)
    shape: np.ndarray | None = None
    limits: np.ndarray | None = None


@dataclass
class Equations:
    """``f(x) = A x − b + terms = 0`` with bounds and observations, all in internal units.

    Attributes
    ----------
    A, b
        Linear part, m × n (CSR) and m.
    row_kind, row_ref
        What each row is (BALANCE, CARRY, PARENT, RELATION, DEFINITION, TRANSFER) and its reference:
        for a balance the row of `balances`, for a relation its row in the system's table.
    balances
        m_b × 4: process row, layer row, period and region index.
    """

    quantities: Quantities
    A: sp.csr_array
    b: np.ndarray
    blocks: list[TermBlock]
    row_kind: np.ndarray
    row_ref: np.ndarray
    balances: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    start: np.ndarray
    observations: Observations
    factored: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def linear(self) -> bool:
        """Whether there are no nonlinear terms."""
        return not self.blocks

    @property
    def curved(self) -> np.ndarray:
        """The rows with nonlinear terms, ascending."""
        return np.unique(np.concatenate([np.zeros(0, dtype=int), *(b.rows for b in self.blocks)]))

    def residual(self, x: np.ndarray) -> np.ndarray:
        """Return f(x), shape (m,)."""
        out = self.A @ x - self.b
        for block in self.blocks:
            np.add.at(out, block.rows, block.coefficients * _evaluate(block, x))
        return out

    def jacobian(self, x: np.ndarray) -> sp.csr_array:
        """Return ∂f/∂x at x, m × n."""
        if self.linear:
            return self.A
        rows, columns, values = [], [], []
        for block in self.blocks:
            for k, gradient in enumerate(_gradients(block, x)):
                rows.append(block.rows)
                columns.append(block.quantities[:, k])
                values.append(block.coefficients * gradient)
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return (self.A + sp.csr_array(sp.coo_array(entries, shape=self.A.shape))).tocsr()

    def smooth(self, x: np.ndarray) -> bool:
        """Return whether every nonlinear term has finite derivatives at x."""
        return all(
            bool(np.isfinite(part).all()) for block in self.blocks for part in _gradients(block, x)
        )

    def magnitude(self, x: np.ndarray) -> np.ndarray:
        """Return Σ |terms| of each row at x: what a residual is to be compared with."""
        out = abs(self.A) @ np.abs(x) + np.abs(self.b)
        for block in self.blocks:
            np.add.at(out, block.rows, np.abs(block.coefficients * _evaluate(block, x)))
        return out


def rough(block: TermBlock, x: np.ndarray) -> np.ndarray:
    """Return which terms of the block lack a finite value or derivative at x, (T,)."""
    parts = [_evaluate(block, x), *_gradients(block, x)]
    return ~np.isfinite(np.broadcast_arrays(*parts)).all(axis=0)


def _columns(block: TermBlock, x: np.ndarray) -> list[np.ndarray]:
    return [*x[block.quantities].T, *block.constants.T]


def _evaluate(block: TermBlock, x: np.ndarray) -> np.ndarray:
    shape = compile_shape(block.shape, block.quantities.shape[1], block.constants.shape[1])
    with np.errstate(all="ignore"):
        return np.asarray(shape.value(*_columns(block, x)), dtype=float)


def _gradients(block: TermBlock, x: np.ndarray) -> list[np.ndarray]:
    shape = compile_shape(block.shape, block.quantities.shape[1], block.constants.shape[1])
    with np.errstate(all="ignore"):
        parts = shape.gradient(*_columns(block, x))
    return [np.broadcast_to(np.asarray(part, dtype=float), block.rows.shape) for part in parts]


@dataclass
class Rows:
    """Rows under construction: triplets, right-hand sides and what each row is."""

    i: list[np.ndarray] = field(default_factory=list)
    j: list[np.ndarray] = field(default_factory=list)
    v: list[np.ndarray] = field(default_factory=list)
    rhs: list[np.ndarray] = field(default_factory=list)
    kind: list[np.ndarray] = field(default_factory=list)
    ref: list[np.ndarray] = field(default_factory=list)
    count: int = 0

    def add(
        self,
        i: np.ndarray,
        j: np.ndarray,
        v: np.ndarray,
        n: int,
        kind: int,
        ref: np.ndarray,
        rhs: np.ndarray | None = None,
    ) -> int:
        """Append n rows; `i` counts from 0 within them. Returns the number of the first."""
        first = self.count
        self.i.append(np.asarray(i, dtype=np.int64) + first)
        self.j.append(np.asarray(j, dtype=np.int64))
        self.v.append(np.asarray(v, dtype=float))
        self.rhs.append(np.zeros(n) if rhs is None else np.asarray(rhs, dtype=float))
        self.kind.append(np.full(n, kind))
        self.ref.append(np.asarray(ref, dtype=np.int64))
        self.count += n
        return first

    def matrix(self, columns: int) -> tuple[sp.csr_array, np.ndarray, np.ndarray, np.ndarray]:
        """Return A, b, kinds and references."""
        if not self.count:
            none = np.zeros(0, dtype=np.int64)
            return sp.csr_array((0, columns)), np.zeros(0), none, none
        entries = (np.concatenate(self.v), (np.concatenate(self.i), np.concatenate(self.j)))
        matrix = sp.csr_array(sp.coo_array(entries, shape=(self.count, columns)))
        matrix.sum_duplicates()
        return (
            matrix,
            np.concatenate(self.rhs),
            np.concatenate(self.kind),
            np.concatenate(self.ref),
        )


def numbered(keys: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct keys, ascending, and the number of each key among them.

    Examples
    --------
    >>> [part.tolist() for part in numbered(np.array([7, 2, 7]), 10)]
    [[2, 7], [1, 0, 1]]
    """
    if count > 8 * len(keys) + 10_000:
        return np.unique(keys, return_inverse=True)
    used = np.zeros(count, dtype=bool)
    used[keys] = True
    number = np.cumsum(used) - 1
    return np.flatnonzero(used), number[keys]


def balance_rows(
    rows: Rows,
    quantities: Quantities,
    source: np.ndarray,
    target: np.ndarray,
    stock_process: np.ndarray,
    balanced: np.ndarray,
    shape: tuple[int, int, int, int],
) -> np.ndarray:
    """Add ``in − out − stock change = 0`` for every balanced process, layer, period and region.

    Parameters
    ----------
    source, target, stock_process
        Process row of each flow's ends and of each stock, by row in their tables.
    balanced
        Whether each process conserves mass.
    shape
        Numbers of processes, layers, periods and regions.

    Returns
    -------
    numpy.ndarray
        One line a balance: process, layer, period, region.
    """
    kinds, table_row = quantities.kinds, quantities.rows
    flows, changes = np.flatnonzero(kinds == FLOW), np.flatnonzero(kinds == CHANGE)
    index = np.concatenate([flows, flows, changes])
    process = np.concatenate(
        [target[table_row[flows]], source[table_row[flows]], stock_process[table_row[changes]]]
    )
    sign = np.concatenate([np.ones(len(flows)), -np.ones(len(flows)), -np.ones(len(changes))])
    keep = balanced[process] if len(process) else np.zeros(0, bool)
    index, process, sign = index[keep], process[keep], sign[keep]
    key = (
        np.ravel_multi_index(
            (
                process,
                quantities.layers[index],
                quantities.periods[index],
                quantities.regions[index],
            ),
            shape,
        )
        if len(index)
        else np.zeros(0, dtype=np.int64)
    )
    distinct, row = numbered(key, int(np.prod(shape)))
    rows.add(row, index, sign, len(distinct), BALANCE, np.arange(len(distinct)))
    return np.stack(np.unravel_index(distinct, shape), axis=1).astype(np.int64)
