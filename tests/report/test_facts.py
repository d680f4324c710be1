"""The facts equal the account, and the sentences equal the facts."""

from __future__ import annotations

import math

import pytest

from mfa.locale.numbers import format_estimate, format_value
from mfa.locale.unit_words import unit_words
from mfa.model.system import System
from mfa.model.view import ViewGroup
from mfa.report import write_report
from mfa.report.chapters import compose
from mfa.report.chapters.summary import key_figures, messages, open_points, verdict
from mfa.report.collect import collect, layer_units
from mfa.report.document import plain
from mfa.report.figures import StackedBar, stacked_bars
from mfa.report.rows import names_in
from mfa.report.sectors import match_views
from mfa.report.tables import Column, Num, Range, Row, Table, given_decimals
from mfa.report.text import Writer, quantity_anchor
from tests.report.cities import bare_account, city, city_account, crowd


@pytest.fixture(scope="module")
def facts():
    return collect(city_account(), "city")


def test_every_number_of_the_key_figures_is_the_account_s(facts):
    account = city_account()
    shown = {card.key: card for card in key_figures(Writer(facts, "vi")).items}
    de = account.linear({"harvest": 1, "stone": 1}, period="2023")
    assert shown["de"].value == format_value(de.value, de.sd, language="vi")
    assert shown["de"].interval == Range(de.lower, de.upper, de.sd).text("vi")
    assert shown["exports"].value == format_value(
        account["rice_out"].value, account["rice_out"].sd, language="vi"
    )
    assert shown["imports"].value == "?"
    assert shown["imports"].remark == "1\u00a0phần chưa biết"
    parts = dict.fromkeys(("to_furnace", "to_landfill"), 1)
    waste = account.linear(parts, period="2023")
    assert shown["waste"].value == format_value(waste.value, waste.sd, language="vi")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_sentences_hold_the_numbers_of_the_account(facts, language):
    account = city_account()
    text = " ".join(plain(m) for m in messages(Writer(facts, language)))
    de = account.linear({"harvest": 1, "stone": 1}, period="2023")
    assert format_estimate(de.value, de.sd, language=language).replace(" ", "\u00a0") in text
    chi2 = format_value(account.test.chi2, language=language)
    assert chi2[:3] in text
    assert f"{len(account.observations)}\u00a0" in text


def test_items_keep_the_account_s_numbers_and_their_observations(facts):
    account = city_account()
    for item in facts.here():
        row = account[item.id]
        known = row.status != "free"
        assert item.status == row.status
        assert not known or item.value == pytest.approx(row.value)
        assert known or math.isnan(item.value)
    assert facts.item("harvest").observations == ("harvest#1",)
    assert facts.datum("harvest#1").source == "S2"


def test_what_cancels_is_zero_and_not_a_rounding_error():
    total = collect(crowd(60).balance()).economy.total("dmc")
    assert (total.estimate.value, total.estimate.sd) == (0.0, 0.0)
    shed = System("shed", unit="t/year")
    shed.process("shed")
    shed.flow("in", "import", "shed", value=3, sd=1)
    facts = collect(shed.balance())
    assert (facts.items[0].value, facts.items[0].sd, facts.items[0].upper) == (0.0, 0.0, 0.0)
    assert facts.economy.total("dmc").estimate.value == 0.0


def test_amounts_are_in_the_common_unit_of_their_layer(facts):
    tap = facts.item("tap")
    assert (tap.value, tap.unit) == (pytest.approx(5e6), "m3/year")
    assert (tap.amount, facts.units["water"]) == (pytest.approx(5), "million m3/year")


def test_small_cities_are_counted_in_tonnes_large_ones_in_kilotonnes():
    assert layer_units(bare_account())["goods"] == "t/year"
    assert layer_units(city_account())["goods"] == "kt/year"


def test_goods_that_are_no_mass_keep_their_unit(tmp_path):
    s = System("park", unit="piece/year")
    s.process("shop")
    s.flow("in", "import", "shop", value=30, sd=1)
    s.flow("out", "shop", "export")
    account = s.balance()
    assert layer_units(account)["goods"] == "piece/year"
    assert len(write_report(account, tmp_path)) == 8


def test_gaps_count_the_figures_that_would_settle_them(facts):
    # cement and houses.change hang together at the building sites: one figure settles both.
    assert [(sorted(i.id for i in gap.items), gap.needed) for gap in facts.gaps] == [
        (["cement", "houses.change"], 1)
    ]


def test_gaps_in_a_chain_with_three_loose_ends():
    s = System("chain", unit="t/year")
    for name in ("a", "b"):
        s.process(name)
    for name, source, target in (
        ("x", "import", "a"),
        ("y", "a", "b"),
        ("z", "b", "export"),
        ("w", "a", "environment"),
    ):
        s.flow(name, source, target)
    s.flow("lonely", "import", "b", value=1, sd=0.1)
    (gap,) = collect(s.balance()).gaps
    assert (len(gap.items), gap.needed) == (4, 2)
    # … and two figures do settle them.
    s.observe("x", 10, sd=1)
    s.observe("w", 3, sd=1)
    assert collect(s.balance()).gaps == ()


def test_a_process_with_unknown_flows_shows_no_made_up_sum(facts):
    sites = next(b for b in facts.balances if b.process == "sites")
    assert sites.inputs.unknown == ("cement",)
    assert sites.stock_change.estimate is None


def test_views_find_their_chapter(facts):
    assert facts.overall_view == "all"
    sectors = {s.sector: s for s in facts.sectors}
    assert sectors["waste"].view == "waste"
    assert sectors["agriculture"].view is None
    assert facts.layers[0].view == "w"


def test_a_view_of_processes_of_one_sector_is_that_sector_s():
    s = city()
    s.view("odd", [ViewGroup("g", ("furnace", "landfill"), "G", "G")])
    s2 = city()
    s2.view("mixed", [ViewGroup("g", ("furnace", "homes"), "G", "G")])
    assert match_views(s).sectors["waste"] == "waste"  # the first one wins
    assert match_views(s).other == ("odd",)
    assert match_views(s2).other == ("mixed",)


def test_verdict_follows_the_p_value(facts):
    assert "contradict" in verdict(Writer(facts, "en"))
    bare = Writer(collect(bare_account()), "en")
    assert verdict(bare).startswith("No observation can be checked against another")


def test_open_points_of_a_complete_case():
    points = [plain(p) for p in open_points(Writer(collect(bare_account()), "en"))]
    assert points[0] == "Every quantity of the account has a value; none is left unknown."


def test_quality_counts_every_observation_once(facts):
    n = len(facts.data)
    assert sum(facts.quality.by_type.values()) == n
    assert sum(facts.quality.by_sigma.values()) == n
    assert sum(facts.quality.by_year.values()) == n
    assert facts.quality.by_score["reliability", 3] == 7


def test_names_in_a_formula_of_an_observation():
    assert names_in('a + 2 * "b c" - sum(rice)') == ("a", "b c", "rice")


def test_formula_shows_names_as_links(facts):
    writer = Writer(facts, "en")
    parts = writer.formula("slag = ash * to_furnace", names=True)
    assert plain(parts) == "Slag = Slag share * Waste burned"
    assert [p.href for p in parts if not isinstance(p, str)] == [
        "#q-slag",
        "#q-ash",
        "#q-to_furnace",
    ]
    assert plain(writer.formula("slag = nothing", names=False)) == "slag = nothing"


def test_both_languages_have_the_same_tables_and_figures(facts):
    vi, en = (compose(facts, language) for language in ("vi", "en"))
    for kind in ("tables", "figures"):
        assert [x.id for x in getattr(vi, kind)()] == [x.id for x in getattr(en, kind)()]
    for a, b in zip(vi.tables(), en.tables(), strict=True):
        assert [len(a.columns), len(a.rows)] == [len(b.columns), len(b.rows)]


def test_cells_round_as_their_uncertainty_allows():
    assert Num(1234.5, 23).text("vi") == "1.230"
    assert Num(math.nan, missing="–").text("en") == "–"
    assert Num(5.0, 0.4, prefix="≥ ").text("en") == "≥ 5.0"
    assert Range(1.0, math.inf).text("en") == "≥ 1.00"
    assert Range(-math.inf, 2.0, 0.1).text("en") == "≤ 2.00"
    assert Range(-math.inf, math.inf).text("en") == ""
    assert Range(90.0, 110.0, 5.0).text("vi") == "90 … 110"


def test_reported_values_keep_their_digits():
    assert [given_decimals(v) for v in (1_166_547.0, 0.286, 2.5, 0.0, -3.25)] == [0, 3, 1, 0, 2]


def test_a_table_refuses_rows_that_do_not_fit():
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("x", "x", "x", (Column("a"),), (Row(("1", "2")),))


def test_units_in_words():
    assert unit_words("kg/person/day", "vi") == "kg/người/ngày"
    assert unit_words("million VND", "vi") == "triệu đồng"
    assert unit_words("1/year", "vi") == "1/năm"
    assert unit_words("t CO2e", "en") == "t CO₂e"


def test_anchors_are_unique_and_safe():
    names = ["a b", "a.b", "a_b", "a.20.b", "rác", 'x"y']
    anchors = [quantity_anchor(name) for name in names]
    assert len(set(anchors)) == len(names)
    assert all(" " not in a and '"' not in a for a in anchors)


def test_chart_shows_negative_parts_left_of_zero_and_open_intervals():
    bars = [StackedBar("a <b>", {"x": -2.0, "y": 5.0}, 1.0, math.inf), StackedBar("none", {})]
    labels = {"x": ("X", "#111111"), "y": ("Y", "#222222"), "z": ("Z", "#333333")}
    svg = stacked_bars(bars, labels, "t", "vi", "Title")
    assert "a &lt;b&gt;" in svg
    assert svg.count("<rect") == 4  # two parts and their two swatches: z is not used
    assert "−2" in svg


def test_report_refuses_unknown_languages_and_formats(tmp_path):
    with pytest.raises(ValueError, match="'fr'"):
        write_report(bare_account(), tmp_path, languages=["fr"])
    with pytest.raises(ValueError, match="'doc'"):
        write_report(bare_account(), tmp_path, formats=["doc"])
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_leaves_the_old_one_alone(tmp_path, monkeypatch):
    (old,) = write_report(bare_account(), tmp_path, languages=["en"], formats=["xlsx"])
    before = old.read_bytes()
    monkeypatch.setattr("mfa.report.xlsx._Writer.write", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(bare_account(), tmp_path, languages=["en"], formats=["xlsx"])
    assert old.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.xlsx"]


def test_balancing_items_stand_apart_in_a_sector(facts):
    homes = next(s for s in facts.sectors if s.sector == "households")
    assert [item.id for item in homes.balancing] == ["breath"]
    assert [item.id for item in homes.leaving] == ["bins"]
    known = (homes.inputs, homes.balancing_in, homes.outputs, homes.balancing_out)
    into, air, out, breath = (t.estimate.value if t.estimate else 0.0 for t in known)
    assert into + air == pytest.approx(out + breath)


def test_the_next_observation_is_the_one_that_narrows_most(facts):
    gains = [datum.gain for datum in facts.next_overall]
    assert gains == sorted(gains, reverse=True)
    first = facts.next_overall[0]
    assert (first.id, set(first.settles)) == ("cement", {"cement", "houses.change"})
    document = compose(facts, "en")
    table = next(t for t in document.tables() if t.id == "next-all")
    assert plain(table.rows[0].cells[0].text) == "Cement"
    assert table.rows[0].cells[1].value == pytest.approx(100 * first.gain)


def test_consumption_is_narrowed_by_what_the_account_says():
    s = city()
    s.observe("cement", 100, sd=30)
    account = s.balance()
    facts = collect(account)
    best = facts.next_consumption[0]
    dmc = facts.economy.total("dmc").estimate
    assert best.before == pytest.approx(dmc.sd)
    s.observe(best.id, account[best.id].value, sd=0.1 * abs(account[best.id].value))
    assert collect(s.balance()).economy.total("dmc").estimate.sd == pytest.approx(best.after)


def test_regions_are_reported_for_the_parent_and_listed_in_the_annex(tmp_path):
    s = System("land", unit="t/year", regions={"land": ["north", "south"]})
    s.process("mill")
    s.flow("in", "import", "mill")
    s.flow("out", "mill", "export")
    for region, value in (("north", 30), ("south", 12)):
        s.observe("in", value, sd=1, region=region)
    account = s.balance()
    facts = collect(account)
    assert facts.region == "land"
    assert facts.economy.total("imports").estimate.value == pytest.approx(42)
    annex = next(t for t in compose(facts, "en").tables() if t.id == "all-flows")
    assert [c.title for c in annex.columns][1] == "Region"
    assert len(annex.rows) == 6
    assert len(write_report(account, tmp_path)) == 8
