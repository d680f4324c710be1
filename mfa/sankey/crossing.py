"""In which order the items of a column stand: as few crossings as possible, weighted by width."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

Layers = list[list[int]]
Segment = tuple[int, int, float]


def order_layers(
    layers: Layers, segments: Sequence[Segment], ranks: Mapping[int, float], rounds: int = 24
) -> Layers:
    """Return `layers` with every layer reordered.

    Sugiyama's method: sweeps of weighted barycentres from either side, each followed by exchanges
    of neighbours while that saves crossings. The best order seen is then sifted: every item tries
    every place in its layer (Matuszewski, Schönfeld and Molitor 1999). Small diagrams get several
    starts, always the same ones.

    Parameters
    ----------
    layers
        Items of every column from top to bottom; links only join items of adjacent layers.
    segments
        (item of one layer, item of the next, width).
    ranks
        Items whose order a view gives: among themselves they stay in this order.
    rounds
        Greatest number of sweeps.

    Examples
    --------
    >>> order_layers([[0, 1], [2, 3]], [(0, 3, 1.0), (1, 2, 1.0)], {})
    [[0, 1], [3, 2]]
    >>> order_layers([[0, 1], [2, 3]], [(0, 3, 1.0), (1, 2, 1.0)], {2: 1, 3: 2})
    [[1, 0], [2, 3]]
    """
    dice = random.Random(0)
    starts = [layers]
    for _ in range(min(7, 300 // max(sum(map(len, layers)), 1) - 1)):
        starts.append([dice.sample(layer, len(layer)) for layer in layers])
    found = [_improve(_Web(start, segments, ranks), rounds) for start in starts]
    return min(found, key=lambda pair: pair[0])[1]


def _improve(web: _Web, rounds: int) -> tuple[float, Layers]:
    """Return the crossings left and the order, from where the web starts."""
    best, fewest = web.copy(), web.crossings()
    idle = 0
    for turn in range(rounds):
        web.sweep(rightwards=turn % 2 == 0)
        web.exchange()
        crossings = web.crossings()
        if crossings < fewest * (1 - 1e-9):
            best, fewest, idle = web.copy(), crossings, 0
        else:
            idle += 1
        if idle == 4 or fewest == 0:
            break
    web.restore(best)
    web.sift(passes=8 if len(web.position) < 400 else 2)
    return web.crossings(), web.copy()


class _Web:
    """Layers, what ties them, and where each item stands."""

    def __init__(
        self, layers: Layers, segments: Sequence[Segment], ranks: Mapping[int, float]
    ) -> None:
        self.layers = [_ranked(list(layer), ranks) for layer in layers]
        self.ranks = ranks
        self.before: dict[int, list[tuple[int, float]]] = {}
        self.after: dict[int, list[tuple[int, float]]] = {}
        for source, target, width in segments:
            self.after.setdefault(source, []).append((target, width))
            self.before.setdefault(target, []).append((source, width))
        self.position: dict[int, int] = {}
        for layer in self.layers:
            self.note(layer)

    def copy(self) -> Layers:
        return [list(layer) for layer in self.layers]

    def restore(self, layers: Layers) -> None:
        """Take over the order of `layers`."""
        self.layers = [list(layer) for layer in layers]
        for layer in self.layers:
            self.note(layer)

    def note(self, layer: Sequence[int]) -> None:
        for i, item in enumerate(layer):
            self.position[item] = i

    def sweep(self, rightwards: bool) -> None:
        """Sort every layer by the weighted mean position of its neighbours on one side."""
        near = self.before if rightwards else self.after
        numbers = range(len(self.layers))
        for number in numbers if rightwards else reversed(numbers):
            layer = self.layers[number]
            pull = {item: self._centre(near[item]) for item in layer if item in near}
            tied = iter(sorted(pull, key=lambda item: (pull[item], self.position[item])))
            # Items without neighbours on that side keep their place.
            layer = [next(tied) if item in pull else item for item in layer]
            self.layers[number] = _ranked(layer, self.ranks)
            self.note(self.layers[number])

    def _centre(self, ends: Sequence[tuple[int, float]]) -> float:
        return sum(self.position[o] * w for o, w in ends) / sum(w for _, w in ends)

    def exchange(self, passes: int = 12) -> None:
        """Swap neighbours while that saves crossings."""
        for _ in range(passes):
            saved = 0.0
            for layer in self.layers:
                for i in range(len(layer) - 1):
                    saved += self._exchange_pair(layer, i)
            if saved == 0:
                return

    def sift(self, passes: int) -> None:
        """Move every item to its best place in its layer, until none moves."""
        for _ in range(passes):
            moved = False
            for layer in self.layers:
                for item in list(layer):
                    moved |= self._sift_item(layer, item)
            if not moved:
                return

    def _sift_item(self, layer: list[int], item: int) -> bool:
        start = self.position[item]
        best, least = start, -1e-9
        for step in (-1, 1):
            change, at = 0.0, start + step
            while 0 <= at < len(layer):
                other = layer[at]
                if item in self.ranks and other in self.ranks:
                    break
                pair = (item, other) if step > 0 else (other, item)
                change -= self._pair_saving(*pair)
                if change < least:
                    best, least = at, change
                at += step
        if best == start:
            return False
        layer.insert(best, layer.pop(start))
        self.note(layer)
        return True

    def _pair_saving(self, upper: int, lower: int) -> float:
        """Return the weighted crossings saved when two items change places."""
        saving = 0.0
        for near in (self.before, self.after):
            if upper in near and lower in near:
                saving += self._saving(near[upper], near[lower])
        return saving

    def _exchange_pair(self, layer: list[int], i: int) -> float:
        upper, lower = layer[i], layer[i + 1]
        if upper in self.ranks and lower in self.ranks:
            return 0.0
        saving = self._pair_saving(upper, lower)
        if saving <= 1e-9:
            return 0.0
        layer[i], layer[i + 1] = lower, upper
        self.position[upper], self.position[lower] = i + 1, i
        return saving

    def _saving(
        self, upper: Sequence[tuple[int, float]], lower: Sequence[tuple[int, float]]
    ) -> float:
        """Return the weighted crossings of two neighbours minus those when they swap."""
        position = self.position
        total = 0.0
        for a, wa in upper:
            pa = position[a]
            for b, wb in lower:
                pb = position[b]
                if pa > pb:
                    total += wa * wb
                elif pa < pb:
                    total -= wa * wb
        return total

    def crossings(self) -> float:
        """Return Σ width × width over all crossing pairs."""
        total = 0.0
        for layer in self.layers:
            ends = [
                (self.position[target], width)
                for item in layer
                for target, width in sorted(
                    self.after.get(item, ()), key=lambda end: self.position[end[0]]
                )
            ]
            total += _inversions(ends)
        return total


def _ranked(layer: list[int], ranks: Mapping[int, float]) -> list[int]:
    """Put the items with a rank in its order into the places such items hold."""
    held = iter(sorted((item for item in layer if item in ranks), key=lambda item: ranks[item]))
    return [next(held) if item in ranks else item for item in layer]


def _inversions(ends: Sequence[tuple[int, float]]) -> float:
    """Return Σ w·w' over pairs out of order, with a Fenwick tree over positions."""
    size = max((position for position, _ in ends), default=-1) + 1
    tree = [0.0] * (size + 1)
    total, seen = 0.0, 0.0
    for position, width in ends:
        below, i = 0.0, position + 1
        while i > 0:
            below += tree[i]
            i -= i & -i
        total += width * (seen - below)
        seen += width
        i = position + 1
        while i <= size:
            tree[i] += width
            i += i & -i
    return total
