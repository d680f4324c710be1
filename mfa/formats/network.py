"""Nodes and links as diagram tools know them, and what they become in our tables.

Diagram tools let a node stand for the sum of others, name flows by their two ends only, and have no
system boundary. Here the sums become observations of sums, and the ends of the diagram the outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, product

from mfa.errors import Place
from mfa.formats.converted import LossLog
from mfa.locale import N_

PAIRS = 60
"""Into how many flows one that ends at an aggregate may be resolved."""
DEEPEST = 20
"""How many nodes may be inside one another; what is above is left out."""
Pair = tuple[str, str]


@dataclass
class Node:
    """A node: its name, the node it is part of, and what the file says of its balance.

    ``kind`` is ``product``, ``sector``, ``exchange`` (outside the boundary) or empty; ``balance``
    is None where the file does not say.
    """

    name: str
    place: Place | None = None
    parent: str = ""
    kind: str = ""
    balance: bool | None = None
    note: str = ""


@dataclass
class Datum:
    """One value of a link, or of a node's stock, in our terms (uncertainty as in the workbook)."""

    value: float
    uncertainty: str = ""
    unit: str = ""
    period: str = ""
    region: str = ""
    source: str = ""
    note: str = ""
    place: Place | None = None


@dataclass
class Limit:
    """Limits of a link, perhaps in one period and region only."""

    lower: float | None
    upper: float | None
    period: str = ""
    region: str = ""
    place: Place | None = None


@dataclass
class Link:
    """A link between two nodes (their keys) with its values; ``material`` is the key of one."""

    source: str
    target: str
    place: Place | None = None
    name: str = ""
    material: str = ""
    data: list[Datum] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)


@dataclass
class Holding:
    """The stock of a node: levels (at the end of their period) and changes."""

    node: str
    place: Place | None = None
    levels: list[Datum] = field(default_factory=list)
    changes: list[Datum] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)


@dataclass
class Network:
    """Nodes by key, links in their order, stocks, names of the materials of links."""

    nodes: dict[str, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    stocks: list[Holding] = field(default_factory=list)
    materials: dict[str, str] = field(default_factory=dict)
    _by_ends: dict[Pair, Link] = field(default_factory=dict)

    def node(self, key: str, place: Place | None = None, name: str = "") -> Node:
        """Return the node `key`, adding it where it is missing."""
        if key not in self.nodes:
            self.nodes[key] = Node(name or key, place)
        return self.nodes[key]

    def link(self, source: str, target: str, place: Place | None = None) -> Link:
        """Return the one link between two nodes, adding it where it is missing."""
        if (source, target) not in self._by_ends:
            self._by_ends[source, target] = Link(source, target, place)
            self.links.append(self._by_ends[source, target])
        return self._by_ends[source, target]


class Resolved:
    """A network without aggregates: which flows there are, and which of them each link sums up.

    Parameters
    ----------
    network
        What was read. Where two links join the same nodes, both are flows of their own.
    log
        Where losses go.

    Attributes
    ----------
    flows
        (source, target, link) of every flow; ``link`` is None for one that follows from a link of
        aggregates.
    """

    def __init__(self, network: Network, log: LossLog) -> None:
        self.network, self.log = network, log
        self._above = {key: _ancestors(network.nodes, key) for key in network.nodes}
        used = {end for link in network.links for end in (link.source, link.target)}
        used |= {stock.node for stock in network.stocks}
        inner = {parent for key in used for parent in self._above.get(key, ())[1:]}
        self.leaves = [key for key in network.nodes if key in used and key not in inner]
        self._below: dict[str, list[str]] = {}
        for key in self.leaves:
            for above in self._above[key]:
                self._below.setdefault(above, []).append(key)
        self.flows: list[tuple[str, str, Link | None]] = []
        self._numbers: dict[Pair, list[int]] = {}
        self._parts: dict[int, list[int]] = {}
        self._resolve()

    def above(self, key: str) -> tuple[str, ...]:
        """Return a node and the aggregates it is part of, nearest first."""
        return self._above[key]

    def parts(self, link: Link) -> list[int]:
        """Return the numbers of the flows that `link` sums up; none when it was left out."""
        return self._parts.get(id(link), [])

    def parts_of(self, source: str, target: str) -> list[int]:
        """Return the numbers of all flows between `source` and `target` or their parts."""
        pairs = product(self._below.get(source, ()), self._below.get(target, ()))
        return [number for pair in pairs for number in self._numbers.get(pair, ())]

    def touching(self, node: str, *, leaving: bool) -> list[int]:
        """Return the numbers of the flows that leave (or enter) `node` or its parts, outwards."""
        own = set(self._below.get(node, ()))
        return [
            number
            for number, (source, target, _) in enumerate(self.flows)
            if (source in own) != (target in own) and ((source if leaving else target) in own)
        ]

    def _resolve(self) -> None:
        leaves = set(self.leaves)
        aggregates = []
        for link in self.network.links:
            if link.source in leaves and link.target in leaves:
                self._parts[id(link)] = [self._new(link.source, link.target, link)]
            else:
                aggregates.append(link)
        summed = self._summed()
        # Finer links first: a coarser one is the sum of what they were resolved into.
        for link in sorted(aggregates, key=self._depth, reverse=True):
            if (link.source, link.target) not in summed:
                self._spread(link)
        for link in aggregates:
            if (link.source, link.target) in summed:
                self._parts[id(link)] = self.parts_of(link.source, link.target)

    def _summed(self) -> set[Pair]:
        """Return the ends of the links that have a finer link below them."""
        own = {(link.source, link.target) for link in self.network.links}
        return {
            pair
            for link in self.network.links
            for pair in product(self._above[link.source], self._above[link.target])
            if pair in own and pair != (link.source, link.target)
        }

    def _depth(self, link: Link) -> int:
        return len(self._above[link.source]) + len(self._above[link.target])

    def _spread(self, link: Link) -> None:
        """Resolve a link that ends at an aggregate into flows between its parts."""
        below = self._below
        found = product(below.get(link.source, ()), below.get(link.target, ()))
        pairs = [(a, b) for a, b in islice(found, 2 * PAIRS) if a != b]
        nodes = self.network.nodes
        item = f"{nodes[link.source].name} → {nodes[link.target].name}"
        if not pairs or len(pairs) > PAIRS:
            message = N_("Flows between aggregates that have no parts ({n}): {items}.")
            self.log.add("aggregate-flow", message, item, link.place)
            return
        message = N_(
            "Flows of aggregated nodes were taken to be the sum of flows of their parts ({n}): "
            "{items}."
        )
        self.log.add("aggregate-spread", message, item, link.place, assumed=True)
        parts = [self._numbers.get(pair) or [self._new(*pair, None)] for pair in pairs]
        self._parts[id(link)] = [number for numbers in parts for number in numbers]

    def _new(self, source: str, target: str, link: Link | None) -> int:
        self.flows.append((source, target, link))
        self._numbers.setdefault((source, target), []).append(len(self.flows) - 1)
        return len(self.flows) - 1


def _ancestors(nodes: dict[str, Node], key: str) -> tuple[str, ...]:
    """Return `key` and the nodes it is part of, nearest first; a circle ends where it closes."""
    chain = [key]
    while len(chain) < DEEPEST:
        parent = nodes[chain[-1]].parent
        if parent not in nodes or parent in chain:
            break
        chain.append(parent)
    return tuple(chain)
