"""Workbooks as people leave them: any order, any language, any spelling; and what is told them."""

import datetime
import unicodedata

import pytest
from openpyxl import Workbook, load_workbook

from mfa.workbook.read import read_workbook
from tests.workbook.books import SMALL, edited, raw_book, sheet_xml, text_row, write_small


def book_of(path, **sheets):
    """Write a workbook with a sheet for each list of rows."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def codes(tables):
    return [(p.code, p.severity, str(p.place)) for p in tables.problems]


def test_columns_may_stand_in_any_order_and_be_named_in_either_language(tmp_path):
    path = book_of(
        tmp_path / "a.xlsx",
        Dòng=[["My note", "Đến quá trình", "source", "Id"], ["hello", "mill", "fields", "paddy"]],
    )
    tables = read_workbook(path)
    assert tables.plain() == {"flows": [{"id": "paddy", "source": "fields", "target": "mill"}]}
    assert tables.problems == []
    row = tables["flows"][0]
    assert str(row.at("target")) == "Dòng!B2"
    assert str(row.at("id")) == "Dòng!D2"


def test_rows_above_and_between_do_no_harm(tmp_path):
    rows = [
        ["Flows of our city"],
        [],
        ["Mã", "Từ quá trình", "Đến quá trình"],
        ["id", "source", "target"],
        [],
        ["a", "b", "c"],
        [None, None, None],
        ["d", "e", "f"],
    ]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Flows=rows))
    assert [row.text("id") for row in tables["flows"]] == ["a", "d"]
    assert [str(row.at("source")) for row in tables["flows"]] == ["Flows!B6", "Flows!B8"]


def test_a_renamed_title_is_known_by_the_machine_name_below(tmp_path):
    rows = [["Kode", "Woher", "Wohin"], ["id", "source", "target"], ["a", "b", "c"]]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Flows=rows))
    assert tables.plain() == {"flows": [{"id": "a", "source": "b", "target": "c"}]}


def test_own_sheets_and_columns_are_left_alone(tmp_path):
    rows = [["id", "source", "target", "who called them"], ["a", "b", "c", "Lan"]]
    path = book_of(tmp_path / "a.xlsx", Flows=rows, Diary=[["Monday"]], lists=[["x"]])
    tables = read_workbook(path)
    assert list(tables) == ["flows"]
    assert tables.problems == []


def test_spellings_of_one_text_are_one(tmp_path):
    name = "Đồng_lúa"
    spellings = [
        unicodedata.normalize("NFD", name),
        name.replace("Đ", "Ð"),  # Icelandic Eth
        f"\u200b{name}\ufeff",
        f"\u00a0{name} ",
    ]
    rows = [["id", "source", "target"], *([f"f{k}", s, "x"] for k, s in enumerate(spellings))]
    sheet = unicodedata.normalize("NFD", "Dòng")
    tables = read_workbook(book_of(tmp_path / "a.xlsx", **{sheet: rows}))
    assert {row.text("source") for row in tables["flows"]} == {name}


@pytest.mark.parametrize(("decimal", "text", "number"), [
    (",", "1.234,5", 1234.5),
    (",", "1.234", 1234.0),
    (".", "1,234.5", 1234.5),
    (".", "1.234", 1.234),
    (",", "−0,5", -0.5),
    (",", "1 234\u00a0567,8", 1234567.8),
    (None, "1.234,5", 1234.5),
])  # fmt: skip
def test_numbers_in_text_follow_the_declared_decimal_sign(tmp_path, decimal, text, number):
    case = [["key", "value"], ["decimal", decimal]] if decimal else [["key", "value"]]
    rows = [["id", "value"], ["a", text]]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Parameters=rows, Case=case))
    assert tables.problems == []
    assert tables["parameters"][0].get("value") == number


def test_a_number_that_can_be_read_in_two_ways_is_an_error(tmp_path):
    rows = [["id", "value"], ["a", "1.234"]]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Parameters=rows))
    assert codes(tables) == [("ambiguous-number", "error", "Parameters!B2")]
    assert tables["parameters"][0].broken("value")


def test_a_comma_in_a_formula_is_a_decimal_sign_only_where_declared(tmp_path):
    rows = [["id", "formula"], ["r", "a = 0,2 * b[2022,2023]"]]
    case = [["key", "value"], ["decimal", "dấu phẩy: 1.234,5"]]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Relations=rows, Case=case))
    assert tables["relations"][0].text("formula") == "a = 0.2 * b[2022,2023]"
    tables = read_workbook(book_of(tmp_path / "b.xlsx", Relations=rows))
    assert tables["relations"][0].text("formula") == "a = 0,2 * b[2022,2023]"


def test_percent_formats_say_per_cent(tmp_path):
    path = book_of(
        tmp_path / "a.xlsx",
        Parameters=[["id", "value", "unit", "uncertainty", "upper"], ["a", 0.38, "%", 0.1, 0.5],
                    ["b", 0.38, "1", None, None]],
        Materials=[["id", "moisture"], ["rice", 0.14]],
    )  # fmt: skip
    book = load_workbook(path)
    for cell in ("B2", "D2", "E2", "B3"):
        book["Parameters"][cell].number_format = "0.0%"
    book["Materials"]["B2"].number_format = "0%"
    book.save(path)
    tables = read_workbook(path)
    assert tables.plain() == {
        "parameters": [
            {"id": "a", "value": 38.0, "unit": "%", "uncertainty": "10 %", "upper": 50.0},
            {"id": "b", "value": 0.38, "unit": "1"},
        ],
        "materials": [{"id": "rice", "moisture": 0.14}],
    }


def test_numbers_where_text_belongs_are_written_without_a_fraction(tmp_path):
    rows = [["id", "quantity", "value", "period", "uncertainty"], [7, "a", 1, 2023, 0.1]]
    (row,) = read_workbook(book_of(tmp_path / "a.xlsx", Observations=rows))["observations"]
    assert row.values() == {
        "id": "7", "quantity": "a", "value": 1.0, "period": "2023", "uncertainty": "0.1",
    }  # fmt: skip


@pytest.mark.parametrize(("value", "code"), [
    ("#N/A", "cell-error"),
    ("#DIV/0!", "cell-error"),
    ("=1+1", "formula-without-value"),
    (datetime.datetime(2023, 5, 3), "date-in-cell"),
    (datetime.time(12, 30), "date-in-cell"),
    (True, "truth-in-cell"),
])  # fmt: skip
def test_what_is_no_number_is_named_with_its_cell(tmp_path, value, code):
    path = write_small(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Tham số"]["E4"] = value
    book.save(path)
    tables = read_workbook(path)
    assert codes(tables) == [(code, "error", "Tham số!E4")]
    assert tables["parameters"][1].broken("value")
    assert len(tables["parameters"]) == len(SMALL["parameters"])


@pytest.mark.parametrize("text", ["NaN", "1e999", "-1e999", "INF"])
def test_numbers_that_are_not_finite_are_named(tmp_path, text):
    rows = text_row(1, "id", "unit", "value") + (
        f'<row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c><c r="C2"><v>{text}</v></c></row>'
    )
    tables = read_workbook(raw_book(tmp_path / "a.xlsx", sheet_xml(rows), "Parameters"))
    assert codes(tables) == [("not-finite", "error", "Parameters!C2")]


def test_a_date_in_a_free_text_is_text(tmp_path):
    rows = [["id", "title"], ["a", datetime.datetime(2023, 5, 3)]]
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Sources=rows))
    assert tables.plain() == {"sources": [{"id": "a", "title": "2023-05-03"}]}


def test_merged_cells_and_hidden_sheets_are_told(tmp_path):
    path = write_small(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Dòng"].merge_cells("D3:D4")
    book["Nguồn"].sheet_state = "veryHidden"
    book.save(path)
    assert codes(read_workbook(path)) == [
        ("hidden-sheet", "warning", "Nguồn!A1"),
        ("merged-cells", "warning", "Dòng!D3"),
    ]


def test_titles_merged_over_columns_are_no_problem(tmp_path):
    path = write_small(tmp_path / "a.xlsx")
    book = load_workbook(path)
    page = book["Dòng"]
    page.insert_rows(1)
    page["A1"] = "Dòng vật liệu của thành phố"
    page.merge_cells("A1:F1")
    book.save(path)
    tables = read_workbook(path)
    assert tables.problems == []
    assert tables.plain()["flows"] == SMALL["flows"]


def test_two_sheets_or_columns_of_one_name_are_not_guessed_between(tmp_path):
    rows = [["id", "source", "target", "Mã"], ["a", "b", "c", "d"]]
    path = book_of(tmp_path / "a.xlsx", Flows=rows, Dòng=rows)
    assert codes(read_workbook(path)) == [
        ("double-table", "error", "Dòng!A1"),
        ("double-column", "error", "Flows!D1"),
    ]


def test_near_misses_are_suggested(tmp_path):
    path = book_of(
        tmp_path / "a.xlsx",
        Flow=[["id", "source", "target"]],
        Dong=[["x"]],
        Stocks=[["id", "proces", "Vat lieu"], ["a", "b", "c"]],
    )
    texts = [p.text("en") for p in read_workbook(path).problems]
    assert "Flow!A1: The table “Flow” is not known and is not read. Did you mean “Flows”?" in texts
    assert "Dong!A1: The table “Dong” is not known and is not read. Did you mean “Dòng”?" in texts
    assert (
        "Stocks!B1: The column “proces” is not known and is not read. Did you mean “process”?"
        in texts
    )
    lacking = "Stocks!A1: The column “In process (process)” is missing. Add it, or start from a new"
    assert any(text.startswith(lacking) for text in texts)


def test_a_workbook_without_our_sheets_says_what_is_expected(tmp_path):
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Sheet1=[["a", "b"]]))
    (problem,) = tables.problems
    assert problem.code == "no-known-sheet"
    assert "Quá trình (Processes)" in problem.text("vi")


def test_a_sheet_without_headers_says_so(tmp_path):
    tables = read_workbook(book_of(tmp_path / "a.xlsx", Flows=[["a", "b", "c"], [1, 2, 3]]))
    assert codes(tables) == [("no-header", "error", "Flows!A1")]


def test_a_newer_template_is_told(tmp_path):
    tables = read_workbook(edited(tmp_path / "a.xlsx", {"Thông tin chung!B18": "99"}))
    assert codes(tables) == [("newer-template", "warning", "Thông tin chung!B18")]


def test_values_far_below_the_table_are_not_dropped_in_silence(tmp_path):
    path = write_small(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Dòng"]["D90000"] = "mill"
    book.save(path)
    assert codes(read_workbook(path)) == [("far-cell", "error", "Dòng!D90000")]


def test_rich_text_phonetics_and_escapes_are_read_as_shown(tmp_path):
    rows = text_row(1, "id", "title") + (
        '<row r="2"><c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>ye</t></r><r><t>ar</t></r>'
        '<rPh sb="0" eb="1"><t>X</t></rPh></is></c>'
        '<c r="B2" t="inlineStr"><is><t>a_x000D_\nb</t></is></c></row>'
    )
    tables = read_workbook(raw_book(tmp_path / "a.xlsx", sheet_xml(rows), "Sources"))
    assert tables.plain() == {"sources": [{"id": "year", "title": "a\nb"}]}


def test_prefixed_names_and_cells_without_reference_are_read(tmp_path):
    from tests.workbook.books import MAIN

    cells = "".join(f'<x:c t="inlineStr"><x:is><x:t>{t}</x:t></x:is></x:c>' for t in "bc")
    xml = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
        '<x:row><x:c t="inlineStr"><x:is><x:t>id</x:t></x:is></x:c>'
        '<x:c t="inlineStr"><x:is><x:t>title</x:t></x:is></x:c></x:row>'
        f"<x:row>{cells}</x:row></x:sheetData></x:worksheet>"
    )
    tables = read_workbook(raw_book(tmp_path / "a.xlsx", xml, "Sources"))
    assert tables.plain() == {"sources": [{"id": "b", "title": "c"}]}
