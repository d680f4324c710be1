"""Single, nodal and global tests against dense linear algebra, published figures and blunders."""

import numpy as np
import pytest
from scipy import stats

import mfa
from tests.balance.cities import city, system_of
from tests.balance.networks import null_space
from tests.balance.test_reference import build, load


def measured_city(seed, share=0.8, blunder=None, cv=(0.02, 0.1)):
    """A city without bounds, its incidence matrix, and the account; perhaps with one blunder."""
    network = city(seed, 6, 14, cv=cv, share=share)
    pairs, truth, sd, measured, value = network
    value = value.copy()
    if blunder is not None:
        value[blunder] = truth[blunder] + 40 * sd[blunder]
    nodes = sorted({end for pair in pairs for end in pair} - {"import", "export"})
    A = np.array([[(t == n) - (s == n) for s, t in pairs] for n in nodes], dtype=float)
    return A, value, sd, measured, system_of(network, value, lower=None).balance()


def dense_adjustments(A, value, sd, measured):
    """Adjustments of the measured flows and their covariance, by elimination of the others."""
    P = null_space(A[:, ~measured].T).T
    B = P @ A[:, measured]
    V = np.diag(sd[measured] ** 2)
    S = V @ B.T @ np.linalg.pinv(B @ V @ B.T, rcond=1e-10) @ B @ V
    return -S @ np.diag(1 / sd[measured] ** 2) @ value[measured], S, np.linalg.matrix_rank(B)


# ----------------------------------------------------------------------------- single and global


@pytest.mark.parametrize("seed", range(8))
def test_adjustments_and_their_powers_agree_with_dense_algebra(seed):
    A, value, sd, measured, account = measured_city(seed)
    moved, S, checks = dense_adjustments(A, value, sd, measured)
    table = account.test.table
    spread = np.sqrt(np.diag(S))
    testable = spread > 1e-6 * sd[measured]
    assert table["testable"].tolist() == testable.tolist()
    z = np.abs(moved[testable]) / spread[testable]
    assert table["normalised"][testable].to_numpy() == pytest.approx(z, rel=1e-5)
    assert table["p_value"][testable].to_numpy() == pytest.approx(2 * stats.norm.sf(z), rel=1e-4)
    share = np.diag(S) / sd[measured] ** 2
    assert table["detectability"].to_numpy() == pytest.approx(np.sqrt(share), abs=1e-5)
    assert table["adjustability"].to_numpy() == pytest.approx(1 - np.sqrt(1 - share), abs=1e-5)
    assert account.test.dof == checks
    if checks:
        chi2 = moved @ (moved / sd[measured] ** 2)
        assert account.test.chi2 == pytest.approx(chi2, rel=1e-6, abs=1e-9)
        assert account.test.p_value == pytest.approx(stats.chi2.sf(chi2, checks), rel=1e-6)


def test_true_data_are_seldom_blamed():
    blamed = [bool(measured_city(seed, 1.0)[4].test.suspects) for seed in range(120)]
    assert sum(blamed) <= stats.binom.isf(1e-4, 120, 0.05)


@pytest.mark.parametrize("seed", range(10))
def test_one_blunder_in_true_data_is_the_worst_suspect_or_alike(seed):
    network = city(seed, 6, 14, cv=(0.02, 0.1), share=0.9)
    _, truth, sd, measured, _ = network
    bad = int(np.random.default_rng(seed).choice(np.flatnonzero(measured)))
    value = truth.copy()
    value[bad] += 40 * sd[bad]
    test = system_of(network, value, lower=None).balance().test
    name = f"f{bad}#1"
    alike = next((group for group in test.groups if name in group), [name])
    if test.table.set_index("id").loc[name, "detectability"] * 40 < 2 * test.critical:
        assert test.table["normalised"].max() < 2 * test.critical  # hardly shows in any test
        return
    assert test.suspects[0] in alike
    assert set(test.restoring["id"]) >= set(alike)
    steps = test.eliminate()
    assert {steps["id"][0], *steps["alike"][0]} == set(alike)
    assert steps["consistent"].tolist() == [True]


# --------------------------------------------------------------------------------------- nodal


def test_nodal_tests_as_published():
    """Heat exchanger with bypass: Narasimhan & Jordache (2000); figures kept with the case."""
    nodal = build(load("nj_bypass_gross_error")).balance().test.nodal
    by = {names[0]: z for names, z in zip(nodal["processes"], nodal["normalised"], strict=True)}
    want = {"SPLIT": 0.687, "HX": 3.0052, "VALVE": 1.2657, "MIX": 1.0161}
    assert by == pytest.approx(want, abs=5e-4)
    assert nodal.loc[nodal["suspect"], "processes"].tolist() == [["HX"]]


def test_the_published_blunder_is_found_by_every_test():
    test = build(load("nj_bypass_gross_error")).balance().test
    assert test.suspects[0] == "S2#1"
    assert test.restoring["id"].tolist()[0] == "S2#1"
    assert test.restoring["chi2"][0] == pytest.approx(16.674 - 3.2047**2, abs=1e-3)
    steps = test.eliminate()
    assert steps["id"].tolist() == ["S2#1"]
    assert steps["chi2"][0] == pytest.approx(16.674 - 3.2047**2, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_nodal_tests_agree_with_the_data_summed_by_hand(seed):
    A, value, sd, measured, account = measured_city(seed, share=0.9)
    names = sorted({end for pair in city(seed, 6, 14)[0] for end in pair} - {"import", "export"})
    for row in account.test.nodal.itertuples():
        members = [names.index(name) for name in row.processes]
        weights = A[members].sum(axis=0)
        if (weights[~measured] != 0).any():
            assert not row.testable
            assert np.isnan(row.normalised)
            continue
        assert row.difference == pytest.approx(weights @ np.where(measured, value, 0))
        assert row.sd == pytest.approx(np.sqrt((weights**2) @ np.where(measured, sd**2, 0)))
        assert row.normalised == pytest.approx(abs(row.difference) / row.sd)


# ---------------------------------------------------------------- groups, removal, elimination


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_the_perfectly_correlated_adjustments(seed):
    A, value, sd, measured, account = measured_city(seed, share=0.7)
    _, S, _ = dense_adjustments(A, value, sd, measured)
    ids = [f"f{j}#1" for j in np.flatnonzero(measured)]
    spread = np.sqrt(np.diag(S))
    seen = np.flatnonzero(spread > 1e-6 * sd[measured])
    R = np.abs(S[np.ix_(seen, seen)] / np.outer(spread[seen], spread[seen])) > 1 - 1e-9
    want = {frozenset(ids[seen[k]] for k in np.flatnonzero(row)) for row in R}
    found = {frozenset(group) for group in account.test.groups}
    assert found == {group for group in want if len(group) > 1}


@pytest.mark.parametrize("seed", range(4))
def test_removal_changes_chi2_as_foretold(seed):
    network = city(seed, 6, 14, cv=(0.02, 0.1), share=0.9)
    bad = int(np.flatnonzero(network[3])[0])
    _, value, _, _, account = measured_city(seed, 0.9, bad)
    for row in account.test.restoring.itertuples():
        measured = network[3].copy()
        measured[int(row.quantity[1:])] = False
        rest = system_of((*network[:3], measured, value), value, lower=None).balance().test
        assert rest.chi2 == pytest.approx(row.chi2, rel=1e-6, abs=1e-8)
        assert (rest.dof, rest.p_value >= 0.05) == (row.dof, True)


def test_two_blunders_leave_one_after_the_other():
    s = mfa.System("x")
    for k in range(4):
        s.process(f"p{k}")
    data = [100, 160, 100, 101, 55]  # the second and the last are wrong
    for k, value in enumerate(data):
        source = f"p{k - 1}" if k else "import"
        s.flow(f"f{k}", source, f"p{k}" if k < 4 else "export", value=value, sd=2)
    test = s.balance().test
    steps = test.eliminate()
    assert steps["id"].tolist() == ["f1#1", "f4#1"]
    assert steps["consistent"].tolist() == [False, True]
    assert test.eliminate(limit=1)["id"].tolist() == ["f1#1"]
    assert test.restoring.empty


def test_data_that_agree_leave_nothing_to_say():
    test = build(load("analytic_one_node")).balance().test
    if test.p_value >= 0.05:
        assert test.restoring.empty
        assert test.eliminate().empty
    assert test.suspects == []


def test_what_nothing_checks_is_untestable():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=10, sd=1)
    s.flow("b", "p", "export", value=4, sd=1)
    s.flow("c", "p", "export")
    test = s.balance().test
    assert test.untestable == ["a#1", "b#1"]
    assert test.dof == 0
    assert np.isnan(test.p_value)
    assert test.groups == []
    assert test.table["detectability"].tolist() == [0, 0]
    assert not test.nodal["testable"].any()


def test_two_data_on_one_quantity_check_each_other_and_stay_alike():
    s = mfa.System("x")
    s.process("p")
    s.flow("a", "import", "p", value=10, sd=1)
    s.flow("b", "p", "export")
    s.observe("a", 20, sd=1)
    test = s.balance().test
    assert test.chi2 == pytest.approx(50)
    assert [len(group) for group in test.groups] == [2]
    assert len(test.suspects) == len(test.restoring) == 2


def test_correlated_data_are_tested_with_their_covariance():
    """Two meters that share a bias: their difference says more, their sum less."""
    for rho in (0.0, 0.9):
        s = mfa.System("x")
        s.process("p")
        s.flow("a", "import", "p", value=100, sd=5)
        s.flow("b", "p", "export", value=110, sd=5)
        s.correlate("a", "b", rho)
        account = s.balance()
        variance = 2 * 25 * (1 - rho)
        assert account.test.chi2 == pytest.approx(100 / variance)
        assert account.test.nodal["normalised"][0] == pytest.approx(10 / np.sqrt(variance))
        assert account.test.table["normalised"].to_numpy() == pytest.approx(
            np.full(2, 10 / np.sqrt(variance))
        )
