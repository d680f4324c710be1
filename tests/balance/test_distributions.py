"""Log-normal data by their logarithms, intervals by their variance, σ of all sizes side by side."""

import numpy as np
import pytest
from scipy.optimize import minimize

import mfa
from mfa.balance.distribution import log_sd
from mfa.errors import InputError
from tests.balance.cities import balances_of, city, system_of
from tests.balance.networks import null_space


def two_flows(first, second, **fields):
    """What enters a process equals what leaves it; (value, σ, distribution) of both."""
    s = mfa.System("x")
    s.process("p")
    for name, ends, (value, sd, shape) in (
        ("a", ("import", "p"), first),
        ("b", ("p", "export"), second),
    ):
        s.flow(name, *ends, value=value, sd=sd, observed={"distribution": shape}, **fields)
    return s


def sigma_ln(value, sd):
    return float(log_sd(np.array([value]), np.array([sd]))[0])


def test_two_log_normal_data_meet_at_their_weighted_geometric_mean():
    account = two_flows((100, 30, "lognormal"), (150, 60, "lognormal")).balance()
    weight = np.array([sigma_ln(100, 30), sigma_ln(150, 60)]) ** -2
    mean = np.exp(weight @ np.log([100, 150]) / weight.sum())
    sd = weight.sum() ** -0.5
    a = account["a"]
    assert a.value == pytest.approx(mean, rel=1e-9)
    assert a.sd == pytest.approx(mean * sd, rel=1e-9)
    assert (a.lower, a.upper) == pytest.approx(
        (mean * np.exp(-1.96 * sd), mean * np.exp(1.96 * sd)), rel=1e-4
    )
    gap = np.log(1.5) ** 2 * weight.prod() / weight.sum()
    assert account.test.chi2 == pytest.approx(gap, rel=1e-9)
    assert account.test.table["normalised"].to_numpy() == pytest.approx(np.sqrt(gap), rel=1e-6)


def test_what_was_given_is_told_as_given():
    account = two_flows((100, 30, "lognormal"), (150, 60, "lognormal")).balance()
    assert account["a"].input == 100
    assert account["a"].input_sd == 30
    row = account.observations.iloc[0]
    assert row["reconciled"] == pytest.approx(account["a"].value)
    assert row["adjustment"] == pytest.approx(np.log(account["a"].value / 100) / sigma_ln(100, 30))


def test_a_lone_factor_gives_the_interval_it_names():
    s = mfa.System("x")
    s.parameter("rate", value=80, uncertainty="*/ 2")
    rate = s.balance()["rate"]
    assert (rate.value, rate.lower, rate.upper) == pytest.approx((80, 40, 160), rel=1e-3)


def test_a_factor_stays_a_factor_through_a_product():
    s = mfa.System("x")
    s.process("homes")
    s.parameter("people", value=1000, uncertainty="0", unit="person")
    s.flow("waste", "homes", "export", unit="t/year")
    s.flow("goods", "import", "homes")
    s.observe("waste", 0.5, uncertainty="*/ 1.5", unit="t/person/year", factor="people")
    waste = s.balance()["waste"]
    assert (waste.value, waste.lower, waste.upper) == pytest.approx((500, 500 / 1.5, 750), rel=1e-3)


def test_negative_log_normal_data_are_read_with_their_sign():
    account = two_flows((-100, 30, "lognormal"), (-150, 60, "lognormal"), lower=None).balance()
    positive = two_flows((100, 30, "lognormal"), (150, 60, "lognormal")).balance()
    assert account["a"].value == pytest.approx(-positive["a"].value, rel=1e-9)
    assert account["a"].lower == pytest.approx(-positive["a"].upper, rel=1e-9)


def dense_optimum(network, value, shape):
    """Minimise the misfit over the null space of the balances by a general optimiser."""
    pairs, truth, sd, measured, _ = network
    N = null_space(balances_of(pairs))
    log = measured & (shape == "lognormal")
    plain = measured & ~log
    spread = log_sd(value[log], sd[log])

    def misfit(c):
        x = truth + N @ c
        if (x[log] <= 0).any():
            return np.inf
        return float(
            (((x - value) / sd)[plain] ** 2).sum()
            + ((np.log(x[log] / value[log]) / spread) ** 2).sum()
        )

    def slope(c):
        x, g = truth + N @ c, np.zeros(len(truth))
        g[plain] = 2 * ((x - value) / sd**2)[plain]
        with np.errstate(all="ignore"):
            g[log] = 2 * np.log(x[log] / value[log]) / spread**2 / x[log]
        return N.T @ np.nan_to_num(g)

    best = minimize(misfit, np.zeros(N.shape[1]), jac=slope, method="BFGS", options={"gtol": 1e-9})
    return truth + N @ best.x, best.fun


@pytest.mark.parametrize("seed", range(6))
def test_mixed_data_reach_the_optimum_of_a_general_optimiser(seed):
    network = city(seed, 6, 14, cv=(0.1, 0.5), share=1.0)
    shape = np.random.default_rng(seed).choice(["normal", "lognormal"], len(network[0]))
    value = np.abs(network[4])
    account = system_of(network, value, lower=None, shape=shape).balance()
    x, chi2 = dense_optimum(network, value, shape)
    assert account.test.chi2 == pytest.approx(chi2, rel=1e-6, abs=1e-9)
    assert account.table["value"].to_numpy() == pytest.approx(x, rel=1e-4, abs=1e-4 * x.max())


def test_a_log_normal_flow_stays_positive_where_a_normal_one_ends_at_zero():
    def build(shape):
        s = mfa.System("x")
        s.process("p")
        s.flow("a", "import", "p", value=10, sd=1)
        s.flow("b", "p", "export", value=14, sd=1)
        s.flow("c", "p", "environment", value=2, sd=3, observed={"distribution": shape})
        return s.balance()

    assert build("normal")["c"].value == 0
    assert 0 < build("lognormal")["c"].value < 1


def test_correlated_log_normal_data_correlate_by_their_logarithms():
    s = two_flows((100, 30, "lognormal"), (150, 60, "lognormal"))
    s.correlate("a", "b", 0.5)
    one, two = sigma_ln(100, 30), sigma_ln(150, 60)
    variance = one**2 + two**2 - 2 * 0.5 * one * two
    assert s.balance().test.chi2 == pytest.approx(np.log(1.5) ** 2 / variance, rel=1e-8)


@pytest.mark.parametrize("shape", ["uniform", "triangular", "interval"])
def test_other_distributions_keep_value_and_variance(shape):
    plain = two_flows((100, 5, "normal"), (110, 5, "normal")).balance()
    other = two_flows((100, 5, shape), (110, 5, shape)).balance()
    assert other["a"].value == pytest.approx(plain["a"].value)
    assert other["a"].sd == pytest.approx(plain["a"].sd)


def test_a_triangle_has_the_variance_of_its_corners():
    s = mfa.System("x")
    s.parameter("a")
    s.observe("a", 100, uncertainty="[90; 130]", distribution="triangular")
    corners = 90**2 + 100**2 + 130**2 - 90 * 100 - 90 * 130 - 100 * 130
    assert s.balance()["a"].sd == pytest.approx((corners / 18) ** 0.5)


@pytest.mark.parametrize(
    ("value", "shape", "words"),
    [(10, "gaussian", "not known; write one of"), (0, "lognormal", "cannot be log-normal")],
)
def test_impossible_distributions_are_told(value, shape, words):
    s = mfa.System("x")
    s.parameter("rate")
    s.observe("rate", value, sd=1, distribution=shape)
    with pytest.raises(InputError, match=words) as caught:
        s.balance()
    assert "phân phối" in caught.value.text("vi")


# -------------------------------------------------------------------------------- σ of all sizes


def test_a_relative_uncertainty_of_zero_is_a_constant():
    """Ten percent of nothing is nothing: the flow is closed, as the account says."""
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=100, sd=10)
    s.flow("b", "p", "export", value=0, uncertainty="10 %")
    s.flow("c", "p", "environment")
    account = s.balance()
    assert (account["b"].value, account["b"].sd, account["b"].status) == (0, 0, "fixed")
    assert account["c"].value == pytest.approx(100)
    assert account.sample(50, seed=1)["b"].max() == 0


@pytest.mark.parametrize("tiny", [1e-3, 1e-6, 1e-9])
def test_a_tiny_uncertainty_beside_huge_ones(tiny):
    s = mfa.System("x")
    for name in ("p", "q"):
        s.process(name)
    s.flow("a", "import", "p", value=1e6, sd=2e5)
    s.flow("b", "p", "q", value=0.9e6, sd=tiny)
    s.flow("c", "q", "export", value=1.3e6, sd=4e5)
    s.flow("d", "p", "export", value=2e5, sd=1e5)
    account = s.balance()
    gap = 1e6 - 0.9e6 - 2e5
    assert account["b"].value == pytest.approx(0.9e6, abs=1e-6)
    assert account["b"].sd == pytest.approx(tiny, rel=1e-4)
    assert account["c"].value == pytest.approx(0.9e6, abs=1e-4)
    assert account["a"].value == pytest.approx(1e6 - gap * 0.8, rel=1e-9)
    assert account["a"].sd == pytest.approx((2e5**-2 + 1e5**-2) ** -0.5, rel=1e-6)
    draws = account.sample(3000, seed=1)
    assert draws["b"].std() == pytest.approx(tiny, rel=0.1)
    assert np.abs(draws["a"] - draws["b"] - draws["d"]).max() < 1e-9 * 1e6


def test_constants_among_log_normal_and_normal_data():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=100, uncertainty="0")
    s.flow("b", "p", "export", value=30, uncertainty="*/ 2")
    s.flow("c", "p", "environment", value=60, sd=6)
    account = s.balance()
    b, c = account["b"].value, account["c"].value
    assert b + c == pytest.approx(100)
    pull = np.log(b / 30) / (np.log(2) / 1.96) ** 2 / b  # equal slopes at the optimum
    assert pull == pytest.approx((c - 60) / 36, rel=1e-6)
