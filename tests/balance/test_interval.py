"""How far free quantities go: closed forms, never too narrow, no limit only where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import mfa
from mfa.balance import interval
from mfa.balance.interval import FeasibleSet
from mfa.balance.relaxation import Enclosure
from tests.balance.networks import random_network, system_of

Z = 1.959963984540054
quick = settings(max_examples=40, deadline=None, derandomize=True)


def mill(**outputs):
    """A mill with 100 ± 5 coming in; outputs id → fields of the flow."""
    system = mfa.System("mill")
    system.process("mill")
    system.flow("rice", "import", "mill", value=100, sd=5)
    for name, fields in outputs.items():
        system.flow(name, "mill", "export", **fields)
    return system


def limits(account, *names):
    return [end for name in names for end in (account[name].lower, account[name].upper)]


def test_one_known_in_two_unknown_out():
    account = mill(a={}, b={}).balance()
    assert limits(account, "a", "b") == pytest.approx([0, 100 + 5 * Z] * 2)


def test_errors_that_average_out_are_not_added_up():
    system = mill(a={}, b={})
    system.flow("more", "import", "mill", value=50, sd=12)
    account = system.balance()
    assert account["a"].upper == pytest.approx(150 + 13 * Z)


def test_correlated_errors_add_up_or_cancel():
    for rho, sd in ((0.9, 9.75), (-0.9, 2.24)):
        system = mill(a={}, b={})
        system.flow("more", "import", "mill", value=50, sd=5)
        system.correlate("rice", "more", rho)
        assert system.balance()["a"].upper == pytest.approx(150 + sd * Z, abs=0.02)


def test_bounds_of_the_others_count():
    account = mill(a={"upper": 30}, b={"lower": 20, "upper": 60}, c={"upper": 25}).balance()
    assert account["a"].lower == pytest.approx(100 - 5 * Z - 60 - 25)
    assert account["b"].lower == pytest.approx(100 - 5 * Z - 30 - 25)
    assert account["c"].upper == pytest.approx(25)


def test_a_loop_has_no_upper_limit_and_its_rest_has_one():
    system = mill(a={})
    system.process("dryer")
    system.flow("there", "mill", "dryer")
    system.flow("back", "dryer", "mill")
    system.flow("water", "dryer", "environment")
    account = system.balance()
    assert limits(account, "there", "back") == [0, np.inf] * 2
    assert limits(account, "water") == pytest.approx([0, 100 + 5 * Z])


def test_what_can_go_both_ways_without_limit():
    system = mill(a={})
    system.stock("silo", "mill")
    account = system.balance()
    assert account["silo.change"].lower == -np.inf
    assert account["silo.change"].upper == pytest.approx(100 + 5 * Z)


def test_two_that_go_both_ways_but_not_together():
    system = mfa.System("twins")
    system.parameter("x")
    system.parameter("y")
    system.parameter("sum", value=10, sd=1)
    system.parameter("gap", lower=-2, upper=2)
    system.relate("x + y = sum")
    system.relate("gap = x - y")
    account = system.balance()
    for name in "xy":
        assert limits(account, name) == pytest.approx([5 - Z / 2 - 1, 5 + Z / 2 + 1])


def test_flows_forced_to_zero():
    system = mfa.System("dead end")
    system.process("p")
    system.flow("a", "import", "p")
    system.flow("b", "import", "p")
    account = system.balance()
    assert limits(account, "a", "b") == pytest.approx([0, 0] * 2, abs=1e-9)


def test_a_product_with_an_unknown_share():
    system = mill(a={}, b={})
    system.parameter("share", lower=0.2, upper=0.5)
    system.relate("a = share * rice")
    account = system.balance()
    low, high = 100 - 5 * Z, 100 + 5 * Z
    assert limits(account, "a", "b") == pytest.approx(
        [0.2 * low, 0.5 * high, 0.5 * low, 0.8 * high]
    )


def test_quotient_power_and_a_product_of_two_unknowns():
    system = mfa.System("forms")
    system.parameter("x", value=4, sd=0.1)
    system.parameter("y", lower=1, upper=3)
    system.parameter("u", lower=2, upper=5)
    for name, formula in {"r": "x / y", "s": "y ^ 0.5", "c": "y ^ 3", "p": "y * u"}.items():
        system.parameter(name)
        system.relate(f"{name} = {formula}")
    account = system.balance()
    low, high = 4 - 0.1 * Z, 4 + 0.1 * Z
    assert limits(account, *"rscp") == pytest.approx(
        [low / 3, high, 1, 3**0.5, 1, 27, 2, 15], rel=1e-6
    )


def test_a_range_is_tightened_through_a_product():
    system = mfa.System("tight")
    system.process("p")
    system.flow("a", "import", "p", upper=100)
    system.flow("b", "p", "export")
    system.flow("c", "p", "export")
    system.parameter("share", lower=0.1, upper=0.3)
    system.relate("b = share * a")
    account = system.balance()
    assert account["b"].upper == pytest.approx(30)
    assert account["c"].upper == pytest.approx(90)


def test_a_formula_over_free_quantities():
    account = mill(a={}, b={}).balance()
    reach = 100 + 5 * Z
    difference = account.evaluate("a - b")
    assert (difference.lower, difference.upper) == pytest.approx((-reach, reach))
    assert account.evaluate("a + 2 * b").upper == pytest.approx(2 * reach)
    # With the known input itself in the formula: rice − a is b.
    rest = account.evaluate("rice - a")
    assert (rest.lower, rest.upper) == pytest.approx((0, reach))
    assert account.evaluate("a + b").status == "determined"


def test_no_number_stands_for_no_limit():
    system = mfa.System("open")
    system.process("p")
    system.flow("a", "import", "p")
    system.flow("b", "p", "export")
    account = system.balance()
    assert account.evaluate("a + b").upper == np.inf
    assert account.evaluate("-a").lower == -np.inf


def exact_network(seed):
    """A random network with data that agree and are nearly certain: its account and its matrix."""
    network = random_network(seed, 6, 18, 0.4, signed=False)
    nodes, pairs, A, _, sd, measured = network
    if not pairs:
        return None
    agreed = system_of(network, lower=0.0).balance().solution.x
    certain = (nodes, pairs, A, agreed, np.full(len(sd), 1e-5), measured)
    return system_of(certain, lower=0.0).balance(), A


@quick
@given(st.integers(0, 10**6))
def test_agrees_with_dense_programmes_where_data_are_certain(seed):
    found = exact_network(seed)
    if found is None:
        return
    account, A = found
    table, x = account.table, account.solution.x
    free = (table["status"] == "free").to_numpy()
    bounds = [(0, None) if f else (v, v) for f, v in zip(free, x, strict=True)]
    for j in np.flatnonzero(free):
        for column, sign in (("lower", 1.0), ("upper", -1.0)):
            cost = np.zeros(len(x))
            cost[j] = sign
            result = linprog(
                cost, A_ub=np.vstack([A, -A]), b_ub=np.full(2 * len(A), 1e-7), bounds=bounds
            )
            want = sign * result.fun if result.status == 0 else np.inf
            assert table[column][j] == pytest.approx(want, abs=1e-3), (j, column)


@quick
@given(st.integers(0, 10**6))
def test_holds_whatever_the_data_allow(seed):
    """Any point of the confidence ellipsoid that can be completed lies within the ranges."""
    network = random_network(seed, 5, 14, 0.5, signed=False)
    if not network[1]:
        return
    account = system_of(network, lower=0.0).balance()
    table, A, x = account.table, network[2], account.solution.x
    free = (table["status"] == "free").to_numpy()
    if not free.any():
        return
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(~free)
    cost = np.zeros(len(x))
    cost[free] = rng.normal(size=free.sum())
    weights = np.zeros((len(x), len(known)))
    weights[known, np.arange(len(known))] = 1.0
    kkt = account.solution.kkt
    C = kkt.covariance_columns(weights[account.solution.unfixed])[known]
    direction = C @ rng.normal(size=len(known))
    size = np.sqrt(direction @ np.linalg.pinv(C) @ direction)
    moved = x[known] + (direction / size * Z if size > 1e-9 else 0.0)
    if (moved < 0).any():
        return
    bounds = np.tile([0.0, 1e6], (len(x), 1))
    bounds[known] = moved[:, None]
    slack = np.full(2 * len(A), 1e-6)
    result = linprog(cost, A_ub=np.vstack([A, -A]), b_ub=slack, bounds=bounds)
    if result.status != 0:
        return
    point = result.x[free]
    size = 1e-3 + 1e-6 * np.abs(point)
    assert (point >= table["lower"][free] - size).all()
    assert (point <= table["upper"][free] + size).all()


@quick
@given(st.integers(0, 10**6))
def test_propagated_ranges_enclose_the_exact_ones(seed):
    network = random_network(seed, 8, 30, 0.6, signed=False)
    account = system_of(network, lower=0.0).balance()
    free = np.flatnonzero(account.table["status"] == "free")
    if not len(free):
        return
    exact = account.table[["lower", "upper"]].to_numpy()[free]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval, "EFFORT", 0)
        wide = FeasibleSet(account.equations, account.solution, account._sd).ranges(free)
    size = 1e-6 * (1 + np.abs(np.where(np.isfinite(exact), exact, 0)))
    assert (wide[:, 0] <= exact[:, 0] + size[:, 0]).all()
    assert (wide[:, 1] >= exact[:, 1] - size[:, 1]).all()
    assert (np.isinf(wide) == np.isinf(exact)).all()


@quick
@given(
    st.sampled_from(
        [
            "(q0 * q1)",
            "(q0 / q1)",
            "(q0 ** c0)",
            "((q0 * q1) / (c0 + q2))",
            "(q0 - (q1 * (c0 * q2)))",
        ]
    ),
    st.integers(0, 10**6),
)
def test_an_enclosure_cuts_off_nothing(shape, seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0.1, 2, 3)
    high = low + rng.uniform(0, 3, 3)
    x = rng.uniform(low, high)
    power = np.array([rng.choice([-1.5, 0.5, 2.0, 3.0, 1.7])])
    enclosure = Enclosure(x, low, high)
    term = enclosure.term(shape, np.array([0, 1, 2]), power)
    for _ in range(20):
        q = rng.uniform(low, high)
        columns = np.concatenate([q, values_of_extras(shape, q, power[0], len(enclosure.extra))])
        value = sum(w * columns[j] for j, w in term.coefficients.items()) + term.constant
        assert term.low - 1e-9 <= value <= term.high + 1e-9
        for weights, limit in enclosure.limits:
            assert sum(w * columns[j] for j, w in weights.items()) <= limit + 1e-9 * (
                1 + abs(limit)
            )


def values_of_extras(shape, q, c, count):
    """The true values of the extra columns, in the order in which an enclosure makes them."""
    a, b, d = q
    return {
        "(q0 * q1)": [a * b],
        "(q0 / q1)": [a / b],
        "(q0 ** c0)": [a**c],
        "((q0 * q1) / (c0 + q2))": [a * b, a * b / (c + d)],
        "(q0 - (q1 * (c0 * q2)))": [b * c * d],
    }[shape][:count]
