"""Huber's estimator: data far off count less, so that a blunder does not drag its neighbours along.

Instead of ½ d², with d the distance of a datum from its value in σ, the misfit is c·d − ½ c² beyond
c = 1.345 (Huber 1964; 95 % of the efficiency of least squares when all data are normal). It is
found by iteratively reweighted least squares: each datum weighs min(1, c / d) of its 1/σ².

Correlated data share one weight: d is the Mahalanobis distance of the group, and c the same
quantile of its distribution. That keeps the misfit convex, and a bias which a group shares is no
blunder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from mfa.errors import InputError, Problem

TUNING = 1.345
ESTIMATORS = ("huber",)


def refuse_unknown_options(robust: object, unknown: Mapping[str, object]) -> None:
    """Raise when a balance is asked for something that there is not.

    Raises
    ------
    InputError
        `robust` is neither None nor one of `ESTIMATORS`, or there are options in `unknown`.
    """
    problems = [
        Problem(
            "option-unknown",
            "A balance has no option “{option}”; the options are: {known}.",
            {"option": option, "known": "robust, client"},
        )
        for option in unknown
    ]
    if robust is not None and robust not in ESTIMATORS:
        problems.append(
            Problem(
                "robust-unknown",
                "There is no robust mode “{mode}”; write {known}, or leave it out.",
                {"mode": robust, "known": ", ".join(f'robust="{name}"' for name in ESTIMATORS)},
            )
        )
    if problems:
        raise InputError(problems)


@lru_cache(maxsize=256)
def _limit(members: int) -> float:
    """Return c for a group: the quantile of the χ distribution that 1.345 is for one datum."""
    from scipy.stats import chi2

    return float(np.sqrt(chi2.ppf(chi2.cdf(TUNING**2, 1), members)))


def huber_limits(members: np.ndarray) -> np.ndarray:
    """Return the distance from which on groups of correlated data count less.

    Examples
    --------
    >>> huber_limits(np.array([1, 2])).round(3).tolist()
    [1.345, 1.856]
    """
    sizes, at = np.unique(members, return_inverse=True)
    return np.array([_limit(int(size)) for size in sizes])[at] if len(sizes) else np.zeros(0)


def huber_weights(distance: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return min(1, limit / distance).

    Examples
    --------
    >>> huber_weights(np.array([0.5, 2.69]), np.array([1.345, 1.345])).tolist()
    [1.0, 0.5]
    """
    return limit / np.maximum(distance, limit)


def huber_loss(distance: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return ½ d² within the limit and limit·d − ½ limit² beyond it."""
    inside = np.minimum(distance, limit)
    return 0.5 * inside**2 + limit * (distance - inside)
