"""A whole balance at scale, against a bare factorisation of the same equations in the same run.

``python -m benchmarks.scale [--sizes 50000,500000] [--family geo] [--bounds]``

Everything is counted: the system from DataFrames, the assembly, reconciliation, σ of every
quantity and its status. The yardstick is one factorisation and solve by scipy's ``splu`` of
the normal equations of the same network (minimum degree, symmetric mode: SuperLU at its best).
Needs the extra ``[scale]``; the first run compiles.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from benchmarks import networks
from mfa import System
from mfa.balance.assemble import assemble
from mfa.balance.classify import classify
from mfa.balance.reconcile import reconcile
from mfa.balance.spread import posterior_sd


def timed(work: Callable[[], object]) -> tuple[float, object]:
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def frame(network: networks.Network, *, bounds: bool) -> pd.DataFrame:
    """The flows of a network as a table of the public interface."""
    count = network.kinds["flow"]

    def names(index: np.ndarray, outside: str) -> np.ndarray:
        text = np.char.add("p", index.astype(str)).astype(object)
        text[index < 0] = outside
        return text

    measured = network.measured[:count]
    return pd.DataFrame(
        {
            "id": np.char.add("f", np.arange(count).astype(str)).astype(object),
            "source": names(network.source, "import"),
            "target": names(network.target, "export"),
            "value": np.where(measured, network.value[:count], np.nan),
            "sd": np.where(measured, network.sigma[:count], np.nan),
            "lower": 0.0 if bounds else -np.inf,
        }
    )


def yardstick(network: networks.Network) -> float:
    """Seconds of one factorisation and solve of the normal equations by SuperLU."""
    N, _ = networks.normal_matrix(network, prior=1e6)
    matrix = sp.csc_matrix(N + 1e-10 * sp.eye_array(N.shape[0]))

    def work() -> None:
        factor = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        factor.solve(np.ones(N.shape[0]))

    return min(timed(work)[0] for _ in range(3))


def measure(family: str, size: int, *, bounds: bool) -> dict[str, float]:
    network = networks.NETWORKS[family](size)
    table = frame(network, bounds=bounds)
    build, system = timed(lambda: System.from_tables("scale", flows=table))
    rows, equations = timed(lambda: assemble(system))
    solve, solution = timed(lambda: reconcile(equations))
    kkt, unfixed = solution.kkt, solution.unfixed
    count = np.bincount(equations.observations.index, minlength=equations.quantities.count)[unfixed]
    status, classes = timed(
        lambda: classify(
            solution.jacobian,
            count > 0,
            kkt.column_scale,
            unfixed,
            equations.quantities.count,
            count > 1,
        )
    )
    spread, _ = timed(lambda: posterior_sd(solution, classes))
    bare = yardstick(network)
    balance = np.abs(equations.residual(solution.x)).max() / np.abs(solution.x).max()
    return {
        "quantities": equations.quantities.count,
        "splu": bare,
        "tables": build,
        "assembly": rows,
        "reconcile": solve,
        "status": status,
        "sigma": spread,
        "whole/splu": (build + rows + solve) / bare,
        "reconcile/splu": solve / bare,
        "sigma/splu": spread / bare,
        "status/splu": status / bare,
        "residual": balance,
        "active": float((solution.active != 0).sum()),
        "peak GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="5000,50000,500000")
    parser.add_argument("--family", default="geo", choices=["geo", "tree", "rand"])
    parser.add_argument("--bounds", action="store_true")
    options = parser.parse_args()
    measure(options.family, 20_000, bounds=False)  # compiles and loads what is loaded once
    results = []
    for size in map(int, options.sizes.split(",")):
        results.append(measure(options.family, size, bounds=options.bounds))
        print("  ".join(f"{key} {value:.3g}" for key, value in results[-1].items()), flush=True)
    if len(results) > 1:
        n = np.log([r["quantities"] for r in results])
        whole = [r["tables"] + r["assembly"] + r["reconcile"] for r in results]
        print(f"growth of the whole: n^{np.polyfit(n, np.log(whole), 1)[0]:.2f}")


if __name__ == "__main__":
    main()
