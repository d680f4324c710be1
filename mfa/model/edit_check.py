"""What is wrong with an intervention, each problem with the column it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mfa.errors import InputError, Problem, UnitError, Word
from mfa.locale import N_
from mfa.model.intervention import ACTIONS, Intervention
from mfa.model.names import quantity_names, unknown
from mfa.model.relation import Name, parse_expression, walk

if TYPE_CHECKING:
    from mfa.model.system import System
    from mfa.units import Dimension

SHOWN = 5
NARROW = 0.05
"""σ of an assumption as a share of its value, below which it is hardly one."""
Found = Iterator[tuple[str, Problem]]


def find_problems(system: System, item: Intervention) -> Found:
    """Yield the column and the problem for all that is wrong or doubtful in an intervention."""
    if item.action not in ACTIONS:
        message = N_("“{action}” is no action. There are: {known}.")
        values = {"action": item.action, "known": ", ".join(ACTIONS)}
        yield "action", Problem("intervention-action", message, values)
        return
    wrong = list(_quantity(system, item))
    yield from wrong
    yield from _value(system, item)
    if not wrong:
        yield from _unit(system, item)
        yield from _where(system, item)
        yield from _data(system, item)


def _bare(item: Intervention) -> str:
    return item.quantity.strip().strip('"`')


def _quantity(system: System, item: Intervention) -> Found:
    """Yield unknown names, and formulas where one quantity is meant."""
    known = quantity_names(system)
    if _bare(item) in known:
        return
    try:
        names = _names_of(item.quantity)
    except InputError as refusal:
        yield from (("quantity", problem) for problem in refusal.problems)
        return
    lost = [name for name in names if name not in known]
    for name in lost:
        yield "quantity", unknown("unknown-quantity", Word("quantity"), name, known, None)
    if not lost and item.action != "release":
        message = N_(
            "“{quantity}” is a formula. Only one flow, stock or parameter can be edited; a sum can "
            "be released."
        )
        yield "quantity", Problem("intervention-formula", message, {"quantity": item.quantity})


def _names_of(formula: str) -> list[str]:
    return [node.id for node in walk(parse_expression(formula)) if isinstance(node, Name)]


def _value(system: System, item: Intervention) -> Found:
    if item.action == "release":
        if item.value is not None:
            message = N_("“release” drops the figures and takes no value. Empty the cell, or write "
                         "“set”.")  # fmt: skip
            yield "value", Problem("intervention-value", message)
        return
    if item.value is None:
        message = N_("The action “{action}” needs a value.")
        yield "value", Problem("intervention-value", message, {"action": item.action})
        return
    lower = _lower(system, _bare(item))
    if item.value < 0 and item.action != "add" and lower is not None and lower >= 0:
        message = N_("The value {value} is negative, but “{quantity}” cannot be.")
        values = {"value": f"{item.value:g}", "quantity": item.quantity}
        yield "value", Problem("negative-value", message, values)
    narrow = 0 < item.sd < NARROW * abs(item.value) or (item.sd == 0 and item.value != 0)
    if item.source == "assumption" and narrow:
        message = N_(
            "An assumption as sure as this is hardly one: state a wider uncertainty, or name the "
            "source."
        )
        yield "uncertainty", Problem("assumption-narrow", message, {}, severity="warning")


def _lower(system: System, name: str) -> float | None:
    for table in (system.flows, system.stocks, system.parameters):
        if name in table:
            return table[name].lower
    return None


def _unit(system: System, item: Intervention) -> Found:
    """Yield units of another dimension than the quantity’s, and factors with a dimension."""
    if item.action == "release" or item.unit is None:
        return
    try:
        given = _dimension(item.unit)
    except UnitError as refusal:
        yield from (("unit", problem) for problem in refusal.problems)
        return
    if item.action == "multiply":
        if given != _dimension(""):
            message = N_("A factor is a plain number or a share in %, not {unit}.")
            yield "unit", Problem("intervention-unit", message, {"unit": item.unit})
        return
    wanted = system._unit_of(item.quantity)
    if given != _dimension(wanted):
        message = N_("“{quantity}” is counted in {wanted}; {unit} is something else.")
        values = {"quantity": item.quantity, "wanted": wanted or "1", "unit": item.unit}
        yield "unit", Problem("intervention-unit", message, values)


def _dimension(unit: str) -> Dimension:
    from mfa.units import parse_unit

    return parse_unit(unit).dimension


def _where(system: System, item: Intervention) -> Found:
    """Yield labels that the quantity does not have, or that must be given."""
    name = _bare(item)
    if item.region and item.region not in system.regions:
        yield "region", unknown("unknown-region", Word("region"), item.region, system.regions, None)
    alone = name in system.parameters and len(system.periods) > 1
    if alone and item.period and not any(_labels(system, name, "period")):
        message = N_("“{quantity}” holds in all periods alike; leave the period empty.")
        yield "period", Problem("intervention-period", message, {"quantity": item.quantity})
    if item.action != "set" or item.region or len(system.regions) == 1:
        return
    if name not in system.parameters or any(_labels(system, name, "region")):
        message = N_("Say in which region “{quantity}” is set. There are: {known}.")
        values = {"quantity": item.quantity, "known": ", ".join(system.regions)}
        yield "region", Problem("intervention-region", message, values)


def _labels(system: System, name: str, which: str) -> list[str]:
    table = system.parameters
    return table.column(which)[table.column("id") == name].tolist()


def _data(system: System, item: Intervention) -> Found:
    """Yield edits of figures that are not there, and additions to products."""
    from mfa.model.editing import matching

    table = system.observations
    columns = {name: table.column(name) for name in ("quantity", "period", "region")}
    found = matching(columns, item).nonzero()[0]
    if item.action == "add":
        products = [table.row(int(i)).id for i in found if table.row(int(i)).factor]
        if products:
            message = N_(
                "“{quantity}” is given times a factor ({ids}), to which nothing can be added. Use "
                "set or multiply."
            )
            values = {"quantity": item.quantity, "ids": ", ".join(products[:SHOWN])}
            yield "action", Problem("intervention-factor", message, values)
    if item.action == "set" or len(found):
        return
    yield "quantity", _nothing_there(system, item)


def _nothing_there(system: System, item: Intervention) -> Problem:
    """Return the problem that a quantity has no figure of its own, and where it stands instead."""
    table, name = system.observations, _bare(item)
    sums = [
        table.row(row).id
        for row, text in enumerate(table.column("quantity").tolist())
        if text != name and name in text and name in _names_of(text)
    ]
    values = {"quantity": item.quantity, "ids": ", ".join(sums[:SHOWN])}
    if sums:
        message = N_(
            "“{quantity}” has no figure of its own here; it stands in sums ({ids}). Set it, or "
            "release the sum as it is written there."
        )
        return Problem("intervention-sum", message, values)
    message = N_(
        "“{quantity}” has no figure here: it follows from others. Set it, or edit the figures it "
        "follows from."
    )
    return Problem("intervention-nothing", message, values)
