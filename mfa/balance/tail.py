"""The last wrong indices of an active set, settled exactly with one factor.

Some quantities are *open*: whether a bound holds them is to be found out. How their positions
answer to forces on them comes from solves with one factor, K₀, in which each is free or held as the
active set before had it (a Schur complement); a small complementarity problem settles them all at
once. Then the whole system is solved again with that factor, refined on the true residual; what is
wrong elsewhere becomes open too, until nothing is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.complement import complementary
from mfa.balance.schur import Schur

if TYPE_CHECKING:
    from mfa.balance.active import BoundedProblem

PRIMAL = 1e-9  # regularisation here; the answers are refined to lose no digits to it
STIFF, ROUNDING = 1e-10, 1e-12  # least answer to a force, where others must move first or too
REFINED, COLUMNS = 2, 16
SWEEPS, QUIET = 120, 3


class Tail:
    """Open quantities of one bounded problem and what their positions and forces answer to.

    Parameters
    ----------
    problem
        The bounded problem, in scaled units.
    active
        Active set to begin with, (n,); replaced in place by what `settle` finds.
    most
        How many quantities may be open.
    """

    def __init__(self, problem: BoundedProblem, active: np.ndarray, most: int) -> None:
        self.p, self.active, self.most = problem, active, most
        self.free = active == 0
        self.inner = problem.kkt.hold(~self.free, primal=PRIMAL)
        factor = self.inner.factor
        assert isinstance(factor, Schur)
        self.schur = factor
        self.open = np.zeros(0, dtype=np.int64)
        self.S = self.M = np.zeros((0, 0))

    def settle(self, u: np.ndarray) -> np.ndarray:
        """Settle the active set from the point u on; return the point reached, both (n + m,).

        It ends when nothing has changed for a while, or too many quantities would be open.
        """
        p, n, force = self.p, self.p.kkt.n, np.zeros(self.p.kkt.n)
        goal = np.concatenate([p.primal, p.dual])
        u, quiet = u.copy(), 0
        for _ in range(SWEEPS):
            error = goal - p.kkt.product(u)
            error[:n] = np.where(self.free, error[:n] + force, 0.0)
            u += self.schur.solve(error)
            new = p.wrong(u, self.active)
            new[self.open] = False
            added = np.flatnonzero(new)
            if len(self.open) + len(added) > self.most:
                break
            if len(added):
                self._extend(added)
            still = self._place(u, force)
            quiet = quiet + 1 if still and not len(added) else 0
            if still is None or quiet == QUIET:
                break
        return u

    def _extend(self, added: np.ndarray) -> None:
        """Open more quantities: append their answers to S = Bᵀ K₀⁻¹ B, and form M from it.

        Column t of B is a unit force on t where it was free, and the column of the equations that
        its motion brings in where it was held.
        """
        before, k = self.S, len(self.open)
        self.open = np.concatenate([self.open, added])
        free = self.free[self.open]
        self.S = np.empty((len(self.open),) * 2)
        self.S[:k, :k] = before
        for start in range(k, len(self.open), COLUMNS):
            part = slice(start, min(start + COLUMNS, len(self.open)))
            X, low = self._answers(self.open[part])
            self.S[:, part] = np.where(free[:, None], X[self.open], self.schur.JT[self.open] @ low)
        self.S[k:, :k] = self.S[:k, k:].T
        weights = self.p.kkt.weights[self.open] + PRIMAL
        sign = np.where(free, 1.0, -1.0)
        tied = ROUNDING * np.abs(self.S.diagonal())
        self.M = self.S * sign + np.diag(np.where(free, STIFF, weights) + tied)

    def _answers(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return columns of K₀⁻¹ B: positions (n, k) and multipliers (m, k)."""
        n, free = self.p.kkt.n, np.flatnonzero(self.free[at])
        B = np.zeros((n + self.p.kkt.m, len(at)))
        B[at[free], free] = 1.0
        held = np.flatnonzero(~self.free[at])
        B[n:, held] = self.schur.JT[at[held]].toarray().T
        h, J, JT, delta = self.schur.h[:, None], self.schur.J, self.schur.JT, self.inner.delta
        X = self.schur.solve(B)
        for _ in range(REFINED):
            top, low = X[:n], X[n:]
            B_top = np.where(self.free[:, None], B[:n] - top / h - JT @ low, 0.0)
            X += self.schur.solve(np.concatenate([B_top, B[n:] - J @ top + delta * low]))
        return X[:n], X[n:]

    def _place(self, u: np.ndarray, force: np.ndarray) -> bool | None:
        """Settle the open quantities in place; return whether their states stay as they were."""
        p, at = self.p, self.open
        if not len(at):
            return True
        free = self.free[at]
        y = np.where(free, force[at], p.pull(u)[at])
        slack = p.beyond / 2, p.pulled / 2
        found = complementary(
            self.M, u[at], y, p.lower[at], p.upper[at], free, self.active[at], slack
        )
        if found is None:
            return None
        state, change = found
        still = np.array_equal(state, self.active[at])
        self.active[at] = state
        force[at[free]] += change[free]
        u[at[~free]] += change[~free]
        return still
