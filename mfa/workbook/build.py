"""From raw tables to a `mfa.model.system.System`, with every problem at its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa.errors import Problem
from mfa.locale import N_
from mfa.workbook.build_data import (
    add_observations,
    add_parameters,
    add_relations,
    add_sources,
    report_doubles,
)
from mfa.workbook.build_plans import add_interventions
from mfa.workbook.build_views import add_views
from mfa.workbook.case_settings import system_of_case
from mfa.workbook.causes import with_causes
from mfa.workbook.checks import Checked, check_cells
from mfa.workbook.fields import limits, names_of, reported
from mfa.workbook.pinpoint import system_problems
from mfa.workbook.problems import warning
from mfa.workbook.raw import RawTables
from mfa.workbook.schema import SHEETS

if TYPE_CHECKING:
    from mfa.model.system import System


def build_system(tables: RawTables) -> tuple[System, list[Problem]]:
    """Build the system that `tables` describe.

    What is wrong is left out of the system and reported; nothing stops at the first problem.

    Parameters
    ----------
    tables
        From `mfa.workbook.read.read_workbook` or `mfa.formats.tables.read_tables`.

    Returns
    -------
    System
        What could be built. Not to be balanced while there are errors.
    list of Problem
        Those of reading, of single cells and of the system as a whole, in the order of the sheets
        and rows. Errors have the severity ``"error"``, doubts ``"warning"``.
    """
    checked = Checked.of(tables)
    system = system_of_case(checked)
    check_cells(checked)
    add_sources(checked, system)
    _add_processes(checked, system)
    _add_layers(checked, system)
    _add_materials(checked, system)
    _add_flows(checked, system)
    _add_stocks(checked, system)
    add_parameters(checked, system)
    add_observations(checked, system)
    report_doubles(checked)
    add_relations(checked, system)
    add_interventions(checked, system)
    add_views(checked, system)
    _report_unused(checked)
    found = [*checked.problems, *system_problems(checked, system)]
    order = _order(tables)
    problems = with_causes(checked, sorted([*found, *checked.left_out()], key=order))
    return system, sorted(problems, key=order)


def _order(tables: RawTables) -> Any:
    """Return the key that sorts problems by table, row and column; those of the file come first."""
    from mfa.workbook.xlsx import column_number

    first = [rows[0].place for s in SHEETS if (rows := tables[s.name])]
    ranks = {place.sheet or place.file: rank for rank, place in enumerate(first, start=1)}

    def key(problem: Problem) -> tuple[int, int, int]:
        place = problem.place
        if place is None or (place.row is None and not place.cell):
            return (0, 0, 0)
        rank = ranks.get(place.sheet or place.file, 0)
        column = place.cell.rstrip("0123456789")
        digits = place.cell[len(column) :]
        return (rank, place.row or int(digits or 0), column_number(column))

    return key


def _add_processes(checked: Checked, system: System) -> None:
    for row in checked.tables["processes"]:
        identifier = checked.text(row, "id")
        if identifier:
            system.process(
                identifier,
                sector=checked.text(row, "sector"),
                stage=checked.text(row, "stage"),
                boundary=checked.text(row, "boundary") or "inside",
                balance=checked.text(row, "balance") != "no",
                **names_of(checked, row),
            )


def _add_layers(checked: Checked, system: System) -> None:
    for row in checked.tables["layers"]:
        identifier = checked.text(row, "id")
        if identifier:
            system.layer(identifier, checked.text(row, "unit"), **names_of(checked, row))


def _add_materials(checked: Checked, system: System) -> None:
    numbers = ("moisture", "density", "calorific_value", "carbon_content")
    for row in checked.tables["materials"]:
        identifier = checked.text(row, "id")
        if identifier:
            system.material(
                identifier,
                parent=checked.text(row, "parent"),
                mf_code=checked.text(row, "mf_code"),
                **{name: checked.number(row, name) for name in numbers},
                **names_of(checked, row),
            )


def _add_flows(checked: Checked, system: System) -> None:
    for row in checked.tables["flows"]:
        bounds = limits(checked, row, 0.0)
        identifier = checked.text(row, "id")
        source, target = checked.text(row, "source"), checked.text(row, "target")
        if identifier and source and target:
            texts = ("material", "unit", "role", "period", "region")
            system.flow(
                identifier,
                source,
                target,
                layer=checked.text(row, "layer") or "goods",
                **{name: checked.text(row, name) for name in texts},
                **bounds,
                **names_of(checked, row),
            )


def _add_stocks(checked: Checked, system: System) -> None:
    for row in checked.tables["stocks"]:
        bounds = limits(checked, row, 0.0)
        identifier, process = checked.text(row, "id"), checked.text(row, "process")
        if identifier and process:
            with reported(checked, row, "unit"):
                system.stock(
                    identifier,
                    process,
                    layer=checked.text(row, "layer") or "goods",
                    material=checked.text(row, "material"),
                    unit=checked.text(row, "unit"),
                    **bounds,
                    **names_of(checked, row),
                )


def _report_unused(checked: Checked) -> None:
    """Warn of materials that no flow or stock carries and that have no kinds below them."""
    used = {row.text("material") for name in ("flows", "stocks") for row in checked.tables[name]}
    used |= {row.text("parent") for row in checked.tables["materials"]}
    message = N_("The material “{id}” is not used by any flow or stock.")
    for row in checked.tables["materials"]:
        name = checked.text(row, "id")
        if name and name not in used:
            checked.report(warning("material-unused", message, id=name), row, "id")
