"""Reads the account's tables row by row into facts: quantities, observations, balances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mfa.indicators.sums import Reader
from mfa.report.facts import SCORES, Balance, Datum, Item

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System

CANCELLED = 1e-6  # σ below this share of that of the observation is rounding, too
ROUNDING = 1e-9  # numbers below this share of the layer's largest are the solver's zeros


def names_in(formula: str) -> tuple[str, ...]:
    """Return the ids that a quantity formula speaks of, each once, in order.

    Examples
    --------
    >>> names_in("rice + 2 * husk - rice")
    ('rice', 'husk')
    """
    from mfa.model.relation import Call, Name, parse_expression, walk

    nodes = walk(parse_expression(formula))
    found = (
        node.id if isinstance(node, Name) else node.argument
        for node in nodes
        if isinstance(node, Name | Call)
    )
    return tuple(dict.fromkeys(found))


def read_data(account: Account) -> tuple[Datum, ...]:
    """Return all observations in their order."""
    rows = account.observations.to_dict("records")
    known = set(account.table["id"])
    return tuple(_datum(row, known) for row in rows)


def _datum(row: Mapping[str, Any], known: set[str]) -> Datum:
    quantity = row["quantity"]
    return Datum(
        id=row["id"],
        quantity=quantity,
        quantities=(quantity,) if quantity in known else names_in(quantity),
        period=_text(row["period"]),
        region=_text(row["region"]),
        value=number(row["value"]),
        sd=number(row["sd"]),
        unit=_text(row["unit"]),
        factor=_text(row.get("factor")),
        uncertainty=_text(row["uncertainty"]),
        sigma_from=_text(row["sigma_from"]),
        source=_text(row["source"]),
        figure=_text(row["figure"]),
        year=_text(row["year"]),
        scope=_text(row["scope"]),
        scores=tuple(_score(row.get(name)) for name in SCORES),
        note=_text(row["note"]),
        place=_text(row["place"]),
        reconciled=number(row["reconciled"]),
        adjustment=number(row["adjustment"]),
        normalised=number(row["normalised"]),
        testable=bool(row["testable"]),
        suspect=bool(row["suspect"]),
    )


def read_items(
    account: Account, units: Mapping[str, str], data: Iterable[Datum]
) -> tuple[Item, ...]:
    """Return all quantities of all periods and regions, each with the ids of the data on it."""
    system = account.system
    by_quantity: dict[str, list[Datum]] = {}
    for datum in data:
        for identifier in datum.quantities:
            by_quantity.setdefault(identifier, []).append(datum)
    scales = _scales(account)
    return tuple(
        _item(row, system, units, by_quantity.get(row["id"], ()), scales[row["layer"], row["unit"]])
        for row in account.table.to_dict("records")
    )


def _scales(account: Account) -> dict[tuple[str, str], float]:
    """Return (layer, unit) → largest known value; parameters (no layer) have none."""
    table = account.table
    largest = table["value"].abs().groupby([table["layer"], table["unit"]]).max().fillna(0.0)
    return {key: (value if key[0] else 0.0) for key, value in largest.items()}


def clean_numbers(row: Mapping[str, Any], scale: float) -> list[float]:
    """Return value, σ and interval of a quantity, without what is only the solver's rounding.

    Parameters
    ----------
    row
        A row of ``account.table``.
    scale
        The largest value there is of its kind.
    """
    numbers = [number(row[name]) for name in ("value", "sd", "lower", "upper")]
    scale = max(scale, _size(row["input"]))
    value, sd = numbers[:2]
    if abs(value) < ROUNDING * scale and sd < CANCELLED * _size(row["input_sd"]):
        return [0.0] * 4
    return [0.0 if abs(x) < ROUNDING * scale else x for x in numbers]


def _size(value: Any) -> float:
    size = abs(number(value))
    return 0.0 if math.isnan(size) else size


def _item(
    row: Mapping[str, Any],
    system: System,
    units: Mapping[str, str],
    data: Iterable[Datum],
    scale: float,
) -> Item:
    kind, layer, unit = row["kind"], _text(row["layer"]), _text(row["unit"])
    target = _common_unit(kind, unit, units.get(layer, unit))
    period, region = _text(row["period"]), _text(row["region"])
    numbers = clean_numbers(row, scale)
    amounts = [_converted(number, unit, target) for number in numbers]
    return Item(
        row["id"],
        kind,
        _text(row["source"]),
        _text(row["target"]),
        _text(row["material"]),
        layer,
        period,
        region,
        system.flows[row["id"]].role if kind == "flow" else "",
        number(row["input"]),
        number(row["input_sd"]),
        *numbers,
        unit,
        row["status"],
        number(row["adjustment"]),
        *amounts,
        observations=tuple(
            d.id for d in data if d.period in ("", period) and d.region in ("", region)
        ),
    )


def read_balances(
    account: Account, units: Mapping[str, str], period: str, region: str
) -> tuple[Balance, ...]:
    """Return the balances of one period and region, their sums in the common unit of the layer."""
    frame = account.residuals
    frame = frame[(frame["period"] == period) & (frame["region"] == region)]
    readers = {layer: Reader(account, period, region, unit) for layer, unit in units.items()}
    terms = _balance_terms(account.system)
    return tuple(_balance(row, readers[row["layer"]], terms) for row in frame.to_dict("records"))


def _balance_terms(system: System) -> dict[tuple[str, str], tuple[dict[str, float], ...]]:
    """Return (process, layer) → weights of its inputs, outputs and stock changes."""
    terms: dict[tuple[str, str], tuple[dict[str, float], ...]] = {}

    def add(process: str, layer: str, part: int, identifier: str) -> None:
        terms.setdefault((process, layer), ({}, {}, {}))[part][identifier] = 1.0

    for flow in (system.flows[i] for i in system.flows):
        add(flow.target, flow.layer, 0, flow.id)
        add(flow.source, flow.layer, 1, flow.id)
    for stock in (system.stocks[i] for i in system.stocks):
        add(stock.process, stock.layer, 2, f"{stock.id}.change")
    return terms


def _balance(
    row: Mapping[str, Any],
    reader: Reader,
    terms: Mapping[tuple[str, str], tuple[dict[str, float], ...]],
) -> Balance:
    process, layer = row["process"], row["layer"]
    parts = zip(("inputs", "outputs", "stock_change"), terms[process, layer], strict=True)
    before = ("difference", "in_before", "out_before", "difference_before")
    return Balance(
        process,
        layer,
        row["period"],
        row["region"],
        reader.unit,
        *(reader.total(key, process, weights) for key, weights in parts),
        *(_converted(number(row[name]), row["unit"], reader.unit) for name in before),
        complete_before=bool(row["complete_before"]),
    )


def _common_unit(kind: str, unit: str, rate: str) -> str:
    """Return the unit of amounts: that of the layer's flows, for stocks without the time."""
    if kind in ("flow", "stock_change"):
        return rate
    return rate.removesuffix("/year") if kind == "stock" else unit


def _converted(value: float, source: str, target: str) -> float:
    from mfa.units import convert

    if source == target or not math.isfinite(value):
        return value
    return float(convert(value, source, target))


def _text(value: Any) -> str:
    """Return a cell as text; pandas' missing values as ""."""
    return "" if value is None or value != value else str(value)


def number(value: Any) -> float:
    """Return a cell as float; missing as NaN."""
    return math.nan if value is None else float(value)


def _score(value: Any) -> int | None:
    return None if value is None or value != value or value == "" else int(value)
