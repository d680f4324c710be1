"""The template: what it holds, that it reads back, and that it is always the same bytes."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from mfa.errors import InputError
from mfa.workbook.read import read_workbook
from mfa.workbook.schema import SHEETS, sheet
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL, by_key, write_small

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["vi", "en"])
def blank(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("blank") / "blank.xlsx"
    return request.param, write_template(path, request.param)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_tables_written_are_the_tables_read(tmp_path, language):
    tables = read_workbook(write_small(tmp_path / "small.xlsx", language))
    assert tables.problems == []
    assert (tables.language, tables.decimal) == (language, ",")
    plain = tables.plain()
    assert by_key(plain.pop("case")) == by_key(SMALL["case"])
    assert plain == {name: rows for name, rows in SMALL.items() if name != "case"}


@pytest.mark.parametrize("decimal", [",", "."])
@pytest.mark.parametrize("text", ["*/ 1.5", "± 1234.5 kt/year", "[0.2; 0.4]", "5 m3/day", "0.25"])
def test_uncertainties_survive_the_decimal_sign(tmp_path, decimal, text):
    tables = {
        "case": [{"key": "decimal", "value": decimal}],
        "parameters": [{"id": "a", "value": 1.0, "uncertainty": text}],
    }
    path = write_template(tmp_path / "a.xlsx", "vi", tables)
    assert read_workbook(path).plain()["parameters"] == tables["parameters"]


def test_nothing_in_the_bytes_depends_on_time_or_place(tmp_path):
    first = write_small(tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "deeper").mkdir()
    assert write_small(tmp_path / "deeper" / "b.xlsx").read_bytes() == first
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_shipped_templates_are_up_to_date(tmp_path, language):
    name = f"workbook-{language}.xlsx"
    fresh = write_template(tmp_path / name, language)
    # Compared unpacked: compression differs between builds of zlib.
    assert _parts(ROOT / "templates" / name) == _parts(fresh), "run python -m mfa.workbook"


def _parts(path):
    with zipfile.ZipFile(path) as archive:
        return {i.filename: (i.date_time, archive.read(i)) for i in archive.infolist()}


def test_a_blank_template_is_an_empty_case(blank):
    language, path = blank
    tables = read_workbook(path)
    assert tables.problems == []
    decimal = "," if language == "vi" else "."
    assert tables.plain() == {"case": [{"key": "decimal", "value": decimal}]}
    assert tables.decimal == decimal


def test_sheets_stand_in_order_with_the_guide_first(blank):
    language, path = blank
    book = load_workbook(path)
    guide = {"vi": "Hướng dẫn", "en": "Read me"}[language]
    assert book.sheetnames == [guide, *(s.title(language) for s in SHEETS), "lists"]
    assert book["lists"].sheet_state == "hidden"


def test_headers_have_titles_names_and_comments(blank):
    language, path = blank
    book = load_workbook(path)
    for table in SHEETS:
        page = book[table.title(language)]
        for number, column in enumerate(table.columns, start=1):
            head, name = page.cell(1, number), page.cell(2, number)
            assert (head.value, name.value) == (column.title(language), column.name)
            assert head.comment.text.startswith(column.help(language)[:40])
            assert name.protection.locked
            assert name.font.sz == 8
        assert page.freeze_panes == "B3"
        assert page.protection.sheet
        # openpyxl gives the attribute of the file: False = not forbidden.
        assert not page.protection.sort
        assert not page.protection.autoFilter


def test_data_cells_can_be_typed_into(blank):
    language, path = blank
    book = load_workbook(path)
    page = book[sheet("flows").title(language)]
    assert not page.column_dimensions["D"].protection.locked
    # Excel deletes no row with a locked cell in it, and own columns are to be typed into.
    assert [d.max for d in page.column_dimensions.values() if not d.protection.locked][-1] == 16_384
    assert page["A3"].font.name == "Arial"


def test_closed_lists_refuse_other_words_and_open_ones_offer(blank):
    language, path = blank
    book = load_workbook(path)
    rules = {}
    for table in SHEETS:
        for rule in book[table.title(language)].data_validations.dataValidation:
            for area in rule.sqref.ranges:
                rules[table.name, area.min_row, area.min_col] = rule
    for table in SHEETS:
        for number, column in enumerate(table.columns, start=1):
            if table.keys:
                continue
            rule = rules[table.name, 3, number]
            assert rule.prompt
            if column.kind in ("choice", "reference", "quantity"):
                assert rule.formula1 == f"dd_{column.choices}"
                assert rule.formula1 in book.defined_names
                assert bool(rule.showErrorMessage) == (column.kind == "choice" and column.closed)
            elif column.kind in ("score", "share"):
                assert rule.showErrorMessage


def test_newly_typed_ids_are_offered(blank):
    language, path = blank
    book = load_workbook(path)
    title = sheet("processes").title(language)
    texts = [c.value for row in book["lists"].iter_rows(max_row=8) for c in row]
    assert any(isinstance(text, str) and f"'{title}'!$A$3" in text for text in texts)
    assert "INDEX(" in book.defined_names["dd_processes"].attr_text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_example_row_that_was_changed_is_not_dropped_in_silence(tmp_path, language):
    path = write_template(tmp_path / "a.xlsx", language)
    book = load_workbook(path)
    page = book[sheet("flows").title(language)]
    page["E3"] = "landfill"
    book.save(path)
    tables = read_workbook(path)
    assert tables["flows"] == []
    (problem,) = tables.problems
    assert (problem.code, problem.severity, problem.place.cell) == (
        "example-changed", "warning", "A3")  # fmt: skip


def test_text_never_becomes_a_formula_or_a_link(tmp_path):
    book = load_workbook(write_small(tmp_path / "a.xlsx"))
    cell = book["Nguồn"]["B4"]
    assert (cell.value, cell.data_type) == ("=SUM(A1)", "s")
    assert book["Nguồn"]["E3"].hyperlink is None


def test_a_text_too_long_for_a_cell_is_refused_with_its_place(tmp_path):
    tables = {"processes": [{"id": "a", "note": "x" * 40_000}]}
    with pytest.raises(InputError, match="Processes!H3") as refusal:
        write_template(tmp_path / "a.xlsx", "en", tables)
    assert refusal.value.problems[0].code == "text-too-long"
    assert not (tmp_path / "a.xlsx").exists()


def test_settings_of_ones_own_are_kept(tmp_path):
    tables = {"case": [{"key": "colour of the cover", "value": "green"}]}
    path = write_template(tmp_path / "a.xlsx", "en", tables)
    assert {"key": "colour of the cover", "value": "green"} in read_workbook(path).plain()["case"]


def test_missing_and_double_cells_are_marked_while_typing(tmp_path):
    book = load_workbook(write_template(tmp_path / "t.xlsx", "en"))
    rules = {
        str(area.sqref): [rule.formula[0] for rule in rules]
        for area, rules in book["Flows"].conditional_formatting._cf_rules.items()
    }
    missing, double = rules["A3:A2002"]
    assert missing == '=AND($A3="",COUNTA($A3:$N3)>0)'.removeprefix("=")
    assert double.startswith('AND($A3<>"",COUNTIFS($A$3:$A$2002,$A3&""')
    assert "A3:A2002" in {
        str(area.sqref) for area in book["Sources"].conditional_formatting._cf_rules
    }
