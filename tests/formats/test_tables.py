"""The folder of CSV tables: the same input as the workbook."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfa.formats.bulk import read_frames
from mfa.formats.tables import read_tables, write_tables
from mfa.workbook.build import build_system
from mfa.workbook.read import read_workbook
from mfa.workbook.text import tidy
from tests.workbook.books import SMALL, write_small


def codes(tables):
    return [(p.code, p.severity, str(p.place)) for p in tables.problems]


def put(folder, **files):
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def test_tables_written_are_the_tables_read(tmp_path):
    paths = write_tables(SMALL, tmp_path)
    assert [p.name for p in paths] == [f"{name}.csv" for name in SMALL]
    tables = read_tables(tmp_path)
    assert tables.problems == []
    assert tables.plain() == SMALL


def test_a_workbook_goes_to_tables_and_back_without_loss(tmp_path):
    book = read_workbook(write_small(tmp_path / "a.xlsx"))
    write_tables(book, tmp_path / "tables")
    assert read_tables(tmp_path / "tables").plain() == book.plain()


def test_both_inputs_build_the_same_system(tmp_path):
    write_tables(SMALL, tmp_path / "tables")
    one, first = build_system(read_tables(tmp_path / "tables"))
    two, second = build_system(read_workbook(write_small(tmp_path / "a.xlsx")))
    assert first == second == []
    for name in ("processes", "materials", "flows", "stocks", "parameters", "observations",
                 "relations", "sources"):  # fmt: skip
        left, right = getattr(one, name).frame(), getattr(two, name).frame()
        assert left.drop(columns="place").equals(right.drop(columns="place"))


def test_the_same_tables_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        write_tables(read_tables_after_writing(tmp_path / folder), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        data = path.read_bytes()
        assert (tmp_path / "b" / path.name).read_bytes() == data
        assert b"\r" not in data
        assert not data.startswith(b"\xef\xbb\xbf")


def read_tables_after_writing(folder):
    write_tables(SMALL, folder)
    return read_tables(folder)


def test_every_row_has_its_file_and_line(tmp_path):
    put(tmp_path, flows='id,source,target,note\na,b,c,"two\nlines"\n\nd,e,f,\n')
    tables = read_tables(tmp_path)
    assert [str(r.at("target")) for r in tables["flows"]] == ["flows.csv:2", "flows.csv:5"]
    _, problems = build_system(tables)
    assert ("unknown-process", "flows.csv:2") in [(p.code, str(p.place)) for p in problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_read(tmp_path, encoding, delimiter, ending):
    rows = [["Mã", "Từ quá trình", "target", "my own"], ["a", "Đồng_ruộng", "export", "x"]]
    text = ending.join(delimiter.join(row) for row in rows) + ending
    put(tmp_path, Dòng=text.encode(encoding))
    tables = read_tables(tmp_path)
    assert tables.problems == []
    assert tables.plain() == {"flows": [{"id": "a", "source": "Đồng_ruộng", "target": "export"}]}


def test_numbers_have_a_decimal_point_whatever_the_case_says(tmp_path):
    put(tmp_path, case='key,value\ndecimal,","\n', parameters="id,value\na,1.234\nb,1e3\n")
    tables = read_tables(tmp_path)
    assert [r.get("value") for r in tables["parameters"]] == [1.234, 1000.0]
    put(tmp_path, parameters='id,value,uncertainty\na,"1.234,5",5\nb,1,"*/ 1,5"\n')
    assert codes(read_tables(tmp_path)) == [
        ("bad-number", "error", "parameters.csv:2"),
        ("bad-number", "error", "parameters.csv:3"),
    ]


def test_numbers_are_written_as_short_as_they_read_back(tmp_path):
    values = [0.1, 1e-9, 1.0, 334747.0, 1 / 3, 1e22, -0.5]
    rows = [{"id": f"p{k}", "value": value} for k, value in enumerate(values)]
    write_tables({"parameters": rows}, tmp_path)
    lines = (tmp_path / "parameters.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:5] == ["id,value", "p0,0.1", "p1,1e-09", "p2,1", "p3,334747"]
    assert read_tables(tmp_path).plain()["parameters"] == rows


@pytest.mark.parametrize(("files", "code", "place"), [
    ({"flows": b"id,source,target\na,b,\xff\n"}, "not-utf-8", "flows.csv:2"),
    ({"flows": b"id,source\x00,target\n"}, "not-text", "flows.csv:1"),
    ({"flows": "x,y,z\na,b,c\n"}, "no-header", "flows.csv:1"),
    ({"flows": "id,target\na,b\n"}, "missing-column", "flows.csv:1"),
    ({"flows": "id,source,target\na,b,\"" + "x" * 200_000}, "csv-unreadable", "flows.csv:2"),
    ({"flows": "id,source,target\n", "Dòng": "id\n"}, "double-table", "flows.csv"),
    ({"flow": "id,source,target\n"}, "unknown-table", "flow.csv"),
    ({}, "no-tables", ""),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_told(tmp_path, files, code, place):
    tables = read_tables(put(tmp_path, **files))
    found = {c: p for c, _, p in codes(tables)}
    assert found[code] == (place or tmp_path.name)
    for problem in tables.problems:
        assert "{" not in problem.text("vi")


def test_empty_files_and_other_files_are_no_problem(tmp_path):
    put(tmp_path, flows="id,source,target\na,b,c\n", stocks="", notes_of_lan="hello\n")
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    tables = read_tables(tmp_path)
    assert tables.problems == []
    assert tables["stocks"] == []


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("mfa.formats.tables.MAX_BYTES", 10)
    put(tmp_path, flows="id,source,target\na,b,c\n")
    assert [c for c, _, _ in codes(read_tables(tmp_path))] == ["file-too-large"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_tables(tmp_path / "none")


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"),
                max_size=40).map(tidy)  # fmt: skip
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(texts, texts, numbers), max_size=5))
def test_any_text_and_number_survives(tmp_path_factory, items):
    rows = [
        {"id": f"p{k}", "value": value} | {n: t for n, t in (("note", a), ("name_vi", b)) if t}
        for k, (a, b, value) in enumerate(items)
    ]
    folder = tmp_path_factory.mktemp("any")
    write_tables({"parameters": rows} if rows else SMALL, folder)
    tables = read_tables(folder)
    assert tables.problems == []
    assert tables.plain() == ({"parameters": rows} if rows else SMALL)


class TestHostile:
    FLOWS = "id,source,target\na,import,export\n"

    def problems(self, tmp_path: Path, text: str) -> list[str]:
        (tmp_path / "flows.csv").write_text(text, encoding="utf-8")
        start = time.process_time()
        tables = read_tables(tmp_path)
        assert time.process_time() - start < 2
        return [problem.code for problem in tables.problems]

    def test_a_quotation_mark_that_swallows_the_rest(self, tmp_path: Path) -> None:
        text = self.FLOWS + '"' + "b,import,export\n" * 100_000
        assert self.problems(tmp_path, text) == ["csv-unreadable"]

    def test_a_line_without_end(self, tmp_path: Path) -> None:
        text = self.FLOWS + '"' + "x" * 25_000_000
        assert self.problems(tmp_path, text) == ["csv-unreadable"]

    def test_hundreds_of_thousands_of_columns(self, tmp_path: Path) -> None:
        text = "id,source,target" + ",x" * 50_000 + "\na,import,export\n"
        assert self.problems(tmp_path, text) == ["far-cell"]


def test_nothing_in_a_table_is_a_formula(tmp_path: Path) -> None:
    """A spreadsheet shows what a hostile name says, and reading gives the name back."""
    names = ["=1+1", "@SUM(A1)", "+84 234", "-2+3", "'=1", "''=1", "'t Hart", "-5", "a=b", "-"]
    rows = [{"id": f"p{k}", "name_en": name} for k, name in enumerate(names)]
    (file,) = write_tables({"processes": rows}, tmp_path)
    cells = [line.partition(",")[2] for line in file.read_text().splitlines()[1:]]
    assert not [cell for cell in cells if cell[0] in "=+-@" and cell != "-5"]
    back = read_tables(tmp_path).plain()["processes"]
    assert [row["name_en"] for row in back] == names
    assert read_frames(tmp_path)["processes"]["name_en"].tolist() == names
