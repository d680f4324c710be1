"""Flows of an account, grouped and summed as a view wants; numbers and ids, no words.

floWeaver (the successor of sankeyview) is asked with two process groups only, all sources and all
targets, each *partitioned* into the view's nodes: the same result as one bundle for every pair of
nodes, at a small part of the cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa.model.quality import Z95
from mfa.model.quantity import material_codes
from mfa.sankey import colours
from mfa.sankey.graph import SankeyLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from mfa.account import Account
    from mfa.model.system import System
    from mfa.model.view import View

_DUST = 1e-9  # share of its limits by which a stock change may differ from zero
_ENTRIES = 4_000_000  # of a matrix of weights that is filled at once
# What a link of several flows is: as uncertain as its weakest part.
_WEAKEST = ("free", "determined", "measured", "reconciled", "fixed")


@dataclass(frozen=True)
class Cell:
    """One period and region of an account."""

    period: str
    region: str


def choose_label(what: str, wanted: str | None, known: tuple[str, ...], default: int) -> str:
    """Return `wanted` where it is known, the default where it is None; ValueError else."""
    if wanted is None:
        return known[default]
    if wanted not in known:
        raise ValueError(f"{what} is {wanted!r}, expected {', '.join(known)}")
    return wanted


def flows_of(
    account: Account, view: View, cell: Cell, groups: dict[str, str], kinds: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the flows to draw, and for every node the sum of those within it.

    Flows between two ends are not the view's subject; flows of exactly nothing are not drawn. A
    flow from a process to itself is a loop to show; one between processes of a node is not.
    """
    rows = _rows(account, "flow", view.layer, cell)
    source, target = rows["source"].map(groups), rows["target"].map(groups)
    ends = {node for node, kind in kinds.items() if kind != "process"}
    kept = ~(source.isin(ends) & target.isin(ends)) & (rows["value"] != 0)
    within = kept & (source == target) & (rows["source"] != rows["target"])
    inner = rows["value"][within].groupby(source[within]).sum().to_dict()
    return rows[kept & ~within].reset_index(drop=True), inner


def all_periods(
    account: Account,
    view: View,
    cell: Cell,
    groups: dict[str, str],
    kinds: dict[str, str],
    flows: pd.DataFrame,
) -> pd.DataFrame:
    """Return `flows`, and after them those of the other periods."""
    import pandas as pd

    others = (Cell(p, cell.region) for p in account.system.periods if p != cell.period)
    parts = [flows_of(account, view, other, groups, kinds)[0] for other in others]
    return pd.concat([flows, *parts], ignore_index=True) if parts else flows


def _rows(account: Account, kind: str, layer: str, cell: Cell) -> pd.DataFrame:
    """Return the rows of one kind, layer, period and region, in the unit of the layer."""
    from mfa.units import convert

    table = account.table
    rows = table[
        (table["kind"] == kind)
        & (table["layer"] == layer)
        & (table["period"] == cell.period)
        & (table["region"] == cell.region)
    ].reset_index(drop=True)
    unit = account.system.layer_unit(layer)
    for other in sorted(set(rows["unit"]) - {unit}):
        chosen = rows["unit"] == other
        for column in ("value", "sd", "lower", "upper"):
            rows.loc[chosen, column] = convert(rows.loc[chosen, column].to_numpy(), other, unit)
    return rows


def weave_flows(
    flows: pd.DataFrame, groups: dict[str, str]
) -> list[tuple[str, str, str, list[int]]]:
    """Return (source node, target node, category, rows of `flows`) of every link."""
    import floweaver

    # Lists, never strings: floWeaver evaluates a selection given as a string.
    nodes = {
        side: floweaver.ProcessGroup(
            sorted(set(flows[side])), _partition("process", groups, set(flows[side]))
        )
        for side in ("source", "target")
    }
    keys = {key: key for key in flows["category"]}
    definition = floweaver.SankeyDefinition(
        nodes,
        [floweaver.Bundle("source", "target")],
        [["source", "target"]],
        flow_partition=_partition("category", keys, set(keys)),
    )
    woven = floweaver.weave(
        definition,
        flows[["source", "target", "category"]],
        measures=lambda rows: {"flows": len(rows)},
        link_width=lambda measures: measures["flows"],
    )
    return sorted(
        (
            link.source.removeprefix("source^"),
            link.target.removeprefix("target^"),
            link.type,
            sorted(link.original_flows),
        )
        for link in woven.links
    )


def _partition(dimension: str, groups: dict[str, str], used: set[str]) -> Any:
    import floweaver

    members: dict[str, list[str]] = {}
    for member, group in groups.items():
        if member in used:
            members.setdefault(group, []).append(member)
    return floweaver.Partition.Simple(dimension, [(g, tuple(m)) for g, m in members.items()])


def links_of(
    account: Account,
    flows: pd.DataFrame,
    woven: Sequence[tuple[str, str, str, list[int]]],
    view: View,
    cell: Cell,
    usual: pd.Series,
) -> tuple[tuple[SankeyLink, tuple[str, ...]], ...]:
    """Return the links that `weave_flows` found, without titles, and the materials of each.

    σ of all links that are sums are found at once.
    """
    parts = [flows.iloc[rows] for *_, rows in woven]
    spreads = _spreads(account, parts, view.layer, cell)
    return tuple(
        (_link(account, part, ends, cell, usual, sd), tuple(part["material"]))
        for (*ends, _), part, sd in zip(woven, parts, spreads, strict=True)
    )


def _link(
    account: Account,
    rows: pd.DataFrame,
    ends: list[str],
    cell: Cell,
    usual: pd.Series,
    spread: float,
) -> SankeyLink:
    source, target, category = ends
    ids = tuple(rows["id"])
    value, sd, lower, upper, status = _sum(account, rows, cell, spread)
    return SankeyLink(
        id=f"{source}>{target}:{category}",
        source=source,
        target=target,
        value=value,
        sd=sd,
        lower=max(lower, 0.0),
        upper=upper,
        status=status,
        category=category,
        title="",
        flows=ids,
        usual=float(usual[list(ids)].sum(min_count=1)),
    )


def _spreads(
    account: Account, parts: Sequence[pd.DataFrame], layer: str, cell: Cell
) -> list[float]:
    """Return σ of each sum of rows; NaN where it is free, or one row that has its own."""
    sums = [dict.fromkeys(part["id"], 1.0) if len(part) > 1 else {} for part in parts]
    return sum_sds(account, sums, cell, account.system.layer_unit(layer))


def _sum(account: Account, rows: pd.DataFrame, cell: Cell, sd: float) -> tuple[float, ...]:
    """Return value, σ, interval and status of a sum of quantities, covariance included.

    A sum can be determined although its parts are not. `sd` is its σ, NaN where it is free.
    """
    if len(rows) == 1:
        row = rows.iloc[0]
        return row["value"], row["sd"], row["lower"], row["upper"], row["status"]
    if math.isnan(sd):
        return math.nan, math.nan, rows["lower"].sum(), rows["upper"].sum(), "free"
    value = rows["value"].sum(skipna=False)
    if math.isnan(value):
        weights = dict.fromkeys(rows["id"], 1.0)
        unit = account.system.layer_unit(rows["layer"].iloc[0])
        value = account.linear(weights, period=cell.period, region=cell.region, unit=unit).value
    weakest = next(status for status in _WEAKEST if status in set(rows["status"]))
    status = "determined" if weakest == "free" else weakest
    return value, sd, value - Z95 * sd, value + Z95 * sd, status


def sum_sds(
    account: Account, sums: Sequence[Mapping[str, float]], cell: Cell, unit: str
) -> list[float]:
    """Return σ of weighted sums of quantities in `unit`; NaN where free, or without terms."""
    import numpy as np

    from mfa.balance.spread import combination_sd
    from mfa.units import parse_unit

    quantities = account.equations.quantities
    factor = quantities.internal.factor(parse_unit(unit)) if unit else 1.0
    labels = tuple(label for label in (cell.period, cell.region) if label)
    step = max(1, _ENTRIES // quantities.count)
    found = np.full(len(sums), np.nan)
    for start in range(0, len(sums), step):
        part = sums[start : start + step]
        weights = np.zeros((quantities.count, len(part)))
        for column, terms in enumerate(part):
            for name, weight in terms.items():
                weights[account._index(name, labels), column] += weight
        known = [
            k for k, terms in enumerate(part)
            if terms and account.classification.determines(weights[:, k])
        ]  # fmt: skip
        spread = combination_sd(account.solution, weights[:, known]) if known else np.empty(0)
        found[[start + k for k in known]] = spread / factor
    return found.tolist()


def category_keys(system: System, view: View, flows: pd.DataFrame) -> list[str]:
    """Return the category of every flow."""
    if view.colour_by == "status":
        return flows["status"].tolist()
    if view.colour_by == "sector":
        return _sectors(system, flows)
    if view.colour_by == "mf_code":
        codes = material_codes(system.materials)
        per_flow = [codes.get(material, "") for material in flows["material"]]
        classes = colours.code_classes(per_flow)
        return [classes[code] for code in per_flow]
    totals = flows["value"].fillna(0.0).groupby(flows["material"]).sum().to_dict()
    shown = colours.material_classes(system.materials, totals)
    return [shown[material] for material in flows["material"]]


def _sectors(system: System, flows: pd.DataFrame) -> list[str]:
    """Return the sector a flow comes from; from outside, the sector it goes to."""
    sector = {process.id: process.sector for process in system.processes.rows()}
    return [
        sector[source] or sector[target] or colours.OTHER
        for source, target in zip(flows["source"], flows["target"], strict=True)
    ]


def stock_changes(
    account: Account, layer: str, groups: dict[str, str], cell: Cell
) -> dict[str, dict[str, Any]]:
    """Return node → what a `SankeyNode` says of its stock."""
    rows = _rows(account, "stock_change", layer, cell)
    parts = dict(list(rows.groupby(rows["source"].map(groups), sort=True)))
    spreads = _spreads(account, list(parts.values()), layer, cell)
    found: dict[str, dict[str, Any]] = {}
    for (node, part), spread in zip(parts.items(), spreads, strict=True):
        value, sd, lower, upper, status = _sum(account, part, cell, spread)
        known = status != "free"
        if known and abs(value) <= _DUST * max(abs(lower), abs(upper)):
            value = 0.0  # what rounding leaves of a stock that does not change
        found[node] = {
            "stock_change": value if known else None,
            "stock_sd": sd,
            "stock_known": known,
            "stock_lower": lower,
            "stock_upper": upper,
        }
    return found
