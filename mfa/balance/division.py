"""A system divided into blocks that are tied by few relations and quantities: its regions.

Every quantity belongs to the block of its region, every relation to that of its quantities. What
has quantities of several regions (a parent as the sum of its children) or stands in relations of
several (a parameter that all share) is the *border* which ties the blocks together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from mfa.balance.equations import Equations
from mfa.balance.start import pattern
from mfa.errors import InputError, Problem

BORDER, UNKNOWN = -1, -2
WIDEST = 4000


class Crew(Protocol):
    """Who works on the blocks: in this process, or on the workers of a cluster."""

    def start(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call a function for each tuple of arguments; return handles, which may be arguments."""

    def results(self, handles: list[Any]) -> list[Any]:
        """Return what stands behind the handles."""


@dataclass(frozen=True)
class Division:
    """Which block each quantity (n,) and each relation (m,) belongs to, −1: the border."""

    columns: np.ndarray
    rows: np.ndarray
    crew: Crew

    def of(self, columns: np.ndarray, rows: np.ndarray | None = None) -> Division:
        """Return the division of some of the quantities and relations."""
        return Division(
            self.columns[columns], self.rows if rows is None else self.rows[rows], self.crew
        )


def divide(e: Equations, crew: Crew) -> Division:
    """Divide a system by its regions.

    Raises
    ------
    InputError
        It has only one region, or the border is too wide.
    """
    P = pattern(e).tocoo()
    hidden = e.quantities.count - e.quantities.visible
    region = np.concatenate([e.quantities.regions, np.full(hidden, BORDER)])
    columns = _spread(P, np.where(region >= 0, region, UNKNOWN))
    columns[columns == UNKNOWN] = columns.max(initial=0) + 1
    index = e.observations.index
    for i, j, _ in e.observations.covariance:
        if columns[index[i]] != columns[index[j]]:
            columns[index[i]] = BORDER  # correlated data of two blocks tie them, too
    rows = _row_labels(P, columns)
    rows[rows == UNKNOWN] = BORDER
    blocks = np.unique(columns[columns >= 0])
    wide = int((columns < 0).sum() + (rows < 0).sum())
    if len(blocks) < 2:
        raise InputError(
            [
                Problem(
                    "division-one",
                    "On a cluster a system is divided by its regions, and this one has only one. "
                    "Balance it without client=.",
                )
            ]
        )
    if wide > WIDEST:
        raise InputError(
            [
                Problem(
                    "division-wide",
                    "The regions are tied by {n} relations and shared quantities; on a cluster "
                    "there may be {limit}. Balance the system without client=.",
                    {"n": wide, "limit": WIDEST},
                )
            ]
        )
    number = np.full(blocks.max() + 1, BORDER)
    number[blocks] = np.arange(len(blocks))
    return Division(_renumbered(number, columns), _renumbered(number, rows), crew)


def _renumbered(number: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.where(labels >= 0, number[np.maximum(labels, 0)], BORDER)


def _spread(P: sp.coo_array, columns: np.ndarray) -> np.ndarray:
    """Give quantities without a region the block of the relations they stand in."""
    columns = columns.copy()
    while True:
        rows = _row_labels(P, columns)
        found = _agreed(P.col, rows[P.row], len(columns))
        news = (columns == UNKNOWN) & (found != UNKNOWN)
        if not news.any():
            return columns
        columns[news] = found[news]


def _row_labels(P: sp.coo_array, columns: np.ndarray) -> np.ndarray:
    return _agreed(P.row, columns[P.col], P.shape[0])


def _agreed(place: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the one label ≥ 0 at each place; BORDER where there are several, UNKNOWN if none."""
    use = labels >= 0
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, UNKNOWN)
    np.minimum.at(low, place[use], labels[use])
    np.maximum.at(high, place[use], labels[use])
    return np.where(high == UNKNOWN, UNKNOWN, np.where(low == high, high, BORDER))
