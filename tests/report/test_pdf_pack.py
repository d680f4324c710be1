"""PDFs with their plain objects compressed."""

from __future__ import annotations

import io
import zlib

import pypdf
import pytest
import typst
from pypdf.generic import IndirectObject

from mfa.report.pdf_pack import TOGETHER, pack_pdf

TABLE = '#table(columns: 4, ..range({n}).map(n => [cell #n])) #link("https://a.vn")[endobj stream]'


def _typeset(n: int) -> bytes:
    return typst.compile(TABLE.format(n=n).encode(), format="pdf", ignore_system_fonts=True)


def _resolved(reader: pypdf.PdfReader, number: int) -> object:
    """Return an object as text, or its stream's bytes."""
    found = reader.get_object(IndirectObject(number, 0, reader))
    if hasattr(found, "get_data"):
        return found.get_data()
    return repr(found).replace(str(id(reader)), "")  # references name their reader


def _everything(pdf: bytes) -> dict[int, object]:
    reader = pypdf.PdfReader(io.BytesIO(pdf), strict=True)
    count = 1 + max(reader.xref[0])
    return {n: _resolved(reader, n) for n in sorted(reader.xref[0]) if 0 < n < count}


@pytest.mark.parametrize("n", [0, 3, 700])
def test_every_object_is_what_it_was(n: int) -> None:
    pdf = _typeset(n)
    packed = pypdf.PdfReader(io.BytesIO(pack_pdf(pdf)), strict=True)
    for number, content in _everything(pdf).items():
        assert _resolved(packed, number) == content
    plain = pypdf.PdfReader(io.BytesIO(pdf))
    assert packed.trailer["/ID"] == plain.trailer["/ID"]
    assert packed.metadata == plain.metadata
    assert [page.extract_text() for page in packed.pages] == [
        page.extract_text() for page in plain.pages
    ]


def test_many_objects_take_several_streams() -> None:
    pdf = _typeset(TOGETHER + 500)
    packed = pack_pdf(pdf)
    assert packed.count(b"/Type/ObjStm") > 1
    assert len(packed) < len(pdf) / 2
    assert packed == pack_pdf(pdf)
    last = pypdf.PdfReader(io.BytesIO(packed), strict=True).pages[-1]
    assert f"cell {TOGETHER + 499}" in last.extract_text()


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\nstartxref\n0\n%%EOF", b"x" * 1000])
def test_another_build_is_refused(pdf: bytes) -> None:
    with pytest.raises(ValueError, match="cross-reference"):
        pack_pdf(pdf)


def test_a_packed_file_is_refused() -> None:
    with pytest.raises(ValueError, match="cross-reference"):
        pack_pdf(pack_pdf(_typeset(3)))


def test_a_shifted_table_is_refused() -> None:
    pdf = _typeset(3)
    at = pdf.rindex(b"xref\n0 ")
    rows = pdf[at:].replace(b"0000000016 00000 n", b"0000000017 00000 n", 1)
    with pytest.raises(ValueError, match="object 1 is not"):
        pack_pdf(pdf[:at] + rows)


def test_the_streams_are_deflated() -> None:
    packed = pack_pdf(_typeset(3))
    start = packed.index(b"stream\n", packed.index(b"/Type/ObjStm")) + len(b"stream\n")
    assert b"StructElem" in zlib.decompressobj().decompress(packed[start:])
