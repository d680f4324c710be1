"""Curved draws by Newton's method: every draw with its own derivatives and its own active bounds.

A draw minimises its misfit subject to ``f(x) = 0`` and its bounds. At (X, λ) with some quantities
held at their bounds the step solves

    [W + Σ λ ∇²f, Jᵀ; J, 0] (dX, dλ) = −(gradient of the Lagrangian, f)

with J and the second derivatives at the point itself, for all draws side by side
(`mfa.balance.lanes`). Before each step what lies beyond a bound is held there, and what a bound
pulls the wrong way is let go (a primal–dual active set, i.e. a semismooth Newton method:
Hintermüller, Ito & Kunisch 2002). Where the matrix does not belong to a minimum the second
derivatives are left out for that step. Converges quadratically; a draw that does not within
`ITERATIONS` is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.curvature import Curvature
from mfa.balance.ensemble_bounds import Bounds
from mfa.balance.kkt import KKT
from mfa.balance.lanes import Lanes

ITERATIONS = 30
STILL = 3e-10
FLOOR = 3e-5  # a step leaves at most this part of itself to rounding and regularisation
PULLED = 1e-9
PRIMAL, DUAL = 3e-8, 1e-8
GROUP, REFILL = 64, 0.75  # draws side by side, and how few are left when others join


@dataclass
class _Draws:
    """Draws under way: deviations, scaled multipliers of all rows, active bounds, data.

    ``last`` holds the length of the last step and the number of steps.
    """

    x: np.ndarray
    multipliers: np.ndarray
    state: np.ndarray
    pull: np.ndarray
    data: np.ndarray
    last: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, ...]:
        """All arrays, each (… × draws)."""
        return self.x, self.multipliers, self.state, self.pull, self.data, self.last

    def keep(self, some: np.ndarray | slice) -> _Draws:
        """Return a copy of some of the draws."""
        return _Draws(*(np.array(part[:, some], order="C") for part in self.parts))

    def join(self, others: _Draws) -> _Draws:
        """Return these draws and others behind them."""
        pairs = zip(self.parts, others.parts, strict=True)
        return _Draws(*(np.concatenate(pair, axis=1) for pair in pairs))


class Newton:
    """Newton's method for all draws of an account.

    Parameters
    ----------
    kkt
        The account's system.
    curvature
        What it leaves out.
    place
        Position of every quantity among those of `kkt`, −1 for constants.
    bounds
        Bounds of the quantities of `kkt`.
    """

    def __init__(self, kkt: KKT, curvature: Curvature, place: np.ndarray, bounds: Bounds) -> None:
        self.kkt, self.curvature, self.bounds = kkt, curvature, bounds
        self.n, self.JT = kkt.n, kkt.J.T.tocsr()
        self.at = place[curvature.quantities]
        self.moving = np.flatnonzero(self.at >= 0)
        self.scale = kkt.column_scale[:, None]
        self.row_scale = kkt.row_scale[curvature.rows][:, None]
        self._lay_out()

    def _lay_out(self) -> None:
        """Lay out the entries of the matrices."""
        c, n, kkt = self.curvature, self.n, self.kkt
        weights, J = sp.tril(kkt.W).tocoo(), kkt.J.tocoo()
        total = n + kkt.m
        steady = [
            np.stack([weights.row, weights.col], axis=1),
            np.stack([n + J.row, J.col], axis=1),
            np.repeat(np.arange(total)[:, None], 2, axis=1),
        ]
        regular = np.concatenate([np.full(n, PRIMAL), np.full(kkt.m, -DUAL)])
        self.base = np.concatenate([weights.data, J.data, regular])
        jacobian, bends = c.places
        first = np.stack([n + c.rows[jacobian[:, 0]], self.at[jacobian[:, 1]]], axis=1)
        second = self.at[bends]
        loose = np.concatenate([first, second])
        self.used = np.flatnonzero((loose >= 0).all(axis=1))
        loose = loose[self.used]
        sizes = np.concatenate([kkt.column_scale, kkt.row_scale])
        self.sizes = (sizes[loose[:, 0]] * sizes[loose[:, 1]])[:, None]
        self.bending = (loose < n).all(axis=1)
        self.lanes = Lanes(total, np.concatenate(steady), loose)

    @property
    def fits(self) -> bool:
        """Whether the factor is small enough for this way."""
        return self.lanes.pattern is not None

    def settle(
        self,
        x: np.ndarray,
        multipliers: np.ndarray,
        state: np.ndarray,
        pull: np.ndarray,
        data: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the deviations where each draw ends, and which have settled.

        Parameters
        ----------
        x, multipliers, state
            Where to begin: deviations, multipliers of the curved rows, active bounds.
        pull
            ``Hᵀ V⁻¹ (z' − ẑ)`` of the drawn data, quantities × draws.
        data
            The drawn observations, k × draws.
        """
        count, rows = x.shape[1], self.curvature.rows
        out, settled = x.copy(), np.zeros(count, dtype=bool)
        scaled = np.zeros((self.kkt.m, count))
        scaled[rows] = multipliers / self.row_scale
        last = np.full((2, count), [[np.inf], [0.0]])
        waiting = _Draws(x, scaled, state, pull * self.scale, data, last)
        draws, open_, taken = waiting.keep(slice(0, GROUP)), np.arange(min(GROUP, count)), GROUP
        while len(open_):
            done, live = self._iterate(draws)
            out[:, open_[done]], settled[open_[done]] = draws.x[:, done], True
            if live.all():
                continue
            draws, open_ = draws.keep(live), open_[live]
            if len(open_) <= REFILL * GROUP and taken < count:
                more = slice(taken, taken + GROUP - len(open_))
                draws = draws.join(waiting.keep(more))
                open_ = np.concatenate([open_, np.arange(count)[more]])
                taken = more.stop
        return out, settled

    def _iterate(self, draws: _Draws) -> tuple[np.ndarray, np.ndarray]:
        """Make one step with each of the draws; return which have arrived and which go on."""
        b, n = self.bounds, self.n
        before, x = draws.state.copy(), draws.x[b.rows]
        draws.state[x < b.least] = -1
        draws.state[x > b.most] = 1
        low, high = b.low[:, None], b.high[:, None]
        draws.x[b.rows] = np.where(draws.state < 0, low, np.where(draws.state > 0, high, x))
        right, added = self._residual(draws)
        draws.state[(before != 0) & (draws.state * right[b.at] < -PULLED)] = 0
        free = np.ones(right.shape)
        free[b.at] = draws.state == 0
        step, minimum = self._step(right, added, free)
        length = np.abs(step[:n]).max(axis=0, initial=0.0)
        ahead = np.where(minimum, length**3 / draws.last[0] ** 2, length**2 / draws.last[0])
        near = np.maximum(ahead, FLOOR * length) <= STILL
        near &= FLOOR * np.abs(right[n:]).max(axis=0, initial=0.0) <= STILL
        done = (near | (length <= STILL)) & (draws.state == before).all(axis=0)
        draws.x += step[:n] * self.scale
        draws.multipliers += step[n:]
        draws.last[0], draws.last[1] = length, draws.last[1] + 1
        return done, ~done & np.isfinite(length) & (draws.last[1] < ITERATIONS)

    def _residual(self, draws: _Draws) -> tuple[np.ndarray, np.ndarray]:
        """Return what is to vanish, scaled, and what is to be added to the matrices."""
        c, n = self.curvature, self.n
        x = np.zeros((len(c.quantities), draws.x.shape[1]))
        x[self.moving] = draws.x[self.at[self.moving]]
        by = draws.multipliers[c.rows] * self.row_scale
        at_q, at_f, added = c.bent(x, by, draws.data)
        y = draws.x / self.scale
        right = np.empty((n + self.kkt.m, y.shape[1]))
        right[:n] = draws.pull - self.kkt.W @ y - self.JT @ draws.multipliers
        places = self.at[self.moving]
        right[places] += at_q[self.moving] * self.scale[places]
        right[n:] = -(self.kkt.J @ y)
        right[n + c.rows] += at_f * self.row_scale
        if len(self.used) < len(added):
            added = added[self.used]
        added *= self.sizes
        return right, added

    def _step(
        self, right: np.ndarray, added: np.ndarray, free: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the scaled steps, and which draws kept their second derivatives."""
        step, negative = self.lanes.solve(self.base, added, free, right)
        minimum = negative == self.kkt.m
        odd = np.flatnonzero(~minimum)
        if len(odd):
            added = added[:, odd]
            added[self.bending] = 0.0
            step[:, odd], _ = self.lanes.solve(self.base, added, free[:, odd], right[:, odd])
        return step, minimum
