"""The tests of the data in words, below the result of a balance."""

import pytest

import mfa
from mfa.cli_text import account_lines
from mfa.cli_verdict import verdict, verdict_lines
from tests.balance.test_reference import build, load


@pytest.mark.parametrize(("language", "word"), [("en", "speak against"), ("vi", "số liệu")])
def test_a_blunder_is_told_with_what_would_settle_it(language, word):
    account = build(load("nj_bypass_gross_error")).balance()
    found = verdict(account)
    assert found["suspects"] == found["restoring"] == ["S2#1"]
    assert found["nodes"] == [["HX"]]
    text = "\n".join(verdict_lines(account, language))
    assert "S2#1" in text
    assert "HX" in text
    assert "{" not in text
    assert word in text


def test_agreeing_data_name_nothing_to_leave_out():
    found = verdict(build(load("analytic_series")).balance())
    assert found["alike"] == found["restoring"] == found["nodes"] == []


@pytest.mark.parametrize(
    ("language", "held", "moved"),
    [("en", "Held at their limits", "does not fit"), ("vi", "giới hạn", "không vừa")],
)
def test_figures_that_only_a_limit_speaks_against_are_not_said_to_stand(language, held, moved):
    s = mfa.System("leak", unit="t/year")
    s.process("p")
    s.flow("a", "import", "p", value=10, sd=1)
    s.flow("b", "p", "export", value=14, sd=1)
    s.flow("c", "p", "environment")
    account = s.balance()
    text = "\n".join(account_lines(account, language))
    assert held in text
    assert ": c" in text
    assert moved in account.explain("a", language).text
