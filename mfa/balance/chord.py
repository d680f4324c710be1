"""Curved draws: chord iterations with the account's factor until each draw is reconciled.

``t ← start + K⁻¹ ψ(y)``, where y is t brought within the bounds, mixed by Anderson's method. It
stands still exactly where the optimality conditions of the draw hold. Only what is curved or near a
bound is followed; everything else is computed once at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfa.balance.anderson import Anderson
from mfa.balance.curvature import Curvature
from mfa.balance.ensemble_bounds import Bounds
from mfa.balance.response import Answers

ITERATIONS = 60
STILL = 3e-10
COMPACT = 0.8


@dataclass(frozen=True)
class Track:
    """What is followed while draws settle.

    Attributes
    ----------
    answers
        Answers of the followed entries to ψ.
    bounds
        Bounds of the followed quantities, which come first.
    curvature
        ψ.
    curved, rows
        Positions of the curved quantities (−1: a constant) and rows among the followed entries.
    scale
        Sizes of the followed entries.
    """

    answers: Answers
    bounds: Bounds
    curvature: Curvature
    curved: np.ndarray
    rows: np.ndarray
    scale: np.ndarray

    def push(self, y: np.ndarray, data: np.ndarray) -> np.ndarray:
        """Return ψ at y, stacked."""
        moving = (self.curved >= 0)[:, None]
        x = np.where(moving, y[self.curved], 0.0)
        return np.concatenate(self.curvature(x, y[self.rows], data))

    def settle(
        self, start: np.ndarray, data: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ψ and the followed entries where each draw stands still, and which draws do.

        Parameters
        ----------
        start
            The linear answer to the data, followed entries × draws.
        data
            The drawn observations, k × draws.
        """
        count = start.shape[1]
        final = np.zeros((len(self.curved) + len(self.rows), count))
        where, settled = start.copy(), np.zeros(count, dtype=bool)
        open_, live = np.arange(count), np.ones(count, dtype=bool)
        mixing, t = Anderson(self.scale), start
        y, state, _ = self.bounds.within(t, self.bounds.none(count))
        for _ in range(ITERATIONS):
            push = self.push(y, data)
            with np.errstate(all="ignore"):  # a draw that runs away is left to itself
                goal = start + self.answers @ push
                still = (np.abs(goal - t) <= STILL * self.scale[:, None]).all(axis=0) & live
            final[:, open_[still]], where[:, open_[still]] = push[:, still], y[:, still]
            settled[open_[still]] = True
            live &= ~still & np.isfinite(goal).all(axis=0)
            if not live.any():
                break
            t = mixing.next(t, goal)
            if live.mean() < COMPACT:
                start, data, t, state = (part[:, live] for part in (start, data, t, state))
                mixing.keep(live)
                open_, live = open_[live], np.ones(int(live.sum()), dtype=bool)
            y, state, _ = self.bounds.within(t, state)
        return final, where, settled
