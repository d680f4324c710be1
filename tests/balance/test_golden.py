"""The worked numbers of the method papers (two flows, a chain, a transfer coefficient)."""

import pytest

import mfa


def test_two_flows_of_one_process():
    s = mfa.System("golden 1")
    s.process("p")
    s.flow("in_", "import", "p", value=100, sd=5)
    s.flow("out_", "p", "export", value=110, sd=5)
    a = s.balance()
    assert a["in_"].value == pytest.approx(105)
    assert a["out_"].sd == pytest.approx(3.5355, abs=5e-5)
    assert a.test.chi2 == pytest.approx(2.0)


def test_chain_with_an_unmeasured_end():
    s = mfa.System("golden 2")
    s.process("a")
    s.process("b")
    s.flow("F1", "import", "a", value=100, sd=10)
    s.flow("F2", "a", "export", value=60, sd=3)
    s.flow("F3", "a", "b", value=30, sd=3)
    s.flow("F4", "b", "export", value=20, sd=2)
    s.flow("F5", "b", "environment")
    a = s.balance()
    want = {
        "F1": (91.5254, 3.9057),
        "F2": (60.7627, 2.8833),
        "F3": (30.7627, 2.8833),
        "F4": (20, 2),
        "F5": (10.7627, 3.5091),
    }
    for name, (value, sd) in want.items():
        assert a[name].value == pytest.approx(value, abs=5e-5)
        assert a[name].sd == pytest.approx(sd, abs=5e-5)
    assert a["F4"].status == "measured"
    assert a["F5"].status == "determined"
    assert a.test.chi2 == pytest.approx(0.84746, abs=5e-6)
    assert a.test.dof == 1
    assert a.test.p_value == pytest.approx(0.35727, abs=5e-6)
    tested = a.observations.set_index("quantity")["normalised"]
    assert tested[["F1", "F2", "F3"]].tolist() == pytest.approx([0.92058] * 3, abs=1e-5)


def test_transfer_coefficient():
    s = mfa.System("golden 3")
    s.process("p")
    s.flow("F1", "import", "p", value=100, sd=5)
    s.flow("F2", "p", "export", value=42, sd=3)
    s.flow("F3", "p", "environment")
    s.transfer_coefficient("TC", "F2", value=0.38, sd=0.02)
    a = s.balance()
    want = {
        "F1": (102.3074, 4.4058),
        "F2": (39.8684, 2.0568),
        "TC": (0.389692, 0.017361),
        "F3": (62.4390, 3.6492),
    }
    for name, (value, sd) in want.items():
        assert a[name].value == pytest.approx(value, abs=6e-5)
        assert a[name].sd == pytest.approx(sd, abs=6e-5)
    assert a.test.chi2 == pytest.approx(0.95267, abs=5e-6)
    assert a.solution.iterations <= 10


def test_the_weight_is_the_inverse_variance_not_the_inverse_sd():
    """10 ± 1 and 20 ± 2 of one quantity meet at 12, not at 13.33."""
    s = mfa.System("weights")
    s.parameter("x", value=10, sd=1)
    s.observe("x", 20, sd=2)
    assert s.balance()["x"].value == pytest.approx(12.0)


def test_a_shared_factor_correlates_what_it_multiplies():
    s = mfa.System("shared factor")
    s.process("homes")
    s.parameter("people", value=1000, sd=100, unit="person")
    for k, rate in enumerate((0.3, 0.5)):
        s.flow(f"waste{k}", "homes", "environment")
        s.observe(f"waste{k}", rate, sd=0.0, unit="t/person/year", factor="people")
    s.flow("goods", "import", "homes")
    a = s.balance()
    assert a["goods"].value == pytest.approx(800)
    assert a["goods"].sd == pytest.approx(80)  # fully correlated: 30 + 50, not the root of squares
    assert a["waste0"].input == pytest.approx(300)
    assert a["waste0"].status == "measured"


def test_a_stock_is_carried_from_period_to_period():
    s = mfa.System("stocks", periods=[2022, 2023, 2024])
    s.process("silo")
    for period, into, out in ((2022, 50, 40), (2023, 60, 45), (2024, 30, 35)):
        s.flow("rice_in", "import", "silo", period=str(period), value=into, sd=1)
        s.flow("rice_out", "silo", "export", period=str(period), value=out, sd=1)
    s.stock("rice", "silo", value=100, sd=1, period=2021, unit="t")
    s.stock("rice", "silo", value=121, sd=1, period=2024)
    a = s.balance()
    levels = [a["rice", p].value for p in ("2021", "2022", "2023", "2024")]
    changes = [a["rice.change", p].value for p in ("2022", "2023", "2024")]
    flows = [a["rice_in", p].value - a["rice_out", p].value for p in ("2022", "2023", "2024")]
    assert changes == pytest.approx(flows)
    assert [b - c for b, c in zip(levels[1:], levels, strict=False)] == pytest.approx(changes)
    assert levels[0] == pytest.approx(100 + 1 / 8)
    assert a.test.dof == 1


def test_regions_add_up_to_their_parent():
    s = mfa.System("regions", regions={"city": ["north", "south"]})
    s.process("market")
    s.flow("food_in", "import", "market")
    s.flow("food_out", "market", "environment")
    s.observe("food_in", 100, sd=3, region="city")
    s.observe("food_in", 40, sd=2, region="north")
    s.observe("food_in", 55, sd=2, region="south")
    a = s.balance()
    parts = [a["food_in", r].value for r in ("north", "south")]
    assert sum(parts) == pytest.approx(a["food_in", "city"].value)
    assert a["food_out", "south"].status == "determined"
    assert a.test.dof == 1


def test_several_chained_products_and_a_power():
    s = mfa.System("chain")
    for name, value in (("a", 2.0), ("b", 3.0), ("c", 4.0)):
        s.parameter(name, value=value, sd=0.1 * value)
    s.parameter("abc", value=26, sd=2)
    s.parameter("root", lower=0.0)
    s.relate("abc = a * b * c")
    s.relate("root ^ 2 = abc / (a + b)")
    x = s.balance()
    assert x["abc"].value == pytest.approx(x["a"].value * x["b"].value * x["c"].value)
    ratio = x["abc"].value / (x["a"].value + x["b"].value)
    assert x["root"].value == pytest.approx(ratio**0.5)
    assert x["root"].status == "determined"


@pytest.mark.parametrize("start", [0.01, 0.5, 3.0, 50.0])
def test_poor_starts_converge(start):
    s = mfa.System("poor start")
    s.parameter("k", lower=0.0, start=start)
    s.parameter("y", value=8.0, sd=0.1)
    s.relate("k ^ 3 = y")
    assert s.balance()["k"].value == pytest.approx(2.0)
