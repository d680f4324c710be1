"""One planted blunder in noisy data of random cities: the tests name it."""

import numpy as np

from mfa.verdict import TestResult
from tests.balance.cities import city, system_of

SEEDS = 30


def planted(seed):
    """Whether the blunder is found: among the first left out, or what is always left out alike."""
    network = city(seed, processes=5, paths=14, cv=(0.03, 0.1), share=1.0)
    table = system_of(network).balance().test.table
    row = int(table["detectability"].to_numpy().argmax())
    rng = np.random.default_rng(seed)
    value = network[4].copy()
    value[row] += rng.choice([-1, 1]) * rng.uniform(8, 15) * network[2][row]
    test: TestResult = system_of(network, value, lower=None).balance().test
    first = test.eliminate(1).iloc[0]
    name = table["id"].iloc[row]
    return name in test.suspects, name == first["id"] or name in first["alike"]


def test_a_blunder_that_can_be_seen_is_named():
    found = np.array([planted(seed) for seed in range(SEEDS)])
    assert found[:, 0].mean() >= 0.9
    assert found[:, 1].mean() >= 0.9
