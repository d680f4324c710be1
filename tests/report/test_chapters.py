"""What the chapters say about change, data quality, findings and gaps, and what they refuse to."""

from __future__ import annotations

from functools import cache

import pytest

import mfa
from mfa.model.quality import cv_from_scores
from mfa.model.system import System
from mfa.report.changes import period_changes
from mfa.report.chapters import compose
from mfa.report.collect import collect
from mfa.report.document import Bullets, Document, Section, plain
from mfa.report.tables import Badge, Column, Num, Row, Table
from tests.report.cities import bare_account, city, city_account


def table(document: Document, name: str) -> Table:
    return next(t for t in document.tables() if t.id == name)


def chapter(document: Document, name: str) -> Section:
    return next(c for c in document.chapters if c.id == name)


def sentences(section: Section) -> list[str]:
    found = []
    for block in section.blocks:
        if isinstance(block, Section):
            found += sentences(block)
        elif isinstance(block, Bullets):
            found += [plain(item) for item in block.items]
    return found


@cache
def mills() -> mfa.Account:
    """Return three years of a mill: paddy doubles, bran stays, husk is burned in the open."""
    s = System("Mills", unit="t/year", periods=("2021", "2022", "2023"))
    s.process("mill", sector="agriculture")
    for period, paddy in (("2021", 100.0), ("2022", 102.0), ("2023", 200.0)):
        s.flow("paddy", "import", "mill", value=paddy, sd=3, period=period)
        s.flow("bran", "mill", "export", value=10, sd=1, period=period)
        s.flow("husk", "mill", "environment", role="burning", period=period)
    return s.balance()


@cache
def document(name: str, language: str = "en") -> Document:
    account = {"mills": mills, "city": city_account, "bare": bare_account}[name]()
    return compose(collect(account, name), language)


class TestChange:
    def test_latest_pair_first_whole_span_last(self) -> None:
        changes = collect(mills()).changes
        assert [(c.a, c.b) for c in changes] == [
            ("2022", "2023"),
            ("2021", "2022"),
            ("2021", "2023"),
        ]
        assert dict(changes[0].counts) == {"higher": 2, "within": 1}
        assert dict(changes[1].counts) == {"within": 3}

    def test_numbers_and_verdicts_are_those_of_the_comparison(self) -> None:
        (change, *_) = period_changes(mills(), {"goods": "kt/year"}, "")
        frame = mfa.compare(mills(), periods=("2022", "2023")).quantities.set_index("id")
        for found in change.flows:
            assert found.unit == "kt/year"
            assert found.difference == pytest.approx(frame.loc[found.id, "difference"] / 1000)
            assert found.sd == pytest.approx(frame.loc[found.id, "difference_sd"] / 1000)
            assert found.verdict == frame.loc[found.id, "verdict"]

    def test_table_names_what_is_real_and_only_that(self) -> None:
        rows = table(document("mills"), "change-flows-0-0").rows
        assert [plain((row.cells[0],)) for row in rows] == ["husk", "paddy"]
        assert {row.cells[-1] for row in rows} == {Badge("higher", "real: higher")}
        assert "change-flows-1-0" not in {t.id for t in document("mills").tables()}

    def test_one_period_has_no_such_chapter_and_says_what_it_needs(self) -> None:
        assert "change" not in {c.id for c in document("city").chapters}
        subjects = [row.cells[0] for row in table(document("city"), "outlook-table").rows]
        assert "Change over time" in subjects
        assert "Change over time" not in [
            row.cells[0] for row in table(document("mills"), "outlook-table").rows
        ]

    def test_picture_is_coloured_by_change(self) -> None:
        figure = next(f for f in document("mills").figures() if f.id == "sankey-change")
        assert "higher" in figure.svg


class TestQuality:
    def test_shares_are_those_that_make_sigma(self) -> None:
        for row, name in zip(
            table(document("city"), "data-shares").rows,
            ("reliability", "completeness", "temporal", "spatial", "other"),
            strict=True,
        ):
            shown = [cell.value for cell in row.cells[1:]]
            assert shown == pytest.approx(
                [100 * cv_from_scores({name: score}) for score in (1, 2, 3, 4)]
            )

    def test_lights_are_words(self) -> None:
        rows = {row.cells[0]: row.cells for row in table(document("city"), "data-matrix").rows}
        cells = rows["Agriculture and food"]
        assert cells[2] == Badge("bad", "poor (3.0)")
        assert cells[4] == Badge("fair", "fair (2.0)")
        assert cells[3] == "–"
        assert isinstance(cells[-1], Num)
        assert cells[-1].value == pytest.approx(
            100 * cv_from_scores({"reliability": 3, "temporal": 2})
        )
        assert "Coefficients and other parameters" in rows

    def test_groups_hold_every_observation_once(self) -> None:
        facts = collect(city_account())
        assert sum(group.count for group in facts.quality_by_group) == len(facts.data)

    def test_without_scores_no_matrix(self) -> None:
        assert {"data-matrix", "data-shares"} & {t.id for t in document("mills").tables()} == set()


class TestFindings:
    def test_shares_carry_the_account_s_sigma(self) -> None:
        system = System("mill", unit="t/year", periods=("2023",))
        system.process("mill")
        system.flow("paddy", "environment", "mill", value=60, sd=6)
        system.flow("coal", "import", "mill", value=40, sd=4)
        system.flow("rice", "mill", "export")
        account = system.balance()
        share = account.evaluate("coal / (coal + paddy)", unit="%")
        (first, *_) = sentences(chapter(compose(collect(account), "en"), "findings"))
        assert first.startswith(f"{share.value:.0f} ± {share.sd:.0f}".replace(" ", "\u00a0"))

    def test_losses_are_listed_by_size(self) -> None:
        rows = table(document("city"), "lost-flows").rows
        assert [plain((row.cells[0],)) for row in rows] == ["Waste buried", "Slag"]
        values = [row.cells[1].value for row in rows]
        assert values == sorted(values, reverse=True)

    def test_change_is_only_called_so_when_real(self) -> None:
        text = " ".join(sentences(chapter(document("mills"), "findings")))
        assert "From 2022 to 2023, domestic material consumption rose" in text
        calm = compose(collect(city(("2022", "2023")).balance()), "en")
        assert "rose" not in " ".join(sentences(chapter(calm, "findings")))

    def test_gaps_and_doubts_are_named_only_where_there_are_any(self) -> None:
        city_text = " ".join(sentences(chapter(document("city"), "findings")))
        assert "Close the gaps" in city_text
        assert "Close the gaps" not in " ".join(sentences(chapter(document("mills"), "findings")))


def test_drivers_are_the_shares_of_the_account() -> None:
    facts = collect(mills())
    shares = mills().shares("paddy - bran", period="2023")
    assert [(d.datum, pytest.approx(d.share)) for d in facts.drivers] == list(
        zip(shares["observation"], shares["share"], strict=True)
    )
    assert sum(d.share for d in facts.drivers) == pytest.approx(1)


def test_city_without_names_population_or_sectors_says_what_is_missing() -> None:
    found = document("bare")
    text = " ".join(
        plain(block.text)
        for section in chapter(found, "context").blocks
        for block in section.blocks
        if not isinstance(block, Table)
    )
    assert "boundary_en" in text
    assert "no population" in text
    subjects = {row.cells[0] for row in table(found, "outlook-table").rows}
    assert {"Fact sheets of sectors", "Waste and recycling", "Circularity indicators"} <= subjects


def test_columns_in_which_nothing_stands_are_left_out() -> None:
    columns = (Column("Name"), Column("Note"), Column("Value", "number"))
    cells = (("a", "", Num(1.0)), ("b", "", Num(2.0)))
    made = Table("t", "T", "T", columns, tuple(Row(row) for row in cells))
    assert [c.title for c in made.filled().columns] == ["Name", "Value"]
    assert [r.cells for r in made.filled().rows] == [(a, c) for a, _, c in cells]
    empty = Table("t", "T", "T", columns, ())
    assert empty.filled() == empty
    balances = table(document("mills"), "balance-agriculture")
    assert "Difference" not in [c.title for c in balances.columns]
    assert "Every balance closes." in balances.note


def test_an_account_of_nothing_says_zero() -> None:
    s = System("Nothing", unit="t/year")
    s.process("p")
    s.flow("x", "import", "p")
    found = compose(collect(s.balance()), "en")
    row = table(found, "ew").rows[0]
    assert {cell.text("en") for cell in row.cells if isinstance(cell, Num)} == {"0"}


def test_hundreds_of_suspects_are_counted_not_listed() -> None:
    s = System("Liar", unit="t/year")
    for n in range(30):
        s.process(f"p{n}")
        s.flow(f"in{n}", "import", f"p{n}", value=100.0, sd=1.0)
        s.flow(f"out{n}", f"p{n}", "export", value=200.0 + n, sd=1.0)
    account = s.balance()
    facts = collect(account)
    consistency = chapter(compose(facts, "en"), "reconciliation").blocks[0]
    (listed,) = [b for b in consistency.blocks if isinstance(b, Bullets)]
    assert len(listed.items) == 21
    assert plain(listed.items[-1]) == f"{len(facts.test.suspects) - 20} more"


@pytest.mark.parametrize("name", ["mills", "city", "bare"])
def test_register_names_every_process(name: str) -> None:
    rows = table(document(name), "all-processes").rows
    facts = collect({"mills": mills, "city": city_account, "bare": bare_account}[name]())
    assert [row.cells[-1] for row in rows] == list(facts.system.processes)
