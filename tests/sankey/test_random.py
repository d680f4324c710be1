"""What must hold of every picture, whatever the city: random graphs on random pages."""

import itertools
import math
import random

import pytest

from mfa.sankey import SankeyGraph, SankeyLink, SankeyNode
from mfa.sankey.layout import layout
from mfa.sankey.svg import render_svg
from tests.sankey.cities import CATEGORIES, ENDS, NAMES

SIZES = ("screen", "a4", "a3", "16:9", (560, 420), (390, 600), (1600, 500))
TOUCH = 0.05  # px by which boxes may meet: type has room around it


def random_graph(seed):
    """A graph of anything: loops, self-loops, intervals, stocks, open balances, any magnitude."""
    dice = random.Random(seed)
    names = list(NAMES.values())
    nodes = list(ENDS)
    for number in range(dice.randint(1, 14)):
        nodes.append(
            SankeyNode(
                f"p{number}",
                " ".join(dice.choices(names, k=dice.choice((1, 1, 1, 3)))),
                stock_change=dice.choice((None, None, 30.0, -80.0)),
                stock_known=dice.random() > 0.1,
                imbalance=dice.choice((0.0, 0.0, 0.0, 12.0, -40.0)),
                total_sd=dice.choice((math.nan, 3.0)),
            )
        )
    inside, spread = nodes[3:], dice.choice((0.3, 1.5, 4.0))
    links = []
    for number in range(dice.randint(1, 40)):
        source, target = dice.choice(inside).id, dice.choice(inside).id
        if dice.random() < 0.4:
            end = dice.choice(ENDS).id
            source, target = (end, target) if end == "import" else (source, end)
        value = math.exp(dice.gauss(3, spread))
        kind = {"value": value, "sd": dice.choice((math.nan, 0.1, 0.4)) * value}
        if dice.random() < 0.15:
            kind = {"value": math.nan, "status": "free", "lower": dice.choice((0.0, value / 2))}
            kind["upper"] = dice.choice((math.inf, value))
        category = dice.choice(list(CATEGORIES))
        links.append(SankeyLink(f"l{number}", source, target, category=category, **kind))
    title = "Dòng vật chất của một thành phố ngẫu nhiên"
    return SankeyGraph(title, tuple(nodes), tuple(links), "t/year", CATEGORIES, "vi")


@pytest.fixture(scope="module", params=range(40))
def drawing(request):
    return layout(
        random_graph(request.param),
        SIZES[request.param % len(SIZES)],
        uncertainty=("none", "text")[request.param % 2],
    )


def over(a, b):
    return (
        min(a[2], b[2]) - max(a[0], b[0]) > TOUCH and min(a[3], b[3]) - max(a[1], b[1]) > TOUCH
    )  # fmt: skip


def test_all_is_on_the_page_and_no_text_lies_on_another(drawing):
    texts = [(line.text, line.box) for label in drawing.labels for line in label.lines]
    texts += [(text.text, text.box) for text in (*drawing.texts, *drawing.amounts)]
    marks = [("mark", (m.x, m.y, m.x + m.width, m.y + m.height))
             for m in (*drawing.boxes, *drawing.stubs, *drawing.gaps)]  # fmt: skip
    for text, (left, top, right, bottom) in texts + marks:
        assert left >= 0 and top >= 0, text  # noqa: PT018
        assert right <= drawing.width and bottom <= drawing.height, text  # noqa: PT018
    for (one, first), (two, second) in itertools.combinations(texts, 2):
        assert not over(first, second), (one, two)


def test_every_node_with_a_flow_is_named_and_no_other_end_is_drawn(drawing):
    linked = {end for k in drawing.graph.links for end in (k.source, k.target)}
    assert {label.node.id for label in drawing.labels} == {box.node.id for box in drawing.boxes}
    for box in drawing.boxes:
        assert box.node.kind == "process" or box.node.id in linked


def test_no_name_runs_over_the_bar_or_the_stock_of_another_node(drawing):
    for label in drawing.labels:
        for box in drawing.boxes:
            shape = (box.x, box.y, box.x + box.width, box.y + box.height)
            assert box.node.id == label.node.id or not over(label.box, shape)
        for stub in drawing.stubs:
            shape = (stub.x, stub.y, stub.x + stub.width, stub.y + stub.height)
            assert not any(over(line.box, shape) for line in label.lines), label.node.title


def test_the_same_graph_gives_the_same_bytes():
    assert render_svg(layout(random_graph(7), "a4")) == render_svg(layout(random_graph(7), "a4"))
