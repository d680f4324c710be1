"""σ from a millionth to a million times the value, with bounds: optimum, status and σ still right.

References are independent of the engine: active sets in 120 digits, and ranks by dense algebra.
"""

import mpmath as mp
import numpy as np
import pytest

import mfa
from tests.balance.networks import dense_reference, random_network, system_of
from tests.balance.test_scales import open_share

ONCE_WRONG = (1, 6, 8, 31, 35, 47, 49, 60, 70, 125, 141, 308)


def wide(seed):
    """A random network with values of 10⁻⁴ … 10¹¹ and relative σ of 10⁻⁶ … 10⁶."""
    rng = np.random.default_rng(seed + 2 * 10**7)
    size = int(rng.integers(1, 8)), int(rng.integers(3, 15))
    nodes, pairs, A, value, _, measured = random_network(seed, *size, float(rng.uniform(0.3, 1)))
    value = np.abs(value) * 10 ** rng.uniform(-6, 9, len(pairs))
    return nodes, pairs, A, value, value * 10 ** rng.uniform(-6, 6, len(pairs)), measured


def nonnegative(A, value, sd, measured):
    """The optimum with x ≥ 0 by exchanging active bounds, and σ without bounds; 120 digits."""
    with mp.workdps(120):
        m, n = A.shape
        spring, small = mp.mpf(10) ** -60, mp.mpf(10) ** -45
        weight = [1 / mp.mpf(float(sd[j])) ** 2 if measured[j] else mp.mpf(0) for j in range(n)]
        pull = [w * mp.mpf(float(v)) for w, v in zip(weight, value, strict=True)]
        K = mp.zeros(n + m)
        for i in range(m):
            K[n + i, n + i] = -spring
            for j in range(n):
                K[n + i, j] = K[j, n + i] = mp.mpf(float(A[i, j]))
        for j in range(n):
            K[j, j] = weight[j] + spring
        inverse = K**-1
        held = np.zeros(n, dtype=bool)
        for attempt in range(400):
            at = [j for j in range(n + m) if j >= n or not held[j]]
            right = mp.matrix([pull[j] if j < n else mp.mpf(0) for j in at])
            part = mp.matrix([[K[i, j] for j in at] for i in at])
            u = dict(zip(at, mp.lu_solve(part, right), strict=True))
            wrong = [j for j in range(n) if not held[j] and u[j] < -small]
            rows = range(n, n + m)
            wrong += [
                j
                for j in range(n)
                if held[j] and sum((K[i, j] * u[i] for i in rows), mp.mpf(0)) - pull[j] < -small
            ]
            if not wrong:
                x = np.array([float(u.get(j, 0)) for j in range(n)])
                return x, np.sqrt([abs(float(inverse[j, j])) for j in range(n)])
            held[wrong if attempt < 30 else max(wrong)] ^= True
    raise AssertionError("the reference does not settle")


@pytest.mark.parametrize("seed", [*ONCE_WRONG, *range(400, 424)])
def test_bounds_beside_very_uneven_sd(seed):
    network = wide(seed)
    if not network[1]:
        return
    account = system_of(network, lower=0.0).balance()
    want, sd = nonnegative(*network[2:])
    x, status = account.solution.x, account.table["status"]
    assert open_share(account) <= 1e-9
    # Ranks know nothing of σ.
    assert list(status) == dense_reference(network[2], network[3], np.ones(len(x)), network[5])[0]
    known = (status != "free").to_numpy()
    least = 1e-14 * np.abs(want).max(initial=0.0) + 1e-40
    size = np.maximum(np.abs(want), np.nan_to_num(account._sd))
    assert (np.abs(x - want) <= 1e-8 * size + least)[known].all()
    own = np.where(network[5], network[4], np.inf)
    some = known & (sd > 1e-25)
    assert np.allclose(account._sd[some], np.minimum(sd, own)[some], rtol=1e-6)
    assert (account._sd[known & ~some] == 0).all()


def test_one_doubtful_column_does_not_take_the_others_along():
    s = mfa.System("x")
    s.process("p")
    s.process("q")
    s.flow("alone", "import", "export", value=2, sd=0.5)
    s.flow("wide", "p", "export", value=5e10, sd=4e15)
    s.flow("between", "p", "q")
    s.flow("precise", "q", "p", value=1e8, sd=4e6)
    s.flow("out", "q", "export")
    s.flow("into", "import", "q")
    account = s.balance()
    assert account["alone"].sd == pytest.approx(0.5, rel=1e-12)
    assert account["between"].status == "determined"
    assert account["out"].status == account["into"].status == "free"


def test_what_constants_force_has_no_sd():
    s = mfa.System("x")
    s.parameter("a", value=20.6, sd=3)
    s.parameter("b", value=4, sd=2)
    s.parameter("c", value=-7, sd=1.5)
    s.parameter("k", value=3, uncertainty="0")
    s.relate("a + b + c = 0")
    s.relate("1.7 * a - 0.3 * b = 2.1 * c")
    s.relate("a + 2 * k = 0")
    account = s.balance()
    assert [account[name].sd for name in "abc"] == [0, 0, 0]
