"""Facts of each sector, and which Sankey view belongs to which chapter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.indicators.sums import Reader, Total
from mfa.report.facts import Balance, Item, SectorFacts
from mfa.vocabulary import SECTORS

if TYPE_CHECKING:
    from mfa.model.system import System
    from mfa.model.view import View

UNCERTAIN = 0.3  # σ above this share of the value is named in the sector's fact sheet


@dataclass(frozen=True)
class Views:
    """Ids of views: of the whole city, by sector, by layer, and all others."""

    overall: str | None
    sectors: Mapping[str, str]
    layers: Mapping[str, str]
    other: tuple[str, ...]


def match_views(system: System) -> Views:
    """Say which view shows what.

    A view of another layer shows that layer. A view of goods whose id is a sector's name, or all of
    whose inside processes named one by one are of one sector, shows that sector. The first one left
    shows the whole city.
    """
    sectors: dict[str, str] = {}
    layers: dict[str, str] = {}
    other: list[str] = []
    for view in (system.views[identifier] for identifier in system.views):
        sector = _sector_of(view, system)
        if view.layer not in ("", "goods"):
            layers.setdefault(view.layer, view.id)
        elif sector and sector not in sectors:
            sectors[sector] = view.id
        else:
            other.append(view.id)
    overall = other[0] if other else None
    return Views(overall, sectors, layers, tuple(other[1:]))


def _sector_of(view: View, system: System) -> str:
    """Return the one sector that `view` is about, or ""."""
    known = {system.processes[p].sector for p in system.processes} - {""}
    if view.id in known:
        return view.id
    members = [member for group in view.groups for member in group.members]
    named = {
        system.processes[m].sector
        for m in members
        if m in system.processes and system.processes[m].boundary == "inside"
    }
    return named.pop() if len(named) == 1 else ""


def sectors_of(system: System) -> tuple[str, ...]:
    """Return the sectors of the inside processes: known ones in their usual order, then others."""
    present = {
        p.sector: None
        for p in (system.processes[i] for i in system.processes)
        if p.boundary == "inside" and p.sector
    }
    return tuple([s for s in SECTORS if s in present] + [s for s in present if s not in SECTORS])


def sector_facts(
    system: System,
    reader: Reader,
    here: Iterable[Item],
    balances: Iterable[Balance],
    views: Mapping[str, str],
) -> tuple[SectorFacts, ...]:
    """Return the facts of every sector that has goods flows, in the order of `sectors_of`."""
    goods = [i for i in here if i.layer == "goods" and i.kind in ("flow", "stock_change")]
    balances = [b for b in balances if b.layer == "goods"]
    found = []
    for sector in sectors_of(system):
        inside = {
            p
            for p in system.processes
            if system.processes[p].sector == sector and system.processes[p].boundary == "inside"
        }
        facts = _sector(sector, inside, system, reader, goods, balances, views)
        if facts.flows:
            found.append(facts)
    return tuple(found)


def _sector(
    sector: str,
    inside: set[str],
    system: System,
    reader: Reader,
    goods: list[Item],
    balances: list[Balance],
    views: Mapping[str, str],
) -> SectorFacts:
    flows = [i for i in goods if i.kind == "flow"]
    into = [i for i in flows if i.target in inside and i.source not in inside]
    out = [i for i in flows if i.source in inside and i.target not in inside]
    inner = [i for i in flows if i.source in inside and i.target in inside]
    changes = [i for i in goods if i.kind == "stock_change" and i.source in inside]
    touching = [*into, *inner, *out, *changes]
    vague = [i for i in touching if i.known and i.relative > UNCERTAIN and i.amount_sd > 0]

    def total(key: str, items: Iterable[Item]) -> Total:
        return reader.total(key, sector, {i.id: 1.0 for i in items})

    return SectorFacts(
        sector=sector,
        processes=tuple(p for p in system.processes if p in inside),
        inputs=total("inputs", _materials(into)),
        outputs=total("outputs", _materials(out)),
        stock_change=total("stock_change", changes),
        balancing_in=total("balancing_in", _balancing(into)),
        balancing_out=total("balancing_out", _balancing(out)),
        entering=_sorted(_materials(into)),
        leaving=_sorted(_materials(out)),
        inner=_sorted(inner),
        balancing=_sorted(_balancing(into + out)),
        balances=tuple(b for b in balances if b.process in inside),
        uncertain=tuple(sorted(vague, key=lambda i: (-i.amount_sd, i.id))),
        unknown=tuple(i for i in touching if not i.known),
        view=views.get(sector),
    )


def _materials(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.role != "balancing"]


def _balancing(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.role == "balancing"]


def _sorted(items: Iterable[Item]) -> tuple[Item, ...]:
    """Known ones first, the largest first."""
    return tuple(sorted(items, key=lambda i: (not i.known, -i.amount if i.known else 0.0, i.id)))
