"""Every value known or sought, as columns: one row a quantity, layer, period and region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from mfa.model.column import Coded, as_objects, joined_codes
from mfa.model.system import System
from mfa.model.table import Table
from mfa.units import Dimension, Unit, parse_unit

FLOW, STOCK, CHANGE, PARAMETER, AUXILIARY = range(5)
KIND_NAMES = ("flow", "stock", "stock_change", "parameter", "auxiliary")
OPENING = -1


@dataclass
class InternalUnits:
    """The coherent units the engine computes in: those of the layers, so that a bare number fits.

    A case in ``kt/year`` counts mass in kt; ``husk >= 5`` then means 5 kt/year. ``scales`` gives,
    for each base dimension, how many base units (t, m, year, GJ…) one internal unit is.
    """

    scales: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: list[str]) -> InternalUnits:
        """Choose the scale of each leading dimension from the first unit text that has it."""
        units = cls()
        for text in texts:
            unit = parse_unit(text)
            for name, power in dict(unit.dimension).items():
                if name != "time" and name not in units.scales:
                    units.scales[name] = unit.factor ** (1.0 / power)
                    break
        return units

    def factor(self, unit: Unit | None) -> float:
        """Return how many internal units one `unit` is (1 for a bare number)."""
        if unit is None:
            return 1.0
        scale = 1.0
        for name, power in dict(unit.dimension).items():
            scale *= self.scales.get(name, 1.0) ** power
        return unit.factor / scale


class Slots(Mapping[str, int]):
    """Name → row of the grid; the names are looked at when somebody asks for one."""

    def __init__(self, flows: np.ndarray, others: np.ndarray | None = None) -> None:
        self.flows = flows
        self.names = flows if others is None else np.concatenate([flows, others])

    @cached_property
    def _at(self) -> dict[str, int]:
        return dict(zip(self.names.tolist(), range(len(self.names)), strict=True))

    def __getitem__(self, name: str) -> int:
        return self._at[name]

    def __contains__(self, name: object) -> bool:
        return name in self._at

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.tolist())

    def __len__(self) -> int:
        return len(self.names)


@dataclass
class Quantities:
    """Columns of length n, one entry a quantity; auxiliary ones stand at the end.

    Attributes
    ----------
    ids, kinds, rows, layers, periods, regions
        Id, kind code, row in the system's table, layer row (−1: none), and indices of the period
        (−1: opening level) and region (−1: any).
    lower, upper, start
        Bounds and starting value in internal units (NaN: none).
    factor, unit
        Internal units per display unit, and the display unit's text (None: bare number).
    """

    ids: list[str]
    kinds: np.ndarray
    rows: np.ndarray
    layers: np.ndarray
    periods: np.ndarray
    regions: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    start: np.ndarray
    factor: np.ndarray
    unit: list[str | None]
    slots: Slots
    grid: np.ndarray
    opening: dict[tuple[str, int], int]
    internal: InternalUnits
    aux_ids: list[str] = field(default_factory=list)
    aux_lower: list[float] = field(default_factory=list)
    aux_factor: list[float] = field(default_factory=list)
    aux_unit: list[str | None] = field(default_factory=list)

    @property
    def visible(self) -> int:
        """Number of the user's quantities; auxiliary ones follow."""
        return len(self.ids)

    @property
    def count(self) -> int:
        """Number of all quantities."""
        return self.visible + len(self.aux_ids)

    def auxiliary(
        self, name: str, lower: float = -np.inf, unit: str | None = None, factor: float = 1.0
    ) -> int:
        """Add a hidden quantity (sum in a product, slack, observed rate); return its index."""
        self.aux_ids.append(name)
        self.aux_lower.append(lower)
        self.aux_unit.append(unit)
        self.aux_factor.append(factor)
        return self.count - 1

    def auxiliaries(self, name: str, count: int) -> None:
        """Add many hidden quantities without bounds and units at once."""
        self.aux_ids += [name] * count
        self.aux_lower += [-np.inf] * count
        self.aux_unit += [None] * count
        self.aux_factor += [1.0] * count

    def cells(self, identifier: str) -> np.ndarray:
        """Return the indices of a quantity, shape (periods, regions), −1 where it has no value."""
        return self.grid[self.slots[identifier]]

    def slots_of(self, column: Coded) -> np.ndarray:
        """Return the slot of each entry of a column of names, −1 for an unknown one.

        Names that come from the flows' own column of ids are not looked up again.
        """
        if column.values is self.slots.flows:
            return column.codes.astype(np.int64)
        return codes(column.values, self.slots)[column.codes]

    def dimension(self, identifier: str) -> Dimension | None:
        """Return the dimension of a quantity; None for a bare number."""
        cells = self.cells(identifier)
        unit = self.unit[int(cells[cells >= 0][0])]
        return None if unit is None else parse_unit(unit).dimension


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
    factors = np.concatenate([np.zeros(0), *(_factors(part["unit"], internal) for part in parts)])
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


def codes(labels: np.ndarray, known: Mapping[str, int] | Sequence[str]) -> np.ndarray:
    """Return the position of each label in `known`, −1 for an empty or unknown one.

    Examples
    --------
    >>> codes(np.array(["b", "x"], dtype=object), ("a", "b")).tolist()
    [1, -1]
    """
    at = known if isinstance(known, Mapping) else dict(zip(known, range(len(known)), strict=True))
    return np.fromiter(map(at.get, labels.tolist(), repeat(-1)), np.int64, len(labels))


def column_codes(
    table: Table[Any], name: str, known: Table[Any] | Mapping[str, int] | Sequence[str]
) -> np.ndarray:
    """Return the position in `known` of each entry of a column, −1 for none."""
    column = table.codes(name)
    if not len(column):
        return np.zeros(0, dtype=np.int64)
    values = column.values
    return (known.find(values) if isinstance(known, Table) else codes(values, known))[column.codes]


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


def _factors(units: Coded, internal: InternalUnits) -> np.ndarray:
    """Return the internal units per display unit, one parse for each distinct text."""
    used = units.present()
    values = [
        1.0 if not there or not text or text != text else internal.factor(parse_unit(text))
        for there, text in zip(used, units.values, strict=True)
    ]
    return np.array(values, dtype=float)[units.codes] if len(units) else np.zeros(0)


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
