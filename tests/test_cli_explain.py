"""`mfa explain`: words, JSON, labels, and what is said to a wrong question."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mfa.cli import cli
from tests.mills import tables_case


@pytest.fixture
def run(tmp_path, monkeypatch):
    folder = tables_case(tmp_path / "mills")
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")

    def call(*arguments, lang="en_GB.UTF-8"):
        monkeypatch.setenv("LC_ALL", lang)
        return CliRunner().invoke(cli, ["explain", str(folder), *arguments])

    return call


def test_in_words(run):
    result = run("rice_out")
    assert result.exit_code == 0
    assert "What enters “Rice mill” (Paddy " in result.stdout
    assert "Yearbook [book]: 66 ± 3 t/year" in result.stdout


def test_in_the_language_asked_for(run):
    asked = run("rice_out", "--language", "vi").stdout
    assert "Lượng đi vào “Nhà máy xay”" in asked
    assert run("rice_out", lang="vi_VN.UTF-8").stdout == asked


def test_labels(run):
    plain = run("rice_out").stdout
    assert run("rice_out", "--period", "2023").stdout == plain
    wrong = run("rice_out", "--period", "2032")
    assert wrong.exit_code == 2
    assert "Did you mean “2023”?" in wrong.stderr


def test_json(run):
    record = json.loads(run("eaten", "--json").stdout)
    assert record["id"] == "eaten"
    assert record["formula"] == "eaten = rice_out"
    assert sum(row["share"] for row in record["shares"]) == pytest.approx(1)
    assert [s["title"] for s in record["sections"]][1] == "Formula"


@pytest.mark.parametrize(
    ("quantity", "said"),
    [("rice_uot", "Did you mean “rice_out”?"), ("rice_out + eaten", "only a single quantity")],
)
def test_a_wrong_quantity_is_wrong_usage(run, quantity, said):
    result = run(quantity)
    assert result.exit_code == 2
    assert said in result.stderr


def test_errors_of_the_input_are_those_of_a_balance(tmp_path: Path, run):
    flows = tmp_path / "mills" / "flows.csv"
    flows.write_text(flows.read_text(encoding="utf-8").replace("market", "markt", 1), "utf-8")
    assert run("rice_out").exit_code == 1
