"""What the data leave open, and how many further figures would close it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mfa.report.facts import Gap, Item

if TYPE_CHECKING:
    from mfa.model.system import System

GROUND = ""  # everything that conserves no mass: outside, unbalanced processes, stocks


def find_gaps(system: System, here: Iterable[Item]) -> tuple[Gap, ...]:
    """Group the unknown quantities by the balances that tie them; the largest group first.

    Unknown flows and stock changes are the edges of a graph whose nodes are processes, all those
    without a balance merged into one ground. In each connected part, every balanced process gives
    one equation for its unknown edges, and those of a part that does not touch the ground are
    dependent once; edges − equations further figures settle the part. Unknown parameters and stock
    levels stand alone.
    """
    unknown = [item for item in here if not item.known]
    edges = [item for item in unknown if item.kind in ("flow", "stock_change")]
    parts: list[tuple[set[tuple[str, str]], list[Item]]] = []
    for item in edges:
        ends = {(item.layer, end) for end in _ends(system, item)}
        inner = {end for end in ends if end[1] != GROUND}
        touching = [part for part in parts if part[0] & inner]
        nodes = ends.union(*(part[0] for part in touching))
        members = [i for part in touching for i in part[1]] + [item]
        parts = [part for part in parts if part not in touching] + [(nodes, members)]
    gaps = [Gap(tuple(members), _needed(nodes, members)) for nodes, members in parts]
    gaps += [Gap((item,), 1) for item in unknown if item.kind in ("stock", "parameter")]
    return tuple(sorted(gaps, key=lambda gap: -len(gap.items)))


def _needed(nodes: set[tuple[str, str]], members: list[Item]) -> int:
    balanced = sum(1 for _, node in nodes if node != GROUND)
    touches_ground = balanced < len(nodes)
    return max(len(members) - balanced + (0 if touches_ground else 1), 1)


def _ends(system: System, item: Item) -> tuple[str, str]:
    if item.kind == "stock_change":
        return _node(system, system.stocks[item.id.removesuffix(".change")].process), GROUND
    return _node(system, item.source), _node(system, item.target)


def _node(system: System, process: str) -> str:
    record = system.processes[process]
    return process if record.boundary == "inside" and record.balance else GROUND
