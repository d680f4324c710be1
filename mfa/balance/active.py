"""One quadratic programme with bounds, by active sets: exchange first, then an exact tail.

Quantities beyond a bound are held at it, those that a bound pulls the wrong way are let go, and
the equality problem on the rest is solved again: a primal-dual active set (Hintermüller, Ito &
Kunisch 2002), each round a numeric refactorisation on the same pattern. That gets nearly all right
within ten rounds; then a few clusters may cycle. The tail (`mfa.balance.tail`) settles those
exactly with one factor. Small problems that still do not settle go to PIQP's interior point method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from mfa.balance.kernel import LARGE
from mfa.balance.kkt import KKT, SHARPENINGS, SLOWEST
from mfa.balance.tail import Tail

ROUNDS, RESTARTS = 40, 8
STIFF, LONGEST = 1e6, 120
BEYOND = 1e-9
PULLED = 1e-7
# Above this the tail works on: an interior point method would take hours.
SMALL = 20_000
# Large problems go to the tail from this many wrong indices on (a column of the inverse each), and
# all from this many on when a round does not bring their number down to a share.
FEW, TAIL, SLOW = 40, 400, 0.7
CLOSED = 1e-9
PRIMAL = 1e-8  # regularisation: more slows what hangs on a few held quantities only
MILD = 1e-6  # how far beyond a bound, or how wrongly pulled, is rounding of a near tie

Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def bounded_step(
    kkt: KKT,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    guess: np.ndarray,
    hurried: bool = False,
) -> tuple[Found, bool]:
    """Minimise ``½ dᵀWd − gradientᵀd`` subject to ``J d = −f`` and ``lower ≤ d ≤ upper``.

    Parameters
    ----------
    kkt
        Factor of W and J without bounds; gives scales and pattern.
    guess
        Active set to begin with: −1 at the lower bound, +1 at the upper, 0 between; (n,).
    hurried
        Whether to give up where the active set does not settle, because there is a better way.

    Returns
    -------
    step, multipliers, active
        The optimal step (n,), the multipliers of the rows (m,), and the active set.
    settled
        Whether that is the optimum: else it is the best that could be done.
    """
    D, R = kkt.column_scale, kkt.row_scale
    problem = BoundedProblem(kkt, gradient * D, -f * R, lower / D, upper / D)
    found = problem.settle(guess)
    if found is None and kkt.division is not None:
        problem = replace(problem, kkt=kkt.at_home())
        found = problem.settle(guess)
    settled = found is not None
    if found is None and kkt.n <= SMALL and not hurried:
        first = problem.interior()
        found = problem.settle(first[2])
        settled, found = found is not None, found or first
    if found is None:
        found = problem.best(guess)
    step, multipliers, active = found
    return (np.clip(step * D, lower, upper), multipliers * R, active), settled


def exact_step(
    kkt: KKT,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    guess: np.ndarray,
) -> tuple[tuple[np.ndarray, np.ndarray] | None, np.ndarray]:
    """Minimise as `bounded_step` does; None if not to the last digits (`KKT.exactly`).

    Returns
    -------
    step and multipliers, active
    """
    D, R = kkt.column_scale, kkt.row_scale
    problem = BoundedProblem(kkt, gradient * D, -f * R, lower / D, upper / D)
    found = problem.settle(guess)
    found = None if found is None else problem.sharpened(*found)
    if found is None:
        return None, guess
    step, multipliers, active = found
    return (np.clip(step * D, lower, upper), multipliers * R), active


@dataclass(frozen=True)
class BoundedProblem:
    """The quadratic programme of one step, all in the scaled units of `kkt`."""

    kkt: KKT
    primal: np.ndarray
    dual: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    beyond: float = BEYOND
    pulled: float = PULLED

    def settle(self, active: np.ndarray) -> Found | None:
        """Return the optimum; None when the active set does not settle, or nothing is feasible."""
        active, most = active.copy(), 256
        u, left = self._exchange(active, sweeps=2 if self._large() else 60)
        if not left and self._closed(u, active):
            return self._split(u, active)
        for _ in range(RESTARTS):
            if left and self.kkt.condensed:
                u = Tail(self, active, most).settle(u)
            elif left:
                u, left = self._exchange(active, sweeps=60)
            u = self._anew(active, u)
            left = int(self.wrong(u, active).sum())
            if not left:
                if self._closed(u, active):
                    return self._split(u, active)
                left = self._loosened(u, active)
                if not left:
                    return None
                u, left = self._exchange(active, sweeps=60)
                continue
            if not self.wrong(u, active, MILD, MILD).any():
                return self._polished(u, active)
            most *= 2
        return None

    def _anew(self, active: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return the solution with an active set, with nothing moved that nothing determines.

        From u on where that is the wrong place to begin: where a bound limits what is free.
        """
        inner = self._held(active)
        new, _ = self.on(active, inner)
        if self._closed(new, active) and not self.wrong(new, active).any():
            return new
        return self.on(active, inner, start=u)[0]

    def _large(self) -> bool:
        """Whether rounds of the exchange are dear and the tail can take over."""
        return self.kkt.m >= LARGE and self.kkt.condensed

    def _exchange(self, active: np.ndarray, sweeps: int) -> tuple[np.ndarray, int]:
        """Exchange wrong indices in place while that goes well; return the point, and how many.

        Where the tail can take over, a few wrong ones of many quantities are left to it.
        """
        tail, rng = self._large(), np.random.default_rng(1)
        few = FEW if tail else 0
        fewest = self.kkt.n + 1
        for _ in range(ROUNDS):
            u, _ = self.on(active, self._held(active), sweeps)
            wrong = np.flatnonzero(self.wrong(u, active))
            count = len(wrong)
            if count <= few or (tail and SLOW * fewest < count < TAIL):
                break
            if count >= fewest:
                wrong = wrong[rng.random(count) < 0.5]
            fewest = min(fewest, count)
            above = u[wrong] > self.upper[wrong]
            active[wrong] = np.where(active[wrong] != 0, 0, np.where(above, 1, -1))
        return u, count

    def _polished(self, u: np.ndarray, active: np.ndarray) -> Found | None:
        """Hold what lies beyond a bound by next to nothing; wrong pulls of that size may stay.

        Where a bound and the data agree to rounding, either state is right and an exchange could
        go on for ever; holding more and more cannot.
        """
        for _ in range(RESTARTS):
            x = u[: self.kkt.n]
            below = (active == 0) & (x < self.lower - self.beyond)
            above = (active == 0) & (x > self.upper + self.beyond)
            if not (below | above).any():
                return self._split(u, active)
            active[below], active[above] = -1, 1
            u, _ = self.on(active, self._held(active), start=u)
            if not self._closed(u, active):
                return None
        return None

    def _held(self, active: np.ndarray) -> KKT:
        sharp = min(PRIMAL, self.kkt.primal) if self.kkt.condensed else None
        return self.kkt.hold(active != 0, sharp) if active.any() else self.kkt

    def ends(self, active: np.ndarray) -> np.ndarray:
        """Return where the bounds hold the active quantities, 0 for the others; (n,)."""
        return np.where(active < 0, self.lower, np.where(active > 0, self.upper, 0.0))

    def on(
        self,
        active: np.ndarray,
        inner: KKT,
        sweeps: int = 60,
        start: np.ndarray | None = None,
    ) -> tuple[np.ndarray, float]:
        """Solve the equality problem with the active quantities held at their bounds.

        From a `start` nothing moves that no equation determines.
        """
        held = np.concatenate([self.ends(active), np.zeros(self.kkt.m)])
        goal = np.concatenate([self.primal, self.dual]) - self.kkt.product(held)
        if start is not None:
            start = start.copy()
            start[: self.kkt.n][active != 0] = 0.0
        u, residual = inner.refined(goal, sweeps, start=start, slow=0.9 if start is None else 0.999)
        return u + held, residual

    def pull(self, u: np.ndarray) -> np.ndarray:
        """Return the gradient of the Lagrange function: above 0 it pulls a quantity down; (n,)."""
        return self.kkt.product(u)[: self.kkt.n] - self.primal

    def _loosened(self, u: np.ndarray, active: np.ndarray) -> int:
        """Let go in place what keeps rows from closing; return how many that were.

        Rows that contradict what is held pull on it the harder the longer one refines.
        """
        open_rows = self.kkt.product(u)[self.kkt.n :] - self.dual
        pull = self.kkt.product(np.concatenate([np.zeros(self.kkt.n), open_rows]))[: self.kkt.n]
        least = 1e-3 * np.abs(open_rows).max(initial=0.0)
        away = ((active < 0) & (pull < -least)) | ((active > 0) & (pull > least))
        active[away] = 0
        return int(away.sum())

    def _closed(self, u: np.ndarray, active: np.ndarray) -> bool:
        """Whether the rows hold, and nothing that is free is pulled anywhere worth speaking of."""
        size = np.abs(np.concatenate([self.primal, self.dual])).max(initial=0.0) or 1.0
        open_rows = self.kkt.product(u)[self.kkt.n :] - self.dual
        pull = np.where(active == 0, self.pull(u), 0.0)
        rows, pulled = (float(np.abs(part).max(initial=0.0)) for part in (open_rows, pull))
        return max(rows, pulled) <= CLOSED * size

    def sharpened(self, x: np.ndarray, multipliers: np.ndarray, active: np.ndarray) -> Found | None:
        """Return a solution refined until it is exact to rounding of its terms; None if it is not.

        Bounds are kept exactly, and what is held by them is pulled to them.
        """
        n, inner = self.kkt.n, self._held(active)
        goal = np.concatenate([self.primal, self.dual])
        u = np.concatenate([x, multipliers])
        before = np.inf
        for _ in range(SHARPENINGS):
            u[:n] = np.clip(u[:n], self.lower, self.upper)
            error = goal - self.kkt.product(u)
            error[:n] = np.where(active == 0, error[:n], 0.0)
            excess = self.kkt.excess(u, error, goal)
            if excess <= 1:
                return None if self.wrong(u, active).any() else self._split(u, active)
            if not excess < SLOWEST * before:
                break
            before, u = excess, u + inner.factor.solve(error)
        return None

    def wrong(
        self, u: np.ndarray, active: np.ndarray, beyond: float = BEYOND, pulled: float = PULLED
    ) -> np.ndarray:
        """Return which quantities lie beyond a bound, or are held by one that pushes them away."""
        x, pull, slack = u[: self.kkt.n], self.pull(u), beyond * self.kkt.room
        outside = (x < self.lower - slack) | (x > self.upper + slack)
        away = ((active < 0) & (pull < -pulled)) | ((active > 0) & (pull > pulled))
        return ((active == 0) & outside) | away

    def _split(self, u: np.ndarray, active: np.ndarray) -> Found:
        return u[: self.kkt.n], u[self.kkt.n :], active

    def best(self, active: np.ndarray) -> Found:
        """Return what a few exchanges come to, for problems that nothing solves."""
        active = active.copy()
        self._exchange(active, 60)
        return self._split(self.on(active, self._held(active))[0], active)

    def interior(self) -> Found:
        """Solve by PIQP and read off the active set.

        When no step within the bounds satisfies the linearised rows, they give way as little as
        possible (each at the price of `STIFF` · its square); the line search does the rest.
        """
        found = self._piqp(self.kkt.J, self.kkt.W, self.primal)
        if found is not None:
            return found
        m, n = self.kkt.m, self.kkt.n
        rows = sp.hstack([self.kkt.J, sp.eye_array(m)], format="csr")
        weights = sp.block_diag([self.kkt.W, STIFF * sp.eye_array(m)], format="csr")
        found = self._piqp(rows, weights, np.concatenate([self.primal, np.zeros(m)]))
        return (np.zeros(n), np.zeros(m), np.zeros(n, dtype=np.int8)) if found is None else found

    def _piqp(self, rows: sp.csr_array, weights: sp.csr_array, linear: np.ndarray) -> Found | None:
        """Return step, multipliers and active set; None when PIQP finds none.

        Columns beyond the quantities are without bounds.
        """
        import piqp

        n = self.kkt.n
        solver = piqp.SparseSolver()
        solver.settings.eps_abs = solver.settings.eps_rel = 1e-9
        solver.settings.max_iter = LONGEST
        P = sp.csc_matrix(weights + 1e-12 * sp.eye_array(len(linear)))
        open_ = np.full(len(linear) - n, np.inf)
        low, high = np.append(self.lower, -open_), np.append(self.upper, open_)
        solver.setup(P, -linear, sp.csc_matrix(rows), self.dual, x_l=low, x_u=high)
        solver.solve()
        y, multipliers = np.asarray(solver.result.x), np.asarray(solver.result.y)
        if not (np.isfinite(y).all() and np.isfinite(multipliers).all()):
            return None
        y, low, high = np.clip(y, low, high)[:n], low[:n], high[:n]
        below, above = np.asarray(solver.result.z_bl)[:n], np.asarray(solver.result.z_bu)[:n]
        active = np.zeros(n, dtype=np.int8)
        active[(below > y - low) & np.isfinite(low)] = -1
        active[(above > high - y) & np.isfinite(high)] = 1
        return y, multipliers, active
