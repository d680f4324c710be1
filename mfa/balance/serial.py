"""Serial elimination: leave out the worst observation, balance again, until the data agree.

Ripps (1965); Serth & Heenan (1986). It is a list of candidates, not a verdict: what leaves first
may stand for others from which it cannot be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mfa.balance.alike import inseparable
from mfa.balance.classify import Classification, classify
from mfa.balance.equations import Equations, Observations
from mfa.balance.reconcile import reconcile
from mfa.balance.solution import Solution
from mfa.balance.spread import posterior_sd
from mfa.balance.tests import Tests, examine


@dataclass(frozen=True)
class Removal:
    """One step: the observation left out, what it was, and how the rest then fits.

    ``alike`` are the observations that could have been left out as well.
    """

    row: int
    normalised: float
    alike: list[int]
    chi2: float
    dof: int
    p_value: float
    consistent: bool


def without(observations: Observations, rows: list[int]) -> Observations:
    """Return the observations but for those in `rows`."""
    keep = np.ones(len(observations.index), dtype=bool)
    keep[rows] = False
    place = np.cumsum(keep) - 1
    return replace(
        observations,
        index=observations.index[keep],
        value=observations.value[keep],
        sd=observations.sd[keep],
        row=observations.row[keep],
        covariance=[
            (int(place[i]), int(place[j]), v)
            for i, j, v in observations.covariance
            if keep[i] and keep[j]
        ],
        shape=None if observations.shape is None else observations.shape[keep],
        limits=None if observations.limits is None else observations.limits[keep],
    )


def checked(
    equations: Equations, start: np.ndarray | None = None
) -> tuple[Observations, Solution, Tests]:
    """Balance by least squares and test; the observations are those standing for the data."""
    solution = reconcile(equations, start=start)
    observations = solution.observations or equations.observations
    classification = _classified(equations, observations, solution)
    sd = posterior_sd(solution, classification)
    return observations, solution, examine(observations, solution, classification, sd)


def _classified(
    equations: Equations, observations: Observations, solution: Solution
) -> Classification:
    n, unfixed = equations.quantities.count, solution.unfixed
    assert solution.jacobian is not None
    assert solution.kkt is not None
    count = np.bincount(observations.index[solution.data.uncertain], minlength=n)[unfixed]
    scale = solution.kkt.column_scale
    curved = equations.curved
    return classify(solution.jacobian, count > 0, scale, unfixed, n, count > 1, curved)


def eliminate(equations: Equations, start: np.ndarray, limit: int | None = None) -> list[Removal]:
    """Leave out the observation with the largest normalised adjustment until the rest agrees.

    Parameters
    ----------
    equations
        With the observations as given.
    start
        Where the nonlinear iterations begin: the account; (n,).
    limit
        Give up after so many (default: when nothing testable is left).
    """
    observations, solution, tests = checked(equations, start)
    gone: list[int] = []
    removals: list[Removal] = []
    rows = np.arange(len(observations.index))
    while not tests.consistent and tests.testable.any() and len(gone) != limit:
        size = np.where(tests.testable, tests.normalised, 0.0)
        worst = int(np.flatnonzero(size >= size.max() * (1 - 1e-6))[0])  # the first of equals
        groups = inseparable(observations, solution, tests)
        alike = next((group for group in groups if worst in group), [worst])
        row, others = int(rows[worst]), [int(rows[k]) for k in alike if k != worst]
        gone.append(row)
        rest = replace(equations, observations=without(equations.observations, gone))
        rows = np.delete(np.arange(len(equations.observations.index)), gone)
        observations, solution, tests = checked(rest, solution.x)
        removals.append(
            Removal(
                row,
                float(size[worst]),
                others,
                tests.chi2,
                tests.dof,
                tests.p_value,
                tests.consistent,
            )
        )
    return removals
