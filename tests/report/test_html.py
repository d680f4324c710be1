"""The page: valid, alone, harmless, complete in both languages, the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest

import mfa.report
from mfa.locale import LANGUAGES, catalogue
from mfa.report import write_report
from mfa.report.chapters import compose
from mfa.report.collect import collect
from mfa.report.document import Figure, Section
from mfa.report.html import inline_svg, render_html
from tests.report.cities import SCRIPT, bare_account, city, city_account, crowd

PAGES = [(name, language) for name in ("city", "bare") for language in LANGUAGES]
XHTML = "{http://www.w3.org/1999/xhtml}"


@cache
def page(name: str, language: str) -> str:
    account = city_account() if name == "city" else bare_account()
    others = {other: f"report.{other}.html" for other in LANGUAGES if other != language}
    return render_html(compose(collect(account, name), language), others)


@cache
def tree(name: str, language: str):
    return html5lib.HTMLParser(strict=True).parse(page(name, language))


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_page_is_valid_html(name, language):
    root = tree(name, language)
    assert root.get("lang") == language
    assert len(list(root.iter(f"{XHTML}h1"))) == 1


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_page_asks_nothing_of_the_network(name, language):
    for element in tree(name, language).iter():
        for attribute, value in element.attrib.items():
            if attribute == "href" and element.tag == f"{XHTML}a":
                assert value.startswith(("#", "https://example.org/", "report.", "explorer."))
            elif attribute in ("href", "src", "srcset", "action", "data", "poster"):
                raise AssertionError(f"{element.tag} refers to {value!r}")
            assert attribute != "style"
            assert not attribute.startswith("on")
    outside = re.findall(r"url\((?!data:|#)[^)]*\)|@import", page(name, language))
    assert outside == []


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_policy_allows_the_page_s_own_style_and_script_only(name, language):
    text = page(name, language)
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_with_markup_are_shown_not_obeyed(language):
    scripts = list(tree("city", language).iter(f"{XHTML}script"))
    assert [script.text for script in scripts if "alert" in script.text] == []
    assert SCRIPT in "".join(tree("city", "en").itertext())
    assert 'href="javascript:' not in page("city", language)


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_ids_are_unique_and_every_link_inside_the_page_leads_somewhere(name, language):
    root = tree(name, language)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    links = {a.get("href")[1:] for a in root.iter(f"{XHTML}a") if a.get("href")[0] == "#"}
    assert links - set(ids) == set()
    named = {e.get("aria-labelledby") for e in root.iter() if e.get("aria-labelledby")}
    assert named - set(ids) == set()


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_headings_do_not_skip_a_level(name, language):
    tags = (str(element.tag) for element in tree(name, language).iter())
    levels = [int(tag[-1]) for tag in tags if re.fullmatch(r".*\}h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_tables_have_captions_and_scoped_headings(name, language):
    for table in tree(name, language).iter(f"{XHTML}table"):
        assert "".join(table.find(f"{XHTML}caption").itertext()).strip()
        assert {th.get("scope") for th in table.iter(f"{XHTML}th")} <= {"col", "row"}


def test_both_languages_have_the_same_anchors():
    ids = [
        {e.get("id") for e in tree("city", language).iter() if e.get("id")}
        for language in LANGUAGES
    ]
    assert ids[0] == ids[1]


def test_no_english_sentence_is_left_in_the_vietnamese_page():
    words = catalogue("vi")
    shown = " ".join("".join(tree("city", "vi").itertext()).split())
    glossary = shown.index("Thuật ngữ Việt – Anh")
    sentences = [m for m in words if len(m) > 30 and "{" not in m and m != words[m]]
    assert [m for m in sentences if m in shown[:glossary]] == []


def test_numbers_are_written_as_the_language_does():
    shown = {language: "".join(tree("city", language).itertext()) for language in LANGUAGES}
    assert "334,747" in shown["vi"]
    assert "334.747" in shown["en"]
    assert "1.166.547" in shown["vi"]
    assert "1,166,547" in shown["en"]


def test_templates_hold_no_number():
    """Text of a template outside of tags, statements and translated messages has no digit."""
    folder = Path(mfa.report.__file__).parent / "templates"
    for path in folder.glob("*.j2"):
        source = path.read_text(encoding="utf-8")
        text = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]*>", "", source, flags=re.DOTALL)
        assert re.findall(r"[0-9]", text) == [], path.name


def test_every_flow_leads_to_its_observations_and_they_to_their_source():
    root = tree("city", "en")
    rows = {e.get("id"): e for e in root.iter(f"{XHTML}tr") if e.get("id")}
    links = {a.get("href") for a in rows["q-harvest"].iter(f"{XHTML}a")}
    assert "#o-harvest.23.1" in links
    source = {a.get("href") for a in rows["o-harvest.23.1"].iter(f"{XHTML}a")}
    assert "#s-S2" in source
    assert "Sản lượng: 334.747 tấn" not in "".join(rows["s-S2"].itertext())
    quoted = {a.get("href") for a in rows["s-S1"].iter(f"{XHTML}a")}
    assert quoted == {"https://example.org/a?b=1&c=2"}


def test_page_is_the_same_every_time(tmp_path):
    first = write_report(city().balance(), tmp_path / "a", formats=["html"])
    second = write_report(city().balance(), tmp_path / "b", formats=["html"])
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_pictures_in_one_page_share_no_ids():
    svg = '<?xml version="1.0"?><svg><pattern id="h"/><path fill="url(#h)"/><use href="#h"/></svg>'
    text = inline_svg(Figure("fig", svg, "", ""))
    assert text == '<svg><pattern id="fig-h"/><path fill="url(#fig-h)"/><use href="#fig-h"/></svg>'


def test_free_names_of_sectors_make_anchors_without_spaces():
    root = html5lib.parse(render_html(compose(collect(crowd(30).balance()), "vi")))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert any(i.startswith("sector-Ngành") for i in ids)
    assert [i for i in ids if set(i) & set(' %#"')] == []


def test_chapters_without_content_are_left_out():
    document = compose(collect(bare_account()), "en")
    chapters = {chapter.id for chapter in document.chapters}
    assert {"summary", "method", "economy", "reconciliation", "annex-flows"} <= chapters
    assert chapters & {"waste", "layers", "sectors", "annex-sources"} == set()
    assert all(isinstance(chapter, Section) for chapter in document.chapters)


def test_several_periods_are_reported_over_time():
    account = city(("2022", "2023")).balance()
    facts = collect(account)
    assert facts.period == "2023"
    document = compose(facts, "en")
    history = next(t for t in document.tables() if t.id == "history-table")
    assert [c.title for c in history.columns] == ["Indicator", "2022", "σ", "2023", "σ"]
    html5lib.HTMLParser(strict=True).parse(render_html(document))
