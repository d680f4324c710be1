"""What LibreOffice opens, recalculates and saves is the same case, and nothing of it is lost."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill

from mfa.case import open_case
from mfa.workbook.read import read_workbook
from tests.workbook.books import write_small

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a workbook with things of the user's own, and the same saved by LibreOffice."""
    folder = tmp_path_factory.mktemp("office")
    path = write_small(folder / "mine.xlsx")
    book = load_workbook(path)
    own = book.create_sheet("Của tôi")
    for number in range(1, 6):
        own.append([f"x{number}", number * 10])
    own["C1"] = "=SUM(B1:B5)"
    own["A1"].comment = Comment("ghi chú của tôi", "tôi")
    own.conditional_formatting.add(
        "B1:B5",
        CellIsRule(operator="greaterThan", formula=["20"], fill=PatternFill("solid", "FFFF00")),
    )
    chart = BarChart()
    chart.add_data(Reference(own, min_col=2, min_row=1, max_row=5))
    own.add_chart(chart, "F2")
    book["Số liệu"]["C3"].comment = Comment("số này của Lan", "Lan")
    book["Số liệu"].cell(1, 22, "Kiểm tra lại")
    book["Số liệu"].cell(3, 22, "=C3/1000")
    book.save(path)
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
               "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out"),
               str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return path, folder / "out" / "mine.xlsx"


def test_it_is_the_same_case(edited):
    before, after = edited
    assert open_case(after).problems == []
    assert read_workbook(after).plain() == read_workbook(before).plain()


def test_lists_areas_and_protection_survive(edited):
    before, after = (load_workbook(path) for path in edited)
    assert set(before.defined_names) == set(after.defined_names)
    area = after.defined_names["tbl_flows"].attr_text
    assert area.startswith(("$Dòng.", "Dòng!", "'Dòng'!"))
    assert "$A$2" in area
    for title in ("Dòng", "Số liệu"):
        sheet = after[title]
        assert sheet.protection.sheet
        assert sheet["A3"].protection.locked is False
        assert len(sheet.data_validations.dataValidation) > 5
        assert len(sheet.conditional_formatting) > 0


@pytest.mark.parametrize("in_place", [False, True])
def test_results_go_back_and_nothing_is_lost(edited, tmp_path, in_place):
    mine = shutil.copy(edited[1], tmp_path / "mine.xlsx")
    out = Path(mine) if in_place else tmp_path / "result.xlsx"
    open_case(mine).write_account(out)
    before, after = load_workbook(edited[1]), load_workbook(out)
    assert after.sheetnames[: len(before.sheetnames)] == before.sheetnames
    parts = [set(zipfile.ZipFile(path).namelist()) for path in (edited[1], out)]
    assert parts[0] <= parts[1]
    for sheet in before:
        other = after[sheet.title]
        assert len(other._charts) == len(sheet._charts)
        assert len(other.conditional_formatting) == len(sheet.conditional_formatting)
        assert len(other.data_validations.dataValidation) == len(
            sheet.data_validations.dataValidation
        )
        for row in sheet.iter_rows():
            for cell in row:
                twin = other[cell.coordinate]
                assert (twin.value, twin.number_format, twin.fill.fgColor.rgb) == (
                    cell.value, cell.number_format, cell.fill.fgColor.rgb)  # fmt: skip
                assert (twin.comment and twin.comment.text) == (cell.comment and cell.comment.text)
    assert read_workbook(out).plain() == read_workbook(edited[1]).plain()
