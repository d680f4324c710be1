"""The PDF: the report's text, fonts and bookmarks inside, drawings as vectors, same bytes."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pypdf
import pytest

from mfa.locale.numbers import format_value
from mfa.report import write_report
from mfa.report.document import Document, Figure, Paragraph, Section
from mfa.report.paged import (
    MM,
    PX,
    clean,
    linked_anchors,
    paper_order,
    paper_picture,
    split_label,
    type_area,
    web_address,
)
from mfa.report.pdf import render_pdf
from mfa.report.tables import Column, Num, Ref, Row, Table
from tests.report.papers import LONG, ODD, account, document, plate_report, shown, squeezed

EVERY = [("city", "vi"), ("bare", "en"), ("odd", "vi"), ("none", "en")]
REGIONS = [("city", "vi", "vi-VN"), ("bare", "en", "en-GB")]


@cache
def file(name: str, language: str) -> bytes:
    return render_pdf(document(name, language))


@cache
def reader(name: str, language: str) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(file(name, language)))


@cache
def pages(name: str, language: str) -> list[str]:
    return [page.extract_text() for page in reader(name, language).pages]


@cache
def text(name: str, language: str) -> str:
    return squeezed("".join(pages(name, language)))


def sections(blocks):
    for block in blocks:
        if isinstance(block, Section):
            yield block
            yield from sections(block.blocks)


def bookmarks(outline):
    for item in outline:
        if isinstance(item, list):
            yield from bookmarks(item)
        else:
            yield item


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_cell_of_every_table_is_in_the_text(name, language):
    found = text(name, language)
    cells = Counter(
        cell
        for table in document(name, language).tables()
        for row in shown(table, language)
        for cell in row
        if cell and len(cell) < 40  # longer ones may run over the end of a page
    )
    missing = [cell for cell, n in cells.items() if found.count(cell) < n]
    assert missing == []


def test_the_account_s_numbers_stand_in_the_text():
    for name in ("harvest", "to_landfill", "people"):
        quantity = account("city")[name, "2023"] if name != "people" else account("city")[name]
        number = format_value(quantity.value, quantity.sd or None, language="vi")
        assert squeezed(number) in text("city", "vi")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_bookmarks_are_the_headings_in_order(name, language):
    made = reader(name, language)
    found = [item.title for item in bookmarks(made.outline)]
    wanted = [
        f"{section.number} {clean(section.title)}"
        for section in sections(document(name, language).chapters)
    ]
    assert list(map(squeezed, found)) == list(map(squeezed, wanted))
    numbers = [made.get_destination_page_number(item) for item in bookmarks(made.outline)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_contents_give_the_pages_of_the_chapters(name, language):
    made = reader(name, language)
    contents = pages(name, language)[1]
    for item in bookmarks(made.outline):
        if re.match(r"(\d+|[A-Z])\s", item.title):
            page = made.get_destination_page_number(item) + 1
            title = squeezed(item.title)
            assert re.search(rf"{re.escape(title)}\.*{page}", squeezed(contents).replace("…", ""))


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_captions_are_numbered_in_order(name, language):
    report = document(name, language)
    found = text(name, language)
    for items in (report.tables(), report.figures()):
        places = []
        for n, item in enumerate(items, start=1):
            word, number = split_label(item.label)
            assert number == n
            title = item.caption if isinstance(item, Figure) else item.title
            places.append(found.index(squeezed(f"{word}{n}{clean(title)}")))
        assert places == sorted(places)


def test_pages_are_numbered():
    numbered = pages("city", "vi")[1:]  # the title page has no number
    for number, page in enumerate(numbered, start=2):
        lines = [line for line in page.splitlines() if line.strip()]
        assert lines[-1] == f"Trang {number}/{len(numbered) + 1}"


def test_a_long_table_repeats_its_head():
    rows = tuple(Row((f"row {n}", Num(float(n)))) for n in range(150))
    table = Table("t", "T", "Long", (Column("Name"), Column("Size", "number")), rows)
    chapter = Section("c", "Chapter", (replace(table, label="Table 1"),), "1")
    report = Document("en", "Title", "", (), (chapter,), "")
    made = pypdf.PdfReader(io.BytesIO(render_pdf(report)))
    found = [page.extract_text() for page in made.pages if "row" in page.extract_text()]
    assert len(found) > 1
    assert all("NameSize" in squeezed(page) for page in found)
    assert [int(n) for page in found for n in re.findall(r"row (\d+)", page)] == list(range(150))


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_fonts_are_embedded(name, language):
    fonts = {}
    for page in reader(name, language).pages:
        for font in (page["/Resources"].get("/Font") or {}).values():
            font = font.get_object()
            inner = font["/DescendantFonts"][0].get_object()
            fonts[font["/BaseFont"].split("+")[1]] = inner["/FontDescriptor"].get_object()
    assert set(fonts) <= {"NotoSans-Regular", "NotoSans-SemiBold"}
    assert all("/FontFile2" in d or "/FontFile3" in d for d in fonts.values())


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_pictures_are_vectors(name, language):
    for page in reader(name, language).pages:
        for item in (page["/Resources"].get("/XObject") or {}).values():
            assert item.get_object()["/Subtype"] != "/Image"


@pytest.mark.parametrize(("name", "language", "region"), REGIONS)
def test_properties_and_language(name, language, region):
    made, report = reader(name, language), document(name, language)
    assert made.metadata.title == clean(report.title)
    assert (made.metadata.author or "") == clean(report.author)
    assert made.trailer["/Root"]["/Lang"] == region
    assert made.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_pictures_are_described():
    alts = []

    def walk(item):
        item = item.get_object()
        if isinstance(item, list):
            for child in item:
                walk(child)
        elif isinstance(item, dict):
            if "/Alt" in item:
                alts.append(str(item["/Alt"]))
            if "/K" in item:
                walk(item["/K"])

    walk(reader("city", "vi").trailer["/Root"]["/StructTreeRoot"])
    assert {clean(f.alt) for f in document("city", "vi").figures()} <= set(alts)


def test_web_links_lead_to_the_sources_and_nowhere_else():
    found = set()
    for name in ("city", "odd"):
        for page in reader(name, "vi").pages:
            for note in page.get("/Annots") or []:
                action = note.get_object().get("/A") or {}
                if "/URI" in action:
                    found.add(action["/URI"])
    wanted = web_address("https://example.org/số liệu?a=1&b=<2>")
    assert found == {"https://example.org/a?b=1&c=2", wanted}


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_links_within_lead_to_places_of_the_report(name: str, language: str):
    made = reader(name, language)
    notes = [n.get_object() for page in made.pages for n in page.get("/Annots") or []]
    used = {str(n["/Dest"]) for n in notes if isinstance(n.get("/Dest"), str)}
    assert used <= set(made.named_destinations)
    anchors = linked_anchors(document(name, language))
    assert len(used) > 3 or not anchors
    assert not any("mfa:" in str(n.get("/Contents", "")) for n in notes)


def test_a_link_leads_to_the_row_it_names():
    made = reader("city", "vi")
    place = made.named_destinations["s-S1"]
    page = made.pages[made.get_destination_page_number(place)]
    lines: list[tuple[str, float]] = []
    page.extract_text(
        visitor_text=lambda t, cm, tm, font, size: lines.append((t, cm[3] * tm[5] + cm[5]))
    )
    below = [float(place.top) - y for words, y in lines if words.strip() == "S1"]
    assert any(5 < distance < 20 for distance in below)  # typst leaves 10 points above


def test_names_that_are_no_plain_words_still_are_places():
    rows = (Row(("Đá vôi",), anchor="q-đá"), Row((Ref("Gạo", "#q-đá"),), anchor="q-gạo (a)"))
    table = Table("t", "T", "Bảng", (Column("Tên"),), rows, label="Table 1")
    table = replace(table, rows=(*rows, Row((Ref("Đá", "#q-gạo (a)"),))))
    chapters = (Section("c", "Chapter", (table,), "1"),)
    made = pypdf.PdfReader(io.BytesIO(render_pdf(Document("en", "T", "S", (), chapters, "F"))))
    notes = [n.get_object() for n in made.pages[-1]["/Annots"]]
    places = {str(n["/Dest"]) for n in notes}
    assert len(places) == 2
    assert places <= set(made.named_destinations)


def test_a_picture_stays_with_its_heading():
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 500"><path d="M0 0h9"/></svg>'
    sheets = tuple(
        Section(
            f"s{n}",
            f"Sheet {n}",
            (
                Paragraph((f"Sentence {n}.",)),
                Figure(f"f{n}", svg, "A plate", "A picture", label=f"Figure {n}"),
                *(Paragraph((f"Line {n}.{k}",)) for k in range(4)),
            ),
            f"1.{n}",
        )
        for n in range(1, 5)
    )
    chapters = (Section("c", "Chapter", sheets, "1"),)
    made = pypdf.PdfReader(io.BytesIO(render_pdf(Document("en", "T", "S", (), chapters, "F"))))
    pages = [page.extract_text() for page in made.pages[2:]]
    for n in range(1, 5):
        (page,) = [text for text in pages if f"Sentence {n}." in text]
        assert f"Figure {n}" in page
        assert f"Sheet {n}" in page


def test_wide_pictures_come_last():
    figure = plate_report().figures()[0]
    section = Section("s", "S", (Paragraph(("A",)), figure, Paragraph(("B",))))
    assert [type(b).__name__ for b in paper_order(section)] == ["Paragraph", "Paragraph", "Figure"]
    plate = Section("p", "P", (figure,))
    assert paper_order(plate) == plate.blocks


def test_names_stay_names():
    found = text("odd", "vi")
    for name in ODD:
        assert squeezed(clean(name))[:30] in found
    assert squeezed(LONG) in found


def test_a_wide_picture_lies_across_with_its_heading():
    made = pypdf.PdfReader(io.BytesIO(render_pdf(plate_report())))
    found = {}
    for item in bookmarks(made.outline):
        page = made.pages[made.get_destination_page_number(item)]
        found[item.title.split()[-1]] = page.mediabox.width > page.mediabox.height
    assert found == {"Chapter": 0, "Before": 0, "Plate": 1, "After": 0, "Last": 0}
    (words,) = [t for page in made.pages if "Figure 1" in (t := page.extract_text())]
    assert "Plate" in words
    assert "Before" not in words


def test_labels_of_pictures_are_large_enough_to_read():
    for figure in document("city", "vi").figures():
        area = type_area(figure.wide)
        drawn = paper_picture(figure, area)
        sizes = [float(n) for n in re.findall(r'font-size="([\d.]+)"', drawn.svg)]
        box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ', drawn.svg)
        assert min(sizes) * drawn.width / float(box[1]) >= 5.5
        assert drawn.width <= area[0] + 0.1
    assert PX < 1 < MM


def test_same_report_same_bytes():
    assert render_pdf(document("city", "vi")) == file("city", "vi")


def test_report_writes_the_file_for_each_language(tmp_path):
    written = write_report(account("bare"), tmp_path, formats=["pdf"], case_id="bare")
    assert [path.name for path in written] == ["report.vi.pdf", "report.en.pdf"]
    assert written[1].read_bytes() == file("bare", "en")
