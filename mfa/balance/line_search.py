"""How far to go along a step: a line search on an exact penalty.

The merit of a point is its misfit plus the absolute residual of every row, weighed by twice the
row's multiplier. A full step that curvature spoils gets a second-order correction before it is
shortened (Fletcher 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mfa.balance.equations import Equations
from mfa.balance.kkt import KKT

# A step that ends where a term has no value or slope (x / 0) first stops just short of it.
LENGTHS = (0.999, *(0.5**k for k in range(1, 41)))


@dataclass(frozen=True)
class LineSearch:
    """What steps of one system are measured by.

    Attributes
    ----------
    misfit
        Half the weighted sum of squares at a point (n,), but for a constant.
    unfixed
        The quantities that steps change, (k,).
    lower, upper
        Their bounds, (k,).
    """

    equations: Equations
    misfit: Callable[[np.ndarray], float]
    unfixed: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def along(
        self, x: np.ndarray, step: np.ndarray, kkt: KKT, multipliers: np.ndarray
    ) -> tuple[np.ndarray, float, float]:
        """Return the point along `step` that lowers the merit.

        Also how much of the step that is (0: none), and by what part the merit fell.
        """
        weight = np.maximum(2.0 * np.abs(multipliers), kkt.row_scale)
        here = self._merit(x, weight)
        slack = 1e-12 * (1.0 + abs(here))
        for length, by in self._trials(x, step, kkt):
            point = self._shifted(x, by)
            now = self._merit(point, weight)
            if now <= here + slack:
                return point, length, (here - now) / (1.0 + abs(here))
        return x, 0.0, 0.0

    def _merit(self, point: np.ndarray, weight: np.ndarray) -> float:
        value = self.misfit(point) + float(weight @ np.abs(self.equations.residual(point)))
        return value if np.isfinite(value) and self.equations.smooth(point) else np.inf

    def _trials(
        self, x: np.ndarray, step: np.ndarray, kkt: KKT
    ) -> Iterator[tuple[float, np.ndarray]]:
        """Yield changes to try, each with the part of the step that it counts as."""
        yield 1.0, step
        corrected = self._corrected(x, step, kkt)
        if corrected is not None:
            yield 1.0, corrected
        for length in LENGTHS:
            yield length, length * step

    def _corrected(self, x: np.ndarray, step: np.ndarray, kkt: KKT) -> np.ndarray | None:
        """Return the full step with its second-order correction, within the bounds."""
        f = self.equations.residual(self._shifted(x, step))
        if not np.isfinite(f).all():
            return None
        correction, _, _ = kkt.solve(np.zeros(len(step)), -f, sweeps=8)
        y = x[self.unfixed]
        return np.clip(y + step + correction, self.lower, self.upper) - y

    def _shifted(self, x: np.ndarray, by: np.ndarray) -> np.ndarray:
        point = x.copy()
        point[self.unfixed] += by
        return point
