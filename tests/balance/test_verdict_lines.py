"""The tests of the data in words, below the result of a balance."""

import pytest

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
