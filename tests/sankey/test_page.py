"""Pictures as files: PDF, web page, several panels, positions kept; the same bytes every time."""

import base64
import hashlib
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from mfa.errors import InputError
from mfa.sankey import (
    Category,
    SankeyGraph,
    SankeyLink,
    SankeyNode,
    draw_graph,
    draw_graphs,
)
from mfa.sankey.files import WRITERS
from mfa.sankey.layout import layout
from mfa.sankey.multiples import lay_out, union_of
from mfa.sankey.pdf import svg_to_pdf
from mfa.sankey.positions import load_positions, positions_of, read_positions
from tests.sankey.cities import hue_like, random_city

HOSTILE = '"><script>alert(1)</script>&#[*$ ]]>'


def other_values(graph, seed):
    """The same structure with other values: each up to five times smaller or larger."""
    dice = random.Random(seed)
    links = tuple(
        replace(k, value=k.value * 5 ** dice.uniform(-1, 1)) if k.known else k for k in graph.links
    )
    return replace(graph, links=links)


def order(drawing):
    """Columns from the left, each from the top."""
    columns = {}
    for box in sorted(drawing.boxes, key=lambda box: (box.x, box.y)):
        columns.setdefault(box.x, []).append(box.node.id)
    return list(columns.values())


# ------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_has_the_same_bytes_every_time(suffix, tmp_path):
    first = draw_graph(random_city(12, 30), "a4").save(tmp_path / f"a{suffix}").read_bytes()
    code = (
        "import sys; from tests.sankey.cities import random_city; "
        "from mfa.sankey import draw_graph; "
        f"sys.stdout.buffer.write(draw_graph(random_city(12, 30), 'a4').data('{suffix}'))"
    )
    for seed in ("1", "2"):
        again = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ
            | {"PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": seed, "TZ": "Asia/Tokyo"},
            capture_output=True,
            check=True,
        ).stdout
        assert again == first


def test_a_pdf_is_one_page_of_its_size_with_the_shipped_font():
    pdf = draw_graph(hue_like(), "a4").pdf
    assert pdf.startswith(b"%PDF-")
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [float(x) for x in box.groups()] == [842.25, 595.5]  # A4 to a third of a millimetre
    assert pdf.count(b"/FontFile2") + pdf.count(b"/FontFile3") == 2
    assert b"NotoSans-Regular" in pdf
    assert b"NotoSans-SemiBold" in pdf
    assert b"/Subtype /Image" not in pdf.replace(b"/Subtype/Image", b"/Subtype /Image")


def test_names_are_no_typst():
    graph = SankeyGraph(
        HOSTILE,
        (SankeyNode("a", HOSTILE), SankeyNode("b", "#panic()")),
        (SankeyLink("x", "a", "b", 1.0),),
        language="en",
    )
    assert draw_graph(graph).pdf.startswith(b"%PDF-")


def test_a_broken_svg_is_no_pdf():
    with pytest.raises(ValueError, match="states no width"):
        svg_to_pdf("<p>", "T", "en")
    with pytest.raises(ValueError, match=r".+"):
        svg_to_pdf('<svg width="10" height="10"><', "T", "en")


def test_a_page_runs_nothing_and_asks_nothing():
    page = draw_graph(hue_like()).html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:;")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    assert policy.endswith(f"style-src 'sha256-{digest}'")
    assert not re.search(r"<script|javascript:|\son\w+=|\sstyle=|@import|<link|<iframe", page)
    assert set(re.findall(r"https?://[^\"' )]+", page)) == {"http://www.w3.org/2000/svg"}
    assert len(page.encode("utf-8")) < 300_000


def test_a_page_tells_every_flow_as_a_row():
    page = draw_graph(hue_like()).html
    assert page.count("<tr>") == len(hue_like().links) + 1
    row = next(row for row in page.split("<tr>") if "Ủ phân hữu cơ</td><td>Trồng trọt" in row)
    assert "<td>Chất thải</td>" in row
    assert '<td class="n">5,0</td><td class="n">0,4</td>' in row
    unknown = next(row for row in page.split("<tr>") if '<td class="n">30 – 60</td>' in row)
    assert '<td class="n">–</td>' in unknown


def test_hostile_names_stay_text_on_the_page():
    graph = replace(
        hue_like("en"), title=HOSTILE, nodes=tuple(
            replace(node, title=HOSTILE + node.id) for node in hue_like().nodes
        ), categories={"bio": Category(HOSTILE, "#117733")},
    )  # fmt: skip
    assert "<script" not in draw_graph(graph).html


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_a_width_is_that_of_the_finished_picture(suffix):
    image = draw_graph(hue_like(), "a4", width=640)
    text = image.data(suffix).decode("utf-8")
    assert re.search(r'<svg [^>]*width="640" height="452.5\d*"', text)
    assert int.from_bytes(image.png[16:20], "big") == 640


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError, match="expected 1 to 20000 px"):
        draw_graph(hue_like(), width=-3)


def test_notebooks_get_the_picture_and_a_line_of_text():
    image = draw_graph(hue_like())
    assert image._repr_mimebundle_() == {"image/svg+xml": image.svg, "text/plain": repr(image)}
    assert "61 links" in repr(image)


# --------------------------------------------------------------------------------------- positions


@pytest.mark.parametrize("seed", range(4))
def test_nodes_keep_their_places_when_values_change(seed):
    before = layout(hue_like(), "a3")
    after = layout(other_values(hue_like(), seed), "a3", like=positions_of(before))
    assert order(after) == order(before)


@pytest.mark.parametrize("write", [".svg", ".html"])
def test_places_are_read_from_a_picture(write, tmp_path):
    path = draw_graph(hue_like(), "a4").save(tmp_path / f"x{write}")
    places = load_positions(path)
    assert {name: place[0] for name, place in places.items()} == {
        name: place[0] for name, place in positions_of(layout(hue_like(), "a4")).items()
    }
    after = layout(other_values(hue_like(), 9), "a4", like=places)
    assert order(after) == order(layout(hue_like(), "a4"))


def test_ids_with_signs_are_read_back():
    graph = SankeyGraph(
        "T", (SankeyNode('a"<&', "A"), SankeyNode("b", "B")), (SankeyLink("x", 'a"<&', "b", 1.0),)
    )
    assert set(read_positions(draw_graph(graph).svg)) == {'a"<&', "b"}


def test_a_new_node_finds_its_place_among_the_old(tmp_path):
    places = positions_of(layout(hue_like()))
    more = replace(
        hue_like(),
        nodes=(*hue_like().nodes, SankeyNode("new", "Nhà máy mới")),
        links=(*hue_like().links, SankeyLink("n1", "mo", "new", 90.0),
               SankeyLink("n2", "new", "chon", 90.0)),
    )  # fmt: skip
    drawing = layout(more, like=places)
    old = [[n for n in column if n != "new"] for column in order(drawing)]
    assert [column for column in old if column] == order(layout(hue_like()))
    left = {box.node.id: box.x for box in drawing.boxes}
    assert left["mo"] < left["new"] < left["chon"]


def test_what_is_no_picture_gives_no_places(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "b.svg").write_bytes(b"\x89PNG\xff")
    for name in ("a.svg", "b.svg"):
        with pytest.raises(InputError, match="is no Sankey diagram"):
            load_positions(tmp_path / name)


# --------------------------------------------------------------------------------------- multiples


@pytest.fixture(scope="module")
def panels():
    return [(str(2020 + i), other_values(hue_like(), i)) for i in range(3)]


@pytest.mark.parametrize("size", ["screen", "a4", "16:9", (900, 1400)])
def test_panels_share_scale_places_and_legend(panels, size):
    sheet = lay_out(panels, size)
    drawings = [drawing for _, _, drawing in sheet.panels]
    assert len({round(drawing.scale, 9) for drawing in drawings}) == 1
    assert len({str(order(drawing)) for drawing in drawings}) == 1
    assert len({(drawing.width, drawing.height) for drawing in drawings}) == 1
    assert len(sheet.bars) == 1
    assert not any(drawing.swatches or drawing.bars for drawing in drawings)
    legend = [text.text for text in sheet.texts if text.role == "legend"]
    assert legend == list(dict.fromkeys(legend))
    assert len(legend) == 7


@pytest.mark.parametrize("size", ["screen", "a4", "16:9", (900, 1400)])
def test_panels_and_texts_stay_on_the_page_and_apart(panels, size):
    sheet = lay_out(panels, size)
    boxes = [(x, y, x + d.width, y + d.height) for x, y, d in sheet.panels]
    boxes += [text.box for text in sheet.texts]
    for box in boxes:
        assert box[0] >= -0.01
        assert box[1] >= -0.01
        assert box[2] <= sheet.width + 0.01
        assert box[3] <= sheet.height + 0.01
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] - 1 or b[1] >= a[3] - 1
    if size != "screen":
        wide, high = {"a4": (1123, 794), "16:9": (1280, 720)}.get(size, size)
        assert sheet.width / sheet.zoom == pytest.approx(wide)
        assert sheet.height / sheet.zoom == pytest.approx(high)


def test_panels_are_one_picture_in_every_format(panels, tmp_path):
    image = draw_graphs(panels, "a4", title="Ba năm")
    tree = ET.fromstring(image.svg)
    found = [g for g in tree.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "mfa-panel"]
    assert len(found) == 3
    assert tree.find("{http://www.w3.org/2000/svg}title").text == "Ba năm"
    assert image.png[:4] == b"\x89PNG"
    assert image.pdf[:4] == b"%PDF"
    assert image.html.count("<table>") == 3
    assert len(read_positions(image.svg)) == len(layout(panels[0][1]).boxes)


def test_a_flow_that_comes_later_has_its_place_from_the_start():
    first, second = hue_like(), hue_like()
    first = replace(first, links=tuple(k for k in first.links if k.source != "u"))
    sheet = lay_out([("1", first), ("2", second)], "a3")
    places = [positions_of(drawing) for _, _, drawing in sheet.panels]
    assert all(places[0][n][0] == places[1][n][0] for n in places[0])
    assert len(union_of([first, second]).links) == len(second.links)


def test_a_category_has_one_colour_in_all_panels():
    graphs = [
        replace(hue_like(), categories={"bio": Category("Sinh khối", "#117733")}),
        replace(hue_like(), categories={
            "bio": Category("Sinh khối", "#ffb61a"), "sp": Category("Khác", "#117733")
        }),
    ]  # fmt: skip
    sheet = lay_out([("1", graphs[0]), ("2", graphs[1])], "screen")
    colours = [s.colour for s in sheet.swatches if not s.hatched]
    assert colours[0] == "#117733"
    assert len(colours) == len(set(colours)) == 2


def test_what_cannot_be_compared_is_no_sheet():
    with pytest.raises(ValueError, match="no panels"):
        draw_graphs([])
    with pytest.raises(ValueError, match="differ in unit"):
        draw_graphs([("1", hue_like()), ("2", replace(hue_like(), unit="t/year"))])


# -------------------------------------------------------------------------- what a picture must say


def test_an_interval_is_written_at_its_flow():
    texts = [text.text for text in layout(hue_like(), "a3").amounts]
    assert "30 – 60" in texts
    assert "?" in texts


def test_uncertainty_is_written_when_asked_for():
    graph = hue_like()
    graph = replace(graph, nodes=tuple(replace(n, total_sd=12.0) for n in graph.nodes))
    drawing = layout(graph, "a3", uncertainty="text")
    assert any(re.fullmatch(r"2\.210 ± \d+", text.text) for text in drawing.amounts)
    assert any("± 12" in line.text for label in drawing.labels for line in label.lines)
    plain = layout(graph, "a3")
    assert not any("±" in line.text for label in plain.labels for line in label.lines)
    with pytest.raises(ValueError, match="expected none, opacity, text"):
        layout(graph, uncertainty="colour")


@pytest.mark.parametrize(("over", "side", "words"), [
    (30.0, "right", "30 more in than out"), (-30.0, "left", "30 more out than in"),
])  # fmt: skip
def test_a_balance_that_does_not_close_is_marked(over, side, words):
    nodes = (SankeyNode("a", "A"), SankeyNode("b", "B", imbalance=over), SankeyNode("c", "C"))
    ins, outs = (100.0, 70.0) if over > 0 else (70.0, 100.0)
    links = (SankeyLink("x", "a", "b", ins), SankeyLink("y", "b", "c", outs))
    drawing = layout(SankeyGraph("T", nodes, links, "t/year"))
    (gap,) = drawing.gaps
    bar = next(box for box in drawing.boxes if box.node.id == "b")
    assert gap.height == pytest.approx(30 * drawing.scale)
    assert gap.y + gap.height == pytest.approx(bar.y + bar.height)
    assert (gap.x >= bar.x + bar.width) == (side == "right")
    assert words in " ".join(x.text for label in drawing.labels for x in label.lines)
    assert words in bar.tooltip


@pytest.mark.parametrize("seed", range(12))
def test_no_label_of_any_city_lies_on_another_or_leaves_the_page(seed):
    dice = random.Random(seed)
    processes = dice.randint(2, 60)
    graph = random_city(processes, dice.randint(processes, 3 * processes), seed)
    names = " ".join(node.title for node in hue_like().nodes).split()
    nodes = tuple(
        replace(n, title=" ".join(dice.choices(names, k=dice.randint(1, 14)))) for n in graph.nodes
    )
    graph = replace(graph, nodes=nodes)
    size = dice.choice(["a4", "a3", "16:9", "screen", (420, 320), (600, 1400)])
    drawing = layout(graph, size)
    assert len(drawing.labels) == len(drawing.graph.nodes)
    boxes = [(label.box, label.node.id) for label in drawing.labels]
    boxes += [(text.box, text.text) for text in [*drawing.amounts, *drawing.texts]]
    for i, (a, one) in enumerate(boxes):
        assert a[0] >= 0 and a[1] >= 0, one  # noqa: PT018
        assert a[2] <= drawing.width and a[3] <= drawing.height, one  # noqa: PT018
        for b, two in boxes[i + 1 :]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3], (one, two)
