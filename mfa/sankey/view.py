"""From an account and a view to a graph: what `mfa.sankey.gather` sums gets its names.

Columns and order are the layout's business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Problem
from mfa.locale import translator
from mfa.model.quantity import material_codes
from mfa.model.view import View
from mfa.sankey import colours
from mfa.sankey.gather import (
    Cell,
    all_periods,
    category_keys,
    choose_label,
    flows_of,
    links_of,
    stock_changes,
    sum_sds,
    weave_flows,
)
from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode
from mfa.sankey.groups import node_kinds, node_title, resolve_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mfa.account import Account
    from mfa.model.system import System

COLOUR_BY = ("material", "mf_code", "sector", "status")
_CLOSED = 1e-6  # share of a node's throughput by which its balance may fail to close


def weave(
    account: Account,
    view: View | None = None,
    *,
    language: str = "vi",
    period: str | None = None,
    region: str | None = None,
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

    Raises
    ------
    InputError
        A view's member is unknown or stands in two groups, or the view shows no flow at all.
    ValueError
        The period, region or colouring is unknown.
    """
    return gather(account, view, period=period, region=region).named(language)


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
    cell = Cell(
        choose_label("period", period, system.periods, -1),
        choose_label("region", region, system.regions, 0),
    )
    groups = resolve_groups(system, view)
    kinds = node_kinds(system, groups)
    flows, inner = flows_of(account, view, cell, groups, kinds)
    if flows.empty:
        return Gathered(account, view, cell, groups, kinds, flows, inner, (), {})
    everything = all_periods(account, view, cell, groups, kinds, flows)
    flows["category"] = category_keys(system, view, everything)[: len(flows)]
    usual = everything["value"].groupby(everything["id"]).mean()
    links = links_of(account, flows, weave_flows(flows, groups), view, cell, usual)
    stocks = stock_changes(account, view.layer, groups, cell)
    return Gathered(account, view, cell, groups, kinds, everything, inner, links, stocks)


@dataclass(frozen=True)
class Gathered:
    """Flows of an account grouped and summed as a view wants, still without names; see `gather`."""

    account: Account
    view: View
    cell: Cell
    groups: dict[str, str]
    kinds: dict[str, str]
    flows: pd.DataFrame
    inner: dict[str, float]
    links: tuple[tuple[SankeyLink, tuple[str, ...]], ...]
    stocks: dict[str, dict[str, Any]]

    def named(self, language: str) -> SankeyGraph:
        """Return the graph in a language; parameters and errors as of `weave`."""
        graph = self._graph(language)
        nodes = [replace(n, total_sd=sd) for n, sd in zip(graph.nodes, self._sds, strict=True)]
        return replace(graph, nodes=tuple(nodes))

    @cached_property
    def _sds(self) -> list[float]:
        """σ of what flows through the nodes, covariance included, in whatever language."""
        graph = self._graph("en")
        stocks: dict[str, list[str]] = {}
        for stock in self.account.system.stocks.rows():
            if stock.layer == self.view.layer:
                stocks.setdefault(stock.process, []).append(f"{stock.id}.change")
        sums = [_through(node, graph.links, stocks) for node in graph.nodes]
        return sum_sds(self.account, sums, self.cell, graph.unit)

    def _graph(self, language: str) -> SankeyGraph:
        view, system = self.view, self.account.system
        if self.flows.empty:
            raise InputError([_nothing(view, language)], language)
        links = [
            replace(link, title=_what(system, link.flows, materials, language))
            for link, materials in self.links
        ]
        drawn = {node for link in links for node in (link.source, link.target)}
        nodes = [_judged(node, links) for node in _nodes(self, language) if node.id in drawn]
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


def _nothing(view: View, language: str) -> Problem:
    return Problem(
        "view-shows-nothing",
        "The view “{view}” shows no flow: no two of its groups are joined by a flow of layer "
        "“{layer}”.",
        {"view": view.name(language), "layer": view.layer},
        view.place,
    )


# ------------------------------------------------------------------------------------------- links


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


def _categories(
    system: System, view: View, flows: pd.DataFrame, language: str
) -> dict[str, Category]:
    """Return the legend."""
    keys = category_keys(system, view, flows)
    if view.colour_by == "status":
        return colours.status_categories(keys, language)
    if view.colour_by == "sector":
        return colours.sector_categories(keys, language)
    codes = material_codes(system.materials)
    if view.colour_by == "mf_code":
        return colours.code_categories(keys, language)
    unit = system.layer_unit(view.layer)
    return colours.material_categories(keys, system.materials, codes, unit, language)


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


def _through(
    node: SankeyNode, links: Sequence[SankeyLink], stocks: dict[str, list[str]]
) -> dict[str, float]:
    """Return the quantities whose sum flows through a node, with their signs.

    The fuller side: all that goes out, with what is laid up; or comes in, with what is drawn.
    """
    ins = [f for k in links if k.target == node.id != k.source for f in k.flows]
    outs = [f for k in links if k.source == node.id != k.target for f in k.flows]
    sign = 1.0 if outs else -1.0
    weights = dict.fromkeys(outs or ins, 1.0)
    if (node.stock_change or 0.0) * sign > 0:
        weights |= {change: sign for m in node.members for change in stocks.get(m, ())}
    return weights


# -------------------------------------------------------------------------------------------- words


def _subtitle(system: System, view: View, cell: Cell, language: str) -> str:
    name = system.title(language) if view.id else ""
    period = "" if cell.period in (name or system.title(language)) else cell.period
    return " · ".join(part for part in (name, cell.region, period) if part)


def _note(inner: dict[str, float], drawn: set[str], language: str) -> str:
    if not any(inner.get(node, 0.0) > 0 for node in drawn):
        return ""
    _ = translator(language)
    return _("Flows between processes of the same node are not drawn; its tooltip gives their sum.")
