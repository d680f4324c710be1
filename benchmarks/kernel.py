"""Time the factorisation room against bare scipy `splu` on the same matrix, in the same run.

    python benchmarks/kernel.py [--family mfa] [--largest 500000] [--backend numba] [--cpu]

One line a size: seconds of the steps, the ratio of (order + structure + factor + solve) and of the
selected inverse to splu's (order + factor + solve), the largest difference to splu's solution, and
the memory that each takes. The last lines give growth exponents: time ~ nᵏ.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from networks import NETWORKS, normal_matrix
from scipy.sparse.linalg import splu

from mfa.balance import kernel
from mfa.balance.symbolic import symbolic_of

SIZES = (5_000, 16_000, 50_000, 160_000, 500_000, 1_000_000)
# The largest share of a diagonal that rounding leaves of a vanished pivot grows with the prior.
PRIOR = 1e6
STEPS = ("order", "structure", "factor", "solve", "again", "inverse", "diagonal", "64 sides")


def main() -> None:
    options = _options()
    clock = time.process_time if options.cpu else time.perf_counter
    # Compile, or load what was compiled, outside the clock.
    _ours(*normal_matrix(NETWORKS["mfa"](300), PRIOR), options.backend, clock)
    print(f"{options.family}, {options.backend} against splu, {'CPU' if options.cpu else 'wall'} s")
    head = "".join(f"{step:>10}" for step in STEPS)
    print(f"{'n':>9}{'rows':>8}{head}{'splu':>9}{'64 sides':>10}  ratio inverse   error  MB (splu)")
    sizes = [n for n in SIZES if n <= options.largest]
    taken = np.array([_line(n, options, clock) for n in sizes])
    if len(sizes) > 1:
        names = ("factor and solve", "selected inverse", "splu")
        for name, seconds in zip(names, taken.T, strict=True):
            print(f"{name}: n^{np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}")


def _line(n: int, options: argparse.Namespace, clock: Callable[[], float]) -> tuple[float, ...]:
    """Print one line; return the seconds of our factor and solve, of our inverse, and of splu."""
    N, B = normal_matrix(NETWORKS[options.family](n), PRIOR)
    ours, theirs = [], []
    for _ in range(3 if n < 300_000 else 1):
        seconds, x = _ours(N, B, options.backend, clock)
        ours.append(seconds)
        seconds, y = _theirs(N, clock)
        theirs.append(seconds)
    mine, splu_seconds = np.min(ours, axis=0), np.min(theirs, axis=0)
    total, bare = mine[:4].sum(), splu_seconds[0]
    error = np.abs(x - y).max() / np.abs(y).max()
    memory = [_memory(job, N, B, options.backend) for job in (_take_ours, _take_theirs)]
    print(
        f"{B.shape[1]:>9}{N.shape[0]:>8}"
        + "".join(f"{seconds:10.4f}" for seconds in mine)
        + f"{bare:9.4f}{splu_seconds[1]:10.4f}{total / bare:7.2f}{mine[5] / bare:8.2f}"
        f"{error:8.0e}  {memory[0]:.0f} ({memory[1]:.0f})",
        flush=True,
    )
    return total, mine[5], bare


def _ours(
    N: sp.csc_array, B: sp.csr_array, backend: str, clock: Callable[[], float]
) -> tuple[list[float], np.ndarray]:
    """Return the seconds of each of ``STEPS`` and the solution."""
    b = np.ones(N.shape[0])
    marks = [clock()]
    symbolic = symbolic_of(N, backend)
    marks.append(clock())
    _ = symbolic.supernodes if backend == "numba" else symbolic.entries
    marks.append(clock())
    factor = kernel.factorise(N, symbolic)
    marks.append(clock())
    x = factor.solve(b)
    marks.append(clock())
    kernel.factorise(N, symbolic)
    marks.append(clock())
    factor.selected_inverse()
    marks.append(clock())
    kernel.diagonal_of(B, factor)
    marks.append(clock())
    factor.solve(np.tile(b[:, None], 64))
    marks.append(clock())
    return np.diff(marks).tolist(), x


def _theirs(N: sp.csc_array, clock: Callable[[], float]) -> tuple[list[float], np.ndarray]:
    """Return the seconds of factor and solve, of 64 right-hand sides, and the solution."""
    b = np.ones(N.shape[0])
    marks = [clock()]
    lu = _bare(N)
    x = lu.solve(b)
    marks.append(clock())
    lu.solve(np.tile(b[:, None], 64))
    marks.append(clock())
    return np.diff(marks).tolist(), x


def _bare(N: sp.csc_array):
    return splu(
        N, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )


def _memory(job: Callable, N: sp.csc_array, B: sp.csr_array, backend: str) -> float:
    """Return by how many MB a job raises the peak of a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (job, N, B, backend))


def _peak(job: Callable, N: sp.csc_array, B: sp.csr_array, backend: str) -> float:
    job(*normal_matrix(NETWORKS["mfa"](300), PRIOR), backend)
    before = _high_water()
    job(N, B, backend)
    return _high_water() - before


def _high_water() -> float:
    """Return the peak memory of this process in MB; NaN where Linux does not tell it."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return sizes[0] / 1024 if sizes else np.nan


def _take_ours(N: sp.csc_array, B: sp.csr_array, backend: str) -> None:
    factor = kernel.factorise(N, backend=backend)
    factor.solve(np.ones(N.shape[0]))
    kernel.diagonal_of(B, factor)


def _take_theirs(N: sp.csc_array, B: sp.csr_array, backend: str) -> None:
    _bare(N).solve(np.ones(N.shape[0]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=sorted(NETWORKS), default="mfa")
    parser.add_argument("--largest", type=int, default=160_000)
    parser.add_argument("--backend", choices=kernel.BACKENDS, default="numba")
    parser.add_argument("--cpu", action="store_true", help="CPU time, where others work too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
