"""Many draws within bounds at once: an active set in the space of the posterior.

A draw x that ignored its bounds becomes ``x + C μ`` with the posterior covariance C and multipliers
μ of the active bounds only, the optimum of the same problem with bounds. For the quantities at risk
that is a linear complementarity problem with one small matrix for all draws,

    lower bound active: (x + C μ)_i = l_i, μ_i ≥ 0;   upper: = u_i, μ_i ≤ 0;   else μ_i = 0,

solved by block principal pivoting: all wrong indices change sides together as long as there get
fewer of them, else only the last one (Murty's rule), which ends for every positive definite C
(Júdice & Pires 1994; Kim & Park 2011 for many right-hand sides). Where numba is installed each draw
is pivoted by itself in compiled code, else all of them side by side.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Protocol

import numpy as np

COMPILED = find_spec("numba") is not None
ROUNDS = 200
PATIENCE = 3
GROUP = 64
TINY = 1e-11  # keeps C of bounds that imply each other invertible
REFINEMENTS = 4
WRONG_SIGN = 1e-9
SLACK = 1e-11
RIGID = 1e-14


class Covariances(Protocol):
    """Posterior covariances of k quantities with everything that moves (the k come first)."""

    def block(self, at: np.ndarray) -> np.ndarray:
        """Return the covariances among the quantities `at`, r × r."""

    def pushed(self, at: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        """Return what pushes at the quantities `at` (r × draws) do to everything."""


class Bounds:
    """The bounds of some quantities, and how to bring draws within them.

    Parameters
    ----------
    low, high
        Bounds of the deviations of k quantities from the account, (k,).
    scale
        Sizes of their uncertainties, (k,).
    variance
        Their posterior variances, (k,).
    covariances
        How everything moves with them.
    """

    def __init__(
        self,
        low: np.ndarray,
        high: np.ndarray,
        scale: np.ndarray,
        variance: np.ndarray,
        covariances: Covariances,
    ) -> None:
        finite = np.isfinite(low) | np.isfinite(high)
        self.at = np.flatnonzero(finite & (variance > RIGID * scale**2))
        slack = SLACK * scale[self.at]
        self.low, self.high, self.slack = low[self.at], high[self.at], slack
        self.least, self.most = (self.low - slack)[:, None], (self.high + slack)[:, None]
        whole = len(self.at) > 0 and self.at[-1] == len(self.at) - 1
        self.rows = slice(0, len(self.at)) if whole else self.at
        self.covariances = covariances

    def none(self, draws: int) -> np.ndarray:
        """Return the state without active bounds."""
        return np.zeros((len(self.at), draws), dtype=np.int8)

    def within(
        self, moved: np.ndarray, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return draws within the bounds, the active bounds, and which draws could be solved.

        Parameters
        ----------
        moved
            Deviations that ignore the bounds, rows × draws.
        state
            Active bounds to start from: −1 lower, 1 upper, 0 none; bounds × draws.
        """
        solved = np.ones(moved.shape[1], dtype=bool)
        wrong = self._beyond(moved) | (state != 0)
        risk, draws = wrong.any(axis=1), wrong.any(axis=0)
        if not draws.any():
            return moved, state, solved
        mu, state = np.zeros(state.shape), state.copy()
        while True:
            held, some = np.flatnonzero(risk), np.flatnonzero(draws)
            some_mu, active, solved[some] = complementarity(
                self.covariances.block(self.at[held]),
                moved[self.at[held]].T[some],
                self.low[held],
                self.high[held],
                self.slack[held],
                state[held].T[some],
            )
            mu[held[:, None], some], state[held[:, None], some] = some_mu.T, active.T
            out = moved + self.covariances.pushed(self.at[held], mu[held])
            sides = state[held]
            low, high, y = self.low[held, None], self.high[held, None], out[self.at[held]]
            out[self.at[held]] = np.where(sides < 0, low, np.where(sides > 0, high, y))
            beyond = self._beyond(out)
            beyond[held] = False
            if not beyond.any():
                return out, state, solved
            risk, draws = risk | beyond.any(axis=1), beyond.any(axis=0)

    def _beyond(self, moved: np.ndarray) -> np.ndarray:
        """Return which values lie beyond their bounds."""
        x = moved[self.rows]
        return (x < self.least) | (x > self.most)


def complementarity(
    C: np.ndarray,
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    slack: np.ndarray,
    state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the multipliers that bring every draw within its bounds.

    Parameters
    ----------
    C
        Posterior covariance of the r quantities at risk, with a positive diagonal.
    x
        Draws that ignore the bounds, B × r.
    low, high, slack
        Bounds, and by how much they may be exceeded; (r,).
    state
        Active bounds to start from (−1 lower, 1 upper, 0 none), B × r; not changed.

    Returns
    -------
    multipliers, state, solved
        μ (B × r), the active bounds, and whether each draw was solved, (B,).
    """
    size = np.sqrt(np.diag(C))
    C = C / np.outer(size, size)
    x, low, high, slack = x / size, low / size, high / size, slack / size
    state = np.array(state, order="C")
    if COMPILED:
        from mfa.balance.pivot_numba import pivot

        mu, solved = pivot(
            C,
            TINY,
            np.ascontiguousarray(x),
            low,
            high,
            slack,
            state,
            WRONG_SIGN,
            ROUNDS,
            PATIENCE,
            REFINEMENTS,
        )
    else:
        mu, solved = _pivot(C, x, low, high, slack, state)
    return mu / size, state, solved


def _pivot(
    C: np.ndarray,
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    slack: np.ndarray,
    state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return multipliers and which draws were solved; `state` is changed in place."""
    bare, C = C, C + TINY * np.eye(len(C))
    mu, solved = np.zeros_like(x), np.zeros(len(x), dtype=bool)
    fewest, patience = np.full(len(x), len(C) + 1), np.full(len(x), PATIENCE)
    todo = np.arange(len(x))
    for _ in range(ROUNDS):
        side = state[todo]
        now = _multipliers(C, x[todo], low, high, side)
        y = x[todo] + now @ C
        goal = np.where(y < low - slack, -1, np.where(y > high + slack, 1, 0)).astype(np.int8)
        goal[side != 0] = 0
        wrong = (goal != 0) | (side * now > WRONG_SIGN)
        mu[todo] = now
        count = wrong.sum(axis=1)
        solved[todo] = count == 0
        fewer = count < fewest[todo]
        fewest[todo] = np.minimum(count, fewest[todo])
        patience[todo] = np.where(fewer, PATIENCE, patience[todo] - 1)
        lone = np.flatnonzero(patience[todo] < 0)
        last = wrong.shape[1] - 1 - np.argmax(wrong[lone, ::-1], axis=1)
        wrong[lone] = np.arange(wrong.shape[1]) == last[:, None]
        state[todo] = np.where(wrong, goal, side)
        todo = todo[count > 0]
        if not len(todo):
            break
    for _ in range(REFINEMENTS):
        shows = np.flatnonzero((TINY * np.abs(mu) > 0.1 * slack).any(axis=1))
        if len(shows):
            mu[shows] += _multipliers(C, x[shows] + mu[shows] @ bare, low, high, state[shows])
    return mu, solved


def _multipliers(
    C: np.ndarray,
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    state: np.ndarray,
) -> np.ndarray:
    """Return μ with every active bound met; groups of draws with about as many active bounds."""
    out = np.zeros_like(x)
    missing = np.where(state < 0, low - x, np.where(state > 0, high - x, 0.0))
    active = (state != 0).sum(axis=1)
    order = np.argsort(active, kind="stable")
    order = order[active[order] > 0]
    for start in range(0, len(order), GROUP):
        draws = order[start : start + GROUP]
        width = int(active[draws].max())
        columns = np.argsort(state[draws] == 0, axis=1, kind="stable")[:, :width]
        used = np.arange(width) < active[draws][:, None]
        K = C[columns[:, :, None], columns[:, None, :]]
        K *= used[:, :, None] & used[:, None, :]
        K[:, np.arange(width), np.arange(width)] += ~used
        right = np.where(used, np.take_along_axis(missing[draws], columns, axis=1), 0.0)
        part = np.linalg.solve(K, right[:, :, None])[:, :, 0]
        out[draws[:, None], columns] = np.where(used, part, 0.0)
    return out
