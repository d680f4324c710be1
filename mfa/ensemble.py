"""The ensemble: what an account may look like, given how uncertain its data are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.classify import FREE, STATUSES
from mfa.balance.ensemble import Sampler
from mfa.cluster import Progress, Where, run_somewhere
from mfa.errors import InputError, Problem
from mfa.result import Estimate

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mfa.account import Account
    from mfa.model.relation import Node

Block = tuple[np.random.SeedSequence, int, int]
"""Seed, number of draws, and how many of the quantities are wanted."""
QUANTILES = (0.025, 0.5, 0.975)


def sample(
    account: Account,
    n: int,
    seed: int,
    client: Where = None,
    progress: Progress | None = None,
) -> Ensemble:
    """Draw an ensemble of n accounts; see `Account.sample`.

    Raises
    ------
    InputError
        `n` is no whole number of 1 or more.
    ClusterError
        The cluster cannot be reached, or cannot do the work.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InputError(
            [
                Problem(
                    "draws-count",
                    "The number of draws is {n}; a whole number of 1 or more is expected.",
                    {"n": n},
                )
            ]
        )
    sampler = Sampler(account.equations, account.solution, account.classification, account.given)
    factor = account.equations.quantities.factor
    blocks = sampler.blocks(n, seed)
    ends = np.cumsum([size for _, size in blocks])
    values = np.empty((n, len(factor)))
    tasks = [(*block, len(factor)) for block in blocks]
    for number, drawn in run_somewhere(client, draw_block, sampler, tasks, progress):
        values[ends[number] - len(drawn) : ends[number]] = drawn
    values /= factor
    return Ensemble(account, values, seed)


def draw_block(sampler: Sampler, block: Block) -> np.ndarray:
    """Return the draws of one block without hidden quantities, in internal units."""
    seed, size, visible = block
    return sampler.sample_block(seed, size)[:, :visible]


class Ensemble:
    """Accounts of randomly varied data, each of which satisfies all relations and bounds.

    Attributes
    ----------
    account
        What was varied.
    values
        Draws × quantities, in the order and the display units of the account's table. A free
        quantity shows a possible value in each draw, which means nothing by itself.
    seed
        Draw number i depends on the seed and i alone.
    failed
        Number of draws that could not be reconciled; their values are NaN and left out of all
        summaries.
    """

    def __init__(self, account: Account, values: np.ndarray, seed: int) -> None:
        self.account, self.values, self.seed = account, values, seed
        self.failed = int(np.isnan(values).any(axis=1).sum())

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: str | tuple[Any, ...]) -> np.ndarray:
        """Return the draws of one quantity, (n,); periods and regions as in `Account`."""
        name, *labels = key if isinstance(key, tuple) else (key,)
        return self.values[:, self.account._index(name, tuple(str(label) for label in labels))]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a quantity: id, kind, labels, unit, status, mean, sd, lower, median, upper.

        ``lower``, ``median`` and ``upper`` are the 2.5, 50 and 97.5 % quantiles. All are NaN where
        the status is ``free``.
        """
        names = ["id", "kind", "layer", "period", "region", "unit", "status"]
        frame = self.account.table[names].copy()
        free = (frame["status"] == STATUSES[FREE]).to_numpy()
        summary = _summary(self.values)
        summary[:, free] = np.nan
        for name, row in zip(("mean", "sd", "lower", "median", "upper"), summary, strict=True):
            frame[name] = row
        return frame

    def evaluate(
        self, formula: str, *, unit: str | None = None, period: str = "", region: str = ""
    ) -> np.ndarray:
        """Return any formula over the draws, (n,); formulas as in `Account.evaluate`.

        Raises
        ------
        InputError
            The formula does not parse, names something unknown or mixes dimensions.
        """
        return self._evaluated(formula, unit, period, region)[0]

    def estimate(
        self, formula: str, *, unit: str | None = None, period: str = "", region: str = ""
    ) -> Estimate:
        """Return a formula's mean, σ and 95 % interval over the draws.

        NaN and the status ``free`` when the data do not settle it.
        """
        from mfa.balance.gradient import differentiate
        from mfa.model.relation import parse_expression

        draws, text = self._evaluated(formula, unit, period, region)
        _, weights = differentiate(self.account, parse_expression(formula), period, region)
        if not self.account.classification.determines(weights):
            return Estimate(np.nan, np.nan, np.nan, np.nan, text, STATUSES[FREE])
        mean, sd, lower, _, upper = (float(part) for part in _summary(draws[:, None])[:, 0])
        return Estimate(mean, sd, lower, upper, text, "determined")

    def _evaluated(
        self, formula: str, unit: str | None, period: str, region: str
    ) -> tuple[np.ndarray, str]:
        from mfa.balance.target import result_unit
        from mfa.model.dimension import expression_dimension
        from mfa.model.relation import parse_expression
        from mfa.units import parse_unit

        a = self.account
        node = parse_expression(formula)
        text = result_unit(a.system, expression_dimension(a.system, node, formula), unit, formula)
        factor = a.equations.quantities.internal.factor(parse_unit(text)) if text else 1.0
        with np.errstate(all="ignore"):
            draws = self._visit(node, tuple(label for label in (period, region) if label))
        return np.broadcast_to(draws, len(self)) / factor, text

    def _visit(self, node: Node, labels: tuple[str, ...]) -> Any:
        """Return the value of a formula's part in every draw, in internal units."""
        from mfa.balance.gradient import find
        from mfa.model.names import flows_of
        from mfa.model.relation import Call, Name, Number

        def column(name: str, at: tuple[str, ...]) -> np.ndarray:
            index = find(self.account, name, at)
            return self.values[:, index] * self.account.equations.quantities.factor[index]

        if isinstance(node, Number):
            return node.value
        if isinstance(node, Name):
            return column(node.id, node.labels or labels)
        if isinstance(node, Call):
            return sum(column(name, labels) for name in flows_of(self.account.system, node))
        left, right = self._visit(node.left, labels), self._visit(node.right, labels)
        operations = {
            "+": np.add,
            "-": np.subtract,
            "*": np.multiply,
            "/": np.divide,
            "^": np.power,
        }
        return operations[node.op](left, right)

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The draws as an xarray Dataset over (draw, row); labels as coordinates of the row."""
        import xarray as xr

        table = self.account.table
        names = ("id", "kind", "layer", "period", "region", "unit", "status")
        coordinates = {name: ("row", table[name].to_numpy(dtype=object)) for name in names}
        return xr.Dataset(
            {"value": (("draw", "row"), self.values)},
            {"draw": np.arange(len(self))} | coordinates,
            {"title": self.account.system.title("en"), "seed": self.seed, "failed": self.failed},
        )

    def __repr__(self) -> str:
        draws, quantities = self.values.shape
        title = self.account.system.title()
        return f"<Ensemble of {draws} draws of {quantities} quantities of {title!r}>"


def _summary(values: np.ndarray) -> np.ndarray:
    """Return mean, sd and quantiles of each column without failed draws, (5 × columns)."""
    fine = values[~np.isnan(values).any(axis=1)]
    out = np.full((5, values.shape[1]), np.nan)
    if len(fine):
        out[0] = fine.mean(axis=0)
        out[2:] = np.quantile(fine, QUANTILES, axis=0)
    if len(fine) > 1:
        out[1] = fine.std(axis=0, ddof=1)
    return out
