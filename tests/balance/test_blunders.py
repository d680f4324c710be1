"""One planted blunder in noisy data of random cities: the tests name it."""

import numpy as np
import pytest

import mfa
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


def test_a_factor_does_not_go_to_zero_to_silence_contradicting_rates():
    s = mfa.System("hotels")
    s.process("hotel")
    s.flow("in", "import", "hotel")
    s.flow("a", "hotel", "export")
    s.flow("b", "hotel", "export")
    s.parameter("scale", value=1.3, sd=0.3, lower=0)
    for formula, value, sd in (("a + b", 10, 0.4), ("a", 60, 1.5), ("b", 4, 0.2)):
        s.observe(formula, value, sd=sd, factor="scale")
    account = s.balance()
    # The rates alone, by hand: one relation, r = a + b.
    z, v, B = np.array([10, 60, 4.0]), np.array([0.4, 1.5, 0.2]) ** 2, np.array([1, -1, -1.0])
    excess, variance = B @ z, B**2 @ v
    assert account.test.chi2 == pytest.approx(excess**2 / variance)
    assert account["scale"].value == pytest.approx(1.3)
    rates = z - v * B * excess / variance
    assert account["a"].value == pytest.approx(1.3 * rates[1])
    assert account["b"].value == pytest.approx(1.3 * rates[2])
    assert set(account.test.suspects) == {"a + b#1", "a#1", "b#1"}
