"""Small systems and files that the tests of the bridges share."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mfa
from mfa.formats.converted import Converted, Loss


def mills() -> mfa.System:
    """Return two years of a mill: bounds, a relation, a stock, a process outside."""
    s = mfa.System("Two mills", unit="t/year", periods=["2022", "2023"])
    s.process("mill", name_en="Rice mill")
    s.process("market", name_en="Market", balance=False)
    s.process("silo_owner", name_en="Silo")
    s.flow("paddy", "import", "silo_owner", name_en="Paddy")
    s.flow("stored", "silo_owner", "mill", name_en="From the silo", upper=500)
    s.flow("rice", "mill", "market", name_en="Rice", lower=10)
    s.flow("husk", "mill", "export", name_en="Husk")
    s.flow("eaten", "market", "environment", name_en="Eaten")
    s.stock("silo", "silo_owner")
    s.source("book", title="Yearbook")
    for period, paddy, rice in (("2022", 100, 60), ("2023", 110, 70)):
        s.observe("paddy", paddy, sd=5, period=period, source="book")
        s.observe("rice", rice, uncertainty="10 %", period=period, note="weighed")
    s.observe("silo.change", 4, sd=1, period="2023")
    s.relate("husk = 0.2 * stored", id="husk_share")
    return s


def simple(**values: float) -> mfa.System:
    """Return a system of one process with flows in and out, observed as given."""
    s = mfa.System("Simple", unit="t/year")
    s.process("mill", name_en="Mill")
    s.flow("paddy", "import", "mill", name_en="Paddy")
    s.flow("rice", "mill", "export", name_en="Rice")
    for name, value in values.items():
        s.observe(name, value, sd=abs(value) / 10)
    return s


def book(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """Write a workbook of plain cells."""
    from xlsxwriter import Workbook

    with Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as out:
        for title, rows in sheets.items():
            page = out.add_worksheet(title)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def json_file(path: Path, content: object, *, packed: bool = False) -> Path:
    """Write JSON, perhaps compressed."""
    data = json.dumps(content).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def rows(converted: Converted, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values."""
    return converted.tables.plain().get(table, [])


def codes(losses: Sequence[Loss]) -> set[str]:
    """Return the codes of losses."""
    return {loss.code for loss in losses}


def loss(losses: Sequence[Loss], code: str) -> Loss:
    """Return the one loss with a code."""
    found = [item for item in losses if item.code == code]
    assert len(found) == 1, [item.text() for item in losses]
    return found[0]


def observed(system: mfa.System) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (quantity, period) → (value, σ) of the observations in the unit of the quantity."""
    return {(o.quantity, o.period): (o.value, o.sd) for o in system.observations.rows()}


def alike(
    first: Mapping[Any, tuple[float, float]] | Sequence[tuple[float, float]],
    second: Mapping[Any, tuple[float, float]] | Sequence[tuple[float, float]],
) -> bool:
    """Return whether two sets of (value, σ) are the same but for the last digits, in any order."""
    one, two = (sorted(map(_rounded, _pairs(part))) for part in (first, second))
    assert len(one) == len(two), (one, two)
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
        for left, right in zip(one, two, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def _pairs(
    given: Mapping[Any, tuple[float, float]] | Sequence[tuple[float, float]],
) -> Sequence[tuple[float, float]]:
    return list(given.values()) if isinstance(given, Mapping) else given


def _rounded(pair: tuple[float, float]) -> tuple[float, float]:
    """Let the order of two pairs not hang on the last digit of their values."""
    return float(f"{pair[0]:.12g}"), float(f"{pair[1]:.12g}")
