"""One problem through mfa, through CVXPY with its default solver, and by dense algebra.

``python -m benchmarks.versus [--sizes 500,2000,10000] [--family geo] [--bounds]``

The same tables, the same run: mfa from DataFrames to reconciled values; CVXPY from ready arrays
(its modelling, compilation and solver, nothing for reading names); dense normal equations by numpy
without bounds. CPU seconds, the best of several. Needs the extra ``[bench]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from benchmarks import networks
from benchmarks.scale import frame
from mfa import System
from mfa.balance.assemble import assemble
from mfa.balance.equations import Equations
from mfa.balance.reconcile import reconcile

DENSE = 3_000
REPEATS = 3


def best(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the least CPU seconds of a few runs, and the result."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        result = work()
        times.append(time.process_time() - begin)
        if times[-1] > 20:
            break
    return min(times), result


def through_cvxpy(e: Equations, bounds: bool) -> np.ndarray:
    """Minimise the same sum of squares as a user of CVXPY would write it."""
    import cvxpy as cp

    o = e.observations
    x = cp.Variable(e.quantities.count)
    misfit = cp.sum_squares((x[o.index] - o.value) / o.sd)
    rows = [e.A @ x == e.b] + ([x >= e.lower] if bounds else [])
    cp.Problem(cp.Minimize(misfit), rows).solve()
    return np.asarray(x.value)


def dense(e: Equations) -> np.ndarray:
    """Solve the whole saddle-point system as one dense matrix, singular or not."""
    n, m, o = e.quantities.count, e.A.shape[0], e.observations
    K = np.zeros((n + m, n + m))
    right = np.zeros(n + m)
    K[o.index, o.index] = o.sd**-2.0
    right[o.index] = o.value * o.sd**-2.0
    K[:n, n:], K[n:, :n] = e.A.toarray().T, e.A.toarray()
    right[n:] = e.b
    return np.linalg.lstsq(K, right)[0][:n] if n < 1_000 else _dense_solve(K, right, n)


def _dense_solve(K: np.ndarray, right: np.ndarray, n: int) -> np.ndarray:
    """Solve with the unmeasured tied weakly, as a plain implementation would."""
    K[np.arange(n), np.arange(n)] += 1e-10
    return np.linalg.solve(K, right)[:n]


def measure(family: str, size: int, *, bounds: bool) -> dict[str, float]:
    table = frame(networks.NETWORKS[family](size), bounds=bounds)

    def ours() -> np.ndarray:
        return reconcile(assemble(System.from_tables("versus", flows=table))).x

    e = assemble(System.from_tables("versus", flows=table))
    own, x = best(ours)
    other, y = best(lambda: through_cvxpy(e, bounds))
    o = e.observations
    row = {
        "quantities": e.quantities.count,
        "mfa": own,
        "cvxpy": other,
        "cvxpy/mfa": other / own,
        "apart in σ": float(np.abs((x - y)[o.index] / o.sd).max()),
        "misfit mfa": float((((x[o.index] - o.value) / o.sd) ** 2).sum()),
        "misfit cvxpy": float((((y[o.index] - o.value) / o.sd) ** 2).sum()),
        "open balance cvxpy": float(np.abs(e.A @ y - e.b).max() / np.abs(y).max()),
    }
    if not bounds and e.quantities.count <= DENSE:
        row["dense"], z = best(lambda: dense(e))
        row["dense/mfa"] = row["dense"] / own
        row["dense apart in σ"] = float(np.abs((x - z)[o.index] / o.sd).max())
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="500,2000,10000")
    parser.add_argument("--family", default="geo", choices=["geo", "tree", "rand"])
    parser.add_argument("--bounds", action="store_true")
    options = parser.parse_args()
    measure(options.family, 300, bounds=options.bounds)  # loads what is loaded once
    for size in map(int, options.sizes.split(",")):
        row = measure(options.family, size, bounds=options.bounds)
        print("  ".join(f"{key} {value:.3g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
