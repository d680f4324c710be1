"""The observations of an account: as given, and how far each was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account


def observation_table(account: Account) -> pd.DataFrame:
    """Return `Account.observations`."""
    frame = account.system.observations.frame()
    o, q = account.given, account.equations.quantities
    factor = (
        np.concatenate([q.factor, np.array(q.aux_factor, dtype=float)])[o.index]
        if len(o.index)
        else np.zeros(0)
    )
    given = frame["value"].to_numpy(dtype=float)
    with np.errstate(all="ignore"):
        scale = np.where(given != 0, o.value / given, factor)
    names = [*q.unit, *q.aux_unit]
    frame["unit"] = [
        unit if isinstance(unit, str) else (names[i] or "")
        for unit, i in zip(frame["unit"], o.index, strict=True)
    ]
    frame["place"] = [str(place) if place else "" for place in frame["place"]]
    scale = np.where(scale != 0, scale, 1.0)
    frame["reconciled"] = account.solution.x[o.index] / scale
    frame["reconciled_sd"] = account._sd[o.index] / abs(scale)
    frame["adjustment"] = account._tests.raw
    frame["normalised"] = account._tests.normalised
    frame["testable"] = account._tests.testable
    frame["suspect"] = account._tests.suspect
    return frame
