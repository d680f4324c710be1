"""Interventions of the system, from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.locale import N_
from mfa.model.edit_check import find_problems
from mfa.model.intervention import RESERVED
from mfa.workbook.checks import Checked
from mfa.workbook.fields import ASSUMPTION, reported
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Row
from mfa.workbook.text import key_of

if TYPE_CHECKING:
    from mfa.model.intervention import Intervention
    from mfa.model.system import System


def add_interventions(checked: Checked, system: System) -> None:
    """Add the interventions that can be read, and report what does not fit the data."""
    seen: dict[tuple[str, ...], Row] = {}
    for row in checked.tables["interventions"]:
        _check_name(checked, row)
        _check_twice(checked, row, seen)
        _check_source(checked, row)
        item = _intervention(checked, system, row)
        if item is None:
            continue
        for column, problem in find_problems(system, item):
            # What a cell alone shows has been said there.
            if not checked.bad(row, column):
                checked.report(problem, row, column)
        _check_layer(checked, system, row)


def _intervention(checked: Checked, system: System, row: Row) -> Intervention | None:
    """Add and return the intervention of a row; None where an essential cell is missing or bad."""
    needed = {name: checked.text(row, name) for name in ("id", "scenario", "quantity", "action")}
    if not all(needed.values()):
        return None
    value = checked.number(row, "value")
    if value is None and checked.bad(row, "value"):
        return None
    names = ("scenario_name_en", "scenario_name_vi", "source", "year", "region", "layer", "note")
    with reported(checked, row, "unit" if checked.bad(row, "unit") else "uncertainty"):
        return system.intervene(
            needed["scenario"],
            needed["quantity"],
            needed["action"],
            value,
            id=needed["id"],
            unit=checked.text(row, "unit") or None,
            uncertainty=checked.text(row, "uncertainty") if value is not None else "",
            period=checked.text(row, "period"),
            place=row.at("quantity"),
            **{name: checked.text(row, name) for name in names},
        )
    return None


def _check_name(checked: Checked, row: Row) -> None:
    name = row.text("scenario")
    if key_of(name) in {key_of(word) for word in RESERVED}:
        message = N_("“{name}” means the case as it is, or all scenarios. Choose another name.")
        checked.report(error("scenario-reserved", message, name=name), row, "scenario")
    elif "," in name:
        message = N_("The name of a scenario has no comma: lists of scenarios are written with it.")
        checked.report(error("scenario-comma", message), row, "scenario")


def _check_twice(checked: Checked, row: Row, seen: dict[tuple[str, ...], Row]) -> None:
    """Report a quantity that a scenario edits twice, so that it is open which counts."""
    key = tuple(row.text(name) for name in ("scenario", "quantity", "period", "region"))
    if not all(key[:2]):
        return
    first = seen.setdefault(key, row)
    if first is not row:
        message = N_(
            "The scenario edits “{quantity}” at {other} already. Write it in one row, or in two "
            "scenarios."
        )
        values = {"quantity": key[1], "other": str(first.at("quantity"))}
        checked.report(error("double-intervention", message, **values), row, "quantity")


def _check_source(checked: Checked, row: Row) -> None:
    """Warn of an edit without source or reason, and of a value set without uncertainty."""
    source, note = checked.text(row, "source"), checked.text(row, "note")
    action = checked.text(row, "action")
    if action == "release":
        if not source and not note:
            message = N_("Say in the note why the figure no longer holds.")
            checked.report(warning("release-without-note", message), row, "note")
        return
    if not source and not checked.bad(row, "source"):
        message = N_(
            "The value has no source. Name one of the sheet Sources, or write assumption and say "
            "why in the note."
        )
        checked.report(warning("missing-source", message), row, "source")
    if source == ASSUMPTION and not note:
        message = N_("The value is an assumption; say in the note what it rests on.")
        checked.report(warning("assumption-without-note", message), row, "note")
    if action == "set" and checked.number(row, "value") and not row.text("uncertainty"):
        message = N_("No uncertainty is given; 30 % of the value is taken.")
        checked.report(warning("no-quality", message), row, "uncertainty")


def _check_layer(checked: Checked, system: System, row: Row) -> None:
    quantity, layer = checked.text(row, "quantity"), checked.text(row, "layer")
    base = quantity.removesuffix(".change")
    record = system.flows.get(quantity) or system.stocks.get(base)
    if record and layer and layer != record.layer:
        message = N_("“{quantity}” belongs to the layer “{other}”, not “{layer}”.")
        values = {"quantity": quantity, "other": record.layer, "layer": layer}
        checked.report(error("other-layer", message, **values), row, "layer")
