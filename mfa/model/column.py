"""How columns are kept: as objects, as numbers, as codes of few values, or made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as codes into its distinct values.

    Attributes
    ----------
    codes, values
        Position in `values` of every entry (n,), and the values, an array of objects (k,).
    shared
        Whether other columns use the same values, so that some may stand for no entry of this one.
    """

    codes: np.ndarray
    values: np.ndarray
    shared: bool = False

    @classmethod
    def constant(cls, value: Any, count: int) -> Coded:
        """Return a column with one value throughout, which takes no space."""
        return cls(np.broadcast_to(np.int8(0), count), as_objects([value]))

    def __len__(self) -> int:
        return len(self.codes)

    def present(self) -> np.ndarray:
        """Return which values stand for an entry; (k,)."""
        if not self.shared and len(self.codes):
            return np.ones(len(self.values), dtype=bool)
        used = np.zeros(len(self.values), dtype=bool)
        used[self.codes] = True
        return used


@dataclass(frozen=True, eq=False)
class Late:
    """A column of `count` objects that is made when somebody asks for it."""

    count: int
    make: Callable[[], np.ndarray]

    def __len__(self) -> int:
        return self.count

    @cached_property
    def made(self) -> np.ndarray:
        """The objects."""
        return self.make()


Block = np.ndarray | Coded | Late


def as_block(values: Sequence[Any] | Block) -> Block:
    """Return a column as it is kept: numbers as an array of numbers, all else as objects."""
    if isinstance(values, Coded | Late):
        return values
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return values.copy()
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def as_objects(block: Sequence[Any] | Block) -> np.ndarray:
    """Return a column as an array of objects."""
    if isinstance(block, Coded):
        return block.values[block.codes]
    if isinstance(block, Late):
        return block.made
    if isinstance(block, np.ndarray):
        return block.astype(object, copy=False)
    out = np.empty(len(block), dtype=object)
    out[:] = block
    return out


def as_floats(block: Block) -> np.ndarray:
    """Return a column of numbers as floats, NaN where there is none."""
    if isinstance(block, Coded):
        return block.values.astype(float)[block.codes]
    return as_objects(block).astype(float) if isinstance(block, Late) else block.astype(float)


def entry(block: Block, at: int) -> Any:
    """Return one entry of a column as a plain Python value."""
    if isinstance(block, Coded):
        return block.values[block.codes[at]]
    if isinstance(block, Late):
        return block.made[at]
    value = block[at]
    return value.item() if block.dtype != object else value


def joined_codes(column: np.ndarray) -> Coded:
    """Return a column of objects as codes and its distinct values in order of appearance."""
    import pandas as pd

    codes, values = pd.factorize(column, use_na_sentinel=False)
    # An empty cell is what it was in the column: pandas makes every one of them NaN.
    same = [v if v == v else column[np.argmax(codes == k)] for k, v in enumerate(values)]
    return Coded(codes, as_objects(same))
