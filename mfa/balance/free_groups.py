"""Which free quantities one further datum would settle together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FREE
from mfa.balance.directions import free_directions
from mfa.balance.target import Key, find_target

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account


def settling_group(account: Account, index: int) -> list[int]:
    """Return the free quantities that one further datum on this one would settle."""
    q, status = account.equations.quantities, account.classification.status
    directions = free_directions(account.solution, status == FREE)
    label = directions.groups()
    own = label[directions.index == index]
    return [int(j) for j in directions.index[label == own] if j < q.visible]


def settle_table(account: Account, quantity: Key | None = None) -> pd.DataFrame:
    """Return the groups of free quantities that one further datum would settle together.

    Columns: group, id, kind, period, region, lower, upper, unit. A datum on any quantity of a group
    settles all of it. Groups come by size, the largest first.

    Parameters
    ----------
    quantity
        A free quantity: only its group (none when it is not free). Default: all groups.

    Raises
    ------
    InputError
        There is no such quantity.
    """
    columns = ["id", "kind", "period", "region", "lower", "upper", "unit"]
    status, n = account.classification.status, account.equations.quantities.visible
    if not (status[:n] == FREE).any():
        return account.table[columns].iloc[:0].assign(group=0)[["group", *columns]]
    directions = free_directions(account.solution, status == FREE)
    label, index = directions.groups(), directions.index
    label, index = label[index < n], index[index < n]
    size = np.bincount(label)
    rank = np.lexsort((np.arange(len(size)), -size))
    place = np.empty(len(size), dtype=int)
    place[rank] = np.arange(1, len(size) + 1)
    group = place[label]
    if quantity is not None:
        wanted = find_target(account, quantity).index
        keep = group == group[index == wanted] if (index == wanted).any() else group < 0
        group, index = group[keep], index[keep]
    order = np.lexsort((index, group))
    frame = account.table[columns].iloc[index[order]].reset_index(drop=True)
    frame.insert(0, "group", group[order])
    return frame
