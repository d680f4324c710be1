"""Weighted least squares subject to relations and bounds: the reconciled values.

Minimise ``(h − z)ᵀ V⁻¹ (h − z)`` subject to ``f(x) = 0`` and ``l ≤ x ≤ u`` by damped Gauss–Newton
(Cencic 2016; `mfa.balance.iteration`), and where that ends nowhere, or at a doubtful place, from
other starts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.distribution import Likelihood
from mfa.balance.equations import Equations
from mfa.balance.iteration import OPEN, Iteration
from mfa.balance.restore import constants_agree, linear_rows_hold, other_starts
from mfa.balance.saddle import ways_down
from mfa.balance.solution import Solution

if TYPE_CHECKING:
    from mfa.balance.division import Division

SMALL, FEW = 3000, 3
ALIKE = 1e-3  # of χ²
NEARLY, KEPT = 1e-6, 1e-2  # of its value: what is as good as 0, and what a factor keeps at least


def reconcile(
    equations: Equations,
    *,
    start: np.ndarray | None = None,
    robust: bool = False,
    division: Division | None = None,
) -> Solution:
    """Return the most likely values of all quantities.

    Parameters
    ----------
    start
        Starting values in internal units, to overrule those from the data; (n,).
    robust
        Weigh data that are far off down (Huber, `mfa.balance.robust`).
    division
        Blocks in which every step is solved, and who works on them (`mfa.balance.division`).
    """
    likelihood = Likelihood.of(equations.observations, robust)
    problem = Iteration(equations, likelihood, division)
    x = problem.starting_point() if start is None else start.copy()
    senseless = not equations.linear and not constants_agree(equations, problem.data.fixed, x)
    if senseless:  # one step, for the explanation
        problem.steps = 1
    found = _attempt(problem, x)
    if found is not None and (equations.linear or senseless):
        return found
    doubtful = start is None and found is not None and _doubtful(found)
    lost = found is None or not found.converged
    if doubtful or (lost and linear_rows_hold(equations, problem.data.fixed, x)):
        found = _best(equations, likelihood, found, division)
    if start is None and found is not None and found.converged:
        found = _upright(equations, likelihood, found, division)
        found = _off_saddles(equations, likelihood, found, division)
    if found is None:
        raise ArithmeticError("the relations have entries that are not finite")
    return found


def _doubtful(found: Solution) -> bool:
    """Whether the data of a small system fit so badly that there may be a better solution."""
    checks = len(found.data.uncertain)
    return len(found.x) <= SMALL and found.chi2 > checks + 10 * np.sqrt(2 * checks)


def _best(
    equations: Equations,
    likelihood: Likelihood,
    found: Solution | None,
    division: Division | None,
) -> Solution | None:
    """Return the first solution from other starts, or the best of a few when there was one."""
    problem, tries, alike = Iteration(equations, likelihood, division), 0, 0
    data = (problem.data.W, problem.data.gradient0)
    starts = [problem.starting_point()]
    if np.isfinite(equations.start).any():  # the user's own may be the trouble
        plain = replace(equations, start=np.full(len(equations.start), np.nan))
        starts.insert(0, Iteration(plain, likelihood, division).starting_point())
    for other in chain(*(other_starts(equations, x, data, problem.data.fixed) for x in starts)):
        again = _attempt(Iteration(equations, likelihood, division), other)
        tries += 1
        if again is None:
            continue
        if found is not None and not (again.converged or found.converged):
            alike += abs(again.chi2 - found.chi2) <= ALIKE * found.chi2
            if alike == FEW:  # all of them go to the same nowhere
                break
        better = found is None or (again.converged and not found.converged)
        if better or (again.converged and again.chi2 < found.chi2 * (1 - 1e-6)):
            found = again
        if found.converged and (tries == FEW or not _doubtful(found)):
            break
    return found


def _upright(
    equations: Equations, likelihood: Likelihood, found: Solution, division: Division | None
) -> Solution:
    """Return a solution in which no factor has gone to 0 to silence data that contradict it.

    Where ``rate · factor = flow`` the rates of several flows may contradict each other: a factor of
    0 lets each be what it likes, and all flows vanish. For any other factor they must agree.
    """
    down = _collapsed(equations, found)
    if not len(down):
        return found
    raised = replace(equations, lower=equations.lower.copy())
    raised.lower[down] = np.maximum(equations.lower[down], KEPT * found.data.mean[down])
    problem = Iteration(raised, likelihood, division)
    kept = _attempt(problem, problem.starting_point())
    if kept is None or not kept.converged:
        return found
    again = _attempt(Iteration(equations, likelihood, division), kept.x)
    if again is None or not again.converged or len(_collapsed(equations, again)):
        return found
    return again


def _collapsed(equations: Equations, found: Solution) -> np.ndarray:
    """Return measured positive factors that are next to 0 in rows that close only for that."""
    x, mean = found.x, found.data.mean
    size = np.maximum(equations.magnitude(x), 1e-300)
    loose = np.abs(equations.residual(x)) > OPEN * size
    if not loose.any():
        return np.zeros(0, dtype=int)
    inside = [b.quantities[loose[b.rows]].ravel() for b in equations.blocks]
    at = np.unique(np.concatenate([np.zeros(0, dtype=int), *inside]))
    return at[(mean[at] > 0) & (np.abs(x[at]) < NEARLY * mean[at]) & ~found.data.fixed[at]]


def _off_saddles(
    equations: Equations, likelihood: Likelihood, found: Solution, division: Division | None
) -> Solution:
    """Return the solution, or a better one beside it while it is only a saddle."""
    for _ in range(FEW):
        tries = [
            _attempt(Iteration(equations, likelihood, division), point)
            for point in ways_down(equations, found)
        ]
        better = [t for t in tries if t is not None and t.converged]
        better = [t for t in better if t.chi2 < found.chi2 * (1 - 1e-6)]
        if not better:
            break
        found = min(better, key=lambda t: t.chi2)
    return found


def _attempt(problem: Iteration, x: np.ndarray) -> Solution | None:
    """Return where the iteration from x ends; None when it leaves what can be computed."""
    try:
        with np.errstate(all="ignore"):
            return problem.solve(x.copy())
    except ArithmeticError:
        return None
