"""Two accounts, or two periods of one: differences, their σ, what is real, files and pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

import mfa
from mfa.account import Account
from mfa.cli import cli
from mfa.comparison import COLUMNS
from tests.mills import TABLES, changed, workbook_case
from tests.report.cities import city


def mill(paddy: float = 100.0, rice: float = 66.0, unit: str = "t/year", **more: float) -> Account:
    s = mfa.System("mill", unit=unit, periods=("2022",))
    s.process("mill", name_en="Rice mill", name_vi="Nhà máy xay")
    s.material("rice", mf_code="MF.1")
    s.flow("paddy", "import", "mill", material="rice", value=paddy, sd=3)
    s.flow("rice", "mill", "export", material="rice", value=rice, sd=4)
    s.flow("husk", "mill", "environment", material="rice")
    for name, value in more.items():
        s.material(name)
        s.flow(name, "mill", "export", material=name, value=value, sd=1)
    return s.balance()


@pytest.fixture(scope="module")
def years() -> Account:
    """Two years whose harvests come from one shared yield: their errors go together."""
    s = mfa.System("years", unit="t/year", periods=("2022", "2023"), info={"population": "people"})
    s.process("farm", name_en="Farm", name_vi="Trang trại")
    s.material("rice", mf_code="MF.1")
    s.parameter("yield", unit="1", value=5.0, sd=0.5)
    s.parameter("people", unit="person", value=1000.0, sd=10.0)
    s.flow("seed", "import", "farm", material="rice")
    s.observe("seed", 10, sd=0.01, period="2022")
    s.observe("seed", 12, sd=0.01, period="2023")
    s.flow("harvest", "environment", "farm", material="rice")
    s.flow("sold", "farm", "export", material="rice")
    s.relate("harvest = yield * seed")
    return s.balance()


def row(comparison: mfa.Comparison, identifier: str) -> dict:
    frame = comparison.table
    (found,) = frame[frame["id"] == identifier].to_dict("records")
    return found


class TestIndependent:
    def test_difference_and_its_sd(self) -> None:
        found = row(mfa.compare(mill(), mill(120)), "paddy")
        assert found["difference"] == pytest.approx(20)
        assert found["difference_sd"] == pytest.approx(math.hypot(3, 3))
        assert found["relative"] == pytest.approx(0.2)
        assert found["verdict"] == "higher"

    def test_small_change_is_within_uncertainty_and_none_is_zero(self) -> None:
        assert row(mfa.compare(mill(), mill(104)), "paddy")["verdict"] == "within"
        assert row(mfa.compare(mill(), mill()), "paddy")["z"] == 0

    def test_units_of_the_first(self) -> None:
        found = row(mfa.compare(mill(), mill(100_000, 66_000, unit="kg/year")), "paddy")
        assert found["unit"] == "t/year"
        assert found["b"] == pytest.approx(100)
        assert found["verdict"] == "within"

    def test_only_on_one_side(self) -> None:
        comparison = mfa.compare(mill(bran=5.0), mill(germ=3.0))
        assert row(comparison, "bran")["verdict"] == "only_a"
        assert row(comparison, "germ")["verdict"] == "only_b"
        assert math.isnan(row(comparison, "germ")["difference"])

    def test_incomparable_units_are_said_not_subtracted(self) -> None:
        accounts = []
        for unit in ("person", "t/year"):
            s = mfa.System("x", unit="t/year")
            s.process("mill")
            s.flow("paddy", "import", "mill", value=5, sd=1)
            s.parameter("size", unit=unit, value=2.0, sd=0.1)
            accounts.append(s.balance())
        found = row(mfa.compare(*accounts), "size")
        assert found["verdict"] == "unknown"
        assert math.isnan(found["difference"])

    def test_order_is_that_of_the_inputs(self) -> None:
        quantities = mfa.compare(mill(), mill(120)).quantities
        assert quantities["id"].tolist() == ["paddy", "rice", "husk"]
        assert tuple(quantities.columns) == COLUMNS


class TestWithinOneAccount:
    def test_sd_knows_that_errors_go_together(self, years: Account) -> None:
        found = row(mfa.compare(years), "harvest")
        assert found["difference"] == pytest.approx(10)
        # σ² = (Δseed · σ_yield)² + 2 (yield · σ_seed)²; independent sides would give 7.8.
        assert found["difference_sd"] == pytest.approx(math.sqrt(1 + 2 * 0.05**2), rel=1e-3)
        assert found["verdict"] == "higher"
        assert math.hypot(found["a_sd"], found["b_sd"]) > 7

    def test_what_holds_always_is_no_change(self, years: Account) -> None:
        assert "yield" not in set(mfa.compare(years).quantities["id"])

    def test_indicators_by_covariance_too(self, years: Account) -> None:
        comparison = mfa.compare(years)
        total = row(comparison, "de")
        assert total["difference_sd"] == pytest.approx(row(comparison, "harvest")["difference_sd"])

    def test_per_person_matches_the_account_s_own_formula(self, years: Account) -> None:
        """(h₂₃ − h₂₂) / people as one formula has the same σ as the comparison says."""
        found = row(mfa.compare(years), "de.per_person")
        formula = "(harvest[2023] - harvest[2022]) / people"
        want = years.evaluate(formula, unit="t/person/year")
        assert found["difference"] == pytest.approx(want.value)
        assert found["difference_sd"] == pytest.approx(want.sd)

    def test_the_other_way_round(self, years: Account) -> None:
        back = row(mfa.compare(years, periods=("2023", "2022")), "harvest")
        assert (back["difference"], back["verdict"]) == (pytest.approx(-10), "lower")

    def test_nothing_to_compare(self, years: Account) -> None:
        with pytest.raises(mfa.InputError, match="nothing to compare"):
            mfa.compare(years, periods=("2022", "2022"))
        with pytest.raises(mfa.InputError, match="has no period “2030”"):
            mfa.compare(years, periods=("2022", "2030"))


def test_free_quantities_are_judged_by_their_intervals() -> None:
    def city(size: float) -> Account:
        s = mfa.System("x", unit="t/year")
        s.process("p")
        s.flow("a", "import", "p", value=size, sd=1)
        s.flow("b", "p", "export", lower=size - 10)
        s.flow("c", "p", "environment")
        return s.balance()

    comparison = mfa.compare(city(20), city(100))
    assert row(comparison, "b")["verdict"] == "higher"
    assert row(comparison, "c")["verdict"] == "unknown"
    assert row(comparison, "exports")["a_status"] == "free"


def test_indicators() -> None:
    found = row(mfa.compare(mill(), mill(130)), "imports")
    assert found["kind"] == "indicator"
    assert found["difference"] == pytest.approx(30)
    assert found["difference_sd"] == pytest.approx(math.hypot(3, 3))


class TestSankey:
    def test_colours_say_what_changed(self) -> None:
        graph = mfa.compare(mill(), mill(140, germ=2.0)).sankey(None, "en").graph
        kinds = {link.flows[0]: link.category for link in graph.links}
        assert kinds["paddy"] == "higher"
        assert kinds["rice"] == "within"
        assert kinds["germ"] == "only_b"
        assert set(graph.categories) == set(kinds.values())

    def test_same_as_the_table(self, years: Account) -> None:
        comparison = mfa.compare(years)
        for link in comparison.sankey(None, "vi").graph.links:
            assert link.category == row(comparison, link.flows[0])["verdict"]

    def test_what_is_unknown_on_both_sides_did_not_rise(self) -> None:
        account = city(("2022", "2023")).balance()
        graph = mfa.compare(account).sankey("all", "en").graph
        (unknown,) = (link for link in graph.links if not link.known)
        assert unknown.category == "unknown"

    def test_what_is_gone_is_drawn_dashed_with_its_former_size(self) -> None:
        image = mfa.compare(mill(bran=50.0), mill(unit="kg/year", germ=3.0)).sankey(None, "en")
        (gone,) = (link for link in image.graph.links if link.gone)
        assert (gone.source, gone.target, gone.flows) == ("mill", "export", ("bran",))
        assert (gone.category, gone.value) == ("only_a", 0.0)
        assert gone.usual == pytest.approx(50_000, rel=0.3)
        assert image.svg.count("stroke-dasharray") == 1
        assert "gone: dashed" in image.svg
        assert ">3.0 (new)<" in image.svg or ">germ" not in image.svg

    def test_what_is_gone_brings_its_nodes(self) -> None:
        def town(shop: bool) -> Account:
            s = mfa.System("town", unit="t/year")
            s.process("mill")
            s.flow("rice", "import", "mill", value=100, sd=3)
            s.flow("sold", "mill", "export")
            if shop:
                s.process("shop", name_en="Shop")
                s.flow("gift", "environment", "shop", value=5, sd=1)
                s.flow("back", "shop", "import", value=4, sd=1)
                s.flow("rest", "shop", "mill")
            return s.balance()

        graph = mfa.compare(town(True), town(False)).sankey(None, "en").graph
        ends = {link.flows[0]: (link.source, link.target) for link in graph.links if link.gone}
        assert ends == {
            "gift": ("environment", "shop"),
            "back": ("shop", "import·out"),
            "rest": ("shop", "mill"),
        }
        assert {node.id: node.title for node in graph.nodes}["shop"] == "Shop"

    def test_a_flow_that_takes_the_place_of_another_is_no_new_link(self) -> None:
        def path(name: str, value: float) -> Account:
            s = mfa.System("town", unit="t/year")
            s.process("mill")
            s.flow(name, "import", "mill", value=value, sd=1)
            s.flow("sold", "mill", "export")
            return s.balance()

        links = mfa.compare(path("old", 100), path("fresh", 150)).sankey(None, "en").graph.links
        (taken,) = (link for link in links if link.flows == ("fresh",))
        assert (taken.category, taken.remark) == ("higher", "+50 %")
        assert not any(link.gone for link in links)


class TestFiles:
    @pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".json", ".svg", ".png"])
    def test_written_twice_the_same(self, tmp_path: Path, suffix: str) -> None:
        comparison = mfa.compare(mill(), mill(120))
        paths = [comparison.save(tmp_path / f"{n}{suffix}") for n in "ab"]
        assert paths[0].read_bytes() == paths[1].read_bytes()

    def test_table_in_the_workbook(self, tmp_path: Path) -> None:
        book = load_workbook(mfa.compare(mill(), mill(120)).save(tmp_path / "x.xlsx"))
        assert book.sheetnames == ["indicators", "quantities"]
        assert book["quantities"]["B2"].value == "paddy"
        assert book["quantities"]["F2"].value == pytest.approx(100)

    def test_json_has_no_nan(self, tmp_path: Path) -> None:
        path = mfa.compare(mill(bran=5.0), mill()).save(tmp_path / "x.json")
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        assert content["counts"]["only_a"] == 1

    def test_unknown_suffix(self, tmp_path: Path) -> None:
        with pytest.raises(mfa.InputError, match=r"must end in one of \.csv"):
            mfa.compare(mill(), mill(120)).save(tmp_path / "x.gif")


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
        workbook_case(tmp_path / "a")
        workbook_case(tmp_path / "b", changed("observations", 0, value=180.0))
        years = changed("case", 2, value="2022, 2023")
        years["observations"] = [
            data | {"id": f"{data['id']}_{period}", "period": period}
            for data in TABLES["observations"]
            for period in ("2022", "2023")
        ]
        workbook_case(tmp_path / "years", years)
        return lambda *words: CliRunner().invoke(cli, ["compare", *words])

    def test_two_cases(self, run) -> None:
        result = run("a", "b", "-o", "x.svg", "--view", "all")
        assert result.exit_code == 0, result.output
        assert "Two mills 2023 → Two mills 2023" in result.stdout
        assert "Imports (IMP)" in result.stdout
        assert "more than their uncertainty" in result.stdout
        assert Path("x.svg").read_text(encoding="utf-8").startswith("<svg")

    def test_periods_of_one(self, run) -> None:
        result = run("years", "--periods", "2022,2023", "--json")
        assert result.exit_code == 0, result.output
        content = json.loads(result.stdout)
        assert (content["independent"], content["a"]["period"]) == (False, "2022")

    def test_in_vietnamese(self, run) -> None:
        assert "Nhập vào (IMP)" in run("a", "b", "--language", "vi").stdout

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["a"], "one period only"),
            (["years", "--periods", "2022"], "two periods"),
            (["years", "--periods", "2022,2033"], "“2033” is not known"),
            (["a", "b", "-o", "x.gif"], "does not end in one of .csv"),
        ],
    )
    def test_wrong_usage(self, run, words: list[str], said: str) -> None:
        result = run(*words)
        assert result.exit_code == 2
        assert said in result.stderr
