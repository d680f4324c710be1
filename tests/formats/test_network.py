"""Aggregates of diagrams: what is a flow, what a sum of flows, and what counts twice."""

from __future__ import annotations

import time

import pytest

from mfa.formats.assemble import assemble
from mfa.formats.converted import Converted, LossLog
from mfa.formats.draft import Draft
from mfa.formats.network import Datum, Holding, Limit, Network, Node, Resolved
from mfa.formats.tags import Axes, TagGroup
from tests.formats.makers import codes, loss, rows


def network(parents: dict[str, str], links: dict[tuple[str, str], float | None]) -> Network:
    out = Network()
    for key in dict.fromkeys([*parents.values(), *parents, *(k for pair in links for k in pair)]):
        if key:
            out.nodes[key] = Node(key, parent=parents.get(key, ""))
    for (source, target), value in links.items():
        link = out.link(source, target)
        if value is not None:
            link.data.append(Datum(value, "10 %"))
    return out


def tables(found: Network) -> Converted:
    draft = Draft("a.txt", LossLog())
    assemble(found, draft)
    return draft.converted()


def quantities(converted: Converted) -> dict[str, float]:
    return {row["quantity"]: row["value"] for row in rows(converted, "observations")}


class TestAggregates:
    def test_a_value_of_an_aggregate_is_one_of_the_sum(self) -> None:
        converted = tables(
            network(
                {"apples": "fruit", "pears": "fruit"},
                {("farm", "fruit"): 43, ("farm", "apples"): 26, ("farm", "pears"): None},
            )
        )
        assert [f["id"] for f in rows(converted, "flows")] == ["farm_to_apples", "farm_to_pears"]
        assert quantities(converted) == {
            "farm_to_apples + farm_to_pears": 43,
            "farm_to_apples": 26,
        }

    def test_aggregates_at_both_ends(self) -> None:
        converted = tables(
            network(
                {"a1": "a", "a2": "a", "b1": "b"},
                {("a", "b"): 9, ("a1", "b"): 4, ("a", "b1"): 9, ("a1", "b1"): 4, ("a2", "b1"): 5},
            )
        )
        assert len(rows(converted, "flows")) == 2
        assert quantities(converted)["a1_to_b1 + a2_to_b1"] == 9

    def test_three_levels(self) -> None:
        converted = tables(
            network(
                {"b": "a", "c": "b", "d": "b"},
                {("x", "a"): 3, ("x", "b"): 3, ("x", "c"): 1, ("x", "d"): 2},
            )
        )
        assert quantities(converted) == {"x_to_c": 1, "x_to_d": 2, "x_to_c + x_to_d": 3}

    def test_a_flow_known_for_the_aggregate_only_is_spread_over_its_parts(self) -> None:
        converted = tables(
            network(
                {"a1": "a", "a2": "a"},
                {("x", "a1"): 3, ("x", "a2"): 4, ("a", "y"): 7},
            )
        )
        assert [f["id"] for f in rows(converted, "flows")] == [
            "x_to_a1",
            "x_to_a2",
            "a1_to_y",
            "a2_to_y",
        ]
        assert quantities(converted)["a1_to_y + a2_to_y"] == 7
        assert "a → y" in loss(converted.losses, "aggregate-spread").text()
        assert converted.system().balance()["a1_to_y"].value == pytest.approx(3, abs=0.2)

    def test_parts_without_any_flow_do_not_count(self) -> None:
        converted = tables(network({"a1": "a", "a2": "a"}, {("x", "a"): 3, ("a", "y"): 3}))
        assert [f["id"] for f in rows(converted, "flows")] == ["x_to_a", "a_to_y"]
        assert "aggregate-spread" not in codes(converted.losses)

    def test_a_node_that_is_part_of_itself(self) -> None:
        converted = tables(network({"a": "b", "b": "a"}, {("x", "a"): 1, ("x", "b"): 1}))
        converted.system()

    def test_too_many_parts_are_reported(self) -> None:
        parents = {f"a{k}": "a" for k in range(9)} | {f"b{k}": "b" for k in range(9)}
        links = {("x", key): None for key in parents} | {("a", "b"): 5.0}
        converted = tables(network(parents, links))
        assert "a → b" in loss(converted.losses, "aggregate-flow").text()
        assert rows(converted, "observations") == []

    def test_a_long_chain_of_aggregates_is_cut(self) -> None:
        found = network({f"n{k}": f"n{k + 1}" for k in range(20_000)}, {("x", "n0"): 1})
        start = time.perf_counter()
        assert len(Resolved(found, LossLog()).flows) == 1
        assert time.perf_counter() - start < 3

    def test_totals_of_a_node(self) -> None:
        found = network(
            {"a1": "a", "a2": "a"},
            {("x", "a1"): None, ("a1", "a2"): None, ("a2", "y"): None},
        )
        resolved = Resolved(found, LossLog())
        assert resolved.touching("a", leaving=False) == [0]
        assert resolved.touching("a", leaving=True) == [2]
        assert resolved.touching("a1", leaving=True) == [1]


class TestOutside:
    def test_an_exchange_that_gives_and_takes_becomes_two(self) -> None:
        found = network({}, {("world", "a"): 1, ("a", "world"): 1})
        found.nodes["world"].kind = "exchange"
        converted = tables(found)
        outside = {r["id"]: r["boundary"] for r in rows(converted, "processes") if "boundary" in r}
        assert outside == {"world_import": "import", "world_export": "export"}
        flows = [(f["source"], f["target"]) for f in rows(converted, "flows")]
        assert flows == [("world_import", "a"), ("a", "world_export")]

    def test_a_node_with_a_stock_may_be_an_end(self) -> None:
        found = network({}, {("a", "dump"): 1, ("x", "a"): None})
        found.stocks.append(Holding("dump", changes=[Datum(1, "10 %")]))
        converted = tables(found)
        assert "boundary" not in next(r for r in rows(converted, "processes") if r["id"] == "dump")
        assert quantities(converted)["stock_dump.change"] == 1

    def test_export_as_a_source_is_no_export(self) -> None:
        converted = tables(network({}, {("export", "a"): 1, ("a", "b"): None}))
        assert rows(converted, "processes")[0] == {
            "id": "export_2",
            "name_en": "export",
            "boundary": "import",
        }


class TestLimits:
    def test_one_for_all_periods_stands_in_the_flow(self) -> None:
        found = network({}, {("a", "b"): None, ("b", "c"): None})
        found.link("a", "b").limits.append(Limit(1.0, 5.0))
        converted = tables(found)
        assert rows(converted, "flows")[0]["upper"] == 5
        assert rows(converted, "relations") == []

    def test_those_of_single_periods_and_of_sums_are_relations(self) -> None:
        found = network({"b1": "b", "b2": "b"}, {("a", "b1"): 1, ("a", "b2"): 1, ("a", "b"): None})
        found.link("a", "b1").limits.append(Limit(None, 5.0, "2020"))
        found.link("a", "b").limits.append(Limit(1.5, None))
        draft = Draft("a", LossLog())
        assemble(found, draft, ["2020", "2021"])
        formulas = {(r["formula"], r.get("period")) for r in rows(draft.converted(), "relations")}
        assert formulas == {("a_to_b1 <= 5", "2020"), ("a_to_b1 + a_to_b2 >= 1.5", None)}

    def test_a_negative_value_has_room(self) -> None:
        converted = tables(network({}, {("a", "b"): -2.0, ("b", "c"): None, ("d", "b"): 5.0}))
        assert "a → b" in loss(converted.losses, "negative-values").text()
        assert converted.system().balance()["b_to_c"].value == pytest.approx(3)


class TestTags:
    def test_what_groups_mean(self) -> None:
        groups = [
            TagGroup("f", "Filière", {"v": "Vin"}),
            TagGroup("t", "Territoire", {"fr": "France", "de": "Deutschland"}),
            TagGroup("a", "Année", {"x": "2019-20", "y": "2023-24"}),
            TagGroup("u", "Unité", {"k": "kt"}),
        ]
        axes = Axes(groups, LossLog())
        assert axes.periods == ("2019-20", "2023-24")
        assert axes.regions == ("France", "Deutschland")
        assert axes.unit == "kt"
        assert axes.remarks == ["Filière: Vin"]
        assert axes.labels({"a": "y", "t": "de", "u": "k"}) == ("2023-24", "Deutschland")

    def test_years_are_known_without_a_name(self) -> None:
        assert Axes([TagGroup("g", "Serie", {"1": "2019", "2": "2020"})], LossLog()).periods

    def test_other_groups_keep_what_is_shown(self) -> None:
        log = LossLog()
        axes = Axes([TagGroup("s", "Scenario", {"a": "Low", "b": "High"}, shown="b")], log)
        assert axes.labels({"s": "a"}) is None
        assert axes.labels({"s": "b"}) == ("", "")
        text = log.losses[0].text()
        assert text == "Values of other tags of “Scenario” than “High” (1): Low."
