"""Contradictions end in an error that names the smallest set of clashing rows, by place."""

import pytest

import mfa
from mfa.errors import ConvergenceError


def fixed_chain():
    s = mfa.System("chain")
    s.process("p")
    s.process("q")
    s.flow("a", "import", "p", value=10, sd=0, place=mfa.Place("Flows", "A3"))
    s.flow("b", "p", "q")
    s.flow("c", "q", "export", value=12, sd=0, place=mfa.Place("Flows", "A5"))
    s.flow("other", "import", "q", value=5, sd=1, upper=1.0)
    return s


def codes(error):
    return sorted(problem.code for problem in error.value.problems)


def test_constants_against_balances():
    s = fixed_chain()
    s.relate("b >= 11.5", place=mfa.Place("Relations", "B4"))
    with pytest.raises(mfa.InfeasibleError) as error:
        s.balance()
    text = str(error.value)
    assert "p" in text
    assert "Flows!A3" in text
    assert "Relations!B4" in text
    assert "Flows!A5" not in text  # the end of the chain has no part in it


def test_bound_is_named():
    s = fixed_chain()
    with pytest.raises(mfa.InfeasibleError) as error:
        s.balance()
    assert codes(error) == [
        "infeasible",
        "part-balance",
        "part-balance",
        "part-constant",
        "part-constant",
        "part-upper",
    ]


def test_two_different_constants_of_one_quantity():
    s = mfa.System("twice")
    s.parameter("x", value=1, sd=0)
    s.observe("x", 2, sd=0, place=mfa.Place("Observations", "C9"))
    with pytest.raises(mfa.InfeasibleError, match="Observations!C9"):
        s.balance()


def test_constant_beyond_its_bounds():
    s = mfa.System("beyond")
    s.parameter("share", value=1.2, sd=0, upper=1)
    with pytest.raises(mfa.InfeasibleError, match="outside its bounds"):
        s.balance()


def test_uncertain_data_never_clash():
    s = mfa.System("soft")
    s.process("p")
    s.flow("a", "import", "p", value=10, sd=1e-3)
    s.flow("b", "p", "export", value=99, sd=1e-3)
    assert s.balance()["a"].value == pytest.approx(54.5)


def test_nonlinear_contradiction_does_not_pass_as_a_result():
    s = mfa.System("square")
    s.parameter("x")
    s.relate("x ^ 2 = -1", place=mfa.Place("Relations", "B3"))
    with pytest.raises((mfa.InfeasibleError, ConvergenceError), match="Relations!B3"):
        s.balance()


def test_impossible_correlations():
    s = mfa.System("correlated")
    for name in "abc":
        s.parameter(name, value=1, sd=1)
    s.correlate("a", "b", 0.9)
    s.correlate("b", "c", 0.9)
    s.correlate("a", "c", -0.9)
    with pytest.raises(mfa.InputError, match="positive definite"):
        s.balance()


def test_constants_that_clash_through_a_product_are_named_at_once():
    """Money in dong (10¹³) beside people (10⁶) and shares must not hide the clash."""
    s = mfa.System("people", unit="t/year")
    s.parameter("grdp", unit="billion VND/year", value=72865, sd=0)
    s.parameter("population", unit="person", value=1166547, sd=0, place=mfa.Place("P", "A3"))
    s.parameter("size", unit="person/household", value=3.576, sd=0, place=mfa.Place("P", "A4"))
    s.parameter("households", unit="household", value=400000, sd=0, place=mfa.Place("P", "A5"))
    s.parameter("other", unit="1", value=2, sd=0.1)
    s.parameter("result", unit="1")
    s.relate("population = size * households", place=mfa.Place("R", "B3"))
    s.relate("result * other = 1")
    with pytest.raises(mfa.InfeasibleError) as error:
        s.balance()
    assert {str(p.place) for p in error.value.problems} == {"None", "P!A3", "P!A4", "P!A5", "R!B3"}
    assert "1166547" in str(error.value)  # not 1.16655e+06


def test_constants_that_clash_two_products_away_are_named():
    s = mfa.System("chain")
    s.parameter("a", value=2, sd=0)
    s.parameter("b")
    s.parameter("c", value=13, sd=0)
    s.parameter("d", value=5, sd=1)
    s.parameter("e")
    s.relate("b = a * 3")
    s.relate("c = a * b")
    s.relate("e = d * c")
    with pytest.raises(mfa.InfeasibleError) as error:
        s.balance()
    assert codes(error) == ["infeasible"] + ["part-constant"] * 2 + ["part-relation"] * 2
