"""The workbook: all tables, both languages, no formula from text, links that lead, same bytes."""

from __future__ import annotations

import re
import warnings
import zipfile

import openpyxl
import pytest

from mfa.report import write_report
from mfa.report.chapters import compose
from mfa.report.collect import collect
from mfa.report.xlsx import place, render_xlsx
from tests.report.cities import FORMULA, bare_account, city, city_account


@pytest.fixture(scope="module")
def documents():
    facts = collect(city_account(), "city")
    return [compose(facts, language) for language in ("vi", "en")]


@pytest.fixture(scope="module")
def path(documents, tmp_path_factory):
    file = tmp_path_factory.mktemp("book") / "report.xlsx"
    file.write_bytes(render_xlsx(documents))
    return file


@pytest.fixture(scope="module")
def book(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl does not know the colours of data bars
        return openpyxl.load_workbook(path)


def cells(book):
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row]


def test_every_table_of_the_report_is_in_the_workbook(book, documents):
    placed = place(documents)
    assert len(placed) == len(documents[0].tables())
    for item in placed:
        title = book[item.sheet].cell(item.top + 1, 1).value
        assert title == " – ".join(dict.fromkeys(table.title for table in item.tables))


def test_text_never_becomes_a_formula(book, path):
    assert [cell.coordinate for cell in cells(book) if cell.data_type == "f"] == []
    assert FORMULA in {cell.value for cell in cells(book)}
    with zipfile.ZipFile(path) as archive:
        sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        assert all(b"<f>" not in archive.read(name) for name in sheets)


def test_numbers_are_numbers_and_equal_the_account_s(book, documents):
    account = city_account()
    item = next(p for p in place(documents) if p.tables[0].id == "all-flows")
    sheet = book[item.sheet]
    heads = [cell.value for cell in sheet[item.head + 1]]
    value = next(k for k, head in enumerate(heads) if head.startswith("Giá trị"))
    number = next(k for k, head in enumerate(heads) if head.startswith("Mã"))
    rows = {
        row[number].value: row[value].value
        for row in sheet.iter_rows(item.row(0) + 1, item.row(len(item.tables[0].rows) - 1) + 1)
    }
    assert rows["harvest"] == pytest.approx(account["harvest"].value)
    assert rows["cement"] == "chưa biết / unknown"


def test_headings_stand_in_both_languages(book, documents):
    item = next(p for p in place(documents) if p.tables[0].id == "all-flows")
    heads = [cell.value for cell in book[item.sheet][item.head + 1]]
    assert "Giá trị\nValue" in heads
    assert "Khoảng 95 % ≥\n95 % interval ≥" in heads
    assert {"Từ → đến", "From → to"} <= set(heads)  # long texts get a column for each language


def test_links_lead_to_cells_that_exist(book, path):
    targets = set()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                text = archive.read(name).decode("utf-8")
                targets |= set(re.findall(r'location="([^"]+)"', text))
    assert len(targets) > 20
    for target in targets:
        sheet, cell = re.fullmatch(r"'(.+)'!([A-Z]+\d+)", target).groups()
        assert book[sheet][cell].value not in (None, ""), target


def test_addresses_are_web_addresses_only(path):
    with zipfile.ZipFile(path) as archive:
        relations = [n for n in archive.namelist() if n.startswith("xl/worksheets/_rels")]
        found = [
            t
            for n in relations
            for t in re.findall(
                r'Target="([^"]+)" TargetMode="External"', archive.read(n).decode("utf-8")
            )
        ]
    assert set(found) == {"https://example.org/a?b=1&amp;c=2"}


def test_workbook_has_the_same_bytes_every_time(tmp_path):
    files = [
        write_report(city().balance(), tmp_path / name, formats=["xlsx"])[0] for name in ("a", "b")
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_one_language_alone_and_a_bare_case(tmp_path):
    (file,) = write_report(bare_account(), tmp_path, formats=["xlsx"], languages=["vi"])
    book = openpyxl.load_workbook(file)
    assert book.worksheets[0].title == "Mục lục"
    assert all(" / " not in str(cell.value) for cell in book.worksheets[0]["A"])


def test_native_charts_stand_beside_their_tables(path):
    with zipfile.ZipFile(path) as archive:
        charts = [n for n in archive.namelist() if n.startswith("xl/charts/chart")]
    assert len(charts) == 2
