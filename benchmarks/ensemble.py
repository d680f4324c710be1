"""Ensembles of a case against single balances and against a programme per draw through PIQP.

``python -m benchmarks.ensemble [--case cases/hue] [--draws 10000]``

All figures are processor time of one run. A single balance is ``System.balance()``; what of it is
the iteration alone (no assembly, σ or status) is printed besides. PIQP solves, for each of a few
draws, the quadratic programme of the linearised system with all bounds, once: less work than a
draw, which satisfies the nonlinear relations. The time is the average over
``--programmes`` draws.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import piqp
import scipy.sparse as sp

import mfa
from mfa.account import Account
from mfa.balance.ensemble import Sampler
from mfa.balance.reconcile import reconcile


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return processor time, the least of several."""
    least = np.inf
    for _ in range(times):
        begin = time.process_time()
        work()
        least = min(least, time.process_time() - begin)
    return least


def without_bounds(account: Account) -> Account:
    """The same account with all bounds off."""
    e = account.equations
    wide = np.full(len(e.lower), np.inf)
    e = replace(e, lower=-wide, upper=wide, observations=account.given)
    return Account(account.system, e, reconcile(e))


def sampler_of(account: Account) -> Sampler:
    return Sampler(account.equations, account.solution, account.classification, account.given)


def programmes(account: Account, data: np.ndarray) -> None:
    """Solve the linearised programme of each draw (columns of `data`) through PIQP."""
    e, solution = account.equations, account.solution
    sampler = sampler_of(account)
    unfixed, x, kkt = solution.unfixed, solution.x, solution.kkt
    D = kkt.column_scale
    P = sp.csc_matrix(kkt.W + 1e-9 * sp.eye_array(kkt.n))
    A = sp.csc_matrix(kkt.J)
    low, high = (e.lower - x)[unfixed] / D, (e.upper - x)[unfixed] / D
    observed = e.observations.index[sampler.likelihood.uncertain]
    place = np.full(len(x), -1)
    place[unfixed] = np.arange(len(unfixed))
    for draw in data.T:
        gradient = np.zeros(kkt.n)
        np.add.at(gradient, place[observed], sampler.inverse @ (draw - x[observed]))
        solver = piqp.SparseSolver()
        solver.setup(P, -gradient * D, A, np.zeros(kkt.m), x_l=low, x_u=high)
        solver.solve()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="cases/hue")
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--programmes", type=int, default=40)
    options = parser.parse_args()
    system = mfa.open_case(options.case).system
    account = system.balance()
    account.sample(1)  # compiles, where there is numba
    single = seconds(system.balance, 3)
    given = replace(account.equations, observations=account.given)
    iteration = seconds(lambda: reconcile(given), 3)
    print(f"single balance {single:.2f} s, of which the iteration {iteration:.3f} s")
    for name, one, bar in (
        ("unbounded", without_bounds(account), 50),
        ("bounded", account, 500),
    ):
        drawn: list = []
        spent = seconds(lambda one=one, drawn=drawn: drawn.append(one.sample(options.draws)))
        print(
            f"{options.draws} draws {name}: {spent:.1f} s = {spent / single:.0f} single balances "
            f"(bar {bar}), {spent / iteration:.0f} iterations; failed {drawn[0].failed}"
        )
    sampler = sampler_of(account)
    data = sampler.draws.draw(np.random.default_rng(1), options.programmes)
    each = seconds(lambda: programmes(account, data)) / options.programmes
    print(f"PIQP, one linearised programme a draw: {each * 1000:.1f} ms; ", end="")
    print(f"the ensemble is {each * options.draws / spent:.1f} × faster (bar 10)")


if __name__ == "__main__":
    main()
