"""The sparse saddle-point system behind every step: ``[W Jᵀ; J 0]``, scaled, regularised, refined.

Unmeasured quantities have no weight and redundant balances are normal, so the matrix is singular
in general. It is factorised once with a tiny regularisation, ``[W + ρI, Jᵀ; J, −δI]``
(quasi-definite, hence factorisable in any order without pivoting: Vanderbei 1995), and every
solution is refined on the *unregularised* residual. That is the proximal method of multipliers: for
a consistent system it converges to a solution of the original equations, moving nothing that no
equation determines.
"""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU, splu

from mfa.balance import kernel
from mfa.balance.factor import Factor
from mfa.balance.stiff import Basis, affordable, uneven

if TYPE_CHECKING:
    from mfa.balance.arrow import Arrow
    from mfa.balance.division import Division

REGULARISATIONS = (1e-7, 1e-6, 1e-4)
NOTHING = 1e-200  # inverse weight of a held quantity: no number, but a place in the pattern
# Inverse weight of an unmeasured quantity while variances are computed, in units of its variance:
# larger ones cancel, smaller ones bias (measured).
WIDE = 2e5
FREE = 1e9  # the same for what the data do not settle
# The kernel drops what rounding leaves of a redundant row's pivot, so its rows need little more.
VANISHED = 1e-13
# Regularisation in the kernel: more slows the refinement of long chains of unmeasured quantities.
PRIMAL, DUAL = 1e-9, 1e-10
PASSES = 3
CHUNK = 64


def column_scales(J: sp.csr_array, precision: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return a typical magnitude of each quantity's uncertainty.

    Parameters
    ----------
    J
        Jacobian, m × n.
    precision
        1/σ² of the measured quantities, 0 of the others; shape (n,).
    size
        Fallback magnitudes for quantities that no measured one reaches; shape (n,).

    Returns
    -------
    numpy.ndarray
        σ of the measured; of the others the smallest that one of their rows suggests, spread from
        row to row until nothing changes.
    """
    scale = np.zeros(len(precision))
    measured = precision > 0
    scale[measured] = 1.0 / np.sqrt(precision[measured])
    pattern = J.tocoo()
    weight = np.abs(pattern.data)
    for _ in range(12):
        open_ = scale == 0
        if not open_.any():
            break
        reach = np.zeros(J.shape[0])
        np.maximum.at(reach, pattern.row, weight * scale[pattern.col])
        use = open_[pattern.col] & (reach[pattern.row] > 0) & (weight > 0)
        if not use.any():
            break
        guess = np.full(len(scale), np.inf)
        np.minimum.at(guess, pattern.col[use], reach[pattern.row[use]] / weight[use])
        found = open_ & np.isfinite(guess)
        scale[found] = guess[found]
    fallback = np.where(size > 0, size, 1.0)
    # A scale far below the size comes from a degenerate row, not from knowledge.
    return np.where(
        measured, scale, np.maximum(np.where(scale > 0, scale, fallback), 1e-8 * fallback)
    )


def symmetric_lu(matrix: sp.csc_array) -> SuperLU:
    """Return SuperLU's factor of a symmetric (quasi-)definite matrix, pivots on the diagonal."""
    return splu(
        sp.csc_matrix(matrix),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )


def dense_columns(J: sp.csr_array) -> bool:
    """Whether quantities stand in so many rows that they would fill J Jᵀ."""
    rows = np.bincount(J.indices, minlength=J.shape[1]).astype(float)
    return float(rows @ rows) > 30.0 * J.nnz + 1e5


class Schur:
    """The regularised saddle-point matrix, condensed to the rows: ``N = J H Jᵀ + δI``, H ≈ W⁻¹.

    Five times cheaper than the full matrix (measured at 50,000 quantities); needs diagonal weights.
    From `kernel.LARGE` rows on the factor is the kernel's, whose structure is reused for other
    numbers on the same pattern.

    Parameters
    ----------
    h
        Inverse weights, (n,); tiny for a quantity that is held.
    like
        An earlier factor whose structure may fit.
    exact
        Whether entries of the inverse will be wanted: then the factor is always the kernel's.
    """

    def __init__(
        self,
        h: np.ndarray,
        J: sp.csr_array,
        JT: sp.csr_array,
        delta: float,
        like: Schur | None = None,
        exact: bool = False,
    ) -> None:
        self.J, self.JT, self.h = J, JT, h
        N = sp.csc_array(J @ sp.diags_array(h) @ JT + delta * sp.eye_array(J.shape[0]))
        self.factor: SuperLU | Factor | None = None
        if J.shape[0] >= kernel.LARGE or (exact and J.shape[0]):
            self.factor = _kernel_factor(N, like)
        elif J.shape[0]:
            self.factor = symmetric_lu(N)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve for the stacked (quantities, rows) right-hand sides, (n + m) × k."""
        n = len(self.h)
        top, low = self.h[:, None] * right[:n], right[n:]
        if self.factor is None:
            return top
        multipliers = self.factor.solve(self.J @ top - low)
        return np.concatenate([top - self.h[:, None] * (self.JT @ multipliers), multipliers])


def _kernel_factor(N: sp.csc_array, like: Schur | None) -> Factor:
    """Return the kernel's factor of N, with the structure of an earlier one where that fits."""
    if like is not None and isinstance(like.factor, Factor):
        with contextlib.suppress(ValueError):
            return kernel.factorise(N, like.factor.symbolic, tolerance=VANISHED)
    return kernel.factorise(N, tolerance=VANISHED)


class KKT:
    """Factor of the scaled saddle-point system of one Jacobian and one weight matrix.

    Parameters
    ----------
    W
        Weights (inverse covariance of the observations), n × n symmetric positive semidefinite.
    J
        Jacobian of the relations, m × n.
    size
        Fallback magnitudes of the unmeasured, shape (n,).
    like
        An earlier factor of a system with the same pattern, whose structure is reused.
    division
        Blocks into which the system is divided, and who works on them (`mfa.balance.arrow`).
    regular
        Whether the factor must be that of the regularised matrix, however uneven its rows are.

    Attributes
    ----------
    column_scale, row_scale
        Quantities are ``column_scale · y``; rows are multiplied by ``row_scale``.
    stiff
        Whether σ differ so much that the factor is that in a good basis (`mfa.balance.stiff`).
    """

    def __init__(
        self,
        W: sp.csr_array,
        J: sp.csr_array,
        size: np.ndarray,
        like: KKT | None = None,
        division: Division | None = None,
        regular: bool = False,
    ) -> None:
        self.division = division
        self.n, self.m = J.shape[1], J.shape[0]
        self.column_scale = column_scales(J, W.diagonal(), size)
        D = sp.diags_array(self.column_scale)
        scaled = (J @ D).tocsr()
        largest = np.zeros(self.m)
        np.maximum.at(largest, scaled.tocoo().row, np.abs(scaled.tocoo().data))
        self.row_scale = 1.0 / np.where(largest > 0, largest, 1.0)
        self.J = (sp.diags_array(self.row_scale) @ scaled).tocsr()
        self.W = (D @ W @ D).tocsr()
        self._JT = self.J.T.tocsr()
        self._free: np.ndarray | None = None
        self._pattern, self._patternT = self.J, self._JT
        self.stiff = not regular and uneven(self.J) and affordable(self.J)
        self._factor: SuperLU | Schur | Arrow | Basis | None = self._factorise(like)

    def bring_home(self) -> None:
        """Give up the blocks: what is asked from now on is answered by a factor of the whole."""
        if self.division is not None:
            self.division = self._factor = None

    def sharpen(self) -> bool:
        """Give up the regularised factor for that in a good basis; whether that is a change."""
        if self.stiff or not affordable(self.J):
            return False
        self.stiff, self._factor = True, None
        return True

    @property
    def spans(self) -> np.ndarray:
        """How far each quantity can vary, at most: its own σ, or what the relations leave of it."""
        solver = self._solver()
        if isinstance(solver, Basis):
            return self.column_scale * solver.spans
        return self.column_scale

    def _solver(self) -> SuperLU | Schur | Arrow | Basis:
        if self._factor is None:
            self._factor = self._factorise(None)
        return self._factor

    def hold(self, held: np.ndarray) -> KKT:
        """Return the factor of the same system with some quantities held in place; (n,) of bool.

        Scales and pattern stay; only the numbers of held columns vanish. The step of a held
        quantity is 0 whatever its right-hand side.
        """
        other = copy.copy(self)
        keep = ~held
        other.J = self.J.copy()
        other.J.data = self.J.data * keep[self.J.indices]
        M = sp.diags_array(keep.astype(float))
        other.W = (M @ self.W @ M).tocsr()
        other._JT = other.J.T.tocsr()
        other._free = keep
        other._factor = other._factorise(self)
        return other

    def _factorise(self, like: KKT | None) -> SuperLU | Schur | Arrow | Basis:
        """Factorise the regularised matrix, with more regularisation if rounding eats a pivot."""
        if self.stiff:
            free = np.ones(self.n, dtype=bool) if self._free is None else self._free
            return Basis(self.W, self.J, self.column_scale, free)
        for regularisation in REGULARISATIONS:
            self._delta = regularisation
            with contextlib.suppress(RuntimeError, np.linalg.LinAlgError):
                if self.division is not None:
                    return self._divide(regularisation, like)
                if self._condensable():
                    return self._condense(regularisation, like)
                regular = sp.block_array(
                    [
                        [self.W + regularisation * sp.eye_array(self.n), self._JT],
                        [self.J, -regularisation * sp.eye_array(self.m)],
                    ],
                    format="csc",
                )
                return symmetric_lu(regular)
        raise ArithmeticError("the relations have entries that are not finite")

    def _condense(self, regularisation: float, like: KKT | None) -> Schur:
        """Condense to the rows; held quantities keep their place in the pattern."""
        primal, dual = self._regularised(regularisation)
        h = 1.0 / (self.W.diagonal() + primal)
        if self._free is not None:
            h = np.where(self._free, h, NOTHING)
        earlier = like._factor if like is not None and isinstance(like._factor, Schur) else None
        return Schur(h, self._pattern, self._patternT, dual, earlier)

    def _regularised(self, regularisation: float) -> tuple[float, float]:
        """Return what is added to quantities and rows: little where the kernel factorises."""
        primal = dual = regularisation
        if self.m >= kernel.LARGE and self.W.diagonal().min(initial=1.0) < 0.5:
            primal, dual = PRIMAL, DUAL
        self._delta = dual
        return primal, dual

    def _divide(self, regularisation: float, like: KKT | None) -> Arrow:
        """Factorise by blocks, each condensed onto what ties them."""
        from mfa.balance.arrow import Arrow

        assert self.division is not None
        primal, dual = self._regularised(regularisation)
        regular = (self.W + primal * sp.eye_array(self.n)).tocsr()
        free = np.ones(self.n, dtype=bool) if self._free is None else self._free
        earlier = like._factor if like is not None and isinstance(like._factor, Arrow) else None
        return Arrow(self.division, regular, self.J, self._pattern, free, dual, earlier)

    def _condensable(self) -> bool:
        """Whether the matrix can be condensed to the rows: diagonal weights, a sparse J Jᵀ."""
        off = self.W.nnz - np.count_nonzero(self.W.diagonal())
        return off == 0 and not dense_columns(self.J)

    def solve(
        self, primal: np.ndarray, dual: np.ndarray, sweeps: int = 60, tolerance: float = 1e-13
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Solve ``[W Jᵀ; J 0] [x; λ] = [primal; dual]`` in the caller's units.

        Parameters
        ----------
        primal, dual
            Right-hand sides, (n,) or (n, k) and (m,) or (m, k).

        Returns
        -------
        x, multipliers, residual
            Solution, multipliers, and the largest remaining scaled residual relative to the
            right-hand side; it stays large when the equations contradict each other.
        """
        D, R = self.column_scale, self.row_scale
        single = primal.ndim == 1
        top = (primal[:, None] if single else primal) * D[:, None]
        low = (dual[:, None] if single else dual) * R[:, None]
        if self._free is not None:
            top = top * self._free[:, None]
        goal = np.concatenate([top, low])
        u = np.zeros_like(goal)
        size = np.abs(goal).max(axis=0, initial=0.0)
        size = np.where(size > 0, size, 1.0)
        worst, previous = np.inf, u
        for _ in range(sweeps):
            error = goal - self._product(u)
            now = float((np.abs(error).max(axis=0, initial=0.0) / size).max(initial=0.0))
            if not now < worst:
                u = previous
                break
            stalled = now > 0.9 * worst
            worst, previous = now, u
            if now <= tolerance or stalled:
                break
            u = u + self._solver().solve(error)
        x, multipliers = u[: self.n] * D[:, None], u[self.n :] * R[:, None]
        return (x[:, 0], multipliers[:, 0], worst) if single else (x, multipliers, worst)

    def _product(self, u: np.ndarray) -> np.ndarray:
        x, y = u[: self.n], u[self.n :]
        return np.concatenate([self.W @ x + self._JT @ y, self.J @ x])

    def covariance_columns(self, weights: np.ndarray) -> np.ndarray:
        """Return C·w for the posterior covariance C and each column of `weights` (n × k).

        Only meaningful for combinations that the data determine.
        """
        out = np.empty_like(weights, dtype=float)
        zero = np.zeros((self.m, min(CHUNK, weights.shape[1])))
        for start in range(0, weights.shape[1], CHUNK):
            part = weights[:, start : start + CHUNK]
            out[:, start : start + CHUNK] = self.solve(part, zero[:, : part.shape[1]], sweeps=8)[0]
        return out

    def posterior_variance(self, determined: np.ndarray) -> np.ndarray | None:
        """Return the posterior variance of all quantities by one selected inversion; (n,).

        ``c = h − h² aᵀ N⁻¹ a`` with the columns a of J. Unmeasured quantities get a finite prior,
        first wide, then `WIDE` times their own variance, so that neither cancellation nor the prior
        shows (relative error about 1e-4). None when the factor at hand cannot do it: then the
        variances come from `covariance_columns`.

        Parameters
        ----------
        determined
            Whether the data settle each quantity, (n,); variances of the others mean nothing.
        """
        schur, by_blocks = self._solver(), self.division is not None
        if isinstance(schur, Basis):
            return None
        if by_blocks and (self.m < kernel.LARGE or not self._condensable()):
            return None
        if not by_blocks and not (isinstance(schur, Schur) and isinstance(schur.factor, Factor)):
            return None
        weights = self.W.diagonal()
        measured = weights > 0
        h = np.where(measured, 1.0 / np.where(measured, weights, 1.0), 1e4)
        h = np.where(measured | determined, h, FREE)
        variance = h
        for _ in range(PASSES):
            schur, variance = self._inverse_diagonal(h, schur)
            wide = np.clip(WIDE * np.abs(variance), 1e-2, 10 * FREE)
            h = np.where(measured, h, np.where(determined, wide, FREE))
        return np.maximum(variance, 0.0) * self.column_scale**2

    def _inverse_diagonal(
        self, h: np.ndarray, like: SuperLU | Schur | Arrow | Basis
    ) -> tuple[Schur | Arrow, np.ndarray]:
        """Return a factor with inverse weights h, and the quantities' diagonal of its inverse."""
        if self.division is None:
            schur = Schur(h, self.J, self._JT, DUAL, like if isinstance(like, Schur) else None)
            assert isinstance(schur.factor, Factor)
            return schur, h - h**2 * kernel.diagonal_of(self.J, schur.factor)
        from mfa.balance.arrow import Arrow

        weights, free = sp.csr_array(sp.diags_array(1.0 / h)), np.ones(self.n, dtype=bool)
        arrow = Arrow(self.division, weights, self.J, self.J, free, DUAL, like, exact=True)
        return arrow, arrow.variance()

    def left_null(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors (m × k) projected on the left null space of J, of a system with W = I.

        Repeated solves with ``J Jᵀ + δI`` damp all that J can reach by δ each time.
        """
        y, delta = vectors, self._delta
        for _ in range(4):
            right = np.concatenate([np.zeros((self.n, y.shape[1])), -y])
            y = delta * self._solver().solve(right)[self.n :]
        return y * self.row_scale[:, None]
