"""Bounds: the optimum meets the conditions that define it, at any size and on any network."""

import itertools

import numpy as np
import piqp
import pytest
import scipy.sparse as sp

from benchmarks import networks
from benchmarks.scale import frame
from mfa import System
from mfa.balance.assemble import assemble
from mfa.balance.complement import complementary
from mfa.balance.reconcile import reconcile


def bounded(family, size, seed=0):
    network = networks.NETWORKS[family](size, seed)
    return assemble(System.from_tables("bounds", flows=frame(network, bounds=True)))


def check_optimal(e, s):
    """Feasible, closed, and every bound pushes only inwards: with W ≥ 0 that is the optimum."""
    scale = s.kkt.column_scale
    pull = (s.data.W @ s.x - s.data.gradient0 + e.A.T @ s.multipliers) * scale
    assert (s.x >= e.lower).all()
    assert np.abs(e.residual(s.x)).max() <= 1e-9 * np.abs(s.x).max()
    size = 1 + np.abs(s.data.gradient0 * scale).max()
    inside = s.active == 0
    assert np.abs(pull[inside]).max() <= 1e-8 * size
    assert pull[~inside].min(initial=0.0) >= -1e-8
    assert np.abs(s.x[~inside]).max(initial=0.0) <= 1e-12


@pytest.mark.parametrize(("family", "size"), [("geo", 16_000), ("tree", 18_000)])
def test_many_active_bounds_at_the_optimum(family, size):
    e = bounded(family, size)
    s = reconcile(e)
    assert s.converged
    assert (s.active != 0).sum() > 200
    check_optimal(e, s)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [150, 600])
@pytest.mark.parametrize("family", ["geo", "tree", "rand"])
def test_agrees_with_an_interior_point_method(family, size, seed):
    e = bounded(family, size, seed)
    s = reconcile(e)
    check_optimal(e, s)
    sd = s.kkt.column_scale
    D = np.maximum(sd, 0.01 * np.median(sd))  # PIQP fails where scales are far apart
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-9
    P, A = (sp.csc_matrix(M @ sp.diags_array(D)) for M in (sp.diags_array(D) @ s.data.W, e.A))
    solver.setup(P, -s.data.gradient0 * D, A, e.b, x_l=e.lower / D, x_u=e.upper / D)
    assert solver.solve() == piqp.PIQP_SOLVED
    x = np.asarray(solver.result.x) * D

    data = s.data.W.diagonal() > 0
    z = s.data.gradient0[data] / s.data.W.diagonal()[data]

    def misfit(point):
        return 0.5 * float((((point[data] - z) / sd[data]) ** 2).sum())

    assert misfit(s.x) <= misfit(np.clip(x, e.lower, e.upper)) + 1e-6 * (1 + misfit(x))
    assert np.abs((s.x - x)[data] / sd[data]).max() < 5e-3


def test_a_scale_far_too_small_is_no_hindrance():
    """An unmeasured flow beside one known to a thousandth: plain refinement creeps there."""
    e = bounded("geo", 600, 3)
    s = reconcile(e)
    pull = s.data.W @ s.x - s.data.gradient0 + e.A.T @ s.multipliers
    assert np.abs(pull * s.kkt.column_scale)[s.active == 0].max() < 1e-8
    assert s.chi2 == pytest.approx(2 * 34.25206679398, rel=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_a_small_complementarity_problem_against_all_states(seed):
    rng = np.random.default_rng(seed)
    k = 4
    root = rng.normal(size=(k, k))
    C = root @ root.T + 0.01 * np.eye(k)
    x, y = rng.normal(size=k) * 3, np.zeros(k)
    low, high = np.full(k, -1.0), rng.uniform(0, 1, k)
    forced, states = np.ones(k, dtype=bool), np.zeros(k, dtype=np.int8)
    state, force = complementary(C, x, y, low, high, forced, states, (1e-10, 1e-10))
    for other in itertools.product((-1, 0, 1), repeat=k):
        other = np.array(other)
        on = other != 0
        push = np.zeros(k)
        end = np.where(other < 0, low, high)
        if on.any():
            push[on] = np.linalg.solve(C[np.ix_(on, on)], (end - x)[on])
        at = x + C @ push
        fits = (at >= low - 1e-9).all() and (at <= high + 1e-9).all()
        if fits and (push[other < 0] >= 0).all() and (push[other > 0] <= 0).all():
            assert np.allclose(push, force)
            assert np.array_equal(other, state)
            return
    raise AssertionError("one of the states solves it")
