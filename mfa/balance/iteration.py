"""From one iterate to the next: damped Gauss–Newton steps until the relations hold.

Each step is a sparse quadratic programme: the equality solution where it respects the bounds, else
the active set that `mfa.balance.active` finds and an exact solution on it. How far a step is
followed is for `mfa.balance.line_search` to say.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from mfa.balance.data import Data, merge
from mfa.balance.distribution import Likelihood
from mfa.balance.equations import Equations
from mfa.balance.exact import affordable, exact_optimum
from mfa.balance.kkt import KKT, PATIENT
from mfa.balance.line_search import LineSearch
from mfa.balance.solution import Solution
from mfa.balance.start import plain_start, starting_point, typical_sizes

if TYPE_CHECKING:
    from mfa.balance.division import Division

MAX_ITERATIONS = 200
TOLERANCE = 1e-11
CLOSED = 1e-9
OPEN = 1e-7
EXACT = 1e-11  # residual of a linear system, relative to its right-hand side
AGAIN = 8  # times that rounding is closed, in few sweeps, to so small a part of the largest one:
FINELY, ROUGHLY = 1e-13, 1e-4  # where rows differ much in size, and where they do not
CLOSING = 2  # sweeps where they do not
NOTHING = 1e-18  # of its σ: what repeated closing leaves of a flow that must be 0
CLOSED_IN_SIGMA = 1e-8
CIRCLES = 40  # steps after which rows that are open and have not come closer never will
SHORT, PATIENCE = 0.05, 25  # so many steps in a row of which no more could be taken: stuck
SOFTEST, STIFFEST = 1e-3, 1e6  # springs, in units of a quantity's size
IDLE, STANDING = 1e-12, 6  # so many steps in a row that gain no more: arrived
REWEIGHTED_TOLERANCE = 1e-8


def open_rows(equations: Equations, x: np.ndarray, row_scale: np.ndarray) -> np.ndarray:
    """Return the rows that do not close: against their own terms, or against their uncertainty."""
    residual = np.abs(equations.residual(x))
    size = np.maximum(equations.magnitude(x), 1e-300)
    return np.flatnonzero(~((residual <= OPEN * size) | (residual * row_scale <= OPEN)))


class Iteration:
    """One reconciliation under way: the free columns, and the step from one iterate to the next."""

    def __init__(
        self, equations: Equations, likelihood: Likelihood, division: Division | None = None
    ) -> None:
        self.e, self.likelihood, self.observations = equations, likelihood, equations.observations
        self.data = self._merged()
        self.unfixed = np.flatnonzero(~self.data.fixed)
        self.whole = division
        self.division = None if division is None else division.of(self.unfixed)
        self._weigh()
        self.lower = equations.lower[self.unfixed]
        self.upper = equations.upper[self.unfixed]
        self.bounded = bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())
        self.active = np.zeros(len(self.unfixed), dtype=np.int8)
        self.size = np.ones(len(self.unfixed))
        self.kkt: KKT | None = None
        self.used: KKT  # that, or the same with another factor
        self.hasty = True  # whether the plain factor may do where a good basis is safe
        self.damping = 0.0
        self.steps = MAX_ITERATIONS
        self.settled = True  # the active set of the last step
        self.small = affordable(equations.A)

    def _merged(self) -> Data:
        return merge(self.observations, self.e.quantities.count, self.e.lower, self.e.upper)

    def _weigh(self) -> None:
        whole = len(self.unfixed) == len(self.data.fixed)
        self.W = self.data.W if whole else self.data.W[self.unfixed][:, self.unfixed].tocsr()
        self.g0 = self.data.gradient0[self.unfixed]

    def _jacobian(self, x: np.ndarray) -> sp.csr_array:
        """Return the Jacobian over the quantities that are not constants."""
        J = self.e.jacobian(x)
        return J if len(self.unfixed) == J.shape[1] else J[:, self.unfixed].tocsr()

    def _reweigh(self, x: np.ndarray, *, curved: bool) -> None:
        """Replace data that are not plain normal by the normal ones that stand for them at x."""
        if not self.likelihood.plain:
            self.observations = self.likelihood.working(x, curved=curved)
            self.data = self._merged()
            self._weigh()

    def starting_point(self) -> np.ndarray:
        """Return where the iteration begins, in internal units; (n,)."""
        if self.e.linear and self.likelihood.plain:
            return plain_start(self.e, self.data.mean, self.data.fixed, self._typical)
        return starting_point(
            self.e, self.data.mean, self.data.W, self.data.gradient0, self.data.fixed, self.whole
        )

    def _sizes(self, x: np.ndarray) -> np.ndarray:
        """Return a typical size of every quantity that is not a constant."""
        return np.maximum(np.abs(x), 1e-3 * np.abs(self._typical))[self.unfixed]

    @cached_property
    def _typical(self) -> np.ndarray:
        return typical_sizes(self.e, self.data.mean)

    # ------------------------------------------------------------------------------ iteration

    def solve(self, x: np.ndarray) -> Solution:
        """Iterate from x until the step vanishes and every row closes."""
        self.size, self.begin = self._sizes(x), x.copy()
        self.nearest, self.away = np.inf, 0  # of the relations: how open, and for how many steps
        converged, iteration, slow, idle = False, 0, 0, 0
        multipliers = np.zeros(self.e.A.shape[0])
        plain = self.likelihood.plain
        for iteration in range(1, self.steps + 1):  # noqa: B007 - told after the loop
            self._reweigh(x, curved=True)
            J = self._jacobian(x)
            f = self.e.residual(x)
            y = x[self.unfixed]
            W = self._damped(y)
            # In a curved system the next step mends what rounding spoils: no good basis here.
            curved = not self.e.linear
            kkt = self.kkt = KKT(W, J, self.size, self.kkt, self.division, regular=curved)
            step, multipliers = self._step(kkt, y, f)
            if self.e.linear and plain:
                x[self.unfixed] = y + step
                multipliers = self._close(x, multipliers)
                if self.used is not kkt and not self._exact(x):
                    self.hasty = False
                    step, multipliers = self._step(kkt, y, f)
                    x[self.unfixed] = y + step
                    multipliers = self._close(x, multipliers)
                if not (self.settled and self._exact(x)):
                    multipliers = self._in_whole_numbers(x, y, multipliers)
                converged = True
                break
            small = self._small(kkt, step, y)
            x, length, gain = self._line().along(x, step, kkt, multipliers)
            slow = slow + 1 if length < SHORT else 0
            idle = idle + 1 if gain < IDLE else 0
            closed = self.e.linear or self._closed(x, kkt)
            if not closed and self._in_circles(x):
                break
            if self._damp(small, length):
                continue
            if small or not length or slow > PATIENCE or (idle > STANDING and closed):
                converged = closed and self.e.smooth(x)
                break
        return self._finish(x, multipliers, iteration, converged)

    def _close(self, x: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        """Close in place, by the least change, what rounding of a long step leaves of the rows.

        Data of 10⁹ on what is 1 leave 10⁻⁷ of it; where σ differ much the step is repeated, too.
        """
        assert self.kkt is not None
        if self.used.stiff:
            y = x[self.unfixed]
            step, multipliers = self._step(self.kkt, y, self.e.residual(x))
            x[self.unfixed] = y + step
        ends = np.where(self.active < 0, self.lower, self.upper)
        x[self.unfixed] = np.where(self.active != 0, ends, x[self.unfixed])
        inner = None
        for _ in range(AGAIN):
            if self._exact(x):
                break
            if inner is None:
                inner = self.used.hold(self.active != 0) if self.active.any() else self.used
            nothing = np.zeros(len(self.unfixed))
            sweeps, share = (PATIENT, FINELY) if self.kkt.stiff else (CLOSING, ROUGHLY)
            step, _, _ = inner.solve(nothing, -self.e.residual(x), sweeps, share)
            x[self.unfixed] = np.clip(x[self.unfixed] + step, self.lower, self.upper)
        nothing = np.abs(x[self.unfixed]) <= NOTHING * self.kkt.column_scale
        if nothing.any():
            zeros = x.copy()
            zeros[self.unfixed[nothing]] = 0.0
            if self._exact(zeros):
                x[:] = zeros
        return multipliers

    def _in_whole_numbers(
        self, x: np.ndarray, near: np.ndarray, multipliers: np.ndarray
    ) -> np.ndarray:
        """Solve a small linear system again in place, without rounding; return the multipliers."""
        if not self.small:
            return multipliers
        assert self.kkt is not None
        fixed = self.data.fixed
        right = self.e.b - self.e.A[:, np.flatnonzero(fixed)] @ x[fixed]
        A, bounds = self._jacobian(x), (self.lower, self.upper)
        scale = self.kkt.column_scale
        found = exact_optimum(self.W, A, scale, self.g0, right, bounds, self.active, near)
        if found is not None:
            x[self.unfixed], multipliers, self.active = found
        return multipliers

    def _in_circles(self, x: np.ndarray) -> bool:
        """Whether the relations have not come nearer to holding for many steps."""
        e = self.e
        now = float((np.abs(e.residual(x)) / np.maximum(e.magnitude(x), 1e-300)).max(initial=0.0))
        if not now >= 0.99 * self.nearest:
            self.nearest, self.away = now, 0
        self.away += 1
        return self.away > CIRCLES

    def _exact(self, x: np.ndarray) -> bool:
        """Whether the rows close a thousand times better than they must."""
        return bool(np.all(np.abs(self.e.residual(x)) <= 1e-3 * CLOSED * self.e.magnitude(x)))

    def _damped(self, y: np.ndarray) -> sp.csr_array:
        """Return the weights, with a spring at every quantity after steps that led too far."""
        if not self.damping:
            return self.W
        spring = self.damping / np.maximum(np.abs(y), self.size) ** 2
        return (self.W + sp.diags_array(spring)).tocsr()

    def _damp(self, small: bool, length: float) -> bool:
        """Set the springs for the next step; return whether they were what made this one small."""
        before = self.damping
        if self.e.linear:
            return False
        if (small or not length) and before:
            self.damping = 0.0 if small else before * 100
            return small or self.damping < STIFFEST
        if length < SHORT:
            self.damping = max(10 * before, SOFTEST)
        elif length == 1.0:
            self.damping = before / 10 if before > SOFTEST else 0.0
        return False

    def _small(self, kkt: KKT, step: np.ndarray, y: np.ndarray) -> bool:
        size = np.abs(step) / np.maximum(np.abs(y), kkt.column_scale)
        limit = TOLERANCE if self.likelihood.plain else REWEIGHTED_TOLERANCE
        return bool(size.max(initial=0.0) < limit)

    def _closed(self, x: np.ndarray, kkt: KKT) -> bool:
        """Whether every row closes to rounding error of its terms, or of its uncertainty."""
        f, size = np.abs(self.e.residual(x)), self.e.magnitude(x)
        return bool(np.all((f <= CLOSED * size) | (f * kkt.row_scale <= CLOSED_IN_SIGMA)))

    def _line(self) -> LineSearch:
        return LineSearch(self.e, self._misfit, self.unfixed, self.lower, self.upper)

    def _misfit(self, x: np.ndarray) -> float:
        """Return half the weighted sum of squares, but for a constant."""
        if not self.likelihood.plain:
            return self.likelihood.misfit(x)
        y = x[self.unfixed]
        return float(0.5 * y @ (self.W @ y) - self.g0 @ y)

    def _step(self, kkt: KKT, y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the Gauss–Newton step within the bounds, and the rows' multipliers."""
        gradient = self.g0 - self.W @ y
        self.used = kkt
        if kkt.stiff and self.hasty:
            exact = self._quick_step(kkt.plain(), gradient, y, f)
            if exact is not None:
                return exact
        step, multipliers, residual = kkt.solve(gradient, -f)
        if self.e.linear and residual > EXACT and kkt.sharpen():
            step, multipliers, _ = kkt.solve(gradient, -f)
        if not self.bounded or self._inside(y + step, kkt):
            self.active[:] = 0
            self.settled = True
            return step, multipliers
        from mfa.balance.active import bounded_step

        low, high = self.lower - y, self.upper - y
        guess = self._guess(step, low, high)
        hurried = self.e.linear and self.small
        found, self.settled = bounded_step(kkt, gradient, f, low, high, guess, hurried)
        step, multipliers, self.active = found
        return step, multipliers

    def _guess(self, step: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the active bounds of the step before, else those that this one goes beyond."""
        if self.active.any():
            return self.active
        return np.where(step < low, -1, np.where(step > high, 1, 0)).astype(np.int8)

    def _quick_step(
        self, kkt: KKT, gradient: np.ndarray, y: np.ndarray, f: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the step by the regularised factor, if that makes it exact to the last digits."""
        found = kkt.exactly(gradient, -f)
        active = np.zeros_like(self.active)
        low, high = self.lower - y, self.upper - y
        if found is not None and ((found[0] < low) | (found[0] > high)).any():
            from mfa.balance.active import exact_step

            found, active = exact_step(
                kkt, gradient, f, low, high, self._guess(found[0], low, high)
            )
        if found is not None:
            self.active, self.used, self.settled = active, kkt, True
        return found

    def _inside(self, y: np.ndarray, kkt: KKT) -> bool:
        slack = 1e-10 * kkt.spans
        return bool(np.all(y >= self.lower - slack) and np.all(y <= self.upper + slack))

    def _finish(
        self, x: np.ndarray, multipliers: np.ndarray, iterations: int, converged: bool
    ) -> Solution:
        x[self.unfixed] = np.clip(x[self.unfixed], self.lower, self.upper)
        self._reweigh(x, curved=False)
        J = self._jacobian(x)
        kkt = self.kkt
        if kkt is None or not (self.e.linear and self.likelihood.plain):
            self.size = self._sizes(x)  # the start may have been far off
            kkt = KKT(self.W, J, self.size, kkt, self.division)
        if not self.e.linear and converged:  # also with the scales of where it went
            converged = not len(open_rows(self.e, x, kkt.row_scale))
        chi2 = self.likelihood.chi2(x)
        return Solution(
            x,
            multipliers,
            self.active.copy(),
            chi2,
            iterations,
            converged,
            self.data,
            self.unfixed,
            kkt,
            J,
            self.e.residual(x),
            self.observations,
            self.likelihood.weights(x),
            self.begin,
        )
