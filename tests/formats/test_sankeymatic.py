"""SankeyMATIC text: the builder's grammar, names of any kind, there and back."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mfa
from mfa.errors import InputError
from mfa.formats.converted import LossLog, ReadOptions, WriteOptions
from mfa.formats.sankeymatic import Flow, parse_flow, parse_sankeymatic, read_sankeymatic
from mfa.formats.sankeymatic_view import write_sankeymatic_view
from mfa.formats.sankeymatic_write import render, sankeymatic_text, write_sankeymatic
from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode
from tests.formats.makers import codes, loss, mills, observed, rows, simple


def read(tmp_path: Path, text: str, **options: str) -> mfa.formats.converted.Converted:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    return read_sankeymatic(tmp_path / "a.txt", ReadOptions(**options))


def ends(text: str) -> list[tuple[str, str, str]]:
    return [(f.source, f.amount, f.target) for f, _ in parse_sankeymatic(text).flows]


class TestGrammar:
    @pytest.mark.parametrize(
        ("line", "flow"),
        [
            ("A [10] B", Flow("A", "B", "10")),
            ("A[10]B", Flow("A", "B", "10")),
            ("  A  b [ 1 234 567.5 ] C d  ", Flow("A  b", "C d", "1234567.5")),
            ("A [+3] B", Flow("A", "B", "+3")),
            ("A [*] B", Flow("A", "B", "*")),
            ("A [?] B", Flow("A", "B", "?")),
            ("A [] B", Flow("A", "B", "")),
            ("A [1] B #abc", Flow("A", "B", "1", "#abc")),
            ("A [1] B #00ff00.25", Flow("A", "B", "1", "#00ff00.25")),
            ("A [1] B #.5", Flow("A", "B", "1", "#.5")),
            ("A [1] Team #1", Flow("A", "Team #1", "1")),
            ("A [1] #abc", Flow("A", "#abc", "1")),
            ("A [1] B [2] C", Flow("A [1] B", "C", "2")),
            ("A [x] B [2] C [y]", Flow("A [x] B", "C [y]", "2")),
            ("A [1] B [2]", Flow("A", "B [2]", "1")),
            ("Sản xuất [5] Tiêu dùng", Flow("Sản xuất", "Tiêu dùng", "5")),
        ],
    )
    def test_flows(self, line: str, flow: Flow) -> None:
        assert parse_flow(line.strip()) == flow

    @pytest.mark.parametrize(
        "line",
        [
            "// A [1] B",
            "'A [1] B",
            "size w 600",
            "value prefix ''",
            "value suffix 'x [1] y'",
            "move A [1] 0.5, -1",
            ":A [1] B #abc",
            "[1] B",
            "A [1]",
            "A [one] B",
            "",
        ],
    )
    def test_what_is_no_flow(self, line: str) -> None:
        assert parse_flow(line) is None

    def test_a_whole_file_of_the_builder(self) -> None:
        text = """// SankeyMATIC diagram inputs - Saved: 1/2/2024, 3:04:05 PM
// https://sankeymatic.com/build/

// === Nodes and Flows ===

// my remark
Wages [1500] Budget
Interest [250] Budget #9c0
Budget [*] Savings

:Budget #606060 <<
node Savings
.label Rainy days

// === Moved Nodes ===

move Budget 0.12, -0.3

// === Settings ===

size w 700
  h 600
margin l 12
bg color #ffffff
node w 12
value format ',.'
  prefix '$'
  suffix ' kt'
flow inheritfrom outside-in
"""
        found = parse_sankeymatic(text)
        assert ends(text) == [
            ("Wages", "1500", "Budget"),
            ("Interest", "250", "Budget"),
            ("Budget", "*", "Savings"),
        ]
        assert found.labels == {"Savings": "Rainy days"}
        assert found.title == ""
        assert found.unread == []
        assert (found.colours, found.moves, found.comments) == (2, 1, 1)
        assert found.settings["value_suffix"] == " kt"
        assert found.settings["size_h"] == "600"

    def test_a_quote_inside_a_setting_is_doubled(self) -> None:
        assert parse_sankeymatic("value suffix ' d''eau'").settings == {"value_suffix": " d'eau"}

    def test_lines_end_where_the_builder_ends_them(self) -> None:
        assert ends("A\x0bx [1] B\u2028y\nC [2] D") == [
            ("A\x0bx", "1", "B\u2028y"),
            ("C", "2", "D"),
        ]

    @pytest.mark.parametrize("amount", ["1-2", "--", "-5", ".", "1.2.3"])
    def test_bad_amounts_are_reported_with_their_line(self, tmp_path: Path, amount: str) -> None:
        converted = read(tmp_path, f"A [1] B\nB [{amount}] C")
        unread = loss(converted.losses, "bad-amounts")
        assert unread.place.row == 2
        assert f"B [{amount}] C" in unread.text()


class TestReading:
    def test_into_tables(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "Farm [10] Mill\nMill [7] Market\nMill [*] Compost")
        assert rows(converted, "processes") == [
            {"id": "Farm", "name_en": "Farm", "boundary": "import"},
            {"id": "Mill", "name_en": "Mill"},
            {"id": "Market", "name_en": "Market", "boundary": "export"},
            {"id": "Compost", "name_en": "Compost", "boundary": "export"},
        ]
        account = converted.system().balance()
        assert account["Mill_to_Compost"].value == pytest.approx(3)
        assert account["Mill_to_Compost"].status == "determined"
        assert codes(converted.losses) == {"unit-assumed", "no-uncertainty", "ends-outside"}

    def test_values_know_their_line(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "\nFarm [10] Mill")
        assert str(converted.tables["observations"][0].at("value")) == "a.txt:2"

    def test_missing_amount_at_the_target(self, tmp_path: Path) -> None:
        account = read(tmp_path, "A [4] M\nB [?] M\nM [10] C").system().balance()
        assert account["B_to_M"].value == pytest.approx(6)

    def test_vietnamese_names_go_into_their_column(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "Đồng ruộng [1] Chợ")
        assert [row["name_vi"] for row in rows(converted, "processes")] == ["Đồng ruộng", "Chợ"]

    def test_labels_of_two_lines_become_one(self, tmp_path: Path) -> None:
        found = rows(read(tmp_path, "Selling &\\nAdvice [2] Shop\\nnorth"), "processes")
        assert [row["name_en"] for row in found] == ["Selling & Advice", "Shop north"]

    def test_what_always_exists_is_not_added_again(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "Imports [1] A\nA [1] Exports")
        flows = rows(converted, "flows")
        assert [(f["source"], f["target"]) for f in flows] == [("import", "A"), ("A", "export")]

    def test_two_flows_between_the_same_nodes(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "A [1] B\nA [2] B")
        assert [f["id"] for f in rows(converted, "flows")] == ["A_to_B", "A_to_B_2"]

    @pytest.mark.parametrize(
        ("text", "option", "unit", "code"),
        [
            ("A [1] B", "", "t/year", "unit-assumed"),
            ("A [1] B", "GWh", "GWh/year", None),
            ("A [1] B\nvalue suffix ' kt'", "", "kt/year", None),
            ("A [1] B\nvalue suffix ' kg/day'", "", "kg/day", None),
            ("A [1] B\nvalue suffix ' €'", "", "t/year", "unit-unknown"),
            ("A [1] B\nvalue suffix ' kt'", "t", "t/year", None),
            ("A [1] B\nvalue prefix '$'\n  suffix ''", "", "USD/year", None),
            ("A [1] B\nvalue prefix '£'\n  suffix 'M'", "", "t/year", "unit-unknown"),
            ("A [1] B\nvalue prefix '$'\n  suffix 't'", "", "t/year", "unit-unknown"),
        ],
    )
    def test_units(
        self, tmp_path: Path, text: str, option: str, unit: str, code: str | None
    ) -> None:
        converted = read(tmp_path, text, unit=option)
        assert converted.system().unit == unit
        assert {c for c in codes(converted.losses) if c.startswith("unit")} == {code} - {None}

    def test_nodes_that_do_not_balance_are_named(self, tmp_path: Path) -> None:
        converted = read(tmp_path, "A [10] M\nM [7] B\nA [5] N\nN [5] B")
        assert "(1): M." in loss(converted.losses, "unbalanced").text()

    def test_what_is_left_behind_is_said(self, tmp_path: Path) -> None:
        text = "A [1] B #c00\n// why\nmove A 0.1, 0\nsize w 5\nA [] C"
        assert codes(read(tmp_path, text).losses) >= {
            "colours", "comments", "positions", "settings", "empty-amount",
        }  # fmt: skip

    def test_no_flow_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="No line of the file is a flow"):
            read(tmp_path, "hello\nsize w 600")

    @pytest.mark.parametrize(
        "line", ["[" * 1999, "a [1" * 499, "a " * 999, "#" * 1999, "w" * 1999, ":" + "a #" * 600]
    )
    def test_hostile_lines_take_no_time(self, line: str) -> None:
        start = time.perf_counter()
        parse_sankeymatic("\n".join([line] * 200))
        assert time.perf_counter() - start < 2

    def test_too_many_lines(self) -> None:
        with pytest.raises(InputError, match="lines"):
            parse_sankeymatic("\n" * 60_000)


class TestWriting:
    def text(self, system: mfa.System, **options: str) -> tuple[str, LossLog]:
        log = LossLog()
        options = {"language": "en"} | options
        return sankeymatic_text(system.balance(), WriteOptions(**options), log), log

    def test_the_balanced_values(self) -> None:
        text, log = self.text(simple(paddy=100, rice=80))
        assert "// SankeyMATIC diagram inputs - Simple" in text
        assert "value suffix ' t/year'" in text
        assert ends(text)[0][::2] == ("Imports", "Mill")
        assert float(ends(text)[0][1]) == pytest.approx(87.8, abs=0.1)
        assert codes(log.losses) == {"spreads", "observations"}

    def test_stocks_become_nodes_and_other_years_are_lost(self) -> None:
        text, log = self.text(mills())
        assert ends(text)[-1][::2] == ("Silo", "Stock: silo")
        assert float(ends(text)[-1][1]) == pytest.approx(4.18, abs=0.01)
        assert "2022" in loss(log.losses, "other-periods").text()
        assert {"relations", "stock-changes"} <= codes(log.losses)

    def test_a_year_may_be_chosen(self) -> None:
        text, _ = self.text(mills(), period="2022")
        assert ends(text)[0][::2] == ("Imports", "Silo")
        assert float(ends(text)[0][1]) == pytest.approx(100, abs=3)

    @pytest.mark.parametrize("option", ["layer", "period", "region"])
    def test_an_unknown_part_is_refused(self, option: str) -> None:
        with pytest.raises(InputError, match="nonsense"):
            self.text(mills(), **{option: "nonsense"})

    def test_unsettled_flows_stand_without_an_amount(self) -> None:
        s = simple(paddy=100)
        s.flow("husk", "mill", "environment", name_en="Husk")
        text, log = self.text(s)
        assert ("Mill", "", "Environment") in ends(text)
        assert "rice, husk" in loss(log.losses, "free-flows").text()

    def test_what_lies_outside_closes_no_loop(self) -> None:
        s = mfa.System("Farm")
        s.process("farm")
        s.flow("grown", "environment", "farm", value=5, sd=1)
        s.flow("burnt", "farm", "environment")
        text, log = self.text(s)
        assert {source for source, _, _ in ends(text)} == {"Environment (input)", "farm"}
        assert "loops" not in codes(log.losses)

    def test_loops_are_named(self) -> None:
        s = simple(paddy=100)
        s.process("mixer")
        s.flow("out", "mill", "mixer", value=5, sd=1)
        s.flow("back", "mixer", "mill")
        _, log = self.text(s)
        assert "(2): Mill, mixer" in loss(log.losses, "loops").text()

    def test_negative_flows_are_turned_round(self) -> None:
        s = mfa.System("Trade")
        s.process("city")
        s.flow("net", "import", "city", lower=None, value=-5, sd=1)
        s.flow("made", "environment", "city")
        text, log = self.text(s)
        assert ("city", "5", "Imports") in ends(text)
        assert "negative-flows" in codes(log.losses)

    def test_processes_of_the_same_name_stay_apart(self) -> None:
        s = mfa.System("Twins")
        for name in ("a", "b"):
            s.process(name, name_en="Mill")
        s.flow("x", "a", "b", value=1, sd=1)
        s.flow("y", "import", "a")
        s.flow("z", "b", "export")
        assert ("Mill", "1", "Mill (b)") in ends(self.text(s)[0])

    def test_the_same_account_gives_the_same_bytes(self, tmp_path: Path) -> None:
        account = mills().balance()
        for name in ("a.txt", "b.txt"):
            write_sankeymatic(account, tmp_path / name)
        assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()


class TestViews:
    def graph(self) -> SankeyGraph:
        nodes = (
            SankeyNode("a", "Mill", stock_change=-2.0),
            SankeyNode("b", "Mill", stock_change=3.0),
            SankeyNode("import", "Imports", kind="import"),
        )
        links = (
            SankeyLink("1", "import", "a", 10.0, 1.0, category="rice"),
            SankeyLink("2", "a", "b", math.nan, lower=0, upper=9, status="free"),
            SankeyLink("3", "b", "a", 1.0, 0.1, category="rice"),
        )
        categories = {"rice": Category("Rice", "#117733")}
        return SankeyGraph("Rice", nodes, links, "t/year", categories, "en")

    def test_groups_and_colours(self, tmp_path: Path) -> None:
        written = write_sankeymatic_view(self.graph(), tmp_path / "a.txt", "en")
        flows = [f for f, _ in parse_sankeymatic((tmp_path / "a.txt").read_text()).flows]
        assert flows == [
            Flow("Imports", "Mill", "10", "#117733"),
            Flow("Mill", "Mill (b)", "", "#888888"),
            Flow("Mill (b)", "Mill", "1", "#117733"),
            Flow("Stock: Mill", "Mill", "2", "#888888"),
            Flow("Mill (b)", "Stock: Mill (b)", "3", "#888888"),
        ]
        assert codes(written.losses) == {
            "spreads", "legend", "stock-changes", "loops", "free-flows",
        }  # fmt: skip
        assert "#117733 Rice" in loss(written.losses, "legend").text()


class TestNames:
    def test_a_name_that_the_builder_would_break_is_spelt_otherwise(self) -> None:
        log = LossLog()
        assert render([(r"C:\new", "1", "B")], log) == [r"C:\ new [1] B"]
        assert codes(log.losses) == {"renamed"}


class TestThereAndBack:
    def test_flows_and_values(self, tmp_path: Path) -> None:
        account = simple(paddy=100, rice=80).balance()
        write_sankeymatic(account, tmp_path / "a.txt", WriteOptions("en"))
        back = read_sankeymatic(tmp_path / "a.txt")
        system = back.system()
        assert system.title("en") == "Simple"
        assert system.unit == "t/year"
        assert {(f.source, f.target) for f in system.flows.values()} == {
            ("import", "Mill"),
            ("Mill", "export"),
        }
        values = [value for value, _ in observed(system).values()]
        assert values == pytest.approx([account["paddy"].value] * 2, rel=1e-11)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
                st.sampled_from(["1", "0.5", "", "12345678"]),
                st.text("ab [](){}#'\"/:.,0159*?<>-\\\nư", max_size=10),
            ),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from(["", "#aa00cc"]),
    )
    @example([("a 'b", "1", "c'")], "")
    @example([("move x", "1", "1, 2")], "")
    @example([("//", "1", "'"), ("", "1", " ")], "#aa00cc")
    @example([("node", "1", "b #abc"), (":a", "1", "b #c")], "")
    @example([(":a", "1", "b")], "#aa00cc")
    @example([("a [1] b", "2", "c [3] d"), ("c [3] d", "", "e [4]")], "")
    def test_any_name_comes_back_or_is_reported(
        self, flows: list[tuple[str, str, str]], colour: str
    ) -> None:
        log = LossLog()
        lines = render(flows, log, [colour] * len(flows))
        back = [parse_flow(line) for line in lines]
        assert {flow.colour for flow in back} == {colour}
        assert [flow.amount for flow in back] == [amount for _, amount, _ in flows]
        spelt = {}
        for (source, _, target), flow in zip(flows, back, strict=True):
            for name, read in ((source, flow.source), (target, flow.target)):
                assert spelt.setdefault(name, read) == read, "one name, one spelling"
        assert len(set(spelt.values())) == len(spelt), "different names stay different"
        changed = [name for name, read in spelt.items() if name != read]
        reported = log.losses[0].values["n"] if log.losses else 0
        assert reported == len(changed)
        text = "\n".join(lines)
        assert [flow for flow, _ in parse_sankeymatic(text).flows] == back
