"""What flowed before and flows no more, for the picture of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mfa.errors import InputError
from mfa.sankey.graph import SankeyGraph, SankeyLink, SankeyNode

if TYPE_CHECKING:
    from mfa.comparison.sides import Side
    from mfa.model.system import System
    from mfa.model.view import View

_OUT, _IN = "·out", "·in"


def weave_before(side: Side, view: View | None, language: str, region: str) -> SankeyGraph | None:
    """Return the graph of the first side as the second side's view groups it; None: no flow."""
    from mfa.sankey.view import weave

    chosen = _known_members(view, side.account.system) if view else None
    try:
        return weave(side.account, chosen, language=language, period=side.period, region=region)
    except InputError:
        return None


def _known_members(view: View, system: System) -> View:
    """Return the view without the processes that the system does not have."""
    groups = (
        replace(g, members=tuple(m for m in g.members if m in system.processes or ":" in m
                                 or m == "*"))
        for g in view.groups
    )  # fmt: skip
    return replace(view, groups=tuple(group for group in groups if group.members))


def lost_flows(now: SankeyGraph, before: SankeyGraph | None) -> dict[str, tuple[str, ...]]:
    """Return link of `before` → its flows that are drawn no more."""
    alive = {flow for link in now.links for flow in link.flows}
    lost = {
        link.id: tuple(flow for flow in link.flows if flow not in alive)
        for link in (before.links if before else ())
    }
    return {link: flows for link, flows in lost.items() if flows}


def with_gone(now: SankeyGraph, before: SankeyGraph | None, factor: float) -> SankeyGraph:
    """Return `now` with the links of `before` that have no flow left, and their nodes.

    Parameters
    ----------
    factor
        What turns values of `before` into the unit of `now`.
    """
    if before is None:
        return now
    lost, here = lost_flows(now, before), {link.id for link in now.links}
    gone = [k for k in before.links if k.id not in here and k.flows == lost.get(k.id)]
    ends = dict(_ends(now, gone, {n.id.removesuffix(_OUT): n for n in before.nodes}))
    nodes = {node.id: node for node in now.nodes} | {
        node.id: node for node in ends.values() if node.id not in {n.id for n in now.nodes}
    }
    links = tuple(
        replace(
            _faded(link, factor),
            source=ends[link.id, "source"].id,
            target=ends[link.id, "target"].id,
        )
        for link in gone
    )
    return replace(now, nodes=tuple(nodes.values()), links=(*now.links, *links))


def _faded(link: SankeyLink, factor: float) -> SankeyLink:
    """Return the link with nothing in it, and its former size."""
    return replace(
        link,
        value=0.0,
        sd=link.sd * factor,
        lower=link.lower * factor,
        upper=link.upper * factor,
        usual=link.value * factor if link.known else math.nan,
        gone=True,
    )


def _ends(
    now: SankeyGraph, gone: list[SankeyLink], before: dict[str, SankeyNode]
) -> Iterator[tuple[tuple[str, str], SankeyNode]]:
    """Yield the node where each gone link starts and ends.

    An outside node either gives or takes: where `now` has only the other half, a half is added.
    """
    nodes = {node.id: node for node in now.nodes}
    gives = {link.source for link in now.links}
    for link in gone:
        for side, name, half in (("source", link.source, _IN), ("target", link.target, _OUT)):
            base = name.removesuffix(_OUT)
            node = before[base]
            wanted = base
            if node.kind != "process":
                fits = (base in gives or base not in nodes) == (side == "source")
                wanted = base if fits else f"{base}{half}"
            yield (
                (link.id, side),
                nodes.get(wanted) or SankeyNode(wanted, node.title, node.kind, node.column,
                                                node.order, members=node.members),
            )  # fmt: skip
