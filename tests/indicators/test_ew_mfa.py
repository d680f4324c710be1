"""Economy-wide totals against sums done by hand, and the identity they must keep."""

import json
import math
from pathlib import Path

import pytest

from mfa.indicators.ew_mfa import CATEGORIES, TERMS, category, ew_account, gateway, term
from mfa.model.system import System

REFERENCE = Path(__file__).parents[1] / "reference" / "ewmfa_spain_ine_2016.json"


def town(**unknown: bool) -> System:
    """Return a town where every number of the account can be added up by hand."""
    s = System(
        "town", unit="kt/year", periods=["2023"], info={"population": "people", "grdp": "grdp"}
    )
    s.process("fields", sector="agriculture")
    s.process("mill", sector="agriculture")
    s.process("works", sector="construction")
    s.process("homes", sector="households")
    s.material("biomass", mf_code="MF.1")
    s.material("grain", parent="biomass")
    s.material("stone", mf_code="MF.3.6")
    s.material("coal", mf_code="MF.4.1")
    s.material("mixed")
    s.material("smoke", mf_code="MF.7.1")
    s.material("air", mf_code="MF.8.1")
    s.parameter("people", unit="person", value=1000, sd=10)
    s.parameter("grdp", unit="VND/year", value=5e9, sd=0)
    s.flow("harvest", "environment", "fields", material="grain", value=100, sd=4)
    s.flow("grain", "fields", "mill", material="grain")
    s.flow("grain_in", "import", "mill", material="grain", value=20, sd=3)
    s.flow("flour_out", "mill", "export", material="grain", value=50, sd=0)
    s.flow("bread", "mill", "homes", material="grain")
    s.flow(
        "quarried",
        "environment",
        "works",
        material="stone",
        role="domestic_extraction",
        value=300,
        sd=20,
    )
    s.flow("coal_in", "import", "works", material="coal", value=30, sd=2)
    s.flow("oxygen", "environment", "works", material="air", role="balancing", value=60, sd=1)
    s.flow("smoke", "works", "environment", material="smoke", value=90, sd=2)
    s.flow("litter", "homes", "environment", material="mixed", role="dumping")
    s.flow("transit", "import", "export", material="stone", value=999, sd=1)
    s.stock("houses", "works", material="stone")
    if unknown.get("stone_out"):
        s.flow("stone_out", "works", "export", material="stone")
    return s


@pytest.fixture(scope="module")
def economy():
    return ew_account(town().balance(), period="2023", unit="kt/year")


def test_totals_are_the_sums_of_the_flows_that_cross_the_boundary(economy):
    expected = {
        "de": 400,
        "imports": 50,
        "dmi": 450,
        "exports": 50,
        "dmc": 400,
        "ptb": 0,
        "dpo": 160,
        "nas": 300,
        "bi_in": 60,
    }
    got = {key: economy.total(key).estimate.value for key in expected}
    assert got == pytest.approx(expected)


def test_transit_inner_flows_and_other_layers_belong_to_no_term():
    s = town()
    s.layer("water", "m3/year")
    s.flow("tap", "environment", "homes", layer="water")
    belongs = {i: term(s, s.flows[i]) for i in s.flows}
    assert {i for i, key in belongs.items() if key is None} == {"grain", "bread", "transit", "tap"}


def test_categories_come_through_the_material_tree(economy):
    found = {
        k: t.estimate.value for (key, k), t in economy.totals.items() if key == "de" and t.estimate
    }
    assert found == pytest.approx({"MF.1": 100, "MF.3": 300, "total": 400})
    assert economy.total("imports", "MF.4").estimate.value == pytest.approx(30)
    assert economy.total("de", "MF.2").estimate is None


def test_categories_add_up_to_the_total(economy):
    for key in TERMS:
        parts = [economy.total(key, k).estimate for k in CATEGORIES]
        total = economy.total(key).estimate
        assert sum(p.value for p in parts if p) == pytest.approx(total.value if total else 0)


def test_the_identity_closes_with_no_uncertainty(economy):
    assert economy.difference.complete
    assert economy.difference.estimate.value == pytest.approx(0, abs=1e-9)
    assert economy.difference.estimate.sd == pytest.approx(0, abs=1e-6)


def test_sigma_takes_covariance_into_account(economy):
    # harvest ± 4 and quarried ± 20 are independent; DMC's flour_out is a constant.
    assert economy.total("de").estimate.sd == pytest.approx(math.hypot(4, 20))
    assert economy.total("dmc").estimate.sd == pytest.approx(math.sqrt(4**2 + 20**2 + 3**2 + 2**2))


def test_per_person_and_productivity(economy):
    dmc = economy.per_person["dmc"]
    assert (dmc.value, dmc.unit) == (pytest.approx(400_000 / 1000), "t/person/year")
    relative = math.hypot(economy.total("dmc").estimate.sd / 400, 10 / 1000)
    assert dmc.sd / dmc.value == pytest.approx(relative)
    assert economy.per_grdp["dmc"].value == pytest.approx(5e9 / 400_000)


def test_processed_output_by_gateway(economy):
    assert {k: t.estimate.value for k, t in economy.gateways.items()} == pytest.approx(
        {"MF.7.1": 90, "other": 70}
    )


def test_an_unbalanced_process_opens_the_identity_by_what_it_keeps():
    s = System("shop", unit="t/year")
    s.process("shop", balance=False)
    s.flow("in", "import", "shop", value=10, sd=1)
    s.flow("out", "shop", "export", value=7, sd=1)
    economy = ew_account(s.balance(), unit="t/year")
    assert economy.unbalanced == ("shop",)
    assert economy.difference.estimate.value == pytest.approx(3)
    assert economy.difference.estimate.sd == pytest.approx(math.sqrt(2))


def test_unknown_parts_are_named_and_not_made_up():
    economy = ew_account(town(stone_out=True).balance(), period="2023")
    exports, nas = economy.total("exports"), economy.total("nas")
    assert exports.unknown == ("stone_out",)
    assert exports.floor
    assert exports.estimate.value == pytest.approx(50)  # the known rest
    assert exports.lower == pytest.approx(50)
    assert nas.estimate is None
    assert nas.unknown == ("houses.change",)
    assert not economy.total("dmc").complete
    assert not economy.total("dmc").floor  # unknown exports can only lower consumption
    assert "dmc" not in economy.per_person


def test_units_are_converted():
    economy = ew_account(town().balance(), period="2023", unit="t/year")
    assert economy.total("de").estimate.value == pytest.approx(400_000)
    assert economy.total("de").unit == "t/year"


def test_codes_without_dots_and_without_class():
    assert [category(c) for c in ("MF1", "mf.3.6", "MF.5", "MF.71", "x", "")] == [
        "MF.1",
        "MF.3",
        "other",
        "other",
        "other",
        "other",
    ]
    assert [gateway(c) for c in ("MF.7.3", "MF74", "MF.6.1", "MF.2")] == [
        "MF.7.3",
        "MF.7.4",
        "MF.7.2",
        "other",
    ]


def test_published_account_of_spain_2016():
    data = json.loads(REFERENCE.read_text(encoding="utf-8"))["data"]
    s = System("Spain", unit="kt/year")
    s.process("economy", balance=False)
    s.flow("de", "environment", "economy", value=data["DE"], sd=0)
    s.flow("imp", "import", "economy", value=data["IMP"], sd=0)
    s.flow("exp", "economy", "export", value=data["EXP"], sd=0)
    economy = ew_account(s.balance(), unit="kt/year")
    assert economy.total("ptb").estimate.value == pytest.approx(data["PTB"], abs=0.151)
    assert economy.total("dmc").estimate.value == pytest.approx(data["DMC"], abs=0.151)
