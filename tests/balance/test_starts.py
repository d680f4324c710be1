"""Nonlinear relations without start values: found from afar, or refused with the worst named."""

import numpy as np
import pytest

import mfa
from mfa.errors import ConvergenceError
from tests.balance.curved import curved_system, distance

KINDS = {
    "dense data": {},
    "sparse data": {"share": 0.4},
    "deep chains": {"derived": 25, "basic": 8},
    "orders of magnitude": {"spread": 2.0},
    "exact data": {"noise": 0.0, "share": 0.4},
    "any sign": {"positive": False, "share": 0.5},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 7])
def test_random_systems_are_balanced_at_least_as_well_as_by_the_truth(kind, seed):
    system, truth = curved_system(seed, **KINDS[kind])
    account = system.balance()
    residual = np.abs(account.equations.residual(account.solution.x))
    size = account.equations.magnitude(account.solution.x)
    scale = account.solution.kkt.row_scale
    assert ((residual <= 1e-9 * size) | (residual * scale <= 1e-8)).all()
    assert account.test.chi2 <= distance(account, truth) * (1 + 1e-6) + 1e-6


def test_exact_data_give_the_truth_back():
    system, truth = curved_system(3, noise=0.0, share=0.7)
    table = system.balance().table
    known = (table["status"] != "free").to_numpy()
    assert known.sum() > 12
    assert np.allclose(table["value"][known], truth[known], rtol=1e-6)


def solved(relations, **parameters):
    s = mfa.System("x")
    for name, given in parameters.items():
        value, sd = given or (None, 0.0)
        s.parameter(name, **({} if value is None else {"value": value, "sd": sd}))
    for formula in relations:
        s.relate(formula)
    account = s.balance()
    assert account["x"].status == "determined"
    return [account[name].value for name in parameters]


@pytest.mark.parametrize("sd", [0.0, 0.1])
def test_sum_and_product_have_two_roots_not_one(sd):
    x, y, a, b = solved(["x + y = a", "x * y = b"], x=None, y=None, a=(5, sd), b=(6, sd))
    assert sorted((x, y)) == pytest.approx([2, 3])
    assert (a, b) == pytest.approx((5, 6))


@pytest.mark.parametrize(
    ("relations", "names", "want"),
    [
        (["x ^ 2 = 4"], "x", [2]),
        (["x ^ 3 = 27"], "x", [3]),
        (["x ^ 0.5 = 3"], "x", [9]),
        (["2 ^ x = 8"], "x", [3]),
        (["x / y = 3", "x - y = 10"], "xy", [15, 5]),
        (["x * y * z = 24", "x + y + z = 9", "x * y = 6"], "xyz", [2, 3, 4]),
        (["1 / x + 1 / y = 1", "x * y = 4.5"], "xy", [1.5, 3]),
        (["x * y = 0", "x + y = 3"], "xy", [0, 3]),
        (["x = 1e6 * y", "y * z = 2", "z ^ 2 = 1e-8"], "xyz", [1e-4, 2e4, 2e10]),
    ],
)
def test_roots_are_found_without_a_start(relations, names, want):
    found = solved(relations, **dict.fromkeys(names))
    assert sorted(np.abs(found)) == pytest.approx(sorted(want), rel=1e-9, abs=1e-9)


def test_a_quotient_whose_parts_both_reach_zero():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=0.2, sd=1)
    s.flow("b", "p", "export", value=-3, sd=1)
    s.parameter("rate", value=0.5, sd=0.1)
    s.parameter("people", value=0.3, sd=0.2, lower=0)
    s.relate("rate = a / people")
    account = s.balance()
    assert account.converged
    assert account["a"].value == pytest.approx(account["b"].value, abs=1e-9)
    assert account["rate"].value * account["people"].value == pytest.approx(
        account["a"].value, abs=1e-6
    )


@pytest.mark.parametrize(
    ("relations", "worst"),
    [
        (["x + y = 4", "x * y = 5"], "x * y = 5"),
        (["x ^ 2 = -4", "y = 3"], "x ^ 2 = -4"),
        (["x = 3", "x / y = 0"], "x / y = 0"),
    ],
)
def test_without_a_root_the_worst_relation_is_named_first(relations, worst):
    s = mfa.System("x")
    s.parameter("x")
    s.parameter("y")
    for formula in relations:
        s.relate(formula)
    with pytest.raises(ConvergenceError) as error:
        s.balance()
    assert worst in error.value.problems[1].text("en")


def test_the_same_start_every_time():
    values = [curved_system(11, share=0.4)[0].balance().solution.x for _ in range(2)]
    assert np.array_equal(*values)


def test_relations_without_any_value_are_refused_in_words():
    s = mfa.System("x")
    s.parameter("x", value=-2, uncertainty="0")
    s.parameter("y")
    s.relate("y = x ^ 0.5")
    with pytest.raises(ConvergenceError) as error:
        s.balance()
    assert "x ^ 0.5" in error.value.problems[1].text("en")


def begun(relations, **parameters):
    """The account of parameters given as (value, sd), or as a start without data."""
    s = mfa.System("x")
    for name, given in parameters.items():
        data = {"value": given[0], "sd": given[1]} if isinstance(given, tuple) else {"start": given}
        s.parameter(name, **data)
    for formula in relations:
        s.relate(formula)
    return s.balance()


@pytest.mark.parametrize("start", [2.5, 1, 0, 1e-6, 1e6])
@pytest.mark.parametrize("sd", [0.0, 0.1])
def test_a_start_where_two_unknowns_are_alike(start, sd):
    account = begun(["x + y = a", "x * y = b"], x=start, y=start, a=(5, sd), b=(6, sd))
    assert sorted(account[q].value for q in "xy") == pytest.approx([2, 3])
    assert account["x"].status == "determined"
    assert account.test.chi2 == pytest.approx(0, abs=1e-12)


def test_what_has_one_root_only_where_two_unknowns_are_alike_stays_there():
    account = begun(["x + y = a", "x * y = b"], x=2.5, y=2.5, a=(5, 0.1), b=(6.5, 0.1))
    a, b = account["a"].value, account["b"].value
    assert a * a / 4 == pytest.approx(b)  # the nearest data that have a root at all
    assert (a - 5) + a / 2 * (b - 6.5) == pytest.approx(0, abs=1e-9)


def test_a_product_of_three_from_a_start_far_off_and_alike():
    relations = ["x * y * z = a", "x + y + z = b", "x * y = c"]
    account = begun(relations, x=100, y=100, z=1e-4, a=(24, 1), b=(9, 0.1), c=(6, 0.1))
    assert sorted(account[q].value for q in "xyz") == pytest.approx([2, 3, 4])


@pytest.mark.parametrize("start", [0.0, 1e-6, 0.999999, 1.0])
def test_a_chain_of_five_shares_from_poor_starts(start):
    s = mfa.System("chain")
    s.parameter("f0", value=1000, sd=50, lower=0)
    for k in range(1, 6):
        data = {"value": 30, "sd": 3} if k == 5 else {}
        s.parameter(f"f{k}", lower=0, **data)
        data = {"value": 0.6, "sd": 0.02} if k == 5 else {"start": start}
        s.parameter(f"k{k}", lower=0, upper=1, **data)
        s.relate(f"f{k} = k{k} * f{k - 1}")
    account = s.balance()
    assert account.test.chi2 == pytest.approx(0, abs=1e-9)
    assert account["f4"].value == pytest.approx(50)
    assert account["k1"].status == "free"


def test_what_runs_away_is_named():
    s = mfa.System("x")
    s.parameter("a", value=0, sd=0)
    s.parameter("x", start=1, lower=0)
    s.relate("a = 1 / x")
    with pytest.raises(ConvergenceError) as error:
        s.balance()
    texts = [problem.text("en") for problem in error.value.problems]
    assert "a = 1 / x" in texts[1]
    assert "“x”, which nothing keeps from running away" in texts[2]


def test_what_no_datum_keeps_from_running_away_has_no_known_size():
    system, _ = curved_system(4, spread=2.0)  # best where v4 is 0 and v13 = v11 / v4 infinite
    account = system.balance()
    assert account["v4"].value == pytest.approx(0, abs=1e-3)
    assert account["v13"].sd > 1e6 * account["v13"].value
