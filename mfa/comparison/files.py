"""A comparison as a file: table or picture."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Problem
from mfa.files import replace_file
from mfa.formats.account import CREATED, plain, records
from mfa.sankey.files import WRITERS

if TYPE_CHECKING:
    import pandas as pd

    from mfa.comparison import Comparison

SUFFIXES = (".csv", ".xlsx", ".json", *WRITERS)
"""What the name of a comparison's file may end in."""
_COLOURS = {"higher": "#f6d5bd", "lower": "#c9e0f0"}


def write_comparison(comparison: Comparison, path: Path, language: str) -> Path:
    """Write `comparison`; see `Comparison.save`."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            [
                Problem(
                    "comparison-suffix",
                    "A comparison cannot be written as “{name}”. The name must end in one of "
                    "{suffixes}.",
                    {"name": path.name, "suffixes": ", ".join(SUFFIXES)},
                )
            ]
        )
    if suffix in WRITERS:
        views = comparison.b.account.system.views
        picture = comparison.sankey(next(iter(views), None), language)
        data = picture.data(suffix)
    elif suffix == ".csv":
        data = comparison.table.to_csv(index=False, lineterminator="\n").encode("utf-8")
    elif suffix == ".json":
        text = json.dumps(comparison_record(comparison), ensure_ascii=False, indent=1)
        data = (text + "\n").encode("utf-8")
    else:
        data = _xlsx(comparison)
    replace_file(path, data)
    return path


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for programs: both sides, counts by verdict, and all rows."""
    counts = comparison.quantities["verdict"].value_counts()
    return {
        name: {
            "title": side.account.system.title("en"),
            "period": side.period,
            "scenario": side.account.scenario,
            "stamp": plain(side.account.stamp),
        }
        for name, side in (("a", comparison.a), ("b", comparison.b))
    } | {
        "independent": comparison.independent,
        "counts": {key: int(counts[key]) for key in sorted(counts.index)},
        "indicators": records(comparison.indicators),
        "quantities": records(comparison.quantities),
    }


def _xlsx(comparison: Comparison) -> bytes:
    from xlsxwriter import Workbook

    stream = BytesIO()
    with Workbook(stream, {"in_memory": True, "strings_to_urls": False}) as book:
        book.set_properties({"created": CREATED})
        for name in ("indicators", "quantities"):
            _sheet(book, name, getattr(comparison, name))
    return stream.getvalue()


def _sheet(book: Any, name: str, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bottom": 1})
    fills = {key: book.add_format({"bg_color": colour}) for key, colour in _COLOURS.items()}
    for column, title in enumerate(frame.columns):
        sheet.write_string(0, column, title, head)
    for number, row in enumerate(records(frame), start=1):
        fill = fills.get(str(row["verdict"]))
        for column, value in enumerate(row.values()):
            if isinstance(value, float | int):
                sheet.write_number(number, column, value, fill)
            else:
                sheet.write_string(number, column, str(value or ""), fill)
    sheet.set_column(0, len(frame.columns) - 1, 13)
    sheet.freeze_panes(1, 2)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
