"""Differences of the shares in which waste goes to its destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.comparison.changes import finish
from mfa.comparison.indicators import Joint, combination, comparison_row
from mfa.comparison.sides import Side, region_pairs
from mfa.indicators.waste import DESTINATIONS, destination_flows
from mfa.result import Estimate

if TYPE_CHECKING:
    import pandas as pd

Z95 = 1.959963984540054
_Share = tuple[float, np.ndarray]


def waste_changes(a: Side, b: Side) -> pd.DataFrame:
    """Return one row a destination, in % of all waste with a known destination on both sides.

    Empty where no flow has such a role.
    """
    import pandas as pd

    from mfa.comparison import COLUMNS

    ours, theirs = region_pairs(a, b)[0]
    flows = _flows(a, ours)
    flows = [name for name in flows if name in set(_flows(b, theirs))]
    roles = {name: a.account.system.flows[name].role for name in flows}
    joint = Joint(a.account, b.account)
    rows = []
    for role in DESTINATIONS:
        above = [name for name in flows if roles[name] == role]
        if not above:
            continue
        before, after = _share(a, above, flows, ours), _share(b, above, flows, theirs)
        if before is None or after is None:
            continue
        ends = _estimate(a, before), _estimate(b, after)
        spread = 100.0 * joint.sd(before, after, "1") if joint else None
        rows.append(comparison_row(f"waste.{role}", ours, *ends, spread, joint.shared))
    return finish(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=list(COLUMNS))


def _flows(side: Side, region: str) -> list[str]:
    """Return the flows with a destination that are known in the period and region."""
    primary, _ = destination_flows(side.account.system)
    table = side.account.table
    here = (table["period"] == side.period) & (table["region"] == region)
    known = set(table.loc[here & (table["status"] != "free"), "id"])
    return [name for names in primary.values() for name in names if name in known]


def _share(side: Side, above: list[str], below: list[str], region: str) -> _Share | None:
    """Return a share and its gradient; None where there is no waste at all."""
    labels = side.period, region
    top, d_top = combination(side.account, dict.fromkeys(above, 1.0), *labels)
    whole, d_whole = combination(side.account, dict.fromkeys(below, 1.0), *labels)
    if not whole > 0:
        return None
    return top / whole, (d_top * whole - top * d_whole) / whole**2


def _estimate(side: Side, share: _Share) -> Estimate:
    value = 100.0 * share[0]
    sd = 100.0 * float(combination_sd(side.account.solution, share[1][:, None])[0])
    low, high = max(value - Z95 * sd, 0.0), min(value + Z95 * sd, 100.0)
    return Estimate(value, sd, low, high, "%", "determined")
