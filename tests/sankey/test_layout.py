import itertools
import math
import re
import time
from dataclasses import replace

import pytest

from mfa.sankey import SankeyGraph, SankeyLink, SankeyNode
from mfa.sankey.arrange import LEAST_WIDTH, RING
from mfa.sankey.layout import layout
from tests.sankey.cities import CATEGORIES, hue_like, random_city

CASES = {
    "hue": (hue_like, "screen"),
    "hue-en": (lambda: hue_like("en"), "screen"),
    "hue-a4": (hue_like, "a4"),
    "hue-a3": (hue_like, "a3"),
    "hue-small": (hue_like, (700, 420)),
    "48": (lambda: random_city(20, 48), "screen"),
    "48-a4": (lambda: random_city(20, 48, seed=5), "a4"),
    "144": (lambda: random_city(50, 144), "screen"),
    "500": (lambda: random_city(120, 500), "screen"),
    "500-a3": (lambda: random_city(120, 500), "a3"),
}


@pytest.fixture(scope="module", params=CASES)
def drawing(request):
    make, size = CASES[request.param]
    return layout(make(), size)


def points(path):
    """Corners of a path in order, curves by their ends."""
    found, x, y = [], 0.0, 0.0
    for command, text in re.findall(r"([MLHCA])([^MLHCAZ]*)", path):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text)]
        x, y = (numbers[0], y) if command == "H" else numbers[-2:]
        found.append((x, y))
    return found


def edges(ribbon):
    """(x, upper, lower) of a ribbon where it leaves and where it arrives."""
    corners = points(ribbon.path)
    if not ribbon.filled:
        half = ribbon.width / 2
        return [(x, y - half, y + half) for x, y in (corners[0], corners[-1])]
    turn = len(corners) // 2
    (x0, upper0), (x1, upper1) = corners[0], corners[turn - 1]
    return [(x0, upper0, corners[-1][1]), (x1, upper1, corners[turn][1])]


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_every_node_has_its_label(drawing):
    assert len(drawing.labels) == len(drawing.graph.nodes)


def test_labels_keep_clear_of_each_other_and_of_bars(drawing):
    boxes = {label.node.id: label.box for label in drawing.labels}
    for (a, first), (b, second) in itertools.combinations(boxes.items(), 2):
        assert not overlap(first, second), (a, b)
    for bar in drawing.boxes:
        shape = (bar.x, bar.y, bar.x + bar.width, bar.y + bar.height)
        for name, box in boxes.items():
            assert name == bar.node.id or not overlap(box, shape), (name, bar.node.id)


def test_no_text_leaves_the_page_or_lies_on_another(drawing):
    texts = [(line, label.node.id) for label in drawing.labels for line in label.lines]
    texts += [(text, id(text)) for text in [*drawing.texts, *drawing.amounts]]
    for text, _ in texts:
        left, top, right, bottom = text.box
        assert left >= 0, text
        assert top >= 0, text
        assert right <= drawing.width, text
        assert bottom <= drawing.height, text
    for (first, one), (second, two) in itertools.combinations(texts, 2):
        assert one == two or not overlap(first.box, second.box), (first, second)


def test_names_of_a_city_like_hue_are_not_cut():
    for size in ("screen", "a4", "a3"):
        for label in layout(hue_like(), size).labels:
            assert not any(line.text.endswith("…") for line in label.lines), label.node.title


def test_links_are_as_wide_as_their_values(drawing):
    for ribbon in drawing.ribbons:
        link = ribbon.link
        wide = max(link.least * drawing.scale, LEAST_WIDTH)
        if link.source == link.target:
            assert ribbon.width <= RING + 1e-9
        elif link.known:
            assert ribbon.width == pytest.approx(wide)
        else:
            assert ribbon.width >= link.least * drawing.scale
        if link.source != link.target:
            for _, upper, lower in edges(ribbon):
                assert lower - upper == pytest.approx(ribbon.width, abs=0.03)


def test_links_meet_their_bars_side_by_side(drawing):
    bars = {box.node.id: box for box in drawing.boxes}
    ports = {}
    for ribbon in drawing.ribbons:
        link = ribbon.link
        if link.source == link.target:
            continue
        for end, (x, upper, lower) in zip((link.source, link.target), edges(ribbon), strict=True):
            bar = bars[end]
            side = "left" if abs(x - bar.x) < 0.01 else "right"
            assert side == "left" or abs(x - bar.x - bar.width) < 0.01
            assert upper >= bar.y - 0.05
            assert lower <= bar.y + bar.height + 0.05
            ports.setdefault((end, side), []).append((upper, lower))
    for spans in ports.values():
        for (_, lower), (upper, _) in itertools.pairwise(sorted(spans)):
            assert upper >= lower - 0.05


def test_a_bar_is_as_high_as_the_wider_of_its_sides(drawing):
    bars = {box.node.id: box.height for box in drawing.boxes}
    sides = {}
    for ribbon in drawing.ribbons:
        link = ribbon.link
        if link.source != link.target:
            ends = edges(ribbon)
            arrives = "left" if ends[1][0] != ends[0][0] else "right"
            for end, side in ((link.source, "right"), (link.target, arrives)):
                sides[end, side] = sides.get((end, side), 0.0) + ribbon.width
    for node in drawing.graph.nodes:
        change = node.stock_change or 0.0
        mark = max(abs(change) * drawing.scale, LEAST_WIDTH) if change else 0.0
        left = sides.get((node.id, "left"), 0.0) + (mark if change < 0 else 0.0)
        right = sides.get((node.id, "right"), 0.0) + (mark if change > 0 else 0.0)
        assert bars[node.id] == pytest.approx(max(left, right, 4.0)), node.id


def test_bars_of_a_column_do_not_touch(drawing):
    columns = {}
    for box in drawing.boxes:
        columns.setdefault(round(box.x, 3), []).append(box)
    for boxes in columns.values():
        boxes.sort(key=lambda box: box.y)
        for upper, lower in itertools.pairwise(boxes):
            assert lower.y - upper.y - upper.height >= 2.0


def test_only_numbers_stand_in_paths(drawing):
    for ribbon in drawing.ribbons:
        assert not re.search(r"nan|inf|e-", ribbon.path)
        for x, y in points(ribbon.path):
            assert 0 <= x <= drawing.width
            assert 0 <= y <= drawing.height


def test_loops_run_around_all_they_pass():
    drawing = layout(hue_like())
    bars = {box.node.id: box for box in drawing.boxes}
    loops = [
        r for r in drawing.ribbons
        if r.link.source != r.link.target and bars[r.link.target].x < bars[r.link.source].x
    ]  # fmt: skip
    assert len(loops) >= 7
    for ribbon in loops:
        first, last = bars[ribbon.link.target].x, bars[ribbon.link.source].x
        passed = [box for box in drawing.boxes if first <= box.x <= last]
        heights = [y for _, y in points(ribbon.path)]
        above = min(heights) + ribbon.width / 2 <= min(box.y for box in passed)
        below = max(heights) - ribbon.width / 2 >= max(box.y + box.height for box in passed)
        assert above or below, ribbon.link


def test_loops_in_lanes_do_not_lie_on_each_other():
    drawing = layout(hue_like())
    lanes = []
    for ribbon in drawing.ribbons:
        corners = points(ribbon.path)
        for (x0, y0), (x1, y1) in itertools.pairwise(corners):
            if not ribbon.filled and y0 == y1 and x1 < x0 - 1:
                lanes.append((x1, y0 - ribbon.width / 2, x0, y0 + ribbon.width / 2))
    assert len(lanes) >= 7
    assert not any(overlap(a, b) for a, b in itertools.combinations(lanes, 2))


def test_ends_stand_left_and_right_of_every_process():
    drawing = layout(hue_like())
    inside = [box.x for box in drawing.boxes if box.node.kind == "process"]
    ends = {box.node.id: box.x for box in drawing.boxes if box.node.kind != "process"}
    assert set(ends) == {"import", "export", "env", "env·out"}
    assert max(ends["import"], ends["env"]) < min(inside)
    assert min(ends["export"], ends["env·out"]) > max(inside)


def test_stock_marks_are_to_scale_and_on_their_side():
    drawing = layout(hue_like())
    bars = {box.node.id: box for box in drawing.boxes}
    marks = sorted(drawing.stubs, key=lambda stub: -stub.height)
    biggest = marks[0]
    assert biggest.height == pytest.approx(1280 * drawing.scale)
    assert biggest.x == pytest.approx(bars["xd"].x + bars["xd"].width)
    loss = min(marks, key=lambda stub: abs(stub.x + stub.width - bars["rung"].x))
    assert loss.x + loss.width == pytest.approx(bars["rung"].x)
    assert loss.height == pytest.approx(max(12 * drawing.scale, LEAST_WIDTH))


def two_columns(**fields):
    nodes = tuple(SankeyNode(name, name.upper(), **fields.get(name, {})) for name in "abcd")
    links = (
        SankeyLink("ab", "a", "b", 30.0),
        SankeyLink("ac", "a", "c", 20.0),
        SankeyLink("bd", "b", "d", 10.0),
    )
    return SankeyGraph("T", nodes, links, "t", CATEGORIES, "en")


def test_links_within_a_column_leave_and_arrive_on_the_right():
    columns = {"a": {"column": 0}, "b": {"column": 1}, "c": {"column": 1}, "d": {"column": 1}}
    drawing = layout(two_columns(**columns))
    bars = {box.node.id: box for box in drawing.boxes}
    ribbon = next(r for r in drawing.ribbons if r.link.id == "bd")
    (x0, *_), (x1, *_) = edges(ribbon)
    assert x0 == x1 == pytest.approx(bars["b"].x + bars["b"].width, abs=0.01)
    assert max(x for x, _ in points(ribbon.path)) > x0 + ribbon.width / 2
    assert len(drawing.arrows) == 1


def test_the_order_of_a_view_is_kept():
    for upper, lower in (("b", "c"), ("c", "b")):
        graph = two_columns(**{upper: {"order": 1.0}, lower: {"order": 2.0}})
        bars = {box.node.id: box.y for box in layout(graph).boxes}
        assert bars[upper] < bars[lower]


def test_a_link_without_value_is_as_wide_as_its_lower_limit():
    drawing = layout(hue_like())
    widths = {r.link.id: r.width for r in drawing.ribbons}
    # Up to its upper limit at most, where that is less than the width that says "unknown".
    assert 30 * drawing.scale <= widths["w2"] <= 60 * drawing.scale < 5.0
    assert widths["w1"] == 5.0
    tooltips = {r.link.id: r.tooltip for r in drawing.ribbons}
    assert "30 – 60 nghìn tấn/năm" in tooltips["w2"]
    assert "?" in tooltips["w1"]


def test_uncertain_links_are_paler_when_asked():
    graph = two_columns()
    graph = replace(
        graph,
        links=tuple(
            replace(k, sd=s * k.value) for k, s in zip(graph.links, (0.01, 0.2, 0.9), strict=True)
        ),
    )
    shades = {r.link.id: r.opacity for r in layout(graph, uncertainty="opacity").ribbons}
    assert shades["ab"] > shades["ac"] > shades["bd"] > 0.15
    assert len({r.opacity for r in layout(graph).ribbons}) == 1


def test_the_page_of_a_paper_size_is_fixed():
    assert [(d.width, d.height) for d in (layout(hue_like(), "a4"), layout(hue_like(), "a3"))] == [
        (1123.0, 794.0),
        (1587.0, 1123.0),
    ]


def test_what_is_too_much_for_a_page_is_drawn_smaller():
    drawing = layout(random_city(120, 500), "a4")
    assert drawing.zoom > 1
    assert drawing.width / drawing.zoom == pytest.approx(1123.0)
    assert drawing.height / drawing.zoom == pytest.approx(794.0)


@pytest.mark.parametrize("size", ["a5", (100, 100), (1400,)])
def test_an_unknown_size_is_refused(size):
    with pytest.raises(ValueError, match="expected screen, a4, a3, 16:9"):
        layout(hue_like(), size)


def test_a_graph_without_links_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        layout(SankeyGraph("T", (SankeyNode("a", "A"),), ()))


@pytest.mark.parametrize("value", [-1.0, math.inf])
def test_a_graph_refuses_impossible_values(value):
    nodes = (SankeyNode("a", "A"), SankeyNode("b", "B"))
    with pytest.raises(ValueError, match="expected ≥ 0"):
        SankeyGraph("T", nodes, (SankeyLink("x", "a", "b", value),))


def test_a_graph_refuses_unknown_ends_and_double_ids():
    nodes = (SankeyNode("a", "A"), SankeyNode("b", "B"))
    link = SankeyLink("x", "a", "b", 1.0)
    with pytest.raises(ValueError, match="'c', which is not a node"):
        SankeyGraph("T", nodes, (replace(link, target="c"),))
    with pytest.raises(ValueError, match="two links"):
        SankeyGraph("T", nodes, (link, link))
    with pytest.raises(ValueError, match="two nodes"):
        SankeyGraph("T", nodes + nodes, ())


@pytest.mark.parametrize("value", [1e-9, 1e-3, 1.0, 1e12], ids=lambda value: f"{value:g}")
def test_any_magnitude_fills_the_page(value):
    graph = two_columns()
    graph = replace(graph, links=tuple(replace(k, value=k.value * value) for k in graph.links))
    drawing = layout(graph)
    tallest = max(box.height for box in drawing.boxes)
    assert 150 < tallest < 450
    assert sum(text.role == "note" for text in drawing.texts) == 1


def test_only_unknown_links_can_be_drawn():
    graph = two_columns()
    unknown = {"value": math.nan, "lower": 0.0, "upper": math.inf, "status": "free"}
    drawing = layout(replace(graph, links=tuple(replace(k, **unknown) for k in graph.links)))
    assert {r.width for r in drawing.ribbons} == {5.0}
    assert {line.text for label in drawing.labels for line in label.lines} >= {"A", "?"}


def test_a_single_self_loop_can_be_drawn():
    drawing = layout(SankeyGraph("T", (SankeyNode("a", "A"),), (SankeyLink("x", "a", "a", 3.0),)))
    assert len(drawing.ribbons) == len(drawing.arrows) == 1


def test_five_hundred_links_take_less_than_two_seconds():
    start = time.process_time()
    layout(random_city(120, 500, seed=3))
    assert time.process_time() - start < 2.0


def test_labels_are_no_more_precise_than_their_sd():
    nodes = (
        SankeyNode("a", "A", total_sd=300.0),
        SankeyNode("b", "B", stock_change=-1234.0, stock_sd=90.0),
        SankeyNode("c", "C"),
    )
    links = (
        SankeyLink("x", "a", "b", 2654.0, 300.0),
        SankeyLink("y", "b", "c", 1500.0, 40.0),
        SankeyLink("z", "a", "c", 777.0, 200.0),
    )
    drawing = layout(SankeyGraph("", nodes, links, "t/year"))
    said = [line.text for label in drawing.labels for line in label.lines]
    assert "3,400" in said
    assert "−1,230 from stock" in said
    assert {text.text for text in drawing.amounts} == {"2,700", "1,500", "800"}
    drawing = layout(SankeyGraph("", nodes, links, "t/year"), uncertainty="text")
    assert "−1,230 ± 90 from stock" in [t.text for x in drawing.labels for t in x.lines]


def test_a_loop_tells_its_value_unless_its_target_says_it():
    nodes = (SankeyNode("a", "A"), SankeyNode("b", "B"))
    links = (SankeyLink("on", "a", "b", 1000.0), SankeyLink("back", "b", "a", 2.0))
    assert [t.text for t in layout(SankeyGraph("", nodes, links)).amounts] == ["2.0"]


def test_what_is_gone_is_dashed_and_tells_its_former_size():
    nodes = (SankeyNode("a", "A"), SankeyNode("b", "B"), SankeyNode("c", "C"))
    links = (
        SankeyLink("on", "a", "b", 100.0),
        SankeyLink("off", "a", "c", 0.0, usual=40.0, gone=True),
    )
    drawing = layout(SankeyGraph("", nodes, links))
    assert [t.text for t in drawing.amounts] == ["−40"]
    assert {r.link.id: r.width for r in drawing.ribbons}["off"] == LEAST_WIDTH
