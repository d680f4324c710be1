"""A client's letterhead: kept as it is, completed where it lacks something, refused when broken."""

from __future__ import annotations

import io
import zipfile
from functools import cache

import docx
import pytest
from click.testing import CliRunner
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from mfa.cli import cli
from mfa.errors import InputError
from mfa.report import write_report
from mfa.report.docx import render_docx
from mfa.report.docx_package import read_template, zip_parts
from tests.report.papers import account, document, squeezed

# Word keeps the English names of its own styles in every language; their ids are translated.
LOCALISED = {
    "german": {"Heading1": "berschrift1", "Heading2": "berschrift2", "Caption": "Beschriftung"},
    "vietnamese": {"Heading1": "u1", "Heading2": "u2", "Caption": "Chuthich"},
}


def saved(word) -> bytes:
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def letterhead() -> docx.document.Document:
    """Return a client's file: A4 with wide margins, a header, a footer, some text of its own."""
    word = docx.Document()
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(30)
    section.header.paragraphs[0].text = "UBND Thành phố Huế"
    section.footer.paragraphs[0].text = "Số 14 Lê Lợi"
    word.styles["Heading 1"].font.color.rgb = RGBColor(0xAA, 0, 0)
    word.styles["Normal"].font.name = "Times New Roman"
    word.styles["Normal"].font.size = Pt(13)
    word.add_heading("Sample text of the template", 1)
    word.add_paragraph("Lorem ipsum")
    return word


def localised(language: str) -> bytes:
    """Return the letterhead as a Word in another language writes it."""
    data = saved(letterhead())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in ("word/styles.xml", "word/document.xml"):
        text = parts[name].decode("utf-8")
        for english, foreign in LOCALISED[language].items():
            text = text.replace(f'"{english}"', f'"{foreign}"')
        parts[name] = text.encode("utf-8")
    return zip_parts(parts)


def dotx(data: bytes) -> bytes:
    """Return a document as a template (.dotx)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "[Content_Types].xml"
    parts[name] = parts[name].replace(b"document.main+xml", b"template.main+xml")
    return zip_parts(parts)


def written(template: bytes, name: str = "bare", language: str = "vi"):
    return docx.Document(io.BytesIO(render_docx(document(name, language), template)))


@cache
def plain():
    return written(saved(letterhead()))


def text_of(element) -> str:
    return "".join(item.text or "" for item in element.iter(qn("w:t")))


def ids(word) -> list[str]:
    return [style.style_id for style in word.styles]


def test_headers_footers_and_margins_are_the_client_s():
    for section in plain().sections:
        assert section.header.paragraphs[0].text == "UBND Thành phố Huế"
        assert section.footer.paragraphs[0].text == "Số 14 Lê Lợi"
    assert round(plain().sections[0].left_margin.mm, 1) == 30


def test_the_client_s_styles_are_used_and_unchanged():
    ours, theirs = plain().styles, letterhead().styles
    for name in ("Normal", "Heading 1", "Heading 2", "Caption", "List Bullet", "Title"):
        assert ours[name].element.xml == theirs[name].element.xml
    assert plain().paragraphs[0].style.name == "Subtitle"


def test_the_client_s_sample_text_goes_and_the_report_is_whole():
    body = text_of(plain().element.body)
    assert "Lorem ipsum" not in body
    own = docx.Document(io.BytesIO(render_docx(document("bare", "vi"))))
    assert squeezed(body) == squeezed(text_of(own.element.body))


def test_missing_styles_are_added_once():
    word = plain()
    names = [style.name for style in word.styles]
    for name in ("Report Table", "Table Text", "Card Value", "toc 1", "Report Small"):
        assert names.count(name) == 1
    assert len(set(ids(word))) == len(ids(word))
    based = {
        item.get(qn("w:val"))
        for style in word.styles
        for tag in ("w:basedOn", "w:next", "w:link")
        for item in style.element.iter(qn(tag))
    }
    assert based <= set(ids(word))


def test_headings_are_numbered_where_the_client_s_are_not():
    word = plain()
    lists = {n.get(qn("w:numId")) for n in word.part.numbering_part.element.iter(qn("w:num"))}
    headings = [p._p for p in word.paragraphs if p.style.name.startswith("Heading ")]
    for heading in headings:
        number = heading.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:numId')}")
        assert number.get(qn("w:val")) in lists


def test_pictures_fit_the_client_s_margins():
    section = plain().sections[0]
    width = section.page_width - section.left_margin - section.right_margin
    assert plain().inline_shapes[0].width <= width
    assert max(shape.width for shape in plain().inline_shapes) > 0.9 * width


@pytest.mark.parametrize("language", LOCALISED)
def test_a_localised_word_s_styles_are_found_by_name(language):
    word = written(localised(language))
    headings = [p for p in word.paragraphs if p.style.name == "Heading 1"]
    assert len(headings) == len(document("bare", "vi").chapters)
    assert {p.style.style_id for p in headings} == {LOCALISED[language]["Heading1"]}
    assert [s.name for s in word.styles].count("Heading 1") == 1


def test_a_template_with_other_style_names_gets_ours():
    word = letterhead()
    for name in ("Heading 1", "Heading 2", "Heading 3", "Caption", "List Bullet", "Title"):
        word.styles[name].delete()
    own = word.styles.add_style("ACME Überschrift", WD_STYLE_TYPE.PARAGRAPH)
    own.font.size = Pt(30)
    made = written(saved(word))
    assert made.styles["ACME Überschrift"].font.size == Pt(30)
    headings = [p for p in made.paragraphs if p.style.name == "Heading 1"]
    assert len(headings) == len(document("bare", "vi").chapters)
    assert headings[0].style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}") is not None


def test_a_style_of_ours_does_not_take_the_id_of_another():
    word = letterhead()
    style = word.styles.add_style("Something else", WD_STYLE_TYPE.PARAGRAPH)
    style.element.set(qn("w:styleId"), "TableText")
    made = written(saved(word))
    assert len(set(ids(made))) == len(ids(made))
    assert made.styles["Table Text"].style_id == "MfaTableText"


def test_a_marker_keeps_what_the_client_wrote_around_it():
    word = letterhead()
    marker = word.add_paragraph("{{re")
    marker.add_run("port}}")
    word.add_paragraph("Signed in Huế")
    body = [p.text for p in written(saved(word)).paragraphs]
    assert body[:2] == ["Sample text of the template", "Lorem ipsum"]
    assert body[-1] == "Signed in Huế"
    assert "{{report}}" not in body


def test_fields_are_updated_in_the_client_s_file_too():
    settings = plain().settings.element
    (update,) = settings.findall(qn("w:updateFields"))
    after = {item.tag for item in update.itersiblings()}
    assert qn("w:compat") in after
    assert qn("w:defaultTabStop") not in after


def test_a_dotx_is_a_template_as_well(tmp_path):
    path = tmp_path / "client.dotx"
    path.write_bytes(dotx(saved(letterhead())))
    word = written(read_template(path))
    assert word.part.content_type.endswith("document.main+xml")
    assert word.sections[0].header.paragraphs[0].text == "UBND Thành phố Huế"


def test_same_report_same_bytes():
    template = saved(letterhead())
    assert render_docx(document("bare", "vi"), template) == render_docx(
        document("bare", "vi"), template
    )


BROKEN = {
    "text": b"no archive",
    "empty": b"",
    "cut": saved(letterhead())[:2000],
    "workbook": zip_parts({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<a/>"}),
    "archive": zip_parts({"[Content_Types].xml": b"a"}),
    "hollow": zip_parts(
        {
            "[Content_Types].xml": b'<Types ContentType="application/vnd.openxmlformats-'
            b'officedocument.wordprocessingml.document.main+xml"/>'
        }
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_before_any_work(kind, tmp_path):
    path = tmp_path / "client.docx"
    path.write_bytes(BROKEN[kind])
    with pytest.raises(InputError, match=r"“client\.docx” cannot be used as a letterhead"):
        write_report(account("bare"), tmp_path / "out", formats=["docx"], template=path)
    assert not (tmp_path / "out").exists()


def test_the_command_names_the_broken_file(tmp_path):
    path = tmp_path / "client.docx"
    path.write_bytes(b"no archive")
    case = tmp_path / "case"
    runner = CliRunner()
    assert runner.invoke(cli, ["new", str(case), "--language", "en"]).exit_code == 0
    done = runner.invoke(cli, ["report", str(case), "--template", str(path)])
    assert done.exit_code == 1
    assert "client.docx" in done.output


def test_a_template_without_word_among_the_formats_is_an_error(tmp_path):
    path = tmp_path / "client.docx"
    path.write_bytes(saved(letterhead()))
    with pytest.raises(ValueError, match="docx is not among the formats"):
        write_report(account("bare"), tmp_path, formats=["pdf"], template=path)
