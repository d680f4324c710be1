import itertools
import random

from mfa.sankey.crossing import order_layers


def crossings(layers, segments):
    place = {item: i for layer in layers for i, item in enumerate(layer)}
    total = 0.0
    for (a, b, w), (c, d, v) in itertools.combinations(segments, 2):
        same = any(a in layer and c in layer for layer in layers)
        if same and (place[a] - place[c]) * (place[b] - place[d]) < 0:
            total += w * v
    return total


def fewest(layers, segments):
    orders = itertools.product(*(itertools.permutations(layer) for layer in layers))
    return min(crossings(order, segments) for order in orders)


def test_small_nets_reach_the_least_possible():
    dice = random.Random(7)
    for _ in range(10):
        layers = [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
        segments = [
            (a, b, dice.choice([1.0, 2.0, 5.0]))
            for left, right in itertools.pairwise(layers)
            for a in left
            for b in right
            if dice.random() < 0.4
        ]
        found = order_layers(layers, segments, {})
        assert [sorted(layer) for layer in found] == layers
        assert crossings(found, segments) <= 1.1 * fewest(layers, segments) + 1e-9


def test_ranks_hold_among_themselves_only():
    segments = [(0, 4, 1.0), (1, 3, 1.0), (2, 5, 1.0)]
    found = order_layers([[0, 1, 2], [3, 4, 5]], segments, {3: 1.0, 4: 2.0})
    assert found[1].index(3) < found[1].index(4)
    assert crossings(found, segments) == 0


def test_a_heavy_link_is_crossed_last():
    segments = [(0, 3, 10.0), (1, 2, 1.0), (1, 3, 1.0), (0, 2, 10.0)]
    found = order_layers([[0, 1], [2, 3]], segments, {})
    assert crossings(found, segments) == 10.0
