"""The Word file: real styles, fields and captions, the facts unchanged, the same every time."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree

from mfa.locale import LANGUAGES
from mfa.locale.numbers import format_value
from mfa.report import write_report
from mfa.report.docx import render_docx
from mfa.report.paged import clean
from mfa.report.tables import Badge
from tests.report.papers import LONG, ODD, account, document, plate_report, shown, squeezed

CITIES = ("city", "bare", "odd", "none")
EVERY = [(name, language) for name in CITIES for language in LANGUAGES]
REGIONS = {"vi": "vi-VN", "en": "en-GB"}


@cache
def file(name: str, language: str) -> bytes:
    return render_docx(document(name, language))


@cache
def word(name: str, language: str):
    return docx.Document(io.BytesIO(file(name, language)))


def text_of(element) -> str:
    return "".join(item.text or "" for item in element.iter(qn("w:t")))


def style_id(paragraph) -> str:
    return paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}").get(qn("w:val"))


def ids(word) -> dict[str, str]:
    return {style.style_id: style.name for style in word.styles}


def paragraphs(word, style: str) -> list:
    names = ids(word)
    return [p for p in word.element.body.iter(qn("w:p")) if names[style_id(p)] == style]


def sections(blocks, level: int = 1):
    for block in blocks:
        if hasattr(block, "blocks"):
            yield level, block
            yield from sections(block.blocks, level + 1)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_headings_have_word_s_styles_and_the_report_s_order(name, language):
    made = word(name, language)
    found = [
        (int(p.style.name[-1]), p.text)
        for p in made.paragraphs
        if re.fullmatch("Heading [1-3]", p.style.name)
    ]
    wanted = sections(document(name, language).chapters)
    assert found == [(min(level, 3), clean(section.title)) for level, section in wanted]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_tables_say_what_the_report_says(name, language):
    found = [
        [[squeezed(text_of(cell)) for cell in row.iter(qn("w:tc"))] for row in t.iter(qn("w:tr"))]
        for t in word(name, language).element.body.iter(qn("w:tbl"))
        if t.find(f"{qn('w:tblPr')}/{qn('w:tblCaption')}") is not None
    ]
    tables = document(name, language).tables()
    assert len(found) == len(tables)
    for rows, table in zip(found, tables, strict=True):
        bars = [column.kind == "bar" for column in table.columns]
        wanted = [
            [text for text, bar in zip(row, bars, strict=True) for _ in range(1 + bar)]
            for row in shown(table, language)
        ]
        assert rows[1:] == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_account_s_numbers_stand_in_the_text(language):
    body = squeezed(text_of(word("city", language).element.body))
    for name in ("harvest", "to_landfill", "people"):
        quantity = account("city")[name, "2023"] if name != "people" else account("city")[name]
        number = format_value(quantity.value, quantity.sd or None, language=language)
        assert squeezed(number) in body


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_captions_are_counted_by_fields(name, language):
    made, document_ = word(name, language), document(name, language)
    items = [*document_.tables(), *document_.figures()]
    captions = paragraphs(made, "Caption")
    assert sorted(squeezed(text_of(p)) for p in captions) == sorted(
        squeezed(f"{item.label}{clean(getattr(item, 'caption', None) or item.title)}")
        for item in items
    )
    counted: dict[str, list[str]] = {}
    for paragraph in captions:
        (field,) = paragraph.iter(qn("w:fldSimple"))
        counted.setdefault(field.get(qn("w:instr")), []).append(text_of(field))
    assert sorted(map(len, counted.values())) == sorted(
        n for n in (len(document_.tables()), len(document_.figures())) if n
    )
    for instruction, numbers in counted.items():
        assert re.fullmatch(r" SEQ \w+ \\\* ARABIC ", instruction)
        assert numbers == [str(n + 1) for n in range(len(numbers))]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_captions_keep_with_what_they_name(name, language):
    made = word(name, language)
    for caption in paragraphs(made, "Caption"):
        after = caption.getnext()
        if after.tag == qn("w:tbl"):
            assert caption.find(f"{qn('w:pPr')}/{qn('w:keepNext')}") is not None
        else:
            figure = caption.getprevious()
            assert next(figure.iter(qn("w:drawing")), None) is not None
            assert ids(made)[style_id(figure)] == "Report Figure"
    kept = made.styles["Report Figure"].element.find(f"{qn('w:pPr')}/{qn('w:keepNext')}")
    assert kept is not None


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_table_heads_repeat_and_rows_stay_whole(name, language):
    made = word(name, language)
    captioned = [
        t
        for t in made.element.body.iter(qn("w:tbl"))
        if t.find(f"{qn('w:tblPr')}/{qn('w:tblCaption')}") is not None
    ]
    for table in captioned:
        head, *rows = table.iter(qn("w:tr"))
        assert head.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert all(r.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is None for r in rows)
        style = table.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}").get(qn("w:val"))
        assert [s.name for s in made.styles if s.style_id == style] == ["Report Table"]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_tables_fit_their_page(name, language):
    waiting = []
    for item in word(name, language).element.body:
        waiting += [item] if item.tag == qn("w:tbl") else []
        for section in item.iter(qn("w:sectPr")):
            size, margins = section.find(qn("w:pgSz")), section.find(qn("w:pgMar"))
            width = int(size.get(qn("w:w"))) - sum(
                int(margins.get(qn(side))) for side in ("w:left", "w:right")
            )
            for table in waiting:
                columns = [int(c.get(qn("w:w"))) for c in table.iter(qn("w:gridCol"))]
                assert sum(columns) <= width + len(columns)
            waiting = []
    assert waiting == []


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_pictures_are_inline_sharp_and_described(name, language):
    made, figures = word(name, language), document(name, language).figures()
    body = made.element.body
    assert next(body.iter(qn("wp:anchor")), None) is None
    drawn = list(body.iter(qn("wp:inline")))
    assert len(drawn) == len(figures) == len(made.inline_shapes)
    for inline, figure in zip(drawn, figures, strict=True):
        properties = inline.find(qn("wp:docPr"))
        assert properties.get("descr") == clean(figure.alt)
        assert len(properties.get("descr")) > 10
        part = made.part.related_parts[next(inline.iter(qn("a:blip"))).get(qn("r:embed"))]
        inches = int(inline.find(qn("wp:extent")).get("cx")) / 914_400
        assert part.image.px_width / inches >= 200
    numbers = [p.get("id") for p in body.iter(qn("wp:docPr"))]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_contents_stand_before_the_field_is_updated(name, language):
    made = word(name, language)
    entries = [text_of(p) for n in (1, 2) for p in paragraphs(made, f"toc {n}")]
    wanted = [
        f"{section.number}{clean(section.title)}"
        for level, section in sections(document(name, language).chapters)
        if level <= 2
    ]
    assert sorted(map(squeezed, entries)) == sorted(map(squeezed, wanted))
    instructions = [i.text for i in made.element.body.iter(qn("w:instrText"))]
    assert sum(i.startswith(" TOC ") for i in instructions) == 1
    kinds = [c.get(qn("w:fldCharType")) for c in made.element.body.iter(qn("w:fldChar"))]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end")
    settings = made.settings.element
    assert settings.find(qn("w:updateFields")).get(qn("w:val")) == "true"


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_link_leads_somewhere(name, language):
    made = word(name, language)
    names = [b.get(qn("w:name")) for b in made.element.body.iter(qn("w:bookmarkStart"))]
    numbers = [b.get(qn("w:id")) for b in made.element.body.iter(qn("w:bookmarkStart"))]
    ends = [b.get(qn("w:id")) for b in made.element.body.iter(qn("w:bookmarkEnd"))]
    assert len(set(names)) == len(names)
    assert len(set(numbers)) == len(numbers)
    assert sorted(numbers) == sorted(ends)
    assert all(len(name) <= 40 for name in names)
    for link in made.element.body.iter(qn("w:hyperlink")):
        anchor, relation = link.get(qn("w:anchor")), link.get(qn("r:id"))
        assert (anchor in names) if anchor else relation in made.part.rels
    targets = [r.target_ref for r in made.part.rels.values() if r.is_external]
    assert all(target.startswith("https://example.org/") for target in targets)


def test_a_wide_picture_lies_across_with_its_heading():
    made = docx.Document(io.BytesIO(render_docx(plate_report())))
    ways, words = [], ""
    for item in made.element.body:
        words += text_of(item)
        for section in item.iter(qn("w:sectPr")):
            ways.append((section.find(qn("w:pgSz")).get(qn("w:orient")), words))
            words = ""
    assert [way for way, _ in ways] == [None, "landscape", None]
    assert [("Before" in w, "Plate" in w, "After" in w) for _, w in ways[1:]] == [
        (False, True, False),
        (False, False, True),
    ]
    assert made.sections[1].page_width > made.sections[1].page_height


def test_sources_are_links():
    targets = [r.target_ref for r in word("odd", "vi").part.rels.values() if r.is_external]
    assert targets == ["https://example.org/s%E1%BB%91%20li%E1%BB%87u?a=1&b=%3C2%3E"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_properties_and_language(language):
    made, report = word("city", language), document("city", language)
    core = made.core_properties
    assert (core.title, core.author) == (clean(report.title), clean(report.author))
    assert core.language == REGIONS[language]
    defaults = made.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}")
    assert next(defaults.iter(qn("w:lang"))).get(qn("w:val")) == REGIONS[language]
    foot = text_of(made.sections[-1].footer._element)
    assert foot == {"vi": "Trang 1/1", "en": "Page 1 of 1"}[language]
    instructions = [
        f.get(qn("w:instr")) for f in made.sections[-1].footer._element.iter(qn("w:fldSimple"))
    ]
    assert instructions == [" PAGE ", " NUMPAGES "]


def test_units_and_numbers_do_not_break_apart():
    cells = [text_of(p) for p in paragraphs(word("city", "vi"), "Table Number")]
    numbers = [cell for cell in cells if re.search(r"\d", cell)]
    assert len(numbers) > 50
    assert [cell for cell in numbers if " " in cell] == []
    assert not any(re.search(r"\d\.\d{1,2}(\D|$)", cell) for cell in numbers)  # 1.5 is 1,5


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_names(language):
    made = word("odd", language)
    body = text_of(made.element.body)
    for name in ODD:
        assert squeezed(clean(name)) in squeezed(body)
    fields = [f.get(qn("w:instr")) for f in made.element.body.iter(qn("w:fldSimple"))]
    assert all(re.match(r" (SEQ|PAGE|NUMPAGES) ?", field) for field in fields)
    assert squeezed(LONG) in squeezed(body)


def test_badges_have_a_ground():
    made = word("city", "en")
    badges = {
        cell.text
        for table in document("city", "en").tables()
        for row in table.rows
        for cell in row.cells
        if isinstance(cell, Badge) and cell.key
    }
    shaded = {
        text_of(r).strip("\u00a0")
        for r in made.element.body.iter(qn("w:r"))
        if r.find(f"{qn('w:rPr')}/{qn('w:shd')}") is not None
    }
    assert badges
    assert badges <= shaded


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_styles_and_lists_are_defined(name, language):
    made = word(name, language)
    known = {style.style_id for style in made.styles}
    body = made.element.body
    used = {
        item.get(qn("w:val"))
        for tag in ("w:pStyle", "w:rStyle", "w:tblStyle")
        for item in body.iter(qn(tag))
    }
    assert used <= known
    lists = {n.get(qn("w:numId")) for n in made.part.numbering_part.element.iter(qn("w:num"))}
    assert {n.get(qn("w:val")) for n in body.iter(qn("w:numId"))} <= lists


def test_every_cell_ends_in_a_paragraph_and_tables_do_not_touch():
    # Word calls a file damaged that breaks the first rule, and joins tables that break the second.
    for name, language in EVERY:
        body = word(name, language).element.body
        for cell in body.iter(qn("w:tc")):
            assert cell[-1].tag == qn("w:p")
        for table in body.iter(qn("w:tbl")):
            assert table.getnext().tag == qn("w:p")


def test_fonts_are_embedded():
    with zipfile.ZipFile(io.BytesIO(file("city", "vi"))) as archive:
        fonts = [n for n in archive.namelist() if n.endswith(".odttf")]
        table = etree.fromstring(archive.read("word/fontTable.xml"))
    assert len(fonts) == 2
    assert {f.get(qn("w:name")) for f in table} >= {"Noto Sans"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_report_same_bytes(language):
    again = render_docx(document("city", language))
    assert again == file("city", language)
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_report_writes_the_file_for_each_language(tmp_path):
    written = write_report(account("bare"), tmp_path, formats=["docx"], case_id="bare")
    assert [path.name for path in written] == ["report.vi.docx", "report.en.docx"]
    assert written[0].read_bytes() == file("bare", "vi")
