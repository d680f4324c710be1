"""Posterior uncertainty: σ of every quantity and of every combination, to first order.

With the Jacobian at the solution the posterior covariance C is the upper left block of the inverse
of ``[W Jᵀ; J 0]``. Columns of C come from solves with the factor that the solution left behind.
"""

from __future__ import annotations

import copy

import numpy as np

from mfa.balance.classify import FREE, Classification
from mfa.balance.kkt import CHUNK
from mfa.balance.solution import Solution

ROUNDING = 1e-13
SHARP = 1e-60  # the same of the factor in a good basis, whose zeros are exact
DOUBTFUL = 1e-7  # below this part of a quantity's own variance only a good basis tells 0


def posterior_sd(solution: Solution, classification: Classification) -> np.ndarray:
    """Return σ of every quantity in internal units: NaN where free, 0 where fixed; shape (n,)."""
    kkt, unfixed = solution.kkt, solution.unfixed
    assert kkt is not None
    sd = np.zeros(len(solution.x))
    free = classification.status[unfixed] == FREE
    wanted = np.flatnonzero(~free)
    at_once = kkt.posterior_variance(~free)
    kkt.bring_home()
    if at_once is not None:
        variance = np.where(free, np.nan, at_once)
        wanted = wanted[:0]
    else:
        variance = np.full(len(unfixed), np.nan)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        unit = np.zeros((len(unfixed), len(part)))
        unit[part, np.arange(len(part))] = 1.0
        variance[part] = kkt.covariance_columns(unit)[part, np.arange(len(part))]
    # What rounding leaves of an exact zero (a flow that the relations force to 0) is no
    # uncertainty.
    least = np.full(len(unfixed), SHARP if kkt.stiff else ROUNDING)
    doubtful = np.flatnonzero(np.abs(variance) < DOUBTFUL * kkt.column_scale**2)
    sharp = copy.copy(kkt)
    if len(doubtful) and sharp.sharpen():
        unit = np.zeros((len(unfixed), len(doubtful)))
        unit[doubtful, np.arange(len(doubtful))] = 1.0
        found = sharp.covariance_columns(unit)
        variance[doubtful], least[doubtful] = found[doubtful, np.arange(len(doubtful))], SHARP
    variance[variance < least * kkt.column_scale**2] = 0.0
    sd[unfixed] = np.sqrt(variance)
    return sd


def combination_sd(solution: Solution, weights: np.ndarray) -> np.ndarray:
    """Return σ of combinations: one for each column of `weights` (n × k)."""
    assert solution.kkt is not None
    inner = weights[solution.unfixed]
    columns = solution.kkt.covariance_columns(inner)
    return np.sqrt(np.maximum((inner * columns).sum(axis=0), 0.0))
