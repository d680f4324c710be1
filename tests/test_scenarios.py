"""Scenarios: edits of the data, balanced by the same engine, against hand figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import mfa
from mfa.case import open_case
from mfa.cli import cli
from mfa.comparison import compare
from mfa.errors import InputError
from mfa.formats.tables import read_tables, write_tables
from mfa.report import write_report
from mfa.report.explorer_data import explorer_data
from mfa.scenarios import contradictions, draw_scenarios, new_limits, scenario_name
from mfa.workbook.build import build_system
from mfa.workbook.read import read_workbook
from mfa.workbook.template import write_template


def mill(*, redundant: bool = False) -> mfa.System:
    """100 ± 5 of rice and 50 ± 4 of corn go in; what comes out is measured or not."""
    s = mfa.System("mill", unit="t/year")
    s.process("mill")
    s.flow("rice", "import", "mill", value=100, sd=5, observed={"source": "yearbook"})
    s.flow("corn", "import", "mill", value=50, sd=4)
    out = {"value": 150, "sd": 6} if redundant else {}
    s.flow("flour", "mill", "export", **out)
    return s


# ------------------------------------------------------------------------------------ one edit each


def test_an_action_does_what_a_hand_would_do() -> None:
    s = mill()
    s.intervene("frugal", "rice", "multiply", 80, unit="%", uncertainty="10 %")
    s.intervene("big", "rice", "set", "0.2 kt/year", uncertainty="5 %", source="plan")
    s.intervene("more", "rice", "add", 10, sd=2)
    s.intervene("unknown", "rice", "release")
    found = {name: s.under(name).balance()["rice"] for name in s.scenarios}
    # 0.8 ± 0.08 of 100 ± 5: σ² = (0.8 × 5)² + (100 × 0.08)²
    assert (found["frugal"].value, found["frugal"].sd) == pytest.approx((80, math.hypot(4, 8)))
    assert (found["big"].value, found["big"].sd) == pytest.approx((200, 10))
    assert (found["more"].value, found["more"].sd) == pytest.approx((110, math.hypot(5, 2)))
    assert found["unknown"].status == "free"
    assert s.balance()["rice"].value == pytest.approx(100)  # nothing of it sticks
    assert found["big"].observations[0]["source"] == "plan"
    assert "× 0.8 (i1)" in found["frugal"].observations[0]["note"]


def test_a_scenario_conserves_mass_and_says_its_name() -> None:
    s = mill(redundant=True)
    s.intervene("frugal", "rice", "multiply", 0.8, scenario_name_en="Frugal", scenario_name_vi="Ít")
    reference = s.balance()
    account = reference.under("frugal")
    assert account.residuals["difference"].abs().max() < 1e-9
    assert (account.scenario, reference.scenario) == ("frugal", "")
    assert account.system.title("vi") == "mill – Ít"
    assert scenario_name(account, "en") == "Frugal"
    assert scenario_name(reference, "vi") == "Hiện trạng"
    assert reference.under("frugal") is account


def test_an_edit_that_changes_nothing_leaves_the_reference_exactly() -> None:
    s = mill(redundant=True)
    s.correlate("rice", "corn", 0.4)
    s.intervene("same", "rice", "multiply", 1)
    a, b = s.balance(), s.under("same").balance()
    for name in ("value", "sd", "lower", "upper", "status"):
        assert a.table[name].tolist() == b.table[name].tolist()
    assert a.test.chi2 == b.test.chi2


def test_one_uncertain_factor_makes_errors_hang_together() -> None:
    s = mfa.System("two", unit="t/year", periods=["2022", "2023"])
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    s.observe("a", 100, sd=5, period="2022")
    s.observe("a", 120, sd=5, period="2023")
    s.intervene("less", "a", "multiply", 0.5, sd=0.1)
    account = s.under("less").balance()
    both = account.linear({"b": 1.0}, period="2022"), account.linear({"b": 1.0}, period="2023")
    # the sum: 0.5 (z1 + z2) ± …, σ² = 0.25 (25 + 25) + (220 × 0.1)²
    total = account.evaluate("b[2022] + b[2023]")
    assert [x.value for x in both] == pytest.approx([50, 60])
    assert total.sd == pytest.approx(math.sqrt(12.5 + 22.0**2))


def test_a_value_is_set_in_every_period_or_in_one() -> None:
    s = mfa.System("two", unit="t/year", periods=["2022", "2023"])
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    s.observe("a", 100, sd=5, period="2022")
    s.observe("a", 120, sd=5, period="2023")
    s.intervene("all", "a", "set", 70, sd=1)
    s.intervene("last", "a", "set", 70, sd=1, period="2023")
    for scenario, expected in (("all", [70, 70]), ("last", [100, 70])):
        account = s.under(scenario).balance()
        assert [account["b", p].value for p in ("2022", "2023")] == pytest.approx(expected)


def test_a_sum_is_released_as_it_was_observed() -> None:
    s = mill()
    s.observe("rice + corn", 120, sd=1)
    s.intervene("free", "rice+corn", "release")
    assert s.under("free").balance()["flour"].value == pytest.approx(150)


def test_interventions_come_in_bulk() -> None:
    plan = {"scenario": ["x"], "quantity": ["a"], "action": ["multiply"], "value": [2.0]}
    flows = {"id": ["a", "b"], "source": ["import", "p"], "target": ["p", "export"],
             "value": [10.0, None]}  # fmt: skip
    s = mfa.System.from_tables("bulk", flows=flows, interventions=plan)
    assert s.under("x").balance()["b"].value == pytest.approx(20)
    with pytest.raises(InputError, match="no figure here"):
        mfa.System.from_tables("bulk", flows=flows, interventions=plan | {"quantity": ["b"]})


WRONG = {
    "unknown-scenario": lambda s: s.under("frugl"),
    "unknown-quantity": lambda s: s.intervene("x", "rise", "set", 1),
    "intervention-action": lambda s: s.intervene("x", "rice", "double", 2),
    "intervention-formula": lambda s: s.intervene("x", "rice + corn", "set", 2),
    "intervention-value": lambda s: s.intervene("x", "rice", "set"),
    "intervention-unit": lambda s: s.intervene("x", "rice", "set", 2, unit="kWh"),
    "intervention-nothing": lambda s: s.intervene("x", "flour", "multiply", 2),
    "negative-value": lambda s: s.intervene("x", "rice", "set", -2),
}


@pytest.mark.parametrize("code", WRONG)
def test_what_does_not_fit_is_said_when_it_is_applied(code: str) -> None:
    s = mill()
    s.intervene("frugal", "rice", "multiply", 0.8)
    make, apply = WRONG[code], s.under

    def applied() -> None:
        make(s)
        apply("x")

    with pytest.raises(InputError) as refusal:
        applied()
    assert [p.code for p in refusal.value.problems] == [code]


# --------------------------------------------------------------------------------------- comparison


def test_what_two_accounts_share_cancels_out_of_their_difference() -> None:
    s = mill(redundant=True)
    s.intervene("more", "corn", "add", 3)
    s.intervene("other", "rice", "set", 70, sd=2)
    s.intervene("free", "flour", "release")
    reference = s.balance()

    def change(name: str, quantity: str) -> tuple[float, float]:
        frame = compare(reference, reference.under(name)).quantities.set_index("id")
        return frame.loc[quantity, "difference"], frame.loc[quantity, "difference_sd"]

    # The engine is linear here: an exact addition shifts the result by an exact amount.
    weights = np.array([25.0, 16.0, 36.0]) / 77.0
    assert change("more", "corn") == pytest.approx((3 * (1 - weights[1]), 0.0))
    # rice: K_rice falls on a new datum of σ 2; corn and flour are shared.
    spread = _spread_of_set()
    assert change("other", "rice")[1] == pytest.approx(spread, rel=1e-9)
    # Without the third figure rice is just 100 ± 5; the shift is K times the misfit, σ² by K² S.
    assert change("free", "rice")[1] == pytest.approx(25 / math.sqrt(77))


def _spread_of_set() -> float:
    """σ of rice under “other” less rice as it is, by the formula of three measured flows."""

    def gains(rice: float) -> np.ndarray:  # of rice, on (rice, corn, flour)
        total = rice**2 + 16 + 36
        return np.array([1 - rice**2 / total, -(rice**2) / total, rice**2 / total])

    before, after = gains(5.0), gains(2.0)
    own = (before[0] * 5) ** 2 + (after[0] * 2) ** 2
    shared = (after - before)[1:] * np.array([4.0, 6.0])
    return float(math.sqrt(own + (shared**2).sum()))


def test_nothing_changes_where_nothing_is_edited() -> None:
    s = mill(redundant=True)
    s.process("shop")
    s.flow("bread", "import", "shop", value=7, sd=1)
    s.flow("eaten", "shop", "export")
    s.intervene("more", "corn", "add", 3)
    frame = compare(s.balance(), s.under("more").balance()).quantities.set_index("id")
    assert frame.loc["bread", "difference"] == 0
    assert frame.loc["bread", "verdict"] == "within"


def test_a_contradiction_names_the_figure_to_release() -> None:
    s = mill(redundant=True)
    s.intervene("double", "rice", "multiply", 2)
    s.intervene("released", "rice", "multiply", 2)
    s.intervene("released", "flour", "release")
    reference = s.balance()
    found = contradictions(reference.under("double"), reference)
    assert "flour" in {item.quantity for item in found}
    assert all(item.normalised > 1.96 for item in found)
    assert contradictions(reference.under("released"), reference) == ()
    assert contradictions(reference, reference) == ()


def test_a_limit_that_a_scenario_reaches_is_named() -> None:
    s = mfa.System("plant", unit="t/year")
    s.process("p")
    s.flow("waste", "import", "p", value=100, sd=10)
    s.flow("burnt", "p", "environment", value=20, sd=2)
    s.flow("buried", "p", "export")
    s.intervene("full", "burnt", "set", 130, sd=1)
    reference = s.balance()
    assert new_limits(reference.under("full"), reference) == ("buried",)


# ----------------------------------------------------------------------------------------- the case

TABLES: dict[str, list[dict]] = {
    "case": [{"key": "title_en", "value": "Mill town"}, {"key": "title_vi", "value": "Phố xay"},
             {"key": "periods", "value": "2023"}, {"key": "unit", "value": "t/year"}],
    "processes": [{"id": "mill", "name_en": "Mill", "name_vi": "Nhà máy"},
                  {"id": "dump", "name_en": "Dump", "name_vi": "Bãi rác", "sector": "waste"}],
    "flows": [
        {"id": "rice", "name_en": "Rice", "name_vi": "Lúa", "source": "import", "target": "mill"},
        {"id": "flour", "source": "mill", "target": "export", "role": "reuse"},
        {"id": "husk", "source": "mill", "target": "dump", "role": "landfill"},
    ],
    "stocks": [{"id": "heap", "process": "dump"}],
    "observations": [
        {"id": "o_rice", "quantity": "rice", "value": 100.0, "uncertainty": "5 %",
         "source": "book"},
        {"id": "o_husk", "quantity": "husk", "value": 20.0, "uncertainty": "10 %",
         "source": "book"},
    ],
    "sources": [{"id": "book", "title": "Yearbook"}, {"id": "plan", "title": "Plan 2030"}],
    "views": [{"view": "all", "group": "rest", "members": "*"}],
    "interventions": [
        {"id": "i_husk", "scenario": "less", "scenario_name_en": "Less waste",
         "scenario_name_vi": "Ít rác", "quantity": "husk", "action": "multiply", "value": 0.5,
         "uncertainty": "10 %", "source": "plan", "year": "2030"},
        {"id": "i_rice", "scenario": "none", "quantity": "rice", "action": "release",
         "note": "Nobody knows."},
    ],
}  # fmt: skip


def with_rows(*rows: dict) -> dict[str, list[dict]]:
    """Return the tables with other interventions, each given as what differs from the first."""
    first = TABLES["interventions"][0]
    return TABLES | {"interventions": [first | {"id": f"i{n}"} | row for n, row in enumerate(rows)]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tables(TABLES, tmp_path / "town")
    return tmp_path / "town"


def test_workbook_and_tables_hold_the_same_interventions(tmp_path: Path) -> None:
    for language in ("vi", "en"):
        book = write_template(tmp_path / f"{language}.xlsx", language, TABLES)
        assert read_workbook(book).plain()["interventions"] == TABLES["interventions"]
    write_tables(TABLES, tmp_path / "t")
    assert read_tables(tmp_path / "t").plain()["interventions"] == TABLES["interventions"]


def test_a_case_knows_its_scenarios(folder: Path) -> None:
    case = open_case(folder)
    assert case.problems == []
    assert [s.name("vi") for s in case.scenarios.values()] == ["Ít rác", "none"]
    account = case.balance("less")
    assert account["husk"].value == pytest.approx(10)
    assert account.inputs == case.balance().inputs != {}
    assert case.balance("reference") is case.balance()
    assert case.scenarios["less"].interventions[0].year == "2030"
    target = case.write_account(folder / "out.xlsx", "less")
    assert target.stat().st_size > 1000
    with pytest.raises(InputError, match="Did you mean “less”"):
        case.balance("les")


MISTAKES: list[tuple[dict, str, str]] = [
    ({"quantity": "hus"}, "quantity", "unknown-quantity"),
    ({"unit": "kWh", "action": "set"}, "unit", "intervention-unit"),
    ({"unit": "kg"}, "unit", "intervention-unit"),
    ({"action": "doble"}, "action", "unknown-choice"),
    ({"action": "release"}, "value", "intervention-value"),
    ({"value": None}, "value", "intervention-value"),
    ({"source": None}, "source", "missing-source"),
    ({"source": "plann"}, "source", "unknown-source"),
    ({"source": "assumption", "note": "why", "uncertainty": "1 %"}, "uncertainty",
     "assumption-narrow"),
    ({"source": "assumption", "uncertainty": "40 %"}, "note", "assumption-without-note"),
    ({"scenario": "Hiện trạng"}, "scenario", "scenario-reserved"),
    ({"scenario": "a,b"}, "scenario", "scenario-comma"),
    ({"quantity": "flour"}, "quantity", "intervention-nothing"),
    ({"layer": "goods", "period": "2019"}, "period", "unknown-period"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "code"), MISTAKES)
def test_a_mistake_is_told_at_its_cell_in_both_languages(
    tmp_path: Path, change: dict, column: str, code: str
) -> None:
    book = write_template(tmp_path / "x.xlsx", "vi", _clean(with_rows(change)))
    tables = read_workbook(book)
    found = [p for p in build_system(tables)[1] if p.code == code]
    assert len(found) == 1
    row = tables["interventions"][0]
    assert str(found[0].place) == str(row.at(column))
    assert str(found[0].place).startswith("Can thiệp!")
    assert found[0].sentence("vi") != found[0].sentence("en")


def _clean(tables: dict[str, list[dict]]) -> dict[str, list[dict]]:
    return {
        name: [{k: v for k, v in row.items() if v is not None} for row in rows]
        for name, rows in tables.items()
    }


def test_a_quantity_edited_twice_is_an_error(tmp_path: Path) -> None:
    write_tables(with_rows({}, {"value": 0.7}), tmp_path / "t")
    codes = [p.code for p in open_case(tmp_path / "t").problems]
    assert codes == ["double-intervention"]


def test_checking_names_what_a_scenario_contradicts(tmp_path: Path) -> None:
    flour = {"id": "o_flour", "quantity": "flour", "value": 80.0, "uncertainty": "2",
             "source": "book"}  # fmt: skip
    tables = with_rows({"value": 3.0, "uncertainty": "5 %"})
    write_tables(tables | {"observations": [*TABLES["observations"], flour]}, tmp_path / "t")
    found = open_case(tmp_path / "t").check()
    assert {p.code for p in found} == {"scenario-contradiction"}
    assert all(p.severity == "warning" and p.place for p in found)


# ------------------------------------------------------------------------------------- command line


@pytest.fixture
def run() -> Callable[..., str]:
    def call(*args: object, code: int = 0) -> str:
        result = CliRunner().invoke(cli, [*map(str, args)], env={"LANG": "en_US.UTF-8"})
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_the_command_lists_scenarios_and_their_changes(run: Callable, folder: Path) -> None:
    shown = run("scenario", folder, "--language", "en")
    assert "Less waste (less)" in shown
    assert "Plan" not in shown.split("\n")[0]
    assert "multiply by" in shown
    assert "Share of waste: landfill" in shown
    assert "Ít rác" in run("scenario", folder, "less", "--language", "vi")
    (record,) = json.loads(run("scenario", folder, "less", "--json"))
    assert record["interventions"][0]["source"] == "plan"
    husk = next(row for row in record["changes"] if row["id"] == "husk")
    assert husk["difference"] == pytest.approx(-10)
    assert husk["difference_sd"] == pytest.approx(math.hypot(0.5 * 2, 20 * 0.05))
    assert "less" in run("scenario", folder, "lss", code=2)


def test_other_commands_take_a_scenario(run: Callable, folder: Path, tmp_path: Path) -> None:
    assert json.loads(run("balance", folder, "--scenario", "less", "--json"))["scenario"] == "less"
    assert "10" in run("explain", folder, "husk", "--scenario", "less", "--language", "en")
    compared = run("compare", folder, "--scenarios", "reference,less", "--language", "en")
    assert "Mill town – as it is 2023 → Mill town – Less waste" in compared
    assert "rest on the same data" in compared
    run("compare", folder, "--scenarios", "less", code=2)
    picture = tmp_path / "all.svg"
    run("sankey", folder, "--scenarios", "hiện trạng,less", "-o", picture, "--language", "vi")
    text = picture.read_text(encoding="utf-8")
    assert "Hiện trạng" in text
    assert "Ít rác" in text
    run("sankey", folder, "--scenario", "less", "-o", picture, "--language", "vi")
    assert "Phố xay – Ít rác" in picture.read_text(encoding="utf-8")


def test_scenarios_are_drawn_on_one_scale(folder: Path) -> None:
    image = draw_scenarios(open_case(folder).balance(), language="en")
    assert len(image.graphs) == 3
    assert ">Less waste<" in image.svg


# --------------------------------------------------------------------------------- explorer, report


def test_the_explorer_holds_what_a_scenario_changes(folder: Path) -> None:
    account = open_case(folder).balance()
    page = explorer_data(account, ("vi", "en"))
    assert [s["name"] for s in page["scenarios"]] == [
        ["Hiện trạng", "As it is"], ["Ít rác", "Less waste"], ["none", "none"],
    ]  # fmt: skip
    less = page["scenarios"][1]
    changed = {page["quantities"][at][0]: row for at, *row in less["quantities"]}
    assert set(changed) == {"husk", "flour", "heap.change"}
    value, data = changed["husk"][1], changed["husk"][-1]
    assert value == pytest.approx(10)
    assert "× 0.5 (i_husk, plan)" in page["data"][data[0]][6]
    assert "all|2023||vi|less" in page["pictures"]
    assert explorer_data(mill().balance(), ("vi",))["scenarios"] == []


@pytest.mark.parametrize(
    ("language", "title"),
    [("vi", "Can thiệp và kịch bản"), ("en", "Interventions and scenarios")],
)
def test_the_report_has_a_chapter(folder: Path, tmp_path: Path, language: str, title: str) -> None:
    case = open_case(folder)
    write_report(case.balance(), tmp_path, languages=[language], formats=["html"])
    text = (tmp_path / f"report.{language}.html").read_text(encoding="utf-8")
    assert title in text
    assert ("Ít rác" if language == "vi" else "Less waste") in text
    assert "Plan 2030" in text  # its source is among the references
    write_report(mill().balance(), tmp_path, languages=[language], formats=["html"])
    text = (tmp_path / f"report.{language}.html").read_text(encoding="utf-8")
    assert title not in text


def test_the_report_leaves_tiny_changes_out(tmp_path: Path) -> None:
    a_little = {"quantity": "rice", "value": 1.001, "uncertainty": "0"}
    write_tables(with_rows({}, a_little), tmp_path / "town")
    write_report(
        open_case(tmp_path / "town").balance(), tmp_path, languages=["en"], formats=["html"]
    )
    text = (tmp_path / "report.en.html").read_text(encoding="utf-8")
    table = text[text.index("Goods: what really changes under the scenario") :]
    table = table[: table.index("</section>")]
    rows = table[: table.index("</table>")]
    assert "husk" in rows
    assert "Rice" not in rows  # + 0.1 %
    assert "Changes of less than 0.5 % are left out." in table
    assert "it cannot be told" not in text
