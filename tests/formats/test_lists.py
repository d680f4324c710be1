"""Flow lists and rows for Metabolism of Cities: what stands in which column."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

import mfa
from mfa.formats.converted import WriteOptions
from mfa.formats.flow_list import write_flow_list
from mfa.formats.metabolism import FLOWS, STOCKS, span, write_metabolism
from tests.formats.makers import codes, loss, mills, simple


def read(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestFlowList:
    def test_a_row_a_flow_and_year(self, tmp_path: Path) -> None:
        account = mills().balance()
        written = write_flow_list(account, tmp_path / "a.csv", WriteOptions("en"))
        found = {(row["flow"], row["period"]): row for row in read(tmp_path / "a.csv")}
        assert len(found) == 10
        row = found["paddy", "2023"]
        quantity = account["paddy", "2023"]
        assert float(row["value"]) == pytest.approx(quantity.value, rel=1e-11)
        assert float(row["sd"]) == pytest.approx(quantity.sd, rel=1e-11)
        assert float(row["lower"]) == pytest.approx(quantity.lower, rel=1e-11)
        assert (row["from"], row["to_name"], row["unit"]) == ("import", "Silo", "t/year")
        assert (row["source"], row["status"]) == ("Yearbook", "reconciled")
        assert {"no-stock_change", "relations", "observations"} == codes(written.losses)

    def test_free_flows_have_limits_only(self, tmp_path: Path) -> None:
        s = simple(paddy=100)
        s.flow("husk", "mill", "environment")
        write_flow_list(s.balance(), tmp_path / "a.csv")
        row = next(r for r in read(tmp_path / "a.csv") if r["flow"] == "husk")
        assert (row["value"], row["sd"], row["status"], row["lower"]) == ("", "", "free", "0")

    @pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2+3", "@x", "\tx"])
    def test_nothing_is_a_formula(self, tmp_path: Path, name: str) -> None:
        s = mfa.System("x")
        s.process("p", name_en=name, name_vi=name)
        s.flow("f", "import", "p", value=1, sd=1)
        written = write_flow_list(s.balance(), tmp_path / "a.csv")
        assert read(tmp_path / "a.csv")[0]["to_name"] == f"'{name}"
        assert name.strip() in loss(written.losses, "formula-like").text()

    def test_negative_numbers_stay_numbers(self, tmp_path: Path) -> None:
        s = mfa.System("x")
        s.process("p", balance=False)
        s.flow("f", "import", "p", lower=None, value=-5, sd=1)
        write_flow_list(s.balance(), tmp_path / "a.csv")
        assert read(tmp_path / "a.csv")[0]["value"] == "-5"


class TestMetabolism:
    def city(self, periods: list[str], unit: str = "t/year") -> mfa.System:
        s = mfa.System("City", unit=unit, periods=periods)
        s.process("mill", name_en="Mill")
        s.material("rice", name_en="Rice", mf_code="MF.1.1.1")
        s.material("bran", name_en="Bran", parent="rice")
        s.flow("in", "import", "mill", material="bran", value=12, sd=1)
        s.flow("out", "mill", "export")
        s.stock("silo", "mill", material="rice", value=5, period=periods[0])
        s.observe("silo.change", 1, sd=1)
        return s

    def test_positions_of_columns(self, tmp_path: Path) -> None:
        written = write_metabolism(
            self.city(["2023"]).balance(), tmp_path / "a.csv", WriteOptions("en")
        )
        assert [p.name for p in written.paths] == ["a.csv", "a-stock.csv"]
        found = read(tmp_path / "a.csv")
        assert tuple(found[0]) == FLOWS
        assert list(found[0].values()) == [
            "2023", "2023-01-01", "2023-12-31", "Bran", "MF.1.1.1", "12", "t", "",
            "in; measured; sd 1 t/year", "", "import", "Mill",
        ]  # fmt: skip
        stock = read(tmp_path / "a-stock.csv")[0]
        assert tuple(stock) == STOCKS
        assert (stock["Date"], stock["Quantity"], stock["Unit"]) == ("2023-12-31", "5", "t")
        assert {"no-material", "no-space", "no-stock_change"} <= codes(written.losses)

    @pytest.mark.parametrize(
        ("periods", "unit", "quantity"),
        [(["2023-Q1"], "t/year", 12 * 90 / 365), (["2023"], "t/day", 12 * 365),
         (["2024"], "kt/year", 12)],
    )  # fmt: skip
    def test_rates_become_amounts(
        self, tmp_path: Path, periods: list[str], unit: str, quantity: float
    ) -> None:
        write_metabolism(self.city(periods, unit).balance(), tmp_path / "a.csv")
        assert float(read(tmp_path / "a.csv")[0]["Quantity"]) == pytest.approx(quantity)

    @pytest.mark.parametrize(
        ("label", "first", "last"),
        [
            ("2024", "2024-01-01", "2024-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2024M11", "2024-11-01", "2024-11-30"),
            ("2023Q4", "2023-10-01", "2023-12-31"),
            ("2019-20", "2019-07-01", "2020-06-30"),
            ("2019/2020", "2019-07-01", "2020-06-30"),
        ],
    )
    def test_days_of_a_period(self, label: str, first: str, last: str) -> None:
        days = span(label)
        assert days is not None
        assert tuple(day.isoformat() for day in days) == (first, last)

    @pytest.mark.parametrize("label", ["", "dry season", "2024-13", "0000", "9999", "2024-00"])
    def test_labels_without_days(self, label: str) -> None:
        assert span(label) is None

    def test_flows_without_a_value_are_left_out(self, tmp_path: Path) -> None:
        s = self.city(["2023"])
        s.flow("dust", "mill", "environment")
        written = write_metabolism(s.balance(), tmp_path / "a.csv")
        assert [row["Comment"].split(";")[0] for row in read(tmp_path / "a.csv")] == ["in"]
        assert "out, dust" in loss(written.losses, "free-flows").text()
