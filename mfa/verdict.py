"""What the statistical tests say of the data, by the names of observations and processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account


@dataclass(frozen=True)
class TestResult:
    """Tests of the data of one account.

    Attributes
    ----------
    chi2, dof, p_value
        Global test: the weighted sum of squared adjustments, the number of independent checks, and
        the probability of so large a sum when all σ are right.
    critical
        Two-sided critical value of the normalised adjustments at 5 % over all of them (Šidák).
    table
        The account's `observations` with ``p_value`` of each one alone, ``detectability`` (share of
        an error of the datum that its adjustment shows) and ``adjustability`` (what the balance
        adds to its precision), both from 0 to 1.
    suspects
        Ids of observations beyond the critical value, worst first.
    untestable
        Ids of observations that nothing checks.
    """

    chi2: float
    dof: int
    p_value: float
    critical: float
    table: pd.DataFrame
    suspects: list[str]
    untestable: list[str]
    account: Account = field(repr=False)

    __test__ = False  # not a test class, whatever a test runner thinks of its name

    @classmethod
    def of(cls, account: Account) -> TestResult:
        """Collect the tests of `account`."""
        t, frame = account._tests, account.observations
        worst = np.argsort(-np.nan_to_num(t.normalised), kind="stable")
        ids = frame["id"].to_numpy(dtype=object)
        return cls(
            t.chi2,
            t.dof,
            t.p_value,
            t.critical,
            frame.assign(
                p_value=t.p_values, detectability=t.detectability, adjustability=t.adjustability
            ),
            ids[worst[t.suspect[worst]]].tolist(),
            ids[~t.testable].tolist(),
            account,
        )

    @cached_property
    def groups(self) -> list[list[str]]:
        """Ids of observations that cannot be told apart: their adjustments are always alike."""
        from mfa.balance.alike import inseparable

        a = self.account
        found = inseparable(a.equations.observations, a.solution, a._tests)
        return [self._ids(rows) for rows in found]

    @cached_property
    def nodal(self) -> pd.DataFrame:
        """One row a process, layer, period and region: whether what the data alone say adds up.

        Columns: processes (several where an unmeasured flow joins them), layer, period, region,
        unit, difference (in − out − stock change of the data), sd, normalised, p_value, testable,
        suspect (beyond the critical value over all nodes together).
        """
        import pandas as pd

        from mfa.balance.nodal import nodal_tests
        from mfa.units import parse_unit

        a = self.account
        e, s = a.equations, a.system
        t = nodal_tests(e, a.given, a.solution.x)
        first = np.unique(t.node, return_index=True)[1]
        names = np.array([*s.processes], dtype=object)[e.balances[:, 0]]
        labels = (list(s.layers), list(s.periods), list(s.regions))
        layer, period, region = (
            np.array(values, dtype=object)[e.balances[first, k]]
            for k, values in enumerate(labels, start=1)
        )
        unit = [s.layer_unit(name) for name in layer]
        factor = np.array([e.quantities.internal.factor(parse_unit(text)) for text in unit])
        members = pd.Series(names).groupby(t.node).agg(list)
        testable = ~np.isnan(t.normalised)
        return pd.DataFrame(
            {
                "processes": members.to_list(),
                "layer": layer,
                "period": period,
                "region": region,
                "unit": unit,
                "difference": t.residual / factor,
                "sd": t.sd / factor,
                "normalised": t.normalised,
                "p_value": t.p_value,
                "testable": testable,
                "suspect": testable & (np.nan_to_num(t.normalised) > t.critical),
            }
        )

    @cached_property
    def restoring(self) -> pd.DataFrame:
        """Observations whose removal alone would make the global test pass, best first.

        Columns: id, quantity, normalised, and χ², degrees of freedom and p of the rest; exact for
        linear relations without active bounds, else to first order. Empty when the data agree.
        """
        from scipy.special import chdtrc

        from mfa.balance.alike import relief
        from mfa.balance.serial import checked
        from mfa.balance.tests import SIGNIFICANCE

        a = self.account
        observations, solution, t = checked(
            replace(a.equations, observations=a.given), a.solution.x
        )
        left = np.maximum(t.chi2 - relief(observations, solution, t), 0.0)
        p = chdtrc(t.dof - 1, left) if t.dof > 1 else np.ones(len(left))
        rows = np.flatnonzero(t.testable & (p >= SIGNIFICANCE) & (t.p_value < SIGNIFICANCE))
        rows = rows[np.argsort(left[rows].round(6), kind="stable")]
        frame = a.observations.iloc[rows][["id", "quantity"]].reset_index(drop=True)
        return frame.assign(
            normalised=t.normalised[rows], chi2=left[rows], dof=t.dof - 1, p_value=p[rows]
        )

    def eliminate(self, limit: int | None = None) -> pd.DataFrame:
        """Leave out the worst observation and balance again, until the data agree.

        Columns: id, quantity, normalised (adjustment before), alike (ids that could have been left
        out as well), chi2, dof and p_value of the rest, consistent. Empty when the data agree.

        Parameters
        ----------
        limit
            Leave out at most so many.
        """
        import pandas as pd

        from mfa.balance.serial import eliminate

        a = self.account
        plain = replace(a.equations, observations=a.given)
        steps = eliminate(plain, a.solution.x, limit)
        quantity = a.observations["quantity"].to_numpy(dtype=object)
        rows = [
            {
                "id": self._ids([step.row])[0],
                "quantity": quantity[step.row],
                "normalised": step.normalised,
                "alike": self._ids(step.alike),
                "chi2": step.chi2,
                "dof": step.dof,
                "p_value": step.p_value,
                "consistent": step.consistent,
            }
            for step in steps
        ]
        columns = ["id", "quantity", "normalised", "alike", "chi2", "dof", "p_value", "consistent"]
        return pd.DataFrame(rows, columns=columns)

    def _ids(self, rows: list[int]) -> list[str]:
        ids = self.account.observations["id"].to_numpy(dtype=object)
        return [str(ids[row]) for row in rows]


def doubts(account: Account) -> list[Problem]:
    """Return a warning for every observation that all others speak against."""
    table, rows = account.test.table, account.system.observations
    return [
        Problem(
            "suspect-observation",
            "The value of “{quantity}” is {n} σ away from what all other data say. Look for a slip "
            "in the number, its unit, year or scope, or widen its uncertainty.",
            {"quantity": rows.row(row).quantity, "n": f"{table['normalised'].iloc[row]:.0f}"},
            rows.row(row).place,
            "warning",
        )
        for row in table["suspect"].to_numpy().nonzero()[0].tolist()
    ]
