"""The account: of every quantity the input, balanced value, σ, status and trace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.classify import STATUSES, Classification, classify
from mfa.balance.equations import Equations
from mfa.balance.lookup import index_of
from mfa.balance.solution import Solution
from mfa.balance.spread import posterior_sd
from mfa.balance.tests import Tests, examine
from mfa.model.system import System
from mfa.result import Estimate, QuantityResult

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mfa.balance.division import Division
    from mfa.balance.explanation import Explanation
    from mfa.balance.interval import FeasibleSet
    from mfa.balance.target import Key
    from mfa.cluster import Progress, Where
    from mfa.ensemble import Ensemble
    from mfa.verdict import TestResult


class Account:
    """The balanced account of a system.

    Attributes
    ----------
    system
        What was balanced.
    equations, solution
        The engine's arrays, in internal units. Where data are not normal, the observations there
        are the normal ones that stand for them at the solution; `given` holds them as stated.
    inputs
        Hashes of the input files, when the account comes from a case.
    """

    def __init__(
        self,
        system: System,
        equations: Equations,
        solution: Solution,
        division: Division | None = None,
    ) -> None:
        self.system, self.given = system, equations.observations
        equations = replace(equations, observations=solution.observations or self.given)
        self.equations, self.solution = equations, solution
        self.inputs: dict[str, str] = {}
        self._under: dict[str, Account] = {}
        self._division = division
        self._n = equations.quantities.visible
        if division is not None:
            self._by_blocks()

    def _by_blocks(self) -> None:
        """Compute now what the workers at the blocks can help with."""
        _ = self.classification, self._sd
        self._division = None

    @cached_property
    def _structure(self) -> Classification:
        """The status of every quantity as relations and data alone give it."""
        solution, count = self.solution, self.equations.quantities.count
        assert solution.kkt is not None
        assert solution.jacobian is not None
        index = self.equations.observations.index[solution.data.uncertain]
        data = np.bincount(index, minlength=count)[solution.unfixed]
        return classify(
            solution.jacobian,
            data > 0,
            solution.kkt.column_scale,
            solution.unfixed,
            count,
            data > 1,
            self.equations.curved,
            self._division,
        )

    @cached_property
    def classification(self) -> Classification:
        """The status of every quantity; one observed as ``value × factor`` counts as measured."""
        status = self._structure.status.copy()
        index = self.equations.observations.index
        for row, (target, _) in self.equations.factored.items():
            if status[target] == STATUSES.index("determined"):
                status[target] = min(status[index[row]], STATUSES.index("measured"))
        return replace(self._structure, status=status)

    @cached_property
    def _sd(self) -> np.ndarray:
        """σ of every quantity in internal units: NaN where free, 0 where fixed; (n,)."""
        return posterior_sd(self.solution, self._structure)

    @cached_property
    def _tests(self) -> Tests:
        return examine(self.equations.observations, self.solution, self._structure, self._sd)

    # -------------------------------------------------------------------------------- scenarios

    @property
    def scenario(self) -> str:
        """Id of the scenario this is the account of; empty: the case as it is."""
        return self.system.applied.scenario.id if self.system.applied else ""

    def under(self, scenario: str) -> Account:
        """Return the account of the same system under one of its scenarios, balanced once.

        Raises
        ------
        InputError, InfeasibleError, ConvergenceError
            There is no such scenario, or its data cannot be balanced.
        """
        if scenario not in self._under:
            account = self.system.under(scenario).balance()
            account.inputs = self.inputs
            self._under[scenario] = account
        return self._under[scenario]

    # ------------------------------------------------------------------------------- quantities

    @property
    def converged(self) -> bool:
        """Whether the iteration converged (there is no account of a system that did not)."""
        return self.solution.converged

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a quantity: id, kind, ends, labels, input, value, σ, interval, unit, status.

        ``value`` and ``sd`` are NaN where the status is ``free``; ``adjustment`` is value − input
        in σ of the input.
        """
        from mfa.quantity_table import quantity_table

        return quantity_table(self)

    def _index(self, name: str, labels: tuple[str, ...] = ()) -> int:
        """Return the index of one quantity; KeyError that lists the choices otherwise."""
        return index_of(self.equations.quantities, self.system, name, labels)

    def __getitem__(self, key: str | tuple[Any, ...]) -> QuantityResult:
        name, *labels = key if isinstance(key, tuple) else (key,)
        index = self._index(name, tuple(str(label) for label in labels))
        row = self.table.iloc[[index]].to_dict("records")[0]
        fields = {f: row[f] for f in QuantityResult.__dataclass_fields__ if f in row}
        return QuantityResult(**fields, observations=self._observations_of(index))

    def _observations_of(self, index: int) -> list[dict[str, Any]]:
        rows = self._observed_rows.get(index, [])
        return self.observations.iloc[rows].to_dict("records")

    @cached_property
    def _observed_rows(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        factored = self.equations.factored
        for row, index in enumerate(self.equations.observations.index.tolist()):
            out.setdefault(factored[row][0] if row in factored else index, []).append(row)
        return out

    # ----------------------------------------------------------------------------- observations

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row an observation: as given, its source and quality, and how far it was moved."""
        from mfa.observation_table import observation_table

        return observation_table(self)

    @cached_property
    def test(self) -> TestResult:
        """Global χ², nodal and single tests of the data; what cannot be tested or told apart."""
        from mfa.verdict import TestResult

        return TestResult.of(self)

    # -------------------------------------------------------------------------------- balances

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """One row a balance: in, out, stock change, difference, after and before balancing."""
        from mfa.balance_table import balance_table

        return balance_table(self)

    # ----------------------------------------------------------------------------- combinations

    def linear(
        self,
        weights: Mapping[str, float],
        *,
        period: str = "",
        region: str = "",
        unit: str | None = None,
    ) -> Estimate:
        """Return ``Σ weight × quantity`` with its σ, covariance included.

        Parameters
        ----------
        weights
            Quantity id → weight; all must share a dimension.
        unit
            Unit of the result; default: the unit of the first quantity.
        """
        from mfa.combination import linear

        return linear(self, weights, period, region, unit)

    def evaluate(
        self, formula: str, *, unit: str | None = None, period: str = "", region: str = ""
    ) -> Estimate:
        """Return any formula over the account with σ to first order, covariance included.

        Examples of formulas: ``in(mill) / population``, ``sum(rice)``, ``recycled / (recycled +
        burnt)``.

        Raises
        ------
        InputError
            The formula does not parse, names something unknown or mixes dimensions.
        """
        from mfa.combination import evaluate

        return evaluate(self, formula, unit, period, region)

    @cached_property
    def _feasible(self) -> FeasibleSet:
        """Everything the free quantities may be at once."""
        from mfa.balance.interval import FeasibleSet

        return FeasibleSet(self.equations, self.solution, self._sd)

    def sample(
        self,
        n: int = 1000,
        *,
        seed: int = 1,
        client: Where = None,
        progress: Progress | None = None,
    ) -> Ensemble:
        """Return an ensemble: n accounts of randomly varied data (`mfa.balance.ensemble`).

        Every draw varies the observations as their distributions say and is reconciled: it
        satisfies all relations and bounds. The same seed gives the same draws, however many, and
        wherever they are made.

        Parameters
        ----------
        client
            A Dask cluster on which to draw: a client, a scheduler's address or ``"local"``
            (`mfa.cluster.connected`). Default: here.
        progress
            Called with the numbers of finished and of all blocks of draws.

        Raises
        ------
        InputError
            `n` is no whole number of 1 or more.
        ClusterError
            The cluster cannot be reached, or cannot do the work.
        """
        from mfa.ensemble import sample

        return sample(self, n, seed, client, progress)

    # ------------------------------------------------------------------------------- explaining

    def explain(self, quantity: Key, language: str = "vi") -> Explanation:
        """Explain in words where a quantity's value comes from (`mfa.balance.explain`).

        Raises
        ------
        InputError
            There is no such quantity, or it has several values and no label says which.
        """
        from mfa.balance.explain import explain

        return explain(self, quantity, language)

    def shares(self, what: Key, *, period: str = "", region: str = "") -> pd.DataFrame:
        """Return how much each observation contributes to the variance of a quantity or formula.

        See `mfa.balance.contribution.share_table` for the columns.
        """
        from mfa.balance.contribution import share_table

        return share_table(self, what, period, region)

    def next_data(
        self,
        n: int = 5,
        target: Key | None = None,
        precision: float = 0.1,
        *,
        period: str = "",
        region: str = "",
    ) -> pd.DataFrame:
        """Return the further data that would narrow a result, or the account as a whole, most.

        See `mfa.balance.next_data.next_data` for the columns and the default target.
        """
        from mfa.balance.next_data import next_data

        return next_data(self, n, target, precision, period, region)

    def settle(self, quantity: Key | None = None) -> pd.DataFrame:
        """Return the groups of free quantities that one further datum would settle together.

        With `quantity` only its group; see `mfa.balance.free_groups.settle_table` for the columns.
        """
        from mfa.balance.free_groups import settle_table

        return settle_table(self, quantity)

    # ---------------------------------------------------------------------------------- leaving

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The account as xarray Dataset over (quantity, period, region); units as a coordinate."""
        from mfa.export import account_dataset

        return account_dataset(self)

    def to_excel(self, path: str | os.PathLike[str]) -> Path:
        """Write quantities, observations, balances and a summary, a sheet each.

        `mfa.case.Case.write_account` writes them into the case's own workbook instead.
        """
        return self._write(path, ".xlsx")

    def to_csv(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the table of quantities to a ``.csv`` file, or all three tables into a folder."""
        from mfa.formats.account import write_folder

        target = Path(path)
        if target.suffix.lower() == ".csv":
            return [self._write(target, ".csv")]
        return write_folder(self, target)

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the table of quantities; needs the extra ``city-mfa[parquet]``."""
        return self._write(path, ".parquet")

    def to_netcdf(self, path: str | os.PathLike[str]) -> Path:
        """Write `dataset` as netCDF 3, with the name ending in ``.nc``."""
        return self._write(path, ".nc")

    def _write(self, path: str | os.PathLike[str], suffix: str) -> Path:
        from mfa.formats.account import write_account

        target = Path(path)
        if target.suffix.lower() != suffix:
            raise ValueError(f"path is {target.name!r}, expected a name ending in {suffix}")
        return write_account(self, target)

    @property
    def stamp(self) -> dict[str, Any]:
        """What the account was made of: version, input hashes, and counts."""
        import mfa

        s = self.system
        return {
            "version": mfa.__version__,
            "inputs": dict(self.inputs),
            "processes": len(s.processes) - 3,
            "flows": len(s.flows),
            "stocks": len(s.stocks),
            "materials": len(s.materials),
            "parameters": len(s.parameters),
            "observations": s.observations.row_count,
            "relations": len(s.relations),
            "scenarios": len(s.scenarios),
            "sources": len(s.sources),
            "iterations": self.solution.iterations,
        }

    def sankey(self, view: Any = None, language: str = "vi", **options: Any) -> Any:
        """Return the Sankey of a view (id, `View`, or None: all processes): ``.svg``, ``.save``."""
        from mfa.sankey import draw

        if isinstance(view, str) and view not in self.system.views:
            known = ", ".join(self.system.views) or "none"
            raise KeyError(f"no view {view!r}; the views are: {known}")
        chosen = self.system.views[view] if isinstance(view, str) else view
        return draw(self, chosen, language=language, **options)

    def __repr__(self) -> str:
        t = self.table["status"].value_counts()
        counts = ", ".join(f"{t.get(s, 0)} {s}" for s in STATUSES if t.get(s, 0))
        return f"<Account of {self.system.title()!r}: {counts}; χ² {self.solution.chi2:.3g}>"
