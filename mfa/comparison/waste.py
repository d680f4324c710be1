"""Differences of the shares in which waste goes to its destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.comparison.changes import finish
from mfa.comparison.joint import Gradient, Joint, combination
from mfa.comparison.sides import Side, region_pairs
from mfa.indicators.waste import DESTINATIONS, destination_flows
from mfa.model.quality import Z95
from mfa.result import Estimate

if TYPE_CHECKING:
    import pandas as pd


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
    shares: dict[str, tuple[Gradient, Gradient]] = {}
    for role in DESTINATIONS:
        above = [name for name in flows if roles[name] == role]
        ends = _share(a, above, flows, ours), _share(b, above, flows, theirs)
        if above and ends[0] is not None and ends[1] is not None:
            shares[role] = ends[0], ends[1]
    joint = Joint(a.account, b.account)
    before = _estimates(a, [first for first, _ in shares.values()])
    after = _estimates(b, [second for _, second in shares.values()])
    rows = [
        joint.row(f"waste.{role}", ours, *estimates, list(shares[role]) if joint else None)
        for role, *estimates in zip(shares, before, after, strict=True)
    ]
    joint.fill()
    return finish(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=list(COLUMNS))


def _flows(side: Side, region: str) -> list[str]:
    """Return the flows with a destination that are known in the period and region."""
    primary, _ = destination_flows(side.account.system)
    table = side.account.table
    here = (table["period"] == side.period) & (table["region"] == region)
    known = set(table.loc[here & (table["status"] != "free"), "id"])
    return [name for names in primary.values() for name in names if name in known]


def _share(side: Side, above: list[str], below: list[str], region: str) -> Gradient | None:
    """Return a share and its gradient; None where there is no waste at all."""
    labels = side.period, region
    top, d_top = combination(side.account, dict.fromkeys(above, 1.0), *labels)
    whole, d_whole = combination(side.account, dict.fromkeys(below, 1.0), *labels)
    if not whole > 0:
        return None
    return top / whole, (d_top * whole - top * d_whole) / whole**2


def _estimates(side: Side, shares: list[Gradient]) -> list[Estimate]:
    """Return the shares in % with their σ and 95 % intervals."""
    if not shares:
        return []
    gradients = np.column_stack([gradient for _, gradient in shares])
    spread = 100.0 * combination_sd(side.account.solution, gradients)
    out = []
    for (share, _), sd in zip(shares, spread.tolist(), strict=True):
        value = 100.0 * share
        low, high = max(value - Z95 * sd, 0.0), min(value + Z95 * sd, 100.0)
        out.append(Estimate(value, sd, low, high, "%", "determined"))
    return out
