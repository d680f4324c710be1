"""One quadratic programme with bounds, by a primal-dual active set (Hintermüller et al. 2002).

Quantities beyond a bound are held at it, those that a bound pulls the wrong way are let go, and
the equality problem on the rest is solved again with the same scales and pattern. When the exchange
cycles, a random half of the wrong ones moves; when it still does not settle, PIQP's interior point
method gives the active set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.kkt import KKT

ROUNDS, SINGLE = 40, 400
BEYOND = 1e-9
PULLED = 1e-7
STIFF = 1e6
LONGEST = 120


def bounded_step(
    kkt: KKT,
    W: sp.csr_array,
    J: sp.csr_array,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    guess: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise ``½ dᵀWd − gradientᵀd`` subject to ``J d = −f`` and ``lower ≤ d ≤ upper``.

    Parameters
    ----------
    kkt
        Factor of the same W and J without bounds; gives scales and pattern.
    guess
        Active set to begin with: −1 at the lower bound, +1 at the upper, 0 between; (n,).

    Returns
    -------
    step, multipliers, active
        The optimal step (n,), the multipliers of the rows (m,), and the active set.
    """
    problem = _Bounded(kkt, W, J, gradient, f, lower, upper)
    found = problem.exchange(guess)
    if found is None and kkt.stiff:
        found = problem.exchange(guess, one=True)
    if found is None:
        step, multipliers, active = problem.interior()
        found = problem.exchange(active)
    return (step, multipliers, active) if found is None else found


@dataclass(frozen=True)
class _Bounded:
    """The quadratic programme of one step."""

    kkt: KKT
    W: sp.csr_array
    J: sp.csr_array
    gradient: np.ndarray
    f: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def exchange(
        self, active: np.ndarray, *, one: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return the optimum found by exchanging wrong indices; None when that does not settle.

        With `one` only the last of them moves each time, which ends for certain (Murty 1974).
        """
        active, fewest = active.copy(), np.inf
        rng = np.random.default_rng(1)
        for _ in range(SINGLE if one else ROUNDS):
            step, multipliers, residual = self.on(active)
            wrong = np.flatnonzero(self._wrong(step, multipliers, active))
            if not len(wrong):
                if residual > 1e-8:
                    return None
                return np.clip(step, self.lower, self.upper), multipliers, active
            if one:
                wrong = wrong[-1:]
            elif len(wrong) >= fewest:
                wrong = wrong[rng.random(len(wrong)) < 0.5]
            fewest = min(fewest, len(wrong)) if len(wrong) else fewest
            above = step[wrong] > self.upper[wrong]
            active[wrong] = np.where(active[wrong] != 0, 0, np.where(above, 1, -1))
        return None

    def _wrong(self, step: np.ndarray, multipliers: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Return which quantities lie beyond a bound, or are held by one that pushes them away."""
        scale = self.kkt.column_scale
        pull = (self.W @ step + self.J.T @ multipliers - self.gradient) * scale
        slack = BEYOND * self.kkt.spans
        beyond = (active == 0) & ((step < self.lower - slack) | (step > self.upper + slack))
        return beyond | ((active < 0) & (pull < -PULLED)) | ((active > 0) & (pull > PULLED))

    def on(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Solve the equality problem with the active quantities held at their bounds."""
        held = np.where(active < 0, self.lower, np.where(active > 0, self.upper, 0.0))
        inner = self.kkt.hold(active != 0) if active.any() else self.kkt
        step, multipliers, residual = inner.solve(
            self.gradient - self.W @ held, -self.f - self.J @ held
        )
        return step + held, multipliers, residual

    def interior(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Solve in scaled units by PIQP and read off the active set.

        When no step within the bounds satisfies the linearised rows, they give way as little as
        possible (each at the price of `STIFF` · its square); the line search does the rest.
        """
        found = self._piqp(self.kkt.J, self.kkt.W, self.gradient * self.kkt.column_scale)
        if found is not None:
            return found
        m, n = self.kkt.J.shape
        rows = sp.hstack([self.kkt.J, sp.eye_array(m)], format="csr")
        weights = sp.block_diag([self.kkt.W, STIFF * sp.eye_array(m)], format="csr")
        gradient = np.concatenate([self.gradient * self.kkt.column_scale, np.zeros(m)])
        found = self._piqp(rows, weights, gradient)
        return (np.zeros(n), np.zeros(m), np.zeros(n, dtype=np.int8)) if found is None else found

    def _piqp(
        self, rows: sp.csr_array, weights: sp.csr_array, gradient: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return step, multipliers and active set; None when PIQP finds none.

        Columns beyond the quantities are without bounds.
        """
        import piqp

        D, R, n = self.kkt.column_scale, self.kkt.row_scale, self.kkt.n
        solver = piqp.SparseSolver()
        solver.settings.eps_abs = solver.settings.eps_rel = 1e-9
        solver.settings.max_iter = LONGEST
        P = sp.csc_matrix(weights + 1e-12 * sp.eye_array(len(gradient)))
        open_ = np.full(len(gradient) - n, np.inf)
        low, high = np.append(self.lower / D, -open_), np.append(self.upper / D, open_)
        solver.setup(P, -gradient, sp.csc_matrix(rows), -self.f * R, x_l=low, x_u=high)
        solver.solve()
        y, multipliers = np.asarray(solver.result.x), np.asarray(solver.result.y)
        if not (np.isfinite(y).all() and np.isfinite(multipliers).all()):
            return None
        y, low, high = np.clip(y, low, high)[:n], low[:n], high[:n]
        below, above = np.asarray(solver.result.z_bl)[:n], np.asarray(solver.result.z_bu)[:n]
        active = np.zeros(n, dtype=np.int8)
        active[(below > y - low) & np.isfinite(low)] = -1
        active[(above > high - y) & np.isfinite(high)] = 1
        return y * D, multipliers * R, active
