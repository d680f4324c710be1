"""The units in which a system's quantities are stated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place, UnitError
from mfa.model.observing import at_place
from mfa.model.relation import Name, parse_expression, walk

if TYPE_CHECKING:
    from mfa.model.system_tables import SystemTables

REGION_NAMES = {"north": "Bắc Bộ", "central": "Trung Bộ", "south": "Nam Bộ"}
_REGIONAL = re.compile(r"\b(sào|mẫu|công)\b(?!\s+(?:Bắc|Trung|Nam))", re.IGNORECASE)


def check_unit(text: str, place: Place | None) -> None:
    """Refuse a unit that is not known.

    Raises
    ------
    InputError
        The unit is unknown; the problem stands at `place`.
    """
    from mfa.units import parse_unit

    try:
        parse_unit(text)
    except UnitError as error:
        raise InputError(at_place(error.problems, place)) from error


def regional_text(text: str, region: str) -> str:
    """Return a unit with sào, mẫu and công made explicit for a region (north, central, south).

    Examples
    --------
    >>> regional_text("kg/sào", "central"), regional_text("kg/sào Bắc Bộ", "central")
    ('kg/sào Trung Bộ', 'kg/sào Bắc Bộ')
    """
    name = REGION_NAMES.get(region, "")
    return _REGIONAL.sub(rf"\1 {name}", text) if name else text


def unit_of(system: SystemTables, quantity: str) -> str:
    """Return the display unit of a quantity's values ("" for bare numbers).

    A formula has the unit of the first name in it.
    """
    name = quantity.strip().strip('"`')
    if name in system.flows:
        flow = system.flows[name]
        return flow.unit or system.layer_unit(flow.layer)
    if name in system.parameters:
        return system.parameters[name].unit or ""
    base = name.removesuffix(".change")
    if base in system.stocks:
        return system.stock_units(base)[0 if base == name else 1]
    names = [node.id for node in walk(parse_expression(quantity)) if isinstance(node, Name)]
    return unit_of(system, names[0]) if names else system.unit


def stock_units(own: str | None, rate: str) -> tuple[str, str]:
    """Return the units of a stock's level and of its change.

    Parameters
    ----------
    own
        Unit stated for the stock, of its level or of its change; empty: none.
    rate
        Unit of the flows of the stock's layer.

    Examples
    --------
    >>> stock_units(None, "t/year"), stock_units("kt", "t/year"), stock_units("kt/year", "t/year")
    (('t', 't/year'), ('kt', 'kt/year'), ('t', 'kt/year'))
    """
    from mfa.units import parse_unit

    per_time = parse_unit(rate).dimension.get("time", 0) < 0
    amount = rate.rsplit("/", 1)[0].strip() if per_time and "/" in rate else rate
    if not own:
        return amount, rate
    if parse_unit(own).dimension == parse_unit(rate).dimension:
        return amount, own
    return own, f"{own}/year" if per_time else own
