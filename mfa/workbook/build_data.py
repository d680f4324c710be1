"""Parameters, observations, relations and sources of the system, from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.locale import N_
from mfa.workbook.checks import Checked, opening, unknown
from mfa.workbook.fields import check_interval, limits, names_of, provenance, reported
from mfa.workbook.formulas import usable
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Row

if TYPE_CHECKING:
    from mfa.model.quantity import Flow, Stock
    from mfa.model.system import System


def add_sources(checked: Checked, system: System) -> None:
    """Add the rows of the table of sources."""
    fields = ("title", "publisher", "year", "url", "quote", "scope", "type", "confidence", "note")
    for row in checked.tables["sources"]:
        identifier = checked.text(row, "id")
        if identifier:
            texts = {name: checked.text(row, name) for name in fields}
            system.source(identifier, place=row.at("id"), **texts)


def add_parameters(checked: Checked, system: System) -> None:
    """Add the parameters; one with a value is an observation of itself."""
    for row in checked.tables["parameters"]:
        value = checked.number(row, "value")
        bounds = limits(checked, row, None)
        observed = {} if value is None else provenance(checked, row)
        identifier = checked.text(row, "id")
        if value is not None:
            _check_parameter(checked, row, value, bounds)
        if not identifier:
            continue
        with reported(checked, row, "uncertainty"):
            system.parameter(
                identifier,
                value=value,
                uncertainty=checked.text(row, "uncertainty"),
                observed=observed,
                unit=checked.text(row, "unit") or None,
                period=checked.text(row, "period"),
                region=checked.text(row, "region"),
                **bounds,
                **names_of(checked, row),
            )


def _check_parameter(
    checked: Checked, row: Row, value: float, bounds: dict[str, float | None]
) -> None:
    check_interval(checked, row, value)
    lower, upper = bounds["lower"], bounds["upper"]
    if (lower is not None and value < lower) or (upper is not None and value > upper):
        message = N_("The value {value} lies outside its own limits.")
        checked.report(error("outside-limits", message, value=f"{value:g}"), row, "value")
    elif checked.text(row, "unit") == "%" and upper is None and not -100 <= value <= 100:
        message = N_(
            "{value} % is more than the whole. If that is meant, give an upper limit; else correct "
            "the value or its unit."
        )
        checked.report(warning("above-hundred", message, value=f"{value:g}"), row, "value")


def add_observations(checked: Checked, system: System) -> None:
    """Add the observations whose quantity exists and whose value can be read."""
    things: dict[str, Flow | Stock | None] = {}
    for row in checked.tables["observations"]:
        value = checked.number(row, "value")
        observed = provenance(checked, row)
        quantity, factor = checked.text(row, "quantity"), checked.text(row, "factor")
        fine = bool(quantity) and usable(checked, system, row, "quantity", relation=False)
        if factor:
            fine = usable(checked, system, row, "factor", relation=False) and fine
        if value is None or not fine:
            continue
        if quantity not in things:
            things[quantity] = system.flows.get(quantity) or system.stocks.get(quantity)
        _check_observation(checked, system, row, value, things[quantity])
        if checked.bad(row, "value") or checked.bad(row, "unit"):
            continue
        with reported(checked, row, "uncertainty"):
            system.observe(
                quantity,
                value,
                unit=checked.text(row, "unit") or None,
                factor=factor,
                uncertainty=checked.text(row, "uncertainty"),
                id=checked.text(row, "id"),
                period=checked.text(row, "period"),
                region=checked.text(row, "region"),
                **observed,
            )


def _check_observation(
    checked: Checked, system: System, row: Row, value: float, record: Flow | Stock | None
) -> None:
    """Report a negative amount of what cannot be negative, and labels that do not fit."""
    check_interval(checked, row, value)
    quantity, layer = checked.text(row, "quantity"), checked.text(row, "layer")
    period = checked.text(row, "period")
    early = bool(period) and checked.periods and period == opening(checked.periods[0])
    if early and (quantity in system.flows or quantity in system.parameters):
        checked.report(unknown("periods", period, checked.periods), row, "period")
    if record is None:
        return
    if value < 0 and record.lower is not None and record.lower >= 0:
        message = N_(
            "The value {value} is negative, but “{quantity}” cannot be. Turn the flow round, or "
            "give it a negative lower limit."
        )
        problem = error("negative-value", message, value=f"{value:g}", quantity=quantity)
        checked.report(problem, row, "value")
    if layer and layer != record.layer:
        message = N_("“{quantity}” belongs to the layer “{other}”, not “{layer}”.")
        values = {"quantity": quantity, "other": record.layer, "layer": layer}
        checked.report(error("other-layer", message, **values), row, "layer")


_SAME = ("quantity", "value", "unit", "factor", "source", "figure", "period", "region", "year")


def report_doubles(checked: Checked) -> None:
    """Warn of observations that say the same as one above: they would count twice."""
    seen: dict[tuple[object, ...], Row] = {}
    message = N_(
        "The row says the same as {other} and would count twice. Delete one of them, or name the "
        "source of each."
    )
    for row in checked.tables["observations"]:
        cells = row.cells
        key = tuple(cells[c].value if c in cells else None for c in _SAME)
        if key[0] is None or key[1] is None:
            continue
        first = seen.setdefault(key, row)
        if first is not row:
            values = {"other": str(first.at("quantity"))}
            checked.report(warning("double-row", message, **values), row, "quantity")


def add_relations(checked: Checked, system: System) -> None:
    """Add the relations that can be read and whose names exist."""
    for row in checked.tables["relations"]:
        identifier, formula = checked.text(row, "id"), checked.text(row, "formula")
        if not formula or not usable(checked, system, row, "formula", relation=True):
            continue
        if identifier:
            system.relate(
                formula,
                id=identifier,
                period=checked.text(row, "period"),
                region=checked.text(row, "region"),
                source=checked.text(row, "source"),
                **names_of(checked, row, "formula"),
            )
