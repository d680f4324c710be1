"""Native charts of the workbook, drawn from the cells of their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mfa.report.figures import CLASS_COLOURS

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

    from mfa.report.xlsx import Placed

CHART_ROWS = 26  # rows of a sheet that a chart below its table takes
CHARTED = ("ew-de", "ew-imports", "ew-exports", "ew-dmc")


def _rows(placed: Placed, anchors: tuple[str, ...]) -> list[int]:
    """Return the rows of the sheet with one of the anchors, in order."""
    rows = placed.tables[0].rows
    return [placed.row(k) for k, row in enumerate(rows) if row.anchor in anchors]


def economy(workbook: Workbook, sheet: Worksheet, placed: Placed) -> None:
    """Stacked bars of extraction, imports, exports and consumption by class of material."""
    rows = _rows(placed, CHARTED)
    names = [lane for lane in range(len(placed.lanes)) if placed.lanes[lane].column == 0]
    keys = [placed.tables[0].columns[lane.column].key for lane in placed.lanes]
    columns = [number for number, key in enumerate(keys) if key in CLASS_COLOURS]
    if not rows or not columns:
        return
    chart = workbook.add_chart({"type": "bar", "subtype": "stacked"})
    for column in columns:
        chart.add_series(
            {
                "name": _heading(placed, column),
                "categories": _cells(placed.sheet, rows, names[0]),
                "values": _cells(placed.sheet, rows, column),
                "fill": {"color": CLASS_COLOURS[keys[column]]},
                "gap": 60,
            }
        )
    _finish(chart, placed)
    sheet.insert_chart(placed.row(len(placed.tables[0].rows)) + 2, 0, chart)


def adjustments(workbook: Workbook, sheet: Worksheet, placed: Placed) -> None:
    """Bars of the adjustments in σ."""
    count = len(placed.tables[0].rows)
    columns = placed.tables[0].columns
    column = next(k for k, lane in enumerate(placed.lanes) if columns[lane.column].key == "move")
    chart = workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": _heading(placed, column),
            "categories": [placed.sheet, placed.row(0), 0, placed.row(count - 1), 0],
            "values": [placed.sheet, placed.row(0), column, placed.row(count - 1), column],
            "fill": {"color": "#3B8FB0"},
            "gap": 40,
        }
    )
    chart.set_legend({"none": True})
    _finish(chart, placed)
    sheet.insert_chart(placed.row(count) + 2, 0, chart)


def _cells(sheet: str, rows: list[int], column: int) -> str:
    """Return a reference to single cells of a column."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    quoted = sheet.replace("'", "''")
    cells = (xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True) for row in rows)
    return "=(" + ",".join(f"'{quoted}'!{cell}" for cell in cells) + ")"


def _heading(placed: Placed, lane: int) -> str:
    """Return the heading of a lane in all languages."""
    column = placed.lanes[lane].column
    return " / ".join(dict.fromkeys(table.columns[column].title for table in placed.tables))


def _finish(chart: object, placed: Placed) -> None:
    title = " – ".join(dict.fromkeys(table.title for table in placed.tables))
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_size({"width": 900, "height": 420})


CHARTS: Mapping[str, Callable[[Workbook, Worksheet, Placed], None]] = MappingProxyType(
    {"ew": economy, "adjustments": adjustments}
)
