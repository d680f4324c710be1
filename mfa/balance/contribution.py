"""Which observation contributes how much to the variance of a result.

Around the account every result is a weighted sum of the observations, ``t = Σ K_i z_i`` with
``K = wᵀ C Hᵀ V⁻¹`` (w: gradient of the result, C: posterior covariance, H: what is observed,
V: covariance of the observations). Its variance ``K V Kᵀ`` falls into ``K_i Σ_j V_ij K_j``: what
observation i brings in on its own, and half of what it shares with each correlated one. Such a part
can be negative; the parts always add up to the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.equations import Observations
from mfa.balance.solution import Solution

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account
    from mfa.balance.target import Key

NEGLIGIBLE = 1e-12  # shares below are rounding errors of zero


@dataclass(frozen=True)
class Contributions:
    """Sensitivity to each observation, its part of the variance; (k,), in internal units."""

    sensitivity: np.ndarray
    part: np.ndarray

    @property
    def variance(self) -> float:
        """Variance of the result: the sum of all parts."""
        return float(self.part.sum())


def contributions(
    observations: Observations, solution: Solution, weights: np.ndarray
) -> Contributions:
    """Return what each observation contributes to the combination ``weights · x``, by one solve.

    Parameters
    ----------
    weights
        Gradient of the result, (n,); the data must determine it.
    """
    assert solution.kkt is not None
    covariance = np.zeros(len(weights))
    inner = weights[solution.unfixed][:, None]
    covariance[solution.unfixed] = solution.kkt.covariance_columns(inner)[:, 0]
    rows = solution.data.uncertain
    seen = covariance[observations.index[rows]]
    sensitivity, part = np.zeros(len(observations.index)), np.zeros(len(observations.index))
    sensitivity[rows] = solution.data.inverse @ seen
    part[rows] = sensitivity[rows] * seen
    return Contributions(sensitivity, part)


def share_table(account: Account, what: Key, period: str = "", region: str = "") -> pd.DataFrame:
    """Return the observations behind a result, the largest share of its variance first.

    Columns: observation, quantity, period, region, source, value, sd and unit as reported;
    ``sensitivity`` (change of the result in its unit for one unit of the observation),
    ``variance`` (its part, in the result's unit squared) and ``share``; shares add up to 1. Of two
    correlated observations each is given half of what they share. Empty where the data leave the
    result open, or where it is certain.

    Raises
    ------
    InputError
        See `find_target`.
    """
    from mfa.balance.target import find_target
    from mfa.units import parse_unit

    target = find_target(account, what, period, region)
    frame = account.observations
    columns = ["quantity", "period", "region", "source", "value", "sd", "unit"]
    out = frame[["id", *columns]].rename(columns={"id": "observation"})
    if not account.classification.determines(target.weights):
        return out.iloc[:0].assign(sensitivity=0.0, variance=0.0, share=0.0)
    found = contributions(account.equations.observations, account.solution, target.weights)
    internal = account.equations.quantities.internal
    scale = {text: internal.factor(parse_unit(text)) if text else 1.0 for text in set(out["unit"])}
    per_unit = np.array([scale[text] for text in out["unit"]]) / target.factor
    out = out.assign(
        sensitivity=found.sensitivity * per_unit,
        variance=found.part / target.factor**2,
        share=found.part / found.variance if found.variance > 0 else 0.0,
    )
    order = np.argsort(-out["share"].abs().to_numpy(), kind="stable")
    kept = order[out["share"].abs().to_numpy()[order] > NEGLIGIBLE]
    return out.iloc[kept].reset_index(drop=True)
