"""The next datum: the closed form is what balancing with that datum gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfa
from tests.balance.networks import random_network, system_of

quick = settings(max_examples=25, deadline=None, derandomize=True)


def city(extra=()):
    """Two processes, a share, two unknown flows; extra data as (quantity, value, sd)."""
    system = mfa.System("city")
    for name in ("mill", "farm"):
        system.process(name)
    system.flow("rice", "import", "mill", value=100, sd=5)
    system.flow("bran", "mill", "farm", value=12, sd=4)
    system.flow("husk", "mill", "export")
    system.flow("flour", "mill", "export", value=66, sd=3)
    system.parameter("share", value=0.2, sd=0.05)
    system.relate("husk = share * rice")
    system.flow("manure", "farm", "environment")
    system.flow("feed", "import", "farm")
    for number, (quantity, observed, sd) in enumerate(extra):
        system.observe(quantity, observed, sd=sd, id=f"new{number}")
    return system.balance()


def sd_of(account, target):
    return account.evaluate(target).sd


@pytest.mark.parametrize("target", ["husk", "share", "husk / rice", "flour + bran"])
def test_after_is_the_sigma_of_a_balance_with_that_datum(target):
    account = city()
    table = account.next_data(20, target)
    assert len(table) >= 4
    for row in table.to_dict("records"):
        again = city([(row["id"], row["value"], row["datum_sd"])])
        assert sd_of(again, target) == pytest.approx(row["after"], rel=1e-6)
        assert row["before"] == pytest.approx(sd_of(account, target))
        exact = city([(row["id"], row["value"], 1e-7 * row["sd"])])
        assert sd_of(exact, target) == pytest.approx(row["floor"], abs=1e-5 * row["before"])


@quick
@given(st.integers(0, 10**6))
def test_closed_form_on_random_networks(seed):
    network = random_network(seed, 5, 14, 0.7)
    if not network[1]:
        return
    account = system_of(network).balance()
    known = account.table[(account.table["status"] != "free") & (account.table["sd"] > 1e-6)]
    if known.empty:
        return
    target = known["id"].iloc[seed % len(known)]
    row = account.next_data(1, target).iloc[0]
    system = system_of(network)
    system.observe(row["id"], row["value"], sd=row["datum_sd"], id="new")
    assert system.balance()[target].sd == pytest.approx(row["after"], rel=1e-6)


def test_ranked_by_what_is_left():
    table = city().next_data(20, "husk")
    assert table["after"].is_monotonic_increasing
    assert (table["after"] < table["before"]).all()
    assert (table["floor"] <= table["after"]).all()
    assert table["gain"].to_numpy() == pytest.approx(1 - table["after"] / table["before"])
    assert len(city().next_data(2, "husk")) == 2
    assert table.attrs == {"target": "husk", "unit": "t/year"}


def test_a_better_datum_narrows_more():
    rough, fine = (city().next_data(1, "husk", precision=p)["after"][0] for p in (0.2, 0.02))
    assert fine < rough


def test_a_free_target_is_settled_by_a_member_of_its_group():
    account = city()
    table = account.next_data(9, "manure")
    assert sorted(table["id"]) == ["feed", "manure"]
    assert set(table["settles"]) == {"manure, feed"}
    assert np.isinf(table["before"]).all()
    assert (table["gain"] == 1).all()
    for row in table.to_dict("records"):
        again = city([(row["id"], 40, row["datum_sd"])])
        assert again["manure"].sd == pytest.approx(row["after"], rel=1e-6)


def test_a_free_formula_that_one_datum_settles():
    account = city()
    assert account.evaluate("manure - feed").status == "determined"
    table = account.next_data(9, "manure + 3 * feed")
    feed = table[table["id"] == "feed"].iloc[0]
    again = city([("feed", 40, feed["datum_sd"])])
    assert sd_of(again, "manure + 3 * feed") == pytest.approx(feed["after"], rel=1e-6)


def test_a_formula_that_no_single_datum_settles():
    system = mfa.System("open")
    system.process("p")
    for name in ("a", "b", "c"):
        system.flow(name, "p", "export")
    system.flow("in", "import", "p", value=10, sd=1)
    assert system.balance().next_data(5, "a + 2 * b").empty


def test_by_default_unknown_groups_come_first_and_are_named_once():
    table = city().next_data(9)
    assert table["id"][0] == "manure"
    assert table["settles"][0] == "manure, feed"
    assert (table["settles"][1:] == "").all()
    assert table["after"].is_monotonic_increasing
    assert table.attrs["unit"] == "1"


def test_the_default_is_the_mean_relative_sigma_of_the_key_flows():
    system = mfa.System("two")
    for name, value, sd in (("a", 100, 10), ("b", 50, 10)):
        system.process(name)
        system.flow(f"{name}_in", "import", name, value=value, sd=sd)
        system.flow(f"{name}_out", name, "export")
    table = system.balance().next_data(9)
    assert table["before"][0] == pytest.approx((0.1 + 0.1 + 0.2 + 0.2) / 4)
    b = table[table["id"] == "b_in"].iloc[0]
    left = (100 - 100**2 / (100 + 5**2)) ** 0.5 / 50
    assert b["after"] == pytest.approx((0.2 + 2 * left) / 4)
    assert b["floor"] == pytest.approx(0.2 / 4)


def test_a_certain_result_needs_nothing():
    system = mfa.System("certain")
    system.process("p")
    system.flow("a", "import", "p", value=10, sd=0)
    system.flow("b", "p", "export")
    account = system.balance()
    assert account.next_data(target="b").empty
    assert account.next_data().empty


def test_periods_are_named():
    system = mfa.System("years", periods=["2022", "2023"])
    system.process("p")
    system.flow("a", "import", "p")
    system.flow("b", "p", "export")
    for period in ("2022", "2023"):
        system.observe("a", 10, sd=1, period=period)
    account = system.balance()
    table = account.next_data(5, "b[2023]")
    assert set(table["period"]) == {"2023"}
    assert len(account.next_data(5, "b", period="2022")) == 2
    with pytest.raises(mfa.InputError, match="b"):
        account.next_data(5, "b")


@pytest.mark.parametrize(("n", "precision"), [(0, 0.1), (5, 0.0), (5, -1.0), (5, float("nan"))])
def test_senseless_questions_are_refused(n, precision):
    with pytest.raises(mfa.InputError, match="positive"):
        city().next_data(n, "husk", precision)


def test_the_same_question_has_the_same_answer():
    first, second = city().next_data(9), city().next_data(9)
    assert first.equals(second)
