"""From a network of nodes and links to the tables of a case."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mfa.formats.draft import Draft
from mfa.formats.network import Datum, Holding, Limit, Link, Network, Resolved
from mfa.locale import N_
from mfa.model.quantity import OUTSIDE
from mfa.workbook.text import bare

OUTSIDE_WORDS = {
    **dict.fromkeys(
        ("import", "imports", "importation", "importations", "nhap khau", "nhap"), "import"
    ),
    **dict.fromkeys(
        ("export", "exports", "exportation", "exportations", "xuat khau", "xuat"), "export"
    ),
    **dict.fromkeys(
        ("environment", "environnement", "nature", "moi truong", "moi truong tu nhien"),
        "environment",
    ),
}
"""Names without accents of what lies outside → the process that always exists."""
LONGEST_FORMULA = 3_500
SPAN = 1e-6
ENDS = N_(
    "Nodes at the ends of the diagram are taken to lie outside the boundary, as imports and "
    "exports ({n}): {items}. Where material is extracted or emitted, set their place to "
    "environment."
)
UNBALANCED = N_(
    "Nodes whose values do not balance in the file ({n}): {items}. Balancing will move the values; "
    "set the process to “not balanced” where that is wrong."
)


@dataclass
class Assembled:
    """What the nodes and links became.

    Attributes
    ----------
    resolved
        The network without aggregates.
    draft
        The tables.
    flows
        Id of every flow of `resolved`.
    stocks
        Node → id of its stock.
    """

    resolved: Resolved
    draft: Draft
    flows: list[str] = field(default_factory=list)
    stocks: dict[str, str] = field(default_factory=dict)

    def sum(self, numbers: Iterable[int], labels: Sequence[str] = ()) -> str:
        """Return the formula that adds up flows by number, at the labels of a period or region."""
        tail = f"[{', '.join(labels)}]" if any(labels) else ""
        return " + ".join(f"{self.flows[number]}{tail}" for number in numbers)


def assemble(
    network: Network, draft: Draft, periods: Iterable[str] = (), regions: Iterable[str] = ()
) -> Assembled:
    """Fill `draft` with the processes, flows, stocks and values of `network`."""
    draft.setting("periods", ", ".join(periods))
    draft.setting("regions", ", ".join(regions))
    out = Assembled(Resolved(network, draft.log), draft)
    processes = _add_processes(out)
    _add_flows(out, processes)
    for link in network.links:
        _add_values(out, link)
    for holding in network.stocks:
        _add_stock(out, holding, processes)
    _report_imbalance(out)
    return out


# ---------------------------------------------------------------------------------- processes


def _add_processes(out: Assembled) -> dict[tuple[str, bool], str]:
    """Add a process for every node, and return (node, whether it gives) → id."""
    leaving = {source for source, _, _ in out.resolved.flows}
    entering = {target for _, target, _ in out.resolved.flows}
    holding = {stock.node for stock in out.resolved.network.stocks}
    ids: dict[tuple[str, bool], str] = {}
    builtin = dict.fromkeys(OUTSIDE, "")
    for key in out.resolved.leaves:
        sides = (key in leaving, key in entering)
        node = out.resolved.network.nodes[key]
        if node.kind == "exchange" or (sides[0] != sides[1] and key not in holding):
            ids |= _outside(out, key, sides, builtin)
        else:
            balance = "no" if node.balance is False else ""
            name = out.draft.process(node.name, node.place, balance=balance, note=node.note)
            ids |= dict.fromkeys(((key, True), (key, False)), name)
    return ids


def _outside(
    out: Assembled, key: str, sides: tuple[bool, bool], builtin: dict[str, str]
) -> dict[tuple[str, bool], str]:
    """Add what lies outside the boundary; a node that gives and takes becomes two processes."""
    node, draft = out.resolved.network.nodes[key], out.draft
    gives, takes = sides
    word = OUTSIDE_WORDS.get(bare(node.name)) or (key if key in OUTSIDE else "")
    wrong = (word == "import" and takes) or (word == "export" and gives)
    if word and not wrong and not builtin[word]:
        builtin[word] = key
        draft.add("processes", node.place, id=word, name=node.name, note=node.note)
        return dict.fromkeys(((key, True), (key, False)), word)
    if node.kind != "exchange":
        draft.log.add("ends-outside", ENDS, node.name, node.place, assumed=True)
    both = gives and takes
    ids = {}
    for giving, boundary in ((True, "import"), (False, "export")):
        if (gives if giving else takes) or (giving and not both and not takes):
            name = f"{node.name} ({boundary})" if both else node.name
            ids[key, giving] = draft.process(name, node.place, boundary=boundary, note=node.note)
    return ids


# -------------------------------------------------------------------------------------- flows


def _add_flows(out: Assembled, processes: dict[tuple[str, bool], str]) -> None:
    materials = _Materials(out)
    for source, target, link in out.resolved.flows:
        bounds = _plain_limit(link) or _room_below(out, link)
        name = out.draft.flow(
            processes[source, True],
            processes[target, False],
            link.place if link else None,
            name=link.name if link else "",
            material=materials.of(source, target, link),
            lower=bounds.lower if bounds else None,
            upper=bounds.upper if bounds else None,
        )
        out.flows.append(name)


def _room_below(out: Assembled, link: Link | None) -> Limit | None:
    """Return a limit far below zero for a flow with a negative value: ours are positive."""
    lowest = min((datum.value for datum in link.data), default=0.0) if link else 0.0
    if lowest >= 0 or link is None:
        return None
    message = N_("Flows with negative values may be negative ({n}): {items}.")
    nodes = out.resolved.network.nodes
    item = f"{nodes[link.source].name} → {nodes[link.target].name}"
    out.draft.log.add("negative-values", message, item, link.place, assumed=True)
    return Limit(1000 * lowest, None)


class _Materials:
    """Products are nodes in supply-use tables: here they are what flows, too.

    In lists of links a material is a word of its own.
    """

    def __init__(self, out: Assembled) -> None:
        self.resolved, self.draft = out.resolved, out.draft
        self.nodes = out.resolved.network.nodes
        self._ids: dict[str, str] = {}

    def of(self, source: str, target: str, link: Link | None) -> str:
        """Return the id of a flow's material, or of the product at one of its ends; else empty."""
        if link is not None and link.material:
            return self._named(link.material)
        key = next((k for k in (source, target) if self.nodes[k].kind == "product"), "")
        for above in reversed(self.resolved.above(key)) if key else ():
            self._add(above)
        return self._ids.get(key, "")

    def _named(self, key: str) -> str:
        own = f"material {key}"
        if own not in self._ids:
            name = self.resolved.network.materials.get(key, key)
            self._ids[own] = self.draft.materials.new(key, "material")
            self.draft.add("materials", id=self._ids[own], name=name)
        return self._ids[own]

    def _add(self, key: str) -> None:
        if key not in self._ids:
            node = self.nodes[key]
            self._ids[key] = self.draft.materials.new(node.name, "material")
            self.draft.add("materials", node.place, id=self._ids[key], name=node.name,
                           parent=self._ids.get(node.parent, ""))  # fmt: skip


def _plain_limit(link: Link | None) -> Limit | None:
    """Return the limits that hold in every period and region."""
    plain = [x for x in link.limits if not x.period and not x.region] if link else []
    return plain[0] if plain else None


def _add_values(out: Assembled, link: Link) -> None:
    parts = out.resolved.parts(link)
    formula = out.sum(parts)
    if not parts:
        return
    if len(formula) > LONGEST_FORMULA:
        message = N_("Values of sums of too many flows ({n}): {items}.")
        out.draft.log.add("sum-too-long", message, link.source, link.place)
        return
    for datum in link.data:
        observe(out.draft, formula, datum)
    plain = _plain_limit(link) if len(parts) == 1 else None
    for limit in link.limits:
        if limit is not plain:
            _relate_limit(out, parts, limit)


def observe(draft: Draft, quantity: str, datum: Datum) -> None:
    """Add a value of a quantity, or of a formula."""
    draft.observe(
        quantity,
        datum.value,
        datum.place,
        unit=datum.unit,
        uncertainty=datum.uncertainty,
        period=datum.period,
        region=datum.region,
        source=datum.source,
        note=datum.note,
    )


def _relate_limit(out: Assembled, parts: list[int], limit: Limit) -> None:
    for sign, bound in ((">=", limit.lower), ("<=", limit.upper)):
        if bound is not None:
            out.draft.relate(
                f"{out.sum(parts)} {sign} {number(bound)}",
                limit.place,
                id=f"limit_{out.flows[parts[0]]}",
                period=limit.period,
                region=limit.region,
            )


def number(value: float) -> str:
    """Return `value` as a formula writes it.

    Examples
    --------
    >>> number(2.0), number(-0.5)
    ('2', '-0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


# ------------------------------------------------------------------------------------- stocks


def _add_stock(out: Assembled, holding: Holding, processes: dict[tuple[str, bool], str]) -> None:
    draft = out.draft
    if holding.node not in out.resolved.leaves:
        message = N_("Stocks of aggregated nodes ({n}): {items}.")
        draft.log.add("aggregate-stock", message, holding.node, holding.place)
        return
    process = processes.get((holding.node, True)) or processes[holding.node, False]
    name = draft.quantities.new(f"stock_{process}", "stock")
    out.stocks[holding.node] = name
    bounds = holding.limits[0] if holding.limits else Limit(None, None)
    draft.add("stocks", holding.place, id=name, process=process,
              lower=bounds.lower, upper=bounds.upper)  # fmt: skip
    for datum in holding.levels:
        observe(draft, name, datum)
    for datum in holding.changes:
        observe(draft, f"{name}.change", datum)


# ---------------------------------------------------------------------------------- imbalance


def _report_imbalance(out: Assembled) -> None:
    """Say which nodes have a full set of values that does not balance."""
    known: dict[str, list[float]] = {}
    for source, target, link in out.resolved.flows:
        value = _single(link)
        for key, sign in ((source, -1.0), (target, 1.0)):
            known.setdefault(key, []).append(sign * value)
    holding = {stock.node for stock in out.resolved.network.stocks}
    for key, values in known.items():
        node = out.resolved.network.nodes[key]
        two_sided = min(values) < 0 < max(values)
        exempt = key in holding or node.kind == "exchange" or node.balance is False
        size = sum(abs(value) for value in values)
        if two_sided and not exempt and abs(sum(values)) > SPAN * size:
            out.draft.log.add("unbalanced", UNBALANCED, node.name, node.place, assumed=True)


def _single(link: Link | None) -> float:
    """Return the value of a link that has just one, else NaN, which fails every comparison."""
    return link.data[0].value if link and len(link.data) == 1 else math.nan
