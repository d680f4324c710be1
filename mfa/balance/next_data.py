"""What to measure next: which further datum narrows a result most, in closed form.

A new datum of quantity j with standard deviation s changes the posterior covariance by a rank-one
update, so that ``Var_new(t) = Var(t) − Cov(t, j)² / (Var(j) + s²)``: one solve for the result gives
the answer for every j. A free result becomes known by one datum on a quantity that moves in the
same direction (`mfa.balance.directions`): with ``t − a·x_j`` determined by the data,
``Var_new(t) = Var(t − a·x_j) + a² s²``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FIXED, FREE
from mfa.balance.directions import FreeDirections, free_directions
from mfa.balance.kkt import CHUNK
from mfa.balance.quantities import FLOW
from mfa.balance.spread import combination_sd
from mfa.balance.target import Key, Target, find_target, quantity_label, quantity_labels
from mfa.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account

KEY_SHARE = 0.9  # key flows: the largest, up to this share of all flows of a layer
KEY_COUNT = 60  # … and at most so many in all
BATCH = 8  # key flows whose covariances are held at once
MOST_NAMES = 12
NOTICEABLE = 1e-6  # a relative gain below is none


def next_data(
    account: Account,
    n: int = 5,
    target: Key | None = None,
    precision: float = 0.1,
    period: str = "",
    region: str = "",
) -> pd.DataFrame:
    """Return the `n` further data that narrow a result most, the best first.

    Each row supposes one new, independent datum, its 1 σ being `precision` of the present value (of
    the present σ, where that is larger). Columns: id, period, region and unit of the quantity to
    measure; its present ``value`` and ``sd``; ``datum_sd``, the σ supposed; ``settles``, the free
    quantities which would then be known (the first dozen of them); ``before`` and ``after``, σ of
    the result; ``floor``, its σ if the quantity were known exactly; ``gain``, 1 − after/before.

    Parameters
    ----------
    target
        A quantity or formula. Its σ is in its unit (``frame.attrs["unit"]``), ``inf`` while free.
        Default: the account as a whole, by the mean relative σ of its key flows (the largest, 90 %
        of each layer) and of all free quantities, for which 1 is put while they are free and
        `precision` once they are settled. Of a group of free quantities one is then named.
    precision
        Relative 1 σ of the new datum.
    period, region
        Labels for names in a formula that have none of their own.

    Raises
    ------
    InputError
        The target cannot be read, or `n` or `precision` is not positive.
    """
    import pandas as pd

    if not (n >= 1 and 0 < precision < np.inf):
        raise InputError(
            [
                Problem(
                    "precision-positive",
                    "The number of data ({n}) and their precision ({precision}) must be positive.",
                    {"n": n, "precision": precision},
                )
            ]
        )
    search = _Search(account, n, precision)
    if target is None:
        rows, unit, text = search.overall(), "1", ""
    else:
        wanted = find_target(account, target, period, region)
        known = account.classification.determines(wanted.weights)
        rows, unit, text = (
            (search.narrowing if known else search.settling)(wanted),
            wanted.unit,
            wanted.text,
        )
    rows.sort(key=lambda row: (row["after"], row["_index"]))
    frame = pd.DataFrame(rows[:n], columns=_COLUMNS)
    frame.attrs |= {"target": text, "unit": unit}
    return frame


_COLUMNS = [
    *("id", "period", "region", "unit", "value", "sd", "datum_sd"),
    *("settles", "before", "after", "floor", "gain"),
]


class _Search:
    """Candidates for a new datum, and what each would change; all σ in internal units."""

    def __init__(self, account: Account, count: int, precision: float) -> None:
        self.account, self.count, self.precision = account, count, precision
        q, status = account.equations.quantities, account.classification.status
        self.n, self.factor = q.visible, q.factor
        self.sd = np.nan_to_num(account._sd)
        self.x = account.solution.x
        settled = (status != FREE) & (status != FIXED)
        self.known = np.flatnonzero(settled[: self.n] & (self.sd[: self.n] > 0))
        self.is_free = status == FREE

    def _supposed(self, index: np.ndarray) -> np.ndarray:
        """Return σ of a new datum on each quantity."""
        return self.precision * np.maximum(np.abs(self.x[index]), self.sd[index])

    def narrowing(self, target: Target) -> list[dict[str, object]]:
        """Return the candidates for a result that the data determine."""
        covariance = self._covariance(target.weights[:, None])[:, 0]
        variance = max(float(target.weights @ covariance), 0.0)
        j = self.known
        own, supposed = self.sd[j] ** 2, self._supposed(j)
        shared = covariance[j] ** 2
        after = np.sqrt(np.maximum(variance - shared / (own + supposed**2), 0.0))
        floor = np.sqrt(np.maximum(variance - shared / own, 0.0))
        before = np.sqrt(variance)
        f = target.factor
        return [
            self._row(int(j[k]), float(supposed[k]), "", before / f, after[k] / f, floor[k] / f)
            for k in self._best(after, before)
        ]

    def _best(self, after: np.ndarray, before: float) -> list[int]:
        """Return the candidates worth naming, the best first."""
        order = np.argsort(after, kind="stable")[: self.count]
        return [int(k) for k in order if after[k] < before * (1 - NOTICEABLE)]

    def settling(self, target: Target) -> list[dict[str, object]]:
        """Return the candidates that make a free result known (none of them may do so alone)."""
        directions = free_directions(self.account.solution, self.is_free)
        members, ratio = directions.settling(target.weights)
        seen = members < self.n
        members, ratio = members[seen], ratio[seen]
        supposed = self.precision * np.abs(self._typical(members))
        rest = np.zeros(len(members))
        for start in range(0, len(members), CHUNK):
            part = members[start : start + CHUNK]
            weights = np.repeat(target.weights[:, None], len(part), axis=1)
            weights[part, np.arange(len(part))] -= ratio[start : start + CHUNK]
            rest[start : start + CHUNK] = combination_sd(self.account.solution, weights)
        after = np.sqrt(rest**2 + (ratio * supposed) ** 2) / target.factor
        groups = self._groups(directions)
        return [
            self._row(
                int(j),
                float(supposed[k]),
                self._names(groups[int(j)]),
                np.inf,
                after[k],
                rest[k] / target.factor,
            )
            for k, j in enumerate(members)
        ]

    def overall(self) -> list[dict[str, object]]:
        """Return the candidates for the account as a whole."""
        key = self._key_flows()
        groups: list[list[int]] = []
        if self.is_free[: self.n].any():
            directions = free_directions(self.account.solution, self.is_free)
            groups = list({tuple(g): g for g in self._groups(directions).values()}.values())
        unknown = sum(map(len, groups))
        count = max(len(key) + unknown, 1)
        size = np.abs(self.x[key])
        before = float((self.sd[key] / size).sum() + unknown) / count
        rows = []
        groups.sort(key=lambda group: (-len(group), group))
        for group in groups[: self.count]:
            first = min(group, key=lambda i: (self.account.equations.quantities.kinds[i], i))
            supposed = self.precision * abs(float(self._typical(np.array([first]))[0]))
            gain = len(group) / count
            after, floor = before - gain * max(1 - self.precision, 0.0), before - gain
            rows.append(self._row(first, supposed, self._names(group), before, after, floor))
        return rows + self._narrowing_all(key, size, before, count)

    def _narrowing_all(
        self, key: np.ndarray, size: np.ndarray, before: float, count: int
    ) -> list[dict[str, object]]:
        """Return the candidates by what each does to the sum of relative σ of the key flows."""
        j = self.known
        if not len(j) or not len(key):
            return []
        own, supposed = self.sd[j] ** 2, self._supposed(j)
        after, floor = np.full((2, len(j)), before)
        for start in range(0, len(key), BATCH):
            part = key[start : start + BATCH]
            weights = np.zeros((len(self.x), len(part)))
            weights[part, np.arange(len(part))] = 1.0
            shared = self._covariance(weights)[j] ** 2
            for spent, total in ((after, own + supposed**2), (floor, own)):
                left = np.sqrt(np.maximum(self.sd[part] ** 2 - shared / total[:, None], 0.0))
                spent -= ((self.sd[part] - left) / size[start : start + BATCH]).sum(axis=1) / count
        return [
            self._row(int(j[k]), float(supposed[k]), "", before, after[k], floor[k])
            for k in self._best(after, before)
        ]

    # ---------------------------------------------------------------------------------- helpers

    def _covariance(self, weights: np.ndarray) -> np.ndarray:
        """Return the covariance of every quantity with each combination, (n, k)."""
        solution = self.account.solution
        assert solution.kkt is not None
        out = np.zeros(weights.shape)
        out[solution.unfixed] = solution.kkt.covariance_columns(weights[solution.unfixed])
        return out

    def _key_flows(self) -> np.ndarray:
        """Return the largest flows of each layer that the data determine, none of them certain."""
        q = self.account.equations.quantities
        flows = self.known[q.kinds[self.known] == FLOW]
        flows = flows[self.x[flows] != 0]
        layers = np.unique(q.layers[flows])
        out: list[int] = []
        for layer in layers:
            own = flows[q.layers[flows] == layer]
            own = own[np.argsort(-np.abs(self.x[own]), kind="stable")]
            total = np.cumsum(np.abs(self.x[own]))
            needed = int(np.searchsorted(total, KEY_SHARE * total[-1])) + 1
            out += own[: min(needed, max(KEY_COUNT // len(layers), 1))].tolist()
        return np.array(out, dtype=int)

    def _groups(self, directions: FreeDirections) -> dict[int, list[int]]:
        """Return, for each free quantity of the user's, all that one datum on it settles."""
        label = directions.groups()
        groups: dict[int, list[int]] = {}
        for index, group in zip(directions.index.tolist(), label.tolist(), strict=True):
            if index < self.n:
                groups.setdefault(group, []).append(index)
        return {index: members for members in groups.values() for index in members}

    def _typical(self, index: np.ndarray) -> np.ndarray:
        """Return the middle of the ranges of free quantities; where open, a plain guess."""
        table = self.account.table
        ends = table[["lower", "upper"]].to_numpy()[index] * self.factor[index, None]
        with np.errstate(invalid="ignore"):
            middle = np.abs(ends.mean(axis=1))
        largest = np.where(np.isfinite(ends), np.abs(ends), 0.0).max(axis=1, initial=0.0)
        guess = np.maximum(largest, np.abs(self.x[index]))
        kinds = self.account.equations.quantities.kinds
        alike = [np.abs(self.x[self.known[kinds[self.known] == kinds[i]]]) for i in index]
        usual = np.array([np.median(sizes) if len(sizes) else 1.0 for sizes in alike])
        guess = np.where(guess > 0, guess, usual)
        return np.where(np.isfinite(middle) & (middle > 0), middle, guess)

    def _names(self, group: list[int]) -> str:
        """Return the labels of a group, the first few where there are many."""
        labels = [quantity_label(self.account, index) for index in sorted(group)[:MOST_NAMES]]
        more = len(group) - len(labels)
        return ", ".join(labels) + (f", … (+{more})" if more else "")

    def _row(
        self, index: int, supposed: float, settles: str, before: float, after: float, floor: float
    ) -> dict[str, object]:
        q, factor = self.account.equations.quantities, self.factor[index]
        period, region = quantity_labels(self.account, index)
        free = bool(self.is_free[index])
        floor = 0.0 if floor < NOTICEABLE * min(before, 1.0) else floor  # what rounding leaves of 0
        return {
            "_index": index,
            "id": q.ids[index],
            "period": period,
            "region": region,
            "unit": q.unit[index] or "",
            "value": np.nan if free else self.x[index] / factor,
            "sd": np.nan if free else self.sd[index] / factor,
            "datum_sd": supposed / factor,
            "settles": settles,
            "before": float(before),
            "after": float(after),
            "floor": float(floor),
            "gain": 1.0 if np.isinf(before) else 1.0 - float(after) / float(before),
        }
