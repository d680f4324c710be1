"""Ensembles of a case against single balances and against programmes through PIQP.

``python -m benchmarks.ensemble [--case cases/hue] [--draws 10000] [--flows 700]``

All figures are processor time of one run. A single balance is ``System.balance()``; what of it is
the iteration alone (no assembly, σ or status) is printed besides. Three comparisons with PIQP
(`benchmarks.programmes`), each the average over ``--programmes`` draws:

* one programme a draw of the case linearised at its account, which is less work than a draw: the
  nonlinear relations do not hold;
* a sequence of programmes a draw until they hold and nothing moves: the same answer;
* linear systems, where one programme is the same answer: the case with its relations linearised for
  both, and a random network of ``--flows`` flows with many active bounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import mfa
from benchmarks import networks
from benchmarks.programmes import Programmes
from benchmarks.scale import frame
from mfa.account import Account
from mfa.balance.classify import FREE
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


def linearised(account: Account) -> Account:
    """The same account with its relations replaced by their tangents, and all data normal."""
    e, x = account.equations, account.solution.x
    J = e.jacobian(x)
    o = account.solution.observations
    e = replace(e, A=J, b=J @ x - e.residual(x), blocks=[], observations=o)
    return Account(account.system, e, reconcile(e))


def network_account(flows: int) -> Account:
    """A random planar network, flows measured at 2–30 %, none negative."""
    network = networks.geo(flows, seed=1)
    system = mfa.System.from_tables("network", flows=frame(network, bounds=True))
    return system.balance()


def compare(name: str, account: Account, draws: int, count: int, *, sequence: bool) -> None:
    """Print how long PIQP takes for a draw of `account`, and how long the ensemble does."""
    account.sample(1)
    sampler, drawn = sampler_of(account), []
    ours = seconds(lambda: drawn.append(account.sample(draws, seed=1))) / draws
    data = sampler.draws.draw(np.random.default_rng(sampler.blocks(1, 1)[0][0]), sampler.block_size)
    data = data[:, :count]
    competitor = Programmes(account, sampler)
    found = (competitor.until_settled if sequence else competitor.once)(data)
    fine = ~np.isnan(found).any(axis=1)
    some = max(int(fine.sum()), 1)
    theirs = competitor.seconds / some
    x = drawn[0].values[:count] * account.equations.quantities.factor
    found = found[:, : x.shape[1]]
    scale = np.ones(len(account.solution.x))
    scale[sampler.unfixed] = sampler.scale
    known = account.classification.status[: x.shape[1]] != FREE
    apart = np.abs((x - found) / scale[: x.shape[1]])[:, known].max(axis=1, initial=0.0)[fine]
    bounds = account.equations.lower[: x.shape[1]]
    held = (x <= bounds + 1e-12 * np.abs(x).max()) & np.isfinite(bounds)
    print(
        f"{name}: PIQP {theirs * 1000:.2f} ms in {competitor.solved / some:.1f} programmes, "
        f"the ensemble {ours * 1000:.3f} ms: {theirs / ours:.1f} × (bar 10); not solved by PIQP "
        f"{(~fine).sum()} of {count}; furthest apart, in σ: median {np.median(apart):.1g}, most "
        f"{apart.max():.1g}; at a lower bound: {held.sum(axis=1).mean():.0f}; failed "
        f"{drawn[0].failed}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="cases/hue")
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--flows", type=int, default=700)
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
    count = options.programmes
    compare("linearised, one programme", account, options.draws, count, sequence=False)
    compare("nonlinear, a sequence", account, options.draws, count, sequence=True)
    compare("linear case", linearised(account), options.draws, count, sequence=False)
    other = network_account(options.flows)
    compare(f"network of {options.flows}", other, options.draws, count, sequence=False)


if __name__ == "__main__":
    main()
