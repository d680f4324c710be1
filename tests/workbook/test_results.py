"""Results go back into the user's own workbook, and nothing of theirs is lost."""

import errno
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from mfa.case import open_case
from mfa.errors import InputError
from mfa.formats.tables import write_tables
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL, raw_book, sheet_xml, text_row


def by_name(sheet):
    """Return machine name → column of a sheet of the template."""
    return {cell.value: cell.column for cell in sheet[2] if cell.value}


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A workbook with own sheets, formats, comments and formulas."""
    path = write_template(tmp_path_factory.mktemp("mine") / "mine.xlsx", "vi", SMALL)
    book = openpyxl.load_workbook(path)
    flows = book["Dòng"]
    flows["A4"].fill = PatternFill("solid", fgColor="FF00FF00")
    flows["B5"].comment = Comment("của tôi", "tôi")
    flows["P2"] = "own"
    flows["P3"] = "=1+1"
    notes = book.create_sheet("Sổ tay")
    notes["A1"] = "=SUM(Dòng!A1:A3)"
    book.save(path)
    return path


@pytest.fixture(scope="module")
def result(mine, tmp_path_factory):
    return open_case(mine).write_account(tmp_path_factory.mktemp("out") / "result.xlsx")


def test_values_stand_beside_their_rows(mine, result):
    account = open_case(mine).balance()
    flows = openpyxl.load_workbook(result)["Dòng"]
    columns = by_name(flows)
    assert flows.cell(1, columns["result_value"]).value == "Giá trị sau cân bằng"
    for row in range(3, 7):
        wanted = account[flows.cell(row, 1).value]
        found = {n: flows.cell(row, columns[f"result_{n}"]).value for n in ("value", "sd", "unit")}
        assert found["value"] == pytest.approx(wanted.value)
        assert found["sd"] == pytest.approx(wanted.sd)
        assert found["unit"] == wanted.unit


def test_observations_show_their_own_unit(mine, result):
    sheet = openpyxl.load_workbook(result)["Số liệu"]
    columns = by_name(sheet)
    frame = open_case(mine).balance().observations.set_index("id")
    for row in range(3, 7):
        wanted = frame.loc[sheet.cell(row, 1).value]
        assert sheet.cell(row, columns["result_value"]).value == pytest.approx(wanted["reconciled"])
        assert sheet.cell(row, columns["result_unit"]).value == wanted["unit"]


def test_stocks_show_their_change(mine, result):
    sheet = openpyxl.load_workbook(result)["Tồn lượng"]
    columns = by_name(sheet)
    account = open_case(mine).balance()
    change = sheet.cell(3, columns["result_change_value"]).value
    assert change == pytest.approx(account["silo.change"].value)


def test_what_was_there_is_kept(mine, result):
    before, after = openpyxl.load_workbook(mine), openpyxl.load_workbook(result)
    assert after.sheetnames[: len(before.sheetnames)] == before.sheetnames
    flows = after["Dòng"]
    assert flows["A4"].fill.fgColor.rgb == "FF00FF00"
    assert flows["B5"].comment.text == "của tôi"
    assert flows["P3"].value == "=1+1"
    assert after["Sổ tay"]["A1"].value == "=SUM(Dòng!A1:A3)"
    for name in before.sheetnames:
        old, new = before[name], after[name]
        assert [str(v.sqref) for v in new.data_validations.dataValidation] == [
            str(v.sqref) for v in old.data_validations.dataValidation
        ]
        for row in old.iter_rows():
            for cell in row:
                assert new[cell.coordinate].value == cell.value
    assert set(before.defined_names) == set(after.defined_names)
    assert flows.auto_filter.ref.split(":")[1][:-4] == "W"


def test_it_is_the_same_input_again(mine, result):
    before, after = read_workbook(mine), read_workbook(result)
    assert after.plain() == before.plain()
    assert [p.code for p in after.problems] == [p.code for p in before.problems]


def test_balancing_the_result_again_replaces_the_results(result, tmp_path):
    again = open_case(result).write_account(tmp_path / "again.xlsx")
    first, second = openpyxl.load_workbook(result), openpyxl.load_workbook(again)
    assert first.sheetnames == second.sheetnames
    for name in first.sheetnames:
        values = [list(book[name].iter_rows(values_only=True)) for book in (first, second)]
        assert values[0] == values[1]


def test_results_stand_behind_in_the_language_of_the_workbook(result):
    names = openpyxl.load_workbook(result).sheetnames
    assert names[-3:] == ["Bảng cân đối", "Cân bằng", "Kiểm định điều hòa"]


def test_several_periods_stand_side_by_side(tmp_path):
    tables = {
        "case": [{"key": "periods", "value": "2022, 2023"}],
        "processes": [{"id": "mill"}],
        "flows": [
            {"id": "rice", "source": "import", "target": "mill"},
            {"id": "bran", "source": "mill", "target": "export"},
        ],
        "observations": [
            {"id": f"o{n}", "quantity": "rice", "value": 10.0 * n, "unit": "t/year",
             "uncertainty": "1", "period": p, "source": "assumption", "note": "x"}
            for n, p in enumerate(("2022", "2023"), start=1)
        ],
    }  # fmt: skip
    path = write_template(tmp_path / "two.xlsx", "en", tables)
    flows = openpyxl.load_workbook(open_case(path).write_account(tmp_path / "r.xlsx"))["Flows"]
    columns = by_name(flows)
    shown = [[flows.cell(r, columns[f"result_{p}_value"]).value for p in (2022, 2023)]
             for r in (3, 4)]  # fmt: skip
    assert shown == [[pytest.approx(10), pytest.approx(20)]] * 2
    assert flows.cell(1, columns["result_2022_value"]).value == "Balanced value · 2022"


def test_tables_give_a_fresh_workbook(tmp_path):
    write_tables(SMALL, tmp_path / "tables")
    case = open_case(tmp_path / "tables")
    path = case.write_account(tmp_path / "fresh.xlsx")
    assert read_workbook(path).plain()["flows"] == case.tables.plain()["flows"]
    title = "Dòng" if case.languages[0] == "vi" else "Flows"
    flows = openpyxl.load_workbook(path)[title]
    column = by_name(flows)["result_value"]
    wanted = case.balance()["paddy"].value
    assert flows.cell(4, column).value == pytest.approx(wanted)


def test_free_quantities_have_an_interval_and_no_value(tmp_path):
    tables = {"processes": [{"id": "p"}], "flows": [
        {"id": "a", "source": "import", "target": "p"}, {"id": "b", "source": "p",
         "target": "export"}]}  # fmt: skip
    path = write_template(tmp_path / "free.xlsx", "en", tables)
    flows = openpyxl.load_workbook(open_case(path).write_account(tmp_path / "r.xlsx"))["Flows"]
    columns = by_name(flows)
    shown = [flows.cell(3, columns[f"result_{n}"]).value for n in ("value", "lower", "upper")]
    assert shown == [None, 0, "∞"]


def test_a_plain_sheet_without_styles_serves_too(tmp_path):
    rows = text_row(1, "id", "source", "target") + text_row(2, "a", "import", "export")
    path = raw_book(tmp_path / "plain.xlsx", sheet_xml(rows))
    out = open_case(path).write_account(tmp_path / "r.xlsx")
    assert read_workbook(out).plain() == read_workbook(path).plain()


def test_macros_ask_for_their_own_suffix(tmp_path):
    rows = text_row(1, "id", "source", "target") + text_row(2, "a", "import", "export")
    path = raw_book(tmp_path / "m.xlsm", sheet_xml(rows), **{"xl/vbaProject.bin": b"\0"})
    with pytest.raises(InputError) as refusal:
        open_case(path).write_account(tmp_path / "r.xlsx")
    assert refusal.value.problems[0].code == "macros"
    with zipfile.ZipFile(open_case(path).write_account(tmp_path / "r.xlsm")) as archive:
        assert archive.read("xl/vbaProject.bin") == b"\0"


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
def test_a_full_disk_or_an_open_file_leaves_the_old_one_whole(mine, tmp_path, monkeypatch, failing):
    target = tmp_path / "r.xlsx"
    target.write_bytes(b"old")

    def fail(self, *_):
        if failing == "write_bytes":
            with self.open("wb") as stream:
                stream.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    case = open_case(mine)
    case.balance()
    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(OSError, match=r"No space|Permission"):
        case.write_account(target)
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.xlsx"]
