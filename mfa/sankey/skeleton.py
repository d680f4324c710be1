"""The topology of a drawing: columns, kinds of links, and the items links pass on their way."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from mfa.sankey.columns import assign_columns
from mfa.sankey.crossing import order_layers
from mfa.sankey.graph import SankeyGraph, SankeyLink


@dataclass
class Pair:
    """All links from one node to another: drawn side by side, routed as one.

    ``kind`` is ``"forward"`` (to a column further right), ``"back"``, ``"same"`` (within a column)
    or ``"self"``. ``chain`` holds the items a forward pair passes: its source, one dummy for every
    column between, its target.
    """

    source: int
    target: int
    kind: str
    links: list[SankeyLink]
    weight: float
    chain: list[int] = field(default_factory=list)


@dataclass
class Skeleton:
    """Nodes in ordered columns and the pairs between them.

    Items below ``len(graph.nodes)`` are nodes, those above are dummies, each the place where one
    forward pair crosses one column.
    """

    graph: SankeyGraph
    sides: list[str]
    columns: list[int]
    layers: list[list[int]]
    pairs: list[Pair]
    pair_of_dummy: dict[int, Pair]

    @property
    def node_count(self) -> int:
        """Number of nodes; items from this number on are dummies."""
        return len(self.graph.nodes)


def build_skeleton(graph: SankeyGraph) -> Skeleton:
    """Cut ends, assign columns, sort links into pairs, add dummies and order the columns."""
    graph = graph.split_ends()
    number = {node.id: i for i, node in enumerate(graph.nodes)}
    gives = {link.source for link in graph.links}
    sides = [
        "" if node.kind == "process" else ("in" if node.id in gives else "out")
        for node in graph.nodes
    ]
    joined = _pairs(graph, number)
    edges = [(pair.source, pair.target, pair.weight) for pair in joined]
    columns = assign_columns(len(sides), edges, [node.column for node in graph.nodes], sides)
    layers: list[list[int]] = [[] for _ in range(max(columns, default=-1) + 1)]
    for node, column in enumerate(columns):
        layers[column].append(node)
    owners = _add_dummies(joined, columns, layers)
    ranks = {i: node.order for i, node in enumerate(graph.nodes) if node.order is not None}
    segments = [(a, b, pair.weight) for pair in joined for a, b in pairwise(pair.chain)]
    layers = order_layers(_seed(layers, segments), segments, ranks)
    return Skeleton(graph, sides, columns, layers, joined, owners)


def _pairs(graph: SankeyGraph, number: dict[str, int]) -> list[Pair]:
    """Return the pairs in order of first appearance, their links in order of the legend."""
    rank = {key: i for i, key in enumerate(graph.categories)}
    groups: dict[tuple[int, int], list[SankeyLink]] = {}
    for link in graph.links:
        groups.setdefault((number[link.source], number[link.target]), []).append(link)
    known = sum(link.importance for link in graph.links)
    least = known / 2000 or 1.0
    pairs = []
    for (source, target), links in groups.items():
        links.sort(key=lambda link: (rank.get(link.category, len(rank)), link.id))
        weight = sum(max(link.importance, least) for link in links)
        pairs.append(Pair(source, target, "self" if source == target else "", links, weight))
    return pairs


def _add_dummies(pairs: list[Pair], columns: list[int], layers: list[list[int]]) -> dict[int, Pair]:
    owners: dict[int, Pair] = {}
    item = len(columns)
    for pair in pairs:
        if pair.kind == "self":
            continue
        first, last = columns[pair.source], columns[pair.target]
        pair.kind = "forward" if first < last else "same" if first == last else "back"
        if pair.kind == "forward":
            pair.chain = [pair.source]
            for column in range(first + 1, last):
                layers[column].append(item)
                owners[item] = pair
                pair.chain.append(item)
                item += 1
            pair.chain.append(pair.target)
    return owners


def _seed(layers: list[list[int]], segments: list[tuple[int, int, float]]) -> list[list[int]]:
    """Return the layers in depth-first order along the heaviest links: few crossings at first."""
    near: dict[int, list[tuple[float, int]]] = {}
    for a, b, weight in segments:
        near.setdefault(a, []).append((-weight, b))
        near.setdefault(b, []).append((-weight, a))
    mass = {item: -sum(w for w, _ in ends) for item, ends in near.items()}
    seen: dict[int, int] = {}
    items = [item for layer in layers for item in layer]
    for start in sorted(items, key=lambda item: (-mass.get(item, 0.0), item)):
        stack = [start]
        while stack:
            item = stack.pop()
            if item not in seen:
                seen[item] = len(seen)
                stack += [other for _, other in sorted(near.get(item, ()), reverse=True)]
    return [sorted(layer, key=seen.__getitem__) for layer in layers]
