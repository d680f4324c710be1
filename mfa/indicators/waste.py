"""Where waste and by-products end: shares of all destinations on one denominator.

A flow counts when it has one of the destination roles. What leaves a process of the sector *waste*
that itself received such a flow (slag of an incinerator, rejects of a sorting plant) was counted
when it went in, so it is kept apart as a residue of treatment: the shares sum to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.indicators.sums import Reader, Total, formula

if TYPE_CHECKING:
    from mfa.account import Account, Estimate
    from mfa.model.system import System

DESTINATIONS = (
    "reuse",
    "feed",
    "recycling",
    "composting",
    "energy_recovery",
    "landfill",
    "burning",
    "dumping",
)


@dataclass(frozen=True)
class WasteVector:
    """Tonnes and shares by destination, for one group of sources.

    Attributes
    ----------
    group
        Sector of the processes which the waste comes from, or ``"total"``.
    totals
        Destination → sum of its flows; ``"all"`` is the denominator.
    shares
        Destination → share of the denominator; of its known part where something is unknown.
    """

    group: str
    totals: Mapping[str, Total]
    shares: Mapping[str, Estimate]


def destination_flows(system: System) -> tuple[dict[str, list[str]], list[str]]:
    """Return sector of origin → flows with a destination role, and the residues of treatment.

    A residue leaves a process of the sector *waste* which receives such flows itself.
    """
    flows = [system.flows[i] for i in system.flows]
    marked = [f for f in flows if f.role in DESTINATIONS and f.layer == "goods"]
    treated = {f.target for f in marked if system.processes[f.target].sector == "waste"}
    primary: dict[str, list[str]] = {}
    residues = []
    for flow in marked:
        if flow.source in treated:
            residues.append(flow.id)
        else:
            primary.setdefault(system.processes[flow.source].sector, []).append(flow.id)
    return primary, residues


def waste_vectors(
    account: Account, *, period: str = "", region: str = "", unit: str = "kt/year"
) -> tuple[WasteVector, ...]:
    """Return the vector of the whole city, then one for each sector that gives off waste.

    The order of sectors is that of their first flow.
    """
    system = account.system
    reader = Reader(account, period, region, unit)
    primary, _ = destination_flows(system)
    groups = {"total": [i for ids in primary.values() for i in ids]} | primary
    return tuple(_vector(reader, group, ids, system) for group, ids in groups.items() if primary)


def _vector(reader: Reader, group: str, ids: list[str], system: System) -> WasteVector:
    parts: dict[str, dict[str, float]] = {role: {} for role in DESTINATIONS}
    for identifier in ids:
        parts[system.flows[identifier].role][identifier] = 1.0
    totals = {role: reader.total(role, group, weights) for role, weights in parts.items()}
    whole = reader.total("all", group, dict.fromkeys(ids, 1.0))
    known = {i: w for i, w in whole.weights.items() if i not in whole.unknown}
    shares = {}
    if whole.estimate and whole.estimate.value:
        below = formula(known)
        for role, total in totals.items():
            above = {i: w for i, w in total.weights.items() if i in known}
            if above:
                share = reader.evaluate(f"({formula(above)}) / ({below})", "1")
                shares |= {role: share} if share else {}
    return WasteVector(group, totals | {"all": whole}, shares)
