"""Seeded synthetic networks with a known truth, as large as wanted: arrays only, no loop over rows.

``mfa``   communes on a grid over years, hubs, stocks, regional totals, transfer coefficients
``geo``   neighbours in the plane (roads, rivers, pipes); ``tree`` a random hierarchy
``rand``  a random 4-regular graph with cycles: the worst case for any sparse factorisation

Every network is A x = b with the truth x > 0 solving it, and noisy values of two thirds of x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

ENVIRONMENT = -1
# One commune: (source, target) among farm 0, industry 1, market 2, households 3, waste 4,
# treatment 5, buildings 6; -1 is the environment or the world outside.
COMMUNE = np.array(
    [
        *[(-1, 0), (-1, 2), (0, 1), (0, 2), (1, 2), (2, 3), (2, 0), (3, 4), (1, 4), (4, 5), (5, 0)],
        *[(5, -1), (2, 6), (6, 4), (3, -1), (1, -1)],
    ]
)
PROCESSES, MARKET, HOUSEHOLDS, WASTE, TREATMENT, BUILDINGS = 7, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class Network:
    """Flows between processes (``source``, ``target``: indices over all periods, -1 outside).

    The variables are flows, then stock changes, stock levels, coefficients and regional totals
    (``kinds`` counts them); ``A`` (m × n) holds one row a balance or relation, ``rhs`` its right
    side. ``value`` and ``sigma`` are NaN where a variable is not measured.
    """

    name: str
    source: np.ndarray
    target: np.ndarray
    process_period: np.ndarray
    kinds: dict[str, int]
    A: sp.csr_array
    rhs: np.ndarray
    truth: np.ndarray
    value: np.ndarray
    sigma: np.ndarray

    @property
    def measured(self) -> np.ndarray:
        return np.isfinite(self.sigma)


def mfa(n: int, seed: int = 0, years: int = 10, *, totals: bool = True) -> Network:
    """Return a city region of about `n` quantities: communes × `years` with hubs and stocks."""
    side = max(2, round(np.sqrt(n / years / 25.0)))
    commune = np.arange(side * side)
    row, column = np.divmod(commune, side)
    region = (row // 10) * (side // 10 + 1) + column // 10
    regions = int(region.max()) + 1
    base = PROCESSES * commune
    hub = PROCESSES * len(commune) + region
    nation = PROCESSES * len(commune) + regions
    inner = np.where(COMMUNE[None] < 0, ENVIRONMENT, base[:, None, None] + COMMUNE[None])
    market = base + MARKET
    right, down = commune[column < side - 1], commune[row < side - 1]
    hubs = PROCESSES * len(commune) + np.arange(regions)
    pairs = [
        inner.reshape(-1, 2),
        np.column_stack([market[right], market[right + 1]]),
        np.column_stack([market[down], market[down + side]]),
        np.column_stack([base[right] + WASTE, base[right + 1] + TREATMENT]),
        np.column_stack([market, hub]),
        np.column_stack([hub, market]),
        np.column_stack([hubs, np.full(regions, nation)]),
        np.column_stack([np.full(regions, nation), hubs]),
        np.array([[ENVIRONMENT, nation], [nation, ENVIRONMENT]]),
    ]
    flows = np.vstack(pairs)
    step = len(COMMUNE)
    groups = [(commune * step + k, region) for k in (0, 7)] if totals else []
    half = commune[::2] * step
    return _build(
        "mfa",
        flows,
        int(nation) + 1,
        years,
        seed,
        stocked=np.concatenate([base + HOUSEHOLDS, base + BUILDINGS]),
        ratios=np.column_stack([half + 11, half + 9]),
        groups=groups,
    )


def geo(n: int, seed: int = 0, periods: int = 1, neighbours: int = 3) -> Network:
    """Return a planar network of about `n` quantities: each process trades with its nearest."""
    rng = np.random.default_rng(seed)
    size = max(4, round(n / periods / 2.56))
    points = rng.random((size, 2))
    near = cKDTree(points).query(points, k=min(neighbours, size - 1) + 1)[1][:, 1:]
    one = np.repeat(np.arange(size), near.shape[1])
    pairs = np.unique(np.sort(np.column_stack([one, near.ravel()]), axis=1), axis=0)
    return _open("geo", pairs, size, periods, seed)


def tree(n: int, seed: int = 0, periods: int = 1) -> Network:
    """Return a random recursive tree of about `n` quantities."""
    rng = np.random.default_rng(seed)
    size = max(4, round(n / periods / 1.6))
    child = np.arange(1, size)
    parent = (rng.random(size - 1) * child).astype(np.int64)
    return _open("tree", np.column_stack([parent, child]), size, periods, seed)


def rand(n: int, seed: int = 0, periods: int = 1) -> Network:
    """Return a random 4-regular network (two random rings) of about `n` quantities."""
    rng = np.random.default_rng(seed)
    size = max(5, round(n / periods / 2.6))
    rings = [rng.permutation(size) for _ in range(2)]
    pairs = np.vstack([np.column_stack([ring, np.roll(ring, 1)]) for ring in rings])
    return _open("rand", np.unique(np.sort(pairs, axis=1), axis=0), size, periods, seed)


NETWORKS = {"mfa": mfa, "geo": geo, "tree": tree, "rand": rand}


def normal_matrix(
    network: Network, prior: float = 1e8, fixed: np.ndarray | None = None
) -> tuple[sp.csc_array, sp.csr_array]:
    """Return N = B Bᵀ with unit diagonal and B = D A H^½ (columns by σ, rows to unit norm).

    An unmeasured variable has the variance `prior` × truth²; `fixed` ones have none.
    """
    spread = np.where(network.measured, network.sigma, np.sqrt(prior) * network.truth)
    if fixed is not None:
        spread = np.where(fixed, 0.0, spread)
    scaled = network.A @ sp.diags_array(spread)
    norm = np.sqrt(scaled.multiply(scaled).sum(axis=1))
    B = (sp.diags_array(1.0 / np.where(norm > 0, norm, 1.0)) @ scaled).tocsr()
    N = (B @ B.T).tocsc()
    N.sort_indices()
    return N, B


def _open(name: str, pairs: np.ndarray, size: int, periods: int, seed: int) -> Network:
    """Give `pairs` random directions, half of the processes an import and half an export."""
    rng = np.random.default_rng(seed + 1)
    turn = rng.random(len(pairs)) < 0.5
    flows = np.where(turn[:, None], pairs[:, ::-1], pairs)
    # Parts which nothing enters or leaves could not close: one process of each gets a link outside.
    graph = sp.coo_array((np.ones(len(flows)), flows.T), shape=(size, size))
    _, part = connected_components(graph, directed=True, connection="strong")
    crossing = part[flows[:, 0]] != part[flows[:, 1]]
    first = np.unique(part, return_index=True)[1]
    enter = np.union1d(
        np.delete(first, np.unique(part[flows[crossing, 1]])),
        np.flatnonzero(rng.random(size) < 0.2),
    )
    leave = np.union1d(
        np.delete(first, np.unique(part[flows[crossing, 0]])),
        np.flatnonzero(rng.random(size) < 0.2),
    )
    flows = np.vstack(
        [
            flows,
            np.column_stack([np.full(len(enter), ENVIRONMENT), enter]),
            np.column_stack([leave, np.full(len(leave), ENVIRONMENT)]),
        ]
    )
    stocked = np.flatnonzero(rng.random(size) < 0.15) if periods > 1 else np.empty(0, np.int64)
    return _build(name, flows, size, periods, seed, stocked=stocked)


def _build(
    name: str,
    flows: np.ndarray,
    size: int,
    periods: int,
    seed: int,
    *,
    stocked: np.ndarray,
    ratios: np.ndarray | None = None,
    groups: list[tuple[np.ndarray, np.ndarray]] | None = None,
) -> Network:
    """Repeat one period's `flows`, add stocks, coefficients and totals, and draw the data."""
    rng = np.random.default_rng(seed + 2)
    period = np.arange(periods)
    ends = np.where(flows[None] < 0, ENVIRONMENT, flows[None] + size * period[:, None, None])
    source, target = ends.reshape(-1, 2).T
    change_at = (stocked[None] + size * period[:, None]).ravel()
    x, change = _circulate(source, target, change_at, size * periods, rng)
    count, changes = len(source), len(change_at)
    level = np.cumsum(change.reshape(periods, -1), axis=0).ravel() + np.tile(
        rng.lognormal(3, 1, len(stocked)), periods
    )
    rows, columns, entries = _balance_entries(source, target, change_at)
    used, width = size * periods, count + changes
    blocks, truth = [(rows, columns, entries)], [x, change, level]
    # level(t) - level(t-1) - change(t) = 0
    later = np.arange(len(stocked), changes)
    row = used + np.arange(len(later))
    ones = np.ones(len(later))
    blocks += [(row, width + later, ones), (row, width + later - len(stocked), -ones)]
    blocks += [(row, count + later, -ones)]
    used, width = used + len(later), width + changes
    each = period[:, None] * len(flows)
    coefficients = 0
    if ratios is not None:
        out, into = ((each + ratios[None, :, k]).ravel() for k in (0, 1))
        k, coefficients = x[out] / x[into], len(out)
        row, ones = used + np.arange(coefficients), np.ones(coefficients)
        blocks += [(row, out, ones), (row, into, -k), (row, width + row - used, -x[into])]
        truth.append(k)
        used, width = used + coefficients, width + coefficients
    totals = 0
    for member, group in groups or ():
        kinds = int(group.max()) + 1
        row = (used + group[None] + kinds * period[:, None]).ravel()
        member = (each + member[None]).ravel()
        total = np.bincount(row - used, x[member], minlength=kinds * periods)
        new = np.arange(len(total))
        blocks += [(row, member, -np.ones(len(row))), (used + new, width + new, np.ones(len(new)))]
        truth.append(total)
        used, width, totals = used + len(total), width + len(total), totals + len(total)
    i, j, v = (np.concatenate(part) for part in zip(*blocks, strict=True))
    A = sp.csr_array((v, (i, j)), shape=(used, width))
    full = np.concatenate(truth)
    sigma = np.abs(full) * rng.uniform(0.02, 0.3, width)
    sigma[rng.random(width) > 0.67] = np.nan
    return Network(
        name=name,
        source=source,
        target=target,
        process_period=np.repeat(period, size),
        kinds={
            "flow": count,
            "change": changes,
            "level": changes,
            "coefficient": coefficients,
            "total": totals,
        },
        A=A,
        rhs=A @ full,
        truth=full,
        value=full + sigma * rng.standard_normal(width),
        sigma=sigma,
    )


def _balance_entries(
    source: np.ndarray, target: np.ndarray, change_at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the triplets of inputs − outputs − stock change per process."""
    flow = np.arange(len(source))
    goes_in, goes_out = target >= 0, source >= 0
    rows = np.concatenate([target[goes_in], source[goes_out], change_at])
    columns = np.concatenate(
        [flow[goes_in], flow[goes_out], len(source) + np.arange(len(change_at))]
    )
    signs = np.repeat([1.0, -1.0], [goes_in.sum(), len(rows) - goes_in.sum()])
    return rows, columns, signs


def _circulate(
    source: np.ndarray,
    target: np.ndarray,
    change_at: np.ndarray,
    size: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return positive flows and stock changes that close every balance.

    Each process hands its throughput on by fixed random shares; the throughput is the limit of
    u ← s + Pᵀ u, which settles because part of everything leaves the system.
    """
    weight = rng.lognormal(0, 0.7, len(source))
    # What leaves gets a good share, so that the iteration settles soon.
    weight[target < 0] *= 3
    keep = rng.lognormal(-1, 0.5, len(change_at))
    inside = source >= 0
    out = np.bincount(source[inside], weight[inside], minlength=size)
    out += np.bincount(change_at, keep, minlength=size)
    share = weight / np.where(inside, out[source], 1.0)
    supply = rng.lognormal(2, 1, len(source))
    enters = ~inside & (target >= 0)
    s = np.bincount(target[enters], supply[enters], minlength=size)
    through = inside & (target >= 0)
    P = sp.csr_array((share[through], (target[through], source[through])), shape=(size, size))
    u = s.copy()
    for _ in range(1_000):
        last, u = u, s + P @ u
        if np.all(np.abs(u - last) <= 1e-13 * u):
            break
    else:  # something goes round for long
        u = splu(sp.csc_matrix(sp.eye_array(size) - P), permc_spec="MMD_AT_PLUS_A").solve(s)
    flow = np.where(inside, share * u[source], supply)
    return flow, keep / out[change_at] * u[change_at]
