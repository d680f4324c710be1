"""A saddle-point matrix in blocks: each condensed onto what ties them, a small system in between.

With the quantities and rows of block b in K_b, those of the border in C, and what ties them in B_b,

    K = [K_1 … B_1; … ; B_1ᵀ … C],   S = C − Σ B_bᵀ K_b⁻¹ B_b,

a solution is ``y = S⁻¹ (r − Σ B_bᵀ K_b⁻¹ r_b)`` on the border and ``K_b⁻¹ (r_b − B_b y)`` in each
block. Blocks are factorised, condensed and solved by a crew, wherever its members are; K_b and S
are quasi-definite as K is, so that all factors exist. `mfa.balance.kkt` uses it like any other
factor: same regularisation, same refinement on the whole system, hence the same solution.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU

from mfa.balance.division import Division
from mfa.balance.factor import Factor
from mfa.balance.schur import NOTHING, VANISHED, Schur, dense_columns, symmetric_lu

CHUNK = 64


class Block:
    """One block: its part of the matrix, factorised when first needed, wherever it then is.

    Parameters
    ----------
    W, J
        Regularised weights and Jacobian of the block; held quantities have no entries.
    pattern
        J with the entries of held quantities, and `free`: which quantities are not held.
    dual
        Regularisation of the rows.
    B
        What ties the block to the border, (quantities + rows) × entries of the border.
    exact
        Whether entries of the inverse will be wanted.
    """

    def __init__(
        self,
        W: sp.csr_array,
        J: sp.csr_array,
        pattern: sp.csr_array,
        free: np.ndarray,
        dual: float,
        B: sp.csc_array,
        exact: bool,
    ) -> None:
        self.W, self.J, self.pattern, self.free = W, J, pattern, free
        self.dual, self.B, self.exact = dual, B, exact
        self.like: Block | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "factor"} | {"like": None}

    @cached_property
    def factor(self) -> Schur | SuperLU:
        """The factor of K_b: condensed to the rows where that fits."""
        diagonal = self.W.diagonal()
        like, self.like = self.like, None
        if self.exact or (
            self.W.nnz == np.count_nonzero(diagonal) and not dense_columns(self.pattern)
        ):
            h = np.where(self.free, 1.0 / diagonal, NOTHING)
            earlier = like.factor if like is not None and isinstance(like.factor, Schur) else None
            JT = self.pattern.T.tocsr()
            return Schur(h, self.pattern, JT, self.dual, earlier, exact=self.exact)
        below = -self.dual * sp.eye_array(self.J.shape[0])
        return symmetric_lu(sp.block_array([[self.W, self.J.T], [self.J, below]], format="csc"))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return K_b⁻¹ r for r of k columns."""
        return self.factor.solve(right)

    def condensed(self) -> np.ndarray:
        """Return ``B_bᵀ K_b⁻¹ B_b``."""
        out = np.zeros((self.B.shape[1],) * 2)
        for at in _chunks(len(out)):
            out[:, at] = self.B.T @ self.solve(self.B[:, at].toarray())
        return out

    def variances(self, inverse: np.ndarray) -> np.ndarray:
        """Return the diagonal of K⁻¹ at the quantities of the block, given S⁻¹ at its border."""
        factor, n = self.factor, self.J.shape[1]
        assert isinstance(factor, Schur)
        out = factor.h.copy()
        if isinstance(factor.factor, Factor):
            out -= factor.h**2 * factor.diagonal()
        for at in _chunks(self.B.shape[1]):
            one = self.solve(self.B[:, at].toarray())[:n]
            out += (one * self.solve(self.B @ inverse[:, at])[:n]).sum(axis=1)
        return out


def make(block: Block, like: Block | None) -> Block:
    """Return a block that is factorised."""
    block.like = like
    assert block.factor is not None
    return block


def condense(block: Block) -> np.ndarray:
    """Return what a block does to the border."""
    return block.condensed()


def solve(block: Block, right: np.ndarray) -> np.ndarray:
    """Return ``K_b⁻¹ r_b``."""
    return block.solve(right)


def project(block: Block, solved: np.ndarray) -> np.ndarray:
    """Return ``B_bᵀ`` times a solution."""
    return block.B.T @ solved


def finish(block: Block, solved: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Return the block's part of a solution, given that of the border."""
    return solved - block.solve(block.B @ border)


def variances(block: Block, inverse: np.ndarray) -> np.ndarray:
    """Return variances of a block's quantities."""
    return block.variances(inverse)


class Arrow:
    """The factor of the whole matrix, with the face of `kkt.Schur`.

    Parameters
    ----------
    division
        Which quantity and row belongs to which block, and the crew.
    W, J
        Regularised weights and Jacobian, without the entries of held quantities.
    pattern, free
        The Jacobian with them, and which quantities are not held.
    dual
        Regularisation of the rows.
    like
        An earlier factor whose structure may fit.
    exact
        Whether `variance` will be wanted; needs diagonal weights.
    """

    def __init__(
        self,
        division: Division,
        W: sp.csr_array,
        J: sp.csr_array,
        pattern: sp.csr_array,
        free: np.ndarray,
        dual: float,
        like: Arrow | None = None,
        exact: bool = False,
    ) -> None:
        self.crew, self.n = division.crew, J.shape[1]
        labels = np.concatenate([division.columns, division.rows])
        self.edge = np.flatnonzero(labels < 0)
        below = -dual * sp.eye_array(J.shape[0])
        K = sp.block_array([[W, J.T], [J, below]], format="csr")
        self.own, self.ties, blocks = [], [], []
        for b in range(labels.max(initial=-1) + 1):
            columns = np.flatnonzero(division.columns == b)
            rows = np.flatnonzero(division.rows == b)
            own = np.concatenate([columns, self.n + rows])
            B = K[own][:, self.edge].tocsc()
            tie = np.flatnonzero(np.diff(B.indptr))
            self.own.append(own)
            self.ties.append(tie)
            parts = [M[rows][:, columns].tocsr() for M in (J, pattern)]
            inner = W[columns][:, columns].tocsr()
            blocks.append(Block(inner, *parts, free[columns], dual, B[:, tie], exact))
        earlier = like.blocks if like is not None else [None] * len(blocks)
        self.blocks = self.crew.start(make, list(zip(blocks, earlier, strict=True)))
        self._factorise(K[self.edge][:, self.edge].toarray())

    def _factorise(self, S: np.ndarray) -> None:
        """Factorise the border; rows that the blocks already settle are as good as left out."""
        size = np.abs(S.diagonal())
        condensed = self.crew.results(self.crew.start(condense, [(b,) for b in self.blocks]))
        for tie, part in zip(self.ties, condensed, strict=True):
            S[np.ix_(tie, tie)] -= part
            size[tie] += np.abs(part.diagonal())
        self.scale = 1.0 / np.sqrt(np.where(size > 0, size, 1.0))
        S *= self.scale[:, None] * self.scale
        sign = np.where(self.edge < self.n, 1.0, -1.0)
        S[np.diag_indices(len(S))] += VANISHED * sign
        self.border = la.lu_factor(S) if len(S) else None

    def _on_border(self, right: np.ndarray) -> np.ndarray:
        if self.border is None:
            return right
        return self.scale[:, None] * la.lu_solve(self.border, self.scale[:, None] * right)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve for stacked (quantities, rows) right-hand sides, (n + m,) or (n + m) × k."""
        if right.ndim == 1:
            return self.solve(right[:, None])[:, 0]
        crew, out = self.crew, np.empty(right.shape)
        parts = [(b, right[own]) for b, own in zip(self.blocks, self.own, strict=True)]
        solved = crew.start(solve, parts)
        goal = right[self.edge].astype(float)
        pushed = crew.results(crew.start(project, list(zip(self.blocks, solved, strict=True))))
        for tie, push in zip(self.ties, pushed, strict=True):
            goal[tie] -= push
        out[self.edge] = border = self._on_border(goal)
        calls = [
            (b, s, border[tie]) for b, s, tie in zip(self.blocks, solved, self.ties, strict=True)
        ]
        for own, part in zip(self.own, crew.results(crew.start(finish, calls)), strict=True):
            out[own] = part
        return out

    def variance(self) -> np.ndarray:
        """Return the diagonal of the inverse at the quantities, (n,)."""
        inverse = self._on_border(np.eye(len(self.edge)))
        calls = [
            (b, inverse[np.ix_(tie, tie)]) for b, tie in zip(self.blocks, self.ties, strict=True)
        ]
        out = np.empty(self.n)
        inside = self.edge < self.n
        out[self.edge[inside]] = inverse.diagonal()[inside]
        for own, part in zip(self.own, self.crew.results(self.crew.start(variances, calls)),
                             strict=True):  # fmt: skip
            out[own[own < self.n]] = part
        return out


def _chunks(count: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]
