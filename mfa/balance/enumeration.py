"""From the tables of a system to its quantities: which there are, in which period and region."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfa.balance.internal_units import InternalUnits, unit_factors
from mfa.balance.quantities import (
    CHANGE,
    FLOW,
    OPENING,
    PARAMETER,
    STOCK,
    Quantities,
    Slots,
    codes,
    column_codes,
)
from mfa.model.column import Coded, as_objects, joined_codes
from mfa.model.system import System
from mfa.model.table import Table


def enumerate_quantities(system: System, with_levels: set[str], openings: set[str]) -> Quantities:
    """Lay out all quantities of `system`.

    Parameters
    ----------
    with_levels
        Stocks whose level is observed or related (the others have a change only).
    openings
        Stocks with an observed opening level.
    """
    layers = list(system.layers)
    internal = InternalUnits.of([system.unit, *(system.layer_unit(name) for name in layers)])
    parts = [
        _flows(system, layers),
        *_stocks(system, layers, with_levels, openings),
        _parameters(system),
    ]
    parts = [part for part in parts if len(part["id"])]
    columns = {
        key: np.concatenate(
            [as_objects(part[key]) if key == "unit" else part[key] for part in parts]
        )
        if parts
        else np.zeros(0)
        for key in (
            "id",
            "kind",
            "row",
            "layer",
            "period",
            "region",
            "lower",
            "upper",
            "start",
            "unit",
        )
    }
    factors = np.concatenate(
        [np.zeros(0), *(unit_factors(part["unit"], internal) for part in parts)]
    )
    ids = columns["id"].tolist()
    slots, grid, opening = _grid(system, columns)
    lower = columns["lower"].astype(float) * factors
    upper = columns["upper"].astype(float) * factors
    return Quantities(
        ids=ids,
        kinds=columns["kind"].astype(np.int8),
        rows=columns["row"].astype(np.int64),
        layers=columns["layer"].astype(np.int64),
        periods=columns["period"].astype(np.int64),
        regions=columns["region"].astype(np.int64),
        lower=np.where(np.isnan(lower), -np.inf, lower),
        upper=np.where(np.isnan(upper), np.inf, upper),
        start=columns["start"].astype(float) * factors,
        factor=factors,
        unit=columns["unit"].tolist(),
        slots=slots,
        grid=grid,
        opening=opening,
        internal=internal,
    )


def _expand(system: System, table: Table[Any] | int) -> tuple[np.ndarray, ...]:
    """Return (row, period, region) of every cell of rows given for some or for all labels.

    A number stands for so many rows that hold for all.
    """
    if isinstance(table, int):
        p = r = np.full(table, -1)
    else:
        p, r = (
            np.full(table.row_count, -1)
            if labels == ("",)
            else column_codes(table, name, {k: i for i, k in enumerate(labels) if k})
            for name, labels in (("period", system.periods), ("region", system.regions))
        )
    if system.periods == ("",) and system.regions == ("",):
        return np.arange(len(p)), np.zeros(len(p), np.int64), np.zeros(len(p), np.int64)
    out = []
    for i in range(len(system.periods)):
        for j in range(len(system.regions)):
            rows = np.flatnonzero(((p < 0) | (p == i)) & ((r < 0) | (r == j)))
            out.append(np.stack([rows, np.full_like(rows, i), np.full_like(rows, j)]))
    cells = np.concatenate(out, axis=1)
    return tuple(cells[:, np.lexsort((cells[2], cells[1], cells[0]))])


def _floats(table: Table[Any], name: str, missing: float) -> np.ndarray:
    """Return a column of numbers, `missing` where there is none."""
    values = table.numbers(name)
    return np.where(np.isnan(values), missing, values)


def _flows(system: System, layers: list[str]) -> dict[str, Any]:
    table = system.flows
    rows, period, region = _expand(system, table)
    layer = column_codes(table, "layer", layers)
    by_layer = as_objects([system.layer_unit(name) for name in layers])
    own = table.codes("unit")
    bare = np.array([not text for text in own.values], dtype=bool)
    # An own unit, or else that of the layer.
    units = Coded(
        np.where(bare[own.codes], len(own.values) + layer, own.codes)
        if len(own)
        else np.zeros(0, dtype=np.int64),
        np.concatenate([own.values, by_layer]),
        True,
    )
    return {
        "id": table.column("id")[rows] if len(rows) > table.row_count else table.column("id"),
        "kind": np.full(len(rows), FLOW),
        "row": rows,
        "layer": layer[rows],
        "period": period,
        "region": region,
        "lower": _floats(table, "lower", -np.inf)[rows],
        "upper": _floats(table, "upper", np.inf)[rows],
        "start": np.full(len(rows), np.nan),
        "unit": Coded(units.codes[rows], units.values, True),
    }


def _stock_units(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Return the units of level and change of every stock, found once for each kind of stock."""
    table = system.stocks
    unit, layer = table.coded("unit"), table.coded("layer")
    kind = unit[0] * len(layer[1]) + layer[0]
    kinds, first, code = np.unique(kind, return_index=True, return_inverse=True)
    ids = table.column("id")
    pairs = [system.stock_units(ids[k]) for k in first]
    return (
        as_objects([pair[0] for pair in pairs])[code] if len(kinds) else ids,
        as_objects([pair[1] for pair in pairs])[code] if len(kinds) else ids,
    )


def _stocks(
    system: System, layers: list[str], with_levels: set[str], openings: set[str]
) -> list[dict[str, Any]]:
    table = system.stocks
    ids, layer = table.column("id"), column_codes(table, "layer", layers)
    level_unit, change_unit = _stock_units(system)
    lower = _floats(table, "lower", -np.inf)
    upper = _floats(table, "upper", np.inf)
    rows, period, region = _expand(system, table.row_count)
    level, opened = (
        (codes(ids, dict.fromkeys(names, 1)) > 0)[rows] for names in (with_levels, openings)
    )
    opened = level & opened & (period == 0)

    def part(
        mask: np.ndarray,
        suffix: str,
        kind: int,
        unit: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        at: int | None = None,
    ) -> dict[str, Any]:
        r = rows[mask]
        return {
            "id": ids[r] + suffix if len(r) else ids[r],
            "kind": np.full(len(r), kind),
            "row": r,
            "layer": layer[r],
            "period": period[mask] if at is None else np.full(len(r), at),
            "region": region[mask],
            "lower": low[r],
            "upper": high[r],
            "start": np.full(len(r), np.nan),
            "unit": joined_codes(unit[r]),
        }

    wide = np.full(table.row_count, np.inf)
    return [
        part(opened, "", STOCK, level_unit, lower, upper, OPENING),
        part(level, "", STOCK, level_unit, lower, upper),
        part(np.ones(len(rows), bool), ".change", CHANGE, change_unit, -wide, wide),
    ]


def _parameters(system: System) -> dict[str, Any]:
    table = system.parameters
    varying = (table.column("period") != "") | (table.column("region") != "")
    rows, period, region = _expand(system, table)
    single = ~varying[rows] if len(rows) else np.zeros(0, bool)
    keep = ~single | ((period == 0) & (region == 0))
    rows, period, region = rows[keep], period[keep], region[keep]
    constant = ~varying[rows] if len(rows) else np.zeros(0, bool)
    return {
        "id": table.column("id")[rows],
        "kind": np.full(len(rows), PARAMETER),
        "row": rows,
        "layer": np.full(len(rows), -1),
        "period": np.where(constant, -2, period),
        "region": np.where(constant, -2, region),
        "lower": _floats(table, "lower", -np.inf)[rows],
        "upper": _floats(table, "upper", np.inf)[rows],
        "start": _floats(table, "start", np.nan)[rows],
        "unit": joined_codes(table.column("unit")[rows]),
    }


def _grid(
    system: System, columns: dict[str, np.ndarray]
) -> tuple[Slots, np.ndarray, dict[tuple[str, int], int]]:
    """Return id → slot, and slot × period × region → index (−1: none), and the opening levels."""
    flows, index = system.flows.codes("id"), np.arange(len(columns["kind"]))
    first = int((columns["kind"] == FLOW).sum())
    slot, slots = flows.codes[columns["row"][:first].astype(np.int64)], Slots(flows.values)
    if first < len(index):
        others = joined_codes(columns["id"][first:])
        slot = np.concatenate([slot, len(slots) + others.codes])
        slots = Slots(flows.values, others.values)
    shape = len(slots), len(system.periods), len(system.regions)
    grid = np.full(shape, -1, dtype=np.int64)
    period, region = columns["period"].astype(np.int64), columns["region"].astype(np.int64)
    usual = period >= 0
    grid[slot[usual], period[usual], region[usual]] = index[usual]
    constant = period == -2
    grid[slot[constant]] = index[constant][:, None, None]
    opening = {
        (columns["id"][i], int(region[i])): int(i) for i in np.flatnonzero(period == OPENING)
    }
    return slots, grid, opening
