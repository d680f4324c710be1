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

import numpy as np
import scipy.sparse as sp

from mfa.balance.distribution import Likelihood, log_ratio, logarithmic
from mfa.balance.equations import Equations, TermBlock
from mfa.balance.terms import Shape, compile_shape


@dataclass(frozen=True)
class _Curved:
    """The terms of one shape: places of their quantities and rows among the curved ones."""

    shape: Shape
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
        self.value, slopes = self._terms(self.centre, np.ones((len(self.rows), 1)))
        at = np.concatenate([none, *(c.row for c in self.blocks for _ in c.places)])
        to = np.concatenate([none, *places])
        entries = (np.concatenate([np.zeros(0), *(s[:, 0] for s in slopes)]), (at, to))
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
        value, pulls = self._terms(self.centre + x, multipliers)
        at_f = self.linear @ x - self.to_rows @ (value - self.value)
        own = self._gradient(self.centre[self.index] + x[self.index], data[self.used])
        at_q = self.linear_transposed @ multipliers + self.hold * x
        at_q -= self.to_quantities @ np.concatenate([*pulls, -own])
        return at_q, at_f

    def _terms(self, x: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return all terms, and each one's derivatives times the entry of its row in `by`."""
        values, slopes = [np.zeros((0, x.shape[1]))], []
        for c in self.blocks:
            columns = [*(x[place] for place in c.places), *c.constants]
            pull = by[c.row] * c.coefficients
            with np.errstate(all="ignore"):
                values.append(c.coefficients * c.shape.value(*columns))
                slopes += [np.asarray(part * pull) for part in c.shape.gradient(*columns)]
        return np.concatenate(values), slopes

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
