"""The workbooks of OpenSankey, SankeyExcelParser and MFAProblem."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfa
from mfa.errors import InputError
from mfa.formats.converted import Converted, LossLog, ReadOptions, WriteOptions
from mfa.formats.evaluate import NotLinearError, Numbers
from mfa.formats.sep import is_sep, read_sep
from mfa.formats.sep_write import sep_sheets, write_sep
from mfa.model.relation import parse_expression
from tests.formats.makers import alike, book, codes, loss, mills, observed, rows, simple

ENDS = ["Origin", "Target"]


def read(tmp_path: Path, sheets: dict[str, list[list[Any]]], unit: str = "t") -> Converted:
    return read_sep(book(tmp_path / "a.xlsx", sheets), ReadOptions(unit))


def relations(converted: Converted) -> list[str]:
    return [row["formula"] for row in rows(converted, "relations")]


class TestValues:
    def test_relative_sigma_and_its_default(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Values": [
                    [*ENDS, "Value", "Relative Uncertainty", "Source", "Hypothesis"],
                    ["Farm", "Mill", 100, 0.05, "Yearbook", "wet"],
                    ["Mill", "Market", 60],
                    ["Mill", "Bin", 20, 0],
                ]
            },
        )
        found = rows(converted, "observations")
        assert [o["uncertainty"] for o in found] == ["5 %", "10 %", "0 %"]
        assert found[0]["source"] == "Yearbook"
        assert found[0]["note"] == "wet"
        assert loss(converted.losses, "default-sigma").values["n"] == 1
        assert str(converted.tables["observations"][1].at("value")) == "Values!C3"
        system = converted.system()
        assert observed(system)["Mill_to_Bin", ""] == (20, 0)

    def test_french_accents_and_case(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "VALEURS de flux": [
                    ["", "", "", ""],
                    ["*Origine", "destination", "Valeur (kt)", "Incertitude relative"],
                    ["Forêt", "Scierie", "1,5", "20 %"],
                    ["SCIERIE", "Marche", 1],
                    ["scierie", "Marché", 1],
                ]
            },
            unit="",
        )
        assert [p["name_en"] for p in rows(converted, "processes")] == [
            "Forêt", "Scierie", "Marche",
        ]  # fmt: skip
        found = rows(converted, "observations")
        assert (found[0]["value"], found[0]["uncertainty"]) == (1.5, "20 %")
        assert converted.system().unit == "kt/year"

    def test_quantity_times_factor(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {"Values": [[*ENDS, "Value", "Quantity", "Unit", "Factor"],
                        ["A", "B", "", 200, "m3", 0.5]]},
        )  # fmt: skip
        (found,) = rows(converted, "observations")
        assert found["value"] == 100
        assert found["note"] == "200 m3 × 0.5."

    def test_uncertainty_in_per_cent_by_its_header(self, tmp_path: Path) -> None:
        converted = read(tmp_path, {"Flux": [[*ENDS, "Value", "Uncertainty %"], ["A", "B", 10, 5]]})
        assert rows(converted, "observations")[0]["uncertainty"] == "5 %"

    def test_text_where_a_number_belongs(self, tmp_path: Path) -> None:
        converted = read(tmp_path, {"Values": [[*ENDS, "Value"], ["A", "B", "about 5"]]})
        said = loss(converted.losses, "no-number")
        assert said.text() == (
            "Values!C2: Cells that hold no number where one belongs (1): about 5."
        )

    def test_tags_are_years_and_places(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Tags": [
                    ["Tags group name", "Tags type", "Tags"],
                    ["Year", "dataTags", "2019:2020:2021"],
                    ["Region", "dataTags", "North:South"],
                    ["Reliability", "fluxTags", "good:bad"],
                ],
                "Values": [
                    [*ENDS, "Year", "Region", "Value"],
                    ["A", "B", "2019:2021", "North", 5],
                    ["A", "B", 2020, "", 6],
                ],
            },
        )
        system = converted.system()
        assert system.periods == ("2019", "2020", "2021")
        assert system.regions == ("North", "South")
        assert [(o.period, o.region, o.value) for o in system.observations.rows()] == [
            ("2019", "North", 5),
            ("2021", "North", 5),
            ("2020", "", 6),
        ]
        assert "Reliability" in loss(converted.losses, "tags").text()


class TestStructure:
    def test_levels_make_sums(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Nodes": [
                    ["Aggregation level", "Nodes", "Input-output balance", "Definition"],
                    [1, "Fruit", 1, "all of it"],
                    [2, "Apples", 1],
                    [2, "Pears", 0],
                ],
                "Values": [
                    [*ENDS, "Value"],
                    ["Farm", "Fruit", 43],
                    ["Farm", "Apples", 26],
                    ["Farm", "Pears", ""],
                    ["Apples", "Shop", ""],
                    ["Pears", "Shop", ""],
                ],
            },
        )
        quantities = [o["quantity"] for o in rows(converted, "observations")]
        assert quantities == ["Farm_to_Apples + Farm_to_Pears", "Farm_to_Apples"]
        balance = {p["id"]: p.get("balance") for p in rows(converted, "processes")}
        assert (balance["Apples"], balance["Pears"]) == (None, "no")

    def test_a_second_breakdown_is_left_behind(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Nodes": [
                    ["Level", "Node"],
                    [1, "Wine"], [2, "Red"], [2, "White"],
                    [1, "Wine"], [2, "Local"], [2, "Foreign"],
                ],
                "Values": [[*ENDS, "Value"], ["Cellar", "Red", 5], ["Cellar", "Local", 4]],
            },
        )  # fmt: skip
        assert [f["id"] for f in rows(converted, "flows")] == ["Cellar_to_Red"]
        assert "Local, Foreign" in loss(converted.losses, "second-breakdown").text()

    def test_supply_use_table(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Products": [["Aggregation level", "Products"], [1, "Rice"], [1, "Husk"]],
                "Sectors": [["Aggregation level", "Sectors"], [1, "Mill"], [1, "Boiler"]],
                "Supply-use table": [
                    ["", "Mill", "Boiler"],
                    ["Rice", 1, ""],
                    ["Husk", "x", 0],
                    [],
                    ["", "Mill", "Boiler"],
                    ["Rice", "", ""],
                    ["Husk", "", 1],
                ],
            },
        )
        flows = [(f["source"], f["target"], f["material"]) for f in rows(converted, "flows")]
        assert flows == [
            ("Mill", "Rice", "Rice"),
            ("Mill", "Husk", "Husk"),
            ("Husk", "Boiler", "Husk"),
        ]

    def test_matrix_with_values(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Nodes": [["Level", "Node"], [1, "A"], [1, "B"]],
                "Input-Output table with datas": [["", "A", "B"], ["A", "", 7], ["B", "", ""]],
            },
        )
        (found,) = rows(converted, "observations")
        assert (found["quantity"], found["value"]) == ("A_to_B", 7)

    def test_limits(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Values": [[*ENDS, "Value"], ["A", "B", 5], ["B", "C", ""]],
                "Min Max": [
                    [*ENDS, "Minimum", "Maximum", "Minimun in quantity", "Factor"],
                    ["B", "C", "", 9, 4, 0.5],
                ],
            },
        )
        assert (rows(converted, "flows")[1]["lower"], rows(converted, "flows")[1]["upper"]) == (
            2,
            9,
        )

    def test_stocks(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            {
                "Tags": [["name", "type", "tags"], ["Année", "dataTags", "2019:2020"]],
                "Values": [[*ENDS, "Value"], ["A", "B", 5]],
                "Stocks": [
                    ["Node", "Année", "Initial stock", "Stock variation", "Uncertainty"],
                    ["B", "2019", 50, 3, 0.2],
                    ["B", "2020", 53, "", ""],
                ],
            },
        )
        assert observed(converted.system()) | {} == {
            ("A_to_B", ""): (5, 0.5),
            ("stock_B", "2018"): (50, 10),
            ("stock_B.change", "2019"): (3, pytest.approx(0.6)),
            ("stock_B", "2019"): (53, 5.3),
        }


class TestRules:
    SHEETS: ClassVar = {
        "Values": [[*ENDS, "Value"], ["A", "B", 5], ["B", "C", ""], ["B", "D", ""]],
    }

    def rule(self, tmp_path: Path, rows_: list[list[Any]], title: str = "Constraints") -> Converted:
        return read(tmp_path, self.SHEETS | {title: rows_})

    def test_rows_with_one_id_are_one_equation(self, tmp_path: Path) -> None:
        converted = self.rule(
            tmp_path,
            [
                ["ID", *ENDS, "Equality equation (eq = 0)", "lower (ineq <= 0)", "(ineq >= 0)"],
                [1, "B", "C", 1, "", ""],
                [1, "A", "B", -0.4, "", ""],
                [2, "B", "C", "", 0.5, ""],
                [2, "B", "D", "", -1, ""],
                [3, "B", "*", "", "", 1],
            ],
        )
        assert relations(converted) == [
            "B_to_C - 0.4 * A_to_B = 0",
            "0.5 * B_to_C - 1 * B_to_D <= 0",
            "(B_to_C + B_to_D) >= 0",
        ]
        assert converted.system().balance()["B_to_C"].value == pytest.approx(2)

    def test_unknown_flows_are_reported(self, tmp_path: Path) -> None:
        converted = self.rule(
            tmp_path, [["ID", *ENDS, "eq = 0"], ["x", "Nobody", "*", 1], ["x", "A", "B", 1]]
        )
        assert relations(converted) == []
        assert "x" in loss(converted.losses, "constraint-unknown").text()

    def test_ratios(self, tmp_path: Path) -> None:
        converted = self.rule(
            tmp_path,
            [
                [*ENDS, "=", "Coef", "Min", "Max", "x", "Origin Ref", "Destination Ref"],
                ["B", "C", "=", 0.4, "", "", "x", "A", "B"],
                ["B", "D", "=", "", 0.1, 0.9, "x", "B", "ALL"],
            ],
            "Ratio Flux",
        )
        assert relations(converted) == [
            "B_to_C = 0.4 * A_to_B",
            "B_to_D >= 0.1 * (B_to_C + B_to_D)",
            "B_to_D <= 0.9 * (B_to_C + B_to_D)",
        ]

    def test_ratio_to_a_stock(self, tmp_path: Path) -> None:
        converted = read(
            tmp_path,
            self.SHEETS
            | {
                "Stocks": [["Node", "Stock variation"], ["B", 1]],
                "Ratio Stock Flux": [[*ENDS, "Coef", "Stock"], ["B", "C", 0.1, "B"]],
            },
        )
        assert relations(converted) == ["B_to_C = 0.1 * stock_B"]

    def test_what_has_no_place_is_said(self, tmp_path: Path) -> None:
        sheets = {
            "Values": [[*ENDS, "Value"], ["A", "B", 5], ["*", "B", 9], ["", "B", 1], ["B", "C"]],
            "Ratio Flux": [
                [*ENDS, "Coef", "Origin Ref", "Destination Ref", "Tag"],
                ["A", "Nowhere", 2, "A", "B", ""],
                ["A", "B", 2, "B", "C", "2020"],
            ],
            "Stock chaining": [["Stock", "Coef"], ["B", 0.9]],
            "Stocks": [["Node", "Initial stock", "Min"], ["B", 5, 1], ["", 3]],
            "Conversions": [["x"]],
        }
        converted = read(tmp_path, sheets)
        assert codes(converted.losses) >= {
            "star", "ratio-unknown", "ratio-tags", "chaining", "initial-stock",
            "sheet-conversions",
        }  # fmt: skip
        assert relations(converted) == ["A_to_B = 2 * B_to_C"]
        assert rows(converted, "stocks") == [{"id": "stock_B", "process": "B", "lower": 1}]

    def test_links_of_a_second_breakdown(self, tmp_path: Path) -> None:
        nodes = [["Level", "Node"], [1, "W"], [2, "R"], [1, "W"], [2, "L"]]
        values = [[*ENDS, "Value"], ["C", "R", 1], ["C", "L", 1]]
        converted = read(
            tmp_path,
            {"Nodes": nodes, "Values": values, "Min Max": [[*ENDS, "Maximum"], ["C", "L", 9]]},
        )
        assert loss(converted.losses, "links-without-ends").values["n"] == 2

    def test_a_constraint_over_too_many_flows(self, tmp_path: Path) -> None:
        values = [[*ENDS, "Value"], *([f"a long name of a node {k}", "B", 1] for k in range(200))]
        rule = [["ID", *ENDS, "eq = 0"], ["all", "*", "B", 1]]
        converted = read(tmp_path, {"Values": values, "Constraints": rule})
        assert "all" in loss(converted.losses, "constraint-long").text()


class TestMFAProblem:
    SHEETS: ClassVar = {
        "Param": [["max", 100]],
        "Dim produits": [["Level", "Element", "Bilan matière ?"], [1, "Rice", 1]],
        "Dim secteurs": [["Level", "Element", "Bilan matière ?"], [1, "Mill", ""], [1, "City", ""]],
        "ter1": [
            [],
            ["", "", "Mill", "City"],
            ["", "Rice", 1, ""],
            [],
            ["", "", "Mill", "City"],
            ["", "Rice", "", 1],
        ],
        "data": [
            ["période", "Région", "Table", "Origine", "Destination", "Quantité",
             "Incertitude (%)", "Contrainte 2 sigmas"],
            [2020, "Huế", "s", "Mill", "Rice", 30, 0.1, ""],
            [2021, "Huế", "s", "International", "Rice", 10, 0.196, ""],
            [2021, "Huế", "u", "Rice", "International", 1, 0.1, ""],
        ],
        "min_max": [["Période", "Région", "Table", "Origine", "Destination", "min", "max"],
                    ["", "", "u", "Rice", "City", 5, 50]],
        "other_constraints": [
            ["id", "Période", "Région", "Table", "Origine", "Destination", "eq = 0"],
            [1, 2020, "", "u", "Rice", "City", 1],
            [1, 2020, "", "s", "Mill", "Rice", -1],
        ],
        "Results": [["id", "table"], [0, "s"]],
    }  # fmt: skip

    def test_half_widths_of_95_per_cent(self, tmp_path: Path) -> None:
        converted = read(tmp_path, self.SHEETS)
        assert [o["uncertainty"] for o in rows(converted, "observations")] == [
            "± 10 %",
            "± 19.6 %",
            "± 10 %",
        ]
        system = converted.system()
        assert observed(system)["International_import_to_Rice", "2021"] == (10, pytest.approx(1))
        assert "default-sigma" not in codes(converted.losses)

    def test_everything_else(self, tmp_path: Path) -> None:
        converted = read(tmp_path, self.SHEETS)
        system = converted.system()
        assert (system.periods, system.regions) == (("2020", "2021"), ("Huế",))
        assert system.processes["International_export"].boundary == "export"
        assert system.flows["Rice_to_City"].upper == 50
        (rule,) = rows(converted, "relations")
        assert rule["formula"] == "Rice_to_City - 1 * Mill_to_Rice = 0"
        assert rule["period"] == "2020"
        assert {"sheet-results", "sheet-parameters"} <= codes(converted.losses)


class TestRefusals:
    def test_another_workbook(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no sheet of flows"):
            read(tmp_path, {"Notes": [["a"]]})

    def test_no_flows(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="names no flow"):
            read(tmp_path, {"Values": [[*ENDS, "Value"]]})

    def test_no_workbook(self, tmp_path: Path) -> None:
        (tmp_path / "a.xlsx").write_bytes(b"PK\3\4 nonsense")
        with pytest.raises(InputError, match="damaged"):
            read_sep(tmp_path / "a.xlsx")

    def test_is_sep(self) -> None:
        assert is_sep(["Etiquettes", "Noeuds", "Valeurs"])
        assert not is_sep(["Processes", "Flows", "Observations"])

    @pytest.mark.parametrize("sheet", ["Nodes", "Values", "ter1", "Constraints", "Stocks", "Tags"])
    def test_grids_of_nonsense(self, tmp_path: Path, sheet: str) -> None:
        nonsense = [["*", ":", "", 1e300, "x"], [True, -1, "0", "≈", "Origin"], ["Node", "ID"]]
        with suppress(InputError):
            read(tmp_path, {"Flux list": [ENDS, ["A", "B"]], sheet: nonsense}).system()


class TestWriting:
    def sheets(self, system: mfa.System, **options: str) -> tuple[dict[str, list[list]], LossLog]:
        log = LossLog()
        found = sep_sheets(system, WriteOptions(**{"language": "en"} | options), log)
        return dict(found), log

    def test_sheets(self) -> None:
        sheets, log = self.sheets(mills())
        assert list(sheets) == [
            "Tags", "Nodes", "Exchanges", "Flux list", "Input-Output table", "Values", "Min Max",
            "Constraints", "Stocks",
        ]  # fmt: skip
        assert sheets["Tags"][1] == ["Period", "dataTags", "2022:2023"]
        header, first = sheets["Values"][:2]
        assert dict(zip(header, first, strict=True)) == {
            "Origin": "Imports",
            "Target": "Silo",
            "Period": "2022",
            "Value (t/year)": 100,
            "Relative Uncertainty": 0.05,
            "Source": "Yearbook",
            "Hypothesis": None,
        }
        assert codes(log.losses) == set()

    def test_parallel_flows_get_a_node_each(self) -> None:
        s = simple(paddy=100)
        s.flow("bran", "mill", "export", name_en="Bran", value=9, sd=1)
        sheets, log = self.sheets(s)
        assert ["Mill", "Bran"] in sheets["Flux list"]
        assert ["Bran", "Exports"] in sheets["Flux list"]
        assert "rice, bran" in loss(log.losses, "parallel-flows").text()

    def test_values_times_parameters_are_multiplied(self) -> None:
        s = mfa.System("City", unit="t/year")
        s.process("bins", balance=False)
        s.parameter("people", value=1000, sd=10, unit="person")
        s.flow("waste", "import", "bins")
        s.flow("gone", "bins", "export")
        s.observe("waste", 0.5, unit="kg/person/day", factor="people", sd=0.05)
        s.observe("gone", 5, factor="nobody", unit="t/year", sd=1)
        s.parameter("nobody")
        sheets, log = self.sheets(s)
        value, relative = sheets["Values"][1][2:4]
        assert value == pytest.approx(182.5)
        assert relative == pytest.approx((0.1**2 + 0.01**2) ** 0.5)
        assert {"factors", "factor-without-value", "parameters"} <= codes(log.losses)

    def test_only_linear_relations_are_written(self) -> None:
        s = simple(paddy=100)
        s.parameter("yield", value=0.6, sd=0.1)
        s.flow("husk", "mill", "environment", lower=2, upper=80)
        s.relate("rice = yield * in(mill)", id="one")
        s.relate("rice * husk = 5", id="two")
        s.relate("rice >= 3", id="three")
        sheets, log = self.sheets(s)
        rules = [row[:4] for row in sheets["Constraints"][1:]]
        assert rules == [["one", "Mill", "Exports", 1.0], ["one", "Imports", "Mill", -0.6]]
        assert "two" in loss(log.losses, "nonlinear").text()
        assert "three" in loss(log.losses, "constants").text()
        assert sheets["Min Max"][1:] == [["Mill", "Environment", 2, 80]]

    def test_second_observations_and_sums(self) -> None:
        s = simple(paddy=100)
        s.observe("paddy", 120, sd=10)
        s.observe("paddy + rice", 200, sd=10, id="both")
        sheets, log = self.sheets(s)
        assert sheets["Values"][1][2] == pytest.approx(110)
        assert {"second-observations", "sums"} <= codes(log.losses)

    def test_what_has_no_place_is_said(self) -> None:
        s = simple(paddy=100)
        s.process("farm", name_en="Farm", sector="agriculture")
        s.flow("seed", "farm", "mill", lower=None, role="feed", value=0, sd=1)
        s.flow("late", "import", "farm", period="2024", uncertainty="*/ 2", value=5)
        s.stock("silo", "mill", value=3, sd=1, period="2023")
        _, log = self.sheets(s)
        assert codes(log.losses) >= {
            "zero-spread", "roles", "sectors", "negative-limit", "limited-flows", "distributions",
            "stock-levels",
        }  # fmt: skip

    def test_the_only_layer_is_taken(self) -> None:
        s = mfa.System("Water")
        s.process("lake")
        s.layer("water", "m3/year")
        s.flow("rain", "environment", "lake", layer="water", value=3, sd=1)
        assert "Value (m3/year)" in self.sheets(s)[0]["Values"][0]

    def test_another_layer(self) -> None:
        s = simple(paddy=100)
        s.layer("water", "m3/year")
        s.flow("rain", "environment", "mill", layer="water", value=3, sd=1)
        assert len(self.sheets(s, layer="water")[0]["Values"]) == 2
        with pytest.raises(InputError, match="watr"):
            self.sheets(s, layer="watr")

    def test_names_differ_without_accents_too(self) -> None:
        s = mfa.System("x")
        s.process("a", name_en="Chợ")
        s.process("b", name_en="Chó")
        s.flow("f", "a", "b", value=1, sd=1)
        sheets, _ = self.sheets(s)
        assert [row[1] for row in sheets["Nodes"][1:]] == ["Chợ", "Chó (b)"]

    def test_the_same_system_gives_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("a.xlsx", "b.xlsx"):
            write_sep(mills(), tmp_path / name)
        assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()

    def test_nothing_becomes_a_formula(self, tmp_path: Path) -> None:
        from openpyxl import load_workbook

        s = mfa.System("x")
        s.process("p", name_en='=HYPERLINK("http://x")')
        s.flow("f", "import", "p", value=1, sd=1)
        write_sep(s, tmp_path / "a.xlsx", WriteOptions("en"))
        cells = [c for ws in load_workbook(tmp_path / "a.xlsx") for row in ws for c in row]
        assert {c.data_type for c in cells} <= {"s", "n"}


class TestThereAndBack:
    def test_the_model(self, tmp_path: Path) -> None:
        system = mills()
        write_sep(system, tmp_path / "a.xlsx", WriteOptions("en"))
        converted = read_sep(tmp_path / "a.xlsx")
        back = converted.system()
        assert (back.periods, back.unit) == (system.periods, system.unit)
        assert alike(observed(back), observed(system))
        ends = {(f.source, f.target): (f.lower, f.upper) for f in back.flows.values()}
        assert ends == {
            ("import", "Silo"): (0, None),
            ("Silo", "Rice_mill"): (0, 500),
            ("Rice_mill", "Market"): (10, None),
            ("Rice_mill", "export"): (0, None),
            ("Market", "environment"): (0, None),
        }
        assert not back.processes["Market"].balance
        one, two = system.balance(), back.balance()
        assert two["Rice_mill_to_export", "2023"].value == pytest.approx(
            one["husk", "2023"].value, rel=1e-9
        )
        assert two["Rice_mill_to_export", "2023"].sd == pytest.approx(
            one["husk", "2023"].sd, rel=1e-6
        )

    @settings(max_examples=25, deadline=None)
    @given(
        values=st.lists(
            st.tuples(st.floats(1e-3, 1e9), st.floats(0.001, 0.9)),
            min_size=1,
            max_size=4,
            unique_by=lambda pair: f"{pair[0]:.9g}",  # they are told apart by their values
        ),
        name=st.text("aăbế =+'\"<>:*{}", min_size=1, max_size=8),
    )
    def test_values_names_and_spreads(
        self,
        values: list[tuple[float, float]],
        name: str,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        s = mfa.System("x")
        for k, (value, relative) in enumerate(values):
            s.process(f"p{k}", name_en=f"p{k}{name}")
            s.flow(f"f{k}", "import", f"p{k}", value=value, sd=value * relative)
        path = tmp_path_factory.getbasetemp() / "there.xlsx"
        write_sep(s, path, WriteOptions("en"))
        back = read_sep(path).system()
        assert alike(observed(back), [(v, v * relative) for v, relative in values])
        assert {f"p{k}{name}".strip() for k in range(len(values))} <= {
            p.name("en") for p in back.processes.values()
        }


class TestNumbers:
    def numbers(self) -> Numbers:
        s = mfa.System("x")
        s.process("p")
        s.flow("a", "import", "p")
        s.flow("b", "p", "export")
        s.parameter("k", value=3, sd=0.3)
        s.parameter("m", value=200, sd=4, unit="kg")
        s.parameter("none")
        return Numbers(s)

    def test_values_of_formulas(self) -> None:
        value, sd = self.numbers().value(parse_expression("2 * k ^ 2 * m"), "", "")
        assert value == pytest.approx(2 * 9 * 0.2)
        assert sd == pytest.approx(3.6 * (0.2**2 + 0.02**2) ** 0.5, rel=1e-4)

    @pytest.mark.parametrize("formula", ["none", "a", "k / 0", "in(p)", "k[2020]"])
    def test_formulas_without_a_value(self, formula: str) -> None:
        assert self.numbers().value(parse_expression(formula), "", "") is None

    def test_linear(self) -> None:
        found = self.numbers().linear(parse_expression("k * (a - 2 * b) / 2 + in(p) - 1"), "", "")
        assert found.flows == {"a": 2.5, "b": -3.0}
        assert found.constant == -1

    @pytest.mark.parametrize("formula", ["a * b", "1 / a", "a ^ 2", "none * a", "a[2020]"])
    def test_not_linear(self, formula: str) -> None:
        with pytest.raises(NotLinearError):
            self.numbers().linear(parse_expression(formula), "", "")
