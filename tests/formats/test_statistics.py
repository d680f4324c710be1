"""Eurostat's JSON-stat, the EW-MFA questionnaire, the database of the Resource Panel."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from mfa.errors import InputError
from mfa.formats.converted import Converted, ReadOptions
from mfa.formats.eurostat import read_eurostat
from mfa.formats.irp import read_irp
from mfa.formats.questionnaire import read_questionnaire
from mfa.indicators.ew_mfa import ew_account
from tests.formats.makers import book, codes, json_file, loss, observed, rows

Cells = dict[tuple[str, ...], float | None]


def jsonstat(
    dimensions: dict[str, list[str]], cells: Cells, flags: dict[tuple[str, ...], str] | None = None
) -> dict[str, Any]:
    """Return a dataset with the cells given by their codes in the order of the dimensions."""
    positions = {key: k for k, key in enumerate(itertools.product(*dimensions.values()))}
    return {
        "version": "2.0",
        "class": "dataset",
        "label": "Material flow accounts",
        "id": list(dimensions),
        "size": [len(codes) for codes in dimensions.values()],
        "dimension": {
            name: {
                "category": {
                    "index": {code: k for k, code in enumerate(codes)},
                    "label": {code: f"{code} label" for code in codes},
                }
            }
            for name, codes in dimensions.items()
        },
        "value": {str(positions[key]): value for key, value in cells.items()},
        "status": {str(positions[key]): flag for key, flag in (flags or {}).items()},
    }


def small(
    cells: dict[tuple[str, str, str], float | None],
    flags: dict[tuple[str, str, str], str] | None = None,
) -> dict[str, Any]:
    """Return a dataset of one country: (indicator, material, year) → value."""
    dimensions = {
        "freq": ["A"],
        "indic_env": list(dict.fromkeys(i for i, _, _ in cells)),
        "material": list(dict.fromkeys(m for _, m, _ in cells)),
        "unit": ["THS_T"],
        "geo": ["VN"],
        "time": sorted({t for _, _, t in cells}),
    }

    def full(key: tuple[str, str, str]) -> tuple[str, ...]:
        return ("A", key[0], key[1], "THS_T", "VN", key[2])

    return jsonstat(
        dimensions,
        {full(key): value for key, value in cells.items()},
        {full(key): flag for key, flag in (flags or {}).items()},
    )


def eurostat(tmp_path: Path, content: object, **options: str) -> Converted:
    return read_eurostat(json_file(tmp_path / "a.json", content), ReadOptions(**options))


class TestEurostat:
    def test_flows_of_the_economy(self, tmp_path: Path) -> None:
        converted = eurostat(
            tmp_path,
            small(
                {
                    ("DE", "MF1", "2021"): 60,
                    ("IMP", "MF1", "2021"): 9,
                    ("EXP", "MF1", "2021"): 4,
                    ("DMC", "MF1", "2021"): 65,
                }
            ),
        )
        account = converted.system().balance()
        dmc = ew_account(account, period="2021").totals["dmc", "MF.1"]
        assert dmc.estimate.value == pytest.approx(65)
        assert account.system.unit == "kt/year"
        assert "DMC" in loss(converted.losses, "derived-indicators").text()
        assert rows(converted, "materials")[0]["mf_code"] == "MF.1"

    def test_totals_that_follow_are_not_counted_twice(self, tmp_path: Path) -> None:
        converted = eurostat(
            tmp_path,
            small(
                {
                    ("DE", "TOTAL", "2021"): 100,
                    ("DE", "MF1", "2021"): 60,
                    ("DE", "MF11", "2021"): 40,
                    ("DE", "MF12", "2021"): 20,
                    ("DE", "MF3", "2021"): 40,
                }
            ),
        )
        assert {o["quantity"] for o in rows(converted, "observations")} == {
            "DE_MF_1_1",
            "DE_MF_1_2",
            "DE_MF_3",
        }
        assert loss(converted.losses, "totals").values["n"] == 2

    def test_a_total_fills_a_gap(self, tmp_path: Path) -> None:
        converted = eurostat(
            tmp_path,
            small(
                {
                    ("DE", "MF1", "2021"): 60,
                    ("DE", "MF11", "2021"): 40,
                    ("DE", "MF12", "2021"): None,
                    ("DE", "MF12", "2022"): 5,
                }
            ),
        )
        account = converted.system().balance()
        assert account["DE_MF_1_2", "2021"].value == pytest.approx(20)

    def test_what_a_total_holds_beyond_its_parts(self, tmp_path: Path) -> None:
        converted = eurostat(
            tmp_path, small({("DE", "TOTAL", "2021"): 100, ("DE", "MF1", "2021"): 60})
        )
        assert observed(converted.system())["DE_total_other", "2021"][0] == 40
        assert loss(converted.losses, "remainder").assumed

    def test_totals_less_than_their_parts(self, tmp_path: Path) -> None:
        converted = eurostat(
            tmp_path, small({("DE", "TOTAL", "2021"): 50, ("DE", "MF1", "2021"): 60})
        )
        assert "totals-differ" in codes(converted.losses)

    def test_flags_become_scores(self, tmp_path: Path) -> None:
        cells = {("DE", f"MF{k}", "2021"): float(k) for k in (1, 2, 3, 4)}
        flags = {("DE", "MF2", "2021"): "p", ("DE", "MF3", "2021"): "bu"}
        found = rows(eurostat(tmp_path, small(cells, flags)), "observations")
        assert [(o["reliability"], o["temporal"], o.get("note")) for o in found] == [
            (1, 1, None),
            (2, 1, "flag: p"),
            (4, 2, "flag: bu"),
            (1, 1, None),
        ]

    def test_countries_and_years(self, tmp_path: Path) -> None:
        dimensions = {
            "indic_env": ["DE"], "material": ["MF1"], "unit": ["T_HAB", "T"],
            "geo": ["VN", "LA"], "time": ["2020", "2021"],
        }  # fmt: skip
        cells = {
            ("DE", "MF1", unit, geo, time): 1.0
            for unit in ("T_HAB", "T") for geo in ("VN", "LA") for time in ("2020", "2021")
        }  # fmt: skip
        content = jsonstat(dimensions, cells)
        converted = eurostat(tmp_path, content)
        system = converted.system()
        assert system.regions == ("VN label", "LA label")
        assert system.unit == "t/year"
        assert "T_HAB" in loss(converted.losses, "other-units").text()
        one = eurostat(tmp_path, content, region="LA label", period="2021")
        assert len(rows(one, "observations")) == 1
        with pytest.raises(InputError, match="Did you mean “LA label”"):
            eurostat(tmp_path, content, region="LA lable")
        with pytest.raises(InputError, match="2019"):
            eurostat(tmp_path, content, period="2019")

    def test_dense_values_and_lists_of_codes(self, tmp_path: Path) -> None:
        content = small({("DE", "MF1", "2020"): 1, ("DE", "MF1", "2021"): 2})
        content["value"] = [7, None]
        content["status"] = ["p", ""]
        for dimension in content["dimension"].values():
            dimension["category"]["index"] = list(dimension["category"]["index"])
        (found,) = rows(eurostat(tmp_path, content), "observations")
        assert (found["value"], found["period"], found["reliability"]) == (7, "2020", 2)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"size": [1, 1, 1, 1, 1, 10**9]}, "sizes"),
            ({"size": [1]}, "sizes"),
            ({"dimension": {}}, "sizes"),
            ({"value": {}}, "no figure"),
            ({"value": {"99999999999999999999": 1, "-1": 1, "x": 1}}, "no figure"),
            ({"id": 5}, "no dataset"),
        ],
    )
    def test_broken_datasets(self, tmp_path: Path, change: dict[str, Any], words: str) -> None:
        content = small({("DE", "MF1", "2020"): 1}) | change
        with pytest.raises(InputError, match=words):
            eurostat(tmp_path, content)

    @pytest.mark.parametrize(
        ("dimensions", "words"),
        [
            ({"indic_env": ["DE"], "material": ["MF1"], "unit": ["KG_HAB"]}, "is a mass: KG_HAB"),
            ({"indic_env": ["DE"], "unit": ["T"]}, "no dimensions of materials"),
        ],
    )
    def test_other_datasets(
        self, tmp_path: Path, dimensions: dict[str, list[str]], words: str
    ) -> None:
        key = tuple(codes[0] for codes in dimensions.values())
        with pytest.raises(InputError, match=words):
            eurostat(tmp_path, jsonstat(dimensions, {key: 1.0}))

    def test_outputs_have_no_dimension_of_indicators(self, tmp_path: Path) -> None:
        dimensions = {"material": ["MF71"], "unit": ["T"], "time": ["2020"]}
        content = jsonstat(dimensions, {("MF71", "T", "2020"): 4.0})
        content["extension"] = {"id": "ENV_AC_MFADPO"}
        (flow,) = rows(eurostat(tmp_path, content), "flows")
        assert (flow["source"], flow["target"]) == ("economy", "environment")

    def test_too_many_countries(self, tmp_path: Path) -> None:
        geo = [f"C{k}" for k in range(30)]
        dimensions = {"indic_env": ["DE"], "material": ["MF1"], "unit": ["T"], "geo": geo}
        cells = {("DE", "MF1", "T", code): 1.0 for code in geo}
        with pytest.raises(InputError, match="30 countries"):
            eurostat(tmp_path, jsonstat(dimensions, cells))


class TestQuestionnaire:
    SHEETS = (
        ("Cover", [["EW-MFA questionnaire", 2023, 2024]]),
        (
            "Table A",
            [
                ["Domestic extraction, 1 000 tonnes"],
                [],
                ["Code", "Material", 2020, "", 2021, ""],
                ["MF.1.1", "Crops", 40, "", "42.5 e", ""],
                ["MF.1.2", "Residues", ":", "", 20, "p"],
                ["MF.1", "Biomass", 61, "", 62.5, ""],
            ],
        ),
        ("Table_B", [["", "", 2020, 2021], ["MF.1.1", "Crops", 5, 6], ["MF.1.2", "R", 1, 1]]),
        ("Table C", [["x"]]),
        (
            "G Balancing items",
            [["", "", 2020, 2021], ["MF.8.1", "Oxygen", 9, 9], ["MF.8.2", "Vapour", 8, 8]],
        ),
        ("Table F", [["no years here"]]),
    )

    def read(self, tmp_path: Path, **options: str) -> Converted:
        path = book(tmp_path / "a.xlsx", dict(self.SHEETS))
        return read_questionnaire(path, ReadOptions(**options))

    def test_tables_by_their_letter(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path)
        flows = {f["id"]: (f["source"], f["target"]) for f in rows(converted, "flows")}
        assert flows == {
            "DE_MF_1_1": ("environment", "economy"),
            "DE_MF_1_2": ("environment", "economy"),
            "IMP_MF_1_1": ("import", "economy"),
            "IMP_MF_1_2": ("import", "economy"),
            "BI_IN_MF_8_1": ("environment", "economy"),
            "BI_OUT_MF_8_2": ("economy", "environment"),
        }
        assert "Table C" in loss(converted.losses, "other-tables").text()
        assert "Table F" in loss(converted.losses, "no-layout").text()
        assert converted.system().unit == "kt/year"

    def test_missing_values_flags_and_places(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path)
        found = {(o["quantity"], o["period"]): o for o in rows(converted, "observations")}
        assert ("DE_MF_1_2", "2020") not in found
        assert found["DE_MF_1_1 + DE_MF_1_2", "2020"]["value"] == 61
        assert found["DE_MF_1_1", "2021"]["reliability"] == 3
        assert found["DE_MF_1_2", "2021"]["reliability"] == 2
        row = next(r for r in converted.tables["observations"] if r.text("note") == "flag: e")
        assert str(row.at("value")) == "Table A!E4"

    def test_one_year(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, period="2021").system().periods == ("2021",)

    def test_another_workbook(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no table of material codes"):
            read_questionnaire(book(tmp_path / "a.xlsx", {"Table A": [["hello"]]}))


class TestResourcePanel:
    TEXT = """Country,Category,Flow name,Flow code,Flow unit,1970,1971
Viet Nam,Crops,Domestic Extraction,DE,t,10,11.5
"Lao People's Democratic Republic",Crops,Domestic Extraction,DE,t,3,
Viet Nam,Coal,Imports,IMP,t,5,NA
Viet Nam,Coal,Domestic Material Consumption,DMC,t,15,16
Viet Nam,Coal,Imports,IMP,t/cap,1,1
short,row
"""

    def read(self, tmp_path: Path, text: str, **options: str) -> Converted:
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        return read_irp(tmp_path / "a.csv", ReadOptions(**options))

    def test_one_country(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path, self.TEXT, region="Viet Nam")
        system = converted.system()
        assert {k: v for k, (v, _) in observed(system).items()} == {
            ("DE_MF_1_1", "1970"): 10,
            ("DE_MF_1_1", "1971"): 11.5,
            ("IMP_MF_4_1", "1970"): 5,
        }
        assert system.boundary() == "Viet Nam"
        assert {"other-units", "derived-indicators"} == codes(converted.losses)

    def test_few_countries_are_regions(self, tmp_path: Path) -> None:
        system = self.read(tmp_path, self.TEXT).system()
        assert system.regions == ("Viet Nam", "Lao People's Democratic Republic")

    def test_unknown_country(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="Did you mean “Viet Nam”"):
            self.read(tmp_path, self.TEXT, region="Vietnam")

    def test_many_countries_need_a_choice(self, tmp_path: Path) -> None:
        lines = [f"C{k},Crops,Domestic Extraction,DE,t,1,1\n" for k in range(200)]
        with pytest.raises(InputError, match="200 countries"):
            self.read(tmp_path, self.TEXT.partition("\n")[0] + "\n" + "".join(lines))

    def test_broken_rows(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="CSV from line"):
            self.read(tmp_path, self.TEXT + '"' + "x" * 200_000 + '"\n')

    @pytest.mark.parametrize("text", ["a,b\n1,2\n", "Country,Category,Flow code,Flow unit\n"])
    def test_other_tables(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(InputError, match="does not have the columns"):
            self.read(tmp_path, text)
