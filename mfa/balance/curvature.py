"""What a linear model leaves out: curved relations and log-normal data, for many draws at once.

With X the deviation from the account and λ the multipliers, a draw solves

    K (X, λ) = (Hᵀ P (z' − x̂), 0) + ψ(X, λ),     K = [W Jᵀ; J 0] at the account.

ψ vanishes for linear relations and normal data. Its entries are, for the quantities in curved
terms, ``−(J(x) − J)ᵀ λ``; for curved relations ``J X − f(x) + f(x̂)``; for log-normal data the
difference between their own gradient and that of a normal datum of the same value; and for free
quantities what takes back the hold that K has on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from mfa.balance.distribution import (
    LEAST,
    LEAST_CURVATURE,
    REACH,
    Likelihood,
    log_ratio,
    logarithmic,
)
from mfa.balance.equations import Equations, TermBlock
from mfa.balance.terms import Bends, Shape, compile_bends, compile_shape


@dataclass(frozen=True)
class _Curved:
    """The terms of one shape: places of their quantities and rows among the curved ones."""

    shape: Shape
    bends: Bends
    places: list[np.ndarray]
    row: np.ndarray
    constants: list[np.ndarray]
    coefficients: np.ndarray


class Curvature:
    """The remainder ψ of one account.

    Parameters
    ----------
    x
        The account, (n,).
    inverse
        Inverse covariance of the normal data that stand for the data at the account, k × k.
    hold
        Weights that K has besides those of the data, (n,).

    Attributes
    ----------
    quantities, rows
        Indices of the quantities (of n) and of the rows (of m) at which ψ may differ from 0.
    """

    def __init__(
        self,
        equations: Equations,
        likelihood: Likelihood,
        x: np.ndarray,
        inverse: sp.csr_array,
        hold: np.ndarray,
    ) -> None:
        o, uncertain = likelihood.observations, likelihood.uncertain
        log = logarithmic(o)[uncertain]
        self.used = np.flatnonzero((abs(inverse) @ log.astype(float)) > 0)
        index = o.index[uncertain[self.used]]
        self.log, self.spread = log[self.used], likelihood.spread[uncertain[self.used]]
        self.own = likelihood.inverse[self.used][:, self.used].tocsr()
        self.alike = inverse[self.used][:, self.used].tocsr()
        terms = [block.quantities.ravel() for block in equations.blocks]
        if terms or len(index):
            terms.append(np.flatnonzero(hold))
        self.quantities = _union([*terms, index])
        self.hold = hold[self.quantities][:, None]
        self.rows = _union([block.rows for block in equations.blocks])
        self.index = np.searchsorted(self.quantities, index)
        self.blocks = [self._curved(block) for block in equations.blocks]
        self._gather(x[self.quantities])

    def _curved(self, block: TermBlock) -> _Curved:
        """Return the terms of `block` by their places among the curved quantities and rows."""
        return _Curved(
            compile_shape(block.shape, block.quantities.shape[1], block.constants.shape[1]),
            compile_bends(block.shape, block.quantities.shape[1], block.constants.shape[1]),
            list(np.searchsorted(self.quantities, block.quantities.T)),
            np.searchsorted(self.rows, block.rows),
            [column[:, None] for column in block.constants.T],
            block.coefficients[:, None],
        )

    def _gather(self, centre: np.ndarray) -> None:
        """Prepare the sums over terms, and the linear parts at the account."""
        count, none = len(self.quantities), np.zeros(0, dtype=np.int64)
        places = [place for c in self.blocks for place in c.places]
        self.to_quantities = _ones(np.concatenate([none, *places, self.index]), count)
        rows = np.concatenate([none, *(c.row for c in self.blocks)])
        self.to_rows = _ones(rows, len(self.rows))
        self.centre = centre[:, None]
        self.slope_row = np.concatenate([none, *(c.row for c in self.blocks for _ in c.places)])
        self.bend_row = np.concatenate([none, *(c.row for c in self.blocks for _ in c.bends.pairs)])
        self.value, self.slopes = self._terms(self.centre)
        to = np.concatenate([none, *places])
        entries = (self.slopes[:, 0], (self.slope_row, to))
        self.linear = sp.csr_array(sp.coo_array(entries, shape=(len(self.rows), count)))
        self.linear_transposed = self.linear.T.tocsr()

    @property
    def any(self) -> bool:
        """Whether anything is curved."""
        return bool(len(self.quantities))

    def __call__(
        self, x: np.ndarray, multipliers: np.ndarray, data: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ψ for `quantities` and for `rows`.

        Parameters
        ----------
        x
            Deviations X of `quantities`, (len(quantities) × draws).
        multipliers
            λ of `rows`, (len(rows) × draws).
        data
            The drawn observations, (k × draws).
        """
        value, slopes = self._terms(self.centre + x)
        slopes *= multipliers[self.slope_row]
        return self._remainder(x, multipliers, data, value, slopes)

    def bent(
        self, x: np.ndarray, multipliers: np.ndarray, data: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ψ and what at (x, λ) is to be added to the entries of K at `places`.

        First the changes of J, then the second derivatives of the terms times λ, then the changes
        of the weights of data (never below a fifth of what they would be near their value).
        """
        at = self.centre + x
        value, slopes = self._terms(at)
        pulls = slopes * multipliers[self.slope_row]
        at_q, at_f = self._remainder(x, multipliers, data, value, pulls)
        slopes -= self.slopes
        return at_q, at_f, np.concatenate([slopes, *self._bends(at, multipliers, data)])

    def _bends(self, x: np.ndarray, multipliers: np.ndarray, data: np.ndarray) -> list[np.ndarray]:
        """Return the second derivatives of the terms times λ, and the changes of the weights."""
        bends, at = np.empty((len(self.bend_row), x.shape[1])), 0
        for c in self.blocks:
            with np.errstate(all="ignore"):
                for part in c.bends.value(*self._columns(c, x)):
                    np.multiply(part, c.coefficients, out=bends[at : at + len(c.row)])
                    at += len(c.row)
        bends *= multipliers[self.bend_row]
        return [bends, self._weights(x[self.index], data[self.used])]

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of what `bent` adds to K: each changed entry of J, row and quantity, and of W.

        Both are pairs of positions: of a curved row and a curved quantity, (j, 2), and of two
        curved quantities, (w, 2).
        """
        none = np.zeros((0, 2), dtype=np.int64)
        jacobian = [np.stack([c.row, place], axis=1) for c in self.blocks for place in c.places]
        weights = [
            np.stack([c.places[i], c.places[k]], axis=1)
            for c in self.blocks
            for i, k in c.bends.pairs
        ]
        weights.append(np.stack([self.index, self.index], axis=1))
        return np.concatenate([none, *jacobian]), np.concatenate([none, *weights])

    def _weights(self, at: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Return by how much the weights of data at a point differ from those in K."""
        log = self.log
        weight = np.repeat(self.own.diagonal()[:, None], at.shape[1], axis=1)
        spread = np.broadcast_to(self.spread[log, None], weight[log].shape)
        r, rate = log_ratio(at[log] / given[log], spread)
        near = r > np.minimum(-REACH * spread, np.log(LEAST))
        bend = np.where(near, np.maximum(1.0 - r, LEAST_CURVATURE), 1.0)
        weight[log] *= (rate / given[log]) ** 2 * bend
        return weight - self.alike.diagonal()[:, None]

    def _remainder(
        self,
        x: np.ndarray,
        multipliers: np.ndarray,
        data: np.ndarray,
        value: np.ndarray,
        pulls: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ψ from the values of the terms and their pulls."""
        at_f = self.linear @ x - self.to_rows @ (value - self.value)
        own = self._gradient(self.centre[self.index] + x[self.index], data[self.used])
        at_q = self.linear_transposed @ multipliers + self.hold * x
        at_q -= self.to_quantities @ np.concatenate([pulls, -own])
        return at_q, at_f

    def _columns(self, c: _Curved, x: np.ndarray) -> list[np.ndarray]:
        return [*(x[place] for place in c.places), *c.constants]

    def _terms(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all terms (terms × draws), and their derivatives by one quantity after another."""
        values = np.empty((sum(len(c.row) for c in self.blocks), x.shape[1]))
        slopes, term, at = np.empty((len(self.slope_row), x.shape[1])), 0, 0
        for c in self.blocks:
            columns, count = self._columns(c, x), len(c.row)
            with np.errstate(all="ignore"):
                value = c.shape.value(*columns)
                np.multiply(value, c.coefficients, out=values[term : term + count])
                for part in c.shape.gradient(*columns):
                    np.multiply(part, c.coefficients, out=slopes[at : at + count])
                    at += count
            term += count
        return values, slopes

    def _gradient(self, at: np.ndarray, data: np.ndarray) -> np.ndarray:
        """Return the gradient of the data at their quantities, less that of normal data."""
        r, slope = at - data, np.ones_like(at)
        log = self.log
        spread = np.broadcast_to(self.spread[log, None], r[log].shape)
        r[log], rate = log_ratio(at[log] / data[log], spread)
        slope[log] = rate / data[log]
        return self.alike @ (at - data) - slope * (self.own @ r)


def _ones(place: np.ndarray, count: int) -> sp.csr_array:
    """Return the matrix that adds up entries by their place, count × len(place)."""
    entries = (np.ones(len(place)), (place, np.arange(len(place))))
    return sp.csr_array(sp.coo_array(entries, shape=(count, len(place))))


def _union(parts: list[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *parts])).astype(np.int64)
