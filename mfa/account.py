"""The account: of every quantity the input, balanced value, σ, status and trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.assemble import assemble
from mfa.balance.classify import FREE, STATUSES, Classification, classify
from mfa.balance.data import merge
from mfa.balance.distribution import interval
from mfa.balance.equations import Equations
from mfa.balance.quantities import KIND_NAMES, PARAMETER
from mfa.balance.reconcile import Solution, reconcile
from mfa.balance.spread import combination_sd, posterior_sd
from mfa.balance.tests import Tests, examine
from mfa.model.system import System

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A value with 1 σ, its 95 % interval, unit and status; NaN when the data do not settle it."""

    value: float
    sd: float
    lower: float
    upper: float
    unit: str
    status: str

    @property
    def known(self) -> bool:
        """Whether the data settle the value."""
        return self.status != "free"


@dataclass(frozen=True)
class QuantityResult:
    """One quantity of the account, in its display unit."""

    id: str
    kind: str
    layer: str
    period: str
    region: str
    input: float
    input_sd: float
    value: float
    sd: float
    lower: float
    upper: float
    unit: str
    status: str
    adjustment: float
    observations: list[dict[str, Any]]


@dataclass(frozen=True)
class TestResult:
    """Global and single tests of the observations (`mfa.balance.tests`)."""

    chi2: float
    dof: int
    p_value: float
    critical: float
    table: pd.DataFrame
    suspects: list[str]
    untestable: list[str]

    __test__ = False  # not a test class, whatever a test runner thinks of its name


def balance(system: System, *, robust: str | None = None, **unknown: Any) -> Account:
    """Reconcile `system` and return its account; options as in `System.balance`.

    Raises
    ------
    InputError, InfeasibleError, ConvergenceError
        See `System.balance`.
    """
    from mfa.balance.infeasible import refuse_if_impossible
    from mfa.balance.robust import refuse_unknown_options

    refuse_unknown_options(robust, unknown)
    equations = assemble(system)
    solution = reconcile(equations, robust=robust is not None)
    refuse_if_impossible(system, equations, solution)
    return Account(system, equations, solution)


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

    def __init__(self, system: System, equations: Equations, solution: Solution) -> None:
        self.system, self.given = system, equations.observations
        equations = replace(equations, observations=solution.observations or self.given)
        self.equations, self.solution = equations, solution
        self.inputs: dict[str, str] = {}
        q = equations.quantities
        assert solution.kkt is not None
        assert solution.jacobian is not None
        count = np.bincount(
            equations.observations.index[solution.data.uncertain], minlength=q.count
        )
        unfixed = solution.unfixed
        self.classification: Classification = classify(
            solution.jacobian,
            count[unfixed] > 0,
            solution.kkt.column_scale,
            unfixed,
            q.count,
            count[unfixed] > 1,
        )
        self._sd = posterior_sd(solution, self.classification)
        self._tests: Tests = examine(
            equations.observations, solution, self.classification, self._sd
        )
        self._promote_observed_products()
        self._n = q.visible

    def _promote_observed_products(self) -> None:
        """Count quantities observed as ``value × factor`` as measured, not as merely determined."""
        status = self.classification.status
        index = self.equations.observations.index
        for row, (target, _) in self.equations.factored.items():
            if status[target] == STATUSES.index("determined"):
                status[target] = min(status[index[row]], STATUSES.index("measured"))

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
        import pandas as pd

        q, n = self.equations.quantities, self._n
        factor = q.factor
        status = self.classification.status[:n]
        free = status == FREE
        value = np.where(free, np.nan, self.solution.x[:n] / factor)
        sd = np.where(free, np.nan, self._sd[:n] / factor)
        given, given_sd = self._inputs()
        lower, upper = self._interval(value, sd, free)
        with np.errstate(all="ignore"):
            adjustment = np.where(given_sd > 0, (value - given) / given_sd, 0.0)
        source, target, material = self._ends()
        labels = self._labels()
        return pd.DataFrame(
            {
                "id": q.ids,
                "kind": np.array(KIND_NAMES, dtype=object)[q.kinds],
                "source": source,
                "target": target,
                "material": material,
                "layer": labels[0],
                "period": labels[1],
                "region": labels[2],
                "input": given,
                "input_sd": given_sd,
                "value": value,
                "sd": sd,
                "lower": lower,
                "upper": upper,
                "unit": [unit or "" for unit in q.unit],
                "status": np.array(STATUSES, dtype=object)[status],
                "adjustment": np.where(np.isnan(given), np.nan, adjustment),
            }
        )

    def _interval(
        self, value: np.ndarray, sd: np.ndarray, free: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % interval within the bounds; for free quantities the feasible range."""
        from mfa.balance.interval import feasible_ranges

        e, n, factor = self.equations, self._n, self.equations.quantities.factor
        low, high = e.lower[:n] / factor, e.upper[:n] / factor
        lower, upper = interval(e, self.given, value, sd)
        lower, upper = np.maximum(lower, low), np.minimum(upper, high)
        if free.any():
            ranges = feasible_ranges(e, self.solution, self._sd, np.flatnonzero(free))
            lower[free], upper[free] = ranges[:, 0] / factor[free], ranges[:, 1] / factor[free]
        return lower, upper

    def _inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the (merged) observed value and its σ in display units, NaN where unobserved."""
        e, n, given = self.equations, self._n, self.given
        data = merge(given, e.quantities.count, e.lower, e.upper)
        mean, precision = data.mean, np.zeros(e.quantities.count)
        np.add.at(precision, given.index[data.uncertain], given.sd[data.uncertain] ** -2.0)
        sd = np.where(precision > 0, 1 / np.sqrt(np.where(precision > 0, precision, 1)), 0.0)
        sd[given.index[data.exact]] = 0.0
        for target, value, spread in self._observed_products(mean, sd):
            if np.isnan(mean[target]):
                mean[target], sd[target] = value, spread
        sd = np.where(np.isnan(mean), np.nan, sd)
        return mean[:n] / e.quantities.factor, sd[:n] / e.quantities.factor

    def _observed_products(
        self, mean: np.ndarray, sd: np.ndarray
    ) -> list[tuple[int, float, float]]:
        """Return (quantity, value, σ) of observations given as value × factor, from data alone."""
        e, out = self.equations, []
        x = np.where(np.isnan(mean), self.solution.x, mean)
        for target, line in e.factored.values():
            at = x.copy()
            at[target] = 0.0
            row = e.jacobian(at)[[line]].toarray()[0]
            weight = row[target]
            if weight:
                value = -float(e.residual(at)[line]) / weight
                others = np.delete(row / weight, target) * np.delete(np.nan_to_num(sd), target)
                out.append((target, value, float(np.sqrt((others**2).sum()))))
        return out

    def _ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        q, s, n = self.equations.quantities, self.system, self._n
        out = [np.full(n, "", dtype=object) for _ in range(3)]
        flows, stocks = q.kinds == 0, (q.kinds == 1) | (q.kinds == 2)
        for column, name in zip(out, ("source", "target", "material"), strict=True):
            column[flows] = s.flows.column(name)[q.rows[flows]]
        out[0][stocks] = s.stocks.column("process")[q.rows[stocks]]
        out[2][stocks] = s.stocks.column("material")[q.rows[stocks]]
        return out[0], out[1], out[2]

    def _labels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        q, s = self.equations.quantities, self.system
        layers = np.array([*s.layers, ""], dtype=object)
        opening = self._opening_label()
        periods = np.array([*s.periods, "", opening], dtype=object)
        regions = np.array([*s.regions, ""], dtype=object)
        p = np.where(
            q.periods == -2,
            len(s.periods),
            np.where(q.periods == -1, len(s.periods) + 1, q.periods),
        )
        r = np.where(q.regions < 0, len(s.regions), q.regions)
        return layers[q.layers], periods[p], regions[r]

    def _opening_label(self) -> str:
        first = self.system.periods[0]
        return str(int(first) - 1) if first.isdigit() else "opening"

    def _index(self, name: str, labels: tuple[str, ...] = (), what: str = "") -> int:
        """Return the index of one quantity; KeyError that lists the choices otherwise."""
        q, s = self.equations.quantities, self.system
        if name not in q.slots:
            from mfa.model.names import suggest

            near = suggest(name, q.slots)
            raise KeyError(f"no quantity {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        cells = q.cells(name)
        for label in labels:
            if label in s.periods:
                cells = cells[s.periods.index(label)][None, :]
            elif label in s.regions:
                cells = cells[:, s.regions.index(label)][:, None]
            elif label == self._opening_label() and (name, 0) in q.opening:
                return q.opening[name, 0]
            else:
                raise KeyError(f"{label!r} is no period and no region")
        found = np.unique(cells[cells >= 0])
        if len(found) != 1:
            raise KeyError(
                f"{name!r} has {len(found)} values; say which period or region: "
                f"{', '.join(x for x in [*s.periods, *s.regions] if x)}"
            )
        return int(found[0])

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
        frame = self.system.observations.frame()
        o, q = self.given, self.equations.quantities
        factor = (
            np.concatenate([q.factor, np.array(q.aux_factor, dtype=float)])[o.index]
            if len(o.index)
            else np.zeros(0)
        )
        given = frame["value"].to_numpy(dtype=float)
        with np.errstate(all="ignore"):
            scale = np.where(given != 0, o.value / given, factor)
        names = [*q.unit, *q.aux_unit]
        frame["unit"] = [
            unit if isinstance(unit, str) else (names[i] or "")
            for unit, i in zip(frame["unit"], o.index, strict=True)
        ]
        frame["place"] = [str(place) if place else "" for place in frame["place"]]
        frame["reconciled"] = self.solution.x[o.index] / np.where(scale != 0, scale, 1.0)
        frame["adjustment"] = self._tests.raw
        frame["normalised"] = self._tests.normalised
        frame["testable"] = self._tests.testable
        frame["suspect"] = self._tests.suspect
        return frame

    @cached_property
    def test(self) -> TestResult:
        """Global χ² and the normalised adjustment of every observation."""
        frame, t = self.observations, self._tests
        return TestResult(
            t.chi2,
            t.dof,
            t.p_value,
            t.critical,
            frame,
            frame.loc[t.suspect].sort_values("normalised", ascending=False)["id"].tolist(),
            frame.loc[~t.testable, "id"].tolist(),
        )

    # -------------------------------------------------------------------------------- balances

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """One row a balance: in, out, stock change, difference, after and before balancing."""
        import pandas as pd

        e, s = self.equations, self.system
        lines = e.balances
        names = [list(s.processes), list(s.layers), list(s.periods), list(s.regions)]
        frame = pd.DataFrame(
            {
                key: np.array(labels, dtype=object)[lines[:, k]]
                for k, (key, labels) in enumerate(
                    zip(("process", "layer", "period", "region"), names, strict=True)
                )
            }
        )
        frame["unit"] = [s.layer_unit(layer) for layer in frame["layer"]]
        from mfa.units import parse_unit

        factor = np.array([e.quantities.internal.factor(parse_unit(u)) for u in frame["unit"]])
        rows = np.flatnonzero(e.row_kind == 0)
        A = e.A[rows]
        changes = np.zeros(A.shape[1], dtype=bool)
        changes[: self._n] = e.quantities.kinds == 2
        given = np.append(
            self._inputs()[0] * e.quantities.factor, np.full(A.shape[1] - self._n, np.nan)
        )
        for suffix, x in (("", self.solution.x), ("_before", np.nan_to_num(given))):
            parts = _split(A, x, changes)
            for key, part in zip(("in", "out", "stock_change"), parts, strict=True):
                frame[f"{key}{suffix}"] = part / factor
            frame[f"difference{suffix}"] = (A @ x) / factor
        complete = (abs(A) @ np.isnan(given).astype(float)) == 0
        frame["complete_before"] = complete
        frame.loc[~complete, "difference_before"] = np.nan
        return frame

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
        q = self.equations.quantities
        labels = tuple(label for label in (period, region) if label)
        vector = np.zeros(q.count)
        first: str | None = unit
        for name, weight in weights.items():
            index = self._index(name, labels if q.kinds[q.cells(name).max()] != PARAMETER else ())
            vector[index] += weight
            first = first if first is not None else (q.unit[index] or "")
        return self._estimate(float(vector @ self.solution.x), vector, first or "")

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
        from mfa.balance.gradient import differentiate
        from mfa.model.dimension import expression_dimension
        from mfa.model.relation import parse_expression

        node = parse_expression(formula)
        dimension = expression_dimension(self.system, node, formula)
        value, weights = differentiate(self, node, period, region)
        return self._estimate(value, weights, self._result_unit(dimension, unit, formula))

    def _result_unit(self, dimension: Any, unit: str | None, formula: str) -> str:
        from mfa.errors import InputError, Problem
        from mfa.units import Dimension, parse_unit

        if unit is not None:
            wanted = parse_unit(unit).dimension
            if isinstance(dimension, Dimension) and wanted != dimension:
                raise InputError(
                    [
                        Problem(
                            "wrong-dimension-result",
                            "“{formula}” is in {got}, not in {unit}.",
                            {"formula": formula, "got": dimension.unit, "unit": unit},
                        )
                    ]
                )
            return unit
        if not isinstance(dimension, Dimension):
            return ""
        rate = parse_unit(self.system.unit).dimension
        return self.system.unit if dimension == rate else dimension.unit

    def _estimate(self, value: float, weights: np.ndarray, unit: str) -> Estimate:
        from mfa.units import parse_unit

        factor = self.equations.quantities.internal.factor(parse_unit(unit)) if unit else 1.0
        if not self.classification.determines(weights):
            low, high = self._free_range(weights)
            return Estimate(np.nan, np.nan, low / factor, high / factor, unit, "free")
        sd = float(combination_sd(self.solution, weights[:, None])[0]) / factor
        value /= factor
        return Estimate(value, sd, value - Z95 * sd, value + Z95 * sd, unit, "determined")

    def _free_range(self, weights: np.ndarray) -> tuple[float, float]:
        """Return what bounds of the single quantities leave for an undetermined combination."""
        factor = self.equations.quantities.factor
        used = np.flatnonzero(weights[: self._n])
        low = self.table["lower"].to_numpy()[used] * factor[used]
        high = self.table["upper"].to_numpy()[used] * factor[used]
        w = weights[used]
        with np.errstate(invalid="ignore"):
            return (
                float(np.where(w > 0, w * low, w * high).sum()),
                float(np.where(w > 0, w * high, w * low).sum()),
            )

    # ---------------------------------------------------------------------------------- leaving

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The account as xarray Dataset over (quantity, period, region); units as a coordinate."""
        from mfa.export import account_dataset

        return account_dataset(self)

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
            "sources": len(s.sources),
            "iterations": self.solution.iterations,
        }

    def sankey(self, view: Any = None, language: str = "vi", **options: Any) -> Any:
        """Return the Sankey of a view (id, `View`, or None: all processes): ``.svg``, ``.save``."""
        from mfa.sankey import draw

        chosen = self.system.views[view] if isinstance(view, str) else view
        return draw(self, chosen, language=language, **options)

    def __repr__(self) -> str:
        t = self.table["status"].value_counts()
        counts = ", ".join(f"{t.get(s, 0)} {s}" for s in STATUSES if t.get(s, 0))
        return f"<Account of {self.system.title()!r}: {counts}; χ² {self.solution.chi2:.3g}>"


def _split(A: Any, x: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what enters, what leaves and what is added to stock, by row of the balances A."""
    flows = np.where(changes, 0.0, x)
    positive, negative = A.maximum(0), (-A).maximum(0)
    return positive @ flows, negative @ flows, negative @ np.where(changes, x, 0.0)
