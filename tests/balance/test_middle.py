"""Systems of hundreds and thousands of quantities: quick ways that give the same answers."""

import numpy as np
import pandas as pd
import pytest

import mfa
import mfa.account
from mfa.balance.classify import FREE
from mfa.balance.kkt import KKT
from mfa.balance.stiff import Basis


def flows(processes, per, seed, lower=0.0, spread=1.0):
    """A connected random network with true values that close, measured to two thirds."""
    rng = np.random.default_rng(seed)
    count = per * processes
    source, target = rng.integers(-1, processes, (2, count))
    ring = np.arange(processes)
    source[:processes], target[:processes] = ring, np.roll(ring, -1)
    source[-2], target[-2], source[-1], target[-1] = -1, 0, 0, -1
    keep = source != target
    source, target = source[keep], target[keep]
    value = 10 ** rng.normal(2, spread, len(source))
    sd = 0.1 * value
    value = np.where(rng.random(len(source)) < 0.67, value * rng.normal(1, 0.1, len(value)), np.nan)

    def names(index, outside):
        return [outside if k < 0 else f"p{k}" for k in index]

    ends = {"source": names(source, "import"), "target": names(target, "export")}
    ids = [f"f{k}" for k in range(len(source))]
    return pd.DataFrame({"id": ids, **ends, "value": value, "sd": sd, "lower": lower})


def test_sd_and_status_are_computed_when_asked(monkeypatch):
    asked = []
    for name in ("posterior_sd", "classify"):
        whole = getattr(mfa.account, name)

        def noted(*values, name=name, whole=whole):
            asked.append(name)
            return whole(*values)

        monkeypatch.setattr(mfa.account, name, noted)
    account = mfa.System.from_tables("x", flows=flows(20, 3, 1)).balance()
    assert asked == []
    assert len(account.table) == len(account.system.flows)
    assert sorted(asked) == ["classify", "posterior_sd"]


def test_sd_of_a_middling_system_by_one_inversion():
    account = mfa.System.from_tables("x", flows=flows(600, 3, 2, lower=-np.inf)).balance()
    kkt, sd = account.solution.kkt, account._sd
    assert not kkt.stiff
    known = np.flatnonzero(account.classification.status != FREE)
    some = np.random.default_rng(3).choice(known, 60, replace=False)
    unit = np.zeros((len(sd), len(some)))
    unit[some, np.arange(len(some))] = 1.0
    want = np.sqrt(kkt.covariance_columns(unit)[some, np.arange(len(some))])
    assert sd[some] == pytest.approx(want, rel=1e-3)


@pytest.mark.parametrize("lower", [-np.inf, 0.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_plain_factor_gives_what_the_good_basis_gives(seed, lower, monkeypatch):
    def basis_made(self, *values, whole=Basis.__init__):
        made.append(1)
        whole(self, *values)

    made = []
    monkeypatch.setattr(Basis, "__init__", basis_made)
    system = mfa.System.from_tables("x", flows=flows(60, 3, seed, lower, spread=1.4))
    quick = system.balance()
    assert quick.solution.kkt.stiff
    assert not made
    monkeypatch.setattr(KKT, "exactly", lambda *values: None)
    slow = system.balance()
    assert made
    o, e = quick.equations.observations, quick.equations
    apart = (quick.solution.x - slow.solution.x)[o.index] / o.sd
    assert np.abs(apart).max() < 1e-6
    assert quick.solution.chi2 == pytest.approx(slow.solution.chi2, rel=1e-10)
    for account in (quick, slow):
        x = account.solution.x
        assert (np.abs(e.residual(x)) <= 1e-9 * e.magnitude(x)).all()
        assert (x >= e.lower).all()
