"""Slips of a busy day in one workbook: each is found at its cell, in words, in every output.

Next to them stand spellings that are no mistakes (other Unicode forms, invisible characters), which
must raise nothing.
"""

from __future__ import annotations

import copy
import datetime
import json
import unicodedata

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from mfa.case import open_case
from mfa.cli import cli
from mfa.workbook.rows import letters
from mfa.workbook.schema import sheet
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL

STATED = {"source": "yearbook", "spatial": 1.0}
ROWS = {
    "processes": [
        {"id": "nhà_máy_Đường", "sector": "industry"},
        {"id": "kho", "balance": "no"},
        {"id": "lò_gạch", "stage": "convertion"},
        {"id": "bãi rác", "sector": "waste"},
        {"id": "xưởng", "sector": "industry"},
    ],
    "materials": [
        {"id": "mía", "parent": "đường_mía", "moisture": 72.0},
        {"id": "đường_mía", "parent": "mía"},
    ],
    "flows": [
        {"id": "mía_vào", "source": "import", "material": "mía",
         "target": unicodedata.normalize("NFD", "nhà_máy_Đường")},
        {"id": "đường_ra", "source": "nhà_\u200bmáy_Ðường", "target": "kho\u00a0",
         "material": "đường_mía"},
        {"id": "gạch", "source": "import", "target": "lo gach", "material": "mía"},
        {"id": "lặp", "source": "kho", "target": "kho", "material": "mía"},
        {"id": "đất", "source": "import", "target": "xưởng", "material": "mía"},
        {"id": "ngược", "source": "kho", "target": "export", "material": "mía", "lower": 9.0,
         "upper": 3.0},
        {"id": "lớp_lạ", "source": "kho", "target": "export", "material": "mía", "layer": "watr"},
        {"id": "mía_vào", "source": "import", "target": "kho", "material": "mía"},
        {"id": "cụt", "source": "kho", "material": "mía"},
    ],
    "stocks": [{"id": "kho_mía", "process": "kho", "material": "mía", "unit": "m3"}],
    "parameters": [
        {"id": "tỷ_lệ", "value": 250.0, "unit": "%", **STATED},
        {"id": "hao_hụt", "value": 12.0, "uncertainty": "[1; 2]", **STATED},
        {"id": "mức_ăn", "value": 3.0, "unit": "kg/ngừoi", **STATED},
        {"id": "cũ", "value": 1.0, "year": "0203", **STATED},
    ],
    "observations": [
        {"id": "o1", "quantity": "mía_vào", "value": 4.0, **STATED},
        {"id": "m2", "quantity": "mía_vào", "value": 5.0, "unit": "m3/year", **STATED},
        {"id": "m3", "quantity": "mía_váo", "value": 6.0, **STATED},
        {"id": "m4", "quantity": "đường_ra", "value": -1.0, **STATED},
        {"id": "m5", "quantity": "đường_ra", "value": 7.0, "spatial": 1.0},
        {"id": "m6", "quantity": "đường_ra", "value": 8.0, "source": "assumption",
         "spatial": 2.0},
        {"id": "m7", "quantity": "đường_ra", "value": 9.0, "source": "yearbook"},
        {"id": "m8", "quantity": "đường_ra", "value": 10.0, "period": "2032", **STATED},
        {"id": "m9", "quantity": "đường_ra", "value": 11.0, "uncertainty": "độ mười", **STATED},
        {"id": "m10", "quantity": "đường_ra", "value": 12.0, "year": "2023-2019", **STATED},
        {"id": "m11", "quantity": "đường_ra", "value": 13.0, **STATED},
        {"id": "m12", "quantity": "đường_ra", "value": 13.0, **STATED},
        {"id": "m13", "quantity": "đường_ra", "value": 14.0, **STATED},
        {"id": "m14", "quantity": "đường_ra", "value": 15.0, **STATED},
        {"id": "m15", "quantity": "đường_ra", "value": 16.0, **STATED},
        {"id": "m16", "quantity": "đường_ra", "value": 17.0, **STATED},
        {"id": "m17", "quantity": "đường_ra", "value": 18.0, "source": "niên_giám",
         "spatial": 9.0},
        {"id": "m18", "quantity": "đường_ra", "value": 19.0, "unit": "g/person/day",
         "factor": "dân_số", **STATED},
    ],
    "relations": [
        {"id": "q1", "formula": "đường_ra = 0.1 * * mía_vào"},
        {"id": "q2", "formula": "đường_ra 0.1 * mía_vào"},
        {"id": "q3", "formula": "đường_ra = in(nhà_máy_Dường)"},
        {"id": "q3", "formula": "đường_ra >= 0.01 * mía_vào"},
    ],
    "views": [{"view": "overview", "group": "lạ", "members": "sector:fising", "column": 3.0}],
}  # fmt: skip

FOUND = [
    ("error", "unknown-choice", "processes", 8, "stage", "conversion"),
    ("error", "bad-id", "processes", 9, "id", "bãi rác"),
    ("warning", "process-one-sided", "processes", 10, "id", "xưởng"),
    ("error", "share-range", "materials", 5, "moisture", "72"),
    ("error", "material-loop", "materials", 5, "parent", "mía"),
    ("error", "material-loop", "materials", 6, "parent", "đường_mía"),
    ("error", "unknown-process", "flows", 9, "target", "“lò_gạch”"),
    ("warning", "flow-to-itself", "flows", 10, "target", "kho"),
    ("error", "limits-crossed", "flows", 12, "upper", "9"),
    ("error", "unknown-layer", "flows", 13, "layer", "“water”"),
    ("error", "id-duplicate", "flows", 14, "id", "Dòng!A7"),
    ("error", "missing-value", "flows", 15, "target", "target"),
    ("error", "unit-of-layer", "stocks", 4, "unit", "m3"),
    ("warning", "above-hundred", "parameters", 6, "value", "250"),
    ("warning", "outside-interval", "parameters", 7, "uncertainty", "12"),
    ("error", "unknown-unit", "parameters", 8, "unit", "“người”"),
    ("error", "year-range", "parameters", 9, "year", "1900"),
    ("error", "id-duplicate", "observations", 7, "id", "Số liệu!A3"),
    ("error", "wrong-dimension", "observations", 8, "unit", "m3/year"),
    ("error", "unknown-quantity", "observations", 9, "quantity", "“mía_vào”"),
    ("error", "negative-value", "observations", 10, "value", "-1"),
    ("warning", "missing-source", "observations", 11, "source", "assumption"),
    ("warning", "assumption-without-note", "observations", 12, "note", ""),
    ("warning", "no-quality", "observations", 13, "uncertainty", "30 %"),
    ("error", "unknown-period", "observations", 14, "period", "“2023”"),
    ("error", "uncertainty-unreadable", "observations", 15, "uncertainty", "độ mười"),
    ("error", "not-a-year", "observations", 16, "year", "2023-2019"),
    ("warning", "double-row", "observations", 18, "quantity", "Số liệu!B17"),
    ("error", "formula-without-value", "observations", 19, "value", "Excel"),
    ("error", "cell-error", "observations", 20, "value", "#DIV/0!"),
    ("error", "date-in-cell", "observations", 21, "value", "2023-04-03"),
    ("error", "ambiguous-number", "observations", 22, "value", "1.234"),
    ("error", "unknown-source", "observations", 23, "source", "niên_giám"),
    ("error", "score-range", "observations", 23, "spatial", "9"),
    ("error", "unknown-quantity", "observations", 24, "factor", "dân_số"),
    ("error", "formula-operand", "relations", 5, "formula", "18"),
    ("error", "formula-sense", "relations", 6, "formula", "10"),
    ("error", "unknown-process", "relations", 7, "formula", "“nhà_máy_Đường”"),
    ("error", "id-duplicate", "relations", 8, "id", "Quan hệ!A7"),
    ("error", "unknown-member", "views", 5, "members", "sector:fising"),
    ("warning", "merged-cells", "sources", 3, "quote", "F3:G3"),
    ("warning", "hidden-sheet", "layers", 1, "id", "Lớp"),
]
"""Severity, code, table, row, column, and what the sentence must hold in both languages."""


def cell_of(table: str, row: int, column: str) -> str:
    """Return the place of a cell of the Vietnamese template."""
    at = [c.name for c in sheet(table).columns].index(column) + 1
    return f"{sheet(table).title('vi')}!{letters(at)}{row}"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory):
    tables = copy.deepcopy(SMALL)
    tables["case"] = [row for row in tables["case"] if row["key"] != "decimal"]
    for name, rows in ROWS.items():
        tables[name] += rows
    path = write_template(tmp_path_factory.mktemp("planted") / "p.xlsx", "vi", tables)
    book = load_workbook(path)
    case = book[sheet("case").title("vi")]
    for line in case.iter_rows(min_row=3):
        if line[0].value == sheet("case").keys[[k.name for k in sheet("case").keys].index(
                "decimal")].title("vi"):  # fmt: skip
            line[1].value = None
    observed = book["Số liệu"]
    observed["C19"] = "=1+1"
    observed["C20"] = "#DIV/0!"
    observed["C20"].data_type = "e"
    observed["C21"] = datetime.datetime(2023, 4, 3)
    observed["C22"] = "1.234"
    book["Nguồn"].merge_cells("F3:G3")
    book["Lớp"].sheet_state = "hidden"
    book.save(path)
    return path


def test_there_are_more_than_thirty():
    assert len(FOUND) >= 40
    assert len({code for _, code, *_ in FOUND}) >= 30


def test_each_is_found_at_its_cell_and_nothing_else(planted):
    found = sorted((p.severity, p.code, str(p.place)) for p in open_case(planted).check())
    assert found == sorted((kind, code, cell_of(*at)) for kind, code, *at, _ in FOUND)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_sentence_names_what_is_wrong(planted, language):
    said = {(p.code, str(p.place)): p.sentence(language) for p in open_case(planted).problems}
    for _, code, *at, words in FOUND:
        sentence = said[code, cell_of(*at)]
        assert words in sentence
        assert sentence.endswith((".", "?", "”"))
    untranslated = [p for p in open_case(planted).problems if p.sentence("vi") == p.sentence("en")]
    assert untranslated == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_screen_json_and_copy_agree(planted, language):
    run = CliRunner().invoke
    table = run(cli, ["check", str(planted), "--language", language])
    record = run(cli, ["check", str(planted), "--json", "--language", language])
    assert (table.exit_code, record.exit_code) == (1, 1)
    content = json.loads(record.stdout)
    assert content["errors"] == sum(kind == "error" for kind, *_ in FOUND)
    assert content["warnings"] == sum(kind == "warning" for kind, *_ in FOUND)
    copied = load_workbook(planted.with_name("p.checked.xlsx"))
    listed = {row[1].value for row in copied.worksheets[0].iter_rows(min_row=6)}
    for problem in content["problems"]:
        place, message = problem["place"], problem["message"]
        assert f"{place} " in table.stdout
        assert message in table.stdout
        assert place in listed
        title, _, cell = place.partition("!")
        marked = copied[title][cell]
        assert message in marked.comment.text
        assert marked.fill.fgColor.rgb in ("FFFFC7CE", "FFFFEB9C")


def test_the_rest_is_balanced_coarsely_all_the_same(planted):
    case = open_case(planted)
    rows = {row["process"]: row for row in case.coarse(case.check())}
    assert rows["mill"]["out"] == pytest.approx(286e-6 * 365 * 1166547)
    assert (rows["mill"]["measured"], rows["mill"]["all"], rows["mill"]["settled"]) == (2, 4, None)
    copied = load_workbook(case.annotate(case.check(), "en"))
    names = [cell.value for cell in copied["Data as given"]["A"]]
    assert names[:2] == ["Process", "result_coarse_process"]
    assert "Mill" in names


@pytest.mark.parametrize(
    ("column", "text", "code", "said"),
    [
        ("value", "1.000–1.200", "range-as-number", ("1100", "[1.000; 1.200]")),
        ("value", 1e300, "number-too-large", ("1e+300",)),
        ("value", "khoảng 5", "bad-number", ("khoảng 5",)),
        ("reliability", "tốt", "score-range", ("tốt",)),
        ("uncertainty", "[1,5, 2,5]", "uncertainty-unreadable", ("[90; 110]",)),
        ("source", "Giả  định", "assumption-without-note", ()),
    ],
)
def test_what_a_cell_was_meant_to_say(tmp_path, column, text, code, said) -> None:
    path = write_template(tmp_path / "p.xlsx", "vi", copy.deepcopy(SMALL))
    book = load_workbook(path)
    place = cell_of("observations", 3, column)
    book["Số liệu"][place.partition("!")[2]] = text
    book.save(path)
    found = [p for p in open_case(path).problems if p.code == code]
    assert len(found) == 1
    assert all(part in found[0].text("vi") for part in said)
