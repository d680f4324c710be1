"""The framework of an eco-industrial park: opened empty, then filled with made-up test numbers.

The numbers are nobody's: round figures that nearly balance, so that the structure is tried as a
consultant would use it.
"""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from mfa.case import Case, open_case
from mfa.formats.tables import write_tables
from mfa.frameworks import create_case, framework_tables
from mfa.vocabulary import ROLES, SECTORS, STAGES
from mfa.workbook.template import write_template

FIRMS = ("agro_food", "textile", "wood", "paper", "chemical", "plastics", "building", "metal",
         "electronics")  # fmt: skip
SIZES = {
    "_materials": 1000, "_fuel": 60, "_products": 880, "_waste": 20, "_hazardous": 2,
    "_solids": 5, "_water": 8000, "_reclaimed": 1000, "_wastewater": 7000, "_power": 500,
    "_steam": 900, "_own_heat": 400,
}  # fmt: skip
SINGLE = {
    "husk_to_steam": 30, "wood_to_pellets": 25, "pellets_to_steam": 22, "ash_to_building": 6,
    "plastic_scrap_recycled": 15, "metal_scrap_recycled": 15, "recycled_plastic": 12,
    "scrap_sold": 40, "waste_paper_recycled": 30, "waste_to_landfill": 90,
    "hazardous_treated": 18, "services_waste": 20, "sludge_to_compost": 20,
    "treated_to_recycling": 12000, "treated_discharged": 60000, "untreated_discharged": 0,
    "city_water_in": 0, "grid_power": 5000, "solar_power": 1500, "cogenerated_power": 400,
    "kiln_heat_to_wood": 150, "raw_water": 90000,
}  # fmt: skip
COUNTS = {
    "firms": 60, "firms_recp": 15, "firms_symbiosis": 6, "land": 200, "land_shared": 56,
    "workers": 9000, "workers_local": 6300, "output_value": 4000, "symbiosis_links": 4,
}  # fmt: skip


def filled() -> dict[str, list[dict]]:
    """Return the tables of the framework with the test numbers filled in."""
    tables = framework_tables("eco-park")
    units = {row["id"]: row["unit"] for row in tables["flows"]}
    sizes = SINGLE | {f"{firm}{end}": size for firm in FIRMS for end, size in SIZES.items()}
    given = {"uncertainty": "5 %", "source": "assumption", "note": "A test number."}
    tables["observations"] = [
        {"id": f"o_{name}", "quantity": name, "value": float(size), "unit": units[name]}
        | (given if size else given | {"uncertainty": "0"})
        for name, size in sizes.items()
    ]
    for row in tables["parameters"]:
        if row["id"] in COUNTS:
            row |= given | {"value": float(COUNTS[row["id"]]), "uncertainty": "0"}
    return tables


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return open_case(write_template(tmp_path_factory.mktemp("park") / "p.xlsx", "vi", filled()))


def test_every_name_stands_in_both_languages():
    for table, rows in framework_tables("eco-park").items():
        for row in rows:
            for column in ("name", "view_name"):
                pair = bool(row.get(f"{column}_en")), bool(row.get(f"{column}_vi"))
                assert pair[0] == pair[1], (table, row)


def test_no_number_is_given():
    """Thresholds and values are the user's to fill in; limits of shares are logic, not data."""
    tables = framework_tables("eco-park")
    assert "observations" not in tables
    assert all("value" not in row for row in tables["parameters"])
    assert {row["lower"] for row in tables["parameters"]} == {0.0}
    assert {row.get("upper") for row in tables["parameters"]} == {None, 100.0}


def test_words_are_those_of_the_lists():
    tables = framework_tables("eco-park")
    assert {r["sector"] for r in tables["processes"] if r.get("sector")} <= set(SECTORS)
    assert {r["stage"] for r in tables["processes"] if r.get("stage")} <= set(STAGES)
    roles = {r["role"] for r in tables["flows"] if r.get("role")}
    assert {"reuse", "recycling", "energy_recovery", "landfill"} <= roles <= set(ROLES)


def test_every_process_takes_and_gives_in_every_layer_it_has():
    tables = framework_tables("eco-park")
    for row in tables["processes"]:
        if row.get("boundary") != "inside":
            continue
        ends = [
            {f["layer"] for f in tables["flows"] if f[end] == row["id"]}
            for end in ("source", "target")
        ]
        assert ends[0] == ends[1], row["id"]


def test_an_empty_park_can_be_balanced(tmp_path):
    create_case(tmp_path / "park", "eco-park", "en")
    assert set(open_case(tmp_path / "park").balance().table["status"]) == {"free"}


def test_a_filled_park_has_no_error(park):
    assert [p.text("vi") for p in park.check() if p.severity == "error"] == []


def test_a_filled_park_closes_every_balance(park):
    residuals = park.balance().residuals
    assert np.abs(residuals["difference"]).max() <= 1e-9 * residuals["in"].max()


def test_criteria_follow_from_the_flows(park):
    account = park.balance()
    assert account["recp_share"].value == pytest.approx(25)
    assert account["shared_land_share"].value == pytest.approx(28)
    assert account["local_share"].value == pytest.approx(70)
    bought = sum(account[k].value for k in ("grid_power", "solar_power", "cogenerated_power"))
    share = account["renewable_share"]
    assert share.value == pytest.approx(100 * account["solar_power"].value / bought)
    assert share.sd > 0
    assert account["treated_share"].value == pytest.approx(100)
    reused = account["treated_to_recycling"].value
    whole = reused + account["treated_discharged"].value
    assert account["water_reuse_share"].value == pytest.approx(100 * reused / whole)
    assert account["charter_share"].status == "free", "nobody said how many signed"
    water = account["water_intensity"]
    assert water.value == pytest.approx(account.evaluate("in(water_works, water)").value / 4000)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_view_is_drawn(park, language):
    for view in park.system.views:
        svg = park.sankey(view, language).svg
        assert len(re.findall("<path", svg)) > 5, view


def test_the_report_is_written(park, tmp_path):
    pages = park.report(tmp_path, ["vi", "en"], ["html"])
    text = "".join(p.read_text(encoding="utf-8") for p in pages if p.suffix == ".html")
    assert "Doanh nghiệp áp dụng sản xuất sạch hơn" in text
    assert "Rooftop solar power" in text


def test_tables_and_workbook_are_the_same_park(park, tmp_path):
    tables = park.tables.plain()
    write_tables(tables, tmp_path)
    names = ("parameters", "relations", "flows")
    for name in names:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            assert len(list(csv.DictReader(stream))) == len(tables[name])
    assert open_case(tmp_path).tables.plain() == tables
