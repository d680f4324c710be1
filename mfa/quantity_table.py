"""The table of an account: one row a quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FREE, STATUSES
from mfa.balance.data import merge
from mfa.balance.distribution import interval
from mfa.balance.lookup import opening_label
from mfa.balance.quantities import KIND_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account
    from mfa.balance.equations import Equations, Observations


def quantity_table(account: Account) -> pd.DataFrame:
    """Return `Account.table`."""
    import pandas as pd

    q, n = account.equations.quantities, account._n
    factor = q.factor
    status = account.classification.status[:n]
    free = status == FREE
    value = np.where(free, np.nan, account.solution.x[:n] / factor)
    sd = np.where(free, np.nan, account._sd[:n] / factor)
    given, given_sd = inputs(account)
    lower, upper = _interval(account, value, sd, free)
    with np.errstate(all="ignore"):
        adjustment = np.where(given_sd > 0, (value - given) / given_sd, 0.0)
    source, target, material = _ends(account)
    labels = _labels(account)
    return pd.DataFrame(
        {
            "id": q.ids,
            "kind": np.array(KIND_NAMES, dtype=object)[q.kinds],
            "source": source,
            "target": target,
            "material": material,
            "layer": labels[0],
            "period": labels[1],
            "region": labels[2],
            "input": given,
            "input_sd": given_sd,
            "value": value,
            "sd": sd,
            "lower": lower,
            "upper": upper,
            "unit": [unit or "" for unit in q.unit],
            "status": np.array(STATUSES, dtype=object)[status],
            "adjustment": np.where(np.isnan(given), np.nan, adjustment),
        }
    )


def _interval(
    account: Account, value: np.ndarray, sd: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval within the bounds; for free quantities the feasible range."""
    e, n, factor = account.equations, account._n, account.equations.quantities.factor
    low, high = e.lower[:n] / factor, e.upper[:n] / factor
    lower, upper = interval(e, account.given, value, sd)
    lower, upper = np.maximum(lower, low), np.minimum(upper, high)
    if free.any():
        ranges = account._feasible.ranges(np.flatnonzero(free))
        lower[free], upper[free] = ranges[:, 0] / factor[free], ranges[:, 1] / factor[free]
    return lower, upper


def inputs(account: Account) -> tuple[np.ndarray, np.ndarray]:
    """Return the (merged) observed value and its σ in display units, NaN where unobserved."""
    return observed_inputs(account.equations, account.given, account.solution.x)


def observed_inputs(
    e: Equations, given: Observations, x: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the (merged) observed value and its σ of every visible quantity, in display units.

    Parameters
    ----------
    e, given
        The equations and the observations as stated.
    x
        Values in internal units that stand in for unobserved factors of an observed product;
        without them such a product is not known (NaN).
    """
    n = e.quantities.visible
    data = merge(given, e.quantities.count, e.lower, e.upper)
    mean, precision = data.mean, np.zeros(e.quantities.count)
    np.add.at(precision, given.index[data.uncertain], given.sd[data.uncertain] ** -2.0)
    sd = np.where(precision > 0, 1 / np.sqrt(np.where(precision > 0, precision, 1)), 0.0)
    sd[given.index[data.exact]] = 0.0
    for target, value, spread in _observed_products(e, mean, sd, x):
        if np.isnan(mean[target]):
            mean[target], sd[target] = value, spread
    sd = np.where(np.isnan(mean), np.nan, sd)
    return mean[:n] / e.quantities.factor, sd[:n] / e.quantities.factor


def _observed_products(
    e: Equations, mean: np.ndarray, sd: np.ndarray, known: np.ndarray | None
) -> list[tuple[int, float, float]]:
    """Return (quantity, value, σ) of observations given as value × factor, from data alone."""
    if not e.factored:
        return []
    pairs = np.array(list(e.factored.values()))
    x = mean.copy() if known is None else np.where(np.isnan(mean), known, mean)
    # The product is linear in its target, so that one matrix serves all products at once.
    x[pairs[:, 0][np.isnan(x[pairs[:, 0]])]] = 0.0
    matrix, residual = e.jacobian(x), e.residual(x)
    spread = np.nan_to_num(sd)
    out = []
    for target, line in pairs.tolist():
        span = slice(matrix.indptr[line], matrix.indptr[line + 1])
        columns, weights = matrix.indices[span], matrix.data[span]
        weight = float(weights[columns == target].sum())
        if weight:
            others = columns != target
            value = x[target] - float(residual[line]) / weight
            terms = weights[others] / weight * spread[columns[others]]
            out.append((target, value, float(np.sqrt((terms**2).sum()))))
    return out


def _ends(account: Account) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    q, s, n = account.equations.quantities, account.system, account._n
    out = [np.full(n, "", dtype=object) for _ in range(3)]
    flows, stocks = q.kinds == 0, (q.kinds == 1) | (q.kinds == 2)
    for column, name in zip(out, ("source", "target", "material"), strict=True):
        column[flows] = s.flows.column(name)[q.rows[flows]]
    out[0][stocks] = s.stocks.column("process")[q.rows[stocks]]
    out[2][stocks] = s.stocks.column("material")[q.rows[stocks]]
    return out[0], out[1], out[2]


def _labels(account: Account) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    q, s = account.equations.quantities, account.system
    layers = np.array([*s.layers, ""], dtype=object)
    opening = opening_label(s)
    periods = np.array([*s.periods, "", opening], dtype=object)
    regions = np.array([*s.regions, ""], dtype=object)
    p = np.where(
        q.periods == -2,
        len(s.periods),
        np.where(q.periods == -1, len(s.periods) + 1, q.periods),
    )
    r = np.where(q.regions < 0, len(s.regions), q.regions)
    return layers[q.layers], periods[p], regions[r]
