"""Huber's weights: a blunder stays where it is, and the σ stay honest."""

import numpy as np
import pytest
from scipy.optimize import minimize

import mfa
from mfa.balance.robust import TUNING, huber_loss
from mfa.errors import InputError
from tests.balance.cities import balances_of, city, system_of
from tests.balance.networks import null_space


def with_blunder(seed, size=12.0):
    """A city measured everywhere, with one datum `size` σ off where the others can see it."""
    network = city(seed, 7, 16, cv=(0.03, 0.1), share=1.0)
    account = system_of(network, lower=None).balance()
    seen = account.test.table["detectability"].to_numpy()
    place = int(np.argmax(seen))
    value = network[4].copy()
    value[place] = network[1][place] + size * network[2][place]
    return network, value, place


@pytest.mark.parametrize("seed", range(5))
def test_weights_reach_the_optimum_of_a_general_optimiser(seed):
    network, value, _ = with_blunder(seed)
    pairs, truth, sd, *_ = network
    N = null_space(balances_of(pairs))
    limit = np.full(len(sd), TUNING)

    def loss(c):
        r = (truth + N @ c - value) / sd
        slope = np.clip(r, -TUNING, TUNING) / sd
        return huber_loss(np.abs(r), limit).sum(), N.T @ slope

    best = minimize(loss, np.zeros(N.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-10})
    found = system_of(network, value, lower=None).balance(robust="huber")
    r = (found.table["value"].to_numpy() - value) / sd
    assert huber_loss(np.abs(r), limit).sum() == pytest.approx(best.fun, rel=1e-7)
    assert np.abs((found.table["value"] - truth - N @ best.x) / sd).max() < 1e-3


@pytest.mark.parametrize("seed", range(8))
def test_estimates_stay_near_the_truth_despite_a_blunder(seed):
    network, value, place = with_blunder(seed)
    plain = system_of(network, value, lower=None).balance()
    robust = system_of(network, value, lower=None).balance(robust="huber")
    clean = system_of(network, lower=None).balance()
    drawn, held = (
        float((((a.table["value"] - clean.table["value"]) / network[2]) ** 2).sum())
        for a in (plain, robust)
    )
    assert held < 0.3 * drawn
    assert robust.solution.weights[place] < 0.3
    assert f"f{place}#1" in robust.test.suspects


def test_without_anything_far_off_nothing_changes():
    network = city(3, 6, 12, cv=(0.05, 0.1), share=1.0)
    value = network[1] + 0.3 * (network[4] - network[1])
    plain = system_of(network, value, lower=None).balance()
    robust = system_of(network, value, lower=None).balance(robust="huber")
    assert robust.table["value"].to_numpy() == pytest.approx(plain.table["value"].to_numpy())
    assert robust.table["sd"].to_numpy() == pytest.approx(plain.table["sd"].to_numpy())
    assert (robust.solution.weights == 1).all()


def test_uncertainty_is_never_less_than_that_of_least_squares():
    """And covers the truth about as often as it says, blunders or not."""
    rng, inside, count = np.random.default_rng(5), 0, 0
    for seed in range(12):
        network = city(seed, 7, 16, cv=(0.03, 0.1), share=1.0)
        _, truth, sd, _, _ = network
        plain = system_of(network, lower=None).balance()
        seen = plain.test.table["detectability"].to_numpy() > 0.7
        blunder = np.where(seen & (rng.random(len(sd)) < 0.04), 15.0, 0.0)
        value = truth + sd * (rng.standard_normal(len(sd)) + blunder)
        table = system_of(network, value, lower=None).balance(robust="huber").table
        assert (table["sd"] >= plain.table["sd"] * (1 - 1e-9)).all()
        inside += int(((table["lower"] <= truth) & (truth <= table["upper"])).sum())
        count += len(sd)
    assert inside / count > 0.85


def test_correlated_data_share_a_weight():
    s = mfa.System("x")
    s.process("p")
    for name, value in (("a", 100), ("b", 104)):
        s.flow(name, "import", "p", value=value, sd=4)
    s.flow("c", "p", "export", value=400, sd=4)
    s.correlate("a", "b", 0.9)
    account = s.balance(robust="huber")
    weights = account.solution.weights
    assert weights[0] == weights[1] < 1


def test_log_normal_blunders_are_weighed_down_too():
    s = mfa.System("x")
    s.process("p")
    for k, value in enumerate((100, 105, 98, 1000)):
        s.observe("a", value, uncertainty="*/ 1.2", id=f"o{k}")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    assert s.balance()["a"].value == pytest.approx((100 * 105 * 98 * 1000) ** 0.25, rel=1e-3)
    robust = s.balance(robust="huber")
    assert robust["a"].value == pytest.approx(104, rel=0.05)
    assert robust.test.suspects == ["o3"]


def test_it_works_within_bounds_and_through_products():
    s = mfa.System("x")
    s.process("p")
    s.parameter("share", value=0.3, sd=0.02, unit="1", lower=0, upper=1)
    s.flow("a", "import", "p", value=100, sd=4)
    s.flow("b", "p", "export", value=71, sd=3)
    s.flow("c", "p", "environment", value=95, sd=3)
    s.relate("c = share * a")
    plain, robust = s.balance(), s.balance(robust="huber")
    assert abs(robust["c"].value - 30) < 4 < abs(plain["c"].value - 30)
    difference = robust["c"].value - robust["share"].value * robust["a"].value
    assert abs(difference) < 1e-7


def test_unknown_options_are_told_by_name():
    s = mfa.System("x")
    with pytest.raises(InputError, match="no robust mode “tukey”"):
        s.balance(robust="tukey")
    with pytest.raises(InputError, match="no option “robustness”") as caught:
        s.balance(robustness=True)
    assert "không có tùy chọn" in caught.value.text("vi")
