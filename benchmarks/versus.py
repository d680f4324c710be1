"""One problem through mfa, through CVXPY with its default solver, and by dense algebra.

``python -m benchmarks.versus [--sizes 500,2000,10000] [--family geo] [--bounds]``

Least CPU seconds of several runs, all in one. Both sides start from the same:

* *arrays*: the assembled equations; mfa reconciles, CVXPY models, compiles and solves;
* *tables*: a DataFrame of flows; mfa builds the system, checks and assembles it and reconciles; for
  CVXPY names become indices and an incidence matrix, as a user would write it;
* *files*: the same from a CSV file to values by the names of the flows; mfa returns the account,
  which has also checked that the relations can hold.

And the dense saddle point by numpy, without bounds. Needs the extra ``[bench]``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks import networks
from benchmarks.scale import frame
from mfa import System
from mfa.balance.assemble import assemble
from mfa.balance.equations import Equations
from mfa.balance.reconcile import reconcile

DENSE = 3_000
REPEATS = 7
LONG = 5.0
OUTSIDE = ("import", "export", "environment")


def best(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the least CPU seconds of a few runs, and the result."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        result = work()
        times.append(time.process_time() - begin)
        if times[-1] > LONG:
            break
    return min(times), result


def minimised(
    A: sp.sparray, b: np.ndarray, at: np.ndarray, value: np.ndarray, sd: np.ndarray, lower: object
) -> np.ndarray:
    """Minimise the sum of squares as a user of CVXPY would write it."""
    import cvxpy as cp

    x = cp.Variable(A.shape[1])
    misfit = cp.sum_squares((x[at] - value) / sd)
    rows = [A @ x == b] + ([x >= lower] if lower is not None else [])
    with warnings.catch_warnings():  # "may be inaccurate": how far it is off, the row says
        warnings.simplefilter("ignore")
        cp.Problem(cp.Minimize(misfit), rows).solve()
    return np.asarray(x.value)


def from_arrays(e: Equations, bounds: bool) -> np.ndarray:
    """Solve assembled equations by CVXPY."""
    o = e.observations
    return minimised(e.A, e.b, o.index, o.value, o.sd, e.lower if bounds else None)


def from_table(flows: pd.DataFrame, bounds: bool) -> np.ndarray:
    """Solve a table of flows by CVXPY: names to indices, an incidence matrix, the problem."""
    names = pd.unique(pd.concat([flows["source"], flows["target"]]))
    process = {name: k for k, name in enumerate(n for n in names if n not in OUTSIDE)}
    source, target = flows["source"].map(process), flows["target"].map(process)
    ends = [(target, 1.0), (source, -1.0)]
    rows = np.concatenate([end.dropna().to_numpy(dtype=int) for end, _ in ends])
    columns = np.concatenate([np.flatnonzero(end.notna()) for end, _ in ends])
    signs = np.concatenate([np.full(int(end.notna().sum()), sign) for end, sign in ends])
    A = sp.csr_array(sp.coo_array((signs, (rows, columns)), shape=(len(process), len(flows))))
    at = np.flatnonzero(flows["value"].notna())
    value, sd = (flows[name].to_numpy(dtype=float)[at] for name in ("value", "sd"))
    lower = flows["lower"].to_numpy(dtype=float) if bounds else None
    return minimised(A, np.zeros(len(process)), at, value, sd, lower)


def values_of(path: Path) -> np.ndarray:
    """Balance a file of flows by mfa."""
    account = System.from_tables("versus", flows=pd.read_csv(path)).balance()
    return account.solution.x


def measure(family: str, size: int, *, bounds: bool, cvxpy: bool) -> dict[str, float]:
    """Time both sides from each start; how far apart they end, in σ of the data."""
    table = frame(networks.NETWORKS[family](size), bounds=bounds)
    e = assemble(System.from_tables("versus", flows=table))
    o, row = e.observations, {"quantities": float(e.quantities.count)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flows.csv"
        table.to_csv(path, index=False)
        starts = {
            "arrays": (lambda: reconcile(e).x, lambda: from_arrays(e, bounds)),
            "tables": (
                lambda: reconcile(assemble(System.from_tables("versus", flows=table))).x,
                lambda: from_table(table, bounds),
            ),
            "files": (lambda: values_of(path), lambda: from_table(pd.read_csv(path), bounds)),
        }
        for start, (ours, theirs) in starts.items():
            own, x = best(ours)
            row[f"{start} mfa ms"] = own * 1e3
            if not cvxpy:
                continue
            other, y = best(theirs)
            row |= {f"{start} cvxpy ms": other * 1e3, f"{start} ×": other / own}
            row["apart in σ"] = float(np.abs((x - y)[o.index] / o.sd).max())
    if not bounds and e.quantities.count <= DENSE:
        seconds, z = best(lambda: dense(e))
        row |= {"dense ×": seconds * 1e3 / row["arrays mfa ms"]}
        row["dense apart in σ"] = float(np.abs((x - z)[o.index] / o.sd).max())
    return row


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="500,2000,10000")
    parser.add_argument("--family", default="geo", choices=["geo", "tree", "rand"])
    parser.add_argument("--bounds", action="store_true")
    parser.add_argument("--alone", action="store_true", help="time mfa only")
    options = parser.parse_args()
    # Loads what is loaded once.
    measure(options.family, 300, bounds=options.bounds, cvxpy=not options.alone)
    for size in map(int, options.sizes.split(",")):
        row = measure(options.family, size, bounds=options.bounds, cvxpy=not options.alone)
        print("  ".join(f"{key} {value:.3g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
