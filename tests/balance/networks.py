"""Random cities for property tests, and an independent dense reference."""

import numpy as np

import mfa


def random_network(seed, processes=5, flows=12, share=0.6, signed=True):
    """Columns of a random network with a known truth that conserves mass, and noisy data."""
    rng = np.random.default_rng(seed)
    nodes = [f"p{i}" for i in range(processes)]
    ends = [*nodes, "import", "export"]
    source = [ends[i] for i in rng.integers(0, len(ends), flows)]
    target = [ends[i] for i in rng.integers(0, len(ends), flows)]
    pairs = [
        (s if s != "export" else "import", t if t != "import" else "export")
        for s, t in zip(source, target, strict=True)
        if s != t
    ]
    pairs = [(s, t) for s, t in pairs if s != t]
    A = np.zeros((processes, len(pairs)))
    for j, (s, t) in enumerate(pairs):
        if t in nodes:
            A[nodes.index(t), j] += 1
        if s in nodes:
            A[nodes.index(s), j] -= 1
    _, sv, vt = np.linalg.svd(A) if A.size else (0, np.zeros(0), np.eye(len(pairs)))
    basis = vt[int((sv > 1e-9).sum()) :]
    truth = (
        basis.T @ rng.normal(0, 100, len(basis))
        if signed
        else np.abs(rng.normal(50, 30, len(pairs)))
    )
    sd = rng.uniform(1, 20, len(pairs))
    measured = rng.random(len(pairs)) < share
    value = truth + rng.normal(0, 1, len(pairs)) * sd
    return nodes, pairs, A, value, sd, measured


def system_of(network, *, unit="t/year", factor=1.0, order=None, lower=None):
    """The network as a System; `factor` scales values, `order` permutes flows."""
    nodes, pairs, _, value, sd, measured = network
    system = mfa.System("random", unit=unit)
    for node in nodes:
        system.process(node)
    for j in order if order is not None else range(len(pairs)):
        data = {"value": value[j] * factor, "sd": sd[j] * factor} if measured[j] else {}
        system.flow(f"f{j}", *pairs[j], lower=lower, **data)
    return system


def dense_reference(A, value, sd, measured):
    """Status, values and σ by dense singular value decompositions (independent of the engine)."""
    n = A.shape[1]
    null = null_space(A)
    W = np.diag(np.where(measured, 1 / sd**2, 0.0))
    z = np.where(measured, value, 0.0)
    reduced = null.T @ W @ null
    u, s, _ = np.linalg.svd(reduced)
    keep = s > 1e-11 * max(s.max(initial=0.0), 1e-9)
    inverse = (u[:, keep] / s[keep]) @ u[:, keep].T
    x = null @ inverse @ null.T @ W @ z
    C = null @ inverse @ null.T
    blind = null @ u[:, ~keep]
    status = []
    for j in range(n):
        seen = np.abs(blind[j]).max(initial=0.0) < 1e-8
        if measured[j]:
            redundant = 1 - C[j, j] / sd[j] ** 2 > 1e-9
            status.append("reconciled" if redundant else "measured")
        else:
            status.append("determined" if seen else "free")
    return status, x, np.sqrt(np.maximum(np.diag(C), 0))


def null_space(A):
    """Orthonormal basis of the null space of A, as columns."""
    if not A.size:
        return np.eye(A.shape[1])
    _, s, vt = np.linalg.svd(A)
    return vt[int((s > 1e-10 * max(s.max(initial=0), 1)).sum()) :].T
