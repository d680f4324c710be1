"""Linear programmes over one set of rows and ranges: how far single quantities and sums can go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.optimize import OptimizeResult, linprog

PASSES = 100
MOST_OPEN = 100
TOUCH = 1e-9  # scaled distance at which a range end counts as reached


@dataclass(frozen=True)
class Extreme:
    """One end of a range, as a step from the account.

    Attributes
    ----------
    value
        The step; ``±inf`` when nothing limits it.
    slope
        How much the end moves with each quantity that stands at an end of its confidence interval.
    box
        How much of the step is due to those.
    """

    value: float
    slope: np.ndarray
    box: float


class Programme:
    """Minimise or maximise sums of steps d with ``equal · d = 0``, ``most · d ≤ room``.

    Parameters
    ----------
    equal, most, room
        Equations and inequalities, over all columns.
    low, high
        Ranges of the steps; they include 0, and may be infinite.
    scale
        Typical size of each column.
    box
        1.96 σ of the columns that the data determine, 0 of the others.
    keep
        Number of leading columns that results speak of.
    """

    def __init__(
        self,
        equal: sp.csr_array,
        most: sp.csr_array,
        room: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        scale: np.ndarray,
        box: np.ndarray,
        keep: int,
    ) -> None:
        self.scale, self.box, self.keep = scale, box, keep
        self.low, self.high = low / scale, high / scale
        self.equal, _ = _scaled(equal, scale)
        self.most, size = _scaled(most, scale)
        self.room = room * size
        self.at_low, self.at_high = self.low == 0, self.high == 0

    def extremes(self, at: np.ndarray, sign: float) -> list[Extreme]:
        """Return the least (sign 1) or largest (sign −1) step of each of the columns `at`."""
        limits, reached = (self.low, self.at_low) if sign > 0 else (self.high, self.at_high)
        endless = self._endless[0 if sign > 0 else 1]
        open_ = [k for k in at if not endless[k] and not reached[k]]
        if len(open_) > 3:
            self._solve(np.bincount(open_, minlength=len(self.scale)) * sign)
        out = []
        for k in at:
            if endless[k]:
                out.append(Extreme(-sign * np.inf, np.zeros(self.keep), 0.0))
            elif reached[k]:
                out.append(Extreme(float(limits[k] * self.scale[k]), np.zeros(self.keep), 0.0))
            else:
                weights = np.zeros(self.keep)
                weights[k] = 1.0
                out.append(self.extreme(weights, sign))
        return out

    def extreme(self, weights: np.ndarray, sign: float) -> Extreme:
        """Return the least (sign 1) or largest (sign −1) ``weights · d``, weights (keep,)."""
        cost = np.zeros(len(self.scale))
        cost[: self.keep] = sign * weights * self.scale[: self.keep]
        size = float(np.abs(cost).max(initial=0.0))
        if not size:
            return Extreme(0.0, np.zeros(self.keep), 0.0)
        result = self._solve(cost / size)
        if result.status != 0:  # no step at all is feasible, so that it can only be unbounded
            return Extreme(-sign * np.inf, np.zeros(self.keep), 0.0)
        slope = self._slope(result) * size
        box = float(np.abs(slope) @ self.box[: self.keep])
        return Extreme(sign * size * float(result.fun), slope, box)

    def propagated(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ranges of the steps that each row alone allows, again and again until they settle.

        They enclose the true ranges and take next to no time; (keep,) each, in original units. An
        end that stays infinite is looked into by a programme of its own, up to `MOST_OPEN` of them.
        """
        rows = sp.vstack([self.equal, -self.equal, self.most]).tocoo()
        limit = np.concatenate([np.zeros(2 * self.equal.shape[0]), self.room])
        low, high = self.low.copy(), self.high.copy()
        for _ in range(PASSES):
            before = low.copy(), high.copy()
            _propagate(rows, limit, low, high)
            if np.allclose(low, before[0], 1e-9) and np.allclose(high, before[1], 1e-9):
                break
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
        self._close(low, -1.0)
        self._close(high, 1.0)
        n = self.keep
        return low[:n] * self.scale[:n], high[:n] * self.scale[:n]

    def _close(self, limits: np.ndarray, direction: float) -> None:
        """Limit by programmes of their own the ends that passing from row to row left open."""
        open_ = np.flatnonzero(np.isinf(limits[: self.keep]))
        single = open_[~(np.isinf(self.low) & np.isinf(self.high))[open_]]
        endless = single[self._ray(single, direction)[single] * direction > 0.5]
        for k in np.setdiff1d(open_, endless)[:MOST_OPEN]:
            weights = np.zeros(self.keep)
            weights[k] = 1.0
            limits[k] = self.extreme(weights, -direction).value / self.scale[k]

    # ---------------------------------------------------------------------------------- helpers

    def _solve(self, cost: np.ndarray) -> OptimizeResult:
        """Minimise ``cost · d`` and note which ends of ranges the solution reaches."""
        result = self._highs(cost, "highs-ds", presolve=False)
        if result.status != 0:
            result = self._highs(cost, "highs", presolve=True)
        if result.status == 0:
            self.at_low |= result.x <= self.low + TOUCH
            self.at_high |= result.x >= self.high - TOUCH
        return result

    def _highs(self, cost: np.ndarray, method: str, *, presolve: bool) -> OptimizeResult:
        """Call HiGHS; for these small programmes presolving costs more than it saves."""
        some = bool(self.most.shape[0])
        return linprog(
            cost,
            A_ub=self.most if some else None,
            b_ub=self.room if some else None,
            A_eq=self.equal,
            b_eq=np.zeros(self.equal.shape[0]),
            bounds=np.stack([self.low, self.high], axis=1),
            method=method,
            options={"presolve": presolve},
        )

    def _slope(self, result: OptimizeResult) -> np.ndarray:
        """Return prices of the ends of confidence intervals (not of other bounds), (keep,)."""
        box, n = self.box[: self.keep] / self.scale[: self.keep], self.keep
        lower = np.where(np.isclose(self.low[:n], -box, rtol=1e-9, atol=0), 1.0, 0.0)
        upper = np.where(np.isclose(self.high[:n], box, rtol=1e-9, atol=0), 1.0, 0.0)
        price = lower * result.lower.marginals[:n] + upper * result.upper.marginals[:n]
        return np.where(box > 0, price, 0.0) / self.scale[:n]

    @cached_property
    def _endless(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which columns can fall, and which can rise, without limit."""
        return self._without_limit(self.low, -1.0), self._without_limit(self.high, 1.0)

    def _without_limit(self, limits: np.ndarray, direction: float) -> np.ndarray:
        """Return which columns some ray (a step that can be repeated for ever) moves that way."""
        found = np.zeros(len(limits), dtype=bool)
        open_ = np.flatnonzero(np.isinf(limits[: self.keep]))
        both = np.isinf(self.low) & np.isinf(self.high)
        single, double = open_[~both[open_]], open_[both[open_]]
        # A sum of rays is a ray: one programme finds all columns that can go one way only.
        found[single] = self._ray(single, direction)[single] * direction > 0.5
        for k in double:
            if not found[k]:
                ray = self._ray(np.array([k]), direction)
                found[double] |= ray[double] * direction > 0.5
        return found

    def _ray(self, chosen: np.ndarray, direction: float) -> np.ndarray:
        """Return a ray that moves as many of the chosen columns as possible by at least one."""
        n, k = len(self.scale), len(chosen)
        if not k:
            return np.zeros(n)
        pick = sp.csr_array((np.full(k, -direction), (np.arange(k), chosen)), shape=(k, n))
        rows = [[pick, sp.eye_array(k)], [self.most, None]][: 1 + bool(self.most.shape[0])]
        at_most = sp.block_array(rows, format="csr")
        low = np.concatenate([np.where(np.isinf(self.low), -np.inf, 0.0), np.zeros(k)])
        high = np.concatenate([np.where(np.isinf(self.high), np.inf, 0.0), np.ones(k)])
        result = linprog(
            np.concatenate([np.zeros(n), -np.ones(k)]),
            A_ub=at_most,
            b_ub=np.zeros(at_most.shape[0]),
            A_eq=sp.hstack([self.equal, sp.csr_array((self.equal.shape[0], k))], format="csr"),
            b_eq=np.zeros(self.equal.shape[0]),
            bounds=np.stack([low, high], axis=1),
            method="highs",
        )
        return result.x[:n] if result.status == 0 else np.zeros(n)


def _scaled(matrix: sp.csr_array, scale: np.ndarray) -> tuple[sp.csr_array, np.ndarray]:
    """Return the matrix over scaled columns with rows of size one, and the factors of its rows."""
    columns = matrix @ sp.diags_array(scale)
    largest = np.abs(columns).max(axis=1).toarray().ravel() if matrix.shape[0] else np.zeros(0)
    size = 1.0 / np.where(largest > 0, largest, 1.0)
    return (sp.diags_array(size) @ columns).tocsr(), size


def _propagate(rows: sp.coo_array, limit: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Narrow the ranges in place by what ``rows · d ≤ limit`` leaves when all else is least."""
    i, j, a = rows.row, rows.col, rows.data
    least = np.where(a > 0, a * low[j], a * high[j])
    open_ = np.isinf(least)
    total = np.bincount(i, np.where(open_, 0.0, least), rows.shape[0])
    count = np.bincount(i, open_, rows.shape[0])
    others_closed = count[i] - open_ == 0
    with np.errstate(invalid="ignore"):
        room = (limit[i] - (total[i] - np.where(open_, 0.0, least))) / a
    up, down = others_closed & (a > 0), others_closed & (a < 0)
    np.minimum.at(high, j[up], np.maximum(room[up], 0.0))
    np.maximum.at(low, j[down], np.minimum(room[down], 0.0))
