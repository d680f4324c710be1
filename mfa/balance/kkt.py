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
from scipy.sparse.linalg import SuperLU

from mfa.balance import kernel
from mfa.balance.krylov import accelerated, worth_it
from mfa.balance.scales import column_scales, largest_of_rows
from mfa.balance.schur import NOTHING, Schur, dense_columns, scaled, symmetric_lu
from mfa.balance.stiff import Basis, affordable, uneven

if TYPE_CHECKING:
    from mfa.balance.arrow import Arrow
    from mfa.balance.division import Division

REGULARISATIONS = (1e-7, 1e-6, 1e-4)
# Inverse weight of an unmeasured quantity while variances are computed, in units of its variance:
# larger ones cancel, smaller ones bias (measured).
WIDE = 2e5
FREE = 1e9  # the same for what the data do not settle
# Regularisation in the kernel: more slows the refinement of long chains of unmeasured quantities,
# less buries what little is known of a part in the rounding of what is not known within it.
PRIMAL, DUAL = 1e-7, 1e-10
PASSES = 3
SELECTED = 500  # rows from which variances come from a selected inverse, not from columns
LAST_DIGITS, UNPULLED = 1e-14, 1e-10  # what `KKT.exactly` demands
SHARPENINGS, SLOWEST = 80, 0.95  # how often it refines, and what must be left at most each time
CHUNK = 64
PATIENT = 60  # sweeps of who wants an exact solution: then a Krylov method does the rest


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
    weights
        Diagonal of the scaled W.
    delta
        Regularisation of the rows.
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
        JT = J.T.tocsr()
        self.column_scale = column_scales(J, JT, W.diagonal(), size)
        D = self.column_scale
        largest = largest_of_rows(J, np.abs(J.data) * D[J.indices])
        self.row_scale = 1.0 / np.where(largest > 0, largest, 1.0)
        self.J, self._JT = scaled(J, self.row_scale, D), scaled(JT, D, self.row_scale)
        self.W = scaled(W, D, D)
        self.weights = self.W.diagonal()
        self._diagonal = self.W.nnz == np.count_nonzero(self.weights)
        self._free: np.ndarray | None = None
        self._primal: float | None = None
        self.primal = REGULARISATIONS[0]
        self.stiff = not regular and uneven(self.J) and affordable(self.J)
        # The dear factor in a good basis only when asked for: `quickly` may do without.
        self._factor: SuperLU | Schur | Arrow | Basis | None = None
        if not self.stiff:
            self._factor = self._factorise(like)

    def bring_home(self) -> None:
        """Give up the blocks: what is asked from now on is answered by a factor of the whole."""
        if self.division is not None:
            self.division = self._factor = None

    def at_home(self) -> KKT:
        """Return the same system with a factor of the whole."""
        other = copy.copy(self)
        other.bring_home()
        return other

    def sharpen(self) -> bool:
        """Give up the regularised factor for that in a good basis; whether that is a change."""
        if self.stiff or not affordable(self.J):
            return False
        self.stiff, self._factor = True, None
        return True

    @property
    def room(self) -> np.ndarray | float:
        """How far each quantity can vary, at most, in scaled units: 1, or what relations leave."""
        return self.factor.spans if isinstance(self.factor, Basis) else 1.0

    @property
    def spans(self) -> np.ndarray:
        """How far each quantity can vary, at most: its own σ, or what the relations leave of it."""
        return self.column_scale * self.room

    @property
    def factor(self) -> SuperLU | Schur | Arrow | Basis:
        """The factor of the regularised matrix, made when first asked for."""
        if self._factor is None:
            self._factor = self._factorise(None)
        return self._factor

    @property
    def condensed(self) -> bool:
        """Whether the factor is that of the rows (`Schur`), as it is for diagonal weights."""
        return isinstance(self.factor, Schur)

    def hold(self, held: np.ndarray, primal: float | None = None) -> KKT:
        """Return the factor of the same system with some quantities held in place; (n,) of bool.

        Scales and pattern stay; only the numbers of held columns vanish. The step of a held
        quantity is 0 whatever its right-hand side. With `primal` the weights of all quantities are
        regularised by so much, if the system is condensed.
        """
        other = copy.copy(self)
        other._free, other._primal = (~held).astype(float), primal
        other._factor = other._factorise(self)
        return other

    def _factorise(self, like: KKT | None) -> SuperLU | Schur | Arrow | Basis:
        """Factorise the regularised matrix, with more regularisation if rounding eats a pivot."""
        if self.stiff:
            free = np.ones(self.n, dtype=bool) if self._free is None else self._free > 0
            return Basis(*self._without_held(), self.column_scale, free)
        for regularisation in REGULARISATIONS:
            self.delta = regularisation
            with contextlib.suppress(RuntimeError, np.linalg.LinAlgError):
                if self.division is not None:
                    return self._divide(regularisation, like)
                if self._condensable():
                    return self._condense(regularisation, like)
                W, J = self._without_held()
                regular = sp.block_array(
                    [
                        [W + regularisation * sp.eye_array(self.n), J.T],
                        [J, -regularisation * sp.eye_array(self.m)],
                    ],
                    format="csc",
                )
                return symmetric_lu(regular)
        raise ArithmeticError("the relations have entries that are not finite")

    def _condense(self, regularisation: float, like: KKT | None) -> Schur:
        """Condense to the rows; held quantities keep their place in the pattern."""
        primal, dual = self._regularised(regularisation)
        h = 1.0 / (self.weights + primal)
        if self._free is not None:
            h = np.where(self._free > 0, h, NOTHING)
        earlier = like._factor if like is not None and isinstance(like._factor, Schur) else None
        return Schur(h, self.J, self._JT, dual, earlier)

    def _regularised(self, regularisation: float) -> tuple[float, float]:
        """Return what is added to quantities and rows: little where the kernel factorises."""
        primal = dual = regularisation
        if self.m >= kernel.LARGE and self.weights.min(initial=1.0) < 0.5:
            primal, dual = PRIMAL, DUAL
        self.primal, self.delta = self._primal or primal, dual
        return self.primal, self.delta

    def _divide(self, regularisation: float, like: KKT | None) -> Arrow:
        """Factorise by blocks, each condensed onto what ties them."""
        from mfa.balance.arrow import Arrow

        assert self.division is not None
        primal, dual = self._regularised(regularisation)
        W, J = self._without_held()
        regular = (W + primal * sp.eye_array(self.n)).tocsr()
        free = np.ones(self.n, dtype=bool) if self._free is None else self._free > 0
        earlier = like._factor if like is not None and isinstance(like._factor, Arrow) else None
        return Arrow(self.division, regular, J, self.J, free, dual, earlier)

    def _without_held(self) -> tuple[sp.csr_array, sp.csr_array]:
        """Return scaled weights and Jacobian, with zeros in place of what is held."""
        if self._free is None:
            return self.W, self.J
        return scaled(self.W, self._free, self._free), scaled(self.J, None, self._free)

    def _condensable(self) -> bool:
        """Whether the matrix can be condensed to the rows: diagonal weights, a sparse J Jᵀ."""
        return self._diagonal and not dense_columns(self.J)

    def solve(
        self, primal: np.ndarray, dual: np.ndarray, sweeps: int = PATIENT, tolerance: float = 1e-13
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
        if primal.ndim > 1:
            D, R = D[:, None], R[:, None]
        u, worst = self.refined(np.concatenate([primal * D, dual * R]), sweeps, tolerance)
        return u[: self.n] * D, u[self.n :] * R, worst

    def plain(self) -> KKT:
        """Return the same system with the regularised factor, however uneven its rows are."""
        other = copy.copy(self)
        other.stiff, other._factor = False, None
        return other

    def exactly(self, primal: np.ndarray, dual: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Solve as `solve` does for one right-hand side; None if not to the last digits.

        Every row must close to rounding error of its own terms, and no quantity may be pulled
        further than 10⁻¹⁰ of its σ: the solution is then that of the same system with coefficients
        changed in the last digits, however uneven they are (Arioli, Demmel & Duff 1989).
        """
        D, R, n = self.column_scale, self.row_scale, self.n
        goal = np.concatenate([primal * D, dual * R])
        u, _ = self.refined(goal)
        before = np.inf
        for _ in range(SHARPENINGS):
            error = goal - self.product(u)
            excess = self.excess(u, error, goal)
            if excess <= 1:
                return u[:n] * D, u[n:] * R
            if not excess < SLOWEST * before:
                break
            before, u = excess, u + self.factor.solve(error)
        return None

    def excess(self, u: np.ndarray, error: np.ndarray, goal: np.ndarray) -> float:
        """Return an error, in scaled units, over what rounding of the terms of u may leave."""
        n, J = self.n, self.J
        size = sp.csr_array((np.abs(J.data), J.indices, J.indptr), J.shape)
        allowed = LAST_DIGITS * (size @ np.abs(u[:n]) + np.abs(goal[n:]))
        rows = np.abs(error[n:]) / np.maximum(allowed, np.finfo(float).tiny)
        pulls = np.abs(error[:n]).max(initial=0.0) / UNPULLED
        return max(float(rows.max(initial=0.0)), float(pulls))

    def refined(
        self,
        goal: np.ndarray,
        sweeps: int = PATIENT,
        tolerance: float = 1e-13,
        start: np.ndarray | None = None,
        slow: float = 0.9,
    ) -> tuple[np.ndarray, float]:
        """Solve in scaled units for stacked right-hand sides, (n + m,) or (n + m) × k.

        Returns the solution and its largest remaining residual, as `solve` does. From a `start`
        nothing moves that no equation determines. It ends when a sweep leaves more than the share
        `slow` of the residual.
        """
        if self._free is not None:
            goal = np.concatenate([_rows_times(self._free, goal[: self.n]), goal[self.n :]])
        u = previous = np.zeros_like(goal) if start is None else start
        size = np.abs(goal).max(axis=0, initial=0.0)
        size = np.where(size > 0, size, 1.0)
        error = goal if start is None else goal - self.product(start)
        worst = np.full(size.shape, np.inf)
        for sweep in range(sweeps):
            now = np.abs(error).max(axis=0, initial=0.0) / size
            worse = ~(now < worst)
            if sweep == 1 and start is None:  # there is nothing better to go back to
                worse &= ~np.isfinite(now)
            stalled = now > slow * worst
            if worse.any():
                u = np.where(worse, previous, u)
            worst, previous = np.where(worse, worst, now), u
            done = worse | stalled | (now <= tolerance)
            if done.all():
                break
            u = u + self.factor.solve(np.where(done, 0.0, error) if done.any() else error)
            error = goal - self.product(u)
        worst = float(worst.max(initial=0.0))
        if u.ndim == 1 and sweeps >= PATIENT and worst > tolerance and worth_it(worst):
            return accelerated(u, goal, self.product, self.factor.solve)
        return u, worst

    def product(self, u: np.ndarray) -> np.ndarray:
        """Return the scaled, unregularised matrix times stacked vectors u."""
        x, y = u[: self.n], u[self.n :]
        top = (_rows_times(self.weights, x) if self._diagonal else self.W @ x) + self._JT @ y
        if self._free is not None:
            top = _rows_times(self._free, top)
        return np.concatenate([top, self.J @ x])

    def covariance_columns(self, weights: np.ndarray) -> np.ndarray:
        """Return C·w for the posterior covariance C and each column of `weights` (n × k).

        Only meaningful for combinations that the data determine.
        """
        if isinstance(self.factor, Basis):
            D = self.column_scale[:, None]
            return D * self.factor.covariance_columns(D * weights)
        out = np.empty_like(weights, dtype=float)
        zero = np.zeros((self.m, min(CHUNK, weights.shape[1])))
        for start in range(0, weights.shape[1], CHUNK):
            part = weights[:, start : start + CHUNK]
            out[:, start : start + CHUNK] = self.solve(part, zero[:, : part.shape[1]])[0]
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
        if not self._invertible():
            return None
        schur = self.factor
        weights = self.weights
        measured = weights > 0
        h = np.where(measured, 1.0 / np.where(measured, weights, 1.0), 1e4)
        h = np.where(measured | determined, h, FREE)
        variance = h
        for _ in range(PASSES):
            schur, variance = self._inverse_diagonal(h, schur)
            wide = np.clip(WIDE * np.abs(variance), 1e-2, 10 * FREE)
            h = np.where(measured, h, np.where(determined, wide, FREE))
        return np.maximum(variance, 0.0) * self.column_scale**2

    def _invertible(self) -> bool:
        """Whether one selected inversion is possible, and cheaper than a solve a quantity."""
        if self.stiff or not self._condensable():
            return False
        return self.m >= (SELECTED if self.division is None else kernel.LARGE)

    def _inverse_diagonal(
        self, h: np.ndarray, like: SuperLU | Schur | Arrow | Basis
    ) -> tuple[Schur | Arrow, np.ndarray]:
        """Return a factor with inverse weights h, and the quantities' diagonal of its inverse."""
        if self.division is None:
            earlier = like if isinstance(like, Schur) else None
            schur = Schur(h, self.J, self._JT, DUAL, earlier, exact=True)
            return schur, h - h**2 * schur.diagonal()
        from mfa.balance.arrow import Arrow

        assert not isinstance(like, Schur | SuperLU)
        weights, free = sp.csr_array(sp.diags_array(1.0 / h)), np.ones(self.n, dtype=bool)
        arrow = Arrow(self.division, weights, self.J, self.J, free, DUAL, like, exact=True)
        return arrow, arrow.variance()

    def left_null(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors (m × k) projected on the left null space of J, of a system with W = I.

        Repeated solves with ``J Jᵀ + δI`` damp all that J can reach by δ each time.
        """
        y, delta = vectors, self.delta
        for _ in range(4):
            right = np.concatenate([np.zeros((self.n, y.shape[1])), -y])
            y = delta * self.factor.solve(right)[self.n :]
        return y * self.row_scale[:, None]


def _rows_times(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return diag(weights) · x for x (n,) or (n, k)."""
    return weights * x if x.ndim == 1 else weights[:, None] * x
