"""What must hold for every system: conservation, optimality, and indifference to how it is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfa
from tests.balance.networks import dense_reference, random_network, system_of

seeds = st.integers(0, 10**6)
sizes = st.tuples(st.integers(1, 8), st.integers(1, 25), st.floats(0, 1))
quick = settings(max_examples=60, deadline=None, derandomize=True)


def solve(network, **options):
    return system_of(network, **options).balance()


@quick
@given(seeds, sizes)
def test_agrees_with_a_dense_reference(seed, size):
    network = random_network(seed, *size)
    if not network[1]:
        return
    _, pairs, A, value, sd, measured = network
    status, x, spread = dense_reference(A, value, sd, measured)
    table = solve(network).table
    assert table["status"].tolist() == status
    known = table["status"] != "free"
    scale = np.abs(value).max() + sd.max()
    assert np.allclose(table["value"][known], x[known], atol=1e-8 * scale)
    assert np.allclose(table["sd"][known], spread[known], atol=1e-7 * sd.max())
    assert len(table) == len(pairs)


@quick
@given(seeds, sizes, st.booleans())
def test_every_balance_closes(seed, size, signed):
    network = random_network(seed, *size)
    if not network[1]:
        return
    account = solve(network, lower=None if signed else 0.0)
    r = account.residuals
    size_of = r["in"].abs() + r["out"].abs() + np.abs(network[3]).max() * 1e-3
    assert (r["difference"].abs() <= 1e-9 * size_of).all()


@quick
@given(seeds, sizes, st.sampled_from([1e-3, 1e3, 1e6]))
def test_unit_order_and_scale_do_not_matter(seed, size, factor):
    network = random_network(seed, *size)
    if not network[1]:
        return
    plain = solve(network).table.set_index("id")
    order = np.random.default_rng(seed).permutation(len(network[1]))
    shuffled = solve(network, order=order).table.set_index("id").loc[plain.index]
    scaled = solve(network, factor=factor).table.set_index("id")
    unit = solve(network, unit="kt/year").table.set_index("id")
    for other, k in ((shuffled, 1.0), (scaled, factor), (unit, 1.0)):
        assert other["status"].tolist() == plain["status"].tolist()
        size_of = np.nanmax(np.abs(plain["value"].to_numpy()), initial=1.0)
        assert np.allclose(other["value"] / k, plain["value"], atol=1e-8 * size_of, equal_nan=True)
        assert np.allclose(other["sd"] / k, plain["sd"], atol=1e-6, equal_nan=True)


@quick
@given(seeds, sizes)
def test_bounds_are_met_at_the_optimum(seed, size):
    """The bounded solution satisfies the optimality conditions: no feasible step improves it."""
    network = random_network(seed, *size)
    if not network[1]:
        return
    account = solve(network, lower=0.0)
    e, s = account.equations, account.solution
    assert (s.x >= e.lower - 1e-9).all()
    gradient = s.data.W @ s.x - s.data.gradient0
    pull = gradient + e.A.T @ s.multipliers
    scale = 1 + np.abs(gradient).max()
    inside = s.x > 1e-6
    assert np.abs(pull[inside]).max(initial=0.0) <= 1e-6 * scale
    assert pull.min(initial=0.0) >= -1e-6 * scale


def test_redundancy_numbers_add_up_to_the_degrees_of_freedom():
    network = random_network(4, 8, 30, 0.8)
    account = solve(network)
    o = account.observations
    posterior = account.table.set_index("id")["sd"].loc[o["quantity"]].to_numpy()
    redundancy = 1 - (posterior / o["sd"].to_numpy()) ** 2
    assert redundancy.sum() == pytest.approx(account.test.dof, abs=1e-6)


def test_values_from_milligrams_to_megatonnes():
    system = mfa.System("scales", unit="t/year")
    system.process("plant")
    system.flow("coal", "import", "plant", value="3 Mt/year", sd=0.1)
    system.flow("ash", "plant", "export", value="2.9 Mt/year", sd=0.1)
    system.flow("mercury", "plant", "environment", value="5 mg/year", sd=0.5)
    account = system.balance()
    assert account["mercury"].value == pytest.approx(5e-9, rel=1e-6)
    assert account["coal"].value == pytest.approx(2.95e6, rel=1e-9)
    assert abs(account.residuals["difference"].iloc[0]) < 1e-9 * 3e6


def test_redundant_relations_change_nothing():
    def build(copies):
        system = mfa.System("copies")
        system.process("p")
        system.flow("a", "import", "p", value=100, sd=5)
        system.flow("b", "p", "export", value=110, sd=5)
        for _ in range(copies):
            system.relate("a = b")
            system.relate("2 * a - 2 * b = 0")
        return system.balance()

    assert build(3)["a"].value == pytest.approx(105.0, abs=1e-9)
    assert build(3)["a"].sd == pytest.approx(build(0)["a"].sd, rel=1e-8)
    assert build(3).test.dof == 1
