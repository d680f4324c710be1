"""σ and values of very different size: rows close, and the optimum is that of 160 digits."""

import mpmath as mp
import numpy as np
import pytest

import mfa
from mfa.errors import InputError
from tests.balance.networks import random_network, system_of


def uneven(seed, widest):
    """A random network with values of 10⁻⁴ … 10¹¹ and relative σ of 10⁻⁶ … `widest`."""
    rng = np.random.default_rng(seed + 10**7)
    size = int(rng.integers(1, 8)), int(rng.integers(3, 15))
    nodes, pairs, A, value, _, measured = random_network(seed, *size, float(rng.uniform(0.3, 1)))
    value = value * 10 ** rng.uniform(-6, 9, len(pairs))
    sd = np.abs(value) * 10 ** rng.uniform(-6, widest, len(pairs))
    return nodes, pairs, A, value, sd, measured


def exact(A, value, sd, measured):
    """The optimum from the saddle-point system with springs of 10⁻⁷⁰, in 160 digits."""
    with mp.workdps(160):
        m, n = A.shape
        K, right = mp.zeros(n + m), mp.zeros(n + m, 1)
        for j in range(n):
            weight = 1 / mp.mpf(float(sd[j])) ** 2 if measured[j] else mp.mpf(0)
            K[j, j] = weight + mp.mpf(10) ** -70
            right[j] = weight * mp.mpf(float(value[j]))
            for i in range(m):
                K[n + i, j] = K[j, n + i] = mp.mpf(float(A[i, j]))
        for i in range(m):
            K[n + i, n + i] = -(mp.mpf(10) ** -70)
        return np.array([float(u) for u in mp.lu_solve(K, right)[:n]])


def open_share(account):
    """The largest residual of a row as a share of its terms."""
    e, x = account.equations, account.solution.x
    size = e.magnitude(x)
    return (np.abs(e.residual(x))[size > 0] / size[size > 0]).max(initial=0.0)


@pytest.mark.parametrize("seed", range(40))
def test_rows_close_at_the_exact_optimum(seed):
    network = uneven(seed, 3)
    if not network[1]:
        return
    account = system_of(network).balance()
    assert open_share(account) <= 1e-9
    x, want = account.solution.x, exact(*network[2:])
    known = account.table["status"].to_numpy() != "free"
    # No sum can be known better than to the last digit of its largest term.
    least = 1e-14 * np.abs(want).max(initial=0.0) + 1e-40
    size = np.maximum(np.abs(want), np.nan_to_num(account._sd))
    assert (np.abs(x - want) <= 1e-8 * size + least)[known].all()


@pytest.mark.parametrize("seed", range(60))
def test_rows_close_within_bounds(seed):
    network = uneven(seed, 0)
    if network[1]:
        network = (*network[:3], np.abs(network[3]), *network[4:])
        assert open_share(system_of(network, lower=0.0).balance()) <= 1e-9


def test_what_the_relations_leave_of_a_wide_sd():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=3e9, sd=4e11, lower=None)
    s.flow("b", "p", "export", value=2, sd=1e-3, lower=None)
    account = s.balance()
    assert account["a"].value == pytest.approx(2, rel=1e-9)
    assert account["a"].sd == pytest.approx(1e-3, rel=1e-9)


def test_contradicting_data_of_tiny_sd_close():
    s = mfa.System("x")
    s.process("p")
    s.process("q")
    s.flow("a", "import", "p", value=100, sd=1e-4)
    s.flow("b", "p", "q", value=150, sd=1e6)
    s.flow("c", "q", "export", value=107, sd=1.07e-4)
    s.flow("d", "q", "export", value=0.001, sd=1e-9)
    account = s.balance()
    assert open_share(account) <= 1e-12
    weight = np.array([1e-4, 1.07e-4, 1e-9, 1e6]) ** -2.0
    # a = b = c + d: with d known almost exactly, a is the mean of what a, c + d and b say.
    says = np.array([100, 107.001, 150])
    pull = np.array([weight[0], 1 / (1 / weight[1] + 1 / weight[2]), weight[3]])
    assert account["a"].value == pytest.approx((says * pull).sum() / pull.sum(), rel=1e-12)


def correlated(*pairs):
    s = mfa.System("x")
    s.process("p")
    for name, ends in (("a", ("import", "p")), ("b", ("p", "export")), ("c", ("p", "export"))):
        s.flow(name, *ends, value={"a": 100, "b": 60, "c": 45}[name], sd=5, lower=None)
    for one, two, rho in pairs:
        s.correlate(one, two, rho)
    return s


@pytest.mark.parametrize("rho", [-0.999999, -0.5, 0.3, 0.999999])
def test_strong_correlations_against_dense_algebra(rho):
    account = correlated(("b", "c", rho)).balance()
    V = 25 * np.array([[1, 0, 0], [0, 1, rho], [0, rho, 1]])
    z, B = np.array([100, 60, 45.0]), np.array([[1, -1, -1.0]])
    gain = V @ B.T @ np.linalg.inv(B @ V @ B.T)
    assert account.table["value"].to_numpy() == pytest.approx(z - (gain @ B @ z), rel=1e-8)
    want = np.sqrt(np.maximum(np.diag(V - gain @ B @ V), 0))
    assert account.table["sd"].to_numpy() == pytest.approx(want, rel=1e-6, abs=1e-6)


def test_impossible_correlations_are_named():
    with pytest.raises(InputError) as error:
        correlated(("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)).balance()
    text = error.value.problems[0].text("en")
    assert all(name in text for name in ("a#1 – b#1: 0.9", "b#1 – c#1: 0.9", "a#1 – c#1: -0.9"))


def through(value, sd):
    """One process whose inflow is measured."""
    s = mfa.System("x")
    s.process("mill")
    s.flow("a", "import", "mill")
    s.flow("b", "mill", "export")
    s.observe("a", value, sd=sd)
    return s


@pytest.mark.parametrize(("value", "sd"), [(1, 1e-301), (1, 1e-151), (1e120, 1e-100)])
def test_a_sigma_whose_weight_overflows_is_refused(value, sd):
    s = through(value, sd)
    s.relate("b <= 10 * a")
    with pytest.raises(InputError) as error:
        s.balance()
    (problem,) = error.value.problems
    assert problem.code == "sd-too-small"
    assert "“a”" in problem.text("en")
    assert f"{sd:g}" in problem.text("vi")


@pytest.mark.parametrize("sd", [0, 1e-149])
def test_a_tiny_sigma_and_a_constant_are_balanced(sd):
    b = through(1, sd).balance()["b"]
    assert (b.value, b.sd) == pytest.approx((1, 0), abs=1e-12)
