"""From an account and a view to a graph: floWeaver groups processes, sums flows, splits by colour.

floWeaver (the successor of sankeyview) is asked with two process groups only, all sources and all
targets, each *partitioned* into the view's nodes: the same result as one bundle for every pair of
nodes, at a small part of the cost. Columns and order are the layout's business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Problem
from mfa.locale import translator
from mfa.model.quantity import material_codes
from mfa.model.view import View
from mfa.sankey import colours
from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode
from mfa.sankey.groups import node_kinds, node_title, resolve_groups

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account
    from mfa.model.system import System

COLOUR_BY = ("material", "mf_code", "sector", "status")
# What a link of several flows is: as uncertain as its weakest part.
_DUST = 1e-9  # share of its limits by which a stock change may differ from zero
_CLOSED = 1e-6  # share of a node's throughput by which its balance may fail to close
_WEAKEST = ("free", "determined", "measured", "reconciled", "fixed")


def weave(
    account: Account,
    view: View | None = None,
    *,
    language: str = "vi",
    period: str | None = None,
    region: str | None = None,
    node_sd: bool = False,
) -> SankeyGraph:
    """Return the graph of `account` as `view` shows it.

    Colours and the order of nodes are those of all periods together, so that the pictures of two
    periods can be laid beside each other.

    Parameters
    ----------
    account
        A balanced account.
    view
        Which processes are grouped and what colours mean; None: every inside process its own node,
        coloured by material.
    language
        Language of names and words.
    period, region
        Which period and region; default: the last period, the first region (the city).
    node_sd
        Whether nodes get the σ of what flows through them, covariance included.

    Raises
    ------
    InputError
        A view's member is unknown or stands in two groups, or the view shows no flow at all.
    ValueError
        The period, region or colouring is unknown.
    """
    return gather(account, view, period=period, region=region).named(language, node_sd=node_sd)


def gather(
    account: Account,
    view: View | None = None,
    *,
    period: str | None = None,
    region: str | None = None,
) -> Gathered:
    """Return what `weave` shows before it is named in a language; parameters as there.

    Raises
    ------
    InputError
        A view's member is unknown or stands in two groups.
    ValueError
        The period, region or colouring is unknown.
    """
    system = account.system
    view = view or View("", colour_by="material")
    if view.colour_by not in COLOUR_BY:
        raise ValueError(f"colour_by is {view.colour_by!r}, expected {', '.join(COLOUR_BY)}")
    cell = _Cell(
        _label("period", period, system.periods, -1), _label("region", region, system.regions, 0)
    )
    groups = resolve_groups(system, view)
    kinds = node_kinds(system, groups)
    flows, inner = _flows(account, view, cell, groups, kinds)
    if flows.empty:
        return Gathered(account, view, cell, groups, kinds, flows, inner, (), {})
    everything = _all_periods(account, view, cell, groups, kinds, flows)
    flows["category"] = _keys(system, view, everything)[: len(flows)]
    usual = everything["value"].groupby(everything["id"]).mean()
    links = tuple(
        _link(account, flows.iloc[rows], ends, cell, usual) for *ends, rows in _weave(flows, groups)
    )
    stocks = _stock_changes(account, view.layer, groups, cell)
    return Gathered(account, view, cell, groups, kinds, everything, inner, links, stocks)


@dataclass(frozen=True)
class Gathered:
    """Flows of an account grouped and summed as a view wants, still without names; see `gather`."""

    account: Account
    view: View
    cell: _Cell
    groups: dict[str, str]
    kinds: dict[str, str]
    flows: pd.DataFrame
    inner: dict[str, float]
    links: tuple[tuple[SankeyLink, tuple[str, ...]], ...]
    stocks: dict[str, dict[str, Any]]

    def named(self, language: str, *, node_sd: bool = False) -> SankeyGraph:
        """Return the graph in a language; parameters and errors as of `weave`."""
        account, view, system = self.account, self.view, self.account.system
        if self.flows.empty:
            raise InputError([_nothing(view, language)], language)
        links = [
            replace(link, title=_what(system, link.flows, materials, language))
            for link, materials in self.links
        ]
        drawn = {node for link in links for node in (link.source, link.target)}
        nodes = [_judged(node, links) for node in _nodes(self, language) if node.id in drawn]
        if node_sd:
            nodes = [_with_sd(node, links, account, view.layer, self.cell) for node in nodes]
        return SankeyGraph(
            title=view.name(language) or system.title(language),
            nodes=tuple(nodes),
            links=tuple(links),
            unit=system.layer_unit(view.layer),
            categories=_categories(system, view, self.flows, language),
            language=language,
            subtitle=_subtitle(system, view, self.cell, language),
            note=_note(self.inner, drawn, language),
        ).split_ends()


@dataclass(frozen=True)
class _Cell:
    period: str
    region: str


def _label(what: str, wanted: str | None, known: tuple[str, ...], default: int) -> str:
    if wanted is None:
        return known[default]
    if wanted not in known:
        raise ValueError(f"{what} is {wanted!r}, expected {', '.join(known)}")
    return wanted


def _nothing(view: View, language: str) -> Problem:
    return Problem(
        "view-shows-nothing",
        "The view “{view}” shows no flow: no two of its groups are joined by a flow of layer "
        "“{layer}”.",
        {"view": view.name(language), "layer": view.layer},
        view.place,
    )


# ------------------------------------------------------------------------------------------- flows


def _flows(
    account: Account, view: View, cell: _Cell, groups: dict[str, str], kinds: dict[str, str]
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


def _all_periods(
    account: Account,
    view: View,
    cell: _Cell,
    groups: dict[str, str],
    kinds: dict[str, str],
    flows: pd.DataFrame,
) -> pd.DataFrame:
    """Return `flows`, and after them those of the other periods."""
    import pandas as pd

    others = (_Cell(p, cell.region) for p in account.system.periods if p != cell.period)
    parts = [_flows(account, view, other, groups, kinds)[0] for other in others]
    return pd.concat([flows, *parts], ignore_index=True) if parts else flows


def _rows(account: Account, kind: str, layer: str, cell: _Cell) -> pd.DataFrame:
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


def _weave(flows: pd.DataFrame, groups: dict[str, str]) -> list[tuple[str, str, str, list[int]]]:
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


def _link(
    account: Account,
    rows: pd.DataFrame,
    ends: list[str],
    cell: _Cell,
    usual: pd.Series,
) -> tuple[SankeyLink, tuple[str, ...]]:
    """Return a link without its title, and the materials of its flows."""
    source, target, category = ends
    ids = tuple(rows["id"])
    value, sd, lower, upper, status = _sum(account, rows, cell)
    link = SankeyLink(
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
    return link, tuple(rows["material"])


def _sum(account: Account, rows: pd.DataFrame, cell: _Cell) -> tuple[float, ...]:
    """Return value, σ, interval and status of a sum of quantities, covariance included.

    A sum can be determined although its parts are not.
    """
    if len(rows) == 1:
        row = rows.iloc[0]
        return row["value"], row["sd"], row["lower"], row["upper"], row["status"]
    weights = dict.fromkeys(rows["id"], 1.0)
    unit = account.system.layer_unit(rows["layer"].iloc[0])
    sum_ = account.linear(weights, period=cell.period, region=cell.region, unit=unit)
    if not sum_.known:
        return math.nan, math.nan, rows["lower"].sum(), rows["upper"].sum(), "free"
    weakest = next(status for status in _WEAKEST if status in set(rows["status"]))
    status = "determined" if weakest == "free" else weakest
    return sum_.value, sum_.sd, sum_.lower, sum_.upper, status


def _what(system: System, ids: tuple[str, ...], materials: tuple[str, ...], language: str) -> str:
    """Return what flows: the flow's own name when it has one, else its materials."""
    if len(ids) == 1:
        flow = system.flows[ids[0]]
        if flow.name(language) != flow.id:
            return flow.name(language)
    names = [
        system.materials[m].name(language) if m in system.materials else m
        for m in dict.fromkeys(materials)
        if m
    ]
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")


# ------------------------------------------------------------------------------------------ colours


def _keys(system: System, view: View, flows: pd.DataFrame) -> list[str]:
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


def _categories(
    system: System, view: View, flows: pd.DataFrame, language: str
) -> dict[str, Category]:
    """Return the legend."""
    keys = _keys(system, view, flows)
    if view.colour_by == "status":
        return colours.status_categories(keys, language)
    if view.colour_by == "sector":
        return colours.sector_categories(keys, language)
    codes = material_codes(system.materials)
    if view.colour_by == "mf_code":
        return colours.code_categories(keys, language)
    unit = system.layer_unit(view.layer)
    return colours.material_categories(keys, system.materials, codes, unit, language)


def _sectors(system: System, flows: pd.DataFrame) -> list[str]:
    """Return the sector a flow comes from; from outside, the sector it goes to."""
    sector = {process.id: process.sector for process in system.processes.rows()}
    return [
        sector[source] or sector[target] or colours.OTHER
        for source, target in zip(flows["source"], flows["target"], strict=True)
    ]


# ------------------------------------------------------------------------------------------- nodes


def _nodes(gathered: Gathered, language: str) -> list[SankeyNode]:
    """Return all nodes in the order of the view, then of the processes."""
    system, view, kinds = gathered.account.system, gathered.view, gathered.kinds
    groups, stocks, inner = gathered.groups, gathered.stocks, gathered.inner
    members: dict[str, list[str]] = {}
    for process, node in groups.items():
        members.setdefault(node, []).append(process)
    found = {group.id: group for group in view.groups if group.id in members}
    nodes = []
    for node in dict.fromkeys([*found, *members]):
        nodes.append(
            SankeyNode(
                id=node,
                title=node_title(system, found.get(node), members[node], node, language),
                kind=kinds[node],
                column=found[node].column if node in found else None,
                order=found[node].order if node in found else None,
                **(stocks.get(node, {}) if kinds[node] == "process" else {}),
                internal=inner.get(node, 0.0),
                members=tuple(members[node]),
            )
        )
    return nodes


def _judged(node: SankeyNode, links: list[SankeyLink]) -> SankeyNode:
    """Return the node with what its balance leaves over."""
    ins = [k for k in links if k.target == node.id != k.source]
    outs = [k for k in links if k.source == node.id != k.target]
    if node.kind != "process" or not node.stock_known or not all(k.known for k in ins + outs):
        return node
    left, right = sum(k.value for k in ins), sum(k.value for k in outs)
    over = left - right - (node.stock_change or 0.0)
    closed = abs(over) <= _CLOSED * max(left, right)
    return node if closed else replace(node, imbalance=over)


def _with_sd(
    node: SankeyNode, links: list[SankeyLink], account: Account, layer: str, cell: _Cell
) -> SankeyNode:
    """Return the node with σ of what flows through it, covariance included."""
    ins = [f for k in links if k.target == node.id != k.source for f in k.flows]
    outs = [f for k in links if k.source == node.id != k.target for f in k.flows]
    stocks = [
        f"{stock.id}.change"
        for stock in account.system.stocks.rows()
        if stock.process in node.members and stock.layer == layer
    ]
    # The fuller side: all that goes out, with what is laid up; or comes in, with what is drawn.
    weights = dict.fromkeys(outs or ins, 1.0)
    if (node.stock_change or 0.0) * (1.0 if outs else -1.0) > 0:
        weights |= dict.fromkeys(stocks, 1.0 if outs else -1.0)
    if not weights:
        return node
    unit = account.system.layer_unit(layer)
    total = account.linear(weights, period=cell.period, region=cell.region, unit=unit)
    return replace(node, total_sd=total.sd)


def _stock_changes(
    account: Account, layer: str, groups: dict[str, str], cell: _Cell
) -> dict[str, dict[str, Any]]:
    """Return node → what a `SankeyNode` says of its stock."""
    rows = _rows(account, "stock_change", layer, cell)
    found: dict[str, dict[str, Any]] = {}
    for node, part in rows.groupby(rows["source"].map(groups), sort=True):
        value, sd, lower, upper, status = _sum(account, part, cell)
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


# -------------------------------------------------------------------------------------------- words


def _subtitle(system: System, view: View, cell: _Cell, language: str) -> str:
    name = system.title(language) if view.id else ""
    period = "" if cell.period in (name or system.title(language)) else cell.period
    return " · ".join(part for part in (name, cell.region, period) if part)


def _note(inner: dict[str, float], drawn: set[str], language: str) -> str:
    if not any(inner.get(node, 0.0) > 0 for node in drawn):
        return ""
    _ = translator(language)
    return _("Flows between processes of the same node are not drawn; its tooltip gives their sum.")
