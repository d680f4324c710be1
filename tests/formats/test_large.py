"""Large folders: read by columns, with the same rules, errors named by file and row."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from mfa.case import open_case
from mfa.formats import large
from mfa.formats.tables import write_tables
from tests.workbook.books import SMALL


@pytest.fixture
def always_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every folder count as large."""
    monkeypatch.setattr(large, "LARGE", 1)


@pytest.mark.usefixtures("always_large")
def test_the_same_account_and_views_as_row_by_row(tmp_path, monkeypatch):
    write_tables(SMALL, tmp_path)
    by_columns = open_case(tmp_path)
    assert [p.text() for p in by_columns.problems] == []
    monkeypatch.setattr(large, "LARGE", 10**9)
    by_rows = open_case(tmp_path)
    order = ["kind", "id"]
    one, other = (c.balance().table.sort_values(order) for c in (by_columns, by_rows))
    assert one["id"].tolist() == other["id"].tolist()
    assert one["value"].to_numpy() == pytest.approx(other["value"].to_numpy(), nan_ok=True)
    assert by_columns.coarse([]) == by_rows.coarse([])
    assert list(by_columns.system.views) == list(by_rows.system.views) == ["overview"]
    assert by_columns.system.title("vi") == by_rows.system.title("vi")


@pytest.mark.usefixtures("always_large")
def test_mistakes_are_named_by_file_and_row(tmp_path):
    tables = copy.deepcopy(SMALL)
    tables["flows"][0]["target"] = "feilds"
    tables["flows"][1]["material"] = "ryce"
    tables["flows"][2]["source"] = ""
    tables["parameters"][1]["unit"] = "pecent"
    tables["observations"][0] |= {"reliability": 7.0, "year": "2203", "period": "2032"}
    tables["observations"][1]["id"] = "o1"
    tables["observations"][2]["source"] = "yearbok"
    tables["observations"][3]["source"] = ""
    write_tables(tables, tmp_path)
    problems = open_case(tmp_path).check()
    found = {(p.severity, p.code, str(p.place)) for p in problems}
    assert found == {
        ("error", "unknown-process", "flows.csv:2"),
        ("error", "unknown-material", "flows.csv:3"),
        ("error", "missing-value", "flows.csv:4"),
        ("error", "unknown-unit", "parameters.csv:3"),
        ("error", "score-range", "observations.csv:2"),
        ("error", "year-range", "observations.csv:2"),
        ("error", "unknown-period", "observations.csv:2"),
        ("error", "id-duplicate", "observations.csv:3"),
        ("error", "unknown-source", "observations.csv:4"),
        ("warning", "missing-source", "observations.csv:5"),
    }
    assert any("“fields”" in p.sentence("vi") for p in problems)


def test_a_folder_of_parquet_is_a_case(tmp_path):
    pytest.importorskip("pyarrow")
    flows = {"id": ["a", "b"], "source": ["import", "p"], "target": ["p", "export"]}
    data = {"id": ["o"], "quantity": ["a"], "value": [3.0], "uncertainty": ["10 %"],
            "source": ["assumption"]}  # fmt: skip
    pd.DataFrame(flows).to_parquet(tmp_path / "flows.parquet")
    pd.DataFrame(data).to_parquet(tmp_path / "observations.parquet")
    case = open_case(tmp_path)
    assert case.balance()["b"].value == pytest.approx(3)
    assert set(case.balance().inputs) == {"flows.parquet", "observations.parquet"}
