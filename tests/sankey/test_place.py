import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfa.sankey.place import isotonic, place_layers

numbers = st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 2))
pulls = st.lists(
    st.tuples(numbers, st.floats(0.1, 9).map(lambda x: round(x, 2))), min_size=1, max_size=7
)


def cost(values, wanted, power):
    return sum(w * abs(v - x) ** power for v, (x, w) in zip(values, wanted, strict=True))


@given(pulls, st.booleans())
def test_isotonic_values_rise_and_cannot_be_improved(wanted, median):
    values = isotonic(wanted, median)
    power = 1 if median else 2
    assert all(a <= b for a, b in itertools.pairwise(values))
    best = cost(values, wanted, power)
    # Convex: no feasible move of a run of equal values may lower the cost.
    for i in range(len(values)):
        for j in range(i + 1, len(values) + 1):
            for step in (-1e-3, 1e-3):
                moved = [v + step if i <= k < j else v for k, v in enumerate(values)]
                if moved == sorted(moved):
                    assert cost(moved, wanted, power) >= best - 1e-9


def test_items_keep_their_order_their_gaps_and_the_room():
    rng = np.random.default_rng(3)
    layers = [list(range(5)), list(range(5, 12)), list(range(12, 15))]
    heights = {i: float(rng.uniform(2, 20)) for i in range(15)}
    gaps = [[6.0] * (len(layer) - 1) for layer in layers]
    ties = {}
    for left, right in ((0, 1), (1, 2)):
        for a in layers[left]:
            for b in layers[right]:
                if rng.random() < 0.5:
                    ties.setdefault(a, []).append((b, 1.0, 1.0, 2.0))
                    ties.setdefault(b, []).append((a, 1.0, 1.0, 2.0))
    top = place_layers(layers, heights, gaps, ties, 200.0)
    for layer in layers:
        assert top[layer[0]] >= 0
        assert top[layer[-1]] + heights[layer[-1]] <= 200.0 + 1e-9
        for a, b in itertools.pairwise(layer):
            assert top[b] - top[a] - heights[a] >= 6.0 - 1e-9


def test_the_trunk_is_exactly_level():
    layers = [[0, 1], [2, 3], [4]]
    heights = dict.fromkeys(range(5), 10.0)
    ties = {}
    for a, b, w in ((0, 2, 9.0), (2, 4, 9.0), (1, 3, 1.0), (3, 4, 1.0), (0, 3, 2.0)):
        ties.setdefault(a, []).append((b, 5.0, 5.0, w))
        ties.setdefault(b, []).append((a, 5.0, 5.0, w))
    top = place_layers(layers, heights, [[4.0], [4.0], []], ties, 100.0)
    assert top[0] == top[2] == top[4]
