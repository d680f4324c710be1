"""Observations and relations of a system as far as coefficients and relative σ can say them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.errors import UnitError
from mfa.formats.converted import LossLog
from mfa.formats.evaluate import Linear, NotLinearError, Numbers
from mfa.locale import N_
from mfa.model.relation import parse_expression, parse_relation

if TYPE_CHECKING:
    from mfa.model.observation import Observation
    from mfa.model.system import System


@dataclass(frozen=True)
class Value:
    """An observed value and 1 σ in the unit of the file, with its source in words."""

    value: float
    sd: float
    source: str
    note: str


@dataclass(frozen=True)
class Rule:
    """``Σ coefficient × flow`` = 0, <= 0 or >= 0."""

    id: str
    sense: str
    flows: dict[str, float]
    period: str
    region: str
    formula: str


Key = tuple[str, str, str]


def values(
    system: System,
    wanted: Container[str],
    unit: str,
    numbers: Numbers,
    log: LossLog,
    *,
    counted: bool = True,
) -> dict[Key, list[Value]]:
    """Return (quantity, period, region) → what was observed of it, in `unit`.

    Parameters
    ----------
    wanted
        Ids of the quantities.
    unit
        Unit of the values returned.
    numbers
        Values of the parameters, for observations given as value × factor.
    log
        Where losses go, when `counted`.
    """
    found: dict[Key, list[Value]] = {}
    for row in system.observations.rows():
        if row.quantity not in wanted:
            if counted:
                _report_other(system, row, log)
            continue
        value = _value(system, row, unit, numbers)
        if value is None:
            message = N_("Observations whose factor has no value ({n}): {items}.")
            log.add("factor-without-value", message, row.id, row.place)
            continue
        if row.distribution != "normal":
            message = N_("Shapes of distributions that are not normal ({n}): {items}.")
            log.add("distributions", message, row.id, row.place)
        if row.factor:
            message = N_("Observations times a factor, written as their product ({n}).")
            log.add("factors", message)
        found.setdefault((row.quantity, row.period, row.region), []).append(value)
    return found


def _report_other(system: System, row: Observation, log: LossLog) -> None:
    """Say which observations have no place: those of sums and of levels of stocks."""
    name = row.quantity.strip()
    if name in system.parameters or name in system.flows or name.endswith(".change"):
        return  # a parameter, another layer or a stock: reported or written elsewhere
    if name in system.stocks:
        log.add("stock-levels", N_("Levels of stocks ({n})."))
        return
    message = N_("Observations of sums of flows ({n}): {items}.")
    log.add("sums", message, name, row.place)


def _value(system: System, row: Observation, unit: str, numbers: Numbers) -> Value | None:
    from mfa.units import parse_unit

    own = row.unit if row.unit is not None else _unit_of(system, row.quantity)
    factor, spread = 1.0, 0.0
    if row.factor:
        product = numbers.value(parse_expression(row.factor), row.period, row.region)
        if product is None:
            return None
        factor, spread = product
    try:
        scale = parse_unit(own).factor / parse_unit(unit).factor
    except UnitError:
        return None
    value = row.value * factor * scale
    sd = scale * ((row.sd * factor) ** 2 + (row.value * spread) ** 2) ** 0.5
    source = system.sources[row.source].title if row.source in system.sources else row.source
    return Value(value, sd, source, row.note)


def _unit_of(system: System, quantity: str) -> str:
    if quantity in system.flows:
        flow = system.flows[quantity]
        return flow.unit or system.layer_unit(flow.layer)
    return system.stock_units(quantity.removesuffix(".change"))[1]


def constraints(
    system: System, flows: Container[str], numbers: Numbers, log: LossLog
) -> Iterator[Rule]:
    """Yield the relations that are linear in `flows` once parameters are numbers."""
    for relation in system.relations.rows():
        statement = parse_relation(relation.formula)
        try:
            left = numbers.linear(statement.left, relation.period, relation.region)
            right = numbers.linear(statement.right, relation.period, relation.region)
        except (NotLinearError, ArithmeticError):
            message = N_(
                "Relations that are not linear in the flows, or name parameters without a value "
                "({n}): {items}."
            )
            log.add("nonlinear", message, relation.id, relation.place)
            continue
        rule = left.plus(right, -1.0)
        named = {name: value for name, value in rule.flows.items() if value}
        if not named or not all(name in flows for name in named):
            message = N_("Relations of parameters or of other layers ({n}): {items}.")
            log.add("other-relations", message, relation.id, relation.place)
            continue
        if rule.constant:
            message = N_("Relations with a number that stands alone ({n}): {items}.")
            log.add("constants", message, relation.id, relation.place)
            continue
        yield Rule(relation.id, statement.sense, _tidy(Linear(0.0, named)), relation.period,
                   relation.region, relation.formula)  # fmt: skip


def _tidy(rule: Linear) -> dict[str, float]:
    return {name: float(f"{value:.12g}") for name, value in rule.flows.items()}
