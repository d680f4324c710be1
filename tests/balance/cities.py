"""Random cities with a positive truth that conserves mass: to try ensembles and blunders on."""

import numpy as np

import mfa


def city(seed, processes=6, paths=10, cv=(0.05, 0.3), share=0.8):
    """Flows along random ways from import to export: (ends, truth, σ, measured, data)."""
    rng = np.random.default_rng(seed)
    total = {}
    for _ in range(paths):
        length = int(rng.integers(1, min(4, processes) + 1))
        way = [f"p{i}" for i in rng.permutation(processes)[:length]]
        amount = float(rng.lognormal(3, 1))
        for pair in zip(["import", *way], [*way, "export"], strict=True):
            total[pair] = total.get(pair, 0.0) + amount
    pairs, truth = list(total), np.array(list(total.values()))
    sd = truth * rng.uniform(*cv, len(pairs))
    measured = rng.random(len(pairs)) < share
    value = truth + sd * rng.standard_normal(len(pairs))
    return pairs, truth, sd, measured, value


def system_of(network, value=None, *, lower=0.0, shape=None):
    """The city as a System, with other data in `value` if given."""
    pairs, _, sd, measured, data = network
    value = data if value is None else value
    system = mfa.System("city")
    for node in sorted({end for pair in pairs for end in pair} - {"import", "export"}):
        system.process(node)
    for j, (source, target) in enumerate(pairs):
        given = {"value": float(value[j]), "sd": float(sd[j])} if measured[j] else {}
        if given and shape is not None:
            given["observed"] = {"distribution": shape[j]}
        system.flow(f"f{j}", source, target, lower=lower, **given)
    return system


def balances_of(pairs):
    """Return the balances of all nodes inside, one row each, as a dense matrix."""
    nodes = sorted({end for pair in pairs for end in pair} - {"import", "export"})
    A = np.zeros((len(nodes), len(pairs)))
    for j, (source, target) in enumerate(pairs):
        for end, sign in ((source, -1), (target, 1)):
            if end in nodes:
                A[nodes.index(end), j] += sign
    return A
