"""The tables of the Hue case: complete, connected, and every number with its source."""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from mfa.formats.tables import read_tables
from mfa.model.quality import parse_spread
from mfa.model.relation import Name, parse_expression, parse_relation, walk
from mfa.vocabulary import SECTORS, STAGES
from mfa.workbook.build import build_system

FOLDER = Path(__file__).parents[1] / "cases" / "hue" / "tables"
SCORES = ("reliability", "completeness", "temporal", "spatial", "other")
OUTSIDE = {"import", "export", "environment"}


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


TABLES = {path.stem: _read(path.stem) for path in sorted(FOLDER.glob("*.csv"))}
VALUED = [row for row in [*TABLES["parameters"], *TABLES["observations"]] if row["value"]]
SOURCES = {row["id"]: row for row in TABLES["sources"]}


def _names(formula: str) -> set[str]:
    statement = parse_relation(formula)
    nodes = [*walk(statement.left), *walk(statement.right)]
    return {node.id for node in nodes if isinstance(node, Name)}


def _expression_names(text: str) -> set[str]:
    return {node.id for node in walk(parse_expression(text)) if isinstance(node, Name)}


def test_the_reader_and_the_builder_find_nothing_wrong():
    _, problems = build_system(read_tables(FOLDER))
    assert [f"{p.place}: {p.code}" for p in problems] == []


def test_the_case_is_as_large_as_the_study_needs():
    inside = [row for row in TABLES["processes"] if row["boundary"] == "inside"]
    coded = [row for row in TABLES["materials"] if row.get("mf_code")]
    assert len(inside) >= 60
    assert len(TABLES["flows"]) >= 250
    assert len(coded) >= 80
    assert len(VALUED) >= 300
    assert {row["sector"] for row in inside} == set(SECTORS)
    assert {row["stage"] for row in inside} == set(STAGES)
    assert {row["layer"] for row in TABLES["flows"]} == {"goods", "water", "electricity"}


@pytest.mark.parametrize(
    "table", ["processes", "materials", "layers", "flows", "stocks", "parameters", "relations"]
)
def test_every_row_has_a_name_in_both_languages_in_composed_letters(table: str):
    for row in TABLES[table]:
        assert row["name_en"], row["id"]
        assert row["name_vi"], row["id"]
        assert unicodedata.is_normalized("NFC", row["name_vi"]), row["id"]


def test_identifiers_are_unique():
    ids = [row["id"] for name in ("flows", "stocks", "parameters") for row in TABLES[name]]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    for table in ("processes", "materials", "observations", "relations", "sources"):
        counts = Counter(row["id"] for row in TABLES[table])
        assert [name for name, count in counts.items() if count > 1] == []


def test_flows_join_known_processes_and_carry_known_materials():
    processes = {row["id"] for row in TABLES["processes"]}
    materials = {row["id"] for row in TABLES["materials"]}
    for row in TABLES["flows"]:
        assert {row["source"], row["target"]} <= processes, row["id"]
        assert not {row["source"], row["target"]} <= OUTSIDE, row["id"]
        assert row["material"] in materials, row["id"]


def test_every_process_can_balance_in_every_layer_it_takes_part_in():
    stocked = {(row["process"], row["layer"]) for row in TABLES["stocks"]}
    into, out_of = defaultdict(list), defaultdict(list)
    for row in TABLES["flows"]:
        into[row["target"], row["layer"]].append(row["id"])
        out_of[row["source"], row["layer"]].append(row["id"])
    for key in {*into, *out_of}:
        if key[0] not in OUTSIDE:
            assert into[key], f"nothing enters {key}"
            assert out_of[key] or key in stocked, f"nothing leaves {key}"


def test_material_codes_follow_the_tree():
    materials = {row["id"]: row for row in TABLES["materials"]}
    for row in materials.values():
        if row["mf_code"]:
            assert re.fullmatch(r"MF\.[1-8](\.[0-9AB])*", row["mf_code"]), row["id"]
        if row["parent"]:
            assert row["mf_code"].startswith(materials[row["parent"]]["mf_code"][:4]), row["id"]


def test_extraction_begins_in_the_environment_and_is_marked():
    for row in TABLES["flows"]:
        if row["layer"] == "goods" and row["source"] == "environment":
            assert row["role"] in ("domestic_extraction", "balancing"), row["id"]
        if row["role"] == "domestic_extraction":
            assert row["source"] == "environment", row["id"]


def test_every_value_has_a_source_scores_year_and_scope():
    for row in VALUED:
        assert row["source"] == "assumption" or row["source"] in SOURCES, row["id"]
        assert all(row[score] in "1234" and row[score] for score in SCORES), row["id"]
        if row["source"].startswith("H"):
            assert row["figure"] == row["source"], row["id"]
            assert row["year"] == SOURCES[row["source"]]["year"], row["id"]
            assert row["scope"] == SOURCES[row["source"]]["scope"], row["id"]


def test_published_figures_carry_title_page_quote_year_scope_and_confidence():
    figures = [row for row in TABLES["sources"] if re.fullmatch(r"H\d{3}", row["id"])]
    assert len(figures) >= 150
    for row in figures:
        for column in ("title", "url", "quote", "year", "scope", "type", "confidence"):
            assert row[column], f"{row['id']} lacks {column}"
        assert row["url"].startswith("http"), row["id"]


def test_coefficients_of_handbooks_say_how_well_they_were_seen():
    for row in TABLES["sources"]:
        if row["id"].startswith("M_"):
            assert re.search(r"tag \[[SCDM]\]", row["note"]), row["id"]
            if "[M]" in row["note"] and "[C]" not in row["note"] and "[S]" not in row["note"]:
                assert row["confidence"] == "low", row["id"]


def test_assumptions_are_wide_and_say_why():
    assumed = [row for row in VALUED if row["source"] == "assumption"]
    for row in assumed:
        assert len(row["note"]) > 10, row["id"]
        value, text = float(row["value"]), row["uncertainty"]
        spread = parse_spread(text, value)
        if text.startswith("["):
            low, high = (float(n) for n in text.strip("[]").split(";"))
            half = (high - low) / 2
        else:
            half = 1.96 * spread.sd
        assert half >= 0.3 * value * (1 - 1e-9), row["id"]
    assert len(assumed) < 0.5 * len(VALUED)


def test_only_counts_and_constants_are_exact():
    exact = {row["id"] for row in VALUED if row["uncertainty"] == "0"}
    for identifier in exact:
        row = next(r for r in VALUED if r["id"] == identifier)
        assert row["source"] in ("CALENDAR", "PHYSICS", "M_CALCITE") or "population" in identifier


def test_formulas_name_known_quantities_and_every_parameter_is_used():
    known = {row["id"] for name in ("flows", "stocks", "parameters") for row in TABLES[name]}
    known |= {f"{row['id']}.change" for row in TABLES["stocks"]}
    used: set[str] = set()
    for row in TABLES["relations"]:
        used |= _names(row["formula"])
    for row in TABLES["observations"]:
        used |= _expression_names(row["quantity"])
        used |= _expression_names(row["factor"]) if row["factor"] else set()
    assert used <= known
    settings = {row["value"] for row in TABLES["case"]}
    idle = {row["id"] for row in TABLES["parameters"]} - used - settings
    assert idle == set()


def test_figures_of_other_years_pass_through_an_explicit_factor():
    for row in TABLES["observations"]:
        units_of_part_years = {"t", "m3", "piece", "kWh", "ster", "USD"}
        if row["unit"] in units_of_part_years:
            assert (
                "_per_year" in row["factor"]
                or "trial_share" in row["factor"]
                or ("twelve" in row["factor"])
            ), row["id"]
            assert "carry" in row["factor"] or re.search(r"_20\d\d", row["factor"]), row["id"]


def test_waste_figures_of_the_small_city_are_scaled_by_people():
    row = next(r for r in TABLES["observations"] if r["figure"] == "H221")
    assert "population / population_small_city" in row["factor"]
    value = float(row["value"]) * 365 * 1166547 / 652572
    assert math.isclose(value, 265_557, rel_tol=0.001)


def test_views_show_whole_city_twelve_sectors_water_and_electricity():
    views = [row["view"] for row in TABLES["views"]]
    order = list(dict.fromkeys(views))
    assert order[0] == "overview"
    assert set(SECTORS) | {"electricity"} <= set(order)
    processes = {row["id"] for row in TABLES["processes"]}
    groups = defaultdict(list)
    for row in TABLES["views"]:
        members = [m.strip() for m in row["members"].split(",")]
        assert set(members) <= processes, row["group"]
        groups[row["view"]] += members
    for view, members in groups.items():
        assert len(members) == len(set(members)), view
    inside = {row["id"] for row in TABLES["processes"] if row["boundary"] == "inside"}
    goods = {
        row[end]
        for row in TABLES["flows"]
        if row["layer"] == "goods"
        for end in ("source", "target")
    }
    assert set(groups["overview"]) == inside & goods
    assert 12 <= views.count("overview") <= 18
