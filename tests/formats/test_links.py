"""Plain lists of links: tables, and the JSON of web diagrams; forms as found in the wild."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mfa.errors import InputError
from mfa.formats import detect, read_foreign
from mfa.formats.converted import Converted, ReadOptions, WriteOptions
from mfa.formats.flow_list import write_flow_list
from tests.formats.makers import codes, loss, mills, rows


def table(tmp_path: Path, text: str, options: ReadOptions | None = None) -> Converted:
    path = tmp_path / "links.csv"
    path.write_text(text, encoding="utf-8")
    assert detect(path).name == "flow-list"
    return read_foreign(path, "flow-list", options)


def web(tmp_path: Path, content: object) -> Converted:
    path = tmp_path / "links.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert detect(path).name == "flow-list"
    return read_foreign(path, "flow-list")


def ends(found: Converted) -> list[tuple[Any, ...]]:
    values = {row["quantity"]: row["value"] for row in rows(found, "observations")}
    return [(r["source"], r["target"], values.get(r["id"])) for r in rows(found, "flows")]


class TestTable:
    def test_source_target_value(self, tmp_path: Path) -> None:
        found = table(tmp_path, "source,target,value,,\nFarm,Mill,10,,\nMill,Market,9.5,,\n,,,,\n")
        assert ends(found) == [("Farm", "Mill", 10.0), ("Mill", "Market", 9.5)]
        assert {"unit-assumed", "no-uncertainty", "ends-outside", "unbalanced"} == codes(
            found.losses
        )
        assert found.system().balance()["Mill_to_Market"].status == "reconciled"

    def test_materials_years_and_units(self, tmp_path: Path) -> None:
        text = (
            "Year;Unit;Từ;Đến;Type;Giá trị;Note\n"
            "2020;kt;Ruộng;Chợ;Lúa;1,5;x\n2021;t;Ruộng;Chợ;Lúa;1.700;\n2020;kt;Ruộng;Chợ;Cá;2;\n"
        )
        found = table(tmp_path, text.replace("1.700", "1700"))
        assert [r["material"] for r in rows(found, "flows")] == ["Lúa", "Cá"]
        observed = [(r["period"], r["value"], r.get("unit")) for r in rows(found, "observations")]
        assert observed == [("2020", 1.5, None), ("2021", 1700, "t/year"), ("2020", 2, None)]
        assert found.system().periods == ("2020", "2021")
        assert loss(found.losses, "columns").text() == "Columns that are not read (1): Note."

    def test_the_same_line_twice_is_two_flows(self, tmp_path: Path) -> None:
        found = table(tmp_path, "source\ttarget\tvalue\na\tb\t1\na\tb\t2\n")
        assert ends(found) == [("a", "b", 1.0), ("a", "b", 2.0)]

    def test_what_is_lost_is_said(self, tmp_path: Path) -> None:
        text = "from,to,value,unit,layer\na,b,x,t,\n,b,1,t,\na,b,1,m3,\na,b,1,t,water\na,b,3,t,\n"
        found = table(tmp_path, text)
        assert {"no-number", "no-ends", "other-units", "other-layers"} <= codes(found.losses)
        assert "links.csv:2" in loss(found.losses, "no-number").text()
        assert [row["value"] for row in rows(found, "observations")] == [3.0]

    def test_our_own_list_comes_back(self, tmp_path: Path) -> None:
        account = mills().balance()
        write_flow_list(account, tmp_path / "a.csv", WriteOptions("en"))
        found = read_foreign(tmp_path / "a.csv", "flow-list")
        flows = {row["id"]: row for row in rows(found, "flows")}
        names = {row["id"]: row["name_en"] for row in rows(found, "processes")}
        titles = {key: p.name("en") for key, p in account.system.processes.items()}
        kept = {
            (names[flow["source"]], names[flow["target"]], row["period"]): row
            for row in rows(found, "observations")
            for flow in [flows[row["quantity"]]]
        }
        for row in account.table.query("kind == 'flow' and value == value").to_dict("records"):
            again = kept[titles[row["source"]], titles[row["target"]], row["period"]]
            assert again["value"] == pytest.approx(row["value"], rel=1e-11)
            assert float(again["uncertainty"]) == pytest.approx(row["sd"], rel=1e-11)

    @pytest.mark.parametrize(
        "text", ["source,value\na,1", "lvl1,lvl2,count\na,b,1", "year,from,to\n2020,a,b"]
    )
    def test_other_tables_are_told_what_is_needed(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(InputError, match="titled source, target and value"):
            detect(tmp_path / "a.csv")

    def test_limits(self, tmp_path: Path) -> None:
        body = "".join(f"a{k},b,1\n" for k in range(20_001))
        with pytest.raises(InputError, match="more than 20000"):
            table(tmp_path, f"source,target,value\n{body}")
        with pytest.raises(InputError, match="no flow"):
            table(tmp_path, "source,target,value\n")
        with pytest.raises(InputError, match="from line 2"):
            table(tmp_path, 'source,target,value\n"' + "x" * 200_000)


class TestWeb:
    NODES = ({"name": "Farm"}, {"name": "Mill"}, {"name": "Market"})

    @pytest.mark.parametrize(
        "links",
        [
            [{"source": 0, "target": 1, "value": 10}, {"source": 1, "target": 2, "value": "9"}],
            [
                {"source": "Farm", "target": "Mill", "value": 10},
                {"source": "Mill", "target": "2", "value": 9},
            ],
            [
                {"source": {"name": "Farm"}, "target": {"name": "Mill"}, "value": 10},
                {"source": 1.0, "target": 2, "amount": 9},
            ],
        ],
    )
    def test_d3(self, tmp_path: Path, links: list[Any]) -> None:
        found = web(tmp_path, {"nodes": self.NODES, "links": links})
        assert ends(found) == [("Farm", "Mill", 10.0), ("Mill", "Market", 9.0)]
        assert "drawing" in codes(found.losses)

    def test_ids_that_are_not_the_order(self, tmp_path: Path) -> None:
        nodes = [{"node": 6, "name": "Mill"}, {"node": 9, "name": "Market"}]
        found = web(tmp_path, {"nodes": nodes, "links": [{"source": 6, "target": 9, "value": 1}]})
        assert ends(found) == [("Mill", "Market", 1.0)]
        nodes = [{"id": 1, "name": "Mill"}, {"id": 0, "name": "Market"}]
        found = web(tmp_path, {"nodes": nodes, "links": [{"source": 1, "target": 0, "value": 1}]})
        assert ends(found) == [("Mill", "Market", 1.0)]
        assert "by-id" in codes(found.losses)

    def test_without_nodes_and_with_bad_ends(self, tmp_path: Path) -> None:
        links = [{"source": "a", "target": "b", "value": None}, {"source": True, "target": "b"}]
        found = web(tmp_path, {"links": links})
        assert ends(found) == [("a", "b", None)]
        assert {"links-without-ends", "empty-amount"} <= codes(found.losses)

    def test_plotly(self, tmp_path: Path) -> None:
        link = {"source": [0, 1], "target": [1, 2], "value": [10, 9], "label": ["paddy", ""]}
        trace = {"type": "sankey", "node": {"label": ["Farm", "Mill", "Market"]}, "link": link}
        for content in ({"data": [trace], "layout": {}}, [trace], trace):
            found = web(tmp_path, content)
            assert ends(found) == [("Farm", "Mill", 10.0), ("Mill", "Market", 9.0)]
        assert rows(found, "flows")[0]["name_en"] == "paddy"

    def test_opensankey_with_none_of_its_links_is_refused(self, tmp_path: Path) -> None:
        content = {"version": "1", "user_scale": 1, "nodes": {"a": {"name": "A"}},
                   "links": {"x": {"source": 0, "target": 1}}}  # fmt: skip
        (tmp_path / "a.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match="no nodes and links of OpenSankey"):
            read_foreign(tmp_path / "a.json", "opensankey")
