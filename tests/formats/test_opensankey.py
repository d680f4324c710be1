"""OpenSankey JSON: files of every generation, trees of tags, there and back."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfa
from mfa.errors import InputError
from mfa.formats.converted import Converted, LossLog, ReadOptions, WriteOptions
from mfa.formats.opensankey import read_opensankey
from mfa.formats.opensankey_write import opensankey_content, write_opensankey
from tests.formats.makers import alike, codes, json_file, loss, mills, observed, rows, simple


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name} | fields


def link(source: str, target: str, **value: Any) -> dict[str, Any]:
    return {"idSource": source, "idTarget": target, "value": value}


def diagram(*links: dict[str, Any], **more: Any) -> dict[str, Any]:
    ends = [end for item in links for end in (item["idSource"], item["idTarget"])]
    nodes = {end: node(end.upper()) for end in ends}
    return {
        "version": "0.91",
        "nodes": nodes | more.pop("nodes", {}),
        "links": {str(k): item for k, item in enumerate(links)},
    } | more


def read(tmp_path: Path, content: object, *, packed: bool = False, unit: str = "") -> Converted:
    return read_opensankey(
        json_file(tmp_path / "a.json", content, packed=packed), ReadOptions(unit)
    )


class TestReading:
    @pytest.mark.parametrize("packed", [False, True])
    def test_values_and_their_uncertainty_in_per_cent(self, tmp_path: Path, packed: bool) -> None:
        content = diagram(
            link("a", "b", data_value=20, data_uncertainty=5),
            link("b", "c", data_value=19),
            link("b", "d", result_value=1),
        )
        converted = read(tmp_path, content, packed=packed)
        assert [(o["value"], o["uncertainty"]) for o in rows(converted, "observations")] == [
            (20, "5 %"),
            (19, "10 %"),
        ]
        assert "(1): 10 % is taken" in loss(converted.losses, "default-sigma").text()
        assert loss(converted.losses, "default-sigma").assumed
        assert "results" in codes(converted.losses)

    def test_results_are_taken_when_there_is_nothing_else(self, tmp_path: Path) -> None:
        converted = read(tmp_path, diagram(link("a", "b", result_value=7)))
        assert rows(converted, "observations")[0]["value"] == 7
        assert loss(converted.losses, "results-as-data").assumed
        assert "results" not in codes(converted.losses), "they are not left behind"

    def test_a_tree_of_tags(self, tmp_path: Path) -> None:
        tags = {
            "annee": {"name": "Année", "tags": {"20": {"name": "2020"}, "21": {"name": "2021"}}},
            "lieu": {"name": "Région", "tags": {"n": {"name": "Nord"}, "s": {"name": "Sud"}}},
            "u": {"name": "Unité", "tags": {"kt": {"name": "kt", "selected": True}}},
        }
        leaf = {"datatag_group": "u", "kt": {"data_value": 3}}
        tree = {
            "datatag_group": "annee",
            "20": {"datatag_group": "lieu", "n": leaf},
            "21": {"datatag_group": "lieu", "s": leaf},
        }
        system = read(tmp_path, diagram(link("a", "b", **tree), dataTags=tags)).system()
        assert (system.periods, system.regions) == (("2020", "2021"), ("Nord", "Sud"))
        assert system.unit == "kt/year"
        found = {(o.period, o.region) for o in system.observations.rows()}
        assert found == {("2020", "Nord"), ("2021", "Sud")}

    def test_limits_sources_and_hypotheses(self, tmp_path: Path) -> None:
        content = diagram(
            link(
                "a", "b", data_value=3, data_min=1, data_max=9, data_source="Agreste",
                data_hypothesis="dry", data_url="https://x.org",
            )
        )  # fmt: skip
        converted = read(tmp_path, content)
        flow, observation = rows(converted, "flows")[0], rows(converted, "observations")[0]
        assert (flow["lower"], flow["upper"]) == (1, 9)
        assert observation["note"] == "dry https://x.org"
        assert rows(converted, "sources") == [{"id": "Agreste", "title": "Agreste"}]

    def test_sources_kept_as_tags(self, tmp_path: Path) -> None:
        content = diagram(
            link("a", "b", data_value=3, tags={"s": ["x"]}),
            fluxTags={"s": {"name": "Source", "tags": {"x": {"name": "Yearbook"}}}},
        )
        assert rows(read(tmp_path, content), "sources")[0]["title"] == "Yearbook"

    def test_kinds_of_nodes(self, tmp_path: Path) -> None:
        content = diagram(
            link("farm", "rice", data_value=5),
            link("rice", "world", data_value=2),
            link("world", "rice", data_value=1),
            link("rice", "shop", data_value=4),
            link("shop", "bin", data_value=4),
            nodes={
                "rice": node("Rice", tags={"type de noeud": ["produit"]}),
                "world": node("World", tags={"type de noeud": ["echange"]}),
                "shop": node("Shop", has_material_balance=False),
            },
        )
        converted = read(tmp_path, content)
        processes = {r["id"]: r for r in rows(converted, "processes")}
        assert processes["Shop"]["balance"] == "no"
        assert processes["World_import"]["boundary"] == "import"
        assert processes["World_export"]["boundary"] == "export"
        assert rows(converted, "materials") == [{"id": "Rice", "name_en": "Rice"}]
        assert {f.get("material") for f in rows(converted, "flows")} == {"Rice", None}
        converted.system().balance()

    def test_aggregates_and_a_second_breakdown(self, tmp_path: Path) -> None:
        def part(dimension: str) -> dict[str, Any]:
            return {"dimensions": {dimension: {"parent_name": "wine"}}}

        content = diagram(
            link("cellar", "wine", data_value=10),
            link("cellar", "red", data_value=6),
            link("cellar", "white", data_value=4),
            link("cellar", "aop", data_value=7),
            nodes={
                "red": node("Red", **part("colour")),
                "white": node("White", **part("colour")),
                "aop": node("AOP", **part("label")),
            },
        )
        converted = read(tmp_path, content)
        assert {r["quantity"] for r in rows(converted, "observations")} == {
            "CELLAR_to_Red + CELLAR_to_White",
            "CELLAR_to_Red",
            "CELLAR_to_White",
        }
        assert "AOP" in loss(converted.losses, "second-breakdown").text()
        assert "links-without-ends" in codes(converted.losses)

    def test_stocks(self, tmp_path: Path) -> None:
        tags = {"a": {"name": "Year", "tags": {"x": {"name": "2020"}, "y": {"name": "2021"}}}}
        stock = {
            "datatag_group": "a",
            "x": {"initial_stock": 50, "stock_variation": 3},
            "y": {"initial_stock": 53},
        }
        content = diagram(
            link("in", "m"),
            link("m", "out"),
            nodes={"m": node("M", has_stock=True, stock_values=stock)},
            dataTags=tags,
        )
        assert set(observed(read(tmp_path, content).system())) == {
            ("stock_M", "2019"),
            ("stock_M.change", "2020"),
            ("stock_M", "2020"),
        }

    def test_the_unit_behind_the_values(self, tmp_path: Path) -> None:
        shown = {"value_label_unit": "kt", "value_label_unit_factor": 1000}
        content = diagram(link("a", "b", data_value=20_000) | {"local": shown})
        system = read(tmp_path, content).system()
        assert system.unit == "kt/year"
        assert next(iter(observed(system).values()))[0] == 20
        assert next(iter(observed(read(tmp_path, content, unit="t").system()).values()))[0] == 20000

    def test_the_unit_behind_the_values_before_1_0(self, tmp_path: Path) -> None:
        shown = {"label_unit_visible": True, "label_unit": "kt", "label_unit_factor": 1000}
        content = diagram(link("a", "b", data_value=20_000) | {"local": shown})
        content["style_link"] = {"default": {"label_unit": "", "label_unit_factor": 1}}
        system = read(tmp_path, content).system()
        assert (system.unit, next(iter(observed(system).values()))[0]) == ("kt/year", 20)

    def test_files_of_2020(self, tmp_path: Path) -> None:
        content = {
            "version": "0.4",
            "nodes": [{"idNode": "n0", "name": "A"}, {"idNode": "n1", "name": "B\\nb"}],
            "links": [
                {"source_name": "A", "target_name": "B\\nb", "value": [43.6]},
                {"idSource": "n1", "idTarget": "n0", "value": [1], "data_value": [2]},
            ],
        }
        converted = read(tmp_path, content)
        assert [p["name_en"] for p in rows(converted, "processes")] == ["A", "B b"]
        assert [o["value"] for o in rows(converted, "observations")] == [2]

    def test_values_of_2022(self, tmp_path: Path) -> None:
        old = {"value": 4, "extension": {"data_value": 5}}
        converted = read(tmp_path, diagram(link("a", "b", **old)))
        assert rows(converted, "observations")[0]["value"] == 5

    def test_the_sheet_that_was_shown(self, tmp_path: Path) -> None:
        entries = {"1": {"json": diagram(link("a", "b", data_value=1))}, "2": {"json": {}}}
        converted = read(tmp_path, {"sheets": {"current": "1", "entries": entries}})
        assert len(rows(converted, "flows")) == 1

    def test_what_is_left_behind_is_said(self, tmp_path: Path) -> None:
        content = diagram(
            link("a", "b", data_value=30, value_option="%PS"),
            link("a", "zero", data_value=1, data_value_target=2),
            views={"v": 1},
            nodeTags={"x": {"name": "Colour", "tags": {}}},
            ratio_flux_constraints=[{}, {}],
        )
        content["links"]["9"] = link("a", "nowhere", data_value=1)
        found = codes(read(tmp_path, content).losses)
        assert found >= {
            "shares", "target-values", "drawing", "drawing-parts", "tags", "rules",
            "links-without-ends",
        }  # fmt: skip


KEYS = st.sampled_from(
    ["nodes", "links", "value", "data_value", "datatag_group", "tags", "name", "dataTags",
     "idSource", "idTarget", "dimensions", "parent_name", "stock_values", "a", "b", "0"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 10**30), st.floats(), KEYS, st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
LINKS = st.fixed_dictionaries({"idSource": KEYS, "idTarget": KEYS, "value": VALUES})
JSON = st.fixed_dictionaries(
    {
        "nodes": st.dictionaries(KEYS, VALUES, min_size=1, max_size=4),
        "links": st.dictionaries(KEYS, LINKS, max_size=4),
        "dataTags": VALUES,
    }
)


class TestHostile:
    @pytest.mark.parametrize(
        "content",
        [
            [],
            {},
            {"nodes": {}},
            {"nodes": 5, "links": 5},
            {"nodes": {"a": 1}, "links": {}},
            {"nodes": {"a": {}}, "links": {}},
            "text",
            None,
        ],
    )
    def test_no_diagram(self, tmp_path: Path, content: object) -> None:
        path = json_file(tmp_path / "a.json", content)
        with pytest.raises(InputError):
            read_opensankey(path)

    @settings(max_examples=150, deadline=None)
    @given(content=JSON)
    def test_any_json_is_read_or_refused(
        self, content: object, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        with suppress(InputError):
            read_opensankey(path).system()


class TestWriting:
    def content(self, system: mfa.System) -> tuple[dict[str, Any], LossLog]:
        log = LossLog()
        return opensankey_content(system.balance(), WriteOptions("en"), log), log

    def test_measured_and_balanced_side_by_side(self) -> None:
        content, _ = self.content(simple(paddy=100, rice=80))
        assert content["format_version"] == 1
        value = content["links"]["paddy"]["value"]
        assert value["data_value"] == 100
        assert value["data_uncertainty"] == 10
        assert value["result_value"] == pytest.approx(87.8, abs=0.1)

    def test_free_flows_have_an_interval(self) -> None:
        s = simple(paddy=100)
        s.flow("husk", "mill", "environment")
        content, _ = self.content(s)
        value = content["links"]["husk"]["value"]
        assert "result_value" not in value
        assert value["result_min"] == pytest.approx(0)
        assert value["result_max"] > 100

    def test_what_has_no_place_is_said(self) -> None:
        s = simple(paddy=100)
        s.material("rice")
        s.observe("paddy", 90, sd=9)
        s.flow("bran", "mill", "export", material="rice", value=0, sd=1)
        _, log = self.content(s)
        assert codes(log.losses) >= {"second-observations", "materials", "zero-spread"}

    def test_years_are_tags(self) -> None:
        content, log = self.content(mills())
        assert list(content["dataTags"]["period"]["tags"]) == ["2022", "2023"]
        tree = content["links"]["paddy"]["value"]
        assert tree["datatag_group"] == "period"
        assert tree["2023"]["data_value"] == 110
        silo = content["nodes"]["silo_owner"]
        assert silo["has_stock"]
        assert silo["stock_values"]["2023"]["stock_variation"] == 4
        assert codes(log.losses) == {"relations", "spreads", "provenance", "stock-spreads"}

    def test_every_link_has_its_ends_and_nodes_stand_apart(self) -> None:
        content, _ = self.content(mills())
        for name, item in content["links"].items():
            assert name in content["nodes"][item["idSource"]]["outputLinksId"]
            assert name in content["nodes"][item["idTarget"]]["inputLinksId"]
        places = [(n["x"], n["y"]) for n in content["nodes"].values()]
        assert len(set(places)) == len(places)

    def test_json_without_nan(self, tmp_path: Path) -> None:
        s = simple()
        write_opensankey(s.balance(), tmp_path / "a.json")
        text = (tmp_path / "a.json").read_text(encoding="utf-8")
        assert json.loads(text, parse_constant=lambda word: pytest.fail(word))


class TestThereAndBack:
    def test_the_model(self, tmp_path: Path) -> None:
        system = mills()
        write_opensankey(system.balance(), tmp_path / "a.json", WriteOptions("en"))
        back = read_opensankey(tmp_path / "a.json").system()
        assert back.periods == system.periods
        assert back.unit == system.unit
        ids = {p.name("en"): p.id for p in system.processes.values()} | {
            name.capitalize(): key
            for key, name in (("import", "imports"), ("export", "exports"),
                              ("environment", "environment"))
        }  # fmt: skip
        assert {
            (ids[back.processes[f.source].name("en")], ids[back.processes[f.target].name("en")])
            for f in back.flows.values()
        } == {(f.source, f.target) for f in system.flows.values()}
        assert not back.processes["Market"].balance
        given, taken = observed(system), observed(back)
        assert given.pop(("silo.change", "2023")) == (4, 1)
        assert taken.pop(("stock_Silo.change", "2023")) == (4, 0.4), "σ of stocks is lost, and said"
        assert alike(given, taken)

    @settings(max_examples=25, deadline=None)
    @given(
        values=st.lists(
            st.tuples(st.floats(1e-3, 1e9), st.floats(0.001, 0.8)), min_size=1, max_size=4
        ),
        name=st.text("aăbế \\\"'<>{}[]\u2028&", min_size=1, max_size=10),
    )
    def test_values_names_and_spreads(
        self,
        values: list[tuple[float, float]],
        name: str,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        s = mfa.System("x")
        s.process("p", name_en=f"p {name}")
        s.flow("rest", "p", "export")
        for k, (value, relative) in enumerate(values):
            s.flow(f"f{k}", "import", "p", value=value, sd=value * relative)
        path = tmp_path_factory.getbasetemp() / "there.json"
        write_opensankey(s.balance(), path, WriteOptions("en"))
        back = read_opensankey(path).system()
        expected = [(value, value * relative) for value, relative in values]
        assert alike(observed(back), expected)
        names = {" ".join(f"p {name}".replace("\\n", " ").split())}
        assert names <= {p.name("en") for p in back.processes.values()}
