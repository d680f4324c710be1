"""The annotated copy: every problem marked where it stands, and nothing else touched."""

import shutil
import zipfile

import pytest
from openpyxl import load_workbook

from mfa.errors import InputError, Place, Problem
from mfa.workbook.build import build_system
from mfa.workbook.feedback import annotate
from mfa.workbook.notes import MARK
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template
from tests.workbook.books import HEADER, SMALL, raw_book, sheet_xml, text_row, write_small

RED, AMBER = "FFFFC7CE", "FFFFEB9C"


def problem(cell, sheet="Dòng", severity="error", message="The file is empty.", **values):
    return Problem("x", message, values, Place(sheet, cell), severity)


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("small") / "small.xlsx")


@pytest.fixture(scope="module")
def marked(small):
    found = [
        problem("D4", message="There is no process “{name}”. Did you mean “{near}”?",
                name="feilds", near="fields"),
        problem("D4", severity="warning"),
        problem("A1", severity="warning"),
        problem("M5"),
        problem("N900", severity="warning"),
        problem("B3", sheet="Quan hệ"),
        Problem("x", "The file is empty.", {}, Place(file="small.xlsx")),
        problem("A1", sheet="Không có trang này"),
    ]  # fmt: skip
    return annotate(small, found, small.with_name("marked.xlsx"), "vi")


def test_errors_and_warnings_have_their_colour_and_comment(marked):
    page = load_workbook(marked)["Dòng"]
    assert [page[c].fill.fgColor.rgb for c in ("D4", "A1", "M5", "N900")] == [
        RED, AMBER, RED, AMBER]  # fmt: skip
    assert page["D4"].comment.text == (
        f"{MARK}\nLỗi: Không có quá trình “feilds”. Có phải ý bạn là “fields”?\n"
        "Cảnh báo: Tệp trống."
    )
    assert page["D5"].comment is None
    assert page["D5"].fill.fgColor.rgb != RED


def test_comments_of_others_stay(small, marked):
    before = load_workbook(small)["Dòng"]["A1"].comment.text
    after = load_workbook(marked)["Dòng"]["A1"].comment.text
    assert after == f"{before}\n{MARK}\nCảnh báo: Tệp trống."


def test_a_coloured_cell_keeps_the_rest_of_its_format(small, marked):
    before, after = (load_workbook(path)["Dòng"] for path in (small, marked))
    for cell in ("D4", "M5"):
        assert after[cell].value == before[cell].value
        assert after[cell].number_format == "@"
        assert (after[cell].font.name, after[cell].alignment.indent) == ("Arial", 1)
        assert after[cell].protection.locked is False


def test_the_first_sheet_lists_all_with_links(marked):
    book = load_workbook(marked)
    page = book.worksheets[0]
    assert (page.title, book.active.title) == ("Kiểm tra", "Kiểm tra")
    rows = [[c.value for c in row] for row in page.iter_rows(min_row=6, max_col=4)]
    assert rows[0] == ["Lỗi", "Dòng!D4", "Không có quá trình “feilds”. Có phải ý bạn là “fields”?",
                       "fields"]  # fmt: skip
    assert [row[1] for row in rows] == [
        "Dòng!D4", "Dòng!D4", "Dòng!A1", "Dòng!M5", "Dòng!N900", "Quan hệ!B3", "small.xlsx",
        "Không có trang này!A1",
    ]  # fmt: skip
    links = {link.ref: link.location for row in page.iter_rows(min_row=6) for cell in row
             if (link := cell.hyperlink)}  # fmt: skip
    assert links["B6"] == "'Dòng'!D4"
    assert set(links) == {f"B{n}" for n in range(6, 12)}
    assert "5 lỗi, 3 cảnh báo" in page["A3"].value
    selected = [s.title for s in book.worksheets if s.sheet_view.tabSelected]
    assert selected == ["Kiểm tra"]


def test_the_copy_reads_as_the_original_does(small, marked):
    first, second = read_workbook(small), read_workbook(marked)
    assert second.plain() == first.plain()
    assert second.problems == []


def test_parts_that_are_not_concerned_are_the_same_bytes(small, marked):
    before, after = parts(small), parts(marked)
    assert set(before) < set(after)
    changed = {name for name in before if before[name] != after[name]}
    sheets = load_workbook(small).sheetnames
    part = {title: f"xl/worksheets/sheet{n}.xml" for n, title in enumerate(sheets, start=1)}
    assert part["Nguồn"] not in changed
    assert "xl/sharedStrings.xml" not in changed
    assert changed <= {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        part["Hướng dẫn"], part["Dòng"], part["Quan hệ"],
        *(n for n in before if "comments" in n or "vmlDrawing" in n),
    }  # fmt: skip


def test_names_of_a_sheet_move_with_it(small, marked):
    before, after = load_workbook(small), load_workbook(marked)
    for title in ("Dòng", "Góc nhìn"):
        assert after[title].print_title_rows == before[title].print_title_rows == "$1:$2"
        assert after[title].auto_filter.ref == before[title].auto_filter.ref
        lists = [len(b[title].data_validations.dataValidation) for b in (before, after)]
        assert lists[0] == lists[1] > 5


def test_sheets_charts_and_stored_results_of_the_user_survive(tmp_path):
    from xlsxwriter import Workbook

    path = tmp_path / "own.xlsx"
    with Workbook(path) as book:
        page = book.add_worksheet("Flows")
        page.write_row(0, 0, ["id", "source", "target"])
        page.write_row(1, 0, ["a", "import", "export"])
        own = book.add_worksheet("Own")
        own.write_column(0, 0, [1, 2, 3])
        own.write_formula("A4", "=SUM(A1:A3)", None, 6)
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Own!$A$1:$A$3"})
        own.insert_chart("C1", chart)
    out = annotate(path, [problem("B2", "Flows")], tmp_path / "out.xlsx", "en")
    assert parts(out)["xl/charts/chart1.xml"] == parts(path)["xl/charts/chart1.xml"]
    assert load_workbook(out, data_only=True)["Own"]["A4"].value == 6
    book = load_workbook(out)
    assert book.sheetnames == ["Check", "Flows", "Own"]
    assert book["Flows"]["B2"].comment.text == f"{MARK}\nError: The file is empty."


def test_what_is_quoted_never_becomes_a_formula(tmp_path):
    path = tmp_path / "a.xlsx"
    tables = {"flows": [{"id": "=cmd|' /C calc'!A0", "source": "+1", "target": "@SUM(A1)"}]}
    write_template(path, "en", tables)
    _, problems = build_system(read_workbook(path))
    out = annotate(path, problems, tmp_path / "out.xlsx", "en")
    cells = [c for row in load_workbook(out)["Check"].iter_rows() for c in row if c.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert "=cmd|' /C calc'!A0" in {cell.value for cell in cells}


def test_checking_the_copy_again_takes_the_old_marks_away(small, tmp_path):
    first = annotate(small, [problem("D4"), problem("A1")], tmp_path / "1.xlsx")
    second = annotate(first, [problem("D5"), problem("A1")], tmp_path / "2.xlsx")
    book = load_workbook(second)
    assert book.sheetnames == load_workbook(first).sheetnames
    page = book["Dòng"]
    assert page["D4"].fill.fgColor.rgb != RED
    assert page["D5"].fill.fgColor.rgb == RED
    assert page["A1"].comment.text.count(MARK) == 1
    assert page["A1"].comment.text.startswith("Mã ngắn của dòng.")
    assert [row[1].value for row in book["Kiểm tra"].iter_rows(min_row=6)] == ["Dòng!D5", "Dòng!A1"]
    assert [s.title for s in book.worksheets if s.sheet_view.tabSelected] == ["Kiểm tra"]


def test_a_user_sheet_called_check_is_not_overwritten(tmp_path):
    path = write_template(tmp_path / "a.xlsx", "en", SMALL)
    book = load_workbook(path)
    book.create_sheet("Check")["A1"] = "mine"
    book.save(path)
    out = load_workbook(annotate(path, [problem("A3", "Flows")], tmp_path / "b.xlsx", "en"))
    assert out.sheetnames[0] == "Check 2"
    assert out["Check"]["A1"].value == "mine"


def test_the_copy_may_replace_its_original(small, tmp_path):
    path = tmp_path / "same.xlsx"
    shutil.copy(small, path)
    assert annotate(path, [problem("D4")], path) == path
    assert load_workbook(path)["Dòng"]["D4"].fill.fgColor.rgb == RED
    assert [p.name for p in tmp_path.iterdir()] == ["same.xlsx"]


def test_the_same_problems_give_the_same_bytes(small, tmp_path):
    found = [problem("D4"), problem("E5", severity="warning")]
    first = annotate(small, found, tmp_path / "1.xlsx").read_bytes()
    assert annotate(small, found, tmp_path / "2.xlsx").read_bytes() == first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_bare_sheet_without_styles_and_comments_is_commented(tmp_path, encoding):
    xml = f'<?xml version="1.0" encoding="{encoding}"?>' + sheet_xml(HEADER)
    path = raw_book(tmp_path / "a.xlsx", xml.encode(encoding))
    found = [problem("B1", "Flows"), problem("B7", "Flows"), problem("Z1", "Flows")]
    page = load_workbook(annotate(path, found, tmp_path / "b.xlsx", "en"))["Flows"]
    assert [page[c].comment.text for c in ("B1", "B7", "Z1")] == (
        [f"{MARK}\nError: The file is empty."] * 3
    )
    assert page["B1"].value == "source"


def test_cells_are_added_in_their_order(tmp_path):
    rows = HEADER + text_row(4, "a", "b") + '<row r="6"/>' + text_row(9, "x")
    path = raw_book(tmp_path / "a.xlsx", sheet_xml(rows))
    spots = ["C4", "E1", "A2", "B6", "A9", "D9", "C9", "A12"]
    out = annotate(path, [problem(s, "Flows") for s in spots], tmp_path / "b.xlsx")
    text = parts(out)["xl/worksheets/sheet1.xml"].decode()
    places = [piece.split('"')[0] for piece in text.split('<c r="')[1:]]
    assert places == ["A1", "B1", "C1", "D1", "E1", "A2", "A4", "B4", "C4", "B6", "A9", "C9", "D9",
                      "A12"]  # fmt: skip


def test_a_file_that_is_refused_is_not_copied(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="The file is empty"):
        annotate(path, [], tmp_path / "b.xlsx")
    assert not (tmp_path / "b.xlsx").exists()
