"""Weighted least squares subject to relations and bounds: the reconciled values.

Minimise ``(h − z)ᵀ V⁻¹ (h − z)`` subject to ``f(x) = 0`` and ``l ≤ x ≤ u`` by damped Gauss–Newton
(Cencic 2016; a line search on an exact penalty), each step a sparse quadratic programme: the
equality solution where it respects the bounds, else the active set that `mfa.balance.active` finds
and an exact solution on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from mfa.balance.data import Data, merge
from mfa.balance.distribution import Likelihood
from mfa.balance.equations import Equations, Observations
from mfa.balance.kkt import KKT
from mfa.balance.restore import linear_rows_hold, other_starts
from mfa.balance.start import plain_start, starting_point, typical_sizes

if TYPE_CHECKING:
    from mfa.balance.division import Division

MAX_ITERATIONS = 200
TOLERANCE = 1e-11
CLOSED = 1e-9
EXACT = 1e-11  # residual of a linear system, relative to its right-hand side
AGAIN, CLOSING = 8, 2
NOTHING = 1e-18  # of its σ: what repeated closing leaves of a flow that must be 0
CLOSED_IN_SIGMA = 1e-8
SMALL, FEW = 3000, 3
SHORT, PATIENCE = 0.05, 25  # so many steps in a row of which no more could be taken: stuck
SOFTEST, STIFFEST = 1e-3, 1e6  # springs, in units of a quantity's size
IDLE, STANDING = 1e-12, 6  # so many steps in a row that gain no more: arrived
# A step that ends where a term has no value or slope (x / 0) first stops just short of it.
LENGTHS = (0.999, *(0.5**k for k in range(1, 41)))
REWEIGHTED_TOLERANCE = 1e-8


@dataclass
class Solution:
    """What reconciliation found, in internal units.

    ``x`` (n,), multipliers of the rows and of the bounds, the active bounds, χ², and whether and in
    how many iterations it converged. ``kkt`` is the factor at the solution without active bounds,
    over the quantities `unfixed`. ``observations`` are the normal data that stand for those given
    at the solution (the same when all are normal), ``weights`` what a robust balance left of each.
    """

    x: np.ndarray
    multipliers: np.ndarray
    active: np.ndarray
    chi2: float
    iterations: int
    converged: bool
    data: Data
    unfixed: np.ndarray
    kkt: KKT | None = None
    jacobian: sp.csr_array | None = None
    residual: np.ndarray = field(default_factory=lambda: np.zeros(0))
    observations: Observations | None = None
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))


def reconcile(
    equations: Equations,
    *,
    start: np.ndarray | None = None,
    robust: bool = False,
    division: Division | None = None,
) -> Solution:
    """Return the most likely values of all quantities.

    Parameters
    ----------
    start
        Starting values in internal units, to overrule those from the data; (n,).
    robust
        Weigh data that are far off down (Huber, `mfa.balance.robust`).
    division
        Blocks in which every step is solved, and who works on them (`mfa.balance.division`).
    """
    likelihood = Likelihood.of(equations.observations, robust)
    problem = _Problem(equations, likelihood, division)
    x = problem.starting_point() if start is None else start.copy()
    found = _attempt(problem, x)
    if equations.linear and found is not None:
        return found
    doubtful = start is None and found is not None and _doubtful(found)
    lost = found is None or not found.converged
    if doubtful or (lost and linear_rows_hold(equations, problem.data.fixed, x)):
        found = _best(equations, likelihood, found, division)
    if found is None:
        raise ArithmeticError("the relations have entries that are not finite")
    return found


def _doubtful(found: Solution) -> bool:
    """Whether the data of a small system fit so badly that there may be a better solution."""
    checks = len(found.data.uncertain)
    return len(found.x) <= SMALL and found.chi2 > checks + 10 * np.sqrt(2 * checks)


def _best(
    equations: Equations,
    likelihood: Likelihood,
    found: Solution | None,
    division: Division | None,
) -> Solution | None:
    """Return the first solution from other starts, or the best of a few when there was one."""
    problem, tries = _Problem(equations, likelihood, division), 0
    data = (problem.data.W, problem.data.gradient0)
    for other in other_starts(equations, problem.starting_point(), data, problem.data.fixed):
        again = _attempt(_Problem(equations, likelihood, division), other)
        tries += 1
        if again is None:
            continue
        better = found is None or (again.converged and not found.converged)
        if better or (again.converged and again.chi2 < found.chi2 * (1 - 1e-6)):
            found = again
        if found.converged and (tries == FEW or not _doubtful(found)):
            break
    return found


def _attempt(problem: _Problem, x: np.ndarray) -> Solution | None:
    """Return where the iteration from x ends; None when it leaves what can be computed."""
    try:
        with np.errstate(all="ignore"):
            return problem.solve(x.copy())
    except ArithmeticError:
        return None


class _Problem:
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
        self.damping = 0.0

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
            return plain_start(self.e, self.data.mean, self.data.fixed)
        return starting_point(
            self.e, self.data.mean, self.data.W, self.data.gradient0, self.data.fixed, self.whole
        )

    def _sizes(self, x: np.ndarray) -> np.ndarray:
        """Return a typical size of every quantity that is not a constant."""
        typical = np.abs(typical_sizes(self.e, self.data.mean))
        return np.maximum(np.abs(x), 1e-3 * typical)[self.unfixed]

    # ------------------------------------------------------------------------------ iteration

    def solve(self, x: np.ndarray) -> Solution:
        """Iterate from x until the step vanishes and every row closes."""
        self.size = self._sizes(x)
        converged, iteration, slow, idle = False, 0, 0, 0
        multipliers = np.zeros(self.e.A.shape[0])
        plain = self.likelihood.plain
        for iteration in range(1, MAX_ITERATIONS + 1):  # noqa: B007 - told after the loop
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
                converged = True
                break
            small = self._small(kkt, step, y)
            x, length, gain = self._search(x, step, kkt, multipliers)
            slow = slow + 1 if length < SHORT else 0
            idle = idle + 1 if gain < IDLE else 0
            closed = self.e.linear or self._closed(x, kkt)
            if self._damp(small, length):
                continue
            if small or not length or slow > PATIENCE or (idle > STANDING and closed):
                converged = closed
                break
        return self._finish(x, multipliers, iteration, converged)

    def _close(self, x: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        """Close in place, by the least change, what rounding of a long step leaves of the rows.

        Data of 10⁹ on what is 1 leave 10⁻⁷ of it; where σ differ much the step is repeated, too.
        """
        assert self.kkt is not None
        if self.kkt.stiff:
            y = x[self.unfixed]
            step, multipliers = self._step(self.kkt, y, self.e.residual(x))
            x[self.unfixed] = y + step
        ends = np.where(self.active < 0, self.lower, self.upper)
        x[self.unfixed] = np.where(self.active != 0, ends, x[self.unfixed])
        for _ in range(AGAIN):
            if self._exact(x):
                break
            inner = self.kkt.hold(self.active != 0) if self.active.any() else self.kkt
            step, _, _ = inner.solve(
                np.zeros(len(self.unfixed)), -self.e.residual(x), sweeps=CLOSING
            )
            x[self.unfixed] = np.clip(x[self.unfixed] + step, self.lower, self.upper)
        nothing = np.abs(x[self.unfixed]) <= NOTHING * self.kkt.column_scale
        if nothing.any():
            zeros = x.copy()
            zeros[self.unfixed[nothing]] = 0.0
            if self._exact(zeros):
                x[:] = zeros
        return multipliers

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

    def _search(
        self, x: np.ndarray, step: np.ndarray, kkt: KKT, multipliers: np.ndarray
    ) -> tuple[np.ndarray, float, float]:
        """Return the point along `step` that lowers misfit + penalised residual.

        Also how much of the step that is (0: none), and by what part the sum fell.

        The penalty of a row is twice its multiplier (exact penalty); a full step that curvature
        spoils gets a second-order correction before it is shortened (Fletcher 1982).
        """
        weight = np.maximum(2.0 * np.abs(multipliers), kkt.row_scale)

        def merit(point: np.ndarray) -> float:
            value = self._misfit(point) + float(weight @ np.abs(self.e.residual(point)))
            return value if np.isfinite(value) and self.e.smooth(point) else np.inf

        def shifted(by: np.ndarray) -> np.ndarray:
            point = x.copy()
            point[self.unfixed] += by
            return point

        here = merit(x)
        slack = 1e-12 * (1.0 + abs(here))
        full = shifted(step)
        now = merit(full)
        if now <= here + slack:
            return full, 1.0, (here - now) / (1.0 + abs(here))
        f = self.e.residual(full)
        if np.isfinite(f).all():
            correction, _, _ = kkt.solve(np.zeros(len(step)), -f, sweeps=8)
            better = np.clip(x[self.unfixed] + step + correction, self.lower, self.upper)
            corrected = shifted(better - x[self.unfixed])
            now = merit(corrected)
            if now <= here + slack:
                return corrected, 1.0, (here - now) / (1.0 + abs(here))
        for length in LENGTHS:
            trial = shifted(length * step)
            now = merit(trial)
            if now <= here + slack:
                return trial, length, (here - now) / (1.0 + abs(here))
        return x, 0.0, 0.0

    def _misfit(self, x: np.ndarray) -> float:
        """Return half the weighted sum of squares, but for a constant."""
        if not self.likelihood.plain:
            return self.likelihood.misfit(x)
        y = x[self.unfixed]
        return float(0.5 * y @ (self.W @ y) - self.g0 @ y)

    def _step(self, kkt: KKT, y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the Gauss–Newton step within the bounds, and the rows' multipliers."""
        gradient = self.g0 - self.W @ y
        step, multipliers, residual = kkt.solve(gradient, -f)
        if self.e.linear and residual > EXACT and kkt.sharpen():
            step, multipliers, _ = kkt.solve(gradient, -f)
        if not self.bounded or self._inside(y + step, kkt):
            self.active[:] = 0
            return step, multipliers
        from mfa.balance.active import bounded_step

        low, high = self.lower - y, self.upper - y
        if not self.active.any():
            self.active = np.where(step < low, -1, np.where(step > high, 1, 0)).astype(np.int8)
        step, multipliers, self.active = bounded_step(kkt, gradient, f, low, high, self.active)
        return step, multipliers

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
        )
