"""Ensembles: accounts of randomly varied data, each reconciled like the account itself.

Every draw minimises the same misfit as the account, with other data, under the same relations and
bounds. Draws are made in blocks, all on the one factor that the account left behind:

* linear relations, normal misfit: ``x = x̂ + K⁻¹ Hᵀ V⁻¹ (z' − ẑ)``, exact in one step;
* bounds: an active set in the space of the posterior (`mfa.balance.ensemble_bounds`), exact;
* curved relations and log-normal data: where numba is installed and the factor is small, Newton's
  method with the bounds, for many draws in step (`mfa.balance.newton`); else chord iterations
  ``(X, λ) ← K⁻¹ (data + ψ(X, λ))`` until nothing moves (`mfa.balance.chord`). The few draws that do
  not settle are reconciled one by one.

Free quantities move only as relations and bounds demand, about the account's point: K holds them
loosely, and the hold is taken back while the draw settles. What they show is a possible value, not
a distribution. Constants stay. After a robust balance the weights of the data stay what they were.

Block b of seed s uses ``SeedSequence(s, spawn_key=(b,))`` and is always computed in full, so draw
number i depends on nothing but s and i: not on n, on the number of workers, nor on their order.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from mfa.balance.chord import Track
from mfa.balance.classify import FREE, Classification
from mfa.balance.curvature import Curvature
from mfa.balance.distribution import Likelihood
from mfa.balance.draws import DataDraws
from mfa.balance.ensemble_bounds import COMPILED, Bounds
from mfa.balance.equations import Equations, Observations
from mfa.balance.implied import implied_lower_bounds
from mfa.balance.kkt import KKT
from mfa.balance.newton import Newton
from mfa.balance.reconcile import reconcile
from mfa.balance.response import Answers, Response, unit_columns
from mfa.balance.solution import Solution

BLOCK = 256
LARGEST = 4_000_000
LOOSE = 3e-6  # less loses digits, more takes longer to take back
RECENTRED, RECENTRINGS = 1e-2, 40  # moves of free quantities that pull no more, in σ
SAME = 1e-7
REACH = 3.0
CACHED = (
    "bare",
    "kkt",
    "response",
    "curvature",
    "bounds",
    "track",
    "_answer_data",
    "newton",
    "_pull",
)
CACHED += ("_answer_hold", "_answer_curves")


class Sampler:
    """Draws accounts; can be pickled, and gives the same draws wherever it runs.

    Parameters
    ----------
    equations, solution, classification
        Of the account.
    given
        The observations as stated.
    """

    def __init__(
        self,
        equations: Equations,
        solution: Solution,
        classification: Classification,
        given: Observations,
    ) -> None:
        self.equations, self.x, self.unfixed = equations, solution.x, solution.unfixed
        self.likelihood = Likelihood.of(given).weighted(solution.weights)
        self.draws = DataDraws.of(self.likelihood)
        self.inverse = solution.data.inverse
        assert solution.jacobian is not None
        assert solution.kkt is not None
        self.jacobian, self.scale = solution.jacobian, solution.kkt.column_scale
        self.W = solution.data.W[self.unfixed][:, self.unfixed].tocsr()
        self.low = equations.lower[self.unfixed] - self.x[self.unfixed]
        self.high = equations.upper[self.unfixed] - self.x[self.unfixed]
        self.block_size = int(np.clip(LARGEST // max(len(self.x), 1), 16, BLOCK))
        self.hold = np.zeros(len(self.unfixed))
        # Without it balances of free quantities close to the rounding of a singular factor only.
        free = classification.status[self.unfixed] == FREE
        self.hold[free] = LOOSE / self.scale[free] ** 2

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in CACHED}

    # --------------------------------------------------------------------------------- drawing

    def blocks(self, n: int, seed: int) -> list[tuple[np.random.SeedSequence, int]]:
        """Return the seed and the number of draws of each block of an ensemble of n."""
        size = self.block_size
        return [
            (np.random.SeedSequence(seed, spawn_key=(b,)), min(size, n - b * size))
            for b in range(-(-n // size))
        ]

    def sample_block(self, seed: np.random.SeedSequence, size: int) -> np.ndarray:
        """Return the first `size` draws of one block: all quantities in internal units.

        Returns
        -------
        numpy.ndarray
            (size × n); NaN in draws that could not be reconciled.
        """
        data = self.draws.draw(np.random.default_rng(seed), self.block_size)
        start = self._answer_data @ (data - self.x[self._observed][:, None])
        moved, done = self._curved(start, data) if self.curved else self._straight(start)
        moved = moved[: len(self.unfixed), :size]
        slack = 1e-9 * self.scale[:, None]
        inside = (moved >= self.low[:, None] - slack) & (moved <= self.high[:, None] + slack)
        out = np.repeat(self.x[None], size, axis=0)
        out[:, self.unfixed] += moved.T
        np.clip(out, self.equations.lower, self.equations.upper, out=out)
        for draw in np.flatnonzero(~(done[:size] & inside.all(axis=0))):
            out[draw] = self._alone(data[:, draw])
        return out

    def _straight(self, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bring draws of a linear system within the bounds; return them and which are done.

        What the bounds push is held by its free quantities; the hold is moved after them until
        it no longer pulls (a proximal point iteration), for those draws that it still pulls.
        """
        moved, state, done = self.bounds.within(start, self.bounds.none(start.shape[1]))
        free, still = np.flatnonzero(self.hold), self.scale[:, None] * RECENTRED
        moved, open_ = np.array(moved), np.arange(start.shape[1])
        before = start[free]
        for _ in range(RECENTRINGS if len(free) else 0):
            drift = moved[free][:, open_] - start[free][:, open_]
            pulled = (np.abs(moved[free][:, open_] - before) > still[free]).any(axis=0)
            open_, before = open_[pulled], moved[free][:, open_[pulled]]
            if not len(open_):
                break
            again = start[:, open_] + self._answer_hold @ drift[:, pulled]
            moved[:, open_], state[:, open_], done[open_] = self.bounds.within(
                again, state[:, open_]
            )
        return moved, done

    def _curved(self, start: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Let draws of a curved system settle; return them and which are done."""
        if COMPILED and self.newton.fits:
            moved, state, _ = self.bounds.within(start, self.bounds.none(start.shape[1]))
            n = len(self.unfixed)
            pull = self._pull @ (data - self.x[self._observed][:, None])
            return self.newton.settle(moved[:n], moved[n:], state, pull, data)
        push, where, settled = self.track.settle(start[self._followed], data)
        moved = start + self._answer_curves @ push
        moved, _, solved = self.bounds.within(moved, self.bounds.none(moved.shape[1]))
        # A bound that was not followed may have come into play: then ψ is not that of this point.
        apart = np.abs(moved[self._followed] - where) > SAME * self.track.scale[:, None]
        return moved, settled & solved & ~apart.any(axis=0)

    def _alone(self, data: np.ndarray) -> np.ndarray:
        """Reconcile one draw by itself, from the account or afresh; NaN when that fails too."""
        varied = self.likelihood.with_values(data)
        with contextlib.suppress(ArithmeticError):
            solution = reconcile(replace(self.equations, observations=varied), start=self.x)
            if solution.converged:
                return solution.x
        return np.full(len(self.x), np.nan)

    @cached_property
    def newton(self) -> Newton:
        """Newton's method for curved draws."""
        return Newton(self.kkt, self.curvature, self._place, self.bounds)

    @cached_property
    def _pull(self) -> sp.csr_array:
        """How drawn data pull at the quantities."""
        at = unit_columns(self._place[self._observed], len(self.unfixed))
        return sp.csr_array(at @ self.inverse)

    # ------------------------------------------------------------------------- the linear model

    @cached_property
    def kkt(self) -> KKT:
        """Factor of the account's system, with a loose hold on the free quantities."""
        if not self.hold.any():
            return self.bare
        return KKT((self.W + sp.diags_array(self.hold)).tocsr(), self.jacobian, self.scale)

    @cached_property
    def bare(self) -> KKT:
        """Factor of the account's system, made anew: so it is wherever a pickle of this works."""
        return KKT(self.W, self.jacobian, self.scale)

    @property
    def curved(self) -> bool:
        """Whether the linear model leaves anything out."""
        return self.curvature.any

    @cached_property
    def curvature(self) -> Curvature:
        """What the linear model leaves out."""
        hold = np.zeros(len(self.x))
        hold[self.unfixed] = self.hold
        return Curvature(self.equations, self.likelihood, self.x, self.inverse, hold)

    @cached_property
    def response(self) -> Response:
        """Answers of the account to pushes at quantities and curved rows."""
        return Response(self.kkt, self.curvature.rows)

    @cached_property
    def bounds(self) -> Bounds:
        """The bounds of all quantities."""
        n, size = len(self.unfixed), self.response.size
        covariances = self.response.covariances(np.arange(n), np.arange(size))
        return Bounds(self._low, self.high, self.scale, self._variance, covariances)

    @cached_property
    def _low(self) -> np.ndarray:
        """Lower bounds, −inf where one follows from others in a curved system."""
        e, x = self.equations, self.x
        if not e.blocks:
            return self.low
        positive = (e.lower >= 0) | (self._place < 0) & (x >= 0)
        positive[self.unfixed] |= x[self.unfixed] > REACH * 2 * self.scale
        implied = implied_lower_bounds(e, positive)[self.unfixed]
        return np.where(implied, -np.inf, self.low)

    @cached_property
    def _variance(self) -> np.ndarray:
        """Posterior variances of the quantities with bounds; 1 for those without."""
        n = len(self.unfixed)
        out = np.ones(n)
        at = np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high))
        out[at] = self.response.variances(at)
        return out

    @cached_property
    def _place(self) -> np.ndarray:
        """Position of each quantity among the unfixed, −1 for constants."""
        place = np.full(len(self.x), -1)
        place[self.unfixed] = np.arange(len(self.unfixed))
        return place

    @cached_property
    def _observed(self) -> np.ndarray:
        return self.likelihood.observations.index[self.likelihood.uncertain]

    @cached_property
    def _answer_data(self) -> Answers:
        at = unit_columns(self._place[self._observed], self.response.size)
        pushes = sp.csc_array(at @ self.inverse)
        if self.curved or not self.hold.any():
            return self.response.to(pushes)
        return Response(self.bare, self.curvature.rows, kept=0).to(pushes)

    @cached_property
    def _answer_hold(self) -> Answers:
        free = np.flatnonzero(self.hold)
        pushes = unit_columns(free, self.response.size) @ sp.diags_array(self.hold[free])
        return self.response.to(sp.csc_array(pushes))

    @cached_property
    def _answer_curves(self) -> Answers:
        return self.response.to(self._curve_pushes)

    @cached_property
    def _curve_pushes(self) -> sp.csc_array:
        """Unit pushes at the curved quantities and rows."""
        count = len(self.curvature.rows)
        places = [self._place[self.curvature.quantities], len(self.unfixed) + np.arange(count)]
        return unit_columns(np.concatenate(places), self.response.size)

    # ---------------------------------------------------------------------------- curved draws

    @cached_property
    def _followed(self) -> np.ndarray:
        """Entries of (X, λ) followed while draws settle: the curved ones and those near bounds."""
        n, size = len(self.unfixed), self.response.size
        if self.response.inverse is None:
            return np.arange(size)
        near = np.minimum(-self._low, self.high) < REACH * np.sqrt(self._variance)
        near[self._place[self.curvature.quantities][self._moving]] = True
        return np.concatenate([np.flatnonzero(near), np.arange(n, size)])

    @cached_property
    def _moving(self) -> np.ndarray:
        return self._place[self.curvature.quantities] >= 0

    @cached_property
    def track(self) -> Track:
        """What is followed while curved draws settle."""
        r, c, entries = self.response, self.curvature, self._followed
        own = entries[entries < len(self.unfixed)]
        curved = np.full(len(c.quantities), -1)
        at = self._place[c.quantities[self._moving]]
        curved[self._moving] = np.searchsorted(own, at)
        bounds = Bounds(
            self._low[own],
            self.high[own],
            self.scale[own],
            self._variance[own],
            r.covariances(own, entries),
        )
        rows = len(own) + np.arange(len(c.rows))
        answers = r.to(self._curve_pushes, entries)
        return Track(answers, bounds, c, curved, rows, r.scale[entries])
