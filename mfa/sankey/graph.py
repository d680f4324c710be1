"""What a Sankey diagram shows: nodes, links and the colours of categories. Values, no geometry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

KINDS = ("process", "import", "export", "environment", "elsewhere")


@dataclass(frozen=True)
class SankeyNode:
    """A process, a group of processes, or an end outside the boundary.

    Attributes
    ----------
    id, title
        Identifier, unique in the graph, and the text drawn beside the node.
    kind
        ``"process"``, or an end: ``"import"``, ``"export"``, ``"environment"``, or ``"elsewhere"``
        for processes inside the boundary that a view leaves out.
    column, order
        Where a view wants the node: column from the left, rank from the top. None: automatic.
    stock_change
        What the stocks of the node gained (negative: lost), in the unit of the graph; None: the
        node has no stock.
    stock_sd
        1 σ of the stock change.
    stock_known
        False when the node has a stock whose change is only known as an interval.
    stock_lower, stock_upper
        95 % interval of the stock change.
    internal
        Sum of the flows between processes of the group, which are not drawn.
    members
        Ids of the processes the node stands for.
    total_sd
        1 σ of what flows through; NaN: not computed.
    imbalance
        What comes in, less what goes out and what the stocks gained; 0 where the balance closes or
        where a part of it is unknown.
    """

    id: str
    title: str
    kind: str = "process"
    column: int | None = None
    order: float | None = None
    stock_change: float | None = None
    stock_sd: float = math.nan
    stock_known: bool = True
    stock_lower: float = math.nan
    stock_upper: float = math.nan
    internal: float = 0.0
    members: tuple[str, ...] = ()
    total_sd: float = math.nan
    imbalance: float = 0.0


@dataclass(frozen=True)
class SankeyLink:
    """One or several flows between two nodes, of one category.

    Attributes
    ----------
    id, source, target
        Identifier, unique in the graph, and the ids of the nodes.
    value, sd, lower, upper
        Size, 1 σ and 95 % interval in the unit of the graph. `value` is NaN when only the interval
        is known (status ``"free"``); `upper` is inf when there is no upper limit.
    status
        One of `mfa.vocabulary.STATUSES`.
    category
        Key of the colour in `SankeyGraph.categories`.
    title
        What flows, in words.
    flows
        Ids of the flows in the link.
    usual
        Size in an ordinary period, by which the drawing is arranged, so that periods look alike;
        NaN: the value itself.
    remark
        What the drawing writes behind the value, as the change since another period.
    gone
        Whether nothing flows any more; drawn dashed, with its former size `usual`.
    """

    id: str
    source: str
    target: str
    value: float
    sd: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    status: str = "reconciled"
    category: str = ""
    title: str = ""
    flows: tuple[str, ...] = ()
    usual: float = math.nan
    remark: str = ""
    gone: bool = False

    @property
    def known(self) -> bool:
        """Whether the link has a value and not only an interval."""
        return math.isfinite(self.value)

    @property
    def least(self) -> float:
        """What flows at least: the value, or the lower end of the interval."""
        if self.known:
            return self.value
        return self.lower if math.isfinite(self.lower) and self.lower > 0 else 0.0

    @property
    def importance(self) -> float:
        """What the link weighs when nodes are ordered: its usual size, else the least."""
        return self.usual if math.isfinite(self.usual) else self.least


@dataclass(frozen=True)
class Category:
    """What a colour stands for."""

    label: str
    colour: str


@dataclass(frozen=True)
class SankeyGraph:
    """Everything a Sankey diagram says, before it is laid out.

    Attributes
    ----------
    title, subtitle, note
        Heading, second line (boundary, period, region) and the small print under the legend.
    nodes, links
        In any order; the layout sorts. Ids are unique.
    unit
        Unit of all values, as in ``"t/year"``.
    categories
        Key of a link's category → its `Category`.
    language
        Language of numbers and of the words the drawing adds.

    Raises
    ------
    ValueError
        Ids are not unique, a link ends at an unknown node, or a value is negative or infinite.
    """

    title: str
    nodes: tuple[SankeyNode, ...]
    links: tuple[SankeyLink, ...]
    unit: str = ""
    categories: Mapping[str, Category] = field(default_factory=dict)
    language: str = "en"
    subtitle: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        names = {node.id for node in self.nodes}
        if len(names) < len(self.nodes):
            raise ValueError("two nodes have the same id")
        if len({link.id for link in self.links}) < len(self.links):
            raise ValueError("two links have the same id")
        for link in self.links:
            for end in (link.source, link.target):
                if end not in names:
                    raise ValueError(f"link {link.id!r} ends at {end!r}, which is not a node")
            if link.value < 0 or math.isinf(link.value):
                raise ValueError(f"link {link.id!r} has the value {link.value}, expected ≥ 0")

    def split_ends(self) -> SankeyGraph:
        """Return the graph with every outside node that both gives and takes cut in two.

        Outside nodes that no flow touches are left out.

        One node for imports that also receives, or an environment that is resource and sink, would
        wrap the diagram in a thick loop; as two ends, one left and one right, it does not.

        Examples
        --------
        >>> nodes = (SankeyNode("nature", "Nature", "environment"), SankeyNode("farm", "Farm"))
        >>> links = (SankeyLink("a", "nature", "farm", 3), SankeyLink("b", "farm", "nature", 2))
        >>> [node.id for node in SankeyGraph("", nodes, links).split_ends().nodes]
        ['nature', 'farm', 'nature·out']
        """
        sources = {link.source for link in self.links}
        targets = {link.target for link in self.links}
        outs = {
            node.id: f"{node.id}·out"
            for node in self.nodes
            if node.kind != "process" and node.id in sources and node.id in targets
        }
        touched = sources | targets
        nodes = [n for n in self.nodes if n.kind == "process" or n.id in touched]
        if not outs:
            return self if len(nodes) == len(self.nodes) else replace(self, nodes=tuple(nodes))
        given = [n.column for n in self.nodes if n.column is not None and n.kind == "process"]
        middle = sum(given) / len(given) if given else 0.0
        kept, copies = [], []
        for node in nodes:
            if node.id not in outs:
                kept.append(node)
                continue
            # A column given for an end that is cut holds for the half that belongs there.
            late = node.column is not None and node.column > middle
            kept.append(replace(node, column=None) if late else node)
            copies.append(replace(node, id=outs[node.id], column=node.column if late else None))
        links = tuple(replace(k, target=outs.get(k.target, k.target)) for k in self.links)
        return replace(self, nodes=(*kept, *copies), links=links)
