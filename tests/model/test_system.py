"""Building a system: ids, observations, tables, and errors for the person at the keyboard."""

import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import mfa
from mfa.model.table import Table


def mills():
    s = mfa.System("two mills")
    s.process("mill")
    s.process("market")
    s.flow("rice_in", "import", "mill", material="rice", value=100, sd=5)
    s.flow("rice_out", "mill", "market", value="0.042 kt/year", uncertainty="10 %")
    s.flow("husk", "mill", "export")
    s.flow("eaten", "market", "environment")
    return s


def problems(system):
    with pytest.raises(mfa.InputError) as error:
        system.balance()
    return [p.code for p in error.value.problems]


def test_the_contract_of_the_design():
    s = mills()
    s.parameter("yield", value=0.38, sd=0.02)
    s.observe("rice_out", 44, sd=3, unit="t/year", source="yearbook-2023")
    s.observe("rice_out + husk", 101, sd=4)
    s.relate("rice_out = yield * rice_in")
    s.relate("husk >= 0.1 * rice_in")
    s.correlate("rice_out", "rice_in", 0.4)
    s.parameter("x", start=1.0)
    s.relate("x ^ 2 + yield = 2")
    a = s.balance()
    assert a["x"].value == pytest.approx((2 - a["yield"].value) ** 0.5)
    assert a["husk"].status == "determined"
    assert {o["source"] for o in a["rice_out"].observations} == {"", "yearbook-2023"}
    assert a.residuals["difference"].abs().max() < 1e-9
    assert a.dataset["value"].sel(quantity="rice_in").item() == pytest.approx(a["rice_in"].value)
    assert list(a.table.columns) == [
        "id",
        "kind",
        "source",
        "target",
        "material",
        "layer",
        "period",
        "region",
        "input",
        "input_sd",
        "value",
        "sd",
        "lower",
        "upper",
        "unit",
        "status",
        "adjustment",
    ]


def test_all_problems_at_once_with_suggestions():
    s = mills()
    s.flow("bran", "mil", "market", place=mfa.Place("Flows", "C7"))
    s.relate("rice_ot = 0.4 * rice_in", place=mfa.Place("Relations", "B3"))
    s.observe("husk", 5, unit="kWh/year", sd=1, place=mfa.Place("Observations", "D4"))
    s.parameter("density", value=0.8, sd=0.1, unit="t/m3")
    s.relate("rice_out = density * rice_in", place=mfa.Place("Relations", "B4"))
    with pytest.raises(mfa.InputError) as error:
        s.balance()
    found = {p.code: p.text() for p in error.value.problems}
    assert "Flows!C7" in found["unknown-process"]
    assert "mill" in found["unknown-process"]
    assert "Relations!B3" in found["unknown-quantity"]
    assert "rice_out" in found["unknown-quantity"]
    assert "Observations!D4" in found["wrong-dimension"]
    assert "Relations!B4" in found["wrong-dimension-sum"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda s: s.process("mill"), "id-duplicate"),
        (lambda s: s.flow("rice_in", "mill", "market"), "id-duplicate"),
        (lambda s: s.flow("f", "mill", "market", unit="furlong"), "unknown-unit"),
        (lambda s: s.observe("husk", float("nan")), "value-not-finite"),
        (lambda s: s.observe("husk", 5, sd=-1), "sd-negative"),
        (lambda s: s.observe("husk", 5, uncertainty="about five"), "uncertainty-unreadable"),
        (lambda s: s.relate("husk = (rice_in"), "formula-expected"),
        (lambda s: s.relate("husk + rice_in"), "formula-sense"),
        (lambda s: s.relate("__import__('os') = 1"), "formula-trailing"),
        (lambda s: s.correlate("husk", "rice_in", 1.5), "correlation-range"),
        (lambda s: s.transfer_coefficient("t", "nothing"), "transfer-flow"),
    ],
)
def test_mistakes_are_refused_at_once(call, code):
    with pytest.raises(mfa.InputError) as error:
        call(mills())
    assert error.value.problems[0].code.startswith(code.split("-")[0])


def test_a_multi_period_observation_must_say_when():
    s = mfa.System("years", periods=[2022, 2023])
    s.process("p")
    s.flow("a", "import", "p")
    s.flow("b", "p", "export")
    s.observe("a", 5, sd=1)
    assert problems(s) == ["which-period"]


def test_a_bare_number_counts_in_the_unit_of_the_system():
    s = mfa.System("kilotonnes", unit="kt/year")
    s.process("p")
    s.flow("a", "import", "p", value="3000 t/year", sd=1)
    s.flow("b", "p", "export")
    s.flow("c", "p", "environment")
    s.relate("b = 1")
    a = s.balance()
    assert (a["b"].value, a["b"].unit) == (pytest.approx(1.0), "kt/year")
    assert a["c"].value == pytest.approx(2.0)


def test_uncertainty_comes_from_somewhere_visible():
    s = mfa.System("sources of sigma")
    s.parameter("given", value=100, uncertainty="± 19.6")
    s.parameter("scored", value=100, observed={"reliability": 2, "temporal": 3})
    s.parameter("unsaid", value=100)
    o = s.balance().observations.set_index("quantity")
    assert o["sigma_from"].tolist() == ["given", "scores", "default"]
    assert o.loc["given", "sd"] == pytest.approx(10.0)
    assert o.loc["scored", "sd"] == pytest.approx(np.hypot(6.8, 6.8), abs=0.01)
    assert o.loc["unsaid", "sd"] == pytest.approx(30.0)


def test_from_tables_equals_the_calls():
    flows = pd.DataFrame(
        {
            "id": ["rice_in", "rice_out", "husk", "eaten"],
            "source": ["import", "mill", "mill", "market"],
            "target": ["mill", "market", "export", "environment"],
            "value": [100, 42, None, None],
            "uncertainty": ["5 %", "10 %", None, None],
        }
    )
    table = (
        mfa.System.from_tables(
            "two mills",
            flows=flows,
            transfers={"id": ["yield"], "flow": ["rice_out"], "value": [0.38], "sd": [0.02]},
        )
        .balance()
        .table
    )
    s = mfa.System("two mills")
    s.process("mill")
    s.process("market")
    s.flow("rice_in", "import", "mill", value=100, uncertainty="5 %")
    s.flow("rice_out", "mill", "market", value=42, uncertainty="10 %")
    s.flow("husk", "mill", "export")
    s.flow("eaten", "market", "environment")
    s.transfer_coefficient("yield", "rice_out", value=0.38, sd=0.02)
    pd.testing.assert_frame_equal(table, s.balance().table)


def test_from_tables_reports_every_problem():
    with pytest.raises(mfa.InputError) as error:
        mfa.System.from_tables(
            "bad",
            flows={
                "id": ["a", "a", "c"],
                "source": ["import"] * 3,
                "target": ["p"] * 3,
                "value": [1.0, np.inf, 2.0],
                "sd": [1, 1, -2],
                "unit": ["t/year", "t/year", "stone/year"],
                "colour": ["red"] * 3,
            },
        )
    assert sorted({p.code for p in error.value.problems}) == [
        "id-duplicate",
        "sd-negative",
        "unknown-column",
        "unknown-unit",
        "value-not-finite",
    ]


def test_a_table_keeps_the_order_of_its_rows():
    from mfa.model.quantity import Process

    table = Table(Process)
    table.append(Process("a"))
    table.extend({"id": ["b", "c", "b"], "sector": ["x", "y", "z"]})
    assert list(table) == ["a", "b", "c"]
    assert table["b"].sector == "x"
    assert table.row_count == 4


def test_formulas_over_the_account():
    a = mills().balance()
    ratio = a.evaluate("husk / in(mill)")
    assert ratio.value == pytest.approx(a["husk"].value / a["rice_in"].value)
    assert ratio.unit == "1"
    assert a.evaluate("in(mill)", unit="kg/day").value == pytest.approx(1000 * 100 / 365)
    total = a.linear({"rice_out": 1, "husk": 1})
    assert total.sd == pytest.approx(a["rice_in"].sd)  # covariance counted: it is the input again
    with pytest.raises(mfa.InputError, match="Did you mean"):
        a.evaluate("husks")


def test_unit_slip_in_a_result_is_refused():
    with pytest.raises(mfa.InputError, match="not in"):
        mills().balance().evaluate("husk", unit="GWh/year")


class TestSize:
    def test_long_chains_of_materials_are_checked_at_once(self) -> None:
        system = mfa.System()
        names = [f"m{number}" for number in range(3_000)]
        for name, parent in pairwise(names):
            system.material(name, parent=parent)
        system.material(names[-1], parent=names[-3])
        start = time.process_time()
        found = [p for p in system.check() if p.code == "material-loop"]
        assert time.process_time() - start < 1
        assert len(found) == len(names), "those in the circle, and those that lead into it"

    def test_more_quantities_than_can_be_balanced(self) -> None:
        system = mfa.System(periods=[str(year) for year in range(2000)],
                        regions=[f"r{number}" for number in range(1501)])  # fmt: skip
        system.flow("a", "import", "export")
        (problem,) = [p for p in system.check() if p.code == "too-many-quantities"]
        assert problem.values["n"] == 2000 * 1501


def test_from_tables_names_misspelt_tables_and_columns():
    flows = {"id": ["a"], "sorce": ["import"], "target": ["p"]}
    with pytest.raises(mfa.InputError) as caught:
        mfa.System.from_tables(flows=flows, observation={"quantity": ["a"], "value": [1]})
    assert [p.code for p in caught.value.problems] == ["unknown-table", "missing-column"]
    assert "“source”" in str(caught.value)
    assert "id, sorce, target" in str(caught.value)
