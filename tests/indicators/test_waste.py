"""Destinations of waste: one denominator, residues of treatment apart, unknown parts said."""

import pytest

from mfa.indicators.waste import destination_flows, waste_vectors
from mfa.model.system import System


def city(burned: float | None = 10) -> System:
    s = System("city", unit="t/year")
    s.process("homes", sector="households")
    s.process("farm", sector="agriculture")
    s.process("lorries", sector="waste")
    s.process("furnace", sector="waste")
    s.process("landfill", sector="waste")
    s.flow("goods", "import", "homes")
    s.flow("straw_grown", "environment", "farm")
    s.flow("straw_fed", "farm", "export", role="feed", value=40, sd=4)
    s.flow("bins", "homes", "lorries")
    s.flow("to_furnace", "lorries", "furnace", role="energy_recovery", value=60, sd=3)
    s.flow("to_landfill", "lorries", "landfill", role="landfill", value=100, sd=5)
    s.flow("slag", "furnace", "landfill", role="landfill", value=15, sd=2)
    s.flow("flue", "furnace", "environment")
    s.stock("heap", "landfill")
    value = {} if burned is None else {"value": burned, "sd": 1}
    s.flow("backyard", "homes", "environment", role="burning", **value)
    return s


def test_shares_add_up_to_one_and_slag_does_not_count_twice():
    total = waste_vectors(city().balance(), unit="t/year")[0]
    assert total.totals["all"].estimate.value == pytest.approx(210)
    assert sum(share.value for share in total.shares.values()) == pytest.approx(1)
    assert total.shares["landfill"].value == pytest.approx(100 / 210)


def test_residues_leave_a_treatment_plant_of_the_waste_sector():
    primary, residues = destination_flows(city())
    assert residues == ["slag"]
    assert primary == {
        "agriculture": ["straw_fed"],
        "waste": ["to_furnace", "to_landfill"],
        "households": ["backyard"],
    }


def test_sectors_add_up_to_the_city():
    total, *sectors = waste_vectors(city().balance(), unit="t/year")
    assert sum(v.totals["all"].estimate.value for v in sectors) == pytest.approx(
        total.totals["all"].estimate.value
    )


def test_an_unknown_destination_is_left_out_of_both_sides():
    total = waste_vectors(city(burned=None).balance(), unit="t/year")[0]
    assert total.totals["all"].unknown == ("backyard",)
    assert "burning" not in total.shares
    assert total.shares["landfill"].value == pytest.approx(100 / 200)


def test_share_of_independent_flows_has_the_sigma_of_first_order():
    s = System("two", unit="t/year")
    s.process("bin", sector="waste")
    s.flow("in", "import", "bin")
    s.flow("a", "bin", "environment", role="dumping", value=30, sd=3)
    s.flow("b", "bin", "export", role="recycling", value=70, sd=4)
    share = waste_vectors(s.balance(), unit="t/year")[0].shares["recycling"]
    # d(b/(a+b)) = (a db − b da)/(a+b)²
    expected = ((30 * 4) ** 2 + (70 * 3) ** 2) ** 0.5 / 100**2
    assert share.sd == pytest.approx(expected)


def test_a_city_without_roles_has_no_vector():
    s = System("plain", unit="t/year")
    s.process("mill")
    s.flow("in", "import", "mill", value=1, sd=1)
    s.flow("out", "mill", "export")
    assert waste_vectors(s.balance(), unit="t/year") == ()
