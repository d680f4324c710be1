"""Where the items of each column stand vertically: trunks straight, nothing overlapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def place_layers(
    layers: Sequence[Sequence[int]],
    heights: Mapping[int, float],
    gaps: Sequence[Sequence[float]],
    ties: Mapping[int, Sequence[tuple[int, float, float, float]]],
    room: float,
    rounds: int = 24,
) -> dict[int, float]:
    """Return the top of every item.

    Minimises the width-weighted vertical travel of the links, column by column in alternating
    sweeps: each column is an isotonic regression, solved exactly by pooling adjacent violators,
    first on squares (which spreads compromises), then on absolute values (which makes the main
    links exactly straight).

    Parameters
    ----------
    layers
        Items of every column from top to bottom.
    heights
        Height of every item.
    gaps
        ``gaps[c][i]``: least distance between items i and i + 1 of column c.
    ties
        Item → (other item, own port, the other's port, weight): the ports are the distances of
        the link's middle from the tops of the two items.
    room
        Height all columns must keep to; a column that needs more starts at 0 and takes it.

    Examples
    --------
    >>> ties = {0: [(1, 5.0, 2.0, 1.0)], 1: [(0, 2.0, 5.0, 1.0)]}
    >>> y = place_layers([[0], [1]], {0: 10.0, 1: 4.0}, [[], []], ties, 50.0)
    >>> y[0] + 5 == y[1] + 2
    True
    """
    offsets = [_offsets(layer, heights, gap) for layer, gap in zip(layers, gaps, strict=True)]
    spare = [
        max(room - (offset[-1] + heights[layer[-1]]), 0.0) if layer else 0.0
        for layer, offset in zip(layers, offsets, strict=True)
    ]
    top = {
        item: offset + free / 2
        for layer, offs, free in zip(layers, offsets, spare, strict=True)
        for item, offset in zip(layer, offs, strict=True)
    }
    pulls = {
        item: [(other, theirs - own, weight) for other, own, theirs, weight in ends]
        for item, ends in ties.items()
    }
    for turn in range(rounds):
        median = turn >= rounds - rounds // 3
        order = range(len(layers)) if turn % 2 == 0 else range(len(layers) - 1, -1, -1)
        for c in order:
            _settle(layers[c], offsets[c], spare[c], top, pulls, median)
    return top


def _offsets(
    layer: Sequence[int], heights: Mapping[int, float], gap: Sequence[float]
) -> list[float]:
    """Return the tops of a layer's items when it is packed from 0."""
    tops, at = [], 0.0
    for i, item in enumerate(layer):
        tops.append(at)
        at += heights[item] + (gap[i] if i < len(gap) else 0.0)
    return tops


def _settle(
    layer: Sequence[int],
    offsets: Sequence[float],
    spare: float,
    top: dict[int, float],
    pulls: Mapping[int, Sequence[tuple[int, float, float]]],
    median: bool,
) -> None:
    """Move the items of one layer to where their links pull them."""
    wanted = []
    for item, offset in zip(layer, offsets, strict=True):
        ends = pulls.get(item)
        if not ends:
            # An item nothing pulls stays, lightly.
            wanted.append((top[item] - offset, 1e-6))
            continue
        weight = total = 0.0
        for other, port, w in ends:
            weight += w
            total += (top[other] + port) * w
        if median and len(ends) > 1:
            total = weight * _median([(top[other] + port, w) for other, port, w in ends])
        wanted.append((total / weight - offset, weight))
    for item, offset, slack in zip(layer, offsets, isotonic(wanted, median), strict=True):
        top[item] = offset + min(max(slack, 0.0), spare)


def isotonic(wanted: Sequence[tuple[float, float]], median: bool = False) -> list[float]:
    """Return the non-decreasing values nearest to (value, weight), in squares or absolutes.

    Pool-adjacent-violators (Barlow et al. 1972): blocks that are out of order merge and take
    their common weighted mean (or median).

    Examples
    --------
    >>> isotonic([(3.0, 1.0), (1.0, 1.0), (5.0, 1.0)])
    [2.0, 2.0, 5.0]
    >>> isotonic([(3.0, 2.0), (1.0, 1.0)], median=True)
    [3.0, 3.0]
    """
    values: list[float] = []
    weights: list[float] = []
    members: list[list[tuple[float, float]]] = []
    for value, weight in wanted:
        block = [(value, weight)]
        while values and values[-1] > value:
            other, more = values.pop(), weights.pop()
            block = members.pop() + block
            value = _median(block) if median else (value * weight + other * more) / (weight + more)
            weight += more
        values.append(value)
        weights.append(weight)
        members.append(block)
    return [v for v, block in zip(values, members, strict=True) for _ in block]


def _median(pulls: Sequence[tuple[float, float]]) -> float:
    ranked = sorted(pulls)
    half = sum([weight for _, weight in ranked]) / 2
    for place, weight in ranked:
        half -= weight
        if half <= 0:
            return place
    return ranked[-1][0]
