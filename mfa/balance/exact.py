"""A small quadratic programme with bounds in whole numbers of many digits: no rounding to speak of.

Where σ, values and bounds differ by many orders of magnitude, and many quantities lie at bounds
that the relations force on them anyway, active sets in ordinary numbers may go round in circles or
stop at a wrong end. Here all numbers are integers, in units of 2^−`BITS`. Springs of 2^−`SPRING`
at every quantity and row make the optimum unique, and that of every active set computable.

Wrong states change all at once while their number falls, else only the last of them does, which
cannot go on for ever (Júdice & Pires 1994, Computers & Operations Research 21, 587–596).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance.complement import Exchange

BITS, SPRING, SLACK = 1500, 300, 100
LARGEST = 300  # quantities + rows up to which this takes a second or two
PATIENCE, ROUNDS = 6, 300


def affordable(J: sp.csr_array) -> bool:
    """Return whether a programme with these rows is small enough."""
    return sum(J.shape) <= LARGEST


def exact_optimum(
    W: sp.csr_array,
    J: sp.csr_array,
    scale: np.ndarray,
    gradient: np.ndarray,
    right: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    active: np.ndarray,
    near: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Minimise ``½ xᵀWx − gradientᵀx`` subject to ``J x = right`` and ``lower ≤ x ≤ upper``.

    Parameters
    ----------
    W, J
        Weights (n × n) and rows (m × n).
    scale
        A typical size of every quantity's uncertainty, (n,).
    active
        Active set to begin with: −1 at the lower bound, +1 at the upper, 0 between; (n,).
    near
        Where what nothing settles should stay as near as possible, (n,).

    Returns
    -------
    x, multipliers, active
        The optimum (n,), the multipliers of the rows (m,), and the active set; None when it does
        not settle.
    """
    return _Programme(W, J, scale, gradient, right, bounds, near).settle(active.copy())


class _Programme:
    """The programme in integers, its columns and rows scaled by powers of two."""

    def __init__(
        self,
        W: sp.csr_array,
        J: sp.csr_array,
        scale: np.ndarray,
        gradient: np.ndarray,
        right: np.ndarray,
        bounds: tuple[np.ndarray, np.ndarray],
        near: np.ndarray,
    ) -> None:
        self.n, self.m = J.shape[1], J.shape[0]
        D = self.D = _power_of_two(scale)
        sized = J.toarray() * D
        largest = np.abs(sized).max(axis=1, initial=0.0)
        R = self.R = 1.0 / _power_of_two(np.where(largest > 0, largest, 1.0))
        spring = np.append(np.ones(self.n, dtype=int), -np.ones(self.m, dtype=int)).astype(object)
        spring *= 1 << (BITS - SPRING)
        self.K = np.diag(spring)
        self.K[: self.n, : self.n] += _integers(W.toarray() * D * D[:, None])
        self.K[self.n :, : self.n] = _integers(sized * R[:, None])
        self.K[: self.n, self.n :] = self.K[self.n :, : self.n].T
        self.right = _integers(np.append(gradient * D, right * R))
        self.right[: self.n] += _integers(near / D) >> SPRING
        self.bounded = np.isfinite(bounds[0]), np.isfinite(bounds[1])
        ends = (np.where(f, b / D, 0.0) for f, b in zip(self.bounded, bounds, strict=True))
        self.lower, self.upper = (_integers(end) for end in ends)
        # Measured quantities first: their pivots are large.
        self.order = np.argsort(W.diagonal() == 0, kind="stable")

    def settle(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Exchange from an active set on until nothing is wrong; None when it does not end."""
        exchange = Exchange(self.n + 1, PATIENCE)
        for _ in range(ROUNDS):
            u = self._on(active)
            wrong, above = self._wrong(u, active)
            if not len(wrong):
                u[np.abs(u) <= 1 << (BITS - SLACK)] = 0
                return _floats(u[: self.n]) * self.D, _floats(u[self.n :]) * self.R, active
            wrong = exchange.of(wrong)
            active[wrong] = np.where(active[wrong] != 0, 0, np.where(above[wrong], 1, -1))
        return None

    def _on(self, active: np.ndarray) -> np.ndarray:
        """Solve with the active quantities held at their bounds, (n + m,)."""
        held = np.flatnonzero(active)
        u = np.array([0] * (self.n + self.m), dtype=object)
        u[held] = np.where(active[held] < 0, self.lower[held], self.upper[held])
        right = self.right - ((self.K[:, held] @ u[held]) >> BITS)
        free = self.order[active[self.order] == 0]
        at = np.concatenate([free, np.arange(self.n, self.n + self.m)])
        u[at] = _solve(self.K[np.ix_(at, at)], right[at])
        return u

    def _wrong(self, u: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which states are wrong, and which quantities lie above their bounds."""
        n, slack = self.n, 1 << (BITS - SLACK)
        x, pull = u[:n], ((self.K[:n] @ u) >> BITS) - self.right[:n]
        below = ((x < self.lower - slack) & self.bounded[0]).astype(bool)
        above = ((x > self.upper + slack) & self.bounded[1]).astype(bool)
        away = ((active < 0) & (pull < -slack)) | ((active > 0) & (pull > slack))
        return np.flatnonzero(((active == 0) & (below | above)) | away.astype(bool)), above


def _solve(K: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return K⁻¹ right for a symmetric quasi-definite matrix, in any order of pivots."""
    T, size = np.column_stack([K, right]), len(right)
    for k in range(size):
        rows = k + 1 + np.flatnonzero(T[k + 1 :, k])
        columns = k + 1 + np.flatnonzero(T[k, k + 1 :])
        if len(rows):
            share = (T[rows, k] << BITS) // T[k, k]
            T[np.ix_(rows, columns)] -= (share[:, None] * T[k, columns]) >> BITS
    u = np.array([0] * size, dtype=object)
    for k in range(size - 1, -1, -1):
        later = (T[k, k + 1 : size] @ u[k + 1 :]) >> BITS if k + 1 < size else 0
        u[k] = ((T[k, size] - later) << BITS) // T[k, k]
    return u


def _power_of_two(sizes: np.ndarray) -> np.ndarray:
    """Return powers of two near positive numbers: multiplying by them rounds nothing."""
    return np.exp2(np.round(np.log2(sizes)))


def _integers(values: np.ndarray) -> np.ndarray:
    """Return numbers in units of 2^−BITS."""
    out = np.empty(values.shape, dtype=object)
    for at, value in np.ndenumerate(values):
        top, bottom = float(value).as_integer_ratio()
        out[at] = (top << BITS) // bottom
    return out


def _floats(values: np.ndarray) -> np.ndarray:
    return np.array([value / (1 << BITS) for value in values])
