"""STAN's files, made from what others read from real ones: none was at hand."""

from __future__ import annotations

import gzip
import sqlite3
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from mfa.errors import InputError
from mfa.formats import stan_tables
from mfa.formats.converted import Converted, ReadOptions
from mfa.formats.stan import read_stan
from tests.formats.makers import codes, loss, observed, rows

TABLES = {
    "Process": (
        "ProcessID ProcessType Name",
        [(1, 1, "System"), (2, 2, "Mill"), (3, 2, "Market"), (4, 2, "Boiler"), (5, 2, "Shell")],
    ),
    "ProcessInput": (
        "ProcessInputID ProcessID SubProcessInputID",
        [(1, 2, None), (2, 3, None), (3, 5, 4), (4, 4, None)],
    ),
    "ProcessOutput": (
        "ProcessOutputID ProcessID SubProcessOutputID",
        [(1, 2, None), (2, 3, None), (3, 4, None)],
    ),
    "Flow": (
        "FlowID ProcessInputID ProcessOutputID Name",
        [(1, 1, None, "paddy"), (2, 2, 1, "rice"), (3, None, 2, "eaten"), (4, 3, 1, "husk"),
         (5, None, 3, "ash")],
    ),
    "FlowLayer": ("FlowLayerID Name", [(1, "Good"), (2, "Carbon")]),
    "Period": ("PeriodID PeriodCode", [(1, "2022"), (2, "2023")]),
    "Unit": (
        "UnitID UnitCode Factor SiUnitID",
        [(1, "t/a", 3.171e-5, 9), (2, "kg/a", 3.171e-8, 9), (9, "kg/s", 1, 9),
         (3, "barrow", 0.002, 9), (4, "t", 1000, 8), (8, "kg", 1, 8)],
    ),
    "DefaultUnit": ("FlowLayerID NumUnitID", [(1, 1), (2, 2)]),
    "FlowValue": (
        "FlowID PeriodID FlowLayerID MFInput MFInputSigma MFCalc MFNumUnitID CInput",
        [(1, 1, 1, 100, 5, 101, 1, None), (2, 1, 1, 60, None, 61, 1, None),
         (4, 1, 1, None, None, 40, 1, 0.4), (1, 1, 2, 40000, 2000, None, 2, None),
         (1, 2, 1, 2, 0.1, None, 3, None)],
    ),
    "Stock": (
        "ProcessID PeriodID FlowLayerID SVInput SVSigma SVUnitID DTInput DTSigma DTNumUnitID",
        [(3, 1, 1, 10, 1, 4, 2, 0.5, 1), (2, 1, 1, None, None, 4, None, None, 1)],
    ),
    "TransCoeff": ("Something", [(1,)]),
    "Shape": ("ShapeGuid ProcessID", [("a", 2)]),
}  # fmt: skip


def smfa(path: Path, more: str = "") -> Path:
    """Write the tables as a database."""
    with sqlite3.connect(path) as database:
        for table, (columns, records) in TABLES.items():
            names = columns.split()
            database.execute(f"CREATE TABLE {table} ({', '.join(names)})")
            marks = ", ".join("?" for _ in names)
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", records)
        database.executescript(more)
    database.close()
    return path


def zmfa(path: Path, more: str = "", head: str = "") -> Path:
    """Write the tables as compressed XML."""
    found = []
    for table, (columns, records) in TABLES.items():
        for record in records:
            cells = "".join(
                f"<{name}>{escape(str(value))}</{name}>"
                for name, value in zip(columns.split(), record, strict=True)
                if value is not None
            )
            found.append(f"<{table}>{cells}</{table}>")
    body = "\n".join(found)
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>{head}'
        f'<MfaSystemData xmlns="http://inkasoft.net/MfaSystemData.xsd">{body}{more}</MfaSystemData>'
    )
    path.write_bytes(gzip.compress(text.encode()))
    return path


@pytest.fixture(params=["smfa", "zmfa"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Converted:
    make = smfa if request.param == "smfa" else zmfa
    return read_stan(make(tmp_path / f"a.{request.param}"))


class TestReading:
    def test_processes_without_boundary_and_shells(self, model: Converted) -> None:
        names = [p["name_en"] for p in rows(model, "processes")]
        assert names == ["Mill", "Market", "Boiler"]
        assert "Shell" in loss(model.losses, "unused-processes").text()

    def test_flows_lead_into_sub_systems_and_across_the_boundary(self, model: Converted) -> None:
        goods = [f for f in rows(model, "flows") if "layer" not in f]
        assert [(f["id"], f["source"], f["target"]) for f in goods] == [
            ("paddy", "import", "Mill"),
            ("rice", "Mill", "Market"),
            ("eaten", "Market", "export"),
            ("husk", "Mill", "Boiler"),
            ("ash", "Boiler", "export"),
        ]

    def test_every_layer_with_values(self, model: Converted) -> None:
        assert rows(model, "layers") == [{"id": "Carbon", "name_en": "Carbon", "unit": "kg/a"}]
        carbon = [f["id"] for f in rows(model, "flows") if f.get("layer") == "Carbon"]
        assert carbon == [
            "paddy_Carbon",
            "rice_Carbon",
            "eaten_Carbon",
            "husk_Carbon",
            "ash_Carbon",
        ]

    def test_entered_values_with_one_sigma(self, model: Converted) -> None:
        system = model.system()
        found = observed(system)
        assert found["paddy", "2022"] == (100, 5)
        assert found["paddy_Carbon", "2022"] == (40000, 2000)
        assert found["rice", "2022"] == (60, 18), "30 % where there is no σ, and it is said"
        assert loss(model.losses, "no-uncertainty").assumed
        assert ("husk", "2022") not in found
        assert "results" in codes(model.losses)

    def test_units_that_are_not_known_go_through_si(self, model: Converted) -> None:
        account = model.system().balance()
        assert account["paddy", "2023"].value == pytest.approx(2 * 0.002 * 31536)
        assert account["paddy", "2023"].sd == pytest.approx(0.1 * 0.002 * 31536)

    def test_stocks(self, model: Converted) -> None:
        assert rows(model, "stocks") == [{"id": "stock_Market", "process": "Market"}]
        found = observed(model.system())
        assert found["stock_Market", "2021"] == (10, 1)
        assert found["stock_Market.change", "2022"] == (2, 0.5)
        assert loss(model.losses, "stock-start").assumed

    def test_it_balances(self, model: Converted) -> None:
        account = model.system().balance()
        assert account["eaten", "2022"].value == pytest.approx(58)
        assert account["husk", "2022"].value == pytest.approx(40)

    def test_what_is_not_confirmed_or_understood_is_said(self, model: Converted) -> None:
        assert loss(model.losses, "stan-unconfirmed").assumed
        assert "transcoeff (1)" in loss(model.losses, "stan-tables").text()
        assert "FlowValue.CInput" in loss(model.losses, "stan-columns").text()
        assert "drawing" in codes(model.losses)

    def test_a_unit_may_be_given(self, tmp_path: Path) -> None:
        path = smfa(tmp_path / "a.smfa", "DELETE FROM Unit; DELETE FROM DefaultUnit;")
        assert read_stan(path, ReadOptions("kt")).system().unit == "kt/year"
        assert "unit-assumed" in codes(read_stan(path).losses)

    def test_the_file_is_not_touched(self, tmp_path: Path) -> None:
        path = smfa(tmp_path / "a b#?.smfa")
        before = path.read_bytes()
        path.chmod(0o444)
        read_stan(path)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == [path.name]


class TestUnits:
    """An amount and a time are two rows of the unit table; every value may name its own."""

    TABLES = """
        DELETE FROM Unit; DELETE FROM DefaultUnit; DELETE FROM FlowValue; DELETE FROM Stock;
        ALTER TABLE DefaultUnit ADD COLUMN DenomUnitID;
        ALTER TABLE FlowValue ADD COLUMN MFDenomUnitID;
        INSERT INTO Unit VALUES (2, 'kg', 1, 2), (20, 't', 1000, 2), (16, 's', 1, 16),
            (17, 'a', 31536000, 16), (18, 'd', 86400, 16), (21, 'moon', 2592000, 16),
            (22, 'mg', 1e-6, 2), (23, 'load', 5000, 2), (24, 'odd', NULL, NULL);
        INSERT INTO DefaultUnit VALUES (-1, 22, 2), (-1, 20, 17);
        INSERT INTO Stock VALUES (3, 1, 1, 40000, 1000, 2, 5, 1, 20);
    """

    def read(self, tmp_path: Path, *values: str) -> Converted:
        rows_ = ", ".join(f"(1, 1, 1, {value})" for value in values)
        names = "FlowID, PeriodID, FlowLayerID, MFInput, MFInputSigma, MFNumUnitID, MFDenomUnitID"
        more = f"{self.TABLES} INSERT INTO FlowValue ({names}) VALUES {rows_};"
        return read_stan(smfa(tmp_path / "a.smfa", more))

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("250, 25, 20, 17", (250, 25)),
            ("115000, 11500, 2, 17", (115, 11.5)),
            ("10, 1, 20, 18", (3650, 365)),
            ("10, 1, 20, 21", (10 * 365 / 30, 365 / 30)),
            ("3, 1, 23, 17", (15, 5)),
            ("7, 1, 20, NULL", (7, 1)),
        ],
    )
    def test_amounts_in_a_time(
        self, tmp_path: Path, value: str, expected: tuple[float, float]
    ) -> None:
        account = self.read(tmp_path, value).system().balance()
        quantity = account["paddy", "2022"]
        assert quantity.unit == "t/a"
        assert (quantity.value, quantity.sd) == pytest.approx(expected)

    def test_the_default_of_flows_is_not_that_of_concentrations(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path, "115000, 11500, 2, 17")
        assert converted.system().unit == "t/a"
        found = observed(converted.system())
        assert found["stock_Market", "2021"] == (40000, 1000)
        assert found["stock_Market.change", "2022"] == (5, 1)
        units = {r["quantity"]: r["unit"] for r in rows(converted, "observations")}
        assert units == {"paddy": "kg/a", "stock_Market.change": "t/a", "stock_Market": "kg"}

    def test_a_unit_without_code_or_factor_is_said(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path, "7, 1, 24, 17")
        assert "odd" in loss(converted.losses, "unit-of-value").text()

    def test_zero_is_a_value_and_an_exact_one_is_not_assumed(self, tmp_path: Path) -> None:
        converted = self.read(tmp_path, "0, 0, 20, 17")
        assert observed(converted.system())["paddy", "2022"] == (0, 0)
        assert "no-uncertainty" not in codes(converted.losses)

    def test_a_balance_that_is_switched_off(self, tmp_path: Path) -> None:
        more = """ALTER TABLE Process ADD COLUMN Balancing; UPDATE Process SET Balancing = 1;
            UPDATE Process SET Balancing = 0 WHERE ProcessID = 4;"""
        converted = read_stan(smfa(tmp_path / "a.smfa", more))
        assert [p.get("balance") for p in rows(converted, "processes")] == [None, None, "no"]
        assert "Boiler" in loss(converted.losses, "unbalanced").text()


class TestHostile:
    def test_another_database(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "a.smfa") as database:
            database.execute("CREATE TABLE x (y)")
        database.close()
        with pytest.raises(InputError, match="no tables of processes"):
            read_stan(tmp_path / "a.smfa")

    @pytest.mark.parametrize("keep", [20, 200, 5000])
    def test_a_cut_database(self, tmp_path: Path, keep: int) -> None:
        path = smfa(tmp_path / "a.smfa")
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(InputError):
            read_stan(path)

    def test_views_and_endless_queries_are_not_run(self, tmp_path: Path) -> None:
        endless = """CREATE VIEW Region AS WITH RECURSIVE n(x) AS
            (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;"""
        start = time.perf_counter()
        converted = read_stan(smfa(tmp_path / "a.smfa", endless))
        assert "region" not in loss(converted.losses, "stan-tables").text()
        assert time.perf_counter() - start < 2

    def test_names_cannot_break_out_of_a_query(self, tmp_path: Path) -> None:
        more = """CREATE TABLE "x"" UNION SELECT 1; DROP TABLE Flow --" ("a""b" TEXT);
            INSERT INTO "x"" UNION SELECT 1; DROP TABLE Flow --" VALUES ('c');"""
        assert len(rows(read_stan(smfa(tmp_path / "a.smfa", more)), "flows")) == 10

    def test_too_many_values(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stan_tables, "MAX_CELLS", 50)
        for make in (smfa, zmfa):
            with pytest.raises(InputError, match="more than 50 values"):
                read_stan(make(tmp_path / f"a.{make.__name__}"))

    def test_drawings_are_not_even_read(self, tmp_path: Path) -> None:
        more = "CREATE TABLE Diagram (Document); INSERT INTO Diagram VALUES (zeroblob(50000000));"
        start = time.perf_counter()
        read_stan(smfa(tmp_path / "a.smfa", more))
        assert time.perf_counter() - start < 2

    @pytest.mark.parametrize(
        "head",
        [
            '<!DOCTYPE x [<!ENTITY a "b">]>',
            '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        ],
    )
    def test_document_types(self, tmp_path: Path, head: str) -> None:
        with pytest.raises(InputError, match="document type"):
            read_stan(zmfa(tmp_path / "a.zmfa", head=head))

    @pytest.mark.parametrize("more", ["<a>", "</Flow>", "<Flow>" * 100])
    def test_broken_xml(self, tmp_path: Path, more: str) -> None:
        with pytest.raises(InputError, match="damaged"):
            read_stan(zmfa(tmp_path / "a.zmfa", more))

    def test_a_row_of_thousands_of_columns(self, tmp_path: Path) -> None:
        columns = "".join(f"<c{n}>1</c{n}>" for n in range(300))
        with pytest.raises(InputError, match="damaged"):
            read_stan(zmfa(tmp_path / "a.zmfa", f"<Process>{columns}</Process>"))

    def test_a_damaged_schema_that_is_no_text(self, tmp_path: Path) -> None:
        path = smfa(tmp_path / "a.smfa")
        path.write_bytes(path.read_bytes().replace(b"CREATE TABLE Flow ", b"CREAT\xe4 TABLE Flow "))
        with pytest.raises(InputError, match="damaged"):
            read_stan(path)

    def test_what_was_not_yet_written_into_the_file(self, tmp_path: Path) -> None:
        path = smfa(tmp_path / "a.smfa")
        path.with_name("a.smfa-wal").write_bytes(b"")
        read_stan(path)
        path.with_name("a.smfa-wal").write_bytes(b"pages")
        with pytest.raises(InputError, match="open in another program"):
            read_stan(path)

    def test_deep_xml(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="damaged"):
            read_stan(zmfa(tmp_path / "a.zmfa", "<a>" * 500 + "</a>" * 500))

    @pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8bxx", b"PK\3\4"])
    def test_other_files(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.smfa").write_bytes(content)
        with pytest.raises(InputError):
            read_stan(tmp_path / "a.smfa")

    def test_ports_that_lead_in_a_circle(self, tmp_path: Path) -> None:
        more = "UPDATE ProcessInput SET SubProcessInputID = 4 WHERE ProcessInputID IN (3, 4);"
        read_stan(smfa(tmp_path / "a.smfa", more)).system()
