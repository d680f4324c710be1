"""How a quantity that nobody reported follows from others: which relations, in which order.

Relations with a single unknown settle it, which may leave others with a single unknown, and so on:
the way a person would do it. Where that stops, the smallest set of relations that together settle
the quantity is sought: the sparsest combination of rows that cancels every other unknown, by a
linear programme that minimises the sum of absolute weights. That set falls into blocks, each of as
many relations as unknowns, to be solved one after the other (Dulmage & Mendelsohn 1958).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from mfa.balance.classify import DETERMINED, FREE

if TYPE_CHECKING:
    from mfa.account import Account

SMALL = 1e-9  # scaled derivative below which a relation says nothing about a quantity
LARGEST = 3000  # rows up to which a smallest set is sought


@dataclass(frozen=True)
class Block:
    """Relations that settle as many quantities, given those of earlier blocks."""

    rows: tuple[int, ...]
    unknowns: tuple[int, ...]


def derive(account: Account, index: int) -> tuple[Block, ...] | None:
    """Return the blocks that lead to an unmeasured quantity, causes first; None when too large."""
    J, unknown = _unknown_part(account)
    J, columns, rows = _around(J, int(np.searchsorted(unknown, index)))
    names = unknown[columns]
    target = int(np.searchsorted(names, index))
    settled = _peel(J, target)
    if target in settled:
        return _trace(J, settled, [target], names, rows)
    found = _smallest_set(J, settled, target)
    if found is None:
        return None
    used = np.unique(J[found].indices).tolist()
    inner = [column for column in used if column in settled]
    rest = [column for column in used if column not in settled]
    blocks = _blocks(J[found][:, rest], rest.index(target))
    together = [
        Block(
            tuple(int(rows[found[r]]) for r in block_rows),
            tuple(int(names[rest[c]]) for c in block_columns),
        )
        for block_rows, block_columns in blocks
    ]
    return (*_trace(J, settled, inner, names, rows), *together)


def is_known(account: Account) -> np.ndarray:
    """Return whether each quantity, hidden ones included, is observed or constant; (n,)."""
    status, q = account.classification.status, account.equations.quantities
    known = (status != DETERMINED) & (status != FREE)
    known[q.visible :] |= np.isin(
        np.arange(q.visible, q.count), account.equations.observations.index
    )
    return known


def _unknown_part(account: Account) -> tuple[sp.csr_array, np.ndarray]:
    """Return the scaled derivatives of all rows by the unknown quantities, and which these are."""
    solution = account.solution
    assert solution.jacobian is not None
    assert solution.kkt is not None
    inner = np.flatnonzero(~is_known(account)[solution.unfixed])
    J = (solution.jacobian @ sp.diags_array(solution.kkt.column_scale)).tocsr()
    largest = np.abs(J).max(axis=1).toarray().ravel()
    J = (sp.diags_array(1.0 / np.where(largest > 0, largest, 1.0)) @ J).tocsr()[:, inner]
    J.data[np.abs(J.data) < SMALL] = 0.0
    J.eliminate_zeros()
    return J, solution.unfixed[inner]


def _around(J: sp.csr_array, column: int) -> tuple[sp.csr_array, np.ndarray, np.ndarray]:
    """Return the part of J that hangs together with `column`, its columns and its rows."""
    m = J.shape[0]
    both = sp.block_array([[None, J], [J.T, None]], format="csr")
    _, label = sp.csgraph.connected_components(both, directed=False)
    rows = np.flatnonzero(label[:m] == label[m + column])
    columns = np.flatnonzero(label[m:] == label[m + column])
    return J[rows][:, columns].tocsr(), columns, rows


def _peel(J: sp.csr_array, target: int) -> dict[int, int]:
    """Return column → row that settles it, found from row to row until `target` is among them.

    Rows come in rounds; within a round the one with the fewest unknowns at the start goes first.
    """
    by_column = J.tocsc()
    count = np.diff(J.indptr)
    size = count.copy()
    queue = [(0, int(size[row]), int(row)) for row in np.flatnonzero(count == 1)]
    heapq.heapify(queue)
    settled: dict[int, int] = {}
    while queue and target not in settled:
        level, _, row = heapq.heappop(queue)
        left = [c for c in J.indices[J.indptr[row] : J.indptr[row + 1]] if c not in settled]
        if len(left) != 1:
            continue
        column = int(left[0])
        settled[column] = row
        for other in by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]:
            count[other] -= 1
            if count[other] == 1:
                heapq.heappush(queue, (level + 1, int(size[other]), int(other)))
    return settled


def _trace(
    J: sp.csr_array,
    settled: dict[int, int],
    wanted: list[int],
    names: np.ndarray,
    row_names: np.ndarray,
) -> tuple[Block, ...]:
    """Return the single steps that lead to the wanted columns, causes first."""
    order = {column: k for k, column in enumerate(settled)}
    needed, open_ = set(wanted), list(wanted)
    while open_:
        row = settled[open_.pop()]
        for column in J.indices[J.indptr[row] : J.indptr[row + 1]]:
            if int(column) not in needed:
                needed.add(int(column))
                open_.append(int(column))
    return tuple(
        Block((int(row_names[settled[column]]),), (int(names[column]),))
        for column in sorted(needed, key=order.__getitem__)
    )


def _blocks(J: sp.csr_array, target: int) -> list[tuple[list[int], list[int]]]:
    """Return rows and columns of the blocks that a square system falls into, up to the target's."""
    m, n = J.shape
    match = sp.csgraph.maximum_bipartite_matching(sp.csr_array(J), perm_type="row")
    if m != n or (match < 0).any():
        return [(list(range(m)), list(range(n)))]
    # match[c] is the row that settles column c; c waits for the other columns of that row.
    ordered = sp.csr_array(J)[match]
    _, label = sp.csgraph.connected_components(ordered, directed=True, connection="strong")
    needs: dict[int, set[int]] = {}
    for column in range(n):
        own = int(label[column])
        others = ordered.indices[ordered.indptr[column] : ordered.indptr[column + 1]]
        needs.setdefault(own, set()).update(set(label[others].tolist()) - {own})
    order: list[int] = []

    def visit(block: int) -> None:
        if block not in order:
            for other in sorted(needs[block]):
                visit(other)
            order.append(block)

    visit(int(label[target]))
    members = [np.flatnonzero(label == block).tolist() for block in order]
    return [([int(match[c]) for c in columns], columns) for columns in members]


def _smallest_set(J: sp.csr_array, settled: dict[int, int], target: int) -> list[int] | None:
    """Return rows whose weighted sum holds no open column but `target`, if there are any."""
    from scipy.optimize import linprog

    open_ = np.array([c for c in range(J.shape[1]) if c not in settled])
    inner = J[:, open_].tocsr()
    rows = np.flatnonzero(np.diff(inner.indptr))
    if len(rows) > LARGEST:
        return None
    columns = inner[rows].T.tocsr()
    goal = (open_ == target).astype(float)
    result = linprog(
        np.ones(2 * len(rows)),
        A_eq=sp.hstack([columns, -columns], format="csr"),
        b_eq=goal,
        bounds=(0, None),
        method="highs-ds",
    )
    if result.status != 0:
        return None
    weight = np.abs(result.x[: len(rows)] - result.x[len(rows) :])
    return rows[weight > SMALL * weight.max()].tolist()
