"""The balances of an account: what enters and leaves each process, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.quantity_table import inputs
from mfa.units import parse_unit

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account


def balance_table(account: Account) -> pd.DataFrame:
    """Return `Account.residuals`."""
    import pandas as pd

    e, s = account.equations, account.system
    lines = e.balances
    names = [list(s.processes), list(s.layers), list(s.periods), list(s.regions)]
    frame = pd.DataFrame(
        {
            key: np.array(labels, dtype=object)[lines[:, k]]
            for k, (key, labels) in enumerate(
                zip(("process", "layer", "period", "region"), names, strict=True)
            )
        }
    )
    frame["unit"] = [s.layer_unit(layer) for layer in frame["layer"]]
    factor = np.array([e.quantities.internal.factor(parse_unit(u)) for u in frame["unit"]])
    rows = np.flatnonzero(e.row_kind == 0)
    A = e.A[rows]
    changes = np.zeros(A.shape[1], dtype=bool)
    changes[: account._n] = e.quantities.kinds == 2
    given = np.append(
        inputs(account)[0] * e.quantities.factor, np.full(A.shape[1] - account._n, np.nan)
    )
    for suffix, x in (("", account.solution.x), ("_before", np.nan_to_num(given))):
        parts = _split(A, x, changes)
        for key, part in zip(("in", "out", "stock_change"), parts, strict=True):
            frame[f"{key}{suffix}"] = part / factor
        frame[f"difference{suffix}"] = (A @ x) / factor
    complete = (abs(A) @ np.isnan(given).astype(float)) == 0
    frame["complete_before"] = complete
    frame.loc[~complete, "difference_before"] = np.nan
    return frame


def _split(A: Any, x: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what enters, what leaves and what is added to stock, by row of the balances A."""
    flows = np.where(changes, 0.0, x)
    positive, negative = A.maximum(0), (-A).maximum(0)
    return positive @ flows, negative @ flows, negative @ np.where(changes, x, 0.0)
