"""What an editor would strike out: lists without end, empty tables, amounts of nothing."""

from __future__ import annotations

from types import SimpleNamespace

from mfa.report.areas import area
from mfa.report.chapters.data import _by_year
from mfa.report.text import NAMED, Writer


def test_long_lists_in_sentences_are_counted():
    writer = Writer(SimpleNamespace(), "en")
    names = [f"p{i}" for i in range(NAMED + 5)]
    said = writer.shortened(names)
    assert said[-1] == "5 more"
    assert f"p{NAMED - 1}" in said
    assert f"p{NAMED}" not in said
    assert writer.shortened(names[: NAMED + 1]) == writer.listed(names[: NAMED + 1])


def test_years_are_counted_whatever_stands_beside_them():
    counts = {"2017-05": 4, "2017": 1, "2020 target": 1, "2023-2024": 2, "plan": 1}
    assert _by_year(counts) == {"2017": 5, "2020": 1, "2023–2024": 2, "plan": 1}


def test_areas_are_named_in_the_reader_s_language():
    assert area("Thua Thien Hue province", "vi") == "tỉnh Thừa Thiên Huế"
    assert area("Thua Thien Hue province", "en") == "Thua Thien Hue province"
    assert area("Đông Hà", "vi") == "Đông Hà"
