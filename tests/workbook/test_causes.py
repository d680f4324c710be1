"""One slip is one error, however many cells it spoils: the others know where it stands."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook

from mfa.cli import cli
from mfa.workbook.template import write_template
from tests.workbook.books import SMALL

CASE, PROCESSES, FLOWS = "Thông tin chung", "Quá trình", "Dòng"


def without_id(book: Workbook) -> None:
    book[PROCESSES]["A4"] = None  # mill, the end of four flows and the home of a stock


def misspelt(book: Workbook) -> None:
    book[FLOWS]["E4"] = book[FLOWS]["D5"] = book[FLOWS]["D6"] = "miil"


def without_regions(book: Workbook) -> None:
    for row in (3, 4, 5):
        book[FLOWS].cell(row, 13).value = "A Lưới" if row < 5 else "Phong Điền"


def without_sheet(book: Workbook) -> None:
    del book[PROCESSES]


def renamed(book: Workbook) -> None:
    book[PROCESSES].title = "Qúa trinh"


def bad_id(book: Workbook) -> None:
    book[PROCESSES]["A4"] = "mil l"


def merged(book: Workbook) -> None:
    book[PROCESSES].merge_cells("A3:A5")


def other_periods(book: Workbook) -> None:
    book[CASE]["B9"] = "2022-2023"


def two_without_id(book: Workbook) -> None:
    book[PROCESSES]["A3"] = book[PROCESSES]["A4"] = None


SPOILT: list[tuple[Callable[[Workbook], None], str, str, str]] = [
    (without_id, "missing-value", f"{PROCESSES}!A4", "“mill”"),
    (misspelt, "unknown-process", f"{FLOWS}!E4", "“mill”"),
    (without_regions, "no-regions", f"{CASE}!B10", "A Lưới, Phong Điền"),
    (without_sheet, "missing-table", "p.xlsx", PROCESSES),
    (bad_id, "bad-id", f"{PROCESSES}!A4", "mil l"),
    (merged, "merged-cells", f"{PROCESSES}!A3", "A3:A5"),
    (other_periods, "other-periods", f"{CASE}!B9", "2023"),
    (renamed, "unknown-table", "Qúa trinh!A1", PROCESSES),
]


def spoilt(spoil: Callable[[Workbook], None], folder: Path) -> Path:
    path = write_template(folder / "p.xlsx", "vi", copy.deepcopy(SMALL))
    book = load_workbook(path)
    spoil(book)
    book.save(path)
    return path


@pytest.mark.parametrize(("spoil", "code", "place", "said"), SPOILT)
def test_one_slip_is_one_error(
    spoil: Callable[[Workbook], None], code: str, place: str, said: str, tmp_path: Path
) -> None:
    path = spoilt(spoil, tmp_path)
    told = json.loads(CliRunner().invoke(cli, ["check", str(path), "--json"]).stdout)
    roots = [p for p in told["problems"] if not p["cause"] and p["severity"] == "error"]
    assert [(p["code"], p["place"]) for p in roots] == [(code, place)]
    assert said in roots[0]["message"]
    following = [p for p in told["problems"] if p["cause"]]
    assert {p["cause"] for p in following} == {place}
    assert told["errors"] == 1
    assert told["consequences"] == len(following) >= 2


def test_what_follows_stands_below_on_the_screen_and_is_marked_in_the_copy(tmp_path: Path) -> None:
    path = spoilt(without_id, tmp_path)
    shown = CliRunner().invoke(cli, ["check", str(path), "--language", "en"]).stdout.splitlines()
    at = next(n for n, line in enumerate(shown) if f"{PROCESSES}!A4" in line)
    assert "also, because of it" in shown[at + 1]
    assert "Dòng!E4" in shown[at + 1]
    assert any(line.startswith("Errors: 1. Warnings:") for line in shown)
    copy_ = load_workbook(tmp_path / "p.checked.xlsx")
    assert "Because of Quá trình!A4" in copy_[FLOWS]["E4"].comment.text
    listed = [copy_.worksheets[0].cell(row, 2).value for row in (6, 7)]
    assert listed == [f"{PROCESSES}!A4", "Dòng!E4"]


def test_of_two_lost_ids_none_is_guessed(tmp_path: Path) -> None:
    path = spoilt(two_without_id, tmp_path)
    told = json.loads(CliRunner().invoke(cli, ["check", str(path), "--json"]).stdout)
    roots = [p["place"] for p in told["problems"] if not p["cause"] and p["severity"] == "error"]
    assert roots == [f"{PROCESSES}!A3", f"{PROCESSES}!A4"]
