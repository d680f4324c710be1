"""Files that harm, or that are broken: each is refused in words, or read, within 2 s and 500 MB."""

import io
import os
import subprocess
import sys
import time
import zipfile

import pytest

from mfa.errors import InputError
from mfa.formats import detect
from mfa.formats.sankeymatic import read_sankeymatic
from mfa.formats.stan import read_stan
from mfa.workbook import guard, shared
from mfa.workbook.read import read_workbook
from tests.workbook.books import HEADER, raw_book, sheet_xml, text_row, write_small

GOOD_ROW = text_row(2, "a", "import", "export")


def zip_bomb(path):
    block = b"0" * (1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(guard.MAX_PART // len(block) + 2):
            part.write(block)


def many_parts(path):
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(guard.MAX_PARTS + 1):
            archive.writestr(f"{number}", b"")


def doctype(encoding, body="<!DOCTYPE a [<!ENTITY x 'y'>]>"):
    def make(path):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{body}{sheet_xml(HEADER + GOOD_ROW)}'
        raw_book(path, text.encode(encoding))

    return make


def billion_laughs(path):
    names = "abcdefghij"
    entities = "<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY {names[k]} '{f'&{names[k - 1]};' * 10}'>" for k in range(1, 10)
    )
    raw_book(path, f"<!DOCTYPE w [{entities}]>" + sheet_xml(text_row(1, "&j;")))


def external_entity(path):
    declared = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    raw_book(path, declared + sheet_xml(text_row(1, "&x;")))


def in_shared_strings(path):
    raw_book(path, sheet_xml(HEADER), **{"xl/sharedStrings.xml": "<!DOCTYPE a><sst/>"})


def truncated(path):
    whole = write_small(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def corrupted(path):
    raw_book(path, sheet_xml(HEADER + GOOD_ROW))
    data = bytearray(path.read_bytes())
    at = data.index(b"xl/worksheets/sheet1.xml") + len("xl/worksheets/sheet1.xml") + 5
    data[at : at + 20] = bytes(20)
    path.write_bytes(bytes(data))


def not_xml(path):
    raw_book(path, "<worksheet><sheetData><row></sheetData>")


def password_zip(path):
    raw_book(path, sheet_xml(HEADER))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(bytes(data))


def one_name_twice(path):
    raw_book(path, sheet_xml(HEADER))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", "<workbook/>")


def open_document(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<a/>")


def too_many_cells(path):
    row = '<row r="1">' + '<c r="A1"><v>1</v></c>' * 1000 + "</row>"
    raw_book(path, sheet_xml(row * (shared.MAX_CELLS // 1000 + 1)))


def too_many_tags(path):
    raw_book(path, sheet_xml("<a/>" * (shared.MAX_MARKS + 1)))


def endless_text(path):
    cell = f'<c r="A3" t="inlineStr"><is><t>{"x" * 8_000_000}</t></is></c>'
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + f'<row r="3">{cell}</row>'))


def endless_attribute(path):
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + f'<row r="3" x="{"y" * 8_000_000}"/>'))


def many_attributes(path):
    names = " ".join(f'a{number}="1"' for number in range(600_000))
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + f'<row r="3" {names}/>'))


def deep_tags(path):
    raw_book(path, sheet_xml("<a>" * 700_000 + "</a>" * 700_000))


def other_compression(path):
    raw_book(path, sheet_xml(HEADER + GOOD_ROW))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def sizes_that_lie(size):
    """State another unpacked size in the directory than the parts have."""

    def make(path):
        raw_book(path, sheet_xml(HEADER + GOOD_ROW))
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02")
        while at >= 0:
            data[at + 24 : at + 28] = size.to_bytes(4, "little")
            at = data.find(b"PK\x01\x02", at + 4)
        path.write_bytes(bytes(data))

    return make


def many_sheets(path):
    write_small(path)
    sheets = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId1"/>' for n in range(2000))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data.replace(b"</sheets>", f"{sheets}</sheets>".encode()))


def unknown_encoding(path):
    text = f'<?xml version="1.0" encoding="utf-7"?>{sheet_xml(HEADER + GOOD_ROW)}'
    raw_book(path, text.encode())


def bytes_of(data):
    return lambda path: path.write_bytes(data)


REFUSED = {
    "zip bomb": (zip_bomb, "unpacks-too-large"),
    "thousands of parts": (many_parts, "unpacks-too-large"),
    "doctype": (doctype("utf-8"), "doctype"),
    "doctype in UTF-16": (doctype("utf-16"), "doctype"),
    "doctype after a long comment": (doctype("utf-8", f"<!--{' ' * 10**6}--><!DOCTYPE a>"),
                                     "doctype"),
    "billion laughs": (billion_laughs, "doctype"),
    "external entity": (external_entity, "doctype"),
    "doctype in shared strings": (in_shared_strings, "doctype"),
    "empty": (bytes_of(b""), "empty-file"),
    "one byte": (bytes_of(b"P"), "not-a-workbook"),
    "csv renamed": (bytes_of(b"id,source,target\na,b,c\n"), "not-a-workbook"),
    "html renamed": (bytes_of(b"<html><table><tr><td>1</td></tr></table></html>"),
                     "not-a-workbook"),
    "encrypted or .xls": (bytes_of(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)),
                          "encrypted-or-old"),
    "encrypted zip": (password_zip, "encrypted"),
    "truncated": (truncated, "damaged"),
    "corrupted": (corrupted, "damaged"),
    "not well-formed": (not_xml, "damaged"),
    "one part twice": (one_name_twice, "damaged"),
    "signature only": (bytes_of(b"PK\x03\x04" + bytes(100)), "damaged"),
    "OpenDocument": (open_document, "not-xlsx"),
    "a text of millions of letters": (endless_text, "text-too-long"),
    "an attribute of millions of letters": (endless_attribute, "text-too-long"),
    "a tag of 600,000 attributes": (many_attributes, "text-too-long"),
    "tags inside tags": (deep_tags, "too-many-cells"),
    "another compression": (other_compression, "damaged"),
    "sizes of 4 GB": (sizes_that_lie(0xFFFFFFFF), "unpacks-too-large"),
    "sizes of 3 bytes": (sizes_that_lie(3), "damaged"),
    "thousands of sheets": (many_sheets, "too-many-sheets"),
    "an unknown encoding": (unknown_encoding, "damaged"),
    "too many cells": (too_many_cells, "too-many-cells"),
    "too many tags": (too_many_tags, "too-many-cells"),
}  # fmt: skip


def far_corner(path):
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + corner))


def far_style(path):
    corner = '<row r="1048576" s="1" customFormat="1"><c r="A1048576" s="1"/></row>'
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + corner))


def million_styled_rows(path):
    stream = io.StringIO()
    for number in range(3, 1_048_577):
        stream.write(f'<row r="{number}" s="1" customFormat="1"><c r="A{number}" s="1"/></row>')
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + stream.getvalue()))


def styled_block(path):
    cells = "".join(f'<c r="{c}{{0}}" s="1"/>' for c in "ABCDEFGHIJ")
    rows = "".join(f'<row r="{n}">' + cells.format(n) + "</row>" for n in range(3, 100_000))
    raw_book(path, sheet_xml(HEADER + GOOD_ROW + rows))


def parts_that_point_outside(path):
    names = ("/etc/passwd", "../../evil.xml", "C:\\evil.xml", "xl/embeddings/nested.zip")
    raw_book(path, sheet_xml(HEADER + GOOD_ROW), **dict.fromkeys(names, "<a/>"))


def lies_of_the_sheet(path):
    sheet = sheet_xml(HEADER + GOOD_ROW)
    sheet = sheet.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    merged = '<mergeCells><mergeCell ref="ZZZZ9:A99999999999"/><mergeCell ref="x"/></mergeCells>'
    raw_book(path, sheet.replace("</sheetData>", f"</sheetData>{merged}"))


READ = {
    "parts that point outside": (parts_that_point_outside, []),
    "dimensions and ranges that lie": (lies_of_the_sheet, []),
    "a cell in the last corner": (far_corner, [("far-cell", "Flows!XFD1048576")]),
    "a styled cell in the last row": (far_style, []),
    "a million styled rows": (million_styled_rows, []),
    "a million styled cells": (styled_block, []),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_words(tmp_path, name):
    make, code = REFUSED[name]
    path = tmp_path / "hostile.xlsx"
    make(path)
    start = time.process_time()
    tables = read_workbook(path)
    assert time.process_time() - start < 2
    (problem,) = tables.problems
    assert (problem.code, problem.severity, problem.place.file) == (code, "error", path.name)
    assert len(tables) == 0
    for language in ("vi", "en"):
        assert path.name in problem.text(language)
        assert "{" not in problem.text(language)


@pytest.mark.parametrize("name", READ)
def test_is_read_all_the_same(tmp_path, name):
    make, expected = READ[name]
    path = tmp_path / "messy.xlsx"
    make(path)
    start = time.process_time()
    tables = read_workbook(path)
    assert time.process_time() - start < 2
    assert tables.plain() == {"flows": [{"id": "a", "source": "import", "target": "export"}]}
    assert [(p.code, str(p.place)) for p in tables.problems] == expected


MEASURE = """
import re, sys
from pathlib import Path
from mfa.workbook.read import read_workbook
for path in sys.argv[1:]:
    read_workbook(path)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_none_of_them_takes_much_memory(tmp_path):
    makers = {**REFUSED, **READ}
    paths = []
    for number, (make, _) in enumerate(makers.values()):
        paths.append(tmp_path / f"{number}.xlsx")
        make(paths[-1])
    command = [sys.executable, "-c", MEASURE, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Not getrusage: there a child starts with the peak of its parent, here the test run.
    assert int(done.stdout) / 1024 < 500


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
@pytest.mark.parametrize("read", [read_workbook, detect, read_sankeymatic, read_stan])
def test_a_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "a.xlsx")
    try:
        problems = read(tmp_path / "a.xlsx").problems
    except InputError as refusal:
        problems = refusal.problems
    assert [problem.code for problem in problems] == ["no-file"]


def test_macros_are_no_obstacle(tmp_path):
    path = raw_book(tmp_path / "a.xlsm", sheet_xml(HEADER + GOOD_ROW),
                    **{"xl/vbaProject.bin": b"\x00\x01"})  # fmt: skip
    assert read_workbook(path).problems == []


def test_a_missing_file_is_not_a_problem_of_its_content(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_workbook(tmp_path / "none.xlsx")
