"""Names that look like formulas, markup or commands: no writer lets them act."""

from __future__ import annotations

import csv
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from mfa.case import open_case
from mfa.convert import convert
from mfa.formats.tables import write_tables

EVIL = (
    "=cmd|'/C calc'!A0", "+1", "@x", "-2+3", "</script><script>alert(1)</script>",
    '#import "x"', "$x$", "*a*", "_b_", "{{7*7}}", "{% raw %}", "%HUE%", "\u202eabc", "<!--", "]]>",
    "'\"><img src=x onerror=alert(1)>", "`r`", "\\n", "&lt;b&gt;", "${x}",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of processes with such names, with such titles, notes and sources."""
    path = tmp_path_factory.mktemp("evil")
    ends = ["import", *(f"p{n}" for n in range(len(EVIL))), "export"]
    flows = [
        {"id": f"f{n}", "name_en": EVIL[n % len(EVIL)], "source": a, "target": b, "material": "m"}
        for n, (a, b) in enumerate(pairwise(ends))
    ]
    tables = {
        "case": [{"key": "title_en", "value": EVIL[4]}, {"key": "author", "value": EVIL[0]}],
        "processes": [{"id": f"p{n}", "name_en": name} for n, name in enumerate(EVIL)],
        "materials": [{"id": "m", "name_en": EVIL[15]}],
        "flows": flows,
        "sources": [{"id": "s", "title": EVIL[0], "url": "javascript:alert(1)"}],
        "observations": [{"id": "o", "quantity": "f0", "value": 10.0, "unit": "t/year",
                          "uncertainty": "10 %", "source": "s", "note": EVIL[0]}],
    }  # fmt: skip
    write_tables(tables, path / "tables")
    return path


def formulas(path: Path) -> list[str]:
    """Return the formulas of a workbook, and the targets of its links."""
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(n).decode() for n in archive.namelist() if "worksheets/" in n]
    found = [m for text in sheets for m in re.findall(r"<f[^>]*>([^<]*)</f>", text)]
    return found + [m for text in sheets for m in re.findall(r'Target="([^"]*)"', text)]


@pytest.mark.parametrize("to", ["workbook", "opensankey-workbook", "results"])
def test_workbooks_hold_no_formula_of_theirs(folder: Path, to: str) -> None:
    path = folder / f"{to}.xlsx"
    if to == "results":
        open_case(folder / "tables").write_account(path)
    else:
        convert(folder / "tables", path, to=to, language="en")
    acting = re.compile(r"cmd|calc|onerror|javascript|alert|^1$|^x$|2\+3")
    assert [text for text in formulas(path) if acting.search(text)] == []


@pytest.mark.parametrize("to", ["flow-list", "metabolism"])
def test_lists_hold_no_formula(folder: Path, to: str) -> None:
    convert(folder / "tables", folder / f"{to}.csv", to=to, language="en")
    with (folder / f"{to}.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    number = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
    assert [c for c in cells if c[:1] in "=+-@\t\r" and c and not number.fullmatch(c)] == []


def test_pictures_hold_no_markup(folder: Path) -> None:
    svg = open_case(folder / "tables").sankey(None, "en").svg
    assert "<script>alert" not in svg
    assert "<img" not in svg
    assert "\u202e" not in svg
    assert "&lt;script&gt;alert(1)" in svg, "the name itself is shown"


def test_text_for_sankeymatic_is_read_as_it_was_meant(folder: Path) -> None:
    from mfa.formats.sankeymatic import parse_sankeymatic

    convert(folder / "tables", folder / "a.txt", language="en")
    diagram = parse_sankeymatic((folder / "a.txt").read_text(encoding="utf-8"))
    assert len(diagram.flows) == len(EVIL) + 1
    assert diagram.unread == []
