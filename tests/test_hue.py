"""The Huế case end to end: workbook equal to its tables, balanced, drawn, reported, traceable."""

from pathlib import Path

import numpy as np
import pytest

import mfa
from mfa.balance.classify import STATUSES
from mfa.formats.tables import read_tables
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template

HUE = Path(__file__).parents[1] / "cases" / "hue"


@pytest.fixture(scope="module")
def case():
    return mfa.open_case(HUE)


@pytest.fixture(scope="module")
def account(case):
    return case.balance()


def test_status_agrees_with_a_dense_rank(account):
    """What the unmeasured columns leave open is free: by singular values in well-scaled units."""
    solution, codes = account.solution, account.classification.status
    observed = np.zeros(len(codes), dtype=bool)
    observed[account.equations.observations.index] = True
    open_ = np.flatnonzero(~observed[solution.unfixed])
    J = solution.jacobian.toarray() * solution.kkt.column_scale
    J /= np.maximum(np.linalg.norm(J, axis=1, keepdims=True), 1e-300)
    U = J[:, open_] / np.linalg.norm(J[:, open_], axis=0)
    _, size, right = np.linalg.svd(U)
    null = right[int((size > 1e-9).sum()) :]
    free = np.abs(null).max(axis=0, initial=0.0) > 1e-8
    assert np.array_equal(codes[solution.unfixed[open_]] == STATUSES.index("free"), free)


def test_workbook_and_tables_are_equal(tmp_path):
    book, tables = read_workbook(HUE / "hue.xlsx"), read_tables(HUE / "tables")
    assert not [p for p in book.problems if p.severity == "error"]
    again = tmp_path / "again.xlsx"
    write_template(again, language="vi", tables=tables)
    assert again.read_bytes() == (HUE / "hue.xlsx").read_bytes()


def test_the_workbook_is_the_input_and_has_no_error(case):
    assert case.is_workbook
    assert [p.text("vi") for p in case.check() if p.severity == "error"] == []


def test_size_of_the_study(case):
    s = case.system
    inside = [p for p in s.processes.values() if p.boundary == "inside"]
    assert len(inside) >= 30
    assert all(p.sector and p.stage for p in inside)
    assert len(s.flows) >= 100
    assert sum(bool(m.mf_code) for m in s.materials.values()) >= 40
    assert s.observations.row_count >= 150
    assert {"goods", "water", "electricity"} <= set(s.layers)
    assert len({p.sector for p in inside}) >= 12
    assert len({p.stage for p in inside}) == 6


def test_every_balance_closes(account):
    r = account.residuals
    throughput = r["in"].abs() + r["out"].abs()
    assert (r["difference"].abs() <= 1e-9 * throughput + 1e-9).all()
    assert len(r) > 60


def test_data_agree_and_nothing_runs_against_a_bound(account):
    assert account.test.p_value > 0.05
    assert account.test.suspects == []
    flows = account.table[account.table["kind"] == "flow"]
    assert (flows["value"].dropna() >= 0).all()


def test_every_observation_leads_to_a_source_or_says_assumption(account):
    sources = account.system.sources
    for row in account.observations.to_dict("records"):
        if row["source"] == "assumption":
            assert row["note"], row["id"]
        else:
            assert sources[row["source"]].title, row["id"]


def test_sanity_checks_of_the_framework(account):
    """Figures derived from published ones; explained in cases/hue/README.md."""
    per_person = account.evaluate("in(nutrition) / population", unit="t/person/year")
    assert 0.3 < per_person.value < 3
    gross = account.evaluate("wte_electricity", unit="GWh/year").value
    assert 0.5 < gross < 100
    cement = account["cement_out"]
    assert 1.5e6 < cement.value < 2.6e6


def test_a_planted_blunder_is_found(case):
    from mfa.workbook.build import build_system

    system, _ = build_system(read_tables(HUE / "tables"))
    true = case.balance()["cement_out"]
    system.observe("cement_out", 10 * true.value, sd=0.1 * true.value, id="blunder")
    test = system.balance().test
    assert test.p_value < 0.001
    assert "blunder" in test.suspects


def test_order_and_language_of_rows_do_not_matter(account):
    again = mfa.open_case(HUE / "tables").balance()
    one, two = (a.table.set_index("id")["value"] for a in (account, again))
    assert np.allclose(one, two.loc[one.index], rtol=1e-9, equal_nan=True)
