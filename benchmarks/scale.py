"""A whole balance at scale, against a bare factorisation of the same equations in the same run.

``python -m benchmarks.scale [--sizes 50000,500000] [--family geo] [--bounds] [--piqp]``

Everything is counted, in CPU time: the system from DataFrames, the assembly, reconciliation, σ of
every quantity and its status. The yardstick is one factorisation and solve by scipy's ``splu`` of
the normal equations of the same system (minimum degree, symmetric mode: SuperLU at its best).
Families: ``geo``, ``tree`` and ``rand`` of `benchmarks.networks`, ``periods`` (a planar network
over ten years with stocks) and ``regions`` (ten regions that add up to one). With ``--bounds``
every flow is at or above zero; ``--piqp`` solves the same programme by PIQP, too.
Needs the extra ``[scale]``; the first run compiles.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from benchmarks import networks
from mfa import System
from mfa.balance.assemble import assemble
from mfa.balance.classify import classify
from mfa.balance.equations import Equations
from mfa.balance.reconcile import reconcile
from mfa.balance.spread import posterior_sd

PARTS = 10
FAMILIES = ["geo", "tree", "rand", "periods", "regions"]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def named(letter: str, index: np.ndarray) -> np.ndarray:
    return np.char.add(letter, index.astype(str)).astype(object)


def frame(network: networks.Network, *, bounds: bool, each: int | None = None) -> pd.DataFrame:
    """The flows of a network as a table of the public interface; of one part the first `each`."""
    count = each or network.kinds["flow"]
    ends = {}
    for end, outside in (("source", "import"), ("target", "export")):
        at = getattr(network, end)[:count]
        ends[end] = np.where(at < 0, outside, named("p", at))
    table = pd.DataFrame({"id": named("f", np.arange(count))} | ends)
    if each is None:
        table["value"], table["sd"] = network.value[:count], network.sigma[:count]
    table["lower"] = 0.0 if bounds else -np.inf
    return table


def tables(family: str, size: int, *, bounds: bool) -> dict[str, Any]:
    """The arguments of `System.from_tables` for one network."""
    several = family in ("periods", "regions")
    network = networks.geo(size, periods=PARTS) if several else networks.NETWORKS[family](size)
    parts = PARTS if several else 1
    count = network.kinds["flow"]
    each, nodes = count // parts, len(network.process_period) // parts
    if not several:
        return {"flows": frame(network, bounds=bounds)}
    flows, value, sigma = frame(network, bounds=bounds, each=each), network.value, network.sigma
    labels = np.array([f"part{k:02}" for k in range(parts)], dtype=object)
    quantity = np.tile(flows["id"].to_numpy(dtype=object), parts)
    label, used = np.repeat(labels, each), count
    out: dict[str, Any] = {"flows": flows}
    changes = network.kinds["change"] // parts
    columns = network.A[:, count : count + changes].tocoo()
    held = np.empty(changes, dtype=np.int64)
    held[columns.col[columns.row < nodes]] = columns.row[columns.row < nodes]
    out["stocks"] = pd.DataFrame(
        {"id": named("s", np.arange(changes)), "process": named("p", held)}
    )
    kinds = [named("s", np.arange(changes)) + suffix for suffix in (".change", "")]
    for names in kinds if family == "periods" else kinds[:1]:
        quantity = np.concatenate([quantity, np.tile(names, parts)])
        label = np.concatenate([label, np.repeat(labels, changes)])
        used += changes * parts
    seen = network.measured[:used]
    axis = "period" if family == "periods" else "region"
    out["observations"] = pd.DataFrame(
        {"quantity": quantity, axis: label, "value": value[:used], "sd": sigma[:used]}
    )[seen]
    out[axis + "s"] = labels.tolist() if family == "periods" else {"city": labels.tolist()}
    return out


def yardstick(equations: Equations) -> float:
    """Seconds of one factorisation and solve of the normal equations by SuperLU."""
    data, n = equations.observations, equations.quantities.count
    spread = np.full(n, 1e3 * np.median(data.sd))
    spread[data.index] = data.sd
    B = equations.A @ sp.diags_array(spread)
    norm = np.sqrt(B.multiply(B).sum(axis=1))
    B = (sp.diags_array(1.0 / np.where(norm > 0, norm, 1.0)) @ B).tocsr()
    matrix = sp.csc_matrix(B @ B.T + 1e-10 * sp.eye_array(B.shape[0]))

    def work() -> None:
        factor = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        factor.solve(np.ones(matrix.shape[0]))

    return min(timed(work)[0] for _ in range(3))


def by_piqp(equations: Equations, x: np.ndarray) -> tuple[float, float]:
    """Seconds of the same programme by PIQP, and how far its balances are from closing."""
    import piqp

    data, n = equations.observations, equations.quantities.count
    weight, linear, size = np.zeros(n), np.zeros(n), np.maximum(np.abs(x), 1e-6)
    size[data.index] = data.sd
    np.add.at(weight, data.index, (size[data.index] / data.sd) ** 2)
    np.add.at(linear, data.index, -size[data.index] * data.value / data.sd**2)
    A = (equations.A @ sp.diags_array(size)).tocsr()
    rows = 1.0 / np.maximum(abs(A).max(axis=1).toarray().ravel(), 1e-300)
    A = sp.csc_matrix(sp.diags_array(rows) @ A)
    P = sp.csc_matrix(sp.diags_array(weight + 1e-8))

    def work() -> float:
        solver = piqp.SparseSolver()
        solver.setup(
            P, linear, A, rows * equations.b, x_l=equations.lower / size, x_u=equations.upper / size
        )
        solver.solve()
        y = np.asarray(solver.result.x)
        return float(np.abs(A @ y - rows * equations.b).max() / np.abs(y).max())

    return timed(work)


def measure(family: str, size: int, *, bounds: bool, piqp: bool = False) -> dict[str, float]:
    table = tables(family, size, bounds=bounds)
    build, system = timed(lambda: System.from_tables("scale", **table))
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    bare = yardstick(equations)
    balance = np.abs(equations.residual(solution.x)).max() / np.abs(solution.x).max()
    other = {"piqp": by_piqp(equations, solution.x)[0]} if piqp else {}
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
        "peak GB": peak,
    } | other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="5000,50000,500000")
    parser.add_argument("--family", default="geo", choices=FAMILIES)
    parser.add_argument("--bounds", action="store_true")
    parser.add_argument("--piqp", action="store_true", help="solve it by PIQP as well")
    options = parser.parse_args()
    measure(options.family, 20_000, bounds=False)  # compiles and loads what is loaded once
    results = []
    for size in map(int, options.sizes.split(",")):
        results.append(measure(options.family, size, bounds=options.bounds, piqp=options.piqp))
        print("  ".join(f"{key} {value:.3g}" for key, value in results[-1].items()), flush=True)
    if len(results) > 1:
        n = np.log([r["quantities"] for r in results])
        whole = [r["tables"] + r["assembly"] + r["reconcile"] for r in results]
        print(f"growth of the whole: n^{np.polyfit(n, np.log(whole), 1)[0]:.2f}")


if __name__ == "__main__":
    main()
