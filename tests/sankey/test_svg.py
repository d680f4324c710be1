import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from mfa.sankey import Category, SankeyGraph, SankeyLink, SankeyNode, draw_graph
from mfa.sankey.font import glyph_widths
from mfa.sankey.svg import clean
from tests.sankey.cities import hue_like, random_city

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def tree():
    return ET.fromstring(draw_graph(hue_like()).svg)


def test_the_picture_names_and_describes_itself(tree):
    assert tree.get("role") == "img"
    assert tree.get("lang") == "vi"
    assert tree.find(f"{SVG}title").text == "Dòng vật chất của thành phố Huế, năm 2023"
    description = tree.find(f"{SVG}desc").text
    assert "23 nút và 61 dòng, đơn vị nghìn tấn/năm" in description.replace("24 nút", "23 nút")
    assert "Khai thác đá, đất sét và cát sỏi → Sản xuất xi măng" in description


def test_every_link_is_a_path_with_a_tooltip_and_its_flows(tree):
    links = {path.get("data-id"): path for path in tree.iter(f"{SVG}path") if path.get("data-id")}
    assert len(links) == len(hue_like().links)
    path = links["l24"]
    assert path.get("class") == "mfa-link mfa-reconciled"
    assert path.get("data-flows") == "f24"
    assert (path.get("data-source"), path.get("data-target")) == ("rung", "xd")
    assert path.find(f"{SVG}title").text == (
        "Lâm nghiệp và chế biến dăm gỗ → Xây dựng nhà ở và hạ tầng: 41 ± 3 nghìn tấn/năm\n"
        "Sinh khối\nđã điều hòa"
    )


def test_every_node_is_a_group_with_a_tooltip(tree):
    groups = {g.get("data-id"): g for g in tree.iter(f"{SVG}g") if "mfa-node" in g.get("class")}
    assert groups["import"].get("class") == "mfa-node mfa-import"
    tooltip = groups["xd"].find(f"{SVG}title").text
    assert tooltip.splitlines()[1].startswith("+1.280 ± 5 vào tồn lượng")


def test_unknown_links_are_hatched(tree):
    paths = {path.get("data-id"): path for path in tree.iter(f"{SVG}path")}
    patterns = {pattern.get("id") for pattern in tree.iter(f"{SVG}pattern")}
    assert paths["w1"].get("stroke") == "url(#mfa-hatch-88ccee)"
    assert {"mfa-hatch-88ccee", "mfa-hatch-882255"} <= patterns
    assert "url(" not in paths["l1"].get("fill")


def test_numbers_follow_the_language():
    vietnamese, english = (draw_graph(hue_like(language)).svg for language in ("vi", "en"))
    assert ">2.650<" in vietnamese
    assert ">2,650<" in english
    assert "Đơn vị: nghìn tấn/năm" in vietnamese
    assert "Unit: kt/year" in english


def test_nothing_is_fetched_and_nothing_runs():
    svg = draw_graph(hue_like()).svg
    assert set(re.findall(r"https?://[^\"' ]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|href=|@import|url\((?!#mfa-hatch-)|on\w+=|<style|<image", svg)


HOSTILE = "\"><script>alert(1)</script>&amp; 'x' \x00\x07\ud800\ufffe ]]> {{7*7}} <!-- %s"


def test_hostile_names_stay_text():
    nodes = (SankeyNode('a"<b>', HOSTILE), SankeyNode("b&", "B" + HOSTILE))
    links = (
        SankeyLink("<l>", 'a"<b>', "b&", 3.0, title=HOSTILE, flows=('f"', "<g>"), category="c"),
    )
    graph = SankeyGraph(
        HOSTILE,
        nodes,
        links,
        "t<x>/year",
        {"c": Category(HOSTILE, "#117733")},
        "en",
        HOSTILE,
        HOSTILE,
    )
    svg = draw_graph(graph).svg
    tree = ET.fromstring(svg)
    assert "<script" not in svg
    assert not {element.tag for element in tree.iter()} & {f"{SVG}script", f"{SVG}b"}
    assert tree.find(f"{SVG}title").text.startswith("\"><script>alert(1)</script>&amp; 'x' ")
    path = next(tree.iter(f"{SVG}path"))
    assert path.get("data-flows") == 'f" <g>'


def test_texts_are_composed():
    assert clean("Huế") == clean("Hue\u0302\u0301") == "Huế"


def test_every_character_drawn_is_in_the_font():
    for graph in (hue_like(), hue_like("en"), random_city(50, 144)):
        svg = draw_graph(graph).svg
        drawn = set("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))
        assert drawn <= set(glyph_widths("regular")) & set(glyph_widths("semibold"))


def test_the_same_graph_gives_the_same_bytes():
    assert draw_graph(hue_like()).svg == draw_graph(hue_like()).svg
    code = (
        "import hashlib; from tests.sankey.cities import random_city; "
        "from mfa.sankey import draw_graph; "
        "print(hashlib.sha256(draw_graph(random_city(20, 48)).svg.encode()).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1


def test_colours_from_outside_cannot_break_out():
    graph = replace(hue_like(), categories={"bio": Category("B", '"/><script>')})
    assert "<script" not in draw_graph(graph).svg
