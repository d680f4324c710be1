"""From the arguments of a call to rows of a system's tables: read, checked, added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mfa.errors import InputError, Place, Problem
from mfa.locale import N_
from mfa.model.observation import Observation
from mfa.model.observing import observed_spread, observed_value, unit_part
from mfa.model.quantity import OUTSIDE, Flow, Layer, Material, Parameter, Process, Stock, Transfer
from mfa.model.relation import Relation, parse_relation
from mfa.model.system_units import check_unit, unit_of
from mfa.model.table import Table

if TYPE_CHECKING:
    from mfa.model.system import System

R = TypeVar("R")
Q = TypeVar("Q", Flow, Stock, Parameter)


class First(NamedTuple):
    """The observation that comes with a quantity; a `value` of None: none comes."""

    value: float | str | None
    sd: float | None
    uncertainty: str
    fields: Mapping[str, Any] | None


def check_new(table: Table[Any], id: str, place: Place | None, repeat: bool = False) -> None:
    """Refuse an empty id and, unless it may `repeat`, one that is taken in `table`.

    Raises
    ------
    InputError
        The id is missing or taken.
    """
    if not id:
        text = N_("An id is missing. Every row needs a short, unique id.")
        raise InputError([Problem("id-missing", text, {}, place)])
    if id in table and not repeat:
        text = N_("The id “{id}” stands twice. Ids must be unique.")
        raise InputError([Problem("id-duplicate", text, {"id": id}, place)])


def add_record(table: Table[R], record: R) -> R:
    """Add a record with an id and a place to its table; the id must be new."""
    check_new(table, record.id, record.place)  # type: ignore[attr-defined]
    table.append(record)
    return record


def add_process(system: System, record: Process) -> Process:
    """Add a process; the three outside processes exist and are described anew."""
    if record.id not in OUTSIDE:
        return add_record(system.processes, record)
    told = ("name_en", "name_vi", "sector", "stage", "note", "place")
    system.processes.update(record.id, **{name: getattr(record, name) for name in told})
    return system.processes[record.id]


def add_layer(system: System, record: Layer) -> Layer:
    """Add a layer; the layer of goods exists and is described anew."""
    check_unit(record.unit, record.place)
    if record.id != "goods":
        return add_record(system.layers, record)
    told = ("name_en", "name_vi", "unit", "note", "place")
    system.layers.update(record.id, **{name: getattr(record, name) for name in told})
    return system.layers[record.id]


def regional(system: System, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a record with its unit made explicit for the region of the case."""
    if not fields.get("unit"):
        return fields
    return fields | {"unit": system.unit_text(fields["unit"])}


def add_flow(system: System, record: Flow, first: First) -> Flow:
    """Add a flow and the observation that came with it."""
    check_new(system.flows, record.id, record.place, bool(record.period or record.region))
    _measured_as(system, record)
    system._name_period(record.period)
    system.flows.append(record)
    return _observed(system, record, {"period": record.period, "region": record.region}, first)


def add_stock(system: System, record: Stock, period: object, first: First) -> Stock:
    """Add a stock, or one more level of a known one."""
    if record.id not in system.stocks:
        check_new(system.stocks, record.id, record.place)
        _measured_as(system, record)
        system.stocks.append(record)
    _observed(system, record, {"period": str(period)}, first)
    return system.stocks[record.id]


def add_parameter(system: System, fields: dict[str, Any], first: First) -> Parameter:
    """Add a parameter; without a unit of its own it has that of its value, if one is written."""
    record = Parameter(**regional(system, fields))
    if isinstance(first.value, str) and record.unit is None and unit_part(first.value):
        record = replace(record, unit=system.unit_text(unit_part(first.value)))
    check_new(system.parameters, record.id, record.place, bool(record.period or record.region))
    if record.unit:
        check_unit(record.unit, record.place)
    system._name_period(record.period)
    system.parameters.append(record)
    return _observed(system, record, {"period": record.period, "region": record.region}, first)


def add_transfer_coefficient(
    system: System, id: str, flow: str, of: str | None, fields: dict[str, Any]
) -> Parameter:
    """Add a parameter in [0, 1] and what it says: ``flow = id × of``, or × all inputs.

    Raises
    ------
    InputError
        The flow does not exist.
    """
    if flow not in system.flows:
        text = N_(
            "The transfer coefficient “{id}” is of the flow “{flow}”, which does not exist yet."
        )
        values = {"id": id, "flow": flow}
        raise InputError([Problem("transfer-flow", text, values, fields.get("place"))])
    record = system.parameter(id, **{"lower": 0.0, "upper": 1.0, "unit": "1"} | fields)
    if of:
        system.relate(f'"{flow}" = "{id}" * ({of})', id=f"tc_{id}", place=record.place)
    else:
        system.transfers.append(Transfer(id, flow, record.place))
    return record


def value_and_unit(
    system: System,
    value: float | str,
    unit: str | None,
    decimal: str | None,
    place: Place | None,
) -> tuple[float, str | None]:
    """Return the number and the unit, in the system's words, of a value that somebody wrote.

    Raises
    ------
    InputError
        The value cannot be read, or the unit is unknown.
    """
    number, unit = observed_value(value, unit, decimal, place)
    if unit:
        unit = system.unit_text(unit)
        check_unit(unit, place)
    return number, unit


def add_observation(
    system: System,
    quantity: str,
    value: float | str,
    *,
    sd: float | None,
    uncertainty: str,
    unit: str | None,
    id: str,
    place: Place | None,
    decimal: str | None,
    fields: dict[str, Any],
) -> Observation:
    """Add an observation: its number, unit and σ read from what was written, see `observe`."""
    number, unit = value_and_unit(system, value, unit, decimal, place)

    def own() -> str:
        return unit or unit_of(system, quantity)

    distribution = fields.pop("distribution", "")
    spread, origin = observed_spread(quantity, number, sd, uncertainty, fields, own, decimal, place)
    system._counts[quantity] += 1
    system._name_period(fields["period"])
    record = Observation(
        id or f"{quantity}#{system._counts[quantity]}", quantity, number, spread.sd, unit,
        uncertainty=uncertainty, sigma_from=origin, place=place,
        distribution=distribution or spread.distribution, **fields,
    )  # fmt: skip
    if id:
        check_new(system.observations, id, place)
    system.observations.append(record)
    return record


def add_relation(system: System, record: Relation) -> Relation:
    """Add a relation whose formula can be read."""
    parse_relation(record.formula, record.place)
    return add_record(system.relations, record)


def checked_correlation(first: str, second: str, value: float) -> tuple[str, str, float]:
    """Return what two quantities or observations share.

    Raises
    ------
    InputError
        It is not between −1 and 1.
    """
    if not -1 < value < 1:
        text = N_(
            "The correlation of “{first}” and “{second}” is {value}; between −1 and 1 is expected."
        )
        values = {"first": first, "second": second, "value": value}
        raise InputError([Problem("correlation-range", text, values)])
    return first, second, float(value)


def _measured_as(system: System, record: Flow | Stock) -> None:
    """Check a record's unit; a material that is named for the first time gets a row."""
    if record.unit:
        check_unit(record.unit, record.place)
    if record.material and record.material not in system.materials:
        system.materials.append(Material(record.material))


def _observed(system: System, record: Q, when: dict[str, Any], first: First) -> Q:
    """Add the observation that came with a record, if one came; return the record."""
    if first.value is not None:
        fields = {"place": record.place} | when | dict(first.fields or {})
        system.observe(record.id, first.value, sd=first.sd, uncertainty=first.uncertainty, **fields)
    return record
