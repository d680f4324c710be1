"""Every value known or sought, as columns: one row a quantity, layer, period and region.

`mfa.balance.enumeration` lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from mfa.balance.internal_units import InternalUnits
from mfa.model.column import Coded
from mfa.model.table import Table
from mfa.units import Dimension, parse_unit

FLOW, STOCK, CHANGE, PARAMETER, AUXILIARY = range(5)
KIND_NAMES = ("flow", "stock", "stock_change", "parameter", "auxiliary")
OPENING = -1


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
