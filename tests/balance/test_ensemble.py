"""Every draw is an account of its own; together they have the spread that theory says."""

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import mfa
from mfa.balance import ensemble_bounds, lanes, response
from mfa.balance.ensemble import Sampler
from mfa.balance.reconcile import reconcile
from mfa.errors import InputError
from tests.balance.cities import city, system_of
from tests.balance.networks import random_network
from tests.balance.networks import system_of as network_system


def sampler_of(account):
    return Sampler(account.equations, account.solution, account.classification, account.given)


def drawn_data(sampler, block=0, seed=1):
    sequence = sampler.blocks(sampler.block_size * (block + 1), seed)[block][0]
    return sampler.draws.draw(np.random.default_rng(sequence), sampler.block_size)


def compare_with_single_balances(account, draws=12, tolerance=1e-6):
    """Reconcile the drawn data one by one and compare what the data determine."""
    sampler = sampler_of(account)
    x = sampler.sample_block(*sampler.blocks(draws, 1)[0])
    data = drawn_data(sampler)
    known = np.flatnonzero(account.classification.status != 3)
    scale = np.ones(len(sampler.x))
    scale[sampler.unfixed] = sampler.scale
    for i in range(draws):
        varied = sampler.likelihood.with_values(data[:, i])
        single = reconcile(replace(account.equations, observations=varied)).x
        assert np.abs((x[i] - single) / scale)[known].max() < tolerance


def chain(sd=1.0):
    """A mill with yields and losses: products three deep, a rate per person, a bound in reach."""
    s = mfa.System("mills", unit="kt/year")
    for name in ("field", "mill", "market", "kitchen"):
        s.process(name)
    s.parameter("people", value=1200, sd=20 * sd, unit="1000 person")
    s.parameter("yield", value=0.7, sd=0.05 * sd, unit="1", lower=0, upper=1)
    s.parameter("loss", value=0.06, sd=0.04 * sd, unit="1", lower=0, upper=1)
    s.flow("paddy", "import", "field", value=320, sd=25 * sd)
    s.flow("to_mill", "field", "mill")
    s.flow("spilt", "field", "environment")
    s.flow("rice", "mill", "market", value=208, sd=20 * sd)
    s.flow("husk", "mill", "export", value=92, sd=30 * sd)
    s.flow("eaten", "market", "kitchen", unit="kt/year")
    s.flow("sold", "market", "export")
    s.flow("waste", "kitchen", "environment", value=4.7, sd=6 * sd)
    s.flow("gone", "kitchen", "export")
    s.relate("spilt = loss * paddy")
    s.relate("rice = yield * to_mill")
    s.relate("waste = 0.5 * loss * eaten")
    s.observe("eaten", 130, sd=8 * sd, unit="kg/person/year", factor="people")
    return s


# ------------------------------------------------------------------------- each draw by itself


@pytest.mark.parametrize("seed", range(4))
def test_a_draw_is_the_balance_of_its_data(seed):
    compare_with_single_balances(system_of(city(seed, 6, 12, cv=(0.05, 0.3)), lower=None).balance())


@pytest.mark.parametrize("seed", range(6))
def test_a_draw_within_bounds_is_the_balance_of_its_data(seed):
    account = system_of(city(seed, 8, 16, cv=(0.1, 0.8))).balance()
    compare_with_single_balances(account, tolerance=1e-5)


def test_a_draw_of_a_curved_system_is_the_balance_of_its_data():
    compare_with_single_balances(chain().balance(), draws=25, tolerance=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_draw_of_log_normal_data_is_the_balance_of_its_data(seed):
    network = city(seed, 6, 12, cv=(0.1, 0.6))
    shape = np.random.default_rng(seed).choice(["normal", "lognormal"], len(network[0]))
    account = system_of(network, np.abs(network[4]), shape=shape).balance()
    compare_with_single_balances(account, tolerance=1e-5)


def test_a_robust_account_keeps_its_weights_in_the_draws():
    network = city(3, 6, 14, share=1.0)
    value = network[4].copy()
    value[2] *= 3
    account = system_of(network, value, lower=None).balance(robust="huber")
    draws = account.sample(4000, seed=3)
    fine = account.table["sd"].to_numpy() > 0
    ratio = draws.table["sd"].to_numpy()[fine] / account.table["sd"].to_numpy()[fine]
    assert np.abs(ratio - 1).max() < 0.06


# --------------------------------------------------------------------- relations and bounds hold


@pytest.mark.parametrize("seed", range(8))
def test_balances_close_and_bounds_hold_in_every_draw(seed):
    account = system_of(city(seed, 10, 24, cv=(0.05, 0.9), share=0.6)).balance()
    e = account.equations
    x = account.sample(400, seed=seed).values
    throughput = np.abs(x) @ abs(e.A[:, : x.shape[1]]).T.toarray()
    opened = np.abs(x @ e.A.T.toarray())
    assert (x >= 0).all()
    assert (opened <= 1e-9 * np.maximum(throughput, 1e-9 * throughput.max())).all()


def test_balances_of_free_quantities_close_without_bounds():
    account = network_system(random_network(1, processes=20, flows=60)).balance()
    A = account.equations.A
    x = account.sample(50, seed=1).values
    assert (account.table["status"] == "free").any()
    assert np.abs(x @ A[:, : x.shape[1]].T.toarray()).max() <= 1e-9 * np.abs(x).max()


def test_curved_relations_hold_in_every_draw():
    draws = chain().balance().sample(600, seed=2)
    assert draws.failed == 0
    assert (draws.values[:, draws.account.table["kind"] == "flow"] >= 0).all()
    for left, right in (
        ("spilt", "loss * paddy"),
        ("rice", "yield * to_mill"),
        ("waste", "0.5 * loss * eaten"),
        ("in(mill)", "out(mill)"),
    ):
        a, b = draws.evaluate(left), draws.evaluate(right)
        assert np.abs(a - b).max() <= 1e-9 * np.abs(draws["paddy"]).max()
    assert (draws["loss"] == 0).any()  # the bound is reached by some


def test_inequalities_hold_in_every_draw():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=10, sd=2)
    s.flow("b", "p", "export", value=6, sd=2)
    s.flow("c", "p", "export")
    s.relate("c >= 0.3 * a")
    draws = s.balance().sample(500, seed=1)
    slack = draws["c"] - 0.3 * draws["a"]
    assert slack.min() >= -1e-9
    assert (slack < 1e-9).mean() > 0.05


def test_bounds_that_imply_each_other_do_no_harm():
    """A share and the flow it governs reach 0 together; the total stays free to move."""
    s = mfa.System("x")
    s.process("p")
    s.flow("total", "import", "p", value=100, sd=10)
    s.flow("part", "p", "export")
    s.flow("rest", "p", "environment")
    s.parameter("share", value=0.02, sd=0.03, unit="1", lower=0, upper=1)
    s.relate("part = share * total")
    draws = s.balance().sample(500, seed=4)
    none = draws["share"] == 0
    assert none.mean() > 0.15
    assert np.abs(draws["part"][none]).max() < 1e-9
    assert draws["total"][none].std() == pytest.approx(10, rel=0.2)


# ---------------------------------------------------------------------------------- the spread


def variance_bounds(draws, tests):
    """Two-sided limits of s²/σ² at one in a thousand over `tests` ratios together."""
    level = 1e-3 / tests / 2
    chi2 = stats.chi2(draws - 1)
    return chi2.ppf(level) / (draws - 1), chi2.isf(level) / (draws - 1)


@pytest.mark.parametrize("seed", range(5))
def test_spread_agrees_with_the_analytic_one(seed):
    account = system_of(city(seed, 8, 18, share=0.8), lower=None).balance()
    n, table = 5000, account.table
    draws = account.sample(n, seed=seed).table
    some = (table["sd"] > 0).to_numpy()
    ratio = (draws["sd"] / table["sd"]).to_numpy()[some] ** 2
    low, high = variance_bounds(n, some.sum())
    assert ratio.min() > low
    assert ratio.max() < high
    off = ((draws["mean"] - table["value"]) / table["sd"]).to_numpy()[some] * np.sqrt(n)
    assert np.abs(off).max() < stats.norm.isf(1e-3 / some.sum() / 2)


def test_covariance_agrees_with_the_analytic_one():
    account = system_of(city(5, 8, 18, share=1.0), lower=None).balance()
    draws = account.sample(8000, seed=1)
    for formula in ("f0 + f1", "f0 - f1", "f2 - f3 + f4"):
        drawn, analytic = draws.estimate(formula), account.evaluate(formula)
        low, high = variance_bounds(8000, 3)
        assert low < (drawn.sd / analytic.sd) ** 2 < high


def test_correlated_data_are_drawn_correlated():
    s = mfa.System("x")
    for name in "abc":
        s.parameter(name, value=10, sd=2)
    s.correlate("a", "b", 0.8)
    s.correlate("b", "c", -0.3)
    values = s.balance().sample(20_000, seed=1).values
    found = np.corrcoef(values.T)
    assert found[0, 1] == pytest.approx(0.8, abs=0.02)
    assert found[1, 2] == pytest.approx(-0.3, abs=0.03)
    assert found[0, 2] == pytest.approx(0.0, abs=0.03)


def test_curved_spread_agrees_to_first_order_for_small_uncertainty():
    account = chain(sd=0.02).balance()
    n, table = 4000, account.table
    draws = account.sample(n, seed=1).table
    some = (table["sd"] > 0).to_numpy()
    ratio = (draws["sd"] / table["sd"]).to_numpy()[some] ** 2
    low, high = variance_bounds(n, some.sum())
    assert ratio.min() > low - 0.02
    assert ratio.max() < high + 0.02


# ------------------------------------------------------------------------------- distributions


@pytest.mark.parametrize(
    ("fields", "distribution"),
    [
        ({"uncertainty": "5"}, stats.norm(100, 5)),
        ({"uncertainty": "*/ 1.8"}, stats.lognorm(np.log(1.8) / 1.96, scale=100)),
        ({"uncertainty": "[85; 125]"}, stats.uniform(85, 40)),
        ({"sd": 4, "distribution": "uniform"}, stats.uniform(100 - 4 * 3**0.5, 8 * 3**0.5)),
        ({"uncertainty": "[90; 130]", "distribution": "triangular"}, stats.triang(0.25, 90, 40)),
        ({"sd": 5, "distribution": "triangular"}, stats.triang(0.5, 100 - 5 * 6**0.5, 10 * 6**0.5)),
    ],
)
def test_unchecked_data_keep_their_distribution(fields, distribution):
    s = mfa.System("x")
    s.parameter("a")
    s.observe("a", 100, **fields)
    draws = s.balance().sample(4000, seed=8)["a"]
    assert stats.kstest(draws, distribution.cdf).pvalue > 1e-3


def test_limits_are_read_in_their_own_unit_and_number_format():
    s = mfa.System("x", unit="t/year")
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    s.observe("a", 1400, uncertainty="[1,2; 1,6] kt/year", decimal=",")
    draws = s.balance().sample(3000, seed=1)["a"]
    assert 1200 <= draws.min() < 1205
    assert 1595 < draws.max() <= 1600


def test_constants_stay_and_free_quantities_are_not_summarised():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=100, sd=10)
    s.flow("b", "p", "export", value=20, uncertainty="0")
    s.flow("c", "p", "export")
    s.flow("d", "p", "environment")
    draws = s.balance().sample(300, seed=1)
    table = draws.table.set_index("id")
    assert (draws["b"] == 20).all()
    assert table.loc["b", "sd"] == 0
    assert table.loc[["c", "d"], ["mean", "sd", "lower", "median", "upper"]].isna().all(axis=None)
    assert (draws.values >= 0).all()
    assert np.allclose(draws["c"] + draws["d"], draws["a"] - 20)
    assert draws.estimate("c").status == "free"
    assert draws.estimate("c + d").sd == pytest.approx(10, rel=0.15)


# --------------------------------------------------------------------- the same draws every time


def test_draws_depend_on_seed_and_number_alone():
    account = system_of(city(2, 8, 20, cv=(0.1, 0.6))).balance()
    long, short = account.sample(700, seed=5), account.sample(300, seed=5)
    assert np.array_equal(long.values[:300], short.values)
    assert not np.array_equal(short.values, account.sample(300, seed=6).values)


def test_blocks_can_be_drawn_in_any_order_and_from_a_pickle():
    account = chain().balance()
    sampler = sampler_of(account)
    blocks = sampler.blocks(600, 9)
    assert [size for _, size in blocks] == [256, 256, 88]
    forward = [sampler.sample_block(*block) for block in blocks]
    copy = pickle.loads(pickle.dumps(sampler_of(account)))
    backward = [copy.sample_block(*block) for block in reversed(blocks)][::-1]
    for one, two in zip(forward, backward, strict=True):
        assert np.array_equal(one, two)


def test_another_process_draws_the_same(tmp_path):
    sampler = sampler_of(system_of(city(4, 6, 12, cv=(0.1, 0.5))).balance())
    block = sampler.blocks(40, 2)[0]
    (tmp_path / "in").write_bytes(pickle.dumps((sampler, block)))
    code = (
        "import pickle, sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "sampler, block = pickle.loads((folder / 'in').read_bytes())\n"
        "(folder / 'out').write_bytes(pickle.dumps(sampler.sample_block(*block)))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert np.array_equal(
        pickle.loads((tmp_path / "out").read_bytes()), sampler.sample_block(*block)
    )


@pytest.mark.parametrize("build", [chain, lambda: system_of(city(1, 8, 20, cv=(0.1, 0.7)))])
def test_large_systems_are_drawn_alike_without_the_inverse(monkeypatch, build):
    account = build().balance()
    kept = account.sample(40, seed=1).values
    monkeypatch.setattr(response, "KEPT", 0)
    solved = account.sample(40, seed=1).values
    scale = np.nanmax(np.abs(kept), axis=0)
    assert np.abs((kept - solved) / np.where(scale > 0, scale, 1)).max() < 1e-7


@pytest.mark.parametrize("seed", range(3))
def test_draws_side_by_side_are_those_of_compiled_code(monkeypatch, seed):
    pytest.importorskip("numba")
    account = system_of(city(seed, 10, 24, cv=(0.1, 0.9))).balance()
    compiled = account.sample(256, seed=1).values
    monkeypatch.setattr(ensemble_bounds, "COMPILED", False)
    assert np.abs(account.sample(256, seed=1).values - compiled).max() < 1e-8 * compiled.max()


# ------------------------------------------------------------------------------- what one asks


def test_formulas_are_evaluated_in_every_draw():
    draws = chain().balance().sample(200, seed=1)
    rate = draws.evaluate("eaten / people", unit="kg/person/year")
    assert np.allclose(rate, draws["eaten"] / draws["people"] * 1000)
    assert np.allclose(draws.evaluate("in(market)"), draws["rice"])
    assert np.allclose(draws.evaluate("loss ^ 2 - 1"), draws["loss"] ** 2 - 1)
    estimate = draws.estimate("sold / rice")
    assert estimate.lower < estimate.value < estimate.upper
    with pytest.raises(InputError, match="nowhere"):
        draws.evaluate("nowhere + 1")


def test_an_ensemble_tells_itself():
    account = chain().balance()
    draws = account.sample(100, seed=1)
    assert draws.values.shape == (100, len(account.table)) == (len(draws), len(draws.table))
    assert draws.dataset["value"].dims == ("draw", "row")
    assert draws.dataset["unit"].to_numpy().tolist() == account.table["unit"].tolist()
    table = draws.table
    assert (table["lower"] <= table["median"]).all()
    assert (table["median"] <= table["upper"]).all()
    assert np.allclose(table["mean"], draws.values.mean(axis=0))
    assert "100 draws" in repr(draws)


def test_periods_are_asked_for_by_label():
    s = mfa.System("x", periods=("2022", "2023"))
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    for period, value in (("2022", 10), ("2023", 20)):
        s.observe("a", value, sd=1, period=period)
    draws = s.balance().sample(500, seed=1)
    assert draws["b", "2023"].mean() == pytest.approx(20, abs=0.3)
    assert draws.evaluate("a", period="2022").mean() == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("n", [0, -3, 2.5, True, "many"])
def test_a_senseless_number_of_draws_is_refused(n):
    with pytest.raises(InputError, match="number of draws"):
        chain().balance().sample(n)


# ----------------------------------------------------------------------------------- the edges


def test_a_single_draw_is_the_first_of_many():
    account = chain().balance()
    one = account.sample(1, seed=4)
    assert len(one) == 1
    assert np.array_equal(one.values[0], account.sample(300, seed=4).values[0])
    assert one.table["sd"].isna().all()
    assert np.isfinite(one.table["mean"]).all()


@pytest.mark.parametrize("curved", [False, True])
def test_nothing_observed_at_all(curved):
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    if curved:
        s.flow("c", "p", "environment")
        s.parameter("share", unit="1")
        s.relate("c = share * a")
    draws = s.balance().sample(20, seed=1)
    assert draws.failed == 0
    assert draws.table["mean"].isna().all()
    assert np.allclose(draws.evaluate("in(p) - out(p)"), 0)


def test_everything_fixed():
    s = mfa.System("x")
    s.process("p")
    s.parameter("share", value=0.4, uncertainty="0", unit="1")
    s.flow("a", "import", "p", value=10, uncertainty="0")
    s.flow("b", "p", "export", value=4, uncertainty="0")
    s.flow("c", "p", "environment", value=6, uncertainty="0")
    s.relate("b = share * a")
    draws = s.balance().sample(30, seed=1)
    assert (draws.values == draws.values[0]).all()
    assert sorted(draws.values[0]) == pytest.approx([0.4, 4, 6, 10])


def test_one_datum_governs_all():
    s = mfa.System("x")
    s.process("p")
    s.parameter("share", value=0.25, uncertainty="0", unit="1")
    s.flow("a", "import", "p", value=8, sd=1)
    s.flow("b", "p", "export")
    s.flow("c", "p", "environment")
    s.relate("b = share * a")
    draws = s.balance().sample(500, seed=1)
    assert np.allclose(draws["b"], 0.25 * draws["a"], rtol=1e-9)
    assert np.allclose(draws["c"], 0.75 * draws["a"], rtol=1e-9)
    assert draws["a"].std() == pytest.approx(1, rel=0.15)


def lognormal_share():
    """Log-normal data on a curved relation whose flow must stay below a limit."""
    s = mfa.System("x")
    s.process("p")
    s.parameter("share", value=0.3, sd=0.1, unit="1", lower=0, upper=1)
    s.flow("a", "import", "p", value=100, uncertainty="*/ 1.6")
    s.flow("b", "p", "export", value=32, uncertainty="*/ 1.5", upper=40)
    s.flow("c", "p", "environment")
    s.relate("b = share * a")
    return s


def test_log_normal_data_on_curved_relations_within_bounds():
    account = lognormal_share().balance()
    compare_with_single_balances(account, draws=25, tolerance=1e-5)
    draws = account.sample(600, seed=2)
    assert draws.failed == 0
    assert draws["b"].max() <= 40
    assert (draws["b"] == 40).mean() > 0.05
    assert np.allclose(draws["b"], draws["share"] * draws["a"], rtol=1e-9)


def test_free_quantities_pushed_by_bounds_pull_at_nothing():
    """A network with loops that no datum settles, and bounds in reach nearly everywhere."""
    account = system_of(city(11, 30, 60, cv=(0.1, 0.5), share=0.3)).balance()
    assert (account.classification.status == 3).any()
    compare_with_single_balances(account, draws=12, tolerance=1e-3)


@pytest.mark.parametrize("build", [chain, lognormal_share])
def test_newton_s_draws_are_those_of_the_chord(monkeypatch, build):
    pytest.importorskip("numba")
    account = build().balance()
    fast = account.sample(256, seed=1).values
    monkeypatch.setattr(lanes, "MOST", 0)
    slow = account.sample(256, seed=1).values
    assert np.abs((fast - slow) / np.abs(fast).max(axis=0)).max() < 1e-7


def test_newton_settles_nearly_every_draw():
    pytest.importorskip("numba")
    sampler = sampler_of(chain().balance())
    data = drawn_data(sampler)
    start = sampler._answer_data @ (data - sampler.x[sampler._observed][:, None])
    assert sampler.newton.fits
    assert sampler._curved(start, data)[1].mean() > 0.98


@pytest.mark.parametrize("seed", range(3))
def test_systems_side_by_side_are_solved_as_one_by_one(seed):
    """Random saddle points with held rows and more draws than lanes."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(seed)
    n, m, draws = 30, 12, 37
    K = np.zeros((n + m, n + m))
    K[n:, :n] = rng.standard_normal((m, n)) * (rng.random((m, n)) < 0.2)
    K += np.diag(np.r_[rng.uniform(0.5, 2, n), np.full(m, -1e-3)])
    steady = np.argwhere(K != 0)
    loose = np.array([[n, 0], [n + 3, 5], [7, 2], [7, 2]])
    moving = 0.1 * rng.standard_normal((4, draws))
    free = np.ones((n + m, draws))
    free[rng.integers(n, size=draws), np.arange(draws)] = 0
    right = rng.standard_normal((n + m, draws))
    system = lanes.Lanes(n + m, steady, loose)
    found, negative = system.solve(K[K != 0], moving, free, right)
    for k in range(draws):
        one = K.copy()
        np.add.at(one, tuple(loose.T), moving[:, k])
        one = np.tril(one) + np.tril(one, -1).T
        hold = np.flatnonzero(free[:, k])
        expected = np.zeros(n + m)
        expected[hold] = np.linalg.solve(one[np.ix_(hold, hold)], right[hold, k])
        assert np.allclose(found[:, k], expected, atol=1e-9)
        assert negative[k] == (np.linalg.eigvalsh(one[np.ix_(hold, hold)]) < 0).sum()
