"""Put the problems of the system as a whole at the cell that causes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mfa.errors import Problem
from mfa.workbook.checks import Checked
from mfa.workbook.raw import Row

if TYPE_CHECKING:
    from mfa.model.system import System

_COLUMNS = {
    "wrong-dimension": ("unit", "quantity"),
    "wrong-dimension-sum": ("formula", "factor", "quantity"),
    "unit-missing": ("unit",),
    "unit-of-layer": ("unit",),
    "empty-sum": ("formula", "quantity"),
    "flow-to-itself": ("target",),
    "material-loop": ("parent",),
    "unknown-label": ("formula", "quantity"),
}
"""Code of a problem → the columns in which it may stand, the likeliest first."""
_LOOSE = ("process-unused", "process-one-sided", "empty-sum")


def system_problems(checked: Checked, system: System) -> Iterator[Problem]:
    """Yield what `System.check` finds that no cell alone could show, each at its cell.

    What is only a consequence of a row that was left out is not reported.
    """
    found = list(system.check())
    if not found:
        return
    rows = _rows_by_place(checked)
    reported = {(p.code, str(p.place)) for p in checked.problems}
    broken = _processes_of_broken_flows(checked, system)
    for problem in found:
        row = rows.get(str(problem.place))
        named = problem.values.get("name" if problem.code == "empty-sum" else "id")
        if problem.code in _LOOSE and named in broken:
            continue
        if row is not None:
            problem = replace(problem, place=row.at(_column(problem, row)))
        if (problem.code, str(problem.place)) not in reported:
            yield problem


def _rows_by_place(checked: Checked) -> dict[str, Row]:
    """Return the place of each row's filled cells, as text → the row."""
    found: dict[str, Row] = {}
    for rows in checked.tables.values():
        for row in rows:
            found |= {str(cell.place): row for cell in row.cells.values()}
    return found


def _column(problem: Problem, row: Row) -> str:
    """Return the column of `row` that a problem is about."""
    wanted = _COLUMNS.get(problem.code, ())
    for column in wanted:
        if column in row.cells:
            return column
    name = str(problem.values.get("name", ""))
    for column, cell in row.cells.items():
        if name and cell.value == name and column != "id":
            return column
    return next((c for c in (*wanted, "id") if c in row.layout), next(iter(row.cells)))


def _processes_of_broken_flows(checked: Checked, system: System) -> set[str]:
    """Return the processes named by flow or stock rows that did not make it into the system."""
    # A process that was misspelt there is meant all the same.
    found = {str(p.values["near"]) for p in checked.problems if "near" in p.values}
    for table, columns in (("flows", ("source", "target")), ("stocks", ("process",))):
        for row in checked.tables[table]:
            if row.text("id") not in getattr(system, table) or checked.bad(row, "id"):
                found |= {row.text(column) for column in columns}
    return found
