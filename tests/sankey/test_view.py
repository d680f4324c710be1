import math

import numpy as np
import pytest

from mfa.errors import InputError
from mfa.model.system import System
from mfa.model.view import View, ViewGroup
from mfa.sankey import draw, draw_multiples
from mfa.sankey.groups import resolve_groups
from mfa.sankey.layout import layout
from mfa.sankey.view import weave


def town():
    """Seven processes in four sectors; stocks, a self-loop, a layer of water, two free flows."""
    s = System("Thị trấn", unit="t/year", periods=["2022", "2023"])
    for name, sector, stage in (
        ("farm", "agriculture", "origin"),
        ("mill", "agriculture", "conversion"),
        ("pigs", "livestock", "conversion"),
        ("homes", "households", "need"),
        ("bin", "waste", "release"),
        ("dump", "waste", "destination"),
    ):
        s.process(name, sector=sector, stage=stage, name_en=name.title(), name_vi=f"{name} vi")
    s.layer("water", unit="m3/year")
    s.material("food", name_vi="Lương thực", mf_code="MF.1.1")
    s.material("rice", parent="food", name_vi="Gạo")
    s.material("bran", parent="food", name_vi="Cám")
    s.material("waste", name_vi="Chất thải", mf_code="MF.6")
    for period, k in (("2022", 1.0), ("2023", 2.0)):
        at = {"period": period}
        for name, source, target, material, value in (
            ("harvest", "environment", "farm", "rice", 100),
            ("seed", "farm", "farm", "rice", 5),
            ("paddy", "farm", "mill", "rice", 90),
            ("rice", "mill", "homes", "rice", 50),
            ("bran", "mill", "pigs", "bran", 20),
            ("sold", "mill", "export", "rice", 20),
            ("straw", "farm", "pigs", "bran", 10),
            ("pork", "pigs", "homes", "food", 12),
            ("manure", "pigs", "farm", "waste", 18),
            ("rubbish", "homes", "bin", "waste", 40),
            ("dumped", "bin", "dump", "waste", 30),
        ):
            kw = {"value": value * k, "sd": value * k * 0.05} if name != "manure" else {}
            if name not in s.flows:
                s.flow(name, source, target, material=material)
            if kw:
                s.observe(name, kw["value"], sd=kw["sd"], **at)
    s.flow("burnt", "bin", "environment", material="waste")
    s.flow("eaten", "homes", "environment", material="waste")
    s.flow("runoff", "farm", "environment", material="waste")
    s.flow("tap", "environment", "homes", layer="water", name_vi="Nước máy")
    s.flow("drain", "homes", "environment", layer="water", name_vi="Nước thải")
    s.observe("tap", 3.0, unit="thousand m3/year", sd=0.3, period="2023")
    s.stock("heap", "dump")
    return s


@pytest.fixture(scope="module")
def account():
    return town().balance()


def group(name, *members, **fields):
    return ViewGroup(name, members, **fields)


def links(graph):
    return {(link.source, link.target, link.category): link for link in graph.links}


SECTORS = View(
    "sectors",
    (
        group("food", "sector:agriculture", "sector:livestock", name_vi="Lương thực", column=0),
        group("rest", "*", name_vi="Còn lại", column=1),
    ),
    colour_by="sector",
    name_vi="Theo ngành",
    name_en="By sector",
)


def test_without_a_view_every_process_is_a_node(account):
    graph = weave(account, language="en")
    assert {node.id for node in graph.nodes} == {
        "farm", "mill", "pigs", "homes", "bin", "dump", "environment", "environment·out", "export",
    }  # fmt: skip
    table = account.table.query("kind == 'flow' and layer == 'goods' and period == '2023'")
    assert {flow for link in graph.links for flow in link.flows} == set(table["id"])
    values = table.set_index("id")["value"]
    for link in graph.links:
        expected = values[list(link.flows)].sum(skipna=False)
        assert link.value == pytest.approx(expected, nan_ok=True)
    assert {n.title for n in graph.nodes} >= {"Farm", "Environment", "Exports"}


def test_groups_take_their_members_and_sums(account):
    graph = weave(account, SECTORS)
    assert [node.title for node in graph.nodes if node.kind == "process"] == [
        "Lương thực",
        "Còn lại",
    ]
    found = links(graph)
    assert set(found) == {
        ("environment", "food", "agriculture"),
        ("food", "food", "agriculture"),
        ("food", "rest", "agriculture"),
        ("food", "rest", "livestock"),
        ("food", "export", "agriculture"),
        ("food", "environment·out", "agriculture"),
        ("rest", "environment·out", "households"),
        ("rest", "environment·out", "waste"),
    }
    assert found["food", "rest", "agriculture"].flows == ("rice",)
    assert (graph.title, graph.subtitle) == ("Theo ngành", "Thị trấn · 2023")


def test_what_stays_within_a_group_is_summed_not_drawn(account):
    graph = weave(account, SECTORS)
    nodes = {node.id: node for node in graph.nodes}
    inner = ["paddy", "bran", "straw", "manure"]
    assert nodes["food"].internal == pytest.approx(sum(account[f, "2023"].value for f in inner))
    assert nodes["rest"].internal == pytest.approx(
        account["rubbish", "2023"].value + account["dumped", "2023"].value
    )
    assert "không vẽ" in graph.note.lower()
    assert links(graph)["food", "food", "agriculture"].flows == ("seed",)


def test_a_link_of_several_flows_has_their_joint_uncertainty(account):
    groups = (group("a", "farm", "mill"), group("b", "homes", "pigs"))
    found = links(weave(account, View("v", groups, colour_by="mf_code")))
    link = found["a", "b", "MF.1"]
    assert link.flows == ("rice", "bran", "straw")
    sum_ = account.linear(dict.fromkeys(link.flows, 1.0), period="2023")
    assert (link.value, link.sd) == pytest.approx((sum_.value, sum_.sd))
    alone = math.hypot(*(account[flow, "2023"].sd for flow in link.flows))
    assert abs(link.sd - alone) > 1e-3 * alone


def test_a_sum_can_be_known_although_its_parts_are_not():
    s = System("two ways", unit="t/year")
    s.process("a")
    s.process("b")
    s.flow("one", "a", "b", material="x")
    s.flow("two", "a", "b", material="x")
    s.flow("all", "import", "a", material="x", value=100.0, sd=3.0)
    s.flow("off", "b", "export", material="x")
    account = s.balance()
    assert account["one"].status == "free"
    (link,) = [k for k in weave(account).links if k.source == "a"]
    assert link.flows == ("one", "two")
    assert (link.value, link.sd) == pytest.approx((100.0, 3.0))
    assert link.status == "determined"
    split = weave(account, View("v", (), colour_by="status"))
    assert sum(len(k.flows) for k in split.links) == 4


def test_free_flows_are_kept_with_their_interval():
    s = System("two ways out", unit="t/year")
    s.process("a")
    s.flow("in", "import", "a", value=100.0, sd=0.0)
    s.flow("out", "a", "export")
    s.flow("lost", "a", "environment")
    graph = weave(s.balance(), language="en")
    free = {link.flows[0]: link for link in graph.links if not link.known}
    assert set(free) == {"out", "lost"}
    assert (free["out"].lower, free["out"].upper) == pytest.approx((0.0, 100.0), abs=1e-6)
    assert free["out"].status == "free"
    assert "url(#mfa-hatch" in draw(s.balance()).svg


def test_processes_a_view_leaves_out_become_the_others(account):
    view = View("v", (group("homes", "homes"), group("mill", "mill")))
    graph = weave(account, view)
    others = {node.id: node for node in graph.nodes if node.kind == "elsewhere"}
    assert set(others) == {"elsewhere", "elsewhere·out"}
    assert {node.title for node in others.values()} == {"Các quá trình khác"}
    assert set(others["elsewhere"].members) == {"farm", "pigs", "bin", "dump"}
    drawn = {flow for link in graph.links for flow in link.flows}
    assert drawn == {"paddy", "rice", "bran", "sold", "pork", "rubbish", "eaten"}


def test_stock_changes_stand_at_their_node(account):
    nodes = {node.id: node for node in weave(account, SECTORS).nodes}
    heap = account["heap.change", "2023"]
    assert nodes["rest"].stock_change == pytest.approx(heap.value)
    assert nodes["rest"].stock_sd == pytest.approx(heap.sd)
    assert nodes["food"].stock_change is None


def test_periods_are_kept_apart(account):
    late, early = (links(weave(account, SECTORS, period=p)) for p in (None, "2022"))
    key = ("food", "rest", "agriculture")
    assert late[key].value == pytest.approx(2 * early[key].value, rel=0.02)


def test_a_layer_is_drawn_in_its_own_unit(account):
    graph = weave(account, View("w", (), layer="water", name_vi="Nước"))
    assert graph.unit == "m3/year"
    assert links(graph)["environment", "homes", "other"].value == pytest.approx(3000.0)
    assert graph.links[0].title in ("Nước máy", "Nước thải")


def test_display_units_of_flows_are_brought_to_the_unit_of_the_layer():
    s = System("units", unit="t/year")
    s.process("a")
    s.flow("in", "import", "a", unit="kt/year", value=2.0, sd=0.1)
    s.flow("out", "a", "export")
    values = {link.flows[0]: link.value for link in weave(s.balance()).links}
    assert values == pytest.approx({"in": 2000.0, "out": 2000.0})


@pytest.mark.parametrize(
    ("colour_by", "labels"),
    [
        ("material", {"Lương thực", "Gạo", "Cám", "Chất thải"}),
        ("mf_code", {"Sinh khối", "Chất thải để xử lý"}),
        ("sector", {"Nông nghiệp và thực phẩm", "Chăn nuôi", "Hộ gia đình", "Chất thải rắn"}),
    ],
)
def test_colours_mean_what_the_view_says(account, colour_by, labels):
    graph = weave(account, View("v", (), colour_by=colour_by))
    assert {category.label for category in graph.categories.values()} == labels
    assert {link.category for link in graph.links} == set(graph.categories)


def test_statuses_can_be_shown(account):
    graph = weave(account, View("v", (), colour_by="status"), language="en")
    for link in graph.links:
        assert {account[flow, "2023"].status for flow in link.flows} == {link.category}


def test_an_end_given_a_column_keeps_it(account):
    groups = (
        group("env", "environment", column=5),
        group("farm", "farm", column=0),
        group("rest", "*", column=1),
    )
    nodes = {node.id: node for node in weave(account, View("v", groups)).nodes}
    assert (nodes["env"].column, nodes["env·out"].column) == (None, 5)
    assert nodes["env"].kind == "environment"


def test_names_fall_back_to_sector_process_and_id(account):
    groups = (group("g1", "sector:waste"), group("g2", "farm"), group("g3", "stage:need"))
    titles = {n.id: n.title for n in weave(account, View("v", groups), language="en").nodes}
    assert (titles["g1"], titles["g2"], titles["g3"]) == ("Solid waste", "Farm", "Societal need")


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ((group("a", "frm"),), "names “frm”.*did you mean “farm”"),
        ((group("a", "sector:nuclear"),), "names “sector:nuclear”"),
        ((group("a", "colour:red"),), "Write process ids"),
        ((group("a", "farm"), group("b", "farm")), "“farm” stands in the groups “a” and “b”"),
        ((group("a", "stage:origin"), group("b", "sector:agriculture")), "“farm” stands in"),
    ],
)
def test_wrong_members_are_refused(groups, said):
    with pytest.raises(InputError, match=said):
        resolve_groups(town(), View("v", groups))


def test_an_id_goes_before_sector_and_stage_and_these_before_the_rest():
    groups = (group("a", "*"), group("b", "sector:agriculture"), group("c", "mill", "stage:need"))
    found = resolve_groups(town(), View("v", groups))
    assert "".join(found[p] for p in ("farm", "mill", "homes", "pigs")) == "bcca"
    assert found["export"] == "export"


def test_a_sector_of_the_vocabulary_without_processes_leaves_its_group_empty(account):
    groups = (group("none", "sector:textiles"), group("farm", "farm"), group("rest", "*"))
    assert "none" not in {node.id for node in weave(account, View("v", groups)).nodes}


def test_a_view_without_flows_is_refused(account):
    with pytest.raises(InputError, match="shows no flow"):
        weave(account, View("v", (), layer="nothing"), language="en")
    with pytest.raises(InputError, match="không có dòng nào"):
        weave(account, View("v", (group("all", "*"),), layer="money"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"period": "1999"}, "period is '1999', expected 2022, 2023"),
        ({"region": "moon"}, "region is 'moon'"),
        ({"view": View("v", (), colour_by="mood")}, "colour_by is 'mood', expected material"),
    ],
)
def test_unknown_settings_are_refused(account, fields, said):
    with pytest.raises(ValueError, match=said):
        weave(account, **fields)


def test_workbook_text_never_reaches_an_evaluator(account, monkeypatch):
    import pandas as pd

    def refuse(*_args, **_kwargs):
        raise AssertionError("evaluated")

    monkeypatch.setattr(pd.DataFrame, "eval", refuse)
    monkeypatch.setattr(pd.DataFrame, "query", refuse)
    groups = (group("@__import__('os').system('x')", "farm"), group("rest", "*"))
    assert len(weave(account, View("v", groups)).nodes) > 2


def test_mass_is_conserved_at_every_node(account):
    graph = weave(account, View("v", (), colour_by="mf_code"))
    for node in graph.nodes:
        if node.kind == "process" and node.id != "dump":
            into = sum(k.value for k in graph.links if k.target == node.id)
            out = sum(k.value for k in graph.links if k.source == node.id)
            if math.isfinite(into - out):
                assert into == pytest.approx(out), node.id
    assert np.isfinite([k.value for k in graph.links]).any()


def test_draw_goes_from_account_to_picture(account):
    image = draw(account, SECTORS, language="en", size="a4", uncertainty="opacity")
    assert "By sector" in image.svg
    assert 'width="1123"' in image.svg
    assert image.graph.language == "en"


def test_colours_and_weights_are_those_of_all_periods(account):
    graphs = [weave(account, language="en", period=p) for p in ("2022", "2023")]
    assert graphs[0].categories == graphs[1].categories
    usual = [{k.id: k.usual for k in graph.links if k.known} for graph in graphs]
    common = set(usual[0]) & set(usual[1])
    assert common
    assert all(usual[0][k] == pytest.approx(usual[1][k]) for k in common)


def test_periods_of_an_account_stand_side_by_side(account):
    image = draw_multiples(account, SECTORS, language="en", size="a4")
    assert [graph.subtitle[-4:] for graph in image.graphs] == ["2022", "2023"]
    assert image.svg.count('class="mfa-panel"') == 2
    one = draw_multiples(account, SECTORS, language="en", periods=["2022"])
    assert one.svg.count('class="mfa-panel"') == 1
    with pytest.raises(ValueError, match="no panels"):
        draw_multiples(account, SECTORS, periods=[])


def test_a_process_that_is_not_balanced_shows_what_is_left_over():
    s = System("T", unit="t/year")
    s.process("open", balance=False)
    s.process("shut")
    s.flow("a", "import", "open", value=100, sd=1)
    s.flow("b", "open", "shut", value=70, sd=1)
    s.flow("c", "shut", "export")
    nodes = {node.id: node for node in weave(s.balance(), language="en").nodes}
    assert nodes["open"].imbalance == pytest.approx(30)
    assert nodes["shut"].imbalance == 0
    assert nodes["import"].imbalance == 0


def test_the_sd_of_a_node_heeds_covariance(account):
    graph = weave(account, language="en", period="2023")
    nodes = {node.id: node for node in graph.nodes}
    outs = dict.fromkeys(("rice", "bran", "sold"), 1.0)
    assert nodes["mill"].total_sd == pytest.approx(account.linear(outs, period="2023").sd)
    alone = math.hypot(*(account[name, "2023"].sd for name in outs))
    assert nodes["mill"].total_sd != pytest.approx(alone, rel=1e-3)
    # What goes into a stock is part of what flows through.
    laid = account.linear({"heap.change": 1.0}, period="2023").sd
    assert nodes["dump"].total_sd == pytest.approx(laid)


def test_a_view_may_pin_one_node_and_leave_the_others_to_find_their_place(account):
    free = View("v", (group("bin", "bin"), group("rest", "*")))
    pinned = View("v", (group("bin", "bin", column=0), group("rest", "*", column=1)))
    left = []
    for view in (free, pinned):
        drawing = layout(weave(account, view, language="en"))
        left.append({box.node.id: box.x for box in drawing.boxes})
    assert left[0]["bin"] > left[0]["rest"]
    assert left[1]["bin"] < left[1]["rest"]


def test_ranks_between_ranks_are_heeded(account):
    for order in ((1, 2, 1.5), (3, 1, 2)):
        view = View("v", tuple(
            group(name, name, column=0, order=rank)
            for name, rank in zip(("farm", "mill", "pigs"), order, strict=True)
        ))  # fmt: skip
        boxes = {b.node.id: b.y for b in layout(weave(account, view, language="en")).boxes}
        ranked = sorted(zip(order, ("farm", "mill", "pigs"), strict=True))
        heights = [boxes[name] for _, name in ranked]
        assert heights == sorted(heights)
