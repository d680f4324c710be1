"""Whatever a file holds: a clean read or a message, never another exception, never markup."""

import io
import string
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfa.errors import Problem
from mfa.workbook.build import build_system
from mfa.workbook.feedback import annotate
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL, raw_book, sheet_xml

FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NASTY = st.sampled_from(
    ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "<script>alert(1)</script>", "&amp;<b>", "]]>",
     "NaN", "1e999", "-0", "１２", "1.234", "1.234,5", "٣", "\u200bid", "Ð", "tâ\u0301n",
     "a" * 32_767, "𝕊", "\x00",
     "Example:", "result_value", "import", "rice", "9**9**9**9", "((((", "a" + "(" * 5_000,
     "x = " + "-" * 3_000 + "x", "[90; 110]", "*/ 0", "± 1e400 %", "[1; 1]", "10 % %", "t/t/t/t",
     "_x0000_", "{0}", "{name}", "%s", "__class__", "2023, 2023", "A: B: C;;", "0x10", "1_000"]
)  # fmt: skip
CELLS = st.one_of(
    NASTY,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.booleans(),
)
NAMES = ["rice", "import", "mill", "yearbook", "population"]


def said(problems: list[Problem]) -> None:
    """Every problem can be said in both languages, without a placeholder left over."""
    for problem in problems:
        for language in ("vi", "en"):
            assert problem.text(language)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return write_template(tmp_path_factory.mktemp("fuzz") / "small.xlsx", "vi", SMALL)


@settings(FEW, max_examples=12)
@given(data=st.data())
def test_any_cell_may_hold_anything(data, tmp_path, template):
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = load_workbook(template)
    sheets = book.worksheets[1:-1]
    for _ in range(data.draw(st.integers(1, 12))):
        sheet = data.draw(st.sampled_from(sheets))
        row = data.draw(st.integers(1, 8))
        column = data.draw(st.integers(1, sheet.max_column))
        value = data.draw(st.one_of(CELLS, st.sampled_from(NAMES)))
        cell = sheet.cell(row, column)
        try:
            cell.value = value
        except (ValueError, IllegalCharacterError):
            continue
        if isinstance(value, str):
            cell.data_type = "s"
    path = tmp_path / "any.xlsx"
    book.save(path)
    tables = read_workbook(path)
    _system, problems = build_system(tables)
    said(problems)
    out = annotate(path, problems, tmp_path / "any.checked.xlsx")
    formulas_of = [
        {c.coordinate for row in ws.iter_rows() for c in row if c.data_type == "f"}
        for ws in load_workbook(out).worksheets[:1]
    ]
    assert formulas_of == [set()]
    assert read_workbook(out).plain() == tables.plain()


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@FEW
@given(data=st.data())
def test_any_part_may_be_spoilt(data, tmp_path, template):
    parts = parts_of(template)
    name = data.draw(st.sampled_from(sorted(parts)))
    content = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 6))):
        if content:
            at = data.draw(st.integers(0, len(content) - 1))
            how = data.draw(st.sampled_from(["flip", "cut", "double", "insert"]))
            if how == "flip":
                content[at] ^= 1 << data.draw(st.integers(0, 7))
            elif how == "cut":
                del content[at : at + data.draw(st.integers(1, 500))]
            elif how == "double":
                content[at:at] = content[at : at + 200]
            else:
                content[at:at] = data.draw(
                    st.sampled_from([b"<", b"&x;", b"\x00", b'"', b"-1", b"99999999999"])
                )
    path = tmp_path / "spoilt.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, old in parts.items():
            archive.writestr(part, bytes(content) if part == name else old)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _system, problems = build_system(read_workbook(path))
    said(problems)


@FEW
@given(at=st.floats(0, 1), bits=st.binary(min_size=1, max_size=40))
def test_any_bytes_may_be_overwritten(at, bits, tmp_path, template):
    whole = bytearray(template.read_bytes())
    start = int(at * (len(whole) - 1))
    whole[start : start + len(bits)] = bits
    path = tmp_path / "bytes.xlsx"
    path.write_bytes(bytes(whole))
    said(read_workbook(path).problems)


ATTRIBUTE = st.text(string.ascii_letters + string.digits + "-. ", max_size=12)


@FEW
@given(
    cells=st.lists(
        st.tuples(
            ATTRIBUTE,
            st.sampled_from(["s", "str", "inlineStr", "b", "e", "n", "d", ""]),
            ATTRIBUTE,
            ATTRIBUTE,
        ),
        max_size=30,
    ),
    row=ATTRIBUTE,
)
def test_any_attribute_may_be_odd(cells, row, tmp_path):
    inner = "".join(
        f'<c r="{r}" t="{t}" s="{s}"><v>{v}</v><is><t>{v}</t></is></c>' for r, t, s, v in cells
    )
    path = raw_book(tmp_path / "odd.xlsx", sheet_xml(f'<row r="{row}">{inner}</row>' * 2))
    said(build_system(read_workbook(path))[1])


@FEW
@given(data=st.binary(max_size=300))
def test_any_csv_may_be_odd(data, tmp_path):
    from mfa.formats.tables import read_tables

    (tmp_path / "flows.csv").write_bytes(b"id,source,target,material,lower\n" + data)
    said(build_system(read_tables(tmp_path))[1])


def test_the_list_of_nasty_texts_survives_a_full_round(tmp_path):
    """No text of a file becomes a formula or markup in what is written from it."""
    from openpyxl import load_workbook

    texts = ["=1+1", "+1", "@x", "-2+3", "<b>&", "_x0041_"]
    rows = [{"id": f"s{n}", "title": text} for n, text in enumerate(texts)]
    path = write_template(tmp_path / "t.xlsx", "en", {"sources": rows})
    sheet = load_workbook(path)["Sources"]
    assert [sheet.cell(3 + n, 2).data_type for n in range(len(texts))] == ["s"] * len(texts)
    assert [row["title"] for row in read_workbook(path).plain()["sources"]] == texts
    assert io.BytesIO(path.read_bytes()).read(2) == b"PK"
