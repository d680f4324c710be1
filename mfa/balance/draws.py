"""Random data: each draw varies the observations about their values as their distributions say.

Normal scores e are drawn first, correlated where the data are, and carried over to the distribution
of each observation (a Gaussian copula): value + σ·e (normal), value·exp(σ_ln·e) (log-normal, the
value being the median), and the inverse distribution function at Φ(e) for uniform data (between
their limits, else value ± √3 σ) and triangular data (the value being the mode; else value ± √6 σ).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfa.balance.distribution import LOGNORMAL, TRIANGULAR, UNIFORM, Likelihood
from mfa.balance.equations import Observations


@dataclass(frozen=True)
class DataDraws:
    """What is needed to draw the k uncertain observations.

    Attributes
    ----------
    value, spread, shape, limits
        Of each: value, σ (of the logarithm for log-normal data), distribution code, and limits.
    groups
        Positions of correlated observations and the Cholesky factor of their correlations.
    """

    value: np.ndarray
    spread: np.ndarray
    shape: np.ndarray
    limits: np.ndarray
    groups: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, likelihood: Likelihood) -> DataDraws:
        """Prepare to draw the uncertain observations of `likelihood`."""
        o, rows = likelihood.observations, likelihood.uncertain
        shape = np.zeros(len(rows), dtype=np.int8) if o.shape is None else o.shape[rows]
        value, sd = o.value[rows], o.sd[rows]
        limits = np.full((len(rows), 2), np.nan) if o.limits is None else o.limits[rows].copy()
        for code, reach in ((UNIFORM, np.sqrt(3.0)), (TRIANGULAR, np.sqrt(6.0))):
            open_ = (shape == code) & np.isnan(limits).any(axis=1)
            limits[open_] = np.stack([value - reach * sd, value + reach * sd], axis=1)[open_]
        spread = likelihood.spread[rows]
        return cls(value, spread, shape, limits, _correlated(o, rows))

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return `count` draws of the observations, (k, count)."""
        scores = rng.standard_normal((count, len(self.value))).T
        for members, factor in self.groups:
            scores[members] = factor @ scores[members]
        out = self.value[:, None] + self.spread[:, None] * scores
        log = self.shape == LOGNORMAL
        out[log] = self.value[log, None] * np.exp(self.spread[log, None] * scores[log])
        for code, inverse in ((UNIFORM, _uniform), (TRIANGULAR, _triangular)):
            rows = np.flatnonzero(self.shape == code)
            if len(rows):
                from scipy.special import ndtr

                low, high = self.limits[rows].T
                out[rows] = inverse(ndtr(scores[rows]), low, high, self.value[rows])
        return out


def _correlated(
    observations: Observations, rows: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return members and Cholesky factor of the correlations of each group."""
    from scipy.sparse.csgraph import connected_components

    from mfa.balance.alike import covariance

    if not observations.covariance:
        return []
    V = covariance(observations, rows)
    _, group = connected_components(V, directed=False)
    out = []
    for label in np.flatnonzero(np.bincount(group) > 1):
        members = np.flatnonzero(group == label)
        sd = observations.sd[rows[members]]
        correlation = V[members][:, members].toarray() / np.outer(sd, sd)
        out.append((members, np.linalg.cholesky(correlation)))
    return out


def _uniform(share: np.ndarray, low: np.ndarray, high: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the quantiles of a uniform distribution, (k, count)."""
    return low[:, None] + (high - low)[:, None] * share


def _triangular(
    share: np.ndarray, low: np.ndarray, high: np.ndarray, mode: np.ndarray
) -> np.ndarray:
    """Return the quantiles of a triangular distribution, (k, count)."""
    mode = np.clip(mode, low, high)
    width, left, right = ((high - low)[:, None], (mode - low)[:, None], (high - mode)[:, None])
    rising = low[:, None] + np.sqrt(share * width * left)
    falling = high[:, None] - np.sqrt((1 - share) * width * right)
    return np.where(share * width < left, rising, falling)
