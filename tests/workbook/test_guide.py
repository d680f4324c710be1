"""A workbook filled in from the written guide alone, cell by cell, has nothing wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from mfa.case import open_case
from mfa.workbook.template import write_template

DOCS = Path(__file__).parents[2] / "docs"
TABLE = re.compile(r"^(?:Sheet|Bảng) \*\*(.+)\*\*\n\n((?:\|.*\n)+)", re.MULTILINE)


def typed(text: str) -> str | float:
    """Return what Excel makes of `text` in a cell without a format of text."""
    return float(text) if re.fullmatch(r"\d+", text) else text


def fill(path: Path, guide: str) -> None:
    book = load_workbook(path)
    for name, lines in TABLE.findall(guide):
        table = [[c.strip() for c in line.strip("|").split("|")] for line in lines.splitlines()]
        titles, sheet = table[0], book[name]
        columns = {cell.value: cell.column for cell in sheet[1]}
        settings = {cell.value: cell.row for cell in sheet["A"]} if name in CASE else None
        for number, cells in enumerate(table[2:], start=3):
            row = settings[cells[0]] if settings else number
            for column in columns.values() if not settings else ():
                sheet.cell(row, column).value = None
            for title, text in zip(titles, cells, strict=True):
                if text:
                    sheet.cell(row, columns[title]).value = typed(text)
    book.save(path)


CASE = ("Case", "Thông tin chung")


@pytest.mark.parametrize(("language", "page"), [("en", "fill-in.md"), ("vi", "vi/fill-in.md")])
def test_the_town_of_the_guide(language: str, page: str, tmp_path: Path) -> None:
    path = write_template(tmp_path / "town.xlsx", language)
    fill(path, (DOCS / page).read_text(encoding="utf-8"))
    case = open_case(path)
    assert [problem.text(language) for problem in case.check()] == []
    account = case.balance()
    harvest = next(iter(case.system.flows))
    whole, *parts = (account[harvest, "2022", region].value for region in case.system.regions)
    assert whole == pytest.approx(sum(parts), rel=1e-9)
    assert whole == pytest.approx(57_000, rel=0.001)
