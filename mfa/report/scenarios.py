"""Facts of the scenarios of a case, each against the case as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.errors import ConvergenceError, InfeasibleError, InputError, Problem
from mfa.report.changes import Change, PeriodChange, change_rows
from mfa.scenarios import Contradiction, contradictions, new_limits

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.intervention import Scenario
    from mfa.report.pictures import Pictures


@dataclass(frozen=True)
class ScenarioFacts:
    """One scenario and what it changes.

    Attributes
    ----------
    scenario
        Its name and interventions.
    problems
        Why it has no balance; the fields below are empty then.
    change
        Indicators and flows, before: the case as it is, after: the scenario.
    waste
        The shares of waste by destination, in %.
    contradictions, limits
        Figures that contradict it, and quantities that it pushes to a limit.
    p_value
        Of the global test of its data.
    view
        Id of the view in which most changes; None without views.
    """

    scenario: Scenario
    problems: tuple[Problem, ...] = ()
    change: PeriodChange | None = None
    waste: tuple[Change, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    limits: tuple[str, ...] = ()
    p_value: float = float("nan")
    view: str | None = None


def scenario_facts(
    account: Account, units: Mapping[str, str], period: str, region: str, pictures: Pictures
) -> tuple[ScenarioFacts, ...]:
    """Return the facts of every scenario, in their order."""
    found = []
    for name, scenario in account.system.scenarios.items():
        try:
            other = account.under(name)
        except (InputError, InfeasibleError, ConvergenceError) as error:
            found.append(ScenarioFacts(scenario, tuple(error.problems)))
            continue
        found.append(_facts(scenario, account, other, units, period, region, pictures))
    return tuple(found)


def _facts(
    scenario: Scenario,
    account: Account,
    other: Account,
    units: Mapping[str, str],
    period: str,
    region: str,
    pictures: Pictures,
) -> ScenarioFacts:
    from mfa.comparison import compare

    comparison = compare(account, other, periods=(period, period))
    every = tuple(change_rows(comparison.quantities, region, units))
    flows = tuple(change for change in every if change.kind in ("flow", "stock_change"))
    indicators = tuple(change_rows(comparison.indicators, region, units))
    counts = Counter("same" if c.difference == 0 else c.verdict for c in flows)
    change = PeriodChange(period, period, indicators, flows, counts, comparison)
    return ScenarioFacts(
        scenario,
        (),
        change,
        tuple(change_rows(comparison.waste, region, units)),
        contradictions(other, account),
        new_limits(other, account),
        float(other.test.p_value),
        _view(account, flows, pictures, period, region),
    )


def _view(
    account: Account, flows: tuple[Change, ...], pictures: Pictures, period: str, region: str
) -> str | None:
    """Return the view in which the largest part of what is drawn changes."""
    moved = {c.id: abs(c.difference) for c in flows if c.difference == c.difference}
    size = {c.id: max(abs(c.before), abs(c.after)) for c in flows if c.id in moved}

    def share(name: str) -> float:
        view = account.system.views[name]
        shown = [i for i in pictures.flows(view, period, region) if i in moved]
        whole = sum(size[i] for i in shown)
        return sum(moved[i] for i in shown) / whole if whole > 0 else 0.0

    return max(account.system.views, key=share, default=None)
