"""A system solved by its regions has the solution of the undivided one."""

import pickle

import numpy as np
import pytest

import mfa
from mfa.balance import arrow, division
from mfa.balance.assemble import assemble
from mfa.balance.classify import FREE
from mfa.balance.division import BORDER, divide
from mfa.balance.reconcile import reconcile
from mfa.balancing import _balanced
from mfa.errors import InputError
from tests.balance.networks import random_network
from tests.cluster.regions import Here, big, communes


def by_blocks(system, robust=False):
    equations = assemble(system)
    return _balanced(system, equations, "huber" if robust else None, divide(equations, Here()))


def compare(one, two, tolerance=1e-9, spread=1e-9):
    assert np.array_equal(one.classification.status, two.classification.status)
    scale = np.ones(len(one.solution.x))
    scale[one.solution.unfixed] = one.solution.kkt.column_scale
    x, y = one.solution.x, two.solution.x
    known = one.classification.status != FREE  # elsewhere any value will do
    size = np.maximum(np.abs(x), scale)
    near = np.abs(x - y) <= tolerance * np.maximum(size, 1e-2 * size.max())
    assert near[known].all()
    a, b = one._sd[known], two._sd[known]
    assert (np.abs(a - b) <= spread * np.maximum(a, 1e-3 * scale[known])).all()
    assert one.solution.chi2 == pytest.approx(two.solution.chi2, rel=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sd": 0.9},
        {"curved": True},
        {"shared": True},
        {"correlated": True},
        {"curved": True, "shared": True, "correlated": True, "children": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(4))
def test_blocks_give_the_undivided_solution(seed, options):
    system = communes(seed, **options)
    compare(system.balance(), by_blocks(system))


def random_regions(seed):
    """A random network in several regions, some of it measured, in units large and small."""
    rng = np.random.default_rng(seed)
    _, pairs, _, value, _, measured = random_network(seed, 4, 10, share=rng.uniform(0.3, 0.9))
    names = [f"r{k}" for k in range(int(rng.integers(2, 5)))]
    s = mfa.System("x", unit="t/year", regions={"top": names} if seed % 2 else names)
    for node in sorted({end for pair in pairs for end in pair} - {"import", "export"}):
        s.process(node)
    size = 10.0 ** rng.integers(-4, 5)
    for j, pair in enumerate(pairs):
        s.flow(f"f{j}", *pair, lower=None if seed % 3 else 0)
        for region in s.regions:
            if rng.random() < (0.6 if measured[j] else 0.15):
                v = abs(value[j]) * size * rng.uniform(0.5, 2)
                s.observe(f"f{j}", v, sd=v * rng.choice([0.01, 0.1, 0.5]), region=region)
    if not seed % 2:
        s.relate(f"f0[r0] + f1[r1] = {size}")
    return s


@pytest.mark.parametrize("seed", range(16))
def test_random_regions(seed):
    system = random_regions(seed)
    try:
        one = system.balance()
    except mfa.InfeasibleError:
        with pytest.raises(mfa.InfeasibleError):
            by_blocks(system)
        return
    compare(one, by_blocks(system))


def test_bounds_are_active_in_some_of_them():
    assert any(by_blocks(communes(seed, sd=0.9)).solution.active.any() for seed in range(4))


def test_robust_balances_by_blocks_too():
    system = communes(2)
    system.observe("rice", 5.0, sd=1, region="c1")
    compare(system.balance(robust="huber"), by_blocks(system, robust=True), tolerance=1e-7)


def test_large_regions_and_their_spread():
    system = big()
    compare(system.balance(), by_blocks(system), spread=1e-4)


def test_what_is_asked_afterwards_is_answered_by_the_whole():
    system = communes(1, curved=True)
    one, two = system.balance(), by_blocks(system)
    assert two.solution.kkt.division is None
    for formula in ("rice / paddy", "waste / sold"):
        a, b = (x.evaluate(formula, region="city") for x in (one, two))
        assert b.value == pytest.approx(a.value, rel=1e-9)
        assert b.sd == pytest.approx(a.sd, rel=1e-9)
    draws = [x.sample(50, seed=1).values for x in (one, two)]
    assert np.allclose(*draws, rtol=1e-6, atol=1e-6)


def test_the_border_is_what_ties_regions():
    equations = assemble(communes(1, shared=True))
    parts = divide(equations, Here())
    names = [equations.quantities.ids[i] for i in np.flatnonzero(parts.columns == BORDER)]
    assert names == ["rate"]
    assert (parts.rows == BORDER).sum() == 8  # each flow of the city is the sum of its communes'
    assert parts.columns.max() + 1 == 4
    A = abs(equations.A).tocoo()
    inside = (parts.rows[A.row] >= 0) & (parts.columns[A.col] >= 0)
    assert (parts.rows[A.row] == parts.columns[A.col])[inside].all()


def test_correlated_data_tie_regions():
    equations = assemble(communes(1, correlated=True))
    columns = divide(equations, Here()).columns
    i, j, _ = equations.observations.covariance[0]
    index = equations.observations.index
    assert BORDER in (columns[index[i]], columns[index[j]])


def test_a_block_that_travels_is_factorised_anew(monkeypatch):
    crew, blocks = Here(), []
    monkeypatch.setattr(crew, "start", lambda f, calls: [note(f, *c) for c in calls])

    def note(function, *arguments):
        if function is arrow.make:
            blocks.append(arguments[0])
        return function(*arguments)

    equations = assemble(communes(3))
    reconcile(equations, division=divide(equations, crew))
    assert blocks
    for block in blocks:
        copy = pickle.loads(pickle.dumps(block))
        assert "factor" not in vars(copy)
        assert np.array_equal(copy.condensed(), block.condensed())


def test_one_region_cannot_be_divided():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=1, sd=1)
    s.flow("b", "p", "export")
    with pytest.raises(InputError, match="divided by its regions"):
        divide(assemble(s), Here())


def test_regions_tied_by_too_much_are_refused(monkeypatch):
    monkeypatch.setattr(division, "WIDEST", 5)
    with pytest.raises(InputError, match="tied by 8 relations"):
        divide(assemble(communes(1)), Here())
