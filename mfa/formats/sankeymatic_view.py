"""Write a woven view, its groups and colours, as SankeyMATIC text."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.files import replace_file
from mfa.formats.converted import LossLog, Written
from mfa.formats.diagram import plain_number
from mfa.formats.sankeymatic_write import Line, circle, render, whole_text
from mfa.locale import N_, translator

if TYPE_CHECKING:
    from mfa.sankey.graph import SankeyGraph, SankeyNode

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def write_sankeymatic_view(
    graph: SankeyGraph, path: str | os.PathLike[str], language: str = "vi"
) -> Written:
    """Write a graph woven by `mfa.sankey` for sankeymatic.com/build.

    Parameters
    ----------
    graph
        What the view shows: grouped processes, links in the colours of their categories.
    path
        The file; it is replaced when the new one is complete.
    language
        Language of the words for stocks.

    Returns
    -------
    Written
        The file, and what the text cannot hold: intervals, loops, what the colours mean.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    log = LossLog()
    nodes = {node.id: node for node in graph.nodes}
    names = _unique({node.id: node.title for node in graph.nodes})
    lines: list[Line] = []
    colours = []
    for link in graph.links:
        amount = plain_number(link.value) if math.isfinite(link.value) else ""
        lines.append((names[link.source], amount, names[link.target]))
        colour = graph.categories[link.category].colour if link.category in graph.categories else ""
        colours.append(colour if _COLOUR.fullmatch(colour) else "#888888")
        if not amount:
            message = N_("Flows that the data do not settle, without an amount ({n}): {items}.")
            log.add("free-flows", message, f"{names[link.source]} → {names[link.target]}")
    for node in nodes.values():
        lines += _stock(node, names, language)
    colours += ["#888888"] * (len(lines) - len(colours))
    _report(graph, lines, log)
    text = whole_text(graph.title, render(lines, log, colours), graph.unit)
    target = Path(path)
    replace_file(target, text.encode("utf-8"))
    return Written([target], log.losses)


def _unique(titles: dict[str, str]) -> dict[str, str]:
    """Return id → title, with the id behind titles that stand twice."""
    taken: set[str] = set()
    names = {}
    for key, title in titles.items():
        names[key] = f"{title} ({key})" if title in taken else title
        taken.add(names[key])
    return names


def _stock(node: SankeyNode, names: dict[str, str], language: str) -> list[Line]:
    """Return the change of a node's stock as a flow to or from a node of its own."""
    if not node.stock_known or not node.stock_change:
        return []
    name = translator(language)("Stock: {name}", name=names[node.id])
    amount = plain_number(abs(node.stock_change))
    ends = (names[node.id], name) if node.stock_change > 0 else (name, names[node.id])
    return [(ends[0], amount, ends[1])]


def _report(graph: SankeyGraph, lines: list[Line], log: LossLog) -> None:
    spreads = sum(link.sd > 0 for link in graph.links)
    if spreads:
        log.add("spreads", N_("Standard deviations and intervals ({n})."), n=spreads)
    if graph.categories:
        message = N_("What the colours mean ({n}): {items}.")
        for category in graph.categories.values():
            log.add("legend", message, f"{category.colour} {category.label}")
    changes = sum(bool(node.stock_known and node.stock_change) for node in graph.nodes)
    if changes:
        message = N_("Changes of stocks, written as flows to and from a node “stock” ({n}).")
        log.add("stock-changes", message, n=changes)
    for name in circle(lines):
        message = N_(
            "Loops: SankeyMATIC draws no flow that comes back to where it came from ({n}): {items}."
        )
        log.add("loops", message, name)
