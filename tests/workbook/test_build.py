"""From tables to a system: what is right is built, what is wrong is named with its exact cell."""

import copy

import pytest

from mfa.errors import Place
from mfa.formats.bulk import MOST_REPORTED
from mfa.formats.large import build_large
from mfa.formats.tables import read_tables
from mfa.workbook.build import build_system
from mfa.workbook.checks import MOST_OF_A_KIND
from mfa.workbook.raw import Cell, RawTables, Row
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL, write_small

ADDED = {
    "case": [{"key": "populaton", "value": "x"}, {"key": "grdp", "value": "dân_số"}],
    "processes": [
        {"id": "mill", "name_vi": "Lần nữa"},
        {"id": "nhà máy", "stage": "conversoin", "sector": "agricultur"},
        {"id": "idle", "boundary": "inside"},
    ],
    "layers": [{"id": "energy", "unit": "bushel"}, {"id": "carbon"}],
    "materials": [{"id": "straw", "parent": "ryce", "moisture": 14.0}],
    "flows": [
        {"id": "f1", "source": "feilds", "target": "mill", "material": "rice"},
        {"id": "f2", "source": "mill", "material": "rice"},
        {"id": "f3", "source": "mill", "target": "mill", "material": "husk", "layer": "wader"},
        {"id": "paddy", "source": "mill", "target": "people", "lower": 5.0, "upper": 1.0},
        {"id": "1st", "source": "fields", "target": "people", "period": "2032"},
        {"id": "f4", "source": "fields", "target": "people", "unit": "tấnn", "region": "Huế"},
    ],
    "stocks": [{"id": "rice_per_person", "process": "people"}],
    "parameters": [
        {"id": "p1", "value": "nhiều", "unit": "kg", "source": "yearbook", "reliability": 1.0},
        {"id": "p2", "value": 1.0, "reliability": 5.0, "year": "20233"},
        {"id": "p3", "value": 5.0, "upper": 1.0, "source": "yearbok", "uncertainty": "5 m3",
         "unit": "t"},
        {"id": "p4", "value": 120.0, "unit": "%", "uncertainty": "about 3", "source": "assumption"},
        {"id": "p5", "value": 1.0, "source": "yearbook"},
    ],
    "observations": [
        {"id": "o5", "quantity": "paddy", "value": -3.0, "source": "yearbook", "spatial": 1.0},
        {"id": "o6", "quantity": "harvst", "source": "yearbook", "spatial": 1.0},
        {"id": "o7", "quantity": "paddy", "value": 3.0, "unit": "m3/year", "source": "yearbook",
         "figure": "H16", "spatial": 1.0, "layer": "water"},
        {"id": "o8", "quantity": "eaten +", "value": 3.0, "source": "yearbook", "spatial": 1.0},
        {"id": "o9", "quantity": "eaten", "value": 3.0, "factor": "polulation",
         "source": "yearbook", "spatial": 1.5},
    ],
    "relations": [
        {"id": "r3", "formula": "eaten = 2 * (paddy"},
        {"id": "r4", "formula": "eaten = husk_shar * in(mil) + sum(rize)"},
        {"id": "r5", "formula": "eaten = population"},
        {"id": "r6", "formula": "f2 = 0.5 * f1"},
    ],
    "sources": [{"id": "s3", "type": "blog", "confidence": "cao", "year": "1023"}],
    "views": [
        {"view": "overview", "group": "rest", "members": "mill, mil, sector:waste", "column": 1.5},
        {"view": "overview", "group": "x", "members": "mill, sector:forestri, kind:a"},
    ],
}  # fmt: skip

FOUND = """
error no-regions Thông tin chung!B10
warning unknown-setting Thông tin chung!A19
error unknown-parameter Thông tin chung!B15
error id-duplicate Quá trình!A6
error bad-id Quá trình!A7
warning unknown-choice Quá trình!D7
error unknown-choice Quá trình!E7
warning process-unused Quá trình!A8
error unknown-unit Lớp!D4
error missing-value Lớp!D5
warning material-unused Vật liệu!A5
error unknown-material Vật liệu!D5
error share-range Vật liệu!F5
error unknown-process Dòng!D7
error missing-value Dòng!E8
warning flow-to-itself Dòng!E9
error unknown-layer Dòng!G9
error id-duplicate Dòng!A10
error limits-crossed Dòng!J10
error bad-id Dòng!A11
error unknown-period Dòng!L11
error unknown-unit Dòng!H12
error unknown-region Dòng!M12
error id-duplicate Tham số!A5
error bad-number Tham số!E6
warning missing-source Tham số!G7
error year-range Tham số!I7
error score-range Tham số!K7
error outside-limits Tham số!E8
error unit-mismatch Tham số!F8
error unknown-source Tham số!G8
warning above-hundred Tham số!E9
error uncertainty-unreadable Tham số!F9
warning assumption-without-note Tham số!T9
warning no-quality Tham số!F10
error negative-value Số liệu!C7
error unknown-quantity Số liệu!B8
error missing-value Số liệu!C8
warning unknown-figure Số liệu!H9
error other-layer Số liệu!R9
error wrong-dimension Số liệu!D9
error formula-operand Số liệu!B10
error unknown-quantity Số liệu!E11
error score-range Số liệu!N11
error formula-expected Quan hệ!B5
error unknown-quantity Quan hệ!B6
error unknown-process Quan hệ!B6
error unknown-material Quan hệ!B6
error wrong-dimension-sum Quan hệ!B7
error missing-value Nguồn!B5
error year-range Nguồn!D5
error unknown-choice Nguồn!H5
error double-group Góc nhìn!F5
error unknown-process Góc nhìn!I5
warning unknown-member Góc nhìn!I5
error not-whole Góc nhìn!J5
error double-member Góc nhìn!I6
error unknown-member Góc nhìn!I6
error unknown-member Góc nhìn!I6
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return build_system(read_workbook(write_small(tmp_path_factory.mktemp("a") / "a.xlsx")))


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    tables = copy.deepcopy(SMALL)
    for name, rows in ADDED.items():
        tables[name] += rows
    path = write_template(tmp_path_factory.mktemp("b") / "b.xlsx", "vi", tables)
    return build_system(read_workbook(path))


def test_a_sound_workbook_gives_no_word_of_blame(clean):
    system, problems = clean
    assert problems == []
    assert [system.title(language) for language in ("vi", "en")] == ["Lúa gạo ở Huế", "Rice in Hue"]
    assert (system.periods, system.population, system.unit) == (("2023",), "population", "t/year")


def test_every_row_arrives_with_its_place(clean):
    system, _ = clean
    assert list(system.flows) == ["harvest", "paddy", "eaten", "husk_out"]
    flow = system.flows["husk_out"]
    assert (flow.source, flow.target, flow.material, flow.period) == (
        "mill", "export", "husk", "2023")  # fmt: skip
    assert str(flow.place) == "Dòng!A6"
    assert system.flows["paddy"].upper == 1e6
    assert system.processes["people"].balance is False
    assert system.processes["people"].sector == "pottery"
    assert system.materials["rice"].moisture == 0.14
    assert system.stocks["silo"].process == "mill"
    assert system.sources["H015"].quote == "“334.747 tấn” <thóc> & lúa"
    observation = system.observations["o1"]
    assert (observation.value, observation.sd, observation.reliability, observation.spatial) == (
        334747.0, pytest.approx(33474.7), 1, 2)  # fmt: skip
    assert str(observation.place) == "Số liệu!C3"
    assert system.observations["o2"].factor == "population"
    assert system.observations["population#1"].sd == 0
    assert system.observations["husk_share#1"].sd == pytest.approx(1.5 / 1.96)
    assert str(system.relations["r1"].place) == "Quan hệ!B3"
    view = system.views["overview"]
    assert [(g.id, g.members, g.column) for g in view.groups] == [
        ("farm", ("sector:agriculture",), 1), ("rest", ("*",), 2)]  # fmt: skip
    assert view.colour_by == "sector"


def test_every_planted_mistake_is_found_in_its_cell_and_nothing_else(spoilt):
    _, problems = spoilt
    found = sorted(f"{p.severity} {p.code} {p.place}" for p in problems)
    expected = sorted(line.strip() for line in FOUND.strip().splitlines())
    assert found == expected


def test_problems_come_in_the_order_of_sheets_and_rows(spoilt):
    _, problems = spoilt
    sheets = list(dict.fromkeys(p.place.sheet for p in problems))
    assert sheets == ["Thông tin chung", "Quá trình", "Lớp", "Vật liệu", "Dòng", "Tham số",
                      "Số liệu", "Quan hệ", "Nguồn", "Góc nhìn"]  # fmt: skip
    rows = [p.place.row for p in problems if p.place.sheet == "Dòng"]
    assert rows == sorted(rows)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_problem_can_be_said(spoilt, language):
    for problem in spoilt[1]:
        assert "{" not in problem.text(language)


def test_suggestions_are_blind_to_accents_and_small_slips(spoilt):
    said = {str(p.place): p.text("en") for p in spoilt[1]}
    assert "Did you mean “fields”?" in said["Dòng!D7"]
    assert "Did you mean “harvest”?" in said["Số liệu!B8"]
    assert "Did you mean “conversion”?" in said["Quá trình!E7"]
    assert "Did you mean “population”?" in said["Số liệu!E11"]


def test_what_is_right_is_built_beside_what_is_wrong(spoilt):
    system, _ = spoilt
    assert {"harvest", "paddy", "eaten", "f3", "f4"} <= set(system.flows)
    assert "f1" not in system.flows
    assert "r2" in system.relations
    assert not {"r3", "r4"} & set(system.relations)


def build(tmp_path, **tables):
    path = write_template(tmp_path / "a.xlsx", "en", SMALL | tables)
    system, problems = build_system(read_workbook(path))
    return system, [(p.code, str(p.place)) for p in problems]


def case_with(**settings):
    kept = [row for row in SMALL["case"] if row["key"] not in settings]
    return [*kept, *({"key": key, "value": value} for key, value in settings.items())]


def test_regions_with_a_parent_become_a_tree(tmp_path):
    system, problems = build(tmp_path, case=case_with(regions="Huế: A Lưới, Phú Lộc"))
    assert system.regions == ("Huế", "A Lưới", "Phú Lộc")
    assert system.region_tree == {"Huế": ("A Lưới", "Phú Lộc")}
    assert problems == []


def test_regions_side_by_side_have_no_parent(tmp_path):
    system, _ = build(tmp_path, case=case_with(regions="Bắc, Nam"))
    assert (system.regions, system.region_tree) == (("Bắc", "Nam"), {})


def test_regions_half_with_a_parent_are_not_understood(tmp_path):
    _, problems = build(tmp_path, case=case_with(regions="Huế: A Lưới; Đà Nẵng"))
    assert problems == [("regions-unreadable", "Case!B10")]


def test_periods_follow_the_case_sheet(tmp_path):
    system, problems = build(tmp_path, case=case_with(periods="2022, 2023, 2022"))
    assert system.periods == ("2022", "2023")
    assert problems == [("double-label", "Case!B9")]


def test_a_parameter_may_repeat_for_its_periods(tmp_path):
    rows = [
        {"id": "x", "value": v, "period": p, "unit": "t", "uncertainty": "1", "source": "yearbook"}
        for v, p in ((1.0, "2022"), (2.0, "2023"), (3.0, "2023"))
    ]
    system, problems = build(
        tmp_path, case=case_with(periods="2022, 2023"), parameters=[*SMALL["parameters"], *rows]
    )
    assert problems == [("id-duplicate", "Parameters!A8")]
    assert [r.period for r in system.parameters.rows() if r.id == "x"] == ["2022", "2023"]


def test_a_stock_may_be_observed_when_the_account_opens(tmp_path):
    rows = [{"id": f"n{k}", "quantity": q, "value": 5.0, "unit": u, "uncertainty": "1",
             "period": "2022", "source": "yearbook"}
            for k, (q, u) in enumerate([("silo", "t"), ("paddy", "t/year")])]  # fmt: skip
    _, problems = build(tmp_path, observations=[*SMALL["observations"], *rows])
    assert problems == [("unknown-period", "Observations!P8")]


def test_without_a_table_of_materials_any_name_is_a_material(tmp_path):
    system, problems = build(tmp_path, materials=[])
    assert problems == []
    assert set(system.materials) == {"rice", "husk"}


def test_a_sao_needs_its_region(tmp_path):
    parameter = {"id": "area", "value": 3.0, "unit": "sào", "uncertainty": "1",
                 "source": "yearbook"}  # fmt: skip
    rows = [*SMALL["parameters"], parameter]
    _, problems = build(tmp_path, parameters=rows)
    assert [place for _, place in problems] == ["Parameters!D6"]
    system, problems = build(tmp_path, parameters=rows, case=case_with(sao_region="central"))
    assert problems == []
    assert "area" in system.parameters


def test_the_built_system_balances(clean):
    account = clean[0].balance()
    eaten = account["eaten"]
    assert eaten.status == "reconciled"
    assert eaten.value > 0


def test_a_row_that_says_the_same_twice_is_a_doubt():
    row = {"quantity": "harvest", "value": 334747.0, "unit": "t/year", "source": "yearbook",
           "uncertainty": "10 %"}  # fmt: skip
    rows = [row | {"id": "p"}, row | {"id": "q"}, row | {"id": "r", "source": "H015"}]
    place = Place("Số liệu", "B3")
    raw = {
        name: [Row({k: Cell(v, place) for k, v in r.items()}, place) for r in table]
        for name, table in (SMALL | {"observations": rows}).items()
    }
    _system, problems = build_system(RawTables(raw))
    assert [p.code for p in problems].count("double-row") == 1


def test_thousands_of_problems_of_a_kind_are_counted_not_listed(tmp_path):
    (tmp_path / "flows.csv").write_text("id,source,target\na,import,export\n", encoding="utf-8")
    n = 2 * MOST_OF_A_KIND
    rows = "".join(f"o{i},a{i},1,kilo{i},s{i}\n" for i in range(n))
    head = "id,quantity,value,unit,source\n"
    (tmp_path / "observations.csv").write_text(head + rows, encoding="utf-8")
    _, problems = build_system(read_tables(tmp_path))
    for code in ("unknown-unit", "unknown-quantity", "unknown-source"):
        found = [p for p in problems if p.code == code]
        assert len(found) == MOST_OF_A_KIND + 1
        assert found[-1].values == {"n": n - MOST_OF_A_KIND}
        assert found[-1].severity == "error"


def test_a_large_table_that_is_wrong_in_every_row(tmp_path):
    (tmp_path / "flows.csv").write_text("id,source,target\na,import,export\n", encoding="utf-8")
    rows = "".join(f"o{i},a,1,kilo{i},assumption\n" for i in range(500))
    head = "id,quantity,value,unit,source\n"
    (tmp_path / "observations.csv").write_text(head + rows, encoding="utf-8")
    _, problems = build_large(tmp_path)
    units = [p for p in problems if p.code == "unknown-unit"]
    assert len(units) == MOST_REPORTED + 1
    assert "Only the first" in units[-1].text()
